/*
 * A docker command for tests: keeps containers and images in a directory, answers like Docker 26,
 * and refuses any call that it was not made for, so that it verifies how it is called.
 *
 * usage: fakedocker DIR docker's-words...
 * DIR/calls gets a line for each call, DIR/bad one for each call that should not have been made.
 * While DIR/hold exists, `stop` and `load` take their time; DIR/down: the daemon is down;
 * DIR/full: its disk is full.
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What a command leaves allocated when it ends is the kernel's. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void path_of(const struct fake *f, const char *name, char out[600])
{
	snprintf(out, 600, "%s/%s", f->dir, name);
}

int fake_is(const struct fake *f, const char *name)
{
	char path[600];

	path_of(f, name, path);
	return access(path, F_OK) == 0;
}

void fake_note(const struct fake *f, const char *file, const char *text)
{
	char path[600];
	FILE *out;

	path_of(f, file, path);
	out = fopen(path, "a");
	if (out) {
		fprintf(out, "%s\n", text);
		fclose(out);
	}
}

_Noreturn void fake_bad(struct fake *f, const char *why)
{
	fake_note(f, "bad", why);
	fprintf(stderr, "fakedocker: bad call: %s\n", why);
	exit(64);
}

_Noreturn void fake_no(const char *text, const char *name)
{
	fprintf(stderr, "Error response from daemon: %s: %s\n", text, name);
	exit(1);
}

void fake_load(struct fake *f)
{
	char path[600];

	path_of(f, "lock", path);
	f->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (f->lock < 0 || flock(f->lock, LOCK_EX) < 0)
		exit(70);
	path_of(f, "state.json", path);
	f->state = json_load_file(path, 0, NULL);
	if (!f->state)
		f->state =
		    json_pack("{s:[], s:[], s:[{s:s, s:s}], s:[], s:i}", "containers", "images",
			      "networks", "Name", "bridge", "Id", "bridge", "volumes", "next", 1);
}

void fake_unload(struct fake *f)
{
	json_decref(f->state);
	f->state = NULL;
	close(f->lock);
	f->lock = -1;
}

void fake_store(struct fake *f)
{
	char path[600], new[600];

	path_of(f, "state.json", path);
	path_of(f, "state.new", new);
	if (json_dump_file(f->state, new, 0) || rename(new, path))
		exit(70);
}

void fake_wait(struct fake *f)
{
	struct timespec tick = { 0, 5000000 };

	fake_unload(f);
	while (fake_is(f, "hold"))
		nanosleep(&tick, NULL);
	fake_load(f);
}

json_t *fake_list(struct fake *f, const char *type)
{
	char key[32];

	snprintf(key, sizeof(key), "%ss", type);
	return json_object_get(f->state, key);
}

static int is_named(const char *type, json_t *object, const char *name)
{
	const char *id = json_string_value(json_object_get(object, "Id"));
	const char *its = json_string_value(json_object_get(object, "Name"));
	char whole[300];
	json_t *tag;
	size_t i;

	if (its && strcmp(its[0] == '/' ? its + 1 : its, name[0] == '/' ? name + 1 : name) == 0)
		return 1;
	if (strcmp(type, "image") == 0) {
		const char *slash = strrchr(name, '/');

		snprintf(whole, sizeof(whole), "%s%s", name,
			 strchr(slash ? slash : name, ':') ? "" : ":latest");
		json_array_foreach (json_object_get(object, "RepoTags"), i, tag)
			if (strcmp(json_string_value(tag), whole) == 0)
				return 1;
		json_array_foreach (json_object_get(object, "RepoDigests"), i, tag)
			if (strcmp(json_string_value(tag), name) == 0)
				return 1;
		if (id && strcmp(id, name) == 0)
			return 1;
		id = id ? id + 7 : NULL;
	}
	return id && strlen(name) >= 4 && strncmp(id, name, strlen(name)) == 0;
}

json_t *fake_find(struct fake *f, const char *type, const char *name)
{
	json_t *object;
	size_t i;

	json_array_foreach (fake_list(f, type), i, object)
		if (is_named(type, object, name))
			return object;
	return NULL;
}

/* Commands: each gets the words behind its own name. */

static int is(char *const words[], size_t n, const char *text)
{
	return words[n] && strcmp(words[n], text) == 0;
}

static int info(struct fake *f, char *const w[])
{
	if (!is(w, 0, "--format") || !is(w, 1, "{{json .ClientInfo}}") || w[2])
		fake_bad(f, "info");
	puts("{\"Plugins\":[{\"Name\":\"buildx\",\"Version\":\"v0.13.1\"},{\"Name\":\"compose\","
	     "\"Version\":\"v2.26.1\"}]}");
	return 0;
}

static int inspect(struct fake *f, char *const w[])
{
	static const char *const types[] = { "container", "image", "network", "volume" };
	const char *type = w[1], *format = NULL;
	json_t *all = json_array(), *object;
	size_t i = 2, k;
	int status = 0;

	for (k = 0; k < 4 && type && strcmp(type, types[k]); k++)
		;
	if (!is(w, 0, "--type") || k == 4)
		fake_bad(f, "inspect without --type");
	if (is(w, i, "--format")) {
		format = w[i + 1];
		if (!format || (strcmp(format, "{{.Name}} {{.Id}}") && strcmp(format, "{{.Id}}") &&
				strcmp(format, "{{.Os}}/{{.Architecture}}") &&
				strcmp(format, "{{.Id}}{{range .RootFS.Layers}} {{.}}{{end}}") &&
				strcmp(format, "{{.State.Status}} {{.State.ExitCode}}")))
			fake_bad(f, "inspect with another format");
		i += 2;
	}
	if (!is(w, i, "--") || !w[i + 1])
		fake_bad(f, "inspect without -- NAME");
	while (w[++i]) {
		object = fake_find(f, type, w[i]);
		if (object && format && strstr(format, "Os")) {
			printf("%s/%s\n", json_string_value(json_object_get(object, "Os")),
			       json_string_value(json_object_get(object, "Architecture")));
		} else if (object && format && strstr(format, "State")) {
			json_t *state = json_object_get(object, "State");

			printf("%s %lld\n", json_string_value(json_object_get(state, "Status")),
			       json_integer_value(json_object_get(state, "ExitCode")));
		} else if (object && format && strstr(format, "Layers")) {
			json_t *root = json_object_get(object, "RootFS"), *layer;

			fputs(json_string_value(json_object_get(object, "Id")), stdout);
			json_array_foreach (json_object_get(root, "Layers"), k, layer)
				printf(" %s", json_string_value(layer));
			puts("");
		} else if (object && format) {
			if (strstr(format, "Name"))
				printf("%s ", json_string_value(json_object_get(object, "Name")));
			puts(json_string_value(json_object_get(object, "Id")));
		} else if (object) {
			json_array_append(all, object);
		} else {
			if (strcmp(type, "network") == 0)
				fprintf(stderr,
					"Error response from daemon: network %s not found\n", w[i]);
			else
				fprintf(stderr, "Error response from daemon: No such %s: %s\n",
					type, w[i]);
			status = 1;
		}
	}
	if (!format) {
		json_dumpf(all, stdout, JSON_INDENT(4));
		putchar('\n');
	}
	json_decref(all);
	return status;
}

/* What the test has put into log.NAME: "TIME LINE" a line. */
static void own_log(FILE *file, long lines, const char *since)
{
	char line[65536];
	long n = 0, i = 0;

	while (fgets(line, sizeof(line), file))
		n++;
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		const char *text = strchr(line, ' ');
		if (i++ < n - lines || (since && strncmp(line, since, 19) < 0))
			continue;
		fputs(since || !text ? line : text + 1, stdout);
	}
	fclose(file);
}

static int logs(struct fake *f, char *const w[])
{
	int timed = w[0] && w[1] && is(w, 2, "--timestamps") && is(w, 3, "--since") && w[4];
	int at = timed ? 5 : 2;
	const char *time = timed ? "2026-11-22T10:30:15.123456789Z " : "";
	char path[700];
	FILE *file;

	if (!is(w, 0, "--tail") || !w[1] || !is(w, at, "--") || !w[at + 1] || w[at + 2])
		fake_bad(f, "logs");
	if (!fake_find(f, "container", w[at + 1]))
		fake_no("No such container", w[at + 1]);
	snprintf(path, sizeof(path), "%s/log.%s", f->dir, w[at + 1]);
	file = fopen(path, "r");
	if (file) {
		own_log(file, strtol(w[1], NULL, 10), timed ? w[4] : NULL);
		return 0;
	}
	if (timed && strcmp(time, w[4]) < 0)
		return 0;
	/* A program that writes a NUL is cut nowhere. */
	printf("%sa%cb\n%s%s: to standard output\n", time, 0, time, w[at + 1]);
	fflush(stdout);
	fprintf(stderr, "%s%s: to standard error\n", time, w[at + 1]);
	return 0;
}

void fake_running(json_t *container, int running)
{
	json_object_set_new(
	    container, "State",
	    json_pack("{s:s, s:b}", "Status", running ? "running" : "exited", "Running", running));
}

static int running(json_t *container)
{
	return json_is_true(json_object_get(json_object_get(container, "State"), "Running"));
}

static int update(struct fake *f, char *const w[])
{
	static const char flag[] = "--restart=";
	json_t *c;

	if (!w[0] || strncmp(w[0], flag, sizeof(flag) - 1) != 0 || !is(w, 1, "--") || !w[2] || w[3])
		fake_bad(f, "container update");
	c = fake_find(f, "container", w[2]);
	if (!c)
		fake_no("No such container", w[2]);
	if (!json_object_get(c, "HostConfig"))
		json_object_set_new(c, "HostConfig", json_object());
	json_object_set_new(
	    json_object_get(c, "HostConfig"), "RestartPolicy",
	    json_pack("{s:s, s:i}", "Name", w[0] + sizeof(flag) - 1, "MaximumRetryCount", 0));
	fake_store(f);
	puts(w[2]);
	return 0;
}

static int container(struct fake *f, char *const w[])
{
	const char *command = w[0] ? w[0] : "", *name;
	char text[256];
	json_t *c;
	size_t i;

	if (strcmp(command, "update") == 0)
		return update(f, w + 1);
	if (!is(w, 1, "--") || !w[2] || (strcmp(command, "rename") == 0) != (w[3] != NULL))
		fake_bad(f, "container verb without -- NAME");
	name = w[2];
	if (strcmp(command, "stop") == 0)
		fake_wait(f);
	c = fake_find(f, "container", name);
	if (!c)
		fake_no("No such container", name);
	if (strcmp(command, "start") == 0) {
		fake_running(c, 1);
	} else if (strcmp(command, "stop") == 0) {
		fake_running(c, 0);
	} else if (strcmp(command, "rename") == 0) {
		if (fake_find(f, "container", w[3]))
			fake_no("Conflict. The container name is already in use by container",
				w[3]);
		snprintf(text, sizeof(text), "/%s", w[3]);
		json_object_set_new(c, "Name", json_string(text));
	} else if (strcmp(command, "rm") == 0) {
		if (running(c))
			fake_no("cannot remove container: container is running", name);
		json_array_foreach (fake_list(f, "container"), i, c)
			if (c == fake_find(f, "container", name))
				break;
		json_array_remove(fake_list(f, "container"), i);
	} else {
		fake_bad(f, command);
	}
	fake_store(f);
	puts(name);
	return 0;
}

static int used(struct fake *f, const json_t *image)
{
	const char *id = json_string_value(json_object_get(image, "Id"));
	json_t *c;
	size_t i;

	json_array_foreach (fake_list(f, "container"), i, c)
		if (strcmp(json_string_value(json_object_get(c, "Image")), id) == 0)
			return 1;
	return 0;
}

/* Takes a reference from a list; 1: it was there. */
static int take(json_t *list, const char *ref)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (strcmp(json_string_value(one), ref) == 0) {
			json_array_remove(list, i);
			return 1;
		}
	return 0;
}

/* The last tag of a repository takes the digests of that repository with it. */
static void take_digests(json_t *tags, json_t *digests, const char *ref)
{
	size_t len = (size_t)(strrchr(ref, ':') - ref), i;
	json_t *one;

	json_array_foreach (tags, i, one)
		if (strncmp(json_string_value(one), ref, len + 1) == 0)
			return;
	for (i = json_array_size(digests); i-- > 0;) {
		const char *text = json_string_value(json_array_get(digests, i));

		if (strncmp(text, ref, len) == 0 && text[len] == '@')
			json_array_remove(digests, i);
	}
}

static int untag(struct fake *f, const char *ref)
{
	json_t *image = fake_find(f, "image", ref), *tags, *digests, *it;
	int digested = strchr(ref, '@') != NULL;
	size_t i;

	if (!image)
		fake_no("No such image", ref);
	tags = json_object_get(image, "RepoTags");
	digests = json_object_get(image, "RepoDigests");
	if (json_array_size(tags) + (digested ? json_array_size(digests) : 0) <= 1 &&
	    used(f, image))
		fake_no("conflict: unable to remove repository reference (must force)", ref);
	if (take(digested ? digests : tags, ref) && !digested)
		take_digests(tags, digests, ref);
	if (json_array_size(tags) + json_array_size(digests) == 0) {
		json_array_foreach (fake_list(f, "image"), i, it)
			if (it == image)
				break;
		json_array_remove(fake_list(f, "image"), i);
	}
	fake_store(f);
	return 0;
}

static int image(struct fake *f, char *const w[])
{
	json_t *object;

	if (is(w, 0, "tag") && is(w, 1, "--") && w[2] && w[3] && !w[4]) {
		object = fake_find(f, "image", w[2]);
		if (!object)
			fake_no("No such image", w[2]);
		if (!fake_find(f, "image", w[3]))
			json_array_append_new(json_object_get(object, "RepoTags"),
					      json_string(w[3]));
		fake_store(f);
		return 0;
	}
	if (is(w, 0, "rm") && is(w, 1, "--no-prune") && is(w, 2, "--") && w[3] && !w[4])
		return untag(f, w[3]);
	if (is(w, 0, "save") && is(w, 1, "-o") && w[2] && is(w, 3, "--") && w[4])
		return fake_save(f, w[2], w + 4);
	if (is(w, 0, "load") && (!w[1] || (is(w, 1, "-i") && w[2] && !w[3]))) {
		fake_wait(f);
		if (fake_is(f, "full")) {
			fprintf(stderr, "write /blob: no space left on device\n");
			return 1;
		}
		return fake_load_archive(f, w[1] ? w[2] : NULL);
	}
	fake_bad(f, "image");
}

/* The container's programs are this machine's. */
static int exec_in(struct fake *f, char *const w[])
{
	int at = is(w, 0, "-i");
	json_t *c;

	if (!is(w, at, "--") || !w[at + 1] || !w[at + 2])
		fake_bad(f, "exec without -- NAME PROGRAM");
	c = fake_find(f, "container", w[at + 1]);
	if (!c)
		fake_no("No such container", w[at + 1]);
	if (!running(c)) {
		fprintf(stderr, "Error response from daemon: container %s is not running\n",
			w[at + 1]);
		return 1;
	}
	if (fake_is(f, "dying")) {
		printf("OCI runtime exec failed: exec failed: cannot exec in a stopped "
		       "container\n");
		return 126;
	}
	close(f->lock);
	execvp(w[at + 2], w + at + 2);
	fprintf(stderr,
		"OCI runtime exec failed: exec failed: unable to start container process: "
		"exec: \"%s\": executable file not found in $PATH: unknown\n",
		w[at + 2]);
	return 127;
}

#define ENGINE "unix:///var/run/docker.sock"

/* With a configuration of its own, docker has to be told which engine the user's own one names. */
static int configured(struct fake *f, char *const w[])
{
	if (!is(w, 0, "--host=" ENGINE) || !w[1] || strncmp(w[1], "--config=/", 10) ||
	    !is(w, 2, "pull"))
		fake_bad(f, "options before a command");
	return fake_pull(f, w[1] + 9, w + 3);
}

static int dispatch(struct fake *f, char *const w[])
{
	if (w[0] && w[0][0] == '-')
		return configured(f, w);
	if (is(w, 0, "pull"))
		return fake_pull(f, NULL, w + 1);
	if (is(w, 0, "context") && is(w, 1, "inspect") && is(w, 2, "--format") && w[3] && !w[4])
		return puts(ENGINE), 0;
	if (is(w, 0, "info"))
		return info(f, w + 1);
	if (is(w, 0, "inspect"))
		return inspect(f, w + 1);
	if (is(w, 0, "logs"))
		return logs(f, w + 1);
	if (is(w, 0, "exec"))
		return exec_in(f, w + 1);
	if (is(w, 0, "wait") && is(w, 1, "--") && w[2] && !w[3])
		return fake_wait_for(f, w[2]);
	if (is(w, 0, "container"))
		return container(f, w + 1);
	if (is(w, 0, "image"))
		return image(f, w + 1);
	if (is(w, 0, "version") && is(w, 1, "--format") && is(w, 2, "{{.Client.Version}}") && !w[3])
		return puts("26.1.5"), 0;
	if (is(w, 0, "buildx") && is(w, 1, "version") && !w[2])
		return puts("github.com/docker/buildx v0.13.1 7884339"), 0;
	if (is(w, 0, "build"))
		return fake_build(f, w + 1);
	if (is(w, 0, "compose"))
		return fake_compose(f, w + 1);
	if (is(w, 0, "system") && is(w, 1, "dial-stdio") && !w[2])
		return fake_dial(f);
	/* app:1 and app:2; `seed 3`: app:3. */
	if (is(w, 0, "seed"))
		return fake_seed(f, w[1] ? atoi(w[1]) : 1, w[1] ? atoi(w[1]) : 2), 0;
	fake_bad(f, w[0] ? w[0] : "no command");
}

int main(int argc, char **argv)
{
	struct fake f = { .lock = -1 };
	char line[512];
	size_t n = 0;
	int i, status;

	if (argc < 3)
		return 64;
	snprintf(f.dir, sizeof(f.dir), "%s", argv[1]);
	for (i = 2; i < argc && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s ", argv[i]);
	fake_note(&f, "calls", line);
	if (fake_is(&f, "down")) {
		fprintf(stderr, "%s\n",
			strcmp(argv[2], "system") == 0
			    ? "failed to open the raw stream connection: dial unix "
			      "/var/run/docker.sock: connect: no such file or directory"
			    : "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."
			      " Is the docker daemon running?");
		return 1;
	}
	fake_load(&f);
	status = dispatch(&f, argv + 2);
	fake_unload(&f);
	return fflush(stdout) ? 1 : status;
}

/* Shell hosts on this machine whose docker is the fake one, in a directory that goes away. */
#include "tests/harness/fakehost.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What hosts write is synced, and a disk that others keep busy answers that in its own time:
 * minutes in all. Where valgrind has made the rest slow enough, they write into memory.
 */
static const char *roomy(void)
{
	int slow = getenv("RFA_TEST_SMALL") != NULL;

	return slow && access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

int fakehosts_make(struct fakehosts *f)
{
	char command[1024], root[sizeof(f->root)];
	int i;

	memset(f, 0, sizeof(*f));
	snprintf(f->root, sizeof(f->root), "%s/rfa-host-XXXXXX", roomy());
	if (!mkdtemp(f->root))
		return -1;
	/* A copy: what is printed into a part of *f must not be read from it. */
	memcpy(root, f->root, sizeof(root));
	for (i = 0; i < FAKEHOSTS; i++) {
		snprintf(f->state[i], sizeof(f->state[i]), "%s/state %d/it's", root, i);
		snprintf(command, sizeof(command), "%s/engine%d", root, i);
		if (mkdir(command, 0700))
			return -1;
		snprintf(f->engine[i], sizeof(f->engine[i]), RFA_FAKEDOCKER " %s/engine%d", root,
			 i);
	}
	snprintf(f->files, sizeof(f->files), "%s/files here", root);
	snprintf(command, sizeof(command), "%s seed", f->engine[0]);
	return mkdir(f->files, 0700) || system(command) ? -1 : 0;
}

int fakehosts_open(struct fakehosts *f, int machine, struct rfa_transport *transport,
		   struct rfa_host **out, struct rfa_error *err)
{
	struct rfa_host_options options = { .name = machine ? "prod" : "test",
					    .state_dir = f->state[machine],
					    .docker = f->engine[machine] };
	int rc = transport ? 0 : rfa_transport_local(&transport, options.name, err);

	return rc ? rc : rfa_host_shell(out, transport, &options, err);
}

void fakehosts_set(struct fakehosts *f, int machine, const char *what, int on)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/engine%d/%s", f->root, machine, what);
	if (!on) {
		unlink(path);
		return;
	}
	file = fopen(path, "w");
	if (!file || fclose(file))
		abort();
}

void fakehosts_store(struct fakehosts *f, int how)
{
	static const char *const does[] = {
		"rm -rf docker && mv docker.was docker",
		"mv docker docker.was",
		("cp -a docker docker.was && for d in docker/overlay2/*/diff; do "
		 "printf x >>$d/one && tail -c 1 $d/one >$d/o && mv $d/o $d/one; done"),
		("cp -a docker docker.was && for d in docker/overlay2/*/diff; do "
		 "mv $d/link $d.link && ln -s \"$PWD/$d.link\" $d/link; done"),
	};
	char command[512];

	snprintf(command, sizeof(command), "cd %s/engine0 && %s", f->root, does[how]);
	if (system(command))
		abort();
}

int fakehosts_put(const char *path, const char *content)
{
	char dir[1024], *slash = dir;
	FILE *file;
	int failed;

	snprintf(dir, sizeof(dir), "%s", path);
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	file = fopen(path, "w");
	if (!file)
		return -1;
	failed = fputs(content, file) < 0;
	return fclose(file) || failed ? -1 : 0;
}

int fakehosts_count(struct fakehosts *f, int machine, const char *file, const char *begin)
{
	char path[128], line[1024];
	FILE *in;
	int n = 0;

	snprintf(path, sizeof(path), "%s/engine%d/%s", f->root, machine, file);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof(line), in))
		n += strncmp(line, begin, strlen(begin)) == 0;
	if (in)
		fclose(in);
	return n;
}

int fakehosts_end(struct fakehosts *f)
{
	char command[256];
	int i;

	for (i = 0; i < FAKEHOSTS; i++)
		if (fakehosts_count(f, i, "bad", "")) {
			fprintf(stderr, "%s/engine%d/bad names calls that should not be made\n",
				f->root, i);
			return -1;
		}
	/* A docker that was left a moment ago may still be writing there. */
	snprintf(command, sizeof(command),
		 "n=0; until rm -rf %s 2>/dev/null; do n=$((n + 1)); [ $n -lt 200 ] || exit 1; "
		 "sleep 0.1; done",
		 f->root);
	if (!system(command))
		return 0;
	fprintf(stderr, "%s could not be removed\n", f->root);
	return -1;
}

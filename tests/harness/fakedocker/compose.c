/*
 * `docker compose` of the fake: files are JSON, found by the usual names; `config` fills variables
 * in, `up` makes networks and runs services. Standard input counts as a file ("-").
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsm/base/facts.h"

enum { FILES_MAX = 16, TEXT_MAX = 1 << 20 };

/* How it was called. */
struct call {
	const char *files[FILES_MAX], *env_file, *project, *directory;
	size_t n;
	char *const *rest; /* from the command on */
	json_t *env;
};

static int is(char *const w[], size_t i, const char *text)
{
	return w[i] && strcmp(w[i], text) == 0;
}

static char *read_all(const char *path)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char *text = calloc(1, TEXT_MAX);
	size_t n;

	if (!in || !text) {
		free(text);
		return NULL;
	}
	n = fread(text, 1, TEXT_MAX - 1, in);
	text[n] = '\0';
	if (in != stdin)
		fclose(in);
	return text;
}

static void read_env(struct call *c)
{
	char *text = read_all(c->env_file ? c->env_file : ".env");
	char *line, *end = NULL;

	c->env = json_object();
	for (line = text ? strtok_r(text, "\n", &end) : NULL; line;
	     line = strtok_r(NULL, "\n", &end)) {
		char *equals = strchr(line, '=');

		if (!equals)
			continue;
		*equals = '\0';
		json_object_set_new(c->env, line, json_string(equals + 1));
	}
	free(text);
}

/* ${NAME} and ${NAME-otherwise}; a warning for what has no value. */
static char *fill_in(const struct call *c, const char *text)
{
	char *out = calloc(1, TEXT_MAX);
	size_t n = 0;

	while (out && *text && n < TEXT_MAX / 2) {
		const char *value, *end = strchr(text, '}');
		char name[128];
		size_t len;

		if (text[0] != '$' || text[1] != '{' || !end) {
			out[n++] = *text++;
			continue;
		}
		len = strcspn(text + 2, "-}");
		snprintf(name, sizeof(name), "%.*s", (int)len, text + 2);
		value = json_string_value(json_object_get(c->env, name));
		if (!value && text[2 + len] == '}')
			fprintf(stderr,
				"time=\"2026-11-22T10:00:00Z\" level=warning msg=\"The \\\"%s\\\" "
				"variable is not set. Defaulting to a blank string.\"\n",
				name);
		n += (size_t)snprintf(out + n, TEXT_MAX - n, "%s", value ? value : "");
		text = end + 1;
	}
	return out;
}

static void merge(json_t *into, json_t *from)
{
	const char *key;
	json_t *each;

	json_object_foreach (from, key, each) {
		json_t *mine = json_object_get(into, key);

		if (json_is_object(mine) && json_is_object(each))
			merge(mine, each);
		else
			json_object_set(into, key, each);
	}
}

static void find_files(struct call *c)
{
	static const char *const usual[2][4] = {
		{ "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml" },
		{ "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
		  "docker-compose.override.yaml" }
	};
	const char *said = json_string_value(json_object_get(c->env, "COMPOSE_FILE"));
	char *end = NULL, *name;
	size_t k, i;

	if (c->n)
		return;
	for (name = said ? strtok_r(strdup(said), ":", &end) : NULL; name && c->n < FILES_MAX;
	     name = strtok_r(NULL, ":", &end))
		c->files[c->n++] = name;
	for (k = 0; !said && k < 2 && c->n == k; k++)
		for (i = 0; i < 4 && c->n == k; i++)
			if (access(usual[k][i], F_OK) == 0)
				c->files[c->n++] = usual[k][i];
}

static json_t *load(struct fake *f, struct call *c)
{
	json_t *config = json_object();
	size_t i;

	read_env(c);
	find_files(c);
	if (!c->n) {
		fprintf(stderr, "no configuration file provided: not found\n");
		exit(14);
	}
	for (i = 0; i < c->n; i++) {
		char *text = read_all(c->files[i]);
		char *filled = text ? fill_in(c, text) : NULL;
		json_t *one = filled ? json_loads(filled, 0, NULL) : NULL;

		if (!text) {
			fprintf(stderr, "open %s: no such file or directory\n", c->files[i]);
			exit(14);
		}
		if (!one)
			fake_bad(f, "a Compose file that is no JSON");
		merge(config, one);
	}
	json_object_set_new(config, "name", json_string(c->project));
	return config;
}

static int listed(char *const names[], const char *name)
{
	size_t i;

	for (i = 0; names && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return !names || !names[0];
}

/* The named services, else those without a profile. */
static void choose(json_t *config, char *const names[])
{
	json_t *services = json_object_get(config, "services"), *each;
	const char *key;
	void *next;
	size_t i;

	for (i = 0; names && names[i]; i++) {
		if (json_object_get(services, names[i]))
			continue;
		fprintf(stderr, "no such service: %s\n", names[i]);
		exit(1);
	}
	json_object_foreach_safe (services, next, key, each)
		if (!listed(names, key) ||
		    (!(names && names[0]) && json_object_get(each, "profiles")))
			json_object_del(services, key);
}

/* --no-deps: what is not there is no dependency either. */
static void drop_needs(json_t *config)
{
	json_t *services = json_object_get(config, "services"), *each, *unused;
	const char *key, *other;
	void *next;

	json_object_foreach (services, key, each) {
		json_t *needs = json_object_get(each, "depends_on");

		json_object_foreach_safe (needs, next, other, unused)
			if (!json_object_get(services, other))
				json_object_del(needs, other);
		if (!json_object_size(needs))
			json_object_del(each, "depends_on");
	}
}

static void hash_of(const json_t *service, char hash[65])
{
	json_t *copy = json_deep_copy(service);

	json_object_del(copy, "pull_policy");
	if (rfa_facts_digest(copy, hash, NULL))
		exit(70);
	json_decref(copy);
}

static void forget(json_t *list, const json_t *one)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		if (json_array_get(list, i) == one)
			json_array_remove(list, i);
}

static void run_service(struct fake *f, const struct call *c, const char *key,
			const json_t *service, unsigned number, int start)
{
	const char *ref = json_string_value(json_object_get(service, "image"));
	json_t *object = fake_find(f, "image", ref), *container, *old;
	char name[300], slash[304], id[65], count[16], hash[65];
	unsigned long long made = 0;

	if (!object)
		fake_no("No such image", ref);
	snprintf(name, sizeof(name), "%s-%s-%u", c->project, key, number);
	old = fake_find(f, "container", name);
	if (old && json_equal(json_object_get(old, "Image"), json_object_get(object, "Id")))
		return;
	if (old) { /* another one takes its place */
		made = strtoull(rfa_facts_str(old, "Id", ""), NULL, 16) + 0x10000;
		forget(fake_list(f, "container"), old);
	}
	snprintf(id, sizeof(id), "%064llx",
		 made ? made
		      : (unsigned long long)json_array_size(fake_list(f, "container")) + 0xc00);
	snprintf(slash, sizeof(slash), "/%s", name);
	snprintf(count, sizeof(count), "%u", number);
	hash_of(service, hash);
	container = json_pack(
	    "{s:s, s:s, s:O, s:{s:s, s:{s:s, s:s, s:s, s:s}}}", "Name", slash, "Id", id, "Image",
	    json_object_get(object, "Id"), "Config", "Image", ref, "Labels",
	    "com.docker.compose.project", c->project, "com.docker.compose.service", key,
	    "com.docker.compose.container-number", count, "com.docker.compose.config-hash", hash);
	fake_running(container, start);
	json_array_append_new(fake_list(f, "container"), container);
}

static int up(struct fake *f, const struct call *c, json_t *config)
{
	static const char *const must[] = { "up",         "-d",
					    "--no-build", "--remove-orphans=false",
					    "--pull",     "never" };
	char *const *w = c->rest;
	char *const *names = NULL;
	const char *key;
	json_t *each;
	char name[300], id[65];
	size_t i;
	int start = 1, scaled = 0;

	for (i = 0; i < sizeof(must) / sizeof(must[0]); i++)
		if (!is(w, i, must[i]))
			fake_bad(f, "compose up");
	if (is(w, i, "--no-start"))
		start = 0, i++;
	for (; is(w, i, "--scale") && w[i + 1]; i += 2)
		scaled = 1;
	if (is(w, i, "--no-deps") && is(w, i + 1, "--") && w[i + 2])
		names = w + i + 2;
	else if (w[i])
		fake_bad(f, "compose up");
	choose(config, names);
	drop_needs(config);
	json_object_foreach (json_object_get(config, "networks"), key, each) {
		snprintf(name, sizeof(name), "%s_%s", c->project, key);
		snprintf(id, sizeof(id), "%064llx",
			 (unsigned long long)json_array_size(fake_list(f, "network")) + 0xe00);
		if (!fake_find(f, "network", name))
			json_array_append_new(fake_list(f, "network"),
					      json_pack("{s:s, s:s}", "Name", name, "Id", id));
	}
	json_object_foreach (json_object_get(config, "services"), key, each) {
		unsigned n = 1, number;

		for (i = 0; scaled && w[i]; i++)
			if (is(w, i, "--scale") && strncmp(w[i + 1], key, strlen(key)) == 0 &&
			    w[i + 1][strlen(key)] == '=')
				n = (unsigned)strtoul(w[i + 1] + strlen(key) + 1, NULL, 10);
		for (number = 1; number <= n; number++)
			run_service(f, c, key, each, number, start);
	}
	fake_store(f);
	return 0;
}

/* One more container of a service, which runs a command. */
static int run_once(struct fake *f, const struct call *c, json_t *config)
{
	static const char *const must[] = { "run", "-d", "-T", "--no-deps", "--name" };
	char *const *w = c->rest;
	json_t *service, *object, *container, *words;
	char slash[304], id[65];
	size_t i;

	for (i = 0; i < sizeof(must) / sizeof(must[0]); i++)
		if (!is(w, i, must[i]))
			fake_bad(f, "compose run");
	if (!w[5] || !is(w, 6, "--") || !w[7] || !w[8])
		fake_bad(f, "compose run");
	service = json_object_get(json_object_get(config, "services"), w[7]);
	if (!service) {
		fprintf(stderr, "no such service: %s\n", w[7]);
		return 1;
	}
	if (fake_find(f, "container", w[5]))
		fake_no("Conflict. The container name is already in use by container", w[5]);
	object = fake_find(f, "image", json_string_value(json_object_get(service, "image")));
	if (!object)
		fake_no("No such image", json_string_value(json_object_get(service, "image")));
	words = json_array();
	for (i = 8; w[i]; i++)
		json_array_append_new(words, json_string(w[i]));
	snprintf(slash, sizeof(slash), "/%s", w[5]);
	snprintf(id, sizeof(id), "%064llx",
		 (unsigned long long)json_array_size(fake_list(f, "container")) + 0xd00);
	container = json_pack(
	    "{s:s, s:s, s:O, s:{s:O, s:o, s:{s:s, s:s, s:s}}}", "Name", slash, "Id", id, "Image",
	    json_object_get(object, "Id"), "Config", "Image", json_object_get(service, "image"),
	    "Cmd", words, "Labels", "com.docker.compose.project", c->project,
	    "com.docker.compose.service", w[7], "com.docker.compose.oneoff", "True");
	fake_running(container, 1);
	json_array_append_new(fake_list(f, "container"), container);
	fake_store(f);
	puts(id);
	return 0;
}

int fake_compose(struct fake *f, char *const w[])
{
	struct call c = { .n = 0 };
	int profiles = 0, colourless = 0;
	size_t i;
	json_t *config;

	if (is(w, 0, "version") && is(w, 1, "--short") && !w[2]) {
		puts("2.26.1");
		return 0;
	}
	for (i = 0; w[i] && w[i][0] == '-'; i += 2) {
		if (is(w, i, "-f") && c.n < FILES_MAX)
			c.files[c.n++] = w[i + 1];
		else if (is(w, i, "-p"))
			c.project = w[i + 1];
		else if (is(w, i, "--project-directory"))
			c.directory = w[i + 1];
		else if (is(w, i, "--ansi") && is(w, i + 1, "never"))
			colourless = 1;
		else if (is(w, i, "--env-file"))
			c.env_file = w[i + 1];
		else if (is(w, i, "--profile") && is(w, i + 1, "*"))
			profiles = 1;
		else
			fake_bad(f, w[i]);
	}
	if (!c.project || !c.directory || !colourless || !w[i])
		fake_bad(f, "compose without -p, --project-directory, --ansi or a command");
	c.rest = w + i;
	config = load(f, &c);
	if (is(w, i, "up"))
		return up(f, &c, config);
	if (is(w, i, "run"))
		return run_once(f, &c, config);
	if (!is(w, i, "config"))
		fake_bad(f, "compose");
	if (is(w, i + 1, "--hash") && is(w, i + 2, "*") && !w[i + 3]) {
		const char *key;
		json_t *each;

		json_object_foreach (json_object_get(config, "services"), key, each) {
			char hash[65];

			hash_of(each, hash);
			if (profiles || !json_object_get(each, "profiles"))
				printf("%s %s\n", key, hash);
		}
		return 0;
	}
	if (is(w, i + 1, "--format") && is(w, i + 2, "json"))
		choose(config, is(w, i + 3, "--") ? w + i + 4 : NULL);
	else if (w[i + 1])
		fake_bad(f, "compose config");
	json_dumpf(config, stdout, JSON_SORT_KEYS);
	return 0;
}

/*
 * Compose as Compose does it: one list of projects, and what is read of each. The simulation reads
 * JSON and knows neither include nor extends: for those it gets what Compose makes of them.
 */
#include "tests/contract/host_contract.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/contract/host_fixture.h"

enum { FILES = 6 };

struct written {
	const char *name, *text;
};

struct project {
	const char *about;
	struct written files[FILES];
	/* The simulation's compose.yaml, where it cannot read the files. */
	const char *resolved;
	const char *services[4]; /* only these; none: all that are active */
	/* What is read: the files; each service with its image, ">N" containers of it if not 1, "!"
	 * if others wait until it has ended well; then variables without a value. */
	const char *found, *read;
	const char *paths[4][2]; /* what else the configuration says, as text */
	int invalid;             /* Compose refuses it, and says `read` */
};

#define WEB "{\"services\":{\"web\":{\"image\":\"app:1\"}}}"
#define WEB2 "{\"services\":{\"web\":{\"image\":\"app:2\"}}}"
#define OF_PROFILES                                                                                \
	"{\"services\":{\"web\":{\"image\":\"app:1\"},\"tool\":{\"image\":\"app:2\",\"profiles\":" \
	"[\"debug\"]},\"more\":{\"image\":\"app:2\",\"profiles\":[\"debug2\",\"extra\"]}}}"

static const struct project projects[] = {
	/* Which files. */
	{ "project: compose.yaml is the first",
	  { { "compose.yaml", WEB }, { "compose.yml", WEB2 }, { "docker-compose.yml", WEB2 } },
	  .found = "compose.yaml ",
	  .read = "web=app:1" },
	{ "project: compose.yml is the second",
	  { { "compose.yml", WEB }, { "docker-compose.yml", WEB2 } },
	  .found = "compose.yml ",
	  .read = "web=app:1" },
	{ "project: docker-compose.yml is the third",
	  { { "docker-compose.yml", WEB }, { "docker-compose.yaml", WEB2 } },
	  .found = "docker-compose.yml ",
	  .read = "web=app:1" },
	{ "project: docker-compose.yaml is the last",
	  { { "docker-compose.yaml", WEB } },
	  .found = "docker-compose.yaml ",
	  .read = "web=app:1" },
	{ "project: an override of any of the names is merged",
	  { { "docker-compose.yml", WEB },
	    { "compose.override.yaml", WEB2 },
	    { "docker-compose.override.yml", WEB } },
	  .found = "docker-compose.yml compose.override.yaml ",
	  .read = "web=app:2" },
	{ "project: COMPOSE_FILE names them, without an override",
	  { { ".env", "COMPOSE_FILE=a.yml:b.yml\n" },
	    { "a.yml", WEB },
	    { "b.yml", WEB2 },
	    { "compose.yaml", WEB },
	    { "compose.override.yaml", WEB } },
	  .found = "a.yml b.yml ",
	  .read = "web=app:2" },
	{ "project: COMPOSE_PATH_SEPARATOR stands between them",
	  { { ".env", "COMPOSE_PATH_SEPARATOR=::\nCOMPOSE_FILE=a:b.yml::c.yml\n" },
	    { "a:b.yml", WEB },
	    { "c.yml", WEB2 } },
	  .found = "a:b.yml c.yml ",
	  .read = "web=app:2" },
	/* Which services. */
	{ "project: a profile that is not active",
	  { { "compose.yaml", OF_PROFILES } },
	  .found = "compose.yaml ",
	  .read = "web=app:1" },
	{ "project: COMPOSE_PROFILES",
	  { { "compose.yaml", OF_PROFILES }, { ".env", "COMPOSE_PROFILES=nobody,debug\n" } },
	  .found = "compose.yaml ",
	  .read = "tool=app:2 web=app:1" },
	{ "project: COMPOSE_PROFILES of all",
	  { { "compose.yaml", OF_PROFILES }, { ".env", "COMPOSE_PROFILES=*\n" } },
	  .found = "compose.yaml ",
	  .read = "more=app:2 tool=app:2 web=app:1" },
	{ "project: a service that is named needs no profile",
	  { { "compose.yaml", OF_PROFILES } },
	  .services = { "tool" },
	  .found = "compose.yaml ",
	  .read = "tool=app:2" },
	{ "project: what a named one depends on is read with it",
	  { { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:1\",\"depends_on\":[\"db\"]},"
	      "\"db\":{\"image\":\"app:2\"},\"other\":{\"image\":\"app:1\"}}}" } },
	  .services = { "web" },
	  .found = "compose.yaml ",
	  .read = "db=app:2 web=app:1",
	  .paths = { { "services/web/depends_on/db/condition", "service_started" } } },
	{ "project: one that others wait for until it has ended",
	  { { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:1\",\"depends_on\":{\"once\":{"
	      "\"condition\":\"service_completed_successfully\"}}},"
	      "\"once\":{\"image\":\"app:2\",\"restart\":\"no\"}}}" } },
	  .found = "compose.yaml ",
	  .read = "once=app:2! web=app:1",
	  .paths = { { "services/once/restart", "no" } } },
	{ "project: one that needs a service of a profile that is not active",
	  { { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:1\",\"depends_on\":[\"tool\"]},"
	      "\"tool\":{\"image\":\"app:2\",\"profiles\":[\"debug\"]}}}" } },
	  .read = "undefined service",
	  .invalid = 1 },
	/* How many. */
	{ "project: deploy.replicas, and scale",
	  { { "compose.yaml",
	      "{\"services\":{\"a\":{\"image\":\"app:1\",\"deploy\":{\"replicas\":3}},"
	      "\"b\":{\"image\":\"app:1\",\"scale\":2},\"c\":{\"image\":\"app:1\"},"
	      "\"d\":{\"image\":\"app:1\",\"deploy\":{\"replicas\":0}}}}" } },
	  .found = "compose.yaml ",
	  .read = "a=app:1>3 b=app:1>2 c=app:1 d=app:1>0" },
	/* What is filled in. */
	{ "project: values and defaults",
	  { { ".env",
	      "# a comment\nSET=2\nEMPTY=\nexport KNOWN=k\nQUOTED=\"q q\"\nBEHIND=v # no\n" },
	    { "compose.yaml",
	      "{\"services\":{\"a\":{\"image\":\"app:${SET}\",\"environment\":{\"E\":"
	      "\"${EMPTY-x}.${EMPTY:-y}.${SET:+z}.${NONE+n}\",\"D\":\"$$x $${SET}\",\"Q\":"
	      "\"$QUOTED.$KNOWN.$BEHIND\"}},\"b\":{\"image\":\"app:${NONE:-1}\"},"
	      "\"c\":{\"image\":\"app:${NONE-${SET}}\"}}}" } },
	  .found = "compose.yaml ",
	  .read = "a=app:2 b=app:1 c=app:2",
	  .paths = { { "services/a/environment/E", ".y.z." },
		     { "services/a/environment/D", "$$x $${SET}" },
		     { "services/a/environment/Q", "q q.k.v" } } },
	{ "project: a variable without a value",
	  { { "compose.yaml", "{\"services\":{\"web\":{\"image\":\"app:1\",\"environment\":[\"A="
			      "${NOBODY}\"]}}}" } },
	  .found = "compose.yaml ",
	  .read = "web=app:1 NOBODY" },
	{ "project: one that has to have one",
	  { { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:${TAG?name the version}\"}}}" } },
	  .read = "name the version",
	  .invalid = 1 },
	{ "project: one that may not be empty",
	  { { ".env", "TAG=\n" },
	    { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:${TAG:?name the version}\"}}}" } },
	  .read = "name the version",
	  .invalid = 1 },
	{ "project: one that has to have one, and has",
	  { { ".env", "TAG=2\n" },
	    { "compose.yaml", "{\"services\":{\"web\":{\"image\":\"app:${TAG?no}\"}}}" } },
	  .found = "compose.yaml ",
	  .read = "web=app:2" },
	{ "project: env_file, and what goes before it",
	  { { "web.env", "A=file\nB=file\n" },
	    { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:1\",\"env_file\":[\"web.env\"],"
	      "\"environment\":{\"B\":\"own\"}}}}" } },
	  .found = "compose.yaml ",
	  .read = "web=app:1",
	  .paths = { { "services/web/environment/A", "file" },
		     { "services/web/environment/B", "own" } } },
	{ "project: an env_file that is not there",
	  { { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:1\",\"env_file\":\"web.env\"}}}" } },
	  .read = "web.env",
	  .invalid = 1 },
	/* Names. */
	{ "project: the project is called as it is asked for, whatever the files say",
	  { { "compose.yaml", "{\"name\":\"other\",\"services\":{\"web\":{\"image\":\"app:1\"}},"
			      "\"volumes\":{\"data\":{}}}" },
	    { ".env", "COMPOSE_PROJECT_NAME=third\n" } },
	  .found = "compose.yaml ",
	  .read = "web=app:1" },
	/* What rfa passes on. */
	{ "project: pull_policy and limits",
	  { { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:1\",\"pull_policy\":\"always\","
	      "\"deploy\":{\"resources\":{\"limits\":{\"memory\":\"67108864\"}}}}}}" } },
	  .found = "compose.yaml ",
	  .read = "web=app:1",
	  .paths = { { "services/web/pull_policy", "always" },
		     { "services/web/deploy/resources/limits/memory", "67108864" } } },
	{ "project: lists of two files are one",
	  { { "compose.yaml",
	      "{\"services\":{\"web\":{\"image\":\"app:1\",\"environment\":[\"A=1\","
	      "\"B=1\"],\"depends_on\":[\"db\"]},\"db\":{\"image\":\"app:1\"},"
	      "\"mq\":{\"image\":\"app:1\"}}}" },
	    { "compose.override.yml", "{\"services\":{\"web\":{\"environment\":{\"B\":\"2\"},"
				      "\"depends_on\":[\"mq\"]}}}" } },
	  .found = "compose.yaml compose.override.yml ",
	  .read = "db=app:1 mq=app:1 web=app:1",
	  .paths = { { "services/web/environment/A", "1" },
		     { "services/web/environment/B", "2" },
		     { "services/web/depends_on/db/condition", "service_started" },
		     { "services/web/depends_on/mq/condition", "service_started" } } },
	/* What only Compose can read. */
	{ "project: include, and extends of another file and of the same",
	  { { "compose.yaml",
	      "include: [more.yaml]\nservices:\n  web:\n    extends: {file: base.yaml, service: "
	      "base}\n    image: app:2\n  second:\n    extends: web\n" },
	    { "more.yaml", "services: {extra: {image: 'app:1'}}\n" },
	    { "base.yaml", "services: {base: {image: 'app:1', restart: always}}\n" } },
	  .resolved =
	      "{\"services\":{\"web\":{\"image\":\"app:2\",\"restart\":\"always\"},\"second\":{"
	      "\"image\":\"app:2\",\"restart\":\"always\"},\"extra\":{\"image\":\"app:1\"}}}",
	  .found = "compose.yaml ",
	  .read = "extra=app:1 second=app:2 web=app:2",
	  .paths = { { "services/web/restart", "always" },
		     { "services/second/restart", "always" } } },
	{ "project: anchors and merge keys",
	  { { "compose.yaml", "x-all: &all\n  image: app:2\n  restart: unless-stopped\nservices:\n "
			      " a:\n    <<: *all\n"
			      "  b:\n    <<: *all\n    image: app:1\n" } },
	  .resolved = "{\"services\":{\"a\":{\"image\":\"app:2\",\"restart\":\"unless-stopped\"},"
		      "\"b\":{\"image\":\"app:1\",\"restart\":\"unless-stopped\"}}}",
	  .found = "compose.yaml ",
	  .read = "a=app:2 b=app:1",
	  .paths = { { "services/a/restart", "unless-stopped" } } },
};

static void put(struct fixture *x, const struct project *p, int there)
{
	int simulated = !x->world->real_files && p->resolved;
	char path[512];
	size_t i;

	for (i = 0; i < FILES && p->files[i].name; i++) {
		const char *text = simulated ? p->resolved : p->files[i].text;

		if (simulated && strcmp(p->files[i].name, "compose.yaml") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", x->world->dir, p->files[i].name);
		if (there)
			assert_ok(
			    x->h->files->write(x->h, path, 0644, text, strlen(text), &x->err));
		else
			assert_ok(x->h->files->remove(x->h, path, &x->err));
	}
}

/* Do others wait until it has ended well? */
static int ends(const json_t *services, const char *name)
{
	const char *other;
	json_t *each;

	json_object_foreach ((json_t *)(uintptr_t)services, other, each) {
		const json_t *need = json_object_get(json_object_get(each, "depends_on"), name);

		if (!strcmp(rfa_facts_str(need, "condition", ""), "service_completed_successfully"))
			return 1;
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%s%s", n ? " " : "", text);
}

/* As `read` of a project. */
static void as_read(const json_t *answer, char *out, size_t size)
{
	const json_t *services = rfa_facts_at(answer, "config/services");
	const char *names[16], *name;
	json_t *each;
	size_t n = 0, i;

	out[0] = '\0';
	json_object_foreach ((json_t *)(uintptr_t)services, name, each) {
		assert_true(n < 16);
		names[n++] = name;
	}
	qsort(names, n, sizeof(names[0]), by_text);
	for (i = 0; i < n; i++) {
		const json_t *one = json_object_get(services, names[i]);
		int64_t many =
		    rfa_facts_int(one, "scale", rfa_facts_int(one, "deploy/replicas", 1));
		char text[128], number[32] = "";

		if (many != 1)
			snprintf(number, sizeof(number), ">%d", (int)many);
		snprintf(text, sizeof(text), "%s=%s%s%s", names[i], rfa_facts_str(one, "image", ""),
			 number, ends(services, names[i]) ? "!" : "");
		add(out, size, text);
	}
	json_array_foreach (json_object_get(answer, "unset"), i, each)
		add(out, size, json_string_value(each));
}

static void assert_files(struct fixture *x, const struct project *p,
			 const struct rfa_compose *compose)
{
	char found[256] = "";
	json_t *files = NULL, *one;
	size_t i;

	assert_ok(x->h->engine->compose_files(x->h, compose, &files, &x->err));
	json_array_foreach (files, i, one)
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s ",
			 json_string_value(one) + strlen(x->world->dir) + 1);
	json_decref(files);
	if (strcmp(found, p->found) != 0)
		fail_msg("%s: the files are %s", p->about, found);
}

static void assert_config(struct fixture *x, const struct project *p,
			  const struct rfa_compose *compose)
{
	json_t *answer = NULL;
	const json_t *config;
	char read[512];
	size_t i;

	assert_ok(x->h->engine->compose_config(x->h, compose, &answer, &x->err));
	config = json_object_get(answer, "config");
	as_read(answer, read, sizeof(read));
	if (strcmp(read, p->read) != 0)
		fail_msg("%s: read is %s", p->about, read);
	assert_string_equal(rfa_facts_str(config, "name", ""), compose->project);
	for (i = 0; i < 4 && p->paths[i][0]; i++)
		if (strcmp(rfa_facts_str(config, p->paths[i][0], "nothing"), p->paths[i][1]) != 0)
			fail_msg("%s: %s is %s", p->about, p->paths[i][0],
				 rfa_facts_str(config, p->paths[i][0], "nothing"));
	json_decref(answer);
}

static void assert_invalid(struct fixture *x, const struct project *p,
			   const struct rfa_compose *compose)
{
	json_t *answer = NULL;

	assert_fails(REMOTE, x->h->engine->compose_config(x->h, compose, &answer, &x->err));
	if (!strstr(x->err.msg, p->read))
		fail_msg("%s: it says %s", p->about, x->err.msg);
}

static struct host_world *the_machines;

static void is_read_as_compose_reads_it(void **state)
{
	const struct project *p = *state;
	struct fixture *x = begin((void *[]){ the_machines }, "projects");
	struct rfa_compose compose = { .project = x->world->tag,
				       .directory = x->world->dir,
				       .services = p->services };
	size_t i;

	/* What a test before it has left when it failed. */
	for (i = 0; i < sizeof(projects) / sizeof(projects[0]); i++)
		put(x, &projects[i], 0);
	put(x, p, 1);
	if (p->invalid) {
		assert_invalid(x, p, &compose);
	} else {
		assert_files(x, p, &compose);
		assert_config(x, p, &compose);
	}
	put(x, p, 0);
	end(x);
}

/* How many containers of a service there are. */
static int count_of(struct fixture *x, const char *service)
{
	json_t *all = NULL, *one;
	size_t i;
	int n = 0;

	assert_ok(x->h->engine->list(x->h, RFA_CONTAINER, &all, &x->err));
	json_array_foreach (all, i, one) {
		const json_t *labels = rfa_facts_at(one, "Config/Labels");
		const char *project =
		    json_string_value(json_object_get(labels, "com.docker.compose.project"));
		const char *is =
		    json_string_value(json_object_get(labels, "com.docker.compose.service"));

		n += project && is && !strcmp(project, x->world->tag) && !strcmp(is, service);
	}
	json_decref(all);
	return n;
}

static void there_are_as_many_as_the_files_say(void **state)
{
	struct fixture *x = begin(state, "replicas");
	static const struct project p = {
		.files = { { "compose.yaml", "{\"services\":{\"a\":{\"image\":\"app:1\",\"deploy\":"
					     "{\"replicas\":3}},\"b\":{"
					     "\"image\":\"app:1\",\"scale\":2},\"c\":{\"image\":"
					     "\"app:1\",\"deploy\":{"
					     "\"replicas\":2}},\"d\":{\"image\":\"app:1\","
					     "\"deploy\":{\"replicas\":0}}}}" } },
	};
	static const char *const none[] = { "a=0", "b=0", "c=0", NULL };
	const char *scale[] = { "c=1", NULL };
	struct rfa_compose compose = { .project = x->world->tag,
				       .directory = x->world->dir,
				       .scale = scale };

	put(x, &p, 1);
	assert_ok(x->h->engine->compose_up(x->h, KEY("up"), &compose, &x->err));
	assert_int_equal(count_of(x, "a"), 3);
	assert_int_equal(count_of(x, "b"), 2);
	assert_int_equal(count_of(x, "c"), 1);
	assert_int_equal(count_of(x, "d"), 0);
	compose.scale = none;
	assert_ok(x->h->engine->compose_up(x->h, KEY("down"), &compose, &x->err));
	assert_int_equal(count_of(x, "a"), 0);
	put(x, &p, 0);
	end(x);
}

int host_compose_run(const char *name, struct host_world *world)
{
	struct CMUnitTest tests[sizeof(projects) / sizeof(projects[0]) + 1];
	size_t i;

	tests[0] = (struct CMUnitTest)cmocka_unit_test(there_are_as_many_as_the_files_say);
	tests[0].initial_state = world;
	for (i = 0; i < sizeof(projects) / sizeof(projects[0]); i++)
		tests[i + 1] = (struct CMUnitTest){ projects[i].about, is_read_as_compose_reads_it,
						    NULL, NULL, (void *)(uintptr_t)&projects[i] };
	the_machines = world;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

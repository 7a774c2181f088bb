/* What transports/host/host.h promises, as tests that any implementation is held to. */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "tests/contract/host_fixture.h"

static void drop(struct fixture *x, const char *container)
{
	struct rfa_error ignored;
	int rc = x->h->engine->container_stop(x->h, KEY("stop"), container, &ignored);

	rc = x->h->engine->container_remove(x->h, KEY("remove"), container, &ignored);
	(void)rc;
}

static json_t *get(struct fixture *x, enum rfa_object kind, const char *name)
{
	json_t *out = NULL;

	assert_ok(x->h->engine->inspect(x->h, kind, name, &out, &x->err));
	assert_true(json_is_object(out));
	return out;
}

static int is_running(struct fixture *x, const char *container)
{
	json_t *c = get(x, RFA_CONTAINER, container);
	int running = rfa_facts_bool(c, "State/Running", 0);

	json_decref(c);
	return running;
}

static void make(struct fixture *x, const char *container)
{
	json_t *body = json_pack("{s:s, s:{s:b}}", "Image", "app:1", "HostConfig", "Init", 0);

	drop(x, container);
	assert_ok(x->h->engine->container_create(x->h, KEY("create"), container, body, &x->err));
	json_decref(body);
}

/* The host. */

static void info_tells_what_is_there(void **state)
{
	struct fixture *x = begin(state, "info");
	json_t *info = NULL;

	assert_ok(x->h->ops->connect(x->h, &x->err));
	assert_ok(x->h->ops->info(x->h, &info, &x->err));
	assert_string_equal(rfa_facts_str(info, "os", ""), "linux");
	assert_true(rfa_facts_str(info, "arch", "")[0]);
	assert_true(rfa_facts_str(info, "hostname", "")[0]);
	assert_true(rfa_facts_str(info, "user", "")[0]);
	assert_true(rfa_facts_int(info, "uid", -1) >= 0);
	assert_true(rfa_facts_str(info, "boot_id", "")[0]);
	assert_true(rfa_facts_str(info, "engine", "")[0]);
	assert_int_equal(strncmp(rfa_facts_str(info, "api", ""), "1.", 2), 0);
	assert_true(!strcmp(rfa_facts_str(info, "store", ""), "classic") ||
		    !strcmp(rfa_facts_str(info, "store", ""), "containerd"));
	assert_true(rfa_facts_str(info, "driver", "")[0]);
	assert_int_equal(rfa_facts_str(info, "docker_root", "")[0], '/');
	assert_true(rfa_facts_bool(info, "tools/b2sum", 0));
	json_decref(info);
	assert_ok(x->h->engine->compose_version(x->h, &info, &x->err));
	assert_true(strchr("123456789", json_string_value(info)[0]) != NULL);
	json_decref(info);
	end(x);
}

static void disk_answers_for_paths_that_are_not_there(void **state)
{
	struct fixture *x = begin(state, "disk");
	struct rfa_disk a, b;
	char path[512];

	assert_ok(x->h->ops->disk(x->h, x->world->dir, &a, &x->err));
	assert_true(a.bytes_total > 0 && a.bytes_free >= 0 && a.bytes_free <= a.bytes_total);
	assert_true(a.filesystem[0]);
	snprintf(path, sizeof(path), "%s/is not/there\n/yet", x->world->dir);
	assert_ok(x->h->ops->disk(x->h, path, &b, &x->err));
	assert_string_equal(a.filesystem, b.filesystem);
	end(x);
}

/* Reads of the engine. */

static const char *const hostile[] = {
	"no such thing",       "-f",  "--help", "a;touch x", "$(touch x)",
	"`touch x`",           "a'b", "a\"b",   "a\nb",      "../../etc",
	"\033[2J\033]0;x\007", "*",   "a\\",    "\xff\xfe",  "",
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static void what_is_not_there_is_not_found(void **state)
{
	struct fixture *x = begin(state, "notfound");
	json_t *out = NULL;
	size_t i;

	assert_fails(NOTFOUND,
		     x->h->engine->inspect(x->h, RFA_CONTAINER, "nowhere", &out, &x->err));
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_IMAGE, "nowhere:1", &out, &x->err));
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_IMAGE,
						     "sha256:00000000000000000000000000000000"
						     "00000000000000000000000000000001",
						     &out, &x->err));
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_NETWORK, "nowhere", &out, &x->err));
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_VOLUME, "nowhere", &out, &x->err));
	for (i = 0; i < HOSTILE; i++) {
		/* Docker refuses some as no reference at all: a no in either case. */
		int rc = x->h->engine->inspect(x->h, RFA_CONTAINER, hostile[i], &out, &x->err);

		assert_true(rc == -RFA_ENOTFOUND || rc == -RFA_EREMOTE);
		assert_null(strchr(x->err.msg, '\033'));
		rc = x->h->engine->inspect(x->h, RFA_IMAGE, hostile[i], &out, &x->err);
		assert_true(rc == -RFA_ENOTFOUND || rc == -RFA_EREMOTE);
	}
	assert_null(out);
	end(x);
}

static void lists_hold_inspect_objects(void **state)
{
	struct fixture *x = begin(state, "lists");
	json_t *all = NULL, *object, *one;
	size_t i;
	int seen = 0;

	make(x, NAME("listed"));
	assert_ok(x->h->engine->list(x->h, RFA_CONTAINER, &all, &x->err));
	json_array_foreach (all, i, object) {
		one = get(x, RFA_CONTAINER, rfa_facts_str(object, "Id", ""));
		assert_string_equal(rfa_facts_str(one, "Name", "-"),
				    rfa_facts_str(object, "Name", "+"));
		seen += strcmp(rfa_facts_str(one, "Name", "-") + 1, NAME("listed")) == 0;
		json_decref(one);
	}
	assert_int_equal(seen, 1);
	json_decref(all);
	drop(x, NAME("listed"));
	assert_ok(x->h->engine->list(x->h, RFA_IMAGE, &all, &x->err));
	assert_true(json_array_size(all) >= 2);
	json_array_foreach (all, i, object)
		assert_true(json_array_size(rfa_facts_at(object, "RootFS/Layers")) > 0);
	json_decref(all);
	end(x);
}

/* Each in its place, as inspect shows it, whatever the others are. */
static void many_are_looked_at_at_once(void **state)
{
	struct fixture *x = begin(state, "many");
	const struct rfa_object_name names[] = {
		{ RFA_CONTAINER, "nowhere" }, { RFA_IMAGE, "app:1" },
		{ RFA_NETWORK, "nowhere" },   { RFA_CONTAINER, NAME("many") },
		{ RFA_VOLUME, "nowhere" },    { RFA_IMAGE, "" },
		{ RFA_CONTAINER, ".." },      { RFA_IMAGE, "app:2" },
		{ RFA_NETWORK, "bridge" },    { RFA_CONTAINER, "a/../b" },
	};
	const size_t n = sizeof(names) / sizeof(names[0]);
	const unsigned there = 1u << 1 | 1u << 3 | 1u << 7 | 1u << 8;
	json_t *all = NULL, *one;
	size_t i;

	make(x, NAME("many"));
	assert_ok(x->h->engine->inspect_all(x->h, names, n, &all, &x->err));
	assert_int_equal(json_array_size(all), n);
	for (i = 0; i < n; i++) {
		if (!(there >> i & 1)) {
			assert_true(json_is_null(json_array_get(all, i)));
			continue;
		}
		one = get(x, names[i].kind, names[i].name);
		assert_true(json_equal(one, json_array_get(all, i)));
		json_decref(one);
	}
	json_decref(all);
	assert_ok(x->h->engine->inspect_all(x->h, names, 0, &all, &x->err));
	assert_int_equal(json_array_size(all), 0);
	json_decref(all);
	drop(x, NAME("many"));
	end(x);
}

static void logs_come_from_both_streams(void **state)
{
	struct fixture *x = begin(state, "logs");
	struct rfa_buf out = RFA_BUF_INIT(65536);

	make(x, NAME("logs"));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("logs"), &x->err));
	assert_ok(x->h->engine->logs(x->h, NAME("logs"), 50, &out, &x->err));
	assert_fails(NOTFOUND, x->h->engine->logs(x->h, "nowhere", 50, &out, &x->err));
	drop(x, NAME("logs"));
	rfa_buf_release(&out);
	end(x);
}

/* Each line with its time in front of it, and none that is older than what is asked for. */
static void logs_have_times(void **state)
{
	struct fixture *x = begin(state, "log-times");
	struct rfa_buf out = RFA_BUF_INIT(65536);
	const char *at;
	int64_t when;
	int n = 0;

	make(x, NAME("logs"));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("logs"), &x->err));
	assert_ok(
	    x->h->engine->logs_since(x->h, NAME("logs"), "1970-01-01T00:00:00Z", 2, &out, &x->err));
	for (at = rfa_buf_str(&out); *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : "") {
		assert_int_equal(rfa_time_parse(at, &when), 0);
		n++;
	}
	assert_true(n >= 1);
	rfa_buf_clear(&out);
	assert_ok(x->h->engine->logs_since(x->h, NAME("logs"), "2999-01-01T00:00:00Z", 50, &out,
					   &x->err));
	assert_int_equal(out.len, 0);
	assert_fails(NOTFOUND, x->h->engine->logs_since(x->h, "nowhere", "1970-01-01T00:00:00Z", 50,
							&out, &x->err));
	drop(x, NAME("logs"));
	rfa_buf_release(&out);
	end(x);
}

/* Containers. */

static void a_container_lives_and_goes(void **state)
{
	struct fixture *x = begin(state, "life");
	json_t *body = json_pack("{s:s}", "Image", "app:1"), *out = NULL;
	struct rfa_error *err = &x->err;

	drop(x, NAME("life"));
	drop(x, NAME("gone"));
	assert_ok(x->h->engine->container_create(x->h, KEY("create"), NAME("life"), body, err));
	assert_false(is_running(x, NAME("life")));
	assert_fails(EXISTS,
		     x->h->engine->container_create(x->h, KEY("create"), NAME("life"), body, err));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("life"), err));
	assert_true(is_running(x, NAME("life")));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("life"), err));
	assert_fails(REMOTE, x->h->engine->container_remove(x->h, KEY("rm"), NAME("life"), err));
	assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("life"), err));
	assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("life"), err));
	assert_false(is_running(x, NAME("life")));
	assert_ok(x->h->engine->container_policy(x->h, KEY("policy"), NAME("life"), "always", err));
	assert_false(is_running(x, NAME("life")));
	assert_ok(x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("life"), &out, err));
	assert_string_equal(rfa_facts_str(out, "HostConfig/RestartPolicy/Name", ""), "always");
	json_decref(out);
	out = NULL;
	assert_ok(x->h->engine->container_policy(x->h, KEY("policy"), NAME("life"), "no", err));
	assert_ok(x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("life"), &out, err));
	assert_string_equal(rfa_facts_str(out, "HostConfig/RestartPolicy/Name", ""), "no");
	json_decref(out);
	out = NULL;
	assert_ok(x->h->engine->container_create(x->h, KEY("create"), NAME("gone"), body, err));
	assert_fails(EXISTS, x->h->engine->container_rename(x->h, KEY("mv"), NAME("life"),
							    NAME("gone"), err));
	assert_ok(x->h->engine->container_remove(x->h, KEY("rm"), NAME("gone"), err));
	assert_ok(x->h->engine->container_rename(x->h, KEY("mv"), NAME("life"), NAME("gone"), err));
	assert_fails(NOTFOUND, x->h->engine->container_rename(x->h, KEY("mv"), NAME("life"),
							      NAME("gone"), err));
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("life"), &out, err));
	assert_ok(x->h->engine->container_remove(x->h, KEY("rm"), NAME("gone"), err));
	assert_fails(NOTFOUND, x->h->engine->container_remove(x->h, KEY("rm"), NAME("gone"), err));
	assert_fails(NOTFOUND,
		     x->h->engine->container_start(x->h, KEY("start"), NAME("gone"), err));
	assert_fails(NOTFOUND, x->h->engine->container_stop(x->h, KEY("stop"), NAME("gone"), err));
	assert_fails(NOTFOUND,
		     x->h->engine->container_policy(x->h, KEY("policy"), NAME("gone"), "no", err));
	json_decref(body);
	end(x);
}

static void create_says_what_is_missing(void **state)
{
	struct fixture *x = begin(state, "missing");
	json_t *body = json_pack("{s:s}", "Image", "nowhere:1"), *out = NULL;
	struct rfa_error *err = &x->err;
	size_t i;

	assert_fails(NOTFOUND,
		     x->h->engine->container_create(x->h, KEY("create"), NAME("miss"), body, err));
	json_object_set_new(body, "Image", json_string("app:1"));
	json_object_set_new(body, "x-rfa-networks", json_pack("{s:{}}", "nowhere"));
	/* Half a container is none. */
	assert_fails(NOTFOUND,
		     x->h->engine->container_create(x->h, KEY("create"), NAME("miss"), body, err));
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("miss"), &out, err));
	json_object_del(body, "x-rfa-networks");
	if (x->world->real_files)
		for (i = 0; i < 2; i++)
			drop(x, hostile[i]);
	json_decref(body);
	end(x);
}

static void put_file(struct fixture *x, const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", x->world->dir, name);
	if (text)
		assert_ok(x->h->files->write(x->h, path, 0644, text, strlen(text), &x->err));
	else
		assert_ok(x->h->files->remove(x->h, path, &x->err));
}

static void compose_brings_up_what_is_in_files(void **state)
{
	struct fixture *x = begin(state, "compose");
	static const char text[] =
	    "{\"services\":{\"web\":{\"image\":\"app:1\",\"networks\":[\"front\","
	    "\"back\"]}},\"networks\":{\"front\":{},\"back\":{}}}";
	const char *files[] = { "compose it.yml", NULL };
	struct rfa_compose project = { .project = x->world->tag,
				       .directory = x->world->dir,
				       .files = files };
	json_t *out = NULL;
	char name[128];

	put_file(x, files[0], text);
	assert_ok(x->h->engine->compose_config(x->h, &project, &out, &x->err));
	assert_string_equal(rfa_facts_str(out, "config/services/web/image", ""), "app:1");
	json_decref(out);
	assert_ok(x->h->engine->compose_up(x->h, KEY("up"), &project, &x->err));
	snprintf(name, sizeof(name), "%s-web-1", x->world->tag);
	assert_true(is_running(x, name));
	assert_ok(x->h->engine->compose_up(x->h, KEY("up"), &project, &x->err));
	drop(x, name);
	files[0] = "is-not-there.yml";
	assert_fails(REMOTE, x->h->engine->compose_config(x->h, &project, &out, &x->err));
	end(x);
}

/* The names of the files that Compose finds, without their directory, each with a blank. */
static const char *found_files(struct fixture *x, const struct rfa_compose *project, char out[256])
{
	json_t *files = NULL, *one;
	size_t i;

	assert_ok(x->h->engine->compose_files(x->h, project, &files, &x->err));
	out[0] = '\0';
	json_array_foreach (files, i, one) {
		const char *path = json_string_value(one);

		assert_int_equal(strncmp(path, x->world->dir, strlen(x->world->dir)), 0);
		snprintf(out + strlen(out), 256 - strlen(out), "%s ",
			 path + strlen(x->world->dir) + 1);
	}
	json_decref(files);
	return out;
}

static void compose_finds_its_files(void **state)
{
	struct fixture *x = begin(state, "files-of-compose");
	static const char text[] = "{\"services\":{\"web\":{\"image\":\"app:1\"}}}";
	/* In the order in which one goes before the other. */
	static const char *const names[] = { "docker-compose.yaml", "docker-compose.yml",
					     "compose.yml", "compose.yaml" };
	static const char *const more[] = { "docker-compose.override.yaml",
					    "docker-compose.override.yml", "compose.override.yaml",
					    "compose.override.yml" };
	struct rfa_compose project = { .project = x->world->tag, .directory = x->world->dir };
	char found[256], expected[256];
	json_t *out = NULL;
	size_t i;

	assert_fails(REMOTE, x->h->engine->compose_files(x->h, &project, &out, &x->err));
	for (i = 0; i < 4; i++) {
		put_file(x, names[i], text);
		snprintf(expected, sizeof(expected), "%s ", names[i]);
		assert_string_equal(found_files(x, &project, found), expected);
	}
	for (i = 0; i < 4; i++) {
		put_file(x, more[i], "{\"services\":{\"web\":{\"labels\":{\"a\":\"b\"}}}}");
		snprintf(expected, sizeof(expected), "compose.yaml %s ", more[i]);
		assert_string_equal(found_files(x, &project, found), expected);
	}
	put_file(x, ".env", "COMPOSE_FILE=docker-compose.yml:more it.yml\n");
	put_file(x, "more it.yml", "{\"services\":{\"web\":{\"labels\":{\"a\":\"c\"}}}}");
	assert_string_equal(found_files(x, &project, found), "docker-compose.yml more it.yml ");
	for (i = 0; i < 4; i++) {
		put_file(x, names[i], NULL);
		put_file(x, more[i], NULL);
	}
	put_file(x, ".env", NULL);
	end(x);
}

/* The label with which Compose knows a service's configuration again. */
static void assert_hash_is(struct fixture *x, const char *name, const json_t *hashes,
			   const char *service)
{
	json_t *c = get(x, RFA_CONTAINER, name);
	const json_t *labels = rfa_facts_at(c, "Config/Labels");

	assert_string_equal(
	    json_string_value(json_object_get(labels, "com.docker.compose.config-hash")),
	    rfa_facts_str(hashes, service, ""));
	json_decref(c);
}

static int is_there(struct fixture *x, const char *name)
{
	json_t *out = NULL;
	int rc = x->h->engine->inspect(x->h, RFA_CONTAINER, name, &out, &x->err);

	json_decref(out);
	return rc == 0;
}

static void compose_touches_what_it_is_told(void **state)
{
	struct fixture *x = begin(state, "some-of-compose");
	static const char text[] =
	    "{\"services\":{\"web\":{\"image\":\"app:1\",\"environment\":{\"PW\":\"${PW}\"},"
	    "\"depends_on\":{\"db\":{\"condition\":\"service_started\"}}},"
	    "\"db\":{\"image\":\"app:1\"},"
	    "\"tool\":{\"image\":\"app:2\",\"profiles\":[\"debug\"]}}}";
	const char *services[] = { "web", "tool", NULL }, *scale[] = { "web=2", NULL };
	struct rfa_compose project = { .project = x->world->tag,
				       .directory = x->world->dir,
				       .services = services,
				       .scale = scale };
	json_t *config = NULL, *hashes = NULL;
	char web[128], web2[128], db[128], tool[128];

	snprintf(web, sizeof(web), "%s-web-1", x->world->tag);
	snprintf(web2, sizeof(web2), "%s-web-2", x->world->tag);
	snprintf(db, sizeof(db), "%s-db-1", x->world->tag);
	snprintf(tool, sizeof(tool), "%s-tool-1", x->world->tag);
	put_file(x, "compose.yaml", text);
	assert_ok(x->h->engine->compose_config(x->h, &project, &config, &x->err));
	assert_string_equal(rfa_facts_str(config, "config/services/tool/image", ""), "app:2");
	assert_string_equal(rfa_facts_str(config, "unset/0", ""), "PW");
	assert_int_equal(json_array_size(json_object_get(config, "unset")), 1);
	/* What is not touched is no dependency, for the hash too. */
	json_object_del(rfa_facts_at(config, "config/services/web"), "depends_on");
	assert_ok(x->h->engine->compose_hash(x->h, &project, json_object_get(config, "config"),
					     &hashes, &x->err));
	assert_ok(x->h->engine->compose_up(x->h, KEY("up"), &project, &x->err));
	assert_true(is_running(x, web));
	assert_true(is_running(x, web2));
	assert_true(is_running(x, tool));
	assert_false(is_there(x, db));
	assert_hash_is(x, web, hashes, "web");
	assert_hash_is(x, tool, hashes, "tool");
	/* Made, and not started. */
	services[0] = "db";
	services[1] = NULL;
	scale[0] = NULL;
	project.no_start = 1;
	assert_ok(x->h->engine->compose_up(x->h, KEY("up"), &project, &x->err));
	assert_true(is_there(x, db));
	assert_false(is_running(x, db));
	services[0] = "nobody";
	json_decref(config);
	config = NULL;
	assert_fails(NOTFOUND, x->h->engine->compose_config(x->h, &project, &config, &x->err));
	drop(x, web);
	drop(x, web2);
	drop(x, tool);
	drop(x, db);
	put_file(x, "compose.yaml", NULL);
	json_decref(hashes);
	end(x);
}

/* Everything in `asked` must be in `got`; got may have more, as an engine fills in defaults. */
static void assert_within(const json_t *asked, const json_t *got, const char *path)
{
	char deeper[512];
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_object(asked)) {
		json_object_foreach ((json_t *)(uintptr_t)asked, name, value) {
			snprintf(deeper, sizeof(deeper), "%s/%s", path, name);
			assert_within(value, json_object_get(got, name), deeper);
		}
	} else if (json_is_array(asked)) {
		if (json_array_size(asked) != json_array_size(got))
			fail_msg("%s has another length", path);
		json_array_foreach (asked, i, value)
			assert_within(value, json_array_get(got, i), path);
	} else if (!json_equal(asked, got)) {
		char *is = json_dumps(got, JSON_ENCODE_ANY);

		fail_msg("%s is %s", path, is);
	}
}

static void a_rich_container_is_what_was_asked(void **state)
{
	struct fixture *x = begin(state, "rich");
	static const char text[] =
	    "{\"Image\":\"app:1\",\"Hostname\":\"rich\",\"User\":\"0:0\",\"WorkingDir\":\"/tmp\","
	    "\"Env\":[\"A=one\",\"Q=it's \\\"quoted\\\" $HOME `x` \\\\\",\"N=two\\nlines\",\"E=\","
	    "\"U=\\u00fc\\u20ac\"],\"Labels\":{\"x.y\":\"z; 'w'\"},\"Cmd\":[\"sh\",\"-c\",\"sleep "
	    "1\"],"
	    "\"StopSignal\":\"SIGINT\",\"StopTimeout\":7,\"ExposedPorts\":{\"8000/tcp\":{}},"
	    "\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"Interval\":3000000000,\"Retries\":2},"
	    "\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3},"
	    "\"PortBindings\":{\"8000/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"18099\"}]},"
	    "\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1024,\"Hard\":2048}],"
	    "\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}},"
	    "\"ExtraHosts\":[\"db:10.9.8.7\"],\"CapAdd\":[\"CAP_NET_ADMIN\"],"
	    "\"CapDrop\":[\"CAP_MKNOD\"],\"Memory\":67108864,\"ReadonlyRootfs\":true,"
	    "\"Binds\":[\"rfa-contract-data:/data\"],\"Tmpfs\":{\"/run\":\"size=1m\"}}}";
	json_t *body = json_loads(text, 0, NULL), *got, *plain, *host, *networks = NULL;
	char front[128], back[128];
	struct rfa_error ignored;
	int rc;

	assert_non_null(body);
	host = json_incref(json_object_get(body, "HostConfig"));
	snprintf(front, sizeof(front), "%s_front", x->world->tag);
	snprintf(back, sizeof(back), "%s_back", x->world->tag);
	networks = json_pack("{s:{s:[s]}}", front, "Aliases", "web");
	json_object_set_new(body, "NetworkingConfig",
			    json_pack("{s:o}", "EndpointsConfig", networks));
	json_object_set_new(body, "x-rfa-networks",
			    json_pack("{s:{s:[s,s]}}", back, "Aliases", "api", "inner"));
	json_object_set_new(host, "NetworkMode", json_string(front));
	drop(x, NAME("rich"));
	/* The networks are left by the Compose test; a world without them is told by its error. */
	rc = x->h->engine->container_create(x->h, KEY("create"), NAME("rich"), body, &x->err);
	if (rc)
		fail_msg("%s", x->err.msg);
	got = get(x, RFA_CONTAINER, NAME("rich"));
	plain = json_copy(body);
	json_object_del(plain, "HostConfig");
	json_object_del(plain, "NetworkingConfig");
	json_object_del(plain, "x-rfa-networks");
	/* An engine adds the image's own variables behind those that were asked for. */
	while (json_array_size(rfa_facts_at(got, "Config/Env")) > 5)
		json_array_remove(rfa_facts_at(got, "Config/Env"), 5);
	assert_within(plain, json_object_get(got, "Config"), "Config");
	assert_within(host, json_object_get(got, "HostConfig"), "HostConfig");
	networks = rfa_facts_at(got, "NetworkSettings/Networks");
	assert_int_equal(json_object_size(networks), 2);
	assert_non_null(json_object_get(networks, front));
	assert_string_equal(rfa_facts_str(json_object_get(networks, back), "Aliases/1", ""),
			    "inner");
	json_decref(plain);
	json_decref(host);
	json_decref(got);
	json_decref(body);
	rc = x->h->engine->container_remove(x->h, KEY("rm"), NAME("rich"), &ignored);
	assert_int_equal(rc, 0);
	end(x);
}

/* Jobs. */

static void a_finished_job_answers_its_result(void **state)
{
	struct fixture *x = begin(state, "kept");
	json_t *body = json_pack("{s:s}", "Image", "app:1"), *out = NULL;
	struct rfa_job_key made, lost;
	struct rfa_host *again = NULL;
	int running = 1;

	drop(x, NAME("kept"));
	made = key(x, "create");
	lost = key(x, "start");
	assert_ok(x->h->engine->container_create(x->h, &made, NAME("kept"), body, &x->err));
	assert_fails(NOTFOUND, x->h->engine->container_start(x->h, &lost, "nowhere", &x->err));
	assert_ok(x->h->engine->container_remove(x->h, KEY("rm"), NAME("kept"), &x->err));
	/* Another process asks: neither is done again. */
	assert_ok(x->world->open(x->world, 0, &again, &x->err));
	assert_ok(again->engine->container_create(again, &made, NAME("kept"), body, &x->err));
	assert_fails(NOTFOUND, again->engine->container_start(again, &lost, "nowhere", &x->err));
	assert_fails(NOTFOUND,
		     again->engine->inspect(again, RFA_CONTAINER, NAME("kept"), &out, &x->err));
	assert_ok(again->runs->jobs_running(again, &made, &running, &x->err));
	assert_int_equal(running, 0);
	rfa_host_free(again);
	json_decref(body);
	end(x);
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Until the job is seen to run; a deadline that no healthy machine meets. */
static void await_running(struct fixture *x, const struct rfa_job_key *k)
{
	int running = 0, i;
	struct rfa_error err;

	/* jobs_running would void what has not begun: give it the time to. */
	for (i = 0; i < 12000; i++) {
		if (x->world->stops(x->world) > 0)
			break;
		pause_ms(10);
	}
	assert_int_equal(x->h->runs->jobs_running(x->h, k, &running, &err), 0);
	assert_int_equal(running, 1);
}

static pid_t ask_from_elsewhere(struct fixture *x, const struct rfa_job_key *k, const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rfa_host *h = NULL;
		struct rfa_error err;
		int rc = x->world->open(x->world, 0, &h, &err);

		if (rc == 0)
			rc = h->engine->container_stop(h, k, name, &err);
		_exit(rc == 0 ? 0 : 1);
	}
	assert_true(pid > 0);
	return pid;
}

/* 1 if the host says that a run has a directory; *running: a job of it runs. */
static int listed(struct fixture *x, const char *run, int *running)
{
	json_t *list = NULL, *one;
	int found = 0;
	size_t i;

	assert_ok(x->h->runs->list(x->h, &list, &x->err));
	json_array_foreach (list, i, one) {
		if (strcmp(rfa_facts_str(one, "run", ""), run) != 0)
			continue;
		assert_int_equal(found++, 0);
		*running = rfa_facts_bool(one, "running", -1);
		assert_true(rfa_facts_int(one, "bytes", -1) >= 0);
	}
	json_decref(list);
	return found;
}

static void a_killed_asker_costs_nothing(void **state)
{
	struct fixture *x = begin(state, "killed");
	struct rfa_job_key k;
	int status = 0, before, running = 1, i;
	pid_t pid, pids[3];

	if (!x->world->hold || !x->world->stops) {
		end(x);
		skip();
	}
	make(x, NAME("killed"));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("killed"), &x->err));
	before = x->world->stops(x->world);
	k = key(x, "stop");
	x->world->hold(x->world, 1);
	pid = ask_from_elsewhere(x, &k, NAME("killed"));
	while (x->world->stops(x->world) == before)
		pause_ms(5);
	await_running(x, &k);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_ok(x->h->runs->jobs_running(x->h, &k, &running, &x->err));
	assert_int_equal(running, 1);
	assert_fails(LOCKED, x->h->runs->remove(x->h, x->run, &x->err));
	/* Several at once attach to it. */
	for (i = 0; i < 3; i++)
		pids[i] = ask_from_elsewhere(x, &k, NAME("killed"));
	assert_int_equal(listed(x, x->run, &running), 1);
	assert_int_equal(running, 1);
	pause_ms(200);
	x->world->hold(x->world, 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_ok(x->h->engine->container_stop(x->h, &k, NAME("killed"), &x->err));
	assert_int_equal(x->world->stops(x->world), before + 1);
	assert_false(is_running(x, NAME("killed")));
	drop(x, NAME("killed"));
	end(x);
}

static void many_askers_start_one_job(void **state)
{
	struct fixture *x = begin(state, "askers");
	struct rfa_job_key k;
	int status = 0, before, i;
	pid_t pids[8];

	if (!x->world->stops) {
		end(x);
		skip();
	}
	make(x, NAME("askers"));
	before = x->world->stops(x->world);
	k = key(x, "stop");
	for (i = 0; i < 8; i++)
		pids[i] = ask_from_elsewhere(x, &k, NAME("askers"));
	for (i = 0; i < 8; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(x->world->stops(x->world), before + 1);
	drop(x, NAME("askers"));
	end(x);
}

static void keys_are_names(void **state)
{
	struct fixture *x = begin(state, "keys");
	struct rfa_job_key bad[] = { { "../x", "s", "o" },
				     { x->run, "..", "o" },
				     { x->run, "s", "" },
				     { x->run, "s", "a/b" },
				     { x->run, "s;x", "o" } };
	struct rfa_stream *stream = NULL;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(INTERNAL, x->h->engine->container_start(x->h, &bad[i], "x", &x->err));
	assert_fails(INTERNAL, x->h->runs->spool_write(x->h, x->run, "../x", 0, &stream, &x->err));
	assert_fails(INTERNAL, x->h->runs->spool_read(x->h, "a b", "x", 0, &stream, &x->err));
	assert_fails(INTERNAL, x->h->runs->remove(x->h, ".", &x->err));
	assert_int_equal(rfa_host_name_ok("a.B_c-9"), 1);
	assert_int_equal(rfa_host_name_ok("a\n"), 0);
	end(x);
}

/* Images. */

static void tags_come_and_go(void **state)
{
	struct fixture *x = begin(state, "tags");
	json_t *image = get(x, RFA_IMAGE, "app:1"), *same, *out = NULL;
	struct rfa_error *err = &x->err;
	char ref[64];

	snprintf(ref, sizeof(ref), "localhost/rfa-pin:%s", x->world->tag);
	assert_ok(
	    x->h->engine->image_tag(x->h, KEY("tag"), rfa_facts_str(image, "Id", ""), ref, err));
	same = get(x, RFA_IMAGE, ref);
	assert_string_equal(rfa_facts_str(same, "Id", ""), rfa_facts_str(image, "Id", ""));
	assert_ok(x->h->engine->image_untag(x->h, KEY("untag"), ref, err));
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_IMAGE, ref, &out, err));
	assert_ok(x->h->engine->image_untag(x->h, KEY("untag"), ref, err));
	json_decref(get(x, RFA_IMAGE, "app:1"));
	assert_fails(NOTFOUND, x->h->engine->image_tag(x->h, KEY("tag"), "nowhere:1", ref, err));
	json_decref(same);
	json_decref(image);
	end(x);
}

/* Reads an archive from an offset to its end. */
static void read_all(struct fixture *x, const char *run, const char *archive, uint64_t offset,
		     struct rfa_buf *out)
{
	struct rfa_stream *s = NULL;
	static char data[65536];
	size_t got;
	int eof = 0;

	rfa_buf_clear(out);
	assert_ok(x->h->runs->spool_read(x->h, run, archive, offset, &s, &x->err));
	while (!eof) {
		assert_ok(s->ops->read(s, data, sizeof(data), &got, &eof, &x->err));
		assert_int_equal(rfa_buf_add(out, data, got), 0);
		if (got == 0 && !eof)
			assert_ok(rfa_stream_wait(&s, 1, 1000, NULL, &x->err));
	}
	assert_ok(rfa_host_stream_end(x->h, &s, 0, NULL, &x->err));
	assert_null(s);
}

static void write_at(struct fixture *x, struct rfa_host *h, const char *run, const char *archive,
		     uint64_t offset, const char *data, size_t len)
{
	struct rfa_stream *s = NULL;
	size_t put;

	assert_ok(h->runs->spool_write(h, run, archive, offset, &s, &x->err));
	while (len > 0) {
		assert_ok(s->ops->write(s, data, len < 50000 ? len : 50000, &put, &x->err));
		data += put;
		len -= put;
		if (put == 0)
			assert_ok(rfa_stream_wait(&s, 1, 1000, NULL, &x->err));
	}
	assert_ok(rfa_host_stream_end(h, &s, 0, NULL, &x->err));
}

/* The files of a commit. */

/* One entry of a tar, as rfa makes it. */
static void add_entry(struct rfa_buf *tar, const char *name, char type, const char *mode,
		      const char *link, const char *text)
{
	static const char zeros[1024];
	char head[512] = "";
	size_t size = strlen(text);
	unsigned sum = 0;

	snprintf(head, 100, "%s", name);
	snprintf(head + 100, 8, "%s", mode);
	snprintf(head + 108, 8, "0000000");
	snprintf(head + 116, 8, "0000000");
	snprintf(head + 124, 12, "%011zo", size);
	snprintf(head + 136, 12, "00000000000");
	memset(head + 148, ' ', 8);
	head[156] = type;
	snprintf(head + 157, 100, "%s", link);
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(head); i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 7, "%06o", sum);
	rfa_buf_add(tar, head, sizeof(head));
	rfa_buf_add(tar, text, size);
	rfa_buf_add(tar, zeros, (512 - size % 512) % 512);
}

static char type_of(struct fixture *x, const char *place, const char *name, unsigned *mode)
{
	struct rfa_file_stat st;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", place, name);
	assert_ok(x->h->files->stat(x->h, path, &st, &x->err));
	*mode = st.mode;
	return st.type ? st.type : '0';
}

static void sources_are_there_when_they_are_whole(void **state)
{
	struct fixture *x = begin(state, "sources");
	static const char zeros[1024];
	struct rfa_buf tar = RFA_BUF_INIT(1 << 20), is = RFA_BUF_INIT(1 << 20);
	char sha256[RFA_DIGEST_HEX], place[512], path[1024];
	const struct rfa_host_runs *runs = x->h->runs;
	unsigned mode;

	add_entry(&tar, "web/", '5', "0000755", "", "");
	add_entry(&tar, "web/run it; 'now'", '0', "0000755", "", "one\n");
	add_entry(&tar, "web/-x", '0', "0000644", "", "two\n");
	add_entry(&tar, "web/away", '2', "0000777", "../../../..", "");
	rfa_buf_add(&tar, zeros, sizeof(zeros));
	rfa_digest_of(RFA_SHA256, tar.data, tar.len, sha256);
	snprintf(place, sizeof(place), "%s/runs/%s/source/%s", x->h->state_dir, x->run, sha256);
	assert_fails(NOTFOUND, runs->unpack(x->h, KEY("none"), "sources", sha256, &x->err));

	/* What was cut on its way, or is something else, is not unpacked. */
	write_at(x, x->h, x->run, "sources", 0, (const char *)tar.data, tar.len - 700);
	assert_fails(MISMATCH, runs->unpack(x->h, KEY("cut"), "sources", sha256, &x->err));
	assert_int_equal(type_of(x, place, ".", &mode), '0');

	write_at(x, x->h, x->run, "sources", 0, (const char *)tar.data, tar.len);
	assert_ok(runs->unpack(x->h, KEY("whole"), "sources", sha256, &x->err));
	assert_int_equal(type_of(x, place, "web", &mode), 'd');
	assert_int_equal(mode, 0755);
	assert_int_equal(type_of(x, place, "web/run it; 'now'", &mode), 'f');
	assert_int_equal(mode, 0755);
	assert_int_equal(type_of(x, place, "web/-x", &mode), 'f');
	assert_int_equal(mode, 0644);
	snprintf(path, sizeof(path), "%s/web/-x", place);
	assert_ok(x->h->files->read(x->h, path, 100, &is, &x->err));
	assert_string_equal(rfa_buf_str(&is), "two\n");
	/* Once more is the same. */
	assert_ok(runs->unpack(x->h, KEY("again"), "sources", sha256, &x->err));
	assert_fails(INTERNAL, runs->unpack(x->h, KEY("sum"), "sources", "../x", &x->err));
	assert_ok(runs->remove(x->h, x->run, &x->err));
	assert_int_equal(type_of(x, place, "web", &mode), '0');
	rfa_buf_release(&is);
	rfa_buf_release(&tar);
	end(x);
}

static json_t *request(struct fixture *x, int omit)
{
	json_t *one = get(x, RFA_IMAGE, "app:1"), *two = get(x, RFA_IMAGE, "app:2");
	json_t *r = json_pack("{s:[{s:s,s:s},{s:s,s:s}], s:[], s:s}", "images", "id",
			      rfa_facts_str(one, "Id", ""), "name", "localhost/rfa-pin:one", "id",
			      rfa_facts_str(two, "Id", ""), "name", "localhost/rfa-pin:two", "omit",
			      "name", "images.1");

	if (omit)
		json_array_append(json_object_get(r, "omit"), rfa_facts_at(one, "RootFS/Layers/0"));
	json_decref(one);
	json_decref(two);
	return r;
}

static void untag_on(struct fixture *x, struct rfa_host *h, const char *ref)
{
	struct rfa_error ignored;
	int rc = h->engine->image_untag(h, KEY("untag"), ref, &ignored);

	(void)rc;
}

static void an_export_reads_alike_from_any_offset(void **state)
{
	struct fixture *x = begin(state, "export");
	struct rfa_buf whole = RFA_BUF_INIT(64u << 20), part = RFA_BUF_INIT(64u << 20);
	json_t *r = request(x, 0), *out = NULL, *again = NULL, *digests = NULL;
	struct rfa_job_key k = key(x, "export");
	char other[80], hex[RFA_DIGEST_HEX];
	unsigned seed = 7, i;
	uint64_t size = 0;

	assert_ok(x->h->engine->image_export(x->h, &k, r, &out, &x->err));
	read_all(x, x->run, "images.1", 0, &whole);
	assert_int_equal(rfa_facts_int(out, "bytes", -1), (int64_t)whole.len);
	assert_string_equal(rfa_facts_str(out, "archive", ""), "images.1");
	assert_true(rfa_facts_int(out, "layers", 0) >= 3);
	assert_int_equal(rfa_facts_int(out, "omitted", -1), 0);
	for (i = 0; i < 12; i++) {
		uint64_t at = i == 0 ? whole.len : i == 1 ? whole.len - 1 : i == 2 ? 511 : 0;

		seed = seed * 1103515245u + 12345u;
		if (i > 2)
			at = seed % whole.len;
		read_all(x, x->run, "images.1", at, &part);
		if (part.len != whole.len - at ||
		    memcmp(part.data ? part.data : "", whole.data + at, part.len))
			fail_msg("from offset %llu it is another archive", (unsigned long long)at);
	}
	/* Digests of a made archive, the last chunk short. */
	assert_ok(x->h->runs->spool_digests(x->h, x->run, "images.1", 100000, whole.len, &digests,
					    &size, &x->err));
	assert_int_equal(size, whole.len);
	assert_int_equal(json_array_size(digests), (whole.len + 99999) / 100000);
	for (i = 0; i < json_array_size(digests); i++) {
		size_t n = whole.len - i * 100000 < 100000 ? whole.len - i * 100000 : 100000;

		rfa_digest_of(RFA_BLAKE2B, whole.data + i * 100000, n, hex);
		assert_string_equal(hex, json_string_value(json_array_get(digests, i)));
	}
	json_decref(digests);
	/* The same request gives the same bytes, asked again and in another run. */
	assert_ok(x->h->engine->image_export(x->h, &k, r, &again, &x->err));
	assert_true(json_equal(out, again));
	json_decref(again);
	snprintf(other, sizeof(other), "%s.other", x->run);
	k.run = other;
	assert_ok(x->h->engine->image_export(x->h, &k, r, &again, &x->err));
	assert_true(json_equal(out, again));
	read_all(x, other, "images.1", 0, &part);
	assert_int_equal(part.len, whole.len);
	assert_memory_equal(part.data, whole.data, whole.len);
	assert_ok(x->h->runs->remove(x->h, other, &x->err));
	json_decref(again);
	json_decref(out);
	json_decref(r);
	rfa_buf_release(&whole);
	rfa_buf_release(&part);
	end(x);
}

static void export_names_what_is_wrong(void **state)
{
	struct fixture *x = begin(state, "badexport");
	json_t *out = NULL, *r = json_pack("{s:[], s:s}", "images", "name", "images.1");

	assert_fails(INTERNAL, x->h->engine->image_export(x->h, KEY("export"), r, &out, &x->err));
	json_decref(r);
	r = json_pack("{s:[{s:s, s:s}], s:s}", "images", "id",
		      "sha256:00000000000000000000000000000000"
		      "00000000000000000000000000000001",
		      "name", "a:1", "name", "images.1");
	assert_fails(NOTFOUND, x->h->engine->image_export(x->h, KEY("export"), r, &out, &x->err));
	json_decref(r);
	assert_null(out);
	end(x);
}

static void assert_same_image(struct fixture *x, const char *here, const char *there)
{
	json_t *a = get(x, RFA_IMAGE, here), *b = NULL;

	assert_ok(x->other->engine->inspect(x->other, RFA_IMAGE, there, &b, &x->err));
	assert_true(json_equal(rfa_facts_at(a, "RootFS/Layers"), rfa_facts_at(b, "RootFS/Layers")));
	assert_true(json_equal(rfa_facts_at(a, "Config/Env"), rfa_facts_at(b, "Config/Env")));
	json_decref(a);
	json_decref(b);
}

static void an_archive_loads_on_another_engine(void **state)
{
	struct fixture *x = begin(state, "load");
	struct rfa_buf whole = RFA_BUF_INIT(64u << 20);
	json_t *r = request(x, 0), *out = NULL;
	size_t half;

	untag_on(x, x->other, "localhost/rfa-pin:one");
	untag_on(x, x->other, "localhost/rfa-pin:two");
	assert_fails(NOTFOUND,
		     x->other->engine->image_load(x->other, KEY("load"), "images.1", &x->err));
	assert_ok(x->h->engine->image_export(x->h, KEY("export"), r, &out, &x->err));
	read_all(x, x->run, "images.1", 0, &whole);
	half = whole.len / 2;
	/* The second half first: writes go to fixed places. */
	write_at(x, x->other, x->run, "images.1", half, whole.data + half, whole.len - half);
	write_at(x, x->other, x->run, "images.1", 0, whole.data, half);
	assert_ok(x->other->engine->image_load(x->other, KEY("load"), "images.1", &x->err));
	assert_same_image(x, "app:1", "localhost/rfa-pin:one");
	assert_same_image(x, "app:2", "localhost/rfa-pin:two");
	json_decref(out);
	json_decref(r);
	/* Without the base layer, which is there now. */
	untag_on(x, x->other, "localhost/rfa-pin:two");
	r = request(x, 1);
	json_array_remove(json_object_get(r, "images"), 0);
	json_object_set_new(r, "name", json_string("rest"));
	assert_ok(x->h->engine->image_export(x->h, KEY("export"), r, &out, &x->err));
	assert_int_equal(rfa_facts_int(out, "omitted", -1), 1);
	read_all(x, x->run, "rest", 0, &whole);
	write_at(x, x->other, x->run, "rest", 0, whole.data, whole.len);
	assert_ok(x->other->engine->image_load(x->other, KEY("load"), "rest", &x->err));
	assert_same_image(x, "app:2", "localhost/rfa-pin:two");
	/* The machine that made it can load it as well. */
	assert_ok(x->h->engine->image_load(x->h, KEY("load"), "images.1", &x->err));
	json_decref(get(x, RFA_IMAGE, "localhost/rfa-pin:one"));
	untag_on(x, x->h, "localhost/rfa-pin:one");
	untag_on(x, x->h, "localhost/rfa-pin:two");
	untag_on(x, x->other, "localhost/rfa-pin:one");
	untag_on(x, x->other, "localhost/rfa-pin:two");
	json_decref(out);
	json_decref(r);
	rfa_buf_release(&whole);
	end(x);
}

/* The spool. */

static void the_spool_keeps_what_was_written(void **state)
{
	struct fixture *x = begin(state, "spool");
	struct rfa_buf got = RFA_BUF_INIT(4u << 20);
	static char data[700001];
	struct rfa_stream *s = NULL;
	char hex[RFA_DIGEST_HEX];
	json_t *digests = NULL;
	uint64_t size = 9;
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 2654435761u >> 13);
	assert_fails(NOTFOUND, x->h->runs->spool_read(x->h, x->run, "a", 0, &s, &x->err));
	assert_ok(
	    x->h->runs->spool_digests(x->h, x->run, "a", 4096, 9999, &digests, &size, &x->err));
	assert_int_equal(json_array_size(digests), 0);
	assert_int_equal(size, 0);
	json_decref(digests);
	write_at(x, x->h, x->run, "a", 0, data, sizeof(data));
	/* An earlier writer that wakes up writes the same bytes to the same place. */
	write_at(x, x->h, x->run, "a", 12345, data + 12345, 100000);
	read_all(x, x->run, "a", 0, &got);
	assert_int_equal(got.len, sizeof(data));
	assert_memory_equal(got.data, data, sizeof(data));
	read_all(x, x->run, "a", 700000, &got);
	assert_int_equal(got.len, 1);
	assert_ok(
	    x->h->runs->spool_digests(x->h, x->run, "a", 262144, 300000, &digests, &size, &x->err));
	assert_int_equal(size, sizeof(data));
	assert_int_equal(json_array_size(digests), 2);
	rfa_digest_of(RFA_BLAKE2B, data + 262144, 300000 - 262144, hex);
	assert_string_equal(hex, json_string_value(json_array_get(digests, 1)));
	json_decref(digests);
	assert_ok(x->h->runs->remove(x->h, x->run, &x->err));
	assert_fails(NOTFOUND, x->h->runs->spool_read(x->h, x->run, "a", 0, &s, &x->err));
	assert_ok(x->h->runs->remove(x->h, x->run, &x->err));
	rfa_buf_release(&got);
	end(x);
}

/* How much a run takes on the disk; -1: it has no directory. */
static int64_t bytes_of(struct fixture *x, const char *run)
{
	json_t *list = NULL, *one;
	int64_t bytes = -1;
	size_t i;

	assert_ok(x->h->runs->list(x->h, &list, &x->err));
	json_array_foreach (list, i, one)
		if (strcmp(rfa_facts_str(one, "run", ""), run) == 0)
			bytes = rfa_facts_int(one, "bytes", -1);
	json_decref(list);
	return bytes;
}

static void runs_are_listed(void **state)
{
	struct fixture *x = begin(state, "runs");
	static char data[300000];
	char other[128], strange[160], path[512];
	int running = 1;

	snprintf(other, sizeof(other), "%s.other", x->run);
	assert_int_equal(listed(x, x->run, &running), 0);
	write_at(x, x->h, x->run, "a", 0, data, sizeof(data));
	write_at(x, x->h, x->run, "b", 0, data, 100000);
	make(x, NAME("runs"));
	write_at(x, x->h, other, "a", 0, data, 5);
	assert_int_equal(listed(x, x->run, &running), 1);
	assert_int_equal(running, 0);
	assert_int_equal(listed(x, other, &running), 1);
	assert_int_equal(running, 0);
	assert_true(bytes_of(x, x->run) >= 400000);
	assert_true(bytes_of(x, x->run) < 800000);
	assert_true(bytes_of(x, other) < 100000);
	/* A directory that no run can be called. */
	memset(strange, 'x', sizeof(strange) - 1);
	strange[sizeof(strange) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/runs/%s/file", x->h->state_dir, strange);
	assert_ok(x->h->files->write(x->h, path, 0600, "", 0, &x->err));
	assert_int_equal(listed(x, strange, &running), 0);
	assert_int_equal(listed(x, other, &running), 1);
	assert_ok(x->h->files->remove(x->h, path, &x->err));
	snprintf(path, sizeof(path), "runs/%s", strange);
	assert_ok(x->h->files->drop(x->h, x->h->state_dir, path, &x->err));
	assert_ok(x->h->runs->remove(x->h, x->run, &x->err));
	assert_int_equal(listed(x, x->run, &running), 0);
	assert_int_equal(listed(x, other, &running), 1);
	assert_ok(x->h->runs->remove(x->h, other, &x->err));
	drop(x, NAME("runs"));
	end(x);
}

/* Files. */

static void files_are_replaced_whole(void **state)
{
	struct fixture *x = begin(state, "files");
	struct rfa_buf got = RFA_BUF_INIT(1u << 20);
	static const char bytes[] = "a\0b\n\nlast line without end";
	struct rfa_file_stat st;
	struct rfa_error *err = &x->err;
	char path[512];

	snprintf(path, sizeof(path), "%s/file", x->world->dir);
	assert_ok(x->h->files->remove(x->h, path, err));
	assert_ok(x->h->files->stat(x->h, path, &st, err));
	assert_int_equal(st.type, 0);
	assert_fails(NOTFOUND, x->h->files->read(x->h, path, 100, &got, err));
	assert_ok(x->h->files->write(x->h, path, 0640, bytes, sizeof(bytes), err));
	assert_ok(x->h->files->stat(x->h, path, &st, err));
	assert_int_equal(st.type, 'f');
	assert_int_equal(st.mode, 0640);
	assert_int_equal(st.size, sizeof(bytes));
	assert_true(st.mtime_s > 0);
	assert_ok(x->h->files->read(x->h, path, sizeof(bytes), &got, err));
	assert_int_equal(got.len, sizeof(bytes));
	assert_memory_equal(got.data, bytes, sizeof(bytes));
	assert_fails(TOOBIG, x->h->files->read(x->h, path, sizeof(bytes) - 1, &got, err));
	/* The mode of what is there is kept. */
	assert_ok(x->h->files->write(x->h, path, 0600, "", 0, err));
	assert_ok(x->h->files->stat(x->h, path, &st, err));
	assert_int_equal(st.mode, 0640);
	assert_int_equal(st.size, 0);
	rfa_buf_clear(&got);
	assert_ok(x->h->files->read(x->h, path, 0, &got, err));
	assert_int_equal(got.len, 0);
	assert_ok(x->h->files->remove(x->h, path, err));
	assert_ok(x->h->files->remove(x->h, path, err));
	snprintf(path, sizeof(path), "%s/is-not/there", x->world->dir);
	assert_fails(NOTFOUND, x->h->files->write(x->h, path, 0600, "x", 1, err));
	snprintf(path, sizeof(path), "%s/keep/%s/deep", x->h->state_dir, x->world->tag);
	assert_ok(x->h->files->write(x->h, path, 0600, "x", 1, err));
	assert_ok(x->h->files->remove(x->h, path, err));
	assert_ok(x->h->files->stat(x->h, x->world->dir, &st, err));
	assert_int_equal(st.type, 'd');
	rfa_buf_release(&got);
	end(x);
}

static void names_are_only_names(void **state)
{
	struct fixture *x = begin(state, "names");
	static const char *const names[] = {
		"a b",  "-n",    "a'b", "a\"b",    "a;touch hit", "$(touch hit)", "`touch hit`",
		"a\nb", "a\\b",  "*",   "\033[2J", "\xc3\xbc",    "#x",           "a|b",
		"a&b",  "{a,b}", "~"
	};
	struct rfa_buf got = RFA_BUF_INIT(4096);
	struct rfa_file_stat st;
	char path[512];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", x->world->dir, names[i]);
		assert_ok(
		    x->h->files->write(x->h, path, 0600, names[i], strlen(names[i]), &x->err));
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", x->world->dir, names[i]);
		rfa_buf_clear(&got);
		assert_ok(x->h->files->read(x->h, path, 100, &got, &x->err));
		assert_string_equal(rfa_buf_str(&got), names[i]);
		assert_ok(x->h->files->remove(x->h, path, &x->err));
	}
	snprintf(path, sizeof(path), "%s/hit", x->world->dir);
	assert_ok(x->h->files->stat(x->h, path, &st, &x->err));
	assert_int_equal(st.type, 0);
	rfa_buf_release(&got);
	end(x);
}

/* The lock. */

static void the_lock_belongs_to_a_run(void **state)
{
	struct fixture *x = begin(state, "lock");
	json_t *me = json_pack("{s:s, s:s, s:s}", "run", "run-a", "flow", "promote", "user",
			       "\"run\":\"run-b\" it's");
	json_t *you = json_pack("{s:s, s:s}", "run", "run-b", "flow", "promote-data"),
	       *holder = NULL;
	struct rfa_error *err = &x->err, ignored;
	struct rfa_host *other = NULL;
	int rc = x->h->runs->lock_release(x->h, "run-a", &ignored);

	(void)rc;
	assert_ok(x->h->runs->lock_read(x->h, &holder, err));
	assert_null(holder);
	assert_ok(x->h->runs->lock_claim(x->h, me, &holder, err));
	assert_ok(x->h->runs->lock_claim(x->h, me, &holder, err));
	assert_null(holder);
	assert_ok(x->world->open(x->world, 0, &other, err));
	assert_fails(LOCKED, x->h->runs->lock_claim(other, you, &holder, err));
	assert_true(json_equal(holder, me));
	json_decref(holder);
	holder = NULL;
	assert_fails(LOCKED, x->h->runs->lock_release(other, "run-b", err));
	assert_fails(LOCKED, x->h->runs->lock_release(other, "run-", err));
	assert_ok(x->h->runs->lock_read(other, &holder, err));
	assert_true(json_equal(holder, me));
	json_decref(holder);
	holder = NULL;
	assert_ok(x->h->runs->lock_release(other, "run-a", err));
	assert_ok(x->h->runs->lock_release(other, "run-a", err));
	assert_ok(x->h->runs->lock_claim(other, you, &holder, err));
	assert_ok(x->h->runs->lock_release(x->h, "run-b", err));
	rfa_host_free(other);
	json_decref(me);
	json_decref(you);
	end(x);
}

/* What came of a claim: by a pipe, since memory checkers have their own say in exit statuses. */
static void claim_and_tell(struct fixture *x, const char *run, int to)
{
	json_t *who = json_pack("{s:s}", "run", run);
	struct rfa_host *h = NULL;
	json_t *holder = NULL;
	struct rfa_error err;
	int rc = x->world->open(x->world, 0, &h, &err);
	char answer;

	if (rc == 0)
		rc = h->runs->lock_claim(h, who, &holder, &err);
	answer = rc == 0 ? 'w' : rc == -RFA_ELOCKED && holder ? 'l' : '?';
	_exit(write(to, &answer, 1) != 1);
}

static void one_of_many_gets_the_lock(void **state)
{
	struct fixture *x = begin(state, "locks");
	int pipes[8][2];
	int won = -1, i;
	pid_t pids[8];
	char run[16];

	if (!x->world->real_files) { /* a world in memory is not shared by processes */
		end(x);
		skip();
	}
	for (i = 0; i < 8; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		snprintf(run, sizeof(run), "run-%d", i);
		pids[i] = fork();
		if (pids[i] == 0)
			claim_and_tell(x, run, pipes[i][1]);
		close(pipes[i][1]);
	}
	for (i = 0; i < 8; i++) {
		char answer = '?';

		assert_int_equal(read(pipes[i][0], &answer, 1), 1);
		close(pipes[i][0]);
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		assert_int_not_equal(answer, '?');
		if (answer == 'w') {
			assert_int_equal(won, -1);
			won = i;
		}
	}
	assert_true(won >= 0);
	snprintf(run, sizeof(run), "run-%d", won);
	assert_ok(x->h->runs->lock_release(x->h, run, &x->err));
	end(x);
}

static int give(void **state, struct host_world *world)
{
	*state = world;
	return 0;
}

/* cmocka hands a group's setup nothing: the world waits here for it. */
static struct host_world *waiting;

static int setup(void **state)
{
	return give(state, waiting);
}

int host_contract_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(info_tells_what_is_there),
		cmocka_unit_test(disk_answers_for_paths_that_are_not_there),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(lists_hold_inspect_objects),
		cmocka_unit_test(many_are_looked_at_at_once),
		cmocka_unit_test(logs_come_from_both_streams),
		cmocka_unit_test(logs_have_times),
		cmocka_unit_test(a_container_lives_and_goes),
		cmocka_unit_test(create_says_what_is_missing),
		cmocka_unit_test(compose_brings_up_what_is_in_files),
		cmocka_unit_test(compose_finds_its_files),
		cmocka_unit_test(compose_touches_what_it_is_told),
		cmocka_unit_test(a_rich_container_is_what_was_asked),
		cmocka_unit_test(a_finished_job_answers_its_result),
		cmocka_unit_test(a_killed_asker_costs_nothing),
		cmocka_unit_test(many_askers_start_one_job),
		cmocka_unit_test(keys_are_names),
		cmocka_unit_test(tags_come_and_go),
		cmocka_unit_test(sources_are_there_when_they_are_whole),
		cmocka_unit_test(an_export_reads_alike_from_any_offset),
		cmocka_unit_test(export_names_what_is_wrong),
		cmocka_unit_test(an_archive_loads_on_another_engine),
		cmocka_unit_test(the_spool_keeps_what_was_written),
		cmocka_unit_test(runs_are_listed),
		cmocka_unit_test(files_are_replaced_whole),
		cmocka_unit_test(names_are_only_names),
		cmocka_unit_test(the_lock_belongs_to_a_run),
		cmocka_unit_test(one_of_many_gets_the_lock),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}

/* rfa.json: every kind of mistake with its exact words, overlays, defaults, plans, hostile names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config/config.h"
#include "cli/config/schema.h"
#include "fsm/base/suggest.h"
#include "fsm/base/buf.h"
#include "fsm/base/facts.h"

/* Mistakes. */

/* A file that is right, with one part replaced. */
#define ENVS "\"environments\":{\"test\":{\"destination\":\"t\"},\"prod\":{\"destination\":\"p\"}}"
/* The part stands on a line of its own: its first character, a comma, is at 2:1. */
#define SHOP(rest) "\"stacks\":{\"shop\":{\"containers\":[\"web\"]\n" rest "}}"
#define FILE_WITH(rest) "{\"version\":1," ENVS "," SHOP(rest) "}"

/* All problems of a text, as a person sees them: "line:column path: what; hint" each. */
static char *problems_of(const char *text, size_t len)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *root = NULL;

	int rc = rfa_config_parse(&root, text, len, &problems, &err);
	assert_int_equal(rc == 0, problems.n == 0);
	if (rc < 0)
		assert_int_equal(err.code, RFA_ECONFIG);
	for (size_t i = 0; i < problems.n; i++) {
		const struct rfa_problem *p = &problems.items[i];
		rfa_buf_printf(&out, "%s%d:%d %s%s%s%s%s", i ? "\n" : "", p->line, p->column,
			       p->path, p->path[0] ? ": " : "", p->what, p->hint[0] ? "; " : "",
			       p->hint);
	}
	rfa_problems_release(&problems);
	json_decref(root);
	return out.data ? out.data : strdup("");
}

static void expect(const char *text, const char *expected)
{
	char *found = problems_of(text, strlen(text));
	assert_string_equal(found, expected);
	free(found);
}

static void right(void **state)
{
	(void)state;
	expect(FILE_WITH(""), "");
	expect("{\"version\":1,\"environments\":{},\"stacks\":{}}", "");
	expect(FILE_WITH(",\"x-anything\":[1,{\"a\":null}]"), "");
	expect("{\"$schema\":\"s\",\"x-a\":1,\"version\":1,\"environments\":{\"x-b\":2},"
	       "\"stacks\":{\"x-c\":3}}",
	       "");
}

static void syntax(void **state)
{
	(void)state;
	expect("", "1:1 this is not JSON: unexpected token near end of file; the file is empty; "
		   "`rfa init` writes one");
	expect("{\"version\":1,}", "1:14 this is not JSON: string or '}' expected near '}'; remove "
				   "the comma before it");
	expect("{\n\"a\": [1,\n]}",
	       "3:1 this is not JSON: unexpected token near ']'; remove the comma before it");
	expect("{ // why\n}", "1:3 this is not JSON: string or '}' expected near '/'; JSON has no "
			      "comments: use a key that begins with x-");
	expect(
	    "{\"version\":1,\"version\":1}",
	    "1:22 this is not JSON: duplicate object key near '\"version\"'; keep one of the two");
	expect("{\"a\":1", "1:6 this is not JSON: '}' expected near end of file");
	expect("\xef\xbb\xbf{}",
	       "1:1 this is not JSON: invalid token near '\\xef\\xbb\\xbf'; remove "
	       "the byte order mark at the file's beginning");
	/* What is cited from the file reaches no terminal as it is. */
	expect("{\"a\":\x1b[31m}", "1:6 this is not JSON: invalid token near '\\x1b'");
}

static void types(void **state)
{
	(void)state;
	expect("[]", "1:1 expected an object, got a list; for example {\"version\":1}");
	expect(FILE_WITH(",\"keep_images\":\"3\""),
	       "2:2 stacks.shop.keep_images: expected a whole number, got the string \"3\"; write "
	       "it without quotes: \"keep_images\": 3");
	expect(FILE_WITH(",\"keep_images\":2.5"),
	       "2:2 stacks.shop.keep_images: expected a whole number, got the number 2.5; for "
	       "example \"keep_images\": 3");
	expect(FILE_WITH(",\"gates\":{\"allow_latest\":\"yes\"}"),
	       "2:11 stacks.shop.gates.allow_latest: expected true or false, got the string "
	       "\"yes\"; for example \"allow_latest\": true");
	expect(FILE_WITH(",\"keep_running\":\"portainer\""),
	       "2:2 stacks.shop.keep_running: expected a list, got the string \"portainer\"; put "
	       "it into a list: \"keep_running\": [\"portainer\"]");
	expect(FILE_WITH(",\"health\":[null]"),
	       "2:12 stacks.shop.health[0]: expected an object, got null; for example "
	       "{\"url\":\"http://127.0.0.1:8001/health\"}");
	expect(FILE_WITH(",\"bootstrap\":{\"containers\":{\"web\":true}}"),
	       "2:29 stacks.shop.bootstrap.containers.web: expected an object, got true; for "
	       "example {\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"unless-stopped\"}}}");
	expect("{\"version\":1,\"environments\":[],\"stacks\":\"x\"}",
	       "1:14 environments: expected an object, got a list; for example \"environments\": "
	       "{\"prod\":{\"destination\":\"root@10.0.0.7\"}}\n"
	       "1:32 stacks: expected an object, got the string \"x\"; for example \"stacks\": "
	       "{\"shop\":{\"containers\":[\"shop-backend\"]}}");
}

static void values(void **state)
{
	(void)state;
	expect("{\"version\":2," ENVS "," SHOP("") "}",
	       "1:2 version: expected 1, got 2; for example \"version\": 1");
	expect(FILE_WITH(",\"health\":[{\"url\":\"http://a/\",\"status\":999}]"),
	       "2:31 stacks.shop.health[0].status: expected a whole number from 100 to 599, got "
	       "999; for example \"status\": 200");
	expect(FILE_WITH(",\"health\":[{\"url\":\"ftp://a/\"}]"),
	       "2:13 stacks.shop.health[0].url: expected a URL that begins with http:// or "
	       "https://, without ${NAME} in its host, got the string \"ftp://a/\"; for example "
	       "\"url\": \"http://127.0.0.1:8001/health\"");
	expect(FILE_WITH(",\"health\":[{\"url\":\"http://${A}/\"}]"),
	       "2:13 stacks.shop.health[0].url: expected a URL that begins with http:// or "
	       "https://, without ${NAME} in its host, got the string \"http://${A}/\"; for "
	       "example \"url\": \"http://127.0.0.1:8001/health\"");
	expect(FILE_WITH(",\"health\":[{\"url\":\"https://me:${A}@b:8/c?d=${E}&f=${G}\"}]"), "");
	expect(FILE_WITH(",\"compose\":{\"project\":\"Shop\",\"directory\":\"srv\"}"),
	       "2:13 stacks.shop.compose.project: expected a Compose project's name: small "
	       "letters, digits, - and _, got the string \"Shop\"; for example \"project\": "
	       "\"shop\"\n"
	       "2:30 stacks.shop.compose.directory: expected an absolute path without . or .. in "
	       "it, got the string \"srv\"; for example \"directory\": \"/srv/stacks/shop\"");
	expect(FILE_WITH(",\"keep_running\":[\"a\",\"b\",\"a\"]"),
	       "2:26 stacks.shop.keep_running[2]: named twice in this list; remove one");
	expect(
	    "{\"version\":1,\"environments\":{\"t\":{\"transport\":\"sssh\",\"destination\":"
	    "\"-oProxyCommand=x\"}},\"stacks\":{},\"secrets\":[\"a b\"]}",
	    "1:35 environments.t.transport: expected one of \"ssh\", \"local\", got \"sssh\"; did "
	    "you mean \"ssh\"?\n"
	    "1:54 environments.t.destination: expected what you would give to ssh: a host, "
	    "user@host or ssh://user@host:port, got the string \"-oProxyCommand=x\"; for example "
	    "\"destination\": \"root@10.0.0.7\"\n"
	    "1:112 secrets[0]: expected the name of an environment variable (never its value), "
	    "got the string \"a b\"; for example \"DB_PASSWORD\"");
	expect(FILE_WITH(",\"bootstrap\":{\"containers\":{\"web\":{\"Image\":\"a\"}}}"),
	       "2:29 stacks.shop.bootstrap.containers.web: \"Image\" does not belong here; remove "
	       "it: the image is the one that is deployed");
}

static void keys(void **state)
{
	(void)state;
	expect(FILE_WITH(",\"health\":[{\"urll\":\"http://a/\"}]"),
	       "2:12 stacks.shop.health[0]: \"url\" is missing: as seen from the host itself; "
	       "${NAME} stands for a secret; add for example \"url\": "
	       "\"http://127.0.0.1:8001/health\"\n"
	       "2:13 stacks.shop.health[0].urll: there is no such key; did you mean \"url\"?");
	expect(FILE_WITH(",\"gates\":{\"qqqqq\":1}"),
	       "2:11 stacks.shop.gates.qqqqq: there is no such key; keys here: disk_free_percent, "
	       "require_verified, verified_in, soak_h, allow_latest, allow_compose_changes, "
	       "allow_published, "
	       "backup_h, refuse_drift, migration_tried, off, proven_drill_days, "
	       "standby_drill_days (and x-… "
	       "for your own)");
	expect(
	    "{\"stacks\":{\"a\":{}}}",
	    "1:1 \"version\" is missing: the format of this file; add for example \"version\": 1\n"
	    "1:1 \"environments\" is missing: the hosts; add for example \"environments\": "
	    "{\"prod\":{\"destination\":\"root@10.0.0.7\"}}\n"
	    "1:12 stacks.a: one of \"containers\", \"compose\" is needed; add for example "
	    "{\"containers\":[\"shop-backend\"]}");
	expect("{\"version\":1,\"environments\":{\"a\":{},\"b\":{\"transport\":\"local\"}},"
	       "\"stacks\":{}}",
	       "1:30 environments.a: \"destination\" is missing: the host, as ssh takes it; your "
	       "ssh_config holds for it; add for example \"destination\": \"root@10.0.0.7\"");
}

static void names(void **state)
{
	(void)state;
	expect(
	    "{\"version\":1,\"environments\":{\"a.lock\":{\"destination\":\"h\"}},\"stacks\":{}}",
	    "1:30 environments[\"a.lock\"]: expected a name of letters, digits, - and _, at most "
	    "63 characters as the key");
	expect("{\"version\":1,\"environments\":{\"\\u001b[2Jx\":{},\"\":{},\"../x\":{}},"
	       "\"stacks\":{}}",
	       "1:30 environments[\"\\x1b[2Jx\"]: expected a name of letters, digits, - and _, at "
	       "most 63 characters as the key\n"
	       "1:46 environments[\"\"]: expected a name of letters, digits, - and _, at most 63 "
	       "characters as the key\n"
	       "1:52 environments[\"../x\"]: expected a name of letters, digits, - and _, at most "
	       "63 characters as the key");
	expect(FILE_WITH(",\"keep_running\":[\"a\\nb\"]"),
	       "2:18 stacks.shop.keep_running[0]: a control character in the string \"a\\nb\"; "
	       "remove it");
	expect(FILE_WITH(",\"environments\":{\"prodd\":{\"environments\":{}}}"),
	       "2:18 stacks.shop.environments.prodd: there is no such environment; did you mean "
	       "\"prod\"?\n"
	       "2:27 stacks.shop.environments.prodd.environments: there is no such key; keys here: "
	       "containers, compose, base_url, bootstrap, build, deploy, source, window, watch, "
	       "variables, "
	       "health, checks, "
	       "health_deadline_s, health_interval_s, health_settle_s, gates, data, init, backup, "
	       "hooks, migrate, traffic, "
	       "checklist, keep_images, "
	       "keep_running "
	       "(and x-… for "
	       "your own)");
	expect(FILE_WITH(",\"bootstrap\":{\"containers\":{\"other\":{}}}"),
	       "2:29 stacks.shop.bootstrap.containers.other: the stack does not list this "
	       "container; add it to \"containers\" of the stack");
	expect(FILE_WITH(",\"build\":{\"on\":\"tst\",\"images\":{\"wbe\":{\"image\":\"a:1\","
			 "\"context\":\".\"},\"web\":{\"image\":\"shop/web\",\"context\":\".\","
			 "\"dockerfile\":\"/etc/D\",\"platform\":\"amd64\"}}}"),
	       "2:11 stacks.shop.build.on: there is no such environment; did you mean \"test\"?\n"
	       "2:32 stacks.shop.build.images.wbe: the stack does not list this container; add it "
	       "to \"containers\" of the stack\n"
	       "2:39 stacks.shop.build.images.wbe.image: expected the name of an image, without a "
	       "tag, got the string \"a:1\"; for example \"image\": \"shop/backend\"\n"
	       "2:108 stacks.shop.build.images.web.dockerfile: expected a path in the context, got "
	       "the string \"/etc/D\"; for example \"dockerfile\": \"docker/Dockerfile\"\n"
	       "2:130 stacks.shop.build.images.web.platform: expected a platform: linux/amd64, got "
	       "the string \"amd64\"; for example \"platform\": \"linux/amd64\"");
}

/* What comes from registries, and where it has to be proven. */
static void deploys(void **state)
{
	(void)state;
	expect(FILE_WITH(",\"deploy\":{\"via\":\"prd\",\"images\":{\"web\":\"shop/web:1\"}},"
			 "\"gates\":{\"verified_in\":[\"tst\"]}"),
	       "2:12 stacks.shop.deploy.via: there is no such environment; did you mean "
	       "\"prod\"?\n"
	       "2:34 stacks.shop.deploy.images.web: expected the name of an image, without a tag, "
	       "got the string \"shop/web:1\"; for example "
	       "\"registry.example:5000/shop/web\"\n"
	       "2:79 stacks.shop.gates.verified_in[0]: there is no such environment; did you mean "
	       "\"test\"?");
}

/* The files of SQL with which a database begins run in one. */
static void inits(void **state)
{
	(void)state;
	expect(FILE_WITH(",\"init\":{\"postgres\":{\"container\":\"a\",\"database\":\"b\"},"
			 "\"mysql\":{\"container\":\"a\",\"database\":\"b\"}}"),
	       "2:2 stacks.shop.init: it has both postgres and mysql; leave one of them out: "
	       "the files of SQL run in one database");
}

/* Lines are counted from 1, columns where the key stands. */
static void places(void **state)
{
	(void)state;
	expect(
	    "{\n  \"version\": 1,\n  \"environments\": {\n    \"a\": { \"destination\": \"h\" }\n"
	    "  },\n  \"stacks\": {\n    \"s\": { \"containers\": [ \"a\",\n      5 ],\n\t\"kep"
	    "_images\": 1 }\n  }\n}\n",
	    "8:7 stacks.s.containers[1]: expected a string, got the number 5; for example "
	    "\"shop-backend\"\n"
	    "9:2 stacks.s.kep_images: there is no such key; did you mean \"keep_images\"?");
	/* A key that is written with escapes is the same key. */
	expect(
	    "{\"version\":1,\"environments\":{},\"st\\u0061cks\":{},\n\"timeouts\":{\"idle_s\":0}}",
	    "2:13 timeouts.idle_s: expected a whole number from 1 to 86400, got 0; for example "
	    "\"idle_s\": 30");
}

/* A file of nothing but mistakes is told as far as a person reads, and counted. */
static void too_many(void **state)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *root = NULL;
	(void)state;

	rfa_buf_puts(&text, "{\"version\":1,\"environments\":{},\"stacks\":{}");
	for (int i = 0; i < 250; i++)
		rfa_buf_printf(&text, ",\"k%d\":1", i);
	rfa_buf_puts(&text, "}");
	assert_int_equal(rfa_config_parse(&root, text.data, text.len, &problems, &err),
			 -(int)RFA_ECONFIG);
	assert_int_equal(problems.n, 100);
	assert_int_equal(problems.more, 150);
	assert_string_equal(err.msg, "250 problems in the configuration");
	rfa_problems_release(&problems);
	rfa_buf_release(&text);
}

/* Whatever byte is broken, there is an answer, and no crash. */
static void mangled(void **state)
{
	static const char whole[] =
	    FILE_WITH(",\"health\":[{\"url\":\"http://a/\"}],\"environments\":{\"prod\":{"
		      "\"keep_images\":5}},\"bootstrap\":{\"containers\":{\"web\":{}}}");
	static const char put[] = "\"{}[],:\\x0\n\x80";
	(void)state;

	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		char text[sizeof(whole)];
		memcpy(text, whole, sizeof(whole));
		free(problems_of(text, i)); /* cut here */
		for (size_t j = 0; j < sizeof(put); j++) {
			text[i] = put[j];
			free(problems_of(text, sizeof(whole) - 1));
		}
	}
}

/* Files. */

/* A folder of its own; removed by drop(). */
static int make(void **state)
{
	char path[] = "/tmp/rfa-config-XXXXXX";
	*state = mkdtemp(path) ? strdup(path) : NULL;
	return *state ? 0 : -1;
}

static int drop(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	free(*state);
	return system(command) == 0 ? 0 : -1;
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct rfa_config *load(const char *folder, const char *text)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_config *config = NULL;
	struct rfa_error err;
	char path[256];

	put(folder, "rfa.json", text);
	snprintf(path, sizeof(path), "%s/rfa.json", folder);
	int rc = rfa_config_load(&config, path, &problems, &err);
	if (rc < 0)
		print_message("%s: %s\n", err.msg, problems.n ? problems.items[0].what : "");
	assert_int_equal(rc, 0);
	return config;
}

static void found(void **state)
{
	char below[256], *path = NULL;
	struct rfa_error err;

	snprintf(below, sizeof(below), "%s/a", (char *)*state);
	assert_int_equal(mkdir(below, 0755), 0);
	assert_int_equal(rfa_config_find(below, &path, &err), -(int)RFA_ENOTFOUND);
	put(*state, "rfa.json", "{}");
	assert_int_equal(rfa_config_find(below, &path, &err), 0);
	snprintf(below, sizeof(below), "%s/rfa.json", (char *)*state);
	assert_string_equal(path, below);
	free(path);
}

static void paths(void **state)
{
	char expected[256];
	struct rfa_config *config = load(*state, FILE_WITH(""));
	snprintf(expected, sizeof(expected), "%s/.rfa/ledger", (char *)*state);
	assert_string_equal(config->ledger, expected);
	rfa_config_free(config);

	config = load(*state, "{\"version\":1,\"ledger\":\"/var/l\",\"environments\":{\"a\":{"
			      "\"destination\":\"h\",\"ssh_config\":\"sub/ssh\"}},\"stacks\":{}}");
	assert_string_equal(config->ledger, "/var/l");
	snprintf(expected, sizeof(expected), "%s/sub/ssh", (char *)*state);
	assert_string_equal(rfa_facts_str(config->root, "environments/a/ssh_config", ""), expected);
	rfa_config_free(config);

	setenv("HOME", "/h/olga", 1);
	config = load(*state, "{\"version\":1,\"ledger\":\"~/l\",\"environments\":{},"
			      "\"stacks\":{}}");
	assert_string_equal(config->ledger, "/h/olga/l");
	rfa_config_free(config);
}

static void missing_file(void **state)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_config *config = NULL;
	struct rfa_error err;
	(void)state;
	assert_int_equal(rfa_config_load(&config, "/nowhere/rfa.json", &problems, &err),
			 -(int)RFA_ENOTFOUND);
	assert_string_equal(err.msg, "there is no file /nowhere/rfa.json");
	assert_int_equal(rfa_config_load(&config, "/tmp", &problems, &err), -(int)RFA_EIO);
}

static void secrets(void **state)
{
	setenv("RFA_TEST_SECRET", "hunter2hunter2", 1);
	unsetenv("RFA_TEST_UNSET");
	struct rfa_config *config =
	    load(*state, "{\"version\":1,\"environments\":{},\"stacks\":{},\"secrets\":["
			 "\"RFA_TEST_UNSET\",\"RFA_TEST_SECRET\"]}");
	assert_string_equal(config->secrets.values[0], "hunter2hunter2");
	assert_null(config->secrets.values[1]);
	rfa_config_free(config);
}

/* Resolving. */

static const char layered[] =
    "{\"version\":1,\"environments\":{"
    "\"test\":{\"destination\":\"root@10.0.0.8\"},"
    "\"prod\":{\"destination\":\"ssh://root@[2001:db8::7]:2222\",\"address\":\"shop.example\","
    "\"own_addresses\":[\"www.shop.example\"],\"docker\":\"sudo docker\",\"x-rack\":7},"
    "\"here\":{\"transport\":\"local\"}},"
    "\"stacks\":{\"shop\":{"
    "\"containers\":[\"web\",\"api\"],"
    "\"health\":[{\"url\":\"http://127.0.0.1/a\"},{\"url\":\"http://127.0.0.1/b\"}],"
    "\"gates\":{\"disk_free_percent\":30},"
    "\"x-note\":\"mine\","
    "\"environments\":{\"prod\":{"
    "\"health\":[{\"url\":\"https://127.0.0.1/c\",\"insecure_tls\":true}],"
    "\"gates\":{\"require_verified\":true},"
    "\"x-why\":\"audit\"}}}},"
    "\"timeouts\":{\"idle_s\":7}}";

static json_t *side_of(const struct rfa_config *config, const char *env)
{
	struct rfa_error err;
	json_t *side = NULL;
	int rc = rfa_config_side(config, env, "shop", &side, &err);
	if (rc < 0)
		print_message("%s\n", err.msg);
	assert_int_equal(rc, 0);
	return side;
}

static char *text_of(const json_t *value)
{
	return json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
}

static void overlay(void **state)
{
	struct rfa_config *config = load(*state, layered);
	json_t *side = side_of(config, "prod");
	char *text = text_of(side);

	/* Objects are merged, lists replaced, defaults filled in, private keys gone. */
	assert_string_equal(
	    text,
	    "{\"address\":\"shop.example\",\"destination\":\"ssh://root@[2001:db8::7]:2222\","
	    "\"docker\":\"sudo docker\",\"env\":\"prod\",\"own_addresses\":[\"www.shop.example\"],"
	    "\"ssh_config\":\"\",\"stack\":{\"checklist\":[],\"checks\":[{\"insecure_tls\":true,"
	    "\"name\":"
	    "\"https://127.0.0.1/c\",\"status\":\"200\",\"timeout_s\":5,\"url\":"
	    "\"https://127.0.0.1/c\"}],"
	    "\"containers\":[\"web\",\"api\"],"
	    "\"gates\":{\"allow_compose_changes\":false,\"allow_latest\":false,\"allow_published\":"
	    "false,\"backup_h\":0,"
	    "\"disk_free_"
	    "percent\":30,"
	    "\"migration_tried\":false,\"off\":[],\"proven_drill_days\":0,\"refuse_drift\":false,"
	    "\"require_verified\":true,"
	    "\"soak_h\":0,\"standby_drill_days\":0,\"verified_in\":[]},"
	    "\"health_deadline_s\":60,\"health_interval_s\":1,\"health_settle_s\":5,"
	    "\"keep_images\":3,\"keep_running\":[]},\"state_dir\":\"/var/lib/rfa\","
	    "\"transport\":\"ssh\"}");
	free(text);
	json_decref(side);

	/* The other environment is as it was written: nothing leaks through the merge. */
	side = side_of(config, "test");
	assert_int_equal(json_array_size(rfa_facts_at(side, "stack/checks")), 2);
	assert_int_equal(rfa_facts_bool(side, "stack/gates/require_verified", 7), 0);
	json_decref(side);
	rfa_config_free(config);
}

static void addresses(void **state)
{
	static const struct {
		const char *destination, *address;
	} cases[] = {
		{ "10.0.0.8", "10.0.0.8" },
		{ "root@10.0.0.8", "10.0.0.8" },
		{ "a@b@host", "host" },
		{ "ssh://root@h:2222", "h" },
		{ "ssh://h/", "h" },
		{ "ssh://root@[2001:db8::7]:22", "2001:db8::7" },
		{ "2001:db8::7", "2001:db8::7" },
		{ "prod", "prod" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		snprintf(text, sizeof(text),
			 "{\"version\":1,\"environments\":{\"a\":{\"destination\":\"%s\"}},"
			 "\"stacks\":{\"shop\":{\"containers\":[\"web\"]}}}",
			 cases[i].destination);
		struct rfa_config *config = load(*state, text);
		json_t *side = side_of(config, "a");
		assert_string_equal(rfa_facts_str(side, "address", ""), cases[i].address);
		json_decref(side);
		rfa_config_free(config);
	}
}

static void wrong_names(void **state)
{
	struct rfa_config *config = load(*state, layered);
	struct rfa_error err;

	assert_int_equal(rfa_config_has_stack(config, "shpo", &err), -(int)RFA_ENOTFOUND);
	assert_string_equal(err.msg, "rfa.json has no stack \"shpo\"");
	assert_string_equal(err.hint, "did you mean \"shop\"?");
	assert_int_equal(rfa_config_has_env(config, "moon", &err), -(int)RFA_ENOTFOUND);
	assert_string_equal(err.hint, "there is: test, prod, here");
	assert_int_equal(rfa_config_has_env(config, "\x1b[31mprod", &err), -(int)RFA_ENOTFOUND);
	assert_string_equal(err.msg, "rfa.json has no environment \"\\x1b[31mprod\"");
	assert_int_equal(rfa_config_has_stack(config, "x-note", &err), -(int)RFA_ENOTFOUND);
	rfa_config_free(config);
}

/* Each overlay is right by itself; only the whole shows what is missing. */
static void half_stack(void **state)
{
	struct rfa_config *config =
	    load(*state, FILE_WITH(",\"environments\":{\"prod\":{\"containers\":[]},\"test\":{"
				   "\"compose\":{\"project\":\"shop\"}}}"));
	struct rfa_error err;
	json_t *side = NULL;

	assert_int_equal(rfa_config_side(config, "prod", "shop", &side, &err), -(int)RFA_ECONFIG);
	assert_string_equal(err.msg, "the stack has neither containers nor compose in \"prod\"");
	assert_int_equal(rfa_config_side(config, "test", "shop", &side, &err), -(int)RFA_ECONFIG);
	assert_string_equal(err.msg,
			    "the stack is not whole in \"test\": compose: \"directory\" is "
			    "missing: the project's directory on the host");
	assert_null(side);
	rfa_config_free(config);
}

/* The table. */

/* Every default and every example must itself be right, or an advice misleads. */
static void check_row(const struct rfa_key *key, int depth)
{
	assert_non_null(key->help);
	assert_true(depth < 8);
	if (key->example) {
		json_t *example = json_loads(key->example, JSON_DECODE_ANY, NULL);
		assert_non_null(example);
		if (key->type == RFA_TYPE_STRING && key->format)
			assert_true(rfa_schema_fits(key->format, json_string_value(example)));
		if (key->type == RFA_TYPE_INTEGER)
			assert_true(json_integer_value(example) >= key->min &&
				    json_integer_value(example) <= key->max);
		json_decref(example);
	} else {
		print_message("%s has no example\n", key->name);
		fail();
	}
	if (key->fallback) {
		json_t *fallback = json_loads(key->fallback, JSON_DECODE_ANY, NULL);
		assert_non_null(fallback);
		json_decref(fallback);
	}
	if (key->flags & RFA_KEY_OVERLAY)
		return; /* the same rows again */
	if (key->type == RFA_TYPE_OBJECT) {
		for (const struct rfa_key *row = key->inside; row->name; row++)
			check_row(row, depth + 1);
	} else if (key->type == RFA_TYPE_MAP || key->type == RFA_TYPE_ARRAY) {
		check_row(key->inside, depth + 1);
	}
}

static void table(void **state)
{
	(void)state;
	check_row(&rfa_schema_root, 0);
}

static void distance(void **state)
{
	(void)state;
	assert_int_equal(rfa_suggest_distance("", ""), 0);
	assert_int_equal(rfa_suggest_distance("abc", ""), 3);
	assert_int_equal(rfa_suggest_distance("promtoe", "promote"), 1); /* a swap is one slip */
	assert_int_equal(rfa_suggest_distance("kitten", "sitting"), 3);

	struct rfa_suggestion s = { "zzz", NULL, 0 };
	rfa_suggest_offer(&s, "promote");
	assert_null(s.best);
	struct rfa_suggestion t = { "stat", NULL, 0 };
	rfa_suggest_offer(&t, "start-all");
	rfa_suggest_offer(&t, "status");
	assert_string_equal(t.best, "status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right),
		cmocka_unit_test(syntax),
		cmocka_unit_test(types),
		cmocka_unit_test(values),
		cmocka_unit_test(keys),
		cmocka_unit_test(names),
		cmocka_unit_test(deploys),
		cmocka_unit_test(inits),
		cmocka_unit_test(places),
		cmocka_unit_test(too_many),
		cmocka_unit_test(mangled),
		cmocka_unit_test_setup_teardown(found, make, drop),
		cmocka_unit_test_setup_teardown(paths, make, drop),
		cmocka_unit_test(missing_file),
		cmocka_unit_test_setup_teardown(secrets, make, drop),
		cmocka_unit_test_setup_teardown(overlay, make, drop),
		cmocka_unit_test_setup_teardown(addresses, make, drop),
		cmocka_unit_test_setup_teardown(wrong_names, make, drop),
		cmocka_unit_test_setup_teardown(half_stack, make, drop),
		cmocka_unit_test(table),
		cmocka_unit_test(distance),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

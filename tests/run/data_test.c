/*
 * A run about data, from its gates to its way back: what it does in which order, what it leaves in
 * the ledger, and what becomes of it when somebody or something is in the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/served.h"
#include "tests/harness/watcher.h"

#define AUTH "/opt/app/data/auth.db"
#define FILES "/srv/stacks/shop/files"

struct bench {
	struct world w;
	struct watcher x;
	json_t *before; /* what served on both hosts */
	struct rfa_run_result result;
	struct rfa_error err;
};

static void bench_begin(struct bench *b)
{
	/* Containers with a health check have had the time to pass it. */
	b->w.options.clock->sleep_ms(b->w.options.clock, 60000);
	watcher_begin(&b->x, &b->w);
	b->before = world_data_serves(&b->w);
}

static void bench_open(struct bench *b, enum scenario s)
{
	memset(b, 0, sizeof(*b));
	world_make(&b->w, s, 7);
	bench_begin(b);
}

static void bench_open_edited(struct bench *b, enum scenario s, const struct world_edit *edits)
{
	memset(b, 0, sizeof(*b));
	world_make_edited(&b->w, s, 7, world_edit_all, (void *)(uintptr_t)edits);
	bench_begin(b);
}

static void bench_close(struct bench *b)
{
	json_decref(b->before);
	watcher_end(&b->x);
	world_free(&b->w);
}

static int begin(struct bench *b)
{
	return rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

static void assert_told(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static void assert_clean(struct bench *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	(void)world_is_clean(&b->w, &text);
	if (text.len)
		fail_msg("%s: %s", b->result.run, rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static void assert_as_before(struct bench *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *now = world_data_serves(&b->w);

	rfa_sim_diff(b->before, now, &text);
	if (text.len)
		fail_msg("%s: %s", b->result.run, rfa_buf_str(&text));
	json_decref(now);
	rfa_buf_release(&text);
	assert_clean(b);
}

static void assert_data(struct bench *b, const char *env, const char *origin)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);

	if (!world_data_is(&b->w, env, origin, &text))
		fail_msg("%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static json_t *ledger_json(struct bench *b, const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *json;

	if (rfa_ledger_read(b->w.ledger, path, &text, &err))
		fail_msg("%s: %s", path, err.msg);
	json = json_loads(rfa_buf_str(&text), 0, NULL);
	assert_non_null(json);
	rfa_buf_release(&text);
	return json;
}

/* ---- a run that succeeds ----------------------------------------------------------------------
 */

/* The calls of one kind on one host, in their order: "a b c ". */
static void order_of(struct bench *b, const char *host, const char *op, struct rfa_buf *out)
{
	json_t *containers = rfa_facts_at(b->before, host);
	const char *at = rfa_sim_trace(b->w.sim);
	char want[64];

	snprintf(want, sizeof(want), " %s %s ", host, op);
	while (*at) {
		size_t len = strcspn(at, "\n");
		char line[512];
		const char *hit;
		const char *name;
		json_t *one;

		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
		hit = strstr(line, want);
		if (!hit)
			continue;
		json_object_foreach (json_object_get(containers, "containers"), name, one) {
			if (!strncmp(hit + strlen(want), rfa_facts_str(one, "id", "-"), 64))
				rfa_buf_printf(out, "%s ", name);
		}
	}
}

static void assert_order(struct bench *b, const char *host, const char *op, const char *want)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);

	order_of(b, host, op, &text);
	assert_string_equal(rfa_buf_str(&text), want);
	rfa_buf_release(&text);
}

static void test_success(void **state)
{
	struct bench b;
	json_t *data;
	json_t *point;
	json_t *old;
	char path[200];

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(begin(&b), 0);
	assert_data(&b, "prod", "test");
	assert_data(&b, "test", "test");
	assert_clean(&b);
	/* Dependents first, and the other way round; the exporter keeps running. */
	assert_order(&b, "test", "container_stop", "frontend backend shop-web-1 shop-es-1 ");
	assert_order(&b, "test", "container_start", "shop-es-1 shop-web-1 backend frontend ");
	assert_order(&b, "prod", "container_stop", "frontend backend shop-web-1 shop-es-1 ");
	assert_order(&b, "prod", "container_start", "shop-es-1 shop-web-1 backend frontend ");
	assert_told(rfa_buf_str(&b.x.all), "shop-web-1 waits until shop-es-1 is healthy");

	snprintf(path, sizeof(path), "data-%.15s", b.result.run);
	assert_string_equal(b.result.version, path);
	assert_string_equal(b.result.point, path);
	data = ledger_json(&b, "data/prod/app.json");
	assert_string_equal(rfa_facts_str(data, "generation", ""), b.result.run);
	assert_string_equal(rfa_facts_str(data, "from", ""), "test");
	assert_string_equal(rfa_facts_str(data, "members/0/name", ""), "auth");
	assert_int_equal(strlen(rfa_facts_str(data, "members/2/sha256", "")), 64);
	assert_true(rfa_facts_int(data, "members/1/bytes", 0) > 90000);
	json_decref(data);
	snprintf(path, sizeof(path), "points/prod/app/%s.json", b.result.point);
	point = ledger_json(&b, path);
	assert_string_equal(rfa_facts_str(point, "kind", ""), "data");
	assert_string_equal(rfa_facts_str(point, "name", ""), b.result.point);
	assert_string_equal(rfa_facts_str(point, "version", ""), b.result.point);
	assert_string_equal(rfa_facts_str(point, "members/0/kind", ""), "sqlite");
	assert_string_equal(rfa_facts_str(point, "members/0/place", ""), AUTH);
	snprintf(path, sizeof(path), "/opt/app/data/.rfa-%s.auth.db.old", b.result.run);
	assert_string_equal(rfa_facts_str(point, "members/0/copy", ""), path);
	/* What was replaced is there, as it was when it stopped. */
	old = rfa_sim_tree_content(b.w.prod, path);
	assert_string_equal(rfa_facts_str(old, "origin", ""), "prod");
	assert_false(rfa_facts_bool(old, "torn", 1));
	json_decref(old);
	json_decref(point);
	bench_close(&b);
}

/* Only the value changes; how it is written around it came with the data. */
static void test_base_url(void **state)
{
	static const char text[] = "{\n  \"of\": \"test\",\n  \"base_url\" : "
				   "\"http://10.88.0.12:80/\",\n  \"z\": 1\n}\n";
	struct rfa_buf now = RFA_BUF_INIT(4096);
	struct bench b;
	json_t *plan;

	(void)state;
	memset(&b, 0, sizeof(b));
	world_make_one_writer(&b.w, SCENARIO_DATA, 1);
	bench_begin(&b);
	assert_int_equal(begin(&b), 0);
	world_guarded_text(&b.w, &now);
	assert_string_equal(rfa_buf_str(&now), text);
	assert_true(world_is_one_moment(&b.w, "prod", &now));

	rfa_buf_clear(&now);
	plan = world_rollback_plan(&b.w);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
	world_guarded_text(&b.w, &now);
	assert_string_equal(rfa_buf_str(&now),
			    "{\"base_url\":\"http://10.88.0.12:80/\",\"of\":\"prod\"}");
	assert_as_before(&b);
	json_decref(plan);
	rfa_buf_release(&now);
	bench_close(&b);
}

/* What did not run before is not started, and not missed. */
static void test_stopped(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA_STOPPED);
	assert_int_equal(begin(&b), 0);
	assert_data(&b, "prod", "test");
	assert_order(&b, "prod", "container_start", "shop-es-1 shop-web-1 backend ");
	assert_order(&b, "test", "container_start", "shop-es-1 shop-web-1 backend frontend ");
	bench_close(&b);
}

/* ---- going back -------------------------------------------------------------------------------
 */

static void test_rollback_data(void **state)
{
	struct bench b;
	char point[128];
	json_t *plan;
	json_t *again;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(begin(&b), 0);
	snprintf(point, sizeof(point), "%s", b.result.point);
	plan = world_rollback_plan(&b.w);
	b.w.options.clock->sleep_ms(b.w.options.clock, 3600000);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
	assert_data(&b, "prod", "prod");
	assert_as_before(&b);
	assert_string_not_equal(b.result.point, point);

	/* The point that was gone back to is used up; the one that this made is not. */
	again = world_rollback_plan(&b.w);
	watcher_clear(&b.x);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_EREFUSED);
	assert_told(b.err.msg, "3 reasons to refuse");
	assert_told(b.err.msg, "is no longer on prod");
	assert_told(b.err.where, "gate 'rollback point'");
	assert_as_before(&b);
	assert_int_equal(rfa_run_begin(&b.w.options, again, &b.result, &b.err), 0);
	assert_data(&b, "prod", "test");
	json_decref(plan);
	json_decref(again);
	bench_close(&b);
}

static void test_moved_member(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(begin(&b), 0);
	plan = world_rollback_plan(&b.w);
	json_object_set_new(rfa_facts_at(plan, "point/members/2"), "place",
			    json_string("/srv/elsewhere"));
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_EREFUSED);
	assert_told(b.err.msg, "files of the rollback point lived at /srv/elsewhere");
	json_decref(plan);
	bench_close(&b);
}

/* ---- the gates --------------------------------------------------------------------------------
 */

enum { TOLD = 4 };

struct gate_case {
	const char *gate; /* that refuses, and no other; NULL: none does */
	struct world_edit edits[WORLD_EDITS];
	const char *told[TOLD];
};

#define FROM "source|stack|data|"
#define TO "target|stack|data|"
#define HOST_CONFIG(host, n) "hosts|" host "|containers|" n "|body|HostConfig|"
#define CONFIG(host) "hosts|" host "|files|/opt/app/config.json"
#define FOREIGN(binds)                                                     \
	"{\"name\":\"stranger\",\"body\":{\"Image\":\"node-exporter:v1\"," \
	"\"HostConfig\":{\"Binds\":[\"" binds "\"],\"NetworkMode\":\"host\"}}}"

static const struct gate_case cases[] = {
	{ NULL, { { 0 } }, { 0 } },
	{ "engine",
	  { { "hosts|prod|engine", "\"19.3.1\"" } },
	  { "prod has Docker Engine 19.3.1" } },
	{ "members",
	  { { "hosts|test|trees|" FILES, NULL },
	    { FROM "members|files|directory", "\"/srv/none\"" } },
	  { "there is no directory /srv/none on test (member files)" } },
	{ "members",
	  { { FROM "members|auth|sqlite", "\"/opt/app/data\"" } },
	  { "/opt/app/data on test is no file (member auth)" } },
	{ "members",
	  { { TO "members|files|directory", "\"/no/parent/files\"" } },
	  { "the folder of /no/parent/files does not exist on prod" } },
	{ NULL, { { TO "members|files|directory", "\"/srv/stacks/shop/other\"" } }, { 0 } },
	{ "members",
	  { { FROM "members|es|volume", "\"none\"" } },
	  { "there is no volume none on test (member es)" } },
	{ "members",
	  { { TO "members|es|volume", "\"none\"" } },
	  { "there is no volume none on prod (member es)" } },
	{ "members",
	  { { FROM "members|files|directory", "\"relative/path\"" } },
	  { "relative/path is no plain absolute path" } },
	{ "members",
	  { { FROM "members|files|directory", "\"/srv/../srv/stacks/shop/files\"" } },
	  { "is no plain absolute path" } },
	{ NULL, { { FROM "members|files|directory", "\"" FILES "//\"" } }, { 0 } },
	{ "members",
	  { { FROM "members|more", "{\"directory\":\"/opt/app/data\"}" },
	    { TO "members|more", "{\"directory\":\"/opt/app/data\"}" } },
	  { "the member auth lies in the member more on test",
	    "the member auth lies in the member more on prod" } },
	{ "members",
	  { { FROM "members|more", "{\"directory\":\"/opt/app/data\"}" },
	    { FROM "members|auth", NULL } },
	  { "the member more is on test only", "the member auth is on prod only" } },
	{ "members",
	  { { FROM "members|auth", "{\"directory\":\"/opt/app/data\"}" } },
	  { "the member auth is a directory on test and a sqlite on prod" } },
	{ "members",
	  { { "hosts|prod|trees|" FILES "|mount", "true" } },
	  { "something is mounted on " FILES " on prod" } },
	{ "members",
	  { { FROM "members", "{}" }, { TO "members", "{}" } },
	  { "names no data of this stack for test", "names no data of this stack for prod" } },

	{ "containers",
	  { { HOST_CONFIG("test", "0") "AutoRemove", "true" },
	    { HOST_CONFIG("test", "0") "RestartPolicy", NULL } },
	  { "backend on test is removed as soon as it stops (--rm)" } },

	{ "other users", { { "hosts|prod|containers|9", FOREIGN("/opt/app/data:/d:ro") } }, { 0 } },
	{ "other users",
	  { { "hosts|test|containers|9", FOREIGN(AUTH ":/auth.db:ro") } },
	  { "the container stranger on test has " AUTH " (member auth)" } },
	{ "other users",
	  { { "hosts|prod|containers|9", FOREIGN(FILES "/deep:/f:ro") } },
	  { "the container stranger on prod has " FILES "/deep (member files)" } },
	{ "other users",
	  { { "hosts|prod|containers|9", FOREIGN("shop_esdata:/es:ro") } },
	  { "(member es)" } },
	{ "other users",
	  { { "hosts|prod|containers|9", FOREIGN("/srv/stacks:/s:rw") } },
	  { "has /srv/stacks (member files)" } },
	{ NULL, { { "hosts|prod|containers|9", FOREIGN("/srv/stacks:/s:ro") } }, { 0 } },
	{ NULL, { { "hosts|prod|containers|9", FOREIGN("/srv/stacks/sh:/s:rw") } }, { 0 } },
	{ NULL,
	  { { "hosts|prod|containers|9", FOREIGN("/srv/stacks:/s:rw") },
	    { TO "stop|containers", "[\"stranger\"]" } },
	  { 0 } },

	{ "tools",
	  { { "hosts|test|sqlite", "false" } },
	  { "neither sqlite3 nor python3 is installed on test" } },
	{ NULL, { { "hosts|prod|sqlite", "false" } }, { 0 } },

	{ "disk space",
	  { { "hosts|test|disk_bytes", "100000000" }, { "hosts|test|disk_used", "99700000" } },
	  { "on test has 0." } },
	{ "disk space",
	  { { "hosts|prod|disk_bytes", "100000000" },
	    { "hosts|prod|disk_used", "99600000" },
	    { "target|stack|gates|disk_free_percent", "0" } },
	  { "on prod has 0." } },
	{ "disk space",
	  { { "target|stack|gates|disk_free_percent", "100" } },
	  { "of its space free, less than 100 %" } },

	{ "base URL",
	  { { CONFIG("test"), "\"{\\\"base_url\\\":\\\"http://10.88.0.12/\\\"}\"" } },
	  { "on test is http://10.88.0.12/, which is not test itself" } },
	{ "base URL",
	  { { CONFIG("prod"), "\"{\\\"base_url\\\":\\\"http://10.88.0.11/\\\"}\"" } },
	  { "on prod is http://10.88.0.11/, which is not prod itself" } },
	{ "base URL", { { CONFIG("prod"), "\"\\ufeff{}\"" } }, { "/opt/app/config.json on prod" } },

	{ "proven drill",
	  { { "target|stack|gates|proven_drill_days", "7" } },
	  { "no backup of this stack has been proven" } },
	{ NULL,
	  { { "target|stack|gates|proven_drill_days", "7" },
	    { "options|proven_drill_at", "\"2026-11-20T09:00:00Z\"" } },
	  { 0 } },
};

static int is_told(const struct watcher *x, const char *gate, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach (x->refused, i, one) {
		if (!strcmp(rfa_facts_str(one, "gate", ""), gate) &&
		    strstr(rfa_facts_str(one, "evidence", ""), text) &&
		    *rfa_facts_str(one, "mend", ""))
			return 1;
	}
	return 0;
}

static void judge(const struct gate_case *c)
{
	struct bench b;
	size_t n = 0;
	int rc;

	bench_open_edited(&b, SCENARIO_DATA, c->edits);
	rc = begin(&b);
	if (!c->gate || !c->told[0]) {
		if (rc && c->gate)
			fail_msg("%s: %s", c->gate, b.err.msg);
		if (rc)
			fail_msg("%s: %s (%s)", c->edits[0].where ? c->edits[0].where : "none",
				 b.err.msg, b.err.where);
		bench_close(&b);
		return;
	}
	while (n < TOLD && c->told[n]) {
		if (!is_told(&b.x, c->gate, c->told[n]))
			fail_msg("'%s' is not told by %s: %s", c->told[n], c->gate,
				 json_dumps(b.x.refused, JSON_INDENT(1)));
		n++;
	}
	if (json_array_size(b.x.refused) != n)
		fail_msg("%s: %s", c->told[0], json_dumps(b.x.refused, JSON_INDENT(1)));
	assert_int_equal(rc, -RFA_EREFUSED);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	assert_as_before(&b);
	bench_close(&b);
}

static void test_gates(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		judge(&cases[i]);
}

static void test_all_at_once(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ FROM "members|files|directory", "\"/srv/none\"" },
		{ "hosts|prod|containers|9", FOREIGN("shop_esdata:/es:ro") },
		{ CONFIG("prod"), NULL },
		{ "hosts|test|sqlite", "false" },
	};
	struct bench b;

	(void)state;
	bench_open_edited(&b, SCENARIO_DATA, edits);
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	assert_told(b.err.msg, "4 reasons to refuse");
	assert_true(is_told(&b.x, "members", "/srv/none"));
	assert_true(is_told(&b.x, "other users", "stranger"));
	assert_true(is_told(&b.x, "base URL", "config.json"));
	assert_true(is_told(&b.x, "tools", "sqlite3"));
	assert_as_before(&b);
	bench_close(&b);
}

/* ---- in the way -------------------------------------------------------------------------------
 */

static void test_unhealthy(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA_UNHEALTHY);
	assert_int_equal(begin(&b), -RFA_EROLLED_BACK);
	assert_told(b.err.msg, "answers 500");
	assert_told(rfa_buf_str(&b.x.lines), "step-done target.health-before");
	assert_data(&b, "prod", "prod");
	assert_as_before(&b);
	bench_close(&b);
}

static void test_corrupt(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA_CORRUPT);
	assert_int_equal(begin(&b), -RFA_EROLLED_BACK);
	assert_told(b.err.msg, "the database auth is not whole: ");
	assert_null(strstr(rfa_buf_str(&b.x.lines), "target.stop"));
	assert_as_before(&b);
	bench_close(&b);
}

static void hold_now(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;

	(void)call;
	(void)label;
	/* So late that the proof is made anew. */
	x->w->options.clock->sleep_ms(x->w->options.clock, 60000);
	assert_int_equal(rfa_sim_tree_hold(x->user, FILES, "rsync", &err), 0);
}

/* A process that is of no container: both sides run again, as they did. */
static void test_held(void **state)
{
	static const char *const steps[] = { "source.verify-stopped", "target.verify-stopped",
					     "target.swap" };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct bench b;

		bench_open(&b, SCENARIO_DATA);
		b.x.hook = hold_now;
		b.x.user = i ? b.w.prod : b.w.test;
		snprintf(b.x.hook_step, sizeof(b.x.hook_step), "%s", steps[i]);
		/* Whoever is at it when the way back needs the place is a case for a person. */
		assert_int_equal(begin(&b), i == 2 ? -RFA_ESTUCK : -RFA_EROLLED_BACK);
		assert_told(b.err.msg, "the data is in use: the process rsync (pid ");
		if (i < 2)
			assert_as_before(&b);
		bench_close(&b);
	}
}

static void run_stranger(struct watcher *x, uint64_t call, const char *label)
{
	json_t *body = json_pack("{s:s, s:{s:[s], s:s}}", "Image", "node-exporter:v1", "HostConfig",
				 "Binds", FILES ":/f:ro", "NetworkMode", "host");
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_container_run(x->user, "stranger", body, &err), 0);
	json_decref(body);
}

static void test_stranger(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	b.x.hook = run_stranger;
	b.x.user = b.w.test;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "source.verify-stopped");
	assert_int_equal(begin(&b), -RFA_EROLLED_BACK);
	assert_told(b.err.msg, "the container stranger has " FILES);
	assert_told(b.err.mend, "data.stop.containers");
	assert_int_equal(rfa_sim_container_stop(b.w.test, "stranger", &b.err), 0);
	assert_int_equal(rfa_sim_container_remove(b.w.test, "stranger", &b.err), 0);
	assert_as_before(&b);
	bench_close(&b);
}

/* The power fails and is back, and rfa did not ask for anything meanwhile. */
static void silent_power_cut(struct watcher *x, uint64_t call, const char *label)
{
	(void)call;
	(void)label;
	x->hook_call += 3;
	if (x->hooked > 2)
		return;
	rfa_sim_reboot(x->user);
	x->w->options.clock->sleep_ms(x->w->options.clock, 120000);
}

/* Whenever it happens, once or twice: one moment's data. */
static void power_cuts(int twice)
{
	static const char *const steps[] = { "source.snapshot", "target.swap", "target.base-url",
					     "target.start" };
	size_t i;
	unsigned call;
	unsigned cuts = 0;

	for (i = 0; i < 4; i++) {
		for (call = 0; call < 20; call++) {
			struct rfa_buf why = RFA_BUF_INIT(4096);
			struct bench b;
			int hit;

			memset(&b, 0, sizeof(b));
			world_make_one_writer(&b.w, SCENARIO_DATA, 1);
			bench_begin(&b);
			b.x.hook = silent_power_cut;
			b.x.hook_again = twice;
			b.x.hook_call = call;
			b.x.user = i ? b.w.prod : b.w.test;
			snprintf(b.x.hook_step, sizeof(b.x.hook_step), "%s", steps[i]);
			if (begin(&b))
				fail_msg("%s, call %u: %s", steps[i], call, b.err.msg);
			hit = b.x.hooked;
			cuts += (unsigned)hit;
			assert_data(&b, "prod", "test");
			if (!world_is_one_moment(&b.w, "prod", &why))
				fail_msg("%s, call %u: %s", steps[i], call, rfa_buf_str(&why));
			assert_clean(&b);
			rfa_buf_release(&why);
			bench_close(&b);
			if (!hit)
				break;
		}
	}
	assert_in_range(cuts, 15, 200);
}

static void test_power_cuts(void **state)
{
	(void)state;
	power_cuts(0);
	power_cuts(1);
}

/* ---- the source does not come back ------------------------------------------------------------
 */

static void refuse_starts(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_sim_fault fault = { 0 };
	struct rfa_error err;

	x->hook_call++;
	if (!strstr(label, "test container_start"))
		return;
	fault.at = call;
	fault.kind = RFA_SIM_FAIL;
	rfa_sim_plan_clear(x->w->sim);
	assert_int_equal(rfa_sim_plan(x->w->sim, &fault, &err), 0);
}

/* It is tried again on the way back, and a person is called if that fails too. Never silently. */
static void test_source_stays_down(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	b.x.hook = refuse_starts;
	b.x.hook_again = 1;
	assert_int_equal(begin(&b), -RFA_ESTUCK);
	assert_told(rfa_buf_str(&b.x.lines), "step-failed source.start");
	assert_told(rfa_buf_str(&b.x.lines), "step-failed source.stop");
	assert_null(strstr(rfa_buf_str(&b.x.lines), "target.stop"));
	assert_data(&b, "prod", "prod");
	bench_close(&b);
}

/* ---- the ways on and out ----------------------------------------------------------------------
 */

static const char *const all_steps[] = {
	"source.claim",    "target.claim",    "source.look",  "target.look",
	"gates",           "source.copy",     "source.stop",  "source.verify-stopped",
	"source.snapshot", "source.start",    "source.check", "source.pack",
	"target.receive",  "target.unpack",   "target.stop",  "target.verify-stopped",
	"target.swap",     "target.base-url", "target.start", "target.health",
};

enum { STEPS = sizeof(all_steps) / sizeof(all_steps[0]) };

static int resume(struct bench *b, enum rfa_run_way way)
{
	char run[RFA_RUN_ID_MAX];

	snprintf(run, sizeof(run), "%s", b->result.run);
	watcher_clear(&b->x);
	return rfa_run_resume(&b->w.options, run, way, &b->result, &b->err);
}

static void open_until(struct bench *b, size_t i)
{
	memset(b, 0, sizeof(*b));
	world_make_one_writer(&b->w, SCENARIO_DATA, 1);
	bench_begin(b);
	watcher_begin_until(&b->x, b->w.plan, all_steps[i], 0, &b->result);
}

static void test_resume(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < STEPS; i++) {
		struct bench b;
		json_t *serves;
		json_t *now;

		open_until(&b, i);
		if (resume(&b, RFA_RUN_ON))
			fail_msg("from %s: %s", all_steps[i], b.err.msg);
		assert_data(&b, "prod", "test");
		assert_data(&b, "test", "test");
		assert_clean(&b);
		/* A finished run is a fixed point. */
		serves = world_data_serves(&b.w);
		assert_int_equal(resume(&b, RFA_RUN_ON), 0);
		assert_int_equal(b.x.host_calls, 0);
		now = world_data_serves(&b.w);
		assert_true(json_equal(serves, now));
		json_decref(serves);
		json_decref(now);
		bench_close(&b);
	}
}

static void go_back(enum rfa_run_way way)
{
	size_t i;

	for (i = 0; i < STEPS; i++) {
		int touched = i > 6;
		struct bench b;
		int rc;

		open_until(&b, i);
		rc = resume(&b, way);
		if (way == RFA_RUN_ABORT)
			assert_int_equal(b.result.final, RFA_FINAL_ABORTED);
		else if (i != 6)
			assert_int_equal(b.result.final,
					 touched ? RFA_FINAL_ROLLED_BACK : RFA_FINAL_FAILED);
		assert_int_not_equal(rc, 0);
		assert_as_before(&b);
		assert_data(&b, "prod", "prod");
		bench_close(&b);
	}
}

static void test_rollback(void **state)
{
	(void)state;
	go_back(RFA_RUN_ROLLBACK);
}

static void test_abort(void **state)
{
	(void)state;
	go_back(RFA_RUN_ABORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),           cmocka_unit_test(test_base_url),
		cmocka_unit_test(test_stopped),           cmocka_unit_test(test_rollback_data),
		cmocka_unit_test(test_moved_member),      cmocka_unit_test(test_gates),
		cmocka_unit_test(test_all_at_once),       cmocka_unit_test(test_unhealthy),
		cmocka_unit_test(test_corrupt),           cmocka_unit_test(test_held),
		cmocka_unit_test(test_stranger),          cmocka_unit_test(test_power_cuts),
		cmocka_unit_test(test_source_stays_down), cmocka_unit_test(test_resume),
		cmocka_unit_test(test_rollback),          cmocka_unit_test(test_abort),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A run about data, from its beginning to its way back: what it does in which order, what it leaves
 * in the ledger, and what becomes of it when somebody or something is in the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/run/data_bench.h"

#define AUTH "/opt/app/data/auth.db"
#define FILES "/srv/stacks/shop/files"

/* A run that succeeds. */

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
	/* A fourth of it was on prod already. */
	assert_in_range(rfa_facts_int(data, "members/1/bytes", 0), 20000, 40000);
	json_decref(data);
	snprintf(path, sizeof(path), "points/prod/app/%s.json", b.result.point);
	point = ledger_json(&b, path);
	assert_string_equal(rfa_facts_str(point, "kind", ""), "data");
	assert_string_equal(rfa_facts_str(point, "name", ""), b.result.point);
	assert_string_equal(rfa_facts_str(point, "version", ""), b.result.point);
	assert_string_equal(rfa_facts_str(point, "members/0/kind", ""), "sqlite");
	assert_string_equal(rfa_facts_str(point, "members/0/place", ""), AUTH);
	snprintf(path, sizeof(path), "/opt/app/data/.rfa-%s.auth.db.old/tree", b.result.run);
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

/* Going back. */

static void test_rollback_data(void **state)
{
	struct bench b;
	struct rfa_buf history = RFA_BUF_INIT(1 << 20);
	char point[128];
	char line[256];
	json_t *plan;
	json_t *again;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(begin(&b), 0);
	snprintf(point, sizeof(point), "%s", b.result.point);
	snprintf(line, sizeof(line), "from data-%.15s\n", b.result.run);
	plan = world_rollback_plan(&b.w);
	b.w.options.clock->sleep_ms(b.w.options.clock, 3600000);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
	assert_data(&b, "prod", "prod");
	assert_as_before(&b);
	assert_string_not_equal(b.result.point, point);
	assert_int_equal(rfa_ledger_read(b.w.ledger, "history.log", &history, &b.err), 0);
	assert_told(rfa_buf_str(&history), line);
	rfa_buf_release(&history);

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

/*
 * The guard against another environment's address does not stand in the way of what was there
 * before: be the file broken, or the address in it another one's.
 */
static void test_way_back_of_broken_file(void **state)
{
	static const char *const texts[] = { "{\"base_url\": ",
					     "{\"base_url\": \"http://10.88.0.11/\"}" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bench b;
		json_t *plan;

		bench_open(&b, SCENARIO_DATA);
		assert_int_equal(begin(&b), 0);
		plan = world_rollback_plan(&b.w);
		assert_int_equal(
		    rfa_sim_file_put(b.w.prod, "/opt/app/config.json", 0644, texts[i], &b.err), 0);
		if (rfa_run_begin(&b.w.options, plan, &b.result, &b.err))
			fail_msg("%s (%s)", b.err.msg, b.err.where);
		assert_data(&b, "prod", "prod");
		json_decref(plan);
		bench_close(&b);
	}
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
	/* Nor is a point of data one of images, nor the other way round. */
	json_object_set_new(plan, "flow", json_string("rollback"));
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_EREFUSED);
	assert_told(b.err.msg, "names no images");
	json_object_set_new(plan, "flow", json_string("rollback-data"));
	json_object_del(json_object_get(plan, "point"), "members");
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_EREFUSED);
	assert_told(rfa_buf_str(&b.x.all), "names no data");
	json_decref(plan);
	bench_close(&b);
}

/* In the way. */

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
	assert_told(b.err.hint, "data.stop.containers");
	assert_int_equal(rfa_sim_container_stop(b.w.test, "stranger", &b.err), 0);
	assert_int_equal(rfa_sim_container_remove(b.w.test, "stranger", &b.err), 0);
	assert_as_before(&b);
	bench_close(&b);
}

/*
 * The power fails and is back, a watchdog starts the writer, and rfa did not ask for anything
 * meanwhile.
 */
static void silent_power_cut(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;

	(void)call;
	(void)label;
	x->hook_call += 3;
	if (x->hooked > 2)
		return;
	rfa_sim_reboot(x->user);
	x->w->options.clock->sleep_ms(x->w->options.clock, 120000);
	assert_int_equal(rfa_sim_container_start(x->user, "backend", &err), 0);
}

/* The engine starts nothing by itself while data is swapped, and as it did afterwards. */
static void look_at_policy(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;
	json_t *shared = NULL;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_snapshot(&shared, x->user, RFA_SIM_CONTAINERS, &err), 0);
	assert_string_equal(rfa_facts_str(shared, "containers/backend/host/RestartPolicy/Name", ""),
			    "no");
	assert_string_equal(
	    rfa_facts_str(shared, "containers/frontend/host/RestartPolicy/Name", ""),
	    "unless-stopped");
	json_decref(shared);
}

static void test_policy(void **state)
{
	static const char *const steps[] = { "source.snapshot", "target.swap" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		json_t *now;
		struct bench b;

		memset(&b, 0, sizeof(b));
		world_make_one_writer(&b.w, SCENARIO_DATA, 0);
		bench_begin(&b);
		b.x.hook = look_at_policy;
		b.x.user = i ? b.w.prod : b.w.test;
		snprintf(b.x.hook_step, sizeof(b.x.hook_step), "%s", steps[i]);
		assert_int_equal(begin(&b), 0);
		assert_int_equal(b.x.hooked, 1);
		now = world_data_serves(&b.w);
		assert_true(json_equal(rfa_facts_at(now, "prod/containers"),
				       rfa_facts_at(b.before, "prod/containers")));
		assert_true(json_equal(rfa_facts_at(now, "test/containers"),
				       rfa_facts_at(b.before, "test/containers")));
		json_decref(now);
		bench_close(&b);
	}
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

/* Between two renames. */

static uint64_t cut_after;

static void cut_renames(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_sim_fault fault = { 0 };
	struct rfa_error err;

	x->hook_call++;
	if (!strstr(label, "tree_swap"))
		return;
	x->hook = NULL;
	fault.at = call;
	fault.kind = RFA_SIM_REBOOT;
	fault.lag = cut_after;
	assert_int_equal(rfa_sim_plan(x->w->sim, &fault, &err), 0);
}

/* Forward and back, after each of the renames: nobody has seen or written to half of it. */
static void test_cut_renames(void **state)
{
	int back;

	(void)state;
	for (back = 0; back < 2; back++) {
		for (cut_after = 1; cut_after < 6; cut_after++) {
			struct rfa_buf why = RFA_BUF_INIT(4096);
			struct bench b;

			memset(&b, 0, sizeof(b));
			world_make_one_writer(&b.w, back ? SCENARIO_DATA_UNHEALTHY : SCENARIO_DATA,
					      1);
			bench_begin(&b);
			b.x.hook = cut_renames;
			b.x.hook_again = 1;
			b.x.user = b.w.prod;
			snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.swap");
			(void)!world_drive(&b.w, b.w.plan, &b.result, &b.err);
			assert_int_equal(rfa_sim_fired_count(b.w.sim), 1);
			assert_data(&b, "prod", back ? "prod" : "test");
			if (!world_is_one_moment(&b.w, "prod", &why))
				fail_msg("after %d renames: %s", (int)cut_after, rfa_buf_str(&why));
			assert_clean(&b);
			if (back)
				assert_as_before(&b);
			rfa_buf_release(&why);
			bench_close(&b);
		}
	}
}

/* The source does not come back. */

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

static int resume(struct bench *b, enum rfa_resume_mode way)
{
	char run[RFA_RUN_ID_MAX];

	snprintf(run, sizeof(run), "%s", b->result.run);
	watcher_clear(&b->x);
	return rfa_run_resume(&b->w.options, run, way, &b->result, &b->err);
}

/* Its port is taken meanwhile. */

static void take_port(struct watcher *x, uint64_t call, const char *label)
{
	json_t *body =
	    json_pack("{s:s, s:{s:{}}, s:{s:{s:[{s:s, s:s}]}}}", "Image", "node-exporter:v1",
		      "ExposedPorts", "8001/tcp", "HostConfig", "PortBindings", "8001/tcp",
		      "HostIp", "127.0.0.1", "HostPort", "8001");
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_container_run(x->user, "thief", body, &err), 0);
	json_decref(body);
}

/* Neither the new data nor the old would serve: it waits for a person, and then goes on. */
static void test_port_taken(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	b.x.hook = take_port;
	b.x.user = b.w.prod;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.start");
	assert_int_equal(begin(&b), -RFA_EINTERRUPTED);
	assert_told(b.err.msg, "port is already allocated");
	assert_int_equal(rfa_sim_container_stop(b.w.prod, "thief", &b.err), 0);
	assert_int_equal(rfa_sim_container_remove(b.w.prod, "thief", &b.err), 0);
	assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), 0);
	assert_data(&b, "prod", "test");
	assert_data(&b, "test", "test");
	assert_clean(&b);
	bench_close(&b);
}

/* The ways on and out. */

/* clang-format off */
static const char *const all_steps[] = {
	"source.claim", "target.claim", "source.observe", "target.observe", "gates", "source.copy",
	"source.stop", "source.verify-stopped", "source.snapshot", "source.start", "source.check",
	"target.list", "source.pack", "target.receive", "target.unpack", "target.stop",
	"target.verify-stopped", "target.swap", "target.base-url", "target.start", "target.health",
};
/* clang-format on */

enum { STEPS = sizeof(all_steps) / sizeof(all_steps[0]) };

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
		if (resume(&b, RFA_RESUME_CONTINUE))
			fail_msg("from %s: %s", all_steps[i], b.err.msg);
		assert_data(&b, "prod", "test");
		assert_data(&b, "test", "test");
		assert_clean(&b);
		/* A finished run is a fixed point. */
		serves = world_data_serves(&b.w);
		assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), 0);
		assert_int_equal(b.x.host_calls, 0);
		now = world_data_serves(&b.w);
		assert_true(json_equal(serves, now));
		json_decref(serves);
		json_decref(now);
		bench_close(&b);
	}
}

static void go_back(enum rfa_resume_mode way)
{
	size_t i;

	for (i = 0; i < STEPS; i++) {
		int touched = i > 6;
		struct bench b;
		int rc;

		open_until(&b, i);
		rc = resume(&b, way);
		if (way == RFA_RESUME_ABORT)
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
	go_back(RFA_RESUME_ROLLBACK);
}

static void test_abort(void **state)
{
	(void)state;
	go_back(RFA_RESUME_ABORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_base_url),
		cmocka_unit_test(test_way_back_of_broken_file),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_rollback_data),
		cmocka_unit_test(test_moved_member),
		cmocka_unit_test(test_unhealthy),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_power_cuts),
		cmocka_unit_test(test_cut_renames),
		cmocka_unit_test(test_source_stays_down),
		cmocka_unit_test(test_port_taken),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_abort),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

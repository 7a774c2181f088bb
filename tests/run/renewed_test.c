/*
 * Somebody makes containers again while a run about data goes, as updaters and `docker compose up`
 * do: the one of that name counts, whatever its id. A run may be refused by that, in words; it
 * never ends as if something were broken when all of it runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/run/data_bench.h"

static const char *const names[] = { "backend", "shop-web-1" };

struct updater {
	struct rfa_sim_host *host;
	const char *name;
	unsigned every; /* calls; 0: once */
	unsigned left;  /* how often at most */
	int starts;     /* also one that was stopped */
};

static void renew(struct watcher *x, uint64_t call, const char *label)
{
	struct updater *u = x->user;
	struct rfa_error err;

	(void)call;
	(void)label;
	if (!u->left)
		return;
	u->left--;
	x->hook_call += u->every;
	if (rfa_sim_container_renew(u->host, u->name, &err))
		fail_msg("%s: %s", u->name, err.msg);
	if (u->starts && rfa_sim_container_start(u->host, u->name, &err))
		fail_msg("%s: %s", u->name, err.msg);
}

static void all_run(struct bench *b, const char *where)
{
	static const char *const all[] = { "backend", "frontend", "shop-web-1", "shop-es-1" };
	struct rfa_sim_host *hosts[] = { b->w.test, b->w.prod };
	size_t i, k;

	for (i = 0; i < 2; i++) {
		struct rfa_error err;
		json_t *snap = NULL;

		assert_int_equal(rfa_sim_snapshot(&snap, hosts[i], RFA_SIM_CONTAINERS, &err), 0);
		for (k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
			const json_t *one =
			    json_object_get(json_object_get(snap, "containers"), all[k]);

			if (!rfa_facts_bool(one, "running", 0))
				fail_msg("%s: %s does not run on %s (%s)", where, all[k],
					 i ? "prod" : "test", rfa_final_word(b->result.final));
			if (strcmp(rfa_facts_str(one, "host/RestartPolicy/Name", ""),
				   "unless-stopped") != 0)
				fail_msg("%s: %s has lost its restart policy", where, all[k]);
		}
		json_decref(snap);
	}
}

/* 1 if it happened. */
static int renewed_at(const char *step, unsigned call, const char *name, unsigned every,
		      unsigned left)
{
	struct rfa_buf why = RFA_BUF_INIT(4096);
	struct updater u = { NULL, name, every, left, 0 };
	char where[128];
	struct bench b;
	int hooked;

	bench_open(&b, SCENARIO_DATA);
	u.host = strncmp(step, "source", 6) ? b.w.prod : b.w.test;
	b.x.hook = renew;
	b.x.hook_again = every > 0;
	b.x.user = &u;
	b.x.hook_call = call;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "%s", step);
	snprintf(where, sizeof(where), "%s at call %u of %s", name, call, step);
	(void)!world_drive(&b.w, b.w.plan, &b.result, &b.err);
	hooked = b.x.hooked;
	if (hooked && b.result.final == RFA_FINAL_STUCK)
		fail_msg("%s: STUCK: %s", where, b.err.msg);
	if (hooked && b.result.final == RFA_FINAL_NONE)
		fail_msg("%s: interrupted: %s", where, b.err.msg);
	if (hooked) {
		all_run(&b, where);
		if (!world_data_is(&b.w, "prod",
				   b.result.final == RFA_FINAL_SUCCEEDED ? "test" : "prod", &why) ||
		    !world_data_is(&b.w, "test", "test", &why))
			fail_msg("%s: %s: %s", where, rfa_final_word(b.result.final),
				 rfa_buf_str(&why));
	}
	rfa_buf_release(&why);
	bench_close(&b);
	return hooked;
}

static const char *const steps[] = {
	"gates",        "source.stop",   "source.verify-stopped", "source.snapshot",
	"source.start", "target.unpack", "target.stop",           "target.verify-stopped",
	"target.swap",  "target.start",  "target.health",
};

static void test_once(void **state)
{
	size_t i, k;
	unsigned call;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (k = 0; k < 2; k++) {
			for (call = 0; renewed_at(steps[i], call, names[k], 0, 1); call += 2)
				;
			assert_true(call > 0);
		}
	}
}

/* Between the observation and the stop nothing is lost: the run goes its way, and says what
 * happened. */
static void test_is_told(void **state)
{
	struct updater u = { NULL, "backend", 0, 1, 0 };
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	u.host = b.w.prod;
	b.x.hook = renew;
	b.x.user = &u;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.unpack");
	if (begin(&b))
		fail_msg("%s (%s)", b.err.msg, b.err.where);
	assert_told(rfa_buf_str(&b.x.all), "somebody has made backend on prod again meanwhile");
	assert_data(&b, "prod", "test");
	all_run(&b, "told");
	bench_close(&b);
}

/* Again and again while it is to stand still: refused in words, and all of it runs. */
static void test_all_the_while(void **state)
{
	struct updater u = { NULL, "backend", 2, 1000, 1 };
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	u.host = b.w.test;
	b.x.hook = renew;
	b.x.hook_again = 1;
	b.x.user = &u;
	b.x.hook_call = 1;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "source.verify-stopped");
	assert_int_not_equal(begin(&b), 0);
	assert_told(b.err.msg, "the container backend runs: somebody");
	assert_told(b.err.hint, "stop the updater");
	if (b.result.final == RFA_FINAL_STUCK)
		fail_msg("STUCK: %s", b.err.msg);
	all_run(&b, "all the while");
	assert_data(&b, "test", "test");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_is_told),
		cmocka_unit_test(test_all_the_while),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

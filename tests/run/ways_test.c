/*
 * The ways on and the ways out of a run: resume, rollback, abort and leave at every kind of place
 * where it can have stopped; what is next; the fixed point of a run that has ended.
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
#include "tests/harness/ledger_kit.h"
#include "tests/run/ways_bench.h"

/* The operator's ways out. */

static const struct {
	const char *step;
	unsigned call;
	enum rfa_final rolled_back;
} places[] = {
	{ "source.claim", 0, RFA_FINAL_FAILED }, /* no host has seen anything */
	{ "target.claim", 0, RFA_FINAL_FAILED },
	{ "gates", 1, RFA_FINAL_FAILED },
	{ "target.receive", 2, RFA_FINAL_FAILED }, /* TRANSFER: bytes are on their way */
	{ "target.tag", 3, RFA_FINAL_ROLLED_BACK },
	{ "target.replace", 6, RFA_FINAL_ROLLED_BACK }, /* the first container is in between */
	{ "target.replace", 14, RFA_FINAL_ROLLED_BACK },
	{ "target.health", 0, RFA_FINAL_ROLLED_BACK },
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

static void test_rollback(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < PLACES; i++) {
		struct bench b;
		int rc;

		bench_open(&b, SCENARIO_RUN);
		watcher_begin_until(&b.x, b.w.plan, places[i].step, places[i].call, &b.result);
		b.w.options.reason = "wrong version";
		rc = resume(&b, RFA_RESUME_ROLLBACK);
		if (b.result.final != places[i].rolled_back)
			fail_msg("from %s: %s (%s)", places[i].step, rfa_final_word(b.result.final),
				 b.err.msg);
		assert_int_equal(rc, places[i].rolled_back == RFA_FINAL_FAILED ? -RFA_EABORTED
									       : -RFA_EROLLED_BACK);
		assert_told(b.err.msg, "rolled back by olga: wrong version");
		assert_as_before(&b);
		bench_close(&b);
	}
}

static void test_abort(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < PLACES; i++) {
		struct bench b;

		bench_open(&b, SCENARIO_RUN);
		watcher_begin_until(&b.x, b.w.plan, places[i].step, places[i].call, &b.result);
		assert_int_equal(resume(&b, RFA_RESUME_ABORT), -RFA_EABORTED);
		assert_int_equal(b.result.final, RFA_FINAL_ABORTED);
		assert_told(b.err.msg, "olga");
		assert_as_before(&b);
		bench_close(&b);
	}
}

static int is_locked(struct rfa_sim_host *host, const char *run)
{
	json_t *own = NULL;
	struct rfa_error err;
	int locked;

	assert_int_equal(rfa_sim_snapshot(&own, host, RFA_SIM_OWN, &err), 0);
	locked = !strcmp(rfa_facts_str(own, "own/lock/run", ""), run);
	json_decref(own);
	return locked;
}

/* Rows that are told to stay as they are; and each is one of this run. */
static size_t count_left(const struct rfa_history *h)
{
	const struct rfa_flow *flow = rfa_flow_by_name(h->flow);
	json_t *one;
	size_t i, k, n = 0;

	for (i = 0; i < h->n; i++)
		json_array_foreach (json_object_get(h->records[i].facts, "detached"), k, one) {
			int row = rfa_flow_find(flow, rfa_facts_str(one, "step", ""));

			assert_true(row >= 0 && rfa_flow_has(flow, (size_t)row, h->plan));
			n++;
		}
	return n;
}

static void test_leave(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < PLACES; i++) {
		struct rfa_history *h = NULL;
		struct bench b;
		json_t *serves;
		json_t *own;
		json_t *now;
		int locked;

		bench_open(&b, SCENARIO_RUN);
		watcher_begin_until(&b.x, b.w.plan, places[i].step, places[i].call, &b.result);
		serves = world_serves(&b.w);
		own = world_own(&b.w);
		locked = is_locked(b.w.prod, b.result.run);
		assert_int_equal(locked, i > 1);
		assert_int_equal(resume(&b, RFA_RESUME_DETACH), -RFA_EABORTED);
		assert_int_equal(b.result.final, RFA_FINAL_ABORTED);
		assert_int_equal(b.x.host_calls, 0);
		now = world_serves(&b.w);
		assert_true(json_equal(serves, now));
		json_decref(now);
		now = world_own(&b.w);
		assert_true(json_equal(own, now));
		json_decref(now);
		assert_int_equal(is_locked(b.w.prod, b.result.run), locked);
		/* What is left is told, with the way out of it, and kept. */
		assert_int_equal(rfa_ledger_load(b.w.ledger, b.result.run, &h, &b.err), 0);
		assert_true(count_left(h) >= (size_t)locked);
		if (locked) {
			char hint[200];

			resume(&b, RFA_RESUME_CONTINUE);
			snprintf(hint, sizeof(hint), "rfa lock release prod --run %s",
				 b.result.run);
			assert_told(b.err.hint, hint);
			assert_told(
			    rfa_facts_str(h->records[h->n - 1].facts, "detached/0/step", ""), ".");
		}
		rfa_history_free(h);
		json_decref(serves);
		json_decref(own);
		bench_close(&b);
	}
}

/* Behind the point of no return there is no way back inside the run, only on. */
static void test_no_return(void **state)
{
	static const enum rfa_resume_mode ways[] = { RFA_RESUME_ROLLBACK, RFA_RESUME_ABORT };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bench b;
		json_t *serves;
		json_t *now;

		bench_open(&b, SCENARIO_RUN);
		watcher_begin_until(&b.x, b.w.plan, "target.cleanup", 1, &b.result);
		serves = world_serves(&b.w);
		assert_int_equal(resume(&b, ways[i]), -RFA_EREFUSED);
		assert_int_equal(b.result.final, RFA_FINAL_NONE);
		assert_int_equal(b.x.host_calls, 0);
		assert_told(b.err.msg, "no way back");
		assert_told(b.err.hint, "rfa resume ");
		assert_told(b.err.hint, "rfa rollback app --env prod");
		now = world_serves(&b.w);
		assert_true(json_equal(serves, now));
		assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), 0);
		assert_int_equal(b.result.final, RFA_FINAL_SUCCEEDED);
		json_decref(serves);
		json_decref(now);
		bench_close(&b);
	}
}

/* A host that lets nobody in any more. */

static enum rfa_code deny_why;

static void deny_now(struct watcher *x, uint64_t call, const char *label)
{
	(void)call;
	(void)label;
	rfa_sim_deny(x->w->prod, deny_why);
}

/* Once the way back has begun. */
static void deny_on_the_way_back(struct watcher *x, uint64_t call, const char *label)
{
	x->hook_call++;
	if (strstr(rfa_buf_str(&x->lines), "step-failed target.health") &&
	    strstr(label, "prod container_"))
		deny_now(x, call, label);
}

/* It stops half-way, as often as it is tried, and nothing is changed meanwhile. */
static void assert_waits(struct bench *b, int rc)
{
	char hint[120];
	json_t *serves = world_serves(&b->w);
	json_t *now;

	if (rc != -RFA_EINTERRUPTED || b->result.final != RFA_FINAL_NONE)
		fail_msg("%s ends a run as %s: %s", rfa_code_word(deny_why),
			 rfa_final_word(b->result.final), b->err.msg);
	assert_told(b->err.msg, "prod does not let rfa in");
	snprintf(hint, sizeof(hint), "open the way to prod; then: rfa resume %s", b->result.run);
	assert_string_equal(b->err.hint, hint);
	assert_null(strstr(rfa_buf_str(&b->x.lines), "step-retried"));
	assert_int_equal(resume(b, RFA_RESUME_CONTINUE), -RFA_EINTERRUPTED);
	now = world_serves(&b->w);
	assert_true(json_equal(serves, now));
	json_decref(now);
	json_decref(serves);
	rfa_sim_deny(b->w.prod, RFA_OK);
}

static void denied_at(const char *step, unsigned call)
{
	struct bench b;

	bench_open(&b, SCENARIO_RUN);
	b.x.hook = deny_now;
	b.x.hook_call = call;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "%s", step);
	assert_waits(&b, rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err));
	if (resume(&b, RFA_RESUME_CONTINUE))
		fail_msg("%s: %s", step, b.err.msg);
	assert_int_equal(b.result.final, RFA_FINAL_SUCCEEDED);
	bench_close(&b);
}

static void test_denied(void **state)
{
	unsigned kinds = 0;
	int code;

	(void)state;
	for (code = RFA_OK + 1; code < RFA_CODE_COUNT; code++) {
		struct rfa_error err;
		struct bench b;
		size_t i;

		deny_why = (enum rfa_code)code;
		(void)rfa_fail(&err, deny_why, "ssh", "no");
		if (err.severity != RFA_DENIED)
			continue;
		kinds++;
		for (i = 1; i < PLACES; i++)
			denied_at(places[i].step, places[i].call);
		denied_at("target.cleanup", 1); /* behind the point of no return */

		bench_open(&b, SCENARIO_UNHEALTHY);
		b.x.hook = deny_on_the_way_back;
		b.x.hook_again = 1;
		assert_waits(&b, rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err));
		assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), -RFA_EROLLED_BACK);
		assert_as_before(&b);
		bench_close(&b);
	}
	assert_in_range(kinds, 7, RFA_CODE_COUNT);
}

/* A run that somebody drives. */

static void driven(struct bench *b)
{
	static const enum rfa_resume_mode ways[] = { RFA_RESUME_CONTINUE, RFA_RESUME_ROLLBACK,
						     RFA_RESUME_ABORT, RFA_RESUME_DETACH };
	struct rfa_ledger_run *handle = NULL;
	char run[RFA_RUN_ID_MAX];
	size_t i;

	watcher_begin_until(&b->x, b->w.plan, "target.replace", 3, &b->result);
	snprintf(run, sizeof(run), "%s", b->result.run);
	assert_int_equal(rfa_ledger_attach(b->w.ledger, run, &handle, &b->err), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(resume(b, ways[i]), -RFA_ELOCKED);
		assert_string_equal(b->result.run, run);
		assert_int_equal(b->result.final, RFA_FINAL_NONE);
		assert_int_equal(b->x.host_calls, 0);
	}
	rfa_ledger_detach(handle);
	assert_int_equal(resume(b, RFA_RESUME_CONTINUE), 0);
}

static void test_driven(void **state)
{
	struct kit kit;
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	driven(&b);
	bench_close(&b);
	bench_open(&b, SCENARIO_RUN);
	world_use_git(&b.w, &kit);
	driven(&b);
	bench_close(&b);
	kit_close(&kit);
}

/* A finished run is a fixed point. */

static void refuse_renames(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_sim_fault fault = { 0 };
	struct rfa_error err;

	x->hook_call++; /* and before the next one */
	if (!strstr(label, "container_rename") || !strstr(rfa_buf_str(&x->lines), "step-failed"))
		return;
	fault.at = call;
	fault.kind = RFA_SIM_FAIL;
	assert_int_equal(rfa_sim_plan(x->w->sim, &fault, &err), 0);
}

static void fixed_point(struct bench *b, int rc, enum rfa_final final)
{
	struct rfa_run_result first = b->result;
	json_t *serves = world_serves(&b->w);
	json_t *own = world_own(&b->w);
	json_t *now;
	int way;

	if (first.final != final)
		fail_msg("it ends %s: %s", rfa_final_word(first.final), b->err.msg);
	for (way = RFA_RESUME_CONTINUE; way <= RFA_RESUME_DETACH; way++) {
		uint64_t calls = rfa_sim_calls(b->w.sim);

		assert_int_equal(resume(b, (enum rfa_resume_mode)way), rc);
		assert_int_equal(b->result.final, final);
		assert_string_equal(b->result.run, first.run);
		assert_string_equal(b->result.version, first.version);
		assert_string_equal(b->result.point, first.point);
		assert_int_equal(b->x.host_calls, 0);
		assert_int_equal(rfa_sim_calls(b->w.sim), calls); /* nor is anything written */
		if (rc)
			assert_told(b->err.msg, "this run has ended");
	}
	now = world_serves(&b->w);
	assert_true(json_equal(serves, now));
	json_decref(now);
	now = world_own(&b->w);
	assert_true(json_equal(own, now));
	json_decref(now);
	json_decref(serves);
	json_decref(own);
}

static void test_fixed_points(void **state)
{
	struct bench b;
	int rc;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	rc = rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err);
	assert_string_equal(b.result.version, "v2");
	assert_string_equal(b.result.point, "v1");
	fixed_point(&b, rc, RFA_FINAL_SUCCEEDED);
	bench_close(&b);

	bench_open(&b, SCENARIO_UNHEALTHY);
	rc = rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err);
	assert_as_before(&b);
	fixed_point(&b, rc, RFA_FINAL_ROLLED_BACK);
	bench_close(&b);

	bench_open(&b, SCENARIO_RUN);
	assert_int_equal(rfa_sim_container_stop(b.w.test, "backend", &b.err), 0);
	assert_int_equal(rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err), -RFA_EREFUSED);
	fixed_point(&b, -RFA_EREFUSED, RFA_FINAL_FAILED);
	bench_close(&b);

	bench_open(&b, SCENARIO_RUN);
	watcher_begin_until(&b.x, b.w.plan, "target.replace", 9, &b.result);
	rc = resume(&b, RFA_RESUME_ABORT);
	fixed_point(&b, rc, RFA_FINAL_ABORTED);
	bench_close(&b);

	bench_open(&b, SCENARIO_UNHEALTHY);
	b.x.hook = refuse_renames;
	b.x.hook_again = 1;
	rc = rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err);
	assert_told(rfa_buf_str(&b.x.lines), "run-ended STUCK");
	rfa_sim_plan_clear(b.w.sim);
	fixed_point(&b, rc, RFA_FINAL_STUCK);
	bench_close(&b);
}

/* Resume refuses what it cannot carry on. */

static void test_other_version(void **state)
{
	struct rfa_ledger_begin begin = {
		"20261122-101010-aaaaaa", "promote", 7, "app", "prod", "test", NULL, NULL
	};
	struct rfa_ledger_run *handle = NULL;
	struct bench b;
	json_t *next = NULL;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	begin.plan = b.w.plan;
	assert_int_equal(rfa_ledger_begin(b.w.ledger, &begin, &handle, NULL, &b.err), 0);
	rfa_ledger_detach(handle);
	snprintf(b.result.run, sizeof(b.result.run), "%s", begin.run);
	assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), -RFA_EREFUSED);
	assert_told(b.err.msg, "version 7 of the flow promote, this rfa has version 6");
	assert_told(b.err.hint, "rfa abort 20261122-101010-aaaaaa --no-undo");
	assert_int_equal(b.x.host_calls, 0);
	assert_int_equal(resume(&b, RFA_RESUME_ROLLBACK), -RFA_EREFUSED);
	assert_int_equal(rfa_run_next(b.w.ledger, begin.run, &next, &b.err), -RFA_EREFUSED);
	/* The way out that is told is one. */
	assert_int_equal(resume(&b, RFA_RESUME_DETACH), -RFA_EABORTED);
	assert_int_equal(b.result.final, RFA_FINAL_ABORTED);
	bench_close(&b);

	/* A flow that this rfa does not know. */
	bench_open(&b, SCENARIO_RUN);
	begin.plan = b.w.plan;
	begin.flow = "teleport";
	assert_int_equal(rfa_ledger_begin(b.w.ledger, &begin, &handle, NULL, &b.err), 0);
	rfa_ledger_detach(handle);
	snprintf(b.result.run, sizeof(b.result.run), "%s", begin.run);
	assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), -RFA_EREFUSED);
	assert_told(b.err.msg, "no flow 'teleport'");
	assert_told(b.err.hint, "use the rfa that began the run");
	bench_close(&b);
}

/* The frozen plan is rewritten in the repository, and all that stands on it. */
static void test_altered_plan(void **state)
{
	static const char script[] =
	    "set -e; export GIT_DIR=$L GIT_INDEX_FILE=$L/../index\n"
	    "REF=$(git for-each-ref --format='%(refname)' refs/rfa/runs)\n"
	    "FILE=$(git ls-tree -r --name-only main | grep 'plan.json$')\n"
	    "BLOB=$(git cat-file blob main:$FILE | sed s/32768/65536/ | git hash-object -w "
	    "--stdin)\n"
	    "git read-tree main; git update-index --add --cacheinfo 100644,$BLOB,$FILE\n"
	    "TREE=$(git write-tree) OLDTREE=$(git rev-parse main^{tree}) OLD=$(git rev-parse "
	    "main)\n"
	    "NEW=$(git cat-file commit main | sed s/$OLDTREE/$TREE/ | git hash-object -t commit -w "
	    "--stdin)\n"
	    "TIP=$NEW WAS=$OLD\n"
	    "for C in $(git rev-list --reverse $OLD..$REF); do\n"
	    "  TIP=$(git cat-file commit $C | sed s/$WAS/$TIP/ | git hash-object -t commit -w "
	    "--stdin); WAS=$C\n"
	    "done\n"
	    "git update-ref refs/heads/main $NEW; git update-ref $REF $TIP\n";
	struct rfa_buf out = RFA_BUF_INIT(65536);
	struct bench b;
	struct kit kit;
	json_t *serves;
	json_t *now;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	world_use_git(&b.w, &kit);
	watcher_begin_until(&b.x, b.w.plan, "target.replace", 2, &b.result);
	serves = world_serves(&b.w);
	if (kit_sh(&kit, &out, script))
		fail_msg("git: %s", rfa_buf_str(&out));
	assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), -RFA_ECORRUPT);
	assert_told(b.err.msg, "the plan is not the one");
	assert_int_equal(b.x.host_calls, 0);
	now = world_serves(&b.w);
	assert_true(json_equal(serves, now));
	json_decref(serves);
	json_decref(now);
	rfa_buf_release(&out);
	bench_close(&b);
	kit_close(&kit);
}

/* What is next is what happens next. */

static void die_now(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_sim_fault fault = { 0 };
	struct rfa_error err;

	(void)label;
	fault.at = call;
	fault.kind = RFA_SIM_CRASH_AFTER;
	assert_int_equal(rfa_sim_plan(x->w->sim, &fault, &err), 0);
}

/* The events by which a step that is run, probed, undone or skipped shows itself first. */
static int shows_as(const char *action, enum rfa_event_kind kind)
{
	if (!strcmp(action, "probe"))
		return kind == RFA_EVENT_STEP_PROBED;
	if (!strcmp(action, "skip"))
		return kind == RFA_EVENT_STEP_SKIPPED;
	return kind == RFA_EVENT_STEP_STARTED;
}

static int next_at(enum scenario s, unsigned call)
{
	struct bench b;
	json_t *next = NULL;
	const char *action;
	int rc;
	int on;

	bench_open(&b, s);
	b.x.hook = die_now;
	b.x.hook_call = call;
	rc = rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err);
	on = b.x.hooked && rc == -RFA_ECRASHED && b.result.final == RFA_FINAL_NONE;
	if (on) {
		rfa_sim_recover(b.w.sim);
		assert_int_equal(rfa_run_next(b.w.ledger, b.result.run, &next, &b.err), 0);
		assert_string_equal(rfa_facts_str(next, "run", ""), b.result.run);
		action = rfa_facts_str(next, "action", "");
		(void)!resume(&b, RFA_RESUME_CONTINUE);
		if (!strcmp(action, "end")) {
			assert_false(b.x.first);
		} else if (strcmp(rfa_facts_str(next, "step", ""), b.x.first_step) != 0 ||
			   !shows_as(action, b.x.first_kind) ||
			   rfa_facts_int(next, "attempt", -1) != (int)b.x.first_attempt) {
			fail_msg("call %u: next is %s %s (attempt %d), and it begins with %s %s "
				 "(attempt %u)",
				 call, action, rfa_facts_str(next, "step", ""),
				 (int)rfa_facts_int(next, "attempt", -1),
				 rfa_event_word(b.x.first_kind), b.x.first_step, b.x.first_attempt);
		}
		if (!strcmp(action, "undo"))
			assert_string_equal(rfa_facts_str(next, "direction", ""), "back");
		else if (s == SCENARIO_RUN)
			assert_string_equal(rfa_facts_str(next, "direction", ""), "forward");
		assert_int_equal(b.result.final, s == SCENARIO_UNHEALTHY ? RFA_FINAL_ROLLED_BACK
									 : RFA_FINAL_SUCCEEDED);
	}
	json_decref(next);
	bench_close(&b);
	return rc == -RFA_ECRASHED;
}

static void test_next(void **state)
{
	unsigned call;

	(void)state;
	for (call = 0; next_at(SCENARIO_RUN, call); call += 3)
		;
	assert_in_range(call, 60, 1000);
	for (call = 0; next_at(SCENARIO_UNHEALTHY, call); call++)
		;
	assert_in_range(call, 60, 1000);
}

/* A signal. */

static volatile int cancel_flag;

static void signal_now(struct watcher *x, uint64_t call, const char *label)
{
	(void)x;
	(void)call;
	(void)label;
	cancel_flag = 1;
}

static void test_cancel(void **state)
{
	unsigned interrupted = 0;
	unsigned call;
	int hit = 1;

	(void)state;
	for (call = 0; hit; call++) {
		struct bench b;
		char hint[100];
		int rc;

		bench_open(&b, SCENARIO_RUN);
		b.w.options.cancel = &cancel_flag;
		b.x.hook = signal_now;
		b.x.hook_call = call;
		rc = rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err);
		hit = b.x.hooked;
		cancel_flag = 0;
		if (rc) {
			interrupted++;
			assert_int_equal(rc, -RFA_EINTERRUPTED);
			assert_int_equal(rfa_code_status(b.err.code), 75);
			assert_int_equal(b.result.final, RFA_FINAL_NONE);
			snprintf(hint, sizeof(hint), "rfa resume %s", b.result.run);
			assert_string_equal(b.err.hint, hint);
			assert_told(rfa_buf_str(&b.x.lines), "run-interrupted");
			if (resume(&b, RFA_RESUME_CONTINUE))
				fail_msg("a signal at call %u, then: %s", call, b.err.msg);
		}
		assert_int_equal(b.result.final, RFA_FINAL_SUCCEEDED);
		bench_close(&b);
	}
	assert_in_range(interrupted, 60, 1000);
}

/* Between two signals it may go no further at all, and still ends well. */
static void test_cancel_at_once(void **state)
{
	struct bench b;
	int i;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	b.w.options.cancel = &cancel_flag;
	cancel_flag = 1;
	assert_int_equal(rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err),
			 -RFA_EINTERRUPTED);
	assert_int_equal(b.x.host_calls, 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), -RFA_EINTERRUPTED);
	assert_int_equal(b.x.host_calls, 0);
	cancel_flag = 0;
	assert_int_equal(resume(&b, RFA_RESUME_CONTINUE), 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rollback),      cmocka_unit_test(test_abort),
		cmocka_unit_test(test_leave),         cmocka_unit_test(test_no_return),
		cmocka_unit_test(test_driven),        cmocka_unit_test(test_fixed_points),
		cmocka_unit_test(test_other_version), cmocka_unit_test(test_altered_plan),
		cmocka_unit_test(test_next),          cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_denied),        cmocka_unit_test(test_cancel_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Hosts that others touch: a second operator with a ledger of his own, somebody's hand in the
 * middle of a run, power cuts, and one host that is both source and target.
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
#include "tests/harness/watcher.h"

static void assert_told(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static void assert_same(const json_t *a, const json_t *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	rfa_sim_diff(a, b, &text);
	if (text.len)
		fail_msg("%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static json_t *snapshot(struct rfa_sim_host *host, unsigned sections)
{
	struct rfa_error err;
	json_t *shared = NULL;
	json_t *copy;

	assert_int_equal(rfa_sim_snapshot(&shared, host, sections, &err), 0);
	copy = json_deep_copy(shared);
	json_decref(shared);
	return copy;
}

/* Two operators. */

struct two {
	struct world w;
	struct watcher x;
	struct rfa_run_result first;
	struct rfa_ledger *other;
	struct rfa_run_options options; /* the second operator's */
	json_t *serves;
};

/* The first run stands in the middle; somebody else comes with a ledger of his own. */
static void two_open(struct two *t, int mutation)
{
	struct rfa_ledger_options options = { 0 };
	struct rfa_error err;

	memset(t, 0, sizeof(*t));
	world_make(&t->w, SCENARIO_RUN, 7);
	if (mutation >= 0)
		rfa_sim_mutate(t->w.sim, (enum rfa_sim_mutation)mutation);
	watcher_begin(&t->x, &t->w);
	watcher_begin_until(&t->x, t->w.plan, "target.replace", 8, &t->first);
	options.clock = t->w.options.clock;
	options.author_name = "Pia Partner";
	options.author_email = "pia@example.org";
	assert_int_equal(rfa_ledger_open_memory(&t->other, &options, &err), 0);
	t->options = t->w.options;
	t->options.ledger = t->other;
	t->options.user = "pia";
	t->options.machine = "laptop";
	t->serves = world_serves(&t->w);
}

static void two_close(struct two *t)
{
	json_decref(t->serves);
	watcher_end(&t->x);
	rfa_ledger_free(t->other);
	world_free(&t->w);
}

static void test_other_ledger(void **state)
{
	struct rfa_run_result second;
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	char ways[3][100];
	struct two t;
	json_t *own;
	json_t *now;
	size_t i;

	(void)state;
	two_open(&t, -1);
	own = world_own(&t.w);
	assert_int_equal(rfa_run_begin(&t.options, t.w.plan, &second, &err), -RFA_ELOCKED);
	assert_int_equal(second.final, RFA_FINAL_FAILED);
	assert_told(err.msg, t.first.run);
	assert_told(err.msg, "by olga on desk, since 2026-11-22");
	assert_told(err.msg, "promote app");
	snprintf(ways[0], sizeof(ways[0]), "rfa resume %s", t.first.run);
	snprintf(ways[1], sizeof(ways[1]), "rfa rollback %s", t.first.run);
	snprintf(ways[2], sizeof(ways[2]), "rfa abort %s", t.first.run);
	for (i = 0; i < 3; i++)
		assert_told(err.hint, ways[i]);
	now = world_serves(&t.w);
	assert_same(t.serves, now);
	json_decref(now);
	now = world_own(&t.w);
	/* Not even its ledger's head is left by a run that had no lock. */
	assert_same(own, now);
	json_decref(now);
	json_decref(own);

	assert_int_equal(
	    rfa_run_resume(&t.w.options, t.first.run, RFA_RESUME_CONTINUE, &result, &err), 0);
	assert_int_equal(rfa_run_begin(&t.options, t.w.plan, &second, &err), 0);
	assert_int_equal(second.final, RFA_FINAL_SUCCEEDED);
	two_close(&t);
}

static char first_run[RFA_RUN_ID_MAX];
static void give_both_back(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;

	(void)call;
	(void)label;
	x->hook = NULL;
	assert_int_equal(x->w->source->runs->lock_release(x->w->source, first_run, &err), 0);
	assert_int_equal(x->w->target->runs->lock_release(x->w->target, first_run, &err), 0);
}

/* Where it was asked to, a run waits for the lock; and it stops waiting when its time is over. */
static void test_wait(void **state)
{
	struct rfa_run_result second;
	struct rfa_error err = { 0 };
	int64_t from, to;
	struct two t;

	(void)state;
	two_open(&t, -1);
	snprintf(first_run, sizeof(first_run), "%s", t.first.run);
	json_object_set_new(json_object_get(t.w.plan, "options"), "wait_lock_s", json_integer(60));
	from = t.options.clock->wall_ms(t.options.clock);
	assert_int_equal(rfa_run_begin(&t.options, t.w.plan, &second, &err), -RFA_ELOCKED);
	to = t.options.clock->wall_ms(t.options.clock);
	assert_in_range(to - from, 60000, 63000);

	watcher_clear(&t.x);
	snprintf(t.x.hook_step, sizeof(t.x.hook_step), "source.claim");
	t.x.hook_call = 3;
	t.x.hook = give_both_back;
	from = t.options.clock->wall_ms(t.options.clock);
	rfa_error_clear(&err);
	(void)!rfa_run_begin(&t.options, t.w.plan, &second, &err);
	assert_int_equal(t.x.hooked, 1);
	assert_int_not_equal(err.code, RFA_ELOCKED);
	assert_told(rfa_buf_str(&t.x.all), "is locked by run");
	two_close(&t);
}

/* A lock that is given to everybody is found out by the test above. */
static void test_other_ledger_can_fail(void **state)
{
	struct rfa_run_result second;
	struct rfa_error err = { 0 };
	struct two t;

	(void)state;
	two_open(&t, RFA_SIM_MUTATION_LOCK_NEVER_REFUSED);
	assert_int_not_equal(rfa_run_begin(&t.options, t.w.plan, &second, &err), -RFA_ELOCKED);
	two_close(&t);
}

static void test_same_ledger(void **state)
{
	struct rfa_run_result second;
	struct rfa_error err = { 0 };
	struct two t;
	json_t *now;

	(void)state;
	two_open(&t, -1);
	assert_int_equal(rfa_run_begin(&t.w.options, t.w.plan, &second, &err), -RFA_ELOCKED);
	assert_string_equal(second.blocker, t.first.run);
	assert_string_equal(second.run, "");
	assert_int_equal(second.final, RFA_FINAL_NONE);
	assert_told(err.msg, t.first.run);
	assert_int_equal(t.x.host_calls, 0);
	now = world_serves(&t.w);
	assert_same(t.serves, now);
	json_decref(now);
	two_close(&t);
}

/* Somebody's hand. */

struct hand {
	char id[80]; /* of the stranger's container */
	int by_replacing;
};

static const char *id_of(const json_t *snap, const char *name)
{
	return rfa_facts_str(json_object_get(json_object_get(snap, "containers"), name), "id", "");
}

/* Somebody removes what is called `backend`, and may start a container of his own in its place. */
static void interfere(struct watcher *x, uint64_t call, const char *label)
{
	struct hand *hand = x->user;
	struct rfa_error err;
	json_t *body;
	json_t *snap;

	(void)call;
	(void)label;
	snap = snapshot(x->w->prod, RFA_SIM_CONTAINERS);
	if (*id_of(snap, "backend")) {
		/* It may be stopped already. */
		(void)!rfa_sim_container_stop(x->w->prod, "backend", &err);
		assert_int_equal(rfa_sim_container_remove(x->w->prod, "backend", &err), 0);
	}
	json_decref(snap);
	if (!hand->by_replacing)
		return;
	body = json_pack("{s:s, s:[s], s:{s:s}}", "Image", "backend:v1", "Env", "WHO=stranger",
			 "HostConfig", "NetworkMode", "appnet");
	assert_int_equal(rfa_sim_container_run(x->w->prod, "backend", body, &err), 0);
	json_decref(body);
	snap = snapshot(x->w->prod, RFA_SIM_CONTAINERS);
	snprintf(hand->id, sizeof(hand->id), "%s", id_of(snap, "backend"));
	json_decref(snap);
}

static int is_there(struct world *w, const char *id)
{
	json_t *snap = snapshot(w->prod, RFA_SIM_CONTAINERS);
	const char *name;
	json_t *one;
	int there = 0;

	json_object_foreach (json_object_get(snap, "containers"), name, one)
		there |= !strcmp(rfa_facts_str(one, "id", ""), id);
	json_decref(snap);
	return there;
}

static int backend_runs(struct world *w)
{
	json_t *snap = snapshot(w->prod, RFA_SIM_CONTAINERS);
	int runs = rfa_facts_bool(snap, "containers/backend/running", 0);

	json_decref(snap);
	return runs;
}

/* 0: the call was not made. */
static int with_hand(enum scenario s, int by_replacing, const char *step, unsigned call)
{
	struct hand hand = { "", by_replacing };
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	int hooked;

	world_make(&w, s, 7);
	watcher_begin(&x, &w);
	x.hook = interfere;
	snprintf(x.hook_step, sizeof(x.hook_step), "%s", step);
	x.hook_call = call;
	x.user = &hand;
	(void)!world_drive(&w, w.plan, &result, &err);
	hooked = x.hooked;
	if (hooked) {
		/* Whatever comes of it: it is an end in words, and not his container's. */
		if (result.final == RFA_FINAL_NONE ||
		    (result.final != RFA_FINAL_SUCCEEDED && !err.msg[0]))
			fail_msg("%s call %u: %s", step, call, rfa_final_word(result.final));
		if (by_replacing && !is_there(&w, hand.id))
			fail_msg("%s call %u: removed somebody's container (%s: %s)\n%s", step,
				 call, rfa_final_word(result.final), err.msg, rfa_sim_trace(w.sim));
	}
	/* Nobody is told that it serves when it does not. */
	if (hooked && !by_replacing && result.final != RFA_FINAL_STUCK && !backend_runs(&w))
		fail_msg("%s call %u: %s, and nothing runs", step, call,
			 rfa_final_word(result.final));
	watcher_end(&x);
	world_free(&w);
	return hooked;
}

static void test_replaced_by_hand(void **state)
{
	unsigned n = 0;
	unsigned call;

	(void)state;
	for (call = 0; with_hand(SCENARIO_RUN, 1, "target.replace", call); call++)
		n++;
	assert_in_range(n, 15, 100);
	for (call = 0; with_hand(SCENARIO_UNHEALTHY, 1, "target.health", call) && call < 30;
	     call += 3)
		;
}

static void test_removed_by_hand(void **state)
{
	unsigned call;

	(void)state;
	for (call = 0; with_hand(SCENARIO_RUN, 0, "target.replace", call); call++)
		;
	assert_in_range(call, 15, 100);
}

/* Power cuts under a policy that starts everything again. */

static void always(void *user, json_t *setup, json_t *plan)
{
	json_t *one;
	size_t i;

	(void)user;
	(void)plan;
	json_array_foreach (rfa_facts_at(setup, "hosts/prod/containers"), i, one)
		json_object_set_new(rfa_facts_at(one, "body/HostConfig/RestartPolicy"), "Name",
				    json_string("always"));
}

static void reboot(struct watcher *x, uint64_t call, const char *label)
{
	(void)call;
	(void)label;
	rfa_sim_reboot(x->w->prod);
}

/* The worlds that a run may end in. */
struct ends {
	json_t *old, *new; /* what serves */
};

/* when: -1 never. 1 if it happened. */
static int rebooted(enum scenario s, const char *step, int when, struct ends *ends)
{
	struct rfa_buf why = RFA_BUF_INIT(1 << 20);
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	json_t *serves;
	int hooked;

	world_make_edited(&w, s, 7, always, NULL);
	watcher_begin(&x, &w);
	if (when < 0) {
		ends->old = world_serves(&w);
	} else {
		x.hook = reboot;
		snprintf(x.hook_step, sizeof(x.hook_step), "%s", step);
		x.hook_call = (unsigned)when;
	}
	(void)!world_drive(&w, w.plan, &result, &err);
	hooked = x.hooked;
	serves = world_serves(&w);
	if (when < 0)
		ends->new = json_incref(serves);
	/* A container that does not come up again after the power cut may turn the run back. */
	if (result.final != RFA_FINAL_SUCCEEDED && result.final != RFA_FINAL_ROLLED_BACK)
		rfa_buf_printf(&why, "it ends so: %s; ", err.msg);
	rfa_sim_diff(result.final == RFA_FINAL_SUCCEEDED ? ends->new : ends->old, serves, &why);
	(void)world_is_clean(&w, &why);
	if (why.len)
		fail_msg("a reboot at call %d of %s: %s: %s", when, step,
			 rfa_final_word(result.final), rfa_buf_str(&why));
	json_decref(serves);
	rfa_buf_release(&why);
	watcher_end(&x);
	world_free(&w);
	return hooked;
}

static void rebooted_everywhere(enum scenario s, const char *step)
{
	struct ends ends;
	int when = 0;

	rebooted(s, step, -1, &ends);
	while (when < 100 && rebooted(s, step, when, &ends))
		when++;
	assert_in_range(when, 3, 99);
	json_decref(ends.old);
	json_decref(ends.new);
}

static void test_reboot(void **state)
{
	(void)state;
	rebooted_everywhere(SCENARIO_RUN, "target.replace");
	rebooted_everywhere(SCENARIO_RUN, "target.health");
	rebooted_everywhere(SCENARIO_RUN, "target.cleanup");
	/* Forward and, by the same name, on the way back. */
	rebooted_everywhere(SCENARIO_UNHEALTHY, "target.replace");
}

/* One host for both. */

/* The environment test lives on prod, as a Compose project and a container name of its own. */
static void both_here(void *user, json_t *setup, json_t *plan)
{
	json_t *prod = rfa_facts_at(setup, "hosts/prod");
	json_t *test = rfa_facts_at(setup, "hosts/test");
	json_t *project = json_deep_copy(rfa_facts_at(test, "compose/0"));
	const char *service;
	json_t *one;
	int port = 19001;

	(void)user;
	json_array_extend(json_object_get(prod, "images"), json_object_get(test, "images"));
	json_object_set_new(project, "project", json_string("shop-test"));
	json_object_set_new(project, "directory", json_string("/srv/stacks/shop-test"));
	json_object_foreach (rfa_facts_at(project, "config/services"), service, one)
		json_object_set_new(rfa_facts_at(one, "ports/0"), "published",
				    json_sprintf("%d", port++));
	json_array_append_new(json_object_get(prod, "compose"), project);
	json_object_set_new(rfa_facts_at(plan, "source/stack/compose"), "project",
			    json_string("shop-test"));
	json_object_set_new(rfa_facts_at(plan, "source/stack/compose"), "directory",
			    json_string("/srv/stacks/shop-test"));
	json_object_set_new(rfa_facts_at(plan, "source"), "address", json_string("10.88.0.12"));
}

static json_t *images_of(struct world *w, const char *project)
{
	json_t *snap = snapshot(w->prod, RFA_SIM_CONTAINERS);
	json_t *out = json_object();
	const char *name;
	json_t *one;

	json_object_foreach (json_object_get(snap, "containers"), name, one)
		if (!strcmp(
			json_string_value(json_object_get(rfa_facts_at(one, "config/Labels"),
							  "com.docker.compose.project"))
			    ? json_string_value(json_object_get(rfa_facts_at(one, "config/Labels"),
								"com.docker.compose.project"))
			    : "",
			project))
			json_object_set(out, name, json_object_get(one, "ref"));
	json_decref(snap);
	return out;
}

static void test_one_host(void **state)
{
	struct rfa_buf why = RFA_BUF_INIT(1 << 16);
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct rfa_host *source;
	struct world w;
	json_t *theirs;
	json_t *now;
	json_t *plan;
	char *text;

	(void)state;
	world_make_edited(&w, SCENARIO_COMPOSE, 7, both_here, NULL);
	assert_int_equal(rfa_sim_open(&source, w.prod, &err), 0);
	w.options.hosts[RFA_SOURCE] = source;
	theirs = images_of(&w, "shop-test");
	assert_int_equal(json_object_size(theirs), 2);
	if (rfa_run_begin(&w.options, w.plan, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	now = images_of(&w, "shop-test");
	assert_same(theirs, now);
	json_decref(now);
	now = images_of(&w, "shop");
	text = json_dumps(now, JSON_SORT_KEYS | JSON_COMPACT);
	assert_string_equal(text, "{\"shop-api-1\":\"api:v2\",\"shop-web-1\":\"web:v2\"}");
	free(text);
	json_decref(now);
	if (!world_is_clean(&w, &why))
		fail_msg("%s", rfa_buf_str(&why));
	/* And back. */
	plan = world_rollback_plan(&w);
	assert_int_equal(rfa_run_begin(&w.options, plan, &result, &err), 0);
	now = images_of(&w, "shop");
	text = json_dumps(now, JSON_SORT_KEYS | JSON_COMPACT);
	assert_string_equal(text, "{\"shop-api-1\":\"api:v1\",\"shop-web-1\":\"web:v1\"}");
	free(text);
	json_decref(now);
	json_decref(plan);
	json_decref(theirs);
	rfa_host_free(source);
	rfa_buf_release(&why);
	world_free(&w);
}

/* The very same containers on both sides: there is nothing to do, and nothing is done. */
static void test_itself(void **state)
{
	struct rfa_buf why = RFA_BUF_INIT(1 << 16);
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	json_t *before;
	json_t *now;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	json_object_set_new(rfa_facts_at(w.plan, "source"), "address", json_string("10.88.0.12"));
	w.options.hosts[RFA_SOURCE] = w.target;
	before = snapshot(w.prod, RFA_SIM_SERVES);
	if (rfa_run_begin(&w.options, w.plan, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	now = snapshot(w.prod, RFA_SIM_SERVES);
	assert_same(before, now);
	if (!world_is_clean(&w, &why))
		fail_msg("%s", rfa_buf_str(&why));
	json_decref(before);
	json_decref(now);
	rfa_buf_release(&why);
	world_free(&w);
}

/* A host that lies. */

/* The source announces an archive and sends more: the target gets no byte of what is too much. */
static void test_source_sends_more(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	json_t *before;
	json_t *now;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	rfa_sim_mutate(w.sim, RFA_SIM_MUTATION_SPOOL_SWELLS);
	watcher_begin(&x, &w);
	before = world_serves(&w);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EMISMATCH);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_told(err.msg, "announced");
	assert_told(err.msg, "sends more");
	assert_string_equal(err.where, "test");
	now = world_serves(&w);
	assert_same(before, now);
	json_decref(before);
	json_decref(now);
	watcher_end(&x);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_ledger),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_other_ledger_can_fail),
		cmocka_unit_test(test_same_ledger),
		cmocka_unit_test(test_replaced_by_hand),
		cmocka_unit_test(test_removed_by_hand),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_one_host),
		cmocka_unit_test(test_itself),
		cmocka_unit_test(test_source_sends_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

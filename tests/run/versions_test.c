/* Versions: which images one is, where it was proven, and what is refused because of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/model/version.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/past.h"
#include "tests/harness/watcher.h"

struct bench {
	struct world w;
	struct watcher x;
	struct rfa_history *history;
	struct rfa_run_result result;
	struct rfa_error err;
};

static void bench_open(struct bench *b, enum scenario s)
{
	memset(b, 0, sizeof(*b));
	world_make(&b->w, s, 7);
	watcher_begin(&b->x, &b->w);
}

static void bench_close(struct bench *b)
{
	rfa_history_free(b->history);
	watcher_end(&b->x);
	world_free(&b->w);
}

static int promote(struct bench *b)
{
	rfa_error_clear(&b->err);
	return rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

/* As if the target were another environment. */
static void call_target(struct bench *b, const char *env)
{
	json_object_set_new(json_object_get(b->w.plan, "target"), "env", json_string(env));
}

static void set_gate(struct bench *b, const char *key, json_t *value)
{
	json_t *stack = rfa_facts_at(b->w.plan, "target/stack");

	if (!json_object_get(stack, "gates"))
		json_object_set_new(stack, "gates", json_object());
	json_object_set_new(json_object_get(stack, "gates"), key, value);
}

static void force(struct bench *b, const char *reason)
{
	json_object_set_new(json_object_get(b->w.plan, "options"), "force_reason",
			    json_string(reason));
}

/* What the ledger says of a version; the test fails if it says nothing. */
static void version_of(struct bench *b, const char *name, struct rfa_pool *pool,
		       struct rfa_version *out)
{
	struct rfa_error err;
	json_t *json = NULL;

	assert_int_equal(rfa_catalog_version(b->w.ledger, "app", name, &json, &err), 0);
	assert_non_null(json);
	rfa_pool_json_new(pool, json);
	assert_int_equal(rfa_record_read(&rfa_shape_version, json, pool, out, &err), 0);
}

/* The image of a container of the source becomes another one, under the same tag. */
static void move_tag(struct bench *b)
{
	const struct rfa_sim_layer layer = { "of somebody else", 40000 };
	json_t *body = json_pack("{s:s}", "Image", "backend:v2");

	assert_int_equal(rfa_sim_image_add(b->w.test, "backend:v2", &layer, 1, NULL, &b->err), 0);
	assert_int_equal(rfa_sim_container_stop(b->w.test, "backend", &b->err), 0);
	assert_int_equal(rfa_sim_container_remove(b->w.test, "backend", &b->err), 0);
	assert_int_equal(rfa_sim_container_run(b->w.test, "backend", body, &b->err), 0);
	json_decref(body);
}

/* What the gates of the last run have said. Borrowed from the bench. */
static const json_t *gates_of(struct bench *b)
{
	struct rfa_error err;
	size_t i;

	rfa_history_free(b->history);
	assert_int_equal(rfa_ledger_load(b->w.ledger, b->result.run, &b->history, &err), 0);
	for (i = 0; i < b->history->n; i++)
		if (!strcmp(b->history->records[i].step, "gates") &&
		    b->history->records[i].kind == RFA_RECORD_DONE)
			return json_object_get(b->history->records[i].facts, "gates");
	fail_msg("no gates");
	return NULL;
}

static void a_version_is_kept(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version version;
	char first[64];
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	assert_int_equal(promote(&b), 0);
	snprintf(first, sizeof(first), "%s", b.result.run);
	version_of(&b, "v2", &pool, &version);
	assert_string_equal(version.run, first);
	assert_string_equal(version.flow, "promote");
	assert_string_equal(version.env, "prod");
	assert_int_equal(version.images.n, 2);
	assert_int_equal(version.verified.n, 1);
	assert_string_equal(version.verified.at[0].env, "prod");
	assert_string_equal(version.verified.at[0].how, "run");
	assert_int_equal(version.verified.at[0].identities.n, 2);
	assert_string_equal(version.verified.at[0].identities.at[0], version.images.at[0].identity);
	/* Once more in the same place tells nothing new; in another place it does. */
	assert_int_equal(promote(&b), 0);
	call_target(&b, "stage");
	assert_int_equal(promote(&b), 0);
	version_of(&b, "v2", &pool, &version);
	assert_string_equal(version.run, first);
	assert_int_equal(version.verified.n, 2);
	assert_string_equal(version.verified.at[0].run, first);
	assert_string_equal(version.verified.at[1].env, "stage");
	rfa_pool_release(&pool);
	bench_close(&b);
}

static void a_moved_tag_is_refused(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version before, after;
	char first[64], text[200];
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	assert_int_equal(promote(&b), 0);
	snprintf(first, sizeof(first), "%s", b.result.run);
	version_of(&b, "v2", &pool, &before);
	move_tag(&b);
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	snprintf(text, sizeof(text), "run %s has brought image ", first);
	assert_true(watcher_is_refused(b.x.refused, "version", text));
	assert_true(watcher_is_refused(b.x.refused, "version", "backend:v2 is image "));
	assert_int_equal(json_array_size(b.x.refused), 1);
	/* By force it goes; what the version was stays. */
	force(&b, "it has to be");
	assert_int_equal(promote(&b), 0);
	version_of(&b, "v2", &pool, &after);
	assert_string_equal(after.run, first);
	assert_int_equal(after.images.n, 2);
	assert_string_equal(rfa_image_of(&after.images, "backend")->identity,
			    rfa_image_of(&before.images, "backend")->identity);
	assert_int_equal(after.verified.n, 2);
	rfa_pool_release(&pool);
	bench_close(&b);
}

/* A plan as `rfa import history` makes it. New. */
static json_t *past_plan(const struct bench *b)
{
	return json_pack(
	    "{s:i, s:s, s:s, s:n, s:O, s:{s:s, s:[s,s], s:s}}", "format", 1, "flow",
	    "import-history", "stack", "app", "source", "target",
	    json_object_get(b->w.plan, "target"), "options", "imported_from", "past.log",
	    "imported",
	    "2026-01-30 10:00:00Z | app | stage | deploy | v2 | fail | smoke failed; imported",
	    "2026-01-30 09:00:00Z | app | stage | deploy | v2 | success | imported", "marked",
	    "v2");
}

static void an_imported_word_is_kept_and_not_believed(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version version;
	json_t *plan, *all = NULL, *last = NULL;
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	call_target(&b, "stage");
	plan = past_plan(&b);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
	assert_int_equal(rfa_past_imported(b.w.ledger, NULL, NULL, &all, &b.err), 0);
	assert_int_equal(json_array_size(all), 2);
	assert_string_equal(rfa_facts_str(all, "0/status", ""), "success");
	assert_string_equal(rfa_facts_str(all, "1/notes", ""), "smoke failed; imported");
	assert_int_equal(rfa_past_last(b.w.ledger, "stage", "app", &last, &b.err), 0);
	assert_string_equal(rfa_facts_str(last, "time", ""), "2026-01-30 09:00:00Z");
	version_of(&b, "v2", &pool, &version);
	assert_int_equal(version.images.n, 0);
	assert_string_equal(version.verified.at[0].how, "imported");
	assert_int_equal(version.verified.at[0].identities.n, 0);
	/* Another import of the same says it once. */
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
	version_of(&b, "v2", &pool, &version);
	assert_int_equal(version.verified.n, 1);

	call_target(&b, "prod");
	set_gate(&b, "verified_in", json_pack("[s]", "stage"));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified",
				       "an imported history says so of the name v2"));
	set_gate(&b, "verified_in", json_pack("[s]", "qa"));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "not been verified on qa"));
	assert_false(watcher_is_refused(b.x.refused, "verified", "on qa; an imported"));
	/* The run that brings it says which images it is. */
	set_gate(&b, "verified_in", json_array());
	assert_int_equal(promote(&b), 0);
	version_of(&b, "v2", &pool, &version);
	assert_int_equal(version.images.n, 2);
	assert_int_equal(version.verified.n, 2);
	assert_string_equal(version.run, b.result.run);
	assert_string_equal(version.flow, "promote");
	json_decref(plan);
	json_decref(all);
	json_decref(last);
	rfa_pool_release(&pool);
	bench_close(&b);
}

/* The plan of a word about a version that no run has brought; item NULL: it is approved. New. */
static json_t *word_plan(const struct bench *b, const char *flow, const char *item,
			 const json_t *options)
{
	json_t *plan =
	    json_pack("{s:i, s:s, s:s, s:O, s:O, s:o}", "format", 1, "flow", flow, "stack", "app",
		      "source", json_object_get(b->w.plan, "source"), "target",
		      json_object_get(b->w.plan, "target"), "options", rfa_facts_copy(options));

	assert_non_null(plan);
	if (item)
		json_object_set_new(json_object_get(plan, "options"), "item", json_string(item));
	return plan;
}

/* By its registry: the plan has what that of its deploy has. */
static int sign(struct bench *b, const char *item)
{
	json_t *plan = word_plan(b, "sign", item, json_object_get(b->w.plan, "options"));
	json_t *info = NULL;
	int rc = b->w.target->ops->info(b->w.target, &info, &b->err);

	assert_int_equal(rc, 0);
	json_object_set_new(json_object_get(plan, "options"), "arch",
			    json_string(rfa_facts_str(info, "arch", "")));
	rc = rfa_run_begin(&b->w.options, plan, &b->result, &b->err);
	json_decref(info);
	json_decref(plan);
	return rc;
}

static void bench_open_registry(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	world_make_registry(&b->w, SCENARIO_RUN, 7, "target");
	watcher_begin(&b->x, &b->w);
	json_object_set_new(rfa_facts_at(b->w.plan, "target/stack"), "checklist",
			    json_pack("[s, s]", "login works", "mail"));
}

/* The only environment: what is signed there first is what the registry has at that moment. */
static void its_registry_tells_which_images_it_is(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version version;
	struct bench b;

	(void)state;
	bench_open_registry(&b);
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "checklist", "nobody has signed"));
	assert_int_equal(sign(&b, "login works"), 0);
	version_of(&b, "v3", &pool, &version);
	assert_string_equal(version.flow, "sign");
	assert_int_equal(version.images.n, 2);
	assert_string_not_equal(version.images.at[0].digest, "");
	assert_int_equal(version.verified.n, 1);
	assert_int_equal(version.verified.at[0].identities.n, 2);
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_int_equal(sign(&b, "mail"), 0);
	assert_int_equal(promote(&b), 0);
	/* From now on it is the run's. */
	version_of(&b, "v3", &pool, &version);
	assert_string_equal(version.flow, "deploy");
	assert_string_equal(version.run, b.result.run);
	assert_int_equal(version.verified.n, 3);
	rfa_pool_release(&pool);
	bench_close(&b);
}

static void what_was_signed_is_not_moved(void **state)
{
	char first[64], text[200];
	struct bench b;

	(void)state;
	bench_open_registry(&b);
	assert_int_equal(sign(&b, "login works"), 0);
	snprintf(first, sizeof(first), "%s", b.result.run);
	world_registry_put(&b.w, "backend", "v3", "v4", "200");
	assert_int_equal(sign(&b, "mail"), -RFA_EREFUSED);
	snprintf(text, sizeof(text), "when run %s (sign) spoke of it", first);
	assert_non_null(strstr(b.err.msg, "/app/backend:v3 is image "));
	assert_non_null(strstr(b.err.msg, "; it was image "));
	assert_non_null(strstr(b.err.msg, text));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "version", text));
	/* What was moved has no signature. */
	assert_true(watcher_is_refused(b.x.refused, "checklist", "login works"));
	bench_close(&b);
}

static void a_host_tells_which_images_it_is(void **state)
{
	json_t *named = json_pack("{s:{s:s}}", "desired", "version", "v2"), *plan;
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version version;
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	plan = word_plan(&b, "approve", NULL, named);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
	version_of(&b, "v2", &pool, &version);
	assert_int_equal(version.images.n, 2);
	assert_string_equal(version.verified.at[0].how, "approved");
	json_object_set_new(rfa_facts_at(plan, "options/desired"), "version", json_string("v9"));
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_EREFUSED);
	assert_non_null(strstr(b.err.msg, "test runs v2 of app, and not v9"));
	/* Another image under that tag. */
	json_object_set_new(rfa_facts_at(plan, "options/desired"), "version", json_string("v2"));
	move_tag(&b);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_EREFUSED);
	assert_non_null(strstr(b.err.msg, "(approve) spoke of it"));
	json_decref(plan);
	json_decref(named);
	rfa_pool_release(&pool);
	bench_close(&b);
}

static void it_must_be_verified_where_the_stack_says(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	call_target(&b, "stage");
	assert_int_equal(promote(&b), 0);
	call_target(&b, "prod");
	set_gate(&b, "verified_in", json_pack("[s, s]", "stage", "qa"));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "not been verified on qa"));
	set_gate(&b, "verified_in", json_pack("[s]", "stage"));
	set_gate(&b, "soak_h", json_integer(2));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "less than 2 hour(s) ago"));
	b.w.options.clock->sleep_ms(b.w.options.clock, 2 * 3600 * 1000);
	assert_int_equal(promote(&b), 0);
	/* Where it has to be proven first, it may go without. */
	set_gate(&b, "verified_in", json_pack("[s]", "prod"));
	assert_int_equal(promote(&b), 0);
	set_gate(&b, "verified_in", json_pack("[s]", "stage"));
	/* Another image under the same name is not what was verified. */
	move_tag(&b);
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "not been verified on stage"));
	bench_close(&b);
}

/* What has gone somewhere by force has not been proven, whatever it is called. */
static void by_force_is_no_proof(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version version;
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	set_gate(&b, "verified_in", json_pack("[s]", "qa"));
	call_target(&b, "stage");
	force(&b, "the fire brigade is here");
	assert_int_equal(promote(&b), 0);
	version_of(&b, "v2", &pool, &version);
	assert_int_equal(version.verified.n, 1);
	assert_true(version.verified.at[0].forced);
	assert_string_equal(version.verified.at[0].reason, "the fire brigade is here");
	json_object_del(json_object_get(b.w.plan, "options"), "force_reason");
	set_gate(&b, "verified_in", json_pack("[s]", "stage"));
	call_target(&b, "prod");
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "not been verified on stage"));
	rfa_pool_release(&pool);
	bench_close(&b);
}

/* Nor is it for who promotes from there: the last set of an environment may be unproven, too. */
static void by_force_is_no_proof_of_the_source(void **state)
{
	json_t *last = NULL;
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	set_gate(&b, "require_verified", json_true());
	call_target(&b, "stage");
	force(&b, "fire");
	assert_int_equal(promote(&b), 0);
	assert_int_equal(rfa_catalog_verified(b.w.ledger, "stage", "app", &last, &b.err), 0);
	json_object_set_new(json_object_get(b.w.plan, "options"), "verified", last);
	json_object_del(json_object_get(b.w.plan, "options"), "force_reason");
	json_object_set_new(json_object_get(b.w.plan, "source"), "env", json_string("stage"));
	call_target(&b, "prod");
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	bench_close(&b);
}

/* To and fro: what went there by force stays unproven. */
static void going_back_proves_nothing(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version version;
	struct bench b;
	json_t *plan;
	size_t i;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	set_gate(&b, "verified_in", json_pack("[s]", "qa"));
	force(&b, "fire");
	assert_int_equal(promote(&b), 0);
	for (i = 0; i < 2; i++) {
		plan = world_rollback_plan(&b.w);
		assert_non_null(plan);
		assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
		json_decref(plan);
	}
	assert_string_equal(b.result.version, "v2");
	version_of(&b, "v2", &pool, &version);
	for (i = 0; i < version.verified.n; i++)
		assert_true(version.verified.at[i].forced);
	rfa_pool_release(&pool);
	bench_close(&b);
}

/* A time to wait is a gate by itself. */
static void a_soak_alone_is_a_gate(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	set_gate(&b, "soak_h", json_integer(24));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "test"));
	bench_close(&b);
}

/* What rfa.json switches off is not asked, and kept as such. */
static void a_gate_may_be_off(void **state)
{
	struct bench b;
	json_t *gate;
	size_t i, off = 0;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	set_gate(&b, "verified_in", json_pack("[s]", "qa"));
	set_gate(&b, "off", json_pack("[s]", "verified"));
	assert_int_equal(promote(&b), 0);
	json_array_foreach (gates_of(&b), i, gate)
		off += !strcmp(rfa_facts_str(gate, "verdict", ""), "off") &&
		       !strcmp(rfa_facts_str(gate, "gate", ""), "verified");
	assert_int_equal(off, 1);
	bench_close(&b);
}

static void set_option(struct bench *b, const char *key, json_t *value)
{
	json_object_set_new(json_object_get(b->w.plan, "options"), key, value);
}

static void the_data_was_backed_up_lately(void **state)
{
	char at[RFA_TIME_MAX];
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	set_gate(&b, "backup_h", json_integer(24));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "fresh backup",
				       "there is no backup of the data on prod"));
	set_option(&b, "backup_at", json_string("2001-01-01T00:00:00Z"));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "fresh backup", "is of 2001-01-01"));
	rfa_time_iso(b.w.options.clock->wall_ms(b.w.options.clock) - 23 * 3600 * 1000, at);
	set_option(&b, "backup_at", json_string(at));
	assert_int_equal(promote(&b), 0);
	bench_close(&b);
}

static void drift_is_told(void **state)
{
	struct bench b;
	json_t *gate;
	size_t i, warned = 0;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	set_option(&b, "proven",
		   json_pack("{s:s, s:s, s:[{s:s, s:s, s:s}]}", "version", "v0", "run", "R",
			     "images", "key", "backend", "ref", "backend:v0", "identity", "0"));
	set_gate(&b, "refuse_drift", json_true());
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(
	    b.x.refused, "drift",
	    "backend on prod runs backend:v1, and the ledger says backend:v0 (R)"));
	set_gate(&b, "refuse_drift", json_false());
	assert_int_equal(promote(&b), 0);
	json_array_foreach (gates_of(&b), i, gate)
		warned += !strcmp(rfa_facts_str(gate, "verdict", ""), "warning") &&
			  !strcmp(rfa_facts_str(gate, "gate", ""), "drift");
	assert_int_equal(warned, 1);
	bench_close(&b);
}

/* What a run leaves alone has run long enough: nobody waits for it to settle. */
static const int64_t clocks[] = { 0, -3600, 3600 };
static void what_is_left_alone_has_settled(void **state)
{
	int64_t began, took;
	struct bench b;

	bench_open(&b, SCENARIO_MIXED);
	/* The host's own clock counts, wherever the operator's is. */
	rfa_sim_clock_ahead(b.w.target, clocks[*(const size_t *)*state] * 1000);
	json_object_set_new(rfa_facts_at(b.w.plan, "target/stack"), "health_settle_s",
			    json_integer(600));
	began = b.w.options.clock->mono_ms(b.w.options.clock);
	assert_int_equal(promote(&b), 0);
	assert_true(b.w.options.clock->mono_ms(b.w.options.clock) - began >= 600000);
	began = b.w.options.clock->mono_ms(b.w.options.clock);
	assert_int_equal(promote(&b), 0);
	took = b.w.options.clock->mono_ms(b.w.options.clock) - began;
	assert_true(took < 600000);
	/* One that was started a moment ago has not. */
	assert_int_equal(rfa_sim_container_stop(b.w.prod, "backend", &b.err), 0);
	assert_int_equal(rfa_sim_container_start(b.w.prod, "backend", &b.err), 0);
	began = b.w.options.clock->mono_ms(b.w.options.clock);
	assert_int_equal(promote(&b), 0);
	assert_true(b.w.options.clock->mono_ms(b.w.options.clock) - began >= 600000);
	bench_close(&b);
}

/* What is built now was proven nowhere: where that is asked for, only force brings it. */
static void what_is_built_is_unproven(void **state)
{
	struct bench b;

	(void)state;
	memset(&b, 0, sizeof(b));
	world_make_sources(&b.w, SCENARIO_RUN, 7, NULL, NULL);
	watcher_begin(&b.x, &b.w);
	set_gate(&b, "verified_in", json_pack("[s]", "qa"));
	json_object_set_new(rfa_facts_at(b.w.plan, "target/stack"), "checklist",
			    json_pack("[s]", "mail"));
	assert_int_equal(promote(&b), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "verified", "cannot have been verified"));
	assert_non_null(strstr(rfa_buf_str(&b.x.all), "cannot have been signed"));
	force(&b, "fire");
	assert_int_equal(promote(&b), 0);
	bench_close(&b);
}

int main(void)
{
	static size_t clock_of[] = { 0, 1, 2 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_is_kept),
		cmocka_unit_test(a_moved_tag_is_refused),
		cmocka_unit_test(it_must_be_verified_where_the_stack_says),
		cmocka_unit_test(by_force_is_no_proof),
		cmocka_unit_test(by_force_is_no_proof_of_the_source),
		cmocka_unit_test(going_back_proves_nothing),
		cmocka_unit_test(a_soak_alone_is_a_gate),
		cmocka_unit_test(what_is_built_is_unproven),
		cmocka_unit_test(a_gate_may_be_off),
		cmocka_unit_test(the_data_was_backed_up_lately),
		cmocka_unit_test(an_imported_word_is_kept_and_not_believed),
		cmocka_unit_test(its_registry_tells_which_images_it_is),
		cmocka_unit_test(what_was_signed_is_not_moved),
		cmocka_unit_test(a_host_tells_which_images_it_is),
		cmocka_unit_test(drift_is_told),
		cmocka_unit_test_prestate(what_is_left_alone_has_settled, &clock_of[0]),
		cmocka_unit_test_prestate(what_is_left_alone_has_settled, &clock_of[1]),
		cmocka_unit_test_prestate(what_is_left_alone_has_settled, &clock_of[2]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

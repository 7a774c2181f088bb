/* What is removed when: old backups, and data that was replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/run/vault_bench.h"

/* Every day one, of which a backup's own retention keeps three; a pinned one stays. */
static void test_retention(void **state)
{
	struct bench b;
	int day;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	for (day = 0; day < 6; day++) {
		char at[RFA_TIME_MAX], id[64];
		json_t *plan;

		rfa_time_compact(b.w.options.clock->wall_ms(b.w.options.clock), at);
		snprintf(id, sizeof(id), "%s-prod-data", at);
		plan = with(world_backup_plan(&b.w, "prod", id), "retention",
			    json_pack("{s:i}", "count", 3));
		plan = with(plan, "pinned", json_pack("[s]", "20261122-100100-prod-data"));
		if (run(&b, plan))
			fail_msg("day %d: %s", day, b.err.msg);
		b.w.options.clock->sleep_ms(b.w.options.clock, 86400000 - 10000);
	}
	{
		struct rfa_buf text = RFA_BUF_INIT(8192);

		vault_of(&b, &text);
		if (strncmp(rfa_buf_str(&text), "20261122-100100-prod-data 20261125-", 35) != 0 ||
		    text.len != 4 * strlen(ID " "))
			fail_msg("%s", rfa_buf_str(&text));
		rfa_buf_release(&text);
	}
	bench_close(&b);
}

/* A preview of a backup says what the new one would push out, and removes nothing. */
static void test_preview(void **state)
{
	struct rfa_error err;
	struct rfa_buf before = RFA_BUF_INIT(8192), after = RFA_BUF_INIT(8192);
	json_t *document = NULL, *plan, *row;
	size_t i, goes = 0, stored = 0;
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(run(&b, world_backup_plan(&b.w, "prod", "20240101-000000-prod-data")), 0);
	plan =
	    with(world_backup_plan(&b.w, "prod", ID), "retention", json_pack("{s:i}", "count", 1));
	vault_of(&b, &before);
	assert_int_equal(rfa_run_preview(&b.w.options, plan, &document, &err), 0);
	vault_of(&b, &after);
	assert_string_equal(rfa_buf_str(&after), rfa_buf_str(&before));
	assert_string_equal(rfa_facts_str(document, "verdict", ""), "changes");
	/* The vault is on the same host. */
	assert_int_equal(rfa_facts_int(document, "bytes", -1), 0);
	/* The one before took some time, and what serves on its source stopped for it. */
	assert_true(rfa_facts_int(document, "interruption/source", -1) >= 0);
	json_array_foreach (json_object_get(document, "changes"), i, row) {
		const char *what = rfa_facts_str(row, "what", "");
		const char *change = rfa_facts_str(row, "change", "");

		stored += strcmp(change, "stored") == 0;
		if (strcmp(what, "20240101-000000-prod-data") == 0) {
			assert_string_equal(change, "goes for good");
			goes++;
		}
	}
	assert_int_equal(goes, 1);
	assert_true(stored > 0);
	json_decref(document);
	json_decref(plan);
	rfa_buf_release(&before);
	rfa_buf_release(&after);
	bench_close(&b);
}

static json_t *prune_plan(struct bench *b)
{
	json_t *plan;

	b->w.options.hosts[RFA_SOURCE] = NULL;
	b->w.options.hosts[RFA_TARGET] = b->w.target;
	plan = json_pack("{s:i, s:s, s:s, s:n, s:O, s:O}", "format", 1, "flow", "prune", "stack",
			 "app", "source", "target", json_object_get(b->w.plan, "target"), "options",
			 json_object_get(b->w.plan, "options"));
	return with(plan, "kinds", json_pack("[s]", "data"));
}

static size_t copies_on_prod(struct bench *b)
{
	struct rfa_error err;
	json_t *shared = NULL;
	size_t n;

	assert_int_equal(rfa_sim_snapshot(&shared, b->w.prod, RFA_SIM_OWN, &err), 0);
	n = json_object_size(rfa_facts_at(shared, "own/copies"));
	json_decref(shared);
	return n;
}

/* How many files a folder of main has. */
static void assert_listed(struct bench *b, const char *folder, size_t want)
{
	json_t *names = NULL;

	assert_int_equal(rfa_ledger_names(b->w.ledger, folder, &names, &b->err), 0);
	if (json_array_size(names) != want)
		fail_msg("%s: %zu instead of %zu", folder, json_array_size(names), want);
	json_decref(names);
}

/* What became of a point, and by whose doing. */
static void assert_retired(struct bench *b, const char *point, const char *how, const char *run_id)
{
	char path[256];
	json_t *json;

	snprintf(path, sizeof(path), "points/prod/app/%s.json", point);
	assert_null(ledger_json(b, path));
	snprintf(path, sizeof(path), "retired/prod/app/%s.json", point);
	json = ledger_json(b, path);
	if (!json)
		fail_msg("%s is not retired", point);
	assert_string_equal(rfa_facts_str(json, "name", ""), point);
	assert_string_equal(rfa_facts_str(json, "retired/how", ""), how);
	assert_string_equal(rfa_facts_str(json, "retired/run", ""), run_id);
	json_decref(json);
}

/* Three generations that were replaced, an hour between them; points: the oldest first. */
static void promote_thrice(struct bench *b, char points[][64])
{
	int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(run(b, json_incref(b->w.plan)), 0);
		snprintf(points[i], sizeof(points[i]), "%s", b->result.point);
		b->w.options.clock->sleep_ms(b->w.options.clock, 3600000);
	}
}

/* Of the generations the newest stays, and those that have been gone back to count for nothing. */
static void test_prune(void **state)
{
	char points[4][64];
	struct bench b;
	json_t *back;
	json_t *retired;
	char left[128];

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	promote_thrice(&b, points);
	assert_int_equal(copies_on_prod(&b), 9);
	back = world_rollback_plan(&b.w);
	assert_int_equal(run(&b, json_incref(back)), 0);
	snprintf(points[3], sizeof(points[3]), "%s", b.result.point);
	assert_int_equal(copies_on_prod(&b), 9);
	assert_retired(&b, points[2], "used", b.result.run);
	snprintf(left, sizeof(left), "retired/prod/app/%s.json", points[2]);
	retired = ledger_json(&b, left);
	assert_string_equal(rfa_facts_str(retired, "retired/successor", ""), points[3]);
	json_decref(retired);
	assert_listed(&b, "points/prod/app", 3);
	assert_int_equal(run(&b, prune_plan(&b)), 0);
	assert_told(rfa_buf_str(&b.x.all), "2 generation(s) removed");
	assert_int_equal(copies_on_prod(&b), 3);
	assert_retired(&b, points[0], "pruned", b.result.run);
	assert_retired(&b, points[1], "pruned", b.result.run);
	assert_listed(&b, "points/prod/app", 1);
	assert_data(&b, "prod", "test");
	/* Again: nothing is left to do. */
	assert_int_equal(run(&b, prune_plan(&b)), 0);
	assert_told(rfa_buf_str(&b.x.all), "0 generation(s) removed");
	/* What stayed can be gone back to. */
	json_decref(back);
	back = world_rollback_plan(&b.w);
	b.w.options.hosts[RFA_SOURCE] = NULL;
	assert_int_equal(run(&b, back), 0);
	bench_close(&b);
}

/* What a preview says of a point: "goes", or what holds it; *has: it takes room. New. */
static char *said_of(struct bench *b, const char *point, int *has)
{
	json_t *document = NULL, *row, *plan = prune_plan(b);
	char what[100], *said = NULL;
	size_t i;

	snprintf(what, sizeof(what), "data %s", point);
	assert_int_equal(rfa_run_preview(&b->w.options, plan, &document, &b->err), 0);
	json_array_foreach (json_object_get(document, "changes"), i, row) {
		if (strcmp(rfa_facts_str(row, "what", ""), what) != 0)
			continue;
		said = strdup(rfa_facts_str(row, "detail", ""));
		*has = strcmp(rfa_facts_str(row, "now", "0 B"), "0 B") != 0;
	}
	json_decref(document);
	json_decref(plan);
	return said;
}

static void assert_said(struct bench *b, const char *point, const char *want, int room)
{
	int has = 0;
	char *said = said_of(b, point, &has);

	assert_non_null(said);
	assert_string_equal(said, want);
	assert_int_equal(has, room);
	free(said);
}

/* Each point is told, with what holds it; what the operator has not seen stays. */
static void test_prune_table(void **state)
{
	char points[3][64];
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	promote_thrice(&b, points);
	assert_said(&b, points[2], "kept: one of the newest 1 that can be gone back to", 1);
	assert_said(&b, points[1], "goes", 1);
	assert_said(&b, points[0], "goes", 1);
	assert_int_equal(
	    run(&b, with(own(prune_plan(&b)), "agreed", json_pack("[s+]", "data ", points[0]))), 0);
	assert_told(rfa_buf_str(&b.x.all), "1 generation(s) removed");
	assert_retired(&b, points[0], "pruned", b.result.run);
	assert_listed(&b, "points/prod/app", 2);
	assert_int_equal(copies_on_prod(&b), 6);
	bench_close(&b);
}

/* Removed by somebody else: not offered any more either, once it is seen. */
static void test_prune_found_gone(void **state)
{
	struct bench b;
	char first[64];
	json_t *point;
	json_t *member;
	char path[256];
	size_t i;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(run(&b, json_incref(b.w.plan)), 0);
	snprintf(first, sizeof(first), "%s", b.result.point);
	b.w.options.clock->sleep_ms(b.w.options.clock, 3600000);
	assert_int_equal(run(&b, json_incref(b.w.plan)), 0);
	snprintf(path, sizeof(path), "points/prod/app/%s.json", first);
	point = ledger_json(&b, path);
	json_array_foreach (json_object_get(point, "members"), i, member) {
		json_t *copies = json_pack("[O]", json_object_get(member, "copy"));
		struct rfa_job_key key = { "by-hand", "rm", rfa_facts_str(member, "name", "") };

		assert_int_equal(b.w.target->trees->remove(b.w.target, &key, copies, &b.err), 0);
		json_decref(copies);
	}
	json_decref(point);
	assert_int_equal(run(&b, prune_plan(&b)), 0);
	assert_told(rfa_buf_str(&b.x.all), "0 generation(s) removed");
	assert_retired(&b, first, "gone", b.result.run);
	assert_listed(&b, "points/prod/app", 1);
	bench_close(&b);
}

static void die_behind(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_sim_fault fault = { 0 };
	struct rfa_error err;

	x->hook_call++;
	if (!strstr(label, "tree_remove"))
		return;
	x->hook = NULL;
	fault.at = call;
	fault.kind = RFA_SIM_CRASH_AFTER;
	assert_int_equal(rfa_sim_plan(x->w->sim, &fault, &err), 0);
}

/* Whoever dies behind the removal has still removed it. */
static void test_prune_killed(void **state)
{
	char first[64], run_id[RFA_RUN_ID_MAX];
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(run(&b, json_incref(b.w.plan)), 0);
	snprintf(first, sizeof(first), "%s", b.result.point);
	b.w.options.clock->sleep_ms(b.w.options.clock, 3600000);
	assert_int_equal(run(&b, json_incref(b.w.plan)), 0);
	watcher_clear(&b.x);
	b.x.hook = die_behind;
	b.x.hook_again = 1;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.prune");
	plan = prune_plan(&b);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_ECRASHED);
	json_decref(plan);
	rfa_sim_recover(b.w.sim);
	rfa_sim_plan_clear(b.w.sim);
	assert_int_equal(copies_on_prod(&b), 3);
	snprintf(run_id, sizeof(run_id), "%s", b.result.run);
	watcher_clear(&b.x);
	if (rfa_run_resume(&b.w.options, run_id, RFA_RESUME_CONTINUE, &b.result, &b.err))
		fail_msg("%s (%s)", b.err.msg, b.err.where);
	assert_retired(&b, first, "pruned", b.result.run);
	bench_close(&b);
}

/* Nobody can go back with half of one: it does not count, and the whole one before it stays. */
static void test_prune_half(void **state)
{
	char points[2][64], path[256];
	struct bench b;
	json_t *point;
	json_t *copies;
	int i;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	for (i = 0; i < 2; i++) {
		assert_int_equal(run(&b, json_incref(b.w.plan)), 0);
		snprintf(points[i], sizeof(points[i]), "%s", b.result.point);
		b.w.options.clock->sleep_ms(b.w.options.clock, 3600000);
	}
	snprintf(path, sizeof(path), "points/prod/app/%s.json", points[1]);
	point = ledger_json(&b, path);
	copies = json_pack("[O]", rfa_facts_at(point, "members/1/copy"));
	assert_int_equal(b.w.target->trees->remove(b.w.target,
						   &(struct rfa_job_key){ "by-hand", "rm", "x" },
						   copies, &b.err),
			 0);
	json_decref(copies);
	json_decref(point);
	assert_int_equal(run(&b, prune_plan(&b)), 0);
	assert_retired(&b, points[1], "pruned", b.result.run);
	assert_listed(&b, "points/prod/app", 1);
	assert_int_equal(copies_on_prod(&b), 3);
	bench_close(&b);
}

/* A prune that is given up in the middle: what it had begun to remove is offered to nobody. */
static void test_prune_given_up(void **state)
{
	char first[64], run_id[RFA_RUN_ID_MAX];
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	assert_int_equal(run(&b, json_incref(b.w.plan)), 0);
	snprintf(first, sizeof(first), "%s", b.result.point);
	b.w.options.clock->sleep_ms(b.w.options.clock, 3600000);
	assert_int_equal(run(&b, json_incref(b.w.plan)), 0);
	watcher_clear(&b.x);
	b.x.hook = die_behind;
	b.x.hook_again = 1;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.prune");
	plan = prune_plan(&b);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), -RFA_ECRASHED);
	json_decref(plan);
	rfa_sim_recover(b.w.sim);
	rfa_sim_plan_clear(b.w.sim);
	snprintf(run_id, sizeof(run_id), "%s", b.result.run);
	watcher_clear(&b.x);
	(void)!rfa_run_resume(&b.w.options, run_id, RFA_RESUME_DETACH, &b.result, &b.err);
	assert_int_equal(b.result.final, RFA_FINAL_ABORTED);
	assert_retired(&b, first, "pruned", run_id);
	bench_close(&b);
}

/* The clock went back: what the run itself has made is the oldest by its name, and stays. */
static void test_clock_went_back(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_DATA);
	backup(&b, "prod", "20261122-100100-prod-data");
	backup(&b, "prod", "20261122-100200-prod-data");
	if (run(&b, with(world_backup_plan(&b.w, "prod", "20240101-000000-prod-data"), "retention",
			 json_pack("{s:i}", "count", 1))))
		fail_msg("%s", b.err.msg);
	assert_vault(&b, "20240101-000000-prod-data 20261122-100200-prod-data ");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retention),
		cmocka_unit_test(test_preview),
		cmocka_unit_test(test_prune),
		cmocka_unit_test(test_prune_table),
		cmocka_unit_test(test_prune_found_gone),
		cmocka_unit_test(test_prune_killed),
		cmocka_unit_test(test_prune_half),
		cmocka_unit_test(test_prune_given_up),
		cmocka_unit_test(test_clock_went_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

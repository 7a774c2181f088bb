/*
 * The sweep of runs about a host itself: its lock released, a ledger accepted, a vault thinned out,
 * what serves there checked.
 * Each has done what it says, or nothing.
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
#include "tests/harness/served.h"
#include "tests/harness/sweep.h"

static const char dead[] = "20261121-101010-abcdef";

static void must(int rc, const struct rfa_error *err)
{
	if (rc)
		fail_msg("%s (%s)", err->msg, err->where);
}

static json_t *host_plan(struct world *w, const char *flow, json_t *options)
{
	json_t *side = json_copy(json_object_get(w->plan, "target"));
	json_t *all = json_copy(json_object_get(w->plan, "options"));
	json_t *plan;

	w->options.hosts[RFA_SOURCE] = NULL;
	w->options.hosts[RFA_TARGET] = w->target;
	json_object_del(side, "stack");
	json_object_update(all, options);
	plan = json_pack("{s:i, s:s, s:s, s:n, s:o, s:o}", "format", 1, "flow", flow, "stack",
			 "_host", "source", "target", side, "options", all);
	json_decref(options);
	return plan;
}

/* A lock. */

static json_t *locked(struct world *w, int which)
{
	json_t *who =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "run", dead, "flow", "promote", "stack",
		      "app", "user", "olga", "machine", "desk", "since", "2026-11-21T10:10:10Z");
	json_t *holder = NULL;
	struct rfa_error err;

	world_make(w, (enum scenario)which, 7);
	must(w->target->runs->lock_claim(w->target, who, &holder, &err), &err);
	json_decref(who);
	return host_plan(w, "release-lock",
			 json_pack("{s:s, s:s, s:b}", "run", dead, "reason", "mended by hand",
				   "accept_head", 1));
}

/* Free if the run says so; else it is as it was, and goes now. */
static void judge_lock(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	struct rfa_error err;
	json_t *holder = NULL;
	int is_held;

	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	must(w->target->runs->lock_read(w->target, &holder, &err), &err);
	is_held = holder != NULL;
	if (is_held == (result->final == RFA_FINAL_SUCCEEDED))
		rfa_buf_printf(why, "it ends %s, and the lock is %s; ",
			       rfa_final_word(result->final), is_held ? "held" : "free");
	json_decref(holder);
	if (is_held)
		must(w->target->runs->lock_release(w->target, dead, &err), &err);
}

static json_t *free_host(struct world *w, int which)
{
	world_make(w, (enum scenario)which, 7);
	return host_plan(w, "hold-lock", json_pack("{s:s}", "reason", "a new disk"));
}

/* Held by this run if it says so; else free. It goes now: nothing else is left. */
static void judge_hold(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	int succeeded = result->final == RFA_FINAL_SUCCEEDED;
	struct rfa_error err;
	json_t *holder = NULL;
	int is_ours;

	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	must(w->target->runs->lock_read(w->target, &holder, &err), &err);
	is_ours = !strcmp(rfa_facts_str(holder, "run", ""), result->run);
	if (succeeded ? !is_ours : holder != NULL)
		rfa_buf_printf(why, "it ends %s, and the lock is %s; ",
			       rfa_final_word(result->final),
			       is_ours  ? "its own"
			       : holder ? "another run's"
					: "free");
	json_decref(holder);
	must(w->target->runs->lock_release(w->target, result->run, &err), &err);
}

/* A smoke test: it has no lock, and changes nothing. */

static json_t *served(struct world *w, int which)
{
	json_t *plan;

	world_make(w, (enum scenario)which, 7);
	w->options.hosts[RFA_SOURCE] = NULL;
	plan = json_deep_copy(w->plan);
	json_object_set_new(plan, "flow", json_string("smoke"));
	json_object_set_new(plan, "source", json_null());
	json_object_set_new(json_object_get(plan, "options"), "mark", json_true());
	return plan;
}

/* A command in a container. */

static json_t *command(struct world *w, int which)
{
	json_t *plan = served(w, which);

	json_object_set_new(plan, "flow", json_string("exec"));
	json_object_update_new(json_object_get(plan, "options"),
			       json_pack("{s:s, s:[s, s], s:i}", "service", "backend", "command",
					 "echo", "hello", "timeout_s", 30));
	return plan;
}

/* Once at most, but for what the host has never seen or has refused; once if the run says so. */
static void judge_command(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	const char *at = rfa_sim_trace(w->sim);
	int asked = 0, done = 0;

	while ((at = strstr(at, " prod exec ")) != NULL) {
		const char *end = strchr(at, '\n');
		char line[400];

		snprintf(line, sizeof(line), "%.*s", (int)(end ? end - at : 0), at);
		asked += !strstr(line, ": unreachable") && !strstr(line, ": remote");
		done += strstr(line, ": ok") != NULL;
		at += 2;
	}
	if (asked > 1 || (result->final == RFA_FINAL_SUCCEEDED && done != 1))
		rfa_buf_printf(why, "it ends %s, and the command was run %d time(s); ",
			       rfa_final_word(result->final), asked);
}

/* A ledger. */

static json_t *other_head(struct world *w, int which)
{
	char path[160], text[200];
	struct rfa_error err;
	char id[65];

	world_make(w, (enum scenario)which, 7);
	must(rfa_ledger_id(w->ledger, id, &err), &err);
	snprintf(path, sizeof(path), "/var/lib/rfa/ledger-heads/%s", id);
	snprintf(text, sizeof(text), "%064d %s\n", 1, dead);
	must(rfa_sim_file_put(w->prod, path, 0600, text, &err), &err);
	return host_plan(w, "accept-ledger",
			 json_pack("{s:s, s:b}", "reason", "restored", "accept_head", 1));
}

/* What is kept is known if the run says so; else it is the evidence that it was. */
static void judge_head(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	struct rfa_error err;
	json_t *kept = NULL;
	int known;

	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	must(rfa_run_kept_head(w->ledger, w->target, &kept, &err), &err);
	known = rfa_facts_bool(kept, "known", 0);
	/* A run that has ended may have failed to leave its head: that is told, not fatal. */
	if (!known && strcmp(rfa_facts_str(kept, "run", ""), dead) != 0)
		rfa_buf_puts(why, "what the host keeps is neither the old nor a new head; ");
	if (known && result->final != RFA_FINAL_SUCCEEDED && !*rfa_facts_str(kept, "run", ""))
		rfa_buf_puts(why, "the head is nobody's; ");
	json_decref(kept);
}

/* Backups. */

static const char *const ids[] = { "20261120-100000-prod-data", "20261121-100000-prod-data",
				   "20261122-090000-prod-data" };

static json_t *thin(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *plan;
	size_t i;

	world_make_one_writer(w, (enum scenario)which, 1);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	for (i = 0; i < 3; i++) {
		plan = world_backup_plan(w, "prod", ids[i]);
		must(rfa_run_begin(&w->options, plan, &result, &err), &err);
		json_decref(plan);
	}
	plan = host_plan(w, "prune-backups",
			 json_pack("{s:s, s:s, s:s, s:{s:i}, s:[], s:[s, s]}", "vault", WORLD_VAULT,
				   "set", "data", "of", "prod", "retention", "count", 1, "pinned",
				   "agreed", ids[1], ids[0]));
	json_object_set_new(plan, "stack", json_string("app"));
	return plan;
}

/* The newest stays; the others go together with the word that they went. */
static void judge_vault(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	struct rfa_error err;
	json_t *list = NULL;
	size_t n;

	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	must(w->target->vault->list(w->target, WORLD_VAULT, &list, &err), &err);
	n = json_array_size(list);
	if (n < 1 || strcmp(rfa_facts_str(json_array_get(list, n - 1), "backup", ""), ids[2]) != 0)
		rfa_buf_puts(why, "the newest backup is gone; ");
	if (result->final != RFA_FINAL_SUCCEEDED && n != 3)
		rfa_buf_printf(why, "it ends %s, and %zu backups are left; ",
			       rfa_final_word(result->final), n);
	json_decref(list);
}

/* The sweeps. */

/* A run about a host itself is short, and most of its calls can fail in three or four ways. */
static const struct sweep_subject locks = {
	.name = "release-lock",
	.which = SCENARIO_RUN,
	.prepare = locked,
	.undisturbed = RFA_FINAL_SUCCEEDED,
	.serves = world_serves,
	.judge = judge_lock,
	.bytes = 20000,
	.ends_as_before = 1,
	.least_faults = 3,
};
static const struct sweep_subject holds = {
	.name = "hold-lock",
	.which = SCENARIO_RUN,
	.prepare = free_host,
	.undisturbed = RFA_FINAL_SUCCEEDED,
	.serves = world_serves,
	.judge = judge_hold,
	.bytes = 20000,
	.ends_as_before = 1,
	.least_faults = 3,
};
static const struct sweep_subject smokes = {
	.name = "smoke",
	.which = SCENARIO_RUN,
	.prepare = served,
	.undisturbed = RFA_FINAL_SUCCEEDED,
	.serves = world_serves,
	.bytes = 20000,
	.ends_as_before = 1,
	.least_faults = 2,
};
static const struct sweep_subject commands = {
	.name = "exec",
	.which = SCENARIO_RUN,
	.prepare = command,
	.undisturbed = RFA_FINAL_SUCCEEDED,
	.serves = world_serves,
	.judge = judge_command,
	.bytes = 20000,
	.may_stick = 1,
	.ends_as_before = 1,
	.least_faults = 2,
};
static const struct sweep_subject heads = {
	.name = "accept-ledger",
	.which = SCENARIO_RUN,
	.prepare = other_head,
	.undisturbed = RFA_FINAL_SUCCEEDED,
	.serves = world_serves,
	.judge = judge_head,
	.bytes = 20000,
	.ends_as_before = 1,
	.least_faults = 4,
};
static const struct sweep_subject vaults = {
	.name = "prune-backups",
	.which = SCENARIO_DATA,
	.prepare = thin,
	.undisturbed = RFA_FINAL_SUCCEEDED,
	.serves = world_data_serves,
	.judge = judge_vault,
	.bytes = 20000,
	.ends_as_before = 1,
	.least_faults = 4,
};

static void sweeps_can_fail(void **state)
{
	(void)state;
	assert_true(sweep_sees(&locks, RFA_SIM_MUTATION_LOCK_NEVER_FREED, SWEEP_NO_FAULT));
}

SWEEP(locks)
SWEEP(holds)
SWEEP(smokes)
SWEEP(commands)
SWEEP(heads)
SWEEP(vaults)
PAIRS(locks)
PAIRS(holds)
PAIRS(smokes)
PAIRS(commands)
PAIRS(heads)
PAIRS(vaults)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail), cmocka_unit_test(sweep_locks),
		cmocka_unit_test(pairs_locks),     cmocka_unit_test(sweep_holds),
		cmocka_unit_test(pairs_holds),     cmocka_unit_test(sweep_smokes),
		cmocka_unit_test(pairs_smokes),    cmocka_unit_test(sweep_commands),
		cmocka_unit_test(pairs_commands),  cmocka_unit_test(sweep_heads),
		cmocka_unit_test(pairs_heads),     cmocka_unit_test(sweep_vaults),
		cmocka_unit_test(pairs_vaults),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

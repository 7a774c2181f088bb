/* The table check: takes every flow there is, and refuses each planted mistake by its row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/core/flow.h"
#include "fsm/steps/common/gates.h"
#include "fsm/core/record.h"
#include "fsm/run/run.h"

/* A copy of promote's table, to plant mistakes in. */
struct planted {
	struct rfa_flow flow;
	struct rfa_step steps[RFA_FLOW_MAX_STEPS + 2];
};

static void copy(struct planted *p)
{
	const struct rfa_flow *promote = rfa_flow_by_name("promote");

	assert_non_null(promote);
	memset(p, 0, sizeof(*p));
	memcpy(p->steps, promote->steps, promote->n * sizeof(p->steps[0]));
	p->flow = *promote;
	p->flow.steps = p->steps;
}

static int row(const struct planted *p, const char *name)
{
	int i = rfa_flow_find(&p->flow, name);

	if (i < 0)
		fail_msg("promote has no row %s any more", name);
	return i;
}

static struct rfa_step *step(struct planted *p, const char *name)
{
	return &p->steps[row(p, name)];
}

/* Makes room for a copy of `name` right behind it. */
static struct rfa_step *insert_behind(struct planted *p, const char *name, const char *as)
{
	int i = row(p, name);

	memmove(&p->steps[i + 2], &p->steps[i + 1],
		(p->flow.n - (size_t)i - 1) * sizeof(p->steps[0]));
	p->steps[i + 1] = p->steps[i];
	p->steps[i + 1].name = as;
	p->flow.n++;
	return &p->steps[i + 1];
}

/* Refused, for this reason, with this row (or other thing) named. */
static void refused(const struct planted *p, const char *named, const char *why)
{
	struct rfa_error err;

	rfa_error_clear(&err);
	assert_int_equal(rfa_flow_check(&p->flow, &err), -RFA_EINTERNAL);
	assert_int_equal(err.code, RFA_EINTERNAL);
	if (!strstr(err.msg, named) || !strstr(err.msg, why))
		fail_msg("'%s' does not say '%s' of '%s'", err.msg, why, named);
}

static void taken(const struct planted *p)
{
	struct rfa_error err;

	if (rfa_flow_check(&p->flow, &err))
		fail_msg("%s: %s", err.where, err.msg);
}

static void every_flow_is_taken(void **state)
{
	const struct rfa_flow *const *flows;
	struct rfa_error err;
	size_t n, i, j;

	(void)state;
	flows = rfa_flows(&n);
	assert_true(n >= 2);
	for (i = 0; i < n; i++) {
		if (rfa_flow_check(flows[i], &err))
			fail_msg("%s: %s", err.where, err.msg);
		assert_ptr_equal(rfa_flow_by_name(flows[i]->name), flows[i]);
		assert_true(flows[i]->version >= 1);
		assert_true(flows[i]->summary && *flows[i]->summary);
		for (j = 0; j < flows[i]->n; j++)
			assert_int_equal(rfa_flow_find(flows[i], flows[i]->steps[j].name), j);
		assert_int_equal(rfa_flow_find(flows[i], "no-such-row"), -1);
	}
	assert_null(rfa_flow_by_name("no-such-flow"));
}

static void a_doubled_name_is_refused(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "target.load")->name = "target.pin";
	refused(&p, "row 13 (target.pin)", "twice");
}

static void a_missing_or_malformed_name_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "Upper",
					   "a b",
					   "a/b",
					   "a_b",
					   "a\n",
					   "-a",
					   ".",
					   "..",
					   ".a",
					   "a234567890123456789012345678901234567890" };
	struct planted p;
	size_t i;

	(void)state;
	copy(&p);
	step(&p, "target.load")->name = NULL;
	refused(&p, "row 13 ((none))", "missing or malformed");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		copy(&p);
		step(&p, "target.load")->name = bad[i];
		refused(&p, "row 13", "missing or malformed");
	}
	copy(&p);
	p.flow.name = NULL;
	refused(&p, "", "a flow without a proper name");
}

static void a_step_without_its_trio_is_refused(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "target.load")->run = NULL;
	refused(&p, "(target.load)", "no run");
	copy(&p);
	step(&p, "target.load")->probe = NULL;
	refused(&p, "(target.load)", "no probe");
	copy(&p);
	step(&p, "target.load")->undo = NULL;
	refused(&p, "(target.load)", "no undo");
	copy(&p);
	step(&p, "target.cleanup")->probe = NULL;
	refused(&p, "(target.cleanup)", "no probe");
	copy(&p);
	step(&p, "gates")->run = NULL;
	refused(&p, "(gates)", "no run");
	copy(&p);
	step(&p, "gates")->max_attempts = 0;
	refused(&p, "(gates)", "never be tried");
}

static void a_step_with_what_its_flags_exclude_is_refused(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "gates")->undo = step(&p, "target.load")->undo;
	refused(&p, "(gates)", "only reads");
	copy(&p);
	step(&p, "gates")->probe = step(&p, "target.load")->probe;
	refused(&p, "(gates)", "only reads");
	copy(&p);
	step(&p, "target.cleanup")->undo = step(&p, "target.load")->undo;
	refused(&p, "(target.cleanup)", "behind the point of no return");
	copy(&p);
	step(&p, "target.health-before")->flags = RFA_STEP_ROLLBACK_ONLY;
	step(&p, "target.health-before")->probe = step(&p, "target.load")->probe;
	step(&p, "target.health-before")->undo = step(&p, "target.load")->undo;
	refused(&p, "(target.health-before)", "changes something");
	copy(&p);
	step(&p, "target.health-before")->flags |= RFA_STEP_CLEANUP;
	refused(&p, "(target.health-before)", "way back");
	copy(&p);
	step(&p, "stop")->flags |= RFA_STEP_ROLLBACK_ONLY;
	refused(&p, "(stop)", "skipped");
	copy(&p);
	step(&p, "stop")->flags |= RFA_STEP_CLEANUP;
	refused(&p, "(stop)", "skipped");
	copy(&p);
	step(&p, "stop")->run = step(&p, "gates")->run;
	refused(&p, "(stop)", "skipped");
}

static void a_step_on_no_known_role_is_refused(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "target.load")->on = (enum rfa_role_id)99;
	refused(&p, "(target.load)", "host");
	copy(&p);
	step(&p, "target.load")->on = RFA_ROLES;
	refused(&p, "(target.load)", "host");
	copy(&p);
	step(&p, "gates")->on = RFA_NOWHERE;
	taken(&p);
}

static void a_state_out_of_order_is_refused(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "target.load")->state = RFA_EXPORT;
	refused(&p, "(target.load)", "out of order");
	copy(&p);
	step(&p, "target.load")->state = RFA_STATE_COUNT;
	refused(&p, "(target.load)", "no state");
}

static void a_missing_state_is_refused_by_name(void **state)
{
	struct planted p;
	int s;

	(void)state;
	for (s = 0; s < RFA_STATE_COUNT; s++) {
		size_t i, n = 0;

		copy(&p);
		for (i = 0; i < p.flow.n; i++)
			if ((int)p.steps[i].state != s || (p.steps[i].flags & RFA_STEP_CLEANUP))
				p.steps[n++] = p.steps[i];
		p.flow.n = n;
		/* The last rows must stay, so they move to the state before. */
		for (i = 0; i < n; i++)
			if (s == RFA_HEALTH && p.steps[i].state == RFA_HEALTH)
				p.steps[i].state = RFA_RESTART;
		refused(&p, rfa_state_word((enum rfa_state)s), "no row for the state");
	}
}

static void a_row_of_the_way_back_leads_nowhere(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "target.health-before")->then = "target.tag";
	refused(&p, "(target.health-before)", "way back");
	copy(&p);
	step(&p, "target.load")->then = "target.health-before";
	refused(&p, "(target.load)", "way back");
}

static void only_cleanup_rows_stand_behind_a_cleanup_row(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	*insert_behind(&p, "target.cleanup", "target.more") = *step(&p, "target.compose");
	p.steps[row(&p, "target.cleanup") + 1].name = "target.more";
	p.steps[row(&p, "target.cleanup") + 1].state = RFA_HEALTH;
	refused(&p, "(target.more)", "point of no return");
	/* One that reads could fail, and nothing can be undone there. */
	copy(&p);
	step(&p, "source.release")->flags = RFA_STEP_READS;
	step(&p, "source.release")->probe = NULL;
	refused(&p, "(source.release)", "point of no return");
	copy(&p);
	step(&p, "source.release")->flags = RFA_STEP_READS | RFA_STEP_CLEANUP;
	step(&p, "source.release")->probe = NULL;
	taken(&p);
}

static void a_then_leads_forward_to_a_row_that_is_there(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "target.load")->then = "target.nothing";
	refused(&p, "(target.load)", "not there");
	copy(&p);
	step(&p, "target.load")->then = "target.pin";
	refused(&p, "(target.load)", "backwards");
	copy(&p);
	step(&p, "target.load")->then = "target.load";
	refused(&p, "(target.load)", "backwards");
	copy(&p);
	step(&p, "target.load")->then = "ROLLED_BACK";
	refused(&p, "(target.load)", "only end SUCCEEDED");
	copy(&p);
	step(&p, "target.load")->then = "target.compose";
	taken(&p);
	/* Also in a row that another one jumps over. */
	step(&p, "target.replace")->then = "target.nothing";
	refused(&p, "(target.replace)", "not there");
	copy(&p);
	step(&p, "target.load")->then = "SUCCEEDED";
	step(&p, "target.replace")->then = "target.pin";
	refused(&p, "(target.replace)", "backwards");
}

static void a_flow_that_never_ends_is_refused(void **state)
{
	struct planted p;

	(void)state;
	copy(&p);
	step(&p, "target.release")->then = NULL;
	refused(&p, "(target.release)", "no final state");
	copy(&p);
	p.flow.n = 0;
	refused(&p, "", "1 to 48 rows");
}

static void more_rows_than_the_maximum_are_refused(void **state)
{
	static char names[RFA_FLOW_MAX_STEPS + 2][16];
	struct planted p;
	size_t i;

	(void)state;
	copy(&p);
	for (i = 0; p.flow.n < RFA_FLOW_MAX_STEPS; i++) {
		snprintf(names[i], sizeof(names[i]), "more%zu", i);
		insert_behind(&p, "gates", names[i]);
	}
	taken(&p);
	insert_behind(&p, "gates", "one-too-many");
	refused(&p, "", "1 to 48 rows");
}

static void words_go_there_and_back(void **state)
{
	enum rfa_record_kind kind;
	enum rfa_state s;
	enum rfa_final f;
	int i, j;

	(void)state;
	for (i = 0; i < RFA_STATE_COUNT; i++) {
		assert_int_equal(rfa_state_parse(rfa_state_word((enum rfa_state)i), &s), 0);
		assert_int_equal(s, i);
	}
	for (i = RFA_FINAL_NONE; i <= RFA_FINAL_STUCK; i++) {
		assert_int_equal(rfa_final_parse(rfa_final_word((enum rfa_final)i), &f), 0);
		assert_int_equal(f, i);
	}
	for (i = RFA_RECORD_BEGIN; i <= RFA_RECORD_END; i++) {
		assert_int_equal(
		    rfa_record_kind_parse(rfa_record_kind_word((enum rfa_record_kind)i), &kind), 0);
		assert_int_equal(kind, i);
	}
	for (i = RFA_PROBE_DONE; i <= RFA_PROBE_PARTIAL; i++)
		for (j = RFA_PROBE_DONE; j < i; j++)
			assert_string_not_equal(rfa_probe_word((enum rfa_probe)i),
						rfa_probe_word((enum rfa_probe)j));
	/* What is none answers "" and leaves the result alone. */
	s = RFA_APPLY;
	f = RFA_FINAL_STUCK;
	kind = RFA_RECORD_DONE;
	assert_int_equal(rfa_state_parse("apply", &s), -1);
	assert_int_equal(rfa_state_parse("", &s), -1);
	assert_int_equal(rfa_final_parse("SUCCEEDED ", &f), -1);
	assert_int_equal(rfa_record_kind_parse("done", &kind), -1);
	assert_int_equal(s, RFA_APPLY);
	assert_int_equal(f, RFA_FINAL_STUCK);
	assert_int_equal(kind, RFA_RECORD_DONE);
	assert_string_equal(rfa_state_word(RFA_STATE_COUNT), "");
	assert_string_equal(rfa_final_word((enum rfa_final)99), "");
	assert_string_equal(rfa_probe_word((enum rfa_probe)99), "");
	assert_string_equal(rfa_record_kind_word((enum rfa_record_kind)99), "");
}

static int has_gate(const struct rfa_flow *flow, const char *name)
{
	const struct rfa_gate *gate = flow->gates;

	while (gate && gate->name && strcmp(gate->name, name) != 0)
		gate++;
	return gate && gate->name;
}

/* A flow that the window holds up brings a version: what is asked of one is asked of all. */
static void a_version_meets_the_same_gates(void **state)
{
	static const char *const names[] = { "carry over", "shared names", "URLs", "verified",
					     "proven drill" };
	const struct rfa_flow *const *flows;
	size_t n, i, k, found = 0;

	(void)state;
	flows = rfa_flows(&n);
	for (i = 0; i < n; i++) {
		if (!has_gate(flows[i], "window"))
			continue;
		found++;
		for (k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (!has_gate(flows[i], names[k]))
				fail_msg("%s has no gate %s", flows[i]->name, names[k]);
	}
	assert_true(found >= 4);
}

/* It changes what serves in an environment that the operator names. */
static int changes_what_serves(const struct rfa_flow *flow)
{
	const struct rfa_role *role = flow->roles;
	size_t i;

	while (role->id && role->id != RFA_TARGET)
		role++;
	for (i = 0; role->option && i < flow->n; i++)
		if (flow->steps[i].on == RFA_TARGET &&
		    !(flow->steps[i].flags &
		      (RFA_STEP_READS | RFA_STEP_SCRATCH | RFA_STEP_CLEANUP)))
			return 1;
	return 0;
}

/* The operator's own command is asked by each flow that does, behind its gates, and by no other. */
static void a_hook_stands_before_each_change(void **state)
{
	const struct rfa_flow *const *flows;
	size_t n, i, found = 0;

	(void)state;
	flows = rfa_flows(&n);
	for (i = 0; i < n; i++) {
		int hook = rfa_flow_find(flows[i], "target.hook");

		if ((hook >= 0) != changes_what_serves(flows[i]))
			fail_msg("%s: %s", flows[i]->name, hook < 0 ? "no hook" : "a hook");
		if (hook >= 0 && strcmp(flows[i]->steps[hook - 1].name, "gates") != 0)
			fail_msg("%s: its hook is not behind the gates", flows[i]->name);
		found += hook >= 0;
	}
	assert_true(found >= 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flow_is_taken),
		cmocka_unit_test(a_doubled_name_is_refused),
		cmocka_unit_test(a_missing_or_malformed_name_is_refused),
		cmocka_unit_test(a_step_without_its_trio_is_refused),
		cmocka_unit_test(a_step_with_what_its_flags_exclude_is_refused),
		cmocka_unit_test(a_step_on_no_known_role_is_refused),
		cmocka_unit_test(a_state_out_of_order_is_refused),
		cmocka_unit_test(a_missing_state_is_refused_by_name),
		cmocka_unit_test(a_row_of_the_way_back_leads_nowhere),
		cmocka_unit_test(only_cleanup_rows_stand_behind_a_cleanup_row),
		cmocka_unit_test(a_then_leads_forward_to_a_row_that_is_there),
		cmocka_unit_test(a_flow_that_never_ends_is_refused),
		cmocka_unit_test(more_rows_than_the_maximum_are_refused),
		cmocka_unit_test(words_go_there_and_back),
		cmocka_unit_test(a_version_meets_the_same_gates),
		cmocka_unit_test(a_hook_stands_before_each_change),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

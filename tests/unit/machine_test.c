/*
 * The pure machine: golden traces that a person can read, then thousands of random walks whose
 * histories are judged by an auditor that knows nothing of the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/buf.h"
#include "fsm/base/clock.h"
#include "fsm/core/machine.h"
#include "fsm/run/run.h"

/* A small flow with one row of each kind. */

static int run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	(void)ctx;
	(void)facts;
	(void)err;
	return 0;
}

static int probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	(void)ctx;
	(void)seen;
	(void)facts;
	(void)err;
	return 0;
}

static int undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

/* clang-format off */
static const struct rfa_step small_steps[] = {
	{ "lock",   RFA_PRECHECK, RFA_TARGET, RFA_STEP_SCRATCH,  4, run, probe, undo, NULL, NULL },
	{ "look",   RFA_PRECHECK, RFA_TARGET, RFA_STEP_READS, 4, run, NULL, NULL, NULL, NULL },
	{ "stop",   RFA_STOP, RFA_NOWHERE, RFA_STEP_READS, 1, NULL, NULL, NULL, NULL, "nothing to stop" },
	{ "verify", RFA_VERIFY_STOPPED, RFA_NOWHERE, RFA_STEP_READS, 1, NULL, NULL, NULL, NULL, "nothing was stopped" },
	{ "export", RFA_EXPORT, RFA_SOURCE, RFA_STEP_SCRATCH, 4, run, probe, undo, NULL, NULL },
	{ "send",   RFA_TRANSFER, RFA_TARGET, RFA_STEP_SCRATCH, 4, run, probe, undo, NULL, NULL },
	{ "old",    RFA_HEALTH, RFA_TARGET, RFA_STEP_READS | RFA_STEP_ROLLBACK_ONLY, 4, run, NULL, NULL, NULL, NULL },
	{ "tag",    RFA_APPLY, RFA_TARGET, 0, 4, run, probe, undo, NULL, NULL },
	{ "swap",   RFA_RESTART, RFA_TARGET, 0, 4, run, probe, undo, NULL, NULL },
	{ "check",  RFA_HEALTH, RFA_TARGET, RFA_STEP_READS, 4, run, NULL, NULL, NULL, NULL },
	{ "cleanup",   RFA_HEALTH, RFA_TARGET, RFA_STEP_CLEANUP, 4, run, probe, NULL, NULL, NULL },
	{ "unlock", RFA_HEALTH, RFA_TARGET, RFA_STEP_CLEANUP, 4, run, probe, NULL, "SUCCEEDED", NULL },
};
/* clang-format on */

static const struct rfa_role small_roles[] = { { RFA_NOWHERE, 0, NULL, NULL } };

static const struct rfa_flow small = { .name = "small",
				       .version = 1,
				       .summary = "one row of each kind",
				       .roles = small_roles,
				       .steps = small_steps,
				       .n = sizeof(small_steps) / sizeof(small_steps[0]) };

/* A run that is told things, and its history. */

enum { MAX_RECORDS = 1024 };

struct walk {
	struct rfa_machine m;
	const json_t *plan; /* borrowed; NULL: it leaves nothing out of the small flow */
	struct rfa_record records[MAX_RECORDS];
	size_t n;
};

static void keep(struct walk *w, const struct rfa_record *rec)
{
	struct rfa_error err;

	assert_true(w->n < MAX_RECORDS);
	if (rfa_machine_apply(&w->m, rec, &err))
		fail_msg("%s: %s", err.where, err.msg);
	w->records[w->n++] = *rec;
}

static void begin_with(struct walk *w, const struct rfa_flow *flow, const json_t *plan)
{
	struct rfa_record rec;

	memset(w, 0, sizeof(*w));
	memset(&rec, 0, sizeof(rec));
	w->plan = plan;
	rfa_machine_init(&w->m, flow, plan);
	rec.kind = RFA_RECORD_BEGIN;
	keep(w, &rec);
}

static void begin(struct walk *w, const struct rfa_flow *flow)
{
	begin_with(w, flow, NULL);
}

static void tell(struct walk *w, enum rfa_machine_event event)
{
	struct rfa_record rec;
	struct rfa_error err;
	int rc = rfa_machine_record_for(&w->m, event, &rec, &err);

	if (rc < 0)
		fail_msg("event %d at row %d: %s", (int)event, w->m.at, err.msg);
	if (rc)
		keep(w, &rec);
}

static void cannot_tell(struct walk *w, enum rfa_machine_event event)
{
	struct rfa_machine before = w->m;
	struct rfa_record rec;
	struct rfa_error err;

	assert_int_equal(rfa_machine_record_for(&w->m, event, &rec, &err), -RFA_EINTERNAL);
	assert_int_equal(err.code, RFA_EINTERNAL);
	assert_memory_equal(&before, &w->m, sizeof(before));
}

/* What a driver does whose hosts do all they are asked. */
static void go_on(struct walk *w)
{
	struct rfa_action a = rfa_machine_next(&w->m);

	if (a.act == RFA_ACT_END)
		tell(w, RFA_ON_END);
	else if (a.intent)
		tell(w, RFA_ON_INTENT);
	else
		tell(w, a.act == RFA_ACT_SKIP ? RFA_ON_NOTHING : RFA_ON_DONE);
}

/* Until `step` is at hand, its intent recorded. */
static void go_to(struct walk *w, const char *step)
{
	int row = rfa_flow_find(w->m.flow, step);
	struct rfa_action a = rfa_machine_next(&w->m);

	while (a.act != RFA_ACT_END && (a.row != row || a.intent)) {
		go_on(w);
		a = rfa_machine_next(&w->m);
	}
	assert_int_equal(a.row, row);
}

static void go_to_the_end(struct walk *w)
{
	while (w->m.phase != RFA_PHASE_ENDED)
		go_on(w);
}

/* The process dies, and another one takes the run over. */
static void crash(struct walk *w)
{
	const struct rfa_flow *flow = w->m.flow;
	struct rfa_error err;
	size_t i;

	rfa_machine_init(&w->m, flow, w->plan);
	for (i = 0; i < w->n; i++)
		if (rfa_machine_apply(&w->m, &w->records[i], &err))
			fail_msg("%s: %s", err.where, err.msg);
	rfa_machine_mark_in_doubt(&w->m);
}

static void expect_next(const struct walk *w, enum rfa_act act, const char *step, unsigned attempt,
			int intent)
{
	struct rfa_action a = rfa_machine_next(&w->m);

	assert_int_equal(a.act, act);
	assert_string_equal(a.row < 0 ? "" : w->m.flow->steps[a.row].name, step);
	assert_int_equal(a.attempt, attempt);
	assert_int_equal(a.intent, intent);
}

/* "KIND step outcome #attempt > opens", a line a record. */
static void write_trace(const struct walk *w, struct rfa_buf *out)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		const struct rfa_record *r = &w->records[i];

		rfa_buf_puts(out, rfa_record_kind_word(r->kind));
		if (r->step[0])
			rfa_buf_printf(out, " %s", r->step);
		if (r->outcome[0])
			rfa_buf_printf(out, " %s", r->outcome);
		if (r->attempt > 1)
			rfa_buf_printf(out, " #%u", r->attempt);
		if (r->opens[0])
			rfa_buf_printf(out, " > %s", r->opens);
		rfa_buf_putc(out, '\n');
	}
}

/* Compares the trace from record `from` on. */
static void trace_from(const struct walk *w, size_t from, const char *want)
{
	struct rfa_buf out = RFA_BUF_INIT(1 << 16);
	const char *at;

	write_trace(w, &out);
	for (at = rfa_buf_str(&out); from; from--)
		at = strchr(at, '\n') + 1;
	assert_string_equal(at, want);
	rfa_buf_release(&out);
}

/* Golden traces. */

static void a_run_without_trouble(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	assert_int_equal(rfa_machine_no_return(&w.m), 0);
	go_to_the_end(&w);
	trace_from(&w, 0,
		   "BEGIN\n"
		   "INTENT lock\n"
		   "DONE lock done\n"
		   "DONE look done\n"
		   "DONE stop skipped\n"
		   "DONE verify skipped > export\n"
		   "DONE export done > send\n"
		   "DONE send done > tag\n"
		   "DONE tag done > swap\n"
		   "DONE swap done\n"
		   "DONE check done > cleanup\n"
		   "DONE cleanup done > unlock\n"
		   "DONE unlock done\n"
		   "END SUCCEEDED\n");
	assert_int_equal(w.m.final, RFA_FINAL_SUCCEEDED);
	assert_int_equal(rfa_machine_next(&w.m).final, RFA_FINAL_SUCCEEDED);
}

static void records_tell_their_state(void **state)
{
	struct walk w;
	size_t i;

	(void)state;
	begin(&w, &small);
	go_to(&w, "swap");
	tell(&w, RFA_ON_FAILED);
	go_to_the_end(&w);
	for (i = 1; i < w.n; i++) {
		int row = rfa_flow_find(&small, w.records[i].step);

		assert_int_equal(w.records[i].seq, i);
		if (row >= 0)
			assert_int_equal(w.records[i].state, small.steps[row].state);
		assert_null(w.records[i].facts);
	}
}

/*
 * A failure at each row, and the whole way back from it, in words: "-x" an undo of x, "x" a row of
 * the way back that is run.
 */
static void the_way_back_from_each_row(void **state)
{
	static const char *const golden[] = {
		"lock: -lock FAILED",
		"look: -lock FAILED",
		"stop: -lock FAILED",
		"verify: -lock FAILED",
		"export: -export -lock FAILED",
		"send: -send -export -lock FAILED",
		"tag: -tag old -send -export -lock ROLLED_BACK",
		"swap: -swap -tag old -send -export -lock ROLLED_BACK",
		"check: -swap -tag old -send -export -lock ROLLED_BACK",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		struct rfa_buf text = RFA_BUF_INIT(1000);
		char row[16];
		struct walk w;
		size_t turn;

		snprintf(row, sizeof(row), "%.*s", (int)strcspn(golden[i], ":"), golden[i]);
		begin(&w, &small);
		go_to(&w, row);
		turn = w.n;
		tell(&w, RFA_ON_FAILED);
		assert_int_equal(w.m.phase, RFA_PHASE_BACK);
		go_to_the_end(&w);
		rfa_buf_printf(&text, "%s:", row);
		for (j = turn; j < w.n; j++) {
			const struct rfa_record *r = &w.records[j];

			if (r->kind == RFA_RECORD_UNDONE)
				rfa_buf_printf(&text, " -%s", r->step);
			else if (r->kind == RFA_RECORD_DONE)
				rfa_buf_printf(&text, " %s", r->step);
			else if (r->kind == RFA_RECORD_END)
				rfa_buf_printf(&text, " %s", r->outcome);
		}
		assert_string_equal(rfa_buf_str(&text), golden[i]);
		rfa_buf_release(&text);
	}
}

static void a_failed_step_is_undone_with_the_rest(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "swap");
	tell(&w, RFA_ON_FAILED);
	go_to_the_end(&w);
	trace_from(&w, 9,
		   "FAILED swap failed > swap\n"
		   "UNDONE swap undone > tag\n"
		   "UNDONE tag undone\n"
		   "DONE old done > send\n"
		   "UNDONE send undone > export\n"
		   "UNDONE export undone > lock\n"
		   "UNDONE lock undone\n"
		   "END ROLLED_BACK\n");
}

static void the_same_attempt_may_be_made_again(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	expect_next(&w, RFA_ACT_RUN, "lock", 1, 1);
	cannot_tell(&w, RFA_ON_DONE);
	cannot_tell(&w, RFA_ON_FAILED);
	cannot_tell(&w, RFA_ON_NOTHING);
	cannot_tell(&w, RFA_ON_END);
	go_on(&w);
	/* RETRY: the host never saw it, so the driver just does what is due, which stays due. */
	expect_next(&w, RFA_ACT_RUN, "lock", 1, 0);
	expect_next(&w, RFA_ACT_RUN, "lock", 1, 0);
	cannot_tell(&w, RFA_ON_INTENT);
	cannot_tell(&w, RFA_ON_NOT_DONE);
	cannot_tell(&w, RFA_ON_PARTIAL);
	tell(&w, RFA_ON_NOTHING);
	trace_from(&w, 1, "INTENT lock\nDONE lock skipped\n");
}

static void a_doubt_is_probed_and_was_done(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "tag");
	tell(&w, RFA_ON_DOUBT);
	assert_int_equal(w.n, 8); /* a doubt is no record */
	expect_next(&w, RFA_ACT_PROBE, "tag", 1, 0);
	cannot_tell(&w, RFA_ON_NOTHING);
	cannot_tell(&w, RFA_ON_INTENT);
	tell(&w, RFA_ON_DOUBT); /* the probe did not get through */
	expect_next(&w, RFA_ACT_PROBE, "tag", 1, 0);
	tell(&w, RFA_ON_DONE);
	trace_from(&w, 8, "DONE tag done > swap\n");
	expect_next(&w, RFA_ACT_RUN, "swap", 1, 0);
}

static void a_doubt_was_not_done_so_it_is_tried_again(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "tag");
	tell(&w, RFA_ON_DOUBT);
	tell(&w, RFA_ON_NOT_DONE);
	expect_next(&w, RFA_ACT_RUN, "tag", 2, 0);
	tell(&w, RFA_ON_DOUBT);
	tell(&w, RFA_ON_NOT_DONE);
	expect_next(&w, RFA_ACT_RUN, "tag", 3, 0);
	tell(&w, RFA_ON_FAILED);
	go_to_the_end(&w);
	trace_from(&w, 8,
		   "INTENT tag #2\n"
		   "INTENT tag #3\n"
		   "FAILED tag failed #3 > tag\n"
		   "UNDONE tag undone\n"
		   "DONE old done > send\n"
		   "UNDONE send undone > export\n"
		   "UNDONE export undone > lock\n"
		   "UNDONE lock undone\n"
		   "END ROLLED_BACK\n");
}

static void half_an_effect_is_undone_first(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "swap");
	tell(&w, RFA_ON_DOUBT);
	tell(&w, RFA_ON_PARTIAL);
	expect_next(&w, RFA_ACT_UNDO, "swap", 1, 0);
	tell(&w, RFA_ON_DOUBT); /* also of the undo one may not know */
	expect_next(&w, RFA_ACT_UNDO, "swap", 2, 1);
	go_on(&w);
	go_on(&w);
	expect_next(&w, RFA_ACT_RUN, "swap", 2, 0);
	tell(&w, RFA_ON_DOUBT);
	tell(&w, RFA_ON_PARTIAL);
	go_to_the_end(&w);
	trace_from(&w, 9,
		   "INTENT swap undo\n"
		   "INTENT swap undo #2\n"
		   "UNDONE swap undone #2 > swap\n"
		   "INTENT swap undo #3\n"
		   "UNDONE swap undone #3 > swap\n"
		   "DONE swap done #3\n"
		   "DONE check done > cleanup\n"
		   "DONE cleanup done > unlock\n"
		   "DONE unlock done\n"
		   "END SUCCEEDED\n");
}

static void half_an_effect_that_cannot_be_undone_turns_back(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "swap");
	tell(&w, RFA_ON_DOUBT);
	tell(&w, RFA_ON_PARTIAL);
	tell(&w, RFA_ON_FAILED);
	tell(&w, RFA_ON_FAILED);
	go_to_the_end(&w);
	trace_from(&w, 9,
		   "INTENT swap undo\n"
		   "FAILED swap undo-failed > swap\n"
		   "FAILED swap undo-failed #2 > tag\n"
		   "UNDONE tag undone\n"
		   "DONE old done > send\n"
		   "UNDONE send undone > export\n"
		   "UNDONE export undone > lock\n"
		   "UNDONE lock undone\n"
		   "END STUCK\n");
}

static void an_undo_that_fails_is_never_silent(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "check");
	tell(&w, RFA_ON_FAILED);
	expect_next(&w, RFA_ACT_UNDO, "swap", 1, 0);
	tell(&w, RFA_ON_FAILED);
	assert_int_equal(w.m.rows[rfa_flow_find(&small, "swap")].status, RFA_ROW_UNDO_FAILED);
	go_to_the_end(&w);
	trace_from(&w, 10,
		   "FAILED check failed > swap\n"
		   "FAILED swap undo-failed > tag\n"
		   "UNDONE tag undone\n"
		   "DONE old done > send\n"
		   "UNDONE send undone > export\n"
		   "UNDONE export undone > lock\n"
		   "UNDONE lock undone\n"
		   "END STUCK\n");
}

static void an_old_version_that_is_not_healthy_is_stuck(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "check");
	tell(&w, RFA_ON_FAILED);
	go_to(&w, "old");
	expect_next(&w, RFA_ACT_RUN, "old", 1, 0);
	tell(&w, RFA_ON_DOUBT); /* it only looks: it is looked at again */
	expect_next(&w, RFA_ACT_RUN, "old", 1, 0);
	tell(&w, RFA_ON_FAILED);
	go_to_the_end(&w);
	assert_int_equal(w.m.final, RFA_FINAL_STUCK);
}

static void an_undo_in_doubt_is_done_again(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "send");
	tell(&w, RFA_ON_FAILED);
	crash(&w);
	expect_next(&w, RFA_ACT_UNDO, "send", 2, 1);
	go_to_the_end(&w);
	trace_from(&w, 7,
		   "FAILED send failed > send\n"
		   "INTENT send undo #2\n"
		   "UNDONE send undone #2 > export\n"
		   "UNDONE export undone > lock\n"
		   "UNDONE lock undone\n"
		   "END FAILED\n");
}

static void the_operator_turns_a_run_back(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "tag");
	tell(&w, RFA_ON_ROLLBACK);
	go_to_the_end(&w);
	trace_from(&w, 8,
		   "FAILED tag rollback > tag\n"
		   "UNDONE tag undone\n"
		   "DONE old done > send\n"
		   "UNDONE send undone > export\n"
		   "UNDONE export undone > lock\n"
		   "UNDONE lock undone\n"
		   "END ROLLED_BACK\n");
	/* Before anything that serves was changed, FAILED says so. */
	begin(&w, &small);
	go_to(&w, "send");
	tell(&w, RFA_ON_ROLLBACK);
	go_to_the_end(&w);
	assert_int_equal(w.m.final, RFA_FINAL_FAILED);
	/* Before anything at all was done, nothing is undone. */
	begin(&w, &small);
	tell(&w, RFA_ON_ABORT);
	go_to_the_end(&w);
	trace_from(&w, 1, "FAILED lock abort\nEND ABORTED\n");
}

static void the_operator_aborts_a_run(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "tag");
	tell(&w, RFA_ON_ABORT);
	go_to_the_end(&w);
	assert_int_equal(w.m.final, RFA_FINAL_ABORTED);
	/* Also while it is on the way back. */
	begin(&w, &small);
	go_to(&w, "tag");
	tell(&w, RFA_ON_FAILED);
	tell(&w, RFA_ON_ABORT);
	tell(&w, RFA_ON_ROLLBACK); /* asked again: changes nothing */
	go_to_the_end(&w);
	assert_int_equal(w.m.final, RFA_FINAL_ABORTED);
	/* What could not be undone outranks what was asked for. */
	begin(&w, &small);
	go_to(&w, "tag");
	tell(&w, RFA_ON_ABORT);
	tell(&w, RFA_ON_FAILED);
	go_to_the_end(&w);
	assert_int_equal(w.m.final, RFA_FINAL_STUCK);
}

static void behind_the_point_of_no_return_nothing_turns_back(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "check");
	assert_int_equal(rfa_machine_no_return(&w.m), 0);
	go_to(&w, "cleanup");
	assert_int_equal(rfa_machine_no_return(&w.m), 1);
	cannot_tell(&w, RFA_ON_ROLLBACK);
	cannot_tell(&w, RFA_ON_ABORT);
	tell(&w, RFA_ON_DOUBT);
	cannot_tell(&w, RFA_ON_PARTIAL);
	tell(&w, RFA_ON_NOT_DONE);
	expect_next(&w, RFA_ACT_RUN, "cleanup", 2, 0);
	tell(&w, RFA_ON_FAILED);
	tell(&w, RFA_ON_DOUBT);
	tell(&w, RFA_ON_FAILED);
	go_to_the_end(&w);
	trace_from(&w, 11,
		   "INTENT cleanup #2\n"
		   "DONE cleanup cleanup-failed #2 > unlock\n"
		   "DONE unlock cleanup-failed\n"
		   "END SUCCEEDED\n");
}

static void a_run_may_be_left_anywhere(void **state)
{
	struct walk whole;
	size_t i;

	(void)state;
	begin(&whole, &small);
	go_to(&whole, "check");
	tell(&whole, RFA_ON_FAILED);
	go_to_the_end(&whole);
	/* Behind each record but the last, and behind the point of no return. */
	for (i = 1; i < whole.n; i++) {
		struct walk w = whole;

		w.n = i;
		crash(&w);
		tell(&w, RFA_ON_DETACH);
		assert_int_equal(w.m.final, RFA_FINAL_ABORTED);
		assert_int_equal(rfa_machine_next(&w.m).act, RFA_ACT_END);
		assert_int_equal(rfa_machine_next(&w.m).final, RFA_FINAL_ABORTED);
		assert_int_equal(w.records[w.n - 1].kind, RFA_RECORD_END);
		assert_string_equal(w.records[w.n - 1].outcome, "ABORTED");
	}
	begin(&whole, &small);
	go_to(&whole, "unlock");
	tell(&whole, RFA_ON_DETACH);
	assert_int_equal(whole.m.final, RFA_FINAL_ABORTED);
}

static void before_the_beginning_and_after_the_end_nothing_can_be_told(void **state)
{
	struct rfa_machine before;
	struct rfa_error err;
	struct walk w;
	int event;
	size_t i;

	(void)state;
	memset(&w, 0, sizeof(w));
	rfa_machine_init(&w.m, &small, NULL);
	for (event = RFA_ON_INTENT; event <= RFA_ON_END; event++)
		if (event != RFA_ON_DOUBT)
			cannot_tell(&w, (enum rfa_machine_event)event);

	begin(&w, &small);
	go_to_the_end(&w);
	for (event = RFA_ON_INTENT; event <= RFA_ON_END + 1; event++)
		cannot_tell(&w, (enum rfa_machine_event)event);
	before = w.m;
	for (i = 0; i < w.n; i++) {
		struct rfa_record rec = w.records[i];

		rec.seq = w.m.seq;
		assert_int_equal(rfa_machine_apply(&w.m, &rec, &err), -RFA_ECORRUPT);
		assert_memory_equal(&before, &w.m, sizeof(before));
	}
	rfa_machine_mark_in_doubt(&w.m);
	assert_memory_equal(&before, &w.m, sizeof(before));
}

/* The way back is through and only its END is missing: there is nothing left to turn. */
static void at_the_end_only_the_end_is_due(void **state)
{
	struct walk w;

	(void)state;
	begin(&w, &small);
	go_to(&w, "send");
	tell(&w, RFA_ON_FAILED);
	while (rfa_machine_next(&w.m).act != RFA_ACT_END)
		go_on(&w);
	cannot_tell(&w, RFA_ON_DONE);
	cannot_tell(&w, RFA_ON_FAILED);
	cannot_tell(&w, RFA_ON_DOUBT);
	cannot_tell(&w, RFA_ON_ROLLBACK);
	cannot_tell(&w, RFA_ON_ABORT);
	tell(&w, RFA_ON_END);
	assert_int_equal(w.m.final, RFA_FINAL_FAILED);
}

/* Records that no legal run has. */

static void corrupt(struct walk *w, const struct rfa_record *rec, const char *what)
{
	struct rfa_machine before = w->m;
	struct rfa_error err;

	rfa_error_clear(&err);
	if (rfa_machine_apply(&w->m, rec, &err) != -RFA_ECORRUPT || err.code != RFA_ECORRUPT)
		fail_msg("%s was not refused", what);
	if (!strstr(err.where, rfa_record_kind_word(rec->kind)) || !strstr(err.where, rec->step))
		fail_msg("'%s' does not name the record", err.where);
	assert_memory_equal(&before, &w->m, sizeof(before));
}

static struct rfa_record record(const struct walk *w, enum rfa_record_kind kind, const char *step,
				const char *outcome, unsigned attempt)
{
	struct rfa_record rec;

	memset(&rec, 0, sizeof(rec));
	rec.kind = kind;
	rec.seq = w->m.seq;
	rec.attempt = attempt;
	snprintf(rec.step, sizeof(rec.step), "%s", step);
	snprintf(rec.outcome, sizeof(rec.outcome), "%s", outcome);
	return rec;
}

static void refuse(struct walk *w, enum rfa_record_kind kind, const char *step, const char *outcome,
		   unsigned attempt)
{
	struct rfa_record rec = record(w, kind, step, outcome, attempt);

	corrupt(w, &rec, outcome);
}

static void records_out_of_place_are_refused(void **state)
{
	struct rfa_record rec;
	struct walk w;

	(void)state;
	begin(&w, &small);
	refuse(&w, RFA_RECORD_BEGIN, NULL, "", 0);
	refuse(&w, RFA_RECORD_INTENT, "tag", "", 1);
	refuse(&w, RFA_RECORD_INTENT, "none", "", 1);
	refuse(&w, RFA_RECORD_INTENT, "lock", "undo", 1);
	refuse(&w, RFA_RECORD_INTENT, "lock", "", 2);
	refuse(&w, RFA_RECORD_DONE, "lock", "done", 1);
	refuse(&w, RFA_RECORD_UNDONE, "lock", "undone", 1);
	refuse(&w, RFA_RECORD_FAILED, "lock", "failed", 1);
	refuse(&w, RFA_RECORD_FAILED, "tag", "abort", 1);
	refuse(&w, RFA_RECORD_PROGRESS, "tag", "", 1);
	refuse(&w, RFA_RECORD_END, NULL, "SUCCEEDED", 0);
	refuse(&w, RFA_RECORD_END, NULL, "NONE", 0);
	refuse(&w, RFA_RECORD_END, NULL, "", 0);
	refuse(&w, RFA_RECORD_END, "lock", "ABORTED", 0);
	refuse(&w, (enum rfa_record_kind)99, "lock", "", 1);
	rec = record(&w, RFA_RECORD_INTENT, "lock", "", 1);
	snprintf(rec.opens, sizeof(rec.opens), "export");
	corrupt(&w, &rec, "an intent that opens another row");

	go_to(&w, "look");
	refuse(&w, RFA_RECORD_INTENT, "look", "", 1);
	rec = record(&w, RFA_RECORD_DONE, "look", "done", 1);
	snprintf(rec.opens, sizeof(rec.opens), "stop");
	corrupt(&w, &rec, "a row that needs no intent, opened");
	snprintf(rec.opens, sizeof(rec.opens), "swap");
	corrupt(&w, &rec, "a row that is not due, opened");
	snprintf(rec.opens, sizeof(rec.opens), "none");
	corrupt(&w, &rec, "a row that is not there, opened");

	go_to(&w, "tag");
	refuse(&w, RFA_RECORD_DONE, "tag", "done", 2);
	refuse(&w, RFA_RECORD_DONE, "tag", "cleanup-failed", 1);
	refuse(&w, RFA_RECORD_DONE, "tag", "", 1);
	refuse(&w, RFA_RECORD_FAILED, "tag", "failed", 2);
	refuse(&w, RFA_RECORD_FAILED, "tag", "", 1);
	tell(&w, RFA_ON_FAILED);
	refuse(&w, RFA_RECORD_INTENT, "tag", "", 2);
	refuse(&w, RFA_RECORD_INTENT, "swap", "", 1);
	refuse(&w, RFA_RECORD_INTENT, "tag", "undo", 1);
	refuse(&w, RFA_RECORD_UNDONE, "tag", "undone", 2);
	refuse(&w, RFA_RECORD_UNDONE, "send", "undone", 1);
	refuse(&w, RFA_RECORD_END, NULL, "ROLLED_BACK", 0);

	begin(&w, &small);
	go_to(&w, "check");
	rec = record(&w, RFA_RECORD_FAILED, "check", "failed", 1);
	keep(&w, &rec); /* without opening the undo */
	refuse(&w, RFA_RECORD_FAILED, "swap", "undo-failed", 1);
	refuse(&w, RFA_RECORD_UNDONE, "swap", "undone", 1);

	begin(&w, &small);
	go_to(&w, "cleanup");
	refuse(&w, RFA_RECORD_FAILED, "cleanup", "failed", 1);
	refuse(&w, RFA_RECORD_FAILED, "cleanup", "abort", 1);
	refuse(&w, RFA_RECORD_FAILED, "cleanup", "rollback", 1);
	refuse(&w, RFA_RECORD_INTENT, "cleanup", "undo", 1);
}

/* The auditor: judges a history by the documents alone. */

struct audit_row {
	int open; /* 'f': forward; 'u': undo; 0 */
	unsigned runs, undos;
	int done, undone, left;
};

struct audit {
	const struct rfa_flow *flow;
	const json_t *plan;
	struct audit_row rows[RFA_FLOW_MAX_STEPS];
	int back, touched, stuck, aborted, cleanup;
	int highest; /* the row that the way back has come up to */
};

static int does_something(const struct rfa_step *s)
{
	return !(s->flags & RFA_STEP_READS) && !s->skipped;
}

static const char *audit_intent(struct audit *a, int row, int undoing, unsigned attempt)
{
	const struct rfa_step *s = &a->flow->steps[row];
	struct audit_row *r = &a->rows[row];

	if (!does_something(s))
		return "an intent of a row that only looks";
	if (undoing) {
		if (!r->runs)
			return "an undo of what was never begun";
		if (s->flags & RFA_STEP_CLEANUP)
			return "an undo behind the point of no return";
		if (a->back && row > a->highest)
			return "the way back goes down again";
		if (attempt && attempt != r->undos + 1)
			return "the attempts of an undo are not counted one by one";
		a->highest = a->back ? row : a->highest;
		r->undos++;
		r->open = 'u';
		return NULL;
	}
	if (a->back)
		return "a forward intent after the way back began";
	if (r->done)
		return "a step that is done begins again";
	if (attempt && attempt != r->runs + 1)
		return "attempts are not counted one by one";
	if (!(s->flags & (RFA_STEP_SCRATCH | RFA_STEP_CLEANUP)))
		a->touched = 1;
	a->cleanup |= !!(s->flags & RFA_STEP_CLEANUP);
	r->runs++;
	r->open = 'f';
	return NULL;
}

static const char *audit_done(struct audit *a, int row, const struct rfa_record *rec)
{
	const struct rfa_step *s = &a->flow->steps[row];
	struct audit_row *r = &a->rows[row];

	if (!!(s->flags & RFA_STEP_ROLLBACK_ONLY) != a->back)
		return "a row is done in the wrong direction";
	if ((s->flags & RFA_STEP_ROLLBACK_ONLY) && !a->touched)
		return "the old version is checked though nothing was touched";
	if (does_something(s) && (r->open != 'f' || rec->attempt != r->runs))
		return "done without its intent";
	if (!strcmp(rec->outcome, "cleanup-failed") && !(s->flags & RFA_STEP_CLEANUP))
		return "the cleanup failed of a step that is none";
	if (s->flags & RFA_STEP_ROLLBACK_ONLY) {
		if (row > a->highest)
			return "the way back goes down again";
		a->highest = row;
	}
	r->open = 0;
	r->done = 1;
	return NULL;
}

static const char *audit_failed(struct audit *a, int row, const struct rfa_record *rec)
{
	const struct rfa_step *s = &a->flow->steps[row];
	struct audit_row *r = &a->rows[row];
	int asked = !strcmp(rec->outcome, "abort") || !strcmp(rec->outcome, "rollback");

	if (a->cleanup)
		return "a failure behind the point of no return";
	a->aborted |= !strcmp(rec->outcome, "abort");
	if (asked) {
		a->back = 1;
		return NULL;
	}
	if (does_something(s) && !r->open)
		return "failed without its intent";
	if (a->back) {
		r->left = 1;
		a->stuck = 1;
	}
	r->open = 0;
	a->back = 1;
	return NULL;
}

static const char *audit_end(const struct audit *a, const struct rfa_record *rec)
{
	int all_done = 1, all_undone = 1;
	size_t i;

	for (i = 0; i < a->flow->n; i++) {
		const struct rfa_step *s = &a->flow->steps[i];
		const struct audit_row *r = &a->rows[i];

		all_done &= r->done || (s->flags & RFA_STEP_ROLLBACK_ONLY) ||
			    !rfa_flow_has(a->flow, i, a->plan);
		all_undone &= !does_something(s) || !r->runs || r->undone;
	}
	if (!strcmp(rec->outcome, "SUCCEEDED"))
		return a->back || !all_done ? "a success that is none" : NULL;
	if (!strcmp(rec->outcome, "ABORTED"))
		return NULL; /* undone, or left where it stood */
	if (!a->back)
		return "a failure without one";
	if (!strcmp(rec->outcome, "STUCK"))
		return a->stuck ? NULL : "stuck, and nothing was in the way";
	if (a->stuck)
		return "a failed undo was silent";
	if (!all_undone)
		return "something was not undone";
	if (a->aborted)
		return "an abort that ends otherwise";
	if (!strcmp(rec->outcome, "ROLLED_BACK"))
		return a->touched ? NULL : "rolled back, and nothing was touched";
	return a->touched ? "FAILED though something was touched" : NULL;
}

static const char *audit_record(struct audit *a, const struct rfa_record *rec)
{
	int row = rfa_flow_find(a->flow, rec->step);
	const char *wrong = NULL;

	if (row < 0)
		return "no such row";
	if (!rfa_flow_has(a->flow, (size_t)row, a->plan))
		return "a row that the plan leaves out";
	switch (rec->kind) {
	case RFA_RECORD_INTENT:
		return audit_intent(a, row, !strcmp(rec->outcome, "undo"), rec->attempt);
	case RFA_RECORD_DONE:
		wrong = audit_done(a, row, rec);
		break;
	case RFA_RECORD_FAILED:
		wrong = audit_failed(a, row, rec);
		break;
	case RFA_RECORD_UNDONE:
		if (a->rows[row].open != 'u' || rec->attempt != a->rows[row].undos)
			wrong = "undone without its intent";
		a->rows[row].open = 0;
		a->rows[row].undone = 1;
		break;
	case RFA_RECORD_PROGRESS:
		return NULL;
	default:
		return "no such kind";
	}
	if (wrong || !rec->opens[0])
		return wrong;
	/* A step that is tried again after half of it was undone is not undone any more. */
	row = rfa_flow_find(a->flow, rec->opens);
	if (row >= 0 && !a->back)
		a->rows[row].undone = 0;
	return row < 0 ? "no such row" : audit_intent(a, row, a->back, 0);
}

/* NULL, or what is wrong with a history. */
static const char *audit(const struct rfa_flow *flow, const json_t *plan,
			 const struct rfa_record *records, size_t n)
{
	struct audit a;
	size_t i;

	memset(&a, 0, sizeof(a));
	a.flow = flow;
	a.plan = plan;
	a.highest = (int)flow->n;
	for (i = 0; i < n; i++) {
		const char *wrong;

		if (records[i].seq != i)
			return "a gap";
		if ((records[i].kind == RFA_RECORD_BEGIN) != (i == 0))
			return "not one beginning";
		if (i == 0)
			continue;
		if (records[i].kind == RFA_RECORD_END)
			return i + 1 < n ? "something behind the end" : audit_end(&a, &records[i]);
		wrong = audit_record(&a, &records[i]);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Random walks. */

struct chance {
	struct rfa_clock_virtual v;
};

static unsigned pick(struct chance *c, unsigned below)
{
	return (unsigned)(c->v.clock.random(&c->v.clock) % below);
}

static int same(const struct rfa_machine *a, const struct rfa_machine *b)
{
	size_t i;

	for (i = 0; i < a->flow->n; i++)
		if (a->rows[i].status != b->rows[i].status ||
		    a->rows[i].attempts != b->rows[i].attempts ||
		    a->rows[i].undo_attempts != b->rows[i].undo_attempts)
			return 0;
	return a->phase == b->phase && a->final == b->final && a->seq == b->seq && a->at == b->at &&
	       a->in_doubt == b->in_doubt && a->touched == b->touched && a->stuck == b->stuck &&
	       a->aborted == b->aborted;
}

static int same_action(struct rfa_action a, struct rfa_action b)
{
	return a.act == b.act && a.row == b.row && a.attempt == b.attempt && a.intent == b.intent &&
	       a.final == b.final;
}

enum { TROUBLES = 24 };

/* One turn: a legal event by chance. Returns 1 if it was trouble, which the bound counts. */
static int turn(struct chance *c, struct walk *w, int trouble_left)
{
	static const enum rfa_machine_event troubles[] = {
		RFA_ON_FAILED,   RFA_ON_DOUBT,    RFA_ON_DOUBT,   RFA_ON_DOUBT,
		RFA_ON_NOT_DONE, RFA_ON_NOT_DONE, RFA_ON_PARTIAL, RFA_ON_PARTIAL,
		RFA_ON_ROLLBACK, RFA_ON_ABORT,    RFA_ON_DETACH,  RFA_ON_NOTHING
	};
	struct rfa_machine before = w->m;
	enum rfa_machine_event event;
	struct rfa_record rec;
	struct rfa_error err;
	int rc;

	if (!trouble_left || pick(c, 3)) {
		go_on(w);
		return 0;
	}
	if (!pick(c, 4)) {
		crash(w);
		return 1;
	}
	if (!pick(c, 8) && rfa_machine_next(&w->m).row >= 0) {
		memset(&rec, 0, sizeof(rec));
		rec.kind = RFA_RECORD_PROGRESS;
		rec.seq = w->m.seq;
		snprintf(rec.step, sizeof(rec.step), "%s", w->m.flow->steps[w->m.at].name);
		keep(w, &rec);
		before.seq++;
		assert_true(same(&before, &w->m)); /* it changes nothing */
		return 1;
	}
	event = troubles[pick(c, sizeof(troubles) / sizeof(troubles[0]))];
	if (event == RFA_ON_DETACH && pick(c, 8))
		return 0; /* rarely, or no walk would get far */
	rc = rfa_machine_record_for(&w->m, event, &rec, &err);
	if (rc < 0) {
		assert_int_equal(rc, -RFA_EINTERNAL);
		assert_memory_equal(&before, &w->m, sizeof(before));
		return 0;
	}
	if (rc)
		keep(w, &rec);
	return 1;
}

static void print_history(const struct walk *w)
{
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);

	write_trace(w, &out);
	print_message("%s", rfa_buf_str(&out));
	rfa_buf_release(&out);
}

/* Every prefix of the history, replayed, is due to do what the live machine was. */
static void check_replay(const struct walk *w, const struct rfa_machine *live, unsigned long seed)
{
	struct rfa_machine m;
	struct rfa_error err;
	size_t i;

	rfa_machine_init(&m, w->m.flow, w->plan);
	for (i = 0; i < w->n; i++) {
		struct rfa_machine a, b = live[i];

		if (rfa_machine_apply(&m, &w->records[i], &err))
			fail_msg("seed %lu, record %zu: %s", seed, i, err.msg);
		if (!b.in_doubt &&
		    (!same(&m, &b) || !same_action(rfa_machine_next(&m), rfa_machine_next(&b))))
			fail_msg("seed %lu, record %zu: the replay differs", seed, i);
		a = m;
		rfa_machine_mark_in_doubt(&a);
		rfa_machine_mark_in_doubt(&b);
		if (!same(&a, &b) || !same_action(rfa_machine_next(&a), rfa_machine_next(&b))) {
			print_history(w);
			fail_msg("seed %lu, record %zu: the resume differs", seed, i);
		}
	}
}

/* A plan that has the source, and each part of the target's stack, or not. Borrowed. */
static const json_t *plan_of(unsigned long seed)
{
	static const char *const keys[] = { "containers", "compose",  "hooks", "traffic",
					    "migrate",    "base_url", "init" };
	static json_t *plan;
	unsigned long bits = seed / 7;
	json_t *stack = json_object();
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++, bits /= 2)
		if (bits % 2)
			json_object_set_new(stack, keys[i],
					    json_pack("{s:{s:[s]}, s:[s]}", "before", "command",
						      "true", "run", "true"));
	json_decref(plan);
	plan = json_pack("{s:{s:o}}", "target", "stack", stack);
	if (bits % 2)
		json_object_set_new(plan, "source", json_object());
	return plan;
}

/* Walks to the end; live[i]: the machine right behind record i. */
static void walk_once(struct walk *w, struct rfa_machine *live, const struct rfa_flow *flow,
		      unsigned long seed)
{
	struct chance c;
	const char *wrong;
	int trouble = TROUBLES;
	size_t turns = 0;
	size_t bound = flow->n * 8 + TROUBLES * 40;

	rfa_clock_virtual_init(&c.v, 0, seed);
	begin_with(w, flow, plan_of(seed));
	live[0] = w->m;
	while (w->m.phase != RFA_PHASE_ENDED) {
		size_t n = w->n;
		enum rfa_phase phase = w->m.phase;

		if (turn(&c, w, trouble))
			trouble--;
		if (w->n > n)
			live[n] = w->m;
		if (phase == RFA_PHASE_BACK && w->m.phase == RFA_PHASE_FORWARD)
			fail_msg("seed %lu: it went forward again", seed);
		if (++turns > bound) {
			print_history(w);
			fail_msg("seed %lu: no end after %zu turns", seed, turns);
		}
	}
	if (w->n > flow->n * 4 + TROUBLES * 2)
		fail_msg("seed %lu: %zu records", seed, w->n);
	wrong = audit(flow, w->plan, w->records, w->n);
	if (wrong) {
		print_history(w);
		fail_msg("seed %lu: %s", seed, wrong);
	}
}

static const struct rfa_flow *flow_of(unsigned long seed)
{
	size_t n;
	const struct rfa_flow *const *flows = rfa_flows(&n);

	return seed % 2 ? &small : flows[(seed / 2) % n];
}

static void random_walks_end_and_replay(void **state)
{
	static struct rfa_machine live[MAX_RECORDS];
	static struct walk w;
	unsigned ends[RFA_FINAL_STUCK + 1] = { 0 };
	unsigned long seed;
	int i;

	(void)state;
	for (seed = 1; seed <= 6000; seed++) {
		walk_once(&w, live, flow_of(seed), seed);
		check_replay(&w, live, seed);
		ends[w.m.final]++;
	}
	/* Walks that never come somewhere prove nothing of it. */
	for (i = RFA_FINAL_SUCCEEDED; i <= RFA_FINAL_STUCK; i++)
		if (ends[i] < 100)
			fail_msg("only %u walks ended %s", ends[i],
				 rfa_final_word((enum rfa_final)i));
}

/* Altered histories. */

static void replay_up_to(struct walk *w, const struct walk *from, size_t n)
{
	struct rfa_error err;
	size_t i;

	rfa_machine_init(&w->m, from->m.flow, from->plan);
	for (i = 0; i < n; i++)
		assert_int_equal(rfa_machine_apply(&w->m, &from->records[i], &err), 0);
}

static int asked(const struct rfa_record *r)
{
	return r->kind == RFA_RECORD_FAILED &&
	       (!strcmp(r->outcome, "abort") || !strcmp(r->outcome, "rollback"));
}

/* An altered record i is refused, and names itself; the machine stays as it was. */
static void alter(struct chance *c, const struct walk *from, unsigned long seed)
{
	const struct rfa_flow *flow = from->m.flow;
	size_t i = pick(c, (unsigned)from->n);
	struct rfa_record rec = from->records[i];
	const char *other = flow->steps[pick(c, (unsigned)flow->n)].name;
	unsigned how = pick(c, 7);
	static struct walk w;
	char what[64];

	snprintf(what, sizeof(what), "seed %lu, record %zu, alteration %u", seed, i, how);
	replay_up_to(&w, from, i);
	switch (how) {
	case 0:
		rec.seq += pick(c, 2) ? 1 : 0xffffffffu;
		break;
	case 1:
		if (!strcmp(rec.step, other))
			return;
		snprintf(rec.step, sizeof(rec.step), "%s", other);
		break;
	case 2: /* doubled, with the number put right */
		if (rec.kind == RFA_RECORD_PROGRESS || asked(&rec))
			return;
		assert_int_equal(rfa_machine_apply(&w.m, &rec, NULL), 0);
		rec.seq++;
		break;
	case 3: /* the one before it is gone, and the number was put right */
		if (!i || from->records[i - 1].kind == RFA_RECORD_PROGRESS ||
		    rec.kind == RFA_RECORD_PROGRESS || asked(&rec) ||
		    (rec.kind == RFA_RECORD_END && !strcmp(rec.outcome, "ABORTED")))
			return;
		replay_up_to(&w, from, i - 1);
		if (asked(&from->records[i - 1]) && w.m.phase == RFA_PHASE_BACK)
			return;
		rec.seq--;
		break;
	case 4:
		if (rec.kind == RFA_RECORD_PROGRESS || rec.kind == RFA_RECORD_BEGIN ||
		    rec.kind == RFA_RECORD_END || asked(&rec))
			return;
		rec.attempt += 1 + pick(c, 3);
		break;
	case 5:
		if (!strcmp(rec.opens, other) || asked(&rec))
			return;
		snprintf(rec.opens, sizeof(rec.opens), "%s", other);
		break;
	default:
		if (rec.kind == RFA_RECORD_PROGRESS || rec.kind == RFA_RECORD_BEGIN)
			return;
		snprintf(rec.outcome, sizeof(rec.outcome), "whatever");
		break;
	}
	corrupt(&w, &rec, what);
}

static void altered_histories_are_refused(void **state)
{
	static struct rfa_machine live[MAX_RECORDS];
	static struct walk w;
	unsigned long seed;
	int i;

	(void)state;
	for (seed = 10001; seed <= 12000; seed++) {
		struct chance c;

		rfa_clock_virtual_init(&c.v, 0, ~seed);
		walk_once(&w, live, flow_of(seed), seed);
		for (i = 0; i < 20; i++)
			alter(&c, &w, seed);
	}
}

/* The auditor is able to object. */

static void append(struct walk *w, enum rfa_record_kind kind, const char *step, const char *outcome,
		   unsigned attempt)
{
	w->records[w->n] = record(w, kind, step, outcome, attempt);
	w->records[w->n].seq = (uint32_t)w->n;
	w->n++;
}

static void objects(const struct walk *w, const char *want)
{
	const char *wrong = audit(&small, NULL, w->records, w->n);

	assert_non_null(wrong);
	assert_string_equal(wrong, want);
}

/* A run that failed at `step`, up to and with its failure. */
static void failed_at(struct walk *w, const char *step)
{
	begin(w, &small);
	go_to(w, step);
	tell(w, RFA_ON_FAILED);
	assert_null(audit(&small, NULL, w->records, w->n));
}

static void the_auditor_sees_each_planted_violation(void **state)
{
	struct walk w;

	(void)state;
	failed_at(&w, "swap");
	append(&w, RFA_RECORD_INTENT, "swap", "", 2);
	objects(&w, "a forward intent after the way back began");
	failed_at(&w, "swap");
	append(&w, RFA_RECORD_UNDONE, "swap", "undone", 2);
	objects(&w, "undone without its intent");
	failed_at(&w, "swap");
	append(&w, RFA_RECORD_UNDONE, "swap", "undone", 1);
	append(&w, RFA_RECORD_INTENT, "export", "undo", 1);
	append(&w, RFA_RECORD_UNDONE, "export", "undone", 1);
	append(&w, RFA_RECORD_INTENT, "send", "undo", 1);
	objects(&w, "the way back goes down again");
	failed_at(&w, "swap");
	append(&w, RFA_RECORD_END, NULL, "ROLLED_BACK", 0);
	objects(&w, "something was not undone");
	failed_at(&w, "swap");
	append(&w, RFA_RECORD_INTENT, "swap", "undo", 3);
	objects(&w, "the attempts of an undo are not counted one by one");
	failed_at(&w, "tag");
	append(&w, RFA_RECORD_FAILED, "tag", "undo-failed", 1);
	append(&w, RFA_RECORD_END, NULL, "ROLLED_BACK", 0);
	objects(&w, "a failed undo was silent");
	failed_at(&w, "tag");
	append(&w, RFA_RECORD_INTENT, "swap", "undo", 1);
	objects(&w, "an undo of what was never begun");
	failed_at(&w, "tag");
	append(&w, RFA_RECORD_END, NULL, "SUCCEEDED", 0);
	objects(&w, "a success that is none");
	failed_at(&w, "lock");
	append(&w, RFA_RECORD_UNDONE, "lock", "undone", 1);
	append(&w, RFA_RECORD_END, NULL, "ROLLED_BACK", 0);
	objects(&w, "rolled back, and nothing was touched");
	failed_at(&w, "look");
	append(&w, RFA_RECORD_DONE, "old", "done", 1);
	objects(&w, "the old version is checked though nothing was touched");
	begin(&w, &small);
	append(&w, RFA_RECORD_DONE, "lock", "done", 1);
	objects(&w, "done without its intent");
	begin(&w, &small);
	append(&w, RFA_RECORD_INTENT, "lock", "", 2);
	objects(&w, "attempts are not counted one by one");
	begin(&w, &small);
	go_to(&w, "cleanup");
	append(&w, RFA_RECORD_FAILED, "cleanup", "abort", 1);
	objects(&w, "a failure behind the point of no return");
	begin(&w, &small);
	go_to_the_end(&w);
	w.records[3].seq = 4;
	objects(&w, "a gap");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_without_trouble),
		cmocka_unit_test(records_tell_their_state),
		cmocka_unit_test(the_way_back_from_each_row),
		cmocka_unit_test(a_failed_step_is_undone_with_the_rest),
		cmocka_unit_test(the_same_attempt_may_be_made_again),
		cmocka_unit_test(a_doubt_is_probed_and_was_done),
		cmocka_unit_test(a_doubt_was_not_done_so_it_is_tried_again),
		cmocka_unit_test(half_an_effect_is_undone_first),
		cmocka_unit_test(half_an_effect_that_cannot_be_undone_turns_back),
		cmocka_unit_test(an_undo_that_fails_is_never_silent),
		cmocka_unit_test(an_old_version_that_is_not_healthy_is_stuck),
		cmocka_unit_test(an_undo_in_doubt_is_done_again),
		cmocka_unit_test(the_operator_turns_a_run_back),
		cmocka_unit_test(the_operator_aborts_a_run),
		cmocka_unit_test(behind_the_point_of_no_return_nothing_turns_back),
		cmocka_unit_test(a_run_may_be_left_anywhere),
		cmocka_unit_test(before_the_beginning_and_after_the_end_nothing_can_be_told),
		cmocka_unit_test(at_the_end_only_the_end_is_due),
		cmocka_unit_test(records_out_of_place_are_refused),
		cmocka_unit_test(random_walks_end_and_replay),
		cmocka_unit_test(altered_histories_are_refused),
		cmocka_unit_test(the_auditor_sees_each_planted_violation),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

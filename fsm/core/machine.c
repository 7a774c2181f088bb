/* The pure machine: one function that moves, and one that says what is due. */
#include "fsm/core/machine.h"

#include <stdio.h>
#include <string.h>

static const struct rfa_step *step_at(const struct rfa_machine *m, int row)
{
	return &m->flow->steps[row];
}

static int has(const struct rfa_machine *m, int row, enum rfa_step_flag flag)
{
	return (step_at(m, row)->flags & (unsigned)flag) != 0;
}

/* A row that only looks, or that does nothing at all, needs no intent. */
static int mutates(const struct rfa_machine *m, int row)
{
	return !has(m, row, RFA_STEP_READS) && !step_at(m, row)->skipped;
}

void rfa_machine_init(struct rfa_machine *m, const struct rfa_flow *flow, const json_t *plan)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	m->flow = flow;
	for (i = 0; i < flow->n; i++)
		if (!rfa_flow_has(flow, i, plan))
			m->rows[i].status = RFA_ROW_ABSENT;
}

/* The next forward row from `row` on; n: behind the last one. */
static int forward_from(const struct rfa_machine *m, int row)
{
	while (row < (int)m->flow->n &&
	       (has(m, row, RFA_STEP_ROLLBACK_ONLY) || m->rows[row].status == RFA_ROW_ABSENT))
		row++;
	return row;
}

/* Where a forward row leads; n: to the end. */
static int successor(const struct rfa_machine *m, int row)
{
	const char *then = step_at(m, row)->then;
	int to = then ? rfa_flow_find(m->flow, then) : row + 1;

	return to < 0 ? (int)m->flow->n : forward_from(m, to);
}

/* Does the way back have anything to do at this row? */
static int due_back(const struct rfa_machine *m, int row)
{
	switch (m->rows[row].status) {
	case RFA_ROW_OPEN:
	case RFA_ROW_FAILED:
	case RFA_ROW_UNDOING:
		return mutates(m, row);
	case RFA_ROW_DONE:
		return mutates(m, row) && !has(m, row, RFA_STEP_ROLLBACK_ONLY);
	case RFA_ROW_IDLE:
		return has(m, row, RFA_STEP_ROLLBACK_ONLY) && m->touched;
	default:
		return 0;
	}
}

/* The next row of the way back from `row` upwards; -1: none is left. */
static int back_from(const struct rfa_machine *m, int row)
{
	while (row >= 0 && !due_back(m, row))
		row--;
	return row;
}

static enum rfa_final final_of_back(const struct rfa_machine *m)
{
	if (m->stuck)
		return RFA_FINAL_STUCK;
	if (m->aborted)
		return RFA_FINAL_ABORTED;
	return m->touched ? RFA_FINAL_ROLLED_BACK : RFA_FINAL_FAILED;
}

static struct rfa_action end_with(enum rfa_final final)
{
	struct rfa_action a = { RFA_ACT_END, -1, 0, 0, final };

	return a;
}

static struct rfa_action undo_of(const struct rfa_machine *m, int row)
{
	const struct rfa_row *r = &m->rows[row];
	int begun = r->status == RFA_ROW_UNDOING && !m->in_doubt;
	struct rfa_action a = { RFA_ACT_UNDO, row, r->undo_attempts + (begun ? 0 : 1), !begun,
				RFA_FINAL_NONE };

	return a;
}

struct rfa_action rfa_machine_next(const struct rfa_machine *m)
{
	struct rfa_action a = { RFA_ACT_RUN, m->at, 1, 0, RFA_FINAL_NONE };
	const struct rfa_row *r;

	if (m->phase == RFA_PHASE_ENDED)
		return end_with(m->final);
	if (m->phase == RFA_PHASE_BACK) {
		if (m->at < 0)
			return end_with(final_of_back(m));
		if (has(m, m->at, RFA_STEP_ROLLBACK_ONLY))
			return a;
		return undo_of(m, m->at);
	}
	if (m->at >= (int)m->flow->n)
		return end_with(RFA_FINAL_SUCCEEDED);

	r = &m->rows[m->at];
	if (step_at(m, m->at)->skipped) {
		a.act = RFA_ACT_SKIP;
	} else if (r->status == RFA_ROW_UNDOING) {
		a = undo_of(m, m->at);
	} else if (r->status == RFA_ROW_OPEN) {
		a.act = m->in_doubt ? RFA_ACT_PROBE : RFA_ACT_RUN;
		a.attempt = r->attempts;
	} else {
		a.intent = mutates(m, m->at);
		a.attempt = r->attempts + 1;
	}
	return a;
}

int rfa_machine_no_return(const struct rfa_machine *m)
{
	size_t i;

	for (i = 0; i < m->flow->n; i++)
		if (has(m, (int)i, RFA_STEP_CLEANUP) && m->rows[i].status != RFA_ROW_IDLE &&
		    m->rows[i].status != RFA_ROW_ABSENT)
			return 1;
	return 0;
}

void rfa_machine_mark_in_doubt(struct rfa_machine *m)
{
	if (m->phase != RFA_PHASE_ENDED && m->at >= 0 && m->at < (int)m->flow->n &&
	    (m->rows[m->at].status == RFA_ROW_OPEN || m->rows[m->at].status == RFA_ROW_UNDOING))
		m->in_doubt = 1;
}

/* Moving: what each kind of record does. */

static int illegal(struct rfa_error *err, const struct rfa_record *rec, const char *why)
{
	rfa_fail(err, RFA_ECORRUPT, "machine", "%s", why);
	return rfa_error_where(err, "record %u (%s %s)", rec->seq, rfa_record_kind_word(rec->kind),
			       rec->step);
}

static void turn_back(struct rfa_machine *m)
{
	m->phase = RFA_PHASE_BACK;
	m->in_doubt = 0;
	m->at = back_from(m, m->at < (int)m->flow->n ? m->at : (int)m->flow->n - 1);
}

/* Opens a row, forward or for its undo. */
static int open_row(struct rfa_machine *m, int row, const struct rfa_record *rec,
		    struct rfa_error *err)
{
	struct rfa_action a = rfa_machine_next(m);
	struct rfa_row *r = &m->rows[row];

	if (a.row != row)
		return illegal(err, rec, "an intent for a row that is not due");
	/* A new attempt of an open row: a probe found that the last one had no effect. */
	if (r->status == RFA_ROW_OPEN && m->phase == RFA_PHASE_FORWARD &&
	    rec->attempt == r->attempts + 1) {
		/* ... or half an effect, when this is the intent to undo it. */
		r->attempts++;
		m->in_doubt = 0;
		return 0;
	}
	/* An undo may be tried as often as it takes: it looks first. */
	if (!a.intent && a.act != RFA_ACT_UNDO)
		return illegal(err, rec, "an intent that is not due");
	m->in_doubt = 0;
	if (a.act == RFA_ACT_UNDO) {
		r->status = RFA_ROW_UNDOING;
		r->undo_attempts++;
		return 0;
	}
	r->status = RFA_ROW_OPEN;
	r->attempts++;
	if (!has(m, row, RFA_STEP_SCRATCH) && !has(m, row, RFA_STEP_CLEANUP))
		m->touched = 1;
	return 0;
}

static int apply_intent(struct rfa_machine *m, int row, const struct rfa_record *rec,
			struct rfa_error *err)
{
	struct rfa_row *r = &m->rows[row];
	int undo = !strcmp(rec->outcome, "undo");

	if (rec->attempt != (undo ? r->undo_attempts : r->attempts) + 1)
		return illegal(err, rec, "an intent of an attempt that is not due");
	if (undo && r->status == RFA_ROW_OPEN && m->phase == RFA_PHASE_FORWARD && m->at == row &&
	    step_at(m, row)->undo) {
		/* A probe found half of the effect: it goes before the next attempt. */
		r->status = RFA_ROW_UNDOING;
		r->undo_attempts++;
		m->in_doubt = 0;
		return 0;
	}
	if (undo != (rfa_machine_next(m).act == RFA_ACT_UNDO))
		return illegal(err, rec, "an intent in the other direction");
	return open_row(m, row, rec, err);
}

static int apply_done(struct rfa_machine *m, int row, const struct rfa_record *rec,
		      struct rfa_error *err)
{
	struct rfa_action a = rfa_machine_next(m);
	enum rfa_row_status was = m->rows[row].status;

	if (a.row != row || a.act == RFA_ACT_UNDO || a.act == RFA_ACT_END)
		return illegal(err, rec, "done, and not due");
	if (mutates(m, row) && was != RFA_ROW_OPEN)
		return illegal(err, rec, "done without an intent");
	if (rec->attempt != a.attempt)
		return illegal(err, rec, "done by an attempt that was not made");
	if (!strcmp(rec->outcome, "cleanup-failed") && !has(m, row, RFA_STEP_CLEANUP))
		return illegal(err, rec, "cleanup-failed, and not behind the point of no return");
	m->rows[row].status = RFA_ROW_DONE;
	m->in_doubt = 0;
	m->at = m->phase == RFA_PHASE_BACK ? back_from(m, row - 1) : successor(m, row);
	return 0;
}

static int apply_failed(struct rfa_machine *m, int row, const struct rfa_record *rec,
			struct rfa_error *err)
{
	int asked = !strcmp(rec->outcome, "abort") || !strcmp(rec->outcome, "rollback");
	struct rfa_action a = rfa_machine_next(m);

	if (a.row != row)
		return illegal(err, rec, "failed, and not due");
	if (asked) {
		if (rfa_machine_no_return(m))
			return illegal(err, rec, "behind the point of no return");
		m->aborted |= !strcmp(rec->outcome, "abort");
		if (m->phase == RFA_PHASE_FORWARD)
			turn_back(m);
		return 0;
	}
	if (rec->attempt != a.attempt)
		return illegal(err, rec, "failed in an attempt that was not made");
	if ((a.act == RFA_ACT_UNDO) != !strcmp(rec->outcome, "undo-failed"))
		return illegal(err, rec, "failed in the other direction");
	if (a.act == RFA_ACT_UNDO && m->rows[row].status != RFA_ROW_UNDOING)
		return illegal(err, rec, "an undo that failed without an intent");
	if (m->phase == RFA_PHASE_BACK) {
		/* The way back goes on: every row above gets its chance. */
		m->stuck = 1;
		m->rows[row].status = RFA_ROW_UNDO_FAILED;
		m->in_doubt = 0;
		m->at = back_from(m, row - 1);
		return 0;
	}
	if (has(m, row, RFA_STEP_CLEANUP))
		return illegal(err, rec, "failed behind the point of no return");
	if (mutates(m, row) && m->rows[row].status == RFA_ROW_IDLE)
		return illegal(err, rec, "failed without an intent");
	m->rows[row].status = RFA_ROW_FAILED;
	turn_back(m);
	return 0;
}

static int apply_undone(struct rfa_machine *m, int row, const struct rfa_record *rec,
			struct rfa_error *err)
{
	if (m->at != row || m->rows[row].status != RFA_ROW_UNDOING)
		return illegal(err, rec, "undone without an intent");
	if (rec->attempt != m->rows[row].undo_attempts)
		return illegal(err, rec, "undone by an attempt that was not made");
	m->in_doubt = 0;
	if (m->phase == RFA_PHASE_FORWARD) {
		m->rows[row].status = RFA_ROW_IDLE; /* the next attempt may begin */
		return 0;
	}
	m->rows[row].status = RFA_ROW_UNDONE;
	m->at = back_from(m, row - 1);
	return 0;
}

static int apply_end(struct rfa_machine *m, const struct rfa_record *rec, struct rfa_error *err)
{
	struct rfa_action a = rfa_machine_next(m);
	enum rfa_final final;

	if (rfa_final_parse(rec->outcome, &final) || final == RFA_FINAL_NONE)
		return illegal(err, rec, "an end without a final state");
	/* The operator may leave a run at any time; every other end must be due. */
	if (final != RFA_FINAL_ABORTED && (a.act != RFA_ACT_END || a.final != final))
		return illegal(err, rec, "an end that is not due");
	m->phase = RFA_PHASE_ENDED;
	m->in_doubt = 0;
	m->final = final;
	return 0;
}

/* Is the record one that some run could have? What it does here is for the others to judge. */
static int well_formed(const struct rfa_record *rec, struct rfa_error *err)
{
	static const char *const outcomes[][5] = {
		[RFA_RECORD_INTENT] = { "", "undo" },
		[RFA_RECORD_DONE] = { "done", "skipped", "cleanup-failed" },
		[RFA_RECORD_FAILED] = { "failed", "undo-failed", "abort", "rollback" },
		[RFA_RECORD_UNDONE] = { "undone" },
	};
	int closes = rec->kind == RFA_RECORD_DONE || rec->kind == RFA_RECORD_FAILED ||
		     rec->kind == RFA_RECORD_UNDONE;
	size_t i;

	if ((rec->kind == RFA_RECORD_BEGIN || rec->kind == RFA_RECORD_END) != !rec->step[0])
		return illegal(err, rec, "only the beginning and the end are of no step");
	if (rec->opens[0] && !closes)
		return illegal(err, rec, "it closes no step and opens one");
	if (!closes && rec->kind != RFA_RECORD_INTENT)
		return 0;
	for (i = 0; outcomes[rec->kind][i]; i++)
		if (!strcmp(rec->outcome, outcomes[rec->kind][i]))
			return 0;
	return illegal(err, rec, "no such outcome");
}

static int move(struct rfa_machine *m, const struct rfa_record *rec, struct rfa_error *err)
{
	int row = rec->step[0] ? rfa_flow_find(m->flow, rec->step) : -1;
	int rc = well_formed(rec, err);

	if (rc)
		return rc;

	if (m->phase == RFA_PHASE_ENDED)
		return illegal(err, rec, "a record behind the end");
	if (rec->seq != m->seq)
		return illegal(err, rec, "a gap in the sequence numbers");
	if ((rec->kind == RFA_RECORD_BEGIN) != (rec->seq == 0))
		return illegal(err, rec, "a run has one beginning, at number 0");
	m->seq++;
	if (rec->kind == RFA_RECORD_BEGIN) {
		m->at = forward_from(m, 0);
		return 0;
	}
	if (rec->kind == RFA_RECORD_END)
		return apply_end(m, rec, err);
	if (row < 0)
		return illegal(err, rec, "a step that this flow does not have");

	switch (rec->kind) {
	case RFA_RECORD_INTENT:
		return apply_intent(m, row, rec, err);
	case RFA_RECORD_PROGRESS:
		return m->at == row ? 0 : illegal(err, rec, "progress of a row that is not due");
	case RFA_RECORD_DONE:
		rc = apply_done(m, row, rec, err);
		break;
	case RFA_RECORD_FAILED:
		rc = apply_failed(m, row, rec, err);
		break;
	case RFA_RECORD_UNDONE:
		rc = apply_undone(m, row, rec, err);
		break;
	default:
		return illegal(err, rec, "no such kind of record");
	}
	if (rc || !rec->opens[0])
		return rc;
	row = rfa_flow_find(m->flow, rec->opens);
	return row < 0 ? illegal(err, rec, "it opens a step that this flow does not have")
		       : open_row(m, row, rec, err);
}

int rfa_machine_apply(struct rfa_machine *m, const struct rfa_record *record, struct rfa_error *err)
{
	struct rfa_machine next = *m;
	int rc = move(&next, record, err);

	if (!rc)
		*m = next;
	return rc;
}

/* Which record an event becomes. */

struct answer {
	enum rfa_record_kind kind;
	const char *outcome;
};

static int cannot(struct rfa_error *err, enum rfa_machine_event event, const char *why)
{
	return rfa_fail(err, RFA_EINTERNAL, "machine", "event %d is not due: %s", (int)event, why);
}

/* Which record an event leads to, given what is due. Returns 0 when it can be told now. */
static int answer_of(const struct rfa_machine *m, const struct rfa_action *a,
		     enum rfa_machine_event event, struct answer *out)
{
	int cleanup = a->row >= 0 && has(m, a->row, RFA_STEP_CLEANUP);

	switch (event) {
	case RFA_ON_INTENT:
		*out = (struct answer){ RFA_RECORD_INTENT, a->act == RFA_ACT_UNDO ? "undo" : "" };
		return a->intent ? 0 : -1;
	case RFA_ON_DONE:
		*out = a->act == RFA_ACT_UNDO ? (struct answer){ RFA_RECORD_UNDONE, "undone" }
					      : (struct answer){ RFA_RECORD_DONE, "done" };
		return a->row >= 0 && !a->intent ? 0 : -1;
	case RFA_ON_NOTHING:
		*out = (struct answer){ RFA_RECORD_DONE, "skipped" };
		return a->act == RFA_ACT_RUN || a->act == RFA_ACT_SKIP ? 0 : -1;
	case RFA_ON_FAILED:
		*out = cleanup
			   ? (struct answer){ RFA_RECORD_DONE, "cleanup-failed" }
			   : (struct answer){ RFA_RECORD_FAILED,
					      a->act == RFA_ACT_UNDO ? "undo-failed" : "failed" };
		return a->row >= 0 && !a->intent ? 0 : -1;
	case RFA_ON_NOT_DONE:
		*out = (struct answer){ RFA_RECORD_INTENT, "" };
		return a->act == RFA_ACT_PROBE ? 0 : -1;
	case RFA_ON_PARTIAL:
		*out = (struct answer){ RFA_RECORD_INTENT, "undo" };
		return a->act == RFA_ACT_PROBE && !cleanup ? 0 : -1;
	case RFA_ON_ROLLBACK:
		*out = (struct answer){ RFA_RECORD_FAILED, "rollback" };
		return a->row >= 0 ? 0 : -1;
	case RFA_ON_ABORT:
		*out = (struct answer){ RFA_RECORD_FAILED, "abort" };
		return a->row >= 0 ? 0 : -1;
	case RFA_ON_DETACH:
		*out = (struct answer){ RFA_RECORD_END, "ABORTED" };
		return 0;
	case RFA_ON_END:
		*out = (struct answer){ RFA_RECORD_END, rfa_final_word(a->final) };
		return a->act == RFA_ACT_END ? 0 : -1;
	default:
		return -1;
	}
}

int rfa_machine_record_for(struct rfa_machine *m, enum rfa_machine_event event,
			   struct rfa_record *out, struct rfa_error *err)
{
	struct rfa_action a = rfa_machine_next(m);
	struct rfa_machine after = *m;
	struct answer answer;
	struct rfa_action then;
	struct rfa_error why;
	int row = a.row >= 0 ? a.row : (int)m->flow->n - 1;

	if (m->phase == RFA_PHASE_ENDED)
		return cannot(err, event, "the run has ended");
	if (event == RFA_ON_DOUBT) {
		if (a.row < 0)
			return cannot(err, event, "only the end is due");
		rfa_machine_mark_in_doubt(m);
		return 0;
	}
	if (answer_of(m, &a, event, &answer))
		return cannot(err, event, "it is not what is due");

	memset(out, 0, sizeof(*out));
	out->kind = answer.kind;
	out->seq = m->seq;
	out->state = step_at(m, row)->state;
	snprintf(out->outcome, sizeof(out->outcome), "%s", answer.outcome);
	if (answer.kind != RFA_RECORD_END) {
		snprintf(out->step, sizeof(out->step), "%s", step_at(m, row)->name);
		out->attempt = a.attempt;
		if (event == RFA_ON_NOT_DONE)
			out->attempt = m->rows[row].attempts + 1;
		else if (event == RFA_ON_PARTIAL)
			out->attempt = m->rows[row].undo_attempts + 1;
	}
	if (rfa_machine_apply(&after, out, &why))
		return cannot(err, event, why.msg);
	if (answer.kind == RFA_RECORD_INTENT || answer.kind == RFA_RECORD_END)
		return 1;
	/* One durable record may close a step and open the next. */
	then = rfa_machine_next(&after);
	if (then.intent)
		snprintf(out->opens, sizeof(out->opens), "%s", step_at(m, then.row)->name);
	return 1;
}

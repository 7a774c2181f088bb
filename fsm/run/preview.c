/* What a run would find and change, found out by the flow's own reading rows and gates. */
#include <stdio.h>
#include <string.h>

#include "fsm/parts/catalog.h"
#include "fsm/parts/text.h"
#include "fsm/run/drive.h"
#include "fsm/steps/common/heads.h"

/* why NULL: it passed; seen says where that was seen. */
static int add_gate(json_t *gates, const char *gate, const struct rfa_error *why, const char *seen,
		    struct rfa_error *err)
{
	struct rfa_buf evidence = RFA_BUF_INIT(4096), hint = RFA_BUF_INIT(4096);
	json_t *one;

	/* A host's words may be cut inside a character. */
	rfa_buf_put_printable(&evidence, why ? why->msg : seen, strlen(why ? why->msg : seen), 800);
	if (why)
		rfa_buf_put_printable(&hint, why->hint, strlen(why->hint), 400);
	one = json_pack("{s:s, s:s, s:s, s:s}", "gate", gate, "verdict", why ? "refused" : "passed",
			"evidence", rfa_buf_str(&evidence), "hint", rfa_buf_str(&hint));
	rfa_buf_release(&evidence);
	rfa_buf_release(&hint);
	return !one || json_array_append_new(gates, one) ? rfa_fail_nomem(err) : 0;
}

/* What the claim of a host would say. */

static int look_at_lock(const struct rfa_ctx *ctx, struct rfa_error *err)
{
	const char *run;
	json_t *holder = NULL;
	int rc = ctx->host->runs->lock_read(ctx->host, &holder, err);

	if (!rc && holder) {
		run = rfa_facts_str(holder, "run", "?");
		rfa_fail(err, RFA_EREFUSED, "lock", "%s is locked by run %.60s (%.31s %.63s)",
			 ctx->host->name, run, rfa_facts_str(holder, "flow", "?"),
			 rfa_facts_str(holder, "stack", "?"));
		rc = rfa_error_hint(err, "rfa lock show %s", ctx->host->name);
	}
	json_decref(holder);
	return rc;
}

/* Two roles may be of one host, which is claimed for both. */
static int has_told(const json_t *gates, const char *gate, const char *evidence)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)gates, i, one) {
		if (!strcmp(rfa_facts_str(one, "gate", ""), gate) &&
		    !strcmp(rfa_facts_str(one, "evidence", ""), evidence))
			return 1;
	}
	return 0;
}

/*
 * rc: what the observation answered; a refusal is a verdict, anything else an error. Each host of
 * the run has one, so it says which.
 */
static int claim_gate(const struct rfa_ctx *ctx, const char *gate, json_t *gates, int rc,
		      const struct rfa_error *why, struct rfa_error *err)
{
	char seen[160];

	if (rc && rc != -RFA_EREFUSED) {
		*err = *why;
		return rc;
	}
	snprintf(seen, sizeof(seen), "on %.100s", ctx->host->name);
	if (has_told(gates, gate, rc ? why->msg : seen))
		return 0;
	return add_gate(gates, gate, rc ? why : NULL, seen, err);
}

/* The first rows of nearly every flow take the lock; here it is only read. */
static int look_at_claim(struct rfa_ctx *ctx, json_t *gates, struct rfa_error *err)
{
	struct rfa_error why;
	int rc;

	rfa_error_clear(&why);
	rc = claim_gate(ctx, "lock", gates, look_at_lock(ctx, &why), &why, err);
	rfa_error_clear(&why);
	if (!rc)
		rc = claim_gate(ctx, "ledger", gates, rfa_kept_head_check(ctx, NULL, &why), &why,
				err);
	return rc;
}

/* Driving the rows. */

static int is_claim(const struct rfa_step *step)
{
	const char *dot = strchr(step->name, '.');

	return dot && !strcmp(dot, ".claim");
}

/* A refusal is a finding, and ends the reading: what comes after it builds on it. */
static int read_row(struct rfa_drive *d, const struct rfa_step *step, json_t *gates, int *refused,
		    struct rfa_error *err)
{
	json_t *facts = json_object();
	struct rfa_error why;
	json_t *found;
	int rc;

	if (!facts)
		return rfa_fail_nomem(err);
	rfa_error_clear(&why);
	rc = step->run(&d->ctx, facts, &why);
	found = json_object_get(facts, "gates");
	if (found && json_array_extend(gates, found))
		rc = rfa_fail_nomem(&why);
	*refused = rc == -RFA_EREFUSED;
	if (*refused && !found)
		rc = add_gate(gates, step->name, &why, "", &why);
	else if (*refused)
		rc = 0;
	if (!rc)
		rc = rfa_facts_set(d->facts, step->name, json_incref(facts), &why);
	json_decref(facts);
	if (rc)
		*err = why;
	return rc;
}

static int read_rows(struct rfa_drive *d, json_t *gates, int *refused, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	d->ctx.attempt = 1;
	for (i = 0; !rc && !*refused && i < d->flow->n; i++) {
		const struct rfa_step *step = &d->flow->steps[i];

		if (step->state != RFA_PRECHECK || step->skipped ||
		    !rfa_flow_has(d->flow, i, d->plan))
			continue;
		rc = rfa_drive_enter(d, step, err);
		if (rc)
			break;
		if (is_claim(step))
			rc = look_at_claim(&d->ctx, gates, err);
		else if (step->flags & RFA_STEP_READS)
			rc = read_row(d, step, gates, refused, err);
	}
	/* So that what the last row has proven is known, too. */
	return rc || !d->ctx.step ? rc : rfa_drive_enter(d, d->ctx.step, err);
}

/* How long the last run took. */

/* 1 if what serves there is stopped, or made again, by the flow. */
static int interrupts(const struct rfa_flow *flow, enum rfa_role_id role)
{
	size_t i;

	for (i = 0; i < flow->n; i++) {
		const struct rfa_step *s = &flow->steps[i];

		if (rfa_step_changes(s) && s->on == role &&
		    (s->state == RFA_STOP || s->state == RFA_RESTART))
			return 1;
	}
	return 0;
}

static int is_of_role(const struct rfa_flow *flow, const char *step, enum rfa_role_id role)
{
	int row = rfa_flow_find(flow, step);

	return row >= 0 && rfa_step_changes(&flow->steps[row]) && flow->steps[row].on == role;
}

/* From the first intent to change what serves there to the last change that was done. */
static int64_t interruption_of(const struct rfa_flow *flow, const struct rfa_history *h,
			       enum rfa_role_id role)
{
	int64_t from = -1, to = -1;
	size_t i;

	for (i = 0; i < h->n; i++) {
		const struct rfa_record *r = &h->records[i];

		/* A record may hold the intent of the step after its own. */
		if (from < 0 && (is_of_role(flow, r->opens, role) ||
				 (r->kind == RFA_RECORD_INTENT && is_of_role(flow, r->step, role))))
			from = r->wall_ms;
		if (r->kind == RFA_RECORD_DONE && is_of_role(flow, r->step, role))
			to = r->wall_ms;
	}
	return from >= 0 && to >= from ? to - from : -1;
}

struct last {
	const char *flow;
	char run[RFA_RUN_ID_MAX];
};

static int take_last(void *user, const struct rfa_ledger_line *line)
{
	struct last *last = user;

	if (strcmp(line->flow, last->flow) != 0 || line->final != RFA_FINAL_SUCCEEDED)
		return 0;
	snprintf(last->run, sizeof(last->run), "%s", line->run);
	return 1;
}

static int put_interruption(const struct rfa_drive *d, json_t *document, struct rfa_error *err)
{
	struct rfa_ledger_filter filter = { .stack = d->stack, .env = d->env, .limit = 100 };
	const struct rfa_role *role;
	struct rfa_history *h = NULL;
	struct last last = { d->flow->name, "" };
	json_t *times = json_object();
	int rc = times ? 0 : rfa_fail_nomem(err);

	if (!rc && d->options->ledger)
		rc = rfa_ledger_list(d->options->ledger, &filter, take_last, &last, err);
	if (rc >= 0 && last.run[0])
		rc = rfa_ledger_load(d->options->ledger, last.run, &h, err);
	for (role = d->flow->roles; rc >= 0 && h && role && role->id; role++) {
		int64_t ms = interruption_of(d->flow, h, role->id);

		if (ms >= 0 && interrupts(d->flow, role->id))
			rc = rfa_facts_set(times, rfa_role_word(role->id), json_integer(ms), err);
	}
	if (rc >= 0)
		rc = rfa_facts_set(document, "interruption", json_incref(times), err);
	rfa_history_free(h);
	json_decref(times);
	return rc;
}

/* The whole. */

static int put_changes(struct rfa_drive *d, int refused, json_t *document, struct rfa_error *err)
{
	json_t *rows = json_array(), *row;
	json_int_t bytes = 0;
	int changes = 0;
	size_t i;
	int rc = rows ? 0 : rfa_fail_nomem(err);

	if (!rc && d->flow->text && d->flow->text->changes)
		rc = d->flow->text->changes(&d->ctx, rows, err);
	else
		changes = !rfa_facts_at(d->plan, "nothing");
	json_array_foreach (rows, i, row) {
		bytes += (json_int_t)rfa_facts_int(row, "bytes", 0);
		changes |= strcmp(rfa_facts_str(row, "change", ""), "same") != 0;
	}
	if (!rc)
		rc = rfa_facts_set(document, "changes", json_incref(rows), err);
	if (!rc)
		rc = rfa_facts_set(document, "bytes", json_integer(bytes), err);
	if (!rc)
		rc = rfa_facts_set(document, "verdict",
				   json_string(refused   ? "refused"
					       : changes ? "changes"
							 : "same"),
				   err);
	json_decref(rows);
	return rc;
}

static int is_refused(const json_t *gates)
{
	json_t *gate;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)gates, i, gate) {
		if (!strcmp(rfa_facts_str(gate, "verdict", ""), "refused"))
			return 1;
	}
	return 0;
}

int rfa_run_preview(const struct rfa_run_options *options, const json_t *plan, json_t **out,
		    struct rfa_error *err)
{
	json_t *document = NULL, *gates = json_array();
	struct rfa_run_result unused;
	struct rfa_drive d;
	int refused = 0;
	int rc;

	rfa_drive_init(&d, options, &unused);
	/* Names that are made of a run's id are judged by their length. */
	rfa_run_id(d.ctx.clock, unused.run);
	rc = gates ? rfa_drive_take_plan(&d, plan, err) : rfa_fail_nomem(err);
	if (!rc && options->ledger)
		rc = rfa_catalog_points(options->ledger, d.env, d.stack, &d.points, err);
	if (!rc)
		rc = read_rows(&d, gates, &refused, err);
	if (!rc &&
	    !(document = json_pack("{s:s, s:s, s:s, s:s, s:O}", "flow", d.flow->name, "stack",
				   d.stack, "from", d.from, "to", d.env, "gates", gates)))
		rc = rfa_fail_nomem(err);
	if (!rc)
		rc = put_changes(&d, is_refused(gates), document, err);
	if (!rc)
		rc = put_interruption(&d, document, err);
	if (rc < 0)
		json_decref(document);
	else
		*out = document;
	json_decref(gates);
	rfa_drive_release(&d);
	return rc < 0 ? rc : 0;
}

/* The loop: ask the machine what is due, do it, record it, move. */
#include "fsm/run/drive.h"

#include <stdio.h>
#include <string.h>

/*
 * A run of thirty steps makes some thirty records; a transfer adds one every few seconds. Whoever
 * makes a hundred thousand is in a loop.
 */
enum { MAX_RECORDS = 100000 };

/* How long a job that still runs is waited for, and how often it is looked at. */
enum { SETTLE_MS = 30 * 60 * 1000, SETTLE_STEP_MS = 250 };

static const struct rfa_step *step_of(const struct rfa_drive *d, int row)
{
	return &d->flow->steps[row];
}

static void send(struct rfa_drive *d, enum rfa_event_kind kind, const struct rfa_step *step,
		 const char *text, const json_t *facts, const struct rfa_error *error)
{
	struct rfa_event event = { 0 };

	event.kind = kind;
	event.wall_ms = d->ctx.clock->wall_ms(d->ctx.clock);
	event.run = d->result->run;
	event.text = text;
	event.facts = facts;
	event.error = error;
	if (step) {
		event.state = rfa_state_word(step->state);
		event.step = step->name;
		event.host = d->ctx.host ? d->ctx.host->name : NULL;
		event.attempt = d->ctx.attempt;
	}
	rfa_trace_send(d->options->trace, &event);
}

/* Records. */

/* The part of a commit's subject that a person reads. */
static void subject_of(const struct rfa_record *rec, const json_t *facts, char *out, size_t size)
{
	const char *summary = rfa_facts_str(facts, "summary", NULL);
	const char *word = rec->outcome;
	long long ms = (long long)rfa_facts_int(facts, "ms", -1);
	int len;

	if (!summary)
		summary = rfa_facts_str(facts, "skipped", NULL);
	if (!summary)
		summary = rfa_facts_str(facts, "error/msg", NULL);
	if (rec->kind == RFA_RECORD_INTENT)
		word = strcmp(rec->outcome, "undo") ? "begins" : "is to be undone";
	else if (rec->kind == RFA_RECORD_PROGRESS)
		word = "goes on";
	if (rec->kind == RFA_RECORD_END)
		len = snprintf(out, size, "%s", rec->outcome);
	else
		len = snprintf(out, size, "%s %s %s", rfa_state_word(rec->state), rec->step, word);
	if (summary && *summary && len > 0 && (size_t)len < size)
		len += snprintf(out + len, size - (size_t)len, " — %s", summary);
	if (ms >= 100 && len > 0 && (size_t)len < size)
		snprintf(out + len, size - (size_t)len, " · %lld.%lld s", ms / 1000,
			 ms % 1000 / 100);
}

/*
 * What the ledger must not keep is taken out of it, and the run knows no more than the ledger does:
 * a resume would know no more either. A record is never left out for it.
 */
static int redact(struct rfa_drive *d, json_t **facts, int *changed, struct rfa_error *err)
{
	return rfa_ledger_redact(d->options->ledger, facts, changed, err);
}

static void redact_text(const struct rfa_drive *d, char *text, size_t size)
{
	struct rfa_buf out = RFA_BUF_INIT(64 * 1024);

	if (rfa_ledger_redact_text(d->options->ledger, text, strlen(text), &out))
		snprintf(text, size, "%s", rfa_buf_str(&out));
	rfa_buf_release(&out);
}

/* What is about to go into the ledger, or back to the caller at the run's end. */
static void redact_error(const struct rfa_drive *d, struct rfa_error *error)
{
	redact_text(d, error->msg, sizeof(error->msg));
	redact_text(d, error->hint, sizeof(error->hint));
	redact_text(d, error->where, sizeof(error->where));
}

/*
 * What an observation found is used by later steps: with something taken out of them, those would
 * do another thing than what was looked at. So that is found out before anything is touched.
 */
static int is_spoilt(const struct rfa_drive *d, enum rfa_machine_event event, int changed)
{
	const char *name = d->ctx.step ? strstr(d->ctx.step->name, ".observe") : NULL;

	return changed && event == RFA_ON_DONE && name && !name[8];
}

static void say_spoilt(const struct rfa_drive *d, struct rfa_error *why)
{
	rfa_fail(
	    why, RFA_EREFUSED, "run",
	    "a name that %s has seen holds the value of a configured secret, or a password: it "
	    "cannot be kept in the ledger, and the run cannot do without it",
	    d->ctx.step->name);
	rfa_error_where(why, "%s", d->ctx.host ? d->ctx.host->name : "");
	rfa_error_hint(why, "choose a longer secret, or another name for what is called so");
}

int rfa_drive_absorb_facts(struct rfa_drive *d, const struct rfa_record *rec, struct rfa_error *err)
{
	json_t *made = rfa_facts_at(rec->facts, "made");
	json_t *facts;

	if (rec->kind == RFA_RECORD_INTENT || rec->opens[0])
		d->intent_ms = rec->wall_ms;
	if (rec->kind != RFA_RECORD_DONE && (rec->kind != RFA_RECORD_PROGRESS || !made))
		return 0;
	/* A probe that finds the step done knows less of it than the attempt that made it. */
	if (!made)
		made = rfa_facts_at(json_object_get(d->facts, rec->step), "made");
	facts = rec->kind == RFA_RECORD_DONE && rec->facts ? rfa_facts_copy_shallow(rec->facts)
							   : json_object();
	if (!facts || (made && json_object_set(facts, "made", made))) {
		json_decref(facts);
		return rfa_fail_nomem(err);
	}
	return rfa_facts_set(d->facts, rec->step, facts, err);
}

int rfa_drive_record(struct rfa_drive *d, enum rfa_machine_event event, json_t *facts,
		     const struct rfa_error *error, struct rfa_error *err)
{
	struct rfa_record rec = { 0 };
	struct rfa_error spoilt, clean;
	char subject[256];
	int changed = 0;
	int rc;

	if (error && facts)
		json_object_set_new(facts, "error", rfa_facts_of_error(error));
	else if (error)
		facts = json_pack("{s:o}", "error", rfa_facts_of_error(error));
	rc = redact(d, &facts, &changed, err);
	if (rc) {
		json_decref(facts);
		return rc;
	}
	if (is_spoilt(d, event, changed)) {
		say_spoilt(d, &spoilt);
		json_decref(facts);
		send(d, RFA_EVENT_STEP_FAILED, d->ctx.step, spoilt.msg, NULL, &spoilt);
		return rfa_drive_record(d, RFA_ON_FAILED, NULL, &spoilt, err);
	}
	if (error) {
		clean = *error;
		redact_error(d, &clean);
		error = &clean;
	}
	rc = rfa_machine_record_for(&d->machine, event, &rec, err);
	if (rc <= 0) {
		json_decref(facts);
		return rc;
	}
	rec.facts = facts;
	rec.wall_ms = d->ctx.clock->wall_ms(d->ctx.clock);
	if (d->ctx.host)
		snprintf(rec.host, sizeof(rec.host), "%s", d->ctx.host->name);
	subject_of(&rec, rec.facts, subject, sizeof(subject));
	if (++d->records > MAX_RECORDS)
		rc = rfa_fail(err, RFA_EINTERNAL, "run", "more than %d records", MAX_RECORDS);
	else if (rec.kind == RFA_RECORD_END)
		rc = rfa_drive_end(d, &rec, subject, err);
	else
		rc = rfa_ledger_append(d->ledger_run, &rec, subject, err);
	if (!rc)
		rc = rfa_machine_apply(&d->machine, &rec, err);
	if (!rc)
		rc = rfa_drive_absorb_facts(d, &rec, err);
	if (!rc && rec.kind == RFA_RECORD_FAILED && error && !d->why.code) {
		d->why = *error;
		snprintf(d->why_step, sizeof(d->why_step), "%s", rec.step);
	}
	rfa_record_release(&rec);
	return rc;
}

/* PROGRESS changes nothing in the machine, so it goes straight to the ledger. */
static int tell_progress(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_drive *d = ctx->driver;
	struct rfa_machine after = d->machine;
	struct rfa_record rec = { 0 };
	json_t *made = json_incref(rfa_facts_at(facts, "made"));
	char subject[256];
	int changed = 0;
	int rc = redact(d, &facts, &changed, err);

	if (!rc && changed && made && !json_equal(made, rfa_facts_at(facts, "made"))) {
		say_spoilt(d, err);
		rc = -RFA_EREFUSED;
	}
	json_decref(made);
	if (rc) {
		json_decref(facts);
		return rc;
	}
	rec.kind = RFA_RECORD_PROGRESS;
	rec.seq = d->machine.seq;
	rec.state = ctx->step->state;
	rec.attempt = ctx->attempt;
	rec.wall_ms = ctx->clock->wall_ms(ctx->clock);
	rec.facts = facts;
	snprintf(rec.step, sizeof(rec.step), "%s", ctx->step->name);
	if (ctx->host)
		snprintf(rec.host, sizeof(rec.host), "%s", ctx->host->name);
	subject_of(&rec, facts, subject, sizeof(subject));
	rc = rfa_machine_apply(&after, &rec, err);
	if (!rc && ++d->records > MAX_RECORDS)
		rc = rfa_fail(err, RFA_EINTERNAL, "run", "more than %d records", MAX_RECORDS);
	if (!rc)
		rc = rfa_ledger_append(d->ledger_run, &rec, subject, err);
	if (!rc)
		d->machine = after;
	if (!rc)
		rc = rfa_drive_absorb_facts(d, &rec, err);
	if (!rc)
		rc = rfa_drive_know_made(d, err);
	d->moved = 1;
	rfa_record_release(&rec);
	return rc;
}

/* One turn. */

/* Points the context at the row of an action. */
static int enter(struct rfa_drive *d, const struct rfa_action *a, struct rfa_error *err)
{
	const struct rfa_step *step = a->row >= 0 ? step_of(d, a->row) : NULL;

	if (a->row != d->tries_row) {
		d->tries = 0;
		d->tries_row = a->row;
	}
	if (!step)
		return 0;
	d->ctx.attempt = a->attempt;
	d->ctx.undoing = a->act == RFA_ACT_UNDO;
	d->moved = 0;
	return rfa_drive_enter(d, step, err);
}

static int is_over(const struct rfa_error *error)
{
	/* Nothing may be written any more, or the operator wants to stop now. */
	return error->code == RFA_ECRASHED || error->code == RFA_ECANCELLED;
}

/*
 * May the row be tried again by this process? Waits a little longer every time (with a jitter,
 * so that many operators do not knock together) and reconnects. 0: try; else it is interrupted.
 */
static int again(struct rfa_drive *d, const struct rfa_error *why)
{
	const struct rfa_step *step = d->ctx.step;
	struct rfa_clock *clock = d->ctx.clock;
	int64_t wait;
	unsigned shift;

	/* Asking again would only make the host block this address. */
	if (is_over(why) || why->severity == RFA_DENIED)
		return -1;
	if (d->moved)
		d->tries = 0; /* bytes went through: it is not the same trouble again */
	if (++d->tries >= step->max_attempts)
		return -1;
	shift = d->tries < 5 ? d->tries - 1 : 4;
	wait = (int64_t)(250u << shift);
	wait += (int64_t)(clock->random(clock) % (uint64_t)wait);
	send(d, RFA_EVENT_STEP_RETRIED, step, why->msg, NULL, why);
	clock->sleep_ms(clock, wait);
	return 0;
}

static int interrupted(struct rfa_drive *d, const struct rfa_error *why, struct rfa_error *err)
{
	struct rfa_error ignored;
	json_t *facts;

	if (why->code == RFA_ECRASHED) {
		*err = *why;
		return -(int)RFA_ECRASHED;
	}
	if (rfa_machine_next(&d->machine).row >= 0) {
		facts = json_pack("{s:s, s:o}", "summary", "interrupted", "error",
				  rfa_facts_of_error(why));
		/* For the audit only: a ledger that cannot take it is told by the next resume. */
		if (facts && tell_progress(&d->ctx, facts, &ignored))
			send(d, RFA_EVENT_WARNING, NULL, ignored.msg, NULL, &ignored);
	}
	rfa_fail(err, RFA_EINTERRUPTED, why->domain, "%s", why->msg);
	rfa_error_where(err, "%s", why->where);
	rfa_error_hint(err, "%s%srfa resume %s", why->hint, why->hint[0] ? "; then: " : "",
		       d->result->run);
	send(d, RFA_EVENT_RUN_INTERRUPTED, d->ctx.step, why->msg, NULL, why);
	return -(int)RFA_EINTERRUPTED;
}

/*
 * No job of this step may still run when it is looked at or undone: half an effect would be taken
 * for the whole.
 */
static int settle(struct rfa_drive *d, struct rfa_error *err)
{
	struct rfa_host *host = d->ctx.host;
	struct rfa_clock *clock = d->ctx.clock;
	struct rfa_job_key key = { d->ctx.run, d->ctx.step->name, "any" };
	int64_t begun = clock->mono_ms(clock);
	int running = 0;
	int said = 0;

	if (!host)
		return 0;
	for (;;) {
		int rc = host->runs->jobs_running(host, &key, &running, err);

		if (rc || !running)
			return rc;
		if (d->ctx.cancel && *d->ctx.cancel)
			return rfa_fail(err, RFA_ECANCELLED, "run", "stopped by a signal");
		if (clock->mono_ms(clock) - begun > SETTLE_MS)
			break;
		if (!said++)
			rfa_ctx_say(&d->ctx, RFA_EVENT_NOTE,
				    "a job that was begun earlier still runs on %s: waiting for it",
				    host->name);
		clock->sleep_ms(clock, SETTLE_STEP_MS);
	}
	rfa_fail(err, RFA_ESTALLED, "run", "a job of this step has run for over %d minutes",
		 SETTLE_MS / 60000);
	return rfa_error_where(err, "%s", host->name);
}

static void add_time(struct rfa_drive *d, json_t *facts, int64_t begun)
{
	json_object_set_new(facts, "ms", json_integer(d->ctx.clock->mono_ms(d->ctx.clock) - begun));
}

/* Of a step that is found done: nobody saw its end, but the record of its beginning has the time.
 */
static void add_time_since_intent(struct rfa_drive *d, json_t *facts)
{
	int64_t took = d->ctx.clock->wall_ms(d->ctx.clock) - d->intent_ms;

	if (d->intent_ms && took >= 0)
		json_object_set_new(facts, "ms", json_integer(took));
}

/*
 * Is a "no" worth asking again? Where there is no way back from it any more: behind the point of no
 * return something would be left, on the way back a person would be called. A health check has
 * asked often enough by itself.
 */
static int asks_again(const struct rfa_step *step, const struct rfa_error *why)
{
	return (step->flags & (RFA_STEP_CLEANUP | RFA_STEP_ROLLBACK_ONLY)) &&
	       why->code != RFA_EUNHEALTHY;
}

/* A run that changes nothing has nothing to go on with: what stops it ends it. */
static int only_reads(const struct rfa_flow *flow)
{
	size_t i;

	for (i = 0; i < flow->n; i++)
		if (!(flow->steps[i].flags & RFA_STEP_READS))
			return 0;
	return 1;
}

static int turn_run(struct rfa_drive *d, struct rfa_error *err)
{
	const struct rfa_step *step = d->ctx.step;
	int64_t begun = d->ctx.clock->mono_ms(d->ctx.clock);
	json_t *facts = json_object();
	struct rfa_error why;
	const char *reason;
	int no, over;
	int rc;

	if (!facts)
		return rfa_fail_nomem(err);
	send(d, RFA_EVENT_STEP_STARTED, step, NULL, NULL, NULL);
	rfa_error_clear(&why);
	rc = step->run(&d->ctx, facts, &why);
	if (!rc) {
		reason = rfa_facts_str(facts, "skipped", NULL);
		add_time(d, facts, begun);
		send(d, reason ? RFA_EVENT_STEP_SKIPPED : RFA_EVENT_STEP_DONE, step, reason, facts,
		     NULL);
		return rfa_drive_record(d, reason ? RFA_ON_NOTHING : RFA_ON_DONE, facts, NULL, err);
	}
	no = why.severity == RFA_FATAL && !is_over(&why);
	over = (no && !asks_again(step, &why)) || again(d, &why);
	if (over && (no || (only_reads(d->flow) && why.code != RFA_ECRASHED))) {
		send(d, RFA_EVENT_STEP_FAILED, step, why.msg, facts, &why);
		add_time(d, facts, begun);
		return rfa_drive_record(d, RFA_ON_FAILED, facts, &why, err);
	}
	json_decref(facts);
	if (over)
		return interrupted(d, &why, err);
	if (why.severity != RFA_RETRY && !(step->flags & RFA_STEP_READS))
		return rfa_drive_record(d, RFA_ON_DOUBT, NULL, NULL, err);
	return 0; /* the host never saw it, or nothing can have changed: the same again */
}

static int turn_probe(struct rfa_drive *d, struct rfa_error *err)
{
	const struct rfa_step *step = d->ctx.step;
	enum rfa_probe seen = RFA_PROBE_NOT_DONE;
	json_t *facts = json_object();
	struct rfa_error why;
	int rc;

	if (!facts)
		return rfa_fail_nomem(err);
	rfa_error_clear(&why);
	rc = settle(d, &why);
	if (!rc)
		rc = step->probe(&d->ctx, &seen, facts, &why);
	if (rc) {
		json_decref(facts);
		if (!is_over(&why) && (step->flags & RFA_STEP_CLEANUP) && !again(d, &why))
			return 0;
		if (why.severity == RFA_FATAL && !is_over(&why))
			return rfa_drive_record(d, RFA_ON_FAILED, NULL, &why, err);
		return again(d, &why) ? interrupted(d, &why, err) : 0;
	}
	send(d, RFA_EVENT_STEP_PROBED, step, rfa_probe_word(seen), facts, NULL);
	switch (seen) {
	case RFA_PROBE_DONE:
		add_time_since_intent(d, facts);
		send(d, RFA_EVENT_STEP_DONE, step, NULL, facts, NULL);
		return rfa_drive_record(d, RFA_ON_DONE, facts, NULL, err);
	case RFA_PROBE_RUNNING:
		json_decref(facts);
		d->ctx.clock->sleep_ms(d->ctx.clock, SETTLE_STEP_MS);
		return 0;
	case RFA_PROBE_PARTIAL:
		return rfa_drive_record(d, step->undo ? RFA_ON_PARTIAL : RFA_ON_NOT_DONE, facts,
					NULL, err);
	default:
		return rfa_drive_record(d, RFA_ON_NOT_DONE, facts, NULL, err);
	}
}

static int turn_undo(struct rfa_drive *d, struct rfa_error *err)
{
	static const char nothing[] = "it had done nothing: there is nothing to undo";
	const struct rfa_step *step = d->ctx.step;
	struct rfa_error why;
	int rc;

	send(d, RFA_EVENT_STEP_STARTED, step, NULL, NULL, NULL);
	rfa_error_clear(&why);
	rc = settle(d, &why);
	if (!rc)
		rc = step->undo(&d->ctx, &why);
	if (!rc && rfa_ctx_fact(&d->ctx, step->name, "skipped")) {
		send(d, RFA_EVENT_STEP_SKIPPED, step, nothing, NULL, NULL);
		return rfa_drive_record(d, RFA_ON_DONE, json_pack("{s:s}", "skipped", nothing),
					NULL, err);
	}
	if (!rc) {
		send(d, RFA_EVENT_STEP_UNDONE, step, NULL, NULL, NULL);
		return rfa_drive_record(d, RFA_ON_DONE, NULL, NULL, err);
	}
	/* A new attempt has new job keys: a kept "no" of the last one must not answer it. */
	if (!again(d, &why))
		return rfa_drive_record(d, RFA_ON_DOUBT, NULL, NULL, err);
	if (why.severity != RFA_FATAL || is_over(&why))
		return interrupted(d, &why, err);
	send(d, RFA_EVENT_STEP_FAILED, step, why.msg, NULL, &why);
	return rfa_drive_record(d, RFA_ON_FAILED, NULL, &why, err);
}

static int turn_skip(struct rfa_drive *d, struct rfa_error *err)
{
	const struct rfa_step *step = d->ctx.step;
	json_t *facts = json_pack("{s:s}", "skipped", step->skipped);

	if (!facts)
		return rfa_fail_nomem(err);
	send(d, RFA_EVENT_STEP_SKIPPED, step, step->skipped, NULL, NULL);
	return rfa_drive_record(d, RFA_ON_NOTHING, facts, NULL, err);
}

enum rfa_code rfa_drive_code(enum rfa_final final)
{
	static const enum rfa_code codes[] = {
		[RFA_FINAL_NONE] = RFA_EINTERNAL,           [RFA_FINAL_SUCCEEDED] = RFA_OK,
		[RFA_FINAL_ROLLED_BACK] = RFA_EROLLED_BACK, [RFA_FINAL_FAILED] = RFA_EREFUSED,
		[RFA_FINAL_ABORTED] = RFA_EABORTED,         [RFA_FINAL_STUCK] = RFA_ESTUCK,
	};

	return codes[final];
}

static int finished(struct rfa_drive *d, struct rfa_error *err)
{
	enum rfa_final final = d->machine.final;
	enum rfa_code code = rfa_drive_code(final);

	d->result->final = final;
	if (code == RFA_OK)
		return 0;
	/* A run that changed nothing answers with what it found. */
	if (final == RFA_FINAL_FAILED && d->why.code) {
		*err = d->why;
		return -(int)err->code;
	}
	rfa_fail(err, code, "run", "%s", d->why.msg[0] ? d->why.msg : rfa_code_text(code));
	rfa_error_where(err, "%s", d->why.where);
	return rfa_error_hint(err, "%s", d->why.hint);
}

static int turn(struct rfa_drive *d, const struct rfa_action *a, struct rfa_error *err)
{
	if (a->intent)
		return rfa_drive_record(d, RFA_ON_INTENT, NULL, NULL, err);
	switch (a->act) {
	case RFA_ACT_RUN:
		return turn_run(d, err);
	case RFA_ACT_PROBE:
		return turn_probe(d, err);
	case RFA_ACT_UNDO:
		return turn_undo(d, err);
	case RFA_ACT_SKIP:
		return turn_skip(d, err);
	default:
		return rfa_drive_record(d, RFA_ON_END, NULL, NULL, err);
	}
}

/* Once, before a run that was taken over touches anything. */
static int look_at_heads(struct rfa_drive *d, struct rfa_error *err)
{
	int rc = d->taken_over ? rfa_drive_check_heads(d, err) : 0;

	if (!rc)
		d->taken_over = 0;
	return rc;
}

int rfa_drive(struct rfa_drive *d, struct rfa_error *err)
{
	d->ctx.progress = tell_progress;
	d->tries_row = -2;
	while (d->machine.phase != RFA_PHASE_ENDED) {
		struct rfa_action a = rfa_machine_next(&d->machine);
		struct rfa_error why;
		int rc;

		rfa_error_clear(&why);
		rc = enter(d, &a, &why);
		if (rc)
			return interrupted(d, &why, err);
		/* Between steps is the best moment to stop; the end is not worth stopping before.
		 */
		if (d->ctx.cancel && *d->ctx.cancel && a.act != RFA_ACT_END &&
		    !only_reads(d->flow)) {
			rfa_fail(&why, RFA_ECANCELLED, "run", "stopped by a signal");
			return interrupted(d, &why, err);
		}
		rc = a.act != RFA_ACT_END ? look_at_heads(d, &why) : 0;
		if (rc == -RFA_EREFUSED) {
			*err = why;
			return rc;
		}
		if (!rc)
			rc = turn(d, &a, &why);
		if (rc == -RFA_EINTERRUPTED || rc == -RFA_ECRASHED) {
			*err = why;
			return rc;
		}
		if (rc)
			return interrupted(d, &why, err); /* a host, or the ledger, is not there */
	}
	send(d, RFA_EVENT_RUN_ENDED, NULL, rfa_final_word(d->machine.final), NULL, NULL);
	return finished(d, err);
}

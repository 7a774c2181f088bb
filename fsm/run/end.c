/* The end of a run: the history line, the summary, and the files of its flow, in one commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/parts/args.h"
#include "fsm/parts/outputs.h"
#include "fsm/parts/past.h"
#include "fsm/run/drive.h"

static void add_note(struct rfa_buf *out, int *n, const char *lead, const char *text)
{
	if ((*n)++)
		rfa_buf_puts(out, "; ");
	rfa_buf_puts(out, lead);
	rfa_past_put_field(out, text);
}

/* reason: of whoever took the run over; NULL: none. */
static void add_notes(const struct rfa_outputs *o, const char *reason, struct rfa_buf *out)
{
	const char *forced = rfa_facts_str(o->plan, "options/force_reason", NULL);
	int n = 0;

	/* The plan's own stays the same whoever takes the run over. */
	reason = rfa_facts_str(o->plan, "options/reason", reason);
	/* First, so that it is known from what else is said. */
	if (o->final == RFA_FINAL_ROLLED_BACK && o->before[0])
		add_note(out, &n, "back to ", o->before);
	if (forced)
		add_note(out, &n, "FORCED: ", forced);
	if (rfa_facts_bool(o->plan, "options/no_backup", 0))
		add_note(out, &n, "", "WITHOUT A BACKUP");
	if (o->note[0])
		add_note(out, &n, "", o->note);
	if (o->flow->args->goes_back_to && o->before[0])
		add_note(out, &n, "from ", o->before);
	if (o->final != RFA_FINAL_SUCCEEDED && o->why->msg[0])
		add_note(out, &n, "", o->why->msg);
	else if (reason && !forced)
		add_note(out, &n, "", reason);
}

static int add_history(struct rfa_outputs *o, const char *reason, struct rfa_error *err)
{
	static const char *const status[] = {
		[RFA_FINAL_NONE] = "?",
		[RFA_FINAL_SUCCEEDED] = "success",
		[RFA_FINAL_ROLLED_BACK] = "rolled back",
		[RFA_FINAL_FAILED] = "fail",
		[RFA_FINAL_ABORTED] = "aborted",
		[RFA_FINAL_STUCK] = "stuck",
	};
	struct rfa_out_file *f = rfa_outputs_file(o, 1);

	snprintf(f->path, sizeof(f->path), "history.log");
	rfa_buf_printf(&f->text, "%.10s %.8sZ | %s | %s | %s | ", o->now, o->now + 11, o->stack,
		       o->env, o->flow->name);
	rfa_past_put_field(&f->text, o->version);
	rfa_buf_printf(&f->text, " | %s | ", status[o->final]);
	add_notes(o, reason, &f->text);
	rfa_buf_putc(&f->text, '\n');
	return rfa_buf_check(&f->text, err);
}

static json_t *summary_of(const struct rfa_drive *d, const struct rfa_outputs *o)
{
	char begun[RFA_TIME_MAX];
	json_t *s;

	rfa_time_iso(d->begun_ms, begun);
	s = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "format", 1,
		      "run", o->run, "flow", o->flow->name, "stack", o->stack, "env", o->env,
		      "from", o->from, "final", rfa_final_word(o->final), "begun", begun, "ended",
		      o->now, "version", o->version, "point", o->point, "records",
		      (json_int_t)d->machine.seq + 1);
	if (s && o->before[0])
		json_object_set_new(s, "before", json_string(o->before));
	if (s && o->data[0])
		json_object_set_new(s, "data_point", json_string(o->data));
	if (s && o->final != RFA_FINAL_SUCCEEDED && o->why->code) {
		json_object_set_new(s, "why", rfa_facts_of_error(o->why));
		json_object_set_new(s, "why_step", json_string(o->why_step));
	}
	return s;
}

/*
 * A secret may have been configured after a text got into the ledger, and an operator's reason is
 * not looked at before: END has to be written whatever it says.
 */
static int redact_file(const struct rfa_outputs *o, struct rfa_out_file *f, int append,
		       struct rfa_error *err)
{
	struct rfa_buf clean = RFA_BUF_INIT(RFA_OUTPUTS_BYTES);
	json_t *json = NULL;
	int changed = 0;
	int rc = 0;

	if (f->remove ||
	    !rfa_ledger_redact_text(o->ledger, rfa_buf_str(&f->text), f->text.len, &clean))
		goto done;
	if (!append) {
		rc = rfa_facts_parse(&json, rfa_buf_str(&f->text), f->text.len, f->path, err);
		if (!rc)
			rc = rfa_ledger_redact(o->ledger, &json, &changed, err);
		rfa_buf_clear(&f->text);
		if (!rc)
			rc = rfa_outputs_json(f, json, err);
	} else {
		rfa_buf_clear(&f->text);
		rfa_buf_add(&f->text, rfa_buf_str(&clean), clean.len);
		rc = rfa_buf_check(&f->text, err);
	}
done:
	rfa_buf_release(&clean);
	return rc;
}

static int make_files(const struct rfa_drive *d, struct rfa_outputs *o, struct rfa_error *err)
{
	const struct rfa_result_ops *ops = d->flow->result;
	size_t i;
	int rc = 0;

	if (ops && ops->version)
		ops->version(o);
	if (ops && ops->succeeded && o->final == RFA_FINAL_SUCCEEDED)
		rc = ops->succeeded(o, err);
	else if (ops && ops->otherwise && o->final != RFA_FINAL_SUCCEEDED)
		rc = ops->otherwise(o, err);
	if (!rc)
		rc = add_history(o, d->options->reason, err);
	for (i = 0; i < o->n && !rc; i++)
		rc = redact_file(o, &o->files[i], o->list[i].append, err);
	for (i = 0; i < o->n; i++) {
		o->list[i].content = o->files[i].remove ? NULL : rfa_buf_str(&o->files[i].text);
		o->list[i].len = o->files[i].text.len;
		o->list[i].was = o->files[i].has_was ? rfa_buf_str(&o->files[i].was) : NULL;
	}
	return rc;
}

static int make_summary(const struct rfa_drive *d, const struct rfa_outputs *o, struct rfa_buf *out,
			struct rfa_error *err)
{
	json_t *json = summary_of(d, o);
	int changed;
	int rc = json ? rfa_ledger_redact(o->ledger, &json, &changed, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_facts_encode(json, out, err);
	json_decref(json);
	return rc;
}

static int outputs_init(struct rfa_outputs *o, const struct rfa_drive *d,
			const struct rfa_record *record, struct rfa_error *err)
{
	size_t room = RFA_OUTPUTS_FILES + 2 * json_array_size(d->points);

	*o = (struct rfa_outputs){
		.ledger = d->options->ledger,
		.flow = d->flow,
		.run = d->result->run,
		.stack = d->stack,
		.env = d->env,
		.from = d->from,
		.plan = d->plan,
		.facts = d->facts,
		.points = d->points,
		.why = &d->why,
		.why_step = d->why_step,
		.list = calloc(room, sizeof(*o->list)),
		.files = calloc(room, sizeof(*o->files)),
	};
	rfa_final_parse(record->outcome, &o->final);
	rfa_time_iso(record->wall_ms, o->now);
	return o->list && o->files ? 0 : rfa_fail_nomem(err);
}

static void outputs_release(struct rfa_outputs *o)
{
	size_t i;

	for (i = 0; i < o->n; i++) {
		rfa_buf_release(&o->files[i].text);
		rfa_buf_release(&o->files[i].was);
	}
	free(o->list);
	free(o->files);
}

/* So many other runs may come in between. */
enum { MOST_TRIES = 100 };

static int end_once(struct rfa_drive *d, const struct rfa_record *record, const char *subject,
		    struct rfa_error *err)
{
	struct rfa_buf summary = RFA_BUF_INIT(RFA_OUTPUTS_BYTES);
	struct rfa_ledger_end end = { 0 };
	struct rfa_outputs o;
	char message[512];
	int rc = outputs_init(&o, d, record, err);

	if (!rc)
		rc = make_files(d, &o, err);
	if (!rc)
		rc = make_summary(d, &o, &summary, err);
	if (rc)
		goto done;
	end.final = o.final;
	end.files = o.list;
	end.n_files = o.n;
	end.summary = rfa_buf_str(&summary);
	if (o.point[0]) {
		snprintf(message, sizeof(message),
			 "%s on %s: what ran before %s brought %s\n\nGo back with: rfa rollback %s "
			 "--env %s --to %s\n",
			 d->stack, d->env, d->result->run, o.version, d->stack, d->env, o.point);
		end.point = o.point;
		end.point_message = message;
	}
	rc = rfa_ledger_end(d->ledger_run, record, subject, &end, err);
	if (rc)
		goto done;
	d->ledger_run = NULL; /* freed by the end */
	snprintf(d->result->point, sizeof(d->result->point), "%s", o.point);
	snprintf(d->result->data, sizeof(d->result->data), "%s", o.data);
	if (end.final == RFA_FINAL_SUCCEEDED)
		snprintf(d->result->version, sizeof(d->result->version), "%s", o.version);
done:
	rfa_buf_release(&summary);
	outputs_release(&o);
	return rc;
}

/* What other runs write, too, is made again from what they have written. */
int rfa_drive_end(struct rfa_drive *d, const struct rfa_record *record, const char *subject,
		  struct rfa_error *err)
{
	unsigned tries = 0;
	int rc;

	do {
		rfa_error_clear(err);
		rc = end_once(d, record, subject, err);
	} while (rc == -RFA_EEXISTS && ++tries < MOST_TRIES);
	return rc;
}

/* What a run leaves in the ledger at its end: the tree files that people read. */
#include "fsm/run/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rfa_out_file *rfa_outcome_file(struct rfa_outcome *o, int append)
{
	struct rfa_out_file *f = &o->files[o->n];

	f->text = (struct rfa_buf)RFA_BUF_INIT(RFA_OUTCOME_BYTES);
	o->list[o->n].path = f->path;
	o->list[o->n].append = append;
	o->n++;
	return f;
}

int rfa_outcome_json(struct rfa_out_file *f, json_t *json, struct rfa_error *err)
{
	int rc = json ? rfa_facts_encode(json, &f->text, err) : rfa_fail_nomem(err);

	if (!rc && rfa_buf_putc(&f->text, '\n'))
		rc = rfa_buf_check(&f->text, err);
	json_decref(json);
	return rc;
}

/* ---- points -----------------------------------------------------------------------------------
 */

/* A part of a path or tag: [A-Za-z0-9._-], never empty, never beginning with a dot or dash. */
static void path_part(const char *text, char *out, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++) {
		char c = text[i];
		int ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			 (c >= '0' && c <= '9') || c == '_' || ((c == '-' || c == '.') && i);

		out[i] = ok ? c : '_';
	}
	out[i] = '\0';
	if (!i)
		snprintf(out, size, "unnamed");
	/* git refuses refs with "..", or that end in ".lock" or a dot. */
	for (i = 0; out[i]; i++)
		if (out[i] == '.' &&
		    (out[i + 1] == '.' || !out[i + 1] || !strcmp(out + i, ".lock")))
			out[i] = '_';
}

/* Borrowed; NULL: there is none. */
static json_t *find_point(const struct rfa_drive *d, const char *name)
{
	json_t *point;
	size_t i;

	json_array_foreach (d->points, i, point) {
		if (!strcmp(rfa_facts_str(point, "name", ""), name))
			return point;
	}
	return NULL;
}

/* The names ("x.json") of those that are spent: nobody is called so again. *out is new. */
static int spent_names(const struct rfa_drive *d, json_t **out, struct rfa_error *err)
{
	char folder[160];

	snprintf(folder, sizeof(folder), "spent/%s/%s", d->env, d->stack);
	return rfa_ledger_names(d->options->ledger, folder, out, err);
}

static int is_spent(const json_t *spent, const char *name)
{
	char file[160];
	json_t *one;
	size_t i;

	snprintf(file, sizeof(file), "%s.json", name);
	json_array_foreach ((json_t *)(uintptr_t)spent, i, one) {
		if (!strcmp(json_string_value(one), file))
			return 1;
	}
	return 0;
}

/* With a number when there is, or was, such a point already. */
static int name_point(const struct rfa_drive *d, const char *wish, char *out, size_t size,
		      struct rfa_error *err)
{
	json_t *spent = NULL;
	char name[96];
	unsigned i;
	int rc = spent_names(d, &spent, err);

	path_part(wish, name, sizeof(name));
	snprintf(out, size, "%s", name);
	for (i = 2; (find_point(d, out) || is_spent(spent, out)) && i < 100000; i++)
		snprintf(out, size, "%s-%u", name, i);
	json_decref(spent);
	return rc;
}

int rfa_outcome_point(struct rfa_drive *d, struct rfa_outcome *o, const char *name,
		      const json_t *made, struct rfa_error *err)
{
	struct rfa_out_file *f;
	json_t *point;
	int rc = name_point(d, name, o->point, sizeof(o->point), err);

	if (rc)
		return rc;
	point = json_deep_copy(made);
	if (!point || json_object_set_new(point, "name", json_string(o->point)) ||
	    json_object_set_new(point, "run", json_string(d->result->run)) ||
	    json_object_set_new(point, "at", json_string(o->now))) {
		json_decref(point);
		return rfa_fail_nomem(err);
	}
	f = rfa_outcome_file(o, 0);
	snprintf(f->path, sizeof(f->path), "points/%s/%s/%s.json", d->env, d->stack, o->point);
	return rfa_outcome_json(f, point, err);
}

int rfa_outcome_spend(struct rfa_drive *d, struct rfa_outcome *o, const char *name, const char *how,
		      struct rfa_error *err)
{
	json_t *point = json_copy(find_point(d, name));
	struct rfa_out_file *f;

	if (!point)
		return 0;
	f = rfa_outcome_file(o, 0);
	f->remove = 1;
	snprintf(f->path, sizeof(f->path), "points/%s/%s/%s.json", d->env, d->stack, name);
	if (json_object_set_new(point, "spent",
				json_pack("{s:s, s:s, s:s, s:s}", "how", how, "run", d->result->run,
					  "at", o->now, "left", o->point))) {
		json_decref(point);
		return rfa_fail_nomem(err);
	}
	f = rfa_outcome_file(o, 0);
	snprintf(f->path, sizeof(f->path), "spent/%s/%s/%s.json", d->env, d->stack, name);
	return rfa_outcome_json(f, point, err);
}

/* ---- runs about images ------------------------------------------------------------------------
 */

static json_t *wanted(const struct rfa_drive *d)
{
	json_t *goods = rfa_facts_at(json_object_get(d->facts, "source.look"), "goods");

	return goods ? goods : rfa_facts_at(d->plan, "point");
}

/* What HEALTH proved, else what PRECHECK froze. */
static void images_version(const struct rfa_drive *d, struct rfa_outcome *o)
{
	snprintf(o->version, sizeof(o->version), "%s", rfa_facts_str(wanted(d), "version", ""));
}

static int images_succeeded(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	const json_t *made = rfa_facts_at(json_object_get(d->facts, "target.keep"), "point");
	json_t *images = rfa_facts_at(wanted(d), "images");
	struct rfa_out_file *f = rfa_outcome_file(o, 0);
	int rc;

	snprintf(f->path, sizeof(f->path), "environments/%s/%s.json", d->env, d->stack);
	rc = rfa_outcome_json(f,
			      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:O?}", "stack",
					d->stack, "env", d->env, "version", o->version, "since",
					o->now, "run", d->result->run, "flow", d->flow->name,
					"from", d->from, "images", images),
			      err);
	if (rc)
		return rc;
	f = rfa_outcome_file(o, 0);
	snprintf(f->path, sizeof(f->path), "verified/%s/%s.json", d->env, d->stack);
	rc = rfa_outcome_json(f,
			      json_pack("{s:s, s:s, s:s, s:O?}", "version", o->version, "at",
					o->now, "run", d->result->run, "images", images),
			      err);
	/* Where nothing ran before, there is nothing to go back to. */
	if (!rc && json_is_object(made))
		rc = rfa_outcome_point(d, o, rfa_facts_str(made, "version", ""), made, err);
	return rc;
}

/* ---- all runs ---------------------------------------------------------------------------------
 */

static const struct rfa_ending image_endings[] = {
	{ "promote", images_version, images_succeeded, NULL },
	{ "rollback", images_version, images_succeeded, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct rfa_ending *ending_of(const struct rfa_flow *flow)
{
	const struct rfa_ending *e;

	for (e = image_endings; e->flow; e++)
		if (!strcmp(e->flow, flow->name))
			return e;
	for (e = rfa_data_endings; e->flow; e++)
		if (!strcmp(e->flow, flow->name))
			return e;
	return NULL;
}

/* A field of history.log: one line, no separator of its own. */
static void history_field(struct rfa_buf *out, const char *text)
{
	size_t from = out->len;
	size_t i;

	rfa_buf_put_printable(out, text, strlen(text), 300);
	for (i = from; i < out->len; i++)
		if (out->data[i] == '|')
			out->data[i] = '/';
}

static int add_history(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	static const char *const status[] = {
		[RFA_FINAL_NONE] = "?",
		[RFA_FINAL_SUCCEEDED] = "success",
		[RFA_FINAL_ROLLED_BACK] = "rolled back",
		[RFA_FINAL_FAILED] = "fail",
		[RFA_FINAL_ABORTED] = "aborted",
		[RFA_FINAL_STUCK] = "stuck",
	};
	const char *forced = rfa_facts_str(d->plan, "options/force_reason", NULL);
	/* The plan's own stays the same whoever takes the run over. */
	const char *reason = rfa_facts_str(d->plan, "options/reason", d->options->reason);
	struct rfa_out_file *f = rfa_outcome_file(o, 1);
	const char *notes[4] = { 0 };
	size_t n = 0;
	size_t i;

	snprintf(f->path, sizeof(f->path), "history.log");
	rfa_buf_printf(&f->text, "%.10s %.8sZ | %s | %s | %s | ", o->now, o->now + 11, d->stack,
		       d->env, d->flow->name);
	history_field(&f->text, o->version);
	rfa_buf_printf(&f->text, " | %s | ", status[o->final]);
	if (forced) {
		notes[n++] = "FORCED: ";
		notes[n++] = forced;
	}
	if (o->final != RFA_FINAL_SUCCEEDED && d->why.msg[0]) {
		if (n)
			notes[n++] = "; ";
		notes[n++] = d->why.msg;
	} else if (reason && !forced) {
		notes[n++] = reason;
	}
	for (i = 0; i < n; i++)
		history_field(&f->text, notes[i]);
	rfa_buf_putc(&f->text, '\n');
	return rfa_buf_check(&f->text, err);
}

static json_t *summary_of(struct rfa_drive *d, const struct rfa_outcome *o)
{
	char begun[RFA_TIME_MAX];
	json_t *s;

	rfa_time_iso(d->begun_ms, begun);
	s = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "format", 1,
		      "run", d->result->run, "flow", d->flow->name, "stack", d->stack, "env",
		      d->env, "from", d->from, "final", rfa_final_word(o->final), "begun", begun,
		      "ended", o->now, "version", o->version, "point", o->point, "records",
		      (json_int_t)d->machine.seq + 1);
	if (s && o->final != RFA_FINAL_SUCCEEDED && d->why.code) {
		json_object_set_new(s, "why", rfa_facts_of_error(&d->why));
		json_object_set_new(s, "why_step", json_string(d->why_step));
	}
	return s;
}

/*
 * A secret may have been configured after a text got into the ledger, and an operator's reason is
 * not looked at before: END has to be written whatever it says.
 */
static int redact_file(const struct rfa_drive *d, struct rfa_out_file *f, int append,
		       struct rfa_error *err)
{
	struct rfa_buf clean = RFA_BUF_INIT(RFA_OUTCOME_BYTES);
	json_t *json = NULL;
	int changed = 0;
	int rc = 0;

	if (f->remove ||
	    !rfa_ledger_redact_text(d->options->ledger, rfa_buf_str(&f->text), f->text.len, &clean))
		goto done;
	if (!append) {
		rc = rfa_facts_parse(&json, rfa_buf_str(&f->text), f->text.len, f->path, err);
		if (!rc)
			rc = rfa_ledger_redact(d->options->ledger, &json, &changed, err);
		rfa_buf_clear(&f->text);
		if (!rc)
			rc = rfa_outcome_json(f, json, err);
	} else {
		rfa_buf_clear(&f->text);
		rfa_buf_add(&f->text, rfa_buf_str(&clean), clean.len);
		rc = rfa_buf_check(&f->text, err);
	}
done:
	rfa_buf_release(&clean);
	return rc;
}

int rfa_drive_end(struct rfa_drive *d, const struct rfa_record *record, const char *subject,
		  struct rfa_error *err)
{
	const struct rfa_ending *ending = ending_of(d->flow);
	size_t room = RFA_OUTCOME_FILES + 2 * json_array_size(d->points);
	struct rfa_buf summary = RFA_BUF_INIT(RFA_OUTCOME_BYTES);
	struct rfa_ledger_end end = { 0 };
	struct rfa_outcome o = { 0 };
	char message[512];
	json_t *json = NULL;
	int changed;
	size_t i;
	int rc = 0;

	o.list = calloc(room, sizeof(*o.list));
	o.files = calloc(room, sizeof(*o.files));
	if (!o.list || !o.files) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	rfa_final_parse(record->outcome, &end.final);
	o.final = end.final;
	rfa_time_iso(record->wall_ms, o.now);
	if (ending)
		ending->version(d, &o);
	if (ending && end.final == RFA_FINAL_SUCCEEDED)
		rc = ending->succeeded(d, &o, err);
	else if (ending && ending->otherwise)
		rc = ending->otherwise(d, &o, err);
	if (!rc)
		rc = add_history(d, &o, err);
	if (rc)
		goto done;
	json = summary_of(d, &o);
	if (json)
		rc = rfa_ledger_redact(d->options->ledger, &json, &changed, err);
	if (rc)
		goto done;
	for (i = 0; i < o.n && !rc; i++)
		rc = redact_file(d, &o.files[i], o.list[i].append, err);
	if (rc)
		goto done;
	rc = json ? rfa_facts_encode(json, &summary, err) : rfa_fail_nomem(err);
	if (rc)
		goto done;
	for (i = 0; i < o.n; i++) {
		o.list[i].content = o.files[i].remove ? NULL : rfa_buf_str(&o.files[i].text);
		o.list[i].len = o.files[i].text.len;
	}
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
	if (end.final == RFA_FINAL_SUCCEEDED)
		snprintf(d->result->version, sizeof(d->result->version), "%s", o.version);
done:
	json_decref(json);
	rfa_buf_release(&summary);
	for (i = 0; i < o.n; i++)
		rfa_buf_release(&o.files[i].text);
	free(o.list);
	free(o.files);
	return rc;
}

static int by_age(const void *a, const void *b)
{
	/* ISO times sort as text; newest first. */
	return strcmp(rfa_facts_str(*(json_t *const *)b, "at", ""),
		      rfa_facts_str(*(json_t *const *)a, "at", ""));
}

int rfa_outcome_read(struct rfa_drive *d, const char *path, json_t **out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_OUTCOME_BYTES);
	int rc = rfa_ledger_read(d->options->ledger, path, &text, err);

	if (!rc)
		rc = rfa_facts_parse(out, rfa_buf_str(&text), text.len, path, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_drive_points(struct rfa_drive *d, json_t **out, struct rfa_error *err)
{
	json_t *points = json_array();
	json_t **list = NULL;
	json_t *names = NULL;
	char folder[160], path[384];
	size_t n = 0;
	size_t i;
	int rc;

	snprintf(folder, sizeof(folder), "points/%s/%s", d->env, d->stack);
	rc = rfa_ledger_names(d->options->ledger, folder, &names, err);
	if (rc)
		goto done;
	list = calloc(json_array_size(names) + 1, sizeof(*list));
	if (!list || !points) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	for (i = 0; i < json_array_size(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
			 json_string_value(json_array_get(names, i)));
		rc = rfa_outcome_read(d, path, &list[n], err);
		if (rc)
			goto done;
		n++;
	}
	qsort(list, n, sizeof(json_t *), by_age);
	for (i = 0; i < n; i++)
		json_array_append(points, list[i]);
	*out = json_incref(points);
done:
	for (i = 0; i < n; i++)
		json_decref(list[i]);
	free(list);
	json_decref(names);
	json_decref(points);
	return rc;
}

/* What a run leaves in the ledger at its end: the tree files that people read. */
#include "fsm/parts/outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/parts/catalog.h"
#include "fsm/steps/common/ctx.h"

struct rfa_out_file *rfa_outputs_file(struct rfa_outputs *o, int append)
{
	struct rfa_out_file *f = &o->files[o->n];

	f->text = (struct rfa_buf)RFA_BUF_INIT(RFA_OUTPUTS_BYTES);
	f->was = (struct rfa_buf)RFA_BUF_INIT(RFA_OUTPUTS_BYTES);
	o->list[o->n].path = f->path;
	o->list[o->n].append = append;
	o->n++;
	return f;
}

int rfa_outputs_json(struct rfa_out_file *f, json_t *json, struct rfa_error *err)
{
	int rc = json ? rfa_facts_encode(json, &f->text, err) : rfa_fail_nomem(err);

	if (!rc && rfa_buf_putc(&f->text, '\n'))
		rc = rfa_buf_check(&f->text, err);
	json_decref(json);
	return rc;
}

/* Points. */

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
static json_t *find_point(const struct rfa_outputs *o, const char *name)
{
	json_t *point;
	size_t i;

	json_array_foreach (o->points, i, point) {
		if (!strcmp(rfa_facts_str(point, "name", ""), name))
			return point;
	}
	return NULL;
}

/* The names ("x.json") of those that are retired: nobody is called so again. *out is new. */
static int retired_names(const struct rfa_outputs *o, json_t **out, struct rfa_error *err)
{
	char folder[160];

	snprintf(folder, sizeof(folder), "retired/%s/%s", o->env, o->stack);
	return rfa_ledger_names(o->ledger, folder, out, err);
}

static int is_retired(const json_t *retired, const char *name)
{
	char file[160];

	snprintf(file, sizeof(file), "%s.json", name);
	return rfa_facts_has_text(retired, file);
}

/* With a number when there is, or was, such a point already. */
static int name_point(const struct rfa_outputs *o, const char *wish, char *out, size_t size,
		      struct rfa_error *err)
{
	json_t *retired = NULL;
	char name[96];
	unsigned i;
	int rc = retired_names(o, &retired, err);

	path_part(wish, name, sizeof(name));
	snprintf(out, size, "%s", name);
	for (i = 2; (find_point(o, out) || is_retired(retired, out)) && i < 100000; i++)
		snprintf(out, size, "%s-%u", name, i);
	json_decref(retired);
	return rc;
}

int rfa_outputs_point(struct rfa_outputs *o, const char *name, const json_t *made,
		      struct rfa_error *err)
{
	struct rfa_out_file *f;
	json_t *point;
	int rc = name_point(o, name, o->point, sizeof(o->point), err);

	if (rc)
		return rc;
	point = rfa_facts_copy(made);
	if (!point || json_object_set_new(point, "name", json_string(o->point)) ||
	    json_object_set_new(point, "run", json_string(o->run)) ||
	    json_object_set_new(point, "at", json_string(o->now))) {
		json_decref(point);
		return rfa_fail_nomem(err);
	}
	f = rfa_outputs_file(o, 0);
	snprintf(f->path, sizeof(f->path), "points/%s/%s/%s.json", o->env, o->stack, o->point);
	return rfa_outputs_json(f, point, err);
}

int rfa_outputs_retire(struct rfa_outputs *o, const char *name, const char *how,
		       struct rfa_error *err)
{
	json_t *point = rfa_facts_copy_shallow(find_point(o, name));
	struct rfa_out_file *f;

	if (!point)
		return 0;
	f = rfa_outputs_file(o, 0);
	f->remove = 1;
	snprintf(f->path, sizeof(f->path), "points/%s/%s/%s.json", o->env, o->stack, name);
	if (json_object_set_new(point, "retired",
				json_pack("{s:s, s:s, s:s, s:s}", "how", how, "run", o->run, "at",
					  o->now, "successor", o->point))) {
		json_decref(point);
		return rfa_fail_nomem(err);
	}
	f = rfa_outputs_file(o, 0);
	snprintf(f->path, sizeof(f->path), "retired/%s/%s/%s.json", o->env, o->stack, name);
	return rfa_outputs_json(f, point, err);
}

void rfa_outputs_backup(struct rfa_outputs *o)
{
	snprintf(o->version, sizeof(o->version), "%s",
		 rfa_facts_str(o->plan, "options/backup", ""));
}

json_t *rfa_outputs_fact(const struct rfa_outputs *o, const char *step, const char *path)
{
	return rfa_facts_at(json_object_get(o->facts, step), path);
}

int rfa_outputs_see(const struct rfa_outputs *o, struct rfa_outputs_seen *out,
		    struct rfa_error *err)
{
	int rc;

	out->pool = (struct rfa_pool)RFA_POOL_INIT;
	rc = rfa_record_read(&rfa_shape_plan, o->plan, &out->pool, &out->plan, err);
	return rc ? rc : rfa_proven_by_rows(o->flow, o->facts, &out->pool, out->proven, err);
}

void rfa_outputs_seen_release(struct rfa_outputs_seen *seen)
{
	rfa_pool_release(&seen->pool);
}

/* How runs that bring images end in the ledger: what runs there now, and what it has proven. */
#include "fsm/parts/outputs.h"

#include <stdio.h>

static json_t *wanted(const struct rfa_outputs *o)
{
	json_t *goods = rfa_facts_at(json_object_get(o->facts, "source.look"), "goods");

	return goods ? goods : rfa_facts_at(o->plan, "point");
}

/* What HEALTH proved, else what PRECHECK froze. */
static void images_version(struct rfa_outputs *o)
{
	snprintf(o->version, sizeof(o->version), "%s", rfa_facts_str(wanted(o), "version", ""));
}

static int images_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	const json_t *made = rfa_facts_at(json_object_get(o->facts, "target.keep"), "point");
	json_t *images = rfa_facts_at(wanted(o), "images");
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	int rc;

	snprintf(f->path, sizeof(f->path), "environments/%s/%s.json", o->env, o->stack);
	rc = rfa_outputs_json(f,
			      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:O?}", "stack",
					o->stack, "env", o->env, "version", o->version, "since",
					o->now, "run", o->run, "flow", o->flow->name, "from",
					o->from, "images", images),
			      err);
	if (rc)
		return rc;
	f = rfa_outputs_file(o, 0);
	snprintf(f->path, sizeof(f->path), "verified/%s/%s.json", o->env, o->stack);
	rc = rfa_outputs_json(f,
			      json_pack("{s:s, s:s, s:s, s:O?}", "version", o->version, "at",
					o->now, "run", o->run, "images", images),
			      err);
	/* Where nothing ran before, there is nothing to go back to. */
	if (!rc && json_is_object(made))
		rc = rfa_outputs_point(o, rfa_facts_str(made, "version", ""), made, err);
	return rc;
}

const struct rfa_result_ops rfa_result_images = { images_version, images_succeeded, NULL };

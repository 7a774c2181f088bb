/* How runs that bring files end in the ledger: what was brought, and what it has replaced. */
#include <stdio.h>

#include "fsm/parts/outputs.h"

/* Called after the run that brought them: "files-20261122-103015". */
static void name_files(struct rfa_outputs *o)
{
	snprintf(o->version, sizeof(o->version), "files-%.15s", o->run);
}

int rfa_outputs_synced(struct rfa_outputs *o, const struct rfa_synced_list *files,
		       struct rfa_error *err)
{
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	struct rfa_sync now = {
		.stack = o->stack, .env = o->env, .run = o->run, .at = o->now, .files = *files
	};
	json_t *json = NULL;
	int rc = rfa_record_write(&rfa_shape_sync, &now, &json, err);

	snprintf(f->path, sizeof(f->path), "synced/%s/%s.json", o->env, o->stack);
	return rc ? rc : rfa_outputs_json(f, json, err);
}

static int put_point(struct rfa_outputs *o, const struct rfa_outputs_seen *seen,
		     struct rfa_error *err)
{
	struct rfa_point point = *seen->proven[RFA_TARGET].point;
	json_t *json = NULL;
	int rc;

	point.version = o->version;
	point.backup = seen->plan.options ? seen->plan.options->data_backup : "";
	rc = rfa_record_write(&rfa_shape_point, &point, &json, err);
	if (!rc)
		rc = rfa_outputs_point(o, o->version, json, err);
	json_decref(json);
	return rc;
}

static int leave(struct rfa_outputs *o, const struct rfa_outputs_seen *seen, struct rfa_error *err)
{
	const struct rfa_proven *target = &seen->proven[RFA_TARGET];
	const struct rfa_proven *source = &seen->proven[RFA_SOURCE];
	int taken = seen->plan.options && seen->plan.options->take_back;
	const struct rfa_retired *one;
	int rc = rfa_outputs_synced(o, taken ? &source->synced : &target->synced, err);

	if (!rc && target->point)
		rc = put_point(o, seen, err);
	RFA_EACH (one, target->retired)
		if (!rc)
			rc = rfa_outputs_retire(o, one->point, one->how, err);
	return rc;
}

static int files_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_outputs_seen seen;
	int rc = rfa_outputs_see(o, &seen, err);

	if (!rc)
		rc = leave(o, &seen, err);
	rfa_outputs_seen_release(&seen);
	return rc;
}

const struct rfa_result_ops rfa_result_files = { name_files, files_succeeded, NULL };

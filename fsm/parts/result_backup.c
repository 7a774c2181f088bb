/* How runs that make a backup end in the ledger: its manifest, and where it is. */
#include "fsm/parts/outputs.h"

#include <stdio.h>

/* The manifest, and where the backup is. */
static int put_manifest(struct rfa_outputs *o, const struct rfa_outputs_seen *seen,
			struct rfa_error *err)
{
	const struct rfa_manifest *sealed = seen->proven[RFA_TARGET].manifest;
	struct rfa_manifest manifest;
	struct rfa_out_file *f;
	json_t *json = NULL;
	int rc;

	if (!sealed)
		return rfa_fail(err, RFA_EINTERNAL, "run", "a backup without a manifest");
	manifest = *sealed;
	manifest.where = o->env;
	manifest.vault = seen->plan.options ? seen->plan.options->vault : "";
	rc = rfa_record_write(&rfa_shape_manifest, &manifest, &json, err);
	if (rc)
		return rc;
	f = rfa_outputs_file(o, 0);
	snprintf(f->path, sizeof(f->path), "backups/%s/%s/%.120s.json", o->from, o->stack,
		 o->version);
	return rfa_outputs_json(f, json, err);
}

static int backup_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_outputs_seen seen;
	int rc = rfa_outputs_see(o, &seen, err);

	if (!rc)
		rc = put_manifest(o, &seen, err);
	rfa_outputs_seen_release(&seen);
	return rc;
}

const struct rfa_result_ops rfa_result_backup = { rfa_outputs_backup, backup_succeeded, NULL };

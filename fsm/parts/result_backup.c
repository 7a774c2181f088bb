/* How runs that make a backup end in the ledger: its manifest, and where it is. */
#include "fsm/parts/outputs.h"

#include <stdio.h>

/* The manifest, and where the backup is. */
static int backup_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	json_t *backup = rfa_facts_copy_shallow(rfa_outputs_fact(o, "target.seal", "manifest"));
	struct rfa_out_file *f;
	int rc = backup ? 0 : rfa_fail(err, RFA_EINTERNAL, "run", "a backup without a manifest");

	if (!rc)
		rc = rfa_facts_set(backup, "where", json_string(o->env), err);
	if (!rc)
		rc = rfa_facts_set(backup, "vault",
				   json_string(rfa_facts_str(o->plan, "options/vault", "")), err);
	if (rc) {
		json_decref(backup);
		return rc;
	}
	f = rfa_outputs_file(o, 0);
	snprintf(f->path, sizeof(f->path), "backups/%s/%s/%.120s.json", o->from, o->stack,
		 o->version);
	return rfa_outputs_json(f, backup, err);
}

const struct rfa_result_ops rfa_result_backup = { rfa_outputs_backup, backup_succeeded, NULL };

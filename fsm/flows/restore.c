/* restore: the data of a backup takes the place of the target's. */
#include <stdio.h>
#include <string.h>

#include "fsm/flows/flows.h"
#include "fsm/parts/catalog.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_VAULT, NULL, "where the vault is" },
	{ RFA_TARGET, WITH_DATA, "env", "the environment that gets the data" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* The target's side is that of data; the source is where the vault is. */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, vault_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, data_target_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "the target stops only for the swap"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only for the swap"),
	STEP("source.open", EXPORT, SOURCE, SCRATCH, 4, open),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.unpack", APPLY, TARGET, SCRATCH, 4, unpack),
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, data_health_before),
	STEP("target.stop", APPLY, TARGET, 0, 4, stop),
	READ("target.verify-stopped", APPLY, TARGET, 0, 4, verify_stopped),
	STEP("target.swap", APPLY, TARGET, 0, 4, swap),
	STEP("target.base-url", APPLY, TARGET, IF_BASE_URL, 4, base_url),
	STEP("target.start", RESTART, TARGET, 0, 4, start),
	READ("target.health", HEALTH, TARGET, 0, 4, data_health),
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, data_cleanup),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },
	{ "backup", rfa_gate_backup },
	RFA_GATES_OF_DATA,
	{ "disk space", rfa_gate_data_space },
	{ "base URL", rfa_gate_base_url },
	{ "URLs", rfa_gate_urls },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	RFA_LINE_BACKUP_IS_READ, RFA_LINE_STOPS_FOR_RENAMES,
	RFA_LINES_REPLACED,      RFA_LINE_WAY_BACK_OF_DATA,
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The backup {backup} is put back into {stack} on {to}.",
	.lines = lines,
	.question = "The data of this environment will be replaced.",
	.name = "{to}",
	.where = "on {to}",
	.done = "it has the data of the backup {backup} now",
	.changes = rfa_changes_data,
};

/* What it proves has to be so: the stack was made anew there, and the data is of elsewhere. */
static int put_as_drill(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *env = rfa_facts_str(plan, "target/env", "");
	struct rfa_backup_id id;
	json_t *now = NULL;
	char path[256];
	int rc, anew;

	if (!rfa_backup_id_parse(rfa_facts_str(plan, "options/backup", ""), &id) &&
	    !strcmp(id.env, env)) {
		rfa_fail(err, RFA_EUSAGE, "cli",
			 "a backup of %.60s in %.60s is no drill of another", env, env);
		return rfa_error_hint(err, "name with --of whose backup it is");
	}
	snprintf(path, sizeof(path), "environments/%.64s/%.64s.json", env, p->word);
	rc = rfa_catalog_find(p->ledger, path, &now, err);
	if (rc)
		return rc;
	anew = !strcmp(rfa_facts_str(now, "flow", ""), "rebuild");
	json_decref(now);
	if (anew)
		return rfa_plan_set(plan, "as_drill", json_true(), err);
	rfa_fail(err, RFA_EREFUSED, "ledger", "%.60s was not made anew in %.60s before", p->word,
		 env);
	return rfa_error_hint(
	    err, "make it anew, and both is done: rfa rebuild %.60s --env %.60s --of ENV", p->word,
	    env);
}

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_restore(p, plan, err);

	return rc || !p->option(p, "as-drill", 0) ? rc : put_as_drill(p, plan, err);
}

static const struct rfa_option options[] = {
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	{ "of", 0, "ENV", NULL, NULL, "whose backups; default: those of --env" },
	{ "as-drill", 0, NULL, NULL, NULL,
	  "the environment was made anew for it: record whether it serves the backup" },
	{ "member", 0, "NAME...", NULL, NULL, "only this piece of the data; may be given again" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa restore ragflowauth --env prod", "the newest backup of prod" },
	{ "rfa restore ragflowauth --env prod --backup 20261122-023000-prod-data --member auth",
	  "one piece of an older one" },
	{ "rfa restore ragflowauth --env test --of prod --yes test",
	  "the newest of prod into test, from a script" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "restore",
	.group = "data",
	.words = "STACK --env ENV",
	.details =
	    "Every byte of the backup is compared with its sums first. Then as `rfa promote-data` "
	    "does:\n"
	    "the stack stops for a few renames, and what it had stays beside the new data as a\n"
	    "rollback point. Asks for the environment's name.",
	.flags = RFA_ARGS_FORCE,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_restore = {
	.name = "restore",
	.version = 6,
	.summary = "put a backup in the place of the data",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "data",
	.result = &rfa_result_restore,
	.text = &text,
	.args = &args,
};

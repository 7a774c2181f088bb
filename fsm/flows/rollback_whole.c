/* rollback-whole: what a rollback point describes runs again, with the data of a backup. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_VAULT, NULL, "where the vault is" },
	{ RFA_TARGET, WITH_DATA, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * A restore until the data is swapped, then a rollback of images, then what else was stopped. So
 * the old version never runs on the new data. On the way back the containers are put back without
 * being started (rfa_stands_still()), then the data, and only then target.stop's undo starts them:
 * the new version never runs on the old data either. The files of its configuration are written
 * while all stands still: no container is made from those of the other version.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, vault_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_observe),
	READ("target.observe-data", PRECHECK, TARGET, 0, 4, data_target_observe),
	READ("target.compare", PRECHECK, TARGET, 0, 4, configuration_then),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "the target stops only for the swap"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only for the swap"),
	STEP("source.open", EXPORT, SOURCE, SCRATCH, 4, open),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.unpack", APPLY, TARGET, SCRATCH, 4, unpack),
	STEP("target.pin", APPLY, TARGET, SCRATCH, 4, pin),
	STEP("target.keep", APPLY, TARGET, SCRATCH, 4, files_keep),
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, health_before),
	STEP("target.stop", APPLY, TARGET, 0, 4, stop),
	READ("target.verify-stopped", APPLY, TARGET, 0, 4, verify_stopped),
	STEP("target.swap", APPLY, TARGET, 0, 4, swap),
	STEP("target.base-url", APPLY, TARGET, IF_BASE_URL, 4, base_url),
	STEP("target.write", APPLY, TARGET, 0, 4, files_write),
	STEP("target.tag", APPLY, TARGET, 0, 4, tag),
	STEP("target.replace", RESTART, TARGET, IF_CONTAINERS, 4, replace),
	STEP("target.compose", RESTART, TARGET, IF_COMPOSE, 4, compose),
	STEP("target.start", RESTART, TARGET, 0, 4, start),
	READ("target.health", HEALTH, TARGET, 0, 4, health),
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, cleanup),
	CLEANUP("target.cleanup-data", HEALTH, TARGET, 0, 4, data_cleanup),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_image_engine },
	{ "backup", rfa_gate_backup },
	RFA_GATES_OF_DATA,
	{ "disk space", rfa_gate_data_space },
	{ "base URL", rfa_gate_base_url },
	{ "carry over", rfa_gate_carry_over },
	{ "first deployment", rfa_gate_first_deployment },
	{ "compose", rfa_gate_compose },
	{ "networks", rfa_gate_networks },
	{ "shared names", rfa_gate_shared_names },
	{ "URLs", rfa_gate_urls },
	{ "servers", rfa_gate_servers },
	{ "rollback point", rfa_gate_image_point },
	{ "configuration", rfa_gate_configuration },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "brought back", "the images of its containers, as they ran then: {point.version}" },
	{ "and the data", "{target.members}: of the backup {backup}, made at {backup.at}" },
	{ "stays beside", "all that was stored since then, as a rollback point of data: `rfa "
			  "rollback {stack} --env "
			  "{to}` lists it" },
	{ "configuration", "{point.files}" },
	{ "not back", "other files beside the containers; what the backup has not got" },
	RFA_LINE_BACKUP_IS_READ,
	{ "{to} stops",
	  "{target.stops}: from before the data is renamed until the old version has started" },
	{ "its own URL", "{base_url} stays what it is on {to}" },
	{ NULL, NULL },
};

static int changes(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	int rc = rfa_changes_rollback(ctx, rows, err);

	return rc ? rc : rfa_changes_data(ctx, rows, err);
}

static const struct rfa_flow_text text = {
	.title = "{stack} on {to} goes back to {point.version}, with the data of {backup}.",
	.lines = lines,
	.question = "The containers and the data of this stack will be replaced.",
	.name = "{to}",
	.where = "on {to}",
	.done = "{version} runs now, with the data of the backup {backup}",
	.changes = changes,
};

static int has_no_backup(const struct rfa_prepare *p, const json_t *plan, struct rfa_error *err)
{
	const char *env = rfa_facts_str(plan, "target/env", "");

	rfa_fail(err, RFA_ENOTFOUND, "ledger",
		 "the rollback point %.100s does not say which backup has its data: the ledger "
		 "knew of none then",
		 rfa_facts_str(plan, "point/name", "?"));
	return rfa_error_hint(err,
			      "choose one: rfa backup list %s --env %s, and then --backup ID; or "
			      "leave --with-database out: the data stays as it is",
			      p->word, env);
}

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *id = p->option(p, "backup", 0);
	int rc = rfa_prepare_point(p, plan, err);

	if (!rc && !id)
		id = rfa_facts_str(plan, "point/backup", NULL);
	if (!rc && !id)
		rc = has_no_backup(p, plan, err);
	if (!rc)
		rc = rfa_prepare_restore_of(p, plan, id, err);
	if (!rc)
		rc = rfa_prepare_point_files(p, plan, err);
	return rc ? rc
		  : rfa_prepare_proven_images(p, plan, "proven",
					      rfa_facts_str(plan, "target/env", ""), err);
}

static const struct rfa_flow_args args = {
	.prepare = prepare,
	.goes_back_to = "images",
	.with = "with-database",
};

const struct rfa_flow rfa_flow_rollback_whole = {
	.name = "rollback-whole",
	.version = 4,
	.summary = "bring back what a rollback point describes, with the data of a backup",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy data",
	.result = &rfa_result_whole,
	.text = &text,
	.args = &args,
};

/* restore-images: the images of a backup run again in an environment. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_VAULT, NULL, "where the vault is" },
	{ RFA_TARGET, WITH_IMAGES, "env", "the environment that gets the images" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* A promotion from the vault: behind the export all is as there. */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, vault_images),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.open", EXPORT, SOURCE, SCRATCH, 4, open_images),
	IMAGES_ARRIVE,
	IMAGES_RUN,
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_image_engine },
	{ "backup", rfa_gate_image_backup },
	{ "carry over", rfa_gate_carry_over },
	{ "dependents", rfa_gate_cut_off },
	{ "first deployment", rfa_gate_first_deployment },
	{ "disk space", rfa_gate_image_space },
	{ "base URL", rfa_gate_base_url },
	{ "compose", rfa_gate_compose },
	{ "networks", rfa_gate_networks },
	{ "shared names", rfa_gate_shared_names },
	{ "traffic", rfa_gate_traffic },
	{ "URLs", rfa_gate_urls },
	{ "version", rfa_gate_same_version },
	{ "verified", rfa_gate_verified },
	{ "checklist", rfa_gate_checklist },
	{ "drift", rfa_gate_drift },
	{ "fresh backup", rfa_gate_fresh_backup },
	{ "proven drill", rfa_gate_proven_drill },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	RFA_LINE_BACKUP_IS_READ,
	{ "not back", "data in volumes and databases, files beside them" },
	{ "{to} stops", "each container whose image changes, while it is replaced (of "
			"{target.replaced})" },
	RFA_LINE_TRAFFIC,
	{ "the way back", "by itself, if the images do not prove healthy; later: rfa rollback "
			  "{stack} --env {to}" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The images of the backup {backup} run again in {stack} on {to}.",
	.lines = lines,
	.question = "The containers of this stack will be replaced.",
	.name = "{to}",
	.where = "on {to}",
	.done = "{version} runs now",
	.changes = rfa_changes_images,
};

static const struct rfa_option options[] = {
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	{ "of", 0, "ENV", NULL, NULL, "whose backups; default: those of --env" },
	RFA_OPTION_END,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_restore_images(p, plan, err);

	return rc ? rc : rfa_prepare_receiver(p, plan, "restore images", err);
}

static const struct rfa_example examples[] = {
	{ "rfa restore images ragflowauth --env prod", "the newest backup of prod's images" },
	{ "rfa restore images ragflowauth --env prod --backup 20261122-023000-prod-images",
	  "an older one" },
	{ "rfa restore images ragflowauth --env test --of prod --dry-run", "what would happen" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "restore images",
	.group = "data",
	.words = "STACK --env ENV",
	.details =
	    "For versions that no host and no registry has any more. The images come from a\n"
	    "backup of `rfa backup images`; what the engine has already is not read. From then on\n"
	    "all is as with `rfa promote`: the same gates, and what does not prove healthy is\n"
	    "taken back. Data stays as it is. Asks for the environment's name.",
	.flags = RFA_ARGS_FORCE,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_restore_images = {
	.name = "restore-images",
	.version = 3,
	.summary = "bring the images of a backup back, and run them",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy",
	.result = &rfa_result_images,
	.text = &text,
	.args = &args,
};

/* release: a tag of the git repository is built, goes to an environment with its files, and runs.
 */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_IMAGES, NULL, "where the images are built" },
	{ RFA_TARGET, WITH_DATA, "to", "the environment that gets them" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * As publish; but what is built is a commit, which is sent to the builder, and its files come to
 * the target before containers are made of them.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, builder_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_before),
	READ("target.files", PRECHECK, TARGET, 0, 4, files_compare),
	READ("target.data", PRECHECK, TARGET, IF_MIGRATION, 4, migration_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.sources", EXPORT, SOURCE, SCRATCH, 4, sources),
	STEP("source.build", EXPORT, SOURCE, SCRATCH, 4, build),
	READ("target.compare", EXPORT, TARGET, 0, 4, target_compare),
	STEP("source.export", EXPORT, SOURCE, SCRATCH, 4, image_export),
	IMAGES_ARRIVE,
	STEP("target.keep", APPLY, TARGET, SCRATCH, 4, files_keep),
	STEP("target.write", APPLY, TARGET, 0, 4, files_write),
	STEP("target.variables", APPLY, TARGET, 0, 4, variables),
	VERSION_RUNS,
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "window", rfa_gate_window },
	{ "engine", rfa_gate_image_engine },
	{ "builder", rfa_gate_builder },
	{ "repository", rfa_gate_repository },
	{ "tag", rfa_gate_same_tag },
	{ "sources", rfa_gate_sources },
	{ "version", rfa_gate_new_version },
	{ "tags", rfa_gate_tags },
	{ "images", rfa_gate_all_known },
	{ "files", rfa_gate_source_files },
	{ "edited", rfa_gate_edited },
	{ "file space", rfa_gate_file_space },
	{ "variables", rfa_gate_variables },
	GATES_OF_CONTAINERS,
	{ "migration", rfa_gate_migration },
	GATES_OF_TRUST,
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "commit", "{commit}, from {url}" },
	{ "is built on", "{from}, unless {to} has it already" },
	RFA_LINES_OF_IMAGES,
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The tag {tag} of {stack} is built, and goes to {to}.",
	.lines = lines,
	.name = "{to}",
	.where = "to {to}",
	.done = "{version} runs now, commit {commit}",
	.changes = rfa_changes_release,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_release(p, plan, err);

	if (!rc)
		rc = rfa_prepare_synced(p, plan, err);
	return rc ? rc : rfa_prepare_receiver(p, plan, "release", err);
}

static const struct rfa_option options[] = {
	{ .name = "delete",
	  .help = "remove files that came before, and that the repository has no more" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa release shop v1.4.0 --to prod", "build the tag v1.4.0, and bring it to prod" },
	{ "rfa plan release shop v1.4.0 --to prod", "show what would change, and build nothing" },
	{ "rfa release shop v1.3.0 --to prod", "go back to it: nothing is built again" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "release",
	.group = "deploy",
	.words = "STACK TAG --to ENV",
	.details =
	    "Builds the images that rfa.json names under \"build\" from the commit that TAG is in\n"
	    "the git repository (source.git), and brings them to an environment, with the files "
	    "of\n"
	    "the commit that source.directory or source.files name. Nothing is checked out here.\n"
	    "The version is called as the tag, or as source.tags says (\"v*\": without the v). A\n"
	    "tag is one commit for ever: one that was moved is refused. A tag that was released\n"
	    "before is not built again, if its images are still there. What does not prove "
	    "healthy\n"
	    "goes back by itself, files as well.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_SECOND | RFA_ARGS_BACKUP_BEFORE | RFA_ARGS_RELEASES |
		 RFA_ARGS_TRAFFIC,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_release = {
	.name = "release",
	.version = 3,
	.summary = "build a tag of the git repository, and bring it to an environment",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy",
	.result = &rfa_result_images,
	.text = &text,
	.args = &args,
};

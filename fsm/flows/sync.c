/* sync: the files of a stack's Compose directory come from the operator's own, or a host's. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_LOCK, NULL, "where the files come from" },
	{ RFA_TARGET, WITH_LOCK, "to", "the environment that gets them" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* With --take the source gets files, and the rows of the target have nothing to do. */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.compare", PRECHECK, TARGET, 0, 4, files_compare),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	NOTHING_STOPS_FOR_FILES,
	SKIP("export", EXPORT, "each file is read when it is written"),
	SKIP("transfer", TRANSFER, "each file travels when it is written"),
	STEP("source.keep", APPLY, SOURCE, SCRATCH, 4, files_keep),
	STEP("source.write", APPLY, SOURCE, 0, 4, files_write),
	FILES_ARE_WRITTEN,
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "source", rfa_gate_source_files },
	{ "edited", rfa_gate_edited },
	{ "disk space", rfa_gate_file_space },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	RFA_LINE_BACKUP_FIRST,
	{ "{sync.by}", "{sync.how}" },
	{ "containers", "stay as they are" },
	{ "the way back", "{sync.back}" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "{sync.title}",
	.lines = lines,
	.name = "{to}",
	.where = "to {to}",
	.done = "{sync.done}",
	.changes = rfa_changes_files,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_sync(p, plan, err);

	return rc ? rc : rfa_prepare_before(p, plan, "sync", err);
}

static const struct rfa_option options[] = {
	{ .name = "delete",
	  .help = "remove what an earlier sync brought and the source has no more" },
	{ .name = "take", .help = "bring what was edited on the host into your directory" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa plan sync shop --to prod", "show each difference, and touch nothing" },
	{ "rfa sync shop --to prod", "bring the files of compose.source to prod" },
	{ "rfa sync shop --to prod --take", "bring what somebody has edited on prod back to you" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "sync",
	.group = "deploy",
	.words = "STACK --to ENV",
	.details =
	    "Brings the files of your directory (compose.source) into the Compose directory of "
	    "the\n"
	    "stack on the host. With compose.source_on the source is a directory on the host of "
	    "that\n"
	    "environment. Each file is written aside and renamed; it has the mode of the source "
	    "(a\n"
	    "file of variables: 0600), and the owner that it had. What compose.keep names is left\n"
	    "alone, and so is .git. A file that was edited on the host is never written over "
	    "without\n"
	    "--force: rfa remembers what it has brought. The old files stay a rollback point.\n"
	    "Containers are not touched: what changed takes effect with the next deploy or "
	    "promote\n"
	    "(gates.allow_compose_changes).",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_BACKUP_BEFORE,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_sync = {
	.name = "sync",
	.version = 3,
	.summary = "bring the configuration of a stack to an environment",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.result = &rfa_result_files,
	.text = &text,
	.args = &args,
};

/* rollback-files: the files that a rollback point kept take their places again. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_LOCK, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* The files never left the host; the rest is as in sync. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.compare", PRECHECK, TARGET, 0, 4, files_back_compare),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	NOTHING_STOPS_FOR_FILES,
	SKIP("export", EXPORT, "the files of a rollback point are kept on the host"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	FILES_ARE_WRITTEN,
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "edited", rfa_gate_edited },
	{ "disk space", rfa_gate_file_space },
	{ "rollback point", rfa_gate_file_point },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "brought back", "the files that were written or removed since then, as they were" },
	{ "not back", "containers, images and data stay as they are" },
	{ "is lost", "nothing: what is there now becomes a rollback point itself" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The files of {stack} on {to} go back to what they were at {point.at}.",
	.lines = lines,
	.question = "The configuration of this environment will be replaced.",
	.name = "{to}",
	.where = "on {to}",
	.done =
	    "its files are those of that rollback point again; containers were not touched: what "
	    "changed takes effect with the next deploy or promote",
	.changes = rfa_changes_files,
};

/* `rfa rollback` finds the flow by what the point is of. */
static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_point(p, plan, err);

	return rc ? rc : rfa_prepare_synced(p, plan, err);
}

static const struct rfa_flow_args args = { .prepare = prepare, .goes_back_to = "files" };

const struct rfa_flow rfa_flow_rollback_files = {
	.name = "rollback-files",
	.version = 3,
	.summary = "bring back the files that a rollback point kept",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.result = &rfa_result_files,
	.text = &text,
	.args = &args,
};

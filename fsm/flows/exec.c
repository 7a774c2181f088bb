/* exec: one command in one container, and the ledger knows who has run it. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_IMAGES, "env", "where it runs" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* What a command has done is not known to rfa: it is never repeated, and never undone. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.place", PRECHECK, TARGET, 0, 4, exec_place),
	SKIP("stop", STOP, "nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	STEP("target.exec", APPLY, TARGET, SCRATCH, 4, exec),
	SKIP("restart", RESTART, "nothing was stopped"),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_flow_text text = {
	.title = "A command is run in {service} of {stack} on {to}.",
	.name = "{to}",
	.where = "on {to}",
	.done = "the command has ended",
};

static int put_command(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *command = json_array();
	size_t i;

	for (i = 0; p->rest[i]; i++)
		if (json_array_append_new(command, json_string(p->rest[i]))) {
			json_decref(command);
			return rfa_fail(err, RFA_EUSAGE, "cli", "the command is no UTF-8 text");
		}
	return rfa_plan_set(plan, "command", command, err);
}

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int64_t seconds = 300;
	int rc = p->number(p, "timeout", 1, 86400, &seconds, err);

	if (!rc)
		rc = rfa_plan_set(plan, "service", json_string(p->second), err);
	if (!rc)
		rc = put_command(p, plan, err);
	if (!rc)
		rc = rfa_plan_set(plan, "timeout_s", json_integer(seconds), err);
	if (!rc && p->option(p, "no-lock", 0))
		rc = rfa_plan_set(plan, "no_lock", json_true(), err);
	return rc;
}

static const struct rfa_option options[] = {
	{ "timeout", 0, "SECONDS", NULL, NULL, "it may take so long; default 300" },
	{ "no-lock", 0, NULL, NULL, NULL, "do not take the host's lock: others may deploy there" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa exec shop --env prod web -- ls -l /app/data", "look into a container" },
	{ "rfa exec shop --env prod web --reason \"ticket 4711\" -- ./manage.py clear-cache",
	  "and say why" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "exec",
	.group = "deploy",
	.words = "STACK --env ENV SERVICE -- COMMAND...",
	.details =
	    "The command runs without a shell, a terminal and an input. Its output is printed "
	    "(the\n"
	    "first 64 KiB), and its exit status is that of rfa: 126 or 127 where there is no such\n"
	    "command, 124 when its time was over (it may still run then). The ledger keeps who "
	    "ran\n"
	    "it, when, the command, its exit status, and the first 4 KiB of the output without\n"
	    "secrets. A command that has a secret in it is refused: every process of the host "
	    "could\n"
	    "read it there.\n"
	    "When the line breaks meanwhile, the command may have run, wholly or in part, and may\n"
	    "still run. Nobody knows, so it is not repeated: the run ends STUCK, and a person has "
	    "to\n"
	    "look. A run of the same stack that is unfinished is in the way, with --no-lock, too.",
	.flags = RFA_ARGS_SECOND | RFA_ARGS_REST | RFA_ARGS_MAY_REASON,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_exec = {
	.name = "exec",
	.version = 1,
	.summary = "run a command in a container, on the record",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.result = &rfa_result_exec,
	.text = &text,
	.args = &args,
};

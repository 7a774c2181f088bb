/* approve: somebody says that a version is good. */
#include "fsm/flows/flows.h"

/* Nothing is asked of the host, if a run has brought the version: it need not be up. */
static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_IMAGES | WITH_REGISTRY | RFA_ROLE_MAY_BE_ABSENT, NULL,
	  "who tells which images a version is that no run has brought" },
	{ RFA_TARGET, 0, "env", "where it has proven itself" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

static const struct rfa_step steps[] = { RFA_ROWS_OF_A_WORD };

static const struct rfa_text_line lines[] = {
	{ "which images", "{told}" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "{built} of {stack} is good on {to}.",
	.lines = lines,
	.name = "{to}",
	.where = "on {to}",
	.done = "{built} is approved",
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	return rfa_prepare_version(p, plan, err);
}

static const struct rfa_option options[] = {
	RFA_OPTION_TOLD_BY,
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa approve shop 1.4.0 --env staging --reason \"tested by hand\"",
	  "it counts as verified on staging" },
	{ "rfa approve shop 1.4.0 --env staging --from test --reason \"tested by hand\"",
	  "no run has brought it: its images are those that run on test" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "approve",
	.group = "deploy",
	.words = "STACK VERSION --env ENV --reason TEXT",
	.details =
	    "For a version that was proven without rfa. From then on the gate \"verified\" takes\n"
	    "its images as verified in that environment; the ledger keeps who said so, and "
	    "why.\n" RFA_DETAILS_OF_A_WORD "\n`rfa verified STACK` lists the versions.",
	.flags = RFA_ARGS_SECOND | RFA_ARGS_REASON,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_approve = {
	.name = "approve",
	.version = 3,
	.summary = "say that a version is verified, and why",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.result = &rfa_result_word,
	.text = &text,
	.args = &args,
};

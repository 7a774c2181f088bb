/* sign: somebody signs an item of the checklist for a version. */
#include "fsm/flows/flows.h"

/* Nothing is asked of the host, if a run has brought the version: it need not be up. */
static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_IMAGES | WITH_REGISTRY | RFA_ROLE_MAY_BE_ABSENT, NULL,
	  "who tells which images a version is that no run has brought" },
	{ RFA_TARGET, 0, "env", "where the version is to go" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

static const struct rfa_step steps[] = { RFA_ROWS_OF_A_WORD };

static const struct rfa_text_line lines[] = {
	{ "which images", "{told}" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "{item} is done for {built} of {stack} on {to}.",
	.lines = lines,
	.name = "{to}",
	.where = "on {to}",
	.done = "{item} is signed for {built}",
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_version(p, plan, err);

	return rc ? rc : rfa_prepare_item(p, plan, err);
}

static const struct rfa_option options[] = {
	{ .name = "item", .value = "NAME", .help = "which item of the checklist" },
	{ .name = "reason", .value = "TEXT", .help = "what was seen; kept in the ledger" },
	RFA_OPTION_TOLD_BY,
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa sign shop 1.4.0 --env prod --item \"login works\"",
	  "the item is done for this version" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "sign",
	.group = "deploy",
	.words = "STACK VERSION --env ENV --item NAME",
	.details = "Things that a person has to look at stand in \"checklist\" of the stack. Where "
		   "it has\n"
		   "one, the gate \"checklist\" lets a version pass to an environment only when "
		   "each item\n"
		   "was signed for it there. The ledger keeps who has signed, and "
		   "when.\n" RFA_DETAILS_OF_A_WORD,
	.flags = RFA_ARGS_SECOND,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_sign = {
	.name = "sign",
	.version = 3,
	.summary = "sign an item of the checklist for a version",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.result = &rfa_result_word,
	.text = &text,
	.args = &args,
};

/* import-history: what deployment scripts have written down becomes a part of the ledger. */
#include "fsm/flows/flows.h"

/* Nothing is asked of the host: it need not be up. */
static const struct rfa_role roles[] = {
	{ RFA_TARGET, 0, "env", "where that was done" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* What is imported stands in the plan. */
static const struct rfa_step steps[] = {
	SKIP("precheck", PRECHECK, "the file was read, and is in the plan"),
	RFA_ROWS_OF_NO_HOST,
};

static const struct rfa_text_line lines[] = {
	{ "comes in", "{history}" },
	{ "verified", "{marked}, by its marker: shown, but no gate believes it, for a name is no "
		      "proof of images" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The past of {stack} on {to} is imported.",
	.lines = lines,
	.name = "{to}",
	.where = "on {to}",
	.done = "{history} are a part of the history, marked \"imported\"",
	.changes = rfa_changes_import,
};

static const struct rfa_option options[] = {
	{ .name = "file", .value = "FILE", .help = "the history: deploy-history.log" },
	{ .name = "verified",
	  .value = "DIR",
	  .help = "the markers beside it: DIR/STACK.txt names the version that was verified" },
	{ .name = "their-stack",
	  .value = "NAME",
	  .help = "how the file calls the stack; default: as rfa.json" },
	{ .name = "their-env",
	  .value = "NAME",
	  .help = "how the file calls the environment; default: as rfa.json" },
	{ .name = "zone",
	  .value = "+HH:MM",
	  .help = "the time zone of times that name none: +09:00, UTC" },
	{ .name = "skip-bad", .help = "leave out the lines that are not understood" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa import history shop --env prod --file deploy-history.log --zone +09:00 -n",
	  "what would come in" },
	{ "rfa import history shop --env prod --file deploy-history.log --zone +09:00 "
	  "--their-stack shop-prod",
	  "the file calls it otherwise" },
	{ "rfa import history shop --env prod --file history.log --zone UTC --verified verified",
	  "and what was verified" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "import history",
	.group = "ledger and locks",
	.words = "STACK --env ENV --file FILE",
	.details =
	    "For a team that comes from deployment scripts. Each line of the file is\n"
	    "time | stack | env | action | version | status | notes. The lines of this stack in\n"
	    "this environment come into the ledger: `rfa history` shows them at their time, with\n"
	    "the mark \"imported\", and `rfa status` what ran last if no run of rfa knows better.\n"
	    "A marker is shown by `rfa verified`, but names no image: the gates judge images, so\n"
	    "it lets nothing pass. Lines that are not understood are all told, and then nothing "
	    "is\n"
	    "imported. What is there already does not come twice.",
	.options = options,
	.examples = examples,
	.prepare = rfa_prepare_import,
};

const struct rfa_flow rfa_flow_import_history = {
	.name = "import-history",
	.version = 1,
	.summary = "bring the history of deployment scripts into the ledger",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.result = &rfa_result_import,
	.text = &text,
	.args = &args,
};

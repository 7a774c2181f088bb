/* accept-ledger: a host shall trust a ledger that does not have the head which it keeps. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_LOCK, NULL, "the host" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* The plan says that any head is accepted; the one of this run's end takes its place. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	SKIP("stop", STOP, "nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_text_line lines[] = {
	{ "{to} keeps", "the head {kept} (run {kept.run}), which this copy does not have" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "{to} shall trust this copy of the ledger.",
	.lines = lines,
	.question =
	    "What the missing runs did there is not known to this ledger: not what runs, nor "
	    "what can be gone back to.",
	.name = "{to}",
	.where = "on {to}",
	.done = "it trusts this ledger",
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	struct rfa_host *host = NULL;
	json_t *kept = NULL;
	int rc = p->open(p, json_object_get(plan, "target"), &host, err);

	if (!rc)
		rc = p->kept_head(p, host, &kept, err);
	if (!rc && (!kept || rfa_facts_bool(kept, "known", 0)))
		rc = rfa_facts_set(plan, "nothing", json_string("it trusts this ledger already"),
				   err);
	if (!rc && kept)
		rc = rfa_plan_set(plan, "kept", json_incref(kept), err);
	if (!rc)
		rc = rfa_plan_set(plan, "accept_head", json_true(), err);
	json_decref(kept);
	rfa_host_free(host);
	return rc;
}

static const struct rfa_example examples[] = {
	{ "rfa ledger accept prod --reason \"restored from last night's copy\"",
	  "go on with this copy; asks for \"prod\"" },
	{ "rfa ledger accept prod --reason \"restored\" --yes prod", "from a script" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "ledger accept",
	.group = "ledger and locks",
	.words = "ENV --reason TEXT",
	.details =
	    "Each host keeps the head that the ledger had when a run ended there last. A copy of\n"
	    "the ledger that does not have that head is older, was cut short or was altered, and\n"
	    "no run goes on there. Use the right copy; if it is lost for good, this settles it:\n"
	    "what the host kept, who accepted this copy, and why, stay in the ledger. Asks for\n"
	    "the environment's name.",
	.flags = RFA_ARGS_HOST | RFA_ARGS_REASON,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_accept_ledger = {
	.name = "accept-ledger",
	.version = 2,
	.summary = "let a host trust this copy of the ledger",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.text = &text,
	.args = &args,
};

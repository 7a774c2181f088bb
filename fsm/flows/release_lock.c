/* release-lock: a host's lock whose run cannot give it back any more is released. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_LOCK, NULL, "the host" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* It has no lock of its own: another run's is in the way. Nothing of it can be undone. */
static const struct rfa_step steps[] = {
	READ("target.holder", PRECHECK, TARGET, 0, 4, holder),
	SKIP("stop", STOP, "nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	END("target.release", HEALTH, TARGET, 4, release_lock),
};

static const struct rfa_flow_text text = {
	.title = "The lock of run {run} on {to} is released.",
	.question =
	    "The lock is all that keeps another run away from what this one left half-done.",
	.name = "{to}",
	.where = "on {to}",
	.done = "its lock is free",
};

/* A run that can still release its lock itself keeps it. */
static int has_ended(const struct rfa_prepare *p, const char *run, struct rfa_error *err)
{
	struct rfa_history *history = NULL;
	int rc = rfa_ledger_load(p->ledger, run, &history, err);

	if (rc == -RFA_ENOTFOUND) { /* another ledger's, or one that is lost */
		rfa_error_clear(err);
		return 0;
	}
	if (!rc && history->final == RFA_FINAL_NONE) {
		rfa_fail(err, RFA_EREFUSED, "lock", "run %s is %s: its lock is not to be released",
			 run, history->alive ? "running" : "interrupted");
		rc = rfa_error_hint(err, "rfa resume %s | rfa rollback %s | rfa abort %s", run, run,
				    run);
	}
	rfa_history_free(history);
	return rc;
}

/* Only the lock of the run that is named: it may be another's by now. */
static int is_held(const struct rfa_prepare *p, json_t *plan, const char *run,
		   struct rfa_error *err)
{
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	struct rfa_host *host = NULL;
	json_t *holder = NULL;
	const char *by;
	int rc = p->open(p, json_object_get(plan, "target"), &host, err);

	if (!rc)
		rc = host->runs->lock_read(host, &holder, err);
	by = rfa_facts_str(holder, "run", "?");
	if (!rc && !holder) {
		rc = rfa_facts_set(plan, "nothing", json_string("its lock is free already"), err);
	} else if (!rc && strcmp(by, run) != 0) {
		rfa_buf_put_printable(&safe, by, strlen(by), 60);
		rfa_fail(err, RFA_ELOCKED, "lock", "%s is locked by run %s, not by %s", p->word,
			 rfa_buf_str(&safe), run);
		rc = rfa_error_hint(err, "rfa lock show %s", p->word);
	}
	json_decref(holder);
	rfa_host_free(host);
	rfa_buf_release(&safe);
	return rc;
}

/* The reason is kept for ever; and a ledger that the host does not trust may release a lock, too.
 */
static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *run = NULL;
	int rc = p->need(p, "run", &run, err);

	if (!rc && !rfa_run_id_ok(run)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "\"%.60s\" is not the id of a run", run);
		rc = rfa_error_hint(err, "rfa lock show %s", p->word);
	}
	if (!rc)
		rc = is_held(p, plan, run, err);
	if (!rc)
		rc = has_ended(p, run, err);
	if (!rc)
		rc = rfa_plan_set(plan, "run", json_string(run), err);
	return rc ? rc : rfa_plan_set(plan, "accept_head", json_true(), err);
}

static const struct rfa_option options[] = {
	{ "run", 0, "RUN", NULL, NULL, "the run that holds it, so that no other lock is released" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa lock release prod --run 20261122-103015-4f2a9c --reason \"mended by hand\"",
	  "release it; asks for \"prod\"" },
	{ "rfa lock release prod --run 20261122-103015-4f2a9c --reason \"mended\" --yes prod",
	  "from a script" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "lock release",
	.group = "ledger and locks",
	.words = "ENV --run RUN --reason TEXT",
	.details =
	    "For a run that has ended (STUCK, aborted with --no-undo) or that this ledger does "
	    "not\n"
	    "know. An unfinished run keeps its lock: resume, roll back or abort it. Asks for\n"
	    "the environment's name. It is a run: the ledger keeps who released it, and why.",
	.flags = RFA_ARGS_HOST | RFA_ARGS_REASON,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_release_lock = {
	.name = "release-lock",
	.version = 2,
	.summary = "release a host's lock whose run cannot do it any more",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.text = &text,
	.args = &args,
};

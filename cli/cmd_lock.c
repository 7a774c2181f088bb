/* The commands about what a host keeps: whose lock, and of which ledger the head. */
#include <stdlib.h>
#include <string.h>

#include "cli/drive.h"
#include "cli/hosts.h"
#include "cli/vault.h"

static int open_env(struct rfa_cli *cli, const char *env, struct rfa_host **host,
		    struct rfa_error *err)
{
	int rc = rfa_cli_config(cli, err);
	/* Backups that are pulled to this machine lock it as any host. */
	if (rc == 0 && strcmp(env, RFA_OPERATOR) == 0)
		return rfa_operator_open(cli, host, err);
	if (rc == 0)
		rc = rfa_config_has_env(cli->config, env, err);
	return rc < 0 ? rc : rfa_hosts_open(cli, env, host, err);
}

/* What the ledger knows of the run that holds a lock: a word, and whether it is over. */
static const char *run_word(struct rfa_cli *cli, const char *run, int *over)
{
	struct rfa_history *history = NULL;
	struct rfa_error ignored;
	const char *word = "unknown to this ledger";

	*over = 0;
	if (rfa_run_id_ok(run) && rfa_cli_ledger(cli, &ignored) == 0 &&
	    rfa_ledger_load(cli->ledger, run, &history, &ignored) == 0) {
		*over = history->final != RFA_FINAL_NONE;
		word = *over            ? rfa_final_word(history->final)
		       : history->alive ? "running"
					: "interrupted";
	}
	rfa_history_free(history);
	return word;
}

static void say_holder(struct rfa_cli *cli, const char *env, const json_t *holder)
{
	static const char *const keys[] = { "run", "flow", "stack", "user", "machine", "since" };
	const struct rfa_out *o = &cli->out;
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	const char *run = rfa_facts_str(holder, "run", "");
	char since[RFA_SHORT_MAX];
	int over;
	const char *word = run_word(cli, run, &over);

	rfa_out_say(o, "%s is locked: the lock is the host's, it holds for every stack there", env);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = rfa_facts_str(holder, keys[i], "-");
		if (strcmp(keys[i], "since") == 0)
			text = rfa_out_when(since, text);
		rfa_out_say(o, "  %-8s %s", keys[i], rfa_out_safe(&safe, text, 200));
	}
	rfa_out_say(o, "  %-8s %s", "is", word);
	rfa_out_safe(&safe, run, 60);
	if (strcmp(word, "interrupted") == 0)
		rfa_out_say(o, "ways out: rfa resume %s | rfa rollback %s | rfa abort %s",
			    rfa_buf_str(&safe), rfa_buf_str(&safe), rfa_buf_str(&safe));
	else if (strcmp(word, "running") != 0)
		rfa_out_say(o, "way out: rfa lock free %s --run %s --reason TEXT", env,
			    rfa_buf_str(&safe));
	rfa_buf_release(&safe);
}

static int run_lock_show(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *env = rfa_cli_word(cli, 0);
	struct rfa_host *host = NULL;
	json_t *holder = NULL, *document = NULL;
	int rc = open_env(cli, env, &host, err);

	if (rc == 0)
		rc = host->ops->lock_read(host, &holder, err);
	if (rc == 0 && cli->out.json) {
		document = json_pack("{s:s,s:O?}", "env", env, "holder", holder);
		rc = document ? rfa_out_json(&cli->out, document, err) : rfa_fail_nomem(err);
	} else if (rc == 0 && holder) {
		say_holder(cli, env, holder);
	} else if (rc == 0) {
		rfa_out_say(&cli->out, "%s is free", env);
	}
	json_decref(document);
	json_decref(holder);
	rfa_host_free(host);
	return rc;
}

const struct rfa_verb rfa_cmd_lock_show = {
	.name = "lock show",
	.group = "ledger and locks",
	.words = "ENV",
	.summary = "who holds a host's lock, and whether that run is alive",
	.details = "A run locks the whole hosts that it touches, not only its own stack on them: "
		   "two\nstacks on one host wait for one another.",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa lock show prod", "who is in the way?" },
		{ "rfa lock show prod --json", "for a program" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_lock_show,
};

static int refuse_free(const char *run, const char *word, struct rfa_error *err)
{
	rfa_fail(err, RFA_EREFUSED, "lock", "run %s is %s: its lock is not free to take", run,
		 word);
	return rfa_error_mend(err, "rfa resume %s | rfa rollback %s | rfa abort %s", run, run, run);
}

/* *out (new): the plan of a run about a host itself; steals options. */
static int host_plan(struct rfa_cli *cli, const char *flow, const char *env, json_t *options,
		     json_t **out, struct rfa_error *err)
{
	json_t *side = NULL, *timeouts = NULL;
	int rc = options ? rfa_config_options(cli->config, &timeouts, err) : rfa_fail_nomem(err);

	if (rc == 0 && strcmp(env, RFA_OPERATOR) == 0)
		rc = rfa_operator_side(cli, &side, err);
	else if (rc == 0)
		rc = rfa_config_side(cli->config, env, NULL, &side, err);
	if (rc == 0 && json_object_update(timeouts, options))
		rc = rfa_fail_nomem(err);
	/* No stack can have that name. */
	if (rc == 0 &&
	    !(*out = json_pack("{s:i,s:s,s:s,s:n,s:O,s:O}", "format", 1, "flow", flow, "stack",
			       "_host", "source", "target", side, "options", timeouts)))
		rc = rfa_fail_nomem(err);
	json_decref(side);
	json_decref(timeouts);
	json_decref(options);
	return rc;
}

/* The reason is kept for ever; and a ledger that the host does not trust may free a lock, too. */
static int begin_free(struct rfa_cli *cli, const char *env, const char *run, const char *reason,
		      struct rfa_error *err)
{
	json_t *plan = NULL;
	int rc = host_plan(
	    cli, "free-lock", env,
	    json_pack("{s:s,s:s,s:b}", "run", run, "reason", reason, "accept_head", 1), &plan, err);

	if (rc == 0)
		rc = rfa_cli_begin(cli, plan, err);
	json_decref(plan);
	return rc;
}

static int free_lock(struct rfa_cli *cli, const char *env, const char *run, const char *reason,
		     struct rfa_host *host, struct rfa_error *err)
{
	json_t *holder = NULL;
	int over = 0;
	const char *word = run_word(cli, run, &over);
	int rc = host->ops->lock_read(host, &holder, err);

	if (rc == 0 && !holder) {
		rfa_out_say(&cli->out, "%s is free already", env);
		goto done;
	}
	if (rc == 0 && strcmp(rfa_facts_str(holder, "run", ""), run) != 0) {
		struct rfa_buf safe = RFA_BUF_INIT(1024);
		rfa_fail(err, RFA_ELOCKED, "lock", "%s is locked by run %s, not by %s", env,
			 rfa_out_safe(&safe, rfa_facts_str(holder, "run", "?"), 60), run);
		rfa_buf_release(&safe);
		rc = rfa_error_mend(err, "rfa lock show %s", env);
	}
	if (rc == 0 && !over && strcmp(word, "unknown to this ledger") != 0)
		rc = refuse_free(run, word, err);
	if (rc == 0)
		rc = rfa_cli_confirm(
		    cli, env,
		    "The lock is all that keeps another run away from what this one "
		    "left half-done.",
		    err);
	if (rc == 0)
		rc = begin_free(cli, env, run, reason, err);
done:
	json_decref(holder);
	return rc;
}

static int run_lock_free(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *env = rfa_cli_word(cli, 0), *run = NULL, *reason = NULL;
	struct rfa_host *host = NULL;
	int rc = rfa_cli_need(cli, "run", &run, err);

	if (rc == 0)
		rc = rfa_cli_need(cli, "reason", &reason, err);
	if (rc == 0 && !rfa_run_id_ok(run)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "\"%.60s\" is not the id of a run", run);
		rc = rfa_error_mend(err, "rfa lock show %s", env);
	}
	if (rc == 0)
		rc = open_env(cli, env, &host, err);
	if (rc == 0)
		rc = free_lock(cli, env, run, reason, host, err);
	rfa_host_free(host);
	return rc;
}

static const struct rfa_option lock_free_options[] = {
	{ "run", 0, "RUN", NULL, NULL, "the run that holds it, so that no other lock is freed" },
	{ "reason", 0, "TEXT", NULL, NULL, "why; kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_lock_free = {
	.name = "lock free",
	.group = "ledger and locks",
	.words = "ENV --run RUN --reason TEXT",
	.summary = "free a host's lock whose run cannot do it any more",
	.details =
	    "For a run that has ended (STUCK, aborted with --leave) or that this ledger does not\n"
	    "know. An unfinished run keeps its lock: resume, roll back or abort it. Asks for\n"
	    "the environment's name. It is a run: the ledger keeps who freed it, and why.",
	.options = lock_free_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa lock free prod --run 20261122-103015-4f2a9c --reason \"mended by hand\"",
		  "free it; asks for \"prod\"" },
		{ "rfa lock free prod --run 20261122-103015-4f2a9c --reason \"mended\" --yes prod",
		  "from a script" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_lock_free,
};

/* ---- what a host keeps of the ledger ----------------------------------------------------------
 */

static void say_kept(struct rfa_cli *cli, const char *env, const json_t *kept)
{
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	const char *run = rfa_facts_str(kept, "run", "");

	rfa_out_say(&cli->out, "%s keeps the head %s (run %s), which this copy does not have", env,
		    rfa_out_safe(&safe, rfa_facts_str(kept, "head", ""), 64),
		    *run ? run : "unknown");
	rfa_buf_release(&safe);
}

static int accept_ledger(struct rfa_cli *cli, const char *env, const char *reason,
			 struct rfa_host *host, struct rfa_error *err)
{
	json_t *kept = NULL, *plan = NULL;
	int rc = rfa_cli_ledger(cli, err);

	if (rc == 0)
		rc = rfa_run_kept_head(cli->ledger, host, &kept, err);
	if (rc == 0 && (!kept || rfa_facts_bool(kept, "known", 0))) {
		rfa_out_say(&cli->out, "%s trusts this ledger already", env);
		goto done;
	}
	if (rc == 0)
		say_kept(cli, env, kept);
	if (rc == 0)
		rc = rfa_cli_confirm(cli, env,
				     "What the missing runs did there is not known to this ledger: "
				     "not what runs, nor what can be gone back to.",
				     err);
	if (rc == 0)
		rc = host_plan(
		    cli, "accept-ledger", env,
		    json_pack("{s:s,s:b,s:O}", "reason", reason, "accept_head", 1, "kept", kept),
		    &plan, err);
	if (rc == 0)
		rc = rfa_cli_begin(cli, plan, err);
done:
	json_decref(plan);
	json_decref(kept);
	return rc;
}

static int run_accept(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *env = rfa_cli_word(cli, 0), *reason = NULL;
	struct rfa_host *host = NULL;
	int rc = rfa_cli_need(cli, "reason", &reason, err);

	if (rc == 0)
		rc = open_env(cli, env, &host, err);
	if (rc == 0)
		rc = accept_ledger(cli, env, reason, host, err);
	rfa_host_free(host);
	return rc;
}

static const struct rfa_option accept_options[] = {
	{ "reason", 0, "TEXT", NULL, NULL, "why; kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_ledger_accept = {
	.name = "ledger accept",
	.group = "ledger and locks",
	.words = "ENV --reason TEXT",
	.summary = "let a host trust this copy of the ledger",
	.details =
	    "Each host keeps the head that the ledger had when a run ended there last. A copy of\n"
	    "the ledger that does not have that head is older, was cut short or was altered, and\n"
	    "no run goes on there. Use the right copy; if it is lost for good, this settles it:\n"
	    "what the host kept, who accepted this copy, and why, stay in the ledger. Asks for\n"
	    "the environment's name.",
	.options = accept_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa ledger accept prod --reason \"restored from last night's copy\"",
		  "go on with this copy; asks for \"prod\"" },
		{ "rfa ledger accept prod --reason \"restored\" --yes prod", "from a script" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_accept,
};

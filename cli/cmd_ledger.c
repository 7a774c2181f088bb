/* The commands about the ledger's folder and the hosts' locks. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/git.h"
#include "cli/hosts.h"
#include "cli/vault.h"

static int run_path(struct rfa_cli *cli, struct rfa_error *err)
{
	char *path = NULL;
	int rc = rfa_cli_ledger_path(cli, &path, err);
	if (rc == 0)
		rfa_out_say(&cli->out, "%s", path);
	free(path);
	return rc;
}

const struct rfa_verb rfa_cmd_ledger_path = {
	.name = "ledger path",
	.group = "ledger and locks",
	.words = "",
	.summary = "print where the ledger is",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa ledger path", "its folder" },
		{ "git clone \"$(rfa ledger path)\" audit", "a copy for an auditor" },
		{ NULL, NULL },
	    },
	.run = run_path,
};

static int run_git(struct rfa_cli *cli, struct rfa_error *err)
{
	char *path = NULL;
	int status = 0;
	int rc = rfa_cli_ledger_path(cli, &path, err);

	if (rc == 0 && access(path, F_OK) != 0) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no ledger at %.300s", path);
		rc = rfa_error_mend(err, "`rfa init` makes one");
	}
	if (rc == 0)
		rc = rfa_git(path, cli->args.words, 0, &status, err);
	if (rc == 0 && status != 0)
		rc = rfa_fail(err, RFA_EREMOTE, "git", "git ended with status %d", status);
	free(path);
	return rc;
}

const struct rfa_verb rfa_cmd_ledger_git = {
	.name = "ledger git",
	.group = "ledger and locks",
	.words = "ARGUMENTS...",
	.summary = "run plain git on the ledger",
	.details =
	    "Read with it; only rfa writes. main has two commits a run, begun and ended; all\n"
	    "records are behind them.",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa ledger git log --first-parent main", "two lines a run" },
		{ "rfa ledger git show main:history.log", "the deployment history" },
		{ "rfa ledger git tag -l 'rollback/prod/*'", "the rollback points of prod" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RAW,
	.min_words = 1,
	.max_words = 1,
	.run = run_git,
};

/* ---- locks ----------------------------------------------------------------------------------- */

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
	int over;
	const char *word = run_word(cli, run, &over);

	rfa_out_say(o, "%s is locked", env);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		rfa_out_say(o, "  %-8s %s", keys[i],
			    rfa_out_safe(&safe, rfa_facts_str(holder, keys[i], "-"), 200));
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

static int free_lock(struct rfa_cli *cli, const char *env, const char *run, struct rfa_host *host,
		     struct rfa_error *err)
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
		rc = host->ops->lock_release(host, run, err);
	if (rc == 0)
		rfa_out_say(&cli->out, "%s is free; the run that held it is %s", env, word);
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
		rc = free_lock(cli, env, run, host, err);
	rfa_host_free(host);
	return rc;
}

static const struct rfa_option lock_free_options[] = {
	{ "run", 0, "RUN", NULL, NULL, "the run that holds it, so that no other lock is freed" },
	{ "reason", 0, "TEXT", NULL, NULL, "why" },
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
	    "the environment's name.",
	.options = lock_free_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa lock free prod --run 20261122-103015-4f2a9c --reason \"mended by hand\"",
		  "free it; asks for \"prod\"" },
		{ "rfa lock free prod --run 20261122-103015-4f2a9c --reason \"mended\" --yes prod",
		  "from a script" },
		{ NULL, NULL },
	    },
	.min_words = 1,
	.max_words = 1,
	.run = run_lock_free,
};

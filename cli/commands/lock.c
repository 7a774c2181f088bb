/* `rfa lock show`: who holds a host's lock. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands/drive.h"
#include "cli/config/hosts.h"
#include "cli/commands/vault.h"

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

/* What the ledger knows of the run that holds a lock, in a word. */
static const char *run_word(struct rfa_cli *cli, const char *run)
{
	struct rfa_history *history = NULL;
	struct rfa_error ignored;
	const char *word = "unknown to this ledger";

	if (rfa_run_id_ok(run) && rfa_cli_ledger(cli, &ignored) == 0 &&
	    rfa_ledger_load(cli->ledger, run, &history, &ignored) == 0) {
		word = history->final != RFA_FINAL_NONE ? rfa_final_word(history->final)
		       : history->alive                 ? "running"
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
	const char *word = run_word(cli, run);

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
		rfa_out_say(o, "way out: rfa lock release %s --run %s --reason TEXT", env,
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
		rc = host->runs->lock_read(host, &holder, err);
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

const struct rfa_cli_command rfa_cmd_lock_show = {
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
	.flags = RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_lock_show,
};

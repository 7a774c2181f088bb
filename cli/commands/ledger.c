/* The commands about the ledger's folder. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/frame/cli.h"
#include "cli/commands/git.h"

static int run_path(struct rfa_cli *cli, struct rfa_error *err)
{
	char *path = NULL;
	int rc = rfa_cli_ledger_path(cli, &path, err);
	if (rc == 0)
		rfa_out_say(&cli->out, "%s", path);
	free(path);
	return rc;
}

const struct rfa_cli_command rfa_cmd_ledger_path = {
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
		rc = rfa_error_hint(err, "`rfa init` makes one");
	}
	if (rc == 0)
		rc = rfa_git(path, cli->args.words, 0, &status, err);
	cli->out.cut = rc == 0 && status == 128 + SIGPIPE && rfa_out_gone(&cli->out);
	if (rc == 0 && status != 0 && !cli->out.cut)
		rc = rfa_fail(err, RFA_EREMOTE, "git", "git ended with status %d", status);
	free(path);
	return rc;
}

const struct rfa_cli_command rfa_cmd_ledger_git = {
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
	.flags = RFA_CMD_RAW,
	.min_words = 1,
	.max_words = 1,
	.run = run_git,
};

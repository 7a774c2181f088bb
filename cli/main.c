/* Reads the command line, runs the command, says how it ended. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/frame/cli.h"
#include "cli/frame/help.h"
#include "cli/frame/signals.h"
#include "cli/notify/notify.h"
#include "fsm/base/suggest.h"

/* Up to the end of the command's name; the options of every command may stand between its words. */
static int read_name(struct rfa_cli *cli, struct rfa_args_rules *rules, int argc,
		     char *const argv[], struct rfa_error *err)
{
	const struct rfa_args *args = &cli->args;

	for (rules->raw_after = 1;; rules->raw_after++) {
		int rc = rfa_args_parse(&cli->args, rules, argc - 1, argv + 1, err);
		const char *next = rfa_args_word(args, rules->raw_after);

		if (rc < 0 || !next || strcmp(next, "--help") == 0 ||
		    !rfa_verb_goes_on(cli->commands, args->words, rules->raw_after))
			return rc;
	}
}

/* The words behind the command, the options in front of it and behind it. */
static int read_arguments(struct rfa_cli *cli, int argc, char *const argv[], struct rfa_error *err)
{
	const struct rfa_option *tables[2] = { rfa_global_options(), NULL };
	struct rfa_args_rules rules = { tables, 1, 1, "rfa help" };
	char help[96];
	size_t used = 0;

	int rc = read_name(cli, &rules, argc, argv, err);
	if (rc < 0 || cli->args.n_words == 0)
		return rc;
	if (rfa_command_find(cli->commands, cli->args.words, cli->args.n_words, &used,
			     &cli->command, err) < 0) {
		/* `rfa lock --help` is a question, not a slip. */
		const char *group = cli->args.words[0];
		const char *next = rfa_args_word(&cli->args, 1);
		if (rfa_command_is_group(cli->commands, group) && next &&
		    strcmp(next, "--help") == 0) {
			cli->command = rfa_cmd_help;
			cli->args.n_words = 1;
			return 0;
		}
		return -(int)RFA_EUSAGE;
	}

	/* The words are the end of argv: what stands before them was options. */
	int rest = (int)(cli->args.n_words - used);
	tables[1] = rfa_command_options(&cli->command);
	snprintf(help, sizeof(help), "rfa help %s", cli->command.name);
	rules.n_tables = 2;
	rules.raw_after = cli->command.flags & RFA_CMD_RAW ? 0 : (size_t)-1;
	rules.help = help;
	rc = rfa_args_parse(&cli->args, &rules, rest, argv + argc - rest, err);
	if (rc == 0)
		rc = rfa_args_environment(&cli->args, &rules, err);
	return rc;
}

static int check_words(const struct rfa_cli *cli, struct rfa_error *err)
{
	const struct rfa_cli_command *c = &cli->command;
	size_t n = cli->args.n_words;
	struct rfa_buf safe = RFA_BUF_INIT(1024);

	if (n < c->min_words)
		rfa_fail(err, RFA_EUSAGE, "cli", "`rfa %s` needs more: rfa %s %s", c->name, c->name,
			 c->words);
	else if (n > c->max_words && !(c->flags & RFA_CMD_RAW))
		rfa_fail(err, RFA_EUSAGE, "cli", "`rfa %s` cannot use \"%s\"", c->name,
			 rfa_out_safe(&safe, cli->args.words[c->max_words], 60));
	else if (rfa_cli_option(cli, "json") && !(c->flags & RFA_CMD_READS))
		rfa_fail(err, RFA_EUSAGE, "cli", "`rfa %s` has no --json", c->name);
	else if (rfa_cli_option(cli, "events") && !(c->flags & RFA_CMD_RUNS))
		rfa_fail(err, RFA_EUSAGE, "cli", "`rfa %s` has no --events", c->name);
	else
		return 0;
	rfa_buf_release(&safe);
	struct rfa_suggestion s = { n ? cli->args.words[0] : "", NULL, 0 };
	rfa_command_suggest(cli->commands, c->name, &s);
	if (n > c->max_words && s.best)
		return rfa_error_hint(err, "did you mean `rfa %s %s`?", c->name, s.best);
	return rfa_error_hint(err, "see `rfa help %s`", c->name);
}

/*
 * What is closed at the start would be taken by the next file that is opened, and what is said
 * would go into it: into the ledger. What stands in its place can neither be read (0) nor written
 * (1, 2), so that an answer which nobody gets is told as that.
 */
static void hold_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			_exit(rfa_code_status(RFA_EIO));
	}
}

static int run(struct rfa_cli *cli, int argc, char *const argv[], struct rfa_error *err)
{
	int rc = read_arguments(cli, argc, argv, err);

	/* How to print must be known before the first failure is. */
	rfa_out_init(&cli->out, stdout, stderr, rfa_cli_option(cli, "no-color") != NULL);
	cli->out.json = rfa_cli_option(cli, "json") != NULL;
	cli->out.events = rfa_cli_option(cli, "events") != NULL;
	cli->out.quiet = rfa_cli_option(cli, "quiet") != NULL;
	cli->out.verbose = rfa_cli_option(cli, "verbose") != NULL;
	if (rc < 0)
		return rc;
	if (rfa_cli_option(cli, "version"))
		return rfa_cmd_version.run(cli, err);
	if (!cli->command.name) {
		rfa_help_overview(&cli->out, cli->commands);
		if (rfa_cli_option(cli, "help"))
			return 0;
		rfa_fail(err, RFA_EUSAGE, "cli", "no command was given");
		return rfa_error_hint(err, "see `rfa help`");
	}
	if (rfa_cli_option(cli, "help")) {
		rfa_help_command(&cli->out, cli->commands, &cli->command);
		return 0;
	}
	rc = check_words(cli, err);
	return rc < 0 ? rc : cli->command.run(cli, err);
}

int main(int argc, char *argv[])
{
	struct rfa_cli cli;
	struct rfa_error err;

	hold_standard_files();
	memset(&cli, 0, sizeof(cli));
	rfa_error_clear(&err);
	cli.commands = &rfa_commands;
	cli.argv = argv;
	cli.clock = rfa_clock_system();
	cli.cancel = rfa_signals_install();

	int rc = run(&cli, argc, argv, &err);
	int status = rc < 0 ? rfa_code_status(err.code) : cli.status;
	if (rc < 0)
		rfa_cli_failure(&cli, &err);
	/* An answer that did not arrive is no success; a reader who has seen enough is no failure.
	 */
	if (fflush(stdout) != 0 || ferror(stdout) || cli.out.cut)
		status = rc < 0                   ? status
			 : rfa_out_gone(&cli.out) ? 128 + SIGPIPE
						  : rfa_code_status(RFA_EIO);
	rfa_notify_after(&cli);
	rfa_cli_release(&cli);
	return status;
}

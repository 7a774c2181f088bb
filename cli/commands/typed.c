/* Puts another command line in the place of the one that was typed, for a while. */
#include "cli/commands/typed.h"

#include <string.h>

static int is_global(const struct rfa_option *option)
{
	for (const struct rfa_option *o = rfa_global_options(); o->name; o++)
		if (o == option)
			return 1;
	return 0;
}

/* What every command understands means the same to this one. */
static void keep_globals(struct rfa_cli *cli, const struct rfa_typed *before)
{
	const struct rfa_args *typed = &before->args;
	struct rfa_args *args = &cli->args;

	for (size_t i = 0; i < typed->n_set && args->n_set < RFA_ARGS_MAX_SET; i++)
		if (is_global(typed->set[i].option))
			args->set[args->n_set++] = typed->set[i];
}

int rfa_cli_type(struct rfa_cli *cli, const struct rfa_flow *flow, const char *const words[],
		 struct rfa_typed *before, struct rfa_error *err)
{
	const struct rfa_option *tables[2] = { rfa_global_options(), NULL };
	struct rfa_args_rules rules = { tables, 2, (size_t)-1, "rfa help" };
	const char *wait = rfa_cli_option(cli, "wait-lock");
	const char *argv[16];
	size_t n = 0;
	int rc;

	before->args = cli->args;
	before->command = cli->command;
	memset(&cli->args, 0, sizeof(cli->args));
	for (; words[n] && n < 12; n++)
		argv[n] = words[n];
	if (wait) {
		argv[n++] = "--wait-lock";
		argv[n++] = wait;
	}
	rfa_command_of(cli->commands, flow, &cli->command);
	tables[1] = rfa_command_options(&cli->command);
	rc = rfa_args_parse(&cli->args, &rules, (int)n, (char *const *)(uintptr_t)argv, err);
	if (rc == 0)
		keep_globals(cli, before);
	return rc;
}

void rfa_cli_untype(struct rfa_cli *cli, const struct rfa_typed *before)
{
	rfa_args_release(&cli->args);
	cli->args = before->args;
	cli->command = before->command;
}

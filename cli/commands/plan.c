/* `rfa plan`: the preview of any flow; its words are those of the flow's own command. */
#include "cli/frame/cli.h"

/* Whatever names a flow is that flow's command; what names none is told by rfa_command_find(). */
static int run(struct rfa_cli *cli, struct rfa_error *err)
{
	(void)cli;
	return rfa_fail(err, RFA_EUSAGE, "cli", "`rfa plan` needs a flow");
}

const struct rfa_cli_command rfa_cmd_plan = {
	.name = "plan",
	.group = "deploy",
	.words = "FLOW …",
	.summary = "show what a run would change, and what the gates say",
	.details =
	    "FLOW and what follows it are what the run itself would be begun with: the same looks\n"
	    "at the same hosts, and the same gates, but nothing is locked, recorded or touched.\n"
	    "Exit status 0: nothing would change. 2: something would. 4: a gate refuses it.",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa plan promote ragflowauth --from test --to prod", "compare test and prod" },
		{ "rfa plan promote-data ragflowauth --from test --to prod --json",
		  "what would be replaced, for a program" },
		{ "rfa promote ragflowauth --from test --to prod --dry-run", "the same" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS | RFA_CMD_FLOWS,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};

/* `rfa demo`: watch runs on simulated hosts. */
#include "cli/demo.h"

#include <unistd.h>

static int run_demo(struct rfa_cli *cli, struct rfa_error *err)
{
	struct rfa_narrator narrator = { .cli = cli };
	narrator.pause = rfa_cli_option(cli, "step") != NULL && isatty(STDIN_FILENO);
	return rfa_demo_scenario(&narrator, err);
}

static const struct rfa_option demo_options[] = {
	{ "step", 0, NULL, NULL, NULL, "wait for Enter between scenes" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_demo = {
	.name = "demo",
	.group = "set up",
	.words = "",
	.summary = "watch runs succeed, fail, stop and go on, on simulated hosts",
	.details = "Needs no docker, no ssh and no configuration, and leaves nothing behind.",
	.options = demo_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa demo", "the whole story" },
		{ "rfa demo --step", "scene by scene" },
		{ NULL, NULL },
	    },
	.run = run_demo,
};

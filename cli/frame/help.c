/* Help for people at a terminal: the list of commands, and a page for each. */
#include "cli/frame/help.h"

#include <string.h>

#include "cli/frame/help_pages.h"

void rfa_help_overview(const struct rfa_out *o, const struct rfa_cli_commands *all)
{
	struct rfa_cli_command v;
	const char *bold = rfa_out_style(o, o->out, RFA_BOLD);
	const char *plain = rfa_out_style(o, o->out, RFA_PLAIN);
	const char *group = "";

	rfa_out_say(o,
		    "rfa deploys Docker applications over SSH. A run can be stopped anywhere and "
		    "carried on;");
	rfa_out_say(o, "everything that was ever done is in its ledger, a git repository.\n");
	rfa_out_say(o, "usage: rfa [-c FILE] COMMAND [ARGUMENTS]");
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (v.flags & RFA_CMD_HIDDEN)
			continue;
		if (strcmp(group, v.group) != 0) {
			group = v.group;
			rfa_out_say(o, "\n%s%s%s", bold, group, plain);
		}
		rfa_out_say(o, "  %-15s %s", v.name, v.summary);
	}
	rfa_out_say(o, "\n`rfa help COMMAND` explains one, with examples.");
}

void rfa_help_options(const struct rfa_out *o, const struct rfa_option *options)
{
	for (; options && options->name; options++) {
		char left[64];
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", options->letter ? "-" : " ",
			 options->letter ? options->letter : ' ', options->letter ? ", " : "  ",
			 options->name, options->value ? " " : "",
			 options->value ? options->value : "");
		rfa_out_say(o, "  %-24s %s", left, options->help);
	}
}

/* The commands whose names begin with this one's: `backup` has `backup list`. */
static void say_further(const struct rfa_out *o, const struct rfa_cli_commands *all,
			const char *name)
{
	size_t said = 0, len = strlen(name);
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (strncmp(v.name, name, len) != 0 || v.name[len] != ' ')
			continue;
		if (!said++)
			rfa_out_say(o, "\n%ssee also%s", rfa_out_style(o, o->out, RFA_BOLD),
				    rfa_out_style(o, o->out, RFA_PLAIN));
		rfa_out_say(o, "  rfa %-20s %s", v.name, v.summary);
	}
}

static void say_page(const struct rfa_out *o, const struct rfa_cli_commands *all,
		     const struct rfa_cli_command *c)
{
	const struct rfa_option *options = rfa_command_options(c);
	const char *bold = rfa_out_style(o, o->out, RFA_BOLD);
	const char *plain = rfa_out_style(o, o->out, RFA_PLAIN);

	rfa_out_say(o, "%srfa %s%s - %s\n", bold, c->name, plain, c->summary);
	rfa_out_say(o, "usage: rfa %s%s%s%s", c->name, *c->words ? " " : "", c->words,
		    options ? " [OPTIONS]" : "");
	if (c->details)
		rfa_out_say(o, "\n%s", c->details);
	if (options) {
		rfa_out_say(o, "\n%soptions%s", bold, plain);
		rfa_help_options(o, options);
	}
	rfa_out_say(o, "\n%sexamples%s", bold, plain);
	for (const struct rfa_example *e = c->examples; e->line; e++)
		rfa_out_say(o, "  %s\n      %s", e->line, e->what);
	say_further(o, all, c->name);
}

void rfa_help_command(const struct rfa_out *o, const struct rfa_cli_commands *all,
		      const struct rfa_cli_command *command)
{
	say_page(o, all, command);
	rfa_out_say(o, "\n%soptions of every command%s", rfa_out_style(o, o->out, RFA_BOLD),
		    rfa_out_style(o, o->out, RFA_PLAIN));
	rfa_help_options(o, rfa_global_options());
}

/* Commands. */

static int say_group(const struct rfa_out *o, const struct rfa_cli_commands *all, const char *word)
{
	size_t said = 0, len = strlen(word);
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (strncmp(v.name, word, len) != 0 || v.name[len] != ' ')
			continue;
		if (said++)
			rfa_out_say(o, "%s", "");
		say_page(o, all, &v);
	}
	return said > 0;
}

static int run_help(struct rfa_cli *cli, struct rfa_error *err)
{
	const struct rfa_out *o = &cli->out;
	size_t used;

	if (rfa_cli_option(cli, "markdown")) {
		rfa_help_markdown(o, cli->commands);
		return 0;
	}
	if (rfa_cli_option(cli, "errors")) {
		rfa_help_errors(o);
		return 0;
	}
	if (rfa_cli_option(cli, "records")) {
		rfa_help_records(o);
		return 0;
	}
	if (!rfa_cli_word(cli, 0)) {
		rfa_help_overview(o, cli->commands);
		return 0;
	}
	struct rfa_cli_command command;
	int rc = rfa_command_find(cli->commands, cli->args.words, cli->args.n_words, &used,
				  &command, err);
	if (rc < 0 && !rfa_cli_word(cli, 1) && say_group(o, cli->commands, rfa_cli_word(cli, 0))) {
		rfa_error_clear(err);
		return 0;
	}
	if (rc == 0)
		rfa_help_command(o, cli->commands, &command);
	return rc;
}

static const struct rfa_option help_options[] = {
	{ "markdown", 0, NULL, NULL, NULL, "the reference of all commands (docs/cli.md)" },
	{ "errors", 0, NULL, NULL, NULL, "errors and exit statuses (docs/errors.md)" },
	{ "records", 0, NULL, NULL, NULL, "what the ledger keeps as JSON (docs/records.md)" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_help = {
	.name = "help",
	.group = "about rfa",
	.words = "[COMMAND]",
	.summary = "explain a command",
	.options = help_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa help", "list the commands" },
		{ "rfa help promote", "explain one; `rfa promote --help` says the same" },
		{ "rfa help --errors", "what each exit status means" },
		{ NULL, NULL },
	    },
	.max_words = 2,
	.run = run_help,
};

static int run_version(struct rfa_cli *cli, struct rfa_error *err)
{
	if (!cli->out.json) {
		rfa_out_say(&cli->out, "rfa %s", RFA_VERSION);
		return 0;
	}
	json_t *document = json_pack("{s:s}", "version", RFA_VERSION);
	int rc = rfa_out_json(&cli->out, document, err);
	json_decref(document);
	return rc;
}

const struct rfa_cli_command rfa_cmd_version = {
	.name = "version",
	.group = "about rfa",
	.words = "",
	.summary = "print the version",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa version", "the version" },
		{ "rfa version --json", "the same for a program" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.run = run_version,
};

static int run_completion(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *shell = rfa_cli_word(cli, 0);
	if (strcmp(shell, "bash") != 0)
		return rfa_fail(err, RFA_EUSAGE, "cli",
				"there is a completion for bash, none for \"%.40s\"", shell);
	rfa_help_completion(&cli->out, cli->commands);
	return 0;
}

const struct rfa_cli_command rfa_cmd_completion = {
	.name = "completion",
	.group = "about rfa",
	.words = "bash",
	.summary = "print the completion of a shell",
	.examples =
	    (const struct rfa_example[]){
		{ "source <(rfa completion bash)", "complete commands and options in this shell" },
		{ "rfa completion bash > /etc/bash_completion.d/rfa", "in every shell" },
		{ NULL, NULL },
	    },
	.min_words = 1,
	.max_words = 1,
	.run = run_completion,
};

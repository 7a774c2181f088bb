/* Pages that are made from tables: docs/cli.md, docs/errors.md, the completion of bash. */
#include "cli/frame/help_pages.h"

#include <string.h>

#include "fsm/base/trace.h"

/* The keys of an --events line; a promise to whoever parses them. */
static const struct {
	const char *key, *what;
} event_keys[] = {
	{ "event", "what happened: one of the words below; the last line of all has `result`" },
	{ "time", "when, in UTC: `2026-11-22T10:30:15Z`" },
	{ "run", "the run's id" },
	{ "state", "one of the eight states" },
	{ "step", "the step, as in `rfa flows`" },
	{ "host", "the environment whose host it touches" },
	{ "attempt", "which attempt it is, from 1" },
	{ "text", "words for people; they may change" },
	{ "done, total", "`progress`: bytes; a total of 0 is not known" },
	{ "facts", "what was proven; of a `gate`: `gate`, `verdict`, `evidence`, `hint`" },
	{ "error", "an object: `code`, `severity`, `domain`, `where`, `message`, `hint`" },
	{ "status", "`result`: the exit status" },
	{ "final", "`result`: the final state; `NONE` for a run that can be resumed" },
	{ "blocker", "`result`: the run that is in the way, or empty" },
	{ "point, version", "`result` of a success: the rollback point, what runs there now" },
	{ "backup",
	  "`result` of a success: the backup that was made or used, or that the point names" },
	{ "data_point",
	  "`result` of a success: the point of data, if there is one beside that of images" },
	{ "now, next", "`result` of a failure: what is true now, the command that carries on" },
};

static void put_options(const struct rfa_out *o, const struct rfa_option *options)
{
	rfa_out_say(o, "| option | meaning |\n|---|---|");
	for (; options->name; options++) {
		struct rfa_buf left = RFA_BUF_INIT(256);
		if (options->letter)
			rfa_buf_printf(&left, "`-%c`, ", options->letter);
		rfa_buf_printf(&left, "`--%s%s%s`", options->name, options->value ? " " : "",
			       options->value ? options->value : "");
		rfa_out_say(o, "| %s | %s%s%s%s |", rfa_buf_str(&left), options->help,
			    options->env ? " (or `" : "", options->env ? options->env : "",
			    options->env ? "` in the environment)" : "");
		rfa_buf_release(&left);
	}
	rfa_out_say(o, "%s", "");
}

static void put_command(const struct rfa_out *o, const struct rfa_cli_command *c)
{
	const struct rfa_option *options = rfa_command_options(c);

	rfa_out_say(o, "### rfa %s\n\n%c%s.\n", c->name, c->summary[0] - 'a' + 'A', c->summary + 1);
	rfa_out_say(o, "```\nrfa %s%s%s%s\n```\n", c->name, *c->words ? " " : "", c->words,
		    options ? " [OPTIONS]" : "");
	if (c->details)
		rfa_out_say(o, "%s\n", c->details);
	if (options)
		put_options(o, options);
	rfa_out_say(o, "```sh");
	for (const struct rfa_example *e = c->examples; e->line; e++)
		rfa_out_say(o, "%s   # %s", e->line, e->what);
	rfa_out_say(o, "```\n");
}

static void put_events(const struct rfa_out *o)
{
	rfa_out_say(o, "## Events\n\n`--events` prints one JSON object a line. Keys that do not "
		       "apply are absent; new ones may come.\n");
	rfa_out_say(o, "| key | meaning |\n|---|---|");
	for (size_t i = 0; i < sizeof(event_keys) / sizeof(event_keys[0]); i++)
		rfa_out_say(o, "| %s | %s |", event_keys[i].key, event_keys[i].what);

	static const enum rfa_event_kind kinds[] = {
#define KIND(name, word) RFA_EVENT_##name,
		RFA_EVENTS(KIND)
#undef KIND
	};
	struct rfa_buf words = RFA_BUF_INIT(1024);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		rfa_buf_printf(&words, "%s`%s`", i ? ", " : "", rfa_event_word(kinds[i]));
	rfa_out_say(o, "\nThe words of `event`: %s.", rfa_buf_str(&words));
	rfa_buf_release(&words);
}

void rfa_help_markdown(const struct rfa_out *o, const struct rfa_cli_commands *all)
{
	struct rfa_cli_command v;
	const char *group = "";

	rfa_out_say(o, "# The command\n\n<!-- made by `rfa help --markdown`: edit the tables in "
		       "cli/ and fsm/flows/, not this page -->\n");
	rfa_out_say(o, "A flag counts before the environment, the environment before `rfa.json`. "
		       "Exit statuses: [errors.md](errors.md).\n");
	rfa_out_say(o, "## Options of every command\n");
	put_options(o, rfa_global_options());
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (v.flags & RFA_CMD_HIDDEN)
			continue;
		if (strcmp(group, v.group) != 0) {
			group = v.group;
			rfa_out_say(o, "## %c%s\n", group[0] - 'a' + 'A', group + 1);
		}
		put_command(o, &v);
	}
	put_events(o);
}

void rfa_help_errors(const struct rfa_out *o)
{
	static const struct {
		const char *severity, *what;
	} severities[] = {
		{ "retry", "the host never saw the request: it is sent again" },
		{ "fatal", "a definite no: asking again changes nothing" },
		{ "unknown", "it may have happened: rfa looks before it does anything" },
		{ "denied", "the host does not let rfa in: a run stops half-way, to be resumed" },
	};
	rfa_out_say(o, "# Errors and exit statuses\n\n<!-- made by `rfa help --errors`: edit "
		       "fsm/base/error.h, not this page -->\n");
	rfa_out_say(o, "0 is success. A run that was rolled back never answers 0. 75 means: "
		       "half-way, `rfa resume` carries on.\n");
	rfa_out_say(o, "| error | exit status | severity | meaning |\n|---|---|---|---|");
#define ROW(name, word, severity, status, text)                                                    \
	rfa_out_say(o, "| `%s` | %d | %s | %s |", word, status, rfa_severity_word(RFA_##severity), \
		    text);
	RFA_CODES(ROW)
#undef ROW
	rfa_out_say(o, "\n| severity | meaning |\n|---|---|");
	for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
		rfa_out_say(o, "| %s | %s |", severities[i].severity, severities[i].what);
}

/* Completion. */

static void put_words(struct rfa_buf *into, const struct rfa_option *options)
{
	for (; options && options->name; options++)
		rfa_buf_printf(into, " --%s", options->name);
}

/* 1 if it is offered: of `rfa plan` only what can be planned. */
static int offered(const struct rfa_cli_command *v, int planned)
{
	return !(v->flags & RFA_CMD_HIDDEN) && (!planned || rfa_verb_is_planned(v));
}

/* "backup" of "backup list"; 1 if no command before that is offered has that first word. */
static int is_new_word(const struct rfa_cli_commands *all, size_t at, const char *name, int planned)
{
	size_t len = strcspn(name, " ");
	struct rfa_cli_command v;
	for (size_t i = 0; i < at && rfa_command_at(all, i, &v) == 0; i++) {
		if (offered(&v, planned) && strncmp(v.name, name, len) == 0 &&
		    (v.name[len] == ' ' || !v.name[len]))
			return 0;
	}
	return 1;
}

static void put_first_words(const struct rfa_cli_commands *all, struct rfa_buf *into, int planned)
{
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (offered(&v, planned) && is_new_word(all, i, v.name, planned))
			rfa_buf_printf(into, "%s%.*s", into->len ? " " : "",
				       (int)strcspn(v.name, " "), v.name);
	}
}

static void put_second_words(const struct rfa_cli_commands *all, struct rfa_buf *into,
			     const char *first, size_t len, int planned)
{
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (offered(&v, planned) && strncmp(v.name, first, len) == 0 && v.name[len] == ' ')
			rfa_buf_printf(into, "%s%s", into->len ? " " : "", v.name + len + 1);
	}
}

/* The second words behind each first one. */
static void say_second_words(const struct rfa_out *o, const struct rfa_cli_commands *all,
			     int planned)
{
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		struct rfa_buf second = RFA_BUF_INIT(1024);
		size_t len = strcspn(v.name, " ");
		if (offered(&v, planned) && is_new_word(all, i, v.name, planned))
			put_second_words(all, &second, v.name, len, planned);
		if (second.len > 0)
			rfa_out_say(o, "\t\t\"%s%.*s\") words=\"%s\" ;;", planned ? "plan " : "",
				    (int)len, v.name, rfa_buf_str(&second));
		rfa_buf_release(&second);
	}
}

/* The options of each command whose name has one word, or two. */
static void say_option_cases(const struct rfa_out *o, const struct rfa_cli_commands *all,
			     int two_words)
{
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		struct rfa_buf own = RFA_BUF_INIT(1024);
		put_words(&own, rfa_command_options(&v));
		if (!(v.flags & RFA_CMD_HIDDEN) && own.len > 0 &&
		    (strchr(v.name, ' ') != NULL) == two_words)
			rfa_out_say(o, "\t\t\"%s \"*) options=\"$options%s\" ;;", v.name,
				    rfa_buf_str(&own));
		rfa_buf_release(&own);
	}
}

/* `rfa plan promote …` is completed as `rfa promote …`: `at` is where the command's name begins. */
void rfa_help_completion(const struct rfa_out *o, const struct rfa_cli_commands *all)
{
	struct rfa_buf names = RFA_BUF_INIT(4096), planned = RFA_BUF_INIT(4096);
	struct rfa_buf global = RFA_BUF_INIT(4096);

	put_words(&global, rfa_global_options());
	put_first_words(all, &names, 0);
	put_first_words(all, &planned, 1);
	rfa_out_say(o, "# bash completion of rfa; made by `rfa completion bash`\n_rfa()\n{");
	rfa_out_say(o, "\tlocal word=${COMP_WORDS[COMP_CWORD]} at=1 options=\"%s\" words=\"%s\"",
		    rfa_buf_str(&global) + 1, rfa_buf_str(&names));
	rfa_out_say(o,
		    "\t[ \"$COMP_CWORD\" -gt 1 ] && [ \"${COMP_WORDS[1]}\" = plan ] && at=2 "
		    "words=\"%s\"",
		    rfa_buf_str(&planned));
	rfa_out_say(o, "\tif [ \"$COMP_CWORD\" -gt \"$at\" ]; then\n\t\twords=\"\"\n"
		       "\t\tcase \"${COMP_WORDS[at]} ${COMP_WORDS[at + 1]} \" in");
	/* "lock release" is two words, "runs" is one and anything may follow: the longer ones
	 * first.
	 */
	say_option_cases(o, all, 1);
	say_option_cases(o, all, 0);
	rfa_out_say(o, "\t\tesac\n\t\t[ \"$COMP_CWORD\" -eq $((at + 1)) ] && "
		       "case \"${COMP_WORDS[*]:1:at}\" in");
	say_second_words(o, all, 0);
	say_second_words(o, all, 1);
	rfa_out_say(o, "\t\thelp) words=\"%s\" ;;\n\t\tesac\n\tfi", rfa_buf_str(&names));
	rfa_out_say(o, "\tcase \"$word\" in\n\t-*) words=$options ;;\n\tesac\n"
		       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
		       "complete -o default -F _rfa rfa");
	rfa_buf_release(&names);
	rfa_buf_release(&planned);
	rfa_buf_release(&global);
}

/* `rfa flows`: prints the tables of the flows as they are. */
#include <string.h>

#include "cli/frame/cli.h"
#include "fsm/base/suggest.h"

static const struct {
	unsigned flag;
	const char *word, *what;
} flags[] = {
	{ RFA_STEP_READS, "reads", "looks and never touches" },
	{ RFA_STEP_SCRATCH, "scratch", "changes only what belongs to rfa on the host" },
	{ RFA_STEP_ROLLBACK_ONLY, "rollback-only", "runs on the way back only" },
	{ RFA_STEP_CLEANUP, "cleanup",
	  "behind the point of no return: its failure is told, not fatal" },
};
enum { N_FLAGS = sizeof(flags) / sizeof(flags[0]) };

static void put_flags(struct rfa_buf *into, const struct rfa_step *step)
{
	for (size_t i = 0; i < N_FLAGS; i++) {
		if (step->flags & flags[i].flag)
			rfa_buf_printf(into, "%s%s", into->len ? ", " : "", flags[i].word);
	}
	if (!into->len && !step->skipped)
		rfa_buf_puts(into, "changes");
	if (*rfa_step_part_word(step))
		rfa_buf_printf(into, ", if %s", rfa_step_part_word(step));
}

/* What there is to come back from a step. */
static const char *undo_word(const struct rfa_step *step)
{
	if (step->skipped || step->flags & RFA_STEP_READS)
		return "-";
	return step->undo ? "undone" : "stays";
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

/* Text. */

static int say_text(struct rfa_cli *cli, const struct rfa_flow *flow, struct rfa_error *err)
{
	static const char *const heads[] = { "state",    "step",       "on",   "kind",
					     "attempts", "on failure", "then", NULL };
	struct rfa_table table;

	rfa_out_say(&cli->out, "%s (version %u): %s\n", flow->name, flow->version, flow->summary);
	rfa_table_init(&table, heads);
	for (size_t i = 0; i < flow->n; i++) {
		const struct rfa_step *s = &flow->steps[i];
		struct rfa_buf kind = RFA_BUF_INIT(256);
		char attempts[16];
		snprintf(attempts, sizeof(attempts), "%u", s->max_attempts);
		put_flags(&kind, s);
		rfa_table_cell(&table, rfa_state_word(s->state), RFA_DIM);
		rfa_table_cell(&table, or_dash(s->name), RFA_BOLD);
		rfa_table_cell(&table, or_dash(rfa_role_word(s->on)), RFA_PLAIN);
		rfa_table_cell(&table, s->skipped ? "skipped" : or_dash(rfa_buf_str(&kind)),
			       RFA_PLAIN);
		rfa_table_cell(&table, s->skipped ? "-" : attempts, RFA_PLAIN);
		rfa_table_cell(&table, undo_word(s), RFA_PLAIN);
		rfa_table_cell(&table,
			       s->skipped ? s->skipped
			       : s->then  ? s->then
					  : "next",
			       RFA_PLAIN);
		rfa_buf_release(&kind);
	}
	int rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

/* Markdown, for docs/states.md. */

static void say_markdown_head(const struct rfa_out *o)
{
	rfa_out_say(o, "# States and flows\n\n<!-- made by `rfa flows --format markdown`: edit "
		       "fsm/flows, not this page -->\n");
	rfa_out_say(o,
		    "Every flow goes through the eight states in this order; a state with nothing "
		    "to do is recorded as skipped. A run has the rows whose kind says \"if\" only "
		    "where its stack has that part (a hook, traffic, a migration).\n");
	for (int s = 0; s < RFA_STATE_COUNT; s++)
		rfa_out_say(o, "%d. `%s`", s + 1, rfa_state_word((enum rfa_state)s));
	rfa_out_say(o, "\nThen it ends in one of these:\n");
	rfa_out_say(o, "| final state | meaning |\n|---|---|");
	static const struct {
		enum rfa_final final;
		const char *what;
	} finals[] = {
		{ RFA_FINAL_SUCCEEDED, "all of it" },
		{ RFA_FINAL_ROLLED_BACK,
		  "something that serves was changed, and all of it undone" },
		{ RFA_FINAL_FAILED, "nothing that serves was changed" },
		{ RFA_FINAL_ABORTED, "ended by its operator" },
		{ RFA_FINAL_STUCK, "an undo failed: a person must look" },
	};
	for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]); i++)
		rfa_out_say(o, "| `%s` | %s |", rfa_final_word(finals[i].final), finals[i].what);
	rfa_out_say(o, "\nKinds of steps:\n\n| kind | meaning |\n|---|---|\n"
		       "| changes | changes what serves |");
	for (size_t i = 0; i < N_FLAGS; i++)
		rfa_out_say(o, "| %s | %s |", flags[i].word, flags[i].what);
}

static void say_markdown(const struct rfa_out *o, const struct rfa_flow *flow)
{
	rfa_out_say(o, "\n## %s\n\nVersion %u: %s.\n", flow->name, flow->version, flow->summary);
	rfa_out_say(o, "| state | step | on | kind | attempts | on failure | then |");
	rfa_out_say(o, "|---|---|---|---|---|---|---|");
	for (size_t i = 0; i < flow->n; i++) {
		const struct rfa_step *s = &flow->steps[i];
		struct rfa_buf kind = RFA_BUF_INIT(256);
		put_flags(&kind, s);
		if (s->skipped)
			rfa_out_say(o, "| %s | | | skipped | | | %s |", rfa_state_word(s->state),
				    s->skipped);
		else
			rfa_out_say(o, "| %s | `%s` | %s | %s | %u | %s | %s |",
				    rfa_state_word(s->state), s->name,
				    or_dash(rfa_role_word(s->on)), or_dash(rfa_buf_str(&kind)),
				    s->max_attempts, undo_word(s), s->then ? s->then : "next");
		rfa_buf_release(&kind);
	}
}

/* Dot. */

static void say_dot(const struct rfa_out *o, const struct rfa_flow *flow)
{
	rfa_out_say(o, "digraph \"%s\" {\n\trankdir=TB;\n\tnode [kind=box];", flow->name);
	for (size_t i = 0; i < flow->n; i++) {
		const struct rfa_step *s = &flow->steps[i];
		if (s->skipped)
			rfa_out_say(o, "\tr%zu [label=\"%s\\n(skipped)\", style=dashed];", i,
				    rfa_state_word(s->state));
		else
			rfa_out_say(o, "\tr%zu [label=\"%s\\n%s\"%s];", i, rfa_state_word(s->state),
				    s->name, s->flags & RFA_STEP_READS ? ", style=rounded" : "");
	}
	for (size_t i = 0; i < flow->n; i++) {
		const struct rfa_step *s = &flow->steps[i];
		int to = s->then ? rfa_flow_find(flow, s->then) : -1;
		if (to >= 0)
			rfa_out_say(o, "\tr%zu -> r%d;", i, to);
		else if (s->then)
			rfa_out_say(o, "\tr%zu -> %s;", i, s->then);
		else if (i + 1 < flow->n)
			rfa_out_say(o, "\tr%zu -> r%zu;", i, i + 1);
		if (s->undo && i > 0)
			rfa_out_say(o, "\tr%zu -> r%zu [color=red, label=undo, constraint=false];",
				    i, i - 1);
	}
	rfa_out_say(o, "}");
}

/* JSON. */

static json_t *flow_json(const struct rfa_flow *flow)
{
	json_t *steps = json_array();
	for (size_t i = 0; i < flow->n; i++) {
		const struct rfa_step *s = &flow->steps[i];
		json_t *kinds = json_array();
		for (size_t f = 0; f < N_FLAGS; f++) {
			if (s->flags & flags[f].flag)
				json_array_append_new(kinds, json_string(flags[f].word));
		}
		json_array_append_new(steps,
				      json_pack("{s:s,s:s?,s:s?,s:o,s:s,s:i,s:b,s:s?,s:s?}",
						"state", rfa_state_word(s->state), "step", s->name,
						"on", rfa_role_word(s->on), "kind", kinds, "if",
						rfa_step_part_word(s), "attempts",
						(int)s->max_attempts, "undo", s->undo != NULL,
						"then", s->then, "skipped", s->skipped));
	}
	return json_pack("{s:s,s:i,s:s,s:o}", "flow", flow->name, "version", (int)flow->version,
			 "summary", flow->summary, "steps", steps);
}

/* The command. */

static int find_flow(const char *name, const struct rfa_flow **out, struct rfa_error *err)
{
	struct rfa_suggestion s = { name, NULL, 0 };
	size_t n;
	const struct rfa_flow *const *all = rfa_flows(&n);
	*out = rfa_flow_by_name(name);
	if (*out)
		return 0;
	for (size_t i = 0; i < n; i++)
		rfa_suggest_offer(&s, all[i]->name);
	rfa_fail(err, RFA_ENOTFOUND, "cli", "there is no flow \"%.40s\"", name);
	return s.best ? rfa_error_hint(err, "did you mean `rfa flows %s`?", s.best)
		      : rfa_error_hint(err, "`rfa flows` lists them");
}

static int say_one(struct rfa_cli *cli, const struct rfa_flow *flow, const char *format,
		   struct rfa_error *err)
{
	if (strcmp(format, "markdown") == 0)
		say_markdown(&cli->out, flow);
	else if (strcmp(format, "dot") == 0)
		say_dot(&cli->out, flow);
	else
		return say_text(cli, flow, err);
	return 0;
}

static int run_flows(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *name = rfa_cli_word(cli, 0), *format = rfa_cli_option(cli, "format");
	const struct rfa_flow *one = NULL;
	json_t *list = json_array();
	size_t n;
	const struct rfa_flow *const *all = rfa_flows(&n);
	int rc = name ? find_flow(name, &one, err) : 0;

	if (rc == 0 && !cli->out.json && !name && format && strcmp(format, "markdown") == 0)
		say_markdown_head(&cli->out);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (one && all[i] != one)
			continue;
		if (cli->out.json)
			json_array_append_new(list, flow_json(all[i]));
		else if (!one && !format)
			rfa_out_say(&cli->out, "%-12s %s", all[i]->name, all[i]->summary);
		else
			rc = say_one(cli, all[i], format ? format : "text", err);
	}
	if (rc == 0 && cli->out.json)
		rc = rfa_out_json(&cli->out, list, err);
	json_decref(list);
	return rc;
}

static const struct rfa_option flows_options[] = {
	{ "format", 0, "FORMAT", NULL, "text|markdown|dot",
	  "text, markdown (docs/states.md) or dot" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_flows = {
	.name = "flows",
	.group = "look",
	.words = "[FLOW]",
	.summary = "the flows there are, and the steps of one",
	.options = flows_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa flows", "list them" },
		{ "rfa flows promote", "the steps of one, and what is undone on failure" },
		{ "rfa flows promote --format dot | dot -Tsvg > promote.svg", "a drawing" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.max_words = 1,
	.run = run_flows,
};

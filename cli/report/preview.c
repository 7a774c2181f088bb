/* Prints previews: what will happen, what changes, what travels, what the gates say. */
#include "cli/report/preview.h"

#include <string.h>

#include "cli/config/hosts.h"
#include "cli/config/repository.h"
#include "cli/frame/redact.h"
#include "fsm/parts/text.h"

void rfa_preview_say(const struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan)
{
	const struct rfa_out *o = &cli->out;
	struct rfa_buf title = RFA_BUF_INIT(4096);

	rfa_text_fill(&title, flow->text->title, plan);
	rfa_out_note(o, "%s%s%s", rfa_out_style(o, o->err, RFA_BOLD), rfa_buf_str(&title),
		     rfa_out_style(o, o->err, RFA_PLAIN));
	rfa_buf_release(&title);
	for (const struct rfa_text_line *l = flow->text->lines; l && l->label; l++) {
		struct rfa_buf label = RFA_BUF_INIT(256), text = RFA_BUF_INIT(65536);
		if (!rfa_text_fill(&label, l->label, plan) && !rfa_text_fill(&text, l->text, plan))
			rfa_out_note(o, "  %-14s %s", rfa_buf_str(&label), rfa_buf_str(&text));
		rfa_buf_release(&label);
		rfa_buf_release(&text);
	}
}

/* The change of what is lost. */
static const char GOES[] = "goes for good";

static enum rfa_style style_of(const char *change)
{
	return strcmp(change, "same") == 0 ? RFA_DIM
	       : strcmp(change, GOES) == 0 ? RFA_YELLOW
					   : RFA_GREEN;
}

static int print_changes(struct rfa_cli *cli, const json_t *document, struct rfa_error *err)
{
	static const char *const heads[] = { "what", "now", "then", "change", "", NULL };
	static const char *const keys[] = { "what", "now", "then", "change", "detail" };
	const json_t *rows = json_object_get(document, "changes");
	struct rfa_table table;
	json_t *row;
	size_t i;
	int rc = 0;

	if (json_array_size(rows) == 0)
		return 0;
	rfa_table_init(&table, heads);
	json_array_foreach ((json_t *)rows, i, row) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			rfa_table_cell(&table, rfa_facts_str(row, keys[k], ""),
				       k == 0   ? RFA_BOLD
				       : k == 3 ? style_of(rfa_facts_str(row, "change", ""))
						: RFA_PLAIN);
	}
	rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

/* What the lines of a difference begin with, and how they look. */
static enum rfa_style line_style(const char *line)
{
	return line[0] == '+'                     ? RFA_GREEN
	       : line[0] == '-'                   ? RFA_RED
	       : line[0] == '~' || line[0] == '@' ? RFA_YELLOW
						  : RFA_PLAIN;
}

/* Of files: how each differs. */
static void print_diffs(const struct rfa_cli *cli, const json_t *document)
{
	const struct rfa_out *o = &cli->out;
	struct rfa_buf safe = RFA_BUF_INIT(1 << 20);
	size_t i, n;
	json_t *row, *line;

	json_array_foreach (json_object_get(document, "changes"), i, row) {
		if (!json_array_size(json_object_get(row, "diff")))
			continue;
		rfa_out_say(o, "\n%s%s%s", rfa_out_style(o, o->out, RFA_BOLD),
			    rfa_out_safe(&safe, rfa_facts_str(row, "what", "?"), 400),
			    rfa_out_style(o, o->out, RFA_PLAIN));
		json_array_foreach (json_object_get(row, "diff"), n, line) {
			const char *text = json_string_value(line);
			rfa_out_say(o, "%s%s%s", rfa_out_style(o, o->out, line_style(text)),
				    rfa_out_safe(&safe, text, 1000),
				    rfa_out_style(o, o->out, RFA_PLAIN));
		}
	}
	rfa_buf_release(&safe);
}

static void print_gates(const struct rfa_cli *cli, const json_t *document)
{
	const struct rfa_out *o = &cli->out;
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	size_t i, told = 0, passed = 0;
	json_t *gate;

	json_array_foreach (json_object_get(document, "gates"), i, gate) {
		const char *verdict = rfa_facts_str(gate, "verdict", "");
		const char *hint = rfa_facts_str(gate, "hint", "");
		int refused = strcmp(verdict, "refused") == 0;
		if (strcmp(verdict, "passed") == 0) {
			passed++;
			continue;
		}
		rfa_out_say(o, "%s%s%s %s:%s %s", told++ == 0 ? "\n" : "",
			    rfa_out_style(o, o->out, refused ? RFA_RED : RFA_YELLOW),
			    refused ? "gate" : verdict, rfa_facts_str(gate, "gate", "?"),
			    rfa_out_style(o, o->out, RFA_PLAIN),
			    rfa_out_safe(&safe, rfa_facts_str(gate, "evidence", ""), 800));
		if (*hint)
			rfa_out_say(o, "  hint: %s", rfa_out_safe(&safe, hint, 400));
	}
	rfa_out_say(o, "\n%zu gate%s passed", passed, passed == 1 ? "" : "s");
	rfa_buf_release(&safe);
}

int rfa_preview_verdicts(struct rfa_cli *cli, const json_t *document, struct rfa_error *err)
{
	static const char *const heads[] = { "gate", "verdict", "evidence", "mend", NULL };
	struct rfa_table table;
	json_t *gate;
	size_t i;

	rfa_table_init(&table, heads);
	json_array_foreach (json_object_get(document, "gates"), i, gate) {
		const char *verdict = rfa_facts_str(gate, "verdict", "");
		enum rfa_style style = strcmp(verdict, "passed") == 0    ? RFA_GREEN
				       : strcmp(verdict, "refused") == 0 ? RFA_RED
									 : RFA_YELLOW;
		rfa_table_cell(&table, rfa_facts_str(gate, "gate", ""), RFA_PLAIN);
		rfa_table_cell(&table, verdict, style);
		rfa_table_cell(&table, rfa_facts_str(gate, "evidence", ""), RFA_PLAIN);
		rfa_table_cell(&table, rfa_facts_str(gate, "hint", ""), RFA_PLAIN);
	}
	int rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

/* How long what serves was stopped the last time: the best guess that there is. */
static void print_interruption(const struct rfa_cli *cli, const struct rfa_flow *flow,
			       const json_t *plan, const json_t *document)
{
	const json_t *times = json_object_get(document, "interruption");

	for (const struct rfa_role *role = flow->roles; role->id; role++) {
		const json_t *ms = json_object_get(times, rfa_role_word(role->id));
		const json_t *side = json_object_get(plan, rfa_role_word(role->id));
		char text[RFA_SHORT_MAX];
		if (ms)
			rfa_out_note(&cli->out,
				     "the last such run interrupted what serves on %s for %s",
				     rfa_facts_str(side, "env", "?"),
				     rfa_out_duration(text, json_integer_value(ms)));
	}
}

static int print(struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan,
		 const json_t *document, struct rfa_error *err)
{
	int64_t bytes = rfa_facts_int(document, "bytes", 0);

	if (rfa_cli_option(cli, "gates"))
		return rfa_preview_verdicts(cli, document, err);
	int rc = print_changes(cli, document, err);
	if (rc < 0)
		return rc;
	print_diffs(cli, document);
	print_gates(cli, document);
	if (bytes > 0)
		rfa_out_note(&cli->out, "at most %s would travel", RFA_SIZE(bytes));
	print_interruption(cli, flow, plan, document);
	if (strcmp(rfa_facts_str(document, "verdict", ""), "same") == 0)
		rfa_out_say(&cli->out, "nothing would change%s%s",
			    rfa_facts_at(plan, "nothing") ? ": " : "",
			    rfa_facts_str(plan, "nothing", ""));
	rfa_out_note(&cli->out, "Nothing was touched.");
	return 0;
}

int rfa_preview_refused(const json_t *document, struct rfa_error *err)
{
	size_t i, n = 0;
	json_t *gate;

	if (strcmp(rfa_facts_str(document, "verdict", ""), "refused") != 0)
		return 0;
	json_array_foreach (json_object_get(document, "gates"), i, gate) {
		if (strcmp(rfa_facts_str(gate, "verdict", ""), "refused") != 0 || n++ > 0)
			continue;
		rfa_fail(err, RFA_EREFUSED, "gate", "%s", rfa_facts_str(gate, "evidence", ""));
		rfa_error_where(err, "gate '%s'", rfa_facts_str(gate, "gate", ""));
		rfa_error_hint(err, "%s", rfa_facts_str(gate, "hint", ""));
	}
	return -(int)RFA_EREFUSED;
}

int rfa_preview_read(struct rfa_cli *cli, const json_t *plan, json_t **out, struct rfa_error *err)
{
	struct rfa_hosts hosts = { NULL, NULL };
	json_t *document = NULL;
	int rc = rfa_hosts_of_plan(cli, plan, 1, &hosts, err);

	if (rc == 0) {
		struct rfa_run_options options = {
			.ledger = cli->ledger,
			.hosts = { [RFA_SOURCE] = hosts.source, [RFA_TARGET] = hosts.target },
			.clock = cli->clock,
			.cancel = cli->cancel,
			.secret = rfa_cli_secret,
			.login = rfa_cli_login,
			.repository = rfa_cli_repository,
			.secret_user = cli,
		};
		rc = rfa_run_preview(&options, plan, &document, err);
	}
	if (rc == 0 && cli->out.secrets) {
		json_t *shown = rfa_redact_json(cli->out.secrets, document);
		json_decref(document);
		document = shown;
		rc = shown ? 0 : rfa_fail_nomem(err);
	}
	rfa_hosts_release(&hosts);
	*out = document;
	return rc;
}

int rfa_preview_show(struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan,
		     struct rfa_error *err)
{
	json_t *document = NULL;
	int rc = rfa_cli_secrets(cli, plan, err);

	if (rc == 0 && !cli->out.json && !rfa_cli_option(cli, "gates"))
		rfa_preview_say(cli, flow, plan);
	if (rc == 0)
		rc = rfa_preview_read(cli, plan, &document, err);
	if (rc == 0)
		rc = cli->out.json ? rfa_out_json(&cli->out, document, err)
				   : print(cli, flow, plan, document, err);
	if (rc == 0)
		rc = rfa_preview_refused(document, err);
	if (rc == 0 && !rfa_cli_option(cli, "gates"))
		cli->status = strcmp(rfa_facts_str(document, "verdict", ""), "same") == 0
				  ? RFA_PREVIEW_SAME
				  : RFA_PREVIEW_CHANGES;
	json_decref(document);
	return rc;
}

/*
 * Somebody else works there: the run that comes next says who, or waits for it. Until then what the
 * other gates say is of no use.
 */
static int is_locked(const json_t *document)
{
	const json_t *gate;
	size_t i;

	json_array_foreach (json_object_get(document, "gates"), i, gate)
		if (!strcmp(rfa_facts_str(gate, "gate", ""), "lock") &&
		    !strcmp(rfa_facts_str(gate, "verdict", ""), "refused"))
			return 1;
	return 0;
}

/* *document (new; also after a refusal): what the run would find. */
static int judge(struct rfa_cli *cli, const json_t *plan, json_t **document, struct rfa_error *err)
{
	int rc = rfa_cli_secrets(cli, plan, err);

	*document = NULL;
	if (rc == 0)
		rc = rfa_preview_read(cli, plan, document, err);
	if (rc == 0 && !is_locked(*document))
		rc = rfa_preview_refused(*document, err);
	return rc;
}

/* *out (new): what of the table goes for good. */
static int take_going(const json_t *document, json_t **out, struct rfa_error *err)
{
	json_t *row;
	size_t i;
	int rc = 0;

	*out = json_array();
	json_array_foreach (json_object_get(document, "changes"), i, row)
		if (rc == 0 && strcmp(rfa_facts_str(row, "change", ""), GOES) == 0)
			rc = rfa_facts_append(*out, json_incref(json_object_get(row, "what")), err);
	return rc;
}

int rfa_preview_agree(struct rfa_cli *cli, const json_t *plan, json_t **agreed,
		      struct rfa_error *err)
{
	json_t *document;
	int rc = judge(cli, plan, &document, err);

	if (rc == 0 && !cli->out.events)
		rc = print_changes(cli, document, err);
	if (rc == 0)
		rc = take_going(document, agreed, err);
	json_decref(document);
	return rc;
}

int rfa_preview_judge(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err)
{
	json_t *document;
	int rc = judge(cli, plan, &document, err);

	if (rc < 0 && document && !cli->out.events)
		print_gates(cli, document);
	json_decref(document);
	return rc;
}

/* The commands that tell one run: show (its steps) and log (its records). */
#include <string.h>

#include "cli/commands/hooks_due.h"
#include "cli/frame/known.h"
#include "cli/report/points.h"

static int take_first(void *user, const struct rfa_ledger_line *line)
{
	snprintf(user, RFA_RUN_ID_MAX, "%s", line->run);
	return 1;
}

/* A run's id, or the newest run of a stack. */
static int find_run(struct rfa_cli *cli, const char *word, char into[RFA_RUN_ID_MAX],
		    struct rfa_error *err)
{
	struct rfa_ledger_filter filter = { .stack = word, .limit = 1 };
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	int rc = rfa_cli_ledger(cli, err);

	if (rc < 0)
		return rc;
	into[0] = '\0';
	if (rfa_run_id_ok(word)) {
		snprintf(into, RFA_RUN_ID_MAX, "%s", word);
		return 0;
	}
	rc = rfa_ledger_list(cli->ledger, &filter, take_first, into, err);
	if (into[0])
		return 0;
	if (rc < 0)
		return rc;
	if (rfa_known_stack(cli, word, err) == 0) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "the stack %s has no run yet", word);
		return rfa_error_hint(err,
				      "rfa status %s; a first one: rfa promote %s --from ENV "
				      "--to ENV",
				      word, word);
	}
	struct rfa_error nearest = *err; /* the nearest stack, if there is one */
	rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no run \"%s\", and no stack has that name",
		 rfa_out_safe(&safe, word, 60));
	rfa_error_hint(err, "%s; `rfa runs` lists the runs", nearest.hint);
	rfa_known_run(cli, word, err);
	rfa_buf_release(&safe);
	return -(int)RFA_ENOTFOUND;
}

static int load(struct rfa_cli *cli, struct rfa_history **out, struct rfa_error *err)
{
	char run[RFA_RUN_ID_MAX];
	int rc = find_run(cli, rfa_cli_word(cli, 0), run, err);

	if (rc == 0)
		rc = rfa_ledger_load(cli->ledger, run, out, err);
	if (rc == -(int)RFA_ENOTFOUND && rfa_run_id_ok(rfa_cli_word(cli, 0)))
		rfa_known_run(cli, run, err);
	return rc;
}

static json_t *record_json(const struct rfa_record *r)
{
	char iso[RFA_TIME_MAX];
	rfa_time_iso(r->wall_ms, iso);
	json_t *object =
	    json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:O?}", "seq", (int)r->seq, "record",
		      rfa_record_kind_word(r->kind), "time", iso, "state",
		      r->step[0] ? rfa_state_word(r->state) : "", "step", r->step, "host", r->host,
		      "attempt", (int)r->attempt, "outcome", r->outcome, "facts", r->facts);
	if (r->opens[0])
		json_object_set_new(object, "opens", json_string(r->opens));
	return object;
}

static json_t *history_json(const struct rfa_history *h)
{
	struct rfa_buf author = RFA_BUF_INIT(1024);
	json_t *records = json_array();
	for (size_t i = 0; i < h->n; i++)
		json_array_append_new(records, record_json(&h->records[i]));
	json_t *object =
	    json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:O?,s:O?,s:o}", "run", h->run,
		      "flow", h->flow, "flow_version", (int)h->flow_version, "stack", h->stack,
		      "env", h->env, "from", h->from, "author", rfa_out_safe(&author, h->author, 0),
		      "final", rfa_final_word(h->final), "alive", h->alive, "plan_sha256",
		      h->plan_sha256, "plan", h->plan, "summary", h->summary, "records", records);
	rfa_buf_release(&author);
	return object;
}

/* Show. */

/* What a record's facts say in a few words. */
static void put_summary(struct rfa_buf *into, const struct rfa_record *r)
{
	static const char *const paths[] = { "summary", "skipped", "error/msg", "withheld" };
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const char *text = rfa_facts_str(r->facts, paths[i], "");
		if (*text) {
			rfa_buf_puts(into, text);
			return;
		}
	}
}

/* What had nothing to do had nothing to undo. */
static const char *outcome_of(const struct rfa_record *r)
{
	return *rfa_facts_str(r->facts, "skipped", "") ? "skipped" : r->outcome;
}

static enum rfa_style style_of(const struct rfa_record *r)
{
	if (strcmp(outcome_of(r), "skipped") == 0)
		return RFA_DIM;
	switch (r->kind) {
	case RFA_RECORD_DONE:
		return RFA_GREEN;
	case RFA_RECORD_FAILED:
		return RFA_RED;
	case RFA_RECORD_UNDONE:
		return RFA_YELLOW;
	default:
		return RFA_PLAIN;
	}
}

/* A row for every record that closes a step; the last row says where an open run stands. */
static void fill_steps(struct rfa_table *table, const struct rfa_history *h)
{
	int64_t since = h->n ? h->records[0].wall_ms : 0;
	for (size_t i = 1; i < h->n; i++) {
		const struct rfa_record *r = &h->records[i];
		struct rfa_buf summary = RFA_BUF_INIT(8192);
		char took[RFA_SHORT_MAX], attempt[16];
		int open =
		    r->kind == RFA_RECORD_INTENT && i + 1 == h->n && h->final == RFA_FINAL_NONE;

		if (r->kind == RFA_RECORD_PROGRESS || r->kind == RFA_RECORD_END)
			continue;
		if (r->kind == RFA_RECORD_INTENT && !open) {
			since = r->wall_ms;
			continue;
		}
		int64_t ms = rfa_facts_int(r->facts, "ms", r->wall_ms - since);
		since = r->wall_ms;
		snprintf(attempt, sizeof(attempt), "%s%u", r->attempt > 1 ? "attempt " : "",
			 r->attempt);
		put_summary(&summary, r);
		rfa_table_cell(table, rfa_state_word(r->state), RFA_DIM);
		rfa_table_cell(table, r->step, RFA_BOLD);
		rfa_table_cell(table, r->host, RFA_PLAIN);
		rfa_table_cell(table, open ? "open" : outcome_of(r),
			       open ? RFA_YELLOW : style_of(r));
		rfa_table_cell(table, r->attempt > 1 ? attempt : "", RFA_YELLOW);
		rfa_table_cell(table, open ? "" : rfa_out_duration(took, ms), RFA_PLAIN);
		rfa_table_cell(table, rfa_buf_str(&summary), RFA_PLAIN);
		rfa_buf_release(&summary);
	}
}

/* What became of the command of the operator's that stands behind the run. */
static void say_hook(const struct rfa_cli *cli, const struct rfa_history *h)
{
	struct rfa_hook_seen seen;
	struct rfa_error ignored;

	if (rfa_hook_look(cli->ledger, h->plan, h->run, h->final, &seen, &ignored))
		return;
	if (seen.due)
		rfa_out_say(&cli->out, "  hook     \"%s\" has not run: rfa resume %s runs it",
			    seen.which, h->run);
	else if (seen.run[0])
		rfa_out_say(&cli->out, "  hook     \"%s\" %s", seen.which, seen.how);
}

static void say_way_back(struct rfa_cli *cli, const struct rfa_history *h, const char *label,
			 const char *point)
{
	struct rfa_buf command = RFA_BUF_INIT(4096);

	rfa_points_command(cli, h->env, h->stack, point, &command);
	rfa_out_say(&cli->out, "%s%s", label, rfa_buf_str(&command));
	rfa_buf_release(&command);
}

static void say_head(struct rfa_cli *cli, const struct rfa_history *h)
{
	const struct rfa_out *o = &cli->out;
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	char text[RFA_SHORT_MAX];
	const char *force = rfa_facts_str(h->plan, "options/force_reason", "");

	rfa_out_say(o, "%srun %s%s  %s %s %s%s%s", rfa_out_style(o, o->out, RFA_BOLD), h->run,
		    rfa_out_style(o, o->out, RFA_PLAIN), h->flow, h->stack, h->from,
		    h->from[0] ? " > " : "", h->env);
	if (h->n)
		rfa_out_say(o, "  begun    %s by %s", rfa_out_time(text, h->records[0].wall_ms),
			    rfa_out_safe(&safe, h->author, 100));
	if (h->final != RFA_FINAL_NONE)
		rfa_out_say(
		    o, "  ended    %s: %s%s%s",
		    h->n ? rfa_out_time(text, h->records[h->n - 1].wall_ms) : "",
		    rfa_out_style(o, o->out, h->final == RFA_FINAL_SUCCEEDED ? RFA_GREEN : RFA_RED),
		    rfa_final_word(h->final), rfa_out_style(o, o->out, RFA_PLAIN));
	else
		rfa_out_say(o, "  %s", h->alive ? "running" : "interrupted");
	if (*rfa_facts_str(h->summary, "version", ""))
		rfa_out_say(o, "  version  %s",
			    rfa_out_safe(&safe, rfa_facts_str(h->summary, "version", ""), 100));
	if (*rfa_facts_str(h->summary, "point", ""))
		say_way_back(cli, h, "  back     ", rfa_facts_str(h->summary, "point", ""));
	if (*rfa_facts_str(h->summary, "data_point", ""))
		say_way_back(cli, h, "           ", rfa_facts_str(h->summary, "data_point", ""));
	if (*rfa_facts_str(h->summary, "why/msg", ""))
		rfa_out_say(o, "  why      %s: %s", rfa_facts_str(h->summary, "why_step", "?"),
			    rfa_out_safe(&safe, rfa_facts_str(h->summary, "why/msg", ""), 500));
	if (*force)
		rfa_out_say(o, "  FORCED   %s", rfa_out_safe(&safe, force, 300));
	if (rfa_facts_bool(h->plan, "options/no_backup", 0))
		rfa_out_say(o, "  backup   none: %s",
			    rfa_out_safe(&safe, rfa_facts_str(h->plan, "options/reason", ""), 300));
	else if (rfa_facts_bool(h->plan, "options/backup_first", 0))
		rfa_out_say(
		    o, "  backup   %s, made before it",
		    rfa_out_safe(&safe, rfa_facts_str(h->plan, "options/data_backup", ""), 100));
	say_hook(cli, h);
	if (h->final == RFA_FINAL_NONE && !h->alive)
		rfa_out_say(o, "  ways out rfa resume %s | rfa rollback %s | rfa abort %s", h->run,
			    h->run, h->run);
	rfa_out_say(o, "%s", "");
	rfa_buf_release(&safe);
}

static void say_lines(const struct rfa_out *o, const char *head, const json_t *logs)
{
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	const char *container;
	json_t *lines, *line;
	size_t i;
	json_object_foreach ((json_t *)logs, container, lines) {
		rfa_out_say(o, "\n%s %s", head, rfa_out_safe(&safe, container, 200));
		json_array_foreach (lines, i, line) {
			const char *text = json_string_value(line);
			rfa_out_say(o, "  | %s", rfa_out_safe(&safe, text ? text : "", 1000));
		}
	}
	rfa_buf_release(&safe);
}

/* The gates that were passed on purpose. */
static void say_forced(const struct rfa_out *o, const json_t *gates)
{
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	json_t *gate;
	size_t i;
	json_array_foreach ((json_t *)gates, i, gate) {
		if (strcmp(rfa_facts_str(gate, "verdict", ""), "forced") == 0)
			rfa_out_say(o, "\ngate %s, forced: %s", rfa_facts_str(gate, "gate", "?"),
				    rfa_out_safe(&safe, rfa_facts_str(gate, "evidence", ""), 800));
	}
	rfa_buf_release(&safe);
}

/* Of a check that is right there is no more to say. */
static void fill_checks(struct rfa_table *table, const struct rfa_record *r, const json_t *checks)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)checks, i, one) {
		const char *answer = rfa_facts_str(one, "answer", "");
		int ok = rfa_facts_bool(one, "ok", 0);
		char took[RFA_SHORT_MAX], tries[24];
		struct rfa_buf why = RFA_BUF_INIT(65536);

		snprintf(tries, sizeof(tries), "%lld", (long long)rfa_facts_int(one, "tries", 0));
		rfa_buf_puts(&why, rfa_facts_str(one, "why", ""));
		if (*answer)
			rfa_buf_printf(&why, "; it said: %s", answer);
		rfa_table_cell(table, r->step, RFA_DIM);
		rfa_table_cell(table, rfa_facts_str(one, "name", "?"), RFA_BOLD);
		rfa_table_cell(table, rfa_facts_str(one, "kind", "?"), RFA_PLAIN);
		rfa_table_cell(table, ok ? "right" : "wrong", ok ? RFA_GREEN : RFA_RED);
		rfa_table_cell(table, tries, RFA_PLAIN);
		rfa_table_cell(table, rfa_out_duration(took, rfa_facts_int(one, "ms", 0)),
			       RFA_PLAIN);
		rfa_table_cell(table, rfa_buf_str(&why), RFA_PLAIN);
		rfa_buf_release(&why);
	}
}

/* How the checks went, each time that they were asked. */
static int say_checks(struct rfa_out *o, const struct rfa_history *h, struct rfa_error *err)
{
	static const char *const heads[] = { "step",  "check", "kind", "verdict",
					     "tries", "took",  "why",  NULL };
	struct rfa_table table;
	int rc = 0;

	rfa_table_init(&table, heads);
	for (size_t i = 0; i < h->n; i++) {
		const struct rfa_record *r = &h->records[i];
		fill_checks(&table, r, json_object_get(r->facts, "checks"));
		fill_checks(&table, r, json_object_get(r->facts, "checks_back"));
	}
	if (table.n_cells > 0) {
		rfa_out_say(o, "%s", "");
		rc = rfa_table_print(o, &table, err);
	}
	rfa_table_release(&table);
	return rc;
}

/* What was kept with a failure: the gates that refused, and the containers' last lines. */
static void say_evidence(const struct rfa_out *o, const struct rfa_history *h)
{
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	json_t *gate;
	size_t i;
	for (size_t r = 0; r < h->n; r++) {
		say_forced(o, json_object_get(h->records[r].facts, "gates"));
		if (h->records[r].kind != RFA_RECORD_FAILED)
			continue;
		json_array_foreach (json_object_get(h->records[r].facts, "gates"), i, gate) {
			if (strcmp(rfa_facts_str(gate, "verdict", ""), "refused") != 0)
				continue;
			rfa_out_say(o, "\ngate %s: %s", rfa_facts_str(gate, "gate", "?"),
				    rfa_out_safe(&safe, rfa_facts_str(gate, "evidence", ""), 800));
			rfa_out_say(o, "  hint: %s",
				    rfa_out_safe(&safe, rfa_facts_str(gate, "hint", "-"), 400));
		}
		say_lines(o, "what answered", json_object_get(h->records[r].facts, "answers"));
		say_lines(o, "the last lines of", json_object_get(h->records[r].facts, "logs"));
	}
	rfa_buf_release(&safe);
}

static int run_show(struct rfa_cli *cli, struct rfa_error *err)
{
	static const char *const heads[] = { "state", "step", "host",  "outcome",
					     "",      "took", "facts", NULL };
	struct rfa_history *history = NULL;
	struct rfa_table table;
	int rc = load(cli, &history, err);

	if (rc < 0)
		return rc;
	rfa_table_init(&table, heads);
	if (cli->out.json) {
		json_t *document = history_json(history);
		rc = rfa_out_json(&cli->out, document, err);
		json_decref(document);
	} else {
		say_head(cli, history);
		fill_steps(&table, history);
		rc = rfa_table_print(&cli->out, &table, err);
		if (rc == 0)
			rc = say_checks(&cli->out, history, err);
		say_evidence(&cli->out, history);
	}
	rfa_table_release(&table);
	rfa_history_free(history);
	return rc;
}

const struct rfa_cli_command rfa_cmd_show = {
	.name = "show",
	.group = "look",
	.words = "RUN|STACK",
	.summary = "one run: its steps, how long they took, what they found",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa show 20261122-103015-4f2a9c", "one run" },
		{ "rfa show ragflowauth", "the newest run of a stack" },
		{ "rfa show ragflowauth --json | jq .plan", "its frozen plan" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* Log. */

static void say_record(const struct rfa_out *o, const struct rfa_record *r)
{
	struct rfa_buf line = RFA_BUF_INIT(4 * RFA_FACTS_MAX_BYTES), text = RFA_BUF_INIT(8192);
	char time[RFA_SHORT_MAX];

	rfa_buf_printf(&line, "%4u  %s  %-8s", (unsigned)r->seq, rfa_out_time(time, r->wall_ms),
		       rfa_record_kind_word(r->kind));
	if (r->step[0])
		rfa_buf_printf(&line, "  %-14s  %-24s", rfa_state_word(r->state), r->step);
	if (r->step[0])
		rfa_buf_printf(&line, "  %-8s", r->host);
	if (r->outcome[0])
		rfa_buf_printf(&line, "  %s", r->outcome);
	if (r->attempt > 1)
		rfa_buf_printf(&line, "  attempt %u", r->attempt);
	put_summary(&text, r);
	if (text.len) {
		rfa_buf_puts(&line, "  ");
		rfa_buf_put_printable(&line, rfa_buf_str(&text), text.len, 300);
	}
	if (o->verbose)
		rfa_out_facts(&line, r->facts, "        ", 0);
	struct rfa_buf cut = RFA_BUF_INIT(64 * 1024);
	if (o->width > 0 && !o->verbose)
		rfa_out_cut(o, &cut, rfa_buf_str(&line), (size_t)o->width);
	rfa_out_say(o, "%s", cut.len ? rfa_buf_str(&cut) : rfa_buf_str(&line));
	rfa_buf_release(&cut);
	rfa_buf_release(&line);
	rfa_buf_release(&text);
}

static int run_log(struct rfa_cli *cli, struct rfa_error *err)
{
	struct rfa_history *history = NULL;
	int rc = load(cli, &history, err);

	if (rc == 0 && cli->out.json) {
		json_t *list = json_array();
		for (size_t i = 0; i < history->n; i++)
			json_array_append_new(list, record_json(&history->records[i]));
		rc = rfa_out_json(&cli->out, list, err);
		json_decref(list);
	} else if (rc == 0) {
		rfa_out_note(&cli->out, "run %s: %s %s on %s", history->run, history->flow,
			     history->stack, history->env);
		for (size_t i = 0; i < history->n; i++)
			say_record(&cli->out, &history->records[i]);
	}
	rfa_history_free(history);
	return rc;
}

const struct rfa_cli_command rfa_cmd_log = {
	.name = "log",
	.group = "look",
	.words = "RUN|STACK",
	.summary = "every record of a run, a line each",
	.details =
	    "With -v the whole facts follow each line. `rfa ledger git log` shows the same to an\n"
	    "auditor without rfa.",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa log ragflowauth", "the newest run of a stack" },
		{ "rfa log 20261122-103015-4f2a9c -v", "one run, with all facts" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_log,
};

/* `rfa runs`: the runs that there were, and those that there are. */
#include <string.h>

#include "cli/frame/known.h"
#include "cli/report/run_list.h"

static const char *final_text(const struct rfa_ledger_line *line)
{
	if (line->final != RFA_FINAL_NONE)
		return rfa_final_word(line->final);
	return line->alive ? "running" : "interrupted";
}

static enum rfa_style final_style(const struct rfa_ledger_line *line)
{
	switch (line->final) {
	case RFA_FINAL_SUCCEEDED:
		return RFA_GREEN;
	case RFA_FINAL_STUCK:
		return RFA_RED;
	case RFA_FINAL_NONE:
		return RFA_YELLOW;
	default:
		return RFA_PLAIN;
	}
}

const char *rfa_line_state(const struct rfa_ledger_line *line)
{
	const struct rfa_flow *flow = rfa_flow_by_name(line->flow);
	int row = flow ? rfa_flow_find(flow, line->step) : -1;
	return row >= 0 ? rfa_state_word(flow->steps[row].state) : line->state;
}

json_t *rfa_line_json(const struct rfa_ledger_line *line)
{
	char begun[RFA_TIME_MAX], ended[RFA_TIME_MAX] = "";
	struct rfa_buf author = RFA_BUF_INIT(1024);
	rfa_time_iso(line->begun_ms, begun);
	if (line->ended_ms)
		rfa_time_iso(line->ended_ms, ended);
	json_t *object =
	    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:s}", "run", line->run, "flow",
		      line->flow, "stack", line->stack, "env", line->env, "from", line->from,
		      "author", rfa_out_safe(&author, line->author, 0), "final",
		      rfa_final_word(line->final), "alive", line->alive, "begun", begun, "ended",
		      ended, "state", rfa_line_state(line), "step", line->step);
	rfa_buf_release(&author);
	return object;
}

const char *rfa_line_author(const char *author, char into[128])
{
	snprintf(into, 128, "%.*s", (int)strcspn(author, "<"), author);
	size_t len = strlen(into);
	while (len > 0 && into[len - 1] == ' ')
		into[--len] = '\0';
	return len > 0 ? into : author;
}

/* One listing, as a table and as a document. */
struct listing {
	struct rfa_table table;
	json_t *list;
	size_t n;
};

static int add_run(void *user, const struct rfa_ledger_line *line)
{
	struct listing *l = user;
	char begun[RFA_SHORT_MAX], took[RFA_SHORT_MAX], way[160], where[96], by[128];

	snprintf(way, sizeof(way), "%s%s%s", line->from, line->from[0] ? " > " : "", line->env);
	snprintf(where, sizeof(where), "%s %s", rfa_line_state(line), line->step);
	rfa_table_cell(&l->table, line->run, RFA_BOLD);
	rfa_table_cell(&l->table, rfa_out_time(begun, line->begun_ms), RFA_PLAIN);
	rfa_table_cell(&l->table, line->flow, RFA_PLAIN);
	rfa_table_cell(&l->table, line->stack, RFA_PLAIN);
	rfa_table_cell(&l->table, way, RFA_PLAIN);
	rfa_table_cell(&l->table, final_text(line), final_style(line));
	rfa_table_cell(&l->table,
		       line->ended_ms ? rfa_out_duration(took, line->ended_ms - line->begun_ms)
				      : where,
		       RFA_PLAIN);
	rfa_table_cell(&l->table, rfa_line_author(line->author, by), RFA_DIM);
	json_array_append_new(l->list, rfa_line_json(line));
	l->n++;
	return 0;
}

static int run_runs(struct rfa_cli *cli, struct rfa_error *err)
{
	static const char *const heads[] = { "run",    "begun", "flow", "stack", "from > to",
					     "result", "took",  "by",   NULL };
	struct rfa_ledger_filter filter = {
		.stack = rfa_cli_option(cli, "stack"),
		.env = rfa_cli_option(cli, "env"),
		.open_only = rfa_cli_option(cli, "open") != NULL,
	};
	struct listing l = { .list = json_array() };
	int64_t limit = 20;

	rfa_table_init(&l.table, heads);
	int rc = rfa_args_number(&cli->args, "limit", 1, 1000000, &limit, err);
	filter.limit = (size_t)limit;
	if (rc == 0)
		rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_known_stack(cli, filter.stack, err);
	if (rc == 0)
		rc = rfa_known_env(cli, filter.env, err);
	if (rc == 0)
		rc = rfa_ledger_list(cli->ledger, &filter, add_run, &l, err);
	if (rc == 0 && cli->out.json)
		rc = rfa_out_json(&cli->out, l.list, err);
	else if (rc == 0 && l.n == 0)
		rfa_out_say(&cli->out, filter.open_only ? "no run is unfinished" : "no run yet");
	else if (rc == 0)
		rc = rfa_table_print(&cli->out, &l.table, err);
	if (rc == 0 && !cli->out.json && l.n == filter.limit)
		rfa_out_note(&cli->out, "older ones: --limit %d", (int)(limit * 5));
	rfa_table_release(&l.table);
	json_decref(l.list);
	return rc;
}

static const struct rfa_option runs_options[] = {
	{ "stack", 0, "STACK", NULL, NULL, "only of this stack" },
	{ "env", 0, "ENV", NULL, NULL, "only in this environment" },
	{ "open", 0, NULL, NULL, NULL, "only those that have not ended" },
	{ "limit", 'n', "N", NULL, NULL, "at most so many; default 20" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_runs = {
	.name = "runs",
	.group = "look",
	.words = "",
	.summary = "list runs, newest first",
	.options = runs_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa runs", "the last twenty" },
		{ "rfa runs --open", "those that wait for somebody" },
		{ "rfa runs --stack ragflowauth --env prod --json", "for a program" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.run = run_runs,
};

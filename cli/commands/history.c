/* `rfa history`: what was done, a line a run. */
#include <string.h>

#include "cli/frame/aside.h"
#include "cli/frame/known.h"
#include "cli/frame/moment.h"
#include "cli/frame/redact.h"
#include "fsm/base/suggest.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/past.h"

enum { LINE_MAX_BYTES = 64 << 10, PART_MAX_BYTES = 256 << 20 };

/* What is asked for. Times are in the form of the file, which sorts. */
struct wanted {
	struct rfa_cli *cli;
	char since[RFA_SHORT_MAX], until[RFA_SHORT_MAX], status[16];
	int open;
	size_t limit;
	json_t *list; /* newest first */
};

/* Which lines. */

static int fits(const struct wanted *w, const json_t *entry)
{
	static const char *const filters[] = { "stack", "env", "action" };
	const char *time = rfa_facts_str(entry, "time", "");

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		const char *value = rfa_cli_option(w->cli, filters[i]);
		if (value && strcmp(value, rfa_facts_str(entry, filters[i], "")) != 0)
			return 0;
	}
	if (w->status[0] && strcmp(w->status, rfa_facts_str(entry, "status", "")) != 0)
		return 0;
	if ((w->since[0] && strcmp(time, w->since) < 0) ||
	    (w->until[0] && strcmp(time, w->until) > 0))
		return 0;
	return !rfa_cli_option(w->cli, "forced") ||
	       strstr(rfa_facts_str(entry, "notes", ""), "FORCED") != NULL;
}

/* *open: 1 if what it brought by force is unproven to this day. */
static int is_open(const struct wanted *w, const json_t *entry, int *open, struct rfa_error *err)
{
	json_t *debt = NULL;
	int rc = 0;

	*open = 0;
	if (strcmp(rfa_facts_str(entry, "status", ""), "success") != 0)
		return 0;
	rc = rfa_catalog_debt(w->cli->ledger, rfa_facts_str(entry, "env", ""),
			      rfa_facts_str(entry, "stack", ""),
			      rfa_facts_str(entry, "version", ""), 0, &debt, err);
	*open = debt != NULL;
	json_decref(debt);
	return rc;
}

static int take_entry(struct wanted *w, json_t *entry, struct rfa_error *err)
{
	int take = fits(w, entry);
	int rc = take && w->open ? is_open(w, entry, &take, err) : 0;

	return rc == 0 && take ? rfa_facts_append(w->list, json_incref(entry), err) : rc;
}

static int take_line(struct wanted *w, const char *line, size_t len, struct rfa_error *err)
{
	json_t *entry = rfa_past_entry(line, len);
	int rc = entry ? take_entry(w, entry, err) : rfa_fail_nomem(err);

	json_decref(entry);
	return rc;
}

/* The runs' own stay in their order; what was imported goes where its time is. */
static int merge(struct wanted *w, const json_t *past, struct rfa_error *err)
{
	json_t *both = json_array();
	size_t i = 0, k = 0;
	int rc = both ? 0 : rfa_fail_nomem(err);

	while (rc == 0 && json_array_size(both) < w->limit) {
		json_t *own = json_array_get(w->list, i), *old = json_array_get(past, k);
		int is_old = old && (!own || strcmp(rfa_facts_str(old, "time", ""),
						    rfa_facts_str(own, "time", "")) > 0);
		if (!own && !old)
			break;
		rc = rfa_facts_append(both, json_incref(is_old ? old : own), err);
		k += is_old != 0;
		i += !is_old;
	}
	if (rc < 0) {
		json_decref(both);
		return rc;
	}
	json_decref(w->list);
	w->list = both;
	return 0;
}

/* A part is in the order of time: read from its end. */
static int take_part(struct wanted *w, const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(PART_MAX_BYTES);
	int rc = rfa_ledger_read(w->cli->ledger, path, &text, err);
	const char *begin = rfa_buf_str(&text), *end = begin + text.len;

	while (rc == 0 && end > begin && json_array_size(w->list) < w->limit) {
		const char *stop = end[-1] == '\n' ? end - 1 : end;
		const char *start = stop;
		while (start > begin && start[-1] != '\n')
			start--;
		if (stop > start)
			rc = take_line(w, start, (size_t)(stop - start), err);
		end = start;
	}
	rfa_buf_release(&text);
	return rc;
}

/* The newest part is history.log; the others are called after runs, so that names sort by time. */
static int take_parts(struct wanted *w, struct rfa_error *err)
{
	json_t *names = NULL;
	char path[256];
	int rc = take_part(w, "history.log", err);

	if (rc == -(int)RFA_ENOTFOUND) { /* nothing was done yet */
		rfa_error_clear(err);
		rc = 0;
	}
	if (rc == 0)
		rc = rfa_ledger_names(w->cli->ledger, "history", &names, err);
	for (size_t i = json_array_size(names); rc == 0 && i-- > 0;) {
		if (json_array_size(w->list) >= w->limit)
			break;
		snprintf(path, sizeof(path), "history/%.200s",
			 json_string_value(json_array_get(names, i)));
		rc = take_part(w, path, err);
	}
	json_decref(names);
	return rc;
}

/* What was imported: as many as are wanted, newest first. */
static int take_imported(struct wanted *w, struct rfa_error *err)
{
	struct wanted past = *w;
	json_t *all = NULL;
	size_t i;
	int rc = rfa_past_imported(w->cli->ledger, rfa_cli_option(w->cli, "env"),
				   rfa_cli_option(w->cli, "stack"), &all, err);

	past.list = json_array();
	if (rc == 0 && !past.list)
		rc = rfa_fail_nomem(err);
	for (i = json_array_size(all); rc == 0 && i-- > 0;)
		if (json_array_size(past.list) < w->limit)
			rc = take_entry(&past, json_array_get(all, i), err);
	if (rc == 0)
		rc = merge(w, past.list, err);
	json_decref(past.list);
	json_decref(all);
	return rc;
}

/* What is asked for. */

/* A flow; or, of what was imported, whatever stands there: then there is something to show. */
static int known_action(const struct wanted *w, struct rfa_error *err)
{
	const char *action = rfa_cli_option(w->cli, "action");
	struct rfa_suggestion s = { action, NULL, 0 };
	const struct rfa_flow *const *flows;
	size_t n;

	if (!action || json_array_size(w->list) || rfa_flow_by_name(action))
		return 0;
	flows = rfa_flows(&n);
	for (size_t i = 0; i < n; i++)
		rfa_suggest_offer(&s, flows[i]->name);
	rfa_fail(err, RFA_ENOTFOUND, "cli", "there is no action \"%.60s\"", action);
	return s.best ? rfa_error_hint(err, "did you mean --action %s?", s.best)
		      : rfa_error_hint(err, "`rfa flows` lists them");
}

static int read_times(struct wanted *w, struct rfa_error *err)
{
	int64_t since = -1, until = -1;
	int rc = rfa_cli_moment(w->cli, "since", 0, &since, err);

	if (rc == 0)
		rc = rfa_cli_moment(w->cli, "until", 1, &until, err);
	if (rc == 0 && since >= 0)
		rfa_out_time(w->since, since);
	if (rc == 0 && until >= 0)
		rfa_out_time(w->until, until);
	return rc;
}

static int read_wanted(struct wanted *w, struct rfa_error *err)
{
	const struct rfa_cli *cli = w->cli;
	const char *status = rfa_cli_option(cli, "status");
	int64_t limit = rfa_cli_option(cli, "export") ? INT32_MAX : 20;
	int rc = rfa_args_number(&cli->args, "limit", 1, 1000000, &limit, err);

	w->limit = (size_t)limit;
	w->open = rfa_cli_option(cli, "open") != NULL;
	snprintf(w->status, sizeof(w->status), "%s", status ? status : "");
	if (strcmp(w->status, "rolled-back") == 0)
		w->status[6] = ' ';
	if (rc == 0 && w->open && !rfa_cli_option(cli, "forced")) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--open goes with --forced");
		rc = rfa_error_hint(err, "runs that have not ended: rfa runs --open");
	}
	if (rc == 0 && cli->out.json && rfa_cli_option(cli, "export")) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--export writes plain text: it has no --json");
		rc = rfa_error_hint(err, "leave one of them out");
	}
	if (rc == 0)
		rc = read_times(w, err);
	return rc;
}

/* Telling. */

static int print_history(struct rfa_cli *cli, const json_t *list, struct rfa_error *err)
{
	const char *heads[RFA_PAST_FIELDS + 1];
	struct rfa_table table;
	json_t *entry;
	size_t i;
	for (i = 0; i <= RFA_PAST_FIELDS; i++)
		heads[i] = rfa_past_field_name(i);
	rfa_table_init(&table, heads);
	json_array_foreach ((json_t *)list, i, entry) {
		for (size_t f = 0; f < RFA_PAST_FIELDS; f++) {
			const char *text = rfa_facts_str(entry, rfa_past_field_name(f), "");
			int good = strcmp(text, "success") == 0;
			rfa_table_cell(&table, text,
				       f != 5 ? RFA_PLAIN
				       : good ? RFA_GREEN
					      : RFA_YELLOW);
		}
	}
	int rc = 0;
	if (json_array_size(list) == 0)
		rfa_out_say(&cli->out, "nothing of that kind was done yet");
	else
		rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

/* A line of the file; a ledger that came from elsewhere may hold anything. */
static void put_line(const struct rfa_cli *cli, const json_t *entry, struct rfa_buf *out)
{
	struct rfa_buf clean = RFA_BUF_INIT(LINE_MAX_BYTES);

	for (size_t f = 0; f < RFA_PAST_FIELDS; f++) {
		const char *text = rfa_facts_str(entry, rfa_past_field_name(f), "");
		rfa_buf_clear(&clean);
		rfa_redact(&clean, cli->out.secrets, text);
		rfa_buf_puts(out, f ? " | " : "");
		rfa_buf_put_printable(out, rfa_buf_str(&clean), clean.len, 0);
	}
	rfa_buf_putc(out, '\n');
	rfa_buf_release(&clean);
}

static int export_history(struct rfa_cli *cli, const json_t *list, struct rfa_error *err)
{
	const char *path = rfa_cli_option(cli, "export");
	struct rfa_buf text = RFA_BUF_INIT(PART_MAX_BYTES);
	json_t *lines = json_array();
	size_t n;
	int rc = lines ? 0 : rfa_fail_nomem(err);

	for (size_t i = json_array_size(list); rc == 0 && i-- > 0;)
		rc = rfa_past_export(json_array_get(list, i), lines, err);
	n = json_array_size(lines);
	for (size_t i = 0; i < n; i++)
		put_line(cli, json_array_get(lines, i), &text);
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	json_decref(lines);
	if (rc == 0 && strcmp(path, "-") == 0)
		fwrite(rfa_buf_str(&text), 1, text.len, cli->out.out);
	else if (rc == 0 && (rc = rfa_aside_whole(path, &text, 0600, 0, err)) == 0)
		rfa_out_say(&cli->out, "%zu line%s, oldest first; times are UTC: %s", n,
			    n == 1 ? "" : "s", path);
	rfa_buf_release(&text);
	return rc;
}

static int run_history(struct rfa_cli *cli, struct rfa_error *err)
{
	struct wanted w = { .cli = cli, .list = json_array() };
	int rc = w.list ? read_wanted(&w, err) : rfa_fail_nomem(err);

	if (rc == 0)
		rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_known_stack(cli, rfa_cli_option(cli, "stack"), err);
	if (rc == 0)
		rc = rfa_known_env(cli, rfa_cli_option(cli, "env"), err);
	if (rc == 0)
		rc = take_parts(&w, err);
	if (rc == 0)
		rc = take_imported(&w, err);
	if (rc == 0)
		rc = known_action(&w, err);
	if (rc == 0)
		rc = cli->out.json                   ? rfa_out_json(&cli->out, w.list, err)
		     : rfa_cli_option(cli, "export") ? export_history(cli, w.list, err)
						     : print_history(cli, w.list, err);
	json_decref(w.list);
	return rc;
}

static const struct rfa_option history_options[] = {
	{ "stack", 0, "STACK", NULL, NULL, "only of this stack" },
	{ "env", 0, "ENV", NULL, NULL, "only in this environment" },
	{ "action", 0, "FLOW", NULL, NULL, "only of this flow: deploy, rollback, …" },
	{ "status", 0, "STATUS", NULL, "success|fail|rolled-back|aborted|stuck",
	  "only those that ended so" },
	{ "since", 0, "TIME", NULL, NULL, "not before: " RFA_MOMENT_FORMS },
	{ "until", 0, "TIME", NULL, NULL, "not after; a day counts whole" },
	{ "forced", 0, NULL, NULL, NULL, "only what was forced" },
	{ "open", 0, NULL, NULL, NULL,
	  "with --forced: only what brought a version that is unproven to this day" },
	{ "limit", 'n', "N", NULL, NULL, "at most so many; default 20, of --export all" },
	{ "export", 0, "FILE", NULL, NULL,
	  "write them as plain text, oldest first, into a new file; -: to the screen" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_history = {
	.name = "history",
	.group = "look",
	.words = "",
	.summary = "the deployment history, a line a run",
	.details =
	    "The file history.log of the ledger, and its older parts in history/:\n"
	    "time | stack | env | action | version | status | notes. Times are UTC (\"Z\").\n"
	    "A version that went back by itself has the status \"rolled back\", and notes say "
	    "why.\n"
	    "Of a rollback they say from which version. What `rfa import history` has brought is\n"
	    "marked \"imported\". --export never replaces a file; only its owner can read the\n"
	    "new one. There a version that went back by itself is two lines, as in the files of\n"
	    "deployment scripts: it failed, and the one before was put back.",
	.options = history_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa history --stack odoo18 --env prod", "one stack in one environment" },
		{ "rfa history --status fail --since 7d", "what failed in the last week" },
		{ "rfa history --forced --open", "what was forced and is unproven to this day" },
		{ "rfa history --since 2026-11-01 --until 2026-11-30 --export november.log",
		  "a month, for the auditor" },
		{ "rfa ledger git show main:history.log", "the file itself" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.run = run_history,
};

/* Says a failure so that whoever reads it at night knows what is true and what to type. */
#include "cli/frame/cli.h"

#include <string.h>

#include "cli/report/reporter.h"
#include "fsm/parts/text.h"

enum { NOW_MAX = 512 };

/* What is true after each way for a run to end, as far as somebody looked. */
static const char *now_of(const struct rfa_run_report *report, const struct rfa_error *err,
			  char into[NOW_MAX])
{
	if (!report->result.run[0])
		return "no run was begun; no host was changed";
	switch (report->result.final) {
	case RFA_FINAL_NONE:
		return err->code == RFA_EREFUSED || err->code == RFA_ELOCKED
			   ? "nothing was done to this run now; it stands where it stood"
			   : "the run stands where it was stopped; nothing was undone, its locks "
			     "hold";
	case RFA_FINAL_SUCCEEDED:
		return "the run succeeded";
	case RFA_FINAL_ROLLED_BACK:
		snprintf(into, NOW_MAX, "%s%s%s%s%s",
			 report->schema[0] ? "the containers of before were put back"
					   : "everything that the run changed was undone",
			 report->seen[0] ? "; " : "", report->seen, report->schema[0] ? "; " : "",
			 report->schema);
		return into;
	case RFA_FINAL_FAILED:
		return "nothing that serves was changed";
	case RFA_FINAL_ABORTED:
		return "the run has ended; `rfa show` says what was undone and what was left";
	case RFA_FINAL_STUCK:
		return "the way back failed in part: what runs there is uncertain; `rfa lock show "
		       "ENV` says whether a host is still locked";
	}
	return "";
}

/* What to look at first, by code, where the error itself gives no advice. */
static const char *next_of(enum rfa_code code)
{
	static const char *const nexts[RFA_CODE_COUNT] = {
		[RFA_ECONFIG] = "rfa check",
		[RFA_ENOTFOUND] = "rfa runs",
		[RFA_ECORRUPT] = "rfa ledger verify",
		[RFA_EUNREACHABLE] = "rfa check --connect",
		[RFA_EAUTH] = "rfa check --connect",
		[RFA_EHOSTKEY] = "rfa check --connect",
		[RFA_ENOSHELL] = "rfa check --connect",
		[RFA_ESESSIONS] = "rfa check --connect",
		[RFA_ENOSPACE] = "free space on the host, then the same command again",
		[RFA_EUNSUPPORTED] = "rfa doctor",
		[RFA_EINTERNAL] = "rfa doctor",
		[RFA_EIO] = "rfa doctor",
		[RFA_EUNHEALTHY] = "mend the service, then the same command again",
	};
	return code < RFA_CODE_COUNT ? nexts[code] : NULL;
}

/* A text that is not there is not told; "" leaves the word alone on its line. */
static void label(const struct rfa_out *o, const char *word, const char *text)
{
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	if (text)
		fprintf(o->err, "  %s%-9s%s %s\n", rfa_out_style(o, o->err, RFA_DIM), word,
			rfa_out_style(o, o->err, RFA_PLAIN), rfa_out_safe(&safe, text, 2000));
	rfa_buf_release(&safe);
}

static void evidence(const struct rfa_cli *cli, const struct rfa_error *err)
{
	const struct rfa_out *o = &cli->out;
	char text[128];
	if (o->verbose && err->native && err->domain[0]) {
		snprintf(text, sizeof(text), "%s error %d", err->domain, err->native);
		label(o, "evidence", text);
	}
	if (cli->report.n_log > 0)
		label(o, "evidence", "");
	for (size_t i = 0; i < cli->report.n_log; i++)
		fprintf(o->err, "    %s|%s %s\n", rfa_out_style(o, o->err, RFA_DIM),
			rfa_out_style(o, o->err, RFA_PLAIN), cli->report.log[i]);
}

static void ways_out(const struct rfa_out *o, const char *run)
{
	char line[128];
	static const struct {
		const char *command, *what;
	} ways[] = {
		{ "resume", "carry on with it" },
		{ "rollback", "undo what it did" },
		{ "abort", "give it up" },
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(line, sizeof(line), "rfa %s %s   (%s)", ways[i].command, run,
			 ways[i].what);
		label(o, i == 0 ? "next" : "or", line);
	}
}

/* A run that stands half-way: its way on is the very last line of all output. */
static int resumable(const struct rfa_cli *cli, const struct rfa_error *err)
{
	return cli->report.result.run[0] && cli->report.result.final == RFA_FINAL_NONE &&
	       err->code != RFA_ELOCKED && err->code != RFA_EREFUSED;
}

static void next_step(const struct rfa_cli *cli, const struct rfa_error *err)
{
	const struct rfa_out *o = &cli->out;
	const char *run = cli->report.result.run;
	char line[160];

	/* One that a process drives is waited for: the hint says so. */
	if (cli->report.result.blocker[0] && !strncmp(err->hint, "rfa resume ", 11)) {
		ways_out(o, cli->report.result.blocker);
		return;
	}
	/* The driver's own advice is what the last line says. */
	if (!resumable(cli, err) || strncmp(err->hint, "rfa resume ", 11) != 0)
		label(o, "hint", err->hint[0] ? err->hint : NULL);
	if (run[0] && cli->report.result.final != RFA_FINAL_NONE) {
		snprintf(line, sizeof(line), "rfa show %s", run);
		label(o, "next", line);
	} else if (!err->hint[0] && !resumable(cli, err)) {
		label(o, "next", next_of(err->code));
	}
}

static void where_of(const struct rfa_cli *cli, const struct rfa_error *err, char *into,
		     size_t size)
{
	const struct rfa_run_report *s = &cli->report;
	if (s->step[0])
		snprintf(into, size, "%s %s%s%s%s%s", s->state, s->step, s->host[0] ? " on " : "",
			 s->host, err->where[0] ? ": " : "", err->where);
	else
		snprintf(into, size, "%s", err->where);
}

/* "promote of shop to prod, ROLLED_BACK: "; nothing where no run was begun. */
static void headline(const struct rfa_run_report *s, char into[200])
{
	const struct rfa_flow *flow = rfa_flow_by_name(rfa_facts_str(s->plan, "flow", ""));
	const char *stack = rfa_facts_str(s->plan, "stack", "");
	struct rfa_buf where = RFA_BUF_INIT(512);

	into[0] = '\0';
	if (s->result.run[0] && flow && *stack) {
		rfa_text_fill(&where, flow->text->where, s->plan);
		snprintf(into, 200, "%.31s%s%.63s %.80s, %s: ", flow->name,
			 stack[0] == '_' ? "" : " of ", stack[0] == '_' ? "" : stack,
			 rfa_buf_str(&where),
			 s->result.final == RFA_FINAL_NONE ? "unfinished"
							   : rfa_final_word(s->result.final));
	}
	rfa_buf_release(&where);
}

static void print(struct rfa_cli *cli, const struct rfa_error *err)
{
	const struct rfa_out *o = &cli->out;
	const struct rfa_run_report *report = &cli->report;
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	char where[320], head[200], now[NOW_MAX], next[96];

	fflush(o->out);
	/* The exit status says how the run ended; it is no failure of what was asked. */
	if (report->asked != RFA_FINAL_NONE && report->asked == report->result.final) {
		fprintf(o->err, "run %s ended %s, as asked\n", report->result.run,
			rfa_final_word(report->asked));
		label(o, "next", "rfa status");
		return;
	}
	headline(report, head);
	fprintf(o->err, "%srfa: %s%s%s\n", rfa_out_style(o, o->err, RFA_RED), head,
		rfa_out_safe(&safe, err->msg[0] ? err->msg : rfa_code_text(err->code), 0),
		rfa_out_style(o, o->err, RFA_PLAIN));
	rfa_buf_release(&safe);
	if (err->code == RFA_EUSAGE) {
		label(o, "hint", err->hint[0] ? err->hint : NULL);
		return;
	}
	where_of(cli, err, where, sizeof(where));
	label(o, "where", where[0] ? where : NULL);
	evidence(cli, err);
	if (cli->report.is_run)
		label(o, "now", now_of(&cli->report, err, now));
	label(o, "not begun", rfa_facts_str(report->plan, "options/then", NULL));
	next_step(cli, err);
	if (resumable(cli, err)) {
		snprintf(next, sizeof(next), "rfa resume %s", report->result.run);
		label(o, "next", next);
	}
}

/* The same for programs: the last line of --events, or the document of --json. */
static json_t *as_json(const struct rfa_cli *cli, const struct rfa_error *err)
{
	const struct rfa_run_result *result = &cli->report.result;
	json_t *object = json_object();
	json_object_set_new(object, "error", rfa_report_error(err));
	json_object_set_new(object, "status", json_integer(rfa_code_status(err->code)));
	if (!cli->report.is_run)
		return object;
	char next[64], now[NOW_MAX];
	snprintf(next, sizeof(next), "rfa resume %s", result->run);
	json_object_set_new(object, "run", json_string(result->run));
	json_object_set_new(object, "final", json_string(rfa_final_word(result->final)));
	json_object_set_new(object, "blocker", json_string(result->blocker));
	json_object_set_new(object, "now", json_string(now_of(&cli->report, err, now)));
	json_object_set_new(object, "next", json_string(resumable(cli, err) ? next : ""));
	if (rfa_facts_at(cli->report.plan, "options/then"))
		json_object_set(object, "not_begun",
				rfa_facts_at(cli->report.plan, "options/then"));
	return object;
}

void rfa_cli_failure(struct rfa_cli *cli, const struct rfa_error *raised)
{
	struct rfa_out *o = &cli->out;
	struct rfa_error ignored, shown;
	const struct rfa_error *err = &shown;
	json_t *object;

	rfa_report_hide(&shown, raised, o->secrets);

	if ((o->json && !o->answered) || o->events) {
		object = as_json(cli, err);
		if (o->events) {
			json_object_set_new(object, "event", json_string("result"));
			json_dumpf(object, o->out, JSON_COMPACT | JSON_ENSURE_ASCII);
			fputc('\n', o->out);
		} else if (rfa_out_json(o, object, &ignored) < 0) {
			/* The screen is gone; the exit status still tells. */
			rfa_error_clear(&ignored);
		}
		json_decref(object);
	}
	print(cli, err);
}

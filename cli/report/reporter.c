/* Follows a run by its events, and makes the lines that are told of it. */
#include "cli/report/reporter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame/redact.h"
#include "cli/frame/signals.h"

/* Names come from the ledger and from hosts: they are kept as they may be shown. */
static void copy(char *into, size_t size, const char *text)
{
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	snprintf(into, size, "%s", rfa_out_safe(&safe, text, 200));
	rfa_buf_release(&safe);
}

int64_t rfa_rate_add(struct rfa_rate *rate, int64_t at_ms, int64_t done)
{
	enum { WINDOW_MS = 5000 };
	/* Another transfer, or a clock that was set: begin anew. */
	if (rate->n > 0 &&
	    (rate->samples[rate->n - 1].done > done || rate->samples[rate->n - 1].at_ms > at_ms))
		rate->n = 0;
	while (rate->n == RFA_RATE_SAMPLES ||
	       (rate->n > 1 && at_ms - rate->samples[0].at_ms > WINDOW_MS)) {
		memmove(rate->samples, rate->samples + 1, (rate->n - 1) * sizeof(rate->samples[0]));
		rate->n--;
	}
	/* Samples a moment apart would fill the window with one instant. */
	if (rate->n < 2 || at_ms - rate->samples[rate->n - 1].at_ms >= 250) {
		rate->samples[rate->n].at_ms = at_ms;
		rate->samples[rate->n].done = done;
		rate->n++;
	}
	int64_t elapsed = at_ms - rate->samples[0].at_ms;
	return elapsed < 200 ? 0 : (done - rate->samples[0].done) * 1000 / elapsed;
}

static int is_state(const char *word, enum rfa_state *state)
{
	return word && rfa_state_parse(word, state) == 0;
}

static void mark(struct rfa_reporter *t, const struct rfa_event *event, enum rfa_mark mark)
{
	enum rfa_state state;
	if (!is_state(event->state, &state))
		return;
	/* A state with one skipped step and one done has been done. */
	if (mark == RFA_MARK_SKIPPED && t->marks[state] != RFA_MARK_AHEAD)
		return;
	if (mark == RFA_MARK_NOW && t->back)
		return;
	for (int s = 0; mark == RFA_MARK_NOW && s < (int)state; s++) {
		if (t->marks[s] == RFA_MARK_NOW)
			t->marks[s] = RFA_MARK_DONE;
	}
	t->marks[state] = mark;
}

static void keep_log(struct rfa_run_report *report, const char *text)
{
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	char *line = strdup(rfa_out_safe(&safe, text, 800));
	rfa_buf_release(&safe);
	if (!line)
		return;
	if (report->n_log == RFA_REPORT_LOG) {
		free(report->log[0]);
		memmove(report->log, report->log + 1,
			(RFA_REPORT_LOG - 1) * sizeof(report->log[0]));
		report->n_log--;
	}
	report->log[report->n_log++] = line;
}

/* Every gate that refused is told in the report, with its hint: nobody mends one at a time. */
static void keep_refusal(struct rfa_run_report *report, const json_t *gate)
{
	struct rfa_buf line = RFA_BUF_INIT(8192);
	if (strcmp(rfa_facts_str(gate, "verdict", ""), "refused") != 0)
		return;
	rfa_buf_printf(&line, "gate %s: %s", rfa_facts_str(gate, "gate", "?"),
		       rfa_facts_str(gate, "evidence", ""));
	keep_log(report, rfa_buf_str(&line));
	rfa_buf_clear(&line);
	rfa_buf_printf(&line, "  hint: %s", rfa_facts_str(gate, "hint", "-"));
	keep_log(report, rfa_buf_str(&line));
	rfa_buf_release(&line);
}

static void place(struct rfa_reporter *t, const struct rfa_event *event)
{
	copy(t->state, sizeof(t->state), event->state);
	copy(t->step, sizeof(t->step), event->step);
	copy(t->host, sizeof(t->host), event->host);
}

static void remember_place(struct rfa_run_report *report, const struct rfa_event *event)
{
	copy(report->state, sizeof(report->state), event->state);
	copy(report->step, sizeof(report->step), event->step);
	copy(report->host, sizeof(report->host), event->host);
}

/*
 * What the last health check on the way back found: only that is said of what runs now. And what is
 * true of the schema of the data, which may stay where all else is undone.
 */
static void keep_seen(struct rfa_run_report *report, const struct rfa_event *event)
{
	const char *summary = event->kind == RFA_EVENT_STEP_SKIPPED && event->text
				  ? event->text
				  : rfa_facts_str(event->facts, "summary", "");
	const char *schema =
	    rfa_facts_str(event->facts, "schema_back", rfa_facts_str(event->facts, "schema", NULL));
	if (event->step && strstr(event->step, ".health-before"))
		copy(report->seen, sizeof(report->seen), summary);
	if (schema)
		copy(report->schema, sizeof(report->schema), schema);
}

void rfa_reporter_follow(struct rfa_reporter *t, const struct rfa_event *event)
{
	struct rfa_run_report *report = t->report;
	switch (event->kind) {
	case RFA_EVENT_RUN_BEGUN:
	case RFA_EVENT_RUN_RESUMED:
		t->begun_ms = report->begun_ms = event->wall_ms;
		copy(report->result.run, sizeof(report->result.run), event->run);
		rfa_signals_run(report->result.run);
		break;
	case RFA_EVENT_STEP_STARTED:
		place(t, event);
		t->step_ms = event->wall_ms;
		t->attempt = event->attempt;
		t->done = t->total = t->rate = 0;
		t->samples.n = 0;
		t->wait[0] = t->said[0] = '\0';
		if (!t->back)
			remember_place(report, event);
		mark(t, event, RFA_MARK_NOW);
		break;
	case RFA_EVENT_WAIT:
		copy(t->wait, sizeof(t->wait), event->text);
		break;
	case RFA_EVENT_PROGRESS:
		t->wait[0] = '\0';
		report->bytes += event->done > t->done ? event->done - t->done : 0;
		t->done = event->done;
		t->total = event->total;
		t->rate = rfa_rate_add(&t->samples, event->wall_ms, event->done);
		break;
	case RFA_EVENT_STEP_DONE:
		report->done++;
		keep_seen(report, event);
		mark(t, event, RFA_MARK_NOW);
		break;
	case RFA_EVENT_STEP_SKIPPED:
		keep_seen(report, event);
		mark(t, event, RFA_MARK_SKIPPED);
		break;
	case RFA_EVENT_STEP_FAILED:
		remember_place(report, event);
		mark(t, event, RFA_MARK_FAILED);
		t->back = 1;
		break;
	case RFA_EVENT_STEP_UNDONE:
		report->undone++;
		t->back = 1;
		mark(t, event, RFA_MARK_BACK);
		break;
	case RFA_EVENT_OUTPUT:
		copy(t->said, sizeof(t->said), event->text);
		break;
	case RFA_EVENT_LOG:
		if (event->text)
			keep_log(report, event->text);
		break;
	case RFA_EVENT_GATE:
		keep_refusal(report, event->facts);
		break;
	case RFA_EVENT_RUN_ENDED:
	case RFA_EVENT_RUN_INTERRUPTED:
		report->ended_ms = event->wall_ms;
		rfa_signals_run(NULL);
		break;
	default:
		break;
	}
}

void rfa_report_hide(struct rfa_error *into, const struct rfa_error *err,
		     const char *const *secrets)
{
	struct rfa_buf text = RFA_BUF_INIT(64 * 1024);
	*into = *err;
	rfa_redact(&text, secrets, err->msg);
	snprintf(into->msg, sizeof(into->msg), "%s", rfa_buf_str(&text));
	rfa_buf_clear(&text);
	rfa_redact(&text, secrets, err->hint);
	snprintf(into->hint, sizeof(into->hint), "%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

void rfa_report_bytes(const struct rfa_reporter *t, struct rfa_buf *into)
{
	char text[RFA_SHORT_MAX];
	rfa_buf_puts(into, RFA_SIZE(t->done));
	if (t->total > 0) {
		rfa_buf_printf(into, " of %s", RFA_SIZE(t->total));
		rfa_buf_printf(into, " (%" PRId64 " %%)",
			       t->done >= t->total ? 100 : t->done * 100 / t->total);
	}
	if (t->rate <= 0)
		return;
	rfa_buf_printf(into, ", %s/s", RFA_SIZE(t->rate));
	if (t->total > t->done) {
		int64_t left = (t->total - t->done) / t->rate;
		rfa_buf_printf(into, ", %s left", rfa_out_duration(text, left * 1000));
	}
}

/* The lines that stay. */

/* How a kind of event is told, and whether only -v tells it. */
struct telling {
	const char *word;
	enum rfa_style style;
	int verbose;
};

static const struct telling *telling_of(enum rfa_event_kind kind)
{
	static const struct telling tellings[] = {
		[RFA_EVENT_RUN_BEGUN] = { "begun", RFA_BOLD, 0 },
		[RFA_EVENT_RUN_RESUMED] = { "resumed", RFA_BOLD, 0 },
		[RFA_EVENT_STEP_STARTED] = { NULL, RFA_PLAIN, 0 },
		[RFA_EVENT_STEP_DONE] = { "done", RFA_GREEN, 0 },
		[RFA_EVENT_STEP_SKIPPED] = { "skipped", RFA_DIM, 0 },
		[RFA_EVENT_STEP_RETRIED] = { "again", RFA_YELLOW, 0 },
		[RFA_EVENT_STEP_PROBED] = { "looked", RFA_DIM, 1 },
		[RFA_EVENT_STEP_FAILED] = { "failed", RFA_RED, 0 },
		[RFA_EVENT_STEP_UNDONE] = { "undone", RFA_YELLOW, 0 },
		[RFA_EVENT_PROGRESS] = { NULL, RFA_PLAIN, 0 },
		[RFA_EVENT_GATE] = { "gate", RFA_PLAIN, 1 }, /* the report lists what refused */
		[RFA_EVENT_NOTE] = { "note", RFA_PLAIN, 0 },
		[RFA_EVENT_WAIT] = { "waits", RFA_DIM, 1 },
		[RFA_EVENT_WARNING] = { "warning", RFA_YELLOW, 0 },
		[RFA_EVENT_LOG] = { NULL, RFA_PLAIN, 0 },
		[RFA_EVENT_OUTPUT] = { "says", RFA_DIM, 1 },
		[RFA_EVENT_RUN_ENDED] = { "ended", RFA_BOLD, 0 },
		[RFA_EVENT_RUN_INTERRUPTED] = { "interrupted", RFA_YELLOW, 0 },
	};
	size_t n = sizeof(tellings) / sizeof(tellings[0]);
	return (size_t)kind < n ? &tellings[kind] : NULL;
}

static void put_padded(struct rfa_buf *into, const char *text, size_t columns)
{
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	rfa_buf_puts(into, rfa_out_safe(&safe, text, 100));
	for (size_t i = rfa_out_columns(rfa_buf_str(&safe)); i < columns; i++)
		rfa_buf_putc(into, ' ');
	rfa_buf_putc(into, ' ');
	rfa_buf_release(&safe);
}

static void put_gate(struct rfa_buf *into, const json_t *gate)
{
	static const struct {
		const char *key, *lead;
	} parts[] = {
		{ "gate", "" }, { "verdict", ": " }, { "evidence", " - " }, { "hint", "; hint: " }
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const json_t *value = json_object_get(gate, parts[i].key);
		const char *text = json_is_string(value) ? json_string_value(value) : NULL;
		if (!text || !*text)
			continue;
		rfa_buf_puts(into, parts[i].lead);
		rfa_buf_put_printable(into, text, strlen(text), 300);
	}
}

/* By the record's own time, else by what was seen here; -1: nobody knows. */
static int64_t took_of(const struct rfa_reporter *t, const struct rfa_event *event)
{
	if (event->kind != RFA_EVENT_STEP_DONE && event->kind != RFA_EVENT_STEP_UNDONE)
		return -1;
	return rfa_facts_int(event->facts, "ms", t->step_ms ? event->wall_ms - t->step_ms : -1);
}

/* What the line does not say already. */
static void put_facts(struct rfa_buf *into, const json_t *facts)
{
	json_t *rest = rfa_facts_copy_shallow(facts);
	json_object_del(rest, "summary");
	json_object_del(rest, "ms");
	rfa_out_facts(into, rest, "           ", 20);
	json_decref(rest);
}

const char *rfa_report_line(const struct rfa_reporter *t, const struct rfa_event *event,
			    struct rfa_buf *into)
{
	const struct telling *telling = telling_of(event->kind);
	const struct rfa_out *o = t->out;
	char text[RFA_SHORT_MAX];

	rfa_buf_clear(into);
	/* What was passed on purpose, or with a warning, is told to everybody who looks. */
	const char *verdict = event->text ? event->text : "";
	int quiet = telling && telling->verbose && strcmp(verdict, "forced") != 0 &&
		    strcmp(verdict, "warning") != 0 && strcmp(verdict, "off") != 0;
	if (!telling || !telling->word || (quiet && !o->verbose))
		return "";
	rfa_out_time(text, event->wall_ms);
	rfa_buf_printf(into, "%s%.9s%s  ", rfa_out_style(o, o->err, RFA_DIM), text + 11,
		       rfa_out_style(o, o->err, RFA_PLAIN));
	int narrow = o->live && rfa_out_room(o) < 100;
	if (event->step && !narrow)
		put_padded(into, event->state ? event->state : "", 14);
	if (event->step) {
		put_padded(into, event->step, narrow ? 0 : 24);
		put_padded(into, event->host ? event->host : "", narrow ? 0 : 8);
	}
	const char *on =
	    telling->style == RFA_PLAIN ? "" : rfa_out_style(o, o->err, telling->style);
	rfa_buf_printf(into, "%s%s%s", on, telling->word,
		       *on ? rfa_out_style(o, o->err, RFA_PLAIN) : "");
	int64_t took = took_of(t, event);
	if (took >= 0)
		rfa_buf_printf(into, "  %s", rfa_out_duration(text, took));
	if (event->kind == RFA_EVENT_STEP_RETRIED)
		rfa_buf_printf(into, " (attempt %u)", event->attempt);
	const char *summary = rfa_facts_str(event->facts, "summary", "");
	if (event->kind == RFA_EVENT_GATE) {
		rfa_buf_puts(into, "  ");
		put_gate(into, event->facts);
	} else if (event->kind == RFA_EVENT_STEP_DONE && *summary) {
		rfa_buf_puts(into, "  ");
		rfa_buf_put_printable(into, summary, strlen(summary), 400);
	} else if (event->text) {
		rfa_buf_puts(into, "  ");
		rfa_buf_put_printable(into, event->text, strlen(event->text), 400);
	} else if (event->error && event->error->msg[0]) {
		rfa_buf_puts(into, "  ");
		rfa_buf_put_printable(into, event->error->msg, strlen(event->error->msg), 400);
	}
	if (o->verbose && event->facts && event->kind != RFA_EVENT_GATE)
		put_facts(into, event->facts);
	return rfa_buf_str(into);
}

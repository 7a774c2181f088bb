/* The three forms of telling: redrawn in place, plain lines, JSON lines; and which a run has. */
#include "cli/report/reporter.h"

#include <string.h>

#include "cli/frame/redact.h"

/* Plain lines. */

static void report_plain(struct rfa_reporter *t, const struct rfa_event *event)
{
	enum { EVERY_MS = 5000 };
	struct rfa_buf line = RFA_BUF_INIT(8192);
	FILE *err = t->out->err;

	if (t->out->quiet)
		return;
	if (event->kind == RFA_EVENT_STEP_STARTED)
		t->drawn_ms = event->wall_ms; /* a short transfer needs no progress */
	if (event->kind == RFA_EVENT_PROGRESS && event->wall_ms - t->drawn_ms >= EVERY_MS) {
		t->drawn_ms = event->wall_ms;
		char text[RFA_SHORT_MAX];
		rfa_out_time(text, event->wall_ms);
		rfa_buf_printf(&line, "%.9s  %s: ", text + 11, t->step);
		rfa_report_bytes(t, &line);
		fprintf(err, "%s\n", rfa_buf_str(&line));
	}
	const char *text = rfa_report_line(t, event, &line);
	if (*text)
		fprintf(err, "%s\n", text);
	fflush(err);
	rfa_buf_release(&line);
}

/* JSON lines. */

json_t *rfa_report_error(const struct rfa_error *err)
{
	json_t *object = json_object();
	const struct {
		const char *key, *text;
	} parts[] = {
		{ "code", rfa_code_word(err->code) },
		{ "severity", rfa_severity_word(err->severity) },
		{ "domain", err->domain },
		{ "where", err->where },
		{ "message", err->msg },
		{ "hint", err->hint },
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		/* A cut text may end within a character: shown as it is printed. */
		struct rfa_buf safe = RFA_BUF_INIT(4096);
		json_object_set_new(object, parts[i].key,
				    json_string(rfa_out_safe(&safe, parts[i].text, 0)));
		rfa_buf_release(&safe);
	}
	return object;
}

static void set_text(json_t *object, const char *key, const char *text)
{
	struct rfa_buf safe = RFA_BUF_INIT(64 * 1024);
	if (text && *text) {
		json_t *value = json_string(text);
		if (!value) /* not UTF-8 */
			value = json_string(rfa_out_safe(&safe, text, 8000));
		json_object_set_new(object, key, value);
	}
	rfa_buf_release(&safe);
}

static void report_json(struct rfa_reporter *t, const struct rfa_event *event)
{
	char iso[RFA_TIME_MAX];
	json_t *line = json_object();

	rfa_time_iso(event->wall_ms, iso);
	set_text(line, "event", rfa_event_word(event->kind));
	set_text(line, "time", iso);
	set_text(line, "run", event->run);
	set_text(line, "state", event->state);
	set_text(line, "step", event->step);
	set_text(line, "host", event->host);
	set_text(line, "text", event->text);
	if (event->attempt)
		json_object_set_new(line, "attempt", json_integer(event->attempt));
	if (event->kind == RFA_EVENT_PROGRESS) {
		json_object_set_new(line, "done", json_integer(event->done));
		json_object_set_new(line, "total", json_integer(event->total));
	}
	if (event->facts)
		json_object_set_new(line, "facts", rfa_facts_copy(event->facts));
	if (event->error)
		json_object_set_new(line, "error", rfa_report_error(event->error));
	json_dumpf(line, t->out->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', t->out->out);
	fflush(t->out->out); /* whoever reads it waits for the line */
	json_decref(line);
}

/* The live view. */

static const char *mark_text(const struct rfa_out *o, enum rfa_mark mark)
{
	static const char *const utf8[] = { "", "▸", "✓", "–", "✗", "↶" };
	static const char *const ascii[] = { "", ">", "ok", "-", "FAILED", "undone" };
	return o->utf8 ? utf8[mark] : ascii[mark];
}

static enum rfa_style mark_style(enum rfa_mark mark)
{
	static const enum rfa_style styles[] = { RFA_DIM, RFA_CYAN, RFA_GREEN,
						 RFA_DIM, RFA_RED,  RFA_YELLOW };
	return styles[mark];
}

/* All states, or, where they do not fit, the one at hand and how many there are. */
static void put_states(const struct rfa_reporter *t, struct rfa_buf *into)
{
	const struct rfa_out *o = t->out;
	const char *dot = o->utf8 ? " · " : " | ";
	struct rfa_buf bare = RFA_BUF_INIT(1024);
	size_t room = rfa_out_room(o);

	for (int s = 0; s < RFA_STATE_COUNT; s++) {
		const char *text = mark_text(o, t->marks[s]);
		const char *word = rfa_state_word((enum rfa_state)s);
		rfa_buf_printf(&bare, "%s%s%s%s", s ? dot : "", word, *text ? " " : "", text);
		rfa_buf_printf(into, "%s%s%s%s%s%s", s ? dot : "",
			       rfa_out_style(o, o->err, mark_style(t->marks[s])), word,
			       *text ? " " : "", text, rfa_out_style(o, o->err, RFA_PLAIN));
	}
	if (rfa_out_columns(rfa_buf_str(&bare)) >= room) {
		enum rfa_state at = RFA_PRECHECK;
		rfa_buf_clear(into);
		rfa_buf_clear(&bare);
		if (rfa_state_parse(t->state, &at) == 0)
			rfa_buf_printf(&bare, "%d/%d %s %s", (int)at + 1, (int)RFA_STATE_COUNT,
				       t->state, mark_text(o, t->marks[at]));
		rfa_out_cut(o, into, rfa_buf_str(&bare), room - 1);
	}
	rfa_buf_release(&bare);
}

/* What is most worth knowing comes first: the end of the line is cut where it does not fit. */
static void put_step(const struct rfa_reporter *t, int64_t now_ms, struct rfa_buf *into)
{
	char text[RFA_SHORT_MAX];
	struct rfa_buf line = RFA_BUF_INIT(4096), safe = RFA_BUF_INIT(4096);

	rfa_buf_printf(&line, "  %s%s", t->back ? "back: " : "", t->step);
	if (t->host[0])
		rfa_buf_printf(&line, " on %s", t->host);
	if (t->attempt > 1)
		rfa_buf_printf(&line, ", attempt %u", t->attempt);
	int64_t ms = now_ms - t->step_ms;
	if (ms >= 60000)
		rfa_buf_printf(&line, "  %s", rfa_out_duration(text, ms));
	else if (ms >= 1000)
		rfa_buf_printf(&line, "  %d s", (int)(ms / 1000));
	if (t->done > 0 || t->total > 0) {
		rfa_buf_puts(&line, "  ");
		rfa_report_bytes(t, &line);
	} else if (t->wait[0]) {
		rfa_buf_printf(&line, "  %s", t->wait);
	} else if (t->said[0]) {
		rfa_buf_printf(&line, "  %s", rfa_out_safe(&safe, t->said, 300));
	}
	rfa_out_cut(t->out, into, rfa_buf_str(&line), rfa_out_room(t->out) - 1);
	rfa_buf_release(&line);
	rfa_buf_release(&safe);
}

/* A window that became narrower has broken the lines that stood there. */
static size_t rows_of(const struct rfa_reporter *t, int line)
{
	size_t room = rfa_out_room(t->out);
	return t->shown[line] > room ? (t->shown[line] + room - 1) / room : 1;
}

void rfa_reporter_clear(struct rfa_reporter *t)
{
	size_t rows = 0;
	if (!t->drawn)
		return;
	for (int i = 0; i < t->drawn; i++)
		rows += rows_of(t, i);
	/* The cursor stands at the end of the last line. */
	fputs("\r\033[K", t->out->err);
	for (size_t i = 1; i < rows; i++)
		fputs("\033[A\033[K", t->out->err);
	fflush(t->out->err);
	t->drawn = 0;
}

static size_t columns_of(const char *text)
{
	struct rfa_buf bare = RFA_BUF_INIT(8192);
	/* Without the styles: what is between ESC and m. */
	for (const char *p = text; *p; p += *p == '\033' ? strcspn(p, "m") + 1 : 1) {
		if (*p != '\033')
			rfa_buf_putc(&bare, *p);
	}
	size_t columns = rfa_out_columns(rfa_buf_str(&bare));
	rfa_buf_release(&bare);
	return columns;
}

static void draw(struct rfa_reporter *t, int64_t now_ms)
{
	struct rfa_buf states = RFA_BUF_INIT(4096), step = RFA_BUF_INIT(4096);
	put_states(t, &states);
	put_step(t, now_ms, &step);
	rfa_reporter_clear(t);
	fprintf(t->out->err, "%s\n%s", rfa_buf_str(&states), rfa_buf_str(&step));
	fflush(t->out->err);
	t->shown[0] = columns_of(rfa_buf_str(&states));
	t->shown[1] = columns_of(rfa_buf_str(&step));
	t->drawn = RFA_LIVE_LINES;
	t->drawn_ms = now_ms;
	rfa_buf_release(&states);
	rfa_buf_release(&step);
}

void rfa_reporter_tick(struct rfa_reporter *t, int64_t now_ms)
{
	if (t->drawn)
		draw(t, now_ms);
}

/* On a terminal the view shows what is under way; what was done stays above it. */
static int leaves_line(const struct rfa_reporter *t, const struct rfa_event *event)
{
	return event->kind != RFA_EVENT_STEP_SKIPPED || t->out->verbose;
}

static void report_live(struct rfa_reporter *t, const struct rfa_event *event)
{
	enum { EVERY_MS = 100 };
	struct rfa_buf line = RFA_BUF_INIT(8192);
	const char *text = leaves_line(t, event) ? rfa_report_line(t, event, &line) : "";

	if (*text) {
		struct rfa_buf wrapped = RFA_BUF_INIT(64 * 1024);
		rfa_out_wrap(&wrapped, text, rfa_out_room(t->out), 11);
		rfa_reporter_clear(t);
		fprintf(t->out->err, "%s\n", rfa_buf_str(&wrapped));
		rfa_buf_release(&wrapped);
	}
	if (event->kind == RFA_EVENT_RUN_ENDED || event->kind == RFA_EVENT_RUN_INTERRUPTED) {
		rfa_reporter_clear(t);
	} else if (event->kind != RFA_EVENT_LOG && t->step[0]) {
		int64_t since = event->wall_ms - t->drawn_ms;
		int often = event->kind == RFA_EVENT_PROGRESS || event->kind == RFA_EVENT_OUTPUT;
		if (!often || !t->drawn || since >= EVERY_MS || since < 0)
			draw(t, event->wall_ms);
	}
	rfa_buf_release(&line);
}

/* The form that was asked for. */

static void hand_on(struct rfa_reporter *t, const struct rfa_event *event)
{
	pthread_mutex_lock(&t->mutex);
	rfa_reporter_follow(t, event);
	if (t->out->events)
		report_json(t, event);
	else if (t->out->live && !t->out->quiet)
		report_live(t, event);
	else
		report_plain(t, event);
	pthread_mutex_unlock(&t->mutex);
}

/* A container may log its password: nothing behind this line gets to see it. */
static void on_event(struct rfa_trace *trace, const struct rfa_event *event)
{
	struct rfa_reporter *t = (struct rfa_reporter *)trace; /* its first member */
	const char *const *secrets = t->out->secrets;
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_event shown = *event;
	struct rfa_error error;

	if (!secrets || !*secrets) {
		hand_on(t, event);
		return;
	}
	if (event->text) {
		rfa_redact(&text, secrets, event->text);
		shown.text = rfa_buf_str(&text);
	}
	if (event->error) {
		rfa_report_hide(&error, event->error, secrets);
		shown.error = &error;
	}
	shown.facts = event->facts ? rfa_redact_json(secrets, event->facts) : NULL;
	hand_on(t, &shown);
	json_decref((json_t *)shown.facts);
	rfa_buf_release(&text);
}

void rfa_reporter_init(struct rfa_reporter *t, struct rfa_out *out, struct rfa_run_report *report)
{
	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->mutex, NULL);
	t->trace.event = on_event;
	t->out = out;
	t->report = report;
}

/* How a run is told: the live view, plain lines, JSON lines; and nothing that a host could forge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/report/run_list.h"
#include "cli/report/reporter.h"
#include "fsm/base/facts.h"

/* 2026-11-22T10:30:15Z */
#define T0 INT64_C(1795343415000)

/* A screen in memory. */
struct screen {
	struct rfa_out out;
	struct rfa_run_report report;
	struct rfa_reporter reporter;
	char *out_text, *err_text;
	size_t out_len, err_len, seen;
};

static void open_screen(struct screen *s)
{
	memset(s, 0, sizeof(*s));
	s->out.out = open_memstream(&s->out_text, &s->out_len);
	s->out.err = open_memstream(&s->err_text, &s->err_len);
	rfa_reporter_init(&s->reporter, &s->out, &s->report);
}

static void close_screen(struct screen *s)
{
	fclose(s->out.out);
	fclose(s->out.err);
	free(s->out_text);
	free(s->err_text);
	for (size_t i = 0; i < s->report.n_log; i++)
		free(s->report.log[i]);
}

static const char *err_of(struct screen *s)
{
	fflush(s->out.err);
	return s->err_text + s->seen;
}

/* Forgets what was printed so far. */
static void wipe(struct screen *s)
{
	fflush(s->out.err);
	s->seen = s->err_len;
}

static void send(struct screen *s, struct rfa_event event)
{
	event.run = "20261122-103015-4f2a9c";
	event.wall_ms += T0;
	if (event.step && !event.attempt)
		event.attempt = 1;
	rfa_trace_send(&s->reporter.trace, &event);
}

/* The step, then what else there is to say: STEP(STEP_DONE, 100, "APPLY", "load", .text = "x"). */
#define STEP(kind_, at_, state_, ...)                   \
	((struct rfa_event){ .kind = RFA_EVENT_##kind_, \
			     .wall_ms = (at_),          \
			     .state = (state_),         \
			     .host = "prod",            \
			     .step = __VA_ARGS__ })

/* Plain. */

static void plain(void **state)
{
	struct screen s;
	(void)state;
	open_screen(&s);
	send(&s, (struct rfa_event){ .kind = RFA_EVENT_RUN_BEGUN, .text = "the-id" });
	send(&s, STEP(STEP_STARTED, 100, "PRECHECK", "target.observe"));
	send(&s, STEP(STEP_DONE, 1900, "PRECHECK", "target.observe"));
	send(&s, STEP(STEP_SKIPPED, 1950, "STOP", "nothing", .text = "layers never change"));
	send(&s, STEP(STEP_PROBED, 1960, "APPLY", "load", .text = "not-done"));
	send(&s,
	     STEP(STEP_RETRIED, 2000, "APPLY", "load", .text = "connection lost", .attempt = 2));
	assert_string_equal(
	    err_of(&s),
	    "10:30:15Z  begun  the-id\n"
	    "10:30:16Z  PRECHECK       target.observe           prod     done  1.8 s\n"
	    "10:30:16Z  STOP           nothing                  prod     skipped  layers never "
	    "change\n"
	    "10:30:17Z  APPLY          load                     prod     again (attempt 2)  "
	    "connection lost\n");
	close_screen(&s);
}

/* After a resume nobody here saw the step begin: only its record knows how long it took. */
static void found_done(void **state)
{
	json_t *facts = json_pack("{s:i}", "ms", 65000), *none = json_object();
	struct screen s;
	(void)state;
	open_screen(&s);
	send(&s, (struct rfa_event){ .kind = RFA_EVENT_RUN_RESUMED, .text = "the-id" });
	wipe(&s);
	send(&s, STEP(STEP_DONE, 100, "APPLY", "target.load", .facts = facts));
	assert_string_equal(err_of(&s), "10:30:15Z  APPLY          target.load              prod  "
					"   done  1 min 5 s\n");
	wipe(&s);
	send(&s, STEP(STEP_DONE, 200, "APPLY", "target.tag", .facts = none));
	assert_string_equal(err_of(&s), "10:30:15Z  APPLY          target.tag               prod  "
					"   done\n");
	json_decref(facts);
	json_decref(none);
	close_screen(&s);
}

static void plain_progress_is_rare(void **state)
{
	struct screen s;
	int lines = 0;
	(void)state;
	open_screen(&s);
	send(&s, STEP(STEP_STARTED, 0, "TRANSFER", "transfer.receive"));
	for (int64_t at = 100; at <= 20000; at += 100)
		send(&s, STEP(PROGRESS, at, "TRANSFER", "transfer.receive", .done = at * 1000,
			      .total = 40000000));
	for (const char *p = err_of(&s); (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 4); /* one every five seconds */
	assert_non_null(strstr(err_of(&s), "10:30:20Z  transfer.receive: 5.0 MB of 40 MB (12 %), "
					   "1.0 MB/s, 35.0 s left\n"));
	close_screen(&s);
}

static void quiet(void **state)
{
	struct screen s;
	(void)state;
	open_screen(&s);
	s.out.quiet = 1;
	send(&s, STEP(STEP_STARTED, 0, "TRANSFER", "x"));
	send(&s, STEP(STEP_FAILED, 1, "TRANSFER", "x", .text = "no"));
	assert_string_equal(err_of(&s), "");
	assert_string_equal(s.report.step, "x"); /* but it is known where it failed */
	close_screen(&s);
}

static void verbose(void **state)
{
	struct screen s;
	json_t *facts =
	    json_pack("{s:i,s:s,s:{s:[ss]},s:[{s:b},{s:b}]}", "bytes", 12, "bell", "\x07", "image",
		      "tags", "web:1", "web:2", "list", "there", 0, "there", 1);
	(void)state;
	assert_non_null(facts);
	open_screen(&s);
	s.out.verbose = 1;
	send(&s, STEP(STEP_DONE, 0, "APPLY", "load", .facts = facts));
	assert_non_null(strstr(err_of(&s), "\n           bytes: 12"));
	assert_non_null(strstr(err_of(&s), "\n           image.tags: web:1, web:2"));
	assert_non_null(strstr(err_of(&s), "\n           list.1.there: yes"));
	assert_null(strpbrk(err_of(&s), "{}[]\""));
	assert_null(strchr(err_of(&s), '\x1b'));
	json_decref(facts);
	close_screen(&s);
}

/* A host that answers with escapes writes them nowhere. */
static void hostile(void **state)
{
	static const char evil[] = "\x1b]0;pwned\x07\x1b[2J\r\nrfa: all is well";
	struct screen s;
	(void)state;
	for (int form = 0; form < 3; form++) {
		json_t *gate = json_pack("{s:s,s:s,s:s}", "gate", "disk", "verdict", "refused",
					 "evidence", "\x1b[31mfull");
		open_screen(&s);
		s.out.live = form == 1;
		s.out.events = form == 2;
		s.out.width = 100;
		send(&s, STEP(STEP_STARTED, 0, "APPLY", evil));
		send(&s, STEP(PROGRESS, 200, "APPLY", evil, .done = 1, .total = 2));
		send(&s, STEP(WARNING, 300, "APPLY", evil, .text = evil));
		send(&s, STEP(LOG, 300, "APPLY", evil, .text = evil));
		send(&s, STEP(GATE, 300, "APPLY", evil, .facts = gate));
		rfa_reporter_clear(&s.reporter);
		fflush(s.out.out);
		assert_null(strstr(err_of(&s), "\x1b]"));
		assert_null(strstr(err_of(&s), "\x1b[2J"));
		assert_null(strstr(err_of(&s), "\x1b[31m"));
		assert_null(strchr(err_of(&s), '\x07'));
		if (s.out_text)
			assert_null(strchr(s.out_text, '\x1b'));
		assert_int_equal(s.report.n_log,
				 3); /* the log's line, the gate's evidence and hint */
		for (size_t i = 0; i < s.report.n_log; i++)
			assert_null(strchr(s.report.log[i], '\x1b'));
		json_decref(gate);
		close_screen(&s);
	}
}

/* What a container says of its password reaches no form, no report and no JSON. */
static void secret(void **state)
{
	static const char *const secrets[] = { "hunter2", "hunter2-longer", "abc", NULL };
	static const char said[] = "login hunter2-longer, hunter2; abc stays: too short";
	json_t *facts = json_pack("{s:[s],s:i}", "hunter2", said, "n", 1);
	struct rfa_error err;
	struct screen s;
	(void)state;

	rfa_fail(&err, RFA_EREMOTE, "docker", "%s", said);
	for (int form = 0; form < 3; form++) {
		open_screen(&s);
		s.out.secrets = secrets;
		s.out.verbose = 1;
		s.out.live = form == 1;
		s.out.events = form == 2;
		send(&s, STEP(LOG, 0, "HEALTH", "x", .text = said));
		send(&s, STEP(WARNING, 0, "HEALTH", "x", .text = said));
		send(&s, STEP(STEP_DONE, 0, "HEALTH", "x", .facts = facts));
		send(&s, STEP(STEP_FAILED, 0, "HEALTH", "x", .error = &err));
		fflush(s.out.out);
		assert_null(strstr(err_of(&s), "hunter2"));
		assert_true(!s.out_text || !strstr(s.out_text, "hunter2"));
		assert_string_equal(s.report.log[0],
				    "login [secret], [secret]; abc stays: too short");
		close_screen(&s);
	}
	json_decref(facts);
}

static void keeps_the_last_lines(void **state)
{
	struct screen s;
	char text[32];
	(void)state;
	open_screen(&s);
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		send(&s, STEP(LOG, i, "HEALTH", "check", .text = text));
	}
	assert_int_equal(s.report.n_log, RFA_REPORT_LOG);
	assert_string_equal(s.report.log[RFA_REPORT_LOG - 1], "line 499");
	close_screen(&s);
}

/* JSON lines. */

static void json_lines(void **state)
{
	struct screen s;
	struct rfa_error err;
	json_t *facts = json_pack("{s:s}", "image", "sha256:1");
	(void)state;

	open_screen(&s);
	s.out.events = 1;
	rfa_fail(&err, RFA_EUNHEALTHY, "http", "answered 500");
	send(&s, STEP(STEP_DONE, 0, "APPLY", "load", .facts = facts));
	send(&s, STEP(PROGRESS, 5, "TRANSFER", "receive", .done = 5, .total = 0));
	send(&s, STEP(STEP_FAILED, 9, "HEALTH", "check", .text = "bytes \xff\xfe", .error = &err));
	fflush(s.out.out);

	assert_string_equal(
	    s.out_text,
	    "{\"event\":\"step-done\",\"time\":\"2026-11-22T10:30:15Z\",\"run\":"
	    "\"20261122-103015-4f2a9c\",\"state\":\"APPLY\",\"step\":\"load\",\"host\":\"prod\","
	    "\"attempt\":1,\"facts\":{\"image\":\"sha256:1\"}}\n"
	    "{\"event\":\"progress\",\"time\":\"2026-11-22T10:30:15Z\",\"run\":"
	    "\"20261122-103015-4f2a9c\",\"state\":\"TRANSFER\",\"step\":\"receive\",\"host\":"
	    "\"prod\",\"attempt\":1,\"done\":5,\"total\":0}\n"
	    "{\"event\":\"step-failed\",\"time\":\"2026-11-22T10:30:15Z\",\"run\":"
	    "\"20261122-103015-4f2a9c\",\"state\":\"HEALTH\",\"step\":\"check\",\"host\":\"prod\","
	    "\"text\":\"bytes \\\\xff\\\\xfe\",\"attempt\":1,\"error\":{\"code\":\"unhealthy\","
	    "\"severity\":\"fatal\",\"domain\":\"http\",\"where\":\"\",\"message\":\"answered "
	    "500\","
	    "\"hint\":\"\"}}\n");
	json_decref(facts);
	close_screen(&s);
}

/* The live view. */

static void live(void **state)
{
	struct screen s;
	(void)state;
	open_screen(&s);
	s.out.live = s.out.utf8 = 1;
	s.out.width = 120;
	send(&s, STEP(STEP_STARTED, 0, "PRECHECK", "target.observe"));
	send(&s, STEP(STEP_DONE, 10, "PRECHECK", "target.observe"));
	send(&s, STEP(STEP_SKIPPED, 11, "STOP", "stop", .text = "nothing to stop"));
	wipe(&s);
	send(&s, STEP(STEP_STARTED, 20, "TRANSFER", "target.receive"));
	assert_string_equal(err_of(&s),
			    "\r\033[K\033[A\033[K"
			    "PRECHECK ✓ · STOP – · VERIFY_STOPPED · EXPORT · TRANSFER ▸ · APPLY · "
			    "RESTART · HEALTH\n"
			    "  target.receive on prod");
	wipe(&s);
	for (int64_t at = 1000; at <= 4000; at += 500)
		send(&s, STEP(PROGRESS, at, "TRANSFER", "target.receive", .done = at * 1000,
			      .total = 10000000));
	assert_non_null(strstr(err_of(&s),
			       "\n  target.receive on prod  3 s  4.0 MB of 10 MB (40 %), "
			       "1.0 MB/s, 6.0 s left"));
	wipe(&s);

	/* What stays is printed above; the view is drawn again below it. */
	send(&s, STEP(WARNING, 4100, "TRANSFER", "target.receive", .text = "slow"));
	assert_true(strncmp(err_of(&s), "\r\033[K\033[A\033[K10:30:19Z  ", 21) == 0);
	assert_non_null(strstr(err_of(&s), "warning  slow\nPRECHECK ✓"));
	wipe(&s);

	/* At the end nothing of it is left. */
	send(&s, (struct rfa_event){ .kind = RFA_EVENT_RUN_ENDED, .text = "SUCCEEDED" });
	assert_int_equal(s.reporter.drawn, 0);
	assert_non_null(strstr(err_of(&s), "ended  SUCCEEDED\n"));
	assert_null(strstr(strstr(err_of(&s), "ended"), "PRECHECK"));
	close_screen(&s);
}

/* Between events the clock goes on, and what is waited for is said. */
static void ticks(void **state)
{
	struct screen s;
	(void)state;
	open_screen(&s);
	s.out.live = s.out.utf8 = 1;
	s.out.width = 120;
	send(&s, STEP(STEP_STARTED, 0, "RESTART", "target.replace"));
	send(&s, STEP(WAIT, 10, "RESTART", "target.replace",
		      .text = "waiting for web to stop (time-out 10 s)"));
	for (int i = 1; i < 16; i++) {
		char line[120];
		wipe(&s);
		rfa_reporter_tick(&s.reporter, T0 + i * 1000);
		snprintf(
		    line, sizeof(line),
		    "\n  target.replace on prod  %d s  waiting for web to stop (time-out 10 s)", i);
		assert_non_null(strstr(err_of(&s), line));
	}
	wipe(&s);
	rfa_reporter_tick(&s.reporter, T0 + 125000);
	assert_non_null(strstr(err_of(&s), "on prod  2 min 5 s  waiting"));
	/* The step is over: its line stays, and nothing is waited for any more. */
	send(&s, STEP(STEP_DONE, 126000, "RESTART", "target.replace"));
	send(&s, STEP(STEP_STARTED, 126000, "HEALTH", "target.health"));
	wipe(&s);
	rfa_reporter_tick(&s.reporter, T0 + 127000);
	assert_null(strstr(err_of(&s), "waiting"));
	rfa_reporter_clear(&s.reporter);
	wipe(&s);
	rfa_reporter_tick(&s.reporter, T0 + 128000);
	assert_string_equal(err_of(&s), "");
	close_screen(&s);
}

/* The window becomes narrower: the lines that it has broken go, all of them. */
static void resized(void **state)
{
	struct screen s;
	(void)state;
	open_screen(&s);
	s.out.live = s.out.utf8 = 1;
	s.out.width = 132;
	send(&s, STEP(STEP_STARTED, 0, "TRANSFER", "target.receive"));
	s.out.width = 40; /* the states took 84 columns: three rows now */
	wipe(&s);
	rfa_reporter_tick(&s.reporter, T0 + 1000);
	assert_true(strncmp(err_of(&s), "\r\033[K\033[A\033[K\033[A\033[K\033[A\033[K5/8", 25) ==
		    0);
	close_screen(&s);
}

static void wraps(void **state)
{
	static const char text[] =
	    "10:30:15Z  target.observe prod  done  a-word-that-is-longer-than-a-"
	    "line and \033[32mgreen\033[0m 検証 ones";
	(void)state;
	for (size_t columns = 1; columns < 140; columns++) {
		struct rfa_buf out = RFA_BUF_INIT(8192);
		rfa_out_wrap(&out, text, columns, 11);
		char *copy = strdup(rfa_buf_str(&out)), *save = NULL;
		for (char *line = strtok_r(copy, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			size_t wide = rfa_out_columns(line);
			wide -= strstr(line, "\033[32m") ? 5 : 0;
			wide -= strstr(line, "\033[0m") ? 4 : 0;
			assert_true(wide <= columns || columns < 2);
		}
		if (columns >= 60)
			assert_non_null(
			    strstr(rfa_buf_str(&out), "a-word-that-is-longer-than-a-line"));
		free(copy);
		rfa_buf_release(&out);
	}
}

/* No line of the view is ever wider than the terminal: it would wrap and not be erased. */
static void narrow(void **state)
{
	(void)state;
	for (int width = 1; width < 130; width++) {
		struct screen s;
		open_screen(&s);
		s.out.live = 1;
		s.out.utf8 = width % 2;
		s.out.width = width;
		send(&s, STEP(STEP_STARTED, 0, "VERIFY_STOPPED", "検証する.a-rather-long-name"));
		wipe(&s);
		send(&s, STEP(PROGRESS, 900, "VERIFY_STOPPED", "x", .done = 1234567,
			      .total = 99999999));
		char *text = strdup(err_of(&s));
		for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			const char *shown = line;
			while (strncmp(shown, "\r\033[K", 4) == 0 ||
			       strncmp(shown, "\033[", 2) == 0)
				shown += shown[0] == '\r' ? 4 : 3;
			if (rfa_out_columns(shown) >= (size_t)width && width > 1)
				print_message("width %d: \"%s\"\n", width, shown);
			assert_true(rfa_out_columns(shown) < (size_t)width || width == 1);
		}
		free(text);
		close_screen(&s);
	}
}

static void way_back(void **state)
{
	struct screen s;
	(void)state;
	open_screen(&s);
	s.out.live = s.out.utf8 = 1;
	s.out.width = 120;
	send(&s, STEP(STEP_STARTED, 0, "RESTART", "replace"));
	send(&s, STEP(STEP_DONE, 1, "RESTART", "replace"));
	send(&s, STEP(STEP_STARTED, 2, "HEALTH", "health"));
	send(&s, STEP(STEP_FAILED, 3, "HEALTH", "health", .text = "answered 500"));
	wipe(&s);
	send(&s, STEP(STEP_STARTED, 4, "RESTART", "replace"));
	send(&s, STEP(STEP_UNDONE, 5, "RESTART", "replace"));
	assert_non_null(strstr(err_of(&s), "RESTART ↶ · HEALTH ✗\n  back: replace on prod"));
	/* The report is about the step that failed, not about the one that was undone. */
	assert_string_equal(s.report.step, "health");
	assert_int_equal(s.report.undone, 1);
	close_screen(&s);
}

/* The record that opens a step closes the one before it, which may be of another state. */
static void state_of_a_line(void **state)
{
	struct rfa_ledger_line line = { .run = "", .flow = "promote", .state = "APPLY" };
	(void)state;
	snprintf(line.step, sizeof(line.step), "target.replace");
	assert_string_equal(rfa_line_state(&line), "RESTART");
	snprintf(line.step, sizeof(line.step), "target.tag");
	assert_string_equal(rfa_line_state(&line), "APPLY");
	snprintf(line.flow, sizeof(line.flow), "from-the-future");
	assert_string_equal(rfa_line_state(&line), "APPLY");
}

/* Short forms. */

static void short_forms(void **state)
{
	char text[RFA_SHORT_MAX];
	(void)state;
	assert_string_equal(RFA_SIZE(0), "0 B");
	assert_string_equal(RFA_SIZE(999), "999 B");
	assert_string_equal(RFA_SIZE(1000), "1.0 kB");
	assert_string_equal(RFA_SIZE(9949), "9.9 kB");
	assert_string_equal(RFA_SIZE(9950), "10 kB");
	assert_string_equal(RFA_SIZE(11264), "11 kB");
	assert_string_equal(RFA_SIZE(999499), "999 kB");
	assert_string_equal(RFA_SIZE(999500), "1.0 MB");
	assert_string_equal(RFA_SIZE(INT64_MAX), "9.2 EB");
	assert_string_equal(RFA_SIZE(-5), "0 B");
	assert_string_equal(rfa_out_when(text, "2026-11-22T10:30:15Z"), "2026-11-22 10:30:15Z");
	assert_string_equal(rfa_out_when(text, ""), "-");
	assert_string_equal(rfa_out_when(text, "\x1b[2J"), "\\x1b[2J");
	assert_string_equal(rfa_out_duration(text, -1), "-");
	assert_string_equal(rfa_out_duration(text, 999), "999 ms");
	assert_string_equal(rfa_out_duration(text, 1800), "1.8 s");
	assert_string_equal(rfa_out_duration(text, 125000), "2 min 5 s");
	assert_string_equal(rfa_out_duration(text, 3 * 3600000 + 60000), "3 h 1 min");
	assert_string_equal(rfa_out_duration(text, INT64_C(90000000)), "1 d 1 h");
	assert_string_equal(rfa_out_time(text, T0), "2026-11-22 10:30:15Z");
	assert_int_equal(rfa_out_columns("aé検e\xcc\x81"), 5);
}

/* A clock that was set, a transfer that begins anew: no rate rather than a wrong one. */
static void rate(void **state)
{
	struct rfa_rate r = { .n = 0 };
	(void)state;
	assert_int_equal(rfa_rate_add(&r, 0, 0), 0);
	assert_int_equal(rfa_rate_add(&r, 1000, 500), 500);
	assert_int_equal(rfa_rate_add(&r, 2000, 1000), 500);
	assert_int_equal(rfa_rate_add(&r, 1000, 1500), 0);
	assert_int_equal(rfa_rate_add(&r, 2000, 10), 0);
	/* Only the last seconds count. */
	for (int64_t at = 3000; at <= 60000; at += 1000)
		rfa_rate_add(&r, at, 10 + at);
	assert_int_equal(rfa_rate_add(&r, 61000, 10 + 60000 + 6000), 2000 - 1000 + 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(found_done),
		cmocka_unit_test(plain_progress_is_rare),
		cmocka_unit_test(quiet),
		cmocka_unit_test(verbose),
		cmocka_unit_test(hostile),
		cmocka_unit_test(secret),
		cmocka_unit_test(keeps_the_last_lines),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(live),
		cmocka_unit_test(ticks),
		cmocka_unit_test(resized),
		cmocka_unit_test(wraps),
		cmocka_unit_test(narrow),
		cmocka_unit_test(way_back),
		cmocka_unit_test(state_of_a_line),
		cmocka_unit_test(short_forms),
		cmocka_unit_test(rate),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

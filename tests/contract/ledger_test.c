/* One contract for both ledgers: every test runs against git and against memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/contract/ledger_fixture.h"

/* What was written is what is read, of a run in flight and of an ended one. */
static void test_round_trip(void **state)
{
	struct world *w = *state;
	struct rfa_record record = { .kind = RFA_RECORD_INTENT,
				     .seq = 1,
				     .state = RFA_APPLY,
				     .step = "prod.load",
				     .host = "prod",
				     .attempt = 2,
				     .wall_ms = 1795343416123 };
	struct rfa_ledger_run *run = NULL;
	struct rfa_history *h = NULL;
	char id[RFA_RUN_ID_MAX];

	ok(kit_begin(w->ledger, 1, "ragflowauth", "prod", &run, &w->err));
	record.facts = json_pack("{s:s,s:[i,i],s:{s:s}}", "z", "caf\xc3\xa9 \"q\"\n", "list", 1, 2,
				 "a", "k", "v");
	ok(rfa_ledger_append(run, &record, "APPLY prod.load", &w->err));
	record.kind = RFA_RECORD_DONE;
	record.seq = 2;
	snprintf(record.outcome, sizeof(record.outcome), "done");
	snprintf(record.opens, sizeof(record.opens), "prod.restart");
	ok(rfa_ledger_append(run, &record, NULL, &w->err));

	ok(rfa_ledger_load(w->ledger, kit_id(1, id), &h, &w->err));
	assert_string_equal(h->run, id);
	assert_string_equal(h->flow, "promote");
	assert_int_equal(h->flow_version, 1);
	assert_string_equal(h->stack, "ragflowauth");
	assert_string_equal(h->env, "prod");
	assert_string_equal(h->from, "test");
	assert_string_equal(h->author, "Ada Operator <ada@example.org>");
	assert_int_equal(rfa_facts_int(h->plan, "options/n", 0), 1);
	assert_int_equal(h->n, 3);
	assert_int_equal(h->final, RFA_FINAL_NONE);
	assert_int_equal(h->alive, 1);
	assert_null(h->summary);
	assert_int_equal(h->records[0].kind, RFA_RECORD_BEGIN);
	assert_int_equal(h->records[0].wall_ms, w->kit.clock.wall);
	assert_int_equal(h->records[1].kind, RFA_RECORD_INTENT);
	assert_int_equal(h->records[1].state, RFA_APPLY);
	assert_int_equal(h->records[1].attempt, 2);
	assert_int_equal(h->records[1].wall_ms, 1795343416123);
	assert_string_equal(h->records[1].step, "prod.load");
	assert_string_equal(h->records[1].host, "prod");
	assert_string_equal(h->records[1].outcome, "");
	assert_true(json_equal(h->records[1].facts, record.facts));
	assert_string_equal(h->records[2].opens, "prod.restart");
	assert_string_equal(h->records[2].outcome, "done");
	rfa_history_free(h);
	rfa_record_release(&record);

	ok(kit_end(run, 3, "ragflowauth", "prod", "20261122-103015", &w->err));
	ok(rfa_ledger_load(w->ledger, id, &h, &w->err));
	assert_int_equal(h->n, 4);
	assert_int_equal(h->final, RFA_FINAL_SUCCEEDED);
	assert_int_equal(h->alive, 0);
	assert_string_equal(rfa_facts_str(h->summary, "result", ""), "SUCCEEDED");
	assert_int_equal(h->records[3].kind, RFA_RECORD_END);
	assert_int_equal(h->records[3].wall_ms, 1795343417003);
	assert_string_equal(h->records[3].outcome, "SUCCEEDED");
	rfa_history_free(h);
	refused(RFA_ENOTFOUND, rfa_ledger_load(w->ledger, kit_id(2, id), &h, &w->err));
	refused(RFA_ENOTFOUND, rfa_ledger_load(w->ledger, "../../etc", &h, &w->err));
	ok(rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err));
}

/* Only the next number is taken, only by a run that has not ended. */
static void test_sequence(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	struct rfa_history *h = NULL;
	char id[RFA_RUN_ID_MAX];

	ok(kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
	refused(RFA_ESTALE, kit_append(run, 0, &w->err));
	refused(RFA_ESTALE, kit_append(run, 2, &w->err));
	ok(kit_append(run, 1, &w->err));
	refused(RFA_ESTALE, kit_append(run, 1, &w->err));
	refused(RFA_ESTALE, kit_end(run, 3, "app", "prod", NULL, &w->err));
	ok(kit_append(run, 2, &w->err));
	ok(rfa_ledger_load(w->ledger, kit_id(1, id), &h, &w->err));
	assert_int_equal(h->n, 3);
	rfa_history_free(h);
	ok(kit_end(run, 3, "app", "prod", NULL, &w->err));
	refused(RFA_EEXISTS, rfa_ledger_attach(w->ledger, id, &run, &w->err));
	refused(RFA_ENOTFOUND, rfa_ledger_attach(w->ledger, kit_id(9, id), &run, &w->err));
	refused(RFA_EEXISTS, kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
}

/* One unfinished run a stack and environment; the second is told which one is in the way. */
static void test_blocker(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL, *other = NULL;
	json_t *plan = json_object();
	struct rfa_ledger_begin begin = { .flow = "promote-data",
					  .flow_version = 1,
					  .stack = "app",
					  .env = "prod",
					  .from = "",
					  .plan = plan };
	char id[RFA_RUN_ID_MAX], second[RFA_RUN_ID_MAX], blocker[RFA_RUN_ID_MAX];

	ok(kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
	begin.run = kit_id(2, second);
	refused(RFA_ELOCKED, rfa_ledger_begin(w->ledger, &begin, &other, blocker, &w->err));
	assert_string_equal(blocker, kit_id(1, id));
	assert_non_null(strstr(w->err.msg, id));
	assert_non_null(strstr(w->err.msg, "drives"));
	begin.stack = "other";
	ok(rfa_ledger_begin(w->ledger, &begin, &other, blocker, &w->err));
	rfa_ledger_detach(other);
	begin.stack = "app";
	begin.env = "test";
	begin.run = kit_id(3, second);
	ok(rfa_ledger_begin(w->ledger, &begin, &other, blocker, &w->err));
	rfa_ledger_detach(other);
	rfa_ledger_detach(run);
	begin.env = "prod";
	begin.run = kit_id(4, second);
	refused(RFA_ELOCKED, rfa_ledger_begin(w->ledger, &begin, &other, blocker, &w->err));
	assert_non_null(strstr(w->err.msg, "interrupted"));
	assert_non_null(strstr(w->err.hint, "rfa resume"));
	json_decref(plan);
}

/* Running and interrupted are told apart; only one drives. */
static int begin_once(struct world *w, unsigned n, const char *env, const char *once,
		      struct rfa_ledger_run **run, char blocker[RFA_RUN_ID_MAX])
{
	json_t *plan = json_object();
	char id[RFA_RUN_ID_MAX];
	struct rfa_ledger_begin begin = { .run = kit_id(n, id),
					  .flow = "promote",
					  .flow_version = 1,
					  .stack = "app",
					  .env = env,
					  .plan = plan,
					  .once = once };
	int rc = rfa_ledger_begin(w->ledger, &begin, run, blocker, &w->err);

	json_decref(plan);
	return rc;
}

/* Of what is done once, one run is begun, however it ends, and whoever opens the ledger. */
static void test_once(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL, *other = NULL;
	char id[RFA_RUN_ID_MAX], blocker[RFA_RUN_ID_MAX];

	ok(begin_once(w, 1, "prod", "forge 17", &run, blocker));
	refused(RFA_ELOCKED, begin_once(w, 2, "prod", "forge 17", &other, blocker));
	ok(kit_end(run, 1, "app", "prod", NULL, &w->err));
	refused(RFA_EEXISTS, begin_once(w, 2, "prod", "forge 17", &other, blocker));
	assert_string_equal(blocker, kit_id(1, id));
	assert_non_null(strstr(w->err.msg, id));
	if (w->git) {
		rfa_ledger_free(w->ledger);
		w->ledger = open_again(w);
		refused(RFA_EEXISTS, begin_once(w, 2, "prod", "forge 17", &other, blocker));
	}
	/* Something else, elsewhere, or nothing of that kind: each is another matter. */
	ok(begin_once(w, 2, "prod", "forge 18", &run, blocker));
	ok(kit_end(run, 1, "app", "prod", NULL, &w->err));
	ok(begin_once(w, 3, "test", "forge 17", &run, blocker));
	ok(kit_end(run, 1, "app", "test", NULL, &w->err));
	ok(begin_once(w, 4, "prod", "", &run, blocker));
	ok(kit_end(run, 1, "app", "prod", NULL, &w->err));
	ok(begin_once(w, 5, "prod", NULL, &run, blocker));
	ok(kit_end(run, 1, "app", "prod", NULL, &w->err));
	ok(rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err));
}

static void test_attach(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL, *other = NULL;
	struct rfa_history *h = NULL;
	char id[RFA_RUN_ID_MAX];

	ok(kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
	ok(kit_append(run, 1, &w->err));
	refused(RFA_ELOCKED, rfa_ledger_attach(w->ledger, kit_id(1, id), &other, &w->err));
	assert_non_null(strstr(w->err.msg, id));
	rfa_ledger_detach(run);
	ok(rfa_ledger_load(w->ledger, id, &h, &w->err));
	assert_int_equal(h->alive, 0);
	rfa_history_free(h);
	ok(rfa_ledger_attach(w->ledger, id, &run, &w->err));
	refused(RFA_ESTALE, kit_append(run, 1, &w->err));
	ok(kit_append(run, 2, &w->err));
	ok(kit_end(run, 3, "app", "prod", NULL, &w->err));
	ok(kit_whole(w->ledger, 2, "app", "prod", 0, NULL, &w->err));
	ok(kit_whole(w->ledger, 3, "app", "prod", 1, NULL, &w->err));
	ok(rfa_ledger_load(w->ledger, kit_id(2, id), &h, &w->err));
	assert_int_equal(h->n, 2);
	rfa_history_free(h);
	rfa_ledger_detach(NULL);
}

static int gather(void *user, const struct rfa_ledger_line *line)
{
	struct rfa_buf *out = user;

	rfa_buf_printf(out, "%s %s/%s %s %s %s%s%s\n", line->run + 16, line->env, line->stack,
		       rfa_final_word(line->final), line->alive ? "alive" : "-", line->state,
		       line->step[0] ? "/" : "", line->step);
	return 0;
}

static int stop_at_once(void *user, const struct rfa_ledger_line *line)
{
	(void)line;
	return ++*(int *)user;
}

static void test_list(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_filter filter = { 0 };
	struct rfa_ledger_run *run = NULL, *second = NULL;
	struct rfa_buf out = RFA_BUF_INIT(65536);
	int calls = 0;

	ok(rfa_ledger_list(w->ledger, NULL, gather, &out, &w->err));
	assert_string_equal(rfa_buf_str(&out), "");
	ok(kit_whole(w->ledger, 1, "app", "prod", 1, NULL, &w->err));
	ok(kit_whole(w->ledger, 2, "web", "prod", 1, NULL, &w->err));
	ok(kit_begin(w->ledger, 3, "app", "test", &run, &w->err));
	ok(kit_append(run, 1, &w->err));
	ok(kit_whole(w->ledger, 4, "app", "prod", 1, NULL, &w->err));
	ok(kit_begin(w->ledger, 5, "app", "prod", &second, &w->err));
	rfa_ledger_detach(second);

	ok(rfa_ledger_list(w->ledger, NULL, gather, &out, &w->err));
	assert_string_equal(rfa_buf_str(&out), "000005 prod/app NONE - PRECHECK\n"
					       "000004 prod/app SUCCEEDED - \n"
					       "000003 test/app NONE alive TRANSFER/target.step-1\n"
					       "000002 prod/web SUCCEEDED - \n"
					       "000001 prod/app SUCCEEDED - \n");
	rfa_buf_clear(&out);
	filter.stack = "app";
	filter.limit = 3;
	ok(rfa_ledger_list(w->ledger, &filter, gather, &out, &w->err));
	assert_string_equal(rfa_buf_str(&out),
			    "000005 prod/app NONE - PRECHECK\n"
			    "000004 prod/app SUCCEEDED - \n"
			    "000003 test/app NONE alive TRANSFER/target.step-1\n");
	rfa_buf_clear(&out);
	filter.env = "prod";
	filter.limit = 0;
	ok(rfa_ledger_list(w->ledger, &filter, gather, &out, &w->err));
	assert_string_equal(rfa_buf_str(&out), "000005 prod/app NONE - PRECHECK\n"
					       "000004 prod/app SUCCEEDED - \n"
					       "000001 prod/app SUCCEEDED - \n");
	rfa_buf_clear(&out);
	filter.stack = filter.env = NULL;
	filter.open_only = 1;
	ok(rfa_ledger_list(w->ledger, &filter, gather, &out, &w->err));
	assert_string_equal(rfa_buf_str(&out),
			    "000005 prod/app NONE - PRECHECK\n"
			    "000003 test/app NONE alive TRANSFER/target.step-1\n");
	ok(rfa_ledger_list(w->ledger, NULL, stop_at_once, &calls, &w->err));
	assert_int_equal(calls, 1);
	rfa_ledger_detach(run);
	rfa_buf_release(&out);
}

/* END's files: written, replaced, added to, removed; folders are listed. */
static void test_files(void **state)
{
	struct world *w = *state;
	struct rfa_buf out = RFA_BUF_INIT(65536);
	struct rfa_ledger_run *run = NULL;
	struct rfa_record record = { .kind = RFA_RECORD_END, .seq = 1, .outcome = "ABORTED" };
	struct rfa_ledger_file files[] = { { .path = "environments/prod/app.json" },
					   { .path = "a/b/c/d.txt", .content = "x", .len = 1 },
					   { .path = "none/there.json" } };
	struct rfa_ledger_end end = {
		.final = RFA_FINAL_ABORTED, .files = files, .n_files = 3, .summary = "{}"
	};
	char head[65], later[65];
	json_t *names = NULL;

	ok(kit_whole(w->ledger, 1, "app", "prod", 0, NULL, &w->err));
	ok(rfa_ledger_head(w->ledger, head, &w->err));
	ok(kit_whole(w->ledger, 2, "web", "prod", 0, NULL, &w->err));
	ok(rfa_ledger_head(w->ledger, later, &w->err));
	assert_string_not_equal(head, later);
	ok(rfa_ledger_read(w->ledger, "history.log", &out, &w->err));
	assert_string_equal(rfa_buf_str(&out),
			    "2026-11-22T10:30:17Z | app | prod | promote | v1 | SUCCEEDED |\n"
			    "2026-11-22T10:30:17Z | web | prod | promote | v1 | SUCCEEDED |\n");
	ok(rfa_ledger_names(w->ledger, "environments/prod", &names, &w->err));
	assert_int_equal(json_array_size(names), 2);
	assert_string_equal(json_string_value(json_array_get(names, 0)), "app.json");
	json_decref(names);

	ok(kit_begin(w->ledger, 3, "app", "prod", &run, &w->err));
	ok(rfa_ledger_end(run, &record, "by hand", &end, &w->err));
	refused(RFA_ENOTFOUND,
		rfa_ledger_read(w->ledger, "environments/prod/app.json", &out, &w->err));
	refused(RFA_ENOTFOUND, rfa_ledger_read(w->ledger, "a/b/c", &out, &w->err));
	refused(RFA_ENOTFOUND, rfa_ledger_read(w->ledger, "../config", &out, &w->err));
	rfa_buf_clear(&out);
	ok(rfa_ledger_read(w->ledger, "a/b/c/d.txt", &out, &w->err));
	assert_string_equal(rfa_buf_str(&out), "x");
	ok(rfa_ledger_names(w->ledger, "nowhere", &names, &w->err));
	assert_int_equal(json_array_size(names), 0);
	json_decref(names);
	ok(rfa_ledger_names(w->ledger, "../..", &names, &w->err));
	assert_int_equal(json_array_size(names), 0);
	json_decref(names);
	ok(rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err));
	rfa_buf_release(&out);
}

/* A file that is added to is moved aside when it has grown: END stays cheap. */
static void test_rotation(void **state)
{
	struct world *w = *state;
	struct rfa_buf big = RFA_BUF_INIT(1 << 20);
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct rfa_ledger_run *run = NULL;
	struct rfa_record record = { .kind = RFA_RECORD_END, .seq = 1, .outcome = "SUCCEEDED" };
	struct rfa_ledger_file file = { .path = "history.log", .append = 1 };
	struct rfa_ledger_end end = {
		.final = RFA_FINAL_SUCCEEDED, .files = &file, .n_files = 1, .summary = "{}"
	};
	char id[RFA_RUN_ID_MAX], path[64];

	while (big.len < 256u << 10)
		rfa_buf_printf(&big, "line %zu\n", big.len);
	file.content = rfa_buf_str(&big);
	file.len = big.len;
	ok(kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
	ok(rfa_ledger_end(run, &record, "", &end, &w->err));
	file.content = "new\n";
	file.len = 4;
	ok(kit_begin(w->ledger, 2, "app", "prod", &run, &w->err));
	ok(rfa_ledger_end(run, &record, "", &end, &w->err));
	ok(rfa_ledger_read(w->ledger, "history.log", &out, &w->err));
	assert_string_equal(rfa_buf_str(&out), "new\n");
	rfa_buf_clear(&out);
	snprintf(path, sizeof(path), "history/%s.log", kit_id(2, id));
	ok(rfa_ledger_read(w->ledger, path, &out, &w->err));
	assert_int_equal(out.len, big.len);
	ok(rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err));
	rfa_buf_release(&big);
	rfa_buf_release(&out);
}

/* Names that could leave their folder, forge a trailer or reach a terminal are refused. */
static void test_hostile_names(void **state)
{
	static const char *const bad[] = {
		"",
		"..",
		"../x",
		"a/b",
		"/etc",
		".git",
		"a\nb",
		"a b",
		"\x1b[2J",
		"'; rm -rf",
		"\"",
		"a..b",
		"x.lock",
		"-rf",
		"caf\xc3\xa9",
		"a\x7f",
		"refs:x",
		"a~1",
		"a^",
		"x.",
		"01234567890123456789012345678901234567890123456789012345678901234567"
	};
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	struct rfa_record record = { .kind = RFA_RECORD_DONE, .seq = 1 };
	json_t *plan = json_object();
	char id[RFA_RUN_ID_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rfa_ledger_begin begin = { .run = kit_id(1, id),
						  .flow = "promote",
						  .stack = "app",
						  .env = "prod",
						  .plan = plan };

		begin.stack = bad[i];
		refused(RFA_EREFUSED, rfa_ledger_begin(w->ledger, &begin, &run, NULL, &w->err));
		assert_null(strpbrk(w->err.msg, "\n\x1b\x7f"));
		begin.stack = "app";
		begin.env = bad[i];
		refused(RFA_EREFUSED, rfa_ledger_begin(w->ledger, &begin, &run, NULL, &w->err));
		begin.env = "prod";
		begin.flow = bad[i];
		refused(RFA_EREFUSED, rfa_ledger_begin(w->ledger, &begin, &run, NULL, &w->err));
		begin.flow = "promote";
		begin.run = bad[i];
		refused(RFA_EREFUSED, rfa_ledger_begin(w->ledger, &begin, &run, NULL, &w->err));
		begin.run = id;
		begin.from = bad[i];
		if (bad[i][0])
			refused(RFA_EREFUSED,
				rfa_ledger_begin(w->ledger, &begin, &run, NULL, &w->err));
	}
	ok(kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
	for (size_t i = 1; i < sizeof(bad) / sizeof(bad[0]) - 1; i++) {
		snprintf(record.step, sizeof(record.step), "%s", bad[i]);
		refused(RFA_EREFUSED, rfa_ledger_append(run, &record, "", &w->err));
	}
	record.step[0] = '\0';
	snprintf(record.host, sizeof(record.host), "a\nRfa-Seq: 7");
	refused(RFA_EREFUSED, rfa_ledger_append(run, &record, "", &w->err));
	rfa_ledger_detach(run);
	json_decref(plan);
}

/* Whatever a subject or a fact says, the record reads back as it was, and only it. */
static void test_hostile_text(void **state)
{
	static const char *const texts[] = {
		"two\nlines\n\nRfa-Seq: 99",
		"\x1b]0;title\x07\x1b[2J",
		"\xff\xfe not UTF-8",
		"Rfa-Run: 20200101-000000-000000",
		"",
	};
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	struct rfa_history *h = NULL;
	struct rfa_record record = { .kind = RFA_RECORD_PROGRESS, .wall_ms = 1795343416000 };
	struct rfa_buf big = RFA_BUF_INIT(1 << 20);
	char id[RFA_RUN_ID_MAX];

	ok(kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
	for (size_t i = 0; i < 5; i++) {
		record.seq = (uint32_t)i + 1;
		record.facts = json_pack("{s:s?}", "t", i == 2 ? "ok" : texts[i]);
		ok(rfa_ledger_append(run, &record, texts[i], &w->err));
		rfa_record_release(&record);
	}
	while (big.len < 500000)
		rfa_buf_puts(&big, "0123456789\xe2\x82\xac");
	record.seq = 6;
	record.facts = json_pack("{s:s}", "big", rfa_buf_str(&big));
	ok(rfa_ledger_append(run, &record, rfa_buf_str(&big), &w->err));
	rfa_record_release(&record);
	/* What could be written and never read again is refused. */
	record.seq = 7;
	record.facts = json_object();
	json_object_set_new(record.facts, "nul", json_stringn("a\0b", 3));
	assert_int_not_equal(rfa_ledger_append(run, &record, "", &w->err), 0);
	rfa_record_release(&record);

	ok(rfa_ledger_load(w->ledger, kit_id(1, id), &h, &w->err));
	assert_int_equal(h->n, 7);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(rfa_facts_str(h->records[i + 1].facts, "t", "?"),
				    i == 2 ? "ok" : texts[i]);
	assert_string_equal(rfa_facts_str(h->records[6].facts, "big", ""), rfa_buf_str(&big));
	rfa_history_free(h);
	rfa_ledger_detach(run);
	ok(rfa_ledger_verify(w->ledger, NULL, NULL, NULL, &w->err));
	rfa_buf_release(&big);
}

/* A secret is refused wherever it stands, and never told. */
static void test_secrets(void **state)
{
	static const char *const secrets[] = { "hunter2-\"quoted\"", "s3cr3t-value", "", NULL };
	static const char *const keys[] = {
		"-----BEGIN OPENSSH PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\nMII",
		"id AKIAIOSFODNN7EXAMPLE.",
		"xoxb-123456789012-abcdef",
		"ghp_0123456789abcdefghijklmnopqrstuvwxyz",
	};
	static const char *const fine[] = {
		"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"MAKIAIOSFODNN7EXAMPLE0",
		"ghp_short",
		"-----BEGIN CERTIFICATE-----",
		"registry.example/postgres:16",
	};
	struct world *w = *state;
	struct rfa_ledger_options options = w->kit.options;
	struct rfa_record record = { .kind = RFA_RECORD_DONE, .seq = 1 };
	struct rfa_ledger_run *run = NULL;
	struct rfa_ledger *ledger = NULL;
	json_t *plan = json_pack("{s:s}", "password", "s3cr3t-value");
	struct rfa_ledger_begin begin = {
		.flow = "promote", .stack = "app", .env = "prod", .plan = plan
	};
	char id[RFA_RUN_ID_MAX];
	char head[65], after[65];

	options.secrets = secrets;
	if (w->git)
		ok(rfa_ledger_open(&ledger, &options, &w->err));
	else
		ok(rfa_ledger_open_memory(&ledger, &options, &w->err));
	begin.run = kit_id(1, id);
	refused(RFA_EREFUSED, rfa_ledger_begin(ledger, &begin, &run, NULL, &w->err));
	assert_null(strstr(w->err.msg, "s3cr3t"));
	json_decref(plan);
	ok(kit_begin(ledger, 1, "app", "prod", &run, &w->err));
	ok(rfa_ledger_head(ledger, head, &w->err));
	refused(RFA_EREFUSED, rfa_ledger_append(run, &record, "with s3cr3t-value", &w->err));
	record.facts = json_pack("{s:[{s:s}]}", "deep", "er", "it is hunter2-\"quoted\"!");
	refused(RFA_EREFUSED, rfa_ledger_append(run, &record, "", &w->err));
	assert_null(strstr(w->err.msg, "hunter2"));
	rfa_record_release(&record);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		record.facts = json_pack("{s:s}", "out", keys[i]);
		refused(RFA_EREFUSED, rfa_ledger_append(run, &record, "", &w->err));
		assert_non_null(strstr(w->err.msg, "looks like"));
		assert_null(strstr(w->err.msg, keys[i]));
		rfa_record_release(&record);
		refused(RFA_EREFUSED, rfa_ledger_append(run, &record, keys[i], &w->err));
	}
	ok(rfa_ledger_head(ledger, after, &w->err));
	assert_string_equal(head, after);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		record.seq = (uint32_t)i + 1;
		record.facts = json_pack("{s:s}", "out", fine[i]);
		ok(rfa_ledger_append(run, &record, fine[i], &w->err));
		rfa_record_release(&record);
	}
	rfa_ledger_detach(run);
	rfa_ledger_free(ledger);
}

/* What cannot be a record, an end or one of END's files. */
static void test_misuse(void **state)
{
	static const char *const paths[] = { "runs/x.json", "open/prod/app.json",
					     "last/x",      "README",
					     "ledger.json", "../x",
					     "a//b",        "/a",
					     "a/",          "",
					     ".git/x",      "history/x.log" };
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	struct rfa_record record = { .kind = RFA_RECORD_BEGIN, .seq = 1 };
	struct rfa_ledger_file file = { .content = "x", .len = 1 };
	struct rfa_ledger_end end = {
		.final = RFA_FINAL_FAILED, .files = &file, .n_files = 1, .summary = "{}"
	};

	ok(kit_begin(w->ledger, 1, "app", "prod", &run, &w->err));
	refused(RFA_EINTERNAL, rfa_ledger_append(run, &record, "", &w->err));
	record.kind = RFA_RECORD_END;
	refused(RFA_EINTERNAL, rfa_ledger_append(run, &record, "", &w->err));
	snprintf(record.outcome, sizeof(record.outcome), "SUCCEEDED");
	file.path = "ok.json";
	refused(RFA_EINTERNAL, rfa_ledger_end(run, &record, "", &end, &w->err));
	snprintf(record.outcome, sizeof(record.outcome), "FAILED");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		file.path = paths[i];
		refused(RFA_EINTERNAL, rfa_ledger_end(run, &record, "", &end, &w->err));
	}
	file.path = "ok.json";
	end.summary = "not JSON";
	assert_int_not_equal(rfa_ledger_end(run, &record, "", &end, &w->err), 0);
	end.summary = "{}";
	end.point = "../x";
	refused(RFA_EINTERNAL, rfa_ledger_end(run, &record, "", &end, &w->err));
	end.point = NULL;
	ok(rfa_ledger_end(run, &record, "", &end, &w->err));
}

static int count_calls(void *user, const struct rfa_history *history, struct rfa_error *err)
{
	++*(int *)user;
	return history->n == 3 ? rfa_fail(err, RFA_EINTERNAL, "flow", "three is wrong") : 0;
}

static int found;
static void note(void *user, const struct rfa_ledger_finding *finding)
{
	(void)user;
	found++;
	assert_non_null(strstr(finding->what, "three is wrong"));
}

/* The flow's table judges each run, ended or not. */
static void test_legal(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_run *run = NULL;
	int calls = 0;

	found = 0;
	ok(kit_whole(w->ledger, 1, "app", "prod", 0, NULL, &w->err));
	ok(kit_whole(w->ledger, 2, "app", "prod", 1, NULL, &w->err));
	ok(kit_begin(w->ledger, 3, "app", "prod", &run, &w->err));
	refused(RFA_ECORRUPT, rfa_ledger_verify(w->ledger, count_calls, note, &calls, &w->err));
	assert_int_equal(calls, 3);
	assert_int_equal(found, 1);
	rfa_ledger_detach(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_round_trip), BOTH(test_sequence),      BOTH(test_blocker),
		BOTH(test_attach),     BOTH(test_list),          BOTH(test_files),
		BOTH(test_rotation),   BOTH(test_hostile_names), BOTH(test_hostile_text),
		BOTH(test_secrets),    BOTH(test_misuse),        BOTH(test_legal),
		BOTH(test_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

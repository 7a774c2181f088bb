/* sync: what is written, what is left alone, what is refused, and how it comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "tests/harness/watcher.h"

#define PLACE "/srv/stacks/shop"

struct bench {
	struct world w;
	struct watcher x;
	struct rfa_run_result result;
	struct rfa_error err;
};

static void bench_open(struct bench *b, int take)
{
	memset(b, 0, sizeof(*b));
	world_make_files(&b->w, 7, take);
	watcher_begin(&b->x, &b->w);
}

static void bench_close(struct bench *b)
{
	struct rfa_buf why = RFA_BUF_INIT(65536);

	if (!world_is_clean(&b->w, &why))
		fail_msg("%s", rfa_buf_str(&why));
	rfa_buf_release(&why);
	watcher_end(&b->x);
	world_free(&b->w);
}

static int run(struct bench *b, const json_t *plan)
{
	rfa_error_clear(&b->err);
	return rfa_run_begin(&b->w.options, plan, &b->result, &b->err);
}

static void must_run(struct bench *b, const json_t *plan)
{
	if (run(b, plan))
		fail_msg("%s: %s", b->err.where, b->err.msg);
	assert_int_equal(b->result.final, RFA_FINAL_SUCCEEDED);
}

/* The plan as the command makes it: with what the ledger says that was brought. */
static json_t *again(struct bench *b)
{
	json_t *back = world_files_back_plan(&b->w), *plan = rfa_facts_copy(b->w.plan);

	json_object_set(json_object_get(plan, "options"), "synced",
			rfa_facts_at(back, "options/synced"));
	json_decref(back);
	return plan;
}

/* "": it is not there. */
static const char *on(struct rfa_host *host, const char *path, char out[4096])
{
	struct rfa_buf text = RFA_BUF_INIT(4000);
	struct rfa_error err;

	out[0] = '\0';
	if (!host->files->read(host, path, 4000, &text, &err))
		snprintf(out, 4096, "%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
	return out;
}
#define ON_PROD(path) on(b.w.target, PLACE "/" path, (char[4096]){ 0 })
#define ON_TEST(path) on(b.w.source, WORLD_FILES "/" path, (char[4096]){ 0 })

static unsigned mode_of(struct bench *b, const char *path)
{
	struct rfa_file_stat st;

	assert_int_equal(b->w.target->files->stat(b->w.target, path, &st, &b->err), 0);
	return st.mode;
}

static void edit(struct bench *b, const char *path, const char *text)
{
	assert_int_equal(rfa_sim_file_put(b->w.prod, path, 0644, text, &b->err), 0);
}

/* Images come only to a directory that is as it was brought. */
static void images_want_it_as_it_came(void **state)
{
	static const char compose[] = PLACE "/docker-compose.yml";
	json_t *options, *plan;
	char hex[RFA_DIGEST_HEX], was[4096], path[64];
	struct bench b;
	int i;

	(void)state;
	memset(&b, 0, sizeof(b));
	world_make(&b.w, SCENARIO_COMPOSE, 7);
	watcher_begin(&b.x, &b.w);
	plan = b.w.plan;
	options = json_object_get(plan, "options");
	on(b.w.target, compose, was);
	assert_true(*was);
	rfa_digest_of(RFA_SHA256, was, strlen(was), hex);
	json_object_set_new(options, "synced",
			    json_pack("{s:{s:s, s:i}, s:{s:s, s:i}}", "docker-compose.yml",
				      "sha256", hex, "mode", 0644, "gone.yml", "sha256", hex,
				      "mode", 0644));
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_non_null(strstr(b.err.msg, "has it no more: gone.yml"));

	json_object_del(json_object_get(options, "synced"), "gone.yml");
	json_object_set_new(rfa_facts_at(options, "synced/docker-compose.yml"), "sha256",
			    json_string("00"));
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_non_null(
	    strstr(b.err.msg, "edited on prod since a sync brought it: docker-compose.yml"));

	json_object_set_new(rfa_facts_at(options, "synced/docker-compose.yml"), "sha256",
			    json_string(hex));
	/* What nobody can look through is refused, and a person may let it pass. */
	for (i = 0; i < 2001; i++) {
		snprintf(path, sizeof(path), PLACE "/data/%d", i);
		assert_int_equal(rfa_sim_file_put(b.w.prod, path, 0644, "", &b.err), 0);
	}
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_non_null(strstr(b.err.msg, "nobody can tell whether prod has what a sync brought"));
	for (i = 0; i < 2001; i++) {
		snprintf(path, sizeof(path), PLACE "/data/%d", i);
		rfa_sim_file_drop(b.w.prod, path);
	}
	must_run(&b, plan);
	bench_close(&b);
}

static void files_come(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	must_run(&b, b.w.plan);
	assert_string_equal(ON_PROD("docker-compose.yml"), "{\"services\": {}}\n");
	assert_string_equal(ON_PROD("conf/deep/new.yml"), "new: 1\n");
	assert_string_equal(ON_PROD(".env"), "MODE=prod\nPASSWORD=hunter2hunter2\n");
	assert_int_equal(mode_of(&b, PLACE "/.env"), 0600);
	assert_int_equal(mode_of(&b, PLACE "/conf/deep/new.yml"), 0640);
	assert_string_equal(ON_PROD("old.yml"), "");
	/* What is kept is neither removed nor brought. */
	assert_string_equal(ON_PROD("data/big"), "data");
	assert_string_equal(ON_PROD("data/kept"), "");
	bench_close(&b);
}

/* Neither a value nor a digest that lets anybody try one out. */
static void the_ledger_tells_nothing_of_variables(void **state)
{
	static const char text[] = "MODE=prod\nPASSWORD=hunter2hunter2\n";
	struct rfa_history *h = NULL;
	char hex[RFA_DIGEST_HEX], *facts;
	struct bench b;
	json_t *plan;
	size_t i;

	(void)state;
	rfa_digest_of(RFA_SHA256, text, strlen(text), hex);
	bench_open(&b, 0);
	must_run(&b, b.w.plan);
	assert_int_equal(rfa_ledger_load(b.w.ledger, b.result.run, &h, &b.err), 0);
	for (i = 0; i < h->n; i++) {
		facts = json_dumps(h->records[i].facts, JSON_ENCODE_ANY);
		assert_true(!facts || (!strstr(facts, "hunter2") && !strstr(facts, hex)));
		free(facts);
	}
	rfa_history_free(h);
	plan = again(&b);
	facts = json_dumps(plan, 0);
	assert_non_null(strstr(facts, ".env"));
	assert_true(!strstr(facts, "hunter2") && !strstr(facts, hex));
	free(facts);
	/* And yet it is seen that nothing has changed, and that something has. */
	must_run(&b, plan);
	edit(&b, PLACE "/.env", "MODE=prod\nPASSWORD=another\n");
	assert_int_equal(rfa_sim_file_put(b.w.test, WORLD_FILES "/.env", 0600, "A=1\n", &b.err), 0);
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "edited", ".env"));
	json_decref(plan);
	bench_close(&b);
}

static void what_was_edited_is_not_written_over(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	edit(&b, PLACE "/docker-compose.yml", "edited");
	assert_int_equal(run(&b, b.w.plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "edited", "docker-compose.yml"));
	assert_string_equal(ON_PROD("docker-compose.yml"), "edited");
	assert_string_equal(ON_PROD("old.yml"), "old: 1\n");
	/* One that is to go is one, too. */
	bench_close(&b);
	bench_open(&b, 0);
	edit(&b, PLACE "/old.yml", "edited");
	assert_int_equal(run(&b, b.w.plan), -RFA_EREFUSED);
	/* By force, and it is kept. */
	json_object_set_new(json_object_get(b.w.plan, "options"), "force_reason",
			    json_string("mine"));
	must_run(&b, b.w.plan);
	assert_string_equal(ON_PROD("old.yml"), "");
	bench_close(&b);
	/* What nobody has brought is nobody's to write over. */
	bench_open(&b, 0);
	json_object_clear(rfa_facts_at(b.w.plan, "options/synced"));
	assert_int_equal(run(&b, b.w.plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "edited", "no sync has brought"));
	bench_close(&b);
}

static void without_delete_nothing_goes(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, 0);
	json_object_del(json_object_get(b.w.plan, "options"), "remove_gone");
	must_run(&b, b.w.plan);
	assert_string_equal(ON_PROD("old.yml"), "old: 1\n");
	/* It is still known as brought, so that it may go later. */
	plan = again(&b);
	json_object_set_new(json_object_get(plan, "options"), "remove_gone", json_true());
	must_run(&b, plan);
	assert_string_equal(ON_PROD("old.yml"), "");
	json_decref(plan);
	bench_close(&b);
}

static json_t *on_main(struct bench *b, const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	json_t *out = NULL;

	assert_int_equal(rfa_ledger_read(b->w.ledger, path, &text, &b->err), 0);
	assert_int_equal(rfa_facts_parse(&out, rfa_buf_str(&text), text.len, path, &b->err), 0);
	rfa_buf_release(&text);
	return out;
}

static void an_edit_is_taken_back(void **state)
{
	struct bench b;
	json_t *plan, *sync;

	(void)state;
	bench_open(&b, 1);
	edit(&b, PLACE "/docker-compose.yml", "{\"edited\": 1}");
	must_run(&b, b.w.plan);
	assert_string_equal(ON_TEST("docker-compose.yml"), "{\"edited\": 1}");
	assert_string_equal(ON_PROD("docker-compose.yml"), "{\"edited\": 1}");
	assert_string_equal(ON_PROD("conf/deep/new.yml"), "");
	/* From now on it is one that was brought: another one from the source may come. */
	plan = rfa_facts_copy(b.w.plan);
	sync = on_main(&b, "synced/prod/app.json");
	json_object_del(json_object_get(plan, "options"), "take_back");
	json_object_set(json_object_get(plan, "options"), "synced", json_object_get(sync, "files"));
	assert_int_equal(
	    rfa_sim_file_put(b.w.test, WORLD_FILES "/docker-compose.yml", 0644, "3", &b.err), 0);
	must_run(&b, plan);
	assert_string_equal(ON_PROD("docker-compose.yml"), "3");
	json_decref(sync);
	json_decref(plan);
	bench_close(&b);
}

static void files_go_back(void **state)
{
	struct bench b;
	json_t *before, *after, *plan;

	(void)state;
	bench_open(&b, 0);
	before = world_serves(&b.w);
	must_run(&b, b.w.plan);
	/* Another one, so that two points lie on the way. */
	b.w.options.clock->sleep_ms(b.w.options.clock, 5000);
	assert_int_equal(
	    rfa_sim_file_put(b.w.test, WORLD_FILES "/docker-compose.yml", 0644, "2", &b.err), 0);
	plan = again(&b);
	must_run(&b, plan);
	json_decref(plan);
	assert_string_equal(ON_PROD("docker-compose.yml"), "2");
	b.w.options.clock->sleep_ms(b.w.options.clock, 5000);
	plan = world_files_back_plan(&b.w);
	must_run(&b, plan);
	json_decref(plan);
	after = world_serves(&b.w);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	bench_close(&b);
}

/* The newest three points have their files; of older ones nothing is left. */
static void old_points_go(void **state)
{
	struct bench b;
	json_t *names = NULL, *own, *files;
	char text[16];
	int i;

	(void)state;
	bench_open(&b, 0);
	for (i = 0; i < 5; i++) {
		json_t *plan = i ? again(&b) : json_incref(b.w.plan);

		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(rfa_sim_file_put(b.w.test, WORLD_FILES "/docker-compose.yml", 0644,
						  text, &b.err),
				 0);
		must_run(&b, plan);
		json_decref(plan);
		b.w.options.clock->sleep_ms(b.w.options.clock, 5000);
	}
	assert_int_equal(rfa_ledger_names(b.w.ledger, "points/prod/app", &names, &b.err), 0);
	assert_int_equal(json_array_size(names), 3);
	json_decref(names);
	own = world_own(&b.w);
	files = rfa_facts_at(own, "prod/own/files");
	/* Three files, one of each point; the key, and the head of the ledger. */
	assert_int_equal(json_object_size(files), 5);
	json_decref(own);
	bench_close(&b);
}

static void what_cannot_be_brought_is_told(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 0);
	assert_int_equal(rfa_sim_link_put(b.w.test, WORLD_FILES "/link", "/etc/passwd", &b.err), 0);
	edit(&b, PLACE "/conf/deep", "a file");
	assert_int_equal(run(&b, b.w.plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "source", "symbolic link"));
	assert_true(watcher_is_refused(b.x.refused, "source", "no directory"));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_want_it_as_it_came),
		cmocka_unit_test(files_come),
		cmocka_unit_test(the_ledger_tells_nothing_of_variables),
		cmocka_unit_test(what_was_edited_is_not_written_over),
		cmocka_unit_test(without_delete_nothing_goes),
		cmocka_unit_test(an_edit_is_taken_back),
		cmocka_unit_test(files_go_back),
		cmocka_unit_test(old_points_go),
		cmocka_unit_test(what_cannot_be_brought_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

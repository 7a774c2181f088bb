/*
 * A rollback of images and what belongs to it: the configuration that its containers had, which is
 * told and comes back if it is asked for, and images that the host has no more.
 */
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
#define OLD_ENV WORLD_OLD_VARIABLES
#define NEW_ENV WORLD_NEW_VARIABLES

struct bench {
	struct world w;
	struct watcher x;
	json_t *plan;
	struct rfa_run_result result;
	struct rfa_error err;
};

static void bench_open(struct bench *b, enum world_back which)
{
	memset(b, 0, sizeof(*b));
	b->plan = world_make_back(&b->w, which, 7);
	watcher_begin(&b->x, &b->w);
}

static void bench_close(struct bench *b)
{
	struct rfa_buf why = RFA_BUF_INIT(65536);

	if (!world_is_clean(&b->w, &why))
		fail_msg("%s", rfa_buf_str(&why));
	rfa_buf_release(&why);
	json_decref(b->plan);
	watcher_end(&b->x);
	world_free(&b->w);
}

static int run(struct bench *b, const json_t *plan)
{
	rfa_error_clear(&b->err);
	b->w.options.clock->sleep_ms(b->w.options.clock, 5000);
	return rfa_run_begin(&b->w.options, plan, &b->result, &b->err);
}

static void must_run(struct bench *b, const json_t *plan)
{
	if (run(b, plan))
		fail_msg("%s: %s", b->err.where, b->err.msg);
	assert_int_equal(b->result.final, RFA_FINAL_SUCCEEDED);
}

/* "": it is not there. */
static const char *on_prod(struct bench *b, const char *path, char out[4096])
{
	struct rfa_buf text = RFA_BUF_INIT(4000);
	struct rfa_error err;
	char whole[512];

	out[0] = '\0';
	snprintf(whole, sizeof(whole), PLACE "/%s", path);
	if (!b->w.target->files->read(b->w.target, whole, 4000, &text, &err))
		snprintf(out, 4096, "%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
	return out;
}
#define ON_PROD(path) on_prod(&b, path, (char[4096]){ 0 })

static void put(struct bench *b, const char *path, const char *text)
{
	assert_int_equal(rfa_sim_file_put(b->w.prod, path, 0644, text, &b->err), 0);
}

/* An option of a plan. */
static void with(json_t *plan, const char *key, json_t *value)
{
	json_object_set_new(json_object_get(plan, "options"), key, value);
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

/* A plan as the command makes it, with what the last run has brought up. */
static json_t *promote_again(struct bench *b)
{
	json_t *plan = rfa_facts_copy(b->w.plan), *there = on_main(b, "environments/prod/app.json");

	with(plan, "configuration", json_incref(json_object_get(there, "configuration")));
	json_decref(there);
	return plan;
}

static const char *mode_of_web(struct bench *b, char out[64])
{
	json_t *seen = NULL, *one;
	size_t i;

	assert_int_equal(
	    b->w.target->engine->inspect(b->w.target, RFA_CONTAINER, "shop-web-1", &seen, &b->err),
	    0);
	out[0] = '\0';
	json_array_foreach (rfa_facts_at(seen, "Config/Env"), i, one) {
		if (!strncmp(json_string_value(one), "MODE=", 5))
			snprintf(out, 64, "%s %s", json_string_value(one),
				 rfa_facts_str(seen, "Config/Image", ""));
	}
	json_decref(seen);
	return out;
}
#define WEB mode_of_web(&b, (char[64]){ 0 })

/* What a preview says of a file: "change: line, line". */
static void of_file(const json_t *document, const char *path, char out[512])
{
	json_t *row, *line;
	size_t i, k;

	out[0] = '\0';
	json_array_foreach (json_object_get(document, "changes"), i, row) {
		if (strcmp(rfa_facts_str(row, "what", ""), path) != 0)
			continue;
		snprintf(out, 512, "%s:", rfa_facts_str(row, "change", ""));
		json_array_foreach (json_object_get(row, "diff"), k, line) {
			strncat(out, " ", 511 - strlen(out));
			strncat(out, json_string_value(line), 511 - strlen(out));
		}
	}
}

static void assert_preview(struct bench *b, const char *path, const char *expected)
{
	json_t *document = NULL;
	char is[512], *all;

	assert_int_equal(rfa_run_preview(&b->w.options, b->plan, &document, &b->err), 0);
	of_file(document, path, is);
	assert_string_equal(is, expected);
	all = json_dumps(document, 0);
	assert_null(strstr(all, "hunter"));
	assert_null(strstr(all, "\"MODE"));
	free(all);
	json_decref(document);
}

static void differences_are_told_by_key(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, WORLD_BACK_FILES);
	assert_preview(&b, ".env", "changed: ~MODE ~TOKEN");
	with(b.plan, "with_files", json_false());
	assert_preview(&b, ".env", "same: ~MODE ~TOKEN");
	assert_preview(&b, "docker-compose.yml",
		       "same: ~services.api.image ~services.web.environment.MODE "
		       "~services.web.image");
	/* And they are left as they are. */
	must_run(&b, b.plan);
	assert_string_equal(ON_PROD(".env"), NEW_ENV);
	assert_string_equal(WEB, "MODE=changed web:v1");
	assert_non_null(strstr(rfa_buf_str(&b.x.all), "the configuration is not as it was then: "
						      "docker-compose.yml, .env"));
	bench_close(&b);
}

static void files_come_back(void **state)
{
	struct rfa_file_stat st;
	struct bench b;
	json_t *plan, *there;

	(void)state;
	bench_open(&b, WORLD_BACK_FILES);
	must_run(&b, b.plan);
	assert_string_equal(ON_PROD(".env"), OLD_ENV);
	assert_int_equal(b.w.target->files->stat(b.w.target, PLACE "/.env", &st, &b.err), 0);
	assert_int_equal(st.mode, 0600);
	assert_null(strstr(ON_PROD("docker-compose.yml"), "changed"));
	assert_string_equal(WEB, "MODE=prod web:v1");
	/* What is in force now is the point's. */
	there = on_main(&b, "environments/prod/app.json");
	assert_string_equal(rfa_facts_str(there, "configuration/run", ""),
			    rfa_facts_str(b.plan, "point/configuration/run", "-"));
	json_decref(there);
	/* And forward again. */
	plan = world_rollback_plan(&b.w);
	assert_string_equal(rfa_facts_str(plan, "point/version", ""), "v2");
	with(plan, "with_files", json_true());
	must_run(&b, plan);
	json_decref(plan);
	bench_close(&b);
}

static void files_go_with_a_failure(void **state)
{
	struct rfa_buf diff = RFA_BUF_INIT(1 << 20);
	struct bench b;
	json_t *before, *after;

	(void)state;
	bench_open(&b, WORLD_BACK_SICK);
	before = world_serves(&b.w);
	assert_int_equal(run(&b, b.plan), -RFA_EROLLED_BACK);
	after = world_serves(&b.w);
	rfa_sim_diff(before, after, &diff);
	assert_string_equal(rfa_buf_str(&diff), "");
	rfa_buf_release(&diff);
	assert_string_equal(ON_PROD(".env"), NEW_ENV);
	assert_string_equal(WEB, "MODE=changed web:v2");
	json_decref(before);
	json_decref(after);
	bench_close(&b);
}

/* A file that was not there then goes, and a point of before this was kept has none. */
static void what_was_kept_decides(void **state)
{
	struct bench b;
	json_t *files;
	const char *file;

	(void)state;
	bench_open(&b, WORLD_BACK_FILES);
	files = rfa_facts_at(b.plan, "point/configuration/files");
	assert_int_equal(json_array_size(files), 2);
	assert_string_equal(rfa_facts_str(json_array_get(files, 1), "path", ""), ".env");
	json_array_remove(files, 1);
	must_run(&b, b.plan);
	assert_string_equal(ON_PROD(".env"), "");
	bench_close(&b);

	/* Unless it was there, and could not be kept. */
	bench_open(&b, WORLD_BACK_FILES);
	json_array_remove(rfa_facts_at(b.plan, "point/configuration/files"), 1);
	json_object_set_new(rfa_facts_at(b.plan, "point/configuration"), "left_out",
			    json_pack("[s]", ".env: it is too large"));
	must_run(&b, b.plan);
	assert_string_equal(ON_PROD(".env"), NEW_ENV);
	assert_non_null(
	    strstr(rfa_buf_str(&b.x.all), "was not kept then, and stays as it is: .env"));
	bench_close(&b);

	bench_open(&b, WORLD_BACK_FILES);
	json_object_del(json_object_get(b.plan, "point"), "configuration");
	assert_int_equal(run(&b, b.plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "configuration", "has kept no configuration"));
	with(b.plan, "with_files", json_false());
	must_run(&b, b.plan);
	assert_string_equal(ON_PROD(".env"), NEW_ENV);
	bench_close(&b);

	bench_open(&b, WORLD_BACK_FILES);
	files = rfa_facts_at(b.plan, "point/configuration/files");
	file = rfa_facts_str(json_array_get(files, 0), "file", "");
	assert_int_equal(b.w.target->files->remove(b.w.target, file, &b.err), 0);
	assert_int_equal(run(&b, b.plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "configuration", "is no longer kept"));
	assert_string_equal(ON_PROD(".env"), NEW_ENV);
	/* It is told without --with-files, too: it is not as it was then, as far as anybody knows.
	 */
	with(b.plan, "with_files", json_false());
	must_run(&b, b.plan);
	assert_non_null(strstr(rfa_buf_str(&b.x.all),
			       "nobody can tell whether it is as it was then: docker-compose.yml"));
	bench_close(&b);
}

/* Another MODE in docker-compose.yml, of seven bytes. */
static void put_mode(struct bench *b, const char *old, const char *mode)
{
	char text[4096], *at;

	on_prod(b, "docker-compose.yml", text);
	at = strstr(text, old);
	assert_non_null(at);
	memcpy(at, mode, 7);
	put(b, PLACE "/docker-compose.yml", text);
}

/* What a gate says is in the ledger, and so in a preview: an event alone is told to nobody there.
 */
static void assert_told_by_gate(struct bench *b, const char *gate, const char *verdict,
				const char *text)
{
	struct rfa_history *history = NULL;
	int told = 0;
	json_t *one;
	size_t i, k;

	assert_int_equal(rfa_ledger_load(b->w.ledger, b->result.run, &history, &b->err), 0);
	for (i = 0; i < history->n; i++)
		json_array_foreach (rfa_facts_at(history->records[i].facts, "gates"), k, one)
			told |= !strcmp(rfa_facts_str(one, "gate", ""), gate) &&
				!strcmp(rfa_facts_str(one, "verdict", ""), verdict) &&
				strstr(rfa_facts_str(one, "evidence", ""), text);
	assert_true(told);
	rfa_history_free(history);
}

/* Changed files come along with a promotion: the point has those of before. */
static void the_point_has_what_was_in_force(void **state)
{
	struct bench b;
	json_t *plan, *back;

	(void)state;
	bench_open(&b, WORLD_BACK_FILES);
	plan = promote_again(&b);
	must_run(&b, plan);
	json_decref(plan);
	b.w.options.clock->sleep_ms(b.w.options.clock, 5000);
	put_mode(&b, "changed", "latest ");
	put(&b, PLACE "/.env", OLD_ENV);
	plan = promote_again(&b);
	json_object_set_new(rfa_facts_at(plan, "target/stack/gates"), "allow_compose_changes",
			    json_true());
	must_run(&b, plan);
	assert_told_by_gate(&b, "compose", "warning", "web on prod changes with its image");
	assert_string_equal(WEB, "MODE=latest  web:v2");
	back = world_rollback_plan(&b.w);
	with(back, "with_files", json_true());
	must_run(&b, back);
	assert_string_equal(WEB, "MODE=changed web:v2");
	assert_string_equal(ON_PROD(".env"), NEW_ENV);
	json_decref(plan);
	json_decref(back);
	bench_close(&b);
}

/* Nothing is told of values, and no digest lets anybody try one out. */
static void the_ledger_tells_no_value(void **state)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 24);
	char hex[2][RFA_DIGEST_HEX];
	struct bench b;

	(void)state;
	rfa_digest_of(RFA_SHA256, OLD_ENV, strlen(OLD_ENV), hex[0]);
	rfa_digest_of(RFA_SHA256, NEW_ENV, strlen(NEW_ENV), hex[1]);
	bench_open(&b, WORLD_BACK_FILES);
	must_run(&b, b.plan);
	world_ledger_text(&b.w, b.result.run, &text);
	rfa_buf_puts(&text, rfa_buf_str(&b.x.all));
	assert_non_null(strstr(rfa_buf_str(&text), ".env"));
	assert_null(strstr(rfa_buf_str(&text), "hunter"));
	assert_null(strstr(rfa_buf_str(&text), hex[0]));
	assert_null(strstr(rfa_buf_str(&text), hex[1]));
	rfa_buf_release(&text);
	bench_close(&b);
}

/* What a sync has brought, as the ledger keeps it: these files as they are on the host now. */
static json_t *brought_now(struct bench *b)
{
	static const char *const paths[] = { "docker-compose.yml", "other.yml" };
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < 2; i++) {
		struct rfa_buf text = RFA_BUF_INIT(1 << 16);
		char hex[RFA_DIGEST_HEX], whole[256];

		snprintf(whole, sizeof(whole), PLACE "/%s", paths[i]);
		assert_int_equal(
		    b->w.target->files->read(b->w.target, whole, 1 << 16, &text, &b->err), 0);
		rfa_digest_of(RFA_SHA256, rfa_buf_str(&text), text.len, hex);
		json_object_set_new(all, paths[i],
				    json_pack("{s:s, s:i}", "sha256", hex, "mode", 0644));
		rfa_buf_release(&text);
	}
	return all;
}

static json_t *synced_in_ledger(struct bench *b)
{
	json_t *sync = on_main(b, "synced/prod/app.json"), *files;

	files = json_incref(json_object_get(sync, "files"));
	json_decref(sync);
	return files;
}

/* One sync, v2, another sync, `up`; and back. */
static void open_synced(struct bench *b)
{
	json_t *plan;

	bench_open(b, WORLD_BACK_FILES);
	put(b, PLACE "/other.yml", "other: 1\n");
	plan = promote_again(b);
	with(plan, "synced", brought_now(b));
	must_run(b, plan);
	json_decref(plan);
	plan = promote_again(b);
	put(b, PLACE "/other.yml", "other: 2\n");
	put_mode(b, "changed", "latest ");
	json_object_set_new(rfa_facts_at(plan, "target/stack/gates"), "allow_compose_changes",
			    json_true());
	with(plan, "synced", brought_now(b));
	must_run(b, plan);
	json_decref(plan);
	json_decref(b->plan);
	plan = world_rollback_plan(&b->w);
	b->plan = rfa_facts_copy(plan);
	json_decref(plan);
	with(b->plan, "with_files", json_true());
	with(b->plan, "synced", brought_now(b));
}

/* What the run itself has written is not edited by hand; and a sync tells what differs. */
static void what_came_back_is_as_it_was_brought(void **state)
{
	json_t *now, *plan, *newer, *document = NULL;
	struct bench b;
	char *all;

	(void)state;
	open_synced(&b);
	newer = brought_now(&b);
	must_run(&b, b.plan);
	assert_string_equal(WEB, "MODE=changed web:v2");
	now = synced_in_ledger(&b);
	/* One is the sync's of then, and the other one was left alone. */
	assert_false(json_equal(json_object_get(now, "docker-compose.yml"),
				json_object_get(newer, "docker-compose.yml")));
	assert_true(
	    json_equal(json_object_get(now, "other.yml"), json_object_get(newer, "other.yml")));
	plan = brought_now(&b);
	assert_true(json_equal(now, plan));
	json_decref(plan);

	plan = promote_again(&b);
	with(plan, "synced", json_incref(newer));
	assert_int_equal(rfa_run_preview(&b.w.options, plan, &document, &b.err), 0);
	all = json_dumps(document, 0);
	assert_non_null(strstr(all, "edited on prod since a sync brought it"));
	free(all);
	json_decref(document);
	with(plan, "synced", json_incref(now));
	assert_int_equal(rfa_run_preview(&b.w.options, plan, &document, &b.err), 0);
	all = json_dumps(document, 0);
	assert_null(strstr(all, "since a sync brought it"));
	free(all);
	json_decref(document);
	json_decref(plan);
	json_decref(now);
	json_decref(newer);
	bench_close(&b);
}

static void images_are_fetched(void **state)
{
	static const struct {
		enum world_back which;
		const char *row, *ref;
	} ways[] = { { WORLD_BACK_GIVEN, "target.receive", "backend:v1" },
		     { WORLD_BACK_STORED, "source.open", "backend:v1" },
		     { WORLD_BACK_PULLED, "target.pull", WORLD_REGISTRY "/app/backend:v3" } };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct bench b;
		json_t *seen = NULL;
		char done[64];

		bench_open(&b, ways[i].which);
		must_run(&b, b.plan);
		snprintf(done, sizeof(done), "step-done %s", ways[i].row);
		if (!strstr(rfa_buf_str(&b.x.lines), done))
			fail_msg("%s", rfa_buf_str(&b.x.lines));
		assert_int_equal(b.w.target->engine->inspect(b.w.target, RFA_CONTAINER, "backend",
							     &seen, &b.err),
				 0);
		assert_string_equal(rfa_facts_str(seen, "Config/Image", ""), ways[i].ref);
		json_decref(seen);
		bench_close(&b);
	}
}

/* A backup that is no more, or has been made of something else, gives nothing. */
static void a_backup_that_is_gone(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, WORLD_BACK_STORED);
	with(b.plan, "backup", json_string("20261122-090909-prod-images"));
	assert_int_equal(run(&b, b.plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "rollback point",
				       "the image backend:v1 of the rollback point is no longer"));
	bench_close(&b);
}

static void nobody_has_them(void **state)
{
	struct bench b;
	json_t *before, *after;

	(void)state;
	bench_open(&b, WORLD_BACK_NOBODY);
	before = world_serves(&b.w);
	assert_int_equal(run(&b, b.plan), -RFA_EREFUSED);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	assert_true(watcher_is_refused(b.x.refused, "rollback point",
				       "nobody has it: test: it has no backend:v1 any more"));
	after = world_serves(&b.w);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	bench_close(&b);
}

/* As many as points keep their images; of the others nothing is left. */
static void old_configurations_go(void **state)
{
	struct bench b;
	json_t *own, *file;
	const char *name;
	char text[400], mode[32], old[32] = "changed";
	size_t n = 0;
	int i;

	(void)state;
	bench_open(&b, WORLD_BACK_FILES);
	for (i = 0; i < 6; i++) {
		json_t *plan = promote_again(&b);

		snprintf(text, sizeof(text), "MODE=%d\n", i);
		put(&b, PLACE "/other.env", text);
		snprintf(mode, sizeof(mode), "mode--%d", i);
		put_mode(&b, old, mode);
		snprintf(old, sizeof(old), "%s", mode);
		json_object_set_new(rfa_facts_at(plan, "target/stack/gates"),
				    "allow_compose_changes", json_true());
		must_run(&b, plan);
		json_decref(plan);
	}
	own = world_own(&b.w);
	json_object_foreach (rfa_facts_at(own, "prod/own/files"), name, file) {
		n += strstr(name, ".config/") != NULL;
	}
	/* Two files of three points, and of what runs. */
	assert_int_equal(n, 8);
	json_decref(own);
	bench_close(&b);
}

/* What is no part of the stack any more is left alone: that is told, and is no success if it is
 * all.
 */
static void what_left_the_stack_is_told(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, WORLD_BACK_FILES);
	with(b.plan, "with_files", json_false());
	json_object_set_new(rfa_facts_at(b.plan, "target/stack/compose"), "services",
			    json_pack("[s]", "api"));
	must_run(&b, b.plan);
	assert_non_null(strstr(rfa_buf_str(&b.x.all), "web was a part of app then, and is none"));
	assert_null(strstr(rfa_buf_str(&b.x.all), "api was a part of app then"));
	bench_close(&b);
}

/* Of a stack that is no Compose project any more nothing could be brought back. */
static void files_of_no_project_are_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, WORLD_BACK_FILES);
	json_object_del(rfa_facts_at(b.plan, "target/stack"), "compose");
	assert_int_equal(run(&b, b.plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "configuration", "is no Compose project"));
	assert_true(watcher_is_refused(b.x.refused, "rollback point", "nothing of the rollback"));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_no_project_are_refused),
		cmocka_unit_test(what_left_the_stack_is_told),
		cmocka_unit_test(differences_are_told_by_key),
		cmocka_unit_test(files_come_back),
		cmocka_unit_test(files_go_with_a_failure),
		cmocka_unit_test(what_was_kept_decides),
		cmocka_unit_test(the_point_has_what_was_in_force),
		cmocka_unit_test(the_ledger_tells_no_value),
		cmocka_unit_test(what_came_back_is_as_it_was_brought),
		cmocka_unit_test(images_are_fetched),
		cmocka_unit_test(a_backup_that_is_gone),
		cmocka_unit_test(nobody_has_them),
		cmocka_unit_test(old_configurations_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

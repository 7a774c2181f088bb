/* What nothing needs goes, and what something holds stays: images, and what runs have left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/world_prune.h"
#include "tests/run/data_bench.h"

static void spare_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	world_make_spare(&b->w, 7);
	bench_begin(b);
}

static int prune(struct bench *b, json_t *plan)
{
	int rc = rfa_run_begin(&b->w.options, plan, &b->result, &b->err);

	json_decref(plan);
	return rc;
}

/* The rows of a preview: {"image backend:v3": "goes"}. New. Steals plan. */
static json_t *verdicts(struct bench *b, json_t *plan)
{
	json_t *document = NULL, *row, *out = json_object();
	size_t i;

	if (rfa_run_preview(&b->w.options, plan, &document, &b->err))
		fail_msg("%s (%s)", b->err.msg, b->err.where);
	json_array_foreach (json_object_get(document, "changes"), i, row)
		json_object_set(out, rfa_facts_str(row, "what", ""),
				json_object_get(row, "detail"));
	json_decref(document);
	json_decref(plan);
	return out;
}

/* want NULL: there is no such row. */
static void assert_verdict(const json_t *rows, const char *what, const char *want)
{
	const char *is = json_string_value(json_object_get(rows, what));

	if (want ? !is || !strstr(is, want) : is != NULL)
		fail_msg("%s: \"%s\" instead of \"%s\"", what, is ? is : "nothing",
			 want ? want : "nothing");
}

static void one_verdict(struct bench *b, json_t *plan, const char *what, const char *want)
{
	json_t *rows = verdicts(b, plan);

	assert_verdict(rows, what, want);
	json_decref(rows);
}

static int has_image(struct bench *b, const char *ref)
{
	struct rfa_error err;
	json_t *image = NULL;
	int is = !b->w.target->engine->inspect(b->w.target, RFA_IMAGE, ref, &image, &err);

	json_decref(image);
	return is;
}

static int has_run(struct bench *b, const char *run)
{
	json_t *list = NULL, *one;
	size_t i;
	int is = 0;

	assert_int_equal(b->w.target->runs->list(b->w.target, &list, &b->err), 0);
	json_array_foreach (list, i, one)
		is |= !strcmp(rfa_facts_str(one, "run", ""), run);
	json_decref(list);
	return is;
}

/* Each thing with what holds it. */
static void test_table(void **state)
{
	struct bench b;
	json_t *rows;
	char spool[80];

	(void)state;
	spare_open(&b);
	rows = verdicts(&b, world_prune_plan(&b.w));
	assert_verdict(rows, "image backend:v5", "kept: runs in backend");
	assert_verdict(rows, "image frontend:v5", "kept: runs in frontend");
	assert_verdict(rows, "image backend:v4", "kept: rollback point v4");
	assert_verdict(rows, "image frontend:v3", "kept: stands stopped as old");
	assert_verdict(rows, "image backend:v99", "kept: the ledger here does not know it");
	assert_verdict(rows, "image backend:v3", "goes");
	assert_verdict(rows, "image other:v1", NULL);
	snprintf(spool, sizeof(spool), "spool %s", b.w.spare_run);
	assert_verdict(rows, spool, "goes");
	assert_verdict(rows, "spool " WORLD_OPEN_RUN,
		       "kept: run " WORLD_OPEN_RUN " is not over: `rfa resume " WORLD_OPEN_RUN "`");
	assert_verdict(rows, "spool " WORLD_STRANGE_RUN,
		       "kept: the ledger here does not know this run");
	assert_verdict(rows, "free at /var/lib/rfa", "before");
	json_decref(rows);
	assert_true(has_image(&b, "backend:v3"));
	bench_close(&b);
}

/* Of a stack is nothing that another one has. */
static void test_other_stack(void **state)
{
	struct bench b;
	json_t *plan, *rows;
	char spool[80];

	(void)state;
	spare_open(&b);
	plan = world_prune_plan(&b.w);
	json_object_set_new(plan, "stack", json_string("twin"));
	rows = verdicts(&b, plan);
	assert_verdict(rows, "image backend:v3", "kept: the ledger here does not know it");
	assert_verdict(rows, "image frontend:v3", NULL);
	snprintf(spool, sizeof(spool), "spool %s", b.w.spare_run);
	assert_verdict(rows, spool,
		       "kept: it is of another stack: `rfa prune app --env prod --spool`");
	json_decref(rows);
	bench_close(&b);
}

/* Only what goes is gone; and a second time there is nothing to do. */
static void test_removed(void **state)
{
	struct bench b;
	json_t *before, *now;
	int i;

	(void)state;
	spare_open(&b);
	before = world_serves(&b.w);
	assert_true(has_run(&b, b.w.spare_run));
	for (i = 0; i < 2; i++) {
		if (prune(&b, world_prune_plan(&b.w)))
			fail_msg("%s (%s)", b.err.msg, b.err.where);
		assert_false(has_image(&b, "backend:v3"));
		assert_true(has_image(&b, "frontend:v3"));
		assert_true(has_image(&b, "backend:v4"));
		assert_true(has_image(&b, "backend:v5"));
		assert_true(has_image(&b, "backend:v99"));
		assert_true(has_image(&b, "other:v1"));
		assert_false(has_run(&b, b.w.spare_run));
		assert_true(has_run(&b, WORLD_OPEN_RUN));
		assert_true(has_run(&b, WORLD_STRANGE_RUN));
		assert_told(rfa_buf_str(&b.x.all), i ? "0 image(s) removed" : "1 image(s) removed");
	}
	assert_told(rfa_buf_str(&b.x.all), "1 directory(s) of runs removed");
	assert_told(rfa_buf_str(&b.x.all), "free at /var/lib/rfa: ");
	now = world_serves(&b.w);
	json_object_del(json_object_get(before, "tags"), "backend:v3");
	assert_true(json_equal(before, now));
	json_decref(before);
	json_decref(now);
	bench_close(&b);
}

/* Only what is asked for. */
static void test_kinds(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	spare_open(&b);
	plan = world_prune_plan(&b.w);
	json_object_set_new(json_object_get(plan, "options"), "kinds", json_pack("[s]", "spool"));
	assert_int_equal(prune(&b, plan), 0);
	assert_true(has_image(&b, "backend:v3"));
	assert_false(has_run(&b, b.w.spare_run));
	assert_told(rfa_buf_str(&b.x.all), "images are not asked for");
	bench_close(&b);
}

/* What the operator has not seen stays. */
static void test_agreed(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	spare_open(&b);
	plan = world_prune_plan(&b.w);
	json_object_set_new(json_object_get(plan, "options"), "agreed",
			    json_pack("[s+]", "spool ", b.w.spare_run));
	assert_int_equal(prune(&b, plan), 0);
	assert_true(has_image(&b, "backend:v3"));
	assert_false(has_run(&b, b.w.spare_run));
	bench_close(&b);
}

/* A plan whose needs are only this one. New. */
static json_t *needing(struct bench *b, const char *ref, const char *why)
{
	json_t *plan = world_prune_plan(&b->w), *image = NULL;

	assert_int_equal(b->w.target->engine->inspect(b->w.target, RFA_IMAGE, ref, &image, &b->err),
			 0);
	json_object_set_new(
	    json_object_get(plan, "options"), "needs",
	    json_pack("[{s:O, s:s}]", "image", json_object_get(image, "Id"), "why", why));
	json_decref(image);
	return plan;
}

/* What the ledger needs. */
static void test_needed(void **state)
{
	struct bench b;

	(void)state;
	spare_open(&b);
	one_verdict(&b, needing(&b, "backend:v3", "verified in prod by run x"), "image backend:v3",
		    "kept: verified in prod by run x");
	assert_int_equal(prune(&b, needing(&b, "backend:v3", "verified in prod")), 0);
	assert_true(has_image(&b, "backend:v3"));
	bench_close(&b);
}

static json_t *identity_of(struct bench *b, const char *version, size_t i)
{
	char path[100];
	json_t *json, *identity;

	snprintf(path, sizeof(path), "versions/app/%s.json", version);
	json = ledger_json(b, path);
	assert_non_null(json);
	identity = json_incref(
	    json_object_get(json_array_get(json_object_get(json, "images"), i), "identity"));
	json_decref(json);
	return identity;
}

/* Why the plan of the command needs an image; NULL: it does not. */
static const char *why_needed(const json_t *plan, const json_t *identity)
{
	json_t *one;
	size_t i;

	json_array_foreach (rfa_facts_at(plan, "options/needs"), i, one)
		if (json_equal(json_object_get(one, "image"), identity))
			return rfa_facts_str(one, "why", "");
	return NULL;
}

/* The plan of the command knows what prod has proven last, and what runs that are not over need. */
static void test_ledger(void **state)
{
	struct rfa_ledger_run *begun = NULL;
	json_t *plan, *v3, *v5;
	struct bench b;

	(void)state;
	spare_open(&b);
	v3 = identity_of(&b, "v3", 0);
	v5 = identity_of(&b, "v5", 0);
	plan = world_prune_plan(&b.w);
	assert_null(why_needed(plan, v3));
	assert_told(why_needed(plan, v5), "verified in prod by run ");
	json_decref(plan);
	/* A promote of another stack, in the middle, that speaks of v3. */
	plan = json_pack("{s:s, s:[{s:O}]}", "flow", "promote", "images", "identity", v3);
	assert_int_equal(
	    rfa_ledger_begin(b.w.ledger,
			     &(struct rfa_ledger_begin){ "20261121-090000-0be001", "promote", 1,
							 "third", "prod", "test", plan, NULL },
			     &begun, NULL, &b.err),
	    0);
	rfa_ledger_detach(begun);
	json_decref(plan);
	plan = world_prune_plan(&b.w);
	assert_told(why_needed(plan, v3),
		    "run 20261121-090000-0be001 is not over: `rfa resume 20261121-090000-0be001`");
	one_verdict(&b, plan, "image backend:v3", "kept: run 20261121-090000-0be001 is not over");
	json_decref(v3);
	json_decref(v5);
	bench_close(&b);
}

/* A run of this stack to this environment, that ended with this file. Steals json. */
static void end_in(struct bench *b, const char *run, const char *stack, const char *env,
		   const char *path, json_t *json)
{
	const struct rfa_record record = {
		.kind = RFA_RECORD_END, .seq = 1, .state = RFA_HEALTH, .outcome = "SUCCEEDED"
	};
	json_t *plan = json_pack("{s:s}", "flow", "approve");
	const struct rfa_ledger_begin begin = { run, "approve", 1, stack, env, "", plan, NULL };
	char *text = json_dumps(json, 0);
	const struct rfa_ledger_file file = { .path = path, .content = text, .len = strlen(text) };
	const struct rfa_ledger_end end = {
		.final = RFA_FINAL_SUCCEEDED, .files = &file, .n_files = 1, .summary = "{}"
	};
	struct rfa_ledger_run *begun = NULL;

	assert_int_equal(rfa_ledger_begin(b->w.ledger, &begin, &begun, NULL, &b->err), 0);
	if (rfa_ledger_end(begun, &record, "", &end, &b->err))
		fail_msg("%s", b->err.msg);
	free(text);
	json_decref(json);
	json_decref(plan);
}

static void end_with(struct bench *b, const char *run, const char *path, json_t *json)
{
	end_in(b, run, "app", "prod", path, json);
}

/* What a run to elsewhere has left here is looked for here. */
static void test_from_here(void **state)
{
	static const char run[] = "20261121-090000-0be001";
	struct bench b;
	char spool[80];

	(void)state;
	spare_open(&b);
	end_in(&b, run, "third", "staging", "environments/staging/third.json", json_object());
	world_put_run(&b.w, run);
	snprintf(spool, sizeof(spool), "spool %s", run);
	one_verdict(&b, world_prune_plan(&b.w), spool,
		    "kept: it is of another stack: `rfa prune third --env prod --spool`");
	bench_close(&b);
}

/* A proof of images, and behind it the word of deployment scripts about a name. */
static void test_imported(void **state)
{
	struct bench b;
	json_t *plan, *v3, *version;

	(void)state;
	spare_open(&b);
	v3 = identity_of(&b, "v3", 0);
	version = ledger_json(&b, "versions/app/v3.json");
	json_object_set_new(version, "verified",
			    json_pack("[{s:s, s:s, s:s, s:s, s:[O]}]", "env", "prod", "how",
				      "approved", "at", "2099-01-01T00:00:00Z", "run",
				      "20990101-000000-aaaaaa", "identities", v3));
	end_with(&b, "20261121-090000-0be001", "versions/app/v3.json", version);
	end_with(&b, "20261121-090000-0be002", "versions/app/sha-1.json",
		 json_pack("{s:s, s:[{s:s, s:s, s:s, s:s}]}", "version", "sha-1", "verified", "env",
			   "prod", "how", "imported", "at", "2099-01-02T00:00:00Z", "run",
			   "20990102-000000-aaaaaa"));
	plan = world_prune_plan(&b.w);
	assert_told(why_needed(plan, v3), "verified in prod by run 20990101-000000-aaaaaa");
	json_decref(plan);
	json_decref(v3);
	bench_close(&b);
}

/* What a backup of images has proven itself with. */
static void test_drilled(void **state)
{
	static const char id[] = "20261121-080000-prod-images";
	struct bench b;
	json_t *plan, *v3;

	(void)state;
	spare_open(&b);
	v3 = identity_of(&b, "v3", 0);
	end_with(&b, "20261121-090000-0be001", "backups/prod/app/20261121-080000-prod-images.json",
		 json_pack("{s:s, s:[{s:s, s:O}]}", "backup", id, "images", "key", "backend",
			   "identity", v3));
	end_with(&b, "20261121-090000-0be002", "drills/test/app.images.json",
		 json_pack("{s:b, s:s, s:s}", "proven", 1, "backup", id, "run",
			   "20261121-090000-0be002"));
	plan = world_prune_plan(&b.w);
	assert_told(why_needed(plan, v3), "drill 20261121-090000-0be002 has proven the backup");
	json_decref(plan);
	json_decref(v3);
	bench_close(&b);
}

/* A name that is not the stack's, and the point of somebody else. */
static void test_names(void **state)
{
	struct rfa_job_key key = { "by-hand", "tag", "a" };
	char pin[160];
	struct bench b;
	json_t *id;

	(void)state;
	spare_open(&b);
	id = identity_of(&b, "v3", 0);
	assert_int_equal(
	    b.w.target->engine->image_tag(b.w.target, &key, "backend:v3", "mine:1", &b.err), 0);
	one_verdict(&b, world_prune_plan(&b.w), "image backend:v3",
		    "kept: it is called mine:1, too, which is not the stack's");
	key.op = "b";
	assert_int_equal(b.w.target->engine->image_untag(b.w.target, &key, "mine:1", &b.err), 0);
	snprintf(pin, sizeof(pin), "localhost/rfa-pin:%.32s-20261120-000000-abcdef",
		 json_string_value(id));
	key.op = "c";
	assert_int_equal(b.w.target->engine->image_tag(b.w.target, &key, "backend:v3", pin, &b.err),
			 0);
	one_verdict(
	    &b, world_prune_plan(&b.w), "image backend:v3",
	    "kept: rollback point of run 20261120-000000-abcdef, of another stack or ledger");
	assert_int_equal(prune(&b, world_prune_plan(&b.w)), 0);
	assert_true(has_image(&b, "backend:v3"));
	json_decref(id);
	bench_close(&b);
}

/* In the middle of the run somebody makes a container of what was to go. */
static void use_it(struct watcher *x, uint64_t call, const char *label)
{
	json_t *body = json_pack("{s:s}", "Image", "backend:v3");
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_container_run(x->w->prod, "late", body, &err), 0);
	json_decref(body);
}

static void test_used_meanwhile(void **state)
{
	struct bench b;

	(void)state;
	spare_open(&b);
	b.x.hook = use_it;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.prune-images");
	assert_int_equal(prune(&b, world_prune_plan(&b.w)), 0);
	assert_int_equal(b.x.hooked, 1);
	assert_true(has_image(&b, "backend:v3"));
	assert_told(rfa_buf_str(&b.x.all), "the image backend:v3 stays: runs in late");
	bench_close(&b);
}

/* Its tags are gone, and right then somebody gives it another one. */
static void name_it(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_job_key key = { "by-hand", "tag", "a" };
	struct rfa_error err;

	(void)call;
	if (!strstr(label, "image_untag")) {
		x->hook_call++;
		return;
	}
	x->hook_again = 0;
	x->hook = NULL;
	assert_int_equal(
	    x->w->target->engine->image_tag(x->w->target, &key, "backend:v3", "mine:1", &err), 0);
}

static void test_named_meanwhile(void **state)
{
	struct bench b;

	(void)state;
	spare_open(&b);
	b.x.hook = name_it;
	b.x.hook_again = 1;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.prune-images");
	assert_int_equal(prune(&b, world_prune_plan(&b.w)), 0);
	assert_true(has_image(&b, "mine:1"));
	assert_told(rfa_buf_str(&b.x.all), "stays: it is called mine:1, too");
	bench_close(&b);
}

/* Killed when half is gone: the run goes on, and what it was to remove is gone. */
static void test_killed(void **state)
{
	static const struct {
		const char *step;
		unsigned calls;
	} at[] = { { "target.prune-spool", 2 },
		   { "target.prune-images", 3 },
		   { "target.left", 1 } };
	char run_id[RFA_RUN_ID_MAX];
	struct bench b;
	json_t *plan;
	size_t i;
	unsigned call;

	(void)state;
	for (i = 0; i < 3; i++)
		for (call = 0; call < at[i].calls; call++) {
			spare_open(&b);
			plan = world_prune_plan(&b.w);
			watcher_begin_until(&b.x, plan, at[i].step, call, &b.result);
			json_decref(plan);
			snprintf(run_id, sizeof(run_id), "%s", b.result.run);
			if (rfa_run_resume(&b.w.options, run_id, RFA_RESUME_CONTINUE, &b.result,
					   &b.err))
				fail_msg("%s/%u: %s (%s)", at[i].step, call, b.err.msg,
					 b.err.where);
			assert_false(has_image(&b, "backend:v3"));
			assert_false(has_run(&b, b.w.spare_run));
			assert_true(has_image(&b, "frontend:v3"));
			bench_close(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),           cmocka_unit_test(test_removed),
		cmocka_unit_test(test_other_stack),     cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_agreed),          cmocka_unit_test(test_needed),
		cmocka_unit_test(test_ledger),          cmocka_unit_test(test_names),
		cmocka_unit_test(test_used_meanwhile),  cmocka_unit_test(test_killed),
		cmocka_unit_test(test_imported),        cmocka_unit_test(test_drilled),
		cmocka_unit_test(test_named_meanwhile), cmocka_unit_test(test_from_here),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

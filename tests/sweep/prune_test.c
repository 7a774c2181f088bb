/*
 * The sweep of prune: whatever breaks, nothing that something holds is gone, and what the ledger
 * says to be gone is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/sweep.h"
#include "tests/harness/world_prune.h"

static void must(int rc, const struct rfa_error *err)
{
	if (rc)
		fail_msg("%s (%s)", err->msg, err->where);
}

static json_t *spare(struct world *w, int which)
{
	(void)which;
	world_make_spare(w, 7);
	return world_prune_plan(w);
}

/* What goes is no part of what serves. */
static json_t *serves(struct world *w)
{
	json_t *all = world_serves(w);

	json_object_del(json_object_get(all, "tags"), "backend:v3");
	return all;
}

static int has_image(struct world *w, const char *ref)
{
	struct rfa_error err;
	json_t *image = NULL;
	int rc = w->target->engine->inspect(w->target, RFA_IMAGE, ref, &image, &err);

	if (rc != -RFA_ENOTFOUND)
		must(rc, &err);
	json_decref(image);
	return rc == 0;
}

static int has_run(struct world *w, const char *run)
{
	json_t *list = NULL, *one;
	struct rfa_error err;
	size_t i;
	int is = 0;

	must(w->target->runs->list(w->target, &list, &err), &err);
	json_array_foreach (list, i, one)
		is |= !strcmp(rfa_facts_str(one, "run", ""), run);
	json_decref(list);
	return is;
}

/* What the ledger says that the run has removed: a list of its facts has this. */
static int is_said_gone(struct world *w, const struct rfa_run_result *result, const char *fact,
			const char *name)
{
	struct rfa_history *h = NULL;
	struct rfa_error err;
	size_t i;
	int is = 0;

	must(rfa_ledger_load(w->ledger, result->run, &h, &err), &err);
	for (i = 0; i < h->n; i++)
		is |= rfa_facts_has_text(json_object_get(h->records[i].facts, fact), name);
	rfa_history_free(h);
	return is;
}

static void judge_held(struct world *w, struct rfa_buf *why)
{
	static const char *const images[] = { "backend:v5",  "frontend:v5", "backend:v4",
					      "frontend:v4", "frontend:v3", "backend:v99",
					      "other:v1" };
	static const char *const runs[] = { WORLD_OPEN_RUN, WORLD_STRANGE_RUN };
	size_t i;

	for (i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		if (!has_image(w, images[i]))
			rfa_buf_printf(why, "%s is gone; ", images[i]);
	for (i = 0; i < 2; i++)
		if (!has_run(w, runs[i]))
			rfa_buf_printf(why, "the directory of %s is gone; ", runs[i]);
}

/* What was there before the run goes now. */
static void tidy(struct world *w)
{
	const char *const runs[] = { WORLD_OPEN_RUN, WORLD_STRANGE_RUN, w->spare_run };
	struct rfa_error err;
	size_t i;

	for (i = 0; i < 3; i++)
		must(w->target->runs->remove(w->target, runs[i], &err), &err);
}

static void judge(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	int succeeded = result->final == RFA_FINAL_SUCCEEDED;

	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	judge_held(w, why);
	if (is_said_gone(w, result, "images_gone", "backend:v3") && has_image(w, "backend:v3"))
		rfa_buf_puts(why, "the image is said to be gone; ");
	if (is_said_gone(w, result, "spools_gone", w->spare_run) && has_run(w, w->spare_run))
		rfa_buf_puts(why, "the directory is said to be gone; ");
	if (!succeeded && !(has_image(w, "backend:v3") && has_run(w, w->spare_run)))
		rfa_buf_printf(why, "it ends %s, and something is gone; ",
			       rfa_final_word(result->final));
	tidy(w);
}

static const struct sweep_subject prunes = {
	.name = "prune",
	.which = SCENARIO_RUN,
	.prepare = spare,
	.undisturbed = RFA_FINAL_SUCCEEDED,
	.serves = serves,
	.judge = judge,
	.bytes = 20000,
	.ends_as_before = 1,
	.least_faults = 3,
};

SWEEP(prunes)
PAIRS(prunes)

/* Planted: what a defect of rfa would have removed. */

static void drop_image(struct world *w, const char *ref)
{
	struct rfa_job_key key = { "by-hand", "untag", "a" };
	struct rfa_error err;

	must(w->target->engine->image_untag(w->target, &key, ref, &err), &err);
}

static void drop_stopped(struct world *w)
{
	struct rfa_error err;

	must(rfa_sim_container_remove(w->prod, "old", &err), &err);
	drop_image(w, "frontend:v3");
}

static void drop_point(struct world *w)
{
	drop_image(w, "backend:v4");
}

static void drop_other(struct world *w)
{
	drop_image(w, "other:v1");
}

static void drop_open_run(struct world *w)
{
	struct rfa_error err;

	must(w->target->runs->remove(w->target, WORLD_OPEN_RUN, &err), &err);
}

/* It is said, and nothing else. */
static void planted(void (*damage)(struct world *), const char *want)
{
	struct rfa_buf why = RFA_BUF_INIT(8192);
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	json_t *plan = spare(&w, 0);

	must(rfa_run_begin(&w.options, plan, &result, &err), &err);
	if (damage)
		damage(&w);
	judge(&w, &result, &why);
	assert_string_equal(rfa_buf_str(&why), want);
	rfa_buf_release(&why);
	json_decref(plan);
	world_free(&w);
}

static void sweeps_can_fail(void **state)
{
	(void)state;
	planted(NULL, "");
	planted(drop_stopped, "frontend:v3 is gone; ");
	planted(drop_point, "backend:v4 is gone; ");
	planted(drop_other, "other:v1 is gone; ");
	planted(drop_open_run, "the directory of " WORLD_OPEN_RUN " is gone; ");
	assert_true(sweep_sees(&prunes, RFA_SIM_MUTATION_RUN_REMOVE_LEAVES, SWEEP_NO_FAULT));
	assert_true(sweep_sees(&prunes, RFA_SIM_MUTATION_LOCK_NEVER_FREED, SWEEP_NO_FAULT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),
		cmocka_unit_test(sweep_prunes),
		cmocka_unit_test(pairs_prunes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

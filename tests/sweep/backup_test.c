/*
 * The sweep of backups, restores and drills: a backup is whole or not there at all, a drill leaves
 * everything as it was whatever becomes of it, and what is restored is all of it or nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/served.h"
#include "tests/harness/sweep.h"

#define ID "20261122-100100-prod-data"
#define IMAGES "20261122-100100-test-images"
#define MORE WORLD_VAULT "/" ID "/more.chunks"

/* A backup with something in it that is none of it. */
enum { EXTRA = 0x100 };

static void must(int rc, const struct rfa_error *err)
{
	if (rc)
		fail_msg("%s (%s)", err->msg, err->where);
}

/* The one writer of prod's data makes a backup of two moments visible. */
static void make(struct world *w, int which)
{
	world_make_one_writer(w, (enum scenario)(which & 0xff), 1);
	w->options.clock->sleep_ms(w->options.clock, 60000);
}

static json_t *backup(struct world *w, int which)
{
	make(w, which);
	return world_backup_plan(w, "prod", ID);
}

static void with_backup(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *plan = backup(w, which);

	must(rfa_run_begin(&w->options, plan, &result, &err), &err);
	json_decref(plan);
	if (which & EXTRA)
		must(rfa_sim_file_put(w->prod, MORE, 0600, "x", &err), &err);
}

static json_t *drill(struct world *w, int which)
{
	with_backup(w, which);
	return world_restore_plan(w, "drill", "prod", "test", ID);
}

/* Onto the host that the vault is on. */
static json_t *restore(struct world *w, int which)
{
	with_backup(w, which);
	return world_restore_plan(w, "restore", "prod", "prod", ID);
}

/* What runs on test comes to prod out of a vault on test. */
static json_t *restore_images(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *plan;

	world_make(w, (enum scenario)which, 1);
	plan = world_backup_plan(w, "test", IMAGES);
	must(rfa_run_begin(&w->options, plan, &result, &err), &err);
	json_decref(plan);
	return world_restore_plan(w, "restore-images", "test", "prod", IMAGES);
}

/* What ran on test is tried out on prod, which has other images. */
static json_t *drill_images(struct world *w, int which)
{
	json_t *plan = restore_images(w, which);

	json_object_set_new(plan, "flow", json_string("drill-images"));
	json_object_set_new(json_object_get(plan, "options"), "set", json_string("images"));
	return plan;
}

/* What has to be true at the end. */

static json_t *ledger_json(struct world *w, const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *json = NULL;

	if (!rfa_ledger_read(w->ledger, path, &text, &err))
		json = json_loads(rfa_buf_str(&text), 0, NULL);
	rfa_buf_release(&text);
	return json;
}

static void judge_data(struct world *w, const char *env, const char *origin, struct rfa_buf *why)
{
	(void)world_data_is(w, env, origin, why);
	(void)world_is_one_moment(w, env, why);
}

/* On record if and only if it is there, and then it is whole. */
static void judge_backup(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	struct rfa_job_key key = { "20261122-235959-ffffff", "judge", "verify" };
	json_t *known = ledger_json(w, "backups/prod/app/" ID ".json");
	struct rfa_error err;
	json_t *found = NULL;
	int there;

	/* Whoever was down is up again by then. */
	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	there = !w->target->vault->verify(w->target, &key, WORLD_VAULT, ID, &found, &err);
	if (there != (result->final == RFA_FINAL_SUCCEEDED) || there != (known != NULL))
		rfa_buf_printf(why, "the backup is %s, and %son record; ", there ? "there" : "gone",
			       known ? "" : "not ");
	if (there && !rfa_facts_bool(found, "ok", 0))
		rfa_buf_puts(why, "the backup is not whole; ");
	(void)!w->target->runs->remove(w->target, key.run, &err);
	judge_data(w, "prod", "prod", why);
	json_decref(known);
	json_decref(found);
}

static void judge_drill(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	json_t *known = ledger_json(w, "drills/test/app.json");
	int proven = rfa_facts_bool(known, "proven", 0);

	if (proven != (result->final == RFA_FINAL_SUCCEEDED))
		rfa_buf_printf(why, "it ends %s, and is %sproven; ", rfa_final_word(result->final),
			       proven ? "" : "not ");
	if (result->final == RFA_FINAL_ROLLED_BACK && !known)
		rfa_buf_puts(why, "a failed drill is not on record; ");
	judge_data(w, "test", "test", why);
	judge_data(w, "prod", "prod", why);
	json_decref(known);
}

/* The host has just the images and containers that it had. */
static void judge_drill_of_images(struct world *w, const struct rfa_run_result *result,
				  struct rfa_buf *why)
{
	json_t *known = ledger_json(w, "drills/prod/app.images.json"), *images = NULL, *one;
	int proven = rfa_facts_bool(known, "proven", 0);
	struct rfa_error err;
	size_t i;

	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 60000);
	if (proven != (result->final == RFA_FINAL_SUCCEEDED))
		rfa_buf_printf(why, "it ends %s, and is %sproven; ", rfa_final_word(result->final),
			       proven ? "" : "not ");
	must(w->target->engine->list(w->target, RFA_IMAGE, &images, &err), &err);
	json_array_foreach (images, i, one) {
		if (strstr(rfa_facts_str(one, "RepoTags/0", ""), "rfa-pin"))
			rfa_buf_puts(why, "an image that was tried out is there; ");
	}
	json_decref(images);
	must(w->target->engine->list(w->target, RFA_CONTAINER, &images, &err), &err);
	json_array_foreach (images, i, one) {
		if (strstr(rfa_facts_str(one, "Name", ""), "rfa-trial"))
			rfa_buf_puts(why, "a container that was tried out is there; ");
	}
	json_decref(images);
	json_decref(known);
}

static void judge_restore(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	(void)result;
	judge_data(w, "prod", "prod", why);
	judge_data(w, "test", "test", why);
}

/* The sweeps. */

static const struct sweep_subject backups = {
	"backup",          SCENARIO_DATA, backup, RFA_FINAL_SUCCEEDED,
	world_data_serves, judge_backup,  20000,  .ends_as_before = 1
};
static const struct sweep_subject drills = {
	"drill",           SCENARIO_DATA, drill, RFA_FINAL_SUCCEEDED,
	world_data_serves, judge_drill,   20000, .ends_as_before = 1
};
static const struct sweep_subject extra = {
	"drill of a damaged backup", SCENARIO_DATA | EXTRA, drill, RFA_FINAL_FAILED,
	world_data_serves,           judge_drill,           20000, .ends_as_before = 1
};
/* What is restored is prod's own, so that only what is left and what is torn can be wrong. */
static const struct sweep_subject restores = {
	"restore",         SCENARIO_DATA, restore, RFA_FINAL_SUCCEEDED,
	world_data_serves, judge_restore, 20000,   .ends_as_before = 1
};

static const struct sweep_subject images = {
	"restore of images", SCENARIO_RUN, restore_images, RFA_FINAL_SUCCEEDED,
	world_serves,        NULL,         20000,          .may_stick = 0
};
static const struct sweep_subject image_drills = {
	"drill of images", SCENARIO_RUN,          drill_images, RFA_FINAL_SUCCEEDED,
	world_serves,      judge_drill_of_images, 20000,        .ends_as_before = 1
};
static const struct sweep_subject images_unhealthy = { "restore of images that do not serve",
						       SCENARIO_UNHEALTHY,
						       restore_images,
						       RFA_FINAL_ROLLED_BACK,
						       world_serves,
						       NULL,
						       20000,
						       .may_stick = 0 };

/* What comes out of a vault, and is put back when it does not serve. */
static void sweep_of_images_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &images, SWEEP_NO_FAULT },
		{ &images_unhealthy, SWEEP_NO_FAULT },
		{ NULL, SWEEP_NO_FAULT },
	};
	static const enum rfa_sim_mutation planted[] = {
		RFA_SIM_MUTATION_START_DOES_NOT_START, RFA_SIM_MUTATION_RENAME_LOSES_OLD,
		RFA_SIM_MUTATION_CREATE_DROPS_ENV,     RFA_SIM_MUTATION_LOAD_DOES_NOTHING,
		RFA_SIM_MUTATION_LOAD_LOSES_LABELS,    RFA_SIM_MUTATION_HEALTH_LIES,
		RFA_SIM_MUTATION_RUN_REMOVE_LEAVES,    RFA_SIM_MUTATION_LOCK_NEVER_FREED,
	};

	(void)state;
	sweep_finds_all(tries, planted, sizeof(planted) / sizeof(planted[0]));
}

static void sweeps_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &backups, SWEEP_NO_FAULT },
		{ &drills, SWEEP_NO_FAULT },
		{ &extra, SWEEP_NO_FAULT },
		{ NULL, SWEEP_NO_FAULT },
	};
	static const enum rfa_sim_mutation planted[] = {
		RFA_SIM_MUTATION_STORE_DROPS_CHUNK,
		RFA_SIM_MUTATION_SEAL_DOES_NOTHING,
		RFA_SIM_MUTATION_VERIFY_LIES,
		RFA_SIM_MUTATION_SWAP_FORGETS_LAST,
		RFA_SIM_MUTATION_SWAP_BACK_DOES_NOTHING,
		RFA_SIM_MUTATION_REMOVE_LEAVES_COPIES,
	};

	(void)state;
	sweep_finds_all(tries, planted, sizeof(planted) / sizeof(planted[0]));
}

SWEEP(backups)
SWEEP(drills)
SWEEP(restores)
SWEEP(images)
SWEEP(images_unhealthy)
SWEEP(image_drills)
PAIRS(backups)
PAIRS(drills)
PAIRS(restores)
PAIRS(images)
PAIRS(images_unhealthy)
PAIRS(image_drills)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),
		cmocka_unit_test(sweep_backups),
		cmocka_unit_test(pairs_backups),
		cmocka_unit_test(sweep_drills),
		cmocka_unit_test(pairs_drills),
		cmocka_unit_test(sweep_restores),
		cmocka_unit_test(pairs_restores),
		cmocka_unit_test(sweep_of_images_can_fail),
		cmocka_unit_test(sweep_images),
		cmocka_unit_test(pairs_images),
		cmocka_unit_test(sweep_image_drills),
		cmocka_unit_test(pairs_image_drills),
		cmocka_unit_test(sweep_images_unhealthy),
		cmocka_unit_test(pairs_images_unhealthy),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Swap by rename on the simulated hosts, whole and in halves. */
#include "tests/unit/sim_data.h"

/* Swapping. */

#define ITEM_DB "{'kind':'sqlite','place':'" DB "','in':'" DB_NEW "','out':'" DB_OLD "'}"

/* PROD with a new database beside the old one. */
static void beside(struct small *s)
{
	json_t *made = quick("{'kind':'sqlite','origin':'test'}");
	open_data(s);
	OK(s, rfa_sim_tree_put(s->sim_prod, DB_NEW, made, &s->err));
	json_decref(made);
}

static void test_swap_goes_on_from_each_stage(void **state)
{
	(void)state;
	for (int stage = 0; stage < 3; stage++) {
		struct small s;
		beside(&s);
		json_t *was = look(&s, s.prod, RFA_TREE_SQLITE, DB);
		if (stage > 0)
			OK(&s, swap(&s, "x",
				    "[{'kind':'sqlite','place':'" DB "','in':null,'out':'" DB_OLD
				    "'}]"));
		if (stage > 1)
			OK(&s, swap(&s, "y",
				    "[{'kind':'sqlite','place':'" DB "','in':'" DB_NEW
				    "','out':null}]"));
		OK(&s, swap(&s, "a", "[" ITEM_DB "]"));
		OK(&s, swap(&s, "b", "[" ITEM_DB "]"));
		assert_string_equal(origin(s.sim_prod, DB), "test");
		assert_string_equal(origin(s.sim_prod, DB_OLD), "prod");
		assert_null(rfa_sim_tree_content(s.sim_prod, DB_NEW));
		/* The entry goes along; in a copy a database is a folder. */
		json_t *old = look(&s, s.prod, RFA_TREE_DIRECTORY, DB_OLD);
		assert_string_equal(json_string_value(json_object_get(old, "type")), "d");
		assert_true(
		    json_equal(json_object_get(was, "entry"), json_object_get(old, "entry")));
		json_decref(old);
		json_decref(was);
		/* And back. */
		OK(&s, swap(&s, "c",
			    "[{'kind':'sqlite','place':'" DB "','in':'" DB_OLD "','out':'" DB_NEW
			    "'}]"));
		assert_string_equal(origin(s.sim_prod, DB), "prod");
		assert_string_equal(origin(s.sim_prod, DB_NEW), "test");
		assert_int_equal(writes(s.sim_prod, DB), 5);
		small_close(&s);
	}
}

static void test_swap_refuses_what_is_no_stage(void **state)
{
	static const struct {
		int place, in, out; /* there? */
		enum rfa_code code;
		const char *item;
	} rows[] = {
		{ 1, 1, 1, RFA_EEXISTS, ITEM_DB },
		{ 1, 0, 0, RFA_ENOTFOUND, ITEM_DB },
		{ 0, 1, 0, RFA_ENOTFOUND, ITEM_DB },
		{ 0, 0, 1, RFA_ENOTFOUND, ITEM_DB },
		{ 0, 0, 0, RFA_ENOTFOUND, ITEM_DB },
		{ 1, 1, 0, RFA_EEXISTS,
		  "{'kind':'sqlite','place':'" DB "','in':'" DB_NEW "','out':null}" },
		{ 0, 0, 0, RFA_ENOTFOUND,
		  "{'kind':'sqlite','place':'" DB "','in':'" DB_NEW "','out':null}" },
		{ 1, 0, 1, RFA_EEXISTS,
		  "{'kind':'sqlite','place':'" DB "','in':null,'out':'" DB_OLD "'}" },
		{ 0, 0, 0, RFA_ENOTFOUND,
		  "{'kind':'sqlite','place':'" DB "','in':null,'out':'" DB_OLD "'}" },
		{ 1, 1, 0, RFA_ENOTFOUND,
		  "{'kind':'directory','place':'" DB "','in':'" DB_NEW "','out':'" DB_OLD "'}" },
		{ 1, 1, 0, RFA_EINTERNAL,
		  "{'kind':'sqlite','place':'" DB "','in':'/srv/x','out':'" DB_OLD "'}" },
		{ 1, 1, 0, RFA_EINTERNAL,
		  "{'kind':'sqlite','place':'" DB "','in':null,'out':null}" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct small s;
		char items[1024];
		json_t *made = quick("{'kind':'sqlite'}");
		open_data(&s);
		rfa_sim_file_drop(s.sim_prod, DB);
		if (rows[i].place)
			OK(&s, rfa_sim_tree_put(s.sim_prod, DB, made, &s.err));
		if (rows[i].in)
			OK(&s, rfa_sim_tree_put(s.sim_prod, DB_NEW, made, &s.err));
		if (rows[i].out)
			OK(&s, rfa_sim_tree_put(s.sim_prod, DB_OLD, made, &s.err));
		json_decref(made);
		json_t *before = seen(&s, s.sim_prod, RFA_SIM_TREES | RFA_SIM_OWN);
		json_object_del(json_object_get(before, "own"), "runs");
		(void)snprintf(items, sizeof(items), "[%s]", rows[i].item);
		int rc = swap(&s, "a", items);
		if (rc != -(int)rows[i].code)
			fail_msg("row %zu: %d %s", i, rc, s.err.msg);
		json_t *after = seen(&s, s.sim_prod, RFA_SIM_TREES | RFA_SIM_OWN);
		json_object_del(json_object_get(after, "own"), "runs");
		same(before, after);
		json_decref(before);
		json_decref(after);
		small_close(&s);
	}
}

static void test_a_mount_point_does_not_move(void **state)
{
	struct small s;
	json_t *made = quick("{'kind':'sqlite','mount':true}");
	(void)state;
	beside(&s);
	OK(&s, rfa_sim_tree_put(s.sim_prod, DB, made, &s.err));
	assert_int_equal(swap(&s, "a", "[" ITEM_DB "]"), -RFA_EREMOTE);
	assert_non_null(strstr(s.err.msg, "busy"));
	json_decref(made);
	small_close(&s);
}

static void test_a_running_writer_keeps_the_old_one(void **state)
{
	struct small s;
	(void)state;
	beside(&s);
	json_t *body = quick("{'Image':'app:1','HostConfig':{'Binds':['/opt/app/data:/d']}}");
	OK(&s, rfa_sim_container_run(s.sim_prod, "app", body, &s.err));
	json_decref(body);
	OK(&s, swap(&s, "a", "[" ITEM_DB "]"));
	int64_t old = writes(s.sim_prod, DB_OLD), now = writes(s.sim_prod, DB);
	sleep_on(&s, 100);
	assert_int_equal(writes(s.sim_prod, DB_OLD), old + 100);
	assert_int_equal(writes(s.sim_prod, DB), now);
	OK(&s, rfa_sim_container_stop(s.sim_prod, "app", &s.err));
	OK(&s, rfa_sim_container_start(s.sim_prod, "app", &s.err));
	old = writes(s.sim_prod, DB_OLD);
	sleep_on(&s, 100);
	assert_int_equal(writes(s.sim_prod, DB_OLD), old);
	assert_true(writes(s.sim_prod, DB) >= now + 100);
	small_close(&s);
}

#define ITEMS_3                                                                                 \
	"[" ITEM_DB ",{'kind':'directory','place':'" DIR "','in':'" DIR_NEW "','out':'" DIR_OLD \
	"'},{'kind':'directory','place':'" VOL "','in':'"                                       \
	"/var/lib/docker/volumes/pg/.rfa-new/tree','out':'/var/lib/docker/volumes/pg/"          \
	".rfa-old/tree'}]"

static void make_three(struct small *s)
{
	static const char *const new[] = { DIR_NEW, "/var/lib/docker/volumes/pg/.rfa-new/tree" };
	static const char *const old[] = { DIR, VOL };
	beside(s);
	for (size_t i = 0; i < 2; i++) {
		json_t *mine = quick("{}"), *theirs = quick("{'origin':'test'}");
		OK(s, rfa_sim_tree_put(s->sim_prod, old[i], mine, &s->err));
		OK(s, rfa_sim_tree_put(s->sim_prod, new[i], theirs, &s->err));
		json_decref(mine);
		json_decref(theirs);
	}
}

static size_t of_test(struct small *s)
{
	static const char *const places[] = { DB, DIR, VOL };
	size_t n = 0;
	for (size_t i = 0; i < 3; i++)
		n += strcmp(origin(s->sim_prod, places[i]), "test") == 0;
	return n;
}

static void test_halves_of_a_swap(void **state)
{
	(void)state;
	/* After each number of renames, by a failure or by a power cut; 0 means half of them. */
	for (uint64_t lag = 0; lag < 6; lag++) {
		for (int power = 0; power < 2; power++) {
			struct small s;
			make_three(&s);
			plan(&s, power ? RFA_SIM_REBOOT : RFA_SIM_PARTIAL, lag);
			assert_int_equal(swap(&s, "a", ITEMS_3), power ? -RFA_ELOST : -RFA_EREMOTE);
			assert_int_equal(of_test(&s), (lag ? lag : 3) / 2);
			sleep_on(&s, 30000);
			OK(&s, swap(&s, "b", ITEMS_3));
			assert_int_equal(of_test(&s), 3);
			assert_string_equal(origin(s.sim_prod, DIR_OLD), "prod");
			small_close(&s);
		}
	}
}

static void test_power_fails_during_a_job(void **state)
{
	struct small s;
	json_t *out = NULL;
	int running;
	(void)state;
	open_data(&s);
	bring(&s);
	plan(&s, RFA_SIM_REBOOT, 0);
	assert_int_equal(unpack(&s, s.prod, "a", "images", DIR_NEW), -RFA_ELOST);
	sleep_on(&s, 30000);
	OK(&s, s.prod->runs->jobs_running(s.prod, KEY("unpack.1", ""), &running, &s.err));
	assert_int_equal(running, 0);
	assert_true(flag(s.sim_prod, DIR_NEW, "torn"));
	assert_int_equal(unpack(&s, s.prod, "a", "images", DIR_NEW), -RFA_EREMOTE);
	assert_int_equal(s.err.severity, RFA_UNKNOWN);
	OK(&s, unpack(&s, s.prod, "b", "images", DIR_NEW));
	/* A kept answer is given again, and a key means one thing. */
	plan(&s, RFA_SIM_LOSE_ANSWER, 0);
	REFUSED(&s, RFA_ELOST,
		s.prod->trees->pack(s.prod, KEY("k.1", "p"), DIR_NEW, "x", NULL, &out, &s.err));
	OK(&s, s.prod->trees->pack(s.prod, KEY("k.1", "p"), DIR_NEW, "x", NULL, &out, &s.err));
	assert_int_equal(rfa_sim_effects(s.sim_prod, "tree_pack"), 1);
	json_decref(out);
	REFUSED(&s, RFA_EINTERNAL,
		s.prod->trees->pack(s.prod, KEY("k.1", "p"), DIR_NEW, "y", NULL, &out, &s.err));
	/* A job goes on while the connection is gone. */
	plan(&s, RFA_SIM_SLOW, 0);
	assert_int_equal(
	    swap(&s, "a", "[{'kind':'directory','place':'" DIR "','in':'" DIR_NEW "','out':null}]"),
	    -RFA_ELOST);
	assert_null(rfa_sim_tree_content(s.sim_prod, DIR));
	sleep_on(&s, 6000);
	assert_string_equal(origin(s.sim_prod, DIR), "test");
	small_close(&s);
}

/* Planted defects. */

static void test_planted_defects_of_swaps(void **state)
{
	struct small s;
	json_t *list = quick("['" DIR_OLD "']");
	(void)state;
	make_three(&s);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_SWAP_FORGETS_LAST);
	OK(&s, swap(&s, "a", ITEMS_3));
	assert_int_equal(of_test(&s), 2);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_SWAP_BACK_DOES_NOTHING);
	OK(&s,
	   swap(&s, "b",
		"[{'kind':'directory','place':'" DIR "','in':'" DIR_OLD "','out':'" DIR_NEW "'}]"));
	assert_string_equal(origin(s.sim_prod, DIR), "test");
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_REMOVE_LEAVES_COPIES);
	OK(&s, s.prod->trees->remove(s.prod, KEY("r.1", "r"), list, &s.err));
	assert_string_equal(origin(s.sim_prod, DIR_OLD), "prod");
	json_decref(list);
	small_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swap_goes_on_from_each_stage),
		cmocka_unit_test(test_swap_refuses_what_is_no_stage),
		cmocka_unit_test(test_a_mount_point_does_not_move),
		cmocka_unit_test(test_a_running_writer_keeps_the_old_one),
		cmocka_unit_test(test_halves_of_a_swap),
		cmocka_unit_test(test_power_fails_during_a_job),
		cmocka_unit_test(test_planted_defects_of_swaps),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

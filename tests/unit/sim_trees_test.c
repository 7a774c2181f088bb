/* The simulated hosts' data: who writes where, copies, archives. */
#include "tests/unit/sim_data.h"

/* Looking. */

static void test_observe(void **state)
{
	struct small s;
	(void)state;
	open_data(&s);
	json_t *db = look(&s, s.test, RFA_TREE_SQLITE, DB);
	assert_string_equal(json_string_value(json_object_get(db, "type")), "f");
	assert_int_equal(json_integer_value(json_object_get(db, "mode")), 0600);
	assert_int_equal(json_integer_value(json_object_get(db, "uid")), 7);
	assert_int_equal(json_integer_value(json_object_get(db, "bytes")), 40000);
	json_decref(db);
	json_t *dir = look(&s, s.test, RFA_TREE_DIRECTORY, DIR);
	assert_string_equal(json_string_value(json_object_get(dir, "type")), "d");
	assert_int_equal(json_integer_value(json_object_get(dir, "inodes")), 10);
	assert_false(json_is_true(json_object_get(dir, "mount")));
	json_decref(dir);
	json_t *none = look(&s, s.prod, RFA_TREE_DIRECTORY, DIR);
	json_t *wanted = quick("{'type':''}");
	assert_true(json_equal(none, wanted));
	json_decref(none);
	json_decref(wanted);
	/* The files that lie in it count, and it is there for whoever asks of files. */
	OK(&s, rfa_sim_file_put(s.sim_test, DIR "/a/b", 0644, "12345", &s.err));
	dir = look(&s, s.test, RFA_TREE_DIRECTORY, DIR);
	assert_int_equal(json_integer_value(json_object_get(dir, "bytes")), 70005);
	json_decref(dir);
	struct rfa_file_stat stat;
	OK(&s, s.test->files->stat(s.test, DB, &stat, &s.err));
	assert_int_equal(stat.type, 'f');
	OK(&s, s.test->files->stat(s.test, VOL, &stat, &s.err));
	assert_int_equal(stat.type, 'd');
	small_close(&s);
}

/* Mounted as a file, its companions are in the container's layer: they outlive a swap. */
static void test_mounted_as_file(void **state)
{
	struct small s;
	(void)state;
	open_data(&s);
	json_t *body = quick("{'Image':'app:1','HostConfig':{'Binds':['/one.db:/in/one.db']}}");
	json_t *old = quick("{'kind':'sqlite','origin':'old'}");
	json_t *new = quick("{'kind':'sqlite','origin':'new'}");
	OK(&s, rfa_sim_tree_put(s.sim_prod, "/one.db", old, &s.err));
	OK(&s, rfa_sim_image_add(s.sim_prod, "app:1", (struct rfa_sim_layer[]){ { "a", 1 } }, 1,
				 NULL, &s.err));
	OK(&s, rfa_sim_container_run(s.sim_prod, "one", body, &s.err));
	sleep_on(&s, 100);
	assert_int_equal(writes(s.sim_prod, "/one.db"), 0);
	OK(&s, rfa_sim_container_stop(s.sim_prod, "one", &s.err));
	/* Its own database takes them in. */
	OK(&s, rfa_sim_container_start(s.sim_prod, "one", &s.err));
	assert_in_range(writes(s.sim_prod, "/one.db"), 100, 200);
	assert_false(flag(s.sim_prod, "/one.db", "torn"));
	sleep_on(&s, 100);
	OK(&s, rfa_sim_container_stop(s.sim_prod, "one", &s.err));
	/* Another one is spoilt by them. */
	OK(&s, rfa_sim_tree_put(s.sim_prod, "/one.db", new, &s.err));
	OK(&s, rfa_sim_container_start(s.sim_prod, "one", &s.err));
	assert_string_equal(origin(s.sim_prod, "/one.db"), "old");
	assert_true(flag(s.sim_prod, "/one.db", "torn"));
	json_decref(body);
	json_decref(old);
	json_decref(new);
	small_close(&s);
}

static void test_who_runs_writes(void **state)
{
	struct small s;
	(void)state;
	open_data(&s);
	/* Beside it, above it, below it, and as a volume: all four ways to have it mounted. */
	const char *places[] = { DB, DIR, VOL };
	for (size_t i = 0; i < 3; i++) {
		int64_t before = writes(s.sim_test, places[i]);
		sleep_on(&s, 100);
		assert_int_equal(writes(s.sim_test, places[i]), before + 100);
	}
	int64_t idle = writes(s.sim_prod, DB);
	sleep_on(&s, 100);
	assert_int_equal(writes(s.sim_prod, DB), idle);
	assert_int_equal(idle, 5);
	assert_int_equal(holders(&s, s.test,
				 "[{'kind':'sqlite','path':'" DB "'},"
				 "{'kind':'directory','path':'" DIR "'}]",
				 "app"),
			 2);
	OK(&s, s.test->engine->container_stop(s.test, KEY("s.1", "s"), "app", &s.err));
	int64_t stopped = writes(s.sim_test, DB);
	sleep_on(&s, 100);
	assert_int_equal(writes(s.sim_test, DB), stopped);
	/* Who only looks from above holds nothing. */
	assert_int_equal(holders(&s, s.test, "[{'kind':'sqlite','path':'" DB "'}]", NULL), 0);
	OK(&s, s.test->engine->container_start(s.test, KEY("s.1", "t"), "app", &s.err));
	sleep_on(&s, 100);
	assert_int_equal(writes(s.sim_test, DB), stopped + 100);
	small_close(&s);
}

static void test_holders(void **state)
{
	struct small s;
	(void)state;
	open_data(&s);
	const char *paths = "[{'kind':'sqlite','path':'" DB "'}]";
	OK(&s, rfa_sim_tree_hold(s.sim_prod, DB, "sqlite3", &s.err));
	assert_int_equal(holders(&s, s.prod, paths, "sqlite3"), 1);
	/* The process stays with what it has opened. */
	OK(&s, swap(&s, "a", "[{'kind':'sqlite','place':'" DB "','in':null,'out':'" DB_OLD "'}]"));
	assert_int_equal(holders(&s, s.prod, paths, NULL), 0);
	assert_int_equal(
	    holders(&s, s.prod, "[{'kind':'directory','path':'" DB_OLD "'}]", "sqlite3"), 1);
	rfa_sim_tree_release(s.sim_prod, "sqlite3");
	assert_int_equal(holders(&s, s.prod, "[{'kind':'directory','path':'" DB_OLD "'}]", NULL),
			 0);
	OK(&s, rfa_sim_tree_hold(s.sim_prod, DB_OLD, "cp", &s.err));
	rfa_sim_reboot(s.sim_prod);
	sleep_on(&s, 20000);
	assert_int_equal(holders(&s, s.prod, "[{'kind':'directory','path':'" DB_OLD "'}]", NULL),
			 0);
	REFUSED(&s, RFA_ENOTFOUND, rfa_sim_tree_hold(s.sim_prod, "/nothing", "x", &s.err));
	small_close(&s);
}

static void test_an_empty_one_appears(void **state)
{
	struct small s;
	(void)state;
	open_data(&s);
	json_t *body = quick("{'Image':'app:1','HostConfig':{'Binds':['" DIR ":/f','pg:/pg']}}");
	struct rfa_host *p = s.prod;
	OK(&s, p->engine->container_create(p, KEY("c.1", "c"), "app", body, &s.err));
	assert_string_equal(origin(s.sim_prod, DIR), "");
	/* Taken away between create and start: the engine makes a folder, and no volume. */
	OK(&s,
	   swap(&s, "a", "[{'kind':'directory','place':'" DIR "','in':null,'out':'" DIR_OLD "'}]"));
	assert_null(rfa_sim_tree_content(s.sim_prod, DIR));
	OK(&s, p->engine->container_start(p, KEY("c.1", "s"), "app", &s.err));
	assert_string_equal(origin(s.sim_prod, DIR), "");
	OK(&s, p->engine->container_stop(p, KEY("c.1", "t"), "app", &s.err));
	OK(&s, swap(&s, "b",
		    "[{'kind':'directory','place':'" VOL
		    "','in':null,'out':'/var/lib/docker/volumes/pg/.rfa-x/tree'}]"));
	REFUSED(&s, RFA_EREMOTE, p->engine->container_start(p, KEY("c.1", "u"), "app", &s.err));
	assert_null(rfa_sim_tree_content(s.sim_prod, VOL));
	json_decref(body);
	small_close(&s);
}

/* Copying. */

static void test_copies_are_torn_or_exact(void **state)
{
	struct small s;
	(void)state;
	open_data(&s);
	copy(&s, s.test, "bulk", DIR, DIR_SNAP, RFA_COPY_BULK);
	assert_true(flag(s.sim_test, DIR_SNAP, "torn"));
	copy(&s, s.test, "early", DIR, DIR_SNAP, RFA_COPY_FINAL);
	assert_true(flag(s.sim_test, DIR_SNAP, "torn"));
	OK(&s, s.test->engine->container_stop(s.test, KEY("s.1", "s"), "app", &s.err));
	copy(&s, s.test, "final", DIR, DIR_SNAP, RFA_COPY_FINAL);
	json_t *mine = rfa_sim_tree_content(s.sim_test, DIR);
	json_t *theirs = rfa_sim_tree_content(s.sim_test, DIR_SNAP);
	assert_true(json_equal(mine, theirs));
	json_decref(mine);
	json_decref(theirs);
	/* What is written from now on is not in it. */
	OK(&s, s.test->engine->container_start(s.test, KEY("s.1", "t"), "app", &s.err));
	int64_t before = writes(s.sim_test, DIR_SNAP);
	sleep_on(&s, 100);
	assert_int_equal(writes(s.sim_test, DIR_SNAP), before);
	assert_int_equal(writes(s.sim_test, DIR), before + 100);
	small_close(&s);
}

static void test_copies_carry_files(void **state)
{
	struct small s;
	struct rfa_buf text = RFA_BUF_INIT(1000);
	json_t *out = NULL;
	(void)state;
	small_open(&s, "{'hosts':{'test':{'files':{'/d/app.db':'','/d/app.db-wal':'wal'}}}}", 1);
	struct rfa_host *t = s.test;
	/* A database of which only the files are known: the companions are part of it. */
	OK(&s, t->trees->copy(t, KEY("c.1", "c"), RFA_TREE_SQLITE, "/d/app.db",
			      "/d/.rfa-r.snap/tree", RFA_COPY_FINAL, &out, &s.err));
	json_decref(out);
	OK(&s, t->files->read(t, "/d/.rfa-r.snap/tree/db-wal", 10, &text, &s.err));
	assert_string_equal(rfa_buf_str(&text), "wal");
	OK(&s, t->trees->sqlite_check(t, "/d/.rfa-r.snap/tree", &out, &s.err));
	assert_true(json_is_true(json_object_get(out, "ok")));
	json_decref(out);
	OK(&s, rfa_sim_file_put(s.sim_test, "/d/.rfa-r.snap/tree/db", 0600, "no database", &s.err));
	OK(&s, t->trees->sqlite_check(t, "/d/.rfa-r.snap/tree", &out, &s.err));
	assert_false(json_is_true(json_object_get(out, "ok")));
	json_decref(out);
	/* And they arrive, by archive and by rename. */
	OK(&s,
	   t->trees->pack(t, KEY("p.1", "p"), "/d/.rfa-r.snap/tree", "app", NULL, &out, &s.err));
	json_decref(out);
	OK(&s, unpack(&s, t, "u", "app", "/d/.rfa-r.new/tree"));
	json_t *items = quick("[{'kind':'sqlite','place':'/d/app.db','in':'/d/.rfa-r.new/tree',"
			      "'out':'/d/.rfa-r.old/tree'}]");
	OK(&s, t->trees->swap(t, KEY("w.1", "w"), items, &s.err));
	json_decref(items);
	rfa_buf_clear(&text);
	OK(&s, t->files->read(t, "/d/app.db", 20, &text, &s.err));
	assert_string_equal(rfa_buf_str(&text), "no database");
	OK(&s, t->files->read(t, "/d/app.db-wal", 20, &text, &s.err));
	OK(&s, t->files->read(t, "/d/.rfa-r.old/tree/db-wal", 20, &text, &s.err));
	rfa_buf_release(&text);
	small_close(&s);
}

static void test_reflinks_take_nothing(void **state)
{
	struct small s;
	struct rfa_disk before, after;
	json_t *out = NULL;
	(void)state;
	for (int reflink = 0; reflink < 2; reflink++) {
		json_t *described = quick("{'hosts':{'test':{'trees':{'/d/x':{'bytes':50000}}}}}");
		json_object_set_new(json_object_get(json_object_get(described, "hosts"), "test"),
				    "reflink", json_boolean(reflink));
		char *text = json_dumps(described, 0);
		small_open(&s, text, 1);
		free(text);
		json_decref(described);
		struct rfa_host *t = s.test;
		OK(&s, t->ops->disk(t, "/d", &before, &s.err));
		OK(&s, t->trees->copy(t, KEY("c.1", "b"), RFA_TREE_DIRECTORY, "/d/x",
				      "/d/.rfa-x/tree", RFA_COPY_BULK, &out, &s.err));
		assert_int_equal(json_is_true(json_object_get(out, "reflink")), reflink);
		assert_int_equal(json_integer_value(json_object_get(out, "bytes")),
				 reflink ? 0 : 50000);
		json_decref(out);
		OK(&s, t->trees->copy(t, KEY("c.1", "f"), RFA_TREE_DIRECTORY, "/d/x",
				      "/d/.rfa-x/tree", RFA_COPY_FINAL, &out, &s.err));
		json_decref(out);
		OK(&s, t->ops->disk(t, "/d", &after, &s.err));
		assert_int_equal(before.bytes_free - after.bytes_free, reflink ? 0 : 50000);
		assert_false(flag(s.sim_test, "/d/.rfa-x/tree", "torn"));
		rfa_sim_disk_used(s.sim_test, after.bytes_total - 10000);
		int rc = t->trees->copy(t, KEY("c.2", "f"), RFA_TREE_DIRECTORY, "/d/x",
					"/d/.rfa-y/tree", RFA_COPY_FINAL, &out, &s.err);
		assert_int_equal(rc, reflink ? 0 : -RFA_ENOSPACE);
		if (!rc)
			json_decref(out);
		small_close(&s);
	}
}

static void test_what_copies_refuse(void **state)
{
	struct small s;
	json_t *out = NULL;
	(void)state;
	open_data(&s);
	struct rfa_host *t = s.test;
	REFUSED(&s, RFA_ENOTFOUND,
		t->trees->copy(t, KEY("c.1", "a"), RFA_TREE_DIRECTORY, "/nope", "/.rfa-x/tree",
			       RFA_COPY_FINAL, &out, &s.err));
	REFUSED(&s, RFA_ENOTFOUND,
		t->trees->copy(t, KEY("c.1", "b"), RFA_TREE_DIRECTORY, DB, "/.rfa-x/tree",
			       RFA_COPY_FINAL, &out, &s.err));
	REFUSED(&s, RFA_ENOTFOUND,
		t->trees->copy(t, KEY("c.1", "c"), RFA_TREE_DIRECTORY, DIR, "/no/.rfa-x/tree",
			       RFA_COPY_FINAL, &out, &s.err));
	REFUSED(&s, RFA_EINTERNAL,
		t->trees->copy(t, KEY("c.1", "d"), RFA_TREE_DIRECTORY, DIR, "/srv/app/x",
			       RFA_COPY_FINAL, &out, &s.err));
	json_t *one = quick("['" DIR "']"), *none = quick("['/srv/app/.rfa-none/tree']");
	REFUSED(&s, RFA_EINTERNAL, t->trees->remove(t, KEY("r.1", "a"), one, &s.err));
	OK(&s, t->trees->remove(t, KEY("r.1", "b"), none, &s.err));
	assert_string_equal(origin(s.sim_test, DIR), "test");
	json_decref(one);
	json_decref(none);
	REFUSED(&s, RFA_ENOTFOUND, t->trees->sqlite_check(t, "/srv/.rfa-none/tree", &out, &s.err));
	small_close(&s);
}

static void test_sqlite_check(void **state)
{
	struct small s;
	json_t *out = NULL;
	(void)state;
	for (int way = 0; way < 3; way++) {
		small_open(&s,
			   way == 0   ? "{'hosts':{'test':{'trees':{'/d/x':{'kind':'sqlite'}}}}}"
			   : way == 1 ? "{'hosts':{'test':{'trees':{'/d/x':{'kind':'sqlite',"
					"'corrupt':true}}}}}"
				      : "{'hosts':{'test':{'sqlite':false,'trees':{'/d/x':"
					"{'kind':'sqlite'}}}}}",
			   1);
		struct rfa_host *t = s.test;
		OK(&s, t->trees->copy(t, KEY("c.1", "f"), RFA_TREE_SQLITE, "/d/x", "/d/.rfa-x/tree",
				      RFA_COPY_FINAL, &out, &s.err));
		json_decref(out);
		if (way == 2) {
			REFUSED(&s, RFA_EUNSUPPORTED,
				t->trees->sqlite_check(t, "/d/.rfa-x/tree", &out, &s.err));
			assert_string_not_equal(s.err.hint, "");
		} else {
			OK(&s, t->trees->sqlite_check(t, "/d/.rfa-x/tree", &out, &s.err));
			assert_int_equal(json_is_true(json_object_get(out, "ok")), way == 0);
			json_decref(out);
		}
		small_close(&s);
	}
}

/* Archives. */

static void test_archives_are_the_same_every_time(void **state)
{
	struct small s;
	json_t *one = NULL, *two = NULL, *mine = NULL;
	(void)state;
	open_data(&s);
	bring(&s);
	OK(&s,
	   s.test->trees->pack(s.test, KEY("b.1", "p"), DIR_SNAP, "images", NULL, &one, &s.err));
	OK(&s,
	   s.test->trees->pack(s.test, KEY("b.2", "p"), DIR_SNAP, "images", NULL, &two, &s.err));
	assert_true(json_equal(one, two));
	OK(&s, unpack(&s, s.prod, "u", "images", DIR_NEW));
	mine = rfa_sim_tree_content(s.sim_test, DIR_SNAP);
	json_t *theirs = rfa_sim_tree_content(s.sim_prod, DIR_NEW);
	assert_true(json_equal(mine, theirs));
	json_t *looked = look(&s, s.prod, RFA_TREE_DIRECTORY, DIR_NEW);
	assert_int_equal(json_integer_value(json_object_get(looked, "bytes")), 70000);
	assert_int_equal(json_integer_value(json_object_get(looked, "inodes")), 10);
	json_decref(looked);
	/* Packed there, it is the same archive again. */
	json_decref(two);
	OK(&s, s.prod->trees->pack(s.prod, KEY("b.3", "p"), DIR_NEW, "images", NULL, &two, &s.err));
	assert_true(json_equal(one, two));
	json_decref(one);
	json_decref(two);
	json_decref(mine);
	json_decref(theirs);
	small_close(&s);
}

static void test_a_changed_archive_leaves_nothing(void **state)
{
	static const uint64_t where[] = { 3, 100, 3000, 50000, 1000000 };
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct small s;
		struct rfa_stream *out = NULL;
		size_t put;
		int done;
		open_data(&s);
		bring(&s);
		OK(&s, unpack(&s, s.prod, "a", "images", DIR_NEW));
		OK(&s, s.prod->runs->spool_write(s.prod, RUN, "images", where[i], &out, &s.err));
		OK(&s, out->ops->write(out, "\001", 1, &put, &s.err));
		OK(&s, out->ops->finish(out, &done, &s.err));
		out->ops->close(out);
		assert_int_equal(unpack(&s, s.prod, "b", "images", DIR_NEW), -RFA_EMISMATCH);
		assert_null(rfa_sim_tree_content(s.sim_prod, DIR_NEW));
		assert_int_equal(unpack(&s, s.prod, "c", "none", DIR_NEW), -RFA_ENOTFOUND);
		small_close(&s);
	}
}

/* Halves. */

static void test_halves_of_copies(void **state)
{
	struct small s;
	json_t *out = NULL, *list = quick("['" DIR_NEW "','" DIR_SNAP "']");
	(void)state;
	open_data(&s);
	struct rfa_host *t = s.test;
	OK(&s, t->engine->container_stop(t, KEY("b.1", "s"), "app", &s.err));
	plan(&s, RFA_SIM_PARTIAL, 0);
	REFUSED(&s, RFA_EREMOTE,
		t->trees->copy(t, KEY("h.1", "c"), RFA_TREE_DIRECTORY, DIR, DIR_SNAP,
			       RFA_COPY_FINAL, &out, &s.err));
	assert_true(flag(s.sim_test, DIR_SNAP, "torn"));
	copy(&s, t, "again", DIR, DIR_SNAP, RFA_COPY_FINAL);
	assert_false(flag(s.sim_test, DIR_SNAP, "torn"));
	plan(&s, RFA_SIM_PARTIAL, 0);
	REFUSED(&s, RFA_EREMOTE,
		t->trees->pack(t, KEY("h.1", "p"), DIR_SNAP, "images", NULL, &out, &s.err));
	assert_int_equal(unpack(&s, t, "a", "images", DIR_NEW), -RFA_EMISMATCH);
	OK(&s, t->trees->pack(t, KEY("h.2", "p"), DIR_SNAP, "images", NULL, &out, &s.err));
	json_decref(out);
	plan(&s, RFA_SIM_PARTIAL, 0);
	assert_int_equal(unpack(&s, t, "b", "images", DIR_NEW), -RFA_EREMOTE);
	assert_true(flag(s.sim_test, DIR_NEW, "torn"));
	OK(&s, unpack(&s, t, "c", "images", DIR_NEW));
	assert_false(flag(s.sim_test, DIR_NEW, "torn"));
	plan(&s, RFA_SIM_PARTIAL, 0);
	REFUSED(&s, RFA_EREMOTE, t->trees->remove(t, KEY("h.1", "r"), list, &s.err));
	assert_null(rfa_sim_tree_content(s.sim_test, DIR_NEW));
	assert_true(flag(s.sim_test, DIR_SNAP, "torn"));
	OK(&s, t->trees->remove(t, KEY("h.2", "r"), list, &s.err));
	assert_null(rfa_sim_tree_content(s.sim_test, DIR_SNAP));
	json_decref(list);
	small_close(&s);
}

static void test_planted_defects_of_copies(void **state)
{
	struct small s;
	(void)state;
	open_data(&s);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_STOP_LEAVES_WRITER);
	bring(&s); /* its final copy is made while somebody writes */
	assert_true(flag(s.sim_test, DIR_SNAP, "torn"));
	assert_int_equal(holders(&s, s.test, "[{'kind':'directory','path':'" DIR "'}]", "app"), 1);
	small_close(&s);

	open_data(&s);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_FINAL_COPY_TORN);
	bring(&s);
	assert_true(flag(s.sim_test, DIR_SNAP, "torn"));
	small_close(&s);

	open_data(&s);
	bring(&s);
	rfa_sim_mutate(s.world, RFA_SIM_MUTATION_UNPACK_HALF);
	OK(&s, unpack(&s, s.prod, "a", "images", DIR_NEW));
	assert_true(flag(s.sim_prod, DIR_NEW, "torn"));
	small_close(&s);
}

static void test_a_clone_has_its_own(void **state)
{
	struct small s;
	struct rfa_sim_world *other = NULL;
	(void)state;
	open_data(&s);
	OK(&s, rfa_sim_tree_hold(s.sim_prod, DB, "sqlite3", &s.err));
	OK(&s, rfa_sim_clone(&other, s.world, &s.err));
	struct rfa_sim_host *test = rfa_sim_host_find(other, "test");
	json_t *mine = seen(&s, s.sim_test, RFA_SIM_TREES), *theirs = NULL;
	OK(&s, rfa_sim_snapshot(&theirs, test, RFA_SIM_TREES, &s.err));
	same(mine, theirs);
	json_decref(mine);
	json_decref(theirs);
	int64_t before = writes(s.sim_test, DB);
	struct rfa_clock *clock = rfa_sim_clock(other);
	clock->sleep_ms(clock, 100);
	assert_int_equal(writes(test, DB), before + 100);
	assert_int_equal(writes(s.sim_test, DB), before);
	rfa_sim_free(other);
	small_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_who_runs_writes),
		cmocka_unit_test(test_mounted_as_file),
		cmocka_unit_test(test_holders),
		cmocka_unit_test(test_an_empty_one_appears),
		cmocka_unit_test(test_copies_are_torn_or_exact),
		cmocka_unit_test(test_copies_carry_files),
		cmocka_unit_test(test_reflinks_take_nothing),
		cmocka_unit_test(test_what_copies_refuse),
		cmocka_unit_test(test_sqlite_check),
		cmocka_unit_test(test_archives_are_the_same_every_time),
		cmocka_unit_test(test_a_changed_archive_leaves_nothing),
		cmocka_unit_test(test_halves_of_copies),
		cmocka_unit_test(test_planted_defects_of_copies),
		cmocka_unit_test(test_a_clone_has_its_own),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

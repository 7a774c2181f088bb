/* What transports/host/host.h promises of databases, of any implementation. */
#include "tests/contract/databases_contract.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "tests/contract/host_fixture.h"
#include "tests/contract/trees_contract.h"
#include "tests/harness/fakehost.h"

#define DB DATABASES_NAME
#define DB_NEW DB "_rfa_new_1"
#define DB_OLD DB "_rfa_old_1"
#define TRIED(call) (rfa_error_clear(&x->err), (call))

static struct databases *databases_of(struct fixture *x)
{
	return x->world->databases;
}

static json_t *spec(struct fixture *x)
{
	const struct databases *d = databases_of(x);

	return json_pack("{s:s, s:s, s:s, s:s}", "engine", d->engine, "container", d->container,
			 "user", d->user, "database", DB);
}

static json_t *looked(struct fixture *x)
{
	json_t *database = spec(x);
	json_t *out = NULL;

	assert_ok(x->h->databases->observe(x->h, database, &out, &x->err));
	json_decref(database);
	return out;
}

static json_t *access_of(struct fixture *x)
{
	json_t *database = spec(x);
	json_t *out = NULL;

	assert_ok(x->h->databases->access(x->h, database, &out, &x->err));
	json_decref(database);
	return out;
}

static int has(struct fixture *x, const char *name)
{
	json_t *look = looked(x);
	int found = json_is_integer(json_object_get(json_object_get(look, "databases"), name));

	json_decref(look);
	return found;
}

static void holds(struct fixture *x, const char *name, const char *text)
{
	char got[256] = "";

	if (databases_of(x)->told(databases_of(x), name, got, sizeof(got)))
		fail_msg("there is no database %s", name);
	assert_string_equal(got, text);
}

static void writes(struct fixture *x, const char *text)
{
	assert_int_equal(databases_of(x)->write(databases_of(x), text), 0);
}

static void dumped(struct fixture *x, const char *copy)
{
	json_t *database = spec(x);
	json_t *out = NULL;

	assert_ok(x->h->databases->dump(x->h, KEY("dump"), database, copy, &out, &x->err));
	assert_true(rfa_facts_int(out, "bytes", 0) > 0);
	json_decref(out);
	json_decref(database);
}

static int loaded(struct fixture *x, const char *copy, const char *name)
{
	json_t *database = spec(x);
	int rc = TRIED(x->h->databases->load(x->h, KEY("load"), database, copy, name, &x->err));

	json_decref(database);
	return rc;
}

static int swapped(struct fixture *x, const char *in, const char *out)
{
	json_t *items = json_pack("[{s:o, s:s, s:s}]", "database", spec(x), "in", in, "out", out);
	int rc = TRIED(x->h->databases->swap(x->h, KEY("swap"), items, &x->err));

	json_decref(items);
	return rc;
}

static void opened(struct fixture *x)
{
	json_t *database = spec(x);

	assert_ok(x->h->databases->open(x->h, KEY("open"), database, &x->err));
	json_decref(database);
}

static int dropped(struct fixture *x, const char *one, const char *two)
{
	json_t *database = spec(x);
	json_t *names = json_pack("[s, s]", one, two);
	int rc = TRIED(x->h->databases->drop(x->h, KEY("drop"), database, names, &x->err));

	json_decref(database);
	json_decref(names);
	return rc;
}

static const char *const leftovers[] = { ".rfa-db.snap/tree", ".rfa-db.new/tree" };
#define CLEAR() tree_clear(x, leftovers, sizeof(leftovers) / sizeof(leftovers[0]))

static void a_look_tells_of_the_server(void **state)
{
	struct fixture *x = begin(state, "database-look");
	json_t *look = looked(x);
	int major = (int)rfa_facts_int(look, "major", 0);

	assert_true(rfa_facts_bool(look, "up", 0));
	assert_true(major >= 9);
	/* Of some two numbers of the version are in it. */
	assert_true(atoi(rfa_facts_str(look, "version", "")) == major ||
		    atoi(rfa_facts_str(look, "version", "")) == major / 100);
	assert_int_equal(json_array_size(json_object_get(look, "sessions")), 0);
	assert_int_equal(json_array_size(json_object_get(look, "obstacles")), 0);
	assert_int_equal(json_array_size(json_object_get(look, "unfit")), 0);
	assert_int_equal(json_object_size(json_object_get(look, "databases")), 1);
	assert_true(json_integer_value(json_object_get(json_object_get(look, "databases"), DB)) >
		    0);
	json_decref(look);
	end(x);
}

static void what_is_not_up_says_so(void **state)
{
	struct fixture *x = begin(state, "database-down");
	json_t *database = spec(x);
	json_t *out = NULL;

	json_object_set_new(database, "container", json_string("no-such-container"));
	assert_fails(NOTFOUND, x->h->databases->observe(x->h, database, &out, &x->err));
	assert_fails(NOTFOUND, x->h->databases->access(x->h, database, &out, &x->err));
	assert_null(out);
	json_decref(database);
	databases_of(x)->run(databases_of(x), x->h, 0);
	out = looked(x);
	assert_false(rfa_facts_bool(out, "up", 1));
	assert_true(*rfa_facts_str(out, "why", "") != '\0');
	json_decref(out);
	out = access_of(x);
	assert_false(rfa_facts_bool(out, "up", 1));
	assert_true(*rfa_facts_str(out, "why", "") != '\0');
	json_decref(out);
	databases_of(x)->run(databases_of(x), x->h, 1);
	out = looked(x);
	assert_true(rfa_facts_bool(out, "up", 0));
	json_decref(out);
	end(x);
}

static void nobody_gets_in_without_a_password(void **state)
{
	struct fixture *x = begin(state, "database-access");
	json_t *out = access_of(x);

	assert_true(rfa_facts_bool(out, "up", 0));
	assert_true(json_is_array(json_object_get(out, "open")));
	assert_int_equal(json_array_size(json_object_get(out, "open")), 0);
	assert_int_equal(json_array_size(json_object_get(out, "wide")), 0);
	assert_int_equal(json_array_size(json_object_get(out, "unsure")), 0);
	json_decref(out);
	end(x);
}

static void its_tables_are_counted(void **state)
{
	struct fixture *x = begin(state, "database-tables");
	json_t *database = spec(x), *files = json_pack("[s]", "no such file.sql");
	json_t *out = NULL;

	writes(x, "something");
	assert_ok(x->h->databases->tables(x->h, database, &out, &x->err));
	assert_true(rfa_facts_bool(out, "up", 0));
	assert_true(rfa_facts_int(out, "tables", 0) > 0);
	assert_true(*rfa_facts_str(out, "names/0", "") != '\0');
	json_decref(out);
	out = NULL;
	assert_fails(NOTFOUND, x->h->databases->init(x->h, KEY("init"), database, x->world->dir,
						     files, &out, &x->err));
	assert_null(out);
	holds(x, DB, "something");
	json_decref(files);
	json_decref(database);
	end(x);
}

static void a_dump_becomes_a_database(void **state)
{
	struct fixture *x = begin(state, "database-load");
	json_t *database = spec(x);
	json_t *out = NULL;
	char one[RFA_DIGEST_HEX];
	int64_t bytes;

	CLEAR();
	writes(x, "first");
	dumped(x, AT(".rfa-db.snap/tree"));
	assert_ok(x->h->databases->check(x->h, database, AT(".rfa-db.snap/tree"), &out, &x->err));
	assert_true(rfa_facts_bool(out, "ok", 0));
	json_decref(out);
	tree_packed(x, AT(".rfa-db.snap/tree"), "db", one, &bytes);
	assert_ok(x->h->trees->unpack(x->h, KEY("unpack"), "db", AT(".rfa-db.new/tree"), &x->err));
	writes(x, "second");
	assert_int_equal(loaded(x, AT(".rfa-db.new/tree"), DB_NEW), 0);
	holds(x, DB_NEW, "first");
	holds(x, DB, "second");
	/* Again, over what is there. */
	assert_int_equal(loaded(x, AT(".rfa-db.new/tree"), DB_NEW), 0);
	holds(x, DB_NEW, "first");
	assert_int_equal(dropped(x, DB_NEW, DB_OLD), 0);
	assert_false(has(x, DB_NEW));
	assert_int_equal(dropped(x, DB_NEW, DB_OLD), 0);
	CLEAR();
	json_decref(database);
	end(x);
}

static void databases_are_swapped_and_back(void **state)
{
	struct fixture *x = begin(state, "database-swap");

	CLEAR();
	writes(x, "first");
	dumped(x, AT(".rfa-db.snap/tree"));
	writes(x, "second");
	assert_int_equal(swapped(x, DB_NEW, DB_OLD), -RFA_ENOTFOUND);
	holds(x, DB, "second");
	assert_int_equal(loaded(x, AT(".rfa-db.snap/tree"), DB_NEW), 0);
	assert_int_equal(swapped(x, DB_NEW, DB_OLD), 0);
	opened(x);
	holds(x, DB, "first");
	assert_true(has(x, DB_OLD));
	assert_false(has(x, DB_NEW));
	/* Done before. */
	assert_int_equal(swapped(x, DB_NEW, DB_OLD), 0);
	opened(x);
	holds(x, DB, "first");
	/* And back. */
	assert_int_equal(swapped(x, DB_OLD, DB_NEW), 0);
	opened(x);
	holds(x, DB, "second");
	assert_int_equal(swapped(x, DB_OLD, DB_NEW), 0);
	opened(x);
	assert_true(has(x, DB_NEW));
	assert_false(has(x, DB_OLD));
	/* What is in the way is not gone over. */
	assert_int_equal(loaded(x, AT(".rfa-db.snap/tree"), DB_OLD), 0);
	assert_int_equal(swapped(x, DB_NEW, DB_OLD), -RFA_EEXISTS);
	holds(x, DB, "second");
	assert_int_equal(dropped(x, DB_NEW, DB_OLD), 0);
	CLEAR();
	end(x);
}

/* The new one is as the old one, but for what is in it. */
static void nothing_takes_its_place(void **state)
{
	struct fixture *x = begin(state, "database-empty");
	char got[256] = "";

	writes(x, "old");
	assert_int_equal(loaded(x, "", DB_NEW), 0);
	assert_int_equal(loaded(x, "", DB_NEW), 0);
	assert_true(has(x, DB_NEW));
	holds(x, DB, "old");
	assert_int_equal(swapped(x, DB_NEW, DB_OLD), 0);
	opened(x);
	assert_true(databases_of(x)->told(databases_of(x), DB, got, sizeof(got)) || !*got);
	assert_int_equal(swapped(x, DB_OLD, DB_NEW), 0);
	opened(x);
	holds(x, DB, "old");
	assert_int_equal(dropped(x, DB_NEW, DB_OLD), 0);
	end(x);
}

static void only_its_own_are_touched(void **state)
{
	struct fixture *x = begin(state, "database-own");

	CLEAR();
	writes(x, "mine");
	dumped(x, AT(".rfa-db.snap/tree"));
	assert_int_equal(dropped(x, DB_NEW, DB), -RFA_EINTERNAL);
	assert_int_equal(dropped(x, "other_rfa_new_1", DB_NEW), -RFA_EINTERNAL);
	assert_int_equal(loaded(x, AT(".rfa-db.snap/tree"), DB), -RFA_EINTERNAL);
	assert_int_equal(swapped(x, DB_NEW, "elsewhere"), -RFA_EINTERNAL);
	assert_int_equal(loaded(x, AT(".rfa-db.nothing/tree"), DB_NEW), -RFA_ENOTFOUND);
	holds(x, DB, "mine");
	CLEAR();
	end(x);
}

static void a_dump_of_nothing_leaves_nothing(void **state)
{
	struct fixture *x = begin(state, "database-none");
	json_t *database = spec(x);
	json_t *out = NULL;

	CLEAR();
	json_object_set_new(database, "database", json_string("no such database"));
	assert_true(TRIED(x->h->databases->dump(x->h, KEY("dump"), database,
						AT(".rfa-db.snap/tree"), &out, &x->err)) < 0);
	assert_null(out);
	assert_int_equal(tree_type(x, AT(".rfa-db.snap/tree")), 0);
	json_decref(database);
	end(x);
}

static void names_of_its_own(void **state)
{
	char longest[80];

	(void)state;
	assert_true(rfa_host_database_own("app", "app_rfa_new_1"));
	assert_false(rfa_host_database_own("app", "app"));
	assert_false(rfa_host_database_own("app", "app_rfa_"));
	assert_false(rfa_host_database_own("app", "apps_rfa_new_1"));
	assert_false(rfa_host_database_own("", "_rfa_new_1"));
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "app_rfa_", 8);
	longest[63] = '\0';
	assert_true(rfa_host_database_own("app", longest));
	longest[63] = 'x';
	longest[64] = '\0';
	assert_false(rfa_host_database_own("app", longest));
}

int host_databases_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(a_look_tells_of_the_server, world),
		cmocka_unit_test_prestate(what_is_not_up_says_so, world),
		cmocka_unit_test_prestate(nobody_gets_in_without_a_password, world),
		cmocka_unit_test_prestate(its_tables_are_counted, world),
		cmocka_unit_test_prestate(a_dump_becomes_a_database, world),
		cmocka_unit_test_prestate(databases_are_swapped_and_back, world),
		cmocka_unit_test_prestate(nothing_takes_its_place, world),
		cmocka_unit_test_prestate(only_its_own_are_touched, world),
		cmocka_unit_test_prestate(a_dump_of_nothing_leaves_nothing, world),
		cmocka_unit_test_prestate(names_of_its_own, world),
	};

	return _cmocka_run_group_tests(name, tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}

/* Over a fake engine. */

void databases_put_file(struct host_world *world, const char *name, const char *text)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", world->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

void databases_fake_run(struct databases *d, struct rfa_host *host, int on)
{
	struct rfa_job_key key = { "contract-run", on ? "start" : "stop", "1" };
	struct rfa_error err;

	assert_int_equal(on ? host->engine->container_start(host, &key, d->container, &err)
			    : host->engine->container_stop(host, &key, d->container, &err),
			 0);
}

int databases_fake_open(struct host_world *w, int machine, struct rfa_host **out,
			struct rfa_error *err)
{
	return fakehosts_open(w->data, machine, NULL, out, err);
}

int databases_fake_container(struct host_world *w)
{
	struct rfa_job_key keys[2] = { { "contract-make", "a", "1" },
				       { "contract-make", "b", "1" } };
	json_t *body = json_pack("{s:s}", "Image", "app:1");
	struct rfa_host *host = NULL;
	struct rfa_error err;
	int rc = databases_fake_open(w, 0, &host, &err);

	if (!rc)
		rc = host->engine->container_create(host, &keys[0], "db", body, &err);
	if (!rc)
		rc = host->engine->container_start(host, &keys[1], "db", &err);
	if (rc)
		print_error("%s\n", err.msg);
	rfa_host_free(host);
	json_decref(body);
	return rc;
}

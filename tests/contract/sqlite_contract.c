/* SQLite databases where there are real files: what each tool of a host says of a copy. */
#include "tests/contract/trees_contract.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/quote.h"

/* With the commands that are in `tools` only; NULL: with those that are ours. */
static int check_with(struct fixture *x, const char *tools, const char *copy, json_t **out)
{
	char *path = strdup(getenv("PATH"));
	struct rfa_host *h = NULL;
	int rc;

	if (tools)
		setenv("PATH", tools, 1);
	rc = x->world->open(x->world, 0, &h, &x->err);
	if (!rc)
		rc = h->trees->sqlite_check(h, copy, out, &x->err);
	setenv("PATH", path, 1);
	rfa_host_free(h);
	free(path);
	return rc;
}

/* What any SQLite says of a copy that is whole, of a damaged one, and of none. */
static void judge_copies(struct fixture *x, const char *tools)
{
	json_t *out = NULL;

	CLEAR_FILES();
	sh(x, "mkdir -p .rfa-f.place; cd .rfa-f.place; sqlite3 x.db 'PRAGMA journal_mode=wal; "
	      "CREATE TABLE t (a); INSERT INTO t SELECT hex(randomblob(500)) FROM "
	      "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<200) SELECT i "
	      "FROM n);' "
	      ">/dev/null");
	tree_copied(x, RFA_TREE_SQLITE, AT(".rfa-f.place/x.db"), SNAP, RFA_COPY_FINAL);
	sh(x, "ls -l --full-time .rfa-f.snap/tree >before");
	assert_ok(check_with(x, tools, SNAP, &out));
	assert_true(rfa_facts_bool(out, "ok", 0));
	assert_string_equal(rfa_facts_str(out, "summary", ""), "ok");
	json_decref(out);
	sh(x,
	   "ls -l --full-time .rfa-f.snap/tree | cmp - before; rm before; test -z \"$(ls -d "
	   ".rfa-f.snap/check.* "
	   "2>/dev/null)\"; head -c 9000 /dev/urandom | dd of=.rfa-f.snap/tree/db bs=1 seek=12000 "
	   "conv=notrunc status=none");
	assert_ok(check_with(x, tools, SNAP, &out));
	assert_false(rfa_facts_bool(out, "ok", 1));
	json_decref(out);
	sh(x, "printf 'no database \\033[2J' >.rfa-f.snap/tree/db");
	assert_ok(check_with(x, tools, SNAP, &out));
	assert_false(rfa_facts_bool(out, "ok", 1));
	assert_true(rfa_facts_str(out, "summary", "")[0]);
	json_decref(out);
	assert_fails(NOTFOUND, check_with(x, tools, OLD, &out));
	CLEAR_FILES();
}

static void sqlite_says_what_a_copy_is(void **state)
{
	struct fixture *x = begin(state, "check");

	if (system("sqlite3 -version >/dev/null 2>&1")) {
		end(x);
		skip();
	}
	judge_copies(x, NULL);
	end(x);
}

/* The same on a host that has Python, and no sqlite3 command: the one in `bin` says that it was it.
 */
static void pythons_sqlite_does_as_well(void **state)
{
	struct fixture *x = begin(state, "python");

	if (system(
		"sqlite3 -version >/dev/null 2>&1 && python3 -I -c 'import sqlite3' 2>/dev/null")) {
		end(x);
		skip();
	}
	sh(x,
	   "rm -rf bin asked; mkdir bin; for t in sh stat mkdir mv rm cat ln sync nohup sleep head "
	   "tail kill cp id tr dd ls sed awk readlink chmod tar rmdir; do ln -s \"$(command -v "
	   "$t)\" bin/$t || "
	   ":; done\n"
	   "python=$(python3 -c 'import sys; print(sys.executable)')\n"
	   "printf '#!/bin/sh\\necho asked >>\"%s/asked\"\\nexec %s \"$@\"\\n' \"$PWD\" "
	   "\"$python\" >bin/python3; chmod 755 bin/python3; test ! -e bin/sqlite3");
	judge_copies(x, AT("bin"));
	sh(x, "test -s asked; rm -rf bin asked");
	end(x);
}

/* A host with nothing but these tools says what is missing, and how to mend it. */
static void a_missing_tool_is_named(void **state)
{
	struct fixture *x = begin(state, "tools");
	char *path = strdup(getenv("PATH"));
	json_t *out = NULL;
	struct rfa_host *poor = NULL;

	CLEAR_FILES();
	sh(x, "rm -rf bin; mkdir bin; for t in sh stat mkdir mv rm cat ln sync nohup sleep head "
	      "tail kill; do "
	      "ln -s \"$(command -v $t)\" bin/$t || :; done; mkdir -p .rfa-f.place");
	sh(x, "rm -rf most; cp -a bin most; for t in tar find awk tee b2sum sha256sum id; do ln -s "
	      "\"$(command -v $t)\" most/$t; done");
	tree_copied(x, RFA_TREE_DIRECTORY, PLACE, SNAP, RFA_COPY_FINAL);
	setenv("PATH", AT("bin"), 1);
	assert_ok(x->world->open(x->world, 0, &poor, &x->err));
	assert_fails(UNSUPPORTED,
		     poor->trees->observe(poor, RFA_TREE_DIRECTORY, SNAP, &out, &x->err));
	assert_non_null(strstr(x->err.hint, "findutils"));
	assert_fails(UNSUPPORTED, poor->trees->sqlite_check(poor, SNAP, &out, &x->err));
	assert_non_null(strstr(x->err.hint, "sqlite3"));
	assert_fails(UNSUPPORTED,
		     poor->trees->pack(poor, KEY("pack"), SNAP, "x", NULL, &out, &x->err));
	assert_non_null(strstr(x->err.hint, "GNU tar"));
	rfa_host_free(poor);
	setenv("PATH", AT("most"), 1);
	assert_ok(x->world->open(x->world, 0, &poor, &x->err));
	assert_fails(UNSUPPORTED, poor->trees->known(poor, KEY("known"), RFA_TREE_DIRECTORY, PLACE,
						     "x", &out, &x->err));
	assert_non_null(strstr(x->err.hint, "perl"));
	setenv("PATH", path, 1);
	rfa_host_free(poor);
	free(path);
	sh(x, "rm -rf bin most");
	CLEAR_FILES();
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_sqlite_files_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(sqlite_says_what_a_copy_is),
		cmocka_unit_test(pythons_sqlite_does_as_well),
		cmocka_unit_test(a_missing_tool_is_named),
	};
	char whole[128];

	waiting = world;
	(void)snprintf(whole, sizeof(whole), "%s, SQLite's files", name);
	return cmocka_run_group_tests_name(whole, contract, setup, NULL);
}

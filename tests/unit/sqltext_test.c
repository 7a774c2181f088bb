/* Which statement of a file of SQL is not part of the transaction that the file runs in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/sqltext.h"

static void assert_found(enum rfa_sql of, const char *text, size_t line, const char *words)
{
	struct rfa_sql_found found;

	rfa_sql_own_transaction(text, strlen(text), of, &found);
	if (found.line != line || strcmp(found.words, words) != 0)
		fail_msg("line %zu, \"%s\" in:\n%s", found.line, found.words, text);
}

static void what_ends_a_transaction_is_found(void **state)
{
	static const enum rfa_sql pg = RFA_SQL_POSTGRES, my = RFA_SQL_MYSQL;

	(void)state;
	assert_found(pg, "create table t(i int);\ncommit;\n", 2, "COMMIT");
	assert_found(pg, "BEGIN;", 1, "BEGIN");
	assert_found(pg, "-- a word\n/* one /* two */ */ Begin work", 2, "BEGIN");
	assert_found(pg, "start\ntransaction;", 1, "START TRANSACTION");
	assert_found(pg, "select 1; end;", 1, "END");
	assert_found(pg, "rollback;", 1, "ROLLBACK");
	assert_found(pg, "select 'a\n;b''c';\n\\connect other\n", 3, "\\connect");
	assert_found(pg, "\\c other", 1, "\\connect");
	assert_found(pg, "select E'\\'; commit;';\ncreate database x;", 2, "CREATE DATABASE");
	assert_found(pg, "select '\\';\nvacuum;", 2, "VACUUM");
	assert_found(pg, "copy t from stdin;\nbegin;\n\\.\nabort;", 4, "ABORT");
	assert_found(my, "create table t(i int);\nCOMMIT;", 2, "COMMIT");
	assert_found(my, "# end\nselect 'it\\'s; begin;';\nset autocommit=1;", 3, "SET autocommit");
	assert_found(my, "/*!40101 start transaction */;", 1, "START TRANSACTION");
	assert_found(my, "delimiter //\nselect 1; begin//\ndelimiter ;\ncommit;", 4, "COMMIT");
}

static void what_only_looks_so_is_passed_over(void **state)
{
	static const enum rfa_sql pg = RFA_SQL_POSTGRES, my = RFA_SQL_MYSQL;

	(void)state;
	assert_found(pg, "", 0, "");
	assert_found(pg, "select 'commit;\n';insert into \"commit\" values (1);", 0, "");
	assert_found(pg, "do $$ begin; commit; end $$;", 0, "");
	assert_found(pg, "do $a$ begin; $$; commit; end $a$;", 0, "");
	assert_found(pg, "-- commit;\n/* ; commit; */ select 1;", 0, "");
	assert_found(pg,
		     "create function f() returns int begin atomic select 1; select case "
		     "when true then 1 end; end; select 1;",
		     0, "");
	assert_found(pg, "copy t from stdin with (format csv);\ncommit;\n\\.\nselect 1;", 0, "");
	assert_found(pg, "savepoint a; rollback to a; rollback work to savepoint a;", 0, "");
	assert_found(pg, "prepare a as select $1; create table begin_at(i int);", 0, "");
	assert_found(pg, "comment on table t is 'x'; \\set a b\nselect 1;", 0, "");
	assert_found(my, "select `commit;` from t; select \"; commit;\";", 0, "");
	assert_found(my, "delimiter $$\ncreate procedure p() begin select 1; commit; end$$\n", 0,
		     "");
	assert_found(my, "create database x; create table t(i int);", 0, "");
	assert_found(my, "/*!40101 SET NAMES utf8 */;", 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ends_a_transaction_is_found),
		cmocka_unit_test(what_only_looks_so_is_passed_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

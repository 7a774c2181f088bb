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
	assert_found(pg,
		     "\xEF\xBB\xBF"
		     "commit;",
		     1, "COMMIT");
	assert_found(pg, "create table a$b$c(i int);\ncommit;", 2, "COMMIT");
	assert_found(pg, "create table \xC3\xA4$b$(i int);\ncommit;", 2, "COMMIT");
	assert_found(my, "select 5--1; commit;\n", 1, "COMMIT");
	assert_found(my, "set @old=@@autocommit, session autocommit = 1;", 1, "SET autocommit");
}

static void what_a_client_is_told_is_found(void **state)
{
	static const enum rfa_sql pg = RFA_SQL_POSTGRES, my = RFA_SQL_MYSQL;

	(void)state;
	assert_found(pg, "select 1 \\gexec\ncommit;", 2, "COMMIT");
	assert_found(pg, "select 1\\; commit;", 1, "COMMIT");
	assert_found(pg, "select 1 \\c other\n;", 1, "\\connect");
	assert_found(pg, "select 1;\n\\q\ncreate table t(i int);", 2, "\\quit");
	assert_found(pg, "\\copy t from stdin csv\nit's\n\\.\ncommit;", 4, "COMMIT");
	assert_found(pg, "\n\\set ON_ERROR_STOP off\n", 2, "ON_ERROR_STOP off");
	assert_found(pg, "\\unset ON_ERROR_STOP\n", 1, "ON_ERROR_STOP off");
	assert_found(my, "select 1\\G\ncommit;", 2, "COMMIT");
	assert_found(my, "delimiter\ncommit;", 2, "COMMIT");
	assert_found(my, "select 1;\nquit\n", 2, "quit");
	assert_found(my, "\\q", 1, "quit");
}

/* What rfa runs behind the file would be part of it. */
static void what_does_not_end_is_found(void **state)
{
	static const enum rfa_sql pg = RFA_SQL_POSTGRES, my = RFA_SQL_MYSQL;

	(void)state;
	assert_found(my, "select 1;\nselect 'a;\n", 2, "a quote that does not end");
	assert_found(my, "/* a\n", 1, "a comment that does not end");
	assert_found(pg, "select 1;\n/* a /* b */\n", 2, "a comment that does not end");
	assert_found(pg, "do $a$ begin; end $$;", 1, "a quote that does not end");
	assert_found(pg, "copy t from stdin;\na\n", 1, "lines of COPY without \\. behind them");
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
	assert_found(my, "set @old=@@autocommit;", 0, "");
	assert_found(pg, "do $\xC3\xA4$ begin; commit; end $\xC3\xA4$;", 0, "");
	assert_found(pg, "\\copy t from stdin\nbegin;\n\\.\nselect 1;", 0, "");
	assert_found(pg, "\\copy t from 'a.csv' csv\n\\C title\n\\set ON_ERROR_STOP on\n", 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ends_a_transaction_is_found),
		cmocka_unit_test(what_a_client_is_told_is_found),
		cmocka_unit_test(what_does_not_end_is_found),
		cmocka_unit_test(what_only_looks_so_is_passed_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

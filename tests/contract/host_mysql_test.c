/*
 * The contract of databases over the shell host with a fake engine, whose container is a real
 * MariaDB of this machine; and what MySQL's way has of its own. Skipped without one.
 */
#include "tests/contract/databases_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/base/quote.h"
#include "tests/harness/fakehost.h"

#define NEW DATABASES_NAME "_rfa_new_9"
#define OLD DATABASES_NAME "_rfa_old_9"
#define PASSWORD "it's \"secret\" $x"
/* The name in backticks. */
#define Q(name) "`" name "`"

/* $1 the directory, $2 the name of the database; whoever may not run a server as root runs it as
 * mysql. */
static const char server_begin[] =
    "set -eu\n"
    "dir=$1 user=$(id -un) PATH=$PATH:/usr/sbin:/usr/libexec\n"
    "for t in mariadbd mariadb-install-db mariadb mariadb-dump; do command -v $t || exit 77; done\n"
    "if [ \"$(id -u)\" = 0 ]; then\n"
    "	id mysql >/dev/null 2>&1 || exit 77\n"
    "	user=mysql\n"
    "	chmod 711 \"${dir%/*}\"\n"
    "fi\n"
    "mkdir \"$dir\"\n"
    "[ \"$user\" != mysql ] || chown mysql \"$dir\"\n"
    "mariadb-install-db --no-defaults --datadir=\"$dir/data\" --user=$user --skip-test-db \\\n"
    "	--auth-root-authentication-method=normal --innodb-log-file-size=8M\n"
    "cd /\n"
    "mariadbd --no-defaults --datadir=\"$dir/data\" --user=$user --socket=\"$dir/s\" \\\n"
    "	--skip-networking --pid-file=\"$dir/pid\" --innodb-buffer-pool-size=16M \\\n"
    "	--innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=0 \\\n"
    "	--character-set-server=latin1 >\"$dir.log\" 2>&1 &\n"
    "echo $! >\"$dir.pid\"\n"
    "tries=0\n"
    "until MYSQL_PWD= mariadb --no-defaults -S \"$dir/s\" -u root -e 'SELECT 1'; do\n"
    "	tries=$((tries + 1))\n"
    "	[ $tries -lt 120 ] && kill -0 \"$(cat \"$dir.pid\")\" || exit 1\n"
    "	sleep 0.25\n"
    "done 2>/dev/null\n"
    "MYSQL_PWD= mariadb --no-defaults -S \"$dir/s\" -u root <<END\n"
    "CREATE DATABASE \\`$2\\` CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci;\n"
    "DELETE FROM mysql.global_priv WHERE Host NOT IN ('localhost', '');\n"
    "FLUSH PRIVILEGES;\n"
    "CREATE USER app@localhost IDENTIFIED BY 'app';\n"
    "GRANT ALL ON \\`$2\\`.* TO app@localhost;\n"
    "ALTER USER root@localhost IDENTIFIED BY '$(printf %s \"$MARIADB_ROOT_PASSWORD\" | sed "
    "\"s/'/''/g\")';\n"
    "END\n";

/* $1 SQL: its first line. */
static const char server_ask[] = "MYSQL_PWD=$MARIADB_ROOT_PASSWORD exec mariadb --no-defaults -S "
				 "\"$MYSQL_UNIX_PORT\" -u root \\\n"
				 "	-N -B -r --default-character-set=utf8mb4 -e \"$1\" 2>&1\n";

static int asked(const char *sql, char *out, size_t size)
{
	struct rfa_buf command = RFA_BUF_INIT(65536);
	FILE *in;
	char rest[256];

	(void)rfa_buf_puts(&command, "sh -c ");
	(void)rfa_quote(&command, server_ask);
	(void)rfa_buf_puts(&command, " sh ");
	(void)rfa_quote(&command, sql);
	in = popen(rfa_buf_str(&command), "r");
	rfa_buf_release(&command);
	if (!in)
		return -1;
	if (!fgets(out, (int)size, in))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	while (fgets(rest, sizeof(rest), in))
		continue;
	return pclose(in) ? -1 : 0;
}

static void told(const char *sql, const char *what)
{
	char got[1024];
	int rc = asked(sql, got, sizeof(got));

	if (rc || strcmp(got, what) != 0)
		fail_msg("%s says \"%s\" instead of \"%s\"", sql, got, what);
}

static void done(const char *sql)
{
	char got[1024];

	if (asked(sql, got, sizeof(got)))
		fail_msg("%s says \"%s\"", sql, got);
}

static int real_told(struct databases *d, const char *name, char *out, size_t size)
{
	char sql[512];

	(void)d;
	snprintf(sql, sizeof(sql), "SELECT body FROM `%s`.t", name);
	return asked(sql, out, size);
}

static int real_write(struct databases *d, const char *text)
{
	char sql[700], out[64];

	(void)d;
	snprintf(sql, sizeof(sql),
		 "USE `%s`; CREATE OR REPLACE TABLE t(body text); INSERT INTO t VALUES ('%s')",
		 DATABASES_NAME, text);
	return asked(sql, out, sizeof(out));
}

/* Of its own. */

/* A handle, and a copy of the database. */
struct stage {
	struct rfa_host *h;
	json_t *database;
	struct rfa_error err;
	char copy[512], file[530];
	const char *test;
	char at[64][8];
	unsigned n;
};

static struct rfa_job_key key_of(struct stage *s)
{
	char *at = s->at[s->n];

	assert_true(s->n < 64);
	snprintf(at, sizeof(s->at[0]), "s%u", s->n++);
	return (struct rfa_job_key){ s->test, at, "1" };
}

static void open_stage(struct stage *s, void **state, const char *test)
{
	struct host_world *world = *state;

	memset(s, 0, sizeof(*s));
	s->test = test;
	assert_int_equal(databases_fake_open(world, 0, &s->h, &s->err), 0);
	s->database =
	    json_pack("{s:s, s:s, s:s, s:s}", "engine", "mysql", "container",
		      world->databases->container, "user", "root", "database", DATABASES_NAME);
	snprintf(s->copy, sizeof(s->copy), "%s/.rfa-%s.snap/tree", world->dir, test);
	snprintf(s->file, sizeof(s->file), "%s/dump", s->copy);
	done("DROP DATABASE IF EXISTS " Q(NEW) "; DROP DATABASE IF EXISTS " Q(
	    OLD) "; SET "
		 "foreign_key_checks = 0; DROP TABLE IF EXISTS " Q(DATABASES_NAME) ".t, " Q(
		     DATABASES_NAME) ".child, " Q(DATABASES_NAME) ".parent, " Q(DATABASES_NAME) ".b"
												"lo"
												"b"
												"s");
}

static void close_stage(struct stage *s)
{
	json_decref(s->database);
	rfa_host_free(s->h);
}

static void dump(struct stage *s)
{
	struct rfa_job_key key = key_of(s);
	json_t *out = NULL;

	if (s->h->databases->dump(s->h, &key, s->database, s->copy, &out, &s->err))
		fail_msg("%s", s->err.msg);
	json_decref(out);
}

static int load(struct stage *s, const char *name)
{
	struct rfa_job_key key = key_of(s);

	rfa_error_clear(&s->err);
	return s->h->databases->load(s->h, &key, s->database, s->copy, name, &s->err);
}

static int swap(struct stage *s, const char *in, const char *out)
{
	struct rfa_job_key key = key_of(s);
	json_t *items =
	    json_pack("[{s:O, s:s, s:s}]", "database", s->database, "in", in, "out", out);
	int rc;

	rfa_error_clear(&s->err);
	rc = s->h->databases->swap(s->h, &key, items, &s->err);
	json_decref(items);
	return rc;
}

static json_t *look(struct stage *s)
{
	json_t *out = NULL;

	if (s->h->databases->observe(s->h, s->database, &out, &s->err))
		fail_msg("%s", s->err.msg);
	return out;
}

#define FAMILY(which)                                                                              \
	"USE " Q(DATABASES_NAME) "; CREATE TABLE parent(id int primary key auto_increment, "       \
				 "name text character set utf8mb4) auto_increment = 42; CREATE "   \
				 "TABLE child(id int primary key, p int, "                         \
				 "self int, FOREIGN KEY (p) REFERENCES parent(id) ON DELETE "      \
				 "CASCADE, CONSTRAINT me "                                         \
				 "FOREIGN KEY (self) REFERENCES child(id)); CREATE TABLE blobs(b " \
				 "longblob); "                                                     \
				 "INSERT INTO parent(name) VALUES ('" which                        \
				 " 🙂'); INSERT INTO child VALUES (1, 42, NULL); "               \
				 "INSERT INTO blobs VALUES (x'00ff0a0d1a5c2722')"

static void keys_refer_to_the_same_database(void **state)
{
	struct stage s;
	char got[512];

	open_stage(&s, state, "keys");
	done(FAMILY("first"));
	dump(&s);
	done("UPDATE " Q(DATABASES_NAME) ".parent SET name = 'second'");
	assert_int_equal(load(&s, NEW), 0);
	assert_int_equal(swap(&s, NEW, OLD), 0);
	told("SELECT CONCAT(p.id, name, HEX(b)) FROM " Q(DATABASES_NAME) ".parent p, " Q(
		 DATABASES_NAME) ".blobs",
	     "42first 🙂00FF0A0D1A5C2722");
	told("SELECT name FROM " Q(OLD) ".parent", "second");
	told(
	    "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE '%rfa\\_new%'",
	    "0");
	/* What is deleted in one goes in that one. */
	done("DELETE FROM " Q(DATABASES_NAME) ".parent");
	told("SELECT COUNT(*) FROM " Q(DATABASES_NAME) ".child", "0");
	told("SELECT COUNT(*) FROM " Q(OLD) ".child", "1");
	assert_int_equal(
	    asked("INSERT INTO " Q(OLD) ".child VALUES (2, 77, NULL)", got, sizeof(got)), -1);
	done("INSERT INTO " Q(DATABASES_NAME) ".parent(name) VALUES ('next')");
	told("SELECT id FROM " Q(DATABASES_NAME) ".parent", "43");
	assert_int_equal(swap(&s, OLD, NEW), 0);
	told("SELECT name FROM " Q(DATABASES_NAME) ".parent JOIN " Q(
		 DATABASES_NAME) ".child c ON p = parent.id",
	     "second");
	told("SELECT COUNT(*) FROM information_schema.innodb_sys_foreign WHERE "
	     "SUBSTRING_INDEX(for_name, '/', 1) <> SUBSTRING_INDEX(ref_name, '/', 1)",
	     "0");
	close_stage(&s);
}

static void letters_are_as_before(void **state)
{
	struct stage s;

	open_stage(&s, state, "letters");
	done("CREATE TABLE " Q(DATABASES_NAME) ".t(body text)");
	dump(&s);
	assert_int_equal(load(&s, NEW), 0);
	assert_int_equal(swap(&s, NEW, OLD), 0);
	told(
	    "SELECT GROUP_CONCAT(DISTINCT default_character_set_name, ' ', default_collation_name) "
	    "FROM information_schema.schemata WHERE schema_name LIKE 'a\"b%'",
	    "utf8mb4 utf8mb4_german2_ci");
	told("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE 'a\"b%'",
	     "2");
	close_stage(&s);
}

/* Nothing in it, on either side, is a swap as well. */
static void empty_databases_are_swapped(void **state)
{
	struct stage s;

	open_stage(&s, state, "empty");
	dump(&s);
	done("CREATE TABLE " Q(DATABASES_NAME) ".t SELECT 'full' AS body");
	assert_int_equal(load(&s, NEW), 0);
	assert_int_equal(swap(&s, NEW, OLD), 0);
	assert_int_equal(swap(&s, NEW, OLD), 0);
	told("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema LIKE 'a\"b%:x'",
	     "0");
	told("SELECT body FROM " Q(OLD) ".t", "full");
	assert_int_equal(swap(&s, OLD, NEW), 0);
	told("SELECT body FROM " Q(DATABASES_NAME) ".t", "full");
	done("DROP TABLE " Q(DATABASES_NAME) ".t");
	assert_int_equal(swap(&s, NEW, OLD), 0);
	assert_int_equal(swap(&s, OLD, NEW), 0);
	assert_int_equal(swap(&s, OLD, NEW), 0);
	close_stage(&s);
}

static void in_parts(const char *part, int is_there, json_t *look, const char *name)
{
	if (!!json_object_get(json_object_get(look, "databases"), name) != is_there)
		fail_msg("%s: %s is %sthere", part, name, is_there ? "not " : "");
	json_decref(look);
}

/* An older server, cut off in the midst of it, leaves any of these. */
static void it_goes_on_from_whatever_there_is(void **state)
{
	static const char *const parts[] = {
		"CREATE DATABASE " Q(OLD),
		"CREATE DATABASE " Q(OLD) "; RENAME TABLE " Q(DATABASES_NAME) ".child TO " Q(
		    OLD) ".child",
		"CREATE DATABASE " Q(OLD) "; RENAME TABLE " Q(DATABASES_NAME) ".child TO " Q(OLD) ".child, " Q(
		    DATABASES_NAME) ".parent TO " Q(OLD) ".parent, " Q(DATABASES_NAME) ".blobs "
										       "TO " Q(
											   OLD) ".b"
												"lo"
												"b"
												"s",
		"CREATE DATABASE " Q(OLD) "; RENAME TABLE " Q(DATABASES_NAME) ".child TO " Q(OLD) ".child, " Q(DATABASES_NAME) ".parent TO " Q(
		    OLD) ".parent, " Q(DATABASES_NAME) ".blobs TO " Q(OLD) ".blobs, " Q(NEW) ".rfa_"
											     "whole"
											     " TO"
											     " " Q(OLD) ".rfa_whole, " Q(
												 NEW) ".parent TO " Q(DATABASES_NAME) ".parent",
		"CREATE DATABASE " Q(OLD) "; RENAME TABLE " Q(DATABASES_NAME) ".child TO " Q(OLD) ".child, " Q(DATABASES_NAME) ".parent TO " Q(OLD) ".parent, " Q(DATABASES_NAME) ".blobs TO " Q(
		    OLD) ".blobs, " Q(NEW) ".rfa_whole TO " Q(OLD) ".rfa_whole, " Q(NEW) ".parent "
											 "TO " Q(DATABASES_NAME) ".parent, " Q(NEW) ".child TO " Q(
											     DATABASES_NAME) ".child, " Q(NEW) ".blobs TO " Q(DATABASES_NAME) ".blobs",
	};
	struct stage s;
	size_t i;
	int back;

	for (i = 0; i < 2 * sizeof(parts) / sizeof(parts[0]); i++) {
		back = i % 2;
		open_stage(&s, state, back ? "parts-back" : "parts");
		s.n = (unsigned)(10 * (i / 2));
		done(FAMILY("first"));
		dump(&s);
		done("UPDATE " Q(DATABASES_NAME) ".parent SET name = 'second'");
		assert_int_equal(load(&s, NEW), 0);
		done(parts[i / 2]);
		/* Whoever goes back must see that something has begun. */
		in_parts(parts[i / 2], 1, look(&s), OLD);
		if (swap(&s, back ? OLD : NEW, back ? NEW : OLD))
			fail_msg("%s: %s", parts[i / 2], s.err.msg);
		in_parts(parts[i / 2], back, look(&s), NEW);
		in_parts(parts[i / 2], !back, look(&s), OLD);
		told("SELECT name FROM " Q(DATABASES_NAME) ".parent JOIN " Q(
			 DATABASES_NAME) ".child ON p = parent.id JOIN " Q(DATABASES_NAME) ".blobs",
		     back ? "second" : "first 🙂");
		close_stage(&s);
	}
}

static void what_cannot_be_moved_is_named(void **state)
{
	static const struct {
		const char *make, *says, *drop;
	} cases[] = {
		{ "CREATE VIEW v AS SELECT 1", "it has the view v", "DROP VIEW v" },
		{ "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @x = 1",
		  "it has the trigger g", "DROP TRIGGER g" },
		{ "CREATE PROCEDURE p() SELECT 1", "it has the procedure p", "DROP PROCEDURE p" },
		{ "CREATE FUNCTION f() RETURNS int RETURN 1", "it has the function f",
		  "DROP FUNCTION f" },
		{ "CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SET @x = 1", "it has the event e",
		  "DROP EVENT e" },
		{ "CREATE TABLE m(i int) ENGINE=MyISAM",
		  "it has the table m, which is not of InnoDB but of MyISAM", "DROP TABLE m" },
		{ "CREATE SEQUENCE s", "it has the sequence s", "DROP SEQUENCE s" },
		{ "CREATE TABLE h(i int) WITH SYSTEM VERSIONING",
		  "it has the table with a history h", "DROP TABLE h" },
		{ "CREATE TABLE rfa_whole(i int)", "it has a table of rfa's own, rfa_whole",
		  "DROP TABLE rfa_whole" },
		{ "CREATE DATABASE far; CREATE TABLE far.x(id int primary key); CREATE TABLE y(x "
		  "int, "
		  "CONSTRAINT far FOREIGN KEY (x) REFERENCES far.x(id))",
		  "the foreign key far of " DATABASES_NAME ".y refers to far.x",
		  "DROP TABLE y; DROP DATABASE far" },
	};
	struct stage s;
	char sql[600];
	json_t *out;
	size_t i;

	open_stage(&s, state, "named");
	done("CREATE TABLE " Q(DATABASES_NAME) ".t(body text)");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(sql, sizeof(sql), "USE `%s`; %s", DATABASES_NAME, cases[i].make);
		done(sql);
		out = look(&s);
		assert_int_equal(json_array_size(json_object_get(out, "unfit")), 1);
		assert_string_equal(rfa_facts_str(out, "unfit/0", ""), cases[i].says);
		json_decref(out);
		snprintf(sql, sizeof(sql), "USE `%s`; %s", DATABASES_NAME, cases[i].drop);
		done(sql);
	}
	close_stage(&s);
}

/* Even if it came after everybody had looked. */
static void what_cannot_be_moved_stays_where_it_is(void **state)
{
	struct stage s;

	open_stage(&s, state, "stays");
	done("CREATE TABLE " Q(DATABASES_NAME) ".t(body text) SELECT 'first' AS body");
	dump(&s);
	assert_int_equal(load(&s, NEW), 0);
	done("USE " Q(DATABASES_NAME) "; UPDATE t SET body = 'second'; CREATE VIEW v AS SELECT 1");
	assert_true(swap(&s, NEW, OLD) < 0);
	told("SELECT body FROM " Q(DATABASES_NAME) ".t", "second");
	done("USE " Q(DATABASES_NAME) "; DROP VIEW v; CREATE PROCEDURE p() SELECT 1");
	assert_true(swap(&s, NEW, OLD) < 0);
	assert_non_null(strstr(s.err.msg, "it has routines or events"));
	told("SELECT body FROM " Q(DATABASES_NAME) ".t", "second");
	done("DROP PROCEDURE " Q(DATABASES_NAME) ".p");
	assert_int_equal(swap(&s, NEW, OLD), 0);
	told("SELECT body FROM " Q(DATABASES_NAME) ".t", "first");
	close_stage(&s);
}

static void a_cut_dump_is_seen(void **state)
{
	struct stage s;
	json_t *out = NULL;
	FILE *f;
	long at;

	open_stage(&s, state, "cut");
	done("CREATE TABLE " Q(DATABASES_NAME) ".t(body text) SELECT 'first' AS body");
	dump(&s);
	f = fopen(s.file, "r");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	at = ftell(f);
	fclose(f);
	/* Its last line is gone, and nothing of a statement. */
	assert_int_equal(truncate(s.file, at - 50), 0);
	assert_int_equal(s.h->databases->check(s.h, s.database, s.copy, &out, &s.err), 0);
	assert_false(rfa_facts_bool(out, "ok", 1));
	assert_non_null(strstr(rfa_facts_str(out, "summary", ""), "it was cut"));
	assert_int_equal(load(&s, NEW), -RFA_EREMOTE);
	assert_non_null(strstr(s.err.msg, "it was cut"));
	json_decref(out);
	/* Of what is half loaded nobody takes notice. */
	f = fopen(s.file, "a");
	fputs("\nINSERT INTO nowhere VALUES (1);\n-- Dump completed\n", f);
	fclose(f);
	assert_int_equal(load(&s, NEW), -RFA_EREMOTE);
	assert_non_null(strstr(s.err.msg, "nowhere"));
	told(
	    "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE '%rfa\\_new%'",
	    "1");
	in_parts("half loaded", 0, look(&s), NEW);
	assert_int_equal(swap(&s, NEW, OLD), -RFA_ENOTFOUND);
	close_stage(&s);
}

/* What the container's environment is shows in a handle that is opened then. */
static json_t *observe_as(struct stage *s, void **state, const char *user)
{
	rfa_host_free(s->h);
	s->h = NULL;
	assert_int_equal(databases_fake_open(*state, 0, &s->h, &s->err), 0);
	json_object_set_new(s->database, "user", json_string(user));
	return look(s);
}

static void who_is_not_let_in_is_told(void **state)
{
	struct stage s;
	json_t *out;

	open_stage(&s, state, "in");
	out = observe_as(&s, state, "nobody");
	assert_false(rfa_facts_bool(out, "up", 1));
	assert_non_null(strstr(rfa_facts_str(out, "why", ""), "Access denied for user 'nobody'"));
	json_decref(out);
	setenv("MARIADB_ROOT_PASSWORD", "another", 1);
	out = observe_as(&s, state, "root");
	setenv("MARIADB_ROOT_PASSWORD", PASSWORD, 1);
	assert_false(rfa_facts_bool(out, "up", 1));
	assert_non_null(strstr(rfa_facts_str(out, "why", ""), "Access denied for user 'root'"));
	json_decref(out);
	setenv("MYSQL_USER", "app", 1);
	setenv("MYSQL_PASSWORD", "app", 1);
	out = observe_as(&s, state, "app");
	assert_true(rfa_facts_bool(out, "up", 0));
	assert_string_equal(rfa_facts_str(out, "unfit/0", ""),
			    "the user app@localhost may not see who else uses it (PROCESS)");
	assert_string_equal(rfa_facts_str(out, "obstacles/0", ""),
			    "the user app@localhost may not make another one beside it, and move "
			    "tables there");
	json_decref(out);
	close_stage(&s);
}

/* What is said of who gets in, as texts that follow each other. */
static void assert_access(struct stage *s, const char *kind, const char *says)
{
	struct rfa_buf all = RFA_BUF_INIT(4096);
	json_t *out = NULL, *one;
	size_t i;

	assert_int_equal(s->h->databases->access(s->h, s->database, &out, &s->err), 0);
	json_array_foreach (json_object_get(out, kind), i, one) {
		(void)rfa_buf_printf(&all, "%s;", json_string_value(one));
	}
	if (strcmp(rfa_buf_str(&all), says) != 0)
		fail_msg("%s is \"%s\" and not \"%s\" (%s)", kind, rfa_buf_str(&all), says,
			 rfa_facts_str(out, "why", ""));
	json_decref(out);
	rfa_buf_release(&all);
}

static void who_gets_in_is_told(void **state)
{
	struct stage s;
	json_t *out = NULL;

	open_stage(&s, state, "access");
	assert_access(&s, "open", "");
	done("CREATE USER 'bare'@'10.%' IDENTIFIED BY '', 'near'@'localhost' IDENTIFIED BY '', "
	     "'far'@'%' IDENTIFIED BY 'secret'; CREATE ROLE somebody");
	assert_access(&s, "open", "the account 'bare'@'10.%' gets in without a password;");
	assert_access(&s, "wide",
		      "the account 'far'@'%' gets in from everywhere, with what proves it;");
	assert_access(&s, "unsure", "");
	done("DROP USER 'bare'@'10.%', 'near'@'localhost', 'far'@'%'; DROP ROLE somebody");
	setenv("MYSQL_USER", "app", 1);
	setenv("MYSQL_PASSWORD", "app", 1);
	json_decref(observe_as(&s, state, "app"));
	assert_int_equal(s.h->databases->access(s.h, s.database, &out, &s.err), 0);
	assert_false(rfa_facts_bool(out, "up", 1));
	assert_string_equal(rfa_facts_str(out, "why", ""),
			    "the user app@localhost may not read mysql.user");
	json_decref(out);
	close_stage(&s);
}

/* Rows are taken back; a table that was made is not: MySQL commits it by itself. */
static void files_of_sql_run_until_one_fails(void **state)
{
	const struct rfa_job_key keys[] = { { "c-init", "a", "1" }, { "c-init", "b", "1" } };
	json_t *files = json_pack("[ss]", "one.sql", "two.sql"), *out = NULL;
	struct host_world *w = *state;
	struct stage s;

	open_stage(&s, state, "init");
	databases_put_file(w, "one.sql", "-- one\nCREATE TABLE p(n int)");
	databases_put_file(w, "two.sql", ";\nINSERT INTO p VALUES (1);\nSELECT nothing;\n");
	assert_true(s.h->databases->init(s.h, keys, s.database, w->dir, files, &out, &s.err) < 0);
	assert_non_null(strstr(s.err.msg, "two.sql, line 3: "));
	told("SELECT COUNT(*) FROM " Q(DATABASES_NAME) ".p", "0");
	done("DROP TABLE " Q(DATABASES_NAME) ".p");
	databases_put_file(w, "two.sql", ";\nINSERT INTO p VALUES (1);\n");
	assert_int_equal(
	    s.h->databases->init(s.h, keys + 1, s.database, w->dir, files, &out, &s.err), 0);
	json_decref(out);
	told("SELECT COUNT(*) FROM " Q(DATABASES_NAME) ".p", "1");
	done("DROP TABLE " Q(DATABASES_NAME) ".p");
	json_decref(files);
	close_stage(&s);
}
static void a_session_is_seen_and_ended(void **state)
{
	struct stage s;
	json_t *out = NULL;
	time_t deadline = time(NULL) + 60;
	FILE *in;

	open_stage(&s, state, "session");
	done("CREATE TABLE " Q(DATABASES_NAME) ".t(body text) SELECT 'first' AS body");
	dump(&s);
	assert_int_equal(load(&s, NEW), 0);
	in = popen("MYSQL_PWD=$MARIADB_ROOT_PASSWORD exec mariadb --no-defaults -n -u root "
		   ">/dev/null 2>&1",
		   "w");
	assert_non_null(in);
	/* It reads in a transaction, which would keep the table where it is. */
	fputs("USE " Q(DATABASES_NAME) ";\nBEGIN;\nSELECT * FROM t;\n", in);
	fflush(in);
	do {
		json_decref(out);
		out = look(&s);
	} while (!json_array_size(json_object_get(out, "sessions")) && time(NULL) < deadline);
	assert_string_equal(rfa_facts_str(out, "sessions/0/user", ""), "root");
	assert_string_equal(rfa_facts_str(out, "sessions/0/from", ""), "the container");
	json_decref(out);
	assert_int_equal(swap(&s, NEW, OLD), 0);
	out = look(&s);
	assert_int_equal(json_array_size(json_object_get(out, "sessions")), 0);
	json_decref(out);
	rfa_host_free(s.h);
	s.h = NULL;
	(void)pclose(in);
	close_stage(&s);
}

static int real_tests(struct host_world *world)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(keys_refer_to_the_same_database, world),
		cmocka_unit_test_prestate(letters_are_as_before, world),
		cmocka_unit_test_prestate(empty_databases_are_swapped, world),
		cmocka_unit_test_prestate(it_goes_on_from_whatever_there_is, world),
		cmocka_unit_test_prestate(what_cannot_be_moved_is_named, world),
		cmocka_unit_test_prestate(what_cannot_be_moved_stays_where_it_is, world),
		cmocka_unit_test_prestate(a_cut_dump_is_seen, world),
		cmocka_unit_test_prestate(who_is_not_let_in_is_told, world),
		cmocka_unit_test_prestate(who_gets_in_is_told, world),
		cmocka_unit_test_prestate(files_of_sql_run_until_one_fails, world),
		cmocka_unit_test_prestate(a_session_is_seen_and_ended, world),
	};

	return cmocka_run_group_tests_name("MySQL's own", tests, NULL, NULL);
}

static int begin_server(const char *server, const char *log)
{
	struct rfa_buf command = RFA_BUF_INIT(65536);
	int status;

	(void)rfa_buf_puts(&command, "sh -c ");
	(void)rfa_quote(&command, server_begin);
	(void)rfa_buf_puts(&command, " sh ");
	(void)rfa_quote(&command, server);
	(void)rfa_buf_putc(&command, ' ');
	(void)rfa_quote(&command, DATABASES_NAME);
	(void)rfa_buf_puts(&command, log);
	status = system(rfa_buf_str(&command));
	rfa_buf_release(&command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int end_server(const char *server)
{
	char stop[600];

	snprintf(
	    stop, sizeof(stop),
	    "cd / && pid=$(cat %s.pid) && kill -KILL $pid && while kill -0 $pid 2>/dev/null; do "
	    "sleep 0.05; done",
	    server);
	return system(stop);
}

int main(void)
{
	struct databases d = { "mysql", "db", "root", real_told, real_write, databases_fake_run,
			       NULL };
	struct fakehosts f;
	struct host_world world = { .data = &f, .open = databases_fake_open, .databases = &d };
	char server[100], port[110], log[160];
	int failed = 1, status;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	if (fakehosts_make(&f))
		return 1;
	snprintf(world.dir, sizeof(world.dir), "%s", f.files);
	snprintf(world.tag, sizeof(world.tag), "contract");
	snprintf(server, sizeof(server), "%s/server", f.root);
	snprintf(port, sizeof(port), "%s/s", server);
	snprintf(log, sizeof(log), " >%s/server.log 2>&1", f.root);
	setenv("MYSQL_UNIX_PORT", port, 1);
	setenv("MARIADB_ROOT_PASSWORD", PASSWORD, 1);
	status = begin_server(server, log);
	if (status == 77) {
		print_message("1..0 # SKIP MariaDB is not installed on this machine\n");
		failed = 0;
	} else if (status) {
		print_error("MariaDB did not start (status %d)\n", status);
		(void)snprintf(log, sizeof(log), "cat %s.log >&2", server);
		(void)!system(log);
	} else if (!databases_fake_container(&world)) {
		if (real_write(&d, "something"))
			print_error("MariaDB takes no table\n");
		else
			failed = host_databases_run("databases of MariaDB", &world) ||
				 real_tests(&world);
	}
	if (status == 0)
		failed |= end_server(server) != 0;
	return failed ? 1 : fakehosts_end(&f) != 0;
}

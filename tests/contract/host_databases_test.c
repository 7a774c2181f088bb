/*
 * The contract of databases: over simulated hosts, and over the shell host with a fake engine,
 * whose container is a real PostgreSQL of this machine; without one, that half is skipped.
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

#include "fixtures/sim/sim.h"
#include "fsm/base/facts.h"
#include "fsm/base/quote.h"
#include "tests/harness/fakehost.h"

/* Simulated. */

#define PLACE "/var/lib/docker/databases/db/"

static int sim_told(struct databases *d, const char *name, char *out, size_t size)
{
	char path[300];
	json_t *content;

	snprintf(path, sizeof(path), PLACE "%s", name);
	content = rfa_sim_tree_content(d->data, path);
	snprintf(out, size, "%s", rfa_facts_str(content, "origin", ""));
	json_decref(content);
	return content ? 0 : -1;
}

static int sim_write(struct databases *d, const char *text)
{
	json_t *tree = json_pack("{s:s, s:i}", "origin", text, "bytes", 70000);
	struct rfa_error err;
	int rc = rfa_sim_tree_put(d->data, PLACE DATABASES_NAME, tree, &err);

	json_decref(tree);
	return rc;
}

static void sim_run(struct databases *d, struct rfa_host *host, int on)
{
	struct rfa_error err;

	(void)host;
	assert_int_equal(on ? rfa_sim_container_start(d->data, "db", &err)
			    : rfa_sim_container_stop(d->data, "db", &err),
			 0);
}

static int sim_open(struct host_world *w, int machine, struct rfa_host **out, struct rfa_error *err)
{
	(void)machine;
	return rfa_sim_open(out, w->databases->data, err);
}

static int simulated(void)
{
	struct databases d = { "postgres", "db", "postgres", sim_told, sim_write, sim_run, NULL };
	struct host_world world = { .open = sim_open, .databases = &d };
	const struct rfa_sim_layer layer = { "db", 40000 };
	json_t *body = json_pack("{s:s}", "Image", "db:1");
	struct rfa_sim_world *sim = NULL;
	struct rfa_sim_host *host = NULL;
	struct rfa_error err;
	int failed = 1;

	(void)snprintf(world.dir, sizeof(world.dir), "/srv/files here");
	(void)snprintf(world.tag, sizeof(world.tag), "contract");
	if (rfa_sim_new(&sim, 1, &err) || rfa_sim_host_add(&host, sim, "test", NULL, &err) ||
	    rfa_sim_image_add(host, "db:1", &layer, 1, NULL, &err) ||
	    rfa_sim_container_run(host, "db", body, &err) ||
	    rfa_sim_file_put(host, "/srv/files here/there", 0600, "", &err)) {
		print_error("%s\n", err.msg);
	} else {
		d.data = host;
		failed = sim_write(&d, "something") ||
			 host_databases_run("databases, simulated", &world);
	}
	json_decref(body);
	rfa_sim_free(sim);
	return failed;
}

/* PostgreSQL. */

/* $1 the directory; whoever may not run a server as root runs it as postgres. */
static const char server_begin[] =
    "set -eu\n"
    "dir=$1 as=\n"
    "bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)\n"
    "[ -x \"$bin/initdb\" ] || bin=$(dirname \"$(command -v initdb)\")\n"
    "[ -x \"$bin/initdb\" ] || exit 77\n"
    "if [ \"$(id -u)\" = 0 ]; then\n"
    "	id postgres >/dev/null 2>&1 && command -v setpriv >/dev/null || exit 77\n"
    "	chmod 711 \"${dir%/*}\" && mkdir \"$dir\" && chown postgres \"$dir\"\n"
    "	as='setpriv --reuid=postgres --regid=postgres --clear-groups'\n"
    "else\n"
    "	mkdir \"$dir\"\n"
    "fi\n"
    "echo \"$as $bin/pg_ctl -D $dir/data\" >\"$dir.ctl\"\n"
    "cd /\n"
    "$as \"$bin/initdb\" -D \"$dir/data\" -U postgres -A trust -N -E UTF8 --no-locale\n"
    "$as \"$bin/pg_ctl\" -D \"$dir/data\" -l \"$dir/log\" -t 1800 -w -o \"-c "
    "unix_socket_directories=$dir "
    "-c listen_addresses= -c fsync=off\" start\n"
    "PGHOST=$dir PGUSER=postgres PGDATABASE=postgres \"$bin/psql\" -X -q -v ON_ERROR_STOP=1 -v "
    "\"name=$2\" <<'END'\n"
    "CREATE ROLE owner; CREATE ROLE reader;\n"
    "CREATE DATABASE :\"name\" OWNER owner TEMPLATE template0 ENCODING 'SQL_ASCII';\n"
    "REVOKE ALL ON DATABASE :\"name\" FROM PUBLIC;\n"
    "GRANT CONNECT ON DATABASE :\"name\" TO reader;\n"
    "ALTER DATABASE :\"name\" SET search_path = \"$user\", 'public';\n"
    "ALTER DATABASE :\"name\" SET application_name = 'it''s';\n"
    "END\n";

/* $1 a database, $2 SQL: its first line. */
static const char server_ask[] =
    "bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)\n"
    "PATH=$bin:$PATH PGUSER=postgres PGDATABASE=$1 psql -X -q -At -v ON_ERROR_STOP=1 -c \"$2\"\n";

static int asked(const char *name, const char *sql, char *out, size_t size)
{
	struct rfa_buf command = RFA_BUF_INIT(65536);
	FILE *in;
	int status;

	(void)rfa_buf_puts(&command, "sh -c ");
	(void)rfa_quote(&command, server_ask);
	(void)rfa_buf_puts(&command, " sh ");
	(void)rfa_quote(&command, name);
	(void)rfa_buf_putc(&command, ' ');
	(void)rfa_quote(&command, sql);
	in = popen(rfa_buf_str(&command), "r");
	rfa_buf_release(&command);
	if (!in)
		return -1;
	if (!fgets(out, (int)size, in))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	status = pclose(in);
	return status ? -1 : 0;
}

/* A database that takes no sessions is told of by its name. */
static int real_told(struct databases *d, const char *name, char *out, size_t size)
{
	(void)d;
	return asked(name, "SELECT body FROM public.t", out, size);
}

static int real_write(struct databases *d, const char *text)
{
	char sql[512], out[64];

	(void)d;
	snprintf(sql, sizeof(sql),
		 "SET client_min_messages = error; DROP TABLE IF EXISTS public.t; CREATE TABLE "
		 "public.t(body text); "
		 "ALTER TABLE public.t OWNER TO owner; INSERT INTO public.t VALUES ('%s')",
		 text);
	return asked(DATABASES_NAME, sql, out, sizeof(out));
}

/* A database is made like the one that is there: nobody sees the difference. */
static void what_is_said_of_it_stays(void **state)
{
	static const char about[] =
	    "SELECT concat_ws('|', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), "
	    "datcollate, datctype, datallowconn, array_to_string(datacl, ' '), "
	    "(SELECT string_agg(c, ';') FROM pg_db_role_setting, unnest(setconfig) c WHERE "
	    "setdatabase = d.oid)) FROM pg_database d WHERE datname = current_database()";
	struct host_world *world = *state;
	struct databases *d = world->databases;
	struct rfa_job_key keys[5] = { { "contract-said", "a", "1" },
				       { "contract-said", "b", "1" },
				       { "contract-said", "c", "1" },
				       { "contract-said", "d", "1" },
				       { "contract-said", "e", "1" } };
	json_t *database = json_pack("{s:s, s:s, s:s, s:s}", "engine", "postgres", "container",
				     d->container, "user", "postgres", "database", DATABASES_NAME);
	json_t *items = json_pack("[{s:O, s:s, s:s}]", "database", database, "in",
				  DATABASES_NAME "_rfa_new_2", "out", DATABASES_NAME "_rfa_old_2");
	json_t *names = json_pack("[s]", DATABASES_NAME "_rfa_old_2");
	char before[1024], after[1024], copy[512];
	struct rfa_host *host = NULL;
	struct rfa_error err;
	json_t *out = NULL;

	assert_int_equal(real_write(d, "said"), 0);
	assert_int_equal(asked(DATABASES_NAME, about, before, sizeof(before)), 0);
	assert_true(strstr(before, "owner|SQL_ASCII|C|C|t|") == before);
	assert_non_null(strstr(before, "reader=c/owner"));
	assert_non_null(strstr(before, "search_path=\"$user\", public"));
	assert_int_equal(databases_fake_open(world, 0, &host, &err), 0);
	snprintf(copy, sizeof(copy), "%s/.rfa-said.snap/tree", world->dir);
	assert_int_equal(host->databases->dump(host, &keys[0], database, copy, &out, &err), 0);
	assert_int_equal(host->databases->load(host, &keys[1], database, copy,
					       DATABASES_NAME "_rfa_new_2", &err),
			 0);
	assert_int_equal(host->databases->swap(host, &keys[2], items, &err), 0);
	/* Nobody can be too early. */
	assert_int_equal(asked(DATABASES_NAME, about, after, sizeof(after)), -1);
	assert_int_equal(host->databases->open(host, &keys[4], database, &err), 0);
	assert_int_equal(asked(DATABASES_NAME, about, after, sizeof(after)), 0);
	assert_string_equal(before, after);
	/* What was replaced takes no session, and is still removed. */
	assert_int_equal(asked(DATABASES_NAME "_rfa_old_2", about, after, sizeof(after)), -1);
	assert_int_equal(host->databases->drop(host, &keys[3], database, names, &err), 0);
	json_decref(out);
	json_decref(names);
	json_decref(items);
	json_decref(database);
	rfa_host_free(host);
}

static void a_session_is_seen_and_ended(void **state)
{
	struct host_world *world = *state;
	struct databases *d = world->databases;
	json_t *database = json_pack("{s:s, s:s, s:s, s:s}", "engine", "postgres", "container",
				     d->container, "user", "postgres", "database", DATABASES_NAME);
	json_t *out = NULL;
	struct rfa_host *host = NULL;
	struct rfa_error err;
	struct rfa_buf command = RFA_BUF_INIT(4096);
	time_t deadline;
	char got[64];
	FILE *in;

	assert_int_equal(databases_fake_open(world, 0, &host, &err), 0);
	(void)rfa_buf_puts(&command, "PGAPPNAME=stranger PGUSER=postgres PGDATABASE=");
	(void)rfa_quote(&command, DATABASES_NAME);
	(void)rfa_buf_puts(&command,
			   " PATH=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1):$PATH"
			   " psql -X -q >/dev/null 2>&1");
	in = popen(rfa_buf_str(&command), "w");
	rfa_buf_release(&command);
	assert_non_null(in);
	deadline = time(NULL) + 60;
	do {
		json_decref(out);
		out = NULL;
		assert_int_equal(host->databases->observe(host, database, &out, &err), 0);
	} while (!json_array_size(json_object_get(out, "sessions")) && time(NULL) < deadline);
	assert_string_equal(rfa_facts_str(out, "sessions/0/program", ""), "stranger");
	assert_string_equal(rfa_facts_str(out, "sessions/0/user", ""), "postgres");
	assert_int_equal(asked("postgres",
			       "SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity "
			       "WHERE application_name = 'stranger'",
			       got, sizeof(got)),
			 0);
	/* Its shell has the other end of the pipe as well. */
	rfa_host_free(host);
	pclose(in);
	json_decref(out);
	json_decref(database);
}

static void a_cut_dump_is_seen(void **state)
{
	struct host_world *world = *state;
	struct databases *d = world->databases;
	struct rfa_job_key keys[2] = { { "contract-cut", "a", "1" }, { "contract-cut", "b", "1" } };
	json_t *database = json_pack("{s:s, s:s, s:s, s:s}", "engine", "postgres", "container",
				     d->container, "user", "postgres", "database", DATABASES_NAME);
	struct rfa_host *host = NULL;
	char copy[512], file[530];
	struct rfa_error err;
	json_t *out = NULL;
	int64_t bytes;

	assert_int_equal(databases_fake_open(world, 0, &host, &err), 0);
	snprintf(copy, sizeof(copy), "%s/.rfa-cut.snap/tree", world->dir);
	snprintf(file, sizeof(file), "%s/dump", copy);
	assert_int_equal(host->databases->dump(host, &keys[0], database, copy, &out, &err), 0);
	bytes = rfa_facts_int(out, "bytes", 0);
	json_decref(out);
	assert_int_equal(truncate(file, (off_t)bytes - 20), 0);
	assert_int_equal(host->databases->check(host, database, copy, &out, &err), 0);
	assert_false(rfa_facts_bool(out, "ok", 1));
	assert_non_null(strstr(rfa_facts_str(out, "summary", ""), "pg_restore"));
	/* And what cannot be loaded is said in the server's words. */
	assert_int_equal(host->databases->load(host, &keys[1], database, copy,
					       DATABASES_NAME "_rfa_new_3", &err),
			 -RFA_EREMOTE);
	assert_non_null(strstr(err.msg, "pg_restore"));
	json_decref(out);
	json_decref(database);
	rfa_host_free(host);
}

/* Docker says so on standard output, where the server's answer would be. */
static void a_container_that_is_about_to_end_is_down(void **state)
{
	struct host_world *world = *state;
	json_t *database =
	    json_pack("{s:s, s:s, s:s, s:s}", "engine", "postgres", "container",
		      world->databases->container, "user", "postgres", "database", DATABASES_NAME);
	struct rfa_host *host = NULL;
	struct rfa_error err;
	json_t *out = NULL;

	assert_int_equal(databases_fake_open(world, 0, &host, &err), 0);
	fakehosts_set(world->data, 0, "dying", 1);
	assert_int_equal(host->databases->tables(host, database, &out, &err), 0);
	fakehosts_set(world->data, 0, "dying", 0);
	assert_false(rfa_facts_bool(out, "up", 1));
	assert_non_null(strstr(rfa_facts_str(out, "why", ""), "cannot exec in a stopped"));
	json_decref(out);
	json_decref(database);
	rfa_host_free(host);
}

/* What is said of who gets in: the n-th text of a kind; "": there are fewer. */
static void assert_access(struct host_world *world, const char *path, const char *says)
{
	struct databases *d = world->databases;
	json_t *database = json_pack("{s:s, s:s, s:s, s:s}", "engine", "postgres", "container",
				     d->container, "user", "postgres", "database", DATABASES_NAME);
	struct rfa_host *host = NULL;
	struct rfa_error err;
	json_t *out = NULL;

	assert_int_equal(databases_fake_open(world, 0, &host, &err), 0);
	assert_int_equal(host->databases->access(host, database, &out, &err), 0);
	if (!rfa_facts_bool(out, "up", 0))
		fail_msg("it is not up: %s", rfa_facts_str(out, "why", ""));
	if (!strstr(rfa_facts_str(out, path, ""), says) ||
	    (!*says && *rfa_facts_str(out, path, "")))
		fail_msg("%s is \"%s\" and not \"%s\"", path, rfa_facts_str(out, path, ""), says);
	json_decref(out);
	json_decref(database);
	rfa_host_free(host);
}

/* Appends a rule, or brings back the file of before (NULL). */
static void rule(const char *text, int reload)
{
	char sql[600], file[300], out[64];

	assert_int_equal(asked("postgres", "SHOW hba_file", file, sizeof(file)), 0);
	if (text)
		snprintf(sql, sizeof(sql),
			 "COPY (SELECT '%s') TO PROGRAM 'cp -n %s %s.was; cat >>%s'", text, file,
			 file, file);
	else
		snprintf(sql, sizeof(sql),
			 "COPY (SELECT '') TO PROGRAM 'cat >/dev/null; cp %s.was %s'", file, file);
	assert_int_equal(asked("postgres", sql, out, sizeof(out)), 0);
	if (!reload)
		return;
	sleep(1); /* the time of a file counts seconds, and the one of a load counts all of it */
	assert_int_equal(
	    asked("postgres", "SELECT pg_reload_conf(), pg_sleep(0.5)", out, sizeof(out)), 0);
}

static void who_gets_in_is_told(void **state)
{
	struct host_world *world = *state;

	assert_access(world, "open/0", "");
	sleep(1);
	rule("host all,other somebody 10.0.0.0/8 trust", 0);
	assert_access(world, "unsure/0", "pg_hba.conf was changed after the server has read it");
	rule("hostssl all all ::1/128 trust", 0);
	rule("host all all 127.0.0.1/32 trust", 1);
	assert_access(world, "unsure/0", "");
	assert_access(world, "open/0",
		      "lets somebody in from 10.0.0.0/255.0.0.0 without a password (trust), to the "
		      "database all,other");
	assert_access(world, "open/1", "");
	rule("host all all 0.0.0.0/0 no-such-method", 1);
	assert_access(world, "unsure/0", "is wrong, so that the rules of before are in force");
	rule(NULL, 1);
	assert_access(world, "open/0", "");
	assert_access(world, "unsure/0", "");
}

static void files_of_sql_run_all_or_none(void **state)
{
	struct host_world *world = *state;
	struct databases *d = world->databases;
	struct rfa_job_key keys[2] = { { "contract-init", "a", "1" },
				       { "contract-init", "b", "1" } };
	json_t *database = json_pack("{s:s, s:s, s:s, s:s}", "engine", "postgres", "container",
				     d->container, "user", "postgres", "database", DATABASES_NAME);
	json_t *files = json_pack("[ss]", "one.sql", "it's two.sql"), *out = NULL;
	struct rfa_host *host = NULL;
	struct rfa_error err;
	char got[128];

	assert_int_equal(databases_fake_open(world, 0, &host, &err), 0);
	/* The first one has no newline at its end. */
	databases_put_file(world, "one.sql",
			   "-- one\nCREATE SCHEMA app;\nCREATE TABLE app.parts(n int)");
	databases_put_file(world, "it's two.sql",
			   ";\nINSERT INTO app.parts VALUES (1);\nSELECT nothing;\n");
	assert_int_equal(
	    host->databases->init(host, &keys[0], database, world->dir, files, &out, &err),
	    -RFA_EREMOTE);
	if (!strstr(err.msg, "it's two.sql, line 3: "))
		fail_msg("%s", err.msg);
	assert_int_equal(asked(DATABASES_NAME,
			       "SELECT count(*) FROM pg_namespace WHERE nspname = 'app'", got,
			       sizeof(got)),
			 0);
	assert_string_equal(got, "0");
	databases_put_file(world, "it's two.sql", ";\nINSERT INTO app.parts VALUES (1);\n");
	assert_int_equal(
	    host->databases->init(host, &keys[1], database, world->dir, files, &out, &err), 0);
	assert_string_equal(rfa_facts_str(out, "1/file", ""), "it's two.sql");
	assert_int_equal(strlen(rfa_facts_str(out, "1/sha256", "")), 64);
	json_decref(out);
	assert_int_equal(asked(DATABASES_NAME, "SELECT n FROM app.parts", got, sizeof(got)), 0);
	assert_string_equal(got, "1");
	assert_int_equal(host->databases->tables(host, database, &out, &err), 0);
	assert_string_equal(rfa_facts_str(out, "names/0", ""), "parts");
	json_decref(out);
	assert_int_equal(asked(DATABASES_NAME,
			       "SET client_min_messages = error; DROP SCHEMA app CASCADE", got,
			       sizeof(got)),
			 0);
	json_decref(files);
	json_decref(database);
	rfa_host_free(host);
}

static int real_tests(struct host_world *world)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(what_is_said_of_it_stays, world),
		cmocka_unit_test_prestate(a_session_is_seen_and_ended, world),
		cmocka_unit_test_prestate(a_cut_dump_is_seen, world),
		cmocka_unit_test_prestate(a_container_that_is_about_to_end_is_down, world),
		cmocka_unit_test_prestate(who_gets_in_is_told, world),
		cmocka_unit_test_prestate(files_of_sql_run_all_or_none, world),
	};

	return cmocka_run_group_tests_name("PostgreSQL's own", tests, NULL, NULL);
}

static int real(void)
{
	struct databases d = { "postgres",         "db", "postgres", real_told, real_write,
			       databases_fake_run, NULL };
	struct rfa_buf command = RFA_BUF_INIT(65536);
	struct fakehosts f;
	struct host_world world = { .data = &f, .open = databases_fake_open, .databases = &d };
	char server[100], log[260], stop[260];
	int failed = 1, status;

	if (fakehosts_make(&f))
		return 1;
	snprintf(world.dir, sizeof(world.dir), "%s", f.files);
	snprintf(world.tag, sizeof(world.tag), "contract");
	snprintf(server, sizeof(server), "%s/server", f.root);
	snprintf(log, sizeof(log), " >%s/server.log 2>&1", f.root);
	setenv("PGHOST", server, 1);
	(void)rfa_buf_puts(&command, "sh -c ");
	(void)rfa_quote(&command, server_begin);
	(void)rfa_buf_puts(&command, " sh ");
	(void)rfa_quote(&command, server);
	(void)rfa_buf_putc(&command, ' ');
	(void)rfa_quote(&command, DATABASES_NAME);
	(void)rfa_buf_puts(&command, log);
	status = system(rfa_buf_str(&command));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("# skipped: PostgreSQL is not installed on this machine\n");
		failed = 0;
	} else if (status) {
		print_error("PostgreSQL did not start (status %d)\n", status);
		(void)snprintf(log, sizeof(log), "cat %s.log %s/log >&2", server, server);
		(void)!system(log);
	} else if (!databases_fake_container(&world)) {
		if (real_write(&d, "something"))
			print_error("PostgreSQL takes no table\n");
		else
			failed = host_databases_run("databases of PostgreSQL", &world) ||
				 real_tests(&world);
	}
	rfa_buf_release(&command);
	/* It may run even if what is asked of it first failed. */
	(void)snprintf(stop, sizeof(stop),
		       "cd / && $(cat %s.ctl) -m immediate stop >/dev/null 2>&1", server);
	if (system(stop) != 0 && status == 0)
		failed = 1;
	return failed ? 1 : fakehosts_end(&f) != 0;
}

int main(void)
{
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	failed = simulated();
	return real() || failed;
}

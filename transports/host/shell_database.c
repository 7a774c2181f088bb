/*
 * Databases that a server in a container keeps: looked at, dumped, loaded, exchanged by rename.
 *
 * All of it is done by the server's own programs, in its own container: they fit its version, find
 * its socket, and may see its password, which never leaves the container. A name is handed on as an
 * argument of its own up to psql, which quotes it (:"in"), or the server does (%I): nothing of ours
 * ever writes one into SQL.
 */
#include "transports/host/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Longest text of a server's that is passed on. */
#define SAYS_MAX 2000
/* The container has none of its programs. */
#define STATUS_NO_PROGRAM "97"

/*
 * Runs in the container: VERB USER DATABASE HOME IN OUT. HOME is a database to be connected to
 * while others are renamed. The highest version of the programs comes first, since one can read
 * what lower ones wrote. What is said of a commit is true only once it is on disk.
 */
static const char inside_text[] =
    "verb=$1 PGUSER=$2 base=$3 PGDATABASE=$4 in=$5 out=$6 more=\n"
    "for d in /usr/local/pgsql/bin /usr/lib/postgresql/*/bin; do\n"
    "	! [ -x \"$d/psql\" ] || more=$d:$more\n"
    "done\n"
    "PATH=$PATH:/usr/local/bin:/usr/bin:/bin:$more\n"
    "for t in psql pg_dump pg_restore; do\n"
    "	command -v $t >/dev/null || { echo \"there is no $t in the container\" >&2; "
    "exit " STATUS_NO_PROGRAM "; }\n"
    "done\n"
    "if [ -z \"$PGHOST\" ]; then\n"
    "	for d in /var/run/postgresql /run/postgresql /tmp; do\n"
    "		! [ -S \"$d/.s.PGSQL.${PGPORT:-5432}\" ] || { PGHOST=$d; break; }\n"
    "	done\n"
    "fi\n"
    "if [ -z \"$PGPASSWORD\" ] && [ -n \"$POSTGRES_PASSWORD_FILE\" ]; then\n"
    "	PGPASSWORD=$(cat \"$POSTGRES_PASSWORD_FILE\")\n"
    "elif [ -z \"$PGPASSWORD\" ]; then\n"
    "	PGPASSWORD=$POSTGRES_PASSWORD\n"
    "fi\n"
    "PGOPTIONS='-c synchronous_commit=local -c client_min_messages=warning -c "
    "statement_timeout=0'\n"
    "PGAPPNAME=rfa PGCONNECT_TIMEOUT=10 LC_ALL=C\n"
    "[ -n \"$PGPASSWORD\" ] || unset PGPASSWORD\n"
    "[ -n \"$PGHOST\" ] || unset PGHOST\n"
    "export PGUSER PGDATABASE PGHOST PGPASSWORD PGOPTIONS PGAPPNAME PGCONNECT_TIMEOUT LC_ALL\n"
    "unset PGSERVICE PGSERVICEFILE PGCLIENTENCODING\n"
    "case $verb in\n"
    "sql) exec psql -X -q -A -t -w -v ON_ERROR_STOP=1 -v \"base=$base\" -v \"in=$in\" \\\n"
    "	-v \"out=$out\" ;;\n"
    "dump) PGDATABASE=$base exec pg_dump -F c -w ;;\n"
    "check) exec pg_restore -f /dev/null ;;\n"
    /* An empty name is none: so the one in the environment holds, which is never taken apart. */
    "load)\n"
    "	PGDATABASE=$in\n"
    "	pg_restore -d '' -1 -e -w && exec psql -X -q -w -c ANALYZE </dev/null ;;\n"
    "esac\n"
    "exit 1\n";

/* inside VERB IN OUT: the above, for $container, $user, $base, $home. */
static const char outside[] =
    "inside() {\n"
    "	engine exec -i -- \"$container\" sh -c \"$program\" sh \"$1\" \"$user\" \"$base\" "
    "\"$home\" \\\n"
    "		\"$2\" \"$3\"\n"
    "}\n"
    "sql() { printf '%s\\n' \"$1\" | inside sql \"$2\" \"$3\"; }\n";

/* What every script begins with: $1 the program, then of which database. */
#define TAKE                                                \
	"program=$1 container=$2 user=$3 home=$4 base=$5\n" \
	"shift 5\n"

/* ---- SQL ------------------------------------------------------------------------------------- */

static const char look_sql[] =
    "SELECT json_build_object(\n"
    "	'up', true,\n"
    "	'version', current_setting('server_version'),\n"
    "	'major', current_setting('server_version_num')::int / 10000,\n"
    "	'data', (SELECT setting FROM pg_settings WHERE name = 'data_directory'),\n"
    "	'databases', (SELECT coalesce(json_object_agg(datname, pg_database_size(oid)), '{}')\n"
    "		FROM pg_database WHERE datname = :'base'\n"
    "		OR left(datname, length(:'base' || '_rfa_')) = :'base' || '_rfa_'),\n"
    "	'sessions', (SELECT coalesce(json_agg(s), '[]') FROM (\n"
    "		SELECT pid, coalesce(usename::text, '') AS user,\n"
    "			coalesce(host(client_addr), 'the container') AS from,\n"
    "			coalesce(application_name, '') AS program\n"
    "		FROM pg_stat_activity WHERE datname = :'base' AND pid <> pg_backend_pid()\n"
    "			AND backend_type = 'client backend' ORDER BY pid LIMIT 20) s),\n"
    "	'obstacles', (SELECT coalesce(json_agg(o.says), '[]') FROM (\n"
    "		SELECT 'it is a template' AS says FROM pg_database\n"
    "			WHERE datname = :'base' AND datistemplate\n"
    "		UNION ALL SELECT 'the transaction ' || gid || ' is prepared in it'\n"
    "			FROM pg_prepared_xacts WHERE database = :'base'\n"
    "		UNION ALL SELECT 'the replication slot ' || slot_name || ' is of it'\n"
    "			FROM pg_replication_slots WHERE database = :'base'\n"
    "		UNION ALL SELECT 'the subscription ' || subname || ' writes to it'\n"
    "			FROM pg_subscription JOIN pg_database d ON d.oid = subdbid\n"
    "			WHERE datname = :'base'\n"
    "		UNION ALL SELECT 'the user ' || current_user || ' may not rename it: "
    "only a superuser may, or its owner with CREATEDB'\n"
    "			FROM pg_database JOIN pg_roles r ON r.rolname = current_user\n"
    "			WHERE datname = :'base' AND NOT rolsuper\n"
    "			AND NOT (rolcreatedb AND pg_has_role(datdba, 'USAGE'))\n"
    "		) o));\n";

/* Whatever the versions call a locale. Lists among the settings are kept in quotes already. */
static const char make_sql[] =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity\n"
    "	WHERE datname = :'in' AND pid <> pg_backend_pid();\n"
    "DROP DATABASE IF EXISTS :\"in\";\n"
    "SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L '\n"
    "	'LC_CTYPE %L', :'in', pg_get_userbyid(datdba), pg_encoding_to_char(encoding),\n"
    "	datcollate, datctype) || CASE j->>'datlocprovider'\n"
    "	WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', l)\n"
    "	WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', l)\n"
    "	ELSE '' END\n"
    "FROM (SELECT d.*, to_jsonb(d) AS j,\n"
    "	coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale') AS l\n"
    "	FROM pg_database d WHERE datname = :'base') x \\gexec\n"
    "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'in') FROM pg_database\n"
    "	WHERE datname = :'base' AND datacl IS NOT NULL \\gexec\n"
    "SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, :'in',\n"
    "	CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,\n"
    "	CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)\n"
    "	FROM pg_database, aclexplode(datacl) a\n"
    "	WHERE datname = :'base' AND a.grantee <> datdba \\gexec\n"
    "SELECT format('ALTER %sDATABASE %I SET %I TO ',\n"
    "	CASE setrole WHEN 0 THEN '' ELSE 'ROLE ' || quote_ident(pg_get_userbyid(setrole))\n"
    "	|| ' IN ' END, :'in', split_part(c, '=', 1)) ||\n"
    "	CASE WHEN split_part(c, '=', 1) IN ('search_path', 'temp_tablespaces',\n"
    "	'session_preload_libraries', 'local_preload_libraries')\n"
    "	THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) "
    "END\n"
    "	FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase,\n"
    "	unnest(setconfig) c WHERE datname = :'base' \\gexec\n";

static const char stage_sql[] =
    "SELECT count(*) FILTER (WHERE datname = :'base')::text ||\n"
    "	count(*) FILTER (WHERE datname = :'in')::text ||\n"
    "	count(*) FILTER (WHERE datname = :'out')::text FROM pg_database;\n";

/*
 * From the first rename on nobody can connect to it until the transaction ends, and then he finds
 * the new one. Who came between the end of the sessions and the rename makes it fail, as a whole.
 */
static const char swap_sql[] =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity\n"
    "	WHERE datname IN (:'base', :'in') AND pid <> pg_backend_pid();\n"
    "BEGIN;\n"
    "ALTER DATABASE :\"base\" RENAME TO :\"out\";\n"
    "ALTER DATABASE :\"out\" WITH ALLOW_CONNECTIONS false;\n"
    "ALTER DATABASE :\"in\" RENAME TO :\"base\";\n"
    "ALTER DATABASE :\"base\" WITH ALLOW_CONNECTIONS false;\n"
    "COMMIT;\n";

static const char open_sql[] = "ALTER DATABASE :\"base\" WITH ALLOW_CONNECTIONS true;\n";

static const char drop_sql[] = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity\n"
			       "	WHERE datname = :'in' AND pid <> pg_backend_pid();\n"
			       "DROP DATABASE IF EXISTS :\"in\";\n";

/* ---- scripts --------------------------------------------------------------------------------- */

/* $1 the SQL. Says the JSON; or "DOWN" and why. */
static const char look_text[] = "exec 3>&1\n"
				"words=$(sql \"$1\" '' '' 2>&1 >&3)\n"
				"status=$?\n"
				"[ $status != 0 ] || exit 0\n"
				"case $status$words in\n"
				"*[Nn]'o such container'*) die 44 \"the container $container\" ;;\n"
				"1*' is not running'* | 1*' is restarting'* | 1*' is paused'*) ;;\n"
				"2* | 3* | 126* | 127* | " STATUS_NO_PROGRAM "*) ;;\n"
				"*) die $status \"$words\" ;;\n"
				"esac\n"
				"echo \"DOWN $words\"\n";

/* $1 the copy. */
static const char check_text[] =
    "[ -f \"$1/dump\" ] || die 44 \"$1\"\n"
    "patience\n"
    "words=$(inside check '' '' <\"$1/dump\" 2>&1)\n"
    "status=$?\n"
    "case $status$words in\n"
    "0*) printf ok ;;\n"
    "*'docker daemon'* | 1*'rror response from daemon'* | 12[67]*) die $status \"$words\" ;;\n"
    "*) printf '%s' \"$words\" ;;\n"
    "esac\n";

/* $1 the copy. Says how many bytes the dump has. */
static const char dump_text[] =
    "copy=$1 part=$1.part\n"
    "[ -d \"${copy%/*}/\" ] || die 44 \"${copy%/*}\"\n"
    "trap 'rm -rf -- \"$part\"' EXIT\n"
    "rm -rf --one-file-system -- \"$copy\" \"$part\" && mkdir -m 700 -- \"$part\" || exit\n"
    "inside dump '' '' </dev/null >\"$part/dump\" || exit 1\n"
    "[ -s \"$part/dump\" ] || die 1 'the dump is empty'\n"
    "sync -- \"$part/dump\" 2>/dev/null || sync\n"
    "mv -T -- \"$part\" \"$copy\" || exit\n"
    "onto_disk \"${copy%/*}\"\n"
    "stat -c %s -- \"$copy/dump\"\n";

/* $1 the copy, $2 the database to make, $3 the SQL that makes it. */
static const char load_text[] = "[ -f \"$1/dump\" ] || die 44 \"$1\"\n"
				"sql \"$3\" \"$2\" '' >/dev/null || exit 1\n"
				"inside load \"$2\" '' <\"$1/dump\" || exit 1\n";

/* $1 and $2 the SQL that asks and that changes, then groups of six: container, user, home, base,
 * in, out. All are looked at before one is touched. */
static const char swap_text[] =
    "program=$1 ask=$2 change=$3\n"
    "shift 3\n"
    "words=$PWD/words.$$\n"
    "trap 'rm -f -- \"$words\"' EXIT\n"
    "stage() { stage=$(sql \"$ask\" \"$in\" \"$out\") || exit 1; }\n"
    "look() {\n"
    "	stage\n"
    "	case $stage in\n"
    "	110 | 101) ;;\n"
    "	0*) die 44 \"the database $base\" ;;\n"
    "	1?1) die 45 \"the database $out\" ;;\n"
    "	*) die 44 \"the database $in\" ;;\n"
    "	esac\n"
    "}\n"
    "exchange() {\n"
    "	stage\n"
    "	[ \"$stage\" = 110 ] || return\n"
    "	tries=1\n"
    "	until sql \"$change\" \"$in\" \"$out\" >/dev/null 2>\"$words\"; do\n"
    "		tries=$((tries + 1))\n"
    "		[ $tries -le 3 ] || { cat \"$words\" >&2; exit 1; }\n"
    "		stage\n"
    "		[ \"$stage\" = 110 ] || break\n"
    "	done\n"
    "}\n"
    "each() {\n"
    "	what=$1\n"
    "	shift\n"
    "	while [ $# -ge 6 ]; do\n"
    "		container=$1 user=$2 home=$3 base=$4 in=$5 out=$6\n"
    "		$what\n"
    "		shift 6\n"
    "	done\n"
    "}\n"
    "each look \"$@\"\n"
    "each exchange \"$@\"\n";

/* $1 the SQL. */
static const char open_text[] = "sql \"$1\" '' '' >/dev/null || exit 1\n";

/* $1 the SQL, then the names. */
static const char drop_text[] = "ask=$1\n"
				"shift\n"
				"for name; do\n"
				"	sql \"$ask\" \"$name\" '' >/dev/null || exit 1\n"
				"done\n";

/* ---- running --------------------------------------------------------------------------------- */

enum { SPEC_ARGS = 5 };

/* container, user, home, base; borrowed of the description. */
static int spec_args(const struct shell_host *h, const json_t *database, const char *args[4],
		     struct rfa_error *err)
{
	const char *base = rfa_facts_str(database, "database", "");

	args[0] = rfa_facts_str(database, "container", "");
	args[1] = rfa_facts_str(database, "user", "");
	args[2] = strcmp(base, "postgres") ? "postgres" : "template1";
	args[3] = base;
	if (*args[0] && *args[1] && *base &&
	    !strcmp(rfa_facts_str(database, "engine", ""), "postgres"))
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "a database that is not described");
	return rfa_error_where(err, "%s", h->host.name);
}

static int own_check(const struct shell_host *h, const json_t *database, const char *name,
		     struct rfa_error *err)
{
	if (name && rfa_host_database_own(rfa_facts_str(database, "database", ""), name))
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "a database whose name is none of rfa's own");
	return rfa_error_where(err, "%s", h->host.name);
}

/*
 * Runs a script with the program, what describes the database, and its own arguments; as a job if
 * key is not NULL.
 */
static int run(struct shell_host *h, const struct rfa_job_key *key, const char *text,
	       const json_t *database, const char *const *own, const char *what,
	       struct shell_answer *answer, struct rfa_error *err)
{
	struct rfa_buf whole = RFA_BUF_INIT(65536);
	size_t n = 0, i;
	const char **args;
	int rc;

	while (own[n])
		n++;
	args = calloc(n + SPEC_ARGS + 1, sizeof(*args));
	rc = args ? spec_args(h, database, args + 1, err) : rfa_fail_nomem(err);
	for (i = 0; args && i < n; i++)
		args[SPEC_ARGS + i] = own[i];
	(void)rfa_buf_puts(&whole, outside);
	(void)rfa_buf_puts(&whole, TAKE);
	(void)rfa_buf_puts(&whole, text);
	if (rc == 0)
		rc = rfa_buf_check(&whole, err);
	if (rc == 0) {
		struct shell_call call = { rfa_buf_str(&whole), args, NULL, 0 };

		args[0] = inside_text;
		rc = key ? rfa_shell_tree_job(h, key, &call, what, answer, err)
			 : rfa_shell_tree_read(h, &call, what, answer, err);
	}
	rfa_buf_release(&whole);
	free(args);
	return rc;
}

int rfa_shell_database_look(struct rfa_host *host, const json_t *database, json_t **out,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf why = RFA_BUF_INIT(8 * SAYS_MAX);
	const char *own[] = { look_sql, NULL };
	int rc = run(h, NULL, look_text, database, own, "looking at a database", &answer, err);
	const char *text = rfa_buf_str(&answer.out);

	if (rc == 0 && strncmp(text, "DOWN", 4) == 0) {
		size_t n = answer.out.len - 4 < SAYS_MAX ? answer.out.len - 4 : SAYS_MAX;

		while (n && (text[4 + n - 1] == '\n' || text[4 + n - 1] == ' '))
			n--;
		(void)rfa_buf_put_printable(&why, text + 4 + (n > 0), n ? n - 1 : 0, 0);
		*out = json_pack("{s:b, s:s}", "up", 0, "why", rfa_buf_str(&why));
		rc = *out ? 0 : rfa_fail_nomem(err);
	} else if (rc == 0) {
		rc = rfa_shell_host_json(h, out, text, answer.out.len, "a look at a database", err);
	}
	rfa_buf_release(&why);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_check(struct rfa_host *host, const json_t *database, const char *copy,
			     json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf says = RFA_BUF_INIT(8 * SAYS_MAX);
	const char *own[] = { copy, NULL };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = run(h, NULL, check_text, database, own, "reading a dump", &answer, err);
	if (rc == 0) {
		size_t n = answer.out.len < SAYS_MAX ? answer.out.len : SAYS_MAX;

		(void)rfa_buf_put_printable(&says, answer.out.data, n, 0);
		*out = json_pack("{s:b, s:s}", "ok", !strcmp(rfa_buf_str(&says), "ok"), "says",
				 rfa_buf_str(&says));
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&says);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_dump(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, const char *copy, json_t **out,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *own[] = { copy, NULL };
	const char *p;
	int64_t bytes = 0;
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = run(h, key, dump_text, database, own, "dumping a database", &answer, err);
	p = rfa_buf_str(&answer.out);
	if (rc == 0 && (rfa_shell_number(&p, &bytes) || *p))
		rc = rfa_shell_host_nonsense(h, "what was dumped", err);
	if (rc == 0) {
		*out = json_pack("{s:I}", "bytes", (json_int_t)bytes);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_load(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, const char *copy, const char *name,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *own[] = { copy, name, make_sql, NULL };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = own_check(h, database, name, err);
	if (rc == 0)
		rc = run(h, key, load_text, database, own, "loading a database", &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

static int swap_args(const struct shell_host *h, const json_t *items, const char **args,
		     struct rfa_error *err)
{
	json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach (items, i, item) {
		const json_t *database = json_object_get(item, "database");
		const char **a = args + 6 * i;

		a[4] = rfa_facts_str(item, "in", "");
		a[5] = rfa_facts_str(item, "out", "");
		rc = spec_args(h, database, a, err);
		if (rc == 0)
			rc = own_check(h, database, a[4], err);
		if (rc == 0)
			rc = own_check(h, database, a[5], err);
		if (rc == 0 && strcmp(a[4], a[5]) == 0)
			rc = rfa_fail(err, RFA_EINTERNAL, "host", "an exchange of nothing");
		if (rc != 0)
			break;
	}
	return rc;
}

int rfa_shell_database_swap(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *items, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char **args = calloc(6 * json_array_size(items) + 4, sizeof(*args));
	struct rfa_buf text = RFA_BUF_INIT(65536);
	int rc = args ? swap_args(h, items, args + 3, err) : rfa_fail_nomem(err);

	(void)rfa_buf_puts(&text, outside);
	(void)rfa_buf_puts(&text, swap_text);
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	if (rc == 0) {
		struct shell_call call = { rfa_buf_str(&text), args, NULL, 0 };

		args[0] = inside_text;
		args[1] = stage_sql;
		args[2] = swap_sql;
		rc = rfa_shell_tree_job(h, key, &call, "exchanging databases", &answer, err);
	}
	rfa_buf_release(&text);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}

int rfa_shell_database_open(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *own[] = { open_sql, NULL };
	int rc = run(h, key, open_text, database, own, "opening a database", &answer, err);

	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_drop(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, const json_t *names, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char **own = calloc(json_array_size(names) + 2, sizeof(*own));
	int rc = own ? 0 : rfa_fail_nomem(err);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		if (rc == 0)
			rc = own_check(h, database, json_string_value(name), err);
		if (rc == 0)
			own[i + 1] = json_string_value(name);
	}
	if (rc == 0) {
		own[0] = drop_sql;
		rc = run(h, key, drop_text, database, own, "removing databases", &answer, err);
	}
	rfa_shell_answer_release(&answer);
	free(own);
	return rc;
}

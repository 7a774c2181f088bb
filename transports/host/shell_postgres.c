/* The programs of PostgreSQL, and what they are asked. */
#include "transports/host/shell_database.h"

/*
 * The database to be connected to is another one, since who is connected to one cannot rename it.
 * The highest version of the programs comes first, since one can read what lower ones wrote. What
 * is said of a commit is true only once it is on disk.
 *
 * A name is an argument of its own up to psql, which quotes it (:"in"), or the server does (%I):
 * nothing of ours ever writes one into SQL.
 */
static const char inside_text[] =
    "verb=$1 PGUSER=$2 base=$3 in=$4 out=$5 PGDATABASE=postgres more=\n"
    "[ \"$base\" != postgres ] || PGDATABASE=template1\n"
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
    "dump) PGDATABASE=$base exec pg_dump -F c -w ;;\n"
    "check) exec pg_restore -f /dev/null ;;\n"
    /* An empty name is none: so the one in the environment holds, which is never taken apart. */
    "load)\n"
    "	PGDATABASE=$in\n"
    "	pg_restore -d '' -1 -e -w && exec psql -X -q -w -c ANALYZE </dev/null ;;\n"
    "*)\n"
    "	exec psql -X -q -A -t -w -v ON_ERROR_STOP=1 -v \"base=$base\" -v \"in=$in\" \\\n"
    "		-v \"out=$out\" ;;\n"
    "esac\n"
    "exit 1\n";

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

const struct shell_engine rfa_shell_postgres = {
	.name = "postgres",
	.program = inside_text,
	.functions = "whole() { :; }\n"
		     "reads() { inside check '' '' <\"$1\" 2>&1; }\n",
	.sql = { [SHELL_ASK_LOOK] = look_sql,
		 [SHELL_ASK_MAKE] = make_sql,
		 [SHELL_ASK_STAGE] = stage_sql,
		 [SHELL_ASK_SWAP] = swap_sql,
		 [SHELL_ASK_OPEN] = open_sql,
		 [SHELL_ASK_DROP] = drop_sql },
};

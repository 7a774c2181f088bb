/*
 * The programs of MySQL and MariaDB, and what they are asked.
 *
 * Neither can rename a database, but one RENAME TABLE moves any number of tables between databases,
 * all of them or none. So that it shows what has happened, a table of rfa's own lies in each of
 * rfa's databases, rfa_whole, and moves in the midst of the others: wherever it is, nothing else
 * has moved before it but the old tables. A server that is older than such a rename is crash-safe
 * (MariaDB 10.6, MySQL 8.0) may have moved some when it is cut off; the rest follows.
 *
 * A database of rfa's own that is just being filled has rfa_loading instead, and is none yet.
 */
#include "transports/host/shell_database.h"

/*
 * What of option files might make a dump another one is left out, but for the socket. The password
 * is what the container was given for this user, and gets to the client by its environment. Whoever
 * is let in by the socket alone needs none.
 */
#define FIND_CLIENT                                                                         \
	"verb=$1 user=$2 base=$3 in=$4 out=$5\n"                                            \
	"PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/mysql/bin:/opt/mysql/bin\n"     \
	"first() {\n"                                                                       \
	"	for t; do command -v \"$t\" && return; done\n"                                    \
	"	echo \"there is no $1 and no $2 in the container\" >&2\n"                         \
	"	exit " STATUS_NO_PROGRAM "\n"                                               \
	"}\n"                                                                               \
	"client=$(first mariadb mysql) && dumper=$(first mariadb-dump mysqldump) || exit\n" \
	"if [ -z \"$MYSQL_UNIX_PORT\" ]; then\n"                                            \
	"	for s in $(my_print_defaults client mysqld server mariadb mariadbd 2>/dev/null "  \
	"|\n"                                                                               \
	"		sed -n 's/^--socket=//p') /run/mysqld/mysqld.sock \\\n"                          \
	"		/var/run/mysqld/mysqld.sock /var/lib/mysql/mysql.sock /tmp/mysql.sock; "         \
	"do\n"                                                                              \
	"		! [ -S \"$s\" ] || { MYSQL_UNIX_PORT=$s; break; }\n"                             \
	"	done\n"                                                                           \
	"fi\n"                                                                              \
	"secret() {\n"                                                                      \
	"	if [ -n \"$1\" ]; then MYSQL_PWD=$1\n"                                            \
	"	elif [ -n \"$2\" ]; then MYSQL_PWD=$(cat \"$2\")\n"                               \
	"	else return 1\n"                                                                  \
	"	fi\n"                                                                             \
	"}\n"                                                                               \
	"case $user in\n"                                                                   \
	"root)\n"                                                                           \
	"	secret \"$MARIADB_ROOT_PASSWORD\" \"$MARIADB_ROOT_PASSWORD_FILE\" ||\n"           \
	"		secret \"$MYSQL_ROOT_PASSWORD\" \"$MYSQL_ROOT_PASSWORD_FILE\" ;;\n"              \
	"\"$MARIADB_USER\") secret \"$MARIADB_PASSWORD\" \"$MARIADB_PASSWORD_FILE\" ;;\n"   \
	"\"$MYSQL_USER\") secret \"$MYSQL_PASSWORD\" \"$MYSQL_PASSWORD_FILE\" ;;\n"         \
	"esac\n"                                                                            \
	"unset MYSQL_HOST MYSQL_TCP_PORT LC_ALL\n"                                          \
	"export MYSQL_PWD MYSQL_UNIX_PORT\n"                                                \
	"[ -n \"$MYSQL_PWD\" ] || unset MYSQL_PWD\n"                                        \
	"[ -n \"$MYSQL_UNIX_PORT\" ] || unset MYSQL_UNIX_PORT\n"

/*
 * ask: what is asked knows the names as @base, @in and @out, which differ as bytes do.
 *
 * A name gets into SQL as the hexadecimal digits of its bytes, and from there into a statement by
 * the server, which doubles its quotes: so what is asked says statements, and they are run then.
 * Those that end sessions may find nobody any more.
 *
 * binary-mode: no line of a dump is a command to the client.
 */
static const char inside_text[] = FIND_CLIENT
    "run() {\n"
    "	\"$client\" --no-defaults --protocol=socket --user=\"$user\" --connect-timeout=10 \\\n"
    "		--default-character-set=utf8mb4 --max-allowed-packet=1G --batch --raw \\\n"
    "		--skip-column-names \"$@\"\n"
    "}\n"
    "hex() { printf '%s' \"$1\" | od -An -v -tx1 | tr -d ' \\n'; }\n"
    "ask() {\n"
    "	{\n"
    "		echo \"SET SESSION sql_mode = '', group_concat_max_len = 16777216;\"\n"
    "		for v in base in out; do\n"
    "			eval \"x=\\$$v\"\n"
    "			x=$(hex \"$x\")\n"
    "			echo \"SET @$v = CONVERT(x'$x' USING utf8) COLLATE utf8_bin;\"\n"
    "		done\n"
    "		cat\n"
    "	} | run --database=information_schema\n"
    "}\n"
    "case $verb in\n"
    "look)\n"
    "	run -e 'SELECT 1' </dev/null >/dev/null || exit 2\n"
    "	ask ;;\n"
    "stage | open) ask ;;\n"
    "dump)\n"
    "	more=\n"
    "	! \"$dumper\" --no-defaults --help 2>/dev/null | grep -q set-gtid-purged ||\n"
    "		more='--set-gtid-purged=OFF --loose-column-statistics=0'\n"
    "	exec \"$dumper\" --no-defaults --protocol=socket --user=\"$user\" \\\n"
    "		--default-character-set=utf8mb4 --max-allowed-packet=1G --single-transaction \\\n"
    "		--quick --hex-blob --comments --no-tablespaces $more -- \"$base\" ;;\n"
    "load)\n"
    "	run --binary-mode --database=\"$in\" &&\n"
    "		run --database=\"$in\" -e 'RENAME TABLE rfa_loading TO rfa_whole' </dev/null ;;\n"
    "*)\n"
    "	text=$(ask) || exit 1\n"
    "	printf '%s\\n' \"$text\" | grep '^KILL [0-9]*;$' | run --force 2>/dev/null\n"
    "	{\n"
    "		echo \"SET SESSION sql_mode = '', lock_wait_timeout = 20;\"\n"
    "		printf '%s\\n' \"$text\" | grep -v '^KILL [0-9]*;$'\n"
    "	} | run ;;\n"
    "esac\n";

/* The last line that is written, and no line of the data: those have none of their own. */
static const char functions[] =
    "whole() {\n"
    "	case $(tail -c 300 -- \"$1\" | tail -n 1 | tr -d '\\000') in\n"
    "	'-- Dump completed'*) ;;\n"
    "	*) echo 'its last line is not \"-- Dump completed\": it was cut'; return 1 ;;\n"
    "	esac\n"
    "}\n"
    "reads() { whole \"$1\"; }\n";

/* ---- SQL ------------------------------------------------------------------------------------- */

#define QUOTED(what) "'`', REPLACE(" what ", '`', '``'), '`'"

/* ---- looking ---- */

/* A host has its port behind it. */
#define SESSIONS                                                                    \
	"SET @sessions = (SELECT GROUP_CONCAT('{\"pid\":', id, ',\"user\":',\n"     \
	"	JSON_QUOTE(user), ',\"from\":', JSON_QUOTE(CASE\n"                        \
	"	WHEN host = 'localhost' THEN 'the container' WHEN host LIKE '%:%' THEN\n" \
	"	LEFT(host, CHAR_LENGTH(host) - 1 - CHAR_LENGTH(\n"                        \
	"	SUBSTRING_INDEX(host, ':', -1))) ELSE host END),\n"                       \
	"	',\"program\":', JSON_QUOTE(command), '}')\n"                             \
	"	FROM (SELECT id, user, host, command FROM processlist\n"                  \
	"	WHERE db = @base AND id <> CONNECTION_ID() ORDER BY id LIMIT 20) s);\n"

/* With what is beside it, but for what is being filled. */
#define DATABASES                                                                       \
	"SET @databases = (SELECT GROUP_CONCAT(JSON_QUOTE(schema_name), ':', (SELECT\n" \
	"	CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED)\n"             \
	"	FROM tables t WHERE table_schema = s.schema_name COLLATE utf8_bin))\n"        \
	"	FROM schemata s WHERE schema_name = @base\n"                                  \
	"	OR (LEFT(schema_name, CHAR_LENGTH(@base) + 5) = CONCAT(@base, '_rfa_')\n"     \
	"	AND NOT EXISTS (SELECT * FROM tables t WHERE table_name = 'rfa_loading'\n"    \
	"	AND table_schema = s.schema_name COLLATE utf8_bin)));\n"

/* Only tables of InnoDB are moved between databases as a whole or not at all. */
#define UNFIT                                                                     \
	"SET @unfit = (SELECT GROUP_CONCAT(JSON_QUOTE(says)) FROM (\n"            \
	"	SELECT CONCAT(CASE table_type WHEN 'VIEW' THEN 'it has the view '\n"    \
	"		WHEN 'SEQUENCE' THEN 'it has the sequence '\n"                         \
	"		WHEN 'SYSTEM VERSIONED' THEN 'it has the table with a history '\n"     \
	"		ELSE 'it has a table of rfa''s own, ' END, table_name) AS says\n"      \
	"		FROM tables WHERE table_schema = @base AND\n"                          \
	"		(table_type <> 'BASE TABLE'\n"                                         \
	"		OR table_name IN ('rfa_whole', 'rfa_loading'))\n"                      \
	"	UNION ALL SELECT CONCAT('it has the table ', table_name,\n"             \
	"		', which is not of InnoDB but of ', COALESCE(engine, 'none'))\n"       \
	"		FROM tables WHERE table_schema = @base\n"                              \
	"		AND table_type = 'BASE TABLE' AND COALESCE(engine, '') <> 'InnoDB'\n"  \
	"	UNION ALL SELECT CONCAT('it has the trigger ', trigger_name)\n"         \
	"		FROM triggers WHERE trigger_schema = @base\n"                          \
	"	UNION ALL SELECT CONCAT('it has the ', LOWER(routine_type), ' ',\n"     \
	"		routine_name) FROM routines WHERE routine_schema = @base\n"            \
	"	UNION ALL SELECT CONCAT('it has the event ', event_name)\n"             \
	"		FROM events WHERE event_schema = @base\n"                              \
	"	UNION ALL SELECT CONCAT('the foreign key ', constraint_name, ' of ',\n" \
	"		constraint_schema, '.', table_name, ' refers to ',\n"                  \
	"		unique_constraint_schema, '.', referenced_table_name)\n"               \
	"		FROM referential_constraints WHERE constraint_schema\n"                \
	"		<> unique_constraint_schema COLLATE utf8_bin\n"                        \
	"		AND @base IN (constraint_schema, unique_constraint_schema)\n"          \
	"	UNION ALL SELECT CONCAT('the user ', CURRENT_USER(),\n"                 \
	"		' may not see who else uses it (PROCESS)')\n"                          \
	"		FROM DUAL WHERE NOT EXISTS (SELECT * FROM user_privileges\n"           \
	"		WHERE grantee = @me AND privilege_type = 'PROCESS')\n"                 \
	"	) o);\n"

#define OBSTACLES                                                            \
	"SET @obstacles = (SELECT GROUP_CONCAT(JSON_QUOTE(says)) FROM (\n"   \
	"	SELECT 'the server is read-only' AS says FROM DUAL\n"              \
	"		WHERE @@global.read_only\n"                                       \
	"	UNION ALL SELECT CONCAT('the user ', CURRENT_USER(),\n"            \
	"		' may not make another one beside it, and move tables there')\n"  \
	"		FROM DUAL WHERE (SELECT COUNT(DISTINCT privilege_type) FROM (\n"  \
	"		SELECT privilege_type FROM user_privileges WHERE grantee = @me\n" \
	"		UNION ALL SELECT privilege_type FROM schema_privileges\n"         \
	"			WHERE grantee = @me\n"                                           \
	"			AND CONCAT(@base, '_rfa_new_1') LIKE table_schema\n"             \
	"		) p WHERE privilege_type IN\n"                                    \
	"		('SELECT', 'INSERT', 'CREATE', 'DROP', 'ALTER')) < 5\n"           \
	"	) o);\n"

/* One is older than another by its first two numbers. */
static const char look_sql[] =
    "/*!80000 SET SESSION information_schema_stats_expiry = 0 */;\n"
    "SET @me = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''');\n" SESSIONS DATABASES
	UNFIT OBSTACLES "SELECT CONCAT('{\"up\":true,\"version\":', JSON_QUOTE(VERSION()),\n"
    "	',\"major\":', 100 * CAST(SUBSTRING_INDEX(VERSION(), '.', 1) AS UNSIGNED)\n"
    "	+ CAST(SUBSTRING_INDEX(SUBSTRING_INDEX(VERSION(), '.', 2), '.', -1) AS UNSIGNED),\n"
    "	',\"make\":\"', IF(VERSION() LIKE '%MariaDB%', 'MariaDB', 'MySQL'), '\"',\n"
    "	',\"data\":', JSON_QUOTE(@@datadir), ',\"databases\":{', COALESCE(@databases, ''),\n"
    "	'},\"sessions\":[', COALESCE(@sessions, ''), '],\"unfit\":[', COALESCE(@unfit, ''),\n"
    "	'],\"obstacles\":[', COALESCE(@obstacles, ''), ']}');\n";

/* ---- changing ---- */

#define DROP_IN                                                                \
	"SELECT CONCAT('KILL ', id, ';') FROM processlist\n"                   \
	"	WHERE db = @in AND id <> CONNECTION_ID();\n"                         \
	"SELECT CONCAT('DROP TABLE ', " QUOTED(                                \
	    "@in") ", '.rfa_whole;') FROM tables\n"                            \
		   "	WHERE table_schema = @in AND table_name = 'rfa_whole';\n" \
		   "SELECT CONCAT('DROP DATABASE IF EXISTS ', " QUOTED("@in") ", ';');\n"

#define CREATE(name)                                                  \
	"SELECT CONCAT('CREATE DATABASE IF NOT EXISTS ', " QUOTED(    \
	    name) ",\n"                                               \
		  "	' CHARACTER SET ', default_character_set_name,\n" \
		  "	' COLLATE ', default_collation_name, ';')\n"      \
		  "	FROM schemata WHERE schema_name = @base"

static const char make_sql[] =
    DROP_IN CREATE("@in") ";\n"
			  "SELECT CONCAT('CREATE TABLE ', " QUOTED(
			      "@in") ", '.rfa_loading (id INT PRIMARY KEY)',\n"
				     "	' ENGINE=InnoDB;');\n";

/* What is neither whole nor being filled is what is left of an exchange. */
#define STAGE                                                                   \
	"SET @has_in = EXISTS (SELECT * FROM tables\n"                          \
	"	WHERE table_schema = @in AND table_name = 'rfa_whole');\n"            \
	"SET @has_out = EXISTS (SELECT * FROM tables\n"                         \
	"	WHERE table_schema = @out AND table_name = 'rfa_whole');\n"           \
	"SET @rest = EXISTS (SELECT * FROM schemata WHERE schema_name = @in)\n" \
	"	AND NOT EXISTS (SELECT * FROM tables WHERE table_schema = @in\n"      \
	"	AND table_name IN ('rfa_whole', 'rfa_loading'));\n"

static const char stage_sql[] =
    STAGE "SELECT CONCAT((SELECT COUNT(*) FROM schemata WHERE schema_name = @base),\n"
	  "	@has_in OR (@has_out AND @rest), @has_out AND NOT @rest);\n";

#define MOVE(from, to)                                                    \
	QUOTED(from)                                                      \
	", '.', " QUOTED("table_name") ", ' TO ', " QUOTED(to) ", '.',\n" \
							       "	" QUOTED("table_name")

/*
 * A view makes it fail as a whole, and so does a trigger; of a routine or an event nothing would be
 * seen.
 */
static const char swap_sql[] = STAGE
    "SELECT CONCAT('KILL ', id, ';') FROM processlist\n"
    "	WHERE (db = @base OR db = @in) AND id <> CONNECTION_ID();\n"
    "SELECT 'SIGNAL SQLSTATE ''45000'' SET MESSAGE_TEXT = ''it has routines or events'';'\n"
    "	FROM DUAL WHERE EXISTS (SELECT * FROM routines WHERE routine_schema = @base)\n"
    "	OR EXISTS (SELECT * FROM events WHERE event_schema = @base);\n" CREATE(
	"@out") " AND @has_in;\n"
		"SELECT 'RENAME TABLE' FROM DUAL WHERE @has_in;\n"
		"SELECT CONCAT(" MOVE(
		    "@base",
		    "@out") ", ',') FROM tables\n"
			    "	WHERE table_schema = @base AND @has_in;\n"
			    "SELECT CONCAT(" QUOTED("@in") ", '.rfa_whole TO ', " QUOTED(
				"@out") ", '.rfa_whole')\n"
					"	FROM DUAL WHERE @has_in;\n"
					"SELECT CONCAT(', ', " MOVE(
					    "@in",
					    "@base") ") FROM tables\n"
						     "	WHERE table_schema = @in AND table_name <> "
						     "'rfa_whole' AND @has_in;\n"
						     "SELECT ';' FROM DUAL WHERE @has_in;\n"
						     "SELECT CONCAT('RENAME TABLE ', " MOVE(
							 "@in",
							 "@base") ", ';') FROM tables\n"
								  "	WHERE table_schema = @in "
								  "AND @rest AND @has_out;\n"
								  "SELECT CONCAT('DROP DATABASE "
								  "', " QUOTED(
								      "@in") ", ';') FROM DUAL\n"
									     "	WHERE (@has_in AND "
									     "NOT @has_out) OR "
									     "(@rest AND "
									     "@has_out);\n";

/* No database can be kept from taking sessions, so there is nothing to open. */
static const char open_sql[] = "SELECT 1;\n";

static const char drop_sql[] = DROP_IN;

const struct shell_engine rfa_shell_mysql = {
	.name = "mysql",
	.program = inside_text,
	.functions = functions,
	.sql = { [SHELL_ASK_LOOK] = look_sql,
		 [SHELL_ASK_MAKE] = make_sql,
		 [SHELL_ASK_STAGE] = stage_sql,
		 [SHELL_ASK_SWAP] = swap_sql,
		 [SHELL_ASK_OPEN] = open_sql,
		 [SHELL_ASK_DROP] = drop_sql },
};

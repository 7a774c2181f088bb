-- Says what is true of a database, as JSON.
/*!80000 SET SESSION information_schema_stats_expiry = 0 */;
SET @me = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''');
-- A host has its port behind it.
SET @sessions = (SELECT GROUP_CONCAT('{"pid":', id, ',"user":',
	JSON_QUOTE(user), ',"from":', JSON_QUOTE(CASE
	WHEN host = 'localhost' THEN 'the container' WHEN host LIKE '%:%' THEN
	LEFT(host, CHAR_LENGTH(host) - 1 - CHAR_LENGTH(
	SUBSTRING_INDEX(host, ':', -1))) ELSE host END),
	',"program":', JSON_QUOTE(command), '}')
	FROM (SELECT id, user, host, command FROM processlist
	WHERE db = @base AND id <> CONNECTION_ID() ORDER BY id LIMIT 20) s);
-- With what is beside it, but for what is being filled.
SET @databases = (SELECT GROUP_CONCAT(JSON_QUOTE(schema_name), ':', (SELECT
	CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED)
	FROM tables t WHERE table_schema = s.schema_name COLLATE utf8_bin))
	FROM schemata s WHERE schema_name = @base
	OR (LEFT(schema_name, CHAR_LENGTH(@base) + 5) = CONCAT(@base, '_rfa_')
	AND NOT EXISTS (SELECT * FROM tables t WHERE table_name = 'rfa_loading'
	AND table_schema = s.schema_name COLLATE utf8_bin)));
-- Only tables of InnoDB are moved between databases as a whole or not at all.
SET @unfit = (SELECT GROUP_CONCAT(JSON_QUOTE(says)) FROM (
	SELECT CONCAT(CASE table_type WHEN 'VIEW' THEN 'it has the view '
		WHEN 'SEQUENCE' THEN 'it has the sequence '
		WHEN 'SYSTEM VERSIONED' THEN 'it has the table with a history '
		ELSE 'it has a table of rfa''s own, ' END, table_name) AS says
		FROM tables WHERE table_schema = @base AND
		(table_type <> 'BASE TABLE'
		OR table_name IN ('rfa_whole', 'rfa_loading'))
	UNION ALL SELECT CONCAT('it has the table ', table_name,
		', which is not of InnoDB but of ', COALESCE(engine, 'none'))
		FROM tables WHERE table_schema = @base
		AND table_type = 'BASE TABLE' AND COALESCE(engine, '') <> 'InnoDB'
	UNION ALL SELECT CONCAT('it has the trigger ', trigger_name)
		FROM triggers WHERE trigger_schema = @base
	UNION ALL SELECT CONCAT('it has the ', LOWER(routine_type), ' ',
		routine_name) FROM routines WHERE routine_schema = @base
	UNION ALL SELECT CONCAT('it has the event ', event_name)
		FROM events WHERE event_schema = @base
	UNION ALL SELECT CONCAT('the foreign key ', constraint_name, ' of ',
		constraint_schema, '.', table_name, ' refers to ',
		unique_constraint_schema, '.', referenced_table_name)
		FROM referential_constraints WHERE constraint_schema
		<> unique_constraint_schema COLLATE utf8_bin
		AND @base IN (constraint_schema, unique_constraint_schema)
	UNION ALL SELECT CONCAT('the user ', CURRENT_USER(),
		' may not see who else uses it (PROCESS)')
		FROM DUAL WHERE NOT EXISTS (SELECT * FROM user_privileges
		WHERE grantee = @me AND privilege_type = 'PROCESS')
	) o);
SET @obstacles = (SELECT GROUP_CONCAT(JSON_QUOTE(says)) FROM (
	SELECT 'the server is read-only' AS says FROM DUAL
		WHERE @@global.read_only
	UNION ALL SELECT CONCAT('the user ', CURRENT_USER(),
		' may not make another one beside it, and move tables there')
		FROM DUAL WHERE (SELECT COUNT(DISTINCT privilege_type) FROM (
		SELECT privilege_type FROM user_privileges WHERE grantee = @me
		UNION ALL SELECT privilege_type FROM schema_privileges
			WHERE grantee = @me
			AND CONCAT(@base, '_rfa_new_1') LIKE table_schema
		) p WHERE privilege_type IN
		('SELECT', 'INSERT', 'CREATE', 'DROP', 'ALTER')) < 5
	) o);
-- One is older than another by its first two numbers.
SELECT CONCAT('{"up":true,"version":', JSON_QUOTE(VERSION()),
	',"major":', 100 * CAST(SUBSTRING_INDEX(VERSION(), '.', 1) AS UNSIGNED)
	+ CAST(SUBSTRING_INDEX(SUBSTRING_INDEX(VERSION(), '.', 2), '.', -1) AS UNSIGNED),
	',"make":"', IF(VERSION() LIKE '%MariaDB%', 'MariaDB', 'MySQL'), '"',
	',"data":', JSON_QUOTE(@@datadir), ',"databases":{', COALESCE(@databases, ''),
	'},"sessions":[', COALESCE(@sessions, ''), '],"unfit":[', COALESCE(@unfit, ''),
	'],"obstacles":[', COALESCE(@obstacles, ''), ']}');

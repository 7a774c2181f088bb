-- Says the statements that swap the database: what serves moves to `out`, and `in` to its place.
--
-- A view makes it fail as a whole, and so does a trigger; of a routine or an event nothing would be
-- seen.
source lib_mysql_stages.sql
SELECT CONCAT('KILL ', id, ';') FROM processlist
	WHERE (db = @base OR db = @in) AND id <> CONNECTION_ID();
SELECT 'SIGNAL SQLSTATE ''45000'' SET MESSAGE_TEXT = ''it has routines or events'';'
	FROM DUAL WHERE EXISTS (SELECT * FROM routines WHERE routine_schema = @base)
	OR EXISTS (SELECT * FROM events WHERE event_schema = @base);
SELECT CONCAT('CREATE DATABASE IF NOT EXISTS ', '`', REPLACE(@out, '`', '``'), '`',
	' CHARACTER SET ', default_character_set_name,
	' COLLATE ', default_collation_name, ';')
	FROM schemata WHERE schema_name = @base AND @has_in;
SELECT 'RENAME TABLE' FROM DUAL WHERE @has_in;
SELECT CONCAT('`', REPLACE(@base, '`', '``'), '`', '.',
	'`', REPLACE(table_name, '`', '``'), '`', ' TO ',
	'`', REPLACE(@out, '`', '``'), '`', '.',
	'`', REPLACE(table_name, '`', '``'), '`', ',') FROM tables
	WHERE table_schema = @base AND @has_in;
SELECT CONCAT('`', REPLACE(@in, '`', '``'), '`', '.rfa_whole TO ',
	'`', REPLACE(@out, '`', '``'), '`', '.rfa_whole')
	FROM DUAL WHERE @has_in;
SELECT CONCAT(', ', '`', REPLACE(@in, '`', '``'), '`', '.',
	'`', REPLACE(table_name, '`', '``'), '`', ' TO ',
	'`', REPLACE(@base, '`', '``'), '`', '.',
	'`', REPLACE(table_name, '`', '``'), '`') FROM tables
	WHERE table_schema = @in AND table_name <> 'rfa_whole' AND @has_in;
SELECT ';' FROM DUAL WHERE @has_in;
SELECT CONCAT('RENAME TABLE ', '`', REPLACE(@in, '`', '``'), '`', '.',
	'`', REPLACE(table_name, '`', '``'), '`', ' TO ',
	'`', REPLACE(@base, '`', '``'), '`', '.',
	'`', REPLACE(table_name, '`', '``'), '`', ';') FROM tables
	WHERE table_schema = @in AND @rest AND @has_out;
SELECT CONCAT('DROP DATABASE ', '`', REPLACE(@in, '`', '``'), '`', ';') FROM DUAL
	WHERE (@has_in AND NOT @has_out) OR (@rest AND @has_out);

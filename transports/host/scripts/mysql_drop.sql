-- Says the statements that remove the database `in`.
SELECT CONCAT('KILL ', id, ';') FROM processlist
	WHERE db = @in AND id <> CONNECTION_ID();
SELECT CONCAT('DROP TABLE ', '`', REPLACE(@in, '`', '``'), '`', '.rfa_whole;') FROM tables
	WHERE table_schema = @in AND table_name = 'rfa_whole';
SELECT CONCAT('DROP DATABASE IF EXISTS ', '`', REPLACE(@in, '`', '``'), '`', ';');

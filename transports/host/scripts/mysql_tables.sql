-- Says which tables of users a database has, as JSON.
SET @names = (SELECT GROUP_CONCAT(JSON_QUOTE(table_name)) FROM (SELECT table_name FROM tables
	WHERE table_schema = @base AND table_name NOT IN ('rfa_whole', 'rfa_loading')
	ORDER BY table_name LIMIT 3) t);
SELECT CONCAT('{"up":true,"tables":', COUNT(*), ',"names":[', COALESCE(@names, ''), ']}')
	FROM tables WHERE table_schema = @base AND table_name NOT IN ('rfa_whole', 'rfa_loading');

-- Says who gets in, as JSON: by the rules in the files, and by what is in force if that is another thing.
--
-- A rule that cannot match (hostssl without SSL) is told as wrong, and yet the file is read. A server of 16
-- or newer says of each rule in which file it is.
WITH rules AS (
	SELECT coalesce(to_json(r)->>'file_name', current_setting('hba_file')) AS file,
		line_number AS line, type, auth_method AS method, error,
		array_to_string(database, ',') AS database, array_to_string(user_name, ',') AS name,
		address || coalesce('/' || netmask, '') AS address,
		address IN ('localhost', 'samehost') OR (address LIKE '127.%' AND netmask LIKE '255.%')
			OR (address = '::1' AND netmask LIKE 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff') AS near
	FROM pg_hba_file_rules r)
SELECT json_build_object(
	'up', true,
	'open', (SELECT coalesce(json_agg(format('line %s of %s lets %s in from %s without a password (trust), to the database %s',
			line, file, name, address, database) ORDER BY file, line), '[]')
		FROM rules WHERE method = 'trust' AND type <> 'local' AND near IS NOT TRUE),
	'wide', '[]'::json,
	'unsure', (SELECT coalesce(json_agg(o.says), '[]') FROM (
		SELECT format('line %s of %s is wrong, so that the rules of before are in force: %s',
			line, file, error) AS says FROM rules
			WHERE error NOT LIKE '%cannot match because%'
		UNION ALL SELECT f.file || ' was changed after the server has read it'
			FROM (SELECT current_setting('hba_file') AS file UNION SELECT file FROM rules) f
			WHERE (pg_stat_file(f.file, true)).modification > pg_conf_load_time()
		) o));

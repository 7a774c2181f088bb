-- Says what is true of a database, as JSON.
SELECT json_build_object(
	'up', true,
	'version', current_setting('server_version'),
	'major', current_setting('server_version_num')::int / 10000,
	'data', (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
	'databases', (SELECT coalesce(json_object_agg(datname, pg_database_size(oid)), '{}')
		FROM pg_database WHERE datname = :'base'
		OR left(datname, length(:'base' || '_rfa_')) = :'base' || '_rfa_'),
	'sessions', (SELECT coalesce(json_agg(s), '[]') FROM (
		SELECT pid, coalesce(usename::text, '') AS user,
			coalesce(host(client_addr), 'the container') AS from,
			coalesce(application_name, '') AS program
		FROM pg_stat_activity WHERE datname = :'base' AND pid <> pg_backend_pid()
			AND backend_type = 'client backend' ORDER BY pid LIMIT 20) s),
	'obstacles', (SELECT coalesce(json_agg(o.says), '[]') FROM (
		SELECT 'it is a template' AS says FROM pg_database
			WHERE datname = :'base' AND datistemplate
		UNION ALL SELECT 'the transaction ' || gid || ' is prepared in it'
			FROM pg_prepared_xacts WHERE database = :'base'
		UNION ALL SELECT 'the replication slot ' || slot_name || ' is of it'
			FROM pg_replication_slots WHERE database = :'base'
		UNION ALL SELECT 'the subscription ' || subname || ' writes to it'
			FROM pg_subscription JOIN pg_database d ON d.oid = subdbid
			WHERE datname = :'base'
		UNION ALL SELECT 'the user ' || current_user || ' may not rename it: only a superuser may, or its owner with CREATEDB'
			FROM pg_database JOIN pg_roles r ON r.rolname = current_user
			WHERE datname = :'base' AND NOT rolsuper
			AND NOT (rolcreatedb AND pg_has_role(datdba, 'USAGE'))
		) o));

-- Makes the database `in`, empty, like the one that it is for; what was there before is gone.
--
-- Whatever the versions call a locale. Lists among the settings are kept in quotes already.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE datname = :'in' AND pid <> pg_backend_pid();
DROP DATABASE IF EXISTS :"in";
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L '
	'LC_CTYPE %L', :'in', pg_get_userbyid(datdba), pg_encoding_to_char(encoding),
	datcollate, datctype) || CASE j->>'datlocprovider'
	WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', l)
	WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', l)
	ELSE '' END
FROM (SELECT d.*, to_jsonb(d) AS j,
	coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale') AS l
	FROM pg_database d WHERE datname = :'base') x \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'in') FROM pg_database
	WHERE datname = :'base' AND datacl IS NOT NULL \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, :'in',
	CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
	CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
	FROM pg_database, aclexplode(datacl) a
	WHERE datname = :'base' AND a.grantee <> datdba \gexec
SELECT format('ALTER %sDATABASE %I SET %I TO ',
	CASE setrole WHEN 0 THEN '' ELSE 'ROLE ' || quote_ident(pg_get_userbyid(setrole))
	|| ' IN ' END, :'in', split_part(c, '=', 1)) ||
	CASE WHEN split_part(c, '=', 1) IN ('search_path', 'temp_tablespaces',
	'session_preload_libraries', 'local_preload_libraries')
	THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END
	FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase,
	unnest(setconfig) c WHERE datname = :'base' \gexec

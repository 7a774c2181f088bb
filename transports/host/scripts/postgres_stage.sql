-- Says whether the database, `in` and `out` are there, a digit each.
SELECT count(*) FILTER (WHERE datname = :'base')::text ||
	count(*) FILTER (WHERE datname = :'in')::text ||
	count(*) FILTER (WHERE datname = :'out')::text FROM pg_database;

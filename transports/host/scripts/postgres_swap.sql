-- Swaps the database: what serves becomes `out`, and `in` takes its place.
--
-- From the first rename on nobody can connect to it until the transaction ends, and then finds the new
-- one. A session that came between the end of the sessions and the rename makes it fail, as a whole.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE datname IN (:'base', :'in') AND pid <> pg_backend_pid();
BEGIN;
ALTER DATABASE :"base" RENAME TO :"out";
ALTER DATABASE :"out" WITH ALLOW_CONNECTIONS false;
ALTER DATABASE :"in" RENAME TO :"base";
ALTER DATABASE :"base" WITH ALLOW_CONNECTIONS false;
COMMIT;

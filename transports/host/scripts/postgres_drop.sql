-- Removes the database `in`.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE datname = :'in' AND pid <> pg_backend_pid();
DROP DATABASE IF EXISTS :"in";

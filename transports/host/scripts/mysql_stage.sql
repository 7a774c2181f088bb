-- Says whether the database, `in` and `out` are there, a digit each.
source lib_mysql_stages.sql
SELECT CONCAT((SELECT COUNT(*) FROM schemata WHERE schema_name = @base),
	@has_in OR (@has_out AND @rest), @has_out AND NOT @rest);

-- Part of other statements: which databases of rfa's own are whole, and what is left of a swap.
--
-- What is neither whole nor being filled is what is left of a swap.
SET @has_in = EXISTS (SELECT * FROM tables
	WHERE table_schema = @in AND table_name = 'rfa_whole');
SET @has_out = EXISTS (SELECT * FROM tables
	WHERE table_schema = @out AND table_name = 'rfa_whole');
SET @rest = EXISTS (SELECT * FROM schemata WHERE schema_name = @in)
	AND NOT EXISTS (SELECT * FROM tables WHERE table_schema = @in
	AND table_name IN ('rfa_whole', 'rfa_loading'));

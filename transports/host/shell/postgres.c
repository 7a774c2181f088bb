/* The programs of PostgreSQL, and what they are asked. */
#include "transports/host/shell/servers.h"

const struct shell_engine rfa_shell_postgres = {
	.name = "postgres",
	.program = rfa_script_postgres_program,
	.functions = rfa_script_postgres_functions,
	.sql = { [SHELL_ASK_OBSERVE] = rfa_sql_postgres_observe,
		 [SHELL_ASK_ACCESS] = rfa_sql_postgres_access,
		 [SHELL_ASK_TABLES] = rfa_sql_postgres_tables,
		 [SHELL_ASK_MAKE] = rfa_sql_postgres_make,
		 [SHELL_ASK_STAGE] = rfa_sql_postgres_stage,
		 [SHELL_ASK_SWAP] = rfa_sql_postgres_swap,
		 [SHELL_ASK_OPEN] = rfa_sql_postgres_open,
		 [SHELL_ASK_DROP] = rfa_sql_postgres_drop },
};

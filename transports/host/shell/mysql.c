/*
 * The programs of MySQL and MariaDB, and what they are asked.
 *
 * Neither can rename a database, but one RENAME TABLE moves any number of tables between databases,
 * all of them or none. So that it shows what has happened, a table of rfa's own lies in each of
 * rfa's databases, rfa_whole, and moves in the midst of the others: wherever it is, nothing else
 * has moved before it but the old tables. A server that is older than such a rename is crash-safe
 * (MariaDB 10.6, MySQL 8.0) may have moved some when it is cut off; the rest follows.
 *
 * A database of rfa's own that is just being filled has rfa_loading instead, and is none yet.
 */
#include "transports/host/shell/servers.h"

const struct shell_engine rfa_shell_mysql = {
	.name = "mysql",
	.program = rfa_script_mysql_program,
	.functions = rfa_script_mysql_functions,
	.sql = { [SHELL_ASK_OBSERVE] = rfa_sql_mysql_observe,
		 [SHELL_ASK_ACCESS] = rfa_sql_mysql_access,
		 [SHELL_ASK_TABLES] = rfa_sql_mysql_tables,
		 [SHELL_ASK_MAKE] = rfa_sql_mysql_make,
		 [SHELL_ASK_STAGE] = rfa_sql_mysql_stage,
		 [SHELL_ASK_SWAP] = rfa_sql_mysql_swap,
		 [SHELL_ASK_OPEN] = rfa_sql_mysql_open,
		 [SHELL_ASK_DROP] = rfa_sql_mysql_drop },
};

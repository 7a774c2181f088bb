/* The keys of rfa.json that say how a database begins. */
#include "cli/config/schema_init.h"

#include "cli/config/schema_checks.h"
#include "cli/config/schema_servers.h"

static const struct rfa_format below = {
	"a path below the Compose directory, without . or .. in it",
	"^([^./][^/]*|[.][^./][^/]*)(/([^./][^/]*|[.][^./][^/]*))*$",
};
static const struct rfa_key a_service = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"db\"",
	.help = "a Compose service",
	.format = &rfa_schema_key,
};
static const struct rfa_key a_file = {
	.name = "",
	.type = RFA_TYPE_STRING,
	.example = "\"sql/init.sql\"",
	.help = "a file of SQL",
	.format = &below,
};

const struct rfa_key rfa_schema_init[] = {
	{ .name = "first",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"db\",\"redis\"]",
	  .help = "Compose services that start before the others: the database is one of them",
	  .inside = &a_service },
	{ .name = "postgres",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"container\":\"shop-db-1\",\"database\":\"shop\"}",
	  .help = "the database, of a PostgreSQL server",
	  .inside = rfa_schema_postgres },
	{ .name = "mysql",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"container\":\"shop-db-1\",\"database\":\"shop\"}",
	  .help = "the database, of a MySQL or MariaDB server",
	  .inside = rfa_schema_mysql },
	{ .name = "files",
	  .type = RFA_TYPE_ARRAY,
	  .fallback = "[]",
	  .example = "[\"sql/init.sql\",\"sql/partitions.sql\"]",
	  .help = "files of SQL below the Compose directory, which run in it in this order, in one "
		  "transaction, if it has no tables",
	  .inside = &a_file },
	{ .name = "stamp",
	  .type = RFA_TYPE_OBJECT,
	  .example = "{\"service\":\"web\",\"command\":[\"alembic\",\"stamp\",\"head\"]}",
	  .help = "a command that runs behind them, once all containers run; it may run twice",
	  .inside = rfa_schema_exec },
	{ .name = "tables_min",
	  .type = RFA_TYPE_INTEGER,
	  .fallback = "0",
	  .example = "50",
	  .help = "so many tables it must have in the end",
	  .min = 0,
	  .max = 100000 },
	{ .name = NULL },
};

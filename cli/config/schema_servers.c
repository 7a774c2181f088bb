/* The keys of rfa.json that name a database of a server in a container. */
#include "cli/config/schema_servers.h"

static const struct rfa_format container = {
	"a container's name: letters, digits, _ . and -",
	"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$",
};

const struct rfa_key rfa_schema_postgres[] = {
	{ .name = "container",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"shop-db-1\"",
	  .help = "the container that the server runs in; it is not stopped",
	  .format = &container },
	{ .name = "database",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"shop\"",
	  .help = "the database; it must be there, in all environments" },
	{ .name = "user",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"postgres\"",
	  .example = "\"postgres\"",
	  .help = "as whom: a superuser, or the database's owner with CREATEDB" },
	{ .name = NULL },
};

const struct rfa_key rfa_schema_mysql[] = {
	{ .name = "container",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"shop-db-1\"",
	  .help = "the container that the server runs in; it is not stopped",
	  .format = &container },
	{ .name = "database",
	  .type = RFA_TYPE_STRING,
	  .flags = RFA_KEY_REQUIRED,
	  .example = "\"shop\"",
	  .help = "the database; it must be there, in all environments" },
	{ .name = "user",
	  .type = RFA_TYPE_STRING,
	  .fallback = "\"root\"",
	  .example = "\"root\"",
	  .help = "as whom: who sees all sessions, and may make databases" },
	{ .name = NULL },
};

/* The keys of rfa.json that name a database of a server in a container. */
#include "cli/config/schema_servers.h"

static const struct rfa_format container = {
	"a container's name: letters, digits, _ . and -",
	"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$",
};

/* Of each kind of server; what the user may be differs. */
/* clang-format off */
#define KEYS_OF_SERVER(user_, whom) \
	{ .name = "container", .type = RFA_TYPE_STRING, .flags = RFA_KEY_REQUIRED, \
	  .example = "\"shop-db-1\"", \
	  .help = "the container that the server runs in; it is not stopped", \
	  .format = &container }, \
	{ .name = "database", .type = RFA_TYPE_STRING, .flags = RFA_KEY_REQUIRED, \
	  .example = "\"shop\"", \
	  .help = "the database; it must be there, in all environments" }, \
	{ .name = "user", .type = RFA_TYPE_STRING, .fallback = "\"" user_ "\"", \
	  .example = "\"" user_ "\"", .help = "as whom: " whom }, \
	{ .name = NULL }
/* clang-format on */

const struct rfa_key rfa_schema_postgres[] = {
	KEYS_OF_SERVER("postgres", "a superuser, or the database's owner with CREATEDB"),
};

const struct rfa_key rfa_schema_mysql[] = {
	KEYS_OF_SERVER("root", "who sees all sessions, and may make databases"),
};

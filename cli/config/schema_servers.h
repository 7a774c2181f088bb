/* The keys of rfa.json that name a database of a server in a container. */
#ifndef RFA_CLI_CONFIG_SCHEMA_SERVERS_H
#define RFA_CLI_CONFIG_SCHEMA_SERVERS_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_postgres[], rfa_schema_mysql[];

#endif

/* The keys of rfa.json that say how a new version changes the schema of the data. */
#ifndef RFA_CLI_CONFIG_SCHEMA_MIGRATE_H
#define RFA_CLI_CONFIG_SCHEMA_MIGRATE_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_migrate[]; /* "migrate" of a stack */

#endif

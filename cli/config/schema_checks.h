/* The keys of rfa.json that say what is checked. */
#ifndef RFA_CLI_CONFIG_SCHEMA_CHECKS_H
#define RFA_CLI_CONFIG_SCHEMA_CHECKS_H

#include "cli/config/keys.h"

/* One of a stack's "health", one of its "checks". */
extern const struct rfa_key rfa_schema_health, rfa_schema_check;
extern const struct rfa_key rfa_schema_exec[]; /* a command in a container */

#endif

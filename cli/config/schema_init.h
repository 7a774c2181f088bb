/* The keys of rfa.json that say how a database begins. */
#ifndef RFA_CLI_CONFIG_SCHEMA_INIT_H
#define RFA_CLI_CONFIG_SCHEMA_INIT_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_init[]; /* "init" of a stack */

#endif

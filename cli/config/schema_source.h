/* The keys of rfa.json that say where a stack's git repository is. */
#ifndef RFA_CLI_CONFIG_SCHEMA_SOURCE_H
#define RFA_CLI_CONFIG_SCHEMA_SOURCE_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_source[];   /* "source" of a stack */
extern const struct rfa_key rfa_schema_variable[]; /* in the one row of "variables" */

#endif

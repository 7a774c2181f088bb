/* The keys of rfa.json that say what must hold before anything is touched. */
#ifndef RFA_CLI_CONFIG_SCHEMA_GATES_H
#define RFA_CLI_CONFIG_SCHEMA_GATES_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_gates[]; /* "gates" of a stack */

#endif

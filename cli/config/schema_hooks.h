/* The keys of rfa.json that say which commands of the operator's stand around a run. */
#ifndef RFA_CLI_CONFIG_SCHEMA_HOOKS_H
#define RFA_CLI_CONFIG_SCHEMA_HOOKS_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_hooks[]; /* "hooks" of a stack */

#endif

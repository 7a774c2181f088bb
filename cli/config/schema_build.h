/* The keys of rfa.json that say how images are built. */
#ifndef RFA_CLI_CONFIG_SCHEMA_BUILD_H
#define RFA_CLI_CONFIG_SCHEMA_BUILD_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_build[]; /* "build" of a stack */

#endif

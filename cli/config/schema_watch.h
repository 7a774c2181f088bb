/* The keys of rfa.json that say which releases `rfa watch` begins. */
#ifndef RFA_CLI_CONFIG_SCHEMA_WATCH_H
#define RFA_CLI_CONFIG_SCHEMA_WATCH_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_watch[]; /* "watch" of a stack */

#endif

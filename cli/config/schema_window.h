/* The keys of rfa.json that say when something may be brought. */
#ifndef RFA_CLI_CONFIG_SCHEMA_WINDOW_H
#define RFA_CLI_CONFIG_SCHEMA_WINDOW_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_window[]; /* "window" of a stack */

#endif

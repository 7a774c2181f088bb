/* The keys of rfa.json that say who is told how runs end. */
#ifndef RFA_CLI_CONFIG_SCHEMA_NOTIFY_H
#define RFA_CLI_CONFIG_SCHEMA_NOTIFY_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_channel; /* one channel */

#endif

/* The keys of rfa.json that say how traffic moves to a new version. */
#ifndef RFA_CLI_CONFIG_SCHEMA_TRAFFIC_H
#define RFA_CLI_CONFIG_SCHEMA_TRAFFIC_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_traffic[]; /* of a stack */

#endif

/* The keys of rfa.json that are about registries. */
#ifndef RFA_CLI_CONFIG_SCHEMA_REGISTRY_H
#define RFA_CLI_CONFIG_SCHEMA_REGISTRY_H

#include "cli/config/keys.h"

extern const struct rfa_key rfa_schema_deploy[];   /* "deploy" of a stack */
extern const struct rfa_key rfa_schema_registry[]; /* of one registry */
extern const struct rfa_format rfa_schema_domain;  /* what it is called */

#endif

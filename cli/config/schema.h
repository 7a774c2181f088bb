/*
 * The keys of rfa.json in one declarative table: validation, suggestions, defaults, the examples
 * in error texts and docs/rfa.schema.json are all made from it.
 */
#ifndef RFA_CLI_CONFIG_SCHEMA_H
#define RFA_CLI_CONFIG_SCHEMA_H

#include <jansson.h>

#include "cli/config/keys.h"
#include "fsm/base/error.h"

/* In the place of an environment: the machine where rfa is typed. No environment is called so. */
#define RFA_OPERATOR "operator"

extern const struct rfa_key rfa_schema_root; /* an OBJECT */
extern const struct rfa_key rfa_schema_stack[];
extern const struct rfa_key rfa_schema_environment[];

/* The row of a key in a table, or NULL. */
const struct rfa_key *rfa_schema_find(const struct rfa_key *keys, const char *name);
/* "a string", "a list" … */
const char *rfa_schema_type(enum rfa_type type);
/* 1 if text fits the format. */
int rfa_schema_fits(const struct rfa_format *format, const char *text);
/* Fills the defaults of absent keys into an object, at every depth, and drops x- keys. */
int rfa_schema_complete(const struct rfa_key *keys, json_t *object,
			struct rfa_error *err) RFA_MUST_USE;
/* *out (new): the table as a JSON Schema. */
int rfa_schema_json(json_t **out, struct rfa_error *err) RFA_MUST_USE;

#endif

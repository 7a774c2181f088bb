/*
 * Facts are JSON objects (jansson): what a step has proven, what a plan froze. Encoded with
 * sorted keys and no spaces, so that equal facts are equal bytes.
 *
 * jansson's words for ownership are used: *new* (caller must json_decref), *borrowed*, *steals*.
 */
#ifndef RFA_FSM_BASE_FACTS_H
#define RFA_FSM_BASE_FACTS_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Deepest nesting and largest text that rfa_facts_parse() takes. */
#define RFA_FACTS_MAX_BYTES (16u << 20)

/*
 * Appends the canonical encoding (sorted keys, compact), in which characters that a terminal obeys,
 * or that cannot be seen, are \uNNNN (rfa_buf_put_json()).
 */
RFA_API int rfa_facts_encode(const json_t *facts, struct rfa_buf *out,
			     struct rfa_error *err) RFA_MUST_USE;

/* Parses any JSON value; duplicate keys are refused. *out is new. `what` names it in the error. */
RFA_API int rfa_facts_parse(json_t **out, const char *text, size_t len, const char *what,
			    struct rfa_error *err) RFA_MUST_USE;

/* SHA-256 of the sorted, compact encoding without such \uNNNN, as 64 hex digits and a NUL. */
RFA_API int rfa_facts_digest(const json_t *facts, char out[65], struct rfa_error *err) RFA_MUST_USE;

/*
 * A value by path: "images/0/id" walks objects by key and arrays by index (a key may not hold a
 * '/'). Borrowed; NULL when absent. The typed forms answer a default instead.
 */
RFA_API json_t *rfa_facts_at(const json_t *facts, const char *path);
RFA_API const char *rfa_facts_str(const json_t *facts, const char *path, const char *otherwise);
RFA_API int64_t rfa_facts_int(const json_t *facts, const char *path, int64_t otherwise);
RFA_API int rfa_facts_bool(const json_t *facts, const char *path, int otherwise);
/* 1 if an array has this text in it; 0 also of what is no array, and of a text that is NULL. */
RFA_API int rfa_facts_has_text(const json_t *array, const char *text);

/*
 * A copy, whole or not at all: NULL when memory ran out, and for NULL. New. jansson's own
 * json_deep_copy() and json_copy() leave out what there was no memory for, and say nothing. The
 * first one shares texts and numbers, which nobody may change (json_string_set and its like); the
 * second one shares all values of the object or array.
 */
RFA_API json_t *rfa_facts_copy(const json_t *facts);
RFA_API json_t *rfa_facts_copy_shallow(const json_t *facts);

/* Sets key to value; steals value even on failure; a NULL value is memory that ran out. */
RFA_API int rfa_facts_set(json_t *facts, const char *key, json_t *value,
			  struct rfa_error *err) RFA_MUST_USE;
/* The same of an array: at its end. An array that is NULL is memory that ran out, too. */
RFA_API int rfa_facts_append(json_t *array, json_t *value, struct rfa_error *err) RFA_MUST_USE;

/*
 * An error as {"code","severity","where","msg","hint"} (words, printable text), and back. The first
 * is new, or NULL when memory ran out; the second takes what is missing as "" and "internal".
 */
RFA_API json_t *rfa_facts_of_error(const struct rfa_error *error);
RFA_API void rfa_facts_to_error(const json_t *facts, struct rfa_error *error);

#ifdef __cplusplus
}
#endif
#endif

/*
 * JSON as the text it is written in: where a value stands, which jansson does not keep, and one
 * string exchanged while every other byte stays.
 */
#ifndef RFA_FSM_BASE_JSONTEXT_H
#define RFA_FSM_BASE_JSONTEXT_H

#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One step of a path: a key, or (key NULL) an index. */
struct rfa_json_step {
	const char *key;
	size_t index;
};

/*
 * Line and column (from 1, columns in bytes) of the key, or the element, at the path's end.
 * `text` must be valid JSON. 0, or -1 when the path leads nowhere.
 */
RFA_API int rfa_json_locate(const char *text, size_t len, const struct rfa_json_step *steps,
			    size_t n, int *line, int *column);

/*
 * The string at `path` (as rfa_facts_at() takes it), as it is written there, with its quotes: from
 * and to are offsets into the text. Errors: PROTOCOL when the text is no strict JSON (doubled keys
 * and a byte order mark included); NOTFOUND when there is no string at the path.
 */
RFA_API int rfa_json_string_at(const char *text, size_t len, const char *path, size_t *from,
			       size_t *to, struct rfa_error *err) RFA_MUST_USE;

/*
 * Appends the text with the string at `path` written as `literal` (a JSON string with its quotes),
 * every other byte as it was. Errors: as above; INTERNAL when literal is no JSON string.
 */
RFA_API int rfa_json_string_put(const char *text, size_t len, const char *path, const char *literal,
				struct rfa_buf *out, struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

/*
 * The past: lines of a deployment history, "time | stack | env | action | version | status |
 * notes". history.log has those of runs; what was imported is in imported/ENV/STACK/RUN.log, each
 * line with the mark "imported" at the end of its notes.
 */
#ifndef RFA_FSM_PARTS_PAST_H
#define RFA_FSM_PARTS_PAST_H

#include <jansson.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"
#include "ledger/ledger.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The keys of an entry, in the order of a line. */
enum { RFA_PAST_FIELDS = 7 };
RFA_API const char *rfa_past_field_name(size_t i); /* NULL behind the last one */

/*
 * A line as an object of texts; new, or NULL when memory ran out. What is missing is ""; the last
 * one may hold a bar; what is no UTF-8 is "?".
 */
RFA_API json_t *rfa_past_entry(const char *line, size_t len);

/*
 * Appends a text as one field of a line: no newline, no bar, nothing that a terminal obeys, and no
 * more than about 300 bytes. What it has made stays as it is, however often it is put again.
 */
RFA_API void rfa_past_put_field(struct rfa_buf *out, const char *text);

/*
 * Appends to a list what an entry is in a file of its own: itself; or, of a version that went back
 * by itself, two: that it failed, and that what ran before was put back.
 */
RFA_API int rfa_past_export(const json_t *entry, json_t *list, struct rfa_error *err) RFA_MUST_USE;

/* *out (new): all entries that were imported, oldest first. env, stack: NULL: of any. */
RFA_API int rfa_past_imported(struct rfa_ledger *ledger, const char *env, const char *stack,
			      json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* *out (new, or NULL: nobody knows): the entry that says, of those, what ran there last. */
RFA_API int rfa_past_last(struct rfa_ledger *ledger, const char *env, const char *stack,
			  json_t **out, struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

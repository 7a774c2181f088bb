/*
 * A growable byte buffer that has a maximum, is always NUL-terminated, and remembers a failure:
 * append as often as you like, check once.
 */
#ifndef RFA_FSM_BASE_BUF_H
#define RFA_FSM_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_buf {
	char *data; /* owned; NUL-terminated once something was appended, NULL before */
	size_t len;
	size_t cap;
	size_t max; /* bytes it may hold, without the NUL */
	int failed; /* 0, or -RFA_ENOMEM / -RFA_ETOOBIG of the first append that failed */
};

#define RFA_BUF_INIT(maximum)            \
	{                                \
		NULL, 0, 0, (maximum), 0 \
	}

/* All appends return 0 or the first failure, which stays until rfa_buf_clear(). */
RFA_API int rfa_buf_add(struct rfa_buf *buf, const void *data, size_t len);
RFA_API int rfa_buf_puts(struct rfa_buf *buf, const char *text);
RFA_API int rfa_buf_putc(struct rfa_buf *buf, char c);
RFA_API int rfa_buf_printf(struct rfa_buf *buf, const char *fmt, ...) RFA_PRINTF(2, 3);
RFA_API int rfa_buf_vprintf(struct rfa_buf *buf, const char *fmt, va_list args) RFA_PRINTF(2, 0);

/*
 * Appends text that came from elsewhere so that it can be shown to a person: control characters,
 * terminal escapes, bidirectional overrides, characters without a width, line separators and bytes
 * that are not UTF-8 appear as \xNN, a newline as \n. The result is UTF-8. At most `limit` bytes of
 * input are taken, whole characters (then "..." follows); 0: all.
 */
RFA_API int rfa_buf_put_printable(struct rfa_buf *buf, const char *text, size_t len, size_t limit);

/*
 * Appends JSON text, in which the same characters (they can stand in its strings only) become
 * \uNNNN: it means the same, and can be shown as it is.
 */
RFA_API int rfa_buf_put_json(struct rfa_buf *buf, const char *text, size_t len);

/* Drops the first n bytes (n <= len). */
RFA_API void rfa_buf_consume(struct rfa_buf *buf, size_t n);
/* The text, "" if nothing was appended. Borrowed until the next append. */
RFA_API const char *rfa_buf_str(const struct rfa_buf *buf);
/* Empties it and forgets a failure; memory is kept. */
RFA_API void rfa_buf_clear(struct rfa_buf *buf);
/* Frees the memory; usable again afterwards. */
RFA_API void rfa_buf_release(struct rfa_buf *buf);
/* Turns a remembered failure into an error; 0 if there was none. */
RFA_API int rfa_buf_check(const struct rfa_buf *buf, struct rfa_error *err);

#ifdef __cplusplus
}
#endif
#endif

/* A growable byte buffer with a maximum. */
#include "fsm/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for len more bytes and a NUL. */
static int reserve(struct rfa_buf *buf, size_t len)
{
	size_t cap = buf->cap ? buf->cap : 64;
	char *data;

	if (buf->failed)
		return buf->failed;
	if (len > buf->max || buf->len > buf->max - len)
		return buf->failed = -(int)RFA_ETOOBIG;
	if (buf->data && buf->len + len < buf->cap)
		return 0;
	while (cap <= buf->len + len)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data)
		return buf->failed = -(int)RFA_ENOMEM;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int rfa_buf_add(struct rfa_buf *buf, const void *data, size_t len)
{
	int rc = reserve(buf, len);

	if (rc)
		return rc;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int rfa_buf_puts(struct rfa_buf *buf, const char *text)
{
	return rfa_buf_add(buf, text, strlen(text));
}

int rfa_buf_putc(struct rfa_buf *buf, char c)
{
	return rfa_buf_add(buf, &c, 1);
}

int rfa_buf_vprintf(struct rfa_buf *buf, const char *fmt, va_list args)
{
	va_list again;
	int len;
	int rc;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return buf->failed ? buf->failed : (buf->failed = -(int)RFA_EINTERNAL);
	rc = reserve(buf, (size_t)len);
	if (rc)
		return rc;
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	buf->len += (size_t)len;
	return 0;
}

int rfa_buf_printf(struct rfa_buf *buf, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = rfa_buf_vprintf(buf, fmt, args);
	va_end(args);
	return rc;
}

/*
 * The length of the well-formed UTF-8 sequence (RFC 3629) at s, or 0. C1 controls (U+0080 to
 * U+009F) count as malformed: terminals obey them like escapes. So do the bidirectional overrides,
 * which can make one name look like another, and the line and paragraph separators.
 */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	size_t i;

	if (s[0] < 0xc2 || s[0] > 0xf4 || left < n)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (s[0] == 0xc2 && s[1] < 0xa0)
		return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	if (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae)
		return 0;
	if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
		return 0;
	return n;
}

int rfa_buf_put_printable(struct rfa_buf *buf, const char *text, size_t len, size_t limit)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t end = limit && len > limit ? limit : len;
	size_t i = 0;

	while (i < end) {
		size_t n;

		if (s[i] >= 0x20 && s[i] < 0x7f) {
			rfa_buf_putc(buf, text[i++]);
		} else if (s[i] == '\n') {
			rfa_buf_puts(buf, "\\n");
			i++;
		} else if (s[i] >= 0x80 && (n = utf8_len(s + i, len - i)) > 0) {
			if (n > end - i)
				break; /* half of it would not be UTF-8 */
			rfa_buf_add(buf, text + i, n);
			i += n;
		} else {
			rfa_buf_printf(buf, "\\x%02x", s[i++]);
		}
	}
	if (i < len)
		rfa_buf_puts(buf, "...");
	return buf->failed;
}

void rfa_buf_consume(struct rfa_buf *buf, size_t n)
{
	if (!n)
		return;
	memmove(buf->data, buf->data + n, buf->len - n + 1);
	buf->len -= n;
}

const char *rfa_buf_str(const struct rfa_buf *buf)
{
	return buf->data ? buf->data : "";
}

void rfa_buf_clear(struct rfa_buf *buf)
{
	buf->len = 0;
	buf->failed = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void rfa_buf_release(struct rfa_buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->cap = 0;
	buf->failed = 0;
}

int rfa_buf_check(const struct rfa_buf *buf, struct rfa_error *err)
{
	switch (-buf->failed) {
	case 0:
		return 0;
	case RFA_ENOMEM:
		return rfa_fail_nomem(err);
	case RFA_ETOOBIG:
		return rfa_fail(err, RFA_ETOOBIG, "rfa", "more than %zu bytes", buf->max);
	default:
		return rfa_fail(err, RFA_EINTERNAL, "rfa", "a text could not be formatted");
	}
}

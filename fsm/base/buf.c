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
	size_t space = buf->data ? buf->cap - buf->len : 0;
	va_list again;
	int len;
	int rc;

	/* Into the space that there is; once more if it was too small. */
	va_copy(again, args);
	len = vsnprintf(space ? buf->data + buf->len : NULL, space, fmt, again);
	va_end(again);
	if (len < 0)
		buf->failed = buf->failed ? buf->failed : -(int)RFA_EINTERNAL;
	rc = len < 0 ? buf->failed : reserve(buf, (size_t)len);
	if (!rc && (size_t)len >= space)
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	if (!rc)
		buf->len += (size_t)len;
	else if (space)
		buf->data[buf->len] = '\0';
	return rc;
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
 * The length of the well-formed UTF-8 sequence (RFC 3629) at s, and the character that it is; 0:
 * there is none.
 */
static size_t utf8_at(const unsigned char *s, size_t left, unsigned *code)
{
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0x80 ? 2 : 1;
	size_t i;

	*code = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
	if (n == 1)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4 || left < n)
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	if ((n == 3 && *code < 0x800) || (n == 4 && (*code < 0x10000 || *code > 0x10ffff)) ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

/*
 * Characters that are not shown but do something: controls (terminals obey C1, U+0080 to U+009F,
 * like escapes), what changes the direction of writing and can make one name look like another,
 * line separators, and what has no width.
 */
static int is_hidden(unsigned code)
{
	static const struct {
		unsigned first, last;
	} hidden[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },       { 0x061c, 0x061c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return 1;
	return 0;
}

/* How many bytes at s are characters of ASCII that are shown. */
static size_t plain_at(const char *s, size_t left)
{
	size_t n = 0;

	while (n < left && s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

int rfa_buf_put_json(struct rfa_buf *buf, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i = 0;

	while (i < len) {
		size_t plain = plain_at(text + i, len - i);
		unsigned code;
		size_t n;

		if (plain) {
			rfa_buf_add(buf, text + i, plain);
			i += plain;
			continue;
		}
		n = utf8_at(s + i, len - i, &code);
		if (!n || !is_hidden(code))
			rfa_buf_add(buf, text + i, n ? n : 1);
		else if (code < 0x10000)
			rfa_buf_printf(buf, "\\u%04x", code);
		else
			rfa_buf_printf(buf, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
				       0xdc00 + ((code - 0x10000) & 0x3ff));
		i += n ? n : 1;
	}
	return buf->failed;
}

int rfa_buf_put_printable(struct rfa_buf *buf, const char *text, size_t len, size_t limit)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t end = limit && len > limit ? limit : len;
	size_t i = 0;

	while (i < end) {
		size_t plain = plain_at(text + i, end - i);
		unsigned code;
		size_t n = plain ? plain : utf8_at(s + i, len - i, &code);

		if (plain) {
			rfa_buf_add(buf, text + i, plain);
			i += plain;
		} else if (s[i] == '\n') {
			rfa_buf_puts(buf, "\\n");
			i++;
		} else if (n && !is_hidden(code)) {
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

/* The little HTTP/1.1 that a request to the engine's socket needs. */
#include "transports/host/http1.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX 65536u

static void encode(struct rfa_buf *out, const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			(void)rfa_buf_putc(out, *text);
		else
			(void)rfa_buf_printf(out, "%%%02X", (unsigned char)*text);
}

int rfa_http1_post(struct rfa_buf *out, const struct rfa_http1_post *post, struct rfa_error *err)
{
	const char *p;

	(void)rfa_buf_printf(out, "POST /v%s", post->api);
	for (p = post->path; *p; p++)
		if (*p == '@' && post->name)
			encode(out, post->name);
		else
			(void)rfa_buf_putc(out, *p);
	if (post->query) {
		(void)rfa_buf_printf(out, "?%s=", post->query);
		encode(out, post->value);
	}
	(void)rfa_buf_printf(out,
			     " HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
			     "Content-Length: %zu\r\nConnection: close\r\n\r\n",
			     post->body_len);
	(void)rfa_buf_add(out, post->body, post->body_len);
	return rfa_buf_check(out, err);
}

static int nonsense(const char *what, struct rfa_error *err)
{
	return rfa_fail(err, RFA_EPROTOCOL, "docker", "the engine's reply made no sense: %s", what);
}

/* The value of a header field within [head, end), up to its line's end; NULL if there is none. */
static const char *field(const char *head, const char *end, const char *name)
{
	size_t n = strlen(name);
	const char *line = head;

	while (line && (size_t)(end - line) > n) {
		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			line += n + 1;
			while (*line == ' ')
				line++;
			return line;
		}
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

/* Hexadecimal size and CRLF, so many bytes and CRLF, …, a size of 0. */
static int unchunk(const char *p, const char *end, struct rfa_buf *body, struct rfa_error *err)
{
	size_t size, digits;
	const char *eol;

	for (;;) {
		size = 0;
		for (digits = 0; p < end && isxdigit((unsigned char)*p) && digits < 8;
		     p++, digits++)
			size = size * 16 + (size_t)(isdigit((unsigned char)*p)
							? *p - '0'
							: (*p | 0x20) - 'a' + 10);
		eol = memchr(p, '\n', (size_t)(end - p));
		if (digits == 0 || !eol)
			return nonsense("a chunk has no size", err);
		p = eol + 1;
		if (size == 0)
			return rfa_buf_check(body, err);
		if (size > (size_t)(end - p))
			return nonsense("a chunk is cut short", err);
		(void)rfa_buf_add(body, p, size);
		p += size;
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
			p += 2;
		else
			return nonsense("a chunk has no end", err);
	}
}

int rfa_http1_reply(const char *data, size_t len, int *status, struct rfa_buf *body,
		    struct rfa_error *err)
{
	const char *end = data + len, *head_end = NULL, *p, *length, *coding;
	unsigned long want = 0;

	if (len < 12 || memcmp(data, "HTTP/1.", 7) != 0 || data[8] != ' ' ||
	    !isdigit((unsigned char)data[9]) || !isdigit((unsigned char)data[10]) ||
	    !isdigit((unsigned char)data[11]))
		return nonsense("no status line", err);
	for (p = data; p && !head_end && end - p >= 4 && p - data < (ptrdiff_t)HEAD_MAX; p++)
		if (memcmp(p, "\r\n\r\n", 4) == 0)
			head_end = p + 4;
	if (!head_end)
		return nonsense("its head has no end", err);
	*status = (data[9] - '0') * 100 + (data[10] - '0') * 10 + (data[11] - '0');
	coding = field(data, head_end, "Transfer-Encoding");
	if (coding && strncasecmp(coding, "chunked", 7) == 0)
		return unchunk(head_end, end, body, err);
	length = field(data, head_end, "Content-Length");
	if (!length) {
		(void)rfa_buf_add(body, head_end, (size_t)(end - head_end));
		return rfa_buf_check(body, err);
	}
	for (; isdigit((unsigned char)*length) && want < (1ul << 32); length++)
		want = want * 10 + (unsigned long)(*length - '0');
	if (want > (unsigned long)(end - head_end))
		return nonsense("its body is cut short", err);
	(void)rfa_buf_add(body, head_end, want);
	return rfa_buf_check(body, err);
}

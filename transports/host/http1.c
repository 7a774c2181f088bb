/* The little HTTP/1.1 that a request to the engine's socket needs. */
#include "transports/host/http1.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define DIGITS_MAX 15 /* of a length: far from the end of 64 bits */
#define CHUNK_DIGITS_MAX 8

/* Requests. */

static void encode(struct rfa_buf *out, const char *text, const char *plain)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr(plain, *text))
			(void)rfa_buf_putc(out, *text);
		else
			(void)rfa_buf_printf(out, "%%%02X", (unsigned char)*text);
}

static void put_path(struct rfa_buf *out, const char *path, const char *name, const char *plain)
{
	for (; *path; path++)
		if (*path == '@' && name)
			encode(out, name, plain);
		else
			(void)rfa_buf_putc(out, *path);
}

int rfa_http1_post(struct rfa_buf *out, const struct rfa_http1_post *post, struct rfa_error *err)
{
	(void)rfa_buf_printf(out, "POST /v%s", post->api);
	put_path(out, post->path, post->name, "-._~");
	if (post->query) {
		(void)rfa_buf_printf(out, "?%s=", post->query);
		encode(out, post->value, "-._~");
	}
	(void)rfa_buf_printf(out,
			     " HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
			     "Content-Length: %zu\r\nConnection: close\r\n\r\n",
			     post->body_len);
	(void)rfa_buf_add(out, post->body, post->body_len);
	return rfa_buf_check(out, err);
}

int rfa_http1_get(struct rfa_buf *out, const char *api, const char *path, const char *name,
		  struct rfa_error *err)
{
	(void)rfa_buf_puts(out, "GET ");
	if (api)
		(void)rfa_buf_printf(out, "/v%s", api);
	put_path(out, path, name, "-._~/");
	(void)rfa_buf_puts(out, " HTTP/1.1\r\nHost: docker\r\n\r\n");
	return rfa_buf_check(out, err);
}

/* Replies. */

/* What comes next; a reader begins with the first. */
enum { STATUS_LINE, FIELD, BODY, UP_TO_END, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, WHOLE };

static int protocol_error(const char *what, struct rfa_error *err)
{
	return rfa_fail(err, RFA_EPROTOCOL, "docker", "the engine's reply made no sense: %s", what);
}

static int take_status(struct rfa_http1_reader *r, const char *line, struct rfa_error *err)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)line[7]) ||
	    line[8] != ' ' || strspn(line + 9, "0123456789") != 3 || line[9] == '0' ||
	    (line[12] != '\0' && line[12] != ' '))
		return protocol_error("no status line", err);
	r->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	r->closes = line[7] == '0';
	r->at = FIELD;
	return 0;
}

/* Where the body is, now that its head is whole. */
static int end_head(struct rfa_http1_reader *r, struct rfa_error *err)
{
	if (r->status == 101)
		return protocol_error("it changes the protocol", err);
	if (r->chunked && r->measured)
		return protocol_error("its body has two lengths", err);
	r->left = r->length;
	if (r->status < 200) {
		size_t framing = r->framing;

		rfa_http1_next(r);
		r->framing = framing;
	} else if (r->status == 204 || r->status == 304) {
		r->at = WHOLE;
	} else if (r->chunked) {
		r->at = CHUNK_SIZE;
	} else if (r->measured) {
		r->at = r->left ? BODY : WHOLE;
	} else {
		r->endless = r->closes = 1;
		r->at = UP_TO_END;
	}
	return 0;
}

static int take_length(struct rfa_http1_reader *r, const char *value, struct rfa_error *err)
{
	size_t n = strspn(value, "0123456789");
	uint64_t length = 0;

	if (n == 0 || n > DIGITS_MAX || value[n])
		return protocol_error("its length is none", err);
	for (; *value; value++)
		length = length * 10 + (uint64_t)(*value - '0');
	if (r->measured && r->length != length)
		return protocol_error("its body has two lengths", err);
	r->measured = 1;
	r->length = length;
	return 0;
}

/* "close" among the words of a list. */
static int has_close(const char *value)
{
	for (;;) {
		size_t n;

		value += strspn(value, " \t,");
		n = strcspn(value, " \t,");
		if (n == 0)
			return 0;
		if (n == 5 && strncasecmp(value, "close", 5) == 0)
			return 1;
		value += n;
	}
}

static int take_field(struct rfa_http1_reader *r, char *line, struct rfa_error *err)
{
	char *value = strchr(line, ':'), *end = line + strlen(line);

	if (!*line)
		return end_head(r, err);
	if (!value || value == line || strcspn(line, " \t") < (size_t)(value - line))
		return protocol_error("a header field without a name", err);
	*value++ = '\0';
	value += strspn(value, " \t");
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (strcasecmp(line, "Content-Length") == 0)
		return take_length(r, value, err);
	if (strcasecmp(line, "Transfer-Encoding") == 0) {
		if (r->chunked || strcasecmp(value, "chunked") != 0)
			return protocol_error("its body is encoded", err);
		r->chunked = 1;
	} else if (strcasecmp(line, "Connection") == 0) {
		r->closes |= has_close(value);
	}
	return 0;
}

/* Hexadecimal size; what follows a semicolon is of no interest. */
static int take_size(struct rfa_http1_reader *r, const char *line, struct rfa_error *err)
{
	size_t n = strspn(line, "0123456789abcdefABCDEF"), i;

	if (n == 0 || n > CHUNK_DIGITS_MAX || (line[n] && !strchr("; \t", line[n])))
		return protocol_error("a chunk has no size", err);
	r->left = 0;
	for (i = 0; i < n; i++)
		r->left = r->left * 16 + (uint64_t)(isdigit((unsigned char)line[i])
							? line[i] - '0'
							: (line[i] | 0x20) - 'a' + 10);
	r->at = r->left ? CHUNK : TRAILER;
	return 0;
}

static int take_line(struct rfa_http1_reader *r, char *line, struct rfa_error *err)
{
	switch (r->at) {
	case STATUS_LINE:
		return take_status(r, line, err);
	case FIELD:
		return take_field(r, line, err);
	case CHUNK_SIZE:
		return take_size(r, line, err);
	case CHUNK_END:
		r->at = CHUNK_SIZE;
		return *line ? protocol_error("a chunk has no end", err) : 0;
	default:
		if (!*line)
			r->at = WHOLE;
		return 0;
	}
}

/* What frames a body has a limit too, which grows with the body: chunks may be small. */
static int framed(struct rfa_http1_reader *r, size_t n, struct rfa_error *err)
{
	size_t most = RFA_HTTP1_HEAD_MAX;

	if (r->at != STATUS_LINE && r->at != FIELD)
		most += r->body.max;
	if (n > most || r->framing > most - n)
		return protocol_error("its head has no end", err);
	r->framing += n;
	return 0;
}

/* As much of a line as is there; it is looked at once its end has come. */
static int read_line(struct rfa_http1_reader *r, const char *data, size_t len, size_t *used,
		     struct rfa_error *err)
{
	const char *eol = memchr(data, '\n', len);
	size_t n = eol ? (size_t)(eol - data) + 1 : len;
	int rc = framed(r, n, err);

	if (rc != 0)
		return rc;
	*used += n;
	(void)rfa_buf_add(&r->line, data, n);
	if (r->line.failed || memchr(data, '\0', n))
		return protocol_error("a line of its head", err);
	if (!eol)
		return 0;
	r->line.data[--r->line.len] = '\0';
	if (r->line.len && r->line.data[r->line.len - 1] == '\r')
		r->line.data[--r->line.len] = '\0';
	rc = take_line(r, r->line.data, err);
	rfa_buf_clear(&r->line);
	return rc;
}

static int read_body(struct rfa_http1_reader *r, const char *data, size_t len, size_t *used,
		     struct rfa_error *err)
{
	size_t n = r->at == UP_TO_END || r->left > len ? len : (size_t)r->left;

	(void)rfa_buf_add(&r->body, data, n);
	*used += n;
	if (r->at != UP_TO_END) {
		r->left -= n;
		if (r->left == 0)
			r->at = r->at == BODY ? WHOLE : CHUNK_END;
	}
	return rfa_buf_check(&r->body, err);
}

int rfa_http1_read(struct rfa_http1_reader *r, const char *data, size_t len, size_t *used,
		   int *whole, struct rfa_error *err)
{
	int rc = 0;

	*used = 0;
	while (rc == 0 && *used < len && r->at != WHOLE) {
		if (r->at == BODY || r->at == CHUNK || r->at == UP_TO_END)
			rc = read_body(r, data + *used, len - *used, used, err);
		else
			rc = read_line(r, data + *used, len - *used, used, err);
	}
	*whole = r->at == WHOLE;
	return rc;
}

void rfa_http1_next(struct rfa_http1_reader *r)
{
	struct rfa_buf body = r->body, line = r->line;

	rfa_buf_clear(&body);
	rfa_buf_clear(&line);
	*r = (struct rfa_http1_reader){ .body = body, .line = line };
}

void rfa_http1_reader_release(struct rfa_http1_reader *r)
{
	rfa_buf_release(&r->body);
	rfa_buf_release(&r->line);
}

int rfa_http1_reply(const char *data, size_t len, int *status, struct rfa_buf *body,
		    struct rfa_error *err)
{
	struct rfa_http1_reader r = RFA_HTTP1_READER_INIT(body->max);
	size_t used;
	int whole;
	int rc = rfa_http1_read(&r, data, len, &used, &whole, err);

	if (rc == 0 && !whole && !r.endless)
		rc = protocol_error("it is cut short", err);
	if (rc == 0) {
		*status = r.status;
		(void)rfa_buf_add(body, r.body.data, r.body.len);
		rc = rfa_buf_check(body, err);
	}
	rfa_http1_reader_release(&r);
	return rc;
}

/* The little HTTP/1.1 that a request to the engine's socket needs. Private to transports/host. */
#ifndef RFA_TRANSPORTS_HOST_HTTP1_H
#define RFA_TRANSPORTS_HOST_HTTP1_H

#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

/*
 * Appends "POST /v<api><path>?<query>=<value>" with this JSON as its body; the path's `name` (may
 * be NULL) is inserted where `path` has a '@'. What is not unreserved (RFC 3986) is
 * percent-encoded. The connection ends with the reply.
 */
struct rfa_http1_post {
	const char *api;
	const char *path;  /* "/containers/create", "/networks/@/connect" */
	const char *name;  /* NULL: none */
	const char *query; /* "name"; NULL: none */
	const char *value;
	const char *body;
	size_t body_len;
};
int rfa_http1_post(struct rfa_buf *out, const struct rfa_http1_post *post, struct rfa_error *err);

/*
 * Appends "GET /v<api><path>" (api NULL: "GET <path>"), on a connection that stays open; `name` as
 * above, but for the slashes of an image's name, which stay, as docker leaves them.
 */
int rfa_http1_get(struct rfa_buf *out, const char *api, const char *path, const char *name,
		  struct rfa_error *err);

/*
 * Takes a reply apart (RFC 9112: Content-Length, chunked, or up to the end): *status, and its body
 * appended. Errors: PROTOCOL.
 */
int rfa_http1_reply(const char *data, size_t len, int *status, struct rfa_buf *body,
		    struct rfa_error *err);

/*
 * Takes replies off a connection that stays open, in whatever pieces they come. At most 64 KiB of
 * head, and as much body as its buffer may hold. Replies that only announce another one (1xx) are
 * passed over.
 */
struct rfa_http1_reader {
	/* What is known of the reply so far; for the caller once it is whole. */
	int status;
	int closes;  /* the other side ends the connection after it */
	int endless; /* only the end of the connection ends it */
	struct rfa_buf body;
	/* The reader's own. */
	int at, chunked, measured;
	uint64_t left, length;
	size_t framing;
	struct rfa_buf line;
};
#define RFA_HTTP1_HEAD_MAX 65536u
#define RFA_HTTP1_READER_INIT(most)                                                   \
	{                                                                             \
		.body = RFA_BUF_INIT(most), .line = RFA_BUF_INIT(RFA_HTTP1_HEAD_MAX), \
	}
/*
 * Takes of data what belongs to this reply; *used says how much, *whole whether it is complete.
 * Errors: PROTOCOL; TOOBIG for a body. The reader is of no more use then, but for its release.
 */
int rfa_http1_read(struct rfa_http1_reader *r, const char *data, size_t len, size_t *used,
		   int *whole, struct rfa_error *err);
/* Makes it ready for the next reply; memory is kept. */
void rfa_http1_next(struct rfa_http1_reader *r);
void rfa_http1_reader_release(struct rfa_http1_reader *r);

#endif

/* The little HTTP/1.1 that a request to the engine's socket needs. Private to transports/host. */
#ifndef RFA_TRANSPORTS_HOST_HTTP1_H
#define RFA_TRANSPORTS_HOST_HTTP1_H

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

/*
 * Appends "POST /v<api><path>?<query>=<value>" with this JSON as its body; the path's `name` (may
 * be NULL) is inserted where `path` has a '@'. What is not unreserved (RFC 3986) is
 * percent-encoded.
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
 * Takes a reply apart (RFC 9112: Content-Length, chunked, or up to the end): *status, and its body
 * appended. Errors: PROTOCOL.
 */
int rfa_http1_reply(const char *data, size_t len, int *status, struct rfa_buf *body,
		    struct rfa_error *err);

#endif

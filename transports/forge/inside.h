/* The inside of the reader of forges. */
#ifndef RFA_TRANSPORTS_FORGE_INSIDE_H
#define RFA_TRANSPORTS_FORGE_INSIDE_H

#include "fsm/base/buf.h"
#include "transports/forge/forge.h"
#include "transports/http_text.h"
#include "transports/transport.h"

/* A forge, and how it differs from the others. */
struct rfa_forge_kind {
	const char *name;
	const char *home, *home_api; /* its own host, and where the interface is there; NULL */
	const char *api;             /* below another host */
	const char *list;            /* below the interface; %s is the project */
	int escaped;                 /* the project is one part of the path */
	const char *auth;            /* the header with the token begins so */
	const char *accept;
	/* Keys of a release; NULL: it has none of that. */
	const char *id, *published, *draft, *prerelease;
};
const struct rfa_forge_kind *rfa_forge_kind(const char *name); /* NULL: there is none */

/* One page is asked for. */
struct rfa_forge_page {
	const char *url;
	const char *etag; /* that it had; NULL: it was never read */
	/* The answer. */
	int status; /* 200, or 304 */
	struct rfa_buf body, new_etag;
	struct rfa_buf next; /* the URL of the next one; empty: it is the last */
	int64_t wait_ms;     /* until then no question is wanted; 0 */
};
void rfa_forge_page_release(struct rfa_forge_page *page);
int rfa_forge_ask(const struct rfa_forge_source *source, const struct rfa_forge_kind *kind,
		  struct rfa_forge_page *page, struct rfa_error *err);

/* The releases of a page: *out (new): [{"id","tag","published"?,"draft","prerelease"}]. */
int rfa_forge_read(const struct rfa_forge_kind *kind, const struct rfa_buf *body, json_t **out,
		   struct rfa_error *err);

#endif

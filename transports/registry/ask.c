/* One question to a registry: with what it wants of us, and along its redirects. */
#include <string.h>

#include "transports/fdio.h"
#include "transports/registry/inside.h"

#define HOPS_MAX 3
#define WORDS_MAX ((size_t)16 << 10)

/* One question on its way. */
struct way {
	struct rfa_registry *r;
	struct rfa_registry_ask *ask;
	struct rfa_buf url;              /* asked now */
	struct rfa_http_place place;     /* of the URL */
	int home;                        /* 1: that is the registry itself */
	unsigned hops;                   /* redirects that were followed */
	int has_head;                    /* of this answer */
	int good;                        /* it is one that the asker wants */
	struct rfa_registry_reply reply; /* of this answer, if it is not */
	struct rfa_registry_challenge challenge;
	struct rfa_buf location;
};

static int is_good(const struct rfa_registry_ask *ask, int status)
{
	return status == 200 || (ask->range && (status == 206 || status == 416));
}

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct way *w = user;
	struct rfa_clock *clock = rfa_transport_clock(w->r->transport);
	const char *value;
	size_t i;

	w->has_head = 1;
	w->ask->status = w->reply.status = head->status;
	w->good = is_good(w->ask, head->status);
	if (w->good)
		return w->ask->on_head ? w->ask->on_head(w->ask->user, head, err) : 0;
	for (i = 0; (value = rfa_http_header(head, "WWW-Authenticate", i)); i++)
		(void)rfa_registry_challenge_read(&w->challenge, value);
	value = rfa_http_header(head, "Retry-After", 0);
	w->reply.wait_s = value ? rfa_http_retry_after(value, clock->wall_ms(clock)) : -1;
	value = rfa_http_header(head, "Location", 0);
	if (value && head->status >= 300 && head->status < 400 && rfa_buf_puts(&w->location, value))
		return rfa_registry_nonsense(w->r, err, "it redirects to a URL that is too long");
	return 0;
}

static int take_body(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct way *w = user;
	size_t left = w->reply.body.max - w->reply.body.len;

	if (w->good && w->ask->status != 416)
		return w->ask->on_body ? w->ask->on_body(w->ask->user, data, len, err) : 0;
	if (rfa_buf_add(&w->reply.body, data, len < left ? len : left))
		return rfa_buf_check(&w->reply.body, err);
	return len > left ? RFA_HTTP_ENOUGH : 0;
}

static int send(struct way *w, const char *authorization, struct rfa_http_outcome *outcome,
		struct rfa_error *err)
{
	const char *headers[4] = { NULL };
	size_t n = 0;
	struct rfa_http_call call = {
		.url = rfa_buf_str(&w->url),
		.headers = headers,
		.ca_file = w->r->ca_file,
		.idle_ms = w->r->idle_ms,
		.on_head = take_head,
		.on_body = take_body,
		.user = w,
	};

	if (w->ask->accept)
		headers[n++] = w->ask->accept;
	if (w->ask->range)
		headers[n++] = w->ask->range;
	if (authorization && w->home)
		headers[n++] = authorization;
	w->has_head = w->good = 0;
	w->ask->status = w->reply.status = 0;
	rfa_buf_clear(&w->reply.body);
	rfa_buf_clear(&w->location);
	memset(&w->challenge, 0, sizeof(w->challenge));
	return rfa_http_call(w->r->transport, &call, outcome, err);
}

/* The registry itself. */
static int go_home(struct way *w, struct rfa_error *err)
{
	rfa_buf_clear(&w->url);
	w->place = w->r->place;
	w->home = 1;
	w->hops = 0;
	w->reply.host = NULL;
	if (rfa_buf_puts(&w->url, w->r->base) || rfa_buf_puts(&w->url, w->ask->path))
		return rfa_buf_check(&w->url, err);
	return 0;
}

/* It speaks no TLS, and may: from now on without. */
static int go_plain(struct way *w, struct rfa_error *err)
{
	struct rfa_registry *r = w->r;

	r->may_be_plain = 0;
	r->place.tls = 0;
	/* "https://…" to "http://…" */
	memmove(r->base + 4, r->base + 5, strlen(r->base + 5) + 1);
	return go_home(w, err);
}

static int follow(struct way *w, struct rfa_error *err)
{
	struct rfa_buf next = RFA_BUF_INIT(16384);
	int rc;

	if (++w->hops > HOPS_MAX) {
		rc = rfa_registry_nonsense(w->r, err, "it redirects more than %d times", HOPS_MAX);
		goto done;
	}
	rc = rfa_http_join(&next, rfa_buf_str(&w->url), rfa_buf_str(&w->location), err);
	if (!rc)
		rc = rfa_http_place(&w->place, rfa_buf_str(&next), NULL, err);
	if (rc) {
		if (rc != -(int)RFA_ENOMEM)
			rc = rfa_registry_nonsense(w->r, err, "it redirects to what is no URL");
		goto done;
	}
	if (!w->place.tls && w->r->place.tls) {
		rc = rfa_registry_nonsense(w->r, err, "it redirects to plain HTTP, on %s",
					   RFA_SHOWN(w->place.host));
		goto done;
	}
	w->home = w->home && rfa_http_same_place(&w->place, &w->r->place);
	w->reply.host = w->home ? NULL : w->place.host;
	rfa_buf_release(&w->url);
	w->url = next;
	return 0;
done:
	rfa_buf_release(&next);
	return rc;
}

static int is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/*
 * After a 401: *header is what to come back with. NULL: there is nothing that was not tried, or
 * nothing to try.
 */
static int come_back(struct way *w, int new_token, const char **header, struct rfa_error *err)
{
	struct rfa_registry *r = w->r;
	int was_basic = *header && r->challenge.auth == RFA_REGISTRY_BASIC;

	*header = NULL;
	if (!w->home || w->challenge.auth == RFA_REGISTRY_OPEN)
		return 0;
	if (was_basic && w->challenge.auth == RFA_REGISTRY_BASIC)
		return 0;
	if (new_token && w->challenge.auth == RFA_REGISTRY_BEARER)
		return 0;
	r->challenge = w->challenge;
	rfa_registry_forget(r, w->ask->scope);
	return rfa_registry_authorize(r, w->ask->scope, header, err);
}

/* All requests of one question. */
static int go(struct way *w, struct rfa_error *err)
{
	struct rfa_registry *r = w->r;
	unsigned tokens = r->fetched;
	const char *header = NULL;
	struct rfa_http_outcome outcome;
	int returns = 0;
	int rc = go_home(w, err);

	if (!rc && !w->ask->anonymous)
		rc = rfa_registry_authorize(r, w->ask->scope, &header, err);
	while (!rc) {
		rc = send(w, header, &outcome, err);
		if (rc)
			return w->has_head ? rc : rfa_registry_explain_way(r, rc, err);
		if (outcome.end == RFA_HTTP_NO_TLS && w->home && r->may_be_plain) {
			rc = go_plain(w, err);
			continue;
		}
		if (outcome.end != RFA_HTTP_ANSWERED)
			return rfa_registry_explain_end(r, &outcome, w->has_head, err);
		if (w->home)
			r->may_be_plain = 0;
		if (w->good)
			return 0;
		if (w->ask->status == 401 && w->ask->anonymous) {
			r->challenge = w->challenge;
			return 0;
		}
		if (is_redirect(w->ask->status) && w->location.len) {
			rc = follow(w, err);
			continue;
		}
		if (w->ask->status != 401 || returns++ > 1)
			break;
		rc = come_back(w, r->fetched != tokens, &header, err);
		if (!rc && !header)
			break;
		if (!rc)
			rc = go_home(w, err);
	}
	return rc ? rc : rfa_registry_explain(r, w->ask->what, &w->reply, err);
}

int rfa_registry_ask(struct rfa_registry *r, struct rfa_registry_ask *ask, struct rfa_error *err)
{
	struct way w = {
		.r = r,
		.ask = ask,
		.url = RFA_BUF_INIT(16384),
		.location = RFA_BUF_INIT(8192),
		.reply = { .wait_s = -1, .body = RFA_BUF_INIT(WORDS_MAX) },
	};
	int rc = go(&w, err);

	rfa_buf_release(&w.url);
	rfa_buf_release(&w.location);
	rfa_buf_release(&w.reply.body);
	return rc;
}

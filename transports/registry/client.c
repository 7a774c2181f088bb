/* A client of one registry: made, asked whether it is one, freed. */
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"
#include "fsm/base/wipe.h"
#include "transports/registry/inside.h"

#define IDLE_MS 30000
#define PING_MAX ((size_t)64 << 10)

int rfa_registry_is_digest(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text) == RFA_REGISTRY_DIGEST - 1 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

/* Docker's own registry is called otherwise than its images are. */
static const char *host_of(const char *domain)
{
	return !strcmp(domain, "docker.io") ? "registry-1.docker.io" : domain;
}

/* Where it is asked. */
static int take_domain(struct rfa_registry *r, const struct rfa_registry_options *options,
		       struct rfa_error *err)
{
	struct rfa_imageref_place place;
	struct rfa_imageref ref;
	char name[300];

	snprintf(name, sizeof(name), "%s/x/x", options->domain);
	if (strlen(options->domain) >= sizeof(r->domain) || !rfa_imageref_parse(&ref, name) ||
	    !rfa_imageref_place(&place, &ref) || strcmp(place.domain, options->domain) != 0)
		goto bad;
	snprintf(r->domain, sizeof(r->domain), "%s", options->domain);
	snprintf(r->base, sizeof(r->base), "%s://%s", options->plain_http ? "http" : "https",
		 host_of(r->domain));
	if (rfa_http_place(&r->place, r->base, NULL, err))
		goto bad;
	r->may_be_plain =
	    !options->plain_http && !options->ca_file && rfa_http_is_loopback(r->place.host);
	return 0;
bad:
	rfa_fail(err, RFA_ECONFIG, "registry", "\"%s\" is no registry", RFA_SHOWN(options->domain));
	return rfa_error_hint(err, "a registry is HOST or HOST:PORT, without https:// before it");
}

static int take_login(struct rfa_registry *r, const struct rfa_registry_login *login,
		      struct rfa_error *err)
{
	if (!login)
		return 0;
	r->user = strdup(login->user);
	r->secret = strdup(login->secret);
	return r->user && r->secret ? 0 : rfa_fail_nomem(err);
}

static int take_transport(struct rfa_registry *r, const struct rfa_registry_options *options,
			  struct rfa_error *err)
{
	int rc;

	r->transport = options->transport;
	if (r->transport)
		return 0;
	rc = rfa_transport_local(&r->own, "here", err);
	if (rc)
		return rc;
	r->own->clock = options->clock;
	r->own->cancel = options->cancel;
	r->transport = r->own;
	return 0;
}

int rfa_registry_open(struct rfa_registry **out, const struct rfa_registry_options *options,
		      struct rfa_error *err)
{
	struct rfa_registry *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return rfa_fail_nomem(err);
	r->idle_ms = options->idle_timeout_ms ? options->idle_timeout_ms : IDLE_MS;
	rc = take_domain(r, options, err);
	if (!rc)
		rc = take_login(r, options->login, err);
	if (!rc && options->ca_file && !(r->ca_file = strdup(options->ca_file)))
		rc = rfa_fail_nomem(err);
	if (!rc)
		rc = take_transport(r, options, err);
	if (rc) {
		rfa_registry_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void rfa_registry_free(struct rfa_registry *r)
{
	if (!r)
		return;
	while (r->tokens)
		rfa_registry_forget(r, r->tokens->scope);
	rfa_wipe_text(r->basic);
	rfa_wipe_text(r->secret);
	rfa_wipe_text(r->user);
	free(r->ca_file);
	rfa_transport_free(r->own);
	free(r);
}

/* What came for a ping. */
struct door {
	int is_registry; /* it says so in a header */
	struct rfa_buf body;
};

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct door *d = user;
	const char *version = rfa_http_header(head, "Docker-Distribution-Api-Version", 0);

	(void)err;
	d->is_registry = version && strstr(version, "registry/2.0");
	return 0;
}

static int take_body(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct door *d = user;

	(void)err;
	return rfa_buf_add(&d->body, data, len) ? RFA_HTTP_ENOUGH : 0;
}

/* 1 for no text, or JSON: what registries say if they have nothing to say. */
static int says_little(const struct rfa_buf *body)
{
	const char *text = rfa_buf_str(body);
	json_t *said = NULL;
	int rc;

	text += strspn(text, " \t\r\n");
	if (!*text && !body->failed)
		return 1;
	rc = body->failed || rfa_facts_parse(&said, text, strlen(text), "", NULL);
	json_decref(said);
	return !rc;
}

static int no_registry(const struct rfa_registry *r, int status, struct rfa_error *err)
{
	rfa_registry_nonsense(r, err,
			      "something answers there, but it is no registry (API version 2)");
	if (err)
		err->native = status;
	return rfa_error_hint(err, "is this its host and its port?");
}

int rfa_registry_ping(struct rfa_registry *r, enum rfa_registry_auth *auth, struct rfa_error *err)
{
	struct door door = { 0, RFA_BUF_INIT(PING_MAX) };
	struct rfa_registry_ask ask = {
		.path = "/v2/",
		.scope = "",
		.what = "its door",
		.anonymous = 1,
		.on_head = take_head,
		.on_body = take_body,
		.user = &door,
	};
	int rc = rfa_registry_ask(r, &ask, err);

	if (rc == -(int)RFA_ENOTFOUND || (rc == -(int)RFA_EPROTOCOL && ask.status))
		rc = no_registry(r, ask.status, err);
	else if (!rc && ask.status == 401 && r->challenge.auth == RFA_REGISTRY_OPEN)
		rc = no_registry(r, ask.status, err);
	else if (!rc && ask.status == 200 && !door.is_registry && !says_little(&door.body))
		rc = no_registry(r, ask.status, err);
	rfa_buf_release(&door.body);
	if (!rc)
		*auth = ask.status == 401 ? r->challenge.auth : RFA_REGISTRY_OPEN;
	return rc;
}

int rfa_registry_pull_token(struct rfa_registry *r, const char *repository, char **out,
			    struct rfa_error *err)
{
	static const char words[] = "Authorization: Bearer ";
	enum rfa_registry_auth auth = RFA_REGISTRY_OPEN;
	char scope[sizeof(r->domain) + 64];
	const char *header = NULL;
	int rc = 0;

	*out = NULL;
	if (!r->user)
		return 0;
	(void)snprintf(scope, sizeof(scope), "repository:%.255s:pull", repository);
	rc = rfa_registry_ping(r, &auth, err);
	if (!rc && auth == RFA_REGISTRY_BEARER)
		rc = rfa_registry_authorize(r, scope, &header, err);
	if (rc || !header || strncmp(header, words, sizeof(words) - 1) != 0)
		return rc;
	*out = strdup(header + sizeof(words) - 1);
	return *out ? 0 : rfa_fail_nomem(err);
}

/* Authorization: a login as it is, or the tokens that a token service gives for it. */
#include <stdlib.h>
#include <string.h>

#include "fsm/base/base64.h"
#include "fsm/base/reference.h"
#include "fsm/base/facts.h"
#include "fsm/base/wipe.h"
#include "transports/fdio.h"
#include "transports/registry/inside.h"

#define ANSWER_MAX ((size_t)64 << 10)
#define TOKEN_MAX ((size_t)32 << 10)
#define IDENTITY "<token>"
/* By the specification a token is good for 60 s if it does not say. */
#define USUAL_S 60
#define DAY_S 86400

/* What the token service answered. */
struct answer {
	struct rfa_registry_reply reply;
	int64_t wall_ms;
};

/* Header of the form NAME: WORD REST, in memory of its own. NULL: no memory. */
static char *header_of(const char *words, const char *rest, size_t len)
{
	size_t n = strlen(words);
	char *out = malloc(n + len + 1);

	if (!out)
		return NULL;
	memcpy(out, words, n);
	memcpy(out + n, rest, len);
	out[n + len] = '\0';
	return out;
}

/* "Authorization: Basic …" of the login (RFC 7617); new, to be wiped. NULL: no memory. */
static char *basic(const struct rfa_registry *r)
{
	size_t len = strlen(r->user) + 1 + strlen(r->secret);
	char *plain = malloc(len + 1);
	char *coded = malloc(RFA_BASE64_SIZE(len));
	char *out = NULL;

	if (plain && coded) {
		snprintf(plain, len + 1, "%s:%s", r->user, r->secret);
		rfa_base64(coded, plain, len);
		out = header_of("Authorization: Basic ", coded, strlen(coded));
		rfa_wipe(plain, len);
		rfa_wipe(coded, strlen(coded));
	}
	free(plain);
	free(coded);
	return out;
}

static struct rfa_registry_token **find(struct rfa_registry *r, const char *scope)
{
	struct rfa_registry_token **at = &r->tokens;

	while (*at && strcmp((*at)->scope, scope) != 0)
		at = &(*at)->next;
	return at;
}

void rfa_registry_forget(struct rfa_registry *r, const char *scope)
{
	struct rfa_registry_token **at = find(r, scope);
	struct rfa_registry_token *token = *at;

	if (!token)
		return;
	*at = token->next;
	rfa_wipe_text(token->header);
	free(token->scope);
	free(token);
}

static int keep(struct rfa_registry *r, const char *scope, char *header, int64_t until_ms,
		struct rfa_error *err)
{
	struct rfa_registry_token *token = calloc(1, sizeof(*token));

	rfa_registry_forget(r, scope);
	if (token)
		token->scope = strdup(scope);
	if (!token || !token->scope) {
		free(token);
		rfa_wipe_text(header);
		return rfa_fail_nomem(err);
	}
	token->header = header;
	token->until_ms = until_ms;
	token->next = r->tokens;
	r->tokens = token;
	return 0;
}

/* The token service. */

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct answer *a = user;
	const char *wait = rfa_http_header(head, "Retry-After", 0);

	(void)err;
	a->reply.status = head->status;
	a->reply.wait_s = wait ? rfa_http_retry_after(wait, a->wall_ms) : -1;
	return 0;
}

static int take_body(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct answer *a = user;

	if (rfa_buf_add(&a->reply.body, data, len))
		return rfa_buf_check(&a->reply.body, err);
	return 0;
}

/* A login goes to nobody who could not be told from others, or whom others can hear. */
static int may_be_told(const struct rfa_registry *r, const struct rfa_http_place *place)
{
	return place->tls || (!r->place.tls && !strcmp(place->host, r->place.host));
}

/* What a token has to allow: the service's own word for it, unless it speaks of repositories. */
static const char *scope_of(const struct rfa_registry *r, const char *scope)
{
	const char *said = r->challenge.scope;

	return *said && strncmp(said, "repository:", 11) != 0 ? said : scope;
}

static void put_query(struct rfa_buf *out, const struct rfa_registry *r, const char *scope)
{
	const char *joint = "";

	if (*r->challenge.service) {
		(void)rfa_buf_puts(out, "service=");
		(void)rfa_url_put_value(out, r->challenge.service);
		joint = "&";
	}
	if (*scope_of(r, scope)) {
		(void)rfa_buf_printf(out, "%sscope=", joint);
		(void)rfa_url_put_value(out, scope_of(r, scope));
	}
}

/* The URL to ask, and the form to send there: NULL for a GET. */
static int make_question(const struct rfa_registry *r, const char *scope, struct rfa_buf *url,
			 struct rfa_buf *form, struct rfa_error *err)
{
	struct rfa_http_place place;

	if (rfa_http_join(url, r->base, r->challenge.realm, err) ||
	    rfa_http_place(&place, rfa_buf_str(url), NULL, err)) {
		if (err && err->code == RFA_ENOMEM)
			return -(int)RFA_ENOMEM;
		return rfa_registry_nonsense(r, err, "it names a token service that is no URL");
	}
	if (!may_be_told(r, &place)) {
		rfa_registry_nonsense(r, err,
				      "its token service, on %s, speaks plain HTTP: anybody on the "
				      "way could read the login or the token",
				      RFA_SHOWN(place.host));
		return rfa_error_hint(err, "the registry's own configuration names that service "
					   "(realm): it should be https");
	}
	if (r->user && !strcmp(r->user, IDENTITY)) {
		(void)rfa_wipe_reserve(form, 3 * strlen(r->secret) + 2048);
		(void)rfa_buf_puts(form, "grant_type=refresh_token&client_id=rfa&");
		put_query(form, r, scope);
		(void)rfa_buf_puts(form, "&refresh_token=");
		(void)rfa_url_put_value(form, r->secret);
	} else {
		(void)rfa_buf_putc(url, strchr(rfa_buf_str(url), '?') ? '&' : '?');
		put_query(url, r, scope);
	}
	return url->failed ? rfa_buf_check(url, err) : rfa_buf_check(form, err);
}

/* Printable ASCII without a blank, as a header can have it. */
static int is_token(const char *text)
{
	size_t len = 0;

	while (text[len] > ' ' && text[len] < 0x7f)
		len++;
	return len && !text[len] && len <= TOKEN_MAX;
}

static int take_token(struct rfa_registry *r, const char *scope, const struct rfa_buf *body,
		      int64_t now_ms, struct rfa_error *err)
{
	json_t *said = NULL;
	const char *token;
	char *header;
	int64_t valid_s;
	int rc;

	if (rfa_facts_parse(&said, rfa_buf_str(body), body->len, "", NULL))
		return rfa_registry_nonsense(r, err, "its token service answered what is no JSON");
	token = rfa_facts_str(said, "token", rfa_facts_str(said, "access_token", ""));
	valid_s = rfa_facts_int(said, "expires_in", USUAL_S);
	valid_s = valid_s < 0 ? 0 : valid_s > DAY_S ? DAY_S : valid_s;
	/* Not until the last moment: it has to arrive. */
	valid_s -= valid_s / 10;
	if (!is_token(token)) {
		rc = rfa_registry_nonsense(r, err, "its token service gave no token");
	} else {
		header = header_of("Authorization: Bearer ", token, strlen(token));
		rc = header ? keep(r, scope, header, now_ms + valid_s * 1000, err)
			    : rfa_fail_nomem(err);
	}
	json_decref(said);
	return rc;
}

/* Sends the question. */
static int ask_service(struct rfa_registry *r, const char *url, const char *form,
		       struct answer *answer, struct rfa_error *err)
{
	char *login = r->user && !form ? basic(r) : NULL;
	const char *headers[] = { login, NULL };
	struct rfa_http_outcome outcome;
	struct rfa_http_call call = {
		.url = url,
		.headers = headers,
		.form = form,
		.ca_file = r->ca_file,
		.idle_ms = r->idle_ms,
		.on_head = take_head,
		.on_body = take_body,
		.user = answer,
	};
	int rc = 0;

	if (r->user && !form && !login)
		return rfa_fail_nomem(err);
	rc = rfa_http_call(r->transport, &call, &outcome, err);
	rfa_wipe_text(login);
	if (rc)
		return rfa_registry_explain_way(r, rc, err);
	if (outcome.end != RFA_HTTP_ANSWERED)
		return rfa_registry_explain_end(r, &outcome, answer->reply.status, err);
	return 0;
}

static int fetch(struct rfa_registry *r, const char *scope, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(r->transport);
	struct answer answer = { { 0, NULL, -1, RFA_BUF_INIT(ANSWER_MAX) }, 0 };
	struct rfa_buf url = RFA_BUF_INIT(8192);
	struct rfa_buf form = RFA_BUF_INIT((size_t)256 << 10);
	int64_t asked_ms = clock->mono_ms(clock);
	int rc = make_question(r, scope, &url, &form, err);

	answer.wall_ms = clock->wall_ms(clock);
	if (!rc && rfa_wipe_reserve(&answer.reply.body, ANSWER_MAX / 2))
		rc = rfa_fail_nomem(err);
	if (!rc)
		rc = ask_service(r, rfa_buf_str(&url), form.len ? rfa_buf_str(&form) : NULL,
				 &answer, err);
	if (!rc && answer.reply.status != 200)
		rc = rfa_registry_explain(r, "the token service", &answer.reply, err);
	if (!rc)
		rc = take_token(r, scope, &answer.reply.body, asked_ms, err);
	rfa_buf_release(&url);
	rfa_wipe_buf(&form);
	rfa_wipe_buf(&answer.reply.body);
	return rc;
}

int rfa_registry_authorize(struct rfa_registry *r, const char *scope, const char **header,
			   struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(r->transport);
	struct rfa_registry_token *token;
	int rc;

	*header = NULL;
	if (r->challenge.auth == RFA_REGISTRY_BASIC) {
		if (!r->user || !strcmp(r->user, IDENTITY))
			return 0;
		if (!r->basic && !(r->basic = basic(r)))
			return rfa_fail_nomem(err);
		*header = r->basic;
	}
	if (r->challenge.auth != RFA_REGISTRY_BEARER)
		return 0;
	token = *find(r, scope);
	if (!token || token->until_ms <= clock->mono_ms(clock)) {
		rc = fetch(r, scope, err);
		if (rc)
			return rc;
		r->fetched++;
		token = *find(r, scope);
	}
	*header = token->header;
	return 0;
}

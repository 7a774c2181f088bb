/* Errors of a registry, told apart, each with how to mend it. */
#include <errno.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/registry/inside.h"

#define SHOWN 120
#define SOON_S 60

const char *rfa_registry_shown(char out[RFA_SHOWN_MAX], const char *text)
{
	struct rfa_buf shown = RFA_BUF_INIT(RFA_SHOWN_MAX - 1);

	(void)rfa_buf_put_printable(&shown, text, strlen(text), SHOWN);
	snprintf(out, RFA_SHOWN_MAX, "%s", rfa_buf_str(&shown));
	rfa_buf_release(&shown);
	return out;
}

/* Sets the place and the status; answers the code. */
static int of_registry(const struct rfa_registry *r, int native, struct rfa_error *err)
{
	if (err)
		err->native = native;
	return rfa_error_where(err, "%s", r->domain);
}

int rfa_registry_nonsense(const struct rfa_registry *r, struct rfa_error *err, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	rfa_fail(err, RFA_EPROTOCOL, "registry", "%s", text);
	return rfa_error_where(err, "%s", r->domain);
}

/* ": it says "…"", of the first error in an answer (OCI distribution, "Error Codes"); or "". */
static const char *its_words(const struct rfa_registry_reply *reply, char *out, size_t size)
{
	json_t *said = NULL;
	const char *text = "";

	out[0] = '\0';
	if (rfa_facts_parse(&said, rfa_buf_str(&reply->body), reply->body.len, "", NULL))
		return out;
	text = rfa_facts_str(said, "errors/0/message", "");
	if (!*text)
		text = rfa_facts_str(said, "errors/0/code", "");
	if (!*text)
		text = rfa_facts_str(said, "details", "");
	if (*text)
		snprintf(out, size, ": it says \"%s\"", RFA_SHOWN(text));
	json_decref(said);
	return out;
}

static int is_unknown_name(const struct rfa_registry_reply *reply)
{
	return strstr(rfa_buf_str(&reply->body), "NAME_UNKNOWN") != NULL;
}

/* "in 5 min", "in 40 s", "later". */
static void when(char *out, size_t size, int64_t wait_s)
{
	if (wait_s < 0)
		snprintf(out, size, "later");
	else if (wait_s > 2 * SOON_S)
		snprintf(out, size, "in %lld min", (long long)(wait_s + 59) / 60);
	else
		snprintf(out, size, "in %lld s", (long long)wait_s);
}

static int no_login(const struct rfa_registry *r, const char *what, const char *says, int status,
		    struct rfa_error *err)
{
	if (status == 403) {
		rfa_fail(err, RFA_EAUTH, "registry", "%s may not be read%s%s", what,
			 r->user ? " with this login" : " without a login", says);
		rfa_error_hint(err, "%s",
			       r->user ? "give this login the right to pull, or use another one"
				       : "say which login to use for this registry");
	} else if (r->user) {
		rfa_fail(err, RFA_EAUTH, "registry", "the registry did not take the login for %s%s",
			 what, says);
		rfa_error_hint(err, "is user and password right, and still valid? Some registries "
				    "answer so, too, when there is no such repository");
	} else {
		rfa_fail(err, RFA_EAUTH, "registry", "the registry wants a login for %s%s", what,
			 says);
		rfa_error_hint(err, "say which login to use for this registry. Some registries "
				    "answer so, too, when there is no such repository");
	}
	return of_registry(r, status, err);
}

static int too_many(const struct rfa_registry *r, const struct rfa_registry_reply *reply,
		    const char *says, struct rfa_error *err)
{
	char later[32];

	when(later, sizeof(later), reply->wait_s);
	rfa_fail(err, RFA_ERATELIMIT, "registry", "the registry takes no more requests for now%s",
		 says);
	rfa_error_hint(err, "try again %s%s", later,
		       r->user ? "" : "; many registries take more requests of who logs in");
	if (reply->wait_s > SOON_S)
		rfa_error_as(err, RFA_DENIED);
	return of_registry(r, reply->status, err);
}

static int not_there(const struct rfa_registry *r, const char *what,
		     const struct rfa_registry_reply *reply, const char *says,
		     struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "registry", "%s is not there%s", what,
		 is_unknown_name(reply) ? ": no such repository" : says);
	rfa_error_hint(err, r->user ? "look at the name; a login that may not see it gets the same "
				      "answer"
				    : "look at the name; who is not logged in gets the same answer "
				      "for what is private");
	return of_registry(r, reply->status, err);
}

/* Storage to which the registry has sent us; its links are valid for some minutes only. */
static int elsewhere(const struct rfa_registry *r, const char *what,
		     const struct rfa_registry_reply *reply, struct rfa_error *err)
{
	rfa_fail(err, reply->status == 404 ? RFA_ENOTFOUND : RFA_EUNREACHABLE, "registry",
		 "%s, to which the registry leads for %s, answered %d", RFA_SHOWN(reply->host),
		 what, reply->status);
	return of_registry(r, reply->status, err);
}

int rfa_registry_explain(const struct rfa_registry *r, const char *what,
			 const struct rfa_registry_reply *reply, struct rfa_error *err)
{
	char says[RFA_SHOWN_MAX + 32];

	if (reply->status == 429)
		return too_many(r, reply, its_words(reply, says, sizeof(says)), err);
	if (reply->host && reply->status >= 400)
		return elsewhere(r, what, reply, err);
	(void)its_words(reply, says, sizeof(says));
	if (reply->status == 401 || reply->status == 403)
		return no_login(r, what, says, reply->status, err);
	if (reply->status == 404)
		return not_there(r, what, reply, says, err);
	if (reply->status == 408 || reply->status >= 500) {
		rfa_fail(err, RFA_EUNREACHABLE, "registry",
			 "the registry does not work at the moment: it answered %d for %s%s",
			 reply->status, what, says);
		rfa_error_hint(err, "try again later; if it is yours, look at its log");
	} else {
		rfa_fail(err, RFA_EPROTOCOL, "registry", "the registry answered %d for %s%s",
			 reply->status, what, says);
	}
	return of_registry(r, reply->status, err);
}

int rfa_registry_explain_end(const struct rfa_registry *r, const struct rfa_http_outcome *outcome,
			     int has_head, struct rfa_error *err)
{
	const char *detail = *outcome->detail ? outcome->detail : outcome->text;

	switch (outcome->end) {
	case RFA_HTTP_LATE:
		rfa_fail(err, RFA_ESTALLED, "registry", "nothing came from it for %lld s",
			 (long long)r->idle_ms / 1000);
		break;
	case RFA_HTTP_HUNG_UP:
	case RFA_HTTP_CUT:
		rfa_fail(err, has_head ? RFA_ELOST : RFA_EUNREACHABLE, "registry", "%s",
			 has_head ? "its answer broke off"
				  : "it took the connection and closed it without an answer");
		break;
	case RFA_HTTP_UNTRUSTED:
		rfa_fail(err, RFA_EHOSTKEY, "registry", "its certificate is not trusted: %s",
			 RFA_SHOWN(detail));
		rfa_error_hint(err, "name the file with the certificate of its authority (CA) for "
				    "this registry; is its name the right one?");
		return of_registry(r, 0, err);
	case RFA_HTTP_NO_TLS:
		rfa_fail(err, RFA_EPROTOCOL, "registry", "no TLS came about: %s",
			 RFA_SHOWN(detail));
		rfa_error_hint(err, "is this its port? If it speaks plain HTTP, that has to be "
				    "said for this registry");
		return of_registry(r, 0, err);
	default:
		rfa_fail(err, RFA_EPROTOCOL, "registry", "it speaks no HTTP: %s",
			 RFA_SHOWN(detail));
		rfa_error_hint(err, "is this the port of a registry?");
		return of_registry(r, 0, err);
	}
	rfa_error_as(err, RFA_RETRY);
	return of_registry(r, 0, err);
}

int rfa_registry_explain_way(const struct rfa_registry *r, int rc, struct rfa_error *err)
{
	struct rfa_error inner;

	if (!err || strcmp(err->domain, "http") != 0 || rc != -(int)RFA_EUNREACHABLE) {
		rfa_error_where(err, "%s", r->domain);
		return rc;
	}
	inner = *err;
	rfa_fail(err, RFA_EUNREACHABLE, "registry", "%s", inner.msg);
	if (inner.native == ECONNREFUSED)
		rfa_error_hint(err, "nothing listens there: is the registry running, and is this "
				    "its port?");
	else if (inner.native)
		rfa_error_hint(err, "is there a way from %s to it: a route, a firewall?",
			       r->own ? "this machine" : r->transport->name);
	else
		rfa_error_hint(err, "is the name right, and known on %s?",
			       r->own ? "this machine" : r->transport->name);
	return of_registry(r, inner.native, err);
}

/* The inside of the registry client: what its files share. */
#ifndef RFA_TRANSPORTS_REGISTRY_INSIDE_H
#define RFA_TRANSPORTS_REGISTRY_INSIDE_H

#include "transports/http_call.h"
#include "transports/http_text.h"
#include "transports/registry/challenge.h"
#include "transports/registry/registry.h"

/* A token, and how long it is good for. */
struct rfa_registry_token {
	struct rfa_registry_token *next; /* owned */
	char *scope;                     /* owned */
	char *header;                    /* owned; "Authorization: Bearer …" */
	int64_t until_ms;                /* by the monotonic clock */
};

struct rfa_registry {
	struct rfa_transport *transport; /* borrowed, or the one below */
	struct rfa_transport *own;       /* owned; NULL */
	char domain[256];
	char base[320]; /* "https://host:port" */
	struct rfa_http_place place;
	int may_be_plain; /* 1: plain HTTP if it speaks no TLS */
	char *ca_file;    /* owned; NULL */
	char *user;       /* owned; NULL: nobody */
	char *secret;     /* owned */
	int64_t idle_ms;
	char *basic; /* owned; the header of the login; NULL: not needed yet */
	struct rfa_registry_challenge challenge; /* its last one */
	unsigned fetched;                        /* tokens, in all */
	struct rfa_registry_token *tokens;       /* owned */
};

/* What is asked of the registry, and what came. */
struct rfa_registry_ask {
	const char *path;   /* "/v2/…" */
	const char *scope;  /* what a token has to allow; "": nothing */
	const char *accept; /* a header line; NULL */
	const char *range;  /* a header line; NULL */
	const char *what;   /* for errors: "the tag 1.0 of shop/app" */
	int anonymous;      /* 1: a 401 is an answer, too */
	/*
	 * The head of an answer of 200, 206 or 416, then the body of 200 and 206. NULL: not wanted.
	 * They answer as those of struct rfa_http_call.
	 */
	int (*on_head)(void *user, const struct rfa_http_head *head, struct rfa_error *err);
	int (*on_body)(void *user, const void *data, size_t len, struct rfa_error *err);
	void *user;

	int status; /* out: of the last answer */
};

/*
 * Asks, with the login or a token if the registry wants one, and follows redirects. 0: the status
 * is 200, 206 or 416 (401, if anonymous).
 */
int rfa_registry_ask(struct rfa_registry *r, struct rfa_registry_ask *ask,
		     struct rfa_error *err) RFA_MUST_USE;

/*
 * *header: the Authorization line for a scope, borrowed until the next call here; NULL: none is
 * known to be needed. A token is asked for if there is none that is still good.
 */
int rfa_registry_authorize(struct rfa_registry *r, const char *scope, const char **header,
			   struct rfa_error *err) RFA_MUST_USE;
/* The token for a scope is no longer taken. */
void rfa_registry_forget(struct rfa_registry *r, const char *scope);

/* What is known of an answer that is no success. */
struct rfa_registry_reply {
	int status;
	const char *host;    /* another host that answered, to which a redirect led; NULL */
	int64_t wait_s;      /* Retry-After; -1: it does not say */
	struct rfa_buf body; /* its beginning */
};

/* Errors of answers, and of calls that had none. All answer the code. */
int rfa_registry_explain(const struct rfa_registry *r, const char *what,
			 const struct rfa_registry_reply *reply, struct rfa_error *err);
int rfa_registry_explain_end(const struct rfa_registry *r, const struct rfa_http_outcome *outcome,
			     int has_head, struct rfa_error *err);
/* Makes the error of a way there one of the registry's. */
int rfa_registry_explain_way(const struct rfa_registry *r, int rc, struct rfa_error *err);
/* An answer that makes no sense; text is printable. */
int rfa_registry_nonsense(const struct rfa_registry *r, struct rfa_error *err, const char *fmt, ...)
    RFA_PRINTF(3, 4);

/* The text of a value of the registry's for an error: printable, at most 120 bytes of it. */
#define RFA_SHOWN_MAX 512
const char *rfa_registry_shown(char out[RFA_SHOWN_MAX], const char *text);
#define RFA_SHOWN(text) rfa_registry_shown((char[RFA_SHOWN_MAX]){ 0 }, text)

/* 1 for "sha256:" and 64 hex digits of small letters. */
int rfa_registry_is_digest(const char *text);

#endif

/*
 * A client of container registries: what a tag means there, and the bytes of what it means.
 *
 * Protocol: OCI Distribution Specification 1.1 and, where it is older, the Docker Registry HTTP API
 * V2; tokens by "Docker Registry v2 authentication via central service" and its OAuth2 form.
 * Documents: OCI Image Specification 1.1, Docker Image Manifest V2 Schema 2.
 *
 * Everything here only reads, so a call may always be repeated. All errors of the registry's have
 * the domain "registry", and its name as their place; `native` is the HTTP status, if there is one:
 *
 *   NOTFOUND     404: no such repository, tag, digest
 *   AUTH         401: there is no login, or it is wrong; 403: the login has no right (DENIED)
 *   RATELIMIT    429: the hint tells when to come back (RETRY; DENIED if that is over a minute
 * away) UNREACHABLE  no such name, no route, refused; 5xx and 408 (RETRY) STALLED      nothing came
 * for longer than the idle time-out (RETRY) LOST         the answer broke off (RETRY); of the
 * transport's own connection: UNKNOWN HOSTKEY      its certificate is not trusted, or is another
 * name's (DENIED) MISMATCH     what came is not what its digest or its size says: both are told
 *   UNSUPPORTED  no image for that platform (those that there are, are told); no container image;
 *                a format from before 2016; a digest that is not SHA-256
 *   TOOBIG       a document is longer than RFA_REGISTRY_DOCUMENT_MAX
 *   PROTOCOL     no TLS, no HTTP, no registry, or an answer that makes no sense
 *
 * and those of the way there: of connect, FORWARDING, CANCELLED; NOMEM. Text that the registry sent
 * is printable in them; a login, a token, or the query of a URL is never in them.
 */
#ifndef RFA_TRANSPORTS_REGISTRY_REGISTRY_H
#define RFA_TRANSPORTS_REGISTRY_REGISTRY_H

#include "fsm/base/digest.h"
#include "transports/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "sha256:", 64 hex digits and a NUL. */
#define RFA_REGISTRY_DIGEST 72
/* Bytes of a manifest, an index or a configuration. */
#define RFA_REGISTRY_DOCUMENT_MAX ((size_t)4 << 20)

struct rfa_registry;

/*
 * Who we are there. A user "<token>" means that the secret is an identity token, which is exchanged
 * for others (OAuth2), as Docker's credential helpers say it.
 */
struct rfa_registry_login {
	const char *user;
	const char *secret;
};

struct rfa_registry_options {
	const char *domain; /* as image references have it: "docker.io", "registry.example:5000" */
	/*
	 * Connections are opened from this machine's point of view, and with its clock and its
	 * cancel flag; borrowed until the registry is freed. NULL: from here, with the two below.
	 */
	struct rfa_transport *transport;
	struct rfa_clock *clock;    /* borrowed; NULL: the system's */
	const volatile int *cancel; /* borrowed; NULL: none */
	/*
	 * NULL: nobody. Copied; the copies are overwritten when the registry is freed. It is sent
	 * to the registry, and to the token service that the registry names: by https, or to the
	 * registry's own host if that one speaks plain HTTP.
	 */
	const struct rfa_registry_login *login;
	const char *ca_file; /* certificates (PEM) to trust beside the system's; copied; NULL */
	/*
	 * 1: plain HTTP, also for the login. Without it a registry speaks TLS; only one on a
	 * loopback address for which no ca_file is named may speak plain HTTP if it does not speak
	 * TLS.
	 */
	int plain_http;
	int64_t idle_timeout_ms; /* 0: 30000 */
};

/* Makes a client; does not connect yet. Errors: CONFIG (the domain), NOMEM. */
RFA_API int rfa_registry_open(struct rfa_registry **out, const struct rfa_registry_options *options,
			      struct rfa_error *err) RFA_MUST_USE;
/* NULL-safe. Tokens and login are overwritten. */
RFA_API void rfa_registry_free(struct rfa_registry *registry);

/* What a registry wants of those who come to it. */
enum rfa_registry_auth {
	RFA_REGISTRY_OPEN,   /* nothing, at least not at the door */
	RFA_REGISTRY_BASIC,  /* user and password with each request */
	RFA_REGISTRY_BEARER, /* a token, which a token service gives: often to anybody */
};

/*
 * Asks whether a registry is there, and how it wants to be asked. No login is sent.
 * Errors: see above; PROTOCOL: it is something else.
 */
RFA_API int rfa_registry_ping(struct rfa_registry *registry, enum rfa_registry_auth *auth,
			      struct rfa_error *err) RFA_MUST_USE;

/*
 * A token with which somebody else can pull this repository, and nothing else, for some minutes:
 * the token service gives it for the login. *out (new, rfa_wipe_text()); NULL: nobody is logged in,
 * or the registry hands none out, and wants the login itself. Errors: see above.
 */
RFA_API int rfa_registry_pull_token(struct rfa_registry *registry, const char *repository,
				    char **out, struct rfa_error *err) RFA_MUST_USE;

/* An operating system and a processor, in Go's words, as images name them. */
struct rfa_registry_platform {
	char os[32];           /* "linux" */
	char architecture[32]; /* "amd64"; "x86_64" and "aarch64" are taken, too */
	char variant[16];      /* "v7", or "": the usual one */
};

struct rfa_registry_layer {
	char digest[RFA_REGISTRY_DIGEST];  /* of the blob */
	char diff_id[RFA_REGISTRY_DIGEST]; /* of the tar archive in it */
	char media_type[96];
	uint64_t size; /* of the blob, in bytes */
};

/* What a tag or a digest means on one platform. Release it in any case. */
struct rfa_registry_image {
	char index[RFA_REGISTRY_DIGEST]; /* of the index that led to it; "": there was none */
	char manifest[RFA_REGISTRY_DIGEST];
	char config[RFA_REGISTRY_DIGEST]; /* also the image's id, for most engines */
	char manifest_type[96];
	struct rfa_registry_platform platform; /* as the configuration says it */
	struct rfa_registry_layer *layers;     /* owned; the lowest one first */
	size_t n;
	uint64_t layer_bytes;        /* of all layers */
	struct rfa_buf manifest_doc; /* the documents as they came */
	struct rfa_buf config_doc;
};

/*
 * Finds out what `reference` (a tag or a digest) of `repository` is for a platform. The bytes of
 * each document are hashed, and have to match the digest by which it was asked for or that the
 * registry tells; so a digest as reference leaves it no choice. Up to three redirects are
 * followed, to another host without any login. *out is filled in on 0 only.
 */
RFA_API int rfa_registry_resolve(struct rfa_registry *registry, const char *repository,
				 const char *reference,
				 const struct rfa_registry_platform *platform,
				 struct rfa_registry_image *out,
				 struct rfa_error *err) RFA_MUST_USE;
RFA_API void rfa_registry_image_release(struct rfa_registry_image *image);

/* A part of a blob that is wanted. */
struct rfa_registry_part {
	const char *repository;
	const char *digest;
	uint64_t size; /* of the whole blob, as the manifest says it */
	uint64_t from; /* the first byte that is wanted; at most size */
	/* Sees the bytes in order. Its error (a negative code) ends the call. */
	int (*take)(void *user, const void *data, size_t len, struct rfa_error *err);
	void *user;
};

/*
 * Fetches a blob from a byte on to its end, without keeping it. *got: bytes that `take` was given,
 * also on failure: from + *got is where the next call goes on. A registry that does not know ranges
 * sends all of it, and the beginning is dropped. No byte beyond the size reaches `take`.
 * The bytes are not hashed here, because a call may see only some of them: see below.
 */
RFA_API int rfa_registry_fetch(struct rfa_registry *registry, const struct rfa_registry_part *part,
			       uint64_t *got, struct rfa_error *err) RFA_MUST_USE;

/* Whether the bytes of a blob are those of its digest; fed with all of them, in order. */
struct rfa_registry_check {
	struct rfa_digest digest;
	uint64_t seen;
};
RFA_API void rfa_registry_check_begin(struct rfa_registry_check *check);
RFA_API void rfa_registry_check_add(struct rfa_registry_check *check, const void *data, size_t len);
/* 0 if they are. Errors: MISMATCH, with both sizes or both digests. Ends the check. */
RFA_API int rfa_registry_check_end(struct rfa_registry_check *check, const char *digest,
				   uint64_t size, struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

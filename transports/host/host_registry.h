/* Images in registries, as a host reaches them. */
#ifndef RFA_TRANSPORTS_HOST_HOST_REGISTRY_H
#define RFA_TRANSPORTS_HOST_HOST_REGISTRY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;
struct rfa_job_key;

/* How one registry is asked. All borrowed. The secret is in no error, and is kept nowhere. */
struct rfa_registry_access {
	const char *domain;  /* "registry.example:5000", as references have it */
	const char *ca_file; /* PEM, on the operator's machine; NULL: the system's */
	int plain_http;      /* 1: plain HTTP, also for the login */
	const char *user;    /* NULL: nobody; "<token>": see transports/registry/registry.h */
	const char *secret;
};

/*
 * ping, resolve and fetch are done by rfa itself, over connections that this host opens: the host
 * needs no program for them, and its engine is not asked. Errors of a registry have the domain
 * "registry" (transports/registry/registry.h tells which there are).
 */
struct rfa_host_registry {
	/* Whether the registry answers when it is asked from this host. No login is sent. */
	int (*ping)(struct rfa_host *, const struct rfa_registry_access *, struct rfa_error *);
	/*
	 * What a reference ("registry.example:5000/shop/web:1.4", "…@sha256:…") means for a
	 * platform ("linux/amd64", "linux/arm/v7"). *out (new):
	 * {"index" (left out: there is none),"manifest" (their digests),"bytes" (of all blobs),
	 * "layers":[{"digest","diff_id","size","type"}],"image": what tells the image's identity,
	 * as `docker inspect` shows it when an engine has it: {"Id","Os","Architecture",
	 * "Variant"?,"Config","RootFS":{"Type","Layers"},"Size"}}. Id is that of the classic store.
	 */
	int (*resolve)(struct rfa_host *, const struct rfa_registry_access *, const char *ref,
		       const char *platform, json_t **out, struct rfa_error *);
	/*
	 * Fetches images into an archive in this host's spool, in the form of image_export, for
	 * image_load. request: {"name":"images","images":[{"ref":"…@sha256:…","name":
	 * "localhost/rfa-pin:…","platform":"linux/amd64"}],"omit":[diff id]}: the layers of "omit"
	 * stay out. `access` has n registries; each image is fetched from the one of its domain.
	 * What lies in the spool already is read, and only what is missing or wrong is fetched,
	 * also within a layer. The archive's bytes are the same every time for the same request.
	 * progress (may be NULL) is told the bytes that are there, and those of the whole archive.
	 * *out (new): {"archive","bytes","layers","omitted","fetched" (bytes of layers that came
	 * from registries in this call)}. Errors: also those of the spool and of host_fetch.h;
	 * UNSUPPORTED: a layer is compressed as the host's engine cannot load it.
	 */
	int (*fetch)(struct rfa_host *, const char *run, const struct rfa_registry_access access[],
		     size_t n, const json_t *request,
		     void (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		     json_t **out, struct rfa_error *);
	/*
	 * The host's engine pulls an image, which has no tag then but is found by "ref": a job.
	 * request: {"ref":"…@sha256:…","platform" (left out: the engine's own),"layers":
	 * [{"digest","size"}] (as resolve() tells them; left out: nobody knows)}. progress (may be
	 * NULL) is told the bytes of the layers that have arrived, and of all, when one arrives,
	 * also after a lost connection. Where the registry hands out tokens, rfa asks for one for
	 * this repository, and only that goes to the host; an engine that is not let in with it (it
	 * is over before the last layer was asked for) pulls once more with the login. Either goes
	 * to a new directory (0700) in the host's memory (tmpfs), which the job removes when it
	 * ends (and runs->forget what a power loss or a kill left of it); it is in no command line
	 * and in no record. Without a login those count that docker has there already. ca_file and
	 * plain_http are the engine's own affair.
	 * *out (new):
	 * {"id","log" (the last lines that the engine wrote),"login" ("token", or "whole": the
	 * login itself; left out: none),"why" (what the engine said to a token that was not
	 * enough; left out: it was)}. Errors, with the engine's words:
	 * NOTFOUND, AUTH, RATELIMIT, UNREACHABLE, HOSTKEY (its certificate), MISMATCH (its digest),
	 * UNSUPPORTED (no image for the platform; there is no tmpfs for the login), NOSPACE,
	 * REMOTE; REFUSED: somebody else has made the directory for the login. Of a token also the
	 * registry's own.
	 */
	int (*pull)(struct rfa_host *, const struct rfa_job_key *,
		    const struct rfa_registry_access *, const json_t *request,
		    void (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		    json_t **out, struct rfa_error *);
};

#ifdef __cplusplus
}
#endif
#endif

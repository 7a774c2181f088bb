/* Names of images: [DOMAIN[:PORT]/]PATH[:TAG][@DIGEST], or an image's id. The only parser of them.
 */
#ifndef RFA_FSM_BASE_IMAGEREF_H
#define RFA_FSM_BASE_IMAGEREF_H

#include <stddef.h>

#include "fsm/base/export.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_imageref {
	char name[256];   /* domain and path; "" of an image's id */
	char tag[129];    /* "": none */
	char digest[144]; /* "sha256:…"; "": none */
};

/* 1, or 0 if text is no reference: then all of *out is "". */
RFA_API int rfa_imageref_parse(struct rfa_imageref *out, const char *text);

/*
 * The name that a tag on any host can have for this reference: "app:1" for "app:1@sha256:…",
 * "app:sha256-…" for "app@sha256:…". Engines do not let anybody make a reference with a digest:
 * it comes from a registry. Everything else (an id, what is no reference) stays as it is.
 * Copied, and cut to fit.
 */
RFA_API void rfa_imageref_tagged(const char *text, char *out, size_t size);

/*
 * The version that people read in a reference: its tag, "latest" where it has none, as engines take
 * it. What has no name (an id, what is no reference) stays as it is. Copied, and cut to fit.
 */
RFA_API void rfa_imageref_version(const char *text, char *out, size_t size);

/* Where a registry keeps what a reference names. */
struct rfa_imageref_place {
	char domain[256]; /* of the registry, with its port: "docker.io", "localhost:5000" */
	char path[256];   /* of the repository there: "library/alpine", "shop/backend" */
};

/*
 * 1, or 0 if no registry can keep it: an image's id, a path that is not in lower case. By Docker's
 * rules: what stands before the first slash is a domain if it has a dot, a colon or a capital
 * letter, or is "localhost"; else the domain is docker.io, where a path of one word is in library/.
 */
RFA_API int rfa_imageref_place(struct rfa_imageref_place *out, const struct rfa_imageref *ref);

#ifdef __cplusplus
}
#endif
#endif

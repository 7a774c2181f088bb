/*
 * Forges: which releases of a project they have published. Asked by their own HTTP interfaces, one
 * page after the other; what has not changed since it was asked last is not sent again.
 */
#ifndef RFA_TRANSPORTS_FORGE_FORGE_H
#define RFA_TRANSPORTS_FORGE_FORGE_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/clock.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which project of which forge, and who asks. All borrowed. */
struct rfa_forge_source {
	const char *forge;       /* "github", "gitea" (Forgejo, too), "gitlab" */
	const char *api;         /* the URL of its interface; see rfa_forge_api() */
	const char *project;     /* "olga/shop" */
	const char *token;       /* NULL: none; never goes to another place than `api` */
	const char *ca;          /* a file of certificates that are trusted; NULL: the system's */
	int64_t idle_timeout_ms; /* 0: 30000 */
	struct rfa_clock *clock; /* NULL: the system's */
	const volatile int *cancel; /* NULL: none */
};

/* A release. */
struct rfa_forge_release {
	char id[264];         /* of the forge: its number; GitLab has none, and takes the tag */
	char tag[256];        /* the commit is what the repository says that this tag is */
	int64_t published_ms; /* 0 of a draft */
	int draft;
	int prerelease; /* -1: this forge does not say */
};
/* In the order in which the forge lists them, which is none of versions. */
struct rfa_forge_releases {
	struct rfa_forge_release *at; /* owned */
	size_t n;
	int more; /* there are older ones, which were not read */
};

/* 1 if there is such a forge. */
RFA_API int rfa_forge_is_known(const char *forge);
/*
 * Where the interface of a forge is, and what its project is called, by the URL of a repository
 * there (https, ssh, user@host:path). Errors: CONFIG: that is no URL of a forge.
 */
RFA_API int rfa_forge_api(const char *forge, const char *git, char api[512],
			  struct rfa_error *err) RFA_MUST_USE;
RFA_API int rfa_forge_project(const char *git, char project[256],
			      struct rfa_error *err) RFA_MUST_USE;

/*
 * What a project has published. known: an object of this module's own, which the caller hands in
 * again the next time, or an empty one: what it saves is bytes.
 * A redirect is not followed.
 *
 * Errors: RATELIMIT: the forge wants to be left alone until *wait_ms (since 1970; also without
 * being asked, where `known` says so); AUTH, NOTFOUND, UNREACHABLE (also of its own failures),
 * STALLED, HOSTKEY, PROTOCOL, TOOBIG, CONFIG, CANCELLED. No token is in an error.
 */
RFA_API int rfa_forge_list(const struct rfa_forge_source *source, json_t *known,
			   struct rfa_forge_releases *out, int64_t *wait_ms,
			   struct rfa_error *err) RFA_MUST_USE;
RFA_API void rfa_forge_releases_release(struct rfa_forge_releases *releases);

#ifdef __cplusplus
}
#endif
#endif

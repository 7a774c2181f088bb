/*
 * Repositories of git, for releases: a tag is fetched into a copy on this machine, and the files of
 * its commit are read from there. Nothing is checked out, and no program is run for a repository.
 */
#ifndef RFA_TRANSPORTS_GIT_GIT_H
#define RFA_TRANSPORTS_GIT_GIT_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/clock.h"
#include "fsm/base/error.h"
#include "transports/host/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "" and a hexadecimal id; room for SHA-256. */
#define RFA_GIT_ID_MAX 65

/* Where a repository is, and who asks it. All borrowed. */
struct rfa_git_source {
	const char *cache; /* the copy, a bare repository; made if it is not there */
	const char *url; /* https://…, http://…, ssh://…, user@host:path, git://…, or a path */
	const char *user;        /* NULL: as the URL says, or nobody */
	const char *secret;      /* of http and https: password or token; NULL: none */
	const char *key;         /* of ssh: a file with a private key; NULL: as ssh does it */
	const char *ca;          /* a file of certificates that are trusted; NULL: the system's */
	const char *ssh_config;  /* ssh -F; NULL: the user's own */
	int64_t idle_timeout_ms; /* 0: 30000 */
	struct rfa_clock *clock; /* NULL: the system's */
	const volatile int *cancel; /* NULL: none */
};

/*
 * Fetches a tag, and the commits that it needs, and says which commit it is: an annotated tag is
 * followed. Done by a process of its own, which ends when nothing comes for the idle time-out, or
 * when *cancel is set. The key of a server of ssh has to be in the user's known_hosts.
 *
 * Errors: NOTFOUND (no such repository, no such tag, with the nearest one), AUTH, HOSTKEY,
 * UNREACHABLE, STALLED, CANCELLED, UNSUPPORTED (a jump host on the way), CONFIG, NOSPACE, REMOTE.
 * After any of them the copy is as good as before. No secret is in an error.
 */
RFA_API int rfa_git_fetch(const struct rfa_git_source *source, const char *tag,
			  char commit[RFA_GIT_ID_MAX], struct rfa_error *err) RFA_MUST_USE;

/* Longer names of tags, and more tags, are not taken. */
#define RFA_GIT_TAG_MAX 256
enum { RFA_GIT_TAGS_MAX = 50000 };
/*
 * *out (new): {tag: commit}, all tags that the server has; nothing is fetched, the copy is not
 * needed. A name that is no UTF-8 is left out. Errors: those of rfa_git_fetch().
 */
RFA_API int rfa_git_tags(const struct rfa_git_source *source, json_t **out,
			 struct rfa_error *err) RFA_MUST_USE;

/*
 * *out (new, rfa_repository_free()): the files of a commit. Errors: NOTFOUND: it is not in the
 * copy; CORRUPT: the copy is damaged, or the commit has names that no file can have; TOOBIG.
 */
RFA_API int rfa_git_open(struct rfa_repository **out, const char *cache, const char *commit,
			 struct rfa_error *err) RFA_MUST_USE;
RFA_API void rfa_repository_free(struct rfa_repository *repository); /* NULL-safe */

#ifdef __cplusplus
}
#endif
#endif

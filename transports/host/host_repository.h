/* The files of one commit of a git repository, on the machine where rfa runs. */
#ifndef RFA_TRANSPORTS_HOST_HOST_REPOSITORY_H
#define RFA_TRANSPORTS_HOST_HOST_REPOSITORY_H

#include <jansson.h>
#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"
#include "transports/host/host_files.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_repository;
struct rfa_stream;

/* Paths are below the root of the commit: "deploy/compose.yaml"; "." is the root itself. */
struct rfa_repository_ops {
	/*
	 * *out (new): {"commit","tree" (ids),"at" (when it was committed),"bytes","sha256" (of what
	 * `tar` gives),"files" (how many),"submodules":[path],"pointers":[path of a file that only
	 * points into Git LFS]}; of each list the first 20.
	 */
	int (*describe)(struct rfa_repository *, json_t **out, struct rfa_error *);
	/* What has a path; type 0: nothing. No link is followed, on the way neither. */
	int (*stat)(struct rfa_repository *, const char *path, struct rfa_file_stat *out,
		    struct rfa_error *);
	/* Appends the content of a file. Errors: NOTFOUND, TOOBIG. */
	int (*read)(struct rfa_repository *, const char *path, size_t max, struct rfa_buf *out,
		    struct rfa_error *);
	/*
	 * All that is below a directory, as host_files.h's list says; a submodule is something
	 * other. only (NULL-terminated; NULL: all): a path has to match one of them, or to lie in
	 * a directory that does. Errors: NOTFOUND, TOOBIG.
	 */
	int (*list)(struct rfa_repository *, const char *directory, const char *const *only,
		    const char *const *without, struct rfa_file_list *out, struct rfa_error *);
	/*
	 * All files, directories and links as a tar: the same bytes every time for the same commit.
	 * In memory is one file at a time. The stream has to be closed before the repository is
	 * freed.
	 */
	int (*tar)(struct rfa_repository *, struct rfa_stream **out, struct rfa_error *);
	void (*free)(struct rfa_repository *);
};

struct rfa_repository {
	const struct rfa_repository_ops *ops;
	char commit[65], tree[65]; /* their ids */
};

/* Which commit is meant, and where it comes from. All borrowed. */
struct rfa_repository_ask {
	const char *stack, *env; /* whose configuration says how the repository is asked */
	const char *url, *tag;
	const char *commit; /* NULL: what the tag is now */
};

#ifdef __cplusplus
}
#endif
#endif

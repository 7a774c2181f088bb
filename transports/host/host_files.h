/* Small files of a host. */
#ifndef RFA_TRANSPORTS_HOST_HOST_FILES_H
#define RFA_TRANSPORTS_HOST_HOST_FILES_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/digest.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;

/* A file on the host; mode 0 and type 0: there is none. */
struct rfa_file_stat {
	char type;     /* 'f' file, 'd' directory, 'l' symlink, 'o' other, 0 none */
	unsigned mode; /* permission bits */
	uint32_t uid, gid;
	int64_t size, mtime_s;
};

/* What is below a directory. */
struct rfa_file_entry {
	char *path; /* below it: "conf/app.yml"; any byte but NUL */
	struct rfa_file_stat stat;
	char sha256[RFA_DIGEST_HEX]; /* of a file; "": it could not be read, or is no file */
};
struct rfa_file_list {
	struct rfa_file_entry *at;
	size_t n;
};
RFA_API void rfa_file_list_release(struct rfa_file_list *list);
/* The entry of that path; NULL: there is none. */
RFA_API const struct rfa_file_entry *rfa_file_list_find(const struct rfa_file_list *list,
							const char *path);
/* Sorts it by path, as bytes: what finds an entry needs that. */
RFA_API void rfa_file_list_sort(struct rfa_file_list *list);

/* More is refused. */
enum { RFA_FILE_LIST_MAX = 2000, RFA_FILE_LIST_BYTES = 16 << 20 };

/* A file that is to be below a directory. All borrowed. */
struct rfa_file_put {
	const char *directory; /* absolute */
	const char *path;      /* below it, plain: no "..", no "." */
	unsigned mode;
	int64_t uid, gid; /* -1: the owner's of the directory that it lies in */
	const void *data;
	size_t len;
};

struct rfa_host_files {
	int (*stat)(struct rfa_host *, const char *path, struct rfa_file_stat *out,
		    struct rfa_error *);
	/* Appends the content. Errors: NOTFOUND, TOOBIG (over max). */
	int (*read)(struct rfa_host *, const char *path, size_t max, struct rfa_buf *out,
		    struct rfa_error *);
	/*
	 * Replaces its content: made beside it, synced, renamed, so that the file is the old one or
	 * the new one. All else that an existing file has stays: owner, mode, ACL, extended
	 * attributes, times; one with several names is written over instead, and keeps them. A new
	 * file has `mode`. A symlink stays, what it points to is replaced. Parents inside the state
	 * directory are made. Errors: NOTFOUND (no parent), NOSPACE, REMOTE; REFUSED: the way leads
	 * over a symlink in a directory that other users can write to.
	 */
	int (*write)(struct rfa_host *, const char *path, unsigned mode, const void *data,
		     size_t len, struct rfa_error *);
	/*
	 * What the git working tree that holds a directory is made of. *out (new): {"commit" (what
	 * HEAD is; null: see below),"dirty" (bool: something in the working tree differs from the
	 * commit; files that git ignores do not count; false where commit is null),"tree" (the id
	 * of the tree object of all that is there, whether committed or not; null where commit
	 * is)}. Of a repository in it its commit counts if it is a submodule, else nothing. Nothing
	 * in the repository changes.
	 *
	 * commit is null: no git there, no repository, no commit yet; or a repository that is
	 * another user's, or that others can write to: git runs programs that a repository's
	 * configuration names, so that they would run as rfa's user. Of its own user's repository
	 * rfa runs none of these either; of a file that goes through a filter of that
	 * configuration, what the file has counts.
	 *
	 * Errors: NOTFOUND: there is no such directory; REMOTE with git's words: it cannot be told.
	 */
	int (*worktree)(struct rfa_host *, const char *directory, json_t **out, struct rfa_error *);
	/* Removes one file. Absent is success. */
	int (*remove)(struct rfa_host *, const char *path, struct rfa_error *);

	/*
	 * Below a directory no link is followed by the rest, whoever makes one and when; of the
	 * directory itself what is said of `write` holds.
	 */
	/*
	 * All that is below it, sorted by path: files, directories, and anything else as what it
	 * is. Not gone into: other file systems, ".git", what begins with ".rfa-", and what
	 * `without` matches (NULL-terminated; each as fnmatch(3) without flags, so that a star
	 * matches a slash, too). out: released by rfa_file_list_release(). Errors: NOTFOUND;
	 * TOOBIG (RFA_FILE_LIST_…) says of what there is too much; UNSUPPORTED: a tool is missing.
	 */
	int (*list)(struct rfa_host *, const char *directory, const char *const *without,
		    struct rfa_file_list *out, struct rfa_error *);
	/*
	 * Appends the content of a file below it. Errors: NOTFOUND, TOOBIG (over max), EXISTS (it
	 * is no plain file); REFUSED: it is a link, or one is on the way.
	 */
	int (*get)(struct rfa_host *, const char *directory, const char *path, size_t max,
		   struct rfa_buf *out, struct rfa_error *);
	/*
	 * Writes a file: made beside it, synced, renamed, with this mode and owner, whatever the
	 * old one had. Directories on the way are made (0755, the owner of the one above). Errors:
	 * NOTFOUND (the directory), EXISTS (something else has the name), NOSPACE, REMOTE; REFUSED:
	 * a link is on the way.
	 */
	int (*put)(struct rfa_host *, const struct rfa_file_put *, struct rfa_error *);
	/*
	 * Removes a file or link below it, or a directory that is empty. What is not there, or not
	 * empty, stays: success.
	 */
	int (*drop)(struct rfa_host *, const char *directory, const char *path, struct rfa_error *);
};

#ifdef __cplusplus
}
#endif
#endif

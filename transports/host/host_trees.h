/* Directories and SQLite databases of a host, whole, and their copies. */
#ifndef RFA_TRANSPORTS_HOST_HOST_TREES_H
#define RFA_TRANSPORTS_HOST_HOST_TREES_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;
struct rfa_job_key;

/*
 * What data is made of. A tree is a directory with everything in it; an SQLite database is a file
 * with its companions (-wal, -journal, -shm), which only together are one. A *copy* of either is
 * the directory "tree" in a directory of its own, which rfa makes and removes, and whose name
 * begins with ".rfa-": "/…/.rfa-…/tree" (else INTERNAL). A copy of a tree is the tree with its
 * content and its own attributes, of a database with the files db, db-wal and db-journal. Paths are
 * absolute and plain: no "..", no slash at the end.
 *
 * Other users of the host may own directories of a tree, or the one that it lies in, and swap
 * what is in them at any moment. What they do so never makes root read, write or change anything
 * that is not in the tree: a change ends with REFUSED (or with what else became impossible), or it
 * is of what was in the tree. The directory of a copy is root's alone; a copy that an earlier rfa
 * made is one that lies beside its place itself, "/…/.rfa-…": it can be swapped and removed where
 * nobody else can write.
 */
enum rfa_tree_kind { RFA_TREE_DIRECTORY, RFA_TREE_SQLITE };

/* A copy is made in two passes, so that what writes stands still only for the second one. */
enum rfa_copy_pass {
	/*
	 * While others may still write: brings the bulk over, as far as it can be brought over at
	 * all. Nothing at all where `final` will be quick anyway (reflinks; a database).
	 */
	RFA_COPY_BULK,
	/*
	 * Nobody writes any more: makes the copy exactly the source. By reflinks where the file
	 * system has them; else only what changed since the bulk pass began is copied, and what is
	 * no longer there goes.
	 */
	RFA_COPY_FINAL,
};

/* How an archive is packed that only has to reach another host. */
struct rfa_packing {
	const char *zip; /* "zstd", "gzip"; "": not at all */
	/* In the spool of the key's run: the list of what the other host has. "": nothing. */
	const char *list;
};

struct rfa_host_trees {
	/* reads */
	/*
	 * *out (new): {"type":"d"|"f"|"l"|"o"|"", "mount":bool (something is mounted on it
	 * or in it), "sqlite":bool (asked of a database: the file begins as SQLite's do),
	 * "uid","gid","mode","bytes" (allocated), "apparent" (sum of the sizes of its
	 * files),"inodes","too_long" (how many paths in it have 3840 bytes or more: a copy beside
	 * it would pass what the kernel takes),"apart" (how many of its
	 * files have another name that is not in it),"special" (how many FIFOs and devices have
	 * several names),"flags" (how many entries have flags that lsattr shows; 0 where there is
	 * no lsattr),"device" (equal text: one file system),"entry"
	 * ("device:inode": tells it from another one that gets its name)}. type "" is all there is
	 * of a path that does not exist. One that leads over a symlink in a directory that other
	 * users of the host can write to has "type" "" and "unsafe", which says so.
	 */
	int (*observe)(struct rfa_host *, enum rfa_tree_kind, const char *path, json_t **out,
		       struct rfa_error *);
	/*
	 * Where paths really are, whatever they are called. paths: array of absolute paths. *out
	 * (new): {path: {"real" (without symbolic links), "entry" (as tree_observe's; "": nothing
	 * is there), "above" (the entries of all directories that it lies in), "parent" (bool: the
	 * one that it lies in is there)}}.
	 */
	int (*where)(struct rfa_host *, const json_t *paths, json_t **out, struct rfa_error *);
	/*
	 * Processes that hold a file of these trees open, map it, or stand in one of their
	 * directories, whatever mount or process namespace they live in. paths: array of
	 * {"kind":"directory"|"sqlite","path"}. without: array of ids of containers whose processes
	 * are not told (by their cgroups: what `docker exec` starts, and containers inside one,
	 * too); NULL: all are told. *out (new): array of {"pid","command","path" (the tree)}; at
	 * most 20. Errors: UNSUPPORTED when other users' processes cannot be looked at.
	 */
	int (*holders)(struct rfa_host *, const json_t *paths, const json_t *without, json_t **out,
		       struct rfa_error *);
	/*
	 * What SQLite itself says of a copy of a database: *out (new): {"ok":bool,"summary":"…"}.
	 * The copy is left as it is. Errors: UNSUPPORTED when the host has neither sqlite3 nor
	 * python3, and how to mend it; that is said even where there is no such copy (NOTFOUND).
	 */
	int (*sqlite_check)(struct rfa_host *, const char *copy, json_t **out, struct rfa_error *);

	/* changes, as jobs */
	/*
	 * Copies the tree or database at `from` to the copy `to`, whose parent exists. Kept are
	 * owner, mode, times, xattrs, ACLs, hard links (of files and symlinks), symlinks, holes,
	 * empty directories, FIFOs and devices; sockets are left out, since nobody listens at a
	 * copy. A tree in which something is mounted is refused (REMOTE). *out (new):
	 * {"reflink":bool,"bytes","inodes"} (0 and 0 where the bulk pass left nothing). A job that
	 * is repeated under a new key begins the pass again. Errors: NOTFOUND, NOSPACE, REMOTE;
	 * what is half there is completed by another call, or removed by tree_remove.
	 */
	int (*copy)(struct rfa_host *, const struct rfa_job_key *, enum rfa_tree_kind,
		    const char *from, const char *to, enum rfa_copy_pass, json_t **out,
		    struct rfa_error *);
	/*
	 * Keeps, in the spool of the key's run, what is at `path` as blocks of which an archive of
	 * that name can be made here, and a list of them, on disk when it answers. Others may write
	 * there meanwhile. *out (new): {"archive" (the list, which may travel),"bytes","sha256"}.
	 * Errors: NOTFOUND, NOSPACE (nothing is left then), UNSUPPORTED: b2sum or perl is missing.
	 */
	int (*known)(struct rfa_host *, const struct rfa_job_key *, enum rfa_tree_kind,
		     const char *path, const char *archive, json_t **out, struct rfa_error *);
	/*
	 * Makes an archive of a copy in the spool of the key's run: a tar whose bytes are the same
	 * every time for the same copy; packed as it is said (NULL: as it is), without the blocks
	 * of a list. *out (new): {"archive","bytes","sha256"}.
	 */
	int (*pack)(struct rfa_host *, const struct rfa_job_key *, const char *copy,
		    const char *archive, const struct rfa_packing *, json_t **out,
		    struct rfa_error *);
	/*
	 * Makes the copy `to` from an archive in the spool of the key's run, however it is packed;
	 * on disk when it answers. What was there under that name goes first. Errors: MISMATCH when
	 * the archive is no such tar, names something outside of itself, or is not, with the blocks
	 * that are known here, the tar that was packed (nothing is left then); NOSPACE.
	 */
	int (*unpack)(struct rfa_host *, const struct rfa_job_key *, const char *archive,
		      const char *to, struct rfa_error *);
	/*
	 * Makes the copy `to` of a tree in which nothing is, with this owner and mode; on disk when
	 * it answers. What was there under that name goes first. Errors: as unpack.
	 */
	int (*empty)(struct rfa_host *, const struct rfa_job_key *, const char *to, int64_t uid,
		     int64_t gid, unsigned mode, struct rfa_error *);
	/*
	 * Swaps data by rename, in this order; copies lie beside their place, in its directory
	 * (else REMOTE), so that nothing is ever copied. items: array of
	 * {"kind":"directory"|"sqlite","place","in":copy|null,"out":copy|null}: what is at `place`
	 * becomes the copy `out` (null: nothing is there), then the copy `in` takes the place
	 * (null: nothing does). Begun anew from whatever a power cut left: each rename is done once
	 * and none ever goes over something. On disk when it answers, and then each place
	 * was seen to have what was to come there. Errors: EXISTS, NOTFOUND: what is there is no
	 * stage of this swap, or two places are one, or one lies in another; nothing of any
	 * item was touched.
	 */
	int (*swap)(struct rfa_host *, const struct rfa_job_key *, const json_t *items,
		    struct rfa_error *);
	/* Removes copies, whose names begin with ".rfa-" (else INTERNAL). Absent is success. */
	int (*remove)(struct rfa_host *, const struct rfa_job_key *, const json_t *copies,
		      struct rfa_error *);
};

#ifdef __cplusplus
}
#endif
#endif

/*
 * Typed operations on one Docker host. Two implementations of one vtable: `shell` (POSIX sh,
 * coreutils and docker, through any transport) and the simulated host of fixtures/sim. One
 * contract test (tests/contract/host_test.c) holds both to what is promised here.
 *
 * Reads never change anything and are safe to repeat. Every change is a *job*: it runs on the
 * host, detached from the connection, at most once for its key; asking for it again (after a lost
 * connection, from another process) attaches to the one that runs, or answers the result that was
 * kept, an error as well. So a change answers UNKNOWN only if the host could not be asked again,
 * if the job's process is gone without a result (power loss, kill), or if the engine died over it.
 *
 * An engine that does not answer is UNREACHABLE (RETRY: it saw nothing) or LOST (UNKNOWN: it went
 * away in between); a definite no of the engine is REMOTE with the engine's words.
 *
 * Engine objects are the engine's own JSON (`docker inspect`), so that no field is ever lost.
 */
#ifndef RFA_TRANSPORTS_HOST_HOST_H
#define RFA_TRANSPORTS_HOST_HOST_H

#include <jansson.h>
#include <stdint.h>

#include "transports/http.h"
#include "transports/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;

/*
 * Names a change: run id, step and operation, each [A-Za-z0-9._-]+. The driver puts the attempt
 * into op ("1.load", "u2.start-backend"), so that a new attempt is a new job, while all jobs of
 * a step are found by run and step.
 */
struct rfa_job_key {
	const char *run;  /* "20261122-103015-4f2a9c" */
	const char *step; /* "target.load" */
	const char *op;   /* unique within the step */
};

enum rfa_object { RFA_CONTAINER, RFA_IMAGE, RFA_NETWORK, RFA_VOLUME };

struct rfa_object_name {
	enum rfa_object kind;
	const char *name; /* borrowed */
};

/* A file on the host; mode 0 and type 0: there is none. */
struct rfa_file_stat {
	char type;     /* 'f' file, 'd' directory, 'l' symlink, 'o' other, 0 none */
	unsigned mode; /* permission bits */
	uint32_t uid, gid;
	int64_t size, mtime_s;
};

struct rfa_disk {
	int64_t bytes_total, bytes_free;   /* free to a non-root writer */
	int64_t inodes_total, inodes_free; /* 0 and 0: the file system does not count them */
	char filesystem[128];              /* two paths with equal text share it */
};

/* A Compose project on a host. All lists are NULL-terminated; NULL is an empty one. */
struct rfa_compose {
	const char *project;          /* -p */
	const char *directory;        /* --project-directory; absolute */
	const char *const *files;     /* -f, absolute or relative to directory; none: Compose's */
	const char *const *env_files; /* --env-file; none: the directory's .env */
	/*
	 * Only these services, also those of a profile that is not active; none: all that are
	 * active. Of compose_up: none that they depend on is touched.
	 */
	const char *const *services;
	const char *const *scale; /* compose_up: "web=3", how many containers a service has */
	int no_start;             /* compose_up: containers are made, not started */
};

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

struct rfa_host_ops {
	unsigned version; /* RFA_HOST_OPS_VERSION */

	/* -- the host -- */
	/* Connects (again) if needed, and tries its sh. Errors: the transport's; NOSHELL. */
	int (*connect)(struct rfa_host *, struct rfa_error *);
	/*
	 * *out (new):
	 * {"hostname","os","arch","user","uid","boot_id","engine":"26.1.5","api":"1.45",
	 * "store":"classic"|"containerd","driver":"overlay2","docker_root":"/var/lib/docker",
	 * "tools":{"b2sum":true,"zstd":false,...}}.
	 * Errors: UNSUPPORTED names a missing docker (or one that may not be used) and the hint.
	 */
	int (*info)(struct rfa_host *, json_t **out, struct rfa_error *);
	/* Of the file system that holds path, or its nearest parent that exists. */
	int (*disk)(struct rfa_host *, const char *path, struct rfa_disk *out, struct rfa_error *);

	/* -- the engine: reads -- */
	/* *out (new): the object as `docker inspect` shows it. Errors: NOTFOUND. */
	int (*inspect)(struct rfa_host *, enum rfa_object kind, const char *name, json_t **out,
		       struct rfa_error *);
	/*
	 * The same of many at once, in one round trip. *out (new): array of n, in this order: each
	 * one's object, or null: there is none. Errors: as of one; none of them is told then.
	 */
	int (*inspect_all)(struct rfa_host *, const struct rfa_object_name names[], size_t n,
			   json_t **out, struct rfa_error *);
	/* *out (new): array of the inspect objects of all containers (stopped too) or images... */
	int (*list)(struct rfa_host *, enum rfa_object kind, json_t **out, struct rfa_error *);
	/* Appends the last lines of a container's output (both streams). */
	int (*logs)(struct rfa_host *, const char *container, unsigned lines, struct rfa_buf *out,
		    struct rfa_error *);
	/* *out (new): which Compose there is, "2.26.1"; null: none that works. */
	int (*compose_version)(struct rfa_host *, json_t **out, struct rfa_error *);
	/*
	 * The files of a project for which none are named, as Compose finds them: COMPOSE_FILE,
	 * also of the .env file, else the usual names, in the directory or above it. *out (new):
	 * array of absolute paths. Errors: REMOTE with compose's words; UNSUPPORTED: Compose finds
	 * others than can be told.
	 */
	int (*compose_files)(struct rfa_host *, const struct rfa_compose *, json_t **out,
			     struct rfa_error *);
	/*
	 * *out (new): {"config": `docker compose config --format json`, "unset":[variable]}: a
	 * variable that the files name and nobody has set is blank in config. Errors: REMOTE with
	 * compose's words; NOTFOUND: one of `services` is not in the files.
	 */
	int (*compose_config)(struct rfa_host *, const struct rfa_compose *, json_t **out,
			      struct rfa_error *);
	/*
	 * What Compose labels the containers of each service with, com.docker.compose.config-hash,
	 * if it is brought up as `config` says (as compose_config answered it, or edited). *out
	 * (new): {service: hash}. Errors: REMOTE.
	 */
	int (*compose_hash)(struct rfa_host *, const struct rfa_compose *, const json_t *config,
			    json_t **out, struct rfa_error *);

	/* -- the engine: changes, as jobs -- */
	/*
	 * POST /containers/create with this body (the Engine API's own: Config's fields at the top,
	 * HostConfig, NetworkingConfig). "x-rfa-networks" {name: endpoint} are further networks,
	 * connected after it; null for one that its NetworkMode puts it into and that it is taken
	 * out of, before that. If one of these cannot be, the container is removed again; it never
	 * ran. Errors: EXISTS (name taken), NOTFOUND (image, network), REMOTE with the engine's
	 * words.
	 */
	int (*container_create)(struct rfa_host *, const struct rfa_job_key *, const char *name,
				const json_t *body, struct rfa_error *);
	/* Success too if it runs already. Errors: NOTFOUND, EXISTS (a port is taken), REMOTE. */
	int (*container_start)(struct rfa_host *, const struct rfa_job_key *, const char *name,
			       struct rfa_error *);
	/* Waits for the container's own stop time-out, then the engine kills it. Success too if it
	 * does not run. */
	int (*container_stop)(struct rfa_host *, const struct rfa_job_key *, const char *name,
			      struct rfa_error *);
	/*
	 * When the engine starts it by itself from now on, whether it runs or not: "no", "always",
	 * "unless-stopped", "on-failure" or "on-failure:N". Errors: NOTFOUND, REMOTE.
	 */
	int (*container_policy)(struct rfa_host *, const struct rfa_job_key *, const char *name,
				const char *policy, struct rfa_error *);
	/* Errors: NOTFOUND (from), EXISTS (to is taken), whatever an earlier attempt did. */
	int (*container_rename)(struct rfa_host *, const struct rfa_job_key *, const char *from,
				const char *to, struct rfa_error *);
	/* Removes a stopped container, never its volumes. Errors: NOTFOUND, REMOTE when it runs. */
	int (*container_remove)(struct rfa_host *, const struct rfa_job_key *, const char *name,
				struct rfa_error *);
	/* Errors: NOTFOUND. */
	int (*image_tag)(struct rfa_host *, const struct rfa_job_key *, const char *image,
			 const char *ref, struct rfa_error *);
	/*
	 * Untags ref (name:tag; without a tag, :latest is meant; sha256:… is the image itself); the
	 * image goes too if that was its last. Absent is success. In use: REMOTE.
	 */
	int (*image_untag)(struct rfa_host *, const struct rfa_job_key *, const char *ref,
			   struct rfa_error *);
	/*
	 * Makes an archive of images in the host's spool, in the hybrid form (OCI layout and
	 * manifest.json) that every engine loads, without the layers whose diff id is in "omit".
	 * request: {"images":[{"id":"sha256:…","name":"localhost/rfa-pin:…"}],"omit":["sha256:…"],
	 * "name":"images"}. *out (new): {"archive":"<name>","bytes":N,"layers":N,"omitted":N}.
	 * The archive's bytes are the same every time for the same request and images.
	 */
	int (*image_export)(struct rfa_host *, const struct rfa_job_key *, const json_t *request,
			    json_t **out, struct rfa_error *);
	/* Loads an archive from the spool. Errors: REMOTE, NOSPACE. */
	int (*image_load)(struct rfa_host *, const struct rfa_job_key *, const char *archive,
			  struct rfa_error *);
	/*
	 * docker compose up -d --no-build --remove-orphans=false, pull never, with what is in
	 * files. Errors: REMOTE with compose's words, also when a service does not end well that
	 * another one waits for.
	 */
	int (*compose_up)(struct rfa_host *, const struct rfa_job_key *, const struct rfa_compose *,
			  struct rfa_error *);

	/* -- jobs -- */
	/*
	 * Does a job of this run and step (key.op ignored) still run? *running = 0 or 1. A job
	 * whose process is gone without a result (power loss) does not run, and one that was asked
	 * for but has not begun never will: so 0 stays true until a job is asked for.
	 */
	int (*jobs_running)(struct rfa_host *, const struct rfa_job_key *, int *running,
			    struct rfa_error *);

	/* -- the spool of a run: <state dir>/runs/<run>/spool -- */
	/*
	 * Opens an archive (made by image_export, or written here) for reading from offset to its
	 * end. Errors: NOTFOUND. End it with rfa_host_stream_end().
	 */
	int (*spool_read)(struct rfa_host *, const char *run, const char *archive, uint64_t offset,
			  struct rfa_stream **out, struct rfa_error *);
	/*
	 * Opens a spool file for writing at offset (fixed offsets, never append; what lies before
	 * is kept, the file is made if it is not there). Data is on disk when rfa_host_stream_end()
	 * answers 0; it tells NOSPACE too.
	 */
	int (*spool_write)(struct rfa_host *, const char *run, const char *archive, uint64_t offset,
			   struct rfa_stream **out, struct rfa_error *);
	/*
	 * BLAKE2b-256 of each chunk of `chunk` bytes of the first `bytes` bytes (the last may be
	 * short) of a spool file, whether it was received here or made here by image_export: the
	 * two ends of an interrupted transfer are compared by it. *out (new): array of hex strings;
	 * shorter if the file is. *size: the whole file's length; 0 if there is none. Errors:
	 * UNSUPPORTED without b2sum.
	 */
	int (*spool_digests)(struct rfa_host *, const char *run, const char *archive,
			     uint64_t chunk, uint64_t bytes, json_t **out, uint64_t *size,
			     struct rfa_error *);
	/*
	 * Removes the run's directory (spool, jobs). Absent is success. Errors: LOCKED while one of
	 * its jobs runs.
	 */
	int (*run_remove)(struct rfa_host *, const char *run, struct rfa_error *);

	/* -- files (small ones) -- */
	int (*file_stat)(struct rfa_host *, const char *path, struct rfa_file_stat *out,
			 struct rfa_error *);
	/* Appends the content. Errors: NOTFOUND, TOOBIG (over max). */
	int (*file_read)(struct rfa_host *, const char *path, size_t max, struct rfa_buf *out,
			 struct rfa_error *);
	/*
	 * Replaces its content: made beside it, synced, renamed, so that the file is the old one or
	 * the new one. All else that an existing file has stays: owner, mode, ACL, extended
	 * attributes, times; one with several names is written over instead, and keeps them. A new
	 * file has `mode`. A symlink stays, what it points to is replaced. Parents inside the state
	 * directory are made. Errors: NOTFOUND (no parent), NOSPACE, REMOTE; REFUSED: the way leads
	 * over a symlink in a directory that other users can write to.
	 */
	int (*file_write)(struct rfa_host *, const char *path, unsigned mode, const void *data,
			  size_t len, struct rfa_error *);
	/* Removes one file. Absent is success. */
	int (*file_remove)(struct rfa_host *, const char *path, struct rfa_error *);

	/* -- trees: reads -- */
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
	int (*tree_observe)(struct rfa_host *, enum rfa_tree_kind, const char *path, json_t **out,
			    struct rfa_error *);
	/*
	 * Where paths really are, whatever they are called. paths: array of absolute paths. *out
	 * (new): {path: {"real" (without symbolic links), "entry" (as tree_observe's; "": nothing
	 * is there), "above" (the entries of all directories that it lies in), "parent" (bool: the
	 * one that it lies in is there)}}.
	 */
	int (*tree_where)(struct rfa_host *, const json_t *paths, json_t **out, struct rfa_error *);
	/*
	 * Processes that hold a file of these trees open, map it, or stand in one of their
	 * directories, whatever mount or process namespace they live in. paths: array of
	 * {"kind":"directory"|"sqlite","path"}. without: array of ids of containers whose processes
	 * are not told (by their cgroups: what `docker exec` starts, and containers inside one,
	 * too); NULL: all are told. *out (new): array of {"pid","command","path" (the tree)}; at
	 * most 20. Errors: UNSUPPORTED when other users' processes cannot be looked at.
	 */
	int (*tree_holders)(struct rfa_host *, const json_t *paths, const json_t *without,
			    json_t **out, struct rfa_error *);
	/*
	 * What SQLite itself says of a copy of a database: *out (new): {"ok":bool,"summary":"…"}.
	 * The copy is left as it is. Errors: UNSUPPORTED when the host has neither sqlite3 nor
	 * python3, and how to mend it; that is said even where there is no such copy (NOTFOUND).
	 */
	int (*sqlite_check)(struct rfa_host *, const char *copy, json_t **out, struct rfa_error *);

	/* -- trees: changes, as jobs -- */
	/*
	 * Copies the tree or database at `from` to the copy `to`, whose parent exists. Kept are
	 * owner, mode, times, xattrs, ACLs, hard links (of files and symlinks), symlinks, holes,
	 * empty directories, FIFOs and devices; sockets are left out, since nobody listens at a
	 * copy. A tree in which something is mounted is refused (REMOTE). *out (new):
	 * {"reflink":bool,"bytes","inodes"} (0 and 0 where the bulk pass left nothing). A job that
	 * is repeated under a new key begins the pass again. Errors: NOTFOUND, NOSPACE, REMOTE;
	 * what is half there is completed by another call, or removed by tree_remove.
	 */
	int (*tree_copy)(struct rfa_host *, const struct rfa_job_key *, enum rfa_tree_kind,
			 const char *from, const char *to, enum rfa_copy_pass, json_t **out,
			 struct rfa_error *);
	/*
	 * Makes an archive of a copy in the spool of the key's run: a tar whose bytes are the same
	 * every time for the same copy. *out (new): {"archive","bytes","sha256"}.
	 */
	int (*tree_pack)(struct rfa_host *, const struct rfa_job_key *, const char *copy,
			 const char *archive, json_t **out, struct rfa_error *);
	/*
	 * Makes the copy `to` from an archive in the spool of the key's run; on disk when it
	 * answers. What was there under that name goes first. Errors: MISMATCH when the archive is
	 * no such tar or names something outside of itself (nothing is left then), NOSPACE.
	 */
	int (*tree_unpack)(struct rfa_host *, const struct rfa_job_key *, const char *archive,
			   const char *to, struct rfa_error *);
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
	int (*tree_swap)(struct rfa_host *, const struct rfa_job_key *, const json_t *items,
			 struct rfa_error *);
	/* Removes copies, whose names begin with ".rfa-" (else INTERNAL). Absent is success. */
	int (*tree_remove)(struct rfa_host *, const struct rfa_job_key *, const json_t *copies,
			   struct rfa_error *);

	/* -- databases that a server in a container keeps -- */
	/*
	 * Which one is meant: {"engine","container","user","database"}; engine is "postgres", or
	 * "mysql", which means MariaDB as well. It is reached by the programs in that container,
	 * over its local socket, so its port need not be open; a password is only what the
	 * container's own environment has. Beside the database lie rfa's own, whose names begin
	 * with "<database>_rfa_". The *copy* of a database is a directory with one file, `dump`;
	 * what is said of copies of trees holds for it too.
	 */
	/*
	 * *out (new): {"up":bool,"why" (it is not up: in words),"version","major" (grows with it;
	 * of MySQL 8.4: 804),"make" (where an engine is made by several: "MySQL", "MariaDB"),
	 * "data" (the server's data directory in its container, or null),"databases":{name: bytes}
	 * (it, and rfa's own beside it, but for what is half loaded),"sessions":[{"pid","user",
	 * "from","program"}] (of others on it; at most 20),"obstacles":[text] (why it could not be
	 * swapped),"unfit":[text] (why it cannot travel as a dump at all; may be left out)};
	 * with "up" false there is no more than "why". A server that is just starting, or that
	 * lets nobody in, is not up. Errors: NOTFOUND: there is no such container.
	 */
	int (*database_observe)(struct rfa_host *, const json_t *database, json_t **out,
				struct rfa_error *);
	/* Reads a whole dump with the server's own program. *out (new): {"ok":bool,"summary":"…"}.
	 */
	int (*database_check)(struct rfa_host *, const json_t *database, const char *copy,
			      json_t **out, struct rfa_error *);

	/* -- databases: changes, as jobs -- */
	/*
	 * Dumps it into the copy, whose parent exists: whole, and as it was at one moment, or not
	 * at all. What was there under that name goes first. *out (new): {"bytes"}.
	 */
	int (*database_dump)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
			     const char *copy, json_t **out, struct rfa_error *);
	/*
	 * Makes the database `name` (one of rfa's own) from a copy, with the owner, encoding,
	 * locale, grants and settings of the one that is there; what was there under that name
	 * goes first. Errors: NOTFOUND (the copy), REMOTE with the server's words; what is half
	 * there goes by database_drop.
	 */
	int (*database_load)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
			     const char *copy, const char *name, struct rfa_error *);
	/*
	 * Swaps databases by rename, in this order. items: array of {"database":{…},"in","out"
	 * (both of rfa's own)}: the database is called `out` from then on, and `in` has its name.
	 * Sessions on either are ended, and neither takes any until database_open, where the
	 * engine can keep them out (MySQL's cannot). Each item happens as a whole or not at all,
	 * one that has happened is left; a server that breaks off in the midst of it (MySQL's of
	 * old) leaves what this goes on with. Errors: EXISTS, NOTFOUND: what is there is no stage
	 * of this swap, nothing of any item was touched.
	 */
	int (*database_swap)(struct rfa_host *, const struct rfa_job_key *, const json_t *items,
			     struct rfa_error *);
	/* It takes sessions again. */
	int (*database_open)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
			     struct rfa_error *);
	/* Removes databases of rfa's own (else INTERNAL). Absent is success. */
	int (*database_drop)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
			     const json_t *names, struct rfa_error *);

	/* -- the vault: backups in a directory, <vault>/<backup>/ each -- */
	/*
	 * manifest.json, replication_manifest.json (the same), for each member <member>.chunks
	 * ("SHA-256 BYTES" a line, in order), and chunks/<2 digits>/<SHA-256>. Chunks that an
	 * earlier backup has are hard links to it, so each backup is whole by itself and `rm -r`
	 * takes none away from another.
	 */
	/*
	 * Cuts an archive of the key's run into chunks and stores them as a member of a backup that
	 * is not complete yet (else EXISTS). *out (new): {"bytes","sha256","chunks","new_bytes"}.
	 * Repeatable.
	 */
	int (*vault_store)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
			   const char *backup, const char *member, const char *archive,
			   json_t **out, struct rfa_error *);
	/*
	 * Completes a backup: its manifest is there, whole and on disk, or not at all. Success too
	 * if it is complete with this manifest. Errors: NOTFOUND; EXISTS: it has another manifest.
	 */
	int (*vault_seal)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
			  const char *backup, const char *manifest, struct rfa_error *);
	/*
	 * *out (new): array of {"backup","manifest":{…}|null (not complete, or not readable)},
	 * oldest first by name; [] where there is no vault.
	 */
	int (*vault_list)(struct rfa_host *, const char *vault, json_t **out, struct rfa_error *);
	/*
	 * Reads every byte of a backup. *out (new): {"ok":bool,"bytes","chunks","problems":[text]}:
	 * each missing, flipped, short or extra member or chunk is named. Errors: NOTFOUND.
	 */
	int (*vault_verify)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
			    const char *backup, json_t **out, struct rfa_error *);
	/* A member becomes an archive in the spool of the key's run again, as tree_pack made it.
	 * *out (new): {"archive","bytes","sha256"}, as its manifest["members"] (array of
	 * {"name","bytes","sha256",…}) says. Errors: NOTFOUND (also when it is not complete or the
	 * manifest does not name the member), MISMATCH names the chunk. */
	int (*vault_open)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
			  const char *backup, const char *member, const char *archive, json_t **out,
			  struct rfa_error *);
	/* Removes a backup, complete or not. Absent is success. */
	int (*vault_remove)(struct rfa_host *, const struct rfa_job_key *, const char *vault,
			    const char *backup, struct rfa_error *);

	/* -- the host lock, which belongs to a run (DESIGN §9) -- */
	/*
	 * Claims it for who["run"]; free of charge for the same run. On refusal (LOCKED) *holder
	 * (new) is the JSON of the run that has it. who:
	 * {"run","flow","stack","user","machine","since"}.
	 */
	int (*lock_claim)(struct rfa_host *, const json_t *who, json_t **holder,
			  struct rfa_error *);
	/* *holder (new) or NULL when free. */
	int (*lock_read)(struct rfa_host *, json_t **holder, struct rfa_error *);
	/* Frees it if this run has it; success too when it is free; LOCKED if another has it. */
	int (*lock_release)(struct rfa_host *, const char *run, struct rfa_error *);

	/* -- HTTP as seen from the host -- */
	int (*http_get)(struct rfa_host *, const struct rfa_http_request *, struct rfa_http_reply *,
			struct rfa_error *);

	void (*free)(struct rfa_host *);
};
#define RFA_HOST_OPS_VERSION 5u

struct rfa_host {
	const struct rfa_host_ops *ops;
	char name[64];       /* the environment's name: "prod"; for errors and records */
	char state_dir[256]; /* "/var/lib/rfa" */
};

/*
 * A host over a transport (owned from now on, also on failure). state_dir: absolute; NULL:
 * "/var/lib/rfa". docker: the docker command, words at blanks ("sudo -n docker"); NULL: "docker".
 * Connects at the first operation.
 */
struct rfa_host_options {
	const char *name;
	const char *state_dir;
	const char *docker;
	int64_t idle_timeout_ms;    /* 0: 30000 */
	struct rfa_clock *clock;    /* borrowed; NULL: the system's */
	const volatile int *cancel; /* borrowed; NULL: none */
};
RFA_API int rfa_host_shell(struct rfa_host **out, struct rfa_transport *transport,
			   const struct rfa_host_options *options,
			   struct rfa_error *err) RFA_MUST_USE;
RFA_API void rfa_host_free(struct rfa_host *host);

/*
 * Ends a stream of spool_read or spool_write: ends its input, drops what it still writes, waits for
 * its result. *out is closed and set to NULL in every case. Errors: NOSPACE, NOTFOUND, REMOTE with
 * the host's words; LOST, STALLED, CANCELLED.
 */
RFA_API int rfa_host_stream_end(struct rfa_host *host, struct rfa_stream **stream,
				int64_t idle_timeout_ms, const volatile int *cancel,
				struct rfa_error *err) RFA_MUST_USE;

/*
 * 1 if name is that of a database of rfa's own beside `database`: "<database>_rfa_…", and no longer
 * than any server takes (63 bytes).
 */
RFA_API int rfa_host_database_own(const char *database, const char *name);

/*
 * 1 if a container (its inspect object) has done what it was for: it ended with status 0, nothing
 * starts it again, and it is no server, which would have a published port.
 */
RFA_API int rfa_host_ended_well(const json_t *container);

/* 1 if text can be a key's part, a spool name: [A-Za-z0-9._-]+, not "." or "..", at most 128. */
RFA_API int rfa_host_name_ok(const char *text);

#ifdef __cplusplus
}
#endif
#endif

/* What a run has on a host: its jobs, its spool, and the host's lock while it runs. */
#ifndef RFA_TRANSPORTS_HOST_HOST_RUNS_H
#define RFA_TRANSPORTS_HOST_HOST_RUNS_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;
struct rfa_stream;

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

/* A command on the host itself. Borrowed. */
struct rfa_host_command {
	const char *const *argv; /* the program, by its path or as PATH has it; ends with NULL */
	const char *const *env;  /* "NAME=value", beside what the host has; ends with NULL */
	int64_t timeout_s;
};

struct rfa_exec_answer; /* host_engine.h */

struct rfa_host_runs {
	/* jobs */
	/*
	 * Runs a command of the operator's, as a job: once for its key, however often it is asked
	 * for; no shell reads its words, its input is empty. A program that is not there has the
	 * status 127. Errors: INTERNAL for a program with a = in its name.
	 */
	int (*command)(struct rfa_host *, const struct rfa_job_key *,
		       const struct rfa_host_command *, struct rfa_exec_answer *,
		       struct rfa_error *);
	/*
	 * Does a job of this run and step (key.op ignored) still run? *running = 0 or 1. A job
	 * whose process is gone without a result (power loss) does not run, and one that was asked
	 * for but has not begun never will: so 0 stays true until a job is asked for.
	 */
	int (*jobs_running)(struct rfa_host *, const struct rfa_job_key *, int *running,
			    struct rfa_error *);

	/* the spool: <state dir>/runs/<run>/spool */
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
	 * The directories of runs that are there, of whatever ledger. *out (new): array of {"run",
	 * "bytes" (what it takes on the disk),"running" (bool: a job of it runs)}. A directory that
	 * no run can be called is left out. Errors: REMOTE: it cannot be read.
	 */
	int (*list)(struct rfa_host *, json_t **out, struct rfa_error *);
	/*
	 * A job. Unpacks an archive of the spool of the key's run, the files of a commit
	 * (host_repository.h), into the directory <state dir>/runs/<run>/source/<sha256>. It is
	 * there when all of it is, on disk. The archive must have that SHA-256, so that nothing in
	 * it leads out of there. Errors: NOTFOUND; MISMATCH: other bytes; NOSPACE; UNSUPPORTED: a
	 * tool is missing.
	 */
	int (*unpack)(struct rfa_host *, const struct rfa_job_key *, const char *archive,
		      const char *sha256, struct rfa_error *);
	/*
	 * Removes the run's directory (spool, jobs, sources). Absent is success. Errors: LOCKED
	 * while one of its jobs runs.
	 */
	int (*remove)(struct rfa_host *, const char *run, struct rfa_error *);

	/*
	 * Removes the secrets that jobs of a run may have left in the host's memory (after a power
	 * loss or a kill), but not those of a job that runs: LOCKED. Absent is success.
	 */
	int (*forget)(struct rfa_host *, const char *run, struct rfa_error *);

	/* the lock, which belongs to a run (DESIGN §9) */
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
};

#ifdef __cplusplus
}
#endif
#endif

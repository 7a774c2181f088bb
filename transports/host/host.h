/*
 * Typed operations on one host, in small tables: the host itself, its engine, files, runs, trees,
 * databases, vault, registries, routers. Two implementations: `shell` (POSIX sh, coreutils and
 * docker, through any transport) and the simulated host of fixtures/sim. One contract test
 * (tests/contract/host_test.c) holds both to what is promised here.
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

#include "transports/host/host_databases.h"
#include "transports/host/host_engine.h"
#include "transports/host/host_files.h"
#include "transports/host/host_registry.h"
#include "transports/host/host_repository.h"
#include "transports/host/host_router.h"
#include "transports/host/host_runs.h"
#include "transports/host/host_trees.h"
#include "transports/host/host_vault.h"
#include "transports/http.h"
#include "transports/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;

struct rfa_disk {
	int64_t bytes_total, bytes_free;   /* free to a non-root writer */
	int64_t inodes_total, inodes_free; /* 0 and 0: the file system does not count them */
	char filesystem[128];              /* two paths with equal text share it */
};

/* The host itself. */
struct rfa_host_ops {
	/* Connects (again) if needed, and tries its sh. Errors: the transport's; NOSHELL. */
	int (*connect)(struct rfa_host *, struct rfa_error *);
	/*
	 * *out (new):
	 * {"hostname","os","arch","user","uid","boot_id","engine":"26.1.5","api":"1.45",
	 * "store":"classic"|"containerd","driver":"overlay2","docker_root":"/var/lib/docker",
	 * "time" (its own clock, seconds since 1970; 0: it does not
	 * say),"tools":{"b2sum":true,"zstd":false,...}}. Errors: UNSUPPORTED names a missing docker
	 * (or one that may not be used) and the hint.
	 */
	int (*info)(struct rfa_host *, json_t **out, struct rfa_error *);
	/* Of the file system that holds path, or its nearest parent that exists. */
	int (*disk)(struct rfa_host *, const char *path, struct rfa_disk *out, struct rfa_error *);
	/* As rfa_http_ask(), from the host; or from this machine, if the request says so. */
	int (*http_ask)(struct rfa_host *, const struct rfa_http_request *, struct rfa_http_reply *,
			struct rfa_error *);
	/* As rfa_knock(), from the host; here: from this machine. */
	int (*knock)(struct rfa_host *, const char *address, unsigned port, int here,
		     struct rfa_error *);

	void (*free)(struct rfa_host *);
};

/* What a host offers: bits, one a table of its own. */
enum rfa_host_offer {
	RFA_HOST_ENGINE = 1 << 0,
	RFA_HOST_FILES = 1 << 1,
	RFA_HOST_RUNS = 1 << 2,
	RFA_HOST_TREES = 1 << 3,
	RFA_HOST_DATABASES = 1 << 4,
	RFA_HOST_VAULT = 1 << 5,
	RFA_HOST_REGISTRY = 1 << 6,
	RFA_HOST_ROUTER = 1 << 7,
};

/*
 * What is in `ops` every host can do. A host that does not offer the rest of it has NULL there;
 * the driver asks before a run begins (the roles of its flow say what they need).
 */
struct rfa_host {
	const struct rfa_host_ops *ops;
	const struct rfa_host_engine *engine;
	const struct rfa_host_files *files;
	const struct rfa_host_runs *runs;
	const struct rfa_host_trees *trees;
	const struct rfa_host_databases *databases;
	const struct rfa_host_vault *vault;
	const struct rfa_host_registry *registry;
	const struct rfa_host_router *router;
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

/* 0 if the host offers all of `needs` (enum rfa_host_offer); UNSUPPORTED names what it does not. */
RFA_API int rfa_host_offers(const struct rfa_host *host, unsigned needs,
			    struct rfa_error *err) RFA_MUST_USE;

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

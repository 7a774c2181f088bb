/* The inside of the `shell` host: how its parts run scripts and jobs. Private to transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_SHELL_SHELL_H
#define RFA_TRANSPORTS_HOST_SHELL_SHELL_H

#include "transports/host/engine.h"
#include "transports/host/host.h"
#include "transports/host/scripts.h"
#include "transports/host/remote_error.h"

struct shell_host {
	struct rfa_host host;            /* first member */
	struct rfa_transport *transport; /* owned */
	struct rfa_transport *here;      /* owned; this machine; NULL before it is asked */
	struct rfa_shell *shell;         /* owned; NULL before the first script */
	struct rfa_engine *engine;       /* owned */
	struct rfa_buf prologue;         /* what every script begins with */
	char docker[256];                /* the first word of the docker command */
	int64_t idle_ms;
	struct rfa_clock *clock;
	const volatile int *cancel; /* may be NULL */
	int learned;                /* the prologue has what info() tells of the host */
	/* What rfa_shell_host_know() has learned; empty before. */
	char api[16], os[32], arch[32];
};

/*
 * A script: a list of constant texts (scripts.h) that takes its arguments as $1…, so that no byte
 * of them is ever read as shell. `engine` is the docker command.
 */
struct shell_call {
	const char *const *script;
	const char *const *args; /* NULL-terminated; NULL: none */
	const void *input;       /* borrowed; NULL: none */
	size_t input_len;
};

struct shell_answer {
	struct rfa_buf out, words; /* standard output and error */
	int status;
};
#define SHELL_ANSWER_INIT(max)                            \
	{                                                 \
		RFA_BUF_INIT(max), RFA_BUF_INIT(65536), 0 \
	}

/* Small answers: a line or a few. */
#define SHELL_SMALL (1u << 20)
/* Largest JSON that is taken from an engine; what one call of rfa_shell_run() answers. */
#define SHELL_JSON_MAX (16u << 20)

/*
 * Where the server allows one session only, the shell, the engine's connection and streams make
 * room for each other.
 */

/* Runs a script once; 0 whatever its exit status. */
int rfa_shell_host_run(struct shell_host *h, const struct shell_call *call,
		       struct shell_answer *answer, struct rfa_error *err);
/* The same for a script that only reads: asked again once if the connection broke over it. */
int rfa_shell_host_read(struct shell_host *h, const struct shell_call *call,
			struct shell_answer *answer, struct rfa_error *err);
void rfa_shell_answer_release(struct shell_answer *answer);

/* Opens a stream of its own, as the transport's exec. It is connected. */
int rfa_shell_host_exec(struct shell_host *h, const char *const argv[], struct rfa_stream **out,
			struct rfa_error *err);

/* Reads of the engine's API, as rfa_engine_get(). */
int rfa_shell_host_get(struct shell_host *h, struct rfa_engine_call *call, struct rfa_error *err);
/* The same of rfa_engine_version(). */
int rfa_shell_host_version(struct shell_host *h, const json_t **out, struct rfa_error *err);
/* Sets the error for a reply of the engine with a status that is no success, by its words. */
int rfa_shell_host_refused(const struct shell_host *h, int status, const char *body, size_t len,
			   const char *what, struct rfa_error *err);

/* Appends the text of a script as sh gets it: prologue, arguments, texts. */
int rfa_shell_host_script(const struct shell_host *h, const struct shell_call *call,
			  struct rfa_buf *out, struct rfa_error *err);

/* Sets the error for an answer with a status that is not 0. */
int rfa_shell_host_fail(const struct shell_host *h, const struct shell_answer *answer,
			const char *what, struct rfa_error *err);
int rfa_shell_host_fail_docker(const struct shell_host *h, const struct shell_answer *answer,
			       const char *what, struct rfa_error *err);
/* The host said what it should never say. */
int rfa_shell_protocol_error(const struct shell_host *h, const char *what, struct rfa_error *err);

/* Parses JSON that came from the host. *out is new. `what` names it in the error. */
int rfa_shell_host_json(const struct shell_host *h, json_t **out, const char *text, size_t len,
			const char *what, struct rfa_error *err);

/* Parses "<digits>" into *out and moves *text behind it and one blank or newline; 0 or -1. */
int rfa_shell_number(const char **text, int64_t *out);

/* "<state dir>/runs/<run>" and what follows, appended; INTERNAL for a name that is not one. */
int rfa_shell_host_path(const struct shell_host *h, struct rfa_buf *out, const char *run,
			const char *rest, struct rfa_error *err);

/*
 * Makes sure that api, os and arch are known. *version (may be NULL) is what the engine says of
 * itself, borrowed until the next call.
 */
int rfa_shell_host_know(struct shell_host *h, const json_t **version, struct rfa_error *err);
/* Appends how the engine stores images ("containerd", or its driver: "overlay2") and in which
 * directory. */
int rfa_shell_host_store(struct shell_host *h, struct rfa_buf *store, struct rfa_buf *root,
			 struct rfa_error *err);

/*
 * Runs a program as the job `key`: starts it if it never was, follows it to its end, also over
 * lost connections. 0: it has ended, answer->status is its status (not 0 is not an error yet).
 */
int rfa_shell_host_job(struct shell_host *h, const struct rfa_job_key *key,
		       const struct shell_call *program, struct shell_answer *answer,
		       struct rfa_error *err);

/*
 * Who listens to a job whose program writes into the file `log`: told each line as it comes,
 * printable and without what moves a terminal. Of much at once only the end is told, and of a long
 * line only that it was one. The values of the secrets are hidden.
 */
struct shell_ear {
	void (*line)(void *user, const char *line);
	void *user;
	const struct rfa_build_secret *secrets; /* borrowed */
	size_t n;
	int64_t at;          /* so many bytes of the log are known */
	int skips;           /* what comes up to the next line's beginning is not told */
	struct rfa_buf part; /* of a line whose end has not come yet */
};
#define SHELL_EAR_INIT(line, user)                            \
	{                                                     \
		line, user, NULL, 0, 0, 0, RFA_BUF_INIT(4096) \
	}
/* What the log has from a place on. */
void rfa_shell_ear_hears(struct shell_ear *ear, int64_t from, const char *data, size_t len);
/* The log has ended: its last line may have no end. */
void rfa_shell_ear_ends(struct shell_ear *ear);
/* Puts "[secret]" in the place of the values, of each of their lines, and of what is behind "=". */
void rfa_shell_hide(struct rfa_buf *text, const struct rfa_build_secret *secrets, size_t n);
/* rfa_shell_host_job() of such a job. ear->line may be NULL. */
int rfa_shell_host_job_heard(struct shell_host *h, const struct rfa_job_key *key,
			     const struct shell_call *program, struct shell_ear *ear,
			     struct shell_answer *answer, struct rfa_error *err);

/* A file with a secret, in the host's memory. */
struct shell_kept {
	const char *name; /* as a part of a job's key */
	const char *data;
	size_t len;
};
/*
 * Puts files where the job of that key will find them: in a new directory (0700) on a tmpfs, which
 * the job has to remove. *where: the directory, appended; nothing: the job was begun before.
 * Errors: UNSUPPORTED: there is no tmpfs; REFUSED: somebody else has made what is there.
 */
int rfa_shell_memory_put(struct shell_host *h, const struct rfa_job_key *key,
			 const struct shell_kept *files, size_t n, struct rfa_buf *where,
			 struct rfa_error *err);

/* Where an archive is in a run's spool, appended; INTERNAL for a name that is not one. */
int rfa_shell_archive_path(struct shell_host *h, struct rfa_buf *path, const char *run,
			   const char *archive, struct rfa_error *err);

/*
 * Runs a script over trees, whose exit statuses are those of lib_trees.sh; 0: it ended with 0.
 * `what` is said in the error; the script's own words name the path.
 */
int rfa_shell_tree_read(struct shell_host *h, const struct shell_call *call, const char *what,
			struct shell_answer *answer, struct rfa_error *err);
int rfa_shell_tree_job(struct shell_host *h, const struct rfa_job_key *key,
		       const struct shell_call *call, const char *what, struct shell_answer *answer,
		       struct rfa_error *err);
/* 0 if the text is an absolute path without "..", ".", "//" or a slash at its end. */
int rfa_shell_tree_path(const struct shell_host *h, const char *path, struct rfa_error *err);
/* The same, and it is a copy's: ".rfa-…/tree". */
int rfa_shell_tree_own(const struct shell_host *h, const char *path, struct rfa_error *err);
/* The same, or one of an earlier rfa: ".rfa-…". */
int rfa_shell_tree_any(const struct shell_host *h, const char *path, struct rfa_error *err);
/* Parses "BYTES SHA-256\n" into {"archive","bytes","sha256"}. */
int rfa_shell_tree_archive(const struct shell_host *h, const char *archive, const char *text,
			   json_t **out, struct rfa_error *err);
/* 64 hex digits (lower case) at text. */
int rfa_shell_sha256_ok(const char *text);

/* The last line of a log, of *n bytes; *len is then without what only ends it. */
const char *rfa_shell_log_last(const char *words, size_t *len, size_t *n);
/* Appends its lines, joined by "; ", as much of the end as there is room for. Printable. */
void rfa_shell_log_quote(struct rfa_buf *out, const char *text, size_t len, size_t max);
/* Parses "ID\n" and a log into {"id","log"}; the log is printable. */
int rfa_shell_log_image(const struct shell_host *h, const struct rfa_buf *text, json_t **out,
			struct rfa_error *err);

/* A vault is an absolute path, backup and member (may be NULL) are names; else INTERNAL. */
int rfa_shell_vault_ok(const struct shell_host *h, const char *vault, const char *backup,
		       const char *member, struct rfa_error *err);

/* The operations, by file. */
int rfa_shell_info(struct rfa_host *, json_t **, struct rfa_error *);

int rfa_shell_command(struct rfa_host *, const struct rfa_job_key *,
		      const struct rfa_host_command *, struct rfa_exec_answer *,
		      struct rfa_error *);
int rfa_shell_jobs_running(struct rfa_host *, const struct rfa_job_key *, int *,
			   struct rfa_error *);
int rfa_shell_runs_list(struct rfa_host *, json_t **, struct rfa_error *);
int rfa_shell_run_remove(struct rfa_host *, const char *, struct rfa_error *);
int rfa_shell_memory_forget(struct rfa_host *, const char *, struct rfa_error *);

int rfa_shell_inspect(struct rfa_host *, enum rfa_object, const char *, json_t **,
		      struct rfa_error *);
int rfa_shell_inspect_all(struct rfa_host *, const struct rfa_object_name *, size_t, json_t **,
			  struct rfa_error *);
int rfa_shell_list(struct rfa_host *, enum rfa_object, json_t **, struct rfa_error *);
int rfa_shell_logs(struct rfa_host *, const char *, unsigned, struct rfa_buf *, struct rfa_error *);
int rfa_shell_logs_since(struct rfa_host *, const char *, const char *, unsigned, struct rfa_buf *,
			 struct rfa_error *);
int rfa_shell_exec(struct rfa_host *, const char *, const char *const[], int64_t,
		   struct rfa_exec_answer *, struct rfa_error *);
int rfa_shell_builder_version(struct rfa_host *, json_t **, struct rfa_error *);
int rfa_shell_compose_version(struct rfa_host *, json_t **, struct rfa_error *);
int rfa_shell_compose_files(struct rfa_host *, const struct rfa_compose *, json_t **,
			    struct rfa_error *);
int rfa_shell_compose_config(struct rfa_host *, const struct rfa_compose *, json_t **,
			     struct rfa_error *);
int rfa_shell_compose_hash(struct rfa_host *, const struct rfa_compose *, const json_t *, json_t **,
			   struct rfa_error *);

int rfa_shell_container_create(struct rfa_host *, const struct rfa_job_key *, const char *,
			       const json_t *, struct rfa_error *);
int rfa_shell_container_start(struct rfa_host *, const struct rfa_job_key *, const char *,
			      struct rfa_error *);
int rfa_shell_container_policy(struct rfa_host *, const struct rfa_job_key *, const char *,
			       const char *, struct rfa_error *);
int rfa_shell_container_stop(struct rfa_host *, const struct rfa_job_key *, const char *,
			     struct rfa_error *);
int rfa_shell_container_rename(struct rfa_host *, const struct rfa_job_key *, const char *,
			       const char *, struct rfa_error *);
int rfa_shell_container_remove(struct rfa_host *, const struct rfa_job_key *, const char *,
			       struct rfa_error *);
int rfa_shell_container_wait(struct rfa_host *, const struct rfa_job_key *, const char *, int64_t,
			     struct rfa_exec_answer *, struct rfa_error *);
int rfa_shell_image_tag(struct rfa_host *, const struct rfa_job_key *, const char *, const char *,
			struct rfa_error *);
int rfa_shell_image_untag(struct rfa_host *, const struct rfa_job_key *, const char *,
			  struct rfa_error *);
int rfa_shell_image_export(struct rfa_host *, const struct rfa_job_key *, const json_t *, json_t **,
			   struct rfa_error *);
int rfa_shell_image_load(struct rfa_host *, const struct rfa_job_key *, const char *,
			 struct rfa_error *);
int rfa_shell_image_build(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			  const struct rfa_build_aside *, json_t **, struct rfa_error *);
int rfa_shell_compose_up(struct rfa_host *, const struct rfa_job_key *, const struct rfa_compose *,
			 struct rfa_error *);
int rfa_shell_compose_run(struct rfa_host *, const struct rfa_job_key *, const struct rfa_compose *,
			  const char *, const char *const[], struct rfa_error *);

int rfa_shell_spool_read(struct rfa_host *, const char *, const char *, uint64_t,
			 struct rfa_stream **, struct rfa_error *);
int rfa_shell_source_unpack(struct rfa_host *, const struct rfa_job_key *, const char *,
			    const char *, struct rfa_error *);
int rfa_shell_spool_write(struct rfa_host *, const char *, const char *, uint64_t,
			  struct rfa_stream **, struct rfa_error *);
int rfa_shell_spool_digests(struct rfa_host *, const char *, const char *, uint64_t, uint64_t,
			    json_t **, uint64_t *, struct rfa_error *);

int rfa_shell_disk(struct rfa_host *, const char *, struct rfa_disk *, struct rfa_error *);
int rfa_shell_file_stat(struct rfa_host *, const char *, struct rfa_file_stat *,
			struct rfa_error *);
int rfa_shell_file_read(struct rfa_host *, const char *, size_t, struct rfa_buf *,
			struct rfa_error *);
int rfa_shell_file_write(struct rfa_host *, const char *, unsigned, const void *, size_t,
			 struct rfa_error *);
int rfa_shell_worktree(struct rfa_host *, const char *, json_t **, struct rfa_error *);
int rfa_shell_file_remove(struct rfa_host *, const char *, struct rfa_error *);
int rfa_shell_file_list(struct rfa_host *, const char *, const char *const *,
			struct rfa_file_list *, struct rfa_error *);
int rfa_shell_file_put(struct rfa_host *, const struct rfa_file_put *, struct rfa_error *);
int rfa_shell_file_get(struct rfa_host *, const char *, const char *, size_t, struct rfa_buf *,
		       struct rfa_error *);
int rfa_shell_file_drop(struct rfa_host *, const char *, const char *, struct rfa_error *);

int rfa_shell_tree_observe(struct rfa_host *, enum rfa_tree_kind, const char *, json_t **,
			   struct rfa_error *);
int rfa_shell_tree_where(struct rfa_host *, const json_t *, json_t **, struct rfa_error *);
int rfa_shell_tree_holders(struct rfa_host *, const json_t *, const json_t *, json_t **,
			   struct rfa_error *);
int rfa_shell_sqlite_check(struct rfa_host *, const char *, json_t **, struct rfa_error *);
int rfa_shell_tree_copy(struct rfa_host *, const struct rfa_job_key *, enum rfa_tree_kind,
			const char *, const char *, enum rfa_copy_pass, json_t **,
			struct rfa_error *);
int rfa_shell_tree_known(struct rfa_host *, const struct rfa_job_key *, enum rfa_tree_kind,
			 const char *, const char *, json_t **, struct rfa_error *);
int rfa_shell_tree_pack(struct rfa_host *, const struct rfa_job_key *, const char *, const char *,
			const struct rfa_packing *, json_t **, struct rfa_error *);
int rfa_shell_tree_empty(struct rfa_host *, const struct rfa_job_key *, const char *, int64_t,
			 int64_t, unsigned, struct rfa_error *);
int rfa_shell_tree_unpack(struct rfa_host *, const struct rfa_job_key *, const char *, const char *,
			  struct rfa_error *);
int rfa_shell_tree_swap(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			struct rfa_error *);
int rfa_shell_tree_remove(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			  struct rfa_error *);

int rfa_shell_database_observe(struct rfa_host *, const json_t *, json_t **, struct rfa_error *);
int rfa_shell_database_access(struct rfa_host *, const json_t *, json_t **, struct rfa_error *);
int rfa_shell_database_tables(struct rfa_host *, const json_t *, json_t **, struct rfa_error *);
int rfa_shell_database_init(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			    const char *, const json_t *, json_t **, struct rfa_error *);
int rfa_shell_database_check(struct rfa_host *, const json_t *, const char *, json_t **,
			     struct rfa_error *);
int rfa_shell_database_dump(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			    const char *, json_t **, struct rfa_error *);
int rfa_shell_database_load(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			    const char *, const char *, struct rfa_error *);
int rfa_shell_database_swap(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			    struct rfa_error *);
int rfa_shell_database_open(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			    struct rfa_error *);
int rfa_shell_database_drop(struct rfa_host *, const struct rfa_job_key *, const json_t *,
			    const json_t *, struct rfa_error *);

int rfa_shell_vault_store(struct rfa_host *, const struct rfa_job_key *, const char *, const char *,
			  const char *, const char *, json_t **, struct rfa_error *);
int rfa_shell_vault_seal(struct rfa_host *, const struct rfa_job_key *, const char *, const char *,
			 const char *, struct rfa_error *);
int rfa_shell_vault_list(struct rfa_host *, const char *, json_t **, struct rfa_error *);
int rfa_shell_vault_verify(struct rfa_host *, const struct rfa_job_key *, const char *,
			   const char *, json_t **, struct rfa_error *);
int rfa_shell_vault_open(struct rfa_host *, const struct rfa_job_key *, const char *, const char *,
			 const char *, const char *, json_t **, struct rfa_error *);
int rfa_shell_vault_remove(struct rfa_host *, const struct rfa_job_key *, const char *,
			   const char *, struct rfa_error *);

struct rfa_registry;
/* A client that asks as this host would; rfa_registry_free(). */
int rfa_shell_registry_open(struct shell_host *h, const struct rfa_registry_access *access,
			    struct rfa_registry **out, struct rfa_error *err);
int rfa_shell_registry_ping(struct rfa_host *, const struct rfa_registry_access *,
			    struct rfa_error *);
int rfa_shell_registry_resolve(struct rfa_host *, const struct rfa_registry_access *, const char *,
			       const char *, json_t **, struct rfa_error *);
int rfa_shell_registry_fetch(struct rfa_host *, const char *, const struct rfa_registry_access *,
			     size_t, const json_t *, void (*)(void *, uint64_t, uint64_t), void *,
			     json_t **, struct rfa_error *);
int rfa_shell_registry_pull(struct rfa_host *, const struct rfa_job_key *,
			    const struct rfa_registry_access *, const json_t *,
			    void (*)(void *, uint64_t, uint64_t), void *, json_t **,
			    struct rfa_error *);

int rfa_shell_router_look(struct rfa_host *, const struct rfa_router_at *,
			  const struct rfa_routed *, struct rfa_router_seen *, struct rfa_error *);
int rfa_shell_router_set(struct rfa_host *, const struct rfa_job_key *,
			 const struct rfa_router_at *, const struct rfa_routed *, int64_t,
			 struct rfa_error *);

int rfa_shell_lock_claim(struct rfa_host *, const json_t *, json_t **, struct rfa_error *);
int rfa_shell_lock_read(struct rfa_host *, json_t **, struct rfa_error *);
int rfa_shell_lock_release(struct rfa_host *, const char *, struct rfa_error *);

#endif

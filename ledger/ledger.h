/*
 * The ledger: the only memory of rfa. A bare git repository that plain git reads
 * (docs/ledger.md), and one in memory for tests; one contract test holds both.
 *
 * Calling sequence of a run:   rfa_ledger_begin -> rfa_ledger_append … -> rfa_ledger_end
 * of a resumed one:            rfa_ledger_attach -> rfa_ledger_append … -> rfa_ledger_end
 * In both, rfa_ledger_detach() lets go of the run at any time (the run is then interrupted).
 *
 * A call that answered 0 is durable: it survives a power cut at the next instant. After any
 * other answer the entry is either wholly there or not at all; reading again tells which.
 *
 * Whoever reads through this file sees each record at once. Plain git sees the records of a run
 * when its driver lets go of it or it ends, when its journal is full, and, after a crash, when the
 * ledger is opened by somebody who may write (docs/ledger.md).
 */
#ifndef RFA_LEDGER_LEDGER_H
#define RFA_LEDGER_LEDGER_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/clock.h"
#include "fsm/base/error.h"
#include "fsm/core/record.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_ledger;
struct rfa_ledger_run; /* a run that this process drives: holds the run's flock */

struct rfa_ledger_options {
	const char *path; /* the bare repository */
	const char
	    *author_name; /* the person; copied; NULL: from git's configuration, then $USER */
	const char *author_email;
	struct rfa_clock *clock; /* borrowed; NULL: the system's */
	/* Borrowed, NULL-terminated: values that must never enter the ledger. NULL: none. */
	const char *const *secrets;
	/*
	 * Called before and after every write ("append.before"); an error ends the call there. How
	 * a simulated world makes rfa die between a write and its answer. NULL: nobody is asked.
	 */
	int (*point)(void *user, const char *point, struct rfa_error *);
	void *point_user;
};

/* Makes the repository (its folders synced, HEAD on main, a first commit). EXISTS if there is one.
 */
RFA_API int rfa_ledger_init(const struct rfa_ledger_options *options,
			    struct rfa_error *err) RFA_MUST_USE;
/* Errors: NOTFOUND (hint: `rfa init`), CORRUPT, UNSUPPORTED (a newer format). */
RFA_API int rfa_ledger_open(struct rfa_ledger **out, const struct rfa_ledger_options *options,
			    struct rfa_error *err) RFA_MUST_USE;
/* The ledger in memory: nothing survives rfa_ledger_free(). options->path is ignored. */
RFA_API int rfa_ledger_open_memory(struct rfa_ledger **out,
				   const struct rfa_ledger_options *options,
				   struct rfa_error *err) RFA_MUST_USE;
RFA_API void rfa_ledger_free(struct rfa_ledger *ledger); /* NULL-safe */
/* One more value that must never enter it, from now on; copied. Twice is once. */
RFA_API int rfa_ledger_hide(struct rfa_ledger *ledger, const char *secret,
			    struct rfa_error *err) RFA_MUST_USE;

/* Writing. */

/* What names a run: frozen at BEGIN. All strings are borrowed for the call. */
struct rfa_ledger_begin {
	const char *run; /* an id that rfa_run_id_ok() */
	const char *flow;
	unsigned flow_version;
	const char *stack;
	const char *env;    /* the environment that the run changes: "prod" */
	const char *from;   /* where what it brings comes from: "test"; "" if nowhere */
	const json_t *plan; /* the frozen plan; its SHA-256 goes into the commit's trailers */
	/*
	 * What only one run of this stack in this environment is ever begun for, however it ends;
	 * NULL: nothing.
	 */
	const char *once;
};

/*
 * Begins a run, and takes its flock. Errors: LOCKED when an unfinished run of the same stack in
 * the same environment exists: err->msg names it, `blocker` (RFA_RUN_ID_MAX, may be NULL) gets
 * its id. EXISTS, with a blocker: that run was begun for the same `once`. The checks and the commit
 * are one compare-and-swap on main.
 */
RFA_API int rfa_ledger_begin(struct rfa_ledger *ledger, const struct rfa_ledger_begin *begin,
			     struct rfa_ledger_run **out, char *blocker,
			     struct rfa_error *err) RFA_MUST_USE;

/*
 * Takes an unfinished run over. Errors: NOTFOUND; LOCKED (a process drives it); EXISTS when it
 * has ended.
 */
RFA_API int rfa_ledger_attach(struct rfa_ledger *ledger, const char *run,
			      struct rfa_ledger_run **out, struct rfa_error *err) RFA_MUST_USE;

/*
 * Appends one record; record->seq must be the next one, else STALE. `subject`: the part of the
 * commit's first line that a person reads after "<flow> <stack> <from>→<env>: "; made printable
 * and cut at 200 bytes. Errors: REFUSED if facts or subject hold a secret (of 4 bytes or more),
 * what looks like a key, or a URL with a password: see rfa_ledger_redact().
 */
RFA_API int rfa_ledger_append(struct rfa_ledger_run *run, const struct rfa_record *record,
			      const char *subject, struct rfa_error *err) RFA_MUST_USE;

/*
 * Takes out what would be refused: every string in *value (owned; may be NULL) that holds a secret
 * gets "[secret]" in its place, and *changed is 1. Identifiers of 12, 40 or 64 hexadecimal digits
 * are left whole, whatever occurs inside of them.
 */
RFA_API int rfa_ledger_redact(const struct rfa_ledger *ledger, json_t **value, int *changed,
			      struct rfa_error *err) RFA_MUST_USE;
/* The same for a text, appended to out; 1 if there was one. */
RFA_API int rfa_ledger_redact_text(const struct rfa_ledger *ledger, const char *text, size_t len,
				   struct rfa_buf *out);

/*
 * A file of main's tree that END writes. runs/, open/, last/, history/, README and ledger.json are
 * the ledger's own. A file that is added to is moved aside when it has grown past 256 KiB
 * ("history.log" to "history/<run>.log"): else every END would write all of history again.
 */
struct rfa_ledger_file {
	const char *path;    /* "environments/prod/ragflowauth.json"; parts [A-Za-z0-9._-]+ */
	const char *content; /* NULL: remove it */
	size_t len;
	int append; /* 1: content is added at the file's end ("history.log") */
	/*
	 * What content was made from: EXISTS where the file is another by now, and nothing is
	 * written. "": it was not there. NULL: whatever is there goes.
	 */
	const char *was;
};

struct rfa_ledger_end {
	enum rfa_final final;
	const struct rfa_ledger_file *files;
	size_t n_files;
	const char *summary; /* JSON text for runs/YYYY/MM/DD/<id>.json; required */
	/* A rollback point: the last part of the annotated tag "rollback/<env>/<stack>/<point>";
	   NULL: none. The tags of the newest 20 points are kept; a point whose file
	   points/<env>/<stack>/<point>.json END removes loses its tag. */
	const char *point;
	const char *point_message;
};

/*
 * Ends the run: the merge on main with the END record (record->kind END), tree files, then the
 * tag, then the run's ref is dropped. Frees the run handle on success only. A crash in between is
 * finished by the next rfa_ledger_open(), and so is a failure (a full disk, say) behind the merge:
 * the run has ended then, and asking again finishes the rest.
 */
RFA_API int rfa_ledger_end(struct rfa_ledger_run *run, const struct rfa_record *record,
			   const char *subject, const struct rfa_ledger_end *end,
			   struct rfa_error *err) RFA_MUST_USE;

/* Lets go of a run; NULL-safe. */
RFA_API void rfa_ledger_detach(struct rfa_ledger_run *run);

/* Reading. */

struct rfa_history {
	char run[RFA_RUN_ID_MAX];
	char flow[32];
	unsigned flow_version;
	char stack[64], env[64], from[64];
	char author[128];
	json_t *plan; /* owned */
	char plan_sha256[65];
	struct rfa_record *records; /* owned; records[0] is BEGIN */
	size_t n;
	enum rfa_final final; /* NONE: not ended */
	int alive;            /* a process drives it now */
	json_t *summary;      /* of an ended run; owned; else NULL */
};

/*
 * Everything of one run. Refuses (CORRUPT) records whose sequence has a gap, or a plan that does
 * not have the SHA-256 that BEGIN promised. *out is new: rfa_history_free().
 */
RFA_API int rfa_ledger_load(struct rfa_ledger *ledger, const char *run, struct rfa_history **out,
			    struct rfa_error *err) RFA_MUST_USE;
RFA_API void rfa_history_free(struct rfa_history *history);

/* A line of a listing. */
struct rfa_ledger_line {
	char run[RFA_RUN_ID_MAX];
	char flow[32], stack[64], env[64], from[64], author[128];
	enum rfa_final final; /* NONE: not ended */
	int alive;
	int64_t begun_ms, ended_ms;              /* 0: not ended */
	char state[24], step[RFA_STEP_NAME_MAX]; /* where an unfinished run stands */
};
struct rfa_ledger_filter {
	const char *stack, *env; /* NULL: any */
	int open_only;           /* 1: only those not ended */
	size_t limit;            /* 0: 50 */
};
/* Newest first; the callback answers 0 to go on. Costs no more than the lines that it shows. */
RFA_API int rfa_ledger_list(struct rfa_ledger *ledger, const struct rfa_ledger_filter *filter,
			    int (*each)(void *user, const struct rfa_ledger_line *), void *user,
			    struct rfa_error *err) RFA_MUST_USE;

/* A file of main's tree. Errors: NOTFOUND. Appends to out. */
RFA_API int rfa_ledger_read(struct rfa_ledger *ledger, const char *path, struct rfa_buf *out,
			    struct rfa_error *err) RFA_MUST_USE;
/* The names in a folder of main's tree, sorted. *out (new): array of strings; empty if there is
 * none. */
RFA_API int rfa_ledger_names(struct rfa_ledger *ledger, const char *folder, json_t **out,
			     struct rfa_error *err) RFA_MUST_USE;
/* The id of main's head (40 hex digits). The ledger in memory answers a digest of its content. */
RFA_API int rfa_ledger_head(struct rfa_ledger *ledger, char out[65],
			    struct rfa_error *err) RFA_MUST_USE;

/*
 * The ledger's own name: 32 or 40 hex digits, the same in every copy of it, and in no other ledger.
 */
RFA_API int rfa_ledger_id(struct rfa_ledger *ledger, char out[65],
			  struct rfa_error *err) RFA_MUST_USE;
/*
 * *known = 1 if main's head is, or once was, this id: a copy that is older than it, was cut short
 * or was altered does not know it, and what is no id is not known.
 */
RFA_API int rfa_ledger_knows(struct rfa_ledger *ledger, const char *head, int *known,
			     struct rfa_error *err) RFA_MUST_USE;

/*
 * Channels: how far somebody was told of the runs that ended. The merge that ends a run is the
 * message; a channel is a place on main's first-parent line, and whatever its teller keeps beside
 * it. Each is a ref of its own, and is moved by compare-and-swap: of two who move it at once, one
 * is STALE.
 */
struct rfa_ledger_channel {
	char at[65];      /* the END that was told last; or where the channel began */
	char version[65]; /* names this very state, for the next move */
	json_t *state;    /* object; owned */
};
/* Errors: NOTFOUND. *out is to be released in any case. */
RFA_API int rfa_ledger_channel_read(struct rfa_ledger *ledger, const char *name,
				    struct rfa_ledger_channel *out,
				    struct rfa_error *err) RFA_MUST_USE;
RFA_API void rfa_ledger_channel_release(struct rfa_ledger_channel *channel);
/* What a channel becomes. All borrowed. */
struct rfa_ledger_move {
	const char *was; /* the version that it has now; NULL: there is no such channel yet */
	const char *at;  /* NULL: the newest END on main, or its beginning */
	const json_t *state;
	const char *subject; /* one line for people */
	int passing; /* 1: the next move takes its place in the history; 0: it stays there */
};
/* Durable on 0. Errors: STALE; REFUSED for a secret, as of a record. */
RFA_API int rfa_ledger_channel_move(struct rfa_ledger *ledger, const char *name,
				    const struct rfa_ledger_move *move,
				    struct rfa_error *err) RFA_MUST_USE;

/* A run that ended, by the commit that ended it. */
struct rfa_ledger_ending {
	char commit[65];
	char run[RFA_RUN_ID_MAX];
	char flow[32], stack[64], env[64];
	enum rfa_final final;
	int64_t ended_ms;
};
/*
 * Those that ended after `at`, oldest first; the callback answers 0 to go on. Costs as much as
 * there is between `at` and main's head. Errors: STALE if main has no such commit.
 */
RFA_API int rfa_ledger_ended(struct rfa_ledger *ledger, const char *at,
			     int (*each)(void *user, const struct rfa_ledger_ending *), void *user,
			     struct rfa_error *err) RFA_MUST_USE;

/*
 * Checks everything (LEDGER: Trust): objects, chains, sequence numbers, plan digests, legal paths
 * of the flows' tables, tags against points/…. `legal` judges one run's records (the driver's
 * replay; NULL: not judged). Calls `each` for every finding. 0: no finding; CORRUPT: some.
 */
struct rfa_ledger_finding {
	char run[RFA_RUN_ID_MAX]; /* or "" */
	char what[256];
};
RFA_API int rfa_ledger_verify(struct rfa_ledger *ledger,
			      int (*legal)(void *user, const struct rfa_history *,
					   struct rfa_error *),
			      void (*each)(void *user, const struct rfa_ledger_finding *),
			      void *user, struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

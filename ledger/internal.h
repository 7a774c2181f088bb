/* What the two ledgers (git, memory) share: the vtable, and the rules that hold in both. */
#ifndef RFA_LEDGER_INTERNAL_H
#define RFA_LEDGER_INTERNAL_H

#include "fsm/base/digest.h"
#include "ledger/ledger.h"

/* Raised when an older rfa could not read what this one writes. */
#define RFA_LEDGER_FORMAT 1
/* The largest text that one entry (plan, facts, file) may be. */
#define RFA_LEDGER_MAX_TEXT RFA_FACTS_MAX_BYTES
/* Longest path in main's tree. */
#define RFA_LEDGER_PATH_MAX 320
/* An append file (history.log) that has grown past this is moved aside, see docs/ledger.md. */
#define RFA_LEDGER_ROTATE_BYTES (256u << 10)
/* The longest name of a rollback point, with its NUL. */
#define RFA_POINT_MAX 128
/* Tags that are kept a stack and environment: every ref write looks at all refs. */
#define RFA_LEDGER_KEEP_TAGS 20

/* What names a run, copied. */
struct rfa_run_head {
	char run[RFA_RUN_ID_MAX];
	char flow[32], stack[64], env[64], from[64];
	unsigned flow_version;
};

struct rfa_scan; /* what must never enter: ledger/scan.c */

struct rfa_ledger_ops {
	void (*free)(struct rfa_ledger *);
	int (*begin)(struct rfa_ledger *, const struct rfa_run_head *, const json_t *plan,
		     struct rfa_ledger_run **out, char *blocker, struct rfa_error *);
	int (*attach)(struct rfa_ledger *, const char *run, struct rfa_ledger_run **out,
		      struct rfa_error *);
	int (*append)(struct rfa_ledger_run *, const struct rfa_record *, const char *subject,
		      struct rfa_error *);
	/* Marks the run ended; the front door frees it. */
	int (*end)(struct rfa_ledger_run *, const struct rfa_record *, const char *subject,
		   const struct rfa_ledger_end *, struct rfa_error *);
	void (*detach)(struct rfa_ledger_run *);
	int (*load)(struct rfa_ledger *, const char *run, struct rfa_history **out,
		    struct rfa_error *);
	int (*list)(struct rfa_ledger *, const struct rfa_ledger_filter *,
		    int (*each)(void *, const struct rfa_ledger_line *), void *user,
		    struct rfa_error *);
	int (*read)(struct rfa_ledger *, const char *path, struct rfa_buf *out, struct rfa_error *);
	int (*names)(struct rfa_ledger *, const char *folder, json_t *out, struct rfa_error *);
	int (*head)(struct rfa_ledger *, char out[65], struct rfa_error *);
	int (*id)(struct rfa_ledger *, char out[65], struct rfa_error *);
	int (*knows)(struct rfa_ledger *, const char *head, int *known, struct rfa_error *);
	int (*verify)(struct rfa_ledger *,
		      int (*legal)(void *, const struct rfa_history *, struct rfa_error *),
		      void (*each)(void *, const struct rfa_ledger_finding *), void *user,
		      struct rfa_error *);
};

/* First member of each implementation. */
struct rfa_ledger {
	const struct rfa_ledger_ops *ops;
	struct rfa_clock *clock;
	char author_name[96], author_email[128];
	struct rfa_scan *scan; /* owned */
	int (*point)(void *user, const char *point, struct rfa_error *);
	void *point_user;
};

/* First member of each implementation's run. */
struct rfa_ledger_run {
	struct rfa_ledger *ledger;
	struct rfa_run_head head;
	uint32_t next; /* the sequence number that the next record must have */
	int doubtful;  /* a write failed: it may be there, so look before the next one */
	int ended;     /* END is on main */
};

/* Fills in what is common: clock, author, secrets. */
int rfa_ledger_setup(struct rfa_ledger *ledger, const struct rfa_ledger_options *options,
		     struct rfa_error *err) RFA_MUST_USE;
void rfa_ledger_teardown(struct rfa_ledger *ledger);

/* ---- names.c --------------------------------------------------------------------------------- */

/* 1 if text may be a stack, an environment, a step…: [A-Za-z0-9_][A-Za-z0-9._-]*, safe in a path
 * and in a ref. */
int rfa_name_ok(const char *text, size_t max);
/* 1 if text is such names joined by '/', and not longer than RFA_LEDGER_PATH_MAX. */
int rfa_path_ok(const char *path);
/* 1 if only the ledger itself writes there. */
int rfa_path_reserved(const char *path);
/* "runs/2026/11/22/<id><suffix>" */
void rfa_path_of_run(const char *run, const char *suffix, char out[RFA_LEDGER_PATH_MAX]);
/* "history.log" and a run's id: "history/<id>.log". */
void rfa_path_rotated(const char *path, const char *run, char out[RFA_LEDGER_PATH_MAX]);
/* A new ledger's own name. */
#define RFA_LEDGER_ID_MAX 33
void rfa_ledger_new_id(struct rfa_clock *clock, char out[RFA_LEDGER_ID_MAX]);
/* Refuses a head, or a record, whose words could not be kept or could mislead a reader. */
int rfa_head_check(const struct rfa_ledger_begin *begin, struct rfa_error *err) RFA_MUST_USE;
int rfa_record_check(const struct rfa_record *record, struct rfa_error *err) RFA_MUST_USE;
/* "20261122T…": ISO 8601 with milliseconds, and back (-1: it is none). */
void rfa_time_iso_ms(int64_t wall_ms, char out[RFA_TIME_MAX]);
int rfa_time_parse_ms(const char *text, int64_t *wall_ms);
/* Copies what fits; always terminated. */
void rfa_copy(char *out, size_t size, const char *text);

/* ---- scan.c ---------------------------------------------------------------------------------- */

/* *scan may move. */
int rfa_scan_add(struct rfa_scan **scan, const char *secret, struct rfa_error *err);
int rfa_scan_new(struct rfa_scan **out, const char *const *secrets,
		 struct rfa_error *err) RFA_MUST_USE;
void rfa_scan_free(struct rfa_scan *scan);
/* REFUSED, naming the pattern and `what`, never the value. */
int rfa_scan_text(const struct rfa_scan *scan, const char *what, const char *text, size_t len,
		  struct rfa_error *err) RFA_MUST_USE;

/* Appends the text with "[secret]" in the place of each; 1 if there was one. */
int rfa_scan_redact(const struct rfa_scan *scan, const char *text, size_t len, struct rfa_buf *out);
/* The same for every string and name in *value (owned), which is replaced if *changed. */
int rfa_scan_redact_json(const struct rfa_scan *scan, json_t **value, int *changed,
			 struct rfa_error *err) RFA_MUST_USE;

/* ---- message.c ------------------------------------------------------------------------------- */

/* A commit's message, taken apart. */
struct rfa_message {
	struct rfa_run_head head;  /* flow, stack … only in BEGIN and END */
	struct rfa_record record;  /* owns its facts */
	char plan[65];             /* SHA-256; BEGIN only */
	char point[RFA_POINT_MAX]; /* the rollback point that END made; or "" */
	unsigned format;
};

/* "<flow> <stack> <from>→<env>: <subject>", printable, cut. */
int rfa_message_subject(struct rfa_buf *out, const struct rfa_run_head *head, const char *lead,
			const char *subject, struct rfa_error *err) RFA_MUST_USE;
/* Appends the message; `subject` as it comes from rfa_message_subject(). */
int rfa_message_encode(struct rfa_buf *out, const struct rfa_message *message, const char *subject,
		       struct rfa_error *err) RFA_MUST_USE;
/* Errors: CORRUPT, UNSUPPORTED. *out is to be released whatever the answer. */
int rfa_message_parse(struct rfa_message *out, const char *text, size_t len,
		      struct rfa_error *err) RFA_MUST_USE;
void rfa_message_release(struct rfa_message *message);

/* ---- history.c ------------------------------------------------------------------------------- */

int rfa_history_new(struct rfa_history **out, struct rfa_error *err) RFA_MUST_USE;
/* Moves record's facts in; the records come in any order of arrival, see rfa_history_reverse(). */
int rfa_history_add(struct rfa_history *history, struct rfa_record *record,
		    struct rfa_error *err) RFA_MUST_USE;
void rfa_history_reverse(struct rfa_history *history);
void rfa_history_head(struct rfa_history *history, const struct rfa_run_head *head);
/* Refuses gaps, a first record that is not BEGIN, an END before the end, an altered plan. */
int rfa_history_check(const struct rfa_history *history, struct rfa_error *err) RFA_MUST_USE;

/* ---- lock.c ---------------------------------------------------------------------------------- */

/* An flock on a file, which says who holds it. */
struct rfa_lock {
	int fd;      /* -1: not held */
	int unclean; /* its last holder did not let go of it: killed, or the power failed */
	char path[4096];
};
#define RFA_LOCK_INIT     \
	{                 \
		-1, 0, "" \
	}

/* Takes it, waiting at most wait_ms of real time. LOCKED names the holder. */
int rfa_lock_take(struct rfa_lock *lock, const char *path, int64_t wait_ms,
		  struct rfa_error *err) RFA_MUST_USE;
/* 1 if somebody holds it now. */
int rfa_lock_held(const char *path);
/* Lets go; with `drop` the file goes too. Safe on one that is not held. */
void rfa_lock_release(struct rfa_lock *lock, int drop);

/* ---- files.c --------------------------------------------------------------------------------- */

/* Makes a folder and those above it that are missing below `root`, each durable in its parent. */
int rfa_mkdir_synced(const char *root, const char *path, struct rfa_error *err) RFA_MUST_USE;
int rfa_sync_folder(const char *path, struct rfa_error *err) RFA_MUST_USE;
/* fsyncs every file and folder below path, and path. */
int rfa_sync_tree(const char *path, struct rfa_error *err) RFA_MUST_USE;
/* Removes path and all below it, as far as it can. */
void rfa_remove_tree(const char *path);
/* Removes files below path (to that depth) for which pick(name) answers 1; the number removed. */
size_t rfa_remove_files(const char *path, unsigned depth, int (*pick)(const char *name));
/* A whole file of at most `max` bytes. NOTFOUND when there is none. */
int rfa_slurp(const char *path, size_t max, struct rfa_buf *out,
	      struct rfa_error *err) RFA_MUST_USE;

#endif

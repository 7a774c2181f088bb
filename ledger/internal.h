/* What the two ledgers (git, memory) share: the vtable, and what the public calls keep of both. */
#ifndef RFA_LEDGER_INTERNAL_H
#define RFA_LEDGER_INTERNAL_H

#include "ledger/ledger.h"
#include "ledger/names.h"
#include "ledger/scan.h"

/* An append file (history.log) that has grown past this is moved aside, see docs/ledger.md. */
#define RFA_LEDGER_ROTATE_BYTES (256u << 10)
/* Tags that are kept a stack and environment: every ref write looks at all refs. */
#define RFA_LEDGER_KEEP_TAGS 20

struct rfa_ledger_ops {
	void (*free)(struct rfa_ledger *);
	int (*begin)(struct rfa_ledger *, const struct rfa_run_head *, const json_t *plan,
		     struct rfa_ledger_run **out, char *blocker, struct rfa_error *);
	int (*attach)(struct rfa_ledger *, const char *run, struct rfa_ledger_run **out,
		      struct rfa_error *);
	int (*append)(struct rfa_ledger_run *, const struct rfa_record *, const char *subject,
		      struct rfa_error *);
	/* Marks the run ended; checks.c frees it. */
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
	int (*channel_read)(struct rfa_ledger *, const char *name, struct rfa_ledger_channel *,
			    struct rfa_error *);
	int (*channel_move)(struct rfa_ledger *, const char *name, const struct rfa_ledger_move *,
			    struct rfa_error *);
	int (*ended)(struct rfa_ledger *, const char *at,
		     int (*each)(void *, const struct rfa_ledger_ending *), void *user,
		     struct rfa_error *);
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

#endif

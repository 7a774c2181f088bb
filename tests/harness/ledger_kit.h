/* What the ledger's tests share: a sandbox, a run in one line, and plain git beside us. */
#ifndef RFA_TESTS_LEDGER_KIT_H
#define RFA_TESTS_LEDGER_KIT_H

#include "fsm/base/buf.h"
#include "ledger/ledger.h"

struct kit {
	char dir[512];  /* the sandbox; $HOME of libgit2 and git while it lives */
	char path[600]; /* the ledger's: "<dir>/ledger.git" */
	struct rfa_clock_virtual clock;
	struct rfa_ledger_options options; /* path, author and clock filled in */
};

/* Makes a sandbox under $TMPDIR. Aborts where a test cannot go on. */
void kit_open(struct kit *kit);
void kit_close(struct kit *kit); /* removes it */

/* The id of run number n: sorts as n does. */
const char *kit_id(unsigned n, char out[RFA_RUN_ID_MAX]);
int kit_begin(struct rfa_ledger *ledger, unsigned n, const char *stack, const char *env,
	      struct rfa_ledger_run **out, struct rfa_error *err);
/* A DONE of step "target.step-<seq>" with the fact {"n": seq}. */
int kit_append(struct rfa_ledger_run *run, uint32_t seq, struct rfa_error *err);
/* SUCCEEDED, with an environments/ file, a line in history.log and a summary; `point`: or NULL. */
int kit_end(struct rfa_ledger_run *run, uint32_t seq, const char *stack, const char *env,
	    const char *point, struct rfa_error *err);
/* A whole run with `records` records between BEGIN and END. */
int kit_whole(struct rfa_ledger *ledger, unsigned n, const char *stack, const char *env,
	      uint32_t records, const char *point, struct rfa_error *err);

/* `sh -c` in the sandbox, $L the ledger; its output (both streams) replaces out. Its status. */
int kit_sh(const struct kit *kit, struct rfa_buf *out, const char *script);
/* Makes each object a file of its own, as an older rfa, or a repair, leaves them. */
void kit_loosen(const struct kit *kit);
/* The number of open file descriptors of this process. */
int kit_fds(void);

#endif

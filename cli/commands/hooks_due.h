/*
 * Which hook behind a run is still due. The ledger keeps it, in a channel for each stack and
 * environment: its place is the END of the last run whose hook has begun, so each begins once, and
 * what rfa died before is not forgotten.
 */
#ifndef RFA_CLI_COMMANDS_HOOKS_DUE_H
#define RFA_CLI_COMMANDS_HOOKS_DUE_H

#include "fsm/core/flow.h"
#include "ledger/ledger.h"

/* "after" or "failed": the hook that a run with this plan has behind such an end; NULL: none. */
const char *rfa_hook_behind(const json_t *plan, enum rfa_final final);

struct rfa_hook_seen {
	char run[RFA_RUN_ID_MAX];
	char which[16];
	int due;      /* it has not begun */
	char how[64]; /* else what is known of it: "ended with status 7"; "": nothing */
};
/* Of an ended run. */
int rfa_hook_look(struct rfa_ledger *ledger, const json_t *plan, const char *run,
		  enum rfa_final final, struct rfa_hook_seen *out,
		  struct rfa_error *err) RFA_MUST_USE;
/*
 * Before a run of this plan: from here on a hook behind it is not forgotten. *out: what an earlier
 * run of the stack in that environment has left: due, or begun with no end seen; run "": nothing.
 */
int rfa_hook_expect(struct rfa_ledger *ledger, const json_t *plan, struct rfa_hook_seen *out,
		    struct rfa_error *err) RFA_MUST_USE;

/*
 * Durable before the hook begins. 1: it is the caller's to run; 0: it has begun before. was_over:
 * the run had ended before this process came.
 */
int rfa_hook_claim(struct rfa_ledger *ledger, const json_t *plan, const char *run,
		   const char *which, int was_over, struct rfa_error *err) RFA_MUST_USE;
/* How it ended, in words. */
int rfa_hook_ended(struct rfa_ledger *ledger, const json_t *plan, const char *run,
		   const char *which, const char *how, struct rfa_error *err) RFA_MUST_USE;

#endif

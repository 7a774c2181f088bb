/* The flows there are, and the words in which their tables are written. */
#ifndef RFA_FSM_FLOWS_FLOWS_H
#define RFA_FSM_FLOWS_FLOWS_H

#include "fsm/core/flow.h"
#include "fsm/steps/steps.h"

/* clang-format off */

/* name, state, whose host, flags, attempts, trio: changes something, and can tell and undo it */
#define STEP(name, state, on, flags, tries, trio) \
	{ name, RFA_##state, on, flags, tries, rfa_##trio##_run, rfa_##trio##_probe, rfa_##trio##_undo, NULL, NULL }
/* changes nothing, or what the undos of the rows above bring back from wherever it stands */
#define OVER(name, state, on, flags, tries, trio) \
	{ name, RFA_##state, on, flags, tries, rfa_##trio##_run, rfa_##trio##_probe, rfa_above_undo, NULL, NULL }
/* only looks */
#define LOOK(name, state, on, flags, tries, trio) \
	{ name, RFA_##state, on, RFA_STEP_READS | (flags), tries, rfa_##trio##_run, NULL, NULL, NULL, NULL }
/* behind the point of no return; the last one ends the run */
#define TIDY(name, state, on, tries, trio) \
	{ name, RFA_##state, on, RFA_STEP_TIDY, tries, rfa_##trio##_run, rfa_##trio##_probe, NULL, NULL, NULL }
#define LAST(name, state, on, tries, trio) \
	{ name, RFA_##state, on, RFA_STEP_TIDY, tries, rfa_##trio##_run, rfa_##trio##_probe, NULL, "SUCCEEDED", NULL }
/* a state with nothing to do, and why */
#define SKIP(name, state, why) \
	{ name, RFA_##state, "", RFA_STEP_READS, 1, NULL, NULL, NULL, NULL, why }

/* clang-format on */

extern const struct rfa_flow rfa_flow_promote;
extern const struct rfa_flow rfa_flow_rollback;
extern const struct rfa_flow rfa_flow_data;
extern const struct rfa_flow rfa_flow_rollback_data;
extern const struct rfa_flow rfa_flow_backup;
extern const struct rfa_flow rfa_flow_restore;
extern const struct rfa_flow rfa_flow_drill;
extern const struct rfa_flow rfa_flow_prune;
extern const struct rfa_flow rfa_flow_prune_backups;
extern const struct rfa_flow rfa_flow_free_lock;
extern const struct rfa_flow rfa_flow_accept_ledger;

#endif

/* Where a run's last record is: on its ref, or behind that in its journal. */
#ifndef RFA_LEDGER_GIT_RECORDS_H
#define RFA_LEDGER_GIT_RECORDS_H

#include "ledger/git/git.h"
#include "ledger/git/tree.h"

/*
 * The run's last record. Those that only its journal has can be read by this process from then on,
 * until the next call. NOTFOUND: the run has no ref. CORRUPT: its journal is damaged, or is not
 * one of this ref.
 */
int rfa_git_tip(const struct rfa_git *git, const char *run, git_oid *tip,
		struct rfa_error *err) RFA_MUST_USE;
/*
 * Puts what the journal has into git, where plain git sees it: a pack, then the ref; then the
 * journal goes. *tip: the run's last record. Only under the run's flock and the ledger's.
 */
int rfa_git_fold(const struct rfa_git *git, const char *run, git_oid *tip,
		 struct rfa_error *err) RFA_MUST_USE;
/* Adds a record, which is the run's last one then, durably. Only by the run's driver. */
int rfa_git_record_add(struct rfa_git_run *run, const struct rfa_buf *commit,
		       struct rfa_error *err) RFA_MUST_USE;
/* After a failure of the driver: what is there is folded, and run->tip is the last record. Only
   under the ledger's flock. */
int rfa_git_settle(struct rfa_git_run *run, struct rfa_error *err) RFA_MUST_USE;
/*
 * 1: END, as main has it, has all records that the run's ref and its journal have. 0: somebody else
 * has ended the run, in another copy of the ledger; or there is no ref; or the journal is damaged.
 */
int rfa_git_end_has_all(const struct rfa_git *git, struct rfa_git_tree *main, const char *run);
/* Removes journals of runs that have ended, which a crash has left; one with records that END does
 * not have stays. Only under the ledger's flock. */
void rfa_git_sweep_journals(const struct rfa_git *git, struct rfa_git_tree *main);

#endif

/* A run's history in memory: its records, gathered and checked. */
#ifndef RFA_LEDGER_HISTORY_H
#define RFA_LEDGER_HISTORY_H

#include "ledger/names.h"

int rfa_history_new(struct rfa_history **out, struct rfa_error *err) RFA_MUST_USE;
/* Moves record's facts in; the records come in any order of arrival, see rfa_history_reverse(). */
int rfa_history_add(struct rfa_history *history, struct rfa_record *record,
		    struct rfa_error *err) RFA_MUST_USE;
void rfa_history_reverse(struct rfa_history *history);
void rfa_history_head(struct rfa_history *history, const struct rfa_run_head *head);
/* Refuses gaps, a first record that is not BEGIN, an END before the end, an altered plan. */
int rfa_history_check(const struct rfa_history *history, struct rfa_error *err) RFA_MUST_USE;

#endif

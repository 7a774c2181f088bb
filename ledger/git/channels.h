/* Who was told of the runs that ended: a ref for each channel. */
#ifndef RFA_LEDGER_GIT_CHANNELS_H
#define RFA_LEDGER_GIT_CHANNELS_H

#include "ledger/git/git.h"

int rfa_git_channel_read(struct rfa_ledger *ledger, const char *name,
			 struct rfa_ledger_channel *out, struct rfa_error *err) RFA_MUST_USE;
int rfa_git_channel_move(struct rfa_ledger *ledger, const char *name,
			 const struct rfa_ledger_move *move, struct rfa_error *err) RFA_MUST_USE;
int rfa_git_ended(struct rfa_ledger *ledger, const char *at,
		  int (*each)(void *, const struct rfa_ledger_ending *), void *user,
		  struct rfa_error *err) RFA_MUST_USE;

#endif

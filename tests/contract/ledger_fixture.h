/* A ledger of either kind, for the tests of the contract that both are held to. */
#ifndef RFA_TESTS_CONTRACT_LEDGER_FIXTURE_H
#define RFA_TESTS_CONTRACT_LEDGER_FIXTURE_H

#include "tests/harness/ledger_kit.h"

struct world {
	struct kit kit;
	struct rfa_ledger *ledger;
	struct rfa_error err;
	int git;
	int fds;
};

#define ok(call)                                                                          \
	do {                                                                              \
		int rc_ = (call);                                                         \
		if (rc_)                                                                  \
			fail_msg("%s: %d %s (%s)", #call, rc_, w->err.msg, w->err.where); \
	} while (0)
#define refused(code, call) assert_int_equal(call, -(int)(code))

static inline struct rfa_ledger *open_again(struct world *w)
{
	struct rfa_ledger *ledger = NULL;

	if (w->git)
		ok(rfa_ledger_open(&ledger, &w->kit.options, &w->err));
	else
		ok(rfa_ledger_open_memory(&ledger, &w->kit.options, &w->err));
	return ledger;
}

static inline int start(void **state, int git)
{
	struct world *w = calloc(1, sizeof(*w));

	w->git = git;
	w->fds = kit_fds();
	kit_open(&w->kit);
	if (git)
		ok(rfa_ledger_init(&w->kit.options, &w->err));
	w->ledger = open_again(w);
	*state = w;
	return 0;
}

static inline int start_git(void **state)
{
	return start(state, 1);
}

static inline int start_memory(void **state)
{
	return start(state, 0);
}

static inline int stop(void **state)
{
	struct world *w = *state;

	rfa_ledger_free(w->ledger);
	kit_close(&w->kit);
	assert_int_equal(kit_fds(), w->fds);
	free(w);
	return 0;
}

#define BOTH(test)                                                \
	{ #test " (git)", test, start_git, stop, NULL },          \
	{                                                         \
#test " (memory)", test, start_memory, stop, NULL \
	}

#endif

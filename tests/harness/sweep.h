/*
 * The sweep: every fault at every call of a run, on simulated hosts, each followed by resumes until
 * the run is final. Three assertions hold every time:
 *
 *   1. the final state is a legal one, and the ledger's records replay through the flow's table;
 *   2. the world is what the ledger says: all new after SUCCEEDED, all old otherwise, and nothing
 *      of the run is left;
 *   3. resuming once more changes nothing.
 */
#ifndef RFA_TESTS_HARNESS_SWEEP_H
#define RFA_TESTS_HARNESS_SWEEP_H

#include "tests/harness/world.h"

/* Under a sanitizer a run costs ten times as much: every 61st call, another one each kind. */
#if defined(__SANITIZE_ADDRESS__)
#define RFA_SWEEP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RFA_SWEEP_SANITIZED 1
#endif
#endif
#ifdef RFA_SWEEP_SANITIZED
enum { SWEEP_STRIDE = 61, SWEEP_RANDOM = 5, SWEEP_RANDOM_LONG = 15 };
#else
enum { SWEEP_STRIDE = 1, SWEEP_RANDOM = 60, SWEEP_RANDOM_LONG = 300 };
#endif

enum { SWEEP_NO_MUTATION = -1, SWEEP_NO_FAULT = -1 };

/* What is swept. */
struct sweep_subject {
	const char *name; /* "compose promote" */
	int which;        /* prepare()'s own */
	/* Makes the world, brings it to where the swept run begins; answers its plan. New. */
	json_t *(*prepare)(struct world *w, int which);
	enum rfa_final undisturbed; /* how it ends without a fault */
	/* What serves, so that equal worlds are json_equal(). New. */
	json_t *(*serves)(struct world *w);
	/* Appends what else is wrong at the end of a run, and may take away what was there before
	   it; NULL: nothing else is looked at. */
	void (*judge)(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why);
	uint64_t bytes;        /* of a stream, before a fault in its midst */
	int may_stick;         /* 1: it may end STUCK, for nobody can know what it did */
	int ends_as_before;    /* 1: all of its ends are as before (a drill) */
	uint64_t least_faults; /* for each call, in a run that is short; 0: as in every other */
};

/* One fault of each kind at each call; fails the test with the first runs that ended wrong. */
void sweep_one_fault(const struct sweep_subject *subject);
/* Two or three faults at random calls (RFA_SEED), in so many runs; in more of them with
 * RFA_TEST_LONG. */
void sweep_several_faults(const struct sweep_subject *subject);
/*
 * In a world with a planted defect: one undisturbed run, or runs with a fault of this kind at each
 * of the first calls where it can happen, until one goes wrong. 1: one did, so that the sweep sees
 * the defect.
 */
int sweep_sees(const struct sweep_subject *subject, int mutation, int fault_kind);

/* Runs in which a planted defect is looked for; a list of them ends with one without a subject. */
struct sweep_try {
	const struct sweep_subject *subject;
	int fault; /* sweep_sees()'s fault_kind */
};
/* Fails the test if none of the tries sees the defect; a defect of the list; one of those from the
 * one to before the other. */
void sweep_finds(const struct sweep_try *tries, enum rfa_sim_mutation planted);
void sweep_finds_all(const struct sweep_try *tries, const enum rfa_sim_mutation *planted, size_t n);
void sweep_finds_range(const struct sweep_try *tries, int from, int end);

/*
 * Breaks runs by other means than the faults of hosts. For as long as next() answers 1 the subject
 * is run once: armed before it begins, disarmed when it is final, and judged like every other.
 */
struct sweep_breaker {
	int (*next)(void *user);
	void (*arm)(void *user, struct world *w);
	void (*disarm)(void *user);
	void *user;
};
void sweep_broken(const struct sweep_subject *subject, const struct sweep_breaker *breaker,
		  const char *what);

/* A test of each for a subject by this name. */
#define SWEEP(subject)                            \
	static void sweep_##subject(void **state) \
	{                                         \
		(void)state;                      \
		sweep_one_fault(&subject);        \
	}
#define PAIRS(subject)                            \
	static void pairs_##subject(void **state) \
	{                                         \
		(void)state;                      \
		sweep_several_faults(&subject);   \
	}

#endif

/* One test's view of a host_world; for the files that make up the contract. */
#ifndef RFA_TESTS_CONTRACT_HOST_FIXTURE_H
#define RFA_TESTS_CONTRACT_HOST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/contract/host_contract.h"

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		struct rfa_error *e_ = (rfa_error_clear(&x->err), &x->err);                        \
		int rc_ = (call);                                                                  \
		(void)e_;                                                                          \
		if (rc_)                                                                           \
			fail_msg("%s: %s: %s (%s)", #call, rfa_code_word(x->err.code), x->err.msg, \
				 x->err.where);                                                    \
	} while (0)
#define assert_fails(code_, call)                                                                \
	do {                                                                                     \
		rfa_error_clear(&x->err);                                                        \
		int rc_ = (call);                                                                \
		if (rc_ != -RFA_E##code_)                                                        \
			fail_msg("%s: %s instead of " #code_ ": %s", #call, rfa_code_word(-rc_), \
				 x->err.msg);                                                    \
		assert_int_equal(x->err.code, RFA_E##code_);                                     \
	} while (0)

/* One test's view: a handle on each machine, and names of its own. */
struct fixture {
	struct host_world *world;
	struct rfa_host *h, *other;
	struct rfa_error err;
	char run[64], steps[64][32];
	unsigned n; /* steps named so far */
};

static inline struct host_world *the_world(void **state)
{
	return *state;
}

static inline struct fixture *begin(void **state, const char *run)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->world = the_world(state);
	snprintf(x->run, sizeof(x->run), "%s-%s", x->world->tag, run);
	assert_ok(x->world->open(x->world, 0, &x->h, &x->err));
	assert_ok(x->world->open(x->world, 1, &x->other, &x->err));
	return x;
}

/* Not inlined: compilers do not know that skip() never returns. */
static __attribute__((noinline, unused)) void end(struct fixture *x)
{
	assert_ok(x->h->runs->remove(x->h, x->run, &x->err));
	assert_ok(x->other->runs->remove(x->other, x->run, &x->err));
	rfa_host_free(x->h);
	rfa_host_free(x->other);
	free(x);
}

/* A new key each time. */
static inline struct rfa_job_key key(struct fixture *x, const char *op)
{
	struct rfa_job_key k = { x->run, x->steps[x->n % 64], op };

	snprintf(x->steps[x->n % 64], sizeof(x->steps[0]), "step.%u", x->n);
	x->n++;
	return k;
}
#define KEY(op) (&(struct rfa_job_key[1]){ key(x, op) }[0])

static inline const char *named(struct fixture *x, const char *text, char out[64])
{
	snprintf(out, 64, "%s-%s", x->world->tag, text);
	return out;
}
#define NAME(text) named(x, text, (char[64]){ 0 })

#endif

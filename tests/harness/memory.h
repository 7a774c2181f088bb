/*
 * Memory that runs out: one allocation of many fails. Counted are those of rfa's own code, of
 * jansson and of libgit2, while it is armed; what a simulated host asks for is the host's. Only for
 * programs that are linked with --wrap (tests/CMakeLists.txt).
 */
#ifndef RFA_TESTS_HARNESS_MEMORY_H
#define RFA_TESTS_HARNESS_MEMORY_H

#include <stddef.h>

#include "fixtures/sim/sim.h"

/* Once, before anything is allocated by one of the libraries. */
void memory_hook(void);

/*
 * Notes where an allocation is made for the first time: by its call stack. world: see above; NULL:
 * there is none. memory_learned() ends it: *sites (freed by the caller) are the numbers of these
 * allocations.
 */
void memory_learn(const struct rfa_sim_world *world);
size_t memory_learned(unsigned long **sites);

/* The n-th allocation from now on fails, and no other one. memory_disarm(): 1 if it came to that.
 */
void memory_arm(unsigned long n, const struct rfa_sim_world *world);
int memory_disarm(void);
/* 1 if the allocation that failed was one of libgit2's. Also known where a child process failed. */
int memory_failed_in_git(void);

#endif

/* Time limits of tests: long enough on a machine on which others work, too. */
#ifndef RFA_TESTS_HARNESS_SLOW_H
#define RFA_TESTS_HARNESS_SLOW_H

#include <stdint.h>
#include <stdlib.h>

/* So many milliseconds of a quiet machine. RFA_TEST_SLOW: how many times slower this one is. */
static inline int64_t slow_ms(int64_t ms)
{
	const char *slow = getenv("RFA_TEST_SLOW");
	long factor = slow ? strtol(slow, NULL, 10) : 1;

	return ms * (factor > 1 ? factor : 1);
}

#endif

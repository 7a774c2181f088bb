/*
 * Preloaded, it is later for a program: by RFA_TEST_LATER_S seconds of the day's clock, and it
 * sleeps no longer than half a second. So a test need not wait for what is due in a minute.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *later = getenv("RFA_TEST_LATER_S");
	int rc;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(id, ts);
	if (!rc && id == CLOCK_REALTIME && later)
		ts->tv_sec += strtoll(later, NULL, 10);
	return rc;
}

__attribute__((visibility("default"))) int nanosleep(const struct timespec *ts,
						     struct timespec *left)
{
	static const struct timespec most = { 0, 500 * 1000 * 1000 };
	static int (*real)(const struct timespec *, struct timespec *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "nanosleep");
	return real(ts->tv_sec || ts->tv_nsec > most.tv_nsec ? &most : ts, left);
}

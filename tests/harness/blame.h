/*
 * What a library forgets is not ours to free, so not ours to be blamed for by the leak sanitizer:
 * libssh2 1.10 forgets the former host key with every new exchange of keys, and its own half of an
 * exchange that was never finished; libgit2 1.9 a repository whose extension it refuses.
 */
#ifndef RFA_TESTS_HARNESS_BLAME_H
#define RFA_TESTS_HARNESS_BLAME_H

void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static inline void blame(int on)
{
	if (__lsan_disable && !on)
		__lsan_disable();
	if (__lsan_enable && on)
		__lsan_enable();
}

#endif

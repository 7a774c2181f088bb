/* Named fault points, in the `debug` build only. */
#include "fsm/base/fault.h"

#ifdef RFA_FAULTS
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Counts passes in the process: a fault is a countdown, and the process is what it kills. */
static unsigned long passed;

int rfa_fault(const char *point, struct rfa_error *err)
{
	const char *plan = getenv("RFA_FAULT");
	size_t len = strlen(point);
	unsigned long at;
	char *what;

	if (!plan || strncmp(plan, point, len) != 0 || plan[len] != ':')
		return 0;
	at = strtoul(plan + len + 1, &what, 10);
	if (++passed != at || *what != ':')
		return 0;
	what++;
	if (!strcmp(what, "kill")) {
		kill(getpid(), SIGKILL);
		_exit(137);
	}
	return rfa_fail_errno(err, !strcmp(what, "enospc") ? ENOSPC : EIO, "injected at %s", point);
}
#else
/* ISO C wants a translation unit to hold something. */
extern int rfa_fault_not_built;
#endif

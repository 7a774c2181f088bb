/* The story that `rfa demo` tells. */
#include "cli/demo.h"

int rfa_demo_scenario(struct rfa_narrator *n, struct rfa_error *err)
{
	(void)n;
	return rfa_fail(err, RFA_EUNSUPPORTED, "demo", "this build has no story to tell yet");
}

/* How runs that bring images and data end in the ledger: as runs of either kind do. */
#include "fsm/parts/outputs.h"

#include <stdio.h>

static void whole_version(struct rfa_outputs *o)
{
	rfa_result_images.version(o);
}

/* *is: the run has replaced data. */
static int has_replaced(const struct rfa_outputs *o, int *is, struct rfa_error *err)
{
	struct rfa_outputs_seen seen;
	int rc = rfa_outputs_see(o, &seen, err);

	*is = !rc && rfa_replaced(&seen.proven[RFA_TARGET]);
	rfa_outputs_seen_release(&seen);
	return rc;
}

/* Two points: what ran, and what was stored. The run's own is that of images. */
static int whole_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	int replaced = 0;
	int rc = has_replaced(o, &replaced, err);

	if (!rc && !replaced)
		return rfa_result_images.succeeded(o, err);
	if (!rc)
		rc = rfa_result_data.succeeded(o, err);

	snprintf(o->data, sizeof(o->data), "%s", o->point);
	o->point[0] = '\0';
	return rc ? rc : rfa_result_images.succeeded(o, err);
}

const struct rfa_result_ops rfa_result_whole = { whole_version, whole_succeeded, NULL };

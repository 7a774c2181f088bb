/* How runs that bring images and data end in the ledger: as runs of either kind do. */
#include "fsm/parts/outputs.h"

#include <stdio.h>

static void whole_version(struct rfa_outputs *o)
{
	rfa_result_images.version(o);
}

/* Two points: what ran, and what was stored. The run's own is that of images. */
static int whole_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	int rc = rfa_result_data.succeeded(o, err);

	snprintf(o->data, sizeof(o->data), "%s", o->point);
	o->point[0] = '\0';
	return rc ? rc : rfa_result_images.succeeded(o, err);
}

const struct rfa_result_ops rfa_result_whole = { whole_version, whole_succeeded, NULL };

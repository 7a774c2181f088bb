/* When a stack may be brought to an environment by itself. */
#include "fsm/parts/opening.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/pool.h"
#include "fsm/model/stack.h"

static void say_until(const struct rfa_window *window, const struct rfa_local *now,
		      struct rfa_opening *out)
{
	const struct rfa_freeze *freeze = rfa_window_freeze(window, now);
	struct rfa_local at;

	if (freeze)
		snprintf(out->why, sizeof(out->why), "%s", freeze->reason);
	if (rfa_window_next(window, now, &at))
		snprintf(out->until, sizeof(out->until), "somebody changes rfa.json");
	else
		snprintf(out->until, sizeof(out->until), "%04d-%02d-%02d %02d:%02d %s", at.year,
			 at.month, at.day, at.minute / 60, at.minute % 60,
			 *window->tz ? window->tz : "UTC");
}

int rfa_opening_at(const json_t *stack, int64_t wall_ms, struct rfa_opening *out,
		   struct rfa_error *err)
{
	struct rfa_pool pool = { 0 };
	const struct rfa_window *window;
	struct rfa_stack read;
	struct rfa_local now;
	int rc = rfa_record_read(&rfa_shape_stack, stack, &pool, &read, err);

	memset(out, 0, sizeof(*out));
	out->open = 1;
	window = rc ? NULL : read.window;
	if (!window || (read.gates && rfa_texts_have(&read.gates->off, "window")))
		goto done;
	rc = rfa_zone_at(window->tz, wall_ms, &now, err);
	if (rc)
		goto done;
	out->open = rfa_window_is_open(window, &now) && !rfa_window_freeze(window, &now);
	if (!out->open)
		say_until(window, &now, out);
done:
	rfa_pool_release(&pool);
	return rc;
}

/* The gate of windows and freezes: when something may be brought to an environment. */
#include "fsm/steps/common/gates.h"

int rfa_gate_window(struct rfa_gates *c, struct rfa_error *err)
{
	static const char *const days[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
					    "Thursday", "Friday", "Saturday" };
	const struct rfa_window *window = rfa_ctx_stack_of(c->ctx, RFA_TARGET)->window;
	const char *env = c->ctx->sides[RFA_TARGET]->env;
	const struct rfa_freeze *freeze;
	struct rfa_local now;
	const char *is;
	int rc;

	if (!window)
		return 0;
	rc = rfa_zone_at(window->tz, c->ctx->clock->wall_ms(c->ctx->clock), &now, err);
	if (rc == -RFA_ECONFIG || rc == -RFA_ECORRUPT) {
		rfa_deny_unless_forced(c, rfa_pool_text(c->ctx->pool, err->hint), "%s",
				       rfa_pool_text(c->ctx->pool, err->msg));
		rfa_error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	is = rfa_pool_printf(c->ctx->pool, "%s %04d-%02d-%02d %02d:%02d %s", days[now.weekday],
			     now.year, now.month, now.day, now.minute / 60, now.minute % 60,
			     *window->tz ? window->tz : "UTC");
	RFA_EACH (freeze, window->freeze)
		if (!rfa_freeze_is_possible(freeze))
			rfa_deny_unless_forced(
			    c, "correct it in window.freeze of rfa.json",
			    "the freeze of %s from %s to %s ends before it begins", env,
			    freeze->from, freeze->to);
	freeze = rfa_window_freeze(window, &now);
	if (freeze)
		rfa_deny_unless_forced(c, "wait, or take the freeze out of window.freeze",
				       "it is %s, and %s is frozen until %s: %s", is, env,
				       freeze->to, freeze->reason);
	if (!rfa_window_is_open(window, &now))
		rfa_deny_unless_forced(c, "wait until the window opens",
				       "it is %s, and the window of %s is from %s to %s%s", is, env,
				       *window->from ? window->from : "00:00",
				       *window->to ? window->to : "24:00",
				       window->days.n ? ", on some days only" : "");
	return 0;
}

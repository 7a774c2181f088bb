/* When something may be brought to an environment. */
#ifndef RFA_FSM_MODEL_WINDOW_H
#define RFA_FSM_MODEL_WINDOW_H

#include "fsm/base/zone.h"
#include "fsm/model/field.h"

/* clang-format off */
#define RFA_FREEZE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(from, "the first day, or the minute: \"2026-12-20\", \"2026-12-20 18:00\"") \
	TEXT(to, "the last day; or the minute at which it is over") \
	TEXT(reason, "why")
/* clang-format on */
RFA_RECORD(freeze, RFA_FREEZE_FIELDS);

/* clang-format off */
#define RFA_WINDOW_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXTS(days, "\"mon\" to \"sun\": on which days it begins; none: on all") \
	TEXT(from, "\"09:00\"; absent: with the day") \
	TEXT(to, "\"17:00\"; before `from`: on the next day; absent: with the day's end") \
	TEXT(tz, "in which time zone; absent: UTC") \
	MANY(freeze, freeze, "when nothing may be brought at all")
/* clang-format on */
RFA_RECORD(window, RFA_WINDOW_FIELDS);

/* 1 if that moment is in the window, freezes aside. */
int rfa_window_is_open(const struct rfa_window *window, const struct rfa_local *now);
/* The freeze that the moment is in; NULL: none. */
const struct rfa_freeze *rfa_window_freeze(const struct rfa_window *window,
					   const struct rfa_local *now);
/*
 * *at: the first minute behind `now` in which something may be brought, as a clock there shows it;
 * nobody puts that clock forward or back meanwhile. -1: there is none within a year.
 */
int rfa_window_next(const struct rfa_window *window, const struct rfa_local *now,
		    struct rfa_local *at);
/* 0: it is over before it begins, and would hold up nobody. */
int rfa_freeze_is_possible(const struct rfa_freeze *freeze);

#endif

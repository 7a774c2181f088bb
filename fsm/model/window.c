/* When something may be brought to an environment. */
#include "fsm/model/window.h"

#include <stdio.h>
#include <string.h>

#define RFA_THIS struct rfa_freeze
RFA_SHAPE(freeze, RFA_FREEZE_FIELDS, "a time in which nothing is brought");
#undef RFA_THIS
#define RFA_THIS struct rfa_window
RFA_SHAPE(window, RFA_WINDOW_FIELDS, "when something may be brought");
#undef RFA_THIS

static int is_day(const struct rfa_window *window, int weekday)
{
	static const char *const names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

	return !window->days.n || rfa_texts_have(&window->days, names[weekday % 7]);
}

static int minute_of(const char *text, int absent)
{
	int hour, minute;

	return sscanf(text, "%2d:%2d", &hour, &minute) == 2 ? hour * 60 + minute : absent;
}

int rfa_window_is_open(const struct rfa_window *window, const struct rfa_local *now)
{
	int from = minute_of(window->from, 0), to = minute_of(window->to, 24 * 60);

	if (from < to)
		return is_day(window, now->weekday) && now->minute >= from && now->minute < to;
	/* Over midnight: the part behind it belongs to the day before. */
	return (is_day(window, now->weekday) && now->minute >= from) ||
	       (is_day(window, now->weekday + 6) && now->minute < to);
}

const struct rfa_freeze *rfa_window_freeze(const struct rfa_window *window,
					   const struct rfa_local *now)
{
	const struct rfa_freeze *one;
	char text[64];

	snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d", now->year, now->month, now->day,
		 now->minute / 60, now->minute % 60);
	RFA_EACH (one, window->freeze) {
		size_t n = strlen(one->to);
		int is_over = n > 10 ? strcmp(text, one->to) >= 0 : strncmp(text, one->to, n) > 0;

		if (strcmp(text, one->from) >= 0 && !is_over)
			return one;
	}
	return NULL;
}

static void next_day(struct rfa_local *at)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap = at->year % 4 == 0 && (at->year % 100 != 0 || at->year % 400 == 0);

	at->minute = 0;
	at->weekday = (at->weekday + 1) % 7;
	if (at->day++ < days[at->month - 1] + (at->month == 2 ? leap : 0))
		return;
	at->day = 1;
	if (at->month++ < 12)
		return;
	at->month = 1;
	at->year++;
}

int rfa_window_next(const struct rfa_window *window, const struct rfa_local *now,
		    struct rfa_local *at)
{
	int left;

	*at = *now;
	for (left = 366 * 24 * 60; left; left--) {
		if (++at->minute == 24 * 60)
			next_day(at);
		if (rfa_window_is_open(window, at) && !rfa_window_freeze(window, at))
			return 0;
	}
	return -1;
}

int rfa_freeze_is_possible(const struct rfa_freeze *freeze)
{
	size_t n = strlen(freeze->to);

	/* A last day is all of that day. */
	return n > 10 ? strcmp(freeze->from, freeze->to) < 0
		      : strncmp(freeze->from, freeze->to, n) <= 0;
}

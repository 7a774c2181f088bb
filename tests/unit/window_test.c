/* Time zones, windows and freezes: over both ends of summer time, over midnight, over a year's end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/clock.h"
#include "fsm/model/window.h"

/* "2026-03-29 01:59 +60": local, and minutes before UTC. */
static const char *local_at(const char *zone, const char *iso, char out[64])
{
	struct rfa_local l;
	struct rfa_error err;
	int64_t at;

	assert_int_equal(rfa_time_parse(iso, &at), 0);
	if (rfa_zone_at(zone, at, &l, &err))
		fail_msg("%s: %s", zone, err.msg);
	snprintf(out, 64, "%04d-%02d-%02d %02d:%02d %d/%d", l.year, l.month, l.day, l.minute / 60,
		 l.minute % 60, (int)(l.offset_s / 60), l.weekday);
	return out;
}

static void zones(void **state)
{
	static const struct {
		const char *zone, *iso, *is;
	} rows[] = {
		{ "", "2026-11-29T09:30:00Z", "2026-11-29 09:30 0/0" },
		{ "UTC", "2026-11-29T09:30:00Z", "2026-11-29 09:30 0/0" },
		/* Summer time begins and ends. */
		{ "Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29 01:59 60/0" },
		{ "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29 03:00 120/0" },
		{ "Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25 02:59 120/0" },
		{ "Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25 02:00 60/0" },
		/* Behind what a file lists. */
		{ "Europe/Berlin", "2090-07-01T12:00:00Z", "2090-07-01 14:00 120/6" },
		{ "Europe/Berlin", "2090-03-26T00:59:59Z", "2090-03-26 01:59 60/0" },
		{ "Europe/Berlin", "2090-03-26T01:00:00Z", "2090-03-26 03:00 120/0" },
		{ "America/New_York", "2090-11-05T05:59:59Z", "2090-11-05 01:59 -240/0" },
		{ "America/New_York", "2090-11-05T06:00:00Z", "2090-11-05 01:00 -300/0" },
		/* South of the equator, summer is over the year's end. */
		{ "Australia/Sydney", "2091-01-01T00:00:00Z", "2091-01-01 11:00 660/1" },
		{ "Australia/Sydney", "2091-07-01T00:00:00Z", "2091-07-01 10:00 600/0" },
		{ "Asia/Kolkata", "2026-11-29T23:45:00Z", "2026-11-30 05:15 330/1" },
		{ "Asia/Shanghai", "2026-12-31T16:00:00Z", "2027-01-01 00:00 480/5" },
		{ "America/St_Johns", "2026-01-01T00:00:00Z", "2025-12-31 20:30 -210/3" },
		{ "Europe/Dublin", "2090-07-01T12:00:00Z", "2090-07-01 13:00 60/6" },
	};
	struct rfa_local l;
	struct rfa_error err;
	char is[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(local_at(rows[i].zone, rows[i].iso, is), rows[i].is) != 0)
			fail_msg("%s %s: %s instead of %s", rows[i].zone, rows[i].iso, is,
				 rows[i].is);
	assert_int_equal(rfa_zone_at("Europe/Atlantis", 0, &l, &err), -RFA_ECONFIG);
	assert_int_equal(rfa_zone_at("../../../etc/passwd", 0, &l, &err), -RFA_ECONFIG);
}

static int is_open(const struct rfa_window *w, const char *zone, const char *iso)
{
	struct rfa_local l;
	struct rfa_error err;
	int64_t at;

	assert_int_equal(rfa_time_parse(iso, &at), 0);
	assert_int_equal(rfa_zone_at(zone, at, &l, &err), 0);
	return rfa_window_is_open(w, &l);
}

static void windows(void **state)
{
	static const char *const week[] = { "mon", "tue", "wed", "thu" };
	static const char *const fri[] = { "fri" };
	struct rfa_window day = { .days = { week, 4 }, .from = "09:00", .to = "17:00" };
	struct rfa_window night = { .days = { fri, 1 }, .from = "22:00", .to = "04:00" };
	struct rfa_window all = { .from = "", .to = "" };

	(void)state;
	/* The same hour on the clock, before and after summer time ends. */
	assert_int_equal(is_open(&day, "Europe/Berlin", "2026-10-22T06:59:00Z"), 0);
	assert_int_equal(is_open(&day, "Europe/Berlin", "2026-10-22T07:00:00Z"), 1);
	assert_int_equal(is_open(&day, "Europe/Berlin", "2026-10-26T07:59:00Z"), 0);
	assert_int_equal(is_open(&day, "Europe/Berlin", "2026-10-26T08:00:00Z"), 1);
	assert_int_equal(is_open(&day, "Europe/Berlin", "2026-10-26T16:00:00Z"), 0);
	assert_int_equal(is_open(&day, "Europe/Berlin", "2026-10-23T10:00:00Z"), 0);
	/* Friday's night goes on on Saturday, and Saturday's is none. */
	assert_int_equal(is_open(&night, "", "2026-11-27T22:00:00Z"), 1);
	assert_int_equal(is_open(&night, "", "2026-11-28T03:59:00Z"), 1);
	assert_int_equal(is_open(&night, "", "2026-11-28T04:00:00Z"), 0);
	assert_int_equal(is_open(&night, "", "2026-11-28T22:30:00Z"), 0);
	assert_int_equal(is_open(&night, "", "2026-11-27T03:00:00Z"), 0);
	assert_int_equal(is_open(&all, "", "2026-11-27T23:59:00Z"), 1);
}

static int is_frozen(const char *from, const char *to, const char *iso)
{
	const struct rfa_freeze one = { .from = from, .to = to, .reason = "" };
	const struct rfa_window w = { .from = "", .to = "", .freeze = { &one, 1 } };
	struct rfa_local l;
	struct rfa_error err;
	int64_t at;

	assert_int_equal(rfa_time_parse(iso, &at), 0);
	assert_int_equal(rfa_zone_at("Europe/Berlin", at, &l, &err), 0);
	return rfa_window_freeze(&w, &l) != NULL;
}

static void freezes(void **state)
{
	(void)state;
	assert_int_equal(is_frozen("2026-12-20", "2027-01-02", "2026-12-19T22:59:00Z"), 0);
	assert_int_equal(is_frozen("2026-12-20", "2027-01-02", "2026-12-19T23:00:00Z"), 1);
	assert_int_equal(is_frozen("2026-12-20", "2027-01-02", "2027-01-02T22:59:00Z"), 1);
	assert_int_equal(is_frozen("2026-12-20", "2027-01-02", "2027-01-02T23:00:00Z"), 0);
	assert_int_equal(is_frozen("2026-12-20 18:00", "2026-12-20 20:00", "2026-12-20T16:59:00Z"),
			 0);
	assert_int_equal(is_frozen("2026-12-20 18:00", "2026-12-20 20:00", "2026-12-20T17:00:00Z"),
			 1);
	assert_int_equal(is_frozen("2026-12-20 18:00", "2026-12-20 20:00", "2026-12-20T19:00:00Z"),
			 0);
}

static int is_possible(const char *from, const char *to)
{
	const struct rfa_freeze one = { .from = from, .to = to, .reason = "" };

	return rfa_freeze_is_possible(&one);
}

/* One with a wrong year holds up nobody: that is said. */
static void freezes_that_end_before_they_begin(void **state)
{
	(void)state;
	assert_int_equal(is_possible("2026-12-20", "2027-01-02"), 1);
	assert_int_equal(is_possible("2026-12-20", "2026-12-20"), 1);
	assert_int_equal(is_possible("2026-12-20 18:00", "2026-12-20"), 1);
	assert_int_equal(is_possible("2026-12-20", "2026-12-20 08:00"), 1);
	assert_int_equal(is_possible("2026-12-20", "2026-01-02"), 0);
	assert_int_equal(is_possible("2026-12-20 18:00", "2026-12-20 18:00"), 0);
	assert_int_equal(is_possible("2026-12-20 18:00", "2026-12-19"), 0);
}

/* When it opens again: over nights, weekends, freezes and a year's end. */
static void the_next_opening(void **state)
{
	static const char *const week[] = { "mon", "tue", "wed", "thu" };
	static const struct rfa_freeze frozen[] = {
		{ .from = "2026-12-21", .to = "2027-01-04", .reason = "" },
		{ .from = "2026-11-30 09:00", .to = "2026-11-30 10:15", .reason = "" },
	};
	static const struct rfa_freeze always = { .from = "2020-01-01", .to = "2999-01-01" };
	struct rfa_window day = {
		.days = { week, 4 }, .from = "09:00", .to = "17:00", .freeze = { frozen, 2 }
	};
	struct rfa_window none = { .from = "", .to = "", .freeze = { &always, 1 } };
	static const struct {
		const char *iso, *is;
	} rows[] = {
		{ "2026-11-25T08:59:30Z", "2026-11-25 09:00" },
		{ "2026-11-25T17:00:00Z", "2026-11-26 09:00" },
		{ "2026-11-26T17:00:00Z", "2026-11-30 10:15" }, /* Thursday; Monday is frozen */
		{ "2026-12-18T12:00:00Z", "2027-01-05 09:00" },
	};
	struct rfa_local now, at;
	struct rfa_error err;
	char is[32];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rfa_time_parse(rows[i].iso, &ms), 0);
		assert_int_equal(rfa_zone_at("", ms, &now, &err), 0);
		assert_int_equal(rfa_window_next(&day, &now, &at), 0);
		snprintf(is, sizeof(is), "%04d-%02d-%02d %02d:%02d", at.year, at.month, at.day,
			 at.minute / 60, at.minute % 60);
		assert_string_equal(is, rows[i].is);
		assert_int_equal(rfa_window_next(&none, &now, &at), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones),
		cmocka_unit_test(windows),
		cmocka_unit_test(freezes),
		cmocka_unit_test(the_next_opening),
		cmocka_unit_test(freezes_that_end_before_they_begin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

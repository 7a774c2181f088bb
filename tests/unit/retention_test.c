/* Which backups stay, over two simulated years of daily and weekly ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/clock.h"
#include "fsm/steps/backup/retention.h"

enum { MANY = 900 };

static const int64_t DAY = 86400000;

static int64_t at(const char *text)
{
	int64_t ms = 0;

	if (rfa_time_parse(text, &ms))
		fail_msg("%s is no time", text);
	return ms;
}

/* A vault that is made and pruned every day. */
struct vault {
	struct rfa_retention_item list[MANY];
	char ids[MANY][RFA_TIME_MAX];
	size_t n, made;
};

static void backup(struct vault *v, int64_t now, int good)
{
	struct rfa_retention_item *one = &v->list[v->n++];

	assert_true(v->made < MANY && v->n <= MANY);
	rfa_time_compact(now, v->ids[v->made]);
	memset(one, 0, sizeof(*one));
	one->id = v->ids[v->made++];
	one->wall_ms = now;
	one->good = good;
}

static void prune(struct vault *v, const struct rfa_retention *policy, int64_t now)
{
	size_t kept = 0;
	size_t i;

	rfa_retain(v->list, v->n, policy, now);
	for (i = 0; i < v->n; i++)
		if (v->list[i].retain)
			v->list[kept++] = v->list[i];
	v->n = kept;
}

static int has(const struct vault *v, const char *day)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (!strncmp(v->list[i].id, day, 8))
			return 1;
	return 0;
}

/* Daily at 02:00 from Thursday, 2026-01-01 to Friday, 2027-12-31, pruned after each. */
static void two_years(struct vault *v, const struct rfa_retention *policy, int every_days)
{
	int64_t now = at("2026-01-01T02:00:00Z");
	int64_t end = at("2027-12-31T03:00:00Z");
	int day = 0;

	memset(v, 0, sizeof(*v));
	for (; now < end; now += DAY, day++) {
		if (day % every_days == 0)
			backup(v, now, 1);
		prune(v, policy, now);
	}
}

static const struct {
	struct rfa_retention policy;
	size_t stay;
	const char *has[12], *has_not[6]; /* days */
} cases[] = {
	/* What rfa.json has by default: all of 30 days, the newest of 8 weeks and of 12 months. */
	{ { 0, 30, 0, 8, 12 },
	  31 + 3 + 11,
	  { "20271231", "20271201", "20271130", "20271128", "20271121", "20271114", "20271031",
	    "20270930", "20270831", "20270228", "20270131" },
	  { "20271127", "20271107", "20271024", "20270929", "20261231", "20260101" } },
	{ { 3, 0, 0, 0, 0 }, 3, { "20271231", "20271230", "20271229" }, { "20271228" } },
	{ { 0, 7, 0, 0, 0 }, 8, { "20271231", "20271224" }, { "20271223" } },
	{ { 0, 0, 5, 0, 0 }, 5, { "20271231", "20271227" }, { "20271226" } },
	{ { 0, 0, 0, 3, 0 }, 3, { "20271231", "20271226", "20271219" }, { "20271230" } },
	{ { 0, 0, 0, 0, 24 },
	  24,
	  { "20271231", "20271130", "20260228", "20260131" },
	  { "20271230", "20260101", "20260201" } },
	{ { 0, 0, 0, 0, 0 }, 730, { "20260101", "20270615", "20271231" }, { NULL } },
};

static void test_two_years(void **state)
{
	static struct vault v;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		two_years(&v, &cases[i].policy, 1);
		if (v.n != cases[i].stay)
			fail_msg("case %zu: %zu stay instead of %zu", i, v.n, cases[i].stay);
		for (j = 0; j < 12 && cases[i].has[j]; j++)
			if (!has(&v, cases[i].has[j]))
				fail_msg("case %zu: %s is gone", i, cases[i].has[j]);
		for (j = 0; j < 6 && cases[i].has_not[j]; j++)
			if (has(&v, cases[i].has_not[j]))
				fail_msg("case %zu: %s is still there", i, cases[i].has_not[j]);
	}
}

/* Images, once a week: eight weeks are eight of them. */
static void test_weekly(void **state)
{
	static const struct rfa_retention policy = { 0, 0, 0, 8, 0 };
	static struct vault v;

	(void)state;
	two_years(&v, &policy, 7);
	assert_int_equal(v.n, 8);
}

/* Whatever the policy: never below the newest good one. */
static void test_newest_good(void **state)
{
	static const struct rfa_retention policy = { 0, 1, 0, 0, 0 };
	struct rfa_retention_item list[3] = { { "c", 9 * DAY, 0, 0, 0, NULL },
					      { "a", 1 * DAY, 1, 0, 0, NULL },
					      { "b", 2 * DAY, 1, 0, 0, NULL } };

	(void)state;
	rfa_retain(list, 3, &policy, 1000 * DAY);
	assert_string_equal(list[0].id, "c");
	assert_false(list[0].retain);
	assert_string_equal(list[0].why, "not complete");
	assert_string_equal(list[1].id, "b");
	assert_true(list[1].retain);
	assert_string_equal(list[1].why, "the newest");
	assert_false(list[2].retain);
	assert_string_equal(list[2].why, "not needed");
}

static void test_pinned(void **state)
{
	static const struct rfa_retention policy = { 1, 0, 0, 0, 0 };
	struct rfa_retention_item list[3] = { { "a", 1 * DAY, 1, 1, 0, NULL },
					      { "b", 2 * DAY, 1, 0, 0, NULL },
					      { "c", 3 * DAY, 1, 0, 0, NULL } };

	(void)state;
	rfa_retain(list, 3, &policy, 400 * DAY);
	assert_true(list[0].retain);
	assert_false(list[1].retain);
	assert_true(list[2].retain);
	assert_string_equal(list[2].why, "a point or a drill names it");
}

/* One that is not complete is not counted, and stays as long as somebody may be at it. */
static void test_in_the_making(void **state)
{
	static const struct rfa_retention policy = { 1, 0, 0, 0, 0 };
	struct rfa_retention_item list[2] = { { "a", 10 * DAY, 1, 0, 0, NULL },
					      { "b", 11 * DAY, 0, 0, 0, NULL } };

	(void)state;
	rfa_retain(list, 2, &policy, 12 * DAY);
	assert_true(list[0].retain);
	assert_string_equal(list[0].why, "may be in the making");
	assert_true(list[1].retain);
	rfa_retain(list, 2, &policy, 13 * DAY);
	assert_false(list[0].retain);
	assert_true(list[1].retain);
}

/* Every rule only ever adds: what a smaller policy keeps, a larger one keeps too. */
static void test_rules_add(void **state)
{
	static struct rfa_retention_item list[200];
	static char ids[200][8];
	struct rfa_retention small = { 3, 10, 4, 4, 2 };
	struct rfa_retention large = { 5, 12, 9, 6, 3 };
	int keeps[200];
	size_t i;

	(void)state;
	for (i = 0; i < 200; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%03zu", i);
		list[i] = (struct rfa_retention_item){ ids[i],     (int64_t)i * DAY / 2,
						       i % 7 != 3, i % 50 == 0,
						       0,          NULL };
	}
	rfa_retain(list, 200, &small, 100 * DAY);
	for (i = 0; i < 200; i++)
		keeps[i] = list[i].retain;
	rfa_retain(list, 200, &large, 100 * DAY);
	for (i = 0; i < 200; i++)
		assert_true(list[i].retain >= keeps[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_years),     cmocka_unit_test(test_weekly),
		cmocka_unit_test(test_newest_good),   cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_in_the_making), cmocka_unit_test(test_rules_add),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

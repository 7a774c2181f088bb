/* Which backups stay. No I/O and no clock: two years of it are tested in a moment. */
#include "fsm/steps/backup/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/clock.h"

static const int64_t DAY_MS = 86400000;

static int newest_first(const void *a, const void *b)
{
	const struct rfa_retention_item *x = a;
	const struct rfa_retention_item *y = b;

	if (x->wall_ms != y->wall_ms)
		return x->wall_ms < y->wall_ms ? 1 : -1;
	return -strcmp(x->id, y->id);
}

static int64_t day_of(int64_t wall_ms)
{
	return wall_ms / DAY_MS - (wall_ms % DAY_MS < 0);
}

/* 1970-01-01 was a Thursday. */
static int64_t week_of(int64_t wall_ms)
{
	return (day_of(wall_ms) + 3) / 7;
}

/* Months since 0000-03 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t month_of(int64_t wall_ms)
{
	int64_t z = day_of(wall_ms) + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);

	return (yoe + era * 400) * 12 + (5 * doy + 2) / 153;
}

static void retain(struct rfa_retention_item *one, const char *why)
{
	if (one->retain)
		return;
	one->retain = 1;
	one->why = why;
}

/* The newest of each of the last `most` periods that have one. */
static void retain_periods(struct rfa_retention_item *list, size_t n, int64_t (*period)(int64_t),
			   int64_t most, const char *why)
{
	int64_t last = INT64_MIN;
	size_t i;

	for (i = 0; i < n && most > 0; i++) {
		int64_t now;

		if (!list[i].good)
			continue;
		now = period(list[i].wall_ms);
		if (now == last)
			continue;
		last = now;
		most--;
		retain(&list[i], why);
	}
}

void rfa_retain(struct rfa_retention_item *list, size_t n, const struct rfa_retention *policy,
		int64_t now_ms)
{
	int off = !policy->count && !policy->days && !policy->daily && !policy->weekly &&
		  !policy->monthly;
	int64_t nth = 0;
	size_t i;

	qsort(list, n, sizeof(*list), newest_first);
	for (i = 0; i < n; i++) {
		struct rfa_retention_item *one = &list[i];

		one->retain = 0;
		one->why = one->good ? "not needed" : "not complete";
		if (one->pinned)
			retain(one, "a point or a drill names it");
		if (off)
			retain(one, "age");
		if (!one->good) {
			if (now_ms - one->wall_ms < 2 * DAY_MS)
				retain(one, "may be in the making");
			continue;
		}
		nth++;
		if (nth == 1)
			retain(one, "the newest");
		if (nth <= policy->count)
			retain(one, "count");
		if (policy->days && now_ms - one->wall_ms <= policy->days * DAY_MS)
			retain(one, "age");
	}
	retain_periods(list, n, day_of, policy->daily, "daily");
	retain_periods(list, n, week_of, policy->weekly, "weekly");
	retain_periods(list, n, month_of, policy->monthly, "monthly");
}

/* "<time>-<env>-<set>": what is not complete says by its name whose it is. */
static int is_of(const char *id, const struct rfa_retention_ask *ask)
{
	char tail[256];
	size_t n = strlen(id);

	snprintf(tail, sizeof(tail), "-%s-%s", ask->env, ask->set);
	return n == 15 + strlen(tail) && !strcmp(id + 15, tail);
}

struct kept_list {
	struct rfa_retention_item *at;
	size_t n;
};

static void gather(struct rfa_pool *pool, const struct rfa_listed_list *list,
		   const struct rfa_retention_ask *ask, struct kept_list *out)
{
	int coming = *ask->coming && is_of(ask->coming, ask);
	const struct rfa_listed *one;

	RFA_EACH (one, *list) {
		int64_t ms;

		coming = coming && strcmp(one->backup, ask->coming) != 0;
		if (!is_of(one->backup, ask) || rfa_time_parse(one->backup, &ms))
			continue;
		*(struct rfa_retention_item *)rfa_pool_add(pool, out, sizeof(*out->at)) =
		    (struct rfa_retention_item){
			    .id = one->backup,
			    .wall_ms = ms,
			    .good = json_is_object(one->manifest),
			    .pinned = rfa_texts_have(ask->pins, one->backup),
		    };
	}
	if (coming)
		*(struct rfa_retention_item *)rfa_pool_add(pool, out, sizeof(*out->at)) =
		    (struct rfa_retention_item){ .id = ask->coming,
						 .wall_ms = ask->now_ms,
						 .good = 1 };
}

static const char *reason(const struct rfa_retention_ask *ask, const struct rfa_retention_item *one)
{
	if (*ask->coming && !strcmp(one->id, ask->coming))
		return "is made now";
	return ask->keep ? one->why : "no rule removes it";
}

int rfa_retention_judge(struct rfa_pool *pool, const struct rfa_listed_list *list,
			const struct rfa_retention_ask *ask, struct rfa_verdict_list *out,
			struct rfa_error *err)
{
	static const struct rfa_retention none = { 0, 0, 0, 0, 0 };
	struct kept_list kept = { NULL, 0 };
	size_t i;
	int rc;

	gather(pool, list, ask, &kept);
	/* Nothing is judged by half of what there is. */
	rc = rfa_pool_check(pool, err);
	if (!rc && kept.n)
		rfa_retain(kept.at, kept.n, ask->keep ? ask->keep : &none, ask->now_ms);
	for (i = 0; i < kept.n && !rc; i++) {
		struct rfa_verdict *one = RFA_ADD(pool, verdict, out);

		one->backup = kept.at[i].id;
		one->stays = kept.at[i].retain;
		one->why = reason(ask, &kept.at[i]);
	}
	return rc ? rc : rfa_pool_check(pool, err);
}

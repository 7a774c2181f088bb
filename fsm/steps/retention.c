/* Which backups stay. No I/O and no clock: two years of it are tested in a moment. */
#include "fsm/steps/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/clock.h"
#include "fsm/base/facts.h"

static const int64_t DAY_MS = 86400000;

static int newest_first(const void *a, const void *b)
{
	const struct rfa_kept *x = a;
	const struct rfa_kept *y = b;

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

static void keep(struct rfa_kept *one, const char *why)
{
	if (one->keep)
		return;
	one->keep = 1;
	one->why = why;
}

/* The newest of each of the last `most` periods that have one. */
static void keep_periods(struct rfa_kept *list, size_t n, int64_t (*period)(int64_t), int64_t most,
			 const char *why)
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
		keep(&list[i], why);
	}
}

void rfa_retain(struct rfa_kept *list, size_t n, const struct rfa_retention *policy, int64_t now_ms)
{
	int off = !policy->count && !policy->days && !policy->daily && !policy->weekly &&
		  !policy->monthly;
	int64_t nth = 0;
	size_t i;

	qsort(list, n, sizeof(*list), newest_first);
	for (i = 0; i < n; i++) {
		struct rfa_kept *one = &list[i];

		one->keep = 0;
		one->why = one->good ? "not needed" : "not complete";
		if (one->pinned)
			keep(one, "pinned");
		if (off)
			keep(one, "age");
		if (!one->good) {
			if (now_ms - one->wall_ms < 2 * DAY_MS)
				keep(one, "may be in the making");
			continue;
		}
		nth++;
		if (nth == 1)
			keep(one, "the newest");
		if (nth <= policy->count)
			keep(one, "count");
		if (policy->days && now_ms - one->wall_ms <= policy->days * DAY_MS)
			keep(one, "age");
	}
	keep_periods(list, n, day_of, policy->daily, "daily");
	keep_periods(list, n, week_of, policy->weekly, "weekly");
	keep_periods(list, n, month_of, policy->monthly, "monthly");
}

/* "<time>-<env>-<set>": what is not complete says by its name whose it is. */
static int is_of(const char *id, const struct rfa_retention_ask *ask)
{
	char tail[256];
	size_t n = strlen(id);

	snprintf(tail, sizeof(tail), "-%s-%s", ask->env, ask->set);
	return n == 15 + strlen(tail) && !strcmp(id + 15, tail);
}

/* kept: room for all of the list, and one more. */
static size_t gather(const json_t *list, const struct rfa_retention_ask *ask, struct rfa_kept *kept)
{
	int coming = ask->coming && is_of(ask->coming, ask);
	json_t *one;
	size_t n = 0;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		const char *id = rfa_facts_str(one, "backup", "");
		int64_t ms;

		coming = coming && strcmp(id, ask->coming) != 0;
		if (is_of(id, ask) && !rfa_time_parse(id, &ms))
			kept[n++] = (struct rfa_kept){
				.id = id,
				.wall_ms = ms,
				.good = json_is_object(json_object_get(one, "manifest")),
				.pinned = rfa_facts_has_text(ask->pins, id),
			};
	}
	if (coming)
		kept[n++] =
		    (struct rfa_kept){ .id = ask->coming, .wall_ms = ask->now_ms, .good = 1 };
	return n;
}

int rfa_retention_judge(const json_t *list, const struct rfa_retention_ask *ask, json_t **out,
			struct rfa_error *err)
{
	struct rfa_retention policy = { rfa_facts_int(ask->keep, "count", 0),
					rfa_facts_int(ask->keep, "days", 0),
					rfa_facts_int(ask->keep, "daily", 0),
					rfa_facts_int(ask->keep, "weekly", 0),
					rfa_facts_int(ask->keep, "monthly", 0) };
	struct rfa_kept *kept = calloc(json_array_size(list) + 1, sizeof(*kept));
	json_t *verdicts = json_array();
	size_t n = 0;
	size_t i;
	int rc = kept && verdicts ? 0 : rfa_fail_nomem(err);

	if (!rc) {
		n = gather(list, ask, kept);
		rfa_retain(kept, n, &policy, ask->now_ms);
	}
	for (i = 0; i < n && !rc; i++) {
		const char *why = ask->keep ? kept[i].why : "no rule removes it";

		if (ask->coming && !strcmp(kept[i].id, ask->coming))
			why = "is made now";
		if (json_array_append_new(verdicts,
					  json_pack("{s:s, s:b, s:s}", "backup", kept[i].id,
						    "stays", kept[i].keep, "why", why)))
			rc = rfa_fail_nomem(err);
	}
	free(kept);
	if (rc)
		json_decref(verdicts);
	else
		*out = verdicts;
	return rc;
}

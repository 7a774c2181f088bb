/*
 * Watching for releases: whatever dies between any two of list, plan, BEGIN and END, with two
 * watchers at once, exactly one run is begun for a release, none for one that nobody wants, and no
 * release is lost. A random world, and the same with defects that have to be found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/watch/watch.h"
#include "fsm/base/facts.h"
#include "fsm/parts/args.h"
#include "tests/harness/ledger_kit.h"

enum { MOST = 24, RUNS = 400, DEPTH = 2, SCHEDULES = 400, ROUNDS = 60, MINUTE = 60 * 1000 };

/* What is done wrong on purpose. */
enum defect {
	NONE,
	TWICE,      /* BEGIN does not carry the release's name */
	PRERELEASE, /* pre-releases are begun, though nobody wants them */
	CURSOR,     /* what is handled is noted before it is */
	AGAIN,      /* what ended badly is begun again */
};

struct release {
	char once[32], tag[16], commit[16];
	int64_t published_ms;
	int draft, prerelease, has_tag, noted;
};

struct stage {
	struct rfa_ledger *ledger;
	struct rfa_clock_virtual clock;
	struct rfa_watch watch;
	struct release releases[MOST];
	struct rfa_due_release lists[DEPTH + 1][MOST];
	size_t n;
	uint64_t seed;
	unsigned crash, bad, second, closed, depth, ids, crashes, both;
	int is_open[DEPTH + 1]; /* it was asked whether something may be begun: for one run */
	unsigned unasked;
	enum defect defect;
	char first[RUNS][24]; /* tags, in the order in which their runs were begun */
	size_t n_begun;
};

static unsigned dice(struct stage *s, unsigned sides)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return (unsigned)(s->seed >> 11) % sides;
}

static void pass_time(struct stage *s, int64_t ms)
{
	s->clock.wall += ms;
	s->clock.mono += ms;
}

static void come_by(struct stage *s)
{
	struct rfa_error err;

	if (s->depth >= DEPTH || dice(s, 100) >= s->second)
		return;
	s->both++;
	s->depth++;
	(void)!rfa_watch_look(&s->watch, &err);
	s->depth--;
}

/* Between any two things that are done: another one comes by, or this one dies. */
static int between(struct stage *s, struct rfa_error *err)
{
	come_by(s);
	if (dice(s, 100) >= s->crash)
		return 0;
	s->crashes++;
	return rfa_fail(err, RFA_ECRASHED, "test", "killed");
}

static int point(void *user, const char *name, struct rfa_error *err)
{
	struct stage *s = user;

	if (strcmp(name, "begin.before") != 0 && strcmp(name, "begin.after") != 0 &&
	    strcmp(name, "end.before") != 0 && strcmp(name, "end.after") != 0)
		return 0;
	if (dice(s, 100) >= s->crash)
		return 0;
	s->crashes++;
	return rfa_fail(err, RFA_ECRASHED, "test", "killed at %s", name);
}

/* As a forge lists them: in no order. */
static int list(void *user, struct rfa_watch_list *out, struct rfa_error *err)
{
	struct stage *s = user;
	struct rfa_due_release *at = s->lists[s->depth];
	int rc = between(s, err);

	if (rc)
		return rc;
	*out = (struct rfa_watch_list){ .at = at };
	for (size_t i = 0; i < s->n; i++) {
		const struct release *r = &s->releases[(i * 7 + 3) % s->n];

		if (s->n % 7 == 0)
			r = &s->releases[i];
		if (r->noted)
			continue;
		at[out->n++] = (struct rfa_due_release){
			r->once,         r->tag,   r->has_tag ? r->commit : NULL,
			r->published_ms, r->draft, s->defect == PRERELEASE ? 0 : r->prerelease,
			RFA_DUE_OLD,     NULL,     ""
		};
	}
	return between(s, err);
}

/* What is open for one run may be closed for the next. */
static int may_begin(void *user, int *open, struct rfa_error *err)
{
	struct stage *s = user;

	(void)err;
	*open = s->is_open[s->depth] = dice(s, 100) >= s->closed;
	return 0;
}

static int end(struct stage *s, struct rfa_ledger_run *run, uint32_t seq, struct rfa_error *err)
{
	int bad = dice(s, 100) < s->bad;
	struct rfa_record record = { .kind = RFA_RECORD_END, .seq = seq, .state = RFA_HEALTH };
	const struct rfa_ledger_end end = { .final = bad ? RFA_FINAL_FAILED : RFA_FINAL_SUCCEEDED,
					    .summary = "{}" };
	int rc;

	record.wall_ms = s->clock.wall;
	snprintf(record.outcome, sizeof(record.outcome), "%s", rfa_final_word(end.final));
	rc = rfa_ledger_end(run, &record, "", &end, err);
	if (rc)
		rfa_ledger_detach(run);
	return rc ? rc : bad ? rfa_fail(err, RFA_EUNHEALTHY, "test", "ill") : 0;
}

static int begin_run(struct stage *s, const struct rfa_due_release *r, const char *once,
		     struct rfa_ledger_run **run, struct rfa_error *err)
{
	char id[RFA_RUN_ID_MAX], at[RFA_TIME_MAX];
	struct rfa_ledger_begin begin = { .run = kit_id(++s->ids, id),
					  .flow = s->watch.of.flow->name,
					  .flow_version = 1,
					  .stack = "shop",
					  .env = "prod",
					  .once = once };
	json_t *plan;
	int rc;

	rfa_time_iso(r->published_ms, at);
	plan = json_pack("{s:i, s:{s:s*, s:{s:s, s:s, s:s}}}", "format", 1, "options", "once", once,
			 "release", "tag", r->tag, "commit", r->commit, "published", at);
	begin.plan = plan;
	assert_true(s->ids < RUNS);
	rc = rfa_ledger_begin(s->ledger, &begin, run, NULL, err);
	json_decref(plan);
	return rc;
}

static void note(struct stage *s, const struct rfa_due_release *r)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->releases[i].tag, r->tag))
			s->releases[i].noted = 1;
}

static int begin(void *user, const struct rfa_due_release *r, int *begun, struct rfa_error *err)
{
	struct stage *s = user;
	struct rfa_ledger_run *run = NULL;
	const struct rfa_due_release is = *r; /* the list is another one after `come_by` */
	int rc;

	s->unasked += !s->is_open[s->depth];
	s->is_open[s->depth] = 0;
	if (s->defect == CURSOR)
		note(s, &is);
	rc = between(s, err);
	if (!rc)
		rc = begin_run(s, &is, s->defect == TWICE ? NULL : is.once, &run, err);
	if (rc)
		return rc;
	*begun = 1;
	rc = between(s, err);
	if (rc) {
		rfa_ledger_detach(run);
		return rc;
	}
	rc = end(s, run, 1, err);
	if (rc == -(int)RFA_EUNHEALTHY && s->defect == AGAIN && !begin_run(s, &is, NULL, &run, err))
		rc = end(s, run, 1, err);
	return rc;
}

static int resume(void *user, const char *id, struct rfa_error *err)
{
	struct stage *s = user;
	struct rfa_ledger_run *run = NULL;
	int rc = rfa_ledger_attach(s->ledger, id, &run, err);

	if (!rc)
		rc = between(s, err);
	if (rc) {
		rfa_ledger_detach(run);
		return rc;
	}
	return end(s, run, 1, err);
}

static void say(void *user, int warn, const char *text)
{
	(void)user;
	(void)warn;
	assert_true(*text);
}

static const struct rfa_flow *flow_of_releases(void)
{
	size_t i, n;
	const struct rfa_flow *const *flows = rfa_flows(&n);

	for (i = 0; i < n; i++)
		if (flows[i]->args->flags & RFA_ARGS_RELEASES)
			return flows[i];
	return NULL;
}

static void add_release(struct stage *s)
{
	struct release *r = &s->releases[s->n];

	if (s->n == MOST)
		return;
	snprintf(r->once, sizeof(r->once), "forge %zu", s->n);
	snprintf(r->tag, sizeof(r->tag), "v%zu", s->n);
	snprintf(r->commit, sizeof(r->commit), "c%zu", s->n);
	pass_time(s, 1000);
	r->published_ms = s->clock.wall;
	r->has_tag = s->n == 0 || dice(s, 4) != 0;
	r->draft = s->n != 0 && dice(s, 6) == 0;
	r->prerelease = s->n != 0 && dice(s, 5) == 0;
	s->n++;
}

/* A draft is published late, a tag is pushed late, one is deleted and made again. */
static void change_release(struct stage *s)
{
	struct release *r = &s->releases[dice(s, (unsigned)s->n)];

	pass_time(s, 1000);
	r->has_tag = 1;
	if (!r->draft && (r == s->releases || dice(s, 3)))
		return;
	r->published_ms = s->clock.wall;
	if (!r->draft)
		snprintf(r->once, sizeof(r->once), "forge %u", 1000 + dice(s, 100000));
	r->draft = 0;
}

static void stage_open(struct stage *s, uint64_t seed, int all, enum defect defect)
{
	struct rfa_ledger_options options = { .author_name = "Olga",
					      .author_email = "olga@example.org",
					      .point = point,
					      .point_user = s };
	struct rfa_due_release first;
	struct rfa_ledger_run *run = NULL;
	struct rfa_error err;

	memset(s, 0, sizeof(*s));
	s->seed = seed * 0x9E3779B97F4A7C15u + 1;
	s->defect = defect;
	rfa_clock_virtual_init(&s->clock, 1795343416000, seed);
	options.clock = &s->clock.clock;
	assert_int_equal(rfa_ledger_open_memory(&s->ledger, &options, &err), 0);
	s->watch = (struct rfa_watch){ .of = { s->ledger, flow_of_releases(), "shop", "prod" },
				       .clock = &s->clock.clock,
				       .rules = { .tags = "v*", .all = all },
				       .list = list,
				       .may_begin = may_begin,
				       .begin = begin,
				       .resume = resume,
				       .say = say,
				       .user = s };
	add_release(s);
	first = (struct rfa_due_release){ .tag = "v0", .commit = "c0" };
	first.published_ms = s->releases[0].published_ms;
	assert_int_equal(begin_run(s, &first, NULL, &run, &err), 0);
	assert_int_equal(end(s, run, 1, &err), 0);
	s->crash = dice(s, 20);
	s->bad = dice(s, 40);
	s->second = dice(s, 40);
	s->closed = dice(s, 40);
}

/* The runs that were begun, oldest first, by their tags. */
static int add_run(void *user, const struct rfa_ledger_line *line)
{
	struct stage *s = user;
	struct rfa_history *history = NULL;
	struct rfa_error err;

	assert_int_equal(rfa_ledger_load(s->ledger, line->run, &history, &err), 0);
	snprintf(s->first[s->n_begun++], sizeof(s->first[0]), "%s",
		 rfa_facts_str(history->plan, "options/release/tag", ""));
	rfa_history_free(history);
	return 0;
}

static size_t runs_of(const struct stage *s, const char *tag)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_begun; i++)
		n += !strcmp(s->first[i], tag);
	return n;
}

static const struct release *newest(const struct stage *s)
{
	const struct release *best = &s->releases[0];

	for (size_t i = 0; i < s->n; i++) {
		const struct release *r = &s->releases[i];

		if (!r->draft && !r->prerelease && r->published_ms > best->published_ms)
			best = r;
	}
	return best;
}

/* 0, or what is wrong. */
static const char *wrong(struct stage *s)
{
	const struct rfa_ledger_filter filter = { "shop", "prod", 0, RUNS };
	struct rfa_error err;

	if (s->unasked)
		return "a run was begun, and nobody had asked whether it may be";
	s->n_begun = 0;
	assert_int_equal(rfa_ledger_list(s->ledger, &filter, add_run, s, &err), 0);
	for (size_t i = 0; i < s->n; i++) {
		const struct release *r = &s->releases[i];
		size_t n = runs_of(s, r->tag);

		if (n > 1)
			return "two runs were begun for a release";
		if (n && (r->draft || r->prerelease))
			return "a run was begun for what nobody wants";
		if (!n && s->watch.rules.all && !r->draft && !r->prerelease)
			return "a release was passed over, and each was wanted";
	}
	return runs_of(s, newest(s)->tag) ? NULL : "the newest release was lost";
}

/* Nothing goes wrong any more, and there is time. */
static void settle(struct stage *s)
{
	struct rfa_error err;

	s->crash = s->second = s->closed = 0;
	for (size_t i = 0; i < s->n; i++)
		s->releases[i].has_tag = 1;
	for (size_t i = 0; i < 2 * MOST; i++) {
		pass_time(s, (int64_t)61 * MINUTE);
		(void)!rfa_watch_look(&s->watch, &err);
	}
}

static const char *play(struct stage *s, uint64_t seed, int all, enum defect defect)
{
	const char *what;
	struct rfa_error err;

	stage_open(s, seed, all, defect);
	for (size_t i = 0; i < ROUNDS; i++) {
		unsigned d = dice(s, 10);

		if (d < 3)
			add_release(s);
		else if (d < 5)
			change_release(s);
		else
			(void)!rfa_watch_look(&s->watch, &err);
		pass_time(s, (int64_t)dice(s, 90) * MINUTE);
	}
	settle(s);
	what = wrong(s);
	rfa_ledger_free(s->ledger);
	return what;
}

static void one_run_a_release(void **state)
{
	struct stage *s = malloc(sizeof(*s));
	unsigned crashes = 0, both = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SCHEDULES; seed++)
		for (int all = 0; all < 2; all++) {
			const char *what = play(s, seed, all, NONE);

			crashes += s->crashes;
			both += s->both;
			if (what)
				fail_msg("schedule %lu, all %d: %s", (unsigned long)seed, all,
					 what);
		}
	/* The worlds were as bad as they were meant to be. */
	assert_true(crashes > SCHEDULES);
	assert_true(both > SCHEDULES);
	free(s);
}

static void defects_are_found(void **state)
{
	static const char *const names[] = { "", "begun twice", "begun for a pre-release",
					     "noted before it was begun", "begun again" };
	struct stage *s = malloc(sizeof(*s));

	(void)state;
	for (enum defect d = TWICE; d <= AGAIN; d++) {
		const char *what = NULL;

		for (uint64_t seed = 0; !what && seed < SCHEDULES; seed++)
			what = play(s, seed, 1, d);
		if (!what)
			fail_msg("nobody finds the planted defect: %s", names[d]);
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_run_a_release),
		cmocka_unit_test(defects_are_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

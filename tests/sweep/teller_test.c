/*
 * Telling channels: whatever dies whenever, every run that ended is told, in order, and what is
 * told twice has one id. And what a channel looks like when its receiver does not answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/notify/teller.h"
#include "fsm/base/facts.h"
#include "tests/harness/ledger_kit.h"
#include "tests/harness/sweep.h"

enum { MOST = 64, MINUTE = 60 * 1000, SCHEDULES = 20000 };

struct heard {
	char run[RFA_RUN_ID_MAX], id[40];
	int interrupted;
};

struct stage {
	struct rfa_ledger *ledger;
	struct rfa_clock_virtual clock;
	struct rfa_teller teller;
	struct heard heard[4 * MOST];
	size_t n_heard;
	uint64_t seed;
	/* In percent. */
	unsigned crash, fail, lose, second;
	unsigned depth; /* senders at once */
	int64_t wait_ms, took_ms;
	int unwanted; /* nobody wants runs of "app" */
	unsigned runs;
	struct rfa_ledger_run *open;
	char ended[MOST][RFA_RUN_ID_MAX]; /* in the order of their ENDs */
	size_t n_ended;
	unsigned crashes, doubles, both;
};

static unsigned dice(struct stage *s, unsigned sides)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return (unsigned)(s->seed >> 11) % sides;
}

static int tell(struct stage *s, struct rfa_tell_result *result)
{
	struct rfa_error err;

	s->teller.until = s->clock.mono + 5000;
	return rfa_tell(&s->teller, "team", result, &err);
}

/* Another process comes by. */
static void come_by(struct stage *s)
{
	struct rfa_tell_result result;

	if (s->depth >= 2 || dice(s, 100) >= s->second)
		return;
	s->depth++;
	s->both++;
	(void)tell(s, &result);
	s->depth--;
}

static int point(void *user, const char *name, struct rfa_error *err)
{
	struct stage *s = user;

	if (strncmp(name, "channel.", 8) != 0)
		return 0;
	come_by(s);
	if (dice(s, 100) >= s->crash)
		return 0;
	s->crashes++;
	return rfa_fail(err, RFA_ECRASHED, "test", "%s", name);
}

static int wants(void *user, const char *channel, const struct rfa_tiding *one)
{
	struct stage *s = user;

	assert_string_equal(channel, "team");
	return !s->unwanted || strcmp(one->ending.stack, "app") != 0;
}

static int send(void *user, const char *channel, const struct rfa_tiding *one, int64_t timeout_ms,
		int64_t *wait_ms, struct rfa_error *err)
{
	struct stage *s = user;

	(void)channel;
	assert_true(timeout_ms > 0 && timeout_ms <= 5000);
	come_by(s);
	s->clock.mono += s->took_ms;
	s->clock.wall += s->took_ms;
	if (dice(s, 100) < s->crash)
		return rfa_fail(err, RFA_ECRASHED, "test", "before");
	if (dice(s, 100) < s->fail) {
		*wait_ms = s->wait_ms;
		return rfa_fail(err, RFA_EREMOTE, "notify", "it answers 500");
	}
	assert_true(s->n_heard < 4 * MOST);
	snprintf(s->heard[s->n_heard].run, RFA_RUN_ID_MAX, "%s", one->ending.run);
	snprintf(s->heard[s->n_heard].id, 40, "%s", one->id);
	s->heard[s->n_heard++].interrupted = !one->ending.commit[0];
	if (dice(s, 100) < s->crash)
		return rfa_fail(err, RFA_ECRASHED, "test", "behind");
	if (dice(s, 100) < s->lose)
		return rfa_fail(err, RFA_EREMOTE, "notify", "it died, and had got it");
	return 0;
}

static void stage_open(struct stage *s, uint64_t seed)
{
	struct rfa_ledger_options options = { .author_name = "Olga",
					      .author_email = "olga@example.org",
					      .point = point,
					      .point_user = s };
	struct rfa_error err;

	memset(s, 0, sizeof(*s));
	s->seed = seed * 0x9E3779B97F4A7C15u + 1;
	rfa_clock_virtual_init(&s->clock, 1795343416000, seed);
	options.clock = &s->clock.clock;
	assert_int_equal(rfa_ledger_open_memory(&s->ledger, &options, &err), 0);
	s->teller = (struct rfa_teller){ .ledger = s->ledger,
					 .clock = &s->clock.clock,
					 .most_ms = 5000,
					 .wants = wants,
					 .send = send,
					 .user = s };
}

static void stage_close(struct stage *s)
{
	rfa_ledger_detach(s->open);
	rfa_ledger_free(s->ledger);
}

static void pass_time(struct stage *s, int64_t ms)
{
	s->clock.wall += ms;
	s->clock.mono += ms;
}

static void note_end(struct stage *s, unsigned n)
{
	assert_true(s->n_ended < MOST);
	kit_id(n, s->ended[s->n_ended++]);
}

static void whole(struct stage *s, const char *stack)
{
	struct rfa_error err;

	s->runs++;
	assert_int_equal(kit_whole(s->ledger, s->runs, stack, "prod", 0, NULL, &err), 0);
	if (!s->unwanted || strcmp(stack, "app") != 0)
		note_end(s, s->runs);
}

/* A run is left half-way; it is carried on, and ends. */
static void half(struct stage *s, unsigned *waits)
{
	struct rfa_ledger_run *run = NULL;
	struct rfa_error err;
	char id[RFA_RUN_ID_MAX];

	if (!*waits) {
		*waits = ++s->runs;
		assert_int_equal(kit_begin(s->ledger, s->runs, "half", "prod", &run, &err), 0);
		rfa_ledger_detach(run);
		return;
	}
	assert_int_equal(rfa_ledger_attach(s->ledger, kit_id(*waits, id), &run, &err), 0);
	assert_int_equal(kit_end(run, 1, "half", "prod", NULL, &err), 0);
	note_end(s, *waits);
	*waits = 0;
}

/* Until nothing is left to tell: nothing goes wrong any more. */
static void settle(struct stage *s)
{
	struct rfa_tell_result result = { .end = RFA_TELL_LATE };

	s->crash = s->fail = s->lose = s->second = 0;
	for (int i = 0; i < 100 && result.end != RFA_TELL_DONE; i++) {
		pass_time(s, (int64_t)26 * 60 * MINUTE);
		assert_int_equal(tell(s, &result), 0);
	}
	assert_int_equal(result.end, RFA_TELL_DONE);
}

static size_t first_of(const struct stage *s, const char *run, int interrupted)
{
	size_t i = 0;

	while (i < s->n_heard &&
	       (strcmp(s->heard[i].run, run) != 0 || s->heard[i].interrupted != interrupted))
		i++;
	return i;
}

static void check(struct stage *s, uint64_t seed, unsigned waits)
{
	size_t last = 0, ended = 0;

	for (size_t i = 0; i < s->n_ended; i++) {
		size_t at = first_of(s, s->ended[i], 0);

		if (at == s->n_heard)
			fail_msg("schedule %lu: run %s was never told", (unsigned long)seed,
				 s->ended[i]);
		if (i && at <= last)
			fail_msg("schedule %lu: run %s was told too early", (unsigned long)seed,
				 s->ended[i]);
		last = at;
	}
	for (size_t i = 0; i < s->n_heard; i++) {
		const struct heard *h = &s->heard[i];
		size_t first = first_of(s, h->run, h->interrupted);

		if (strcmp(s->heard[first].id, h->id) != 0)
			fail_msg("schedule %lu: run %s has two ids", (unsigned long)seed, h->run);
		s->doubles += first != i;
		ended += first == i && !h->interrupted;
	}
	/* And nothing else: no history, nothing unwanted. */
	if (ended != s->n_ended)
		fail_msg("schedule %lu: %zu runs were told, %zu ended", (unsigned long)seed, ended,
			 s->n_ended);
	if (waits) {
		char id[RFA_RUN_ID_MAX];

		assert_true(first_of(s, kit_id(waits, id), 1) < s->n_heard);
	}
}

static void test_schedules(void **state)
{
	static struct stage s;
	unsigned crashes = 0, doubles = 0, both = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SCHEDULES; seed += SWEEP_STRIDE) {
		struct rfa_tell_result result;
		struct rfa_error err;
		unsigned waits = 0;

		stage_open(&s, seed);
		whole(&s, "old");
		s.n_ended = 0;
		assert_int_equal(rfa_tell_begin(&s.teller, "team", &err), 0);
		s.crash = dice(&s, 3) ? dice(&s, 30) : 0;
		s.fail = dice(&s, 3) ? dice(&s, 60) : 0;
		s.lose = dice(&s, 40);
		s.second = dice(&s, 3) ? dice(&s, 50) : 0;
		s.unwanted = (int)dice(&s, 2);
		s.took_ms = dice(&s, 4) ? 10 : 3000;
		s.wait_ms = dice(&s, 4) ? 0 : 3 * MINUTE;
		for (int step = 0; step < 16; step++) {
			switch (dice(&s, 7)) {
			case 0:
				whole(&s, "shop");
				break;
			case 1:
				whole(&s, "app");
				break;
			case 2:
				half(&s, &waits);
				break;
			case 3:
				pass_time(&s, (int64_t)dice(&s, 90) * MINUTE);
				break;
			default:
				s.teller.now = !dice(&s, 3);
				(void)tell(&s, &result);
			}
		}
		settle(&s);
		check(&s, seed, waits);
		crashes += s.crashes;
		doubles += s.doubles;
		both += s.both;
		stage_close(&s);
	}
	/* It was no parade. */
	assert_true(crashes > 1000 / SWEEP_STRIDE);
	assert_true(doubles > 1000 / SWEEP_STRIDE);
	assert_true(both > 1000 / SWEEP_STRIDE);
	print_message("# %d schedules: %u crashes, %u told twice, %u with two senders\n",
		      (SCHEDULES + SWEEP_STRIDE - 1) / SWEEP_STRIDE, crashes, doubles, both);
}

/* Ten tries in a day; then it says so. What it has got is told at once when it is back. */
static void test_failing(void **state)
{
	static struct stage s;
	struct rfa_tell_result result;
	struct rfa_tell_state look;
	struct rfa_error err;
	int64_t begun, left = 0;
	int tries = 0;

	(void)state;
	stage_open(&s, 7);
	assert_int_equal(rfa_tell_begin(&s.teller, "team", &err), 0);
	whole(&s, "shop");
	whole(&s, "shop");
	s.fail = 100;
	begun = s.clock.wall;
	while (tries < RFA_TELL_TRIES) {
		assert_int_equal(tell(&s, &result), 0);
		tries += result.end == RFA_TELL_FAILED;
		assert_int_equal(rfa_tell_look(&s.teller, "team", &look, &err), 0);
		assert_int_equal(look.n, 2);
		assert_int_equal(look.failing, tries >= RFA_TELL_TRIES);
		assert_string_equal(look.why, "it answers 500");
		left = look.due_ms - s.clock.wall;
		rfa_tell_state_release(&look);
		pass_time(&s, 30 * 1000);
	}
	assert_true(left > 0);
	assert_true(s.clock.wall - begun <= (int64_t)24 * 60 * MINUTE);
	assert_true(s.clock.wall - begun > (int64_t)23 * 60 * MINUTE);
	assert_int_equal(s.n_heard, 0);
	s.fail = 0;
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(result.end, RFA_TELL_WAITS);
	s.teller.now = 1;
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(result.end, RFA_TELL_DONE);
	assert_int_equal(result.told, 2);
	assert_int_equal(rfa_tell_look(&s.teller, "team", &look, &err), 0);
	assert_int_equal(look.failing, 0);
	assert_int_equal(look.n, 0);
	rfa_tell_state_release(&look);
	stage_close(&s);
}

static void test_waits(void **state)
{
	static struct stage s;
	struct rfa_tell_result result;
	struct rfa_error err;

	(void)state;
	stage_open(&s, 7);
	assert_int_equal(rfa_tell_begin(&s.teller, "team", &err), 0);
	whole(&s, "shop");
	/* As long as it asks for, however long our own pause is. */
	s.fail = 100;
	s.wait_ms = 40 * MINUTE;
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(result.end, RFA_TELL_FAILED);
	s.fail = 0;
	pass_time(&s, 39 * MINUTE);
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(result.end, RFA_TELL_WAITS);
	/* A clock that was set back does not silence it for years. */
	s.clock.wall -= (int64_t)300 * 24 * 60 * MINUTE;
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(result.end, RFA_TELL_DONE);
	stage_close(&s);
}

/* Another process was quicker, and did not get it told either: that is not the end of it. */
static void test_overtaken(void **state)
{
	static struct stage s;
	struct rfa_tell_result result;
	struct rfa_error err;

	(void)state;
	stage_open(&s, 7);
	assert_int_equal(rfa_tell_begin(&s.teller, "team", &err), 0);
	whole(&s, "shop");
	s.fail = 100;
	s.second = 100;
	s.depth = 1;
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(s.both, 1);
	assert_int_equal(result.told, 0);
	assert_int_equal(result.end, RFA_TELL_WAITS);
	stage_close(&s);
}

static void test_interrupted(void **state)
{
	static struct stage s;
	struct rfa_tell_result result;
	struct rfa_ledger_run *run = NULL;
	struct rfa_error err;
	char id[RFA_RUN_ID_MAX];

	(void)state;
	stage_open(&s, 7);
	assert_int_equal(rfa_tell_begin(&s.teller, "team", &err), 0);
	assert_int_equal(kit_begin(s.ledger, 1, "shop", "prod", &run, &err), 0);
	/* Somebody drives it. */
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(result.told, 0);
	rfa_ledger_detach(run);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(s.n_heard, 1);
	assert_int_equal(s.heard[0].interrupted, 1);
	/* It got further, and stopped again. */
	assert_int_equal(rfa_ledger_attach(s.ledger, kit_id(1, id), &run, &err), 0);
	assert_int_equal(kit_append(run, 1, &err), 0);
	rfa_ledger_detach(run);
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(s.n_heard, 2);
	assert_string_not_equal(s.heard[0].id, s.heard[1].id);
	stage_close(&s);
}

static void test_skip(void **state)
{
	static struct stage s;
	struct rfa_tell_result result;
	struct rfa_tell_state look;
	struct rfa_ledger_run *run = NULL;
	struct rfa_error err;
	char id[RFA_RUN_ID_MAX];
	size_t n;

	(void)state;
	stage_open(&s, 7);
	assert_int_equal(rfa_tell_begin(&s.teller, "team", &err), 0);
	for (int i = 0; i < 3; i++)
		whole(&s, "shop");
	assert_int_equal(kit_begin(s.ledger, 9, "half", "prod", &run, &err), 0);
	rfa_ledger_detach(run);
	assert_int_equal(rfa_tell_skip(&s.teller, "team", kit_id(8, id), "why", &n, &err),
			 -RFA_ENOTFOUND);
	assert_int_equal(rfa_tell_skip(&s.teller, "team", kit_id(2, id), "known", &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(rfa_tell_look(&s.teller, "team", &look, &err), 0);
	assert_int_equal(look.n, 2);
	assert_string_equal(look.pending[0].ending.run, kit_id(3, id));
	rfa_tell_state_release(&look);
	assert_int_equal(rfa_tell_skip(&s.teller, "team", NULL, "all", &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(tell(&s, &result), 0);
	assert_int_equal(s.n_heard, 0);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedules), cmocka_unit_test(test_failing),
		cmocka_unit_test(test_waits),     cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_skip),      cmocka_unit_test(test_overtaken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A run about data on the bench: its world, what it says, and what served before it. */
#ifndef RFA_TESTS_RUN_DATA_BENCH_H
#define RFA_TESTS_RUN_DATA_BENCH_H

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/served.h"
#include "tests/harness/watcher.h"

struct bench {
	struct world w;
	struct watcher x;
	json_t *before; /* what served on both hosts */
	struct rfa_run_result result;
	struct rfa_error err;
};

/* The world is made: containers with a health check have had the time to pass it. */
static inline void bench_begin(struct bench *b)
{
	b->w.options.clock->sleep_ms(b->w.options.clock, 60000);
	watcher_begin(&b->x, &b->w);
	b->before = world_data_serves(&b->w);
}

static inline void bench_open(struct bench *b, enum scenario s)
{
	memset(b, 0, sizeof(*b));
	world_make(&b->w, s, 7);
	bench_begin(b);
}

static inline void bench_open_edited(struct bench *b, const struct world_edit *edits)
{
	memset(b, 0, sizeof(*b));
	world_make_edited(&b->w, SCENARIO_DATA, 7, world_edit_all, (void *)(uintptr_t)edits);
	bench_begin(b);
}

static inline void bench_close(struct bench *b)
{
	json_decref(b->before);
	watcher_end(&b->x);
	world_free(&b->w);
}

static inline int begin(struct bench *b)
{
	return rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

static inline void assert_told(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static inline void assert_clean(struct bench *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	(void)world_is_clean(&b->w, &text);
	if (text.len)
		fail_msg("%s: %s", b->result.run, rfa_buf_str(&text));
	rfa_buf_release(&text);
}

/* What serves is what was before, and nothing is left. Steals now. */
static inline void assert_same_as_before(struct bench *b, json_t *now)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	rfa_sim_diff(b->before, now, &text);
	if (text.len)
		fail_msg("%s: %s", b->result.run, rfa_buf_str(&text));
	json_decref(now);
	rfa_buf_release(&text);
	assert_clean(b);
}

static inline void assert_as_before(struct bench *b)
{
	assert_same_as_before(b, world_data_serves(&b->w));
}

static inline void assert_data(struct bench *b, const char *env, const char *origin)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);

	if (!world_data_is(&b->w, env, origin, &text))
		fail_msg("%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

/* New; NULL: there is no such file. */
static inline json_t *ledger_json(struct bench *b, const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *json = NULL;

	if (!rfa_ledger_read(b->w.ledger, path, &text, &err))
		json = json_loads(rfa_buf_str(&text), 0, NULL);
	rfa_buf_release(&text);
	return json;
}

#endif

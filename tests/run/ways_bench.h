/* A run of one scenario that can stop and go on: the world, who watches it, and how it ended. */
#ifndef RFA_TESTS_RUN_WAYS_BENCH_H
#define RFA_TESTS_RUN_WAYS_BENCH_H

#include <stdio.h>
#include <string.h>

#include "tests/harness/watcher.h"

struct bench {
	struct world w;
	struct watcher x;
	json_t *before; /* what served on prod */
	struct rfa_run_result result;
	struct rfa_error err;
};

static void bench_open(struct bench *b, enum scenario s)
{
	memset(b, 0, sizeof(*b));
	world_make(&b->w, s, 7);
	watcher_begin(&b->x, &b->w);
	b->before = world_serves(&b->w);
}

static void bench_close(struct bench *b)
{
	json_decref(b->before);
	watcher_end(&b->x);
	world_free(&b->w);
}

static void assert_as_before(struct bench *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *now = world_serves(&b->w);

	rfa_sim_diff(b->before, now, &text);
	(void)world_is_clean(&b->w, &text);
	if (text.len)
		fail_msg("%s: %s", b->result.run, rfa_buf_str(&text));
	json_decref(now);
	rfa_buf_release(&text);
}

static void assert_told(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static int resume(struct bench *b, enum rfa_resume_mode way)
{
	char run[RFA_RUN_ID_MAX];

	snprintf(run, sizeof(run), "%s", b->result.run);
	watcher_clear(&b->x);
	return rfa_run_resume(&b->w.options, run, way, &b->result, &b->err);
}

#endif

/*
 * Every named fault point of the ledger, killed at and failed at: what was acknowledged is there,
 * the rest is wholly there or not at all, and the next open finishes it. Only in the `faults`
 * build; elsewhere the points do not exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/ledger_kit.h"

/* In the order in which they are passed; docs/faults.md. */
static const struct {
	const char *name;
	unsigned records; /* that are there after it was killed at: of BEGIN, 1, 2, END */
} points[] = {
	{ "ledger.begin.before", 0 },    { "ledger.begin.locked", 0 },
	{ "ledger.begin.objects", 0 },   { "ledger.begin.ref", 0 },
	{ "ledger.begin.committed", 1 }, { "ledger.begin.after", 1 },
	{ "ledger.append.before", 1 },   { "ledger.append.object", 1 },
	{ "ledger.journal.named", 1 },   { "ledger.append.written", 2 },
	{ "ledger.append.synced", 2 },   { "ledger.append.after", 2 },
	{ "ledger.end.before", 3 },      { "ledger.end.objects", 3 },
	{ "ledger.end.merged", 4 },      { "ledger.end.tagged", 4 },
	{ "ledger.end.dropped", 4 },     { "ledger.end.after", 4 },
};

struct world {
	struct kit kit;
	struct rfa_error err;
};

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	kit_open(&w->kit);
	if (rfa_ledger_init(&w->kit.options, &w->err))
		fail_msg("%s", w->err.msg);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	kit_close(&w->kit);
	free(w);
	return 0;
}

/* A process of its own passes the points: it may not come back. 0, 9 (killed) or 1 (an error). */
static int life(struct world *w, unsigned n, const char *fault)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct rfa_ledger *ledger = NULL;
		int rc = setenv("RFA_FAULT", fault, 1);

		if (!rc)
			rc = rfa_ledger_open(&ledger, &w->kit.options, &w->err);
		if (!rc)
			rc = kit_whole(ledger, n, "app", "prod", 2, "p1", &w->err);
		_exit(rc != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* How many records the run has; it is carried on to its end if it has not ended. */
static unsigned carry_on(struct world *w, unsigned n, const char *at)
{
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	struct rfa_history *h = NULL;
	struct rfa_buf out = RFA_BUF_INIT(65536);
	char id[RFA_RUN_ID_MAX];
	unsigned records = 0;
	int ended = 0;
	int rc;

	if (rfa_ledger_open(&ledger, &w->kit.options, &w->err))
		fail_msg("%s: %s", at, w->err.msg);
	rc = rfa_ledger_load(ledger, kit_id(n, id), &h, &w->err);
	if (!rc) {
		records = (unsigned)h->n;
		ended = h->final != RFA_FINAL_NONE;
	} else {
		assert_int_equal(rc, -RFA_ENOTFOUND);
	}
	rfa_history_free(h);
	if (!records)
		rc = kit_begin(ledger, n, "app", "prod", &run, &w->err);
	else if (!ended)
		rc = rfa_ledger_attach(ledger, id, &run, &w->err);
	for (uint32_t seq = records ? records : 1; !rc && !ended && seq < 3; seq++)
		rc = kit_append(run, seq, &w->err);
	if (!rc && !ended)
		rc = kit_end(run, 3, "app", "prod", "p1", &w->err);
	if (rc)
		fail_msg("%s: %s (%s)", at, w->err.msg, w->err.where);
	if (rfa_ledger_verify(ledger, NULL, NULL, NULL, &w->err))
		fail_msg("%s: %s", at, w->err.msg);
	rfa_ledger_free(ledger);
	/* Nothing is left of it but what should be. */
	if (kit_sh(&w->kit, &out,
		   "git -C $L fsck --strict --no-dangling --no-progress; find $L -name '*.lock'; "
		   "git -C $L for-each-ref refs/rfa; ls $L/rfa/locks | grep -v '^ledger$'; git -C "
		   "$L tag -l | grep -v '^rollback/prod/app/p1$'; true"))
		fail_msg("%s: %s", at, rfa_buf_str(&out));
	if (out.len)
		fail_msg("%s: left behind: %s", at, rfa_buf_str(&out));
	rfa_buf_release(&out);
	return records;
}

static void test_points(void **state)
{
#ifndef RFA_FAULTS
	(void)state;
	(void)points;
	(void)life;
	(void)carry_on;
	skip();
#else
	static const char *const ways[] = { "kill", "eio", "enospc" };
	struct world *w = *state;
	unsigned n = 1;

	for (size_t way = 0; way < 3; way++)
		for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
			char fault[96];

			snprintf(fault, sizeof(fault), "%s:1:%s", points[i].name, ways[way]);
			assert_int_equal(life(w, n, fault), way ? 1 : SIGKILL);
			if (carry_on(w, n, fault) != points[i].records)
				fail_msg("%s: not %u records", fault, points[i].records);
			n++;
		}
	/* Killed behind the merge, and again, twice, while the next open finishes it. */
	assert_int_equal(life(w, n, "ledger.end.merged:1:kill"), SIGKILL);
	assert_int_equal(life(w, n, "ledger.end.tagged:1:kill"), SIGKILL);
	assert_int_equal(life(w, n, "ledger.end.dropped:1:kill"), SIGKILL);
	assert_int_equal(carry_on(w, n, "recovery"), 4);
	/* Killed with a record in its journal, and again while the next open puts it into git. */
	n++;
	assert_int_equal(life(w, n, "ledger.append.after:2:kill"), SIGKILL);
	assert_int_equal(life(w, n, "ledger.store.half:1:kill"), SIGKILL);
	assert_int_equal(life(w, n, "ledger.fold.moved:1:kill"), SIGKILL);
	assert_int_equal(carry_on(w, n, "fold"), 3);
	/* A store that is killed, or fails, at BEGIN and at END: each time it is made again. */
	for (size_t way = 0; way < 3; way++)
		for (unsigned k = 1; k <= 2; k++) {
			char fault[96];

			snprintf(fault, sizeof(fault), "ledger.store.half:%u:%s", k, ways[way]);
			assert_int_equal(life(w, ++n, fault), way ? 1 : SIGKILL);
			assert_int_equal(carry_on(w, n, fault), k == 1 ? 0 : 3);
		}
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_points, start, stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

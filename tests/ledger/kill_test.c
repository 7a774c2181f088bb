/*
 * Writers are killed at random moments, over and over, in one ledger: nothing that was
 * acknowledged may be lost, nothing that they leave may stop the next one. A writer that
 * acknowledges too early is planted, and must be noticed: else the test proves nothing.
 *
 * RFA_SEED=n repeats a run's choices; RFA_KILLS=n asks for more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/ledger_kit.h"

/* Each writer's life has SHARE numbers for its runs; all of them fit into MOST_RUNS. */
enum { MOST_RUNS = 80000, WRITERS = 3, RECORDS = 4, SHARE = 20 };

/* What a writer says when a call has answered 0. */
struct ack {
	unsigned run;
	uint32_t seq;
	int end;
};

struct world {
	struct kit kit;
	struct rfa_error err;
	unsigned seed;
	unsigned next_run;
	uint32_t *acked; /* by run: 1 + the last acknowledged seq; 0: nothing */
	unsigned char *ended;
	unsigned locks; /* stale *.lock files that were seen */
	unsigned resumed;
};

static unsigned dice(struct world *w, unsigned sides)
{
	w->seed = w->seed * 1103515245u + 12345u;
	return (w->seed >> 8) % sides;
}

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const char *seed = getenv("RFA_SEED");

	kit_open(&w->kit);
	if (rfa_ledger_init(&w->kit.options, &w->err))
		fail_msg("%s", w->err.msg);
	w->seed = seed ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)getpid();
	w->acked = calloc(MOST_RUNS, sizeof(*w->acked));
	w->ended = calloc(MOST_RUNS, 1);
	w->next_run = 1;
	print_message("# seed %u\n", w->seed);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	kit_close(&w->kit);
	free(w->acked);
	free(w->ended);
	free(w);
	return 0;
}

static void say(int fd, unsigned run, uint32_t seq, int end)
{
	struct ack ack = { run, seq, end };

	if (write(fd, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		_exit(3);
}

/* The number in kit_id(n). */
static unsigned number_of(const char *id)
{
	return (unsigned)strtoul(id + 16, NULL, 16);
}

/*
 * One writer's life: runs of one stack, one after another; an unfinished one in the way is taken
 * over and carried on. `early`: the planted defect.
 */
static void writer(const struct kit *kit, const char *stack, unsigned first, unsigned most, int fd,
		   int early)
{
	struct rfa_ledger *ledger = NULL;
	struct rfa_error err;
	int rc = rfa_ledger_open(&ledger, &kit->options, &err);

	for (unsigned n = first; !rc && n < first + most; n++) {
		json_t *plan = json_pack("{s:i}", "n", (int)n);
		char id[RFA_RUN_ID_MAX], blocker[RFA_RUN_ID_MAX];
		struct rfa_ledger_begin begin = { .run = kit_id(n, id),
						  .flow = "promote",
						  .flow_version = 1,
						  .stack = stack,
						  .env = "prod",
						  .from = "test",
						  .plan = plan };
		struct rfa_ledger_run *run = NULL;
		struct rfa_history *h = NULL;
		unsigned is = n;
		uint32_t seq = 1;

		if (early)
			say(fd, n, 0, 0);
		rc = rfa_ledger_begin(ledger, &begin, &run, blocker, &err);
		json_decref(plan);
		if (rc == -RFA_ELOCKED) {
			rc = rfa_ledger_attach(ledger, blocker, &run, &err);
			if (!rc)
				rc = rfa_ledger_load(ledger, blocker, &h, &err);
			if (!rc)
				seq = (uint32_t)h->n;
			rfa_history_free(h);
			is = number_of(blocker);
		}
		if (!rc && !early)
			say(fd, is, seq - 1, 0);
		for (; !rc && seq <= RECORDS; seq++) {
			if (early)
				say(fd, is, seq, 0);
			rc = kit_append(run, seq, &err);
			if (!rc && !early)
				say(fd, is, seq, 0);
		}
		if (!rc && early)
			say(fd, is, seq, 1);
		if (!rc)
			rc = kit_end(run, seq, stack, "prod", id + 9, &err);
		if (!rc && !early)
			say(fd, is, seq, 1);
	}
	if (rc)
		fprintf(stderr, "# writer: %s (%s)\n", err.msg, err.where);
	_exit(rc ? 4 : 0);
}

static void note(struct world *w, const struct ack *ack)
{
	assert_true(ack->run < MOST_RUNS);
	if (w->acked[ack->run] < ack->seq + 1)
		w->acked[ack->run] = ack->seq + 1;
	if (ack->end)
		w->ended[ack->run] = 1;
}

/* Runs the writers until so many answers came and a little longer; kills all; notes what was said.
 * Answers the number of writers that ended in an error. */
static int round_of_kills(struct world *w, unsigned writers, int early)
{
	pid_t pids[WRITERS];
	struct timespec from, now;
	unsigned wait_for = dice(w, RECORDS * writers + RECORDS);
	long more_us = (long)dice(w, 6000);
	struct ack ack;
	int failed = 0;
	int fds[2];

	assert_true(w->next_run + writers * SHARE + WRITERS < MOST_RUNS);
	assert_int_equal(pipe(fds), 0);
	for (unsigned i = 0; i < writers; i++) {
		char stack[16];

		snprintf(stack, sizeof(stack), "s%u", i);
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (!pids[i]) {
			close(fds[0]);
			writer(&w->kit, stack, w->next_run + i * SHARE, SHARE, fds[1], early);
		}
	}
	w->next_run += writers * SHARE;
	close(fds[1]);
	for (unsigned i = 0; i < wait_for; i++) {
		if (read(fds[0], &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
			break;
		note(w, &ack);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 <
	       more_us);
	for (unsigned i = 0; i < writers; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < writers; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		failed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
	}
	while (read(fds[0], &ack, sizeof(ack)) == (ssize_t)sizeof(ack))
		note(w, &ack);
	close(fds[0]);
	return failed;
}

/* How many of the runs from `first` on have lost something that was acknowledged. */
static unsigned count_lost(struct world *w, struct rfa_ledger *ledger, unsigned first)
{
	unsigned lost = 0;

	for (unsigned n = first; n < w->next_run; n++) {
		struct rfa_history *h = NULL;
		char id[RFA_RUN_ID_MAX];

		if (!w->acked[n])
			continue;
		if (rfa_ledger_load(ledger, kit_id(n, id), &h, &w->err) || h->n < w->acked[n] ||
		    (w->ended[n] && h->final != RFA_FINAL_SUCCEEDED))
			lost++;
		rfa_history_free(h);
	}
	return lost;
}

/* The *.lock files of refs; those of the runs' own refs only if asked for. */
static unsigned count_locks(const struct world *w, int runs)
{
	static const char *const where[] = { "*.lock", "refs/heads/*.lock",
					     "refs/tags/rollback/prod/*/*.lock",
					     "refs/rfa/runs/*.lock" };
	unsigned n = 0;

	for (size_t i = 0; i < (runs ? 4u : 3u); i++) {
		char pattern[700];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s/%s", w->kit.path, where[i]);
		if (!glob(pattern, 0, NULL, &found))
			n += (unsigned)found.gl_pathc;
		globfree(&found);
	}
	return n;
}

static void tell(void *user, const struct rfa_ledger_finding *finding)
{
	(void)user;
	print_message("# finding: %s %s\n", finding->run, finding->what);
}

/* fsck by git and by us; every run that has not ended can be taken over. */
static void check_all(struct world *w)
{
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct rfa_ledger *ledger = NULL;

	if (kit_sh(&w->kit, &out, "git -C $L fsck --strict --no-dangling --no-progress"))
		fail_msg("git fsck: %s", rfa_buf_str(&out));
	assert_string_equal(rfa_buf_str(&out), "");
	if (rfa_ledger_open(&ledger, &w->kit.options, &w->err))
		fail_msg("%s (%s)", w->err.msg, w->err.where);
	assert_int_equal(count_lost(w, ledger, 1), 0);
	if (rfa_ledger_verify(ledger, NULL, tell, NULL, &w->err))
		fail_msg("%s", w->err.msg);
	for (unsigned i = 0; i < WRITERS; i++) {
		struct rfa_ledger_run *run = NULL;
		char stack[16];
		int rc;

		snprintf(stack, sizeof(stack), "s%u", i);
		rc = kit_begin(ledger, w->next_run, stack, "prod", &run, &w->err);
		if (rc == -RFA_ELOCKED)
			w->resumed++;
		else if (rc)
			fail_msg("%s", w->err.msg);
		w->next_run += !rc;
		rfa_ledger_detach(run);
	}
	rfa_ledger_free(ledger);
	rfa_buf_release(&out);
}

static void test_kill(void **state)
{
	struct world *w = *state;
	const char *asked = getenv("RFA_KILLS");
	unsigned kills = asked ? (unsigned)strtoul(asked, NULL, 10) : 100;
	unsigned done = 0, runs = 0, records = 0;

	for (unsigned i = 0; done < kills; i++) {
		unsigned writers = i % 3 == 2 ? WRITERS : 1;
		unsigned first = w->next_run;
		struct rfa_ledger *ledger = NULL;

		if (round_of_kills(w, writers, 0))
			fail_msg("a writer was stopped by what another one left (round %u)", i);
		done += writers;
		w->locks += count_locks(w, 1);
		if (rfa_ledger_open(&ledger, &w->kit.options, &w->err))
			fail_msg("round %u: %s (%s)", i, w->err.msg, w->err.where);
		if (count_lost(w, ledger, first))
			fail_msg("round %u: an acknowledged record is lost: %s", i, w->err.msg);
		rfa_ledger_free(ledger);
		if (i % 20 == 19) {
			/* Those of an interrupted run's own ref are its next driver's. */
			assert_int_equal(count_locks(w, 0), 0);
			check_all(w);
		}
	}
	check_all(w);
	for (unsigned n = 1; n < w->next_run; n++) {
		runs += w->acked[n] != 0;
		records += w->acked[n];
	}
	print_message("# %u kills; %u runs, %u records acknowledged; %u stale locks swept\n", done,
		      runs, records, w->locks);
}

/* The checker itself: a writer that speaks before it writes must be caught. */
static void test_planted(void **state)
{
	struct world *w = *state;
	unsigned lost = 0;
	unsigned kills = 0;

	while (!lost && kills < 60) {
		unsigned first = w->next_run;
		struct rfa_ledger *ledger = NULL;

		round_of_kills(w, 1, 1);
		kills++;
		assert_int_equal(rfa_ledger_open(&ledger, &w->kit.options, &w->err), 0);
		lost = count_lost(w, ledger, first);
		rfa_ledger_free(ledger);
	}
	print_message("# the planted defect was noticed after %u kills\n", kills);
	assert_true(lost > 0);
}

static int count_line(void *user, const struct rfa_ledger_line *line)
{
	(void)line;
	++*(unsigned *)user;
	return 0;
}

/* Three writers and a reader at once, none of them killed. */
static void test_together(void **state)
{
	struct world *w = *state;
	struct rfa_ledger_filter filter = { .limit = 1000 };
	struct rfa_ledger *ledger = NULL;
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	pid_t pids[WRITERS];
	unsigned lines = 0;
	struct ack ack;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		char stack[16];

		snprintf(stack, sizeof(stack), "s%u", i);
		pids[i] = fork();
		if (!pids[i])
			writer(&w->kit, stack, w->next_run + i * SHARE, 6, fds[1], 0);
	}
	w->next_run += WRITERS * SHARE;
	close(fds[1]);
	assert_int_equal(rfa_ledger_open(&ledger, &w->kit.options, &w->err), 0);
	while (read(fds[0], &ack, sizeof(ack)) == (ssize_t)sizeof(ack)) {
		struct rfa_history *h = NULL;
		char id[RFA_RUN_ID_MAX];

		note(w, &ack);
		lines = 0;
		if (rfa_ledger_list(ledger, &filter, count_line, &lines, &w->err) ||
		    rfa_ledger_load(ledger, kit_id(ack.run, id), &h, &w->err))
			fail_msg("a reader beside writers: %s (%s)", w->err.msg, w->err.where);
		assert_true(h->n > ack.seq);
		rfa_history_free(h);
	}
	close(fds[0]);
	for (unsigned i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	lines = 0;
	assert_int_equal(rfa_ledger_list(ledger, &filter, count_line, &lines, &w->err), 0);
	assert_int_equal(lines, WRITERS * 6);
	rfa_ledger_free(ledger);
	check_all(w);
	rfa_buf_release(&out);
}

/* What libgit2 leaves behind, put there by hand: each is swept by whoever holds its flock. */
static void test_stale_locks(void **state)
{
	struct world *w = *state;
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	struct rfa_buf out = RFA_BUF_INIT(65536);
	char id[RFA_RUN_ID_MAX];
	char script[512];

	assert_int_equal(rfa_ledger_open(&ledger, &w->kit.options, &w->err), 0);
	assert_int_equal(kit_begin(ledger, 1, "app", "prod", &run, &w->err), 0);
	assert_int_equal(kit_append(run, 1, &w->err), 0);
	rfa_ledger_detach(run);
	rfa_ledger_free(ledger);
	snprintf(script, sizeof(script),
		 "cd $L; touch refs/heads/main.lock HEAD.lock packed-refs.lock "
		 "refs/tags/rollback/prod/app/x.lock refs/rfa/runs/%s.lock "
		 "objects/tmp_object_git2_abc; echo '{\"pid\":1}' > rfa/locks/ledger",
		 kit_id(1, id));
	assert_int_equal(kit_sh(&w->kit, &out, script), 0);
	assert_int_equal(rfa_ledger_open(&ledger, &w->kit.options, &w->err), 0);
	assert_int_equal(rfa_ledger_attach(ledger, id, &run, &w->err), 0);
	assert_int_equal(count_locks(w, 1), 0);
	assert_int_not_equal(kit_sh(&w->kit, &out, "ls $L/objects/tmp_obj*"), 0);
	assert_int_equal(kit_append(run, 2, &w->err), 0);
	assert_int_equal(kit_end(run, 3, "app", "prod", "p1", &w->err), 0);
	/* A writer at work is not swept: its flock is held. */
	assert_int_equal(kit_begin(ledger, 2, "app", "prod", &run, &w->err), 0);
	snprintf(
	    script, sizeof(script),
	    "cd $L; touch objects/tmp_object_git2_live; echo '{\"pid\":1}' > rfa/locks/ledger");
	assert_int_equal(kit_sh(&w->kit, &out, script), 0);
	{
		struct rfa_ledger *second = NULL;

		assert_int_equal(rfa_ledger_open(&second, &w->kit.options, &w->err), 0);
		rfa_ledger_free(second);
	}
	assert_int_equal(kit_sh(&w->kit, &out, "ls $L/objects/tmp_object_git2_live"), 0);
	rfa_ledger_detach(run);
	rfa_ledger_free(ledger);
	rfa_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kill, start, stop),
		cmocka_unit_test_setup_teardown(test_planted, start, stop),
		cmocka_unit_test_setup_teardown(test_together, start, stop),
		cmocka_unit_test_setup_teardown(test_stale_locks, start, stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

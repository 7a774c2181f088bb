/*
 * Memory that runs out while the ledger writes and reads: one allocation fails, at each place of
 * our code, of jansson's and of libgit2's. The call fails with an error, and what the ledger holds
 * is what it held, or what was to be written; the next process goes on. libgit2 itself may die of
 * it (1.5: reading a configuration): then the ledger is as after a kill.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/ledger_kit.h"
#include "tests/harness/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define LEAKS() __lsan_do_recoverable_leak_check()
enum { STRIDE = 61 };
#else
#define LEAKS() 0
enum { STRIDE = 13 };
#endif

/* So many runs in one ledger: each is verified with all before it. */
enum { RECORDS = 2, RUNS_A_LEDGER = 12 };

static int count_line(void *user, const struct rfa_ledger_line *line)
{
	(void)line;
	++*(size_t *)user;
	return 0;
}

/* What a command does: it writes a run from its beginning to its end, and reads it. */
static int write_and_read(const struct kit *kit, unsigned n, struct rfa_error *err)
{
	struct rfa_ledger_filter filter = { 0 };
	struct rfa_history *history = NULL;
	struct rfa_ledger *ledger = NULL;
	char id[RFA_RUN_ID_MAX];
	size_t lines = 0;
	int rc = rfa_ledger_open(&ledger, &kit->options, err);

	if (!rc)
		rc = kit_whole(ledger, n, "shop", "prod", RECORDS, "v1", err);
	if (!rc)
		rc = rfa_ledger_load(ledger, kit_id(n, id), &history, err);
	if (!rc)
		rc = rfa_ledger_list(ledger, &filter, count_line, &lines, err);
	if (!rc)
		rc = rfa_ledger_verify(ledger, NULL, NULL, NULL, err);
	rfa_history_free(history);
	rfa_ledger_free(ledger);
	return rc;
}

/* The next process: the run goes on from the record that is missing, or was never begun. */
static void go_on(const struct kit *kit, unsigned n, const char *site)
{
	struct rfa_history *history = NULL;
	struct rfa_ledger_run *run = NULL;
	struct rfa_ledger *ledger = NULL;
	struct rfa_error err = { 0 };
	char id[RFA_RUN_ID_MAX];
	uint32_t seq;

	if (rfa_ledger_open(&ledger, &kit->options, &err))
		fail_msg("%s: the ledger does not open: %s", site, err.msg);
	if (rfa_ledger_verify(ledger, NULL, NULL, NULL, &err))
		fail_msg("%s: the ledger is not sound: %s", site, err.msg);
	if (rfa_ledger_load(ledger, kit_id(n, id), &history, &err)) {
		assert_int_equal(err.code, RFA_ENOTFOUND);
		rfa_error_clear(&err);
		if (kit_whole(ledger, n, "shop", "prod", RECORDS, "v1", &err))
			fail_msg("%s: a new run: %s", site, err.msg);
	} else if (history->final == RFA_FINAL_NONE) {
		if (rfa_ledger_attach(ledger, id, &run, &err))
			fail_msg("%s: the run cannot be taken over: %s", site, err.msg);
		for (seq = (uint32_t)history->n; seq <= RECORDS; seq++)
			assert_int_equal(kit_append(run, seq, &err), 0);
		if (kit_end(run, RECORDS + 1, "shop", "prod", "v1", &err))
			fail_msg("%s: the run cannot end: %s", site, err.msg);
	}
	rfa_history_free(history);
	history = NULL;
	assert_int_equal(rfa_ledger_load(ledger, id, &history, &err), 0);
	assert_int_equal(history->n, RECORDS + 2);
	assert_int_equal(history->final, RFA_FINAL_SUCCEEDED);
	rfa_history_free(history);
	if (rfa_ledger_verify(ledger, NULL, NULL, NULL, &err))
		fail_msg("%s: the ledger is not sound at the end: %s", site, err.msg);
	rfa_ledger_free(ledger);
}

/* How the process ended in which the n-th allocation failed. */
enum ended { UNHARMED, ERROR, DIED };

static enum ended in_a_process(const struct kit *kit, unsigned n, unsigned long site)
{
	enum { WORDLESS = 3, LEAKED = 4, NOT_REACHED = 5 };
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct rfa_error err = { 0 };
		int rc;

		signal(SIGSEGV, SIG_DFL); /* cmocka would go on with the tests in here */
		signal(SIGABRT, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		memory_arm(site, NULL);
		rc = write_and_read(kit, n, &err);
		if (!memory_disarm())
			_exit(NOT_REACHED);
		if (!memory_failed_in_git() && LEAKS())
			_exit(LEAKED);
		_exit(!rc ? UNHARMED : *err.msg ? ERROR : WORDLESS);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) || WEXITSTATUS(status) > NOT_REACHED) {
		if (!memory_failed_in_git())
			fail_msg("site %lu: the process died of signal %d", site, WTERMSIG(status));
		return DIED;
	}
	if (WEXITSTATUS(status) == WORDLESS)
		fail_msg("site %lu: an error without words", site);
	if (WEXITSTATUS(status) == LEAKED)
		fail_msg("site %lu: it leaks", site);
	return WEXITSTATUS(status) == ERROR ? ERROR : UNHARMED;
}

/* With a run in it: what libgit2 reads once and keeps was read. */
static void open_new(struct kit *kit)
{
	struct rfa_error err = { 0 };

	kit_open(kit);
	assert_int_equal(rfa_ledger_init(&kit->options, &err), 0);
	assert_int_equal(write_and_read(kit, 0, &err), 0);
}

static void a_ledger_survives_memory_that_runs_out(void **state)
{
	const char *only = getenv("RFA_MEMORY_SITE");
	size_t stride = getenv("RFA_TEST_ALL") || only ? 1 : STRIDE;
	struct rfa_error err = { 0 };
	unsigned long *sites;
	unsigned ends[3] = { 0 };
	struct kit kit;
	size_t done = 0;
	size_t n, i;

	(void)state;
	open_new(&kit);
	memory_learn(NULL);
	assert_int_equal(write_and_read(&kit, 1, &err), 0);
	n = memory_learned(&sites);
	assert_true(n > 300);
	for (i = 0; i < n; i += stride) {
		char site[64];

		if (only && strtoul(only, NULL, 10) != i)
			continue;
		snprintf(site, sizeof(site), "site %zu (RFA_MEMORY_SITE)", i);
		if (++done % RUNS_A_LEDGER == 0) {
			kit_close(&kit);
			open_new(&kit);
		}
		ends[in_a_process(&kit, (unsigned)i + 2, sites[i])]++;
		go_on(&kit, (unsigned)i + 2, site);
	}
	print_message("# %zu places: %u unharmed, %u errors, %u times libgit2 died\n", n,
		      ends[UNHARMED], ends[ERROR], ends[DIED]);
	free(sites);
	if (!only) {
		struct rfa_buf out = RFA_BUF_INIT(65536);

		/* Behind END's merge, where packs are joined, a failure harms nobody. */
		assert_true(ends[ERROR] > n / stride / 3);
		if (kit_sh(&kit, &out, "git -C \"$L\" fsck --strict"))
			fail_msg("git fsck: %s", rfa_buf_str(&out));
		rfa_buf_release(&out);
	}
	kit_close(&kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ledger_survives_memory_that_runs_out),
	};

	memory_hook();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Runs that nobody watches: how long a lock is waited for, and what ends the waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands/unattended.h"

#define MINUTE INT64_C(60000)

struct night {
	struct rfa_clock clock; /* first: it is handed out */
	struct rfa_cli cli;
	int64_t slept_ms;
	int asked;      /* how often a plan was made */
	int free_after; /* the host is locked so often; then something else is wrong */
	int stop_after; /* a signal comes in this sleep; 0: never */
	int sleeps, signalled;
	char *out_text, *err_text;
	size_t out_len, err_len;
	struct rfa_error err;
};

static void sleep_ms(struct rfa_clock *clock, int64_t ms)
{
	struct night *n = (struct night *)clock;

	n->slept_ms += ms;
	n->signalled = ++n->sleeps == n->stop_after;
}

/* Whatever a run is refused for, it is refused here: no plan, no host. */
static int make(struct rfa_cli *cli, void *user, json_t **plan, struct rfa_error *err)
{
	struct night *n = user;

	(void)cli;
	(void)plan;
	if (n->asked++ < n->free_after)
		return rfa_fail(err, RFA_ELOCKED, "lock", "prod is locked by run x");
	return rfa_fail(err, RFA_ENOTFOUND, "config", "no such stack");
}

static int sleep_through(struct night *n, int free_after, int stop_after)
{
	int rc;

	memset(n, 0, sizeof(*n));
	n->clock.sleep_ms = sleep_ms;
	n->free_after = free_after;
	n->stop_after = stop_after;
	n->cli.clock = &n->clock;
	n->cli.cancel = &n->signalled;
	n->cli.out.out = open_memstream(&n->out_text, &n->out_len);
	n->cli.out.err = open_memstream(&n->err_text, &n->err_len);
	rc = rfa_cli_unattended(&n->cli, make, n, &n->err);
	fclose(n->cli.out.out);
	fclose(n->cli.out.err);
	return rc;
}

static void wake(struct night *n)
{
	free(n->out_text);
	free(n->err_text);
}

static void a_lock_is_waited_for(void **state)
{
	struct night n;

	(void)state;
	assert_int_equal(sleep_through(&n, 2, 0), -RFA_ENOTFOUND);
	assert_int_equal(n.asked, 3);
	assert_int_equal(n.slept_ms, 20 * MINUTE);
	assert_non_null(strstr(n.err_text, "prod is locked by run x; trying again in ten minutes"));
	wake(&n);
}

static void but_not_for_ever(void **state)
{
	struct night n;

	(void)state;
	assert_int_equal(sleep_through(&n, 1000, 0), -RFA_ELOCKED);
	assert_int_equal(n.asked, 13);
	assert_int_equal(n.slept_ms, 120 * MINUTE);
	assert_string_equal(n.err.msg, "prod is locked by run x");
	wake(&n);
}

static void a_signal_ends_the_waiting(void **state)
{
	struct night n;

	(void)state;
	assert_int_equal(sleep_through(&n, 1000, 3), -RFA_ELOCKED);
	assert_int_equal(n.asked, 3);
	assert_int_equal(n.slept_ms, 30 * MINUTE);
	wake(&n);
}

static void what_waiting_does_not_mend_is_told_at_once(void **state)
{
	struct night n;

	(void)state;
	assert_int_equal(sleep_through(&n, 0, 0), -RFA_ENOTFOUND);
	assert_int_equal(n.asked, 1);
	assert_int_equal(n.slept_ms, 0);
	assert_int_equal(n.err_len, 0);
	wake(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_is_waited_for),
		cmocka_unit_test(but_not_for_ever),
		cmocka_unit_test(a_signal_ends_the_waiting),
		cmocka_unit_test(what_waiting_does_not_mend_is_told_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

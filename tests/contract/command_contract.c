/* Commands on the host itself: for the simulated host and the shell host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/contract/host_contract.h"
#include "tests/contract/host_fixture.h"

/* What a shell would break. */
#define ODD "it's \"one\"; $(two) `three` > four\n--five"

static const char *const env[] = { "RFA_RUN=r", "RFA_VERSION=" ODD, NULL };

static int run(struct fixture *x, const char *op, const char *const argv[], struct rfa_buf *said)
{
	struct rfa_host_command command = { argv, env, 30 };
	struct rfa_exec_answer answer = { -1, said };

	rfa_buf_clear(said);
	assert_ok(x->h->runs->command(x->h, KEY(op), &command, &answer, &x->err));
	return answer.status;
}
#define RUN(op, ...) run(x, op, (const char *const[]){ __VA_ARGS__, NULL }, &said)

static void a_command_runs_once(void **state)
{
	struct fixture *x = begin(state, "command");
	struct rfa_buf said = RFA_BUF_INIT(65536);
	struct rfa_error err;
	int running = 1;

	assert_int_equal(RUN("yes", "true"), 0);
	assert_int_equal(said.len, 0);
	assert_int_equal(RUN("no", "false"), 1);
	assert_int_equal(RUN("echo", "echo", "a", ODD, "b"), 0);
	assert_string_equal(rfa_buf_str(&said), "a " ODD " b\n");
	assert_int_equal(RUN("none", "there-is-no-such-program"), 127);
	/* Asked again it answers what it has answered. */
	assert_int_equal(RUN("no", "false"), 1);
	assert_int_equal(RUN("echo", "echo", "a", ODD, "b"), 0);
	assert_string_equal(rfa_buf_str(&said), "a " ODD " b\n");
	assert_int_equal(x->h->runs->jobs_running(x->h, KEY("yes"), &running, &err), 0);
	assert_int_equal(running, 0);
	rfa_buf_release(&said);
	end(x);
}

static void a_word_is_a_program(void **state)
{
	struct fixture *x = begin(state, "command-no");
	struct rfa_buf said = RFA_BUF_INIT(65536);
	struct rfa_exec_answer answer = { -1, &said };
	const char *const bad[] = { "A=b", NULL };
	const char *const none[] = { NULL };
	struct rfa_host_command command = { bad, env, 30 };

	assert_fails(INTERNAL, x->h->runs->command(x->h, KEY("bad"), &command, &answer, &x->err));
	command.argv = none;
	assert_fails(INTERNAL, x->h->runs->command(x->h, KEY("none"), &command, &answer, &x->err));
	rfa_buf_release(&said);
	end(x);
}

/* cmocka hands a group's setup nothing: the world waits here for it. */
static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_commands_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_command_runs_once),
		cmocka_unit_test(a_word_is_a_program),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}

/* Commands in containers: for the simulated host and the shell host over a fake docker. */
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

static void drop(struct fixture *x, const char *container)
{
	struct rfa_error ignored;
	int rc = x->h->engine->container_stop(x->h, KEY("stop"), container, &ignored);

	rc = x->h->engine->container_remove(x->h, KEY("remove"), container, &ignored);
	(void)rc;
}

static void make(struct fixture *x, const char *container)
{
	json_t *body = json_pack("{s:s}", "Image", "app:1");

	drop(x, container);
	assert_ok(x->h->engine->container_create(x->h, KEY("create"), container, body, &x->err));
	json_decref(body);
}

/* Runs it in a container that runs. */
static int run(struct fixture *x, const char *const argv[], int64_t timeout_s, struct rfa_buf *said)
{
	struct rfa_exec_answer answer = { -1, said };

	rfa_buf_clear(said);
	assert_ok(x->h->engine->exec(x->h, NAME("exec"), argv, timeout_s, &answer, &x->err));
	return answer.status;
}
#define RUN(timeout_s, ...) run(x, (const char *const[]){ __VA_ARGS__, NULL }, timeout_s, &said)

static void a_command_runs(void **state)
{
	struct fixture *x = begin(state, "exec");
	struct rfa_buf said = RFA_BUF_INIT(65536);

	make(x, NAME("exec"));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("exec"), &x->err));
	assert_int_equal(RUN(30, "true"), 0);
	assert_int_equal(said.len, 0);
	assert_int_equal(RUN(30, "false"), 1);
	assert_int_equal(RUN(30, "echo", "a", ODD, "b"), 0);
	assert_string_equal(rfa_buf_str(&said), "a " ODD " b\n");
	assert_int_equal(RUN(30, "there-is-no-such-program"), 127);
	assert_non_null(strstr(rfa_buf_str(&said), "there-is-no-such-program"));
	drop(x, NAME("exec"));
	rfa_buf_release(&said);
	end(x);
}

static void a_command_ends_in_time(void **state)
{
	struct fixture *x = begin(state, "exec-late");
	struct rfa_buf said = RFA_BUF_INIT(65536);

	make(x, NAME("exec"));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("exec"), &x->err));
	assert_int_equal(RUN(1, "sleep", "60"), 124);
	assert_int_equal(RUN(30, "sleep", "0"), 0);
	drop(x, NAME("exec"));
	rfa_buf_release(&said);
	end(x);
}

/* The rest of what it writes is lost, and it does not die of that; it has no input. */
static void output_is_cut(void **state)
{
	struct fixture *x = begin(state, "exec-much");
	struct rfa_buf said = RFA_BUF_INIT(65536);
	struct rfa_buf little = RFA_BUF_INIT(10);
	struct rfa_exec_answer answer = { -1, &little };
	const char *const echo[] = { "echo", "0123456789", NULL };

	make(x, NAME("exec"));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("exec"), &x->err));
	if (x->world->real_files) {
		assert_int_equal(
		    RUN(60, "sh", "-c", "head -c 300000 /dev/zero; echo no >&2; exit 3"), 3);
		assert_int_equal(said.len, 65536);
		assert_int_equal(RUN(30, "sh", "-c", "cat; echo to standard error >&2; exit 9"), 9);
		assert_string_equal(rfa_buf_str(&said), "to standard error\n");
		/* A shell has to be asked for: this is no command of one. */
		assert_int_equal(RUN(30, "exit 5"), 127);
		assert_ok(x->h->engine->exec(x->h, NAME("exec"), echo, 30, &answer, &x->err));
		assert_int_equal(answer.status, 0);
		assert_int_equal(little.len, 10);
	}
	drop(x, NAME("exec"));
	rfa_buf_release(&little);
	rfa_buf_release(&said);
	end(x);
}

static void only_what_runs_runs_commands(void **state)
{
	struct fixture *x = begin(state, "exec-no");
	struct rfa_buf said = RFA_BUF_INIT(65536);
	struct rfa_exec_answer answer = { -1, &said };
	const char *const yes[] = { "true", NULL };

	assert_fails(NOTFOUND, x->h->engine->exec(x->h, "nowhere", yes, 30, &answer, &x->err));
	make(x, NAME("exec"));
	assert_fails(REMOTE, x->h->engine->exec(x->h, NAME("exec"), yes, 30, &answer, &x->err));
	assert_non_null(strstr(x->err.msg, "does not run"));
	drop(x, NAME("exec"));
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

int host_execs_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_command_runs),
		cmocka_unit_test(a_command_ends_in_time),
		cmocka_unit_test(output_is_cut),
		cmocka_unit_test(only_what_runs_runs_commands),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}

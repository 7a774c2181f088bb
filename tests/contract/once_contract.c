/* Containers that do one thing and end: for every kind of host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/contract/host_contract.h"
#include "tests/contract/host_fixture.h"

/* What a shell would break. */
#define ODD "it's \"one\"; $(two) `three` > four --five"

static void drop(struct fixture *x, const char *container)
{
	struct rfa_error ignored;
	int rc = x->h->engine->container_stop(x->h, KEY("stop"), container, &ignored);

	rc = x->h->engine->container_remove(x->h, KEY("remove"), container, &ignored);
	(void)rc;
}

static void make(struct fixture *x, const char *container, json_t *argv)
{
	json_t *body = json_pack("{s:s, s:o, s:[]}", "Image", "app:1", "Cmd", argv, "Entrypoint");

	drop(x, container);
	assert_ok(x->h->engine->container_create(x->h, KEY("create"), container, body, &x->err));
	json_decref(body);
}

static int wait_for(struct fixture *x, const char *container, int64_t timeout_s,
		    struct rfa_buf *said)
{
	struct rfa_exec_answer answer = { -1, said };

	rfa_buf_clear(said);
	assert_ok(x->h->engine->container_wait(x->h, KEY("wait"), container, timeout_s, &answer,
					       &x->err));
	return answer.status;
}

static int runs(struct fixture *x, const char *container)
{
	json_t *object = NULL;
	int is;

	assert_ok(x->h->engine->inspect(x->h, RFA_CONTAINER, container, &object, &x->err));
	is = rfa_facts_bool(object, "State/Running", 0);
	json_decref(object);
	return is;
}

static void its_end_is_told(struct fixture *x, json_t *argv, int status, const char *said_is)
{
	struct rfa_buf said = RFA_BUF_INIT(65536);
	struct rfa_exec_answer answer = { -1, &said };

	make(x, NAME("once"), argv);
	/* What was never started has not ended well. */
	assert_fails(REFUSED, x->h->engine->container_wait(x->h, KEY("early"), NAME("once"), 30,
							   &answer, &x->err));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("once"), &x->err));
	assert_int_equal(wait_for(x, NAME("once"), 30, &said), status);
	assert_string_equal(rfa_buf_str(&said), said_is);
	assert_false(runs(x, NAME("once")));
	/* It may be asked again. */
	assert_int_equal(wait_for(x, NAME("once"), 30, &said), status);
	assert_string_equal(rfa_buf_str(&said), said_is);
	drop(x, NAME("once"));
	rfa_buf_release(&said);
}

static void a_container_is_waited_for(void **state)
{
	struct fixture *x = begin(state, "once");
	struct rfa_buf said = RFA_BUF_INIT(65536);
	struct rfa_exec_answer answer = { -1, &said };

	its_end_is_told(x, json_pack("[s]", "true"), 0, "");
	its_end_is_told(x, json_pack("[s]", "false"), 1, "");
	its_end_is_told(x, json_pack("[sss]", "echo", "a", ODD), 0, "a " ODD "\n");
	its_end_is_told(x, json_pack("[ss]", "sleep", "1"), 0, "");
	assert_fails(NOTFOUND, x->h->engine->container_wait(x->h, KEY("none"), NAME("none"), 30,
							    &answer, &x->err));
	rfa_buf_release(&said);
	end(x);
}

static void a_container_ends_in_time(void **state)
{
	struct fixture *x = begin(state, "once-late");
	struct rfa_buf said = RFA_BUF_INIT(65536);

	make(x, NAME("late"), json_pack("[ss]", "sleep", "600"));
	assert_ok(x->h->engine->container_start(x->h, KEY("start"), NAME("late"), &x->err));
	assert_int_equal(wait_for(x, NAME("late"), 1, &said), 124);
	assert_false(runs(x, NAME("late")));
	drop(x, NAME("late"));
	rfa_buf_release(&said);
	end(x);
}

#define PROJECT "{\"services\":{\"web\":{\"image\":\"app:1\",\"ports\":[\"127.0.0.1:9:9\"]}}}"

static void a_service_runs_one_thing(void **state)
{
	struct fixture *x = begin(state, "once-service");
	static const char *const services[] = { "web", NULL }, *const none[] = { "nobody", NULL };
	static const char *const argv[] = { "echo", "a", ODD, NULL };
	struct rfa_buf said = RFA_BUF_INIT(65536);
	char path[512];
	const char *files[] = { path, NULL };
	struct rfa_compose project = { .project = x->world->tag,
				       .directory = x->world->dir,
				       .files = files,
				       .services = services };
	json_t *object = NULL;

	snprintf(path, sizeof(path), "%s/once.yml", x->world->dir);
	assert_ok(x->h->files->write(x->h, path, 0600, PROJECT, strlen(PROJECT), &x->err));
	drop(x, NAME("of-web"));
	assert_ok(
	    x->h->engine->compose_run(x->h, KEY("run"), &project, NAME("of-web"), argv, &x->err));
	assert_int_equal(wait_for(x, NAME("of-web"), 30, &said), 0);
	assert_string_equal(rfa_buf_str(&said), "a " ODD "\n");
	/* It counts as none of the service's, and its name is taken. */
	assert_ok(x->h->engine->inspect(x->h, RFA_CONTAINER, NAME("of-web"), &object, &x->err));
	assert_string_equal(json_string_value(json_object_get(rfa_facts_at(object, "Config/Labels"),
							      "com.docker.compose.oneoff")),
			    "True");
	json_decref(object);
	assert_fails(EXISTS, x->h->engine->compose_run(x->h, KEY("again"), &project, NAME("of-web"),
						       argv, &x->err));
	project.services = none;
	assert_fails(REMOTE, x->h->engine->compose_run(x->h, KEY("nobody"), &project,
						       NAME("of-nobody"), argv, &x->err));
	drop(x, NAME("of-web"));
	assert_ok(x->h->files->remove(x->h, path, &x->err));
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

int host_once_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_container_is_waited_for),
		cmocka_unit_test(a_container_ends_in_time),
		cmocka_unit_test(a_service_runs_one_thing),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}

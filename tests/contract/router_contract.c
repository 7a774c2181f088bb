/* Routers: for the simulated host, and for the shell host with a real one. */
#include "tests/contract/router_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/contract/host_fixture.h"

/* cmocka hands a group's setup nothing: both wait here for it. */
static struct host_world *waiting;
static struct host_router *router;

static struct rfa_routed web = { "web", 8080 };

static struct rfa_router_seen look(struct fixture *x)
{
	struct rfa_router_seen seen = { 0 };

	assert_ok(x->h->router->look(x->h, &router->at, &web, &seen, &x->err));
	return seen;
}

static void set(struct fixture *x, int share)
{
	assert_ok(x->h->router->set(x->h, KEY("share"), &router->at, &web, share, &x->err));
}

/* A router looks at its sides in a time of its own. */
static void green(struct fixture *x, int how)
{
	int i;

	router->green(router, how);
	for (i = 0; i < 100 && look(x).green.up != (how != 0); i++)
		usleep(100000);
	assert_int_equal(look(x).green.up, how != 0);
}

static void assert_share(struct fixture *x, int share)
{
	struct rfa_router_seen seen = look(x);

	assert_int_equal(seen.live, share);
	assert_int_equal(seen.kept, share);
}

static void it_is_looked_at(void **state)
{
	struct fixture *x = begin(state, "look");
	struct rfa_router_seen seen = look(x);

	assert_int_equal(seen.live, 0);
	assert_int_equal(seen.kept, 0);
	assert_true(seen.blue.up);
	assert_false(seen.green.up);
	end(x);
}

static void no_side_that_is_down_gets_requests(void **state)
{
	struct fixture *x = begin(state, "down");

	green(x, 0);
	assert_fails(REFUSED, x->h->router->set(x->h, KEY("no"), &router->at, &web, 10, &x->err));
	assert_non_null(strstr(x->err.msg, "web-green is not up"));
	assert_share(x, 0);
	end(x);
}

static void a_share_is_live_and_kept(void **state)
{
	static const int shares[] = { 10, 50, 100, 100, 0 };
	struct fixture *x = begin(state, "share");
	size_t i;

	green(x, 1);
	for (i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		set(x, shares[i]);
		assert_share(x, shares[i]);
	}
	green(x, 0);
	end(x);
}

static void it_is_set_once(void **state)
{
	struct fixture *x = begin(state, "once");
	const struct rfa_job_key *same = KEY("share");
	int i;

	green(x, 1);
	for (i = 0; i < 2; i++)
		assert_ok(x->h->router->set(x->h, same, &router->at, &web, 30, &x->err));
	assert_share(x, 30);
	set(x, 0);
	green(x, 0);
	end(x);
}

static void what_is_live_and_not_kept_is_told(void **state)
{
	struct fixture *x = begin(state, "live");

	if (!router->live) {
		end(x);
		skip();
	}
	green(x, 1);
	set(x, 10);
	router->live(router, 60);
	assert_int_equal(look(x).live, 60);
	assert_int_equal(look(x).kept, 10);
	set(x, 10);
	assert_share(x, 10);
	set(x, 0);
	green(x, 0);
	end(x);
}

static void visitors_are_counted(void **state)
{
	struct fixture *x = begin(state, "count");
	struct rfa_router_seen before, after;

	green(x, 1);
	set(x, 50);
	before = look(x);
	router->visit(router, 200);
	after = look(x);
	set(x, 0);
	if (router->counts) {
		assert_true(after.green.requests - before.green.requests > 40);
		assert_true(after.blue.requests - before.blue.requests > 40);
		assert_int_equal(after.green.errors, before.green.errors);
		assert_string_equal(after.since, before.since);
	} else {
		assert_int_equal(after.green.requests, -1);
		assert_int_equal(after.green.errors, -1);
		assert_int_equal(after.green.in_flight, -1);
	}
	green(x, 0);
	end(x);
}

static void errors_are_counted(void **state)
{
	struct fixture *x = begin(state, "errors");
	struct rfa_router_seen before, after;

	if (!router->counts) {
		end(x);
		skip();
	}
	green(x, 2);
	before = look(x);
	set(x, 50);
	router->visit(router, 100);
	after = look(x);
	set(x, 0);
	assert_true(after.green.errors - before.green.errors > 20);
	assert_int_equal(after.blue.errors, before.blue.errors);
	green(x, 0);
	end(x);
}

static void it_comes_up_with_what_is_kept(void **state)
{
	struct fixture *x = begin(state, "restart");
	struct rfa_router_seen before, after;

	if (!router->restart) {
		end(x);
		skip();
	}
	green(x, 1);
	set(x, 40);
	before = look(x);
	router->restart(router);
	after = look(x);
	assert_int_equal(after.live, 40);
	assert_int_equal(after.kept, 40);
	assert_true(!router->counts || strcmp(before.since, after.since) != 0);
	green(x, 1);
	set(x, 0);
	green(x, 0);
	end(x);
}

static void what_is_no_router(void **state)
{
	struct fixture *x = begin(state, "none");
	struct rfa_router_at at = router->at;
	struct rfa_router_seen seen;

	at.driver = "ipvs";
	assert_fails(UNSUPPORTED, x->h->router->look(x->h, &at, &web, &seen, &x->err));
	at = router->at;
	at.container = "there-is-no-such-container";
	assert_fails(NOTFOUND, x->h->router->look(x->h, &at, &web, &seen, &x->err));
	end(x);
}

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_router_run(const char *name, struct host_world *world, struct host_router *one)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(it_is_looked_at),
		cmocka_unit_test(no_side_that_is_down_gets_requests),
		cmocka_unit_test(a_share_is_live_and_kept),
		cmocka_unit_test(it_is_set_once),
		cmocka_unit_test(what_is_live_and_not_kept_is_told),
		cmocka_unit_test(visitors_are_counted),
		cmocka_unit_test(errors_are_counted),
		cmocka_unit_test(it_comes_up_with_what_is_kept),
		cmocka_unit_test(what_is_no_router),
	};

	waiting = world;
	router = one;
	web.port = one->port;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}

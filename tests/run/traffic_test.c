/* Runs that move traffic: shares, soaks and their decisions, pauses, gates, and going back at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/world_traffic.h"

struct bench {
	struct world w;
	struct rfa_run_result result;
	struct rfa_error err;
};

static void edit_nothing(json_t *setup, json_t *plan)
{
	(void)setup;
	(void)plan;
}

static void open_with(struct bench *b, enum scenario s, void (*edit)(json_t *setup, json_t *plan))
{
	memset(b, 0, sizeof(*b));
	world_make_traffic_edited(&b->w, s, 7, edit);
}

static int begin(struct bench *b)
{
	return rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

static int resume(struct bench *b)
{
	char run[RFA_RUN_ID_MAX];

	snprintf(run, sizeof(run), "%s", b->result.run);
	return rfa_run_resume(&b->w.options, run, RFA_RESUME_CONTINUE, &b->result, &b->err);
}

static struct rfa_sim_router_told told(struct bench *b)
{
	struct rfa_sim_router_told out;

	rfa_sim_router_told(b->w.prod, world_traffic_service(&b->w), &out);
	return out;
}

static void assert_whole(struct bench *b)
{
	assert_int_equal(told(b).lost, 0);
	assert_int_equal(told(b).cut, 0);
	assert_int_equal(told(b).live, 0);
	assert_int_equal(told(b).kept, 0);
}

static void traffic_set(json_t *plan, const char *key, json_t *value)
{
	json_object_set_new(rfa_facts_at(plan, "target/stack/traffic"), key, value);
}

static void option_set(json_t *plan, const char *key, json_t *value)
{
	json_object_set_new(json_object_get(plan, "options"), key, value);
}

static void traffic_moves(void **state)
{
	struct bench b;

	(void)state;
	open_with(&b, SCENARIO_RUN, edit_nothing);
	assert_int_equal(begin(&b), 0);
	assert_whole(&b);
	/* A fifth of three seconds, and all of what comes until the old one has been replaced. */
	assert_true(told(&b).green > 300);
	world_free(&b.w);
}

/* What turns bad at the first share gets no more than that share of the errors. */
static void errors_go_back(void **state)
{
	struct bench b;
	int64_t green;

	(void)state;
	open_with(&b, SCENARIO_UNHEALTHY, edit_nothing);
	assert_int_equal(begin(&b), -RFA_EROLLED_BACK);
	assert_non_null(strstr(b.err.msg, "at 20 %"));
	assert_non_null(strstr(b.err.msg, "answers of the new backend were errors"));
	green = told(&b).green;
	assert_true(green >= 10 && green < 150);
	assert_whole(&b);
	world_free(&b.w);
}

static void edit_pause(json_t *setup, json_t *plan)
{
	(void)setup;
	option_set(plan, "pause_at", json_integer(20));
}

static void it_pauses_once(void **state)
{
	struct bench b;

	(void)state;
	open_with(&b, SCENARIO_RUN, edit_pause);
	assert_int_equal(begin(&b), -RFA_EINTERRUPTED);
	assert_non_null(strstr(b.err.msg, "paused at 20 %"));
	assert_int_equal(told(&b).live, 20);
	b.w.options.clock->sleep_ms(b.w.options.clock, 3600000);
	assert_int_equal(told(&b).live, 20);
	assert_int_equal(resume(&b), 0);
	assert_whole(&b);
	world_free(&b.w);
}

/* What Compose has built hands its labels on: a stand-in of it is none of the project's for all
 * that.
 */
static void edit_built(json_t *setup, json_t *plan)
{
	json_t *image;
	size_t i;

	json_array_foreach (rfa_facts_at(setup, "hosts/test/images"), i, image) {
		json_t *labels = rfa_facts_at(image, "config/Labels");

		json_object_set_new(labels, "com.docker.compose.project", json_string("shop"));
		json_object_set_new(labels, "com.docker.compose.service", json_string("web"));
	}
	edit_pause(setup, plan);
}

static void compose_does_not_find_it(void **state)
{
	json_t *stand = NULL;
	const json_t *labels;
	struct bench b;

	(void)state;
	open_with(&b, SCENARIO_COMPOSE, edit_built);
	assert_int_equal(begin(&b), -RFA_EINTERRUPTED);
	assert_int_equal(b.w.target->engine->inspect(b.w.target, RFA_CONTAINER, "shop-web-green",
						     &stand, &b.err),
			 0);
	labels = rfa_facts_at(stand, "Config/Labels");
	assert_string_equal(rfa_facts_str(labels, "com.docker.compose.project", "-"), "");
	assert_string_equal(rfa_facts_str(labels, "com.docker.compose.service", "-"), "");
	json_decref(stand);
	assert_int_equal(resume(&b), 0);
	assert_whole(&b);
	world_free(&b.w);
}

/* The router is started again in the midst of a soak, once. */
static int restarts;

static void restart(void *user, uint64_t call, const char *label)
{
	struct bench *b = user;
	struct rfa_error err;

	(void)call;
	if (!strstr(label, "router_look") || told(b).live != 20 || restarts++ != 3)
		return;
	assert_int_equal(rfa_sim_container_stop(b->w.prod, "router", &err), 0);
	assert_int_equal(rfa_sim_container_start(b->w.prod, "router", &err), 0);
}

static int64_t took(int with_restart)
{
	struct bench b;
	int64_t begun;

	restarts = 0;
	open_with(&b, SCENARIO_RUN, edit_nothing);
	begun = b.w.options.clock->mono_ms(b.w.options.clock);
	if (with_restart)
		rfa_sim_on_call(b.w.sim, restart, &b);
	assert_int_equal(begin(&b), 0);
	assert_whole(&b);
	begun = b.w.options.clock->mono_ms(b.w.options.clock) - begun;
	rfa_sim_on_call(b.w.sim, NULL, NULL);
	world_free(&b.w);
	return begun;
}

static void a_soak_is_not_counted_across_a_restart(void **state)
{
	(void)state;
	/* What had passed of its three seconds counts no more. */
	assert_true(took(1) >= took(0) + 1500);
	assert_true(restarts > 3);
}

/* The way back from behind the return, where the stand-in has died meanwhile. */

static int cancel_flag, was_green;

static void cancel_behind_the_return(void *user, uint64_t call, const char *label)
{
	struct bench *b = user;

	(void)call;
	(void)label;
	was_green |= told(b).live == 100;
	cancel_flag = was_green && told(b).live == 0;
}

static void stop_behind_the_return(struct bench *b, enum scenario s)
{
	open_with(b, s, edit_nothing);
	cancel_flag = was_green = 0;
	b->w.options.cancel = &cancel_flag;
	rfa_sim_on_call(b->w.sim, cancel_behind_the_return, b);
	assert_int_equal(begin(b), -RFA_EINTERRUPTED);
	rfa_sim_on_call(b->w.sim, NULL, NULL);
	cancel_flag = 0;
	assert_int_equal(told(b).live, 0);
	/* What it had begun is answered. */
	b->w.options.clock->sleep_ms(b->w.options.clock, 10000);
}

static int go_back(struct bench *b)
{
	char run[RFA_RUN_ID_MAX];

	snprintf(run, sizeof(run), "%s", b->result.run);
	return rfa_run_resume(&b->w.options, run, RFA_RESUME_ROLLBACK, &b->result, &b->err);
}

static void a_dead_stand_in_is_started_again_in(enum scenario s, const char *green, int remove)
{
	struct bench b;

	stop_behind_the_return(&b, s);
	assert_int_equal(rfa_sim_container_stop(b.w.prod, green, &b.err), 0);
	if (remove)
		assert_int_equal(rfa_sim_container_remove(b.w.prod, green, &b.err), 0);
	assert_int_equal(go_back(&b), -RFA_EROLLED_BACK);
	assert_int_equal(b.result.final, RFA_FINAL_ROLLED_BACK);
	assert_whole(&b);
	world_free(&b.w);
}

static void a_dead_stand_in_is_started_again(void **state)
{
	(void)state;
	a_dead_stand_in_is_started_again_in(SCENARIO_RUN, "backend-green", 0);
	a_dead_stand_in_is_started_again_in(SCENARIO_RUN, "backend-green", 1);
	a_dead_stand_in_is_started_again_in(SCENARIO_COMPOSE, "shop-web-green", 1);
}

/* Somebody has put another one in its place: it is not touched, and the run goes back without it.
 */
static void it_goes_back_without_a_stand_in(void **state)
{
	json_t *body = json_pack("{s:s, s:{s:s}}", "Image", "frontend:v1", "HostConfig",
				 "NetworkMode", "appnet");
	struct bench b;
	int64_t before;

	(void)state;
	stop_behind_the_return(&b, SCENARIO_RUN);
	assert_int_equal(rfa_sim_container_stop(b.w.prod, "backend-green", &b.err), 0);
	assert_int_equal(rfa_sim_container_remove(b.w.prod, "backend-green", &b.err), 0);
	if (rfa_sim_container_run(b.w.prod, "backend-green", body, &b.err))
		fail_msg("%s", b.err.msg);
	before = told(&b).green;
	assert_int_equal(go_back(&b), -RFA_EROLLED_BACK);
	assert_int_equal(b.result.final, RFA_FINAL_ROLLED_BACK);
	assert_int_equal(told(&b).live, 0);
	assert_int_equal(told(&b).kept, 0);
	assert_int_equal(told(&b).green, before);
	json_decref(body);
	world_free(&b.w);
}

/* Nobody comes: of a router that does not tell it is the same. */
static void edit_back(json_t *setup, json_t *plan)
{
	(void)setup;
	traffic_set(plan, "min_requests", json_integer(100000));
	traffic_set(plan, "inconclusive", json_string("back"));
}

static void edit_wait(json_t *setup, json_t *plan)
{
	(void)setup;
	traffic_set(plan, "min_requests", json_integer(150));
	traffic_set(plan, "inconclusive", json_string("wait"));
}

static void edit_smoke(json_t *setup, json_t *plan)
{
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack/traffic/router"), "driver",
			    json_string("nginx"));
}

static void an_inconclusive_soak_is_decided(void **state)
{
	struct bench b;

	(void)state;
	open_with(&b, SCENARIO_RUN, edit_back);
	assert_int_equal(begin(&b), -RFA_EROLLED_BACK);
	assert_non_null(strstr(b.err.msg, "inconclusive"));
	assert_whole(&b);
	world_free(&b.w);
	open_with(&b, SCENARIO_RUN, edit_wait);
	assert_int_equal(begin(&b), 0);
	assert_true(told(&b).green > 150 + 300);
	assert_whole(&b);
	world_free(&b.w);
	open_with(&b, SCENARIO_RUN, edit_smoke);
	assert_int_equal(begin(&b), 0);
	assert_whole(&b);
	world_free(&b.w);
}

/* The gate. */

static void assert_denied_in(enum scenario s, void (*edit)(json_t *setup, json_t *plan),
			     const char *why)
{
	struct bench b;

	open_with(&b, s, edit);
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	if (!strstr(b.err.msg, why))
		fail_msg("%s instead of %s", b.err.msg, why);
	assert_int_equal(told(&b).green, 0);
	world_free(&b.w);
}

static void assert_denied(void (*edit)(json_t *setup, json_t *plan), const char *why)
{
	assert_denied_in(SCENARIO_RUN, edit, why);
}

/* A service of the project that is called as the stand-in of another one would be. */
static void edit_namesake(json_t *setup, json_t *plan)
{
	static const char *const hosts[] = { "hosts/test/compose", "hosts/prod/compose" };
	static const char *const roles[] = { "source/stack/compose", "target/stack/compose" };
	size_t i;

	for (i = 0; i < 2; i++) {
		json_t *services = rfa_facts_at(json_array_get(rfa_facts_at(setup, hosts[i]), 0),
						"config/services");
		json_t *names = json_object_get(rfa_facts_at(plan, roles[i]), "services");

		json_object_set_new(services, "web-green",
				    json_deep_copy(json_object_get(services, "api")));
		json_object_del(json_object_get(services, "web-green"), "ports");
		if (json_is_array(names))
			json_array_append_new(names, json_string("web-green"));
	}
}

static void edit_mounts(json_t *setup, json_t *plan)
{
	(void)setup;
	traffic_set(plan, "shared_ok", json_array());
}

static json_t *backend_of(json_t *setup)
{
	return json_array_get(rfa_facts_at(setup, "hosts/prod/containers"), 0);
}

static void edit_port(json_t *setup, json_t *plan)
{
	(void)plan;
	json_object_set_new(rfa_facts_at(backend_of(setup), "body/HostConfig"), "PortBindings",
			    json_pack("{s:[{s:s}]}", "8001/tcp", "HostPort", "8001"));
}

static void edit_router(json_t *setup, json_t *plan)
{
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack/traffic/router"), "container",
			    json_string("nobody"));
}

static void edit_switch(json_t *setup, json_t *plan)
{
	(void)setup;
	option_set(plan, "pause_at", json_integer(20));
	traffic_set(plan, "services", json_pack("{s:{s:s}}", "frontend", "how", "start-first"));
}

static void edit_name(json_t *setup, json_t *plan)
{
	(void)setup;
	traffic_set(plan, "services", json_pack("{s:{s:s}}", "bakend", "how", "start-first"));
}

static void what_cannot_be_is_denied(void **state)
{
	(void)state;
	assert_denied(edit_mounts, "its stand-in would, too");
	assert_denied(edit_port, "publishes port 8001");
	assert_denied(edit_name,
		      "names bakend, and the stack has no such service on prod: backend, ");
	assert_denied(edit_router, "No such container");
	assert_denied_in(SCENARIO_COMPOSE, edit_namesake, "there is a service web-green already");
	assert_denied(edit_switch, "moves its traffic in shares");
}

/* Back at once: one share, and no soak. */
static void goes_back_at_once(enum scenario s)
{
	struct bench b;
	int64_t begun, slow, green;
	json_t *plan;

	open_with(&b, s, edit_nothing);
	begun = b.w.options.clock->mono_ms(b.w.options.clock);
	assert_int_equal(begin(&b), 0);
	slow = b.w.options.clock->mono_ms(b.w.options.clock) - begun;
	plan = world_rollback_plan(&b.w);
	assert_non_null(plan);
	option_set(plan, "at_once", json_true());
	green = told(&b).green;
	begun = b.w.options.clock->mono_ms(b.w.options.clock);
	if (rfa_run_begin(&b.w.options, plan, &b.result, &b.err))
		fail_msg("%s", b.err.msg);
	assert_true(told(&b).green > green);
	assert_true(b.w.options.clock->mono_ms(b.w.options.clock) - begun < slow - 5000);
	assert_whole(&b);
	json_decref(plan);
	world_free(&b.w);
}

static void it_goes_back_at_once(void **state)
{
	(void)state;
	goes_back_at_once(SCENARIO_RUN);
	goes_back_at_once(SCENARIO_COMPOSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traffic_moves),
		cmocka_unit_test(errors_go_back),
		cmocka_unit_test(it_pauses_once),
		cmocka_unit_test(compose_does_not_find_it),
		cmocka_unit_test(a_soak_is_not_counted_across_a_restart),
		cmocka_unit_test(a_dead_stand_in_is_started_again),
		cmocka_unit_test(it_goes_back_without_a_stand_in),
		cmocka_unit_test(an_inconclusive_soak_is_decided),
		cmocka_unit_test(what_cannot_be_is_denied),
		cmocka_unit_test(it_goes_back_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

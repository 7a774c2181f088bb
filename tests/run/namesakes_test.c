/*
 * A name that containers of two projects have in one network: refused where one of the two projects
 * may ask for it, told where only others may.
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
#include "tests/harness/edits.h"
#include "tests/harness/watcher.h"

#define COMPOSE "hosts|prod|compose|0|config|"
/* One of another project, in the network edge, where others find it by this name, too. */
#define NAMESAKE(alias)                                                                        \
	{                                                                                      \
		"hosts|prod|containers",                                                       \
		    "[{\"name\":\"old-api-1\",\"body\":{\"Image\":\"api:v1\",\"Labels\":"      \
		    "{\"com.docker.compose.project\":\"old\"},\"HostConfig\":{\"NetworkMode\"" \
		    ":\"edge\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"edge\":{"         \
		    "\"Aliases\":[\"old-api-1\",\"" alias "\"]}}}}}]"                          \
	}
/* The service api is in that network, and is called backend there, too; or all of the stack are. */
#define API_IN_EDGE                                                                       \
	{ COMPOSE "networks", "{\"edge\":{\"external\":true}}" },                         \
	{                                                                                 \
		COMPOSE "services|api|networks", "{\"edge\":{\"aliases\":[\"backend\"]}}" \
	}
#define ALL_IN_EDGE                                           \
	API_IN_EDGE,                                          \
	{                                                     \
		COMPOSE "services|web|networks", "[\"edge\"]" \
	}

struct name_case {
	int refused;
	const char *told; /* NULL: nothing is */
	struct world_edit edits[WORLD_EDITS];
};

static const struct name_case cases[] = {
	{ 1,
	  "shop-api-1 and old-api-1 (of the project old) are both called api in the network edge "
	  "on prod",
	  { ALL_IN_EDGE, NAMESAKE("api") } },
	{ 1, "are both called backend in the network edge", { ALL_IN_EDGE, NAMESAKE("backend") } },
	/* Nothing of the stack runs yet. */
	{ 1,
	  "api and old-api-1 (of the project old) are both called api",
	  { ALL_IN_EDGE, NAMESAKE("api"), { "hosts|prod|compose|0|up", "false" } } },
	/* Nobody of the two projects asks there. */
	{ 0, "are both called api in the network edge", { API_IN_EDGE, NAMESAKE("api") } },
	{ 0, NULL, { ALL_IN_EDGE, NAMESAKE("other") } },
	{ 0,
	  NULL,
	  { ALL_IN_EDGE, NAMESAKE("api"), { "target|stack|gates|off", "[\"shared names\"]" } } },
	{ 0,
	  "are both called api",
	  { ALL_IN_EDGE, NAMESAKE("api"), { "options|force_reason", "\"hotfix 12\"" } } },
};

static void judge(const struct name_case *c, size_t i)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	int rc;

	world_make_edited(&w, SCENARIO_COMPOSE, 7, world_edit_all, (void *)(uintptr_t)c->edits);
	watcher_begin(&x, &w);
	rc = rfa_run_begin(&w.options, w.plan, &result, &err);
	if (c->refused != (rc == -RFA_EREFUSED) || (!c->refused && rc))
		fail_msg("case %zu: %d, %s", i, rc, err.msg);
	if (c->refused != watcher_is_refused(x.refused, "shared names", c->told ? c->told : ""))
		fail_msg("case %zu: not by its gate: %s", i, err.msg);
	if ((strstr(rfa_buf_str(&x.all), c->told ? c->told : "are both called") != NULL) !=
	    (c->told != NULL))
		fail_msg("case %zu: what is told is wrong", i);
	watcher_end(&x);
	world_free(&w);
}

static void test_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		judge(&cases[i], i);
}

/* Its files say no more that the service is called so; the container that has the name goes. */
static void a_name_that_the_run_takes_away_is_none(void **state)
{
	const struct world_edit edits[WORLD_EDITS] = {
		ALL_IN_EDGE,
		NAMESAKE("backend"),
		{ "target|stack|gates|allow_compose_changes", "true" },
	};
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	const char *directory;
	json_t *config = NULL;
	char path[200], *changed;
	struct watcher x;
	struct world w;

	(void)state;
	world_make_edited(&w, SCENARIO_COMPOSE, 7, world_edit_all, (void *)(uintptr_t)edits);
	watcher_begin(&x, &w);
	directory = rfa_facts_str(w.plan, "target/stack/compose/directory", "");
	snprintf(path, sizeof(path), "%.150s/docker-compose.yml", directory);
	assert_int_equal(w.target->files->read(w.target, path, 1 << 20, &text, &err), 0);
	assert_int_equal(rfa_facts_parse(&config, rfa_buf_str(&text), text.len, path, &err), 0);
	json_object_del(rfa_facts_at(config, "services/api/networks/edge"), "aliases");
	changed = json_dumps(config, 0);
	assert_int_equal(rfa_sim_file_put(w.prod, path, 0644, changed, &err), 0);
	if (rfa_run_begin(&w.options, w.plan, &result, &err))
		fail_msg("%s\n%s", err.msg, rfa_buf_str(&x.all));
	assert_null(strstr(rfa_buf_str(&x.all), "are both called"));
	free(changed);
	json_decref(config);
	rfa_buf_release(&text);
	watcher_end(&x);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(a_name_that_the_run_takes_away_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

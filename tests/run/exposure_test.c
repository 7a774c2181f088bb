/*
 * The gates about who reaches a stack's databases: ports that are published, in each form that
 * Docker and Compose have for it; who gets in there; and what has no value of its own.
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

struct exposure_case {
	const char *gate;
	enum scenario scenario;
	int refused;
	const char *told; /* NULL: nothing is */
	struct world_edit edits[WORLD_EDITS];
};

#define API_PORTS "hosts|prod|compose|0|config|services|api|ports"
#define FORM(port, ip)                                                                  \
	{                                                                               \
		API_PORTS, "[{\"target\":" port ",\"published\":\"25432\",\"host_ip\":" \
			   "\"" ip "\",\"mode\":\"ingress\",\"protocol\":\"tcp\"}]"     \
	}
#define BODY "hosts|prod|containers|0|body|"
#define BOUND(key, ip)                                          \
	{ BODY "HostConfig|PortBindings|" key,                  \
	  "[{\"HostIp\":\"" ip "\",\"HostPort\":\"25432\"}]" }, \
	{                                                       \
		BODY "ExposedPorts|" key, "{}"                  \
	}
#define PUBLISHED "published ports"
/* A server of the stack's data, and what it says. */
#define SERVER                                                                              \
	{                                                                                   \
		"target|stack|data",                                                        \
		    "{\"members\":{\"db\":{\"postgres\":{\"container\":\"backend\","        \
		    "\"user\":\"postgres\",\"database\":\"app\"}}},\"keep_generations\":1}" \
	}
#define SAYS(label, text)                            \
	{                                            \
		BODY "Labels|" label, "\"" text "\"" \
	}

static const struct exposure_case cases[] = {
	{ PUBLISHED, SCENARIO_COMPOSE, 0, NULL, { { 0 } } },
	{ PUBLISHED, SCENARIO_RUN, 0, NULL, { { 0 } } },
	/* Each form, in the files and of what they were brought up as. */
	{ PUBLISHED,
	  SCENARIO_COMPOSE,
	  1,
	  "PostgreSQL can be reached from outside of prod: the port 5432 of the service api in the "
	  "Compose files is published on every address",
	  { { API_PORTS, "[{\"target\":5432,\"published\":\"25432\"}]" } } },
	{ PUBLISHED,
	  SCENARIO_COMPOSE,
	  1,
	  "the port 5432 of the container shop-api-1 is published on every address",
	  { { API_PORTS, "[{\"target\":5432,\"published\":\"25432\"}]" } } },
	{ PUBLISHED,
	  SCENARIO_COMPOSE,
	  1,
	  "published on the address 0.0.0.0",
	  { FORM("5432", "0.0.0.0") } },
	{ PUBLISHED, SCENARIO_COMPOSE, 1, "published on the address ::", { FORM("5432", "::") } },
	{ PUBLISHED,
	  SCENARIO_COMPOSE,
	  1,
	  "published on the address 192.0.2.7",
	  { FORM("5432", "192.0.2.7") } },
	{ PUBLISHED, SCENARIO_COMPOSE, 1, "Redis can be reached", { FORM("6379", "0.0.0.0") } },
	{ PUBLISHED, SCENARIO_COMPOSE, 1, "MySQL can be reached", { FORM("3306", "0.0.0.0") } },
	{ PUBLISHED, SCENARIO_COMPOSE, 0, NULL, { FORM("5432", "127.0.0.1") } },
	{ PUBLISHED, SCENARIO_COMPOSE, 0, NULL, { FORM("5432", "127.8.0.1") } },
	{ PUBLISHED, SCENARIO_COMPOSE, 0, NULL, { FORM("5432", "::1") } },
	{ PUBLISHED, SCENARIO_COMPOSE, 0, NULL, { FORM("8080", "0.0.0.0") } },
	/* An address that only looks like the host's own. */
	{ PUBLISHED,
	  SCENARIO_COMPOSE,
	  1,
	  "127.evil.example",
	  { FORM("5432", "127.evil.example") } },
	/* On purpose. */
	{ PUBLISHED,
	  SCENARIO_COMPOSE,
	  0,
	  NULL,
	  { FORM("5432", "0.0.0.0"), { "target|stack|gates|allow_published", "true" } } },
	{ PUBLISHED,
	  SCENARIO_COMPOSE,
	  0,
	  "can be reached",
	  { FORM("5432", "0.0.0.0"), { "options|force_reason", "\"hotfix 12\"" } } },
	/* Containers of docker run. */
	{ PUBLISHED,
	  SCENARIO_RUN,
	  1,
	  "the port 5432 of the container backend is published on every address",
	  { BOUND("5432/tcp", "") } },
	{ PUBLISHED,
	  SCENARIO_RUN,
	  1,
	  "the address 198.51.100.1",
	  { BOUND("5432/tcp", "198.51.100.1") } },
	{ PUBLISHED, SCENARIO_RUN, 0, NULL, { BOUND("5432/tcp", "127.0.0.1") } },
	{ PUBLISHED,
	  SCENARIO_RUN,
	  1,
	  "the port 6379 of the container backend is published on every address",
	  { { BODY "HostConfig|PublishAllPorts", "true" },
	    { BODY "ExposedPorts|6379/tcp", "{}" } } },
	{ PUBLISHED,
	  SCENARIO_RUN,
	  1,
	  "the port 6379 of the container backend is published on every address",
	  { { BODY "HostConfig|NetworkMode", "\"host\"" },
	    { BODY "HostConfig|PortBindings", NULL },
	    { BODY "ExposedPorts|6379/tcp", "{}" } } },
};

static const struct exposure_case access_cases[] = {
	{ "access", SCENARIO_RUN, 0, NULL, { SERVER } },
	{ "access",
	  SCENARIO_RUN,
	  1,
	  "the server in backend on prod: line 7 lets all in",
	  { SERVER, SAYS("sim.open", "line 7 lets all in") } },
	{ "access",
	  SCENARIO_RUN,
	  1,
	  "who gets in to the server in backend on prod is not sure: it was changed",
	  { SERVER, SAYS("sim.unsure", "it was changed") } },
	{ "access", SCENARIO_RUN, 0, "'app'@'%'", { SERVER, SAYS("sim.wide", "'app'@'%'") } },
	{ "access",
	  SCENARIO_RUN,
	  0,
	  "line 7 lets all in",
	  { SERVER,
	    SAYS("sim.open", "line 7 lets all in"),
	    { "options|force_reason", "\"hotfix 12\"" } } },
	/* What does not answer says nothing; that is told, and no reason to stop. */
	{ "access",
	  SCENARIO_RUN,
	  0,
	  "cannot be told: there is no such container",
	  { SERVER, { "target|stack|data|members|db|postgres|container", "\"gone\"" } } },
};

#define FILE_OF(name, text)                                               \
	{                                                                 \
		"hosts|prod|files|/srv/stacks/shop/" name, "\"" text "\"" \
	}
#define EXAMPLE \
	FILE_OF("env.example", "# made by hand\\nNAME=shop\\nDB_PASSWORD=secret\\n#MORE=\\n")
#define SETTINGS \
	"TOKEN_MINUTES=30\\nKEYCLOAK_REALM=shop\\nPASSWORD_FILE=/run/secrets/db_password\\n"
#define ENV(text) EXAMPLE, FILE_OF(".env", text)

static const struct exposure_case env_cases[] = {
	{ "env file", SCENARIO_COMPOSE, 0, NULL, { ENV("NAME=shop\\nDB_PASSWORD='a b'\\n") } },
	{ "env file", SCENARIO_COMPOSE, 0, NULL, { FILE_OF(".env", "A=") } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "there is no .env beside /srv/stacks/shop/env.example on prod",
	  { EXAMPLE } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "names 1 key(s) that .env has not got: DB_PASSWORD",
	  { ENV("NAME=shop\\n") } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "names 2 key(s) that are empty in .env: NAME, DB_PASSWORD",
	  { ENV("NAME=\\nDB_PASSWORD=\\\"\\\" # later\\n") } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "still have a stand-in for a value in .env: DB_PASSWORD",
	  { ENV("NAME=shop\\nDB_PASSWORD=ChangeMe123\\n") } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "still have a stand-in for a value in .env: DB_PASSWORD",
	  { ENV("NAME=shop\\nDB_PASSWORD=<password>\\n") } },
	/* What may stay empty is so in the example; a secret is there to be filled in. */
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "names 1 key(s) that are empty in .env: DB_PASSWORD",
	  { FILE_OF("env.example", "PROXY=\\nDB_PASSWORD=\\n"),
	    FILE_OF(".env", "PROXY=\\nDB_PASSWORD=\\n") } },
	/* A word that may be a name as well is one, unless it keeps a secret. */
	{ "env file", SCENARIO_COMPOSE, 0, NULL, { ENV("NAME=todo\\nDB_PASSWORD=mytodos9\\n") } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "still have a stand-in for a value in .env: DB_PASSWORD",
	  { ENV("NAME=todo\\nDB_PASSWORD=TODO\\n") } },
	/* Beside secrets there are settings of theirs, which are as in the example. */
	{ "env file",
	  SCENARIO_COMPOSE,
	  0,
	  NULL,
	  { FILE_OF("env.example", SETTINGS), FILE_OF(".env", SETTINGS) } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "still have a stand-in for a value in .env: DB_URL",
	  { FILE_OF("env.example", "DB_URL=db://a:b@c/d"),
	    FILE_OF(".env", "DB_URL=db://a:b@c/d") } },
	/* What everybody can read in the repository. */
	{ "env file",
	  SCENARIO_COMPOSE,
	  1,
	  "still have a stand-in for a value in .env: DB_PASSWORD",
	  { ENV("NAME=shop\\nDB_PASSWORD='secret'\\n") } },
	{ "env file",
	  SCENARIO_COMPOSE,
	  0,
	  NULL,
	  { ENV("NAME=shop\\n"), { "target|stack|variables", "[\"DB_PASSWORD\"]" } } },
};

static void judge(const struct exposure_case *c, size_t i)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	int rc;

	world_make_edited(&w, c->scenario, 7, world_edit_all, (void *)(uintptr_t)c->edits);
	watcher_begin(&x, &w);
	rc = rfa_run_begin(&w.options, w.plan, &result, &err);
	if (c->refused != watcher_is_refused(x.refused, c->gate, c->told ? c->told : ""))
		fail_msg("case %zu: %s (%d): %s\n%s", i, c->gate, rc, err.msg, rfa_buf_str(&x.all));
	if (c->refused && rc != -RFA_EREFUSED)
		fail_msg("case %zu: %d, %s", i, rc, err.msg);
	if (c->told && !strstr(rfa_buf_str(&x.all), c->told))
		fail_msg("case %zu: \"%s\" is not told", i, c->told);
	if (!c->told && watcher_is_refused(x.refused, c->gate, ""))
		fail_msg("case %zu: something is told", i);
	if (strstr(rfa_buf_str(&x.all), "ChangeMe123"))
		fail_msg("case %zu: a value is told", i);
	watcher_end(&x);
	world_free(&w);
}

static void who_reaches_a_database(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		judge(&cases[i], i);
}

static void who_gets_in(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(access_cases) / sizeof(access_cases[0]); i++)
		judge(&access_cases[i], i);
}

static void what_has_no_value(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(env_cases) / sizeof(env_cases[0]); i++)
		judge(&env_cases[i], i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reaches_a_database),
		cmocka_unit_test(who_gets_in),
		cmocka_unit_test(what_has_no_value),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

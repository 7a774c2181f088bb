/* The host contract over the shell host, with a docker command that verifies how it is called. */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/contract/registry_world.h"

static int open_one(struct host_world *w, int machine, struct rfa_host **out, struct rfa_error *err)
{
	return fakehosts_open(w->data, machine, NULL, out, err);
}

static void hold(struct host_world *w, int held)
{
	fakehosts_set(w->data, 0, "hold", held);
}

static int stops(struct host_world *w)
{
	return fakehosts_count(w->data, 0, "calls", "container stop");
}

static int builds(struct host_world *w)
{
	return fakehosts_count(w->data, 0, "calls", "build --progress");
}

static struct fakehosts *hosts;

/* A host may say anything of its clock: what no clock can say is nothing. */
static void a_clock_that_lies(void **state)
{
	char bin[160], date[200], path[4096];
	const char *before = getenv("PATH");
	struct rfa_error err = { 0 };
	struct rfa_host *h = NULL;
	json_t *info = NULL;

	(void)state;
	snprintf(bin, sizeof(bin), "%s/lies", hosts->root);
	snprintf(date, sizeof(date), "%s/date", bin);
	snprintf(path, sizeof(path), "%s:%s", bin, before);
	assert_int_equal(fakehosts_put(date, "#!/bin/sh\necho 9000000000000000000\n"), 0);
	assert_int_equal(chmod(date, 0755), 0);
	before = strdup(before);
	assert_non_null(before);
	setenv("PATH", path, 1);
	assert_int_equal(fakehosts_open(hosts, 0, NULL, &h, &err), 0);
	assert_int_equal(h->ops->connect(h, &err), 0);
	assert_int_equal(h->ops->info(h, &info, &err), 0);
	setenv("PATH", before, 1);
	assert_int_equal(rfa_facts_int(info, "time", -1), 0);
	free((void *)(uintptr_t)before);
	json_decref(info);
	rfa_host_free(h);
}

static void store(struct host_world *w, int how)
{
	fakehosts_store(w->data, how);
}

int main(void)
{
	struct fakehosts f;
	struct host_world world = { .data = &f,
				    .open = open_one,
				    .hold = hold,
				    .stops = stops,
				    .real_files = 1,
				    .local = 1,
				    .builds = builds };
	const struct CMUnitTest lies[] = { cmocka_unit_test(a_clock_that_lies) };
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (fakehosts_make(&f))
		return 1;
	snprintf(world.dir, sizeof(world.dir), "%s", f.files);
	snprintf(world.tag, sizeof(world.tag), "contract");
	failed = host_contract_run("host over a fake engine", &world);
	failed += host_below_run("host over a fake engine", &world);
	failed += host_builds_run("builds over a fake engine", &world);
	failed += registry_world_run("registries over a fake engine", &world, &f);
	world.store = store;
	failed += host_store_run("images out of a fake store", &world);
	failed += host_execs_run("commands over a fake engine", &world);
	failed += host_commands_run("commands on the host", &world);
	failed += host_once_run("containers that end, over a fake engine", &world);
	hosts = &f;
	failed += cmocka_run_group_tests_name("what a host says of itself", lies, NULL, NULL);
	return fakehosts_end(&f) || failed;
}

/* The host contract over the shell host, with a docker command that verifies how it is called. */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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
	failed += host_execs_run("commands over a fake engine", &world);
	failed += host_commands_run("commands on the host", &world);
	return fakehosts_end(&f) || failed;
}

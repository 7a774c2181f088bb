/* The host contract over the shell host where sh and the tools are busybox's. */
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

static void store(struct host_world *w, int how)
{
	fakehosts_store(w->data, how);
}

int main(void)
{
	struct fakehosts f;
	struct host_world world = {
		.data = &f, .open = open_one, .hold = hold, .real_files = 1, .local = 1
	};
	char command[512], path[1024];
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (fakehosts_make(&f))
		return 1;
	/* b2sum is coreutils' own: busybox has none. */
	snprintf(command, sizeof(command),
		 "mkdir %s/bin && busybox --install -s %s/bin && rm -f %s/bin/sha256sum "
		 "&& test ! -e %s/bin/b2sum && test -e %s/bin/sh",
		 f.root, f.root, f.root, f.root, f.root);
	if (system("busybox true 2>/dev/null") || system(command)) {
		puts("1..0 # SKIP there is no busybox");
		return fakehosts_end(&f);
	}
	snprintf(path, sizeof(path), "%s/bin:%s", f.root, getenv("PATH"));
	setenv("PATH", path, 1);
	snprintf(world.dir, sizeof(world.dir), "%s", f.files);
	snprintf(world.tag, sizeof(world.tag), "contract");
	failed = host_contract_run("host of busybox over a fake engine", &world);
	failed += host_builds_run("builds over a fake engine, with busybox", &world);
	world.store = store;
	failed += host_store_run("images out of a fake store, with busybox", &world);
	failed += host_execs_run("commands over a fake engine, with busybox", &world);
	failed += host_commands_run("commands on the host, with busybox", &world);
	failed += host_once_run("containers that end, with busybox", &world);
	failed += registry_world_run("registries over a fake engine, with busybox", &world, &f);
	return fakehosts_end(&f) || failed;
}

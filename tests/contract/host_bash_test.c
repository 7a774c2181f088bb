/* The host contract, and that of trees and the vault, over the shell host where sh is bash. */
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

static int put(struct host_world *w, const char *path, const char *content)
{
	(void)w;
	return fakehosts_put(path, content);
}

static void store(struct host_world *w, int how)
{
	fakehosts_store(w->data, how);
}

int main(void)
{
	struct fakehosts f;
	struct host_world world = {
		.data = &f, .open = open_one, .real_files = 1, .put = put, .local = 1
	};
	char command[512], path[1024];
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (fakehosts_make(&f))
		return 1;
	snprintf(command, sizeof(command), "mkdir %s/bin && ln -s \"$(command -v bash)\" %s/bin/sh",
		 f.root, f.root);
	if (system("command -v bash >/dev/null") || system(command)) {
		puts("1..0 # SKIP there is no bash");
		return fakehosts_end(&f);
	}
	snprintf(path, sizeof(path), "%s/bin:%s", f.root, getenv("PATH"));
	setenv("PATH", path, 1);
	snprintf(world.dir, sizeof(world.dir), "%s", f.files);
	snprintf(world.tag, sizeof(world.tag), "contract");
	failed = host_contract_run("host of bash over a fake engine", &world);
	failed += host_below_run("host of bash over a fake engine", &world);
	failed += host_builds_run("builds over a fake engine, with bash", &world);
	failed += registry_world_run("registries over a fake engine, with bash", &world, &f);
	world.store = store;
	failed += host_store_run("images out of a fake store, with bash", &world);
	failed += host_execs_run("commands over a fake engine, with bash", &world);
	failed += host_commands_run("commands on the host, with bash", &world);
	failed += host_once_run("containers that end, with bash", &world);
	/*
	 * What is special in real files is the kernel's and the tools' affair, not the shell's.
	 * These tests run nearly every script over trees and the vault.
	 */
	world.real_files = 0;
	cmocka_set_test_filter("a_*");
	failed += host_trees_run("trees over a fake engine, with bash", &world);
	return fakehosts_end(&f) || failed;
}

/* The contract of trees and the vault over the shell host. RFA_TEST: a pattern of tests' names. */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/fakehost.h"

static int open_one(struct host_world *w, int machine, struct rfa_host **out, struct rfa_error *err)
{
	return fakehosts_open(w->data, machine, NULL, out, err);
}

static int put(struct host_world *w, const char *path, const char *content)
{
	(void)w;
	return fakehosts_put(path, content);
}

int main(void)
{
	struct fakehosts f;
	struct host_world world = { .data = &f, .open = open_one, .real_files = 1, .put = put };
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	if (fakehosts_make(&f))
		return 1;
	snprintf(world.dir, sizeof(world.dir), "%s", f.files);
	snprintf(world.tag, sizeof(world.tag), "contract");
	failed = host_trees_run("trees over a fake engine", &world);
	return fakehosts_end(&f) || failed;
}

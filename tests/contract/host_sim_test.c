/* The host contract over the simulated host. */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixtures/sim/sim.h"

static int sim_open(struct host_world *w, int machine, struct rfa_host **out, struct rfa_error *err)
{
	return rfa_sim_open(out, rfa_sim_host_find(w->data, machine ? "prod" : "test"), err);
}

int main(void)
{
	static const char text[] =
	    "{\"hosts\":{\"test\":{\"directories\":[\"/srv/files here\"],\"images\":["
	    "{\"ref\":\"app:1\",\"layers\":[[\"base\",300000],[\"one\",3000]],"
	    "\"config\":{\"Env\":[\"A=b\"]}},"
	    "{\"ref\":\"app:2\",\"layers\":[[\"base\",300000],[\"two\",3000]],"
	    "\"config\":{\"Env\":[\"A=b\"]}}]},\"prod\":{}}}";
	struct host_world world = { .open = sim_open };
	struct rfa_sim_world *sim = NULL;
	json_t *description = json_loads(text, 0, NULL);
	struct rfa_error err;
	int failed = 1;

	snprintf(world.dir, sizeof(world.dir), "/srv/files here");
	snprintf(world.tag, sizeof(world.tag), "contract");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (rfa_sim_new(&sim, 1, &err) == 0 && rfa_sim_setup(sim, description, &err) == 0) {
		world.data = sim;
		failed = host_contract_run("simulated host", &world);
	} else {
		print_error("%s\n", err.msg);
	}
	rfa_sim_free(sim);
	json_decref(description);
	return failed != 0;
}

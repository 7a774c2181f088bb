/*
 * What a container has of another one, as every engine does it: rfa relies on it when it stops,
 * starts and replaces containers. For the simulated host and a real engine.
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
#include "tests/contract/host_contract.h"
#include "tests/contract/host_fixture.h"

/* An id that no container has. */
#define NOBODY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void drop(struct fixture *x, const char *name)
{
	struct rfa_error ignored;

	(void)!x->h->engine->container_stop(x->h, KEY("stop"), name, &ignored);
	(void)!x->h->engine->container_remove(x->h, KEY("rm"), name, &ignored);
}

static int start(struct fixture *x, const char *name)
{
	rfa_error_clear(&x->err);
	return x->h->engine->container_start(x->h, KEY("start"), name, &x->err);
}

/* With host_config, a JSON text in which % is the name of the other one. */
static void make(struct fixture *x, const char *name, const char *host_config, const char *other)
{
	const char *at = strchr(host_config, '%');
	char text[256];
	json_t *body;

	drop(x, name);
	snprintf(text, sizeof(text), "%.*s%s%s", at ? (int)(at - host_config) : 255, host_config,
		 at ? other : "", at ? at + 1 : "");
	body = json_pack("{s:s, s:i, s:[s, s], s:o}", "Image", "app:1", "StopTimeout", 1, "Env",
			 "PORT=8999", "SIM_HEALTH=200", "HostConfig", json_loads(text, 0, NULL));
	/* It stands in its data. */
	if (strstr(text, ":/data"))
		json_object_set_new(body, "WorkingDir", json_string("/data"));
	assert_non_null(body);
	assert_ok(x->h->engine->container_create(x->h, KEY("create"), name, body, &x->err));
	json_decref(body);
}

static json_t *seen(struct fixture *x, const char *name)
{
	json_t *out = NULL;

	assert_ok(x->h->engine->inspect(x->h, RFA_CONTAINER, name, &out, &x->err));
	return out;
}

static int is_running(struct fixture *x, const char *name)
{
	json_t *one = seen(x, name);
	int running = rfa_facts_bool(one, "State/Running", 0);

	json_decref(one);
	return running;
}

/* It runs only while the other one does, and never with another one of its name. */
static void a_reference_is_to_the_very_container(void **state)
{
	static const struct {
		const char *host_config, *field; /* that has the other one's id from then on */
	} ways[] = {
		{ "{\"NetworkMode\": \"container:%\"}", "HostConfig/NetworkMode" },
		{ "{\"PidMode\": \"container:%\"}", "HostConfig/PidMode" },
		{ "{\"IpcMode\": \"container:%\"}", "HostConfig/IpcMode" },
		{ "{\"Links\": [\"%:alias\"]}", NULL },
	};
	struct fixture *x = begin(state, "refs");
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		json_t *one, *other;

		drop(x, NAME("user"));
		drop(x, NAME("kept"));
		make(x, NAME("owner"), "{\"IpcMode\": \"shareable\"}", "");
		assert_ok(start(x, NAME("owner")));
		make(x, NAME("user"), ways[i].host_config, NAME("owner"));
		one = seen(x, NAME("user"));
		other = seen(x, NAME("owner"));
		if (ways[i].field)
			assert_string_equal(rfa_facts_str(one, ways[i].field, "") + 10,
					    rfa_facts_str(other, "Id", "-"));
		json_decref(one);
		json_decref(other);
		assert_ok(start(x, NAME("user")));
		assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("user"), &x->err));
		assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("owner"), &x->err));
		assert_int_equal(start(x, NAME("user")), -RFA_EREMOTE);
		assert_ok(start(x, NAME("owner")));
		assert_ok(start(x, NAME("user")));
		assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("user"), &x->err));

		/* As rfa replaces one: kept under another name, another one has its name. */
		assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("owner"), &x->err));
		assert_ok(x->h->engine->container_rename(x->h, KEY("mv"), NAME("owner"),
							 NAME("kept"), &x->err));
		make(x, NAME("owner"), "{\"IpcMode\": \"shareable\"}", "");
		assert_ok(start(x, NAME("owner")));
		assert_int_equal(start(x, NAME("user")), -RFA_EREMOTE);
		assert_ok(x->h->engine->container_remove(x->h, KEY("rm"), NAME("kept"), &x->err));
		if (!start(x, NAME("user")))
			fail_msg("%s: it starts with another one", ways[i].host_config);
		drop(x, NAME("user"));
		drop(x, NAME("owner"));
	}
	end(x);
}

/* The first process of a namespace takes all others with it. */
static void a_process_namespace_ends_with_its_owner(void **state)
{
	struct fixture *x = begin(state, "pid");

	make(x, NAME("owner"), "{}", "");
	assert_ok(start(x, NAME("owner")));
	make(x, NAME("user"), "{\"PidMode\": \"container:%\"}", NAME("owner"));
	assert_ok(start(x, NAME("user")));
	assert_true(is_running(x, NAME("user")));
	assert_ok(x->h->engine->container_stop(x->h, KEY("stop"), NAME("owner"), &x->err));
	assert_false(is_running(x, NAME("user")));
	drop(x, NAME("user"));
	drop(x, NAME("owner"));
	end(x);
}

/* Volumes are taken over when it is made: afterwards nobody is asked. */
static void volumes_are_its_own(void **state)
{
	struct fixture *x = begin(state, "volumes");
	json_t *one;

	make(x, NAME("owner"), "{\"Binds\": [\"contract-refs:/data\"]}", "");
	make(x, NAME("user"), "{\"VolumesFrom\": [\"%\"]}", NAME("owner"));
	drop(x, NAME("owner"));
	assert_ok(start(x, NAME("user")));
	one = seen(x, NAME("user"));
	assert_string_equal(rfa_facts_str(one, "Mounts/0/Name", ""), "contract-refs");
	json_decref(one);
	drop(x, NAME("user"));
	end(x);
}

static size_t holders(struct fixture *x, const char *path, const char *without)
{
	json_t *paths = json_pack("[{s:s, s:s}]", "kind", "directory", "path", path);
	json_t *ids = without ? json_pack("[s, s]", NOBODY, without) : NULL;
	json_t *out = NULL;
	size_t n;

	assert_ok(x->h->trees->holders(x->h, paths, ids, &out, &x->err));
	n = json_array_size(out);
	json_decref(out);
	json_decref(ids);
	json_decref(paths);
	return n;
}

/* Also where its processes are in the host's own namespace. */
static void its_processes_are_told_apart(void **state)
{
	static const char *const ways[] = { "{\"Binds\": [\"contract-refs:/data\"]}",
					    "{\"Binds\": [\"contract-refs:/data\"], "
					    "\"PidMode\": \"host\"}" };
	struct fixture *x = begin(state, "apart");
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *source, *id;
		json_t *one;

		make(x, NAME("user"), ways[i], "");
		one = seen(x, NAME("user"));
		source = rfa_facts_str(one, "Mounts/0/Source", "");
		id = rfa_facts_str(one, "Id", "");
		assert_int_equal(holders(x, source, NULL), 0);
		assert_ok(start(x, NAME("user")));
		assert_int_equal(holders(x, source, NULL), 1);
		assert_int_equal(holders(x, source, NOBODY), 1);
		assert_int_equal(holders(x, source, id), 0);
		json_decref(one);
		drop(x, NAME("user"));
	}
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_refs_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_reference_is_to_the_very_container),
		cmocka_unit_test(a_process_namespace_ends_with_its_owner),
		cmocka_unit_test(volumes_are_its_own),
		cmocka_unit_test(its_processes_are_told_apart),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}

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

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
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

/* In which networks a container is, by name, each with a blank; sorted. */
static void assert_networks(struct fixture *x, const char *service, const char *expected)
{
	char name[128], is[512] = "";
	json_t *one;
	const char *key, *names[8];
	json_t *unused;
	size_t n = 0, i;

	snprintf(name, sizeof(name), "%s-%s-1", x->world->tag, service);
	one = seen(x, name);
	json_object_foreach (rfa_facts_at(one, "NetworkSettings/Networks"), key, unused) {
		assert_true(n < 8);
		names[n++] = key;
	}
	qsort(names, n, sizeof(names[0]), by_text);
	for (i = 0; i < n; i++)
		snprintf(is + strlen(is), sizeof(is) - strlen(is), "%s ", names[i]);
	assert_string_equal(is, expected);
	json_decref(one);
	drop(x, name);
}

static const char *network_name(const json_t *config, const char *network)
{
	return rfa_facts_str(json_object_get(rfa_facts_at(config, "networks"), network), "name",
			     "");
}

/* Compose names the networks of its services, and its containers are in these and in no others. */
static void compose_joins_the_networks_that_it_names(void **state)
{
	static const char text[] =
	    "{\"services\":{"
	    "\"plain\":{\"image\":\"app:1\"},"
	    "\"two\":{\"image\":\"app:1\",\"networks\":[\"front\",\"out\"]},"
	    "\"host\":{\"image\":\"app:1\",\"network_mode\":\"host\"},"
	    "\"none\":{\"image\":\"app:1\",\"network_mode\":\"none\"},"
	    "\"shared\":{\"image\":\"app:1\",\"network_mode\":\"service:plain\"}},"
	    "\"networks\":{\"front\":{\"name\":\"contract-front\"},"
	    "\"out\":{\"external\":true,\"name\":\"spec-a\"}}}";
	struct fixture *x = begin(state, "compose-networks");
	const char *files[] = { "networks.yml", NULL };
	struct rfa_compose project = { .project = x->world->tag,
				       .directory = x->world->dir,
				       .files = files };
	json_t *out = NULL, *config, *shared, *plain;
	char path[512], name[128];

	snprintf(path, sizeof(path), "%s/%s", x->world->dir, files[0]);
	assert_ok(x->h->files->write(x->h, path, 0644, text, strlen(text), &x->err));
	assert_ok(x->h->engine->compose_config(x->h, &project, &out, &x->err));
	config = json_object_get(out, "config");
	snprintf(name, sizeof(name), "%s_default", x->world->tag);
	assert_string_equal(network_name(config, "default"), name);
	assert_string_equal(network_name(config, "front"), "contract-front");
	assert_string_equal(network_name(config, "out"), "spec-a");
	assert_true(rfa_facts_bool(config, "networks/out/external", 0));
	assert_int_equal(json_object_size(rfa_facts_at(config, "services/plain/networks")), 1);
	assert_int_equal(json_object_size(rfa_facts_at(config, "services/two/networks")), 2);
	assert_null(rfa_facts_at(config, "services/host/networks"));
	assert_string_equal(rfa_facts_str(config, "services/host/network_mode", ""), "host");
	assert_string_equal(rfa_facts_str(config, "services/shared/network_mode", ""),
			    "service:plain");
	assert_true(rfa_facts_bool(config, "services/shared/depends_on/plain/required", 0));

	assert_ok(x->h->engine->compose_up(x->h, KEY("up"), &project, &x->err));
	snprintf(name, sizeof(name), "%s-shared-1", x->world->tag);
	shared = seen(x, name);
	snprintf(name, sizeof(name), "%s-plain-1", x->world->tag);
	plain = seen(x, name);
	assert_string_equal(rfa_facts_str(shared, "HostConfig/NetworkMode", "") + 10,
			    rfa_facts_str(plain, "Id", "-"));
	json_decref(shared);
	json_decref(plain);
	assert_networks(x, "shared", "");
	snprintf(name, sizeof(name), "%s_default ", x->world->tag);
	assert_networks(x, "plain", name);
	assert_networks(x, "two", "contract-front spec-a ");
	assert_networks(x, "host", "host ");
	assert_networks(x, "none", "none ");
	json_decref(out);
	assert_ok(x->h->files->remove(x->h, path, &x->err));
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
		cmocka_unit_test(compose_joins_the_networks_that_it_names),
		cmocka_unit_test(its_processes_are_told_apart),
	};

	waiting = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}

/* What serves on both hosts of a standard world of data. */
#include "tests/harness/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

#define CONFIG "/srv/stacks/shop/files/config.json"

static void must(int rc, const struct rfa_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "%s (%s)\n", err->msg, err->where);
	abort();
}

static void drop_copies(json_t *by_path)
{
	const char *path;
	json_t *one;
	void *tmp;

	json_object_foreach_safe (by_path, tmp, path, one) {
		if (strstr(path, "/.rfa-") || strstr(path, "_rfa_") ||
		    !strncmp(path, WORLD_VAULT, strlen(WORLD_VAULT)))
			json_object_del(by_path, path);
	}
}

static json_t *serves_on(struct rfa_sim_host *host)
{
	struct rfa_error err;
	json_t *shared = NULL;
	json_t *copy;
	json_t *tree;
	const char *path;

	must(rfa_sim_snapshot(&shared, host, RFA_SIM_SERVES | RFA_SIM_TREES, &err), &err);
	copy = json_deep_copy(shared);
	json_decref(shared);
	drop_copies(json_object_get(copy, "files"));
	drop_copies(json_object_get(copy, "trees"));
	json_object_foreach (json_object_get(copy, "trees"), path, tree) {
		json_object_del(tree, "entry");
		json_object_del(json_object_get(tree, "content"), "writes");
	}
	return copy;
}

json_t *world_data_serves(struct world *w)
{
	return json_pack("{s:o, s:o}", "test", serves_on(w->test), "prod", serves_on(w->prod));
}

/* One writer. */

struct wish {
	int url;
};

static void edit_host(json_t *host)
{
	json_t *backend = rfa_facts_at(host, "containers/0/body/HostConfig");
	json_t *frontend = rfa_facts_at(host, "containers/1/body/HostConfig");
	json_t *services = rfa_facts_at(host, "compose/0/config/services");
	const char *name;
	json_t *service;

	json_object_set_new(backend, "Binds",
			    json_pack("[sss]", "/opt/app/data:/data:rw", "shop_esdata:/es:rw",
				      "/srv/stacks/shop/files:/files:rw"));
	json_object_set_new(backend, "RestartPolicy",
			    json_pack("{s:s, s:i}", "Name", "always", "MaximumRetryCount", 0));
	json_object_del(frontend, "Binds");
	json_object_foreach (services, name, service) {
		json_object_del(service, "volumes");
	}
	json_object_set_new(host, "volumes", json_pack("[s]", "shop_esdata"));
}

static void edit(void *user, json_t *setup, json_t *plan)
{
	const struct wish *wish = user;

	edit_host(rfa_facts_at(setup, "hosts/test"));
	edit_host(rfa_facts_at(setup, "hosts/prod"));
	if (!wish->url)
		return;
	json_object_set_new(rfa_facts_at(plan, "source/stack/base_url"), "file",
			    json_string(CONFIG));
	json_object_set_new(rfa_facts_at(plan, "target/stack/base_url"), "file",
			    json_string(CONFIG));
}

void world_make_one_writer(struct world *w, enum scenario s, int url)
{
	struct wish wish = { url };
	struct rfa_error err;

	world_make_edited(w, s, 7, edit, &wish);
	if (!url)
		return;
	must(rfa_sim_file_put(w->test, CONFIG, 0640,
			      "{\n  \"of\": \"test\",\n  \"base_url\" : "
			      "\"http:\\/\\/10.88.0.11\\/\",\n  \"z\": 1\n}\n",
			      &err),
	     &err);
	must(rfa_sim_file_put(w->prod, CONFIG, 0600,
			      "{\"base_url\":\"http://10.88.0.12:80/\",\"of\":\"prod\"}", &err),
	     &err);
}

int world_is_one_moment(struct world *w, const char *env, struct rfa_buf *why)
{
	json_t *data = world_data(w);
	json_int_t first = -1;
	const char *name;
	json_t *one;
	int good = 1;

	json_object_foreach (json_object_get(data, env), name, one) {
		json_int_t writes = (json_int_t)rfa_facts_int(one, "writes", -1);

		/* After a power cut it may have taken no sessions for a while. */
		if (!strcmp(name, "db") && rfa_sim_fired_count(w->sim) && writes < first)
			continue;
		if (first >= 0 && writes != first) {
			rfa_buf_printf(why, "%s on %s was written %lld times, another %lld; ", name,
				       env, (long long)writes, (long long)first);
			good = 0;
		}
		first = writes;
	}
	json_decref(data);
	return good;
}

void world_guarded_text(struct world *w, struct rfa_buf *out)
{
	struct rfa_error err;
	json_t *shared = NULL;

	must(rfa_sim_snapshot(&shared, w->prod, RFA_SIM_FILES, &err), &err);
	rfa_buf_puts(out, rfa_facts_str(json_object_get(json_object_get(shared, "files"), CONFIG),
					"text", ""));
	json_decref(shared);
}

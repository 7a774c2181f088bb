/* The standard world with files that are brought to a Compose directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "tests/harness/world.h"

#define PLACE "/srv/stacks/shop"

static void edit(void *user, json_t *setup, json_t *plan)
{
	const int *take = user;
	json_t *compose = rfa_facts_at(plan, "target/stack/compose");
	json_t *options = json_object_get(plan, "options");

	(void)setup;
	json_object_set_new(plan, "flow", json_string("sync"));
	json_object_set_new(compose, "source", json_string(WORLD_FILES));
	json_object_set_new(compose, "keep", json_pack("[s]", "data"));
	json_object_set_new(options, *take ? "take_back" : "remove_gone", json_true());
	json_object_set_new(options, "synced", json_object());
	json_object_del(json_object_get(plan, "source"), "stack");
}

static void put(struct rfa_sim_host *host, const char *path, unsigned mode, const char *text)
{
	struct rfa_error err;

	if (rfa_sim_file_put(host, path, mode, text, &err))
		abort();
}

/* An earlier sync has brought what is there. */
static void was_brought(struct world *w, const char *path, const char *otherwise)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	char whole[512], hex[RFA_DIGEST_HEX];
	struct rfa_error err;

	snprintf(whole, sizeof(whole), PLACE "/%s", path);
	if (w->target->files->read(w->target, whole, 1 << 20, &text, &err))
		abort();
	if (otherwise) {
		rfa_buf_clear(&text);
		rfa_buf_puts(&text, otherwise);
	}
	rfa_digest_of(RFA_SHA256, rfa_buf_str(&text), text.len, hex);
	json_object_set_new(rfa_facts_at(w->plan, "options/synced"), path,
			    json_pack("{s:s, s:i}", "sha256", hex, "mode", 0644));
	rfa_buf_release(&text);
}

void world_make_files(struct world *w, uint64_t seed, int take)
{
	world_make_edited(w, SCENARIO_COMPOSE, seed, edit, &take);
	put(w->prod, PLACE "/old.yml", 0644, "old: 1\n");
	put(w->prod, PLACE "/data/big", 0600, "data");
	put(w->prod, PLACE "/conf/same.yml", 0644, "same: 1\n");
	put(w->test, WORLD_FILES "/docker-compose.yml", 0644, "{\"services\": {}}\n");
	put(w->test, WORLD_FILES "/conf/same.yml", 0644, "same: 1\n");
	put(w->test, WORLD_FILES "/conf/deep/new.yml", 0640, "new: 1\n");
	put(w->test, WORLD_FILES "/.env", 0644, "MODE=prod\nPASSWORD=hunter2hunter2\n");
	put(w->test, WORLD_FILES "/data/kept", 0644, "never travels\n");
	was_brought(w, "old.yml", NULL);
	was_brought(w, "docker-compose.yml", take ? "as it was brought" : NULL);
}

static json_t *read_json(struct world *w, const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	struct rfa_error err;
	json_t *out = NULL;

	if (rfa_ledger_read(w->ledger, path, &text, &err) ||
	    rfa_facts_parse(&out, rfa_buf_str(&text), text.len, path, &err))
		abort();
	rfa_buf_release(&text);
	return out;
}

json_t *world_files_back_plan(struct world *w)
{
	json_t *plan = rfa_facts_copy(w->plan), *names = NULL, *sync;
	struct rfa_error err;
	char path[256];

	if (!plan || rfa_ledger_names(w->ledger, "points/prod/app", &names, &err))
		abort();
	snprintf(path, sizeof(path), "points/prod/app/%s",
		 json_string_value(json_array_get(names, 0)));
	json_object_set_new(plan, "flow", json_string("rollback-files"));
	json_object_set_new(plan, "source", json_null());
	json_object_set_new(plan, "point", read_json(w, path));
	sync = read_json(w, "synced/prod/app.json");
	json_object_set(json_object_get(plan, "options"), "synced", json_object_get(sync, "files"));
	json_decref(sync);
	json_decref(names);
	return plan;
}

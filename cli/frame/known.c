/* Names that were typed: whether rfa.json or the ledger knows them, and what is nearest. */
#include "cli/frame/known.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/suggest.h"

/* Names. */

/* Every "env/stack" of the ledger's tree, into one object each. */
static int collect(struct rfa_cli *cli, json_t *envs, json_t *stacks, struct rfa_error *err)
{
	static const char *const folders[] = { "environments", "data", "points", "backups",
					       "drills" };
	int rc = 0;
	for (size_t f = 0; rc == 0 && f < sizeof(folders) / sizeof(folders[0]); f++) {
		json_t *places = NULL, *place;
		size_t i;
		rc = rfa_ledger_names(cli->ledger, folders[f], &places, err);
		json_array_foreach (places, i, place) {
			json_t *names = NULL, *name;
			char path[256], stack[128];
			size_t j;
			json_object_set_new(envs, json_string_value(place), json_null());
			snprintf(path, sizeof(path), "%s/%.100s", folders[f],
				 json_string_value(place));
			if (rc == 0)
				rc = rfa_ledger_names(cli->ledger, path, &names, err);
			json_array_foreach (names, j, name) {
				const char *text = json_string_value(name);
				snprintf(stack, sizeof(stack), "%.*s", (int)strcspn(text, "."),
					 text);
				json_object_set_new(stacks, stack, json_null());
			}
			json_decref(names);
		}
		json_decref(places);
	}
	return rc;
}

static int found_one(void *user, const struct rfa_ledger_line *line)
{
	(void)line;
	*(int *)user = 1;
	return 1;
}

/* A run that never ended well left no file: the listing knows its stack all the same. */
static int has_run(struct rfa_cli *cli, const char *stack, const char *env)
{
	struct rfa_ledger_filter filter = { .stack = stack, .env = env, .limit = 1 };
	struct rfa_error ignored;
	int found = 0;
	return rfa_ledger_list(cli->ledger, &filter, found_one, &found, &ignored) >= 0 && found;
}

static int known(struct rfa_cli *cli, int is_stack, const char *name, struct rfa_error *err)
{
	json_t *names[2] = { json_object(), json_object() }, *unused;
	const char *keys[2] = { "environments", "stacks" };
	struct rfa_suggestion s = { name, NULL, 0 };
	struct rfa_buf safe = RFA_BUF_INIT(1024), all = RFA_BUF_INIT(1 << 20);
	const char *key;
	int rc = rfa_cli_ledger(cli, err);

	if (rc == 0)
		rc = collect(cli, names[0], names[1], err);
	if (rc == 0 && cli->config)
		json_object_update(names[is_stack],
				   json_object_get(cli->config->root, keys[is_stack]));
	if (rc < 0 || json_object_get(names[is_stack], name) ||
	    has_run(cli, is_stack ? name : NULL, is_stack ? NULL : name))
		goto done;
	json_object_foreach (names[is_stack], key, unused) {
		if (strncmp(key, "x-", 2) == 0)
			continue;
		rfa_suggest_offer(&s, key);
		rfa_buf_printf(&all, "%s%s", all.len ? ", " : "", key);
	}
	rc = rfa_fail(err, RFA_ENOTFOUND, "cli", "neither rfa.json nor the ledger has %s \"%s\"",
		      is_stack ? "a stack" : "an environment", rfa_out_safe(&safe, name, 60));
	if (s.best)
		rfa_error_hint(err, "did you mean \"%s\"?", s.best);
	else
		rfa_error_hint(err, "there is: %.400s", all.len ? rfa_buf_str(&all) : "none yet");
done:
	json_decref(names[0]);
	json_decref(names[1]);
	rfa_buf_release(&safe);
	rfa_buf_release(&all);
	return rc;
}

int rfa_known_stack(struct rfa_cli *cli, const char *stack, struct rfa_error *err)
{
	return stack ? known(cli, 1, stack, err) : 0;
}

int rfa_known_env(struct rfa_cli *cli, const char *env, struct rfa_error *err)
{
	return env ? known(cli, 0, env, err) : 0;
}

/* The nearest run so far: lines are gone after the call. */
struct nearest {
	struct rfa_suggestion s;
	char best[RFA_RUN_ID_MAX];
};

static int offer_run(void *user, const struct rfa_ledger_line *line)
{
	struct nearest *n = user;
	n->s.best = n->best[0] ? n->best : NULL;
	rfa_suggest_offer(&n->s, line->run);
	if (n->s.best == line->run)
		snprintf(n->best, sizeof(n->best), "%s", line->run);
	return 0;
}

void rfa_known_run(struct rfa_cli *cli, const char *typed, struct rfa_error *err)
{
	struct rfa_ledger_filter filter = { .limit = 1000 };
	struct nearest n = { { typed, NULL, 0 }, "" };
	struct rfa_error ignored;
	if (rfa_cli_ledger(cli, &ignored) == 0 &&
	    rfa_ledger_list(cli->ledger, &filter, offer_run, &n, &ignored) >= 0 && n.best[0])
		rfa_error_hint(err, "did you mean %s? `rfa runs` lists them", n.best);
}

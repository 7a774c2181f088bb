/* Looks backups and drills up in the ledger, as the ends of runs have written them. */
#include "cli/known.h"

#include <stdio.h>
#include <string.h>

#include "cli/points.h"
#include "cli/suggest.h"

const char *rfa_known_age(const struct rfa_cli *cli, const char *iso, char into[RFA_SHORT_MAX])
{
	int64_t at;
	if (rfa_time_parse(iso, &at) == 0)
		return rfa_out_age(into, cli->clock->wall_ms(cli->clock) - at);
	snprintf(into, RFA_SHORT_MAX, "-");
	return into;
}

int rfa_backup_id_parse(const char *text, struct rfa_backup_id *out)
{
	const char *set = strrchr(text, '-');
	/* The compact form only: it sorts as text, and it is what a file can be called. */
	if (strspn(text, "0123456789") != 8 || rfa_time_parse(text, &out->at_ms) != 0 ||
	    text[15] != '-' || set <= text + 16 || (size_t)(set - text - 16) >= sizeof(out->env))
		return -1;
	snprintf(out->env, sizeof(out->env), "%.*s", (int)(set - text - 16), text + 16);
	snprintf(out->set, sizeof(out->set), "%s", set + 1);
	return strcmp(set, "-data") == 0 || strcmp(set, "-images") == 0 ? 0 : -1;
}

/* ---- names ----------------------------------------------------------------------------------- */

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
		rfa_error_mend(err, "did you mean \"%s\"?", s.best);
	else
		rfa_error_mend(err, "there is: %.400s", all.len ? rfa_buf_str(&all) : "none yet");
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
		rfa_error_mend(err, "did you mean %s? `rfa runs` lists them", n.best);
}

/* ---- the ledger's files ---------------------------------------------------------------------- */

/* A drill proves whose backup was put back, not the place where that was done. */
static int is_of(const json_t *drill, const char *place, const char *env)
{
	struct rfa_backup_id id;
	if (rfa_backup_id_parse(rfa_facts_str(drill, "backup", ""), &id) < 0)
		return strcmp(place, env) == 0;
	return strcmp(id.env, env) == 0;
}

/* A file that may well not be there: *out is NULL then. */
static int read_if_any(struct rfa_cli *cli, const char *path, json_t **out, struct rfa_error *err)
{
	*out = NULL;
	int rc = rfa_ledger_json(cli, path, out, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

/* *out (new): the drills of backups of this environment's stack, wherever they were held. */
static int read_drills(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		       struct rfa_error *err)
{
	json_t *places = NULL, *place, *list = json_array();
	char path[256];
	size_t i;

	int rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_ledger_names(cli->ledger, "drills", &places, err);
	json_array_foreach (places, i, place) {
		const char *where = json_string_value(place);
		json_t *drill = NULL;
		if (rc < 0)
			break;
		snprintf(path, sizeof(path), "drills/%.64s/%.64s.json", where, stack);
		rc = read_if_any(cli, path, &drill, err);
		if (drill && is_of(drill, where, env))
			json_array_append(list, drill);
		json_decref(drill);
	}
	json_decref(places);
	if (rc == 0)
		*out = list;
	else
		json_decref(list);
	return rc;
}

int rfa_known_drill(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		    struct rfa_error *err)
{
	json_t *drills = NULL, *drill, *best = NULL;
	size_t i;
	int rc = read_drills(cli, env, stack, &drills, err);
	json_array_foreach (drills, i, drill) {
		if (!best ||
		    strcmp(rfa_facts_str(drill, "at", ""), rfa_facts_str(best, "at", "")) > 0)
			best = drill;
	}
	*out = rc == 0 ? json_incref(best) : NULL;
	json_decref(drills);
	return rc;
}

static void pin(json_t *pins, const char *id)
{
	json_t *one;
	size_t i;
	json_array_foreach (pins, i, one) {
		if (strcmp(json_string_value(one), id) == 0)
			return;
	}
	if (*id)
		json_array_append_new(pins, json_string(id));
}

int rfa_known_pins(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		   struct rfa_error *err)
{
	json_t *pins = json_array(), *points = NULL, *drills = NULL, *one;
	size_t i;
	int rc = pins ? 0 : rfa_fail_nomem(err);

	if (rc == 0)
		rc = rfa_points_list(cli, env, stack, &points, err);
	if (rc == 0)
		rc = read_drills(cli, env, stack, &drills, err);
	json_array_foreach (points, i, one)
		pin(pins, rfa_facts_str(one, "backup", ""));
	/* A drill that failed names the one that was proven before it. */
	json_array_foreach (drills, i, one)
		pin(pins, rfa_facts_bool(one, "proven", 0)
			      ? rfa_facts_str(one, "backup", "")
			      : rfa_facts_str(one, "last_proven/backup", ""));
	json_decref(points);
	json_decref(drills);
	if (rc == 0)
		*out = pins;
	else
		json_decref(pins);
	return rc;
}

int rfa_known_proof(struct rfa_cli *cli, const char *env, const char *stack,
		    char into[RFA_TIME_MAX], struct rfa_error *err)
{
	json_t *drill = NULL;
	int rc = rfa_known_drill(cli, env, stack, &drill, err);
	into[0] = '\0';
	if (rc == 0 && rfa_facts_bool(drill, "proven", 0))
		snprintf(into, RFA_TIME_MAX, "%s", rfa_facts_str(drill, "at", ""));
	json_decref(drill);
	return rc;
}

/* Ids sort by time. A vault on the operator's machine has those of all environments. */
static void take_newest(const json_t *names, const char *env, char into[128])
{
	struct rfa_backup_id id;
	json_t *name;
	char text[128];
	size_t i;
	json_array_foreach ((json_t *)names, i, name) {
		snprintf(text, sizeof(text), "%s", json_string_value(name));
		size_t len = strlen(text);
		if (len < 6 || strcmp(text + len - 5, ".json") != 0)
			continue;
		text[len - 5] = '\0';
		if (rfa_backup_id_parse(text, &id) == 0 && strcmp(id.env, env) == 0 &&
		    strcmp(text, into) > 0)
			snprintf(into, 128, "%s", text);
	}
}

int rfa_known_backup(struct rfa_cli *cli, const char *env, const char *stack, char into[128],
		     struct rfa_error *err)
{
	json_t *places = NULL, *place;
	char folder[256];
	size_t i;

	into[0] = '\0';
	int rc = rfa_ledger_names(cli->ledger, "backups", &places, err);
	json_array_foreach (places, i, place) {
		json_t *names = NULL;
		if (rc < 0)
			break;
		snprintf(folder, sizeof(folder), "backups/%.64s/%.64s", json_string_value(place),
			 stack);
		rc = rfa_ledger_names(cli->ledger, folder, &names, err);
		if (rc == 0)
			take_newest(names, env, into);
		json_decref(names);
	}
	json_decref(places);
	return rc;
}

int rfa_known_in_vault(struct rfa_cli *cli, const char *env, const char *stack, const char *where,
		       const char *vault, char into[128], struct rfa_error *err)
{
	json_t *backup = NULL;
	char path[320];
	int rc = rfa_known_backup(cli, env, stack, into, err);

	if (rc < 0 || !*into)
		return rc;
	snprintf(path, sizeof(path), "backups/%.64s/%.64s/%.120s.json", env, stack, into);
	rc = read_if_any(cli, path, &backup, err);
	if (strcmp(rfa_facts_str(backup, "where", ""), where) != 0 ||
	    strcmp(rfa_facts_str(backup, "vault", ""), vault) != 0)
		into[0] = '\0';
	json_decref(backup);
	return rc;
}

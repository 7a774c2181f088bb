/* Looks backups and drills up in the ledger, as the ends of runs have written them. */
#include "cli/known.h"

#include <stdio.h>
#include <string.h>

#include "cli/points.h"

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

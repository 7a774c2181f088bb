/* Looks up what the ends of runs have written: points, verified versions, backups and drills. */
#include "fsm/parts/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "fsm/model/version.h"

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

int rfa_catalog_read(struct rfa_ledger *ledger, const char *path, json_t **out,
		     struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	int rc = rfa_ledger_read(ledger, path, &text, err);

	if (!rc)
		rc = rfa_facts_parse(out, rfa_buf_str(&text), text.len, path, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_catalog_find(struct rfa_ledger *ledger, const char *path, json_t **out,
		     struct rfa_error *err)
{
	int rc;

	*out = NULL;
	rc = rfa_catalog_read(ledger, path, out, err);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

int rfa_catalog_verified(struct rfa_ledger *ledger, const char *env, const char *stack,
			 json_t **out, struct rfa_error *err)
{
	char path[256];

	snprintf(path, sizeof(path), "verified/%.64s/%.64s.json", env, stack);
	return rfa_catalog_find(ledger, path, out, err);
}

/* Folders of documents: rollback points, versions. */

/* The name without ".json"; NULL: the file is something else. */
static const char *name_of(const json_t *entry, char into[200])
{
	const char *text = json_string_value(entry);
	size_t len = text ? strlen(text) : 0;

	if (len < 6 || len >= 200 || strcmp(text + len - 5, ".json") != 0)
		return NULL;
	snprintf(into, 200, "%.*s", (int)(len - 5), text);
	return into;
}

/* ISO times sort as text; newest first. Of one second the name tells: the later one has a number.
 */
static int by_age(const void *a, const void *b)
{
	const json_t *one = *(json_t *const *)b, *other = *(json_t *const *)a;
	int way = strcmp(rfa_facts_str(one, "at", ""), rfa_facts_str(other, "at", ""));

	return way ? way : strcmp(rfa_facts_str(one, "name", ""), rfa_facts_str(other, "name", ""));
}

static int read_each(struct rfa_ledger *ledger, const char *folder, const json_t *names,
		     json_t **list, size_t *n, struct rfa_error *err)
{
	char name[200], path[512];
	json_t *entry;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)names, i, entry) {
		if (rc || !name_of(entry, name))
			continue;
		snprintf(path, sizeof(path), "%s/%s.json", folder, name);
		rc = rfa_catalog_read(ledger, path, &list[*n], err);
		if (!rc)
			rc = rfa_facts_set(list[(*n)++], "name", json_string(name), err);
	}
	return rc;
}

/* *out (new): all documents of a folder, newest first, each with its "name". */
static int read_folder(struct rfa_ledger *ledger, const char *folder, json_t **out,
		       struct rfa_error *err)
{
	json_t *names = NULL, *all = json_array(), **list = NULL;
	size_t n = 0, i;
	int rc = rfa_ledger_names(ledger, folder, &names, err);

	if (!rc) {
		list = calloc(json_array_size(names) + 1, sizeof(*list));
		rc = list && all ? read_each(ledger, folder, names, list, &n, err)
				 : rfa_fail_nomem(err);
	}
	if (list)
		qsort(list, n, sizeof(*list), by_age);
	for (i = 0; i < n; i++)
		if (json_array_append_new(all, list[i]) && !rc)
			rc = rfa_fail_nomem(err);
	free(list);
	json_decref(names);
	if (rc)
		json_decref(all);
	else
		*out = all;
	return rc;
}

int rfa_catalog_points(struct rfa_ledger *ledger, const char *env, const char *stack, json_t **out,
		       struct rfa_error *err)
{
	char folder[200];

	snprintf(folder, sizeof(folder), "points/%.64s/%.64s", env, stack);
	return read_folder(ledger, folder, out, err);
}

json_t *rfa_catalog_point_meant(const json_t *points, const char *name)
{
	json_t *point, *by_version = NULL;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)points, i, point) {
		int images = !strcmp(rfa_facts_str(point, "kind", ""), "");

		if (name && !strcmp(rfa_facts_str(point, "name", ""), name))
			return point;
		if (!by_version && images &&
		    (!name || !strcmp(rfa_facts_str(point, "version", ""), name)))
			by_version = point;
	}
	return by_version;
}

int rfa_catalog_versions(struct rfa_ledger *ledger, const char *stack, json_t **out,
			 struct rfa_error *err)
{
	char folder[200];

	snprintf(folder, sizeof(folder), "versions/%.64s", stack);
	return read_folder(ledger, folder, out, err);
}

void rfa_catalog_version_path(const char *stack, const char *version, char out[256])
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strlen(version);
	char digest[RFA_DIGEST_HEX];

	/* As paths of the ledger: no part of dots, nothing that git takes for something else. */
	if (len && len <= 128 && !version[strspn(version, chars)] && *version != '.' &&
	    *version != '-' && version[len - 1] != '.' && !strstr(version, "..") &&
	    !strstr(version, ".lock")) {
		snprintf(out, 256, "versions/%.64s/%.128s.json", stack, version);
		return;
	}
	rfa_digest_of(RFA_SHA256, version, len, digest);
	snprintf(out, 256, "versions/%.64s/_%.40s.json", stack, digest);
}

int rfa_catalog_version(struct rfa_ledger *ledger, const char *stack, const char *version,
			json_t **out, struct rfa_error *err)
{
	char path[256];

	rfa_catalog_version_path(stack, version, path);
	return rfa_catalog_find(ledger, path, out, err);
}

/* Debts. */

/* 1 if some environment has proven it, without force. */
static int is_proven(const struct rfa_version_list *all, const char *identity)
{
	const struct rfa_verification *one;
	const struct rfa_version *version, *unused;

	RFA_EACH (version, *all)
		RFA_EACH (one, version->verified)
			if (rfa_version_proof(all, identity, one->env, &unused))
				return 1;
	return 0;
}

static int is_owed(const struct rfa_version_list *all, const struct rfa_verification *forced)
{
	size_t i;

	for (i = 0; i < forced->identities.n; i++)
		if (!is_proven(all, forced->identities.at[i]))
			return 1;
	return 0;
}

static int read_versions(struct rfa_ledger *ledger, const char *stack, struct rfa_pool *pool,
			 struct rfa_version_list *out, struct rfa_error *err)
{
	json_t *all = NULL, *one;
	size_t i;
	int rc = rfa_catalog_versions(ledger, stack, &all, err);

	if (all)
		rfa_pool_json_new(pool, all);
	json_array_foreach (all, i, one) {
		if (!rc)
			rc = rfa_record_read(&rfa_shape_version, one, pool,
					     RFA_ADD(pool, version, out), err);
	}
	return rc ? rc : rfa_pool_check(pool, err);
}

/* 1 if one of the images that went there runs there now, as the ledger has it. */
static int still_runs(struct rfa_ledger *ledger, const char *env, const char *stack,
		      const struct rfa_verification *forced)
{
	struct rfa_error ignored;
	json_t *there = NULL, *image;
	char path[256];
	size_t i;
	int runs = 0;

	snprintf(path, sizeof(path), "environments/%.64s/%.64s.json", env, stack);
	if (rfa_catalog_find(ledger, path, &there, &ignored) || !there)
		return 1; /* nobody knows better */
	json_array_foreach (json_object_get(there, "images"), i, image) {
		runs |= rfa_texts_have(&forced->identities, rfa_facts_str(image, "identity", ""));
	}
	json_decref(there);
	return runs;
}

int rfa_catalog_debt(struct rfa_ledger *ledger, const char *env, const char *stack,
		     const char *version, int running, json_t **out, struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version_list all = { NULL, 0 };
	const struct rfa_version *of;
	const struct rfa_verification *one;
	int rc = read_versions(ledger, stack, &pool, &all, err);

	*out = NULL;
	of = rc ? NULL : rfa_version_named(&all, version);
	for (size_t i = 0; of && i < of->verified.n && !*out && !rc; i++) {
		one = &of->verified.at[i];
		if (!one->forced || strcmp(one->env, env) != 0 || !is_owed(&all, one) ||
		    (running && !still_runs(ledger, env, stack, one)))
			continue;
		*out = json_pack("{s:s, s:s, s:s, s:s}", "version", version, "run", one->run, "at",
				 one->at, "reason", one->reason);
		if (!*out)
			rc = rfa_fail_nomem(err);
	}
	rfa_pool_release(&pool);
	return rc;
}

/* Backups and drills. */

/* A drill proves whose backup was put back, not the place where that was done. */
static int is_of(const json_t *drill, const char *place, const char *env)
{
	struct rfa_backup_id id;
	if (rfa_backup_id_parse(rfa_facts_str(drill, "backup", ""), &id) < 0)
		return strcmp(place, env) == 0;
	return strcmp(id.env, env) == 0;
}

void rfa_catalog_drill_path(const char *place, const char *stack, const char *set, char out[256])
{
	/* No name of a stack has a dot in it. */
	snprintf(out, 256, "drills/%.64s/%.64s%s%s.json", place, stack,
		 strcmp(set, "data") ? "." : "", strcmp(set, "data") ? set : "");
}

/* *out (new): the drills of backups of this environment's stack, wherever they were held. */
static int read_drills(struct rfa_ledger *ledger, const char *env, const char *stack,
		       const char *set, json_t **out, struct rfa_error *err)
{
	json_t *places = NULL, *place, *list = json_array();
	char path[256];
	size_t i;

	int rc = rfa_ledger_names(ledger, "drills", &places, err);

	json_array_foreach (places, i, place) {
		const char *where = json_string_value(place);
		json_t *drill = NULL;
		if (rc < 0)
			break;
		rfa_catalog_drill_path(where, stack, set, path);
		rc = rfa_catalog_find(ledger, path, &drill, err);
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

int rfa_catalog_drill(struct rfa_ledger *ledger, const char *env, const char *stack,
		      const char *set, json_t **out, struct rfa_error *err)
{
	json_t *drills = NULL, *drill, *best = NULL;
	size_t i;
	int rc = read_drills(ledger, env, stack, set, &drills, err);
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
	if (*id && !rfa_facts_has_text(pins, id))
		json_array_append_new(pins, json_string(id));
}

int rfa_catalog_pins(struct rfa_ledger *ledger, const char *env, const char *stack,
		     int64_t keep_images, json_t **out, struct rfa_error *err)
{
	json_t *pins = json_array(), *points = NULL, *drills = NULL, *images = NULL, *one;
	size_t i;
	int rc = pins ? 0 : rfa_fail_nomem(err);

	if (rc == 0)
		rc = rfa_catalog_points(ledger, env, stack, &points, err);
	if (rc == 0)
		rc = read_drills(ledger, env, stack, "data", &drills, err);
	if (rc == 0)
		rc = read_drills(ledger, env, stack, "images", &images, err);
	if (rc == 0 && json_array_extend(drills, images))
		rc = rfa_fail_nomem(err);
	json_decref(images);
	json_array_foreach (points, i, one)
		if (*rfa_facts_str(one, "kind", "") || keep_images-- > 0)
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

int rfa_catalog_proof(struct rfa_ledger *ledger, const char *env, const char *stack,
		      const char *set, char into[RFA_TIME_MAX], struct rfa_error *err)
{
	json_t *drill = NULL;
	int rc = rfa_catalog_drill(ledger, env, stack, set, &drill, err);
	into[0] = '\0';
	if (rc == 0 && rfa_facts_bool(drill, "proven", 0))
		snprintf(into, RFA_TIME_MAX, "%s", rfa_facts_str(drill, "at", ""));
	json_decref(drill);
	return rc;
}

/* Ids sort by time. A vault on the operator's machine has those of all environments. */
static void take_newest(const json_t *names, const char *env, const char *set, char into[128])
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
		    (!set || strcmp(id.set, set) == 0) && strcmp(text, into) > 0)
			snprintf(into, 128, "%s", text);
	}
}

int rfa_catalog_backup(struct rfa_ledger *ledger, const char *env, const char *stack,
		       const char *set, char into[128], struct rfa_error *err)
{
	json_t *places = NULL, *place;
	char folder[256];
	size_t i;

	into[0] = '\0';
	int rc = rfa_ledger_names(ledger, "backups", &places, err);
	json_array_foreach (places, i, place) {
		json_t *names = NULL;
		if (rc < 0)
			break;
		snprintf(folder, sizeof(folder), "backups/%.64s/%.64s", json_string_value(place),
			 stack);
		rc = rfa_ledger_names(ledger, folder, &names, err);
		if (rc == 0)
			take_newest(names, env, set, into);
		json_decref(names);
	}
	json_decref(places);
	return rc;
}

int rfa_catalog_in_vault(struct rfa_ledger *ledger, const char *env, const char *stack,
			 const char *where, const char *vault, char into[128],
			 struct rfa_error *err)
{
	json_t *backup = NULL;
	char path[320];
	int rc = rfa_catalog_backup(ledger, env, stack, NULL, into, err);

	if (rc < 0 || !*into)
		return rc;
	snprintf(path, sizeof(path), "backups/%.64s/%.64s/%.120s.json", env, stack, into);
	rc = rfa_catalog_find(ledger, path, &backup, err);
	if (strcmp(rfa_facts_str(backup, "where", ""), where) != 0 ||
	    strcmp(rfa_facts_str(backup, "vault", ""), vault) != 0)
		into[0] = '\0';
	json_decref(backup);
	return rc;
}

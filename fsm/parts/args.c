/* Completes plans: what more than one flow asks the ledger, the configuration or a vault for. */
#include "fsm/parts/args.h"

#include <string.h>

#include "fsm/base/buf.h"
#include "fsm/base/facts.h"
#include "fsm/base/suggest.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/text.h"

int rfa_plan_set(json_t *plan, const char *key, json_t *value, struct rfa_error *err)
{
	return rfa_facts_set(json_object_get(plan, "options"), key, value, err);
}

int rfa_prepare_proven_images(const struct rfa_prepare *p, json_t *plan, const char *key,
			      const char *env, struct rfa_error *err)
{
	json_t *proven = NULL;
	int rc = rfa_catalog_verified(p->ledger, env, p->word, &proven, err);

	if (!rc && proven)
		rc = rfa_plan_set(plan, key, json_incref(proven), err);
	json_decref(proven);
	return rc;
}

/* Of its data: what is written in an image can be had again. */
static int put_backup_at(const struct rfa_prepare *p, json_t *plan, const char *env,
			 struct rfa_error *err)
{
	char id[128] = "", at[RFA_TIME_MAX];
	struct rfa_backup_id parsed;
	int rc = rfa_catalog_backup(p->ledger, env, p->word, "data", id, err);

	if (rc || rfa_backup_id_parse(id, &parsed))
		return rc;
	rfa_time_iso(parsed.at_ms, at);
	return rfa_plan_set(plan, "backup_at", json_string(at), err);
}

int rfa_prepare_proof(const struct rfa_prepare *p, json_t *plan, const char *env,
		      struct rfa_error *err)
{
	char at[RFA_TIME_MAX] = "";
	/* Where there is no data, a backup of the images is what can be proven. */
	const char *set =
	    json_object_size(rfa_facts_at(plan, "target/stack/data/members")) ? "data" : "images";
	int rc = rfa_catalog_proof(p->ledger, env, p->word, set, at, err);

	if (!rc && *at)
		rc = rfa_plan_set(plan, "proven_drill_at", json_string(at), err);
	if (!rc)
		rc = rfa_catalog_proof(p->ledger, env, p->word, "rebuild", at, err);
	if (!rc && *at)
		rc = rfa_plan_set(plan, "standby_drill_at", json_string(at), err);
	return rc ? rc : put_backup_at(p, plan, env, err);
}

int rfa_prepare_has_data(const json_t *side, struct rfa_error *err)
{
	if (json_object_size(rfa_facts_at(side, "stack/data/members")))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config", "the stack names no data in \"%.60s\"",
		 rfa_facts_str(side, "env", ""));
	return rfa_error_hint(
	    err, "add to it for example \"data\": {\"members\": {\"db\": {\"volume\": \"…\"}}}");
}

/* Volumes and directories are both trees: they may differ. A database is another thing. */
static const struct {
	const char *key, *what;
	int is_tree;
} kinds[] = {
	{ "volume", "a volume", 1 },           { "directory", "a directory", 1 },
	{ "sqlite", "an SQLite database", 0 }, { "postgres", "a database of PostgreSQL", 0 },
	{ "mysql", "a database of MySQL", 0 },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static size_t kind_of(const json_t *member)
{
	size_t i;

	for (i = 0; i < N_KINDS; i++)
		if (json_object_get(member, kinds[i].key))
			break;
	return i;
}

static int same_kind(const char *name, const json_t *from, const json_t *to, struct rfa_error *err)
{
	const json_t *sides[2] = { from, to };
	size_t kind[2], i;

	for (i = 0; i < 2; i++) {
		const json_t *members = rfa_facts_at(sides[i], "stack/data/members");

		kind[i] = kind_of(json_object_get(members, name));
		if (kind[i] < N_KINDS)
			continue;
		rfa_fail(err, RFA_ECONFIG, "config", "the data's member \"%.40s\" is not in \"%s\"",
			 name, rfa_facts_str(sides[i], "env", ""));
		return rfa_error_hint(
		    err, "members have the same names everywhere; only what they are may differ");
	}
	if (kind[0] == kind[1] || (kinds[kind[0]].is_tree && kinds[kind[1]].is_tree))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config",
		 "the data's member \"%.40s\" is %s in \"%s\" and %s in \"%s\"", name,
		 kinds[kind[0]].what, rfa_facts_str(from, "env", ""), kinds[kind[1]].what,
		 rfa_facts_str(to, "env", ""));
	return rfa_error_hint(err, "make it the same kind of database in both, or in neither");
}

int rfa_prepare_same_data(const json_t *from, const json_t *to, struct rfa_error *err)
{
	const json_t *sides[2] = { from, to };
	size_t i;

	for (i = 0; i < 2; i++) {
		const char *name;
		json_t *member;

		json_object_foreach (rfa_facts_at(sides[i], "stack/data/members"), name, member) {
			int rc = same_kind(name, from, to, err);

			if (rc)
				return rc;
		}
	}
	return 0;
}

/* Versions. */

int rfa_prepare_item(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const json_t *list = rfa_facts_at(plan, "target/stack/checklist");
	struct rfa_suggestion s = { NULL, NULL, 0 };
	json_t *one;
	size_t i;
	int rc = p->need(p, "item", &s.typed, err);

	if (rc)
		return rc;
	if (!rfa_facts_has_text(list, s.typed)) {
		json_array_foreach ((json_t *)(uintptr_t)list, i, one)
			rfa_suggest_offer(&s, json_string_value(one));
		rfa_fail(err, RFA_ENOTFOUND, "config", "the checklist of %s has no such item",
			 p->word);
		return s.best ? rfa_error_hint(err, "did you mean \"%s\"?", s.best)
			      : rfa_error_hint(err, "add it to \"checklist\" of the stack");
	}
	if (p->option(p, "reason", 0))
		rc = rfa_plan_set(plan, "reason", json_string(p->option(p, "reason", 0)), err);
	return rc ? rc : rfa_plan_set(plan, "item", json_string(s.typed), err);
}

/* Rollback points. */

/* What became of a point that was there once. 1: it was told, in *err. */
static int say_retired(const struct rfa_prepare *p, const char *env, const char *name,
		       const json_t *points, struct rfa_error *err)
{
	static const struct {
		const char *how, *did;
	} ends[] = {
		{ "pruned", "removed its data (rfa prune)" },
		{ "used", "went back to it" },
		{ "gone", "found its data gone" },
	};
	const char *did = "made an end of it";
	const char *successor, *stack = p->word;
	struct rfa_buf at = RFA_BUF_INIT(256);
	struct rfa_error none;
	json_t *point = NULL;
	json_t *one;
	char path[512];
	int back = 0;
	size_t i;

	if (strchr(name, '/') || strlen(name) >= 200)
		return 0;
	snprintf(path, sizeof(path), "retired/%s/%s/%s.json", env, stack, name);
	if (rfa_catalog_read(p->ledger, path, &point, &none))
		return 0;
	successor = rfa_facts_str(point, "retired/successor", "");
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strcmp(ends[i].how, rfa_facts_str(point, "retired/how", "")))
			did = ends[i].did;
	json_array_foreach ((json_t *)(uintptr_t)points, i, one) {
		back |= !strcmp(rfa_facts_str(one, "name", ""), successor);
	}
	rfa_text_time(&at, rfa_facts_str(point, "retired/at", "?"));
	rfa_fail(err, RFA_ENOTFOUND, "ledger",
		 "the rollback point %s is retired: run %.40s %s at %.30s", name,
		 rfa_facts_str(point, "retired/run", "?"), did, rfa_buf_str(&at));
	rfa_buf_release(&at);
	if (back)
		rfa_error_hint(err,
			       "what that run replaced is a point itself: rfa rollback %s --env %s "
			       "--to %.100s",
			       stack, env, successor);
	else
		rfa_error_hint(
		    err,
		    "`rfa rollback %s --env %s` lists those that are left; a backup: rfa "
		    "restore %s --env %s",
		    stack, env, stack, env);
	json_decref(point);
	return 1;
}

/* A version that is known, but is not kept on the host. 1: it was told, in *err. */
static int say_version(const struct rfa_prepare *p, const char *env, const char *name,
		       struct rfa_error *err)
{
	struct rfa_error none;
	json_t *version = NULL;

	if (strchr(name, '/') || strlen(name) > 128 ||
	    rfa_catalog_version(p->ledger, p->word, name, &version, &none) || !version)
		return 0;
	json_decref(version);
	rfa_fail(err, RFA_ENOTFOUND, "ledger",
		 "%s on %s has no rollback point of version %.128s: its images are not kept there",
		 p->word, env, name);
	rfa_error_hint(err,
		       "bring it as a new version comes: rfa deploy %s %.128s --to %s, or rfa "
		       "promote from where it runs; or the images of a backup: rfa backup list %s "
		       "--env %s --set images",
		       p->word, name, env, p->word, env);
	return 1;
}

static int no_point(const struct rfa_prepare *p, const char *env, const char *name,
		    const json_t *points, struct rfa_error *err)
{
	struct rfa_buf safe = RFA_BUF_INIT(1024), all = RFA_BUF_INIT(1 << 20);
	struct rfa_suggestion s = { name, NULL, 0 };
	json_t *one;
	size_t i;

	if (say_retired(p, env, name, points, err) || say_version(p, env, name, err))
		return -RFA_ENOTFOUND;
	json_array_foreach ((json_t *)(uintptr_t)points, i, one) {
		rfa_suggest_offer(&s, rfa_facts_str(one, "name", ""));
		rfa_buf_printf(&all, "%s%s", i ? ", " : "", rfa_facts_str(one, "name", ""));
	}
	rfa_buf_put_printable(&safe, name, strlen(name), 80);
	rfa_fail(err, RFA_ENOTFOUND, "ledger", "%s on %s has no rollback point \"%s\"", p->word,
		 env, rfa_buf_str(&safe));
	if (s.best)
		rfa_error_hint(err, "did you mean --to %.100s?", s.best);
	else
		rfa_error_hint(err, "there is: %.300s; `rfa rollback %s --env %s` tells more",
			       all.len ? rfa_buf_str(&all) : "none yet", p->word, env);
	rfa_buf_release(&safe);
	rfa_buf_release(&all);
	return -RFA_ENOTFOUND;
}

int rfa_prepare_point(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *env = rfa_facts_str(plan, "target/env", "");
	const char *name = NULL;
	json_t *points = NULL;
	json_t *one = NULL;
	int rc = p->option(p, "last", 0) ? 0 : p->need(p, "to", &name, err);

	if (!rc)
		rc = rfa_catalog_points(p->ledger, env, p->word, &points, err);
	if (rc)
		return rc;
	one = rfa_catalog_point_meant(points, name);
	if (!one)
		rc = no_point(p, env, name ? name : "the last one", points, err);
	if (!rc)
		rc = rfa_facts_set(plan, "point", json_incref(one), err);
	json_decref(points);
	return rc;
}

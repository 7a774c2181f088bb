/*
 * What the ledger needs images of a host for: what environments of that host have had last, what
 * they have proven, what a drill has proven, what runs that are not over speak of, and what another
 * stack has, too.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"

struct needs {
	const struct rfa_prepare *p;
	const json_t *side; /* the host that is meant */
	json_t *list;       /* [{"image","why"}] */
	json_t *own;        /* {identity: true}: the stack's */
};

/* Images that a document speaks of. */

/* A key under which records of the ledger name an image, in words of every host or of one. */
static int is_image_key(const char *key)
{
	return !strcmp(key, "identity") || !strcmp(key, "image_id") || !strcmp(key, "id");
}

static int is_image(const char *text)
{
	size_t hex = strncmp(text, "sha256:", 7) ? 0 : 7;

	return strlen(text + hex) == 64 && strspn(text + hex, "0123456789abcdef") == 64;
}

/* Calls `each` for each image, however deep in it. */
static int walk(const json_t *json, int (*each)(void *, const char *, struct rfa_error *),
		void *user, struct rfa_error *err)
{
	const char *key, *text;
	json_t *one;
	size_t i;
	int rc = 0;

	json_object_foreach ((json_t *)(uintptr_t)json, key, one) {
		text = is_image_key(key) ? json_string_value(one) : NULL;
		if (!rc && text && is_image(text))
			rc = each(user, text, err);
		else if (!rc)
			rc = walk(one, each, user, err);
	}
	json_array_foreach ((json_t *)(uintptr_t)json, i, one)
		if (!rc)
			rc = walk(one, each, user, err);
	return rc;
}

struct reason {
	struct needs *n;
	const char *why;
	int own_only; /* only of images that the stack has */
};

static int add(void *user, const char *image, struct rfa_error *err)
{
	const struct reason *r = user;

	if (r->own_only && !json_object_get(r->n->own, image))
		return 0;
	return rfa_facts_append(r->n->list, json_pack("{s:s, s:s}", "image", image, "why", r->why),
				err);
}

static int need_all(struct needs *n, const json_t *json, const char *why, struct rfa_error *err)
{
	struct reason r = { n, why, 0 };

	return walk(json, add, &r, err);
}

static int add_own(void *user, const char *image, struct rfa_error *err)
{
	struct needs *n = user;

	return rfa_facts_set(n->own, image, json_true(), err);
}

/* Environments. */

/*
 * 1 if that environment may be on this host, by what rfa.json says: one that it does not name any
 * more may be anywhere.
 */
static int may_be_here(const struct needs *n, const char *env)
{
	const char *transport = rfa_facts_str(n->side, "transport", "");
	struct rfa_error ignored;
	json_t *side = NULL;
	int is;

	if (!strcmp(rfa_facts_str(n->side, "env", ""), env) ||
	    n->p->side(n->p, env, NULL, &side, &ignored))
		return 1;
	is = !strcmp(rfa_facts_str(side, "transport", ""), transport) &&
	     (!strcmp(rfa_facts_str(side, "destination", ""),
		      rfa_facts_str(n->side, "destination", "")) ||
	      !strcmp(rfa_facts_str(side, "address", ""), rfa_facts_str(n->side, "address", "")));
	json_decref(side);
	return is;
}

/* <folder>/<env>/<stack>.json of each environment and stack. */
static int each_file(struct needs *n, const char *folder,
		     int (*each)(struct needs *, const char *env, const char *stack, json_t *,
				 struct rfa_error *),
		     struct rfa_error *err)
{
	json_t *envs = NULL, *env, *files = NULL, *file, *json = NULL;
	char path[256], stack[100];
	size_t i, k;
	int rc = rfa_ledger_names(n->p->ledger, folder, &envs, err);

	json_array_foreach (envs, i, env) {
		snprintf(path, sizeof(path), "%s/%.64s", folder, json_string_value(env));
		if (!rc)
			rc = rfa_ledger_names(n->p->ledger, path, &files, err);
		json_array_foreach (files, k, file) {
			const char *name = json_string_value(file);

			snprintf(path, sizeof(path), "%s/%.64s/%.100s", folder,
				 json_string_value(env), name);
			snprintf(stack, sizeof(stack), "%.*s",
				 (int)(strlen(name) > 5 ? strlen(name) - 5 : 0), name);
			if (!rc)
				rc = rfa_catalog_find(n->p->ledger, path, &json, err);
			if (!rc && json)
				rc = each(n, json_string_value(env), stack, json, err);
			json_decref(json);
			json = NULL;
		}
		json_decref(files);
		files = NULL;
	}
	json_decref(envs);
	return rc;
}

static int need_file(struct needs *n, const char *env, const char *stack, json_t *json,
		     const char *word, struct rfa_error *err)
{
	char why[200];
	struct reason other = { n, why, 1 };

	if (strcmp(stack, n->p->word) != 0) {
		snprintf(why, sizeof(why), "the stack %.64s has it, too, in %.64s", stack, env);
		return walk(json, add, &other, err);
	}
	if (!may_be_here(n, env))
		return 0;
	snprintf(why, sizeof(why), "%s %.64s by run %.40s", word, env,
		 rfa_facts_str(json, "run", "?"));
	return need_all(n, json, why, err);
}

static int need_proven(struct needs *n, const char *env, const char *stack, json_t *json,
		       struct rfa_error *err)
{
	return need_file(n, env, stack, json,
			 rfa_facts_bool(json, "forced", 0) ? "forced into" : "verified in", err);
}

static int need_current(struct needs *n, const char *env, const char *stack, json_t *json,
			struct rfa_error *err)
{
	return need_file(n, env, stack, json, "brought last to", err);
}

static int own_file(struct needs *n, const char *env, const char *stack, json_t *json,
		    struct rfa_error *err)
{
	(void)env;
	return strcmp(stack, n->p->word) ? 0 : walk(json, add_own, n, err);
}

/* Versions. */

/* 1 if it proves images: neither an item of the checklist, nor the word of others about a name. */
static int is_proof(const json_t *proof)
{
	return !rfa_facts_bool(proof, "forced", 0) && !*rfa_facts_str(proof, "item", "") &&
	       strcmp(rfa_facts_str(proof, "how", ""), "imported") != 0;
}

/* The newest proof of each environment, of whatever kind. */
static int newest_proofs(const json_t *versions, json_t *newest, struct rfa_error *err)
{
	json_t *version, *proof;
	size_t i, k;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)versions, i, version)
		json_array_foreach (json_object_get(version, "verified"), k, proof) {
			const char *env = rfa_facts_str(proof, "env", "");
			const json_t *best = json_object_get(newest, env);

			if (rc || !is_proof(proof) ||
			    strcmp(rfa_facts_str(proof, "at", ""), rfa_facts_str(best, "at", "")) <
				0)
				continue;
			rc = rfa_facts_set(newest, env, json_incref(proof), err);
		}
	return rc;
}

static int need_proofs(struct needs *n, const json_t *newest, struct rfa_error *err)
{
	const char *env;
	json_t *proof, *image;
	char why[200];
	struct reason r = { n, why, 0 };
	size_t i;
	int rc = 0;

	json_object_foreach ((json_t *)(uintptr_t)newest, env, proof) {
		if (!may_be_here(n, env))
			continue;
		snprintf(why, sizeof(why), "verified in %.64s by run %.40s", env,
			 rfa_facts_str(proof, "run", "?"));
		json_array_foreach (json_object_get(proof, "identities"), i, image)
			if (!rc && json_is_string(image))
				rc = add(&r, json_string_value(image), err);
	}
	return rc;
}

static int need_verified(struct needs *n, const json_t *versions, struct rfa_error *err)
{
	json_t *newest = json_object();
	int rc = newest ? newest_proofs(versions, newest, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = need_proofs(n, newest, err);
	json_decref(newest);
	return rc;
}

/* What another stack has under a version of its own. */
static int need_others(struct needs *n, struct rfa_error *err)
{
	json_t *stacks = NULL, *stack, *versions = NULL;
	char why[120];
	struct reason r = { n, why, 1 };
	size_t i;
	int rc = rfa_ledger_names(n->p->ledger, "versions", &stacks, err);

	json_array_foreach (stacks, i, stack) {
		if (rc || !strcmp(json_string_value(stack), n->p->word))
			continue;
		snprintf(why, sizeof(why), "the stack %.64s has it, too", json_string_value(stack));
		rc = rfa_catalog_versions(n->p->ledger, json_string_value(stack), &versions, err);
		if (!rc)
			rc = walk(versions, add, &r, err);
		json_decref(versions);
		versions = NULL;
	}
	json_decref(stacks);
	return rc;
}

/* Drills. */

static int need_backup(struct needs *n, const char *id, const char *drill, struct rfa_error *err)
{
	struct rfa_backup_id parsed;
	json_t *manifest = NULL;
	char path[320], why[200];
	int rc;

	if (rfa_backup_id_parse(id, &parsed))
		return 0;
	snprintf(path, sizeof(path), "backups/%.64s/%.64s/%.120s.json", parsed.env, n->p->word, id);
	rc = rfa_catalog_find(n->p->ledger, path, &manifest, err);
	snprintf(why, sizeof(why), "drill %.40s has proven the backup %.120s of it", drill, id);
	if (!rc && manifest)
		rc = need_all(n, manifest, why, err);
	json_decref(manifest);
	return rc;
}

static int need_drill(struct needs *n, const char *env, const char *stack, json_t *drill,
		      struct rfa_error *err)
{
	const json_t *proof =
	    rfa_facts_bool(drill, "proven", 0) ? drill : json_object_get(drill, "last_proven");
	size_t len = strlen(n->p->word);

	(void)env;
	/* Of images, too: "shop.images". No name of a stack has a dot in it. */
	if (strcspn(stack, ".") != len || strncmp(stack, n->p->word, len) != 0)
		return 0;
	return need_backup(n, rfa_facts_str(proof, "backup", ""), rfa_facts_str(proof, "run", "?"),
			   err);
}

/* Runs that are not over: whatever their plans and their records speak of. */

struct open_runs {
	struct needs *n;
	struct rfa_error *err;
	int rc;
};

static int need_open(void *user, const struct rfa_ledger_line *line)
{
	struct open_runs *o = user;
	struct rfa_history *h = NULL;
	char why[200];
	size_t i;

	o->rc = rfa_ledger_load(o->n->p->ledger, line->run, &h, o->err);
	snprintf(why, sizeof(why), "run %s is not over: `rfa resume %s`", line->run, line->run);
	if (!o->rc)
		o->rc = need_all(o->n, h->plan, why, o->err);
	for (i = 0; !o->rc && i < h->n; i++)
		o->rc = need_all(o->n, h->records[i].facts, why, o->err);
	rfa_history_free(h);
	return o->rc != 0;
}

static int need_open_runs(struct needs *n, struct rfa_error *err)
{
	const struct rfa_ledger_filter filter = { NULL, NULL, 1, 100000 };
	struct open_runs o = { n, err, 0 };
	int rc = rfa_ledger_list(n->p->ledger, &filter, need_open, &o, err);

	return o.rc ? o.rc : rc < 0 ? rc : 0;
}

/* The whole. */

/* What the stack has, which other stacks may have, too. */
static int find_own(struct needs *n, const json_t *versions, struct rfa_error *err)
{
	json_t *points = NULL;
	int rc = walk(versions, add_own, n, err);

	if (!rc)
		rc = rfa_catalog_points(n->p->ledger, rfa_facts_str(n->side, "env", ""), n->p->word,
					&points, err);
	if (!rc)
		rc = walk(points, add_own, n, err);
	if (!rc)
		rc = each_file(n, "verified", own_file, err);
	if (!rc)
		rc = each_file(n, "environments", own_file, err);
	json_decref(points);
	return rc;
}

static int find_all(struct needs *n, struct rfa_error *err)
{
	json_t *versions = NULL;
	int rc = rfa_catalog_versions(n->p->ledger, n->p->word, &versions, err);

	if (!rc)
		rc = find_own(n, versions, err);
	if (!rc)
		rc = each_file(n, "verified", need_proven, err);
	if (!rc)
		rc = need_verified(n, versions, err);
	if (!rc)
		rc = each_file(n, "environments", need_current, err);
	if (!rc)
		rc = each_file(n, "drills", need_drill, err);
	if (!rc)
		rc = need_open_runs(n, err);
	if (!rc)
		rc = need_others(n, err);
	json_decref(versions);
	return rc;
}

int rfa_prepare_needs(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	struct needs n = { p, json_object_get(plan, "target"), json_array(), json_object() };
	int rc = n.list && n.own ? find_all(&n, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_plan_set(plan, "needs", json_incref(n.list), err);
	json_decref(n.list);
	json_decref(n.own);
	return rc;
}

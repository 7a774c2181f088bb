/* Chooses backups, and completes the plans of flows that make one or put one back. */
#include "fsm/parts/backups.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fsm/base/buf.h"
#include "fsm/base/facts.h"
#include "fsm/base/suggest.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"

int rfa_backup_is(const json_t *entry, const char *env, const char *set)
{
	struct rfa_backup_id id;

	return !rfa_backup_id_parse(rfa_facts_str(entry, "backup", ""), &id) &&
	       !strcmp(id.env, env) && (!set || !strcmp(id.set, set));
}

static int not_there(const json_t *list, const struct rfa_backup_ask *ask, struct rfa_error *err)
{
	struct rfa_suggestion s = { ask->id, NULL, 0 };
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one)
		rfa_suggest_offer(&s, rfa_facts_str(one, "backup", ""));
	rfa_buf_put_printable(&safe, ask->id, strlen(ask->id), 100);
	rfa_fail(err, RFA_ENOTFOUND, "vault", "there is no backup \"%s\" in %.300s on %s",
		 rfa_buf_str(&safe), ask->path, ask->host);
	rfa_buf_release(&safe);
	if (s.best)
		return rfa_error_hint(err, "did you mean %.100s?", s.best);
	return rfa_error_hint(err, "`rfa backup list %s --env %s` lists them", ask->stack,
			      ask->env);
}

int rfa_backup_choose(const json_t *list, const struct rfa_backup_ask *ask, const json_t **out,
		      struct rfa_error *err)
{
	const json_t *found = NULL;
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		int whole = json_is_object(json_object_get(one, "manifest"));

		if (ask->id ? !strcmp(rfa_facts_str(one, "backup", ""), ask->id)
			    : whole && rfa_backup_is(one, ask->env, ask->set))
			found = one;
	}
	if (!found && ask->id)
		return not_there(list, ask, err);
	if (!found) {
		rfa_fail(err, RFA_ENOTFOUND, "vault", "%s on %s has no complete backup of its %s",
			 ask->stack, ask->env, ask->set);
		return rfa_error_hint(err, "rfa backup %s%s --env %s",
				      strcmp(ask->set, "images") ? "" : "images ", ask->stack,
				      ask->env);
	}
	if (!json_is_object(json_object_get(found, "manifest"))) {
		rfa_fail(err, RFA_EREFUSED, "vault", "the backup %.100s is not complete", ask->id);
		return rfa_error_hint(err, "`rfa backup list %s --env %s` shows those that are",
				      ask->stack, ask->env);
	}
	*out = found;
	return 0;
}

static void release(struct rfa_vault_place *vault)
{
	json_decref(vault->side);
	json_decref(vault->keep);
}

/* The side of the vault takes its role in the plan. */
static int take_side(json_t *plan, const char *role, const struct rfa_vault_place *vault,
		     struct rfa_error *err)
{
	const char *env = rfa_facts_str(vault->side, "env", "");
	int here = !strcmp(rfa_facts_str(vault->side, "transport", ""), "local") &&
		   !rfa_facts_str(vault->side, "destination", "")[0];
	int rc = rfa_facts_set(plan, role, json_incref(vault->side), err);

	if (!rc)
		rc = rfa_plan_set(plan, "vault", json_string(vault->path), err);
	if (!rc)
		rc = rfa_plan_set(plan, "vault_on", json_string(here ? "this machine" : env), err);
	return rc;
}

/* Making one. */

int rfa_prepare_backup(const struct rfa_prepare *p, json_t *plan, const char *set,
		       struct rfa_error *err)
{
	const char *env = rfa_facts_str(plan, "source/env", "");
	struct rfa_vault_place vault = { 0 };
	char id[128], at[RFA_TIME_MAX], known[128] = "";
	json_t *pins = NULL;
	int rc = p->vault(p, env, p->word, &vault, err);

	if (!rc)
		rc =
		    rfa_catalog_pins(p->ledger, env, p->word,
				     rfa_facts_int(vault.side, "stack/keep_images", 3), &pins, err);
	if (!rc)
		rc = rfa_catalog_in_vault(p->ledger, env, p->word,
					  rfa_facts_str(vault.side, "env", ""), vault.path, known,
					  err);
	if (!rc)
		rc = take_side(plan, "target", &vault, err);
	rfa_time_compact(p->clock->wall_ms(p->clock), at);
	snprintf(id, sizeof(id), "%s-%s-%s", at, env, set);
	if (!rc)
		rc = rfa_plan_set(plan, "set", json_string(set), err);
	if (!rc)
		rc = rfa_plan_set(plan, "backup", json_string(id), err);
	if (!rc)
		rc = rfa_plan_set(plan, "known", json_string(known), err);
	if (!rc && vault.keep)
		rc = rfa_plan_set(plan, "retention", json_incref(vault.keep), err);
	if (!rc)
		rc = rfa_plan_set(plan, "pinned", json_incref(pins), err);
	json_decref(pins);
	release(&vault);
	return rc;
}

/* Putting one back. */

/* Each member that --member names, once; null for all of them. *out is new. */
static int chosen_members(const struct rfa_prepare *p, const json_t *known, json_t **out,
			  struct rfa_error *err)
{
	json_t *names = json_object(), *list = NULL, *unused;
	const char *name;
	size_t i;
	int rc = names ? 0 : rfa_fail_nomem(err);

	for (i = 0; !rc && (name = p->option(p, "member", i)); i++) {
		struct rfa_suggestion s = { name, NULL, 0 };
		const char *one;

		json_object_foreach ((json_t *)(uintptr_t)known, one, unused)
			rfa_suggest_offer(&s, one);
		if (json_object_get(known, name)) {
			rc = rfa_facts_set(names, name, json_null(), err);
			continue;
		}
		rfa_fail(err, RFA_ENOTFOUND, "config", "the data has no member \"%.60s\"", name);
		if (s.best)
			rc = rfa_error_hint(err, "did you mean --member %s?", s.best);
		else
			rc = rfa_error_hint(err,
					    "rfa.json names them: \"data\": {\"members\": {…}}");
	}
	if (!rc && !(list = json_object_size(names) ? json_array() : json_null()))
		rc = rfa_fail_nomem(err);
	json_object_foreach (names, name, unused) {
		if (!rc && json_array_append_new(list, json_string(name)))
			rc = rfa_fail_nomem(err);
	}
	json_decref(names);
	if (rc)
		json_decref(list);
	else
		*out = list;
	return rc;
}

/* Each member that is to come back must be in the backup. */
static int holds(const json_t *backup, const json_t *desired, struct rfa_error *err)
{
	json_t *name, *member;
	size_t i, j;

	json_array_foreach ((json_t *)(uintptr_t)desired, i, name) {
		int there = 0;

		json_array_foreach (rfa_facts_at(backup, "manifest/members"), j, member)
			there |=
			    !strcmp(rfa_facts_str(member, "name", ""), json_string_value(name));
		if (there)
			continue;
		rfa_fail(err, RFA_ENOTFOUND, "vault", "the backup %.100s has no member \"%.40s\"",
			 rfa_facts_str(backup, "backup", ""), json_string_value(name));
		return rfa_error_hint(err, "choose another with --backup, or fewer with --member");
	}
	return 0;
}

/* Whose backup: of --of, else of the one that --backup names, else of the environment itself. */
static int owner_of(const struct rfa_prepare *p, const char *env, const char *named,
		    const char *set, char into[64], struct rfa_error *err)
{
	const char *of = p->option(p, "of", 0);
	struct rfa_backup_id id;
	struct rfa_buf safe = RFA_BUF_INIT(1024);

	if (named && rfa_backup_id_parse(named, &id)) {
		rfa_buf_put_printable(&safe, named, strlen(named), 100);
		rfa_fail(err, RFA_EUSAGE, "cli", "\"%s\" is not the id of a backup",
			 rfa_buf_str(&safe));
		rfa_buf_release(&safe);
		return rfa_error_hint(err, "`rfa backup list` lists them");
	}
	if (named && strcmp(id.set, set) != 0) {
		rfa_fail(err, RFA_EUSAGE, "cli", "%s holds %s, no %s", named, id.set, set);
		return rfa_error_hint(err, "choose one that ends with -%s", set);
	}
	if (named && of && strcmp(id.env, of) != 0) {
		rfa_fail(err, RFA_EUSAGE, "cli", "%s is a backup of \"%s\", not of \"%s\"", named,
			 id.env, of);
		return rfa_error_hint(err, "leave --of out");
	}
	snprintf(into, 64, "%s", of ? of : named ? id.env : env);
	return 0;
}

/* The vault is asked now, so that what is said before the question names the very backup. */
static int choose(const struct rfa_prepare *p, const char *of, const char *id, const char *set,
		  const struct rfa_vault_place *vault, json_t *plan, const json_t *members,
		  struct rfa_error *err)
{
	struct rfa_backup_ask ask = { p->word, of, id, set, vault->path, "" };
	const json_t *backup = NULL;
	struct rfa_host *host = NULL;
	json_t *list = NULL;
	int rc = p->open(p, vault->side, &host, err);

	if (!rc)
		rc = host->vault->list(host, vault->path, &list, err);
	if (!rc)
		ask.host = host->name;
	if (!rc)
		rc = rfa_backup_choose(list, &ask, &backup, err);
	if (!rc)
		rc = holds(backup, members, err);
	if (!rc)
		rc = rfa_plan_set(plan, "backup", json_string(rfa_facts_str(backup, "backup", "")),
				  err);
	json_decref(list);
	rfa_host_free(host);
	return rc;
}

int rfa_prepare_restore(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	return rfa_prepare_restore_of(p, plan, p->option(p, "backup", 0), err);
}

int rfa_prepare_restore_of(const struct rfa_prepare *p, json_t *plan, const char *id,
			   struct rfa_error *err)
{
	const json_t *target = json_object_get(plan, "target");
	struct rfa_vault_place vault = { 0 };
	json_t *members = NULL;
	char of[64];
	int rc = owner_of(p, rfa_facts_str(target, "env", ""), id, "data", of, err);

	if (!rc)
		rc = rfa_prepare_has_data(target, err);
	if (!rc)
		rc = chosen_members(p, rfa_facts_at(target, "stack/data/members"), &members, err);
	if (!rc)
		rc = p->vault(p, of, p->word, &vault, err);
	if (!rc)
		rc = take_side(plan, "source", &vault, err);
	if (!rc)
		rc = rfa_plan_set(plan, "members", json_incref(members), err);
	if (!rc)
		rc = choose(p, of, id, "data", &vault, plan, members, err);
	json_decref(members);
	release(&vault);
	return rc;
}

/* Of a backup: {identity: null} of its images; NULL (and no error): it is not of that, or half.
 * *out is new. */
static int stored_images(const json_t *entry, const char *stack, json_t **out,
			 struct rfa_error *err)
{
	const json_t *manifest = json_object_get(entry, "manifest");
	json_t *image, *all;
	size_t i;
	int rc = 0;

	*out = NULL;
	if (!json_is_object(manifest) || strcmp(rfa_facts_str(manifest, "set", ""), "images") ||
	    strcmp(rfa_facts_str(manifest, "stack", ""), stack) != 0)
		return 0;
	all = json_object();
	json_array_foreach (json_object_get(manifest, "images"), i, image) {
		if (all && !rc)
			rc = rfa_facts_set(all, rfa_facts_str(image, "identity", ""), json_null(),
					   err);
	}
	if (!all)
		rc = rfa_fail_nomem(err);
	if (rc)
		json_decref(all);
	else
		*out = all;
	return rc;
}

static int has_all(const json_t *have, const json_t *want)
{
	const char *key;
	json_t *unused;

	json_object_foreach ((json_t *)(uintptr_t)want, key, unused) {
		if (!json_object_get(have, key))
			return 0;
	}
	return 1;
}

/* The newest with all that is missing, and nothing that the point has not: an archive is loaded
 * whole. */
static int choose_images(const struct rfa_prepare *p, const json_t *list, const json_t *missing,
			 const json_t *all, struct rfa_images_found *found, struct rfa_error *err)
{
	json_t *entry, *stored = NULL;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)list, i, entry) {
		if (!rc)
			rc = stored_images(entry, p->word, &stored, err);
		if (rc || !stored)
			continue;
		found->asked++;
		if (has_all(stored, missing) && has_all(all, stored))
			snprintf(found->backup, sizeof(found->backup), "%s",
				 rfa_facts_str(entry, "backup", ""));
		json_decref(stored);
		stored = NULL;
	}
	return rc;
}

int rfa_prepare_stored_images(const struct rfa_prepare *p, json_t *plan, const char *env,
			      const json_t *missing, const json_t *all,
			      struct rfa_images_found *found, struct rfa_error *err)
{
	struct rfa_vault_place vault = { 0 };
	struct rfa_host *host = NULL;
	json_t *list = NULL;
	int rc;

	memset(found, 0, sizeof(*found));
	rc = p->vault(p, env, p->word, &vault, &found->why);
	if (!rc)
		rc = p->open(p, vault.side, &host, &found->why);
	if (!rc)
		rc = rfa_host_offers(host, RFA_HOST_VAULT, &found->why);
	if (!rc)
		rc = host->vault->list(host, vault.path, &list, &found->why);
	/* What is in the way is what it said. */
	found->unknown = rc != 0;
	rc = rc ? 0 : choose_images(p, list, missing, all, found, err);
	if (!rc && *found->backup)
		rc = take_side(plan, "source", &vault, err);
	if (!rc && *found->backup)
		rc = rfa_plan_set(plan, "backup", json_string(found->backup), err);
	if (!rc && *found->backup)
		rc = rfa_plan_set(plan, "set", json_string("images"), err);
	json_decref(list);
	rfa_host_free(host);
	release(&vault);
	return rc;
}

int rfa_prepare_restore_images(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	struct rfa_vault_place vault = { 0 };
	char of[64];
	const char *id = p->option(p, "backup", 0);
	int rc = owner_of(p, rfa_facts_str(plan, "target/env", ""), id, "images", of, err);

	if (!rc)
		rc = p->vault(p, of, p->word, &vault, err);
	if (!rc)
		rc = take_side(plan, "source", &vault, err);
	if (!rc)
		rc = choose(p, of, id, "images", &vault, plan, NULL, err);
	release(&vault);
	return rc;
}

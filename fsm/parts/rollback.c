/*
 * Completes the plan of a rollback of images: what of the configuration differs now, and where
 * images come from that the host has no more.
 */
#include "fsm/parts/rollback.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/parts/backups.h"
#include "fsm/parts/catalog.h"
#include "fsm/steps/config/configuration.h"
#include "fsm/steps/images/image_set.h"

struct going_back {
	const struct rfa_prepare *p;
	json_t *plan;
	struct rfa_host *host; /* the target's */
	struct rfa_pool pool;
	json_t *missing; /* {identity: reference} */
	json_t *asked;   /* the places, and what each said */
};

/* The configuration. */

static int want_files(struct going_back *g, struct rfa_error *err)
{
	const char *env = rfa_facts_str(g->plan, "target/env", "");

	if (!g->p->option(g->p, "with-files", 0))
		return 0;
	if (json_array_size(rfa_facts_at(g->plan, "point/configuration/files")))
		return rfa_plan_set(g->plan, "with_files", json_true(), err);
	rfa_fail(
	    err, RFA_EREFUSED, "ledger",
	    "the rollback point %.100s has kept no configuration, so --with-files cannot bring "
	    "it back",
	    rfa_facts_str(g->plan, "point/name", ""));
	return rfa_error_hint(err,
			      "leave --with-files out: then the configuration stays as it is on "
			      "%.60s; a point of files (files-…) has what a sync has replaced",
			      env);
}

/* Most keys that are named of one file. */
enum { KEYS_MAX = 6 };

/* "docker-compose.yml (~services.web.image, +services.job)". */
static int add_differing(struct going_back *g, const char *directory,
			 const struct rfa_file_change *one, json_t *differs, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	json_t *lines = json_array(), *line;
	size_t i;
	int rc = lines ? 0 : rfa_fail_nomem(err);

	if (!rc && *one->problem)
		rc = rfa_facts_append(lines, json_string(one->problem), err);
	else if (!rc)
		rc = rfa_configuration_diff(g->host, directory, one, lines, err);

	rfa_buf_put_printable(&text, one->path, strlen(one->path), 200);
	json_array_foreach (lines, i, line) {
		if (i < KEYS_MAX)
			rfa_buf_printf(&text, "%s%s", i ? ", " : " (", json_string_value(line));
	}
	if (i > KEYS_MAX)
		rfa_buf_printf(&text, " and %zu more", i - KEYS_MAX);
	rfa_buf_puts(&text, i ? ")" : " (its permissions)");
	if (!rc)
		rc = rfa_facts_append(differs, json_string(rfa_buf_str(&text)), err);
	json_decref(lines);
	rfa_buf_release(&text);
	return rc;
}

static int has_files(const struct going_back *g)
{
	return json_is_object(rfa_facts_at(g->plan, "target/stack/compose")) &&
	       json_is_object(rfa_facts_at(g->plan, "point/configuration"));
}

static int look_at_files(struct going_back *g, struct rfa_error *err)
{
	static const struct rfa_texts none;
	struct rfa_stack_compose compose;
	struct rfa_configuration then;
	struct rfa_configuration_ask ask = { g->host, &compose, &none, &then, &g->pool };
	struct rfa_file_change_list changes = { NULL, 0 };
	const json_t *is = rfa_facts_at(g->plan, "target/stack/compose");
	const json_t *kept = rfa_facts_at(g->plan, "point/configuration");
	const struct rfa_file_change *one;
	json_t *differs;
	int rc;

	if (!has_files(g))
		return 0;
	rc = rfa_record_read(&rfa_shape_stack_compose, is, &g->pool, &compose, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_configuration, kept, &g->pool, &then, err);
	if (!rc)
		rc = rfa_configuration_compare(&ask, &changes, err);
	differs = rc ? NULL : json_array();
	RFA_EACH (one, changes)
		if (!rc && (rfa_file_change_acts(one) || *one->problem))
			rc = add_differing(g, compose.directory, one, differs, err);
	if (!rc)
		rc = rfa_plan_set(g->plan, "differs", json_incref(differs), err);
	json_decref(differs);
	return rc;
}

/* The images. */

/* *out (new): {identity: null} of all images of a host. */
static int identities_of(struct rfa_host *host, json_t **out, struct rfa_error *err)
{
	json_t *all = NULL, *image, *found = json_object();
	char identity[65];
	size_t i;
	int rc = found ? host->engine->list(host, RFA_IMAGE, &all, err) : rfa_fail_nomem(err);

	json_array_foreach (all, i, image) {
		struct rfa_error ignored;

		/* One that cannot be read is none that is meant. */
		if (!rc && !rfa_image_identity(image, identity, &ignored))
			rc = rfa_facts_set(found, identity, json_null(), err);
	}
	json_decref(all);
	if (rc)
		json_decref(found);
	else
		*out = found;
	return rc;
}

static int look_at_images(struct going_back *g, struct rfa_error *err)
{
	json_t *there = NULL, *image;
	size_t i;
	int rc = identities_of(g->host, &there, err);

	json_array_foreach (rfa_facts_at(g->plan, "point/images"), i, image) {
		const char *identity = rfa_facts_str(image, "identity", "");

		if (!rc && !json_object_get(there, identity))
			rc = rfa_facts_set(g->missing, identity,
					   json_string(rfa_facts_str(image, "ref", "?")), err);
	}
	json_decref(there);
	return rc;
}

static int say_asked(struct going_back *g, const char *where, const char *said,
		     struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	int rc;

	rfa_buf_put_printable(&text, where, strlen(where), 200);
	rfa_buf_puts(&text, ": ");
	rfa_buf_put_printable(&text, said, strlen(said), 300);
	rc = rfa_facts_append(g->asked, json_string(rfa_buf_str(&text)), err);
	rfa_buf_release(&text);
	return rc;
}

/* Of an environment: *has all of the missing images. What is in the way is what it said. */
static int ask_environment(struct going_back *g, const json_t *side, int *has,
			   struct rfa_error *err)
{
	struct rfa_host *host = NULL;
	json_t *there = NULL, *ref;
	const char *identity, *env = rfa_facts_str(side, "env", "?"), *lacks = NULL;
	struct rfa_error why;
	int rc = g->p->open(g->p, side, &host, &why);

	if (!rc)
		rc = rfa_host_offers(host, RFA_HOST_ENGINE, &why);
	if (!rc)
		rc = identities_of(host, &there, &why);
	json_object_foreach (g->missing, identity, ref) {
		if (!json_object_get(there, identity))
			lacks = json_string_value(ref);
	}
	*has = !rc && !lacks;
	if (!*has)
		rc = say_asked(g, env,
			       rc ? why.msg
				  : rfa_pool_printf(&g->pool, "it has no %.200s any more", lacks),
			       err);
	json_decref(there);
	rfa_host_free(host);
	return rc;
}

/* An environment that has run the version, if it has the images still. */
static int try_environment(struct going_back *g, const char *env, json_t *tried, int *found,
			   struct rfa_error *err)
{
	json_t *side = NULL;
	struct rfa_error why;
	int rc;

	if (*found || !*env || !strcmp(env, rfa_facts_str(g->plan, "target/env", "")) ||
	    json_object_get(tried, env))
		return 0;
	rc = rfa_facts_set(tried, env, json_null(), err);
	if (!rc && g->p->side(g->p, env, NULL, &side, &why))
		return say_asked(g, env, "rfa.json does not name it any more", err);
	if (!rc)
		rc = ask_environment(g, side, found, err);
	if (!rc && *found)
		rc = rfa_facts_set(g->plan, "source", json_incref(side), err);
	json_decref(side);
	return rc;
}

/* The one from which the version has come first; a run that cannot be read knows none. */
static int try_origin(struct going_back *g, const json_t *version, json_t *tried, int *found,
		      struct rfa_error *err)
{
	struct rfa_history *h = NULL;
	struct rfa_error ignored;
	int rc = 0;

	if (!rfa_ledger_load(g->p->ledger, rfa_facts_str(version, "run", ""), &h, &ignored))
		rc = try_environment(g, h->from, tried, found, err);
	rfa_history_free(h);
	return rc;
}

static int try_environments(struct going_back *g, const json_t *version, int *found,
			    struct rfa_error *err)
{
	json_t *tried = json_object(), *one;
	size_t i;
	int rc = tried ? try_origin(g, version, tried, found, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = try_environment(g, rfa_facts_str(version, "env", ""), tried, found, err);

	json_array_foreach (json_object_get(version, "verified"), i, one) {
		if (!rc)
			rc = try_environment(g, rfa_facts_str(one, "env", ""), tried, found, err);
	}
	json_decref(tried);
	return rc;
}

/* A vault. */

/* {identity: null} of all of the point's images. *out is new. */
static int identities_of_point(const struct going_back *g, json_t **out, struct rfa_error *err)
{
	json_t *image;
	size_t i;
	int rc = 0;

	*out = json_object();
	if (!*out)
		return rfa_fail_nomem(err);
	json_array_foreach (rfa_facts_at(g->plan, "point/images"), i, image) {
		if (!rc)
			rc = rfa_facts_set(*out, rfa_facts_str(image, "identity", ""), json_null(),
					   err);
	}
	return rc;
}

/* The backups of images of the environment that goes back. */
static int try_vault(struct going_back *g, int *found, struct rfa_error *err)
{
	const char *env = rfa_facts_str(g->plan, "target/env", ""), *said;
	struct rfa_images_found seen;
	json_t *all = NULL;
	int rc = identities_of_point(g, &all, err);

	if (!rc)
		rc = rfa_prepare_stored_images(g->p, g->plan, env, g->missing, all, &seen, err);
	json_decref(all);
	if (rc)
		return rc;
	*found = *seen.backup != '\0';
	if (*found)
		return 0;
	said = seen.unknown ? seen.why.msg
	       : seen.asked
		   ? rfa_pool_printf(&g->pool, "none of %zu has all of them, and only them",
				     seen.asked)
		   : "there is none";
	return say_asked(g, rfa_pool_printf(&g->pool, "the backups of its images (%.60s)", env),
			 said, err);
}

/* A registry. */

/* The digest by which a registry has an image; "" if the ledger knows none. */
static const char *digest_of(const json_t *version, const char *identity)
{
	json_t *image;
	size_t i;

	json_array_foreach (json_object_get(version, "images"), i, image) {
		if (!strcmp(rfa_facts_str(image, "identity", ""), identity))
			return rfa_facts_str(image, "digest", "");
	}
	return "";
}

/* The point's images get their digests, and by these their registries are asked. */
static int try_registry(struct going_back *g, const json_t *version, int *found,
			struct rfa_error *err)
{
	json_t *image, *refs = json_object();
	struct rfa_error why;
	size_t i;
	int rc = refs ? 0 : rfa_fail_nomem(err);

	json_array_foreach (rfa_facts_at(g->plan, "point/images"), i, image) {
		const char *identity = rfa_facts_str(image, "identity", "");
		const char *ref = rfa_facts_str(image, "ref", "?");
		const char *digest = digest_of(version, identity);

		if (rc || !json_object_get(g->missing, identity))
			continue;
		if (!*digest) {
			rc = say_asked(
			    g, "its registry",
			    rfa_pool_printf(&g->pool, "no digest of %.200s is known", ref), err);
			goto done;
		}
		rc = rfa_facts_set(image, "digest", json_string(digest), err);
		if (!rc)
			rc = rfa_facts_set(refs, rfa_facts_str(image, "key", ""), json_string(ref),
					   err);
	}
	if (!rc && rfa_prepare_way(g->p, g->plan, refs, &why)) {
		rc = say_asked(g, "its registry", why.msg, err);
		goto done;
	}
	*found = !rc;
	/* The target's own engine pulls them: nobody else has a part in the run. */
	if (!rc && !strcmp(rfa_facts_str(g->plan, "options/via", ""), "target"))
		rc = rfa_facts_set(g->plan, "source", json_null(), err);
done:
	json_decref(refs);
	return rc;
}

/* The first place that has all of them. If there is none, a gate says so. */
static int find_images(struct going_back *g, struct rfa_error *err)
{
	json_t *version = NULL;
	int found = 0;
	int rc = rfa_catalog_version(g->p->ledger, g->p->word,
				     rfa_facts_str(g->plan, "point/version", ""), &version, err);

	if (!rc && !version)
		rc =
		    say_asked(g, "the ledger", "it does not know where the version came from", err);
	if (!rc && version)
		rc = try_environments(g, version, &found, err);
	if (!rc && !found)
		rc = try_vault(g, &found, err);
	if (!rc && version && !found)
		rc = try_registry(g, version, &found, err);
	if (!rc && !found)
		rc = rfa_plan_set(g->plan, "asked", json_incref(g->asked), err);
	json_decref(version);
	return rc;
}

static int begin(struct going_back *g, struct rfa_error *err)
{
	g->missing = json_object();
	g->asked = json_array();
	return g->missing && g->asked ? 0 : rfa_fail_nomem(err);
}

static void end(struct going_back *g)
{
	rfa_host_free(g->host);
	json_decref(g->missing);
	json_decref(g->asked);
	rfa_pool_release(&g->pool);
}

/* needed: the host is opened in any case; else only where there are files to look at. */
static int go_back_files(struct going_back *g, int needed, struct rfa_error *err)
{
	int rc = rfa_prepare_configuration(g->p, g->plan, err);

	if (!rc)
		rc = rfa_prepare_synced(g->p, g->plan, err);
	if (!rc)
		rc = want_files(g, err);
	if (rc || (!needed && !has_files(g)))
		return rc;
	rc = g->p->open(g->p, json_object_get(g->plan, "target"), &g->host, err);
	if (!rc)
		rc = rfa_host_offers(g->host, RFA_HOST_ENGINE | RFA_HOST_FILES, err);
	return rc ? rc : look_at_files(g, err);
}

int rfa_prepare_point_files(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	struct going_back g = { .p = p, .plan = plan, .pool = RFA_POOL_INIT };
	int rc = begin(&g, err);

	if (!rc)
		rc = go_back_files(&g, 0, err);
	end(&g);
	return rc;
}

int rfa_prepare_rollback(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	struct going_back g = { .p = p, .plan = plan, .pool = RFA_POOL_INIT };
	int rc = begin(&g, err);

	if (!rc)
		rc = rfa_prepare_point(p, plan, err);
	if (!rc)
		rc = go_back_files(&g, 1, err);
	if (!rc)
		rc = look_at_images(&g, err);
	if (!rc && json_object_size(g.missing))
		rc = find_images(&g, err);
	end(&g);
	return rc;
}

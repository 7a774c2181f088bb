/* Completes the plan of a build: where, from what, and what the images are to be called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/model/build.h"
#include "fsm/parts/args.h"
#include "fsm/parts/build.h"
#include "fsm/parts/build_compose.h"
#include "fsm/parts/named.h"

static const char *env_of(const json_t *plan)
{
	return rfa_facts_str(plan, "target/env", "");
}

static int is_composed(const json_t *plan)
{
	return rfa_facts_bool(rfa_facts_at(plan, "target/stack/build"), "compose", 0);
}

int rfa_build_has_images(const json_t *plan, struct rfa_error *err)
{
	size_t named = json_object_size(rfa_facts_at(plan, "target/stack/build/images"));

	if (is_composed(plan) && named) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "build has both images and compose in \"%.60s\"", env_of(plan));
		return rfa_error_hint(err, "leave one of them out");
	}
	if (is_composed(plan) && !rfa_facts_at(plan, "target/stack/compose")) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "build.compose needs a Compose project, and the stack has none in "
			 "\"%.60s\"",
			 env_of(plan));
		return rfa_error_hint(err, "describe its images under build.images");
	}
	if (named || is_composed(plan))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config", "the stack builds no images in \"%.60s\"",
		 env_of(plan));
	return rfa_error_hint(err, "add to it for example \"build\": {\"images\": {\"web\": "
				   "{\"image\": \"shop/web\", \"context\": \"../web\"}}}");
}

/* Where. */

int rfa_build_choose(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *on = rfa_facts_str(plan, "target/stack/build/on", NULL);
	json_t *side = NULL;
	int rc = on ? p->side(p, on, p->word, &side, err) : p->here(p, &side, err);

	return rc ? rc : rfa_facts_set(plan, "source", side, err);
}

/* From what. */

/* The context as the builder has it. */
static int resolve(const struct rfa_prepare *p, json_t *plan, const char *key, json_t *image,
		   struct rfa_error *err)
{
	const char *written = rfa_facts_str(image, "context", "");
	const char *on = rfa_facts_str(plan, "target/stack/build/on", NULL);
	char *path = NULL;
	int rc;

	if (on && *written != '/') {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "the context of %.60s is \"%.200s\", and it is built on %.60s", key,
			 written, on);
		return rfa_error_hint(err, "write where the sources are on that host: "
					   "\"/srv/src/shop\"");
	}
	rc = on ? 0 : p->path(p, written, &path, err);
	if (!rc && path)
		rc = rfa_facts_set(image, "context", json_string(path), err);
	free(path);
	return rc;
}

/* What the builder has in one context; a problem of it is a gate's to tell. */
static int look(struct rfa_host *host, const char *key, const char *context, json_t *sources,
		struct rfa_error *err)
{
	json_t *seen = NULL, *one;
	int rc = host->files->worktree(host, context, &seen, err);

	one = rc ? json_pack("{s:s, s:s, s:s}", "key", key, "context", context, "problem", err->msg)
		 : json_pack("{s:s, s:s}", "key", key, "context", context);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	if (!rc && one && rfa_facts_str(seen, "commit", NULL))
		rc = json_object_update(one, seen) ? rfa_fail_nomem(err) : 0;
	json_decref(seen);
	if (!rc && (!one || json_array_append(sources, one)))
		rc = rfa_fail_nomem(err);
	json_decref(one);
	return rc;
}

static int look_at_all(const struct rfa_prepare *p, json_t *plan, json_t *sources,
		       struct rfa_error *err)
{
	struct rfa_host *host = NULL;
	const char *key;
	json_t *images, *image;
	int rc = p->open(p, rfa_facts_at(plan, "source"), &host, err);

	if (!rc && is_composed(plan))
		rc = rfa_build_from_compose(p, plan, host, err);
	images = rfa_facts_at(plan, "target/stack/build/images");
	json_object_foreach (images, key, image) {
		if (!rc)
			rc = rfa_named_check(plan, "build.images", key, err);
		if (!rc)
			rc = resolve(p, plan, key, image, err);
		if (!rc)
			rc = look(host, key, rfa_facts_str(image, "context", ""), sources, err);
	}
	rfa_host_free(host);
	return rc;
}

/* What it is to be called. */

static int is_dirty(const json_t *sources)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)sources, i, one)
		if (json_is_true(json_object_get(one, "dirty")))
			return 1;
	return 0;
}

/* By the rule of the stack. The time is the operator's, whose zone the plan keeps. */
static int name_by_rule(const struct rfa_prepare *p, json_t *plan, const json_t *sources, char *out,
			size_t size, struct rfa_error *err)
{
	const char *rule = rfa_facts_str(plan, "target/stack/build/version", "time");
	const char *commit = rfa_facts_str(json_array_get(sources, 0), "commit", "");
	const char *dirty = rfa_facts_str(plan, "target/stack/build/dirty", "mark");
	const char *mark = is_dirty(sources) && !strcmp(dirty, "mark") ? "-dirty" : "";
	char at[RFA_TIME_MAX], zone[RFA_TIME_MAX];

	if (strcmp(rule, "time") != 0 && !*commit) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "build.version is \"%s\", and %.200s is in no git repository", rule,
			 rfa_facts_str(json_array_get(sources, 0), "context", ""));
		return rfa_error_hint(err, "name the version with --as, or write \"time\"");
	}
	rfa_time_local(p->clock->wall_ms(p->clock), at, zone);
	if (!strcmp(rule, "git"))
		snprintf(out, size, "%.12s%s", commit, mark);
	else if (!strcmp(rule, "time-git"))
		snprintf(out, size, "%s-%.12s%s", at, commit, mark);
	else
		snprintf(out, size, "%s%s", at, mark);
	return rfa_plan_set(plan, "zone", json_string(zone), err);
}

static int name_version(const struct rfa_prepare *p, json_t *plan, const json_t *sources, char *out,
			size_t size, struct rfa_error *err)
{
	const char *asked = p->option(p, "as", 0);

	if (!asked)
		return name_by_rule(p, plan, sources, out, size, err);
	if (!rfa_named_is_tag(asked)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--as is no version that an image can have");
		return rfa_error_hint(err, "at most 128 letters, digits, \"_\", \".\" and \"-\", "
					   "none of the last two first");
	}
	snprintf(out, size, "%s", asked);
	return 0;
}

/* One name is one image: what is built under it for several containers is built in one way. */
static int check_names(const json_t *plan, struct rfa_error *err)
{
	json_t *images = rfa_facts_at(plan, "target/stack/build/images"), *image, *other;
	const char *key, *of;

	json_object_foreach (images, key, image) {
		json_object_foreach (images, of, other) {
			if (json_equal(image, other) ||
			    strcmp(rfa_facts_str(image, "image", ""),
				   rfa_facts_str(other, "image", "")) != 0)
				continue;
			rfa_fail(err, RFA_ECONFIG, "config",
				 "%.100s is built for %.60s and for %.60s in two ways",
				 rfa_facts_str(image, "image", ""), key, of);
			return rfa_error_hint(err, "give each an image name of its own, or write "
						   "the same for both");
		}
	}
	return 0;
}

int rfa_build_name(json_t *plan, const char *version, struct rfa_error *err)
{
	json_t *images = rfa_facts_at(plan, "target/stack/build/images"), *image;
	json_t *names = json_object();
	const char *key;
	int rc = names ? check_names(plan, err) : rfa_fail_nomem(err);

	json_object_foreach (images, key, image) {
		if (!rc)
			rc = rfa_facts_set(names, key,
					   json_string(rfa_facts_str(image, "image", "")), err);
	}
	if (!rc)
		rc = rfa_named_desired(plan, names, version, err);
	json_decref(names);
	return rc;
}

int rfa_prepare_build(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *sources = json_array();
	char version[RFA_TAG_MAX + 1] = "";
	int rc = sources ? rfa_build_has_images(plan, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_build_choose(p, plan, err);
	if (!rc)
		rc = look_at_all(p, plan, sources, err);
	if (!rc)
		rc = name_version(p, plan, sources, version, sizeof(version), err);
	if (!rc)
		rc = rfa_plan_set(plan, "sources", json_incref(sources), err);
	if (!rc)
		rc = rfa_build_name(plan, version, err);
	json_decref(sources);
	return rc;
}

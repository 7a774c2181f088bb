/* Completes the plan of a build: where, from what, and what the images are to be called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/suggest.h"
#include "fsm/model/build.h"
#include "fsm/parts/args.h"

/* The longest tag that engines take. */
#define TAG_MAX 128

static const char *env_of(const json_t *plan)
{
	return rfa_facts_str(plan, "target/env", "");
}

static int has_build(const json_t *plan, struct rfa_error *err)
{
	if (json_object_size(rfa_facts_at(plan, "target/stack/build/images")))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config", "the stack builds no images in \"%.60s\"",
		 env_of(plan));
	return rfa_error_hint(err, "add to it for example \"build\": {\"images\": {\"web\": "
				   "{\"image\": \"shop/web\", \"context\": \"../web\"}}}");
}

/* Where. */

static int choose_builder(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
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

/* 1 if the stack has a container of this name, or may have such a service. */
static int has_key(const json_t *plan, const char *key)
{
	const json_t *services = rfa_facts_at(plan, "target/stack/compose/services");

	return rfa_facts_has_text(rfa_facts_at(plan, "target/stack/containers"), key) ||
	       (rfa_facts_at(plan, "target/stack/compose") &&
		(!json_array_size(services) || rfa_facts_has_text(services, key)));
}

static int check_key(const json_t *plan, const char *key, struct rfa_error *err)
{
	struct rfa_suggestion s = { key, NULL, 0 };
	json_t *name;
	size_t i;

	if (has_key(plan, key))
		return 0;
	json_array_foreach (rfa_facts_at(plan, "target/stack/containers"), i, name) {
		rfa_suggest_offer(&s, json_string_value(name));
	}
	rfa_fail(err, RFA_ECONFIG, "config",
		 "build.images names %.60s, which is no container and no service of the stack",
		 key);
	return s.best && s.distance <= 3
		   ? rfa_error_hint(err, "did you mean %s?", s.best)
		   : rfa_error_hint(err, "name it as it is in containers, or in the Compose "
					 "project");
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
	json_t *images = rfa_facts_at(plan, "target/stack/build/images"), *image;
	struct rfa_host *host = NULL;
	const char *key;
	int rc = p->open(p, rfa_facts_at(plan, "source"), &host, err);

	json_object_foreach (images, key, image) {
		if (!rc)
			rc = check_key(plan, key, err);
		if (!rc)
			rc = resolve(p, plan, key, image, err);
		if (!rc)
			rc = look(host, key, rfa_facts_str(image, "context", ""), sources, err);
	}
	rfa_host_free(host);
	return rc;
}

/* What it is to be called. */

/* A tag: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} (docker/distribution, reference.go). */
static int is_tag(const char *text)
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return *text && *text != '.' && *text != '-' && strlen(text) <= TAG_MAX &&
	       !text[strspn(text, chars)];
}

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
	if (!is_tag(asked)) {
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
				 "build.images builds %.100s for %.60s and for %.60s in two ways",
				 rfa_facts_str(image, "image", ""), key, of);
			return rfa_error_hint(err, "give each an image name of its own, or write "
						   "the same for both");
		}
	}
	return 0;
}

static int put_desired(json_t *plan, const char *version, struct rfa_error *err)
{
	json_t *images = rfa_facts_at(plan, "target/stack/build/images"), *image;
	json_t *list = json_array();
	const char *key;
	int rc = list ? 0 : rfa_fail_nomem(err);

	json_object_foreach (images, key, image) {
		const json_t *containers = rfa_facts_at(plan, "target/stack/containers");
		char ref[512];

		snprintf(ref, sizeof(ref), "%.300s:%s", rfa_facts_str(image, "image", ""), version);
		if (!rc &&
		    json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "key", key, "kind",
					rfa_facts_has_text(containers, key) ? "run" : "compose",
					"ref", ref)))
			rc = rfa_fail_nomem(err);
	}
	if (!rc)
		rc = rfa_plan_set(plan, "desired",
				  json_pack("{s:s, s:O}", "version", version, "images", list), err);
	json_decref(list);
	return rc;
}

int rfa_prepare_build(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *sources = json_array();
	char version[TAG_MAX + 1] = "";
	int rc = sources ? has_build(plan, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = choose_builder(p, plan, err);
	if (!rc)
		rc = look_at_all(p, plan, sources, err);
	if (!rc)
		rc = check_names(plan, err);
	if (!rc)
		rc = name_version(p, plan, sources, version, sizeof(version), err);
	if (!rc)
		rc = rfa_plan_set(plan, "sources", json_incref(sources), err);
	if (!rc)
		rc = put_desired(plan, version, err);
	json_decref(sources);
	return rc;
}

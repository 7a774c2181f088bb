/*
 * Containers of a Compose project: brought up with their images pinned by an override file in
 * rfa's own directory. The project's files are never written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/compose_project.h"
#include "fsm/steps/evidence.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/spec.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/users.h"

static int has_project(const struct rfa_ctx *ctx)
{
	return json_is_object(json_object_get(rfa_ctx_stack(ctx), "compose"));
}

/* ---- the pins ---------------------------------------------------------------------------------
 */

static int write_pins(struct rfa_ctx *ctx, const char *text, struct rfa_error *err)
{
	char path[400];

	rfa_pins_path(ctx, path, sizeof(path));
	return text ? ctx->hosts[RFA_TARGET]->ops->file_write(ctx->hosts[RFA_TARGET], path, 0600,
							      text, strlen(text), err)
		    : ctx->hosts[RFA_TARGET]->ops->file_remove(ctx->hosts[RFA_TARGET], path, err);
}

/* The pins that were in force before the run, as an object; NULL: there were none. */
static const char *old_pins(const struct rfa_ctx *ctx)
{
	return json_string_value(rfa_ctx_fact(ctx, "target.look", "pins"));
}

static int pin(json_t *services, const char *service, const char *ref, struct rfa_error *err)
{
	return rfa_facts_set(services, service,
			     json_pack("{s:s, s:s}", "image", ref, "pull_policy", "never"), err);
}

/*
 * Writes the override: an image for each of these services, and never a pull. What other services
 * of the project were pinned to, they stay pinned to. JSON is YAML.
 */
static int write_override(struct rfa_ctx *ctx, const json_t *images, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	const char *old = old_pins(ctx);
	struct rfa_error ignored;
	json_t *file = NULL;
	json_t *services;
	const char *service;
	json_t *ref;
	int rc = 0;

	/* A file of ours that is broken is no reason to stop: it is written anew. */
	if (!old || rfa_facts_parse(&file, old, strlen(old), "pins", &ignored) ||
	    !json_is_object(json_object_get(file, "services"))) {
		json_decref(file);
		file = json_pack("{s:{}}", "services");
	}
	services = json_object_get(file, "services");
	if (!services)
		rc = rfa_fail_nomem(err);
	json_object_foreach ((json_t *)(uintptr_t)images, service, ref) {
		if (!rc)
			rc = pin(services, service, json_string_value(ref), err);
	}
	if (!rc)
		rc = rfa_facts_encode(file, &text, err);
	if (!rc)
		rc = write_pins(ctx, rfa_buf_str(&text), err);
	json_decref(file);
	rfa_buf_release(&text);
	return rc;
}

static int pin_wanted(struct rfa_ctx *ctx, struct rfa_error *err)
{
	json_t *images = json_object();
	json_t *good;
	size_t i;
	int rc = images ? 0 : rfa_fail_nomem(err);

	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *key = rfa_facts_str(good, "key", "");

		if (!rc && rfa_compose_deploys(ctx, key))
			rc = rfa_facts_set(images, key, json_string(rfa_facts_str(good, "ref", "")),
					   err);
	}
	if (!rc)
		rc = write_override(ctx, images, err);
	json_decref(images);
	return rc;
}

/*
 * What each service ran before, {service: reference}; new. A tag that has been moved since then
 * does not name it any more: the keep tag does.
 */
static int images_before(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	const json_t *refs = rfa_ctx_fact(ctx, "target.look", "refs");
	json_t *images = json_object();
	json_t *unit;
	size_t i;
	int rc = images ? 0 : rfa_fail_nomem(err);

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "units"), i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const char *ref = rfa_facts_str(unit, "ref", "");
		const char *points = json_string_value(json_object_get(refs, ref));
		char keep[RFA_KEEP_MAX];

		if (rc || !rfa_compose_deploys(ctx, key) || !rfa_facts_bool(unit, "present", 0) ||
		    json_object_get(images, key))
			continue;
		rfa_keep_tag(rfa_facts_str(unit, "identity", ""), ctx->run, keep);
		if (!points || strcmp(points, rfa_facts_str(unit, "image_id", "")) != 0)
			ref = keep;
		rc = rfa_facts_set(images, key, json_string(ref), err);
	}
	if (rc)
		json_decref(images);
	else
		*out = images;
	return rc;
}

/* *is: the project says by itself, with the pins of before, that it runs these images. */
static int says(struct rfa_ctx *ctx, const json_t *images, int *is, struct rfa_error *err)
{
	struct rfa_compose_project project;
	json_t *answer = NULL;
	const char *service;
	json_t *ref;
	int rc = rfa_compose_project(ctx, old_pins(ctx) != NULL, &project, err);

	json_object_foreach ((json_t *)(uintptr_t)images, service, ref) {
		if (!rc)
			rc = rfa_compose_add_service(ctx, service, &project, err);
	}
	if (!rc)
		rc = ctx->hosts[RFA_TARGET]->ops->compose_config(ctx->hosts[RFA_TARGET],
								 &project.compose, &answer, err);
	*is = !rc;
	json_object_foreach ((json_t *)(uintptr_t)images, service, ref) {
		const json_t *services = rfa_facts_at(answer, "config/services");

		if (strcmp(rfa_facts_str(json_object_get(services, service), "image", ""),
			   json_string_value(ref)) != 0)
			*is = 0;
	}
	json_decref(answer);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

/*
 * The pins for the way back: those of before, if with them the project says what ran. Its files may
 * have come to name something else since; then what ran is pinned. *pinned: there are any.
 */
static int pin_before(struct rfa_ctx *ctx, int *pinned, struct rfa_error *err)
{
	json_t *images = NULL;
	int is = 0;
	int rc = images_before(ctx, &images, err);

	if (!rc)
		rc = write_pins(ctx, old_pins(ctx), err);
	if (!rc)
		rc = says(ctx, images, &is, err);
	if (!rc && !is)
		rc = write_override(ctx, images, err);
	*pinned = !is || old_pins(ctx);
	json_decref(images);
	return rc;
}

/* ---- the trio ---------------------------------------------------------------------------------
 */

/* What ended badly says why in its own words. */
static void keep_logs(struct rfa_ctx *ctx, json_t *facts)
{
	struct rfa_error ignored;
	json_t *units = NULL;
	json_t *unit;
	size_t i;

	if (rfa_units(ctx->hosts[RFA_TARGET], rfa_ctx_stack(ctx), &units, &ignored))
		return;
	json_array_foreach (units, i, unit) {
		const json_t *c = json_object_get(unit, "inspect");

		if (rfa_compose_deploys(ctx, rfa_facts_str(unit, "key", "")) && json_is_object(c) &&
		    !rfa_facts_bool(c, "State/Running", 0) &&
		    rfa_facts_int(c, "State/ExitCode", 0) != 0)
			rfa_evidence_logs(ctx, rfa_facts_str(unit, "container", ""), facts);
	}
	json_decref(units);
}

/* Compose itself goes on from what it sees, so it may be repeated. */
int rfa_compose_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_compose_project project;
	struct rfa_ctx_key key;
	char path[400];
	char says[480];
	int rc;

	if (!has_project(ctx))
		return rfa_ctx_skip(facts, "the stack has no Compose project", err);
	rc = rfa_compose_project(ctx, 1, &project, err);
	if (!rc)
		rc = rfa_compose_add_desired(ctx, &project, err);
	if (!rc && !project.services[0]) {
		return rfa_ctx_skip(facts, "no service of it is deployed", err);
	}
	if (!rc)
		rc = pin_wanted(ctx, err);
	if (!rc)
		rc = ctx->hosts[RFA_TARGET]->ops->compose_up(ctx->hosts[RFA_TARGET],
							     rfa_ctx_key(ctx, &key, "up", NULL),
							     &project.compose, err);
	if (rc == -RFA_EREMOTE) {
		struct rfa_error why = *err;

		keep_logs(ctx, facts);
		*err = why;
	}
	if (rc)
		return rc;
	/* Without the override, a hand-made `up` goes back to what the project's own files name. */
	rfa_pins_path(ctx, path, sizeof(path));
	snprintf(says, sizeof(says), "the images are pinned: by hand, add -f %s", path);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

/* How far the containers of the deployed services are. */
struct count {
	size_t all,
	    wanted; /* that are there; that run the wanted image, or have run it to its end */
	size_t then, before; /* that were there before; that are as before */
	size_t lacking;      /* services with fewer containers than they had, or with none */
};

static int is_wanted(struct rfa_ctx *ctx, const json_t *unit, int *is, struct rfa_error *err)
{
	const json_t *c = json_object_get(unit, "inspect");
	const json_t *good = rfa_wanted_of(ctx, rfa_facts_str(unit, "key", ""));
	const char *id = NULL;
	json_t *holder = NULL;
	int rc = rfa_image_id(ctx->hosts[RFA_TARGET], rfa_facts_str(good, "keep", ""), &holder, &id,
			      err);

	*is = id && !strcmp(id, rfa_facts_str(c, "Image", "")) &&
	      (rfa_facts_bool(c, "State/Running", 0) || rfa_host_ended_well(c));
	json_decref(holder);
	return rc < 0 ? rc : 0;
}

static int is_as_before(const struct rfa_ctx *ctx, const json_t *unit)
{
	const json_t *c = json_object_get(unit, "inspect");
	const json_t *was;
	size_t i;

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "units"), i, was) {
		if (rfa_facts_bool(was, "present", 0) &&
		    !strcmp(rfa_facts_str(was, "container_id", "-"), rfa_facts_str(c, "Id", "")))
			return rfa_facts_bool(was, "running", 0) ==
			       rfa_facts_bool(c, "State/Running", 0);
	}
	return 0;
}

static size_t containers_of(const json_t *units, const char *key)
{
	json_t *unit;
	size_t n = 0;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)units, i, unit) {
		n += !strcmp(rfa_facts_str(unit, "key", ""), key) &&
		     json_is_object(json_object_get(unit, "inspect"));
	}
	return n;
}

static int count(struct rfa_ctx *ctx, const json_t *units, struct count *n, struct rfa_error *err)
{
	json_t *good;
	json_t *unit;
	size_t i;

	memset(n, 0, sizeof(*n));
	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *key = rfa_facts_str(good, "key", "");
		size_t then = rfa_count_before(ctx, key, 0);
		size_t now = containers_of(units, key);

		if (!rfa_compose_deploys(ctx, key))
			continue;
		n->then += then;
		n->lacking += now < (then ? then : 1);
	}
	json_array_foreach ((json_t *)(uintptr_t)units, i, unit) {
		int is = 0;
		int rc;

		if (!json_is_object(json_object_get(unit, "inspect")) ||
		    !rfa_compose_deploys(ctx, rfa_facts_str(unit, "key", "")))
			continue;
		rc = is_wanted(ctx, unit, &is, err);
		if (rc)
			return rc;
		n->all++;
		n->wanted += is != 0;
		n->before += is_as_before(ctx, unit) != 0;
	}
	return 0;
}

int rfa_compose_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	json_t *units = NULL;
	struct count n;
	int rc = rfa_units(ctx->hosts[RFA_TARGET], rfa_ctx_stack(ctx), &units, err);

	(void)facts;
	if (!rc)
		rc = count(ctx, units, &n, err);
	json_decref(units);
	if (rc)
		return rc;
	*seen = !n.lacking && n.wanted == n.all        ? RFA_PROBE_DONE
		: n.before == n.all && n.all == n.then ? RFA_PROBE_NOT_DONE
						       : RFA_PROBE_PARTIAL;
	return 0;
}

/* A service that was not there before goes. */
static int drop_new(struct rfa_ctx *ctx, const json_t *units, struct rfa_error *err)
{
	json_t *unit;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)units, i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const char *name = rfa_facts_str(unit, "container", "");
		struct rfa_ctx_key job;

		if (rc || !*name || !rfa_compose_deploys(ctx, key) || rfa_count_before(ctx, key, 0))
			continue;
		rc = ctx->hosts[RFA_TARGET]->ops->container_stop(
		    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &job, "stop", name), name, err);
		if (!rc)
			rc = ctx->hosts[RFA_TARGET]->ops->container_remove(
			    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &job, "remove", name), name,
			    err);
	}
	return rc;
}

/*
 * Compose makes the services again that were there before, all at once: what one of them depends on
 * is part of it. None is started unless all of them ran.
 */
static int make_before(struct rfa_ctx *ctx, int pinned, int *started, struct rfa_error *err)
{
	struct rfa_compose_project project;
	struct rfa_ctx_key key;
	json_t *good;
	size_t i;
	int rc = rfa_compose_project(ctx, pinned, &project, err);

	*started = 1;
	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *service = rfa_facts_str(good, "key", "");

		if (rc || !rfa_compose_deploys(ctx, service) || !rfa_count_before(ctx, service, 0))
			continue;
		*started &= rfa_count_before(ctx, service, 1) > 0;
		rc = rfa_compose_add_service(ctx, service, &project, err);
	}
	project.compose.no_start = !*started;
	if (!rc && project.services[0])
		rc = ctx->hosts[RFA_TARGET]->ops->compose_up(
		    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, *started ? "up" : "make", NULL),
		    &project.compose, err);
	return rc;
}

/* Starts what ran, in the order of what depends on what: the reverse of the one for stopping. */
static int start_before(struct rfa_ctx *ctx, struct rfa_error *err)
{
	json_t *project = json_pack("{s:{s:s}}", "compose", "project",
				    rfa_facts_str(rfa_ctx_stack(ctx), "compose/project", ""));
	json_t *users = NULL;
	json_t *all = NULL;
	size_t i;
	int rc = project ? ctx->hosts[RFA_TARGET]->ops->list(ctx->hosts[RFA_TARGET], RFA_CONTAINER,
							     &all, err)
			 : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_users(project, all, &users, err);
	for (i = json_array_size(users); !rc && i-- > 0;) {
		const json_t *c = rfa_facts_at(json_array_get(users, i), "inspect");
		const char *service = rfa_container_label(c, "com.docker.compose.service");
		const char *name = rfa_container_name(c);
		struct rfa_ctx_key key;

		if (rfa_compose_deploys(ctx, service) && rfa_count_before(ctx, service, 1) &&
		    !rfa_container_active(c))
			rc = ctx->hosts[RFA_TARGET]->ops->container_start(
			    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "start", name), name,
			    err);
	}
	json_decref(project);
	json_decref(users);
	json_decref(all);
	return rc;
}

/* The tags point where they did, Compose brings up what ran, and the pins are what they were. */
int rfa_compose_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	json_t *units = NULL;
	struct count n;
	int pinned, started;
	int rc;

	if (!has_project(ctx))
		return 0;
	rc = rfa_units(ctx->hosts[RFA_TARGET], rfa_ctx_stack(ctx), &units, err);
	if (!rc)
		rc = count(ctx, units, &n, err);
	if (!rc && (n.before != n.all || n.all != n.then)) {
		rc = rfa_tag_undo(ctx, err);
		if (!rc)
			rc = drop_new(ctx, units, err);
		if (!rc)
			rc = pin_before(ctx, &pinned, err);
		if (!rc)
			rc = make_before(ctx, pinned, &started, err);
		if (!rc && !started)
			rc = start_before(ctx, err);
	}
	if (!rc)
		rc = write_pins(ctx, old_pins(ctx), err);
	json_decref(units);
	return rc;
}

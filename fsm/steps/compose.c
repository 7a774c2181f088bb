/*
 * Containers of a Compose project: brought up with their images pinned by an override file in
 * rfa's own directory. The project's files are never written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/compose.h"
#include "fsm/steps/evidence.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/spec.h"
#include "fsm/steps/steps.h"

enum { FILES_MAX = 16 };

static json_t *compose_of(const struct rfa_ctx *ctx)
{
	json_t *compose = json_object_get(rfa_ctx_stack(ctx), "compose");

	return json_is_object(compose) ? compose : NULL;
}

static size_t take_list(const json_t *list, const char *files[], size_t n)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		if (n < FILES_MAX)
			files[n++] = json_string_value(one);
	}
	files[n] = NULL;
	return n;
}

void rfa_compose_project(const struct rfa_ctx *ctx, int pinned, struct rfa_compose_project *p)
{
	const json_t *compose = compose_of(ctx);
	size_t n = take_list(json_object_get(compose, "files"), p->files, 0);

	if (!n)
		p->files[n++] = "docker-compose.yml";
	if (pinned) {
		rfa_pins_path(ctx, p->pins, sizeof(p->pins));
		p->files[n++] = p->pins;
	}
	p->files[n] = NULL;
	take_list(json_object_get(compose, "env_files"), p->env_files, 0);
	p->compose =
	    (struct rfa_compose){ rfa_facts_str(compose, "project", ""),
				  rfa_facts_str(compose, "directory", ""), p->files, p->env_files };
}

static int write_pins(struct rfa_ctx *ctx, const char *text, struct rfa_error *err)
{
	char path[400];

	rfa_pins_path(ctx, path, sizeof(path));
	return text ? ctx->target->ops->file_write(ctx->target, path, 0600, text, strlen(text), err)
		    : ctx->target->ops->file_remove(ctx->target, path, err);
}

/* The override: the wanted image for each service, and never a pull. JSON is YAML. */
static int pin_wanted(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *services = json_object();
	json_t *file = json_pack("{s:o}", "services", services);
	json_t *good;
	size_t i;
	int rc;

	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		if (strcmp(rfa_facts_str(good, "shape", ""), "compose") == 0)
			json_object_set_new(services, rfa_facts_str(good, "key", ""),
					    json_pack("{s:s, s:s}", "image",
						      rfa_facts_str(good, "ref", ""), "pull_policy",
						      "never"));
	}
	rc = file ? rfa_facts_encode(file, &text, err) : rfa_fail_nomem(err);
	if (!rc)
		rc = write_pins(ctx, rfa_buf_str(&text), err);
	json_decref(file);
	rfa_buf_release(&text);
	return rc;
}

static int up(struct rfa_ctx *ctx, int pinned, struct rfa_error *err)
{
	struct rfa_compose_project project;
	struct rfa_ctx_key key;

	rfa_compose_project(ctx, pinned, &project);
	return ctx->target->ops->compose_up(ctx->target, rfa_ctx_key(ctx, &key, "up", NULL),
					    &project.compose, err);
}

/* Compose itself goes on from what it sees, so it may be repeated. */
int rfa_compose_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	char path[400];
	char says[480];
	int rc;

	if (!compose_of(ctx))
		return rfa_ctx_skip(facts, "the stack has no Compose project", err);
	rc = pin_wanted(ctx, err);
	if (!rc)
		rc = up(ctx, 1, err);
	if (rc)
		return rc;
	/* Without the override, a hand-made `up` goes back to what the project's own files name. */
	rfa_pins_path(ctx, path, sizeof(path));
	snprintf(says, sizeof(says), "the images are pinned: by hand, add -f %s", path);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

/* Counts the services that run the wanted image, and those that are as before. */
static int count(struct rfa_ctx *ctx, size_t *all, size_t *wanted, size_t *before,
		 struct rfa_error *err)
{
	json_t *units = NULL;
	json_t *unit;
	size_t i;
	int rc = rfa_units(ctx->target, rfa_ctx_stack(ctx), &units, err);

	*all = *wanted = *before = 0;
	if (rc)
		return rc;
	json_array_foreach (units, i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const json_t *good = rfa_wanted_of(ctx, key);
		const json_t *was = rfa_before_of(ctx, key);
		const json_t *c = json_object_get(unit, "inspect");
		const char *id = NULL;
		json_t *holder = NULL;

		if (strcmp(rfa_facts_str(unit, "shape", ""), "compose") != 0)
			continue;
		(*all)++;
		if (was &&
		    !strcmp(rfa_facts_str(was, "container_id", ""), rfa_facts_str(c, "Id", "")) &&
		    rfa_facts_bool(was, "running", 0) == rfa_facts_bool(c, "State/Running", 0))
			(*before)++;
		rc = good ? rfa_image_id(ctx->target, rfa_facts_str(good, "keep", ""), &holder, &id,
					 err)
			  : 0;
		if (rc >= 0)
			rc = 0;
		if (!good || (id && rfa_facts_bool(c, "State/Running", 0) &&
			      !strcmp(id, rfa_facts_str(c, "Image", ""))))
			(*wanted)++;
		json_decref(holder);
		if (rc)
			break;
	}
	json_decref(units);
	return rc;
}

int rfa_compose_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	size_t all, wanted, before;
	int rc = count(ctx, &all, &wanted, &before, err);

	(void)facts;
	if (rc)
		return rc;
	*seen = all && wanted == all ? RFA_PROBE_DONE
		: before == all      ? RFA_PROBE_NOT_DONE
				     : RFA_PROBE_PARTIAL;
	return 0;
}

/* The tags point where they did, the pins are what they were, and Compose brings that up. */
int rfa_compose_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const char *pins = json_string_value(rfa_ctx_fact(ctx, "target.look", "pins"));
	size_t all, wanted, before;
	json_t *units = NULL;
	json_t *unit;
	size_t i;
	int rc;

	if (!compose_of(ctx))
		return 0;
	rc = count(ctx, &all, &wanted, &before, err);
	if (!rc)
		rc = write_pins(ctx, pins, err);
	if (rc || before == all)
		return rc;
	rc = rfa_tag_undo(ctx, err);
	if (!rc)
		rc = rfa_units(ctx->target, rfa_ctx_stack(ctx), &units, err);
	if (rc)
		return rc;
	/* What was not there before goes; then Compose makes the rest as it was. */
	json_array_foreach (units, i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const char *name = rfa_facts_str(unit, "container", "");
		struct rfa_ctx_key job;

		if (strcmp(rfa_facts_str(unit, "shape", ""), "compose") != 0 || !*name ||
		    rfa_facts_bool(rfa_before_of(ctx, key), "present", 0))
			continue;
		rc = ctx->target->ops->container_stop(
		    ctx->target, rfa_ctx_key(ctx, &job, "stop", name), name, err);
		if (!rc)
			rc = ctx->target->ops->container_remove(
			    ctx->target, rfa_ctx_key(ctx, &job, "remove", name), name, err);
		if (rc)
			break;
	}
	json_decref(units);
	if (!rc && rfa_ctx_fact(ctx, "target.look", "goods/images/0"))
		rc = up(ctx, pins != NULL, err);
	return rc;
}

/*
 * Looking before touching: what runs on the source is frozen, and how the target looks now is
 * recorded. Neither judges; what is found wrong is told by the gates, all of it at once.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/compose_project.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/look.h"
#include "fsm/steps/reach.h"
#include "fsm/steps/refs.h"
#include "fsm/steps/spec.h"
#include "fsm/steps/steps.h"

/* How a unit looks: enough to tell later whether it is as before, and nothing that may be secret.
 */
static int unit_facts(const json_t *unit, const json_t *good, json_t **out, struct rfa_error *err)
{
	const json_t *c = json_object_get(unit, "inspect");
	int present = json_is_object(c);
	char ref[512];

	rfa_unit_ref(c, ref, sizeof(ref));
	*out = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:s, s:s, s:s, s:s, s:s}", "key",
			 rfa_facts_str(unit, "key", ""), "shape", rfa_facts_str(unit, "shape", ""),
			 "container", rfa_facts_str(unit, "container", ""), "present", present,
			 "running", present && rfa_facts_bool(c, "State/Running", 0), "restarting",
			 present && rfa_facts_bool(c, "State/Restarting", 0), "ended",
			 rfa_host_ended_well(c), "health",
			 rfa_facts_str(c, "State/Health/Status", ""), "container_id",
			 rfa_facts_str(c, "Id", ""), "image_id", rfa_facts_str(c, "Image", ""),
			 "ref", ref, "identity", rfa_facts_str(good, "identity", ""));
	return *out ? 0 : rfa_fail_nomem(err);
}

int rfa_look_goods(struct rfa_host *host, const json_t *stack, json_t *facts, json_t **units_out,
		   struct rfa_error *err)
{
	json_t *goods = json_array();
	json_t *seen = json_array();
	json_t *units = NULL;
	char version[128] = "";
	json_t *unit;
	size_t i;
	int rc = rfa_units(host, stack, &units, err);

	if (rc)
		goto done;
	json_array_foreach (units, i, unit) {
		const char *image = rfa_facts_str(unit, "inspect/Image", NULL);
		json_t *object = NULL;
		json_t *good = NULL;
		json_t *line = NULL;

		if (image) {
			rc = rfa_inspect_or_null(host, RFA_IMAGE, image, &object, err);
			if (!rc && object)
				rc = rfa_good_of(unit, object, &good, err);
		}
		if (!rc)
			rc = unit_facts(unit, good, &line, err);
		/* The containers of one service have one image; gates judge whether it is so. */
		if (good && !rfa_by_key(goods, rfa_facts_str(good, "key", "")))
			json_array_append(goods, good);
		json_decref(good);
		if (line)
			json_array_append_new(seen, line);
		json_decref(object);
		if (rc)
			goto done;
	}
	if (json_array_size(goods))
		rfa_goods_version(goods, version, sizeof(version));
	rc = rfa_facts_set(facts, "units", json_incref(seen), err);
	if (!rc)
		rc = rfa_facts_set(facts, "goods",
				   json_pack("{s:s, s:O}", "version", version, "images", goods),
				   err);
	if (!rc && units_out)
		*units_out = json_incref(units);
done:
	json_decref(units);
	json_decref(goods);
	json_decref(seen);
	return rc;
}

int rfa_look_engine(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_engine *engine = RFA_NEW(ctx->pool, engine);
	json_t *info = NULL;
	int rc = ctx->host->ops->info(ctx->host, &info, err);

	if (!rc)
		rc = rfa_record_read(&rfa_shape_engine, info, ctx->pool, engine, err);
	out->engine = engine;
	json_decref(info);
	return rc;
}

int rfa_look_own_url(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_stack_url *is = rfa_ctx_stack_here(ctx)->base_url;
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_own_url *found;
	struct rfa_error why;
	json_t *json = NULL;
	int rc;

	if (!is)
		return 0;
	found = RFA_NEW(ctx->pool, own_url);
	found->file = is->file;
	found->key = *is->key ? is->key : "base_url";
	rfa_error_clear(&why);
	rc = ctx->host->ops->file_read(ctx->host, is->file, 1 << 20, &text, &why);
	if (rc && rc != -RFA_ENOTFOUND && rc != -RFA_ETOOBIG && rc != -RFA_EREMOTE) {
		*err = why;
		goto done;
	}
	if (!rc)
		rc = rfa_facts_parse(&json, rfa_buf_str(&text), text.len, is->file, &why);
	if (!rc) {
		found->value = rfa_pool_text(ctx->pool, rfa_facts_str(json, found->key, ""));
		if (!*found->value)
			rc = rfa_fail(&why, RFA_ENOTFOUND, "gate", "it has no text at '%s'",
				      found->key);
	}
	if (rc)
		found->problem = rfa_pool_text(ctx->pool, why.msg);
	out->own_url = found;
	rc = 0;
done:
	json_decref(json);
	rfa_buf_release(&text);
	return rc;
}

int rfa_source_look_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const json_t *stack = rfa_facts_at(ctx->plan_json, "source/stack");
	struct rfa_proven proven;
	char says[256];
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_look_engine(ctx, &proven, err);
	if (!rc)
		rc = rfa_look_goods(ctx->hosts[RFA_SOURCE], stack, facts, NULL, err);
	if (!rc)
		rc = rfa_look_own_url(ctx, &proven, err);
	if (!rc)
		rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	if (rc)
		return rc;
	snprintf(says, sizeof(says), "%s runs %s", ctx->hosts[RFA_SOURCE]->name,
		 rfa_facts_str(facts, "goods/version", "nothing"));
	return rfa_facts_set(facts, "says", json_string(says), err);
}

/* ---- the target -------------------------------------------------------------------------------
 */

/* The length of the longest common prefix of two lists of layers. */
static size_t common(const json_t *a, const json_t *b)
{
	size_t n = 0;

	while (n < json_array_size(a) && n < json_array_size(b) &&
	       json_equal(json_array_get(a, n), json_array_get(b, n)))
		n++;
	return n;
}

/*
 * Which wanted images the target has, and which layers of the others need not travel. Layers are
 * found by chain: a layer counts as present only below the same layers, so one that any missing
 * image has outside its present prefix must travel.
 */
static int compare_images(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *wanted = rfa_facts_at(rfa_wanted(ctx), "images");
	json_t *present = json_object();
	json_t *missing = json_array();
	json_t *omit = json_object();
	json_t *must = json_object();
	json_t *all = NULL;
	json_t *list = json_array();
	json_int_t bytes = 0;
	json_t *good;
	json_t *image;
	const char *layer;
	json_t *unused;
	size_t i, j;
	int rc = ctx->hosts[RFA_TARGET]->ops->list(ctx->hosts[RFA_TARGET], RFA_IMAGE, &all, err);

	if (rc)
		goto done;
	json_array_foreach (wanted, i, good) {
		json_t *layers = json_object_get(good, "layers");
		const char *identity = rfa_facts_str(good, "identity", "");
		size_t best = 0;

		json_array_foreach (all, j, image) {
			size_t n = common(layers, rfa_facts_at(image, "RootFS/Layers"));
			char is[65];

			best = n > best ? n : best;
			if (n < json_array_size(layers) || rfa_image_identity(image, is, err) ||
			    strcmp(is, identity))
				continue;
			json_object_set_new(present, identity,
					    json_string(rfa_facts_str(image, "Id", "")));
		}
		rfa_error_clear(err);
		if (json_object_get(present, identity))
			continue;
		json_array_append_new(missing, json_string(rfa_facts_str(good, "key", "")));
		bytes += (json_int_t)rfa_facts_int(good, "size", 0);
		for (j = 0; j < json_array_size(layers); j++)
			json_object_set_new(j < best ? omit : must,
					    json_string_value(json_array_get(layers, j)),
					    json_true());
	}
	json_object_foreach (omit, layer, unused) {
		if (!json_object_get(must, layer))
			json_array_append_new(list, json_string(layer));
	}
	rc = rfa_facts_set(facts, "present", json_incref(present), err);
	if (!rc)
		rc = rfa_facts_set(facts, "missing", json_incref(missing), err);
	if (!rc)
		rc = rfa_facts_set(facts, "omit", json_incref(list), err);
	if (!rc)
		rc = rfa_facts_set(facts, "bytes", json_integer(bytes), err);
done:
	json_decref(all);
	json_decref(present);
	json_decref(missing);
	json_decref(omit);
	json_decref(must);
	json_decref(list);
	return rc;
}

/* Where each tag that the run may move points now. */
static int put_refs(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *lists[2] = { rfa_facts_at(rfa_wanted(ctx), "images"),
			     rfa_facts_at(facts, "goods/images") };
	json_t *refs = json_object();
	json_t *good;
	size_t k, i;
	int rc = refs ? 0 : rfa_fail_nomem(err);

	for (k = 0; k < 2 && !rc; k++) {
		json_array_foreach (lists[k], i, good) {
			const char *names[2] = { rfa_facts_str(good, "ref", ""),
						 rfa_facts_str(good, "keep", "") };
			size_t n;

			for (n = 0; n < 2 && !rc; n++) {
				const char *id = NULL;
				json_t *holder = NULL;

				if (json_object_get(refs, names[n]))
					continue;
				rc = rfa_image_id(ctx->hosts[RFA_TARGET], names[n], &holder, &id,
						  err);
				if (rc >= 0)
					rc = rfa_facts_set(refs, names[n],
							   id ? json_string(id) : json_null(), err);
				json_decref(holder);
			}
			if (rc)
				break;
		}
	}
	if (!rc)
		rc = rfa_facts_set(facts, "refs", json_incref(refs), err);
	json_decref(refs);
	return rc;
}

/* How one URL answers. */
static int ask(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_answer *answer,
	       struct rfa_error *err)
{
	struct rfa_http_request request = { 0 };
	struct rfa_http_reply reply;
	int rc;

	answer->url = check->url;
	request.url = check->url;
	request.timeout_ms = check->timeout_s * 1000;
	request.insecure_tls = check->insecure_tls;
	rc = ctx->host->ops->http_get(ctx->host, &request, &reply, err);
	if (!rc) {
		answer->status = reply.status;
		if (reply.status != check->status)
			answer->problem =
			    rfa_pool_printf(ctx->pool, "it answers %d instead of %lld",
					    reply.status, (long long)check->status);
		rfa_http_reply_release(&reply);
	} else if (rfa_http_is_service(err)) {
		answer->problem = rfa_pool_text(ctx->pool, err->msg);
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

int rfa_look_health(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_check *check;

	RFA_EACH (check, rfa_ctx_stack_here(ctx)->health) {
		struct rfa_answer *answer = RFA_ADD(ctx->pool, answer, &out->answers);
		int rc = ask(ctx, check, answer, err);

		/* That nobody can be asked is no failure of the look: the gate says it with all
		 * others. */
		if (rc == -RFA_EFORWARDING) {
			struct rfa_blind *blind = RFA_NEW(ctx->pool, blind);

			blind->why = rfa_pool_text(ctx->pool, err->msg);
			blind->mend = rfa_pool_text(ctx->pool, err->mend);
			out->blind = blind;
			out->answers.n--; /* it gave none */
			rfa_error_clear(err);
			return 0;
		}
		if (rc)
			return rc;
	}
	return 0;
}

/* What of each container cannot be carried over into its successor, by container. */
static int put_obstacles(const json_t *units, json_t *facts, struct rfa_error *err)
{
	json_t *obstacles = json_array();
	json_t *unit;
	size_t i;
	int rc = obstacles ? 0 : rfa_fail_nomem(err);

	json_array_foreach ((json_t *)(uintptr_t)units, i, unit) {
		const json_t *c = json_object_get(unit, "inspect");

		if (strcmp(rfa_facts_str(unit, "shape", ""), "run") != 0 || !json_is_object(c))
			continue;
		rc = rfa_spec_obstacles(c, obstacles, err);
		if (rc)
			break;
	}
	if (!rc)
		rc = rfa_facts_set(facts, "obstacles", json_incref(obstacles), err);
	json_decref(obstacles);
	return rc;
}

/* 1 if the container is of the stack's own Compose project, which Compose makes again itself. */
static int is_of_project(const json_t *stack, const char *name, const json_t *all)
{
	const json_t *labels = rfa_facts_at(rfa_container_named(all, name), "Config/Labels");
	const char *own = rfa_facts_str(stack, "compose/project", NULL);
	const char *is = json_string_value(json_object_get(labels, "com.docker.compose.project"));

	return own && is && !strcmp(own, is);
}

/* Who cannot start again when the stack's containers are others: {"key","container","on","how"}. */
static int put_dependents(struct rfa_ctx *ctx, const json_t *units, json_t *facts,
			  struct rfa_error *err)
{
	json_t *dependents = json_array();
	json_t *all = NULL;
	json_t *unit;
	size_t i;
	int rc = dependents ? ctx->hosts[RFA_TARGET]->ops->list(ctx->hosts[RFA_TARGET],
								RFA_CONTAINER, &all, err)
			    : rfa_fail_nomem(err);

	json_array_foreach ((json_t *)(uintptr_t)units, i, unit) {
		json_t *found = json_array();
		json_t *one;
		size_t j;

		if (!rc)
			rc = found ? rfa_refs_on(all, json_object_get(unit, "inspect"), found, err)
				   : rfa_fail_nomem(err);
		json_array_foreach (found, j, one) {
			const char *name = rfa_facts_str(one, "container", "");

			if (rc || is_of_project(rfa_ctx_stack(ctx), name, all))
				continue;
			rc = rfa_facts_set(one, "key", json_incref(json_object_get(unit, "key")),
					   err);
			if (!rc && json_array_append(dependents, one))
				rc = rfa_fail_nomem(err);
		}
		json_decref(found);
	}
	if (!rc)
		rc = rfa_facts_set(facts, "dependents", json_incref(dependents), err);
	json_decref(dependents);
	json_decref(all);
	return rc;
}

/* The pins that are in force for a Compose project: image references, nothing secret. */
static int put_pins(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	char path[400];
	int rc;

	if (!json_is_object(json_object_get(rfa_ctx_stack(ctx), "compose")))
		return 0;
	rfa_pins_path(ctx, path, sizeof(path));
	rc = ctx->hosts[RFA_TARGET]->ops->file_read(ctx->hosts[RFA_TARGET], path, 1 << 20, &text,
						    err);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = rfa_facts_set(facts, "pins", json_null(), err);
	} else if (!rc) {
		rc = rfa_facts_set(facts, "pins", json_string(rfa_buf_str(&text)), err);
	}
	rfa_buf_release(&text);
	return rc;
}

/* Which files a project has whose files rfa.json does not name; from then on these are meant. */
static int put_files(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_compose_project project;
	json_t *files = NULL;
	int rc;

	if (!json_is_object(json_object_get(rfa_ctx_stack(ctx), "compose")) ||
	    !rfa_facts_str(facts, "engine/compose", NULL))
		return 0;
	rc = rfa_compose_project(ctx, 0, &project, err);
	if (!rc && !project.compose.files[0])
		rc = ctx->hosts[RFA_TARGET]->ops->compose_files(ctx->hosts[RFA_TARGET],
								&project.compose, &files, err);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND || rc == -RFA_EUNSUPPORTED) {
		/* A gate tells it. */
		rc = rfa_facts_set(facts, "files_problem", json_string(err->msg), err);
		rfa_error_clear(err);
	} else if (!rc && files) {
		rc = rfa_facts_set(facts, "files", json_incref(files), err);
	}
	json_decref(files);
	rfa_compose_project_release(&project);
	return rc;
}

/* Only the docker command knows which Compose it has: it is asked where a stack needs it. */
static int look_compose(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_engine *engine = RFA_NEW(ctx->pool, engine);
	json_t *version = NULL;
	int rc;

	if (!rfa_ctx_stack_here(ctx)->compose)
		return 0;
	rc = ctx->host->ops->compose_version(ctx->host, &version, err);
	*engine = *out->engine;
	engine->compose = rfa_pool_text(ctx->pool, json_string_value(version));
	out->engine = engine;
	json_decref(version);
	return rc;
}

int rfa_target_look_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const json_t *stack = rfa_ctx_stack(ctx);
	struct rfa_proven proven;
	json_t *units = NULL;
	char says[256];
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_look_engine(ctx, &proven, err);
	if (!rc)
		rc = look_compose(ctx, &proven, err);
	if (!rc)
		rc = rfa_look_goods(ctx->hosts[RFA_TARGET], stack, facts, &units, err);
	if (!rc)
		rc = put_obstacles(units, facts, err);
	if (!rc)
		rc = put_dependents(ctx, units, facts, err);
	if (!rc)
		rc = rfa_reach_look(ctx, units, facts, err);
	if (!rc)
		rc = rfa_look_own_url(ctx, &proven, err);
	if (!rc)
		rc = compare_images(ctx, facts, err);
	if (!rc)
		rc = put_refs(ctx, facts, err);
	if (!rc)
		rc = rfa_look_health(ctx, &proven, err);
	if (!rc)
		rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	if (!rc)
		rc = put_pins(ctx, facts, err);
	if (!rc)
		rc = put_files(ctx, facts, err);
	json_decref(units);
	if (rc)
		return rc;
	snprintf(says, sizeof(says), "%s runs %s; %zu image(s) to bring",
		 ctx->hosts[RFA_TARGET]->name,
		 json_array_size(rfa_facts_at(facts, "goods/images"))
		     ? rfa_facts_str(facts, "goods/version", "")
		     : "nothing of it",
		 json_array_size(json_object_get(facts, "missing")));
	return rfa_facts_set(facts, "says", json_string(says), err);
}

/* The gates of a run that brings images. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/base/size.h"
#include "fsm/steps/gates.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/secrets.h"
#include "fsm/steps/spec.h"
#include "fsm/steps/steps.h"

int rfa_gate_image_engine(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	int rc = rfa_gate_engine(c, err);

	if (!rc && json_is_object(json_object_get(rfa_ctx_stack(ctx), "compose")) &&
	    !rfa_facts_str(rfa_ctx_fact(ctx, "target.look", "engine"), "compose", NULL))
		rfa_deny(c, "install the Compose v2 plugin there (apt install docker-compose)",
			 "%s has no `docker compose`", ctx->hosts[RFA_TARGET]->name);
	return rc;
}

int rfa_gate_source_runs(struct rfa_gates *c, struct rfa_error *err)
{
	json_t *units = rfa_ctx_fact(c->ctx, "source.look", "units");
	json_t *unit;
	size_t i;

	(void)err;
	if (!c->ctx->hosts[RFA_SOURCE] || !units)
		return 0;
	if (!json_array_size(units))
		rfa_deny(c, "start it there first, or correct its name in rfa.json",
			 "nothing of this stack is on %s", c->ctx->hosts[RFA_SOURCE]->name);
	json_array_foreach (units, i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const char *name = rfa_facts_str(unit, "container", key);
		const char *health = rfa_facts_str(unit, "health", "");
		const json_t *good = rfa_wanted_of(c->ctx, key);

		if (!rfa_facts_bool(unit, "present", 0)) {
			rfa_deny(c, "start it there first, or correct its name in rfa.json",
				 "there is no container %s on %s", key,
				 c->ctx->hosts[RFA_SOURCE]->name);
			continue;
		}
		if (strcmp(rfa_facts_str(unit, "identity", ""),
			   rfa_facts_str(good, "identity", "")))
			rfa_deny(c, "bring it up there with one image",
				 "the containers of %s on %s run different images", key,
				 c->ctx->hosts[RFA_SOURCE]->name);
		/* What has done its work and ended well is as good as what runs; but what serves on
		   the other side is no such work: somebody has stopped it here. */
		if (rfa_facts_bool(unit, "ended", 0)) {
			if (rfa_count_before(c->ctx, key, 1))
				rfa_deny(c,
					 "start it there; if it is a job that ends, wait until "
					 "it has ended on the target too",
					 "the container %s on %s has ended, and on %s it runs",
					 name, c->ctx->hosts[RFA_SOURCE]->name,
					 c->ctx->hosts[RFA_TARGET]->name);
			continue;
		}
		if (!rfa_facts_bool(unit, "running", 0) || rfa_facts_bool(unit, "restarting", 0))
			rfa_deny(c,
				 "promote only what runs: start it there, and look at docker logs",
				 "the container %s on %s does not run", name,
				 c->ctx->hosts[RFA_SOURCE]->name);
		else if (*health && strcmp(health, "healthy") != 0)
			rfa_deny(c, "promote only what is healthy: wait, or look at docker logs",
				 "the container %s on %s is %s", name,
				 c->ctx->hosts[RFA_SOURCE]->name, health);
	}
	return 0;
}

/* A digest is the best pin of all; goods have it as a tag (fsm/steps/goods.h). */
int rfa_gate_tags(struct rfa_gates *c, struct rfa_error *err)
{
	json_t *good;
	size_t i;

	(void)err;
	if (rfa_facts_bool(rfa_ctx_stack(c->ctx), "gates/allow_latest", 0))
		return 0;
	json_array_foreach (rfa_facts_at(rfa_wanted(c->ctx), "images"), i, good) {
		const char *text = rfa_facts_str(good, "ref", "");
		struct rfa_imageref ref;

		rfa_imageref_parse(&ref, text);
		if (!*ref.name)
			rfa_deny(c, "give the image a tag and start the container from it",
				 "%s runs %s, which has no tag", rfa_facts_str(good, "key", ""),
				 text);
		else if (!*ref.tag || !strcmp(ref.tag, "latest"))
			rfa_deny(c, "tag it with a version, or set gates.allow_latest in rfa.json",
				 "%s runs %s: nobody could tell later which version that was",
				 rfa_facts_str(good, "key", ""), text);
	}
	return 0;
}

int rfa_gate_carry_over(struct rfa_gates *c, struct rfa_error *err)
{
	json_t *one;
	size_t i;

	(void)err;
	json_array_foreach (rfa_ctx_fact(c->ctx, "target.look", "obstacles"), i, one) {
		rfa_deny(c, rfa_facts_str(one, "mend", ""),
			 "%s on %s cannot be made again: %s (%s)",
			 rfa_facts_str(one, "container", ""), c->ctx->hosts[RFA_TARGET]->name,
			 rfa_facts_str(one, "why", ""), rfa_facts_str(one, "field", ""));
	}
	return 0;
}

/* One that runs the wanted image already, under the wanted name, may stay what it is. */
static int is_replaced(const struct rfa_ctx *ctx, const char *key)
{
	const json_t *before = rfa_unit_before(ctx, key);
	const json_t *good = rfa_wanted_of(ctx, key);

	return good &&
	       (strcmp(rfa_facts_str(before, "shape", ""), "run") != 0 ||
		strcmp(rfa_facts_str(before, "identity", "-"),
		       rfa_facts_str(good, "identity", "")) != 0 ||
		strcmp(rfa_facts_str(before, "ref", "-"), rfa_facts_str(good, "ref", "")) != 0 ||
		!rfa_facts_bool(before, "running", 0));
}

/* Those of the stack itself are told of as what cannot be carried over. */
int rfa_gate_cut_off(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	json_t *one;
	size_t i;

	(void)err;
	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "dependents"), i, one) {
		const char *name = rfa_facts_str(one, "container", "");

		if (rfa_unit_before(ctx, name) || !is_replaced(ctx, rfa_facts_str(one, "key", "")))
			continue;
		rfa_deny_unless_forced(
		    c,
		    "remove it, and make it again after the run; or give it a network of "
		    "its own that both are in",
		    "the container %s on %s has %s %s, which is replaced by another "
		    "container: it would be cut off, and could not start again",
		    name, ctx->hosts[RFA_TARGET]->name, rfa_facts_str(one, "how", ""),
		    rfa_facts_str(one, "on", ""));
	}
	return 0;
}

struct judged {
	struct rfa_gates *court;
	const char *container;
};

static void judge_reference(void *user, const char *field, const char *reference)
{
	const struct judged *j = user;

	rfa_deny(
	    j->court,
	    "name it under secrets (a variable), secret_files or secret_commands of rfa.json, and "
	    "give it a value; or write what it is there in its place",
	    "%s of %s has %s, and there is no value for it", field, j->container, reference);
}

static int judge_body(struct rfa_gates *c, const char *container, const json_t *body,
		      struct rfa_error *err)
{
	struct judged j = { c, container };
	json_t *copy = json_deep_copy(body);
	int rc = copy || !body ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_references_fill(c->ctx, copy, judge_reference, &j, err);
	json_decref(copy);
	return rc;
}

/* A first deployment needs the files that it says it needs, and to be told how to make containers.
 */
int rfa_gate_first_deployment(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	json_t *stack = rfa_ctx_stack(ctx);
	json_t *path;
	json_t *unit;
	int first = 0, rc;
	size_t i;

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "units"), i, unit) {
		const char *key = rfa_facts_str(unit, "key", "");
		const json_t *body =
		    json_object_get(rfa_facts_at(stack, "bootstrap/containers"), key);

		if (rfa_facts_bool(unit, "present", 0) ||
		    strcmp(rfa_facts_str(unit, "shape", ""), "run") != 0)
			continue;
		first = 1;
		if (!body && !rfa_facts_at(ctx->plan_json, "point/specs"))
			rfa_deny(c,
				 "describe it under bootstrap.containers of the stack: rfa init "
				 "--from writes that from what runs elsewhere (README: A first "
				 "deployment)",
				 "there is no container %s on %s, and rfa.json does not say how "
				 "to make it",
				 key, ctx->hosts[RFA_TARGET]->name);
		rc = judge_body(c, key, body, err);
		if (rc)
			return rc;
	}
	if (!first && json_array_size(rfa_ctx_fact(ctx, "target.look", "goods/images")))
		return 0;
	json_array_foreach (rfa_facts_at(stack, "bootstrap/requires"), i, path) {
		const char *text = json_string_value(path);
		size_t len = text ? strlen(text) : 0;
		int folder = len && text[len - 1] == '/';
		struct rfa_file_stat st;

		rc = ctx->hosts[RFA_TARGET]->ops->file_stat(ctx->hosts[RFA_TARGET], text, &st, err);
		if (rc)
			return rc;
		if (!st.type || (folder && st.type != 'd'))
			rfa_deny(c, "prepare it there: a first deployment needs it",
				 "%s is missing on %s", text, ctx->hosts[RFA_TARGET]->name);
	}
	return 0;
}

/* What the images are exported to, with the layers that the target has: docker writes all of them.
 */
static int room_on_source(struct rfa_gates *c, int64_t bytes, struct rfa_error *err)
{
	struct rfa_host *source = c->ctx->hosts[RFA_SOURCE];
	struct rfa_disk disk;
	int rc;

	if (!source || bytes <= 0 || rfa_ctx_one_env(c->ctx))
		return 0;
	rc = source->ops->disk(source, source->state_dir, &disk, err);
	if (!rc && disk.bytes_free < bytes)
		rfa_deny(c, "free some space there: docker image prune, or remove old backups",
			 "%s on %s has %s free, this run needs up to %s", source->state_dir,
			 source->name, RFA_SIZE(disk.bytes_free), RFA_SIZE(bytes));
	return rc;
}

int rfa_gate_image_space(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	int64_t percent = rfa_facts_int(rfa_ctx_stack(ctx), "gates/disk_free_percent", 20);
	int64_t want = rfa_goes_back(ctx) ? 0 : percent;
	int64_t bytes = rfa_facts_int(rfa_ctx_fact(ctx, "target.look", ""), "bytes", 0);
	const char *paths[2] = { ctx->hosts[RFA_TARGET]->state_dir,
				 rfa_facts_str(rfa_ctx_fact(ctx, "target.look", "engine"),
					       "docker_root", "/var/lib/docker") };
	struct rfa_disk disks[2];
	size_t i;
	int one_disk;

	for (i = 0; i < 2; i++) {
		int rc = ctx->hosts[RFA_TARGET]->ops->disk(ctx->hosts[RFA_TARGET], paths[i],
							   &disks[i], err);

		if (rc)
			return rc;
	}
	/* One file system is told once; it takes both the archive and what is loaded from it. */
	one_disk = !strcmp(disks[0].filesystem, disks[1].filesystem);
	for (i = 0; i < (one_disk ? 1 : 2); i++) {
		const struct rfa_disk *d = &disks[i];
		int64_t needed = one_disk ? 2 * bytes : bytes;

		if (d->bytes_free < needed)
			rfa_deny(c,
				 "free some space there: docker image prune, or remove old backups",
				 "%s on %s has %s free, this run needs up to %s", paths[i],
				 ctx->hosts[RFA_TARGET]->name, RFA_SIZE(d->bytes_free),
				 RFA_SIZE(needed));
		else if (d->bytes_total > 0 && d->bytes_free * 100 < d->bytes_total * want)
			rfa_deny(
			    c,
			    "free some space there, or lower gates.disk_free_percent in rfa.json",
			    "%s on %s has %lld %% of its space free, less than %lld %%", paths[i],
			    ctx->hosts[RFA_TARGET]->name,
			    (long long)(d->bytes_free * 100 / d->bytes_total), (long long)want);
		if (!rfa_goes_back(ctx) && d->inodes_total > 0 &&
		    d->inodes_free * 100 < d->inodes_total * 5)
			rfa_deny(c, "remove small files there: nearly all inodes are used",
				 "%s on %s has %lld of %lld inodes free", paths[i],
				 ctx->hosts[RFA_TARGET]->name, (long long)d->inodes_free,
				 (long long)d->inodes_total);
	}
	return room_on_source(c, bytes, err);
}

/* Going back needs the images, and the description of the containers. */
int rfa_gate_image_point(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const char *file = rfa_facts_str(ctx->plan_json, "point/specs/file", NULL);
	json_t *present = rfa_ctx_fact(ctx, "target.look", "present");
	json_t *specs = NULL;
	json_t *good;
	size_t i;
	int rc;

	if (!json_array_size(rfa_facts_at(ctx->plan_json, "point/images")))
		rfa_deny(c, "choose a point of images: rfa rollback lists them",
			 "the rollback point names no images");
	json_array_foreach (rfa_facts_at(ctx->plan_json, "point/images"), i, good) {
		if (!json_object_get(present, rfa_facts_str(good, "identity", "")))
			rfa_deny(c, "promote that version again from where it still is",
				 "the image %s of the rollback point is no longer on %s",
				 rfa_facts_str(good, "ref", ""), ctx->hosts[RFA_TARGET]->name);
	}
	if (!file)
		return 0;
	rc = rfa_specs_read(ctx, &specs, err);
	json_decref(specs);
	if (rc != -RFA_ENOTFOUND && rc != -RFA_EMISMATCH && rc != -RFA_ETOOBIG)
		return rc;
	if (rc == -RFA_ENOTFOUND)
		rfa_deny(c, "promote that version again from where it still is",
			 "the description of the point's containers, %s, is no longer on %s", file,
			 ctx->hosts[RFA_TARGET]->name);
	else
		rfa_deny(c, "promote that version again from where it still is", "%s: %s on %s",
			 err->msg, file, ctx->hosts[RFA_TARGET]->name);
	rfa_error_clear(err);
	return 0;
}

/* An image's id as people know it: its first 12 digits. */
static const char *digits(const char *id)
{
	return !strncmp(id, "sha256:", 7) ? id + 7 : id;
}

/*
 * Where a stack asks for it, only what a checking environment has proven may be deployed: these
 * images, whatever they are called.
 */
int rfa_gate_verified(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	json_t *verified = rfa_facts_at(ctx->plan_json, "options/verified");
	const char *version = rfa_facts_str(verified, "version", "none");
	const char *env = rfa_facts_str(ctx->plan_json, "source/env", "?");
	json_t *good;
	size_t i;

	(void)err;
	if (!rfa_facts_bool(rfa_ctx_stack(ctx), "gates/require_verified", 0))
		return 0;
	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *key = rfa_facts_str(good, "key", "");
		const json_t *proven = rfa_by_key(json_object_get(verified, "images"), key);
		const char *id = digits(rfa_facts_str(good, "id", ""));

		if (!proven)
			rfa_deny_unless_forced(
			    c, "deploy it there with rfa first",
			    "%s runs %s (image %.12s), of which no version has been "
			    "verified on %s (verified there: %s)",
			    key, rfa_facts_str(good, "ref", ""), id, env, version);
		else if (strcmp(rfa_facts_str(proven, "identity", "-"),
				rfa_facts_str(good, "identity", "")) != 0)
			rfa_deny_unless_forced(
			    c, "deploy it there with rfa first",
			    "%s runs %s (image %.12s), but what was verified on %s is %s "
			    "(image %.12s)",
			    key, rfa_facts_str(good, "ref", ""), id, env,
			    rfa_facts_str(proven, "ref", ""),
			    digits(rfa_facts_str(proven, "id", "")));
	}
	return 0;
}

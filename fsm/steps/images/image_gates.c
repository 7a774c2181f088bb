/* The gates of a run that brings images. */
#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/base/size.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/secrets.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/steps.h"

int rfa_gate_image_engine(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_engine *engine = ctx->own->engine;
	int rc = rfa_gate_engine(c, err);

	if (!rc && rfa_ctx_stack_here(ctx)->compose && !(engine && *engine->compose))
		rfa_deny(c, "install the Compose v2 plugin there (apt install docker-compose)",
			 "%s has no `docker compose`", ctx->host->name);
	return rc;
}

/*
 * What has done its work and ended well is as good as what runs; but what serves on the other side
 * is no such work: somebody has stopped it here.
 */
static void judge_ended(struct rfa_gates *c, const struct rfa_container *one, const char *name)
{
	if (rfa_count_before(c->ctx, one->key, 1))
		rfa_deny(c,
			 "start it there; if it is a job that ends, wait until it has ended on the "
			 "target too",
			 "the container %s on %s has ended, and on %s it runs", name,
			 c->ctx->hosts[RFA_SOURCE]->name, c->ctx->host->name);
}

static void judge_source(struct rfa_gates *c, const struct rfa_container *one)
{
	const struct rfa_image *image = rfa_desired_of(c->ctx, one->key);
	const char *host = c->ctx->hosts[RFA_SOURCE]->name;
	const char *name = *one->container ? one->container : one->key;

	if (!one->present) {
		rfa_deny(c, "start it there first, or correct its name in rfa.json",
			 "there is no container %s on %s", one->key, host);
		return;
	}
	if (strcmp(one->identity, image ? image->identity : "") != 0)
		rfa_deny(c, "bring it up there with one image",
			 "the containers of %s on %s run different images", one->key, host);
	if (one->ended)
		judge_ended(c, one, name);
	else if (!one->running || one->restarting)
		rfa_deny(c, "promote only what runs: start it there, and look at docker logs",
			 "the container %s on %s does not run", name, host);
	else if (*one->health && strcmp(one->health, "healthy") != 0)
		rfa_deny(c, "promote only what is healthy: wait, or look at docker logs",
			 "the container %s on %s is %s", name, host, one->health);
}

int rfa_gate_source_runs(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_proven *source = c->ctx->proven[RFA_SOURCE];
	const struct rfa_container *one;

	(void)err;
	if (!source->images)
		return 0;
	if (!source->containers.n)
		rfa_deny(c, "start it there first, or correct its name in rfa.json",
			 "nothing of this stack is on %s", c->ctx->hosts[RFA_SOURCE]->name);
	RFA_EACH (one, source->containers)
		judge_source(c, one);
	return 0;
}

static const struct rfa_limits *limits_of(const struct rfa_ctx *ctx)
{
	static struct rfa_limits none;
	const struct rfa_limits *limits = rfa_ctx_stack_here(ctx)->gates;

	if (!limits)
		rfa_record_clear(&rfa_shape_limits, &none);
	return limits ? limits : &none;
}

static void judge_tag(struct rfa_gates *c, const struct rfa_image *image)
{
	struct rfa_imageref ref;

	rfa_imageref_parse(&ref, image->ref);
	if (!*ref.name)
		rfa_deny(c, "give the image a tag and start the container from it",
			 "%s runs %s, which has no tag", image->key, image->ref);
	else if (!*ref.tag || !strcmp(ref.tag, "latest"))
		rfa_deny(c, "tag it with a version, or set gates.allow_latest in rfa.json",
			 "%s runs %s: nobody could tell later which version that was", image->key,
			 image->ref);
}

/* A digest is the best pin of all; image sets have it as a tag (fsm/steps/images/image_set.h). */
int rfa_gate_tags(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_image *image;

	(void)err;
	if (limits_of(c->ctx)->allow_latest)
		return 0;
	RFA_EACH (image, *rfa_ctx_desired(c->ctx, NULL))
		judge_tag(c, image);
	return 0;
}

int rfa_gate_carry_over(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_obstacle *one;

	(void)err;
	RFA_EACH (one, c->ctx->own->obstacles)
		rfa_deny(c, one->hint, "%s on %s cannot be made again: %s (%s)", one->container,
			 c->ctx->host->name, one->why, one->field);
	return 0;
}

/* One that runs the desired image already, under the desired name, may stay what it is. */
static int is_replaced(const struct rfa_ctx *ctx, const char *key)
{
	const struct rfa_container *before = rfa_before_of(ctx, key);
	const struct rfa_image *image = rfa_desired_of(ctx, key);

	return image && (!before || strcmp(before->kind, "run") != 0 ||
			 strcmp(before->identity, image->identity) != 0 ||
			 strcmp(before->ref, image->ref) != 0 || !before->running);
}

/* Those of the stack itself are told of as what cannot be carried over. */
int rfa_gate_cut_off(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_dependent *one;

	(void)err;
	RFA_EACH (one, ctx->own->dependents) {
		if (rfa_before_of(ctx, one->container) || !is_replaced(ctx, one->key))
			continue;
		rfa_deny_unless_forced(
		    c,
		    "remove it, and make it again after the run; or give it a network of "
		    "its own that both are in",
		    "the container %s on %s has %s %s, which is replaced by another "
		    "container: it would be cut off, and could not start again",
		    one->container, ctx->host->name, one->how, one->on);
	}
	return 0;
}

struct judged {
	struct rfa_gates *gates;
	const char *container;
};

static void judge_reference(void *user, const char *field, const char *reference)
{
	const struct judged *j = user;

	rfa_deny(
	    j->gates,
	    "name it under secrets (a variable), secret_files or secret_commands of rfa.json, and "
	    "give it a value; or write what it is there in its place",
	    "%s of %s has %s, and there is no value for it", field, j->container, reference);
}

static int judge_body(struct rfa_gates *c, const char *container, const json_t *body,
		      struct rfa_error *err)
{
	struct judged j = { c, container };
	json_t *copy = rfa_facts_copy(body);
	int rc = copy || !body ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_references_fill(c->ctx, copy, judge_reference, &j, err);
	json_decref(copy);
	return rc;
}

/* A container that is not there has to be described. */
static int judge_new(struct rfa_gates *c, const struct rfa_container *one, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_bootstrap *bootstrap = rfa_ctx_stack_here(ctx)->bootstrap;
	const json_t *body = bootstrap ? json_object_get(bootstrap->containers, one->key) : NULL;

	if (!body && !rfa_specs_of(ctx))
		rfa_deny(c,
			 "describe it under bootstrap.containers of the stack: rfa init "
			 "--from writes that from what runs elsewhere (README: A first "
			 "deployment)",
			 "there is no container %s on %s, and rfa.json does not say how "
			 "to make it",
			 one->key, ctx->host->name);
	return judge_body(c, one->key, body, err);
}

/* "/path/" is a folder. */
static int judge_required(struct rfa_gates *c, const char *path, struct rfa_error *err)
{
	struct rfa_host *host = c->ctx->host;
	size_t len = strlen(path);
	int folder = len && path[len - 1] == '/';
	struct rfa_file_stat st;
	int rc = host->files->stat(host, path, &st, err);

	if (!rc && (!st.type || (folder && st.type != 'd')))
		rfa_deny(c, "prepare it there: a first deployment needs it", "%s is missing on %s",
			 path, host->name);
	return rc;
}

/* A first deployment needs the files that it says it needs, and to be told how to make containers.
 */
int rfa_gate_first_deployment(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_bootstrap *bootstrap = rfa_ctx_stack_here(ctx)->bootstrap;
	const struct rfa_container *one;
	int first = !ctx->own->images || !ctx->own->images->images.n;
	size_t i;
	int rc = 0;

	RFA_EACH (one, ctx->own->containers) {
		if (rc || one->present || strcmp(one->kind, "run") != 0)
			continue;
		first = 1;
		rc = judge_new(c, one, err);
	}
	for (i = 0; first && bootstrap && !rc && i < bootstrap->requires.n; i++)
		rc = judge_required(c, bootstrap->requires.at[i], err);
	return rc;
}

/* What the images are exported to, with the layers that the target has: docker writes all of them.
 */
static int space_on_source(struct rfa_gates *c, int64_t bytes, struct rfa_error *err)
{
	struct rfa_host *source = c->ctx->hosts[RFA_SOURCE];
	struct rfa_disk disk;
	int rc;

	if (!source || bytes <= 0 || rfa_ctx_one_env(c->ctx))
		return 0;
	rc = source->ops->disk(source, source->state_dir, &disk, err);
	if (!rc && disk.bytes_free < bytes)
		rfa_deny(c, "free some space there: `rfa prune` shows what nothing needs",
			 "%s on %s has %s free, this run needs up to %s", source->state_dir,
			 source->name, RFA_SIZE(disk.bytes_free), RFA_SIZE(bytes));
	return rc;
}

static void judge_disk(struct rfa_gates *c, const char *path, const struct rfa_disk *d,
		       int64_t needed)
{
	const char *host = c->ctx->host->name;
	int back = rfa_goes_back(c->ctx);
	int64_t want = back ? 0 : limits_of(c->ctx)->disk_free_percent;

	if (d->bytes_free < needed)
		rfa_deny(c, "free some space there: `rfa prune` shows what nothing needs",
			 "%s on %s has %s free, this run needs up to %s", path, host,
			 RFA_SIZE(d->bytes_free), RFA_SIZE(needed));
	else if (d->bytes_total > 0 && d->bytes_free * 100 < d->bytes_total * want)
		rfa_deny(c, "free some space there, or lower gates.disk_free_percent in rfa.json",
			 "%s on %s has %lld %% of its space free, less than %lld %%", path, host,
			 (long long)(d->bytes_free * 100 / d->bytes_total), (long long)want);
	if (!back && d->inodes_total > 0 && d->inodes_free * 100 < d->inodes_total * 5)
		rfa_deny(c, "remove small files there: nearly all inodes are used",
			 "%s on %s has %lld of %lld inodes free", path, host,
			 (long long)d->inodes_free, (long long)d->inodes_total);
}

int rfa_gate_image_space(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_host *host = c->ctx->host;
	const struct rfa_engine *engine = c->ctx->own->engine;
	int64_t bytes = c->ctx->own->missing_bytes;
	const char *paths[2] = { host->state_dir, engine && *engine->docker_root
						      ? engine->docker_root
						      : "/var/lib/docker" };
	struct rfa_disk disks[2];
	size_t i;
	int one_disk;

	for (i = 0; i < 2; i++) {
		int rc = host->ops->disk(host, paths[i], &disks[i], err);

		if (rc)
			return rc;
	}
	/* One file system is told once; it takes both the archive and what is loaded from it. */
	one_disk = !strcmp(disks[0].filesystem, disks[1].filesystem);
	for (i = 0; i < (one_disk ? 1 : 2); i++)
		judge_disk(c, paths[i], &disks[i], one_disk ? 2 * bytes : bytes);
	return space_on_source(c, bytes, err);
}

static int judge_specs(struct rfa_gates *c, const struct rfa_specs *is, struct rfa_error *err)
{
	const char *host = c->ctx->host->name;
	json_t *specs = NULL;
	int rc = rfa_specs_read(c->ctx, &specs, err);

	json_decref(specs);
	if (rc != -RFA_ENOTFOUND && rc != -RFA_EMISMATCH && rc != -RFA_ETOOBIG)
		return rc;
	if (rc == -RFA_ENOTFOUND)
		rfa_deny(c, "promote that version again from where it still is",
			 "the description of the point's containers, %s, is no longer on %s",
			 is->file, host);
	else
		rfa_deny(c, "promote that version again from where it still is", "%s: %s on %s",
			 err->msg, is->file, host);
	rfa_error_clear(err);
	return 0;
}

/* 1 if somebody gives the image in this run. */
static int is_given(const struct rfa_ctx *ctx, const struct rfa_image *image)
{
	if (rfa_from_registry(ctx))
		return *image->digest != 0;
	return rfa_held_of(&ctx->proven[RFA_SOURCE]->held, image->identity) != NULL;
}

/* Who was asked, and what each said. */
static const char *asked_of(const struct rfa_ctx *ctx)
{
	const struct rfa_texts *asked = &rfa_ctx_options(ctx)->asked;
	const char *all = "";
	size_t i;

	for (i = 0; i < asked->n; i++)
		all = rfa_pool_printf(ctx->pool, "%s%s%s", all,
				      i ? "; " : ", and nobody has it: ", asked->at[i]);
	return all;
}

static int is_of_stack(const struct rfa_ctx *ctx, const struct rfa_image *image)
{
	const struct rfa_stack *stack = rfa_ctx_stack_of(ctx, RFA_TARGET);
	const struct rfa_stack_compose *compose = stack->compose;

	return rfa_texts_have(&stack->containers, image->key) ||
	       (compose &&
		(!compose->services.n || rfa_texts_have(&compose->services, image->key)));
}

/* What rfa.json does not count to the stack any more is left alone: that has to be known. */
static void judge_parts(struct rfa_gates *c, const struct rfa_point *point)
{
	const char *stack = c->ctx->plan->stack, *env = c->ctx->sides[RFA_TARGET]->env;
	static const char hint[] = "write it into rfa.json again: under containers, or compose";
	const struct rfa_image *image;
	size_t left = 0;

	RFA_EACH (image, point->images) {
		if (is_of_stack(c->ctx, image))
			continue;
		left++;
		rfa_warn(c, hint,
			 "%s was a part of %s then, and is none on %s now: it stays as it is",
			 image->key, stack, env);
	}
	if (left && left == point->images.n)
		rfa_deny(c, hint, "nothing of the rollback point is a part of %s on %s any more",
			 stack, env);
}

/* Going back needs the images, and the description of the containers. */
int rfa_gate_image_point(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_point *point = ctx->plan->point;
	const struct rfa_image *image;

	if (!point || !point->images.n)
		rfa_deny(c, "choose a point of images: rfa rollback lists them",
			 "the rollback point names no images");
	if (!point)
		return 0;
	judge_parts(c, point);
	RFA_EACH (image, point->images)
		if (!rfa_held_of(&ctx->own->held, image->identity) && !is_given(ctx, image))
			rfa_deny(c,
				 rfa_pool_printf(ctx->pool,
						 "promote that version again from where it still "
						 "is; backups of images: rfa backup list %s --env "
						 "%s --set images",
						 ctx->plan->stack, ctx->sides[RFA_TARGET]->env),
				 "the image %s of the rollback point is no longer on %s%s",
				 image->ref, ctx->host->name, asked_of(ctx));
	return point->specs && *point->specs->file ? judge_specs(c, point->specs, err) : 0;
}

int rfa_gate_images_there(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	size_t i;

	(void)err;
	for (i = 0; i < ctx->own->missing.n && !ctx->hosts[RFA_SOURCE]; i++)
		rfa_deny(c, "name a version of its registry, behind the stack",
			 "the image of %s that the ledger knows is no longer on %s",
			 ctx->own->missing.at[i], ctx->host->name);
	return 0;
}

/*
 * It has to run while a dump is loaded into it and swapped, so it is never stopped: a run that also
 * brings data cannot make it again.
 */
int rfa_gate_servers(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_container *one;

	(void)err;
	RFA_EACH (one, ctx->own->containers) {
		const struct rfa_image *image = rfa_desired_of(ctx, one->key);

		if (!one->present || !image ||
		    !rfa_stack_has_server(rfa_ctx_stack_here(ctx), one->container) ||
		    (!strcmp(one->identity, image->identity) && !strcmp(one->ref, image->ref)))
			continue;
		rfa_deny(c,
			 "bring the images and the data back by two runs, first rfa rollback, then "
			 "rfa restore; or name the server's volume as the member in rfa.json",
			 "the container %s on %s keeps a database of this stack, and ran another "
			 "image then (%s): it cannot be replaced while its database is",
			 one->container, ctx->host->name, image->ref);
	}
	return 0;
}

/*
 * Looking before touching: what runs on the source is frozen, and how the target looks now is
 * recorded. Neither judges; what is found wrong is told by the gates, all of it at once.
 */
#include <string.h>

#include "fsm/steps/images/compose_networks.h"
#include "fsm/steps/images/compose_project.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/images/namesakes.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe_host.h"
#include "fsm/steps/images/reach.h"
#include "fsm/steps/common/refs.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/steps.h"

/* Enough to tell later whether it is as before, and nothing that may be secret. */
static void add_container(const struct rfa_observed *seen, const char *identity,
			  struct rfa_pool *pool, struct rfa_container_list *out)
{
	const json_t *c = seen->inspect;
	struct rfa_container *one = RFA_ADD(pool, container, out);

	one->key = seen->key;
	one->kind = seen->kind;
	one->container = seen->container;
	one->present = c != NULL;
	one->running = rfa_container_running(c);
	one->restarting = rfa_container_restarting(c);
	one->ended = rfa_host_ended_well(c);
	one->health = rfa_pool_text(pool, rfa_container_health(c));
	one->container_id = rfa_pool_text(pool, rfa_container_id(c));
	one->image_id = rfa_pool_text(pool, rfa_container_image(c));
	one->ref = rfa_observed_ref(pool, c);
	one->identity = identity;
}

/* *is: 1 if there is a container, and its image. */
static int image_of(struct rfa_host *host, const struct rfa_observed *seen, struct rfa_pool *pool,
		    struct rfa_image *out, int *is, struct rfa_error *err)
{
	const char *id = rfa_container_image(seen->inspect);
	json_t *inspect = NULL;
	int rc = *id ? rfa_inspect_or_null(host, RFA_IMAGE, id, &inspect, err) : 0;

	*is = !rc && inspect;
	if (*is)
		rc = rfa_image_describe(seen, inspect, pool, out, err);
	json_decref(inspect);
	return rc;
}

static int describe_all(struct rfa_host *host, const struct rfa_observed_list *seen,
			struct rfa_pool *pool, struct rfa_proven *out, struct rfa_image_set *set,
			struct rfa_error *err)
{
	const struct rfa_observed *one;

	RFA_EACH (one, *seen) {
		struct rfa_image image;
		int is;
		int rc = image_of(host, one, pool, &image, &is, err);

		if (rc)
			return rc;
		add_container(one, is ? image.identity : "", pool, &out->containers);
		/* The containers of one service have one image; gates judge whether it is so. */
		if (is && !rfa_image_of(&set->images, image.key))
			*RFA_ADD(pool, image, &set->images) = image;
	}
	return rfa_pool_check(pool, err);
}

/* 1 if all of these images, under these names, are what a run has once proven. */
static int is_known(const struct rfa_image_list *images, const struct rfa_image_set *known)
{
	const struct rfa_image *image;

	if (!known || !images->n || known->images.n != images->n)
		return 0;
	RFA_EACH (image, *images) {
		const struct rfa_image *then = rfa_image_of(&known->images, image->key);

		if (!then || strcmp(then->identity, image->identity) != 0 ||
		    strcmp(then->ref, image->ref) != 0)
			return 0;
	}
	return 1;
}

static int name_set(struct rfa_image_set *set, struct rfa_pool *pool, struct rfa_error *err)
{
	char version[132];
	int rc = rfa_image_set_version(&set->images, version, sizeof(version), err);

	if (!rc)
		set->version = rfa_pool_text(pool, version);
	return rc;
}

int rfa_observe_images(struct rfa_host *host, const struct rfa_stack *stack,
		       const struct rfa_image_set *known, struct rfa_pool *pool,
		       struct rfa_proven *out, struct rfa_observed_list *seen,
		       struct rfa_error *err)
{
	struct rfa_image_set *set = RFA_NEW(pool, image_set);
	int rc = rfa_observe(host, stack, pool, seen, err);

	if (!rc)
		rc = describe_all(host, seen, pool, out, set, err);
	if (!rc && is_known(&set->images, known))
		set->version = known->version;
	else if (!rc && set->images.n)
		rc = name_set(set, pool, err);
	out->images = set;
	return rc;
}

/* What it runs, in words: "nothing" where it runs nothing of the stack. */
static const char *words_of(const struct rfa_image_set *images, const char *nothing)
{
	return images->images.n ? images->version : nothing;
}

int rfa_source_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_observed_list seen;
	struct rfa_proven proven;
	const char *summary;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_observe_engine(ctx, &proven, err);
	if (!rc)
		rc = rfa_observe_images(ctx->host, rfa_ctx_stack_here(ctx),
					rfa_ctx_options(ctx)->verified, ctx->pool, &proven, &seen,
					err);
	if (!rc)
		rc = rfa_observe_own_url(ctx, &proven, err);
	if (rc)
		return rc;
	summary = rfa_pool_printf(ctx->pool, "%s runs %s", ctx->host->name,
				  words_of(proven.images, "nothing"));
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* The target. */

/* How many layers, from the bottom up, an image of the engine has of these. */
static size_t common(const struct rfa_texts *layers, const json_t *inspect)
{
	const json_t *its = rfa_image_layers(inspect);
	size_t n = 0;

	while (n < layers->n && n < json_array_size(its) &&
	       !strcmp(layers->at[n], json_string_value(json_array_get(its, n))))
		n++;
	return n;
}

/* *is: the engine's image has all the layers, and is the one meant. */
static int is_meant(const struct rfa_image *image, const json_t *inspect, size_t n, int *is,
		    struct rfa_error *err)
{
	char identity[65];
	int rc;

	*is = 0;
	if (n < image->layers.n)
		return 0;
	rc = rfa_image_identity(inspect, identity, err);
	*is = !rc && !strcmp(identity, image->identity);
	/* What cannot be read is another one. */
	if (rc && rc != -RFA_ENOMEM)
		rfa_error_clear(err);
	return rc == -RFA_ENOMEM ? rc : 0;
}

/* *id: of the image among all that is the one meant, "" none; *best: the layers that are there. */
static int find_image(const struct rfa_image *image, const json_t *all, const char **id,
		      size_t *best, struct rfa_error *err)
{
	json_t *one;
	size_t i;

	*id = "";
	*best = 0;
	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		size_t n = common(&image->layers, one);
		int is;
		int rc = is_meant(image, one, n, &is, err);

		if (rc)
			return rc;
		*best = n > *best ? n : *best;
		if (is)
			*id = rfa_container_id(one);
	}
	return 0;
}

static void hold(struct rfa_pool *pool, const struct rfa_image *image, const char *id,
		 struct rfa_held_list *out)
{
	struct rfa_held *one;

	if (rfa_held_of(out, image->identity))
		return;
	one = RFA_ADD(pool, held, out);
	one->identity = image->identity;
	one->id = rfa_pool_text(pool, id);
}

static void add_once(struct rfa_pool *pool, struct rfa_texts *texts, const char *text)
{
	if (!rfa_texts_have(texts, text))
		rfa_texts_add(pool, texts, text);
}

/*
 * Which desired images the target has, and which layers of the others need not travel. Layers are
 * found by chain: a layer counts as present only below the same layers, so one that any missing
 * image has outside its present prefix must travel.
 */
static int compare(struct rfa_ctx *ctx, const json_t *all, struct rfa_proven *out,
		   struct rfa_error *err)
{
	struct rfa_texts may = { NULL, 0 }, must = { NULL, 0 };
	const struct rfa_image *image;
	const char *id;
	size_t best, i;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		int rc = find_image(image, all, &id, &best, err);

		if (rc)
			return rc;
		if (*id) {
			hold(ctx->pool, image, id, &out->held);
			continue;
		}
		rfa_texts_add(ctx->pool, &out->missing, image->key);
		out->missing_bytes += image->size;
		for (i = 0; i < image->layers.n; i++)
			add_once(ctx->pool, i < best ? &may : &must, image->layers.at[i]);
	}
	for (i = 0; i < may.n; i++)
		if (!rfa_texts_have(&must, may.at[i]))
			rfa_texts_add(ctx->pool, &out->omit, may.at[i]);
	return 0;
}

static int look_desired(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	json_t *all = NULL;
	int rc = ctx->host->engine->list(ctx->host, RFA_IMAGE, &all, err);

	if (!rc)
		rc = compare(ctx, all, out, err);
	json_decref(all);
	return rc;
}

static int look_tag(struct rfa_ctx *ctx, const char *ref, struct rfa_proven *out,
		    struct rfa_error *err)
{
	struct rfa_tagged *tag;
	const char *id = "";
	json_t *holder = NULL;
	int rc;

	if (!*ref || rfa_tagged_of(&out->tags, ref))
		return 0;
	rc = rfa_image_id(ctx->host, ref, &holder, &id, err);
	if (rc >= 0) {
		tag = RFA_ADD(ctx->pool, tagged, &out->tags);
		tag->ref = ref;
		tag->id = rfa_pool_text(ctx->pool, id);
	}
	json_decref(holder);
	return rc < 0 ? rc : 0;
}

/* Where each tag that the run may move points now. */
static int look_tags(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_image_set *now = out->images ? out->images : ctx->own->images;
	const struct rfa_image_list *lists[2] = { rfa_ctx_desired(ctx, NULL), &now->images };
	const struct rfa_image *image;
	size_t k;
	int rc = 0;

	if (rfa_from_vault(ctx))
		RFA_EACH (image, *lists[0])
			if (!rc)
				rc = look_tag(ctx, rfa_image_stored_as(ctx->pool, image), out, err);
	for (k = 0; k < 2; k++)
		RFA_EACH (image, *lists[k]) {
			if (!rc)
				rc = look_tag(ctx, image->ref, out, err);
			if (!rc)
				rc = look_tag(ctx, image->pin, out, err);
		}
	return rc;
}

/* What of each container cannot be carried over into its successor, by container. */
static void look_obstacles(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
			   struct rfa_proven *out)
{
	const struct rfa_observed *one;

	RFA_EACH (one, *seen)
		if (one->inspect && !strcmp(one->kind, "run"))
			rfa_spec_obstacles(one->inspect, ctx->pool, &out->obstacles);
}

/* 1 if the container is of the stack's own Compose project, which Compose makes again itself. */
static int is_of_project(const struct rfa_ctx *ctx, const char *name, const json_t *all)
{
	const struct rfa_stack_compose *compose = rfa_ctx_stack_here(ctx)->compose;

	return compose && *compose->project &&
	       !strcmp(compose->project, rfa_container_label(rfa_container_named(all, name),
							     "com.docker.compose.project"));
}

/* Who cannot start again when the stack's containers are others. */
static void look_dependents(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
			    const json_t *all, struct rfa_proven *out)
{
	struct rfa_dependent_list found = { NULL, 0 };
	const struct rfa_dependent *dependent;
	const struct rfa_observed *one;

	RFA_EACH (one, *seen)
		rfa_refs_on(all, one->inspect, one->key, ctx->pool, &found);
	RFA_EACH (dependent, found)
		if (!is_of_project(ctx, dependent->container, all))
			*RFA_ADD(ctx->pool, dependent, &out->dependents) = *dependent;
}

/* The file of pins at a path; NULL: there is none. */
static int read_pins(struct rfa_ctx *ctx, const char *path, const char **out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	int rc = ctx->host->files->read(ctx->host, path, 1 << 20, &text, err);

	*out = NULL;
	if (!rc)
		*out = rfa_pool_text(ctx->pool, rfa_buf_str(&text));
	rfa_buf_release(&text);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

/* 1 if what the pins name is what runs: else they are those of another project of the stack. */
static int are_in_force(const char *pins, const struct rfa_image_list *images)
{
	const struct rfa_image *image;
	struct rfa_error ignored;
	json_t *file = NULL, *service;
	const char *name;
	int are = !rfa_facts_parse(&file, pins, strlen(pins), "pins", &ignored);
	size_t n = 0;

	json_object_foreach (json_object_get(file, "services"), name, service) {
		image = rfa_image_of(images, name);
		n += image != NULL;
		if (image && strcmp(image->ref, rfa_facts_str(service, "image", "")) != 0)
			are = 0;
	}
	json_decref(file);
	return are && n;
}

/* The pins that are in force for a Compose project: image references, nothing secret. */
static int look_pins(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	const char *pins = NULL;
	char path[400], old[400];
	int rc;

	if (!rfa_ctx_stack_here(ctx)->compose)
		return 0;
	out->of_project = 1;
	rfa_pins_path(ctx, path, sizeof(path));
	rfa_pins_old_path(ctx, old, sizeof(old));
	rc = read_pins(ctx, path, &pins, err);
	if (!rc && !pins && strcmp(path, old) != 0) {
		rc = read_pins(ctx, old, &pins, err);
		if (pins && !are_in_force(pins, &out->images->images))
			pins = NULL;
	}
	out->pinned = pins != NULL;
	out->pins = pins ? pins : "";
	return rc;
}

static void take_files(struct rfa_ctx *ctx, const json_t *files, struct rfa_proven *out)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)files, i, one) {
		rfa_texts_add(ctx->pool, &out->files, json_string_value(one));
	}
}

/* Which files a project has whose files rfa.json does not name; from then on these are meant. */
static int look_files(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_compose_project project;
	json_t *files = NULL;
	int rc;

	if (!rfa_ctx_stack_here(ctx)->compose || !*out->engine->compose)
		return 0;
	rc = rfa_compose_project(ctx, 0, &project, err);
	if (!rc && !project.compose.files[0])
		rc = ctx->host->engine->compose_files(ctx->host, &project.compose, &files, err);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND || rc == -RFA_EUNSUPPORTED) {
		/* A gate tells it. */
		out->files_problem = rfa_pool_text(ctx->pool, err->msg);
		rfa_error_clear(err);
		rc = 0;
	} else if (!rc) {
		take_files(ctx, files, out);
	}
	json_decref(files);
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
	rc = ctx->host->engine->compose_version(ctx->host, &version, err);
	*engine = *out->engine;
	engine->compose = rfa_pool_text(ctx->pool, json_string_value(version));
	out->engine = engine;
	json_decref(version);
	return rc;
}

/* Everything but what depends on the images that the run brings. */
static int look_before(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_observed_list seen;
	json_t *all = NULL;
	int rc = rfa_observe_engine(ctx, out, err);

	if (!rc)
		rc = look_compose(ctx, out, err);
	if (!rc)
		rc = rfa_observe_images(ctx->host, rfa_ctx_stack_here(ctx),
					rfa_ctx_options(ctx)->proven, ctx->pool, out, &seen, err);
	if (!rc)
		look_obstacles(ctx, &seen, out);
	if (!rc)
		rc = ctx->host->engine->list(ctx->host, RFA_CONTAINER, &all, err);
	if (!rc)
		look_dependents(ctx, &seen, all, out);
	if (!rc)
		rc = rfa_reach_observe(ctx, &seen, out, err);
	if (!rc)
		rc = rfa_observe_own_url(ctx, out, err);
	if (!rc)
		rc = rfa_observe_checks(ctx, out, err);
	if (!rc)
		rc = look_pins(ctx, out, err);
	if (!rc)
		rc = look_files(ctx, out, err);
	if (!rc)
		rc = rfa_compose_networks(ctx, &seen, out, err);
	if (!rc)
		rfa_namesakes_observe(ctx, all, out);
	json_decref(all);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

/* What of the images that the run brings is there. */
static int look_brought(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	int rc = look_desired(ctx, out, err);

	return rc ? rc : look_tags(ctx, out, err);
}

int rfa_target_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	const char *summary;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = look_before(ctx, &proven, err);
	if (!rc)
		rc = look_brought(ctx, &proven, err);
	if (rc)
		return rc;
	summary = rfa_pool_printf(ctx->pool, "%s runs %s; %zu image(s) to bring", ctx->host->name,
				  words_of(proven.images, "nothing of it"), proven.missing.n);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* The same in two rows, where the images are made in between. */

int rfa_target_before_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	const char *summary;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = look_before(ctx, &proven, err);
	if (rc)
		return rc;
	summary = rfa_pool_printf(ctx->pool, "%s runs %s", ctx->host->name,
				  words_of(proven.images, "nothing of it"));
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_target_compare_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	const char *summary;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = look_brought(ctx, &proven, err);
	if (rc)
		return rc;
	summary = rfa_pool_printf(ctx->pool, "%zu image(s) to bring", proven.missing.n);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* Which of the images that are meant an engine has that gives them; registries are asked later. */
int rfa_images_held_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image *image;
	struct rfa_proven proven;
	json_t *all = NULL;
	size_t unused;
	int rc;

	if (rfa_from_registry(ctx))
		return rfa_ctx_skip(facts, "a registry has them", err);
	if (rfa_from_vault(ctx))
		return rfa_ctx_skip(facts, "a backup has them", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_observe_engine(ctx, &proven, err);
	if (!rc)
		rc = ctx->host->engine->list(ctx->host, RFA_IMAGE, &all, err);
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		const char *id = "";

		if (!rc)
			rc = find_image(image, all, &id, &unused, err);
		if (!rc && *id)
			hold(ctx->pool, image, id, &proven.held);
	}
	json_decref(all);
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven,
				  rfa_pool_printf(ctx->pool, "%s has %zu of the images",
						  ctx->host->name, proven.held.n),
				  facts, err);
}

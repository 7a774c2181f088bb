/*
 * Images of a stack that nothing needs.
 *
 * Of a stack are the images that the ledger has of it: in its versions, its rollback points and
 * what its environments have had. One whose name rfa.json gives the stack, and which the ledger
 * does not know, is told and stays.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/prune/spare.h"
#include "fsm/steps/steps.h"

/* What is known of the stack. */
struct known {
	json_t *names;        /* {identity: {tag: true}}: the tags that the stack has given it */
	json_t *repositories; /* {name without a tag: true}: of rfa.json */
	struct rfa_point_list points;
};

/* What the engine has. */
struct there {
	json_t *images, *containers; /* inspect objects */
};

/* The stack. */

static int know_image(struct known *k, const struct rfa_image *image, struct rfa_error *err)
{
	json_t *tags = json_object_get(k->names, image->identity);
	int rc = 0;

	if (!*image->identity)
		return 0;
	if (!tags)
		rc = rfa_facts_set(k->names, image->identity, json_object(), err);
	tags = json_object_get(k->names, image->identity);
	if (!rc && *image->ref)
		rc = rfa_facts_set(tags, image->ref, json_true(), err);
	return rc;
}

static int know_images(struct known *k, const struct rfa_image_list *images, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *images)
		if (!rc)
			rc = know_image(k, image, err);
	return rc;
}

static int know_versions(struct rfa_ctx *ctx, struct known *k, struct rfa_error *err)
{
	struct rfa_version_list versions = { NULL, 0 };
	const struct rfa_version *version;
	int rc = rfa_ctx_versions(ctx, &versions, err);

	RFA_EACH (version, versions)
		if (!rc)
			rc = know_images(k, &version->images, err);
	return rc;
}

static int know_points(struct rfa_ctx *ctx, struct known *k, struct rfa_error *err)
{
	const json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach (ctx->points, i, one) {
		struct rfa_point *point = RFA_ADD(ctx->pool, point, &k->points);

		if (!rc)
			rc = rfa_record_read(&rfa_shape_point, one, ctx->pool, point, err);
		if (!rc)
			rc = know_images(k, &point->images, err);
	}
	return rc;
}

static int know_repository(struct known *k, const char *name, struct rfa_error *err)
{
	return *name ? rfa_facts_set(k->repositories, name, json_true(), err) : 0;
}

/* Those of what is built, and of what comes from registries. */
static int know_repositories(struct rfa_ctx *ctx, struct known *k, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	const struct rfa_built *built;
	const char *key;
	json_t *name;
	int rc = 0;

	if (stack->build)
		RFA_EACH (built, stack->build->images)
			if (!rc)
				rc = know_repository(k, built->image, err);
	json_object_foreach (stack->deploy ? stack->deploy->images : NULL, key, name)
		if (!rc && json_is_string(name))
			rc = know_repository(k, json_string_value(name), err);
	return rc;
}

static int know(struct rfa_ctx *ctx, struct known *k, struct rfa_error *err)
{
	int rc;

	memset(k, 0, sizeof(*k));
	k->names = rfa_pool_json_new(ctx->pool, json_object());
	k->repositories = rfa_pool_json_new(ctx->pool, json_object());
	rc = rfa_pool_check(ctx->pool, err);
	if (!rc)
		rc = know_versions(ctx, k, err);
	if (!rc)
		rc = know_points(ctx, k, err);
	return rc ? rc : know_repositories(ctx, k, err);
}

/* The host. */

static int look(struct rfa_ctx *ctx, struct there *t, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	int rc = host->engine->list(host, RFA_IMAGE, &t->images, err);

	if (!rc)
		rfa_pool_json_new(ctx->pool, t->images);
	if (!rc)
		rc = host->engine->list(host, RFA_CONTAINER, &t->containers, err);
	if (!rc)
		rfa_pool_json_new(ctx->pool, t->containers);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

/* 1 if the engine lists an image of this id. */
static int has_id(const struct there *t, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach (t->images, i, one)
		if (!strcmp(rfa_container_id(one), id))
			return 1;
	return 0;
}

static int names_image(const json_t *image, const char *ref)
{
	char tag[512];

	rfa_imageref_tagged(ref, tag, sizeof(tag));
	return !strcmp(ref, rfa_container_id(image)) ||
	       rfa_facts_has_text(json_object_get(image, "RepoTags"), tag) ||
	       rfa_facts_has_text(json_object_get(image, "RepoDigests"), ref);
}

/*
 * 1 if a container has this image. Where the engine does not list the image that a container says
 * it has, the name counts from which it was made.
 */
static int is_made_of(const struct there *t, const json_t *container, const json_t *image)
{
	const char *its = rfa_container_image(container);

	if (!strcmp(its, rfa_container_id(image)))
		return 1;
	return !has_id(t, its) && names_image(image, rfa_container_ref(container));
}

/* What runs is told before what only stands there. */
static const char *held_by_container(struct rfa_ctx *ctx, const struct there *t,
				     const json_t *image)
{
	const char *stands = "";
	json_t *one;
	size_t i;

	json_array_foreach (t->containers, i, one) {
		if (!is_made_of(t, one, image))
			continue;
		if (rfa_container_active(one))
			return rfa_pool_printf(ctx->pool, "runs in %s", rfa_container_name(one));
		stands =
		    rfa_pool_printf(ctx->pool, "stands stopped as %s", rfa_container_name(one));
	}
	return stands;
}

/* What the ledger said when the run was planned. */
static const char *held_by_ledger(const struct rfa_ctx *ctx, const json_t *image,
				  const char *identity)
{
	const struct rfa_need *need;

	RFA_EACH (need, rfa_ctx_options(ctx)->needs)
		if (!strcmp(need->image, identity) || !strcmp(need->image, rfa_container_id(image)))
			return need->why;
	return "";
}

/* The rollback point of the stack whose tag this is; NULL: another's. */
static const struct rfa_point *point_of(const struct known *k, const char *tag)
{
	const struct rfa_point *point;
	const struct rfa_image *image;

	RFA_EACH (point, k->points)
		RFA_EACH (image, point->images)
			if (!strcmp(image->pin, tag))
				return point;
	return NULL;
}

/* The newest points of images, as many as the stack keeps, need theirs under whatever name. */
static const struct rfa_point *newest_with(const struct rfa_ctx *ctx, const struct known *k,
					   const char *identity)
{
	int64_t newest = rfa_ctx_stack_here(ctx)->keep_images;
	const struct rfa_point *point;
	const struct rfa_image *image;

	RFA_EACH (point, k->points) {
		if (*point->kind || newest-- <= 0)
			continue;
		RFA_EACH (image, point->images)
			if (!strcmp(image->identity, identity))
				return point;
	}
	return NULL;
}

static const char *held_by_point(struct rfa_ctx *ctx, const struct known *k, const json_t *image,
				 const char *identity)
{
	const struct rfa_point *point = newest_with(ctx, k, identity);
	const char *tag, *run = "";
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(image, "RepoTags"), i, one) {
		tag = json_string_value(one);
		if (point || !tag || !rfa_image_is_pin(tag))
			continue;
		point = point_of(k, tag);
		run = *rfa_image_pin_run(tag) ? rfa_image_pin_run(tag) : run;
	}
	if (point)
		return rfa_pool_printf(ctx->pool, "rollback point %s", point->name);
	return *run ? rfa_pool_printf(ctx->pool,
				      "rollback point of run %s, of another stack or ledger", run)
		    : "";
}

static int is_of_repository(const struct known *k, const char *ref)
{
	struct rfa_imageref parsed;

	return rfa_imageref_parse(&parsed, ref) && *parsed.name &&
	       json_object_get(k->repositories, parsed.name);
}

/* 1 if the stack, or rfa for it, has given the image this tag. */
static int is_own_tag(const struct known *k, const char *identity, const char *tag)
{
	return rfa_image_is_pin(tag) || is_of_repository(k, tag) ||
	       json_object_get(json_object_get(k->names, identity), tag);
}

/* A name that somebody else has given it may be why somebody else needs it. */
static const char *held_by_name(struct rfa_ctx *ctx, const struct known *k, const json_t *image,
				const char *identity)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(image, "RepoTags"), i, one) {
		const char *tag = json_string_value(one);

		if (tag && !is_own_tag(k, identity, tag))
			return rfa_pool_printf(
			    ctx->pool, "it is called %s, too, which is not the stack's", tag);
	}
	return "";
}

static const char *held_by(struct rfa_ctx *ctx, const struct known *k, const struct there *t,
			   const json_t *image, const char *identity)
{
	const char *why = held_by_container(ctx, t, image);

	if (!*why)
		why = held_by_ledger(ctx, image, identity);
	if (!*why)
		why = held_by_point(ctx, k, image, identity);
	if (!*why)
		why = held_by_name(ctx, k, image, identity);
	return why;
}

/* What it is called: a tag of people's, of rfa's, a name with a digest, its id. */
static const char *name_of(struct rfa_ctx *ctx, const json_t *image)
{
	const json_t *tags = json_object_get(image, "RepoTags");
	const char *name = json_string_value(json_array_get(tags, 0));
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)tags, i, one)
		if (json_is_string(one) && !rfa_image_is_pin(json_string_value(one)))
			return json_string_value(one);
	if (!name)
		name = rfa_facts_str(image, "RepoDigests/0", NULL);
	return name ? name : rfa_pool_printf(ctx->pool, "%.19s", rfa_container_id(image));
}

static int is_called_ours(const struct known *k, const json_t *image)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(image, "RepoTags"), i, one)
		if (json_is_string(one) && is_of_repository(k, json_string_value(one)))
			return 1;
	return 0;
}

/* Nothing of an image that is not the stack's. */
static int judge(struct rfa_ctx *ctx, const struct known *k, const struct there *t,
		 const json_t *image, struct rfa_thing_list *out, struct rfa_error *err)
{
	struct rfa_thing *thing;
	char identity[65];
	int is_known, rc = rfa_image_identity(image, identity, err);

	if (rc == -RFA_EPROTOCOL) { /* one without layers is no stack's */
		rfa_error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	is_known = json_object_get(k->names, identity) != NULL;
	if (!is_known && !is_called_ours(k, image))
		return 0;
	thing = rfa_spare_add(ctx, out, RFA_THING_IMAGE, name_of(ctx, image));
	thing->id = rfa_container_id(image);
	thing->bytes = rfa_facts_int(image, "Size", 0);
	thing->why = held_by(ctx, k, t, image, identity);
	if (!is_known && !*thing->why)
		thing->why = "the ledger here does not know it";
	return rfa_pool_check(ctx->pool, err);
}

static int judge_all(struct rfa_ctx *ctx, const struct known *k, struct there *t,
		     struct rfa_thing_list *out, struct rfa_error *err)
{
	json_t *one;
	size_t i;
	int rc = look(ctx, t, err);

	if (rc)
		return rc;
	json_array_foreach (t->images, i, one)
		if (!rc)
			rc = judge(ctx, k, t, one, out, err);
	return rc;
}

int rfa_spare_images(struct rfa_ctx *ctx, struct rfa_thing_list *out, struct rfa_error *err)
{
	struct known k;
	struct there t = { NULL, NULL };
	int rc = know(ctx, &k, err);

	return rc ? rc : judge_all(ctx, &k, &t, out, err);
}

/* Removing. */

/* The engine's no is told, and is no failure: something needs the image by now. */
static int untag(struct rfa_ctx *ctx, const struct rfa_thing *thing, const char *ref, int *refused,
		 struct rfa_error *err)
{
	struct rfa_ctx_key key;
	int rc = ctx->host->engine->image_untag(ctx->host, rfa_ctx_key(ctx, &key, "untag", ref),
						ref, err);

	if (rc != -RFA_EREMOTE)
		return rc;
	*refused = 1;
	rfa_spare_stays(ctx, thing, err->msg);
	rfa_error_clear(err);
	return 0;
}

/*
 * What is left of it when its tags are gone. A tag that it has by now is somebody's: the engine
 * would take that away with it.
 */
static int drop_rest(struct rfa_ctx *ctx, const struct rfa_thing *thing, const json_t *left,
		     int *refused, struct rfa_error *err)
{
	const char *tag = rfa_facts_str(left, "RepoTags/0", NULL);

	if (!tag)
		return untag(ctx, thing, thing->id, refused, err);
	*refused = 1;
	rfa_spare_stays(ctx, thing,
			rfa_pool_printf(ctx->pool, "it is called %s, too, by now", tag));
	return rfa_pool_check(ctx->pool, err);
}

/* Each of its tags, and then the image itself, if a name with a digest keeps it. */
static int drop(struct rfa_ctx *ctx, const struct rfa_thing *thing, const json_t *image,
		int *refused, struct rfa_error *err)
{
	json_t *one, *left = NULL;
	size_t i;
	int rc = 0;

	json_array_foreach (json_object_get(image, "RepoTags"), i, one)
		if (!rc && !*refused && json_is_string(one))
			rc = untag(ctx, thing, json_string_value(one), refused, err);
	if (!rc && !*refused)
		rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, thing->id, &left, err);
	if (!rc && left)
		rc = drop_rest(ctx, thing, left, refused, err);
	json_decref(left);
	return rc;
}

static const json_t *image_of(const struct there *t, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach (t->images, i, one)
		if (!strcmp(rfa_container_id(one), id))
			return one;
	return NULL;
}

/* One is looked at again, with all that could hold it, right before it goes. */
static int remove_one(struct rfa_ctx *ctx, const struct known *k, const struct rfa_thing *was,
		      struct rfa_texts *gone, struct rfa_error *err)
{
	struct rfa_thing_list now = { NULL, 0 };
	struct there t = { NULL, NULL };
	const struct rfa_thing *thing;
	int refused = 0;
	int rc = judge_all(ctx, k, &t, &now, err);

	thing = rc ? NULL : rfa_thing_of(&now, RFA_THING_IMAGE, was->id);
	if (!rc && thing && *thing->why)
		rfa_spare_stays(ctx, thing, thing->why);
	if (rc || (thing && *thing->why))
		return rc;
	if (thing) {
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the image %s goes", thing->name);
		rc = drop(ctx, thing, image_of(&t, thing->id), &refused, err);
	}
	/* One that is gone already went by an attempt before this one, or by somebody's hand. */
	if (!rc && !refused)
		rfa_texts_add(ctx->pool, gone, was->name);
	return rc;
}

int rfa_prune_images_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_thing *thing;
	struct rfa_proven proven;
	struct known k;
	int rc;

	if (!rfa_spare_asked(ctx, RFA_THING_IMAGE))
		return rfa_ctx_skip(facts, "images are not asked for", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = know(ctx, &k, err);
	RFA_EACH (thing, ctx->own->things)
		if (!rc && !strcmp(thing->kind, RFA_THING_IMAGE) && !*thing->why)
			rc = remove_one(ctx, &k, thing, &proven.images_gone, err);
	return rc ? rc
		  : rfa_ctx_prove(
			ctx, &proven,
			rfa_pool_printf(ctx->pool, "%zu image(s) removed", proven.images_gone.n),
			facts, err);
}

int rfa_prune_images_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			   struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

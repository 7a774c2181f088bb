/* The gates of a run that builds images. */
#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/secrets.h"
#include "fsm/steps/images/build.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/steps.h"

static const struct rfa_stack_build *build_of(const struct rfa_ctx *ctx)
{
	return rfa_ctx_stack_of(ctx, RFA_TARGET)->build;
}

/* "linux/amd64/v3" is for amd64. */
static int is_for(const char *platform, const char *arch)
{
	const char *its = strchr(platform, '/');
	size_t n = strlen(arch);

	return its && !strncmp(its + 1, arch, n) && (!its[1 + n] || its[1 + n] == '/');
}

static void judge_platform(struct rfa_gates *c, const struct rfa_built *image,
			   const struct rfa_engine *builder, const struct rfa_engine *target)
{
	const char *to = c->ctx->hosts[RFA_TARGET]->name;

	if (*image->platform && !is_for(image->platform, target->arch))
		rfa_deny(c, "correct platform in build.images, or leave it out",
			 "%s is built for %s, and %s is %s", image->key, image->platform, to,
			 target->arch);
	else if (!*image->platform && strcmp(builder->arch, target->arch) != 0)
		rfa_deny(c, "write platform in build.images, for example \"linux/amd64\"",
			 "%s is built on a machine that is %s, and %s is %s", image->key,
			 builder->arch, to, target->arch);
}

int rfa_gate_builder(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_engine *builder = c->ctx->proven[RFA_SOURCE]->engine;
	const struct rfa_engine *target = c->ctx->proven[RFA_TARGET]->engine;
	const struct rfa_built *image;

	(void)err;
	if (!builder || !target || !build_of(c->ctx))
		return 0;
	if (!*builder->builder)
		rfa_deny(
		    c, "install buildx there (apt install docker-buildx, or docker-buildx-plugin)",
		    "%s cannot build images with BuildKit", c->ctx->hosts[RFA_SOURCE]->name);
	RFA_EACH (image, build_of(c->ctx)->images)
		judge_platform(c, image, builder, target);
	return 0;
}

/* Whoever has the image can read it; so can whoever has the ledger. */
static void judge_arguments(struct rfa_gates *c, const struct rfa_built *image)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)image->args, name, value) {
		if (rfa_looks_secret(name, strlen(name), json_string_value(value)))
			rfa_warn(c,
				 "if it is one, give it under build.secrets, and mount it in the "
				 "Dockerfile",
				 "the build argument %s of %s looks like a secret: it stays in the "
				 "image and in the ledger",
				 name, image->key);
	}
}

int rfa_gate_sources(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_stack_build *build = build_of(c->ctx);
	const char *host = c->ctx->hosts[RFA_SOURCE]->name;
	const struct rfa_worktree *one;
	const struct rfa_built *image;

	(void)err;
	if (build)
		RFA_EACH (image, build->images)
			judge_arguments(c, image);
	RFA_EACH (one, c->ctx->proven[RFA_SOURCE]->sources) {
		if (*one->problem)
			rfa_deny(c, "correct context and dockerfile in build.images",
				 "%s on %s: %s", one->key, host, one->problem);
		else if (one->dirty && build && !strcmp(build->dirty, "refuse"))
			rfa_deny(
			    c, "commit them, or write \"dirty\": \"mark\" under build",
			    "the sources of %s in %s on %s have changes that are not committed",
			    one->key, one->context, host);
	}
	return 0;
}

/* The name on the builder: what has it was built from the same sources, or is in the way. */
static int judge_here(struct rfa_gates *c, const struct rfa_image *image, const json_t *here,
		      const char *hint, int *is, struct rfa_error *err)
{
	const struct rfa_built *built = rfa_built_of(&build_of(c->ctx)->images, image->key);
	const struct rfa_worktree *sources =
	    rfa_worktree_of(&rfa_ctx_options(c->ctx)->sources, image->key);
	int rc;

	*is = 0;
	rc = built ? rfa_built_from(here, built, sources, is, err) : 0;

	if (!rc && !*is)
		rfa_deny(c, hint, "%s is there already on %s, %s (image %.19s)", image->ref,
			 c->ctx->hosts[RFA_SOURCE]->name,
			 sources && *sources->commit
			     ? "made from other sources or in another way"
			     : "and without git nobody knows what it was made from",
			 rfa_container_id(here));
	return rc;
}

/* *is: a release finds on the target what it would build. */
static int is_there(struct rfa_gates *c, const struct rfa_image *image, int *is,
		    struct rfa_error *err)
{
	const struct rfa_built *built = rfa_built_of(&build_of(c->ctx)->images, image->key);
	json_t *there = NULL;
	int rc = built ? rfa_built_there(c->ctx, built, image->ref, &there, err) : 0;

	*is = there != NULL;
	json_decref(there);
	return rc;
}

/* One name on both hosts. */
static int judge_version(struct rfa_gates *c, const struct rfa_image *image, struct rfa_error *err)
{
	static const char hint[] = "publish it under another version: --as";
	struct rfa_host *target = c->ctx->hosts[RFA_TARGET];
	json_t *here = NULL, *there = NULL;
	char ours[65] = "", theirs[65] = "";
	int is = 0;
	int rc = is_there(c, image, &is, err);

	if (rc || is)
		return rc;
	is = 1;
	rc = rfa_inspect_or_null(c->ctx->hosts[RFA_SOURCE], RFA_IMAGE, image->ref, &here, err);
	if (!rc)
		rc = rfa_inspect_or_null(target, RFA_IMAGE, image->ref, &there, err);
	if (!rc && here)
		rc = rfa_image_identity(here, ours, err);
	if (!rc && there)
		rc = rfa_image_identity(there, theirs, err);
	if (!rc && here)
		rc = judge_here(c, image, here, hint, &is, err);
	if (!rc && is && there && strcmp(ours, theirs) != 0)
		rfa_deny(c, hint, "%s is there already on %s, another image (%.19s)", image->ref,
			 target->name, rfa_container_id(there));
	json_decref(here);
	json_decref(there);
	return rc;
}

int rfa_gate_new_version(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_image_set *desired = rfa_ctx_options(c->ctx)->desired;
	const struct rfa_image *image;
	int rc = 0;

	if (desired && build_of(c->ctx))
		RFA_EACH (image, desired->images)
			if (!rc)
				rc = judge_version(c, image, err);
	return rc;
}

/* What is not built would be started all the same, by a run that has to prove that all is well. */
static void judge_unbuilt(struct rfa_gates *c, const struct rfa_container *one)
{
	const char *host = c->ctx->host->name;
	int is_service = !rfa_texts_have(&rfa_ctx_stack_here(c->ctx)->containers, one->key);

	if (!one->present)
		rfa_deny(c,
			 "build it too, or bring it there first: rfa promote, or docker compose up",
			 "%s is not on %s, and build.images does not name it", one->key, host);
	else if (!one->running && !one->ended)
		rfa_deny(c,
			 is_service
			     ? "start it there; if it is meant to stand still (a profile, a tool), "
			       "name the services that are to run in compose.services of the stack"
			     : "start it there, or take it out of the stack in rfa.json",
			 "%s on %s does not run, and build.images does not name it",
			 *one->container ? one->container : one->key, host);
}

int rfa_gate_all_known(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_container *one;

	(void)err;
	RFA_EACH (one, c->ctx->own->containers)
		if (!rfa_desired_of(c->ctx, one->key))
			judge_unbuilt(c, one);
	return 0;
}

/*
 * Images made from sources, on the source's host. What is built is labelled with its version and
 * its sources, so that a later run finds what was made from the same ones. A name that was not
 * there when the run began is the run's own: it is taken up again after an interruption, and goes
 * when the run goes back.
 */
#include "fsm/steps/images/build.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe_host.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/images/release.h"
#include "fsm/steps/steps.h"

#define LABEL_TREE "rfa.tree"
#define LABEL_RECIPE "rfa.recipe"
/* image-spec, annotations.md */
#define LABEL_VERSION "org.opencontainers.image.version"
#define LABEL_REVISION "org.opencontainers.image.revision"

static const struct rfa_built_list *built_of(const struct rfa_ctx *ctx)
{
	static const struct rfa_built_list none = { NULL, 0 };
	const struct rfa_stack_build *build = rfa_ctx_stack_of(ctx, RFA_TARGET)->build;

	return build ? &build->images : &none;
}

/* The name that the plan gives it. */
static const struct rfa_image *planned(const struct rfa_ctx *ctx, const char *key)
{
	const struct rfa_image_set *set = rfa_ctx_options(ctx)->desired;

	return set ? rfa_image_of(&set->images, key) : NULL;
}

/* From what the plan says that it is built. */
static const struct rfa_worktree *planned_sources(const struct rfa_ctx *ctx,
						  const struct rfa_built *image)
{
	return rfa_worktree_of(&rfa_ctx_options(ctx)->sources, image->key);
}

/* Looking. */

static int look_builder(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_engine *engine = RFA_NEW(ctx->pool, engine);
	json_t *version = NULL;
	int rc = rfa_observe_engine(ctx, out, err);

	if (!rc)
		rc = ctx->host->engine->builder_version(ctx->host, &version, err);
	if (rc)
		return rc;
	*engine = *out->engine;
	engine->builder = rfa_pool_text(ctx->pool, json_string_value(version));
	out->engine = engine;
	json_decref(version);
	return 0;
}

/* Which of the names are there already. */
static int look_names(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_image_set *set = rfa_ctx_options(ctx)->desired;
	const struct rfa_image *image;
	int rc = 0;

	if (!set)
		return 0;
	RFA_EACH (image, set->images) {
		json_t *holder = NULL;
		const char *id = "";

		if (rc >= 0)
			rc = rfa_image_id(ctx->host, image->ref, &holder, &id, err);
		if (rc > 0) {
			struct rfa_tagged *tag = RFA_ADD(ctx->pool, tagged, &out->tags);

			tag->ref = image->ref;
			tag->id = rfa_pool_text(ctx->pool, id);
		}
		json_decref(holder);
	}
	return rc < 0 ? rc : 0;
}

static int look_dockerfile(struct rfa_ctx *ctx, const struct rfa_built *image,
			   struct rfa_worktree *out, struct rfa_error *err)
{
	const char *file = *image->dockerfile ? image->dockerfile : "Dockerfile";
	const char *path = rfa_pool_printf(ctx->pool, "%s/%s", image->context, file);
	struct rfa_file_stat st;
	int rc = ctx->host->files->stat(ctx->host, path, &st, err);

	if (!rc && st.type != 'f')
		out->problem = rfa_pool_printf(ctx->pool, "there is no file %s", path);
	return rc;
}

int rfa_sources_look(struct rfa_ctx *ctx, const struct rfa_built *image, struct rfa_worktree *out,
		     struct rfa_error *err)
{
	json_t *seen = NULL;
	int rc;

	if (rfa_release_of(ctx))
		return rfa_release_look(ctx, image, out, err);
	rc = ctx->host->files->worktree(ctx->host, image->context, &seen, err);
	rfa_record_clear(&rfa_shape_worktree, out);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_worktree, seen, ctx->pool, out, err);
	out->key = image->key;
	out->context = image->context;
	json_decref(seen);
	if (rc != -RFA_ENOTFOUND)
		return rc ? rc : look_dockerfile(ctx, image, out, err);
	out->problem = rfa_pool_printf(ctx->pool, "there is no directory %s", image->context);
	rfa_error_clear(err);
	return 0;
}

int rfa_builder_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_built *image;
	struct rfa_proven proven;
	const char *summary;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = look_builder(ctx, &proven, err);
	if (!rc)
		rc = look_names(ctx, &proven, err);
	RFA_EACH (image, *built_of(ctx))
		if (!rc)
			rc = rfa_sources_look(ctx, image,
					      RFA_ADD(ctx->pool, worktree, &proven.sources), err);
	if (rc)
		return rc;
	summary = rfa_pool_printf(
	    ctx->pool, "%s has BuildKit %s; %zu image(s) to build", ctx->host->name,
	    *proven.engine->builder ? proven.engine->builder : "not", proven.sources.n);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* Building. */

/* What rfa.json says of how it is built. The same image may be that of several containers. */
static int recipe_of(const struct rfa_built *image, char out[65], struct rfa_error *err)
{
	struct rfa_built recipe = *image;
	json_t *json = NULL;
	int rc;

	recipe.key = recipe.image = "";
	rc = rfa_record_write(&rfa_shape_built, &recipe, &json, err);
	if (!rc)
		rc = rfa_facts_digest(json, out, err);
	json_decref(json);
	return rc;
}

static const char *tree_of(const struct rfa_worktree *sources)
{
	return sources ? sources->tree : "";
}

/* *is: it is labelled as what would be made of these sources now. */
static int is_labelled(const json_t *inspect, const struct rfa_built *image,
		       const struct rfa_worktree *sources, int *is, struct rfa_error *err)
{
	char recipe[65];
	int rc = recipe_of(image, recipe, err);

	*is = !rc && !strcmp(rfa_container_label(inspect, LABEL_RECIPE), recipe) &&
	      !strcmp(rfa_container_label(inspect, LABEL_TREE), tree_of(sources));
	return rc;
}

/* Without git nobody can tell what it was made from. */
int rfa_built_from(const json_t *inspect, const struct rfa_built *image,
		   const struct rfa_worktree *sources, int *is, struct rfa_error *err)
{
	int rc = is_labelled(inspect, image, sources, is, err);

	*is = *is && *tree_of(sources);
	return rc;
}

int rfa_built_there(struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		    json_t **inspect, struct rfa_error *err)
{
	const struct rfa_worktree *from =
	    rfa_worktree_of(&rfa_ctx_options(ctx)->sources, image->key);
	int is = 0;
	int rc;

	/* Where both are one, what the run has built itself is there, too. */
	if (!rfa_release_of(ctx) || rfa_ctx_one_env(ctx))
		return 0;
	rc = rfa_inspect_or_null(ctx->hosts[RFA_TARGET], RFA_IMAGE, ref, inspect, err);
	if (!rc && *inspect)
		rc = rfa_built_from(*inspect, image, from, &is, err);
	if (!is) {
		json_decref(*inspect);
		*inspect = NULL;
	}
	return rc;
}

static int is_own(const struct rfa_ctx *ctx, const char *ref)
{
	return !rfa_tagged_of(&ctx->own->tags, ref);
}

/* The sources are those of the plan, or nobody can tell. */
static int check_sources(struct rfa_ctx *ctx, const struct rfa_built *image, struct rfa_error *err)
{
	const struct rfa_worktree *then = planned_sources(ctx, image);
	struct rfa_worktree now;
	int rc = rfa_sources_look(ctx, image, &now, err);

	if (rc || !then || !*then->tree || !strcmp(then->tree, now.tree))
		return rc;
	rfa_fail(err, RFA_EREFUSED, "build",
		 "the sources of %s in %s have changed since the run began", image->key,
		 image->context);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "publish again: that is another version");
}

static int request_of(struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		      json_t **out, struct rfa_error *err)
{
	const struct rfa_worktree *from = planned_sources(ctx, image);
	const char *version = rfa_ctx_options(ctx)->desired->version;
	const char *context =
	    rfa_release_of(ctx) ? rfa_release_context(ctx, image) : image->context;
	json_t *labels = image->labels ? rfa_facts_copy(image->labels) : json_object();
	char recipe[65];
	int rc = labels ? recipe_of(image, recipe, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_facts_set(labels, LABEL_VERSION, json_string(version), err);
	if (!rc)
		rc = rfa_facts_set(labels, LABEL_RECIPE, json_string(recipe), err);
	if (!rc && from && *from->commit)
		rc = rfa_facts_set(labels, LABEL_REVISION, json_string(from->commit), err);
	if (!rc && from && *from->tree)
		rc = rfa_facts_set(labels, LABEL_TREE, json_string(from->tree), err);
	if (!rc && !(*out = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:O*, s:O}", "ref", ref,
				      "context", context, "dockerfile",
				      *image->dockerfile ? image->dockerfile : "Dockerfile",
				      "target", *image->target ? image->target : NULL, "platform",
				      *image->platform ? image->platform : NULL, "args",
				      image->args, "labels", labels)))
		rc = rfa_fail_nomem(err);
	json_decref(labels);
	return rc;
}

/* What a build gets beside its request. */

/* The last lines that the builder has written, for whoever looks for what went wrong. */
enum { TAIL = 50 };
struct tail {
	const struct rfa_ctx *ctx;
	char *lines[TAIL]; /* owned; a ring */
	size_t n;          /* so many were told */
};

static void on_said(void *user, const char *line)
{
	struct tail *tail = user;
	char **place = &tail->lines[tail->n++ % TAIL];

	free(*place);
	*place = strdup(line);
	rfa_ctx_tell(tail->ctx, RFA_EVENT_OUTPUT, line);
}

static void tell_tail(const struct tail *tail, const char *key)
{
	size_t i = tail->n > TAIL ? tail->n - TAIL : 0;

	for (; i < tail->n; i++)
		rfa_ctx_say(tail->ctx, RFA_EVENT_LOG, "%s | %s", key,
			    tail->lines[i % TAIL] ? tail->lines[i % TAIL] : "");
}

static void tail_release(struct tail *tail)
{
	size_t i;

	for (i = 0; i < TAIL; i++)
		free(tail->lines[i]);
}

/* The values are the operator's, who is asked by name. */
static int secrets_of(struct rfa_ctx *ctx, struct rfa_build_aside *aside, struct rfa_error *err)
{
	const struct rfa_texts *ids = &rfa_ctx_stack_of(ctx, RFA_TARGET)->build->secrets;
	struct rfa_build_secret *all = rfa_pool_new(ctx->pool, (ids->n + 1) * sizeof(*all));
	size_t i;
	int rc = all ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < ids->n && !rc; i++) {
		all[i].id = ids->at[i];
		if (ctx->secret)
			rc = ctx->secret(
			    ctx->secret_user,
			    rfa_pool_printf(ctx->pool, RFA_BUILD_SECRET "%s", ids->at[i]),
			    &all[i].value, err);
		if (!rc && !all[i].value) {
			(void)rfa_fail(err, RFA_ENOTFOUND, "config",
				       "the secret %s of the build has no value", ids->at[i]);
			(void)rfa_error_hint(err, "say where it is: build.secrets of the stack");
			rc = rfa_error_as(err, RFA_DENIED);
		}
	}
	aside->secrets = all;
	aside->n = ids->n;
	return rc;
}

/* What jobs that were killed have left of them. */
static int forget(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_stack_build *build = rfa_ctx_stack_of(ctx, RFA_TARGET)->build;

	return build && build->secrets.n ? ctx->host->runs->forget(ctx->host, ctx->run, err) : 0;
}

static int build(struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		 struct rfa_error *err)
{
	struct tail tail = { .ctx = ctx };
	struct rfa_build_aside aside = { .said = on_said, .user = &tail };
	struct rfa_ctx_key key;
	json_t *request = NULL, *answer = NULL;
	int rc = check_sources(ctx, image, err);

	if (!rc)
		rc = secrets_of(ctx, &aside, err);

	if (!rc)
		rc = request_of(ctx, image, ref, &request, err);
	if (!rc) {
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "building %s from %s", ref, image->context);
		rc = ctx->host->engine->image_build(ctx->host,
						    rfa_ctx_key(ctx, &key, "build", image->key),
						    request, &aside, &answer, err);
	}
	if (rc)
		tell_tail(&tail, image->key);
	tail_release(&tail);
	json_decref(request);
	json_decref(answer);
	return rc;
}

/* Builders were seen to say ok and to have made something else. */
static int check_made(const struct rfa_ctx *ctx, const char *ref, const json_t *inspect,
		      struct rfa_error *err)
{
	const struct rfa_engine *target = ctx->proven[RFA_TARGET]->engine;
	const char *version = rfa_ctx_options(ctx)->desired->version;
	const char *arch = rfa_facts_str(inspect, "Architecture", "");
	int rc = 0;

	if (strcmp(rfa_container_label(inspect, LABEL_VERSION), version) != 0)
		rc = rfa_fail(err, RFA_EMISMATCH, "build",
			      "%s is not labelled as what was built: version \"%s\"", ref, version);
	else if (target && *target->arch && strcmp(arch, target->arch) != 0)
		rc = rfa_fail(err, RFA_EMISMATCH, "build", "%s is for %s, and %s is %s", ref, arch,
			      ctx->hosts[RFA_TARGET]->name, target->arch);
	return rc ? rfa_error_where(err, "%s", ctx->host->name) : 0;
}

/* What has the name already is what would be made; then nothing is made. */
static int judge_there(const struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		       const json_t *inspect, struct rfa_error *err)
{
	const struct rfa_worktree *from = planned_sources(ctx, image);
	int own = is_own(ctx, ref);
	int is;
	int rc = own ? is_labelled(inspect, image, from, &is, err)
		     : rfa_built_from(inspect, image, from, &is, err);

	if (rc || is)
		return rc;
	rfa_fail(err, RFA_EREFUSED, "build", "there is already an image %s, made %s", ref,
		 own ? "by somebody else while this run was on its way"
		     : "from other sources or in another way");
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "publish under another version");
}

static int make_now(struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		    json_t **inspect, struct rfa_error *err)
{
	int rc = build(ctx, image, ref, err);

	if (!rc)
		rc = ctx->host->engine->inspect(ctx->host, RFA_IMAGE, ref, inspect, err);
	return rc ? rc : check_made(ctx, ref, *inspect, err);
}

/*
 * *inspect (new): the image of that name, made now if it is not there. Sources that change while
 * they are read are no sources of what was made.
 */
static int make(struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		json_t **inspect, struct rfa_error *err)
{
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, ref, inspect, err);

	if (!rc)
		rc = *inspect ? judge_there(ctx, image, ref, *inspect, err)
			      : make_now(ctx, image, ref, inspect, err);
	if (!rc && is_own(ctx, ref))
		rc = check_sources(ctx, image, err);
	if (rc) {
		json_decref(*inspect);
		*inspect = NULL;
	}
	return rc;
}

/* Another builder, another copy of the sources: what the ledger knows by this name is meant. */
static int check_version(struct rfa_ctx *ctx, const struct rfa_image *image, struct rfa_error *err)
{
	struct rfa_version_list all;
	int rc = rfa_ctx_versions(ctx, &all, err);

	return rc ? rc
		  : rfa_version_check(
			ctx, rfa_version_named(&all, rfa_ctx_options(ctx)->desired->version), image,
			err);
}

static int add_built(struct rfa_ctx *ctx, const struct rfa_built *one, struct rfa_proven *out,
		     struct rfa_image_set *set, struct rfa_error *err)
{
	const struct rfa_image *name = planned(ctx, one->key);
	const struct rfa_container *before =
	    rfa_container_of(&ctx->proven[RFA_TARGET]->containers, one->key);
	struct rfa_image *image;
	json_t *inspect = NULL;
	int rc, made;

	if (!name)
		return rfa_fail(err, RFA_EINTERNAL, "build", "the plan has no name for %s",
				one->key);
	rc = rfa_built_there(ctx, one, name->ref, &inspect, err);
	made = !rc && !inspect;
	if (made)
		rc = make(ctx, one, name->ref, &inspect, err);
	if (rc)
		return rc;
	image = RFA_ADD(ctx->pool, image, &set->images);
	image->key = name->key;
	image->kind = name->kind;
	image->ref = name->ref;
	image->ends = before && before->ended;
	image->may_end = !before || !before->present;
	rc = rfa_image_fill(inspect, ctx->pool, image, err);
	if (!rc)
		rc = check_version(ctx, image, err);
	if (made && is_own(ctx, name->ref))
		rfa_texts_add(ctx->pool, &out->built, one->key);
	json_decref(inspect);
	return rc;
}

/* Goes on from what it sees, so it may be repeated. */
int rfa_build_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_image_set *set = RFA_NEW(ctx->pool, image_set);
	const struct rfa_built *one;
	struct rfa_proven proven;
	const char *summary;
	int rc = 0;

	rfa_record_clear(&rfa_shape_proven, &proven);
	RFA_EACH (one, *built_of(ctx))
		if (!rc)
			rc = add_built(ctx, one, &proven, set, err);
	if (!rc)
		rc = forget(ctx, err);
	if (rc)
		return rc;
	rfa_image_set_complete(ctx, set);
	set->version = rfa_ctx_options(ctx)->desired ? rfa_ctx_options(ctx)->desired->version : "";
	proven.images = set;
	summary = rfa_pool_printf(ctx->pool, "%s: %zu of %zu image(s) built%s", set->version,
				  proven.built.n, built_of(ctx)->n,
				  proven.built.n < built_of(ctx)->n ? "; the rest was there already"
								    : "");
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_build_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

static int untag(struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		 struct rfa_error *err)
{
	const struct rfa_worktree *from = planned_sources(ctx, image);
	struct rfa_ctx_key key;
	json_t *inspect = NULL;
	int is = 0;
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, ref, &inspect, err);

	if (!rc && inspect)
		rc = is_labelled(inspect, image, from, &is, err);
	json_decref(inspect);
	return rc || !is ? rc
			 : ctx->host->engine->image_untag(
			       ctx->host, rfa_ctx_key(ctx, &key, "untag", ref), ref, err);
}

/*
 * Names that this run gave go, and with them the images; what was there before stays, and what
 * somebody else has given such a name meanwhile.
 */
int rfa_build_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_built *one;
	int rc = forget(ctx, err);

	RFA_EACH (one, *built_of(ctx)) {
		const struct rfa_image *name = planned(ctx, one->key);

		if (!rc && name && is_own(ctx, name->ref))
			rc = untag(ctx, one, name->ref, err);
	}
	return rc;
}

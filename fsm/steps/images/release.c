/* What of a release concerns images: from what they are built, and the gates of its commit. */
#include "fsm/steps/images/release.h"

#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/common/gates.h"

const char *rfa_release_context(const struct rfa_ctx *ctx, const struct rfa_built *image)
{
	const char *place = rfa_release_place(ctx);

	return strcmp(image->context, ".") != 0
		   ? rfa_pool_printf(ctx->pool, "%s/%s", place, image->context)
		   : place;
}

static int look_path(struct rfa_ctx *ctx, struct rfa_repository *repository, const char *path,
		     char type, struct rfa_worktree *out, struct rfa_error *err)
{
	struct rfa_file_stat st;
	int rc = repository->ops->stat(repository, path, &st, err);

	if (!rc && st.type != type && !*out->problem)
		out->problem = rfa_pool_printf(ctx->pool, "the commit has no %s %s",
					       type == 'd' ? "directory" : "file", path);
	return rc;
}

int rfa_release_look(struct rfa_ctx *ctx, const struct rfa_built *image, struct rfa_worktree *out,
		     struct rfa_error *err)
{
	const struct rfa_worktree *then =
	    rfa_worktree_of(&rfa_ctx_options(ctx)->sources, image->key);
	const char *file = *image->dockerfile ? image->dockerfile : "Dockerfile";
	struct rfa_repository *repository = NULL;
	int rc = rfa_release_repository(ctx, &repository, err);

	rfa_record_clear(&rfa_shape_worktree, out);
	if (then)
		*out = *then;
	out->key = image->key;
	out->context = image->context;
	if (!rc)
		rc = look_path(ctx, repository, image->context, 'd', out, err);
	if (strcmp(image->context, ".") != 0)
		file = rfa_pool_printf(ctx->pool, "%s/%s", image->context, file);
	return rc ? rc : look_path(ctx, repository, file, 'f', out, err);
}

/* Gates. */

static const char *join(const struct rfa_ctx *ctx, const struct rfa_texts *all)
{
	const char *out = all->n ? all->at[0] : "";
	size_t i;

	for (i = 1; i < all->n && i < 5; i++)
		out = rfa_pool_printf(ctx->pool, "%s, %s", out, all->at[i]);
	return all->n > 5 ? rfa_pool_printf(ctx->pool, "%s and more", out) : out;
}

int rfa_gate_repository(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_release *release = rfa_release_of(c->ctx);

	(void)err;
	if (release->bytes > RFA_RELEASE_BYTES)
		rfa_deny(
		    c,
		    "take what is large out of the repository: fetch it in the Dockerfile, or "
		    "keep it as data",
		    "the commit has %s in %lld files, and at most %s are sent to be built from",
		    RFA_SIZE(release->bytes), (long long)release->files,
		    RFA_SIZE(RFA_RELEASE_BYTES));
	if (release->submodules.n)
		rfa_deny(c,
			 "rfa reads one repository: bring their files into it (git subtree), or "
			 "build them as images of their own",
			 "the commit has submodules, whose files are elsewhere: %s",
			 join(c->ctx, &release->submodules));
	if (release->pointers.n)
		rfa_deny(c, "keep these files in git itself, or fetch them in the Dockerfile",
			 "the commit has files that only point into Git LFS: %s",
			 join(c->ctx, &release->pointers));
	return 0;
}

int rfa_gate_same_tag(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_release *release = rfa_release_of(c->ctx);

	(void)err;
	if (*release->other)
		rfa_deny(c, "give the new commit a tag of its own",
			 "the tag %s is commit %.12s now, and in run %s it was commit %.12s",
			 release->tag, release->commit, release->other_run, release->other);
	return 0;
}

/*
 * Data that is deleted: nothing takes its place, in a swap as of any other data. So what was there
 * stays beside it, until it is pruned. An empty directory is one with the owner and the mode of the
 * old one; an empty database is one as the old one but for what is in it; of a single file there is
 * none.
 */
#include "fsm/steps/data/databases.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/steps.h"

static int empty_one(struct rfa_ctx *ctx, const struct rfa_member *member, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];

	if (rfa_is_database(member))
		return rfa_database_load(ctx, member, "", err);
	if (rfa_member_tree(member) != RFA_TREE_DIRECTORY)
		return 0;
	rfa_member_copy(ctx, member, RFA_BESIDE_NEW, copy);
	return host->trees->empty(host, rfa_ctx_key(ctx, &key, "empty", member->name), copy,
				  member->uid, member->gid, (unsigned)member->mode, err);
}

/* What is there under the name goes first, so it may be repeated. */
int rfa_empty_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	if (!ctx->own->members.n)
		return rfa_ctx_skip(facts, "the data stays", err);
	RFA_EACH (member, ctx->own->members)
		if (!rc)
			rc = empty_one(ctx, member, err);
	return rc;
}

int rfa_empty_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_empty_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_copies_remove(ctx, RFA_BESIDE_NEW, err);
}

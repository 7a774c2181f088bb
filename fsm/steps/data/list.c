/*
 * Only what the target lacks travels: before the source packs, the target lists what it has of each
 * member, block by block. The list is of the live data, and what it names is kept as it was read.
 * Where it cannot be made all of the member travels, which is no less right.
 */
#include "fsm/steps/data/list.h"

#include "fsm/base/size.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/transfer.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/steps.h"

static int has_tool(const struct rfa_ctx *ctx, enum rfa_role_id role, const char *tool)
{
	const struct rfa_engine *engine = ctx->proven[role]->engine;

	return engine && json_is_true(json_object_get(engine->tools, tool));
}

static int both_have(const struct rfa_ctx *ctx, const char *tool)
{
	return has_tool(ctx, RFA_SOURCE, tool) && has_tool(ctx, RFA_TARGET, tool);
}

/* What the run needs must fit beside what is kept: what is known may turn out to be nothing. */
static int has_room(struct rfa_ctx *ctx, const struct rfa_member *member, int *is,
		    struct rfa_error *err)
{
	return rfa_data_has_room(ctx, member->bytes + 2048 * member->inodes, is, err);
}

static int list_one(struct rfa_ctx *ctx, const struct rfa_member *member,
		    struct rfa_archive_list *known, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_archive *one;
	struct rfa_ctx_key key;
	json_t *made = NULL;
	int is = 0;
	int rc = has_room(ctx, member, &is, err);

	if (!rc && !is)
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s has no room to list %s: all of it travels",
			    host->name, member->name);
	if (rc || !is)
		return rc;
	rc = host->trees->known(host, rfa_ctx_key(ctx, &key, "known", member->name),
				rfa_member_tree(member), member->place, member->name, &made, err);
	if (!rc) {
		one = RFA_ADD(ctx->pool, archive, known);
		rc = rfa_record_read(&rfa_shape_archive, made, ctx->pool, one, err);
		one->name = member->name;
	}
	json_decref(made);
	return rc;
}

/* The list is made anew, and whatever an earlier attempt left is written over. */
int rfa_list_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_member *member;
	struct rfa_proven proven;
	const char *summary;
	int rc = 0;

	if (rfa_ctx_one_env(ctx))
		return rfa_ctx_skip(facts, "both sides are one host: nothing travels", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.zip = both_have(ctx, "zstd") ? "zstd" : both_have(ctx, "gzip") ? "gzip" : "";
	RFA_EACH (member, ctx->own->members)
		if (!rc && both_have(ctx, "perl") && rfa_member_there(member) &&
		    !rfa_is_database(member))
			rc = list_one(ctx, member, &proven.known, err);
	if (rc)
		return rc;
	summary = rfa_pool_printf(ctx->pool,
				  "%zu of %zu member(s) are listed: only what they lack travels",
				  proven.known.n, ctx->own->members.n);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_list_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_list_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->runs->remove(ctx->host, ctx->run, err);
}

int rfa_packing_of(struct rfa_ctx *ctx, const struct rfa_member *member, struct rfa_packing *out,
		   struct rfa_error *err)
{
	const struct rfa_proven *target = ctx->proven[RFA_TARGET];
	const struct rfa_archive *list = rfa_archive_named(&target->known, member->name);
	uint64_t sent = 0;

	*out = (struct rfa_packing){ target->zip, list ? list->archive : "" };
	return list ? rfa_transfer_relay(ctx, RFA_TARGET, list->archive, (uint64_t)list->bytes,
					 &sent, err)
		    : 0;
}

/* Told before, for it may take long. */
int rfa_gate_travels(struct rfa_gates *c, struct rfa_error *err)
{
	static const enum rfa_role_id roles[] = { RFA_SOURCE, RFA_TARGET };
	size_t i;

	(void)err;
	for (i = 0; i < 2 && !rfa_ctx_one_env(c->ctx); i++)
		if (!has_tool(c->ctx, roles[i], "perl"))
			rfa_warn(c, "install perl there: then only what has changed travels",
				 "all of the data travels: %s has no perl",
				 c->ctx->hosts[roles[i]]->name);
	return 0;
}

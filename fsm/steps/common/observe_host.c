/* What the observations of several flows have in common. */
#include "fsm/steps/common/observe_host.h"

#include <string.h>

#include "fsm/steps/common/checker.h"
#include "fsm/steps/common/inspect.h"

int rfa_observe_engine(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
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

int rfa_observe_own_url(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
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
	rc = ctx->host->files->read(ctx->host, is->file, 1 << 20, &text, &why);
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

/* 1 if a reference of a check cannot be filled in; a gate tells which. */
static int is_unfilled(const struct rfa_error *err)
{
	return !strcmp(err->domain, "config") &&
	       (err->code == RFA_ENOTFOUND || err->code == RFA_ECONFIG);
}

/* That nobody can be asked is no failure of the observation: the gate says it with all others. */
static void be_blind(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_blind *blind = RFA_NEW(ctx->pool, blind);

	blind->why = rfa_pool_text(ctx->pool, err->msg);
	blind->hint = rfa_pool_text(ctx->pool, err->hint);
	out->blind = blind;
	rfa_error_clear(err);
}

static int try_one(struct rfa_ctx *ctx, struct rfa_tally *tally, struct rfa_proven *out,
		   struct rfa_error *err)
{
	int rc = rfa_tally_try(ctx, tally, err);

	if (rc == -RFA_EFORWARDING) {
		be_blind(ctx, out, err);
		rc = 0;
	} else if (rc && is_unfilled(err)) {
		tally->tries++;
		tally->look.ok = 1; /* until now */
		rfa_look_ill(&tally->look, "%s", err->msg);
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

/* What sends something or runs a command is asked where its answer counts, and not in a preview. */
static int only_looks(const struct rfa_check *check)
{
	return !check->exec && !*check->send &&
	       (!*check->method || !strcmp(check->method, "GET") || !strcmp(check->method, "HEAD"));
}

int rfa_observe_checks(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_tallies tallies;
	size_t i;
	int rc = rfa_tallies_begin(ctx, &tallies, err);

	for (i = 0; i < tallies.n && !rc && !out->blind; i++)
		if (only_looks(tallies.at[i].check))
			rc = try_one(ctx, &tallies.at[i], out, err);
	if (!rc)
		rfa_tallies_tell(ctx, &tallies, &out->before);
	rfa_tallies_release(&tallies);
	return rc;
}

/* The head of the ledger that a host keeps must be one that this ledger had. */
#include "fsm/steps/common/heads.h"

static int say_unknown(const struct rfa_ctx *ctx, const json_t *kept, struct rfa_error *err)
{
	const char *env = ctx->host->name;
	const char *run = rfa_facts_str(kept, "run", "");
	const char *head = rfa_facts_str(kept, "head", "");

	rfa_fail(err, RFA_EREFUSED, "ledger",
		 "%s keeps the head %.12s of this ledger (run %s), and this copy of the ledger "
		 "does not have it: it is an older copy, was cut short, or was altered",
		 env, *head ? head : "(none)", *run ? run : "unknown");
	rfa_error_where(err, "%s", env);
	return rfa_error_hint(err,
			      "use the copy of the ledger that has it; if there is none any more: "
			      "rfa ledger accept %s --reason TEXT",
			      env);
}

static int is_accepted(const struct rfa_ctx *ctx)
{
	return ctx->plan->options && ctx->plan->options->accept_head;
}

int rfa_kept_head_check(struct rfa_ctx *ctx, json_t **accepted, struct rfa_error *err)
{
	json_t *kept = NULL;
	int rc = ctx->kept_head ? ctx->kept_head(ctx, &kept, err) : 0;
	int unknown = !rc && kept && !rfa_facts_bool(kept, "known", 0);

	if (accepted)
		*accepted = NULL;
	if (unknown && !is_accepted(ctx))
		rc = say_unknown(ctx, kept, err);
	else if (unknown && accepted)
		*accepted = rfa_pool_json(ctx->pool, kept);
	json_decref(kept);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

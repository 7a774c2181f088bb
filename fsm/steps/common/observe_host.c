/* What the observations of several flows have in common. */
#include "fsm/steps/common/observe_host.h"

#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"
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

int rfa_ask(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_http_reply *reply,
	    struct rfa_error *err)
{
	const struct rfa_secret_source from = { ctx->secret, ctx->secret_user };
	struct rfa_buf url = RFA_BUF_INIT(1 << 18);
	struct rfa_http_request request = { 0 };
	int rc = rfa_reference_fill(&url, check->url, &from, err);

	request.url = rfa_buf_str(&url);
	request.shown = check->url;
	request.timeout_ms = check->timeout_s * 1000;
	request.insecure_tls = check->insecure_tls;
	if (!rc)
		rc = ctx->host->ops->http_ask(ctx->host, &request, reply, err);
	rfa_wipe_buf(&url);
	return rc;
}

/* 1 if a reference of the URL cannot be filled in; a gate tells which. */
static int is_unfilled(const struct rfa_error *err)
{
	return !strcmp(err->domain, "config") &&
	       (err->code == RFA_ENOTFOUND || err->code == RFA_ECONFIG);
}

/* How one URL answers. */
static int ask(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_answer *answer,
	       struct rfa_error *err)
{
	struct rfa_http_reply reply;
	int rc = rfa_ask(ctx, check, &reply, err);

	answer->url = check->url;
	if (!rc) {
		answer->status = reply.status;
		if (reply.status != check->status)
			answer->problem =
			    rfa_pool_printf(ctx->pool, "it answers %d instead of %lld",
					    reply.status, (long long)check->status);
		rfa_http_reply_release(&reply);
	} else if (rfa_http_is_service(err) || is_unfilled(err)) {
		answer->problem = rfa_pool_text(ctx->pool, err->msg);
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

int rfa_observe_health(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_check *check;

	RFA_EACH (check, rfa_ctx_stack_here(ctx)->health) {
		struct rfa_answer *answer = RFA_ADD(ctx->pool, answer, &out->answers);
		int rc = ask(ctx, check, answer, err);

		/* That nobody can be asked is no failure of the observation: the gate says it with
		 * all others. */
		if (rc == -RFA_EFORWARDING) {
			struct rfa_blind *blind = RFA_NEW(ctx->pool, blind);

			blind->why = rfa_pool_text(ctx->pool, err->msg);
			blind->hint = rfa_pool_text(ctx->pool, err->hint);
			out->blind = blind;
			out->answers.n--; /* it gave none */
			rfa_error_clear(err);
			return 0;
		}
		if (rc)
			return rc;
	}
	return 0;
}

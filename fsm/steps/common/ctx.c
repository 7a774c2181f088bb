/* Small helpers that every step uses. */
#include "fsm/steps/common/ctx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/base/digest.h"

static const char key_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

const struct rfa_job_key *rfa_ctx_key(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
				      const char *op, const char *about)
{
	char tail[64] = "";

	if (about) {
		char hex[RFA_DIGEST_HEX];
		size_t i;

		rfa_digest_of(RFA_SHA256, about, strlen(about), hex);
		for (i = 0; i < 32 && about[i]; i++)
			tail[i] = strchr(key_chars, about[i]) ? about[i] : '_';
		if (about[strspn(about, key_chars)] || strlen(about) > 32)
			snprintf(tail + i, sizeof(tail) - i, ".%.12s", hex);
	}
	snprintf(key->op, sizeof(key->op), "%s%u.%s%s%s", ctx->undoing ? "u" : "", ctx->attempt, op,
		 about ? "." : "", tail);
	key->key = (struct rfa_job_key){ ctx->run, ctx->step->name, key->op };
	return &key->key;
}

static struct rfa_event event_of(const struct rfa_ctx *ctx, enum rfa_event_kind kind)
{
	struct rfa_event event = { 0 };

	event.kind = kind;
	event.wall_ms = ctx->clock->wall_ms(ctx->clock);
	event.run = ctx->run;
	event.state = rfa_state_word(ctx->step->state);
	event.step = ctx->step->name;
	event.host = ctx->host ? ctx->host->name : NULL;
	event.attempt = ctx->attempt;
	return event;
}

void rfa_ctx_say(const struct rfa_ctx *ctx, enum rfa_event_kind kind, const char *fmt, ...)
{
	struct rfa_event event = event_of(ctx, kind);
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	event.text = text;
	rfa_trace_send(ctx->trace, &event);
}

void rfa_ctx_tell(const struct rfa_ctx *ctx, enum rfa_event_kind kind, const char *text)
{
	struct rfa_event event = event_of(ctx, kind);

	event.text = text;
	rfa_trace_send(ctx->trace, &event);
}

void rfa_ctx_say_stop(const struct rfa_ctx *ctx, const json_t *container)
{
	const char *name = rfa_facts_str(container, "Name", "?");

	rfa_ctx_say(ctx, RFA_EVENT_WAIT, "waiting for %s to stop (time-out %lld s)",
		    *name == '/' ? name + 1 : name,
		    (long long)rfa_facts_int(container, "Config/StopTimeout", 10));
}

void rfa_ctx_bytes(const struct rfa_ctx *ctx, int64_t done, int64_t total)
{
	struct rfa_event event = event_of(ctx, RFA_EVENT_PROGRESS);

	event.done = done;
	event.total = total;
	rfa_trace_send(ctx->trace, &event);
}

int rfa_ctx_rest(const struct rfa_ctx *ctx, int64_t ms, struct rfa_error *err)
{
	while (ms > 0) {
		int64_t slice = ms < 1000 ? ms : 1000;

		if (ctx->cancel && *ctx->cancel)
			return rfa_fail(err, RFA_ECANCELLED, "run", "stopped by a signal");
		ctx->clock->sleep_ms(ctx->clock, slice);
		ms -= slice;
	}
	return 0;
}

json_t *rfa_ctx_fact(const struct rfa_ctx *ctx, const char *step, const char *path)
{
	/* A step's name holds no '/', so it is one key. */
	return rfa_facts_at(json_object_get(ctx->facts_json, step), path);
}

int rfa_ctx_one_env(const struct rfa_ctx *ctx)
{
	const struct rfa_plan_host *from = ctx->sides[RFA_SOURCE];
	const struct rfa_plan_host *to = ctx->sides[RFA_TARGET];

	return from && to && !strcmp(from->env, to->env);
}

int rfa_from_vault(const struct rfa_ctx *ctx)
{
	return ctx->plan->point && !strcmp(rfa_ctx_options(ctx)->set, "images");
}

const struct rfa_stack *rfa_ctx_stack_of(const struct rfa_ctx *ctx, enum rfa_role_id role)
{
	static struct rfa_stack none;

	if (ctx->sides[role] && ctx->sides[role]->stack)
		return ctx->sides[role]->stack;
	rfa_record_clear(&rfa_shape_stack, &none);
	return &none;
}

const struct rfa_stack *rfa_ctx_stack_here(const struct rfa_ctx *ctx)
{
	return rfa_ctx_stack_of(ctx, ctx->step->on);
}

const struct rfa_options *rfa_ctx_options(const struct rfa_ctx *ctx)
{
	static struct rfa_options none;

	if (ctx->plan->options)
		return ctx->plan->options;
	rfa_record_clear(&rfa_shape_options, &none);
	return &none;
}

int rfa_ctx_data_points(struct rfa_ctx *ctx, struct rfa_point_list *out, struct rfa_error *err)
{
	const json_t *one;
	size_t i;

	json_array_foreach (ctx->points, i, one) {
		int rc;

		if (strcmp(rfa_facts_str(one, "kind", ""), "data") != 0)
			continue;
		rc = rfa_record_read(&rfa_shape_point, one, ctx->pool,
				     RFA_ADD(ctx->pool, point, out), err);
		if (rc)
			return rfa_error_where(err, "point %s", rfa_facts_str(one, "name", ""));
	}
	return rfa_pool_check(ctx->pool, err);
}

int rfa_ctx_versions(struct rfa_ctx *ctx, struct rfa_version_list *out, struct rfa_error *err)
{
	json_t *all = NULL;
	json_t *one;
	size_t i;
	int rc = ctx->versions ? ctx->versions(ctx, &all, err) : 0;

	*out = (struct rfa_version_list){ NULL, 0 };
	json_array_foreach (all, i, one) {
		if (!rc && (rc = rfa_record_read(&rfa_shape_version, one, ctx->pool,
						 RFA_ADD(ctx->pool, version, out), err)))
			rfa_error_where(err, "version %s", rfa_facts_str(one, "name", ""));
	}
	if (all)
		rfa_pool_json_new(ctx->pool, all);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

const struct rfa_image_list *rfa_ctx_desired(const struct rfa_ctx *ctx, const char **version)
{
	return rfa_brings(ctx->plan, ctx->proven[RFA_SOURCE], version);
}

int rfa_ctx_prove(struct rfa_ctx *ctx, const struct rfa_proven *proven, const char *summary,
		  json_t *facts, struct rfa_error *err)
{
	int rc = rfa_pool_check(ctx->pool, err);

	if (!rc)
		rc = rfa_record_put(&rfa_shape_proven, proven, facts, err);
	return rc || !summary ? rc : rfa_ctx_says(facts, summary, err);
}

const char *const *rfa_ctx_words(const struct rfa_ctx *ctx, const struct rfa_texts *texts)
{
	struct rfa_texts words = { NULL, 0 };
	size_t i;

	for (i = 0; i < texts->n; i++)
		rfa_texts_add(ctx->pool, &words, texts->at[i]);
	rfa_pool_add(ctx->pool, &words, sizeof(*words.at));
	return words.at;
}

int rfa_ctx_says(json_t *facts, const char *summary, struct rfa_error *err)
{
	return rfa_facts_set(facts, "summary", json_string(summary), err);
}

int rfa_ctx_made(struct rfa_ctx *ctx, const struct rfa_made *made, const char *summary,
		 struct rfa_error *err)
{
	json_t *object = NULL;
	int rc = rfa_pool_check(ctx->pool, err);

	if (!rc)
		rc = rfa_record_write(&rfa_shape_made, made, &object, err);
	if (rc)
		return rc;
	object = json_pack("{s:s, s:o}", "summary", summary, "made", object);
	return object ? ctx->progress(ctx, object, err) : rfa_fail_nomem(err);
}

int rfa_ctx_skip(json_t *facts, const char *reason, struct rfa_error *err)
{
	return rfa_facts_set(facts, "skipped", json_string(reason), err);
}

int rfa_proven_add(const struct rfa_step *row, const json_t *its, struct rfa_pool *pool,
		   struct rfa_proven known[RFA_ROLES], struct rfa_error *err)
{
	if (rfa_record_merge(&rfa_shape_proven, its, pool, &known[row->on], err))
		return rfa_error_where(err, "step %s", row->name);
	return 0;
}

int rfa_proven_by_rows(const struct rfa_flow *flow, const json_t *facts, struct rfa_pool *pool,
		       struct rfa_proven out[RFA_ROLES], struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < RFA_ROLES; i++)
		rfa_record_clear(&rfa_shape_proven, &out[i]);
	for (i = 0; i < flow->n && !rc; i++) {
		const struct rfa_step *row = &flow->steps[i];
		const json_t *its = json_object_get(facts, row->name);

		if (its)
			rc = rfa_proven_add(row, its, pool, out, err);
	}
	return rc;
}

/*
 * A command in a container. Only its author knows what it does: it is never run twice, never
 * undone, and when its answer is lost, a person has to look.
 */
#include <string.h>

#include "fsm/steps/common/evidence.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/steps.h"

enum { OUTPUT_BYTES = 64 << 10, KEPT_BYTES = 4096 };

/* Where. */

static const struct rfa_observed *find(const struct rfa_observed_list *seen, const char *service)
{
	const struct rfa_observed *one, *best = NULL;

	RFA_EACH (one, *seen) {
		if (!one->inspect ||
		    (strcmp(one->key, service) != 0 && strcmp(one->container, service) != 0))
			continue;
		if (!best ||
		    (!rfa_container_running(best->inspect) && rfa_container_running(one->inspect)))
			best = one;
	}
	return best;
}

static int not_there(const struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
		     struct rfa_error *err)
{
	struct rfa_buf names = RFA_BUF_INIT(400);
	const struct rfa_observed *one;
	int rc;

	RFA_EACH (one, *seen)
		if (one->inspect)
			rfa_buf_printf(&names, "%s%s", names.len ? ", " : "", one->key);
	rfa_fail(err, RFA_ENOTFOUND, "docker", "%s has no container or service \"%.60s\" there",
		 ctx->plan->stack, rfa_ctx_options(ctx)->service);
	rfa_error_where(err, "%s", ctx->host->name);
	rc = rfa_error_hint(err, "there is: %s", names.len ? rfa_buf_str(&names) : "none");
	rfa_buf_release(&names);
	return rc;
}

static int does_not_run(const struct rfa_ctx *ctx, const char *container, struct rfa_error *err)
{
	rfa_fail(err, RFA_EREMOTE, "docker", "the container %s does not run", container);
	return rfa_error_where(err, "%s", ctx->host->name);
}

int rfa_exec_place_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const char *service = rfa_ctx_options(ctx)->service;
	const struct rfa_observed *place;
	struct rfa_observed_list seen;
	struct rfa_proven proven;
	int rc = rfa_observe(ctx->host, rfa_ctx_stack_here(ctx), ctx->pool, &seen, err);

	if (rc)
		return rc;
	place = find(&seen, service);
	if (!place)
		return not_there(ctx, &seen, err);
	if (!rfa_container_running(place->inspect))
		return does_not_run(ctx, place->container, err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.place = place->container;
	proven.by = rfa_pool_printf(ctx->pool, "%s@%s", ctx->user, ctx->machine);
	return rfa_ctx_prove(ctx, &proven,
			     rfa_pool_printf(ctx->pool, "%s runs in %s", service, place->container),
			     facts, err);
}

/* What. */

static int unknown(const struct rfa_ctx *ctx, struct rfa_error *err)
{
	rfa_fail(err, RFA_EREMOTE, "docker",
		 "nobody knows how the command ended: it may have run, wholly or in part, or may "
		 "still run");
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "look into %s; if it has to be run again, type it again",
			      ctx->own->place);
}

/* Durable before the host sees the command: a resume has to know. */
static int put_begun(struct rfa_ctx *ctx, int begun, struct rfa_error *err)
{
	struct rfa_made made = ctx->made;

	made.begun = begun;
	return rfa_ctx_made(ctx, &made, begun ? "the command begins" : "the command has not begun",
			    err);
}

/* The host has never seen it, or has said no before it began. */
static int never_began(const struct rfa_error *err)
{
	return err->severity == RFA_RETRY || err->severity == RFA_DENIED ||
	       err->code == RFA_ENOTFOUND || err->code == RFA_EREMOTE || err->code == RFA_ETOOBIG;
}

/*
 * The beginning of the output, cut between words: the ledger takes secrets out, and would not know
 * half of one again.
 */
static const char *beginning(struct rfa_pool *pool, const struct rfa_buf *said)
{
	struct rfa_buf text = RFA_BUF_INIT(4 * OUTPUT_BYTES);
	size_t len = said->len;
	const char *kept;

	if (len > KEPT_BYTES) {
		for (len = KEPT_BYTES; len && !strchr(" \t\n", said->data[len]);)
			len--;
	}
	while (len && strchr("\r\n", said->data[len - 1]))
		len--;
	for (size_t at = 0; at < len;) { /* lines stay lines */
		const char *stop = memchr(said->data + at, '\n', len - at);
		size_t n = stop ? (size_t)(stop - said->data) - at : len - at;

		rfa_buf_put_printable(&text, said->data + at, n, 0);
		if (stop)
			rfa_buf_putc(&text, '\n');
		at += n + 1;
	}
	kept = rfa_pool_text(pool, rfa_buf_str(&text));
	rfa_buf_release(&text);
	return kept;
}

static int prove(struct rfa_ctx *ctx, const struct rfa_exec_answer *answer, json_t *facts,
		 struct rfa_error *err)
{
	const struct rfa_options *options = rfa_ctx_options(ctx);
	struct rfa_ran *ran = RFA_NEW(ctx->pool, ran);
	struct rfa_proven proven;

	ran->container = ctx->own->place;
	ran->command = options->command;
	ran->status = answer->status;
	ran->bytes = (int64_t)answer->said->len;
	ran->output = beginning(ctx->pool, answer->said);
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.ran = ran;
	return rfa_ctx_prove(ctx, &proven,
			     rfa_pool_printf(ctx->pool, "%s in %s: status %d",
					     options->command.at[0], ran->container,
					     answer->status),
			     facts, err);
}

/* As the host takes them, with NULL behind the last. */
static const char *const *words_of(struct rfa_ctx *ctx)
{
	const struct rfa_texts *command = &rfa_ctx_options(ctx)->command;
	struct rfa_texts words = { NULL, 0 };
	size_t i;

	for (i = 0; i < command->n; i++)
		rfa_texts_add(ctx->pool, &words, command->at[i]);
	rfa_pool_add(ctx->pool, &words, sizeof(*words.at));
	return words.at;
}

static int exec(struct rfa_ctx *ctx, struct rfa_exec_answer *answer, struct rfa_error *err)
{
	const struct rfa_options *options = rfa_ctx_options(ctx);
	const char *const *words = words_of(ctx);
	struct rfa_error second;
	int rc = rfa_pool_check(ctx->pool, err);

	if (!rc)
		rc = put_begun(ctx, 1, err);
	if (rc)
		return rc;
	rc = ctx->host->engine->exec(ctx->host, ctx->own->place, words, options->timeout_s, answer,
				     err);
	if (rc && never_began(err) && put_begun(ctx, 0, &second)) {
		*err = second;
		rc = -(int)second.code;
	}
	return rc;
}

int rfa_exec_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_buf said = RFA_BUF_INIT(OUTPUT_BYTES);
	struct rfa_exec_answer answer = { 0, &said };
	json_t *inspect = NULL;
	int rc;

	if (ctx->made.begun)
		return unknown(ctx, err);
	rc = ctx->host->engine->inspect(ctx->host, RFA_CONTAINER, ctx->own->place, &inspect, err);
	if (!rc && !rfa_container_running(inspect))
		rc = does_not_run(ctx, ctx->own->place, err);
	json_decref(inspect);
	if (!rc)
		rc = exec(ctx, &answer, err);
	if (!rc) {
		rfa_evidence_hide(ctx, ctx->own->place, &said);
		if (ctx->output)
			ctx->output(ctx->secret_user, answer.status, rfa_buf_str(&said), said.len);
		rc = prove(ctx, &answer, facts, err);
	}
	rfa_buf_release(&said);
	return rc;
}

/* The host keeps nothing of it: what has begun and did not answer is not known. */
int rfa_exec_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	(void)facts;
	*seen = RFA_PROBE_NOT_DONE;
	return ctx->made.begun ? unknown(ctx, err) : 0;
}

int rfa_exec_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->made.begun ? unknown(ctx, err) : 0;
}

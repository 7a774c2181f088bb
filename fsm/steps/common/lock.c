/* The host lock: the first thing that a run takes on a host, and the last that it gives back. */
#include <string.h>

#include "fsm/steps/common/heads.h"
#include "fsm/steps/steps.h"

#define LOCK_POLL_MS 2000

static int say_held(const struct rfa_ctx *ctx, const json_t *holder, struct rfa_error *err)
{
	const char *run = rfa_facts_str(holder, "run", "?");

	rfa_fail(err, RFA_ELOCKED, "lock", "%s is locked by run %s (%s %s, by %s on %s, since %s)",
		 ctx->host->name, run, rfa_facts_str(holder, "flow", "?"),
		 rfa_facts_str(holder, "stack", "?"), rfa_facts_str(holder, "user", "?"),
		 rfa_facts_str(holder, "machine", "?"), rfa_facts_str(holder, "since", "?"));
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err,
			      "where that run's ledger is: rfa resume %s, rfa rollback %s or rfa "
			      "abort %s; if that ledger is lost: rfa lock release %s --run %s",
			      run, run, run, ctx->host->name, run);
}

/* What the lock says of its holder. *out is new. */
static int describe(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	char since[RFA_TIME_MAX];

	rfa_time_iso(ctx->clock->wall_ms(ctx->clock), since);
	*out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "run", ctx->run, "flow", ctx->plan->flow,
			 "stack", ctx->plan->stack, "user", ctx->user, "machine", ctx->machine,
			 "since", since);
	return *out ? 0 : rfa_fail_nomem(err);
}

static int is_held_by(const json_t *holder, const char *run)
{
	return holder && !strcmp(rfa_facts_str(holder, "run", ""), run);
}

static void say_waiting(const struct rfa_ctx *ctx, const json_t *holder, int64_t ms)
{
	rfa_ctx_say(ctx, RFA_EVENT_WAIT, "%s is locked by run %s (%s, by %s): waiting up to %lld s",
		    ctx->host->name, rfa_facts_str(holder, "run", "?"),
		    rfa_facts_str(holder, "flow", "?"), rfa_facts_str(holder, "user", "?"),
		    (long long)(ms / 1000));
}

/* Where the plan says so, another run's lock is waited for. *holder is new. */
static int claim(struct rfa_ctx *ctx, const json_t *who, json_t **holder, struct rfa_error *err)
{
	int64_t left = rfa_ctx_options(ctx)->wait_lock_s * 1000;
	int told = 0;

	for (;;) {
		int rc = ctx->host->runs->lock_claim(ctx->host, who, holder, err);

		if (rc != -RFA_ELOCKED || !*holder || left <= 0)
			return rc;
		if (!told)
			say_waiting(ctx, *holder, left);
		told = 1;
		json_decref(*holder);
		*holder = NULL;
		rc = rfa_ctx_rest(ctx, LOCK_POLL_MS, err);
		if (rc)
			return rc;
		left -= LOCK_POLL_MS;
	}
}

/* Claiming again is free for the same run, so it may be repeated. */
int rfa_lock_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	json_t *holder = NULL;
	json_t *who = NULL;
	int rc = describe(ctx, &who, err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	if (!rc && rfa_ctx_options(ctx)->no_lock) {
		json_decref(who);
		return rfa_ctx_skip(facts, "the operator wants no lock", err);
	}
	if (!rc)
		rc = claim(ctx, who, &holder, err);
	if (rc == -RFA_ELOCKED && holder)
		rc = say_held(ctx, holder, err);
	if (!rc)
		rc = rfa_kept_head_check(ctx, &proven.kept_head, err);
	if (!rc)
		rc = rfa_ctx_prove(ctx, &proven, "the host is ours", facts, err);
	json_decref(holder);
	json_decref(who);
	return rc;
}

static int is_ours(struct rfa_ctx *ctx, int *ours, struct rfa_error *err)
{
	json_t *holder = NULL;
	int rc = ctx->host->runs->lock_read(ctx->host, &holder, err);

	*ours = !rc && is_held_by(holder, ctx->run);
	json_decref(holder);
	return rc;
}

int rfa_lock_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	int ours = 0;
	int rc = is_ours(ctx, &ours, err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	/* Ours, but with a history that is not: the run of the step says so. */
	if (!rc && ours)
		rc = rfa_kept_head_check(ctx, &proven.kept_head, err);
	if (rc == -RFA_EREFUSED) {
		rfa_error_clear(err);
		ours = rc = 0;
	}
	if (!rc && ours)
		rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	*seen = ours ? RFA_PROBE_DONE : RFA_PROBE_NOT_DONE;
	return rc;
}

/*
 * The run's directory goes before the lock: whoever comes next must not find it. Both are success
 * when there is nothing (any more), so it may be repeated. A lock of another run is not ours to
 * free: we never had it.
 */
static int give_back(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	int rc = host->runs->remove(host, ctx->run, err);

	if (rc)
		return rc;
	rc = host->runs->lock_release(host, ctx->run, err);
	if (rc == -RFA_ELOCKED) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

int rfa_lock_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return give_back(ctx, err);
}

int rfa_unlock_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	(void)facts;
	return give_back(ctx, err);
}

int rfa_unlock_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	int ours = 0;
	int rc = is_ours(ctx, &ours, err);

	(void)facts;
	*seen = ours ? RFA_PROBE_NOT_DONE : RFA_PROBE_DONE;
	return rc;
}

/* Another run's lock. */

static const char *freed_run(const struct rfa_ctx *ctx)
{
	return ctx->plan->options ? ctx->plan->options->run : "";
}

/* Only the lock of the run that the operator named: it may be another's by now. */
int rfa_holder_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	json_t *holder = NULL;
	int rc = ctx->host->runs->lock_read(ctx->host, &holder, err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	if (!rc && holder && !is_held_by(holder, freed_run(ctx)))
		rc = say_held(ctx, holder, err);
	if (!rc)
		rc = rfa_kept_head_check(ctx, &proven.kept_head, err);
	proven.holder = holder;
	if (!rc)
		rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	json_decref(holder);
	return rc;
}

/* What is free already, or another's, is free of that run: it may be repeated. */
int rfa_release_lock_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const char *reason = ctx->plan->options ? ctx->plan->options->reason : "";
	struct rfa_proven proven;
	int rc = ctx->host->runs->lock_release(ctx->host, freed_run(ctx), err);

	if (rc == -RFA_ELOCKED) {
		rfa_error_clear(err);
		rc = 0;
	}
	rfa_record_clear(&rfa_shape_proven, &proven);
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven,
				  rfa_pool_printf(ctx->pool, "the lock of %s is free: %s",
						  freed_run(ctx), reason),
				  facts, err);
}

int rfa_release_lock_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			   struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_again_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	(void)ctx;
	(void)facts;
	(void)err;
	*seen = RFA_PROBE_NOT_DONE;
	return 0;
}

int rfa_above_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

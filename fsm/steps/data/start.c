/*
 * What was stopped is started again: what ran before, in the reverse order, and nothing else; with
 * the restart policy that it had. That is also the way back of a stop.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/consumers.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/data/stop.h"

/* How often a container that somebody makes again is looked for, a second apart. */
enum { RENEW_TRIES = 5 };

/* The run has made it again by a rollback point's description, which says its policy. */
static int has_its_own(const struct rfa_ctx *ctx, const struct rfa_container *seen,
		       const json_t *now)
{
	return !ctx->undoing && ctx->plan->point && ctx->plan->point->specs &&
	       rfa_consumer_brought(ctx, seen) && rfa_consumer_renewed(seen, now);
}

/* What somebody else has said of it meanwhile stays. */
static int put_policy_back(struct rfa_ctx *ctx, const struct rfa_container *seen, const json_t *now,
			   struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	char is[64];

	rfa_container_policy(now, is, sizeof(is));
	if (!now || rfa_consumer_theirs(seen, now) || strcmp(is, "no") != 0 ||
	    !strcmp(seen->policy, "no") || has_its_own(ctx, seen, now))
		return 0;
	return host->engine->container_policy(host, rfa_container_key(ctx, &key, "policy", now),
					      rfa_container_id(now), seen->policy, err);
}

/* Start. */

/* 1 in *well: this container, which is there, is healthy, has no health check, or is gone. */
static int is_well(struct rfa_ctx *ctx, const char *id, int *well, struct rfa_error *err)
{
	json_t *now = NULL;
	int rc = ctx->host->engine->inspect(ctx->host, RFA_CONTAINER, id, &now, err);

	*well = 1;
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	} else if (!rc && *rfa_container_health(now)) {
		*well = !strcmp(rfa_container_health(now), "healthy");
	}
	json_decref(now);
	return rc;
}

/* Whom it waits for; "" when nobody is left. A dependency that did not run before is not waited
 * for. */
static int lacking(struct rfa_ctx *ctx, const json_t *all, const struct rfa_container *seen,
		   const char **whom, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	*whom = "";
	for (i = 0; i < seen->needs.n && !rc; i++) {
		const struct rfa_container *other =
		    rfa_container_of(rfa_users(ctx->own), seen->needs.at[i]);
		const json_t *now = other ? rfa_consumer_now(all, other) : NULL;
		int well = 1;

		if (other && rfa_consumer_ran(other) && now)
			rc = is_well(ctx, rfa_container_id(now), &well, err);
		if (!well)
			*whom = seen->needs.at[i];
	}
	return rc;
}

/* As long as the stack may take to be well; then it is started all the same, and judged by that. */
static int wait_for_needs(struct rfa_ctx *ctx, const json_t *all, const struct rfa_container *seen,
			  struct rfa_error *err)
{
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline =
	    clock->mono_ms(clock) + rfa_ctx_stack_here(ctx)->health_deadline_s * 1000;
	const char *whom = "";
	int wait_ms = 50, said = 0;

	for (;;) {
		int rc = lacking(ctx, all, seen, &whom, err);

		if (rc || !*whom)
			return rc;
		if (clock->mono_ms(clock) >= deadline)
			break;
		if (ctx->cancel && *ctx->cancel)
			return rfa_fail(err, RFA_ECANCELLED, "run", "stopped by a signal");
		if (!said++)
			rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s waits until %s is healthy",
				    seen->container, whom);
		/* Somebody waits for the service meanwhile: most are healthy within a second. */
		clock->sleep_ms(clock, wait_ms);
		wait_ms = wait_ms < 400 ? wait_ms + wait_ms / 4 : 500;
	}
	rfa_ctx_say(ctx, RFA_EVENT_WARNING, "%s is not healthy yet: %s is started all the same",
		    whom, seen->container);
	return 0;
}

static int is_gone(struct rfa_ctx *ctx, const struct rfa_container *seen, struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "docker",
		 "the container %s that ran before is gone: somebody removed it", seen->container);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "make it again there; what ran before is told by: rfa show %s",
			      ctx->run);
}

/* all: the list that `now` is of. */
static int start_one(struct rfa_ctx *ctx, const json_t *all, const struct rfa_container *seen,
		     const json_t *now, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	int rc;

	if (!now)
		return is_gone(ctx, seen, err);
	rc = put_policy_back(ctx, seen, now, err);
	if (rc || !rfa_consumer_ran(seen) || rfa_container_active(now))
		return rc;
	rc = wait_for_needs(ctx, all, seen, err);
	if (rc)
		return rc;
	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s starts", seen->container);
	rfa_consumer_tell(ctx, seen, now);
	rc = host->engine->container_start(host, rfa_container_key(ctx, &key, "start", now),
					   rfa_container_id(now), err);
	/*
	 * It had its port before. An engine may lose count of ports when its host loses power: then
	 * nothing starts until somebody restarts it, neither the new data's container nor the
	 * old's.
	 */
	return rc == -RFA_EEXISTS ? rfa_error_as(err, RFA_UNKNOWN) : rc;
}

/* 1: who makes it again is not done with it: it is not there, or another one since. */
static int is_changing(const json_t *all, const struct rfa_container *seen, const char *id)
{
	const json_t *now = rfa_consumer_now(all, seen);

	return !now || strcmp(rfa_container_id(now), id) != 0;
}

/*
 * An updater takes a container away, and makes another one of that name a moment later: so one that
 * is gone, or is another one since, is looked for again. *all: the host's list, which is replaced.
 */
static int start_what_is_there(struct rfa_ctx *ctx, json_t **all, const struct rfa_container *seen,
			       int *started, struct rfa_error *err)
{
	int tries;
	int rc;

	for (tries = 0;; tries++) {
		const json_t *now = rfa_consumer_now(*all, seen);
		struct rfa_error why;
		char id[80];

		*started = rfa_consumer_ran(seen) && !rfa_container_active(now);
		snprintf(id, sizeof(id), "%s", rfa_container_id(now));
		/* What did not run and is not there is not missed. */
		rc = now || rfa_consumer_ran(seen) ? start_one(ctx, *all, seen, now, err) : 0;
		if (!rc || err->severity != RFA_FATAL || tries == RENEW_TRIES)
			return rc;
		why = *err;
		rfa_error_clear(err);
		if (!now)
			ctx->clock->sleep_ms(ctx->clock, 1000);
		rc = rfa_containers(ctx, all, err);
		if (!rc && now && !is_changing(*all, seen, id)) {
			*err = why;
			return -(int)why.code;
		}
		if (rc)
			return rc;
	}
}

/* The first that ran before and does not run, or is ill; NULL. *ill: which of the two. */
static const struct rfa_container *not_again(const struct rfa_ctx *ctx, const json_t *all,
					     int health, int *ill)
{
	const struct rfa_container *seen;

	RFA_EACH (seen, *rfa_users(ctx->own)) {
		const json_t *now = rfa_consumer_now(all, seen);
		int runs = rfa_container_running(now) && !rfa_container_restarting(now);

		*ill = runs && health && !strcmp(seen->health, "healthy") &&
		       !strcmp(rfa_container_health(now), "unhealthy");
		/* What the run brings proves itself later: it may have begun before what it needs.
		 */
		if (rfa_consumer_brought(ctx, seen) && !ctx->undoing)
			continue;
		if (seen->running && (!runs || *ill))
			return seen;
	}
	return NULL;
}

static int is_ill(const struct rfa_ctx *ctx, const struct rfa_container *seen, int ill,
		  struct rfa_error *err)
{
	rfa_fail(err, RFA_EUNHEALTHY, "docker",
		 ill ? "%s is unhealthy since it was started again"
		     : "%s ran before and does not run again",
		 seen->container);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "look at docker logs %s there, and start it", seen->container);
}

/* A health check that has just begun anew is not to be asked: then health is 0. */
static int run_again(struct rfa_ctx *ctx, int health, struct rfa_error *err)
{
	const struct rfa_container *lacks = NULL;
	json_t *all = NULL;
	int ill = 0;
	int rc, tries;

	for (tries = 0;; tries++) {
		rc = rfa_containers(ctx, &all, err);
		lacks = rc ? NULL : not_again(ctx, all, health, &ill);
		/* Who makes it again takes a moment. */
		if (!lacks || ill || tries == RENEW_TRIES ||
		    !rfa_consumer_renewed(lacks, rfa_consumer_now(all, lacks)))
			break;
		ctx->clock->sleep_ms(ctx->clock, 1000);
	}
	json_decref(all);
	return lacks ? is_ill(ctx, lacks, ill, err) : rc;
}

int rfa_runs_again(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return run_again(ctx, 1, err);
}

/*
 * Starts what ran before, the reverse of the order in which it was stopped. A container that cannot
 * be started does not keep the others down; it is told at the end.
 */
static int start_all(struct rfa_ctx *ctx, size_t *started, json_t *facts, struct rfa_error *err)
{
	const struct rfa_container_list *ours = rfa_users(ctx->own);
	json_t *all = NULL;
	struct rfa_error first;
	size_t i = ours->n;
	int rc = rfa_containers(ctx, &all, err);

	*started = 0;
	rfa_error_clear(&first);
	while (!rc && i-- > 0) {
		const struct rfa_container *seen = &ours->at[i];
		int one = 0;

		rc = start_what_is_there(ctx, &all, seen, &one, err);
		*started += !rc && one;
		if (!rc)
			continue;
		if (err->severity != RFA_FATAL)
			break;
		if (facts)
			rfa_evidence_logs(ctx, seen->container, facts);
		rfa_ctx_say(ctx, RFA_EVENT_WARNING, "%s does not start: %s", seen->container,
			    err->msg);
		if (!first.code)
			first = *err;
		rfa_error_clear(err);
		rc = 0;
	}
	json_decref(all);
	if (!rc && first.code) {
		*err = first;
		return -(int)first.code;
	}
	return rc ? rc : run_again(ctx, 0, err);
}

/* What runs is left as it is, so it may be repeated. */
int rfa_start_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	size_t started = 0;
	char summary[96];
	int rc;

	if (!rfa_touches_data(ctx))
		return rfa_touches_none(facts, err);
	rc = start_all(ctx, &started, facts, err);
	if (rc)
		return rc;
	snprintf(summary, sizeof(summary), "%zu container(s) started", started);
	return rfa_ctx_says(facts, summary, err);
}

/* What was stopped runs, and has the policy that it had. */
static int is_as_before(const struct rfa_ctx *ctx, const struct rfa_container *seen,
			const json_t *now)
{
	char is[64];

	rfa_container_policy(now, is, sizeof(is));
	return (!rfa_consumer_ran(seen) || rfa_container_active(now)) &&
	       (!now || rfa_consumer_theirs(seen, now) || has_its_own(ctx, seen, now) ||
		!strcmp(is, seen->policy));
}

int rfa_start_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	const struct rfa_container *one;
	json_t *all = NULL;
	int rc = rfa_containers(ctx, &all, err);

	(void)facts;
	*seen = RFA_PROBE_DONE;
	RFA_EACH (one, *rfa_users(ctx->own))
		if (!is_as_before(ctx, one, rfa_consumer_now(all, one)))
			*seen = RFA_PROBE_NOT_DONE;
	json_decref(all);
	return rc;
}

/* On the source there is nothing to undo: it shall run. */
int rfa_start_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	size_t stopped;

	if (ctx->step->on == RFA_SOURCE || !rfa_touches_data(ctx))
		return 0;
	return rfa_stop_ours(ctx, 1, &stopped, err);
}

int rfa_stop_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	size_t started;

	return rfa_touches_data(ctx) ? start_all(ctx, &started, NULL, err) : 0;
}

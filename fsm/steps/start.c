/*
 * What was stopped is started again: what ran before, in the reverse order, and nothing else; with
 * the restart policy that it had. That is also the way back of a stop.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/evidence.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/stop.h"
#include "fsm/steps/users.h"

/* How often a container that somebody makes again is looked for, a second apart. */
enum { RENEW_TRIES = 5 };

/* What somebody else has said of it meanwhile stays. */
static int put_policy_back(struct rfa_ctx *ctx, const json_t *unit, const json_t *now,
			   struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const char *before = rfa_facts_str(unit, "policy", "no");
	struct rfa_ctx_key key;
	char is[64];

	rfa_container_policy(now, is, sizeof(is));
	if (!now || rfa_user_theirs(unit, now) || strcmp(is, "no") != 0 || !strcmp(before, "no"))
		return 0;
	return host->ops->container_policy(host, rfa_container_key(ctx, &key, "policy", now),
					   rfa_facts_str(now, "Id", ""), before, err);
}

/* ---- start ------------------------------------------------------------------------------------
 */

/* Whom it waits for; "" when nobody is left. A dependency that did not run before is not waited
 * for. */
static int lacking(struct rfa_ctx *ctx, const json_t *all, const json_t *unit, const char **whom,
		   struct rfa_error *err)
{
	json_t *need;
	size_t i;

	*whom = "";
	json_array_foreach (json_object_get(unit, "needs"), i, need) {
		const json_t *other = rfa_user_seen(ctx, json_string_value(need));
		const char *id = rfa_facts_str(rfa_user_now(all, other), "Id", "");
		json_t *now = NULL;
		int rc;

		if (!rfa_user_ran(other) || !*id)
			continue;
		rc = ctx->host->ops->inspect(ctx->host, RFA_CONTAINER, id, &now, err);
		if (rc && rc != -RFA_ENOTFOUND)
			return rc;
		if (!rc && strcmp(rfa_facts_str(now, "State/Health/Status", "healthy"), "healthy"))
			*whom = json_string_value(need);
		json_decref(now);
		rfa_error_clear(err);
	}
	return 0;
}

/* As long as the stack may take to be well; then it is started all the same, and judged by that. */
static int wait_for_needs(struct rfa_ctx *ctx, const json_t *all, const json_t *unit,
			  struct rfa_error *err)
{
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline = clock->mono_ms(clock) +
			   rfa_facts_int(rfa_ctx_own_stack(ctx), "health_deadline_s", 60) * 1000;
	const char *whom = "";
	int wait_ms = 50, said = 0;

	for (;;) {
		int rc = lacking(ctx, all, unit, &whom, err);

		if (rc || !*whom)
			return rc;
		if (clock->mono_ms(clock) >= deadline)
			break;
		if (ctx->cancel && *ctx->cancel)
			return rfa_fail(err, RFA_ECANCELLED, "run", "stopped by a signal");
		if (!said++)
			rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s waits until %s is healthy",
				    rfa_facts_str(unit, "container", ""), whom);
		/* Somebody waits for the service meanwhile: most are healthy within a second. */
		clock->sleep_ms(clock, wait_ms);
		wait_ms = wait_ms < 400 ? wait_ms + wait_ms / 4 : 500;
	}
	rfa_ctx_say(ctx, RFA_EVENT_WARNING, "%s is not healthy yet: %s is started all the same",
		    whom, rfa_facts_str(unit, "container", ""));
	return 0;
}

static int is_gone(struct rfa_ctx *ctx, const json_t *unit, struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "docker",
		 "the container %s that ran before is gone: somebody removed it",
		 rfa_facts_str(unit, "container", ""));
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_mend(err, "make it again there; what ran before is told by: rfa show %s",
			      ctx->run);
}

/* all: the list that `now` is of. */
static int start_one(struct rfa_ctx *ctx, const json_t *all, const json_t *unit, const json_t *now,
		     struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	int rc;

	if (!now)
		return is_gone(ctx, unit, err);
	rc = put_policy_back(ctx, unit, now, err);
	if (rc || !rfa_user_ran(unit) || rfa_container_active(now))
		return rc;
	rc = wait_for_needs(ctx, all, unit, err);
	if (rc)
		return rc;
	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s starts", rfa_facts_str(unit, "container", ""));
	rfa_user_tell(ctx, unit, now);
	rc = host->ops->container_start(host, rfa_container_key(ctx, &key, "start", now),
					rfa_facts_str(now, "Id", ""), err);
	/*
	 * It had its port before. An engine may lose count of ports when its host loses power: then
	 * nothing starts until somebody restarts it, neither the new data's container nor the
	 * old's.
	 */
	return rc == -RFA_EEXISTS ? rfa_error_as(err, RFA_UNKNOWN) : rc;
}

/* 1: who makes it again is not done with it: it is not there, or another one since. */
static int is_changing(const json_t *all, const json_t *unit, const char *id)
{
	const json_t *now = rfa_user_now(all, unit);

	return !now || strcmp(rfa_facts_str(now, "Id", ""), id) != 0;
}

/*
 * An updater takes a container away, and makes another one of that name a moment later: so one that
 * is gone, or is another one since, is looked for again. *all: the host's list, which is replaced.
 */
static int start_what_is_there(struct rfa_ctx *ctx, json_t **all, const json_t *unit, int *started,
			       struct rfa_error *err)
{
	int tries;
	int rc;

	for (tries = 0;; tries++) {
		const json_t *now = rfa_user_now(*all, unit);
		struct rfa_error why;
		char id[80];

		*started = rfa_user_ran(unit) && !rfa_container_active(now);
		snprintf(id, sizeof(id), "%s", rfa_facts_str(now, "Id", ""));
		/* What did not run and is not there is not missed. */
		rc = now || rfa_user_ran(unit) ? start_one(ctx, *all, unit, now, err) : 0;
		if (!rc || err->severity != RFA_FATAL || tries == RENEW_TRIES)
			return rc;
		why = *err;
		rfa_error_clear(err);
		if (!now)
			ctx->clock->sleep_ms(ctx->clock, 1000);
		rc = rfa_containers(ctx, all, err);
		if (!rc && now && !is_changing(*all, unit, id)) {
			*err = why;
			return -(int)why.code;
		}
		if (rc)
			return rc;
	}
}

/* The first that ran before and does not run, or is ill; NULL. *ill: which of the two. */
static json_t *not_again(const struct rfa_ctx *ctx, const json_t *all, int health, int *ill)
{
	json_t *unit;
	size_t i;

	json_array_foreach (rfa_users_seen(ctx), i, unit) {
		const json_t *now = rfa_user_now(all, unit);
		int runs = rfa_facts_bool(now, "State/Running", 0) &&
			   !rfa_facts_bool(now, "State/Restarting", 0);

		*ill = runs && health && !strcmp(rfa_facts_str(unit, "health", ""), "healthy") &&
		       !strcmp(rfa_facts_str(now, "State/Health/Status", ""), "unhealthy");
		if (rfa_facts_bool(unit, "running", 0) && (!runs || *ill))
			return unit;
	}
	return NULL;
}

/* A health check that has just begun anew is not to be asked: then health is 0. */
static int run_again(struct rfa_ctx *ctx, int health, struct rfa_error *err)
{
	const json_t *unit = NULL;
	json_t *all = NULL;
	int ill = 0;
	int rc, tries;

	for (tries = 0;; tries++) {
		rc = rfa_containers(ctx, &all, err);
		unit = rc ? NULL : not_again(ctx, all, health, &ill);
		/* Who makes it again takes a moment. */
		if (!unit || ill || tries == RENEW_TRIES ||
		    !rfa_user_renewed(unit, rfa_user_now(all, unit)))
			break;
		ctx->clock->sleep_ms(ctx->clock, 1000);
	}
	if (unit) {
		rfa_fail(err, RFA_EUNHEALTHY, "docker",
			 ill ? "%s is unhealthy since it was started again"
			     : "%s ran before and does not run again",
			 rfa_facts_str(unit, "container", ""));
		rfa_error_where(err, "%s", ctx->host->name);
		rc = rfa_error_mend(err, "look at docker logs %s there, and start it",
				    rfa_facts_str(unit, "container", ""));
	}
	json_decref(all);
	return rc;
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
	json_t *all = NULL;
	struct rfa_error first;
	size_t i = json_array_size(rfa_users_seen(ctx));
	int rc = rfa_containers(ctx, &all, err);

	*started = 0;
	rfa_error_clear(&first);
	while (!rc && i-- > 0) {
		const json_t *unit = json_array_get(rfa_users_seen(ctx), i);
		int one = 0;

		rc = start_what_is_there(ctx, &all, unit, &one, err);
		*started += !rc && one;
		if (!rc)
			continue;
		if (err->severity != RFA_FATAL)
			break;
		if (facts)
			rfa_evidence_logs(ctx, rfa_facts_str(unit, "container", ""), facts);
		rfa_ctx_say(ctx, RFA_EVENT_WARNING, "%s does not start: %s",
			    rfa_facts_str(unit, "container", ""), err->msg);
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
	char says[96];
	int rc;

	rc = start_all(ctx, &started, facts, err);
	if (rc)
		return rc;
	snprintf(says, sizeof(says), "%zu container(s) started", started);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

int rfa_start_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	json_t *all = NULL;
	json_t *unit;
	size_t i;
	int rc = rfa_containers(ctx, &all, err);

	(void)facts;
	*seen = RFA_PROBE_DONE;
	json_array_foreach (rfa_users_seen(ctx), i, unit) {
		const json_t *now = rfa_user_now(all, unit);
		char is[64];

		rfa_container_policy(now, is, sizeof(is));
		if ((rfa_user_ran(unit) && !rfa_container_active(now)) ||
		    (now && !rfa_user_theirs(unit, now) &&
		     strcmp(is, rfa_facts_str(unit, "policy", "no")) != 0))
			*seen = RFA_PROBE_NOT_DONE;
	}
	json_decref(all);
	return rc;
}

/* On the source there is nothing to undo: it shall run. */
int rfa_start_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	size_t stopped;

	return ctx->step->on != RFA_SOURCE ? rfa_stop_ours(ctx, 1, &stopped, err) : 0;
}

int rfa_stop_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	size_t started;

	return start_all(ctx, &started, NULL, err);
}

/*
 * The containers that use the data are stopped, proven to stand still, and started again: those
 * that ran before, and no others. All goes by the ids that the look saw; what somebody made since
 * is nobody's to touch.
 *
 * Some restart policies start a container with the engine, even one that was stopped; after a power
 * cut it would write to whatever half of an exchange is there. So these policies are put aside as
 * long as the container is to stand still. And since nothing is certain, whoever touches data asks
 * for the proof himself (rfa_hold_still), and a job's key names the start that it ends: the kept
 * result of an earlier stop must not answer for a later one.
 */
#include "fsm/steps/stop.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/evidence.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/members.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/users.h"

/* How often the proof is tried, a second apart. */
enum { PROOF_TRIES = 5 };

/*
 * To look for processes takes a walk through all of the data, while it serves nobody. So what was
 * proven so short a time ago, with no container started since, is not proven again.
 */
enum { PROVEN_MS = 30000 };

int rfa_is_about_images(const struct rfa_ctx *ctx)
{
	return !strcmp(rfa_facts_str(ctx->plan, "options/set", ""), "images");
}

static int skip_images(json_t *facts, struct rfa_error *err)
{
	return rfa_ctx_skip(facts, "images are backed up while everything runs", err);
}

static json_t *units(const struct rfa_ctx *ctx)
{
	return rfa_ctx_seen(ctx, "units");
}

static int ran_before(const json_t *unit)
{
	return rfa_facts_bool(unit, "running", 0) || rfa_facts_bool(unit, "restarting", 0);
}

/* What keeps a database that is dumped, loaded and renamed runs all the while. */
static int stays(const json_t *unit)
{
	return rfa_facts_bool(unit, "serves", 0);
}

static json_t *now_of(const json_t *all, const json_t *unit)
{
	return rfa_container_of_id(all, rfa_facts_str(unit, "container_id", ""));
}

static int list_all(struct rfa_ctx *ctx, json_t **all, struct rfa_error *err)
{
	json_decref(*all);
	*all = NULL;
	return ctx->host->ops->list(ctx->host, RFA_CONTAINER, all, err);
}

static const struct rfa_job_key *key_of(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
					const char *op, const json_t *now)
{
	char about[256];

	snprintf(about, sizeof(about), "%s %s", rfa_facts_str(now, "Id", ""),
		 rfa_facts_str(now, "State/StartedAt", ""));
	return rfa_ctx_key(ctx, key, op, about);
}

/* ---- stop -------------------------------------------------------------------------------------
 */

/* Of all of ours, also of those that do not run. */
static int put_policies_aside(struct rfa_ctx *ctx, const json_t *all, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *unit;
	size_t i;

	json_array_foreach (units(ctx), i, unit) {
		json_t *now = now_of(all, unit);
		struct rfa_ctx_key key;
		int rc;

		if (!rfa_container_comes_back(now))
			continue;
		rc = host->ops->container_policy(host, key_of(ctx, &key, "aside", now),
						 rfa_facts_str(now, "Id", ""), "no", err);
		if (rc == -RFA_ENOTFOUND)
			rfa_error_clear(err);
		else if (rc)
			return rc;
	}
	return 0;
}

/* What somebody else has said of it meanwhile stays. */
static int put_policy_back(struct rfa_ctx *ctx, const json_t *unit, const json_t *now,
			   struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const char *before = rfa_facts_str(unit, "policy", "no");
	struct rfa_ctx_key key;
	char is[64];

	rfa_container_policy(now, is, sizeof(is));
	if (!now || strcmp(is, "no") != 0 || !strcmp(before, "no"))
		return 0;
	return host->ops->container_policy(host, key_of(ctx, &key, "policy", now),
					   rfa_facts_str(now, "Id", ""), before, err);
}

/* Stops those of ours that run. *stopped: how many. all: the list, which is old afterwards. */
static int stop_ours(struct rfa_ctx *ctx, const json_t *all, size_t *stopped, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *unit;
	size_t i;

	*stopped = 0;
	json_array_foreach (units(ctx), i, unit) {
		json_t *now = now_of(all, unit);
		struct rfa_ctx_key key;
		int rc;

		if (stays(unit) || !rfa_container_active(now))
			continue;
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s stops", rfa_facts_str(unit, "container", ""));
		rc = host->ops->container_stop(host, key_of(ctx, &key, "stop", now),
					       rfa_facts_str(now, "Id", ""), err);
		if (rc == -RFA_ENOTFOUND) /* somebody removed it: it does not run */
			rfa_error_clear(err);
		else if (rc)
			return rc;
		(*stopped)++;
	}
	return 0;
}

static int still_runs(struct rfa_ctx *ctx, const json_t *all, struct rfa_error *err)
{
	json_t *unit;
	size_t i;

	json_array_foreach (units(ctx), i, unit) {
		if (stays(unit) || !rfa_container_active(now_of(all, unit)))
			continue;
		rfa_fail(err, RFA_EREMOTE, "docker",
			 "the container %s does not stop, although the engine says so",
			 rfa_facts_str(unit, "container", ""));
		rfa_error_where(err, "%s", ctx->host->name);
		return rfa_error_mend(err, "look at docker inspect and docker logs there");
	}
	return 0;
}

/* sure: looks whether they stand still, where no proof of that follows. */
static int stop_all(struct rfa_ctx *ctx, int sure, size_t *stopped, struct rfa_error *err)
{
	json_t *all = NULL;
	int rc = list_all(ctx, &all, err);

	if (!rc)
		rc = put_policies_aside(ctx, all, err);
	if (!rc)
		rc = stop_ours(ctx, all, stopped, err);
	sure = sure && *stopped;
	if (!rc && sure)
		rc = list_all(ctx, &all, err);
	if (!rc && sure)
		rc = still_runs(ctx, all, err);
	json_decref(all);
	return rc;
}

/* What does not run is left as it is, so it may be repeated. The proof is the next step's. */
int rfa_stop_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	size_t stopped = 0;
	char says[96];
	int rc;

	if (rfa_is_about_images(ctx))
		return skip_images(facts, err);
	rc = stop_all(ctx, 0, &stopped, err);
	if (rc)
		return rc;
	snprintf(says, sizeof(says), "%zu container(s) stopped", stopped);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

int rfa_stop_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	json_t *all = NULL;
	json_t *unit;
	size_t i;
	int rc = list_all(ctx, &all, err);

	(void)facts;
	*seen = RFA_PROBE_DONE;
	json_array_foreach (units(ctx), i, unit) {
		if (!stays(unit) && rfa_container_active(now_of(all, unit)))
			*seen = RFA_PROBE_NOT_DONE;
	}
	json_decref(all);
	return rc;
}

/* ---- the proof --------------------------------------------------------------------------------
 */

static int in_use(struct rfa_ctx *ctx, struct rfa_error *err, const char *mend, const char *what,
		  const char *who, const char *how)
{
	rfa_fail(err, RFA_EREFUSED, "data", "the data is in use: %s %s%s", what, who, how);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_mend(err, "%s", mend);
}

static int judge_containers(struct rfa_ctx *ctx, const json_t *all, json_t *seen,
			    struct rfa_error *err)
{
	const json_t *stack = rfa_ctx_own_stack(ctx);
	json_t *users = NULL;
	json_t *others = NULL;
	json_t *one;
	char how[400];
	size_t i;
	int rc = rfa_users(stack, all, &users, err);

	if (!rc)
		rc = rfa_users_other(stack, all, users, rfa_members(ctx), &others, err);
	json_array_foreach (users, i, one) {
		const json_t *c = json_object_get(one, "inspect");

		if (!json_is_object(c) || rc ||
		    rfa_is_database_server(stack, rfa_facts_str(one, "container", "")))
			continue;
		rc = rfa_facts_set(seen, rfa_facts_str(one, "id", ""),
				   json_string(rfa_facts_str(c, "State/StartedAt", "")), err);
		if (!rc && rfa_container_active(c))
			rc = in_use(ctx, err, "look who starts it there", "the container",
				    rfa_facts_str(one, "container", ""), " runs");
	}
	json_array_foreach (others, i, one) {
		if (rc)
			continue;
		rc = rfa_facts_set(seen, rfa_facts_str(one, "id", ""),
				   json_string(rfa_facts_str(one, "started", "")), err);
		snprintf(how, sizeof(how), " has %s", rfa_facts_str(one, "mount", ""));
		if (!rc && rfa_facts_bool(one, "running", 0))
			rc = in_use(ctx, err,
				    "stop it there, or list it under data.stop.containers of the "
				    "stack in rfa.json",
				    "the container", rfa_facts_str(one, "container", ""), how);
	}
	json_decref(users);
	json_decref(others);
	return rc;
}

static int holders_of(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *paths = json_array();
	json_t *one;
	size_t i;
	int rc;

	json_array_foreach (rfa_members(ctx), i, one) {
		if (rfa_is_database(one))
			continue;
		json_array_append_new(paths, json_pack("{s:s, s:s}", "kind",
						       rfa_facts_str(one, "tree", ""), "path",
						       rfa_facts_str(one, "place", "")));
	}
	rc = json_array_size(paths) ? ctx->host->ops->tree_holders(ctx->host, paths, out, err) : 0;
	json_decref(paths);
	return rc;
}

static int judge_processes(struct rfa_ctx *ctx, struct rfa_error *err)
{
	json_t *holders = NULL;
	const json_t *first;
	char how[400];
	int rc = holders_of(ctx, &holders, err);

	first = json_array_get(holders, 0);
	snprintf(how, sizeof(how), " (pid %lld) holds %s",
		 (long long)rfa_facts_int(first, "pid", 0), rfa_facts_str(first, "path", ""));
	if (!rc && first)
		rc = in_use(ctx, err, "end it there: it is of no container of this stack",
			    "the process", rfa_facts_str(first, "command", "?"), how);
	json_decref(holders);
	return rc;
}

static int is_proven(const struct rfa_ctx *ctx, const char *epoch)
{
	const char *step =
	    strcmp(ctx->step->on, "source") ? "target.verify-stopped" : "source.verify-stopped";
	const json_t *proof = rfa_ctx_fact(ctx, step, "");
	int64_t age = ctx->clock->wall_ms(ctx->clock) - rfa_facts_int(proof, "proven_ms", 0);

	return age >= 0 && age < PROVEN_MS && !strcmp(rfa_facts_str(proof, "epoch", ""), epoch);
}

static int judge(struct rfa_ctx *ctx, const json_t *all, char epoch[65], struct rfa_error *err)
{
	json_t *seen = json_object();
	int rc = seen ? judge_containers(ctx, all, seen, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_databases_still(ctx, rfa_members(ctx), err);
	if (!rc)
		rc = rfa_facts_digest(seen, epoch, err);
	if (!rc && !is_proven(ctx, epoch))
		rc = judge_processes(ctx, err);
	json_decref(seen);
	return rc;
}

static int prove_once(struct rfa_ctx *ctx, int may_stop, char epoch[65], struct rfa_error *err)
{
	json_t *all = NULL;
	size_t stopped = 0;
	int rc = list_all(ctx, &all, err);

	if (!rc && may_stop)
		rc = put_policies_aside(ctx, all, err);
	if (!rc && may_stop)
		rc = stop_ours(ctx, all, &stopped, err);
	if (!rc && stopped) {
		rfa_ctx_say(ctx, RFA_EVENT_WARNING,
			    "%zu container(s) on %s had been started again meanwhile", stopped,
			    ctx->host->name);
		rc = list_all(ctx, &all, err);
	}
	if (!rc)
		rc = judge(ctx, all, epoch, err);
	json_decref(all);
	return rc;
}

/* Whoever only looked into a directory is gone a second later; whoever came back is stopped then.
 */
static int prove(struct rfa_ctx *ctx, int may_stop, char epoch[65], struct rfa_error *err)
{
	int rc = prove_once(ctx, may_stop, epoch, err);
	int tries;

	for (tries = 1; rc == -RFA_EREFUSED && tries < PROOF_TRIES; tries++) {
		ctx->clock->sleep_ms(ctx->clock, 1000);
		rfa_error_clear(err);
		rc = prove_once(ctx, may_stop, epoch, err);
	}
	return rc;
}

int rfa_hold_still(struct rfa_ctx *ctx, char epoch[65], struct rfa_error *err)
{
	return prove(ctx, 1, epoch, err);
}

int rfa_verify_stopped_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_int_t now = (json_int_t)ctx->clock->wall_ms(ctx->clock);
	char epoch[65];
	int rc;

	if (rfa_is_about_images(ctx))
		return skip_images(facts, err);
	rc = prove(ctx, 0, epoch, err);
	if (!rc)
		rc = rfa_facts_set(facts, "epoch", json_string(epoch), err);
	if (!rc)
		rc = rfa_facts_set(facts, "proven_ms", json_integer(now), err);
	return rc ? rc
		  : rfa_facts_set(
			facts, "says",
			json_string("no container, no process and no session uses the data"), err);
}

/* ---- start ------------------------------------------------------------------------------------
 */

static json_t *unit_of(const struct rfa_ctx *ctx, const char *key)
{
	json_t *unit;
	size_t i;

	json_array_foreach (units(ctx), i, unit) {
		if (!strcmp(rfa_facts_str(unit, "key", ""), key))
			return unit;
	}
	return NULL;
}

/* Whom it waits for; "" when nobody is left. A dependency that did not run before is not waited
 * for. */
static int lacking(struct rfa_ctx *ctx, const json_t *unit, const char **whom,
		   struct rfa_error *err)
{
	json_t *need;
	size_t i;

	*whom = "";
	json_array_foreach (json_object_get(unit, "needs"), i, need) {
		const json_t *other = unit_of(ctx, json_string_value(need));
		const char *id = rfa_facts_str(other, "container_id", "");
		json_t *now = NULL;
		int rc;

		if (!ran_before(other))
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
static int wait_for_needs(struct rfa_ctx *ctx, const json_t *unit, struct rfa_error *err)
{
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline = clock->mono_ms(clock) +
			   rfa_facts_int(rfa_ctx_own_stack(ctx), "health_deadline_s", 60) * 1000;
	const char *whom = "";
	int wait_ms = 50, said = 0;

	for (;;) {
		int rc = lacking(ctx, unit, &whom, err);

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

static int start_one(struct rfa_ctx *ctx, const json_t *unit, const json_t *now,
		     struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	int rc;

	if (!now) {
		rfa_fail(err, RFA_ENOTFOUND, "docker",
			 "the container %s that ran before is gone: somebody removed it",
			 rfa_facts_str(unit, "container", ""));
		rfa_error_where(err, "%s", host->name);
		return rfa_error_mend(err,
				      "make it again there; what ran before is told by: rfa "
				      "show %s",
				      ctx->run);
	}
	rc = wait_for_needs(ctx, unit, err);
	if (rc)
		return rc;
	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s starts", rfa_facts_str(unit, "container", ""));
	return host->ops->container_start(host, key_of(ctx, &key, "start", now),
					  rfa_facts_str(now, "Id", ""), err);
}

/* A health check that has just begun anew is not to be asked: then health is 0. */
static int run_again(struct rfa_ctx *ctx, int health, struct rfa_error *err)
{
	json_t *all = NULL;
	json_t *unit;
	size_t i;
	int rc = list_all(ctx, &all, err);

	json_array_foreach (units(ctx), i, unit) {
		const json_t *now = now_of(all, unit);
		int ill = health && !strcmp(rfa_facts_str(unit, "health", ""), "healthy") &&
			  !strcmp(rfa_facts_str(now, "State/Health/Status", ""), "unhealthy");
		int runs = rfa_facts_bool(now, "State/Running", 0) &&
			   !rfa_facts_bool(now, "State/Restarting", 0);

		if (rc || !rfa_facts_bool(unit, "running", 0) || (runs && !ill))
			continue;
		rfa_fail(err, RFA_EUNHEALTHY, "docker",
			 runs ? "%s is unhealthy since it was started again"
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
	size_t i = json_array_size(units(ctx));
	int rc = list_all(ctx, &all, err);

	*started = 0;
	rfa_error_clear(&first);
	while (!rc && i-- > 0) {
		const json_t *unit = json_array_get(units(ctx), i);
		const json_t *now = now_of(all, unit);

		rc = put_policy_back(ctx, unit, now, err);
		if (!rc && (!ran_before(unit) || rfa_container_active(now)))
			continue;
		if (!rc)
			rc = start_one(ctx, unit, now, err);
		if (!rc) {
			(*started)++;
			continue;
		}
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

	if (rfa_is_about_images(ctx))
		return skip_images(facts, err);
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
	int rc = list_all(ctx, &all, err);

	(void)facts;
	*seen = RFA_PROBE_DONE;
	json_array_foreach (units(ctx), i, unit) {
		const json_t *now = now_of(all, unit);
		char is[64];

		rfa_container_policy(now, is, sizeof(is));
		if ((ran_before(unit) && !rfa_container_active(now)) ||
		    (now && strcmp(is, rfa_facts_str(unit, "policy", "no")) != 0))
			*seen = RFA_PROBE_NOT_DONE;
	}
	json_decref(all);
	return rc;
}

/* On the source there is nothing to undo: it shall run. */
int rfa_start_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	size_t stopped;

	return strcmp(ctx->step->on, "source") ? stop_all(ctx, 1, &stopped, err) : 0;
}

int rfa_stop_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	size_t started;

	return rfa_is_about_images(ctx) ? 0 : start_all(ctx, &started, NULL, err);
}

/* ---- a drill's second half: the way back before its time ---------------------------------------
 */

/* The rows above bring everything back from whatever half of it is there: nothing to undo here. */
int rfa_stop_again_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return rfa_stop_run(ctx, facts, err);
}

int rfa_stop_again_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			 struct rfa_error *err)
{
	return rfa_stop_probe(ctx, seen, facts, err);
}

int rfa_stop_again_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

int rfa_start_again_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return rfa_start_run(ctx, facts, err);
}

int rfa_start_again_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			  struct rfa_error *err)
{
	return rfa_start_probe(ctx, seen, facts, err);
}

int rfa_start_again_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_stop_again_undo(ctx, err);
}

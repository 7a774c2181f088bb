/*
 * The containers that use the data are stopped, and proven to stand still. start.c starts them
 * again: those that ran before, and no others. A container is known by its name, or its place in a
 * Compose project: an updater, or `docker compose up`, may make it again at any time. What has such
 * a name now but was not there, or did not run, is nobody's to touch.
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
#include "fsm/steps/mounts.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/users.h"

/* How often the proof is tried, a second apart. */
enum { PROOF_TRIES = 5 };

/*
 * To look for processes takes a walk through all of the data, while it serves nobody. So what was
 * proven so short a time ago, with no container started since, is not proven again.
 */
enum { PROVEN_MS = 30000 };

/* ---- stop -------------------------------------------------------------------------------------
 */

static int is_left(const json_t *unit, const json_t *now)
{
	return rfa_user_stays(unit) || rfa_user_theirs(unit, now);
}

/* Somebody has removed it under our hands: so it does not run, and nothing is to be done to it. */
static int unless_removed(struct rfa_ctx *ctx, int rc, const json_t *now, struct rfa_error *err)
{
	struct rfa_error unseen;
	json_t *still = NULL;
	int gone = rc == -RFA_ENOTFOUND;

	if (rc == -RFA_EREMOTE)
		gone =
		    ctx->host->ops->inspect(ctx->host, RFA_CONTAINER, rfa_facts_str(now, "Id", ""),
					    &still, &unseen) == -RFA_ENOTFOUND;
	json_decref(still);
	if (!gone)
		return rc;
	rfa_error_clear(err);
	return 0;
}

/* Only one that is known from the look can be put back afterwards. */
static int is_known_policy(const json_t *unit, const json_t *now)
{
	char is[64];

	rfa_container_policy(now, is, sizeof(is));
	return !rfa_user_renewed(unit, now) || !strcmp(is, rfa_facts_str(unit, "policy", ""));
}

/* Of all of ours, also of those that do not run. */
static int put_policies_aside(struct rfa_ctx *ctx, const json_t *all, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *unit;
	size_t i;

	json_array_foreach (rfa_users_seen(ctx), i, unit) {
		json_t *now = rfa_user_now(all, unit);
		struct rfa_ctx_key key;
		int rc;

		if (is_left(unit, now) || !rfa_container_comes_back(now) ||
		    !is_known_policy(unit, now))
			continue;
		rc = host->ops->container_policy(host, rfa_container_key(ctx, &key, "aside", now),
						 rfa_facts_str(now, "Id", ""), "no", err);
		rc = unless_removed(ctx, rc, now, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Stops those of ours that run. *stopped: how many. all: the list, which is old afterwards. */
static int stop_ours(struct rfa_ctx *ctx, const json_t *all, size_t *stopped, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *unit;
	size_t i;

	*stopped = 0;
	json_array_foreach (rfa_users_seen(ctx), i, unit) {
		json_t *now = rfa_user_now(all, unit);
		struct rfa_ctx_key key;
		int rc;

		if (is_left(unit, now) || !rfa_container_active(now))
			continue;
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s stops", rfa_facts_str(unit, "container", ""));
		rfa_user_tell(ctx, unit, now);
		rfa_ctx_say_stop(ctx, now);
		rc = host->ops->container_stop(host, rfa_container_key(ctx, &key, "stop", now),
					       rfa_facts_str(now, "Id", ""), err);
		rc = unless_removed(ctx, rc, now, err);
		if (rc)
			return rc;
		(*stopped)++;
	}
	return 0;
}

/* One of ours that runs, or NULL. */
static json_t *first_active(const struct rfa_ctx *ctx, const json_t *all)
{
	json_t *unit;
	size_t i;

	json_array_foreach (rfa_users_seen(ctx), i, unit) {
		const json_t *now = rfa_user_now(all, unit);

		if (!is_left(unit, now) && rfa_container_active(now))
			return unit;
	}
	return NULL;
}

static int does_not_stop(struct rfa_ctx *ctx, const json_t *all, const json_t *unit,
			 struct rfa_error *err)
{
	const char *name = rfa_facts_str(unit, "container", "");

	if (rfa_user_renewed(unit, rfa_user_now(all, unit))) {
		rfa_fail(err, RFA_EREMOTE, "docker",
			 "the container %s runs again: somebody makes it again and again", name);
		rfa_error_where(err, "%s", ctx->host->name);
		return rfa_error_mend(err, "stop the updater, or whatever it is, that does so");
	}
	rfa_fail(err, RFA_EREMOTE, "docker",
		 "the container %s does not stop, although the engine says so", name);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_mend(err, "look at docker inspect and docker logs there");
}

static int stop_once(struct rfa_ctx *ctx, json_t **all, size_t *stopped, struct rfa_error *err)
{
	int rc = rfa_containers(ctx, all, err);

	if (!rc)
		rc = put_policies_aside(ctx, *all, err);
	return rc ? rc : stop_ours(ctx, *all, stopped, err);
}

int rfa_stop_ours(struct rfa_ctx *ctx, int sure, size_t *stopped, struct rfa_error *err)
{
	const json_t *active = NULL;
	json_t *all = NULL;
	int rc = stop_once(ctx, &all, stopped, err);
	size_t n = *stopped;
	int tries;

	for (tries = 0; !rc && sure && n; tries++) {
		rc = rfa_containers(ctx, &all, err);
		active = rc ? NULL : first_active(ctx, all);
		if (!active)
			break;
		/* Whatever was made again meanwhile is stopped as well. */
		if (tries == PROOF_TRIES || !rfa_user_renewed(active, rfa_user_now(all, active))) {
			rc = does_not_stop(ctx, all, active, err);
			break;
		}
		rc = stop_once(ctx, &all, &n, err);
		*stopped += n;
	}
	json_decref(all);
	return rc;
}

/* What does not run is left as it is, so it may be repeated. The proof is the next step's. */
int rfa_stop_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	size_t stopped = 0;
	char says[96];
	int rc;

	rc = rfa_stop_ours(ctx, 0, &stopped, err);
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
	int rc = rfa_containers(ctx, &all, err);

	(void)facts;
	*seen = RFA_PROBE_DONE;
	json_array_foreach (rfa_users_seen(ctx), i, unit) {
		const json_t *now = rfa_user_now(all, unit);

		if (!is_left(unit, now) &&
		    (rfa_container_active(now) ||
		     (rfa_container_comes_back(now) && is_known_policy(unit, now))))
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

static int runs_again(struct rfa_ctx *ctx, const json_t *user, struct rfa_error *err)
{
	const char *name = rfa_facts_str(user, "container", "");
	const json_t *unit = rfa_user_seen(ctx, rfa_facts_str(user, "key", ""));

	if (!rfa_user_renewed(unit, json_object_get(user, "inspect")))
		return in_use(ctx, err, "look who starts it there", "the container", name, " runs");
	return in_use(ctx, err, "stop the updater, or whatever it is, that does so, for this run",
		      "the container", name,
		      " runs: somebody, an updater or docker compose up, has made it again "
		      "meanwhile");
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
	int rc = rfa_mounts_where(ctx->host, (json_t *)(uintptr_t)all, err);

	if (!rc)
		rc = rfa_users(stack, all, &users, err);
	if (!rc)
		rc = rfa_mounts_other(stack, all, users, rfa_members(ctx), &others, err);
	json_array_foreach (users, i, one) {
		const json_t *c = json_object_get(one, "inspect");

		if (!json_is_object(c) || rc ||
		    rfa_is_database_server(stack, rfa_facts_str(one, "container", "")))
			continue;
		rc = rfa_facts_set(seen, rfa_facts_str(one, "id", ""),
				   json_string(rfa_facts_str(c, "State/StartedAt", "")), err);
		if (!rc && rfa_container_active(c))
			rc = runs_again(ctx, one, err);
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
	rc = json_array_size(paths) ? ctx->host->ops->tree_holders(ctx->host, paths, NULL, out, err)
				    : 0;
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
	    ctx->step->on != RFA_SOURCE ? "target.verify-stopped" : "source.verify-stopped";
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
	int rc = rfa_containers(ctx, &all, err);

	if (!rc && may_stop)
		rc = put_policies_aside(ctx, all, err);
	if (!rc && may_stop)
		rc = stop_ours(ctx, all, &stopped, err);
	if (!rc && stopped) {
		rfa_ctx_say(ctx, RFA_EVENT_WARNING,
			    "%zu container(s) on %s had been started again meanwhile", stopped,
			    ctx->host->name);
		rc = rfa_containers(ctx, &all, err);
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

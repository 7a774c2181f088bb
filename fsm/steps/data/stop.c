/*
 * The containers that use the data are stopped, and proven to stand still. start.c starts them
 * again: those that ran before, and no others. A container is known by its name, or its place in a
 * Compose project: an updater, or `docker compose up`, may make it again at any time. What has such
 * a name now but was not there, or did not run, is nobody's to touch.
 *
 * Some restart policies start a container with the engine, even one that was stopped; after a power
 * cut it would write to whatever half of a swap is there. So these policies are put aside as long
 * as the container is to stand still. And since nothing is certain, whoever touches data asks for
 * the proof himself (rfa_quiesce), and a job's key names the start that it ends: the kept result of
 * an earlier stop must not answer for a later one.
 */
#include "fsm/steps/data/stop.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/consumers.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/data/mounts.h"
#include "fsm/steps/steps.h"

/* How often the proof is tried, a second apart. */
enum { VERIFY_TRIES = 5 };

/*
 * To look for processes takes a walk through all of the data, while it serves nobody. So what was
 * proven so short a time ago, with no container started since, is not proven again.
 */
enum { VERIFIED_MS = 30000 };

int rfa_touches_data(const struct rfa_ctx *ctx)
{
	return ctx->own->has_data;
}

int rfa_touches_none(json_t *facts, struct rfa_error *err)
{
	return rfa_ctx_skip(facts, "the data is not touched", err);
}

/* Stop. */

/* seen: as the look saw it; it runs all the while if it keeps a database, which is renamed. */
static int is_left(const struct rfa_container *seen, const json_t *now)
{
	return seen->serves || rfa_consumer_theirs(seen, now);
}

/* Somebody has removed it under our hands: so it does not run, and nothing is to be done to it. */
static int unless_removed(struct rfa_ctx *ctx, int rc, const json_t *now, struct rfa_error *err)
{
	struct rfa_error unseen;
	json_t *still = NULL;
	int gone = rc == -RFA_ENOTFOUND;

	if (rc == -RFA_EREMOTE)
		gone = ctx->host->engine->inspect(ctx->host, RFA_CONTAINER, rfa_container_id(now),
						  &still, &unseen) == -RFA_ENOTFOUND;
	json_decref(still);
	if (!gone)
		return rc;
	rfa_error_clear(err);
	return 0;
}

/* Only one that is known from the observation can be put back afterwards. */
static int is_known_policy(const struct rfa_container *seen, const json_t *now)
{
	char is[64];

	rfa_container_policy(now, is, sizeof(is));
	return !rfa_consumer_renewed(seen, now) || !strcmp(is, seen->policy);
}

/* Of all of ours, also of those that do not run. */
static int put_policies_aside(struct rfa_ctx *ctx, const json_t *all, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const struct rfa_container *seen;

	RFA_EACH (seen, *rfa_users(ctx->own)) {
		const json_t *now = rfa_consumer_now(all, seen);
		struct rfa_ctx_key key;
		int rc;

		if (is_left(seen, now) || !rfa_container_comes_back(now) ||
		    !is_known_policy(seen, now))
			continue;
		rc =
		    host->engine->container_policy(host, rfa_container_key(ctx, &key, "aside", now),
						   rfa_container_id(now), "no", err);
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
	const struct rfa_container *seen;

	*stopped = 0;
	RFA_EACH (seen, *rfa_users(ctx->own)) {
		const json_t *now = rfa_consumer_now(all, seen);
		struct rfa_ctx_key key;
		int rc;

		if (is_left(seen, now) || !rfa_container_active(now))
			continue;
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s stops", seen->container);
		rfa_consumer_tell(ctx, seen, now);
		rfa_ctx_say_stop(ctx, now);
		rc = host->engine->container_stop(host, rfa_container_key(ctx, &key, "stop", now),
						  rfa_container_id(now), err);
		rc = unless_removed(ctx, rc, now, err);
		if (rc)
			return rc;
		(*stopped)++;
	}
	return 0;
}

/* One of ours that runs, or NULL. */
static const struct rfa_container *first_active(const struct rfa_ctx *ctx, const json_t *all)
{
	const struct rfa_container *seen;

	RFA_EACH (seen, *rfa_users(ctx->own)) {
		const json_t *now = rfa_consumer_now(all, seen);

		if (!is_left(seen, now) && rfa_container_active(now))
			return seen;
	}
	return NULL;
}

static int does_not_stop(struct rfa_ctx *ctx, const json_t *all, const struct rfa_container *seen,
			 struct rfa_error *err)
{
	if (rfa_consumer_renewed(seen, rfa_consumer_now(all, seen))) {
		rfa_fail(err, RFA_EREMOTE, "docker",
			 "the container %s runs again: somebody makes it again and again",
			 seen->container);
		rfa_error_where(err, "%s", ctx->host->name);
		return rfa_error_hint(err, "stop the updater, or whatever it is, that does so");
	}
	rfa_fail(err, RFA_EREMOTE, "docker",
		 "the container %s does not stop, although the engine says so", seen->container);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "look at docker inspect and docker logs there");
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
	const struct rfa_container *active = NULL;
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
		if (tries == VERIFY_TRIES ||
		    !rfa_consumer_renewed(active, rfa_consumer_now(all, active))) {
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
	char summary[96];
	int rc;

	if (!rfa_touches_data(ctx))
		return rfa_touches_none(facts, err);
	rc = rfa_stop_ours(ctx, 0, &stopped, err);
	if (rc)
		return rc;
	snprintf(summary, sizeof(summary), "%zu container(s) stopped", stopped);
	return rfa_ctx_says(facts, summary, err);
}

int rfa_stop_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	const struct rfa_container *one;
	json_t *all = NULL;
	int rc = rfa_containers(ctx, &all, err);

	(void)facts;
	*seen = RFA_PROBE_DONE;
	RFA_EACH (one, *rfa_users(ctx->own)) {
		const json_t *now = rfa_consumer_now(all, one);

		if (!is_left(one, now) &&
		    (rfa_container_active(now) ||
		     (rfa_container_comes_back(now) && is_known_policy(one, now))))
			*seen = RFA_PROBE_NOT_DONE;
	}
	json_decref(all);
	return rc;
}

/* The proof. */

static int in_use(struct rfa_ctx *ctx, struct rfa_error *err, const char *hint, const char *what,
		  const char *who, const char *how)
{
	rfa_fail(err, RFA_EREFUSED, "data", "the data is in use: %s %s%s", what, who, how);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "%s", hint);
}

static int runs_again(struct rfa_ctx *ctx, const struct rfa_consumer *one, struct rfa_error *err)
{
	const struct rfa_container *seen = rfa_container_of(rfa_users(ctx->own), one->is.key);

	if (seen && !rfa_consumer_renewed(seen, one->inspect))
		return in_use(ctx, err, "look who starts it there", "the container",
			      one->is.container, " runs");
	return in_use(ctx, err, "stop the updater, or whatever it is, that does so, for this run",
		      "the container", one->is.container,
		      " runs: somebody, an updater or docker compose up, has made it again "
		      "meanwhile");
}

/* Ours; when each has been started last is added to `starts`. */
static int judge_ours(struct rfa_ctx *ctx, const struct rfa_consumer_list *consumers,
		      json_t *starts, struct rfa_error *err)
{
	const struct rfa_consumer *one;
	int rc = 0;

	RFA_EACH (one, *consumers) {
		if (rc || !one->inspect || one->is.serves)
			continue;
		rc = rfa_facts_set(starts, one->is.container_id, json_string(one->is.started), err);
		if (!rc && rfa_container_active(one->inspect))
			rc = runs_again(ctx, one, err);
	}
	return rc;
}

/* Others that have a piece of the data; the same. */
static int judge_others(struct rfa_ctx *ctx, const struct rfa_mounted_list *others, json_t *starts,
			struct rfa_error *err)
{
	const struct rfa_mounted *one;
	char how[400];
	int rc = 0;

	RFA_EACH (one, *others) {
		if (rc)
			break;
		rc = rfa_facts_set(starts, one->id, json_string(one->started), err);
		snprintf(how, sizeof(how), " has %s", one->mount);
		if (!rc && one->running)
			rc = in_use(ctx, err,
				    "stop it there, or list it under data.stop.containers of the "
				    "stack in rfa.json",
				    "the container", one->container, how);
	}
	return rc;
}

static int judge_containers(struct rfa_ctx *ctx, json_t *all, json_t *starts, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	struct rfa_consumer_list consumers = { NULL, 0 };
	struct rfa_mounted_list others = { NULL, 0 };
	struct rfa_mounts in = { ctx->pool, NULL, stack, all, &consumers, &ctx->own->members };
	int rc = rfa_mounts_where(ctx->host, all, err);

	if (!rc)
		rc = rfa_consumers(ctx->pool, stack, all, &consumers, err);
	if (!rc)
		rc = rfa_mounts_other(&in, &others, err);
	if (!rc)
		rc = judge_ours(ctx, &consumers, starts, err);
	return rc ? rc : judge_others(ctx, &others, starts, err);
}

/* Who holds the members, whose containers stand still. */
static int find_holders(struct rfa_ctx *ctx, struct rfa_holder_list *out, struct rfa_error *err)
{
	struct rfa_tree_list trees = { NULL, 0 };
	const struct rfa_member *member;
	json_t *paths = NULL;
	json_t *found = NULL;
	int rc;

	RFA_EACH (member, ctx->own->members) {
		struct rfa_tree *tree;

		if (rfa_is_database(member))
			continue;
		tree = RFA_ADD(ctx->pool, tree, &trees);
		tree->kind = member->tree;
		tree->path = member->place;
	}
	rc = rfa_records_keep(&rfa_shape_tree, &trees, ctx->pool, &paths, err);
	if (!rc && trees.n)
		rc = ctx->host->trees->holders(ctx->host, paths, NULL, &found, err);
	if (!rc)
		rc = rfa_records_read(&rfa_shape_holder, found, ctx->pool, out, err);
	json_decref(found);
	return rc;
}

static int judge_processes(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_holder_list holders = { NULL, 0 };
	const struct rfa_holder *first;
	char how[400];
	int rc = find_holders(ctx, &holders, err);

	if (rc || !holders.n)
		return rc;
	first = &holders.at[0];
	snprintf(how, sizeof(how), " (pid %lld) holds %s", (long long)first->pid, first->path);
	return in_use(ctx, err, "end it there: it is of no container of this stack", "the process",
		      *first->command ? first->command : "?", how);
}

/* A moment ago, by the row that proves it. */
static int is_verified(const struct rfa_ctx *ctx, const char *generation)
{
	int64_t age = ctx->clock->wall_ms(ctx->clock) - ctx->own->verified_ms;

	return age >= 0 && age < VERIFIED_MS && !strcmp(ctx->own->generation, generation);
}

static int judge(struct rfa_ctx *ctx, json_t *all, char generation[65], struct rfa_error *err)
{
	json_t *starts = json_object();
	int rc = starts ? judge_containers(ctx, all, starts, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_databases_quiesced(ctx, err);
	if (!rc)
		rc = rfa_facts_digest(starts, generation, err);
	if (!rc && !is_verified(ctx, generation))
		rc = judge_processes(ctx, err);
	json_decref(starts);
	return rc;
}

static int quiesce_once(struct rfa_ctx *ctx, int may_stop, char generation[65],
			struct rfa_error *err)
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
		rc = judge(ctx, all, generation, err);
	json_decref(all);
	return rc;
}

/* Whoever only looked into a directory is gone a second later; whoever came back is stopped then.
 */
static int quiesce(struct rfa_ctx *ctx, int may_stop, char generation[65], struct rfa_error *err)
{
	int rc = quiesce_once(ctx, may_stop, generation, err);
	int tries;

	for (tries = 1; rc == -RFA_EREFUSED && tries < VERIFY_TRIES; tries++) {
		ctx->clock->sleep_ms(ctx->clock, 1000);
		rfa_error_clear(err);
		rc = quiesce_once(ctx, may_stop, generation, err);
	}
	return rc;
}

int rfa_quiesce(struct rfa_ctx *ctx, char generation[65], struct rfa_error *err)
{
	return quiesce(ctx, 1, generation, err);
}

int rfa_verify_stopped_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	char generation[65];
	int rc;

	if (!rfa_touches_data(ctx))
		return rfa_touches_none(facts, err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.verified_ms = ctx->clock->wall_ms(ctx->clock);
	rc = quiesce(ctx, 0, generation, err);
	proven.generation = generation;
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven,
				  "no container, no process and no session uses the data", facts,
				  err);
}

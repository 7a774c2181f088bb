/*
 * Health: containers run and are healthy, and the stack's checks find all as it should be. A
 * service gets until the deadline, and has to stay well for the settle time without a restart; a
 * connection to the host that breaks, or that the host does not let us make, is another matter, and
 * never counts against the service.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/checker.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/images/compose_project.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe_host.h"
#include "fsm/steps/images/reach.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/common/consumers.h"

/* What has to be well: everything, or only what was before the run. */
struct demand {
	int ran;          /* only containers that ran */
	int answered;     /* only checks that were as they should be */
	int back;         /* of the way back */
	int64_t ahead_ms; /* the host's clock, of the operator's */
	struct rfa_tallies tallies;
};

/* The first thing that is not well, and whether waiting may help; and what was looked at. */
struct verdict {
	int ill;
	int hopeless;
	char why[512];
	char container[192]; /* whose fault it seems; "" unknown */
	size_t fresh;        /* containers that have not run for the settle time yet */
	size_t containers, checks, wrong;
};

static void ill(struct verdict *v, int hopeless, const char *container, const char *fmt, ...)
    RFA_PRINTF(4, 5);
static void ill(struct verdict *v, int hopeless, const char *container, const char *fmt, ...)
{
	va_list args;

	if (v->ill)
		return;
	v->ill = 1;
	v->hopeless = hopeless;
	snprintf(v->container, sizeof(v->container), "%s", container);
	va_start(args, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, args);
	va_end(args);
}

/* What was found elsewhere counts here; what was counted here stays. */
static void ill_as(struct verdict *v, const struct verdict *own)
{
	v->ill = 0;
	ill(v, own->hopeless, own->container, "%s", own->why);
}

/*
 * A container that lost a network cannot be reached by those that know it there; one that gained a
 * network can be reached by those who were kept out.
 */
static void judge_networks(const struct rfa_observed *seen, const struct rfa_texts *want,
			   struct verdict *v)
{
	const json_t *have = rfa_container_networks(seen->inspect);
	const char *name;
	json_t *unused;
	size_t i;

	if (!want || !have)
		return;
	for (i = 0; i < want->n; i++)
		if (!json_object_get(have, want->at[i]))
			ill(v, 1, seen->container,
			    "%s is not in the network %s, where it has to be", seen->container,
			    want->at[i]);
	json_object_foreach ((json_t *)(uintptr_t)have, name, unused) {
		if (!rfa_texts_have(want, name))
			ill(v, 1, seen->container,
			    "%s is in the network %s, where it should not be", seen->container,
			    name);
	}
}

/* image: what the run brings for it, which may have to end; NULL: it has to run. */
static void judge_container(const struct rfa_observed *seen, const struct rfa_image *image,
			    const struct rfa_texts *networks, struct verdict *v)
{
	const char *name = seen->container;
	const json_t *c = seen->inspect;
	const char *health = rfa_container_health(c);
	char policy[64];

	rfa_container_policy(c, policy, sizeof(policy));
	if (!c)
		ill(v, 1, "", "there is no container for %s", seen->key);
	else if (rfa_container_restarting(c))
		ill(v, 0, name, "%s restarts again and again (exit status %lld)", name,
		    rfa_container_exit(c));
	else if (rfa_image_is_done(image, c))
		; /* it has done what it was for */
	else if (!rfa_container_running(c))
		ill(v, !strcmp(policy, "no"), name, "%s has ended with exit status %lld", name,
		    rfa_container_exit(c));
	else if (*health && strcmp(health, "healthy") != 0)
		ill(v, 0, name, "%s is %s, says its own health check", name, health);
	else if (image && image->ends)
		ill(v, 0, name, "%s has not ended yet, and it has to", name);
	else
		judge_networks(seen, networks, v);
}

/* A service has at least as many containers as it had. */
static void judge_number(const struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
			 const char *key, int running, struct verdict *v)
{
	size_t then = rfa_count_before(ctx, key, running);
	size_t now = rfa_observed_count(seen, key);

	if (now < then)
		ill(v, 0, "", "%s has %zu container(s) instead of %zu", key, now, then);
}

/* All that use the data. */
static int observe_consumers(struct rfa_ctx *ctx, struct rfa_pool *pool,
			     struct rfa_observed_list *out, struct rfa_error *err)
{
	const struct rfa_container *seen;
	json_t *all = NULL;
	int rc = ctx->host->engine->list(ctx->host, RFA_CONTAINER, &all, err);

	RFA_EACH (seen, ctx->own->containers) {
		struct rfa_observed *one = rfa_pool_add(pool, out, sizeof(*one));

		*one = (struct rfa_observed){ seen->key, seen->kind, seen->container,
					      rfa_pool_json(pool, rfa_consumer_now(all, seen)) };
	}
	json_decref(all);
	return rc ? rc : rfa_pool_check(pool, err);
}

/* A run about data knows all that use the data; others look at what they bring. */
static int observe(struct rfa_ctx *ctx, struct rfa_pool *pool, struct rfa_observed_list *out,
		   struct rfa_error *err)
{
	memset(out, 0, sizeof(*out));
	return ctx->own->images ? rfa_observe(ctx->host, rfa_ctx_stack_here(ctx), pool, out, err)
				: observe_consumers(ctx, pool, out, err);
}

/* Since when, and as which start, a container runs: another text means that it ended meanwhile. */
static int put_stamp(const struct rfa_observed *seen, json_t *stamps, struct rfa_error *err)
{
	char stamp[320];

	snprintf(stamp, sizeof(stamp), "%.80s %.80s %lld", rfa_container_id(seen->inspect),
		 rfa_facts_str(seen->inspect, "State/StartedAt", ""),
		 (long long)rfa_facts_int(seen->inspect, "RestartCount", 0));
	return rfa_facts_set(stamps, seen->container, json_string(stamp), err);
}

/* Before the run. */
static int was_well(const struct rfa_ctx *ctx, const struct rfa_check *check)
{
	const struct rfa_check_result *before = rfa_check_result_of(&ctx->own->before, check->name);

	return before && before->ok;
}

/* A URL that stands for its own name says it once. */
static void judge_check(const struct rfa_tally *tally, struct verdict *v)
{
	const char *name = tally->check->name;
	const char *why = tally->look.why;
	size_t len = strlen(tally->check->url);
	int says_it = len && !strncmp(name, tally->check->url, len);

	v->checks++;
	if (tally->look.ok)
		return;
	v->wrong++;
	/* What no waiting mends is told, whatever else is wrong. */
	if (tally->look.hopeless && !v->hopeless)
		v->ill = 0;
	ill(v, tally->look.hopeless, "", "%.90s%s%s", says_it ? "" : name, says_it ? "" : ": ",
	    why);
}

static int try_all(struct rfa_ctx *ctx, struct demand *demand, struct verdict *v,
		   struct rfa_error *err)
{
	size_t i;

	for (i = 0; i < demand->tallies.n; i++) {
		struct rfa_tally *tally = &demand->tallies.at[i];
		int rc;

		if (demand->answered && !was_well(ctx, tally->check))
			continue;
		rc = rfa_tally_try(ctx, tally, err);
		if (rc)
			return rc;
		judge_check(tally, v);
	}
	return 0;
}

/* It was there before the run, which has left it alone: what was done to it by hand stays. */
static int is_left_alone(const struct rfa_ctx *ctx, const struct rfa_observed *one)
{
	const struct rfa_container *before;

	RFA_EACH (before, ctx->own->containers)
		if (before->present &&
		    !strcmp(before->container_id, rfa_container_id(one->inspect)))
			return 1;
	return 0;
}

/*
 * What ran long before the run, and was left alone, has stayed well already: by the clock of its
 * host, which has said since when it runs.
 */
static int has_settled(const struct rfa_ctx *ctx, const struct demand *demand,
		       const struct rfa_observed *one)
{
	int64_t settle_ms = rfa_ctx_stack_here(ctx)->health_settle_s * 1000;
	int64_t since;

	return is_left_alone(ctx, one) &&
	       !rfa_time_parse(rfa_container_started(one->inspect), &since) &&
	       ctx->clock->wall_ms(ctx->clock) + demand->ahead_ms - since >= settle_ms;
}

/* One container that has to be well; stamps gets a line for it. */
static int look_at(struct rfa_ctx *ctx, const struct demand *demand, const struct rfa_observed *one,
		   struct verdict *v, json_t *stamps, struct rfa_error *err)
{
	const struct rfa_image *image = rfa_desired_of(ctx, one->key);
	struct verdict own = { 0 };
	int none = 0;

	/* What the run does not bring is as it was. */
	if ((demand->ran || !image) && !rfa_count_before(ctx, one->key, 1))
		return 0;
	if (!one->inspect && image) {
		int rc = rfa_compose_none(ctx, one->key, &none, err);

		if (rc || none)
			return rc;
	}
	judge_container(one, demand->ran ? NULL : image,
			rfa_reach_networks(ctx, one->key, demand->ran || is_left_alone(ctx, one)),
			&own);
	/* A container's own trouble says more than a check of what it serves. */
	if (own.ill && !v->container[0] && (own.hopeless || !v->hopeless))
		ill_as(v, &own);
	v->containers++;
	v->fresh += !has_settled(ctx, demand, one);
	return put_stamp(one, stamps, err);
}

static int is_of_stack(const struct rfa_ctx *ctx, const struct rfa_container *user)
{
	const struct rfa_container *one;

	RFA_EACH (one, ctx->own->containers)
		if (!strcmp(one->container, user->container))
			return 1;
	return 0;
}

/* Of a run that brings images and data: those that ran, use the data, and are none of the stack. */
static int look_at_users(struct rfa_ctx *ctx, struct verdict *v, json_t *stamps,
			 struct rfa_error *err)
{
	const struct rfa_container *user;
	json_t *all = NULL;
	int rc = 0;

	if (!ctx->own->images || !ctx->own->users.n)
		return 0;
	rc = ctx->host->engine->list(ctx->host, RFA_CONTAINER, &all, err);
	RFA_EACH (user, ctx->own->users) {
		struct rfa_observed one = { user->key, user->kind, user->container,
					    rc ? NULL : rfa_consumer_now(all, user) };
		struct verdict own = { 0 };

		if (rc || !user->running || is_of_stack(ctx, user))
			continue;
		judge_container(&one, NULL, NULL, &own);
		if (own.ill && !v->container[0])
			ill_as(v, &own);
		v->containers++;
		v->fresh++;
		rc = put_stamp(&one, stamps, err);
	}
	json_decref(all);
	return rc;
}

static int look_at_all(struct rfa_ctx *ctx, const struct demand *demand, struct verdict *v,
		       json_t *stamps, struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT; /* many looks, one after the other */
	struct rfa_observed_list seen;
	const struct rfa_observed *one;
	int rc = observe(ctx, &pool, &seen, err);

	if (!rc)
		RFA_EACH (one, seen) {
			size_t before = v->containers;

			if (!rc)
				rc = look_at(ctx, demand, one, v, stamps, err);
			if (v->containers > before)
				judge_number(ctx, &seen, one->key, demand->ran, v);
		}
	rfa_pool_release(&pool);
	return rc;
}

/*
 * Looks once at everything; stamps (an object) gets a line for each container that has to run. The
 * containers come last: that the host answers now proves that a check that failed was the
 * service's fault and not the network's.
 */
static int look_once(struct rfa_ctx *ctx, struct demand *demand, struct verdict *v, json_t *stamps,
		     struct rfa_error *err)
{
	int rc;

	memset(v, 0, sizeof(*v));
	rc = try_all(ctx, demand, v, err);
	if (!rc)
		rc = look_at_all(ctx, demand, v, stamps, err);
	return rc ? rc : look_at_users(ctx, v, stamps, err);
}

/* A container that is well again after a restart is not well: it will be restarted again. */
static void judge_stamps(const json_t *before, const json_t *now, int64_t settle_s,
			 struct verdict *v)
{
	const char *name;
	json_t *stamp;

	json_object_foreach ((json_t *)(uintptr_t)before, name, stamp) {
		if (!json_equal(stamp, json_object_get(now, name)))
			ill(v, 0, name,
			    "%s did not stay up: it was started again within %lld s after it was "
			    "well",
			    name, (long long)settle_s);
	}
}

/*
 * Most services are well within a second, so the first looks follow one another sooner. Then the
 * settle time has to pass between two looks that find all well, and no restart; where the run has
 * left everything alone, it has passed.
 */
static int until_well(struct rfa_ctx *ctx, struct demand *demand, struct verdict *v,
		      struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline = clock->mono_ms(clock) + stack->health_deadline_s * 1000;
	int64_t pause = stack->health_interval_s * 1000;
	int64_t settle_s = stack->health_settle_s;
	json_t *before = NULL; /* of the last observation, if it found all well */
	int64_t wait = 125;
	int rc;

	for (;;) {
		json_t *now = json_object();

		rc = now ? look_once(ctx, demand, v, now, err) : rfa_fail_nomem(err);
		if (!rc)
			judge_stamps(before, now, settle_s, v);
		if (rc || (!v->ill && (before || settle_s == 0 || !v->fresh)) ||
		    (v->ill && (v->hopeless || clock->mono_ms(clock) >= deadline))) {
			json_decref(now);
			break;
		}
		json_decref(before);
		before = v->ill ? NULL : now;
		if (v->ill)
			json_decref(now);
		rc = rfa_ctx_rest(ctx, before ? settle_s * 1000 : wait < pause ? wait : pause, err);
		if (rc)
			break;
		wait = wait < pause ? wait * 2 : pause;
	}
	json_decref(before);
	return rc;
}

/* How much the clocks differ; what the host does not say counts as no time at all. */
static int compare_clocks(struct rfa_ctx *ctx, struct demand *demand, struct rfa_error *err)
{
	int64_t wall_ms = ctx->clock->wall_ms(ctx->clock);
	json_t *info = NULL;
	int rc = ctx->host->ops->info(ctx->host, &info, err);

	if (!rc)
		demand->ahead_ms = rfa_facts_int(info, "time", 0) * 1000 - wall_ms;
	json_decref(info);
	return rc;
}

static void all_logs(struct rfa_ctx *ctx, json_t *facts)
{
	const struct rfa_observed *one;
	struct rfa_observed_list seen;
	struct rfa_error ignored;

	if (observe(ctx, ctx->pool, &seen, &ignored))
		return;
	RFA_EACH (one, seen)
		if (*one->container && one->inspect)
			rfa_evidence_logs(ctx, one->container, facts);
}

/* What each check that is wrong has answered; the first one is told by the error itself. */
static void tell_wrong(struct rfa_ctx *ctx, const struct rfa_tallies *tallies, json_t *facts)
{
	size_t i;

	for (i = 0; i < tallies->n; i++) {
		const struct rfa_tally *tally = &tallies->at[i];

		if (tally->tries && !tally->look.ok)
			rfa_check_say(ctx, tally, facts);
	}
}

/* How each check went; on the way back it has a place of its own. */
static void put_checks(struct rfa_ctx *ctx, const struct demand *demand, struct rfa_proven *proven)
{
	rfa_record_clear(&rfa_shape_proven, proven);
	rfa_tallies_tell(ctx, &demand->tallies,
			 demand->back ? &proven->checks_back : &proven->checks);
}

static int unhealthy(struct rfa_ctx *ctx, const struct demand *demand, const struct verdict *v,
		     json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	int rc;

	put_checks(ctx, demand, &proven);
	rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	if (rc)
		return rc;
	tell_wrong(ctx, &demand->tallies, facts);
	all_logs(ctx, facts);
	rfa_fail(err, RFA_EUNHEALTHY, "health", "%s", v->why);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "its last log lines are kept: rfa show %s", ctx->run);
}

/* "<what>: 2 container(s), 1 of 2 check(s) passed": nothing is said of what was not looked at. */
static int say(struct rfa_ctx *ctx, const char *what, const struct demand *demand,
	       const struct verdict *v, json_t *facts, struct rfa_error *err)
{
	size_t all = demand->tallies.n;
	struct rfa_proven proven;
	const char *checked;

	put_checks(ctx, demand, &proven);
	if (!all)
		checked = "no check was asked: rfa.json names none";
	else if (v->checks == all)
		checked = rfa_pool_printf(ctx->pool, "%zu check(s) passed", all);
	else
		checked = rfa_pool_printf(
		    ctx->pool, "%zu of %zu check(s) passed: the rest was wrong before the run, too",
		    v->checks, all);
	return rfa_ctx_prove(ctx, &proven,
			     rfa_pool_printf(ctx->pool, "%.160s: %zu container(s), %s", what,
					     v->containers, checked),
			     facts, err);
}

/* Waits until what is demanded is well, and says so in these words. */
static int have_well(struct rfa_ctx *ctx, struct demand demand, const char *what, json_t *facts,
		     struct rfa_error *err)
{
	struct verdict v;
	int rc = rfa_tallies_begin(ctx, &demand.tallies, err);

	if (!rc)
		rc = compare_clocks(ctx, &demand, err);
	if (!rc)
		rc = until_well(ctx, &demand, &v, err);
	if (!rc)
		rc = v.ill ? unhealthy(ctx, &demand, &v, facts, err)
			   : say(ctx, what, &demand, &v, facts, err);
	rfa_tallies_release(&demand.tallies);
	return rc;
}

int rfa_health_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand all = { 0 };
	const char *version;

	(void)rfa_ctx_desired(ctx, &version);
	return have_well(ctx, all, rfa_pool_printf(ctx->pool, "%.100s is well", version), facts,
			 err);
}

/* On the way back: what ran and answered before the run must do so again. */
int rfa_health_before_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand before = { .ran = 1, .answered = 1, .back = 1 };

	if (!ctx->own->images || !ctx->own->images->images.n)
		return rfa_ctx_skip(facts, "nothing ran before", err);
	return have_well(ctx, before, "what ran before runs again", facts, err);
}

/* With other data. */

/* How many containers ran; *all: none of them did not. */
static size_t ran_before(const struct rfa_ctx *ctx, int *all)
{
	const struct rfa_container *one;
	size_t n = 0;

	RFA_EACH (one, ctx->own->containers)
		n += one->running != 0;
	*all = n == ctx->own->containers.n;
	return n;
}

static int data_health(struct rfa_ctx *ctx, struct demand demand, json_t *facts,
		       struct rfa_error *err)
{
	return have_well(ctx, demand,
			 demand.answered ? "what ran before runs again" : "all is well", facts,
			 err);
}

/*
 * The new data has to serve: every check has to pass, if everything ran that could. What did not
 * run before was not started.
 */
int rfa_data_health_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand demand = { .ran = 1 };
	int all;

	if (!ran_before(ctx, &all))
		return rfa_ctx_skip(facts, "nothing ran before, so nothing was started", err);
	demand.answered = !all;
	return data_health(ctx, demand, facts, err);
}

/* The old data serves again, as well as it did. */
int rfa_data_health_before_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand demand = { .ran = 1, .answered = 1, .back = 1 };
	int all;

	if (!ran_before(ctx, &all))
		return rfa_ctx_skip(facts, "nothing ran before", err);
	return data_health(ctx, demand, facts, err);
}

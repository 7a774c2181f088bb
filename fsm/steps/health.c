/*
 * Health: containers run and are healthy, and the stack's URLs answer as they should, asked
 * through the host's own network. A service gets until the deadline, and has to stay well for the
 * settle time without a restart; a connection to the host that breaks, or that the host does not
 * let us make, is another matter, and never counts against the service.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/steps/evidence.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/reach.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/users.h"

/* How long a version has to stay well before it counts as well, where the plan does not say it. */
#define SETTLE_S 5

/* What has to be well: everything, or only what was before the run. */
struct demand {
	int ran;      /* only containers that ran */
	int answered; /* only URLs that answered */
};

/* The first thing that is not well, and whether waiting may help; and what was looked at. */
struct verdict {
	int ill;
	int hopeless;
	char why[400];
	char container[192]; /* whose fault it seems; "" unknown */
	const char *url;     /* borrowed from the plan: it answered, and wrong; NULL: none did */
	char answer[2048];   /* the beginning of that; any bytes */
	size_t answer_len;
	size_t containers, urls;
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
static void judge_networks(const json_t *unit, const struct rfa_texts *want, struct verdict *v)
{
	const json_t *have = rfa_facts_at(unit, "inspect/NetworkSettings/Networks");
	const char *container = rfa_facts_str(unit, "container", "");
	const char *name;
	json_t *one;
	size_t i;

	if (!want || !have)
		return;
	for (i = 0; i < want->n; i++)
		if (!json_object_get(have, want->at[i]))
			ill(v, 1, container, "%s is not in the network %s, where it has to be",
			    container, want->at[i]);
	json_object_foreach ((json_t *)(uintptr_t)have, name, one) {
		if (!rfa_texts_have(want, name))
			ill(v, 1, container, "%s is in the network %s, where it should not be",
			    container, name);
	}
}

/* ends: it has to run to its end, and to end well. */
static void judge_container(const json_t *unit, int must_run, int ends,
			    const struct rfa_texts *networks, struct verdict *v)
{
	const char *name = rfa_facts_str(unit, "container", "");
	const json_t *c = json_object_get(unit, "inspect");
	const char *health = rfa_facts_str(c, "State/Health/Status", "");
	const char *policy = rfa_facts_str(c, "HostConfig/RestartPolicy/Name", "");
	int comes_back = *policy && strcmp(policy, "no") != 0;

	if (!must_run)
		return;
	if (!json_is_object(c))
		ill(v, 1, "", "there is no container for %s", rfa_facts_str(unit, "key", "?"));
	else if (rfa_facts_bool(c, "State/Restarting", 0))
		ill(v, 0, name, "%s restarts again and again (exit status %lld)", name,
		    (long long)rfa_facts_int(c, "State/ExitCode", 0));
	else if (ends && rfa_host_ended_well(c))
		; /* it has done what it was for */
	else if (!rfa_facts_bool(c, "State/Running", 0))
		ill(v, !comes_back, name, "%s has ended with exit status %lld", name,
		    (long long)rfa_facts_int(c, "State/ExitCode", 0));
	else if (*health && strcmp(health, "healthy") != 0)
		ill(v, 0, name, "%s is %s, says its own health check", name, health);
	else if (ends)
		ill(v, 0, name, "%s has not ended yet, and it has to", name);
	else
		judge_networks(unit, networks, v);
}

/* A service has at least as many containers as it had. */
static void judge_number(const struct rfa_ctx *ctx, const json_t *units, const char *key,
			 int running, struct verdict *v)
{
	size_t then = rfa_count_before(ctx, key, running);
	json_t *unit;
	size_t now = 0;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)units, i, unit) {
		now += !strcmp(rfa_facts_str(unit, "key", ""), key) &&
		       json_is_object(json_object_get(unit, "inspect"));
	}
	if (now < then)
		ill(v, 0, "", "%s has %zu container(s) instead of %zu", key, now, then);
}

/* Anywhere in it: an answer may hold any byte, NUL too. */
static int contains(const struct rfa_buf *answer, const char *text)
{
	size_t len = strlen(text);
	size_t i;

	for (i = 0; i + len <= answer->len; i++)
		if (!memcmp(rfa_buf_str(answer) + i, text, len))
			return 1;
	return 0;
}

/* 0 with a verdict, or an error of the connection to the host. */
static int ask(struct rfa_ctx *ctx, const json_t *check, struct verdict *v, struct rfa_error *err)
{
	struct rfa_http_request request = { 0 };
	const char *body = rfa_facts_str(check, "body", NULL);
	int64_t want = rfa_facts_int(check, "status", 200);
	struct rfa_http_reply reply;
	int rc;

	request.url = rfa_facts_str(check, "url", "");
	request.timeout_ms = rfa_facts_int(check, "timeout_s", 5) * 1000;
	request.insecure_tls = rfa_facts_bool(check, "insecure_tls", 0);
	rc = ctx->hosts[RFA_TARGET]->ops->http_get(ctx->hosts[RFA_TARGET], &request, &reply, err);
	if (rc) {
		if (!rfa_http_is_service(err))
			return rc;
		ill(v, 0, "", "%s: %s", request.url, err->msg);
		rfa_error_clear(err);
		return 0;
	}
	if (reply.status != want)
		ill(v, 0, "", "%s answers %d instead of %lld", request.url, reply.status,
		    (long long)want);
	else if (body && !contains(&reply.body, body))
		ill(v, 0, "", "the answer of %s does not contain \"%s\"", request.url, body);
	if (v->ill && !v->url) {
		v->url = request.url;
		v->answer_len =
		    reply.body.len < sizeof(v->answer) ? reply.body.len : sizeof(v->answer);
		if (v->answer_len)
			memcpy(v->answer, rfa_buf_str(&reply.body), v->answer_len);
	}
	rfa_http_reply_release(&reply);
	return 0;
}

/* A run about data knows all that use the data; others look at what they bring. */
static int units_now(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *units = NULL;
	json_t *all = NULL;
	json_t *one;
	size_t i;
	int rc;

	if (!rfa_ctx_fact(ctx, "target.look", "members"))
		return rfa_units(ctx->hosts[RFA_TARGET], rfa_ctx_stack(ctx), out, err);
	rc = ctx->hosts[RFA_TARGET]->ops->list(ctx->hosts[RFA_TARGET], RFA_CONTAINER, &all, err);
	if (!rc)
		units = json_deep_copy(rfa_ctx_fact(ctx, "target.look", "units"));
	if (!rc && !units)
		rc = rfa_fail_nomem(err);
	json_array_foreach (units, i, one) {
		json_t *now = rfa_user_now(all, one);

		if (!rc)
			rc = rfa_facts_set(one, "inspect", now ? json_incref(now) : json_null(),
					   err);
	}
	json_decref(all);
	if (rc)
		json_decref(units);
	else
		*out = units;
	return rc;
}

/* Since when, and as which start, a container runs: another text means that it ended meanwhile. */
static int put_stamp(const json_t *unit, json_t *stamps, struct rfa_error *err)
{
	char stamp[320];

	snprintf(stamp, sizeof(stamp), "%.80s %.80s %lld", rfa_facts_str(unit, "inspect/Id", ""),
		 rfa_facts_str(unit, "inspect/State/StartedAt", ""),
		 (long long)rfa_facts_int(unit, "inspect/RestartCount", 0));
	return json_object_set_new(stamps, rfa_facts_str(unit, "container", ""), json_string(stamp))
		   ? rfa_fail_nomem(err)
		   : 0;
}

/* Before the run. */
static int answered_well(const struct rfa_ctx *ctx, const char *url)
{
	const struct rfa_answer *answer;

	RFA_EACH(answer, ctx->own->answers)
	if (!strcmp(answer->url, url))
		return !*answer->problem;
	return 0;
}

/* Looks once at everything; stamps (an object) gets a line for each container that has to run. */
static int look_once(struct rfa_ctx *ctx, struct demand demand, struct verdict *v, json_t *stamps,
		     struct rfa_error *err)
{
	json_t *checks = json_object_get(rfa_ctx_stack(ctx), "health");
	json_t *units = NULL;
	json_t *one;
	size_t i;
	int rc;

	memset(v, 0, sizeof(*v));
	json_array_foreach (checks, i, one) {
		if (demand.answered && !answered_well(ctx, rfa_facts_str(one, "url", "")))
			continue;
		rc = ask(ctx, one, v, err);
		if (rc)
			return rc;
		v->urls++;
	}
	/*
	 * The containers come last: that the host answers now proves that a URL which did not
	 * answer was the service's fault and not the network's.
	 */
	rc = units_now(ctx, &units, err);
	if (rc)
		return rc;
	json_array_foreach (units, i, one) {
		const char *key = rfa_facts_str(one, "key", "");
		const json_t *good = rfa_wanted_of(ctx, key);
		int ran = rfa_count_before(ctx, key, 1) > 0;
		/* What the run does not bring is as it was. */
		int must = demand.ran || !good ? ran : 1;
		int ends = !demand.ran && rfa_facts_bool(good, "ends", 0);
		const struct rfa_texts *networks = rfa_reach_networks(ctx, key, demand.ran);
		struct verdict own = { 0 };

		judge_container(one, must, ends, networks, &own);
		/* A container's own trouble says more than a URL that does not answer. */
		if (own.ill && !v->container[0])
			ill_as(v, &own);
		v->containers += must != 0;
		if (must)
			judge_number(ctx, units, key, demand.ran, v);
		if (must && !rc)
			rc = put_stamp(one, stamps, err);
	}
	json_decref(units);
	return rc;
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

static int rest(struct rfa_ctx *ctx, int64_t ms, struct rfa_error *err)
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

/*
 * Most services are well within a second, so the first looks follow one another sooner. Then the
 * settle time has to pass between two looks that find all well, and no restart.
 */
static int until_well(struct rfa_ctx *ctx, struct demand demand, struct verdict *v,
		      struct rfa_error *err)
{
	const json_t *stack = rfa_ctx_stack(ctx);
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline =
	    clock->mono_ms(clock) + rfa_facts_int(stack, "health_deadline_s", 60) * 1000;
	int64_t pause = rfa_facts_int(stack, "health_interval_s", 1) * 1000;
	int64_t settle_s = rfa_facts_int(stack, "health_settle_s", SETTLE_S);
	json_t *before = NULL; /* of the last look, if it found all well */
	int64_t wait = 125;
	int rc;

	for (;;) {
		json_t *now = json_object();

		rc = now ? look_once(ctx, demand, v, now, err) : rfa_fail_nomem(err);
		if (!rc)
			judge_stamps(before, now, settle_s, v);
		if (rc || (!v->ill && (before || settle_s == 0)) ||
		    (v->ill && (v->hopeless || clock->mono_ms(clock) >= deadline))) {
			json_decref(now);
			break;
		}
		json_decref(before);
		before = v->ill ? NULL : now;
		if (v->ill)
			json_decref(now);
		rc = rest(ctx, before ? settle_s * 1000 : wait < pause ? wait : pause, err);
		if (rc)
			break;
		wait = wait < pause ? wait * 2 : pause;
	}
	json_decref(before);
	return rc;
}

static void all_logs(struct rfa_ctx *ctx, json_t *facts)
{
	struct rfa_error ignored;
	json_t *units = NULL;
	json_t *one;
	size_t i;

	if (units_now(ctx, &units, &ignored))
		return;
	json_array_foreach (units, i, one) {
		if (*rfa_facts_str(one, "container", "") &&
		    json_is_object(json_object_get(one, "inspect")))
			rfa_evidence_logs(ctx, rfa_facts_str(one, "container", ""), facts);
	}
	json_decref(units);
}

static int unhealthy(struct rfa_ctx *ctx, const struct verdict *v, json_t *facts,
		     struct rfa_error *err)
{
	struct rfa_buf answer = RFA_BUF_INIT(sizeof(v->answer));

	if (v->url && !rfa_buf_add(&answer, v->answer, v->answer_len))
		rfa_evidence_answer(ctx, v->url, &answer, facts);
	rfa_buf_release(&answer);
	all_logs(ctx, facts);
	rfa_fail(err, RFA_EUNHEALTHY, "health", "%s", v->why);
	rfa_error_where(err, "%s", ctx->hosts[RFA_TARGET]->name);
	return rfa_error_mend(err, "its last log lines are kept: rfa show %s", ctx->run);
}

/* "<what>: 2 container(s), 1 of 2 URL(s) checked": nothing is said of what was not looked at. */
static int say(const struct rfa_ctx *ctx, const char *what, const struct verdict *v, json_t *facts,
	       struct rfa_error *err)
{
	size_t urls = json_array_size(json_object_get(rfa_ctx_stack(ctx), "health"));
	char says[320];
	int n = snprintf(says, sizeof(says), "%.160s: %zu container(s), ", what, v->containers);
	size_t left = sizeof(says) - (size_t)n;

	if (!urls)
		snprintf(says + n, left, "no URL was checked: rfa.json names none");
	else if (v->urls == urls)
		snprintf(says + n, left, "%zu URL(s) checked", urls);
	else
		snprintf(says + n, left,
			 "%zu of %zu URL(s) checked: the rest did not answer before the run either",
			 v->urls, urls);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

int rfa_health_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand all = { 0, 0 };
	struct verdict v;
	char what[128];
	int rc = until_well(ctx, all, &v, err);

	if (rc)
		return rc;
	if (v.ill)
		return unhealthy(ctx, &v, facts, err);
	snprintf(what, sizeof(what), "%.100s is well",
		 rfa_facts_str(rfa_wanted(ctx), "version", ""));
	return say(ctx, what, &v, facts, err);
}

/* On the way back: what ran and answered before the run must do so again. */
int rfa_health_before_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand before = { 1, 1 };
	struct verdict v;
	int rc;

	if (!json_array_size(rfa_ctx_fact(ctx, "target.look", "goods/images")))
		return rfa_ctx_skip(facts, "nothing ran before", err);
	rc = until_well(ctx, before, &v, err);
	if (rc)
		return rc;
	if (v.ill)
		return unhealthy(ctx, &v, facts, err);
	return say(ctx, "what ran before runs again", &v, facts, err);
}

/* ---- with other data --------------------------------------------------------------------------
 */

/* How many containers ran; *all: none of them did not. */
static size_t ran_before(const struct rfa_ctx *ctx, int *all)
{
	json_t *unit;
	size_t n = 0;
	size_t i;

	*all = 1;
	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "units"), i, unit) {
		if (rfa_facts_bool(unit, "running", 0))
			n++;
		else
			*all = 0;
	}
	return n;
}

static int data_health(struct rfa_ctx *ctx, struct demand demand, json_t *facts,
		       struct rfa_error *err)
{
	struct verdict v;
	int rc = until_well(ctx, demand, &v, err);

	if (rc)
		return rc;
	if (v.ill)
		return unhealthy(ctx, &v, facts, err);
	return say(ctx, demand.answered ? "what ran before runs again" : "all is well", &v, facts,
		   err);
}

/*
 * The new data has to serve: every URL has to answer, if everything ran that could. What did not
 * run before was not started.
 */
int rfa_data_health_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand demand = { 1, 0 };
	int all;

	if (!ran_before(ctx, &all))
		return rfa_ctx_skip(facts, "nothing ran before, so nothing was started", err);
	demand.answered = !all;
	return data_health(ctx, demand, facts, err);
}

/* The old data serves again, as well as it did. */
int rfa_data_health_before_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct demand demand = { 1, 1 };
	int all;

	if (!ran_before(ctx, &all))
		return rfa_ctx_skip(facts, "nothing ran before", err);
	return data_health(ctx, demand, facts, err);
}

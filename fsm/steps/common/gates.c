/* Asks the gates of a flow, and has those that more than one kind of flow uses. */
#include "fsm/steps/common/gates.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/steps/steps.h"

static void add(struct rfa_gates *c, const char *verdict, const char *evidence, const char *hint)
{
	struct rfa_event event = { 0 };
	struct rfa_buf text = RFA_BUF_INIT(4096);
	struct rfa_pool *pool = c->ctx->pool;
	json_t *one;

	rfa_buf_put_printable(&text, evidence, strlen(evidence), 800);
	one = rfa_pool_json_new(pool,
				json_pack("{s:s, s:s, s:s, s:s}", "gate", c->gate, "verdict",
					  verdict, "evidence", rfa_buf_str(&text), "hint", hint));
	rfa_buf_release(&text);
	if (!one || json_array_append(c->gates, one)) {
		(void)rfa_pool_json_new(pool, NULL); /* memory ran out, says the pool */
		return;
	}
	event.kind = RFA_EVENT_GATE;
	event.wall_ms = c->ctx->clock->wall_ms(c->ctx->clock);
	event.run = c->ctx->run;
	event.state = "PRECHECK";
	event.step = c->ctx->step->name;
	event.text = verdict;
	event.facts = one;
	rfa_trace_send(c->ctx->trace, &event);
}

void rfa_deny(struct rfa_gates *c, const char *hint, const char *fmt, ...)
{
	char evidence[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(evidence, sizeof(evidence), fmt, args);
	va_end(args);
	c->refusals++;
	c->of_this_gate++;
	add(c, "refused", evidence, hint);
}

void rfa_deny_unless_forced(struct rfa_gates *c, const char *hint, const char *fmt, ...)
{
	const struct rfa_options *options = c->ctx->plan->options;
	int forced = options && *options->force_reason;
	char evidence[1024];
	char both[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(evidence, sizeof(evidence), fmt, args);
	va_end(args);
	snprintf(both, sizeof(both), "%s, or use --force --reason '…'", hint);
	c->refusals += !forced;
	c->of_this_gate++;
	add(c, forced ? "forced" : "refused", evidence, forced ? "" : both);
}

void rfa_warn(struct rfa_gates *c, const char *hint, const char *fmt, ...)
{
	char evidence[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(evidence, sizeof(evidence), fmt, args);
	va_end(args);
	c->of_this_gate++;
	add(c, "warning", evidence, hint);
}

/* The reason that is told when there is more than one. */
static int refuse(const struct rfa_gates *c, struct rfa_error *err)
{
	const json_t *one = NULL; /* gcc at -O2 cannot see that a refusal is always found */
	size_t i;

	json_array_foreach (c->gates, i, one) {
		if (!strcmp(rfa_facts_str(one, "verdict", ""), "refused"))
			break;
	}
	if (c->refusals == 1)
		rfa_fail(err, RFA_EREFUSED, "gate", "%s", rfa_facts_str(one, "evidence", ""));
	else
		rfa_fail(err, RFA_EREFUSED, "gate", "%zu reasons to refuse; the first: %s",
			 c->refusals, rfa_facts_str(one, "evidence", ""));
	rfa_error_where(err, "gate '%s'", rfa_facts_str(one, "gate", ""));
	return rfa_error_hint(err, "%s", rfa_facts_str(one, "hint", ""));
}

/* rfa.json says so, and the plan keeps it. */
static int is_off(const struct rfa_ctx *ctx, const char *gate)
{
	const struct rfa_limits *limits = rfa_ctx_stack_of(ctx, RFA_TARGET)->gates;

	return limits && rfa_texts_have(&limits->off, gate);
}

int rfa_gates_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_gates c = { ctx, "", rfa_pool_json_new(ctx->pool, json_array()), 0, 0, 0 };
	const struct rfa_gate *gate;
	struct rfa_proven proven;
	int rc = rfa_pool_check(ctx->pool, err);

	for (gate = ctx->flow->gates; !rc && gate && gate->name; gate++) {
		c.gate = gate->name;
		c.of_this_gate = 0;
		if (is_off(ctx, gate->name)) {
			add(&c, "off", "gates.off of rfa.json names it", "");
			continue;
		}
		rc = gate->run(&c, err);
		if (!rc && !c.of_this_gate)
			add(&c, "passed", "", "");
	}
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.gates = c.gates;
	proven.in_force = c.in_force;
	if (!rc)
		rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	return !rc && c.refusals ? refuse(&c, err) : rc;
}

/* Shared gates. */

/* Of one host that was looked at. */
static void judge_engine(struct rfa_gates *c, const struct rfa_engine *engine, const char *env)
{
	json_t *b2sum = json_object_get(engine->tools, "b2sum");
	int major = 0;

	if (sscanf(engine->engine, "%d", &major) == 1 && major < 20)
		rfa_deny(c, "install Docker Engine 20.10 or newer there", "%s has Docker Engine %s",
			 env, engine->engine);
	if (json_is_false(b2sum))
		rfa_deny(c, "install coreutils there (apt install coreutils)",
			 "%s has no b2sum, which proves what was transferred", env);
}

int rfa_gate_engine(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_engine *s = ctx->proven[RFA_SOURCE]->engine;
	const struct rfa_engine *t = ctx->proven[RFA_TARGET]->engine;

	(void)err;
	if (s)
		judge_engine(c, s, ctx->sides[RFA_SOURCE]->env);
	if (t)
		judge_engine(c, t, ctx->sides[RFA_TARGET]->env);
	/* What is built may be for another kind of machine than the builder's. */
	if (s && t && !rfa_ctx_options(ctx)->desired && strcmp(s->arch, t->arch) != 0)
		rfa_deny(c,
			 "build the images for the target's machine, and promote from such a host",
			 "%s is %s and %s is %s", ctx->sides[RFA_SOURCE]->env, s->arch,
			 ctx->sides[RFA_TARGET]->env, t->arch);
	return 0;
}

/* The host of "scheme://[user@]host[:port]/…"; "" if there is none. */
static void host_of_url(const char *url, char *out, size_t size)
{
	const char *at = strstr(url, "://");
	size_t len;

	out[0] = '\0';
	if (!at)
		return;
	at += 3;
	len = strcspn(at, "/?#");
	if (memchr(at, '@', len)) {
		const char *user = memchr(at, '@', len);

		len -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	if (*at == '[') {
		const char *end = memchr(at, ']', len);

		len = end ? (size_t)(end - at - 1) : 0;
		at++;
	} else if (memchr(at, ':', len)) {
		len = (size_t)((const char *)memchr(at, ':', len) - at);
	}
	snprintf(out, size, "%.*s", (int)len, at);
}

int rfa_url_is_own(const struct rfa_plan_host *side, const char *url)
{
	static const char *const local[] = { "localhost", "127.0.0.1", "::1" };
	char host[256];
	size_t i;

	host_of_url(url, host, sizeof(host));
	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (!strcmp(host, local[i]))
			return 1;
	return !strcmp(host, side->address) || rfa_texts_have(&side->own_addresses, host);
}

int rfa_goes_back(const struct rfa_ctx *ctx)
{
	return ctx->plan->point != NULL;
}

/*
 * A backup of the environment itself: the file that is missing may be what it brings back, and the
 * address in it is the environment's own.
 */
static int own_backup(const struct rfa_ctx *ctx)
{
	const struct rfa_manifest *of = ctx->proven[RFA_SOURCE]->manifest;

	return of && !strcmp(of->env, ctx->sides[RFA_TARGET]->env);
}

/* Of one host whose URL was looked at. */
static void judge_url(struct rfa_gates *c, const struct rfa_own_url *seen,
		      const struct rfa_plan_host *side)
{
	void (*no)(struct rfa_gates *, const char *, const char *, ...) =
	    own_backup(c->ctx) ? rfa_deny_unless_forced : rfa_deny;

	if (!*seen->value)
		no(c, "write that file, or correct base_url in rfa.json", "%s on %s: %s",
		   seen->file, side->env, seen->problem);
	else if (!rfa_url_is_own(side, seen->value))
		no(c,
		   "correct it there, or add the name to own_addresses of that environment in "
		   "rfa.json",
		   "%s in %s on %s is %s, which is not %s itself", seen->key, seen->file, side->env,
		   seen->value, side->env);
}

int rfa_gate_base_url(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	size_t i;

	(void)err;
	for (i = 0; i < RFA_ROLES; i++)
		if (ctx->proven[i]->own_url)
			judge_url(c, ctx->proven[i]->own_url, ctx->sides[i]);
	return 0;
}

int rfa_gate_fresh_backup(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_limits *limits = rfa_ctx_stack_of(ctx, RFA_TARGET)->gates;
	const char *at = rfa_ctx_options(ctx)->backup_at;
	int64_t hours = limits ? limits->backup_h : 0;
	const char *env = ctx->sides[RFA_TARGET]->env;
	int64_t then = 0;

	(void)err;
	if (!hours || (!rfa_time_parse(at, &then) &&
		       ctx->clock->wall_ms(ctx->clock) - then <= hours * 3600 * 1000))
		return 0;
	rfa_deny_unless_forced(
	    c, rfa_pool_printf(ctx->pool, "rfa backup %s --env %s", ctx->plan->stack, env),
	    *at ? "the newest backup of the data on %s is of %s, which is more than %lld hour(s) "
		  "ago"
		: "there is no backup of the data on %s%s (gates.backup_h: %lld)",
	    env, at, (long long)hours);
	return 0;
}

/* days: of the gate; 0: it asks for none. what: "drill", "drill with a standby". */
static void judge_drill(struct rfa_gates *c, int64_t days, const char *at, const char *what,
			const char *hint)
{
	const struct rfa_ctx *ctx = c->ctx;
	int64_t then = 0;
	int64_t age;

	if (days <= 0)
		return;
	if (rfa_time_parse(at, &then)) {
		rfa_deny_unless_forced(c, hint, "no backup of this stack has been proven by a %s",
				       what);
		return;
	}
	age = (ctx->clock->wall_ms(ctx->clock) - then) / 86400000;
	if (age > days)
		rfa_deny_unless_forced(c, hint,
				       "the last proven %s was %lld days ago (%s), more than %lld",
				       what, (long long)age, at, (long long)days);
}

int rfa_gate_proven_drill(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_options *options = rfa_ctx_options(c->ctx);
	const struct rfa_limits *limits = rfa_ctx_stack_of(c->ctx, RFA_TARGET)->gates;

	(void)err;
	if (!limits)
		return 0;
	judge_drill(c, limits->proven_drill_days, options->proven_drill_at, "drill",
		    "prove a backup first: rfa drill, or lower gates.proven_drill_days in "
		    "rfa.json");
	judge_drill(c, limits->standby_drill_days, options->standby_drill_at,
		    "drill with a standby",
		    "make another environment anew first: rfa rebuild --of, or lower "
		    "gates.standby_drill_days in rfa.json");
	return 0;
}

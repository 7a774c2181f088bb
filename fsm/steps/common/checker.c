/*
 * Checks of every kind. A look tells what is wrong with the service; an error, that nobody could
 * look. Only the second one says nothing of the service.
 */
#include "fsm/steps/common/checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/common/check_url.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"

/* Of what a command writes: what the host gives. */
#define OUTPUT_MAX ((size_t)64 << 10)
/* Of an answer, as the ledger keeps it with each check. */
enum { KEPT = 200 };

const char *rfa_check_kind(const struct rfa_check *check)
{
	return *check->url ? "url" : *check->tcp ? "tcp" : check->exec ? "exec" : "container";
}

int rfa_check_is_due(const struct rfa_check *check, const struct rfa_flow *flow)
{
	char words[32], *word, *rest = words;

	snprintf(words, sizeof(words), "%s", flow->checks ? flow->checks : "");
	while ((word = strsep(&rest, " ")))
		if (*word && (!check->at.n || rfa_texts_have(&check->at, word)))
			return 1;
	return 0;
}

/* Ports. */

/* "127.0.0.1:5432", "[::1]:5432"; a bare IPv6 address is not meant. */
static unsigned split(const char *place, char *host, size_t size)
{
	const char *colon = strrchr(place, ':');
	size_t len = colon ? (size_t)(colon - place) : strlen(place);

	if (len >= 2 && place[0] == '[' && place[len - 1] == ']')
		snprintf(host, size, "%.*s", (int)len - 2, place + 1);
	else
		snprintf(host, size, "%.*s", (int)len, place);
	return colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

static int try_tcp(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		   struct rfa_error *err)
{
	char host[256];
	unsigned port = split(check->tcp, host, sizeof(host));
	int rc =
	    ctx->host->ops->knock(ctx->host, host, port, !strcmp(check->from, "operator"), err);

	if (rc && rfa_http_is_service(err)) {
		rfa_look_ill(look, "%s", err->msg);
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

/* Containers. */

/*
 * When a check is asked, all that the run makes has been made: what is not there comes no more, and
 * its name is wrong.
 */
static int tell_absent(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		       struct rfa_error *err)
{
	struct rfa_buf names = RFA_BUF_INIT(1 << 20), shown = RFA_BUF_INIT(1 << 20);
	json_t *all = NULL, *one;
	size_t i;
	int rc = ctx->host->engine->list(ctx->host, RFA_CONTAINER, &all, err);

	json_array_foreach (all, i, one) {
		const char *name = rfa_container_name(one);

		(void)rfa_buf_printf(&names, "%s%s", names.len ? ", " : "", name);
	}
	(void)rfa_buf_put_printable(&shown, rfa_buf_str(&names), names.len, 200);
	if (!rc)
		rfa_look_ill(look, "there is no container %.100s; there is: %s", check->container,
			     shown.len ? rfa_buf_str(&shown) : "none");
	look->hopeless = !rc;
	json_decref(all);
	rfa_buf_release(&names);
	rfa_buf_release(&shown);
	return rc;
}

static void judge_container(const json_t *c, const struct rfa_check *check, struct rfa_look *look)
{
	const char *health = rfa_container_health(c);
	size_t i;

	if (rfa_container_restarting(c))
		rfa_look_ill(look, "%s restarts again and again (exit status %lld)",
			     check->container, rfa_container_exit(c));
	else if (!rfa_container_running(c))
		rfa_look_ill(look, "%s does not run (exit status %lld)", check->container,
			     rfa_container_exit(c));
	else if (rfa_container_paused(c))
		rfa_look_ill(look, "%s is paused", check->container);
	else if (*health && strcmp(health, "healthy") != 0)
		rfa_look_ill(look, "%s is %s, says its own health check", check->container, health);
	for (i = 0; i < check->networks.n; i++)
		if (!json_object_get(rfa_container_networks(c), check->networks.at[i]))
			rfa_look_ill(look, "%s is not in the network %s", check->container,
				     check->networks.at[i]);
}

static int try_container(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
			 struct rfa_error *err)
{
	json_t *inspect = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, check->container, &inspect, err);

	if (!rc && inspect)
		judge_container(inspect, check, look);
	else if (!rc)
		rc = tell_absent(ctx, check, look, err);
	json_decref(inspect);
	return rc;
}

/* Commands. */

/* The first container of a service that runs, else the first: *name, "" for none. */
static int container_of(struct rfa_ctx *ctx, const struct rfa_check_exec *exec,
			struct rfa_pool *pool, const char **name, struct rfa_error *err)
{
	struct rfa_observed_list seen = { NULL, 0 };
	const struct rfa_observed *one, *best = NULL;
	int rc;

	*name = exec->container;
	if (**name)
		return 0;
	rc = rfa_observe(ctx->host, rfa_ctx_stack_here(ctx), pool, &seen, err);
	RFA_EACH (one, seen)
		if (one->inspect && !strcmp(one->key, exec->service) &&
		    (!best || (!rfa_container_running(best->inspect) &&
			       rfa_container_running(one->inspect))))
			best = one;
	*name = best ? best->container : "";
	return rc;
}

/* A container that is not there, or does not run, is the service's fault. */
static int is_absent(int rc)
{
	return rc == -RFA_ENOTFOUND || rc == -RFA_EREMOTE;
}

static int run_exec(struct rfa_ctx *ctx, const struct rfa_check_exec *exec, const char *container,
		    struct rfa_look *look, struct rfa_error *err)
{
	const char **argv = calloc(exec->command.n + 1, sizeof(*argv));
	struct rfa_buf said = RFA_BUF_INIT(OUTPUT_MAX);
	struct rfa_exec_answer answer = { 0, &said };
	size_t i;
	int rc = argv ? 0 : rfa_fail_nomem(err);

	for (i = 0; !rc && i < exec->command.n; i++)
		argv[i] = exec->command.at[i];
	if (!rc)
		rc = ctx->host->engine->exec(ctx->host, container, argv, exec->timeout_s, &answer,
					     err);
	if (rc && is_absent(rc)) {
		rfa_look_ill(look, "%s", err->msg);
		rfa_error_clear(err);
		rc = 0;
	} else if (!rc && answer.status == 124) {
		rfa_look_ill(look, "%s took longer than %lld s", argv[0],
			     (long long)exec->timeout_s);
	} else if (!rc && answer.status) {
		rfa_look_ill(look, "%s ended with status %d", argv[0], answer.status);
	} else if (!rc && *exec->output && !rfa_look_finds(&said, exec->output)) {
		rfa_look_ill(look, "%s does not write \"%s\"", argv[0], exec->output);
	}
	if (!rc && !look->ok)
		rfa_look_keep(ctx, look, container, &said);
	rfa_buf_release(&said);
	free(argv);
	return rc;
}

static int try_exec(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		    struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	const char *container;
	int rc = container_of(ctx, check->exec, &pool, &container, err);

	if (!rc && !*container)
		rfa_look_ill(look, "there is no container for %s", check->exec->service);
	else if (!rc)
		rc = run_exec(ctx, check->exec, container, look, err);
	rfa_pool_release(&pool);
	return rc;
}

/* Any. */

static int try_one(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		   struct rfa_error *err)
{
	if (*check->url)
		return rfa_check_url(ctx, check, look, err);
	if (*check->tcp)
		return try_tcp(ctx, check, look, err);
	return check->exec ? try_exec(ctx, check, look, err) : try_container(ctx, check, look, err);
}

int rfa_check_try(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		  struct rfa_error *err)
{
	int64_t begun = ctx->clock->mono_ms(ctx->clock);
	int rc;

	*look = (struct rfa_look){ .ok = 1, .answer = RFA_BUF_INIT(RFA_LOOK_ANSWER) };
	rc = try_one(ctx, check, look, err);
	look->ms = ctx->clock->mono_ms(ctx->clock) - begun;
	if (rc)
		rfa_look_release(look);
	return rc;
}

/* Tallies. */

int rfa_tallies_begin(const struct rfa_ctx *ctx, struct rfa_tallies *out, struct rfa_error *err)
{
	const struct rfa_check_list *checks = &rfa_ctx_stack_here(ctx)->checks;
	const struct rfa_check *check;

	*out = (struct rfa_tallies){ calloc(checks->n + 1, sizeof(*out->at)), 0 };
	if (!out->at)
		return rfa_fail_nomem(err);
	RFA_EACH (check, *checks)
		if (rfa_check_is_due(check, ctx->flow))
			out->at[out->n++].check = check;
	return 0;
}

void rfa_tallies_release(struct rfa_tallies *tallies)
{
	size_t i;

	for (i = 0; i < tallies->n; i++)
		rfa_look_release(&tallies->at[i].look);
	free(tallies->at);
	*tallies = (struct rfa_tallies){ NULL, 0 };
}

int rfa_tally_try(struct rfa_ctx *ctx, struct rfa_tally *tally, struct rfa_error *err)
{
	struct rfa_look look;
	int rc = rfa_check_try(ctx, tally->check, &look, err);

	if (rc)
		return rc;
	rfa_look_release(&tally->look);
	tally->look = look;
	tally->tries++;
	return 0;
}

void rfa_check_say(struct rfa_ctx *ctx, const struct rfa_tally *tally, json_t *facts)
{
	rfa_ctx_say(ctx, RFA_EVENT_LOG, "check %s: %s", tally->check->name, tally->look.why);
	if (tally->look.answer.len)
		rfa_evidence_answer(ctx, tally->check->name, &tally->look.answer, facts);
}

void rfa_tallies_tell(struct rfa_ctx *ctx, const struct rfa_tallies *tallies,
		      struct rfa_check_result_list *out)
{
	size_t i;

	for (i = 0; i < tallies->n; i++) {
		const struct rfa_tally *tally = &tallies->at[i];
		const struct rfa_look *look = &tally->look;
		struct rfa_buf line = RFA_BUF_INIT(4 * KEPT + 16);
		struct rfa_check_result *one;

		if (!tally->tries)
			continue;
		one = RFA_ADD(ctx->pool, check_result, out);
		one->name = tally->check->name;
		one->kind = rfa_check_kind(tally->check);
		one->ok = look->ok;
		one->ms = look->ms;
		one->tries = tally->tries;
		one->why = rfa_pool_text(ctx->pool, look->why);
		(void)rfa_buf_put_printable(&line, rfa_buf_str(&look->answer), look->answer.len,
					    KEPT);
		one->answer = rfa_pool_text(ctx->pool, rfa_buf_str(&line));
		rfa_buf_release(&line);
	}
}

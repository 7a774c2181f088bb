/*
 * The operator's command before anything is changed: on the machine where rfa is typed, or as a job
 * on the host. What it does is not known to rfa. It runs once, whatever breaks meanwhile: on a host
 * the job's key is the same in every attempt; here, what has begun and did not answer is not begun
 * again. Nothing is changed yet: what nobody has seen end is a no.
 */
#include <string.h>

#include "fsm/steps/common/evidence.h"
#include "fsm/steps/steps.h"

enum { SAID_MAX = 64 << 10, ENV_MAX = 8 };

static const struct rfa_hook *hook_of(const struct rfa_ctx *ctx)
{
	const struct rfa_stack *stack = rfa_ctx_stack_of(ctx, RFA_TARGET);

	return stack->hooks ? stack->hooks->before : NULL;
}

static int is_on_host(const struct rfa_hook *hook)
{
	return !strcmp(hook->on, "host");
}

static struct rfa_job_key key_of(const struct rfa_ctx *ctx)
{
	return (struct rfa_job_key){ ctx->run, ctx->step->name, "hook" };
}

/* What is known before the run: how it ends, and what to type then, is not. */
static void put_env(struct rfa_ctx *ctx, const char *env[ENV_MAX])
{
	const char *version = "";
	size_t n = 0;

	(void)rfa_ctx_desired(ctx, &version);
	env[n++] = rfa_pool_printf(ctx->pool, "RFA_RUN=%s", ctx->run);
	env[n++] = rfa_pool_printf(ctx->pool, "RFA_STACK=%s", ctx->plan->stack);
	env[n++] = rfa_pool_printf(ctx->pool, "RFA_ENV=%s", ctx->sides[RFA_TARGET]->env);
	env[n++] = rfa_pool_printf(ctx->pool, "RFA_VERSION=%s", version ? version : "");
	env[n++] = "RFA_FINAL=";
	env[n++] = "RFA_NEXT=";
	env[n] = NULL;
}

/* Durable before it begins: a resume has to know. */
static int put_begun(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_made made = ctx->made;

	made.begun = 1;
	return rfa_ctx_made(ctx, &made, "the hook begins", err);
}

static int run_here(struct rfa_ctx *ctx, const struct rfa_host_command *command,
		    struct rfa_exec_answer *answer, struct rfa_error *err)
{
	int rc;

	if (ctx->made.begun) {
		rfa_fail(err, RFA_EREMOTE, "hook",
			 "nobody knows how the hook ended: rfa was stopped while it ran");
		return rfa_error_hint(err, "look at what it does; then the same command again");
	}
	if (!ctx->command)
		return rfa_fail(err, RFA_EUNSUPPORTED, "hook", "no command can be run here");
	rc = put_begun(ctx, err);
	return rc ? rc : ctx->command(ctx->secret_user, command, answer, err);
}

/* A job whose process is gone without a result will not be asked again: that is a no, too. */
static int run_there(struct rfa_ctx *ctx, const struct rfa_host_command *command,
		     struct rfa_exec_answer *answer, struct rfa_error *err)
{
	struct rfa_job_key key = key_of(ctx);
	int rc = ctx->host->runs->command(ctx->host, &key, command, answer, err);

	if (rc != -(int)RFA_EREMOTE || err->severity != RFA_UNKNOWN)
		return rc;
	rfa_error_hint(err, "nobody knows how the hook ended: look at what it does; then the same "
			    "command again");
	return rfa_error_as(err, RFA_FATAL);
}

/* As a shell and timeout(1) tell what became of a command. */
enum { TIME_OVER = 124, NOT_RUN = 126, NOT_FOUND = 127 };

static int object(const struct rfa_hook *hook, int status, struct rfa_error *err)
{
	const char *command = hook->command.at[0];

	if (status == TIME_OVER) {
		rfa_fail(err, RFA_EREMOTE, "hook",
			 "the hook %.120s has not ended in %d s, or ended with status %d", command,
			 (int)hook->timeout_s, status);
		return rfa_error_hint(err, "give it longer: timeout_s of hooks.before in rfa.json; "
					   "what it leaves running has to begin with "
					   ">/dev/null 2>&1");
	}
	rfa_fail(err, RFA_EREMOTE, "hook", "the hook %.120s ended with status %d", command, status);
	if (status == NOT_RUN || status == NOT_FOUND)
		return rfa_error_hint(err, "127: there is no such program; 126: it cannot be run; "
					   "see what it wrote, and hooks.before in rfa.json");
	return rfa_error_hint(err, "it does not want this run to begin: see what it wrote");
}

static int judge(struct rfa_ctx *ctx, const struct rfa_hook *hook, struct rfa_exec_answer *answer,
		 json_t *facts, struct rfa_error *err)
{
	rfa_evidence_hide(ctx, NULL, answer->said);
	rfa_evidence_answer(ctx, "hook", answer->said, facts);
	if (!answer->status)
		return rfa_ctx_says(
		    facts, rfa_pool_printf(ctx->pool, "%.120s: status 0", hook->command.at[0]),
		    err);
	object(hook, answer->status, err);
	return rfa_error_where(err, "%s", is_on_host(hook) ? ctx->host->name : "operator");
}

int rfa_hook_before_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_hook *hook = hook_of(ctx);
	struct rfa_buf said = RFA_BUF_INIT(SAID_MAX);
	struct rfa_exec_answer answer = { 0, &said };
	struct rfa_host_command command;
	const char *env[ENV_MAX];
	int rc;

	if (rfa_ctx_options(ctx)->take_back)
		return rfa_ctx_skip(facts, "nothing is changed there", err);
	put_env(ctx, env);
	command =
	    (struct rfa_host_command){ rfa_ctx_words(ctx, &hook->command), env, hook->timeout_s };
	rc = rfa_pool_check(ctx->pool, err);
	if (!rc)
		rc = is_on_host(hook) ? run_there(ctx, &command, &answer, err)
				      : run_here(ctx, &command, &answer, err);
	if (!rc)
		rc = judge(ctx, hook, &answer, facts, err);
	rfa_buf_release(&said);
	return rc;
}

/* To ask again is to ask for the result of what has begun. */
int rfa_hook_before_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			  struct rfa_error *err)
{
	const struct rfa_hook *hook = hook_of(ctx);
	struct rfa_job_key key = key_of(ctx);
	int running = 0;
	int rc = 0;

	(void)facts;
	if (is_on_host(hook))
		rc = ctx->host->runs->jobs_running(ctx->host, &key, &running, err);
	*seen = running ? RFA_PROBE_RUNNING : RFA_PROBE_NOT_DONE;
	return rc;
}

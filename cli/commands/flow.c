/* The one command of all flows: reads their arguments, says what will happen, asks, drives. */
#include "cli/commands/flow.h"

#include <stdlib.h>
#include <string.h>

#include "cli/commands/before.h"
#include "cli/commands/drive.h"
#include "cli/commands/typed.h"
#include "cli/config/hosts.h"
#include "cli/config/repository.h"
#include "cli/frame/read.h"
#include "cli/report/preview.h"
#include "cli/commands/unattended.h"
#include "cli/commands/vault.h"
#include "fsm/base/suggest.h"
#include "fsm/parts/args.h"
#include "fsm/parts/text.h"

/* What a flow may ask for. */

static const char *ask_option(const struct rfa_prepare *p, const char *name, size_t n)
{
	const struct rfa_cli *cli = p->user;
	return rfa_args_nth(&cli->args, name, n);
}

static int need_option(const struct rfa_prepare *p, const char *name, const char **out,
		       struct rfa_error *err)
{
	return rfa_cli_need(p->user, name, out, err);
}

static int ask_number(const struct rfa_prepare *p, const char *name, int64_t min, int64_t max,
		      int64_t *out, struct rfa_error *err)
{
	const struct rfa_cli *cli = p->user;
	return rfa_args_number(&cli->args, name, min, max, out, err);
}

static int ask_side(const struct rfa_prepare *p, const char *env, const char *stack, json_t **out,
		    struct rfa_error *err)
{
	const struct rfa_cli *cli = p->user;
	return rfa_config_side(cli->config, env, stack, out, err);
}

static int ask_here(const struct rfa_prepare *p, json_t **out, struct rfa_error *err)
{
	return rfa_operator_side(p->user, out, err);
}

static int ask_path(const struct rfa_prepare *p, const char *written, char **out,
		    struct rfa_error *err)
{
	const struct rfa_cli *cli = p->user;
	return rfa_config_path(cli->config, written, out, err);
}

static int ask_vault(const struct rfa_prepare *p, const char *env, const char *stack,
		     struct rfa_vault_place *out, struct rfa_error *err)
{
	return rfa_vault_of(p->user, env, stack, out, err);
}

static int ask_registry(const struct rfa_prepare *p, const char *domain, json_t **out,
			struct rfa_error *err)
{
	const struct rfa_cli *cli = p->user;
	return rfa_config_registry(cli->config, domain, out, err);
}

static int ask_repository(const struct rfa_prepare *p, const struct rfa_repository_ask *ask,
			  struct rfa_repository **out, struct rfa_error *err)
{
	return rfa_cli_repository(p->user, ask, out, err);
}

static int ask_host(const struct rfa_prepare *p, const json_t *side, struct rfa_host **out,
		    struct rfa_error *err)
{
	return rfa_hosts_connect(p->user, side, out, err);
}

static int ask_file(const struct rfa_prepare *p, const char *path, size_t max, struct rfa_buf *out,
		    struct rfa_error *err)
{
	(void)p;
	return rfa_read_file(path, max, out, err);
}

static void ask_tell(const struct rfa_prepare *p, const char *text)
{
	const struct rfa_cli *cli = p->user;
	rfa_out_warn(&cli->out, "%s", text);
}

static int ask_head(const struct rfa_prepare *p, struct rfa_host *host, json_t **out,
		    struct rfa_error *err)
{
	return rfa_run_kept_head(p->ledger, host, out, err);
}

/* The plan. */

/* *env: what the option of the role names; NULL for a role that the flow settles itself. */
static int role_env(struct rfa_cli *cli, const struct rfa_role *role, const char **env,
		    struct rfa_error *err)
{
	*env = NULL;
	if (!role->option)
		return 0;
	int rc = rfa_cli_need(cli, role->option, env, err);
	return rc < 0 ? rc : rfa_config_has_env(cli->config, *env, err);
}

/* `rfa backup lits shop`: no stack, but nearly a command. */
static int has_stack(struct rfa_cli *cli, const char *stack, struct rfa_error *err)
{
	struct rfa_suggestion s = { stack, NULL, 0 };
	int rc = rfa_config_has_stack(cli->config, stack, err);

	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_command_suggest(cli->commands, cli->command.name, &s);
		if (s.best && s.distance > 0)
			return rfa_error_hint(err, "did you mean `rfa %s %s`?", cli->command.name,
					      s.best);
	}
	return rc;
}

static int stack_plan(struct rfa_cli *cli, const struct rfa_flow *flow, json_t *plan,
		      struct rfa_error *err)
{
	const char *stack = rfa_cli_word(cli, 0), *env = NULL, *before = NULL;
	json_t *side = NULL;
	int rc = has_stack(cli, stack, err);

	for (const struct rfa_role *role = flow->roles; rc == 0 && role->id; role++) {
		rc = role_env(cli, role, &env, err);
		if (rc == 0 && env && before && strcmp(env, before) == 0) {
			rfa_fail(err, RFA_EUSAGE, "cli", "--from and --to are both \"%s\"", env);
			rc = rfa_error_hint(err, "name two environments");
		}
		before = env;
		if (rc == 0 && env)
			rc = rfa_config_side(cli->config, env, stack, &side, err);
		if (rc == 0 && env)
			rc = rfa_facts_set(plan, rfa_role_word(role->id), side, err);
	}
	return rc < 0 ? rc : rfa_facts_set(plan, "stack", json_string(stack), err);
}

/* No stack can have that name. */
static int host_plan(struct rfa_cli *cli, json_t *plan, struct rfa_error *err)
{
	const char *env = rfa_cli_word(cli, 0);
	json_t *side = NULL;
	/* Backups that are pulled to this machine lock it as any host. */
	int rc = strcmp(env, RFA_OPERATOR) == 0
		     ? rfa_operator_side(cli, &side, err)
		     : rfa_config_side(cli->config, env, NULL, &side, err);

	if (rc == 0)
		rc = rfa_facts_set(plan, "target", side, err);
	return rc < 0 ? rc : rfa_facts_set(plan, "stack", json_string("_host"), err);
}

/* The reason stays in the ledger for ever. */
static int put_reasons(struct rfa_cli *cli, const struct rfa_flow *flow, json_t *plan,
		       struct rfa_error *err)
{
	const char *reason = rfa_cli_option(cli, "reason");
	int rc = 0;

	if (flow->args->flags & RFA_ARGS_REASON)
		rc = rfa_cli_need(cli, "reason", &reason, err);
	if (rc == 0 && (flow->args->flags & RFA_ARGS_REASON) && !*reason) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--reason is empty");
		rc = rfa_error_hint(err, "the reason stays in the ledger for ever");
	}
	reason = reason && *reason ? reason : NULL;
	if (rc == 0 && rfa_cli_option(cli, "force") && !reason) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--force needs --reason TEXT");
		rc = rfa_error_hint(err, "the reason stays in the ledger for ever");
	}
	if (rc == 0 && rfa_cli_option(cli, "skip-backup") && !reason) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--skip-backup needs --reason TEXT");
		rc = rfa_error_hint(err, "the reason stays in the ledger for ever");
	}
	if (rc == 0 && rfa_cli_option(cli, "force"))
		rc = rfa_plan_set(plan, "force_reason", json_string(reason), err);
	if (rc == 0 && reason)
		rc = rfa_plan_set(plan, "reason", json_string(reason), err);
	return rc;
}

enum { WAIT_MAX_S = 7 * 24 * 3600, WAIT_POLL_MS = 1000 };

static int put_wait(struct rfa_cli *cli, json_t *plan, struct rfa_error *err)
{
	int64_t seconds = 0;
	int rc = rfa_args_number(&cli->args, "wait-lock", 0, WAIT_MAX_S, &seconds, err);

	return rc || !seconds ? rc : rfa_plan_set(plan, "wait_lock_s", json_integer(seconds), err);
}

static int put_pause(struct rfa_cli *cli, json_t *plan, struct rfa_error *err)
{
	int64_t share = 0;
	int rc = rfa_args_number(&cli->args, "pause-at", 1, 100, &share, err);

	return rc || !share ? rc : rfa_plan_set(plan, "pause_at", json_integer(share), err);
}

static int name_run(void *user, const struct rfa_ledger_line *line)
{
	snprintf(user, RFA_RUN_ID_MAX, "%s", line->run);
	return 1;
}

/*
 * Waits until no run of the stack in that environment is unfinished in the ledger, or the time is
 * over: then the run itself says who is in the way. The host's lock is waited for by the run.
 */
static int wait_for_ledger(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err)
{
	const struct rfa_ledger_filter filter = { rfa_facts_str(plan, "stack", ""),
						  rfa_facts_str(plan, "target/env", ""), 1, 1 };
	int64_t left = rfa_facts_int(plan, "options/wait_lock_s", 0) * 1000;
	char told[RFA_RUN_ID_MAX] = "";

	for (; left > 0; left -= WAIT_POLL_MS) {
		char run[RFA_RUN_ID_MAX] = "";
		int rc = rfa_ledger_list(cli->ledger, &filter, name_run, run, err);

		if (rc < 0 || !run[0])
			return rc;
		if (strcmp(run, told) != 0)
			rfa_out_warn(&cli->out, "run %s is unfinished; waiting up to %lld s", run,
				     (long long)(left / 1000));
		snprintf(told, sizeof(told), "%s", run);
		cli->clock->sleep_ms(cli->clock, WAIT_POLL_MS);
		if (cli->cancel && *cli->cancel) {
			rfa_fail(err, RFA_ECANCELLED, "cli", "stopped by a signal");
			return rfa_error_hint(err, "nothing was begun: type it again");
		}
	}
	return 0;
}

static int empty_plan(struct rfa_cli *cli, const struct rfa_flow *flow, json_t **out,
		      struct rfa_error *err)
{
	json_t *options = NULL;
	int rc = rfa_config_options(cli->config, &options, err);

	if (rc == 0 &&
	    !(*out = json_pack("{s:i,s:s,s:s,s:n,s:n,s:O}", "format", 1, "flow", flow->name,
			       "stack", "", "source", "target", "options", options)))
		rc = rfa_fail_nomem(err);
	json_decref(options);
	return rc;
}

static int is_preview(struct rfa_cli *cli)
{
	return cli->command.preview || rfa_cli_option(cli, "dry-run") ||
	       rfa_cli_option(cli, "gates");
}

int rfa_flow_plan(struct rfa_cli *cli, const struct rfa_flow *flow, json_t **out,
		  struct rfa_error *err)
{
	struct rfa_prepare p = { .clock = cli->clock,
				 .word = rfa_cli_word(cli, 0),
				 .second = rfa_cli_word(cli, 1),
				 .rest = rfa_cli_words(cli, 2),
				 .option = ask_option,
				 .need = need_option,
				 .number = ask_number,
				 .side = ask_side,
				 .here = ask_here,
				 .path = ask_path,
				 .vault = ask_vault,
				 .registry = ask_registry,
				 .repository = ask_repository,
				 .open = ask_host,
				 .file = ask_file,
				 .tell = ask_tell,
				 .kept_head = ask_head,
				 .user = cli };
	json_t *plan = NULL;
	int rc = rfa_cli_config(cli, err);

	if (rc == 0)
		rc = empty_plan(cli, flow, &plan, err);
	if (rc == 0)
		rc = flow->args->flags & RFA_ARGS_HOST ? host_plan(cli, plan, err)
						       : stack_plan(cli, flow, plan, err);
	if (rc == 0)
		rc = put_reasons(cli, flow, plan, err);
	if (rc == 0)
		rc = put_wait(cli, plan, err);
	if (rc == 0)
		rc = put_pause(cli, plan, err);
	if (rc == 0)
		rc = rfa_cli_ledger(cli, err);
	p.ledger = cli->ledger;
	/* The run that is waited for changes what the plan is made of. */
	if (rc == 0 && !is_preview(cli))
		rc = wait_for_ledger(cli, plan, err);
	if (rc == 0 && flow->args->prepare)
		rc = flow->args->prepare(&p, plan, err);
	if (rc == 0)
		*out = plan;
	else
		json_decref(plan);
	return rc;
}

/* Saying and asking. */

/* What goes is part of the plan, so that nothing else does. */
static int show(struct rfa_cli *cli, const struct rfa_flow *flow, json_t *plan,
		struct rfa_error *err)
{
	json_t *agreed = NULL;
	int rc = 0;

	rfa_preview_say(cli, flow, plan);
	if (flow->args->flags & RFA_ARGS_SHOWS_FIRST) {
		rc = rfa_preview_agree(cli, plan, &agreed, err);
		if (rc == 0 && json_array_size(agreed) == 0)
			rc = rfa_facts_set(plan, "nothing", json_string("nothing is to be removed"),
					   err);
		if (rc == 0)
			rc = rfa_plan_set(plan, "agreed", json_incref(agreed), err);
	}
	json_decref(agreed);
	return rc;
}

static int ask_phrase(struct rfa_cli *cli, const struct rfa_flow_text *text, const json_t *plan,
		      struct rfa_error *err)
{
	return text->phrase && rfa_facts_bool(json_object_get(plan, "options"), text->phrase_for, 0)
		   ? rfa_cli_confirm_by(cli, "confirm", text->phrase, text->phrase_question, err)
		   : 0;
}

/* A forced run always asks; another where its flow has a question. */
static int ask(struct rfa_cli *cli, const struct rfa_flow *flow, json_t *plan,
	       struct rfa_error *err)
{
	const char *question = flow->text->question;
	int forced = rfa_facts_at(plan, "options/force_reason") != NULL;
	struct rfa_buf name = RFA_BUF_INIT(256);
	char what[320];
	int rc = question ? show(cli, flow, plan, err) : 0;

	if (rc < 0 || (!question && !forced) || rfa_facts_at(plan, "nothing"))
		return rc;
	snprintf(what, sizeof(what), "%s%s%s", question ? question : "",
		 question && forced ? " " : "",
		 forced ? "Gates that may be forced will be; the ledger keeps it as FORCED." : "");
	rfa_text_fill(&name, flow->text->name, plan);
	rc = rfa_cli_confirm(cli, rfa_buf_str(&name), what, err);
	rfa_buf_release(&name);
	return rc ? rc : ask_phrase(cli, flow->text, plan, err);
}

static int say_nothing(struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan)
{
	struct rfa_buf name = RFA_BUF_INIT(256);

	rfa_text_fill(&name, flow->text->name, plan);
	rfa_out_say(&cli->out, "%s: %s", rfa_buf_str(&name), rfa_facts_str(plan, "nothing", ""));
	rfa_buf_release(&name);
	return 0;
}

static int make(struct rfa_cli *cli, void *user, json_t **plan, struct rfa_error *err)
{
	return rfa_flow_plan(cli, user, plan, err);
}

int rfa_flow_begin(struct rfa_cli *cli, const struct rfa_flow *flow, json_t *plan,
		   struct rfa_error *err)
{
	int rc = rfa_facts_at(plan, "nothing") ? 0 : ask(cli, flow, plan, err);

	if (rc < 0)
		return rc;
	if (rfa_facts_at(plan, "nothing"))
		return say_nothing(cli, flow, plan);
	rc = rfa_cli_backup_before(cli, plan, rfa_flow_plan, err);
	return rc < 0 ? rc : rfa_cli_begin(cli, plan, err);
}

/* The other flow that an option has asked for; NULL: none. */
static const struct rfa_flow *follows(struct rfa_cli *cli, const struct rfa_flow *flow)
{
	const char *also = flow->args->also;

	return also && rfa_cli_option(cli, also) ? flow->args->also_flow : NULL;
}

/* Whoever ends this run in another process is told what to type then. */
static int put_then(struct rfa_cli *cli, const struct rfa_flow *other, json_t *plan,
		    struct rfa_error *err)
{
	const struct rfa_flow_args *args = cli->command.flow->args;
	struct rfa_buf line = RFA_BUF_INIT(1024);
	int rc;

	cli->report.goes_on = 1;
	(void)rfa_buf_printf(&line, "rfa %s %s --env %s", other->args->command,
			     rfa_facts_str(plan, "stack", ""),
			     rfa_facts_str(plan, "target/env", ""));
	if (args->also_with)
		(void)rfa_buf_printf(&line, " --%s %s --%s", args->also,
				     rfa_cli_option(cli, args->also), args->also_with);
	rc = rfa_plan_set(plan, "then", json_string(rfa_buf_str(&line)), err);
	rfa_buf_release(&line);
	return rc;
}

/* The other flow's command, as if it had been typed. */
static int run_other(struct rfa_cli *cli, const struct rfa_flow *other, struct rfa_error *err)
{
	const struct rfa_flow_args *args = cli->command.flow->args;
	const char *words[8] = { rfa_cli_word(cli, 0), "--env", rfa_cli_option(cli, "env") };
	char also[64], with[64];
	struct rfa_typed before;
	int status = cli->status;
	size_t n = 3;
	int rc;

	if (args->also_with) {
		snprintf(also, sizeof(also), "--%s", args->also);
		snprintf(with, sizeof(with), "--%s", args->also_with);
		words[n++] = also;
		words[n++] = rfa_cli_option(cli, args->also);
		/* What the switch asks for is true once the first of the two has run. */
		words[n++] = is_preview(cli) ? "--dry-run" : with;
	} else if (is_preview(cli)) {
		words[n++] = "--dry-run";
	}

	rfa_story_release(&cli->report);
	rc = rfa_cli_type(cli, other, words, &before, err);
	if (rc == 0)
		rc = rfa_flow_run(cli, other, err);
	rfa_cli_untype(cli, &before);
	if (rc == 0 && !cli->status)
		cli->status = status;
	return rc;
}

int rfa_flow_run(struct rfa_cli *cli, const struct rfa_flow *flow, struct rfa_error *err)
{
	const struct rfa_flow *other = follows(cli, flow);
	json_t *plan = NULL;
	int preview = is_preview(cli);

	if (cli->out.events && preview) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--events goes with a run; --dry-run has --json");
		return rfa_error_hint(err, "see `rfa help %s`", cli->command.name);
	}
	if (cli->out.json && !preview) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--json goes with --dry-run; a run has --events");
		return rfa_error_hint(err, "see `rfa help %s`", cli->command.name);
	}
	if (rfa_cli_option(cli, "unattended") && !preview)
		return rfa_cli_unattended(cli, make, (void *)(uintptr_t)flow, err);
	int rc = rfa_flow_plan(cli, flow, &plan, err);
	int empty = rc == 0 && !*rfa_facts_str(plan, "nothing", "?");

	if (rc == 0 && other && !preview)
		rc = put_then(cli, other, plan, err);
	if (rc == 0 && preview && !empty)
		rc = rfa_preview_show(cli, flow, plan, err);
	else if (rc == 0 && !preview && !empty)
		rc = rfa_flow_begin(cli, flow, plan, err);
	json_decref(plan);
	return rc < 0 || !other ? rc : run_other(cli, other, err);
}

/* The command itself. */

static int run(struct rfa_cli *cli, struct rfa_error *err)
{
	return rfa_flow_run(cli, cli->command.flow, err);
}

/* What each flow's command begins as. */
const struct rfa_cli_command rfa_cmd_flow = {
	.flags = RFA_CMD_RUNS | RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};

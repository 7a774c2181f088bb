/* `rfa check STACK ENV`: the previews of flows, of which only the gates are shown. */
#include "cli/commands/check_gates.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands/flow.h"
#include "cli/commands/typed.h"
#include "cli/report/preview.h"
#include "fsm/base/suggest.h"
#include "fsm/parts/args.h"

/* What is judged. */
struct asked {
	const char *stack, *env, *version; /* version NULL: none */
	const char *from;                  /* NULL: nobody has said it */
	json_t *side;                      /* of the environment */
};

/* How it went. */
struct judged {
	json_t *documents;
	json_t *secrets;      /* [{"id","ok","why"}]: of builds */
	struct rfa_error why; /* of the first refusal */
	int refused;
};

/* The flow that a person means: by its own name, or by that of its command. */
static int find_flow(const char *name, const struct rfa_flow **out, struct rfa_error *err)
{
	struct rfa_suggestion s = { name, NULL, 0 };
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	size_t n, i;
	const struct rfa_flow *const *flows = rfa_flows(&n);

	for (i = 0; i < n; i++) {
		const struct rfa_flow_args *args = flows[i]->args;
		if (!args->command || !flows[i]->gates ||
		    args->flags & (RFA_ARGS_HOST | RFA_ARGS_REST))
			continue;
		rfa_suggest_offer(&s, flows[i]->name);
		if (strcmp(flows[i]->name, name) == 0 || strcmp(args->command, name) == 0) {
			*out = flows[i];
			return 0;
		}
	}
	rfa_fail(err, RFA_EUSAGE, "cli", "\"%s\" is no flow whose gates can be judged so",
		 rfa_out_safe(&safe, name, 60));
	rfa_buf_release(&safe);
	return s.best ? rfa_error_hint(err, "did you mean --for %s?", s.best)
		      : rfa_error_hint(err, "for example --for promote, deploy, publish or sync; a "
					    "rollback: rfa rollback … --gates");
}

/* The last environment that a flow asks for is the one that it is about. */
static const char *last_option(const struct rfa_flow *flow, const char **from)
{
	const char *last = NULL;

	for (const struct rfa_role *role = flow->roles; role->id; role++) {
		last = role->option ? role->option : last;
		if (role->option && !strcmp(role->option, "from"))
			*from = "--from";
	}
	return last;
}

/* The words of the flow's own command. */
static void words_of(const struct asked *a, const struct rfa_flow *flow, char option[40],
		     const char *words[8])
{
	const char *from = NULL, *last = last_option(flow, &from);
	size_t n = 0;

	words[n++] = a->stack;
	if (flow->args->flags & RFA_ARGS_SECOND)
		words[n++] = a->version;
	if (last) {
		snprintf(option, 40, "--%s", last);
		words[n++] = option;
		words[n++] = a->env;
	}
	if (a->from && from) {
		words[n++] = from;
		words[n++] = a->from;
	}
	words[n] = NULL;
}

static int has_version(const struct asked *a, const struct rfa_flow *flow, struct rfa_error *err)
{
	int takes = (flow->args->flags & RFA_ARGS_SECOND) != 0;

	if (takes == (a->version != NULL))
		return 0;
	rfa_fail(err, RFA_EUSAGE, "cli",
		 takes ? "the gates of %s are about a version: which one?"
		       : "the gates of %s are not about a version that is named",
		 flow->name);
	return rfa_error_hint(err, "rfa check %s %s %s--for %s", a->stack, a->env,
			      takes ? "VERSION " : "", flow->name);
}

/* A --from that the flow could not use would be passed over in silence. */
static int has_source(const struct rfa_cli *cli, const struct asked *a, const struct rfa_flow *flow,
		      struct rfa_error *err)
{
	for (const struct rfa_role *role = flow->roles; role->id; role++)
		if (role->option && strcmp(role->option, "from") == 0)
			return 0;
	if (!rfa_cli_option(cli, "from"))
		return 0;
	rfa_fail(err, RFA_EUSAGE, "cli", "%s takes nothing from another environment", flow->name);
	return rfa_error_hint(err, "leave --from out: rfa check %s %s --for %s", a->stack, a->env,
			      flow->name);
}

/* The preview of this flow. *out is new. */
static int preview(struct rfa_cli *cli, const struct asked *a, const struct rfa_flow *flow,
		   json_t **out, struct rfa_error *err)
{
	struct rfa_typed before;
	const char *words[8];
	json_t *plan = NULL;
	char option[40];
	int rc = has_version(a, flow, err);

	if (rc == 0)
		rc = has_source(cli, a, flow, err);
	if (rc < 0)
		return rc;
	words_of(a, flow, option, words);
	rc = rfa_cli_type(cli, flow, words, &before, err);
	cli->command.preview = 1;
	if (rc == 0)
		rc = rfa_flow_plan(cli, flow, &plan, err);
	if (rc == 0)
		rc = rfa_cli_secrets(cli, plan, err);
	if (rc == 0)
		rc = rfa_preview_read(cli, plan, out, err);
	json_decref(plan);
	rfa_cli_untype(cli, &before);
	return rc;
}

static void head(struct rfa_cli *cli, const struct asked *a, const json_t *document, size_t n)
{
	const struct rfa_out *o = &cli->out;
	const char *from = rfa_facts_str(document, "from", "");

	rfa_out_say(o, "%s%s%s %s%s%s to %s%s", n ? "\n" : "", rfa_out_style(o, o->out, RFA_BOLD),
		    rfa_facts_str(document, "flow", ""), a->stack, *from ? " from " : "", from,
		    a->env, rfa_out_style(o, o->out, RFA_PLAIN));
}

static int judge(struct rfa_cli *cli, const struct asked *a, const char *name, struct judged *j,
		 struct rfa_error *err)
{
	const struct rfa_flow *flow = NULL;
	json_t *document = NULL;
	struct rfa_error why;
	int rc = find_flow(name, &flow, err);

	if (rc == 0)
		rc = preview(cli, a, flow, &document, err);
	if (rc < 0)
		return rc;
	if (!cli->out.json) {
		head(cli, a, document, json_array_size(j->documents));
		rc = rfa_preview_verdicts(cli, document, err);
	}
	rfa_error_clear(&why);
	if (rfa_preview_refused(document, &why) < 0 && !j->refused) {
		j->refused = 1;
		j->why = why;
	}
	if (json_array_append_new(j->documents, document) && rc == 0)
		rc = rfa_fail_nomem(err);
	return rc;
}

/* Whether what a build is to get is there, as this machine sees it. No value is told. */
static int judge_secrets(struct rfa_cli *cli, const struct asked *a, struct judged *j,
			 struct rfa_error *err)
{
	const json_t *ids = rfa_facts_at(a->side, "stack/build/secrets");
	json_t *plan = json_pack("{s:s, s:{s:s}}", "stack", a->stack, "target", "env", a->env);
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	json_t *one;
	size_t i;
	int rc = plan ? 0 : rfa_fail_nomem(err);

	json_array_foreach ((json_t *)ids, i, one) {
		const char *id = json_string_value(one);
		struct rfa_error why = { 0 };
		int bad = 0;

		if (rc == 0)
			bad = rfa_secrets_check_build(&cli->config->secrets, plan, id,
						      cli->config->folder, &why);
		if (bad && !j->refused) {
			j->refused = 1;
			j->why = why;
			j->why.code = RFA_EREFUSED;
		}
		if (bad && !cli->out.json)
			rfa_out_say(&cli->out, "build.secrets.%s: %s", id,
				    rfa_out_safe(&safe, why.msg, 300));
		if (rc == 0 &&
		    json_array_append_new(j->secrets, json_pack("{s:s, s:b, s:s}", "id", id, "ok",
								!bad, "why", bad ? why.msg : "")))
			rc = rfa_fail_nomem(err);
	}
	rfa_buf_release(&safe);
	json_decref(plan);
	return rc;
}

/* The one environment from which rfa.json wants versions; NULL: none, or more than one. */
static const char *source_of(const struct asked *a)
{
	const json_t *envs = rfa_facts_at(a->side, "stack/gates/verified_in");
	const char *only = NULL, *name;
	json_t *env;
	size_t i, n = 0;

	json_array_foreach ((json_t *)envs, i, env) {
		name = json_string_value(env);
		if (!name || strcmp(name, a->env) == 0 || (only && strcmp(name, only) == 0))
			continue;
		only = name;
		n++;
	}
	return n == 1 ? only : NULL;
}

/* Each flow that could bring something there, and whose arguments are known. */
static int judge_possible(struct rfa_cli *cli, const struct asked *a, struct judged *j,
			  struct rfa_error *err)
{
	int rc = 0;

	if (a->version)
		return judge(cli, a, "deploy", j, err);
	if (a->from)
		rc = judge(cli, a, "promote", j, err);
	if (rc == 0 && !rfa_cli_option(cli, "from") &&
	    rfa_facts_at(a->side, "stack/compose/source"))
		rc = judge(cli, a, "sync", j, err);
	if (rc < 0 || json_array_size(j->documents) || j->refused)
		return rc;
	if (rfa_facts_at(a->side, "stack/build"))
		return judge(cli, a, "publish", j, err);
	rfa_fail(err, RFA_EUSAGE, "cli", "what would come to %s? nothing in rfa.json says it",
		 a->env);
	return rfa_error_hint(err,
			      "rfa check %s %s --from ENV, or VERSION behind %s, or --for FLOW",
			      a->stack, a->env, a->env);
}

static int report(struct rfa_cli *cli, const struct asked *a, const struct judged *j,
		  struct rfa_error *err)
{
	json_t *document;
	int rc = 0;

	if (cli->out.json) {
		document =
		    json_pack("{s:s,s:s,s:b,s:O,s:O}", "stack", a->stack, "env", a->env, "ok",
			      !j->refused, "flows", j->documents, "build_secrets", j->secrets);
		rc = document ? rfa_out_json(&cli->out, document, err) : rfa_fail_nomem(err);
		json_decref(document);
	}
	if (rc < 0 || !j->refused)
		return rc;
	*err = j->why;
	return -(int)RFA_EREFUSED;
}

int rfa_check_gates(struct rfa_cli *cli, struct rfa_error *err)
{
	struct asked a = { rfa_cli_word(cli, 0), rfa_cli_word(cli, 1), rfa_cli_word(cli, 2),
			   rfa_cli_option(cli, "from"), NULL };
	const char *flow = rfa_cli_option(cli, "for");
	struct judged j = { json_array(), json_array(), { 0 }, 0 };
	int rc = j.documents && j.secrets ? 0 : rfa_fail_nomem(err);

	if (rc == 0 && (!a.env || rfa_cli_option(cli, "connect"))) {
		rfa_fail(err, RFA_EUSAGE, "cli",
			 a.env ? "--connect looks at all hosts: it goes with no stack"
			       : "of which environment?");
		rc = rfa_error_hint(err, "rfa check %.60s ENV", a.stack);
	}
	if (rc == 0)
		rc = rfa_cli_config(cli, err);
	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, a.stack, err);
	if (rc == 0)
		rc = rfa_config_has_env(cli->config, a.env, err);
	if (rc == 0)
		rc = rfa_config_side(cli->config, a.env, a.stack, &a.side, err);
	if (rc == 0 && !a.from)
		a.from = source_of(&a);
	/* The plan of one flow says it by itself: what has no secret cannot be planned. */
	if (rc == 0 && !flow)
		rc = judge_secrets(cli, &a, &j, err);
	if (rc == 0)
		rc = flow ? judge(cli, &a, flow, &j, err) : judge_possible(cli, &a, &j, err);
	if (rc == 0)
		rc = report(cli, &a, &j, err);
	json_decref(a.side);
	json_decref(j.documents);
	json_decref(j.secrets);
	return rc;
}

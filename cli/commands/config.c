/* The commands about the configuration: check (of gates: check_gates.c), and the hidden one that
 * prints its schema. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands/check_gates.h"
#include "cli/config/hosts.h"
#include "cli/frame/redact.h"
#include "cli/config/schema.h"
#include "cli/config/secrets.h"
#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"

static json_t *problems_json(const struct rfa_problems *problems)
{
	json_t *list = json_array();
	for (size_t i = 0; i < problems->n; i++) {
		const struct rfa_problem *p = &problems->items[i];
		struct rfa_buf what = RFA_BUF_INIT(4096), hint = RFA_BUF_INIT(4096);
		/* A text that was cut in a character is not UTF-8 any more. */
		json_array_append_new(list, json_pack("{s:i,s:i,s:s,s:s,s:s}", "line", p->line,
						      "column", p->column, "path", p->path, "what",
						      rfa_out_safe(&what, p->what, 0), "hint",
						      rfa_out_safe(&hint, p->hint, 0)));
		rfa_buf_release(&what);
		rfa_buf_release(&hint);
	}
	return list;
}

/* Hosts. */

/* One line about one thing on a host. */
static void add_line(json_t *lines, const char *what, const char *verdict, const char *evidence,
		     const char *hint)
{
	json_array_append_new(lines, json_pack("{s:s,s:s,s:s,s:s}", "what", what, "verdict",
					       verdict, "evidence", evidence, "hint", hint));
}

static void add_error(json_t *lines, const char *what, const struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	rfa_out_safe(&text, err->msg, 0);
	add_line(lines, what, "fail", rfa_buf_str(&text), err->hint);
	rfa_buf_release(&text);
}

static void judge_compose(json_t *lines, struct rfa_host *host)
{
	json_t *version = NULL;
	struct rfa_error err;

	if (host->engine->compose_version(host, &version, &err) < 0) {
		add_error(lines, "compose", &err);
		return;
	}
	if (json_is_string(version))
		add_line(lines, "compose", "ok", json_string_value(version), "");
	else
		add_line(lines, "compose", "note", "not installed",
			 "stacks with \"compose\" need Docker Compose v2");
	json_decref(version);
}

static void judge_tools(json_t *lines, const json_t *info)
{
	struct rfa_buf missing = RFA_BUF_INIT(1024);
	const char *tool;
	json_t *there;

	json_object_foreach (json_object_get(info, "tools"), tool, there) {
		if (!json_is_true(there))
			rfa_buf_printf(&missing, "%s%s", missing.len ? ", " : "", tool);
	}
	add_line(lines, "tools", missing.len ? "note" : "ok",
		 missing.len ? rfa_buf_str(&missing) : "all there",
		 missing.len ? "these are missing; rfa does without where it can" : "");
	rfa_buf_release(&missing);
}

static void judge_disk(json_t *lines, struct rfa_host *host, const char *what, const char *path)
{
	char text[160];
	struct rfa_disk disk;
	struct rfa_error err;
	if (!path || !*path)
		return;
	if (host->ops->disk(host, path, &disk, &err) < 0) {
		add_error(lines, what, &err);
		return;
	}
	int64_t percent = disk.bytes_total > 0 ? disk.bytes_free * 100 / disk.bytes_total : 0;
	snprintf(text, sizeof(text), "%.80s: %s of %s free (%d %%)", path,
		 RFA_SIZE(disk.bytes_free), RFA_SIZE(disk.bytes_total), (int)percent);
	add_line(lines, what, percent < 20 ? "note" : "ok", text,
		 percent < 20 ? "the gate wants 20 % free unless a stack says otherwise" : "");
}

static void judge_lock(json_t *lines, struct rfa_host *host)
{
	json_t *holder = NULL;
	struct rfa_error err;
	char text[160], since[RFA_SHORT_MAX];
	if (host->runs->lock_read(host, &holder, &err) < 0) {
		add_error(lines, "lock", &err);
	} else if (holder) {
		snprintf(text, sizeof(text), "of the whole host, held by run %.30s since %s",
			 rfa_facts_str(holder, "run", "?"),
			 rfa_out_when(since, rfa_facts_str(holder, "since", "")));
		add_line(lines, "lock", "note", text, "`rfa lock show` says more");
	} else {
		add_line(lines, "lock", "ok", "free", "");
	}
	json_decref(holder);
}

/* Asks a URL with the values of its references. */
static int ask_url(struct rfa_cli *cli, struct rfa_host *host, const json_t *check,
		   struct rfa_http_reply *reply, struct rfa_error *err)
{
	const struct rfa_secret_source from = { rfa_cli_secret, cli };
	const char *header = rfa_facts_str(check, "host", "");
	struct rfa_buf url = RFA_BUF_INIT(1 << 18);
	struct rfa_http_request request = {
		.shown = rfa_facts_str(check, "url", ""),
		.host_header = *header ? header : NULL,
		.follow = rfa_facts_bool(check, "follow", 0) ? 5 : 0,
		.timeout_ms = rfa_facts_int(check, "timeout_s", 5) * 1000,
		.insecure_tls = rfa_facts_bool(check, "insecure_tls", 0),
		.here = strcmp(rfa_facts_str(check, "from", ""), RFA_OPERATOR) == 0,
	};
	int rc = rfa_cli_secrets(cli, check, err);

	if (rc == 0)
		rc = rfa_reference_fill(&url, request.shown, &from, err);
	request.url = rfa_buf_str(&url);
	if (rc == 0)
		rc = host->ops->http_ask(host, &request, reply, err);
	rfa_wipe_buf(&url);
	return rc;
}

/* How one URL answers; the way there may be closed, which is no matter of the service's. */
static int judge_url(struct rfa_cli *cli, json_t *lines, struct rfa_host *host, const json_t *check,
		     struct rfa_error *err)
{
	struct rfa_http_reply reply;
	char text[480];
	int rc = ask_url(cli, host, check, &reply, err);

	if (rc == 0) {
		int fits =
		    rfa_http_status_fits(reply.status, rfa_facts_str(check, "status", "200"));
		snprintf(text, sizeof(text), "%.300s answers %d", rfa_facts_str(check, "url", ""),
			 reply.status);
		add_line(lines, "URL", fits ? "ok" : "note", text,
			 fits ? "" : "a version that answers so is not healthy");
		rfa_http_reply_release(&reply);
	} else if (rfa_http_is_service(err)) {
		snprintf(text, sizeof(text), "%.470s", err->msg);
		add_line(lines, "URL", "note", text,
			 "right where the stack does not run yet; else correct it in rfa.json");
		rfa_error_clear(err);
		rc = 0;
	} else {
		add_error(lines, "URL", err);
	}
	return rc;
}

/* A look that sends something, as a login does, is left to `rfa smoke`. */
static int only_looks(const json_t *check)
{
	const char *method = rfa_facts_str(check, "method", "GET");

	return json_object_get(check, "url") && !json_object_get(check, "send") &&
	       (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
}

/* The URLs of all stacks, as checks will ask them. */
static int judge_urls(struct rfa_cli *cli, json_t *lines, const char *env, struct rfa_host *host,
		      struct rfa_error *err)
{
	const char *stack;
	json_t *unused;
	int rc = 0;

	json_object_foreach (json_object_get(cli->config->root, "stacks"), stack, unused) {
		json_t *side = NULL, *check;
		size_t i;
		if (rc < 0 || strncmp(stack, "x-", 2) == 0)
			continue;
		rc = rfa_config_side(cli->config, env, stack, &side, err);
		json_array_foreach (rfa_facts_at(side, "stack/checks"), i, check) {
			if (rc == 0 && only_looks(check))
				rc = judge_url(cli, lines, host, check, err);
		}
		json_decref(side);
	}
	return rc;
}

/* Everything about one host; answers the code of the first failure. */
static int look_at_host(struct rfa_cli *cli, const char *env, json_t *lines, struct rfa_error *err)
{
	struct rfa_host *host = NULL;
	json_t *info = NULL;
	int rc = rfa_hosts_open(cli, env, &host, err);

	if (rc < 0) {
		add_error(lines, "connection", err);
		return rc;
	}
	add_line(lines, "connection", "ok", "", "");
	rc = host->ops->info(host, &info, err);
	if (rc < 0) {
		add_error(lines, "docker", err);
	} else {
		add_line(lines, "docker", "ok", rfa_facts_str(info, "engine", "?"), "");
		judge_compose(lines, host);
		judge_tools(lines, info);
		judge_disk(lines, host, "disk", host->state_dir);
		judge_disk(lines, host, "docker's disk", rfa_facts_str(info, "docker_root", NULL));
		judge_lock(lines, host);
		rc = judge_urls(cli, lines, env, host, err);
	}
	json_decref(info);
	rfa_host_free(host);
	return rc;
}

static void print_host(const struct rfa_out *o, const char *env, const json_t *lines)
{
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	json_t *line;
	size_t i;
	rfa_out_say(o, "%s%s%s", rfa_out_style(o, o->out, RFA_BOLD), env,
		    rfa_out_style(o, o->out, RFA_PLAIN));
	json_array_foreach ((json_t *)lines, i, line) {
		const char *verdict = rfa_facts_str(line, "verdict", "");
		enum rfa_style style = strcmp(verdict, "ok") == 0     ? RFA_GREEN
				       : strcmp(verdict, "fail") == 0 ? RFA_RED
								      : RFA_YELLOW;
		rfa_out_say(o, "  %s%-4s%s  %-14s %s", rfa_out_style(o, o->out, style), verdict,
			    rfa_out_style(o, o->out, RFA_PLAIN), rfa_facts_str(line, "what", ""),
			    rfa_out_safe(&safe, rfa_facts_str(line, "evidence", ""), 300));
		if (*rfa_facts_str(line, "hint", ""))
			rfa_out_say(o, "        %s",
				    rfa_out_safe(&safe, rfa_facts_str(line, "hint", ""), 400));
	}
	rfa_buf_release(&safe);
}

/* All hosts are looked at, whatever the first one says. */
static int look_at_hosts(struct rfa_cli *cli, json_t *document, struct rfa_error *err)
{
	const json_t *environments = json_object_get(cli->config->root, "environments");
	json_t *hosts = json_object(), *value;
	struct rfa_error one;
	const char *env;
	int rc = 0;

	json_object_foreach ((json_t *)environments, env, value) {
		json_t *lines = json_array();
		if (strncmp(env, "x-", 2) == 0) {
			json_decref(lines);
			continue;
		}
		int host_rc = look_at_host(cli, env, lines, &one);
		if (host_rc < 0 && rc == 0) {
			rc = host_rc;
			*err = one;
		}
		if (!cli->out.json)
			print_host(&cli->out, env, lines);
		json_object_set_new(hosts, env, lines);
	}
	json_object_set_new(document, "hosts", hosts);
	return rc;
}

/* Check. */

static int count(const json_t *map)
{
	const char *key;
	json_t *value;
	int n = 0;
	json_object_foreach ((json_t *)map, key, value)
		n += strncmp(key, "x-", 2) != 0;
	return n;
}

/* Overlays are only seen whole when every stack is resolved in every environment. */
static int resolve_all(struct rfa_cli *cli, struct rfa_error *err)
{
	const json_t *root = cli->config->root;
	const char *stack, *env;
	json_t *unused, *also_unused;
	json_object_foreach (json_object_get(root, "stacks"), stack, unused) {
		json_object_foreach (json_object_get(root, "environments"), env, also_unused) {
			json_t *side = NULL;
			if (strncmp(stack, "x-", 2) == 0 || strncmp(env, "x-", 2) == 0)
				continue;
			int rc = rfa_config_side(cli->config, env, stack, &side, err);
			json_decref(side);
			if (rc < 0)
				return rfa_error_where(err, "stacks.%s.environments.%s", stack,
						       env);
		}
	}
	return 0;
}

static void note_secrets(struct rfa_cli *cli)
{
	struct rfa_buf says = RFA_BUF_INIT(4096);
	size_t i;

	for (i = 0; i < cli->config->secrets.n; i++)
		if (rfa_secret_trouble(&cli->config->secrets.items[i], &says))
			rfa_out_warn(&cli->out, "%s", rfa_buf_str(&says));
	rfa_buf_release(&says);
}

/* What every run has done, with the words of hosts and containers. */
static void note_ledger(struct rfa_cli *cli)
{
	struct stat st;

	if (stat(cli->config->ledger, &st) == 0 && (st.st_mode & 077))
		rfa_out_warn(&cli->out, "others can read the ledger (mode %04o): chmod 700 %s",
			     (unsigned)st.st_mode & 07777, cli->config->ledger);
}

static int check_file(struct rfa_cli *cli, struct rfa_error *err)
{
	json_t *document = json_object();
	int rc = rfa_cli_config(cli, err);
	if (rc == 0)
		rc = resolve_all(cli, err);

	if (rc == 0 && !cli->out.json) {
		int envs = count(json_object_get(cli->config->root, "environments"));
		int stacks = count(json_object_get(cli->config->root, "stacks"));
		rfa_out_say(&cli->out, "%s is right: %d environment%s, %d stack%s",
			    cli->config->path, envs, envs == 1 ? "" : "s", stacks,
			    stacks == 1 ? "" : "s");
		note_secrets(cli);
		note_ledger(cli);
	}
	json_object_set_new(document, "problems", problems_json(&cli->problems));
	if (rc == 0 && rfa_cli_option(cli, "connect"))
		rc = look_at_hosts(cli, document, err);
	json_object_set_new(document, "ok", json_boolean(rc == 0));
	/* Another failure than a wrong file is told as such. */
	if (cli->out.json &&
	    (rc == 0 || cli->problems.n > 0 || json_object_get(document, "hosts"))) {
		struct rfa_error ignored;
		int json_rc = rfa_out_json(&cli->out, document, &ignored);
		if (rc == 0 && json_rc < 0) {
			*err = ignored;
			rc = json_rc;
		}
	}
	json_decref(document);
	return rc;
}

static int run_check(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *only = rfa_cli_option(cli, "for") ? "for" : "from";

	if (rfa_cli_word(cli, 0))
		return rfa_check_gates(cli, err);
	if (!rfa_cli_option(cli, only))
		return check_file(cli, err);
	rfa_fail(err, RFA_EUSAGE, "cli", "--%s needs a stack and an environment", only);
	return rfa_error_hint(err, "rfa check STACK ENV --%s …", only);
}

static const struct rfa_option check_options[] = {
	{ "connect", 0, NULL, NULL, NULL,
	  "look at every host too: connection, docker, disk, lock, health URLs" },
	{ "for", 0, "FLOW", NULL, NULL, "of STACK in ENV: the gates of this flow" },
	{ "from", 0, "ENV", NULL, NULL,
	  "what is promoted; default: from where gates.verified_in says" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_check = {
	.name = "check",
	.group = "set up",
	.words = "[STACK ENV [VERSION]]",
	.summary = "check rfa.json, and the hosts, or what the gates say of a stack",
	.details =
	    "Tells all problems at once, each with line and column and how to mend it.\n"
	    "With STACK and ENV it judges the gates: of the flow that --for names, or else of\n"
	    "those that could bring something there: promote (--from, or the one environment in\n"
	    "gates.verified_in), deploy (with VERSION), sync (with compose.source), else publish\n"
	    "(with build). It looks whether the secrets of builds are there, too. Nothing is\n"
	    "locked, recorded or touched. Exit status 0, or 4: a gate refuses, or a secret is\n"
	    "missing.",
	.options = check_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa check", "is the file right?" },
		{ "rfa check --connect",
		  "can the hosts be reached, and have they what is needed?" },
		{ "rfa check --json | jq .problems", "the problems for a program" },
		{ "rfa check shop prod --for promote --from test", "would a promotion pass?" },
		{ "rfa check shop prod 1.4.0", "would this version pass the gates of a deploy?" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.max_words = 3,
	.run = run_check,
};

static int run_schema(struct rfa_cli *cli, struct rfa_error *err)
{
	json_t *schema = NULL;
	int rc = rfa_schema_json(&schema, err);
	if (rc == 0)
		rc = rfa_out_json(&cli->out, schema, err);
	json_decref(schema);
	return rc;
}

const struct rfa_cli_command rfa_cmd_config_schema = {
	.name = "config schema",
	.group = "about rfa",
	.words = "",
	.summary = "print the JSON Schema of rfa.json (docs/rfa.schema.json)",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa config schema > docs/rfa.schema.json", "renew the committed copy" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_HIDDEN | RFA_CMD_READS,
	.run = run_schema,
};

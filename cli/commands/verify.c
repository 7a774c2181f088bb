/* `rfa verify` and `rfa ledger verify`: is the ledger whole, and do the hosts run what it says? */

#include <stdlib.h>
#include <string.h>

#include "cli/config/hosts.h"
#include "cli/frame/cli.h"
#include "cli/report/observe.h"
#include "fsm/parts/catalog.h"

/* The ledger itself. */

struct findings {
	struct rfa_cli *cli;
	json_t *list;
};

static void add_finding(void *user, const struct rfa_ledger_finding *finding)
{
	struct findings *f = user;
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	rfa_out_safe(&safe, finding->what, 0);
	json_array_append_new(
	    f->list, json_pack("{s:s,s:s}", "run", finding->run, "what", rfa_buf_str(&safe)));
	if (!f->cli->out.json)
		rfa_out_say(&f->cli->out, "%s%s%s%s", finding->run, finding->run[0] ? ": " : "",
			    rfa_buf_str(&safe), "");
	rfa_buf_release(&safe);
}

/* The ledger's own check; findings are printed, or added to `document`. */
static int verify_ledger(struct rfa_cli *cli, json_t *document, struct rfa_error *err)
{
	struct findings f = { cli, json_array() };
	char head[65];
	int rc = rfa_cli_ledger(cli, err);

	if (rc == 0)
		rc = rfa_ledger_head(cli->ledger, head, err);
	if (rc == 0)
		rc = rfa_ledger_verify(cli->ledger, rfa_run_legal, add_finding, &f, err);
	if (rc == 0 && !cli->out.json)
		rfa_out_say(&cli->out, "the ledger is whole; its head is %s", head);
	json_object_set_new(document, "findings", f.list);
	return rc;
}

/* What a host keeps. */

/*
 * The head that the last run left on the host must be part of main's history: else one of the two
 * was rewritten.
 */
static int check_head(struct rfa_cli *cli, struct rfa_host *host, const char *env, json_t *lines,
		      struct rfa_error *err)
{
	json_t *kept = NULL;
	int rc = rfa_cli_ledger(cli, err);

	if (rc == 0)
		rc = rfa_run_kept_head(cli->ledger, host, &kept, err);
	if (rc == 0 && kept && !rfa_facts_bool(kept, "known", 0)) {
		const char *head = rfa_facts_str(kept, "head", "");
		json_array_append_new(lines, json_pack("{s:s,s:s,s:s}", "env", env, "what",
						       "ledger-head", "verdict", "differs"));
		rfa_fail(err, RFA_ECORRUPT, "ledger",
			 "%s keeps the head %.12s, which is not in this ledger", env,
			 *head ? head : "(unreadable)");
		rfa_error_where(err, "%s", env);
		rc = rfa_error_hint(err, "this copy is older, was cut short or was altered: use "
					 "the one that deployed there last");
	}
	json_decref(kept);
	return rc;
}

/* "same", "differs", "not there": the image that a container runs against the one recorded. */
static int judge_identity(struct rfa_host *host, const json_t *image, const json_t *container,
			  const char **verdict, struct rfa_error *err)
{
	const char *runs = rfa_facts_str(container, "image", "");
	json_t *kept = NULL;

	*verdict = "not there";
	if (!*runs)
		return 0;
	*verdict = strcmp(runs, rfa_facts_str(image, "id", "")) == 0 ? "same" : "differs";
	if (strcmp(*verdict, "same") == 0 || !*rfa_facts_str(image, "pin", ""))
		return 0;
	/* Another image store has another id for the same image: the pin tells. */
	int rc =
	    host->engine->inspect(host, RFA_IMAGE, rfa_facts_str(image, "pin", ""), &kept, err);
	if (rc == 0 && strcmp(rfa_facts_str(kept, "Id", "?"), runs) == 0)
		*verdict = "same";
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	json_decref(kept);
	return rc;
}

/* The same, and whether it runs. */
static int judge_container(struct rfa_host *host, const json_t *image, const json_t *container,
			   const char **verdict, struct rfa_error *err)
{
	int rc = judge_identity(host, image, container, verdict, err);
	if (rc == 0 && strcmp(*verdict, "same") == 0 &&
	    strcmp(rfa_facts_str(container, "state", "-"), "running") != 0 &&
	    !(rfa_facts_bool(image, "ends", 0) && rfa_facts_bool(container, "ended", 0)))
		*verdict = "does not run";
	return rc;
}

/* All containers of one image of the record: *container is the first that is wrong, else the first.
 */
static int judge_image(struct rfa_host *host, const json_t *image, const json_t *containers,
		       const json_t **container, const char **verdict, struct rfa_error *err)
{
	const char *key = rfa_facts_str(image, "key", "");
	json_t *one;
	size_t i;

	*container = rfa_observe_find(containers, key);
	int rc = judge_container(host, image, *container, verdict, err);
	json_array_foreach ((json_t *)containers, i, one) {
		if (rc < 0 || strcmp(*verdict, "same") != 0)
			break;
		if (strcmp(rfa_facts_str(one, "key", ""), key) != 0)
			continue;
		*container = one;
		rc = judge_container(host, image, one, verdict, err);
	}
	return rc;
}

static int judge_images(struct rfa_host *host, const json_t *recorded, const json_t *containers,
			json_t *lines, int *differ, struct rfa_error *err)
{
	json_t *image;
	size_t i;
	json_array_foreach (json_object_get(recorded, "images"), i, image) {
		const char *verdict = "";
		const json_t *container = NULL;
		int rc = judge_image(host, image, containers, &container, &verdict, err);
		if (rc < 0)
			return rc;
		*differ += strcmp(verdict, "same") != 0;
		json_array_append_new(lines,
				      json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "env",
						rfa_facts_str(recorded, "env", ""), "what",
						rfa_facts_str(image, "key", ""), "verdict", verdict,
						"state", rfa_facts_str(container, "state", "-"),
						"ledger", rfa_facts_str(image, "ref", ""), "runs",
						rfa_facts_str(container, "ref", "-")));
	}
	return 0;
}

static int check_stack(struct rfa_cli *cli, struct rfa_host *host, const char *env,
		       const char *stack, json_t *lines, struct rfa_error *err)
{
	json_t *recorded = NULL, *side = NULL, *containers = NULL;
	char path[200];
	int differ = 0;

	snprintf(path, sizeof(path), "environments/%.64s/%.64s.json", env, stack);
	int rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_catalog_read(cli->ledger, path, &recorded, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger",
			 "the ledger knows of no deployment of %s to %s", stack, env);
		rc = rfa_error_hint(err, "rfa status");
	}
	if (rc == 0)
		rc = rfa_config_side(cli->config, env, stack, &side, err);
	if (rc == 0)
		rc = rfa_observe_stack(host, json_object_get(side, "stack"), &containers, err);
	if (rc == 0)
		rc = judge_images(host, recorded, containers, lines, &differ, err);
	if (rc == 0 && differ) {
		rfa_fail(err, RFA_EMISMATCH, "verify",
			 "%s on %s is not what the ledger says: %d container%s differ%s", stack,
			 env, differ, differ == 1 ? "" : "s", differ == 1 ? "s" : "");
		rfa_error_where(err, "%s", env);
		rc = rfa_error_hint(err,
				    "somebody changed it by hand? `rfa show %s`, then deploy "
				    "again or roll back",
				    rfa_facts_str(recorded, "run", ""));
	}
	json_decref(recorded);
	json_decref(side);
	json_decref(containers);
	return rc;
}

/* The command. */

static int known_stack(struct rfa_cli *cli, const char *env, const char *stack)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	struct rfa_error ignored;
	char path[200];
	snprintf(path, sizeof(path), "environments/%.64s/%.64s.json", env, stack);
	int there = rfa_ledger_read(cli->ledger, path, &text, &ignored) == 0;
	rfa_buf_release(&text);
	return there;
}

/* One environment: its head, then one stack, or all that the ledger knows there. */
static int check_env(struct rfa_cli *cli, const char *env, const char *stack, json_t *lines,
		     struct rfa_error *err)
{
	struct rfa_host *host = NULL;
	const char *name;
	json_t *value;
	int rc = rfa_hosts_open(cli, env, &host, err);

	if (rc == 0)
		rc = check_head(cli, host, env, lines, err);
	if (rc == 0 && stack)
		rc = check_stack(cli, host, env, stack, lines, err);
	json_object_foreach (json_object_get(cli->config->root, "stacks"), name, value) {
		if (rc == 0 && !stack && strncmp(name, "x-", 2) != 0 && known_stack(cli, env, name))
			rc = check_stack(cli, host, env, name, lines, err);
	}
	rfa_host_free(host);
	return rc;
}

static int print_lines(struct rfa_cli *cli, const json_t *lines, struct rfa_error *err)
{
	static const char *const heads[] = { "env",   "container", "ledger", "runs",
					     "state", "verdict",   NULL };
	static const char *const keys[] = { "env", "what", "ledger", "runs", "state", "verdict" };
	struct rfa_table table;
	json_t *line;
	size_t i;
	int rc = 0;

	rfa_table_init(&table, heads);
	json_array_foreach ((json_t *)lines, i, line) {
		int same = strcmp(rfa_facts_str(line, "verdict", ""), "same") == 0;
		for (size_t k = 0; k < 6; k++)
			rfa_table_cell(&table, rfa_facts_str(line, keys[k], "-"),
				       k < 5  ? RFA_PLAIN
				       : same ? RFA_GREEN
					      : RFA_RED);
	}
	if (json_array_size(lines) > 0)
		rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

static int check_hosts(struct rfa_cli *cli, const char *stack, json_t *document,
		       struct rfa_error *err)
{
	const char *wanted = rfa_cli_option(cli, "env"), *env;
	json_t *lines = json_array(), *value;
	struct rfa_error one;
	int rc = rfa_cli_config(cli, err);

	if (rc == 0 && stack)
		rc = rfa_config_has_stack(cli->config, stack, err);
	if (rc == 0 && wanted)
		rc = rfa_config_has_env(cli->config, wanted, err);
	if (rc < 0) {
		json_decref(lines);
		return rc;
	}
	/* All of them are looked at; the first that is wrong is the answer. */
	json_object_foreach (json_object_get(cli->config->root, "environments"), env, value) {
		if (strncmp(env, "x-", 2) == 0 || (wanted && strcmp(env, wanted) != 0) ||
		    (stack && !wanted && !known_stack(cli, env, stack)))
			continue;
		int env_rc = check_env(cli, env, stack, lines, &one);
		if (env_rc < 0 && rc == 0) {
			rc = env_rc;
			*err = one;
		}
	}
	if (!cli->out.json && print_lines(cli, lines, &one) < 0 && rc == 0) {
		rc = -(int)one.code;
		*err = one;
	}
	json_object_set_new(document, "hosts", lines);
	return rc;
}

static int verify(struct rfa_cli *cli, int hosts, const char *stack, struct rfa_error *err)
{
	json_t *document = json_object();
	struct rfa_error ignored;
	int rc = verify_ledger(cli, document, err);

	if (rc == 0 && hosts)
		rc = check_hosts(cli, stack, document, err);
	json_object_set_new(document, "ok", json_boolean(rc == 0));
	if (cli->out.json && (rc == 0 || rc == -(int)RFA_ECORRUPT || rc == -(int)RFA_EMISMATCH) &&
	    rfa_out_json(&cli->out, document, &ignored) < 0 && rc == 0) {
		*err = ignored;
		rc = -(int)ignored.code;
	}
	json_decref(document);
	return rc;
}

static int run_verify(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *stack = rfa_cli_word(cli, 0);
	int hosts = stack || rfa_cli_option(cli, "hosts") || rfa_cli_option(cli, "env");
	return verify(cli, hosts, stack, err);
}

static const struct rfa_option verify_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "only this environment" },
	{ "hosts", 0, NULL, NULL, NULL, "ask every host; implied by a stack or --env" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_verify = {
	.name = "verify",
	.group = "look",
	.words = "[STACK]",
	.summary = "is the ledger whole, and do the hosts run what it says?",
	.details = "Checks the ledger (as `rfa ledger verify`). With --hosts, a stack or --env it "
		   "also asks\n"
		   "the hosts: the image that each container runs against the one recorded, and "
		   "whether the\n"
		   "ledger's head that the last run left on the host is part of this ledger.",
	.options = verify_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa verify ragflowauth --env prod", "does prod run what the ledger says?" },
		{ "rfa verify --hosts", "the ledger, and everything everywhere" },
		{ "rfa verify --hosts --json", "for a monitor: exit status 0 means true" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.max_words = 1,
	.run = run_verify,
};

static int run_ledger_verify(struct rfa_cli *cli, struct rfa_error *err)
{
	return verify(cli, rfa_cli_option(cli, "hosts") != NULL, NULL, err);
}

static const struct rfa_option ledger_verify_options[] = {
	{ "hosts", 0, NULL, NULL, NULL, "compare with what the hosts keep, too" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_ledger_verify = {
	.name = "ledger verify",
	.group = "ledger and locks",
	.words = "",
	.summary = "check the ledger: objects, chains, digests, legal paths",
	.options = ledger_verify_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa ledger verify",
		  "every finding, a line each; exit status 10 if there is one" },
		{ "rfa ledger verify --hosts", "was history rewritten since a host last saw it?" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.run = run_ledger_verify,
};

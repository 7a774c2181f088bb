/* The commands that put other data in the place of a stack's own: data, restore, drill, prune. */
#include <stdlib.h>
#include <string.h>

#include "cli/drive.h"
#include "cli/foretell.h"
#include "cli/known.h"
#include "cli/plan.h"
#include "cli/points.h"
#include "cli/suggest.h"
#include "cli/vault.h"

/* Says what will happen, asks, and begins; --dry-run ends behind the first of the three. */
static int ask_and_begin(struct rfa_cli *cli, const json_t *plan, const char *env, const char *what,
			 struct rfa_error *err)
{
	char forced[256];
	if (rfa_cli_option(cli, "dry-run"))
		return 0;
	snprintf(forced, sizeof(forced), "%s Gates that may be forced will be.", what);
	int rc = rfa_cli_confirm(cli, env,
				 rfa_facts_at(plan, "options/force_reason") ? forced : what, err);
	return rc < 0 ? rc : rfa_cli_begin(cli, plan, err);
}

/* ---- data ------------------------------------------------------------------------------------ */

static int data_plan(struct rfa_cli *cli, struct rfa_plan_ask *ask, json_t **plan,
		     struct rfa_error *err)
{
	char proof[RFA_TIME_MAX] = "";
	int rc = rfa_plan_sides(cli, ask, err);
	if (rc == 0)
		rc = rfa_plan_force(cli, ask, err);
	if (rc == 0)
		rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_known_proof(cli, ask->to, ask->stack, proof, err);
	ask->proven_drill_at = *proof ? proof : NULL;
	if (rc == 0)
		rc = rfa_config_plan(cli->config, ask, plan, err);
	ask->proven_drill_at = NULL;
	if (rc == 0)
		rc = rfa_data_has(json_object_get(*plan, "source"), err);
	if (rc == 0)
		rc = rfa_data_has(json_object_get(*plan, "target"), err);
	if (rc == 0)
		rc = rfa_data_same(json_object_get(*plan, "source"),
				   json_object_get(*plan, "target"), err);
	return rc;
}

static int run_data(struct rfa_cli *cli, struct rfa_error *err)
{
	struct rfa_plan_ask ask = { .flow = "data", .stack = rfa_cli_word(cli, 0) };
	json_t *plan = NULL;
	int rc = data_plan(cli, &ask, &plan, err);

	if (rc == 0)
		rfa_foretell_data(cli, plan);
	if (rc == 0)
		rc = ask_and_begin(cli, plan, ask.to,
				   "The data of this environment will be replaced.", err);
	json_decref(plan);
	return rc;
}

static const struct rfa_option data_options[] = {
	{ "from", 0, "ENV", NULL, NULL, "the environment whose data is taken" },
	{ "to", 0, "ENV", NULL, NULL, "the environment that gets it" },
	{ "dry-run", 'n', NULL, NULL, NULL, "only say what would happen" },
	{ "force", 0, NULL, NULL, NULL, "pass gates that may be forced" },
	{ "reason", 0, "TEXT", NULL, NULL, "why; required with --force, kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_data = {
	.name = "data",
	.group = "data",
	.words = "STACK --from ENV --to ENV",
	.summary = "bring the data of one environment to another",
	.details =
	    "The source stops for a snapshot only, and runs again before anything travels. The\n"
	    "target stops for a few renames, however much data there is. What it had stays\n"
	    "beside the new data as a rollback point. Asks for the target's name.",
	.options = data_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa data ragflowauth --from test --to prod", "asks for \"prod\"" },
		{ "rfa data ragflowauth --from test --to prod --dry-run",
		  "what would stop, what would be replaced, what the way back is" },
		{ "rfa data ragflowauth --from test --to prod --yes prod", "from a script" },
		{ "rfa data ragflowauth --from test --to prod --force --reason \"demo at 9\"",
		  "although no drill has proven a backup lately" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_data,
};

/* ---- restore and drill ----------------------------------------------------------------------- */

/* What --member asks for, as a list that names each once; null for everything. */
static int chosen_members(const struct rfa_cli *cli, const json_t *known, json_t **out,
			  struct rfa_error *err)
{
	json_t *list = json_object();
	const char *name;
	for (size_t i = 0; (name = rfa_args_nth(&cli->args, "member", i)) != NULL; i++) {
		struct rfa_suggestion s = { name, NULL, 0 };
		const char *one;
		json_t *value;
		json_object_foreach ((json_t *)known, one, value)
			rfa_suggest_offer(&s, one);
		if (json_object_get(known, name)) {
			json_object_set_new(list, name, json_null());
			continue;
		}
		json_decref(list);
		rfa_fail(err, RFA_ENOTFOUND, "config", "the data has no member \"%.60s\"", name);
		if (s.best)
			return rfa_error_mend(err, "did you mean --member %s?", s.best);
		return rfa_error_mend(err, "rfa.json names them: \"data\": {\"members\": {…}}");
	}
	*out = json_object_size(list) > 0 ? json_array() : json_null();
	json_t *unused;
	json_object_foreach (list, name, unused)
		json_array_append_new(*out, json_string(name));
	json_decref(list);
	return 0;
}

/* Each member that is to come back must be in the backup. */
static int holds(const json_t *backup, const json_t *wanted, struct rfa_error *err)
{
	json_t *name, *member;
	size_t i, j;
	json_array_foreach ((json_t *)wanted, i, name) {
		int there = 0;
		json_array_foreach (rfa_facts_at(backup, "manifest/members"), j, member)
			there |=
			    strcmp(rfa_facts_str(member, "name", ""), json_string_value(name)) == 0;
		if (there)
			continue;
		rfa_fail(err, RFA_ENOTFOUND, "vault", "the backup %.100s has no member \"%.40s\"",
			 rfa_facts_str(backup, "backup", ""), json_string_value(name));
		return rfa_error_mend(err, "choose another with --backup, or fewer with --member");
	}
	return 0;
}

/* Whose backup: of --of, else of the one that --backup names, else of the environment itself. */
static int owner_of(struct rfa_cli *cli, const char *env, char into[64], struct rfa_error *err)
{
	const char *of = rfa_cli_option(cli, "of"), *named = rfa_cli_option(cli, "backup");
	struct rfa_backup_id id;
	struct rfa_buf safe = RFA_BUF_INIT(1024);

	if (named && rfa_backup_id_parse(named, &id) < 0) {
		rfa_fail(err, RFA_EUSAGE, "cli", "\"%s\" is not the id of a backup",
			 rfa_out_safe(&safe, named, 100));
		rfa_buf_release(&safe);
		return rfa_error_mend(err, "`rfa backup list` lists them");
	}
	if (named && strcmp(id.set, "data") != 0) {
		rfa_fail(err, RFA_EUSAGE, "cli", "%s holds images, no data", named);
		return rfa_error_mend(err, "choose one that ends with -data");
	}
	if (named && of && strcmp(id.env, of) != 0) {
		rfa_fail(err, RFA_EUSAGE, "cli", "%s is a backup of \"%s\", not of \"%s\"", named,
			 id.env, of);
		return rfa_error_mend(err, "leave --of out");
	}
	snprintf(into, 64, "%s", of ? of : named ? id.env : env);
	return rfa_config_has_env(cli->config, into, err);
}

/* One question to the vault, so that what is said before the question names the very backup. */
static int choose(struct rfa_cli *cli, const char *of, const char *stack, const json_t *members,
		  json_t **options, struct rfa_error *err)
{
	struct rfa_open_vault vault;
	const json_t *backup = NULL;
	int rc = rfa_vault_open(cli, of, stack, &vault, err);

	if (rc == 0)
		rc = rfa_vault_choose(&vault, rfa_cli_option(cli, "backup"), "data", &backup, err);
	if (rc == 0)
		rc = holds(backup, members, err);
	if (rc == 0) {
		*options = json_pack("{s:s,s:s,s:O}", "vault", vault.at.path, "backup",
				     rfa_facts_str(backup, "backup", ""), "members", members);
		rc = *options ? 0 : rfa_fail_nomem(err);
	}
	rfa_vault_close(&vault);
	return rc;
}

static int known_members(struct rfa_cli *cli, const char *env, const char *stack, json_t **members,
			 struct rfa_error *err)
{
	json_t *side = NULL;
	int rc = rfa_config_side(cli->config, env, stack, &side, err);
	if (rc == 0)
		rc = rfa_data_has(side, err);
	if (rc == 0)
		rc = chosen_members(cli, rfa_facts_at(side, "stack/data/members"), members, err);
	json_decref(side);
	return rc;
}

static int vault_plan(struct rfa_cli *cli, struct rfa_plan_ask *ask, json_t **plan,
		      struct rfa_error *err)
{
	json_t *members = NULL, *options = NULL;
	struct rfa_vault vault = { .keep = NULL };
	char of[64], *state = NULL;
	int rc = rfa_cli_config(cli, err);

	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, ask->stack, err);
	if (rc == 0)
		rc = rfa_cli_need(cli, "env", &ask->to, err);
	if (rc == 0)
		rc = rfa_config_has_env(cli->config, ask->to, err);
	if (rc == 0)
		rc = rfa_plan_force(cli, ask, err);
	if (rc == 0)
		rc = owner_of(cli, ask->to, of, err);
	if (rc == 0)
		rc = known_members(cli, ask->to, ask->stack, &members, err);
	if (rc == 0)
		rc = rfa_config_vault(cli->config, of, ask->stack, &vault, err);
	if (rc == 0)
		rc = rfa_vault_side(cli, &vault, &ask->from, ask, &state, err);
	if (rc == 0)
		rc = choose(cli, of, ask->stack, members, &options, err);
	ask->options = options;
	if (rc == 0)
		rc = rfa_config_plan(cli->config, ask, plan, err);
	json_decref(members);
	json_decref(options);
	rfa_vault_release(&vault);
	free(state);
	ask->options = NULL;
	ask->from = ask->operator_state = ask->operator_stack = NULL;
	return rc;
}

static int run_restore(struct rfa_cli *cli, struct rfa_error *err)
{
	struct rfa_plan_ask ask = { .flow = "restore", .stack = rfa_cli_word(cli, 0) };
	json_t *plan = NULL;
	int rc = vault_plan(cli, &ask, &plan, err);

	if (rc == 0)
		rfa_foretell_restore(cli, plan);
	if (rc == 0)
		rc = ask_and_begin(cli, plan, ask.to,
				   "The data of this environment will be replaced.", err);
	json_decref(plan);
	return rc;
}

static const struct rfa_option restore_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment that gets the data" },
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	{ "of", 0, "ENV", NULL, NULL, "whose backups; default: those of --env" },
	{ "member", 0, "NAME...", NULL, NULL, "only this piece of the data; may be given again" },
	{ "dry-run", 'n', NULL, NULL, NULL, "only say what would happen" },
	{ "force", 0, NULL, NULL, NULL, "pass gates that may be forced" },
	{ "reason", 0, "TEXT", NULL, NULL, "why; required with --force, kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_restore = {
	.name = "restore",
	.group = "data",
	.words = "STACK --env ENV",
	.summary = "put a backup in the place of the data",
	.details =
	    "Every byte of the backup is compared with its sums first. Then as `rfa data` does:\n"
	    "the stack stops for a few renames, and what it had stays beside the new data as a\n"
	    "rollback point. Asks for the environment's name.",
	.options = restore_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa restore ragflowauth --env prod", "the newest backup of prod" },
		{ "rfa restore ragflowauth --env prod --backup 20261122-023000-prod-data --member "
		  "auth",
		  "one piece of an older one" },
		{ "rfa restore ragflowauth --env test --of prod --yes test",
		  "the newest of prod into test, from a script" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_restore,
};

static int run_drill(struct rfa_cli *cli, struct rfa_error *err)
{
	struct rfa_plan_ask ask = { .flow = "drill", .stack = rfa_cli_word(cli, 0) };
	json_t *plan = NULL;
	int rc = vault_plan(cli, &ask, &plan, err);

	if (rc == 0)
		rfa_foretell_drill(cli, plan);
	if (rc == 0)
		rc = ask_and_begin(
		    cli, plan, ask.to,
		    "This environment will serve the backup's data for as long as the checks take.",
		    err);
	json_decref(plan);
	return rc;
}

static const struct rfa_option drill_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment that tries it out" },
	{ "of", 0, "ENV", NULL, NULL, "whose backup; default: that of --env" },
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	{ "dry-run", 'n', NULL, NULL, NULL, "only say what would happen" },
	{ "force", 0, NULL, NULL, NULL, "pass gates that may be forced" },
	{ "reason", 0, "TEXT", NULL, NULL, "why; required with --force, kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_drill = {
	.name = "drill",
	.group = "data",
	.words = "STACK --env ENV [--of ENV]",
	.summary = "prove a backup: restore it, check it, put everything back",
	.details =
	    "The environment serves the backup's data for as long as the health checks take, and\n"
	    "has its own back at the end, whatever comes of it. The ledger keeps whether the\n"
	    "backup is proven; `rfa status` shows how long ago that was, and the gate\n"
	    "proven_drill_days can require it. Asks for the environment's name.",
	.options = drill_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa drill ragflowauth --env test --of prod", "prod's newest backup, on test" },
		{ "rfa drill ragflowauth --env test --of prod --yes test", "from a script" },
		{ "rfa drill ragflowauth --env test --dry-run", "what would happen" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_drill,
};

/* ---- prune ----------------------------------------------------------------------------------- */

static int run_prune(struct rfa_cli *cli, struct rfa_error *err)
{
	struct rfa_plan_ask ask = { .flow = "prune", .stack = rfa_cli_word(cli, 0) };
	json_t *plan = NULL, *going = NULL;
	int rc = rfa_cli_config(cli, err);

	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, ask.stack, err);
	if (rc == 0)
		rc = rfa_cli_need(cli, "env", &ask.to, err);
	if (rc == 0)
		rc = rfa_config_has_env(cli->config, ask.to, err);
	if (rc == 0)
		rc = rfa_config_plan(cli->config, &ask, &plan, err);
	if (rc == 0)
		rc = rfa_data_has(json_object_get(plan, "target"), err);
	if (rc == 0)
		rc = rfa_points_old_data(
		    cli, ask.to, ask.stack,
		    (size_t)rfa_facts_int(plan, "target/stack/data/keep_generations", 1), &going,
		    err);
	if (rc == 0)
		rfa_foretell_prune(cli, plan, going);
	if (rc == 0)
		rc = ask_and_begin(cli, plan, ask.to,
				   "These rollback points, and their data, will be gone for good.",
				   err);
	json_decref(plan);
	json_decref(going);
	return rc;
}

static const struct rfa_option prune_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "dry-run", 'n', NULL, NULL, NULL, "only say what would go" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_prune = {
	.name = "prune",
	.group = "data",
	.words = "STACK --env ENV",
	.summary = "remove data that was replaced, but for the newest",
	.details = "Leaves as many generations as \"data\": {\"keep_generations\": N} says, and "
		   "never touches\nthe data that serves. Asks for the environment's name.",
	.options = prune_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa prune ragflowauth --env prod --dry-run", "what would go" },
		{ "rfa prune ragflowauth --env prod", "remove it; asks for \"prod\"" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_prune,
};

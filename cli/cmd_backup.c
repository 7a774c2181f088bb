/* The commands about backups: making one is a run, looking at them asks the vault itself. */
#include <stdlib.h>
#include <string.h>

#include "cli/drive.h"
#include "cli/foretell.h"
#include "cli/known.h"
#include "cli/plan.h"
#include "cli/prune.h"
#include "cli/suggest.h"
#include "cli/unattended.h"
#include "cli/vault.h"

/* Which of a name's environments and stacks are meant; loads rfa.json. */
static int named(struct rfa_cli *cli, const char **stack, const char **env, struct rfa_error *err)
{
	struct rfa_suggestion s = { rfa_cli_word(cli, 0), NULL, 0 };
	int rc = rfa_cli_config(cli, err);
	*stack = s.typed;
	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, *stack, err);
	if (rc < 0) {
		/* `rfa backup lits shop`: no stack, but nearly a command. */
		rfa_verb_suggest(cli->command->name, &s);
		if (rc == -(int)RFA_ENOTFOUND && s.best && s.distance > 0)
			return rfa_error_mend(err, "did you mean `rfa %s %s`?", cli->command->name,
					      s.best);
		return rc;
	}
	rc = rfa_cli_need(cli, "env", env, err);
	return rc < 0 ? rc : rfa_config_has_env(cli->config, *env, err);
}

/* ---- making one ------------------------------------------------------------------------------ */

static void name_backup(const struct rfa_cli *cli, const char *env, const char *set, char into[128])
{
	char at[RFA_TIME_MAX];
	rfa_time_compact(cli->clock->wall_ms(cli->clock), at);
	snprintf(into, 128, "%s-%s-%s", at, env, set);
}

static int backup_plan(struct rfa_cli *cli, struct rfa_plan_ask *ask, const char *set,
		       json_t **plan, struct rfa_error *err)
{
	struct rfa_vault vault = { .keep = NULL };
	char id[128], known[128] = "", *state = NULL;
	json_t *options = NULL, *pins = NULL;
	int rc = rfa_config_vault(cli->config, ask->from, ask->stack, &vault, err);

	if (rc == 0)
		rc = rfa_known_pins(cli, ask->from, ask->stack, &pins, err);
	if (rc == 0)
		rc = rfa_vault_side(cli, &vault, &ask->to, ask, &state, err);
	if (rc == 0)
		rc =
		    rfa_known_in_vault(cli, ask->from, ask->stack, ask->to, vault.path, known, err);
	if (rc == 0) {
		name_backup(cli, ask->from, set, id);
		options = json_pack("{s:s,s:s,s:s,s:s,s:O?,s:O}", "set", set, "vault", vault.path,
				    "backup", id, "known", known, "retention", vault.keep, "pinned",
				    pins);
		rc = options ? 0 : rfa_fail_nomem(err);
	}
	ask->options = options;
	if (rc == 0)
		rc = rfa_config_plan(cli->config, ask, plan, err);
	if (rc == 0 && strcmp(set, "data") == 0)
		rc = rfa_data_has(json_object_get(*plan, "source"), err);
	ask->options = NULL;
	ask->to = ask->operator_state = ask->operator_stack = NULL;
	json_decref(options);
	json_decref(pins);
	rfa_vault_release(&vault);
	free(state);
	return rc;
}

/* What a backup is asked to be. */
struct asked {
	const char *stack, *env, *set;
};

static int make_plan(struct rfa_cli *cli, void *user, json_t **plan, struct rfa_error *err)
{
	const struct asked *asked = user;
	struct rfa_plan_ask ask = { .flow = "backup", .stack = asked->stack, .from = asked->env };
	int rc = rfa_plan_force(cli, &ask, err);
	return rc < 0 ? rc : backup_plan(cli, &ask, asked->set, plan, err);
}

/* What is said of a backup before it begins: the vault is asked what would go behind it. */
static int show_plan(struct rfa_cli *cli, const struct asked *asked, const json_t *plan,
		     struct rfa_error *err)
{
	struct rfa_open_vault vault;
	rfa_foretell_backup(cli, plan);
	int rc = rfa_vault_open(cli, asked->env, asked->stack, &vault, err);
	if (rc == 0)
		rc = rfa_prune_show(cli, &vault, asked->set,
				    rfa_facts_str(plan, "options/backup", ""), err);
	rfa_vault_close(&vault);
	return rc;
}

static int run_backup(struct rfa_cli *cli, struct rfa_error *err)
{
	struct asked asked = { .set = rfa_cli_option(cli, "set") };
	json_t *plan = NULL;
	int rc = named(cli, &asked.stack, &asked.env, err);

	asked.set = asked.set ? asked.set : "data";
	if (rc < 0)
		return rc;
	if (rfa_cli_option(cli, "unattended"))
		return rfa_cli_unattended(cli, make_plan, &asked, err);
	rc = make_plan(cli, &asked, &plan, err);
	if (rc == 0 && rfa_cli_option(cli, "dry-run"))
		rc = show_plan(cli, &asked, plan, err);
	else if (rc == 0)
		rc = rfa_cli_begin(cli, plan, err);
	json_decref(plan);
	return rc;
}

static const struct rfa_option backup_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment whose stack is backed up" },
	{ "set", 0, "SET", NULL, "data|images", "data (the default) or the images that run" },
	{ "unattended", 0, NULL, NULL, NULL,
	  "for timers: wait for a lock, carry on by itself when a line is cut" },
	{ "dry-run", 'n', NULL, NULL, NULL,
	  "only say what would happen, and which backups would be removed" },
	{ "force", 0, NULL, NULL, NULL, "pass gates that may be forced" },
	{ "reason", 0, "TEXT", NULL, NULL, "why; required with --force, kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_backup = {
	.name = "backup",
	.group = "data",
	.words = "STACK --env ENV",
	.summary = "back a stack's data or its images up",
	.details =
	    "The stack stops for a snapshot only; a backup of the images stops nothing. Chunks\n"
	    "that an earlier backup has are not stored again, and yet each backup is whole by\n"
	    "itself. It is read back and compared before the run succeeds; then those that the\n"
	    "rules in rfa.json (\"backup\": {\"keep\": …}) do not keep any more are removed.\n"
	    "With --unattended a run that is interrupted is resumed every minute, for an hour, "
	    "and\n"
	    "one that an earlier night left half-way is finished first.",
	.options = backup_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa backup ragflowauth --env prod", "the data" },
		{ "rfa backup ragflowauth --env prod --set images", "the images that run" },
		{ "rfa backup ragflowauth --env prod --dry-run", "what would happen" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_backup,
};

/* ---- list ------------------------------------------------------------------------------------ */

static json_t *entry_of(const struct rfa_cli *cli, const json_t *backup)
{
	const json_t *manifest = json_object_get(backup, "manifest");
	const char *name = rfa_facts_str(backup, "backup", "");
	int whole = json_is_object(manifest);
	char at[RFA_TIME_MAX] = "";
	struct rfa_backup_id id;
	int64_t age = -1;

	if (rfa_backup_id_parse(name, &id) == 0) {
		rfa_time_iso(id.at_ms, at);
		age = (cli->clock->wall_ms(cli->clock) - id.at_ms) / 1000;
	} else {
		id.env[0] = id.set[0] = '\0';
	}
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:b,s:I,s:O?}", "backup", name, "env", id.env, "set",
			 id.set, "at", at, "age_s", (json_int_t)age, "complete", whole, "bytes",
			 (json_int_t)rfa_vault_bytes(backup), "manifest", whole ? manifest : NULL);
}

static void add_row(const struct rfa_cli *cli, struct rfa_table *table, const json_t *entry)
{
	struct rfa_buf names = RFA_BUF_INIT(8192);
	int whole = rfa_facts_bool(entry, "complete", 0);
	char text[RFA_SHORT_MAX];

	rfa_foretell_names(&names, rfa_facts_at(entry, "manifest/members"));
	rfa_table_cell(table, rfa_facts_str(entry, "backup", ""), RFA_BOLD);
	rfa_table_cell(table, rfa_facts_str(entry, "set", "-"), RFA_PLAIN);
	rfa_table_cell(table, rfa_known_age(cli, rfa_facts_str(entry, "at", ""), text), RFA_PLAIN);
	rfa_table_cell(table, RFA_SIZE(rfa_facts_int(entry, "bytes", 0)), RFA_PLAIN);
	rfa_table_cell(table, whole ? "complete" : "not complete", whole ? RFA_GREEN : RFA_YELLOW);
	rfa_table_cell(table, rfa_buf_str(&names), RFA_PLAIN);
	rfa_buf_release(&names);
}

static int print_list(struct rfa_cli *cli, const struct rfa_open_vault *vault, const json_t *list,
		      struct rfa_error *err)
{
	static const char *const heads[] = { "backup", "set", "age", "bytes", "is", "holds", NULL };
	struct rfa_table table;
	json_t *entry;
	size_t i;
	int rc = 0;

	rfa_table_init(&table, heads);
	json_array_foreach ((json_t *)list, i, entry)
		add_row(cli, &table, entry);
	if (json_array_size(list) == 0)
		rfa_out_say(&cli->out, "%s on %s has no backup in %s on %s", vault->stack,
			    vault->at.env, vault->at.path, vault->host->name);
	else
		rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

static int run_list(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *set = rfa_cli_option(cli, "set"), *stack, *env;
	struct rfa_open_vault vault = { .host = NULL };
	json_t *list = json_array();
	int rc = named(cli, &stack, &env, err);

	if (rc == 0)
		rc = rfa_vault_open(cli, env, stack, &vault, err);
	/* The vault's own order is oldest first; a person wants the newest. */
	for (size_t i = json_array_size(vault.all); rc == 0 && i-- > 0;) {
		const json_t *backup = json_array_get(vault.all, i);
		if (rfa_cli_option(cli, "all") || rfa_vault_is(&vault, backup, set))
			json_array_append_new(list, entry_of(cli, backup));
	}
	if (rc == 0)
		rc = cli->out.json ? rfa_out_json(&cli->out, list, err)
				   : print_list(cli, &vault, list, err);
	json_decref(list);
	rfa_vault_close(&vault);
	return rc;
}

static const struct rfa_option list_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "set", 0, "SET", NULL, "data|images", "only these" },
	{ "all", 0, NULL, NULL, NULL, "whatever the vault holds, of other environments too" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_backup_list = {
	.name = "backup list",
	.group = "data",
	.words = "STACK --env ENV",
	.summary = "the backups that are in the vault, newest first",
	.options = list_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa backup list ragflowauth --env prod", "those of prod" },
		{ "rfa backup list ragflowauth --env prod --set images --json", "for a program" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_list,
};

/* ---- verify ---------------------------------------------------------------------------------- */

static void say_verdict(const struct rfa_out *o, const char *name, const json_t *answer)
{
	int good = rfa_facts_bool(answer, "ok", 0);
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	json_t *problem;
	size_t i;

	rfa_out_say(o, "%s%s%s %s, %s in %d chunks",
		    rfa_out_style(o, o->out, good ? RFA_GREEN : RFA_RED), good ? "whole" : "broken",
		    rfa_out_style(o, o->out, RFA_PLAIN), rfa_out_safe(&safe, name, 100),
		    RFA_SIZE(rfa_facts_int(answer, "bytes", 0)),
		    (int)rfa_facts_int(answer, "chunks", 0));
	json_array_foreach (json_object_get(answer, "problems"), i, problem)
		rfa_out_say(o, "  %s", rfa_out_safe(&safe, json_string_value(problem), 400));
	rfa_buf_release(&safe);
}

/* Reading all of it takes long, so it is a job there: of no run, under an id like one. */
static int verify_one(struct rfa_cli *cli, struct rfa_open_vault *vault, const char *name,
		      json_t *answers, int *broken, struct rfa_error *err)
{
	char run[RFA_RUN_ID_MAX];
	struct rfa_job_key key = { run, "backup.verify", "1.verify" };
	struct rfa_error ignored;
	json_t *answer = NULL;

	rfa_run_id(cli->clock, run);
	int rc =
	    vault->host->ops->vault_verify(vault->host, &key, vault->at.path, name, &answer, err);
	if (vault->host->ops->run_remove(vault->host, run, &ignored) < 0)
		rfa_error_clear(&ignored); /* a folder of an id that nobody asks for again */
	if (rc < 0)
		return rc;
	*broken += !rfa_facts_bool(answer, "ok", 0);
	if (!cli->out.json)
		say_verdict(&cli->out, name, answer);
	rc = rfa_facts_set(answer, "backup", json_string(name), err);
	if (rc == 0)
		json_array_append(answers, answer);
	json_decref(answer);
	return rc;
}

static int verify_all(struct rfa_cli *cli, struct rfa_open_vault *vault, json_t *answers,
		      int *broken, struct rfa_error *err)
{
	json_t *backup;
	size_t i;
	int rc = 0;
	json_array_foreach (vault->all, i, backup) {
		const char *name = rfa_facts_str(backup, "backup", "");
		if (rc == 0 && json_is_object(json_object_get(backup, "manifest")) &&
		    rfa_vault_is(vault, backup, rfa_cli_option(cli, "set")))
			rc = verify_one(cli, vault, name, answers, broken, err);
	}
	return rc;
}

static int run_verify(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *set = rfa_cli_option(cli, "set"), *stack, *env;
	struct rfa_open_vault vault = { .host = NULL };
	const json_t *backup = NULL;
	json_t *answers = json_array();
	int broken = 0;
	int rc = named(cli, &stack, &env, err);

	if (rc == 0)
		rc = rfa_vault_open(cli, env, stack, &vault, err);
	if (rc == 0 && rfa_cli_option(cli, "all")) {
		rc = verify_all(cli, &vault, answers, &broken, err);
	} else if (rc == 0) {
		rc = rfa_vault_choose(&vault, rfa_cli_option(cli, "backup"), set ? set : "data",
				      &backup, err);
		if (rc == 0)
			rc = verify_one(cli, &vault, rfa_facts_str(backup, "backup", ""), answers,
					&broken, err);
	}
	if (rc == 0 && cli->out.json)
		rc = rfa_out_json(&cli->out, answers, err);
	if (rc == 0 && broken) {
		rfa_fail(err, RFA_ECORRUPT, "vault", "%d backup%s of %s on %s cannot be restored",
			 broken, broken == 1 ? "" : "s", stack, env);
		rc = rfa_error_mend(err, "make another: rfa backup %s --env %s", stack, env);
	}
	json_decref(answers);
	rfa_vault_close(&vault);
	return rc;
}

static const struct rfa_option verify_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	{ "set", 0, "SET", NULL, "data|images", "of the data (the default) or of the images" },
	{ "all", 0, NULL, NULL, NULL, "every complete one of this environment" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_backup_verify = {
	.name = "backup verify",
	.group = "data",
	.words = "STACK --env ENV",
	.summary = "read a backup and compare every byte with its sums",
	.details = "Each member or chunk that is missing, short, altered or too many is named, and "
		   "the exit\nstatus is 10. That an application can live on it is what `rfa drill` "
		   "proves.",
	.options = verify_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa backup verify ragflowauth --env prod", "the newest of the data" },
		{ "rfa backup verify ragflowauth --env prod --all --json", "all, for a program" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_verify,
};

/* ---- prune ----------------------------------------------------------------------------------- */

static int run_prune(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *set = rfa_cli_option(cli, "set"), *stack, *env;
	struct rfa_open_vault vault = { .host = NULL };
	int rc = named(cli, &stack, &env, err);

	if (rc == 0)
		rc = rfa_vault_open(cli, env, stack, &vault, err);
	if (rc == 0)
		rc = rfa_prune_vault(cli, &vault, set ? set : "data", err);
	rfa_vault_close(&vault);
	return rc;
}

static const struct rfa_option prune_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "set", 0, "SET", NULL, "data|images", "of the data (the default) or of the images" },
	{ "dry-run", 'n', NULL, NULL, NULL, "only show what stays, what goes, and why" },
	RFA_OPTION_END,
};

const struct rfa_verb rfa_cmd_backup_prune = {
	.name = "backup prune",
	.group = "data",
	.words = "STACK --env ENV",
	.summary = "remove the backups that the rules do not keep",
	.details =
	    "Each backup is shown with what keeps it; then this asks for the environment's name.\n"
	    "The newest complete one always stays, and so does what a rollback point or the last\n"
	    "proven drill names. What is not complete goes after two days. Every backup does this\n"
	    "at its end as well. It is a run: it can be resumed, and the ledger keeps what went.",
	.options = prune_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa backup prune ragflowauth --env prod --dry-run", "what would go, and why" },
		{ "rfa backup prune ragflowauth --env prod --yes prod", "from a script" },
		{ NULL, NULL },
	    },
	.flags = RFA_VERB_READS | RFA_VERB_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_prune,
};

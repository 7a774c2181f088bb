/* The commands that look at backups: they ask the vault itself. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands/vault.h"
#include "fsm/parts/backups.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/text.h"

/* List. */

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

	rfa_text_names(&names, rfa_facts_at(entry, "manifest/members"));
	rfa_table_cell(table, rfa_facts_str(entry, "backup", ""), RFA_BOLD);
	rfa_table_cell(table, rfa_facts_str(entry, "set", "-"), RFA_PLAIN);
	rfa_table_cell(table, rfa_cli_age(cli, rfa_facts_str(entry, "at", ""), text), RFA_PLAIN);
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
	int rc = rfa_cli_stack_env(cli, &stack, &env, err);

	if (rc == 0)
		rc = rfa_vault_open(cli, env, stack, &vault, err);
	/* The vault's own order is oldest first; a person wants the newest. */
	for (size_t i = json_array_size(vault.all); rc == 0 && i-- > 0;) {
		const json_t *backup = json_array_get(vault.all, i);
		if (rfa_cli_option(cli, "all") || rfa_backup_is(backup, vault.at.env, set))
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

const struct rfa_cli_command rfa_cmd_backup_list = {
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
	.flags = RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_list,
};

/* Verify. */

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
	int rc = vault->host->vault->verify(vault->host, &key, vault->at.path, name, &answer, err);
	if (vault->host->runs->remove(vault->host, run, &ignored) < 0)
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
		    rfa_backup_is(backup, vault->at.env, rfa_cli_option(cli, "set")))
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
	int rc = rfa_cli_stack_env(cli, &stack, &env, err);

	if (rc == 0)
		rc = rfa_vault_open(cli, env, stack, &vault, err);
	if (rc == 0 && rfa_cli_option(cli, "all")) {
		rc = verify_all(cli, &vault, answers, &broken, err);
	} else if (rc == 0) {
		struct rfa_backup_ask ask = { stack,
					      env,
					      rfa_cli_option(cli, "backup"),
					      set ? set : "data",
					      vault.at.path,
					      vault.host->name };
		rc = rfa_backup_choose(vault.all, &ask, &backup, err);
		if (rc == 0)
			rc = verify_one(cli, &vault, rfa_facts_str(backup, "backup", ""), answers,
					&broken, err);
	}
	if (rc == 0 && cli->out.json)
		rc = rfa_out_json(&cli->out, answers, err);
	if (rc == 0 && broken) {
		rfa_fail(err, RFA_ECORRUPT, "vault", "%d backup%s of %s on %s cannot be restored",
			 broken, broken == 1 ? "" : "s", stack, env);
		rc = rfa_error_hint(err, "make another: rfa backup %s --env %s", stack, env);
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

const struct rfa_cli_command rfa_cmd_backup_verify = {
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
	.flags = RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_verify,
};

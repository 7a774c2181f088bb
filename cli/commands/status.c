/* `rfa status`: what the ledger says is true now, of what runs and of what could be put back. */
#include <string.h>

#include "cli/commands/status_check.h"
#include "cli/frame/known.h"
#include "cli/notify/notify.h"
#include "cli/report/run_list.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/past.h"

/* Which stacks, where. */

/* Every "env/stack" that some run has left a word about; the keys of an object, in order. */
static int add_names(struct rfa_cli *cli, const char *folder, const char *env, json_t *into,
		     struct rfa_error *err)
{
	json_t *names = NULL, *name;
	char path[256], key[192];
	size_t i;

	snprintf(path, sizeof(path), "%s/%.64s", folder, env);
	int rc = rfa_ledger_names(cli->ledger, path, &names, err);
	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		snprintf(key, sizeof(key), "%.64s/%.*s", env, (int)strcspn(text, "."), text);
		json_object_set_new(into, key, json_null());
	}
	json_decref(names);
	return rc;
}

/* A vault on this machine is no environment, but what is in it came from some. */
static int add_owners(struct rfa_cli *cli, json_t *into, struct rfa_error *err)
{
	json_t *stacks = NULL, *stack, *names, *name;
	size_t i, j;
	int rc = rfa_ledger_names(cli->ledger, "backups/" RFA_OPERATOR, &stacks, err);
	json_array_foreach (stacks, i, stack) {
		char path[256], key[192];
		struct rfa_backup_id id;
		snprintf(path, sizeof(path), "backups/" RFA_OPERATOR "/%.64s",
			 json_string_value(stack));
		names = NULL;
		if (rc == 0)
			rc = rfa_ledger_names(cli->ledger, path, &names, err);
		json_array_foreach (names, j, name) {
			char text[128];
			snprintf(text, sizeof(text), "%.*s",
				 (int)strcspn(json_string_value(name), "."),
				 json_string_value(name));
			if (rfa_backup_id_parse(text, &id) < 0)
				continue;
			snprintf(key, sizeof(key), "%s/%.64s", id.env, json_string_value(stack));
			json_object_set_new(into, key, json_null());
		}
		json_decref(names);
	}
	json_decref(stacks);
	return rc;
}

static int add_folder(struct rfa_cli *cli, const char *folder, json_t *into, struct rfa_error *err)
{
	const char *only = rfa_cli_option(cli, "env");
	json_t *envs = NULL, *env;
	size_t i;
	if (only)
		return add_names(cli, folder, only, into, err);
	int rc = rfa_ledger_names(cli->ledger, folder, &envs, err);
	json_array_foreach (envs, i, env) {
		if (rc == 0 && strcmp(json_string_value(env), RFA_OPERATOR) != 0)
			rc = add_names(cli, folder, json_string_value(env), into, err);
	}
	json_decref(envs);
	return rc;
}

/* One stack in one environment. */

static int read_file(struct rfa_cli *cli, const char *folder, const char *key, json_t **out,
		     struct rfa_error *err)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s.json", folder, key);
	return rfa_catalog_find(cli->ledger, path, out, err);
}

/* "verified_in": the environments that have proven the version that runs, each once. */
static int add_verified(struct rfa_cli *cli, json_t *entry, struct rfa_error *err)
{
	json_t *version = NULL, *envs = json_array(), *proof;
	size_t i;
	int rc = envs ? 0 : rfa_fail_nomem(err);
	const char *name = rfa_facts_str(entry, "version", "");

	if (rc == 0 && *name)
		rc = rfa_catalog_version(cli->ledger, rfa_facts_str(entry, "stack", ""), name,
					 &version, err);
	json_array_foreach (rfa_facts_at(version, "verified"), i, proof) {
		const char *env = rfa_facts_str(proof, "env", "");
		/* What went there by force, one item of a checklist, and the word of others about
		   a name are no proof. */
		if (!rfa_facts_bool(proof, "forced", 0) && !*rfa_facts_str(proof, "item", "") &&
		    strcmp(rfa_facts_str(proof, "how", ""), "imported") != 0 &&
		    !rfa_facts_has_text(envs, env))
			json_array_append_new(envs, json_string(env));
	}
	json_decref(version);
	if (rc == 0)
		return rfa_facts_set(entry, "verified_in", envs, err);
	json_decref(envs);
	return rc;
}

/* Where no run of rfa has brought anything: what an imported history says, if there is one. */
static int past_entry(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		      struct rfa_error *err)
{
	json_t *last = NULL;
	int rc = rfa_past_last(cli->ledger, env, stack, &last, err);

	if (rc == 0)
		*out = json_pack("{s:s,s:s}", "stack", stack, "env", env);
	if (rc == 0 && !*out)
		rc = rfa_fail_nomem(err);
	if (rc == 0 && last) {
		const char *time = rfa_facts_str(last, "time", "");
		char since[RFA_TIME_MAX];
		snprintf(since, sizeof(since), "%.10sT%.9s", time,
			 strlen(time) > 11 ? time + 11 : "");
		json_object_set_new(*out, "version",
				    json_string(rfa_facts_str(last, "version", "")));
		json_object_set_new(*out, "since", json_string(since));
		json_object_set_new(*out, "flow", json_string("imported"));
	}
	json_decref(last);
	return rc;
}

/* What runs there, and beside it the newest backup and the newest drill of one. */
static int read_entry(struct rfa_cli *cli, const char *key, const char *env, const char *stack,
		      json_t **out, struct rfa_error *err)
{
	json_t *entry = NULL, *data = NULL, *drill = NULL, *images = NULL, *debt = NULL;
	char backup[128];
	int rc = read_file(cli, "environments", key, &entry, err);

	if (rc == 0)
		rc = read_file(cli, "data", key, &data, err);
	if (rc == 0)
		rc = rfa_catalog_drill(cli->ledger, env, stack, "data", &drill, err);
	if (rc == 0)
		rc = rfa_catalog_drill(cli->ledger, env, stack, "images", &images, err);
	if (rc == 0)
		rc = rfa_catalog_backup(cli->ledger, env, stack, NULL, backup, err);
	if (rc == 0 && !entry)
		rc = past_entry(cli, env, stack, &entry, err);
	if (rc == 0)
		rc = rfa_catalog_debt(cli->ledger, env, stack, rfa_facts_str(entry, "version", ""),
				      1, &debt, err);
	if (rc == 0 && debt)
		rc = rfa_facts_set(entry, "debt", json_incref(debt), err);
	if (rc == 0 && data)
		rc = rfa_facts_set(entry, "data", json_incref(data), err);
	if (rc == 0 && drill)
		rc = rfa_facts_set(entry, "drill", json_incref(drill), err);
	if (rc == 0 && images)
		rc = rfa_facts_set(entry, "image_drill", json_incref(images), err);
	if (rc == 0 && *backup)
		rc = rfa_facts_set(entry, "backup", json_string(backup), err);
	if (rc == 0)
		rc = add_verified(cli, entry, err);
	json_decref(data);
	json_decref(drill);
	json_decref(images);
	json_decref(debt);
	if (rc == 0)
		*out = entry;
	else
		json_decref(entry);
	return rc;
}

static void say_backup(const struct rfa_cli *cli, const json_t *entry, struct rfa_table *table)
{
	struct rfa_backup_id id;
	char age[RFA_SHORT_MAX], text[80];
	if (rfa_backup_id_parse(rfa_facts_str(entry, "backup", ""), &id) < 0) {
		rfa_table_cell(table, "-", RFA_PLAIN);
		return;
	}
	rfa_out_age(age, cli->clock->wall_ms(cli->clock) - id.at_ms);
	snprintf(text, sizeof(text), "%s (%s)", age, id.set);
	rfa_table_cell(table, text, RFA_PLAIN);
}

/* The drill of the data goes before that of the images, but not before one that failed. */
static const json_t *drill_to_tell(const json_t *entry)
{
	const json_t *drill = json_object_get(entry, "drill");
	const json_t *images = json_object_get(entry, "image_drill");
	int worse = rfa_facts_bool(drill, "proven", 0) && !rfa_facts_bool(images, "proven", 1);

	return drill && !worse ? drill : images;
}

static void say_drill(const struct rfa_cli *cli, const json_t *entry, struct rfa_table *table)
{
	const json_t *told = drill_to_tell(entry);
	int proven = rfa_facts_bool(told, "proven", 0);
	char age[RFA_SHORT_MAX], text[80];
	if (!told) {
		rfa_table_cell(table, "never", RFA_PLAIN);
		return;
	}
	rfa_cli_age(cli, rfa_facts_str(told, "at", ""), age);
	snprintf(text, sizeof(text), "%s%s%s", proven ? "" : "failed ", age,
		 told == json_object_get(entry, "drill") ? "" : " (images)");
	rfa_table_cell(table, text, proven ? RFA_GREEN : RFA_RED);
}

static void add_row(const struct rfa_cli *cli, const json_t *entry, struct rfa_table *table)
{
	char since[RFA_SHORT_MAX];
	rfa_table_cell(table, rfa_facts_str(entry, "stack", ""), RFA_BOLD);
	rfa_table_cell(table, rfa_facts_str(entry, "env", ""), RFA_PLAIN);
	rfa_table_cell(table, rfa_facts_str(entry, "version", "-"), RFA_GREEN);
	rfa_table_cell(table, rfa_out_when(since, rfa_facts_str(entry, "since", "")), RFA_PLAIN);
	rfa_table_cell(table, rfa_facts_str(entry, "flow", "-"), RFA_PLAIN);
	rfa_table_cell(table, rfa_facts_str(entry, "run", "-"), RFA_DIM);
	say_backup(cli, entry, table);
	say_drill(cli, entry, table);
}

static int read_entries(struct rfa_cli *cli, const char *wanted, json_t *list,
			struct rfa_error *err)
{
	static const char *const folders[] = { "environments", "data", "backups", "drills",
					       "imported" };
	json_t *keys = json_object(), *unused;
	const char *key;
	int rc = keys ? 0 : rfa_fail_nomem(err);

	for (size_t i = 0; rc == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		rc = add_folder(cli, folders[i], keys, err);
	if (rc == 0 && !rfa_cli_option(cli, "env"))
		rc = add_owners(cli, keys, err);
	json_object_foreach (keys, key, unused) {
		const char *stack = strchr(key, '/') + 1;
		json_t *entry = NULL;
		char env[80];
		if (rc < 0 || (wanted && strcmp(stack, wanted) != 0))
			continue;
		snprintf(env, sizeof(env), "%.*s", (int)(stack - key - 1), key);
		rc = read_entry(cli, key, env, stack, &entry, err);
		if (rc == 0)
			json_array_append_new(list, entry);
	}
	json_decref(keys);
	return rc;
}

static int print_entries(struct rfa_cli *cli, const char *stack, const json_t *list,
			 struct rfa_error *err)
{
	static const char *const heads[] = { "stack", "env",    "version", "since", "by",
					     "run",   "backup", "proven",  NULL };
	struct rfa_table table;
	json_t *entry;
	size_t i;
	int rc = 0;

	rfa_table_init(&table, heads);
	json_array_foreach ((json_t *)list, i, entry)
		add_row(cli, entry, &table);
	if (json_array_size(list) == 0)
		rfa_out_say(&cli->out, "the ledger knows of nothing that runs%s%s",
			    stack ? " of " : "", stack ? stack : "");
	else
		rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

/* What went somewhere by force, and was not proven since. */
static void say_debts(const struct rfa_out *o, const json_t *list)
{
	struct rfa_buf why = RFA_BUF_INIT(1024);
	json_t *entry;
	size_t i;
	json_array_foreach ((json_t *)list, i, entry) {
		const char *stack = rfa_facts_str(entry, "stack", "");
		const char *env = rfa_facts_str(entry, "env", "");
		const char *version = rfa_facts_str(entry, "debt/version", NULL);
		char since[RFA_SHORT_MAX];
		if (!version)
			continue;
		rfa_out_say(o, "\n%sunproven:%s %s of %s runs on %s since %s, by force: %s",
			    rfa_out_style(o, o->out, RFA_YELLOW),
			    rfa_out_style(o, o->out, RFA_PLAIN), version, stack, env,
			    rfa_out_when(since, rfa_facts_str(entry, "debt/at", "")),
			    rfa_out_safe(&why, rfa_facts_str(entry, "debt/reason", ""), 200));
		rfa_out_say(o,
			    "  until it is verified elsewhere, or: rfa approve %s %s --env %s "
			    "--reason TEXT",
			    stack, version, env);
	}
	rfa_buf_release(&why);
}

/* Runs that wait for somebody. */

static int add_open(void *user, const struct rfa_ledger_line *line)
{
	return json_array_append_new(user, rfa_line_json(line));
}

static void say_open(const struct rfa_out *o, const json_t *open)
{
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	json_t *run;
	size_t i;
	json_array_foreach ((json_t *)open, i, run) {
		const char *id = rfa_facts_str(run, "run", "");
		int alive = rfa_facts_bool(run, "alive", 0);
		char by[128], begun[RFA_SHORT_MAX];
		rfa_out_say(o, "\n%s%s run %s%s of %s on %s: begun %s by %s",
			    rfa_out_style(o, o->out, RFA_YELLOW),
			    alive ? "running:" : "interrupted:", id,
			    rfa_out_style(o, o->out, RFA_PLAIN), rfa_facts_str(run, "stack", ""),
			    rfa_facts_str(run, "env", ""),
			    rfa_out_when(begun, rfa_facts_str(run, "begun", "")),
			    rfa_out_safe(
				&safe, rfa_line_author(rfa_facts_str(run, "author", ""), by), 100));
		rfa_out_say(o, "  stands at %s %s", rfa_facts_str(run, "state", ""),
			    rfa_facts_str(run, "step", ""));
		if (!alive)
			rfa_out_say(o, "  ways out: rfa resume %s | rfa rollback %s | rfa abort %s",
				    id, id, id);
	}
	rfa_buf_release(&safe);
}

/* Channels that nobody hears of. */
static int say_channels(struct rfa_cli *cli, struct rfa_error *err)
{
	json_t *wrong = json_array(), *line;
	size_t i;
	int rc = wrong ? rfa_notify_wrong(cli, wrong, err) : rfa_fail_nomem(err);

	json_array_foreach (wrong, i, line)
		rfa_out_say(&cli->out, "%s%s", i ? "" : "\n", json_string_value(line));
	json_decref(wrong);
	return rc;
}

static int check_options(const struct rfa_cli *cli, struct rfa_error *err)
{
	if (rfa_cli_option(cli, "check") ||
	    (!rfa_cli_option(cli, "backup-days") && !rfa_cli_option(cli, "drill-days")))
		return 0;
	rfa_fail(err, RFA_EUSAGE, "cli", "--backup-days and --drill-days go with --check");
	return rfa_error_hint(err, "rfa status --check --backup-days 1");
}

/* wrong: NULL: nobody has asked. */
static int tell(struct rfa_cli *cli, const char *stack, json_t *list, json_t *open, json_t *wrong,
		struct rfa_error *err)
{
	json_t *document = NULL;
	int rc = 0;

	if (wrong)
		rfa_status_say_wrong(cli, wrong);
	if (cli->out.json) {
		document = json_pack("{s:O,s:O,s:O*}", "running", list, "unfinished", open, "wrong",
				     wrong);
		rc = document ? rfa_out_json(&cli->out, document, err) : rfa_fail_nomem(err);
	} else if (!wrong) {
		rc = print_entries(cli, stack, list, err);
		say_debts(&cli->out, list);
		say_open(&cli->out, open);
		if (rc == 0)
			rc = say_channels(cli, err);
	}
	json_decref(document);
	return rc;
}

static int run_status(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *stack = rfa_cli_word(cli, 0);
	struct rfa_ledger_filter filter = {
		.stack = stack,
		.env = rfa_cli_option(cli, "env"),
		.open_only = 1,
		.limit = 1000,
	};
	json_t *list = json_array(), *open = json_array(), *wrong = NULL;
	int rc = check_options(cli, err);

	if (rc == 0)
		rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_known_stack(cli, stack, err);
	if (rc == 0)
		rc = rfa_known_env(cli, filter.env, err);
	if (rc == 0)
		rc = read_entries(cli, stack, list, err);
	if (rc == 0)
		rc = rfa_ledger_list(cli->ledger, &filter, add_open, open, err);
	if (rc == 0 && rfa_cli_option(cli, "check"))
		rc = rfa_status_wrong(cli, list, open, &wrong, err);
	if (rc == 0)
		rc = tell(cli, stack, list, open, wrong, err);
	json_decref(list);
	json_decref(open);
	json_decref(wrong);
	return rc;
}

static const struct rfa_option status_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "only this environment" },
	RFA_STATUS_CHECK_OPTIONS,
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_status = {
	.name = "status",
	.group = "look",
	.words = "[STACK]",
	.summary = "what runs where, since when, by which run; and what is unfinished",
	.details =
	    "What the ledger says; `rfa verify` asks the hosts whether it is true. Also how "
	    "old the\nnewest backup is, and how long ago a drill has last proven one.\n"
	    "With --check it is wrong: a run that waits for somebody, a version that went "
	    "there by\nforce and is unproven, and what is older than the days that are "
	    "given. Where a stack\nhas data, only a backup of the data counts. --json has it "
	    "as \"wrong\".",
	.options = status_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa status", "everything" },
		{ "rfa status ragflowauth --env prod", "one stack in one environment" },
		{ "rfa status --json", "for a program" },
		{ "rfa status --env prod --check --backup-days 1 --drill-days 30",
		  "for a monitor" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.max_words = 1,
	.run = run_status,
};

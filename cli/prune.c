/* Thins a vault out: the rules decide, the operator sees it and agrees, a run removes. */
#include "cli/prune.h"

#include <stdlib.h>
#include <string.h>

#include "cli/drive.h"
#include "cli/known.h"
#include "fsm/steps/retention.h"

/* ---- what the rules say ---------------------------------------------------------------------- */

static int listed(const json_t *names, const char *name)
{
	json_t *one;
	size_t i;
	json_array_foreach ((json_t *)names, i, one) {
		if (strcmp(json_string_value(one), name) == 0)
			return 1;
	}
	return 0;
}

/* kept: room for all of the vault and one more. */
static size_t collect(struct rfa_cli *cli, const struct rfa_open_vault *vault, const char *set,
		      const char *coming, const json_t *pins, struct rfa_kept *kept)
{
	struct rfa_backup_id id;
	json_t *backup;
	size_t i, n = 0;
	json_array_foreach (vault->all, i, backup) {
		const char *name = rfa_facts_str(backup, "backup", "");
		if (!rfa_vault_is(vault, backup, set) || rfa_backup_id_parse(name, &id) < 0)
			continue;
		kept[n++] = (struct rfa_kept){
			.id = name,
			.wall_ms = id.at_ms,
			.good = json_is_object(json_object_get(backup, "manifest")),
			.pinned = listed(pins, name),
		};
	}
	if (*coming)
		kept[n++] = (struct rfa_kept){ .id = coming,
					       .wall_ms = cli->clock->wall_ms(cli->clock),
					       .good = 1 };
	return n;
}

static struct rfa_retention policy_of(const json_t *keep)
{
	return (struct rfa_retention){
		.count = rfa_facts_int(keep, "count", 0),
		.days = rfa_facts_int(keep, "days", 0),
		.daily = rfa_facts_int(keep, "daily", 0),
		.weekly = rfa_facts_int(keep, "weekly", 0),
		.monthly = rfa_facts_int(keep, "monthly", 0),
	};
}

/* *out (new): array of {"backup","stays":bool,"why"}, newest first. */
static int judge(struct rfa_cli *cli, const struct rfa_open_vault *vault, const char *set,
		 const char *coming, json_t **out, struct rfa_error *err)
{
	struct rfa_retention policy = policy_of(vault->at.keep);
	struct rfa_kept *kept = calloc(json_array_size(vault->all) + 1, sizeof(*kept));
	json_t *pins = NULL, *list = json_array();
	int rc = kept && list ? 0 : rfa_fail_nomem(err);
	size_t n = 0;

	if (rc == 0)
		rc = rfa_known_pins(cli, vault->at.env, vault->stack, &pins, err);
	if (rc == 0) {
		n = collect(cli, vault, set, coming, pins, kept);
		rfa_retain(kept, n, &policy, cli->clock->wall_ms(cli->clock));
	}
	for (size_t i = 0; i < n; i++) {
		const char *why = vault->at.keep ? kept[i].why : "no rule removes it";
		if (strcmp(kept[i].id, coming) == 0)
			why = "is made now";
		json_array_append_new(list, json_pack("{s:s,s:b,s:s}", "backup", kept[i].id,
						      "stays", kept[i].keep, "why", why));
	}
	free(kept);
	json_decref(pins);
	if (rc == 0)
		*out = list;
	else
		json_decref(list);
	return rc;
}

static size_t count_going(const json_t *verdicts)
{
	json_t *verdict;
	size_t i, n = 0;
	json_array_foreach ((json_t *)verdicts, i, verdict)
		n += !rfa_facts_bool(verdict, "stays", 1);
	return n;
}

/* ---- showing --------------------------------------------------------------------------------- */

static int print(struct rfa_cli *cli, const struct rfa_open_vault *vault, const json_t *verdicts,
		 struct rfa_error *err)
{
	static const char *const heads[] = { "backup", "age", "then", "why", NULL };
	struct rfa_table table;
	json_t *verdict;
	size_t i;
	int rc = 0;

	rfa_table_init(&table, heads);
	json_array_foreach ((json_t *)verdicts, i, verdict) {
		const char *name = rfa_facts_str(verdict, "backup", "");
		int stays = rfa_facts_bool(verdict, "stays", 1);
		struct rfa_backup_id id = { .at_ms = 0 };
		char age[RFA_SHORT_MAX];

		if (rfa_backup_id_parse(name, &id) == 0)
			rfa_out_age(age, cli->clock->wall_ms(cli->clock) - id.at_ms);
		else
			snprintf(age, sizeof(age), "-");
		rfa_table_cell(&table, name, RFA_BOLD);
		rfa_table_cell(&table, age, RFA_PLAIN);
		rfa_table_cell(&table, stays ? "stays" : "goes", stays ? RFA_GREEN : RFA_YELLOW);
		rfa_table_cell(&table, rfa_facts_str(verdict, "why", ""), RFA_PLAIN);
	}
	if (json_array_size(verdicts) == 0)
		rfa_out_say(&cli->out, "there is no backup in %s on %s yet", vault->at.path,
			    vault->host->name);
	else
		rc = rfa_table_print(&cli->out, &table, err);
	rfa_table_release(&table);
	return rc;
}

int rfa_prune_show(struct rfa_cli *cli, const struct rfa_open_vault *vault, const char *set,
		   const char *coming, struct rfa_error *err)
{
	json_t *verdicts = NULL;
	int rc = judge(cli, vault, set, coming, &verdicts, err);
	if (rc == 0)
		rc = print(cli, vault, verdicts, err);
	json_decref(verdicts);
	return rc;
}

/* ---- removing -------------------------------------------------------------------------------- */

/* What goes is part of the plan, so that nothing else does. */
static int plan_of(struct rfa_cli *cli, const struct rfa_open_vault *vault, const char *set,
		   const json_t *verdicts, json_t **plan, struct rfa_error *err)
{
	struct rfa_plan_ask ask = { .flow = "prune-backups", .stack = vault->stack };
	json_t *agreed = json_array(), *pins = NULL, *options = NULL, *verdict;
	char *state = NULL;
	size_t i;
	int rc = rfa_known_pins(cli, vault->at.env, vault->stack, &pins, err);

	json_array_foreach ((json_t *)verdicts, i, verdict) {
		if (!rfa_facts_bool(verdict, "stays", 1))
			json_array_append(agreed, json_object_get(verdict, "backup"));
	}
	if (rc == 0)
		rc = rfa_vault_side(cli, &vault->at, &ask.to, &ask, &state, err);
	if (rc == 0 && !(options = json_pack("{s:s,s:s,s:s,s:O?,s:O,s:O}", "vault", vault->at.path,
					     "set", set, "of", vault->at.env, "retention",
					     vault->at.keep, "pinned", pins, "agreed", agreed)))
		rc = rfa_fail_nomem(err);
	ask.options = options;
	if (rc == 0)
		rc = rfa_config_plan(cli->config, &ask, plan, err);
	json_decref(options);
	json_decref(agreed);
	json_decref(pins);
	free(state);
	return rc;
}

int rfa_prune_vault(struct rfa_cli *cli, struct rfa_open_vault *vault, const char *set,
		    struct rfa_error *err)
{
	json_t *verdicts = NULL, *plan = NULL;
	char what[128];
	int rc = judge(cli, vault, set, "", &verdicts, err);

	if (rc < 0)
		goto done;
	size_t going = count_going(verdicts);
	rc = cli->out.json ? rfa_out_json(&cli->out, verdicts, err)
			   : print(cli, vault, verdicts, err);
	if (rc < 0 || going == 0 || rfa_cli_option(cli, "dry-run"))
		goto done;
	snprintf(what, sizeof(what), "%zu backup%s will be gone for good.", going,
		 going == 1 ? "" : "s");
	rc = rfa_cli_confirm(cli, vault->at.env, what, err);
	if (rc == 0)
		rc = plan_of(cli, vault, set, verdicts, &plan, err);
	if (rc == 0)
		rc = rfa_cli_begin(cli, plan, err);
done:
	json_decref(plan);
	json_decref(verdicts);
	return rc;
}

/* Opens the place where backups are kept, and finds one in it. */
#include "cli/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hosts.h"
#include "cli/known.h"
#include "cli/suggest.h"

int rfa_operator_state(struct rfa_cli *cli, char **out, struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(4096);
	char *ledger = NULL, *whole = NULL;
	int rc = rfa_cli_ledger(cli, err);

	if (rc == 0)
		rc = rfa_cli_ledger_path(cli, &ledger, err);
	if (rc == 0 && !(whole = realpath(ledger, NULL)))
		rc = rfa_fail_errno(err, errno, "%.300s", ledger);
	if (rc == 0) {
		rfa_buf_printf(&path, "%s-operator", whole);
		rc = rfa_buf_check(&path, err);
	}
	/* Jobs are taken up from there. */
	if (rc == 0)
		rc = rfa_owner_check(rfa_buf_str(&path), NULL, "the folder", &cli->trust, err);
	if (rc == 0 && !(*out = strdup(rfa_buf_str(&path))))
		rc = rfa_fail_nomem(err);
	free(ledger);
	free(whole);
	rfa_buf_release(&path);
	return rc;
}

int rfa_vault_side(struct rfa_cli *cli, const struct rfa_vault *vault, const char **role,
		   struct rfa_plan_ask *ask, char **state, struct rfa_error *err)
{
	*state = NULL;
	*role = vault->env;
	if (!vault->on_operator)
		return 0;
	int rc = rfa_operator_state(cli, state, err);
	*role = RFA_OPERATOR;
	ask->operator_state = *state;
	ask->operator_stack = vault->env;
	return rc;
}

int rfa_operator_side(struct rfa_cli *cli, json_t **out, struct rfa_error *err)
{
	char *state = NULL;
	int rc = rfa_operator_state(cli, &state, err);

	if (rc == 0 && !(*out = json_pack("{s:s,s:s,s:s}", "env", RFA_OPERATOR, "transport",
					  "local", "state_dir", state)))
		rc = rfa_fail_nomem(err);
	free(state);
	return rc;
}

int rfa_operator_open(struct rfa_cli *cli, struct rfa_host **out, struct rfa_error *err)
{
	json_t *side = NULL, *options = NULL;
	struct rfa_host *host = NULL;
	int rc = rfa_operator_side(cli, &side, err);

	if (rc == 0)
		rc = rfa_config_options(cli->config, &options, err);
	if (rc == 0)
		rc = rfa_hosts_make(cli, side, options, &host, err);
	if (rc == 0)
		rc = host->ops->connect(host, err);
	if (rc == 0)
		*out = host;
	else
		rfa_host_free(host);
	json_decref(side);
	json_decref(options);
	return rc;
}

int rfa_vault_open(struct rfa_cli *cli, const char *env, const char *stack,
		   struct rfa_open_vault *out, struct rfa_error *err)
{
	memset(out, 0, sizeof(*out));
	out->stack = stack;
	int rc = rfa_config_vault(cli->config, env, stack, &out->at, err);
	if (rc == 0)
		rc = out->at.on_operator ? rfa_operator_open(cli, &out->host, err)
					 : rfa_hosts_open(cli, env, &out->host, err);
	if (rc == 0)
		rc = out->host->ops->vault_list(out->host, out->at.path, &out->all, err);
	return rc;
}

void rfa_vault_close(struct rfa_open_vault *vault)
{
	json_decref(vault->all);
	rfa_host_free(vault->host);
	rfa_vault_release(&vault->at);
	vault->all = NULL;
	vault->host = NULL;
}

int rfa_vault_is(const struct rfa_open_vault *vault, const json_t *backup, const char *set)
{
	struct rfa_backup_id id;
	return rfa_backup_id_parse(rfa_facts_str(backup, "backup", ""), &id) == 0 &&
	       strcmp(id.env, vault->at.env) == 0 && (!set || strcmp(id.set, set) == 0);
}

static int not_there(const struct rfa_open_vault *vault, const char *wanted, struct rfa_error *err)
{
	struct rfa_suggestion s = { wanted, NULL, 0 };
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	json_t *backup;
	size_t i;

	json_array_foreach (vault->all, i, backup)
		rfa_suggest_offer(&s, rfa_facts_str(backup, "backup", ""));
	rfa_fail(err, RFA_ENOTFOUND, "vault", "there is no backup \"%s\" in %.300s on %s",
		 rfa_out_safe(&safe, wanted, 100), vault->at.path, vault->host->name);
	rfa_buf_release(&safe);
	if (s.best)
		return rfa_error_mend(err, "did you mean %.100s?", s.best);
	return rfa_error_mend(err, "`rfa backup list %s --env %s` lists them", vault->stack,
			      vault->at.env);
}

int rfa_vault_choose(const struct rfa_open_vault *vault, const char *wanted, const char *set,
		     const json_t **out, struct rfa_error *err)
{
	const json_t *found = NULL;
	json_t *backup;
	size_t i;

	json_array_foreach (vault->all, i, backup) {
		int whole = json_is_object(json_object_get(backup, "manifest"));
		if (wanted ? strcmp(rfa_facts_str(backup, "backup", ""), wanted) == 0
			   : whole && rfa_vault_is(vault, backup, set))
			found = backup;
	}
	if (!found && wanted)
		return not_there(vault, wanted, err);
	if (!found) {
		rfa_fail(err, RFA_ENOTFOUND, "vault", "%s on %s has no complete backup of its %s",
			 vault->stack, vault->at.env, set);
		return rfa_error_mend(err, "rfa backup %s --env %s --set %s", vault->stack,
				      vault->at.env, set);
	}
	if (!json_is_object(json_object_get(found, "manifest"))) {
		rfa_fail(err, RFA_EREFUSED, "vault", "the backup %.100s is not complete", wanted);
		return rfa_error_mend(err, "`rfa backup list %s --env %s` shows those that are",
				      vault->stack, vault->at.env);
	}
	*out = found;
	return 0;
}

int64_t rfa_vault_bytes(const json_t *backup)
{
	int64_t bytes = 0;
	json_t *member;
	size_t i;
	json_array_foreach (rfa_facts_at(backup, "manifest/members"), i, member)
		bytes += rfa_facts_int(member, "bytes", 0);
	return bytes;
}

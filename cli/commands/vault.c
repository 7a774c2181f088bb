/* Finds and opens the place where backups are kept. */
#include "cli/commands/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config/data_rules.h"
#include "cli/config/hosts.h"
#include "cli/config/schema.h"

/* Every rule 0: nothing is ever removed. */
static const json_t *rules_of(const json_t *backup)
{
	const json_t *keep = json_object_get(backup, "keep");
	const char *rule;
	json_t *n;
	json_object_foreach ((json_t *)keep, rule, n) {
		if (json_integer_value(n) > 0)
			return keep;
	}
	return NULL;
}

int rfa_config_vault(const struct rfa_config *config, const char *env, const char *stack,
		     struct rfa_vault *out, struct rfa_error *err)
{
	json_t *side = NULL, *backup = NULL;
	char *directory = NULL;
	int rc = rfa_config_side(config, env, stack, &side, err);

	memset(out, 0, sizeof(*out));
	if (rc < 0)
		return rc;
	/* A stack that says nothing of backups has the defaults all the same. */
	backup = json_incref(rfa_facts_at(side, "stack/backup"));
	if (!backup)
		backup = json_object();
	rc = backup ? rfa_schema_complete(rfa_schema_find(rfa_schema_stack, "backup")->inside,
					  backup, err)
		    : rfa_fail_nomem(err);
	if (rc < 0)
		goto done;
	out->on_operator = rfa_data_on_operator(rfa_facts_at(side, "stack"));
	snprintf(out->env, sizeof(out->env), "%s", env);
	const char *named =
	    rfa_facts_str(backup, "directory", out->on_operator ? "backups" : RFA_HOST_VAULTS);
	rc = rfa_config_path(config, named, &directory, err);
	if (rc < 0)
		goto done;
	int n = snprintf(out->path, sizeof(out->path), "%s/%s", directory, stack);
	if (n < 0 || (size_t)n >= sizeof(out->path))
		rc = rfa_fail(err, RFA_ETOOBIG, "config", "the backups' directory is too long");
	out->keep = json_incref((json_t *)rules_of(backup));
done:
	free(directory);
	json_decref(side);
	json_decref(backup);
	return rc;
}

void rfa_vault_release(struct rfa_vault *vault)
{
	json_decref(vault->keep);
	vault->keep = NULL;
}

/* The state directory of the operator's side: beside the ledger, so that each has its own. */
static int operator_state(struct rfa_cli *cli, char **out, struct rfa_error *err)
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

int rfa_operator_side(struct rfa_cli *cli, json_t **out, struct rfa_error *err)
{
	char *state = NULL;
	int rc = operator_state(cli, &state, err);

	if (rc == 0 &&
	    !(*out = json_pack("{s:s,s:s,s:s,s:s,s:s}", "env", RFA_OPERATOR, "transport", "local",
			       "destination", "", "address", "", "state_dir", state)))
		rc = rfa_fail_nomem(err);
	free(state);
	return rc;
}

int rfa_operator_open(struct rfa_cli *cli, struct rfa_host **out, struct rfa_error *err)
{
	json_t *side = NULL;
	int rc = rfa_operator_side(cli, &side, err);

	if (rc == 0)
		rc = rfa_hosts_connect(cli, side, out, err);
	json_decref(side);
	return rc;
}

/* This machine, with the stack as it is configured for the environment that it stands for. */
static int vault_on_operator(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
			     struct rfa_error *err)
{
	json_t *side = NULL, *whole = NULL;
	int rc = rfa_operator_side(cli, &side, err);

	if (rc == 0)
		rc = rfa_config_side(cli->config, env, stack, &whole, err);
	if (rc == 0)
		rc =
		    rfa_facts_set(side, "stack", json_incref(json_object_get(whole, "stack")), err);
	if (rc == 0)
		*out = json_incref(side);
	json_decref(whole);
	json_decref(side);
	return rc;
}

int rfa_vault_of(struct rfa_cli *cli, const char *env, const char *stack,
		 struct rfa_vault_place *out, struct rfa_error *err)
{
	struct rfa_vault vault = { .keep = NULL };
	int rc = rfa_config_vault(cli->config, env, stack, &vault, err);

	if (rc == 0)
		rc = vault.on_operator ? vault_on_operator(cli, env, stack, &out->side, err)
				       : rfa_config_side(cli->config, env, stack, &out->side, err);
	snprintf(out->path, sizeof(out->path), "%s", vault.path);
	out->keep = json_incref(vault.keep);
	rfa_vault_release(&vault);
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
		rc = out->host->vault->list(out->host, out->at.path, &out->all, err);
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

int64_t rfa_vault_bytes(const json_t *backup)
{
	int64_t bytes = 0;
	json_t *member;
	size_t i;
	json_array_foreach (rfa_facts_at(backup, "manifest/members"), i, member)
		bytes += rfa_facts_int(member, "bytes", 0);
	return bytes;
}

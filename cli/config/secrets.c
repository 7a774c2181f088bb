/* All secrets of one rfa.json. */
#include "cli/config/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config/login.h"
#include "fsm/base/facts.h"

static int add(struct rfa_secrets *secrets, const char *name, enum rfa_secret_from from,
	       const char *folder, const char *where, struct rfa_error *err)
{
	return rfa_secret_take(&secrets->items[secrets->n++], name, from, folder, where, err);
}

/* The list of values, which others read, is made anew in its place. */
static void list_values(struct rfa_secrets *secrets)
{
	size_t i, n = 0;

	for (i = 0; i < secrets->n; i++)
		if (secrets->items[i].value)
			secrets->values[n++] = secrets->items[i].value;
	secrets->values[n] = NULL;
}

int rfa_secrets_take(struct rfa_secrets *secrets, const json_t *root, const char *folder,
		     struct rfa_error *err)
{
	const json_t *names = json_object_get(root, "secrets");
	json_t *files = json_object_get(root, "secret_files");
	json_t *commands = json_object_get(root, "secret_commands");
	json_t *registries = json_object_get(root, "registries");
	size_t most = json_array_size(names) + json_object_size(files) +
		      json_object_size(commands) + json_object_size(registries);
	const char *key;
	json_t *one;
	size_t i;
	int rc;

	secrets->items = calloc(most + 1, sizeof(*secrets->items));
	secrets->values = calloc(most + 1, sizeof(*secrets->values));
	rc = secrets->items && secrets->values ? 0 : rfa_fail_nomem(err);
	json_array_foreach (names, i, one) {
		if (rc == 0)
			rc = add(secrets, json_string_value(one), RFA_SECRET_VARIABLE, folder, "",
				 err);
	}
	json_object_foreach (files, key, one) {
		if (rc == 0)
			rc =
			    add(secrets, key, RFA_SECRET_FILE, folder, json_string_value(one), err);
	}
	json_object_foreach (commands, key, one) {
		if (rc == 0)
			rc = add(secrets, key, RFA_SECRET_COMMAND, folder, json_string_value(one),
				 err);
	}
	json_object_foreach (registries, key, one) {
		if (rc == 0)
			rc = add(secrets, key, RFA_SECRET_LOGIN, folder, "", err);
		if (rc == 0)
			secrets->items[secrets->n - 1].login =
			    json_incref(json_object_get(one, "login"));
	}
	if (rc == 0)
		list_values(secrets);
	return rc;
}

void rfa_secrets_release(struct rfa_secrets *secrets)
{
	size_t i;

	for (i = 0; secrets->items && i < secrets->n; i++)
		rfa_secret_release(&secrets->items[i]);
	free(secrets->items);
	free(secrets->values);
	memset(secrets, 0, sizeof(*secrets));
}

static int refers_to(const char *plan, const char *name)
{
	char reference[256];

	(void)snprintf(reference, sizeof(reference), "${%s}", name);
	return strstr(plan, reference) != NULL;
}

static int fetch_command(struct rfa_secret *s, struct rfa_error *err)
{
	int rc = rfa_secret_run(s, err);

	if (rc || s->value)
		return rc;
	(void)rfa_fail(err, RFA_ECONFIG, "config", "the command of the secret %s: %s", s->name,
		       s->why);
	(void)rfa_error_where(err, "secret_commands.%s", s->name);
	return rfa_error_hint(err, "run it by hand: %.200s", s->where);
}

/* Nobody is logged in where Docker has no login for the registry. */
static int fetch_login(struct rfa_secret *s, const char *folder, struct rfa_error *err)
{
	struct rfa_login login = { NULL, NULL };
	int rc = rfa_login_fetch(&login, s->login, folder, s->name, err);

	if (rc == 0 && login.secret) {
		s->user = strdup(login.user ? login.user : "");
		s->value = strdup(login.secret);
		if (!s->user || !s->value)
			rc = rfa_fail_nomem(err);
	}
	rfa_login_release(&login);
	return rc;
}

/* 1 if the plan asks that registry. Where the login is, the plan does not say. */
static int is_asked(const json_t *plan, const char *domain)
{
	return json_object_get(rfa_facts_at(plan, "options/registries"), domain) != NULL;
}

int rfa_secrets_fetch(struct rfa_secrets *secrets, const json_t *plan, const char *folder,
		      struct rfa_ledger *ledger, struct rfa_error *err)
{
	char *text = json_dumps(plan, JSON_COMPACT);
	int rc = text ? 0 : rfa_fail_nomem(err);
	size_t i;

	for (i = 0; rc == 0 && i < secrets->n; i++) {
		struct rfa_secret *s = &secrets->items[i];

		if (s->value)
			continue;
		if (s->from == RFA_SECRET_COMMAND && refers_to(text, s->name))
			rc = fetch_command(s, err);
		else if (s->login && is_asked(plan, s->name))
			rc = fetch_login(s, folder, err);
		if (rc == 0 && s->value)
			list_values(secrets);
		if (rc == 0 && s->value && ledger)
			rc = rfa_ledger_hide(ledger, s->value, err);
	}
	free(text);
	return rc;
}

const struct rfa_secret *rfa_secrets_login(const struct rfa_secrets *secrets, const char *domain)
{
	size_t i;

	for (i = 0; i < secrets->n; i++)
		if (secrets->items[i].from == RFA_SECRET_LOGIN && secrets->items[i].value &&
		    !strcmp(secrets->items[i].name, domain))
			return &secrets->items[i];
	return NULL;
}

const char *rfa_secrets_find(const struct rfa_secrets *secrets, const char *name)
{
	size_t i;

	for (i = 0; i < secrets->n; i++)
		if (secrets->items[i].from != RFA_SECRET_LOGIN &&
		    !strcmp(secrets->items[i].name, name) && secrets->items[i].value)
			return secrets->items[i].value;
	return NULL;
}

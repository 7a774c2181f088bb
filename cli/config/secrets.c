/* All secrets of one rfa.json. */
#include "cli/config/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config/login.h"
#include "fsm/base/facts.h"
#include "fsm/base/quote.h"
#include "fsm/base/reference.h"

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
		if (secrets->items[i].value && !secrets->items[i].plain)
			secrets->values[n++] = secrets->items[i].value;
	secrets->values[n] = NULL;
}

static const char at_build[] = "build/secrets", at_variables[] = "variables";

/* How many its builds and its variables may have, in any environment. */
static size_t build_secrets(const json_t *stack)
{
	size_t n = json_object_size(rfa_facts_at(stack, at_build)) +
		   json_object_size(json_object_get(stack, at_variables));
	const char *env;
	json_t *overlay;

	json_object_foreach (json_object_get(stack, "environments"), env, overlay)
		n += json_object_size(rfa_facts_at(overlay, at_build)) +
		     json_object_size(json_object_get(overlay, at_variables));
	return n;
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

	secrets->stacks = json_incref(json_object_get(root, "stacks"));
	json_object_foreach (secrets->stacks, key, one)
		most += build_secrets(one);
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
	json_decref(secrets->stacks);
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

/* The reference of an id: that of the environment counts, if it has one. */
static const json_t *reference_of(const struct rfa_secrets *secrets, const json_t *plan,
				  const char *at, const char *id)
{
	const json_t *stack = json_object_get(secrets->stacks, rfa_facts_str(plan, "stack", ""));
	const json_t *overlay = json_object_get(json_object_get(stack, "environments"),
						rfa_facts_str(plan, "target/env", ""));
	const json_t *found = json_object_get(rfa_facts_at(overlay, at), id);

	return found ? found : json_object_get(rfa_facts_at(stack, at), id);
}

static const char *const build_keys[] = { "env", "file", "command" }; /* rfa_secret_from */

/*
 * Fills in the one of an id; a command is not run. prefix: what it is of, RFA_BUILD_SECRET or
 * RFA_VARIABLE. To be released whatever the answer.
 */
static int make_reference(struct rfa_secret *s, const char *prefix, const char *id,
			  const json_t *reference, const char *folder, struct rfa_error *err)
{
	char name[128];
	size_t from = 0;
	const char *where;
	int rc;

	while (from < 3 && !json_object_get(reference, build_keys[from]))
		from++;
	(void)snprintf(name, sizeof(name), "%s%s", prefix, id);
	where = from < 3 ? json_string_value(json_object_get(reference, build_keys[from])) : NULL;
	if (!where || json_object_size(reference) != 1) {
		(void)rfa_fail(err, RFA_ECONFIG, "config",
			       "where a value is has to be said in one way");
		(void)rfa_error_where(err, "%s", name);
		return rfa_error_hint(err, "{\"file\":…}, {\"env\":…} or {\"command\":…}");
	}
	rc = rfa_secret_take(s, from == RFA_SECRET_VARIABLE ? where : name,
			     (enum rfa_secret_from)from, folder,
			     from == RFA_SECRET_VARIABLE ? "" : where, err);
	if (rc == 0 && from == RFA_SECRET_VARIABLE) {
		free(s->name);
		s->name = strdup(name);
		rc = s->name ? 0 : rfa_fail_nomem(err);
	}
	return rc;
}

/* What is wrong with it. */
static int no_reference(const struct rfa_secret *s, const json_t *reference, struct rfa_error *err)
{
	const char *key = build_keys[s->from];

	(void)rfa_fail(err, RFA_ECONFIG, "config", "%s: %s",
		       strncmp(s->name, RFA_VARIABLE, strlen(RFA_VARIABLE)) != 0
			   ? "a secret of the build"
			   : "a variable",
		       s->why);
	return rfa_error_where(err, "%s, %s %.80s", s->name, key,
			       rfa_facts_str(reference, key, ""));
}

static int take_reference(struct rfa_secrets *secrets, const char *prefix, const char *id,
			  const json_t *reference, const char *folder, struct rfa_error *err)
{
	struct rfa_secret *s = &secrets->items[secrets->n++];
	int rc = make_reference(s, prefix, id, reference, folder, err);

	if (rc == 0 && s->from == RFA_SECRET_COMMAND)
		rc = rfa_secret_run(s, err);
	if (rc == 0 && !s->value)
		rc = no_reference(s, reference, err);
	if (rc != 0) {
		rfa_secret_release(s);
		secrets->n--;
	}
	return rc;
}

/* Whether sh has the first word of a command; 1 too if that word is more than a name. */
static int has_program(const char *command)
{
	struct rfa_buf line = RFA_BUF_INIT(4096), word = RFA_BUF_INIT(1024);
	size_t skip = strspn(command, " \t"), n = strcspn(command + skip, " \t\n");
	int is = 1;

	(void)rfa_buf_add(&word, command + skip, n);
	(void)rfa_buf_puts(&line, "command -v -- ");
	(void)rfa_quote(&line, rfa_buf_str(&word));
	(void)rfa_buf_puts(&line, " >/dev/null 2>&1");
	if (n && !word.failed && !line.failed &&
	    !strpbrk(rfa_buf_str(&word), "'\"\\$`;&|<>(){}*?[=~!#"))
		is = system(rfa_buf_str(&line)) == 0;
	rfa_buf_release(&word);
	rfa_buf_release(&line);
	return is;
}

int rfa_secrets_check_build(const struct rfa_secrets *secrets, const json_t *plan, const char *id,
			    const char *folder, struct rfa_error *err)
{
	const json_t *reference = reference_of(secrets, plan, at_build, id);
	struct rfa_secret s = { 0 };
	int rc = make_reference(&s, RFA_BUILD_SECRET, id, reference, folder, err);

	if (rc == 0 && s.from == RFA_SECRET_COMMAND && !has_program(s.where))
		(void)snprintf(s.why, sizeof(s.why), "there is no such command");
	if (rc == 0 && *s.why)
		rc = no_reference(&s, reference, err);
	rfa_secret_release(&s);
	return rc;
}

/* Those that the images of this run may mount. */
static int fetch_build(struct rfa_secrets *secrets, const json_t *plan, const char *folder,
		       struct rfa_ledger *ledger, struct rfa_error *err)
{
	json_t *ids = rfa_facts_at(plan, "target/stack/build/secrets"), *one;
	char name[128];
	size_t i;
	int rc = 0;

	if (!rfa_facts_at(plan, "options/sources"))
		return 0;
	json_array_foreach (ids, i, one) {
		const char *id = json_string_value(one);

		(void)snprintf(name, sizeof(name), RFA_BUILD_SECRET "%s", id);
		if (rc || rfa_secrets_find(secrets, name))
			continue;
		rc = take_reference(secrets, RFA_BUILD_SECRET, id,
				    reference_of(secrets, plan, at_build, id), folder, err);
		list_values(secrets);
		if (rc == 0 && ledger)
			rc = rfa_ledger_hide(ledger, rfa_secrets_find(secrets, name), err);
	}
	return rc;
}

/* A value that rfa.json has itself. */
static int take_plain(struct rfa_secrets *secrets, const char *name, const char *value,
		      struct rfa_error *err)
{
	struct rfa_secret *s = &secrets->items[secrets->n++];

	s->plain = 1;
	s->name = strdup(name);
	s->where = strdup("");
	s->value = strdup(value);
	return s->name && s->where && s->value ? 0 : rfa_fail_nomem(err);
}

/* Those that a release gives to Compose. */
static int fetch_variables(struct rfa_secrets *secrets, const json_t *plan, const char *folder,
			   struct rfa_ledger *ledger, struct rfa_error *err)
{
	json_t *names = rfa_facts_at(plan, "target/stack/variables"), *one;
	char name[128];
	size_t i;
	int rc = 0;

	if (!rfa_facts_at(plan, "options/release"))
		return 0;
	json_array_foreach (names, i, one) {
		const char *id = json_string_value(one);
		const json_t *reference = reference_of(secrets, plan, at_variables, id);

		(void)snprintf(name, sizeof(name), RFA_VARIABLE "%s", id);
		if (rc || !reference || rfa_secrets_find(secrets, name))
			continue;
		rc = json_is_string(reference)
			 ? take_plain(secrets, name, json_string_value(reference), err)
			 : take_reference(secrets, RFA_VARIABLE, id, reference, folder, err);
		list_values(secrets);
		if (rc == 0 && ledger && json_is_object(reference))
			rc = rfa_ledger_hide(ledger, rfa_secrets_find(secrets, name), err);
	}
	return rc;
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
	if (rc == 0)
		rc = fetch_build(secrets, plan, folder, ledger, err);
	return rc ? rc : fetch_variables(secrets, plan, folder, ledger, err);
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

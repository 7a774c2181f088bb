/* Resolves the configuration for an environment: overlays, defaults, and the plan of a run. */
#include "cli/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/config/checks.h"
#include "cli/config/hook_rules.h"
#include "cli/config/migrate_rules.h"
#include "cli/config/traffic_rules.h"
#include "cli/config/data_rules.h"
#include "cli/config/problems.h"
#include "cli/config/schema.h"
#include "fsm/base/suggest.h"
#include "fsm/base/buf.h"
#include "fsm/base/facts.h"

static int has(const json_t *map, const char *kind, const char *name, struct rfa_error *err)
{
	struct rfa_suggestion s = { name, NULL, 0 };
	struct rfa_buf shown = RFA_BUF_INIT(1024), all = RFA_BUF_INIT(1 << 20);
	const char *key;
	json_t *value;

	if (strncmp(name, "x-", 2) != 0 && json_object_get(map, name))
		return 0;
	json_object_foreach ((json_t *)map, key, value) {
		if (strncmp(key, "x-", 2) == 0)
			continue;
		rfa_suggest_offer(&s, key);
		rfa_buf_printf(&all, "%s%s", all.len ? ", " : "", key);
	}
	rfa_buf_put_printable(&shown, name, strlen(name), 60);
	int rc = rfa_fail(err, RFA_ENOTFOUND, "config", "rfa.json has no %s \"%s\"", kind,
			  rfa_buf_str(&shown));
	if (s.best)
		rfa_error_hint(err, "did you mean \"%s\"?", s.best);
	else
		rfa_error_hint(err, "there is: %.400s", all.len ? rfa_buf_str(&all) : "none");
	rfa_buf_release(&shown);
	rfa_buf_release(&all);
	return rc;
}

int rfa_config_has_stack(const struct rfa_config *config, const char *stack, struct rfa_error *err)
{
	return has(json_object_get(config->root, "stacks"), "stack", stack, err);
}

int rfa_config_has_env(const struct rfa_config *config, const char *env, struct rfa_error *err)
{
	return has(json_object_get(config->root, "environments"), "environment", env, err);
}

/* Lays `over` over `under` in place: objects deeply, everything else is replaced. */
static int merge(json_t *under, const json_t *over, struct rfa_error *err)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)over, key, value) {
		json_t *old = json_object_get(under, key);
		int rc = json_is_object(old) && json_is_object(value)
			     ? merge(old, value, err)
			     : rfa_facts_set(under, key, rfa_facts_copy(value), err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* "root@10.0.0.7" and "ssh://root@[::1]:22" are reached at 10.0.0.7 and ::1. */
static void host_of(const char *destination, char *into, size_t size)
{
	int is_url = strncmp(destination, "ssh://", 6) == 0;
	const char *host = is_url ? destination + 6 : destination;
	const char *at = strrchr(host, '@');
	host = at ? at + 1 : host;
	size_t len = strlen(host);
	if (host[0] == '[') {
		host++;
		len = strcspn(host, "]");
	} else if (is_url) {
		len = strcspn(host, ":/");
	}
	snprintf(into, size, "%.*s", (int)len, host);
}

/*
 * In an overlay nothing is required, so only the whole shows what is missing. The text that the
 * walk would take its lines from does not exist; the path says enough.
 */
static int check_resolved(const json_t *stack, const char *env, struct rfa_error *err)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_walk walk = { .text = "", .problems = &problems };
	int rc = 0;

	rfa_walk_check(&walk, rfa_schema_find(rfa_schema_root.inside, "stacks")->inside, stack);
	rfa_data_check(&walk, stack);
	rfa_checks_judge(&walk, stack);
	rfa_hooks_judge(&walk, stack);
	rfa_migrate_judge(&walk, stack);
	rfa_traffic_judge(&walk, stack);
	if (problems.n > 0) {
		const struct rfa_problem *p = &problems.items[0];
		rfa_fail(err, RFA_ECONFIG, "config", "the stack is not whole in \"%.60s\": %s%s%s",
			 env, p->path, p->path[0] ? ": " : "", p->what);
		rc = rfa_error_hint(err, "%s", p->hint);
	} else if (json_array_size(json_object_get(stack, "containers")) == 0 &&
		   !json_object_get(stack, "compose")) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "the stack has neither containers nor compose in \"%.60s\"", env);
		rc = rfa_error_hint(err, "list its containers, or its Compose project");
	}
	rfa_problems_release(&problems);
	return rc;
}

/* Values of variables stay here, whether they are secret or not: a plan has their names. */
static int only_names(json_t *stack, struct rfa_error *err)
{
	json_t *variables = json_object_get(stack, "variables"), *names, *one;
	const char *name;
	int rc;

	if (!variables)
		return 0;
	names = json_array();
	rc = names ? 0 : rfa_fail_nomem(err);
	json_object_foreach (variables, name, one) {
		if (rc == 0 && json_array_append_new(names, json_string(name)))
			rc = rfa_fail_nomem(err);
	}
	if (rc == 0)
		return rfa_facts_set(stack, "variables", names, err);
	json_decref(names);
	return rc;
}

/* Where the login of a repository is stays here, as that of a registry. */
static int no_login(json_t *stack, struct rfa_error *err)
{
	json_t *source = json_object_get(stack, "source");

	return json_object_get(source, "login") ? rfa_facts_set(source, "login", json_true(), err)
						: 0;
}

/* Where a secret of a build is stays here, as a login does: a plan has its id. */
static int only_ids(json_t *stack, struct rfa_error *err)
{
	json_t *build = json_object_get(stack, "build"), *secrets, *ids, *one;
	const char *id;
	int rc = 0;

	if (!build)
		return 0;
	secrets = json_incref(json_object_get(build, "secrets"));
	ids = json_array();
	json_object_foreach (secrets, id, one) {
		if (rc == 0 && json_array_append_new(ids, json_string(id)))
			rc = rfa_fail_nomem(err);
	}
	json_decref(secrets);
	if (rc == 0)
		return rfa_facts_set(build, "secrets", ids, err);
	json_decref(ids);
	return rc;
}

static int resolve_stack(const json_t *written, const char *env, json_t **out,
			 struct rfa_error *err)
{
	json_t *stack = rfa_facts_copy(written);
	json_t *overlay = json_incref(rfa_facts_at(stack, "environments"));
	int rc = stack ? 0 : rfa_fail_nomem(err);

	if (rc == 0)
		json_object_del(stack, "environments");
	if (rc == 0)
		rfa_data_replace_members(stack, json_object_get(overlay, env));
	if (rc == 0 && json_object_get(overlay, env))
		rc = merge(stack, json_object_get(overlay, env), err);
	json_decref(overlay);
	if (rc == 0)
		rc = check_resolved(stack, env, err);
	if (rc == 0)
		rc = rfa_schema_complete(rfa_schema_stack, stack, err);
	/* A plan brings one release, whatever else is watched for, and by which token. */
	json_object_del(stack, "watch");
	if (rc == 0)
		rc = rfa_checks_merge(stack, err);
	if (rc == 0)
		rc = only_ids(stack, err);
	if (rc == 0)
		rc = no_login(stack, err);
	if (rc == 0)
		rc = only_names(stack, err);
	if (rc == 0)
		*out = stack;
	else
		json_decref(stack);
	return rc;
}

int rfa_config_side(const struct rfa_config *config, const char *env, const char *stack,
		    json_t **out, struct rfa_error *err)
{
	json_t *side = NULL, *resolved = NULL;
	char host[256];
	int rc = rfa_config_has_env(config, env, err);
	if (rc == 0 && stack)
		rc = rfa_config_has_stack(config, stack, err);
	if (rc < 0)
		return rc;

	side = rfa_facts_copy(json_object_get(json_object_get(config->root, "environments"), env));
	if (!side)
		return rfa_fail_nomem(err);
	rc = rfa_schema_complete(rfa_schema_environment, side, err);
	if (rc == 0)
		rc = rfa_facts_set(side, "env", json_string(env), err);
	const char *destination = rfa_facts_str(side, "destination", "");
	host_of(destination, host, sizeof(host));
	if (rc == 0 && !json_object_get(side, "destination"))
		rc = rfa_facts_set(side, "destination", json_string(""), err);
	if (rc == 0 && !json_object_get(side, "address"))
		rc = rfa_facts_set(side, "address", json_string(host), err);
	if (rc == 0 && !json_object_get(side, "ssh_config"))
		rc = rfa_facts_set(side, "ssh_config", json_string(""), err);
	if (rc == 0 && stack) {
		rc = resolve_stack(json_object_get(json_object_get(config->root, "stacks"), stack),
				   env, &resolved, err);
		if (rc == 0)
			rc = rfa_facts_set(side, "stack", resolved, err);
	}
	if (rc == 0)
		*out = side;
	else
		json_decref(side);
	return rc;
}

int rfa_config_watch(const struct rfa_config *config, const char *env, const char *stack,
		     json_t **out, struct rfa_error *err)
{
	const json_t *written = json_object_get(json_object_get(config->root, "stacks"), stack);
	const json_t *overlay = json_object_get(json_object_get(written, "environments"), env);
	json_t *watch = json_object_get(written, "watch");
	int rc;

	watch = watch ? rfa_facts_copy(watch) : json_object();
	rc = watch ? merge(watch, json_object_get(overlay, "watch"), err) : rfa_fail_nomem(err);
	if (rc == 0)
		rc = rfa_schema_complete(rfa_schema_find(rfa_schema_stack, "watch")->inside, watch,
					 err);
	if (rc == 0)
		*out = watch;
	else
		json_decref(watch);
	return rc;
}

int rfa_config_registry(const struct rfa_config *config, const char *domain, json_t **out,
			struct rfa_error *err)
{
	const json_t *all = json_object_get(config->root, "registries");
	json_t *one = rfa_facts_copy(json_object_get(all, domain));
	const char *ca = rfa_facts_str(one, "ca", NULL);
	char *path = NULL;
	int rc = ca ? rfa_config_path(config, ca, &path, err) : 0;

	if (rc == 0 && path)
		rc = rfa_facts_set(one, "ca", json_string(path), err);
	free(path);
	/* Where it is stays here: a plan is kept by a ledger that others may write. */
	if (rc == 0 && json_object_get(one, "login"))
		rc = rfa_facts_set(one, "login", json_true(), err);
	if (rc == 0)
		*out = one;
	else
		json_decref(one);
	return rc;
}

int rfa_config_options(const struct rfa_config *config, json_t **out, struct rfa_error *err)
{
	json_t *timeouts = rfa_facts_copy(json_object_get(config->root, "timeouts"));
	if (!timeouts)
		timeouts = json_object();
	int rc = rfa_schema_complete(rfa_schema_find(rfa_schema_root.inside, "timeouts")->inside,
				     timeouts, err);
	json_t *options =
	    rc < 0 ? NULL
		   : json_pack("{s:I,s:I,s:I}", "idle_timeout_ms",
			       (json_int_t)rfa_facts_int(timeouts, "idle_s", 30) * 1000,
			       "connect_timeout_ms",
			       (json_int_t)rfa_facts_int(timeouts, "connect_s", 10) * 1000,
			       "attempts", (json_int_t)rfa_facts_int(timeouts, "attempts", 3));
	json_decref(timeouts);
	if (rc == 0 && !options)
		rc = rfa_fail_nomem(err);
	if (rc == 0)
		*out = options;
	return rc;
}

/* The login for a registry, by reference. */
#include "cli/config/login.h"

#include <stdlib.h>
#include <string.h>

#include "cli/config/docker_login.h"
#include "cli/config/secret.h"
#include "fsm/base/facts.h"
#include "fsm/base/wipe.h"

/* In the order of enum rfa_secret_from. */
static const char *const keys[] = { "env", "file", "command" };
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static int wrong(struct rfa_error *err, const char *where, const char *what)
{
	(void)rfa_fail(err, RFA_ECONFIG, "config", "%s", what);
	(void)rfa_error_where(err, "%s", where);
	return rfa_error_hint(err, "a login is {\"user\":…,\"file\":…}, {\"user\":…,\"env\":…}, "
				   "{\"user\":…,\"command\":…} or {\"docker\":true}");
}

/* The one of the keys that is there; KEYS: none, or more than one. */
static size_t find_key(const json_t *reference)
{
	size_t found = KEYS;
	size_t i;

	for (i = 0; i < KEYS; i++) {
		if (!json_object_get(reference, keys[i]))
			continue;
		if (found != KEYS)
			return KEYS;
		found = i;
	}
	return found;
}

/* USER:PASSWORD, or the password alone when the user is known. */
static int take_value(struct rfa_login *out, const char *user, const char *value, const char *where,
		      struct rfa_error *err)
{
	const char *colon = strchr(value, ':');
	char *name;
	int rc;

	if (!user && (!colon || colon == value || !colon[1]))
		return wrong(err, where, "no user is said, and the value is not USER:PASSWORD");
	if (user)
		return rfa_login_set(out, user, value, err);
	name = strndup(value, (size_t)(colon - value));
	rc = name ? rfa_login_set(out, name, colon + 1, err) : rfa_fail_nomem(err);
	rfa_wipe_text(name);
	return rc;
}

static int fetch(struct rfa_login *out, size_t key, const json_t *reference, const char *folder,
		 struct rfa_error *err)
{
	const char *user = json_string_value(json_object_get(reference, "user"));
	const char *where = json_string_value(json_object_get(reference, keys[key]));
	struct rfa_secret secret = { 0 };
	int rc;

	if (!where || !*where || (user && (!*user || strchr(user, ':'))))
		return wrong(err, where && *where ? "user" : keys[key],
			     "this is no text of a login");
	rc = rfa_secret_take(&secret, where, (enum rfa_secret_from)key, folder,
			     key == RFA_SECRET_VARIABLE ? "" : where, err);
	if (rc == 0 && key == RFA_SECRET_COMMAND)
		rc = rfa_secret_run(&secret, err);
	if (rc == 0 && !secret.value) {
		(void)rfa_fail(err, RFA_ECONFIG, "config", "the login: %s", secret.why);
		(void)rfa_error_where(err, "%s %.80s", keys[key], where);
		rc = -(int)RFA_ECONFIG;
	}
	if (rc == 0)
		rc = take_value(out, user, secret.value, keys[key], err);
	rfa_secret_release(&secret);
	return rc;
}

int rfa_login_fetch(struct rfa_login *out, const json_t *reference, const char *folder,
		    const char *domain, struct rfa_error *err)
{
	const json_t *docker = json_object_get(reference, "docker");
	struct rfa_login login = { NULL, NULL };
	size_t key = find_key(reference);
	int rc;

	if (docker ? key != KEYS || !json_is_true(docker) || json_object_size(reference) != 1
		   : key == KEYS)
		return wrong(err, "login", "this is no login, or more than one");
	rc = docker ? rfa_docker_login(&login, domain, err)
		    : fetch(&login, key, reference, folder, err);
	if (rc == 0)
		*out = login;
	return rc;
}

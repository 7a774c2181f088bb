/* The logins of a person's Docker. */
#include "cli/config/docker_login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config/paths.h"
#include "fsm/base/base64.h"
#include "fsm/base/facts.h"
#include "fsm/base/wipe.h"
#include "transports/transport.h"

enum { FILE_MAX = 1 << 20, ANSWER_MAX = 64 << 10, HELPER_MS = 60000 };

/* As Docker calls its own registry there, since before there were others. */
#define HUB "index.docker.io"
#define HUB_KEY "https://" HUB "/v1/"

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static int wrong(struct rfa_error *err, const char *where, const char *what)
{
	(void)rfa_fail(err, RFA_ECONFIG, "docker", "%s", what);
	return rfa_error_where(err, "%s", where);
}

/* The file. */

static int find_file(char **out, struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(4096);
	const char *folder = getenv("DOCKER_CONFIG");
	int rc;

	(void)rfa_buf_printf(&path, "%s/config.json", folder && *folder ? folder : "~/.docker");
	rc = rfa_buf_check(&path, err);
	if (!rc)
		rc = rfa_path_resolve(".", rfa_buf_str(&path), out, err);
	rfa_buf_release(&path);
	return rc;
}

/* *out (new): the file; NULL: it is not there. */
static int read_file(json_t **out, const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(FILE_MAX);
	FILE *file = fopen(path, "re");
	char part[4096];
	size_t got;
	int rc = 0;

	*out = NULL;
	if (!file)
		return errno == ENOENT || errno == ENOTDIR ? 0 : wrong(err, path, strerror(errno));
	if (rfa_wipe_reserve(&text, FILE_MAX / 4))
		rc = rfa_fail_nomem(err);
	while (!rc && (got = fread(part, 1, sizeof(part), file)) > 0)
		if (rfa_buf_add(&text, part, got))
			rc = wrong(err, path, "it is too long");
	if (!rc && (ferror(file) || rfa_facts_parse(out, rfa_buf_str(&text), text.len, path, NULL)))
		rc = wrong(err, path, "it cannot be read as JSON");
	(void)fclose(file);
	rfa_wipe(part, sizeof(part));
	rfa_wipe_buf(&text);
	return rc;
}

/* Names of registries. */

/* The name by which Docker asks for a registry. */
static const char *key_of(const char *domain)
{
	return !strcmp(domain, "docker.io") ? HUB_KEY : domain;
}

/* Whether a key ("host", "https://host/v1/") means the registry. */
static int means(const char *key, const char *domain)
{
	const char *host = strstr(key, "://") ? strstr(key, "://") + 3 : key;
	size_t len = strcspn(host, "/");

	if (!strcmp(domain, "docker.io"))
		return (len == strlen(HUB) && !strncmp(host, HUB, len)) ||
		       (len == strlen(domain) && !strncmp(host, domain, len));
	return len == strlen(domain) && !strncmp(host, domain, len);
}

/* The value for a registry; the key that is written exactly so comes first. Borrowed; NULL. */
static json_t *find(json_t *by_registry, const char *domain)
{
	json_t *found = json_object_get(by_registry, key_of(domain));
	const char *key;
	json_t *one;

	if (found)
		return found;
	json_object_foreach (by_registry, key, one) {
		if (means(key, domain))
			return one;
	}
	return NULL;
}

/* What config.json itself has. */

static int take_entry(struct rfa_login *out, const json_t *entry, const char *path,
		      struct rfa_error *err)
{
	const char *auth = rfa_facts_str(entry, "auth", "");
	const char *identity = rfa_facts_str(entry, "identitytoken", "");
	char *plain, *colon;
	int rc = 0;

	if (*identity)
		return rfa_login_set(out, "<token>", identity, err);
	if (!*auth)
		return 0;
	plain = calloc(1, strlen(auth) + 1);
	if (!plain)
		return rfa_fail_nomem(err);
	colon = rfa_base64_decode(plain, auth) > 0 ? strchr(plain, ':') : NULL;
	if (!colon || colon == plain || !colon[1]) {
		rc = wrong(err, path, "a login (auth) in it is not USER:PASSWORD in base64");
	} else {
		*colon = '\0';
		rc = rfa_login_set(out, plain, colon + 1, err);
	}
	rfa_wipe(plain, strlen(auth));
	free(plain);
	return rc;
}

/* Helpers. */

static int take_answer(struct rfa_login *out, const struct rfa_buf *answer, const char *program,
		       struct rfa_error *err)
{
	json_t *said = NULL;
	const char *user, *secret;
	int rc = 0;

	if (rfa_facts_parse(&said, rfa_buf_str(answer), answer->len, program, NULL))
		return wrong(err, program, "it answered what is no JSON");
	user = rfa_facts_str(said, "Username", "");
	secret = rfa_facts_str(said, "Secret", "");
	if (*user && *secret)
		rc = rfa_login_set(out, user, secret, err);
	json_decref(said);
	return rc;
}

static int refused(const struct rfa_buf *answer, int status, const char *program, const char *key,
		   struct rfa_error *err)
{
	/* The one answer that all helpers have in common. */
	if (strstr(rfa_buf_str(answer), "credentials not found"))
		return 0;
	(void)rfa_fail(err, RFA_ECONFIG, "docker", "it ended with status %d%s", status,
		       status == 127 ? ": is it installed?" : "");
	(void)rfa_error_where(err, "%s", program);
	return rfa_error_hint(err, "try it: echo %.200s | %s get", key, program);
}

static int ask_helper(struct rfa_login *out, const char *helper, const char *key,
		      struct rfa_error *err)
{
	struct rfa_buf answer = RFA_BUF_INIT(ANSWER_MAX);
	struct rfa_transport *here = NULL;
	char program[128];
	const char *argv[] = { program, "get", NULL };
	struct rfa_command command = {
		.argv = argv, .input = key, .input_len = strlen(key), .idle_timeout_ms = HELPER_MS
	};
	int status = 0;
	int rc;

	(void)snprintf(program, sizeof(program), "docker-credential-%.100s", helper);
	if (!*helper || helper[strspn(helper, WORD)])
		return wrong(err, "credHelpers, credsStore", "this is no name of a helper");
	rc = rfa_transport_local(&here, "here", err);
	if (rc)
		return rc;
	if (rfa_wipe_reserve(&answer, ANSWER_MAX / 2))
		rc = rfa_fail_nomem(err);
	if (!rc)
		rc = rfa_transport_run(here, &command, &answer, NULL, &status, err);
	if (!rc)
		rc = status ? refused(&answer, status, program, key, err)
			    : take_answer(out, &answer, program, err);
	rfa_transport_free(here);
	rfa_wipe_buf(&answer);
	return rc;
}

int rfa_docker_login(struct rfa_login *out, const char *domain, struct rfa_error *err)
{
	json_t *config = NULL;
	const char *helper;
	char *path = NULL;
	int rc = find_file(&path, err);

	if (!rc)
		rc = read_file(&config, path, err);
	if (rc || !config)
		goto done;
	helper = json_string_value(find(json_object_get(config, "credHelpers"), domain));
	if (!helper)
		helper = json_string_value(json_object_get(config, "credsStore"));
	if (helper)
		rc = ask_helper(out, helper, key_of(domain), err);
	if (!rc && !out->user)
		rc = take_entry(out, find(json_object_get(config, "auths"), domain), path, err);
done:
	json_decref(config);
	free(path);
	return rc;
}

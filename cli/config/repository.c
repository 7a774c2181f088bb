/* The git repository of a stack: which copy of it is here, and how it is asked for a tag. */
#include "cli/config/repository.h"

#include <stdlib.h>
#include <string.h>

#include "cli/config/login.h"
#include "fsm/base/digest.h"
#include "transports/git/git.h"

/* What rfa.json says of it, as libgit2 gets it. All owned. */
struct way {
	char *cache, *key, *ca, *ssh_config;
	struct rfa_login login;
};

static void way_release(struct way *w)
{
	free(w->cache);
	free(w->key);
	free(w->ca);
	free(w->ssh_config);
	rfa_login_release(&w->login);
}

const json_t *rfa_repository_written(const struct rfa_cli *cli, const char *stack_name,
				     const char *env, const char *key)
{
	const json_t *stack =
	    json_object_get(json_object_get(cli->config->root, "stacks"), stack_name);
	const json_t *overlay = json_object_get(json_object_get(stack, "environments"), env);
	const json_t *found = json_object_get(json_object_get(overlay, "source"), key);

	return found ? found : json_object_get(json_object_get(stack, "source"), key);
}

/* Beside the ledger, a repository for each URL. */
static int find_cache(struct rfa_cli *cli, const char *url, char **out, struct rfa_error *err)
{
	struct rfa_buf path = RFA_BUF_INIT(8192);
	char hex[RFA_DIGEST_HEX], *ledger = NULL;
	int rc = rfa_cli_ledger_path(cli, &ledger, err);

	rfa_digest_of(RFA_SHA256, url, strlen(url), hex);
	if (rc == 0) {
		rfa_buf_printf(&path, "%s.sources/%.16s.git", ledger, hex);
		rc = rfa_buf_check(&path, err);
	}
	*out = rc == 0 ? strdup(rfa_buf_str(&path)) : NULL;
	if (rc == 0 && !*out)
		rc = rfa_fail_nomem(err);
	free(ledger);
	rfa_buf_release(&path);
	return rc;
}

static int find_file(const struct rfa_cli *cli, const struct rfa_repository_ask *ask,
		     const char *key, char **out, struct rfa_error *err)
{
	const char *path =
	    json_string_value(rfa_repository_written(cli, ask->stack, ask->env, key));

	return path ? rfa_config_path(cli->config, path, out, err) : 0;
}

static int find_login(struct rfa_cli *cli, const struct rfa_repository_ask *ask,
		      struct rfa_login *out, struct rfa_error *err)
{
	const json_t *reference = rfa_repository_written(cli, ask->stack, ask->env, "login");
	int rc = 0;

	if (reference)
		rc = rfa_login_fetch(out, reference, cli->config->folder, "", err);
	if (rc == 0 && out->secret && cli->ledger)
		rc = rfa_ledger_hide(cli->ledger, out->secret, err);
	return rc;
}

static int find_way(struct rfa_cli *cli, const struct rfa_repository_ask *ask, struct way *w,
		    struct rfa_error *err)
{
	int rc = find_file(cli, ask, "key", &w->key, err);

	if (rc == 0)
		rc = find_file(cli, ask, "ca", &w->ca, err);
	if (rc == 0)
		rc = find_file(cli, ask, "ssh_config", &w->ssh_config, err);
	if (rc == 0 && w->ssh_config)
		rc = rfa_owner_check_ssh(w->ssh_config, &cli->trust, err);
	return rc < 0 ? rc : find_login(cli, ask, &w->login, err);
}

static int find_source(struct rfa_cli *cli, const struct rfa_repository_ask *ask, struct way *w,
		       struct rfa_git_source *out, struct rfa_error *err)
{
	json_t *options = NULL;
	int rc = find_way(cli, ask, w, err);

	if (rc == 0)
		rc = rfa_config_options(cli->config, &options, err);
	*out = (struct rfa_git_source){ .cache = w->cache,
					.url = ask->url,
					.user = w->login.user,
					.secret = w->login.secret,
					.key = w->key,
					.ca = w->ca,
					.ssh_config = w->ssh_config,
					.clock = cli->clock,
					.cancel = cli->cancel };
	out->idle_timeout_ms = rfa_facts_int(options, "idle_timeout_ms", 0);
	json_decref(options);
	return rc;
}

static int fetch(struct rfa_cli *cli, const struct rfa_repository_ask *ask, struct way *w,
		 char commit[RFA_GIT_ID_MAX], struct rfa_error *err)
{
	struct rfa_git_source source;
	int rc = find_source(cli, ask, w, &source, err);

	return rc ? rc : rfa_git_fetch(&source, ask->tag, commit, err);
}

/* The commit that is meant is here, or comes with its tag. */
static int open_commit(struct rfa_cli *cli, const struct rfa_repository_ask *ask, struct way *w,
		       struct rfa_repository **out, struct rfa_error *err)
{
	char commit[RFA_GIT_ID_MAX] = "";
	int rc = ask->commit ? rfa_git_open(out, w->cache, ask->commit, err) : -(int)RFA_ENOTFOUND;

	if (rc != -(int)RFA_ENOTFOUND)
		return rc;
	rfa_error_clear(err);
	rc = fetch(cli, ask, w, commit, err);
	if (rc < 0)
		return rc;
	rc = rfa_git_open(out, w->cache, ask->commit ? ask->commit : commit, err);
	if (rc != -(int)RFA_ENOTFOUND || !ask->commit)
		return rc;
	rfa_fail(err, RFA_EMISMATCH, "git",
		 "the tag %.100s is commit %.12s now, and the run is about "
		 "%.12s, which the repository has no more",
		 ask->tag, commit, ask->commit);
	return rfa_error_where(err, "%.100s", ask->url);
}

int rfa_cli_repository(void *user, const struct rfa_repository_ask *ask,
		       struct rfa_repository **out, struct rfa_error *err)
{
	struct rfa_cli *cli = user;
	struct way w = { 0 };
	int rc;

	if (cli->repository && ask->commit && !strcmp(cli->repository->commit, ask->commit)) {
		*out = cli->repository;
		return 0;
	}
	rc = find_cache(cli, ask->url, &w.cache, err);
	rfa_repository_free(cli->repository);
	cli->repository = NULL;
	if (rc == 0)
		rc = open_commit(cli, ask, &w, &cli->repository, err);
	if (rc == 0)
		*out = cli->repository;
	way_release(&w);
	return rc;
}

int rfa_cli_tags(struct rfa_cli *cli, const struct rfa_repository_ask *ask, json_t **out,
		 struct rfa_error *err)
{
	struct rfa_git_source source;
	struct way w = { 0 };
	int rc = find_cache(cli, ask->url, &w.cache, err);

	if (rc == 0)
		rc = find_source(cli, ask, &w, &source, err);
	if (rc == 0)
		rc = rfa_git_tags(&source, out, err);
	way_release(&w);
	return rc;
}

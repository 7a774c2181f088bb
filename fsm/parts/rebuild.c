/* Completes the plan of a stack that is made anew: of which images, and whether its data goes. */
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"

/* Data. */

/* *is: there is a volume of this name. */
static int has_volume(struct rfa_host *host, const char *name, int *is, struct rfa_error *err)
{
	json_t *volume = NULL;
	int rc = host->engine->inspect(host, RFA_VOLUME, name, &volume, err);

	*is = !rc;
	json_decref(volume);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int has_path(struct rfa_host *host, const char *path, int *is, struct rfa_error *err)
{
	struct rfa_file_stat st = { 0 };
	int rc = host->files->stat(host, path, &st, err);

	*is = st.type != 0;
	return rc;
}

static int has_container(struct rfa_host *host, const char *name, int *is, struct rfa_error *err)
{
	json_t *container = NULL;
	int rc = host->engine->inspect(host, RFA_CONTAINER, name, &container, err);

	*is = !rc;
	json_decref(container);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int has_piece(struct rfa_host *host, const json_t *piece, int *is, struct rfa_error *err)
{
	const char *volume = rfa_facts_str(piece, "volume", "");
	const char *path = rfa_facts_str(piece, "directory", rfa_facts_str(piece, "sqlite", ""));
	const char *server =
	    rfa_facts_str(piece, "postgres/container", rfa_facts_str(piece, "mysql/container", ""));

	if (*volume)
		return has_volume(host, volume, is, err);
	return *path ? has_path(host, path, is, err) : has_container(host, server, is, err);
}

/* *any: a piece of the data is there. */
static int look(const struct rfa_prepare *p, const json_t *plan, int *any, struct rfa_error *err)
{
	struct rfa_host *host = NULL;
	json_t *piece;
	const char *name;
	int rc = p->open(p, json_object_get(plan, "target"), &host, err);

	*any = 0;
	json_object_foreach (rfa_facts_at(plan, "target/stack/data/members"), name, piece) {
		if (!rc && !*any)
			rc = has_piece(host, piece, any, err);
	}
	rfa_host_free(host);
	return rc;
}

static int put_purge(const struct rfa_prepare *p, json_t *plan, int any, struct rfa_error *err)
{
	if (!p->option(p, "purge", 0))
		return 0;
	if (p->option(p, "new-volumes", 0))
		return any ? rfa_plan_set(plan, "purge", json_true(), err) : 0;
	rfa_fail(err, RFA_EUSAGE, "cli", "--purge goes with --new-volumes");
	return rfa_error_hint(err, "without it the data stays as it is, and nothing is put aside");
}

/* On an empty host there is nothing to back up, and nothing to delete: that is said, not asked. */
static int put_data(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int wipe = p->option(p, "new-volumes", 0) != NULL;
	int any = 0;
	int rc = wipe ? rfa_prepare_has_data(json_object_get(plan, "target"), err) : 0;

	if (!rc && wipe)
		rc = look(p, plan, &any, err);
	if (!rc && wipe && !any)
		p->tell(p,
			"nothing of the data is there yet: nothing is to be deleted, and nothing "
			"to be backed up");
	if (!rc)
		rc = rfa_plan_set(plan, any ? "wipe" : "keeps_data", json_true(), err);
	return rc ? rc : put_purge(p, plan, any, err);
}

/* Images. */

/* What the ledger knows to have run well there, or in the environment of --of. */
static int put_known(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *of = p->option(p, "of", 0);
	const char *env = of ? of : rfa_facts_str(plan, "target/env", "");
	json_t *proven = NULL;
	int rc = rfa_catalog_verified(p->ledger, env, p->word, &proven, err);

	if (rc || proven)
		return rc ? rc : rfa_plan_set(plan, "desired", proven, err);
	rfa_fail(err, RFA_ENOTFOUND, "ledger",
		 "the ledger knows of no version of %.60s that has proven itself in %.60s", p->word,
		 env);
	return rfa_error_hint(
	    err, "name one of its registry: rfa rebuild %.60s VERSION --env %.60s", p->word, env);
}

/* Before anything is made anew: the run that restores comes only then. */
static int check_of(const struct rfa_prepare *p, const json_t *plan, struct rfa_error *err)
{
	const char *env = rfa_facts_str(plan, "target/env", "");
	const char *of = p->option(p, "of", 0);
	json_t *side = NULL;
	int rc;

	if (of && !strcmp(of, env)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--env and --of are both \"%.60s\"", env);
		return rfa_error_hint(err,
				      "leave --of out: then it is made anew, and its data stays");
	}
	rc = of ? p->side(p, of, p->word, &side, err) : 0;
	json_decref(side);
	return rc;
}

int rfa_prepare_rebuild(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = check_of(p, plan, err);

	if (!rc)
		rc = rfa_plan_set(plan, "recreate", json_true(), err);
	if (!rc)
		rc = put_data(p, plan, err);
	if (!rc)
		rc = rfa_prepare_receiver(p, plan, "rebuild", err);
	if (!rc)
		rc = p->second ? rfa_prepare_deploy(p, plan, err) : put_known(p, plan, err);
	return rc;
}

/*
 * Completes the plan of a word about a version: the ledger knows which images it is, if a run has
 * brought it; else its registry is asked, or a host that runs it.
 */
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/model/version.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"

/* What the ledger knows. */
struct known {
	int is, has_images, is_brought;
};

static int look_up(const struct rfa_prepare *p, struct known *out, struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_version version;
	json_t *json = NULL;
	int rc = rfa_catalog_version(p->ledger, p->word, p->second, &json, err);

	*out = (struct known){ .is = json != NULL };
	if (!rc && json)
		rc = rfa_record_read(&rfa_shape_version, json, &pool, &version, err);
	if (!rc && json) {
		out->has_images = version.images.n > 0;
		out->is_brought = out->has_images && rfa_version_is_brought(&version);
	}
	rfa_pool_release(&pool);
	json_decref(json);
	return rc;
}

static int name_version(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	return rfa_plan_set(plan, "desired", json_pack("{s:s}", "version", p->second), err);
}

static int told_by_host(const struct rfa_prepare *p, json_t *plan, const char *env,
			struct rfa_error *err)
{
	json_t *side = NULL;
	int rc = p->side(p, env, p->word, &side, err);

	if (!rc)
		rc = rfa_facts_set(plan, "source", json_incref(side), err);
	json_decref(side);
	return rc ? rc : name_version(p, plan, err);
}

/* Registries have images for several processors under one tag. */
static int put_arch(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	struct rfa_host *host = NULL;
	json_t *info = NULL;
	int rc = p->open(p, json_object_get(plan, "target"), &host, err);

	if (!rc)
		rc = host->ops->info(host, &info, err);
	if (!rc)
		rc = rfa_plan_set(plan, "arch", json_string(rfa_facts_str(info, "arch", "")), err);
	json_decref(info);
	rfa_host_free(host);
	return rc;
}

static int told_by_registry(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_deploy(p, plan, err);

	return rc ? rc : put_arch(p, plan, err);
}

static int nobody_tells(const struct rfa_prepare *p, const struct known *known,
			struct rfa_error *err)
{
	if (known->is)
		rfa_fail(err, RFA_EREFUSED, "ledger",
			 "only an imported history names that version: which images it is, nobody "
			 "has said");
	else
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "no run has brought a version of that name");
	return rfa_error_hint(err,
			      "`rfa verified %s` lists those that there are; of another, --from "
			      "ENV says where it runs now, or \"deploy\" of the stack which "
			      "registry has it",
			      p->word);
}

int rfa_prepare_version(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *from = p->option(p, "from", 0);
	struct known known;
	int rc = look_up(p, &known, err);

	if (rc)
		return rc;
	if (from)
		return told_by_host(p, plan, from, err);
	if (known.is_brought)
		return name_version(p, plan, err);
	if (json_object_size(rfa_facts_at(plan, "target/stack/deploy/images")))
		return told_by_registry(p, plan, err);
	return known.has_images ? name_version(p, plan, err) : nobody_tells(p, &known, err);
}

/* prune-backups: backups that the rules do not keep any more go. */
#include "fsm/flows/flows.h"
#include "fsm/parts/catalog.h"
#include "fsm/steps/backup/retention.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_VAULT, NULL, "where the vault is" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* What goes is settled by the observation; nothing that was removed can be undone. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.observe", PRECHECK, TARGET, 0, 4, thin_observe),
	SKIP("stop", STOP, "nothing that runs uses it"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	CLEANUP("target.thin", HEALTH, TARGET, 0, 4, thin),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_text_line lines[] = {
	{ "goes for good", "{going}" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "Backups of {stack} on {of} that no rule keeps are removed.",
	.lines = lines,
	.question = "These backups will be gone for good.",
	.name = "{of}",
	.where = "on {of}",
	.done = "the backups that no rule keeps are gone",
	.changes = rfa_changes_verdicts,
};

static int judge(const struct rfa_prepare *p, const struct rfa_options *o, struct rfa_pool *pool,
		 const struct rfa_listed_list *list, struct rfa_verdict_list *out,
		 struct rfa_error *err)
{
	struct rfa_retention_ask ask = { .env = o->of,
					 .set = o->set,
					 .keep = o->retention,
					 .pins = &o->pinned,
					 .coming = "",
					 .now_ms = p->clock->wall_ms(p->clock) };

	return rfa_retention_judge(pool, list, &ask, out, err);
}

/* What goes is part of the plan, so that nothing else does. */
static int agree(const struct rfa_prepare *p, json_t *plan, const json_t *list,
		 struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_listed_list listed = { NULL, 0 };
	struct rfa_verdict_list verdicts = { NULL, 0 };
	struct rfa_texts going = { NULL, 0 };
	const struct rfa_verdict *one;
	struct rfa_options o;
	json_t *agreed = NULL;
	int rc =
	    rfa_record_read(&rfa_shape_options, json_object_get(plan, "options"), &pool, &o, err);

	if (!rc)
		rc = rfa_records_read(&rfa_shape_listed, list, &pool, &listed, err);
	if (!rc)
		rc = judge(p, &o, &pool, &listed, &verdicts, err);
	RFA_EACH (one, verdicts)
		if (!one->stays)
			rfa_texts_add(&pool, &going, one->backup);
	if (!rc)
		rc = rfa_texts_keep(&going, &pool, &agreed, err);
	if (!rc && !going.n)
		rc =
		    rfa_facts_set(plan, "nothing", json_string("the rules keep every backup"), err);
	if (!rc)
		rc = rfa_plan_set(plan, "agreed", json_incref(agreed), err);
	rfa_pool_release(&pool);
	return rc;
}

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *set = p->option(p, "set", 0), *env = NULL;
	struct rfa_vault_place vault = { 0 };
	struct rfa_host *host = NULL;
	json_t *pins = NULL, *list = NULL;
	int rc = p->need(p, "env", &env, err);

	if (!rc)
		rc = p->vault(p, env, p->word, &vault, err);
	if (!rc)
		rc =
		    rfa_catalog_pins(p->ledger, env, p->word,
				     rfa_facts_int(vault.side, "stack/keep_images", 3), &pins, err);
	if (!rc)
		rc = rfa_facts_set(plan, "target", json_incref(vault.side), err);
	if (!rc)
		rc = rfa_plan_set(plan, "vault", json_string(vault.path), err);
	if (!rc)
		rc = rfa_plan_set(plan, "set", json_string(set ? set : "data"), err);
	if (!rc)
		rc = rfa_plan_set(plan, "of", json_string(env), err);
	if (!rc && vault.keep)
		rc = rfa_plan_set(plan, "retention", json_incref(vault.keep), err);
	if (!rc)
		rc = rfa_plan_set(plan, "pinned", json_incref(pins), err);
	if (!rc)
		rc = p->open(p, vault.side, &host, err);
	if (!rc)
		rc = host->vault->list(host, vault.path, &list, err);
	if (!rc)
		rc = agree(p, plan, list, err);
	json_decref(list);
	json_decref(pins);
	json_decref(vault.side);
	json_decref(vault.keep);
	rfa_host_free(host);
	return rc;
}

static const struct rfa_option options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "set", 0, "SET", NULL, "data|images", "of the data (the default) or of the images" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa backup prune ragflowauth --env prod --dry-run", "what would go, and why" },
	{ "rfa backup prune ragflowauth --env prod --yes prod", "from a script" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "backup prune",
	.group = "data",
	.words = "STACK --env ENV",
	.details =
	    "With --dry-run each backup is shown with what keeps it. Asks for the environment's\n"
	    "name. The newest complete one always stays, and so does what a rollback point or the\n"
	    "last proven drill names. What is not complete goes after two days. Every backup does\n"
	    "this at its end as well.",
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_prune_backups = {
	.name = "prune-backups",
	.version = 2,
	.summary = "remove the backups that the rules do not keep any more",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.text = &text,
	.args = &args,
};

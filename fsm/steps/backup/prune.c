/* Backups that the plan's retention does not keep go. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/steps.h"
#include "fsm/steps/backup/vault.h"

/* Backups. */

/* What the rules leave, and what went. */
struct thinned {
	struct rfa_texts removed;
	int64_t retained;
};

static int64_t count_retained(const struct rfa_verdict_list *verdicts)
{
	const struct rfa_verdict *one;
	int64_t n = 0;

	RFA_EACH (one, *verdicts)
		n += one->stays != 0;
	return n;
}

/* Those that no rule keeps, the oldest first. One that is gone already is success, so it may be
 * repeated. */
static int remove_backups(struct rfa_ctx *ctx, const struct rfa_verdict_list *verdicts,
			  struct thinned *out, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	size_t i;

	for (i = verdicts->n; i-- > 0;) {
		const struct rfa_verdict *one = &verdicts->at[i];
		struct rfa_ctx_key key;
		int rc;

		if (one->stays)
			continue;
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the backup %s goes: %s", one->backup, one->why);
		rc = host->vault->remove(host, rfa_ctx_key(ctx, &key, "remove", one->backup),
					 rfa_ctx_options(ctx)->vault, one->backup, err);
		if (rc)
			return rc;
		rfa_texts_add(ctx->pool, &out->removed, one->backup);
	}
	out->retained += count_retained(verdicts);
	return 0;
}

/* Of the backups of one environment and set. */
static int retain_some(struct rfa_ctx *ctx, const struct rfa_listed_list *list, const char *env,
		       const char *set, struct thinned *out, struct rfa_error *err)
{
	struct rfa_verdict_list verdicts = { NULL, 0 };
	int rc = rfa_vault_judge(ctx, list, env, set, &verdicts, err);

	return rc ? rc : remove_backups(ctx, &verdicts, out, err);
}

/* What went, and what stays. */
static int prove(struct rfa_ctx *ctx, const struct thinned *out, json_t *facts,
		 struct rfa_error *err)
{
	struct rfa_proven proven;
	char summary[64];

	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.removed = out->removed;
	proven.retained = out->retained;
	snprintf(summary, sizeof(summary), "%zu backup(s) removed", out->removed.n);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_retain_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_plan_host *source = ctx->sides[RFA_SOURCE];
	struct rfa_listed_list list = { NULL, 0 };
	struct thinned out = { { NULL, 0 }, 0 };
	int rc;

	if (!rfa_ctx_options(ctx)->retention)
		return rfa_ctx_skip(facts, "no retention is asked for", err);
	rc = rfa_vault_list(ctx, &list, err);
	if (!rc)
		rc = retain_some(ctx, &list, source ? source->env : "", rfa_vault_set(ctx), &out,
				 err);
	return rc ? rc : prove(ctx, &out, facts, err);
}

/* Looks for itself what is left to do, so it may be repeated. */
int rfa_retain_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Backups, by hand. */

/* The operator has agreed to lose it. */
static int lists_backup(const json_t *agreed, const char *backup)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)agreed, i, one) {
		if (json_is_string(one) && !strcmp(json_string_value(one), backup))
			return 1;
	}
	return 0;
}

static int is_agreed(const struct rfa_ctx *ctx, const struct rfa_verdict_list *verdicts)
{
	const json_t *agreed = rfa_ctx_options(ctx)->agreed;
	const struct rfa_verdict *one;
	size_t going = 0;

	RFA_EACH (one, *verdicts) {
		if (one->stays)
			continue;
		if (!lists_backup(agreed, one->backup))
			return 0;
		going++;
	}
	return going == json_array_size(agreed);
}

/* What the operator agreed to must still be so: a backup that was under way may be whole by now. */
int rfa_thin_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_options *o = rfa_ctx_options(ctx);
	struct rfa_listed_list list = { NULL, 0 };
	struct rfa_proven proven;
	int rc = rfa_vault_list(ctx, &list, err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	if (!rc)
		rc = rfa_vault_judge(ctx, &list, o->of, rfa_vault_set(ctx), &proven.verdicts, err);
	if (rc)
		return rc;
	proven.retained = count_retained(&proven.verdicts);
	rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	if (rc || is_agreed(ctx, &proven.verdicts))
		return rc;
	rfa_fail(err, RFA_EREFUSED, "vault", "the backups are others by now");
	rfa_error_where(err, "%s:%s", ctx->host->name, o->vault);
	return rfa_error_hint(err, "look again: the same command");
}

int rfa_thin_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct thinned out = { { NULL, 0 }, 0 };
	int rc = remove_backups(ctx, &ctx->own->verdicts, &out, err);

	out.retained = 0;
	return rc ? rc : prove(ctx, &out, facts, err);
}

int rfa_thin_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

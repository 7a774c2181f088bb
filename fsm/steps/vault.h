/* Backups, as more than one step sees them. */
#ifndef RFA_FSM_STEPS_VAULT_H
#define RFA_FSM_STEPS_VAULT_H

#include "fsm/steps/ctx.h"

/* The plan's vault and backup. */
const char *rfa_vault_path(const struct rfa_ctx *ctx);
const char *rfa_vault_backup(const struct rfa_ctx *ctx);

/* What a run stores, {archive: {"bytes","sha256"?}}, one member each. *out is new. */
int rfa_vault_cargo(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err);

/*
 * What the plan's retention says of the backups of one environment and set in a vault's list. *out
 * is new: as rfa_retention_judge() says.
 */
int rfa_vault_judge(const struct rfa_ctx *ctx, const json_t *list, const char *env, const char *set,
		    json_t **out, struct rfa_error *err);

#endif

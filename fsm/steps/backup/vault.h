/* Backups, as more than one step sees them. */
#ifndef RFA_FSM_STEPS_BACKUP_VAULT_H
#define RFA_FSM_STEPS_BACKUP_VAULT_H

#include "fsm/model/asked.h"
#include "fsm/steps/common/ctx.h"

/* What the vault on the step's host holds; it lives as long as the step. */
int rfa_vault_list(struct rfa_ctx *ctx, struct rfa_listed_list *out, struct rfa_error *err);

/* What the plan's retention says of the backups of one environment and set in a vault's list. */
int rfa_vault_judge(struct rfa_ctx *ctx, const struct rfa_listed_list *list, const char *env,
		    const char *set, struct rfa_verdict_list *out, struct rfa_error *err);

/* The plan's set: "data", if it names none. */
const char *rfa_vault_set(const struct rfa_ctx *ctx);

#endif

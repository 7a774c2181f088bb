/* What a run would do, told without doing it, and the sides that a command names. */
#ifndef RFA_CLI_PLAN_H
#define RFA_CLI_PLAN_H

#include "cli/cli.h"

/* Fills in from and to out of the options, and checks that all names exist. Loads rfa.json. */
int rfa_plan_sides(struct rfa_cli *cli, struct rfa_plan_ask *ask,
		   struct rfa_error *err) RFA_MUST_USE;
/*
 * --force --reason TEXT, of the plan that is asked for. Errors: USAGE, no reason was given. The
 * caller asks the operator.
 */
int rfa_plan_force(const struct rfa_cli *cli, struct rfa_plan_ask *ask,
		   struct rfa_error *err) RFA_MUST_USE;
/* *out (new): the plan of the promotion that is asked for, with what the ledger knows of it. */
int rfa_plan_make(struct rfa_cli *cli, struct rfa_plan_ask *ask, json_t **out,
		  struct rfa_error *err) RFA_MUST_USE;
/*
 * Looks at both hosts of the promotion that the command line asks for, and prints what differs and
 * what the gates say. Errors: REFUSED, when one of them says no.
 */
int rfa_plan_show(struct rfa_cli *cli, struct rfa_error *err) RFA_MUST_USE;

#endif

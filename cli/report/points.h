/* Rollback points, as the ledger keeps them: points/<env>/<stack>/<point>.json. */
#ifndef RFA_CLI_REPORT_POINTS_H
#define RFA_CLI_REPORT_POINTS_H

#include "cli/frame/cli.h"

/* Prints the list: kind, age, what each brings back. */
int rfa_points_show(struct rfa_cli *cli, const char *env, const char *stack,
		    struct rfa_error *err) RFA_MUST_USE;

#endif

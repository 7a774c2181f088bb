/* Rollback points, as the ledger keeps them: points/<env>/<stack>/<point>.json. */
#ifndef RFA_CLI_REPORT_POINTS_H
#define RFA_CLI_REPORT_POINTS_H

#include "cli/frame/cli.h"

/*
 * Appends the command that goes back to a point: with the data, where the version does not run on
 * the schema of now and the point has a backup beside it. The ledger has to be open.
 */
void rfa_points_command(struct rfa_cli *cli, const char *env, const char *stack, const char *point,
			struct rfa_buf *into);

/* Prints the list: kind, age, what each brings back. */
int rfa_points_show(struct rfa_cli *cli, const char *env, const char *stack,
		    struct rfa_error *err) RFA_MUST_USE;

#endif

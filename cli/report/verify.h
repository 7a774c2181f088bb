/* Does it run what the ledger says? */
#ifndef RFA_CLI_REPORT_VERIFY_H
#define RFA_CLI_REPORT_VERIFY_H

#include "cli/frame/cli.h"

/* The ledger's own check; findings are printed, or added to `document`. */
int rfa_verify_ledger(struct rfa_cli *cli, json_t *document, struct rfa_error *err) RFA_MUST_USE;

#endif

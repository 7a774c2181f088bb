/* A run as a listing tells it. */
#ifndef RFA_CLI_REPORT_RUN_LIST_H
#define RFA_CLI_REPORT_RUN_LIST_H

#include "cli/frame/cli.h"

/*
 * The state of the step where a run stands, as its flow's table has it: the record that opens a
 * step may be the one that closes the step before it, in another state.
 */
const char *rfa_line_state(const struct rfa_ledger_line *line);
/* New; NULL when memory ran out. */
json_t *rfa_line_json(const struct rfa_ledger_line *line);
/* The person without the address, which --json has. */
const char *rfa_line_author(const char *author, char into[128]);

#endif

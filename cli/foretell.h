/* Says, before a question is asked, what a run on data will stop, replace and keep. */
#ifndef RFA_CLI_FORETELL_H
#define RFA_CLI_FORETELL_H

#include "cli/cli.h"

/* plan: of the flow that the name says; all on standard error. */
void rfa_foretell_data(const struct rfa_cli *cli, const json_t *plan);
void rfa_foretell_restore(const struct rfa_cli *cli, const json_t *plan);
void rfa_foretell_drill(const struct rfa_cli *cli, const json_t *plan);
void rfa_foretell_backup(const struct rfa_cli *cli, const json_t *plan);
void rfa_foretell_rollback_data(const struct rfa_cli *cli, const json_t *plan);
/* going: the points that will go, newest first. */
void rfa_foretell_prune(const struct rfa_cli *cli, const json_t *plan, const json_t *going);

/* "auth, es, files": the names of an object's members or of an array's objects, printable. */
void rfa_foretell_names(struct rfa_buf *into, const json_t *members);

#endif

/* Shows what a run would find and change, without beginning it. */
#ifndef RFA_CLI_REPORT_PREVIEW_H
#define RFA_CLI_REPORT_PREVIEW_H

#include "cli/frame/cli.h"

/* The exit statuses of a preview; 4 (refused) is that of the error. */
enum { RFA_PREVIEW_SAME = 0, RFA_PREVIEW_CHANGES = 2 };

/* What will happen, on standard error. */
void rfa_preview_say(const struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan);

/*
 * Connects, drives the preview of this plan (borrowed), and prints it; sets cli->status. Errors:
 * REFUSED with the first reason, once everything is printed.
 */
int rfa_preview_show(struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan,
		     struct rfa_error *err) RFA_MUST_USE;

/* The parts of it, for who shows it in another way; rfa_cli_secrets() of the plan stands before. */

/* *out (new; NULL after an error): what rfa_run_preview() found, without secrets. */
int rfa_preview_read(struct rfa_cli *cli, const json_t *plan, json_t **out,
		     struct rfa_error *err) RFA_MUST_USE;
/* Prints each gate as a line. */
int rfa_preview_verdicts(struct rfa_cli *cli, const json_t *document,
			 struct rfa_error *err) RFA_MUST_USE;
/* 0 if no gate refuses. Errors: REFUSED with the first reason. */
int rfa_preview_refused(const json_t *document, struct rfa_error *err) RFA_MUST_USE;
/*
 * Before the operator is asked: prints the table of what a run would change (not where events are
 * printed). *agreed (new): what goes for good by it. Errors: REFUSED by a gate, but for the lock.
 */
int rfa_preview_agree(struct rfa_cli *cli, const json_t *plan, json_t **agreed,
		      struct rfa_error *err) RFA_MUST_USE;
/*
 * The same look, before the run itself is begun: nothing is printed unless a gate refuses, and then
 * only what the gates say. Errors: REFUSED.
 */
int rfa_preview_judge(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err) RFA_MUST_USE;

#endif

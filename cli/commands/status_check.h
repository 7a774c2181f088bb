/* What is wrong, for monitors. */
#ifndef RFA_CLI_COMMANDS_STATUS_CHECK_H
#define RFA_CLI_COMMANDS_STATUS_CHECK_H

#include "cli/frame/cli.h"

/* For the options of `rfa status`. */
#define RFA_STATUS_CHECK_OPTIONS                                                                        \
	{ "check", 0,    NULL,                                                                          \
	  NULL,    NULL, "for monitors: only what is wrong, a line each; then exit status 1" },         \
	    { "backup-days", 0,                                                                         \
	      "N",           NULL,                                                                      \
	      NULL,          "with --check: a newest backup that is older is wrong, and none at all" }, \
	{                                                                                               \
		"drill-days", 0, "N", NULL, NULL,                                                       \
		    "with --check: the same of the last drill that has proven a backup"                 \
	}

/*
 * *out (new): array of texts, one for each thing that is wrong. running, unfinished: as the JSON of
 * `rfa status` has them. Errors: USAGE.
 */
int rfa_status_wrong(struct rfa_cli *cli, const json_t *running, const json_t *unfinished,
		     json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* One line for each; sets the exit status. */
void rfa_status_say_wrong(struct rfa_cli *cli, const json_t *wrong);

#endif

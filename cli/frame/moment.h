/* Moments as people type them. */
#ifndef RFA_CLI_FRAME_MOMENT_H
#define RFA_CLI_FRAME_MOMENT_H

#include "cli/frame/cli.h"

/* For the help of such an option. */
#define RFA_MOMENT_FORMS "2026-11-01, \"2026-11-01 10:30\" (UTC), 30m, 12h, 7d, 2w"

/*
 * The moment that an option names; *out keeps its value when it was not given. A day without a
 * time is its first second; its last one, if `last` is 1. Errors: USAGE.
 */
int rfa_cli_moment(const struct rfa_cli *cli, const char *option, int last, int64_t *out,
		   struct rfa_error *err) RFA_MUST_USE;

#endif

/* `rfa init --router`: the static part of a router, for its operator to put there. */
#ifndef RFA_CLI_COMMANDS_INIT_ROUTER_H
#define RFA_CLI_COMMANDS_INIT_ROUTER_H

#include "cli/frame/cli.h"

/* A file. */
struct rfa_router_part {
	const char *name; /* "haproxy.cfg" */
	const char *what; /* where it belongs, in words */
	char *text;       /* owned */
};

/*
 * The router's own configuration, and the file with its shares (0 for each service), of the stack
 * and the environment that the options name. Errors: USAGE, NOTFOUND; CONFIG: it names no router.
 */
int rfa_init_router(struct rfa_cli *cli, struct rfa_router_part parts[2],
		    struct rfa_error *err) RFA_MUST_USE;

#endif

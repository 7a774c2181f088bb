/* Opens the hosts of a plan, before anything is recorded: a wrong key is then a plain refusal. */
#ifndef RFA_CLI_CONFIG_HOSTS_H
#define RFA_CLI_CONFIG_HOSTS_H

#include "cli/frame/cli.h"

struct rfa_hosts {
	struct rfa_host *source, *target; /* owned; NULL where the plan names none */
};

/*
 * One host of a plan's side. options: the plan's. Does not connect. *out is new:
 * rfa_host_free().
 */
int rfa_hosts_make(struct rfa_cli *cli, const json_t *side, const json_t *options,
		   struct rfa_host **out, struct rfa_error *err) RFA_MUST_USE;
/* A side by itself, connected. */
int rfa_hosts_connect(struct rfa_cli *cli, const json_t *side, struct rfa_host **out,
		      struct rfa_error *err) RFA_MUST_USE;
/* The same for an environment of rfa.json. */
int rfa_hosts_open(struct rfa_cli *cli, const char *env, struct rfa_host **out,
		   struct rfa_error *err) RFA_MUST_USE;
/* Both sides of a plan; connected if asked. Release in any case. */
int rfa_hosts_of_plan(struct rfa_cli *cli, const json_t *plan, int connect, struct rfa_hosts *out,
		      struct rfa_error *err) RFA_MUST_USE;
void rfa_hosts_release(struct rfa_hosts *hosts);

#endif

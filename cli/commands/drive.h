/* Drives a run from the command line: hosts, telling, and the words at its end. */
#ifndef RFA_CLI_COMMANDS_DRIVE_H
#define RFA_CLI_COMMANDS_DRIVE_H

#include "cli/frame/cli.h"

/* Who types, and where: for records and for locks. */
struct rfa_who {
	char user[64], machine[128];
};
void rfa_cli_who(struct rfa_who *who);

/* Begins a run of this plan (borrowed) and drives it to its end. */
int rfa_cli_begin(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err) RFA_MUST_USE;
/* Takes an unfinished run over; a finished one answers its result again. */
int rfa_cli_take_over(struct rfa_cli *cli, const char *run, enum rfa_resume_mode mode,
		      struct rfa_error *err) RFA_MUST_USE;

#endif

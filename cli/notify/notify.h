/* The channels of rfa.json, told of what the ledger has for them. */
#ifndef RFA_CLI_NOTIFY_NOTIFY_H
#define RFA_CLI_NOTIFY_NOTIFY_H

#include "cli/notify/teller.h"
#include "cli/frame/cli.h"

/*
 * Before a run: channels that are new begin here, so that this run is told. No error: a channel
 * that cannot begin now does so later.
 */
void rfa_notify_before(struct rfa_cli *cli);
/*
 * Behind the command that drove runs, and whatever it had to say: tells the channels, for no more
 * than a few seconds in all. Never changes how the command ends.
 */
void rfa_notify_after(struct rfa_cli *cli);

/* A teller for the channels of this command, for at most so long. */
struct rfa_teller rfa_notify_teller(struct rfa_cli *cli, int64_t most_ms);
/* Sends a test to a channel, once. */
int rfa_notify_test(struct rfa_cli *cli, const char *channel, struct rfa_error *err) RFA_MUST_USE;

/* Calls `each` for every channel of rfa.json, in its order, until it answers another than 0. */
int rfa_notify_each(struct rfa_cli *cli,
		    int (*each)(void *user, const char *channel, const json_t *keys,
				struct rfa_error *err),
		    void *user, struct rfa_error *err) RFA_MUST_USE;
/*
 * One line for each channel that nobody hears of: its tries are used up, or its place is gone.
 * list: of texts; hint: what to type.
 */
#define RFA_NOTIFY_HINT "rfa notify"
int rfa_notify_wrong(struct rfa_cli *cli, json_t *list, struct rfa_error *err) RFA_MUST_USE;

#endif

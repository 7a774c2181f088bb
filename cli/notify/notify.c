/* The channels of rfa.json, told of what the ledger has for them. */
#include "cli/notify/notify.h"

#include <string.h>

#include "cli/frame/signals.h"
#include "cli/notify/message.h"
#include "cli/notify/receiver.h"
#include "cli/report/reporter.h"

enum { BEHIND_S = 5, TRY_MS = 10000 };

static int wants(void *user, const char *channel, const struct rfa_tiding *tiding)
{
	return rfa_channel_wants(rfa_channel_keys(user, channel), tiding);
}

static int send_to(struct rfa_cli *cli, const char *channel, const struct rfa_notice *notice,
		   int64_t timeout_ms, int64_t *wait_ms, struct rfa_error *err)
{
	struct rfa_receiver_made made;
	int rc = rfa_receiver_make(cli, rfa_channel_keys(cli, channel), &made, err);

	if (!rc)
		rc = rfa_notify_send(&made.receiver, notice, cli->clock, timeout_ms, wait_ms, err);
	rfa_receiver_release(&made);
	return rc;
}

static int send(void *user, const char *channel, const struct rfa_tiding *tiding,
		int64_t timeout_ms, int64_t *wait_ms, struct rfa_error *err)
{
	struct rfa_cli *cli = user;
	struct rfa_message_made made = { 0 };
	/* What commands print has to be known before a message can be without it. */
	int rc = rfa_cli_secrets(cli, rfa_channel_keys(cli, channel), err);

	*wait_ms = 0;
	if (!rc)
		rc = rfa_message_make(cli, channel, tiding, &made, err);
	if (!rc)
		rc = send_to(cli, channel, &made.notice, timeout_ms, wait_ms, err);
	rfa_message_made_release(&made);
	return rc;
}

struct rfa_teller rfa_notify_teller(struct rfa_cli *cli, int64_t most_ms)
{
	return (struct rfa_teller){
		.ledger = cli->ledger,
		.clock = cli->clock,
		.until = cli->clock->mono_ms(cli->clock) + most_ms,
		.most_ms = TRY_MS,
		.wants = wants,
		.send = send,
		.user = cli,
	};
}

int rfa_notify_test(struct rfa_cli *cli, const char *channel, struct rfa_error *err)
{
	struct rfa_message_made made;
	int64_t wait_ms;
	int rc = rfa_message_test(cli, channel, &made, err);

	if (!rc)
		rc = send_to(cli, channel, &made.notice, TRY_MS, &wait_ms, err);
	rfa_message_made_release(&made);
	return rc;
}

int rfa_notify_each(struct rfa_cli *cli,
		    int (*each)(void *, const char *, const json_t *, struct rfa_error *),
		    void *user, struct rfa_error *err)
{
	json_t *channels = cli->config ? json_object_get(cli->config->root, "notify") : NULL;
	const char *name;
	json_t *keys;
	int rc = 0;

	json_object_foreach (channels, name, keys) {
		if (!rc && strncmp(name, "x-", 2) != 0)
			rc = each(user, name, keys, err);
	}
	return rc;
}

/* Around a run. */

static int begin_one(void *user, const char *channel, const json_t *keys, struct rfa_error *err)
{
	struct rfa_teller t = rfa_notify_teller(user, 0);
	struct rfa_error ignored;

	(void)keys;
	(void)err;
	(void)!rfa_tell_begin(&t, channel, &ignored);
	return 0;
}

void rfa_notify_before(struct rfa_cli *cli)
{
	struct rfa_error ignored;

	cli->ran = 1;
	(void)!rfa_notify_each(cli, begin_one, cli, &ignored);
}

struct behind {
	struct rfa_cli *cli;
	int64_t until;
	size_t left; /* channels that come behind this one */
};

/* A line of its own is the last word of a run that was interrupted, and of --events. */
static int may_speak(const struct rfa_cli *cli)
{
	return !cli->out.events && !cli->out.json &&
	       (!cli->report.result.run[0] || cli->report.result.final != RFA_FINAL_NONE);
}

static void say(const struct rfa_cli *cli, const char *channel, const struct rfa_error *why)
{
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	struct rfa_error shown;

	rfa_report_hide(&shown, why, cli->out.secrets);
	if (may_speak(cli))
		rfa_out_warn(&cli->out,
			     "%s was not told: %s; it is tried again, or: rfa notify --send",
			     channel, rfa_out_safe(&safe, shown.msg, 300));
	rfa_buf_release(&safe);
}

/* One that hangs leaves the others their share of the time. */
static int tell_behind(void *user, const char *channel, const json_t *keys, struct rfa_error *err)
{
	struct behind *b = user;
	struct rfa_teller t = rfa_notify_teller(b->cli, 0);
	int64_t left = b->until - b->cli->clock->mono_ms(b->cli->clock);
	struct rfa_tell_result result;
	struct rfa_error why;

	(void)keys;
	(void)err;
	t.until += left / (int64_t)(b->left + 1);
	b->left -= b->left > 0;
	if (rfa_tell(&t, channel, &result, &why) < 0)
		say(b->cli, channel, &why);
	else if (result.end == RFA_TELL_FAILED)
		say(b->cli, channel, &result.why);
	return 0;
}

void rfa_notify_after(struct rfa_cli *cli)
{
	struct behind b = { .cli = cli };
	struct rfa_error ignored;
	size_t n;

	if (!cli->ran || !cli->ledger || !cli->config)
		return;
	n = json_object_size(json_object_get(cli->config->root, "notify"));
	if (!n)
		return;
	fflush(cli->out.out);
	fflush(cli->out.err);
	/* Who cannot wait: the status stays that of the run. */
	if (cli->report.result.final == RFA_FINAL_NONE)
		rfa_signals_run(cli->report.result.run);
	b.until = cli->clock->mono_ms(cli->clock) +
		  rfa_facts_int(cli->config->root, "timeouts/notify_s", BEHIND_S) * 1000;
	b.left = n - 1;
	(void)!rfa_notify_each(cli, tell_behind, &b, &ignored);
	rfa_signals_run(NULL);
}

/* What is wrong. */

struct wrong {
	struct rfa_cli *cli;
	json_t *list;
};

static int add_wrong(void *user, const char *channel, const json_t *keys, struct rfa_error *err)
{
	struct wrong *w = user;
	struct rfa_teller t = rfa_notify_teller(w->cli, 0);
	struct rfa_tell_state state;
	char text[500] = "";
	int rc = rfa_tell_look(&t, channel, &state, err);

	(void)keys;
	if (rc)
		return rc;
	if (state.lost)
		snprintf(
		    text, sizeof(text),
		    "notify %s: the ledger does not have the place where it stands: rfa notify "
		    "--skip %s --reason TEXT",
		    channel, channel);
	else if (state.failing)
		snprintf(text, sizeof(text),
			 "notify %s: failing, %u tries, %zu not told: %s: rfa notify --send",
			 channel, state.tries, state.n, state.why);
	if (text[0])
		rc = rfa_facts_append(w->list, json_string(text), err);
	rfa_tell_state_release(&state);
	return rc;
}

int rfa_notify_wrong(struct rfa_cli *cli, json_t *list, struct rfa_error *err)
{
	struct wrong w = { cli, list };

	return rfa_notify_each(cli, add_wrong, &w, err);
}

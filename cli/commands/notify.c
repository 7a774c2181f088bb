/* `rfa notify`: who is told how runs end, and what is not told yet. */
#include "cli/notify/notify.h"

#include <string.h>

#include "cli/notify/receiver.h"
#include "fsm/base/suggest.h"

enum { SEND_MS = 10 * 60 * 1000 };

/* What waits. */

struct listing {
	struct rfa_cli *cli;
	json_t *channels; /* the document */
	struct rfa_table table;
};

static json_t *pending_json(const struct rfa_tell_state *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct rfa_ledger_ending *e = &s->pending[i].ending;

		json_array_append_new(
		    all, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "run", e->run, "flow", e->flow,
				   "stack", e->stack, "env", e->env, "verdict",
				   rfa_tiding_verdict(&s->pending[i]), "id", s->pending[i].id));
	}
	return all;
}

static const char *state_word(const struct rfa_tell_state *s)
{
	return s->lost      ? "lost"
	       : !s->known  ? "new"
	       : s->failing ? "failing"
	       : s->tries   ? "trying"
	       : s->n       ? "waiting"
			    : "ok";
}

/* "every run" begins with the first run behind the channel's own beginning. */
static void add_row(struct listing *l, const char *channel, const json_t *keys,
		    const struct rfa_tell_state *s)
{
	char waits[24], tries[24], due[RFA_SHORT_MAX] = "";

	snprintf(waits, sizeof(waits), "%zu", s->n);
	snprintf(tries, sizeof(tries), "%u", s->tries);
	if (s->due_ms)
		rfa_out_time(due, s->due_ms);
	rfa_table_cell(&l->table, channel, RFA_BOLD);
	rfa_table_cell(&l->table, rfa_facts_str(keys, "kind", ""), RFA_PLAIN);
	rfa_table_cell(&l->table, state_word(s),
		       s->lost || s->failing ? RFA_RED
		       : s->tries            ? RFA_YELLOW
					     : RFA_GREEN);
	rfa_table_cell(&l->table, waits, RFA_PLAIN);
	rfa_table_cell(&l->table, tries, RFA_PLAIN);
	rfa_table_cell(&l->table, due, RFA_PLAIN);
	rfa_table_cell(&l->table, s->why, RFA_PLAIN);
}

static int list_one(void *user, const char *channel, const json_t *keys, struct rfa_error *err)
{
	struct listing *l = user;
	struct rfa_teller t = rfa_notify_teller(l->cli, 0);
	struct rfa_tell_state s;
	char due[RFA_TIME_MAX] = "";
	int rc = rfa_tell_look(&t, channel, &s, err);

	if (rc)
		return rc;
	if (s.due_ms)
		rfa_time_iso(s.due_ms, due);
	add_row(l, channel, keys, &s);
	rc = rfa_facts_append(l->channels,
			      json_pack("{s:s,s:s,s:s,s:i,s:s,s:s,s:o}", "channel", channel, "kind",
					rfa_facts_str(keys, "kind", ""), "state", state_word(&s),
					"tries", (int)s.tries, "next_try", due, "why", s.why,
					"pending", pending_json(&s)),
			      err);
	rfa_tell_state_release(&s);
	return rc;
}

static void say_pending(const struct rfa_out *o, const json_t *channels)
{
	json_t *channel, *run;
	size_t i, j;

	json_array_foreach ((json_t *)(uintptr_t)channels, i, channel)
		json_array_foreach (json_object_get(channel, "pending"), j, run)
			rfa_out_say(o, "%s%s: run %s, %s of %s on %s, %s", i + j ? "" : "\n",
				    rfa_facts_str(channel, "channel", ""),
				    rfa_facts_str(run, "run", ""), rfa_facts_str(run, "flow", ""),
				    rfa_facts_str(run, "stack", ""), rfa_facts_str(run, "env", ""),
				    rfa_facts_str(run, "verdict", ""));
}

static int list(struct rfa_cli *cli, struct rfa_error *err)
{
	static const char *const heads[] = { "channel", "kind",     "state", "waits",
					     "tries",   "next try", "why",   NULL };
	struct listing l = { .cli = cli, .channels = json_array() };
	int rc;

	rfa_table_init(&l.table, heads);
	rc = l.channels ? rfa_notify_each(cli, list_one, &l, err) : rfa_fail_nomem(err);
	if (!rc && cli->out.json) {
		rc = rfa_out_json(&cli->out, l.channels, err);
	} else if (!rc && !json_array_size(l.channels)) {
		rfa_out_say(&cli->out, "rfa.json has no channels: nobody is told how runs end");
		rfa_out_note(&cli->out, "see `rfa help notify`");
	} else if (!rc) {
		rc = rfa_table_print(&cli->out, &l.table, err);
		say_pending(&cli->out, l.channels);
	}
	rfa_table_release(&l.table);
	json_decref(l.channels);
	return rc;
}

/* Telling now. */

static void say_end(const struct rfa_cli *cli, const char *channel, const struct rfa_tell_result *r)
{
	static const char *const ends[] = {
		[RFA_TELL_DONE] = "nothing more waits",
		[RFA_TELL_WAITS] = "it waits for its next try",
		[RFA_TELL_BUSY] = "another rfa is telling it now",
		[RFA_TELL_LATE] = "there was not enough time",
		[RFA_TELL_FAILED] = "not told: ",
	};
	struct rfa_buf safe = RFA_BUF_INIT(4096);

	rfa_out_say(&cli->out, "%s: %zu told; %s%s", channel, r->told, ends[r->end],
		    r->end == RFA_TELL_FAILED ? rfa_out_safe(&safe, r->why.msg, 300) : "");
	if (r->end == RFA_TELL_FAILED && r->why.hint[0])
		rfa_out_note(&cli->out, "  hint      %s", r->why.hint);
	rfa_buf_release(&safe);
}

static int send_one(void *user, const char *channel, const json_t *keys, struct rfa_error *err)
{
	struct rfa_cli *cli = user;
	struct rfa_teller t = rfa_notify_teller(cli, SEND_MS);
	struct rfa_tell_result result;
	int rc;

	(void)keys;
	t.now = !rfa_cli_option(cli, "due");
	rc = rfa_tell(&t, channel, &result, err);
	/* One whose place is gone keeps nobody else from being told. */
	if (rc == -(int)RFA_ESTALE) {
		result.end = RFA_TELL_FAILED;
		result.why = *err;
		rfa_error_hint(&result.why, "rfa notify --skip %s --reason TEXT", channel);
		rc = 0;
	}
	if (rc)
		return rc;
	say_end(cli, channel, &result);
	if (result.end == RFA_TELL_FAILED)
		cli->status = 1;
	return 0;
}

/* Passing over. */

static int known_channel(struct rfa_cli *cli, const char *name, struct rfa_error *err)
{
	json_t *channels = json_object_get(cli->config->root, "notify");
	struct rfa_suggestion near = { name, NULL, 0 };
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	const char *key;
	json_t *value;

	if (rfa_channel_keys(cli, name))
		return 0;
	json_object_foreach (channels, key, value)
		rfa_suggest_offer(&near, key);
	rfa_fail(err, RFA_ENOTFOUND, "notify", "rfa.json has no channel \"%s\"",
		 rfa_out_safe(&safe, name, 60));
	rfa_buf_release(&safe);
	return near.best ? rfa_error_hint(err, "did you mean %s?", near.best)
			 : rfa_error_hint(err, "`rfa notify` lists them");
}

static int skip(struct rfa_cli *cli, const char *channel, struct rfa_error *err)
{
	struct rfa_teller t = rfa_notify_teller(cli, 0);
	const char *reason = NULL;
	size_t n = 0;
	int rc = rfa_cli_need(cli, "reason", &reason, err);

	if (!rc)
		rc = known_channel(cli, channel, err);
	if (!rc)
		rc = rfa_tell_skip(&t, channel, rfa_cli_option(cli, "to"), reason, &n, err);
	if (!rc)
		rfa_out_say(&cli->out, "%s: %zu passed over", channel, n);
	return rc;
}

static int check_options(const struct rfa_cli *cli, struct rfa_error *err)
{
	const char *skips = rfa_cli_option(cli, "skip");
	int sends = rfa_cli_option(cli, "send") != NULL;

	if ((skips && sends) ||
	    (!skips && (rfa_cli_option(cli, "to") || rfa_cli_option(cli, "reason"))) ||
	    (!sends && rfa_cli_option(cli, "due"))) {
		rfa_fail(err, RFA_EUSAGE, "cli", "these options do not go together");
		return rfa_error_hint(err, "rfa notify --send [--due] | --skip CHANNEL [--to RUN] "
					   "--reason TEXT");
	}
	if (cli->out.json && (skips || sends)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--json lists what waits, and nothing else");
		return rfa_error_hint(err, "rfa notify --json");
	}
	return 0;
}

static int open_both(struct rfa_cli *cli, struct rfa_error *err)
{
	int rc = rfa_cli_config(cli, err);

	return rc ? rc : rfa_cli_ledger(cli, err);
}

static int run_notify(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *skips = rfa_cli_option(cli, "skip");
	int rc = check_options(cli, err);

	if (!rc)
		rc = open_both(cli, err);
	if (rc)
		return rc;
	if (skips)
		return skip(cli, skips, err);
	return rfa_cli_option(cli, "send") ? rfa_notify_each(cli, send_one, cli, err)
					   : list(cli, err);
}

static const struct rfa_option notify_options[] = {
	{ "send", 0, NULL, NULL, NULL, "tell what waits, now" },
	{ "due", 0, NULL, NULL, NULL, "with --send: only what is due; for a timer" },
	{ "skip", 0, "CHANNEL", NULL, NULL, "pass over what waits for this channel" },
	{ "to", 0, "RUN", NULL, NULL, "with --skip: only up to this run" },
	{ "reason", 0, "TEXT", NULL, NULL, "with --skip: why; kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_notify = {
	.name = "notify",
	.group = "look",
	.words = "",
	.summary = "who is told how runs end, and what is not told yet",
	.details =
	    "The channels under \"notify\" of rfa.json. Each is told of every run that ends, and "
	    "of\n"
	    "each that stands interrupted: oldest first, at least once. That is done behind the\n"
	    "command that drove the run, within `timeouts.notify_s` seconds (5), and never "
	    "changes\n"
	    "how it ends. What could not be told waits: for the next such command, for --send, or\n"
	    "for a timer (`rfa schedule STACK --env ENV --for notify`). After ten tries in a day "
	    "the\n"
	    "channel is failing: `rfa doctor` and `rfa status --check` say so.",
	.options = notify_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa notify", "what waits, for each channel" },
		{ "rfa notify --send", "tell it now" },
		{ "rfa notify --skip team --reason \"the group was closed\"", "never tell it" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_READS,
	.run = run_notify,
};

/* A test. */

static int run_test(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *channel = rfa_cli_word(cli, 0);
	int rc = rfa_cli_config(cli, err);

	if (!rc)
		rc = known_channel(cli, channel, err);
	if (!rc)
		rc = rfa_notify_test(cli, channel, err);
	if (!rc)
		rfa_out_say(&cli->out, "%s was told that this is a test", channel);
	return rc;
}

const struct rfa_cli_command rfa_cmd_notify_test = {
	.name = "notify test",
	.group = "look",
	.words = "CHANNEL",
	.summary = "send a test to a channel",
	.details = "Sends one message that says that it is a test. The ledger is not touched.",
	.examples =
	    (const struct rfa_example[]){
		{ "rfa notify test team", "does it arrive?" },
		{ NULL, NULL },
	    },
	.min_words = 1,
	.max_words = 1,
	.run = run_test,
};

/* Which hook behind a run is still due. */
#include "cli/commands/hooks_due.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"

/* The row that a flow has whose runs have hooks. */
#define HOOK_ROW "target.hook"

/* Two names and what is between and behind them. */
enum { NAME_MAX_HERE = 144, MOST_TRIES = 10 };

const char *rfa_hook_behind(const json_t *plan, enum rfa_final final)
{
	const struct rfa_flow *flow = rfa_flow_by_name(rfa_facts_str(plan, "flow", ""));
	const char *which = final == RFA_FINAL_SUCCEEDED ? "after" : "failed";
	char path[64];

	/* Where the files of the host are taken, nothing changes there. */
	if (final == RFA_FINAL_NONE || !flow || rfa_flow_find(flow, HOOK_ROW) < 0 ||
	    rfa_facts_bool(plan, "options/take_back", 0))
		return NULL;
	snprintf(path, sizeof(path), "target/stack/hooks/%s/command", which);
	return json_array_size(rfa_facts_at(plan, path)) ? which : NULL;
}

/* Where the channel is. */

struct place {
	const char *stack, *env;
	const char *run; /* the one that is looked for; NULL: the newest */
	char name[NAME_MAX_HERE];
	int is; /* there is such a channel */
	struct rfa_ledger_channel channel;
	struct rfa_ledger_ending end; /* behind the channel's place; run "": none */
};

static int take_ending(void *user, const struct rfa_ledger_ending *one)
{
	struct place *p = user;

	if (!strcmp(one->stack, p->stack) && !strcmp(one->env, p->env) &&
	    (!p->run || !strcmp(one->run, p->run)))
		p->end = *one;
	return 0;
}

static int find(struct rfa_ledger *ledger, const json_t *plan, const char *run, struct place *p,
		struct rfa_error *err)
{
	int rc;

	*p = (struct place){ .stack = rfa_facts_str(plan, "stack", ""),
			     .env = rfa_facts_str(plan, "target/env", ""),
			     .run = run };
	snprintf(p->name, sizeof(p->name), "%.63s.%.63s.hooks", p->stack, p->env);
	rc = rfa_ledger_channel_read(ledger, p->name, &p->channel, err);
	p->is = !rc;
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		return 0;
	}
	return rc ? rc : rfa_ledger_ended(ledger, p->channel.at, take_ending, p, err);
}

static void leave(struct place *p)
{
	rfa_ledger_channel_release(&p->channel);
}

/* at NULL: behind everything that has ended. state is stolen. */
static int move(struct rfa_ledger *ledger, const struct place *p, const char *at, json_t *state,
		const char *subject, struct rfa_error *err)
{
	const struct rfa_ledger_move m = { p->is ? p->channel.version : NULL, at, state, subject,
					   0 };
	int rc = state ? rfa_ledger_channel_move(ledger, p->name, &m, err) : rfa_fail_nomem(err);

	json_decref(state);
	return rc;
}

static int move_to(struct rfa_ledger *ledger, const struct place *p, const char *at,
		   const char *run, const char *which, const char *how, int open,
		   struct rfa_error *err)
{
	char subject[160];

	snprintf(subject, sizeof(subject), "the hook \"%s\" of run %s %s", which, run, how);
	return move(
	    ledger, p, at,
	    json_pack("{s:s,s:s,s:s,s:b}", "run", run, "hook", which, "how", how, "open", open),
	    subject, err);
}

/* Looking. */

static void take_state(const struct place *p, struct rfa_hook_seen *out)
{
	const json_t *state = p->channel.state;

	snprintf(out->run, sizeof(out->run), "%s", rfa_facts_str(state, "run", ""));
	snprintf(out->which, sizeof(out->which), "%s", rfa_facts_str(state, "hook", ""));
	snprintf(out->how, sizeof(out->how), "%s", rfa_facts_str(state, "how", ""));
}

int rfa_hook_look(struct rfa_ledger *ledger, const json_t *plan, const char *run,
		  enum rfa_final final, struct rfa_hook_seen *out, struct rfa_error *err)
{
	const char *which = rfa_hook_behind(plan, final);
	struct place p;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!which)
		return 0;
	rc = find(ledger, plan, run, &p, err);
	if (!rc && !strcmp(rfa_facts_str(p.channel.state, "run", ""), run)) {
		take_state(&p, out);
	} else if (!rc && p.end.run[0]) {
		snprintf(out->run, sizeof(out->run), "%s", run);
		snprintf(out->which, sizeof(out->which), "%s", which);
		out->due = 1;
	}
	leave(&p);
	return rc;
}

/* The newest run that ended behind the channel's place. */
static int look_at_newest(struct rfa_ledger *ledger, const struct place *p,
			  struct rfa_hook_seen *out, struct rfa_error *err)
{
	struct rfa_history *history = NULL;
	int rc = rfa_ledger_load(ledger, p->end.run, &history, err);

	if (!rc)
		rc = rfa_hook_look(ledger, history->plan, p->end.run, p->end.final, out, err);
	rfa_history_free(history);
	return rc;
}

static int expects(const json_t *plan)
{
	return rfa_hook_behind(plan, RFA_FINAL_SUCCEEDED) ||
	       rfa_hook_behind(plan, RFA_FINAL_FAILED);
}

int rfa_hook_expect(struct rfa_ledger *ledger, const json_t *plan, struct rfa_hook_seen *out,
		    struct rfa_error *err)
{
	struct place p;
	int rc = find(ledger, plan, NULL, &p, err);

	memset(out, 0, sizeof(*out));
	if (!rc && !p.is && expects(plan))
		rc = move(ledger, &p, NULL, json_object(), "each hook from here on is remembered",
			  err);
	else if (!rc && p.is && p.end.run[0])
		rc = look_at_newest(ledger, &p, out, err);
	else if (!rc && p.is && rfa_facts_bool(p.channel.state, "open", 0))
		take_state(&p, out);
	leave(&p);
	return rc;
}

/* Beginning and ending. */

int rfa_hook_claim(struct rfa_ledger *ledger, const json_t *plan, const char *run,
		   const char *which, int was_over, struct rfa_error *err)
{
	struct place p;
	int rc, mine, tries = 0;

	/* Two who come at once: one is STALE, and looks again. */
	do {
		rfa_error_clear(err);
		rc = find(ledger, plan, run, &p, err);
		mine = !rc && (p.is ? p.end.run[0] != '\0' : !was_over);
		if (mine)
			rc = move_to(ledger, &p, p.is ? p.end.commit : NULL, run, which,
				     "has begun, and nobody has seen it end", 1, err);
		leave(&p);
	} while (rc == -(int)RFA_ESTALE && mine && ++tries < MOST_TRIES);
	return rc ? rc : mine;
}

int rfa_hook_ended(struct rfa_ledger *ledger, const json_t *plan, const char *run,
		   const char *which, const char *how, struct rfa_error *err)
{
	struct place p;
	int rc = find(ledger, plan, run, &p, err);

	/* Another run's hook has begun since: this one's end is of no use any more. */
	if (!rc && !strcmp(rfa_facts_str(p.channel.state, "run", ""), run))
		rc = move_to(ledger, &p, p.channel.at, run, which, how, 0, err);
	leave(&p);
	return rc;
}

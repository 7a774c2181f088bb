/* Tells a channel of the runs that ended. */
#include "cli/notify/teller.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report/run_list.h"
#include "fsm/base/digest.h"
#include "fsm/base/facts.h"

enum { MOST_OPEN = 1000, MOST_STALE = 100, LEAST_MS = 100, SPARE_MS = 2000 };

#define MINUTE ((int64_t)60 * 1000)
#define DAY (24 * 60 * MINUTE)

/* The pause behind the first try, the second …: the tenth is made 23 h 51 min after the first. */
static const int pauses_min[] = { 1, 5, 15, 30, 60, 120, 240, 360, 600 };

static int64_t pause_ms(int64_t tries)
{
	int64_t last = sizeof(pauses_min) / sizeof(pauses_min[0]);

	return pauses_min[(tries < last ? tries : last) - 1] * MINUTE;
}

/* Where a channel stands, and what there is to tell it. */
struct place {
	struct rfa_ledger_channel channel;
	struct rfa_tiding *items; /* owned; what it wants */
	size_t n, cap;
	char newest[65]; /* the END of main that was seen last, wanted or not */
	json_t *open;    /* of all runs that are not over, alive or not: {run: state} */
	const struct rfa_teller *t;
	const char *name;
	int failed; /* out of memory */
};

static int64_t number(const struct place *p, const char *key)
{
	return rfa_facts_int(p->channel.state, key, 0);
}

static void release(struct place *p)
{
	rfa_ledger_channel_release(&p->channel);
	free(p->items);
	json_decref(p->open);
	p->items = NULL;
	p->open = NULL;
	p->n = p->cap = 0;
}

/* What there is to tell. */

static void make_id(struct rfa_tiding *one, const char *channel)
{
	char text[256], hex[RFA_DIGEST_HEX];
	int n;

	if (one->ending.commit[0])
		n = snprintf(text, sizeof(text), "%s\n%s", one->ending.commit, channel);
	else
		n = snprintf(text, sizeof(text), "%s\n%s\n%s", one->ending.run, one->state,
			     channel);
	rfa_digest_of(RFA_SHA256, text, (size_t)n, hex);
	snprintf(one->id, sizeof(one->id), "msg_%.32s", hex);
}

static int add(struct place *p, struct rfa_tiding *one)
{
	if (!p->t->wants(p->t->user, p->name, one))
		return 0;
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 16;
		struct rfa_tiding *more = realloc(p->items, cap * sizeof(*more));

		p->failed = !more;
		if (!more)
			return 1;
		p->items = more;
		p->cap = cap;
	}
	make_id(one, p->name);
	p->items[p->n++] = *one;
	return 0;
}

static int add_ended(void *user, const struct rfa_ledger_ending *ending)
{
	struct place *p = user;
	struct rfa_tiding one = { .ending = *ending };

	snprintf(p->newest, sizeof(p->newest), "%s", ending->commit);
	return add(p, &one);
}

/* A run that is not over, and nobody drives it. Told once for each state in which it stops. */
static int add_open(void *user, const struct rfa_ledger_line *line)
{
	struct place *p = user;
	struct rfa_tiding one = { .ending.final = RFA_FINAL_NONE };
	const char *state = rfa_line_state(line);
	const json_t *told = json_object_get(p->channel.state, "told");

	p->failed |= json_object_set_new(p->open, line->run, json_string(state)) != 0;
	if (line->alive || !strcmp(rfa_facts_str(told, line->run, ""), state))
		return p->failed;
	snprintf(one.ending.run, sizeof(one.ending.run), "%s", line->run);
	snprintf(one.ending.flow, sizeof(one.ending.flow), "%s", line->flow);
	snprintf(one.ending.stack, sizeof(one.ending.stack), "%s", line->stack);
	snprintf(one.ending.env, sizeof(one.ending.env), "%s", line->env);
	snprintf(one.state, sizeof(one.state), "%s", state);
	return add(p, &one);
}

static int gather(struct place *p, struct rfa_error *err)
{
	struct rfa_ledger_filter open = { .open_only = 1, .limit = MOST_OPEN };
	int rc = rfa_ledger_channel_read(p->t->ledger, p->name, &p->channel, err);

	p->open = json_object();
	snprintf(p->newest, sizeof(p->newest), "%s", p->channel.at);
	if (!rc)
		rc = rfa_ledger_ended(p->t->ledger, p->channel.at, add_ended, p, err);
	if (!rc)
		rc = rfa_ledger_list(p->t->ledger, &open, add_open, p, err);
	return !rc && (p->failed || !p->open) ? rfa_fail_nomem(err) : rc;
}

/* Moves. */

/* What stays in the channel's history, and what the next move replaces. */
enum { STAYS, PASSES };

/* `state` is stolen. */
static int move(struct place *p, const char *was, const char *at, json_t *state,
		const char *subject, int passing, struct rfa_error *err)
{
	struct rfa_ledger_move m = { was, at, state, subject, passing };
	int rc =
	    state ? rfa_ledger_channel_move(p->t->ledger, p->name, &m, err) : rfa_fail_nomem(err);

	json_decref(state);
	return rc;
}

/* {run: state} of what was told and is still not over. New. */
static json_t *still_open(const struct place *p)
{
	json_t *told = json_object_get(p->channel.state, "told");
	json_t *out = json_object();
	const char *run;
	json_t *state;

	json_object_foreach (told, run, state)
		if (json_object_get(p->open, run))
			json_object_set(out, run, state);
	return out;
}

/* A state without tries; `more` (stolen; NULL: nothing) is kept in it. */
static json_t *calm(const struct place *p, const struct rfa_tiding *told)
{
	json_t *runs = still_open(p);

	if (told && !told->ending.commit[0])
		json_object_set_new(runs, told->ending.run, json_string(told->state));
	return json_pack("{s:i,s:o}", "tries", 0, "told", runs);
}

/* The same place again, behind a move of ours. STALE: it is somebody else's by now. */
static int reread(struct place *p, const char *at, struct rfa_error *err)
{
	int rc;

	rfa_ledger_channel_release(&p->channel);
	rc = rfa_ledger_channel_read(p->t->ledger, p->name, &p->channel, err);
	if (!rc && strcmp(p->channel.at, at) != 0)
		rc = rfa_fail(err, RFA_ESTALE, "notify", "somebody else moved %s", p->name);
	return rc;
}

static json_t *trying(const struct place *p, int64_t now, int64_t timeout_ms)
{
	int64_t tries = number(p, "tries") + 1;
	json_t *state = rfa_facts_copy_shallow(p->channel.state);

	if (!state)
		return NULL;
	json_object_set_new(state, "tries", json_integer(tries));
	if (tries == 1)
		json_object_set_new(state, "first_ms", json_integer(now));
	json_object_set_new(state, "due_ms", json_integer(now + pause_ms(tries)));
	json_object_set_new(state, "busy_ms", json_integer(now + timeout_ms + SPARE_MS));
	return state;
}

/* The message may say anything: what is secret in it does not get into the ledger. */
static json_t *failed(const struct place *p, int64_t now, int64_t wait_ms,
		      const struct rfa_error *why)
{
	json_t *state = rfa_facts_copy_shallow(p->channel.state);
	struct rfa_buf text = RFA_BUF_INIT(4096), safe = RFA_BUF_INIT(4096);
	int64_t due = now + pause_ms(number(p, "tries"));

	if (!state)
		return NULL;
	rfa_ledger_redact_text(p->t->ledger, why->msg, strlen(why->msg), &text);
	rfa_buf_put_printable(&safe, rfa_buf_str(&text), text.len, 250);
	json_object_set_new(state, "why", json_string(rfa_buf_str(&safe)));
	json_object_set_new(state, "busy_ms", json_integer(0));
	if (wait_ms > DAY)
		wait_ms = DAY;
	json_object_set_new(state, "due_ms",
			    json_integer(now + wait_ms > due ? now + wait_ms : due));
	rfa_buf_release(&text);
	rfa_buf_release(&safe);
	return state;
}

/* Telling. */

static int64_t wall(const struct place *p)
{
	return p->t->clock->wall_ms(p->t->clock);
}

/* A time that is further away than any pause was written by a clock that went wrong. */
static int is_ahead(int64_t when, int64_t now)
{
	return when > now && when - now <= DAY + MINUTE;
}

/* 1 if a try may be made now; else how it ends. */
static int may_try(const struct place *p, int64_t *timeout_ms, enum rfa_tell_end *end)
{
	int64_t now = wall(p), left = p->t->until - p->t->clock->mono_ms(p->t->clock);

	*timeout_ms = left < p->t->most_ms ? left : p->t->most_ms;
	if (is_ahead(number(p, "busy_ms"), now))
		*end = RFA_TELL_BUSY;
	else if (!p->t->now && is_ahead(number(p, "due_ms"), now))
		*end = RFA_TELL_WAITS;
	else if (*timeout_ms < LEAST_MS)
		*end = RFA_TELL_LATE;
	else
		return 1;
	return 0;
}

/* One try. *done: it was told. STALE: somebody else moved the channel. */
static int try_one(struct place *p, const struct rfa_tiding *one, struct rfa_tell_result *result,
		   int *done, struct rfa_error *err)
{
	int64_t timeout_ms, wait_ms = 0;
	char version[65], here[65], subject[160];
	int rc, sent;

	*done = 0;
	if (!may_try(p, &timeout_ms, &result->end))
		return 0;
	snprintf(here, sizeof(here), "%s", p->channel.at);
	snprintf(version, sizeof(version), "%s", p->channel.version);
	rc = move(p, version, here, trying(p, wall(p), timeout_ms), "a try", PASSES, err);
	if (!rc)
		rc = reread(p, here, err);
	if (rc)
		return rc;
	sent = p->t->send(p->t->user, p->name, one, timeout_ms, &wait_ms, &result->why);
	/* Died, in a test: nothing is written by the dead. */
	if (sent == -(int)RFA_ECRASHED) {
		*err = result->why;
		return sent;
	}
	snprintf(version, sizeof(version), "%s", p->channel.version);
	snprintf(subject, sizeof(subject), "%s of run %s", sent ? "not told" : "told",
		 one->ending.run);
	if (sent) {
		result->end = RFA_TELL_FAILED;
		rc = move(p, version, here, failed(p, wall(p), wait_ms, &result->why), subject,
			  PASSES, err);
		return rc;
	}
	*done = 1;
	result->told++;
	if (one->ending.commit[0])
		snprintf(here, sizeof(here), "%s", one->ending.commit);
	rc = move(p, version, here, calm(p, one), subject, STAYS, err);
	return rc ? rc : reread(p, here, err);
}

/* What nobody wants is not looked at again. */
static int catch_up(struct place *p, struct rfa_error *err)
{
	json_t *was = json_object_get(p->channel.state, "told");
	json_t *told = still_open(p);
	int same = json_object_size(was) == json_object_size(told);
	int rc = 0;

	json_decref(told);
	if (!same || strcmp(p->newest, p->channel.at) != 0)
		rc = move(p, p->channel.version, p->newest, calm(p, NULL), "nothing to tell",
			  PASSES, err);
	return rc == -(int)RFA_ESTALE ? 0 : rc;
}

/* All that is gathered. *again: there may be more. */
static int tell_gathered(struct place *p, struct rfa_tell_result *result, int *again,
			 struct rfa_error *err)
{
	int done = 1;
	int rc = 0;

	*again = p->n > 0;
	result->end = RFA_TELL_DONE;
	for (size_t i = 0; !rc && done && i < p->n; i++)
		rc = try_one(p, &p->items[i], result, &done, err);
	if (!rc && !p->n)
		rc = catch_up(p, err);
	*again &= done;
	return rc;
}

int rfa_tell_begin(const struct rfa_teller *t, const char *channel, struct rfa_error *err)
{
	struct place p = { .t = t, .name = channel };
	int rc = rfa_ledger_channel_read(t->ledger, channel, &p.channel, err);

	rfa_ledger_channel_release(&p.channel);
	if (rc != -(int)RFA_ENOTFOUND)
		return rc;
	rc = move(&p, NULL, NULL, json_pack("{s:i,s:{}}", "tries", 0, "told"), "begins here", STAYS,
		  err);
	return rc == -(int)RFA_ESTALE ? 0 : rc;
}

int rfa_tell(const struct rfa_teller *t, const char *channel, struct rfa_tell_result *result,
	     struct rfa_error *err)
{
	int again = 1, stale = 0;
	int rc = rfa_tell_begin(t, channel, err);

	memset(result, 0, sizeof(*result));
	while (!rc && again) {
		struct place p = { .t = t, .name = channel };

		rc = gather(&p, err);
		if (!rc) {
			rc = tell_gathered(&p, result, &again, err);
			/* Somebody else moved it: what he has left is not known yet. */
			if (rc == -(int)RFA_ESTALE && ++stale < MOST_STALE) {
				again = 1;
				rc = 0;
			}
		}
		release(&p);
	}
	return rc;
}

/* Looking. */

int rfa_tell_look(const struct rfa_teller *t, const char *channel, struct rfa_tell_state *out,
		  struct rfa_error *err)
{
	struct place p = { .t = t, .name = channel };
	int rc = gather(&p, err);

	memset(out, 0, sizeof(*out));
	out->known = rc != -(int)RFA_ENOTFOUND;
	out->lost = rc == -(int)RFA_ESTALE;
	if (!out->known || out->lost) {
		rfa_error_clear(err);
		rc = 0;
	}
	out->tries = (unsigned)number(&p, "tries");
	out->due_ms = out->tries ? number(&p, "due_ms") : 0;
	snprintf(out->why, sizeof(out->why), "%s",
		 out->tries ? rfa_facts_str(p.channel.state, "why", "") : "");
	out->failing = out->tries >= RFA_TELL_TRIES ||
		       (out->tries && wall(&p) - number(&p, "first_ms") >= DAY);
	if (!rc) {
		out->pending = p.items;
		out->n = p.n;
		p.items = NULL;
	}
	/* What was tried is nobody's any more: the configuration may have changed. */
	if (!out->n && !out->lost)
		out->tries = 0, out->failing = 0, out->why[0] = '\0';
	release(&p);
	return rc;
}

void rfa_tell_state_release(struct rfa_tell_state *state)
{
	free(state->pending);
	memset(state, 0, sizeof(*state));
}

/* Passing over. */

/* *n: how many of the pending ones; the last of them is the run. */
static int find_run(const struct place *p, const char *run, size_t *n, struct rfa_error *err)
{
	for (*n = run ? 0 : p->n; run && *n < p->n;)
		if (!strcmp(p->items[(*n)++].ending.run, run))
			return 0;
	if (!run)
		return 0;
	rfa_fail(err, RFA_ENOTFOUND, "notify", "the channel %s does not wait to tell of run %s",
		 p->name, run);
	return rfa_error_hint(err, "rfa notify");
}

int rfa_tell_skip(const struct rfa_teller *t, const char *channel, const char *to,
		  const char *reason, size_t *n, struct rfa_error *err)
{
	struct place p = { .t = t, .name = channel };
	const char *at = NULL;
	char subject[300];
	json_t *state;
	int rc = gather(&p, err), lost = rc == -(int)RFA_ESTALE;

	/* The place where it stood is gone: it begins again, at the newest END. */
	if (lost && !to)
		rc = 0;
	if (!rc)
		rc = find_run(&p, to, n, err);
	if (!rc) {
		at = lost ? NULL : to ? p.channel.at : p.newest;
		state = calm(&p, NULL);
		for (size_t i = 0; i < *n; i++) {
			const struct rfa_tiding *one = &p.items[i];

			if (one->ending.commit[0] && to)
				at = one->ending.commit;
			else if (!one->ending.commit[0])
				json_object_set_new(json_object_get(state, "told"), one->ending.run,
						    json_string(one->state));
		}
		json_object_set_new(
		    state, "skipped",
		    json_pack("{s:I,s:s}", "runs", (json_int_t)*n, "reason", reason));
		snprintf(subject, sizeof(subject), "%zu passed over: %.200s", *n, reason);
		rc = move(&p, p.channel.version, at, state, subject, STAYS, err);
	}
	release(&p);
	return rc;
}

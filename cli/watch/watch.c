/* One look for new releases. */
#include "cli/watch/watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/parts/args.h"

enum { SAY, WARN };

static void say(const struct rfa_watch *w, int warn, const char *fmt, ...) RFA_PRINTF(3, 4);
static void say(const struct rfa_watch *w, int warn, const char *fmt, ...)
{
	struct rfa_buf text = RFA_BUF_INIT(4096), safe = RFA_BUF_INIT(16384);
	va_list args;

	va_start(args, fmt);
	rfa_buf_vprintf(&text, fmt, args);
	va_end(args);
	rfa_buf_put_printable(&safe, rfa_buf_str(&text), text.len, 0);
	w->say(w->user, warn, rfa_buf_str(&safe));
	rfa_buf_release(&safe);
	rfa_buf_release(&text);
}

/* What is not over. */

/* *clear: 1 if nothing is in the way of a new run any more. */
static int go_on(const struct rfa_watch *w, const struct rfa_watch_open *open, int *clear,
		 struct rfa_error *err)
{
	int64_t again = rfa_due_resume(open->begun_ms, open->last_ms);
	char at[RFA_TIME_MAX];
	int rc;

	rfa_time_iso(again, at);
	if (open->alive) {
		say(w, SAY, "run %s (%s) is at work there: the next look is for what is new",
		    open->run, open->flow);
		return 0;
	}
	if (!open->ours) {
		say(w, WARN,
		    "run %s (%s) was left half-way: rfa resume %s; nothing is begun until "
		    "then",
		    open->run, open->flow, open->run);
		return 0;
	}
	if (w->clock->wall_ms(w->clock) < again) {
		say(w, SAY, "run %s was interrupted: it goes on at %s, or: rfa resume %s",
		    open->run, at, open->run);
		return 0;
	}
	if (w->look_only) {
		say(w, SAY, "run %s was interrupted: the next look goes on with it", open->run);
		return 0;
	}
	say(w, SAY, "run %s was interrupted: it goes on", open->run);
	rc = w->resume(w->user, open->run, err);
	if (rc == -(int)RFA_ELOCKED) {
		say(w, SAY, "somebody else takes it on");
		rfa_error_clear(err);
		return 0;
	}
	*clear = rc == 0;
	return rc;
}

/* What there is. */

static void tell(const struct rfa_watch *w, const struct rfa_due_release *r)
{
	char at[RFA_TIME_MAX];

	switch (r->is) {
	case RFA_DUE_NOW:
		say(w, SAY, "%s is due, commit %.12s", r->tag, r->commit);
		break;
	case RFA_DUE_PASSED_OVER:
		say(w, SAY, "%s is passed over: a newer one is due", r->tag);
		break;
	case RFA_DUE_NO_TAG:
		say(w, SAY, "%s waits: the repository has no such tag yet", r->tag);
		break;
	case RFA_DUE_WAITS:
		say(w, SAY, "%s waits for the one before it", r->tag);
		break;
	case RFA_DUE_NO_VERSION:
		say(w, WARN, "%s is left out: it is no version that an image can have", r->tag);
		break;
	case RFA_DUE_FUTURE:
		rfa_time_iso(r->published_ms, at);
		say(w, SAY, "%s waits: it is to be published at %s", r->tag, at);
		break;
	case RFA_DUE_REMADE:
		say(w, WARN,
		    "%s was deleted and made again: run %s was begun for it, and no other is",
		    r->tag, r->run);
		break;
	case RFA_DUE_MOVED:
		say(w, WARN, "%s is another commit than in run %s: %.12s; it is not begun", r->tag,
		    r->run, r->commit);
		break;
	default:
		break;
	}
}

/* How the newest run for a release ended. Somebody has to look at what is not well. */
static void tell_handled(const struct rfa_watch *w, const struct rfa_due_release *r,
			 const struct rfa_watch_past *past)
{
	const char *ended = "";
	size_t i;

	for (i = 0; i < past->n; i++)
		if (!strcmp(past->at[i].run, r->run))
			ended = past->at[i].ended;
	if (!*ended || !strcmp(ended, rfa_final_word(RFA_FINAL_SUCCEEDED)))
		say(w, SAY, "nothing is new: %s is the newest, run %s", r->tag, r->run);
	else
		say(w, SAY, "nothing is new: %s is the newest, run %s, which ended %s: rfa show %s",
		    r->tag, r->run, ended, r->run);
}

/* The newest of what was handled, where nothing else is to be told. */
static void tell_nothing(const struct rfa_watch *w, const struct rfa_watch_list *list,
			 const struct rfa_watch_past *past)
{
	size_t i;

	for (i = list->n; i-- > 0;)
		if (list->at[i].is == RFA_DUE_HANDLED) {
			tell_handled(w, &list->at[i], past);
			return;
		}
	say(w, SAY, "nothing is new since run %s, which was begun for %s", past->at[0].run,
	    past->at[0].tag);
}

/* Where what was read does not reach back to what was handled, nobody knows what is between. */
static void tell_unread(const struct rfa_watch *w, const struct rfa_watch_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->at[i].is == RFA_DUE_HANDLED || list->at[i].is == RFA_DUE_OLD)
			return;
	if (list->more)
		say(w, WARN,
		    "the forge has more releases than the newest %zu, and older ones are not read: "
		    "one that is missing here is brought by hand: rfa %s %s TAG --to %s",
		    list->n, w->of.flow->args->command, w->of.stack, w->of.env);
}

static int refuse_moved(const struct rfa_watch_list *list, struct rfa_error *err)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (list->at[i].is != RFA_DUE_MOVED)
			continue;
		rfa_fail(err, RFA_EREFUSED, "watch",
			 "the tag %.100s was moved since run %s: a tag is one commit for ever",
			 list->at[i].tag, list->at[i].run);
		return rfa_error_hint(err, "move the tag back, or delete it; the new commit "
					   "needs a tag of its own");
	}
	return 0;
}

/* Beginning. */

static int begin_one(const struct rfa_watch *w, const struct rfa_due_release *r, int *goes_on,
		     struct rfa_error *err)
{
	int begun = 0;
	int rc = w->begin(w->user, r, &begun, err);

	*goes_on = rc == 0;
	if (begun || (rc != -(int)RFA_ELOCKED && rc != -(int)RFA_EEXISTS && rc != -(int)RFA_ESTALE))
		return rc;
	say(w, SAY, "%s: %s; the next look is for what is left", r->tag, err->msg);
	rfa_error_clear(err);
	return 0;
}

static int begin_due(const struct rfa_watch *w, const struct rfa_watch_list *list,
		     struct rfa_error *err)
{
	int goes_on = !w->look_only, rc = 0;
	size_t i;

	for (i = 0; !rc && goes_on && i < list->n; i++) {
		if (list->at[i].is != RFA_DUE_NOW)
			continue;
		/* The run before this one took its time. */
		rc = w->may_begin(w->user, &goes_on, err);
		if (!rc && goes_on)
			rc = begin_one(w, &list->at[i], &goes_on, err);
	}
	return rc;
}

static int hint_first(const struct rfa_watch *w, const struct rfa_watch_list *list, int rc,
		      struct rfa_error *err)
{
	const char *tag = "TAG";
	size_t i;

	if (rc != -(int)RFA_EREFUSED)
		return rc;
	for (i = 0; i < list->n; i++)
		if (list->at[i].is == RFA_DUE_NOW)
			tag = list->at[i].tag;
	return rfa_error_hint(err, "deploy one by hand first: rfa %s %s %.100s --to %s",
			      w->of.flow->args->command, w->of.stack, tag, w->of.env);
}

static int look(const struct rfa_watch *w, const struct rfa_watch_past *past, struct rfa_error *err)
{
	struct rfa_watch_list list = { 0 };
	struct rfa_due_rules rules = w->rules;
	int told = 0;
	size_t i;
	int rc = w->list(w->user, &list, err);

	if (rc == -(int)RFA_ERATELIMIT) {
		say(w, SAY, "%s", err->msg);
		rfa_error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	rules.now_ms = w->clock->wall_ms(w->clock);
	rc = hint_first(w, &list, rfa_due(list.at, list.n, past->at, past->n, &rules, err), err);
	for (i = 0; !rc && i < list.n; i++) {
		told |= list.at[i].is > RFA_DUE_OLD || list.at[i].is == RFA_DUE_MOVED ||
			list.at[i].is == RFA_DUE_REMADE;
		tell(w, &list.at[i]);
	}
	if (!rc)
		tell_unread(w, &list);
	if (!rc && !told)
		tell_nothing(w, &list, past);
	if (!rc)
		rc = begin_due(w, &list, err);
	return rc ? rc : refuse_moved(&list, err);
}

int rfa_watch_look(const struct rfa_watch *w, struct rfa_error *err)
{
	struct rfa_watch_past past = { 0 };
	struct rfa_watch_open open;
	int clear = 1;
	int rc = rfa_watch_open(&w->of, &open, err);

	if (!rc && *open.run) {
		clear = 0;
		rc = go_on(w, &open, &clear, err);
	}
	if (rc || !clear)
		return rc;
	rc = rfa_watch_past(&w->of, &past, err);
	if (!rc)
		rc = look(w, &past, err);
	rfa_watch_past_release(&past);
	return rc;
}

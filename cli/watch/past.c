/* The runs that were begun for releases. */
#include "cli/watch/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* So many runs of the stack are listed, and so many of releases are read: the newest. */
enum { LINES_MAX = 1000, RUNS_MAX = 200 };

struct lines {
	const struct rfa_watched *of;
	char run[RUNS_MAX][RFA_RUN_ID_MAX];
	size_t n;
};

static int add_line(void *user, const struct rfa_ledger_line *line)
{
	struct lines *lines = user;

	if (strcmp(line->flow, lines->of->flow->name) != 0)
		return 0;
	snprintf(lines->run[lines->n++], RFA_RUN_ID_MAX, "%s", line->run);
	return lines->n == RUNS_MAX;
}

/* What the plan says of its release. The list of plans owns the texts. */
static int add_run(const struct rfa_watched *of, const char *run, struct rfa_watch_past *past,
		   struct rfa_error *err)
{
	struct rfa_due_run *one = &past->at[past->n];
	struct rfa_history *history = NULL;
	int rc = rfa_ledger_load(of->ledger, run, &history, err);
	json_t *plan;

	if (rc)
		return rc;
	plan = json_pack("{s:s, s:O}", "run", run, "plan", history->plan);
	rc = rfa_facts_append(past->plans, plan, err);
	if (!rc) {
		one->run = rfa_facts_str(plan, "run", "");
		one->tag = rfa_facts_str(plan, "plan/options/release/tag", "");
		one->commit = rfa_facts_str(plan, "plan/options/release/commit", "");
		one->once = rfa_facts_str(plan, "plan/options/once", "");
		one->ended = history->final ? rfa_final_word(history->final) : "";
		one->begun_ms = history->n ? history->records[0].wall_ms : 0;
		if (rfa_time_parse(rfa_facts_str(plan, "plan/options/release/published", ""),
				   &one->published_ms))
			one->published_ms = 0;
		past->n += *one->tag != '\0';
	}
	rfa_history_free(history);
	return rc;
}

int rfa_watch_past(const struct rfa_watched *of, struct rfa_watch_past *out, struct rfa_error *err)
{
	const struct rfa_ledger_filter filter = { of->stack, of->env, 0, LINES_MAX };
	struct lines *lines = calloc(1, sizeof(*lines));
	size_t i;
	int rc;

	memset(out, 0, sizeof(*out));
	out->at = calloc(RUNS_MAX, sizeof(*out->at));
	out->plans = json_array();
	rc = lines && out->at && out->plans ? 0 : rfa_fail_nomem(err);
	if (!rc) {
		lines->of = of;
		rc = rfa_ledger_list(of->ledger, &filter, add_line, lines, err);
	}
	for (i = 0; !rc && i < lines->n; i++)
		rc = add_run(of, lines->run[i], out, err);
	free(lines);
	return rc;
}

void rfa_watch_past_release(struct rfa_watch_past *past)
{
	free(past->at);
	json_decref(past->plans);
	memset(past, 0, sizeof(*past));
}

static int take_line(void *user, const struct rfa_ledger_line *line)
{
	struct rfa_watch_open *open = user;

	snprintf(open->run, sizeof(open->run), "%s", line->run);
	snprintf(open->flow, sizeof(open->flow), "%s", line->flow);
	open->alive = line->alive;
	open->begun_ms = open->last_ms = line->begun_ms;
	return 1;
}

int rfa_watch_open(const struct rfa_watched *of, struct rfa_watch_open *out, struct rfa_error *err)
{
	const struct rfa_ledger_filter filter = { of->stack, of->env, 1, 1 };
	struct rfa_history *history = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = rfa_ledger_list(of->ledger, &filter, take_line, out, err);
	if (!rc && *out->run && !strcmp(out->flow, of->flow->name))
		rc = rfa_ledger_load(of->ledger, out->run, &history, err);
	if (rc || !history)
		return rc;
	out->alive |= history->alive;
	out->ours = *rfa_facts_str(history->plan, "options/once", "") != '\0';
	if (history->n)
		out->last_ms = history->records[history->n - 1].wall_ms;
	rfa_history_free(history);
	return 0;
}

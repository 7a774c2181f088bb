/* A run's history in memory: gathering its records, and refusing one that cannot be true. */
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/history.h"
#include "ledger/names.h"

/* A run of thirty steps has some thirty records; a hundred thousand are a defect or an attack. */
#define MOST_RECORDS 100000

int rfa_history_new(struct rfa_history **out, struct rfa_error *err)
{
	struct rfa_history *history = calloc(1, sizeof(*history));

	if (!history)
		return rfa_fail_nomem(err);
	*out = history;
	return 0;
}

void rfa_history_free(struct rfa_history *history)
{
	if (!history)
		return;
	for (size_t i = 0; i < history->n; i++)
		rfa_record_release(&history->records[i]);
	free(history->records);
	json_decref(history->plan);
	json_decref(history->summary);
	free(history);
}

int rfa_history_add(struct rfa_history *history, struct rfa_record *record, struct rfa_error *err)
{
	struct rfa_record *records;
	size_t cap;

	if (history->n >= MOST_RECORDS)
		return rfa_fail(err, RFA_ECORRUPT, "ledger", "a run has more than %d records",
				MOST_RECORDS);
	/* Powers of two: room runs out when n is one. */
	if (history->n == 0 || (history->n >= 16 && !(history->n & (history->n - 1)))) {
		cap = history->n ? history->n * 2 : 16;
		records = realloc(history->records, cap * sizeof(*records));
		if (!records)
			return rfa_fail_nomem(err);
		history->records = records;
	}
	history->records[history->n++] = *record;
	record->facts = NULL;
	return 0;
}

void rfa_history_reverse(struct rfa_history *history)
{
	for (size_t i = 0; i < history->n / 2; i++) {
		struct rfa_record other = history->records[i];

		history->records[i] = history->records[history->n - 1 - i];
		history->records[history->n - 1 - i] = other;
	}
}

void rfa_history_head(struct rfa_history *history, const struct rfa_run_head *head)
{
	rfa_copy(history->run, sizeof(history->run), head->run);
	rfa_copy(history->flow, sizeof(history->flow), head->flow);
	rfa_copy(history->stack, sizeof(history->stack), head->stack);
	rfa_copy(history->env, sizeof(history->env), head->env);
	rfa_copy(history->from, sizeof(history->from), head->from);
	history->flow_version = head->flow_version;
}

int rfa_history_check(const struct rfa_history *history, struct rfa_error *err)
{
	char digest[65];
	int rc;

	if (!history->n || history->records[0].kind != RFA_RECORD_BEGIN)
		return rfa_fail(err, RFA_ECORRUPT, "ledger", "run %s has no BEGIN", history->run);
	for (size_t i = 0; i < history->n; i++) {
		const struct rfa_record *record = &history->records[i];

		if (record->seq != i)
			return rfa_fail(err, RFA_ECORRUPT, "ledger",
					"run %s: record %zu is missing, %u is in its place",
					history->run, i, (unsigned)record->seq);
		if (i > 0 && record->kind == RFA_RECORD_BEGIN)
			return rfa_fail(err, RFA_ECORRUPT, "ledger", "run %s begins twice",
					history->run);
		if (record->kind == RFA_RECORD_END && i + 1 < history->n)
			return rfa_fail(err, RFA_ECORRUPT, "ledger", "run %s goes on after its end",
					history->run);
	}
	rc = rfa_facts_digest(history->plan, digest, err);
	if (rc)
		return rc;
	if (strcmp(digest, history->plan_sha256) != 0)
		return rfa_fail(err, RFA_ECORRUPT, "ledger",
				"run %s: the plan is not the one that it began with (SHA-256 %.12s…"
				", promised %.12s…)",
				history->run, digest, history->plan_sha256);
	return 0;
}

/* The line of ENDs of the ledger in memory. */
#include "ledger/memory_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Where a channel begins that is older than every END. */
static const char beginning[] = "beginning";

int rfa_memory_line_add(struct rfa_memory_line *line, const char *commit,
			const struct rfa_run_head *head, const struct rfa_record *record,
			struct rfa_error *err)
{
	struct rfa_ledger_ending *one;

	if (line->n == line->cap) {
		size_t cap = line->cap ? line->cap * 2 : 16;
		struct rfa_ledger_ending *more = realloc(line->endings, cap * sizeof(*more));

		if (!more)
			return rfa_fail_nomem(err);
		line->endings = more;
		line->cap = cap;
	}
	one = &line->endings[line->n++];
	memset(one, 0, sizeof(*one));
	rfa_copy(one->commit, sizeof(one->commit), commit);
	rfa_copy(one->run, sizeof(one->run), head->run);
	rfa_copy(one->flow, sizeof(one->flow), head->flow);
	rfa_copy(one->stack, sizeof(one->stack), head->stack);
	rfa_copy(one->env, sizeof(one->env), head->env);
	one->ended_ms = record->wall_ms;
	if (rfa_final_parse(record->outcome, &one->final))
		one->final = RFA_FINAL_STUCK;
	return 0;
}

int rfa_memory_line_read(const struct rfa_memory_line *line, const char *name,
			 struct rfa_ledger_channel *out, struct rfa_error *err)
{
	const json_t *channel = json_object_get(line->channels, name);

	if (!channel)
		return rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no channel %s", name);
	rfa_copy(out->at, sizeof(out->at), rfa_facts_str(channel, "at", ""));
	rfa_copy(out->version, sizeof(out->version), rfa_facts_str(channel, "version", ""));
	out->state = rfa_facts_copy(json_object_get(channel, "state"));
	return out->state ? 0 : rfa_fail_nomem(err);
}

int rfa_memory_line_move(struct rfa_memory_line *line, const char *name,
			 const struct rfa_ledger_move *move, struct rfa_error *err)
{
	const json_t *channel = json_object_get(line->channels, name);
	const char *version = rfa_facts_str(channel, "version", NULL);
	const char *newest = line->n ? line->endings[line->n - 1].commit : beginning;
	json_t *state;
	char next[16];

	if (!version != !move->was || (version && strcmp(version, move->was) != 0))
		return rfa_fail(err, RFA_ESTALE, "ledger", "somebody else moved %s first", name);
	snprintf(next, sizeof(next), "%u", ++line->moves);
	state = rfa_facts_copy(move->state);
	if (!state)
		return rfa_fail_nomem(err);
	return rfa_facts_set(line->channels, name,
			     json_pack("{s:s,s:s,s:o}", "at", move->at ? move->at : newest,
				       "version", next, "state", state),
			     err);
}

int rfa_memory_line_ended(const struct rfa_memory_line *line, const char *at,
			  int (*each)(void *, const struct rfa_ledger_ending *), void *user,
			  struct rfa_error *err)
{
	size_t i = 0;

	if (strcmp(at, beginning) != 0) {
		while (i < line->n && strcmp(line->endings[i].commit, at) != 0)
			i++;
		if (i++ == line->n)
			return rfa_fail(err, RFA_ESTALE, "ledger", "main has no commit %.12s", at);
	}
	/* A copy: the callback may end further runs. */
	for (; i < line->n; i++) {
		struct rfa_ledger_ending one = line->endings[i];

		if (each(user, &one))
			break;
	}
	return 0;
}

void rfa_memory_line_release(struct rfa_memory_line *line)
{
	free(line->endings);
	json_decref(line->channels);
	memset(line, 0, sizeof(*line));
}

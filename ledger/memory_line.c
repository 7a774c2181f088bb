/* The line of ENDs of the ledger in memory. */
#include "ledger/memory_line.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Where a channel begins that is older than every END. */
static const char beginning[] = "beginning";

int rfa_memory_line_add(struct rfa_memory_line *line, const char *commit,
			const struct rfa_run_head *head, const struct rfa_record *record,
			struct rfa_error *err)
{
	return rfa_endings_add(&line->endings, commit, head, record, err);
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
	const char *newest =
	    line->endings.n ? line->endings.items[line->endings.n - 1].commit : beginning;
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
		while (i < line->endings.n && strcmp(line->endings.items[i].commit, at) != 0)
			i++;
		if (i++ == line->endings.n)
			return rfa_fail(err, RFA_ESTALE, "ledger", "main has no commit %.12s", at);
	}
	/* A copy: the callback may end further runs. */
	for (; i < line->endings.n; i++) {
		struct rfa_ledger_ending one = line->endings.items[i];

		if (each(user, &one))
			break;
	}
	return 0;
}

void rfa_memory_line_release(struct rfa_memory_line *line)
{
	rfa_endings_release(&line->endings);
	json_decref(line->channels);
	memset(line, 0, sizeof(*line));
}

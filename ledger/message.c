/*
 * A record as the message of a commit: a subject for people, the facts as one line of JSON, and
 * git trailers for machines. One table spells the trailers for both directions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/message.h"
#include "ledger/names.h"

#define SUBJECT_MAX 200

enum form { TEXT, COUNT, KIND, STATE, TIME };

#define AT(member) offsetof(struct rfa_message, member)
#define ROOM(member) sizeof(((struct rfa_message *)0)->member)

/* In the order in which they are written. */
static const struct {
	const char *key;
	enum form form;
	int always; /* written even when empty or 0 */
	size_t at, room;
} trailers[] = {
	{ "Rfa-Run", TEXT, 1, AT(head.run), ROOM(head.run) },
	{ "Rfa-Seq", COUNT, 1, AT(record.seq), ROOM(record.seq) },
	{ "Rfa-Record", KIND, 1, AT(record.kind), 0 },
	{ "Rfa-State", STATE, 1, AT(record.state), 0 },
	{ "Rfa-Step", TEXT, 0, AT(record.step), ROOM(record.step) },
	{ "Rfa-Opens", TEXT, 0, AT(record.opens), ROOM(record.opens) },
	{ "Rfa-Attempt", COUNT, 0, AT(record.attempt), ROOM(record.attempt) },
	{ "Rfa-Host", TEXT, 0, AT(record.host), ROOM(record.host) },
	{ "Rfa-Outcome", TEXT, 0, AT(record.outcome), ROOM(record.outcome) },
	{ "Rfa-Flow", TEXT, 0, AT(head.flow), ROOM(head.flow) },
	{ "Rfa-Flow-Version", COUNT, 0, AT(head.flow_version), ROOM(head.flow_version) },
	{ "Rfa-Stack", TEXT, 0, AT(head.stack), ROOM(head.stack) },
	{ "Rfa-Env", TEXT, 0, AT(head.env), ROOM(head.env) },
	{ "Rfa-From", TEXT, 0, AT(head.from), ROOM(head.from) },
	{ "Rfa-Once", TEXT, 0, AT(head.once), ROOM(head.once) },
	{ "Rfa-Plan", TEXT, 0, AT(plan), ROOM(plan) },
	{ "Rfa-Point", TEXT, 0, AT(point), ROOM(point) },
	{ "Rfa-Time", TIME, 1, AT(record.wall_ms), 0 },
	{ "Rfa-Format", COUNT, 1, AT(format), ROOM(format) },
};
#define N_TRAILERS (sizeof(trailers) / sizeof(trailers[0]))

int rfa_message_subject(struct rfa_buf *out, const struct rfa_run_head *head, const char *lead,
			const char *subject, struct rfa_error *err)
{
	rfa_buf_printf(out, "%s %s ", head->flow, head->stack);
	if (head->from[0])
		rfa_buf_printf(out, "%s\xe2\x86\x92", head->from); /* → */
	/* The driver's text for END may begin with the final state itself. */
	if (lead && subject && !strncmp(subject, lead, strlen(lead)))
		lead = NULL;
	rfa_buf_printf(out, "%s: %s", head->env, lead ? lead : "");
	if (lead && subject && subject[0])
		rfa_buf_puts(out, " \xe2\x80\x94 "); /* — */
	if (subject)
		rfa_buf_put_printable(out, subject, strlen(subject), SUBJECT_MAX);
	return rfa_buf_check(out, err);
}

int rfa_message_encode(struct rfa_buf *out, const struct rfa_message *message, const char *subject,
		       struct rfa_error *err)
{
	char time[RFA_TIME_MAX];
	int rc;

	rfa_buf_printf(out, "%s\n\n", subject);
	if (message->record.facts)
		rc = rfa_facts_encode(message->record.facts, out, err);
	else
		rc = rfa_buf_puts(out, "{}") ? rfa_buf_check(out, err) : 0;
	if (rc)
		return rc;
	rfa_buf_puts(out, "\n\n");
	for (size_t i = 0; i < N_TRAILERS; i++) {
		const char *at = (const char *)message + trailers[i].at;
		unsigned count;

		switch (trailers[i].form) {
		case TEXT:
			if (at[0] || trailers[i].always)
				rfa_buf_printf(out, "%s: %s\n", trailers[i].key, at);
			break;
		case COUNT:
			memcpy(&count, at, sizeof(count));
			if (count || trailers[i].always)
				rfa_buf_printf(out, "%s: %u\n", trailers[i].key, count);
			break;
		case KIND:
			rfa_buf_printf(out, "%s: %s\n", trailers[i].key,
				       rfa_record_kind_word(message->record.kind));
			break;
		case STATE:
			rfa_buf_printf(out, "%s: %s\n", trailers[i].key,
				       rfa_state_word(message->record.state));
			break;
		case TIME:
			rfa_time_iso_ms(message->record.wall_ms, time);
			rfa_buf_printf(out, "%s: %s\n", trailers[i].key, time);
			break;
		}
	}
	return rfa_buf_check(out, err);
}

/* One trailer's value into its place; -1 when it is malformed. */
static int take(struct rfa_message *out, size_t i, const char *value)
{
	char *at = (char *)out + trailers[i].at;
	unsigned long count;
	unsigned narrow;
	char *end;

	switch (trailers[i].form) {
	case TEXT:
		if (strlen(value) >= trailers[i].room)
			return -1;
		memcpy(at, value, strlen(value) + 1);
		return 0;
	case COUNT:
		if (value[0] < '0' || value[0] > '9' || strlen(value) > 9)
			return -1;
		count = strtoul(value, &end, 10);
		narrow = (unsigned)count;
		memcpy(at, &narrow, sizeof(narrow));
		return *end ? -1 : 0;
	case KIND:
		return rfa_record_kind_parse(value, &out->record.kind);
	case STATE:
		return rfa_state_parse(value, &out->record.state);
	case TIME:
		return rfa_time_parse_ms(value, &out->record.wall_ms);
	}
	return -1;
}

static int damaged(struct rfa_error *err, const char *why)
{
	return rfa_fail(err, RFA_ECORRUPT, "ledger", "a commit is no record of rfa: %s", why);
}

/* The trailers, one a line. */
static int parse_trailers(struct rfa_message *out, const char *text, const char *end,
			  struct rfa_error *err)
{
	unsigned char seen[N_TRAILERS] = { 0 };

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *colon;
		char value[384];
		size_t i;

		if (!eol)
			eol = end;
		colon = memchr(text, ':', (size_t)(eol - text));
		if (!colon || eol - colon < 2 || eol - colon - 2 >= (int)sizeof(value))
			return damaged(err, "a malformed trailer");
		memcpy(value, colon + 2, (size_t)(eol - colon - 2));
		value[eol - colon - 2] = '\0';
		for (i = 0; i < N_TRAILERS; i++)
			if (strlen(trailers[i].key) == (size_t)(colon - text) &&
			    !memcmp(trailers[i].key, text, (size_t)(colon - text)))
				break;
		/* One that we do not know is of a later rfa that kept our format: not ours. */
		if (i < N_TRAILERS && (seen[i]++ || take(out, i, value)))
			return damaged(err, "a doubled or malformed trailer");
		text = eol + 1;
	}
	if (out->format > RFA_LEDGER_FORMAT) {
		rfa_fail(err, RFA_EUNSUPPORTED, "ledger", "a record has format %u, newer than %d",
			 out->format, RFA_LEDGER_FORMAT);
		return rfa_error_hint(err, "install the rfa that wrote it, or a newer one");
	}
	for (size_t i = 0; i < N_TRAILERS; i++)
		if (trailers[i].always && !seen[i])
			return damaged(err, "a trailer is missing");
	return 0;
}

int rfa_message_parse(struct rfa_message *out, const char *text, size_t len, struct rfa_error *err)
{
	const char *end = text + len;
	const char *facts = NULL, *facts_end = NULL;
	json_t *json = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	/* Subject, blank, facts, blank, trailers: JSON on one line cannot look like a blank line.
	 */
	facts = memchr(text, '\n', len);
	if (facts && end - facts > 2 && facts[1] == '\n') {
		facts += 2;
		facts_end = memchr(facts, '\n', (size_t)(end - facts));
	}
	if (!facts_end || end - facts_end < 2 || facts_end[1] != '\n')
		return damaged(err, "not of the form subject, facts, trailers");
	rc = parse_trailers(out, facts_end + 2, end, err);
	if (rc)
		return rc;
	if (facts_end - facts == 2 && !memcmp(facts, "{}", 2))
		return 0;
	rc = rfa_facts_parse(&json, facts, (size_t)(facts_end - facts), "the facts of a record",
			     err);
	if (rc)
		return damaged(err, "its facts are no JSON");
	if (!json_is_object(json)) {
		json_decref(json);
		return damaged(err, "its facts are no object");
	}
	out->record.facts = json;
	return 0;
}

void rfa_message_release(struct rfa_message *message)
{
	rfa_record_release(&message->record);
}

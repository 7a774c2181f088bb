/* What is told of a run. */
#include "cli/notify/message.h"

#include <inttypes.h>
#include <string.h>

#include "cli/frame/redact.h"
#include "cli/report/points.h"
#include "cli/report/run_list.h"

/* "2026-11-29T03:15:22Z": in UTC, and it says so. */
static json_t *moment(int64_t ms)
{
	char text[RFA_TIME_MAX];

	rfa_time_iso(ms, text);
	return json_string(text);
}

/* The command that whoever reads this types next. */
static json_t *next_of(struct rfa_cli *cli, const struct rfa_history *h,
		       const struct rfa_tiding *tiding)
{
	const char *point = rfa_facts_str(h->summary, "point", "");
	struct rfa_buf text = RFA_BUF_INIT(4096);
	json_t *out;

	if (!tiding->ending.commit[0]) {
		rfa_buf_printf(&text, "rfa resume %s", h->run);
	} else if (h->final == RFA_FINAL_SUCCEEDED && *point) {
		rfa_buf_puts(&text, "to go back: ");
		rfa_points_command(cli, h->env, h->stack, point, &text);
	} else {
		rfa_buf_printf(&text, "rfa show %s", h->run);
	}
	out = json_string(rfa_buf_str(&text));
	rfa_buf_release(&text);
	return out;
}

static json_t *why_of(const struct rfa_history *h)
{
	const char *step = rfa_facts_str(h->summary, "why_step", "");
	const char *why = rfa_facts_str(h->summary, "why/msg", "");
	struct rfa_buf text = RFA_BUF_INIT(4096);
	json_t *out;

	rfa_buf_printf(&text, "%s%s%s", step, *step && *why ? ": " : "", why);
	out = json_string(rfa_buf_str(&text));
	rfa_buf_release(&text);
	return out;
}

static void set(json_t *texts, const char *key, json_t *value)
{
	json_object_set_new(texts, key, value ? value : json_string("?"));
}

static const char *version_of(const struct rfa_history *h)
{
	return rfa_facts_str(h->summary, "version", rfa_facts_str(h->plan, "options/version", ""));
}

static json_t *texts_of(struct rfa_cli *cli, const struct rfa_history *h,
			const struct rfa_tiding *tiding)
{
	json_t *t = json_object();
	char author[128];

	set(t, "run", json_string(h->run));
	set(t, "flow", json_string(h->flow));
	set(t, "stack", json_string(h->stack));
	set(t, "env", json_string(h->env));
	set(t, "from", json_string(h->from));
	set(t, "before", json_string(rfa_facts_str(h->summary, "before", "")));
	set(t, "after", json_string(version_of(h)));
	set(t, "forced", json_string(rfa_facts_str(h->plan, "options/force_reason", "")));
	set(t, "why", why_of(h));
	set(t, "who", json_string(rfa_line_author(h->author, author)));
	set(t, "begun", moment(h->n ? h->records[0].wall_ms : 0));
	set(t, "next", next_of(cli, h, tiding));
	set(t, "state", json_string(tiding->state));
	if (tiding->ending.commit[0]) {
		set(t, "ended", moment(tiding->ending.ended_ms));
		set(t, "verdict", json_string(rfa_final_word(h->final)));
	} else {
		set(t, "verdict", json_string("INTERRUPTED"));
	}
	return t;
}

static void point_at(struct rfa_message_made *m, const char *channel, const char *id)
{
	static const struct {
		const char *key;
		size_t at;
	} fields[] = {
#define FIELD(name) { #name, offsetof(struct rfa_notice, name) }
		FIELD(run),    FIELD(flow),  FIELD(stack),   FIELD(env),    FIELD(from),
		FIELD(before), FIELD(after), FIELD(verdict), FIELD(forced), FIELD(why),
		FIELD(state),  FIELD(who),   FIELD(begun),   FIELD(ended),  FIELD(next),
#undef FIELD
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *text = rfa_facts_str(m->texts, fields[i].key, "");

		memcpy((char *)&m->notice + fields[i].at, &text, sizeof(text));
	}
	set(m->texts, "id", json_string(id));
	m->notice.id = rfa_facts_str(m->texts, "id", "");
	m->notice.channel = channel;
}

/* Steals the texts; a secret may have been named after the ledger got them. */
static int finish(struct rfa_cli *cli, struct rfa_message_made *m, json_t *texts,
		  const char *channel, const char *id, struct rfa_error *err)
{
	m->texts = texts ? rfa_redact_json(cli->out.secrets, texts) : NULL;
	json_decref(texts);
	if (!m->texts)
		return rfa_fail_nomem(err);
	point_at(m, channel, id);
	return 0;
}

int rfa_message_make(struct rfa_cli *cli, const char *channel, const struct rfa_tiding *tiding,
		     struct rfa_message_made *out, struct rfa_error *err)
{
	struct rfa_history *h = NULL;
	int rc = rfa_ledger_load(cli->ledger, tiding->ending.run, &h, err);

	memset(out, 0, sizeof(*out));
	out->notice.type = tiding->ending.commit[0] ? "run.ended" : "run.interrupted";
	if (!rc)
		rc = finish(cli, out, texts_of(cli, h, tiding), channel, tiding->id, err);
	rfa_history_free(h);
	return rc;
}

int rfa_message_test(struct rfa_cli *cli, const char *channel, struct rfa_message_made *out,
		     struct rfa_error *err)
{
	json_t *texts = json_object();
	char id[40];

	memset(out, 0, sizeof(*out));
	out->notice.type = "test";
	snprintf(id, sizeof(id), "msg_test_%016" PRIx64, cli->clock->random(cli->clock));
	set(texts, "begun", moment(cli->clock->wall_ms(cli->clock)));
	return finish(cli, out, texts, channel, id, err);
}

void rfa_message_made_release(struct rfa_message_made *m)
{
	json_decref(m->texts);
	memset(m, 0, sizeof(*m));
}

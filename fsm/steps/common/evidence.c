/* Evidence never makes a failure worse: what cannot be had is left out. */
#include "fsm/steps/common/evidence.h"

#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/common/secrets.h"

/* A value shorter than SHORT occurs by chance in other text. */
enum { SHORT = 6 };
enum {
	LOG_LINES = 200, /* that are kept */
	TOLD_LINES = 50, /* and the last of them are told */
	LOG_BYTES = 64 << 10,
	LINE_BYTES = 400,
	ANSWER_LINES = 5,
};

static size_t count_lines(const struct rfa_buf *text)
{
	const char *at = rfa_buf_str(text);
	const char *end = at + text->len;
	size_t n = text->len && end[-1] != '\n';

	for (; at < end; at++)
		n += *at == '\n';
	return n;
}

/* Tells the last lines; *lines gets all. Any byte may be in the text. */
static int take_lines(struct rfa_ctx *ctx, const char *name, const struct rfa_buf *text,
		      size_t most, json_t *lines)
{
	size_t there = count_lines(text);
	size_t all = there < most ? there : most;
	struct rfa_buf line = RFA_BUF_INIT(LINE_BYTES * 8);
	const char *at = rfa_buf_str(text);
	const char *end = at + text->len;
	int lost = 0;

	while (at < end && !lost && json_array_size(lines) < most) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		rfa_buf_clear(&line);
		rfa_buf_put_printable(&line, at, len, LINE_BYTES);
		if (json_array_size(lines) + TOLD_LINES >= all)
			rfa_ctx_say(ctx, RFA_EVENT_LOG, "%s | %s", name, rfa_buf_str(&line));
		lost = json_array_append_new(lines, json_string(rfa_buf_str(&line)));
		at += len + 1;
	}
	rfa_buf_release(&line);
	return lost;
}

/* Keeps a text under a name, line by line, in facts[key]; without memory it is only told. */
static void keep(struct rfa_ctx *ctx, json_t *facts, const char *key, const char *name,
		 const struct rfa_buf *text, size_t most)
{
	json_t *lines = json_array();
	json_t *of = json_object_get(facts, key);
	int lost = take_lines(ctx, name, text, most, lines);

	if (!of && !json_object_set_new(facts, key, json_object()))
		of = json_object_get(facts, key);
	if (lost || json_object_set(of, name, lines))
		rfa_ctx_say(ctx, RFA_EVENT_WARNING, "%s: not all of it is kept: memory ran out",
			    name);
	json_decref(lines);
}

static void hide(struct rfa_buf *text, const char *value, size_t len)
{
	if (len >= SHORT)
		rfa_secret_hide(text, value, len);
}

/* Programs print what they were given: a container's own variables that look secret. */
static void hide_own(struct rfa_host *host, const char *container, struct rfa_buf *text)
{
	struct rfa_error ignored;
	json_t *inspect = NULL, *one;
	size_t i;

	if (rfa_inspect_or_null(host, RFA_CONTAINER, container, &inspect, &ignored))
		rfa_error_clear(&ignored);
	json_array_foreach (rfa_facts_at(inspect, "Config/Env"), i, one) {
		const char *all = json_string_value(one);
		const char *equals = all ? strchr(all, '=') : NULL;
		const char *password;
		size_t len = 0;

		if (!equals || !rfa_looks_secret(all, (size_t)(equals - all), equals + 1))
			continue;
		hide(text, equals + 1, strlen(equals + 1));
		/* The password of a URL, without the rest of it. */
		for (password = equals; (password = rfa_url_password(password, &len));
		     password += len)
			hide(text, password, len);
	}
	json_decref(inspect);
}

void rfa_evidence_hide(const struct rfa_ctx *ctx, const char *container, struct rfa_buf *text)
{
	const struct rfa_secret_source from = { ctx->secret, ctx->secret_user };
	const struct rfa_check *check;

	if (container)
		hide_own(ctx->host, container, text);
	RFA_EACH (check, rfa_ctx_stack_here(ctx)->checks) {
		rfa_reference_hide(text, check->url, &from);
		rfa_reference_hide(text, check->send, &from);
	}
}

void rfa_evidence_logs(struct rfa_ctx *ctx, const char *container, json_t *facts)
{
	struct rfa_buf text = RFA_BUF_INIT(LOG_BYTES);
	struct rfa_error ignored;
	struct rfa_host *host = ctx->host;

	if (!host->engine->logs(host, container, LOG_LINES, &text, &ignored) ||
	    ignored.code == RFA_ETOOBIG) {
		rfa_evidence_hide(ctx, container, &text);
		keep(ctx, facts, "logs", container, &text, LOG_LINES);
	}
	rfa_buf_release(&text);
}

void rfa_evidence_project(struct rfa_ctx *ctx, json_t *facts)
{
	const struct rfa_stack_compose *compose = rfa_ctx_stack_here(ctx)->compose;
	const struct rfa_observed *one;
	struct rfa_observed_list seen;
	struct rfa_error ignored;

	if (!compose ||
	    rfa_observe_project(ctx->host, compose->project, ctx->pool, &seen, &ignored))
		return;
	RFA_EACH (one, seen)
		if (one->inspect)
			rfa_evidence_logs(ctx, one->container, facts);
}

void rfa_evidence_answer(struct rfa_ctx *ctx, const char *name, const struct rfa_buf *answer,
			 json_t *facts)
{
	keep(ctx, facts, "answers", name, answer, ANSWER_LINES);
}

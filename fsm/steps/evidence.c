/* Evidence never makes a failure worse: what cannot be had is left out. */
#include "fsm/steps/evidence.h"

#include <string.h>

enum { LOG_LINES = 50, LOG_BYTES = 64 << 10, LINE_BYTES = 400, ANSWER_LINES = 5 };

/* Keeps a text under a name, line by line, in facts[key]; tells each line. Any byte may be in it.
 */
static void keep(struct rfa_ctx *ctx, json_t *facts, const char *key, const char *name,
		 const struct rfa_buf *text, size_t most)
{
	struct rfa_buf line = RFA_BUF_INIT(LINE_BYTES * 8);
	const char *at = rfa_buf_str(text);
	const char *end = at + text->len;
	json_t *kept = json_object_get(facts, key);
	json_t *lines = json_array();

	if (!kept) {
		kept = json_object();
		json_object_set_new(facts, key, kept);
	}
	while (at < end && json_array_size(lines) < most) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		rfa_buf_clear(&line);
		rfa_buf_put_printable(&line, at, len, LINE_BYTES);
		rfa_ctx_say(ctx, RFA_EVENT_LOG, "%s | %s", name, rfa_buf_str(&line));
		json_array_append_new(lines, json_string(rfa_buf_str(&line)));
		at += len + 1;
	}
	json_object_set(kept, name, lines);
	json_decref(lines);
	rfa_buf_release(&line);
}

void rfa_evidence_logs(struct rfa_ctx *ctx, const char *container, json_t *facts)
{
	struct rfa_buf text = RFA_BUF_INIT(LOG_BYTES);
	struct rfa_error ignored;
	struct rfa_host *host = ctx->host ? ctx->host : ctx->target;

	if (!host->ops->logs(host, container, LOG_LINES, &text, &ignored) ||
	    ignored.code == RFA_ETOOBIG)
		keep(ctx, facts, "logs", container, &text, LOG_LINES);
	rfa_buf_release(&text);
}

void rfa_evidence_answer(struct rfa_ctx *ctx, const char *url, const struct rfa_buf *body,
			 json_t *facts)
{
	keep(ctx, facts, "answers", url, body, ANSWER_LINES);
}

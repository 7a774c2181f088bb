/* Evidence never makes a failure worse: what cannot be had is left out. */
#include "fsm/steps/evidence.h"

#include <string.h>

enum { LOG_LINES = 50, LOG_BYTES = 64 << 10, LINE_BYTES = 400 };

void rfa_evidence_logs(struct rfa_ctx *ctx, const char *container, json_t *facts)
{
	struct rfa_buf text = RFA_BUF_INIT(LOG_BYTES);
	struct rfa_buf line = RFA_BUF_INIT(LINE_BYTES * 8);
	json_t *logs = json_object_get(facts, "logs");
	json_t *lines = json_array();
	struct rfa_error ignored;
	struct rfa_host *host = ctx->host ? ctx->host : ctx->target;
	const char *at;

	if (!logs) {
		logs = json_object();
		json_object_set_new(facts, "logs", logs);
	}
	if (host->ops->logs(host, container, LOG_LINES, &text, &ignored) &&
	    ignored.code != RFA_ETOOBIG)
		goto done;
	for (at = rfa_buf_str(&text); *at;) {
		size_t len = strcspn(at, "\n");

		rfa_buf_clear(&line);
		rfa_buf_put_printable(&line, at, len, LINE_BYTES);
		rfa_ctx_say(ctx, RFA_EVENT_LOG, "%s | %s", container, rfa_buf_str(&line));
		json_array_append_new(lines, json_string(rfa_buf_str(&line)));
		at += len;
		at += *at == '\n';
	}
	json_object_set(logs, container, lines);
done:
	json_decref(lines);
	rfa_buf_release(&text);
	rfa_buf_release(&line);
}

/* A notice as lines for people. */
#include "transports/notify/text.h"

#include <string.h>

/* One value is not longer; the rest is in the ledger. */
enum { VALUE_MAX = 300 };

void rfa_notice_put_plain(struct rfa_buf *out, const char *text, size_t len)
{
	rfa_buf_add(out, text, len);
}

static void value(struct rfa_buf *out, const char *text, rfa_notice_put *put)
{
	struct rfa_buf safe = RFA_BUF_INIT(8 * VALUE_MAX);

	rfa_buf_put_printable(&safe, text, strlen(text), VALUE_MAX);
	put(out, rfa_buf_str(&safe), safe.len);
	rfa_buf_release(&safe);
}

static void line(struct rfa_buf *out, const char *lead, const char *text, rfa_notice_put *put)
{
	if (!*text)
		return;
	rfa_buf_puts(out, lead);
	value(out, text, put);
	rfa_buf_putc(out, '\n');
}

void rfa_notice_title(struct rfa_buf *out, const struct rfa_notice *n, rfa_notice_put *put)
{
	rfa_buf_puts(out, "rfa: ");
	if (!*n->run) {
		rfa_buf_puts(out, "this is a test of the channel ");
		value(out, n->channel, put);
		return;
	}
	/* A run about a host itself is about no stack. */
	if (n->stack[0] != '_') {
		value(out, n->stack, put);
		rfa_buf_puts(out, " on ");
	}
	value(out, n->env, put);
	rfa_buf_puts(out, ": ");
	value(out, n->flow, put);
	if (*n->after) {
		rfa_buf_puts(out, " of ");
		value(out, n->after, put);
	}
	rfa_buf_putc(out, ' ');
	value(out, n->verdict, put);
	if (!strcmp(n->verdict, "ROLLED_BACK"))
		rfa_buf_puts(out, ", went back");
	if (*n->forced)
		rfa_buf_puts(out, ", FORCED");
}

static void versions(struct rfa_buf *out, const struct rfa_notice *n, rfa_notice_put *put)
{
	if (!*n->before && !*n->after)
		return;
	rfa_buf_puts(out, "version: ");
	value(out, *n->before ? n->before : "?", put);
	rfa_buf_puts(out, " \xe2\x86\x92 ");
	value(out, *n->after ? n->after : "?", put);
	rfa_buf_putc(out, '\n');
}

void rfa_notice_lines(struct rfa_buf *out, const struct rfa_notice *n, rfa_notice_put *put)
{
	versions(out, n, put);
	line(out, "from: ", n->from, put);
	line(out, "FORCED: ", n->forced, put);
	line(out, "why: ", n->why, put);
	line(out, "stands at: ", n->state, put);
	line(out, "who: ", n->who, put);
	line(out, "begun: ", n->begun, put);
	line(out, "ended: ", n->ended, put);
	line(out, "run: ", n->run, put);
	line(out, "next: ", n->next, put);
}

void rfa_notice_text(struct rfa_buf *out, const struct rfa_notice *n, rfa_notice_put *put,
		     size_t most)
{
	size_t from = out->len, len;

	rfa_notice_title(out, n, put);
	rfa_buf_putc(out, '\n');
	rfa_notice_lines(out, n, put);
	len = out->len - from;
	if (out->failed || len <= most)
		return;
	while (most && ((unsigned char)out->data[from + most] & 0xc0) == 0x80)
		most--;
	out->len = from + most;
	out->data[out->len] = '\0';
}

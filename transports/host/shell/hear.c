/* What a job writes into its log, as it grows: lines, without secrets, in memory of a fixed size.
 */
#include "transports/host/shell/shell.h"

#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"

/* A longer line is not told: cut in the middle of a secret, it would show a part of it. */
#define LINE_MAX_BYTES 2000u
/* A shorter value occurs by chance in other text. */
#define SECRET_MIN 4u

/* Secrets. */

static void hide_line(struct rfa_buf *text, const char *line, size_t n)
{
	const char *equals = memchr(line, '=', n);

	if (n >= SECRET_MIN)
		rfa_secret_hide(text, line, n);
	if (equals && n - (size_t)(equals + 1 - line) >= SECRET_MIN)
		rfa_secret_hide(text, equals + 1, n - (size_t)(equals + 1 - line));
}

static void hide_value(struct rfa_buf *text, const char *value)
{
	size_t len = strlen(value), n;

	if (len >= SECRET_MIN)
		rfa_secret_hide(text, value, len);
	for (; *value; value += n + (value[n] == '\n')) {
		n = strcspn(value, "\n");
		hide_line(text, value, n);
	}
}

void rfa_shell_hide(struct rfa_buf *text, const struct rfa_build_secret *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hide_value(text, secrets[i].value);
}

/* Lines. */

/* How long a terminal's control sequence is that begins with ESC; 1: nothing that is known. */
static size_t sequence(const char *text, size_t len)
{
	size_t n = 2;

	if (len < 2)
		return 1;
	if (text[1] == '[') {
		while (n < len && (text[n] < 0x40 || text[n] > 0x7e))
			n++;
		return n < len ? n + 1 : len;
	}
	if (text[1] == ']') {
		while (n < len && text[n] != '\a' && text[n] != '\033')
			n++;
		return n < len && text[n] == '\a' ? n + 1 : n + 1 < len ? n + 2 : len;
	}
	return 2;
}

static void strip(struct rfa_buf *line)
{
	const char *from = line->data;
	size_t len = line->len, at = 0, n;

	for (size_t i = 0; i < len; i += n) {
		n = from[i] == '\033' ? sequence(from + i, len - i) : 1;
		if (from[i] != '\033')
			line->data[at++] = from[i];
	}
	line->len = at;
	if (line->data)
		line->data[at] = '\0';
}

static void tell(struct shell_ear *ear)
{
	struct rfa_buf line = RFA_BUF_INIT(16384);

	strip(&ear->part);
	rfa_shell_hide(&ear->part, ear->secrets, ear->n);
	(void)rfa_buf_put_printable(&line, rfa_buf_str(&ear->part), ear->part.len, 0);
	if (line.len && !line.failed)
		ear->line(ear->user, rfa_buf_str(&line));
	rfa_wipe_buf(&line);
	rfa_buf_clear(&ear->part);
}

static void take(struct shell_ear *ear, const char *data, size_t n)
{
	if (ear->skips)
		return;
	if (ear->part.len + n <= LINE_MAX_BYTES) {
		(void)rfa_buf_add(&ear->part, data, n);
		return;
	}
	rfa_buf_clear(&ear->part);
	ear->skips = 1;
	ear->line(ear->user, "(a line that is too long to be shown)");
}

void rfa_shell_ear_hears(struct shell_ear *ear, int64_t from, const char *data, size_t len)
{
	if (from > ear->at) {
		rfa_buf_clear(&ear->part);
		ear->skips = 1;
	}
	ear->at = from + (int64_t)len;
	while (len) {
		size_t n = 0;

		while (n < len && data[n] != '\n' && data[n] != '\r')
			n++;
		take(ear, data, n);
		if (n == len)
			return;
		if (!ear->skips)
			tell(ear);
		ear->skips = 0;
		data += n + 1;
		len -= n + 1;
	}
}

void rfa_shell_ear_ends(struct shell_ear *ear)
{
	if (ear->part.len && !ear->skips)
		tell(ear);
	rfa_wipe_buf(&ear->part);
}

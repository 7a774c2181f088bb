/* What a job writes into its log, as it grows: lines, without secrets, in memory of a fixed size.
 */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"

/* A longer line is not told: cut in the middle of a secret, it would show a part of it. */
#define LINE_MAX_BYTES 2000u
/* A shorter value occurs by chance in other text. */
#define SECRET_MIN 4u

/* Secrets. */

/* A part of a value that is hidden by itself: all of it, a line, what is behind a "=". */
struct piece {
	const char *at;
	size_t len;
};

static void add_piece(struct piece *all, size_t *n, const char *at, size_t len)
{
	if (len < SECRET_MIN)
		return;
	if (all)
		all[*n] = (struct piece){ at, len };
	++*n;
}

static void add_line(struct piece *all, size_t *n, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);

	add_piece(all, n, line, len);
	if (equals)
		add_piece(all, n, equals + 1, len - (size_t)(equals + 1 - line));
}

/* How many there are; all NULL: they are only counted. */
static size_t pieces_of(const struct rfa_build_secret *secrets, size_t n, struct piece *all)
{
	size_t found = 0, len;

	for (size_t i = 0; i < n; i++) {
		const char *value = secrets[i].value;

		add_piece(all, &found, value, strlen(value));
		for (; *value; value += len + (value[len] == '\n')) {
			len = strcspn(value, "\n");
			add_line(all, &found, value, len);
		}
	}
	return found;
}

static int longest_first(const void *a, const void *b)
{
	const struct piece *one = a, *other = b;

	return (one->len < other->len) - (one->len > other->len);
}

/* The longest first: one may begin like another, whose rest would stay. */
void rfa_shell_hide(struct rfa_buf *text, const struct rfa_build_secret *secrets, size_t n)
{
	size_t count = pieces_of(secrets, n, NULL);
	struct piece *all = calloc(count + 1, sizeof(*all));

	if (!all) {
		rfa_wipe_buf(text);
		(void)rfa_buf_puts(text, "(not shown: memory ran out)");
		return;
	}
	(void)pieces_of(secrets, n, all);
	qsort(all, count, sizeof(*all), longest_first);
	for (size_t i = 0; i < count; i++)
		rfa_secret_hide(text, all[i].at, all[i].len);
	free(all);
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

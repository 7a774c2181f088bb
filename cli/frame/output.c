/* Writes to the screen: styles, widths, tables and the one JSON document of an answer. */
#include "cli/frame/output.h"

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/frame/redact.h"
#include "fsm/base/clock.h"

enum { LINE_BYTES = 2 << 20 };

static int terminal_width(FILE *file)
{
	struct winsize size;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void rfa_out_init(struct rfa_out *o, FILE *out, FILE *err, int no_color)
{
	const char *term = getenv("TERM");
	int dumb = !term || !*term || strcmp(term, "dumb") == 0;
	int out_tty = isatty(fileno(out)), err_tty = isatty(fileno(err));

	o->out = out;
	o->err = err;
	o->color_out = out_tty && !dumb && !no_color;
	o->color_err = err_tty && !dumb && !no_color;
	o->live = err_tty && !dumb && !no_color;
	o->width = out_tty ? terminal_width(out) : err_tty ? terminal_width(err) : 0;
	setlocale(LC_CTYPE, "");
	o->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

size_t rfa_out_room(const struct rfa_out *o)
{
	struct winsize size;
	if (o->live && ioctl(fileno(o->err), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return o->width > 0 ? (size_t)o->width : 80;
}

const char *rfa_out_style(const struct rfa_out *o, const FILE *file, enum rfa_style style)
{
	static const char *const escapes[] = {
		[RFA_PLAIN] = "\033[0m",  [RFA_BOLD] = "\033[1m",    [RFA_DIM] = "\033[2m",
		[RFA_GREEN] = "\033[32m", [RFA_YELLOW] = "\033[33m", [RFA_RED] = "\033[31m",
		[RFA_CYAN] = "\033[36m",
	};
	int on = file == o->out ? o->color_out : o->color_err;
	return on ? escapes[style] : "";
}

void rfa_out_say(const struct rfa_out *o, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vfprintf(o->out, fmt, args);
	va_end(args);
	fputc('\n', o->out);
}

/* Any byte may be in the text: a NUL ends no line. */
static void hide_secrets(const struct rfa_out *o, const struct rfa_buf *raw, struct rfa_buf *into)
{
	const char *at = rfa_buf_str(raw), *end = at + raw->len;

	for (; at <= end; at += strlen(at) + 1) {
		rfa_redact(into, o->secrets, at);
		if (at + strlen(at) < end)
			rfa_buf_putc(into, '\0');
	}
}

/* A secret is hidden first: what is made printable may not look like it any more. */
void rfa_out_line(const struct rfa_out *o, const char *label, const char *text, size_t len)
{
	struct rfa_buf raw = RFA_BUF_INIT(LINE_BYTES), hidden = RFA_BUF_INIT(LINE_BYTES);
	struct rfa_buf safe = RFA_BUF_INIT(4 * LINE_BYTES);

	if (len && text[len - 1] == '\r') /* of a terminal */
		len--;
	rfa_buf_add(&raw, text, len);
	hide_secrets(o, &raw, &hidden);
	rfa_buf_put_printable(&safe, rfa_buf_str(&hidden), hidden.len, 0);
	if (*label)
		rfa_out_say(o, "%s%s |%s %s", rfa_out_style(o, o->out, RFA_CYAN), label,
			    rfa_out_style(o, o->out, RFA_PLAIN), rfa_buf_str(&safe));
	else
		rfa_out_say(o, "%s", rfa_buf_str(&safe));
	rfa_buf_release(&raw);
	rfa_buf_release(&hidden);
	rfa_buf_release(&safe);
}

static void RFA_PRINTF(3, 0)
    about(const struct rfa_out *o, const char *head, const char *fmt, va_list args)
{
	fflush(o->out); /* what was said before it appears before it */
	fputs(head, o->err);
	vfprintf(o->err, fmt, args);
	fputc('\n', o->err);
}

void rfa_out_note(const struct rfa_out *o, const char *fmt, ...)
{
	if (o->quiet)
		return;
	va_list args;
	va_start(args, fmt);
	about(o, "", fmt, args);
	va_end(args);
}

void rfa_out_warn(const struct rfa_out *o, const char *fmt, ...)
{
	char head[48];
	snprintf(head, sizeof(head), "%swarning:%s ", rfa_out_style(o, o->err, RFA_YELLOW),
		 rfa_out_style(o, o->err, RFA_PLAIN));
	va_list args;
	va_start(args, fmt);
	about(o, head, fmt, args);
	va_end(args);
}

const char *rfa_out_safe(struct rfa_buf *into, const char *text, size_t limit)
{
	rfa_buf_clear(into);
	if (text)
		rfa_buf_put_printable(into, text, strlen(text), limit);
	return rfa_buf_str(into);
}

int rfa_out_json(struct rfa_out *o, const json_t *document, struct rfa_error *err)
{
	o->answered = 1;
	if (json_dumpf(document, o->out, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0 &&
	    !rfa_out_gone(o))
		return rfa_fail(err, RFA_EIO, "cli", "the answer could not be written");
	fputc('\n', o->out);
	return 0;
}

int rfa_out_gone(const struct rfa_out *o)
{
	struct pollfd pipe = { fileno(o->out), POLLOUT, 0 };
	return poll(&pipe, 1, 0) > 0 && (pipe.revents & POLLERR);
}

/* Widths. */

/* Decodes one character; bytes that are no UTF-8 count as one each. */
static size_t decode(const unsigned char *p, unsigned *code)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 1;
	*code = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	return n;
}

/* East Asian wide characters and emoji take two columns, combining marks none (UAX 11, roughly). */
static size_t width_of(unsigned code)
{
	static const struct {
		unsigned first, last;
		size_t width;
	} ranges[] = {
		{ 0x0300, 0x036f, 0 },   { 0x200b, 0x200f, 0 },   { 0x1100, 0x115f, 2 },
		{ 0x2e80, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },
		{ 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },
		{ 0x1f300, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 },
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return ranges[i].width;
	}
	return 1;
}

size_t rfa_out_columns(const char *text)
{
	size_t columns = 0;
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		unsigned code = 0;
		p += decode(p, &code);
		columns += width_of(code);
	}
	return columns;
}

void rfa_out_cut(const struct rfa_out *o, struct rfa_buf *into, const char *text, size_t columns)
{
	if (rfa_out_columns(text) <= columns) {
		rfa_buf_puts(into, text);
		return;
	}
	const char *mark = o->utf8 ? "…" : "~";
	size_t used = 0;
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		unsigned code = 0;
		size_t n = decode(p, &code);
		if (used + width_of(code) + 1 > columns)
			break;
		used += width_of(code);
		rfa_buf_add(into, p, n);
		p += n;
	}
	if (columns > 0)
		rfa_buf_puts(into, mark);
}

/* One character, or a whole escape of ours; *width: the columns that it takes. */
static size_t next_piece(const char *text, size_t *width)
{
	unsigned code = 0;
	if (text[0] == '\033' && text[1] == '[') {
		size_t n = 2 + strspn(text + 2, "0123456789;");
		*width = 0;
		return n + (text[n] != '\0');
	}
	size_t n = decode((const unsigned char *)text, &code);
	*width = width_of(code);
	return n;
}

static size_t new_line(struct rfa_buf *into, size_t indent)
{
	rfa_buf_putc(into, '\n');
	for (size_t i = 0; i < indent; i++)
		rfa_buf_putc(into, ' ');
	return indent;
}

void rfa_out_wrap(struct rfa_buf *into, const char *text, size_t columns, size_t indent)
{
	size_t used = 0, begun = 0;
	if (indent + 8 > columns)
		indent = 0;
	while (*text) {
		/* The spaces before a word, then the word. */
		size_t spaces = strspn(text, " "), len = 0, wide = 0, width;
		const char *word = text + spaces;
		while (word[len] && word[len] != ' ' && word[len] != '\n') {
			len += next_piece(word + len, &width);
			wide += width;
		}
		if (used > begun && used + spaces + wide > columns) {
			begun = used = new_line(into, indent);
			spaces = 0;
		}
		for (size_t i = 0; i < spaces && used < columns; i++, used++)
			rfa_buf_putc(into, ' ');
		for (size_t at = 0; at < len;) {
			size_t n = next_piece(word + at, &width);
			if (used + width > columns && used > begun)
				begun = used = new_line(into, indent);
			rfa_buf_add(into, word + at, n);
			used += width;
			at += n;
		}
		text = word + len;
		if (*text == '\n') {
			rfa_buf_putc(into, '\n');
			begun = used = 0;
			text++;
		}
	}
}

/* Short forms. */

const char *rfa_out_duration(char into[RFA_SHORT_MAX], int64_t ms)
{
	long long s = ms / 1000;
	if (ms < 0)
		snprintf(into, RFA_SHORT_MAX, "-");
	else if (ms < 1000)
		snprintf(into, RFA_SHORT_MAX, "%d ms", (int)ms);
	else if (s < 60)
		snprintf(into, RFA_SHORT_MAX, "%.1f s", (double)ms / 1000);
	else if (s < 3600)
		snprintf(into, RFA_SHORT_MAX, "%lld min %lld s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(into, RFA_SHORT_MAX, "%lld h %lld min", s / 3600, s % 3600 / 60);
	else
		snprintf(into, RFA_SHORT_MAX, "%lld d %lld h", s / 86400, s % 86400 / 3600);
	return into;
}

const char *rfa_out_age(char into[RFA_SHORT_MAX], int64_t ms)
{
	long long s = ms < 0 ? 0 : ms / 1000;
	if (s < 120)
		snprintf(into, RFA_SHORT_MAX, "%lld s", s);
	else if (s < 7200)
		snprintf(into, RFA_SHORT_MAX, "%lld min", s / 60);
	else if (s < 2 * 86400)
		snprintf(into, RFA_SHORT_MAX, "%lld h", s / 3600);
	else
		snprintf(into, RFA_SHORT_MAX, "%lld d", s / 86400);
	return into;
}

const char *rfa_out_time(char into[RFA_SHORT_MAX], int64_t wall_ms)
{
	char iso[RFA_TIME_MAX];
	rfa_time_iso(wall_ms, iso);
	iso[10] = ' ';
	snprintf(into, RFA_SHORT_MAX, "%.20s", iso);
	return into;
}

const char *rfa_out_when(char into[RFA_SHORT_MAX], const char *iso)
{
	int64_t at;
	struct rfa_buf safe = RFA_BUF_INIT(256);
	if (rfa_time_parse(iso, &at) == 0)
		return rfa_out_time(into, at);
	snprintf(into, RFA_SHORT_MAX, "%s", *iso ? rfa_out_safe(&safe, iso, 30) : "-");
	rfa_buf_release(&safe);
	return into;
}

/* Tables. */

void rfa_table_init(struct rfa_table *t, const char *const heads[])
{
	memset(t, 0, sizeof(*t));
	while (heads[t->n_columns] && t->n_columns < RFA_TABLE_COLUMNS) {
		t->heads[t->n_columns] = heads[t->n_columns];
		t->n_columns++;
	}
}

static int grow(struct rfa_table *t)
{
	size_t cap = t->cap ? t->cap * 2 : 64;
	char **cells = realloc(t->cells, cap * sizeof(*cells));
	if (cells)
		t->cells = cells;
	enum rfa_style *styles = realloc(t->styles, cap * sizeof(*styles));
	if (styles)
		t->styles = styles;
	if (!cells || !styles)
		return -1;
	t->cap = cap;
	return 0;
}

void rfa_table_cell(struct rfa_table *t, const char *text, enum rfa_style style)
{
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	if (t->failed || (t->n_cells == t->cap && grow(t) < 0)) {
		t->failed = 1;
		return;
	}
	t->cells[t->n_cells] = strdup(rfa_out_safe(&safe, text, 1000));
	t->styles[t->n_cells] = style;
	if (t->cells[t->n_cells])
		t->n_cells++;
	else
		t->failed = 1;
	rfa_buf_release(&safe);
}

static void print_row(struct rfa_out *o, const struct rfa_table *t, const size_t *widths,
		      const char *const *cells, const enum rfa_style *styles)
{
	struct rfa_buf line = RFA_BUF_INIT(64 * 1024);
	size_t used = 0;
	for (size_t c = 0; c < t->n_columns; c++) {
		int last = c + 1 == t->n_columns;
		enum rfa_style style = styles ? styles[c] : RFA_DIM;
		const char *on = style == RFA_PLAIN ? "" : rfa_out_style(o, o->out, style);
		size_t columns = rfa_out_columns(cells[c]);

		rfa_buf_puts(&line, on);
		if (last && o->width > 0 && used + columns > (size_t)o->width)
			rfa_out_cut(o, &line, cells[c],
				    (size_t)o->width > used + 10 ? (size_t)o->width - used : 10);
		else
			rfa_buf_puts(&line, cells[c]);
		if (*on)
			rfa_buf_puts(&line, rfa_out_style(o, o->out, RFA_PLAIN));
		for (size_t i = columns; !last && i < widths[c] + 2; i++)
			rfa_buf_putc(&line, ' ');
		used += widths[c] + 2;
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	fprintf(o->out, "%s\n", rfa_buf_str(&line));
	rfa_buf_release(&line);
}

int rfa_table_print(struct rfa_out *o, struct rfa_table *t, struct rfa_error *err)
{
	size_t widths[RFA_TABLE_COLUMNS] = { 0 };

	if (t->failed)
		return rfa_fail_nomem(err);
	for (size_t c = 0; c < t->n_columns; c++)
		widths[c] = rfa_out_columns(t->heads[c]);
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t columns = rfa_out_columns(t->cells[i]);
		if (columns > widths[i % t->n_columns])
			widths[i % t->n_columns] = columns;
	}
	print_row(o, t, widths, t->heads, NULL);
	for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
		print_row(o, t, widths, (const char *const *)t->cells + i, t->styles + i);
	return 0;
}

void rfa_table_release(struct rfa_table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t->styles);
	memset(t, 0, sizeof(*t));
}

/* How two texts differ: lines, or only the keys of variables. */
#include "fsm/base/textdiff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

enum {
	TEXT_MAX = 256 << 10,
	CELLS_MAX = 4 << 20, /* of the table; where it does not suffice, all lines are told */
	AROUND = 3,          /* lines before and behind a change */
	KEY_MAX = 128,
};

/* Lines. */

struct line {
	const char *at;
	size_t len;
};
struct lines {
	struct line *at;
	size_t n;
};

/* *out (new): the lines without what ends them. */
static int split(const struct rfa_buf *text, struct lines *out, struct rfa_error *err)
{
	const char *p = rfa_buf_str(text), *end = p + text->len;
	size_t n = 1;

	for (const char *q = p; q < end; q++)
		n += *q == '\n';
	out->n = 0;
	out->at = calloc(n, sizeof(*out->at));
	if (!out->at)
		return rfa_fail_nomem(err);
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		out->at[out->n].at = p;
		out->at[out->n++].len = (size_t)((stop ? stop : end) - p);
		p = stop ? stop + 1 : end;
	}
	return 0;
}

static int same(const struct line *a, const struct line *b)
{
	return a->len == b->len && !memcmp(a->at, b->at, a->len);
}

static int say(json_t *lines, char mark, const struct line *line, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(TEXT_MAX + 1);
	int rc;

	rfa_buf_putc(&text, mark);
	rfa_buf_add(&text, line->at, line->len);
	rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = rfa_facts_append(lines, json_stringn(text.data, text.len), err);
	rfa_buf_release(&text);
	return rc;
}

/* The edit script: one mark for each line, '-', '+' or ' ', as they follow each other. */
struct script {
	char *marks;
	size_t n;
};

/* What of the middle parts is in both, by the longest common subsequence. */
static int walk(const struct line *a, size_t n, const struct line *b, size_t m, struct script *out,
		struct rfa_error *err)
{
	uint16_t *table = NULL;
	size_t i, j, width = m + 1;

	if ((n + 1) * width > CELLS_MAX) {
		memset(out->marks + out->n, '-', n);
		memset(out->marks + out->n + n, '+', m);
		out->n += n + m;
		return 0;
	}
	table = calloc((n + 1) * width, sizeof(*table));
	if (!table)
		return rfa_fail_nomem(err);
	for (i = n; i-- > 0;)
		for (j = m; j-- > 0;) {
			uint16_t down = table[(i + 1) * width + j],
				 right = table[i * width + j + 1];

			table[i * width + j] = same(&a[i], &b[j])
						   ? (uint16_t)(table[(i + 1) * width + j + 1] + 1)
						   : (down >= right ? down : right);
		}
	for (i = j = 0; i < n || j < m;) {
		if (i < n && j < m && same(&a[i], &b[j])) {
			out->marks[out->n++] = ' ';
			i++;
			j++;
		} else if (i < n &&
			   (j == m || table[(i + 1) * width + j] >= table[i * width + j + 1])) {
			out->marks[out->n++] = '-';
			i++;
		} else {
			out->marks[out->n++] = '+';
			j++;
		}
	}
	free(table);
	return 0;
}

/* What is the same at both ends is most of it. */
static int compare(const struct lines *a, const struct lines *b, struct script *out,
		   struct rfa_error *err)
{
	size_t head = 0, tail = 0;
	int rc;

	out->n = 0;
	out->marks = calloc(a->n + b->n + 1, 1);
	if (!out->marks)
		return rfa_fail_nomem(err);
	while (head < a->n && head < b->n && same(&a->at[head], &b->at[head]))
		head++;
	while (tail < a->n - head && tail < b->n - head &&
	       same(&a->at[a->n - 1 - tail], &b->at[b->n - 1 - tail]))
		tail++;
	memset(out->marks, ' ', head);
	out->n = head;
	rc = walk(a->at + head, a->n - head - tail, b->at + head, b->n - head - tail, out, err);
	memset(out->marks + out->n, ' ', tail);
	out->n += tail;
	return rc;
}

/* 1 if the mark at this place is a change, or lies near one. */
static int is_near(const struct script *s, size_t at)
{
	size_t from = at > AROUND ? at - AROUND : 0, i;

	for (i = from; i < s->n && i <= at + AROUND; i++)
		if (s->marks[i] != ' ')
			return 1;
	return 0;
}

static int say_hunk(json_t *lines, const struct script *s, size_t at, size_t i, size_t j,
		    struct rfa_error *err)
{
	size_t end, n = 0, m = 0;
	char text[96];
	struct line head = { text, 0 };

	for (end = at; end < s->n && is_near(s, end); end++) {
		n += s->marks[end] != '+';
		m += s->marks[end] != '-';
	}
	head.len = (size_t)snprintf(text, sizeof(text), "@ -%zu,%zu +%zu,%zu @@", i + (n > 0), n,
				    j + (m > 0), m);
	return say(lines, '@', &head, err);
}

static int print(json_t *lines, const struct lines *a, const struct lines *b,
		 const struct script *s, size_t max, struct rfa_error *err)
{
	size_t at, i = 0, j = 0, told = 0, more = 0;
	int within = 0, rc = 0;

	for (at = 0; at < s->n && !rc; at++) {
		char mark = s->marks[at];
		int near = is_near(s, at);

		if (near && !within && told < max)
			rc = say_hunk(lines, s, at, i, j, err);
		within = near;
		if (!rc && near && told++ < max)
			rc = say(lines, mark, mark == '+' ? &b->at[j] : &a->at[i], err);
		else if (near)
			more++;
		i += mark != '+';
		j += mark != '-';
	}
	if (!rc && more)
		rc = rfa_facts_append(lines, json_sprintf("... %zu more lines", more), err);
	return rc;
}

/* Texts. */

static int has(const struct rfa_buf *text, const char *what)
{
	return text->len && strstr(rfa_buf_str(text), what) != NULL;
}

static int is_text(const struct rfa_buf *text)
{
	json_t *is = json_stringn(rfa_buf_str(text), text->len);
	int ok = is && !memchr(rfa_buf_str(text), '\0', text->len);

	json_decref(is);
	return ok;
}

static const char *why_not(const struct rfa_buf *before, const struct rfa_buf *after)
{
	if (!is_text(before) || !is_text(after))
		return "no text: it is not shown";
	if (has(before, "PRIVATE KEY") || has(after, "PRIVATE KEY"))
		return "a private key: it is not shown";
	if (before->len > TEXT_MAX || after->len > TEXT_MAX)
		return "more than 256 KB: it is not shown";
	return NULL;
}

int rfa_text_diff(json_t *lines, const struct rfa_buf *before, const struct rfa_buf *after,
		  size_t max, struct rfa_error *err)
{
	struct lines a = { NULL, 0 }, b = { NULL, 0 };
	struct script s = { NULL, 0 };
	const char *why = why_not(before, after);
	int rc;

	if (before->len == after->len &&
	    !memcmp(rfa_buf_str(before), rfa_buf_str(after), after->len))
		return 0;
	if (why)
		return rfa_facts_append(lines, json_string(why), err);
	rc = split(before, &a, err);
	if (!rc)
		rc = split(after, &b, err);
	if (!rc)
		rc = compare(&a, &b, &s, err);
	if (!rc)
		rc = print(lines, &a, &b, &s, max, err);
	free(a.at);
	free(b.at);
	free(s.marks);
	return rc;
}

/* Variables. */

#define KEY_FIRST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

/* The end of a value, which may be quoted, over several lines. */
static const char *value_end(const char *p, const char *end)
{
	char quote = p < end ? *p : 0;

	if (quote == '"' || quote == '\'') {
		for (p++; p < end && *p != quote; p++)
			p += quote == '"' && *p == '\\' && p + 1 < end;
	}
	while (p < end && *p != '\n')
		p++;
	return p;
}

/*
 * The variables as {key: value}. *other: a digest of nothing, but how much there is beside them: of
 * comments and broken lines only that they differ is told.
 */
static int variables(const struct rfa_buf *text, json_t *out, struct rfa_buf *other,
		     struct rfa_error *err)
{
	const char *p = rfa_buf_str(text), *end = p + text->len;
	char key[KEY_MAX];
	int rc = 0;

	while (p < end && !rc) {
		const char *line = p, *name, *stop;
		size_t n;

		p += strspn(p, " \t\r");
		if (!strncmp(p, "export ", 7))
			p += 7 + strspn(p + 7, " \t");
		name = p;
		n = strspn(p, KEY_FIRST "0123456789");
		if (n && n < KEY_MAX && strchr(KEY_FIRST, *name) && name[n] == '=' &&
		    name[n + 1] != '=') {
			stop = value_end(name + n + 1, end);
			snprintf(key, sizeof(key), "%.*s", (int)n, name);
			name += n + 1;
			/* Whatever bytes it has: only whether it is the same is asked. */
			rc = rfa_facts_set(out, key,
					   json_stringn_nocheck(name, (size_t)(stop - name)), err);
		} else {
			stop = memchr(line, '\n', (size_t)(end - line));
			stop = stop ? stop : end;
			rfa_buf_add(other, line, (size_t)(stop - line) + (stop < end));
		}
		p = stop + (stop < end);
	}
	return rc ? rc : rfa_buf_check(other, err);
}

int rfa_text_variables(const struct rfa_buf *text, json_t **out, struct rfa_error *err)
{
	struct rfa_buf other = RFA_BUF_INIT(text->len + 1);
	int rc = (*out = json_object()) ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = variables(text, *out, &other, err);
	rfa_buf_release(&other);
	if (rc) {
		json_decref(*out);
		*out = NULL;
	}
	return rc;
}

static int say_keys(json_t *lines, const json_t *of, const json_t *against, char absent,
		    char differs, struct rfa_error *err)
{
	const char *key;
	json_t *value;
	int rc = 0;

	json_object_foreach ((json_t *)(uintptr_t)of, key, value) {
		const json_t *there = json_object_get(against, key);
		char mark = !there ? absent : json_equal(value, there) ? 0 : differs;

		if (!rc && mark)
			rc = rfa_facts_append(lines, json_sprintf("%c%s", mark, key), err);
	}
	return rc;
}

int rfa_text_members_diff(json_t *lines, const json_t *before, const json_t *after,
			  struct rfa_error *err)
{
	int rc = say_keys(lines, before, after, '-', '~', err);

	return rc ? rc : say_keys(lines, after, before, '+', 0, err);
}

int rfa_text_keys_diff(json_t *lines, const struct rfa_buf *before, const struct rfa_buf *after,
		       struct rfa_error *err)
{
	struct rfa_buf old = RFA_BUF_INIT(16u << 20), new = RFA_BUF_INIT(16u << 20);
	json_t *a = json_object(), *b = json_object();
	int rc = a && b ? variables(before, a, &old, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = variables(after, b, &new, err);
	if (!rc)
		rc = rfa_text_members_diff(lines, a, b, err);
	if (!rc && (old.len != new.len || memcmp(rfa_buf_str(&old), rfa_buf_str(&new), old.len)))
		rc = rfa_facts_append(lines, json_string("other lines differ"), err);
	json_decref(a);
	json_decref(b);
	rfa_buf_release(&old);
	rfa_buf_release(&new);
	return rc;
}

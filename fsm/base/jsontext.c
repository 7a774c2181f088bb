/* Walks a JSON text that is known to be valid, to tell where a value stands. */
#include "fsm/base/jsontext.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

struct scan {
	const char *text;
	size_t len, at;
};

static char peek(const struct scan *s)
{
	return s->at < s->len ? s->text[s->at] : '\0';
}

static void blanks(struct scan *s)
{
	while (s->at < s->len && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at])
		s->at++;
}

static void skip_string(struct scan *s)
{
	s->at++;
	while (s->at < s->len && s->text[s->at] != '"')
		s->at += s->text[s->at] == '\\' ? 2 : 1;
	s->at++;
}

/* Behind any value. Braces are counted, so that depth costs no stack. */
static void skip_value(struct scan *s)
{
	size_t depth = 0;

	do {
		char c;

		blanks(s);
		c = peek(s);
		if (c == '\0') {
			return;
		} else if (c == '"') {
			skip_string(s);
		} else if (c == '{' || c == '[') {
			depth++;
			s->at++;
		} else if (c == '}' || c == ']') {
			depth--;
			s->at++;
		} else if (c == ',' || c == ':') {
			s->at++;
		} else {
			while (s->at < s->len && !strchr(",:]} \t\r\n", s->text[s->at]))
				s->at++;
		}
	} while (depth > 0);
}

/* 1 if the string at `from` (with its quotes) spells the key. */
static int is_key(const struct scan *s, size_t from, const char *key)
{
	json_t *value = json_loadb(s->text + from, s->at - from, JSON_DECODE_ANY, NULL);
	int same = value && strcmp(json_string_value(value), key) == 0;

	json_decref(value);
	return same;
}

/* Stands at a value; goes to the member or element. *from: where it (its key) begins. */
static int enter(struct scan *s, const struct rfa_json_step *step, size_t *from)
{
	size_t i;

	blanks(s);
	if (peek(s) != (step->key ? '{' : '['))
		return -1;
	s->at++;
	for (i = 0;; i++) {
		blanks(s);
		*from = s->at;
		if (step->key && peek(s) == '"') {
			int found;

			skip_string(s);
			found = is_key(s, *from, step->key);
			blanks(s);
			s->at++; /* the colon */
			if (found)
				return 0;
		} else if (step->key || peek(s) == ']') {
			return -1;
		} else if (i == step->index) {
			return 0;
		}
		skip_value(s);
		blanks(s);
		if (peek(s) != ',')
			return -1;
		s->at++;
	}
}

int rfa_json_locate(const char *text, size_t len, const struct rfa_json_step *steps, size_t n,
		    int *line, int *column)
{
	struct scan s = { text, len, 0 };
	size_t from;
	size_t i;

	blanks(&s);
	from = s.at;
	for (i = 0; i < n; i++) {
		if (enter(&s, &steps[i], &from) < 0)
			return -1;
	}
	*line = *column = 1;
	for (i = 0; i < from && i < len; i++) {
		*column = text[i] == '\n' ? 1 : *column + 1;
		*line += text[i] == '\n';
	}
	return 0;
}

/* A string in its text. */

/* The next part of a path: an index where a list stands, else a key. */
static int enter_part(struct scan *s, const char *part, size_t len)
{
	struct rfa_json_step step = { NULL, 0 };
	char key[256];
	size_t from;

	blanks(s);
	if (len >= sizeof(key))
		return -1;
	memcpy(key, part, len);
	key[len] = '\0';
	if (peek(s) != '[') {
		step.key = key;
	} else {
		char *end;

		step.index = strtoul(key, &end, 10);
		if (!len || key[0] < '0' || key[0] > '9' || *end)
			return -1;
	}
	return enter(s, &step, &from);
}

static int no_string(const char *path, struct rfa_error *err)
{
	return rfa_fail(err, RFA_ENOTFOUND, "json", "it has no text at '%s'", path);
}

int rfa_json_string_at(const char *text, size_t len, const char *path, size_t *from, size_t *to,
		       struct rfa_error *err)
{
	struct scan s = { text, len, 0 };
	json_t *json = NULL;
	const char *at = path;
	int is_text;
	int rc;

	/* The walk takes valid JSON only, in which each key is there once. */
	rc = rfa_facts_parse(&json, text, len, "a JSON file", err);
	if (rc)
		return rc;
	is_text = json_is_string(rfa_facts_at(json, path));
	json_decref(json);
	while (is_text && *at) {
		const char *end = strchr(at, '/');
		size_t n = end ? (size_t)(end - at) : strlen(at);

		if (enter_part(&s, at, n))
			is_text = 0;
		at += end ? n + 1 : n;
	}
	blanks(&s);
	if (!is_text || peek(&s) != '"')
		return no_string(path, err);
	*from = s.at;
	skip_string(&s);
	*to = s.at;
	return 0;
}

int rfa_json_string_put(const char *text, size_t len, const char *path, const char *literal,
			struct rfa_buf *out, struct rfa_error *err)
{
	json_t *value = json_loads(literal, JSON_DECODE_ANY, NULL);
	int is_text = json_is_string(value);
	size_t from, to;
	int rc;

	json_decref(value);
	if (!is_text || *literal != '"')
		return rfa_fail(err, RFA_EINTERNAL, "json", "no JSON string is to be written");
	rc = rfa_json_string_at(text, len, path, &from, &to, err);
	if (rc)
		return rc;
	rfa_buf_add(out, text, from);
	rfa_buf_puts(out, literal);
	rfa_buf_add(out, text + to, len - to);
	return rfa_buf_check(out, err);
}

/* Walks a JSON text that is known to be valid, to tell where a value stands. */
#include "cli/locate.h"

#include <jansson.h>
#include <string.h>

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
		blanks(s);
		char c = peek(s);
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
	blanks(s);
	if (peek(s) != (step->key ? '{' : '['))
		return -1;
	s->at++;
	for (size_t i = 0;; i++) {
		blanks(s);
		*from = s->at;
		if (step->key && peek(s) == '"') {
			skip_string(s);
			int found = is_key(s, *from, step->key);
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

	blanks(&s);
	from = s.at;
	for (size_t i = 0; i < n; i++) {
		if (enter(&s, &steps[i], &from) < 0)
			return -1;
	}
	*line = *column = 1;
	for (size_t i = 0; i < from && i < len; i++) {
		*column = text[i] == '\n' ? 1 : *column + 1;
		*line += text[i] == '\n';
	}
	return 0;
}

/* Which other files a Compose file speaks of: what it includes, extends, or takes variables from.
 */
#include "fsm/steps/config/mentions.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Longer names are of no file. */
enum { WORD_MAX = 1024 };

/* The key whose value is being read, as far as it matters. */
enum region { NONE, INCLUDE, ENV_FILE, EXTENDS };

struct scan {
	void (*found)(void *user, const char *name, int variables);
	void *user;
	enum region region;
	size_t indent; /* of the region's key */
	char key[32];  /* the last key, in the region */
	char word[WORD_MAX];
};

static void tell(struct scan *s, const char *name, int variables)
{
	if (*name)
		s->found(s->user, name, variables);
}

/* JSON: a name, a list of them, or of objects that have it under a key. */

static void tell_all(struct scan *s, const json_t *value, const char *key, int variables)
{
	json_t *one;
	size_t i;

	if (json_is_string(value))
		tell(s, json_string_value(value), variables);
	else if (json_is_object(value))
		tell_all(s, json_object_get(value, key), "", variables);
	json_array_foreach ((json_t *)(uintptr_t)value, i, one)
		tell_all(s, one, key, variables);
}

static void tell_includes(struct scan *s, const json_t *value)
{
	json_t *one;
	size_t i;

	tell_all(s, value, "path", 0);
	tell_all(s, json_object_get(value, "env_file"), "path", 1);
	json_array_foreach ((json_t *)(uintptr_t)value, i, one)
		tell_all(s, json_object_get(one, "env_file"), "path", 1);
}

static void read_json(struct scan *s, json_t *root)
{
	const char *name;
	json_t *service;

	tell_includes(s, json_object_get(root, "include"));
	json_object_foreach (json_object_get(root, "services"), name, service) {
		json_t *extends = json_object_get(service, "extends");

		tell_all(s, json_object_get(service, "env_file"), "path", 1);
		if (json_is_object(extends))
			tell_all(s, json_object_get(extends, "file"), "", 0);
	}
}

/* YAML, word by word. */

static void on_key(struct scan *s, size_t column, size_t indent)
{
	const char *key = s->word;
	enum region begins = !strcmp(key, "include") && !column                           ? INCLUDE
			     : !strcmp(key, "env_file") && s->region != INCLUDE && column ? ENV_FILE
			     : !strcmp(key, "extends") && column                          ? EXTENDS
											  : NONE;

	if (begins) {
		s->region = begins;
		s->indent = indent;
	}
	snprintf(s->key, sizeof(s->key), "%s", key);
}

static int is_key(const struct scan *s, const char *a, const char *b)
{
	return !strcmp(s->key, a) || !strcmp(s->key, b);
}

static void on_value(struct scan *s)
{
	/* An anchor, a tag, or the head of a longer text. */
	if (strchr("&!|>", *s->word))
		return;
	if (s->region == INCLUDE && is_key(s, "include", "path"))
		tell(s, s->word, 0);
	else if (s->region && s->region != EXTENDS && is_key(s, "env_file", "path"))
		tell(s, s->word, 1);
	else if (s->region == EXTENDS && is_key(s, "file", "file"))
		tell(s, s->word, 0);
}

static int is_end(const char *p, const char *end)
{
	return p >= end || *p == ' ' || *p == '\t';
}

/* A quoted or plain word at p; answers what is behind it. */
static const char *read_word(struct scan *s, const char *p, const char *end)
{
	size_t n = 0;
	char quote = *p == '"' || *p == '\'' ? *p++ : 0;

	for (; p < end; p++) {
		if (quote ? *p == quote
			  : strchr(",[]{}", *p) || (*p == ':' && is_end(p + 1, end)) ||
				(*p == '#' && n && s->word[n - 1] == ' '))
			break;
		if (quote == '"' && *p == '\\' && p + 1 < end)
			p++;
		if (n + 1 < sizeof(s->word))
			s->word[n++] = *p;
	}
	while (!quote && n && s->word[n - 1] == ' ')
		n--;
	s->word[n] = '\0';
	return p < end && quote ? p + 1 : p;
}

static void read_line(struct scan *s, const char *line, const char *end)
{
	const char *p = line;
	size_t indent;

	while (p < end && *p == ' ')
		p++;
	indent = (size_t)(p - line);
	if (p == end || *p == '#')
		return;
	/* A list may begin in the column of its key. */
	if (s->region && (indent < s->indent || (indent == s->indent && *p != '-')))
		s->region = NONE;
	while (p < end) {
		size_t column = (size_t)(p - line);

		if (strchr(" \t\r,[]{}?:", *p) || (*p == '-' && is_end(p + 1, end))) {
			p++;
			continue;
		}
		if (*p == '#')
			return;
		p = read_word(s, p, end);
		while (p < end && *p == ' ')
			p++;
		if (p < end && *p == ':')
			on_key(s, column, indent);
		else
			on_value(s);
	}
}

void rfa_mentions(const char *text, size_t len,
		  void (*found)(void *user, const char *name, int variables), void *user)
{
	struct scan s = { .found = found, .user = user };
	const char *p = text, *end = text + len, *stop;
	struct rfa_error ignored;
	json_t *root = NULL;

	if (!rfa_facts_parse(&root, text, len, "a Compose file", &ignored)) {
		read_json(&s, root);
		json_decref(root);
		return;
	}
	for (; p < end; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		stop = stop ? stop : end;
		read_line(&s, p, stop > p && stop[-1] == '\r' ? stop - 1 : stop);
	}
}

/* Checks a document against the table of keys and says every problem in words that mend it. */
#include "cli/config/problems.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/suggest.h"
#include "fsm/base/buf.h"

enum { MOST = 100 };

void rfa_problems_release(struct rfa_problems *problems)
{
	free(problems->items);
	memset(problems, 0, sizeof(*problems));
}

/* A key as part of a path: bare where that is clear, else quoted and printable. */
static void put_key(struct rfa_buf *into, const char *key)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-$";
	size_t len = strlen(key);
	if (len > 0 && len < 64 && strspn(key, plain) == len) {
		rfa_buf_printf(into, "%s%s", into->len ? "." : "", key);
		return;
	}
	rfa_buf_puts(into, "[\"");
	rfa_buf_put_printable(into, key, len, 40);
	rfa_buf_puts(into, "\"]");
}

static void put_path(const struct rfa_walk *walk, char *into, size_t size)
{
	struct rfa_buf path = RFA_BUF_INIT(8192);
	for (size_t i = 0; i < walk->depth; i++) {
		if (walk->steps[i].key)
			put_key(&path, walk->steps[i].key);
		else
			rfa_buf_printf(&path, "[%zu]", walk->steps[i].index);
	}
	snprintf(into, size, "%s", rfa_buf_str(&path));
	rfa_buf_release(&path);
}

struct rfa_problem *rfa_walk_problem(struct rfa_walk *walk, const char *fmt, ...)
{
	struct rfa_problems *all = walk->problems;
	if (all->n == all->cap && all->n < MOST) {
		size_t cap = all->cap ? all->cap * 2 : 8;
		struct rfa_problem *items = realloc(all->items, cap * sizeof(*items));
		if (items) {
			all->items = items;
			all->cap = cap;
		}
	}
	if (all->n == all->cap || all->n == MOST) {
		all->more++;
		return NULL;
	}

	struct rfa_problem *problem = &all->items[all->n++];
	memset(problem, 0, sizeof(*problem));
	put_path(walk, problem->path, sizeof(problem->path));
	rfa_json_locate(walk->text, walk->len, walk->steps, walk->depth, &problem->line,
			&problem->column);
	va_list args;
	va_start(args, fmt);
	vsnprintf(problem->what, sizeof(problem->what), fmt, args);
	va_end(args);
	return problem;
}

void rfa_problem_hint(struct rfa_problem *problem, const char *fmt, ...)
{
	if (!problem)
		return;
	va_list args;
	va_start(args, fmt);
	vsnprintf(problem->hint, sizeof(problem->hint), fmt, args);
	va_end(args);
}

void rfa_walk_no_such_name(struct rfa_walk *walk, const json_t *map, const char *kind,
			   const char *name)
{
	struct rfa_problem *problem = rfa_walk_problem(walk, "there is no such %s", kind);
	struct rfa_suggestion s = { name, NULL, 0 };
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)map, key, value)
		rfa_suggest_offer(&s, key);
	if (s.best)
		rfa_problem_hint(problem, "did you mean \"%.60s\"?", s.best);
	else
		rfa_problem_hint(problem, "define it, or remove this");
}

void rfa_walk_enter(struct rfa_walk *walk, const char *key, size_t index)
{
	walk->steps[walk->depth].key = key;
	walk->steps[walk->depth].index = index;
	walk->depth++;
}

void rfa_walk_leave(struct rfa_walk *walk)
{
	walk->depth--;
}

/* A value as a person wrote it, printable and short: "the string \"30\"". */
static const char *show(char into[120], const json_t *value)
{
	struct rfa_buf text = RFA_BUF_INIT(1024);
	switch (json_typeof(value)) {
	case JSON_STRING:
		rfa_buf_puts(&text, "the string \"");
		rfa_buf_put_printable(&text, json_string_value(value), json_string_length(value),
				      40);
		rfa_buf_putc(&text, '"');
		break;
	case JSON_INTEGER:
		rfa_buf_printf(&text, "the number %" JSON_INTEGER_FORMAT,
			       json_integer_value(value));
		break;
	case JSON_REAL:
		rfa_buf_printf(&text, "the number %g", json_real_value(value));
		break;
	case JSON_ARRAY:
		rfa_buf_puts(&text, "a list");
		break;
	case JSON_OBJECT:
		rfa_buf_puts(&text, "an object");
		break;
	case JSON_NULL:
		rfa_buf_puts(&text, "null");
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		rfa_buf_puts(&text, json_is_true(value) ? "true" : "false");
		break;
	}
	snprintf(into, 120, "%.119s", rfa_buf_str(&text));
	rfa_buf_release(&text);
	return into;
}

/* How a value is written in its place: "idle_s": 30, or just 30 in a list. */
static void show_example(struct rfa_problem *problem, const struct rfa_key *key, const char *lead,
			 const char *value)
{
	if (key->name[0])
		rfa_problem_hint(problem, "%s\"%s\": %s", lead, key->name, value);
	else
		rfa_problem_hint(problem, "%s%s", lead, value);
}

/* Types. */

static int fits_type(enum rfa_type type, const json_t *value)
{
	switch (type) {
	case RFA_TYPE_OBJECT:
	case RFA_TYPE_MAP:
	case RFA_TYPE_ENGINE:
		return json_is_object(value);
	case RFA_TYPE_ARRAY:
		return json_is_array(value);
	case RFA_TYPE_STRING:
		return json_is_string(value);
	case RFA_TYPE_INTEGER:
		return json_is_integer(value);
	case RFA_TYPE_BOOLEAN:
		return json_is_boolean(value);
	case RFA_TYPE_VALUE:
		return json_is_string(value) || json_is_object(value);
	case RFA_TYPE_STATUS:
		return json_is_integer(value) || json_is_string(value);
	}
	return 0;
}

/* 1 if the string's content, without its quotes, would have been right. */
static int only_quotes(const struct rfa_key *key, const json_t *value)
{
	if (!json_is_string(value))
		return 0;
	json_t *bare = json_loads(json_string_value(value), JSON_DECODE_ANY, NULL);
	int right = bare && !json_is_string(bare) && fits_type(key->type, bare);
	json_decref(bare);
	return right;
}

/* A text as a list of one; as a command its words, which stand one by one in it. */
static void put_list(struct rfa_buf *into, const char *text, int as_words)
{
	size_t len, n = 0;

	rfa_buf_puts(into, "[");
	do {
		text += as_words ? strspn(text, " ") : 0;
		len = as_words ? strcspn(text, " ") : strlen(text);
		if (len || !n) {
			rfa_buf_puts(into, n++ ? ", \"" : "\"");
			rfa_buf_put_printable(into, text, len, 60);
			rfa_buf_puts(into, "\"");
		}
		text += len;
	} while (*text);
	rfa_buf_puts(into, "]");
}

static void wrong_type(struct rfa_walk *walk, const struct rfa_key *key, const json_t *value)
{
	char shown[120];
	struct rfa_problem *problem = rfa_walk_problem(
	    walk, "expected %s, got %s", rfa_schema_type(key->type), show(shown, value));
	struct rfa_buf text = RFA_BUF_INIT(1024);

	if (only_quotes(key, value)) {
		show_example(problem, key, "write it without quotes: ", json_string_value(value));
	} else if (key->type == RFA_TYPE_ARRAY && json_is_string(value) &&
		   key->inside->type == RFA_TYPE_STRING) {
		put_list(&text, json_string_value(value), key->inside->flags & RFA_KEY_WORD);
		show_example(problem, key, "put it into a list: ", rfa_buf_str(&text));
	} else if (key->example) {
		show_example(problem, key, "for example ", key->example);
	}
	rfa_buf_release(&text);
}

/* Strings and numbers. */

static void check_words(struct rfa_walk *walk, const struct rfa_key *key, const char *text)
{
	struct rfa_suggestion s = { text, NULL, 0 };
	char word[32][32];
	size_t n = 0;
	for (const char *at = key->words; *at && n < 32; n++) {
		size_t len = strcspn(at, "|");
		snprintf(word[n], sizeof(word[n]), "%.*s", (int)len, at);
		if (strcmp(word[n], text) == 0)
			return;
		rfa_suggest_offer(&s, word[n]);
		at += len + (at[len] == '|');
	}

	struct rfa_buf list = RFA_BUF_INIT(512);
	for (size_t i = 0; i < n; i++)
		rfa_buf_printf(&list, "%s\"%s\"", i ? ", " : "", word[i]);
	struct rfa_buf shown = RFA_BUF_INIT(1024);
	rfa_buf_put_printable(&shown, text, strlen(text), 40);
	struct rfa_problem *problem = rfa_walk_problem(walk, "expected one of %s, got \"%s\"",
						       rfa_buf_str(&list), rfa_buf_str(&shown));
	if (s.best)
		rfa_problem_hint(problem, "did you mean \"%s\"?", s.best);
	rfa_buf_release(&list);
	rfa_buf_release(&shown);
}

static int has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return 1;
	}
	return 0;
}

static void check_string(struct rfa_walk *walk, const struct rfa_key *key, const char *text)
{
	char shown[120];
	json_t *value = json_string(text);
	const char *expects = key->format ? key->format->expects : "a text that is not empty";

	if (key->words)
		check_words(walk, key, text);
	else if (has_control(text))
		rfa_problem_hint(rfa_walk_problem(walk, "a control character in %s",
						  value ? show(shown, value) : "a string"),
				 "remove it");
	else if (!*text || !rfa_schema_fits(key->format, text))
		show_example(rfa_walk_problem(walk, "expected %s, got %s", expects,
					      value ? show(shown, value) : "a string"),
			     key, "for example ", key->example);
	json_decref(value);
}

static void check_integer(struct rfa_walk *walk, const struct rfa_key *key, const json_t *value)
{
	json_int_t number = json_integer_value(value);
	if (number >= key->min && number <= key->max)
		return;
	struct rfa_problem *problem =
	    key->min == key->max
		? rfa_walk_problem(walk, "expected %" PRId64 ", got %" JSON_INTEGER_FORMAT,
				   key->min, number)
		: rfa_walk_problem(walk,
				   "expected a whole number from %" PRId64 " to %" PRId64
				   ", got %" JSON_INTEGER_FORMAT,
				   key->min, key->max, number);
	if (key->example)
		show_example(problem, key, "for example ", key->example);
}

/* Objects, maps and lists. */

static int private_key(const char *key)
{
	return strncmp(key, "x-", 2) == 0;
}

static int known(const struct rfa_walk *walk, const struct rfa_key *row)
{
	return row && !(walk->overlay && (row->flags & RFA_KEY_NOT_IN_OVERLAY));
}

static void unknown_key(struct rfa_walk *walk, const struct rfa_key *keys, const char *key)
{
	struct rfa_problem *problem = rfa_walk_problem(walk, "there is no such key");
	struct rfa_suggestion s = { key, NULL, 0 };
	struct rfa_buf list = RFA_BUF_INIT(1024);

	for (const struct rfa_key *row = keys; row->name; row++) {
		if (!known(walk, row))
			continue;
		rfa_suggest_offer(&s, row->name);
		rfa_buf_printf(&list, "%s%s", list.len ? ", " : "", row->name);
	}
	if (s.best)
		rfa_problem_hint(problem, "did you mean \"%s\"?", s.best);
	else
		rfa_problem_hint(problem, "keys here: %s (and x-… for your own)",
				 rfa_buf_str(&list));
	rfa_buf_release(&list);
}

static int is_required(const struct rfa_key *row, const json_t *object)
{
	if (row->unless) {
		const char *word = json_string_value(json_object_get(object, row->unless));
		return !word || strcmp(word, row->unless_word) != 0;
	}
	return (row->flags & RFA_KEY_REQUIRED) != 0;
}

/* "a|b" as "\"a\", \"b\""; *there: how many of them the object has. */
static void put_words(struct rfa_buf *list, const char *words, const json_t *object, int *there)
{
	*there = 0;
	for (const char *at = words; *at;) {
		size_t len = strcspn(at, "|");
		*there += json_object_getn(object, at, len) != NULL;
		rfa_buf_printf(list, "%s\"%.*s\"", list->len ? ", " : "", (int)len, at);
		at += len + (at[len] == '|');
	}
}

/* What is exactly one thing is so in an overlay as well: there it replaces the whole. */
static void check_one_of(struct rfa_walk *walk, const struct rfa_key *key, const json_t *object)
{
	struct rfa_buf list = RFA_BUF_INIT(512);
	int there;
	put_words(&list, key->one_of, object, &there);
	if (there == 0)
		rfa_problem_hint(rfa_walk_problem(walk, "one of %s is needed", rfa_buf_str(&list)),
				 "add for example %s", key->example);
	else if (there > 1)
		rfa_problem_hint(
		    rfa_walk_problem(walk, "only one of %s can be here", rfa_buf_str(&list)),
		    "keep one; a second piece gets a name of its own");
	rfa_buf_release(&list);
}

static void check_present(struct rfa_walk *walk, const struct rfa_key *key, const json_t *object)
{
	for (const struct rfa_key *row = key->inside; row->name; row++) {
		if (json_object_get(object, row->name) || !is_required(row, object))
			continue;
		struct rfa_problem *problem =
		    rfa_walk_problem(walk, "\"%s\" is missing: %s", row->name, row->help);
		show_example(problem, row, "add for example ", row->example);
	}
	if (!key->needs)
		return;
	struct rfa_buf list = RFA_BUF_INIT(512);
	int there;
	put_words(&list, key->needs, object, &there);
	struct rfa_problem *problem =
	    there ? NULL : rfa_walk_problem(walk, "one of %s is needed", rfa_buf_str(&list));
	rfa_buf_release(&list);
	rfa_problem_hint(problem, "add for example %s", key->example);
}

static void check_object(struct rfa_walk *walk, const struct rfa_key *key, const json_t *object)
{
	int before = walk->overlay;
	const char *name;
	json_t *value;

	if (key->flags & RFA_KEY_OVERLAY)
		walk->overlay = 1;
	json_object_foreach ((json_t *)object, name, value) {
		const struct rfa_key *row = rfa_schema_find(key->inside, name);
		if (private_key(name))
			continue;
		rfa_walk_enter(walk, name, 0);
		if (known(walk, row))
			rfa_walk_check(walk, row, value);
		else
			unknown_key(walk, key->inside, name);
		rfa_walk_leave(walk);
	}
	if (!walk->overlay)
		check_present(walk, key, object);
	if (key->one_of)
		check_one_of(walk, key, object);
	walk->overlay = before;
}

static void check_map(struct rfa_walk *walk, const struct rfa_key *key, const json_t *map)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)map, name, value) {
		if (private_key(name))
			continue;
		rfa_walk_enter(walk, name, 0);
		if (!rfa_schema_fits(key->format, name))
			rfa_walk_problem(walk, "expected %s as the key", key->format->expects);
		else if (key->taken && strcmp(name, key->taken) == 0)
			rfa_problem_hint(
			    rfa_walk_problem(walk, "this name is taken: it is %s", key->taken_by),
			    "choose another name");
		else
			rfa_walk_check(walk, key->inside, value);
		rfa_walk_leave(walk);
	}
}

static void check_array(struct rfa_walk *walk, const struct rfa_key *key, const json_t *array)
{
	int before = walk->overlay;
	size_t i;
	json_t *value;

	walk->overlay = 0; /* a list is replaced as a whole: what is in it must be complete */
	json_array_foreach ((json_t *)array, i, value) {
		rfa_walk_enter(walk, NULL, i);
		rfa_walk_check(walk, key->inside, value);
		for (size_t j = 0; j < i && json_is_string(value); j++) {
			if (!json_equal(json_array_get(array, j), value))
				continue;
			rfa_problem_hint(rfa_walk_problem(walk, "named twice in this list"),
					 "remove one");
			break;
		}
		rfa_walk_leave(walk);
	}
	walk->overlay = before;
}

void rfa_walk_check(struct rfa_walk *walk, const struct rfa_key *key, const json_t *value)
{
	if (!fits_type(key->type, value)) {
		wrong_type(walk, key, value);
		return;
	}
	switch (key->type) {
	case RFA_TYPE_OBJECT:
		check_object(walk, key, value);
		break;
	case RFA_TYPE_MAP:
		check_map(walk, key, value);
		break;
	case RFA_TYPE_ARRAY:
		check_array(walk, key, value);
		break;
	case RFA_TYPE_STRING:
		check_string(walk, key, json_string_value(value));
		break;
	case RFA_TYPE_INTEGER:
		check_integer(walk, key, value);
		break;
	case RFA_TYPE_ENGINE:
		if (json_object_get(value, "Image"))
			rfa_problem_hint(rfa_walk_problem(walk, "\"Image\" does not belong here"),
					 "remove it: the image is the one that is deployed");
		break;
	case RFA_TYPE_VALUE:
		if (json_is_object(value))
			check_object(walk, key, value);
		break;
	case RFA_TYPE_STATUS:
		if (json_is_string(value))
			check_string(walk, key, json_string_value(value));
		else
			check_integer(walk, key, value);
		break;
	case RFA_TYPE_BOOLEAN:
		break;
	}
}

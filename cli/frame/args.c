/* Reads options and words by tables; there is no other place that knows how an option is spelt. */
#include "cli/frame/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/suggest.h"

static int usage(const struct rfa_args_rules *rules, struct rfa_error *err)
{
	return rfa_error_hint(err, "see `%s`", rules->help);
}

static const struct rfa_option *find(const struct rfa_args_rules *rules, const char *name,
				     size_t len, char letter)
{
	for (size_t t = 0; t < rules->n_tables; t++) {
		const struct rfa_option *o = rules->tables[t];
		for (; o && o->name; o++) {
			if (letter ? o->letter == letter
				   : strlen(o->name) == len && memcmp(o->name, name, len) == 0)
				return o;
		}
	}
	return NULL;
}

/* 1 if the word is one of "a|b|c". */
static int among(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = words; at && *at;) {
		size_t part = strcspn(at, "|");
		if (part == len && memcmp(at, word, len) == 0)
			return 1;
		at += part + (at[part] == '|');
	}
	return 0;
}

static int repeats(const struct rfa_option *option)
{
	size_t len = option->value ? strlen(option->value) : 0;
	return len > 3 && strcmp(option->value + len - 3, "...") == 0;
}

static int set(struct rfa_args *args, const struct rfa_args_rules *rules,
	       const struct rfa_option *option, const char *value, struct rfa_error *err)
{
	if (option->words && !among(option->words, value)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--%s takes one of %s, not \"%.60s\"",
			 option->name, option->words, value);
		return usage(rules, err);
	}
	size_t at = repeats(option) ? args->n_set : 0;
	while (at < args->n_set && args->set[at].option != option)
		at++;
	if (at == RFA_ARGS_MAX_SET)
		return rfa_fail(err, RFA_EUSAGE, "cli", "more than %d options", RFA_ARGS_MAX_SET);
	args->set[at].option = option;
	args->set[at].value = value;
	if (at == args->n_set)
		args->n_set++;
	return 0;
}

static int unknown(const struct rfa_args_rules *rules, const char *name, size_t len,
		   struct rfa_error *err)
{
	char typed[64];
	snprintf(typed, sizeof(typed), "%.*s", (int)(len < 60 ? len : 60), name);
	rfa_fail(err, RFA_EUSAGE, "cli", "there is no option --%s", typed);

	struct rfa_suggestion s = { typed, NULL, 0 };
	for (size_t t = 0; t < rules->n_tables; t++) {
		for (const struct rfa_option *o = rules->tables[t]; o && o->name; o++)
			rfa_suggest_offer(&s, o->name);
	}
	if (s.best)
		return rfa_error_hint(err, "did you mean --%s? see `%s`", s.best, rules->help);
	return usage(rules, err);
}

static int missing(const struct rfa_args_rules *rules, const struct rfa_option *o,
		   struct rfa_error *err)
{
	rfa_fail(err, RFA_EUSAGE, "cli", "--%s needs a value: --%s %s", o->name, o->name, o->value);
	return usage(rules, err);
}

/* --name, --name=value, --name value. *used: how many further arguments were taken. */
static int long_option(struct rfa_args *args, const struct rfa_args_rules *rules, const char *arg,
		       const char *next, int *used, struct rfa_error *err)
{
	const char *name = arg + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct rfa_option *o = find(rules, name, len, 0);

	*used = 0;
	if (!o)
		return unknown(rules, name, len, err);
	if (!o->value) {
		if (value) {
			rfa_fail(err, RFA_EUSAGE, "cli", "--%s takes no value", o->name);
			return usage(rules, err);
		}
		return set(args, rules, o, "", err);
	}
	if (!value) {
		if (!next)
			return missing(rules, o, err);
		value = next;
		*used = 1;
	}
	return set(args, rules, o, value, err);
}

/* -q, -qv, -cFILE, -c FILE. */
static int short_options(struct rfa_args *args, const struct rfa_args_rules *rules, const char *arg,
			 const char *next, int *used, struct rfa_error *err)
{
	*used = 0;
	for (const char *c = arg + 1; *c; c++) {
		const struct rfa_option *o = find(rules, NULL, 0, *c);
		if (!o) {
			rfa_fail(err, RFA_EUSAGE, "cli", "there is no option -%c",
				 *c > ' ' && *c < 127 ? *c : '?');
			return usage(rules, err);
		}
		const char *value = "";
		if (o->value) {
			value = c[1] ? c + 1 : next;
			*used = !c[1];
			if (!value)
				return missing(rules, o, err);
		}
		int rc = set(args, rules, o, value, err);
		if (rc < 0 || o->value)
			return rc;
	}
	return 0;
}

int rfa_args_parse(struct rfa_args *args, const struct rfa_args_rules *rules, int argc,
		   char *const argv[], struct rfa_error *err)
{
	free((void *)args->words);
	args->n_words = 0;
	args->words = calloc((size_t)argc + 1, sizeof(*args->words));
	if (!args->words)
		return rfa_fail_nomem(err);

	int options = 1; /* until `--` */
	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used = 0, rc = 0;

		if (args->n_words >= rules->raw_after || !options || arg[0] != '-' || !arg[1])
			args->words[args->n_words++] = arg;
		else if (strcmp(arg, "--") == 0)
			options = 0;
		else if (arg[1] == '-')
			rc = long_option(args, rules, arg, next, &used, err);
		else
			rc = short_options(args, rules, arg, next, &used, err);
		if (rc < 0)
			return rc;
		i += used;
	}
	return 0;
}

int rfa_args_environment(struct rfa_args *args, const struct rfa_args_rules *rules,
			 struct rfa_error *err)
{
	for (size_t t = 0; t < rules->n_tables; t++) {
		for (const struct rfa_option *o = rules->tables[t]; o && o->name; o++) {
			const char *value = o->env ? getenv(o->env) : NULL;
			if (!value || !*value || rfa_args_get(args, o->name))
				continue;
			int rc = set(args, rules, o, o->value ? value : "", err);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

void rfa_args_release(struct rfa_args *args)
{
	free((void *)args->words);
	args->words = NULL;
	args->n_words = args->n_set = 0;
}

const char *rfa_args_nth(const struct rfa_args *args, const char *name, size_t n)
{
	for (size_t i = 0; i < args->n_set; i++) {
		if (strcmp(args->set[i].option->name, name) == 0 && n-- == 0)
			return args->set[i].value;
	}
	return NULL;
}

const char *rfa_args_get(const struct rfa_args *args, const char *name)
{
	return rfa_args_nth(args, name, 0);
}

const char *rfa_args_word(const struct rfa_args *args, size_t n)
{
	return n < args->n_words ? args->words[n] : NULL;
}

int rfa_args_number(const struct rfa_args *args, const char *name, int64_t min, int64_t max,
		    int64_t *out, struct rfa_error *err)
{
	const char *text = rfa_args_get(args, name);
	if (!text)
		return 0;
	char *end = NULL;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max)
		return rfa_fail(err, RFA_EUSAGE, "cli",
				"--%s takes a whole number from %" PRId64 " to %" PRId64
				", not \"%.40s\"",
				name, min, max, text);
	*out = value;
	return 0;
}

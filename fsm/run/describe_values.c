/* Values that stay where they are: secrets, and what names the host itself. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/run/describe_parts.h"
#include "fsm/steps/common/secrets.h"

void rfa_describe_note(struct rfa_describe *d, const char *stack, const char *about,
		       const char *fmt, ...)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	va_list args;

	va_start(args, fmt);
	rfa_buf_vprintf(&text, fmt, args);
	va_end(args);
	json_array_append_new(d->notes, json_pack("{s:s, s:s, s:s}", "stack", stack, "about", about,
						  "summary", rfa_buf_str(&text)));
	rfa_buf_release(&text);
}

/* One of the host's own names, as a word of its own. */
static const char *names_itself(const struct rfa_describe *d, const char *value)
{
	const char *const *own;
	const char *at;

	for (own = d->own; own && *own; own++) {
		size_t n = strlen(*own);

		for (at = value; n && (at = strstr(at, *own)); at++) {
			char before = at == value ? ' ' : at[-1];

			if (!rfa_is_word(before) && before != '-' && before != '.' &&
			    !rfa_is_word(at[n]) && at[n] != '-' &&
			    (at[n] != '.' || !rfa_is_word(at[n + 1])))
				return *own;
		}
	}
	return NULL;
}

/* The name of a reference: letters, digits and _, in capitals where nothing else is given. */
static void reference_name(const char *text, size_t len, char *out, size_t size)
{
	size_t i = 0, n = 0;

	while (i < len && text[i] == '-')
		i++;
	if (i < len && text[i] >= '0' && text[i] <= '9')
		out[n++] = '_';
	for (; i < len && n + 1 < size; i++)
		out[n++] = rfa_is_word(text[i]) ? text[i] : '_';
	if (!n)
		out[n++] = 'X';
	out[n] = '\0';
}

/*
 * Puts a reference in the place of a value that may not be told, or that is another one elsewhere.
 * list: "NAME=value" texts. Words of a command may stand behind their option as well.
 */
static int refer(struct rfa_describe *d, const char *stack, const char *container, json_t *list,
		 struct rfa_error *err)
{
	char ref[80], text[200];
	int secret_follows = 0;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *all = json_string_value(one);
		const char *equals = all ? strchr(all, '=') : NULL;
		const char *value = equals ? equals + 1 : all;
		size_t len = equals ? (size_t)(equals - all) : 0;
		int secret, follows = secret_follows;
		const char *own;

		secret_follows = 0;
		if (!all)
			continue;
		if (!equals && *all == '-')
			secret_follows = rfa_looks_secret(all, strlen(all), "x");
		secret = follows || rfa_looks_secret(all, len, value);
		own = secret ? NULL : names_itself(d, value);
		if (!secret && !own)
			continue;
		if (len) {
			reference_name(all, len, ref, sizeof(ref));
		} else {
			snprintf(text, sizeof(text), "%s_WORD_%zu", container, i + 1);
			reference_name(text, strlen(text), ref, sizeof(ref));
		}
		if (own)
			rfa_describe_note(d, stack, container,
					  "%s names %s: say what it is elsewhere", ref, own);
		else
			rfa_describe_note(d, stack, container,
					  "%s looks secret: its value was not read into it", ref);
		if (json_array_set_new(
			list, i, json_sprintf("%.*s%s${%s}", (int)len, all, len ? "=" : "", ref)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

static int refer_labels(struct rfa_describe *d, const char *stack, const char *container,
			json_t *labels, struct rfa_error *err)
{
	char ref[80];
	const char *key;
	json_t *value;
	void *tmp;

	json_object_foreach_safe (labels, tmp, key, value) {
		const char *text = json_string_value(value);

		if (!text || (!rfa_looks_secret(key, strlen(key), text) && !names_itself(d, text)))
			continue;
		reference_name(key, strlen(key), ref, sizeof(ref));
		rfa_describe_note(d, stack, container,
				  "the label %s is another one elsewhere, or secret", key);
		if (json_object_set_new(labels, key, json_sprintf("${%s}", ref)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

int rfa_describe_refer(struct rfa_describe *d, const char *stack, const char *container,
		       json_t *body, struct rfa_error *err)
{
	static const char *const lists[] = { "Env", "Cmd", "Entrypoint" };
	int rc = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && !rc; i++)
		rc = refer(d, stack, container, json_object_get(body, lists[i]), err);
	return rc ? rc : refer_labels(d, stack, container, json_object_get(body, "Labels"), err);
}

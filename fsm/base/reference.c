/* Secrets by reference in a URL, or in what is sent: found, filled in, and hidden again. */
#include "fsm/base/reference.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/wipe.h"

/* A value shorter than this occurs by chance in other text. */
enum { SHORTEST = 4 };

static int is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t rfa_reference_next(const char **at, char name[RFA_REFERENCE_MAX])
{
	const char *from = *at;

	while ((from = strstr(from, "${")) != NULL) {
		size_t n = 2;

		while (is_letter(from[n]) || (n > 2 && is_digit(from[n])))
			n++;
		if (n > 2 && from[n] == '}') {
			(void)snprintf(name, RFA_REFERENCE_MAX, "%.*s", (int)n - 2, from + 2);
			*at = from;
			return n + 1;
		}
		from += 2;
	}
	return 0;
}

/* Filling in. */

int rfa_url_put_value(struct rfa_buf *out, const char *text)
{
	for (; *text; text++) {
		if (is_letter(*text) || is_digit(*text) || strchr("-.~", *text))
			(void)rfa_buf_putc(out, *text);
		else
			(void)rfa_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
	return out->failed;
}

/* 1 if this place of the URL is in its host or port. */
static int is_in_host(const char *url, const char *at)
{
	const char *begin = strstr(url, "://");
	const char *end, *c;

	if (!begin)
		return 0;
	begin += 3;
	end = begin + strcspn(begin, "/?#");
	if (at < begin || at >= end)
		return at < begin;
	for (c = at; c < end; c++)
		if (*c == '@')
			return 0;
	return 1;
}

static int no_value(const char *url, const char *name, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_ENOTFOUND, "config", "%.200s has no value for ${%s}", url, name);
	(void)rfa_error_hint(err, "set it: rfa.json names it under secrets, secret_files or "
				  "secret_commands");
	return rfa_error_as(err, RFA_DENIED);
}

/* As in a JSON string, without the quotes; flags of jansson's. -1: it is no UTF-8. */
static int put_json(struct rfa_buf *out, const char *value, size_t flags)
{
	json_t *string = json_string(value);
	char *text = string ? json_dumps(string, JSON_ENCODE_ANY | flags) : NULL;
	size_t len = text ? strlen(text) : 0;

	if (len >= 2)
		(void)rfa_buf_add(out, text + 1, len - 2);
	if (text)
		rfa_wipe(text, len);
	free(text);
	json_decref(string);
	return len >= 2 ? out->failed : -1;
}

static int put_value(struct rfa_buf *out, const char *value, enum rfa_reference_in in)
{
	switch (in) {
	case RFA_IN_URL:
	case RFA_IN_FORM:
		return rfa_url_put_value(out, value);
	case RFA_IN_JSON:
		return put_json(out, value, 0);
	case RFA_IN_PLAIN:
		break;
	}
	return rfa_buf_puts(out, value);
}

int rfa_reference_fill_in(struct rfa_buf *out, const char *text, const char *shown,
			  enum rfa_reference_in in, const struct rfa_secret_source *from,
			  struct rfa_error *err)
{
	const char *done = text;
	const char *at = text;
	char name[RFA_REFERENCE_MAX];
	size_t len;

	while ((len = rfa_reference_next(&at, name)) > 0) {
		const char *value = NULL;
		int rc = from->find ? from->find(from->user, name, &value, err) : 0;

		if (rc)
			return rc;
		if (!value)
			return no_value(shown, name, err);
		if (in == RFA_IN_URL && is_in_host(text, at))
			return rfa_fail(err, RFA_ECONFIG, "config",
					"%.200s has ${%s} in its host, where no secret may stand",
					shown, name);
		(void)rfa_buf_add(out, done, (size_t)(at - done));
		if (put_value(out, value, in) < 0)
			return rfa_fail(err, RFA_ECONFIG, "config",
					"the value of ${%s} is no text that JSON can hold", name);
		at += len;
		done = at;
	}
	(void)rfa_buf_puts(out, done);
	return rfa_buf_check(out, err);
}

int rfa_reference_fill(struct rfa_buf *out, const char *url, const struct rfa_secret_source *from,
		       struct rfa_error *err)
{
	return rfa_reference_fill_in(out, url, url, RFA_IN_URL, from, err);
}

/* Hiding. */

static const char *find(const char *at, const char *end, const char *what, size_t len)
{
	for (; len && (size_t)(end - at) >= len; at++) {
		at = memchr(at, what[0], (size_t)(end - at) - len + 1);
		if (!at || !memcmp(at, what, len))
			return at;
	}
	return NULL;
}

void rfa_secret_hide(struct rfa_buf *text, const char *value, size_t len)
{
	struct rfa_buf out = RFA_BUF_INIT(text->max);
	const char *at = rfa_buf_str(text);
	const char *end = at + text->len, *found;

	if (!len || !find(at, end, value, len))
		return;
	while ((found = find(at, end, value, len))) {
		(void)rfa_buf_add(&out, at, (size_t)(found - at));
		(void)rfa_buf_puts(&out, "[secret]");
		at = found + len;
	}
	(void)rfa_buf_add(&out, at, (size_t)(end - at));
	rfa_wipe_buf(text);
	*text = out;
}

/* Each of the ways in which programs write it. */
static void hide_json(struct rfa_buf *text, const char *value)
{
	static const size_t flags[] = { 0, JSON_ENSURE_ASCII, JSON_ESCAPE_SLASH,
					JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH };
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct rfa_buf encoded = RFA_BUF_INIT(1 << 18);

		if (!put_json(&encoded, value, flags[i]))
			rfa_secret_hide(text, rfa_buf_str(&encoded), encoded.len);
		rfa_wipe_buf(&encoded);
	}
}

void rfa_reference_hide(struct rfa_buf *text, const char *url, const struct rfa_secret_source *from)
{
	const char *at = url;
	char name[RFA_REFERENCE_MAX];
	size_t len;

	for (; (len = rfa_reference_next(&at, name)) > 0; at += len) {
		struct rfa_buf encoded = RFA_BUF_INIT(1 << 18);
		struct rfa_error ignored;
		const char *value = NULL;

		if (!from->find || from->find(from->user, name, &value, &ignored) || !value ||
		    strlen(value) < SHORTEST)
			continue;
		rfa_secret_hide(text, value, strlen(value));
		(void)rfa_url_put_value(&encoded, value);
		rfa_secret_hide(text, rfa_buf_str(&encoded), encoded.len);
		rfa_wipe_buf(&encoded);
		hide_json(text, value);
	}
}

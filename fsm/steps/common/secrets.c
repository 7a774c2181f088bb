/* References to secrets, and what looks like a secret. */
#include "fsm/steps/common/secrets.h"

#include <stdio.h>
#include <string.h>

int rfa_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* 1 if the text is nothing but a reference: "${NAME}". */
static int is_reference(const char *text)
{
	size_t n = 2;

	if (strncmp(text, "${", 2) != 0 || !rfa_is_word(text[2]) ||
	    (text[2] >= '0' && text[2] <= '9'))
		return 0;
	while (rfa_is_word(text[n]))
		n++;
	return text[n] == '}' && !text[n + 1];
}

/* Whether a word is in the name, in capitals or not. */
static int has_any(const char *text, size_t len, const char *const *words)
{
	size_t at, i;

	for (; *words; words++) {
		size_t n = strlen(*words);

		for (at = 0; at + n <= len; at++) {
			for (i = 0; i < n; i++) {
				char c = text[at + i];

				if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != (*words)[i])
					break;
			}
			if (i == n)
				return 1;
		}
	}
	return 0;
}

/* "8080/…": what stands behind a host's colon. */
static int is_port(const char *text)
{
	return text[strspn(text, "0123456789")] == '/';
}

const char *rfa_url_password(const char *text, size_t *len)
{
	const char *url = strstr(text, "://"), *next;

	for (; url; url = next) {
		const char *at, *password;

		url += 3;
		next = strstr(url, "://");
		at = strchr(url, '@');
		if (!at || (next && next < at))
			continue;
		password = memchr(url, ':', (size_t)(at - url));
		if (!password++ || password == at || is_port(password) ||
		    memchr(url, '/', (size_t)(password - url)))
			continue;
		*len = (size_t)(at - password);
		return password;
	}
	return NULL;
}

int rfa_looks_secret(const char *name, size_t len, const char *value)
{
	static const char *const words[] = { "pass", "pwd",        "secret",  "token", "apikey",
					     "key",  "credential", "private", NULL };
	size_t password;

	return *value && (has_any(name, len, words) || strstr(value, "-----BEGIN") ||
			  rfa_url_password(value, &password));
}

/* Filling in. */

struct filling {
	const struct rfa_ctx *ctx;
	const char *field;
	void (*missing)(void *user, const char *field, const char *reference);
	void *user;
};

/* *out (new): the text with the value of its reference; NULL if it has none, or none is known. */
static int fill_text(const struct filling *f, const char *text, json_t **out, struct rfa_error *err)
{
	const char *equals = strchr(text, '=');
	const char *reference = is_reference(text) || !equals ? text : equals + 1;
	const char *value = NULL;
	char name[128];
	int rc;

	*out = NULL;
	if (!is_reference(reference))
		return 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strlen(reference) - 3, reference + 2);
	rc = f->ctx->secret ? f->ctx->secret(f->ctx->secret_user, name, &value, err) : 0;
	if (rc)
		return rc;
	if (value) {
		*out = json_sprintf("%.*s%s", (int)(reference - text), text, value);
		if (*out)
			return 0;
		(void)rfa_fail(err, RFA_ECONFIG, "config", "the value of %s is not UTF-8 text",
			       name);
		return rfa_error_as(err, RFA_DENIED);
	}
	if (f->missing) {
		f->missing(f->user, f->field, reference);
		return 0;
	}
	(void)rfa_fail(err, RFA_ENOTFOUND, "config", "%s has no value for %s", f->field, reference);
	(void)rfa_error_hint(err, "set it: rfa.json names it under secrets, secret_files or "
				  "secret_commands");
	return rfa_error_as(err, RFA_DENIED);
}

int rfa_references_fill(const struct rfa_ctx *ctx, json_t *body,
			void (*missing)(void *user, const char *field, const char *reference),
			void *user, struct rfa_error *err)
{
	static const char *const fields[] = { "Env", "Cmd", "Entrypoint", "Labels" };
	struct filling f = { ctx, NULL, missing, user };
	size_t k, i;

	for (k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
		json_t *value = json_object_get(body, fields[k]), *one, *filled;
		const char *key;
		void *tmp;

		f.field = fields[k];
		json_array_foreach (value, i, one) {
			int rc;

			if (!json_is_string(one))
				continue;
			rc = fill_text(&f, json_string_value(one), &filled, err);
			if (rc)
				return rc;
			if (filled && json_array_set_new(value, i, filled))
				return rfa_fail_nomem(err);
		}
		json_object_foreach_safe (value, tmp, key, one) {
			int rc;

			if (!json_is_string(one) || !is_reference(json_string_value(one)))
				continue;
			f.field = key;
			rc = fill_text(&f, json_string_value(one), &filled, err);
			if (rc)
				return rc;
			if (filled && json_object_set_new(value, key, filled))
				return rfa_fail_nomem(err);
		}
	}
	return 0;
}

/* WWW-Authenticate headers: SCHEME NAME=VALUE, NAME="VALUE", SCHEME …. */
#include "transports/registry/challenge.h"

#include <string.h>
#include <strings.h>

/* tchar of RFC 9110, and what base64 has beside. */
#define TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~/="

/* Takes the characters of a word off the text; its length. */
static size_t take_word(const char **at, const char *stop)
{
	size_t len = 0;

	while ((*at)[len] && strchr(TOKEN, (*at)[len]) && !strchr(stop, (*at)[len]))
		len++;
	*at += len;
	return len;
}

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t");
}

/* A value, with or without quotes; of size 0: it is not wanted. -1: it is none, or does not fit. */
static int take_value(const char **at, char *out, size_t size)
{
	size_t n = 0;

	if (**at != '"') {
		const char *from = *at;

		n = take_word(at, "");
		if (!n || (size && n >= size))
			return -1;
		if (size)
			snprintf(out, size, "%.*s", (int)n, from);
		return 0;
	}
	for ((*at)++; **at && **at != '"'; (*at)++) {
		if (**at == '\\' && (*at)[1])
			(*at)++;
		if (size && n + 1 >= size)
			return -1;
		if (size)
			out[n++] = **at;
	}
	if (size)
		out[n] = '\0';
	if (**at != '"')
		return -1;
	(*at)++;
	return 0;
}

static int take_parameter(struct rfa_registry_challenge *c, const char *name, size_t len,
			  const char **at)
{
	struct {
		const char *name;
		char *out;
		size_t size;
	} known[] = {
		{ "realm", c->realm, sizeof(c->realm) },
		{ "service", c->service, sizeof(c->service) },
		{ "scope", c->scope, sizeof(c->scope) },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len && !strncasecmp(known[i].name, name, len))
			return take_value(at, known[i].out, known[i].size);
	return take_value(at, NULL, 0);
}

/* Keeps it if it is better than what there is. */
static void keep(struct rfa_registry_challenge *out, const struct rfa_registry_challenge *one)
{
	if (one->auth > out->auth && (one->auth != RFA_REGISTRY_BEARER || *one->realm))
		*out = *one;
}

static enum rfa_registry_auth scheme(const char *word, size_t len)
{
	if (len == 6 && !strncasecmp(word, "bearer", 6))
		return RFA_REGISTRY_BEARER;
	return len == 5 && !strncasecmp(word, "basic", 5) ? RFA_REGISTRY_BASIC : RFA_REGISTRY_OPEN;
}

int rfa_registry_challenge_read(struct rfa_registry_challenge *out, const char *at)
{
	struct rfa_registry_challenge one = { RFA_REGISTRY_OPEN, "", "", "" };
	int rc = 0;

	for (;;) {
		const char *word;
		size_t len;

		at += strspn(at, " \t,");
		if (!*at)
			break;
		word = at;
		len = take_word(&at, "=");
		if (!len) {
			rc = -1;
			break;
		}
		skip_blanks(&at);
		if (*at == '=') {
			at++;
			skip_blanks(&at);
			if (take_parameter(&one, word, len, &at)) {
				rc = -1;
				break;
			}
			continue;
		}
		keep(out, &one);
		memset(&one, 0, sizeof(one));
		one.auth = scheme(word, len);
	}
	if (!rc)
		keep(out, &one);
	return rc;
}

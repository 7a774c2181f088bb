/* An image's name in what an engine says. */
#include "transports/host/remote_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "fsm/base/imageref.h"

/* What names are made of; what stands beside such a character is another word. */
static int is_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._-", c));
}

/* The character at *at, decoded (%2F); moves on behind it. */
static char decoded(const char *line, size_t len, size_t *at)
{
	static const char digits[] = "0123456789abcdef";
	const char *high, *low;

	if (line[*at] == '%' && *at + 2 < len && line[*at + 1] && line[*at + 2]) {
		high = strchr(digits, tolower((unsigned char)line[*at + 1]));
		low = strchr(digits, tolower((unsigned char)line[*at + 2]));
		if (high && low) {
			*at += 3;
			return (char)((high - digits) * 16 + (low - digits));
		}
	}
	return line[(*at)++];
}

/* Where `name` ends if it stands at `at`, plain or encoded, as a word of its own; 0: it does not.
 */
static size_t match(const char *line, size_t len, size_t at, const char *name)
{
	if (at > 0 && is_name(line[at - 1]) && !(at > 2 && line[at - 3] == '%'))
		return 0;
	for (; *name; name++)
		if (at >= len || decoded(line, len, &at) != *name)
			return 0;
	return at < len && is_name(line[at]) ? 0 : at;
}

static int follows(const char *line, size_t at, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; at >= n && i < n; i++)
		if (tolower((unsigned char)line[at - n + i]) != word[i])
			return 0;
	return at >= n;
}

/* Whether a word from..to that could be any word is a name, by what stands around it. */
static int is_named(const char *line, size_t len, size_t from, size_t to)
{
	static const char *const before[] = { "denied for ",
					      "repository ",
					      "manifest for ",
					      "repository:",
					      "repository%3a",
					      "/",
					      "\"",
					      "'" };
	size_t i;

	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (follows(line, from, before[i]))
			return 1;
	return to < len && (line[to] == '@' || line[to] == '/');
}

static void blank(char *line, size_t from, size_t to)
{
	memset(line + from, ' ', to - from);
}

static void blank_name(char *line, size_t len, const char *name)
{
	int any_word = !strpbrk(name, "/:@.");
	size_t at, to;

	for (at = 0; *name && at < len; at++) {
		to = match(line, len, at, name);
		if (to && (!any_word || is_named(line, len, at, to)))
			blank(line, at, to);
	}
}

static void blank_urls(char *line, size_t len)
{
	size_t at = 0, to;

	while (at < len) {
		if (!follows(line, at, "http://") && !follows(line, at, "https://")) {
			at++;
			continue;
		}
		for (to = at; to < len && !isspace((unsigned char)line[to]) && line[to] != '"';
		     to++)
			;
		blank(line, at, to);
		at = to + (to == at);
	}
}

/* The path as the hub's images are called: without what all of them have. */
static const char *familiar(const struct rfa_imageref_place *place)
{
	static const char all[] = "library/";

	return !strcmp(place->domain, "docker.io") && !strncmp(place->path, all, sizeof(all) - 1)
		   ? place->path + sizeof(all) - 1
		   : "";
}

void rfa_remote_unname(struct rfa_buf *out, const char *line, size_t len, const char *ref)
{
	struct rfa_imageref_place place = { "", "" };
	struct rfa_imageref parsed;
	char whole[sizeof(place.domain) + sizeof(place.path)];
	char host[sizeof(place.domain)];
	size_t from = out->len;

	if (rfa_buf_add(out, line, len))
		return;
	if (rfa_imageref_parse(&parsed, ref))
		(void)rfa_imageref_place(&place, &parsed);
	(void)snprintf(whole, sizeof(whole), "%s/%s", place.domain, place.path);
	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(place.domain, ":"), place.domain);
	blank_name(out->data + from, len, ref);
	blank_name(out->data + from, len, whole);
	blank_name(out->data + from, len, parsed.name);
	blank_name(out->data + from, len, place.path);
	blank_name(out->data + from, len, familiar(&place));
	blank_name(out->data + from, len, place.domain);
	blank_name(out->data + from, len, host);
	blank_urls(out->data + from, len);
}

/* The grammar is that of github.com/distribution/reference. */
#include "fsm/base/imageref.h"

#include <stdio.h>
#include <string.h>

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Copies a part that has only these characters, and at least one; 0: it has others, or is long. */
static int take(char *out, size_t size, const char *text, size_t len, const char *of)
{
	if (!len || len >= size || strspn(text, of) < len)
		return 0;
	memcpy(out, text, len);
	out[len] = '\0';
	return 1;
}

/* "sha256:" and at least 32 hexadecimal digits. */
static int take_digest(struct rfa_imageref *out, const char *text)
{
	size_t of = strcspn(text, ":");
	size_t hex = text[of] ? strspn(text + of + 1, "0123456789abcdef") : 0;

	return hex >= 32 && of > 0 && !text[of + 1 + hex] &&
	       take(out->digest, sizeof(out->digest), text, strlen(text), ALNUM "+._-:");
}

static int parse(struct rfa_imageref *out, const char *text)
{
	size_t len = strcspn(text, "@");
	const char *tag, *end = text + len;

	if (!strncmp(text, "sha256:", 7))
		return take_digest(out, text) && strlen(out->digest) == 71;
	if (*end && !take_digest(out, end + 1))
		return 0;
	/* A colon before a slash is that of a port. */
	for (tag = end; tag > text && tag[-1] != ':' && tag[-1] != '/'; tag--)
		;
	if (tag > text && tag[-1] == ':') {
		if (*tag == '.' || *tag == '-' ||
		    !take(out->tag, sizeof(out->tag), tag, (size_t)(end - tag), ALNUM "_.-"))
			return 0;
		len = (size_t)(tag - text) - 1;
	}
	return take(out->name, sizeof(out->name), text, len, ALNUM "._-/:[]") &&
	       out->name[len - 1] != '/' && out->name[0] != '/' && out->name[0] != '-';
}

int rfa_imageref_parse(struct rfa_imageref *out, const char *text)
{
	memset(out, 0, sizeof(*out));
	if (parse(out, text))
		return 1;
	memset(out, 0, sizeof(*out));
	return 0;
}

void rfa_imageref_tagged(const char *text, char *out, size_t size)
{
	struct rfa_imageref ref;
	char *colon;

	if (!rfa_imageref_parse(&ref, text) || !*ref.name || !*ref.digest) {
		snprintf(out, size, "%s", text);
		return;
	}
	colon = strchr(ref.digest, ':');
	*colon = '-';
	/* No tag is longer. */
	snprintf(out, size, "%s:%.128s", ref.name, *ref.tag ? ref.tag : ref.digest);
}

void rfa_imageref_version(const char *text, char *out, size_t size)
{
	struct rfa_imageref ref;

	if (!rfa_imageref_parse(&ref, text) || !*ref.name)
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, "%s", *ref.tag ? ref.tag : "latest");
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"

/* HOST[:PORT], where the host may be an IPv6 address in brackets. */
static int is_domain(const char *text)
{
	size_t len = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":");
	const char *port = text + len;

	if (text[0] == '['
		? text[len - 1] != ']' || strspn(text + 1, "0123456789abcdefABCDEF:.") != len - 2
		: !len || strspn(text, ALNUM ".-") < len)
		return 0;
	return !*port || (*port == ':' && strlen(port) > 1 && strlen(port) < 7 &&
			  !port[1 + strspn(port + 1, "0123456789")]);
}

/* Words of small letters and digits, joined by one dot, one or two low lines, or dashes. */
static int is_path(const char *text)
{
	for (;;) {
		size_t word = strspn(text, LOWER);
		size_t dashes;

		if (!word)
			return 0;
		text += word;
		dashes = strspn(text, "-");
		if (dashes)
			text += dashes;
		else if (!strncmp(text, "__", 2))
			text += 2;
		else if (*text && strchr("._/", *text))
			text++;
		else
			return !*text;
	}
}

int rfa_imageref_place(struct rfa_imageref_place *out, const struct rfa_imageref *ref)
{
	size_t first = strcspn(ref->name, "/");
	int has_domain =
	    ref->name[first] && (strcspn(ref->name, ".:[") < first ||
				 strcspn(ref->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < first ||
				 !strncmp(ref->name, "localhost/", 10));
	const char *path = has_domain ? ref->name + first + 1 : ref->name;
	int hub;

	memset(out, 0, sizeof(*out));
	if (has_domain)
		memcpy(out->domain, ref->name, first);
	hub = !has_domain || !strcmp(out->domain, "index.docker.io");
	if (hub)
		snprintf(out->domain, sizeof(out->domain), "docker.io");
	hub = !strcmp(out->domain, "docker.io");
	if (strlen(path) + (hub ? 8 : 0) < sizeof(out->path) && is_path(path) &&
	    is_domain(out->domain)) {
		snprintf(out->path, sizeof(out->path), "%s%s",
			 hub && !strchr(path, '/') ? "library/" : "", path);
		return 1;
	}
	memset(out, 0, sizeof(*out));
	return 0;
}

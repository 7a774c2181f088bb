/* The last look before a text becomes durable for ever: what is, or looks like, a secret is
 * refused. */
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/names.h"
#include "ledger/scan.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

/*
 * What keys look like: a fixed beginning, then at least `least` characters of a set. Only forms
 * that their issuers made to be recognised: a pattern that fires on a digest or an image's name
 * would teach people to switch the scan off.
 */
static const struct {
	const char *name, *start, *set;
	size_t least;
} patterns[] = {
	{ "an AWS access key", "AKIA", UPPER DIGIT, 16 },
	{ "an AWS temporary key", "ASIA", UPPER DIGIT, 16 },
	{ "a Slack token", "xoxb-", UPPER LOWER DIGIT "-", 10 },
	{ "a Slack token", "xoxp-", UPPER LOWER DIGIT "-", 10 },
	{ "a Slack token", "xoxa-", UPPER LOWER DIGIT "-", 10 },
	{ "a Slack token", "xoxr-", UPPER LOWER DIGIT "-", 10 },
	{ "a Slack token", "xoxs-", UPPER LOWER DIGIT "-", 10 },
	{ "a GitHub token", "ghp_", UPPER LOWER DIGIT, 30 },
	{ "a GitHub token", "gho_", UPPER LOWER DIGIT, 30 },
	{ "a GitHub token", "ghu_", UPPER LOWER DIGIT, 30 },
	{ "a GitHub token", "ghs_", UPPER LOWER DIGIT, 30 },
	{ "a GitHub token", "ghr_", UPPER LOWER DIGIT, 30 },
	{ "a GitHub token", "github_pat_", UPPER LOWER DIGIT "_", 30 },
	{ "a GitLab token", "glpat-", UPPER LOWER DIGIT "-_", 20 },
	{ "a Google API key", "AIza", UPPER LOWER DIGIT "-_", 35 },
	{ "a Stripe key", "sk_live_", UPPER LOWER DIGIT, 20 },
	{ "a Docker Hub token", "dckr_pat_", UPPER LOWER DIGIT "-_", 20 },
};

/* A secret shorter than this would refuse every record and guard nothing. */
#define SHORTEST 4

struct rfa_scan {
	size_t n;
	char *values[]; /* owned; each secret as it is, and as JSON spells it */
};

/* The text between the quotes of its JSON form (new); NULL: no memory, or not UTF-8. */
static char *json_form(const char *text)
{
	json_t *string = json_string(text);
	char *out = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	size_t len;

	json_decref(string);
	if (!out)
		return NULL;
	len = strlen(out);
	memmove(out, out + 1, len - 2);
	out[len - 2] = '\0';
	return out;
}

int rfa_scan_add(struct rfa_scan **scan, const char *secret, struct rfa_error *err)
{
	struct rfa_scan *grown = *scan;
	size_t n = grown ? grown->n : 0;

	for (size_t i = 0; i < n; i += 2)
		if (grown->values[i] && !strcmp(grown->values[i], secret))
			return 0;
	grown = realloc(grown, sizeof(*grown) + (n + 2) * sizeof(grown->values[0]));
	if (!grown)
		return rfa_fail_nomem(err);
	*scan = grown;
	grown->n = n;
	if (strlen(secret) < SHORTEST)
		return 0;
	grown->values[n] = strdup(secret);
	if (!grown->values[n])
		return rfa_fail_nomem(err);
	grown->values[n + 1] = json_form(secret);
	grown->n = n + 2;
	return 0;
}

int rfa_scan_new(struct rfa_scan **out, const char *const *secrets, struct rfa_error *err)
{
	struct rfa_scan *scan = calloc(1, sizeof(*scan));
	int rc = scan ? 0 : rfa_fail_nomem(err);

	for (; rc == 0 && secrets && *secrets; secrets++)
		rc = rfa_scan_add(&scan, *secrets, err);
	if (rc)
		rfa_scan_free(scan);
	else
		*out = scan;
	return rc;
}

void rfa_scan_free(struct rfa_scan *scan)
{
	if (!scan)
		return;
	for (size_t i = 0; i < scan->n; i++) {
		/* Memory that is freed may be handed out again, or end in a core file. */
		if (scan->values[i])
			memset(scan->values[i], 0, strlen(scan->values[i]));
		free(scan->values[i]);
	}
	free(scan);
}

static const char *find(const char *text, size_t len, const char *what, size_t what_len)
{
	const char *end = text + len;

	while ((size_t)(end - text) >= what_len) {
		const char *at = memchr(text, what[0], (size_t)(end - text) - what_len + 1);

		if (!at)
			return NULL;
		if (!memcmp(at, what, what_len))
			return at;
		text = at + 1;
	}
	return NULL;
}

static int word_char(char c)
{
	return c && strchr(UPPER LOWER DIGIT "_", c);
}

/* The pieces of a text that must not be kept: where it is, and what it is. */
struct found {
	size_t at, len;
	const char *name;
};

#define HEX DIGIT "abcdef"

/*
 * 1 if what was found is only a part of an identifier: of a container, an image, a commit, a sum.
 * They are random digits, in which any short value occurs sooner or later; and without them nobody
 * could go on from a record. A secret that is as long as the identifier is none of it.
 */
static int within_id(const char *text, size_t len, size_t at, size_t n)
{
	size_t from = at;
	size_t to = at + n;

	while (from > 0 && text[from - 1] && strchr(HEX, text[from - 1]))
		from--;
	while (to < len && text[to] && strchr(HEX, text[to]))
		to++;
	for (size_t i = from; i < to; i++)
		if (!text[i] || !strchr(HEX, text[i]))
			return 0;
	return to - from > n && (to - from == 12 || to - from == 40 || to - from == 64) &&
	       (!from || !word_char(text[from - 1])) && (to == len || !word_char(text[to]));
}

/* What stands in the place of a secret; a secret may be a part of that, too. */
static const char mark[] = "[secret]";

static int within_mark(const char *text, size_t len, size_t at, size_t n)
{
	size_t size = sizeof(mark) - 1;

	for (size_t back = 0; back < size && back <= at; back++)
		if (back + n <= size && at - back + size <= len &&
		    !memcmp(text + at - back, mark, size))
			return 1;
	return 0;
}

static int find_value(const struct rfa_scan *scan, const char *text, size_t len, size_t start,
		      struct found *out)
{
	int is = 0;

	for (size_t i = 0; i < scan->n; i++) {
		const char *value = scan->values[i];
		size_t n = value ? strlen(value) : 0;
		size_t at = start;
		const char *hit;

		while (n && (hit = find(text + at, len - at, value, n))) {
			at = (size_t)(hit - text);
			if (!within_id(text, len, at, n) && !within_mark(text, len, at, n)) {
				/* The first, and of those that begin there the longest. */
				if (!is || at < out->at || (at == out->at && n > out->len))
					*out = (struct found){ at, n,
							       "the value of a configured secret" };
				is = 1;
				break;
			}
			at++;
		}
	}
	return is;
}

static int find_token(const char *text, size_t len, size_t start, size_t pattern, struct found *out)
{
	const char *begin = patterns[pattern].start;
	const char *end = text + len;
	const char *at = text + start;

	while ((at = find(at, (size_t)(end - at), begin, strlen(begin)))) {
		size_t run = 0;
		const char *tail = at + strlen(begin);

		while (tail + run < end && tail[run] && strchr(patterns[pattern].set, tail[run]))
			run++;
		if (run >= patterns[pattern].least && (at == text || !word_char(at[-1]))) {
			*out = (struct found){ (size_t)(at - text), strlen(begin) + run,
					       patterns[pattern].name };
			return 1;
		}
		at++;
	}
	return 0;
}

/* "-----BEGIN … PRIVATE KEY" on one line (RFC 7468), and all that follows. */
static int find_key(const char *text, size_t len, size_t start, struct found *out)
{
	static const char begin[] = "-----BEGIN ";
	static const char key[] = "PRIVATE KEY";
	const char *end = text + len;
	const char *at = text + start;

	while ((at = find(at, (size_t)(end - at), begin, sizeof(begin) - 1))) {
		size_t left = (size_t)(end - at);

		if (find(at, left < 64 ? left : 64, key, sizeof(key) - 1)) {
			*out = (struct found){ (size_t)(at - text), left, "a private key" };
			return 1;
		}
		at++;
	}
	return 0;
}

/* The user and the password in "https://user:password@host/" (RFC 3986, 3.2.1). */
static int find_userinfo(const char *text, size_t len, size_t start, struct found *out)
{
	const char *end = text + len;
	const char *at = text + start;

	while ((at = find(at, (size_t)(end - at), "://", 3))) {
		size_t colon = 0;
		size_t n = 0;

		for (at += 3; at + n < end && at[n] && !strchr("/?# \"'<>\\", at[n]); n++) {
			if (at[n] == ':' && !colon)
				colon = n + 1;
			if (at[n] == '@')
				break;
		}
		/* Only a reference to a secret may stand there. */
		if (colon && at + n < end && at[n] == '@' && n > colon &&
		    strncmp(at + colon, "${", 2) != 0 && at[colon] != '[') {
			*out = (struct found){ (size_t)(at - text) + colon, n - colon,
					       "a password in a URL" };
			return 1;
		}
	}
	return 0;
}

/* The first of all that is there from `start` on. */
static int find_first(const struct rfa_scan *scan, const char *text, size_t len, size_t start,
		      struct found *out)
{
	struct found one;
	int is = find_value(scan, text, len, start, out);

#define TAKE(found_one)                                 \
	if ((found_one) && (!is || one.at < out->at)) { \
		*out = one;                             \
		is = 1;                                 \
	}
	TAKE(find_key(text, len, start, &one))
	TAKE(find_userinfo(text, len, start, &one))
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		TAKE(find_token(text, len, start, i, &one))
	}
#undef TAKE
	return is;
}

int rfa_scan_text(const struct rfa_scan *scan, const char *what, const char *text, size_t len,
		  struct rfa_error *err)
{
	struct found found;

	if (!text || !find_first(scan, text, len, 0, &found))
		return 0;
	rfa_fail(err, RFA_EREFUSED, "ledger", "%s holds %s%s: nothing was written", what,
		 strncmp(found.name, "the ", 4) != 0 ? "what looks like " : "", found.name);
	return rfa_error_hint(err,
			      "keep the value out of the plan and of the step's output: name the "
			      "secret in rfa.json instead of its value");
}

int rfa_scan_redact(const struct rfa_scan *scan, const char *text, size_t len, struct rfa_buf *out)
{
	struct found found;
	size_t at = 0;
	int changed = 0;

	while (find_first(scan, text, len, at, &found)) {
		rfa_buf_add(out, text + at, found.at - at);
		rfa_buf_puts(out, mark);
		at = found.at + found.len;
		changed = 1;
	}
	rfa_buf_add(out, text + at, len - at);
	return changed;
}

static json_t *redact(const struct rfa_scan *scan, const json_t *value, int *changed);

static json_t *redact_text(const struct rfa_scan *scan, const char *text, size_t len, int *changed)
{
	struct rfa_buf out = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	json_t *made;

	*changed |= rfa_scan_redact(scan, text, len, &out);
	made = out.failed ? NULL : json_stringn(rfa_buf_str(&out), out.len);
	rfa_buf_release(&out);
	return made;
}

static json_t *redact_object(const struct rfa_scan *scan, const json_t *object, int *changed)
{
	json_t *copy = json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		json_t *name = redact_text(scan, key, strlen(key), changed);
		json_t *inside = redact(scan, value, changed);

		/* Two names that become one would lose a value. */
		if (!copy || !name || !inside ||
		    (strcmp(json_string_value(name), key) != 0 &&
		     json_object_get(copy, json_string_value(name))) ||
		    json_object_set(copy, json_string_value(name), inside)) {
			json_decref(copy);
			copy = NULL;
		}
		json_decref(name);
		json_decref(inside);
		if (!copy)
			break;
	}
	return copy;
}

static json_t *redact(const struct rfa_scan *scan, const json_t *value, int *changed)
{
	json_t *copy;
	json_t *one;
	size_t i;

	if (json_is_object(value))
		return redact_object(scan, value, changed);
	if (json_is_string(value))
		return redact_text(scan, json_string_value(value), json_string_length(value),
				   changed);
	if (!json_is_array(value))
		return json_incref((json_t *)(uintptr_t)value);
	copy = json_array();
	json_array_foreach ((json_t *)(uintptr_t)value, i, one) {
		if (json_array_append_new(copy, redact(scan, one, changed))) {
			json_decref(copy);
			return NULL;
		}
	}
	return copy;
}

int rfa_scan_redact_json(const struct rfa_scan *scan, json_t **value, int *changed,
			 struct rfa_error *err)
{
	json_t *copy;

	*changed = 0;
	copy = *value ? redact(scan, *value, changed) : NULL;
	if (*value && !copy)
		return rfa_fail(err, RFA_EREFUSED, "ledger",
				"a record's secrets could not be taken out of it");
	if (*changed) {
		json_decref(*value);
		*value = json_incref(copy);
	}
	json_decref(copy);
	return 0;
}

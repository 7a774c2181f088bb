/* The last look before a text becomes durable for ever: what is, or looks like, a secret is
 * refused. */
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/internal.h"

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

int rfa_scan_new(struct rfa_scan **out, const char *const *secrets, struct rfa_error *err)
{
	struct rfa_scan *scan;
	size_t n = 0;

	while (secrets && secrets[n])
		n++;
	scan = calloc(1, sizeof(*scan) + 2 * n * sizeof(scan->values[0]));
	if (!scan)
		return rfa_fail_nomem(err);
	scan->n = 2 * n;
	for (size_t i = 0; i < n; i++) {
		if (strlen(secrets[i]) < SHORTEST)
			continue;
		scan->values[2 * i] = strdup(secrets[i]);
		scan->values[2 * i + 1] = json_form(secrets[i]);
		if (!scan->values[2 * i]) {
			rfa_scan_free(scan);
			return rfa_fail_nomem(err);
		}
	}
	*out = scan;
	return 0;
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

static int looks_like(const char *text, size_t len, size_t pattern)
{
	const char *start = patterns[pattern].start;
	const char *at = text;
	const char *end = text + len;

	while ((at = find(at, (size_t)(end - at), start, strlen(start)))) {
		size_t run = 0;
		const char *tail = at + strlen(start);

		while (tail + run < end && tail[run] && strchr(patterns[pattern].set, tail[run]))
			run++;
		if (run >= patterns[pattern].least && (at == text || !word_char(at[-1])))
			return 1;
		at++;
	}
	return 0;
}

/* "-----BEGIN … PRIVATE KEY" on one line (RFC 7468). */
static int private_key(const char *text, size_t len)
{
	static const char begin[] = "-----BEGIN ";
	static const char key[] = "PRIVATE KEY";
	const char *at = text;
	const char *end = text + len;

	while ((at = find(at, (size_t)(end - at), begin, sizeof(begin) - 1))) {
		size_t left = (size_t)(end - at);

		if (find(at, left < 64 ? left : 64, key, sizeof(key) - 1))
			return 1;
		at++;
	}
	return 0;
}

static int refused(struct rfa_error *err, const char *what, const char *name)
{
	rfa_fail(err, RFA_EREFUSED, "ledger", "%s holds %s: nothing was written", what, name);
	return rfa_error_mend(err,
			      "keep the value out of the plan and of the step's output: name the "
			      "secret in rfa.json instead of its value");
}

int rfa_scan_text(const struct rfa_scan *scan, const char *what, const char *text, size_t len,
		  struct rfa_error *err)
{
	if (!text)
		return 0;
	for (size_t i = 0; i < scan->n; i++)
		if (scan->values[i] && find(text, len, scan->values[i], strlen(scan->values[i])))
			return refused(err, what, "the value of a configured secret");
	if (private_key(text, len))
		return refused(err, what, "what looks like a private key");
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (looks_like(text, len, i)) {
			char name[64];

			snprintf(name, sizeof(name), "what looks like %s", patterns[i].name);
			return refused(err, what, name);
		}
	return 0;
}

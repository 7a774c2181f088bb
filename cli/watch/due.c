/* Which releases are due. */
#include "cli/watch/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Names of versions. */

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "v1.4" is "1.4". */
static const char *behind_v(const char *tag)
{
	return tag + ((*tag == 'v' || *tag == 'V') && is_digit(tag[1]));
}

/* Moves both behind a number. */
static int by_number(const char **a, const char **b)
{
	size_t n, m;
	int order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	n = strspn(*a, "0123456789");
	m = strspn(*b, "0123456789");
	order = n != m ? (n < m ? -1 : 1) : memcmp(*a, *b, n);
	*a += n;
	*b += m;
	return order;
}

int rfa_due_by_version(const char *a, const char *b)
{
	const char *first = a, *second = b;
	int order = 0;

	a = behind_v(a);
	b = behind_v(b);
	while (!order && *a && *b) {
		if (is_digit(*a) && is_digit(*b))
			order = by_number(&a, &b);
		else if (*a == *b)
			a++, b++;
		else
			order = (unsigned char)*a < (unsigned char)*b ? -1 : 1;
	}
	/* What follows a "-" comes before the version itself. */
	if (!order && *a != *b)
		order = *a == '-' ? -1 : *b == '-' ? 1 : *a ? 1 : -1;
	return order ? order : strcmp(first, second);
}

int rfa_due_is_version(const char *version)
{
	return is_digit(*behind_v(version));
}

int rfa_due_is_prerelease(const char *version)
{
	size_t len;

	version = behind_v(version);
	len = strspn(version, "0123456789.");
	return is_digit(*version) && version[len] == '-' && memchr(version, '.', len);
}

/* The order of releases. */

/* The place of a release, or of a run, in the order. */
struct place {
	int64_t published_ms;
	const char *version;
};

static int by_place(const struct place *a, const struct place *b)
{
	if (a->published_ms != b->published_ms)
		return a->published_ms < b->published_ms ? -1 : 1;
	return rfa_due_by_version(a->version, b->version);
}

static struct place place_of(const struct rfa_due_release *r)
{
	return (struct place){ r->published_ms, r->version };
}

static int by_release(const void *a, const void *b)
{
	struct place one = place_of(a), other = place_of(b);

	return by_place(&one, &other);
}

static const struct rfa_due_release *release_of(const struct rfa_due_release *releases, size_t n,
						const struct rfa_due_run *run)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(releases[i].tag, run->tag))
			return &releases[i];
	return NULL;
}

/* Plain git does not say when a tag was published. */
static int has_times(const struct rfa_due_release *releases, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (releases[i].published_ms)
			return 1;
	return 0;
}

/* A run, and its place. */
struct past {
	struct place place;
	char version[RFA_TAG_MAX + 1];
};

/*
 * As the forge said when the run was begun; else as it says now; 0: it does not know the release.
 * A tag that is called as no release is now has only itself. 0 if it has no place: plain git knows
 * the order of versions, and this is none.
 */
static int find_place(const struct rfa_due_release *releases, size_t n,
		      const struct rfa_due_run *run, const char *tags, struct past *out)
{
	const struct rfa_due_release *r = release_of(releases, n, run);
	int timed = has_times(releases, n);

	if (rfa_named_version(tags, run->tag, out->version) != RFA_VERSION_IS)
		snprintf(out->version, sizeof(out->version), "%.128s", run->tag);
	out->place = (struct place){ timed ? run->published_ms : 0, out->version };
	if (!out->place.published_ms && r)
		out->place.published_ms = r->published_ms;
	return timed || rfa_due_is_version(out->version);
}

/*
 * Of the releases that runs were begun for. Where the forge knows none of them, what it had
 * published before the newest of these runs began counts as older. 0: there is none.
 */
static int newest(const struct rfa_due_release *releases, size_t n, const struct rfa_due_run *runs,
		  size_t n_runs, const char *tags, struct past *best)
{
	struct past other;
	int found = 0;
	size_t i;

	for (i = 0; i < n_runs; i++) {
		if (!find_place(releases, n, &runs[i], tags, &other) ||
		    (found && by_place(&best->place, &other.place) >= 0))
			continue;
		*best = other;
		best->place.version = best->version;
		found = 1;
	}
	if (found && !best->place.published_ms && has_times(releases, n))
		best->place.published_ms = runs[0].begun_ms;
	return found;
}

/* What each is. */

/*
 * The newest run of this release, by its name for ever, or by its tag; before all others one of the
 * same commit. Runs are newest first.
 */
static const struct rfa_due_run *run_of(const struct rfa_due_release *r,
					const struct rfa_due_run *runs, size_t n)
{
	const struct rfa_due_run *found = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(runs[i].once, r->once) && strcmp(runs[i].tag, r->tag))
			continue;
		if (!r->commit || !strcmp(runs[i].commit, r->commit))
			return &runs[i];
		found = found ? found : &runs[i];
	}
	return found;
}

/* The same project of the same forge has given both their names. */
static int is_same_giver(const char *once, const char *other)
{
	const char *end = strrchr(once, ' ');

	return end && !strncmp(once, other, (size_t)(end + 1 - once)) &&
	       !strchr(other + (end + 1 - once), ' ');
}

static enum rfa_due_is of_run(const struct rfa_due_release *r, const struct rfa_due_run *run)
{
	int is_same_tag = !strcmp(run->tag, r->tag);

	if (is_same_tag && r->commit && *run->commit && strcmp(run->commit, r->commit))
		return RFA_DUE_MOVED;
	return strcmp(run->once, r->once) && is_same_giver(run->once, r->once) ? RFA_DUE_REMADE
									       : RFA_DUE_HANDLED;
}

static int is_wanted(const struct rfa_due_release *r, enum rfa_named_version version,
		     const struct rfa_due_rules *rules)
{
	int prerelease = r->prerelease < 0 ? rfa_due_is_prerelease(r->version) : r->prerelease;

	if (r->draft || (prerelease && !rules->prerelease) || version == RFA_VERSION_OTHER)
		return 0;
	/* Plain git has tags of all kinds. */
	return r->published_ms || rfa_due_is_version(r->version);
}

static enum rfa_due_is judge(const struct rfa_due_release *r, const struct rfa_due_run *run,
			     const struct place *last, const struct rfa_due_rules *rules)
{
	char again[RFA_TAG_MAX + 1];
	enum rfa_named_version version = rfa_named_version(rules->tags, r->tag, again);
	struct place place = place_of(r);
	int order = last ? by_place(&place, last) : 1;

	if (!is_wanted(r, version, rules))
		return RFA_DUE_UNWANTED;
	if (order < 0 || (!order && !run))
		return RFA_DUE_OLD;
	if (run)
		return of_run(r, run);
	if (version == RFA_VERSION_NO_IMAGE)
		return RFA_DUE_NO_VERSION;
	if (r->published_ms > rules->now_ms)
		return RFA_DUE_FUTURE;
	return r->commit ? RFA_DUE_NOW : RFA_DUE_NO_TAG;
}

/* Of several, the newest; or each in its order, and none before one that still lacks its tag. */
static void choose(struct rfa_due_release *releases, size_t n, int all)
{
	int waits = 0, newer = 0;
	size_t i;

	for (i = 0; all && i < n; i++) {
		waits |= releases[i].is == RFA_DUE_NO_TAG;
		if (waits && releases[i].is == RFA_DUE_NOW)
			releases[i].is = RFA_DUE_WAITS;
	}
	for (i = n; !all && i-- > 0;) {
		if (releases[i].is != RFA_DUE_NOW)
			continue;
		if (newer)
			releases[i].is = RFA_DUE_PASSED_OVER;
		newer = 1;
	}
}

int rfa_due(struct rfa_due_release *releases, size_t n, const struct rfa_due_run *runs,
	    size_t n_runs, const struct rfa_due_rules *rules, struct rfa_error *err)
{
	struct past last;
	int known;
	size_t i;

	for (i = 0; i < n; i++)
		(void)rfa_named_version(rules->tags, releases[i].tag, releases[i].version);
	if (n)
		qsort(releases, n, sizeof(*releases), by_release);
	known = newest(releases, n, runs, n_runs, rules->tags, &last);
	for (i = 0; i < n; i++) {
		struct rfa_due_release *r = &releases[i];
		const struct rfa_due_run *run = known ? run_of(r, runs, n_runs) : NULL;

		r->run = run ? run->run : NULL;
		r->is = judge(r, run, known ? &last.place : NULL, rules);
	}
	choose(releases, n, rules->all);
	return known ? 0
		     : rfa_fail(err, RFA_EREFUSED, "watch",
				"no run was ever begun for a release: nobody knows which are new");
}

int64_t rfa_due_resume(int64_t begun_ms, int64_t last_ms)
{
	int64_t lasted = last_ms - begun_ms;

	return last_ms + (lasted < MINUTE_MS ? MINUTE_MS : lasted > HOUR_MS ? HOUR_MS : lasted);
}

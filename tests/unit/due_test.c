/* Which releases are due, as tables: of each release what it is, by the runs that there were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/watch/due.h"

enum { MOST = 8, NOW_MS = 1000, MINUTE = 60 * 1000 };

/* A row ends with tag NULL. */
struct release {
	const char *tag, *commit, *once;
	int64_t at;
	int draft, prerelease;
	enum rfa_due_is is;
};
struct run {
	const char *tag, *commit, *once;
	int64_t at, published;
};
struct row {
	const char *what;
	struct release releases[MOST];
	struct run runs[MOST];
	struct rfa_due_rules rules;
};

#define ANY .rules = { .tags = "*" }
#define ALL .rules = { .tags = "*", .all = 1 }

static const struct row rows[] = {
	{ "the newest of those behind the newest that was begun; the others are passed over",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_PASSED_OVER },
	    { "v3", "c3", "f 3", 30, .is = RFA_DUE_PASSED_OVER },
	    { "v4", "c4", "f 4", 40, .is = RFA_DUE_NOW } },
	  { { "v1", "c1", "", 15, 0 } },
	  ANY },
	{ "each, where each is wanted",
	  { { "v3", "c3", "f 3", 30, .is = RFA_DUE_NOW },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_NOW },
	    { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED } },
	  { { "v1", "c1", "", 15, 0 } },
	  ALL },
	{ "drafts, pre-releases, other tags, and those of the future are none",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v2", "c2", "f 2", 20, .draft = 1, .is = RFA_DUE_UNWANTED },
	    { "v3", "c3", "f 3", 30, .prerelease = 1, .is = RFA_DUE_UNWANTED },
	    { "lib-4", "c4", "f 4", 40, .is = RFA_DUE_UNWANTED },
	    { "v5", "c5", "f 5", 5000, .is = RFA_DUE_FUTURE } },
	  { { "v1", "c1", "", 15, 0 } },
	  .rules = { .tags = "v*" } },
	{ "a pre-release, if they are wanted",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v3", "c3", "f 3", 30, .prerelease = 1, .is = RFA_DUE_NOW } },
	  { { "v1", "c1", "", 15, 0 } },
	  .rules = { .tags = "v*", .prerelease = 1 } },
	{ "the time of publication counts, not the order of versions: a draft that was published "
	  "late",
	  { { "v1.9", "c9", "f 9", 50, .is = RFA_DUE_NOW },
	    { "v2.0", "c2", "f 2", 40, .is = RFA_DUE_HANDLED } },
	  { { "v2.0", "c2", "f 2", 45, 40 } },
	  ANY },
	{ "a run that went back is no newer one",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_OLD },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_OLD },
	    { "v3", "c3", "f 3", 30, .is = RFA_DUE_HANDLED } },
	  { { "v1", "c1", "", 60, 0 }, { "v3", "c3", "f 3", 35, 30 } },
	  ANY },
	{ "one without its tag waits, and holds up no newer one",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v2", NULL, "f 2", 20, .is = RFA_DUE_NO_TAG },
	    { "v3", "c3", "f 3", 30, .is = RFA_DUE_NOW } },
	  { { "v1", "c1", "", 15, 0 } },
	  ANY },
	{ "but where each is wanted, in order",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_NOW },
	    { "v3", NULL, "f 3", 30, .is = RFA_DUE_NO_TAG },
	    { "v4", "c4", "f 4", 40, .is = RFA_DUE_WAITS } },
	  { { "v1", "c1", "", 15, 0 } },
	  ALL },
	{ "deleted and made again: not once more, and no release between is lost for it",
	  { { "v1", "c1", "f 9", 90, .is = RFA_DUE_REMADE },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_NOW } },
	  { { "v1", "c1", "f 1", 15, 10 } },
	  ANY },
	{ "the same tag, as another forge names it: nobody has made it again",
	  { { "v1", "c1", "gitlab o/p v1", 90, .is = RFA_DUE_HANDLED } },
	  { { "v1", "c1", "github o/p 1", 15, 10 } },
	  ANY },
	{ "from a forge to plain git",
	  { { "v1", "c1", "git v1 c1", 0, .is = RFA_DUE_HANDLED },
	    { "v2", "c2", "git v2 c2", 0, .is = RFA_DUE_NOW } },
	  { { "v1", "c1", "github o/p 1", 15, 10 } },
	  ANY },
	{ "what no image can be called is left out, and holds up nobody",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_NOW },
	    { "v3+b", "c3", "f 3", 30, .is = RFA_DUE_NO_VERSION },
	    { "--force", "c4", "f 4", 40, .is = RFA_DUE_NO_VERSION },
	    { "v5/x", "c5", "f 5", 50, .is = RFA_DUE_NO_VERSION },
	    { "v6 'x'\n", "c6", "f 6", 60, .is = RFA_DUE_NO_VERSION } },
	  { { "v1", "c1", "", 15, 0 } },
	  ANY },
	{ "a tag that was moved",
	  { { "v1", "c9", "f 1", 10, .is = RFA_DUE_MOVED },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_NOW } },
	  { { "v1", "c1", "f 1", 15, 10 } },
	  ANY },
	{ "moved, refused, and moved back",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED } },
	  { { "v1", "c9", "", 18, 0 }, { "v1", "c1", "f 1", 15, 10 } },
	  ANY },
	{ "an older one may be moved: nobody comes back to it",
	  { { "v1", "c9", "f 1", 10, .is = RFA_DUE_OLD },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_HANDLED } },
	  { { "v2", "c2", "f 2", 25, 20 }, { "v1", "c1", "f 1", 15, 10 } },
	  ANY },
	{ "the release of the newest run is gone: as the forge said then",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_OLD },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_OLD },
	    { "v4", "c4", "f 4", 26, .is = RFA_DUE_NOW } },
	  { { "v3", "c3", "f 3", 27, 25 } },
	  ANY },
	{ "a tag that never was a release: what was published before that run is older",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_OLD },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_NOW } },
	  { { "hotfix", "c3", "", 15, 0 } },
	  ANY },
	{ "but not where the forge knows another one that was begun",
	  { { "v1", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_NOW } },
	  { { "hotfix", "c3", "", 30, 0 }, { "v1", "c1", "", 12, 0 } },
	  ANY },
	{ "plain git: versions by their names",
	  { { "v1.10.0", "ca", "git v1.10.0 ca", 0, .is = RFA_DUE_NOW },
	    { "v1.9.0", "c9", "git v1.9.0 c9", 0, .is = RFA_DUE_HANDLED },
	    { "v1.2.0", "c2", "git v1.2.0 c2", 0, .is = RFA_DUE_OLD } },
	  { { "v1.9.0", "c9", "", 15, 0 } },
	  ANY },
	{ "plain git: the tag of the newest run is gone",
	  { { "v1.10.0", "ca", "git v1.10.0 ca", 0, .is = RFA_DUE_NOW },
	    { "v1.2.0", "c2", "git v1.2.0 c2", 0, .is = RFA_DUE_OLD } },
	  { { "v1.9.0", "c9", "", 15, 0 } },
	  ANY },
	{ "source.tags says which part of a tag is the version",
	  { { "web/v1.9-x", "c1", "f 1", 10, .is = RFA_DUE_HANDLED },
	    { "v2", "c2", "f 2", 20, .is = RFA_DUE_UNWANTED },
	    { "web/v2/b-x", "c3", "f 3", 30, .is = RFA_DUE_NO_VERSION },
	    { "web/-x", "c4", "f 4", 40, .is = RFA_DUE_UNWANTED },
	    { "web/v3.0-rc1-x", "c5", "f 5", 50, .prerelease = -1, .is = RFA_DUE_UNWANTED },
	    { "web/v4-x", "c6", "f 6", 60, .is = RFA_DUE_NOW } },
	  { { "web/v1.9-x", "c1", "", 15, 0 } },
	  .rules = { .tags = "web/*-x" } },
	{ "plain git: it is compared, and not the tag around it",
	  { { "v1.10-x", "ca", "git v1.10-x ca", 0, .is = RFA_DUE_NOW },
	    { "v1.10-rc1-x", "cb", "git v1.10-rc1-x cb", 0, .prerelease = -1,
	      .is = RFA_DUE_UNWANTED },
	    { "v1.9-x", "c9", "git v1.9-x c9", 0, .is = RFA_DUE_HANDLED },
	    { "vendor-x", "cc", "git vendor-x cc", 0, .is = RFA_DUE_UNWANTED },
	    { "v3", "c3", "git v3 c3", 0, .is = RFA_DUE_UNWANTED } },
	  { { "v1.9-x", "c9", "", 15, 0 } },
	  .rules = { .tags = "v*-x" } },
	{ "plain git: pre-releases and a suffix, in their order",
	  { { "1.10-x", "ca", "git 1.10-x ca", 0, .prerelease = -1, .is = RFA_DUE_NOW },
	    { "1.10-rc1-x", "cb", "git 1.10-rc1-x cb", 0, .prerelease = -1,
	      .is = RFA_DUE_HANDLED } },
	  { { "1.10-rc1-x", "cb", "", 15, 0 } },
	  .rules = { .tags = "*-x", .prerelease = 1 } },
	{ "plain git: what somebody has brought that is no version is not the newest for ever",
	  { { "1.9", "c9", "git 1.9 c9", 0, .is = RFA_DUE_HANDLED },
	    { "1.10", "ca", "git 1.10 ca", 0, .is = RFA_DUE_NOW } },
	  { { "nightly", "cn", "", 20, 0 }, { "1.9", "c9", "", 15, 0 } },
	  ANY },
	{ "no release at all", { { 0 } }, { { "v1", "c1", "", 15, 0 } }, ANY },
};

static size_t fill(const struct row *row, struct rfa_due_release out[MOST])
{
	size_t n;

	for (n = 0; n < MOST && row->releases[n].tag; n++) {
		const struct release *r = &row->releases[n];

		out[n] = (struct rfa_due_release){ r->once,     r->tag,   r->commit,
						   r->at,       r->draft, r->prerelease,
						   RFA_DUE_OLD, NULL,     "" };
	}
	return n;
}

static size_t fill_runs(const struct row *row, struct rfa_due_run out[MOST])
{
	static const char *const ids[MOST] = { "r0", "r1", "r2", "r3" };
	size_t n;

	for (n = 0; n < MOST && row->runs[n].tag; n++) {
		const struct run *r = &row->runs[n];

		out[n] = (struct rfa_due_run){ ids[n], r->tag, r->commit,   r->once,
					       "",     r->at,  r->published };
	}
	return n;
}

static void check(const struct row *row, const struct rfa_due_release *is)
{
	const struct release *want = row->releases;

	while (strcmp(want->tag, is->tag) != 0)
		want++;
	if (want->is != is->is)
		fail_msg("%s: %s is %d instead of %d", row->what, is->tag, (int)is->is,
			 (int)want->is);
}

/* The list comes in any order: backwards, too. */
static void tables(void **state)
{
	struct rfa_due_release releases[MOST], turned[MOST];
	struct rfa_due_run runs[MOST];
	struct rfa_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rfa_due_rules rules = rows[i].rules;
		size_t n = fill(&rows[i], releases), m = fill_runs(&rows[i], runs);

		rules.now_ms = NOW_MS;
		for (size_t j = 0; j < n; j++)
			turned[j] = releases[n - 1 - j];
		assert_int_equal(rfa_due(releases, n, runs, m, &rules, &err), 0);
		assert_int_equal(rfa_due(turned, n, runs, m, &rules, &err), 0);
		for (size_t j = 0; j < n; j++) {
			check(&rows[i], &releases[j]);
			check(&rows[i], &turned[j]);
			assert_string_equal(releases[j].tag, turned[j].tag);
		}
	}
}

static void without_a_run_nobody_knows(void **state)
{
	struct rfa_due_release one = { "f 1", "v1", "c1", 10, 0, 0, RFA_DUE_OLD, NULL, "" };
	const struct rfa_due_rules rules = { "*", 0, 0, NOW_MS };
	struct rfa_error err;

	(void)state;
	assert_int_equal(rfa_due(&one, 1, NULL, 0, &rules, &err), -RFA_EREFUSED);
	assert_int_equal(rfa_due(NULL, 0, NULL, 0, &rules, &err), -RFA_EREFUSED);
}

/* Once it was begun, however it ended, it is never due again; and of all that follows as well. */
static void what_was_begun_is_never_due_again(void **state)
{
	const struct rfa_due_rules rules = { "*", 0, 0, NOW_MS };
	struct rfa_due_release releases[4];
	struct rfa_due_run runs[4];
	char tags[4][4], once[4][8];
	struct rfa_error err;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(tags[i], sizeof(tags[i]), "v%zu", i);
		snprintf(once[i], sizeof(once[i]), "f %zu", i);
	}
	for (unsigned begun = 1; begun < 16; begun++) {
		size_t n = 0;

		for (size_t i = 0; i < 4; i++) {
			releases[i] = (struct rfa_due_release){ once[i],        tags[i], "c",
								(int64_t)i + 1, 0,       0,
								RFA_DUE_OLD,    NULL,    "" };
			if (begun & 1u << i)
				runs[n++] =
				    (struct rfa_due_run){ "r",           tags[i], "c",
							  once[i],       "",      (int64_t)i + 1,
							  (int64_t)i + 1 };
		}
		assert_int_equal(rfa_due(releases, 4, runs, n, &rules, &err), 0);
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(releases[i].is == RFA_DUE_NOW,
					 i == 3 && !(begun & 1u << 3));
	}
}

static void versions(void **state)
{
	static const char *const sorted[] = { "0.9",       "v1",        "1.0.0-rc1", "v1.0.0-rc2",
					      "v1.0.0",    "v1.0.0.1",  "1.2",       "v1.9",
					      "v1.10-rc1", "v1.10",     "v01.11",    "2026-01-02",
					      "release-1", "release-2", "release-10" };
	size_t n = sizeof(sorted) / sizeof(sorted[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int is = rfa_due_by_version(sorted[i], sorted[j]);

			if ((is > 0) - (is < 0) != (i > j) - (i < j))
				fail_msg("%s and %s: %d", sorted[i], sorted[j], is);
		}
	assert_true(rfa_due_is_prerelease("v1.0.0-rc1"));
	assert_true(rfa_due_is_prerelease("1.0-beta"));
	assert_false(rfa_due_is_prerelease("v1.0.0"));
	assert_false(rfa_due_is_prerelease("2026-11-29"));
	assert_false(rfa_due_is_prerelease("release-1.0"));
	assert_true(rfa_due_is_version("v1"));
	assert_false(rfa_due_is_version("vendor"));
}

/* 1, 2, 4 … 60 minutes lie between the tries of a run that breaks at once each time. */
static void tries_are_further_and_further_apart(void **state)
{
	static const int minutes[] = { 1, 1, 2, 4, 8, 16, 32, 60, 60 };
	int64_t last = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		int64_t next = rfa_due_resume(0, last);

		assert_int_equal((next - last) / MINUTE, minutes[i]);
		last = next;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(without_a_run_nobody_knows),
		cmocka_unit_test(what_was_begun_is_never_due_again),
		cmocka_unit_test(versions),
		cmocka_unit_test(tries_are_further_and_further_apart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

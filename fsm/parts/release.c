/* Completes the plan of a release: which commit, what is built of it, what it was before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/parts/args.h"
#include "fsm/parts/build.h"
#include "fsm/parts/named.h"

/* So many earlier runs of the stack are asked what the tag was then. */
enum { RUNS_MAX = 500 };

static int has_repository(const struct rfa_prepare *p, const json_t *plan, struct rfa_error *err)
{
	if (rfa_facts_str(plan, "target/stack/source/git", NULL))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config",
		 "the stack %.60s does not say where its git repository is", p->word);
	return rfa_error_hint(err,
			      "add to it for example \"source\": {\"git\": "
			      "\"https://git.example.org/%.60s.git\"}",
			      p->word);
}

/* What the Compose project of a commit builds is not looked at. */
static int names_images(const json_t *plan, struct rfa_error *err)
{
	if (json_object_size(rfa_facts_at(plan, "target/stack/build/images")))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config", "a release builds what build.images names");
	return rfa_error_hint(err, "name there what build.compose takes from the Compose project");
}

/* A directory is one of this machine, relative to rfa.json. */
static int settle_url(const struct rfa_prepare *p, json_t *source, struct rfa_error *err)
{
	const char *url = rfa_facts_str(source, "git", "");
	size_t first = strcspn(url, "/:");
	char *path = NULL;
	int rc = 0;

	if (url[first] == ':')
		return 0;
	rc = p->path(p, url, &path, err);
	if (!rc)
		rc = rfa_facts_set(source, "git", json_string(path), err);
	free(path);
	return rc;
}

static int is_no_release(const char *tag, const char *pattern, struct rfa_error *err)
{
	const char *star = pattern + strcspn(pattern, "*");

	rfa_fail(err, RFA_EUSAGE, "cli", "the tag %.100s is not called as releases are: %.100s",
		 tag, pattern);
	return rfa_error_hint(err,
			      "the tag of a version %.100s would be %.*s%.100s%s; or change "
			      "source.tags of the stack",
			      tag, (int)(star - pattern), pattern, tag, *star ? star + 1 : "");
}

/* By source.tags. It is the tag of an image, too. */
static int name_version(const json_t *plan, const char *tag, char out[RFA_TAG_MAX + 1],
			struct rfa_error *err)
{
	const char *pattern = rfa_facts_str(plan, "target/stack/source/tags", "*");
	enum rfa_named_version is = rfa_named_version(pattern, tag, out);

	if (is == RFA_VERSION_IS)
		return 0;
	if (is == RFA_VERSION_OTHER)
		return is_no_release(tag, pattern, err);
	rfa_fail(err, RFA_EUSAGE, "cli", "this tag is no version that an image can have");
	return rfa_error_hint(err, "at most 128 letters, digits, \"_\", \".\" and \"-\", none "
				   "of the last two first");
}

/* Contexts. */

static int leads_out(const char *path)
{
	for (; *path; path += strcspn(path, "/"), path += *path == '/')
		if (!strncmp(path, "..", 2) && (!path[2] || path[2] == '/'))
			return 1;
	return 0;
}

/* "./web/" is "web"; "" and "./" are ".". */
static int settle_path(json_t *of, const char *key, const char *absent, struct rfa_error *err)
{
	const char *written = rfa_facts_str(of, key, absent);
	char path[1024];
	size_t len;

	while (!strncmp(written, "./", 2))
		written += 2;
	snprintf(path, sizeof(path), "%s", *written ? written : ".");
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	return rfa_facts_set(of, key, json_string(path), err);
}

static int check_context(const char *key, const json_t *image, struct rfa_error *err)
{
	const char *context = rfa_facts_str(image, "context", "");

	if (*context != '/' && *context != '~' && !leads_out(context) &&
	    !leads_out(rfa_facts_str(image, "dockerfile", "")))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config", "the context of %.60s is \"%.200s\"", key, context);
	return rfa_error_hint(err, "a release builds from the repository: write the path in it, "
				   "for example \"web\", or \".\" for all of it");
}

/* From the commit, and nothing else. */
static int put_sources(json_t *plan, const json_t *release, struct rfa_error *err)
{
	json_t *sources = json_array(), *image;
	const char *key;
	int rc = sources ? 0 : rfa_fail_nomem(err);

	json_object_foreach (rfa_facts_at(plan, "target/stack/build/images"), key, image) {
		if (!rc)
			rc = rfa_named_check(plan, "build.images", key, err);
		if (!rc)
			rc = check_context(key, image, err);
		if (!rc)
			rc = settle_path(image, "context", ".", err);
		if (!rc && json_array_append_new(
			       sources, json_pack("{s:s, s:O, s:O, s:O}", "key", key, "context",
						  json_object_get(image, "context"), "commit",
						  json_object_get(release, "commit"), "tree",
						  json_object_get(release, "tree"))))
			rc = rfa_fail_nomem(err);
	}
	if (!rc)
		rc = rfa_plan_set(plan, "sources", json_incref(sources), err);
	json_decref(sources);
	return rc;
}

/* What the tag was before. */

struct runs {
	const char *flow;
	char run[RUNS_MAX][RFA_RUN_ID_MAX];
	size_t n;
};

static int add_run(void *user, const struct rfa_ledger_line *line)
{
	struct runs *runs = user;

	if (strcmp(line->flow, runs->flow) != 0)
		return 0;
	snprintf(runs->run[runs->n++], RFA_RUN_ID_MAX, "%s", line->run);
	return runs->n == RUNS_MAX;
}

/* 1: its gates let it pass. What they refuse has released nothing. */
static int has_passed(const struct rfa_history *history)
{
	size_t i;

	for (i = 0; i < history->n; i++)
		if (history->records[i].kind == RFA_RECORD_DONE &&
		    !strcmp(history->records[i].step, "gates"))
			return 1;
	return 0;
}

/* 1: that run has released the same tag, as another commit. */
static int was_other(const struct rfa_prepare *p, const char *run, json_t *release,
		     struct rfa_error *err)
{
	struct rfa_history *history = NULL;
	const json_t *then;
	int rc = rfa_ledger_load(p->ledger, run, &history, err), other;

	if (rc)
		return rc;
	then = rfa_facts_at(history->plan, "options/release");
	other = then && json_equal(json_object_get(then, "tag"), json_object_get(release, "tag")) &&
		json_equal(json_object_get(then, "url"), json_object_get(release, "url")) &&
		!json_equal(json_object_get(then, "commit"), json_object_get(release, "commit")) &&
		has_passed(history);
	if (other)
		rc = rfa_facts_set(release, "other", json_incref(json_object_get(then, "commit")),
				   err);
	if (other && !rc)
		rc = rfa_facts_set(release, "other_run", json_string(run), err);
	rfa_history_free(history);
	return rc ? rc : other;
}

static int look_back(const struct rfa_prepare *p, const json_t *plan, json_t *release,
		     struct rfa_error *err)
{
	const struct rfa_ledger_filter filter = { p->word, NULL, 0, RUNS_MAX };
	struct runs *runs = calloc(1, sizeof(*runs));
	size_t i;
	int rc = runs ? 0 : rfa_fail_nomem(err);

	if (runs) {
		runs->flow = rfa_facts_str(plan, "flow", "");
		rc = rfa_ledger_list(p->ledger, &filter, add_run, runs, err);
	}
	for (i = 0; runs && !rc && i < runs->n; i++)
		rc = was_other(p, runs->run[i], release, err);
	free(runs);
	return rc < 0 ? rc : 0;
}

/* The whole. */

/* *out (new). */
static int find_commit(const struct rfa_prepare *p, const json_t *plan, json_t **out,
		       struct rfa_error *err)
{
	const char *url = rfa_facts_str(plan, "target/stack/source/git", "");
	const struct rfa_repository_ask ask = { .stack = p->word,
						.env = rfa_facts_str(plan, "target/env", ""),
						.url = url,
						.tag = p->second };
	struct rfa_repository *repository = NULL;
	int rc = p->repository(p, &ask, &repository, err);

	if (!rc)
		rc = repository->ops->describe(repository, out, err);
	if (!rc)
		rc = rfa_facts_set(*out, "url", json_string(url), err);
	if (!rc)
		rc = rfa_facts_set(*out, "tag", json_string(p->second), err);
	return rc ? rc : look_back(p, plan, *out, err);
}

int rfa_prepare_release(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *source = rfa_facts_at(plan, "target/stack/source"), *release = NULL;
	char version[RFA_TAG_MAX + 1] = "";
	int rc = has_repository(p, plan, err);

	if (!rc)
		rc = name_version(plan, p->second, version, err);
	if (!rc)
		rc = rfa_build_has_images(plan, err);
	if (!rc)
		rc = names_images(plan, err);
	if (!rc)
		rc = rfa_build_choose(p, plan, err);
	if (!rc)
		rc = settle_url(p, source, err);
	if (!rc && json_object_get(source, "directory"))
		rc = settle_path(source, "directory", ".", err);
	if (!rc)
		rc = find_commit(p, plan, &release, err);
	if (!rc)
		rc = put_sources(plan, release, err);
	if (!rc)
		rc = rfa_build_name(plan, version, err);
	if (!rc)
		rc = rfa_plan_set(plan, "release", json_incref(release), err);
	if (!rc && p->option(p, "delete", 0))
		rc = rfa_plan_set(plan, "remove_gone", json_true(), err);
	json_decref(release);
	return rc;
}

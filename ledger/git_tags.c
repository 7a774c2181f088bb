/* Rollback points as annotated tags: made, pruned, and held against the points on main. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/git.h"
#include "ledger/git_verify.h"

/* The tag's bytes follow from END alone: whoever makes it makes the same, and verify can compare.
 */
static int render(const struct rfa_git *git, const char *point, const char *text,
		  const git_oid *target, struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_git_commit commit;
	int rc = rfa_git_commit_read(git, target, &commit, err);

	if (!rc) {
		rfa_buf_printf(out, "object %s\ntype commit\ntag %s\ntagger %s %lld +0000\n\n%s",
			       git_oid_tostr_s(target), point, commit.author,
			       (long long)commit.committed, text);
		if (!text[0] || text[strlen(text) - 1] != '\n')
			rfa_buf_putc(out, '\n');
		rc = rfa_buf_check(out, err);
	}
	rfa_git_commit_release(&commit);
	return rc;
}

int rfa_git_tag_make(const struct rfa_git *git, const char *point, const char *text,
		     const git_oid *target, struct rfa_error *err)
{
	struct rfa_buf tag = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	char folder[RFA_LEDGER_PATH_MAX + 16];
	char name[RFA_LEDGER_PATH_MAX + 16];
	git_oid id;
	int rc = render(git, point, text, target, &tag, err);

	if (!rc)
		rc = rfa_git_write(git, &id, GIT_OBJECT_TAG, tag.data, tag.len, err);
	snprintf(name, sizeof(name), "refs/tags/%s", point);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(name, '/') - name), name);
	if (!rc)
		rc = rfa_mkdir_synced(git->path, folder, err);
	if (!rc) {
		rc = rfa_git_ref_swap(git, name, &id, NULL, err);
		if (rc == -(int)RFA_ESTALE)
			rc = 0; /* made before the crash; verify compares it with the record */
	}
	rfa_buf_release(&tag);
	return rc;
}

int rfa_git_tag_prune(const struct rfa_git *git, const char *point, struct rfa_error *err)
{
	char prefix[RFA_LEDGER_PATH_MAX + 16];
	json_t *names = NULL;
	size_t n;
	int rc;

	snprintf(prefix, sizeof(prefix), "refs/tags/%.*s/", (int)(strrchr(point, '/') - point),
		 point);
	rc = rfa_git_ref_names(git, prefix, &names, err);
	n = json_array_size(names);
	for (size_t i = 0; !rc && i + RFA_LEDGER_KEEP_TAGS < n; i++)
		rc = rfa_git_ref_drop(git, json_string_value(json_array_get(names, i)), err);
	json_decref(names);
	return rc;
}

/* What END says of the point whose commit is `target`: its text; NULL: it made no such point. */
static json_t *ending_of(const struct rfa_git *git, const git_oid *target, const char *point)
{
	struct rfa_git_commit commit;
	struct rfa_message message;
	struct rfa_git_tree *tree = NULL;
	struct rfa_error ignored;
	char path[RFA_LEDGER_PATH_MAX];
	json_t *ending = NULL;

	if (!rfa_git_record_read(git, target, &commit, &message, &ignored) &&
	    message.record.kind == RFA_RECORD_END && !strcmp(message.point, point) &&
	    rfa_run_id_ok(message.head.run)) {
		rfa_path_of_run(message.head.run, ".end.json", path);
		if (!rfa_git_tree_open(git, &commit.tree, &tree, &ignored) &&
		    rfa_git_tree_json(tree, path, &ending, &ignored))
			ending = NULL;
	}
	rfa_git_tree_free(tree);
	rfa_message_release(&message);
	rfa_git_commit_release(&commit);
	return ending;
}

static int verify_tag(struct rfa_audit *audit, const char *name, struct rfa_error *err)
{
	const char *point = name + strlen("refs/tags/");
	struct rfa_buf is = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	struct rfa_buf due = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	char path[RFA_LEDGER_PATH_MAX];
	json_t *ending = NULL;
	git_oid id, target;
	int rc = 0;

	snprintf(path, sizeof(path), "points/%.200s.json", point + strlen("rollback/"));
	if (rfa_git_tree_find(audit->now, path, &id, err))
		rfa_audit_tell(audit, "", "tag %s has no point: main has no %s", point, path);
	if (rfa_git_ref_read(audit->git, name, &id, err))
		goto done; /* dropped meanwhile */
	if (rfa_git_read(audit->git, &id, GIT_OBJECT_TAG, &is, err) || is.len < 48 ||
	    git_oid_fromstr(&target, is.data + strlen("object "))) {
		rfa_audit_tell(audit, "", "tag %s is no annotated tag of rfa", point);
		goto done;
	}
	ending = ending_of(audit->git, &target, point);
	if (!ending) {
		rfa_audit_tell(audit, "", "tag %s is not on the end of the run that made it",
			       point);
		goto done;
	}
	rc = render(audit->git, point, rfa_facts_str(ending, "point_message", point), &target, &due,
		    err);
	if (!rc && (due.len != is.len || memcmp(due.data, is.data, is.len) != 0))
		rfa_audit_tell(audit, rfa_facts_str(ending, "run", ""),
			       "tag %s does not say what the run's end says", point);
done:
	json_decref(ending);
	rfa_buf_release(&is);
	rfa_buf_release(&due);
	return rc;
}

/* points/<env>/<stack>/<point>.json: the newest ones have a tag each. */
static int verify_points(struct rfa_audit *audit, const char *folder, struct rfa_error *err)
{
	json_t *names = json_array();
	size_t n;
	int rc = names ? rfa_git_tree_names(audit->now, folder, names, err) : rfa_fail_nomem(err);

	n = json_array_size(names);
	for (size_t i = n > RFA_LEDGER_KEEP_TAGS ? n - RFA_LEDGER_KEEP_TAGS : 0; !rc && i < n;
	     i++) {
		const char *name = json_string_value(json_array_get(names, i));
		size_t len = strlen(name);
		char tag[2 * RFA_LEDGER_PATH_MAX];
		git_oid id;

		if (len < 6 || strcmp(name + len - 5, ".json") != 0)
			continue;
		snprintf(tag, sizeof(tag), RFA_GIT_TAGS "%s/%.*s", folder + strlen("points/"),
			 (int)(len - 5), name);
		if (rfa_git_ref_read(audit->git, tag, &id, err) == -(int)RFA_ENOTFOUND)
			rfa_audit_tell(audit, "", "tag %s is missing: main has %s/%s",
				       tag + strlen("refs/tags/"), folder, name);
	}
	json_decref(names);
	return rc;
}

int rfa_git_verify_tags(struct rfa_audit *audit, struct rfa_error *err)
{
	json_t *tags = NULL, *envs = json_array();
	json_t *tag, *env;
	size_t i;
	int rc =
	    envs ? rfa_git_ref_names(audit->git, RFA_GIT_TAGS, &tags, err) : rfa_fail_nomem(err);

	json_array_foreach (tags, i, tag) {
		if (!rc)
			rc = verify_tag(audit, json_string_value(tag), err);
	}
	if (!rc)
		rc = rfa_git_tree_names(audit->now, "points", envs, err);
	json_array_foreach (envs, i, env) {
		char folder[2 * RFA_LEDGER_PATH_MAX];
		json_t *stacks = json_array();
		json_t *stack;
		size_t j;

		snprintf(folder, sizeof(folder), "points/%.200s", json_string_value(env));
		if (!rc)
			rc = stacks ? rfa_git_tree_names(audit->now, folder, stacks, err)
				    : rfa_fail_nomem(err);
		json_array_foreach (stacks, j, stack) {
			snprintf(folder, sizeof(folder), "points/%.200s/%.200s",
				 json_string_value(env), json_string_value(stack));
			if (!rc)
				rc = verify_points(audit, folder, err);
		}
		json_decref(stacks);
	}
	json_decref(tags);
	json_decref(envs);
	return rc;
}

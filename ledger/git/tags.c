/* Rollback points as annotated tags: made, pruned, and held against the points on main. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/files.h"
#include "ledger/git/git.h"
#include "ledger/git/audit.h"
#include "ledger/git/commit.h"
#include "ledger/git/object.h"
#include "ledger/git/refs.h"
#include "ledger/git/tags.h"
#include "ledger/git/tree.h"
#include "ledger/message.h"
#include "ledger/names.h"

/* The tag's bytes follow from END alone: whoever makes it makes the same, and verify can compare.
 */
static int render(const struct rfa_git *git, const char *tag, const char *text,
		  const git_oid *target, struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_git_commit commit;
	int rc = rfa_git_commit_read(git, target, &commit, err);

	if (!rc) {
		rfa_buf_printf(out, "object %s\ntype commit\ntag %s\ntagger %s %lld +0000\n\n%s",
			       git_oid_tostr_s(target), tag, commit.author,
			       (long long)commit.committed, text);
		if (!text[0] || text[strlen(text) - 1] != '\n')
			rfa_buf_putc(out, '\n');
		rc = rfa_buf_check(out, err);
	}
	rfa_git_commit_release(&commit);
	return rc;
}

int rfa_git_tag_write(const struct rfa_git *git, const struct rfa_run_head *head, const char *point,
		      const char *text, const git_oid *target, git_oid *id, struct rfa_error *err)
{
	struct rfa_buf tag = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	char name[RFA_GIT_REF_MAX];
	int rc;

	snprintf(name, sizeof(name), "rollback/%s/%s/%.127s", head->env, head->stack, point);
	rc = render(git, name, text, target, &tag, err);
	if (!rc)
		rc = rfa_git_write(git, id, GIT_OBJECT_TAG, tag.data, tag.len, err);
	rfa_buf_release(&tag);
	return rc;
}

int rfa_git_tag_make(const struct rfa_git *git, const struct rfa_run_head *head, const char *point,
		     const char *text, const git_oid *target, struct rfa_error *err)
{
	char name[RFA_GIT_REF_MAX];
	char folder[RFA_GIT_REF_MAX];
	git_oid id, was;
	int rc;

	snprintf(folder, sizeof(folder), RFA_GIT_TAGS "%s/%s", head->env, head->stack);
	snprintf(name, sizeof(name), RFA_GIT_TAGS "%s/%s/%.127s", head->env, head->stack, point);
	rc = rfa_git_tag_write(git, head, point, text, target, &id, err);
	if (!rc)
		rc = rfa_mkdir_synced(git->path, folder, err);
	if (rc)
		return rc;
	rc = rfa_git_ref_read(git, name, &was, err);
	if (rc == -(int)RFA_ENOTFOUND)
		return rfa_git_ref_swap(git, name, &id, NULL, err);
	if (!rc && git_oid_cmp(&was, &id))
		rc = rfa_git_ref_swap(git, name, &id, &was, err); /* a point of that name again */
	return rc;
}

/* The names of the points that have a tag, from last/<env>/<stack>.json (borrowed from *last). */
static json_t *tagged(struct rfa_git_tree *tree, const char *env, const char *stack, json_t **last)
{
	struct rfa_error ignored;
	char path[RFA_LEDGER_PATH_MAX];

	*last = NULL;
	snprintf(path, sizeof(path), "last/%.100s/%.100s.json", env, stack);
	return rfa_git_tree_json(tree, path, last, &ignored) ? NULL
							     : json_object_get(*last, "points");
}

int rfa_git_tag_prune(const struct rfa_git *git, const struct rfa_run_head *head,
		      struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	char prefix[RFA_GIT_REF_MAX];
	json_t *names = NULL, *last = NULL;
	const json_t *keep = NULL;
	int rc = rfa_git_tree_of(git, NULL, &tree, err);

	snprintf(prefix, sizeof(prefix), RFA_GIT_TAGS "%s/%s/", head->env, head->stack);
	if (!rc)
		keep = tagged(tree, head->env, head->stack, &last);
	if (!rc && keep)
		rc = rfa_git_ref_names(git, prefix, &names, err);
	for (size_t i = 0; !rc && i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (!rfa_facts_has_text(keep, name + strlen(prefix)))
			rc = rfa_git_ref_drop(git, name, err);
	}
	json_decref(names);
	json_decref(last);
	rfa_git_tree_free(tree);
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
	char tag[RFA_GIT_REF_MAX];
	json_t *ending = NULL;

	if (!rfa_git_record_read(git, target, &commit, &message, &ignored) &&
	    message.record.kind == RFA_RECORD_END && rfa_run_id_ok(message.head.run) &&
	    snprintf(tag, sizeof(tag), "rollback/%s/%s/%s", message.head.env, message.head.stack,
		     message.point) > 0 &&
	    !strcmp(tag, point)) {
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

	snprintf(path, sizeof(path), "points/%.280s.json", point + strlen("rollback/"));
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
	rc = render(audit->git, point, rfa_facts_str(ending, "point_message", ""), &target, &due,
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

/* What last/<env>/<stack>.json lists has a tag each, and a point. */
static int verify_listed(struct rfa_audit *audit, const char *env, const char *stack)
{
	json_t *last = NULL;
	const json_t *names = tagged(audit->now, env, stack, &last);

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		char path[RFA_LEDGER_PATH_MAX];
		char ref[RFA_GIT_REF_MAX];
		struct rfa_error why;
		git_oid id;

		snprintf(ref, sizeof(ref), RFA_GIT_TAGS "%.63s/%.63s/%.127s", env, stack,
			 name ? name : "");
		if (rfa_git_ref_read(audit->git, ref, &id, &why) == -(int)RFA_ENOTFOUND)
			rfa_audit_tell(audit, "", "tag %s is missing", ref + strlen("refs/tags/"));
		snprintf(path, sizeof(path), "points/%.63s/%.63s/%.127s.json", env, stack,
			 name ? name : "");
		if (rfa_git_tree_find(audit->now, path, &id, &why))
			rfa_audit_tell(audit, "", "%s, which has a tag, is missing", path);
	}
	json_decref(last);
	return 0;
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
		rc = rfa_git_tree_names(audit->now, "last", envs, err);
	json_array_foreach (envs, i, env) {
		char folder[RFA_LEDGER_PATH_MAX];
		json_t *stacks = json_array();
		json_t *stack;
		size_t j;

		snprintf(folder, sizeof(folder), "last/%.200s", json_string_value(env));
		if (!rc)
			rc = stacks ? rfa_git_tree_names(audit->now, folder, stacks, err)
				    : rfa_fail_nomem(err);
		json_array_foreach (stacks, j, stack) {
			const char *file = json_string_value(stack);
			size_t len = strlen(file);
			char name[64];

			if (rc || len < 6 || len - 5 >= sizeof(name))
				continue;
			snprintf(name, sizeof(name), "%.*s", (int)(len - 5), file);
			rc = verify_listed(audit, json_string_value(env), name);
		}
		json_decref(stacks);
	}
	json_decref(tags);
	json_decref(envs);
	return rc;
}

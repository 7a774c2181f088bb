/* All tags of a repository, and the commit that each of them is: `git ls-remote --tags`. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "transports/git/child.h"

/* "refs/tags/v1.4", or "refs/tags/v1.4^{}", which is the commit of an annotated one: its name. */
static int name_of(const git_remote_head *head, char name[RFA_GIT_TAG_MAX], int *is_commit)
{
	static const char lead[] = "refs/tags/";
	size_t len = strlen(head->name);

	*is_commit = len > 3 && !strcmp(head->name + len - 3, "^{}");
	len -= *is_commit ? 3 : 0;
	if (strncmp(head->name, lead, sizeof(lead) - 1) != 0)
		return 0;
	len -= sizeof(lead) - 1;
	if (!len || len >= RFA_GIT_TAG_MAX)
		return 0;
	memcpy(name, head->name + sizeof(lead) - 1, len);
	name[len] = '\0';
	return 1;
}

/* The commit of an annotated tag stands behind the tag itself, and takes its place. */
static int work(struct rfa_git_child *c, struct rfa_git_said *done, struct rfa_error *err)
{
	struct rfa_git_said m = { .what = RFA_GIT_TAG };
	const git_remote_head **heads = NULL;
	size_t n = 0, i, told = 0;
	int rc = rfa_git_child_connect(c, err), is_commit;

	(void)done;
	if (!rc)
		rc = rfa_git_child_heads(c, &heads, &n, err);
	for (i = 0; !rc && i < n; i++) {
		if (!name_of(heads[i], m.tag, &is_commit))
			continue;
		told += !is_commit;
		if (told > RFA_GIT_TAGS_MAX)
			return rfa_fail(err, RFA_ETOOBIG, "git",
					"the repository has more than %d tags", RFA_GIT_TAGS_MAX);
		git_oid_tostr(m.commit, sizeof(m.commit), &heads[i]->oid);
		rfa_git_child_tell(c, &m);
	}
	return rc;
}

static int heard(void *user, const struct rfa_git_said *m, struct rfa_error *err)
{
	json_t *name = json_string(m->tag); /* NULL: it is no UTF-8 */
	int rc = 0;

	if (m->what == RFA_GIT_TAG && name)
		rc = rfa_facts_set(user, m->tag, json_string(m->commit), err);
	json_decref(name);
	return rc;
}

int rfa_git_tags(const struct rfa_git_source *source, json_t **out, struct rfa_error *err)
{
	json_t *tags = json_object();
	const struct rfa_git_question question = {
		.source = source, .work = work, .heard = heard, .user = tags
	};
	int rc = tags ? rfa_git_child_run(&question, err) : rfa_fail_nomem(err);

	if (rc)
		json_decref(tags);
	else
		*out = tags;
	return rc;
}

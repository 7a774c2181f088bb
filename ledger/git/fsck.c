/* Every object that the ledger's refs reach, read and hashed: what `git fsck` does, by our reader.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger/git/git.h"
#include "ledger/git/audit.h"
#include "ledger/git/commit.h"
#include "ledger/git/fsck.h"
#include "ledger/git/object.h"
#include "ledger/git/refs.h"

struct item {
	git_oid id;
	git_object_t kind;
};

struct walk {
	struct rfa_audit *audit;
	struct item *stack; /* owned */
	size_t n, cap;
	git_oid *seen; /* owned; open addressing, a power of two; all zero: free */
	size_t n_seen, seen_cap;
};

static size_t slot(const struct walk *walk, const git_oid *id)
{
	size_t at;

	memcpy(&at, id->id, sizeof(at)); /* an id is a hash already */
	for (at &= walk->seen_cap - 1; !git_oid_is_zero(&walk->seen[at]);
	     at = (at + 1) & (walk->seen_cap - 1))
		if (!git_oid_cmp(&walk->seen[at], id))
			break;
	return at;
}

static int grow(struct walk *walk, struct rfa_error *err)
{
	struct walk bigger = *walk;

	bigger.seen_cap = walk->seen_cap ? walk->seen_cap * 2 : 1024;
	bigger.seen = calloc(bigger.seen_cap, sizeof(*bigger.seen));
	if (!bigger.seen)
		return rfa_fail_nomem(err);
	for (size_t i = 0; i < walk->seen_cap; i++)
		if (!git_oid_is_zero(&walk->seen[i]))
			bigger.seen[slot(&bigger, &walk->seen[i])] = walk->seen[i];
	free(walk->seen);
	*walk = bigger;
	return 0;
}

/* Once only. */
static int push(struct walk *walk, const git_oid *id, git_object_t kind, struct rfa_error *err)
{
	size_t at;
	int rc = 0;

	if (2 * (walk->n_seen + 1) > walk->seen_cap)
		rc = grow(walk, err);
	if (rc)
		return rc;
	at = slot(walk, id);
	if (!git_oid_is_zero(&walk->seen[at]))
		return 0;
	walk->seen[at] = *id;
	walk->n_seen++;
	if (walk->n == walk->cap) {
		size_t cap = walk->cap ? walk->cap * 2 : 64;
		struct item *stack = realloc(walk->stack, cap * sizeof(*stack));

		if (!stack)
			return rfa_fail_nomem(err);
		walk->stack = stack;
		walk->cap = cap;
	}
	walk->stack[walk->n].id = *id;
	walk->stack[walk->n++].kind = kind;
	return 0;
}

static int push_tree(struct walk *walk, const struct rfa_buf *text, const git_oid *id,
		     struct rfa_error *err)
{
	const char *at = rfa_buf_str(text);
	const char *end = at + text->len;
	int rc = 0;

	while (!rc && at < end) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		git_oid kid;

		if (!nul || end - nul - 1 < GIT_OID_RAWSZ) {
			rfa_audit_tell(walk->audit, "", "tree %s is malformed",
				       git_oid_tostr_s(id));
			return 0;
		}
		memcpy(kid.id, nul + 1, GIT_OID_RAWSZ);
		rc = push(walk, &kid, at[0] == '4' ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB, err);
		at = nul + 1 + GIT_OID_RAWSZ;
	}
	return rc;
}

static int push_commit(struct walk *walk, const git_oid *id, struct rfa_error *err)
{
	struct rfa_error why;
	struct rfa_git_commit commit;
	int rc = rfa_git_commit_read(walk->audit->git, id, &commit, &why);

	if (rc) {
		rfa_audit_tell(walk->audit, "", "%s", why.msg);
		rc = 0;
	} else {
		rc = push(walk, &commit.tree, GIT_OBJECT_TREE, err);
	}
	for (size_t i = 0; !rc && i < commit.n_parents; i++)
		rc = push(walk, &commit.parents[i], GIT_OBJECT_COMMIT, err);
	rfa_git_commit_release(&commit);
	return rc;
}

static int visit(struct walk *walk, const struct item *item, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	struct rfa_error why;
	git_oid target;
	int rc = rfa_git_read(walk->audit->git, &item->id, item->kind, &text, &why);

	if (rc) {
		rfa_audit_tell(walk->audit, "", "%s (%s)", why.msg,
			       git_object_type2string(item->kind));
		rc = 0;
	} else if (item->kind == GIT_OBJECT_TREE) {
		rc = push_tree(walk, &text, &item->id, err);
	} else if (item->kind == GIT_OBJECT_COMMIT) {
		rc = push_commit(walk, &item->id, err);
	} else if (item->kind == GIT_OBJECT_TAG && text.len > 48 &&
		   !git_oid_fromstr(&target, text.data + strlen("object "))) {
		rc = push(walk, &target, GIT_OBJECT_COMMIT, err);
	}
	rfa_buf_release(&text);
	return rc;
}

static int push_refs(struct walk *walk, const char *prefix, git_object_t kind,
		     struct rfa_error *err)
{
	json_t *names = NULL;
	json_t *name;
	size_t i;
	int rc = rfa_git_ref_names(walk->audit->git, prefix, &names, err);

	json_array_foreach (names, i, name) {
		struct rfa_error why;
		git_oid id;

		if (rc)
			break;
		if (rfa_git_ref_read(walk->audit->git, json_string_value(name), &id, &why))
			continue; /* dropped meanwhile, or told by who needs it */
		rc = push(walk, &id, kind, err);
	}
	json_decref(names);
	return rc;
}

int rfa_git_fsck(struct rfa_audit *audit, const git_oid *head, struct rfa_error *err)
{
	struct walk walk = { .audit = audit };
	int rc = push(&walk, head, GIT_OBJECT_COMMIT, err);

	if (!rc)
		rc = push_refs(&walk, RFA_GIT_RUNS, GIT_OBJECT_COMMIT, err);
	if (!rc)
		rc = push_refs(&walk, RFA_GIT_CHANNELS, GIT_OBJECT_COMMIT, err);
	if (!rc)
		rc = push_refs(&walk, RFA_GIT_TAGS, GIT_OBJECT_TAG, err);
	while (!rc && walk.n) {
		struct item item = walk.stack[--walk.n];

		rc = visit(&walk, &item, err);
	}
	free(walk.stack);
	free(walk.seen);
	return rc;
}

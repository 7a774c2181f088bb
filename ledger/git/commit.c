/* Commits, put together and taken apart by hand: no object is read but through our own reader. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/object.h"
#include "ledger/message.h"
#include "ledger/names.h"

/* "key <40 hex>\n" at *at: takes it. */
static int take_id(const char **at, const char *end, const char *key, git_oid *out)
{
	size_t n = strlen(key);

	if ((size_t)(end - *at) < n + GIT_OID_HEXSZ + 1 || memcmp(*at, key, n) != 0 ||
	    (*at)[n + GIT_OID_HEXSZ] != '\n' || git_oid_fromstrn(out, *at + n, GIT_OID_HEXSZ))
		return 0;
	*at += n + GIT_OID_HEXSZ + 1;
	return 1;
}

/* "Name <mail> 1767225600 +0000" */
static int64_t take_person(const char *line, const char *eol, char *person, size_t size)
{
	const char *close = NULL;

	for (const char *p = line; p < eol; p++)
		if (*p == '>')
			close = p;
	if (!close || close + 2 >= eol)
		return -1;
	if (person)
		snprintf(person, size, "%.*s", (int)(close + 1 - line), line);
	return strtoll(close + 2, NULL, 10);
}

int rfa_git_commit_read(const struct rfa_git *git, const git_oid *id, struct rfa_git_commit *out,
			struct rfa_error *err)
{
	const struct rfa_buf empty = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	const char *at, *end, *eol;
	git_oid parent;
	int rc;

	memset(out, 0, sizeof(*out));
	out->text = empty;
	rc = rfa_git_read(git, id, GIT_OBJECT_COMMIT, &out->text, err);
	if (rc)
		return rc;
	at = rfa_buf_str(&out->text);
	end = at + out->text.len;
	if (!take_id(&at, end, "tree ", &out->tree))
		goto odd;
	while (take_id(&at, end, "parent ", &parent)) {
		if (out->n_parents == 2)
			goto odd;
		out->parents[out->n_parents++] = parent;
	}
	while (at < end && *at != '\n') {
		eol = memchr(at, '\n', (size_t)(end - at));
		if (!eol)
			goto odd;
		if (!strncmp(at, "author ", 7))
			take_person(at + 7, eol, out->author, sizeof(out->author));
		else if (!strncmp(at, "committer ", 10))
			out->committed = take_person(at + 10, eol, NULL, 0);
		at = eol + 1; /* gpgsig and what else there is */
	}
	if (at >= end)
		goto odd;
	out->message = at + 1;
	out->message_len = (size_t)(end - at - 1);
	return 0;
odd:
	rfa_fail(err, RFA_ECORRUPT, "ledger", "commit %s is not one that rfa wrote",
		 git_oid_tostr_s(id));
	return rfa_error_where(err, "%s", git->path);
}

void rfa_git_commit_release(struct rfa_git_commit *commit)
{
	rfa_buf_release(&commit->text);
}

int rfa_git_commit_render(const struct rfa_git *git, struct rfa_buf *out, const git_oid *tree,
			  const git_oid *parents, size_t n_parents, int64_t wall_ms,
			  const char *message, struct rfa_error *err)
{
	struct rfa_clock *clock = git->base.clock;
	int64_t committed = clock->wall_ms(clock) / 1000;
	char machine[64] = "";
	char hex[GIT_OID_HEXSZ + 1];
	int rc = 0;

	git_oid_tostr(hex, sizeof(hex), tree);
	rfa_buf_printf(out, "tree %s\n", hex);
	for (size_t i = 0; !rc && i < n_parents; i++) {
		struct rfa_git_commit parent;

		rc = rfa_git_commit_read(git, &parents[i], &parent, err);
		if (parent.committed >= committed)
			committed = parent.committed + 1;
		rfa_git_commit_release(&parent);
		git_oid_tostr(hex, sizeof(hex), &parents[i]);
		rfa_buf_printf(out, "parent %s\n", hex);
	}
	if (rc)
		return rc;
	if (gethostname(machine, sizeof(machine) - 1) || !machine[0])
		rfa_copy(machine, sizeof(machine), "localhost");
	rfa_buf_printf(out, "author %s <%s> %lld +0000\n", git->base.author_name,
		       git->base.author_email, (long long)(wall_ms / 1000));
	rfa_buf_printf(out, "committer rfa %s <rfa@%s> %lld +0000\n\n", RFA_VERSION, machine,
		       (long long)committed);
	rfa_buf_puts(out, message);
	return rfa_buf_check(out, err);
}

int rfa_git_commit_write(const struct rfa_git *git, git_oid *id, const git_oid *tree,
			 const git_oid *parents, size_t n_parents, int64_t wall_ms,
			 const char *message, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	int rc = rfa_git_commit_render(git, &text, tree, parents, n_parents, wall_ms, message, err);

	if (!rc)
		rc = rfa_git_write(git, id, GIT_OBJECT_COMMIT, text.data, text.len, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_git_record_read(const struct rfa_git *git, const git_oid *id, struct rfa_git_commit *commit,
			struct rfa_message *message, struct rfa_error *err)
{
	int rc;

	memset(message, 0, sizeof(*message));
	rc = rfa_git_commit_read(git, id, commit, err);
	if (rc)
		return rc;
	rc = rfa_message_parse(message, commit->message, commit->message_len, err);
	if (rc)
		rfa_error_where(err, "%s, commit %.12s", git->path, git_oid_tostr_s(id));
	return rc;
}

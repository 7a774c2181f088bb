/*
 * A channel is a ref, refs/rfa/notify/NAME. Its commit has the empty tree; the message says in JSON
 * where the channel stands. What was told or passed over stays behind it as its parent; what is
 * only passing, as a try, is replaced by the next move, so that a receiver that is down for a year
 * costs nothing.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/fault.h"
#include "ledger/endings.h"
#include "ledger/files.h"
#include "ledger/git/channels.h"
#include "ledger/git/commit.h"
#include "ledger/git/join.h"
#include "ledger/git/lock.h"
#include "ledger/git/refs.h"
#include "ledger/message.h"

static void ref_of(const char *name, char out[RFA_GIT_REF_MAX])
{
	snprintf(out, RFA_GIT_REF_MAX, RFA_GIT_CHANNELS "%s", name);
}

/* What a channel's commit says; *under: what goes under the next one, zero: nothing. */
static int read_commit(const struct rfa_git *git, const char *name, const git_oid *id,
		       struct rfa_ledger_channel *out, git_oid *under, struct rfa_error *err)
{
	struct rfa_git_commit commit = { 0 };
	const char *text, *end;
	json_t *all = NULL;
	int rc = rfa_git_commit_read(git, id, &commit, err);

	text = rc ? NULL : strstr(commit.message, "\n\n");
	end = text ? strchr(text + 2, '\n') : NULL;
	if (!rc && !end)
		rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "channel %s is not as rfa writes it",
			      name);
	if (!rc)
		rc = rfa_facts_parse(&all, text + 2, (size_t)(end - text) - 2, "a channel", err);
	if (!rc) {
		memset(under, 0, sizeof(*under));
		if (!rfa_facts_bool(all, "passing", 0))
			*under = *id;
		else if (commit.n_parents)
			*under = commit.parents[0];
		git_oid_tostr(out->version, sizeof(out->version), id);
		rfa_copy(out->at, sizeof(out->at), rfa_facts_str(all, "at", ""));
		out->state = json_incref(json_object_get(all, "state"));
		if (!json_is_object(out->state))
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "channel %s has no state", name);
	}
	json_decref(all);
	rfa_git_commit_release(&commit);
	return rc;
}

int rfa_git_channel_read(struct rfa_ledger *ledger, const char *name,
			 struct rfa_ledger_channel *out, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)ledger;
	char ref[RFA_GIT_REF_MAX];
	git_oid id, under;
	int rc;

	ref_of(name, ref);
	rc = rfa_git_ref_read(git, ref, &id, err);
	if (!rc)
		rc = read_commit(git, name, &id, out, &under, err);
	return rc;
}

/* The commit's record, if it is one of rfa's ENDs. 1: it is. */
static int is_end(const struct rfa_git_commit *commit, struct rfa_message *message)
{
	struct rfa_error ignored;

	return !rfa_message_parse(message, commit->message, commit->message_len, &ignored) &&
	       message->record.kind == RFA_RECORD_END;
}

/* Where a new channel begins: a BEGIN would not do, somebody may have to take it back. */
static int newest_end(const struct rfa_git *git, git_oid *out, struct rfa_error *err)
{
	int rc = rfa_git_main(git, out, err);
	int found = 0;

	while (!rc && !found) {
		struct rfa_git_commit commit = { 0 };
		struct rfa_message message = { 0 };

		rc = rfa_git_commit_read(git, out, &commit, err);
		found = !rc && (!commit.n_parents || is_end(&commit, &message));
		if (!rc && !found)
			*out = commit.parents[0];
		rfa_message_release(&message);
		rfa_git_commit_release(&commit);
	}
	return rc;
}

static int put_message(struct rfa_buf *out, const char *name, const char *at,
		       const struct rfa_ledger_move *move, struct rfa_error *err)
{
	json_t *all =
	    json_pack("{s:s,s:O,s:b}", "at", at, "state", move->state, "passing", move->passing);
	int rc = all ? 0 : rfa_fail_nomem(err);

	rfa_buf_printf(out, "notify %s: ", name);
	rfa_buf_put_printable(out, move->subject, strlen(move->subject), 200);
	rfa_buf_puts(out, "\n\n");
	if (!rc)
		rc = rfa_facts_encode(all, out, err);
	rfa_buf_printf(out, "\n\nRfa-Channel: %s\nRfa-At: %s\n", name, at);
	json_decref(all);
	return rc ? rc : rfa_buf_check(out, err);
}

/* *was: the commit that the ref has now, zero: none; *parent: what goes under the next one. */
static int find_parent(const struct rfa_git *git, const char *name,
		       const struct rfa_ledger_move *move, git_oid *was, git_oid *parent,
		       struct rfa_error *err)
{
	struct rfa_ledger_channel now = { 0 };
	int rc = 0;

	memset(was, 0, sizeof(*was));
	memset(parent, 0, sizeof(*parent));
	if (!move->was)
		return 0;
	if (git_oid_fromstr(was, move->was))
		return rfa_fail(err, RFA_EINTERNAL, "ledger", "that is no state of a channel");
	rc = read_commit(git, name, was, &now, parent, err);
	rfa_ledger_channel_release(&now);
	return rc;
}

static int move_locked(const struct rfa_git *git, const char *name,
		       const struct rfa_ledger_move *move, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	char at[GIT_OID_HEXSZ + 1], ref[RFA_GIT_REF_MAX];
	git_oid was, parent, tree, id;
	int rc = 0;

	if (!move->at) {
		rc = newest_end(git, &id, err);
		git_oid_tostr(at, sizeof(at), &id);
	} else {
		rfa_copy(at, sizeof(at), move->at);
	}
	if (!rc && git_oid_fromstr(&tree, RFA_GIT_EMPTY_TREE))
		rc = rfa_fail(err, RFA_EINTERNAL, "ledger", "the empty tree has no id");
	if (!rc)
		rc = find_parent(git, name, move, &was, &parent, err);
	if (!rc)
		rc = put_message(&text, name, at, move, err);
	if (!rc)
		rc = rfa_git_commit_write(git, &id, &tree, &parent, !git_oid_is_zero(&parent),
					  git->base.clock->wall_ms(git->base.clock),
					  rfa_buf_str(&text), err);
	if (!rc)
		rc = rfa_fault("ledger.channel.objects", err);
	ref_of(name, ref);
	rfa_git_sweep_ref(git, ref);
	if (!rc)
		rc = rfa_git_ref_swap(git, ref, &id, &was, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_git_channel_move(struct rfa_ledger *ledger, const char *name,
			 const struct rfa_ledger_move *move, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_lock lock = RFA_LOCK_INIT;
	struct rfa_error ignored;
	int rc = rfa_git_lock(git, NULL, &lock, err);

	if (!rc)
		rc = rfa_mkdir_synced(git->path, "refs/rfa/notify", err);
	if (!rc)
		rc = move_locked(git, name, move, err);
	/* It has moved, whatever becomes of this. */
	if (!rc && rfa_git_join(git, &ignored))
		rfa_error_clear(&ignored);
	rfa_lock_release(&lock, 0);
	return rc;
}

/* The ENDs between main's head and a commit, newest first. */
static int gather(const struct rfa_git *git, const git_oid *until, struct rfa_endings *all,
		  struct rfa_error *err)
{
	git_oid at;
	int rc = rfa_git_main(git, &at, err);

	while (!rc && git_oid_cmp(&at, until)) {
		struct rfa_git_commit commit = { 0 };
		struct rfa_message message = { 0 };

		rc = rfa_git_commit_read(git, &at, &commit, err);
		if (!rc && is_end(&commit, &message))
			rc = rfa_endings_add(all, git_oid_tostr_s(&at), &message.head,
					     &message.record, err);
		if (!rc && !commit.n_parents)
			rc = rfa_fail(err, RFA_ESTALE, "ledger", "main has no commit %.12s",
				      git_oid_tostr_s(until));
		else if (!rc)
			at = commit.parents[0];
		rfa_message_release(&message);
		rfa_git_commit_release(&commit);
	}
	return rc;
}

int rfa_git_ended(struct rfa_ledger *ledger, const char *at,
		  int (*each)(void *, const struct rfa_ledger_ending *), void *user,
		  struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_endings all = { 0 };
	git_oid until;
	int rc = 0;

	if (git_oid_fromstr(&until, at))
		rc = rfa_fail(err, RFA_ESTALE, "ledger", "a channel stands nowhere");
	if (!rc)
		rc = gather(git, &until, &all, err);
	for (size_t i = all.n; !rc && i > 0; i--)
		if (each(user, &all.items[i - 1]))
			break;
	rfa_endings_release(&all);
	return rc;
}

/* A run on its way: begun on main, its records one commit each behind its ref. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/fault.h"
#include "ledger/files.h"
#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/format.h"
#include "ledger/git/join.h"
#include "ledger/git/load.h"
#include "ledger/git/lock.h"
#include "ledger/git/records.h"
#include "ledger/git/refs.h"
#include "ledger/git/tree.h"
#include "ledger/git/write.h"
#include "ledger/history.h"
#include "ledger/lock.h"
#include "ledger/message.h"
#include "ledger/names.h"

/* Somebody without our flock (a fetch) may move main under us: so often do we begin again. */
#define MOST_TRIES 5

static void open_path(const struct rfa_run_head *head, char out[RFA_LEDGER_PATH_MAX])
{
	snprintf(out, RFA_LEDGER_PATH_MAX, "open/%s/%s.json", head->env, head->stack);
}

/* EXISTS when a run was begun for the same. */
static int check_once(struct rfa_git_tree *tree, const struct rfa_run_head *head, char *blocker,
		      struct rfa_error *err)
{
	char path[RFA_LEDGER_PATH_MAX];
	json_t *taken = NULL;
	int rc;

	if (!*head->once)
		return 0;
	rfa_path_of_once(head, path);
	rc = rfa_git_tree_json(tree, path, &taken, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	if (blocker)
		rfa_copy(blocker, RFA_RUN_ID_MAX, rfa_facts_str(taken, "run", ""));
	rc = rfa_fail_once(err, rfa_facts_str(taken, "run", "?"));
	json_decref(taken);
	return rc;
}

/* LOCKED when a run of this stack and environment has not ended. */
static int check_free(const struct rfa_git *git, struct rfa_git_tree *tree,
		      const struct rfa_run_head *head, char *blocker, struct rfa_error *err)
{
	char path[RFA_LEDGER_PATH_MAX];
	json_t *open = NULL;
	const char *run;
	git_oid id;
	int alive;
	int rc;

	rfa_path_of_run(head->run, ".plan.json", path);
	rc = rfa_git_tree_find(tree, path, &id, err);
	if (!rc)
		return rfa_fail(err, RFA_EEXISTS, "ledger", "there is a run %s already", head->run);
	if (rc != -(int)RFA_ENOTFOUND)
		return rc;
	open_path(head, path);
	rc = rfa_git_tree_json(tree, path, &open, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		return check_once(tree, head, blocker, err);
	}
	if (rc)
		return rc;
	run = rfa_facts_str(open, "run", "");
	if (blocker)
		rfa_copy(blocker, RFA_RUN_ID_MAX, run);
	alive = rfa_run_id_ok(run) && rfa_git_alive(git, run);
	rfa_fail(err, RFA_ELOCKED, "ledger",
		 "run %s (%s of %s in %s, begun %.19sZ by %s) has not ended: %s", run,
		 rfa_facts_str(open, "flow", "?"), head->stack, head->env,
		 rfa_facts_str(open, "begun", "?"), rfa_facts_str(open, "author", "?"),
		 alive ? "a process drives it now" : "it was interrupted");
	rfa_error_where(err, "%s", git->path);
	if (alive)
		rfa_error_hint(err, "wait for it: rfa show %s", run);
	else
		rfa_error_hint(err, "rfa resume %s   (or: rfa abort %s)", run, run);
	json_decref(open);
	return -(int)RFA_ELOCKED;
}

static int put_open(const struct rfa_git *git, struct rfa_git_tree *tree,
		    const struct rfa_message *message, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	const struct rfa_run_head *head = &message->head;
	char path[RFA_LEDGER_PATH_MAX];
	char author[256];
	char begun[RFA_TIME_MAX];
	json_t *open;
	int rc;

	rfa_time_iso_ms(message->record.wall_ms, begun);
	snprintf(author, sizeof(author), "%s <%s>", git->base.author_name, git->base.author_email);
	open = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "author", author, "begun", begun, "env",
			 head->env, "flow", head->flow, "from", head->from, "run", head->run,
			 "stack", head->stack);
	if (!open) /* a name that is not UTF-8 is kept in the commit only */
		open = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "author", "?", "begun", begun,
				 "env", head->env, "flow", head->flow, "from", head->from, "run",
				 head->run, "stack", head->stack);
	rc = open ? rfa_facts_encode(open, &text, err) : rfa_fail_nomem(err);
	json_decref(open);
	rfa_buf_putc(&text, '\n');
	open_path(head, path);
	if (!rc)
		rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = rfa_git_tree_put_text(tree, path, text.data, text.len, err);
	rfa_buf_release(&text);
	return rc;
}

static int put_once(struct rfa_git_tree *tree, const struct rfa_run_head *head,
		    struct rfa_error *err)
{
	char path[RFA_LEDGER_PATH_MAX], text[64];

	if (!*head->once)
		return 0;
	rfa_path_of_once(head, path);
	snprintf(text, sizeof(text), "{\"run\":\"%s\"}\n", head->run);
	return rfa_git_tree_put_text(tree, path, text, strlen(text), err);
}

/* The objects of BEGIN, on top of main as it is: *was. Nothing refers to them yet. */
static int write_begin(const struct rfa_git *git, const struct rfa_message *message,
		       const json_t *plan, char *blocker, git_oid *was, git_oid *id,
		       struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	struct rfa_buf subject = RFA_BUF_INIT(4096);
	struct rfa_git_tree *tree = NULL;
	char path[RFA_LEDGER_PATH_MAX];
	git_oid tree_id;
	int rc;

	rc = rfa_git_main(git, was, err);
	if (!rc)
		rc = rfa_git_tree_of(git, was, &tree, err);
	if (!rc)
		rc = check_free(git, tree, &message->head, blocker, err);
	if (rc)
		goto done;
	/* Without a newline: `git show main:….plan.json | sha256sum` is the trailer's digest. */
	rfa_path_of_run(message->head.run, ".plan.json", path);
	rc = rfa_facts_encode(plan, &text, err);
	if (!rc)
		rc = rfa_git_tree_put_text(tree, path, text.data, text.len, err);
	if (!rc)
		rc = put_open(git, tree, message, err);
	if (!rc)
		rc = put_once(tree, &message->head, err);
	if (!rc)
		rc = rfa_git_tree_write(tree, &tree_id, err);
	rfa_buf_clear(&text);
	if (!rc)
		rc = rfa_message_subject(&subject, &message->head, "begun", NULL, err);
	if (!rc)
		rc = rfa_message_encode(&text, message, rfa_buf_str(&subject), err);
	if (!rc)
		rc = rfa_git_commit_write(git, id, &tree_id, was, 1, message->record.wall_ms,
					  rfa_buf_str(&text), err);
done:
	rfa_git_tree_free(tree);
	rfa_buf_release(&text);
	rfa_buf_release(&subject);
	return rc;
}

/*
 * Run's ref first, main second: a ref whose run main does not know is dropped at the next open,
 * while an unfinished run whose ref is gone can only be damage, and is told as such.
 */
static int publish_begin(const struct rfa_git *git, const char *ref, const git_oid *was,
			 const git_oid *id, struct rfa_error *err)
{
	struct rfa_error ignored;
	git_oid now;
	int rc = rfa_git_ref_swap(git, ref, id, NULL, err);

	if (!rc)
		rc = rfa_fault("ledger.begin.ref", err);
	if (!rc)
		rc = rfa_git_ref_swap(git, RFA_GIT_MAIN, id, was, err);
	/* A failure may come after the fact: only where main surely has not moved is the ref
	   ours to take back. */
	if (rc && !rfa_git_main(git, &now, &ignored) && git_oid_cmp(&now, id) != 0 &&
	    rfa_git_ref_drop(git, ref, &ignored))
		return rc; /* the next open drops it */
	return rc ? rc : rfa_fault("ledger.begin.committed", err);
}

static int begin_locked(struct rfa_git_run *run, const json_t *plan, char *blocker,
			struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)run->base.ledger;
	struct rfa_message message = { 0 };
	char ref[RFA_GIT_REF_MAX];
	char folder[RFA_LEDGER_PATH_MAX];
	git_oid was, id;
	int rc = 0;

	message.head = run->base.head;
	message.format = RFA_LEDGER_FORMAT;
	message.record.kind = RFA_RECORD_BEGIN;
	message.record.wall_ms = git->base.clock->wall_ms(git->base.clock);
	rc = rfa_facts_digest(plan, message.plan, err);
	if (rc)
		return rc;
	rfa_git_run_ref(run->base.head.run, ref);
	rfa_git_sweep_ref(git, ref);
	rfa_git_sweep_shared(git);
	snprintf(folder, sizeof(folder), RFA_GIT_TAGS "%s/%s", message.head.env,
		 message.head.stack);
	rc = rfa_mkdir_synced(git->path, folder, err);
	for (int tries = 0; !rc && tries < MOST_TRIES; tries++) {
		rc = write_begin(git, &message, plan, blocker, &was, &id, err);
		if (!rc)
			rc = rfa_fault("ledger.begin.objects", err);
		if (rc)
			break;
		rc = publish_begin(git, ref, &was, &id, err);
		if (rc != -(int)RFA_ESTALE)
			break;
		rc = tries + 1 < MOST_TRIES ? 0 : rc;
	}
	run->begin = run->tip = run->kept = id;
	run->base.next = 1;
	return rc;
}

int rfa_git_begin(struct rfa_ledger *ledger, const struct rfa_run_head *head, const json_t *plan,
		  struct rfa_ledger_run **out, char *blocker, struct rfa_error *err)
{
	struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_git_run *run = calloc(1, sizeof(*run));
	struct rfa_lock lock = RFA_LOCK_INIT;
	int rc;

	if (!run)
		return rfa_fail_nomem(err);
	run->base.ledger = ledger;
	run->base.head = *head;
	run->lock.fd = -1;
	run->journal.fd = -1;
	rc = rfa_git_lock(git, head->run, &run->lock, err);
	if (!rc)
		rc = rfa_git_lock(git, NULL, &lock, err);
	if (!rc)
		rc = rfa_fault("ledger.begin.locked", err);
	if (!rc)
		rc = rfa_git_raise_format(git, err);
	if (!rc)
		rc = begin_locked(run, plan, blocker, err);
	rfa_lock_release(&lock, 0);
	if (rc) {
		rfa_lock_release(&run->lock, 1);
		free(run);
		return rc;
	}
	*out = &run->base;
	return 0;
}

/* Where the run stands, with nothing left in a journal; every record on the way back to BEGIN is
 * read and checked. */
static int look(struct rfa_git_run *run, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)run->base.ledger;
	struct rfa_lock lock = RFA_LOCK_INIT;
	struct rfa_history *history = NULL;
	int rc = rfa_git_lock(git, NULL, &lock, err);

	if (!rc)
		rc = rfa_git_settle(run, err);
	rfa_lock_release(&lock, 0);
	if (!rc)
		rc = rfa_history_new(&history, err);
	if (!rc)
		rc = rfa_git_chain(git, run->base.head.run, &run->tip, history, &run->begin, err);
	if (!rc) {
		run->base.next = (uint32_t)history->n;
		run->base.doubtful = 0;
	}
	rfa_history_free(history);
	return rc;
}

/* Is there such a run, and has it not ended? */
static int check_unfinished(const struct rfa_git *git, const char *run, struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	char path[RFA_LEDGER_PATH_MAX];
	git_oid id;
	int rc = rfa_git_tree_of(git, NULL, &tree, err);

	if (rc)
		return rc;
	rfa_path_of_run(run, ".end.json", path);
	rc = rfa_git_tree_find(tree, path, &id, err);
	if (!rc) {
		rc = rfa_fail(err, RFA_EEXISTS, "ledger", "run %s has ended", run);
		rfa_error_hint(err, "rfa show %s", run);
	} else if (rc == -(int)RFA_ENOTFOUND) {
		rfa_path_of_run(run, ".plan.json", path);
		rc = rfa_git_tree_find(tree, path, &id, err);
		if (rc == -(int)RFA_ENOTFOUND) {
			rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no run %s", run);
			rfa_error_where(err, "%s", git->path);
			rfa_error_hint(err, "rfa runs");
		}
	}
	rfa_git_tree_free(tree);
	return rc;
}

static int take_over(struct rfa_git_run *run, struct rfa_error *err)
{
	struct rfa_git *git = (struct rfa_git *)run->base.ledger;
	struct rfa_lock lock = RFA_LOCK_INIT;
	struct rfa_history *history = NULL;
	char held[512];
	char ref[RFA_GIT_REF_MAX];
	int rc;

	rc = rfa_git_lock(git, run->base.head.run, &run->lock, err);
	if (rc == -(int)RFA_ELOCKED) {
		rfa_copy(held, sizeof(held), err ? err->msg : "held");
		rfa_fail(err, RFA_ELOCKED, "ledger", "run %s is %s", run->base.head.run, held);
		rfa_error_where(err, "%s", git->path);
		return rfa_error_hint(err, "wait for it: rfa show %s", run->base.head.run);
	}
	/* Passing the ledger's flock once: recovery, under it, removes unfinished objects when it
	   sees no driver. */
	if (!rc)
		rc = rfa_git_lock(git, NULL, &lock, err);
	if (!rc)
		rc = rfa_git_raise_format(git, err);
	rfa_lock_release(&lock, 0);
	if (!rc)
		rc = check_unfinished(git, run->base.head.run, err);
	if (rc)
		return rc;
	rfa_git_run_ref(run->base.head.run, ref);
	rfa_git_sweep_ref(git, ref);
	rc = rfa_git_load(&git->base, run->base.head.run, &history, err);
	if (rc)
		return rc;
	rfa_copy(run->base.head.flow, sizeof(run->base.head.flow), history->flow);
	rfa_copy(run->base.head.stack, sizeof(run->base.head.stack), history->stack);
	rfa_copy(run->base.head.env, sizeof(run->base.head.env), history->env);
	rfa_copy(run->base.head.from, sizeof(run->base.head.from), history->from);
	run->base.head.flow_version = history->flow_version;
	rfa_history_free(history);
	return look(run, err);
}

int rfa_git_attach(struct rfa_ledger *ledger, const char *id, struct rfa_ledger_run **out,
		   struct rfa_error *err)
{
	struct rfa_git_run *run;
	int rc = check_unfinished((struct rfa_git *)ledger, id, err);

	if (rc)
		return rc;
	run = calloc(1, sizeof(*run));
	if (!run)
		return rfa_fail_nomem(err);
	run->base.ledger = ledger;
	run->lock.fd = -1;
	run->journal.fd = -1;
	rfa_copy(run->base.head.run, sizeof(run->base.head.run), id);
	rc = take_over(run, err);
	if (rc) {
		rfa_lock_release(&run->lock, 1);
		free(run);
		return rc;
	}
	*out = &run->base;
	return 0;
}

int rfa_git_append(struct rfa_ledger_run *base, const struct rfa_record *record,
		   const char *subject, struct rfa_error *err)
{
	struct rfa_git_run *run = (struct rfa_git_run *)base;
	const struct rfa_git *git = (struct rfa_git *)base->ledger;
	struct rfa_buf line = RFA_BUF_INIT(4096);
	struct rfa_buf text = RFA_BUF_INIT(2 * RFA_LEDGER_MAX_TEXT);
	struct rfa_buf commit = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	struct rfa_message message = { 0 };
	git_oid empty;
	int rc = base->doubtful ? look(run, err) : 0;

	if (rc)
		return rc;
	if (record->seq != base->next)
		return rfa_fail(err, RFA_ESTALE, "ledger",
				"run %s: record %u was offered where %u is next", base->head.run,
				(unsigned)record->seq, (unsigned)base->next);
	rfa_copy(message.head.run, sizeof(message.head.run), base->head.run);
	message.record = *record;
	message.format = RFA_LEDGER_FORMAT;
	rc = rfa_message_subject(&line, &base->head, NULL, subject, err);
	if (!rc)
		rc = rfa_message_encode(&text, &message, rfa_buf_str(&line), err);
	if (!rc && git_oid_fromstr(&empty, RFA_GIT_EMPTY_TREE))
		rc = rfa_fail(err, RFA_EINTERNAL, "ledger", "the empty tree has no id");
	if (rc)
		goto done;
	rc = rfa_git_commit_render(git, &commit, &empty, &run->tip, 1, record->wall_ms,
				   rfa_buf_str(&text), err);
	if (!rc)
		rc = rfa_fault("ledger.append.object", err);
	base->doubtful = 1;
	if (!rc)
		rc = rfa_git_record_add(run, &commit, err);
	if (!rc)
		rc = rfa_fault("ledger.append.synced", err);
	if (rc)
		goto done;
	base->next++;
	base->doubtful = 0;
done:
	rfa_buf_release(&line);
	rfa_buf_release(&text);
	rfa_buf_release(&commit);
	return rc;
}

void rfa_git_detach(struct rfa_ledger_run *base)
{
	struct rfa_git_run *run = (struct rfa_git_run *)base;
	struct rfa_lock lock = RFA_LOCK_INIT;
	struct rfa_error ignored;

	/* So that plain git sees all of it; where this cannot be done, the next open does it. */
	if (run->journal.fd >= 0 && !base->ended &&
	    !rfa_git_lock_now((struct rfa_git *)base->ledger, NULL, &lock, &ignored)) {
		if (rfa_git_settle(run, &ignored) ||
		    rfa_git_join((struct rfa_git *)base->ledger, &ignored))
			rfa_error_clear(&ignored);
		rfa_lock_release(&lock, 0);
	}
	rfa_journal_close(&run->journal);
	rfa_lock_release(&run->lock, base->ended);
	free(run);
}

/* A run's end: the merge on main, then its tag, then its ref is dropped; each step repeatable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/fault.h"
#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/end.h"
#include "ledger/git/lock.h"
#include "ledger/git/object.h"
#include "ledger/git/pack.h"
#include "ledger/git/records.h"
#include "ledger/git/refs.h"
#include "ledger/git/tags.h"
#include "ledger/git/tree.h"
#include "ledger/internal.h"
#include "ledger/lock.h"
#include "ledger/message.h"
#include "ledger/names.h"

#define MOST_TRIES 5

/* One END on its way. */
struct outputs {
	struct rfa_git_run *run;
	const struct rfa_message *message;
	const char *text; /* the commit's message */
	const struct rfa_ledger_end *end;
};

/*
 * Adds to a file's end. One that has grown past the limit is moved aside as it is, and begun
 * anew: else every END would write all of history again.
 */
static int append_file(const struct rfa_git *git, struct rfa_git_tree *tree, const char *run,
		       const struct rfa_ledger_file *file, json_t *files, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	char aside[RFA_LEDGER_PATH_MAX];
	git_oid id;
	int rc = rfa_git_tree_find(tree, file->path, &id, err);

	if (rc == -(int)RFA_ENOTFOUND)
		rc = 0;
	else if (!rc)
		rc = rfa_git_read(git, &id, GIT_OBJECT_BLOB, &text, err);
	if (!rc && text.len >= RFA_LEDGER_ROTATE_BYTES) {
		rfa_path_rotated(file->path, run, aside);
		rc = rfa_git_tree_put(tree, aside, &id, err);
		if (!rc)
			rc = rfa_facts_set(files, aside, json_string(git_oid_tostr_s(&id)), err);
		rfa_buf_clear(&text);
	}
	rfa_buf_add(&text, file->content, file->len);
	if (!rc)
		rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = rfa_git_tree_put_text(tree, file->path, rfa_buf_str(&text), text.len, err);
	rfa_buf_release(&text);
	return rc;
}

/* EXISTS where somebody has written the file since the caller has read it. */
static int check_was(struct rfa_git_tree *tree, const struct rfa_ledger_file *file,
		     struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	int rc = file->was ? rfa_git_tree_text(tree, file->path, &text, err) : 0;

	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	if (!rc && file->was && strcmp(file->was, rfa_buf_str(&text)) != 0)
		rc = rfa_fail(err, RFA_EEXISTS, "ledger", "%s was written by another run meanwhile",
			      file->path);
	rfa_buf_release(&text);
	return rc;
}

/* The caller's files; `files` gets what each became: its blob's id, or null. */
static int put_files(const struct rfa_git *git, struct rfa_git_tree *tree, const char *run,
		     const struct rfa_ledger_end *end, json_t *files, struct rfa_error *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < end->n_files; i++) {
		const struct rfa_ledger_file *file = &end->files[i];
		git_oid id;

		rc = check_was(tree, file, err);
		if (rc)
			break;
		if (!file->content)
			rc = rfa_git_tree_remove(tree, file->path, err);
		else if (file->append)
			rc = append_file(git, tree, run, file, files, err);
		else
			rc = rfa_git_tree_put_text(tree, file->path, file->content, file->len, err);
		if (rc)
			break;
		if (file->content)
			rc = rfa_git_tree_find(tree, file->path, &id, err);
		if (!rc)
			rc = rfa_facts_set(
			    files, file->path,
			    file->content ? json_string(git_oid_tostr_s(&id)) : json_null(), err);
	}
	return rc;
}

/* last/<env>/<stack>.json as it is: the run that ended last, and the points that have tags.
 * Empty when there is none. *out is new. */
static int read_last(struct rfa_git_tree *tree, const char *path, json_t **out,
		     struct rfa_error *err)
{
	int rc = rfa_git_tree_json(tree, path, out, err);

	if (rc != -(int)RFA_ENOTFOUND)
		return rc;
	*out = json_object();
	return *out ? 0 : rfa_fail_nomem(err);
}

/* The newest points, this run's among them, without those that it removes. *out is new. */
static int newest_points(const struct outputs *e, const json_t *last, json_t **out,
			 struct rfa_error *err)
{
	const struct rfa_run_head *head = &e->message->head;
	const json_t *before = json_object_get(last, "points");
	json_t *points = json_array();
	int rc = points ? 0 : rfa_fail_nomem(err);

	for (size_t i = 0; !rc && i <= json_array_size(before); i++) {
		const char *name = i < json_array_size(before)
				       ? json_string_value(json_array_get(before, i))
				       : e->end->point;
		char path[RFA_LEDGER_PATH_MAX];
		int gone = !name;

		snprintf(path, sizeof(path), "points/%s/%s/%s.json", head->env, head->stack,
			 name ? name : "");
		for (size_t k = 0; k < e->end->n_files; k++)
			gone |= !e->end->files[k].content && !strcmp(e->end->files[k].path, path);
		/* Named again: at its old place it would be dropped too early. */
		gone |= i < json_array_size(before) && e->end->point && name &&
			!strcmp(name, e->end->point);
		if (!gone && json_array_append_new(points, json_string(name)))
			rc = rfa_fail_nomem(err);
	}
	while (!rc && json_array_size(points) > RFA_LEDGER_KEEP_TAGS)
		json_array_remove(points, 0);
	if (rc)
		json_decref(points);
	else
		*out = points;
	return rc;
}

static int put_json(struct rfa_git_tree *tree, const char *path, const json_t *json,
		    struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_LEDGER_MAX_TEXT);
	int rc = rfa_facts_encode(json, &text, err);

	rfa_buf_putc(&text, '\n');
	if (!rc)
		rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = rfa_git_tree_put_text(tree, path, text.data, text.len, err);
	rfa_buf_release(&text);
	return rc;
}

/* The next last/<env>/<stack>.json. */
static int put_last(const struct outputs *e, struct rfa_git_tree *tree, const char *path,
		    const json_t *last, struct rfa_error *err)
{
	json_t *points = NULL;
	json_t *json = NULL;
	int rc = newest_points(e, last, &points, err);

	if (!rc)
		rc = (json = json_pack("{s:s,s:O}", "run", e->message->head.run, "points", points))
			 ? 0
			 : rfa_fail_nomem(err);
	if (!rc)
		rc = put_json(tree, path, json, err);
	json_decref(points);
	json_decref(json);
	return rc;
}

/* What a later reader needs that END's commit, which cannot hold its own id, could not be found
 * by: docs/ledger.md. *out is new; "files" is filled in. */
static int describe(const struct outputs *e, struct rfa_git_tree *tree, const json_t *last,
		    json_t **out, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)e->run->base.ledger;
	const struct rfa_run_head *head = &e->message->head;
	struct rfa_git_commit begin;
	struct rfa_message message;
	char begun[RFA_TIME_MAX] = "";
	char begin_hex[GIT_OID_HEXSZ + 1], tip_hex[GIT_OID_HEXSZ + 1];
	json_t *json = NULL;
	json_t *files = json_object();
	int rc = files ? 0 : rfa_fail_nomem(err);

	if (rc)
		return rc;
	rc = rfa_git_record_read(git, &e->run->begin, &begin, &message, err);
	if (!rc)
		rc = put_files(git, tree, head->run, e->end, files, err);
	if (rc)
		goto done;
	rfa_time_iso_ms(message.record.wall_ms, begun);
	git_oid_tostr(begin_hex, sizeof(begin_hex), &e->run->begin);
	git_oid_tostr(tip_hex, sizeof(tip_hex), &e->run->tip);
	json = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s?,s:O}", "format", RFA_LEDGER_FORMAT, "run",
			 head->run, "begin", begin_hex, "tip", tip_hex, "begun", begun, "message",
			 e->text, "previous", rfa_facts_str(last, "run", NULL), "files", files);
	if (!json) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	rc = rfa_facts_set(json, "author", json_string(begin.author), err);
	if (rc) /* a name that is not UTF-8 */
		rc = rfa_facts_set(json, "author", json_string("?"), err);
	if (!rc && e->end->point) {
		const char *text = e->end->point_message ? e->end->point_message : e->end->point;

		rc = rfa_facts_set(json, "point", json_string(e->end->point), err);
		if (!rc && json_object_set_new(json, "point_message", json_string(text)))
			rc = rfa_fail(err, RFA_EINTERNAL, "ledger",
				      "a rollback point's text is not UTF-8");
	}
done:
	if (rc)
		json_decref(json);
	else
		*out = json;
	json_decref(files);
	rfa_message_release(&message);
	rfa_git_commit_release(&begin);
	return rc;
}

/* EXISTS/CORRUPT unless main says that this very run is the unfinished one. */
static int check_open(const struct rfa_git *git, struct rfa_git_tree *tree,
		      const struct rfa_run_head *head, struct rfa_error *err)
{
	char path[RFA_LEDGER_PATH_MAX];
	json_t *open = NULL;
	int rc;

	snprintf(path, sizeof(path), "open/%s/%s.json", head->env, head->stack);
	rc = rfa_git_tree_json(tree, path, &open, err);
	if (rc == -(int)RFA_ENOTFOUND ||
	    (!rc && strcmp(rfa_facts_str(open, "run", ""), head->run) != 0)) {
		rc = rfa_fail(err, RFA_ECORRUPT, "ledger",
			      "main does not know run %s as unfinished", head->run);
		rfa_error_where(err, "%s, main:%s", git->path, path);
		rfa_error_hint(err, "rfa ledger verify");
	}
	json_decref(open);
	return rc;
}

/* END on top of main as it is. */
static int merge(const struct outputs *e, git_oid *id, json_t **described, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)e->run->base.ledger;
	const struct rfa_run_head *head = &e->message->head;
	struct rfa_git_tree *tree = NULL;
	char path[RFA_LEDGER_PATH_MAX];
	json_t *json = NULL;
	json_t *last = NULL;
	git_oid parents[2];
	git_oid tree_id, tag;
	int rc;

	rc = rfa_git_main(git, &parents[0], err);
	if (!rc)
		rc = rfa_git_tree_of(git, &parents[0], &tree, err);
	if (!rc)
		rc = check_open(git, tree, head, err);
	snprintf(path, sizeof(path), "last/%s/%s.json", head->env, head->stack);
	if (!rc)
		rc = read_last(tree, path, &last, err);
	if (!rc)
		rc = describe(e, tree, last, &json, err);
	if (!rc)
		rc = put_last(e, tree, path, last, err);
	rfa_path_of_run(head->run, ".end.json", path);
	if (!rc)
		rc = put_json(tree, path, json, err);
	rfa_path_of_run(head->run, ".json", path);
	if (!rc)
		rc = rfa_git_tree_put_text(tree, path, e->end->summary, strlen(e->end->summary),
					   err);
	snprintf(path, sizeof(path), "open/%s/%s.json", head->env, head->stack);
	if (!rc)
		rc = rfa_git_tree_remove(tree, path, err);
	if (!rc)
		rc = rfa_git_tree_write(tree, &tree_id, err);
	/* A run without a record between BEGIN and END may end on BEGIN itself: no merge then. */
	parents[1] = e->run->tip;
	if (!rc)
		rc = rfa_git_commit_write(git, id, &tree_id, parents,
					  git_oid_cmp(&parents[0], &parents[1]) ? 2 : 1,
					  e->message->record.wall_ms, e->text, err);
	if (!rc && e->end->point)
		rc = rfa_git_tag_write(git, head, e->end->point,
				       rfa_facts_str(json, "point_message", ""), id, &tag, err);
	if (!rc)
		rc = rfa_fault("ledger.end.objects", err);
	if (!rc)
		rc = rfa_git_ref_swap(git, RFA_GIT_MAIN, id, &parents[0], err);
	rfa_git_tree_free(tree);
	json_decref(last);
	if (rc)
		json_decref(json);
	else
		*described = json;
	return rc;
}

static int finish(const struct rfa_git *git, const char *run, const json_t *outputs,
		  const git_oid *target, struct rfa_error *err)
{
	const char *point = rfa_facts_str(outputs, "point", NULL);
	struct rfa_git_commit commit;
	struct rfa_message message;
	char ref[RFA_GIT_REF_MAX];
	int rc = rfa_git_record_read(git, target, &commit, &message, err);

	if (!rc && point)
		rc = rfa_git_tag_make(git, &message.head, point,
				      rfa_facts_str(outputs, "point_message", point), target, err);
	if (!rc)
		rc = rfa_git_tag_prune(git, &message.head, err);
	if (!rc)
		rc = rfa_fault("ledger.end.tagged", err);
	rfa_git_run_ref(run, ref);
	if (!rc)
		rfa_journal_drop(git->path, run);
	if (!rc)
		rc = rfa_git_ref_drop(git, ref, err);
	rfa_message_release(&message);
	rfa_git_commit_release(&commit);
	return rc ? rc : rfa_fault("ledger.end.dropped", err);
}

/* END's commit: on main's first parents, not further back than the run's BEGIN. */
static int find_merge(const struct rfa_git *git, const char *run, git_oid *out,
		      struct rfa_error *err)
{
	int rc = rfa_git_main(git, out, err);

	while (!rc) {
		struct rfa_git_commit commit;
		struct rfa_message message;
		int ours, end;

		rc = rfa_git_record_read(git, out, &commit, &message, err);
		ours = !rc && !strcmp(message.head.run, run);
		end = !rc && message.record.kind == RFA_RECORD_END;
		if (!rc && !(ours && end)) {
			if (ours || !commit.n_parents)
				rc = rfa_fail(err, RFA_ECORRUPT, "ledger",
					      "run %s has ended, but main has no END of it", run);
			else
				*out = commit.parents[0];
		}
		rfa_message_release(&message);
		rfa_git_commit_release(&commit);
		if (ours && end)
			return 0;
	}
	return rc;
}

/* What follows the merge, by this process or by one that takes over from a dead one. */
int rfa_git_finish(const struct rfa_git *git, const char *run, struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	char path[RFA_LEDGER_PATH_MAX];
	json_t *outputs = NULL;
	git_oid id;
	int rc;

	rfa_path_of_run(run, ".end.json", path);
	rc = rfa_git_tree_of(git, NULL, &tree, err);
	if (!rc)
		rc = rfa_git_tree_json(tree, path, &outputs, err);
	if (!rc)
		rc = find_merge(git, run, &id, err);
	if (!rc)
		rc = finish(git, run, outputs, &id, err);
	json_decref(outputs);
	rfa_git_tree_free(tree);
	return rc;
}

static int end_locked(const struct outputs *e, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)e->run->base.ledger;
	char ref[RFA_GIT_REF_MAX];
	json_t *described = NULL;
	git_oid kept, id;
	int rc;

	rfa_git_sweep_shared(git);
	/* A merge of a record that is not the last would hide one for ever. */
	rfa_git_run_ref(e->message->head.run, ref);
	rc = rfa_git_ref_read(git, ref, &kept, err);
	if (!rc && git_oid_cmp(&kept, &e->run->kept))
		rc = rfa_fail(err, RFA_ESTALE, "ledger", "run %s was moved by somebody else",
			      e->message->head.run);
	for (int tries = 0; !rc && tries < MOST_TRIES; tries++) {
		rc = merge(e, &id, &described, err);
		if (rc != -(int)RFA_ESTALE || tries + 1 == MOST_TRIES)
			break;
		rc = 0;
	}
	if (rc)
		return rc;
	e->run->base.ended = 1;
	rc = rfa_fault("ledger.end.merged", err);
	if (!rc)
		rc = finish(git, e->message->head.run, described, &id, err);
	json_decref(described);
	return rc;
}

/* After a failure that may have come behind the fact: is END there, and on this run's last record?
 * One that somebody else made, in a copy of the ledger, is on another. */
static int has_ended(const struct rfa_git_run *run)
{
	const struct rfa_git *git = (struct rfa_git *)run->base.ledger;
	struct rfa_git_tree *tree = NULL;
	struct rfa_error ignored;
	char path[RFA_LEDGER_PATH_MAX];
	json_t *ending = NULL;
	int yes;

	rfa_path_of_run(run->base.head.run, ".end.json", path);
	yes = !rfa_git_tree_of(git, NULL, &tree, &ignored) &&
	      !rfa_git_tree_json(tree, path, &ending, &ignored) &&
	      !strcmp(rfa_facts_str(ending, "tip", ""), git_oid_tostr_s(&run->tip));
	json_decref(ending);
	rfa_git_tree_free(tree);
	return yes;
}

/* After a failure: a record that was not acknowledged may be there all the same. STALE then: a
 * merge that does not have it would hide it for ever. */
static int settle(struct rfa_git_run *run, struct rfa_error *err)
{
	git_oid tip = run->tip;
	int rc = rfa_git_settle(run, err);

	if (!rc && git_oid_cmp(&tip, &run->tip))
		rc = rfa_fail(err, RFA_ESTALE, "ledger",
			      "run %s has a record more than its driver knows", run->base.head.run);
	run->tip = tip;
	return rc;
}

int rfa_git_end(struct rfa_ledger_run *base, const struct rfa_record *record, const char *subject,
		const struct rfa_ledger_end *end, struct rfa_error *err)
{
	struct rfa_git_run *run = (struct rfa_git_run *)base;
	const struct rfa_git *git = (struct rfa_git *)base->ledger;
	struct rfa_buf line = RFA_BUF_INIT(4096);
	struct rfa_buf text = RFA_BUF_INIT(2 * RFA_LEDGER_MAX_TEXT);
	struct rfa_message message = { 0 };
	struct outputs e = { run, &message, NULL, end };
	struct rfa_lock lock = RFA_LOCK_INIT;
	struct rfa_error ignored;
	int rc = rfa_git_lock(git, NULL, &lock, err);

	if (rc)
		goto done;
	if (base->doubtful && has_ended(run))
		base->ended = 1;
	/* Asked again after a failure behind the merge: the run has ended, only the rest is due. */
	if (base->ended) {
		rc = rfa_git_finish(git, base->head.run, err);
		goto done;
	}
	if (base->doubtful)
		rc = settle(run, err);
	if (rc)
		goto done;
	if (record->seq != base->next) {
		rc = rfa_fail(err, RFA_ESTALE, "ledger",
			      "run %s: record %u was offered where %u is next", base->head.run,
			      (unsigned)record->seq, (unsigned)base->next);
		goto done;
	}
	message.head = base->head;
	message.record = *record;
	message.format = RFA_LEDGER_FORMAT;
	rfa_copy(message.point, sizeof(message.point), end->point);
	rc = rfa_message_subject(&line, &base->head, rfa_final_word(end->final), subject, err);
	if (!rc)
		rc = rfa_message_encode(&text, &message, rfa_buf_str(&line), err);
	if (rc)
		goto done;
	e.text = rfa_buf_str(&text);
	base->doubtful = 1;
	rc = end_locked(&e, err);
	/* The run has ended, whatever becomes of this. */
	if (!rc && rfa_git_pack(git, &ignored))
		rfa_error_clear(&ignored);
done:
	rfa_lock_release(&lock, 0);
	rfa_buf_release(&line);
	rfa_buf_release(&text);
	return rc;
}

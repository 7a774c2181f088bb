/*
 * The judge: is the ledger what rfa wrote, and all of it? Walks main from its head, and holds each
 * commit against what its record says that it changed, so that what main shows today follows,
 * step by step, from the records alone. Tells every finding, not only the first.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsm/base/facts.h"
#include "ledger/git/git.h"
#include "ledger/git/audit.h"
#include "ledger/git/commit.h"
#include "ledger/git/fsck.h"
#include "ledger/git/load.h"
#include "ledger/git/lock.h"
#include "ledger/git/refs.h"
#include "ledger/git/tags.h"
#include "ledger/git/tree.h"
#include "ledger/git/verify.h"
#include "ledger/message.h"
#include "ledger/names.h"

/* What a commit on main may change: path -> blob id, null (removed) or true (whatever). */
struct change {
	struct rfa_audit *audit;
	const char *run;
	const char *record;
	const json_t *may;
};

static int audit_change(void *user, const char *path, const git_oid *was, const git_oid *is)
{
	const struct change *change = user;
	const json_t *may = json_object_get(change->may, path);

	(void)was;
	if (!may || (json_is_null(may) && is) || (json_is_string(may) && !is) ||
	    (json_is_string(may) && strcmp(json_string_value(may), git_oid_tostr_s(is)) != 0))
		rfa_audit_tell(change->audit, change->run,
			       "%s was changed by the commit of %s, whose record does not say so",
			       path, change->record);
	return 0;
}

static int audit_tree(struct rfa_audit *audit, const struct rfa_git_commit *commit, const char *run,
		      const char *record, const json_t *may, struct rfa_error *err)
{
	struct change change = { audit, run, record, may };
	struct rfa_git_commit parent;
	struct rfa_error why;
	int rc = rfa_git_commit_read(audit->git, &commit->parents[0], &parent, &why);

	if (!rc)
		rc = rfa_git_tree_diff(audit->git, &parent.tree, &commit->tree, audit_change,
				       &change, &why);
	if (rc)
		rfa_audit_tell(audit, run, "what %s changed cannot be read: %s", record, why.msg);
	rfa_git_commit_release(&parent);
	return rc == -(int)RFA_ENOMEM ? rfa_fail_nomem(err) : 0;
}

/* A file that never changes once written: is it today what it was in `then`? */
static void audit_kept(struct rfa_audit *audit, struct rfa_git_tree *then, const char *run,
		       const char *suffix)
{
	char path[RFA_LEDGER_PATH_MAX];
	struct rfa_error why;
	git_oid was, is;

	rfa_path_of_run(run, suffix, path);
	if (rfa_git_tree_find(then, path, &was, &why))
		rfa_audit_tell(audit, run, "the commit of the record lacks %s", path);
	else if (rfa_git_tree_find(audit->now, path, &is, &why))
		rfa_audit_tell(audit, run, "%s is gone from main", path);
	else if (git_oid_cmp(&was, &is))
		rfa_audit_tell(audit, run, "%s is not what the run wrote", path);
}

/* Loads the run as any reader would, and lets the flow's table judge it. */
static void audit_run(struct rfa_audit *audit, const char *run)
{
	struct rfa_history *history = NULL;
	struct rfa_error why;

	rfa_error_clear(&why);
	/* load does not write: the const was for our callers. */
	if (rfa_git_load((struct rfa_ledger *)(uintptr_t)&audit->git->base, run, &history, &why))
		rfa_audit_tell(audit, run, "%s", why.msg);
	else if (audit->legal && audit->legal(audit->user, history, &why))
		rfa_audit_tell(audit, run, "not a legal path of flow %s: %s", history->flow,
			       why.msg);
	rfa_history_free(history);
}

static int audit_begin(struct rfa_audit *audit, const git_oid *id,
		       const struct rfa_git_commit *commit, const struct rfa_message *message,
		       struct rfa_error *err)
{
	const char *run = message->head.run;
	struct rfa_git_tree *then = NULL;
	char plan[RFA_LEDGER_PATH_MAX], path[RFA_LEDGER_PATH_MAX], open_file[RFA_LEDGER_PATH_MAX];
	struct rfa_error why;
	json_t *ending = NULL, *open = NULL;
	json_t *may;
	int rc;

	rfa_path_of_run(run, ".plan.json", plan);
	snprintf(open_file, sizeof(open_file), "open/%s/%s.json", message->head.env,
		 message->head.stack);
	may = json_pack("{s:b,s:b}", plan, 1, open_file, 1);
	rfa_path_of_once(&message->head, path);
	if (may && *message->head.once && json_object_set_new(may, path, json_true()))
		rc = rfa_fail_nomem(err);
	else
		rc = may ? audit_tree(audit, commit, run, "BEGIN", may, err) : rfa_fail_nomem(err);
	json_decref(may);
	if (rc)
		return rc;
	if (rfa_git_tree_open(audit->git, &commit->tree, &then, &why))
		rfa_audit_tell(audit, run, "%s", why.msg);
	else
		audit_kept(audit, then, run, ".plan.json");
	rfa_git_tree_free(then);
	/* Ended: END names this commit. Unfinished: open/… names the run. */
	rfa_path_of_run(run, ".end.json", path);
	if (!rfa_git_tree_json(audit->now, path, &ending, &why)) {
		if (strcmp(rfa_facts_str(ending, "begin", ""), git_oid_tostr_s(id)) != 0)
			rfa_audit_tell(audit, run, "its END names another BEGIN than %.12s",
				       git_oid_tostr_s(id));
	} else if (rfa_git_tree_json(audit->now, open_file, &open, &why) ||
		   strcmp(rfa_facts_str(open, "run", ""), run) != 0) {
		rfa_audit_tell(audit, run, "the run has neither ended nor an entry in open/");
	}
	json_decref(ending);
	json_decref(open);
	return 0;
}

/* END's files, and those that every END changes. */
static json_t *end_changes(const struct rfa_message *message, const json_t *ending)
{
	char path[RFA_LEDGER_PATH_MAX];
	json_t *may = rfa_facts_copy_shallow(json_object_get(ending, "files"));

	if (!may)
		may = json_object();
	rfa_path_of_run(message->head.run, ".json", path);
	json_object_set_new(may, path, json_true());
	rfa_path_of_run(message->head.run, ".end.json", path);
	json_object_set_new(may, path, json_true());
	snprintf(path, sizeof(path), "last/%s/%s.json", message->head.env, message->head.stack);
	json_object_set_new(may, path, json_true());
	snprintf(path, sizeof(path), "open/%s/%s.json", message->head.env, message->head.stack);
	json_object_set_new(may, path, json_null());
	return may;
}

static int audit_end(struct rfa_audit *audit, const struct rfa_git_commit *commit,
		     const struct rfa_message *message, struct rfa_error *err)
{
	const char *run = message->head.run;
	const git_oid *tip = &commit->parents[commit->n_parents - 1];
	struct rfa_git_tree *then = NULL;
	char path[RFA_LEDGER_PATH_MAX];
	struct rfa_error why;
	json_t *ending = NULL;
	json_t *may = NULL;
	const char *text;
	int rc = 0;

	rfa_path_of_run(run, ".end.json", path);
	if (rfa_git_tree_open(audit->git, &commit->tree, &then, &why) ||
	    rfa_git_tree_json(then, path, &ending, &why)) {
		rfa_audit_tell(audit, run, "its END cannot be read: %s", why.msg);
		goto done;
	}
	audit_kept(audit, then, run, ".plan.json");
	audit_kept(audit, then, run, ".json");
	audit_kept(audit, then, run, ".end.json");
	if (strcmp(rfa_facts_str(ending, "tip", ""), git_oid_tostr_s(tip)) != 0)
		rfa_audit_tell(audit, run,
			       "history was edited: END merges %.12s, its last record was %.12s",
			       git_oid_tostr_s(tip), rfa_facts_str(ending, "tip", "?"));
	text = rfa_facts_str(ending, "message", "");
	if (strlen(text) != commit->message_len || memcmp(text, commit->message, strlen(text)) != 0)
		rfa_audit_tell(audit, run, "the message of END is not what %s says", path);
	may = end_changes(message, ending);
	rc = may ? audit_tree(audit, commit, run, "END", may, err) : rfa_fail_nomem(err);
	if (!rc)
		audit_run(audit, run);
done:
	json_decref(may);
	json_decref(ending);
	rfa_git_tree_free(then);
	return rc;
}

/* Each commit on main, from its head. */
static int audit_main(struct rfa_audit *audit, const git_oid *head, struct rfa_error *err)
{
	git_oid at = *head;
	int more = 1;
	int rc = 0;

	while (!rc && more) {
		struct rfa_git_commit commit;
		struct rfa_message message = { 0 };
		struct rfa_error why;
		const char *eol;

		if (rfa_git_commit_read(audit->git, &at, &commit, &why)) {
			rfa_audit_tell(audit, "", "main breaks off: %s", why.msg);
			more = 0;
		} else if (!commit.n_parents) {
			more = 0;
		} else if (rfa_message_parse(&message, commit.message, commit.message_len, &why) ||
			   !rfa_run_id_ok(message.head.run) ||
			   (message.record.kind != RFA_RECORD_BEGIN &&
			    message.record.kind != RFA_RECORD_END)) {
			eol = memchr(commit.message, '\n', commit.message_len);
			rfa_audit_tell(audit, "", "rfa did not write commit %.12s on main: %.*s",
				       git_oid_tostr_s(&at), (int)(eol ? eol - commit.message : 0),
				       commit.message);
		} else if (message.record.kind == RFA_RECORD_BEGIN) {
			rc = audit_begin(audit, &at, &commit, &message, err);
		} else {
			rc = audit_end(audit, &commit, &message, err);
		}
		if (more)
			at = commit.parents[0];
		rfa_message_release(&message);
		rfa_git_commit_release(&commit);
	}
	return rc;
}

static int audit_open_one(struct rfa_audit *audit, const char *env, const char *file, json_t *open,
			  struct rfa_error *err)
{
	char path[2 * RFA_LEDGER_PATH_MAX];
	char plan[RFA_LEDGER_PATH_MAX];
	struct rfa_error why;
	json_t *entry = NULL;
	const char *run;
	git_oid id;
	int rc = 0;

	snprintf(path, sizeof(path), "open/%.100s/%.100s", env, file);
	if (rfa_git_tree_json(audit->now, path, &entry, &why)) {
		rfa_audit_tell(audit, "", "%s cannot be read: %s", path, why.msg);
		return 0;
	}
	run = rfa_facts_str(entry, "run", "");
	rfa_path_of_run(run, ".plan.json", plan);
	if (!rfa_run_id_ok(run) || rfa_git_tree_find(audit->now, plan, &id, &why)) {
		rfa_audit_tell(audit, run, "%s names a run that never began", path);
	} else {
		rc = rfa_facts_set(open, run, json_true(), err);
		audit_run(audit, run);
	}
	json_decref(entry);
	return rc;
}

struct journals {
	struct rfa_audit *audit;
	const json_t *open;
};

static void audit_journal(void *user, const char *run)
{
	const struct journals *journals = user;
	const struct rfa_git *git = journals->audit->git;

	/* An unfinished one, which was never named, has no record. */
	if (!json_object_get(journals->open, run) && !rfa_git_alive(git, run) &&
	    rfa_journal_exists(git->path, run))
		rfa_audit_tell(journals->audit, run,
			       RFA_GIT_JOURNALS "/%s has records of no unfinished run", run);
}

/* Unfinished runs, by main's tree, and by their refs and journals: they must name the same. */
static int audit_open(struct rfa_audit *audit, struct rfa_error *err)
{
	json_t *open = json_object();
	json_t *envs = json_array();
	json_t *refs = NULL;
	json_t *env, *ref;
	size_t i;
	int rc =
	    open && envs ? rfa_git_tree_names(audit->now, "open", envs, err) : rfa_fail_nomem(err);

	json_array_foreach (envs, i, env) {
		char folder[RFA_LEDGER_PATH_MAX];
		json_t *files = json_array();
		json_t *file;
		size_t j;

		snprintf(folder, sizeof(folder), "open/%.200s", json_string_value(env));
		if (!rc)
			rc = files ? rfa_git_tree_names(audit->now, folder, files, err)
				   : rfa_fail_nomem(err);
		json_array_foreach (files, j, file) {
			if (!rc)
				rc = audit_open_one(audit, json_string_value(env),
						    json_string_value(file), open, err);
		}
		json_decref(files);
	}
	if (!rc)
		rc = rfa_git_ref_names(audit->git, RFA_GIT_RUNS, &refs, err);
	json_array_foreach (refs, i, ref) {
		const char *run = json_string_value(ref) + strlen(RFA_GIT_RUNS);

		/* One that begins or ends at this instant is driven. */
		if (!rc && !json_object_get(open, run) &&
		    !(rfa_run_id_ok(run) && rfa_git_alive(audit->git, run)))
			rfa_audit_tell(audit, rfa_run_id_ok(run) ? run : "",
				       "ref %s is of no unfinished run", json_string_value(ref));
	}
	if (!rc)
		rfa_journal_each(audit->git->path, audit_journal,
				 &(struct journals){ audit, open });
	json_decref(open);
	json_decref(envs);
	json_decref(refs);
	return rc;
}

/* What makes plain git show another history than the one that the hashes hold. */
static int audit_disguises(struct rfa_audit *audit, struct rfa_error *err)
{
	static const char *const files[] = { "info/grafts", "shallow", "objects/info/alternates" };
	char path[PATH_MAX];
	json_t *refs = NULL;
	json_t *ref;
	size_t i;
	int rc = rfa_git_ref_names(audit->git, "refs/replace/", &refs, err);

	json_array_foreach (refs, i, ref) {
		rfa_audit_tell(audit, "", "%s makes git show something else",
			       json_string_value(ref));
	}
	json_decref(refs);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", audit->git->path, files[i]);
		if (!access(path, F_OK))
			rfa_audit_tell(audit, "", "%s makes git show something else", files[i]);
	}
	return rc;
}

int rfa_git_verify(struct rfa_ledger *ledger,
		   int (*legal)(void *, const struct rfa_history *, struct rfa_error *),
		   void (*each)(void *, const struct rfa_ledger_finding *), void *user,
		   struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_audit audit = { git, legal, each, user, NULL, 0 };
	git_oid head;
	int rc = rfa_git_main(git, &head, err);

	if (!rc)
		rc = rfa_git_fsck(&audit, &head, err);
	if (!rc)
		rc = audit_disguises(&audit, err);
	if (!rc && rfa_git_tree_of(git, &head, &audit.now, err)) {
		rfa_audit_tell(&audit, "", "main's tree cannot be read");
	} else if (!rc) {
		rc = audit_main(&audit, &head, err);
		if (!rc)
			rc = audit_open(&audit, err);
		if (!rc)
			rc = rfa_git_verify_tags(&audit, err);
	}
	rfa_git_tree_free(audit.now);
	if (rc || !audit.found)
		return rc;
	rfa_fail(err, RFA_ECORRUPT, "ledger", "the ledger is not what rfa wrote: %zu finding%s",
		 audit.found, audit.found == 1 ? "" : "s");
	rfa_error_where(err, "%s", git->path);
	return rfa_error_hint(err, "compare it with a clone or a backup: git -C %.300s log --all",
			      git->path);
}

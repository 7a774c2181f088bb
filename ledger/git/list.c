/*
 * Listing, newest first: main's tree names the last ended run of each stack and environment, each
 * run names the one before it. A line costs one small file, however many runs there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/list.h"
#include "ledger/git/lock.h"
#include "ledger/git/records.h"
#include "ledger/git/tree.h"
#include "ledger/message.h"
#include "ledger/names.h"

/* Where one stack in one environment has been shown to; or one open run. */
struct cursor {
	char run[RFA_RUN_ID_MAX];
	json_t *open; /* owned; NULL: an ended one */
};

struct cursors {
	struct cursor *items;
	size_t n, cap;
};

static int add(struct cursors *all, const char *run, json_t *open, struct rfa_error *err)
{
	if (!rfa_run_id_ok(run))
		return 0; /* verify tells */
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 16;
		struct cursor *items = realloc(all->items, cap * sizeof(*items));

		if (!items)
			return rfa_fail_nomem(err);
		all->items = items;
		all->cap = cap;
	}
	rfa_copy(all->items[all->n].run, sizeof(all->items[all->n].run), run);
	all->items[all->n++].open = json_incref(open);
	return 0;
}

/* One "<env>/<stack>.json" of open/ or last/. */
static int gather_one(struct rfa_git_tree *tree, const char *root, const char *env,
		      const char *file, const struct rfa_ledger_filter *filter, struct cursors *all,
		      struct rfa_error *err)
{
	char path[2 * RFA_LEDGER_PATH_MAX];
	size_t len = strlen(file);
	json_t *entry = NULL;
	int rc;

	if (len < 6 || strcmp(file + len - 5, ".json") != 0)
		return 0;
	if (filter->stack &&
	    (strlen(filter->stack) != len - 5 || strncmp(filter->stack, file, len - 5) != 0))
		return 0;
	snprintf(path, sizeof(path), "%s/%s/%s", root, env, file);
	rc = rfa_git_tree_json(tree, path, &entry, err);
	if (!rc)
		rc = add(all, rfa_facts_str(entry, "run", ""), !strcmp(root, "open") ? entry : NULL,
			 err);
	json_decref(entry);
	return rc;
}

static int gather(struct rfa_git_tree *tree, const char *root,
		  const struct rfa_ledger_filter *filter, struct cursors *all,
		  struct rfa_error *err)
{
	json_t *envs = json_array();
	json_t *env;
	size_t i;
	int rc = envs ? rfa_git_tree_names(tree, root, envs, err) : rfa_fail_nomem(err);

	json_array_foreach (envs, i, env) {
		char folder[RFA_LEDGER_PATH_MAX];
		json_t *files = NULL;
		json_t *file;
		size_t j;

		if (rc || (filter->env && strcmp(filter->env, json_string_value(env)) != 0))
			continue;
		snprintf(folder, sizeof(folder), "%s/%.200s", root, json_string_value(env));
		files = json_array();
		rc = files ? rfa_git_tree_names(tree, folder, files, err) : rfa_fail_nomem(err);
		json_array_foreach (files, j, file) {
			if (!rc)
				rc = gather_one(tree, root, json_string_value(env),
						json_string_value(file), filter, all, err);
		}
		json_decref(files);
	}
	json_decref(envs);
	return rc;
}

/* An unfinished run: what BEGIN wrote, and where its last record stands. */
static void open_line(const struct rfa_git *git, const struct cursor *at,
		      struct rfa_ledger_line *line)
{
	struct rfa_git_commit commit;
	struct rfa_message message;
	struct rfa_error ignored;
	git_oid tip;

	rfa_copy(line->flow, sizeof(line->flow), rfa_facts_str(at->open, "flow", ""));
	rfa_copy(line->stack, sizeof(line->stack), rfa_facts_str(at->open, "stack", ""));
	rfa_copy(line->env, sizeof(line->env), rfa_facts_str(at->open, "env", ""));
	rfa_copy(line->from, sizeof(line->from), rfa_facts_str(at->open, "from", ""));
	rfa_copy(line->author, sizeof(line->author), rfa_facts_str(at->open, "author", ""));
	if (rfa_time_parse_ms(rfa_facts_str(at->open, "begun", ""), &line->begun_ms))
		line->begun_ms = 0;
	line->alive = rfa_git_alive(git, at->run);
	/* One that is damaged, or ends at this instant, is still a line. */
	if (rfa_git_tip(git, at->run, &tip, &ignored))
		return;
	if (!rfa_git_record_read(git, &tip, &commit, &message, &ignored)) {
		rfa_copy(line->state, sizeof(line->state), rfa_state_word(message.record.state));
		rfa_copy(line->step, sizeof(line->step),
			 message.record.opens[0] ? message.record.opens : message.record.step);
	}
	rfa_message_release(&message);
	rfa_git_commit_release(&commit);
}

/* An ended run; *previous: the one before it of this stack and environment, or "". */
static int ended_line(struct rfa_git_tree *tree, const struct cursor *at,
		      struct rfa_ledger_line *line, char previous[RFA_RUN_ID_MAX],
		      struct rfa_error *err)
{
	char path[RFA_LEDGER_PATH_MAX];
	struct rfa_message message;
	json_t *ending = NULL;
	const char *text;
	int rc;

	rfa_path_of_run(at->run, ".end.json", path);
	rc = rfa_git_tree_json(tree, path, &ending, err);
	if (rc) {
		rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "run %s: %s cannot be read", at->run,
			      path);
		return rfa_error_hint(err, "rfa ledger verify");
	}
	text = rfa_facts_str(ending, "message", "");
	rc = rfa_message_parse(&message, text, strlen(text), err);
	if (!rc) {
		rfa_copy(line->flow, sizeof(line->flow), message.head.flow);
		rfa_copy(line->stack, sizeof(line->stack), message.head.stack);
		rfa_copy(line->env, sizeof(line->env), message.head.env);
		rfa_copy(line->from, sizeof(line->from), message.head.from);
		rfa_copy(line->author, sizeof(line->author), rfa_facts_str(ending, "author", ""));
		if (rfa_final_parse(message.record.outcome, &line->final))
			line->final = RFA_FINAL_STUCK; /* verify tells; never shown as good */
		if (rfa_time_parse_ms(rfa_facts_str(ending, "begun", ""), &line->begun_ms))
			line->begun_ms = 0;
		line->ended_ms = message.record.wall_ms;
		rfa_copy(previous, RFA_RUN_ID_MAX, rfa_facts_str(ending, "previous", ""));
		/* Backwards only: a damaged chain must not go round. */
		if (strcmp(previous, at->run) == 0)
			previous[0] = '\0';
	}
	rfa_message_release(&message);
	json_decref(ending);
	return rc;
}

int rfa_git_list(struct rfa_ledger *ledger, const struct rfa_ledger_filter *filter,
		 int (*each)(void *, const struct rfa_ledger_line *), void *user,
		 struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_git_tree *tree = NULL;
	struct cursors all = { 0 };
	size_t shown = 0;
	int stop = 0;
	int rc;

	rc = rfa_git_tree_of(git, NULL, &tree, err);
	if (!rc)
		rc = gather(tree, "open", filter, &all, err);
	if (!rc && !filter->open_only)
		rc = gather(tree, "last", filter, &all, err);
	while (!rc && !stop && all.n && shown < filter->limit) {
		struct rfa_ledger_line line = { 0 };
		char previous[RFA_RUN_ID_MAX] = "";
		struct cursor *newest = &all.items[0];

		for (size_t i = 1; i < all.n; i++)
			if (strcmp(all.items[i].run, newest->run) > 0)
				newest = &all.items[i];
		rfa_copy(line.run, sizeof(line.run), newest->run);
		if (newest->open)
			open_line(git, newest, &line);
		else
			rc = ended_line(tree, newest, &line, previous, err);
		if (rc)
			break;
		stop = each(user, &line);
		shown++;
		if (rfa_run_id_ok(previous)) {
			rfa_copy(newest->run, sizeof(newest->run), previous);
		} else {
			json_decref(newest->open);
			*newest = all.items[--all.n];
		}
	}
	for (size_t i = 0; i < all.n; i++)
		json_decref(all.items[i].open);
	free(all.items);
	rfa_git_tree_free(tree);
	return rc;
}

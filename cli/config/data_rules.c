/* What the configuration of a stack's data must keep that one row of the table cannot say. */
#include "cli/config/data_rules.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/buf.h"
#include "fsm/base/facts.h"
#include "fsm/base/suggest.h"
#include "fsm/core/flow.h"
#include "fsm/parts/args.h"

/* From SQLITE on nothing can lie in it; from SERVER on a server in a container keeps it. */
enum { SQLITE = 2, SERVER = 3, N_KINDS = 5 };
static const struct kind {
	const char *text, *container, *word;
} kinds[N_KINDS] = {
	{ "volume", NULL, "a volume" },
	{ "directory", NULL, "a directory" },
	{ "sqlite", NULL, "an SQLite database" },
	{ "postgres/database", "postgres/container", "a database of PostgreSQL" },
	{ "mysql/database", "mysql/container", "a database of MySQL" },
};

/* Which of them a member is; -1: none, or no text. */
static int kind_of(const json_t *member, const char **text)
{
	for (int k = 0; k < N_KINDS; k++) {
		*text = json_string_value(rfa_facts_at(member, kinds[k].text));
		if (*text)
			return k;
	}
	return -1;
}

/*
 * Where the member lies. A volume's place is the engine's affair, but nearly all engines keep
 * theirs here, and a file named by that path is the usual way to name one thing twice.
 */
static int place_of(const json_t *member, char into[PATH_MAX])
{
	const char *text = NULL;
	int kind = kind_of(member, &text);
	if (kind < 0)
		return -1;
	int n;
	if (kind >= SERVER)
		n = snprintf(into, PATH_MAX, "%s/%s",
			     rfa_facts_str(member, kinds[kind].container, ""), text);
	else
		n = snprintf(into, PATH_MAX, kind ? "%s" : "/var/lib/docker/volumes/%s/_data",
			     text);
	return n > 0 && n < PATH_MAX ? kind : -1;
}

/* 1 if path is `folder` or lies in it. */
static int lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static int is_member(const char *name, const json_t *member)
{
	return strncmp(name, "x-", 2) != 0 && json_is_object(member);
}

/* "" if the two have nothing in common; else how the second lies to the first. */
static const char *clash(const json_t *first, const json_t *second)
{
	char a[PATH_MAX], b[PATH_MAX];
	int ka = place_of(first, a), kb = place_of(second, b);
	if (ka < 0 || kb < 0)
		return "";
	if (strcmp(a, b) == 0)
		return "is the same as";
	if (ka < SQLITE && lies_in(b, a))
		return "lies in";
	return kb < SQLITE && lies_in(a, b) ? "contains" : "";
}

/* A piece that is swapped with another piece inside of it would be swapped twice. */
static void check_overlap(struct rfa_walk *walk, const json_t *members, const char *name,
			  const json_t *member)
{
	const char *other;
	json_t *before;
	json_object_foreach ((json_t *)members, other, before) {
		const char *how = before == member ? "" : clash(before, member);
		if (before == member)
			break;
		if (!is_member(other, before) || !*how)
			continue;
		rfa_walk_enter(walk, name, 0);
		rfa_problem_hint(rfa_walk_problem(walk, "it %s the member \"%.40s\"", how, other),
				 "name each piece of data once");
		rfa_walk_leave(walk);
		break;
	}
}

static void check_vault(struct rfa_walk *walk, const json_t *stack, const char *name,
			const json_t *member)
{
	const char *vault = rfa_facts_str(stack, "backup/directory", RFA_HOST_VAULTS);
	char place[PATH_MAX];
	int kind = place_of(member, place);
	if (kind < 0 || kind >= SQLITE || (!lies_in(vault, place) && !lies_in(place, vault)))
		return;
	rfa_walk_enter(walk, name, 0);
	rfa_problem_hint(
	    rfa_walk_problem(walk, "it and the backups' directory %.100s overlap", vault),
	    "put the backups elsewhere: \"backup\": {\"directory\": …}");
	rfa_walk_leave(walk);
}

int rfa_data_on_operator(const json_t *stack)
{
	return strcmp(rfa_facts_str(stack, "backup/where", "host"), RFA_OPERATOR) == 0;
}

static void check_members(struct rfa_walk *walk, const json_t *stack)
{
	const json_t *members = rfa_facts_at(stack, "data/members");
	const char *name;
	json_t *member;

	rfa_walk_enter(walk, "data", 0);
	rfa_walk_enter(walk, "members", 0);
	json_object_foreach ((json_t *)members, name, member) {
		if (!is_member(name, member))
			continue;
		check_overlap(walk, members, name, member);
		if (!rfa_data_on_operator(stack))
			check_vault(walk, stack, name, member);
	}
	rfa_walk_leave(walk);
	rfa_walk_leave(walk);
}

/* 1 if a backup may be made before that command; else the nearest one is offered. */
static int may_be_before(const char *name, struct rfa_suggestion *near, struct rfa_buf *all)
{
	const struct rfa_flow *const *flows;
	int found = 0;
	size_t i, n;

	flows = rfa_flows(&n);
	for (i = 0; i < n; i++) {
		const struct rfa_flow_args *args = flows[i]->args;
		if (!args->command || !(args->flags & RFA_ARGS_BACKUP_BEFORE))
			continue;
		found |= strcmp(args->command, name) == 0;
		rfa_suggest_offer(near, args->command);
		rfa_buf_printf(all, "%s\"%s\"", all->len ? ", " : "", args->command);
	}
	return found;
}

static void check_command(struct rfa_walk *walk, const char *name)
{
	struct rfa_suggestion near = { name, NULL, 0 };
	struct rfa_buf all = RFA_BUF_INIT(1024), safe = RFA_BUF_INIT(1024);
	struct rfa_problem *problem;

	rfa_buf_put_printable(&safe, name, strlen(name), 40);
	if (!may_be_before(name, &near, &all)) {
		problem = rfa_walk_problem(walk, "expected one of %s, got \"%s\"",
					   rfa_buf_str(&all), rfa_buf_str(&safe));
		if (near.best)
			rfa_problem_hint(problem, "did you mean \"%s\"?", near.best);
	}
	rfa_buf_release(&all);
	rfa_buf_release(&safe);
}

/* What a backup is made of before a command runs: there must be something. */
static void check_before(struct rfa_walk *walk, const json_t *stack)
{
	const json_t *before = rfa_facts_at(stack, "backup/before");
	json_t *one;
	size_t i;

	rfa_walk_enter(walk, "backup", 0);
	rfa_walk_enter(walk, "before", 0);
	json_array_foreach ((json_t *)before, i, one) {
		rfa_walk_enter(walk, NULL, i);
		if (json_is_string(one))
			check_command(walk, json_string_value(one));
		rfa_walk_leave(walk);
	}
	if (json_array_size(before) && !json_object_size(rfa_facts_at(stack, "data/members")))
		rfa_problem_hint(
		    rfa_walk_problem(walk, "a backup is asked for, but the stack names no data"),
		    "say what the stack stores: \"data\": {\"members\": {…}}");
	rfa_walk_leave(walk);
	rfa_walk_leave(walk);
}

void rfa_data_check(struct rfa_walk *walk, const json_t *stack)
{
	const char *vault = rfa_facts_str(stack, "backup/directory", RFA_HOST_VAULTS);

	check_members(walk, stack);
	check_before(walk, stack);
	if (rfa_data_on_operator(stack) || vault[0] == '/')
		return;
	rfa_walk_enter(walk, "backup", 0);
	rfa_walk_enter(walk, "directory", 0);
	rfa_problem_hint(rfa_walk_problem(walk, "expected an absolute path on the host"),
			 "begin it with /, or add \"where\": \"operator\"");
	rfa_walk_leave(walk);
	rfa_walk_leave(walk);
}

void rfa_data_replace_members(json_t *stack, const json_t *overlay)
{
	json_t *members = rfa_facts_at(stack, "data/members");
	const char *name;
	json_t *member;
	json_object_foreach (rfa_facts_at(overlay, "data/members"), name, member)
		json_object_del(members, name);
}

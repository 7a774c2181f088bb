/* What the configuration of a migration must keep that one row of the table cannot say. */
#include "cli/config/migrate_rules.h"

#include <string.h>

#include "cli/config/hook_rules.h"
#include "fsm/base/facts.h"

/* need: it may not be empty. */
static void judge_command(struct rfa_walk *walk, const json_t *of, const char *key, int need)
{
	const json_t *command = json_object_get(of, key);

	rfa_walk_enter(walk, key, 0);
	if (need && json_is_array(command) && !json_array_size(command))
		rfa_problem_hint(rfa_walk_problem(walk, "the list is empty"), "name the program");
	if (json_array_size(command) > RFA_HOOK_WORDS)
		rfa_problem_hint(
		    rfa_walk_problem(walk, "it has more than %d words", RFA_HOOK_WORDS),
		    "put them into a script of the image");
	rfa_walk_leave(walk);
}

/* Whoever comes back has to find a schema that it can live with. */
static void judge_undo(struct rfa_walk *walk, const json_t *migrate)
{
	const json_t *undo = json_object_get(migrate, "undo");
	const char *word = json_is_string(undo) ? json_string_value(undo) : undo ? "" : "none";
	const char *kind = rfa_facts_str(migrate, "kind", "");

	rfa_walk_enter(walk, "undo", 0);
	if (json_is_string(undo) && strcmp(word, "none") != 0 && strcmp(word, "restore") != 0)
		rfa_problem_hint(rfa_walk_problem(walk, "\"%.40s\" is none of its values", word),
				 "one of \"none\", \"restore\", or {\"command\": [\"…\"]}");
	else if (!strcmp(kind, "breaking") && !strcmp(word, "none"))
		rfa_problem_hint(
		    rfa_walk_problem(walk, "a breaking migration that nothing takes back"),
		    "say \"undo\": \"restore\", or name a command: the version before could not "
		    "run "
		    "again");
	else if (!strcmp(kind, "expand") && !strcmp(word, "restore"))
		rfa_problem_hint(
		    rfa_walk_problem(walk, "\"restore\" of a migration during which nothing stops"),
		    "what is stored meanwhile would be lost: say \"kind\": \"breaking\", or name a "
		    "command");
	rfa_walk_leave(walk);
	if (json_is_object(undo)) {
		rfa_walk_enter(walk, "undo", 0);
		judge_command(walk, undo, "command", 1);
		rfa_walk_leave(walk);
	}
}

void rfa_migrate_judge(struct rfa_walk *walk, const json_t *stack)
{
	const json_t *migrate = json_object_get(stack, "migrate");

	if (!json_is_object(migrate))
		return;
	rfa_walk_enter(walk, "migrate", 0);
	judge_command(walk, migrate, "run", 1);
	judge_command(walk, migrate, "check", 0);
	judge_undo(walk, migrate);
	rfa_walk_leave(walk);
}

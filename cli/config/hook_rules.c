/* What the configuration of hooks must keep that one row of the table cannot say. */
#include "cli/config/hook_rules.h"

#include <string.h>

#include "fsm/base/facts.h"

static void judge_command(struct rfa_walk *walk, const json_t *command)
{
	const char *program = json_string_value(json_array_get(command, 0));

	if (!json_is_array(command))
		return;
	if (!json_array_size(command))
		rfa_problem_hint(rfa_walk_problem(walk, "the list is empty"),
				 "name the program; without a hook leave it out as a whole");
	else if (json_array_size(command) > RFA_HOOK_WORDS)
		rfa_problem_hint(
		    rfa_walk_problem(walk, "it has more than %d words", RFA_HOOK_WORDS),
		    "put them into a script");
	/* env(1) stands before it, and would take these for its own. */
	else if (program && (!*program || *program == '-' || strchr(program, '=')))
		rfa_problem_hint(rfa_walk_problem(walk, "its first word is no program's name"),
				 "it has no \"=\" in it, and does not begin with \"-\"");
}

void rfa_hooks_judge(struct rfa_walk *walk, const json_t *stack)
{
	const char *which;
	json_t *hook;

	rfa_walk_enter(walk, "hooks", 0);
	json_object_foreach (json_object_get(stack, "hooks"), which, hook) {
		rfa_walk_enter(walk, which, 0);
		rfa_walk_enter(walk, "command", 0);
		judge_command(walk, json_object_get(hook, "command"));
		rfa_walk_leave(walk);
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
}

/* A stack: the tables of its fields. */
#include "fsm/model/stack.h"

#include <string.h>

#define RFA_THIS struct rfa_stack_compose
RFA_SHAPE(stack_compose, RFA_STACK_COMPOSE_FIELDS, "a stack's Compose project");
#undef RFA_THIS
#define RFA_THIS struct rfa_stack_url
RFA_SHAPE(stack_url, RFA_STACK_URL_FIELDS, "where a stack says its own URL");
#undef RFA_THIS
#define RFA_THIS struct rfa_bootstrap
RFA_SHAPE(bootstrap, RFA_BOOTSTRAP_FIELDS, "what a first deployment needs and makes");
#undef RFA_THIS
#define RFA_THIS struct rfa_check_exec
RFA_SHAPE(check_exec, RFA_CHECK_EXEC_FIELDS, "a command in a container");
#undef RFA_THIS
#define RFA_THIS struct rfa_check
RFA_SHAPE(check, RFA_CHECK_FIELDS, "a check");
#undef RFA_THIS
#define RFA_THIS struct rfa_stack_deploy
RFA_SHAPE(stack_deploy, RFA_STACK_DEPLOY_FIELDS, "what comes from registries");
#undef RFA_THIS
#define RFA_THIS struct rfa_limits
RFA_SHAPE(limits, RFA_LIMITS_FIELDS, "what must hold before anything is touched");
#undef RFA_THIS
#define RFA_THIS struct rfa_server
RFA_SHAPE(server, RFA_SERVER_FIELDS, "a database server in a container");
#undef RFA_THIS
#define RFA_THIS struct rfa_piece
RFA_SHAPE(piece, RFA_PIECE_FIELDS, "a piece of the data, as rfa.json names it");
#undef RFA_THIS
#define RFA_THIS struct rfa_stops
RFA_SHAPE(stops, RFA_STOPS_FIELDS, "what stops with the data");
#undef RFA_THIS
#define RFA_THIS struct rfa_stack_data
RFA_SHAPE(stack_data, RFA_STACK_DATA_FIELDS, "what a stack stores");
#undef RFA_THIS
#define RFA_THIS struct rfa_stack_init
RFA_SHAPE(stack_init, RFA_STACK_INIT_FIELDS, "how a stack's database begins");
#undef RFA_THIS
#define RFA_THIS struct rfa_stack_backup
RFA_SHAPE(stack_backup, RFA_STACK_BACKUP_FIELDS, "a stack's backups");
#undef RFA_THIS
#define RFA_THIS struct rfa_hook
RFA_SHAPE(hook, RFA_HOOK_FIELDS, "a command of the operator's");
#undef RFA_THIS
#define RFA_THIS struct rfa_hooks
RFA_SHAPE(hooks, RFA_HOOKS_FIELDS, "commands around a run");
#undef RFA_THIS
#define RFA_THIS struct rfa_migrate
RFA_SHAPE(migrate, RFA_MIGRATE_FIELDS, "how a new version changes the schema");
#undef RFA_THIS
#define RFA_THIS struct rfa_stack
RFA_SHAPE(stack, RFA_STACK_FIELDS, "a stack, resolved for one environment");
#undef RFA_THIS

static int is_in(const struct rfa_server *server, const char *container)
{
	return server && !strcmp(server->container, container);
}

int rfa_stack_has_server(const struct rfa_stack *stack, const char *container)
{
	const struct rfa_piece *piece;

	if (!stack->data)
		return 0;
	RFA_EACH (piece, stack->data->members)
		if (is_in(piece->postgres, container) || is_in(piece->mysql, container))
			return 1;
	return 0;
}

enum rfa_undo_by rfa_migrate_undo_by(const struct rfa_migrate *migrate)
{
	const char *word = json_string_value(migrate->undo);

	if (json_is_object(migrate->undo))
		return RFA_UNDO_BY_COMMAND;
	return word && !strcmp(word, "restore") ? RFA_UNDO_BY_RESTORE : RFA_UNDO_BY_NONE;
}

int rfa_migrate_breaks(const struct rfa_migrate *migrate)
{
	return !strcmp(migrate->kind, "breaking");
}

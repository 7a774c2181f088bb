/* The table of commands. */
#include "cli/frame/command.h"

static const struct rfa_cli_command *const commands[] = {
	&rfa_cmd_init,        &rfa_cmd_check,      &rfa_cmd_doctor,        &rfa_cmd_plan,
	&rfa_cmd_backup_list, &rfa_cmd_backup_get, &rfa_cmd_backup_verify, &rfa_cmd_schedule,
	&rfa_cmd_watch,       &rfa_cmd_resume,     &rfa_cmd_rollback,      &rfa_cmd_abort,
	&rfa_cmd_status,      &rfa_cmd_verified,   &rfa_cmd_runs,          &rfa_cmd_show,
	&rfa_cmd_log,         &rfa_cmd_history,    &rfa_cmd_logs,          &rfa_cmd_notify,
	&rfa_cmd_notify_test, &rfa_cmd_verify,     &rfa_cmd_flows,         &rfa_cmd_ledger_verify,
	&rfa_cmd_ledger_path, &rfa_cmd_ledger_git, &rfa_cmd_lock_show,     &rfa_cmd_help,
	&rfa_cmd_version,     &rfa_cmd_completion, &rfa_cmd_config_schema,
};
const struct rfa_cli_commands rfa_commands = {
	commands,
	sizeof(commands) / sizeof(commands[0]),
	&rfa_cmd_flow,
};

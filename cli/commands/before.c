/* Makes a backup, and then lets the run begin for which it was made. */
#include "cli/commands/before.h"

#include <string.h>

#include "cli/commands/drive.h"
#include "cli/commands/typed.h"
#include "cli/report/preview.h"
#include "fsm/base/quote.h"
#include "fsm/parts/args.h"

typedef int make_plan(struct rfa_cli *, const struct rfa_flow *, json_t **plan, struct rfa_error *);

static const struct rfa_flow *flow_that_backs_up(void)
{
	const struct rfa_flow *const *flows;
	const struct rfa_flow *found = NULL;
	size_t i, n;

	flows = rfa_flows(&n);
	for (i = 0; i < n; i++)
		if (flows[i]->args->flags & RFA_ARGS_BACKS_UP)
			found = flows[i];
	return found;
}

/* Whoever ends the backup in another process is told what to type then. */
static int put_then(const struct rfa_cli *cli, json_t *plan, struct rfa_error *err)
{
	struct rfa_buf line = RFA_BUF_INIT(64 * 1024);
	int rc = 0;

	rfa_buf_puts(&line, "rfa ");
	if (cli->argv)
		rfa_quote_argv(&line, (const char *const *)cli->argv + 1);
	rc = rfa_buf_check(&line, err);
	if (rc == 0)
		rc = rfa_plan_set(plan, "then", json_string(rfa_buf_str(&line)), err);
	rfa_buf_release(&line);
	return rc;
}

/* "before promote to prod" stays in the history. */
static int put_why(json_t *plan, const json_t *for_plan, struct rfa_error *err)
{
	const char *flow = rfa_facts_str(for_plan, "flow", "?");
	const char *env = rfa_facts_str(for_plan, "target/env", "?");

	return rfa_plan_set(plan, "reason", json_sprintf("before %s to %s", flow, env), err);
}

/* *out (new): the plan of a backup of what this plan will replace. */
static int plan_backup(struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan,
		       make_plan *make, json_t **out, struct rfa_error *err)
{
	const char *words[] = { rfa_facts_str(plan, "stack", ""), "--env",
				rfa_facts_str(plan, "target/env", ""), NULL };
	struct rfa_typed before;
	int rc = rfa_cli_type(cli, flow, words, &before, err);

	if (rc == 0)
		rc = make(cli, flow, out, err);
	rfa_cli_untype(cli, &before);
	if (rc == 0)
		rc = put_why(*out, plan, err);
	return rc ? rc : put_then(cli, *out, err);
}

/* The run that follows begins as if nothing had been driven before it. */
static int take_backup(struct rfa_cli *cli, const json_t *backup, json_t *plan,
		       struct rfa_error *err)
{
	char now[RFA_TIME_MAX];
	int rc = rfa_plan_set(plan, "data_backup",
			      json_string(rfa_facts_str(backup, "options/backup", "")), err);

	rfa_time_iso(cli->clock->wall_ms(cli->clock), now);
	if (rc == 0)
		rc = rfa_plan_set(plan, "backup_at", json_string(now), err);
	rfa_story_release(&cli->report);
	return rc;
}

int rfa_cli_backup_before(struct rfa_cli *cli, json_t *plan, make_plan *make, struct rfa_error *err)
{
	const struct rfa_flow *flow = flow_that_backs_up();
	json_t *backup = NULL;
	int rc;

	if (!flow || !rfa_facts_bool(plan, "options/backup_first", 0))
		return 0;
	cli->report.is_run = 1;
	rc = rfa_preview_judge(cli, plan, err);
	if (rc == 0)
		rc = plan_backup(cli, flow, plan, make, &backup, err);
	if (rc == 0) {
		rfa_preview_say(cli, flow, backup);
		cli->report.goes_on = 1;
		rc = rfa_cli_begin(cli, backup, err);
	}
	if (rc == 0)
		rc = take_backup(cli, backup, plan, err);
	json_decref(backup);
	return rc;
}

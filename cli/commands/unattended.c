/* A line that was cut at night must not leave a stack stopped until the morning. */
#include "cli/commands/unattended.h"

#include <string.h>

#include "cli/commands/drive.h"

enum { RESUMES = 60, RESUME_MS = 60 * 1000, WAITS = 12, WAIT_MS = 10 * 60 * 1000 };

static int asked_to_stop(const struct rfa_cli *cli)
{
	return cli->cancel && *cli->cancel;
}

static void say(const struct rfa_cli *cli, const struct rfa_error *err, const char *next)
{
	struct rfa_buf safe = RFA_BUF_INIT(4096);
	rfa_out_warn(&cli->out, "%s; %s", rfa_out_safe(&safe, err->msg, 300), next);
	rfa_buf_release(&safe);
}

static int stands_half_way(const struct rfa_cli *cli, int rc, const struct rfa_error *err)
{
	return rc < 0 && cli->report.result.run[0] && cli->report.result.final == RFA_FINAL_NONE &&
	       err->code != RFA_ELOCKED && err->code != RFA_EREFUSED && !asked_to_stop(cli);
}

static int carry_on(struct rfa_cli *cli, int rc, struct rfa_error *err)
{
	char run[RFA_RUN_ID_MAX];
	for (int i = 0; i < RESUMES && stands_half_way(cli, rc, err); i++) {
		snprintf(run, sizeof(run), "%s", cli->report.result.run);
		say(cli, err, "carrying on in a minute");
		cli->clock->sleep_ms(cli->clock, RESUME_MS);
		if (asked_to_stop(cli))
			break;
		rc = rfa_cli_take_over(cli, run, RFA_RESUME_CONTINUE, err);
	}
	return rc;
}

/* That of an earlier night, of whatever a timer begins; another kind of run is somebody's. */
static int may_finish(struct rfa_cli *cli, const char *blocker)
{
	const struct rfa_flow *flow = NULL;
	struct rfa_history *history = NULL;
	struct rfa_error ignored;
	int may = 0;
	if (*blocker && rfa_ledger_load(cli->ledger, blocker, &history, &ignored) == 0) {
		flow = rfa_flow_by_name(history->flow);
		may = flow && (flow->args->flags & RFA_ARGS_UNATTENDED) && !history->alive &&
		      history->final == RFA_FINAL_NONE;
	}
	rfa_history_free(history);
	return may;
}

/* However that run ends, it is out of the way; only if it stands half-way still, so do we. */
static int finish_blocker(struct rfa_cli *cli, struct rfa_error *err)
{
	char blocker[RFA_RUN_ID_MAX];
	snprintf(blocker, sizeof(blocker), "%s", cli->report.result.blocker);
	say(cli, err, "that one was left half-way: it goes first");
	int rc = rfa_cli_take_over(cli, blocker, RFA_RESUME_CONTINUE, err);
	rc = carry_on(cli, rc, err);
	return cli->report.result.final == RFA_FINAL_NONE ? rc : 0;
}

int rfa_cli_unattended(struct rfa_cli *cli,
		       int (*make)(struct rfa_cli *, void *user, json_t **plan, struct rfa_error *),
		       void *user, struct rfa_error *err)
{
	for (int i = 0;; i++) {
		json_t *plan = NULL;
		int rc = make(cli, user, &plan, err);
		if (rc == 0)
			rc = rfa_cli_begin(cli, plan, err);
		json_decref(plan);
		rc = carry_on(cli, rc, err);
		if (rc != -(int)RFA_ELOCKED || i == WAITS || asked_to_stop(cli))
			return rc;
		if (may_finish(cli, cli->report.result.blocker)) {
			rc = finish_blocker(cli, err);
			if (rc < 0)
				return rc;
			continue;
		}
		say(cli, err, "trying again in ten minutes");
		cli->clock->sleep_ms(cli->clock, WAIT_MS);
		if (asked_to_stop(cli))
			return rc;
	}
}

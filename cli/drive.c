/* Drives runs: connects first, hands everything to the driver, tells what came of it. */
#include "cli/drive.h"

#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "cli/hosts.h"
#include "cli/signals.h"
#include "cli/tell.h"

struct who {
	char user[64], machine[128];
};

static void find_who(struct who *who)
{
	const struct passwd *entry = getpwuid(getuid());
	snprintf(who->user, sizeof(who->user), "%s", entry ? entry->pw_name : "?");
	if (gethostname(who->machine, sizeof(who->machine)) != 0)
		snprintf(who->machine, sizeof(who->machine), "?");
	who->machine[sizeof(who->machine) - 1] = '\0';
}

static void take_names(struct rfa_story *story, const json_t *plan)
{
	snprintf(story->flow, sizeof(story->flow), "%s", rfa_facts_str(plan, "flow", ""));
	snprintf(story->stack, sizeof(story->stack), "%s", rfa_facts_str(plan, "stack", ""));
	snprintf(story->from, sizeof(story->from), "%s", rfa_facts_str(plan, "source/env", ""));
	snprintf(story->to, sizeof(story->to), "%s", rfa_facts_str(plan, "target/env", ""));
}

static struct rfa_run_options options_of(struct rfa_cli *cli, const struct rfa_hosts *hosts,
					 struct rfa_teller *teller, const struct who *who)
{
	struct rfa_run_options options = {
		.ledger = cli->ledger,
		.source = hosts->source,
		.target = hosts->target,
		.clock = cli->clock,
		.trace = &teller->trace,
		.cancel = cli->cancel,
		.user = who->user,
		.machine = who->machine,
		.reason = rfa_cli_option(cli, "reason"),
	};
	return options;
}

static void say_success(struct rfa_cli *cli)
{
	const struct rfa_story *s = &cli->story;
	const struct rfa_out *o = &cli->out;
	const struct rfa_run_result *r = &s->result;
	struct rfa_buf version = RFA_BUF_INIT(1024);

	if (o->events) {
		json_t *line = json_pack("{s:s,s:s,s:i,s:s,s:s,s:s}", "event", "result", "run",
					 r->run, "status", 0, "final", rfa_final_word(r->final),
					 "point", r->point, "version", r->version);
		json_dumpf(line, o->out, JSON_COMPACT | JSON_ENSURE_ASCII);
		fputc('\n', o->out);
		json_decref(line);
		return;
	}
	rfa_out_say(o, "%s%s%s on %s: %s runs now (run %s)", rfa_out_style(o, o->out, RFA_GREEN),
		    s->stack, rfa_out_style(o, o->out, RFA_PLAIN), s->to,
		    r->version[0] ? rfa_out_safe(&version, r->version, 0) : "what was asked for",
		    r->run);
	if (r->point[0])
		rfa_out_say(o, "to go back: rfa rollback %s --env %s --to %s", s->stack, s->to,
			    r->point);
	rfa_buf_release(&version);
}

static int finish(struct rfa_cli *cli, struct rfa_teller *teller, int rc)
{
	rfa_teller_clear(teller);
	rfa_signals_run(NULL);
	if (rc == 0)
		say_success(cli);
	return rc;
}

int rfa_cli_begin(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err)
{
	struct rfa_hosts hosts = { NULL, NULL };
	struct rfa_teller teller;
	struct who who;
	int rc = rfa_cli_ledger(cli, err);

	cli->story.is_run = 1;
	take_names(&cli->story, plan);
	if (rc == 0)
		rc = rfa_hosts_of_plan(cli, plan, 1, &hosts, err);
	if (rc == 0) {
		rfa_teller_init(&teller, &cli->out, &cli->story);
		find_who(&who);
		struct rfa_run_options options = options_of(cli, &hosts, &teller, &who);
		rc = rfa_run_begin(&options, plan, &cli->story.result, err);
		rc = finish(cli, &teller, rc);
	}
	rfa_hosts_release(&hosts);
	return rc;
}

int rfa_cli_take_over(struct rfa_cli *cli, const char *run, enum rfa_run_way way,
		      struct rfa_error *err)
{
	struct rfa_hosts hosts = { NULL, NULL };
	struct rfa_history *history = NULL;
	struct rfa_teller teller;
	struct who who;
	int rc = rfa_cli_ledger(cli, err);

	cli->story.is_run = 1;
	if (rc == 0)
		rc = rfa_ledger_load(cli->ledger, run, &history, err);
	if (rc < 0)
		return rc;
	take_names(&cli->story, history->plan);
	cli->story.result.final = history->final;
	snprintf(cli->story.result.run, sizeof(cli->story.result.run), "%s", history->run);
	/* A finished run needs no host; a run that is left to itself must not need one. */
	if (history->final == RFA_FINAL_NONE)
		rc = rfa_hosts_of_plan(cli, history->plan, way != RFA_RUN_LEAVE, &hosts, err);
	if (rc == 0) {
		rfa_teller_init(&teller, &cli->out, &cli->story);
		find_who(&who);
		struct rfa_run_options options = options_of(cli, &hosts, &teller, &who);
		rc = rfa_run_resume(&options, history->run, way, &cli->story.result, err);
		rc = finish(cli, &teller, rc);
	}
	rfa_hosts_release(&hosts);
	rfa_history_free(history);
	return rc;
}

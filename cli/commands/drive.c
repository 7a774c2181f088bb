/* Drives runs: connects first, hands everything to the driver, tells what came of it. */
#include "cli/commands/drive.h"

#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands/hooks.h"
#include "cli/config/hosts.h"
#include "cli/config/repository.h"
#include "cli/frame/signals.h"
#include "cli/notify/notify.h"
#include "cli/report/points.h"
#include "cli/report/ticker.h"
#include "fsm/parts/text.h"

void rfa_cli_who(struct rfa_who *who)
{
	const struct passwd *entry = getpwuid(getuid());
	snprintf(who->user, sizeof(who->user), "%s", entry ? entry->pw_name : "?");
	if (gethostname(who->machine, sizeof(who->machine)) != 0)
		snprintf(who->machine, sizeof(who->machine), "?");
	who->machine[sizeof(who->machine) - 1] = '\0';
}

static void take_plan(struct rfa_run_report *report, const json_t *plan)
{
	json_decref(report->plan);
	report->plan = rfa_facts_copy_shallow(plan);
}

/* What a command in a container wrote is the answer, and its exit status is rfa's. */
static void take_output(void *user, int status, const char *text, size_t len)
{
	struct rfa_cli *cli = user;
	const char *at = text, *end = text + len;

	cli->report.output = 1;
	cli->status = status;
	if (cli->out.events)
		return; /* the facts of the step have its beginning */
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		rfa_out_line(&cli->out, "", at, (size_t)(stop - at));
		at = stop + 1;
	}
	fflush(cli->out.out);
}

static struct rfa_run_options options_of(struct rfa_cli *cli, const struct rfa_hosts *hosts,
					 struct rfa_reporter *reporter, const struct rfa_who *who)
{
	struct rfa_run_options options = {
		.ledger = cli->ledger,
		.hosts = { [RFA_SOURCE] = hosts->source, [RFA_TARGET] = hosts->target },
		.clock = cli->clock,
		.trace = &reporter->trace,
		.cancel = cli->cancel,
		.user = who->user,
		.machine = who->machine,
		.reason = rfa_cli_option(cli, "reason"),
		.secret = rfa_cli_secret,
		.login = rfa_cli_login,
		.output = take_output,
		.command = rfa_hooks_run,
		.repository = rfa_cli_repository,
		.secret_user = cli,
	};
	return options;
}

static void say_result(const struct rfa_run_report *s, const struct rfa_out *o)
{
	const struct rfa_run_result *r = &s->result;
	json_t *line =
	    json_pack("{s:s,s:s,s:i,s:s,s:s,s:s}", "event", "result", "run", r->run, "status", 0,
		      "final", rfa_final_word(r->final), "point", r->point, "version", r->version);
	json_t *backup = rfa_facts_at(s->plan, "options/backup");
	if (!backup)
		backup = rfa_facts_at(s->plan, "options/data_backup");
	if (backup)
		json_object_set(line, "backup", backup);
	if (r->data[0])
		json_object_set_new(line, "data_point", json_string(r->data));
	json_dumpf(line, o->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', o->out);
	json_decref(line);
}

/* "shop on prod: v2 runs now (run …)". A run about a host itself is about no stack. */
static void say_done(const struct rfa_out *o, const struct rfa_run_report *s,
		     const struct rfa_flow_text *text)
{
	const char *stack = rfa_facts_str(s->plan, "stack", "");
	struct rfa_buf name = RFA_BUF_INIT(256), done = RFA_BUF_INIT(4096);
	int is_host = stack[0] == '_';

	json_object_set_new(
	    s->plan, "version",
	    json_string(s->result.version[0] ? s->result.version : "what was asked for"));
	rfa_text_fill(&name, text->name, s->plan);
	rfa_text_fill(&done, text->done, s->plan);
	if (s->output) /* `out` has the output of a command */
		rfa_out_note(o, "%s on %s: %s (run %s)", stack, rfa_buf_str(&name),
			     rfa_buf_str(&done), s->result.run);
	else
		rfa_out_say(o, "%s%s%s%s%s: %s (run %s)", rfa_out_style(o, o->out, RFA_GREEN),
			    is_host ? "" : stack, rfa_out_style(o, o->out, RFA_PLAIN),
			    is_host ? "" : " on ", rfa_buf_str(&name), rfa_buf_str(&done),
			    s->result.run);
	rfa_buf_release(&name);
	rfa_buf_release(&done);
}

/* The ordinary commands that undo what this run did. */
static void say_way_back(struct rfa_cli *cli)
{
	const struct rfa_run_report *s = &cli->report;
	const char *stack = rfa_facts_str(s->plan, "stack", "");
	const char *env = rfa_facts_str(s->plan, "target/env", "");
	struct rfa_buf command = RFA_BUF_INIT(4096);

	if (s->result.point[0]) {
		rfa_points_command(cli, env, stack, s->result.point, &command);
		rfa_out_say(&cli->out, "to go back: %s", rfa_buf_str(&command));
		rfa_buf_clear(&command);
	}
	if (s->result.data[0]) {
		rfa_points_command(cli, env, stack, s->result.data, &command);
		rfa_out_say(&cli->out, "%s %s", s->result.point[0] ? "and then: " : "to go back:",
			    rfa_buf_str(&command));
	}
	rfa_buf_release(&command);
}

static void say_success(struct rfa_cli *cli)
{
	const struct rfa_run_report *s = &cli->report;
	const struct rfa_out *o = &cli->out;
	const struct rfa_flow *flow = rfa_flow_by_name(rfa_facts_str(s->plan, "flow", ""));
	char took[RFA_SHORT_MAX];

	if (o->events) {
		if (!s->goes_on)
			say_result(s, o);
		return;
	}
	if (o->json)
		return; /* its document was the answer */
	if (flow)
		say_done(o, s, flow->text);
	if (s->schema[0])
		rfa_out_say(o, "%s", s->schema);
	if (s->ended_ms > s->begun_ms && s->begun_ms)
		rfa_out_note(o, "it took %s%s%s", rfa_out_duration(took, s->ended_ms - s->begun_ms),
			     s->bytes ? "; bytes that travelled: " : "",
			     s->bytes ? RFA_SIZE(s->bytes) : "");
	if (rfa_facts_at(s->plan, "options/then") && !s->goes_on) {
		struct rfa_buf safe = RFA_BUF_INIT(65536);
		rfa_out_say(o, "next: %s",
			    rfa_out_safe(&safe, rfa_facts_str(s->plan, "options/then", ""), 0));
		rfa_buf_release(&safe);
	}
	say_way_back(cli);
}

static int finish(struct rfa_cli *cli, struct rfa_reporter *reporter, struct rfa_ticker *ticker,
		  int rc)
{
	rfa_ticker_stop(ticker);
	rfa_reporter_clear(reporter);
	rfa_signals_run(NULL);
	if (rc == 0)
		say_success(cli);
	return rc;
}

int rfa_cli_begin(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err)
{
	struct rfa_hosts hosts = { NULL, NULL };
	struct rfa_reporter reporter;
	struct rfa_ticker ticker;
	struct rfa_who who;
	int rc = rfa_cli_ledger(cli, err);

	cli->report.is_run = 1;
	take_plan(&cli->report, plan);
	if (rc == 0)
		rc = rfa_cli_secrets(cli, plan, err);
	if (rc == 0)
		rc = rfa_hosts_of_plan(cli, plan, 1, &hosts, err);
	if (rc == 0) {
		rfa_notify_before(cli);
		rfa_hooks_before(cli, plan);
		rfa_reporter_init(&reporter, &cli->out, &cli->report);
		rfa_ticker_start(&ticker, &reporter, cli->clock);
		rfa_cli_who(&who);
		struct rfa_run_options options = options_of(cli, &hosts, &reporter, &who);
		rc = rfa_run_begin(&options, plan, &cli->report.result, err);
		rc = finish(cli, &reporter, &ticker, rc);
		rfa_hooks_behind(cli, hosts.target);
	}
	rfa_hosts_release(&hosts);
	return rc;
}

int rfa_cli_take_over(struct rfa_cli *cli, const char *run, enum rfa_resume_mode mode,
		      struct rfa_error *err)
{
	struct rfa_hosts hosts = { NULL, NULL };
	struct rfa_history *history = NULL;
	struct rfa_reporter reporter;
	struct rfa_ticker ticker;
	struct rfa_who who;
	int open;
	int rc = rfa_cli_ledger(cli, err);

	cli->report.is_run = 1;
	if (rc == 0)
		rc = rfa_ledger_load(cli->ledger, run, &history, err);
	if (rc < 0)
		return rc;
	take_plan(&cli->report, history->plan);
	cli->report.result.final = history->final;
	snprintf(cli->report.result.run, sizeof(cli->report.result.run), "%s", history->run);
	/* A finished run needs no host; a run that is left to itself must not need one. */
	open = history->final == RFA_FINAL_NONE || rfa_hooks_due(cli, history);
	if (open && mode != RFA_RESUME_DETACH)
		rc = rfa_cli_secrets(cli, history->plan, err);
	/* The way back may do without: it must not fail for a password that is gone. */
	if (rc < 0 && mode != RFA_RESUME_CONTINUE) {
		rfa_out_warn(&cli->out, "%s", err->msg);
		rfa_error_clear(err);
		rc = 0;
	}
	if (rc == 0 && open)
		rc = rfa_hosts_of_plan(cli, history->plan, mode != RFA_RESUME_DETACH, &hosts, err);
	if (rc == 0) {
		rfa_notify_before(cli);
		rfa_reporter_init(&reporter, &cli->out, &cli->report);
		rfa_ticker_start(&ticker, &reporter, cli->clock);
		rfa_cli_who(&who);
		struct rfa_run_options options = options_of(cli, &hosts, &reporter, &who);
		rc = rfa_run_resume(&options, history->run, mode, &cli->report.result, err);
		rc = finish(cli, &reporter, &ticker, rc);
		rfa_hooks_behind(cli, hosts.target);
	}
	rfa_hosts_release(&hosts);
	rfa_history_free(history);
	return rc;
}

/* Drives runs: connects first, hands everything to the driver, tells what came of it. */
#include "cli/drive.h"

#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "cli/hosts.h"
#include "cli/secrets.h"
#include "cli/signals.h"
#include "cli/ticker.h"

void rfa_cli_who(struct rfa_who *who)
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
	snprintf(story->backup, sizeof(story->backup), "%s",
		 rfa_facts_str(plan, "options/backup", ""));
}

static struct rfa_run_options options_of(struct rfa_cli *cli, const struct rfa_hosts *hosts,
					 struct rfa_teller *teller, const struct rfa_who *who)
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
		.secret = rfa_secrets_value,
		.secret_user = cli,
	};
	return options;
}

static void say_result(const struct rfa_story *s, const struct rfa_out *o)
{
	const struct rfa_run_result *r = &s->result;
	json_t *line =
	    json_pack("{s:s,s:s,s:i,s:s,s:s,s:s}", "event", "result", "run", r->run, "status", 0,
		      "final", rfa_final_word(r->final), "point", r->point, "version", r->version);
	if (s->backup[0])
		json_object_set_new(line, "backup", json_string(s->backup));
	json_dumpf(line, o->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', o->out);
	json_decref(line);
}

/* What is true now, by flow; where none is listed, something else runs. */
static void put_news(const struct rfa_story *s, struct rfa_buf *into)
{
	static const struct {
		const char *flow, *what;
	} news[] = {
		{ "data", "it has the data of @ now" },
		{ "rollback-data", "it has the data of that rollback point again" },
		{ "restore", "it has the data of the backup # now" },
		{ "drill", "the backup # is proven, and the own data serves again" },
		{ "backup", "the backup # is complete, and was read back" },
		{ "prune", "only the newest of its replaced data is left" },
		{ "prune-backups", "the backups that no rule keeps are gone" },
		{ "free-lock", "its lock is free" },
		{ "accept-ledger", "it trusts this ledger" },
	};
	struct rfa_buf version = RFA_BUF_INIT(1024);
	const char *what = NULL;

	for (size_t i = 0; i < sizeof(news) / sizeof(news[0]); i++)
		what = strcmp(news[i].flow, s->flow) == 0 ? news[i].what : what;
	if (!what)
		rfa_buf_printf(into, "%s runs now",
			       s->result.version[0] ? rfa_out_safe(&version, s->result.version, 0)
						    : "what was asked for");
	for (const char *p = what; p && *p; p++) {
		if (*p == '@' || *p == '#')
			rfa_buf_puts(into, *p == '@' ? s->from : s->backup);
		else
			rfa_buf_putc(into, *p);
	}
	rfa_buf_release(&version);
}

static void say_success(struct rfa_cli *cli)
{
	const struct rfa_story *s = &cli->story;
	const struct rfa_out *o = &cli->out;
	struct rfa_buf news = RFA_BUF_INIT(2048);
	char where[96];
	char took[RFA_SHORT_MAX];

	if (o->events) {
		say_result(s, o);
		return;
	}
	if (o->json)
		return; /* its document was the answer */
	snprintf(where, sizeof(where), "%s%s", s->stack[0] == '_' ? "" : " on ",
		 strcmp(s->flow, "backup") == 0 ? s->from : s->to);
	put_news(s, &news);
	/* A run about a host itself is about no stack. */
	rfa_out_say(o, "%s%s%s%s: %s (run %s)", rfa_out_style(o, o->out, RFA_GREEN),
		    s->stack[0] == '_' ? "" : s->stack, rfa_out_style(o, o->out, RFA_PLAIN), where,
		    rfa_buf_str(&news), s->result.run);
	if (s->ended_ms > s->begun_ms && s->begun_ms)
		rfa_out_note(o, "it took %s%s%s", rfa_out_duration(took, s->ended_ms - s->begun_ms),
			     s->bytes ? "; bytes that travelled: " : "",
			     s->bytes ? RFA_SIZE(s->bytes) : "");
	if (s->result.point[0])
		rfa_out_say(o, "to go back: rfa rollback %s --env %s --to %s", s->stack, s->to,
			    s->result.point);
	rfa_buf_release(&news);
}

static int finish(struct rfa_cli *cli, struct rfa_teller *teller, struct rfa_ticker *ticker, int rc)
{
	rfa_ticker_stop(ticker);
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
	struct rfa_ticker ticker;
	struct rfa_who who;
	int rc = rfa_cli_ledger(cli, err);

	cli->story.is_run = 1;
	take_names(&cli->story, plan);
	if (rc == 0)
		rc = rfa_secrets_need(cli, plan, err);
	if (rc == 0)
		rc = rfa_hosts_of_plan(cli, plan, 1, &hosts, err);
	if (rc == 0) {
		rfa_teller_init(&teller, &cli->out, &cli->story);
		rfa_ticker_start(&ticker, &teller, cli->clock);
		rfa_cli_who(&who);
		struct rfa_run_options options = options_of(cli, &hosts, &teller, &who);
		rc = rfa_run_begin(&options, plan, &cli->story.result, err);
		rc = finish(cli, &teller, &ticker, rc);
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
	struct rfa_ticker ticker;
	struct rfa_who who;
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
	if (history->final == RFA_FINAL_NONE && way == RFA_RUN_ON)
		rc = rfa_secrets_need(cli, history->plan, err);
	if (rc == 0 && history->final == RFA_FINAL_NONE)
		rc = rfa_hosts_of_plan(cli, history->plan, way != RFA_RUN_LEAVE, &hosts, err);
	if (rc == 0) {
		rfa_teller_init(&teller, &cli->out, &cli->story);
		rfa_ticker_start(&ticker, &teller, cli->clock);
		rfa_cli_who(&who);
		struct rfa_run_options options = options_of(cli, &hosts, &teller, &who);
		rc = rfa_run_resume(&options, history->run, way, &cli->story.result, err);
		rc = finish(cli, &teller, &ticker, rc);
	}
	rfa_hosts_release(&hosts);
	rfa_history_free(history);
	return rc;
}

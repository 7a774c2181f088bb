/* The commands about runs that there are: resume, rollback, abort. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands/flow.h"
#include "cli/commands/drive.h"
#include "cli/report/points.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"

/* Resume. */

static int check_run_id(const char *run, struct rfa_error *err)
{
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	if (rfa_run_id_ok(run))
		return 0;
	rfa_fail(err, RFA_EUSAGE, "cli", "\"%s\" is not the id of a run",
		 rfa_out_safe(&safe, run, 60));
	rfa_buf_release(&safe);
	return rfa_error_hint(err, "`rfa runs --open` lists those that are unfinished");
}

static int show_next(struct rfa_cli *cli, const char *run, struct rfa_error *err)
{
	json_t *next = NULL;
	int rc = rfa_cli_ledger(cli, err);
	if (rc == 0)
		rc = rfa_run_next(cli->ledger, run, &next, err);
	if (rc == 0 && cli->out.json) {
		rc = rfa_out_json(&cli->out, next, err);
	} else if (rc == 0) {
		const char *action = rfa_facts_str(next, "action", "");
		if (strcmp(action, "end") == 0)
			rfa_out_say(&cli->out, "run %s: nothing is left to do; it ends %s", run,
				    rfa_facts_str(next, "final", ""));
		else
			rfa_out_say(&cli->out, "run %s: %s, next: %s %s (%s), attempt %d", run,
				    rfa_facts_str(next, "direction", ""), action,
				    rfa_facts_str(next, "step", ""),
				    rfa_facts_str(next, "state", ""),
				    (int)rfa_facts_int(next, "attempt", 1));
	}
	json_decref(next);
	return rc;
}

static int run_resume(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *run = rfa_cli_word(cli, 0);
	int rc = check_run_id(run, err);
	if (rc < 0)
		return rc;
	if (rfa_cli_option(cli, "dry-run"))
		return show_next(cli, run, err);
	if (cli->out.json) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--json goes with --dry-run; a run has --events");
		return rfa_error_hint(err, "see `rfa help resume`");
	}
	return rfa_cli_take_over(cli, run, RFA_RESUME_CONTINUE, err);
}

static const struct rfa_option resume_options[] = {
	{ "dry-run", 'n', NULL, NULL, NULL, "only say what would be done next" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_resume = {
	.name = "resume",
	.group = "unfinished runs",
	.words = "RUN",
	.summary = "carry on with a run that was interrupted",
	.details =
	    "Carries on from the exact step, whichever way the run was going. What may have\n"
	    "happened while nobody looked is looked at first. A finished run answers its\n"
	    "result again; a hook behind it that rfa died before is run.",
	.options = resume_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa resume 20261122-103015-4f2a9c", "carry on" },
		{ "rfa resume 20261122-103015-4f2a9c --dry-run", "say what would be done next" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_RUNS | RFA_CMD_READS,
	.min_words = 1,
	.max_words = 1,
	.run = run_resume,
};

/* Rollback. */

/* 1 if the operator asks for just what this flow brings back. */
static int is_asked_for(const struct rfa_cli *cli, const struct rfa_flow *flow)
{
	const struct rfa_flow *const *flows;
	size_t i, n;

	if (flow->args->with)
		return rfa_cli_option(cli, flow->args->with) != NULL;
	flows = rfa_flows(&n);
	for (i = 0; i < n; i++) {
		const char *with = flows[i]->args->with;
		if (with && rfa_cli_option(cli, with))
			return 0;
	}
	return 1;
}

/* The flow that brings back points of this kind, with what was asked for; NULL: none. */
static const struct rfa_flow *flow_of(const struct rfa_cli *cli, const char *kind)
{
	const struct rfa_flow *const *flows;
	size_t i, n;

	flows = rfa_flows(&n);
	for (i = 0; i < n; i++) {
		const char *to = flows[i]->args->goes_back_to;
		if (to && strcmp(to, kind) == 0 && is_asked_for(cli, flows[i]))
			return flows[i];
	}
	return NULL;
}

/*
 * What the point says of itself decides which flow brings it back. One that there is not is told by
 * the flow.
 */
static const struct rfa_flow *flow_to(struct rfa_cli *cli, const char *env, const char *stack,
				      const char *name)
{
	const char *kind = "images";
	const struct rfa_flow *found = NULL;
	struct rfa_error ignored;
	json_t *points = NULL, *point;

	if (rfa_cli_ledger(cli, &ignored) == 0 &&
	    rfa_catalog_points(cli->ledger, env, stack, &points, &ignored) == 0) {
		point = rfa_catalog_point_meant(points, name);
		kind = rfa_facts_str(point, "kind", kind);
	}
	found = flow_of(cli, kind);
	json_decref(points);
	return found;
}

/* Twice --last would bring back what was just taken away. */
static int check_last(struct rfa_cli *cli, const char *env, const char *stack,
		      struct rfa_error *err)
{
	const struct rfa_flow *flow;
	json_t *there = NULL;
	char path[256];
	int rc = rfa_cli_ledger(cli, err);

	snprintf(path, sizeof(path), "environments/%.64s/%.64s.json", env, stack);
	if (rc == 0)
		rc = rfa_catalog_find(cli->ledger, path, &there, err);
	flow = rfa_flow_by_name(rfa_facts_str(there, "flow", ""));
	if (rc == 0 && flow && flow->args->goes_back_to) {
		rfa_fail(err, RFA_EREFUSED, "ledger",
			 "%s on %s has just gone back (run %.40s): --last would bring back what it "
			 "took away",
			 stack, env, rfa_facts_str(there, "run", "?"));
		rc = rfa_error_hint(err, "name the point: rfa rollback %s --env %s lists them",
				    stack, env);
	}
	json_decref(there);
	return rc;
}

/* Files go back with the containers that read them, and with nothing else. */
static int check_with_files(const struct rfa_cli *cli, const struct rfa_flow *flow,
			    const char *name, struct rfa_error *err)
{
	if (!rfa_cli_option(cli, "with-files"))
		return 0;
	if (!strcmp(flow->args->goes_back_to, "images"))
		return 0;
	rfa_fail(err, RFA_EUSAGE, "cli", "--with-files goes with a point of images");
	return rfa_error_hint(err, "leave it out: %.100s is of %s", name, flow->args->goes_back_to);
}

static int run_rollback(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *word = rfa_cli_word(cli, 0), *env = NULL;
	const char *name = rfa_cli_option(cli, "to");
	int last = rfa_cli_option(cli, "last") != NULL;
	int database = rfa_cli_option(cli, "with-database") != NULL;

	if (name && last) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--to and --last are one too many");
		return rfa_error_hint(err, "--last is the newest rollback point of images");
	}
	if (rfa_cli_option(cli, "backup") && !database) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--backup goes with --with-database");
		return rfa_error_hint(err, "`rfa restore` puts a backup back, and leaves the "
					   "images as they are");
	}
	if ((database || rfa_cli_option(cli, "with-files")) && !name && !last) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--with-%s needs a point",
			 database ? "database" : "files");
		return rfa_error_hint(err, "name it with --to, or take the newest: --last");
	}
	if (rfa_run_id_ok(word)) {
		if (cli->command.preview || rfa_cli_option(cli, "dry-run")) {
			rfa_fail(err, RFA_EUSAGE, "cli",
				 "--dry-run goes with --to, not with a run");
			return rfa_error_hint(err, "`rfa show %s` tells what would be undone",
					      word);
		}
		cli->report.asked = RFA_FINAL_ROLLED_BACK;
		return rfa_cli_take_over(cli, word, RFA_RESUME_ROLLBACK, err);
	}
	int rc = rfa_cli_need(cli, "env", &env, err);
	if (rc == 0)
		rc = rfa_cli_config(cli, err);
	if (rc == 0)
		rc = rfa_config_has_stack(cli->config, word, err);
	if (rc == 0)
		rc = rfa_config_has_env(cli->config, env, err);
	if (rc < 0 || (!name && !last))
		return rc < 0 ? rc : rfa_points_show(cli, env, word, err);
	if (last && (rc = check_last(cli, env, word, err)) < 0)
		return rc;
	const struct rfa_flow *flow = flow_to(cli, env, word, name);
	if (flow && (rc = check_with_files(cli, flow, name, err)) < 0)
		return rc;
	if (flow)
		return rfa_flow_run(cli, flow, err);
	if (database) {
		rfa_fail(err, RFA_EUSAGE, "cli", "the rollback point %.100s is not one of images",
			 name);
		return rfa_error_hint(err, "--with-database goes with a point of images, whose "
					   "data it brings, too: leave it out");
	}
	rfa_fail(err, RFA_EREFUSED, "ledger",
		 "the rollback point %.100s is of a kind that this rfa does not know", name);
	return rfa_error_hint(err, "use the rfa that made it");
}

static const struct rfa_option rollback_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the environment" },
	{ "to", 0, "POINT", NULL, NULL,
	  "the rollback point, or the version that ran then; without it: the list" },
	{ "last", 0, NULL, NULL, NULL, "to the newest rollback point of images" },
	{ "with-database", 0, NULL, NULL, NULL,
	  "the data too: that of the backup which the point names" },
	{ "backup", 0, "ID", NULL, NULL, "with --with-database: another backup" },
	{ "with-files", 0, NULL, NULL, NULL,
	  "with the Compose files and variables that the containers had then" },
	{ "switch", 0, NULL, NULL, NULL,
	  "at once: all of the traffic in one share; only if no image has to travel" },
	{ "reason", 0, "TEXT", NULL, NULL, "why; kept in the ledger" },
	{ "dry-run", 'n', NULL, NULL, NULL, "only show what would change" },
	{ "wait-lock", 0, "SECONDS", NULL, NULL,
	  "wait so long for a run that is in the way; else it is refused" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_rollback = {
	.name = "rollback",
	.group = "unfinished runs",
	.words = "STACK --env ENV [--to POINT | --last] [--with-database] | RUN",
	.summary = "go back to what ran before, or undo an unfinished run",
	.details =
	    "With a run's id: undoes what that unfinished run did. With a stack: a new run\n"
	    "that brings a rollback point back; it says what it can and cannot bring back,\n"
	    "and asks for the environment's name. Without --to: lists the points. A point of\n"
	    "images brings containers back, a point of data (data-…) what was stored, one of "
	    "files\n"
	    "(files-…) the configuration that a sync has replaced. --with-database, for a new\n"
	    "version that has changed what is stored: images and data go back in one run, so\n"
	    "that neither version ever runs on the data of the other. Of a Compose stack a point\n"
	    "of images has its Compose files and variables, too: what differs now is told by file\n"
	    "and key, and --with-files brings it back in the same run, also together with\n"
	    "--with-database. An image that is not on the host any more is fetched before\n"
	    "anything stops: from an environment that still has it, else from a backup of the\n"
	    "images, else from its registry by digest.",
	.options = rollback_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa rollback ragflowauth --env prod", "list the rollback points, newest first" },
		{ "rfa rollback ragflowauth --env prod --to 20260131_170801", "go back" },
		{ "rfa rollback ragflowauth --env prod --last --yes prod", "from a script" },
		{ "rfa rollback ragflowauth --env prod --to 20260131_170801 --with-database",
		  "the old version and the data of its time, in one run" },
		{ "rfa rollback ragflowauth --env prod --to data-20260131-170801",
		  "the data that the run of that time replaced" },
		{ "rfa rollback 20261122-103015-4f2a9c", "undo an unfinished run" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_RUNS | RFA_CMD_READS | RFA_CMD_PLANS,
	.min_words = 1,
	.max_words = 1,
	.run = run_rollback,
};

/* Abort. */

static int run_abort(struct rfa_cli *cli, struct rfa_error *err)
{
	const char *run = rfa_cli_word(cli, 0);
	int no_undo = rfa_cli_option(cli, "no-undo") != NULL;
	int rc = check_run_id(run, err);

	if (rc == 0 && no_undo)
		rc =
		    rfa_cli_confirm(cli, run,
				    "No host will be touched: what the run did there stays, and so "
				    "do its locks.",
				    err);
	cli->report.asked = RFA_FINAL_ABORTED;
	if (rc == 0)
		rc = rfa_cli_take_over(cli, run, no_undo ? RFA_RESUME_DETACH : RFA_RESUME_ABORT,
				       err);
	return rc;
}

static const struct rfa_option abort_options[] = {
	{ "no-undo", 0, NULL, NULL, NULL, "touch no host: only end the run in the ledger" },
	{ "reason", 0, "TEXT", NULL, NULL, "why; kept in the ledger" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_abort = {
	.name = "abort",
	.group = "unfinished runs",
	.words = "RUN",
	.summary = "give an unfinished run up",
	.details =
	    "Undoes what the run did and ends it as ABORTED. With --no-undo no host is touched:\n"
	    "for a host that is gone for good. What was left there is recorded.",
	.options = abort_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa abort 20261122-103015-4f2a9c --reason \"wrong version\"",
		  "undo and end it" },
		{ "rfa abort 20261122-103015-4f2a9c --no-undo --yes 20261122-103015-4f2a9c",
		  "end it without touching a host, from a script" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_RUNS,
	.min_words = 1,
	.max_words = 1,
	.run = run_abort,
};

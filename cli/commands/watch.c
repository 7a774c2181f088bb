/* `rfa watch`: begins a run for each release that is published, by itself. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands/drive.h"
#include "cli/commands/flow.h"
#include "cli/commands/typed.h"
#include "cli/config/hosts.h"
#include "cli/notify/notify.h"
#include "cli/watch/list.h"
#include "fsm/parts/args.h"
#include "fsm/parts/opening.h"

enum { POLL_MS = 5 * 60 * 1000, WAIT_LOCK_S = 600 };

struct watcher {
	struct rfa_cli *cli;
	const struct rfa_flow *flow;
	const char *stack, *env;
	json_t *side, *keys; /* owned: of the environment, and "watch" */
	struct rfa_releases releases;
};

static const struct rfa_flow *flow_of_releases(void)
{
	const struct rfa_flow *const *flows;
	const struct rfa_flow *found = NULL;
	size_t i, n;

	flows = rfa_flows(&n);
	for (i = 0; i < n; i++)
		if (flows[i]->args->flags & RFA_ARGS_RELEASES)
			found = flows[i];
	return found;
}

static void say(void *user, int warn, const char *text)
{
	const struct rfa_out *o = &((struct watcher *)user)->cli->out;
	const struct watcher *w = user;

	if (warn)
		rfa_out_warn(o, "%s on %s: %s", w->stack, w->env, text);
	else if (o->events)
		rfa_out_note(o, "%s on %s: %s", w->stack, w->env, text);
	else
		rfa_out_say(o, "%s on %s: %s", w->stack, w->env, text);
	fflush(o->out);
}

static int list(void *user, struct rfa_watch_list *out, struct rfa_error *err)
{
	struct watcher *w = user;
	int rc =
	    rfa_releases_list(w->cli, w->stack, w->env, w->keys,
			      rfa_facts_str(w->side, "stack/source/git", ""), &w->releases, err);

	out->at = w->releases.at;
	out->n = w->releases.n;
	out->more = w->releases.forge.more;
	return rc;
}

static int may_begin(void *user, int *open, struct rfa_error *err)
{
	struct watcher *w = user;
	struct rfa_clock *clock = w->cli->clock;
	struct rfa_opening opening;
	char text[300];
	int rc =
	    rfa_opening_at(rfa_facts_at(w->side, "stack"), clock->wall_ms(clock), &opening, err);

	if (rc)
		return rc;
	snprintf(text, sizeof(text), "nothing is begun until %s%s%s", opening.until,
		 *opening.why ? ": " : "", opening.why);
	if (!opening.open)
		say(w, 0, text);
	*open = opening.open;
	return 0;
}

/* LOCKED: somebody else works on one of the hosts. A run that was begun could only fail. */
static int check_host(struct rfa_host *host, struct rfa_error *err)
{
	json_t *holder = NULL;
	int rc = host && host->runs ? host->runs->lock_read(host, &holder, err) : 0;

	if (!rc && holder) {
		rfa_fail(err, RFA_ELOCKED, "lock", "%s is locked by run %.40s (%.40s of %.63s)",
			 host->name, rfa_facts_str(holder, "run", "?"),
			 rfa_facts_str(holder, "flow", "?"), rfa_facts_str(holder, "stack", "?"));
		rc = rfa_error_hint(err, "rfa lock show %s", host->name);
	}
	json_decref(holder);
	return rc;
}

static int check_locks(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err)
{
	struct rfa_hosts hosts = { NULL, NULL };
	int rc = rfa_hosts_of_plan(cli, plan, 1, &hosts, err);

	if (!rc)
		rc = check_host(hosts.source, err);
	if (!rc)
		rc = check_host(hosts.target, err);
	rfa_hosts_release(&hosts);
	return rc;
}

/* What the run is begun for is part of its plan. */
static int put_release(json_t *plan, const struct rfa_due_release *r, struct rfa_error *err)
{
	json_t *release = rfa_facts_at(plan, "options/release");
	char at[RFA_TIME_MAX];
	int rc;

	if (strcmp(rfa_facts_str(release, "commit", ""), r->commit) != 0)
		return rfa_fail(err, RFA_ESTALE, "watch", "its tag was moved just now");
	rc = rfa_plan_set(plan, "once", json_string(r->once), err);
	if (!rc)
		rc = rfa_plan_set(plan, "wait_lock_s", json_integer(WAIT_LOCK_S), err);
	rfa_time_iso(r->published_ms, at);
	if (!rc && r->published_ms)
		rc = rfa_facts_set(release, "published", json_string(at), err);
	return rc;
}

static int plan_and_begin(struct watcher *w, const struct rfa_due_release *r, struct rfa_error *err)
{
	json_t *plan = NULL;
	int rc = rfa_flow_plan(w->cli, w->flow, &plan, err);

	if (!rc)
		rc = put_release(plan, r, err);
	if (!rc)
		rc = check_locks(w->cli, plan, err);
	if (!rc)
		rc = rfa_flow_begin(w->cli, w->flow, plan, err);
	json_decref(plan);
	return rc;
}

/* As if somebody had typed it. */
static int begin(void *user, const struct rfa_due_release *r, int *begun, struct rfa_error *err)
{
	struct watcher *w = user;
	const char *words[] = { w->stack, r->tag, "--to", w->env, NULL };
	struct rfa_typed before;
	int rc;

	rfa_story_release(&w->cli->report);
	rc = rfa_cli_type(w->cli, w->flow, words, &before, err);
	if (!rc)
		rc = plan_and_begin(w, r, err);
	rfa_cli_untype(w->cli, &before);
	*begun = w->cli->report.result.run[0] != '\0';
	return rc;
}

static int resume(void *user, const char *run, struct rfa_error *err)
{
	struct watcher *w = user;
	int rc;

	rfa_story_release(&w->cli->report);
	rc = rfa_cli_take_over(w->cli, run, RFA_RESUME_CONTINUE, err);
	if (rc == -(int)RFA_ELOCKED)
		rfa_story_release(&w->cli->report);
	return rc;
}

static int open_watcher(struct watcher *w, struct rfa_error *err)
{
	int rc = rfa_cli_config(w->cli, err);

	if (!rc)
		rc = rfa_config_has_stack(w->cli->config, w->stack, err);
	if (!rc)
		rc = rfa_config_has_env(w->cli->config, w->env, err);
	if (!rc)
		rc = rfa_config_side(w->cli->config, w->env, w->stack, &w->side, err);
	if (!rc)
		rc = rfa_config_watch(w->cli->config, w->env, w->stack, &w->keys, err);
	if (!rc && !rfa_facts_at(w->side, "stack/source/git")) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "the stack %.60s does not say where its git repository is", w->stack);
		rc = rfa_error_hint(err, "add source.git to it; see docs/release.md");
	}
	return rc ? rc : rfa_cli_ledger(w->cli, err);
}

static void close_watcher(struct watcher *w)
{
	rfa_releases_release(&w->releases);
	json_decref(w->side);
	json_decref(w->keys);
	w->side = w->keys = NULL;
}

static int look(struct watcher *w, struct rfa_error *err)
{
	const struct rfa_watch watch = {
		.of = { w->cli->ledger, w->flow, w->stack, w->env },
		.clock = w->cli->clock,
		.rules = { .tags = rfa_facts_str(w->side, "stack/source/tags", "*"),
			   .prerelease = rfa_facts_bool(w->keys, "prerelease", 0),
			   .all = !strcmp(rfa_facts_str(w->keys, "catch_up", ""), "all") },
		.look_only = rfa_cli_option(w->cli, "dry-run") != NULL,
		.list = list,
		.may_begin = may_begin,
		.begin = begin,
		.resume = resume,
		.say = say,
		.user = w,
	};

	return rfa_watch_look(&watch, err);
}

/* What another look will not mend: somebody has to. */
static int is_for_good(const struct rfa_cli *cli, const struct rfa_error *err)
{
	return !cli->report.result.run[0] && err->severity == RFA_FATAL;
}

/* By the rfa.json of now: a freeze, for example, counts at once. */
static int look_anew(struct watcher *w, int *opened, struct rfa_error *err)
{
	int rc;

	close_watcher(w);
	rfa_cli_forget(w->cli);
	rc = open_watcher(w, err);
	*opened = !rc;
	return rc ? rc : look(w, err);
}

/*
 * Look after look, until a signal. What goes wrong is told, and the next look is another one; so is
 * an rfa.json that somebody is still writing.
 */
static int go_round(struct watcher *w, struct rfa_error *err)
{
	struct rfa_cli *cli = w->cli;
	int opened = 1, rc = look(w, err);

	for (;;) {
		if (cli->cancel && *cli->cancel)
			return rc;
		if (rc && opened && is_for_good(cli, err))
			return rc;
		if (rc)
			rfa_cli_failure(cli, err);
		rfa_notify_after(cli);
		rfa_error_clear(err);
		cli->clock->sleep_ms(cli->clock, POLL_MS);
		if (cli->cancel && *cli->cancel)
			return 0;
		rc = look_anew(w, &opened, err);
	}
}

/* It is typed as it is with `rfa release`, and as it is with most others. */
static int find_env(struct watcher *w, struct rfa_error *err)
{
	const char *word = rfa_cli_word(w->cli, 1), *option = rfa_cli_option(w->cli, "env");

	w->env = word ? word : option;
	if (w->env && !(word && option && strcmp(word, option) != 0))
		return 0;
	rfa_fail(err, RFA_EUSAGE, "cli",
		 w->env ? "`rfa watch` looks for one environment"
			: "`rfa watch` needs the environment that releases are brought to");
	return rfa_error_hint(err, "rfa watch %s %s", w->stack, w->env ? w->env : "ENV");
}

static int run_watch(struct rfa_cli *cli, struct rfa_error *err)
{
	struct watcher w = { .cli = cli,
			     .flow = flow_of_releases(),
			     .stack = rfa_cli_word(cli, 0) };
	int once = rfa_cli_option(cli, "once") || rfa_cli_option(cli, "dry-run");
	int rc = find_env(&w, err);

	if (!rc)
		rc = open_watcher(&w, err);
	if (!rc)
		rc = once ? look(&w, err) : go_round(&w, err);
	close_watcher(&w);
	return rc;
}

static const struct rfa_option watch_options[] = {
	{ "env", 0, "ENV", NULL, NULL, "the same as the second word" },
	{ "once", 0, NULL, NULL, NULL, "look once, and end; for a timer" },
	{ "dry-run", 'n', NULL, NULL, NULL, "only say what is due" },
	RFA_OPTION_END,
};

const struct rfa_cli_command rfa_cmd_watch = {
	.name = "watch",
	.group = "deploy",
	.words = "STACK ENV | STACK --env ENV",
	.summary = "begin a run for each release that is published, by itself",
	.details =
	    "Looks for releases of the stack (\"watch\" in rfa.json; without it: tags that are\n"
	    "versions, as source.tags says), every five minutes until it is stopped, or with\n"
	    "--once one time. One that is newer than all that runs were begun for is brought to\n"
	    "ENV, as `rfa release` does it. Of several the newest is, unless catch_up is \"all\".\n"
	    "Each is begun once: one that ended badly is for somebody to look at. A run that was\n"
	    "interrupted goes on first. Outside of \"window\", and while another run is in the "
	    "way,\n"
	    "nothing is begun, and the exit status is 0. The first release is brought by hand.",
	.options = watch_options,
	.examples =
	    (const struct rfa_example[]){
		{ "rfa watch shop prod --dry-run", "what is due?" },
		{ "rfa watch shop prod --once", "look once" },
		{ "rfa schedule shop --env prod --for watch --write /etc/systemd/system",
		  "a timer that does it every five minutes" },
		{ NULL, NULL },
	    },
	.flags = RFA_CMD_RUNS,
	.min_words = 1,
	.max_words = 2,
	.run = run_watch,
};

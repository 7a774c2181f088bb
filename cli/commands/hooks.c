/* The operator's own commands around a run. */
#include "cli/commands/hooks.h"

#include <string.h>

#include "cli/commands/hooks_due.h"
#include "cli/config/hook_rules.h"
#include "cli/report/points.h"

/* With what is before the command: its environment. */
enum { WORDS = RFA_HOOK_WORDS + 16, SAID_MAX = 64 << 10, ENV = 7, TEXT_MAX = 300, LINES = 5 };

/* A command that lacks its last words is another one. */
static int too_long(struct rfa_error *err)
{
	return rfa_fail(err, RFA_ETOOBIG, "hook", "it has more than %d words", RFA_HOOK_WORDS);
}

int rfa_hooks_run(void *user, const struct rfa_host_command *command,
		  struct rfa_exec_answer *answer, struct rfa_error *err)
{
	const struct rfa_cli *cli = user;
	const char *argv[WORDS + 2] = { "env" };
	struct rfa_local_run run = { .argv = argv,
				     .input = "",
				     .timeout_ms = command->timeout_s * 1000,
				     .clock = cli->clock,
				     .said = answer->said };
	size_t n = 1;
	int rc;

	for (size_t i = 0; command->env[i] && n <= WORDS; i++)
		argv[n++] = command->env[i];
	if (strchr(command->argv[0], '=') || command->argv[0][0] == '-')
		return rfa_fail(err, RFA_ECONFIG, "hook", "that is no program's name");
	for (size_t i = 0; command->argv[i]; i++) {
		if (n > WORDS)
			return too_long(err);
		argv[n++] = command->argv[i];
	}
	rc = rfa_local_run(&run, &answer->status, err);
	/* It was ended: that is an answer. */
	if (rc == -(int)RFA_ESTALLED) {
		rfa_error_clear(err);
		answer->status = 124;
		rc = 0;
	}
	return rc;
}

/* Behind a run. */

struct behind {
	struct rfa_cli *cli;
	struct rfa_host *target;
	const json_t *hook;
	const char *which;
	char texts[ENV - 1][TEXT_MAX + 32];
	const char *env[ENV];
	const char *argv[WORDS + 1];
};

static void put(struct behind *b, size_t at, const char *name, const char *value)
{
	snprintf(b->texts[at], sizeof(b->texts[at]), "%s=%.*s", name, TEXT_MAX, value);
	b->env[at] = b->texts[at];
}

static void put_env(struct behind *b)
{
	const struct rfa_run_report *report = &b->cli->report;
	const struct rfa_run_result *r = &report->result;
	struct rfa_buf next = RFA_BUF_INIT(4096);

	if (r->final == RFA_FINAL_SUCCEEDED && r->point[0])
		rfa_points_command(b->cli, rfa_facts_str(report->plan, "target/env", ""),
				   rfa_facts_str(report->plan, "stack", ""), r->point, &next);
	else
		rfa_buf_printf(&next, "rfa show %s", r->run);
	put(b, 0, "RFA_RUN", r->run);
	put(b, 1, "RFA_STACK", rfa_facts_str(report->plan, "stack", ""));
	put(b, 2, "RFA_ENV", rfa_facts_str(report->plan, "target/env", ""));
	put(b, 3, "RFA_VERSION", r->version);
	put(b, 4, "RFA_FINAL", rfa_final_word(r->final));
	put(b, 5, "RFA_NEXT", rfa_buf_str(&next));
	rfa_buf_release(&next);
	b->env[6] = NULL;
}

static void put_words(struct behind *b)
{
	const json_t *command = json_object_get(b->hook, "command");
	size_t i;

	for (i = 0; i < json_array_size(command) && i < WORDS; i++)
		b->argv[i] = json_string_value(json_array_get(command, i));
	b->argv[i] = NULL;
}

/* The first lines of what it wrote, without secrets, and how many there are beside. */
static void say_lines(const struct rfa_out *o, const char *which, const struct rfa_buf *said)
{
	const char *at = rfa_buf_str(said), *end = at + said->len;
	struct rfa_out err = *o;
	char label[32];
	int n = 0;

	snprintf(label, sizeof(label), "hook %s", which);
	err.out = o->err;
	for (; at < end; n++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		if (n < LINES)
			rfa_out_line(&err, label, at, (size_t)(stop - at));
		at = stop + 1;
	}
	if (n > LINES)
		rfa_out_note(
		    o,
		    "the hook \"%s\" wrote %d more line%s, which rfa does not keep: let it "
		    "write a file, if they are to be read",
		    which, n - LINES, n - LINES == 1 ? "" : "s");
}

static int is_on_host(const struct behind *b)
{
	return !strcmp(rfa_facts_str(b->hook, "on", ""), "host");
}

static int run(struct behind *b, struct rfa_exec_answer *answer, struct rfa_error *err)
{
	const char *id = b->cli->report.result.run;
	const struct rfa_host_command command = { b->argv, b->env,
						  rfa_facts_int(b->hook, "timeout_s", 60) };
	const struct rfa_job_key key = { id, "hook", b->which };
	struct rfa_error ignored;
	int rc;

	if (json_array_size(json_object_get(b->hook, "command")) > WORDS)
		return too_long(err);
	if (!is_on_host(b))
		return rfa_hooks_run(b->cli, &command, answer, err);
	rc = b->target->runs->command(b->target, &key, &command, answer, err);
	/* The run's own things there are gone already. */
	if (!rc)
		(void)!b->target->runs->remove(b->target, id, &ignored);
	return rc;
}

static const json_t *hook_of(const struct rfa_run_report *report, const char **which)
{
	char path[64];

	*which = report->result.run[0] ? rfa_hook_behind(report->plan, report->result.final) : NULL;
	if (!*which)
		return NULL;
	snprintf(path, sizeof(path), "target/stack/hooks/%s", *which);
	return rfa_facts_at(report->plan, path);
}

/* 1 if it is ours to run. */
static int claim(struct behind *b, struct rfa_error *err)
{
	const struct rfa_run_report *report = &b->cli->report;

	if (is_on_host(b) && !b->target)
		return rfa_fail(err, RFA_EUNREACHABLE, "hook", "its host is not reached");
	return rfa_hook_claim(b->cli->ledger, report->plan, report->result.run, b->which,
			      report->result.was_over, err);
}

static void say_left(const struct rfa_cli *cli, const struct rfa_error *err)
{
	struct rfa_buf safe = RFA_BUF_INIT(4096);

	rfa_out_warn(&cli->out, "hooks: %s", rfa_out_safe(&safe, err->msg, 300));
	rfa_buf_release(&safe);
}

/* It has run, or could not; the ledger keeps how that ended. */
static void run_and_tell(struct behind *b)
{
	struct rfa_buf said = RFA_BUF_INIT(SAID_MAX), safe = RFA_BUF_INIT(4096);
	struct rfa_exec_answer answer = { 0, &said };
	const struct rfa_run_report *report = &b->cli->report;
	char how[64] = "has run";
	struct rfa_error err;

	put_env(b);
	if (run(b, &answer, &err) < 0) {
		rfa_out_warn(&b->cli->out, "the hook \"%s\": %s", b->which,
			     rfa_out_safe(&safe, err.msg, 300));
		snprintf(how, sizeof(how), "could not be run, or nobody saw it end");
	} else if (answer.status) {
		snprintf(how, sizeof(how), "ended with status %d", answer.status);
		rfa_out_warn(&b->cli->out, "the hook \"%s\" %s", b->which, how);
	} else {
		rfa_out_note(&b->cli->out, "the hook \"%s\" %s", b->which, how);
	}
	say_lines(&b->cli->out, b->which, &said);
	if (rfa_hook_ended(b->cli->ledger, report->plan, report->result.run, b->which, how, &err))
		say_left(b->cli, &err);
	rfa_buf_release(&said);
	rfa_buf_release(&safe);
}

void rfa_hooks_behind(struct rfa_cli *cli, struct rfa_host *target)
{
	struct behind b = { .cli = cli, .target = target };
	struct rfa_error err;
	int mine;

	b.hook = hook_of(&cli->report, &b.which);
	if (!b.hook)
		return;
	put_words(&b);
	mine = claim(&b, &err);
	if (mine > 0)
		run_and_tell(&b);
	else if (mine < 0)
		say_left(cli, &err);
}

void rfa_hooks_before(struct rfa_cli *cli, const json_t *plan)
{
	struct rfa_hook_seen seen;
	struct rfa_error err;

	if (rfa_hook_expect(cli->ledger, plan, &seen, &err))
		say_left(cli, &err);
	else if (seen.due)
		rfa_out_warn(&cli->out,
			     "the hook \"%s\" of run %s has not run: rfa resume %s runs it",
			     seen.which, seen.run, seen.run);
	else if (seen.run[0])
		rfa_out_warn(&cli->out, "the hook \"%s\" of run %s %s: look at what it has done",
			     seen.which, seen.run, seen.how);
}

int rfa_hooks_due(struct rfa_cli *cli, const struct rfa_history *history)
{
	struct rfa_hook_seen seen;
	struct rfa_error ignored;

	return !rfa_hook_look(cli->ledger, history->plan, history->run, history->final, &seen,
			      &ignored) &&
	       seen.due;
}

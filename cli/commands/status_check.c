/* Judges what the ledger says: what waits for somebody, what is owed, what is too old. */
#include "cli/commands/status_check.h"

#include <string.h>

#include "cli/notify/notify.h"
#include "fsm/parts/catalog.h"

enum { DAY_MS = 24 * 3600 * 1000, NO_LIMIT = -1 };

struct check {
	struct rfa_cli *cli;
	int64_t now, backup_days, drill_days;
	json_t *wrong;
};

static int add(const struct check *c, struct rfa_error *err, const char *fmt, ...) RFA_PRINTF(3, 4);

static int add(const struct check *c, struct rfa_error *err, const char *fmt, ...)
{
	struct rfa_buf text = RFA_BUF_INIT(4096), safe = RFA_BUF_INIT(16384);
	va_list args;

	va_start(args, fmt);
	rfa_buf_vprintf(&text, fmt, args);
	va_end(args);
	rfa_buf_put_printable(&safe, rfa_buf_str(&text), text.len, 0);
	int rc = rfa_facts_append(c->wrong, json_string(rfa_buf_str(&safe)), err);
	rfa_buf_release(&text);
	rfa_buf_release(&safe);
	return rc;
}

static int check_runs(const struct check *c, const json_t *unfinished, struct rfa_error *err)
{
	json_t *run;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)unfinished, i, run) {
		const char *id = rfa_facts_str(run, "run", "");
		char begun[RFA_SHORT_MAX];
		if (rc == 0 && !rfa_facts_bool(run, "alive", 0))
			rc = add(c, err,
				 "%s on %s: run %s (%s), begun %s, waits for somebody: "
				 "rfa resume %s",
				 rfa_facts_str(run, "stack", ""), rfa_facts_str(run, "env", ""), id,
				 rfa_facts_str(run, "flow", ""),
				 rfa_out_when(begun, rfa_facts_str(run, "begun", "")), id);
	}
	return rc;
}

static int check_debt(const struct check *c, const json_t *entry, struct rfa_error *err)
{
	const char *version = rfa_facts_str(entry, "debt/version", NULL);
	char since[RFA_SHORT_MAX];

	if (!version)
		return 0;
	return add(c, err, "%s on %s: %s runs there by force since %s, and is unproven: %s",
		   rfa_facts_str(entry, "stack", ""), rfa_facts_str(entry, "env", ""), version,
		   rfa_out_when(since, rfa_facts_str(entry, "debt/at", "")),
		   rfa_facts_str(entry, "debt/reason", ""));
}

/* A backup of the images is none of the data: the set that counts where the stack has data. */
static const char *set_of(const struct check *c, const char *stack, const char *env)
{
	struct rfa_error ignored;
	json_t *side = NULL;
	int has_data = 0;

	if (c->cli->config && rfa_config_side(c->cli->config, env, stack, &side, &ignored) == 0)
		has_data = rfa_facts_at(side, "stack/data") != NULL;
	json_decref(side);
	return has_data ? "data" : NULL;
}

static int check_backup(const struct check *c, const json_t *entry, struct rfa_error *err)
{
	const char *stack = rfa_facts_str(entry, "stack", "");
	const char *env = rfa_facts_str(entry, "env", "");
	const char *set = set_of(c, stack, env);
	const char *lead = set ? " of its data" : "";
	struct rfa_backup_id id;
	char newest[128], age[RFA_SHORT_MAX];

	if (c->backup_days == NO_LIMIT)
		return 0;
	int rc = rfa_catalog_backup(c->cli->ledger, env, stack, set, newest, err);
	if (rc < 0)
		return rc;
	if (rfa_backup_id_parse(newest, &id) < 0)
		return add(c, err, "%s on %s: there is no backup%s: rfa backup %s --env %s", stack,
			   env, lead, stack, env);
	if (c->now - id.at_ms <= c->backup_days * DAY_MS)
		return 0;
	return add(c, err, "%s on %s: the newest backup%s is %s old: rfa backup %s --env %s", stack,
		   env, lead, rfa_out_age(age, c->now - id.at_ms), stack, env);
}

static int failed(const struct check *c, const json_t *entry, const json_t *drill, const char *lead,
		  struct rfa_error *err)
{
	char age[RFA_SHORT_MAX];

	rfa_cli_age(c->cli, rfa_facts_str(drill, "at", ""), age);
	return add(c, err, "%s on %s: the last drill%s failed %s ago: %s",
		   rfa_facts_str(entry, "stack", ""), rfa_facts_str(entry, "env", ""), lead, age,
		   rfa_facts_str(drill, "why", ""));
}

/* Of the drill that counts there: it has proven something, and not too long ago. */
static int check_age(const struct check *c, const json_t *entry, const json_t *drill,
		     struct rfa_error *err)
{
	const char *stack = rfa_facts_str(entry, "stack", "");
	const char *env = rfa_facts_str(entry, "env", "");
	const char *when = rfa_facts_str(drill, "at", "");
	char age[RFA_SHORT_MAX];
	int64_t at = 0;

	if (!*when)
		return add(c, err, "%s on %s: no drill has ever proven a backup", stack, env);
	if (!rfa_facts_bool(drill, "proven", 0))
		return failed(c, entry, drill, "", err);
	if (rfa_time_parse(when, &at) == 0 && c->now - at <= c->drill_days * DAY_MS)
		return 0;
	rfa_cli_age(c->cli, when, age);
	return add(c, err, "%s on %s: the last drill was %s ago", stack, env, age);
}

static int check_drill(const struct check *c, const json_t *entry, struct rfa_error *err)
{
	const json_t *data = json_object_get(entry, "drill");
	const json_t *images = json_object_get(entry, "image_drill");
	/* Where there is no data, a backup of the images is what can be proven. */
	int of_data = data || set_of(c, rfa_facts_str(entry, "stack", ""),
				     rfa_facts_str(entry, "env", "")) != NULL;
	int rc;

	if (c->drill_days == NO_LIMIT)
		return 0;
	rc = check_age(c, entry, of_data ? data : images, err);
	/* Nobody has to hold one of both, but what failed is told. */
	if (rc == 0 && of_data && images && !rfa_facts_bool(images, "proven", 0))
		rc = failed(c, entry, images, " of its images", err);
	return rc;
}

static int check_all(const struct check *c, const json_t *running, const json_t *unfinished,
		     struct rfa_error *err)
{
	const char *stack = rfa_cli_word(c->cli, 0);
	int asks = c->backup_days != NO_LIMIT || c->drill_days != NO_LIMIT;
	json_t *entry;
	size_t i;
	int rc = check_runs(c, unfinished, err);

	if (rc == 0 && asks && json_array_size(running) == 0)
		rc = add(c, err, "the ledger knows of nothing that runs%s%s", stack ? " of " : "",
			 stack ? stack : "");
	json_array_foreach ((json_t *)(uintptr_t)running, i, entry) {
		if (rc == 0)
			rc = check_debt(c, entry, err);
		if (rc == 0)
			rc = check_backup(c, entry, err);
		if (rc == 0)
			rc = check_drill(c, entry, err);
	}
	return rc ? rc : rfa_notify_wrong(c->cli, c->wrong, err);
}

int rfa_status_wrong(struct rfa_cli *cli, const json_t *running, const json_t *unfinished,
		     json_t **out, struct rfa_error *err)
{
	struct check c = { .cli = cli,
			   .now = cli->clock->wall_ms(cli->clock),
			   .backup_days = NO_LIMIT,
			   .drill_days = NO_LIMIT,
			   .wrong = json_array() };
	int rc = c.wrong ? 0 : rfa_fail_nomem(err);

	if (rc == 0)
		rc = rfa_args_number(&cli->args, "backup-days", 0, 36500, &c.backup_days, err);
	if (rc == 0)
		rc = rfa_args_number(&cli->args, "drill-days", 0, 36500, &c.drill_days, err);
	if (rc == 0)
		rc = check_all(&c, running, unfinished, err);
	if (rc == 0)
		*out = json_incref(c.wrong);
	json_decref(c.wrong);
	return rc;
}

void rfa_status_say_wrong(struct rfa_cli *cli, const json_t *wrong)
{
	json_t *text;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)wrong, i, text) {
		if (!cli->out.json)
			rfa_out_say(&cli->out, "%s", json_string_value(text));
	}
	if (i == 0 && !cli->out.json)
		rfa_out_say(&cli->out, "nothing is wrong");
	cli->status = i > 0;
}

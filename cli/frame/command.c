/* The options that all commands understand, the commands of flows, and how one is found. */
#include "cli/frame/command.h"

#include <limits.h>
#include <string.h>

#include "fsm/base/buf.h"
#include "fsm/base/suggest.h"
#include "fsm/core/flow.h"

static const struct rfa_option global_options[] = {
	{ "config", 'c', "FILE", "RFA_CONFIG", NULL,
	  "the configuration; default: rfa.json here or in a folder above" },
	{ "ledger", 0, "DIR", "RFA_LEDGER", NULL,
	  "the ledger; default: what rfa.json says, else .rfa/ledger beside it" },
	{ "json", 0, NULL, NULL, NULL, "answer with one JSON document (commands that read)" },
	{ "events", 0, NULL, NULL, NULL, "print one JSON object a line for each event (runs)" },
	{ "no-color", 0, NULL, "NO_COLOR", NULL, "no colours and no live view" },
	{ "quiet", 'q', NULL, NULL, NULL, "only results and failures" },
	{ "verbose", 'v', NULL, NULL, NULL,
	  "details too: facts of steps, probes, where errors come from" },
	{ "yes", 0, "NAME", NULL, NULL,
	  "answers the question of a dangerous command: the name that it asks for" },
	{ "help", 'h', NULL, NULL, NULL, "explain the command" },
	{ "version", 0, NULL, NULL, NULL, "print the version" },
	RFA_OPTION_END,
};

/* 1 for the first of its group: the commands of flows stand before it. */
static int begins_group(const struct rfa_cli_commands *all, size_t c)
{
	return c == 0 || strcmp(all->items[c - 1]->group, all->items[c]->group) != 0;
}

/* The n-th flow whose command is of this group. */
static const struct rfa_flow *flow_of(const char *group, size_t n)
{
	size_t n_flows;
	const struct rfa_flow *const *flows = rfa_flows(&n_flows);
	for (size_t i = 0; i < n_flows; i++) {
		const struct rfa_flow_args *args = flows[i]->args;
		if (args->command && strcmp(args->group, group) == 0 && n-- == 0)
			return flows[i];
	}
	return NULL;
}

static void add(struct rfa_cli_command *v, const struct rfa_option *option)
{
	size_t n = 0;
	while (v->own[n].name)
		n++;
	if (n + 1 < RFA_CMD_OPTIONS)
		v->own[n] = *option;
}

static void make_command(const struct rfa_cli_commands *all, const struct rfa_flow *flow,
			 struct rfa_cli_command *out)
{
	static const struct rfa_option dry_run = {
		"dry-run", 'n',
		NULL,      NULL,
		NULL,      "only show what would change, and what the gates say: as `rfa plan` does"
	};
	static const struct rfa_option wait_lock = {
		"wait-lock", 0,    "SECONDS",
		NULL,        NULL, "wait so long for a run that is in the way; else it is refused"
	};
	static const struct rfa_option unattended = {
		"unattended", 0,
		NULL,         NULL,
		NULL,         "for timers: wait for a lock, carry on by itself when a line is cut"
	};
	static const struct rfa_option force = {
		"force", 0, NULL, NULL, NULL, "pass gates that may be forced; asks for a name"
	};
	static const struct rfa_option forced = {
		"reason", 0, "TEXT", NULL, NULL, "why; required with --force, kept in the ledger"
	};
	static const struct rfa_option reason = { "reason", 0,    "TEXT",
						  NULL,     NULL, "why; kept in the ledger" };
	static const struct rfa_option skip_backup = {
		"skip-backup",
		0,
		NULL,
		NULL,
		NULL,
		"without the backup that rfa.json asks for (backup.before); needs --reason"
	};
	static const struct rfa_option pause_at = {
		"pause-at",
		0,
		"PERCENT",
		NULL,
		NULL,
		"stop behind the soak of this share of the traffic; `rfa resume` goes on"
	};
	static const struct rfa_option gates = {
		"gates", 0, NULL, NULL, NULL, "only what the gates say: exit status 0, or 4"
	};
	const struct rfa_flow_args *args = flow->args;

	*out = *all->of_flow;
	out->name = args->command;
	out->group = args->group;
	out->words = args->words;
	out->summary = flow->summary;
	out->details = args->details;
	out->examples = args->examples;
	out->flow = flow;
	if (args->flags & RFA_ARGS_SECOND)
		out->min_words = out->max_words = 2;
	if (args->flags & RFA_ARGS_MAY_SECOND)
		out->max_words = 2;
	if (args->flags & RFA_ARGS_REST) {
		out->min_words = 3;
		out->max_words = UINT_MAX;
	}
	for (const struct rfa_role *role = flow->roles; role->id; role++) {
		struct rfa_option option = { role->option, 0, "ENV", NULL, NULL, role->what };
		if (role->option)
			add(out, &option);
	}
	for (const struct rfa_option *o = args->options; o && o->name; o++)
		add(out, o);
	add(out, &dry_run);
	if (flow->gates)
		add(out, &gates);
	add(out, &wait_lock);
	if (args->flags & RFA_ARGS_UNATTENDED)
		add(out, &unattended);
	if (args->flags & RFA_ARGS_TRAFFIC)
		add(out, &pause_at);
	if (args->flags & RFA_ARGS_BACKUP_BEFORE)
		add(out, &skip_backup);
	if (args->flags & RFA_ARGS_FORCE)
		add(out, &force);
	if (args->flags & (RFA_ARGS_REASON | RFA_ARGS_MAY_REASON))
		add(out, &reason);
	else if (args->flags & RFA_ARGS_FORCE)
		add(out, &forced);
}

int rfa_command_at(const struct rfa_cli_commands *all, size_t at, struct rfa_cli_command *out)
{
	const struct rfa_flow *flow;
	for (size_t c = 0; c < all->n; c++) {
		for (size_t f = 0;
		     begins_group(all, c) && (flow = flow_of(all->items[c]->group, f)) != NULL;
		     f++) {
			if (at-- == 0) {
				make_command(all, flow, out);
				return 0;
			}
		}
		if (at-- == 0) {
			*out = *all->items[c];
			return 0;
		}
	}
	return -1;
}

void rfa_command_of(const struct rfa_cli_commands *all, const struct rfa_flow *flow,
		    struct rfa_cli_command *out)
{
	make_command(all, flow, out);
}

const struct rfa_option *rfa_command_options(const struct rfa_cli_command *command)
{
	return command->flow ? command->own : command->options;
}

const struct rfa_option *rfa_global_options(void)
{
	return global_options;
}

/* What people type who come from elsewhere. A word that names no command here stands nowhere. */
static const struct {
	const char *command, *words;
} synonyms[] = {
	{ "init", "new create setup" },
	{ "check", "validate lint test ping" },
	{ "plan", "diff preview dry-run compare" },
	{ "publish", "build make compile" },
	{ "promote", "ship push apply up update upgrade" },
	{ "promote-data", "data sync copy move migrate" },
	{ "backup", "dump save snapshot" },
	{ "rollback", "undo revert back downgrade" },
	{ "resume", "continue retry" },
	{ "abort", "cancel stop kill" },
	{ "status", "ps ls list info state" },
	{ "runs", "jobs deployments" },
	{ "show", "describe inspect view" },
	{ "log", "events" },
	{ "prune", "clean cleanup gc" },
	{ "schedule", "cron timer" },
	{ "lock show", "locks" },
	{ "lock release", "unlock force-unlock" },
	{ "ledger git", "git" },
};

/* 1 if `name` ("lock release") is made of the first words; *used: how many. */
static int spelt(const char *name, const char *const *words, size_t n, size_t *used)
{
	size_t at = 0;
	for (const char *p = name; *p; at++) {
		size_t len = strcspn(p, " ");
		if (at >= n || strlen(words[at]) != len || memcmp(words[at], p, len) != 0)
			return 0;
		p += len + (p[len] == ' ');
	}
	*used = at;
	return 1;
}

void rfa_command_suggest(const struct rfa_cli_commands *all, const char *word,
			 struct rfa_suggestion *s)
{
	size_t len = strlen(word);
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (strncmp(v.name, word, len) == 0 && v.name[len] == ' ')
			rfa_suggest_offer(s, v.name + len + 1);
	}
}

int rfa_command_is_group(const struct rfa_cli_commands *all, const char *word)
{
	size_t len = strlen(word);
	struct rfa_cli_command v;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (strncmp(v.name, word, len) == 0 && v.name[len] == ' ')
			return 1;
	}
	return 0;
}

/* `backup list` is another command than `backup` of a stack: the longer name counts. */
static int find(const struct rfa_cli_commands *all, const char *const *words, size_t n,
		size_t *used, struct rfa_cli_command *out)
{
	struct rfa_cli_command v;
	size_t taken = 0;
	*used = 0;
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (spelt(v.name, words, n, &taken) && taken > *used) {
			*out = v;
			*used = taken;
		}
	}
	return *used > 0;
}

int rfa_verb_is_planned(const struct rfa_cli_command *command)
{
	return command->flow || command->flags & RFA_CMD_PLANS;
}

int rfa_verb_goes_on(const struct rfa_cli_commands *all, const char *const *words, size_t n)
{
	struct rfa_cli_command v;
	size_t used;

	if (!find(all, words, n, &used, &v))
		return n == 1 && rfa_command_is_group(all, words[0]);
	return v.flags & RFA_CMD_FLOWS &&
	       (n == used || rfa_verb_goes_on(all, words + used, n - used));
}

static int not_found(const struct rfa_cli_commands *all, const char *const *words, size_t n,
		     struct rfa_error *err)
{
	struct rfa_cli_command v;
	char typed[64];
	if (n > 1 && rfa_command_is_group(all, words[0]))
		snprintf(typed, sizeof(typed), "%.30s %.30s", words[0], words[1]);
	else
		snprintf(typed, sizeof(typed), "%.60s", words[0]);
	if (rfa_command_is_group(all, typed))
		rfa_fail(err, RFA_EUSAGE, "cli", "`rfa %s` needs one more word", typed);
	else
		rfa_fail(err, RFA_EUSAGE, "cli", "there is no command \"%s\"", typed);

	struct rfa_suggestion s = { typed, NULL, 0 };
	char best[64] = "";
	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (!(v.flags & RFA_CMD_HIDDEN))
			rfa_suggest_offer(&s, v.name);
	}
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		rfa_suggest_also(&s, synonyms[i].command, synonyms[i].words);
	snprintf(best, sizeof(best), "%s", s.best ? s.best : "");
	if (rfa_command_is_group(all, typed))
		return rfa_error_hint(err, "see `rfa help %s`", typed);
	if (best[0])
		return rfa_error_hint(err, "did you mean `rfa %s`? see `rfa help`", best);
	return rfa_error_hint(err, "see `rfa help`");
}

static int no_flow(const struct rfa_cli_commands *all, const char *word, struct rfa_error *err)
{
	struct rfa_suggestion s = { word, NULL, 0 };
	struct rfa_buf flows = RFA_BUF_INIT(4096), safe = RFA_BUF_INIT(1024);
	struct rfa_cli_command v;

	for (size_t i = 0; rfa_command_at(all, i, &v) == 0; i++) {
		if (!v.flow)
			continue;
		rfa_suggest_offer(&s, v.name);
		rfa_buf_printf(&flows, "%s%s", flows.len ? ", " : "", v.name);
	}
	rfa_buf_put_printable(&safe, word, strlen(word), 60);
	rfa_fail(err, RFA_EUSAGE, "cli", "`rfa plan` needs a flow, not \"%s\"", rfa_buf_str(&safe));
	if (s.best)
		rfa_error_hint(err, "did you mean `rfa plan %s`?", s.best);
	else
		rfa_error_hint(err, "one of: %s", rfa_buf_str(&flows));
	rfa_buf_release(&flows);
	rfa_buf_release(&safe);
	return -(int)RFA_EUSAGE;
}

int rfa_command_find(const struct rfa_cli_commands *all, const char *const *words, size_t n,
		     size_t *used, struct rfa_cli_command *out, struct rfa_error *err)
{
	struct rfa_cli_command v;
	if (!find(all, words, n, used, out))
		return not_found(all, words, n, err);
	/* `rfa plan promote …` is the command of that flow, to be looked at only. */
	if (out->flags & RFA_CMD_FLOWS && n > 1 && words[1][0] != '-') {
		if (!find(all, words + 1, n - 1, used, &v) || !rfa_verb_is_planned(&v))
			return no_flow(all, words[1], err);
		*out = v;
		out->preview = 1;
		(*used)++;
	}
	return 0;
}

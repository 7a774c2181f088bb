/* Lists the commands and the options that all of them understand, and finds one by its name. */
#include "cli/command.h"

#include <string.h>

#include "cli/cmd_flow.h"
#include "fsm/base/buf.h"
#include "fsm/base/suggest.h"

static const struct rfa_verb *const commands[] = {
	&rfa_cmd_init,       &rfa_cmd_check,         &rfa_cmd_doctor,        &rfa_cmd_demo,
	&rfa_cmd_plan,       &rfa_cmd_backup_list,   &rfa_cmd_backup_verify, &rfa_cmd_schedule,
	&rfa_cmd_resume,     &rfa_cmd_rollback,      &rfa_cmd_abort,         &rfa_cmd_status,
	&rfa_cmd_runs,       &rfa_cmd_show,          &rfa_cmd_log,           &rfa_cmd_history,
	&rfa_cmd_verify,     &rfa_cmd_flows,         &rfa_cmd_ledger_verify, &rfa_cmd_ledger_path,
	&rfa_cmd_ledger_git, &rfa_cmd_lock_show,     &rfa_cmd_help,          &rfa_cmd_version,
	&rfa_cmd_completion, &rfa_cmd_config_schema,
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

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
static int begins_group(size_t c)
{
	return c == 0 || strcmp(commands[c - 1]->group, commands[c]->group) != 0;
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

int rfa_verb_at(size_t at, struct rfa_verb *out)
{
	const struct rfa_flow *flow;
	for (size_t c = 0; c < N_COMMANDS; c++) {
		for (size_t f = 0;
		     begins_group(c) && (flow = flow_of(commands[c]->group, f)) != NULL; f++) {
			if (at-- == 0) {
				rfa_flow_verb(flow, out);
				return 0;
			}
		}
		if (at-- == 0) {
			*out = *commands[c];
			return 0;
		}
	}
	return -1;
}

const struct rfa_option *rfa_verb_options(const struct rfa_verb *verb)
{
	return verb->flow ? verb->own : verb->options;
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
	{ "promote", "deploy release ship publish push apply up update upgrade" },
	{ "data", "sync copy move migrate" },
	{ "backup", "dump save snapshot" },
	{ "rollback", "undo revert back downgrade" },
	{ "resume", "continue retry" },
	{ "abort", "cancel stop kill" },
	{ "status", "ps ls list info state" },
	{ "runs", "jobs deployments" },
	{ "show", "describe inspect view" },
	{ "log", "logs events" },
	{ "prune", "clean cleanup gc" },
	{ "schedule", "cron timer" },
	{ "lock show", "locks" },
	{ "lock free", "unlock force-unlock" },
	{ "ledger git", "git" },
};

/* 1 if `name` ("lock free") is made of the first words; *used: how many. */
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

void rfa_verb_suggest(const char *word, struct rfa_suggestion *s)
{
	size_t len = strlen(word);
	struct rfa_verb v;
	for (size_t i = 0; rfa_verb_at(i, &v) == 0; i++) {
		if (strncmp(v.name, word, len) == 0 && v.name[len] == ' ')
			rfa_suggest_offer(s, v.name + len + 1);
	}
}

int rfa_verb_is_group(const char *word)
{
	size_t len = strlen(word);
	struct rfa_verb v;
	for (size_t i = 0; rfa_verb_at(i, &v) == 0; i++) {
		if (strncmp(v.name, word, len) == 0 && v.name[len] == ' ')
			return 1;
	}
	return 0;
}

/* `backup list` is another command than `backup` of a stack: the longer name counts. */
static int find(const char *const *words, size_t n, size_t *used, struct rfa_verb *out)
{
	struct rfa_verb v;
	size_t taken = 0;
	*used = 0;
	for (size_t i = 0; rfa_verb_at(i, &v) == 0; i++) {
		if (spelt(v.name, words, n, &taken) && taken > *used) {
			*out = v;
			*used = taken;
		}
	}
	return *used > 0;
}

static int not_found(const char *const *words, size_t n, struct rfa_error *err)
{
	struct rfa_verb v;
	char typed[64];
	if (n > 1 && rfa_verb_is_group(words[0]))
		snprintf(typed, sizeof(typed), "%.30s %.30s", words[0], words[1]);
	else
		snprintf(typed, sizeof(typed), "%.60s", words[0]);
	if (rfa_verb_is_group(typed))
		rfa_fail(err, RFA_EUSAGE, "cli", "`rfa %s` needs one more word", typed);
	else
		rfa_fail(err, RFA_EUSAGE, "cli", "there is no command \"%s\"", typed);

	struct rfa_suggestion s = { typed, NULL, 0 };
	char best[64] = "";
	for (size_t i = 0; rfa_verb_at(i, &v) == 0; i++) {
		if (!(v.flags & RFA_VERB_HIDDEN))
			rfa_suggest_offer(&s, v.name);
	}
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		rfa_suggest_also(&s, synonyms[i].command, synonyms[i].words);
	snprintf(best, sizeof(best), "%s", s.best ? s.best : "");
	if (rfa_verb_is_group(typed))
		return rfa_error_mend(err, "see `rfa help %s`", typed);
	if (best[0])
		return rfa_error_mend(err, "did you mean `rfa %s`? see `rfa help`", best);
	return rfa_error_mend(err, "see `rfa help`");
}

static int no_flow(const char *word, struct rfa_error *err)
{
	struct rfa_suggestion s = { word, NULL, 0 };
	struct rfa_buf all = RFA_BUF_INIT(4096), safe = RFA_BUF_INIT(1024);
	struct rfa_verb v;

	for (size_t i = 0; rfa_verb_at(i, &v) == 0; i++) {
		if (!v.flow)
			continue;
		rfa_suggest_offer(&s, v.name);
		rfa_buf_printf(&all, "%s%s", all.len ? ", " : "", v.name);
	}
	rfa_buf_put_printable(&safe, word, strlen(word), 60);
	rfa_fail(err, RFA_EUSAGE, "cli", "`rfa plan` needs a flow, not \"%s\"", rfa_buf_str(&safe));
	if (s.best)
		rfa_error_mend(err, "did you mean `rfa plan %s`?", s.best);
	else
		rfa_error_mend(err, "one of: %s", rfa_buf_str(&all));
	rfa_buf_release(&all);
	rfa_buf_release(&safe);
	return -(int)RFA_EUSAGE;
}

int rfa_verb_find(const char *const *words, size_t n, size_t *used, struct rfa_verb *out,
		  struct rfa_error *err)
{
	struct rfa_verb v;
	/* `rfa plan promote …` is the command of that flow, to be looked at only. */
	if (n > 1 && strcmp(words[0], rfa_cmd_plan.name) == 0 && words[1][0] != '-') {
		if (!find(words + 1, n - 1, used, &v) || !v.flow)
			return no_flow(words[1], err);
		*out = v;
		out->preview = 1;
		(*used)++;
		return 0;
	}
	return find(words, n, used, out) ? 0 : not_found(words, n, err);
}

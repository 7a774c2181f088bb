/* Lists the commands and the options that all of them understand, and finds one by its name. */
#include "cli/command.h"

#include <string.h>

#include "cli/suggest.h"

static const struct rfa_verb *const commands[] = {
	&rfa_cmd_init,          &rfa_cmd_check,         &rfa_cmd_doctor,        &rfa_cmd_demo,
	&rfa_cmd_plan,          &rfa_cmd_promote,       &rfa_cmd_data,          &rfa_cmd_backup,
	&rfa_cmd_backup_list,   &rfa_cmd_backup_verify, &rfa_cmd_backup_prune,  &rfa_cmd_restore,
	&rfa_cmd_drill,         &rfa_cmd_prune,         &rfa_cmd_schedule,      &rfa_cmd_resume,
	&rfa_cmd_rollback,      &rfa_cmd_abort,         &rfa_cmd_status,        &rfa_cmd_runs,
	&rfa_cmd_show,          &rfa_cmd_log,           &rfa_cmd_history,       &rfa_cmd_verify,
	&rfa_cmd_flows,         &rfa_cmd_ledger_verify, &rfa_cmd_ledger_path,   &rfa_cmd_ledger_git,
	&rfa_cmd_ledger_accept, &rfa_cmd_lock_show,     &rfa_cmd_lock_free,     &rfa_cmd_help,
	&rfa_cmd_version,       &rfa_cmd_completion,    &rfa_cmd_config_schema,
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

const struct rfa_verb *const *rfa_verbs(size_t *n)
{
	*n = N_COMMANDS;
	return commands;
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
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strncmp(commands[i]->name, word, len) == 0 && commands[i]->name[len] == ' ')
			rfa_suggest_offer(s, commands[i]->name + len + 1);
	}
}

int rfa_verb_is_group(const char *word)
{
	size_t len = strlen(word);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strncmp(commands[i]->name, word, len) == 0 && commands[i]->name[len] == ' ')
			return 1;
	}
	return 0;
}

const struct rfa_verb *rfa_verb_find(const char *const *words, size_t n, size_t *used,
				     struct rfa_error *err)
{
	const struct rfa_verb *found = NULL;
	size_t taken = 0;
	*used = 0;
	/* `backup list` is another command than `backup` of a stack: the longer name counts. */
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (spelt(commands[i]->name, words, n, &taken) && taken > *used) {
			found = commands[i];
			*used = taken;
		}
	}
	if (found)
		return found;

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
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!(commands[i]->flags & RFA_VERB_HIDDEN))
			rfa_suggest_offer(&s, commands[i]->name);
	}
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		rfa_suggest_also(&s, synonyms[i].command, synonyms[i].words);
	if (rfa_verb_is_group(typed))
		rfa_error_mend(err, "see `rfa help %s`", typed);
	else if (s.best)
		rfa_error_mend(err, "did you mean `rfa %s`? see `rfa help`", s.best);
	else
		rfa_error_mend(err, "see `rfa help`");
	return NULL;
}

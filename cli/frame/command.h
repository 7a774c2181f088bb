/* A command: what there is to type, and everything that help says about it. */
#ifndef RFA_CLI_FRAME_COMMAND_H
#define RFA_CLI_FRAME_COMMAND_H

#include "cli/frame/args.h"
#include "fsm/base/error.h"
#include "fsm/parts/args.h"

struct rfa_cli;

enum rfa_command_flag {
	RFA_CMD_HIDDEN = 1 << 0, /* for the build and the tests: in no list */
	RFA_CMD_READS = 1 << 1,  /* changes nothing: understands --json */
	RFA_CMD_RUNS = 1 << 2,   /* drives a run: understands --events */
	RFA_CMD_RAW = 1 << 3,    /* its words are handed on as they are, options too */
	RFA_CMD_FLOWS = 1 << 4,  /* the command of a flow follows, to be looked at only */
	RFA_CMD_PLANS = 1 << 5,  /* `rfa plan` understands it, too, though it is no flow's */
};

enum { RFA_CMD_OPTIONS = 16 };

struct rfa_cli_command {
	const char *name; /* one word, or two: "lock release"; NULL: no command */
	const char *group;
	const char *words; /* what follows the name: "STACK --from ENV --to ENV" */
	const char *summary;
	const char *details;                /* a paragraph or more; lines of at most 90 columns */
	const struct rfa_option *options;   /* NULL: only the global ones, or `own` */
	const struct rfa_example *examples; /* ends with line NULL */
	unsigned flags;
	unsigned min_words, max_words; /* behind the name */
	int (*run)(struct rfa_cli *, struct rfa_error *) RFA_MUST_USE;
	const struct rfa_flow *flow;            /* the command of this flow; NULL: of none */
	int preview;                            /* `rfa plan FLOW`: only to be looked at */
	struct rfa_option own[RFA_CMD_OPTIONS]; /* of a flow's command */
};

/* Where all commands come from. */
struct rfa_cli_commands {
	const struct rfa_cli_command *const *items;
	size_t n;
	const struct rfa_cli_command *of_flow; /* what each flow's command begins as */
};

/*
 * The i-th command, in the order in which help shows them; 0, or -1: there are no more. Those of
 * the flows stand in their groups.
 */
int rfa_command_at(const struct rfa_cli_commands *all, size_t i, struct rfa_cli_command *out);
const struct rfa_option *rfa_command_options(
    const struct rfa_cli_command *command); /* NULL: none */
const struct rfa_option *rfa_global_options(void);
/*
 * The command that the words name; *used = how many words its name has. Errors: USAGE, with a
 * suggestion.
 */
int rfa_command_find(const struct rfa_cli_commands *all, const char *const *words, size_t n,
		     size_t *used, struct rfa_cli_command *out, struct rfa_error *err) RFA_MUST_USE;
/* *out: the command of this flow, which has one. */
void rfa_command_of(const struct rfa_cli_commands *all, const struct rfa_flow *flow,
		    struct rfa_cli_command *out);
/*
 * 1 if these words alone begin the name of a command, which others must finish: "ledger", "plan",
 * "plan lock".
 */
int rfa_verb_goes_on(const struct rfa_cli_commands *all, const char *const *words, size_t n);
/* 1 if `rfa plan` takes it. */
int rfa_verb_is_planned(const struct rfa_cli_command *command);
/* Offers the second words of the commands that begin with this one; s->typed is what was typed. */
struct rfa_suggestion;
void rfa_command_suggest(const struct rfa_cli_commands *all, const char *word,
			 struct rfa_suggestion *s);
/* 1 if other commands begin with this word: "ledger". */
int rfa_command_is_group(const struct rfa_cli_commands *all, const char *word);

/* The table in commands.c: for main(), which hands it on in struct rfa_cli. */
extern const struct rfa_cli_commands rfa_commands;

/* One object a file. */
extern const struct rfa_cli_command rfa_cmd_init, rfa_cmd_check, rfa_cmd_plan, rfa_cmd_flow,
    rfa_cmd_resume, rfa_cmd_rollback, rfa_cmd_abort, rfa_cmd_status, rfa_cmd_verified, rfa_cmd_runs,
    rfa_cmd_show, rfa_cmd_log, rfa_cmd_history, rfa_cmd_logs, rfa_cmd_verify, rfa_cmd_ledger_verify,
    rfa_cmd_ledger_path, rfa_cmd_ledger_git, rfa_cmd_lock_show, rfa_cmd_flows, rfa_cmd_doctor,
    rfa_cmd_backup_list, rfa_cmd_backup_get, rfa_cmd_backup_verify, rfa_cmd_schedule, rfa_cmd_help,
    rfa_cmd_version, rfa_cmd_notify, rfa_cmd_notify_test, rfa_cmd_completion, rfa_cmd_config_schema,
    rfa_cmd_watch;

#endif

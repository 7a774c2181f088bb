/* What a command gets: its arguments, the screen, and, when it asks, configuration and ledger. */
#ifndef RFA_CLI_FRAME_CLI_H
#define RFA_CLI_FRAME_CLI_H

#include "cli/frame/args.h"
#include "cli/frame/command.h"
#include "cli/config/config.h"
#include "cli/frame/output.h"
#include "cli/config/owner.h"
#include "fsm/base/clock.h"
#include "fsm/base/facts.h"
#include "fsm/run/run.h"
#include "ledger/ledger.h"

/* What a run told that the report of its end needs. */
#define RFA_REPORT_LOG 60
struct rfa_run_report {
	struct rfa_run_result result;       /* run "" : no run was begun */
	json_t *plan;                       /* of the run; owned; NULL: none was begun */
	char state[24], step[48], host[64]; /* where it failed, or stands */
	char *log[RFA_REPORT_LOG];          /* the last lines of logs, oldest first; owned */
	size_t n_log;
	char seen[200];   /* what was found on the way back; "" if nobody looked */
	char schema[200]; /* what is true of the schema of the data; "": the run has not changed it
			   */
	enum rfa_final asked;              /* the operator asked for this end; NONE: for none */
	int is_run;                        /* the command drives a run */
	int output;                        /* `out` has what a command in a container wrote */
	int goes_on;                       /* what was to follow the run does, in this process */
	int done;                          /* steps that were done */
	int64_t begun_ms, ended_ms, bytes; /* of this process's part of it */
	int undone;
};
/* Frees what it keeps; it is as before the first run then. */
void rfa_story_release(struct rfa_run_report *report);

struct rfa_cli {
	const struct rfa_cli_commands *commands; /* borrowed; all commands */
	char *const *argv;                       /* borrowed; as it was typed; NULL: it was not */
	struct rfa_cli_command command;          /* name NULL: none was given */
	struct rfa_args args;
	struct rfa_out out;
	struct rfa_clock *clock;
	const volatile int *cancel;
	struct rfa_config *config;         /* owned; NULL until asked for */
	struct rfa_trust trust;            /* whose files are obeyed */
	struct rfa_ledger *ledger;         /* the same */
	struct rfa_repository *repository; /* the same */
	struct rfa_problems problems;
	struct rfa_run_report report;
	int status; /* of a command that succeeds: its exit status */
	int ran;    /* it has driven runs */
};

/* Finds and reads rfa.json, once. All problems are printed; then CONFIG. */
int rfa_cli_config(struct rfa_cli *cli, struct rfa_error *err) RFA_MUST_USE;
/* The same, but a file that is nowhere leaves cli->config NULL. */
int rfa_cli_config_if_any(struct rfa_cli *cli, struct rfa_error *err) RFA_MUST_USE;
/* Where the ledger is: flag, environment, rfa.json. *out (new). */
int rfa_cli_ledger_path(struct rfa_cli *cli, char **out, struct rfa_error *err) RFA_MUST_USE;
/* Opens the ledger, once. */
int rfa_cli_ledger(struct rfa_cli *cli, struct rfa_error *err) RFA_MUST_USE;
/*
 * What a plan needs of the secrets of rfa.json: runs the commands whose names it refers to. Errors:
 * CONFIG.
 */
int rfa_cli_secrets(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err) RFA_MUST_USE;
/* For struct rfa_run_options; `user` is the struct rfa_cli. */
int rfa_cli_secret(void *user, const char *name, const char **value, struct rfa_error *err);
/* The login for a registry; *name NULL: nobody. For rfa_run_options. */
int rfa_cli_login(void *user, const char *domain, const char **name, const char **secret,
		  struct rfa_error *err);
/* Prints the problems of the configuration on standard error. */
void rfa_cli_problems(const struct rfa_cli *cli, const char *file);
/* rfa.json and the ledger are read anew when they are wanted again. What was borrowed is gone. */
void rfa_cli_forget(struct rfa_cli *cli);
void rfa_cli_release(struct rfa_cli *cli);

/* into: the age of that time in words, "-" if there is none. */
const char *rfa_cli_age(const struct rfa_cli *cli, const char *iso, char into[RFA_SHORT_MAX]);

/* The n-th word behind the command's name; NULL: none. */
const char *rfa_cli_word(const struct rfa_cli *cli, size_t n);
/* All from the n-th on; ends with NULL. */
const char *const *rfa_cli_words(const struct rfa_cli *cli, size_t n);
const char *rfa_cli_option(const struct rfa_cli *cli, const char *name); /* NULL: not given */
/* An option that the command cannot do without. Errors: USAGE. */
int rfa_cli_need(const struct rfa_cli *cli, const char *name, const char **out,
		 struct rfa_error *err) RFA_MUST_USE;

/* The stack that is the first word, and --env; loads rfa.json. Errors: NOTFOUND, USAGE. */
int rfa_cli_stack_env(struct rfa_cli *cli, const char **stack, const char **env,
		      struct rfa_error *err) RFA_MUST_USE;

/*
 * Asks the operator to type a name, once what will happen has been said; --yes NAME answers.
 * Errors: REFUSED, also without a terminal and without --yes.
 */
int rfa_cli_confirm(struct rfa_cli *cli, const char *name, const char *what,
		    struct rfa_error *err) RFA_MUST_USE;
/* The same of a phrase that another option answers. */
int rfa_cli_confirm_by(struct rfa_cli *cli, const char *option, const char *phrase,
		       const char *what, struct rfa_error *err) RFA_MUST_USE;

/* Says a failure: what, where, evidence, what is true now, what to type next. */
void rfa_cli_failure(struct rfa_cli *cli, const struct rfa_error *err);

#endif

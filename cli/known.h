/* What the ledger knows of a stack's backups: how old the newest is, and when one was proven. */
#ifndef RFA_CLI_KNOWN_H
#define RFA_CLI_KNOWN_H

#include "cli/cli.h"

/* "20261122-103015-prod-data", taken apart. */
struct rfa_backup_id {
	int64_t at_ms;
	char env[64]; /* whose data or images it holds */
	char set[16]; /* "data" or "images" */
};
/* 0, or -1: the text is no such id. */
int rfa_backup_id_parse(const char *text, struct rfa_backup_id *out);

/*
 * 0 if rfa.json, or the ledger, or some run in it, knows a stack (an environment) of that name;
 * NULL is known. Else NOTFOUND with a suggestion.
 */
int rfa_known_stack(struct rfa_cli *cli, const char *stack, struct rfa_error *err) RFA_MUST_USE;
int rfa_known_env(struct rfa_cli *cli, const char *env, struct rfa_error *err) RFA_MUST_USE;
/* The same of a run's id, as far as the newest thousand runs go: adds the nearest to the advice. */
void rfa_known_run(struct rfa_cli *cli, const char *typed, struct rfa_error *err);

/* into: the age of that time in words, "-" if there is none. */
const char *rfa_known_age(const struct rfa_cli *cli, const char *iso, char into[RFA_SHORT_MAX]);

/*
 * *out (new, or NULL: none): the newest drill of a backup of this environment's stack, wherever
 * it was held: {"proven","at","run","backup","why"}.
 */
int rfa_known_drill(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		    struct rfa_error *err) RFA_MUST_USE;
/* For a plan's gate: when the newest drill was held, if it has proven something; else "". */
int rfa_known_proof(struct rfa_cli *cli, const char *env, const char *stack,
		    char into[RFA_TIME_MAX], struct rfa_error *err) RFA_MUST_USE;
/*
 * *out (new): the ids of backups that no retention may take, each once: what a rollback point of
 * this environment's stack came from, and what a drill has proven last.
 */
int rfa_known_pins(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		   struct rfa_error *err) RFA_MUST_USE;
/* into: the id of the newest backup of this environment's stack; "" if there is none. */
int rfa_known_backup(struct rfa_cli *cli, const char *env, const char *stack, char into[128],
		     struct rfa_error *err) RFA_MUST_USE;
/* The same, if that backup lies in this vault (a folder, on an environment or the operator's side).
 */
int rfa_known_in_vault(struct rfa_cli *cli, const char *env, const char *stack, const char *where,
		       const char *vault, char into[128], struct rfa_error *err) RFA_MUST_USE;

#endif

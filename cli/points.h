/* Rollback points, as the ledger keeps them: points/<env>/<stack>/<point>.json. */
#ifndef RFA_CLI_POINTS_H
#define RFA_CLI_POINTS_H

#include "cli/cli.h"

/* A JSON file of main's tree; *out is new. Errors: NOTFOUND. */
int rfa_ledger_json(struct rfa_cli *cli, const char *path, json_t **out,
		    struct rfa_error *err) RFA_MUST_USE;

/* *out is new. Errors: NOTFOUND with a suggestion, or with what became of it. */
int rfa_points_read(struct rfa_cli *cli, const char *env, const char *stack, const char *name,
		    json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* *out (new): all of them, newest first; each has "name". */
int rfa_points_list(struct rfa_cli *cli, const char *env, const char *stack, json_t **out,
		    struct rfa_error *err) RFA_MUST_USE;
/* 1: it brings data back; 0: images. */
int rfa_point_is_data(const json_t *point);
/* *out (new): those of data, newest first, but for the newest `keep`. */
int rfa_points_old_data(struct rfa_cli *cli, const char *env, const char *stack, size_t keep,
			json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* Prints the list: kind, age, what each brings back. */
int rfa_points_show(struct rfa_cli *cli, const char *env, const char *stack,
		    struct rfa_error *err) RFA_MUST_USE;

#endif

/* Which words may enter the ledger, and where things lie in its tree. */
#ifndef RFA_LEDGER_NAMES_H
#define RFA_LEDGER_NAMES_H

#include "ledger/ledger.h"

/* The largest text that one entry (plan, facts, file) may be. */
#define RFA_LEDGER_MAX_TEXT RFA_FACTS_MAX_BYTES
/* Longest path in main's tree. */
#define RFA_LEDGER_PATH_MAX 320
/* The longest name of a rollback point, with its NUL. */
#define RFA_POINT_MAX 128

/* What names a run, copied. */
struct rfa_run_head {
	char run[RFA_RUN_ID_MAX];
	char flow[32], stack[64], env[64], from[64];
	unsigned flow_version;
	char once[33]; /* a digest of what it alone is begun for; "": nothing */
};

/* 1 if text may be a stack, an environment, a step…: [A-Za-z0-9_][A-Za-z0-9._-]*, safe in a path
 * and in a ref. */
int rfa_name_ok(const char *text, size_t max);
/* 1 if text is such names joined by '/', and not longer than RFA_LEDGER_PATH_MAX. */
int rfa_path_ok(const char *path);
/* 1 if only the ledger itself writes there. */
int rfa_path_reserved(const char *path);
/* "runs/2026/11/22/<id><suffix>" */
void rfa_path_of_run(const char *run, const char *suffix, char out[RFA_LEDGER_PATH_MAX]);
/* "once/prod/shop/<digest>.json": says which run it was. */
void rfa_path_of_once(const struct rfa_run_head *head, char out[RFA_LEDGER_PATH_MAX]);
/* EXISTS: another run was begun for that. */
int rfa_fail_once(struct rfa_error *err, const char *run);
/* "history.log" and a run's id: "history/<id>.log". */
void rfa_path_rotated(const char *path, const char *run, char out[RFA_LEDGER_PATH_MAX]);
/* A new ledger's own name. */
#define RFA_LEDGER_ID_MAX 33
void rfa_ledger_new_id(struct rfa_clock *clock, char out[RFA_LEDGER_ID_MAX]);
/* Refuses a head, or a record, whose words could not be kept or could mislead a reader. */
int rfa_head_check(const struct rfa_ledger_begin *begin, struct rfa_error *err) RFA_MUST_USE;
int rfa_record_check(const struct rfa_record *record, struct rfa_error *err) RFA_MUST_USE;
/* "20261122T…": ISO 8601 with milliseconds, and back (-1: it is none). */
void rfa_time_iso_ms(int64_t wall_ms, char out[RFA_TIME_MAX]);
int rfa_time_parse_ms(const char *text, int64_t *wall_ms);
/* Copies what fits; always terminated. */
void rfa_copy(char *out, size_t size, const char *text);

#endif

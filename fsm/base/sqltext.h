/* What a file of SQL does with transactions. */
#ifndef RFA_FSM_BASE_SQLTEXT_H
#define RFA_FSM_BASE_SQLTEXT_H

#include <stddef.h>

/* Whose words: what a quote and a comment are differs. */
enum rfa_sql { RFA_SQL_POSTGRES, RFA_SQL_MYSQL };

/* What cannot be part of somebody else's transaction, or does not let it end. */
struct rfa_sql_found {
	size_t line;       /* 1 is the first; 0: there is none */
	const char *words; /* how it begins, static: "COMMIT", "\\connect" */
};

/*
 * The first one. It is a judgement of words and no parser: quotes, comments, bodies of functions,
 * and lines of COPY are passed over.
 */
void rfa_sql_own_transaction(const char *text, size_t len, enum rfa_sql of,
			     struct rfa_sql_found *out);

#endif

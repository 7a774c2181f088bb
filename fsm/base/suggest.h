/* "Did you mean …?": the nearest of some words to one that was mistyped. */
#ifndef RFA_FSM_BASE_SUGGEST_H
#define RFA_FSM_BASE_SUGGEST_H

#include <stddef.h>

struct rfa_suggestion {
	const char *typed;
	const char *best; /* borrowed from the offers; NULL: nothing is near enough */
	size_t distance;
};

/* Offer every candidate, then look at `best`. */
void rfa_suggest_offer(struct rfa_suggestion *s, const char *candidate);
/* Other words for the candidate, with a space between them: one of them, exactly, is the best. */
void rfa_suggest_also(struct rfa_suggestion *s, const char *candidate, const char *words);

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b. */
size_t rfa_suggest_distance(const char *a, const char *b);

#endif

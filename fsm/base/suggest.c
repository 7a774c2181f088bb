/* The nearest word, by the edit distance that counts a swap of neighbours as one slip. */
#include "fsm/base/suggest.h"

#include <string.h>

/* Names that people type are short; a longer one is not compared. */
enum { LONGEST = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t rfa_suggest_distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > LONGEST || lb > LONGEST)
		return (size_t)-1;

	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= lb; j++)
		above[j] = j;
	for (size_t i = 1; i <= la; i++) {
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t differs = a[i - 1] != b[j - 1];
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[lb];
}

void rfa_suggest_offer(struct rfa_suggestion *s, const char *candidate)
{
	size_t typed = strlen(s->typed);
	size_t distance = rfa_suggest_distance(s->typed, candidate);
	/* A third of the letters may be wrong: more is another word, not a slip. */
	size_t bound = typed < 3 ? 1 : typed / 3;
	if (typed >= 3 && strncmp(candidate, s->typed, typed) == 0)
		distance = least(distance, 1); /* an abbreviation */
	if (typed >= 5 && typed < LONGEST && strncmp(candidate, s->typed, typed - 1) == 0)
		distance = least(distance, 1); /* another ending */
	if (distance > bound)
		return;
	if (!s->best || distance < s->distance) {
		s->best = candidate;
		s->distance = distance;
	}
}

void rfa_suggest_also(struct rfa_suggestion *s, const char *candidate, const char *words)
{
	size_t len = strlen(s->typed);
	for (const char *at = words; len > 0 && *at; at += strcspn(at, " "), at += *at == ' ') {
		if (strcspn(at, " ") == len && memcmp(at, s->typed, len) == 0) {
			s->best = candidate;
			s->distance = 0;
		}
	}
}

/* The words of record kinds. */
#include "fsm/core/record.h"

#include <string.h>

static const char *const kinds[] = {
#define KIND_WORD(name) [RFA_RECORD_##name] = #name,
	RFA_RECORD_KINDS(KIND_WORD)
#undef KIND_WORD
};

const char *rfa_record_kind_word(enum rfa_record_kind kind)
{
	return (unsigned)kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[kind] : "";
}

int rfa_record_kind_parse(const char *word, enum rfa_record_kind *kind)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(word, kinds[i])) {
			*kind = (enum rfa_record_kind)i;
			return 0;
		}
	}
	return -1;
}

void rfa_record_release(struct rfa_record *record)
{
	json_decref(record->facts);
	record->facts = NULL;
}

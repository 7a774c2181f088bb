/* The ENDs of the ledger in memory, in their order, and the channels that tell of them. */
#ifndef RFA_LEDGER_MEMORY_LINE_H
#define RFA_LEDGER_MEMORY_LINE_H

#include "ledger/endings.h"
#include "ledger/internal.h"

struct rfa_memory_line {
	struct rfa_endings endings;
	json_t *channels; /* name: {"at","version","state"}; made by the ledger */
	unsigned moves;   /* of all channels: what a version is named after */
};

/* commit: the ledger's head behind the END. */
int rfa_memory_line_add(struct rfa_memory_line *line, const char *commit,
			const struct rfa_run_head *head, const struct rfa_record *record,
			struct rfa_error *err) RFA_MUST_USE;
int rfa_memory_line_read(const struct rfa_memory_line *line, const char *name,
			 struct rfa_ledger_channel *out, struct rfa_error *err) RFA_MUST_USE;
int rfa_memory_line_move(struct rfa_memory_line *line, const char *name,
			 const struct rfa_ledger_move *move, struct rfa_error *err) RFA_MUST_USE;
int rfa_memory_line_ended(const struct rfa_memory_line *line, const char *at,
			  int (*each)(void *, const struct rfa_ledger_ending *), void *user,
			  struct rfa_error *err) RFA_MUST_USE;
void rfa_memory_line_release(struct rfa_memory_line *line);

#endif

/* Runs that ended, in a list. */
#include "ledger/endings.h"

#include <stdlib.h>
#include <string.h>

int rfa_endings_add(struct rfa_endings *all, const char *commit, const struct rfa_run_head *head,
		    const struct rfa_record *record, struct rfa_error *err)
{
	struct rfa_ledger_ending *one;

	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 16;
		struct rfa_ledger_ending *more = realloc(all->items, cap * sizeof(*more));

		if (!more)
			return rfa_fail_nomem(err);
		all->items = more;
		all->cap = cap;
	}
	one = &all->items[all->n++];
	memset(one, 0, sizeof(*one));
	rfa_copy(one->commit, sizeof(one->commit), commit);
	rfa_copy(one->run, sizeof(one->run), head->run);
	rfa_copy(one->flow, sizeof(one->flow), head->flow);
	rfa_copy(one->stack, sizeof(one->stack), head->stack);
	rfa_copy(one->env, sizeof(one->env), head->env);
	one->ended_ms = record->wall_ms;
	if (rfa_final_parse(record->outcome, &one->final))
		one->final = RFA_FINAL_STUCK; /* verify tells; never told as good */
	return 0;
}

void rfa_endings_release(struct rfa_endings *all)
{
	free(all->items);
	memset(all, 0, sizeof(*all));
}

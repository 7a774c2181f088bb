/* Which backups stay: a pure function of what there is, the policy and the time. */
#ifndef RFA_FSM_STEPS_BACKUP_RETENTION_H
#define RFA_FSM_STEPS_BACKUP_RETENTION_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/error.h"
#include "fsm/model/asked.h"
#include "fsm/model/point.h"

/* One backup; retain and why are answered. */
struct rfa_retention_item {
	const char *id;  /* borrowed */
	int64_t wall_ms; /* when it was made */
	int good;        /* complete and readable */
	int pinned;      /* a rollback point or the last proven drill names it */
	int retain;
	const char
	    *why; /* static: "a point or a drill names it", "the newest", "age", "count", "daily",
		     "weekly", "monthly", "may be in the making"; "not complete", "not needed" */
};

/*
 * Judges a list, in any order; it is sorted, newest first. What any rule keeps stays; without a
 * rule everything does. The newest good one always stays, and so does what is pinned. What is not
 * good counts for no rule; it stays for two days, since somebody may be making it.
 */
void rfa_retain(struct rfa_retention_item *list, size_t n, const struct rfa_retention *policy,
		int64_t now_ms);

struct rfa_retention_ask {
	const char *env, *set;            /* whose backups, and of what */
	const struct rfa_retention *keep; /* NULL: all stay */
	const struct rfa_texts *pins;     /* ids */
	const char *coming;               /* the one that is being made; "": none */
	int64_t now_ms;
};

/*
 * What the rules say of a vault's list, newest first. Backups of other environments and sets, and
 * what has another name, are left out. Errors: NOMEM.
 */
int rfa_retention_judge(struct rfa_pool *pool, const struct rfa_listed_list *list,
			const struct rfa_retention_ask *ask, struct rfa_verdict_list *out,
			struct rfa_error *err);

#endif

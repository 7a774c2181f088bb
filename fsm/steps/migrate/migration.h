/* What a run changes of the schema, as its rows and gates see it. */
#ifndef RFA_FSM_STEPS_MIGRATE_MIGRATION_H
#define RFA_FSM_STEPS_MIGRATE_MIGRATION_H

#include "fsm/steps/common/ctx.h"

struct rfa_schema_change {
	const struct rfa_migrate *how;
	const char *version; /* whose schema it will be */
	const char *ref; /* the image that has the command: a name that no row of the run moves */
	const char *identity; /* of it; "": not known yet */
	int breaks;
	int tried; /* by a drill, on data that goes again */
};

/*
 * 1 if the run changes the schema on the step's host; else *why says in words why not. What a data
 * has seen is not done again; what nobody has built yet may be something new.
 */
int rfa_schema_changes(const struct rfa_ctx *ctx, struct rfa_schema_change *out, const char **why);

#endif

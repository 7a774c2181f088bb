/* The sides of a run about data, for its gates, and the gates that judge who uses the data. */
#ifndef RFA_FSM_STEPS_SIDES_H
#define RFA_FSM_STEPS_SIDES_H

#include "fsm/steps/court.h"

/* One side of the run whose data was looked at. All borrowed. */
struct rfa_side {
	const char *role;
	struct rfa_host *host;
	const json_t *look, *members, *units;
};

/* Those sides that have members; a vault has none. */
size_t rfa_sides(const struct rfa_ctx *ctx, struct rfa_side out[2]);

/* May those that use the data be stopped, and started again? */
int rfa_gate_containers(struct rfa_court *c, struct rfa_error *err);
/* Others that use the data. */
int rfa_gate_others(struct rfa_court *c, struct rfa_error *err);
/* Others that are cut off when one stops. */
int rfa_gate_dependents(struct rfa_court *c, struct rfa_error *err);
/* Databases that a container has mounted as single files. */
int rfa_gate_files(struct rfa_court *c, struct rfa_error *err);
/* What keep_running names, and an exchange would not reach. */
int rfa_gate_kept(struct rfa_court *c, struct rfa_error *err);
/* Processes that use the data, and are of no container that is stopped. */
int rfa_gate_processes(struct rfa_court *c, struct rfa_error *err);

#endif

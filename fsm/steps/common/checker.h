/* The one checker: whether a URL answers, a port is open, a container runs, a command succeeds. */
#ifndef RFA_FSM_STEPS_COMMON_CHECKER_H
#define RFA_FSM_STEPS_COMMON_CHECKER_H

#include "fsm/steps/common/look.h"

/* "url", "tcp", "container" or "exec". */
const char *rfa_check_kind(const struct rfa_check *check);
/* 1 if the check is asked by runs of this flow. */
int rfa_check_is_due(const struct rfa_check *check, const struct rfa_flow *flow);
/*
 * Tries a check of the stack on the step's host. look is valid on 0, and then to be released.
 * Errors: of the means of looking: those of connections to the host, FORWARDING, and of
 * rfa_reference_fill(). What they, and all that is kept, say has names in the place of secrets.
 */
int rfa_check_try(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		  struct rfa_error *err) RFA_MUST_USE;
/* A check of a run, and how it went so far. */
struct rfa_tally {
	const struct rfa_check *check; /* borrowed from the plan */
	unsigned tries;
	struct rfa_look look; /* the last one, if there were tries */
};
struct rfa_tallies {
	struct rfa_tally *at; /* owned */
	size_t n;
};
/* Those of the stack on the step's host that are due; release in any case. Errors: NOMEM. */
int rfa_tallies_begin(const struct rfa_ctx *ctx, struct rfa_tallies *out, struct rfa_error *err);
void rfa_tallies_release(struct rfa_tallies *tallies);
/* Tries one again. Errors: as rfa_check_try(); then the last look stays. */
int rfa_tally_try(struct rfa_ctx *ctx, struct rfa_tally *tally, struct rfa_error *err) RFA_MUST_USE;
/* Tells what is wrong with it: as LOG events, and what it answered in facts["answers"][name]. */
void rfa_check_say(struct rfa_ctx *ctx, const struct rfa_tally *tally, json_t *facts);
/* Those that were tried, as records that live as long as the step. */
void rfa_tallies_tell(struct rfa_ctx *ctx, const struct rfa_tallies *tallies,
		      struct rfa_check_result_list *out);

#endif

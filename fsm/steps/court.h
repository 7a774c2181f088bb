/*
 * The court: everything that could make a run fail half-way is looked at before anything is
 * touched, and all of it is told at once. A gate is a row: its name, and a function that judges
 * from what the looks found or asks the host itself.
 */
#ifndef RFA_FSM_STEPS_COURT_H
#define RFA_FSM_STEPS_COURT_H

#include "fsm/steps/ctx.h"

/* Collects verdicts. */
struct rfa_court {
	struct rfa_ctx *ctx;
	const char *gate;
	json_t *gates; /* array of {"gate","verdict","evidence","mend"} */
	size_t refusals;
	size_t of_this_gate;
};

/* 0 with any number of refusals, or an error of the connection. */
struct rfa_gate {
	const char *name;
	int (*judge)(struct rfa_court *, struct rfa_error *);
};

/* One gate may refuse for several reasons; each is told. */
void rfa_refuse(struct rfa_court *c, const char *mend, const char *fmt, ...) RFA_PRINTF(3, 4);

/*
 * The same of what may be passed on purpose: where the plan has a reason for it
 * (options.force_reason) the verdict is "forced", and kept. Never for what protects data.
 */
void rfa_object(struct rfa_court *c, const char *mend, const char *fmt, ...) RFA_PRINTF(3, 4);

/* What need not be mended, but should be known before anything is touched: a "warning". */
void rfa_caution(struct rfa_court *c, const char *mend, const char *fmt, ...) RFA_PRINTF(3, 4);

/* Hears every gate; facts get "gates". Errors: REFUSED, with the first reason. */
int rfa_court_sit(struct rfa_ctx *ctx, const struct rfa_gate *gates, size_t n, json_t *facts,
		  struct rfa_error *err);

/*
 * 1 if the run goes back to a rollback point. Nothing comes from elsewhere then: gates that are for
 * that do not stand in its way.
 */
int rfa_goes_back(const struct rfa_ctx *ctx);
/* 1 if the URL's host is the environment itself: localhost, its address, or one of its own. */
int rfa_url_is_own(const json_t *side, const char *url);

/* Gates that more than one kind of run has. */
int rfa_gate_engine(struct rfa_court *c, struct rfa_error *err);
/* Production that reads the test server's data is the accident that this one is for. */
int rfa_gate_base_url(struct rfa_court *c, struct rfa_error *err);
/* compose_gates.c: bringing a Compose project up changes its images, and nothing else. */
int rfa_gate_compose(struct rfa_court *c, struct rfa_error *err);
/* room.c: the bytes and inodes that the run needs, on each file system of both sides. */
int rfa_gate_room(struct rfa_court *c, struct rfa_error *err);
/*
 * reach.c: the networks that the containers join are there; and the host lets us ask the URLs that
 * decide about the new version.
 */
int rfa_gate_networks(struct rfa_court *c, struct rfa_error *err);
int rfa_gate_urls(struct rfa_court *c, struct rfa_error *err);
/* Where a stack asks for it, a backup has to have been proven lately. */
int rfa_gate_proven_drill(struct rfa_court *c, struct rfa_error *err);

#endif

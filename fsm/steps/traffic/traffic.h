/* The traffic of services that have a stand-in, as more than one step sees it. */
#ifndef RFA_FSM_STEPS_TRAFFIC_TRAFFIC_H
#define RFA_FSM_STEPS_TRAFFIC_TRAFFIC_H

#include "fsm/model/traffic.h"
#include "fsm/steps/common/ctx.h"

/* A service whose container this run replaces, and which has a stand-in meanwhile. */
struct rfa_stand {
	const struct rfa_switched *of;
	const struct rfa_container *before; /* as the look saw it */
	const char *green;                  /* the name of the stand-in's container */
	const char *alias;                  /* what it is called in its networks: SERVICE-green */
};

struct rfa_stand_list {
	const struct rfa_stand *at;
	size_t n;
};

/* What the stack says of its traffic; NULL: nothing. */
const struct rfa_traffic *rfa_traffic_of(const struct rfa_ctx *ctx);
/* 1: a breaking migration stops what uses the data, so there is nothing beside which anything could
 * stand: no service of the run moves its traffic. */
int rfa_traffic_rests(const struct rfa_ctx *ctx);
/*
 * Those of this run: the same in all of its rows. What did not run, or stays as it is, has none.
 * They live as long as the step.
 */
int rfa_stands(struct rfa_ctx *ctx, struct rfa_stand_list *out, struct rfa_error *err);
/* The same, but only those behind a router. */
int rfa_stands_routed(struct rfa_ctx *ctx, struct rfa_stand_list *out, struct rfa_error *err);
/* The same, of either kind: 1 if there are any; 0: facts says that there is nothing to do. */
int rfa_stands_or_skip(struct rfa_ctx *ctx, int routed, struct rfa_stand_list *out, json_t *facts,
		       struct rfa_error *err);
/* "web, api". */
const char *rfa_stands_names(struct rfa_ctx *ctx, const struct rfa_stand_list *stands);

enum rfa_side_of { RFA_BLUE, RFA_GREEN };

/* The container of a side, whichever it is now; *out (new) NULL: there is none. */
int rfa_stand_container(struct rfa_ctx *ctx, const struct rfa_stand *stand, enum rfa_side_of side,
			json_t **out, struct rfa_error *err);
/*
 * A stand-in runs: it is made if there is none, as its container is, and started if it does not
 * run. Errors: REFUSED: another run, or a person, has made a container of that name; what the
 * engine says.
 */
int rfa_stand_start(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_error *err);

/* Errors: those of the router's look. */
int rfa_traffic_ask(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_router_seen *out,
		    struct rfa_error *err);
/* The same, of a router that may just be started again: it is asked for half a minute. */
int rfa_traffic_look(struct rfa_ctx *ctx, const struct rfa_stand *stand,
		     struct rfa_router_seen *out, struct rfa_error *err);
/*
 * So many per cent of each one's requests go to its stand-in, live and kept: the side that gets
 * more is waited for until its router finds it up, where it is now. Errors: UNHEALTHY names the
 * side that does not come up; REMOTE: the router does not keep the share.
 */
int rfa_traffic_set(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int64_t share,
		    struct rfa_error *err);
/* 1 if all of them have this share, live and kept; 0; or an error. */
int rfa_traffic_is(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int64_t share,
		   struct rfa_error *err);
/* Waits until that side has no requests any more, or its time is over: *left (may be NULL). */
int rfa_traffic_drain(struct rfa_ctx *ctx, const struct rfa_stand_list *stands,
		      enum rfa_side_of side, int64_t *left, struct rfa_error *err);

/*
 * The share that is live proves itself: its time passes, and the router's own counters are judged.
 * What was counted at its beginning is on record, so that all of it counts. Errors: UNHEALTHY: the
 * new version answers with too many errors, or nobody can tell and the stack says "back";
 * CANCELLED: the run pauses behind it, as it was asked to.
 */
int rfa_soak(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int64_t share,
	     struct rfa_error *err);
/* Once: the stand-ins run, say so themselves, and were not started again. Errors: UNHEALTHY. */
int rfa_stands_well(struct rfa_ctx *ctx, const struct rfa_stand_list *stands,
		    struct rfa_error *err);

#endif

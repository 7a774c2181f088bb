/* Every step there is: the trios that the flows' tables name. */
#ifndef RFA_FSM_STEPS_STEPS_H
#define RFA_FSM_STEPS_STEPS_H

#include "fsm/steps/ctx.h"

#define RFA_RUN_OF(step) int rfa_##step##_run(struct rfa_ctx *, json_t *, struct rfa_error *)
#define RFA_PROBE_OF(step) \
	int rfa_##step##_probe(struct rfa_ctx *, enum rfa_probe *, json_t *, struct rfa_error *)
#define RFA_UNDO_OF(step) int rfa_##step##_undo(struct rfa_ctx *, struct rfa_error *)
#define RFA_TRIO_OF(step)   \
	RFA_RUN_OF(step);   \
	RFA_PROBE_OF(step); \
	RFA_UNDO_OF(step)

/* lock.c: the host lock, and what a run leaves in its own directory */
RFA_TRIO_OF(lock);
RFA_RUN_OF(unlock);
RFA_PROBE_OF(unlock);

/* look.c: what runs on the source, and how the target looks now */
RFA_RUN_OF(source_look);
RFA_RUN_OF(target_look);

/* gates.c: may this run touch anything? */
RFA_RUN_OF(gates);

/* transfer.c: images on their way from host to host */
RFA_TRIO_OF(image_export);
RFA_TRIO_OF(receive);

/* images.c: images on the target */
RFA_TRIO_OF(keep);
RFA_TRIO_OF(load);
RFA_TRIO_OF(tag);

/* containers.c: containers started by `docker run` */
RFA_TRIO_OF(replace);

/* compose.c: containers of a Compose project */
RFA_TRIO_OF(compose);

/* health.c: does what runs there serve? */
RFA_RUN_OF(health);
RFA_RUN_OF(health_before);

/* tidy.c: what is not needed once the new version has proven itself */
RFA_RUN_OF(tidy);
RFA_PROBE_OF(tidy);

/* For TIDY steps and others whose run looks first and completes what is half there. */
RFA_PROBE_OF(again);

#endif

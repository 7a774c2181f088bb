/* Completes the plan of a rollback of images. */
#ifndef RFA_FSM_PARTS_ROLLBACK_H
#define RFA_FSM_PARTS_ROLLBACK_H

#include "fsm/parts/args.h"

/*
 * --to and --with-files: the point; what of the configuration differs from it now
 * (options.differs); and where images come from that the target has no more: the source is an
 * environment that has them, or the vault with a backup of images that has (options.backup), or a
 * registry is asked (options.via), or nobody has them (options.asked says who was asked). Connects
 * to the target, and to those only that it asks.
 */
int rfa_prepare_rollback(const struct rfa_prepare *p, json_t *plan,
			 struct rfa_error *err) RFA_MUST_USE;
/*
 * The same of the configuration alone; the plan has its point. Connects to the target, if there is
 * anything to look at.
 */
int rfa_prepare_point_files(const struct rfa_prepare *p, json_t *plan,
			    struct rfa_error *err) RFA_MUST_USE;

#endif

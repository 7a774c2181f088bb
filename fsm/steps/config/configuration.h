/* The configuration of a Compose project: the files that say what its containers are like. */
#ifndef RFA_FSM_STEPS_CONFIG_CONFIGURATION_H
#define RFA_FSM_STEPS_CONFIG_CONFIGURATION_H

#include "fsm/steps/common/ctx.h"

/* Of one project: so many files, each and all of them of so many bytes. What is more is left out.
 */
enum {
	RFA_CONFIGURATION_MAX = 64,
	RFA_CONFIGURATION_NAMES = 8,
	RFA_CONFIGURATION_OVERRIDES = 4, /* from here on they are those of overrides */
	RFA_CONFIGURATION_FILE_BYTES = 1 << 20,
	RFA_CONFIGURATION_BYTES = 8 << 20
};

/* The names that Compose finds by itself, with those of overrides. */
extern const char *const rfa_configuration_names[RFA_CONFIGURATION_NAMES];

/*
 * Keeps the files of the target's Compose project as they are now, below the state directory, for
 * the run: the Compose files, what they include and extend, and their files of variables. Only what
 * is below the project's directory; the rest is told in out->left_out. *out is NULL without a
 * project. It may be repeated, and lives as long as the step.
 */
int rfa_configuration_keep(struct rfa_ctx *ctx, const struct rfa_configuration **out,
			   struct rfa_error *err);
/* Removes what a run has kept. Absent is success. */
int rfa_configuration_drop(struct rfa_ctx *ctx, const char *run, struct rfa_error *err);
/*
 * Removes what is needed no more: what runs on the target, and these points, keep theirs. old: the
 * points that are not among them.
 */
int rfa_configuration_cleanup(struct rfa_ctx *ctx, const struct rfa_point_list *points,
			      size_t newest, struct rfa_error *err);

/* A project that is compared with what was kept of it. All borrowed. */
struct rfa_configuration_ask {
	struct rfa_host *host;
	const struct rfa_stack_compose *compose;
	const struct rfa_texts *found; /* the files that Compose found by itself; may be empty */
	const struct rfa_configuration *then;
	struct rfa_pool *pool;
};
/*
 * What each file is now, and was then. One that Compose reads by itself and was not there then is
 * to go. Of files of variables nothing is told but whether they differ.
 */
int rfa_configuration_compare(const struct rfa_configuration_ask *ask,
			      struct rfa_file_change_list *out, struct rfa_error *err);
/*
 * Appends how a file differs, by key and never by value: "~services.web.environment". change: one
 * of those above.
 */
int rfa_configuration_diff(struct rfa_host *host, const char *directory,
			   const struct rfa_file_change *change, json_t *lines,
			   struct rfa_error *err);

#endif

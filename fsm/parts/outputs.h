/* What a run leaves in the ledger at its end, by its flow. */
#ifndef RFA_FSM_PARTS_OUTPUTS_H
#define RFA_FSM_PARTS_OUTPUTS_H

#include "fsm/base/buf.h"
#include "fsm/base/clock.h"
#include "fsm/base/facts.h"
#include "fsm/core/flow.h"
#include "fsm/model/plan.h"
#include "fsm/model/proven.h"
#include "fsm/model/version.h"
#include "ledger/ledger.h"

enum { RFA_OUTPUTS_FILES = 10, RFA_OUTPUTS_BYTES = 4 << 20 };

/* One tree file under construction. */
struct rfa_out_file {
	char path[256];
	struct rfa_buf text;
	int remove; /* 1: the file goes */
	/* The text that it was made from, where other runs may write the file, too. */
	struct rfa_buf was;
	int has_was;
};

struct rfa_outputs {
	/* What the run was; borrowed. */
	struct rfa_ledger *ledger;
	const struct rfa_flow *flow;
	const char *run, *stack, *env, *from; /* from: "" if there is none */
	const json_t *plan, *facts, *points;
	const struct rfa_error *why; /* what turned it back, and at which step */
	const char *why_step;
	enum rfa_final final;
	char now[RFA_TIME_MAX];
	/* What it leaves. Room for RFA_OUTPUTS_FILES, and two more for each point that there is. */
	struct rfa_ledger_file *list;
	struct rfa_out_file *files;
	size_t n;
	char version[132]; /* what the run brings or brought; "" if nobody knows yet */
	char note[256];    /* what its line in the history says beside reasons; "" nothing */
	char before[128];  /* what ran, or served, before it; "" if nobody knows */
	char point[128];   /* the rollback point that it makes; "" none */
	char data[128];    /* that of data, which it makes beside one of images; "" none */
};

/*
 * How the runs of a flow end. version: fills in o->version, o->before and o->note. succeeded: the
 * files of a success. otherwise: those of any other end. Each may be NULL.
 */
struct rfa_result_ops {
	void (*version)(struct rfa_outputs *o);
	int (*succeeded)(struct rfa_outputs *o, struct rfa_error *err);
	int (*otherwise)(struct rfa_outputs *o, struct rfa_error *err);
};

/* Of flows that end in the same way. */
extern const struct rfa_result_ops rfa_result_images, rfa_result_data, rfa_result_backup,
    rfa_result_drill, rfa_result_word, rfa_result_import, rfa_result_exec, rfa_result_files,
    rfa_result_whole, rfa_result_restore;

/* A new file: its path is the caller's to write. */
struct rfa_out_file *rfa_outputs_file(struct rfa_outputs *o, int append);
/* Steals json. */
int rfa_outputs_json(struct rfa_out_file *f, json_t *json, struct rfa_error *err);
/*
 * points/<env>/<stack>/<name>.json: `made` with name, run and time; the name gets a number where
 * there is such a point already.
 */
int rfa_outputs_point(struct rfa_outputs *o, const char *name, const json_t *made,
		      struct rfa_error *err);

/*
 * versions/<stack>/<version>.json: which images o->version is, and that o->env has proven them.
 * What was written of it first stays: the images that were known, and the first proof.
 */
int rfa_outputs_version(struct rfa_outputs *o, const struct rfa_image_list *images,
			const struct rfa_verification *proof, struct rfa_error *err);
/*
 * The same, and verified/<env>/<stack>.json: these images, which run there, are the last ones that
 * o->env has proven (or got by force: proof->forced). A version without a name is kept only there.
 * only: of these keys are the images that were brought; NULL: all.
 */
int rfa_outputs_verified(struct rfa_outputs *o, const struct rfa_image_list *images,
			 const struct rfa_image_list *only, const struct rfa_verification *proof,
			 struct rfa_error *err);
/* synced/<env>/<stack>.json: the files that were brought, by this run or before. */
int rfa_outputs_synced(struct rfa_outputs *o, const struct rfa_synced_list *files,
		       struct rfa_error *err);
/* migrations/<env>/<stack>.json: the data of o->env has seen this one, too. */
int rfa_outputs_migrated(struct rfa_outputs *o, const struct rfa_migration *migration,
			 struct rfa_error *err);
/* Other data has taken its place: which migrations that has seen, nobody knows. */
int rfa_outputs_other_data(struct rfa_outputs *o, struct rfa_error *err);
/* *is: 1 if these images have come to o->env by force, and were not proven there since. */
int rfa_outputs_was_forced(struct rfa_outputs *o, const struct rfa_image_list *images, int *is,
			   struct rfa_error *err);

/*
 * What a point brought back is no longer there: its file goes (and with it its tag), and
 * retired/<env>/<stack>/<name>.json says what became of it: the point with
 * "retired": {"how","run","at","successor"}, where `successor` is the point that this run makes. A
 * point that the ledger does not know is nobody's.
 */
int rfa_outputs_retire(struct rfa_outputs *o, const char *name, const char *how,
		       struct rfa_error *err);

/* The run as records. */
struct rfa_outputs_seen {
	struct rfa_pool pool; /* owns them */
	struct rfa_plan plan;
	struct rfa_proven proven[RFA_ROLES];
};
/* Reads them; release in any case. Errors: CORRUPT, NOMEM. */
int rfa_outputs_see(const struct rfa_outputs *o, struct rfa_outputs_seen *out,
		    struct rfa_error *err);
void rfa_outputs_seen_release(struct rfa_outputs_seen *seen);

/* synced/<env>/<stack>.json: the files that were brought there, by this run or before. */
int rfa_outputs_synced(struct rfa_outputs *o, const struct rfa_synced_list *files,
		       struct rfa_error *err);

/* Of a run about a backup: the version is its id. */
void rfa_outputs_backup(struct rfa_outputs *o);
/* What a step of the run proved: path as rfa_facts_at(). NULL when absent. Borrowed. */
json_t *rfa_outputs_fact(const struct rfa_outputs *o, const char *step, const char *path);

#endif

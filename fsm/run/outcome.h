/* What a run leaves in the ledger at its end, by its flow. Not installed. */
#ifndef RFA_FSM_RUN_OUTCOME_H
#define RFA_FSM_RUN_OUTCOME_H

#include "fsm/run/drive.h"

enum { RFA_OUTCOME_FILES = 5, RFA_OUTCOME_BYTES = 4 << 20 };

/* One tree file under construction. */
struct rfa_out_file {
	char path[256];
	struct rfa_buf text;
	int remove; /* 1: the file goes */
};

struct rfa_outcome {
	/* Room for RFA_OUTCOME_FILES, and two more for each point that there is. */
	struct rfa_ledger_file *list;
	struct rfa_out_file *files;
	size_t n;
	enum rfa_final final;
	char now[RFA_TIME_MAX];
	char version[128]; /* what the run brings or brought; "" if nobody knows yet */
	char point[128];   /* the rollback point that it makes; "" none */
};

/* A new file: its path is the caller's to write. */
struct rfa_out_file *rfa_outcome_file(struct rfa_outcome *o, int append);
/* Steals json. */
int rfa_outcome_json(struct rfa_out_file *f, json_t *json, struct rfa_error *err);
/*
 * points/<env>/<stack>/<name>.json: `made` with name, run and time; the name gets a number where
 * there is such a point already.
 */
int rfa_outcome_point(struct rfa_drive *d, struct rfa_outcome *o, const char *name,
		      const json_t *made, struct rfa_error *err);

/*
 * What a point brought back is no longer there: its file goes (and with it its tag), and
 * spent/<env>/<stack>/<name>.json says what became of it: the point with
 * "spent": {"how","run","at","left"}, where `left` is the point that this run makes. A point that
 * the ledger does not know is nobody's.
 */
int rfa_outcome_spend(struct rfa_drive *d, struct rfa_outcome *o, const char *name, const char *how,
		      struct rfa_error *err);

/*
 * How the runs of a flow end. version: fills in o->version. succeeded: the files of a success.
 * otherwise: those of any other end; NULL: none.
 */
struct rfa_ending {
	const char *flow;
	void (*version)(const struct rfa_drive *d, struct rfa_outcome *o);
	int (*succeeded)(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err);
	int (*otherwise)(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err);
};

/* Of the flows about data, ended by a row without a flow. */
extern const struct rfa_ending rfa_data_endings[];

/* A JSON file of main's tree; *out is new. Errors: NOTFOUND. */
int rfa_outcome_read(struct rfa_drive *d, const char *path, json_t **out, struct rfa_error *err);

#endif

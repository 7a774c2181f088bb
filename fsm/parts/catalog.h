/*
 * The catalog: what the ledger's main says of a stack, as the ends of runs have written it:
 * rollback points, verified versions, backups and drills.
 */
#ifndef RFA_FSM_PARTS_CATALOG_H
#define RFA_FSM_PARTS_CATALOG_H

#include <jansson.h>

#include "fsm/base/clock.h"
#include "fsm/base/error.h"
#include "ledger/ledger.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "20261122-103015-prod-data", taken apart. */
struct rfa_backup_id {
	int64_t at_ms;
	char env[64]; /* whose data or images it holds */
	char set[16]; /* "data" or "images" */
};
/* 0, or -1: the text is no such id. */
RFA_API int rfa_backup_id_parse(const char *text, struct rfa_backup_id *out);

/* A JSON file of main's tree; *out is new. Errors: NOTFOUND. */
RFA_API int rfa_catalog_read(struct rfa_ledger *ledger, const char *path, json_t **out,
			     struct rfa_error *err) RFA_MUST_USE;
/* The same of a file that may well not be there: then *out is NULL. */
RFA_API int rfa_catalog_find(struct rfa_ledger *ledger, const char *path, json_t **out,
			     struct rfa_error *err) RFA_MUST_USE;

/*
 * *out (new): the rollback points of a stack, newest first, each with its "name". What the folder
 * holds beside them is left out.
 */
RFA_API int rfa_catalog_points(struct rfa_ledger *ledger, const char *env, const char *stack,
			       json_t **out, struct rfa_error *err) RFA_MUST_USE;

/*
 * The point that is meant, of rfa_catalog_points(); borrowed; NULL: none. By its name, else by the
 * version that ran then: of several the newest. name NULL: the newest of images.
 */
RFA_API json_t *rfa_catalog_point_meant(const json_t *points, const char *name);

/*
 * 1: what ran when the point was made does not run on the schema of the data of now; 0: it does, as
 * far as the ledger knows.
 */
RFA_API int rfa_catalog_needs_data(struct rfa_ledger *ledger, const char *env, const char *stack,
				   const json_t *point, struct rfa_error *err) RFA_MUST_USE;

/* *out (new): the versions of a stack that any run has brought, newest first. */
RFA_API int rfa_catalog_versions(struct rfa_ledger *ledger, const char *stack, json_t **out,
				 struct rfa_error *err) RFA_MUST_USE;
/* Where it is kept in main's tree. A name that no file can have is kept under its digest. */
RFA_API void rfa_catalog_version_path(const char *stack, const char *version, char out[256]);
/* *out (new, or NULL: none): the one of that name (an image's tag, or "set-…"). */
RFA_API int rfa_catalog_version(struct rfa_ledger *ledger, const char *stack, const char *version,
				json_t **out, struct rfa_error *err) RFA_MUST_USE;

/*
 * *out (new, or NULL: none): what is owed for a version that runs in `env` and went there by force:
 * {"version","run","at","reason"}, until the same images are proven in some environment. running:
 * only if one of them runs there still.
 */
RFA_API int rfa_catalog_debt(struct rfa_ledger *ledger, const char *env, const char *stack,
			     const char *version, int running, json_t **out,
			     struct rfa_error *err) RFA_MUST_USE;

/* *out (new, or NULL: none): what `env` has proven of the stack: {"version","at","run","images"}.
 */
RFA_API int rfa_catalog_verified(struct rfa_ledger *ledger, const char *env, const char *stack,
				 json_t **out, struct rfa_error *err) RFA_MUST_USE;

/* Where a drill is kept in main's tree. set: "images"; else of the data. */
RFA_API void rfa_catalog_drill_path(const char *place, const char *stack, const char *set,
				    char out[256]);
/*
 * *out (new, or NULL: none): the newest drill of a backup of this environment's stack, wherever
 * it was held: {"proven","at","run","backup","why"}. set: "data" or "images".
 */
RFA_API int rfa_catalog_drill(struct rfa_ledger *ledger, const char *env, const char *stack,
			      const char *set, json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* When the newest drill was held, if it has proven something; else "". */
RFA_API int rfa_catalog_proof(struct rfa_ledger *ledger, const char *env, const char *stack,
			      const char *set, char into[RFA_TIME_MAX],
			      struct rfa_error *err) RFA_MUST_USE;
/*
 * *out (new): the ids of backups that no retention may take, each once: what a rollback point of
 * this environment's stack came from or has beside it, and what a drill has proven last. Of points
 * of images only the newest count, so many: the images of others are not kept either.
 */
RFA_API int rfa_catalog_pins(struct rfa_ledger *ledger, const char *env, const char *stack,
			     int64_t keep_images, json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* into: the id of the newest backup of this environment's stack; "" if there is none. set: "data"
 * or "images"; NULL: either. */
RFA_API int rfa_catalog_backup(struct rfa_ledger *ledger, const char *env, const char *stack,
			       const char *set, char into[128], struct rfa_error *err) RFA_MUST_USE;
/* The same, if that backup lies in this vault (a folder, on an environment or the operator's side).
 */
RFA_API int rfa_catalog_in_vault(struct rfa_ledger *ledger, const char *env, const char *stack,
				 const char *where, const char *vault, char into[128],
				 struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

/* Backups in a vault's list (host.h: vault_list), found by their names. */
#ifndef RFA_FSM_PARTS_BACKUPS_H
#define RFA_FSM_PARTS_BACKUPS_H

#include <jansson.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which backup is meant. */
struct rfa_backup_ask {
	const char *stack, *env; /* whose */
	const char *id;          /* NULL: the newest complete one of the set */
	const char *set;         /* "data" or "images" */
	const char *path, *host; /* where the vault is, for messages */
};

/* 1 if the entry is a backup of this environment, and of this set (NULL: any). */
RFA_API int rfa_backup_is(const json_t *entry, const char *env, const char *set);
/* *out is borrowed from the list. Errors: NOTFOUND with a suggestion; REFUSED: not complete. */
RFA_API int rfa_backup_choose(const json_t *list, const struct rfa_backup_ask *ask,
			      const json_t **out, struct rfa_error *err) RFA_MUST_USE;

struct rfa_prepare;
/* What a vault answered. */
struct rfa_images_found {
	char backup[128];     /* that one has them; "": none has */
	size_t asked;         /* so many backups of images of the stack were looked at */
	int unknown;          /* 1: they could not be asked */
	struct rfa_error why; /* of that */
};
/*
 * The newest complete backup of images in the vault of env that has all of `missing`
 * ({identity: reference}), and none beside `all` ({identity: …}): if there is one, it becomes the
 * plan's source. Connects to where the vault is. Errors: NOMEM.
 */
int rfa_prepare_stored_images(const struct rfa_prepare *p, json_t *plan, const char *env,
			      const json_t *missing, const json_t *all,
			      struct rfa_images_found *found, struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

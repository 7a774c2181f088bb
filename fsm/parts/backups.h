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

#ifdef __cplusplus
}
#endif
#endif

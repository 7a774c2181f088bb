/* Folders made durable, trees synced or removed, small files read. */
#ifndef RFA_LEDGER_FILES_H
#define RFA_LEDGER_FILES_H

#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

/* Makes a folder and those above it that are missing below `root`, each durable in its parent. */
int rfa_mkdir_synced(const char *root, const char *path, struct rfa_error *err) RFA_MUST_USE;
int rfa_sync_folder(const char *path, struct rfa_error *err) RFA_MUST_USE;
/* fsyncs every file and folder below path, and path. */
int rfa_sync_tree(const char *path, struct rfa_error *err) RFA_MUST_USE;
/* Removes path and all below it, as far as it can. */
void rfa_remove_tree(const char *path);
/* Removes files below path (to that depth) for which pick(name) answers 1; the number removed. */
size_t rfa_remove_files(const char *path, unsigned depth, int (*pick)(const char *name));
/* A whole file of at most `max` bytes. NOTFOUND when there is none. */
int rfa_slurp(const char *path, size_t max, struct rfa_buf *out,
	      struct rfa_error *err) RFA_MUST_USE;

#endif

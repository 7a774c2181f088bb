/* The files of a stack's Compose directory, as the steps that bring them see them. */
#ifndef RFA_FSM_STEPS_CONFIG_FILES_H
#define RFA_FSM_STEPS_CONFIG_FILES_H

#include "fsm/steps/common/ctx.h"

/* Who gets files in this run: the target, or with --take the source. */
enum rfa_role_id rfa_files_receiver(const struct rfa_ctx *ctx);
/* Who gives them: the other one; of what goes back the target itself. */
enum rfa_role_id rfa_files_giver(const struct rfa_ctx *ctx);
/* The directory of the stack's files on that side; of a release the source's is in the commit. */
const char *rfa_files_directory(const struct rfa_ctx *ctx, enum rfa_role_id role);
/* What is to change: what the run's comparison has found. */
const struct rfa_file_change_list *rfa_files_changes(const struct rfa_ctx *ctx);

/* Lists the directory of that side. Release it. */
int rfa_files_list(struct rfa_ctx *ctx, enum rfa_role_id role, struct rfa_file_list *out,
		   struct rfa_error *err);
/* 1 if it is a file of variables, which may be passwords. */
int rfa_files_has_variables(const struct rfa_ctx *ctx, const char *path);

/*
 * The key that digests of files of variables are made with, so that nobody who reads the ledger can
 * try passwords out. It never leaves the target's host. make: it is made where there is none; else
 * it is "" then.
 */
int rfa_files_key(struct rfa_ctx *ctx, int make, char key[65], struct rfa_error *err);
/* What is recorded of content with this digest; "" without a key. Lives as long as the step. */
const char *rfa_files_digest(struct rfa_ctx *ctx, int variables, const char *key,
			     const char *sha256);
/* 1 if a file of the target is the one that a sync has brought. Who cannot tell says no. */
int rfa_files_as_brought(struct rfa_ctx *ctx, const char *key, const struct rfa_file_entry *now);

/*
 * 1 if files come or go back together with images: only those that change are looked at again, and
 * what the run has written over is kept until it ends.
 */
int rfa_files_with_images(const struct rfa_ctx *ctx);
/* 1 if the ledger is to know what was brought; what goes back with images counts as edited. */
int rfa_files_are_known(const struct rfa_ctx *ctx);
/* Why the step's host gets no files in this run; NULL: it gets some. */
const char *rfa_files_idle(const struct rfa_ctx *ctx);
/* What the files that are to change are now, as rfa_files_list() does. Release it. */
int rfa_files_look(struct rfa_ctx *ctx, struct rfa_file_list *out, struct rfa_error *err);
/* Writes them, in a row behind the one that has written them, whose undo has brought back others.
 */
int rfa_files_write_again(struct rfa_ctx *ctx, struct rfa_error *err);
/* The files as they were before the run; NULL: none was kept. */
const struct rfa_point *rfa_files_before(const struct rfa_ctx *ctx);

/*
 * Reads a file below the directory of that side, where no link is followed; MISMATCH if its content
 * is not that of a digest. sha256 "": whatever it is.
 */
int rfa_files_get(const struct rfa_ctx *ctx, enum rfa_role_id role, const char *path,
		  const char *sha256, struct rfa_buf *out, struct rfa_error *err);
/*
 * Reads what a change brings: of the giver's directory, of the commit that is released, or what a
 * rollback point has kept.
 */
int rfa_files_fetch(const struct rfa_ctx *ctx, const struct rfa_file_change *one,
		    struct rfa_buf *out, struct rfa_error *err);
/* Reads what rfa itself keeps; MISMATCH if it is not that of a digest. sha256 "": whatever it is.
 */
int rfa_files_read(struct rfa_host *host, const char *path, const char *sha256, struct rfa_buf *out,
		   struct rfa_error *err);

#endif

/* A file that is written beside its name, and gets the name when it is whole. */
#ifndef RFA_CLI_FRAME_ASIDE_H
#define RFA_CLI_FRAME_ASIDE_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

struct rfa_aside {
	char path[PATH_MAX];
	char temp[PATH_MAX]; /* "" : there is none (any more) */
	int fd;
};

/* Only its owner can read it until it is whole. Errors: USAGE (path too long), IO. */
int rfa_aside_open(struct rfa_aside *file, const char *path, struct rfa_error *err) RFA_MUST_USE;
int rfa_aside_write(struct rfa_aside *file, const void *data, size_t len,
		    struct rfa_error *err) RFA_MUST_USE;
/*
 * It is on disk, has this mode, and its name. Errors: EXISTS: there is a file of that name, and it
 * is not to be replaced. After any error nothing is left of it.
 */
int rfa_aside_finish(struct rfa_aside *file, mode_t mode, int replace,
		     struct rfa_error *err) RFA_MUST_USE;
/* Nothing is left of it; nothing happens if it is finished. */
void rfa_aside_drop(struct rfa_aside *file);
/* All of it in one call. */
int rfa_aside_whole(const char *path, const struct rfa_buf *text, mode_t mode, int replace,
		    struct rfa_error *err) RFA_MUST_USE;

#endif

/* A file that a person names, read whole. */
#ifndef RFA_CLI_FRAME_READ_H
#define RFA_CLI_FRAME_READ_H

#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

/* Appends it. Errors: NOTFOUND; TOOBIG, over max; IO, also of what is no plain file. */
int rfa_read_file(const char *path, size_t max, struct rfa_buf *out,
		  struct rfa_error *err) RFA_MUST_USE;

#endif

/* An image's name in what an engine says: it could be any words, and says nothing of what went
 * wrong. Pure. Private to transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_REMOTE_NAME_H
#define RFA_TRANSPORTS_HOST_REMOTE_NAME_H

#include <stddef.h>

#include "fsm/base/buf.h"

/*
 * Appends the line to *out, with blanks for every URL and for the image's reference: whole, its
 * repository, its registry, and its path as engines shorten it, each also percent-encoded. A path
 * of one word is a name only where engines put one ("repository X", "denied for X", "X").
 */
void rfa_remote_unname(struct rfa_buf *out, const char *line, size_t len, const char *ref);

#endif

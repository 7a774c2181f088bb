/* All that is to be known of a tree, as text, read by system calls and not by rfa. */
#ifndef RFA_TESTS_HARNESS_LISTING_H
#define RFA_TESTS_HARNESS_LISTING_H

#include "fsm/base/buf.h"

/*
 * Appends a line for each entry of the tree, sorted by name: type, mode, owner, time, size, digest
 * of the content, target, which names are one file, extended attributes, how much is allocated of a
 * sparse file. Sockets are left out. 0 or -1.
 */
int listing_make(const char *tree, struct rfa_buf *out);

/* Fails the test, and shows where they differ, unless the trees are the same in all of it. */
void listing_same(const char *a, const char *b);

#endif

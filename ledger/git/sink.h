/* A file of the ledger's packs that is written with its checksum at its end. */
#ifndef RFA_LEDGER_GIT_SINK_H
#define RFA_LEDGER_GIT_SINK_H

#include <limits.h>

#include "ledger/git/git.h"
#include "ledger/git/sha1.h"

/* The file's name before it gets its own begins with this. */
#define RFA_SINK_PREFIX "tmp_join_"

struct rfa_sink {
	int fd;
	struct rfa_sha1 sum;
	char path[PATH_MAX];
	size_t len;
	unsigned char waiting[65536];
};

/* A new file in objects/pack; what a killed writer left in its place goes. */
int rfa_sink_open(struct rfa_sink *sink, const struct rfa_git *git, const char *what,
		  struct rfa_error *err) RFA_MUST_USE;
int rfa_sink_put(struct rfa_sink *sink, const void *data, size_t len,
		 struct rfa_error *err) RFA_MUST_USE;
/* Writes the checksum behind all; then the file is durable. */
int rfa_sink_end(struct rfa_sink *sink, unsigned char sum[RFA_SHA1_BYTES],
		 struct rfa_error *err) RFA_MUST_USE;
/*
 * Gives a pack and its index their names, durably, the index's first: one that has no pack is
 * nothing to git, and is found and removed (packs.h); a pack without an index would lie there for
 * ever. `sum`: the pack's; `half`: the fault point between the two.
 */
int rfa_sink_place(const struct rfa_git *git, const struct rfa_sink *pack,
		   const struct rfa_sink *index, const unsigned char sum[RFA_SHA1_BYTES],
		   const char *half, struct rfa_error *err) RFA_MUST_USE;
/* Removes the file if it has no other name meanwhile. Safe on one that was not opened. */
void rfa_sink_close(struct rfa_sink *sink);

#endif

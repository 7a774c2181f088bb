/* The packs of the ledger, by their indexes (gitformat-pack(5): version 2). */
#ifndef RFA_LEDGER_GIT_PACKS_H
#define RFA_LEDGER_GIT_PACKS_H

#include <limits.h>
#include <stdint.h>

#include "ledger/git/git.h"
#include "ledger/git/sha1.h"

/* A larger one is left as it is. */
#define RFA_PACK_MAX ((uint64_t)1 << 30)
/* More are never looked at in one go; the rest is for the next time. */
#define RFA_PACKS_MAX 128
#define RFA_PACK_HEAD 12
/* An index begins with a head, and with how many objects have an id that begins with at most each
 * byte. */
#define RFA_INDEX_HEAD 8
#define RFA_INDEX_FANOUT 1024

/* A pack that is open for reading. */
struct rfa_pack {
	char name[GIT_OID_HEXSZ + 1];
	uint32_t n;                 /* objects */
	uint64_t size;              /* of the pack's file */
	const unsigned char *index; /* mapped; NULL: not open */
	size_t index_size;
	uint32_t at;       /* the next object, in the order of ids */
	uint64_t moved_by; /* where its body stands in the joined pack, minus where it stood */
};

struct rfa_packs {
	struct rfa_pack all[RFA_PACKS_MAX];
	size_t n;
};

uint32_t rfa_pack_read32(const unsigned char *at);
void rfa_pack_write32(unsigned char *at, uint32_t x);
/* pack-NAME.END in the ledger. */
void rfa_pack_path(const struct rfa_git *git, const char *name, const char *end,
		   char out[PATH_MAX]);
/* What the index says of its i-th object, in the order of ids: its id, the checksum of its bytes in
 * the pack, where they begin. i below pack->n. */
const unsigned char *rfa_pack_id(const struct rfa_pack *pack, uint32_t i);
const unsigned char *rfa_pack_crc(const struct rfa_pack *pack, uint32_t i);
uint64_t rfa_pack_offset(const struct rfa_pack *pack, uint32_t i);

/*
 * Those without a `.keep` whose index is of our kind, the one with fewest objects first. Removes an
 * index that has no pack, as a killed writer leaves it: only under the ledger's flock.
 */
void rfa_packs_open(const struct rfa_git *git, struct rfa_packs *packs);
void rfa_pack_close(struct rfa_pack *pack);
void rfa_packs_close(struct rfa_packs *packs);

#endif

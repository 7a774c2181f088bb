/*
 * SHA-1 (FIPS 180-4, 6.1): the checksum at the end of git's packs and of their indexes. It finds
 * what a disk has changed; nothing is trusted because of it.
 */
#ifndef RFA_LEDGER_GIT_SHA1_H
#define RFA_LEDGER_GIT_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define RFA_SHA1_BYTES 20

struct rfa_sha1 {
	uint32_t state[5];
	uint64_t bytes;         /* added so far */
	unsigned char rest[64]; /* the last ones, less than a block */
};

void rfa_sha1_begin(struct rfa_sha1 *sum);
void rfa_sha1_add(struct rfa_sha1 *sum, const void *data, size_t len);
/* The sum is of no use afterwards. */
void rfa_sha1_end(struct rfa_sha1 *sum, unsigned char out[RFA_SHA1_BYTES]);

#endif

/* SHA-1 (FIPS 180-4, 6.1). */
#include <string.h>

#include "ledger/git/sha1.h"

#define BLOCK 64

static uint32_t rotated(uint32_t x, unsigned by)
{
	return x << by | x >> (32 - by);
}

static void add_block(uint32_t state[5], const unsigned char *block)
{
	uint32_t w[80];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned i = 16; i < 80; i++)
		w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t f, k, next;

		if (i < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (i < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (i < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		next = rotated(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rotated(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

void rfa_sha1_begin(struct rfa_sha1 *sum)
{
	static const uint32_t first[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
					   0xc3d2e1f0 };

	memcpy(sum->state, first, sizeof(first));
	sum->bytes = 0;
}

void rfa_sha1_add(struct rfa_sha1 *sum, const void *data, size_t len)
{
	const unsigned char *at = data;

	while (len) {
		size_t have = sum->bytes % BLOCK;
		size_t n = len < BLOCK - have ? len : BLOCK - have;

		if (n == BLOCK) {
			add_block(sum->state, at);
		} else {
			memcpy(sum->rest + have, at, n);
			if (have + n == BLOCK)
				add_block(sum->state, sum->rest);
		}
		sum->bytes += n;
		at += n;
		len -= n;
	}
}

void rfa_sha1_end(struct rfa_sha1 *sum, unsigned char out[RFA_SHA1_BYTES])
{
	static const unsigned char padding[BLOCK] = { 0x80 };
	uint64_t bits = sum->bytes * 8;
	size_t have = sum->bytes % BLOCK;
	unsigned char length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	rfa_sha1_add(sum, padding, have < 56 ? 56 - have : 120 - have);
	rfa_sha1_add(sum, length, sizeof(length));
	for (unsigned i = 0; i < RFA_SHA1_BYTES; i++)
		out[i] = (unsigned char)(sum->state[i / 4] >> (24 - 8 * (i % 4)));
}

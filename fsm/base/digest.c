/* SHA-256 and BLAKE2b-256 on libsodium. */
#include "fsm/base/digest.h"

#include <sodium.h>

/* RFC 7693 with 32 bytes of output and no key: what `b2sum -l 256` prints. */
enum { DIGEST_BYTES = 32 };

_Static_assert(DIGEST_BYTES == crypto_hash_sha256_BYTES, "both digests have the same length");
_Static_assert(RFA_HMAC_BYTES == crypto_auth_hmacsha256_BYTES, "a MAC is as long as its digest");
_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(((struct rfa_digest *)0)->u),
	       "the state of SHA-256 fits");
_Static_assert(sizeof(crypto_generichash_state) + 63 <= sizeof(((struct rfa_digest *)0)->u),
	       "the state of BLAKE2b, aligned to 64 bytes, fits");

/* libsodium wants 64-byte alignment; the embedded state may have less. */
static crypto_generichash_state *blake(struct rfa_digest *d)
{
	uintptr_t at = (uintptr_t)d->u.bytes;

	return (crypto_generichash_state *)((at + 63) & ~(uintptr_t)63);
}

void rfa_digest_init(struct rfa_digest *d, enum rfa_digest_kind kind)
{
	d->kind = kind;
	if (kind == RFA_SHA256)
		crypto_hash_sha256_init((crypto_hash_sha256_state *)&d->u);
	else
		crypto_generichash_init(blake(d), NULL, 0, DIGEST_BYTES);
}

void rfa_digest_update(struct rfa_digest *d, const void *data, size_t len)
{
	if (d->kind == RFA_SHA256)
		crypto_hash_sha256_update((crypto_hash_sha256_state *)&d->u, data, len);
	else
		crypto_generichash_update(blake(d), data, len);
}

void rfa_digest_final(struct rfa_digest *d, char hex[RFA_DIGEST_HEX])
{
	unsigned char out[DIGEST_BYTES];

	if (d->kind == RFA_SHA256)
		crypto_hash_sha256_final((crypto_hash_sha256_state *)&d->u, out);
	else
		crypto_generichash_final(blake(d), out, sizeof(out));
	sodium_bin2hex(hex, RFA_DIGEST_HEX, out, sizeof(out));
}

void rfa_digest_of(enum rfa_digest_kind kind, const void *data, size_t len,
		   char hex[RFA_DIGEST_HEX])
{
	struct rfa_digest d;

	rfa_digest_init(&d, kind);
	rfa_digest_update(&d, data, len);
	rfa_digest_final(&d, hex);
}

void rfa_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
		     unsigned char out[RFA_HMAC_BYTES])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, data, len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

/* SHA-256 (ids, plans) and BLAKE2b-256 (transfer chunks; what `b2sum -l 256` prints), by libsodium.
 */
#ifndef RFA_FSM_BASE_DIGEST_H
#define RFA_FSM_BASE_DIGEST_H

#include <stddef.h>

#include "fsm/base/export.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RFA_DIGEST_HEX 65 /* 64 hex digits and a NUL */

enum rfa_digest_kind { RFA_SHA256, RFA_BLAKE2B };

/* Opaque running digest, embedded by its user; must not be moved or copied while it runs. */
struct rfa_digest {
	enum rfa_digest_kind kind;
	union {
		unsigned char bytes[512];
		long long align_[2];
	} u;
};

RFA_API void rfa_digest_init(struct rfa_digest *d, enum rfa_digest_kind kind);
RFA_API void rfa_digest_update(struct rfa_digest *d, const void *data, size_t len);
RFA_API void rfa_digest_final(struct rfa_digest *d, char hex[RFA_DIGEST_HEX]);
/* All at once. */
RFA_API void rfa_digest_of(enum rfa_digest_kind kind, const void *data, size_t len,
			   char hex[RFA_DIGEST_HEX]);

/* HMAC with SHA-256 (RFC 2104); a key of any length. */
#define RFA_HMAC_BYTES 32
RFA_API void rfa_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
			     unsigned char out[RFA_HMAC_BYTES]);

#ifdef __cplusplus
}
#endif
#endif

/* Signatures of webhooks: each provider's own way. */
#ifndef RFA_TRANSPORTS_NOTIFY_SIGN_H
#define RFA_TRANSPORTS_NOTIFY_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/base64.h"
#include "fsm/base/digest.h"
#include "fsm/base/error.h"

/* Of a signature in base64, with its NUL. */
#define RFA_SIGNATURE_MAX RFA_BASE64_SIZE(RFA_HMAC_BYTES)

/*
 * Standard Webhooks 1.0: the key is base64 behind "whsec_". 0, or CONFIG for a secret that is not.
 */
int rfa_sign_standard(char out[RFA_SIGNATURE_MAX], const char *secret, const char *id,
		      int64_t seconds, const char *body, size_t len,
		      struct rfa_error *err) RFA_MUST_USE;
/* Feishu: the key is "TIME\nSECRET", and nothing is signed with it. */
void rfa_sign_feishu(char out[RFA_SIGNATURE_MAX], const char *secret, int64_t seconds);
/* DingTalk: the key is the secret, and "TIME\nSECRET" is signed; in milliseconds. */
void rfa_sign_dingtalk(char out[RFA_SIGNATURE_MAX], const char *secret, int64_t ms);

#endif

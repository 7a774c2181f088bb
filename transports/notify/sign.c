/* Signatures of webhooks. */
#include "transports/notify/sign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/buf.h"
#include "fsm/base/wipe.h"

#define PREFIX "whsec_"

enum { SECRET_MAX = 4096 };

static void sign(char out[RFA_SIGNATURE_MAX], const void *key, size_t key_len, const void *data,
		 size_t len)
{
	unsigned char mac[RFA_HMAC_BYTES];

	rfa_hmac_sha256(key, key_len, data, len, mac);
	rfa_base64(out, mac, sizeof(mac));
}

int rfa_sign_standard(char out[RFA_SIGNATURE_MAX], const char *secret, const char *id,
		      int64_t seconds, const char *body, size_t len, struct rfa_error *err)
{
	struct rfa_buf what = RFA_BUF_INIT(len + 512);
	const char *text = secret + strlen(PREFIX);
	char key[SECRET_MAX + 1];
	int n = -1;
	int rc = 0;

	if (!strncmp(secret, PREFIX, strlen(PREFIX)) && strlen(text) <= SECRET_MAX)
		n = rfa_base64_decode(key, text);
	rfa_buf_printf(&what, "%s.%" PRId64 ".", id, seconds);
	rfa_buf_add(&what, body, len);
	if (n <= 0) {
		rfa_fail(err, RFA_ECONFIG, "notify",
			 "the secret of the signature is not as Standard Webhooks wants it");
		rc = rfa_error_hint(err, "make one: echo " PREFIX "$(openssl rand -base64 24)");
	} else if (!(rc = rfa_buf_check(&what, err))) {
		sign(out, key, (size_t)n, what.data, what.len);
	}
	rfa_wipe(key, sizeof(key));
	rfa_buf_release(&what);
	return rc;
}

/* "TIME\nSECRET" */
static void stamp(struct rfa_buf *out, int64_t when, const char *secret)
{
	if (!rfa_wipe_reserve(out, strlen(secret) + 32))
		rfa_buf_printf(out, "%" PRId64 "\n%s", when, secret);
}

void rfa_sign_feishu(char out[RFA_SIGNATURE_MAX], const char *secret, int64_t seconds)
{
	struct rfa_buf key = RFA_BUF_INIT(SECRET_MAX);

	stamp(&key, seconds, secret);
	sign(out, rfa_buf_str(&key), key.len, "", 0);
	rfa_wipe_buf(&key);
}

void rfa_sign_dingtalk(char out[RFA_SIGNATURE_MAX], const char *secret, int64_t ms)
{
	struct rfa_buf what = RFA_BUF_INIT(SECRET_MAX);

	stamp(&what, ms, secret);
	sign(out, secret, strlen(secret), rfa_buf_str(&what), what.len);
	rfa_wipe_buf(&what);
}

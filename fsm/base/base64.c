/* Base64, with padding. */
#include "fsm/base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void rfa_base64(char *out, const void *data, size_t len)
{
	const unsigned char *in = data;

	for (; len; in += 3) {
		unsigned a = in[0], b = len > 1 ? in[1] : 0u, c = len > 2 ? in[2] : 0u;

		*out++ = digits[a >> 2];
		*out++ = digits[(a & 3) << 4 | b >> 4];
		*out++ = '=';
		*out++ = '=';
		if (len > 1)
			out[-2] = digits[(b & 15) << 2 | c >> 6];
		if (len > 2)
			out[-1] = digits[c & 63];
		len -= len < 3 ? len : 3;
	}
	*out = '\0';
}

void rfa_base64_put(struct rfa_buf *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	char group[RFA_BASE64_SIZE(3)];
	size_t i;

	for (i = 0; i < len; i += 3) {
		rfa_base64(group, in + i, len - i < 3 ? len - i : 3);
		rfa_buf_add(out, group, 4);
	}
}

int rfa_base64_decode(char *out, const char *text)
{
	unsigned bits = 0, have = 0;
	int n = 0;

	for (; *text && *text != '='; text++) {
		const char *at = strchr(digits, *text);

		if (!at)
			return -1;
		bits = bits << 6 | (unsigned)(at - digits);
		have += 6;
		if (have >= 8)
			out[n++] = (char)(bits >> (have -= 8) & 0xff);
	}
	out[n] = '\0';
	return text[strspn(text, "=")] ? -1 : n;
}

/* Overwriting secrets, by libsodium. */
#include "fsm/base/wipe.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void rfa_wipe(void *data, size_t len)
{
	if (data)
		sodium_memzero(data, len);
}

void rfa_wipe_text(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

int rfa_wipe_reserve(struct rfa_buf *buf, size_t len)
{
	static const char zeros[1024];
	int rc = 0;

	for (; !rc && len; len -= len < sizeof(zeros) ? len : sizeof(zeros))
		rc = rfa_buf_add(buf, zeros, len < sizeof(zeros) ? len : sizeof(zeros));
	if (!rc)
		rfa_buf_clear(buf);
	return rc;
}

void rfa_wipe_buf(struct rfa_buf *buf)
{
	if (buf->data)
		sodium_memzero(buf->data, buf->cap);
	rfa_buf_release(buf);
}

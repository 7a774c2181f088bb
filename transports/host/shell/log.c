/* What a docker command wrote while it made an image: its lines, and what its script says of it. */
#include "transports/host/shell/shell.h"

#include <string.h>

const char *rfa_shell_log_last(const char *words, size_t *len, size_t *n)
{
	const char *last = words, *p;

	while (*len && words[*len - 1] == '\n')
		--*len;
	for (p = words; p < words + *len; p++)
		if (*p == '\n')
			last = p + 1;
	*n = *len - (size_t)(last - words);
	return last;
}

void rfa_shell_log_quote(struct rfa_buf *out, const char *text, size_t len, size_t max)
{
	const char *end;

	if (len > max) {
		text += len - max;
		len = max;
		(void)rfa_buf_puts(out, "...");
	}
	for (; len; len -= (size_t)(end - text), text = end) {
		size_t n;

		end = memchr(text, '\n', len);
		n = end ? (size_t)(end - text) : len;
		(void)rfa_buf_put_printable(out, text, n, 0);
		end = text + n;
		while (end < text + len && *end == '\n')
			end++;
		if (n && end < text + len)
			(void)rfa_buf_puts(out, "; ");
	}
}

int rfa_shell_log_image(const struct shell_host *h, const struct rfa_buf *text, json_t **out,
			struct rfa_error *err)
{
	struct rfa_buf log = RFA_BUF_INIT(SHELL_SMALL);
	const char *p = rfa_buf_str(text), *end = p + text->len;
	size_t n = strcspn(p, "\n");
	json_t *made;
	int rc = 0;

	if (strncmp(p, "sha256:", 7) != 0 || !rfa_shell_sha256_ok(p + 7) || n != 71 || p[n] != '\n')
		return rfa_shell_protocol_error(h, "the id of an image", err);
	for (const char *line = p + n + 1; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);

		(void)rfa_buf_put_printable(&log, line, len, 0);
		(void)rfa_buf_putc(&log, '\n');
		line += len + 1;
	}
	rc = rfa_buf_check(&log, err);
	if (rc == 0) {
		made = json_pack("{s:s%, s:s}", "id", p, n, "log", rfa_buf_str(&log));
		if (made)
			*out = made;
		else
			rc = rfa_fail_nomem(err);
	}
	rfa_buf_release(&log);
	return rc;
}

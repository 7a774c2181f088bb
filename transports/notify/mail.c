/*
 * A notice as a mail (RFC 5322, 2045, 2047). What is no plain ASCII travels in base64, the body
 * always: so no text can begin a header, end the mail, or make a line too long.
 */
#include "transports/notify/mail.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fsm/base/base64.h"
#include "transports/notify/text.h"

enum { TEXT_MAX = 64 << 10, LINE_BYTES = 57, WORD_BYTES = 42 };

static void put_base64(struct rfa_buf *out, const char *data, size_t len)
{
	char text[RFA_BASE64_SIZE(LINE_BYTES)];

	rfa_base64(text, data, len);
	rfa_buf_puts(out, text);
}

/* One header's text as encoded words, each of whole characters. */
static void put_words(struct rfa_buf *out, const char *text, size_t len)
{
	int first = 1;

	while (len) {
		size_t n = len < WORD_BYTES ? len : WORD_BYTES;

		while (n < len && n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		rfa_buf_puts(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
		put_base64(out, text, n);
		rfa_buf_puts(out, "?=");
		text += n;
		len -= n;
		first = 0;
	}
}

/* An address or a name, as far as it can stand in a header. */
static void put_token(struct rfa_buf *out, const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text > 0x20 && (unsigned char)*text < 0x7f)
			rfa_buf_putc(out, *text);
}

static void put_date(struct rfa_buf *out, int64_t now_ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	if (!gmtime_r(&now, &tm))
		return;
	rfa_buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
		       tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		       tm.tm_sec);
}

static void put_headers(struct rfa_buf *out, const struct rfa_receiver *to,
			const struct rfa_notice *notice, int64_t now_ms)
{
	struct rfa_buf title = RFA_BUF_INIT(TEXT_MAX);
	const char *at = strrchr(to->from, '@');

	put_date(out, now_ms);
	rfa_buf_puts(out, "From: rfa <");
	put_token(out, to->from);
	rfa_buf_puts(out, ">\r\nTo: ");
	for (size_t i = 0; to->to[i]; i++) {
		rfa_buf_puts(out, i ? ",\r\n " : "");
		put_token(out, to->to[i]);
	}
	rfa_buf_puts(out, "\r\nSubject: ");
	rfa_notice_title(&title, notice, rfa_notice_put_plain);
	put_words(out, rfa_buf_str(&title), title.len);
	rfa_buf_release(&title);
	/* The same at each try: who has got it twice sees that it is one. */
	rfa_buf_puts(out, "\r\nMessage-ID: <");
	put_token(out, notice->id);
	rfa_buf_putc(out, '@');
	put_token(out, at && at[1] ? at + 1 : "rfa.invalid");
	rfa_buf_puts(out, ">\r\nAuto-Submitted: auto-generated\r\n"
			  "MIME-Version: 1.0\r\n"
			  "Content-Type: text/plain; charset=utf-8\r\n"
			  "Content-Transfer-Encoding: base64\r\n"
			  "\r\n");
}

int rfa_mail_write(struct rfa_buf *out, const struct rfa_receiver *to,
		   const struct rfa_notice *notice, int64_t now_ms, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(TEXT_MAX);

	put_headers(out, to, notice, now_ms);
	rfa_notice_text(&text, notice, rfa_notice_put_plain, TEXT_MAX);
	for (size_t at = 0; at < text.len; at += LINE_BYTES) {
		size_t left = text.len - at;

		put_base64(out, text.data + at, left < LINE_BYTES ? left : LINE_BYTES);
		rfa_buf_puts(out, "\r\n");
	}
	rfa_buf_release(&text);
	return rfa_buf_check(out, err);
}

/* Errors: one table of codes, and the few functions that fill in an error. */
#include "fsm/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct code {
	const char *word;
	enum rfa_severity severity;
	int status;
	const char *text;
};

static const struct code codes[RFA_CODE_COUNT] = { [RFA_OK] = { "ok", RFA_FATAL, 0, "it worked" },
#define CODE_ROW(name, word, severity, status, text) \
	[RFA_E##name] = { word, RFA_##severity, status, text },
						   RFA_CODES(CODE_ROW)
#undef CODE_ROW
};

static const struct code unknown = { "unknown", RFA_FATAL, 1, "" };

static const struct code *row(enum rfa_code code)
{
	return (unsigned)code < RFA_CODE_COUNT ? &codes[code] : &unknown;
}

const char *rfa_code_word(enum rfa_code code)
{
	return row(code)->word;
}

const char *rfa_code_text(enum rfa_code code)
{
	return row(code)->text;
}

int rfa_code_status(enum rfa_code code)
{
	return row(code)->status;
}

const char *rfa_severity_word(enum rfa_severity severity)
{
	static const char *const words[] = { "retry", "fatal", "unknown", "denied" };

	return (unsigned)severity < sizeof(words) / sizeof(words[0]) ? words[severity] : "";
}

/* Messages are one line by contract: whatever was formatted in, line breaks become blanks. */
static void one_line(char *text)
{
	for (; *text; text++)
		if (*text == '\n' || *text == '\r' || *text == '\t')
			*text = ' ';
}

/* A text that was cut inside a UTF-8 character ends before it: no JSON could hold the half. */
static void whole_characters(char *text, size_t len)
{
	size_t at = len;

	while (at > 0 && len - at < 3 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at > 0 && (unsigned char)text[at - 1] >= 0xc0) {
		unsigned char lead = (unsigned char)text[at - 1];
		size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

		if (len - (at - 1) < need)
			text[at - 1] = '\0';
	}
}

static void RFA_PRINTF(3, 0) format(char *out, size_t size, const char *fmt, va_list args)
{
	int len = vsnprintf(out, size, fmt, args);

	if (len < 0)
		out[0] = '\0';
	else if ((size_t)len >= size)
		whole_characters(out, size - 1);
	one_line(out);
}

void rfa_error_clear(struct rfa_error *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

static void start(struct rfa_error *err, enum rfa_code code, const char *domain)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->severity = row(code)->severity;
	snprintf(err->domain, sizeof(err->domain), "%s", domain);
}

int rfa_fail(struct rfa_error *err, enum rfa_code code, const char *domain, const char *fmt, ...)
{
	if (err) {
		struct rfa_error made;
		va_list args;

		/* The arguments may point into *err, so it is written last. */
		start(&made, code, domain);
		va_start(args, fmt);
		format(made.msg, sizeof(made.msg), fmt, args);
		va_end(args);
		*err = made;
	}
	return -(int)code;
}

static int code_of(const struct rfa_error *err)
{
	return err ? -(int)err->code : -(int)RFA_EINTERNAL;
}

int rfa_error_where(struct rfa_error *err, const char *fmt, ...)
{
	if (err && !err->where[0]) {
		va_list args;

		va_start(args, fmt);
		format(err->where, sizeof(err->where), fmt, args);
		va_end(args);
	}
	return code_of(err);
}

int rfa_error_hint(struct rfa_error *err, const char *fmt, ...)
{
	if (err) {
		char made[sizeof(err->hint)];
		va_list args;

		va_start(args, fmt);
		format(made, sizeof(made), fmt, args);
		va_end(args);
		memcpy(err->hint, made, sizeof(made));
	}
	return code_of(err);
}

int rfa_error_as(struct rfa_error *err, enum rfa_severity severity)
{
	if (err)
		err->severity = severity;
	return code_of(err);
}

int rfa_fail_errno(struct rfa_error *err, int errnum, const char *fmt, ...)
{
	int full = errnum == ENOSPC || errnum == EDQUOT;
	enum rfa_code code = full ? RFA_ENOSPACE : RFA_EIO;

	if (err) {
		struct rfa_error made;
		va_list args;
		size_t len;

		start(&made, code, "os");
		made.native = errnum;
		va_start(args, fmt);
		format(made.msg, sizeof(made.msg), fmt, args);
		va_end(args);
		len = strlen(made.msg);
		snprintf(made.msg + len, sizeof(made.msg) - len, ": %s", strerror(errnum));
		*err = made;
	}
	return -(int)code;
}

int rfa_fail_nomem(struct rfa_error *err)
{
	return rfa_fail(err, RFA_ENOMEM, "os", "memory ran out");
}

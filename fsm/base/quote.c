/* Quoting for POSIX sh: the only place where a string becomes shell text. */
#include "fsm/base/quote.h"

#include <string.h>

/* Words made of these need no quotes, which keeps scripts and traces readable. */
static int is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+./:@,%";

	/* A word that begins with '-' is the command's business, not the shell's. */
	return *word && word[strspn(word, plain)] == '\0';
}

int rfa_quote(struct rfa_buf *out, const char *word)
{
	if (is_plain(word))
		return rfa_buf_puts(out, word);
	rfa_buf_putc(out, '\'');
	while (*word) {
		size_t run = strcspn(word, "'");

		rfa_buf_add(out, word, run);
		word += run;
		if (*word == '\'') {
			rfa_buf_puts(out, "'\\''");
			word++;
		}
	}
	return rfa_buf_putc(out, '\'');
}

int rfa_quote_argv(struct rfa_buf *out, const char *const argv[])
{
	size_t i;

	for (i = 0; argv[i]; i++) {
		if (i)
			rfa_buf_putc(out, ' ');
		rfa_quote(out, argv[i]);
	}
	return out->failed;
}

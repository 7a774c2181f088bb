/* Quoting for POSIX sh: the only place where a string becomes shell text. */
#include "fsm/base/quote.h"

#include <string.h>

/* XCU 2.4, and what larger shells add: where a command may stand, these would be no word. */
static int is_grammar(const char *word)
{
	static const char *const grammar[] = { "if",   "then", "else",     "elif",   "fi",    "do",
					       "done", "case", "esac",     "while",  "until", "for",
					       "in",   "time", "function", "select", "coproc" };
	size_t i;

	for (i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++)
		if (!strcmp(word, grammar[i]))
			return 1;
	return 0;
}

/* Words made of these need no quotes, which keeps scripts and traces readable. */
static int is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+./:@,%";

	/* A word that begins with '-' is the command's business, not the shell's. */
	return *word && word[strspn(word, plain)] == '\0' && !is_grammar(word);
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

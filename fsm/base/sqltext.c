/*
 * Looks through a file of SQL for statements that begin or end a transaction, or cannot be in one.
 * Sources: the chapters "Lexical Structure", "psql" and "CREATE FUNCTION" (BEGIN ATOMIC) of
 * PostgreSQL's manual; "Comments", "String Literals" and "mysql Client Commands" of MySQL's.
 */
#include "fsm/base/sqltext.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { WORD = 24, WORDS = 3, TAG = 64 };

static const struct {
	const char *first, *second; /* second NULL: whatever follows */
	int postgres, mysql;
	const char *words;
} own[] = {
	{ "COMMIT", NULL, 1, 1, "COMMIT" },
	{ "BEGIN", NULL, 1, 1, "BEGIN" },
	{ "START", "TRANSACTION", 1, 1, "START TRANSACTION" },
	{ "END", NULL, 1, 0, "END" },
	{ "ROLLBACK", NULL, 1, 1, "ROLLBACK" },
	{ "ABORT", NULL, 1, 0, "ABORT" },
	{ "PREPARE", "TRANSACTION", 1, 0, "PREPARE TRANSACTION" },
	{ "SET", "AUTOCOMMIT", 0, 1, "SET autocommit" },
	{ "VACUUM", NULL, 1, 0, "VACUUM" },
	{ "CREATE", "DATABASE", 1, 0, "CREATE DATABASE" },
	{ "DROP", "DATABASE", 1, 0, "DROP DATABASE" },
	{ "ALTER", "SYSTEM", 1, 0, "ALTER SYSTEM" },
	{ "\\C", NULL, 1, 0, "\\connect" },
	{ "\\CONNECT", NULL, 1, 0, "\\connect" },
	{ "CONNECT", NULL, 0, 1, "connect" },
};

struct scan {
	const char *at, *end;
	enum rfa_sql of;
	size_t line;
	/* The statement: its first words in capitals, where it begins, how it ends. */
	char words[WORDS][WORD];
	size_t n, begun;
	char last[WORD];      /* its newest word */
	int depth;            /* of BEGIN ATOMIC … END, in which a ; ends nothing */
	int from;             /* COPY … FROM was read: STDIN may follow, and then lines of data */
	char delimiter[WORD]; /* what ends it */
	struct rfa_sql_found *out;
};

static int has(const struct scan *s, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(s->end - s->at) >= len && !memcmp(s->at, text, len);
}

static void step(struct scan *s, size_t n)
{
	for (; n && s->at < s->end; n--)
		s->line += *s->at++ == '\n';
}

/* To behind this text, or to the end. */
static void pass(struct scan *s, const char *text)
{
	while (s->at < s->end && !has(s, text))
		step(s, 1);
	step(s, strlen(text));
}

/* In a string a backslash may make the next character one of it; two quotes are one of it. */
static void pass_quoted(struct scan *s, int backslash)
{
	char quote = *s->at;

	step(s, 1);
	while (s->at < s->end && *s->at != quote)
		step(s, backslash && *s->at == '\\' ? 2 : 1);
	step(s, 1);
}

static void pass_comment(struct scan *s)
{
	int depth = 0;

	do {
		int opens = has(s, "/*") && (!depth || s->of == RFA_SQL_POSTGRES);

		depth += opens ? 1 : has(s, "*/") ? -1 : 0;
		step(s, opens || has(s, "*/") ? 2 : 1);
	} while (depth && s->at < s->end);
}

/* $tag$ … $tag$; 0: it is no such quote. */
static int pass_dollar(struct scan *s)
{
	char tag[TAG] = "$";
	size_t n = 1;

	while (s->at + n < s->end && n + 2 < TAG &&
	       (isalnum((unsigned char)s->at[n]) || s->at[n] == '_'))
		tag[n] = s->at[n], n++;
	if (s->at + n >= s->end || s->at[n] != '$' || isdigit((unsigned char)tag[1]))
		return 0;
	tag[n] = '$';
	step(s, n + 1);
	pass(s, tag);
	return 1;
}

/* 1 if something that is no statement was passed over. */
static int passed(struct scan *s)
{
	int my = s->of == RFA_SQL_MYSQL;

	if (isspace((unsigned char)*s->at))
		step(s, 1);
	else if (has(s, "--") || (my && *s->at == '#'))
		pass(s, "\n");
	else if (my && has(s, "/*!")) /* what is in such a comment runs */
		step(s, 3 + strspn(s->at + 3, "0123456789"));
	else if (has(s, "/*"))
		pass_comment(s);
	else if (*s->at == '\'')
		pass_quoted(s, my || !strcmp(s->last, "E"));
	else if (*s->at == '"' || (my && *s->at == '`'))
		pass_quoted(s, my && *s->at == '"');
	else
		return !my && *s->at == '$' && pass_dollar(s);
	return 1;
}

static void judge(struct scan *s)
{
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]) && s->n && !s->out->line; i++) {
		if (!(s->of == RFA_SQL_MYSQL ? own[i].mysql : own[i].postgres) ||
		    strcmp(s->words[0], own[i].first) != 0 ||
		    (own[i].second && strcmp(s->words[1], own[i].second) != 0))
			continue;
		/* Back to a point within the transaction: that is the file's own affair. */
		if (!strcmp(s->words[0], "ROLLBACK") &&
		    (!strcmp(s->words[1], "TO") || !strcmp(s->words[2], "TO")))
			continue;
		s->out->line = s->begun;
		s->out->words = own[i].words;
	}
}

static void end_statement(struct scan *s)
{
	judge(s);
	memset(s->words, 0, sizeof(s->words));
	s->last[0] = '\0';
	s->n = 0;
	s->depth = s->from = 0;
}

/* Into `out`, in capitals. */
static void read_word(struct scan *s, char out[WORD])
{
	size_t n = 0;

	do {
		if (n + 1 < WORD)
			out[n++] = (char)toupper((unsigned char)*s->at);
		step(s, 1);
	} while (s->at < s->end && (isalnum((unsigned char)*s->at) || *s->at == '_'));
	out[n] = '\0';
}

/* DELIMITER //: a command of the client, to the end of its line. */
static void read_delimiter(struct scan *s)
{
	size_t n = 0;

	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		step(s, 1);
	for (; s->at < s->end && !isspace((unsigned char)*s->at); step(s, 1))
		if (n + 1 < WORD)
			s->delimiter[n++] = *s->at;
	s->delimiter[n] = '\0';
	pass(s, "\n");
	s->n = 0;
}

static void take_word(struct scan *s)
{
	char word[WORD];
	int first = !s->n;

	if (first)
		s->begun = s->line;
	read_word(s, word);
	if (s->n < WORDS)
		memcpy(s->words[s->n++], word, WORD);
	if (!strcmp(word, "ATOMIC") && !strcmp(s->last, "BEGIN") && s->n > 1)
		s->depth = 1;
	else if (s->depth && !strcmp(word, "CASE"))
		s->depth++;
	else if (s->depth && !strcmp(word, "END"))
		s->depth--;
	s->from |=
	    !strcmp(s->words[0], "COPY") && !strcmp(s->last, "FROM") && !strcmp(word, "STDIN");
	memcpy(s->last, word, WORD);
	if (first && s->of == RFA_SQL_MYSQL && !strcmp(word, "DELIMITER"))
		read_delimiter(s);
	else if (first && *word == '\\') {
		pass(s, "\n"); /* a command of psql */
		end_statement(s);
	}
}

static void take(struct scan *s)
{
	int copies;

	if (has(s, s->delimiter) && !s->depth) {
		copies = s->from;
		step(s, strlen(s->delimiter));
		end_statement(s);
		if (copies)
			pass(s, "\n\\.");
	} else if (isalpha((unsigned char)*s->at) || *s->at == '_' ||
		   (*s->at == '\\' && s->of == RFA_SQL_POSTGRES)) {
		take_word(s);
	} else {
		step(s, 1);
		s->last[0] = '\0';
	}
}

void rfa_sql_own_transaction(const char *text, size_t len, enum rfa_sql of,
			     struct rfa_sql_found *out)
{
	struct scan s = { .at = text, .end = text + len, .of = of, .line = 1, .delimiter = ";" };

	out->line = 0;
	out->words = "";
	s.out = out;
	while (s.at < s.end && !out->line)
		if (!passed(&s))
			take(&s);
	end_statement(&s);
}

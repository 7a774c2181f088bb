/*
 * Looks through a file of SQL for what begins or ends a transaction, cannot be in one, or leaves
 * out what is behind it.
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
	{ "CONNECT", NULL, 0, 1, "connect" },
	{ "QUIT", NULL, 0, 1, "quit" },
	{ "EXIT", NULL, 0, 1, "exit" },
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

static void found(struct scan *s, size_t line, const char *words)
{
	if (s->out->line)
		return;
	s->out->line = line;
	s->out->words = words;
}

/* To behind this text, or to the end; 1 if it is there. */
static int pass(struct scan *s, const char *text)
{
	int is_there;

	while (s->at < s->end && !has(s, text))
		step(s, 1);
	is_there = s->at < s->end;
	step(s, strlen(text));
	return is_there;
}

/* What does not end takes with it what is run behind the file. */
static const char open_quote[] = "a quote that does not end";
static const char open_comment[] = "a comment that does not end";
static const char open_copy[] = "lines of COPY without \\. behind them";

/* In a string a backslash may make the next character one of it; two quotes are one of it. */
static void pass_quoted(struct scan *s, int backslash)
{
	char quote = *s->at;
	size_t line = s->line;

	step(s, 1);
	while (s->at < s->end && *s->at != quote)
		step(s, backslash && *s->at == '\\' ? 2 : 1);
	if (s->at == s->end)
		found(s, line, open_quote);
	step(s, 1);
}

static void pass_comment(struct scan *s)
{
	size_t line = s->line;
	int depth = 0;

	do {
		int opens = has(s, "/*") && (!depth || s->of == RFA_SQL_POSTGRES);

		depth += opens ? 1 : has(s, "*/") ? -1 : 0;
		step(s, opens || has(s, "*/") ? 2 : 1);
	} while (depth && s->at < s->end);
	if (depth)
		found(s, line, open_comment);
}

/* Letters of other languages are some, too; with PostgreSQL a $ may be within. */
static int in_word(const struct scan *s, char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80 ||
	       (c == '$' && s->of == RFA_SQL_POSTGRES);
}

/* $tag$ … $tag$; 0: it is no such quote. */
static int pass_dollar(struct scan *s)
{
	char tag[TAG] = "$";
	size_t n = 1, line = s->line;

	while (s->at + n < s->end && n + 2 < TAG && s->at[n] != '$' && in_word(s, s->at[n]))
		tag[n] = s->at[n], n++;
	if (s->at + n >= s->end || s->at[n] != '$' || isdigit((unsigned char)tag[1]))
		return 0;
	tag[n] = '$';
	step(s, n + 1);
	if (!pass(s, tag))
		found(s, line, open_quote);
	return 1;
}

/* With MySQL there has to be a blank behind it: 5--1 is six. */
static int begins_line_comment(const struct scan *s)
{
	if (s->of == RFA_SQL_MYSQL && *s->at == '#')
		return 1;
	return has(s, "--") &&
	       (s->of == RFA_SQL_POSTGRES || s->at + 2 == s->end || (unsigned char)s->at[2] <= ' ');
}

/* 1 if something that is no statement was passed over. */
static int passed(struct scan *s)
{
	int my = s->of == RFA_SQL_MYSQL;

	if (isspace((unsigned char)*s->at))
		step(s, 1);
	else if (begins_line_comment(s))
		(void)pass(s, "\n");
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
		found(s, s->begun, own[i].words);
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
	} while (s->at < s->end && in_word(s, *s->at));
	out[n] = '\0';
}

/* DELIMITER //: a command of the client, to the end of its line. Without one, all stays. */
static void read_delimiter(struct scan *s)
{
	char delimiter[WORD];
	size_t n = 0;

	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		step(s, 1);
	for (; s->at < s->end && !isspace((unsigned char)*s->at); step(s, 1))
		if (n + 1 < WORD)
			delimiter[n++] = *s->at;
	delimiter[n] = '\0';
	if (n)
		memcpy(s->delimiter, delimiter, WORD);
	(void)pass(s, "\n");
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
}

/* Of "SET a = 1, SESSION autocommit = 1": not what is only read. */
static void take_set(struct scan *s)
{
	const char *at = s->at;

	if (strcmp(s->words[0], "SET") != 0 || strcmp(s->last, "AUTOCOMMIT") != 0)
		return;
	while (at < s->end && isspace((unsigned char)*at))
		at++;
	if (at < s->end && (*at == '=' || *at == ':'))
		memcpy(s->words[1], s->last, WORD);
}

static void take_lines(struct scan *s)
{
	size_t line = s->line;

	if (!pass(s, "\n\\."))
		found(s, line, open_copy);
}

static int is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return 1;
	return 0;
}

/* A command of psql, to the end of its line. It may be in the middle of a statement. */
static void take_psql(struct scan *s)
{
	static const char *const sends[] = { "\\G",     "\\GX",    "\\GEXEC",
					     "\\GSET",  "\\GDESC", "\\CROSSTABVIEW",
					     "\\WATCH", "\\R",     "\\RESET",
					     NULL };
	static const char *const off[] = { "OFF", "0", "FALSE", "NO", "F", "N", NULL };
	int is_connect = has(s, "\\c") || has(s, "\\connect"), copies = 0, stops = 0;
	size_t line = s->line;
	char name[WORD], word[WORD], last[WORD] = "";

	if (has(s, "\\;")) {
		step(s, 2);
		end_statement(s);
		return;
	}
	read_word(s, name);
	while (s->at < s->end && *s->at != '\n') {
		if (!in_word(s, *s->at)) {
			step(s, 1);
			continue;
		}
		read_word(s, word);
		copies |=
		    !strcmp(last, "FROM") && (!strcmp(word, "STDIN") || !strcmp(word, "PSTDIN"));
		stops |= !strcmp(name, "\\UNSET") && !strcmp(word, "ON_ERROR_STOP");
		stops |= !strcmp(name, "\\SET") && !strcmp(last, "ON_ERROR_STOP") &&
			 is_one_of(word, off);
		memcpy(last, word, WORD);
	}
	if (is_connect && (!strcmp(name, "\\C") || !strcmp(name, "\\CONNECT")))
		found(s, line, "\\connect");
	else if (!strcmp(name, "\\Q") || !strcmp(name, "\\QUIT"))
		found(s, line, "\\quit");
	else if (stops)
		found(s, line, "ON_ERROR_STOP off");
	if (!strcmp(name, "\\COPY") && copies)
		take_lines(s);
	if (!s->n || is_one_of(name, sends))
		end_statement(s);
}

/* A command of MySQL's client: a letter. */
static void take_mysql(struct scan *s)
{
	char letter = s->at + 1 < s->end ? s->at[1] : '\0';
	size_t line = s->line;

	step(s, 2);
	if (letter == 'q')
		found(s, line, "quit");
	else if (letter == 'r')
		found(s, line, "connect");
	else if (letter == 'd')
		read_delimiter(s);
	else if (letter == 'g' || letter == 'G')
		end_statement(s);
}

static void take(struct scan *s)
{
	int copies;

	if (has(s, s->delimiter) && !s->depth) {
		copies = s->from;
		step(s, strlen(s->delimiter));
		end_statement(s);
		if (copies)
			take_lines(s);
	} else if (*s->at == '\\') {
		s->of == RFA_SQL_MYSQL ? take_mysql(s) : take_psql(s);
	} else if (in_word(s, *s->at) && !isdigit((unsigned char)*s->at)) {
		take_word(s);
		if (s->of == RFA_SQL_MYSQL)
			take_set(s);
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
	if (has(&s, "\xEF\xBB\xBF")) /* which says that it is UTF-8 */
		step(&s, 3);
	while (s.at < s.end && !out->line)
		if (!passed(&s))
			take(&s);
	end_statement(&s);
}

/*
 * What goes to the screen. Results go to standard output; what is said about them, progress and
 * failures go to standard error. Everything that came from elsewhere (hosts, files, the ledger)
 * passes through rfa_out_safe(), rfa_out_table_cell() or JSON, so that no terminal escape does.
 */
#ifndef RFA_CLI_FRAME_OUTPUT_H
#define RFA_CLI_FRAME_OUTPUT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"
#include "fsm/base/size.h"

enum rfa_style { RFA_PLAIN, RFA_BOLD, RFA_DIM, RFA_GREEN, RFA_YELLOW, RFA_RED, RFA_CYAN };

struct rfa_out {
	FILE *out, *err;            /* borrowed */
	const char *const *secrets; /* values that are never shown; borrowed; NULL: none */
	int quiet, verbose;
	int json;     /* the answer is one JSON document on `out` */
	int events;   /* one JSON object a line on `out` */
	int answered; /* the JSON document was printed */
	int cut;      /* a child found that nobody reads `out` any more */
	int color_out, color_err;
	int live;  /* `err` is a terminal that can redraw a line */
	int utf8;  /* the terminal shows UTF-8 */
	int width; /* columns of the terminal; 0: no terminal */
};

/* The columns that `err` has now: a window changes its size as it likes. 80 where none is. */
size_t rfa_out_room(const struct rfa_out *o);

/* Looks at the terminal, TERM, the locale; no_color also switches the live view off. */
void rfa_out_init(struct rfa_out *o, FILE *out, FILE *err, int no_color);

/* The escape that begins a style on that file, or "" where colours are off. */
const char *rfa_out_style(const struct rfa_out *o, const FILE *file, enum rfa_style style);

/* Results, on `out`. */
void rfa_out_say(const struct rfa_out *o, const char *fmt, ...) RFA_PRINTF(2, 3);
/* About them, on `err`; nothing when quiet. */
void rfa_out_note(const struct rfa_out *o, const char *fmt, ...) RFA_PRINTF(2, 3);
void rfa_out_warn(const struct rfa_out *o, const char *fmt, ...) RFA_PRINTF(2, 3);

/*
 * A line that a program elsewhere wrote, on `out`: printable, without the values of secrets. label:
 * in front of it; "": none.
 */
void rfa_out_line(const struct rfa_out *o, const char *label, const char *text, size_t len);

/* Text from elsewhere made printable, at most `limit` bytes of it (0: all), into `into`. */
const char *rfa_out_safe(struct rfa_buf *into, const char *text, size_t limit);

/* Prints the document (borrowed) and a newline, once. */
int rfa_out_json(struct rfa_out *o, const json_t *document, struct rfa_error *err) RFA_MUST_USE;

/*
 * Appends facts, each on a line of its own that begins with `indent`: "image.ref: web:2". Not more
 * than `most` of them, cut to fit; 0: all, whole. Text may come from anywhere.
 */
#define RFA_OUT_FACT_BYTES ((size_t)1 << 20)
void rfa_out_facts(struct rfa_buf *into, const json_t *facts, const char *indent, size_t most);

/* 1: `out` is a pipe that nobody reads any more (`rfa runs | head -1`): no failure of ours. */
int rfa_out_gone(const struct rfa_out *o);

/* The columns that text takes on a terminal. */
size_t rfa_out_columns(const char *text);
/* Appends text cut to so many columns, with … at the end if something is missing. */
void rfa_out_cut(const struct rfa_out *o, struct rfa_buf *into, const char *text, size_t columns);

/*
 * Appends text, broken between words into lines of at most so many columns; those behind the first
 * begin with `indent` spaces. A word that is wider than a line is cut into pieces. Escapes of
 * rfa_out_style() take no room.
 */
void rfa_out_wrap(struct rfa_buf *into, const char *text, size_t columns, size_t indent);

/* "1.8 s", "2 min 5 s": into a caller's array. Sizes: fsm/base/size.h. */
#define RFA_SHORT_MAX 32
const char *rfa_out_duration(char into[RFA_SHORT_MAX], int64_t ms);
/* How long ago, in one unit: "40 s", "5 min", "3 h", "12 d"; never less than nothing. */
const char *rfa_out_age(char into[RFA_SHORT_MAX], int64_t ms);
/* "2026-11-22 10:30:15Z": the one form in which times are shown. */
const char *rfa_out_time(char into[RFA_SHORT_MAX], int64_t wall_ms);
/* The same of a time in a record or a file; what is no time is shown as it is, "" as "-". */
const char *rfa_out_when(char into[RFA_SHORT_MAX], const char *iso);

/* Tables. */

#define RFA_TABLE_COLUMNS 10

struct rfa_table {
	const char *heads[RFA_TABLE_COLUMNS];
	size_t n_columns;
	char **cells; /* owned */
	enum rfa_style *styles;
	size_t n_cells, cap;
	int failed;
};

/* Heads end with NULL. */
void rfa_table_init(struct rfa_table *t, const char *const heads[]);
/* Cells are added from left to right, row by row; text may come from anywhere. */
void rfa_table_cell(struct rfa_table *t, const char *text, enum rfa_style style);
/* Prints it with aligned columns; on a terminal the last column is cut to fit. */
int rfa_table_print(struct rfa_out *o, struct rfa_table *t, struct rfa_error *err) RFA_MUST_USE;
void rfa_table_release(struct rfa_table *t);

#endif

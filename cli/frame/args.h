/* The command line, read by one parser from tables of options. */
#ifndef RFA_CLI_FRAME_ARGS_H
#define RFA_CLI_FRAME_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/error.h"
#include "fsm/parts/args.h"

#define RFA_ARGS_MAX_SET 24

/* What was given. Everything is borrowed from argv, the tables and the environment. */
struct rfa_args {
	struct {
		const struct rfa_option *option;
		const char *value; /* "" for a switch */
	} set[RFA_ARGS_MAX_SET];
	size_t n_set;
	const char **words; /* what is no option; owned array, NULL-terminated */
	size_t n_words;
};

struct rfa_args_rules {
	const struct rfa_option *const *tables; /* which options there are */
	size_t n_tables;
	/* After so many words the rest is taken as it is, options too; SIZE_MAX: never. */
	size_t raw_after;
	const char *help; /* the command to type for help, for errors: "rfa help promote" */
};

/*
 * Reads argv[0 .. argc). `args` may hold what an earlier call found (then the later wins); it is
 * zeroed before the first. Errors: USAGE, with a suggestion. Call rfa_args_release() in any case.
 */
int rfa_args_parse(struct rfa_args *args, const struct rfa_args_rules *rules, int argc,
		   char *const argv[], struct rfa_error *err) RFA_MUST_USE;
/* Takes the variables of options that were not given. An empty variable counts as not set. */
int rfa_args_environment(struct rfa_args *args, const struct rfa_args_rules *rules,
			 struct rfa_error *err) RFA_MUST_USE;
void rfa_args_release(struct rfa_args *args);

/* The value of an option, "" for a switch that is on; NULL: not given. */
const char *rfa_args_get(const struct rfa_args *args, const char *name);
/* The n-th value of an option that may be given again; NULL: there are no more. */
const char *rfa_args_nth(const struct rfa_args *args, const char *name, size_t n);
/* The n-th word; NULL: there is none. */
const char *rfa_args_word(const struct rfa_args *args, size_t n);
/* A whole number from an option; *out keeps its value when it was not given. Errors: USAGE. */
int rfa_args_number(const struct rfa_args *args, const char *name, int64_t min, int64_t max,
		    int64_t *out, struct rfa_error *err) RFA_MUST_USE;

#endif

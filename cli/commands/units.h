/* The texts of a schedule: systemd's units and cron's lines, with each one's own quoting. */
#ifndef RFA_CLI_COMMANDS_UNITS_H
#define RFA_CLI_COMMANDS_UNITS_H

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

/* What is scheduled. All borrowed; paths absolute. */
struct rfa_schedule {
	const char *stack, *env;
	const char *program; /* rfa itself */
	const char *config;  /* rfa.json */
	const char *ledger;  /* NULL: where the configuration says */
	const char *of;      /* of a drill: whose backup; NULL: that of env */
	const char *user, *home;
	const char *const
	    *secrets;     /* files that `watch` reads tokens from; ends with NULL; NULL: none */
	int hour, minute; /* of the data's backup, local time */
};

enum rfa_often { RFA_DAILY, RFA_WEEKLY, RFA_MONTHLY, RFA_MINUTES /* every five */ };

/* One command that is repeated. */
struct rfa_repeat {
	const char *word; /* what --for takes: "backup" */
	const char *unit; /* its unit begins so: "rfa-backup"; and ends so, if there is an end: */
	const char *end;  /* "data"; NULL: none */
	const char *what; /* "daily backup of the data" */
	enum rfa_often often;   /* on Sundays; on the first of the month */
	int later_min;          /* after the schedule's time */
	const char *command[3]; /* ends with NULL */
	const char *options[3]; /* behind STACK --env ENV; ends with NULL */
	int confirmed;          /* it asks for the environment's name: the unit answers */
	int of_another;         /* --of may name whose backup it is */
	int needs_data;         /* a stack without data has none */
	int whole;              /* it is about all of rfa.json: it names no stack */
	int needs_images;       /* nor has one whose images nobody backs up */
	int env_is_word;        /* STACK ENV, without --env */
	int needs_secrets;      /* systemd hands it the files with tokens */
};
extern const struct rfa_repeat rfa_repeats[];
#define RFA_REPEATS 9

/* "rfa-backup-shop-prod-data", without .service or .timer. */
void rfa_unit_name(const struct rfa_schedule *s, const struct rfa_repeat *r, char into[192]);
/* Append the texts. Errors: USAGE for a path that such a file cannot hold (a control character). */
int rfa_unit_service(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		     struct rfa_error *err) RFA_MUST_USE;
int rfa_unit_timer(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		   struct rfa_error *err) RFA_MUST_USE;
/* One crontab line. Errors: USAGE, for a backslash as well: crons read it differently. */
int rfa_unit_cron(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		  struct rfa_error *err) RFA_MUST_USE;

#endif

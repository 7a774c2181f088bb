/*
 * Tells somebody how a run ended: by a webhook, by mail, by a program. One try, within a limit of
 * time; who tries again, and when, is the caller's business.
 */
#ifndef RFA_TRANSPORTS_NOTIFY_NOTIFY_H
#define RFA_TRANSPORTS_NOTIFY_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/clock.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What is told. All borrowed, UTF-8, "" where there is none. Any text may come from anywhere: each
 * format makes it harmless. Times are ISO 8601 in UTC.
 */
struct rfa_notice {
	const char *id;   /* the same whenever this very thing is told: letters, digits and _ */
	const char *type; /* "run.ended", "run.interrupted", "test" */
	const char *channel;
	const char *run, *flow, *stack, *env, *from;
	const char *before, *after; /* versions */
	const char *verdict;        /* "SUCCEEDED", "ROLLED_BACK" …, "INTERRUPTED" */
	const char *forced;         /* the reason */
	const char *why;            /* it did not succeed */
	const char *state;          /* of a run that is interrupted: where it stands */
	const char *who;
	const char *begun, *ended;
	const char *next; /* the command to type */
};

enum rfa_receiver_kind { RFA_BY_WEBHOOK, RFA_BY_EMAIL, RFA_BY_EXEC };

/* Who is told. All borrowed; NULL where there is none. */
struct rfa_receiver {
	enum rfa_receiver_kind kind;
	const char *url;    /* with its secrets; http, https, smtp or smtps */
	const char *shown;  /* the same without them, for errors */
	const char *format; /* of a webhook: "json", "slack" …: rfa_notify_formats() */
	const char *secret; /* what a webhook is signed with; in the form of its format */
	const char *ca;     /* a file of certificates that are trusted; NULL: the system's */
	const char *user, *password;
	const char *from;
	const char *const *to; /* ends with NULL */
	int plain;             /* 1: mail may go without TLS */
	const char *const *command;
};

/* The names of the formats of webhooks, ends with NULL. */
RFA_API const char *const *rfa_notify_formats(void);

/*
 * 0: it was taken. clock: what time it is, for signatures. *wait_ms: how long the receiver asks to
 * be left alone; 0: it does not say. Errors (their texts hold nothing of what is secret):
 * UNREACHABLE, STALLED, PROTOCOL, REMOTE, AUTH, CONFIG for a secret that is not as its format wants
 * it.
 */
RFA_API int rfa_notify_send(const struct rfa_receiver *to, const struct rfa_notice *notice,
			    struct rfa_clock *clock, int64_t timeout_ms, int64_t *wait_ms,
			    struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

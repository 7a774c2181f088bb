/* A record as the message of a commit. */
#ifndef RFA_LEDGER_MESSAGE_H
#define RFA_LEDGER_MESSAGE_H

#include "ledger/names.h"

/* Raised when an older rfa could not read what this one writes. */
#define RFA_LEDGER_FORMAT 1

/* A commit's message, taken apart. */
struct rfa_message {
	struct rfa_run_head head;  /* flow, stack … only in BEGIN and END */
	struct rfa_record record;  /* owns its facts */
	char plan[65];             /* SHA-256; BEGIN only */
	char point[RFA_POINT_MAX]; /* the rollback point that END made; or "" */
	unsigned format;
};

/* "<flow> <stack> <from>→<env>: <subject>", printable, cut. */
int rfa_message_subject(struct rfa_buf *out, const struct rfa_run_head *head, const char *lead,
			const char *subject, struct rfa_error *err) RFA_MUST_USE;
/* Appends the message; `subject` as it comes from rfa_message_subject(). */
int rfa_message_encode(struct rfa_buf *out, const struct rfa_message *message, const char *subject,
		       struct rfa_error *err) RFA_MUST_USE;
/* Errors: CORRUPT, UNSUPPORTED. *out is to be released whatever the answer. */
int rfa_message_parse(struct rfa_message *out, const char *text, size_t len,
		      struct rfa_error *err) RFA_MUST_USE;
void rfa_message_release(struct rfa_message *message);

#endif

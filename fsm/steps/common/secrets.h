/*
 * Secrets by reference. A plan never holds a secret's value: where one belongs, in the description
 * of a container that is made for the first time, stands ${NAME}, and the operator's side knows the
 * value (rfa_run_options.secret).
 */
#ifndef RFA_FSM_STEPS_COMMON_SECRETS_H
#define RFA_FSM_STEPS_COMMON_SECRETS_H

#include <jansson.h>
#include <stddef.h>

#include "fsm/base/error.h"
#include "fsm/steps/common/ctx.h"

/* 1 for a letter, a digit or _. */
int rfa_is_word(char c);
/* 1 if a value is one that nobody should read: by its name (len bytes, may be 0), or because it is
 * a key in PEM, or a URL with a password in it. */
int rfa_looks_secret(const char *name, size_t len, const char *value);
/*
 * The password in the first URL of a text that has one ("p" of "https://user:p@host/"), borrowed;
 * *len: its bytes, one or more. NULL: there is none.
 */
const char *rfa_url_password(const char *text, size_t *len);

/*
 * Puts values in the place of the references in Env ("A=${NAME}" too), Cmd, Entrypoint and Labels
 * of a create body. missing: told each that has no value, with the field and the reference; NULL:
 * the first one is an error (NOTFOUND that interrupts: it can be given, and the run resumed).
 */
int rfa_references_fill(const struct rfa_ctx *ctx, json_t *body,
			void (*missing)(void *user, const char *field, const char *reference),
			void *user, struct rfa_error *err) RFA_MUST_USE;

#endif

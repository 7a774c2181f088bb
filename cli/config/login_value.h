/* A user and a secret, in memory that is overwritten when it is freed. */
#ifndef RFA_CLI_CONFIG_LOGIN_VALUE_H
#define RFA_CLI_CONFIG_LOGIN_VALUE_H

#include "fsm/base/error.h"

struct rfa_login {
	char *user;   /* owned; NULL: nobody; "<token>": see struct rfa_registry_login */
	char *secret; /* owned */
};

/* Copies both. Errors: NOMEM; then it is nobody. */
int rfa_login_set(struct rfa_login *out, const char *user, const char *secret,
		  struct rfa_error *err) RFA_MUST_USE;
/* Overwrites it; then it is nobody. */
void rfa_login_release(struct rfa_login *login);

#endif

/*
 * The login for a registry, by reference: rfa.json says where it is, never what it is.
 *
 *   {"user":U,"file":PATH}      the password is in a file, relative to rfa.json
 *   {"user":U,"env":NAME}       … in a variable of the shell where rfa is typed
 *   {"user":U,"command":LINE}   … what a command of sh prints
 *   {"docker":true}             what `docker login` left with the person who types rfa
 *
 * Without a user, the value of the first three is USER:PASSWORD.
 */
#ifndef RFA_CLI_CONFIG_LOGIN_H
#define RFA_CLI_CONFIG_LOGIN_H

#include <jansson.h>

#include "cli/config/login_value.h"

/*
 * Fetches the login for the registry `domain` ("docker.io", "registry.example:5000"). Files are
 * relative to `folder`. {"docker":true} of a registry for which Docker has none is nobody.
 * *out is filled in on 0 only. The secret is in no error. A caller hides it in ledger and output
 * (rfa_ledger_hide()). Errors: CONFIG, with the key that is wrong as place; NOMEM.
 */
int rfa_login_fetch(struct rfa_login *out, const json_t *reference, const char *folder,
		    const char *domain, struct rfa_error *err) RFA_MUST_USE;

#endif

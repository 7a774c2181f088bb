/* A user and a secret in memory. */
#include "cli/config/login_value.h"

#include <string.h>

#include "fsm/base/wipe.h"

int rfa_login_set(struct rfa_login *out, const char *user, const char *secret,
		  struct rfa_error *err)
{
	out->user = strdup(user);
	out->secret = strdup(secret);
	if (out->user && out->secret)
		return 0;
	rfa_login_release(out);
	return rfa_fail_nomem(err);
}

void rfa_login_release(struct rfa_login *login)
{
	rfa_wipe_text(login->user);
	rfa_wipe_text(login->secret);
	login->user = login->secret = NULL;
}

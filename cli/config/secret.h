/* A secret, and where its value is: a variable, a file, what a command prints. */
#ifndef RFA_CLI_CONFIG_SECRET_H
#define RFA_CLI_CONFIG_SECRET_H

#include <jansson.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

enum rfa_secret_from {
	RFA_SECRET_VARIABLE,
	RFA_SECRET_FILE,
	RFA_SECRET_COMMAND,
	RFA_SECRET_LOGIN, /* for a registry: `name` is its domain; fetched when a plan needs it */
};

struct rfa_secret {
	char *name;
	char *where; /* the file, absolute; the command; "" for the others */
	enum rfa_secret_from from;
	char *user;     /* of a login */
	json_t *login;  /* of a login: where it is, as rfa.json says it; NULL: nowhere */
	char *value;    /* NULL: there is none, or it was not asked for yet */
	char why[200];  /* why there is none; "" */
	int plain;      /* rfa.json has the value itself: it is hidden from nobody */
	int others_see; /* a file that others on this machine may read */
};

/*
 * Fills in one secret, which is all zero, and reads its value from a variable (which is `name`) or
 * a file (relative to `folder`). What cannot be read is no error: `why` tells. A command is not
 * run. To be released whatever the answer. Errors: NOMEM.
 */
int rfa_secret_take(struct rfa_secret *secret, const char *name, enum rfa_secret_from from,
		    const char *folder, const char *where, struct rfa_error *err) RFA_MUST_USE;
/*
 * What systemd calls a file with a secret that it hands on (LoadCredential=, systemd.exec(5)):
 * where it has done so, its copy is read, and not the file. path: absolute.
 */
#define RFA_CREDENTIAL_MAX 24
void rfa_secret_credential(const char *path, char out[RFA_CREDENTIAL_MAX]);
/* Runs its command with sh, and takes what that prints, or tells why not in `why`. Errors: NOMEM.
 */
int rfa_secret_run(struct rfa_secret *secret, struct rfa_error *err) RFA_MUST_USE;
/* The value is overwritten. */
void rfa_secret_release(struct rfa_secret *secret);

/* What is wrong with one, in words; 0 if nothing is. A command is not run for that. */
int rfa_secret_trouble(const struct rfa_secret *secret, struct rfa_buf *says);

#endif

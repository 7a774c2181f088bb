/* What the user's ssh_config says about a destination, as `ssh -G` tells it. */
#ifndef RFA_TRANSPORTS_SSH_CONFIG_H
#define RFA_TRANSPORTS_SSH_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/error.h"

/* More files of a kind, or more hops, than this are a mistake in the configuration. */
#define RFA_SSH_FILES_MAX 16u
#define RFA_SSH_HOPS_MAX 8u

struct rfa_ssh_files {
	char *path[RFA_SSH_FILES_MAX]; /* owned; absolute unless the user wrote it otherwise */
	size_t count;
};

/* One hop. All strings are owned; those that may be NULL say so. */
struct rfa_ssh_settings {
	char *host; /* to connect to */
	char *user;
	unsigned port;
	char *alias;         /* the name its host key is kept under; NULL: host and port */
	char *agent;         /* the agent's socket; NULL: no agent */
	char *proxy_jump;    /* NULL: none */
	char *proxy_command; /* expanded; NULL: none */
	int identities_only;
	int64_t timeout_ms; /* ConnectTimeout; 0: none given */
	struct rfa_ssh_files identities, certificates, known_hosts, global_hosts;
	char *revoked_keys; /* a file of keys that no host may have; NULL: none */
};

/* The hops from here to the destination, which is the last one. */
struct rfa_ssh_route {
	struct rfa_ssh_settings *hop[RFA_SSH_HOPS_MAX]; /* owned */
	size_t count;
};

/* Where ~ and $SSH_AUTH_SOCK lead to; borrowed. NULL members: not known. ${NAME} is getenv()'s. */
struct rfa_ssh_place {
	const char *home, *auth_sock, *local_user;
};

/*
 * Reads the output of `ssh -G`, and expands what it leaves to the client: ~, ~user, %-tokens and
 * ${NAME}, each where ssh_config(5) says so. A list is told without quotes, so words that make the
 * name of a file that is there are that file. Unknown lines are passed over. Errors: CONFIG when
 * host, user or port are missing or wrong, a list is too long, or an expansion cannot be made.
 */
int rfa_ssh_settings_parse(struct rfa_ssh_settings **out, const char *text, size_t len,
			   const char *destination, const struct rfa_ssh_place *place,
			   struct rfa_error *err) RFA_MUST_USE;
void rfa_ssh_settings_free(struct rfa_ssh_settings *s);

/*
 * Asks `ssh -G` for the destination and for each jump host before it. config_file may be NULL.
 * Errors: CONFIG, UNSUPPORTED (no ssh here), CANCELLED; nothing has left this machine.
 */
int rfa_ssh_route_ask(struct rfa_ssh_route *out, const char *destination, const char *config_file,
		      const volatile int *cancel, struct rfa_error *err) RFA_MUST_USE;
void rfa_ssh_route_release(struct rfa_ssh_route *route);

#endif

/* What a registry says, beside 401, about how it wants to be asked (RFC 9110, 11.6.1). */
#ifndef RFA_TRANSPORTS_REGISTRY_CHALLENGE_H
#define RFA_TRANSPORTS_REGISTRY_CHALLENGE_H

#include "transports/registry/registry.h"

struct rfa_registry_challenge {
	enum rfa_registry_auth auth;
	char realm[1024]; /* of the bearer form: the URL of the token service */
	char service[256];
	char scope[512];
};

/*
 * Reads one WWW-Authenticate header and keeps the best of what `out`, which begins all zero, has
 * and what it offers: bearer before basic. 0: what it offers was read; -1: it is no such header.
 */
int rfa_registry_challenge_read(struct rfa_registry_challenge *out, const char *header);

#endif

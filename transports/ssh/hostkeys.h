/* What known_hosts files say about a host's key. */
#ifndef RFA_TRANSPORTS_SSH_HOSTKEYS_H
#define RFA_TRANSPORTS_SSH_HOSTKEYS_H

#include <stddef.h>

#include "transports/ssh/config.h"

/* "SHA256:" and 43 characters of base64 without padding, as OpenSSH prints it. */
#define RFA_SSH_FINGERPRINT_MAX 52

enum rfa_ssh_trust {
	RFA_SSH_UNKNOWN,   /* no line names this host */
	RFA_SSH_KNOWN,     /* a line has exactly this key */
	RFA_SSH_OTHERTYPE, /* the host is known, by keys of other types only */
	RFA_SSH_CHANGED,   /* a line has another key of this type */
	RFA_SSH_REVOKED,   /* a @revoked line has this key */
	RFA_SSH_AUTHORITY, /* only a @cert-authority line speaks for this host */
};

/* What the lines of one name say. */
struct rfa_ssh_known {
	enum rfa_ssh_trust trust;
	char file[256]; /* the line that decided; empty: none */
	unsigned line;
	char types[256]; /* the types of the host's known keys, in order, "a,b" */
};

/*
 * As ssh: the lines for "[host]:port" decide. Only where none of them has a key of the host, the
 * lines for the bare name may vouch for it (or revoke it); they never deny one.
 */
struct rfa_ssh_verdict {
	struct rfa_ssh_known all; /* of all that was read so far */
	struct rfa_ssh_known exact, bare;
};

/*
 * Looks for a host in known_hosts text; verdicts of several texts add up in *v, which begins as
 * zero. `key` is the host's key as it came over the wire; NULL: only `types` is asked for.
 * Lines that cannot be read are passed over, as OpenSSH does.
 */
int rfa_ssh_known_judge(struct rfa_ssh_verdict *v, const char *text, size_t len, const char *file,
			const struct rfa_ssh_settings *host, const void *key, size_t key_len,
			struct rfa_error *err) RFA_MUST_USE;

/* The same over all known_hosts files of the host. Errors: IO (a file is there but unreadable). */
int rfa_ssh_known_ask(struct rfa_ssh_verdict *v, const struct rfa_ssh_settings *host,
		      const void *key, size_t key_len, struct rfa_error *err) RFA_MUST_USE;

/* 0 if the key is the host's, else HOSTKEY or UNSUPPORTED with fingerprint, place and hint. */
int rfa_ssh_known_check(const struct rfa_ssh_settings *host, const void *key, size_t key_len,
			struct rfa_error *err) RFA_MUST_USE;

/* 1 if a known_hosts host field (no hashed one) names this host. */
int rfa_ssh_known_matches(const char *patterns, const char *name);
void rfa_ssh_fingerprint(const void *key, size_t len, char out[RFA_SSH_FINGERPRINT_MAX]);

#endif

/* How a hop is opened: what is preferred, the handshake, the host key, authentication. */
#include "transports/ssh/login.h"

#include <string.h>

#include "transports/ssh/auth.h"
#include "transports/ssh/hostkeys.h"

/*
 * What we prefer, best first; prefer() strikes out what the library at hand does not know. 1.10
 * knows no AEAD cipher; where they are known they save a pass over the data.
 */
static const struct {
	int method;
	const char *list;
} preferences[] = {
	{ LIBSSH2_METHOD_KEX,
	  "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
	  "ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
	  "diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha256" },
	{ LIBSSH2_METHOD_CRYPT_CS, "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,"
				   "aes192-ctr,aes256-ctr,chacha20-poly1305@openssh.com" },
	{ LIBSSH2_METHOD_CRYPT_SC, "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,"
				   "aes192-ctr,aes256-ctr,chacha20-poly1305@openssh.com" },
	{ LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
				 "hmac-sha2-256,hmac-sha2-512" },
	{ LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
				 "hmac-sha2-256,hmac-sha2-512" },
};

static const char host_key_types[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
				     "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa";

static int is_listed(const char *name, size_t len, const char *const *list, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (strlen(list[i]) == len && !memcmp(list[i], name, len))
			return 1;
	return 0;
}

/*
 * Sets a list of preferences without the names that this libssh2 does not know. It would strike
 * them out itself, but 1.10 does so by copying memory over itself.
 */
static int prefer(struct rfa_ssh_hop *hop, int method, const char *list, struct rfa_error *err)
{
	struct rfa_buf known = RFA_BUF_INIT(4096);
	const char **supported = NULL;
	int count = libssh2_session_supported_algs(hop->session, method, &supported);
	const char *p;
	int rc;

	for (p = list; count > 0 && *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ",");

		if (is_listed(p, len, supported, count)) {
			if (known.len)
				rfa_buf_putc(&known, ',');
			rfa_buf_add(&known, p, len);
		}
	}
	if (supported)
		libssh2_free(hop->session, supported);
	rc = rfa_buf_check(&known, err);
	if (!rc &&
	    (!known.len || libssh2_session_method_pref(hop->session, method, rfa_buf_str(&known))))
		rc = rfa_fail(err, RFA_EUNSUPPORTED, "ssh", "libssh2 %s knows none of: %s",
			      libssh2_version(0), list);
	rfa_buf_release(&known);
	return rc;
}

/*
 * The types of the keys that we know of the host come first, in the order of known_hosts: else the
 * server's favourite is negotiated, and a host known by another type looks like an impostor.
 */
static int prefer_known_types(struct rfa_ssh_hop *hop, const struct rfa_ssh_settings *settings,
			      struct rfa_error *err)
{
	struct rfa_buf list = RFA_BUF_INIT(4096);
	struct rfa_ssh_verdict v;
	const char *p;
	int rc = rfa_ssh_known_ask(&v, settings, NULL, 0, err);

	if (rc)
		return rc;
	for (p = v.all.types; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t len = strcspn(p, ",");

		/* One RSA key signs in three ways; SHA-1 is the only one that 1.10 knows. */
		if (len == 7 && !memcmp(p, "ssh-rsa", 7))
			rfa_buf_puts(&list, "rsa-sha2-512,rsa-sha2-256,");
		rfa_buf_add(&list, p, len);
		rfa_buf_putc(&list, ',');
	}
	rfa_buf_puts(&list, host_key_types);
	rc = rfa_buf_check(&list, err);
	if (!rc)
		rc = prefer(hop, LIBSSH2_METHOD_HOSTKEY, rfa_buf_str(&list), err);
	rfa_buf_release(&list);
	return rc;
}

static int prefer_all(struct rfa_ssh_hop *hop, const struct rfa_ssh_settings *settings,
		      struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(preferences) / sizeof(preferences[0]); i++)
		rc = prefer(hop, preferences[i].method, preferences[i].list, err);
	return rc ? rc : prefer_known_types(hop, settings, err);
}

static int shake_hands(struct rfa_ssh_hop *hop, const struct rfa_ssh_settings *settings,
		       int64_t until, struct rfa_error *err)
{
	const char *key;
	size_t len = 0;
	int type = 0;
	int rc;

	while ((rc = libssh2_session_handshake(hop->session, hop->anchor)) ==
	       LIBSSH2_ERROR_EAGAIN) {
		rc = rfa_ssh_hop_await(hop, until, err);
		if (rc)
			return rc;
	}
	if (rc == LIBSSH2_ERROR_KEX_FAILURE || rc == LIBSSH2_ERROR_METHOD_NONE) {
		rfa_fail(err, RFA_EUNSUPPORTED, "ssh",
			 "%s and libssh2 %s agree on no algorithm: %s", settings->host,
			 libssh2_version(0), rfa_ssh_words(hop->session));
		return rfa_error_hint(err, "allow curve25519-sha256, aes128-ctr, hmac-sha2-256 and "
					   "an ed25519 or ecdsa host key in its sshd_config, or "
					   "use libssh2 1.11");
	}
	if (rc)
		return rfa_ssh_hop_broke(hop, rc, err);
	key = libssh2_session_hostkey(hop->session, &len, &type);
	if (!key)
		return rfa_fail(err, RFA_EPROTOCOL, "ssh", "%s showed no host key", settings->host);
	return rfa_ssh_known_check(settings, key, len, err);
}

int rfa_ssh_hop_open(struct rfa_ssh_hop **out, const struct rfa_ssh_hop_options *options,
		     struct rfa_error *err)
{
	const struct rfa_ssh_settings *settings = options->settings;
	struct rfa_ssh_hop *hop = NULL;
	int64_t until;
	int rc = rfa_ssh_hop_new(&hop, options, err);

	if (rc)
		return rc;
	until = hop->heard_ms + options->connect_timeout_ms;
	rc = rfa_ssh_hop_start(hop, err);
	if (!rc)
		rc = prefer_all(hop, settings, err);
	if (!rc)
		rc = shake_hands(hop, settings, until, err);
	rfa_buf_release(&hop->greeting);
	hop->greeting.max = 0;
	if (!rc)
		rc = rfa_ssh_authenticate(hop, settings, until, err);
	hop->opening = 0;
	if (!rc) {
		*out = hop;
		return 0;
	}
	rfa_ssh_proxy_words(hop, err);
	if (rc == -(int)RFA_ELOST || rc == -(int)RFA_ESTALLED) {
		struct rfa_error inner = *err;

		rfa_fail(err, RFA_EUNREACHABLE, "ssh", "%s port %u: %s", settings->host,
			 settings->port, inner.msg);
		err->native = inner.native;
		rc = -(int)RFA_EUNREACHABLE;
	}
	rfa_error_where(err, "%s@%s:%u", settings->user, settings->host, settings->port);
	rfa_ssh_hop_unref(hop);
	return rc;
}

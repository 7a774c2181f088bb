/* Proves who we are: the agent's keys, then key files. Never a password, never a prompt. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsm/base/base64.h"
#include "transports/ssh/auth.h"
#include "transports/ssh/hostkeys.h"

#define KEY_FILE_MAX ((size_t)64 << 10)
#define AGENT_KEYS_MAX 64u

/* What was tried, so that a refusal can say what to do. */
struct attempt {
	struct rfa_ssh_hop *hop;
	const struct rfa_ssh_settings *settings;
	int64_t until;
	int accepted;
	int tried_rsa;    /* an RSA key was offered, and maybe refused for its SHA-1 signature */
	int agent_keys;   /* how many the agent holds; -1: no agent */
	char locked[256]; /* the first encrypted key file */
	char public_only[256]; /* the first identity whose private key nobody has */
	char certificate[256]; /* the first certificate that libssh2 cannot show */
	char unsigned_key[96]; /* the first key with which the agent would not sign */
	char partial[96];      /* the key that was taken, with another proof still wanted */
	char methods[128];     /* what the server takes, as it said last */
	struct rfa_buf list;   /* the keys tried, in words */
	struct rfa_buf blobs;  /* the same, " " and base64 each */
	size_t tried;          /* how many */
	int hung_up;           /* the server ended it, after some of them */
};

static unsigned user_len(const struct attempt *a)
{
	return (unsigned)strlen(a->settings->user);
}

/* Reads a small file whole; a missing one is empty. */
static int slurp(struct rfa_buf *out, const char *path)
{
	char data[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while ((n = read(fd, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && rfa_buf_add(out, data, (size_t)n))
			break;
	close(fd);
	return n == 0 && !out->failed ? 0 : -1;
}

/* The text is a private key: it does not stay in memory that is given back. */
static void forget(struct rfa_buf *text)
{
	if (text->data)
		memset(text->data, 0, text->cap);
	rfa_buf_release(text);
}

/*
 * 1 if a private key needs a passphrase. libssh2 1.10 must not see such a key: without a
 * passphrase it hands a null pointer to strlen().
 */
static int is_encrypted(const char *text)
{
	/* "openssh-key-v1", NUL, and the cipher's name "none", in base64 (PROTOCOL.key). */
	static const char plain[] = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
	const char *at = strstr(text, begin);

	if (at) {
		at += strlen(begin);
		at += strspn(at, "\r\n");
		return strncmp(at, plain, strlen(plain)) != 0;
	}
	return strstr(text, "ENCRYPTED") != NULL;
}

static int is_private(const char *text)
{
	return strstr(text, "-----BEGIN ") != NULL && strstr(text, "PRIVATE KEY-----") != NULL;
}

/* The base64 of "type base64 comment"; nothing if the text is no public key. */
static void take_public(struct rfa_buf *key, const char *p)
{
	size_t type = strcspn(p, " \t\r\n");
	size_t gap = strspn(p + type, " \t");
	const char *blob = p + type + gap;

	/* A blob begins with the length of the type's name: "AAAA". */
	if (type && gap && !strncmp(blob, "AAAA", 4))
		rfa_buf_add(key, blob, strcspn(blob, " \t\r\n"));
}

/* Decodes base64 with line breaks in it, up to the first "-". */
static void decode(struct rfa_buf *out, const char *text)
{
	struct rfa_buf one = RFA_BUF_INIT(KEY_FILE_MAX), bytes = RFA_BUF_INIT(KEY_FILE_MAX);
	size_t len = strcspn(text, "-");
	int n;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && text[i] != '\r')
			rfa_buf_putc(&one, text[i]);
	/* As much room as the text has. */
	rfa_buf_add(&bytes, rfa_buf_str(&one), one.len + 1);
	n = one.failed || bytes.failed ? -1 : rfa_base64_decode(bytes.data, rfa_buf_str(&one));
	if (n > 0)
		rfa_buf_add(out, bytes.data, (size_t)n);
	forget(&one);
	forget(&bytes);
}

/* The next string of a wire form, which begins with its length; NULL if it is not all there. */
static const char *next_string(const struct rfa_buf *wire, size_t *at, size_t *len)
{
	const unsigned char *p = (const unsigned char *)wire->data + *at;
	const char *text;

	if (wire->len < *at || wire->len - *at < 4)
		return NULL;
	*len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	text = wire->data + *at + 4;
	if (*len > wire->len - *at - 4)
		return NULL;
	*at += 4 + *len;
	return text;
}

/* PROTOCOL.key: "openssh-key-v1", NUL, cipher, kdf, its options, a number, the public key, ... */
static void take_embedded(struct rfa_buf *key, const char *text)
{
	static const char magic[] = "openssh-key-v1";
	struct rfa_buf wire = RFA_BUF_INIT(KEY_FILE_MAX);
	const char *at = strstr(text, "-----BEGIN OPENSSH PRIVATE KEY-----");
	const char *blob = NULL;
	size_t offset = sizeof(magic);
	size_t len = 0;
	int i;

	if (at)
		decode(&wire, at + strlen("-----BEGIN OPENSSH PRIVATE KEY-----"));
	if (at && !wire.failed && wire.len > sizeof(magic) &&
	    !memcmp(wire.data, magic, sizeof(magic))) {
		for (i = 0; i < 3 && next_string(&wire, &offset, &len); i++)
			;
		offset += 4;
		blob = i == 3 ? next_string(&wire, &offset, &len) : NULL;
	}
	if (blob)
		rfa_base64_put(key, blob, len);
	forget(&wire);
}

/*
 * The public key of an identity in base64, found as ssh finds it: the file may be one itself (then
 * the private key is in an agent), be a private key of OpenSSH's form, which has the public one
 * unencrypted in it, or have it beside it as <path>.pub. Nothing if none is there.
 */
static void read_public(struct rfa_buf *key, const char *path)
{
	struct rfa_buf name = RFA_BUF_INIT(8192);
	struct rfa_buf text = RFA_BUF_INIT(KEY_FILE_MAX);

	if (!slurp(&text, path)) {
		if (is_private(rfa_buf_str(&text)))
			take_embedded(key, rfa_buf_str(&text));
		else
			take_public(key, rfa_buf_str(&text));
	}
	forget(&text);
	rfa_buf_printf(&name, "%s.pub", path);
	if (!key->len && !name.failed && !slurp(&text, rfa_buf_str(&name)))
		take_public(key, rfa_buf_str(&text));
	rfa_buf_release(&name);
	rfa_buf_release(&text);
}

/* A certificate that ssh would show besides the key; rfa can only say so. */
static void note_certificate(struct attempt *a, const char *path)
{
	char name[256];
	int n = snprintf(name, sizeof(name), "%s-cert.pub", path);

	if (!a->certificate[0] && n > 0 && (size_t)n < sizeof(name) && !access(name, R_OK))
		snprintf(a->certificate, sizeof(a->certificate), "%s", name);
}

static void remember(struct attempt *a, const char *where, const char *what, const char *blob)
{
	a->tried++;
	if (*blob)
		rfa_buf_printf(&a->blobs, " %s ", blob);
	rfa_buf_printf(&a->list, "%s", a->list.len ? ", " : "");
	rfa_buf_put_printable(&a->list, what, strlen(what), 80);
	rfa_buf_puts(&a->list, where);
}

/* 1 if this key was offered before: each offer counts for the server's MaxAuthTries. */
static int was_tried(const struct attempt *a, const char *blob)
{
	struct rfa_buf word = RFA_BUF_INIT(KEY_FILE_MAX);
	int was;

	rfa_buf_printf(&word, " %s ", blob);
	was = *blob && a->blobs.len && strstr(a->blobs.data, rfa_buf_str(&word)) != NULL;
	rfa_buf_release(&word);
	return was;
}

static int ask_methods(struct attempt *a, struct rfa_error *err);

/*
 * The server knew the key, and yet did not let us in: either another proof is wanted as well (then
 * it no longer asks for a key), or there was no good signature.
 */
static int judge_known_key(struct attempt *a, const char *what, struct rfa_error *err)
{
	int rc;

	if (strstr(rfa_ssh_words(a->hop->session), "Callback")) {
		if (!a->unsigned_key[0])
			snprintf(a->unsigned_key, sizeof(a->unsigned_key), "%s", what);
		return 0;
	}
	rc = ask_methods(a, err);
	if (!rc && !a->accepted && !strstr(a->methods, "publickey"))
		snprintf(a->partial, sizeof(a->partial), "%s", what);
	return rc;
}

/* 0 when the server has answered (see a->accepted), or an error that ends it all. */
static int judge(struct attempt *a, int rc, const char *what, struct rfa_error *err)
{
	if (!rc)
		a->accepted = 1;
	if (rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
		return judge_known_key(a, what, err);
	if (rc == LIBSSH2_ERROR_ALLOC)
		return rfa_fail_nomem(err);
	/* A server that has seen enough keys hangs up: more of them will not help. */
	if (rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
	    rc == LIBSSH2_ERROR_SOCKET_SEND || rc == LIBSSH2_ERROR_SOCKET_NONE)
		return rfa_ssh_hop_broke(a->hop, rc, err);
	return 0;
}

/* The agent. */

static int is_certificate(const struct libssh2_agent_publickey *key)
{
	static const char mark[] = "-cert-v01@openssh.com";
	size_t n = sizeof(mark) - 1;
	size_t type = (size_t)key->blob[2] << 8 | key->blob[3];

	return type > n && type <= key->blob_len - 4 && !memcmp(key->blob + 4 + type - n, mark, n);
}

static int try_agent_key(struct attempt *a, LIBSSH2_AGENT *agent,
			 struct libssh2_agent_publickey *key, struct rfa_error *err)
{
	struct rfa_buf blob = RFA_BUF_INIT(KEY_FILE_MAX);
	const char *what = key->comment && *key->comment ? key->comment : "a key";
	int rc;

	rfa_base64_put(&blob, key->blob, key->blob_len);
	remember(a, " (agent)", what, rfa_buf_str(&blob));
	rfa_buf_release(&blob);
	if (key->blob_len > 4 + 20 && !a->certificate[0] && is_certificate(key))
		snprintf(a->certificate, sizeof(a->certificate), "%.200s (agent)", what);
	if (key->blob_len > 11 && !memcmp(key->blob + 4, "ssh-rsa", 7))
		a->tried_rsa = 1;
	while ((rc = libssh2_agent_userauth(agent, a->settings->user, key)) ==
	       LIBSSH2_ERROR_EAGAIN) {
		rc = rfa_ssh_hop_await(a->hop, a->until, err);
		if (rc)
			return rc;
	}
	return judge(a, rc, what, err);
}

/* 1 if one of the configured identity files has this public key. */
static int is_configured(const struct attempt *a, const struct libssh2_agent_publickey *key)
{
	struct rfa_buf ours = RFA_BUF_INIT(KEY_FILE_MAX);
	struct rfa_buf theirs = RFA_BUF_INIT(KEY_FILE_MAX);
	int same = 0;
	size_t i;

	rfa_base64_put(&theirs, key->blob, key->blob_len);
	for (i = 0; !same && i < a->settings->identities.count; i++) {
		rfa_buf_clear(&ours);
		read_public(&ours, a->settings->identities.path[i]);
		same = ours.len && !strcmp(rfa_buf_str(&ours), rfa_buf_str(&theirs));
	}
	rfa_buf_release(&ours);
	rfa_buf_release(&theirs);
	return same;
}

/* All keys of the agent, those that the configuration names first: servers count attempts. */
static int try_agent_keys(struct attempt *a, LIBSSH2_AGENT *agent, struct rfa_error *err)
{
	struct libssh2_agent_publickey *keys[AGENT_KEYS_MAX] = { NULL };
	int configured[AGENT_KEYS_MAX] = { 0 };
	struct libssh2_agent_publickey *key = NULL;
	size_t count = 0;
	size_t i;
	int pass;
	int rc = 0;

	while (count < AGENT_KEYS_MAX && !libssh2_agent_get_identity(agent, &key, key)) {
		configured[count] = is_configured(a, key);
		keys[count++] = key;
	}
	a->agent_keys = (int)count;
	for (pass = 1; pass >= (a->settings->identities_only ? 1 : 0); pass--)
		for (i = 0; !rc && !a->accepted && !a->partial[0] && i < count; i++)
			if (configured[i] == pass)
				rc = try_agent_key(a, agent, keys[i], err);
	return rc;
}

static int try_agent(struct attempt *a, struct rfa_error *err)
{
	LIBSSH2_AGENT *agent;
	int rc = 0;

	a->agent_keys = -1;
	if (!a->settings->agent)
		return 0;
	agent = libssh2_agent_init(a->hop->session);
	if (!agent)
		return rfa_fail_nomem(err);
	libssh2_agent_set_identity_path(agent, a->settings->agent);
	/* No agent, or one that cannot be asked, is no error: key files may do. */
	if (!libssh2_agent_connect(agent)) {
		if (!libssh2_agent_list_identities(agent))
			rc = try_agent_keys(a, agent, err);
		libssh2_agent_disconnect(agent);
	}
	libssh2_agent_free(agent);
	return rc;
}

/* Key files. */

static int try_file(struct attempt *a, const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(KEY_FILE_MAX);
	struct rfa_buf public = RFA_BUF_INIT(KEY_FILE_MAX);
	int rc = 0;

	if (slurp(&text, path))
		goto done; /* the defaults of ssh_config name files that mostly do not exist */
	note_certificate(a, path);
	read_public(&public, path);
	/* The agent has it, or has refused to sign with it. */
	if (was_tried(a, rfa_buf_str(&public)))
		goto done;
	if (!is_private(rfa_buf_str(&text))) {
		if (public.len && !a->public_only[0])
			snprintf(a->public_only, sizeof(a->public_only), "%s", path);
		goto done;
	}
	if (is_encrypted(rfa_buf_str(&text))) {
		if (!a->locked[0])
			snprintf(a->locked, sizeof(a->locked), "%s", path);
		goto done;
	}
	remember(a, "", path, rfa_buf_str(&public));
	if (strstr(rfa_buf_str(&text), "BEGIN RSA") ||
	    !strncmp(rfa_buf_str(&public), "AAAAB3NzaC1yc2E", 15) ||
	    /* The same in an OpenSSH private key, where it begins one byte into a group. */
	    strstr(rfa_buf_str(&text), "AAAAdzc2gtcn"))
		a->tried_rsa = 1;
	while ((rc = libssh2_userauth_publickey_fromfile_ex(a->hop->session, a->settings->user,
							    user_len(a), NULL, path, NULL)) ==
	       LIBSSH2_ERROR_EAGAIN) {
		rc = rfa_ssh_hop_await(a->hop, a->until, err);
		if (rc)
			goto done;
	}
	rc = judge(a, rc, path, err);
done:
	forget(&text);
	rfa_buf_release(&public);
	return rc;
}

/* The answer. */

/* What to do about keys that were refused; the likeliest cause first. */
static void advise(const struct attempt *a, struct rfa_error *err)
{
	const struct rfa_ssh_settings *s = a->settings;
	int old = libssh2_version(0x010b00) == NULL;

	if (!strstr(a->methods, "publickey"))
		rfa_error_hint(err,
			       "let keys in there: PubkeyAuthentication yes, and publickey first "
			       "(or alone) in AuthenticationMethods of its sshd_config");
	else if (old && a->tried_rsa)
		rfa_error_hint(
		    err,
		    "libssh2 %s signs with RSA only by SHA-1, which servers refuse since "
		    "OpenSSH 8.8: use an ed25519 key (ssh-keygen -t ed25519; "
		    "ssh-copy-id -p %u %s@%s), or libssh2 1.11",
		    libssh2_version(0), s->port, s->user, s->host);
	else if (a->unsigned_key[0])
		rfa_error_hint(err,
			       "the agent would not sign with %s: confirm it, touch the device, or "
			       "unlock the agent, then the same again",
			       a->unsigned_key);
	else if (a->locked[0])
		rfa_error_hint(err, "%s needs a passphrase: give it to the agent (ssh-add %s)%s",
			       a->locked, a->locked,
			       a->agent_keys < 0 ? "; no agent runs: eval \"$(ssh-agent)\" first"
						 : "");
	else if (a->public_only[0])
		rfa_error_hint(err,
			       "%s is a public key, and %s: give the private one to the agent "
			       "(ssh-add), or point IdentityAgent of ssh_config to the one that "
			       "has it",
			       a->public_only,
			       a->agent_keys < 0 ? "no agent runs" : "the agent has no such key");
	else
		rfa_error_hint(err, "let the key in: ssh-copy-id -p %u %s@%s", s->port, s->user,
			       s->host);
}

static int refuse(const struct attempt *a, struct rfa_error *err)
{
	const struct rfa_ssh_settings *s = a->settings;
	const char *keys = a->list.len ? rfa_buf_str(&a->list) : "none was there to try";

	if (a->partial[0]) {
		rfa_fail(err, RFA_ESECONDFACTOR, "ssh",
			 "%s took the key %s of %s, and wants another proof as well: %s", s->host,
			 a->partial, s->user, a->methods);
		return rfa_error_hint(err,
				      "a program cannot give it: let this user in by the key alone "
				      "(in its sshd_config: Match User %s, then "
				      "AuthenticationMethods publickey)",
				      s->user);
	}
	/* OpenSSH says why; others just hang up. */
	if (strstr(a->hop->farewell, "Too many") || (a->hung_up && a->tried > 1)) {
		rfa_fail(err, RFA_EMANYKEYS, "ssh", "%s hung up after %zu key(s) of %s (%s)%s%s",
			 s->host, a->tried, s->user, keys, *a->hop->farewell ? ": " : "",
			 a->hop->farewell);
		return rfa_error_hint(
		    err, "name the right key in ssh_config for this host: IdentityFile "
			 "PATH and IdentitiesOnly yes; or raise MaxAuthTries there");
	}
	if (a->certificate[0] && strstr(a->methods, "publickey")) {
		rfa_fail(err, RFA_ECERTIFICATE, "ssh",
			 "%s does not accept %s by the plain keys (%s), and libssh2 %s cannot show "
			 "the certificate %s",
			 s->host, s->user, keys, libssh2_version(0), a->certificate);
		return rfa_error_hint(err,
				      "let the key itself in: ssh-copy-id -p %u %s@%s (with a key "
				      "that has no certificate)",
				      s->port, s->user, s->host);
	}
	rfa_fail(err, RFA_EAUTH, "ssh", "%s does not accept %s by our keys (%s); it takes: %s",
		 s->host, s->user, keys, a->methods);
	advise(a, err);
	return -(int)RFA_EAUTH;
}

/* Asks which methods the server takes; copied, since libssh2's own goes with its next call. */
static int ask_methods(struct attempt *a, struct rfa_error *err)
{
	const char *list;

	while (!(list = libssh2_userauth_list(a->hop->session, a->settings->user, user_len(a)))) {
		int rc;

		if (libssh2_userauth_authenticated(a->hop->session)) {
			a->accepted = 1;
			return 0;
		}
		rc = libssh2_session_last_errno(a->hop->session);
		if (rc != LIBSSH2_ERROR_EAGAIN)
			return rfa_ssh_hop_broke(a->hop, rc, err);
		rc = rfa_ssh_hop_await(a->hop, a->until, err);
		if (rc)
			return rc;
	}
	snprintf(a->methods, sizeof(a->methods), "%s", list);
	return 0;
}

int rfa_ssh_authenticate(struct rfa_ssh_hop *hop, const struct rfa_ssh_settings *settings,
			 int64_t until, struct rfa_error *err)
{
	struct attempt a = {
		.hop = hop,
		.settings = settings,
		.until = until,
		.list = RFA_BUF_INIT(512),
		.blobs = RFA_BUF_INIT((size_t)1 << 20),
	};
	size_t i;
	int rc = ask_methods(&a, err);

	if (settings->certificates.count)
		snprintf(a.certificate, sizeof(a.certificate), "%s",
			 settings->certificates.path[0]);
	if (!rc && !a.accepted && strstr(a.methods, "publickey")) {
		rc = try_agent(&a, err);
		for (i = 0; !rc && !a.accepted && !a.partial[0] && i < settings->identities.count;
		     i++)
			rc = try_file(&a, settings->identities.path[i], err);
	}
	/* A server that hung up in the middle of our keys has refused them. */
	a.hung_up = rc == -(int)RFA_ELOST;
	if ((a.hung_up && a.tried) || (!rc && !a.accepted))
		rc = refuse(&a, err);
	rfa_buf_release(&a.list);
	rfa_buf_release(&a.blobs);
	return rc;
}

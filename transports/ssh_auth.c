/* Proves who we are: the agent's keys, then key files. Never a password, never a prompt. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transports/ssh_hostkeys.h"
#include "transports/ssh_session.h"

#define KEY_FILE_MAX ((size_t)64 << 10)
#define AGENT_KEYS_MAX 64u

/* What was tried, so that a refusal can say what to do. */
struct attempt {
	struct rfa_ssh_hop *hop;
	const struct rfa_ssh_settings *settings;
	int64_t until;
	int accepted;
	int tried_rsa;       /* an RSA key was offered, and maybe refused for its SHA-1 signature */
	int agent_keys;      /* how many the agent holds; -1: no agent */
	char locked[256];    /* the first encrypted key file */
	struct rfa_buf list; /* the keys tried, in words */
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

/* The key of "<path>.pub" in base64 with its type before it; "" if there is none. */
static void read_public(struct rfa_buf *key, const char *path)
{
	struct rfa_buf name = RFA_BUF_INIT(8192);
	struct rfa_buf text = RFA_BUF_INIT(KEY_FILE_MAX);

	rfa_buf_printf(&name, "%s.pub", path);
	if (!name.failed && !slurp(&text, rfa_buf_str(&name))) {
		const char *p = rfa_buf_str(&text);
		size_t type = strcspn(p, " \t\r\n");
		size_t gap = strspn(p + type, " \t");

		rfa_buf_add(key, p + type + gap, strcspn(p + type + gap, " \t\r\n"));
	}
	rfa_buf_release(&name);
	rfa_buf_release(&text);
}

static void remember(struct attempt *a, const char *where, const char *what)
{
	rfa_buf_printf(&a->list, "%s", a->list.len ? ", " : "");
	rfa_buf_put_printable(&a->list, what, strlen(what), 80);
	rfa_buf_puts(&a->list, where);
}

/* 0 when the server has answered (see a->accepted), or an error that ends it all. */
static int judge(struct attempt *a, int rc, struct rfa_error *err)
{
	if (!rc)
		a->accepted = 1;
	if (rc == LIBSSH2_ERROR_ALLOC)
		return rfa_fail_nomem(err);
	/* A server that has seen enough keys hangs up: more of them will not help. */
	if (rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
	    rc == LIBSSH2_ERROR_SOCKET_SEND || rc == LIBSSH2_ERROR_SOCKET_NONE)
		return rfa_ssh_hop_broke(a->hop, rc, err);
	return 0;
}

/* ---- the agent ---- */

static int try_agent_key(struct attempt *a, LIBSSH2_AGENT *agent,
			 struct libssh2_agent_publickey *key, struct rfa_error *err)
{
	int rc;

	remember(a, " (agent)", key->comment ? key->comment : "a key");
	if (key->blob_len > 11 && !memcmp(key->blob + 4, "ssh-rsa", 7))
		a->tried_rsa = 1;
	while ((rc = libssh2_agent_userauth(agent, a->settings->user, key)) ==
	       LIBSSH2_ERROR_EAGAIN) {
		rc = rfa_ssh_hop_await(a->hop, a->until, err);
		if (rc)
			return rc;
	}
	return judge(a, rc, err);
}

/* 1 if one of the configured identity files has this public key. */
static int is_configured(const struct attempt *a, const struct libssh2_agent_publickey *key)
{
	struct rfa_buf ours = RFA_BUF_INIT(KEY_FILE_MAX);
	struct rfa_buf theirs = RFA_BUF_INIT(KEY_FILE_MAX);
	int same = 0;
	size_t i;

	rfa_ssh_base64(&theirs, key->blob, key->blob_len);
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
		for (i = 0; !rc && !a->accepted && i < count; i++)
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

/* ---- key files ---- */

static int try_file(struct attempt *a, const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(KEY_FILE_MAX);
	struct rfa_buf public = RFA_BUF_INIT(KEY_FILE_MAX);
	int rc = 0;

	if (slurp(&text, path))
		goto done; /* the defaults of ssh_config name files that mostly do not exist */
	if (is_encrypted(rfa_buf_str(&text))) {
		if (!a->locked[0])
			snprintf(a->locked, sizeof(a->locked), "%s", path);
		goto done;
	}
	read_public(&public, path);
	remember(a, "", path);
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
	rc = judge(a, rc, err);
done:
	/* The text is a private key: it does not stay in memory that is given back. */
	if (text.data)
		memset(text.data, 0, text.cap);
	rfa_buf_release(&text);
	rfa_buf_release(&public);
	return rc;
}

/* ---- the answer ---- */

static int refuse(const struct attempt *a, const char *methods, struct rfa_error *err)
{
	const struct rfa_ssh_settings *s = a->settings;
	int old = libssh2_version(0x010b00) == NULL;

	rfa_fail(err, RFA_EAUTH, "ssh", "%s does not accept %s by our keys (%s); it takes: %s",
		 s->host, s->user, a->list.len ? rfa_buf_str(&a->list) : "none was there to try",
		 methods);
	if (old && a->tried_rsa)
		rfa_error_mend(
		    err,
		    "libssh2 %s signs with RSA only by SHA-1, which servers refuse since "
		    "OpenSSH 8.8: use an ed25519 key (ssh-keygen -t ed25519; "
		    "ssh-copy-id -p %u %s@%s), or libssh2 1.11",
		    libssh2_version(0), s->port, s->user, s->host);
	else if (a->locked[0])
		rfa_error_mend(err, "%s needs a passphrase: give it to the agent (ssh-add %s)%s",
			       a->locked, a->locked,
			       a->agent_keys < 0 ? "; no agent runs: eval \"$(ssh-agent)\" first"
						 : "");
	else
		rfa_error_mend(err, "let the key in: ssh-copy-id -p %u %s@%s", s->port, s->user,
			       s->host);
	return -(int)RFA_EAUTH;
}

/* Asks which methods the server takes; copied, since libssh2's own goes with its next call. */
static int ask_methods(struct attempt *a, char *methods, size_t size, struct rfa_error *err)
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
	snprintf(methods, size, "%s", list);
	return 0;
}

int rfa_ssh_authenticate(struct rfa_ssh_hop *hop, const struct rfa_ssh_settings *settings,
			 int64_t until, struct rfa_error *err)
{
	struct attempt a = {
		.hop = hop, .settings = settings, .until = until, .list = RFA_BUF_INIT(512)
	};
	char methods[128] = "";
	size_t i;
	int rc = ask_methods(&a, methods, sizeof(methods), err);

	if (!rc && !a.accepted && strstr(methods, "publickey")) {
		rc = try_agent(&a, err);
		for (i = 0; !rc && !a.accepted && i < settings->identities.count; i++)
			rc = try_file(&a, settings->identities.path[i], err);
	}
	/* A server that hung up in the middle of our keys has refused them. */
	if (rc == -(int)RFA_ELOST && a.list.len)
		rc = refuse(&a, methods, err);
	else if (!rc && !a.accepted)
		rc = refuse(&a, methods, err);
	rfa_buf_release(&a.list);
	return rc;
}

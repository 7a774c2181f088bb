/* One hop: handshake, host key, keep-alive, and the end of a libssh2 session. */
#include "transports/ssh_session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "transports/ssh_hostkeys.h"

#define OUT_MAX ((size_t)64 << 20)
/* A server's banner and key exchange are some kilobytes. */
#define GREETING_MAX ((size_t)256 << 10)
/* An agent may ask its user; a dead one must not hold us for ever. */
#define AGENT_TIMEOUT_MS 60000
#define KEEPALIVE_PARTS 3
#define KEEPALIVE_MIN_S 2
/* The last words of a ProxyCommand that has closed its output come at once, or not at all. */
#define PROXY_TRIES 50
#define PROXY_STEP_MS 20

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

const char *rfa_ssh_words(LIBSSH2_SESSION *session)
{
	char *text = NULL;

	if (!session || !libssh2_session_last_error(session, &text, NULL, 0) || !text)
		return "";
	return text;
}

int rfa_ssh_is_fatal(int rc)
{
	switch (rc) {
	case LIBSSH2_ERROR_CHANNEL_UNKNOWN:
	case LIBSSH2_ERROR_CHANNEL_WINDOW_EXCEEDED:
	case LIBSSH2_ERROR_CHANNEL_PACKET_EXCEEDED:
	case LIBSSH2_ERROR_CHANNEL_CLOSED:
	case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
	case LIBSSH2_ERROR_CHANNEL_FAILURE:
	case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
	case LIBSSH2_ERROR_REQUEST_DENIED:
	case LIBSSH2_ERROR_INVAL:
	case LIBSSH2_ERROR_EAGAIN:
		return 0;
	default:
		return rc < 0;
	}
}

/* ---- the wire, as libssh2 sees it ---- */

/* Waits for the agent, whose socket libssh2 made, and which it thinks of as blocking. */
static int agent_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events, .revents = 0 };
	int n;

	do {
		n = poll(&p, 1, AGENT_TIMEOUT_MS);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static ssize_t agent_send(int fd, const void *data, size_t len)
{
	ssize_t n;

	if (!agent_ready(fd, POLLOUT))
		return -ETIMEDOUT;
	n = send(fd, data, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static ssize_t agent_recv(int fd, void *data, size_t len)
{
	ssize_t n;

	if (!agent_ready(fd, POLLIN))
		return -ETIMEDOUT;
	n = recv(fd, data, len, 0);
	if (n < 0)
		return -errno;
	/* libssh2 1.10 would read for ever from an agent that hung up. */
	return n ? n : -ECONNRESET;
}

static ssize_t hop_send(libssh2_socket_t fd, const void *data, size_t len, int flags,
			void **abstract)
{
	struct rfa_ssh_hop *hop = *abstract;
	size_t put = 0;

	(void)flags;
	if (fd != hop->anchor)
		return agent_send(fd, data, len);
	if (!hop->wire)
		return -ECONNRESET;
	if (!hop->out.len && hop->wire->ops->write(hop->wire, data, len, &put, &hop->why))
		return -ECONNRESET;
	if (rfa_buf_add(&hop->out, (const char *)data + put, len - put))
		return -ENOMEM;
	return (ssize_t)len;
}

/*
 * A server that offers what only a client says makes libssh2 1.11.1 call through a null pointer
 * (kex_agree_kex_hostkey() takes an extension's name for a key exchange), so it is not let in.
 * After the handshake the server is the one whose key we know.
 */
static int is_no_server(struct rfa_ssh_hop *hop, const void *data, size_t len)
{
	static const char *const clients[] = { "ext-info-c", "kex-strict-c-v00@openssh.com" };
	struct rfa_buf *all = &hop->greeting;
	size_t i, at;

	if (rfa_buf_add(all, data, len)) {
		rfa_fail(&hop->why, RFA_EPROTOCOL, "ssh", "it talks and talks, but no SSH");
		return 1;
	}
	for (i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		size_t n = strlen(clients[i]);

		for (at = 0; at + n <= all->len; at++) {
			if (memcmp(all->data + at, clients[i], n) != 0)
				continue;
			rfa_fail(&hop->why, RFA_EPROTOCOL, "ssh",
				 "what answers there is no SSH server: it speaks as a client does");
			return 1;
		}
	}
	return 0;
}

static ssize_t hop_recv(libssh2_socket_t fd, void *data, size_t len, int flags, void **abstract)
{
	struct rfa_ssh_hop *hop = *abstract;
	size_t got = 0;
	int eof = 0;

	(void)flags;
	if (fd != hop->anchor)
		return agent_recv(fd, data, len);
	if (hop->closing || !hop->wire)
		return -ECONNRESET;
	if (hop->wire->ops->read(hop->wire, data, len, &got, &eof, &hop->why))
		return -ECONNRESET;
	if (eof)
		return 0;
	if (!got)
		return -EAGAIN;
	if (hop->greeting.max && is_no_server(hop, data, got))
		return -ECONNRESET;
	hop->serial++;
	hop->heard_ms = hop->clock->mono_ms(hop->clock);
	return (ssize_t)got;
}

/* SSH_MSG_DISCONNECT has words of the server's: why it hangs up. */
static LIBSSH2_DISCONNECT_FUNC(hop_farewell)
{
	struct rfa_ssh_hop *hop = *abstract;
	struct rfa_buf text = RFA_BUF_INIT(1024);

	(void)session;
	(void)reason;
	(void)language;
	(void)language_len;
	if (message && message_len > 0)
		rfa_buf_put_printable(&text, message, (size_t)message_len, 120);
	snprintf(hop->farewell, sizeof(hop->farewell), "%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

/* C has no conversion from a function to an object pointer, which the older call wants. */
static void set_callback(LIBSSH2_SESSION *session, int kind, void (*callback)(void))
{
#if LIBSSH2_VERSION_NUM >= 0x010b01
	libssh2_session_callback_set2(session, kind, callback);
#else
	void *pointer = NULL;

	_Static_assert(sizeof(pointer) == sizeof(callback), "POSIX: both pointers are alike");
	memcpy(&pointer, &callback, sizeof(pointer));
	libssh2_session_callback_set(session, kind, pointer);
#endif
}

int rfa_ssh_hop_flush(struct rfa_ssh_hop *hop, struct rfa_error *err)
{
	size_t put = 0;

	if (!hop->session)
		return rfa_ssh_hop_broke(hop, 0, err);
	if (!hop->out.len)
		return 0;
	if (hop->wire->ops->write(hop->wire, hop->out.data, hop->out.len, &put, &hop->why))
		return rfa_ssh_hop_broke(hop, LIBSSH2_ERROR_SOCKET_SEND, err);
	rfa_buf_consume(&hop->out, put);
	return 0;
}

/* ---- life and death ---- */

void rfa_ssh_hop_kill(struct rfa_ssh_hop *hop, const struct rfa_error *why)
{
	if (!hop || !hop->wire)
		return;
	if (why && why->code != RFA_ELOST) {
		rfa_fail(&hop->why, RFA_ELOST, "ssh", "the connection was given up: %s", why->msg);
	} else if (why) {
		hop->why = *why;
	} else if (hop->session && !hop->why.code) {
		struct rfa_error ignored;

		/* A courtesy to the server's log; nothing depends on it. */
		(void)libssh2_session_disconnect(hop->session, "done");
		if (hop->out.len) {
			size_t put;

			(void)hop->wire->ops->write(hop->wire, hop->out.data, hop->out.len, &put,
						    &ignored);
		}
		rfa_fail(&hop->why, RFA_ELOST, "ssh", "the connection was closed");
	}
	/* From here on reading fails, so that no channel waits for the other side's farewell. */
	hop->closing = 1;
	if (hop->session)
		(void)libssh2_session_free(hop->session);
	hop->session = NULL;
	if (hop->is_command)
		rfa_local_kill(hop->wire);
	rfa_stream_close(hop->wire);
	hop->wire = NULL;
	rfa_fd_close(&hop->anchor);
	rfa_buf_release(&hop->out);
	free(hop->leaving);
	hop->leaving = NULL;
	hop->leaving_count = hop->leaving_cap = 0;
}

void rfa_ssh_hop_unref(struct rfa_ssh_hop *hop)
{
	if (!hop || --hop->refs)
		return;
	rfa_ssh_hop_kill(hop, NULL);
	free(hop);
}

/*
 * Adds what a ProxyCommand said on its standard error: it alone knows why there is no connection.
 * One that has ended is read to the end.
 */
static void add_proxy_words(struct rfa_ssh_hop *hop, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	struct rfa_buf shown = RFA_BUF_INIT(2048);
	struct rfa_error ignored;
	int over = 0, end = 0, tries = 0;
	char data[512];
	size_t got;

	if (!hop->is_command || !hop->wire || !err)
		return;
	(void)!hop->wire->ops->read(hop->wire, data, sizeof(data), &got, &over, &ignored);
	while (!end && !text.failed &&
	       !hop->wire->ops->read_err(hop->wire, data, sizeof(data), &got, &end, &ignored)) {
		rfa_buf_add(&text, data, got);
		if (!got && !end && (!over || tries++ >= PROXY_TRIES))
			break;
		if (!got && !end)
			hop->clock->sleep_ms(hop->clock, PROXY_STEP_MS);
	}
	while (text.len && strchr("\r\n", text.data[text.len - 1]))
		text.len--;
	if (text.len) {
		struct rfa_error inner = *err;
		size_t from = text.len > 300 ? text.len - 300 : 0;

		rfa_buf_put_printable(&shown, text.data + from, text.len - from, 0);
		rfa_fail(err, inner.code, inner.domain, "%s; its ProxyCommand said: %s", inner.msg,
			 rfa_buf_str(&shown));
		err->native = inner.native;
		err->severity = inner.severity;
		memcpy(err->mend, inner.mend, sizeof(err->mend));
	}
	rfa_buf_release(&text);
	rfa_buf_release(&shown);
}

int rfa_ssh_hop_broke(struct rfa_ssh_hop *hop, int rc, struct rfa_error *err)
{
	struct rfa_error why;

	if (hop->session) {
		/* The wire's own words are better than libssh2's "socket error". */
		if (hop->why.code) {
			why = hop->why;
			rfa_fail(&why, RFA_ELOST, "ssh", "the connection to %s broke: %s",
				 hop->name, hop->why.msg);
		} else if (rc == LIBSSH2_ERROR_SOCKET_RECV ||
			   rc == LIBSSH2_ERROR_SOCKET_DISCONNECT) {
			rfa_fail(&why, RFA_ELOST, "ssh", "%s closed the connection%s%s", hop->name,
				 *hop->farewell ? ": " : "", hop->farewell);
		} else {
			rfa_fail(&why, RFA_ELOST, "ssh", "the connection to %s broke: %s",
				 hop->name, rfa_ssh_words(hop->session));
		}
		why.native = rc;
		/* The agent's memory is the session's: it cannot go before the agent. */
		if (hop->opening) {
			if (err)
				*err = why;
			return -(int)RFA_ELOST;
		}
		add_proxy_words(hop, &why);
		rfa_ssh_hop_kill(hop, &why);
	}
	if (err)
		*err = hop->why;
	return -(int)RFA_ELOST;
}

void rfa_ssh_hop_leave(struct rfa_ssh_hop *hop, LIBSSH2_CHANNEL *channel)
{
	hop->left_ms = hop->clock->mono_ms(hop->clock);
	if (!hop->session || libssh2_channel_free(channel) != LIBSSH2_ERROR_EAGAIN)
		return;
	if (hop->leaving_count == hop->leaving_cap) {
		size_t cap = hop->leaving_cap ? 2 * hop->leaving_cap : 8;
		LIBSSH2_CHANNEL **list = realloc(hop->leaving, cap * sizeof(LIBSSH2_CHANNEL *));

		if (!list)
			return; /* the session's end frees it */
		hop->leaving = list;
		hop->leaving_cap = cap;
	}
	hop->leaving[hop->leaving_count++] = channel;
}

/*
 * Sends a keep-alive after a third of the idle time-out. Only silence needs a question: libssh2
 * never takes the answers out of its queue. It sends at most one in two seconds of the wall clock,
 * and does not say whether it did: so the same count is kept here.
 */
static int ask(struct rfa_ssh_hop *hop, struct rfa_error *err)
{
	int64_t now = hop->clock->mono_ms(hop->clock);
	int64_t now_s = (int64_t)time(NULL);
	int next = 0;
	int rc;

	if (hop->asked_ms || now - hop->heard_ms < hop->idle_timeout_ms / KEEPALIVE_PARTS ||
	    now_s < hop->kept_s + KEEPALIVE_MIN_S)
		return 0;
	rc = libssh2_keepalive_send(hop->session, &next);
	if (rc && rc != LIBSSH2_ERROR_EAGAIN)
		return rfa_ssh_hop_broke(hop, rc, err);
	hop->asked_ms = now;
	hop->kept_s = now_s;
	return 0;
}

int rfa_ssh_hop_tend(struct rfa_ssh_hop *hop, struct rfa_error *err)
{
	size_t kept = 0;
	size_t i;
	int rc = rfa_ssh_hop_flush(hop, err);

	if (rc)
		return rc;
	for (i = 0; i < hop->leaving_count; i++)
		if (libssh2_channel_free(hop->leaving[i]) == LIBSSH2_ERROR_EAGAIN)
			hop->leaving[kept++] = hop->leaving[i];
	hop->leaving_count = kept;
	return ask(hop, err);
}

int rfa_ssh_hop_watch(struct rfa_ssh_hop *hop, struct rfa_error *err)
{
	int64_t now = hop->clock->mono_ms(hop->clock);
	int64_t part = hop->idle_timeout_ms / KEEPALIVE_PARTS;
	struct rfa_error why;

	if (!hop->session)
		return rfa_ssh_hop_broke(hop, 0, err);
	if (!hop->asked_ms)
		return 0;
	if (hop->heard_ms >= hop->asked_ms) {
		hop->asked_ms = 0;
		return 0;
	}
	/*
	 * Counted from the question: a caller that was busy elsewhere has not waited. The host has
	 * a third of the time-out to answer in any case.
	 */
	if (now - hop->asked_ms < part || (now - hop->heard_ms < hop->idle_timeout_ms &&
					   now - hop->asked_ms < hop->idle_timeout_ms - part))
		return 0;
	rfa_fail(&why, RFA_ELOST, "ssh", "%s has been silent for %lld ms", hop->name,
		 (long long)(now - hop->heard_ms));
	rfa_ssh_hop_kill(hop, &why);
	return rfa_ssh_hop_broke(hop, 0, err);
}

int rfa_ssh_hop_await(struct rfa_ssh_hop *hop, int64_t until, struct rfa_error *err)
{
	int64_t left = until - hop->clock->mono_ms(hop->clock);
	int rc = rfa_ssh_hop_flush(hop, err);

	if (rc)
		return rc;
	if (left <= 0)
		return rfa_fail(err, RFA_ESTALLED, "ssh", "%s did not answer in time", hop->name);
	return rfa_stream_wait(&hop->wire, 1, left, hop->cancel, err);
}

/* ---- opening ---- */

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

static int set_up(struct rfa_ssh_hop *hop, const struct rfa_ssh_settings *settings,
		  struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	hop->session = libssh2_session_init_ex(NULL, NULL, NULL, hop);
	hop->anchor = open("/dev/null", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (!hop->session)
		return rfa_fail_nomem(err);
	if (hop->anchor < 0)
		return rfa_fail_errno(err, errno, "/dev/null cannot be opened");
	libssh2_session_set_blocking(hop->session, 0);
	set_callback(hop->session, LIBSSH2_CALLBACK_SEND, (void (*)(void))hop_send);
	set_callback(hop->session, LIBSSH2_CALLBACK_RECV, (void (*)(void))hop_recv);
	set_callback(hop->session, LIBSSH2_CALLBACK_DISCONNECT, (void (*)(void))hop_farewell);
	libssh2_keepalive_config(hop->session, 1, 1);
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
		return rfa_error_mend(err, "allow curve25519-sha256, aes128-ctr, hmac-sha2-256 and "
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
	static const struct rfa_buf empty = RFA_BUF_INIT(OUT_MAX);
	static const struct rfa_buf greeting = RFA_BUF_INIT(GREETING_MAX);
	const struct rfa_ssh_settings *settings = options->settings;
	struct rfa_ssh_hop *hop = calloc(1, sizeof(*hop));
	int64_t until;
	int rc;

	if (!hop) {
		rfa_stream_close(options->wire);
		return rfa_fail_nomem(err);
	}
	hop->refs = 1;
	hop->opening = 1;
	hop->wire = options->wire;
	hop->is_command = options->is_command;
	hop->anchor = -1;
	hop->out = empty;
	hop->greeting = greeting;
	snprintf(hop->name, sizeof(hop->name), "%s", options->name);
	hop->clock = options->clock;
	hop->cancel = options->cancel;
	hop->idle_timeout_ms = options->idle_timeout_ms;
	hop->heard_ms = hop->clock->mono_ms(hop->clock);
	until = hop->heard_ms + options->connect_timeout_ms;
	rc = set_up(hop, settings, err);
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
	add_proxy_words(hop, err);
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

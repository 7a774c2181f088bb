/* One hop: what goes over its wire, keep-alive, and the end of a libssh2 session. */
#include "transports/ssh/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

/* The wire, as libssh2 sees it. */

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

/* Life and death. */

int rfa_ssh_hop_new(struct rfa_ssh_hop **out, const struct rfa_ssh_hop_options *options,
		    struct rfa_error *err)
{
	static const struct rfa_buf empty = RFA_BUF_INIT(OUT_MAX);
	static const struct rfa_buf greeting = RFA_BUF_INIT(GREETING_MAX);
	struct rfa_ssh_hop *hop = calloc(1, sizeof(*hop));

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
	*out = hop;
	return 0;
}

int rfa_ssh_hop_start(struct rfa_ssh_hop *hop, struct rfa_error *err)
{
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
	return 0;
}

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

void rfa_ssh_proxy_words(struct rfa_ssh_hop *hop, struct rfa_error *err)
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
		memcpy(err->hint, inner.hint, sizeof(err->hint));
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
		rfa_ssh_proxy_words(hop, &why);
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

/*
 * One HTTP request by libcurl over a tunnel: libcurl gets one end of a socket pair that it takes
 * for a connected TCP socket, and the loop here moves bytes between the other end and the tunnel.
 */
#include "transports/http_call.h"

#include <curl/curl.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fsm/base/wipe.h"
#include "transports/fdio.h"
#include "transports/http_text.h"

#define PUMP_SIZE 65536u
#define SLICE_MS 100
#define HEAD_MAX ((size_t)256 << 10)
#define CA_MAX ((size_t)4 << 20)

/* Bytes on their way in one direction. */
struct pipe_half {
	char data[PUMP_SIZE];
	size_t from, to; /* what is in data and not yet delivered */
	int ended;       /* no more will come */
	int told;        /* and the receiver knows */
};

struct exchange {
	struct rfa_transport *transport;
	const struct rfa_http_call *call;
	struct rfa_clock *clock;
	struct rfa_error *err;
	struct rfa_stream *tunnel; /* owned */
	int listener;              /* owned; -1 once libcurl has come */
	int theirs;                /* libcurl's end; borrowed from it */
	int ours;                  /* the other one; owned; -1 before libcurl has come */
	unsigned port;             /* the listener's */
	struct pipe_half request, answer;
	uint64_t moved;   /* bytes in both directions */
	CURL *easy;       /* owned */
	size_t head_size; /* bytes of headers that came */
	int head_told;
	int enough;      /* a callback wants no more */
	int failed;      /* a callback's error */
	int64_t away_ms; /* spent in callbacks */
	struct rfa_buf ca;
	char detail[CURL_ERROR_SIZE];
};

/* Libcurl's side. */

static int note_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
	struct exchange *x = user;

	(void)purpose;
	x->theirs = fd;
	return CURL_SOCKOPT_OK;
}

const char *rfa_http_header(const struct rfa_http_head *head, const char *name, size_t at)
{
	struct curl_header *found = NULL;

	if (curl_easy_header(head->easy, name, at, CURLH_HEADER, -1, &found) != CURLHE_OK)
		return NULL;
	return found->value;
}

int rfa_http_headers(const struct rfa_http_head *head, struct rfa_buf *out, struct rfa_error *err)
{
	struct curl_header *one = NULL;

	while ((one = curl_easy_nextheader(head->easy, CURLH_HEADER, -1, one))) {
		(void)rfa_buf_add(out, one->name, strlen(one->name) + 1);
		(void)rfa_buf_add(out, one->value, strlen(one->value) + 1);
	}
	return rfa_buf_check(out, err);
}

/* What a callback answered: 1 if the call goes on. */
static int goes_on(struct exchange *x, int answer)
{
	x->enough = answer > 0;
	x->failed = answer < 0 ? answer : 0;
	return !answer;
}

/* The head is there; an interim one (1xx) does not count. 1 if the call goes on. */
static int tell_head(struct exchange *x)
{
	struct rfa_http_head head = { 0, x->easy };
	int64_t begun = x->clock->mono_ms(x->clock);
	long code = 0;
	int on = 1;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &code);
	if (x->head_told || code < 200)
		return 1;
	x->head_told = 1;
	head.status = (int)code;
	if (x->call->on_head)
		on = goes_on(x, x->call->on_head(x->call->user, &head, x->err));
	x->away_ms += x->clock->mono_ms(x->clock) - begun;
	return on;
}

static size_t take_header(char *data, size_t size, size_t count, void *user)
{
	struct exchange *x = user;
	size_t len = size * count;

	x->head_size += len;
	if (x->head_size > HEAD_MAX)
		return 0;
	/* An empty line ends it. */
	if (len && (data[0] == '\r' || data[0] == '\n') && !tell_head(x))
		return 0;
	return len;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
	struct exchange *x = user;
	int64_t begun = x->clock->mono_ms(x->clock);
	size_t len = size * count;
	int on = 1;

	if (x->call->on_body)
		on = goes_on(x, x->call->on_body(x->call->user, data, len, x->err));
	x->away_ms += x->clock->mono_ms(x->clock) - begun;
	return on ? len : 0;
}

/* The pump. */

/* Takes libcurl's connection once it is there. Anybody else's is closed. */
static int take_connection(struct exchange *x, int *moved, struct rfa_error *err)
{
	struct sockaddr_in from = { 0 }, theirs = { 0 };
	socklen_t from_len = sizeof(from), theirs_len = sizeof(theirs);
	int fd = accept(x->listener, (struct sockaddr *)&from, &from_len);

	if (fd < 0)
		return 0; /* not yet, or it went away again: the time-out tells */
	*moved = 1;
	if (x->theirs < 0 || getsockname(x->theirs, (struct sockaddr *)&theirs, &theirs_len) ||
	    from.sin_port != theirs.sin_port || from.sin_addr.s_addr != theirs.sin_addr.s_addr) {
		close(fd);
		return 0;
	}
	x->ours = fd;
	rfa_fd_close(&x->listener);
	if (rfa_fd_prepare(fd))
		return rfa_fail_errno(err, errno, "a socket could not be set up");
	return 0;
}

/*
 * 1 if the error says that the service hung up, not that the way to it broke. Only plain TCP (the
 * local transport) shows a reset as an error; over SSH it is an end.
 */
static int is_reset(const struct rfa_error *err)
{
	return !strcmp(err->domain, "tcp") && (err->native == ECONNRESET || err->native == EPIPE);
}

static int pump_request(struct exchange *x, int *moved, struct rfa_error *err)
{
	struct pipe_half *h = &x->request;
	size_t put = 0;
	int rc = 0;

	if (h->from == h->to && !h->ended) {
		int64_t n = rfa_fd_read(x->ours, h->data, sizeof(h->data));

		h->from = 0;
		h->to = n > 0 ? (size_t)n : 0;
		h->ended = n == 0 || n == -2;
	}
	if (h->from < h->to) {
		rc =
		    x->tunnel->ops->write(x->tunnel, h->data + h->from, h->to - h->from, &put, err);
		h->from += put;
		*moved |= put != 0;
		x->moved += put;
	}
	if (rc && is_reset(err)) {
		h->from = h->to;
		h->ended = h->told = 1;
		return 0;
	}
	/* A client's half-close would be taken for its going away, so nothing is passed on. */
	return rc;
}

static int pump_answer(struct exchange *x, int *moved, struct rfa_error *err)
{
	struct pipe_half *h = &x->answer;

	if (h->from == h->to && !h->ended) {
		size_t got = 0;
		int rc =
		    x->tunnel->ops->read(x->tunnel, h->data, sizeof(h->data), &got, &h->ended, err);

		if (rc && !is_reset(err))
			return rc;
		if (rc)
			h->ended = 1;
		h->from = 0;
		h->to = got;
		x->moved += got;
	}
	if (h->from < h->to) {
		int64_t n =
		    rfa_fd_write(x->ours, RFA_FD_SOCKET, h->data + h->from, h->to - h->from);

		if (n == -2)
			h->from = h->to; /* libcurl has heard enough */
		else if (n > 0)
			h->from += (size_t)n;
		*moved |= n > 0;
	}
	if (h->ended && h->from == h->to && !h->told) {
		(void)shutdown(x->ours, SHUT_WR);
		h->told = 1;
		*moved = 1;
	}
	return 0;
}

/* Sleeps until libcurl, the socket or the tunnel has something to do. */
static int sleep_until(struct exchange *x, CURLM *multi, int64_t left, struct rfa_error *err)
{
	struct curl_waitfd fds[RFA_STREAM_POLLFDS + 1];
	struct pollfd tunnel[RFA_STREAM_POLLFDS];
	unsigned n = 0;
	size_t got = x->tunnel->ops->pollfds(x->tunnel, tunnel, RFA_STREAM_POLLFDS);
	size_t i;

	/* After its end a tunnel has nothing to wait for, and would be "ready" for ever. */
	if (x->ours < 0)
		got = 0;
	else if (!got && !x->answer.ended)
		return 0;
	for (i = 0; i < got; i++)
		if (tunnel[i].fd >= 0)
			fds[n++] = (struct curl_waitfd){
				.fd = tunnel[i].fd,
				.events =
				    (short)((tunnel[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
					    (tunnel[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0)),
			};
	fds[n] = (struct curl_waitfd){ .fd = x->ours < 0 ? x->listener : x->ours };
	if (x->request.from == x->request.to && !x->request.ended)
		fds[n].events |= CURL_WAIT_POLLIN;
	if (x->answer.from < x->answer.to)
		fds[n].events |= CURL_WAIT_POLLOUT;
	if (fds[n].events)
		n++;
	if (curl_multi_poll(multi, fds, n, (int)(left < SLICE_MS ? left : SLICE_MS), NULL))
		return rfa_fail(err, RFA_EINTERNAL, "http", "libcurl could not wait");
	return 0;
}

/* The limits of time of a call. */
struct limits {
	int64_t until;  /* of all of it */
	int64_t silent; /* of the silence that there is */
	uint64_t moved; /* when it was looked at last */
	int64_t away_ms;
	struct rfa_pace pace;
};

/* The milliseconds that are left; none: *late. */
static int64_t time_left(struct exchange *x, struct limits *l, int *late)
{
	int64_t now = x->clock->mono_ms(x->clock);
	int64_t away = x->away_ms - l->away_ms;
	int64_t left = SLICE_MS;
	uint64_t moved = x->moved - l->moved;

	l->away_ms = x->away_ms;
	l->moved = x->moved;
	l->until += away;
	l->pace.since += away;
	if (moved || !l->silent)
		l->silent = now + x->call->idle_ms;
	else
		l->silent += away;
	if (x->call->timeout_ms && l->until - now < left)
		left = l->until - now;
	if (x->call->idle_ms && l->silent - now < left)
		left = l->silent - now;
	*late = left <= 0 || (x->call->idle_ms && rfa_pace_add(&l->pace, now, moved, NULL));
	return left;
}

/* Runs the transfer to its end. *result is libcurl's. */
static int transfer(struct exchange *x, CURLM *multi, struct limits *limits, CURLcode *result,
		    struct rfa_error *err)
{
	const volatile int *cancel = x->transport->cancel;

	for (;;) {
		CURLMsg *message;
		int running = 0;
		int left_messages = 0;
		int moved = 0;
		int late = 0;
		int64_t left;
		int rc;

		if (curl_multi_perform(multi, &running))
			return rfa_fail(err, RFA_EINTERNAL, "http", "libcurl failed");
		while ((message = curl_multi_info_read(multi, &left_messages)))
			if (message->msg == CURLMSG_DONE)
				*result = message->data.result;
		if (!running)
			return 0;
		if (x->ours < 0)
			rc = take_connection(x, &moved, err);
		else
			rc = pump_request(x, &moved, err);
		if (!rc && x->ours >= 0)
			rc = pump_answer(x, &moved, err);
		if (rc)
			return rc;
		if (cancel && *cancel)
			return rfa_fail(err, RFA_ECANCELLED, "http", "a signal asked to stop");
		left = time_left(x, limits, &late);
		if (late) {
			*result = CURLE_OPERATION_TIMEDOUT;
			return 0;
		}
		if (moved)
			continue;
		rc = sleep_until(x, multi, left, err);
		if (rc)
			return rc;
	}
}

/* The request. */

/* Appends a file of certificates. */
static int add_certificates(struct rfa_buf *out, const char *path, struct rfa_error *err)
{
	char part[4096];
	FILE *file = fopen(path, "re");
	size_t from = out->len;
	size_t got;
	int rc = 0;

	if (!file) {
		(void)rfa_fail(err, RFA_ECONFIG, "http", "the certificates in %.200s: %s", path,
			       strerror(errno));
		return rfa_error_where(err, "%s", path);
	}
	while ((got = fread(part, 1, sizeof(part), file)) > 0 && !out->failed)
		(void)rfa_buf_add(out, part, got);
	if (ferror(file))
		rc = rfa_fail(err, RFA_ECONFIG, "http", "%.200s could not be read", path);
	else if (rfa_buf_putc(out, '\n'))
		rc = rfa_buf_check(out, err);
	else if (!strstr(rfa_buf_str(out) + from, "-----BEGIN "))
		rc = rfa_fail(err, RFA_ECONFIG, "http", "%.200s holds no certificate (PEM)", path);
	(void)fclose(file);
	return rc;
}

/* The system's certificates stay: those in a folder by themselves, those in a file copied. */
static int trust_also(struct exchange *x, const char *path, struct rfa_error *err)
{
	struct curl_blob blob;
	const char *system = NULL;
	int rc = add_certificates(&x->ca, path, err);

	if (!rc && !curl_easy_getinfo(x->easy, CURLINFO_CAINFO, &system) && system &&
	    !access(system, R_OK))
		rc = add_certificates(&x->ca, system, err);
	if (rc)
		return rc;
	blob = (struct curl_blob){ x->ca.data, x->ca.len, CURL_BLOB_NOCOPY };
	if (curl_easy_setopt(x->easy, CURLOPT_CAINFO_BLOB, &blob))
		return rfa_fail(err, RFA_EINTERNAL, "http", "libcurl did not take certificates");
	return 0;
}

static int set_up(struct exchange *x, struct curl_slist *headers, struct curl_slist *connect_to)
{
	const struct rfa_http_call *call = x->call;
	CURL *easy = x->easy;
	long verify = call->insecure_tls ? 0 : 1;
	CURLcode rc = CURLE_OK;

#define SET(option, value)                                          \
	do {                                                        \
		if (!rc)                                            \
			rc = curl_easy_setopt(easy, option, value); \
	} while (0)
	SET(CURLOPT_URL, call->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_USERAGENT, "rfa/" RFA_VERSION);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_SSL_VERIFYPEER, verify);
	SET(CURLOPT_SSL_VERIFYHOST, verify * 2);
	SET(CURLOPT_HTTPHEADER, headers);
	/* Else libcurl would look the name up here, where it may mean nothing. */
	SET(CURLOPT_CONNECT_TO, connect_to);
	SET(CURLOPT_SOCKOPTFUNCTION, note_socket);
	SET(CURLOPT_SOCKOPTDATA, x);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, x);
	SET(CURLOPT_ERRORBUFFER, x->detail);
	if (call->form) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE, (long)strlen(call->form));
		SET(CURLOPT_POSTFIELDS, call->form);
	}
	if (call->method && !strcmp(call->method, "HEAD"))
		SET(CURLOPT_NOBODY, 1L);
	else if (call->method)
		SET(CURLOPT_CUSTOMREQUEST, call->method);
#undef SET
	return rc != CURLE_OK;
}

static enum rfa_http_end end_of(CURLcode result)
{
	switch (result) {
	case CURLE_OK:
		return RFA_HTTP_ANSWERED;
	case CURLE_OPERATION_TIMEDOUT:
		return RFA_HTTP_LATE;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return RFA_HTTP_HUNG_UP;
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return RFA_HTTP_CUT;
	case CURLE_PEER_FAILED_VERIFICATION:
		return RFA_HTTP_UNTRUSTED;
	case CURLE_SSL_CONNECT_ERROR:
		return RFA_HTTP_NO_TLS;
	default:
		return RFA_HTTP_NONSENSE;
	}
}

/* A listener for one connection, on a loopback port that is free. */
static int open_listener(struct exchange *x, struct rfa_error *err)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	x->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (x->listener < 0 || rfa_fd_prepare(x->listener) ||
	    bind(x->listener, (struct sockaddr *)&a, sizeof(a)) || listen(x->listener, 1) ||
	    getsockname(x->listener, (struct sockaddr *)&a, &len))
		return rfa_fail_errno(err, errno, "no loopback socket could be opened");
	x->port = ntohs(a.sin_port);
	return 0;
}

static int open_exchange(struct exchange *x, const char *host, unsigned port, struct rfa_error *err)
{
	int rc = x->transport->ops->connect(x->transport, err);

	if (rc)
		return rc;
	rc = x->transport->ops->tunnel(x->transport, host, port, &x->tunnel, err);
	if (rc == -(int)RFA_EUNREACHABLE) {
		struct rfa_error inner = *err;

		/* The machine was asked, and nobody listens there: so says the service. */
		rc = rfa_fail(err, RFA_EUNREACHABLE, "http", "%s", inner.msg);
		err->native = inner.native;
	}
	return rc ? rc : open_listener(x, err);
}

/* The list that libcurl wants of the caller's lines, which stay where they are. NULL: no memory. */
static struct curl_slist *list_headers(const char *const *lines)
{
	struct curl_slist *list;
	size_t n = 0;
	size_t i;

	while (lines && lines[n])
		n++;
	list = calloc(n + 1, sizeof(*list));
	for (i = 0; list && i < n; i++) {
		list[i].data = (char *)(uintptr_t)lines[i];
		list[i].next = i + 1 < n ? &list[i + 1] : NULL;
	}
	return list;
}

/* One exchange, with libcurl's handles made by the caller. */
static int exchange(struct exchange *x, CURLM *multi, struct limits *limits,
		    struct rfa_http_outcome *outcome, struct rfa_error *err)
{
	const struct rfa_http_call *call = x->call;
	struct curl_slist *headers = list_headers(call->headers);
	struct curl_slist *connect_to;
	char place[32];
	CURLcode result = CURLE_FAILED_INIT;
	int added = 0;
	int rc = 0;

	snprintf(place, sizeof(place), "::127.0.0.1:%u", x->port);
	connect_to = curl_slist_append(NULL, place);
	if (call->ca_file)
		rc = trust_also(x, call->ca_file, err);
	if (rc)
		goto done;
	if (!connect_to || !headers || set_up(x, headers[0].data ? headers : NULL, connect_to) ||
	    curl_multi_add_handle(multi, x->easy)) {
		rc = rfa_fail(err, RFA_EINTERNAL, "http", "libcurl did not take the request");
		goto done;
	}
	added = 1;
	rc = transfer(x, multi, limits, &result, err);
	if (!rc && x->failed)
		rc = x->failed;
	if (rc)
		goto done;
	if (x->enough)
		result = CURLE_OK;
	outcome->end = end_of(result);
	outcome->native = (int)result;
	outcome->text = curl_easy_strerror(result);
	snprintf(outcome->detail, sizeof(outcome->detail), "%s", x->detail);
done:
	if (added)
		curl_multi_remove_handle(multi, x->easy);
	free(headers);
	curl_slist_free_all(connect_to);
	return rc;
}

static void release(struct exchange *x)
{
	curl_easy_cleanup(x->easy);
	rfa_stream_close(x->tunnel);
	rfa_fd_close(&x->listener);
	rfa_fd_close(&x->ours);
	rfa_buf_release(&x->ca);
	rfa_wipe(&x->request, sizeof(x->request));
	rfa_wipe(&x->answer, sizeof(x->answer));
	free(x);
}

int rfa_http_call(struct rfa_transport *t, const struct rfa_http_call *call,
		  struct rfa_http_outcome *outcome, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(t);
	int64_t begun = clock->mono_ms(clock);
	struct limits limits = { .until = begun + call->timeout_ms };
	struct exchange *x = calloc(1, sizeof(*x));
	struct rfa_http_place place;
	CURLM *multi = NULL;
	int rc;

	if (!x)
		return rfa_fail_nomem(err);
	x->transport = t;
	x->call = call;
	x->clock = clock;
	x->err = err;
	x->listener = x->theirs = x->ours = -1;
	x->ca.max = CA_MAX;
	rc = rfa_http_place(&place, call->url, call->shown, err);
	if (!rc)
		rc = open_exchange(x, place.host, place.port, err);
	if (rc)
		goto done;
	/*
	 * This starts libcurl if nobody has: since 7.84 that is safe from any thread, and it must
	 * not be undone here, since others in the process may use libcurl too.
	 */
	x->easy = curl_easy_init();
	multi = curl_multi_init();
	if (!x->easy || !multi) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	rfa_pace_begin(&limits.pace, clock->mono_ms(clock), call->idle_ms, RFA_PACE_RELAY);
	rc = exchange(x, multi, &limits, outcome, err);
done:
	if (multi)
		curl_multi_cleanup(multi);
	release(x);
	return rc;
}

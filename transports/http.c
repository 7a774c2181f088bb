/*
 * HTTP by libcurl over a tunnel: libcurl gets one end of a socket pair that it takes for a
 * connected TCP socket, and the loop here moves bytes between the other end and the tunnel.
 */
#include "transports/http.h"

#include <curl/curl.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transports/fdio.h"

#define TIMEOUT_MS 5000
#define MAX_BODY ((size_t)64 << 10)
#define PUMP_SIZE 65536u
#define SLICE_MS 100

/* Bytes on their way in one direction. */
struct pipe_half {
	char data[PUMP_SIZE];
	size_t from, to; /* what is in data and not yet delivered */
	int ended;       /* no more will come */
	int told;        /* and the receiver knows */
};

struct exchange {
	struct rfa_transport *transport;
	struct rfa_stream *tunnel; /* owned */
	int listener;              /* owned; -1 once libcurl has come */
	int theirs;                /* libcurl's end; borrowed from it */
	int ours;                  /* the other one; owned; -1 before libcurl has come */
	unsigned port;             /* the listener's */
	struct pipe_half request, answer;
	struct rfa_buf body;
	size_t max_body;
	int cut; /* the body was longer than wanted: enough was read */
};

/* Libcurl's side. */

static int note_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
	struct exchange *x = user;

	(void)purpose;
	x->theirs = fd;
	return CURL_SOCKOPT_OK;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
	struct exchange *x = user;
	size_t len = size * count;
	size_t left = x->max_body - x->body.len;

	if (rfa_buf_add(&x->body, data, len < left ? len : left))
		return 0;
	/* Ending the transfer here keeps an endless answer from using up the time-out. */
	x->cut = len > left;
	return x->cut ? 0 : len;
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

/* Runs the transfer to its end. *result is libcurl's. */
static int transfer(struct exchange *x, CURLM *multi, int64_t until, CURLcode *result,
		    struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(x->transport);
	const volatile int *cancel = x->transport->cancel;

	for (;;) {
		CURLMsg *message;
		int running = 0;
		int left_messages = 0;
		int moved = 0;
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
		left = until - clock->mono_ms(clock);
		if (left <= 0) {
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

static const char *shown_of(const struct rfa_http_request *request)
{
	return request->shown ? request->shown : request->url;
}

/* Host and port to tunnel to, as the URL has them. */
static int read_url(const char *text, const char *shown, CURLU **url, char *host, size_t size,
		    unsigned *port, struct rfa_error *err)
{
	char *part = NULL;
	size_t len;
	int rc = 0;

	*url = curl_url();
	if (!*url)
		return rfa_fail_nomem(err);
	if (curl_url_set(*url, CURLUPART_URL, text, 0) ||
	    curl_url_get(*url, CURLUPART_SCHEME, &part, 0) ||
	    (strcmp(part, "http") != 0 && strcmp(part, "https") != 0)) {
		rc = rfa_fail(err, RFA_ECONFIG, "http", "\"%.120s\" is not an http or https URL",
			      shown);
		goto done;
	}
	curl_free(part);
	part = NULL;
	if (curl_url_get(*url, CURLUPART_PORT, &part, CURLU_DEFAULT_PORT)) {
		rc = rfa_fail(err, RFA_ECONFIG, "http", "\"%.120s\" has no port", shown);
		goto done;
	}
	*port = (unsigned)strtoul(part, NULL, 10);
	curl_free(part);
	part = NULL;
	if (curl_url_get(*url, CURLUPART_HOST, &part, 0) || strlen(part) >= size) {
		rc = rfa_fail(err, RFA_ECONFIG, "http", "\"%.120s\" has no usable host", shown);
		goto done;
	}
	/* "[::1]" is how a URL writes an address; whoever connects wants it bare. */
	len = strlen(part);
	if (part[0] == '[' && part[len - 1] == ']')
		snprintf(host, size, "%.*s", (int)(len - 2), part + 1);
	else
		snprintf(host, size, "%s", part);
done:
	curl_free(part);
	return rc;
}

static int set_up(CURL *easy, struct exchange *x, const struct rfa_http_request *request,
		  CURLU *url, struct curl_slist *headers, struct curl_slist *connect_to)
{
	long verify = request->insecure_tls ? 0 : 1;
	CURLcode rc = CURLE_OK;

#define SET(option, value)                                          \
	do {                                                        \
		if (!rc)                                            \
			rc = curl_easy_setopt(easy, option, value); \
	} while (0)
	SET(CURLOPT_CURLU, url);
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
#undef SET
	return rc != CURLE_OK;
}

static int explain(CURLcode result, const char *url, int64_t timeout_ms, struct rfa_error *err)
{
	switch (result) {
	case CURLE_OPERATION_TIMEDOUT:
		rfa_fail(err, RFA_ESTALLED, "http", "%.120s did not answer within %lld ms", url,
			 (long long)timeout_ms);
		rfa_error_as(err, RFA_RETRY);
		break;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		/* What a port that Docker forwards does while its container is still starting. */
		rfa_fail(err, RFA_EUNREACHABLE, "http",
			 "%.120s took the connection and closed it without an answer", url);
		rfa_error_as(err, RFA_RETRY);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		rfa_fail(err, RFA_EPROTOCOL, "http", "the certificate of %.120s is not trusted",
			 url);
		rfa_error_hint(err, "give it a certificate for that name, or set insecure_tls for "
				    "this check");
		break;
	default:
		rfa_fail(err, RFA_EPROTOCOL, "http", "%.120s: %s", url, curl_easy_strerror(result));
		break;
	}
	if (err)
		err->native = (int)result;
	return err ? -(int)err->code : -(int)RFA_EPROTOCOL;
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

/* One exchange, with libcurl's handles made by the caller. */
static int get(struct exchange *x, CURL *easy, CURLM *multi, CURLU *url,
	       const struct rfa_http_request *request, int64_t until, int64_t timeout_ms,
	       int *status, struct rfa_error *err)
{
	struct rfa_buf host = RFA_BUF_INIT(1024);
	struct curl_slist *headers = NULL;
	struct curl_slist *connect_to;
	char place[32];
	CURLcode result = CURLE_FAILED_INIT;
	long code = 0;
	int added = 0;
	int rc;

	snprintf(place, sizeof(place), "::127.0.0.1:%u", x->port);
	connect_to = curl_slist_append(NULL, place);
	if (request->host_header) {
		rfa_buf_printf(&host, "Host: %s", request->host_header);
		if (!host.failed)
			headers = curl_slist_append(NULL, rfa_buf_str(&host));
	}
	if (!connect_to || (request->host_header && !headers) ||
	    set_up(easy, x, request, url, headers, connect_to) ||
	    curl_multi_add_handle(multi, easy)) {
		rc = rfa_fail(err, RFA_EINTERNAL, "http", "libcurl did not take the request");
		goto done;
	}
	added = 1;
	rc = transfer(x, multi, until, &result, err);
	if (rc)
		goto done;
	if (result == CURLE_WRITE_ERROR && x->cut)
		result = CURLE_OK;
	if (result != CURLE_OK) {
		rc = explain(result, shown_of(request), timeout_ms, err);
		goto done;
	}
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	*status = (int)code;
done:
	if (added)
		curl_multi_remove_handle(multi, easy);
	curl_slist_free_all(headers);
	curl_slist_free_all(connect_to);
	rfa_buf_release(&host);
	return rc;
}

int rfa_http_get(struct rfa_transport *t, const struct rfa_http_request *request,
		 struct rfa_http_reply *reply, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(t);
	int64_t timeout_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_MS;
	int64_t until = clock->mono_ms(clock) + timeout_ms;
	struct exchange *x = calloc(1, sizeof(*x));
	CURLU *url = NULL;
	CURLM *multi = NULL;
	CURL *easy = NULL;
	char host[256];
	unsigned port = 0;
	int status = 0;
	int rc;

	if (!x)
		return rfa_fail_nomem(err);
	x->transport = t;
	x->listener = x->theirs = x->ours = -1;
	x->max_body = request->max_body ? request->max_body : MAX_BODY;
	x->body.max = x->max_body;
	rc = read_url(request->url, shown_of(request), &url, host, sizeof(host), &port, err);
	if (!rc)
		rc = open_exchange(x, host, port, err);
	if (rc)
		goto done;
	/*
	 * This starts libcurl if nobody has: since 7.84 that is safe from any thread, and it must
	 * not be undone here, since others in the process may use libcurl too.
	 */
	easy = curl_easy_init();
	multi = curl_multi_init();
	if (!easy || !multi) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	rc = get(x, easy, multi, url, request, until, timeout_ms, &status, err);
	if (rc)
		goto done;
	reply->status = status;
	reply->body = x->body;
	memset(&x->body, 0, sizeof(x->body));
done:
	curl_easy_cleanup(easy);
	curl_multi_cleanup(multi);
	curl_url_cleanup(url);
	rfa_stream_close(x->tunnel);
	rfa_fd_close(&x->listener);
	rfa_fd_close(&x->ours);
	rfa_buf_release(&x->body);
	free(x);
	if (rc)
		rfa_error_where(err, "%s", t->name);
	return rc;
}

int rfa_http_is_service(const struct rfa_error *err)
{
	return !strcmp(err->domain, "http") && err->severity != RFA_UNKNOWN &&
	       (err->code == RFA_EUNREACHABLE || err->code == RFA_ESTALLED ||
		err->code == RFA_EPROTOCOL);
}

void rfa_http_reply_release(struct rfa_http_reply *reply)
{
	rfa_buf_release(&reply->body);
}

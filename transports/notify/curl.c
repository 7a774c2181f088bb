/* Libcurl for notices. The only file here that knows it. */
#include "transports/notify/curl.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER_MAX = 16 << 10, MOST_WAIT_S = 24 * 3600 };

/* What comes behind the beginning is not read: an endless answer must not use up the time. */
static size_t take(char *data, size_t size, size_t count, void *user)
{
	struct rfa_exchange *x = user;
	size_t len = size * count, left = ANSWER_MAX - x->answer.len;

	rfa_buf_add(&x->answer, data, len < left ? len : left);
	return len > left ? 0 : len;
}

/* What is sent as a mail. */
struct upload {
	const struct rfa_buf *body;
	size_t at;
};

static size_t give(char *into, size_t size, size_t count, void *user)
{
	struct upload *up = user;
	size_t len = up->body->len - up->at;

	if (len > size * count)
		len = size * count;
	memcpy(into, up->body->data + up->at, len);
	up->at += len;
	return len;
}

static int add(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (!longer)
		return -1;
	*list = longer;
	return 0;
}

static int add_all(struct curl_slist **list, const char *const *texts, struct rfa_error *err)
{
	for (; texts && *texts; texts++)
		if (add(list, *texts))
			return rfa_fail_nomem(err);
	return 0;
}

static void set_up_http(CURL *easy, const struct rfa_exchange *x, struct curl_slist *headers)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, rfa_buf_str(x->body));
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body->len);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

static void set_up_mail(CURL *easy, const struct rfa_exchange *x, struct upload *up,
			struct curl_slist *to)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	/* A mail that cannot be encrypted is not sent, unless the configuration allows it. */
	curl_easy_setopt(easy, CURLOPT_USE_SSL, x->to->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, x->to->from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(easy, CURLOPT_READDATA, up);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->body->len);
	if (x->to->user && x->to->password) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, x->to->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, x->to->password);
	}
}

static void set_up(CURL *easy, struct rfa_exchange *x, char detail[CURL_ERROR_SIZE])
{
	detail[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(easy, CURLOPT_URL, x->url);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that does not answer would be waited for at the end. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)x->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "rfa/" RFA_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	if (x->to->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, x->to->ca);
}

/* What libcurl says may have pieces of the URL in it; where that is a secret as a whole, it is not
 * shown. */
static const char *words(const struct rfa_exchange *x, CURLcode code, const char *detail)
{
	return detail[0] && x->to->shown[0] != '$' ? detail : curl_easy_strerror(code);
}

static int explain(const struct rfa_exchange *x, CURLcode code, const char *detail,
		   struct rfa_error *err)
{
	enum rfa_code is;

	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		rfa_fail(err, RFA_ESTALLED, "notify", "%.120s did not answer within %lld ms",
			 x->to->shown, (long long)x->timeout_ms);
		return rfa_error_as(err, RFA_RETRY);
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		is = RFA_EUNREACHABLE;
		break;
	case CURLE_LOGIN_DENIED:
		is = RFA_EAUTH;
		break;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_REMOTE_ACCESS_DENIED:
		is = RFA_EREMOTE;
		break;
	case CURLE_OUT_OF_MEMORY:
		return rfa_fail_nomem(err);
	default:
		is = RFA_EPROTOCOL;
	}
	rfa_fail(err, is, "notify", "%.120s: %.200s", x->to->shown, words(x, code, detail));
	return err ? -(int)err->code : -(int)is;
}

static void look(CURL *easy, struct rfa_exchange *x)
{
	curl_off_t wait = 0;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait);
	x->status = (int)status;
	x->wait_ms = wait < 0 ? 0 : (wait > MOST_WAIT_S ? MOST_WAIT_S : (int64_t)wait) * 1000;
}

/*
 * Libcurl takes leave of a mail server, and waits two minutes for its answer, whatever time there
 * is. It is said, and not listened to.
 */
static void leave(CURL *easy)
{
	curl_socket_t wire = CURL_SOCKET_BAD;

	if (!curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &wire) && wire != CURL_SOCKET_BAD)
		(void)shutdown(wire, SHUT_RD);
}

int rfa_exchange_run(struct rfa_exchange *x, struct rfa_error *err)
{
	struct upload up = { x->body, 0 };
	struct curl_slist *list = NULL;
	char detail[CURL_ERROR_SIZE];
	CURL *easy = curl_easy_init();
	CURLcode code;
	int rc = easy ? 0 : rfa_fail(err, RFA_EINTERNAL, "notify", "libcurl could not be started");

	x->answer = (struct rfa_buf)RFA_BUF_INIT(ANSWER_MAX);
	x->status = 0;
	x->wait_ms = 0;
	if (!rc)
		rc = add_all(&list, x->headers ? x->headers : x->to->to, err);
	/* Who is asked to say "go on" first may wait for it. */
	if (!rc && x->headers && add(&list, "Expect:"))
		rc = rfa_fail_nomem(err);
	if (rc)
		goto done;
	set_up(easy, x, detail);
	if (x->headers)
		set_up_http(easy, x, list);
	else
		set_up_mail(easy, x, &up, list);
	code = curl_easy_perform(easy);
	look(easy, x);
	/* Of an answer that is longer than anybody reads its status is there. */
	if (code == CURLE_WRITE_ERROR && x->status)
		code = CURLE_OK;
	if (code)
		rc = explain(x, code, detail, err);
	leave(easy);
done:
	curl_slist_free_all(list);
	curl_easy_cleanup(easy);
	return rc;
}

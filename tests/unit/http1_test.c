/* Requests to the engine's socket, and replies that may be cut, chunked or nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transports/host/http1.h"
#include "transports/host/remote_error.h"

static void names_are_encoded(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_http1_post post = { "1.45", "/networks/@/connect", "a/b c",
				       "name", "x&y\r\nZ: \xc3",      "{}",
				       2 };
	struct rfa_error err;

	(void)state;
	assert_int_equal(rfa_http1_post(&out, &post, &err), 0);
	assert_string_equal(
	    rfa_buf_str(&out),
	    "POST /v1.45/networks/a%2Fb%20c/connect?name=x%26y%0D%0AZ%3A%20%C3 HTTP/1.1"
	    "\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: 2"
	    "\r\nConnection: close\r\n\r\n{}");
	rfa_buf_release(&out);
}

static void replies_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		int rc, status;
		const char *body;
	} rows[] = {
		{ "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", 0, 201, "{}" },
		{ "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}more", 0, 201, "{}" },
		{ "HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n"
		  "0123456789\r\n0\r\n\r\n",
		  0, 409, "abc0123456789" },
		{ "HTTP/1.0 500 No\r\n\r\nup to the end", 0, 500, "up to the end" },
		{ "HTTP/1.1 204 X\r\n\r\n", 0, 204, "" },
		{ "", -RFA_EPROTOCOL, 0, "" },
		{ "HTTP/1.1 20", -RFA_EPROTOCOL, 0, "" },
		{ "hello\r\n\r\n", -RFA_EPROTOCOL, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", -RFA_EPROTOCOL, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
		  -RFA_EPROTOCOL, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2", -RFA_EPROTOCOL, 0, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n",
		  -RFA_EPROTOCOL, 0, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\na\r\n",
		  -RFA_EPROTOCOL, 0, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", -RFA_EPROTOCOL,
		  0, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -RFA_EPROTOCOL, 0, "" },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rfa_buf body = RFA_BUF_INIT(4096);
		size_t n = strlen(rows[i].text);
		char *exact = malloc(n ? n : 1); /* so that a byte too far is seen */
		int status = 0;

		memcpy(exact, rows[i].text, n);
		assert_int_equal(rfa_http1_reply(exact, n, &status, &body, &err), rows[i].rc);
		if (rows[i].rc == 0) {
			assert_int_equal(status, rows[i].status);
			assert_string_equal(rfa_buf_str(&body), rows[i].body);
		}
		rfa_buf_release(&body);
		free(exact);
	}
}

static void what_is_read_keeps_the_connection(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;

	(void)state;
	assert_int_equal(
	    rfa_http1_get(&out, "1.45", "/images/@/json", "h:5/a b@sha256:0\r\n?#%", &err), 0);
	assert_int_equal(rfa_http1_get(&out, NULL, "/containers/json?all=1", NULL, &err), 0);
	assert_string_equal(rfa_buf_str(&out),
			    "GET /v1.45/images/h%3A5/a%20b%40sha256%3A0%0D%0A%3F%23%25/json "
			    "HTTP/1.1\r\nHost: docker\r\n\r\n"
			    "GET /containers/json?all=1 HTTP/1.1\r\nHost: docker\r\n\r\n");
	rfa_buf_release(&out);
}

/* Replies off a connection that stays open. */

#define REPLIES 4

static const char stream[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length:5\r\n\r\nhello"
    "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: Chunked\r\nX: y\r\n\r\n"
    "3\r\nabc\r\n0a ;x=y\r\n0123456789\r\n0\r\nTrailer: z\r\n\r\n"
    "HTTP/1.1 204\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive, Close\r\n\r\n";
static const int statuses[REPLIES] = { 200, 404, 204, 200 };
static const char *const bodies[REPLIES] = { "hello", "abc0123456789", "", "" };

/* A piece, in memory of its own so that a byte too far is seen. */
static int feed(struct rfa_http1_reader *r, const char *data, size_t len, size_t *n,
		struct rfa_error *err)
{
	char *exact = malloc(len ? len : 1);
	size_t at = 0, used;
	int whole, rc = 0;

	assert_non_null(exact);
	memcpy(exact, data, len);
	while (rc == 0 && at < len) {
		rc = rfa_http1_read(r, exact + at, len - at, &used, &whole, err);
		at += used;
		assert_true(at <= len && (rc || used));
		if (rc != 0 || !whole)
			continue;
		assert_true(*n < REPLIES);
		assert_int_equal(r->status, statuses[*n]);
		assert_string_equal(rfa_buf_str(&r->body), bodies[*n]);
		assert_int_equal(r->closes, ++*n == REPLIES);
		rfa_http1_next(r);
	}
	free(exact);
	return rc;
}

/* Cut in three, at any two bytes. */
static void replies_come_in_any_pieces(void **state)
{
	const size_t len = sizeof(stream) - 1;
	struct rfa_error err;
	size_t a, b;

	(void)state;
	for (a = 0; a <= len; a++)
		for (b = a; b <= len; b++) {
			struct rfa_http1_reader r = RFA_HTTP1_READER_INIT(4096);
			size_t n = 0;

			assert_int_equal(feed(&r, stream, a, &n, &err), 0);
			assert_int_equal(feed(&r, stream + a, b - a, &n, &err), 0);
			assert_int_equal(feed(&r, stream + b, len - b, &n, &err), 0);
			assert_int_equal(n, REPLIES);
			rfa_http1_reader_release(&r);
		}
}

/* In one piece and byte by byte: the same answer. */
static int read_all(const char *text, size_t len, size_t step, struct rfa_error *err)
{
	struct rfa_http1_reader r = RFA_HTTP1_READER_INIT(64);
	int whole = 0, rc = 0;
	size_t at = 0, used;

	while (rc == 0 && at < len && !whole) {
		size_t n = len - at < step ? len - at : step;
		char *exact = malloc(n);

		memcpy(exact, text + at, n);
		rc = rfa_http1_read(&r, exact, n, &used, &whole, err);
		free(exact);
		at += used;
	}
	rfa_http1_reader_release(&r);
	return rc;
}

static void hostile_replies_are_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{ "\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/2.0 200 OK\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 2000 OK\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 099 OK\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 -20 OK\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 101 Switching\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\n: no name\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nX: y\r\n folded: z\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\n",
		  -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		  -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		  -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
		  "chunked\r\n\r\n",
		  -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\n",
		  -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1x\r\n", -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
		  -RFA_EPROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n"
		  "0123456789012345678901234567890123456789012345678901234567890123456789",
		  -RFA_ETOOBIG },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"
		  "0123456789012345678901234567890123456789012345678901234567890123456789",
		  -RFA_ETOOBIG },
		{ "HTTP/1.1 200 OK\r\n\r\n"
		  "0123456789012345678901234567890123456789012345678901234567890123456789",
		  -RFA_ETOOBIG },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].text);

		if (read_all(rows[i].text, len, len, &err) != rows[i].rc ||
		    read_all(rows[i].text, len, 1, &err) != rows[i].rc)
			fail_msg("row %zu: %s", i, err.msg);
	}
	assert_int_equal(read_all("HTTP/1.1 200 OK\r\nX: \0y\r\n\r\n", 27, 27, &err),
			 -RFA_EPROTOCOL);
}

/* Begins as a reply does, and goes on with the same words for ever. */
static int endless(const char *begin, const char *more)
{
	struct rfa_http1_reader r = RFA_HTTP1_READER_INIT(64);
	struct rfa_error err;
	size_t used, bytes = 0;
	int whole, rc = rfa_http1_read(&r, begin, strlen(begin), &used, &whole, &err);

	while (rc == 0 && bytes < 2 * RFA_HTTP1_HEAD_MAX) {
		rc = rfa_http1_read(&r, more, strlen(more), &used, &whole, &err);
		assert_false(whole);
		bytes += used;
	}
	rfa_http1_reader_release(&r);
	return rc;
}

static void nothing_is_read_for_ever(void **state)
{
	static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

	(void)state;
	assert_int_equal(endless("HTTP/1.1 200 OK", "x"), -RFA_EPROTOCOL);
	assert_int_equal(endless("HTTP/1.1 200 OK\r\n", "X: y\r\n"), -RFA_EPROTOCOL);
	assert_int_equal(endless("", "HTTP/1.1 100 Continue\r\n\r\n"), -RFA_EPROTOCOL);
	assert_int_equal(endless(chunked, "1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\nx\r\n"),
			 -RFA_ETOOBIG);
	assert_int_equal(endless(chunked, "1"), -RFA_EPROTOCOL);
	assert_int_equal(
	    endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "T: z\r\n"),
	    -RFA_EPROTOCOL);
}

static void words_become_errors(void **state)
{
	static const struct {
		int status;
		const char *words;
		enum rfa_code plain, docker;
		enum rfa_severity severity;
	} rows[] = {
		{ 1, "dd: error: No space left on device\n", RFA_ENOSPACE, RFA_ENOSPACE,
		  RFA_FATAL },
		{ 1, "Cannot connect to the Docker daemon at unix:///x. Is it running?",
		  RFA_EUNREACHABLE, RFA_EUNREACHABLE, RFA_RETRY },
		{ 1,
		  "failed to open the raw stream connection: dial unix /var/run/docker.sock: "
		  "connect: no such file or directory",
		  RFA_EUNREACHABLE, RFA_EUNREACHABLE, RFA_RETRY },
		{ 1,
		  "failed to open the raw stream connection: dial unix /var/run/docker.sock: "
		  "connect: permission denied",
		  RFA_EUNSUPPORTED, RFA_EUNSUPPORTED, RFA_FATAL },
		{ 1, "error during connect: Post: EOF", RFA_ELOST, RFA_ELOST, RFA_UNKNOWN },
		{ 1, "Error response from daemon: No such container: x", RFA_EREMOTE, RFA_ENOTFOUND,
		  RFA_FATAL },
		{ 1, "Conflict. The name \"/x\" is already in use by container \"y\"", RFA_EREMOTE,
		  RFA_EEXISTS, RFA_FATAL },
		{ 1, "Bind for 127.0.0.1:8001 failed: port is already allocated", RFA_EREMOTE,
		  RFA_EEXISTS, RFA_FATAL },
		{ 1, "something else", RFA_EREMOTE, RFA_EREMOTE, RFA_FATAL },
		{ 1, "", RFA_EREMOTE, RFA_EREMOTE, RFA_FATAL },
		{ RFA_EXIT_NOTFOUND, "", RFA_ENOTFOUND, RFA_ENOTFOUND, RFA_FATAL },
		{ RFA_EXIT_CUT, "", RFA_ELOST, RFA_ELOST, RFA_RETRY },
		{ RFA_EXIT_STATE_DIR, "mkdir: Permission denied", RFA_EUNSUPPORTED,
		  RFA_EUNSUPPORTED, RFA_FATAL },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].words);

		assert_int_equal(rfa_remote_fail(rows[i].status, rows[i].words, n, "it", &err),
				 -(int)rows[i].plain);
		assert_int_equal(rfa_remote_docker(rows[i].status, rows[i].words, n, "it", &err),
				 -(int)rows[i].docker);
		assert_int_equal(err.severity, rows[i].severity);
	}
	static const char lines[] =
	    "Error response from daemon: failed to set up container networking: network "
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef not found\r\n\n"
	    "\303\244 sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210\n"
	    "tail\n";

	/* No escape of theirs reaches a terminal; the preamble is not repeated; the end is kept. */
	assert_int_equal(
	    rfa_remote_docker(1, "Error response from daemon: \033[2Jx", 32, "it", &err),
	    -RFA_EREMOTE);
	assert_null(strchr(err.msg, '\033'));
	assert_null(strstr(err.msg, "daemon"));
	/* Lines become one, and ids are as short as people use them. */
	assert_int_equal(rfa_remote_docker(1, lines, sizeof(lines) - 1, "start of web", &err),
			 -RFA_EREMOTE);
	assert_string_equal(
	    err.msg, "start of web: failed to set up container networking: network "
		     "0123456789ab not found; \303\244 sha256:fedcba987654; tail (status 1)");
	assert_int_equal(rfa_remote_fail(1, NULL, 0, "it", &err), -RFA_EREMOTE);
	assert_int_equal(rfa_remote_fail(1, NULL, 0, "it", NULL), -RFA_EREMOTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_encoded),
		cmocka_unit_test(replies_are_taken_apart),
		cmocka_unit_test(what_is_read_keeps_the_connection),
		cmocka_unit_test(replies_come_in_any_pieces),
		cmocka_unit_test(hostile_replies_are_refused),
		cmocka_unit_test(nothing_is_read_for_ever),
		cmocka_unit_test(words_become_errors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}

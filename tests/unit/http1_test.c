/* Requests to the engine's socket, and replies that may be cut, chunked or nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transports/host/http1.h"
#include "transports/host/words.h"

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
		{ 1, "error during connect: Post: EOF", RFA_ELOST, RFA_ELOST, RFA_UNKNOWN },
		{ 1, "Error response from daemon: No such container: x", RFA_EREMOTE, RFA_ENOTFOUND,
		  RFA_FATAL },
		{ 1, "Conflict. The name \"/x\" is already in use by container \"y\"", RFA_EREMOTE,
		  RFA_EEXISTS, RFA_FATAL },
		{ 1, "Bind for 127.0.0.1:8001 failed: port is already allocated", RFA_EREMOTE,
		  RFA_EEXISTS, RFA_FATAL },
		{ 1, "something else", RFA_EREMOTE, RFA_EREMOTE, RFA_FATAL },
		{ 1, "", RFA_EREMOTE, RFA_EREMOTE, RFA_FATAL },
		{ RFA_SAYS_NOTFOUND, "", RFA_ENOTFOUND, RFA_ENOTFOUND, RFA_FATAL },
		{ RFA_SAYS_CUT, "", RFA_ELOST, RFA_ELOST, RFA_RETRY },
		{ RFA_SAYS_STATE_DIR, "mkdir: Permission denied", RFA_EUNSUPPORTED,
		  RFA_EUNSUPPORTED, RFA_FATAL },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].words);

		assert_int_equal(rfa_words_fail(rows[i].status, rows[i].words, n, "it", &err),
				 -(int)rows[i].plain);
		assert_int_equal(rfa_words_docker(rows[i].status, rows[i].words, n, "it", &err),
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
	    rfa_words_docker(1, "Error response from daemon: \033[2Jx", 32, "it", &err),
	    -RFA_EREMOTE);
	assert_null(strchr(err.msg, '\033'));
	assert_null(strstr(err.msg, "daemon"));
	/* Lines become one, and ids are as short as people use them. */
	assert_int_equal(rfa_words_docker(1, lines, sizeof(lines) - 1, "start of web", &err),
			 -RFA_EREMOTE);
	assert_string_equal(
	    err.msg, "start of web: failed to set up container networking: network "
		     "0123456789ab not found; \303\244 sha256:fedcba987654; tail (status 1)");
	assert_int_equal(rfa_words_fail(1, NULL, 0, "it", &err), -RFA_EREMOTE);
	assert_int_equal(rfa_words_fail(1, NULL, 0, "it", NULL), -RFA_EREMOTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_encoded),
		cmocka_unit_test(replies_are_taken_apart),
		cmocka_unit_test(words_become_errors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}

/* Each planned fault: when it fires, with which code and severity, and that a reconnect gets by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/slow.h"
#include "transports/transport.h"

static struct rfa_transport *make(const struct rfa_fault_plan *plan, size_t entries)
{
	struct rfa_transport *t = NULL;
	struct rfa_error err;

	assert_int_equal(rfa_transport_local(&t, "here", &err), 0);
	assert_int_equal(rfa_transport_faulty(&t, t, plan, entries, &err), 0);
	return t;
}

static int run(struct rfa_transport *t, const char *script, const char *input, struct rfa_buf *out,
	       struct rfa_error *err)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct rfa_command cmd = { .argv = argv,
				   .input = input,
				   .input_len = input ? strlen(input) : 0,
				   .idle_timeout_ms = slow_ms(2000) };
	int status = -1;

	rfa_buf_clear(out);
	rfa_error_clear(err);
	return rfa_transport_run(t, &cmd, out, NULL, &status, err);
}

static void refuse(void **state)
{
	const char *argv[] = { "true", NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_stream *s = NULL;
	struct rfa_error err;
	uint64_t n;

	(void)state;
	/* connect, exec, connect, exec, tunnel: each may be the one. */
	for (n = 0; n < 5; n++) {
		const struct rfa_fault_plan plan = { RFA_FAULT_REFUSE, n };
		struct rfa_transport *t = make(&plan, 1);
		int first = run(t, "echo 1", NULL, &out, &err);

		assert_int_equal(first, n < 2 ? -RFA_EUNREACHABLE : 0);
		if (first)
			assert_int_equal(err.severity, RFA_RETRY);
		if (n >= 2) {
			assert_int_equal(t->ops->connect(t, &err), n == 2 ? -RFA_EUNREACHABLE : 0);
			assert_int_equal(t->ops->exec(t, argv, &s, &err),
					 n == 3 ? -RFA_EUNREACHABLE : 0);
			if (n != 3)
				rfa_stream_close(s);
			assert_int_equal(t->ops->tunnel(t, "127.0.0.1", 1, &s, &err),
					 -RFA_EUNREACHABLE);
			assert_string_equal(err.domain, n == 4 ? "faulty" : "tcp");
		}
		assert_int_equal(run(t, "echo 2", NULL, &out, &err), 0);
		assert_string_equal(rfa_buf_str(&out), "2\n");
		rfa_transport_free(t);
	}
	rfa_buf_release(&out);
}

static void lose_an_answer(void **state)
{
	const struct rfa_fault_plan plan = { RFA_FAULT_LOSE_ANSWER, 1 };
	char path[] = "/tmp/rfa-faulty-XXXXXX";
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_transport *t = make(&plan, 1);
	struct rfa_error err;
	char script[128];

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(script, sizeof(script), "cat > %s/x; echo done", path);
	assert_int_equal(run(t, "echo 1", NULL, &out, &err), 0);
	assert_int_equal(run(t, script, "it happened", &out, &err), -RFA_ELOST);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_int_equal(out.len, 0);
	/* It was done all the same, and only its answer was lost. */
	snprintf(script, sizeof(script), "cat %s/x; rm -r %s", path, path);
	assert_int_equal(run(t, script, NULL, &out, &err), 0);
	assert_string_equal(rfa_buf_str(&out), "it happened");
	rfa_transport_free(t);
	rfa_buf_release(&out);
}

static void cut_while_reading(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;
	uint64_t n;

	(void)state;
	for (n = 0; n < 8; n++) {
		const struct rfa_fault_plan plan = { RFA_FAULT_CUT_READ, n };
		struct rfa_transport *t = make(&plan, 1);
		int rc = run(t, "printf 123456", NULL, &out, &err);

		/* Not before n bytes, and then at once; after the last byte its end is lost. */
		assert_int_equal(rc, n <= 6 ? -RFA_ELOST : 0);
		assert_int_equal(out.len, n < 6 ? n : 6);
		if (rc)
			assert_int_equal(err.severity, RFA_UNKNOWN);
		assert_int_equal(run(t, "printf 1", NULL, &out, &err), n == 7 ? -RFA_ELOST : 0);
		assert_int_equal(run(t, "printf 12345678", NULL, &out, &err), 0);
		rfa_transport_free(t);
	}
	rfa_buf_release(&out);
}

static void cut_while_writing(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;
	uint64_t n;

	(void)state;
	for (n = 0; n < 8; n++) {
		const struct rfa_fault_plan plan = { RFA_FAULT_CUT_WRITE, n };
		struct rfa_transport *t = make(&plan, 1);
		int rc = run(t, "cat >/dev/null", "123456", &out, &err);

		assert_int_equal(rc, n <= 6 ? -RFA_ELOST : 0);
		if (rc)
			assert_int_equal(err.severity, RFA_UNKNOWN);
		assert_int_equal(run(t, "cat", "again", &out, &err), n > 6 ? -RFA_ELOST : 0);
		rfa_transport_free(t);
	}
	rfa_buf_release(&out);
}

static void stall(void **state)
{
	const struct rfa_fault_plan plan = { RFA_FAULT_STALL, 3 };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_transport *t = make(&plan, 1);
	struct rfa_error err;

	(void)state;
	assert_int_equal(run(t, "printf 123456", NULL, &out, &err), -RFA_ESTALLED);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_string_equal(rfa_buf_str(&out), "123");
	assert_int_equal(run(t, "echo 2", NULL, &out, &err), 0);
	rfa_transport_free(t);
	rfa_buf_release(&out);
}

/* A call of the persistent shell is never half-believed, wherever the connection breaks. */
static void shell_under_cuts(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);
	int finished = 0;
	uint64_t n;

	(void)state;
	for (n = 0; !finished; n++) {
		const struct rfa_fault_plan plan = { n % 2 ? RFA_FAULT_CUT_READ
							   : RFA_FAULT_CUT_WRITE,
						     n / 2 };
		struct rfa_transport *t = make(&plan, 1);
		struct rfa_shell *sh = NULL;
		struct rfa_error err;
		int status = -1;
		int rc;

		assert_int_equal(rfa_shell_new(&sh, t, &err), 0);
		rfa_buf_clear(&out);
		rc = rfa_shell_run(sh, "cat; exit 3", "input", 5, slow_ms(10000), &out, NULL,
				   &status, &err);
		if (rc) {
			assert_int_equal(rc, -RFA_ELOST);
			assert_int_equal(out.len, 0);
			/* Nothing was sent before the shell had said its hello. */
			if (n % 2 && n / 2 < 34)
				assert_int_equal(err.severity, RFA_RETRY);
			/* Nor by the eight bytes with which the shell is greeted. */
			if (n % 2 == 0 && n / 2 <= 8)
				assert_int_equal(err.severity, RFA_RETRY);
			if (n % 2 == 0 && n / 2 > 8)
				assert_int_equal(err.severity, RFA_UNKNOWN);
			rc = rfa_shell_run(sh, "cat; exit 3", "input", 5, slow_ms(10000), &out,
					   NULL, &status, &err);
		} else if (n > 200) {
			finished = 1;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(status, 3);
		assert_string_equal(rfa_buf_str(&out), "input");
		rfa_shell_free(sh);
		rfa_transport_free(t);
		assert_true(n < 2000);
	}
	rfa_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuse),
		cmocka_unit_test(lose_an_answer),
		cmocka_unit_test(cut_while_reading),
		cmocka_unit_test(cut_while_writing),
		cmocka_unit_test(stall),
		cmocka_unit_test(shell_under_cuts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("faulty", tests, NULL, NULL);
}

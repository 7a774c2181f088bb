/* Quoted words through real shells: random bytes come back as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/quote.h"
#include "transports/transport.h"

#define WORDS 40
#define WORD_MAX 60

/* Bytes that shells care about come more often than others. */
static char pick(uint64_t *seed)
{
	static const char nasty[] = "'\"\\$`\n\t *?[]{}()<>|&;#!~=%-^\x80\xff\x01";

	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	if (*seed >> 60 < 10)
		return nasty[(*seed >> 32) % (sizeof(nasty) - 1)];
	return (char)(1 + (*seed >> 32) % 255);
}

static void round_trip(const char *const shell[], uint64_t seed)
{
	static char words[WORDS][WORD_MAX + 1];
	const char *argv[WORDS + 3] = { "printf", "%s\\0" };
	const char *command[8] = { NULL };
	struct rfa_buf script = RFA_BUF_INIT((size_t)1 << 20);
	struct rfa_buf want = RFA_BUF_INIT((size_t)1 << 20);
	struct rfa_buf out = RFA_BUF_INIT((size_t)1 << 20);
	struct rfa_command cmd = { .argv = command };
	struct rfa_transport *t = NULL;
	struct rfa_error err;
	uint64_t state = seed;
	int status = -1;
	size_t i, j;

	for (i = 0; i < WORDS; i++) {
		size_t len = i % WORD_MAX;

		for (j = 0; j < len; j++)
			words[i][j] = pick(&state);
		words[i][len] = '\0';
		argv[i + 2] = words[i];
		rfa_buf_add(&want, words[i], len + 1);
	}
	assert_int_equal(rfa_quote_argv(&script, argv), 0);
	for (i = 0; shell[i]; i++)
		command[i] = shell[i];
	command[i] = "-c";
	command[i + 1] = rfa_buf_str(&script);
	assert_int_equal(rfa_transport_local(&t, "here", &err), 0);
	assert_int_equal(rfa_transport_run(t, &cmd, &out, NULL, &status, &err), 0);
	if (status || out.len != want.len || memcmp(out.data, want.data, want.len) != 0)
		fail_msg("%s, seed %llu: the words came back changed", shell[0],
			 (unsigned long long)seed);
	rfa_transport_free(t);
	rfa_buf_release(&script);
	rfa_buf_release(&want);
	rfa_buf_release(&out);
}

static int installed(const char *name)
{
	const char *argv[] = { "sh", "-c", "command -v \"$1\"", "sh", name, NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_command cmd = { .argv = argv };
	struct rfa_transport *t = NULL;
	struct rfa_error err;
	int status = -1;

	assert_int_equal(rfa_transport_local(&t, "here", &err), 0);
	assert_int_equal(rfa_transport_run(t, &cmd, &out, NULL, &status, &err), 0);
	rfa_transport_free(t);
	rfa_buf_release(&out);
	return status == 0;
}

static void through(const char *const shell[])
{
	uint64_t i;

	if (!installed(shell[0]))
		skip();
	for (i = 1; i <= 100; i++)
		round_trip(shell, i * 0x9e3779b97f4a7c15u);
}

static void through_sh(void **state)
{
	const char *const shell[] = { "sh", NULL };

	(void)state;
	through(shell);
}

static void through_dash(void **state)
{
	const char *const shell[] = { "dash", NULL };

	(void)state;
	through(shell);
}

static void through_busybox(void **state)
{
	const char *const shell[] = { "busybox", "sh", NULL };

	(void)state;
	through(shell);
}

static void through_bash(void **state)
{
	const char *const shell[] = { "bash", NULL };

	(void)state;
	through(shell);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_sh),
		cmocka_unit_test(through_dash),
		cmocka_unit_test(through_busybox),
		cmocka_unit_test(through_bash),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("quote", tests, NULL, NULL);
}

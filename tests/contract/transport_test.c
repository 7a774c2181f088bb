/* One contract for every transport: commands, streams, tunnels, the shell, the relay, HTTP. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/digest.h"
#include "fsm/base/quote.h"
#include "tests/harness/sshd.h"
#include "tests/harness/slow.h"
#include "tests/harness/web.h"
#include "transports/http.h"
#include "transports/transport.h"

/* More than any window and pipe holds, some times over. */
#define BULK ((size_t)(getenv("RFA_TEST_SMALL") ? 8 : 50) << 20)

struct world {
	struct rfa_transport *t;
	struct sshd sshd;
	struct web web;
	char bin[64], path[4096]; /* what busybox_setup() put in front of PATH, and PATH before */
};

#define assert_ok(call)                                                                      \
	do {                                                                                 \
		struct rfa_error *e_ = &err;                                                 \
		rfa_error_clear(e_);                                                         \
		if ((call) != 0)                                                             \
			fail_msg("%s: %s: %s [%s]", #call, rfa_code_word(e_->code), e_->msg, \
				 e_->hint);                                                  \
	} while (0)

static struct rfa_transport *transport(void **state)
{
	return ((struct world *)*state)->t;
}

/* Bytes that nobody can guess, and no text. */
static void noise(unsigned char *data, size_t len, uint64_t seed)
{
	size_t i;

	for (i = 0; i < len; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		data[i] = (unsigned char)(seed >> 24);
	}
}

static int run(struct rfa_transport *t, const char *const argv[], const void *in, size_t in_len,
	       struct rfa_buf *out, struct rfa_buf *errors)
{
	struct rfa_command cmd = {
		.argv = argv, .input = in, .input_len = in_len, .max_output = (size_t)64 << 20
	};
	struct rfa_error err;
	int status = -1;

	assert_ok(rfa_transport_run(t, &cmd, out, errors, &status, &err));
	return status;
}

/* Commands. */

static void arguments_arrive_unchanged(void **state)
{
	const char *argv[] = { "printf",
			       "%s\\0",
			       "a b",
			       "",
			       "'",
			       "\"",
			       "$HOME $(id) `id`",
			       ";",
			       "&& x",
			       "new\nline\n",
			       "*",
			       "~",
			       "\\",
			       "\\n",
			       "\xff\xfe\x80",
			       "-n",
			       "!x",
			       "#",
			       "tab\there",
			       "\x01\x7f\x1b[31m",
			       NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_buf want = RFA_BUF_INIT(4096);
	size_t i;

	for (i = 2; argv[i]; i++) {
		rfa_buf_puts(&want, argv[i]);
		rfa_buf_putc(&want, '\0');
	}
	assert_int_equal(run(transport(state), argv, NULL, 0, &out, NULL), 0);
	assert_int_equal(out.len, want.len);
	assert_memory_equal(out.data, want.data, want.len);
	rfa_buf_release(&out);
	rfa_buf_release(&want);
}

static void outputs_are_apart(void **state)
{
	const char *argv[] = { "sh", "-c", "echo out; echo err >&2; exit 7", NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_buf errors = RFA_BUF_INIT(4096);

	assert_int_equal(run(transport(state), argv, NULL, 0, &out, &errors), 7);
	assert_string_equal(rfa_buf_str(&out), "out\n");
	assert_string_equal(rfa_buf_str(&errors), "err\n");
	rfa_buf_release(&out);
	rfa_buf_release(&errors);
}

static void statuses_are_told(void **state)
{
	static const struct {
		const char *script;
		int status;
	} cases[] = {
		{ "exit 0", 0 },
		{ "exit 1", 1 },
		{ "exit 255", 255 },
		{ "kill -9 $$", 128 + 9 },
		{ "kill -15 $$", 128 + 15 },
		{ "kill -1 $$", 128 + 1 },
		{ "kill -2 $$", 128 + 2 },
	};
	const char *missing[] = { "rfa-no-such-command", NULL };
	const char *folder[] = { "/", NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_buf errors = RFA_BUF_INIT(4096);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *argv[] = { "sh", "-c", cases[i].script, NULL };

		assert_int_equal(run(transport(state), argv, NULL, 0, &out, NULL), cases[i].status);
	}
	assert_int_equal(run(transport(state), missing, NULL, 0, &out, &errors), 127);
	assert_non_null(strstr(rfa_buf_str(&errors), "rfa-no-such-command"));
	assert_int_equal(run(transport(state), folder, NULL, 0, &out, NULL), 126);
	rfa_buf_release(&out);
	rfa_buf_release(&errors);
}

static void bytes_survive_both_ways(void **state)
{
	const char *cat[] = { "cat", NULL };
	size_t bulk = BULK;
	unsigned char *data = malloc(bulk);
	struct rfa_buf out = RFA_BUF_INIT((size_t)64 << 20);
	char want[RFA_DIGEST_HEX], got[RFA_DIGEST_HEX];

	assert_non_null(data);
	noise(data, bulk, 42);
	assert_int_equal(run(transport(state), cat, data, bulk, &out, NULL), 0);
	assert_int_equal(out.len, bulk);
	rfa_digest_of(RFA_BLAKE2B, data, bulk, want);
	rfa_digest_of(RFA_BLAKE2B, out.data, out.len, got);
	assert_string_equal(want, got);
	rfa_buf_release(&out);
	free(data);
}

static void an_early_end_is_no_error(void **state)
{
	const char *argv[] = { "sh", "-c", "head -c 3; exit 4", NULL };
	size_t len = (size_t)8 << 20;
	char *data = calloc(1, len);
	struct rfa_buf out = RFA_BUF_INIT(4096);

	assert_non_null(data);
	memset(data, 'x', len);
	assert_int_equal(run(transport(state), argv, data, len, &out, NULL), 4);
	assert_string_equal(rfa_buf_str(&out), "xxx");
	rfa_buf_release(&out);
	free(data);
}

static void a_flood_of_errors_keeps_its_end(void **state)
{
	const char *argv[] = { "sh", "-c",
			       "dd if=/dev/zero bs=65536 count=64 >&2 2>/dev/null; echo last >&2",
			       NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_buf errors = RFA_BUF_INIT(1 << 20);

	assert_int_equal(run(transport(state), argv, NULL, 0, &out, &errors), 0);
	assert_int_equal(errors.len, 65536);
	assert_string_equal(errors.data + errors.len - 5, "last\n");
	rfa_buf_release(&out);
	rfa_buf_release(&errors);
}

static void too_much_output_is_refused(void **state)
{
	const char *argv[] = { "sh", "-c", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
			       NULL };
	struct rfa_command cmd = { .argv = argv, .max_output = 100000 };
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	int status = -1;

	assert_int_equal(rfa_transport_run(transport(state), &cmd, &out, NULL, &status, &err),
			 -RFA_ETOOBIG);
	rfa_buf_release(&out);
}

static void silence_is_a_stall(void **state)
{
	const char *argv[] = { "sleep", "30", NULL };
	struct rfa_command cmd = { .argv = argv, .idle_timeout_ms = 300 };
	struct rfa_clock *clock = rfa_clock_system();
	int64_t began = clock->mono_ms(clock);
	struct rfa_buf out = RFA_BUF_INIT(64);
	struct rfa_error err;
	int status = -1;

	assert_int_equal(rfa_transport_run(transport(state), &cmd, &out, NULL, &status, &err),
			 -RFA_ESTALLED);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_true(clock->mono_ms(clock) - began < slow_ms(5000));
	rfa_buf_release(&out);
}

static void a_signal_ends_the_wait(void **state)
{
	const char *argv[] = { "sleep", "30", NULL };
	struct rfa_command cmd = { .argv = argv };
	struct rfa_transport *t = transport(state);
	struct rfa_buf out = RFA_BUF_INIT(64);
	struct rfa_error err;
	int status = -1;
	const volatile int yes = 1;

	t->cancel = &yes;
	assert_int_equal(rfa_transport_run(t, &cmd, &out, NULL, &status, &err), -RFA_ECANCELLED);
	t->cancel = NULL;
	rfa_buf_release(&out);
}

#define MANY 32

static void many_at_once(void **state)
{
	struct rfa_transport *t = transport(state);
	struct rfa_stream *streams[MANY] = { NULL };
	char got[MANY][16] = { { 0 } };
	size_t len[MANY] = { 0 };
	struct rfa_error err;
	size_t ended = 0;
	size_t i;

	assert_ok(t->ops->connect(t, &err));
	for (i = 0; i < MANY; i++) {
		const char *argv[] = { "cat", NULL };
		char text[16];
		size_t put = 0;
		int done = 0;

		assert_ok(t->ops->exec(t, argv, &streams[i], &err));
		snprintf(text, sizeof(text), "number %zu", i);
		assert_ok(streams[i]->ops->write(streams[i], text, strlen(text), &put, &err));
		assert_int_equal(put, strlen(text));
		assert_ok(streams[i]->ops->finish(streams[i], &done, &err));
	}
	while (ended < MANY) {
		struct rfa_stream *waits[MANY];
		size_t n = 0;

		for (i = 0; i < MANY; i++) {
			size_t more = 0;
			int eof = 0;

			if (!streams[i])
				continue;
			assert_ok(streams[i]->ops->read(streams[i], got[i] + len[i],
							sizeof(got[i]) - len[i] - 1, &more, &eof,
							&err));
			len[i] += more;
			if (eof) {
				rfa_stream_close(streams[i]);
				streams[i] = NULL;
				ended++;
			} else if (!more) {
				waits[n++] = streams[i];
			}
		}
		if (n)
			assert_ok(rfa_stream_wait(waits, n, 1000, NULL, &err));
	}
	for (i = 0; i < MANY; i++) {
		char text[16];

		snprintf(text, sizeof(text), "number %zu", i);
		assert_string_equal(got[i], text);
	}
}

/* The shell. */

static int sh_run(struct rfa_shell *sh, const char *script, const char *in, size_t in_len,
		  struct rfa_buf *out, struct rfa_buf *errors)
{
	struct rfa_error err;
	int status = -1;

	rfa_buf_clear(out);
	if (errors)
		rfa_buf_clear(errors);
	assert_ok(rfa_shell_run(sh, script, in, in_len, 0, out, errors, &status, &err));
	return status;
}

static void shell_frames(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT((size_t)16 << 20);
	struct rfa_buf errors = RFA_BUF_INIT((size_t)1 << 20);
	size_t big = (size_t)5 << 20;
	unsigned char *data = malloc(big);
	struct rfa_shell *sh = NULL;
	struct rfa_error err;

	assert_non_null(data);
	noise(data, big, 7);
	assert_ok(rfa_shell_new(&sh, transport(state), &err));
	assert_int_equal(sh_run(sh, "echo hello; echo oops >&2; exit 3", NULL, 0, &out, &errors),
			 3);
	assert_string_equal(rfa_buf_str(&out), "hello\n");
	assert_string_equal(rfa_buf_str(&errors), "oops\n");
	/* Nothing, text without a newline, several lines, NULs. */
	assert_int_equal(sh_run(sh, "", NULL, 0, &out, &errors), 0);
	assert_int_equal(out.len + errors.len, 0);
	assert_int_equal(sh_run(sh, "printf x", NULL, 0, &out, NULL), 0);
	assert_string_equal(rfa_buf_str(&out), "x");
	assert_int_equal(
	    sh_run(sh, "for i in 1 2 3\ndo\n  printf \"$i\\0\"\ndone\n", NULL, 0, &out, NULL), 0);
	assert_int_equal(out.len, 6);
	assert_memory_equal(out.data, "1\0002\0003\0", 6);
	/* Text that looks like a frame; the frame's own names. */
	assert_int_equal(
	    sh_run(sh, "printf '\\n0123456789abcdef0123456789abcdef>0\\n'", NULL, 0, &out, NULL),
	    0);
	assert_string_equal(rfa_buf_str(&out), "\n0123456789abcdef0123456789abcdef>0\n");
	assert_int_equal(sh_run(sh, "set; set >&2", NULL, 0, &out, &errors), 0);
	/* Input: its own, nothing else, also when it is not read or not read whole. */
	assert_int_equal(sh_run(sh, "cat", NULL, 0, &out, NULL), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(sh_run(sh, "cat", (char *)data, big, &out, NULL), 0);
	assert_int_equal(out.len, big);
	assert_memory_equal(out.data, data, big);
	assert_int_equal(sh_run(sh, "head -c 5 | wc -c; exit 9", (char *)data, big, &out, NULL), 9);
	assert_int_equal(atoi(rfa_buf_str(&out)), 5);
	assert_int_equal(sh_run(sh, "exit 8", (char *)data, big, &out, NULL), 8);
	assert_int_equal(sh_run(sh, "exec <&-; exit 8", (char *)data, 65536, &out, NULL), 8);
	assert_int_equal(sh_run(sh, "cat; exit 1", "x", 1, &out, NULL), 1);
	assert_string_equal(rfa_buf_str(&out), "x");
	/* What a script does to itself does not last. */
	assert_int_equal(sh_run(sh, "cd /; v=1; set -e; trap 'echo bye' EXIT; false; echo no", NULL,
				0, &out, NULL),
			 1);
	assert_string_equal(rfa_buf_str(&out), "bye\n");
	assert_int_equal(sh_run(sh, "echo \"[$v]\"; false; echo yes", NULL, 0, &out, NULL), 0);
	assert_string_equal(rfa_buf_str(&out), "[]\nyes\n");
	assert_int_not_equal(sh_run(sh, "if then (", NULL, 0, &out, &errors), 0);
	assert_true(errors.len > 0);
	assert_int_equal(sh_run(sh, "sh -c 'kill -9 $$'", NULL, 0, &out, NULL), 137);
	assert_int_equal(sh_run(sh, "exec echo gone", NULL, 0, &out, NULL), 0);
	assert_string_equal(rfa_buf_str(&out), "gone\n");
	assert_int_equal(sh_run(sh,
				"dd if=/dev/zero bs=65536 count=40 >&2 2>/dev/null; echo end >&2",
				NULL, 0, &out, &errors),
			 0);
	assert_int_equal(errors.len, 65536);
	assert_string_equal(errors.data + errors.len - 4, "end\n");
	rfa_shell_free(sh);
	rfa_buf_release(&out);
	rfa_buf_release(&errors);
	free(data);
}

static void shell_opens_again(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(100000);
	struct rfa_shell *sh = NULL;
	struct rfa_error err;
	int status = -1;

	assert_ok(rfa_shell_new(&sh, transport(state), &err));
	assert_int_equal(sh_run(sh, "echo 1", NULL, 0, &out, NULL), 0);
	assert_int_equal(
	    rfa_shell_run(sh, "kill -9 $$; sleep 1", NULL, 0, 0, &out, NULL, &status, &err),
	    -RFA_ELOST);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_int_equal(sh_run(sh, "echo 2", NULL, 0, &out, NULL), 0);
	assert_string_equal(rfa_buf_str(&out), "2\n");
	assert_int_equal(rfa_shell_run(sh, "sleep 20", NULL, 0, 200, &out, NULL, &status, &err),
			 -RFA_ESTALLED);
	assert_int_equal(sh_run(sh, "echo 3", NULL, 0, &out, NULL), 0);
	assert_string_equal(rfa_buf_str(&out), "3\n");
	assert_int_equal(rfa_shell_run(sh, "dd if=/dev/zero bs=1000 count=200", NULL, 0, 0, &out,
				       NULL, &status, &err),
			 -RFA_ETOOBIG);
	assert_int_equal(sh_run(sh, "echo 4", NULL, 0, &out, NULL), 0);
	assert_string_equal(rfa_buf_str(&out), "4\n");
	rfa_shell_free(sh);
	rfa_buf_release(&out);
}

static void shell_takes_any_byte(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(100000);
	struct rfa_buf script = RFA_BUF_INIT(100000);
	struct rfa_shell *sh = NULL;
	struct rfa_error err;
	char all[512];
	int i;

	/* Every byte but NUL, and each after a backslash. */
	for (i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	assert_ok(rfa_shell_new(&sh, transport(state), &err));
	rfa_buf_puts(&script, "printf %s ");
	rfa_quote(&script, all);
	assert_int_equal(sh_run(sh, rfa_buf_str(&script), NULL, 0, &out, NULL), 0);
	assert_int_equal(out.len, 255);
	assert_memory_equal(out.data, all, 255);
	rfa_shell_free(sh);
	rfa_buf_release(&script);
	rfa_buf_release(&out);
}

/* The relay. */

struct seen {
	struct rfa_digest digest;
	uint64_t bytes;
};

static int see(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct seen *seen = user;

	(void)err;
	rfa_digest_update(&seen->digest, data, len);
	seen->bytes += len;
	return 0;
}

static void finish(struct rfa_stream *s)
{
	struct rfa_error err;
	int done = 0;

	while (!done) {
		assert_ok(s->ops->finish(s, &done, &err));
		if (!done)
			assert_ok(rfa_stream_wait(&s, 1, 1000, NULL, &err));
	}
}

static void slurp(struct rfa_stream *s, struct rfa_buf *out)
{
	struct rfa_error err;
	char data[4096];
	int eof = 0;

	while (!eof) {
		size_t got = 0;

		assert_ok(s->ops->read(s, data, sizeof(data), &got, &eof, &err));
		rfa_buf_add(out, data, got);
		if (!got && !eof)
			assert_ok(rfa_stream_wait(&s, 1, 1000, NULL, &err));
	}
}

static void relay_moves_all(void **state)
{
	char flood[64];
	const char *from[] = { "sh", "-c", flood, NULL };
	const char *to[] = { "sh", "-c", "b2sum -l 256 | cut -c1-64", NULL };
	struct rfa_transport *t = transport(state);
	struct seen seen = { .bytes = 0 };
	struct rfa_relay relay = { .idle_timeout_ms = slow_ms(10000),
				   .on_data = see,
				   .user = &seen };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	char hex[RFA_DIGEST_HEX];
	struct rfa_error err;
	uint64_t moved = 0;
	size_t bulk = BULK;

	snprintf(flood, sizeof(flood), "yes 0123456789 | head -c %zu", bulk);
	rfa_digest_init(&seen.digest, RFA_BLAKE2B);
	assert_ok(t->ops->connect(t, &err));
	assert_ok(t->ops->exec(t, from, &relay.source, &err));
	assert_ok(t->ops->exec(t, to, &relay.sink, &err));
	assert_ok(rfa_relay(&relay, &moved, &err));
	assert_int_equal(moved, bulk);
	assert_int_equal(seen.bytes, moved);
	finish(relay.sink);
	slurp(relay.sink, &out);
	rfa_digest_final(&seen.digest, hex);
	assert_int_equal(out.len, 65);
	assert_memory_equal(out.data, hex, 64);
	rfa_stream_close(relay.source);
	rfa_stream_close(relay.sink);
	rfa_buf_release(&out);
}

static void relay_tells_a_stall(void **state)
{
	const char *from[] = { "sh", "-c", "echo x; sleep 600", NULL };
	const char *to[] = { "cat", NULL };
	struct rfa_transport *t = transport(state);
	struct rfa_relay relay = { .idle_timeout_ms = slow_ms(1500) };
	struct rfa_error err;
	uint64_t moved = 0;

	assert_ok(t->ops->connect(t, &err));
	assert_ok(t->ops->exec(t, from, &relay.source, &err));
	assert_ok(t->ops->exec(t, to, &relay.sink, &err));
	assert_int_equal(rfa_relay(&relay, &moved, &err), -RFA_ESTALLED);
	assert_int_equal(moved, 2);
	rfa_stream_close(relay.source);
	rfa_stream_close(relay.sink);
}

/* A sender that sends more than it announced: what is too much is never passed on. */
static void relay_stops_at_what_was_announced(void **state)
{
	static const uint64_t announced[] = { 1, 11000, 262144, 9000000 };
	const char *from[] = { "sh", "-c", "head -c 20000000 /dev/zero", NULL };
	const char *to[] = { "sh", "-c", "wc -c", NULL };
	struct rfa_transport *t = transport(state);
	size_t i;

	for (i = 0; i < sizeof(announced) / sizeof(announced[0]); i++) {
		struct rfa_relay relay = { .idle_timeout_ms = 20000, .most = announced[i] };
		struct rfa_buf out = RFA_BUF_INIT(4096);
		struct rfa_error err;
		uint64_t moved = 0;

		assert_ok(t->ops->connect(t, &err));
		assert_ok(t->ops->exec(t, from, &relay.source, &err));
		assert_ok(t->ops->exec(t, to, &relay.sink, &err));
		assert_int_equal(rfa_relay(&relay, &moved, &err), -RFA_EMISMATCH);
		assert_true(moved <= announced[i]);
		finish(relay.sink);
		slurp(relay.sink, &out);
		assert_true(strtoull(rfa_buf_str(&out), NULL, 10) <= announced[i]);
		rfa_stream_close(relay.source);
		rfa_stream_close(relay.sink);
		rfa_buf_release(&out);
	}
}

static void relay_tells_a_dead_sink(void **state)
{
	const char *from[] = { "cat", "/dev/zero", NULL };
	const char *to[] = { "sh", "-c", "head -c 100000 >/dev/null; echo full >&2; exit 28",
			     NULL };
	struct rfa_transport *t = transport(state);
	struct rfa_relay relay = { .idle_timeout_ms = slow_ms(10000) };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;
	char text[64];
	uint64_t moved = 0;
	size_t got = 0;
	int status = -1;
	int done = 0;
	int eof = 0;

	assert_ok(t->ops->connect(t, &err));
	assert_ok(t->ops->exec(t, from, &relay.source, &err));
	assert_ok(t->ops->exec(t, to, &relay.sink, &err));
	assert_int_equal(rfa_relay(&relay, &moved, &err), -RFA_EREMOTE);
	slurp(relay.sink, &out);
	while (!done) {
		assert_ok(relay.sink->ops->status(relay.sink, &done, &status, &err));
		if (!done)
			assert_ok(rfa_stream_wait(&relay.sink, 1, 1000, NULL, &err));
	}
	assert_int_equal(status, 28);
	assert_ok(relay.sink->ops->read_err(relay.sink, text, sizeof(text), &got, &eof, &err));
	assert_memory_equal(text, "full\n", 5);
	rfa_stream_close(relay.source);
	rfa_stream_close(relay.sink);
	rfa_buf_release(&out);
}

/* Tunnels. */

static void tunnel_echoes(void **state)
{
	struct rfa_transport *t = transport(state);
	size_t len = (size_t)4 << 20;
	unsigned char *data = malloc(len);
	unsigned char *back = malloc(len);
	struct rfa_stream *s = NULL;
	struct rfa_error err;
	size_t sent = 0, received = 0;

	assert_true(data && back);
	noise(data, len, 3);
	assert_ok(t->ops->connect(t, &err));
	assert_ok(t->ops->tunnel(t, "127.0.0.1", ((struct world *)*state)->web.port, &s, &err));
	while (received < len) {
		size_t put = 0, got = 0;
		int eof = 0;

		if (sent < len)
			assert_ok(s->ops->write(s, data + sent, len - sent, &put, &err));
		assert_ok(s->ops->read(s, back + received, len - received, &got, &eof, &err));
		assert_false(eof);
		sent += put;
		received += got;
		if (!put && !got)
			assert_ok(rfa_stream_wait(&s, 1, 1000, NULL, &err));
	}
	assert_memory_equal(data, back, len);
	rfa_stream_close(s);
	free(data);
	free(back);
}

static void tunnel_to_nobody(void **state)
{
	struct rfa_transport *t = transport(state);
	struct rfa_stream *s = NULL;
	struct rfa_error err;

	assert_ok(t->ops->connect(t, &err));
	assert_int_equal(t->ops->tunnel(t, "127.0.0.1", web_closed_port(), &s, &err),
			 -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_null(s);
}

/* HTTP. */

static int get(void **state, const char *path, struct rfa_http_reply *reply, struct rfa_error *err)
{
	/* Long enough for a busy machine; what must time out says so in its path. */
	struct rfa_http_request request = { .timeout_ms =
						strcmp(path, "/slow") ? slow_ms(20000) : 500,
					    .max_body = 1000 };
	char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", ((struct world *)*state)->web.port,
		 path);
	request.url = url;
	request.host_header = "shop.example";
	rfa_error_clear(err);
	return rfa_http_ask(transport(state), &request, reply, err);
}

static void http_answers(void **state)
{
	struct rfa_http_reply reply;
	struct rfa_error err;

	assert_ok(get(state, "/ok", &reply, &err));
	assert_int_equal(reply.status, 200);
	assert_string_equal(rfa_buf_str(&reply.body), "hello");
	rfa_http_reply_release(&reply);
	assert_ok(get(state, "/500", &reply, &err));
	assert_int_equal(reply.status, 500);
	assert_string_equal(rfa_buf_str(&reply.body), "oops");
	rfa_http_reply_release(&reply);
	assert_ok(get(state, "/redirect", &reply, &err));
	assert_int_equal(reply.status, 302);
	rfa_http_reply_release(&reply);
	assert_ok(get(state, "/huge", &reply, &err));
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.body.len, 1000);
	rfa_http_reply_release(&reply);
}

static void http_shows_its_request(void **state)
{
	struct rfa_http_reply reply;
	struct rfa_error err;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	assert_ok(get(state, "/show", &reply, &err));
	unsetenv("http_proxy");
	assert_non_null(strstr(rfa_buf_str(&reply.body), "Host: shop.example\r\n"));
	assert_non_null(strstr(rfa_buf_str(&reply.body), "User-Agent: rfa/"));
	assert_null(strstr(rfa_buf_str(&reply.body), "Cookie"));
	rfa_http_reply_release(&reply);
}

/* Whatever goes wrong, an error has the URL that is to be shown. */
static void http_shows_what_it_is_told_to(void **state)
{
	static const char *const bad[] = { "ftp://me:top-word@127.0.0.1/", "http://top-word:x/",
					   "no-url-top-word" };
	static const char *const paths[] = { "/slow", "/empty", "/reset", "/garbage" };
	struct rfa_http_request request = { .shown = "http://shown/${X}" };
	struct rfa_http_reply reply;
	struct rfa_error err;
	char url[200];
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(url, sizeof(url), "http://me:top-word@127.0.0.1:%u%s",
			 ((struct world *)*state)->web.port, paths[i]);
		request.url = url;
		request.timeout_ms = i ? slow_ms(20000) : 500;
		assert_true(rfa_http_ask(transport(state), &request, &reply, &err) < 0);
		assert_null(strstr(err.msg, "top-word"));
		assert_non_null(strstr(err.msg, "http://shown/${X}"));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		request.url = bad[i];
		assert_int_equal(rfa_http_ask(transport(state), &request, &reply, &err),
				 -RFA_ECONFIG);
		assert_null(strstr(err.msg, "top-word"));
	}
}

static void http_fails_well(void **state)
{
	struct rfa_http_request request = { .timeout_ms = slow_ms(20000) };
	struct rfa_http_reply reply;
	struct rfa_error err;
	char url[64];

	assert_int_equal(get(state, "/slow", &reply, &err), -RFA_ESTALLED);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_int_equal(get(state, "/empty", &reply, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_int_equal(get(state, "/reset", &reply, &err), -RFA_EUNREACHABLE);
	assert_int_equal(get(state, "/garbage", &reply, &err), -RFA_EPROTOCOL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", web_closed_port());
	request.url = url;
	assert_int_equal(rfa_http_ask(transport(state), &request, &reply, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	request.url = "file:///etc/passwd";
	assert_int_equal(rfa_http_ask(transport(state), &request, &reply, &err), -RFA_ECONFIG);
	request.url = "http://";
	assert_int_equal(rfa_http_ask(transport(state), &request, &reply, &err), -RFA_ECONFIG);
	/* Not TLS at the other end. */
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", ((struct world *)*state)->web.port);
	request.url = url;
	assert_int_equal(rfa_http_ask(transport(state), &request, &reply, &err), -RFA_EPROTOCOL);
}

static int send_to(void **state, const char *path, const char *method, const char *body,
		   unsigned follow, struct rfa_http_reply *reply, struct rfa_error *err)
{
	struct rfa_http_request request = { .timeout_ms = slow_ms(20000),
					    .shown = "http://shown/",
					    .host_header = "shop.example",
					    .method = method,
					    .send = body,
					    .send_type = "application/json",
					    .follow = follow };
	char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", ((struct world *)*state)->web.port,
		 path);
	request.url = url;
	rfa_error_clear(err);
	return rfa_http_ask(transport(state), &request, reply, err);
}

static int shows(const struct rfa_http_reply *reply, const char *text)
{
	return strstr(rfa_buf_str(&reply->body), text) != NULL;
}

static void http_sends_and_takes_headers(void **state)
{
	struct rfa_http_reply reply;
	struct rfa_error err;

	assert_ok(send_to(state, "/show", NULL, "{\"a\":1}", 0, &reply, &err));
	assert_true(shows(&reply, "POST /show HTTP/1.1\r\n"));
	assert_true(shows(&reply, "Content-Type: application/json\r\n"));
	assert_true(shows(&reply, "\r\n\r\n{\"a\":1}"));
	rfa_http_reply_release(&reply);
	assert_ok(send_to(state, "/show", "PUT", "x", 0, &reply, &err));
	assert_true(shows(&reply, "PUT /show HTTP/1.1\r\n"));
	rfa_http_reply_release(&reply);
	assert_ok(send_to(state, "/typed", NULL, NULL, 0, &reply, &err));
	assert_string_equal(rfa_http_reply_header(&reply, "content-type", 0),
			    "text/javascript; charset=utf-8");
	assert_string_equal(rfa_http_reply_header(&reply, "X-Two", 0), "one");
	assert_string_equal(rfa_http_reply_header(&reply, "X-Two", 1), "two");
	assert_null(rfa_http_reply_header(&reply, "X-Two", 2));
	assert_null(rfa_http_reply_header(&reply, "one", 0));
	rfa_http_reply_release(&reply);
}

static void http_follows_redirects(void **state)
{
	static const struct {
		const char *path, *why;
	} bad[] = {
		{ "/loop", "again and again" },
		{ "/away", "to another place" },
		{ "/down", "no http or https URL" },
	};
	struct rfa_http_reply reply;
	struct rfa_error err;
	size_t i;

	assert_ok(send_to(state, "/redirect", NULL, NULL, 1, &reply, &err));
	assert_int_equal(reply.status, 200);
	assert_string_equal(rfa_buf_str(&reply.body), "hello");
	assert_null(rfa_http_reply_header(&reply, "Location", 0));
	rfa_http_reply_release(&reply);
	assert_ok(send_to(state, "/see", NULL, "body", 5, &reply, &err));
	assert_true(shows(&reply, "GET /show HTTP/1.1\r\nHost: shop.example\r\n"));
	assert_false(shows(&reply, "body"));
	rfa_http_reply_release(&reply);
	assert_ok(send_to(state, "/keep", NULL, "body", 5, &reply, &err));
	assert_true(shows(&reply, "POST /show HTTP/1.1\r\n"));
	assert_true(shows(&reply, "\r\n\r\nbody"));
	rfa_http_reply_release(&reply);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(send_to(state, bad[i].path, NULL, "body", 5, &reply, &err),
				 -RFA_EPROTOCOL);
		assert_non_null(strstr(err.msg, bad[i].why));
		assert_null(strstr(err.msg, "secret-place"));
		assert_true(rfa_http_is_service(&err));
	}
	/* Without a body it may go there; nobody listens. */
	assert_int_equal(send_to(state, "/away", NULL, NULL, 5, &reply, &err), -RFA_EUNREACHABLE);
}

static void knocks_are_heard(void **state)
{
	struct rfa_error err;

	assert_ok(
	    rfa_knock(transport(state), "127.0.0.1", ((struct world *)*state)->web.port, &err));
	assert_int_equal(rfa_knock(transport(state), "127.0.0.1", web_closed_port(), &err),
			 -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_true(rfa_http_is_service(&err));
}

/* Who takes a connection only to close it is nobody. */
static void knocks_are_not_heard(void **state)
{
	struct rfa_error err;
	struct web closes;

	web_closes(&closes);
	assert_int_equal(rfa_knock(transport(state), "127.0.0.1", closes.port, &err),
			 -RFA_EUNREACHABLE);
	assert_non_null(strstr(err.msg, "closed it at once"));
	assert_true(rfa_http_is_service(&err));
	web_stop(&closes);
}

/* Disconnecting. */

static void streams_outlive_their_connection(void **state)
{
	const char *argv[] = { "cat", NULL };
	struct rfa_transport *t = transport(state);
	struct rfa_stream *s = NULL;
	struct rfa_buf out = RFA_BUF_INIT(100);
	struct rfa_error err;
	char data[16];
	size_t n = 0;
	int flag = 0;

	assert_ok(t->ops->connect(t, &err));
	assert_ok(t->ops->exec(t, argv, &s, &err));
	t->ops->disconnect(t);
	assert_int_equal(s->ops->read(s, data, sizeof(data), &n, &flag, &err), -RFA_ELOST);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_int_equal(s->ops->write(s, "x", 1, &n, &err), -RFA_ELOST);
	assert_int_equal(s->ops->finish(s, &flag, &err), -RFA_ELOST);
	assert_int_equal(s->ops->status(s, &flag, &flag, &err), -RFA_ELOST);
	assert_ok(rfa_stream_wait(&s, 1, 10000, NULL, &err)); /* at once */
	assert_ok(t->ops->connect(t, &err));
	assert_int_equal(s->ops->read(s, data, sizeof(data), &n, &flag, &err), -RFA_ELOST);
	rfa_stream_close(s);
	assert_int_equal(run(t, argv, "again", 5, &out, NULL), 0);
	assert_string_equal(rfa_buf_str(&out), "again");
	rfa_buf_release(&out);
}

/* The worlds. */

static int local_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct rfa_error err;

	assert_non_null(w);
	assert_ok(rfa_transport_local(&w->t, "here", &err));
	web_start(&w->web);
	*state = w;
	return 0;
}

/* A decorator with an empty plan changes nothing. */
static int faulty_setup(void **state)
{
	struct rfa_error err;
	struct world *w;

	local_setup(state);
	w = *state;
	assert_ok(rfa_transport_faulty(&w->t, w->t, NULL, 0, &err));
	return 0;
}

/*
 * The shell again where sh and its tools are busybox, as on many a small host: first in PATH, from
 * the world's directory.
 */
static int busybox_setup(void **state)
{
	char text[8192];
	const char *argv[] = { "sh", "-c", text, NULL };
	struct world *w;

	local_setup(state);
	w = *state;
	snprintf(w->bin, sizeof(w->bin), "/tmp/rfa-busybox-XXXXXX");
	assert_non_null(mkdtemp(w->bin));
	snprintf(text, sizeof(text),
		 "b=$(command -v busybox) && for n in sh dd cat head wc sleep printf; "
		 "do ln -s \"$b\" %s/$n || exit 1; done",
		 w->bin);
	sshd_command(argv);
	snprintf(w->path, sizeof(w->path), "%s", getenv("PATH"));
	snprintf(text, sizeof(text), "%s:%s", w->bin, w->path);
	setenv("PATH", text, 1);
	return 0;
}

static int ssh_setup(void **state)
{
	struct rfa_ssh_options options = RFA_SSH_OPTIONS_INIT;
	struct world *w = calloc(1, sizeof(*w));
	struct rfa_error err;

	assert_non_null(w);
	web_start(&w->web);
	sshd_start(&w->sshd, NULL);
	options.destination = "there";
	options.config_file = w->sshd.config;
	assert_ok(rfa_transport_ssh(&w->t, "there", &options, &err));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	rfa_transport_free(w->t);
	if (w->sshd.pid)
		sshd_stop(&w->sshd);
	web_stop(&w->web);
	if (w->bin[0]) {
		const char *argv[] = { "rm", "-r", w->bin, NULL };

		setenv("PATH", w->path, 1);
		sshd_command(argv);
	}
	free(w);
	return 0;
}

/* An argument, "*relay*", picks tests by name. */
int main(int argc, char **argv)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(arguments_arrive_unchanged),
		cmocka_unit_test(outputs_are_apart),
		cmocka_unit_test(statuses_are_told),
		cmocka_unit_test(bytes_survive_both_ways),
		cmocka_unit_test(an_early_end_is_no_error),
		cmocka_unit_test(a_flood_of_errors_keeps_its_end),
		cmocka_unit_test(too_much_output_is_refused),
		cmocka_unit_test(silence_is_a_stall),
		cmocka_unit_test(a_signal_ends_the_wait),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(shell_frames),
		cmocka_unit_test(shell_opens_again),
		cmocka_unit_test(shell_takes_any_byte),
		cmocka_unit_test(relay_moves_all),
		cmocka_unit_test(relay_tells_a_stall),
		cmocka_unit_test(relay_stops_at_what_was_announced),
		cmocka_unit_test(relay_tells_a_dead_sink),
		cmocka_unit_test(tunnel_echoes),
		cmocka_unit_test(tunnel_to_nobody),
		cmocka_unit_test(http_answers),
		cmocka_unit_test(http_sends_and_takes_headers),
		cmocka_unit_test(http_follows_redirects),
		cmocka_unit_test(knocks_are_heard),
		cmocka_unit_test(knocks_are_not_heard),
		cmocka_unit_test(http_shows_its_request),
		cmocka_unit_test(http_shows_what_it_is_told_to),
		cmocka_unit_test(http_fails_well),
		cmocka_unit_test(streams_outlive_their_connection),
	};

	const struct CMUnitTest shell[] = {
		cmocka_unit_test(shell_frames),
		cmocka_unit_test(shell_opens_again),
		cmocka_unit_test(shell_takes_any_byte),
	};
	int failed = 0;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed += cmocka_run_group_tests_name("local", contract, local_setup, teardown);
	failed += cmocka_run_group_tests_name("faulty", contract, faulty_setup, teardown);
	if (sshd_installed("busybox"))
		failed += cmocka_run_group_tests_name("busybox", shell, busybox_setup, teardown);
	if (sshd_available())
		failed += cmocka_run_group_tests_name("ssh", contract, ssh_setup, teardown);
	return failed;
}

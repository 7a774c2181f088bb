/* A host that sends a byte now and then, never silent for the idle time, cannot hold us for ever.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transports/transport.h"

/* Every look at it takes 200 ms. */
struct ticking {
	struct rfa_clock clock;
	int64_t now;
};

static int64_t tick(struct rfa_clock *clock)
{
	return ((struct ticking *)clock)->now += 200;
}

/* Gives `step` bytes a call until `left` is used up; takes everything. */
struct source {
	struct rfa_stream base;
	size_t step, left;
};

static int give(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		struct rfa_error *err)
{
	struct source *s = (struct source *)base;
	size_t n = s->step < s->left ? s->step : s->left;

	(void)err;
	n = n < size ? n : size;
	memset(data, 'x', n);
	s->left -= n;
	*got = n;
	*eof = !n;
	return 0;
}

static int no_errors(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		     struct rfa_error *err)
{
	(void)base;
	(void)data;
	(void)size;
	(void)err;
	*got = 0;
	*eof = 1;
	return 0;
}

static int take(struct rfa_stream *base, const void *data, size_t size, size_t *put,
		struct rfa_error *err)
{
	(void)base;
	(void)data;
	(void)err;
	*put = size;
	return 0;
}

static int finish(struct rfa_stream *base, int *done, struct rfa_error *err)
{
	(void)base;
	(void)err;
	*done = 1;
	return 0;
}

static int status_of(struct rfa_stream *base, int *done, int *status, struct rfa_error *err)
{
	(void)base;
	(void)err;
	*done = 1;
	*status = 0;
	return 0;
}

static size_t no_fds(struct rfa_stream *base, struct pollfd *fds, size_t n)
{
	(void)base;
	(void)fds;
	(void)n;
	return 0;
}

static void close_nothing(struct rfa_stream *base)
{
	(void)base;
}

static const struct rfa_stream_ops ops = {
	.read = give,
	.read_err = no_errors,
	.write = take,
	.finish = finish,
	.status = status_of,
	.pollfds = no_fds,
	.close = close_nothing,
};

static int relay(size_t step, size_t total, uint64_t *moved, struct rfa_error *err)
{
	struct ticking clock = { { .mono_ms = tick }, 0 };
	struct source from = { { &ops }, step, total };
	struct source to = { { &ops }, 0, 0 };
	struct rfa_relay r = { .source = &from.base,
			       .sink = &to.base,
			       .idle_timeout_ms = 1000,
			       .clock = &clock.clock };

	return rfa_relay(&r, moved, err);
}

static void a_relay(void **state)
{
	struct rfa_error err;
	uint64_t moved = 0;

	(void)state;
	assert_int_equal(relay(1, 1000000, &moved, &err), -RFA_ESTALLED);
	assert_non_null(strstr(err.msg, "drips"));
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_in_range(moved, 10, 200);
	/* A slow one that gets on. */
	assert_int_equal(relay(2000, 1000000, &moved, &err), 0);
	assert_int_equal(moved, 1000000);
	/* Little in all is no drip. */
	assert_int_equal(relay(1, 20, &moved, &err), 0);
}

/* A command. */

struct dripping {
	struct rfa_transport base;
	struct source output;
};

static int connect_nothing(struct rfa_transport *t, struct rfa_error *err)
{
	(void)t;
	(void)err;
	return 0;
}

static int exec_drip(struct rfa_transport *t, const char *const argv[], struct rfa_stream **out,
		     struct rfa_error *err)
{
	(void)argv;
	(void)err;
	*out = &((struct dripping *)t)->output.base;
	return 0;
}

static const struct rfa_transport_ops drip_ops = { .kind = "drip",
						   .connect = connect_nothing,
						   .exec = exec_drip };

static int run(size_t step, size_t total, struct rfa_error *err)
{
	static const char *const argv[] = { "x", NULL };
	struct rfa_command cmd = { .argv = argv, .idle_timeout_ms = 1000 };
	struct ticking clock = { { .mono_ms = tick }, 0 };
	struct dripping t = { { .ops = &drip_ops, .clock = &clock.clock },
			      { { &ops }, step, total } };
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	int status = -1;
	int rc = rfa_transport_run(&t.base, &cmd, &out, NULL, &status, err);

	rfa_buf_release(&out);
	return rc;
}

static void a_command(void **state)
{
	struct rfa_error err;

	(void)state;
	assert_int_equal(run(1, 100000, &err), -RFA_ESTALLED);
	assert_non_null(strstr(err.msg, "drips"));
	assert_int_equal(run(65, 100000, &err), 0);
	assert_int_equal(run(1, 40, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relay),
		cmocka_unit_test(a_command),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}

/* What is common to all streams and transports: waiting, closing, freeing. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "transports/fdio.h"
#include "transports/transport.h"

/* Longest sleep of one wait, and of one poll: a signal that comes between test and poll is seen. */
#define WAIT_MAX_MS 1000
#define SLICE_MS 100
#define FDS_ON_STACK 64u

static int cancelled(const volatile int *cancel, struct rfa_error *err)
{
	if (!cancel || !*cancel)
		return 0;
	return rfa_fail(err, RFA_ECANCELLED, "transport", "a signal asked to stop");
}

/* Sleeps until one of the descriptors is ready or ms have passed. */
static int wait_fds(struct pollfd *fds, nfds_t n, int64_t ms, const volatile int *cancel,
		    struct rfa_error *err)
{
	for (;;) {
		int slice = (int)(cancel && ms > SLICE_MS ? SLICE_MS : ms);
		int ready = poll(fds, n, slice);
		int rc;

		if (ready < 0 && errno != EINTR && errno != EAGAIN)
			return rfa_fail_errno(err, errno, "cannot wait for input");
		rc = cancelled(cancel, err);
		if (rc)
			return rc;
		ms -= slice;
		if (ready != 0 || ms <= 0)
			return 0;
	}
}

int rfa_stream_wait(struct rfa_stream *const streams[], size_t n, int64_t timeout_ms,
		    const volatile int *cancel, struct rfa_error *err)
{
	struct pollfd few[FDS_ON_STACK];
	struct pollfd *fds = few;
	nfds_t used = 0;
	size_t i;
	int rc = cancelled(cancel, err);

	if (rc)
		return rc;
	if (n > FDS_ON_STACK / RFA_STREAM_POLLFDS) {
		fds = calloc(n, RFA_STREAM_POLLFDS * sizeof(*fds));
		if (!fds)
			return rfa_fail_nomem(err);
	}
	for (i = 0; i < n; i++) {
		size_t got = streams[i]->ops->pollfds(streams[i], fds + used, RFA_STREAM_POLLFDS);

		if (!got)
			goto done;
		used += got;
	}
	if (timeout_ms < 0)
		timeout_ms = 0;
	rc = wait_fds(fds, used, timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS, cancel, err);
done:
	if (fds != few)
		free(fds);
	return rc;
}

void rfa_pace_begin(struct rfa_pace *pace, int64_t now_ms, int64_t idle_ms, uint64_t floor)
{
	pace->window_ms = idle_ms * RFA_PACE_WINDOWS;
	pace->since = now_ms;
	pace->floor = floor;
	pace->moved = 0;
}

int rfa_pace_add(struct rfa_pace *pace, int64_t now_ms, uint64_t bytes, struct rfa_error *err)
{
	int64_t passed = now_ms - pace->since;

	pace->moved += bytes;
	if (passed < pace->window_ms)
		return 0;
	if (pace->moved < pace->floor)
		return rfa_fail(err, RFA_ESTALLED, "transport",
				"only %llu bytes moved in %lld s: the other side drips",
				(unsigned long long)pace->moved, (long long)(passed / 1000));
	pace->since = now_ms;
	pace->moved = 0;
	return 0;
}

void rfa_stream_close(struct rfa_stream *stream)
{
	if (stream)
		stream->ops->close(stream);
}

void rfa_transport_init(struct rfa_transport *t, const struct rfa_transport_ops *ops,
			const char *name)
{
	t->ops = ops;
	snprintf(t->name, sizeof(t->name), "%s", name ? name : ops->kind);
	t->clock = NULL;
	t->cancel = NULL;
}

struct rfa_clock *rfa_transport_clock(const struct rfa_transport *t)
{
	return t->clock ? t->clock : rfa_clock_system();
}

void rfa_transport_free(struct rfa_transport *t)
{
	if (t)
		t->ops->free(t);
}

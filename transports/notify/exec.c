/* A program that is told. */
#include "transports/notify/exec.h"

#include "transports/fdio.h"

enum { MOST_NAP_MS = 200 };

struct told {
	struct rfa_stream *stream;
	const struct rfa_buf *input;
	size_t sent;
	int fed, quiet, ended, status;
};

/* A program that does not read what it is told may still do what it is for. */
static int feed(struct told *t, int *moved, struct rfa_error *err)
{
	const struct rfa_stream_ops *ops = t->stream->ops;
	size_t put = 0;
	int rc = 0;

	if (t->fed)
		return 0;
	if (t->sent < t->input->len)
		rc = ops->write(t->stream, t->input->data + t->sent, t->input->len - t->sent, &put,
				err);
	t->sent += put;
	*moved |= put != 0;
	if (!rc && t->sent == t->input->len)
		rc = ops->finish(t->stream, &t->fed, err);
	if (rc != -(int)RFA_EREMOTE)
		return rc;
	rfa_error_clear(err);
	t->fed = 1;
	return 0;
}

static int step(struct told *t, int *moved, struct rfa_error *err)
{
	const struct rfa_stream_ops *ops = t->stream->ops;
	char data[4096];
	size_t got = 0;
	int rc = feed(t, moved, err);

	if (!rc && !t->quiet)
		rc = ops->read(t->stream, data, sizeof(data), &got, &t->quiet, err);
	*moved |= got != 0 || t->quiet;
	if (!rc && t->quiet)
		rc = ops->status(t->stream, &t->ended, &t->status, err);
	if (t->quiet && !t->ended)
		*moved = 0;
	return rc;
}

int rfa_notify_exec(const char *const *command, const struct rfa_buf *input,
		    struct rfa_clock *clock, int64_t timeout_ms, struct rfa_error *err)
{
	struct told t = { .input = input };
	struct rfa_transport *here = NULL;
	int64_t until = clock->mono_ms(clock) + timeout_ms;
	int rc = rfa_transport_local(&here, "operator", err);

	if (!rc)
		rc = here->ops->connect(here, err);
	if (!rc)
		rc = here->ops->exec(here, command, &t.stream, err);
	while (!rc && !t.ended) {
		int64_t left = until - clock->mono_ms(clock);
		int moved = 0;

		rc = step(&t, &moved, err);
		if (!rc && !t.ended && left <= 0) {
			rfa_local_kill(t.stream);
			rc = rfa_fail(err, RFA_ESTALLED, "notify",
				      "%.120s did not end within %lld ms", command[0],
				      (long long)timeout_ms);
		} else if (!rc && !t.ended && !moved) {
			rc = rfa_stream_wait(&t.stream, 1, left < MOST_NAP_MS ? left : MOST_NAP_MS,
					     NULL, err);
		}
	}
	if (!rc && t.status)
		rc = rfa_fail(err, RFA_EREMOTE, "notify", "%.120s ended with status %d", command[0],
			      t.status);
	rfa_stream_close(t.stream);
	rfa_transport_free(here);
	return rc;
}

/* Runs a program on this machine, within a time. */
#include "transports/fdio.h"

enum { MOST_NAP_MS = 200 };

struct told {
	struct rfa_stream *stream;
	const struct rfa_local_run *run;
	size_t sent;
	int fed, quiet, ended, status;
};

/* A program that does not read what it is told may still do what it is for. */
static int feed(struct told *t, int *moved, struct rfa_error *err)
{
	const struct rfa_stream_ops *ops = t->stream->ops;
	const char *input = t->run->input;
	size_t put = 0;
	int rc = 0;

	if (t->fed)
		return 0;
	if (t->sent < t->run->input_len)
		rc = ops->write(t->stream, input + t->sent, t->run->input_len - t->sent, &put, err);
	t->sent += put;
	*moved |= put != 0;
	if (!rc && t->sent == t->run->input_len)
		rc = ops->finish(t->stream, &t->fed, err);
	if (rc != -(int)RFA_EREMOTE)
		return rc;
	rfa_error_clear(err);
	t->fed = 1;
	return 0;
}

/* As far as there is room. */
static void keep(struct rfa_buf *said, const char *data, size_t len)
{
	size_t room = said ? said->max - said->len : 0;

	if (said)
		rfa_buf_add(said, data, len < room ? len : room);
}

static int step(struct told *t, int *moved, struct rfa_error *err)
{
	const struct rfa_stream_ops *ops = t->stream->ops;
	char data[4096];
	size_t got = 0;
	int rc = feed(t, moved, err);

	if (!rc && !t->quiet)
		rc = ops->read(t->stream, data, sizeof(data), &got, &t->quiet, err);
	keep(t->run->said, data, got);
	*moved |= got != 0 || t->quiet;
	if (!rc && t->quiet)
		rc = ops->status(t->stream, &t->ended, &t->status, err);
	if (t->quiet && !t->ended)
		*moved = 0;
	return rc;
}

/* What it has complained of comes behind what it has said. */
static int take_complaints(struct told *t, struct rfa_error *err)
{
	char data[4096];
	size_t got = 0;
	int eof = 0, rc = 0;

	do {
		rc = t->stream->ops->read_err(t->stream, data, sizeof(data), &got, &eof, err);
		keep(t->run->said, data, got);
	} while (!rc && got && !eof);
	return rc;
}

int rfa_local_run(const struct rfa_local_run *run, int *status, struct rfa_error *err)
{
	struct told t = { .run = run };
	struct rfa_transport *here = NULL;
	int64_t until = run->clock->mono_ms(run->clock) + run->timeout_ms;
	int rc = rfa_transport_local(&here, "operator", err);

	if (!rc)
		rc = here->ops->connect(here, err);
	if (!rc)
		rc = here->ops->exec(here, run->argv, &t.stream, err);
	while (!rc && !t.ended) {
		int64_t left = until - run->clock->mono_ms(run->clock);
		int moved = 0;

		rc = step(&t, &moved, err);
		if (!rc && !t.ended && left <= 0) {
			rfa_local_kill(t.stream);
			rc = rfa_fail(err, RFA_ESTALLED, "local",
				      "%.120s did not end within %lld ms", run->argv[0],
				      (long long)run->timeout_ms);
		} else if (!rc && !t.ended && !moved) {
			rc = rfa_stream_wait(&t.stream, 1, left < MOST_NAP_MS ? left : MOST_NAP_MS,
					     NULL, err);
		}
	}
	if (!rc && run->said)
		rc = take_complaints(&t, err);
	*status = t.status;
	rfa_stream_close(t.stream);
	rfa_transport_free(here);
	return rc;
}

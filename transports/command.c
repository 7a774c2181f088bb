/* Runs one command to its end: input, both outputs and status, with a limit on silence. */
#include <string.h>

#include "transports/fdio.h"

#define IDLE_MS 30000
#define MAX_OUTPUT ((size_t)16 << 20)
#define CHUNK 65536u

struct running {
	struct rfa_stream *stream;
	const struct rfa_command *cmd;
	struct rfa_buf *output;
	struct rfa_buf tail; /* of standard error */
	size_t start, limit; /* of output: where we began, how much we take */
	size_t sent;
	int input_done, output_done;
	size_t moved; /* bytes, in this turn */
};

static int feed(struct running *r, struct rfa_error *err)
{
	const struct rfa_stream_ops *ops = r->stream->ops;
	const char *data = r->cmd->input;
	size_t put = 0;
	int rc = 0;

	if (r->sent < r->cmd->input_len) {
		rc = ops->write(r->stream, data + r->sent, r->cmd->input_len - r->sent, &put, err);
		r->sent += put;
		r->moved += put;
	}
	if (!rc && r->sent == r->cmd->input_len)
		rc = ops->finish(r->stream, &r->input_done, err);
	if (rc == -(int)RFA_EREMOTE) {
		/* `head -1` reads no more than it needs; its status says whether all is well. */
		rfa_error_clear(err);
		r->input_done = 1;
		rc = 0;
	}
	return rc;
}

static int take(struct running *r, struct rfa_error *err)
{
	char data[CHUNK];
	size_t got = 0;
	int eof = 0;
	int rc = r->stream->ops->read(r->stream, data, sizeof(data), &got, &eof, err);

	if (rc)
		return rc;
	r->output_done = eof;
	if (!got)
		return 0;
	r->moved += got;
	if (r->output->len - r->start + got > r->limit) {
		rc = rfa_fail(err, RFA_ETOOBIG, "transport",
			      "a command wrote more than %zu bytes of output", r->limit);
		rfa_error_where(err, "%s", r->cmd->argv[0]);
		return rc;
	}
	rfa_buf_add(r->output, data, got);
	return rfa_buf_check(r->output, err);
}

static int take_errors(struct running *r, struct rfa_error *err)
{
	char data[4096];
	size_t got = 0;
	int eof = 0;
	int rc;

	do {
		rc = r->stream->ops->read_err(r->stream, data, sizeof(data), &got, &eof, err);
		if (rc)
			return rc;
		r->moved += got;
		if (rfa_tail_add(&r->tail, data, got))
			return rfa_buf_check(&r->tail, err);
	} while (got);
	return 0;
}

/* Moves everything until the status is known. */
static int pump(struct running *r, struct rfa_transport *t, int *status, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(t);
	int64_t idle = r->cmd->idle_timeout_ms ? r->cmd->idle_timeout_ms : IDLE_MS;
	int64_t since = clock->mono_ms(clock);
	struct rfa_pace pace;

	rfa_pace_begin(&pace, since, idle, RFA_PACE_CALL);
	for (;;) {
		int64_t left;
		int done = 0;
		int rc = 0;

		r->moved = 0;
		if (!r->input_done)
			rc = feed(r, err);
		if (!rc && !r->output_done)
			rc = take(r, err);
		if (!rc)
			rc = take_errors(r, err);
		if (!rc && r->output_done)
			rc = r->stream->ops->status(r->stream, &done, status, err);
		/* What was written to standard error just before the end. */
		if (!rc && done)
			return take_errors(r, err);
		if (rc)
			return rc;
		if (r->moved) {
			since = clock->mono_ms(clock);
			rc = rfa_pace_add(&pace, since, r->moved, err);
			if (t->cancel && *t->cancel)
				rc = rfa_fail(err, RFA_ECANCELLED, "transport",
					      "a signal asked to stop");
			if (rc)
				return rc;
			continue;
		}
		left = since + idle - clock->mono_ms(clock);
		if (left <= 0)
			return rfa_fail(err, RFA_ESTALLED, "transport",
					"%s neither read, wrote nor ended for %lld ms",
					r->cmd->argv[0], (long long)idle);
		rc = rfa_stream_wait(&r->stream, 1, left, t->cancel, err);
		if (rc)
			return rc;
	}
}

int rfa_transport_run(struct rfa_transport *t, const struct rfa_command *cmd,
		      struct rfa_buf *output, struct rfa_buf *errors, int *status,
		      struct rfa_error *err)
{
	struct running r = { .cmd = cmd, .output = output, .tail = RFA_TAIL_INIT };
	int rc = t->ops->connect(t, err);

	r.start = output->len;
	r.limit = cmd->max_output ? cmd->max_output : MAX_OUTPUT;
	if (!rc)
		rc = t->ops->exec(t, cmd->argv, &r.stream, err);
	if (rc)
		return rc;
	rc = pump(&r, t, status, err);
	if (!rc && errors && r.tail.len) {
		if (r.tail.len > RFA_TAIL_MAX)
			rfa_buf_consume(&r.tail, r.tail.len - RFA_TAIL_MAX);
		rfa_buf_add(errors, r.tail.data, r.tail.len);
		rc = rfa_buf_check(errors, err);
	}
	rfa_stream_close(r.stream);
	rfa_buf_release(&r.tail);
	if (rc)
		rfa_error_where(err, "%s", t->name);
	return rc;
}

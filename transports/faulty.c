/*
 * A transport that breaks the one inside it, by plan. Each entry is a countdown:
 *
 *     REFUSE       the n-th connect, exec or tunnel (from 0, counted together) fails with
 *                  UNREACHABLE, severity RETRY; the inner transport is not called
 *     LOSE_ANSWER  the n-th exec (from 0) runs and gets its input, but its first answer (output,
 *                  its end, or its status) is LOST, severity UNKNOWN
 *     CUT_READ     once n bytes in all were read, every stream ends with LOST
 *     CUT_WRITE    once n bytes in all were written, every stream ends with LOST
 *     STALL        once n bytes in all were read or written, streams are silent for ever
 *
 * A cut or a stall lasts until the next connect(): what is opened after it works, and that entry is
 * used up. So a plan says each fault once, and a run that resumes can be seen to get through.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "transports/fdio.h"

struct fault {
	struct rfa_fault_plan plan;
	uint64_t seen; /* calls or bytes */
	int fired;
};

/* Shared by the transport and its streams, whichever live longer. */
struct faults {
	unsigned refs;
	unsigned generation; /* of the connection: streams of an earlier one stay broken */
	int broken;          /* the connection's streams are LOST */
	int silent;          /* the connection's streams are stalled */
	struct fault *entry; /* owned */
	size_t count;
};

struct faulty_transport {
	struct rfa_transport base;
	struct rfa_transport *inner; /* owned */
	struct faults *faults;       /* a reference */
};

struct faulty_stream {
	struct rfa_stream base;
	struct rfa_stream *inner; /* owned */
	struct faults *faults;    /* a reference */
	unsigned generation;
	int mute; /* its answer is to be lost */
};

static void faults_unref(struct faults *f)
{
	if (--f->refs)
		return;
	free(f->entry);
	free(f);
}

/* Counts one call of a kind; 1 when a fault of that kind fires at it. */
static int call(struct faults *f, enum rfa_fault_kind kind)
{
	int fires = 0;
	size_t i;

	for (i = 0; i < f->count; i++) {
		struct fault *e = &f->entry[i];

		if (e->plan.kind == kind && e->seen++ == e->plan.n && !e->fired) {
			e->fired = 1;
			fires = 1;
		}
	}
	return fires;
}

/* How many of len bytes may still pass before a fault of this kind fires. */
static size_t room(const struct faults *f, enum rfa_fault_kind kind, size_t len)
{
	size_t i;

	for (i = 0; i < f->count; i++) {
		const struct fault *e = &f->entry[i];

		if (e->plan.kind == kind && !e->fired && e->plan.n - e->seen < len)
			len = (size_t)(e->plan.n - e->seen);
	}
	return len;
}

/* Counts bytes that passed; 1 when a fault of this kind is due with the next one. */
static int pass(struct faults *f, enum rfa_fault_kind kind, size_t len)
{
	int fires = 0;
	size_t i;

	for (i = 0; i < f->count; i++) {
		struct fault *e = &f->entry[i];

		if (e->plan.kind != kind || e->fired)
			continue;
		e->seen += len;
		if (e->seen >= e->plan.n) {
			e->fired = 1;
			fires = 1;
		}
	}
	return fires;
}

static int lost(struct rfa_error *err)
{
	return rfa_fail(err, RFA_ELOST, "faulty", "the connection was cut by plan");
}

/* LOST if the stream's connection was cut, or is no longer the present one. */
static int state(const struct faulty_stream *s, struct rfa_error *err)
{
	return s->faults->broken || s->generation != s->faults->generation ? lost(err) : 0;
}

/* So many bytes went through: what was planned for them happens. */
static void moved(struct faults *f, enum rfa_fault_kind cut, uint64_t bytes)
{
	if (pass(f, cut, bytes))
		f->broken = 1;
	if (pass(f, RFA_FAULT_STALL, bytes))
		f->silent = 1;
}

static int faulty_read(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		       struct rfa_error *err)
{
	struct faulty_stream *s = (struct faulty_stream *)base;
	int rc;

	*got = 0;
	*eof = 0;
	/* A fault at 0 bytes is due before the first one. */
	moved(s->faults, RFA_FAULT_CUT_READ, 0);
	rc = state(s, err);
	if (rc || s->faults->silent)
		return rc;
	size = room(s->faults, RFA_FAULT_CUT_READ, size);
	size = room(s->faults, RFA_FAULT_STALL, size);
	rc = s->inner->ops->read(s->inner, data, size, got, eof, err);
	if (!rc && s->mute && (*got || *eof)) {
		*got = 0;
		*eof = 0;
		s->faults->broken = 1;
		return lost(err);
	}
	if (!rc && *got)
		moved(s->faults, RFA_FAULT_CUT_READ, *got);
	return rc;
}

static int faulty_read_err(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
			   struct rfa_error *err)
{
	struct faulty_stream *s = (struct faulty_stream *)base;
	int rc = state(s, err);

	*got = 0;
	*eof = 0;
	if (rc || s->faults->silent || s->mute || !s->inner->ops->read_err)
		return rc;
	return s->inner->ops->read_err(s->inner, data, size, got, eof, err);
}

static int faulty_write(struct rfa_stream *base, const void *data, size_t size, size_t *put,
			struct rfa_error *err)
{
	struct faulty_stream *s = (struct faulty_stream *)base;
	int rc;

	*put = 0;
	moved(s->faults, RFA_FAULT_CUT_WRITE, 0);
	rc = state(s, err);
	if (rc || s->faults->silent)
		return rc;
	size = room(s->faults, RFA_FAULT_CUT_WRITE, size);
	size = room(s->faults, RFA_FAULT_STALL, size);
	rc = s->inner->ops->write(s->inner, data, size, put, err);
	if (*put)
		moved(s->faults, RFA_FAULT_CUT_WRITE, *put);
	return rc;
}

static int faulty_finish(struct rfa_stream *base, int *done, struct rfa_error *err)
{
	struct faulty_stream *s = (struct faulty_stream *)base;
	int rc = state(s, err);

	*done = 0;
	if (rc || s->faults->silent)
		return rc;
	return s->inner->ops->finish(s->inner, done, err);
}

static int faulty_status(struct rfa_stream *base, int *done, int *status, struct rfa_error *err)
{
	struct faulty_stream *s = (struct faulty_stream *)base;
	int rc = state(s, err);

	*done = 0;
	if (rc || s->faults->silent)
		return rc;
	return s->inner->ops->status(s->inner, done, status, err);
}

static size_t faulty_pollfds(struct rfa_stream *base, struct pollfd *fds, size_t n)
{
	struct faulty_stream *s = (struct faulty_stream *)base;
	struct rfa_error ignored;

	if (state(s, &ignored))
		return 0;
	if (!s->faults->silent)
		return s->inner->ops->pollfds(s->inner, fds, n);
	/* Silence is something that is waited for, but never comes: an entry that poll passes over.
	 */
	if (n)
		fds[0] = (struct pollfd){ .fd = -1 };
	return n ? 1 : 0;
}

static void faulty_close(struct rfa_stream *base)
{
	struct faulty_stream *s = (struct faulty_stream *)base;

	rfa_stream_close(s->inner);
	faults_unref(s->faults);
	free(s);
}

#define FAULTY_STREAM_OPS(errors)                                                            \
	{                                                                                    \
		.read = faulty_read, .read_err = (errors), .write = faulty_write,            \
		.finish = faulty_finish, .status = faulty_status, .pollfds = faulty_pollfds, \
		.close = faulty_close,                                                       \
	}

static const struct rfa_stream_ops command_ops = FAULTY_STREAM_OPS(faulty_read_err);
static const struct rfa_stream_ops tunnel_ops = FAULTY_STREAM_OPS(NULL);

/* The transport. */

static int refuse(struct faulty_transport *t, struct rfa_error *err)
{
	if (!call(t->faults, RFA_FAULT_REFUSE))
		return 0;
	rfa_fail(err, RFA_EUNREACHABLE, "faulty", "refused by plan");
	rfa_error_as(err, RFA_RETRY);
	return rfa_error_where(err, "%s", t->base.name);
}

static int faulty_connect(struct rfa_transport *base, struct rfa_error *err)
{
	struct faulty_transport *t = (struct faulty_transport *)base;
	int rc = refuse(t, err);

	if (rc)
		return rc;
	t->inner->clock = base->clock;
	t->inner->cancel = base->cancel;
	if (t->faults->broken || t->faults->silent) {
		t->inner->ops->disconnect(t->inner);
		t->faults->generation++;
		t->faults->broken = t->faults->silent = 0;
	}
	return t->inner->ops->connect(t->inner, err);
}

/* 0, or how calls fail on a connection that was cut: the host never sees them. */
static int usable(struct faulty_transport *t, struct rfa_error *err)
{
	int rc = refuse(t, err);

	if (rc || !t->faults->broken)
		return rc;
	rc = lost(err);
	rfa_error_as(err, RFA_RETRY);
	return rc;
}

static int wrap(struct faulty_transport *t, struct rfa_stream *inner, int mute,
		struct rfa_stream **out, struct rfa_error *err)
{
	struct faulty_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		rfa_stream_close(inner);
		return rfa_fail_nomem(err);
	}
	s->base.ops = inner->ops->read_err ? &command_ops : &tunnel_ops;
	s->inner = inner;
	s->faults = t->faults;
	s->faults->refs++;
	s->generation = s->faults->generation;
	s->mute = mute;
	*out = &s->base;
	return 0;
}

static int faulty_exec(struct rfa_transport *base, const char *const argv[],
		       struct rfa_stream **out, struct rfa_error *err)
{
	struct faulty_transport *t = (struct faulty_transport *)base;
	struct rfa_stream *inner = NULL;
	int mute;
	int rc = usable(t, err);

	if (rc)
		return rc;
	mute = call(t->faults, RFA_FAULT_LOSE_ANSWER);
	rc = t->inner->ops->exec(t->inner, argv, &inner, err);
	return rc ? rc : wrap(t, inner, mute, out, err);
}

static int faulty_tunnel(struct rfa_transport *base, const char *host, unsigned port,
			 struct rfa_stream **out, struct rfa_error *err)
{
	struct faulty_transport *t = (struct faulty_transport *)base;
	struct rfa_stream *inner = NULL;
	int rc = usable(t, err);

	if (!rc)
		rc = t->inner->ops->tunnel(t->inner, host, port, &inner, err);
	return rc ? rc : wrap(t, inner, 0, out, err);
}

static void faulty_disconnect(struct rfa_transport *base)
{
	struct faulty_transport *t = (struct faulty_transport *)base;

	t->inner->ops->disconnect(t->inner);
	/* Whatever the inner transport is: streams of a dropped connection are LOST. */
	t->faults->broken = 1;
}

static void faulty_free(struct rfa_transport *base)
{
	struct faulty_transport *t = (struct faulty_transport *)base;

	rfa_transport_free(t->inner);
	faults_unref(t->faults);
	free(t);
}

static const struct rfa_transport_ops faulty_ops = {
	.kind = "faulty",
	.connect = faulty_connect,
	.exec = faulty_exec,
	.tunnel = faulty_tunnel,
	.disconnect = faulty_disconnect,
	.free = faulty_free,
};

int rfa_transport_faulty(struct rfa_transport **out, struct rfa_transport *inner,
			 const struct rfa_fault_plan *plan, size_t entries, struct rfa_error *err)
{
	struct faulty_transport *t = calloc(1, sizeof(*t));
	struct faults *f = calloc(1, sizeof(*f));
	size_t i;

	if (f)
		f->entry = calloc(entries + 1, sizeof(*f->entry));
	if (!t || !f || !f->entry) {
		if (f)
			free(f->entry);
		free(f);
		free(t);
		rfa_transport_free(inner);
		return rfa_fail_nomem(err);
	}
	f->refs = 1;
	f->count = entries;
	for (i = 0; i < entries; i++)
		f->entry[i].plan = plan[i];
	rfa_transport_init(&t->base, &faulty_ops, inner->name);
	t->base.clock = inner->clock;
	t->base.cancel = inner->cancel;
	t->inner = inner;
	t->faults = f;
	*out = &t->base;
	return 0;
}

/* Moves bytes from one stream to another through a bounded ring. */
#include <stdlib.h>

#include "transports/fdio.h"

/* Enough for both sides to stay busy over a slow link, and a bound on memory for any size. */
#define RING_SIZE ((size_t)8 << 20)
#define READ_MAX ((size_t)256 << 10)
#define IDLE_MS 30000

struct ring {
	unsigned char *data;
	size_t head; /* where the next byte to send is */
	size_t used;
	uint64_t taken; /* of the source, in all */
	int eof;
};

/* What comes from elsewhere is held to what was announced before it can fill a disk. */
static int too_much(const struct rfa_relay *relay, struct rfa_error *err)
{
	return rfa_fail(err, RFA_EMISMATCH, "transport",
			"the sender announced %llu bytes and sends more",
			(unsigned long long)relay->most);
}

/* Reads into the free room behind what is there, as far as it goes in one piece. */
static int fill(struct ring *ring, const struct rfa_relay *relay, int *moved, struct rfa_error *err)
{
	size_t at = (ring->head + ring->used) % RING_SIZE;
	size_t room = RING_SIZE - ring->used;
	size_t got = 0;
	int rc;

	if (room > RING_SIZE - at)
		room = RING_SIZE - at;
	if (room > READ_MAX)
		room = READ_MAX;
	rc = relay->source->ops->read(relay->source, ring->data + at, room, &got, &ring->eof, err);
	if (rc)
		return rc;
	ring->taken += got;
	if (relay->most && ring->taken > relay->most)
		return too_much(relay, err);
	ring->used += got;
	*moved |= got || ring->eof;
	return 0;
}

static int drain(struct ring *ring, const struct rfa_relay *relay, uint64_t *count, int *moved,
		 struct rfa_error *err)
{
	size_t len = ring->used;
	size_t put = 0;
	int rc;

	if (len > RING_SIZE - ring->head)
		len = RING_SIZE - ring->head;
	rc = relay->sink->ops->write(relay->sink, ring->data + ring->head, len, &put, err);
	/* Counted on failure too: what was accepted before it may have arrived. */
	*count += put;
	if (!rc && put && relay->on_data)
		rc = relay->on_data(relay->user, ring->data + ring->head, put, err);
	ring->head = (ring->head + put) % RING_SIZE;
	ring->used -= put;
	if (!ring->used)
		ring->head = 0; /* the next read is one piece */
	if (put)
		*moved = 1;
	return rc;
}

int rfa_relay(const struct rfa_relay *relay, uint64_t *moved, struct rfa_error *err)
{
	struct rfa_clock *clock = relay->clock ? relay->clock : rfa_clock_system();
	int64_t idle = relay->idle_timeout_ms ? relay->idle_timeout_ms : IDLE_MS;
	int64_t since = clock->mono_ms(clock);
	struct ring ring = { 0 };
	struct rfa_pace pace;
	int rc = 0;

	*moved = 0;
	rfa_pace_begin(&pace, since, idle, RFA_PACE_RELAY);
	ring.data = malloc(RING_SIZE);
	if (!ring.data)
		return rfa_fail_nomem(err);
	while (!rc && !(ring.eof && !ring.used)) {
		struct rfa_stream *waits[2];
		uint64_t before = *moved;
		size_t n = 0;
		int any = 0;
		int64_t left;

		if (!ring.eof && ring.used < RING_SIZE)
			rc = fill(&ring, relay, &any, err);
		if (!rc && ring.used)
			rc = drain(&ring, relay, moved, &any, err);
		if (rc)
			break;
		if (any) {
			since = clock->mono_ms(clock);
			rc = rfa_pace_add(&pace, since, *moved - before, err);
			if (relay->cancel && *relay->cancel)
				rc = rfa_fail(err, RFA_ECANCELLED, "transport",
					      "a signal asked to stop");
			continue;
		}
		left = since + idle - clock->mono_ms(clock);
		if (left <= 0) {
			rc = rfa_fail(err, RFA_ESTALLED, "transport",
				      "no byte moved for %lld ms; the %s is silent",
				      (long long)idle, ring.used ? "receiver" : "sender");
			break;
		}
		if (!ring.eof && ring.used < RING_SIZE)
			waits[n++] = relay->source;
		if (ring.used)
			waits[n++] = relay->sink;
		rc = rfa_stream_wait(waits, n, left, relay->cancel, err);
	}
	free(ring.data);
	return rc;
}

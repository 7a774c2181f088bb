/* An archive that is put together in a host's spool, of pieces whose lengths are known before. */
#ifndef RFA_TRANSPORTS_HOST_HOST_FETCH_H
#define RFA_TRANSPORTS_HOST_HOST_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/clock.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;

/* Borrowed. */
struct rfa_host_piece {
	const void *text;   /* its bytes; NULL: it is fetched */
	const char *digest; /* of what is fetched: "sha256:…" */
	uint64_t size;
};

/* Takes bytes, in order. Its error (a negative code) ends the call that gives them. */
typedef int rfa_host_take(void *taker, const void *data, size_t len, struct rfa_error *err);

/* All borrowed. */
struct rfa_host_fetching {
	const char *run, *archive;
	const struct rfa_host_piece *pieces;
	size_t n;
	/* Gives `take` the bytes of a piece, from one on to its end. */
	int (*fetch)(void *user, size_t piece, uint64_t from, rfa_host_take *take, void *taker,
		     struct rfa_error *err);
	void *user;
	/* May be NULL. Is told the bytes that are there, and those of the whole archive. */
	void (*progress)(void *user, uint64_t done, uint64_t total);
	void *progress_user;
	int64_t idle_timeout_ms;    /* of the spool; 0: 30000 */
	const volatile int *cancel; /* NULL: none */
	struct rfa_clock *clock;    /* NULL: the system's */
};

/*
 * Writes the archive into the spool. What lies there already is read: of a piece that is there in
 * part only the rest is fetched, and a piece that is wrong is fetched again from its beginning. The
 * digest of each piece is compared at its end; what lies there in the end is compared with what was
 * written. *fetched: bytes that `fetch` gave, also on failure.
 * Errors: those of `fetch` and of the spool; MISMATCH: what was fetched has not its digest, or
 * (then UNKNOWN: the next call finds it and mends it) the host's disk does not keep what is
 * written; EXISTS: a longer archive has the name; STALLED, CANCELLED.
 */
RFA_API int rfa_host_fetch(struct rfa_host *host, const struct rfa_host_fetching *how,
			   uint64_t *fetched, struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

/* Non-blocking descriptors: what the streams of local commands and TCP connections share. */
#ifndef RFA_TRANSPORTS_FDIO_H
#define RFA_TRANSPORTS_FDIO_H

#include <stddef.h>
#include <stdint.h>

#include "transports/transport.h"

/* Standard error that nobody has read yet: its last RFA_TAIL_MAX bytes are kept at least. */
#define RFA_TAIL_MAX 65536u
#define RFA_TAIL_KEPT (RFA_TAIL_MAX + 256u) /* room for what frames it (transports/shell.c) */
#define RFA_TAIL_INIT RFA_BUF_INIT((size_t)4 * RFA_TAIL_MAX)

enum rfa_fd_kind { RFA_FD_PIPE, RFA_FD_SOCKET };

/* Makes fd non-blocking and close-on-exec. 0, or -1 with errno. */
int rfa_fd_prepare(int fd);
/* Both ends close-on-exec; the one at `ours` (0 or 1) is non-blocking. 0, or -1 with errno. */
int rfa_fd_pipe(int fds[2], int ours);
/*
 * Bytes moved (read: 0 is the end), -1 when it would block, -2 with errno for everything else.
 * Writing never raises SIGPIPE.
 */
int64_t rfa_fd_read(int fd, void *data, size_t size);
int64_t rfa_fd_write(int fd, enum rfa_fd_kind kind, const void *data, size_t size);
/* Closes *fd unless it is -1, and makes it -1. */
void rfa_fd_close(int *fd);

/* Appends to a buffer made by RFA_TAIL_INIT, forgetting its beginning when it grows too long. */
int rfa_tail_add(struct rfa_buf *tail, const void *data, size_t len);
/* Moves up to size bytes out of it. */
size_t rfa_tail_take(struct rfa_buf *tail, void *data, size_t size);

/*
 * Opens a TCP connection, trying every address of host, within timeout_ms in all. TCP_NODELAY is
 * set. Errors: UNREACHABLE, CANCELLED; severity RETRY.
 */
int rfa_tcp_connect(struct rfa_stream **out, const char *host, unsigned port, int64_t timeout_ms,
		    struct rfa_clock *clock, const volatile int *cancel,
		    struct rfa_error *err) RFA_MUST_USE;

/*
 * A floor under progress: a host that sends a byte now and then is never silent for the idle time,
 * and yet gets nowhere. Within ten idle times so many bytes have to move.
 */
#define RFA_PACE_WINDOWS 10
#define RFA_PACE_CALL 1024u   /* of a command or script, both ways */
#define RFA_PACE_RELAY 16384u /* of bytes that only have to be passed on */
struct rfa_pace {
	int64_t window_ms, since;
	uint64_t floor, moved;
};
void rfa_pace_begin(struct rfa_pace *pace, int64_t now_ms, int64_t idle_ms, uint64_t floor);
/* Bytes have moved. Errors: STALLED, when a window ends with fewer than the floor. */
int rfa_pace_add(struct rfa_pace *pace, int64_t now_ms, uint64_t bytes,
		 struct rfa_error *err) RFA_MUST_USE;

/* Ends a command of the local transport at once, and reaps it. The stream stays to be closed. */
void rfa_local_kill(struct rfa_stream *stream);

/* The clock of a transport, never NULL. */
struct rfa_clock *rfa_transport_clock(const struct rfa_transport *t);
/* Fills in what every transport begins with. */
void rfa_transport_init(struct rfa_transport *t, const struct rfa_transport_ops *ops,
			const char *name);

#endif

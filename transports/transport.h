/*
 * A transport runs commands on one machine and opens connections from there. Implementations:
 * `local` (fork and exec), `ssh` (libssh2), and `faulty` (a decorator that breaks another one).
 *
 * One thread, one loop: streams never block. A caller that must wait hands its streams to
 * rfa_stream_wait(). Nothing here repeats a command; that is the driver's decision.
 */
#ifndef RFA_TRANSPORTS_TRANSPORT_H
#define RFA_TRANSPORTS_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/buf.h"
#include "fsm/base/clock.h"
#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_stream;
struct rfa_transport;

/* Streams: a running command, or a connection. */

struct pollfd;

struct rfa_stream_ops {
	/*
	 * Reads what is there, up to size bytes. 0 and *got > 0: data; 0, *got == 0 and *eof: the
	 * other side closed; 0, *got == 0 and not *eof: nothing yet. Errors: LOST.
	 */
	int (*read)(struct rfa_stream *, void *data, size_t size, size_t *got, int *eof,
		    struct rfa_error *);
	/* The same for standard error of a command (its last 64 KiB are kept for you); NULL: has
	 * none. */
	int (*read_err)(struct rfa_stream *, void *data, size_t size, size_t *got, int *eof,
			struct rfa_error *);
	/*
	 * Writes what fits now; *put may be 0. Errors: LOST; REMOTE when the command no longer
	 * reads (it closed its input or ended): its status and errors can still be had.
	 */
	int (*write)(struct rfa_stream *, const void *data, size_t size, size_t *put,
		     struct rfa_error *);
	/* Ends standard input (or half-closes). May have to be repeated: 0 with *done == 0. */
	int (*finish)(struct rfa_stream *, int *done, struct rfa_error *);
	/* After eof on read: *done = 1 and the exit status (128 + n for signal n) once known. */
	int (*status)(struct rfa_stream *, int *done, int *status, struct rfa_error *);
	/*
	 * What to poll for: fills at most n entries (RFA_STREAM_POLLFDS are always enough) and
	 * returns how many. It is what the calls wait for that answered "nothing yet" or took less
	 * than they were given. 0: something is ready without polling (memory streams, data already
	 * buffered, or no call has been refused since the last success).
	 */
	size_t (*pollfds)(struct rfa_stream *, struct pollfd *fds, size_t n);
	/*
	 * Ends it (a command that still runs is left to its fate: its input closes) and frees it.
	 * Never waits. May be called after the transport was freed.
	 */
	void (*close)(struct rfa_stream *);
};

/* Embedded as the first member of every implementation. */
struct rfa_stream {
	const struct rfa_stream_ops *ops;
};

#define RFA_STREAM_POLLFDS 8u

/*
 * Waits until one of the streams may be ready, or timeout_ms passed (then 0 too: try and see).
 * Hand in only streams whose last call was refused, else it returns at once. It returns after a
 * second at the latest, so that streams that have something to look after (keep-alive) are called:
 * a caller measures time by its clock, not by this call.
 * Errors: CANCELLED when a signal handler set *cancel (cancel may be NULL).
 */
RFA_API int rfa_stream_wait(struct rfa_stream *const streams[], size_t n, int64_t timeout_ms,
			    const volatile int *cancel, struct rfa_error *err);
RFA_API void rfa_stream_close(struct rfa_stream *stream); /* NULL-safe */

/* Transports. */

struct rfa_transport_ops {
	const char *kind; /* "local", "ssh", ... */
	/*
	 * Makes sure that there is a living connection (also after an error that ended one).
	 * Errors: UNREACHABLE, AUTH, SECONDFACTOR, CERTIFICATE, MANYKEYS, HOSTKEY, UNSUPPORTED,
	 * CONFIG; FORWARDING of a jump host. No-op when alive.
	 */
	int (*connect)(struct rfa_transport *, struct rfa_error *);
	/*
	 * Starts a command, given as argv; quoting is the transport's own business. A command that
	 * cannot be found or executed is no error: it ends with status 127 or 126 and says so on
	 * standard error. Severity of a failure is RETRY if the host never saw it. Does not connect
	 * by itself: LOST (RETRY) when there is no connection. SESSIONS: the server allows no more
	 * of them at once.
	 */
	int (*exec)(struct rfa_transport *, const char *const argv[], struct rfa_stream **out,
		    struct rfa_error *);
	/*
	 * Opens a TCP connection as seen from that machine (ssh: direct-tcpip). Errors: UNREACHABLE
	 * (RETRY) when nobody listens there, FORWARDING when the server opens no connections for
	 * us, LOST as exec.
	 */
	int (*tunnel)(struct rfa_transport *, const char *host, unsigned port,
		      struct rfa_stream **out, struct rfa_error *);
	/* Drops the connection; streams end with LOST. The transport stays usable (connect). */
	void (*disconnect)(struct rfa_transport *);
	/* NULL-safe through rfa_transport_free(). */
	void (*free)(struct rfa_transport *);
};

struct rfa_transport {
	const struct rfa_transport_ops *ops;
	char name[64]; /* as the operator calls it, for errors: "prod" */
	/* For every call that waits on this transport; its maker or owner may set them. */
	struct rfa_clock *clock;    /* borrowed; NULL: the system's */
	const volatile int *cancel; /* borrowed; NULL: none */
};

RFA_API void rfa_transport_free(struct rfa_transport *t);

/* This machine. */
RFA_API int rfa_transport_local(struct rfa_transport **out, const char *name,
				struct rfa_error *err) RFA_MUST_USE;

/*
 * SSH by libssh2: keys and agent only, never a prompt. Host, user, port, keys, jump hosts and
 * known_hosts files are what `ssh -G destination` says (so the user's ssh_config holds); the
 * options below override it. Does not connect yet.
 */
struct rfa_ssh_options {
	const char *destination;    /* "prod", "root@10.0.0.7", "ssh://root@h:2222"; copied */
	const char *config_file;    /* ssh -F; NULL: the user's own; copied */
	int64_t connect_timeout_ms; /* one attempt, per hop; default 10000 */
	int64_t idle_timeout_ms;    /* keep-alive unanswered for so long: LOST; default 15000 */
	unsigned connect_attempts;  /* with back-off; default 3 */
	struct rfa_clock *clock;    /* borrowed; NULL: the system's */
	const volatile int *cancel; /* borrowed; NULL: none */
};
#define RFA_SSH_OPTIONS_INIT                            \
	{                                               \
		NULL, NULL, 10000, 15000, 3, NULL, NULL \
	}
RFA_API int rfa_transport_ssh(struct rfa_transport **out, const char *name,
			      const struct rfa_ssh_options *options,
			      struct rfa_error *err) RFA_MUST_USE;

/*
 * A decorator that breaks the transport inside it (owned from now on). Each plan entry is a
 * countdown over the calls of its kind; see transports/faulty.c for the kinds.
 */
enum rfa_fault_kind {
	RFA_FAULT_REFUSE,      /* the n-th connect/exec/tunnel fails, RETRY: never seen */
	RFA_FAULT_LOSE_ANSWER, /* the n-th exec runs, its answer is lost: UNKNOWN */
	RFA_FAULT_CUT_READ,    /* every stream ends with LOST after n bytes read in all */
	RFA_FAULT_CUT_WRITE,   /* the same for bytes written */
	RFA_FAULT_STALL,       /* after n bytes in all, streams are silent for ever */
};
struct rfa_fault_plan {
	enum rfa_fault_kind kind;
	uint64_t n; /* the n-th call (from 0), or the number of bytes */
};
RFA_API int rfa_transport_faulty(struct rfa_transport **out, struct rfa_transport *inner,
				 const struct rfa_fault_plan *plan, size_t entries,
				 struct rfa_error *err) RFA_MUST_USE;

/* What is built on the above (transports/command.c). */

struct rfa_command {
	const char *const *argv;
	const void *input; /* borrowed; NULL: none */
	size_t input_len;
	size_t max_output; /* standard output beyond it: TOOBIG; 0: 16 MiB */
	/* Nothing moved for so long, or less than 1 KiB in ten times as long: STALLED; 0: 30000. */
	int64_t idle_timeout_ms;
};

/*
 * Connects if needed, and runs a command to its end in a bounded time of silence. On 0, *status is
 * its exit status, and what it wrote was appended to `output` (required) and `errors` (may be NULL;
 * only the last 64 KiB). A command that ends without reading all of its input is no error.
 * Errors: those of connect and exec; LOST, STALLED, CANCELLED; TOOBIG when the output does not fit
 * (the command may still run then).
 */
RFA_API int rfa_transport_run(struct rfa_transport *t, const struct rfa_command *cmd,
			      struct rfa_buf *output, struct rfa_buf *errors, int *status,
			      struct rfa_error *err) RFA_MUST_USE;

/*
 * One persistent `sh` on the machine, which takes framed scripts on its standard input: a command
 * costs one round trip instead of one exec. Opened on first use, opened again after LOST.
 */
struct rfa_shell;
RFA_API int rfa_shell_new(struct rfa_shell **out, struct rfa_transport *t /* borrowed */,
			  struct rfa_error *err) RFA_MUST_USE;
/*
 * Runs a script (POSIX sh text, made with rfa_quote) in a subshell with standard input from
 * `input`. Output, errors and status as rfa_transport_run(), connecting included; at most 16 MiB of
 * output (or what `output` can hold), which may be any bytes. A script may `exit`, `cd`, set what
 * it likes: the next one does not see it. What it leaves running in the background must have its
 * output redirected, else that text may appear in a later call's.
 * A failure before the first byte was sent is RETRY, later UNKNOWN; the shell is opened anew for
 * the next call. NOSHELL: the machine runs none for us; its own words are in the message.
 * idle_timeout_ms 0: 30000.
 */
RFA_API int rfa_shell_run(struct rfa_shell *sh, const char *script, const void *input,
			  size_t input_len, int64_t idle_timeout_ms, struct rfa_buf *output,
			  struct rfa_buf *errors, int *status, struct rfa_error *err) RFA_MUST_USE;
/* Ends it until the next call: where a server allows one session only, another may be opened. */
RFA_API void rfa_shell_rest(struct rfa_shell *sh);
RFA_API void rfa_shell_free(struct rfa_shell *sh);

/*
 * Moves everything from source to sink through a ring of at most 8 MiB; neither is closed, the
 * sink's input is not ended. `on_data` (may be NULL) sees the bytes that the sink accepted, in
 * order; its error ends the relay. *moved counts accepted bytes, also on failure.
 * Errors: those of the streams (REMOTE: the sink's command no longer reads; ask for its status);
 * STALLED after idle_timeout_ms without a byte, or ten times that with less than 16 KiB;
 * CANCELLED; MISMATCH when the source has more than `most` bytes: none beyond them reaches the
 * sink.
 */
struct rfa_relay {
	struct rfa_stream *source, *sink;
	uint64_t most;              /* what the source has announced; 0: nothing was */
	int64_t idle_timeout_ms;    /* 0: 30000 */
	const volatile int *cancel; /* borrowed; NULL: none */
	struct rfa_clock *clock;    /* borrowed; NULL: the system's */
	int (*on_data)(void *user, const void *data, size_t len, struct rfa_error *);
	void *user;
};
RFA_API int rfa_relay(const struct rfa_relay *relay, uint64_t *moved,
		      struct rfa_error *err) RFA_MUST_USE;

/* A program on this machine, with an end. All borrowed. */
struct rfa_local_run {
	const char *const *argv; /* ends with NULL; no shell reads it */
	const char *input;
	size_t input_len;
	int64_t timeout_ms;
	struct rfa_clock *clock;
	struct rfa_buf *said; /* gets what it writes, as far as it fits; NULL: nobody does */
};
/*
 * 0: it ended, and *status is how (127: there is no such program; 128 + n: signal n). Errors:
 * STALLED: it did not end in time; it and what it has started are killed then.
 */
RFA_API int rfa_local_run(const struct rfa_local_run *run, int *status,
			  struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

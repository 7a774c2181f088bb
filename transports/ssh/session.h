/* One hop of an SSH connection: a libssh2 session on a wire that is itself a stream. */
#ifndef RFA_TRANSPORTS_SSH_SESSION_H
#define RFA_TRANSPORTS_SSH_SESSION_H

#include <libssh2.h>
#include <stdint.h>

#include "transports/fdio.h"
#include "transports/ssh/config.h"

/*
 * libssh2 sends through our callback, which always takes everything (what the wire does not take
 * is kept in `out`). So no packet is ever left half-sent: one channel's unfinished packet never
 * blocks the others. EAGAIN means that input is awaited: an answer, room in a window, or the end of
 * an exchange of keys, during which libssh2 sends nothing else.
 */
struct rfa_ssh_hop {
	unsigned refs;            /* its transport, and each stream */
	LIBSSH2_SESSION *session; /* NULL once dead */
	struct rfa_stream *wire;  /* owned: TCP, a proxy command, or a channel of the hop before */
	int anchor;               /* a descriptor that stands for the wire in libssh2's eyes */
	struct rfa_buf out;       /* bytes that the wire did not take yet */
	struct rfa_error why;     /* why it is dead, once it is */
	char name[64];            /* the transport's, for errors */
	struct rfa_clock *clock;
	const volatile int *cancel;
	int64_t idle_timeout_ms;
	int64_t heard_ms; /* when the last byte came */
	int64_t asked_ms; /* when a keep-alive was sent that is not answered; 0: none */
	int64_t kept_s;  /* when the last keep-alive was sent, by the clock that libssh2 looks at */
	uint64_t serial; /* counts arrivals: a stream whose last look is older looks again */
	int is_command;  /* the wire is a ProxyCommand, which ends with us */
	int opening;     /* a failure is told, but what libssh2 holds stays until the way out */
	char farewell[160];        /* the server's last words, printable; "" if none */
	struct rfa_buf greeting;   /* what came before the handshake was through */
	int closing;               /* nothing is waited for any more */
	LIBSSH2_CHANNEL **leaving; /* channels whose end the other side has not confirmed */
	size_t leaving_count, leaving_cap;
	int64_t left_ms;   /* when the last channel was given back; 0: none was */
	unsigned sessions; /* streams of commands that are open */
	unsigned most;     /* so many were, when the server opened no more for good; 0: not known */
	/* A tunnel whose opening took too long: libssh2 can open nothing else before it ends. */
	int stale;
	char stale_host[256];
	int stale_port;
};

/* What a hop is made from; all borrowed, `wire` is owned by the call, also on failure. */
struct rfa_ssh_hop_options {
	const struct rfa_ssh_settings *settings;
	struct rfa_stream *wire;
	int is_command; /* the wire is a ProxyCommand */
	const char *name;
	struct rfa_clock *clock;
	const volatile int *cancel;
	int64_t connect_timeout_ms, idle_timeout_ms;
};

/*
 * A hop that is not opened yet (see ssh_login.h): no session, and nothing was sent. The wire is
 * its own.
 */
int rfa_ssh_hop_new(struct rfa_ssh_hop **out, const struct rfa_ssh_hop_options *options,
		    struct rfa_error *err) RFA_MUST_USE;
/* Makes its session, which sends and receives over the wire. Nothing is sent by that. */
int rfa_ssh_hop_start(struct rfa_ssh_hop *hop, struct rfa_error *err) RFA_MUST_USE;
/* Ends the session; the hop stays for those who hold a reference. NULL-safe, repeatable. */
void rfa_ssh_hop_kill(struct rfa_ssh_hop *hop, const struct rfa_error *why);
void rfa_ssh_hop_unref(struct rfa_ssh_hop *hop);

/* Sends what waits, confirms ended channels, sends keep-alive. LOST when it is or goes dead. */
int rfa_ssh_hop_tend(struct rfa_ssh_hop *hop, struct rfa_error *err) RFA_MUST_USE;
/* To be called after looking at what has come: LOST when a keep-alive stayed unanswered. */
int rfa_ssh_hop_watch(struct rfa_ssh_hop *hop, struct rfa_error *err) RFA_MUST_USE;
/* Waits for input until the moment `until`: STALLED then; CANCELLED; LOST. */
int rfa_ssh_hop_await(struct rfa_ssh_hop *hop, int64_t until, struct rfa_error *err) RFA_MUST_USE;
/* Sends what waits, as far as it goes now. */
int rfa_ssh_hop_flush(struct rfa_ssh_hop *hop, struct rfa_error *err) RFA_MUST_USE;
/* The session broke with libssh2's rc: kills the hop and answers LOST. */
int rfa_ssh_hop_broke(struct rfa_ssh_hop *hop, int rc, struct rfa_error *err);
/* Gives a channel back that nobody reads any more. */
void rfa_ssh_hop_leave(struct rfa_ssh_hop *hop, LIBSSH2_CHANNEL *channel);
/* libssh2's last words, "" if none; borrowed until its next call. */
const char *rfa_ssh_words(LIBSSH2_SESSION *session);
/* 1 if rc concerns the whole connection, not one channel or request. */
int rfa_ssh_is_fatal(int rc);

/*
 * Adds what a ProxyCommand said on its standard error: it alone knows why there is no connection.
 * One that has ended is read to the end.
 */
void rfa_ssh_proxy_words(struct rfa_ssh_hop *hop, struct rfa_error *err);

#endif

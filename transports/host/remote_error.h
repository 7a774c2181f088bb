/*
 * What a script on a host says by its exit status and its words, turned into an error. Private to
 * transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_REMOTE_ERROR_H
#define RFA_TRANSPORTS_HOST_REMOTE_ERROR_H

#include <stddef.h>

#include "fsm/base/error.h"

/*
 * Exit statuses of our scripts that have a meaning of their own. They stay clear of those of
 * docker, compose and coreutils.
 */
enum rfa_exit {
	RFA_EXIT_NOTFOUND = 44,  /* what was asked for is not there */
	RFA_EXIT_EXISTS = 45,    /* what was to be made is there */
	RFA_EXIT_HELD = 46,      /* another run's lock, or a job that runs */
	RFA_EXIT_CUT = 47,       /* the script's input did not arrive whole */
	RFA_EXIT_STATE_DIR = 48, /* the state directory cannot be made or written */
	RFA_EXIT_TOOBIG = 49,    /* more than the caller takes */
	RFA_EXIT_MISMATCH = 50,  /* what is there is not what it should be */
	RFA_EXIT_NO_TOOL = 51,   /* a tool is missing; its name is the last word on stderr */
	RFA_EXIT_DENIED = 52,    /* this user may not look */
	RFA_EXIT_UNSAFE = 53,    /* another user of the host could lead us astray there */
	RFA_EXIT_REPLY = 60,     /* the engine answered no; its HTTP reply is the output */
};

/*
 * Sets the error for a script that ended with a status that is not 0. `what` says what was tried,
 * or names the object: "container \"web\"". Looks through the words for a full disk and an engine
 * that does not answer. Returns -code.
 */
int rfa_remote_fail(int status, const char *words, size_t len, const char *what,
		    struct rfa_error *err);
/* The same for a docker command, whose words also tell NOTFOUND and EXISTS. */
int rfa_remote_docker(int status, const char *words, size_t len, const char *what,
		      struct rfa_error *err);

/*
 * The same for `docker pull` of `ref`, by the last line that it wrote: what a registry said to the
 * engine has the domain "registry" (UNREACHABLE, AUTH, HOSTKEY, RATELIMIT, NOTFOUND, MISMATCH,
 * UNSUPPORTED). Words of the image's own name do not count.
 */
int rfa_remote_pull(const char *line, size_t len, const char *ref, const char *what,
		    struct rfa_error *err);

/* 1 if `needle` (lower case) occurs in the text, in any case. */
int rfa_remote_mentions(const char *text, size_t len, const char *needle);

#endif

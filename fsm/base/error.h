/*
 * One error type for the whole library: caller-owned, fixed size, last parameter of every
 * fallible function.
 *
 * A fallible function returns 0, or the negative of an `enum rfa_code`, and then has filled in
 * the error that it was handed. An error is set once, where the trouble is seen, and may be
 * wrapped on the way up with rfa_error_where() and rfa_error_hint(), which never change the code.
 */
#ifndef RFA_FSM_BASE_ERROR_H
#define RFA_FSM_BASE_ERROR_H

#include "fsm/base/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What an error says about the world, which decides what the driver does next.
 *
 * RETRY    the host never saw the request: it is safe to send it again
 * FATAL    a definite no: the answer will not change by asking again
 * UNKNOWN  it may have happened: only a probe can tell
 * DENIED   the host does not let rfa in, or not far enough: nothing was asked, and a person has to
 *          open the way. It says nothing of what is on the host, so no run is rolled back for it.
 */
enum rfa_severity { RFA_RETRY, RFA_FATAL, RFA_UNKNOWN, RFA_DENIED };

/*
 * Every error code: its name, its word in output and ledger, its severity unless the place that
 * raises it knows better, the exit status of a command that ends with it, and what it means.
 * docs/errors.md is made from this list.
 */
#define RFA_CODES(X)                                                                              \
	X(INTERNAL, "internal", FATAL, 1, "a defect in rfa: please report it")                    \
	X(NOMEM, "out-of-memory", FATAL, 1, "memory ran out")                                     \
	X(IO, "io", FATAL, 1, "a file on this machine could not be read or written")              \
	X(USAGE, "usage", FATAL, 64, "the command line is wrong")                                 \
	X(CONFIG, "configuration", FATAL, 3, "rfa.json is wrong")                                 \
	X(REFUSED, "refused", FATAL, 4, "a gate or a check said no before anything was touched")  \
	X(ROLLED_BACK, "rolled-back", FATAL, 5, "the run failed and what it changed was undone")  \
	X(ABORTED, "aborted", FATAL, 6, "the run was ended by its operator")                      \
	X(STUCK, "stuck", FATAL, 7, "a rollback failed: a person must look")                      \
	X(LOCKED, "locked", FATAL, 8, "another run holds the host or the stack")                  \
	X(NOTFOUND, "not-found", FATAL, 9, "what was asked for does not exist")                   \
	X(EXISTS, "exists", FATAL, 1, "what was to be made exists already")                       \
	X(STALE, "stale", RETRY, 1, "somebody else wrote first; read again and try again")        \
	X(CORRUPT, "corrupt", FATAL, 10, "the ledger or a file is damaged or was altered")        \
	X(UNREACHABLE, "unreachable", RETRY, 11, "a host could not be reached")                   \
	X(AUTH, "authentication", DENIED, 12,                                                     \
	  "a host did not accept our keys, or a registry our login")                              \
	X(SECONDFACTOR, "second-factor", DENIED, 12,                                              \
	  "a host took the key and wants another proof, which rfa cannot give")                   \
	X(CERTIFICATE, "certificate", DENIED, 12,                                                 \
	  "a host did not accept the key, and libssh2 cannot show its certificate")               \
	X(MANYKEYS, "too-many-keys", DENIED, 12,                                                  \
	  "a host hung up after too many keys: the right one was not reached")                    \
	X(HOSTKEY, "host-key", DENIED, 13,                                                        \
	  "a host's key is unknown or has changed, or a registry's certificate is not trusted")   \
	X(FORWARDING, "forwarding-refused", DENIED, 14,                                           \
	  "a host's SSH server opens no connection for rfa, so no URL can be checked")            \
	X(NOSHELL, "no-shell", DENIED, 15, "a host let rfa in, but runs no shell for it")         \
	X(SESSIONS, "no-session", RETRY, 15, "a host's SSH server opens no further session")      \
	X(RATELIMIT, "rate-limit", RETRY, 1, "a registry takes no more requests for now")         \
	X(LOST, "connection-lost", UNKNOWN, 75,                                                   \
	  "the connection broke while an answer was awaited")                                     \
	X(STALLED, "stalled", UNKNOWN, 75, "nothing moved for longer than the idle time-out")     \
	X(INTERRUPTED, "interrupted", UNKNOWN, 75, "the run stopped half-way and can be resumed") \
	X(PROTOCOL, "protocol", FATAL, 1, "the other side answered what it should never answer")  \
	X(REMOTE, "remote", FATAL, 1, "a command on a host failed")                               \
	X(NOSPACE, "no-space", FATAL, 4, "a file system is full or would be")                     \
	X(TOOBIG, "too-big", FATAL, 1, "more data than the documented maximum")                   \
	X(MISMATCH, "mismatch", FATAL, 1, "what arrived is not what was sent")                    \
	X(UNHEALTHY, "unhealthy", FATAL, 1, "a health check answered wrong")                      \
	X(UNSUPPORTED, "unsupported", FATAL, 4, "this cannot be done with what is installed")     \
	X(CANCELLED, "cancelled", UNKNOWN, 75, "a signal asked rfa to stop")                      \
	X(CRASHED, "crashed", UNKNOWN, 75, "a simulated crash (tests only)")

enum rfa_code {
	RFA_OK = 0,
#define RFA_CODE_ENUM(name, word, severity, status, text) RFA_E##name,
	RFA_CODES(RFA_CODE_ENUM)
#undef RFA_CODE_ENUM
	    RFA_CODE_COUNT
};

struct rfa_error {
	enum rfa_code code;
	enum rfa_severity severity;
	int native;      /* errno, libssh2, libgit2 or HTTP status; 0: none */
	char domain[16]; /* who speaks: "ssh", "git", "docker", "config", ... */
	char where[128]; /* host, file, key: the place of the trouble */
	char msg[512];   /* one line, what happened */
	char hint[512];  /* one line, how to mend it; may be empty */
};

/* Makes `err` say "no error". */
RFA_API void rfa_error_clear(struct rfa_error *err);

/*
 * Sets code, domain and message (one line, truncated to fit, at a whole
 * character); severity is the code's own.
 * Clears where, hint and native. Returns -code, so that `return rfa_fail(...)` reads well.
 * `err` may be NULL.
 */
RFA_API int rfa_fail(struct rfa_error *err, enum rfa_code code, const char *domain, const char *fmt,
		     ...) RFA_PRINTF(4, 5);

/* Adds the place, unless one is there already (the innermost place is the best one). Returns -code.
 */
RFA_API int rfa_error_where(struct rfa_error *err, const char *fmt, ...) RFA_PRINTF(2, 3);

/* Sets how to mend it, replacing an earlier advice. Returns -code. */
RFA_API int rfa_error_hint(struct rfa_error *err, const char *fmt, ...) RFA_PRINTF(2, 3);

/* Sets the severity. Returns -code. */
RFA_API int rfa_error_as(struct rfa_error *err, enum rfa_severity severity);

/* Fills in errno's text: rfa_fail(err, RFA_EIO or RFA_ENOSPACE, "os", "<what>: <strerror>"). */
RFA_API int rfa_fail_errno(struct rfa_error *err, int errnum, const char *fmt, ...)
    RFA_PRINTF(3, 4);

/* Memory ran out. */
RFA_API int rfa_fail_nomem(struct rfa_error *err);

/* The word, meaning and exit status of a code; "unknown", "" and 1 for what is no code. */
RFA_API const char *rfa_code_word(enum rfa_code code);
RFA_API const char *rfa_code_text(enum rfa_code code);
RFA_API int rfa_code_status(enum rfa_code code);
RFA_API const char *rfa_severity_word(enum rfa_severity severity);

#ifdef __cplusplus
}
#endif
#endif

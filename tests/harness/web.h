/* A small HTTP and echo server on a free loopback port, in a process of its own. */
#ifndef RFA_TESTS_HARNESS_WEB_H
#define RFA_TESTS_HARNESS_WEB_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * GET /ok 200 "hello" · /500 · /redirect 302 to /ok · /show 200 and the request itself · /slow
 * never answers · /huge an endless body · /empty hangs up · /reset resets · /garbage no HTTP ·
 * /typed a module of JavaScript with two headers X-Two · /loop 302 to itself · /see 303 to /show ·
 * /keep 307 to /show · /away 307 to another port · /down 302 to what is no URL of HTTP. POST and
 * PUT are answered the same way. A connection that begins with anything else gets its bytes back.
 */
struct web {
	unsigned port;
	pid_t pid;
};

void web_start(struct web *w);
/*
 * The same with answers of one's own: `answer` gets a whole request, its body included, and writes
 * to fd. It runs in a process of its own for each connection. What begins as no request (TLS) is
 * answered as a web server does it: 400.
 */
void web_serve(struct web *w, void (*answer)(void *user, int fd, const char *request), void *user);
/* Takes every connection only to close it. */
void web_closes(struct web *w);
void web_stop(struct web *w);

/* A port on which nobody listens (at the moment of asking). */
unsigned web_closed_port(void);

#ifdef __cplusplus
}
#endif
#endif

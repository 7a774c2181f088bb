/* A small HTTP and echo server for tests. */
#include "web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* No connection outlives a test that was killed. */
#define LIFE_S 1200

static int say(int fd, const char *text)
{
	size_t len = strlen(text);

	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static int begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* request: method, path and all the rest. */
static void answer(int fd, const char *whole)
{
	const char *request = strchr(whole, '/');
	const struct linger hard = { 1, 0 };
	char data[8192];

	if (begins(request, "/ok ")) {
		(void)say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	} else if (begins(request, "/500 ")) {
		(void)say(fd, "HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\noops");
	} else if (begins(request, "/redirect ")) {
		(void)say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
	} else if (begins(request, "/show ")) {
		(void)say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
		(void)say(fd, whole);
	} else if (begins(request, "/typed ")) {
		(void)say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/javascript; charset=utf-8\r\n"
			      "X-Two: one\r\nx-two: two\r\nContent-Length: 2\r\n\r\n{}");
	} else if (begins(request, "/loop ")) {
		(void)say(fd, "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n");
	} else if (begins(request, "/see ")) {
		(void)say(fd, "HTTP/1.1 303 See\r\nLocation: show\r\nContent-Length: 0\r\n\r\n");
	} else if (begins(request, "/keep ")) {
		(void)say(fd, "HTTP/1.1 307 Keep\r\nLocation: /show\r\nContent-Length: 0\r\n\r\n");
	} else if (begins(request, "/away ")) {
		(void)say(fd, "HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:1/secret-place\r\n"
			      "Content-Length: 0\r\n\r\n");
	} else if (begins(request, "/down ")) {
		(void)say(fd, "HTTP/1.1 302 Down\r\nLocation: file:///etc/secret-place\r\n"
			      "Content-Length: 0\r\n\r\n");
	} else if (begins(request, "/slow ")) {
		pause();
	} else if (begins(request, "/huge ")) {
		memset(data, 'x', sizeof(data) - 1);
		data[sizeof(data) - 1] = '\0';
		if (!say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"))
			while (!say(fd, data))
				;
	} else if (begins(request, "/reset ")) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	} else if (begins(request, "/garbage ")) {
		(void)say(fd, "this is no HTTP\r\n\r\n");
	}
}

/* 1 once a request is there, and as much of its body as it says. */
static int is_whole(const char *data, size_t len)
{
	const char *end = strstr(data, "\r\n\r\n");
	const char *length = end ? strstr(data, "\r\nContent-Length:") : NULL;
	size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;

	return end && len >= (size_t)(end + 4 - data) + body;
}

static int is_request(const char *data)
{
	return begins(data, "GET /") || begins(data, "POST /") || begins(data, "PUT /");
}

static void serve(int fd, void (*own)(void *, int, const char *), void *user)
{
	char data[65536];
	size_t len = 0;
	ssize_t n;

	(void)own;
	(void)user;
	alarm(LIFE_S);
	while (len < sizeof(data) - 1 && (n = read(fd, data + len, sizeof(data) - 1 - len)) > 0) {
		len += (size_t)n;
		data[len] = '\0';
		if (!is_request(data)) {
			if (send(fd, data, len, MSG_NOSIGNAL) < 0)
				break;
			len = 0;
		} else if (is_whole(data, len)) {
			answer(fd, data);
			break;
		}
	}
	close(fd);
}

static void serve_own(int fd, void (*answer_own)(void *user, int fd, const char *request),
		      void *user)
{
	char data[65536];
	size_t len = 0;
	ssize_t n;

	alarm(LIFE_S);
	while (len < sizeof(data) - 1 && (n = read(fd, data + len, sizeof(data) - 1 - len)) > 0) {
		len += (size_t)n;
		data[len] = '\0';
		if (data[0] < 'A' || data[0] > 'Z') {
			(void)say(fd, "HTTP/1.0 400 Bad Request\r\n\r\nno HTTP\n");
			break;
		}
		if (is_whole(data, len)) {
			answer_own(user, fd, data);
			break;
		}
	}
	close(fd);
}

static int listen_somewhere(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

/* serve: what a process of its own does with each connection. */
static void begin(struct web *w,
		  void (*serve_one)(int fd, void (*own)(void *, int, const char *), void *user),
		  void (*own)(void *user, int fd, const char *request), void *user)
{
	int fd = listen_somewhere(&w->port);

	w->pid = fork();
	assert_true(w->pid >= 0);
	if (!w->pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;) {
			int c = accept(fd, NULL, NULL);

			if (c >= 0 && serve_one && fork() == 0) {
				close(fd);
				serve_one(c, own, user);
				_exit(0);
			}
			close(c);
		}
	}
	setpgid(w->pid, w->pid);
	close(fd);
}

void web_serve(struct web *w, void (*answer_own)(void *user, int fd, const char *request),
	       void *user)
{
	begin(w, answer_own ? serve_own : serve, answer_own, user);
}

void web_closes(struct web *w)
{
	begin(w, NULL, NULL, NULL);
}

void web_start(struct web *w)
{
	web_serve(w, NULL, NULL);
}

void web_stop(struct web *w)
{
	/* The server and the connections that still hang: a group of its own. */
	if (w->pid > 0) {
		kill(-w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	w->pid = 0;
}

unsigned web_closed_port(void)
{
	unsigned port;

	close(listen_somewhere(&port));
	return port;
}

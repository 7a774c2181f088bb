/*
 * A client of a service that may go down: asks http://127.0.0.1:PORT/PATH every 20 ms in the
 * network namespace that it is started in, and tells how long nobody answered.
 *
 *   prober PORT PATH SECONDS [LOG]
 *
 * Ends after SECONDS or by SIGTERM, then prints one line: "asked N good N outages N down_ms N
 * longest_ms N". An outage begins at the last good answer before a bad one and ends at the next
 * good answer, so that no outage is told shorter than it was. LOG gets a line for each change, at
 * once:
 * "<ms since 1970> up|down". One question is given up after a second. Exit status 1: nobody ever
 * answered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_MS 20
#define GIVE_UP_MS 1000

static volatile sig_atomic_t ended;

static void on_end(int sig)
{
	(void)sig;
	ended = 1;
}

static int64_t now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for the descriptor until the deadline; 0 if it came. */
static int ready(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = deadline - now_ms(CLOCK_MONOTONIC);

	return left > 0 && poll(&p, 1, (int)left) > 0 ? 0 : -1;
}

/* 1 if the service answers 200 in time. */
static int ask(int port, const char *path)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int64_t deadline = now_ms(CLOCK_MONOTONIC) + GIVE_UP_MS;
	char text[512];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), problem = 0, good = 0;
	socklen_t size = sizeof(problem);
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		goto done;
	if (ready(fd, POLLOUT, deadline) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0 || problem != 0)
		goto done;
	n = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n\r\n", path);
	if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		goto done;
	while (got < 12) {
		if (ready(fd, POLLIN, deadline) < 0)
			goto done;
		n = recv(fd, text + got, sizeof(text) - 1 - got, 0);
		if (n <= 0)
			goto done;
		got += (size_t)n;
	}
	text[got] = '\0';
	good = memcmp(text + 8, " 200", 4) == 0;
done:
	close(fd);
	return good;
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_end };
	int64_t begun = now_ms(CLOCK_MONOTONIC), next = begun, last_good = -1;
	int64_t down = 0, longest = 0, asked = 0, good = 0, outages = 0;
	FILE *log = NULL;
	int was_good = -1;

	if (argc < 4) {
		fprintf(stderr, "usage: prober PORT PATH SECONDS [LOG]\n");
		return 2;
	}
	if (argc > 4) {
		log = fopen(argv[4], "w");
		if (log == NULL) {
			perror(argv[4]);
			return 2;
		}
		setvbuf(log, NULL, _IOLBF, 0);
	}
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	while (!ended && now_ms(CLOCK_MONOTONIC) - begun < strtol(argv[3], NULL, 10) * 1000) {
		int is_good = ask((int)strtol(argv[1], NULL, 10), argv[2]);
		int64_t now = now_ms(CLOCK_MONOTONIC);

		asked++;
		good += is_good;
		if (log != NULL && is_good != was_good)
			fprintf(log, "%" PRId64 " %s\n", now_ms(CLOCK_REALTIME),
				is_good ? "up" : "down");
		if (is_good && !was_good && last_good >= 0) {
			outages++;
			down += now - last_good;
			if (now - last_good > longest)
				longest = now - last_good;
		}
		if (is_good)
			last_good = now;
		was_good = is_good;
		for (next += PERIOD_MS; next < now;)
			next += PERIOD_MS;
		poll(NULL, 0, (int)(next - now));
	}
	/* Still down: that counts too. */
	if (!was_good && last_good >= 0) {
		int64_t gone = now_ms(CLOCK_MONOTONIC) - last_good;

		outages++;
		down += gone;
		longest = gone > longest ? gone : longest;
	}
	if (log != NULL && fclose(log) != 0)
		return 2;
	printf("asked %" PRId64 " good %" PRId64 " outages %" PRId64 " down_ms %" PRId64
	       " longest_ms %" PRId64 "\n",
	       asked, good, outages, down, longest);
	return good > 0 ? 0 : 1;
}

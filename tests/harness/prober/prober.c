/*
 * A client of a service that may go down: asks http://127.0.0.1:PORT/PATH every 20 ms, in the
 * network namespace that it is started in, whatever became of the questions before, and tells how
 * long nobody answered.
 *
 *   prober PORT PATH SECONDS [LOG]
 *
 * Ends after SECONDS; or after SIGTERM as soon as 25 answers in a row were good, or half a minute
 * has passed. Then it prints one line: "asked N good N outages N down_ms N longest_ms N". An outage
 * is the time from the last good answer before a bad one to the next good answer. LOG gets a line
 * for each change, at once: "<ms since 1970> up|down". A question is given up after a second. Exit
 * status 1: nobody ever answered.
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
#define GIVE_UP_MS 500
#define GOOD_AT_END 25
#define END_MS 30000
/* More than can be open at a time. */
#define QUESTIONS (GIVE_UP_MS / PERIOD_MS + 10)

struct question {
	int sent;
	int64_t asked;
	size_t got;
	char answer[13];
};

struct prober {
	struct sockaddr_in to;
	char request[512];
	FILE *log;
	struct question questions[QUESTIONS];
	struct pollfd fds[QUESTIONS]; /* fd -1: free */
	int64_t last_good, down, longest, asked, good, outages;
	int is_down, streak;
};

static volatile sig_atomic_t told_to_end;

static void on_end(int sig)
{
	(void)sig;
	told_to_end = 1;
}

static int64_t now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct prober *p, const char *word)
{
	if (p->log != NULL)
		fprintf(p->log, "%" PRId64 " %s\n", now_ms(CLOCK_REALTIME), word);
}

static void is_good(struct prober *p, int64_t now)
{
	p->good++;
	p->streak++;
	if (p->is_down && p->last_good > 0) {
		int64_t gone = now - p->last_good;

		p->outages++;
		p->down += gone;
		p->longest = gone > p->longest ? gone : p->longest;
	}
	if (p->is_down || p->good == 1)
		tell(p, "up");
	p->is_down = 0;
	p->last_good = now;
}

/* A question that was asked before the last good answer says nothing any more. */
static void is_bad(struct prober *p, int64_t asked)
{
	if (p->last_good > 0 && asked < p->last_good)
		return;
	p->streak = 0;
	if (!p->is_down)
		tell(p, "down");
	p->is_down = 1;
}

static void end_question(struct prober *p, size_t i, int good, int64_t now)
{
	close(p->fds[i].fd);
	p->fds[i].fd = -1;
	if (good)
		is_good(p, now);
	else
		is_bad(p, p->questions[i].asked);
}

static void ask(struct prober *p, int64_t now)
{
	size_t i = 0;

	while (i < QUESTIONS && p->fds[i].fd >= 0)
		i++;
	if (i == QUESTIONS)
		return;
	p->asked++;
	p->questions[i] = (struct question){ .asked = now };
	p->fds[i] = (struct pollfd){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
				     .events = POLLOUT };
	if (p->fds[i].fd < 0)
		is_bad(p, now);
	else if (connect(p->fds[i].fd, (struct sockaddr *)&p->to, sizeof(p->to)) < 0 &&
		 errno != EINPROGRESS)
		end_question(p, i, 0, now);
}

static void go_on(struct prober *p, size_t i, int64_t now)
{
	struct question *q = &p->questions[i];
	ssize_t n;

	if (!q->sent) {
		n = send(p->fds[i].fd, p->request, strlen(p->request), MSG_NOSIGNAL);
		if (n != (ssize_t)strlen(p->request)) {
			end_question(p, i, 0, now);
			return;
		}
		q->sent = 1;
		p->fds[i].events = POLLIN;
		return;
	}
	n = recv(p->fds[i].fd, q->answer + q->got, sizeof(q->answer) - 1 - q->got, 0);
	if (n > 0)
		q->got += (size_t)n;
	if (n <= 0 || q->got == sizeof(q->answer) - 1)
		end_question(p, i, n > 0 && memcmp(q->answer + 8, " 200", 4) == 0, now);
}

/* Takes what comes until it is time for the next question. */
static void listen_until(struct prober *p, int64_t next)
{
	int64_t now = now_ms(CLOCK_MONOTONIC);

	while (now < next) {
		if (poll(p->fds, QUESTIONS, (int)(next - now)) < 0 && errno != EINTR)
			return;
		now = now_ms(CLOCK_MONOTONIC);
		for (size_t i = 0; i < QUESTIONS; i++) {
			if (p->fds[i].fd < 0)
				continue;
			if (p->fds[i].revents != 0)
				go_on(p, i, now);
			else if (now - p->questions[i].asked > GIVE_UP_MS)
				end_question(p, i, 0, now);
		}
	}
}

static void run(struct prober *p, int64_t until)
{
	int64_t next = now_ms(CLOCK_MONOTONIC);
	int ending = 0;

	while (next < until) {
		ask(p, now_ms(CLOCK_MONOTONIC));
		next += PERIOD_MS;
		listen_until(p, next);
		if (told_to_end && !ending) {
			ending = 1;
			p->streak = 0;
			until = next + END_MS;
		}
		if (ending && p->streak >= GOOD_AT_END)
			return;
	}
	/* Still down: that counts too. */
	if (p->is_down && p->last_good > 0) {
		p->good--;
		is_good(p, now_ms(CLOCK_MONOTONIC));
	}
}

int main(int argc, char **argv)
{
	static struct prober p;
	struct sigaction act = { .sa_handler = on_end };

	if (argc < 4) {
		fprintf(stderr, "usage: prober PORT PATH SECONDS [LOG]\n");
		return 2;
	}
	p.to = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)strtol(argv[1], NULL, 10)) };
	p.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(p.request, sizeof(p.request), "GET %s HTTP/1.0\r\n\r\n", argv[2]);
	for (size_t i = 0; i < QUESTIONS; i++)
		p.fds[i].fd = -1;
	if (argc > 4) {
		p.log = fopen(argv[4], "w");
		if (p.log == NULL) {
			perror(argv[4]);
			return 2;
		}
		setvbuf(p.log, NULL, _IOLBF, 0);
	}
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	run(&p, now_ms(CLOCK_MONOTONIC) + strtol(argv[3], NULL, 10) * 1000);
	if (p.log != NULL && fclose(p.log) != 0)
		return 2;
	printf("asked %" PRId64 " good %" PRId64 " outages %" PRId64 " down_ms %" PRId64
	       " longest_ms %" PRId64 "\n",
	       p.asked, p.good, p.outages, p.down, p.longest);
	return p.good > 0 ? 0 : 1;
}

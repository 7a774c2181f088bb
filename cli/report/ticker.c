/* Draws the live view once a second: a step may wait for minutes without an event. */
#include "cli/report/ticker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static void *tick(void *user)
{
	struct rfa_ticker *k = user;
	struct timespec next;

	pthread_mutex_lock(&k->reporter->mutex);
	while (!k->over) {
		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_sec++;
		if (pthread_cond_timedwait(&k->wake, &k->reporter->mutex, &next) == ETIMEDOUT &&
		    !k->over)
			rfa_reporter_tick(k->reporter, k->clock->wall_ms(k->clock));
	}
	pthread_mutex_unlock(&k->reporter->mutex);
	return NULL;
}

void rfa_ticker_start(struct rfa_ticker *k, struct rfa_reporter *reporter, struct rfa_clock *clock)
{
	sigset_t all, before;

	memset(k, 0, sizeof(*k));
	k->reporter = reporter;
	k->clock = clock;
	if (!reporter->out->live || reporter->out->quiet || reporter->out->events)
		return;
	pthread_cond_init(&k->wake, NULL);
	/* A signal is for the thread that drives the run: it shall stop waiting. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	k->runs = pthread_create(&k->thread, NULL, tick, k) == 0; /* else the view stands still */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void rfa_ticker_stop(struct rfa_ticker *k)
{
	if (!k->runs)
		return;
	pthread_mutex_lock(&k->reporter->mutex);
	k->over = 1;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->reporter->mutex);
	pthread_join(k->thread, NULL);
	pthread_cond_destroy(&k->wake);
	k->runs = 0;
}

/* Keeps the live view alive between events, from a thread that touches nothing but the reporter. */
#ifndef RFA_CLI_REPORT_TICKER_H
#define RFA_CLI_REPORT_TICKER_H

#include <pthread.h>

#include "cli/report/reporter.h"
#include "fsm/base/clock.h"

struct rfa_ticker {
	struct rfa_reporter *reporter; /* borrowed */
	struct rfa_clock *clock;       /* borrowed */
	pthread_t thread;
	pthread_cond_t wake;
	int runs, over;
};

/* Begins to draw, where there is a live view; stop it before anything else is printed. */
void rfa_ticker_start(struct rfa_ticker *k, struct rfa_reporter *reporter, struct rfa_clock *clock);
void rfa_ticker_stop(struct rfa_ticker *k);

#endif

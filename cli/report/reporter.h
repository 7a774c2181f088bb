/*
 * Tells a run as it happens: a live view on a terminal, plain lines elsewhere, or one JSON object
 * a line. Keeps for the report of a failure what has to be in it.
 */
#ifndef RFA_CLI_REPORT_REPORTER_H
#define RFA_CLI_REPORT_REPORTER_H

#include <pthread.h>

#include "cli/frame/cli.h"
#include "cli/frame/output.h"
#include "fsm/base/trace.h"

enum rfa_mark {
	RFA_MARK_AHEAD,
	RFA_MARK_NOW,
	RFA_MARK_DONE,
	RFA_MARK_SKIPPED,
	RFA_MARK_FAILED,
	RFA_MARK_BACK, /* undone */
};

/* How fast bytes move: over the last few seconds, by the times of the events. */
#define RFA_RATE_SAMPLES 16
struct rfa_rate {
	struct {
		int64_t at_ms, done;
	} samples[RFA_RATE_SAMPLES];
	size_t n;
};
/* Bytes a second; 0: not known yet. */
int64_t rfa_rate_add(struct rfa_rate *rate, int64_t at_ms, int64_t done);

struct rfa_reporter {
	struct rfa_trace trace; /* hand out &reporter.trace */
	struct rfa_out *out;
	struct rfa_run_report *report;
	enum rfa_mark marks[RFA_STATE_COUNT];
	char state[24], step[48], host[64];
	int64_t begun_ms, step_ms, drawn_ms;
	int64_t done, total, rate;
	struct rfa_rate samples;
	char wait[200];        /* what is waited for; "": nothing that is known */
	char said[400];        /* the last line that a job has written; "" */
	pthread_mutex_t mutex; /* the ticker's thread draws as well */
	size_t shown[2];       /* columns of the lines that stand on the screen */
	int drawn;             /* how many they are */
	int back;              /* on the way back */
	unsigned attempt;
};

/* Lines of the live view: the states, and the step at hand. */
enum { RFA_LIVE_LINES = 2 };

void rfa_reporter_init(struct rfa_reporter *t, struct rfa_out *out, struct rfa_run_report *report);
/* Draws the live view as it is at that time; the caller holds the mutex. */
void rfa_reporter_tick(struct rfa_reporter *t, int64_t now_ms);
/* Removes the live view; call before anything else is printed. */
void rfa_reporter_clear(struct rfa_reporter *t);

/* What every form needs: where the run stands. */
void rfa_reporter_follow(struct rfa_reporter *t, const struct rfa_event *event);

/* The line that stays for an event: "" when it is worth none. -v shows more. */
const char *rfa_report_line(const struct rfa_reporter *t, const struct rfa_event *event,
			    struct rfa_buf *into);
/* "12.4 MB of 40.0 MB (31 %), 5.2 MB/s, 6 s left". */
void rfa_report_bytes(const struct rfa_reporter *t, struct rfa_buf *into);

/* A copy of an error without secrets. */
void rfa_report_hide(struct rfa_error *into, const struct rfa_error *err,
		     const char *const *secrets);
/* An error as an object: {"code","severity","domain","where","message","hint"}; new. */
json_t *rfa_report_error(const struct rfa_error *err);

#endif

/* Time and chance are handed in, so that a test owns both. */
#ifndef RFA_FSM_BASE_CLOCK_H
#define RFA_FSM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "fsm/base/export.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_clock {
	int64_t (*wall_ms)(struct rfa_clock *);           /* since 1970-01-01 UTC */
	int64_t (*mono_ms)(struct rfa_clock *);           /* never goes back */
	void (*sleep_ms)(struct rfa_clock *, int64_t ms); /* ends early on a signal */
	uint64_t (*random)(struct rfa_clock *); /* for ids and back-off, not for secrets */
	void *data;                             /* the implementation's */
};

/* The real clock. Static storage, stateless: never freed, usable from any thread. */
RFA_API struct rfa_clock *rfa_clock_system(void);

/* A virtual clock for tests: starts at wall_ms, sleeping moves it, random is a seeded sequence. */
struct rfa_clock_virtual {
	struct rfa_clock clock; /* hand out &v.clock */
	int64_t wall, mono;
	uint64_t seed;
};
RFA_API void rfa_clock_virtual_init(struct rfa_clock_virtual *v, int64_t wall_ms, uint64_t seed);

/* What the forms below can hold; a clock that says anything else is not set. */
#define RFA_YEAR_FIRST 1970
#define RFA_TIME_LAST 253402300799999 /* the last ms of the year 9999 */
#define RFA_TIME_OK(wall_ms) ((wall_ms) >= 0 && (wall_ms) <= RFA_TIME_LAST)

/* "2026-11-22T10:30:15Z" (20 characters and a NUL) and the file-name form "20261122-103015". */
#define RFA_TIME_MAX 32
RFA_API void rfa_time_iso(int64_t wall_ms, char out[RFA_TIME_MAX]);
RFA_API void rfa_time_compact(int64_t wall_ms, char out[RFA_TIME_MAX]);
/* "20261122_113015" where the process is (TZ), and its zone, "+0100". */
RFA_API void rfa_time_local(int64_t wall_ms, char out[RFA_TIME_MAX], char zone[RFA_TIME_MAX]);
/* Either form, and what follows it is not looked at: 0 and *wall_ms, or -1 for what is no time. */
RFA_API int rfa_time_parse(const char *text, int64_t *wall_ms);

/* A run id that sorts by time: "20261122-103015-4f2a9c". */
#define RFA_RUN_ID_MAX 24
RFA_API void rfa_run_id(struct rfa_clock *clock, char out[RFA_RUN_ID_MAX]);
/* 1 if text has exactly that form. */
RFA_API int rfa_run_id_ok(const char *text);

#ifdef __cplusplus
}
#endif
#endif

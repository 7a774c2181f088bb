/* What time it is elsewhere: time zones by the system's files (RFC 8536), whatever TZ is here. */
#ifndef RFA_FSM_BASE_ZONE_H
#define RFA_FSM_BASE_ZONE_H

#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_local {
	int year, month, day; /* month: 1 is January */
	int weekday;          /* 0 is Sunday */
	int minute;           /* of the day */
	int64_t offset_s;     /* before UTC */
};

/*
 * zone: "Europe/Berlin"; "": UTC. Errors: CONFIG: there is no such zone here; CORRUPT: its file
 * cannot be understood.
 */
RFA_API int rfa_zone_at(const char *zone, int64_t wall_ms, struct rfa_local *out,
			struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

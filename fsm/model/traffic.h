/* How the traffic of a service moves while its container is replaced (docs/zero-downtime.md). */
#ifndef RFA_FSM_MODEL_TRAFFIC_H
#define RFA_FSM_MODEL_TRAFFIC_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_SWITCHED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(service, "a container, or a service of the Compose project") \
	TEXT(how, "\"replace\", \"start-first\" or \"blue-green\"") \
	INT(port, 0, "of blue-green: the port at which it listens in its container")
/* clang-format on */
RFA_RECORD(switched, RFA_SWITCHED_FIELDS);

/* clang-format off */
#define RFA_ROUTER_SPEC_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(driver, "\"haproxy\" or \"nginx\"; absent: haproxy") \
	TEXT(container, "the container in which it runs") \
	TEXT(directory, "the directory on the host that has the file with the shares") \
	TEXT(inside, "the same directory in the container; absent: /etc/rfa") \
	INT(control, 9998, "the port on the container's loopback where it takes orders")
/* clang-format on */
RFA_RECORD(router_spec, RFA_ROUTER_SPEC_FIELDS);

/* clang-format off */
#define RFA_TRAFFIC_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	NAMED(switched, services, "those that have a stand-in while they are replaced") \
	ONE(router_spec, router, "who stands in front of them") \
	JSON(shares, "per cent of the requests that go to the new version, one after the other; absent: [10, 50, 100]") \
	INT(soak_s, 60, "seconds that each share stays") \
	INT(error_limit, 1, "per cent of the new version's answers that may be errors") \
	INT(min_requests, 100, "fewer tell nothing of a share") \
	TEXT(inconclusive, "what then: \"smoke\", \"wait\" or \"back\"; absent: smoke") \
	INT(drain_s, 30, "seconds that a side has for the requests which it has begun") \
	TEXTS(shared_ok, "volumes and directories that two versions may write to at once")
/* clang-format on */
RFA_RECORD(traffic, RFA_TRAFFIC_FIELDS);

/* clang-format off */
#define RFA_COUNTED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(service, "the service") \
	TEXT(since, "since when its router counts: another text, if it was started again") \
	INT(blue_requests, 0, "requests to the old version; -1: the router does not tell") \
	INT(blue_errors, 0, "of these, answered with errors") \
	INT(green_requests, 0, "the same of the new version") \
	INT(green_errors, 0, "of these, answered with errors")
/* clang-format on */
RFA_RECORD(counted, RFA_COUNTED_FIELDS);

/* clang-format off */
#define RFA_SOAK_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	INT(share, 0, "per cent of the requests") \
	INT(begun_ms, 0, "when the soak began: milliseconds since 1970") \
	MANY(counted, counted, "what the router had counted then") \
	INT(again, 0, "how often it was prolonged") \
	BOOL(over, "it is over, and nothing was found") \
	BOOL(paused, "the run has paused behind it, as it was asked to")
/* clang-format on */
RFA_RECORD(soak, RFA_SOAK_FIELDS);

/* The n-th share; 0: there are no more. traffic may have none: then 10, 50, 100. */
int64_t rfa_traffic_share(const struct rfa_traffic *traffic, size_t n);

#endif

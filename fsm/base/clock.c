/* The real clock, the virtual one, and how times and run ids are spelled. */
#include "fsm/base/clock.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t ms_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_wall(struct rfa_clock *clock)
{
	(void)clock;
	return ms_of(CLOCK_REALTIME);
}

static int64_t system_mono(struct rfa_clock *clock)
{
	(void)clock;
	return ms_of(CLOCK_MONOTONIC);
}

static void system_sleep(struct rfa_clock *clock, int64_t ms)
{
	struct timespec ts = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	(void)clock;
	if (ms > 0)
		nanosleep(&ts, NULL); /* a signal ends it early: the caller looks at its flag */
}

static uint64_t system_random(struct rfa_clock *clock)
{
	uint64_t out;

	(void)clock;
	randombytes_buf(&out, sizeof(out));
	return out;
}

struct rfa_clock *rfa_clock_system(void)
{
	static struct rfa_clock clock = { system_wall, system_mono, system_sleep, system_random,
					  NULL };

	return &clock;
}

static int64_t virtual_wall(struct rfa_clock *clock)
{
	return ((struct rfa_clock_virtual *)clock->data)->wall;
}

static int64_t virtual_mono(struct rfa_clock *clock)
{
	return ((struct rfa_clock_virtual *)clock->data)->mono;
}

static void virtual_sleep(struct rfa_clock *clock, int64_t ms)
{
	struct rfa_clock_virtual *v = clock->data;

	if (ms > 0) {
		v->wall += ms;
		v->mono += ms;
	}
}

/* splitmix64 (Steele, Lea and Flood, 2014): small, and good enough for ids in a test. */
static uint64_t virtual_random(struct rfa_clock *clock)
{
	struct rfa_clock_virtual *v = clock->data;
	uint64_t z = (v->seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void rfa_clock_virtual_init(struct rfa_clock_virtual *v, int64_t wall_ms, uint64_t seed)
{
	v->clock =
	    (struct rfa_clock){ virtual_wall, virtual_mono, virtual_sleep, virtual_random, v };
	v->wall = wall_ms;
	v->mono = 0;
	v->seed = seed;
}

static void utc(int64_t wall_ms, struct tm *tm)
{
	time_t t = (time_t)(wall_ms / 1000);

	memset(tm, 0, sizeof(*tm));
	gmtime_r(&t, tm);
}

void rfa_time_iso(int64_t wall_ms, char out[RFA_TIME_MAX])
{
	struct tm tm;

	utc(wall_ms, &tm);
	strftime(out, RFA_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void rfa_time_compact(int64_t wall_ms, char out[RFA_TIME_MAX])
{
	struct tm tm;

	utc(wall_ms, &tm);
	strftime(out, RFA_TIME_MAX, "%Y%m%d-%H%M%S", &tm);
}

void rfa_time_local(int64_t wall_ms, char out[RFA_TIME_MAX], char zone[RFA_TIME_MAX])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };

	localtime_r(&t, &tm);
	strftime(out, RFA_TIME_MAX, "%Y%m%d_%H%M%S", &tm);
	strftime(zone, RFA_TIME_MAX, "%z", &tm);
}

void rfa_run_id(struct rfa_clock *clock, char out[RFA_RUN_ID_MAX])
{
	char when[RFA_TIME_MAX];

	rfa_time_compact(clock->wall_ms(clock), when);
	snprintf(out, RFA_RUN_ID_MAX, "%.15s-%06x", when,
		 (unsigned)(clock->random(clock) & 0xffffff));
}

int rfa_run_id_ok(const char *text)
{
	static const char form[] = "dddddddd-dddddd-xxxxxx";
	size_t i;

	for (i = 0; i < sizeof(form) - 1; i++) {
		int digit = text[i] >= '0' && text[i] <= '9';
		int letter = text[i] >= 'a' && text[i] <= 'f';

		if (form[i] == 'd' ? !digit : form[i] == 'x' ? !digit && !letter : text[i] != '-')
			return 0;
	}
	return text[i] == '\0';
}

/* Reads six numbers where the form has digits; 0, or -1 where the text has another character. */
static int read_form(const char *text, const char *form, int out[6])
{
	static const unsigned char width[6] = { 4, 2, 2, 2, 2, 2 };
	unsigned field = 0;
	unsigned digits = 0;

	memset(out, 0, 6 * sizeof(*out));
	for (; *form; form++, text++) {
		if (*form != 'd') {
			if (*text != *form)
				return -1;
			continue;
		}
		if (*text < '0' || *text > '9')
			return -1;
		out[field] = out[field] * 10 + (*text - '0');
		if (++digits == width[field]) {
			field++;
			digits = 0;
		}
	}
	return 0;
}

int rfa_time_parse(const char *text, int64_t *wall_ms)
{
	struct tm tm;
	int n[6];
	time_t t;

	if (read_form(text, "dddd-dd-ddTdd:dd:dd", n) && read_form(text, "dddddddd-dddddd", n))
		return -1;
	if (n[0] < RFA_YEAR_FIRST || n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 || n[3] > 23 ||
	    n[4] > 59 || n[5] > 60)
		return -1;
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = n[0] - 1900;
	tm.tm_mon = n[1] - 1;
	tm.tm_mday = n[2];
	tm.tm_hour = n[3];
	tm.tm_min = n[4];
	tm.tm_sec = n[5];
	t = timegm(&tm);
	*wall_ms = (int64_t)t * 1000;
	return 0;
}

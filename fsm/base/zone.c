/* What time it is elsewhere: time zones by the system's files (RFC 8536), whatever TZ is here. */
#include "fsm/base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, DAY_S = 86400 };

static const char FOLDER[] = "/usr/share/zoneinfo";

/* Days since 1970-01-01, and back (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */

static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
	int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void date_of(int64_t days, struct rfa_local *out)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, d = z - era * 146097;
	int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	int64_t in_year = d - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;

	out->day = (int)(in_year - (153 * m + 2) / 5 + 1);
	out->month = (int)(m < 10 ? m + 3 : m - 9);
	out->year = (int)(y + era * 400 + (out->month <= 2));
	out->weekday = (int)(((days + 4) % 7 + 7) % 7);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The rule for years to come: "CET-1CEST,M3.5.0,M10.5.0/3". */

struct rule {
	int month, week, day;
	int64_t second; /* of the local day */
};

struct footer {
	int64_t standard, summer; /* before UTC */
	struct rule begins, ends;
	int has_summer;
};

static int take_name(const char **at)
{
	size_t n = **at == '<' ? strcspn(*at, ">") + 1 : strcspn(*at, "+-,0123456789");

	if (n < 3)
		return -1;
	*at += n;
	return 0;
}

/* [+-]HH[:MM[:SS]] */
static int take_time(const char **at, int64_t *out)
{
	int sign = **at == '-' ? -1 : 1;
	int64_t unit = 3600, sum = 0;
	char *end;

	*at += **at == '-' || **at == '+';
	do {
		long n = strtol(*at, &end, 10);

		if (end == *at || n < 0 || n > 167)
			return -1;
		sum += n * unit;
		unit /= 60;
		*at = end + (*end == ':');
	} while (*end == ':' && unit);
	*out = sign * sum;
	return 0;
}

static int take_rule(const char **at, struct rule *out)
{
	int n = 0;

	out->second = 2 * 3600;
	if (sscanf(*at, ",M%d.%d.%d%n", &out->month, &out->week, &out->day, &n) != 3 || !n)
		return -1;
	*at += n;
	if (**at != '/')
		return 0;
	++*at;
	return take_time(at, &out->second);
}

static int parse_footer(const char *text, struct footer *out)
{
	int rc = take_name(&text);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = take_time(&text, &out->standard);
	out->standard = -out->standard; /* POSIX counts the other way */
	if (rc || !*text)
		return rc;
	out->has_summer = 1;
	out->summer = out->standard + 3600;
	rc = take_name(&text);
	if (!rc && *text != ',') {
		rc = take_time(&text, &out->summer);
		out->summer = -out->summer;
	}
	if (!rc)
		rc = take_rule(&text, &out->begins);
	if (!rc)
		rc = take_rule(&text, &out->ends);
	return rc;
}

/* The second, as if the clock showed UTC. */
static int64_t moment_of(const struct rule *rule, int year)
{
	int64_t first = days_of(year, rule->month, 1);
	int64_t next =
	    rule->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, rule->month + 1, 1);
	int64_t day =
	    first + (rule->day - ((first + 4) % 7 + 7) % 7 + 7) % 7 + 7 * (rule->week - 1);

	while (day >= next)
		day -= 7;
	return day * DAY_S + rule->second;
}

static int64_t offset_by(const struct footer *f, int64_t at)
{
	struct rfa_local local;
	int64_t begins, ends;
	int is;

	if (!f->has_summer)
		return f->standard;
	date_of(floor_div(at + f->standard, DAY_S), &local);
	begins = moment_of(&f->begins, local.year) - f->standard;
	ends = moment_of(&f->ends, local.year) - f->summer;
	is = begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
	return is ? f->summer : f->standard;
}

/* The file. */

static int64_t number(const unsigned char *at, size_t n)
{
	uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;

	while (n--)
		value = value << 8 | *at++;
	return (int64_t)value;
}

struct header {
	size_t isut, isstd, leap, times, types, chars;
};

static int read_header(const unsigned char *at, size_t left, struct header *h)
{
	if (left < 44 || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
		return -1;
	h->isut = (size_t)number(at + 20, 4);
	h->isstd = (size_t)number(at + 24, 4);
	h->leap = (size_t)number(at + 28, 4);
	h->times = (size_t)number(at + 32, 4);
	h->types = (size_t)number(at + 36, 4);
	h->chars = (size_t)number(at + 40, 4);
	return h->isut > 256 || h->isstd > 256 || h->leap > 1000 || h->times > 10000 ||
		       h->types > 256 || h->chars > 10000 || !h->types
		   ? -1
		   : 0;
}

static size_t body_of(const struct header *h, size_t width)
{
	return h->times * (width + 1) + h->types * 6 + h->chars + h->leap * (width + 4) + h->isstd +
	       h->isut;
}

static int find_offset(const unsigned char *data, size_t len, int64_t at, int64_t *out)
{
	const unsigned char *p = data, *times, *kinds, *types;
	struct header h;
	struct footer footer;
	char text[128];
	size_t i = 0, n;

	if (read_header(p, len, &h) || len < 44 + body_of(&h, 4))
		return -1;
	p += 44 + body_of(&h, 4);
	if (read_header(p, len - (size_t)(p - data), &h) ||
	    len - (size_t)(p - data) < 44 + body_of(&h, 8) + 2)
		return -1;
	times = p + 44;
	kinds = times + 8 * h.times;
	types = kinds + h.times;
	p += 44 + body_of(&h, 8) + 1;
	for (n = 0; p + n < data + len && p[n] != '\n'; n++)
		;
	snprintf(text, sizeof(text), "%.*s", (int)n, (const char *)p);
	while (i < h.times && number(times + 8 * i, 8) <= at)
		i++;
	if (i == h.times && *text)
		return parse_footer(text, &footer) ? -1 : (*out = offset_by(&footer, at), 0);
	n = i ? kinds[i - 1] : 0;
	if (n >= h.types)
		return -1;
	*out = number(types + 6 * n, 4);
	return 0;
}

static int is_name(const char *zone)
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";

	return *zone != '/' && !zone[strspn(zone, chars)] && strlen(zone) < 64;
}

static int read_zone(const char *zone, unsigned char *data, size_t *len, struct rfa_error *err)
{
	char path[128];
	FILE *f = NULL;

	snprintf(path, sizeof(path), "%s/%s", FOLDER, zone);
	if (is_name(zone))
		f = fopen(path, "re");
	*len = f ? fread(data, 1, FILE_MAX, f) : 0;
	if (f)
		fclose(f);
	if (*len)
		return 0;
	rfa_fail(err, RFA_ECONFIG, "time", "there is no time zone %.60s on this machine", zone);
	return rfa_error_hint(err, "look into %s; it comes with the package tzdata", FOLDER);
}

int rfa_zone_at(const char *zone, int64_t wall_ms, struct rfa_local *out, struct rfa_error *err)
{
	int64_t at = floor_div(wall_ms, 1000), offset = 0, local;
	unsigned char *data = malloc(FILE_MAX);
	size_t len = 0;
	int rc = data ? 0 : rfa_fail_nomem(err);

	if (!rc && *zone)
		rc = read_zone(zone, data, &len, err);
	if (!rc && *zone && find_offset(data, len, at, &offset))
		rc = rfa_fail(err, RFA_ECORRUPT, "time",
			      "the file of the time zone %.60s cannot be understood", zone);
	free(data);
	if (rc)
		return rc;
	local = at + offset;
	date_of(floor_div(local, DAY_S), out);
	out->minute = (int)((local - floor_div(local, DAY_S) * DAY_S) / 60);
	out->offset_s = offset;
	return 0;
}

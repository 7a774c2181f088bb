/* Reads a day, a time or an age. All times are UTC. */
#include "cli/frame/moment.h"

#include <string.h>

enum { DIGITS = 6, DAY_MS = 24 * 3600 * 1000 };

/* "7d": so long ago. */
static int read_age(const char *text, int64_t now, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	size_t n = strspn(text, "0123456789");
	int64_t number = 0;

	if (n == 0 || n > DIGITS || !text[n] || text[n + 1])
		return -1;
	for (size_t i = 0; i < n; i++)
		number = number * 10 + (text[i] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit == text[n]) {
			*out = now - number * units[i].seconds * 1000;
			return 0;
		}
	}
	return -1;
}

/* What is no day of the calendar does not come back as it was written. */
static int read_time(const char *text, int last, int64_t *out)
{
	static const char rest[] = "T00:00:00";
	char whole[RFA_TIME_MAX], again[RFA_TIME_MAX];
	size_t len = strlen(text);

	if (len == 20 && text[19] == 'Z')
		len--;
	if (len != 10 && len != 16 && len != 19)
		return -1;
	snprintf(whole, sizeof(whole), "%.*s%s", (int)len, text, rest + (len - 10));
	if (whole[10] == ' ')
		whole[10] = 'T';
	if (rfa_time_parse(whole, out) < 0)
		return -1;
	rfa_time_iso(*out, again);
	if (strncmp(whole, again, 19) != 0)
		return -1;
	if (len == 10 && last)
		*out += DAY_MS - 1000;
	return 0;
}

int rfa_cli_moment(const struct rfa_cli *cli, const char *option, int last, int64_t *out,
		   struct rfa_error *err)
{
	const char *text = rfa_cli_option(cli, option);
	int64_t at = 0;

	if (!text)
		return 0;
	if (read_age(text, cli->clock->wall_ms(cli->clock), &at) < 0 &&
	    read_time(text, last, &at) < 0) {
		rfa_fail(err, RFA_EUSAGE, "cli", "--%s: \"%.40s\" is no time", option, text);
		return rfa_error_hint(err, "write " RFA_MOMENT_FORMS);
	}
	*out = at;
	return 0;
}

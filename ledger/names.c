/* Which words may enter the ledger, and where things lie in its tree. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ledger/names.h"

void rfa_copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

/* The length of the name at text, ended by NUL or `stop`; 0 if it is none. */
static size_t name_len(const char *text, char stop)
{
	static const char ok[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strspn(text, ok);

	if (!len || (text[len] && text[len] != stop))
		return 0;
	/* "..", a trailing dot and ".lock" are no parts of a ref (git-check-ref-format); a first
	   dot would hide a file or be ".git"; a first dash would read as an option. */
	if (text[0] == '.' || text[0] == '-' || text[len - 1] == '.')
		return 0;
	if (len >= 5 && !memcmp(text + len - 5, ".lock", 5))
		return 0;
	for (size_t i = 0; i + 1 < len; i++)
		if (text[i] == '.' && text[i + 1] == '.')
			return 0;
	return len;
}

int rfa_name_ok(const char *text, size_t max)
{
	size_t len = text ? name_len(text, '\0') : 0;

	return len && len < max;
}

int rfa_path_ok(const char *path)
{
	const char *part = path;

	if (!path || strlen(path) >= RFA_LEDGER_PATH_MAX)
		return 0;
	for (;;) {
		size_t len = name_len(part, '/');

		if (!len)
			return 0;
		if (!part[len])
			return 1;
		part += len + 1;
	}
}

int rfa_path_reserved(const char *path)
{
	static const char *const own[] = { "runs",    "open",        "last",  "once",
					   "history", "ledger.json", "README" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		size_t len = strlen(own[i]);

		if (!strncmp(path, own[i], len) && (!path[len] || path[len] == '/'))
			return 1;
	}
	return 0;
}

void rfa_path_of_run(const char *run, const char *suffix, char out[RFA_LEDGER_PATH_MAX])
{
	snprintf(out, RFA_LEDGER_PATH_MAX, "runs/%.4s/%.2s/%.2s/%s%s", run, run + 4, run + 6, run,
		 suffix);
}

void rfa_path_of_once(const struct rfa_run_head *head, char out[RFA_LEDGER_PATH_MAX])
{
	snprintf(out, RFA_LEDGER_PATH_MAX, "once/%s/%s/%s.json", head->env, head->stack,
		 head->once);
}

int rfa_fail_once(struct rfa_error *err, const char *run)
{
	rfa_fail(err, RFA_EEXISTS, "ledger", "run %s was begun for that already", run);
	return rfa_error_hint(err, "rfa show %s", run);
}

void rfa_path_rotated(const char *path, const char *run, char out[RFA_LEDGER_PATH_MAX])
{
	const char *name = strrchr(path, '/');
	const char *dot = strrchr(name ? name : path, '.');
	int stem = dot ? (int)(dot - path) : (int)strlen(path);

	snprintf(out, RFA_LEDGER_PATH_MAX, "%.*s/%s%s", stem, path, run, dot ? dot : "");
}

static int refuse(struct rfa_error *err, const char *what, const char *text)
{
	struct rfa_buf shown = RFA_BUF_INIT(256);

	rfa_buf_put_printable(&shown, text ? text : "", text ? strlen(text) : 0, 48);
	rfa_fail(err, RFA_EREFUSED, "ledger", "\"%s\" cannot be the name of %s",
		 rfa_buf_str(&shown), what);
	rfa_buf_release(&shown);
	return rfa_error_hint(err,
			      "use letters, digits, '.', '_' and '-', beginning with a letter or "
			      "a digit");
}

int rfa_head_check(const struct rfa_ledger_begin *begin, struct rfa_error *err)
{
	if (!begin->run || !rfa_run_id_ok(begin->run))
		return refuse(err, "a run", begin->run);
	if (!rfa_name_ok(begin->flow, sizeof(((struct rfa_run_head *)0)->flow)))
		return refuse(err, "a flow", begin->flow);
	if (!rfa_name_ok(begin->stack, sizeof(((struct rfa_run_head *)0)->stack)))
		return refuse(err, "a stack", begin->stack);
	if (!rfa_name_ok(begin->env, sizeof(((struct rfa_run_head *)0)->env)))
		return refuse(err, "an environment", begin->env);
	if (begin->from && begin->from[0] &&
	    !rfa_name_ok(begin->from, sizeof(((struct rfa_run_head *)0)->from)))
		return refuse(err, "an environment", begin->from);
	if (!json_is_object(begin->plan))
		return rfa_fail(err, RFA_EINTERNAL, "ledger", "a run was begun without a plan");
	return 0;
}

int rfa_record_check(const struct rfa_record *record, struct rfa_error *err)
{
	if (!rfa_record_kind_word(record->kind)[0] || (unsigned)record->state >= RFA_STATE_COUNT)
		return rfa_fail(err, RFA_EINTERNAL, "ledger", "a record without a kind or a state");
	if (record->step[0] && !rfa_name_ok(record->step, sizeof(record->step)))
		return refuse(err, "a step", record->step);
	if (record->opens[0] && !rfa_name_ok(record->opens, sizeof(record->opens)))
		return refuse(err, "a step", record->opens);
	if (record->host[0] && !rfa_name_ok(record->host, sizeof(record->host)))
		return refuse(err, "a host", record->host);
	if (record->outcome[0] && !rfa_name_ok(record->outcome, sizeof(record->outcome)))
		return refuse(err, "an outcome", record->outcome);
	if (record->facts && !json_is_object(record->facts))
		return rfa_fail(err, RFA_EINTERNAL, "ledger", "facts are an object");
	return 0;
}

void rfa_time_iso_ms(int64_t wall_ms, char out[RFA_TIME_MAX])
{
	char text[RFA_TIME_MAX];

	rfa_time_iso(wall_ms, text);
	snprintf(out, RFA_TIME_MAX, "%.19s.%03dZ", text, (int)(wall_ms % 1000));
}

int rfa_time_parse_ms(const char *text, int64_t *wall_ms)
{
	struct tm tm = { 0 };
	int ms;
	int used = 0;

	if (strspn(text, "0123456789-:.TZ") != strlen(text) ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &used) != 7 ||
	    used != 24 || text[used])
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*wall_ms = (int64_t)timegm(&tm) * 1000 + ms;
	return 0;
}

void rfa_ledger_new_id(struct rfa_clock *clock, char out[RFA_LEDGER_ID_MAX])
{
	unsigned long long high = clock->random(clock);
	unsigned long long low = clock->random(clock);

	snprintf(out, RFA_LEDGER_ID_MAX, "%016llx%016llx", high, low);
}

/* Writes units by the rules of systemd.service(5), systemd.unit(5) and systemd.exec(5), and cron's.
 */
#include "cli/commands/units.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/quote.h"

const struct rfa_repeat rfa_repeats[RFA_REPEATS] = {
	{ "data", "daily backup of the data", 0, 0, NULL },
	/* Both lock the host, so the second waits for the first. */
	{ "images", "weekly backup of the images", 1, 90, "data" },
};

/* Quoting. */

static int plain(const char *text, struct rfa_error *err)
{
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p >= 0x20 && *p != 0x7f)
			continue;
		rfa_fail(err, RFA_EUSAGE, "cli", "a path has a control character in it");
		return rfa_error_hint(err, "no unit and no crontab can hold it: rename it");
	}
	return 0;
}

enum { DOLLARS = 1 };

/*
 * One word: quoted, with C's escapes for quote and backslash; % is doubled, since it begins a
 * specifier, and in an argument so is $, since it begins a variable. In the name of the program and
 * in Environment= a $ is just a $.
 */
static void put_word(struct rfa_buf *out, const char *lead, const char *word, int flags)
{
	rfa_buf_printf(out, "\"%s", lead);
	for (const char *p = word; *p; p++) {
		if (*p == '"' || *p == '\\')
			rfa_buf_putc(out, '\\');
		if (*p == '%' || (*p == '$' && flags & DOLLARS))
			rfa_buf_putc(out, *p);
		rfa_buf_putc(out, *p);
	}
	rfa_buf_putc(out, '"');
}

/* Systemd. */

/* `rfa backup images` is a command of its own. */
static int of_images(const struct rfa_repeat *r)
{
	return strcmp(r->set, "images") == 0;
}

void rfa_unit_name(const struct rfa_schedule *s, const char *set, char into[192])
{
	snprintf(into, 192, "rfa-backup-%.63s-%.63s-%s", s->stack, s->env, set);
}

static int check_paths(const struct rfa_schedule *s, struct rfa_error *err)
{
	const char *const paths[] = { s->program, s->config, s->ledger, s->home };
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int rc = paths[i] ? plain(paths[i], err) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

int rfa_unit_service(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		     struct rfa_error *err)
{
	char after[192];
	int rc = check_paths(s, err);
	if (rc < 0)
		return rc;
	if (strpbrk(s->program, "\"'\\")) {
		rfa_fail(err, RFA_EUSAGE, "cli",
			 "the path of rfa has a quote or a backslash in it: systemd starts no such "
			 "program");
		return rfa_error_hint(err, "install rfa elsewhere");
	}
	rfa_buf_printf(out,
		       "[Unit]\n"
		       "Description=rfa: %s of %s on %s\n"
		       "Wants=network-online.target\n"
		       "After=network-online.target\n",
		       r->what, s->stack, s->env);
	if (r->after) {
		rfa_unit_name(s, r->after, after);
		rfa_buf_printf(out, "After=%s.service\n", after);
	}
	/* No SSH agent and no login are there: what ssh needs must be in files. */
	rfa_buf_printf(out, "\n[Service]\nType=oneshot\nUser=%s\nEnvironment=", s->user);
	put_word(out, "HOME=", s->home, 0);
	rfa_buf_puts(out, "\nExecStart=");
	put_word(out, "", s->program, 0);
	rfa_buf_printf(out, " backup %s%s --env %s --unattended -c ", of_images(r) ? "images " : "",
		       s->stack, s->env);
	put_word(out, "", s->config, DOLLARS);
	if (s->ledger) {
		rfa_buf_puts(out, " --ledger ");
		put_word(out, "", s->ledger, DOLLARS);
	}
	rfa_buf_puts(out, "\n");
	return rfa_buf_check(out, err);
}

static int minute_of_day(const struct rfa_schedule *s, const struct rfa_repeat *r)
{
	return (s->hour * 60 + s->minute + r->later_min) % (24 * 60);
}

/* Past midnight Sunday's later time is Monday's. */
static int weekday(const struct rfa_schedule *s, const struct rfa_repeat *r)
{
	return s->hour * 60 + s->minute + r->later_min >= 24 * 60;
}

int rfa_unit_timer(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		   struct rfa_error *err)
{
	static const char *const days[] = { "Sun ", "Mon " };
	int at = minute_of_day(s, r);
	rfa_buf_printf(out,
		       "[Unit]\n"
		       "Description=rfa: %s of %s on %s\n"
		       "\n"
		       "[Timer]\n"
		       "OnCalendar=%s*-*-* %02d:%02d:00\n"
		       "Persistent=true\n"
		       "RandomizedDelaySec=600\n"
		       "\n"
		       "[Install]\n"
		       "WantedBy=timers.target\n",
		       r->what, s->stack, s->env, r->weekly ? days[weekday(s, r)] : "", at / 60,
		       at % 60);
	return rfa_buf_check(out, err);
}

/* Cron. */

int rfa_unit_cron(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		  struct rfa_error *err)
{
	const char *argv[16] = { s->program, "backup" };
	size_t n = 2;

	if (of_images(r))
		argv[n++] = "images";
	argv[n++] = s->stack;
	argv[n++] = "--env";
	argv[n++] = s->env;
	argv[n++] = "--unattended";
	argv[n++] = "-c";
	argv[n++] = s->config;
	if (s->ledger) {
		argv[n++] = "--ledger";
		argv[n] = s->ledger;
	}
	struct rfa_buf line = RFA_BUF_INIT(64 * 1024);
	int at = minute_of_day(s, r);
	int rc = check_paths(s, err);

	if (rc == 0) {
		rfa_buf_puts(&line, "HOME=");
		rfa_quote(&line, s->home);
		rfa_buf_putc(&line, ' ');
		rfa_quote_argv(&line, argv);
		rc = rfa_buf_check(&line, err);
	}
	if (rc == 0 && strchr(rfa_buf_str(&line), '\\')) {
		rfa_fail(err, RFA_EUSAGE, "cli", "a path has a quote or a backslash in it");
		rc = rfa_error_hint(err, "crons read it differently; systemd's units can hold it");
	}
	if (rc == 0)
		rfa_buf_printf(out, "%d %d * * %s ", at % 60, at / 60,
			       r->weekly ? (weekday(s, r) ? "1" : "0") : "*");
	/* To cron a bare % ends the line. */
	for (const char *p = rfa_buf_str(&line); rc == 0 && *p; p++)
		rfa_buf_printf(out, *p == '%' ? "\\%c" : "%c", *p);
	if (rc == 0) {
		rfa_buf_putc(out, '\n');
		rc = rfa_buf_check(out, err);
	}
	rfa_buf_release(&line);
	return rc;
}

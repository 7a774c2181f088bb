/* Writes units by the rules of systemd.service(5), systemd.unit(5) and systemd.exec(5), and cron's.
 */
#include "cli/commands/units.h"

#include <stdio.h>
#include <string.h>

#include "cli/config/secret.h"
#include "fsm/base/quote.h"

/* What locks the host goes behind the backup of the data; a drill waits for locks by itself. */
const struct rfa_repeat rfa_repeats[RFA_REPEATS] = {
	{ .word = "backup",
	  .unit = "backup",
	  .end = "data",
	  .what = "daily backup of the data",
	  .often = RFA_DAILY,
	  .command = { "backup" },
	  .options = { "--unattended" },
	  .needs_data = 1 },
	{ .word = "images",
	  .unit = "backup",
	  .end = "images",
	  .what = "weekly backup of the images",
	  .often = RFA_WEEKLY,
	  .later_min = 90,
	  .command = { "backup", "images" },
	  .options = { "--unattended" } },
	{ .word = "verify",
	  .unit = "verify",
	  .what = "weekly reading of the newest backup",
	  .often = RFA_WEEKLY,
	  .later_min = 180,
	  .command = { "backup", "verify" },
	  .needs_data = 1 },
	{ .word = "drill",
	  .unit = "drill",
	  .what = "monthly drill",
	  .often = RFA_MONTHLY,
	  .later_min = 240,
	  .command = { "drill" },
	  .options = { "--wait-lock", "7200" },
	  .confirmed = 1,
	  .of_another = 1,
	  .needs_data = 1 },
	{ .word = "drill",
	  .unit = "drill",
	  .end = "images",
	  .what = "monthly drill of the images",
	  .often = RFA_MONTHLY,
	  .later_min = 300,
	  .command = { "drill", "images" },
	  .options = { "--unattended" },
	  .of_another = 1,
	  .needs_images = 1 },
	{ .word = "smoke",
	  .unit = "smoke",
	  .what = "daily smoke test",
	  .often = RFA_DAILY,
	  .later_min = 120,
	  .command = { "smoke" },
	  .options = { "--unattended" } },
	{ .word = "check",
	  .unit = "check",
	  .what = "daily check of ledger and hosts",
	  .often = RFA_DAILY,
	  .later_min = 150,
	  .command = { "verify" },
	  .options = { "--hosts" } },
	{ .word = "watch",
	  .unit = "watch",
	  .what = "watching for releases",
	  .often = RFA_MINUTES,
	  .command = { "watch" },
	  .options = { "--once" },
	  .env_is_word = 1,
	  .needs_secrets = 1 },
	{ .word = "notify",
	  .unit = "notify",
	  .what = "telling channels what could not be told",
	  .often = RFA_MINUTES,
	  .command = { "notify" },
	  .options = { "--send", "--due" },
	  .whole = 1 },
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

enum { ARGV_MAX = 24 };

/* All words of the command but the program's. */
static void words_of(const struct rfa_schedule *s, const struct rfa_repeat *r,
		     const char *argv[ARGV_MAX])
{
	size_t n = 0, i;

	for (i = 0; r->command[i]; i++)
		argv[n++] = r->command[i];
	if (!r->whole) {
		argv[n++] = s->stack;
		if (!r->env_is_word)
			argv[n++] = "--env";
		argv[n++] = s->env;
	}
	for (i = 0; r->options[i]; i++)
		argv[n++] = r->options[i];
	if (r->of_another && s->of) {
		argv[n++] = "--of";
		argv[n++] = s->of;
	}
	if (r->confirmed) {
		argv[n++] = "--yes";
		argv[n++] = s->env;
	}
	argv[n++] = "-c";
	argv[n++] = s->config;
	if (s->ledger) {
		argv[n++] = "--ledger";
		argv[n++] = s->ledger;
	}
	argv[n] = NULL;
}

void rfa_unit_name(const struct rfa_schedule *s, const struct rfa_repeat *r, char into[192])
{
	if (r->whole)
		snprintf(into, 192, "rfa-%.20s", r->unit);
	else
		snprintf(into, 192, "rfa-%.20s-%.63s-%.63s%s%s", r->unit, s->stack, s->env,
			 r->end ? "-" : "", r->end ? r->end : "");
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

/* systemd reads them as root, and hands them on: the rest of the line is the path. */
static int put_secrets(struct rfa_buf *out, const char *const *files, struct rfa_error *err)
{
	char name[RFA_CREDENTIAL_MAX];
	int rc = 0;

	for (; !rc && files && *files; files++) {
		rc = plain(*files, err);
		rfa_secret_credential(*files, name);
		rfa_buf_printf(out, "\nLoadCredential=%s:", name);
		for (const char *p = *files; *p; p++)
			rfa_buf_printf(out, *p == '%' ? "%%%%" : "%c", *p);
	}
	return rc;
}

int rfa_unit_service(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		     struct rfa_error *err)
{
	const char *argv[ARGV_MAX];
	char first[192];
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
		       "Description=rfa: %s%s%s%s%s\n"
		       "Wants=network-online.target\n"
		       "After=network-online.target\n",
		       r->what, r->whole ? "" : " of ", r->whole ? "" : s->stack,
		       r->whole ? "" : " on ", r->whole ? "" : s->env);
	/* The first of them goes before the others when they are due together. */
	if (r != rfa_repeats && !r->whole) {
		rfa_unit_name(s, rfa_repeats, first);
		rfa_buf_printf(out, "After=%s.service\n", first);
	}
	/* No SSH agent and no login are there: what ssh needs must be in files. */
	rfa_buf_printf(out, "\n[Service]\nType=oneshot\nUser=%s\nEnvironment=", s->user);
	put_word(out, "HOME=", s->home, 0);
	if (r->needs_secrets)
		rc = put_secrets(out, s->secrets, err);
	if (rc < 0)
		return rc;
	rfa_buf_puts(out, "\nExecStart=");
	put_word(out, "", s->program, 0);
	words_of(s, r, argv);
	for (size_t i = 0; argv[i]; i++) {
		rfa_buf_putc(out, ' ');
		/* Names of stacks and environments are plain words; paths are not. */
		if (argv[i] == s->config || argv[i] == s->ledger)
			put_word(out, "", argv[i], DOLLARS);
		else
			rfa_buf_puts(out, argv[i]);
	}
	rfa_buf_puts(out, "\n");
	return rfa_buf_check(out, err);
}

static int minute_of_day(const struct rfa_schedule *s, const struct rfa_repeat *r)
{
	return (s->hour * 60 + s->minute + r->later_min) % (24 * 60);
}

/* Past midnight Sunday's later time is Monday's, and that of the first is the second's. */
static int next_day(const struct rfa_schedule *s, const struct rfa_repeat *r)
{
	return s->hour * 60 + s->minute + r->later_min >= 24 * 60;
}

int rfa_unit_timer(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		   struct rfa_error *err)
{
	static const char *const days[][2] = {
		[RFA_DAILY] = { "*-*-*", "*-*-*" },
		[RFA_WEEKLY] = { "Sun *-*-*", "Mon *-*-*" },
		[RFA_MONTHLY] = { "*-*-01", "*-*-02" },
	};
	int at = minute_of_day(s, r);
	if (r->often == RFA_MINUTES) {
		rfa_buf_printf(out,
			       "[Unit]\n"
			       "Description=rfa: %s%s%s%s%s\n"
			       "\n"
			       "[Timer]\n"
			       "OnCalendar=*:0/5\n"
			       "\n"
			       "[Install]\n"
			       "WantedBy=timers.target\n",
			       r->what, r->whole ? "" : " of ", r->whole ? "" : s->stack,
			       r->whole ? "" : " on ", r->whole ? "" : s->env);
		return rfa_buf_check(out, err);
	}
	rfa_buf_printf(out,
		       "[Unit]\n"
		       "Description=rfa: %s of %s on %s\n"
		       "\n"
		       "[Timer]\n"
		       "OnCalendar=%s %02d:%02d:00\n"
		       "Persistent=true\n"
		       "RandomizedDelaySec=600\n"
		       "\n"
		       "[Install]\n"
		       "WantedBy=timers.target\n",
		       r->what, s->stack, s->env, days[r->often][next_day(s, r)], at / 60, at % 60);
	return rfa_buf_check(out, err);
}

/* Cron. */

int rfa_unit_cron(const struct rfa_schedule *s, const struct rfa_repeat *r, struct rfa_buf *out,
		  struct rfa_error *err)
{
	static const char *const days[][2] = {
		[RFA_DAILY] = { "* * *", "* * *" },
		[RFA_WEEKLY] = { "* * 0", "* * 1" },
		[RFA_MONTHLY] = { "1 * *", "2 * *" },
	};
	const char *argv[ARGV_MAX + 1] = { s->program };

	words_of(s, r, argv + 1);
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
	if (rc == 0 && r->often == RFA_MINUTES)
		rfa_buf_puts(out, "*/5 * * * * ");
	else if (rc == 0)
		rfa_buf_printf(out, "%d %d %s ", at % 60, at / 60, days[r->often][next_day(s, r)]);
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

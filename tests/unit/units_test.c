/*
 * systemd's units and cron's lines: their texts, and that any path comes out of their quoting as it
 * went in. The readers here follow the manual pages, not the code under test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands/units.h"

static const struct rfa_schedule usual = {
	.stack = "shop",
	.env = "prod",
	.program = "/usr/bin/rfa",
	.config = "/srv/rfa.json",
	.user = "olga",
	.home = "/home/olga",
	.hour = 2,
	.minute = 30,
};

static void texts(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(1 << 16);
	struct rfa_error err;
	(void)state;

	assert_int_equal(rfa_unit_service(&usual, &rfa_repeats[1], &out, &err), 0);
	assert_string_equal(
	    rfa_buf_str(&out),
	    "[Unit]\n"
	    "Description=rfa: weekly backup of the images of shop on prod\n"
	    "Wants=network-online.target\n"
	    "After=network-online.target\n"
	    "After=rfa-backup-shop-prod-data.service\n"
	    "\n"
	    "[Service]\n"
	    "Type=oneshot\n"
	    "User=olga\n"
	    "Environment=\"HOME=/home/olga\"\n"
	    "ExecStart=\"/usr/bin/rfa\" backup images shop --env prod --unattended -c "
	    "\"/srv/rfa.json\"\n");
	rfa_buf_clear(&out);
	assert_int_equal(rfa_unit_timer(&usual, &rfa_repeats[1], &out, &err), 0);
	assert_string_equal(rfa_buf_str(&out),
			    "[Unit]\n"
			    "Description=rfa: weekly backup of the images of shop on prod\n"
			    "\n"
			    "[Timer]\n"
			    "OnCalendar=Sun *-*-* 04:00:00\n"
			    "Persistent=true\n"
			    "RandomizedDelaySec=600\n"
			    "\n"
			    "[Install]\n"
			    "WantedBy=timers.target\n");
	rfa_buf_clear(&out);
	for (size_t i = 0; i < RFA_REPEATS; i++)
		assert_int_equal(rfa_unit_cron(&usual, &rfa_repeats[i], &out, &err), 0);
	assert_string_equal(rfa_buf_str(&out),
			    "30 2 * * * HOME=/home/olga /usr/bin/rfa backup shop --env prod "
			    "--unattended -c /srv/rfa.json\n"
			    "0 4 * * 0 HOME=/home/olga /usr/bin/rfa backup images shop --env prod "
			    "--unattended -c /srv/rfa.json\n"
			    "30 5 * * 0 HOME=/home/olga /usr/bin/rfa backup verify shop --env prod "
			    "-c /srv/rfa.json\n"
			    "30 6 1 * * HOME=/home/olga /usr/bin/rfa drill shop --env prod "
			    "--wait-lock 7200 --yes prod -c /srv/rfa.json\n"
			    "30 7 1 * * HOME=/home/olga /usr/bin/rfa drill images shop --env prod "
			    "--unattended -c /srv/rfa.json\n"
			    "30 4 * * * HOME=/home/olga /usr/bin/rfa smoke shop --env prod "
			    "--unattended -c /srv/rfa.json\n"
			    "0 5 * * * HOME=/home/olga /usr/bin/rfa verify shop --env prod --hosts "
			    "-c /srv/rfa.json\n"
			    "*/5 * * * * HOME=/home/olga /usr/bin/rfa watch shop prod --once "
			    "-c /srv/rfa.json\n"
			    "*/5 * * * * HOME=/home/olga /usr/bin/rfa notify --send --due "
			    "-c /srv/rfa.json\n");
	rfa_buf_release(&out);
}

/* What is about all of rfa.json names no stack, and is due every few minutes. */
static void whole(void **state)
{
	const struct rfa_repeat *notify = &rfa_repeats[RFA_REPEATS - 1];
	struct rfa_buf out = RFA_BUF_INIT(1 << 16);
	struct rfa_error err;
	char name[192];
	(void)state;

	rfa_unit_name(&usual, notify, name);
	assert_string_equal(name, "rfa-notify");
	assert_int_equal(rfa_unit_service(&usual, notify, &out, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&out),
			       "Description=rfa: telling channels what could not "
			       "be told\n"));
	assert_non_null(strstr(rfa_buf_str(&out), "rfa\" notify --send --due -c"));
	assert_null(strstr(rfa_buf_str(&out), "shop"));
	rfa_buf_clear(&out);
	assert_int_equal(rfa_unit_timer(&usual, notify, &out, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&out), "OnCalendar=*:0/5\n"));
	assert_null(strstr(rfa_buf_str(&out), "Persistent"));
	rfa_buf_release(&out);
}

/* Of a stack, every few minutes; systemd hands the files with tokens on. */
static void watching(void **state)
{
	static const char *const secrets[] = { "/srv/a b/100%", NULL };
	const struct rfa_repeat *watch = &rfa_repeats[RFA_REPEATS - 2];
	struct rfa_schedule with = usual;
	struct rfa_buf out = RFA_BUF_INIT(1 << 16);
	struct rfa_error err;
	char name[192];
	(void)state;

	with.secrets = secrets;
	rfa_unit_name(&usual, watch, name);
	assert_string_equal(name, "rfa-watch-shop-prod");
	assert_int_equal(rfa_unit_service(&with, watch, &out, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&out), "\nLoadCredential=rfa-"));
	assert_non_null(strstr(rfa_buf_str(&out), ":/srv/a b/100%%\nExecStart="));
	assert_non_null(strstr(rfa_buf_str(&out), "rfa\" watch shop prod --once -c"));
	rfa_buf_clear(&out);
	assert_int_equal(rfa_unit_timer(&usual, watch, &out, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&out), "watching for releases of shop on prod\n"));
	assert_non_null(strstr(rfa_buf_str(&out), "OnCalendar=*:0/5\n"));
	rfa_buf_clear(&out);
	/* Only what needs them gets them. */
	assert_int_equal(rfa_unit_service(&with, &rfa_repeats[0], &out, &err), 0);
	assert_null(strstr(rfa_buf_str(&out), "LoadCredential"));
	rfa_buf_release(&out);
}

/* An hour and a half behind Sunday's last hour it is Monday. */
static void midnight(void **state)
{
	struct rfa_schedule late = usual;
	struct rfa_buf out = RFA_BUF_INIT(1 << 16);
	struct rfa_error err;
	(void)state;

	late.hour = 23;
	late.minute = 5;
	assert_int_equal(rfa_unit_timer(&late, &rfa_repeats[1], &out, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&out), "OnCalendar=Mon *-*-* 00:35:00\n"));
	rfa_buf_clear(&out);
	assert_int_equal(rfa_unit_timer(&late, &rfa_repeats[0], &out, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&out), "OnCalendar=*-*-* 23:05:00\n"));
	rfa_buf_clear(&out);
	assert_int_equal(rfa_unit_cron(&late, &rfa_repeats[1], &out, &err), 0);
	assert_memory_equal(rfa_buf_str(&out), "35 0 * * 1 ", 11);
	rfa_buf_release(&out);
}

/*
 * The n-th word of a setting, as systemd reads it: quotes and backslashes first, then the
 * specifiers, then, in arguments, the variables.
 */
static void word_of(const char *text, const char *setting, size_t n, int is_argument,
		    char into[256])
{
	const char *p = strstr(text, setting);
	size_t len = 0;
	assert_non_null(p);
	for (p += strlen(setting);; n--) {
		int quoted = *p == '"';
		for (p += quoted, len = 0; quoted ? *p != '"' : !strchr(" \n", *p); p++) {
			p += *p == '\\';
			into[len++] = *p;
		}
		p += quoted;
		if (n == 0)
			break;
		assert_int_equal(*p, ' ');
		p++;
	}
	into[len] = '\0';
	for (const char *signs = is_argument ? "%$" : "%"; *signs; signs++) {
		char *to = into;
		for (const char *from = into; *from; from++, to++) {
			if (*from == *signs)
				assert_int_equal(*++from, *signs);
			*to = *from;
		}
		*to = '\0';
	}
}

static const char *const odd[] = {
	"/a b/c",    "/50%/x",     "/$HOME/x", "/a\"b",         "/a\\b",     "/it's",
	"/%%n $$ x", "/ä/ü \\\" ", "/;|&>*?",  "/a#b ${X}%{y}", "/\\x41\\n", "/-c",
};
enum { N_ODD = sizeof(odd) / sizeof(odd[0]) };

static void systemd_quoting(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ODD; i++) {
		struct rfa_schedule s = usual;
		struct rfa_buf out = RFA_BUF_INIT(1 << 16);
		struct rfa_error err;
		char word[256], home[256];

		/* No quoting helps there: systemd itself refuses such a program. */
		s.program = odd[i];
		if (strpbrk(odd[i], "\"'\\")) {
			assert_int_equal(rfa_unit_service(&s, &rfa_repeats[0], &out, &err),
					 -(int)RFA_EUSAGE);
			s.program = "/%n $x";
		}
		s.config = s.ledger = s.home = odd[i];
		assert_int_equal(rfa_unit_service(&s, &rfa_repeats[0], &out, &err), 0);
		word_of(rfa_buf_str(&out), "\nExecStart=", 0, 0, word);
		assert_string_equal(word, s.program);
		word_of(rfa_buf_str(&out), "\nExecStart=", 6, 1, word);
		assert_string_equal(word, "-c");
		word_of(rfa_buf_str(&out), "\nExecStart=", 7, 1, word);
		assert_string_equal(word, odd[i]);
		word_of(rfa_buf_str(&out), "\nExecStart=", 9, 1, word);
		assert_string_equal(word, odd[i]);
		word_of(rfa_buf_str(&out), "\nEnvironment=", 0, 0, word);
		snprintf(home, sizeof(home), "HOME=%s", odd[i]);
		assert_string_equal(word, home);
		rfa_buf_release(&out);
	}
}

/* What a shell makes of a line once cron has taken its own signs away. */
static void cron_quoting(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ODD; i++) {
		struct rfa_schedule s = usual;
		struct rfa_buf out = RFA_BUF_INIT(1 << 16);
		struct rfa_error err;
		char command[1024], found[256] = "";
		size_t len = 0;

		s.program = "/bin/echo";
		s.config = odd[i];
		int rc = rfa_unit_cron(&s, &rfa_repeats[0], &out, &err);
		if (strpbrk(odd[i], "\\'")) {
			assert_int_equal(rc, -(int)RFA_EUSAGE);
			rfa_buf_release(&out);
			continue;
		}
		assert_int_equal(rc, 0);
		for (const char *p = rfa_buf_str(&out) + strlen("30 2 * * * "); *p != '\n'; p++) {
			assert_int_not_equal(*p, '%');
			p += p[0] == '\\' && p[1] == '%';
			command[len++] = *p;
		}
		command[len] = '\0';
		FILE *shell = popen(command, "r");
		assert_non_null(shell);
		assert_non_null(fgets(found, sizeof(found), shell));
		assert_int_equal(pclose(shell), 0);
		found[strcspn(found, "\n")] = '\0';
		assert_non_null(strstr(found, " -c "));
		assert_string_equal(strstr(found, " -c ") + 4, odd[i]);
		rfa_buf_release(&out);
	}
}

/* A line feed would begin a setting of its own. */
static void refused(void **state)
{
	struct rfa_buf out = RFA_BUF_INIT(1 << 16);
	struct rfa_schedule s = usual;
	struct rfa_error err;
	(void)state;

	s.config = "/a\nExecStart=/bin/sh";
	assert_int_equal(rfa_unit_service(&s, &rfa_repeats[0], &out, &err), -(int)RFA_EUSAGE);
	assert_string_equal(err.msg, "a path has a control character in it");
	assert_int_equal(rfa_unit_cron(&s, &rfa_repeats[0], &out, &err), -(int)RFA_EUSAGE);
	assert_int_equal(out.len, 0);
	rfa_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),           cmocka_unit_test(whole),
		cmocka_unit_test(watching),        cmocka_unit_test(midnight),
		cmocka_unit_test(systemd_quoting), cmocka_unit_test(cron_quoting),
		cmocka_unit_test(refused),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

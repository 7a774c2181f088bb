/* What only SSH has: keys and agents, host keys, jump hosts, loss and silence, coming back. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libssh2.h>

#include "tests/harness/blame.h"
#include "tests/harness/dial.h"
#include "tests/harness/slow.h"
#include "tests/harness/sshd.h"
#include "tests/harness/web.h"
#include "transports/http.h"
#include "transports/transport.h"

#define assert_ok(call)                                                                      \
	do {                                                                                 \
		rfa_error_clear(&err);                                                       \
		if ((call) != 0)                                                             \
			fail_msg("%s: %s: %s [%s]", #call, rfa_code_word(err.code), err.msg, \
				 err.hint);                                                  \
	} while (0)

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int64_t now_ms(void)
{
	struct rfa_clock *clock = rfa_clock_system();

	return clock->mono_ms(clock);
}

static void expect(struct rfa_transport *t, const char *script, const char *want)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;
	int rc = ssh_run(t, script, &out, &err);

	if (rc)
		fail_msg("%s: %d %s [%s]", script, rc, err.msg, err.hint);
	assert_string_equal(rfa_buf_str(&out), want);
	rfa_buf_release(&out);
}

static char *fingerprint(const struct sshd *s, const char *key)
{
	char command[256];
	const char *argv[] = { "sh", "-c", command, NULL };

	snprintf(command, sizeof(command),
		 "ssh-keygen -lf %s/%s.pub | cut -d' ' -f2 | tr -d '\\n' > %s/print", s->dir, key,
		 s->dir);
	sshd_command(argv);
	return sshd_read(s, "print");
}

/* Host keys. */

static void unknown_and_changed_keys(void **state)
{
	struct sshd *s = *state;
	char *print = fingerprint(s, "host_ed25519");
	char *good = sshd_read(s, "known_hosts");
	char *other = sshd_read(s, "id_ed25519.pub");
	struct rfa_error err;
	char text[1024];

	sshd_write(s, "known_hosts", "# nothing\n", 0);
	assert_int_equal(ssh_connect(s, &err), -RFA_EHOSTKEY);
	told(err.msg, "unknown");
	told(err.msg, print);
	told(err.hint, "ssh-keyscan -t ed25519 -p ");
	snprintf(text, sizeof(text), "\n\n[127.0.0.1]:%u %s", s->port, other);
	sshd_write(s, "known_hosts", text, 0);
	assert_int_equal(ssh_connect(s, &err), -RFA_EHOSTKEY);
	told(err.msg, print);
	told(err.msg, s->known_hosts);
	told(err.msg, "line 3");
	told(err.hint, "ssh-keygen -R '[127.0.0.1]:");
	assert_int_equal(err.severity, RFA_DENIED);
	snprintf(text, sizeof(text), "%s@revoked * %s", good, strchr(good, ' ') + 1);
	sshd_write(s, "known_hosts", text, 0);
	assert_int_equal(ssh_connect(s, &err), -RFA_EHOSTKEY);
	told(err.msg, "revoked");
	snprintf(text, sizeof(text), "@cert-authority * %s", other);
	sshd_write(s, "known_hosts", text, 0);
	assert_int_equal(ssh_connect(s, &err), -RFA_EUNSUPPORTED);
	sshd_write(s, "known_hosts", good, 0);
	assert_ok(ssh_connect(s, &err));
	free(print);
	free(good);
	free(other);
}

/* The server would rather show ed25519; known is ecdsa, and the other way round. */
static void types_are_asked_for_in_order(void **state)
{
	static const char *const keys[] = { "host_ecdsa.pub", "host_ed25519.pub" };
	struct sshd *s = *state;
	char *good = sshd_read(s, "known_hosts");
	struct rfa_error err;
	char text[1024];
	size_t i;

	for (i = 0; i < 2; i++) {
		char *key = sshd_read(s, keys[i]);

		snprintf(text, sizeof(text), "[127.0.0.1]:%u %s", s->port, key);
		sshd_write(s, "known_hosts", text, 0);
		assert_ok(ssh_connect(s, &err));
		free(key);
	}
	sshd_write(s, "known_hosts", good, 0);
	free(good);
}

static void hashed_and_aliased(void **state)
{
	struct sshd *s = *state;
	const char *hash[] = { "ssh-keygen", "-q", "-H", "-f", s->known_hosts, NULL };
	char *good = sshd_read(s, "known_hosts");
	char *config = sshd_read(s, "ssh_config");
	struct rfa_error err;
	char text[1024];

	sshd_command(hash);
	assert_ok(ssh_connect(s, &err));
	snprintf(text, sizeof(text), "%s HostKeyAlias blue\n", config);
	sshd_write(s, "ssh_config", text, 0);
	assert_int_equal(ssh_connect(s, &err), -RFA_EHOSTKEY);
	told(err.msg, "blue");
	snprintf(text, sizeof(text), "blue%s", strchr(good, ' '));
	sshd_write(s, "known_hosts", text, 0);
	assert_ok(ssh_connect(s, &err));
	sshd_write(s, "known_hosts", good, 0);
	sshd_write(s, "ssh_config", config, 0);
	free(good);
	free(config);
}

/* Keys. */

static void agent_keys(void **state)
{
	struct sshd *s = *state;
	char *config = sshd_read(s, "ssh_config");
	struct rfa_error err;
	char socket[128], text[1024], command[512];
	const char *add[] = { "sh", "-c", command, NULL };
	pid_t pid = ssh_agent(s, socket, sizeof(socket));

	/* Without a key in it: refused, and the advice fits. */
	snprintf(text, sizeof(text),
		 " IdentityFile %s/none\n IdentityAgent %s\n UserKnownHostsFile %s\n", s->dir,
		 socket, s->known_hosts);
	ssh_configure(s, text);
	assert_int_equal(ssh_connect(s, &err), -RFA_EAUTH);
	told(err.hint, "ssh-copy-id");
	/* An encrypted key: told by name; works once the agent has it, even with other keys first.
	 */
	sshd_keygen(s, "locked", "ed25519", "secret");
	sshd_keygen(s, "stranger", "ed25519", "");
	snprintf(command, sizeof(command), "cat %s/locked.pub >> %s", s->dir, s->authorized);
	sshd_command(add);
	snprintf(text, sizeof(text),
		 " IdentityFile %s/locked\n IdentitiesOnly yes\n IdentityAgent %s\n"
		 " UserKnownHostsFile %s\n",
		 s->dir, socket, s->known_hosts);
	ssh_configure(s, text);
	assert_int_equal(ssh_connect(s, &err), -RFA_EAUTH);
	told(err.hint, "ssh-add");
	told(err.hint, "/locked");
	snprintf(command, sizeof(command),
		 "cd %s && printf '#!/bin/sh\\necho secret\\n' > ask && chmod +x ask && "
		 "SSH_AUTH_SOCK=%s ssh-add stranger && "
		 "SSH_AUTH_SOCK=%s SSH_ASKPASS=./ask SSH_ASKPASS_REQUIRE=force ssh-add locked",
		 s->dir, socket, socket);
	sshd_command(add);
	assert_ok(ssh_connect(s, &err));
	/* The same in the old PEM form, which libssh2 1.10 must never be shown. */
	snprintf(command, sizeof(command),
		 "cd %s && ssh-keygen -q -t rsa -b 2048 -m PEM -N secret -f pem", s->dir);
	sshd_command(add);
	snprintf(text, sizeof(text),
		 " IdentityFile %s/pem\n IdentityAgent none\n UserKnownHostsFile %s\n", s->dir,
		 s->known_hosts);
	ssh_configure(s, text);
	assert_int_equal(ssh_connect(s, &err), -RFA_EAUTH);
	told(err.hint, "/pem needs a passphrase");
	/* An agent that is gone is as good as none. */
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	snprintf(text, sizeof(text),
		 " IdentityFile %s\n IdentityAgent %s\n UserKnownHostsFile %s\n", s->key, socket,
		 s->known_hosts);
	ssh_configure(s, text);
	assert_ok(ssh_connect(s, &err));
	sshd_write(s, "ssh_config", config, 0);
	free(config);
}

static void rsa_keys(void **state)
{
	struct sshd *s = *state;
	char *config = sshd_read(s, "ssh_config");
	struct rfa_error err;
	char text[512], command[256];
	const char *add[] = { "sh", "-c", command, NULL };
	int rc;

	sshd_keygen(s, "rsa", "rsa", "");
	snprintf(command, sizeof(command), "cat %s/rsa.pub >> %s", s->dir, s->authorized);
	sshd_command(add);
	snprintf(text, sizeof(text),
		 " IdentityFile %s/rsa\n IdentityAgent none\n UserKnownHostsFile %s\n", s->dir,
		 s->known_hosts);
	ssh_configure(s, text);
	rc = ssh_connect(s, &err);
	/* The library at hand decides what must happen: 1.11 signs by SHA-2, before it cannot. */
	if (libssh2_version(0x010b00)) {
		assert_int_equal(rc, 0);
	} else {
		assert_int_equal(rc, -RFA_EAUTH);
		told(err.hint, "ed25519");
		told(err.hint, "1.11");
	}
	sshd_write(s, "ssh_config", config, 0);
	free(config);
}

/* The way there. */

static void jump_hosts(void **state)
{
	struct sshd *far = *state;
	struct rfa_buf out = RFA_BUF_INIT((size_t)16 << 20);
	struct rfa_transport *t;
	struct sshd near;
	struct rfa_error err;
	char text[2048];
	size_t fds = open_fds();

	sshd_start(&near, NULL);
	snprintf(text, sizeof(text),
		 "Host near\n Port %u\n IdentityFile %s\n UserKnownHostsFile %s\n"
		 "Host far\n Port %u\n IdentityFile %s\n UserKnownHostsFile %s\n ProxyJump near\n"
		 "Host command\n Port %u\n IdentityFile %s\n UserKnownHostsFile %s\n"
		 " ProxyCommand ssh -F %s -W %%h:%%p near\n"
		 "Host *\n HostName 127.0.0.1\n User %s\n IdentityAgent none\n"
		 " GlobalKnownHostsFile /dev/null\n",
		 near.port, near.key, near.known_hosts, far->port, far->key, far->known_hosts,
		 far->port, far->key, far->known_hosts, near.config, near.user);
	sshd_write(&near, "ssh_config", text, 0);
	t = ssh_to(&near, "far");
	expect(t, "echo through", "through\n");
	/* More than every window on the way, so that each layer has to wait for the next. */
	rfa_buf_clear(&out);
	assert_int_equal(ssh_run(t, "head -c 12000000 /dev/zero", &out, &err), 0);
	assert_int_equal(out.len, 12000000);
	rfa_transport_free(t);
	t = ssh_to(&near, "command");
	expect(t, "echo by command", "by command\n");
	rfa_transport_free(t);
	/* Every hop's key is checked. */
	sshd_write(&near, "known_hosts", "", 0);
	t = ssh_to(&near, "far");
	assert_int_equal(t->ops->connect(t, &err), -RFA_EHOSTKEY);
	told(err.where, "");
	rfa_transport_free(t);
	rfa_buf_release(&out);
	sshd_stop(&near);
	assert_int_equal(open_fds(), fds);
}

static void nobody_there(void **state)
{
	struct sshd s = *(struct sshd *)*state;
	struct rfa_ssh_options options = RFA_SSH_OPTIONS_INIT;
	struct rfa_clock_virtual clock;
	struct rfa_transport *t = NULL;
	struct rfa_error err;

	/* Nobody listens: three attempts, with pauses that only the clock sees. */
	rfa_clock_virtual_init(&clock, 0, 1);
	s.port = web_closed_port();
	snprintf(s.config, sizeof(s.config), "%s/nobody", s.dir);
	{
		char text[256];

		snprintf(text, sizeof(text), "Host *\n HostName 127.0.0.1\n Port %u\n", s.port);
		sshd_write(&s, "nobody", text, 0);
	}
	options.destination = "there";
	options.config_file = s.config;
	options.clock = &clock.clock;
	assert_ok(rfa_transport_ssh(&t, "prod", &options, &err));
	assert_int_equal(t->ops->connect(t, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_in_range(clock.mono, 250 / 2 + 500 / 2, 250 + 500);
	{
		const char *argv[] = { "true", NULL };
		struct rfa_stream *stream = NULL;

		assert_int_equal(t->ops->exec(t, argv, &stream, &err), -RFA_ELOST);
		assert_int_equal(err.severity, RFA_RETRY);
	}
	rfa_transport_free(t);
	options.destination = "-oProxyCommand=true";
	assert_int_equal(rfa_transport_ssh(&t, "prod", &options, &err), -RFA_ECONFIG);
}

/* Something that answers, but no SSH: it says what we say. */
static void somebody_else_there(void **state)
{
	struct sshd s = *(struct sshd *)*state;
	struct rfa_ssh_options options = RFA_SSH_OPTIONS_INIT;
	struct rfa_transport *t = NULL;
	struct rfa_error err;
	struct web web;
	char text[256];
	int64_t began = now_ms();

	web_start(&web);
	snprintf(text, sizeof(text), "Host *\n HostName 127.0.0.1\n Port %u\n", web.port);
	sshd_write(&s, "somebody", text, 0);
	snprintf(s.config, sizeof(s.config), "%s/somebody", s.dir);
	options.destination = "there";
	options.config_file = s.config;
	options.connect_timeout_ms = slow_ms(700);
	options.connect_attempts = 1;
	assert_ok(rfa_transport_ssh(&t, "prod", &options, &err));
	blame(0);
	assert_int_equal(t->ops->connect(t, &err), -RFA_EUNREACHABLE);
	blame(1);
	assert_true(now_ms() - began < slow_ms(5000));
	rfa_transport_free(t);
	web_stop(&web);
}

/* Loss. */

/* Reads until an error comes; its code. Gives up after 10 s of a quiet machine. */
static int drain_until_error(struct rfa_stream *s, uint64_t *bytes, struct rfa_error *err)
{
	static char data[65536];
	int64_t until = now_ms() + slow_ms(10000);
	int eof = 0;

	while (!eof && now_ms() < until) {
		size_t got = 0;
		int rc = s->ops->read(s, data, sizeof(data), &got, &eof, err);

		if (rc)
			return rc;
		*bytes += got;
		if (!got && !eof && rfa_stream_wait(&s, 1, 1000, NULL, err))
			return -1;
	}
	return 0;
}

static void a_killed_server_is_seen_at_once(void **state)
{
	const char *argv[] = { "cat", "/dev/zero", NULL };
	struct sshd *s = *state;
	struct rfa_transport *t = ssh_to(s, "there");
	struct rfa_stream *stream = NULL, *idle = NULL;
	const char *cat[] = { "cat", NULL };
	struct rfa_shell *sh = NULL;
	struct rfa_buf out = RFA_BUF_INIT(4096);
	size_t fds = open_fds();
	struct rfa_error err;
	uint64_t bytes = 0;
	int64_t began;
	char byte;
	size_t got = 0;
	int status = 0, eof = 0;

	assert_ok(rfa_shell_new(&sh, t, &err));
	assert_ok(rfa_shell_run(sh, "echo 1", NULL, 0, 0, &out, NULL, &status, &err));
	assert_ok(t->ops->exec(t, argv, &stream, &err));
	assert_ok(t->ops->exec(t, cat, &idle, &err));
	while (bytes < 1000000) {
		char data[65536];

		assert_ok(stream->ops->read(stream, data, sizeof(data), &got, &eof, &err));
		bytes += got;
		if (!got)
			assert_ok(rfa_stream_wait(&stream, 1, 1000, NULL, &err));
	}
	began = now_ms();
	assert_true(sshd_signal_sessions(s, SIGKILL) > 0);
	assert_int_equal(drain_until_error(stream, &bytes, &err), -RFA_ELOST);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_true(now_ms() - began < slow_ms(3000));
	assert_int_equal(idle->ops->read(idle, &byte, 1, &got, &eof, &err), -RFA_ELOST);
	/* The next call connects again by itself; the old streams stay lost. */
	rfa_buf_clear(&out);
	assert_ok(rfa_shell_run(sh, "echo 2", NULL, 0, 0, &out, NULL, &status, &err));
	assert_string_equal(rfa_buf_str(&out), "2\n");
	assert_int_equal(stream->ops->read(stream, &byte, 1, &got, &eof, &err), -RFA_ELOST);
	rfa_transport_free(t);
	/* In any order, also after the transport. */
	rfa_stream_close(stream);
	rfa_shell_free(sh);
	rfa_stream_close(idle);
	rfa_buf_release(&out);
	assert_int_equal(open_fds(), fds);
}

static void a_frozen_server_is_told_in_time(void **state)
{
	const char *up[] = { "cat", NULL };
	struct sshd *s = *state;
	struct rfa_transport *t = ssh_to(s, "there");
	struct rfa_stream *stream = NULL;
	static char data[65536];
	struct rfa_error err;
	int64_t began;
	int upload;

	for (upload = 0; upload < 2; upload++) {
		int rc = 0;

		assert_ok(t->ops->connect(t, &err));
		assert_ok(t->ops->exec(t, up, &stream, &err));
		assert_true(sshd_signal_sessions(s, SIGSTOP) > 0);
		began = now_ms();
		while (!rc && now_ms() - began < slow_ms(20000)) {
			size_t n = 0;
			int eof = 0;

			if (upload)
				rc = stream->ops->write(stream, data, sizeof(data), &n, &err);
			else
				rc = stream->ops->read(stream, data, sizeof(data), &n, &eof, &err);
			if (!rc && !n)
				rc = rfa_stream_wait(&stream, 1, 1000, NULL, &err);
		}
		assert_int_equal(rc, -RFA_ELOST);
		assert_true(now_ms() - began < slow_ms(10000));
		rfa_stream_close(stream);
		/* A frozen listener's other sessions do not matter: a new one is made. */
		expect(t, "echo back", "back\n");
		sshd_signal_sessions(s, SIGCONT);
		t->ops->disconnect(t);
	}
	rfa_transport_free(t);
}

/* Silence of a command is not silence of the host. */
static void a_quiet_command_is_no_loss(void **state)
{
	struct rfa_transport *t = ssh_to(*state, "there");

	char script[64];

	snprintf(script, sizeof(script), "sleep %d; echo done", (int)slow_ms(5000) / 1000);
	expect(t, script, "done\n");
	rfa_transport_free(t);
}

/* A caller that was busy elsewhere for longer than the idle time-out has lost nothing. */
static void a_busy_caller_is_no_loss(void **state)
{
	struct rfa_transport *t = ssh_to(*state, "there");
	struct rfa_error err;
	int i;

	expect(t, "echo 1", "1\n");
	for (i = 0; i < 2; i++) {
		usleep((useconds_t)slow_ms(3000) * 1000);
		assert_ok(t->ops->connect(t, &err));
	}
	expect(t, "echo 2", "2\n");
	rfa_transport_free(t);
}

static void a_deaf_listener_and_back(void **state)
{
	struct sshd *s = *state;
	struct rfa_transport *t = ssh_to(s, "there");
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;
	int i;

	expect(t, "echo 1", "1\n");
	sshd_signal_sessions(s, SIGKILL);
	sshd_deafen(s);
	/* The loss is seen on the first use or on the connect before it; both are safe to repeat.
	 */
	for (i = 0; i < 50 && !ssh_run(t, "true", &out, &err); i++)
		usleep(20000);
	t->ops->disconnect(t);
	assert_int_equal(t->ops->connect(t, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	sshd_listen(s);
	expect(t, "echo 2", "2\n");
	rfa_transport_free(t);
	rfa_buf_release(&out);
}

/* Channels. */

static const char *const cat[] = { "cat", NULL };

/* To a server that opens two, the first of which is open. */
static struct rfa_transport *to_few(struct sshd *few, struct rfa_stream **first)
{
	struct rfa_transport *t;
	struct rfa_error err;

	sshd_start(few, "MaxSessions 2");
	t = ssh_to(few, "there");
	assert_ok(t->ops->connect(t, &err));
	assert_ok(t->ops->exec(t, cat, first, &err));
	return t;
}

static void sessions_may_run_out(void **state)
{
	struct rfa_stream *streams[3] = { NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_transport *t;
	struct rfa_error err;
	struct sshd few;
	int64_t until;
	int rc;

	(void)state;
	t = to_few(&few, &streams[0]);
	assert_ok(t->ops->exec(t, cat, &streams[1], &err));
	assert_int_equal(t->ops->exec(t, cat, &streams[2], &err), -RFA_ESESSIONS);
	assert_int_equal(err.severity, RFA_RETRY);
	told(err.hint, "MaxSessions");
	rfa_stream_close(streams[0]);
	rfa_stream_close(streams[1]);
	/* A place is free again once the server has seen the command's end. */
	until = now_ms() + slow_ms(10000);
	while ((rc = ssh_run(t, "echo 1", &out, &err)) && now_ms() < until)
		usleep(10000);
	assert_int_equal(rc, 0);
	rfa_buf_release(&out);
	rfa_transport_free(t);
	sshd_stop(&few);
}

static void open_and_leave(struct rfa_transport *t, const char *seconds)
{
	const char *argv[] = { "sleep", seconds, NULL };
	struct rfa_stream *stream = NULL;
	struct rfa_error err;

	assert_ok(t->ops->exec(t, argv, &stream, &err));
	rfa_stream_close(stream);
}

/* A command that goes on behind its session has a place for long: that says nothing of how many
 * there are, once more of them have been open. */
static void a_late_place_is_no_limit(void **state)
{
	struct sshd few;
	struct rfa_stream *one = NULL, *two = NULL;
	struct rfa_transport *t = to_few(&few, &one);
	struct rfa_error err;
	int64_t until;
	int rc;

	(void)state;
	open_and_leave(t, "14");
	assert_int_equal(t->ops->exec(t, cat, &two, &err), -RFA_ESESSIONS);
	until = now_ms() + slow_ms(20000);
	while ((rc = t->ops->exec(t, cat, &two, &err)) && now_ms() < until)
		usleep(100000);
	assert_int_equal(rc, 0);
	rfa_stream_close(two);
	open_and_leave(t, "3");
	assert_ok(t->ops->exec(t, cat, &two, &err));
	rfa_stream_close(two);
	rfa_stream_close(one);
	rfa_transport_free(t);
	sshd_stop(&few);
}

/* Keys are exchanged anew in the middle of transfers in both directions. */
static void keys_change_on_the_way(void **state)
{
	const char *argv[] = { "cat", NULL };
	size_t len = (size_t)24 << 20;
	struct rfa_buf out = RFA_BUF_INIT((size_t)32 << 20);
	struct rfa_command cmd = { .argv = argv, .input_len = len, .max_output = len };
	char *data = malloc(len);
	struct rfa_transport *t;
	struct rfa_error err;
	const char *from[] = { "sh", "-c",
			       "for i in 1 2 3 4 5 6 7 8 9 10; do head -c 2000000 /dev/zero; "
			       "head -c 200000 /dev/zero >&2; done",
			       NULL };
	const char *to[] = { "wc", "-c", NULL };
	struct rfa_relay relay = { .idle_timeout_ms = slow_ms(20000) };
	struct rfa_shell *sh = NULL;
	struct sshd often;
	uint64_t moved = 0;
	int status = -1;
	int eof;
	size_t i;

	(void)state;
	assert_non_null(data);
	for (i = 0; i < len; i++)
		data[i] = (char)(i * 2654435761u >> 16);
	cmd.input = data;
	sshd_start(&often, "RekeyLimit 1M");
	blame(0);
	t = ssh_to(&often, "there");
	assert_ok(rfa_transport_run(t, &cmd, &out, NULL, &status, &err));
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, data, len);
	/* Two channels at once, with errors in between, and then many small readings. */
	assert_ok(t->ops->exec(t, from, &relay.source, &err));
	assert_ok(t->ops->exec(t, to, &relay.sink, &err));
	assert_ok(rfa_relay(&relay, &moved, &err));
	assert_int_equal(moved, 20000000);
	for (i = 0; !i;) {
		int done = 0;

		assert_ok(relay.sink->ops->finish(relay.sink, &done, &err));
		i = (size_t)done;
		if (!done)
			assert_ok(rfa_stream_wait(&relay.sink, 1, 1000, NULL, &err));
	}
	rfa_buf_clear(&out);
	for (eof = 0; !eof;) {
		char some[777];
		size_t got = 0;

		assert_ok(relay.sink->ops->read(relay.sink, some, sizeof(some), &got, &eof, &err));
		rfa_buf_add(&out, some, got);
		if (!got && !eof)
			assert_ok(rfa_stream_wait(&relay.sink, 1, 1000, NULL, &err));
	}
	assert_string_equal(rfa_buf_str(&out), "20000000\n");
	rfa_stream_close(relay.source);
	rfa_stream_close(relay.sink);
	assert_ok(rfa_shell_new(&sh, t, &err));
	rfa_buf_clear(&out);
	assert_ok(rfa_shell_run(sh, "cat", data, 6000001, 0, &out, NULL, &status, &err));
	assert_int_equal(out.len, 6000001);
	assert_memory_equal(out.data, data, out.len);
	rfa_shell_free(sh);
	rfa_transport_free(t);
	blame(1);
	sshd_stop(&often);
	rfa_buf_release(&out);
	free(data);
}

static void login_files_may_talk(void **state)
{
	struct rfa_shell *sh = NULL;
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_transport *t;
	struct rfa_error err;
	struct sshd loud;
	int status = -1;

	(void)state;
	/* What a talkative .bashrc does, without touching anybody's: before every command. */
	sshd_start(&loud,
		   "ForceCommand echo welcome; echo to prod >&2; eval \"$SSH_ORIGINAL_COMMAND\"");
	t = ssh_to(&loud, "there");
	assert_ok(rfa_shell_new(&sh, t, &err));
	assert_ok(rfa_shell_run(sh, "echo 1", NULL, 0, 0, &out, NULL, &status, &err));
	assert_string_equal(rfa_buf_str(&out), "1\n");
	rfa_shell_free(sh);
	rfa_transport_free(t);
	sshd_stop(&loud);
	rfa_buf_release(&out);
}

/* Many connections, one after the other, leave nothing behind. */
static void nothing_is_left(void **state)
{
	struct sshd *s = *state;
	struct rfa_error err;
	size_t fds;
	int i;

	assert_ok(ssh_connect(s, &err));
	fds = open_fds();
	for (i = 0; i < 10; i++) {
		struct rfa_transport *t = ssh_to(s, "there");

		expect(t, "echo 1", "1\n");
		t->ops->disconnect(t);
		t->ops->disconnect(t);
		expect(t, "echo 2", "2\n");
		rfa_transport_free(t);
	}
	assert_int_equal(open_fds(), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* only the sshd of the fixture lives */
}

static int setup(void **state)
{
	struct sshd *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	sshd_start(s, NULL);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	sshd_stop(*state);
	free(*state);
	return 0;
}

/* An argument, "*keys*", picks tests by name. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_and_changed_keys),
		cmocka_unit_test(types_are_asked_for_in_order),
		cmocka_unit_test(hashed_and_aliased),
		cmocka_unit_test(agent_keys),
		cmocka_unit_test(rsa_keys),
		cmocka_unit_test(jump_hosts),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(somebody_else_there),
		cmocka_unit_test(a_killed_server_is_seen_at_once),
		cmocka_unit_test(a_frozen_server_is_told_in_time),
		cmocka_unit_test(a_quiet_command_is_no_loss),
		cmocka_unit_test(a_busy_caller_is_no_loss),
		cmocka_unit_test(a_deaf_listener_and_back),
		cmocka_unit_test(sessions_may_run_out),
		cmocka_unit_test(a_late_place_is_no_limit),
		cmocka_unit_test(keys_change_on_the_way),
		cmocka_unit_test(login_files_may_talk),
		cmocka_unit_test(nothing_is_left),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("ssh", tests, setup, teardown);
}

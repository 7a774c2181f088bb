/* Makes connections to the sshd of a test. */
#include "dial.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/slow.h"

struct rfa_transport *ssh_to(const struct sshd *s, const char *destination)
{
	struct rfa_ssh_options options = RFA_SSH_OPTIONS_INIT;
	struct rfa_transport *t = NULL;
	struct rfa_error err;

	options.destination = destination;
	options.config_file = s->config;
	options.connect_timeout_ms = slow_ms(5000);
	options.idle_timeout_ms = slow_ms(2400);
	options.connect_attempts = 1;
	if (rfa_transport_ssh(&t, "prod", &options, &err))
		fail_msg("%s", err.msg);
	return t;
}

int ssh_run(struct rfa_transport *t, const char *script, struct rfa_buf *out, struct rfa_error *err)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct rfa_command cmd = { .argv = argv, .idle_timeout_ms = slow_ms(20000) };
	int status = -1;
	int rc;

	rfa_error_clear(err);
	rc = rfa_transport_run(t, &cmd, out, NULL, &status, err);
	return rc ? rc : status;
}

int ssh_connect(const struct sshd *s, struct rfa_error *err)
{
	struct rfa_transport *t = ssh_to(s, "there");
	int rc;

	rfa_error_clear(err);
	rc = t->ops->connect(t, err);
	rfa_transport_free(t);
	return rc;
}

int ssh_shell(const struct sshd *s, const char *script, struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_transport *t = ssh_to(s, "there");
	struct rfa_shell *sh = NULL;
	int status = -1;
	int rc = rfa_shell_new(&sh, t, err);

	if (!rc)
		rc = rfa_shell_run(sh, script, NULL, 0, slow_ms(20000), out, NULL, &status, err);
	rfa_shell_free(sh);
	rfa_transport_free(t);
	return rc;
}

void ssh_configure(const struct sshd *s, const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "Host *\n HostName 127.0.0.1\n Port %u\n User %s\n"
		 " GlobalKnownHostsFile /dev/null\n%s",
		 s->port, s->user, lines);
	sshd_write(s, "ssh_config", text, 0);
}

pid_t ssh_agent(const struct sshd *s, char *socket, size_t size)
{
	pid_t pid;
	int tries;

	snprintf(socket, size, "%s/agent", s->dir);
	(void)unlink(socket);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		freopen("/dev/null", "w", stdout);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("ssh-agent", "ssh-agent", "-D", "-a", socket, (char *)NULL);
		_exit(127);
	}
	for (tries = 0; tries < 3000 && access(socket, F_OK); tries++)
		usleep(10000);
	return pid;
}

void told(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

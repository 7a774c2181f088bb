/* Starts and stops a real sshd for a test. */
#include "sshd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* sshd insists on an absolute path of itself. */
static const char *sshd_path(void)
{
	static const char *const places[] = { "/usr/sbin/sshd", "/usr/local/sbin/sshd",
					      "/usr/bin/sshd", "/sbin/sshd" };
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

int sshd_available(void)
{
	return sshd_path() != NULL;
}

static pid_t start(const char *const argv[], const char *log)
{
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	fd = open("/dev/null", O_RDWR);
	dup2(fd, 0);
	fd = open(log ? log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	/* A test that crashes tears nothing down: then what it started ends with it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Nothing of the test's may be held open by what it starts. */
	for (fd = 3; fd < 256; fd++)
		close(fd);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void sshd_command(const char *const argv[])
{
	pid_t pid = start(argv, NULL);
	int status = -1;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("%s ended with %d", argv[0], status);
}

pid_t sshd_run(const char *const argv[])
{
	pid_t pid = start(argv, NULL);

	assert_true(pid > 0);
	return pid;
}

int sshd_installed(const char *name)
{
	const char *argv[] = { "sh", "-c", "command -v \"$1\"", "sh", name, NULL };
	int status = -1;
	pid_t pid = start(argv, NULL);

	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void path_of(const struct sshd *s, const char *name, char *out, size_t size)
{
	if (name[0] == '/')
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%s/%s", s->dir, name);
}

void sshd_write(const struct sshd *s, const char *name, const char *text, int append)
{
	char path[256];
	FILE *f;

	path_of(s, name, path, sizeof(path));
	f = fopen(path, append ? "a" : "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

char *sshd_read(const struct sshd *s, const char *name)
{
	char *text = calloc(1, 65536);
	char path[256];
	FILE *f;

	assert_non_null(text);
	path_of(s, name, path, sizeof(path));
	f = fopen(path, "r");
	assert_non_null(f);
	(void)!fread(text, 1, 65535, f);
	fclose(f);
	return text;
}

void sshd_keygen(const struct sshd *s, const char *name, const char *type, const char *passphrase)
{
	char path[256];
	const char *argv[] = { "ssh-keygen", "-q", "-t", type, "-N", passphrase,
			       "-C",         name, "-f", path, NULL };

	path_of(s, name, path, sizeof(path));
	sshd_command(argv);
}

static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static int answers(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int rc;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)port);
	rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
	return rc == 0;
}

void sshd_listen(struct sshd *s)
{
	char config[128], log[128];
	const char *argv[] = { sshd_path(), "-D", "-e", "-f", config, NULL };
	int tries;

	snprintf(config, sizeof(config), "%s/sshd_config", s->dir);
	snprintf(log, sizeof(log), "%s/log", s->dir);
	s->pid = start(argv, log);
	assert_true(s->pid > 0);
	for (tries = 0; tries < 1000 && !answers(s->port); tries++) {
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
			fail_msg("sshd ended at once; its log is %s", log);
		poll(NULL, 0, 10);
	}
	assert_true(answers(s->port));
}

void sshd_start(struct sshd *s, const char *extra)
{
	const struct passwd *pw = getpwuid(getuid());
	char text[4096];
	char *pub;

	memset(s, 0, sizeof(*s));
	assert_non_null(pw);
	/* Where sshd locks itself up; made by its service file, which nobody has run here. */
	if (!getuid())
		(void)mkdir("/run/sshd", 0755);
	snprintf(s->dir, sizeof(s->dir), "%s/rfa-sshd-XXXXXX", "/tmp");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->user, sizeof(s->user), "%s", pw->pw_name);
	snprintf(s->config, sizeof(s->config), "%s/ssh_config", s->dir);
	snprintf(s->key, sizeof(s->key), "%s/id_ed25519", s->dir);
	snprintf(s->known_hosts, sizeof(s->known_hosts), "%s/known_hosts", s->dir);
	snprintf(s->authorized, sizeof(s->authorized), "%s/authorized_keys", s->dir);
	s->port = free_port();
	sshd_keygen(s, "host_ed25519", "ed25519", "");
	sshd_keygen(s, "host_ecdsa", "ecdsa", "");
	sshd_keygen(s, "id_ed25519", "ed25519", "");
	pub = sshd_read(s, "id_ed25519.pub");
	sshd_write(s, "authorized_keys", pub, 0);
	free(pub);
	pub = sshd_read(s, "host_ed25519.pub");
	snprintf(text, sizeof(text), "[127.0.0.1]:%u %s", s->port, pub);
	sshd_write(s, "known_hosts", text, 0);
	free(pub);
	/* SHLVL: bash under sshd reads its user's .bashrc, which may take a second, unless nested.
	 */
	snprintf(text, sizeof(text),
		 "%s\nPort %u\nListenAddress 127.0.0.1\nHostKey %s/host_ed25519\n"
		 "HostKey %s/host_ecdsa\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\n"
		 "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
		 "PermitRootLogin yes\nMaxSessions 100\nMaxStartups 100\nUseDNS no\n"
		 "LogLevel VERBOSE\nSetEnv SHLVL=1\n",
		 extra ? extra : "", s->port, s->dir, s->dir, s->authorized);
	sshd_write(s, "sshd_config", text, 0);
	snprintf(text, sizeof(text),
		 "Host *\n HostName 127.0.0.1\n Port %u\n User %s\n IdentityFile %s\n"
		 " IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile %s\n"
		 " GlobalKnownHostsFile /dev/null\n",
		 s->port, s->user, s->key, s->known_hosts);
	sshd_write(s, "ssh_config", text, 0);
	sshd_listen(s);
}

/*
 * libssh2 1.11 forgets an unused key at each key exchange (mac_method_none_init() takes it for its
 * own). 1.10 forgets the list of methods when it is asked for a second one. A sanitizer sees no
 * more of the stack than the library, unless it unwinds the slow way; valgrind, which does, still
 * looks for what rfa forgets there.
 */
const char *libssh2_version(int at_least) __attribute__((weak));
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return libssh2_version && libssh2_version(0x010b00) ? "leak:libssh2.so"
							    : "leak:libssh2_userauth_list";
}

/* The parent of a process and its name; 0 if there is none. */
static pid_t parent_of(long pid, char name[32])
{
	char path[64], text[512];
	char *p, *begin;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	begin = strchr(text, '(');
	p = strrchr(text, ')'); /* the name before it may hold anything */
	if (!begin || !p || strlen(p) <= 4)
		return 0;
	*p = '\0';
	snprintf(name, 32, "%s", begin + 1);
	return (pid_t)strtol(p + 4, NULL, 10);
}

size_t sshd_signal_sessions(const struct sshd *s, int sig)
{
	DIR *proc = opendir("/proc");
	const struct dirent *e;
	pid_t sessions[64];
	size_t count = 0;
	size_t i;

	assert_non_null(proc);
	while ((e = readdir(proc))) {
		long pid = strtol(e->d_name, NULL, 10);
		char name[32], over[32];
		pid_t parent = pid > 1 ? parent_of(pid, name) : 0;

		/* Since OpenSSH 9.8 a session is two processes, and the second has the socket. */
		if (parent > 1 && parent != s->pid && !strncmp(name, "sshd", 4))
			parent = parent_of(parent, over);
		if (parent > 1 && parent == s->pid && count < 64)
			sessions[count++] = (pid_t)pid;
	}
	closedir(proc);
	/* Only now: the second of a pair is nobody's child once the first is dead. */
	for (i = 0; i < count; i++)
		kill(sessions[i], sig);
	return count;
}

void sshd_deafen(struct sshd *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

void sshd_stop(struct sshd *s)
{
	const char *argv[] = { "rm", "-rf", "--", s->dir, NULL };

	if (s->pid > 0) {
		sshd_signal_sessions(s, SIGCONT);
		sshd_signal_sessions(s, SIGKILL);
	}
	sshd_deafen(s);
	if (s->dir[0])
		sshd_command(argv);
	s->dir[0] = '\0';
}

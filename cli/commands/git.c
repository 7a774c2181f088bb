/* Starts git as a child. */
#include "cli/commands/git.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int wait_for(pid_t child, int *status, struct rfa_error *err)
{
	int raw = 0;
	while (waitpid(child, &raw, 0) < 0) {
		if (errno != EINTR)
			return rfa_fail_errno(err, errno, "git");
	}
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	return 0;
}

int rfa_git(const char *path, const char *const args[], int quiet, int *status,
	    struct rfa_error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	size_t n = 0;
	pid_t child;
	while (args[n])
		n++;
	const char **argv = calloc(n + 4, sizeof(*argv));
	if (!argv)
		return rfa_fail_nomem(err);
	argv[0] = "git";
	argv[1] = "-C";
	argv[2] = path;
	memcpy(argv + 3, args, n * sizeof(*argv));

	/* We ignore SIGPIPE; git is to end by it, as it does under a shell. */
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	if (quiet) {
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	}
	fflush(stdout);
	int failed =
	    posix_spawnp(&child, "git", &actions, &attributes, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	free((void *)argv);
	if (failed == ENOENT) {
		rfa_fail(err, RFA_EUNSUPPORTED, "git", "git is not installed");
		return rfa_error_hint(err, "install git; the ledger itself does not need it");
	}
	if (failed)
		return rfa_fail_errno(err, failed, "git");
	return wait_for(child, status, err);
}

/* Containers of the fake that do one thing and end: their command runs while they are waited for.
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 64 };

static json_t *state_of(json_t *container)
{
	return json_object_get(container, "State");
}

static void command_of(json_t *container, const char *words[WORDS_MAX + 1])
{
	json_t *list = json_object_get(json_object_get(container, "Config"), "Cmd"), *one;
	size_t i;

	memset(words, 0, (WORDS_MAX + 1) * sizeof(*words));
	json_array_foreach (list, i, one)
		if (i < WORDS_MAX)
			words[i] = strdup(json_string_value(one));
}

/* Its log is that of a container: a time in front of each line. */
static int run(const char *const words[], const char *log)
{
	int status, pipes[2];
	pid_t pid;
	FILE *in, *out = fopen(log, "w");
	char line[4096];

	if (!out || pipe(pipes))
		exit(70);
	pid = fork();
	if (pid < 0)
		exit(70);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		close(pipes[0]);
		execvp(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	close(pipes[1]);
	in = fdopen(pipes[0], "r");
	while (in && fgets(line, sizeof(line), in)) {
		fprintf(out, "2026-11-22T10:30:15.123456789Z %s", line);
		fflush(out);
	}
	fclose(out);
	if (waitpid(pid, &status, 0) < 0)
		exit(70);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 137;
}

int fake_wait_for(struct fake *f, const char *name)
{
	const char *words[WORDS_MAX + 1];
	json_t *c = fake_find(f, "container", name);
	char log[700];
	int status;

	if (!c)
		fake_no("No such container", name);
	if (!json_is_true(json_object_get(state_of(c), "Running")))
		return 0;
	command_of(c, words);
	if (!words[0])
		fake_bad(f, "wait for a container that never ends");
	snprintf(log, sizeof(log), "%s/log.%s", f->dir, name);
	fake_unload(f);
	status = run(words, log);
	fake_load(f);
	c = fake_find(f, "container", name);
	if (c) {
		fake_running(c, 0);
		json_object_set_new(state_of(c), "ExitCode", json_integer(status));
		fake_store(f);
	}
	printf("%d\n", status);
	return 0;
}

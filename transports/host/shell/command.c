/* Commands of the operator's, on the host itself, as jobs. */
#include "transports/host/shell/shell.h"

#include <string.h>

enum { WORDS_MAX = 256, SAID_MAX = 64 << 10 };

static int too_many(struct rfa_error *err)
{
	return rfa_fail(err, RFA_ETOOBIG, "host", "a command has more than %d words", WORDS_MAX);
}

/* "NAME=value" … and then the command: env(1) would take a command with a = for one of them. */
static int put_words(const struct rfa_host_command *command, const char *args[WORDS_MAX + 2],
		     struct rfa_error *err)
{
	size_t n = 1;

	for (size_t i = 0; command->env[i]; i++) {
		if (n > WORDS_MAX)
			return too_many(err);
		args[n++] = command->env[i];
	}
	if (!command->argv[0] || strchr(command->argv[0], '=') || command->argv[0][0] == '-')
		return rfa_fail(err, RFA_EINTERNAL, "host", "that is no program's name");
	for (size_t i = 0; command->argv[i]; i++) {
		if (n > WORDS_MAX)
			return too_many(err);
		args[n++] = command->argv[i];
	}
	args[n] = NULL;
	return 0;
}

int rfa_shell_command(struct rfa_host *host, const struct rfa_job_key *key,
		      const struct rfa_host_command *command, struct rfa_exec_answer *out,
		      struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SAID_MAX + 1);
	const char *args[WORDS_MAX + 2] = { NULL };
	struct shell_call program = { rfa_script_command_run, args, NULL, 0 };
	char seconds[24];
	int rc = put_words(command, args, err);

	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)command->timeout_s);
	args[0] = seconds;
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0) {
		size_t room = out->said->max - out->said->len;

		out->status = answer.status;
		(void)rfa_buf_add(out->said, answer.out.data,
				  answer.out.len < room ? answer.out.len : room);
		rc = rfa_buf_check(out->said, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

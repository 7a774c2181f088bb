/* Compose: the project as compose itself understands it, and bringing it up. */
#include "transports/host/shell.h"

#include <string.h>

/* Files and environment files of one project. */
#define WORDS_MAX 128

/* $1 the directory, the rest is compose's. Its files are relative to the directory. */
static const char compose_text[] = "cd \"$1\" || exit 44\n"
				   "shift\n"
				   "engine compose \"$@\"\n";

/* The words behind `docker compose`, in args from args[0] on. */
static int words(const struct rfa_compose *project, const char *const tail[],
		 const char *args[WORDS_MAX], struct rfa_error *err)
{
	size_t n = 0, i;

	args[n++] = project->directory;
	args[n++] = "--ansi";
	args[n++] = "never";
	args[n++] = "-p";
	args[n++] = project->project;
	args[n++] = "--project-directory";
	args[n++] = project->directory;
	for (i = 0; project->files && project->files[i] && n + 2 < WORDS_MAX; i++) {
		args[n++] = "-f";
		args[n++] = project->files[i];
	}
	for (i = 0; project->env_files && project->env_files[i] && n + 2 < WORDS_MAX; i++) {
		args[n++] = "--env-file";
		args[n++] = project->env_files[i];
	}
	for (i = 0; tail[i] && n + 2 < WORDS_MAX; i++)
		args[n++] = tail[i];
	args[n] = NULL;
	if (n + 2 >= WORDS_MAX)
		return rfa_fail(err, RFA_ETOOBIG, "host", "a Compose project names too many files");
	if (project->directory[0] != '/')
		return rfa_fail(err, RFA_EINTERNAL, "host",
				"a Compose project's directory is not absolute");
	return 0;
}

static int failed(struct shell_host *h, const struct shell_answer *answer,
		  const struct rfa_compose *project, struct rfa_error *err)
{
	char what[160];

	(void)snprintf(what, sizeof(what), "compose project %.100s", project->project);
	return rfa_shell_host_fail(h, answer, what, err);
}

int rfa_shell_compose_config(struct rfa_host *host, const struct rfa_compose *project, json_t **out,
			     struct rfa_error *err)
{
	static const char *const tail[] = { "config", "--format", "json", NULL };
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	const char *args[WORDS_MAX];
	struct shell_call call = { compose_text, args, NULL, 0 };
	json_t *config = NULL;
	int rc = words(project, tail, args, err);

	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, project, err);
	else if (rc == 0)
		rc = rfa_shell_host_json(h, &config, answer.out.data, answer.out.len,
					 "docker compose config", err);
	if (rc == 0 && !json_is_object(config))
		rc = rfa_shell_host_nonsense(h, "docker compose config answered no object", err);
	if (rc == 0)
		*out = json_incref(config);
	json_decref(config);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_compose_up(struct rfa_host *host, const struct rfa_job_key *key,
			 const struct rfa_compose *project, struct rfa_error *err)
{
	static const char *const tail[] = {
		"up", "-d", "--no-build", "--remove-orphans=false", "--pull", "never", NULL
	};
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[WORDS_MAX];
	struct shell_call program = { compose_text, args, NULL, 0 };
	int rc = words(project, tail, args, err);

	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = failed(h, &answer, project, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Secrets for a job, in the host's memory: put there before it begins, gone when it has ended. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/wipe.h"

/* As many files as one job has, and their bytes. */
#define FILES_MAX 64u
#define BYTES_MAX (8u << 20)

static int not_put(const struct shell_host *h, const struct shell_answer *answer,
		   struct rfa_error *err)
{
	int rc = rfa_shell_host_fail(h, answer, "keeping a secret in memory", err);

	if (answer->status == RFA_EXIT_NO_TOOL)
		(void)rfa_error_hint(err, "mount a tmpfs on /dev/shm there");
	else if (answer->status == RFA_EXIT_UNSAFE)
		(void)rfa_error_hint(err, "remove it there");
	return rc;
}

/* Names and lengths of the files as arguments, their bytes behind each other. */
struct load {
	const char *args[4 + 2 * FILES_MAX + 1];
	char lengths[FILES_MAX][24];
	struct rfa_buf bytes; /* to be wiped */
};

static int pack(struct load *load, const struct shell_kept *files, size_t n, struct rfa_error *err)
{
	size_t sum = 0, i;

	for (i = 0; i < n && i < FILES_MAX; i++) {
		if (!rfa_host_name_ok(files[i].name))
			return rfa_fail(err, RFA_EINTERNAL, "host",
					"a secret has a name that no file can have");
		(void)snprintf(load->lengths[i], sizeof(load->lengths[i]), "%zu", files[i].len);
		load->args[4 + 2 * i] = files[i].name;
		load->args[5 + 2 * i] = load->lengths[i];
		sum += files[i].len;
	}
	if (i < n || sum > BYTES_MAX)
		return rfa_fail(err, RFA_ETOOBIG, "host", "a job has too many secrets");
	(void)rfa_wipe_reserve(&load->bytes, sum);
	for (i = 0; i < n; i++)
		(void)rfa_buf_add(&load->bytes, files[i].data, files[i].len);
	return rfa_buf_check(&load->bytes, err);
}

int rfa_shell_memory_put(struct shell_host *h, const struct rfa_job_key *key,
			 const struct shell_kept *files, size_t n, struct rfa_buf *where,
			 struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf dir = RFA_BUF_INIT(2048);
	struct load load = { .bytes = RFA_BUF_INIT(BYTES_MAX) };
	struct shell_call call = { rfa_script_memory_put, load.args, NULL, 0 };
	int rc = rfa_shell_host_path(h, &dir, key->run, "", err);

	if (rc == 0 && (!rfa_host_name_ok(key->step) || !rfa_host_name_ok(key->op)))
		rc = rfa_fail(err, RFA_EINTERNAL, "host",
			      "a job's key has characters that no key has");
	load.args[0] = key->run;
	load.args[1] = key->step;
	load.args[2] = key->op;
	load.args[3] = rfa_buf_str(&dir);
	if (rc == 0)
		rc = pack(&load, files, n, err);
	call.input = load.bytes.data;
	call.input_len = load.bytes.len;
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = not_put(h, &answer, err);
	if (rc == 0) {
		(void)rfa_buf_add(where, rfa_buf_str(&answer.out),
				  strcspn(rfa_buf_str(&answer.out), "\n"));
		rc = rfa_buf_check(where, err);
	}
	rfa_wipe_buf(&load.bytes);
	rfa_buf_release(&dir);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_memory_forget(struct rfa_host *host, const char *run, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf dir = RFA_BUF_INIT(2048);
	const char *args[] = { run, NULL, NULL };
	struct shell_call call = { rfa_script_memory_forget, args, NULL, 0 };
	int rc = rfa_shell_host_path(h, &dir, run, "", err);

	args[1] = rfa_buf_str(&dir);
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status == RFA_EXIT_HELD) {
		(void)rfa_fail(err, RFA_ELOCKED, "host", "a job of run %s still uses its secrets",
			       run);
		rc = rfa_error_where(err, "%s", host->name);
	} else if (rc == 0 && answer.status != 0) {
		rc = rfa_shell_host_fail(h, &answer, "removing a secret", err);
	}
	rfa_buf_release(&dir);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* The files of a commit, unpacked where images are built. */
#include "transports/host/shell/shell.h"

#include <string.h>

int rfa_shell_source_unpack(struct rfa_host *host, const struct rfa_job_key *key,
			    const char *archive, const char *sha256, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf from = RFA_BUF_INIT(2048), to = RFA_BUF_INIT(2048);
	const char *args[] = { NULL, NULL, sha256, NULL };
	struct shell_call program = { rfa_script_source_unpack, args, NULL, 0 };
	int rc = 0;

	if (strlen(sha256) != 64 || strspn(sha256, "0123456789abcdef") != 64)
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "this is no SHA-256");
	if (rc == 0)
		rc = rfa_shell_archive_path(h, &from, key->run, archive, err);
	if (rc == 0)
		rc = rfa_shell_host_path(h, &to, key->run, "/source", err);
	args[0] = rfa_buf_str(&from);
	args[1] = rfa_buf_str(&to);
	if (rc == 0)
		rc = rfa_shell_host_job(h, key, &program, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "unpacking the sources", err);
	rfa_buf_release(&from);
	rfa_buf_release(&to);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Copies as archives: the same tar every time for the same copy, and back; and copies of nothing.
 */
#include "transports/host/shell/shell.h"

#include <stdio.h>
#include <string.h>

int rfa_shell_tree_pack(struct rfa_host *host, const struct rfa_job_key *key, const char *copy,
			const char *archive, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[] = { copy, NULL, NULL };
	struct shell_call call = { rfa_script_tree_pack, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	args[1] = rfa_buf_str(&path);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "packing data", &answer, err);
	if (rc == 0)
		rc = rfa_shell_tree_archive(h, archive, rfa_buf_str(&answer.out), out, err);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_tree_unpack(struct rfa_host *host, const struct rfa_job_key *key, const char *archive,
			  const char *to, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[] = { NULL, to, NULL };
	struct shell_call call = { rfa_script_tree_unpack, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, to, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	args[0] = rfa_buf_str(&path);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "unpacking data", &answer, err);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_tree_empty(struct rfa_host *host, const struct rfa_job_key *key, const char *to,
			 int64_t uid, int64_t gid, unsigned mode, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	char owner[64], bits[16];
	const char *args[] = { to, owner, bits, NULL };
	struct shell_call call = { rfa_script_tree_empty, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, to, err);

	snprintf(owner, sizeof(owner), "%lld:%lld", (long long)uid, (long long)gid);
	snprintf(bits, sizeof(bits), "%o", mode & 07777);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "making an empty directory", &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

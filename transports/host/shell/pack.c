/*
 * Copies as archives: the same tar every time for the same copy, and back; and copies of nothing.
 * lib_blocks.sh says how an archive leaves out what the other host has.
 */
#include "transports/host/shell/shell.h"

#include <stdio.h>
#include <string.h>

int rfa_shell_tree_known(struct rfa_host *host, const struct rfa_job_key *key,
			 enum rfa_tree_kind kind, const char *path, const char *archive,
			 json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf spool = RFA_BUF_INIT(2048), list = RFA_BUF_INIT(512);
	const char *args[] = { kind == RFA_TREE_SQLITE ? "f" : "d", path, NULL, NULL };
	struct shell_call call = { rfa_script_tree_known, args, NULL, 0 };
	int rc = rfa_shell_tree_path(h, path, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &spool, key->run, archive, err);
	args[2] = rfa_buf_str(&spool);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "listing what is there", &answer, err);
	(void)rfa_buf_printf(&list, ".blocks.%s", archive); /* as list_of says */
	if (rc == 0)
		rc = rfa_buf_check(&list, err);
	if (rc == 0)
		rc = rfa_shell_tree_archive(h, rfa_buf_str(&list), rfa_buf_str(&answer.out), out,
					    err);
	rfa_buf_release(&list);
	rfa_buf_release(&spool);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_tree_pack(struct rfa_host *host, const struct rfa_job_key *key, const char *copy,
			const char *archive, const struct rfa_packing *packing, json_t **out,
			struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048), list = RFA_BUF_INIT(2048);
	const char *args[] = { copy, NULL, packing ? packing->zip : "", NULL, NULL };
	struct shell_call call = { rfa_script_tree_pack, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	args[1] = rfa_buf_str(&path);
	if (rc == 0 && packing && *packing->list)
		rc = rfa_shell_archive_path(h, &list, key->run, packing->list, err);
	args[3] = rfa_buf_str(&list);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "packing data", &answer, err);
	if (rc == 0)
		rc = rfa_shell_tree_archive(h, archive, rfa_buf_str(&answer.out), out, err);
	rfa_buf_release(&list);
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

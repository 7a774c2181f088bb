/*
 * Archives are stored in a vault, cut into chunks, so that what did not change is not stored again.
 * vault_store.sh says how they are cut.
 */
#include "transports/host/shell/shell.h"

#include <string.h>

int rfa_shell_vault_store(struct rfa_host *host, const struct rfa_job_key *key, const char *vault,
			  const char *backup, const char *member, const char *archive, json_t **out,
			  struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[] = { vault, backup, member, NULL, NULL };
	struct shell_call call = { rfa_script_vault_store, args, NULL, 0 };
	int64_t bytes = 0, chunks = 0, fresh = 0;
	const char *p, *sum;
	int rc = rfa_shell_vault_ok(h, vault, backup, member, err);

	if (rc == 0)
		rc = rfa_shell_archive_path(h, &path, key->run, archive, err);
	args[3] = rfa_buf_str(&path);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "storing a backup", &answer, err);
	p = rfa_buf_str(&answer.out);
	sum = p;
	if (rc == 0 && rfa_shell_number(&p, &bytes) == 0)
		sum = p;
	if (rc == 0 && (!rfa_shell_sha256_ok(sum) || sum[64] != ' '))
		rc = rfa_shell_protocol_error(h, "a digest of a backup", err);
	if (rc == 0) {
		p = sum + 65;
		if (rfa_shell_number(&p, &chunks) || rfa_shell_number(&p, &fresh) || *p ||
		    fresh > bytes)
			rc = rfa_shell_protocol_error(h, "what was stored", err);
	}
	if (rc == 0) {
		*out = json_pack("{s:I, s:s%, s:I, s:I}", "bytes", (json_int_t)bytes, "sha256", sum,
				 (size_t)64, "chunks", (json_int_t)chunks, "new_bytes",
				 (json_int_t)fresh);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

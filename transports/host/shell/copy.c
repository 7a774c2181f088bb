/*
 * Copies of trees and databases, in two passes, so that what writes stands still only for the
 * second one. tree_copy.sh says what each pass relies on.
 */
#include "transports/host/shell/shell.h"

#include <string.h>

int rfa_shell_tree_copy(struct rfa_host *host, const struct rfa_job_key *key,
			enum rfa_tree_kind kind, const char *from, const char *to,
			enum rfa_copy_pass pass, json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { kind == RFA_TREE_SQLITE ? "f" : "d", from, to,
			       pass == RFA_COPY_BULK ? "bulk" : "final", NULL };
	struct shell_call call = { rfa_script_tree_copy, args, NULL, 0 };
	int64_t reflink = 0, bytes = 0, apparent = 0, inodes = 0;
	size_t len = strlen(from);
	const char *p;
	int rc = rfa_shell_tree_path(h, from, err);

	if (rc == 0)
		rc = rfa_shell_tree_own(h, to, err);
	if (rc == 0 && strncmp(from, to, len) == 0 && to[len] == '/')
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "a copy of a tree into itself");
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "copying data", &answer, err);
	p = rfa_buf_str(&answer.out);
	if (rc == 0 &&
	    (rfa_shell_number(&p, &reflink) || rfa_shell_number(&p, &bytes) ||
	     rfa_shell_number(&p, &apparent) || rfa_shell_number(&p, &inodes) || *p || reflink > 1))
		rc = rfa_shell_protocol_error(h, "what was copied", err);
	if (rc == 0) {
		*out = json_pack("{s:b, s:I, s:I}", "reflink", (int)reflink, "bytes",
				 (json_int_t)bytes, "inodes", (json_int_t)inodes);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

/*
 * The spool of a run: archives on their way.
 *
 * An archive that was received is a plain file. One that was made here is a directory: `save` (what
 * docker wrote), `frame` (our bytes), and `segments`, one line "save|frame OFFSET SIZE" each, which
 * give the archive when put together. So the host alone can answer any range of it, also to
 * another process, and no layer is written twice.
 */
#include "transports/host/shell/shell.h"

#include <string.h>

static int spool_path(struct shell_host *h, struct rfa_buf *path, const char *run,
		      const char *archive, struct rfa_error *err)
{
	int rc = rfa_shell_host_path(h, path, run, "/spool", err);

	if (rc == 0 && archive) {
		if (!rfa_host_name_ok(archive))
			return rfa_fail(err, RFA_EINTERNAL, "host",
					"an archive's name has characters that no name has");
		(void)rfa_buf_printf(path, "/%s", archive);
		rc = rfa_buf_check(path, err);
	}
	return rc;
}

int rfa_shell_archive_path(struct shell_host *h, struct rfa_buf *path, const char *run,
			   const char *archive, struct rfa_error *err)
{
	return spool_path(h, path, run, archive ? archive : "", err);
}

/* sh -c TEXT rfa ARGS… on a channel of its own. */
static int open_stream(struct shell_host *h, const char *const *script, const char *const args[3],
		       struct rfa_stream **out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(16384);
	const char *argv[] = { "sh", "-c", NULL, "rfa", args[0], args[1], args[2], NULL };
	int rc;

	for (; *script; script++)
		(void)rfa_buf_puts(&text, *script);
	argv[2] = rfa_buf_str(&text);
	rc = rfa_buf_check(&text, err);
	if (rc == 0)
		rc = h->transport->ops->connect(h->transport, err);
	if (rc == 0)
		rc = rfa_shell_host_exec(h, argv, out, err);
	rfa_buf_release(&text);
	return rc == 0 ? 0 : rfa_error_where(err, "%s", h->host.name);
}

int rfa_shell_spool_read(struct rfa_host *host, const char *run, const char *archive,
			 uint64_t offset, struct rfa_stream **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[3] = { NULL }, *look[2] = { NULL };
	struct shell_call call = { rfa_script_spool_size, look, NULL, 0 };
	char from[24];
	int rc = spool_path(h, &path, run, archive, err);

	(void)snprintf(from, sizeof(from), "%llu", (unsigned long long)offset);
	args[0] = look[0] = rfa_buf_str(&path);
	args[1] = from;
	/* A stream could tell only at its end that there is nothing to read. */
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = rfa_shell_host_fail(h, &answer, "the spool", err);
	else if (rc == 0 && answer.out.len == 0)
		rc = rfa_fail(err, RFA_ENOTFOUND, "host",
			      "archive %s is not in the spool of run %s", archive, run);
	if (rc == 0)
		rc = open_stream(h, rfa_script_spool_read, args, out, err);
	else
		(void)rfa_error_where(err, "%s", host->name);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_spool_write(struct rfa_host *host, const char *run, const char *archive,
			  uint64_t offset, struct rfa_stream **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct rfa_buf path = RFA_BUF_INIT(2048);
	const char *args[3];
	char at[24];
	int rc = spool_path(h, &path, run, NULL, err);

	if (rc == 0 && !rfa_host_name_ok(archive))
		rc = rfa_fail(err, RFA_EINTERNAL, "host",
			      "an archive's name has characters that no name has");
	(void)snprintf(at, sizeof(at), "%llu", (unsigned long long)offset);
	args[0] = rfa_buf_str(&path);
	args[1] = archive;
	args[2] = at;
	if (rc == 0)
		rc = open_stream(h, rfa_script_spool_write, args, out, err);
	rfa_buf_release(&path);
	return rc;
}

static int parse_digests(struct shell_host *h, const struct rfa_buf *text, json_t *out,
			 uint64_t *size, struct rfa_error *err)
{
	const char *p = rfa_buf_str(text);
	int64_t total;

	if (rfa_shell_number(&p, &total))
		return rfa_shell_protocol_error(h, "a size", err);
	while (*p) {
		if (strspn(p, "0123456789abcdef") != 64)
			return rfa_shell_protocol_error(h, "a digest", err);
		if (json_array_append_new(out, json_stringn(p, 64)))
			return rfa_fail_nomem(err);
		p = strchr(p, '\n');
		if (!p)
			return rfa_shell_protocol_error(h, "a digest without end", err);
		p++;
	}
	*size = (uint64_t)total;
	return 0;
}

int rfa_shell_spool_digests(struct rfa_host *host, const char *run, const char *archive,
			    uint64_t chunk, uint64_t bytes, json_t **out, uint64_t *size,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	struct rfa_buf path = RFA_BUF_INIT(2048);
	char step[24], far[24];
	const char *args[] = { NULL, step, far, NULL };
	struct shell_call call = { rfa_script_spool_digests, args, NULL, 0 };
	json_t *list = NULL;
	int rc = spool_path(h, &path, run, archive, err);

	if (rc == 0 && (chunk == 0 || chunk > INT64_MAX || bytes > INT64_MAX))
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "digests of chunks of no size");
	(void)snprintf(step, sizeof(step), "%llu", (unsigned long long)chunk);
	(void)snprintf(far, sizeof(far), "%llu", (unsigned long long)bytes);
	args[0] = rfa_buf_str(&path);
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0) {
		rc = rfa_shell_host_fail(h, &answer, "digests of the spool", err);
		if (answer.status == RFA_EXIT_NO_TOOL)
			(void)rfa_error_hint(err, "install coreutils 8.26 or later on the host");
	}
	if (rc == 0)
		rc = (list = json_array()) ? parse_digests(h, &answer.out, list, size, err)
					   : rfa_fail_nomem(err);
	if (rc == 0)
		*out = json_incref(list);
	json_decref(list);
	rfa_buf_release(&path);
	rfa_shell_answer_release(&answer);
	return rc;
}

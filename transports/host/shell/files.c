/* Small files on a host, and the space that there is. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int absolute(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	if (path[0] == '/')
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "the path of a file is not absolute");
	return rfa_error_where(err, "%s", h->host.name);
}

/* Runs a script over a path; a status that is not 0 becomes an error that names it. */
static int over(struct shell_host *h, const struct shell_call *call, struct shell_answer *answer,
		struct rfa_error *err)
{
	struct rfa_buf what = RFA_BUF_INIT(1024);
	int rc = absolute(h, call->args[0], err);

	if (rc == 0)
		rc = call->script == rfa_script_file_write
			 ? rfa_shell_host_run(h, call, answer, err)
			 : rfa_shell_host_read(h, call, answer, err);
	if (rc == 0 && answer->status != 0) {
		(void)rfa_buf_put_printable(&what, call->args[0], strlen(call->args[0]), 200);
		rc = rfa_shell_host_fail(h, answer, rfa_buf_str(&what), err);
	}
	rfa_buf_release(&what);
	return rc;
}

int rfa_shell_file_stat(struct rfa_host *host, const char *path, struct rfa_file_stat *out,
			struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, NULL }, *p;
	struct shell_call call = { rfa_script_file_stat, args, NULL, 0 };
	struct rfa_file_stat st = { 0 };
	int64_t uid = 0, gid = 0;
	unsigned long mode = 0;
	char *end = NULL;
	int rc = over(h, &call, &answer, err);

	p = rfa_buf_str(&answer.out);
	if (rc == 0 && strcmp(p, "none\n") != 0) {
		mode = strtoul(p, &end, 16);
		p = *end == ' ' ? end + 1 : "";
		if (rfa_shell_number(&p, &uid) || rfa_shell_number(&p, &gid) ||
		    rfa_shell_number(&p, &st.size) || uid > UINT32_MAX || gid > UINT32_MAX)
			rc = rfa_shell_protocol_error(h, "stat", err);
	}
	if (rc == 0) {
		/* A time before 1970 is no reason to fail. */
		if (p[0] && p[0] != '-' && strcmp(p, "none\n") != 0 &&
		    rfa_shell_number(&p, &st.mtime_s))
			st.mtime_s = 0;
		if (end)
			st.type = S_ISREG(mode)   ? 'f'
				  : S_ISDIR(mode) ? 'd'
				  : S_ISLNK(mode) ? 'l'
						  : 'o';
		st.mode = (unsigned)(mode & 07777);
		st.uid = (uint32_t)uid;
		st.gid = (uint32_t)gid;
		*out = st;
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_file_read(struct rfa_host *host, const char *path, size_t max, struct rfa_buf *out,
			struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(max + 1);
	char most[24];
	const char *args[] = { path, most, NULL };
	struct shell_call call = { rfa_script_file_read, args, NULL, 0 };
	int rc;

	(void)snprintf(most, sizeof(most), "%zu", max);
	rc = over(h, &call, &answer, err);
	if (rc == 0 && answer.out.len > max)
		rc = rfa_fail(err, RFA_ETOOBIG, "host", "%.200s grew over %zu bytes", path, max);
	if (rc == 0) {
		(void)rfa_buf_add(out, answer.out.data, answer.out.len);
		rc = rfa_buf_check(out, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_file_write(struct rfa_host *host, const char *path, unsigned mode, const void *data,
			 size_t len, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	char octal[16], bytes[24];
	const char *args[] = { path, octal, bytes, host->state_dir, NULL };
	struct shell_call call = { rfa_script_file_write, args, data, len };
	int rc;

	(void)snprintf(octal, sizeof(octal), "%o", mode & 07777u);
	(void)snprintf(bytes, sizeof(bytes), "%zu", len);
	rc = over(h, &call, &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* An id of an object of git's (SHA-1 or SHA-256) at *text; moves behind it and a blank or newline.
 */
static int object_id(const char **text, char out[72])
{
	size_t n = strspn(*text, "0123456789abcdef");

	if ((n != 40 && n != 64) || ((*text)[n] != ' ' && (*text)[n] != '\n'))
		return -1;
	memcpy(out, *text, n);
	out[n] = 0;
	*text += n + 1;
	return 0;
}

int rfa_shell_worktree(struct rfa_host *host, const char *directory, json_t **out,
		       struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { directory, NULL }, *p;
	struct shell_call call = { rfa_script_worktree, args, NULL, 0 };
	char commit[72] = "", tree[72] = "", now[72] = "";
	json_t *made = NULL;
	int rc = over(h, &call, &answer, err);

	p = rfa_buf_str(&answer.out);
	if (rc == 0 && *p &&
	    (object_id(&p, commit) || object_id(&p, tree) || object_id(&p, now) || *p))
		rc = rfa_shell_protocol_error(h, "a working tree", err);
	if (rc == 0) {
		made = json_pack("{s:s?, s:b, s:s?}", "commit", *commit ? commit : NULL, "dirty",
				 strcmp(tree, now) != 0, "tree", *now ? now : NULL);
		rc = made ? 0 : rfa_fail_nomem(err);
	}
	if (rc == 0)
		*out = made;
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_file_remove(struct rfa_host *host, const char *path, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, NULL };
	struct shell_call call = { rfa_script_file_remove, args, NULL, 0 };
	int rc = over(h, &call, &answer, err);

	rfa_shell_answer_release(&answer);
	return rc;
}

/*
 * "FILESYSTEM BLOCKS USED FREE CAPACITY MOUNT": names may hold blanks, so the row is recognised by
 * its three numbers and what follows them. *name_len is 0 when there is no such row.
 */
static void parse_df(const char *line, size_t *name_len, int64_t *total, int64_t *available)
{
	const char *p = line, *end = strchr(line, '\n'), *q;
	int64_t a, used, b;

	*name_len = 0;
	for (; p && *p && p != end; p = strchr(p, ' ')) {
		while (*p == ' ')
			p++;
		for (q = p; *q == ' '; q++)
			;
		if (p == line)
			continue;
		if (rfa_shell_number(&q, &a))
			continue;
		q += strspn(q, " ");
		if (rfa_shell_number(&q, &used))
			continue;
		q += strspn(q, " ");
		if (rfa_shell_number(&q, &b))
			continue;
		q += strspn(q, " ");
		q += strspn(q, "0123456789");
		if (*q != '%' && *q != '-')
			continue;
		*name_len = (size_t)(p - line);
		while (*name_len > 0 && line[*name_len - 1] == ' ')
			--*name_len;
		*total = a;
		*available = b;
		return;
	}
}

int rfa_shell_disk(struct rfa_host *host, const char *path, struct rfa_disk *out,
		   struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, NULL }, *p;
	struct shell_call call = { rfa_script_disk_space, args, NULL, 0 };
	struct rfa_disk disk = { .bytes_total = 0 };
	int64_t device = 0, total = 0, available = 0;
	size_t name = 0;
	int rc = over(h, &call, &answer, err);

	p = rfa_buf_str(&answer.out);
	if (rc == 0 && rfa_shell_number(&p, &device) == 0 &&
	    rfa_shell_number(&p, &disk.inodes_total) == 0 &&
	    rfa_shell_number(&p, &disk.inodes_free) == 0) {
		p += strcspn(p, "\n"); /* the heading */
		p += *p == '\n';
		parse_df(p, &name, &total, &available);
	}
	if (rc == 0 && (name == 0 || total > INT64_MAX / 1024 || available > total))
		rc = rfa_shell_protocol_error(h, "df", err);
	if (rc == 0) {
		disk.bytes_total = total * 1024;
		disk.bytes_free = available * 1024;
		if (p[0] == '/')
			(void)snprintf(disk.filesystem, sizeof(disk.filesystem), "%.*s",
				       (int)(name < 127 ? name : 127), p);
		else
			(void)snprintf(disk.filesystem, sizeof(disk.filesystem),
				       "%.*s (device %lld)", (int)(name < 64 ? name : 64), p,
				       (long long)device);
		*out = disk;
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

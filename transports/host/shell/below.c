/* Files below a directory of a host: listed, read, written, removed. */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The errors of these scripts, which name the directory. */
static int fail(const struct shell_host *h, const struct shell_answer *answer,
		const char *directory, struct rfa_error *err)
{
	struct rfa_buf what = RFA_BUF_INIT(2048);
	int rc;

	(void)rfa_buf_put_printable(&what, directory, strlen(directory), 200);
	rc = rfa_shell_host_fail(h, answer, rfa_buf_str(&what), err);
	if (answer->status == RFA_EXIT_NO_TOOL || answer->status == 127)
		(void)rfa_error_hint(err, "install coreutils, GNU findutils and awk on the host");
	rfa_buf_release(&what);
	return rc;
}

/* Listing. */

/* "TYPE MODE UID GID BYTES PATH" at text; 0 or -1. */
static int parse_entry(const char *text, struct rfa_file_entry *out, const char **path)
{
	static const char known[] = "fdl";
	const char *p = text + 2;
	int64_t uid = 0, gid = 0;
	char *end = NULL;

	if (!text[0] || text[1] != ' ')
		return -1;
	out->stat.type = strchr(known, text[0]) ? text[0] : 'o';
	out->stat.mode = (unsigned)strtoul(p, &end, 8) & 07777u;
	if (end == p || *end != ' ')
		return -1;
	p = end + 1;
	if (rfa_shell_number(&p, &uid) || rfa_shell_number(&p, &gid) ||
	    rfa_shell_number(&p, &out->stat.size) || uid > UINT32_MAX || gid > UINT32_MAX || !*p)
		return -1;
	out->stat.uid = (uint32_t)uid;
	out->stat.gid = (uint32_t)gid;
	*path = p;
	return 0;
}

static int add_entry(const struct shell_host *h, struct rfa_file_list *list, const char *text,
		     struct rfa_error *err)
{
	struct rfa_file_entry one = { .path = NULL }, *grown;
	const char *path = NULL;

	/* More may have come since they were counted. */
	if (list->n >= RFA_FILE_LIST_MAX)
		return rfa_fail(err, RFA_ETOOBIG, "host", "the directory grows while it is listed");
	if (parse_entry(text, &one, &path))
		return rfa_shell_protocol_error(h, "a list of files", err);
	grown = realloc(list->at, (list->n + 1) * sizeof(*grown));
	if (!grown)
		return rfa_fail_nomem(err);
	list->at = grown;
	one.path = strdup(path);
	if (!one.path)
		return rfa_fail_nomem(err);
	list->at[list->n++] = one;
	return 0;
}

/* "SHA-256 PATH": of an entry that is there; of what has come since, nothing is kept. */
static int add_sum(const struct shell_host *h, struct rfa_file_list *list, const char *text,
		   struct rfa_error *err)
{
	const struct rfa_file_entry *found;

	if (!rfa_shell_sha256_ok(text) || text[64] != ' ')
		return rfa_shell_protocol_error(h, "the digest of a file", err);
	found = rfa_file_list_find(list, text + 65);
	if (found && found->stat.type == 'f')
		memcpy(list->at[found - list->at].sha256, text, 64);
	return 0;
}

/* All records of one kind ("E", "S"). */
static int take(const struct shell_host *h, const struct rfa_buf *text, char kind,
		struct rfa_file_list *list, struct rfa_error *err)
{
	const char *p = rfa_buf_str(text), *end = p + text->len;
	int rc = 0;

	for (; p < end && rc == 0; p += strlen(p) + 1) {
		if ((p[0] != 'E' && p[0] != 'S') || p[1] != ' ')
			rc = rfa_shell_protocol_error(h, "a list of files", err);
		else if (p[0] == kind)
			rc = kind == 'E' ? add_entry(h, list, p + 2, err)
					 : add_sum(h, list, p + 2, err);
	}
	return rc;
}

/* *out (new): the words of the script; `without` may be NULL. */
static const char **words_of(const char *directory, const char *most, const char *bytes,
			     const char *const *without)
{
	const char **args;
	size_t n = 0, i;

	while (without && without[n])
		n++;
	args = calloc(n + 4, sizeof(*args));
	if (!args)
		return NULL;
	args[0] = directory;
	args[1] = most;
	args[2] = bytes;
	for (i = 0; i < n; i++)
		args[3 + i] = without[i];
	return args;
}

int rfa_shell_file_list(struct rfa_host *host, const char *directory, const char *const *without,
			struct rfa_file_list *out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_JSON_MAX);
	struct rfa_file_list list = { NULL, 0 };
	char most[24], bytes[24];
	const char **args = words_of(directory, most, bytes, without);
	struct shell_call call = { rfa_script_file_list, args, NULL, 0 };
	int rc = args ? rfa_shell_tree_path(h, directory, err) : rfa_fail_nomem(err);

	(void)snprintf(most, sizeof(most), "%d", RFA_FILE_LIST_MAX);
	(void)snprintf(bytes, sizeof(bytes), "%d", RFA_FILE_LIST_BYTES);
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = fail(h, &answer, directory, err);
	if (rc == 0)
		rc = take(h, &answer.out, 'E', &list, err);
	rfa_file_list_sort(&list);
	if (rc == 0)
		rc = take(h, &answer.out, 'S', &list, err);
	if (rc == 0)
		*out = list;
	else
		rfa_file_list_release(&list);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}

/* A path below a directory is plain, as one of a tree is. */
static int check(const struct shell_host *h, const char *directory, const char *path,
		 struct rfa_error *err)
{
	struct rfa_buf whole = RFA_BUF_INIT(65536);
	int rc;

	(void)rfa_buf_printf(&whole, "/%s", path);
	rc = rfa_shell_tree_path(h, directory, err);
	if (rc == 0)
		rc = rfa_buf_check(&whole, err);
	if (rc == 0)
		rc = rfa_shell_tree_path(h, rfa_buf_str(&whole), err);
	rfa_buf_release(&whole);
	return rc;
}

/* Reading. */

int rfa_shell_file_get(struct rfa_host *host, const char *directory, const char *path, size_t max,
		       struct rfa_buf *out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(max + (64 << 10));
	char most[24];
	const char *args[] = { directory, path, most, NULL };
	struct shell_call call = { rfa_script_file_get, args, NULL, 0 };
	int rc = check(h, directory, path, err);

	(void)snprintf(most, sizeof(most), "%zu", max);
	if (rc == 0)
		rc = rfa_shell_host_read(h, &call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = fail(h, &answer, directory, err);
	if (rc == 0 && answer.out.len > max)
		rc = rfa_fail(err, RFA_ETOOBIG, "host", "%.200s grew over %zu bytes", path, max);
	if (rc == 0) {
		(void)rfa_buf_add(out, answer.out.data, answer.out.len);
		rc = rfa_buf_check(out, err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Changing. */

static int below(struct shell_host *h, const struct shell_call *call, struct rfa_error *err)
{
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	int rc = check(h, call->args[0], call->args[1], err);

	if (rc == 0)
		rc = rfa_shell_host_run(h, call, &answer, err);
	if (rc == 0 && answer.status != 0)
		rc = fail(h, &answer, call->args[0], err);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_file_put(struct rfa_host *host, const struct rfa_file_put *put, struct rfa_error *err)
{
	char octal[16], bytes[24], owner[48] = "";
	const char *args[] = { put->directory, put->path, octal, bytes, owner, NULL };
	struct shell_call call = { rfa_script_file_put, args, put->data, put->len };

	(void)snprintf(octal, sizeof(octal), "%o", put->mode & 0777u);
	(void)snprintf(bytes, sizeof(bytes), "%zu", put->len);
	if (put->uid >= 0 && put->gid >= 0)
		(void)snprintf(owner, sizeof(owner), "%lld:%lld", (long long)put->uid,
			       (long long)put->gid);
	return below((struct shell_host *)host, &call, err);
}

int rfa_shell_file_drop(struct rfa_host *host, const char *directory, const char *path,
			struct rfa_error *err)
{
	const char *args[] = { directory, path, NULL };
	struct shell_call call = { rfa_script_file_drop, args, NULL, 0 };

	return below((struct shell_host *)host, &call, err);
}

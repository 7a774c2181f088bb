/*
 * Trees and databases on a host: what is there, which processes hold it open, and what SQLite says
 * of it. Also how scripts over trees are run.
 */
#include "transports/host/shell/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Most holders that are told of. */
#define HOLDERS_MAX 20
/* Longest text of SQLite's that is passed on. */
#define SUMMARY_MAX 4000

/* Running. */

static int failed(struct shell_host *h, const struct shell_answer *answer, const char *what,
		  struct rfa_error *err)
{
	static const struct {
		int status;
		enum rfa_code code;
	} sure[] = { { RFA_EXIT_NOTFOUND, RFA_ENOTFOUND },
		     { RFA_EXIT_EXISTS, RFA_EEXISTS },
		     { RFA_EXIT_MISMATCH, RFA_EMISMATCH } };
	struct rfa_buf words = RFA_BUF_INIT(2048);
	size_t i;
	int rc;

	/* Their words hold names, and names may say anything: nothing is looked for in them. */
	for (i = 0; i < sizeof(sure) / sizeof(sure[0]); i++) {
		if (sure[i].status != answer->status)
			continue;
		if (answer->words.len)
			(void)rfa_buf_put_printable(&words, answer->words.data,
						    strcspn(rfa_buf_str(&answer->words), "\n"),
						    360);
		rc = rfa_fail(err, sure[i].code, "host", "%s: %s: %s", what,
			      rfa_code_word(sure[i].code), rfa_buf_str(&words));
		rfa_buf_release(&words);
		return rc < 0 ? rfa_error_where(err, "%s", h->host.name) : rc;
	}
	rc = rfa_shell_host_fail(h, answer, what, err);

	if (answer->status == RFA_EXIT_NO_TOOL &&
	    rfa_remote_mentions(answer->words.data, answer->words.len, "sqlite3"))
		(void)rfa_error_hint(err, "install sqlite3 on the host");
	else if (answer->status == RFA_EXIT_NO_TOOL &&
		 rfa_remote_mentions(answer->words.data, answer->words.len, "perl"))
		(void)rfa_error_hint(err, "install perl on the host");
	else if (answer->status == RFA_EXIT_NO_TOOL || answer->status == 127)
		(void)rfa_error_hint(err, "install coreutils, findutils, GNU tar and awk on the "
					  "host");
	return rc;
}

int rfa_shell_tree_read(struct shell_host *h, const struct shell_call *call, const char *what,
			struct shell_answer *answer, struct rfa_error *err)
{
	int rc = rfa_shell_host_read(h, call, answer, err);

	return rc == 0 && answer->status != 0 ? failed(h, answer, what, err) : rc;
}

int rfa_shell_tree_job(struct shell_host *h, const struct rfa_job_key *key,
		       const struct shell_call *call, const char *what, struct shell_answer *answer,
		       struct rfa_error *err)
{
	int rc = rfa_shell_host_job(h, key, call, answer, err);

	return rc == 0 && answer->status != 0 ? failed(h, answer, what, err) : rc;
}

int rfa_shell_tree_path(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	const char *p = path, *end;
	int ok = path && path[0] == '/' && path[1];

	for (; ok && *p; p = end) {
		size_t n;

		end = p + 1 + strcspn(p + 1, "/");
		n = (size_t)(end - p) - 1;
		ok = n > 0 && !(n == 1 && p[1] == '.') && !(n == 2 && p[1] == '.' && p[2] == '.');
	}
	if (ok)
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "the path of a tree is not absolute and plain");
	return rfa_error_where(err, "%s", h->host.name);
}

static int no_copy(const struct shell_host *h, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "this is not the path of a copy");
	return rfa_error_where(err, "%s", h->host.name);
}

/* Does the last name of a path of this length begin with ".rfa-"? */
static int is_own(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 && strncmp(path + len - 1, "/.rfa-", 6) == 0;
}

int rfa_shell_tree_own(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	int rc = rfa_shell_tree_path(h, path, err);
	size_t len = rc == 0 ? strlen(path) : 0;

	if (rc == 0 && (len < 5 || strcmp(path + len - 5, "/tree") != 0 || !is_own(path, len - 5)))
		rc = no_copy(h, err);
	return rc;
}

int rfa_shell_tree_any(const struct shell_host *h, const char *path, struct rfa_error *err)
{
	int rc = rfa_shell_tree_path(h, path, err);

	return rc || is_own(path, strlen(path)) ? rc : rfa_shell_tree_own(h, path, err);
}

int rfa_shell_sha256_ok(const char *text)
{
	return strspn(text, "0123456789abcdef") == 64;
}

int rfa_shell_tree_archive(const struct shell_host *h, const char *archive, const char *text,
			   json_t **out, struct rfa_error *err)
{
	int64_t bytes = 0;
	const char *p = text;

	if (rfa_shell_number(&p, &bytes) || !rfa_shell_sha256_ok(p) || strcmp(p + 64, "\n") != 0)
		return rfa_shell_protocol_error(h, "an archive's size and digest", err);
	*out = json_pack("{s:s, s:I, s:s%}", "archive", archive, "bytes", (json_int_t)bytes,
			 "sha256", p, (size_t)64);
	return *out ? 0 : rfa_fail_nomem(err);
}

/* Looks. */

struct look {
	unsigned long mode;
	int64_t uid, gid, device, inode, mount, sqlite, bytes, apparent, inodes, too_long, apart,
	    special, flags;
};

/*
 * "MODE UID GID DEVICE DEVICE:INODE MOUNTED SQLITE", "BYTES APPARENT INODES LONG APART SPECIAL" and
 * "FLAGS"; 0 or -1.
 */
static int parse_observed(const char *p, struct look *l)
{
	char *end = NULL;
	int64_t again;

	l->mode = strspn(p, "0123456789abcdef") > 0 ? strtoul(p, &end, 16) : 0;
	if (!end || *end != ' ' || l->mode > 0177777)
		return -1;
	p = end + 1;
	if (rfa_shell_number(&p, &l->uid) || rfa_shell_number(&p, &l->gid) || l->uid > UINT32_MAX ||
	    l->gid > UINT32_MAX || rfa_shell_number(&p, &l->device))
		return -1;
	again = (int64_t)strtoll(p, &end, 10);
	if (again != l->device || *end != ':')
		return -1;
	p = end + 1;
	if (rfa_shell_number(&p, &l->inode) || rfa_shell_number(&p, &l->mount) || l->mount > 1 ||
	    rfa_shell_number(&p, &l->sqlite) || l->sqlite > 1 || rfa_shell_number(&p, &l->bytes) ||
	    rfa_shell_number(&p, &l->apparent) || rfa_shell_number(&p, &l->inodes))
		return -1;
	return rfa_shell_number(&p, &l->too_long) || rfa_shell_number(&p, &l->apart) ||
		       rfa_shell_number(&p, &l->special) || rfa_shell_number(&p, &l->flags) || *p
		   ? -1
		   : 0;
}

static json_t *observed_json(const struct look *l)
{
	static const struct {
		unsigned long format;
		const char *type;
	} types[] = { { 0040000, "d" }, { 0100000, "f" }, { 0120000, "l" } };
	const char *type = "o";
	char device[24], entry[48];
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((l->mode & 0170000) == types[i].format)
			type = types[i].type;
	(void)snprintf(device, sizeof(device), "%lld", (long long)l->device);
	(void)snprintf(entry, sizeof(entry), "%lld:%lld", (long long)l->device,
		       (long long)l->inode);
	return json_pack(
	    "{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "type",
	    type, "mount", (int)l->mount, "sqlite", (int)l->sqlite, "uid", (json_int_t)l->uid,
	    "gid", (json_int_t)l->gid, "mode", (json_int_t)(l->mode & 07777), "bytes",
	    (json_int_t)l->bytes, "apparent", (json_int_t)l->apparent, "inodes",
	    (json_int_t)l->inodes, "too_long", (json_int_t)l->too_long, "apart",
	    (json_int_t)l->apart, "special", (json_int_t)l->special, "flags", (json_int_t)l->flags,
	    "device", device, "entry", entry);
}

int rfa_shell_tree_observe(struct rfa_host *host, enum rfa_tree_kind kind, const char *path,
			   json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *args[] = { path, kind == RFA_TREE_SQLITE ? "db" : "", NULL };
	struct shell_call call = { rfa_script_tree_observe, args, NULL, 0 };
	struct look l = { 0 };
	int rc = rfa_shell_tree_path(h, path, err);

	if (rc == 0)
		rc = rfa_shell_tree_read(h, &call, "looking at a tree", &answer, err);
	if (rc == -RFA_EREFUSED && answer.status == RFA_EXIT_UNSAFE) {
		struct rfa_buf words = RFA_BUF_INIT(2048);

		(void)rfa_buf_put_printable(&words, answer.words.data,
					    strcspn(rfa_buf_str(&answer.words), "\n"), 360);
		*out = json_pack("{s:s, s:s}", "type", "", "unsafe", rfa_buf_str(&words));
		rfa_buf_release(&words);
		rfa_shell_answer_release(&answer);
		if (!*out)
			return rfa_fail_nomem(err);
		rfa_error_clear(err);
		return 0;
	}
	if (rc == 0 && strcmp(rfa_buf_str(&answer.out), "none\n") == 0) {
		*out = json_pack("{s:s}", "type", "");
		rc = *out ? 0 : rfa_fail_nomem(err);
	} else if (rc == 0 && parse_observed(rfa_buf_str(&answer.out), &l)) {
		rc = rfa_shell_protocol_error(h, "the observation of a tree", err);
	} else if (rc == 0) {
		*out = observed_json(&l);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Holders. */

/* "PID NUMBER COMMAND" a line. */
static int parse_holders(struct shell_host *h, const char *p, const json_t *paths, json_t *list,
			 struct rfa_error *err)
{
	while (*p) {
		struct rfa_buf command = RFA_BUF_INIT(1024);
		int64_t pid = 0, number = 0;
		const char *end;
		json_t *one;

		if (rfa_shell_number(&p, &pid) || rfa_shell_number(&p, &number) ||
		    pid > INT32_MAX || number >= (int64_t)json_array_size(paths) || p[-1] != ' ' ||
		    !(end = strchr(p, '\n')) || json_array_size(list) == HOLDERS_MAX)
			return rfa_shell_protocol_error(h, "a process that holds a tree", err);
		(void)rfa_buf_put_printable(&command, p, (size_t)(end - p), 64);
		one = json_pack("{s:I, s:s, s:O}", "pid", (json_int_t)pid, "command",
				rfa_buf_str(&command), "path",
				json_object_get(json_array_get(paths, (size_t)number), "path"));
		rfa_buf_release(&command);
		if (json_array_append_new(list, one))
			return rfa_fail_nomem(err);
		p = end + 1;
	}
	return 0;
}

/* The ids with blanks between them. */
static int put_ids(struct shell_host *h, const json_t *without, struct rfa_buf *out,
		   struct rfa_error *err)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)without, i, one) {
		if (!rfa_shell_sha256_ok(json_string_value(one))) {
			(void)rfa_fail(err, RFA_EINTERNAL, "host", "this is no id of a container");
			return rfa_error_where(err, "%s", h->host.name);
		}
		(void)rfa_buf_puts(out, i ? " " : "");
		(void)rfa_buf_puts(out, json_string_value(one));
	}
	return rfa_buf_check(out, err);
}

int rfa_shell_tree_holders(struct rfa_host *host, const json_t *paths, const json_t *without,
			   json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf ids = RFA_BUF_INIT(65536);
	size_t n = json_array_size(paths), i;
	const char **args = calloc(2 * n + 2, sizeof(*args));
	struct shell_call call = { rfa_script_tree_holders, args, NULL, 0 };
	json_t *list = json_array();
	int rc = args && list ? put_ids(h, without, &ids, err) : rfa_fail_nomem(err);

	if (rc == 0)
		args[0] = rfa_buf_str(&ids);
	for (i = 0; rc == 0 && i < n; i++) {
		const json_t *one = json_array_get(paths, i);

		args[2 * i + 1] = strcmp(rfa_facts_str(one, "kind", ""), "sqlite") == 0 ? "f" : "d";
		args[2 * i + 2] = rfa_facts_str(one, "path", "");
		rc = rfa_shell_tree_path(h, args[2 * i + 2], err);
	}
	if (rc == 0)
		rc = rfa_shell_tree_read(h, &call, "looking for processes that hold data", &answer,
					 err);
	if (rc == 0)
		rc = parse_holders(h, rfa_buf_str(&answer.out), paths, list, err);
	if (rc == 0)
		*out = json_incref(list);
	json_decref(list);
	free(args);
	rfa_buf_release(&ids);
	rfa_shell_answer_release(&answer);
	return rc;
}

/* Databases. */

int rfa_shell_sqlite_check(struct rfa_host *host, const char *copy, json_t **out,
			   struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf summary = RFA_BUF_INIT(8 * SUMMARY_MAX);
	const char *args[] = { copy, NULL };
	struct shell_call call = { rfa_script_sqlite_check, args, NULL, 0 };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = rfa_shell_tree_read(h, &call, "checking a database", &answer, err);
	if (rc == 0 && (answer.out.len == 0 || answer.out.len > SUMMARY_MAX))
		rc = rfa_shell_protocol_error(h, "a check of a database", err);
	if (rc == 0) {
		int ok = strcmp(rfa_buf_str(&answer.out), "ok") == 0;

		(void)rfa_buf_put_printable(&summary, answer.out.data, answer.out.len, 0);
		*out = json_pack("{s:b, s:s}", "ok", ok, "summary", rfa_buf_str(&summary));
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&summary);
	rfa_shell_answer_release(&answer);
	return rc;
}

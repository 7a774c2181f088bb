/* A run's journal: its newest records, each durable at the price of one fdatasync. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "fsm/base/fault.h"
#include "ledger/files.h"
#include "ledger/git/error.h"
#include "ledger/git/journal.h"
#include "ledger/names.h"

/* Some hundred records; a larger one gets a journal that it fits into. */
#define USUAL_SIZE (64u << 10)
/* None that rfa writes is larger. */
#define MOST_BYTES (64u << 20)
/* A disk writes a sector wholly or not at all. */
#define SECTOR 512u
/* The longest first line. */
#define HEAD_MAX 160u
/* "record LLLLLLLL <40 hex> CCCCCCCC\n" */
#define LINE_LEN (7 + 8 + 1 + GIT_OID_HEXSZ + 1 + 8 + 1)
/* A reader looks so often at a journal that is being written. */
#define MOST_LOOKS 100

static void path_of(const char *ledger, const char *run, const char *end, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/" RFA_GIT_JOURNALS "/%s%s", ledger, run, end);
}

static unsigned crc_of(const char *text, size_t len)
{
	return (unsigned)crc32(0, (const unsigned char *)text, (uInt)len);
}

/* All of it at that place. */
static int write_at(int fd, const char *data, size_t len, size_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return -1;
		}
		data += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* The first line; its length. */
static size_t put_head(const char *run, const git_oid *after, size_t size, char out[HEAD_MAX])
{
	char hex[GIT_OID_HEXSZ + 1];
	int n;

	git_oid_tostr(hex, sizeof(hex), after);
	n = snprintf(out, HEAD_MAX, "rfa-journal 1 %s %s %08zx ", run, hex, size);
	n += snprintf(out + n, HEAD_MAX - (size_t)n, "%08x\n", crc_of(out, (size_t)n));
	return (size_t)n;
}

static int put_file(int fd, const char *run, const git_oid *after, struct rfa_journal *journal)
{
	static const char zeros[16384];
	char head[HEAD_MAX];
	int rc = 0;

	for (size_t at = 0; !rc && at < journal->size; at += sizeof(zeros))
		rc = write_at(fd, zeros, sizeof(zeros), at);
	journal->at = put_head(run, after, journal->size, head);
	if (!rc)
		rc = write_at(fd, head, journal->at, 0);
	return rc ? rc : fsync(fd);
}

int rfa_journal_make(const char *ledger, const char *run, const git_oid *after, size_t need,
		     struct rfa_journal *out, struct rfa_error *err)
{
	char fresh[PATH_MAX], folder[PATH_MAX];
	int rc = rfa_mkdir_synced(ledger, RFA_GIT_JOURNALS, err);

	if (rc)
		return rc;
	need += HEAD_MAX + LINE_LEN;
	out->size = need > USUAL_SIZE ? (need + 16383) / 16384 * 16384 : USUAL_SIZE;
	path_of(ledger, run, ".new", fresh);
	path_of(ledger, run, "", out->path);
	snprintf(folder, sizeof(folder), "%s/" RFA_GIT_JOURNALS, ledger);
	unlink(fresh); /* what a killed driver left, or somebody put there */
	out->fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (out->fd < 0 || put_file(out->fd, run, after, out) || rename(fresh, out->path)) {
		rc = rfa_git_fail_errno(err, errno, out->path, "a run's journal could not be made");
		unlink(fresh);
	}
	if (!rc)
		rc = rfa_fault("ledger.journal.named", err);
	if (!rc)
		rc = rfa_sync_folder(folder, err);
	if (rc)
		rfa_journal_close(out);
	return rc;
}

int rfa_journal_fits(const struct rfa_journal *journal, size_t len)
{
	return journal->fd >= 0 && len + LINE_LEN <= journal->size - journal->at;
}

static void put_line(const git_oid *id, size_t len, char out[LINE_LEN + 1])
{
	char hex[GIT_OID_HEXSZ + 1];
	size_t n = LINE_LEN - 9;

	git_oid_tostr(hex, sizeof(hex), id);
	snprintf(out, LINE_LEN + 1, "record %08zx %s ", len, hex);
	snprintf(out + n, 10, "%08x\n", crc_of(out, n));
}

/* What is durable in a file that has no name any more is found by nobody. */
static int check_named(const struct rfa_journal *journal, struct rfa_error *err)
{
	struct stat ours, named;

	if (!fstat(journal->fd, &ours) && !lstat(journal->path, &named) &&
	    ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
		return 0;
	rfa_fail(err, RFA_ECORRUPT, "ledger", "the run's journal was removed or replaced");
	rfa_error_where(err, "%s", journal->path);
	return rfa_error_hint(err, "put the file back, then rfa resume; without it the run stands "
				   "where its ref ends, and the hosts may be further");
}

int rfa_journal_add(struct rfa_journal *journal, const git_oid *id, const void *data, size_t len,
		    struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(journal->size);
	char line[LINE_LEN + 1];
	int rc;

	/* What is zero was not written: that is how a torn record is told from a damaged one. */
	if (memchr(data, '\0', len))
		return rfa_fail(err, RFA_EINTERNAL, "ledger", "a record has a zero byte");
	put_line(id, len, line);
	rfa_buf_add(&text, line, LINE_LEN);
	rfa_buf_add(&text, data, len);
	rc = rfa_buf_check(&text, err);
	if (!rc && write_at(journal->fd, text.data, text.len, journal->at))
		rc = rfa_git_fail_errno(err, errno, journal->path, "a record could not be written");
	if (!rc)
		rc = rfa_fault("ledger.append.written", err);
	if (!rc && fdatasync(journal->fd))
		rc = rfa_git_fail_errno(err, errno, journal->path,
					"a record could not be made durable");
	if (!rc)
		rc = check_named(journal, err);
	if (!rc)
		journal->at += text.len;
	rfa_buf_release(&text);
	return rc;
}

void rfa_journal_close(struct rfa_journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
}

void rfa_journal_drop(const char *ledger, const char *run)
{
	char path[PATH_MAX];

	path_of(ledger, run, "", path);
	unlink(path);
	path_of(ledger, run, ".new", path);
	unlink(path);
}

int rfa_journal_exists(const char *ledger, const char *run)
{
	char path[PATH_MAX];
	struct stat st;

	path_of(ledger, run, "", path);
	return !lstat(path, &st);
}

void rfa_journal_each(const char *ledger, void (*each)(void *user, const char *run), void *user)
{
	char folder[PATH_MAX], run[RFA_RUN_ID_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/" RFA_GIT_JOURNALS, ledger);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		rfa_copy(run, sizeof(run), entry->d_name);
		run[strcspn(run, ".")] = '\0';
		if (rfa_run_id_ok(run))
			each(user, run);
	}
	if (dir)
		closedir(dir);
}

/* 1: so many bytes have a right checksum behind them, in hex, and then a newline. */
static int is_checked(const char *text, size_t len)
{
	char crc[10];

	snprintf(crc, sizeof(crc), "%08x\n", crc_of(text, len));
	return !memcmp(text + len, crc, 9);
}

static int is_line(const struct rfa_buf *text, size_t at, git_oid *id, size_t *len)
{
	const char *line = text->data + at;

	if (text->len - at < LINE_LEN || memcmp(line, "record ", 7) != 0 ||
	    !is_checked(line, LINE_LEN - 9) || git_oid_fromstrn(id, line + 16, GIT_OID_HEXSZ))
		return 0;
	*len = strtoul(line + 7, NULL, 16);
	return *len <= text->len - at - LINE_LEN;
}

/* What is not zero begins anew only where a sector does; and something is missing before `end`. */
static int is_torn(const struct rfa_buf *text, size_t from, size_t end)
{
	git_oid id;
	size_t len;

	if (!memchr(text->data + from, '\0', end - from))
		return 0;
	for (size_t i = from + 1; i < text->len; i++)
		if (text->data[i] && ((!text->data[i - 1] && i % SECTOR) ||
				      (i >= end && is_line(text, i, &id, &len))))
			return 0;
	return 1;
}

static int is_zero(const struct rfa_buf *text, size_t from)
{
	while (from < text->len && !text->data[from])
		from++;
	return from == text->len;
}

static int add_record(struct rfa_journal_text *journal, const git_oid *id, const char *data,
		      size_t len, struct rfa_error *err)
{
	struct rfa_journal_record *more =
	    realloc(journal->records, (journal->n + 1) * sizeof(*more));

	if (!more)
		return rfa_fail_nomem(err);
	journal->records = more;
	more[journal->n++] = (struct rfa_journal_record){ *id, data, len };
	return 0;
}

/* The records, in their order; *why: what is wrong, or NULL. */
static int parse(const char *run, struct rfa_journal_text *journal, const char **why,
		 struct rfa_error *err)
{
	const struct rfa_buf *text = &journal->text;
	char head[HEAD_MAX] = "", is[HEAD_MAX];
	git_oid id, of;
	size_t at, len;
	char *eol;

	*why = "it is not a journal of this run";
	rfa_copy(head, sizeof(head), rfa_buf_str(text));
	eol = strchr(head, '\n');
	at = strlen("rfa-journal 1 ") + strlen(run) + 1;
	if (!eol || (size_t)(eol - head) < at + GIT_OID_HEXSZ ||
	    git_oid_fromstrn(&journal->after, head + at, GIT_OID_HEXSZ))
		return 0;
	at = put_head(run, &journal->after, text->len, is);
	if (strncmp(head, is, at - 9 - 9) != 0 || !is_checked(head, (size_t)(eol - head) - 8))
		return 0;
	*why = "it has lost its end";
	if (strncmp(head, is, at) != 0)
		return 0;
	*why = NULL;
	while (is_line(text, at, &id, &len)) {
		const char *data = text->data + at + LINE_LEN;
		int rc;

		if (git_odb_hash(&of, data, len, GIT_OBJECT_COMMIT))
			return rfa_fail_nomem(err);
		if (git_oid_cmp(&of, &id)) {
			if (!is_torn(text, at, at + LINE_LEN + len))
				*why = "a record is not what it was";
			return 0;
		}
		rc = add_record(journal, &id, data, len, err);
		if (rc)
			return rc;
		at += LINE_LEN + len;
	}
	len = text->len - at < LINE_LEN ? text->len - at : LINE_LEN;
	if (!is_zero(text, at) && !is_torn(text, at, at + len))
		*why = "a record is not what it was";
	return 0;
}

static int damaged(const char *run, const char *path, const char *why, struct rfa_error *err)
{
	rfa_fail(err, RFA_ECORRUPT, "ledger", "the journal of run %s is damaged: %s", run, why);
	rfa_error_where(err, "%s", path);
	return rfa_error_hint(err,
			      "bring the file back from a backup of the ledger. Without one: read "
			      "it (it is text), move it away, and the run stands where git log "
			      "refs/rfa/runs/%s ends; the hosts may be further",
			      run);
}

void rfa_journal_release(struct rfa_journal_text *journal)
{
	rfa_buf_release(&journal->text);
	free(journal->records);
	journal->records = NULL;
	journal->n = 0;
}

/* Why it is not to be opened at all: a pipe would be waited for. */
static const char *odd_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return NULL;
	if (!S_ISREG(st.st_mode))
		return "it is not a file";
	return st.st_size > (off_t)MOST_BYTES ? "it is larger than anything that rfa writes" : NULL;
}

/* *why: what is wrong with it as it is now. */
static int look(const char *run, const char *path, struct rfa_journal_text *out, const char **why,
		struct rfa_error *err)
{
	const struct rfa_buf empty = RFA_BUF_INIT(MOST_BYTES);
	int rc;

	*out = (struct rfa_journal_text){ .text = empty };
	*why = odd_file(path);
	rc = *why ? 0 : rfa_slurp(path, MOST_BYTES, &out->text, err);
	return rc || *why ? rc : parse(run, out, why, err);
}

/* Its driver may be writing it: what looks damaged is, if it looks the same once more. */
int rfa_journal_read(const char *ledger, const char *run, struct rfa_journal_text *out,
		     struct rfa_error *err)
{
	struct rfa_journal_text before = { .text = RFA_BUF_INIT(0) };
	char path[PATH_MAX];
	const char *why = NULL;
	int same = 0;
	int rc;

	path_of(ledger, run, "", path);
	rc = look(run, path, out, &why, err);
	for (int looks = 0; !rc && why && !same && looks < MOST_LOOKS; looks++) {
		rfa_journal_release(&before);
		before = *out;
		rc = look(run, path, out, &why, err);
		same = out->text.len == before.text.len &&
		       !memcmp(rfa_buf_str(&out->text), rfa_buf_str(&before.text), out->text.len);
	}
	rfa_journal_release(&before);
	return !rc && why ? damaged(run, path, why, err) : rc;
}

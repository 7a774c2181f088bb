/*
 * What the ledger asks of the disk, recorded call by call: nothing is acknowledged before it is
 * synced, a record costs one fdatasync; and killed, or failing, at each single call, nothing that
 * was acknowledged is lost. This program's own write, fsync and so on stand in the place of libc's,
 * for rfa and for libgit2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/ledger_kit.h"

enum { RECORDS = 3, PATHS = 64 };

/* In the place of libc's, for libgit2, too. The disk itself never syncs here: processes die, the
 * machine does not. */
#define IN_PLACE __attribute__((visibility("default")))

/* What is written and not synced: files by their bytes, folders by the names in them. */
static struct {
	const char *root; /* NULL: nothing is recorded */
	char dirty[PATHS][PATH_MAX];
	unsigned n;
	unsigned syncs, data_syncs; /* calls */
	int deaf;                   /* an fdatasync is not heard: the planted defect */
	unsigned calls, stop_at;    /* 0: never */
	int errnum;                 /* 0: killed there */
} disk;

static int is_ours(const char *path)
{
	size_t len = disk.root ? strlen(disk.root) : 0;

	return len && !strncmp(path, disk.root, len) && path[len] == '/' &&
	       strncmp(path + len, "/rfa/locks", 10) != 0;
}

static int path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = disk.root ? readlink(link, path, PATH_MAX - 1) : -1;
	if (n < 0)
		return 0;
	path[n] = '\0';
	return is_ours(path);
}

static int find(const char *path)
{
	for (unsigned i = 0; i < disk.n; i++)
		if (!strcmp(disk.dirty[i], path))
			return (int)i;
	return -1;
}

static void soil(const char *path)
{
	if (find(path) >= 0)
		return;
	if (disk.n == PATHS)
		abort();
	snprintf(disk.dirty[disk.n++], PATH_MAX, "%s", path);
}

static void clean(const char *path)
{
	int i = find(path);

	if (i >= 0)
		memmove(disk.dirty[i], disk.dirty[--disk.n], PATH_MAX);
}

/* 1: this call is the one that fails, with errno set. Killed: it does not come back. */
static int stops(void)
{
	if (++disk.calls != disk.stop_at)
		return 0;
	if (!disk.errnum)
		raise(SIGKILL);
	errno = disk.errnum;
	return 1;
}

static ssize_t put(int fd, const void *data, size_t len, off_t at, int placed)
{
	char path[PATH_MAX];
	long n;

	if (path_of(fd, path)) {
		/* Half of it is there. */
		if (disk.calls + 1 == disk.stop_at && placed)
			n = syscall(SYS_pwrite64, fd, data, len / 2, at);
		if (stops())
			return -1;
		soil(path);
	}
	n = placed ? syscall(SYS_pwrite64, fd, data, len, at) : syscall(SYS_write, fd, data, len);
	return n;
}

IN_PLACE ssize_t write(int fd, const void *data, size_t len)
{
	return put(fd, data, len, 0, 0);
}

IN_PLACE ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	return put(fd, data, len, at, 1);
}

IN_PLACE int fsync(int fd)
{
	char path[PATH_MAX];

	if (!path_of(fd, path))
		return 0;
	if (stops())
		return -1;
	disk.syncs++;
	clean(path);
	return 0;
}

IN_PLACE int fdatasync(int fd)
{
	char path[PATH_MAX];

	if (!path_of(fd, path))
		return 0;
	if (stops())
		return -1;
	disk.data_syncs++;
	if (!disk.deaf)
		clean(path);
	return 0;
}

IN_PLACE int rename(const char *from, const char *to)
{
	char folder[PATH_MAX];
	long rc;

	if (!is_ours(to))
		return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
	if (stops())
		return -1;
	rc = syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
	if (rc)
		return -1;
	if (find(from) >= 0) {
		clean(from);
		soil(to);
	}
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(to, '/') - to), to);
	soil(folder);
	return 0;
}

/* A name that goes is never what an answer promises, and a disk seldom keeps one; but a process can
 * die there. */
IN_PLACE int unlink(const char *path)
{
	if (is_ours(path) && !disk.errnum)
		stops();
	clean(path);
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

struct world {
	struct kit kit;
	struct rfa_error err;
};

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	kit_open(&w->kit);
	if (rfa_ledger_init(&w->kit.options, &w->err))
		fail_msg("%s", w->err.msg);
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	memset(&disk, 0, sizeof(disk));
	kit_close(&w->kit);
	free(w);
	return 0;
}

/* A call has answered 0: all that was written is synced. Its calls, for whoever reads along. */
static void acknowledged(const char *what)
{
	if (disk.n)
		fail_msg("%s was acknowledged before %s was synced", what, disk.dirty[0]);
	print_message("# %-12s %2u fsync, %u fdatasync\n", what, disk.syncs, disk.data_syncs);
}

static void listen(struct world *w)
{
	disk.root = w->kit.path;
	disk.syncs = disk.data_syncs = 0;
}

static void test_order(void **state)
{
	struct world *w = *state;
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;

	assert_int_equal(rfa_ledger_open(&ledger, &w->kit.options, &w->err), 0);
	for (unsigned n = 1; n <= 4; n++) {
		listen(w);
		assert_int_equal(kit_begin(ledger, n, "app", "prod", &run, &w->err), 0);
		acknowledged("BEGIN");
		/* Once a stack more: the folder of its tags, in its parents. */
		assert_true(disk.syncs <= (n == 1 ? 10 : 8));
		for (uint32_t seq = 1; seq <= RECORDS; seq++) {
			listen(w);
			assert_int_equal(kit_append(run, seq, &w->err), 0);
			acknowledged(seq == 1 ? "first record" : "record");
			assert_int_equal(disk.data_syncs, 1);
			assert_true(disk.syncs <= (seq == 1 ? 2 : 0));
		}
		listen(w);
		assert_int_equal(kit_end(run, RECORDS + 1, "app", "prod", "p", &w->err), 0);
		acknowledged("END");
		assert_true(disk.syncs <= 14);
	}
	rfa_ledger_free(ledger);
}

/* The recorder itself: a record whose fdatasync is left out must be noticed. */
static void test_planted(void **state)
{
	struct world *w = *state;
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;

	assert_int_equal(rfa_ledger_open(&ledger, &w->kit.options, &w->err), 0);
	assert_int_equal(kit_begin(ledger, 1, "app", "prod", &run, &w->err), 0);
	listen(w);
	disk.deaf = 1;
	assert_int_equal(kit_append(run, 1, &w->err), 0);
	assert_int_equal(disk.n, 1);
	assert_non_null(strstr(disk.dirty[0], "/rfa/journals/"));
	disk.root = NULL;
	rfa_ledger_detach(run);
	rfa_ledger_free(ledger);
}

/* A process of its own: a whole run, which is stopped at a call. What it was told, through `fd`. */
static void life(struct world *w, unsigned n, unsigned stop_at, int errnum, int fd)
{
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	unsigned char told = 0;
	int rc = rfa_ledger_open(&ledger, &w->kit.options, &w->err);

	disk.root = w->kit.path;
	disk.stop_at = stop_at;
	disk.errnum = errnum;
	if (!rc)
		rc = kit_begin(ledger, n, "app", "prod", &run, &w->err);
	for (uint32_t seq = 1; !rc && seq <= RECORDS + 1; seq++) {
		told++;
		syscall(SYS_write, fd, &told, 1);
		/* Asked again after a failure: it is there, or it is written now. */
		for (int tries = 0; tries < 2; tries++) {
			rc = seq <= RECORDS ? kit_append(run, seq, &w->err)
					    : kit_end(run, seq, "app", "prod", "p", &w->err);
			if (!rc || (tries && rc == -RFA_ESTALE && seq <= RECORDS))
				break;
		}
		rc = rc == -RFA_ESTALE ? 0 : rc;
	}
	told++;
	if (!rc)
		syscall(SYS_write, fd, &told, 1);
	/* Whether there was such a call at all. */
	_exit(disk.calls < stop_at ? 0 : 1);
}

/* How many of BEGIN, the records and END were acknowledged; *more: there are calls behind it. */
static unsigned stopped_life(struct world *w, unsigned n, unsigned stop_at, int errnum, int *more)
{
	unsigned char told = 0;
	int status;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		life(w, n, stop_at, errnum, fds[1]);
	close(fds[1]);
	while (read(fds[0], &told, 1) == 1)
		;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) && !WIFEXITED(status))
		fail_msg("call %u: status %x", stop_at, (unsigned)status);
	*more = WIFSIGNALED(status) || WEXITSTATUS(status);
	return told;
}

/* What was acknowledged is there; the run goes on to its end. */
static void carry_on(struct world *w, unsigned n, unsigned acked, const char *at)
{
	struct rfa_ledger *ledger = NULL;
	struct rfa_ledger_run *run = NULL;
	struct rfa_history *h = NULL;
	char id[RFA_RUN_ID_MAX];
	unsigned there = 0;
	int ended = 0;
	int rc;

	if (rfa_ledger_open(&ledger, &w->kit.options, &w->err))
		fail_msg("%s: %s (%s)", at, w->err.msg, w->err.where);
	rc = rfa_ledger_load(ledger, kit_id(n, id), &h, &w->err);
	if (!rc) {
		there = (unsigned)h->n;
		ended = h->final != RFA_FINAL_NONE;
		rc = ended ? 0 : rfa_ledger_attach(ledger, id, &run, &w->err);
	} else if (rc == -RFA_ENOTFOUND) {
		rc = kit_begin(ledger, n, "app", "prod", &run, &w->err);
	}
	rfa_history_free(h);
	if (there < acked)
		fail_msg("%s: %u were acknowledged, %u are there", at, acked, there);
	for (uint32_t seq = there ? there : 1; !rc && !ended && seq <= RECORDS; seq++)
		rc = kit_append(run, seq, &w->err);
	if (!rc && !ended)
		rc = kit_end(run, RECORDS + 1, "app", "prod", "p", &w->err);
	if (!rc && n % 16 == 0)
		rc = rfa_ledger_verify(ledger, NULL, NULL, NULL, &w->err);
	if (rc)
		fail_msg("%s: %s (%s)", at, w->err.msg, w->err.where);
	rfa_ledger_free(ledger);
}

static void sweep(struct world *w, int errnum)
{
	struct rfa_buf out = RFA_BUF_INIT(65536);
	unsigned n = 0;
	int more = 1;

	while (more) {
		char at[64];
		unsigned acked;

		n++;
		acked = stopped_life(w, n, n, errnum, &more);
		snprintf(at, sizeof(at), "%s at call %u", errnum ? strerror(errnum) : "killed", n);
		carry_on(w, n, acked, at);
	}
	print_message("# %u calls\n", n - 1);
	assert_true(n > 40);
	if (kit_sh(&w->kit, &out,
		   "cd $L; git fsck --strict --no-dangling --no-progress; find . -name '*.lock'; "
		   "ls rfa/journals; ls rfa/locks | grep -v '^ledger$'; git for-each-ref refs/rfa; "
		   "ls objects/pack | grep -v '^pack-'; true") ||
	    out.len)
		fail_msg("left behind: %s", rfa_buf_str(&out));
	rfa_buf_release(&out);
}

static void test_killed(void **state)
{
	sweep(*state, 0);
}

static void test_failed(void **state)
{
	sweep(*state, EIO);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = { ONE(test_order), ONE(test_planted), ONE(test_killed),
					    ONE(test_failed) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * An flock on a file, which says who holds it. The kernel drops it with the process, so that it
 * tells *running* from *interrupted* without a time-out; the text is for people only.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/files.h"
#include "ledger/lock.h"
#include "ledger/names.h"

/* {"machine":…,"pid":…,"since":…,"user":…} and a newline. */
static int write_holder(int fd)
{
	char since[RFA_TIME_MAX];
	char machine[128] = "";
	const char *user = getenv("USER");
	json_t *who;
	char *text = NULL;
	size_t len;
	int ok = 0;

	rfa_time_iso(rfa_clock_system()->wall_ms(rfa_clock_system()), since);
	if (gethostname(machine, sizeof(machine) - 1))
		machine[0] = '\0';
	who = json_pack("{s:i,s:s,s:s,s:s}", "pid", (int)getpid(), "user", user ? user : "?",
			"machine", machine, "since", since);
	if (who)
		text = json_dumps(who, JSON_SORT_KEYS | JSON_COMPACT);
	if (text) {
		len = strlen(text);
		ok = !ftruncate(fd, 0) && pwrite(fd, text, len, 0) == (ssize_t)len &&
		     pwrite(fd, "\n", 1, (off_t)len) == 1;
	}
	free(text);
	json_decref(who);
	return ok ? 0 : -1;
}

/* LOCKED, with what the holder wrote about itself. */
static int held_by(const char *path, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	struct rfa_error ignored;
	json_t *who = NULL;

	if (!rfa_slurp(path, 4096, &text, &ignored))
		who = json_loadb(text.data, text.len, 0, NULL);
	rfa_fail(err, RFA_ELOCKED, "ledger", "held by process %d of %s on %s since %s",
		 (int)json_integer_value(json_object_get(who, "pid")),
		 json_is_string(json_object_get(who, "user"))
		     ? json_string_value(json_object_get(who, "user"))
		     : "?",
		 json_is_string(json_object_get(who, "machine"))
		     ? json_string_value(json_object_get(who, "machine"))
		     : "?",
		 json_is_string(json_object_get(who, "since"))
		     ? json_string_value(json_object_get(who, "since"))
		     : "?");
	json_decref(who);
	rfa_buf_release(&text);
	return rfa_error_where(err, "%s", path);
}

/*
 * One try: 0 and *fd, 1 when somebody holds it, -1 with errno. A file that its holder removed
 * while we waited is not the lock any more: whoever comes next would make another one.
 */
static int try_once(const char *path, int *fd)
{
	struct stat ours, theirs;
	int saved;

	for (;;) {
		int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

		if (f < 0)
			return -1;
		if (flock(f, LOCK_EX | LOCK_NB)) {
			saved = errno;
			close(f);
			errno = saved;
			return saved == EWOULDBLOCK || saved == EINTR ? 1 : -1;
		}
		if (fstat(f, &ours) == 0 && stat(path, &theirs) == 0 &&
		    ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev) {
			*fd = f;
			return 0;
		}
		close(f);
	}
}

int rfa_lock_take(struct rfa_lock *lock, const char *path, int64_t wait_ms, struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_clock_system();
	int64_t give_up = clock->mono_ms(clock) + wait_ms;
	int64_t pause = 1;
	struct stat st;
	int fd = -1;
	int rc;

	while ((rc = try_once(path, &fd)) > 0) {
		if (clock->mono_ms(clock) >= give_up)
			return held_by(path, err);
		clock->sleep_ms(clock, pause);
		pause = pause < 16 ? pause * 2 : 16;
	}
	if (rc < 0) {
		rfa_fail_errno(err, errno, "the lock could not be taken");
		rfa_error_where(err, "%s", path);
		return rfa_error_hint(err, "make the ledger's folder writable for this user");
	}
	lock->fd = fd;
	lock->unclean = fstat(fd, &st) == 0 && st.st_size > 0;
	rfa_copy(lock->path, sizeof(lock->path), path);
	if (write_holder(fd)) {
		rc = rfa_fail_errno(err, errno, "the lock could not be written");
		rfa_error_where(err, "%s", path);
		rfa_lock_release(lock, 0);
		return rc;
	}
	return 0;
}

/*
 * flock has no question, only an attempt; a shared one disturbs another asker least. Whoever
 * takes the lock in earnest at this very instant waits a little (rfa_lock_take).
 */
int rfa_lock_held(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int held;

	if (fd < 0)
		return 0;
	held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

void rfa_lock_release(struct rfa_lock *lock, int drop)
{
	int unclean;

	if (lock->fd < 0)
		return;
	/* Emptied means let go of; a failure here only makes the next holder look twice. */
	unclean = drop ? unlink(lock->path) : ftruncate(lock->fd, 0);
	(void)unclean;
	close(lock->fd);
	lock->fd = -1;
}

/* All that is to be known of a tree, as text, read by system calls and not by rfa. */
#include "tests/harness/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/digest.h"

#define ENTRIES_MAX 200000

struct walk {
	char **names; /* relative, sorted */
	ino_t *inodes;
	size_t n;
	struct rfa_buf *out;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *joined(const char *a, const char *b)
{
	size_t n = strlen(a) + strlen(b) + 1;
	char *text = malloc(n);

	if (text)
		snprintf(text, n, "%s%s", a, b);
	return text;
}

static int collect(struct walk *w, int fd, const char *prefix)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int rc = dir ? 0 : -1;

	while (rc == 0 && (e = readdir(dir))) {
		struct stat st;
		char *name;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (w->n == ENTRIES_MAX || !(name = joined(prefix, e->d_name)))
			rc = -1;
		else if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			rc = -1;
		else if (S_ISSOCK(st.st_mode))
			free(name);
		else
			w->names[w->n++] = name;
		if (rc == 0 && S_ISDIR(st.st_mode)) {
			char *inner = NULL;
			int sub =
			    openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

			rc = sub < 0 || !(inner = joined(name, "/")) ? -1 : collect(w, sub, inner);
			free(inner);
		}
	}
	if (dir)
		closedir(dir);
	return rc;
}

/*
 * Only blocks that hold something, each with its place: the same for all that reads alike, however
 * it is laid out, and a hole of many megabytes costs nothing, even under valgrind.
 */
static int content(struct walk *w, int at, const char *name)
{
	static unsigned char block[65536];
	struct rfa_digest digest;
	char hex[RFA_DIGEST_HEX];
	off_t offset = 0, data;
	ssize_t n = 0;
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	rfa_digest_init(&digest, RFA_SHA256);
	while ((data = lseek(fd, offset, SEEK_DATA)) >= 0) {
		offset = data - data % (off_t)sizeof(block);
		n = pread(fd, block, sizeof(block), offset);
		if (n <= 0)
			break;
		if (block[0] || memcmp(block, block + 1, (size_t)n - 1) != 0) {
			rfa_digest_update(&digest, &offset, sizeof(offset));
			rfa_digest_update(&digest, block, (size_t)n);
		}
		offset += n;
	}
	if (data < 0 && errno != ENXIO)
		n = -1;
	rfa_digest_final(&digest, hex);
	close(fd);
	return n < 0 ? -1 : rfa_buf_printf(w->out, " %s", hex);
}

static void hex_of(struct rfa_buf *out, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		rfa_buf_printf(out, "%02x", (unsigned char)data[i]);
}

/* Attributes by a path through the descriptor: their calls know no directory to begin at. */
static int attributes(struct walk *w, int at, const char *name)
{
	char path[8192], names[8192], value[65536], *sorted[256], *p;
	ssize_t len, got;
	size_t n = 0, i;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", at, name);
	len = llistxattr(path, names, sizeof(names));
	if (len < 0)
		return -1;
	for (p = names; p < names + len && n < 256; p += strlen(p) + 1)
		sorted[n++] = p;
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (i = 0; i < n; i++) {
		got = lgetxattr(path, sorted[i], value, sizeof(value));
		if (got < 0)
			return -1;
		rfa_buf_printf(w->out, " %s=", sorted[i]);
		hex_of(w->out, value, (size_t)got);
	}
	return 0;
}

/* Which of the names before it is the same file. */
static void twin(struct walk *w, size_t i, const struct stat *st)
{
	size_t k;

	for (k = 0; k < i && w->inodes[k] != st->st_ino; k++)
		;
	if (k < i) {
		rfa_buf_puts(w->out, " =");
		rfa_buf_put_printable(w->out, w->names[k], strlen(w->names[k]), 0);
	}
}

static int entry(struct walk *w, int at, size_t i)
{
	const char *name = w->names[i][0] ? w->names[i] : ".";
	char target[4097];
	struct stat st;
	ssize_t len;
	int rc = 0;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	rfa_buf_put_printable(w->out, name, strlen(name), 0);
	rfa_buf_printf(w->out, " %o %u:%u", (unsigned)st.st_mode, (unsigned)st.st_uid,
		       (unsigned)st.st_gid);
	rfa_buf_printf(w->out, " %lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	w->inodes[i] = S_ISDIR(st.st_mode) ? 0 : st.st_ino;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		twin(w, i, &st);
	if (S_ISREG(st.st_mode)) {
		/* To 64 KiB: how a file system lays a file out is its own affair. */
		if (st.st_blocks * 512 + 65536 < st.st_size)
			rfa_buf_printf(w->out, " sparse %lld",
				       (long long)(st.st_blocks + 127) / 128);
		rfa_buf_printf(w->out, " %lld", (long long)st.st_size);
		rc = content(w, at, name);
	} else if (S_ISLNK(st.st_mode)) {
		len = readlinkat(at, name, target, sizeof(target) - 1);
		rc = len < 0 ? -1 : rfa_buf_puts(w->out, " -> ");
		if (rc == 0)
			rfa_buf_put_printable(w->out, target, (size_t)len, 0);
	} else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		rfa_buf_printf(w->out, " %u,%u", major(st.st_rdev), minor(st.st_rdev));
	}
	if (rc == 0)
		rc = attributes(w, at, name);
	rfa_buf_putc(w->out, '\n');
	return rc;
}

int listing_make(const char *tree, struct rfa_buf *out)
{
	struct walk w = { .out = out };
	int fd = open(tree, O_RDONLY | O_DIRECTORY), again, rc = -1;
	size_t i;

	w.names = calloc(ENTRIES_MAX, sizeof(*w.names));
	w.inodes = calloc(ENTRIES_MAX, sizeof(*w.inodes));
	if (fd >= 0 && w.names && w.inodes && (w.names[w.n++] = strdup("")) != NULL) {
		again = dup(fd);
		rc = again < 0 ? -1 : collect(&w, again, "");
	}
	if (rc == 0)
		qsort(w.names, w.n, sizeof(*w.names), by_name);
	for (i = 0; rc == 0 && i < w.n; i++)
		rc = entry(&w, fd, i);
	for (i = 0; w.names && i < w.n; i++)
		free(w.names[i]);
	free(w.names);
	free(w.inodes);
	if (fd >= 0)
		close(fd);
	return rc || out->failed ? -1 : 0;
}

void listing_same(const char *a, const char *b)
{
	struct rfa_buf x = RFA_BUF_INIT(64u << 20), y = RFA_BUF_INIT(64u << 20);
	const char *p, *q;
	size_t n, m;

	if (listing_make(a, &x))
		fail_msg("%s cannot be listed", a);
	if (listing_make(b, &y))
		fail_msg("%s cannot be listed", b);
	for (p = rfa_buf_str(&x), q = rfa_buf_str(&y); *p && *q; p += n + 1, q += m + 1) {
		n = strcspn(p, "\n");
		m = strcspn(q, "\n");
		if (n != m || memcmp(p, q, n) != 0)
			fail_msg("differs:\n  %.*s\n  %.*s", (int)n, p, (int)m, q);
	}
	if (*p || *q)
		fail_msg("one has more: %.300s", *p ? p : q);
	rfa_buf_release(&x);
	rfa_buf_release(&y);
}

/*
 * A commit as a tar: ustar, sorted as git sorts, owned by root, as old as the commit. A name that
 * is longer than ustar takes has GNU's long name before it: busybox's tar passes over pax headers.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transports/git/inside.h"
#include "transports/transport.h"

enum { BLOCK = 512, NAME_MAX_BYTES = 100, LINK_MAX_BYTES = 100 };

struct tar {
	struct rfa_stream base; /* first member */
	struct rfa_git_repository *r;
	size_t next;         /* the entry that comes next; r->n: the end; more: over */
	struct rfa_buf head; /* what comes before the content */
	size_t head_at;
	git_odb_object *content; /* of the entry that is on its way; NULL: none */
	size_t content_at;
	size_t padding; /* zeros behind it */
};

/* So many octal digits and a NUL. */
static void number(char *field, size_t size, uint64_t value)
{
	snprintf(field, size, "%0*llo", (int)size - 1, (unsigned long long)value);
}

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155], rest[12];
};

static void put_header(struct tar *t, const char *name, const char *link, char type, unsigned mode,
		       uint64_t size)
{
	int64_t at = t->r->at_s < 0 ? 0 : t->r->at_s;
	struct header h;
	unsigned sum = 0;
	char digits[8];

	memset(&h, 0, sizeof(h));
	memcpy(h.name, name, strnlen(name, sizeof(h.name)));
	memcpy(h.link, link, strnlen(link, sizeof(h.link)));
	number(h.mode, sizeof(h.mode), mode);
	number(h.uid, sizeof(h.uid), 0);
	number(h.gid, sizeof(h.gid), 0);
	number(h.size, sizeof(h.size), size);
	number(h.mtime, sizeof(h.mtime), (uint64_t)at & 077777777777u);
	memset(h.sum, ' ', sizeof(h.sum));
	h.type = type;
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(digits, sizeof(digits), "%06o", sum);
	memcpy(h.sum, digits, 7);
	(void)rfa_buf_add(&t->head, &h, sizeof(h));
}

static size_t padding_of(uint64_t size)
{
	return (size_t)((BLOCK - size % BLOCK) % BLOCK);
}

/* What the next header's name ('L') or link ('K') is in full. */
static void put_long(struct tar *t, char type, const char *text, size_t most)
{
	static const char zeros[BLOCK];
	size_t size = strlen(text) + 1;

	if (size <= most)
		return;
	put_header(t, "././@LongLink", "", type, 0644, size);
	(void)rfa_buf_add(&t->head, text, size);
	(void)rfa_buf_add(&t->head, zeros, padding_of(size));
}

static int begin(struct tar *t, const struct rfa_git_entry *one, struct rfa_error *err)
{
	struct rfa_buf name = RFA_BUF_INIT(8192), link = RFA_BUF_INIT(RFA_GIT_FILE_MAX);
	char type = one->type == 'd' ? '5' : one->type == 'l' ? '2' : '0';
	int rc = one->type == 'd' ? 0 : rfa_git_content(t->r, one, &t->content, err);

	(void)rfa_buf_printf(&name, "%s%s", one->path, one->type == 'd' ? "/" : "");
	if (!rc && one->type == 'l') {
		(void)rfa_buf_add(&link, git_odb_object_data(t->content),
				  git_odb_object_size(t->content));
		git_odb_object_free(t->content);
		t->content = NULL;
	}
	rc = rc ? rc : rfa_buf_check(&link, err);
	if (!rc) {
		put_long(t, 'K', rfa_buf_str(&link), LINK_MAX_BYTES + 1);
		put_long(t, 'L', rfa_buf_str(&name), NAME_MAX_BYTES + 1);
		put_header(t, rfa_buf_str(&name), rfa_buf_str(&link), type, one->mode,
			   t->content ? one->size : 0);
	}
	t->content_at = 0;
	t->padding = t->content ? padding_of(one->size) : 0;
	rfa_buf_release(&name);
	rfa_buf_release(&link);
	return rc ? rc : rfa_buf_check(&t->head, err);
}

static int go_on(struct tar *t, struct rfa_error *err)
{
	static const char zeros[2 * BLOCK];
	const struct rfa_git_entry *one;

	t->head.len = t->head_at = 0;
	while (t->next < t->r->n && t->r->at[t->next].type == 'o')
		t->next++;
	if (t->next < t->r->n) {
		one = &t->r->at[t->next++];
		return begin(t, one, err);
	}
	if (t->next == t->r->n)
		(void)rfa_buf_add(&t->head, zeros, sizeof(zeros));
	t->next = t->r->n + 1;
	return rfa_buf_check(&t->head, err);
}

static size_t take(void *to, size_t room, const void *from, size_t len, size_t *at)
{
	size_t n = len - *at < room ? len - *at : room;

	memcpy(to, (const char *)from + *at, n);
	*at += n;
	return n;
}

static int is_over(const struct tar *t)
{
	return t->next > t->r->n && t->head_at == t->head.len && !t->content && !t->padding;
}

/* Copies what is at hand. */
static size_t copy(struct tar *t, char *to, size_t room)
{
	size_t n, size;

	if (t->head_at < t->head.len)
		return take(to, room, t->head.data, t->head.len, &t->head_at);
	if (t->content) {
		size = git_odb_object_size(t->content);
		n = take(to, room, git_odb_object_data(t->content), size, &t->content_at);
		if (t->content_at == size) {
			git_odb_object_free(t->content);
			t->content = NULL;
		}
		return n;
	}
	n = t->padding < room ? t->padding : room;
	memset(to, 0, n);
	t->padding -= n;
	return n;
}

static int tar_read(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		    struct rfa_error *err)
{
	struct tar *t = (struct tar *)base;
	int rc = 0;

	*got = 0;
	while (!rc && *got < size && !is_over(t)) {
		if (t->head_at == t->head.len && !t->content && !t->padding)
			rc = go_on(t, err);
		else
			*got += copy(t, (char *)data + *got, size - *got);
	}
	*eof = !rc && !*got && is_over(t);
	return rc;
}

static int tar_write(struct rfa_stream *base, const void *data, size_t size, size_t *put,
		     struct rfa_error *err)
{
	(void)base;
	(void)data;
	(void)size;
	*put = 0;
	return rfa_fail(err, RFA_EINTERNAL, "git", "a tar of a commit is only read");
}

static int tar_finish(struct rfa_stream *base, int *done, struct rfa_error *err)
{
	(void)base;
	(void)err;
	*done = 1;
	return 0;
}

static int tar_status(struct rfa_stream *base, int *done, int *status, struct rfa_error *err)
{
	(void)base;
	(void)err;
	*done = 1;
	*status = 0;
	return 0;
}

static size_t tar_pollfds(struct rfa_stream *base, struct pollfd *fds, size_t n)
{
	(void)base;
	(void)fds;
	(void)n;
	return 0;
}

static void tar_close(struct rfa_stream *base)
{
	struct tar *t = (struct tar *)base;

	git_odb_object_free(t->content);
	rfa_buf_release(&t->head);
	free(t);
}

static const struct rfa_stream_ops ops = {
	.read = tar_read,
	.write = tar_write,
	.finish = tar_finish,
	.status = tar_status,
	.pollfds = tar_pollfds,
	.close = tar_close,
};

int rfa_git_tar(struct rfa_repository *base, struct rfa_stream **out, struct rfa_error *err)
{
	static const struct rfa_buf empty = RFA_BUF_INIT((size_t)2 << 30);
	struct tar *t = calloc(1, sizeof(*t));

	if (!t)
		return rfa_fail_nomem(err);
	t->base.ops = &ops;
	t->r = (struct rfa_git_repository *)base;
	t->head = empty;
	*out = &t->base;
	return 0;
}

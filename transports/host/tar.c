/*
 * Tar archives (POSIX ustar with pax records, GNU long names): the index of one that lies on a
 * host, and the headers of one that we make.
 */
#include "transports/host/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest name, as the content of an 'L' or 'x' entry. */
#define LONG_MAX_BYTES 65536u

static int corrupt(const char *what, struct rfa_error *err)
{
	return rfa_fail(err, RFA_ECORRUPT, "tar", "the engine's archive is no whole tar: %s", what);
}

static int protocol_error(struct rfa_error *err)
{
	return rfa_fail(err, RFA_EPROTOCOL, "tar", "the index of an archive made no sense");
}

/* Decimal digits up to a blank, a newline or the end. */
static int number(const char **p, const char *end, uint64_t *out)
{
	uint64_t n = 0;
	const char *q = *p;

	while (q < end && *q == ' ')
		q++;
	if (q == end || *q < '0' || *q > '9')
		return -1;
	for (; q < end && *q >= '0' && *q <= '9'; q++) {
		if (n > (UINT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (uint64_t)(*q - '0');
	}
	if (q < end && *q != ' ' && *q != '\n')
		return -1;
	*p = q;
	*out = n;
	return 0;
}

/* The bytes of a line, at most max; -1 for what is none. */
static long block(const char *p, const char *end, unsigned char *out, size_t max)
{
	uint64_t byte;
	size_t n = 0;

	while (number(&p, end, &byte) == 0) {
		if (byte > 255 || n == max)
			return -1;
		out[n++] = (unsigned char)byte;
	}
	return p == end ? (long)n : -1;
}

/* A number in a header: octal digits, or base 256 when the first bit is set (GNU). */
static int field(const unsigned char *p, size_t n, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (p[0] & 0x80) {
		if (p[0] != 0x80)
			return -1; /* negative, or far too large */
		for (i = 1; i < n; i++) {
			if (value > (UINT64_MAX >> 8))
				return -1;
			value = value << 8 | p[i];
		}
	} else {
		for (i = 0; i < n && p[i] == ' '; i++)
			;
		for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
			value = value << 3 | (uint64_t)(p[i] - '0');
		for (; i < n; i++)
			if (p[i] != ' ' && p[i] != '\0')
				return -1;
	}
	*out = value;
	return 0;
}

static unsigned checksum(const unsigned char head[RFA_TAR_BLOCK])
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < RFA_TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : head[i];
	return sum;
}

static char *copy(const char *text, size_t len)
{
	char *p = malloc(len + 1);

	if (p) {
		memcpy(p, text, len);
		p[len] = '\0';
	}
	return p;
}

/* A fixed field, which need not end with a NUL. */
static size_t field_len(const unsigned char *p, size_t max)
{
	const unsigned char *nul = memchr(p, 0, max);

	return nul ? (size_t)(nul - p) : max;
}

static int replace(char **slot, const char *text, size_t len, struct rfa_error *err)
{
	char *p = copy(text, len);

	if (!p)
		return rfa_fail_nomem(err);
	free(*slot);
	*slot = p;
	return 0;
}

static int add_entry(struct rfa_tar *tar, const unsigned char *head, uint64_t offset, uint64_t size,
		     struct rfa_error *err)
{
	char name[257];
	struct rfa_tar_entry *e;
	size_t n = 0, prefix;
	int rc = 0;

	if (tar->n == RFA_TAR_ENTRIES_MAX)
		return corrupt("it has too many entries", err);
	if (tar->n == tar->cap) {
		size_t cap = tar->cap ? 2 * tar->cap : 64;
		struct rfa_tar_entry *grown = realloc(tar->entries, cap * sizeof(*grown));

		if (!grown)
			return rfa_fail_nomem(err);
		tar->entries = grown;
		tar->cap = cap;
	}
	e = &tar->entries[tar->n];
	memset(e, 0, sizeof(*e));
	if (!tar->long_name) {
		prefix = memcmp(head + 257, "ustar\0", 6) == 0 ? field_len(head + 345, 155) : 0;
		if (prefix) {
			memcpy(name, head + 345, prefix);
			name[prefix] = '/';
			n = prefix + 1;
		}
		memcpy(name + n, head, field_len(head, 100));
		n += field_len(head, 100);
		rc = replace(&tar->long_name, name, n, err);
	}
	if (rc == 0 && !tar->long_link && (head[156] == '1' || head[156] == '2'))
		rc = replace(&tar->long_link, (const char *)head + 157, field_len(head + 157, 100),
			     err);
	if (rc != 0)
		return rc;
	if (strncmp(tar->long_name, "./", 2) == 0)
		memmove(tar->long_name, tar->long_name + 2, strlen(tar->long_name) - 1);
	e->name = tar->long_name;
	e->link = tar->long_link;
	tar->long_name = tar->long_link = NULL;
	tar->long_size = -1;
	e->type = head[156] ? (char)head[156] : '0';
	e->offset = offset;
	e->size = size;
	tar->n++;
	return 0;
}

/* "LEN key=value\n" records (POSIX pax); only what moves the bytes or names the file matters. */
static int pax(struct rfa_tar *tar, const char *data, size_t len, struct rfa_error *err)
{
	const char *record = data, *end = data + len, *p, *value, *last;
	uint64_t n, size;
	int rc = 0;

	for (; rc == 0 && record < end && *record; record += n) {
		p = record;
		if (number(&p, end, &n) || n < 5 || n > (uint64_t)(end - record) || *p != ' ')
			return corrupt("a pax record is damaged", err);
		last = record + n - 1; /* its newline */
		p++;
		value = p < last ? memchr(p, '=', (size_t)(last - p)) : NULL;
		if (!value || *last != '\n')
			return corrupt("a pax record is damaged", err);
		value++;
		if (strncmp(p, "path=", 5) == 0) {
			rc = replace(&tar->long_name, value, (size_t)(last - value), err);
		} else if (strncmp(p, "linkpath=", 9) == 0) {
			rc = replace(&tar->long_link, value, (size_t)(last - value), err);
		} else if (strncmp(p, "size=", 5) == 0) {
			if (number(&value, last, &size) || value != last || size > INT64_MAX)
				return corrupt("a pax record is damaged", err);
			tar->long_size = (int64_t)size;
		}
	}
	return rc;
}

/* What the content of an 'L', 'K' or 'x' entry says of the next one. */
static int extra(struct rfa_tar *tar, char type, const char *data, size_t len,
		 struct rfa_error *err)
{
	size_t n = strnlen(data, len);

	if (type == 'L')
		return replace(&tar->long_name, data, n, err);
	if (type == 'K')
		return replace(&tar->long_link, data, n, err);
	return pax(tar, data, len, err);
}

/* One "head" line. *type and *size: of an entry whose content must follow in a "data" line. */
static int header(struct rfa_tar *tar, uint64_t offset, const unsigned char *head, char *type,
		  uint64_t *size, struct rfa_error *err)
{
	uint64_t sum = 0, at = offset + RFA_TAR_BLOCK;

	if (offset != tar->next)
		return protocol_error(err);
	if (head[0] == 0) {
		/* The end is two blocks of zeros; the name of an entry is never empty. */
		tar->complete = checksum(head) == 8 * ' ';
		return tar->complete ? 0 : corrupt("an entry has no name", err);
	}
	if (field(head + 148, 8, &sum) || sum != checksum(head))
		return corrupt("a header's checksum is wrong", err);
	if (field(head + 124, 12, size))
		return corrupt("an entry's size is no number", err);
	*type = (char)head[156];
	if (tar->long_size >= 0 && *type != 'x' && *type != 'L' && *type != 'K')
		*size = (uint64_t)tar->long_size;
	if (at > tar->file_size || *size > tar->file_size - at)
		return corrupt("an entry is cut short", err);
	tar->next = at + (*size + RFA_TAR_BLOCK - 1) / RFA_TAR_BLOCK * RFA_TAR_BLOCK;
	switch (*type) {
	case 'x':
	case 'L':
	case 'K':
		return *size <= LONG_MAX_BYTES ? 0 : corrupt("a name is too long", err);
	case 'g': /* of all entries: nothing that we read */
		*type = 0;
		return 0;
	default:
		*type = 0;
		return add_entry(tar, head, at, *size, err);
	}
}

int rfa_tar_index(struct rfa_tar *tar, const char *text, size_t len, int *again,
		  struct rfa_error *err)
{
	const char *p = text, *end = text + len, *eol;
	unsigned char *bytes = malloc(LONG_MAX_BYTES + 1);
	uint64_t offset, size = 0;
	char awaited = 0;
	long n;
	int rc = bytes ? 0 : rfa_fail_nomem(err), ended = 0;

	*again = 0;
	for (; rc == 0 && !ended && p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (!eol) {
			rc = protocol_error(err);
			break;
		}
		if (eol - p > 5 && memcmp(p, "size ", 5) == 0) {
			p += 5;
			if (number(&p, eol, &tar->file_size))
				rc = protocol_error(err);
		} else if (eol - p > 5 && memcmp(p, "head ", 5) == 0) {
			p += 5;
			if (awaited || tar->complete || number(&p, eol, &offset) ||
			    block(p, eol, bytes, RFA_TAR_BLOCK) != (long)RFA_TAR_BLOCK)
				rc = protocol_error(err);
			else
				rc = header(tar, offset, bytes, &awaited, &size, err);
		} else if (eol - p > 5 && memcmp(p, "data ", 5) == 0) {
			p += 5;
			n = number(&p, eol, &offset) ? -1 : block(p, eol, bytes, LONG_MAX_BYTES);
			if (!awaited || n < 0 || (uint64_t)n != size) {
				rc = protocol_error(err);
			} else {
				bytes[n] = 0;
				rc = extra(tar, awaited, (char *)bytes, (size_t)n, err);
			}
			awaited = 0;
		} else {
			ended = 1;
			*again = eol - p == 4 && memcmp(p, "more", 4) == 0;
			if (!*again && (eol - p != 3 || memcmp(p, "end", 3) != 0))
				rc = protocol_error(err);
		}
	}
	if (rc == 0 && (!ended || awaited))
		rc = protocol_error(err);
	if (rc == 0 && !*again && !tar->complete)
		rc = corrupt("it has no end", err);
	if (rc == 0 && *again && tar->n == RFA_TAR_ENTRIES_MAX)
		rc = corrupt("it has too many entries", err);
	free(bytes);
	return rc;
}

const struct rfa_tar_entry *rfa_tar_find(const struct rfa_tar *tar, const char *name)
{
	char path[512];
	const char *slash;
	int hops;
	size_t i;

	(void)snprintf(path, sizeof(path), "%s", name);
	/* A link may lead to a link, never in a circle for ever. */
	for (hops = 0; hops < 8; hops++) {
		const struct rfa_tar_entry *e = NULL;

		for (i = 0; i < tar->n; i++)
			if (strcmp(tar->entries[i].name, path) == 0)
				e = &tar->entries[i];
		if (!e || !e->link || (e->type != '1' && e->type != '2'))
			return e && e->type == '0' ? e : NULL;
		if (e->type == '1') {
			(void)snprintf(path, sizeof(path), "%s", e->link);
			continue;
		}
		/* "../ID/layer.tar", beside the directory of the link: the only form there is. */
		slash = strchr(e->name, '/');
		if (strncmp(e->link, "../", 3) == 0 && slash && !strchr(slash + 1, '/'))
			(void)snprintf(path, sizeof(path), "%s", e->link + 3);
		else
			return NULL;
	}
	return NULL;
}

void rfa_tar_release(struct rfa_tar *tar)
{
	size_t i;

	for (i = 0; i < tar->n; i++) {
		free(tar->entries[i].name);
		free(tar->entries[i].link);
	}
	free(tar->entries);
	free(tar->long_name);
	free(tar->long_link);
	*tar = (struct rfa_tar)RFA_TAR_INIT;
}

int rfa_tar_header(struct rfa_buf *out, const char *name, char type, uint64_t size,
		   struct rfa_error *err)
{
	unsigned char head[RFA_TAR_BLOCK] = { 0 };
	size_t n = strlen(name), i;

	if (n > 100)
		return rfa_fail(err, RFA_EINTERNAL, "tar", "a name in an archive is too long");
	memcpy(head, name, n);
	(void)snprintf((char *)head + 100, 8, "%07o", type == '5' ? 0755u : 0444u);
	(void)snprintf((char *)head + 108, 8, "%07o", 0u);
	(void)snprintf((char *)head + 116, 8, "%07o", 0u);
	if (size < (UINT64_C(1) << 33)) {
		(void)snprintf((char *)head + 124, 12, "%011llo", (unsigned long long)size);
	} else {
		head[124] = 0x80;
		for (i = 0; i < 8; i++)
			head[135 - i] = (unsigned char)(size >> (8 * i));
	}
	(void)snprintf((char *)head + 136, 12, "%011o", 0u);
	head[156] = (unsigned char)type;
	memcpy(head + 257, "ustar\00000", 8);
	(void)snprintf((char *)head + 148, 8, "%06o", checksum(head));
	head[155] = ' ';
	(void)rfa_buf_add(out, head, sizeof(head));
	return rfa_buf_check(out, err);
}

int rfa_tar_padding(struct rfa_buf *out, uint64_t size)
{
	static const char zeros[RFA_TAR_BLOCK];
	size_t rest = (size_t)(size % RFA_TAR_BLOCK);

	return rest ? rfa_buf_add(out, zeros, RFA_TAR_BLOCK - rest) : 0;
}

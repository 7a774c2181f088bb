/* Reads a tar archive as it passes by. */
#include "cli/frame/untar.h"

#include <stdlib.h>
#include <string.h>

enum { EXTRA_MAX = 1 << 20, MAP_MAX = 16 << 20 };

static int corrupt(struct rfa_error *err, const char *what)
{
	return rfa_fail(err, RFA_ECORRUPT, "tar", "this is no whole tar archive: %s", what);
}

void rfa_untar_begin(struct rfa_untar *u, const char *want,
		     int (*data)(void *user, const void *data, size_t len, struct rfa_error *),
		     void *user)
{
	memset(u, 0, sizeof(*u));
	u->want = want;
	u->data = data;
	u->user = user;
	u->extra = (struct rfa_buf)RFA_BUF_INIT(EXTRA_MAX);
	u->name = u->target = (struct rfa_buf)RFA_BUF_INIT(RFA_UNTAR_NAME_MAX - 1);
	u->map = (struct rfa_buf)RFA_BUF_INIT(MAP_MAX);
	u->long_size = u->sparse_size = -1;
}

void rfa_untar_release(struct rfa_untar *u)
{
	rfa_buf_release(&u->extra);
	rfa_buf_release(&u->name);
	rfa_buf_release(&u->target);
	rfa_buf_release(&u->map);
}

/* Numbers. */

/* Octal digits, or the bytes themselves behind a byte of 0x80; -1: neither. */
static int64_t number(const unsigned char *field, size_t len)
{
	int64_t n = 0;
	size_t i = 0;

	if (field[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (n > INT64_MAX >> 8)
				return -1;
			n = n << 8 | field[i];
		}
		return n;
	}
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] && field[i] != ' '; i++) {
		if (field[i] < '0' || field[i] > '7' || n > INT64_MAX >> 3)
			return -1;
		n = n << 3 | (field[i] - '0');
	}
	return n;
}

/* Decimal digits; -1: it is none. */
static int64_t decimal(const char *text, size_t len)
{
	int64_t n = 0;

	if (len == 0 || len > 18)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (text[i] - '0');
	}
	return n;
}

/* What is said of the next entry. */

static int is_key(const char *key, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(key, name, len) == 0;
}

static int take_value(struct rfa_untar *u, const char *key, size_t key_len, const char *value,
		      size_t len, struct rfa_error *err)
{
	int is_map = is_key(key, key_len, "GNU.sparse.offset") ||
		     is_key(key, key_len, "GNU.sparse.numbytes");
	int64_t n = decimal(value, len);

	if (is_key(key, key_len, "path")) {
		rfa_buf_clear(&u->name);
		rfa_buf_add(&u->name, value, len);
	} else if (is_key(key, key_len, "linkpath")) {
		rfa_buf_clear(&u->target);
		rfa_buf_add(&u->target, value, len);
	} else if (is_key(key, key_len, "size")) {
		u->long_size = n;
	} else if (is_key(key, key_len, "GNU.sparse.size")) {
		u->sparse_size = n;
	} else if (is_map) {
		rfa_buf_add(&u->map, &n, sizeof(n));
	} else if (is_key(key, key_len, "GNU.sparse.major") ||
		   is_key(key, key_len, "GNU.sparse.map")) {
		return rfa_fail(err, RFA_EUNSUPPORTED, "tar",
				"a sparse file in a form that rfa does not write");
	} else {
		return 0;
	}
	return is_map && n < 0 ? corrupt(err, "a sparse file is not described") : 0;
}

/* "LENGTH KEY=VALUE\n" … */
static int take_pax(struct rfa_untar *u, struct rfa_error *err)
{
	const char *at = rfa_buf_str(&u->extra), *end = at + u->extra.len;

	while (at < end) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		int64_t len = blank ? decimal(at, (size_t)(blank - at)) : -1;
		const char *equals, *stop = at + len;

		if (len < 5 || len > end - at || stop[-1] != '\n')
			return corrupt(err, "an extended header cannot be read");
		equals = memchr(blank, '=', (size_t)(stop - blank));
		if (!equals)
			return corrupt(err, "an extended header cannot be read");
		int rc = take_value(u, blank + 1, (size_t)(equals - blank - 1), equals + 1,
				    (size_t)(stop - equals - 2), err);
		if (rc < 0)
			return rc;
		at = stop;
	}
	return 0;
}

static int end_extra(struct rfa_untar *u, struct rfa_error *err)
{
	struct rfa_buf *name = u->kind == 'K' ? &u->target : &u->name;
	int rc = rfa_buf_check(&u->extra, err);

	if (rc == 0 && u->kind == 'x')
		rc = take_pax(u, err);
	if (rc == 0 && u->kind != 'x' && u->kind != 'g') {
		rfa_buf_clear(name);
		rfa_buf_puts(name, rfa_buf_str(&u->extra));
	}
	if (rc == 0)
		rc = rfa_buf_check(&u->name, err);
	if (rc == 0)
		rc = rfa_buf_check(&u->map, err);
	rfa_buf_clear(&u->extra);
	return rc;
}

static int is_extra(char kind)
{
	return kind == 'x' || kind == 'g' || kind == 'L' || kind == 'K';
}

/* The file. */

static int put_zeros(struct rfa_untar *u, int64_t n, struct rfa_error *err)
{
	static const char zeros[4096];
	int rc = 0;

	for (; rc == 0 && n > 0; n -= (int64_t)sizeof(zeros)) {
		size_t some = n < (int64_t)sizeof(zeros) ? (size_t)n : sizeof(zeros);

		rc = u->data(u->user, zeros, some, err);
		u->at += (int64_t)some;
	}
	return rc;
}

/* Where the next byte of the body belongs, and how many follow it there. */
static int put_some(struct rfa_untar *u, const char *data, size_t len, size_t *used,
		    struct rfa_error *err)
{
	const int64_t *map = (const int64_t *)(const void *)u->map.data;
	size_t n = u->map.len / (2 * sizeof(*map));
	int64_t begin, end;

	*used = len;
	if (u->sparse_size < 0) {
		u->at += (int64_t)len;
		return u->data(u->user, data, len, err);
	}
	while (u->segment < n && u->at >= map[2 * u->segment] + map[2 * u->segment + 1])
		u->segment++;
	if (u->segment == n)
		return corrupt(err, "a sparse file is longer than it says");
	begin = map[2 * u->segment];
	end = begin + map[2 * u->segment + 1];
	if (begin > u->at) {
		int rc = put_zeros(u, begin - u->at, err);
		if (rc < 0)
			return rc;
	}
	*used = (int64_t)len < end - u->at ? len : (size_t)(end - u->at);
	u->at += (int64_t)*used;
	return u->data(u->user, data, *used, err);
}

static int put_body(struct rfa_untar *u, const char *data, size_t len, struct rfa_error *err)
{
	int rc = 0;

	if (is_extra(u->kind))
		rfa_buf_add(&u->extra, data, len);
	while (u->wanted && rc == 0 && len > 0) {
		size_t used;

		rc = put_some(u, data, len, &used, err);
		data += used;
		len -= used;
	}
	return rc;
}

/* What was said of an entry is said of no other. */
static int end_entry(struct rfa_untar *u, struct rfa_error *err)
{
	int rc = 0;

	if (is_extra(u->kind))
		return end_extra(u, err);
	if (u->wanted && u->sparse_size > u->at)
		rc = put_zeros(u, u->sparse_size - u->at, err);
	u->wanted = 0;
	rfa_buf_clear(&u->name);
	rfa_buf_clear(&u->target);
	rfa_buf_clear(&u->map);
	u->long_size = u->sparse_size = -1;
	return rc;
}

/* Headers. */

static const char *without_dot(const char *name)
{
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return name;
}

/* The text of a field, which ends with a NUL or fills it. */
static void take_text(struct rfa_buf *into, const unsigned char *field, size_t most)
{
	rfa_buf_add(into, field, strnlen((const char *)field, most));
}

static void name_of(const struct rfa_untar *u, struct rfa_buf *out)
{
	if (u->name.len) {
		rfa_buf_puts(out, rfa_buf_str(&u->name));
		return;
	}
	/* GNU's own form has times where POSIX has the beginning of the path. */
	if (memcmp(u->block + 257, "ustar\0", 6) == 0 && u->block[345]) {
		take_text(out, u->block + 345, 155);
		rfa_buf_putc(out, '/');
	}
	take_text(out, u->block, 100);
}

static void begin_file(struct rfa_untar *u, const char *name)
{
	int is_file = u->kind == '0' || u->kind == '\0' || u->kind == '7';
	struct rfa_buf target = RFA_BUF_INIT(RFA_UNTAR_NAME_MAX - 1);

	if (strcmp(without_dot(name), u->want) != 0) {
		u->beside += is_file ? u->body : 0;
		return;
	}
	u->at = 0;
	u->segment = 0;
	u->wanted = is_file;
	u->found |= is_file;
	u->is_other |= !is_file && u->kind != '1';
	u->link[0] = '\0';
	if (u->kind == '1') {
		rfa_buf_puts(&target, rfa_buf_str(&u->target));
		if (!u->target.len)
			take_text(&target, u->block + 157, 100);
		snprintf(u->link, sizeof(u->link), "%s", without_dot(rfa_buf_str(&target)));
	}
	rfa_buf_release(&target);
}

static int is_empty(const unsigned char block[512])
{
	for (size_t i = 0; i < 512; i++)
		if (block[i])
			return 0;
	return 1;
}

static int take_header(struct rfa_untar *u, struct rfa_error *err)
{
	struct rfa_buf name = RFA_BUF_INIT(RFA_UNTAR_NAME_MAX - 1);
	int64_t size = number(u->block + 124, 12);
	int rc;

	if (is_empty(u->block)) {
		u->ended = 1;
		return 0;
	}
	if (u->ended || memcmp(u->block + 257, "ustar", 5) != 0)
		return corrupt(err, "a header cannot be read");
	u->kind = (char)u->block[156];
	if (u->kind == 'S')
		return rfa_fail(err, RFA_EUNSUPPORTED, "tar",
				"a sparse file in a form that rfa does not write");
	if (!is_extra(u->kind) && u->long_size >= 0)
		size = u->long_size;
	/* A link and a directory have no content, whatever they say. */
	if (u->kind >= '1' && u->kind <= '6')
		size = 0;
	if (size < 0)
		return corrupt(err, "a size cannot be read");
	u->body = size;
	u->padding = (512 - size % 512) % 512;
	if (!is_extra(u->kind)) {
		name_of(u, &name);
		begin_file(u, rfa_buf_str(&name));
	}
	rc = rfa_buf_check(&name, err);
	rfa_buf_release(&name);
	return rc == 0 && size == 0 ? end_entry(u, err) : rc;
}

int rfa_untar_feed(struct rfa_untar *u, const void *data, size_t len, struct rfa_error *err)
{
	const char *at = data, *end = at + len;
	int rc = 0;

	while (rc == 0 && at < end) {
		size_t room = (size_t)(end - at), some;

		if (u->body > 0) {
			some = (int64_t)room < u->body ? room : (size_t)u->body;
			u->body -= (int64_t)some;
			rc = put_body(u, at, some, err);
			if (rc == 0 && u->body == 0)
				rc = end_entry(u, err);
		} else if (u->padding > 0) {
			some = (int64_t)room < u->padding ? room : (size_t)u->padding;
			u->padding -= (int64_t)some;
		} else {
			some = room < 512 - u->in_block ? room : 512 - u->in_block;
			memcpy(u->block + u->in_block, at, some);
			u->in_block += some;
			if (u->in_block == 512) {
				u->in_block = 0;
				rc = take_header(u, err);
			}
		}
		at += some;
	}
	return rc;
}

int rfa_untar_end(const struct rfa_untar *u, struct rfa_error *err)
{
	if (u->ended && u->body == 0 && u->padding == 0 && u->in_block == 0)
		return 0;
	return corrupt(err, "it is cut short");
}

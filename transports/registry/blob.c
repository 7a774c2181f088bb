/* Blobs, from any byte on, and whether their bytes are those of their digest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transports/registry/inside.h"

/* A blob on its way. */
struct flow {
	const struct rfa_registry *r;
	const struct rfa_registry_part *part;
	const char *what;
	uint64_t skip; /* bytes that come, and are there already */
	uint64_t got;
	int beyond; /* 416: it ends before that byte */
};

static int mismatch(const struct flow *f, uint64_t has, struct rfa_error *err)
{
	rfa_fail(err, RFA_EMISMATCH, "registry", "%s has %llu bytes, but the manifest says %llu",
		 f->what, (unsigned long long)has, (unsigned long long)f->part->size);
	return rfa_error_where(err, "%s", f->r->domain);
}

/* A number in decimal digits, and what follows it. -1: there is none. */
static int take_number(const char **at, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return -1;
	errno = 0;
	*out = strtoull(*at, &end, 10);
	*at = end;
	return errno ? -1 : 0;
}

/* "bytes FIRST-LAST/SIZE" (RFC 9110, 14.4), where SIZE may be "*": is it what was asked for? */
static int check_range(struct flow *f, const char *text, struct rfa_error *err)
{
	uint64_t first, last, size = f->part->size;

	if (strncmp(text, "bytes ", 6) != 0)
		goto bad;
	text += 6;
	if (take_number(&text, &first) || *text++ != '-' || take_number(&text, &last) ||
	    *text++ != '/' || (strcmp(text, "*") != 0 && (take_number(&text, &size) || *text)))
		goto bad;
	if (size != f->part->size)
		return mismatch(f, size, err);
	if (first == f->part->from && last >= first && last < size)
		return 0;
bad:
	return rfa_registry_nonsense(f->r, err, "it sends another part of %s than was asked for",
				     f->what);
}

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct flow *f = user;
	const char *value;
	uint64_t length;

	f->skip = head->status == 200 ? f->part->from : 0;
	f->beyond = head->status == 416;
	if (f->beyond)
		return RFA_HTTP_ENOUGH; /* some announce a body here that never comes */
	if (head->status == 206) {
		value = rfa_http_header(head, "Content-Range", 0);
		return check_range(f, value ? value : "", err);
	}
	value = rfa_http_header(head, "Content-Length", 0);
	if (head->status == 200 && value && !take_number(&value, &length) && !*value &&
	    length != f->part->size)
		return mismatch(f, length, err);
	return 0;
}

static int take_body(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct flow *f = user;
	uint64_t left = f->part->size - f->part->from - f->got;
	const char *bytes = data;
	int rc;

	if (f->skip >= len) {
		f->skip -= len;
		return 0;
	}
	bytes += f->skip;
	len -= (size_t)f->skip;
	f->skip = 0;
	if (len > left) {
		rfa_fail(err, RFA_EMISMATCH, "registry",
			 "%s has more than the %llu bytes that the manifest says", f->what,
			 (unsigned long long)f->part->size);
		return rfa_error_where(err, "%s", f->r->domain);
	}
	rc = f->part->take(f->part->user, bytes, len, err);
	if (!rc)
		f->got += len;
	return rc;
}

static int fetch(struct rfa_registry *r, struct flow *f, struct rfa_error *err)
{
	const struct rfa_registry_part *part = f->part;
	struct rfa_buf path = RFA_BUF_INIT(1024);
	char scope[300], range[64];
	struct rfa_registry_ask ask = {
		.scope = scope,
		.what = f->what,
		.range = part->from ? range : NULL,
		.on_head = take_head,
		.on_body = take_body,
		.user = f,
	};
	int rc;

	snprintf(scope, sizeof(scope), "repository:%s:pull", part->repository);
	snprintf(range, sizeof(range), "Range: bytes=%llu-", (unsigned long long)part->from);
	(void)rfa_buf_printf(&path, "/v2/%s/blobs/%s", part->repository, part->digest);
	ask.path = rfa_buf_str(&path);
	rc = rfa_buf_check(&path, err);
	if (!rc)
		rc = rfa_registry_ask(r, &ask, err);
	rfa_buf_release(&path);
	return rc;
}

int rfa_registry_fetch(struct rfa_registry *r, const struct rfa_registry_part *part, uint64_t *got,
		       struct rfa_error *err)
{
	char what[400];
	struct flow f = { .r = r, .part = part, .what = what };
	int rc = 0;

	*got = 0;
	snprintf(what, sizeof(what), "%s@%s", part->repository, part->digest);
	if (!rfa_registry_is_digest(part->digest) || part->from > part->size)
		return rfa_fail(err, RFA_EINTERNAL, "registry", "%s: no such part of a blob", what);
	if (part->from == part->size)
		return 0;
	rc = fetch(r, &f, err);
	*got = f.got;
	if (rc)
		return rc;
	if (f.beyond)
		rc = rfa_fail(err, RFA_EMISMATCH, "registry",
			      "%s has not more than %llu bytes, but the manifest says %llu", what,
			      (unsigned long long)part->from, (unsigned long long)part->size);
	else if (part->from + f.got != part->size) {
		rfa_fail(err, RFA_ELOST, "registry", "%s ended after %llu of %llu bytes", what,
			 (unsigned long long)(part->from + f.got), (unsigned long long)part->size);
		rc = rfa_error_as(err, RFA_RETRY);
	}
	if (rc)
		rfa_error_where(err, "%s", r->domain);
	return rc;
}

void rfa_registry_check_begin(struct rfa_registry_check *check)
{
	rfa_digest_init(&check->digest, RFA_SHA256);
	check->seen = 0;
}

void rfa_registry_check_add(struct rfa_registry_check *check, const void *data, size_t len)
{
	rfa_digest_update(&check->digest, data, len);
	check->seen += len;
}

int rfa_registry_check_end(struct rfa_registry_check *check, const char *digest, uint64_t size,
			   struct rfa_error *err)
{
	char is[RFA_REGISTRY_DIGEST] = "sha256:";

	rfa_digest_final(&check->digest, is + 7);
	if (check->seen != size)
		return rfa_fail(err, RFA_EMISMATCH, "registry",
				"%s has %llu bytes, but %llu were announced", RFA_SHOWN(digest),
				(unsigned long long)check->seen, (unsigned long long)size);
	if (strcmp(is, digest) != 0)
		return rfa_fail(err, RFA_EMISMATCH, "registry", "what came as %s has the digest %s",
				RFA_SHOWN(digest), is);
	return 0;
}

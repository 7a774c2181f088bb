/* A registry that lies, refuses, breaks off. */
#include "tests/harness/fakeregistry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/buf.h"

/* "deploy:s3cret/with+signs" */
#define BASIC "Basic ZGVwbG95OnMzY3JldC93aXRoK3NpZ25z"

static void say(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

__attribute__((format(printf, 2, 3))) static void sayf(int fd, const char *fmt, ...)
{
	char text[8192];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say(fd, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* The value of a header of the request; "". */
static const char *header(const char *request, const char *name, char *out, size_t size)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\r\n%s: ", name);
	at = strstr(request, line);
	at = at ? at + strlen(line) : "";
	snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
	return out;
}

static void note(struct fake_shared *s, const char *who, const char *request)
{
	char auth[1024], range[128];
	unsigned at = __atomic_load_n(&s->next, __ATOMIC_SEQ_CST);
	int n = snprintf(s->log + at, sizeof(s->log) - at, "%s %.*s auth=%s range=%s%s\n", who,
			 (int)strcspn(request, "\r"), request,
			 header(request, "Authorization", auth, sizeof(auth)),
			 header(request, "Range", range, sizeof(range)),
			 request[0] == 'P' ? strstr(request, "\r\n\r\n") + 3 : "");

	__atomic_store_n(&s->next, at + (unsigned)n, __ATOMIC_SEQ_CST);
}

static void refuse(const struct fake_shared *s, int fd, int status, const char *headers)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"errors\":[{\"code\":\"SOMETHING\",\"message\":\"%s\"}]}",
		 s->message);
	sayf(fd, "HTTP/1.1 %d No\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body),
	     body);
}

/* The token service. */

static void give_token(struct fake_registry *f, int fd, const char *request)
{
	struct fake_shared *s = f->shared;
	char auth[1024], body[512], expires[64] = "";
	const int post = request[0] == 'P';

	header(request, "Authorization", auth, sizeof(auth));
	note(s, "token", request);
	if (s->token_status || (*auth && strcmp(auth, BASIC) != 0) ||
	    (post && !strstr(request, "grant_type=refresh_token"))) {
		refuse(s, fd, s->token_status ? s->token_status : 401, "");
		return;
	}
	if (s->expires_in)
		snprintf(expires, sizeof(expires), ",\"expires_in\":%d", s->expires_in);
	snprintf(body, sizeof(body), "{\"%s\":\"token-%u%s\"%s}", post ? "access_token" : "token",
		 __atomic_add_fetch(&s->tokens, 1, __ATOMIC_SEQ_CST),
		 *auth || post ? "-deploy" : "-anybody", expires);
	sayf(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s",
	     *s->token_answer ? s->token_answer : body);
}

/* The registry. */

static int may_enter(struct fake_registry *f, int fd, const char *request)
{
	struct fake_shared *s = f->shared;
	char auth[1024], challenge[1024], realm[300], good[64];

	header(request, "Authorization", auth, sizeof(auth));
	snprintf(realm, sizeof(realm), "http://127.0.0.1:%u/token", f->web.port);
	snprintf(good, sizeof(good), "Bearer token-%u-", s->good_token);
	if (s->auth == FAKE_OPEN || (s->auth == FAKE_BASIC && !strcmp(auth, BASIC)))
		return 1;
	if (s->auth == FAKE_BEARER && !strncmp(auth, s->good_token ? good : "Bearer token-",
					       s->good_token ? strlen(good) : 13))
		return 1;
	if (s->auth == FAKE_BASIC)
		snprintf(challenge, sizeof(challenge), "WWW-Authenticate: Basic realm=\"x\"\r\n");
	else
		snprintf(challenge, sizeof(challenge),
			 "Www-Authenticate: Bearer realm=\"%s\",service=\"the, \\\"service\\\"\","
			 "scope=\"repository:" FAKE_REPOSITORY ":pull,push\"\r\n",
			 *s->realm ? s->realm : realm);
	refuse(s, fd, 401, challenge);
	return 0;
}

static const struct oci_blob *manifest_of(const struct fake_registry *f, const char *name,
					  size_t len)
{
	const struct oci_blob *all[] = { &f->images[0].manifest, &f->images[1].manifest,
					 &f->images[2].manifest, &f->docker.manifest, &f->index };
	size_t i;

	if (len == 1 && *name == '1')
		return &f->index;
	if (len == 6 && !strncmp(name, "docker", 6))
		return &f->docker.manifest;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strlen(all[i]->digest) == len && !strncmp(all[i]->digest, name, len))
			return all[i];
	return NULL;
}

static void give_manifest(struct fake_registry *f, int fd, const char *name, size_t len)
{
	struct fake_shared *s = f->shared;
	const struct oci_blob *m = manifest_of(f, name, len);
	size_t size = *s->manifest ? strlen(s->manifest) : m ? m->len : 0;
	char *data = calloc(1, size + 1);
	char headers[128] = "";
	size_t i;

	if (*s->retry_after)
		snprintf(headers, sizeof(headers), "Retry-After: %s\r\n", s->retry_after);
	if (s->status || !m || !data) {
		refuse(s, fd, s->status ? s->status : 404, headers);
		free(data);
		return;
	}
	memcpy(data, *s->manifest ? s->manifest : m->data, size);
	if (s->spoil == 1 && strchr(name, ':') && strchr(name, ':') < name + len)
		data[size / 2] ^= 1;
	sayf(fd, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
	     *s->type ? s->type : m->type, size + s->pad);
	if (*s->told || !*s->manifest)
		sayf(fd, "Docker-Content-Digest: %s\r\n", *s->told ? s->told : m->digest);
	say(fd, "\r\n", 2);
	say(fd, data, size);
	for (i = 0; i < s->pad; i += 8)
		say(fd, "        ", 8);
	free(data);
}

static const struct oci_blob *blob_of(const struct fake_registry *f, const char *digest)
{
	const struct oci_image *images[] = { &f->images[0], &f->images[1], &f->images[2],
					     &f->docker };
	size_t i, n;

	for (i = 0; i < 4; i++) {
		if (!strncmp(images[i]->config.digest, digest, 71))
			return &images[i]->config;
		for (n = 0; n < OCI_LAYERS; n++)
			if (!strncmp(images[i]->layers[n].digest, digest, 71))
				return &images[i]->layers[n];
	}
	return NULL;
}

static void give_bytes(struct fake_registry *f, int fd, const struct oci_blob *b, size_t from,
		       int ranged)
{
	struct fake_shared *s = f->shared;
	const int counts = b->len >= s->big;
	const enum fake_blob way = counts ? s->blob : FAKE_RANGES;
	size_t len = b->len - from;
	char more[1000];

	memset(more, 'x', sizeof(more));
	if (ranged)
		sayf(fd, "HTTP/1.1 206 Partial\r\nContent-Range: bytes %zu-%zu/%zu\r\n", from,
		     b->len - 1, b->len);
	else
		sayf(fd, "HTTP/1.1 200 OK\r\n");
	if (way == FAKE_LONG)
		sayf(fd, "Connection: close\r\n\r\n");
	else
		sayf(fd, "Content-Length: %zu\r\n\r\n", way == FAKE_SHORT ? len - 1 : len);
	if (s->silent == 2)
		pause();
	if (way == FAKE_CUT)
		len /= 2;
	if (s->spoil == 2 && counts && len) {
		say(fd, "?", 1);
		say(fd, b->data + from + 1, len - 1);
	} else {
		say(fd, b->data + from, len);
	}
	if (way == FAKE_LONG)
		say(fd, more, sizeof(more));
}

static void give_blob(struct fake_registry *f, int fd, const char *request, const char *digest)
{
	const struct oci_blob *b = blob_of(f, digest);
	char range[128];
	size_t from = 0;
	int ranged;

	header(request, "Range", range, sizeof(range));
	ranged = *range && f->shared->blob != FAKE_NO_RANGES;
	if (ranged && f->shared->blob != FAKE_OTHER_PART)
		from = strtoul(range + 6, NULL, 10);
	if (!b)
		refuse(f->shared, fd, 404, "");
	else if (ranged && f->shared->blob == FAKE_BEYOND)
		sayf(fd, "HTTP/1.1 416 No\r\nContent-Length: 100\r\n\r\n");
	else
		give_bytes(f, fd, b, from, ranged);
}

static void answer(void *user, int fd, const char *request)
{
	struct fake_registry *f = user;
	struct fake_shared *s = f->shared;
	const char *path = strchr(request, ' ') + 1;
	static const char manifests[] = "/v2/" FAKE_REPOSITORY "/manifests/";
	static const char blobs[] = "/v2/" FAKE_REPOSITORY "/blobs/";

	if (!strncmp(path, "/token", 6)) {
		give_token(f, fd, request);
		return;
	}
	note(s, "registry", request);
	if (s->silent == 1)
		pause();
	if (!strncmp(path, "/v2/ ", 5) && *s->ping) {
		say(fd, s->ping, strlen(s->ping));
		return;
	}
	if (!may_enter(f, fd, request))
		return;
	if (!strncmp(path, "/v2/ ", 5)) {
		sayf(fd, "HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
			 "Content-Length: 2\r\n\r\n{}");
	} else if (!strncmp(path, manifests, sizeof(manifests) - 1)) {
		path += sizeof(manifests) - 1;
		give_manifest(f, fd, path, strcspn(path, " "));
	} else if (!strncmp(path, blobs, sizeof(blobs) - 1) && *s->redirect) {
		char to[1024];

		snprintf(to, sizeof(to),
			 "HTTP/1.1 307 There\r\nLocation: %s%.*s\r\n"
			 "Content-Length: 0\r\n\r\n",
			 s->redirect, (int)strcspn(path, " "), path);
		say(fd, to, strlen(to));
	} else if (!strncmp(path, blobs, sizeof(blobs) - 1)) {
		give_blob(f, fd, request, path + sizeof(blobs) - 1);
	} else {
		sayf(fd, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	}
}

/* The storage elsewhere knows nobody, and has every blob; what it has not, it redirects on. */
static void answer_elsewhere(void *user, int fd, const char *request)
{
	struct fake_registry *f = user;
	const char *digest = strstr(request, "sha256:");

	note(f->shared, "elsewhere", request);
	if (strstr(request, "/gone"))
		refuse(f->shared, fd, 403, "");
	else if (strstr(request, "/loop"))
		sayf(fd, "HTTP/1.1 302 There\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n");
	else
		give_blob(f, fd, request, digest ? digest : "");
}

void fake_registry_reset(struct fake_registry *f)
{
	memset(f->shared, 0, sizeof(*f->shared));
}

void fake_registry_start(struct fake_registry *f)
{
	memset(f, 0, sizeof(*f));
	f->shared = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(f->shared != MAP_FAILED);
	oci_image_make(&f->images[0], "amd64", "", 100000, 0);
	oci_image_make(&f->images[1], "arm", "v6", 2000, 0);
	oci_image_make(&f->images[2], "arm64", "v8", 3000, 0);
	oci_image_make(&f->docker, "amd64", "", 4000, 1);
	oci_index_make(&f->index, f->images, 3, 0);
	web_serve(&f->other, answer_elsewhere, f);
	/* Its processes know the port only if it is known before they begin. */
	web_serve(&f->web, answer, f);
}

void fake_registry_stop(struct fake_registry *f)
{
	size_t i;

	web_stop(&f->web);
	web_stop(&f->other);
	for (i = 0; i < 3; i++)
		oci_image_release(&f->images[i]);
	oci_image_release(&f->docker);
	free(f->index.data);
	munmap(f->shared, sizeof(*f->shared));
}

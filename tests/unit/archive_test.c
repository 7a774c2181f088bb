/*
 * The hybrid archive from each form that docker save has, over an index that the host's own script
 * made; and what is no whole archive is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "transports/host/archive.h"
#include "transports/host/scripts.h"
#include "transports/transport.h"

/* A tar, written as other programs do. */

struct sample {
	struct rfa_buf tar;
	char file[64];
};

static void octal(char *at, size_t width, unsigned long long n)
{
	snprintf(at, width, "%0*llo", (int)width - 1, n);
}

static void header(struct sample *s, const char *name, const char *prefix, char type,
		   const char *link, unsigned long long size)
{
	char head[512] = "";
	unsigned sum = 0;
	int i;

	memcpy(head, name, strlen(name) < 100 ? strlen(name) : 100);
	octal(head + 100, 8, 0644);
	octal(head + 108, 8, 1000);
	octal(head + 116, 8, 1000);
	octal(head + 124, 12, size);
	octal(head + 136, 12, 1700000000);
	memset(head + 148, ' ', 8);
	head[156] = type;
	memcpy(head + 157, link, strlen(link));
	memcpy(head + 257, "ustar\00000", 8);
	memcpy(head + 345, prefix, strlen(prefix));
	for (i = 0; i < 512; i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	rfa_buf_add(&s->tar, head, 512);
}

static void content(struct sample *s, const void *data, size_t len)
{
	static const char zeros[512];

	rfa_buf_add(&s->tar, data, len);
	rfa_buf_add(&s->tar, zeros, (512 - len % 512) % 512);
}

static void file(struct sample *s, const char *name, const void *data, size_t len)
{
	header(s, name, "", '0', "", len);
	content(s, data, len);
}

static void end(struct sample *s)
{
	static const char zeros[1024];

	rfa_buf_add(&s->tar, zeros, sizeof(zeros));
}

static struct sample begin(void)
{
	struct sample s = { RFA_BUF_INIT(64u << 20), "" };

	return s;
}

static void spill(struct sample *s)
{
	int fd;

	snprintf(s->file, sizeof(s->file), "/tmp/rfa-archive-XXXXXX");
	fd = mkstemp(s->file);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, s->tar.data, s->tar.len), (ssize_t)s->tar.len);
	close(fd);
}

static void drop(struct sample *s)
{
	unlink(s->file);
	rfa_buf_release(&s->tar);
}

/* The script, run by a shell of the caller's choice. */

static const char *const shells[][3] = { { "dash", NULL },
					 { "busybox", "sh", NULL },
					 { "sh", NULL } };

static int index_with(const struct sample *s, const char *const shell[], struct rfa_tar *tar,
		      struct rfa_error *err)
{
	struct rfa_transport *t = NULL;
	struct rfa_buf out = RFA_BUF_INIT(64u << 20), script = RFA_BUF_INIT(65536);
	char from[24], size[24];
	const char *argv[10] = { NULL };
	struct rfa_command command = { .argv = argv, .max_output = 64u << 20 };
	int rc, again = 1, status = 0, n = 0;

	rfa_buf_printf(&script, "set -f\n%s", rfa_script_tar_index[0]);
	while (shell[n])
		argv[n] = shell[n], n++;
	argv[n] = "-c";
	argv[n + 1] = rfa_buf_str(&script);
	argv[n + 2] = "sh";
	argv[n + 3] = s->file;
	argv[n + 4] = from;
	argv[n + 5] = size;
	rc = rfa_transport_local(&t, "here", err);
	while (rc == 0 && again) {
		snprintf(from, sizeof(from), "%llu", (unsigned long long)tar->next);
		snprintf(size, sizeof(size), "%lld", (long long)tar->long_size);
		rfa_buf_clear(&out);
		rc = rfa_transport_run(t, &command, &out, NULL, &status, err);
		if (rc == 0 && status == 127)
			rc = rfa_fail(err, RFA_EUNSUPPORTED, "test", "no such shell");
		if (rc == 0)
			rc = rfa_tar_index(tar, rfa_buf_str(&out), out.len, &again, err);
	}
	rfa_transport_free(t);
	rfa_buf_release(&out);
	rfa_buf_release(&script);
	return rc;
}

/* All shells that are here must say the same. */
static int index_of(struct sample *s, struct rfa_tar *tar, struct rfa_error *err)
{
	int rc = -1, first = -1;
	size_t i;

	if (!s->file[0])
		spill(s);
	for (i = 0; i < 3; i++) {
		struct rfa_tar one = RFA_TAR_INIT;

		rc = index_with(s, shells[i], &one, err);
		if (rc == -RFA_EUNSUPPORTED) {
			rfa_tar_release(&one);
			continue;
		}
		if (first == -1) {
			first = rc;
			*tar = one;
			continue;
		}
		assert_int_equal(rc, first);
		assert_int_equal(one.n, tar->n);
		rfa_tar_release(&one);
	}
	return first;
}

static int read_range(void *user, uint64_t offset, size_t size, struct rfa_buf *out,
		      struct rfa_error *err)
{
	struct sample *s = user;

	(void)err;
	assert_true(offset + size <= s->tar.len);
	rfa_buf_add(out, s->tar.data + offset, size);
	return 0;
}

/* Images in the three forms. */

struct layer {
	char diff_id[72], digest[72];
	char data[2000], packed[2100];
	size_t len, packed_len;
};

static void digest_of(const void *data, size_t len, char out[72])
{
	char hex[RFA_DIGEST_HEX];

	rfa_digest_of(RFA_SHA256, data, len, hex);
	snprintf(out, 72, "sha256:%s", hex);
}

/* A layer, and the same "compressed": other bytes with another digest. */
static void make_layer(struct layer *l, unsigned seed)
{
	size_t i;

	l->len = 1000 + seed;
	for (i = 0; i < l->len; i++)
		l->data[i] = (char)(seed * 31 + i * 7);
	digest_of(l->data, l->len, l->diff_id);
	l->packed_len = 700 + seed;
	for (i = 0; i < l->packed_len; i++)
		l->packed[i] = (char)(seed * 17 + i * 13);
	digest_of(l->packed, l->packed_len, l->digest);
}

struct image {
	char id[72], config_digest[72], manifest_digest[72];
	char *config, *manifest;
};

static void make_image(struct image *im, struct layer *const layers[2], int packed)
{
	json_t *config = json_pack("{s:s, s:s, s:{s:s, s:[s, s]}}", "os", "linux", "architecture",
				   "amd64", "rootfs", "type", "layers", "diff_ids",
				   layers[0]->diff_id, layers[1]->diff_id);
	json_t *manifest;

	im->config = json_dumps(config, JSON_SORT_KEYS);
	digest_of(im->config, strlen(im->config), im->config_digest);
	manifest =
	    json_pack("{s:i, s:s, s:{s:s, s:s, s:i}, s:[{s:s, s:s, s:i}, {s:s, s:s, s:i}]}",
		      "schemaVersion", 2, "mediaType", "application/vnd.oci.image.manifest.v1+json",
		      "config", "mediaType", "application/vnd.oci.image.config.v1+json", "digest",
		      im->config_digest, "size", (int)strlen(im->config), "layers", "mediaType",
		      "application/vnd.oci.image.layer.v1.tar+gzip", "digest",
		      packed ? layers[0]->digest : layers[0]->diff_id, "size", 1, "mediaType",
		      "application/vnd.oci.image.layer.v1.tar+gzip", "digest",
		      packed ? layers[1]->digest : layers[1]->diff_id, "size", 1);
	im->manifest = json_dumps(manifest, JSON_INDENT(1));
	digest_of(im->manifest, strlen(im->manifest), im->manifest_digest);
	snprintf(im->id, sizeof(im->id), "%s", im->config_digest);
	json_decref(config);
	json_decref(manifest);
}

static void free_image(struct image *im)
{
	free(im->config);
	free(im->manifest);
}

static void blob(struct sample *s, const char *digest, const void *data, size_t len)
{
	char name[96];

	snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	file(s, name, data, len);
}

static void json_file(struct sample *s, const char *name, json_t *json)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY);

	file(s, name, text, strlen(text));
	free(text);
	json_decref(json);
}

static json_t *descriptor(const char *type, const char *digest, size_t size)
{
	return json_pack("{s:s, s:s, s:i}", "mediaType", type, "digest", digest, "size", (int)size);
}

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"

/* Looks into a composed archive with the index that it is tested with: it must be a tar itself. */
struct made {
	struct sample s;
	struct rfa_tar tar;
	struct rfa_archive archive;
};

static int compose(struct made *m, struct sample *from, json_t *request, struct rfa_error *err)
{
	struct rfa_tar tar = RFA_TAR_INIT;
	struct rfa_archive_source source = { &tar, read_range, from, "linux", "amd64" };
	size_t i;
	int rc = index_of(from, &tar, err);

	memset(m, 0, sizeof(*m));
	m->s = begin();
	m->tar = (struct rfa_tar)RFA_TAR_INIT;
	if (rc == 0)
		rc = rfa_archive_compose(&m->archive, &source, request, err);
	for (i = 0; rc == 0 && i < m->archive.n; i++)
		rfa_buf_add(
		    &m->s.tar,
		    (m->archive.segments[i].saved ? from->tar.data : m->archive.frame.data) +
			m->archive.segments[i].offset,
		    m->archive.segments[i].size);
	if (rc == 0) {
		assert_int_equal(m->s.tar.len, m->archive.bytes);
		rc = index_of(&m->s, &m->tar, err);
	}
	rfa_tar_release(&tar);
	json_decref(request);
	return rc;
}

static void release(struct made *m)
{
	rfa_archive_release(&m->archive);
	rfa_tar_release(&m->tar);
	drop(&m->s);
}

static int holds(struct made *m, const char *digest, const void *data, size_t len)
{
	const struct rfa_tar_entry *e;
	char name[96];

	snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	e = rfa_tar_find(&m->tar, name);
	if (!e)
		return 0;
	assert_int_equal(e->size, len);
	assert_memory_equal(m->s.tar.data + e->offset, data, len);
	return 1;
}

static json_t *inside(struct made *m, const char *name)
{
	const struct rfa_tar_entry *e = rfa_tar_find(&m->tar, name);
	json_t *json;

	assert_non_null(e);
	json = json_loadb(m->s.tar.data + e->offset, e->size, 0, NULL);
	assert_non_null(json);
	return json;
}

static json_t *request(const char *id, const char *name, const char *omit)
{
	json_t *r = json_pack("{s:[{s:s, s:s}], s:[], s:s}", "images", "id", id, "name", name,
			      "omit", "name", "images");

	if (omit)
		json_array_append_new(json_object_get(r, "omit"), json_string(omit));
	return r;
}

static void assert_named(struct made *m, const char *config, const char *manifest, const char *tag,
			 const char *name)
{
	json_t *index = inside(m, "index.json"), *rows = inside(m, "manifest.json");
	char path[96];

	snprintf(path, sizeof(path), "blobs/sha256/%s", config + 7);
	assert_string_equal(rfa_facts_str(rows, "0/Config", ""), path);
	assert_string_equal(rfa_facts_str(rows, "0/RepoTags/0", ""), tag);
	assert_int_equal(json_array_size(rfa_facts_at(rows, "0/Layers")), 2);
	assert_string_equal(rfa_facts_str(index, "manifests/0/digest", ""), manifest);
	assert_string_equal(
	    rfa_facts_str(index, "manifests/0/annotations/io.containerd.image.name", ""), name);
	json_decref(index);
	json_decref(rows);
}

static void docker_25_on_the_classic_store(void **state)
{
	struct layer base = { .len = 0 }, top = { .len = 0 };
	struct layer *const both[2] = { &base, &top };
	struct sample s = begin();
	struct image im;
	struct made m;
	struct rfa_error err;
	json_t *index, *manifest;
	char path[3][96];
	char digest[80];

	(void)state;
	make_layer(&base, 1);
	make_layer(&top, 2);
	make_image(&im, both, 0);
	header(&s, "blobs/", "", '5', "", 0);
	blob(&s, base.diff_id, base.data, base.len);
	blob(&s, top.diff_id, top.data, top.len);
	blob(&s, im.config_digest, im.config, strlen(im.config));
	blob(&s, im.manifest_digest, im.manifest, strlen(im.manifest));
	json_file(&s, "index.json",
		  json_pack("{s:i, s:[o]}", "schemaVersion", 2, "manifests",
			    descriptor(MANIFEST, im.manifest_digest, strlen(im.manifest))));
	snprintf(path[0], 96, "blobs/sha256/%s", im.config_digest + 7);
	snprintf(path[1], 96, "blobs/sha256/%s", base.diff_id + 7);
	snprintf(path[2], 96, "blobs/sha256/%s", top.diff_id + 7);
	json_file(&s, "manifest.json",
		  json_pack("[{s:s, s:n, s:[s, s]}]", "Config", path[0], "RepoTags", "Layers",
			    path[1], path[2]));
	end(&s);

	assert_int_equal(compose(&m, &s, request(im.id, "localhost/rfa-pin:x", NULL), &err), 0);
	/* Its manifest is made here, whichever one docker listed: the same bytes every time. */
	index = inside(&m, "index.json");
	snprintf(digest, sizeof(digest), "%s", rfa_facts_str(index, "manifests/0/digest", ""));
	json_decref(index);
	assert_named(&m, im.config_digest, digest, "localhost/rfa-pin:x", "localhost/rfa-pin:x");
	snprintf(path[0], 96, "blobs/sha256/%s", digest + 7);
	manifest = inside(&m, path[0]);
	assert_string_equal(rfa_facts_str(manifest, "config/digest", ""), im.config_digest);
	assert_string_equal(rfa_facts_str(manifest, "layers/0/digest", ""), base.diff_id);
	assert_string_equal(rfa_facts_str(manifest, "layers/1/digest", ""), top.diff_id);
	json_decref(manifest);
	assert_int_equal(m.archive.layers, 2);
	assert_true(holds(&m, base.diff_id, base.data, base.len));
	assert_true(holds(&m, top.diff_id, top.data, top.len));
	assert_true(holds(&m, im.config_digest, im.config, strlen(im.config)));
	assert_non_null(rfa_tar_find(&m.tar, "oci-layout"));
	release(&m);

	/* Without the base; named in a domain of its own, without a tag. */
	assert_int_equal(compose(&m, &s, request(im.id, "reg.test:5000/a/b", base.diff_id), &err),
			 0);
	assert_named(&m, im.config_digest, digest, "reg.test:5000/a/b:latest",
		     "reg.test:5000/a/b:latest");
	assert_int_equal(m.archive.layers, 1);
	assert_int_equal(m.archive.omitted, 1);
	assert_false(holds(&m, base.diff_id, base.data, base.len));
	assert_true(holds(&m, top.diff_id, top.data, top.len));
	release(&m);

	assert_int_equal(compose(&m, &s, request(base.diff_id, "localhost/a:1", NULL), &err),
			 -RFA_ENOTFOUND);
	release(&m);
	assert_int_equal(compose(&m, &s, request("bf92", "localhost/a:1", NULL), &err),
			 -RFA_EINTERNAL);
	release(&m);
	assert_int_equal(compose(&m, &s, request(im.id, "", NULL), &err), -RFA_EINTERNAL);
	release(&m);
	free_image(&im);
	drop(&s);
}

static void docker_before_25(void **state)
{
	struct layer base = { .len = 0 }, top = { .len = 0 };
	struct layer *const both[2] = { &base, &top };
	struct sample s = begin();
	struct image im;
	struct made m;
	struct rfa_error err;
	json_t *index, *manifest;
	char config[96], one[96], two[96], name[128];

	(void)state;
	make_layer(&base, 3);
	make_layer(&top, 4);
	make_image(&im, both, 0);
	snprintf(config, sizeof(config), "%s.json", im.config_digest + 7);
	snprintf(one, sizeof(one), "%064d", 1);
	snprintf(two, sizeof(two), "%064d", 2);
	snprintf(name, sizeof(name), "%s/", one);
	header(&s, name, "", '5', "", 0);
	file(&s, config, im.config, strlen(im.config));
	snprintf(name, sizeof(name), "%s/layer.tar", one);
	file(&s, name, base.data, base.len);
	snprintf(name, sizeof(name), "%s/layer.tar", two);
	file(&s, name, top.data, top.len);
	/* What another image has already is a symlink. */
	snprintf(name, sizeof(name), "%064d/layer.tar", 3);
	snprintf(one, sizeof(one), "../%064d/layer.tar", 1);
	header(&s, name, "", '2', one, 0);
	snprintf(two, sizeof(two), "%064d/layer.tar", 2);
	json_file(&s, "manifest.json",
		  json_pack("[{s:s, s:[s], s:[s, s]}]", "Config", config, "RepoTags", "old:1",
			    "Layers", name, two));
	end(&s);
	assert_int_equal(compose(&m, &s, request(im.id, "localhost/rfa-pin:old", NULL), &err), 0);
	assert_true(holds(&m, base.diff_id, base.data, base.len));
	assert_true(holds(&m, top.diff_id, top.data, top.len));
	index = inside(&m, "index.json");
	assert_named(&m, im.config_digest, rfa_facts_str(index, "manifests/0/digest", ""),
		     "localhost/rfa-pin:old", "localhost/rfa-pin:old");
	snprintf(name, sizeof(name), "blobs/sha256/%s",
		 rfa_facts_str(index, "manifests/0/digest", "") + 7);
	manifest = inside(&m, name);
	assert_string_equal(rfa_facts_str(manifest, "layers/1/digest", ""), top.diff_id);
	assert_int_equal(rfa_facts_int(manifest, "layers/1/size", 0), (int64_t)top.len);
	json_decref(manifest);
	json_decref(index);
	release(&m);
	free_image(&im);
	drop(&s);
}

static void the_containerd_store(void **state)
{
	struct layer base = { .len = 0 }, top = { .len = 0 };
	struct layer *const both[2] = { &base, &top };
	struct sample s = begin();
	struct image im;
	struct made m;
	struct rfa_error err;
	char *text, id[72], path[3][96];
	json_t *nested;

	(void)state;
	make_layer(&base, 5);
	make_layer(&top, 6);
	make_image(&im, both, 1);
	/* An index of several platforms, of which one is there, and an attestation. */
	nested = json_pack("{s:i, s:[{s:s, s:s, s:i, s:{s:s, s:s}}, {s:s, s:s, s:i, s:{s:s, s:s}, "
			   "s:{s:s}}, {s:s, s:s, s:i, s:{s:s, s:s}}]}",
			   "schemaVersion", 2, "manifests", "mediaType", MANIFEST, "digest",
			   base.diff_id, "size", 5, "platform", "os", "linux", "architecture",
			   "arm64", "mediaType", MANIFEST, "digest", im.config_digest, "size", 5,
			   "platform", "os", "linux", "architecture", "amd64", "annotations",
			   "vnd.docker.reference.type", "attestation-manifest", "mediaType",
			   MANIFEST, "digest", im.manifest_digest, "size", (int)strlen(im.manifest),
			   "platform", "os", "linux", "architecture", "amd64");
	text = json_dumps(nested, 0);
	digest_of(text, strlen(text), id);
	blob(&s, id, text, strlen(text));
	blob(&s, base.digest, base.packed, base.packed_len);
	blob(&s, top.digest, top.packed, top.packed_len);
	blob(&s, im.config_digest, im.config, strlen(im.config));
	blob(&s, im.manifest_digest, im.manifest, strlen(im.manifest));
	json_file(&s, "index.json",
		  json_pack("{s:i, s:[o]}", "schemaVersion", 2, "manifests",
			    descriptor(INDEX, id, strlen(text))));
	snprintf(path[0], 96, "blobs/sha256/%s", im.config_digest + 7);
	json_file(&s, "manifest.json",
		  json_pack("[{s:s, s:n, s:[]}]", "Config", path[0], "RepoTags", "Layers"));
	end(&s);
	/* Layers are omitted by their diff ids, though blobs have other digests. */
	assert_int_equal(compose(&m, &s, request(id, "localhost/a/b:1", base.diff_id), &err), 0);
	assert_named(&m, im.config_digest, im.manifest_digest, "localhost/a/b:1",
		     "localhost/a/b:1");
	assert_false(holds(&m, base.digest, base.packed, base.packed_len));
	assert_true(holds(&m, top.digest, top.packed, top.packed_len));
	assert_true(holds(&m, im.manifest_digest, im.manifest, strlen(im.manifest)));
	assert_int_equal(m.archive.omitted, 1);
	release(&m);
	free(text);
	json_decref(nested);
	free_image(&im);
	drop(&s);
}

/* What is no archive *. */

static void long_names_and_large_sizes_are_read(void **state)
{
	struct sample s = begin();
	struct rfa_tar tar = RFA_TAR_INIT;
	struct rfa_error err;
	char name[300], pax[400], record[380];
	int n;

	(void)state;
	memset(name, 'n', 200);
	name[200] = '\0';
	header(&s, "././@LongLink", "", 'L', "", 201);
	content(&s, name, 201);
	file(&s, "short", "one", 3);
	memset(name, 'p', 250);
	name[250] = '\0';
	/* The size in the header is none: pax knows better. */
	snprintf(record, sizeof(record), " path=%s\n", name);
	n = (int)strlen(record) + 3;
	snprintf(pax, sizeof(pax), "%d%s9 size=3\n", n, record);
	assert_int_equal(strlen(pax), (size_t)n + 9);
	header(&s, "PaxHeaders/x", "", 'x', "", strlen(pax));
	content(&s, pax, strlen(pax));
	header(&s, "short", "", '0', "", 0);
	content(&s, "two", 3);
	header(&s, "name", "in/a/prefix", '0', "", 5);
	content(&s, "three", 5);
	file(&s, "./dotted", "four", 4);
	end(&s);
	assert_int_equal(index_of(&s, &tar, &err), 0);
	assert_int_equal(tar.n, 4);
	assert_string_equal(tar.entries[1].name, name);
	assert_int_equal(tar.entries[1].size, 3);
	assert_memory_equal(s.tar.data + tar.entries[1].offset, "two", 3);
	assert_non_null(rfa_tar_find(&tar, "in/a/prefix/name"));
	assert_non_null(rfa_tar_find(&tar, "dotted"));
	memset(name, 'n', 200);
	name[200] = '\0';
	assert_non_null(rfa_tar_find(&tar, name));
	rfa_tar_release(&tar);
	drop(&s);
}

static void many_entries_take_several_calls(void **state)
{
	struct sample s = begin();
	struct rfa_tar tar = RFA_TAR_INIT;
	struct rfa_error err;
	char name[32];
	int i;

	(void)state;
	for (i = 0; i < 1203; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		file(&s, name, name, strlen(name));
	}
	end(&s);
	spill(&s);
	assert_int_equal(index_with(&s, shells[2], &tar, &err), 0);
	assert_int_equal(tar.n, 1203);
	assert_non_null(rfa_tar_find(&tar, "file-1202"));
	rfa_tar_release(&tar);
	drop(&s);
}

/* Reads a tar that was broken at one place. */
static int broken(size_t keep, size_t at, char byte)
{
	struct sample s = begin();
	struct rfa_tar tar = RFA_TAR_INIT;
	struct rfa_error err;
	int rc;

	file(&s, "one", "1111", 4);
	file(&s, "two", "2222", 4);
	end(&s);
	if (at)
		s.tar.data[at] = byte;
	s.tar.len = keep ? keep : s.tar.len;
	spill(&s);
	rc = index_with(&s, shells[2], &tar, &err);
	rfa_tar_release(&tar);
	drop(&s);
	return rc;
}

static void what_is_no_whole_tar_is_refused(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(broken(0, 0, 0), 0);
	for (n = 1; n < 2048; n += 171)
		assert_int_equal(broken(n, 0, 0), -RFA_ECORRUPT);
	assert_int_equal(broken(2048, 0, 0), -RFA_ECORRUPT);  /* no end */
	assert_int_equal(broken(0, 3, 'x'), -RFA_ECORRUPT);   /* a name that the checksum denies */
	assert_int_equal(broken(0, 126, '7'), -RFA_ECORRUPT); /* a size that leads outside */
	assert_int_equal(broken(0, 124, (char)0xff), -RFA_ECORRUPT);
	assert_int_equal(broken(0, 1024, '\0'), -RFA_ECORRUPT); /* an end that is none */
}

static void an_index_that_makes_no_sense_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"end\n",
		"size 5\n",
		"size x\nend\n",
		"size 2048\nhead 0 1 2 3\nend\n",
		"size 2048\nhead 512\nend\n",
		"size 2048\ndata 512 1 2\nend\n",
		"size 99999999999999999999999999\nend\n",
		"hello\n",
		"size 2048\nend\nmore",
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct rfa_tar tar = RFA_TAR_INIT;
		int again, rc = rfa_tar_index(&tar, texts[i], strlen(texts[i]), &again, &err);

		assert_true(rc == -RFA_EPROTOCOL || rc == -RFA_ECORRUPT);
		rfa_tar_release(&tar);
	}
}

static void lying_descriptions_are_refused(void **state)
{
	struct layer base = { .len = 0 }, top = { .len = 0 };
	struct layer *const both[2] = { &base, &top };
	struct image im;
	struct made m;
	struct rfa_error err;
	char path[3][96];
	int lie;

	(void)state;
	make_layer(&base, 1);
	make_layer(&top, 2);
	make_image(&im, both, 0);
	for (lie = 0; lie < 6; lie++) {
		struct sample s = begin();

		if (lie != 0)
			blob(&s, base.diff_id, base.data, base.len);
		blob(&s, top.diff_id, top.data, top.len);
		if (lie == 1)
			im.config[5] ^= 1;
		if (lie != 2)
			blob(&s, im.config_digest, im.config, strlen(im.config));
		if (lie == 1)
			im.config[5] ^= 1;
		if (lie != 3)
			blob(&s, im.manifest_digest, im.manifest, strlen(im.manifest));
		snprintf(path[0], 96, "blobs/sha256/%s", im.config_digest + 7);
		snprintf(path[1], 96, "blobs/sha256/%s", base.diff_id + 7);
		snprintf(path[2], 96, "blobs/sha256/%s", top.diff_id + 7);
		if (lie == 4)
			file(&s, "manifest.json", "[{\"Config\":7,", 13);
		else
			json_file(&s, "manifest.json",
				  json_pack("[{s:s, s:n, s:[s, s]}]", "Config", path[0], "RepoTags",
					    "Layers", path[1],
					    lie == 5 ? "../../etc/passwd" : path[2]));
		end(&s);
		/* A manifest that is missing is made (3). */
		assert_int_equal(compose(&m, &s, request(im.id, "localhost/a:1", NULL), &err) == 0,
				 lie == 3);
		release(&m);
		drop(&s);
	}
	free_image(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_25_on_the_classic_store),
		cmocka_unit_test(docker_before_25),
		cmocka_unit_test(the_containerd_store),
		cmocka_unit_test(long_names_and_large_sizes_are_read),
		cmocka_unit_test(many_entries_take_several_calls),
		cmocka_unit_test(what_is_no_whole_tar_is_refused),
		cmocka_unit_test(an_index_that_makes_no_sense_is_refused),
		cmocka_unit_test(lying_descriptions_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}

/*
 * Images of the fake: saved in the form of docker 25 on the classic store, loaded from any archive
 * that is both an OCI layout and names its layers in manifest.json. The tar reader and writer here
 * share no line with those that they test.
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "fsm/base/digest.h"

static char *slurp(FILE *in, size_t *len)
{
	size_t cap = 1u << 16, n = 0, got;
	char *data = malloc(cap);

	while (data && (got = fread(data + n, 1, cap - n, in)) > 0) {
		n += got;
		if (n == cap)
			data = realloc(data, cap *= 2);
	}
	*len = n;
	return data;
}

static void blob_path(struct fake *f, const char *hex, char out[700])
{
	snprintf(out, 700, "%s/blobs/%s", f->dir, hex);
}

static void put_blob(struct fake *f, const void *data, size_t len, char hex[65])
{
	char path[700];
	FILE *out;

	snprintf(path, sizeof(path), "%s/blobs", f->dir);
	mkdir(path, 0700);
	rfa_digest_of(RFA_SHA256, data, len, hex);
	blob_path(f, hex, path);
	out = fopen(path, "w");
	if (!out || fwrite(data, 1, len, out) != len || fclose(out))
		exit(70);
}

static char *get_blob(struct fake *f, const char *hex, size_t *len)
{
	char path[700], *data;
	FILE *in;

	blob_path(f, hex, path);
	in = fopen(path, "r");
	if (!in)
		return NULL;
	data = slurp(in, len);
	fclose(in);
	return data;
}

static json_t *add_image(struct fake *f, const char *config_hex, const json_t *config)
{
	char id[72];
	json_t *image;

	snprintf(id, sizeof(id), "sha256:%s", config_hex);
	image = fake_find(f, "image", id);
	if (!image) {
		image = json_pack("{s:s, s:s, s:s, s:[], s:{s:s, s:O}, s:O}", "Id", id, "Os",
				  "linux", "Architecture", "amd64", "RepoTags", "RootFS", "Type",
				  "layers", "Layers",
				  json_object_get(json_object_get(config, "rootfs"), "diff_ids"),
				  "Config", json_object_get(config, "config"));
		json_array_append_new(fake_list(f, "image"), image);
	}
	return image;
}

void fake_layer(struct fake *f, const void *data, size_t len, char id[72])
{
	char hex[65];

	put_blob(f, data, len, hex);
	snprintf(id, 72, "sha256:%s", hex);
}

json_t *fake_image(struct fake *f, const json_t *config)
{
	char *text = json_dumps(config, JSON_SORT_KEYS);
	json_t *image = fake_image_text(f, text, strlen(text));

	free(text);
	return image;
}

json_t *fake_image_text(struct fake *f, const char *text, size_t len)
{
	json_t *config = json_loadb(text, len, 0, NULL), *image;
	char hex[65];

	put_blob(f, text, len, hex);
	image = add_image(f, hex, config);
	json_decref(config);
	return image;
}

void fake_unpacked(struct fake *f, const char *data, size_t len, const char *diff_id)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len };
	size_t room = len + (1u << 20);
	char *out = NULL, hex[65];

	if (len > 2 && (unsigned char)data[0] == 0x1f && (unsigned char)data[1] == 0x8b) {
		out = malloc(room);
		z.next_out = (Bytef *)out;
		z.avail_out = (uInt)room;
		if (!out || inflateInit2(&z, 16 + MAX_WBITS) ||
		    inflate(&z, Z_FINISH) != Z_STREAM_END)
			fake_bad(f, "a layer that is no whole gzip");
		inflateEnd(&z);
		data = out;
		len = z.total_out;
	}
	put_blob(f, data, len, hex);
	if (strcmp(hex, diff_id + 7))
		fake_bad(f, "a layer's digest");
	free(out);
}

static void tar_add(FILE *out, const char *name, const char *data, size_t len)
{
	static const char zeros[512];
	char head[512] = "";
	unsigned sum = 0;
	int i;

	snprintf(head, 100, "%s", name);
	snprintf(head + 100, 8, "0000644");
	snprintf(head + 108, 8, "0000000");
	snprintf(head + 116, 8, "0000000");
	snprintf(head + 124, 12, "%011zo", len);
	snprintf(head + 136, 12, "00000000000");
	memset(head + 148, ' ', 8);
	head[156] = '0';
	memcpy(head + 257, "ustar\00000", 8);
	for (i = 0; i < 512; i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	fwrite(head, 1, 512, out);
	fwrite(data, 1, len, out);
	fwrite(zeros, 1, (512 - len % 512) % 512, out);
}

/* A layer of files that nobody but a seed knows; the last one has so many bytes. *tar is owned. */
static void make_layer(char **tar, size_t *len, size_t last, unsigned seed, char hex[65])
{
	/* Sizes around those of blocks, and names that JSON, shells and lists have trouble with. */
	static const struct {
		const char *name;
		size_t size;
	} files[] = { { "./empty", 0 },   { "one", 1 },           { "./a b/it's <1> & 2", 511 },
		      { "512", 512 },     { "-n", 513 },          { "link/zero", 1000 },
		      { "empty too", 0 }, { "a b/$(x) *", 1023 }, { "last", 0 } };
	static const char zeros[1024];
	static char data[300000];
	FILE *out = open_memstream(tar, len);
	size_t i, k, n = sizeof(files) / sizeof(files[0]);

	for (k = 0; out && k < n; k++) {
		size_t size = k + 1 < n ? files[k].size : last;

		for (i = 0; i < size; i++) {
			seed = seed * 1103515245u + 12345u;
			data[i] = (char)(seed >> 16);
		}
		tar_add(out, files[k].name, data, size);
	}
	if (!out || fwrite(zeros, 1, sizeof(zeros), out) != sizeof(zeros) || fclose(out))
		exit(70);
	rfa_digest_of(RFA_SHA256, *tar, *len, hex);
}

/* Adds one above the layers with that chain id ("": above none), whose own one *chain is then. */
static void add_layer(struct fake *f, size_t last, unsigned seed, char chain[65], char id[72])
{
	char *tar = NULL, hex[65], both[160];
	size_t len = 0;

	make_layer(&tar, &len, last, seed, hex);
	fake_layer(f, tar, len, id);
	snprintf(both, sizeof(both), "sha256:%s %s", chain, id);
	if (*chain)
		rfa_digest_of(RFA_SHA256, both, strlen(both), hex);
	memcpy(chain, hex, 65);
	fake_store_layer(f, tar, len, chain);
	free(tar);
}

/* Versions of app: two layers each, the lower one the same. */
void fake_seed(struct fake *f, int first, int last)
{
	char base[72], top[72], under[65] = "", chain[65], hex[65], ref[16], *text;
	json_t *config;
	int v;

	add_layer(f, 300000, 1, under, base);
	for (v = first; v <= last; v++) {
		memcpy(chain, under, sizeof(chain));
		add_layer(f, 3000, (unsigned)v + 10, chain, top);
		config = json_pack("{s:s, s:s, s:{s:[s]}, s:{s:s, s:[s, s]}}", "os", "linux",
				   "architecture", "amd64", "config", "Env", "A=b", "rootfs",
				   "type", "layers", "diff_ids", base, top);
		text = json_dumps(config, JSON_SORT_KEYS);
		put_blob(f, text, strlen(text), hex);
		fake_store_config(f, text, hex);
		snprintf(ref, sizeof(ref), "app:%d", v);
		json_array_append_new(json_object_get(add_image(f, hex, config), "RepoTags"),
				      json_string(ref));
		free(text);
		json_decref(config);
	}
	fake_store(f);
}

static void tar_blob(FILE *out, const char *hex, const char *data, size_t len, json_t *done)
{
	char name[128];

	snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	if (!json_object_get(done, name))
		tar_add(out, name, data, len);
	json_object_set_new(done, name, json_true());
}

static json_t *descriptor(const char *type, const char *hex, size_t len)
{
	char digest[72];

	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	return json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", digest, "size",
			 (json_int_t)len);
}

int fake_save(struct fake *f, const char *file, char *const ids[])
{
	static const char zeros[1024];
	json_t *rows = json_array(), *index = json_array(), *done = json_object();
	FILE *out = fopen(file, "w");
	char hex[65], path[128], *text;
	size_t i, k, len = 0;

	if (!out)
		return 1;
	for (i = 0; ids[i]; i++) {
		json_t *image = fake_find(f, "image", ids[i]), *id, *paths = json_array(),
		       *manifest;
		json_t *layers = json_array(), *config;
		const char *config_hex;

		if (!image)
			fake_no("No such image", ids[i]);
		config_hex = json_string_value(json_object_get(image, "Id")) + 7;
		text = get_blob(f, config_hex, &len);
		tar_blob(out, config_hex, text, len, done);
		free(text);
		config = descriptor("application/vnd.oci.image.config.v1+json", config_hex, len);
		json_array_foreach (json_object_get(json_object_get(image, "RootFS"), "Layers"), k,
				    id) {
			text = get_blob(f, json_string_value(id) + 7, &len);
			tar_blob(out, json_string_value(id) + 7, text, len, done);
			free(text);
			snprintf(path, sizeof(path), "blobs/sha256/%s", json_string_value(id) + 7);
			json_array_append_new(paths, json_string(path));
			json_array_append_new(layers,
					      descriptor("application/vnd.oci.image.layer.v1.tar",
							 json_string_value(id) + 7, len));
		}
		manifest = json_pack("{s:i, s:o, s:o}", "schemaVersion", 2, "config", config,
				     "layers", layers);
		text = json_dumps(manifest, 0);
		rfa_digest_of(RFA_SHA256, text, strlen(text), hex);
		tar_blob(out, hex, text, strlen(text), done);
		json_array_append_new(
		    index,
		    descriptor("application/vnd.oci.image.manifest.v1+json", hex, strlen(text)));
		free(text);
		json_decref(manifest);
		snprintf(path, sizeof(path), "blobs/sha256/%s", config_hex);
		json_array_append_new(rows, json_pack("{s:s, s:n, s:o}", "Config", path, "RepoTags",
						      "Layers", paths));
	}
	index = json_pack("{s:i, s:o}", "schemaVersion", 2, "manifests", index);
	text = json_dumps(index, 0);
	tar_add(out, "index.json", text, strlen(text));
	text = json_dumps(rows, 0);
	tar_add(out, "manifest.json", text, strlen(text));
	tar_add(out, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
	fwrite(zeros, 1, sizeof(zeros), out);
	return fclose(out) ? 1 : 0;
}

/* The content of a file in a tar; NULL: none. Every header's checksum is checked on the way. */
static const char *tar_get(struct fake *f, const char *tar, size_t len, const char *name,
			   size_t *size)
{
	size_t o = 0, k, n;
	unsigned sum;

	for (; o + 512 <= len && tar[o]; o += 512 + (n + 511) / 512 * 512) {
		for (sum = 0, k = 0; k < 512; k++)
			sum += k >= 148 && k < 156 ? ' ' : (unsigned char)tar[o + k];
		if (strtoul(tar + o + 148, NULL, 8) != sum)
			fake_bad(f, "a tar header's checksum");
		n = strtoul(tar + o + 124, NULL, 8);
		if (n > len - o - 512)
			fake_bad(f, "a tar entry is cut short");
		if (strcmp(tar + o, name) == 0 && tar[o + 156] == '0') {
			*size = n;
			return tar + o + 512;
		}
	}
	if (o + 1024 > len)
		fake_bad(f, "a tar without its end");
	return NULL;
}

static json_t *tar_json(struct fake *f, const char *tar, size_t len, const char *name)
{
	size_t size = 0;
	const char *data = tar_get(f, tar, len, name, &size);
	json_t *json = data ? json_loadb(data, size, 0, NULL) : NULL;

	if (!json)
		fake_bad(f, name);
	return json;
}

/* The OCI side: each image has a name and a manifest whose digest is right. */
static void check_layout(struct fake *f, const char *tar, size_t len)
{
	json_t *index = tar_json(f, tar, len, "index.json"), *m;
	char path[128], hex[65];
	size_t i, size = 0;

	json_decref(tar_json(f, tar, len, "oci-layout"));
	json_array_foreach (json_object_get(index, "manifests"), i, m) {
		const char *digest = json_string_value(json_object_get(m, "digest")), *data;
		json_t *notes = json_object_get(m, "annotations");
		const char *name =
		    json_string_value(json_object_get(notes, "io.containerd.image.name"));

		snprintf(path, sizeof(path), "blobs/sha256/%s", digest + 7);
		data = tar_get(f, tar, len, path, &size);
		if (!data || !name || !strchr(name, '/') || !strchr(name, ':') ||
		    !json_object_get(notes, "org.opencontainers.image.ref.name"))
			fake_bad(f, "index.json");
		rfa_digest_of(RFA_SHA256, data, size, hex);
		if (strcmp(hex, digest + 7) ||
		    (json_int_t)size != json_integer_value(json_object_get(m, "size")))
			fake_bad(f, "a manifest's digest");
	}
	json_decref(index);
}

int fake_load_archive(struct fake *f, const char *file)
{
	FILE *in = file ? fopen(file, "r") : stdin;
	json_t *rows, *row, *config, *id, *tag, *image, *tags;
	size_t len = 0, size = 0, i, k;
	char *tar, hex[65];

	if (!in)
		return fprintf(stderr, "open %s: no such file or directory\n", file), 1;
	tar = slurp(in, &len);
	check_layout(f, tar, len);
	rows = tar_json(f, tar, len, "manifest.json");
	json_array_foreach (rows, i, row) {
		const char *path = json_string_value(json_object_get(row, "Config"));
		const char *data = tar_get(f, tar, len, path, &size);

		if (!data)
			fake_bad(f, "no config");
		put_blob(f, data, size, hex);
		config = json_loadb(data, size, 0, NULL);
		json_array_foreach (json_object_get(json_object_get(config, "rootfs"), "diff_ids"),
				    k, id) {
			path = json_string_value(json_array_get(json_object_get(row, "Layers"), k));
			data = tar_get(f, tar, len, path, &size);
			if (data) {
				fake_unpacked(f, data, size, json_string_value(id));
			} else {
				char *have = get_blob(f, json_string_value(id) + 7, &size);

				if (!have)
					return fprintf(stderr, "open /layer: no such file\n"), 1;
				free(have);
			}
		}
		image = add_image(f, hex, config);
		tags = json_object_get(image, "RepoTags");
		json_array_foreach (json_object_get(row, "RepoTags"), k, tag)
			if (!fake_find(f, "image", json_string_value(tag)))
				json_array_append(tags, tag);
		json_decref(config);
	}
	json_decref(rows);
	free(tar);
	fake_store(f);
	return 0;
}

/*
 * Where the fake's images are, as an engine with overlay2 has them: the files of each layer, and
 * what is needed to make its archive of them again (tar-split).
 */
#include "tests/harness/fakedocker/fakedocker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "fsm/base/digest.h"

static void put(const struct fake *f, const char *folder, const char *name, const void *data,
		size_t len)
{
	char path[1024];
	FILE *out;
	size_t i;

	snprintf(path, sizeof(path), "%s/docker/%s/%s", f->dir, folder, name);
	for (i = strlen(f->dir) + 1; path[i]; i++)
		if (path[i] == '/') {
			path[i] = '\0';
			mkdir(path, 0700);
			path[i] = '/';
		}
	out = fopen(path, "w");
	if (!out || fwrite(data, 1, len, out) != len || fclose(out))
		exit(70);
}

void fake_store_config(struct fake *f, const char *text, const char *hex)
{
	put(f, "image/overlay2/imagedb/content/sha256", hex, text, strlen(text));
}

/* A piece of an archive that is no file's content. */
static void raw(gzFile out, const char *data, size_t len, int position)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, k;

	gzputs(out, "{\"type\":2,\"payload\":\"");
	for (i = 0; i < len; i += 3) {
		unsigned long three = 0;

		for (k = 0; k < 3; k++)
			three = three << 8 | (i + k < len ? (unsigned char)data[i + k] : 0);
		for (k = 0; k < 4; k++)
			gzputc(out, i + k > len ? '=' : digits[three >> (18 - 6 * k) & 63]);
	}
	gzprintf(out, "\",\"position\":%d}\n", position);
}

/* As Go writes a name into JSON. */
static void file(gzFile out, const char *name, size_t size, int position)
{
	gzputs(out, "{\"type\":1,\"name\":\"");
	for (; *name; name++)
		if (strchr("<>&", *name))
			gzprintf(out, "\\u%04x", (unsigned)*name);
		else
			gzputc(out, *name);
	gzputs(out, "\"");
	if (size)
		gzprintf(out, ",\"size\":%zu,\"payload\":\"AAAAAAAAAAA=\"", size);
	else
		gzputs(out, ",\"payload\":null");
	gzprintf(out, ",\"position\":%d}\n", position);
}

void fake_store_layer(struct fake *f, const char *tar, size_t len, const char *chain)
{
	char layer[160], diff[160], path[1024];
	size_t o = 0, from = 0, size;
	int position = 0;
	gzFile out;

	snprintf(layer, sizeof(layer), "image/overlay2/layerdb/sha256/%s", chain);
	snprintf(diff, sizeof(diff), "overlay2/cache-%.16s/diff", chain);
	snprintf(path, sizeof(path), "cache-%.16s", chain);
	put(f, layer, "cache-id", path, strlen(path));
	snprintf(path, sizeof(path), "%s/docker/%s/tar-split.json.gz", f->dir, layer);
	out = gzopen(path, "w");
	if (!out)
		exit(70);
	for (; tar[o]; o += (size + 511) / 512 * 512) {
		const char *name = tar + o;

		size = strtoul(tar + o + 124, NULL, 8);
		o += 512;
		raw(out, tar + from, o - from, position++);
		file(out, name, size, position++);
		put(f, diff, name, tar + o, size);
		from = o + size;
	}
	raw(out, tar + from, len - from, position);
	gzclose(out);
}

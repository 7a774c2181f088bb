/* The packs of the ledger, by their indexes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/git/packs.h"

uint32_t rfa_pack_read32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void rfa_pack_write32(unsigned char *at, uint32_t x)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (unsigned char)(x >> (24 - 8 * i));
}

void rfa_pack_path(const struct rfa_git *git, const char *name, const char *end, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/objects/pack/pack-%s.%s", git->path, name, end);
}

/* Where the parts of an index stand (version 2). */
const unsigned char *rfa_pack_id(const struct rfa_pack *pack, uint32_t i)
{
	return pack->index + RFA_INDEX_HEAD + RFA_INDEX_FANOUT + (size_t)i * GIT_OID_RAWSZ;
}

const unsigned char *rfa_pack_crc(const struct rfa_pack *pack, uint32_t i)
{
	return rfa_pack_id(pack, pack->n) + (size_t)i * 4;
}

uint64_t rfa_pack_offset(const struct rfa_pack *pack, uint32_t i)
{
	return rfa_pack_read32(rfa_pack_crc(pack, pack->n) + (size_t)i * 4);
}

/* What an index of n objects has if no offset needs more than 31 bits. */
static size_t index_size(uint32_t n)
{
	return RFA_INDEX_HEAD + RFA_INDEX_FANOUT + (size_t)n * (GIT_OID_RAWSZ + 8) +
	       2 * RFA_SHA1_BYTES;
}

/* 1: it is open, and can be joined. Every number of the index that is used is in its bounds. */
static int pack_open(const struct rfa_git *git, struct rfa_pack *pack)
{
	static const unsigned char head[RFA_INDEX_HEAD] = { 0xff, 't', 'O', 'c', 0, 0, 0, 2 };
	char path[PATH_MAX];
	struct stat st;
	void *map = MAP_FAILED;
	int fd;
	int ok = 0;

	rfa_pack_path(git, pack->name, "keep", path);
	if (!access(path, F_OK))
		return 0;
	rfa_pack_path(git, pack->name, "pack", path);
	if (stat(path, &st) || st.st_size < RFA_PACK_HEAD + RFA_SHA1_BYTES ||
	    (uint64_t)st.st_size > RFA_PACK_MAX)
		return 0;
	pack->size = (uint64_t)st.st_size;
	rfa_pack_path(git, pack->name, "idx", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && (size_t)st.st_size >= index_size(0))
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED)
		return 0;
	pack->index = map;
	pack->index_size = (size_t)st.st_size;
	pack->n = rfa_pack_read32(pack->index + RFA_INDEX_HEAD + RFA_INDEX_FANOUT - 4);
	ok = !memcmp(pack->index, head, RFA_INDEX_HEAD) && pack->n &&
	     pack->index_size == index_size(pack->n);
	for (uint32_t i = 0; ok && i < pack->n; i++)
		ok = rfa_pack_offset(pack, i) < pack->size;
	return ok;
}

void rfa_pack_close(struct rfa_pack *pack)
{
	if (pack->index)
		munmap((void *)(uintptr_t)pack->index, pack->index_size);
	pack->index = NULL;
}

void rfa_packs_close(struct rfa_packs *packs)
{
	for (size_t i = 0; i < packs->n; i++)
		rfa_pack_close(&packs->all[i]);
	packs->n = 0;
}

static int by_objects(const void *a, const void *b)
{
	const struct rfa_pack *x = a, *y = b;

	return x->n == y->n ? strcmp(x->name, y->name) : x->n < y->n ? -1 : 1;
}

/* Those that can be joined, the smallest first. An index without its pack is what a killed writer
 * left. */
void rfa_packs_open(const struct rfa_git *git, struct rfa_packs *packs)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/objects/pack", git->path);
	dir = opendir(path);
	while (dir && packs->n < RFA_PACKS_MAX && (entry = readdir(dir))) {
		struct rfa_pack *pack = &packs->all[packs->n];
		size_t len = strlen(entry->d_name);

		if (len != strlen("pack-.idx") + GIT_OID_HEXSZ ||
		    strncmp(entry->d_name, "pack-", 5) != 0 ||
		    strcmp(entry->d_name + len - 4, ".idx") != 0)
			continue;
		*pack = (struct rfa_pack){ 0 };
		snprintf(pack->name, sizeof(pack->name), "%.*s", GIT_OID_HEXSZ, entry->d_name + 5);
		if (pack_open(git, pack)) {
			packs->n++;
			continue;
		}
		rfa_pack_close(pack);
		rfa_pack_path(git, pack->name, "pack", path);
		if (access(path, F_OK) && errno == ENOENT) {
			rfa_pack_path(git, pack->name, "idx", path);
			unlink(path);
		}
	}
	if (dir)
		closedir(dir);
	qsort(packs->all, packs->n, sizeof(packs->all[0]), by_objects);
}

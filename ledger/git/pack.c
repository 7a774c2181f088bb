/* Loose objects, packed. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/fault.h"
#include "ledger/files.h"
#include "ledger/git/git.h"
#include "ledger/git/join.h"
#include "ledger/git/newpack.h"
#include "ledger/git/object.h"
#include "ledger/git/pack.h"
#include "ledger/git/sink.h"

/* One pack gets no more: what libgit2 needs of memory grows with it. */
#define AT_ONCE 4096

struct loose {
	git_oid ids[AT_ONCE];
	size_t n;
};

static int is_rest(const char *name)
{
	size_t i = strspn(name, "0123456789abcdef");

	return i == GIT_OID_HEXSZ - 2 && !name[i];
}

/* The first AT_ONCE loose objects, in no order. */
static void find_loose(const struct rfa_git *git, struct loose *loose)
{
	loose->n = 0;
	for (unsigned i = 0; i < 256; i++) {
		char path[PATH_MAX];
		char hex[GIT_OID_HEXSZ + 1];
		struct dirent *entry;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/objects/%02x", git->path, i);
		dir = opendir(path);
		while (dir && loose->n < AT_ONCE && (entry = readdir(dir))) {
			if (!is_rest(entry->d_name))
				continue;
			snprintf(hex, sizeof(hex), "%02x%.*s", i, GIT_OID_HEXSZ - 2, entry->d_name);
			if (!git_oid_fromstr(&loose->ids[loose->n], hex))
				loose->n++;
		}
		if (dir)
			closedir(dir);
	}
}

/* Keeps the ids whose objects are whole: libgit2 would spin for ever on one that was cut short. */
static void keep_whole(const struct rfa_git *git, struct loose *loose)
{
	size_t n = 0;

	for (size_t i = 0; i < loose->n; i++)
		if (rfa_git_loose_is_whole(git, &loose->ids[i]))
			loose->ids[n++] = loose->ids[i];
	loose->n = n;
}

static int pack_loose(const struct rfa_git *git, const struct loose *loose, struct rfa_error *err)
{
	struct rfa_newpack pack = { 0 };
	int rc = rfa_newpack_open(git, &pack, err);

	for (size_t i = 0; !rc && i < loose->n; i++)
		rc = rfa_newpack_add(git, &pack, &loose->ids[i], err);
	if (!rc)
		rc = rfa_newpack_write(git, &pack, err);
	if (!rc)
		rc = rfa_fault("ledger.pack.written", err);
	for (size_t i = 0; !rc && i < loose->n; i++)
		rfa_git_loose_remove(git, &loose->ids[i]);
	rfa_newpack_close(&pack);
	return rc;
}

int rfa_git_pack(const struct rfa_git *git, struct rfa_error *err)
{
	struct loose *loose = malloc(sizeof(*loose));
	int rc = 0;

	if (!loose)
		return rfa_fail_nomem(err);
	find_loose(git, loose);
	if (loose->n >= RFA_GIT_LOOSE_MAX) {
		keep_whole(git, loose);
		rc = loose->n ? pack_loose(git, loose, err) : 0;
	}
	free(loose);
	return rc ? rc : rfa_git_join(git, err);
}

static int is_unfinished(const char *name)
{
	return !strncmp(name, "pack_git2_", 10) ||
	       !strncmp(name, RFA_SINK_PREFIX, strlen(RFA_SINK_PREFIX));
}

void rfa_git_pack_sweep(const struct rfa_git *git)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/objects/pack", git->path);
	rfa_remove_files(folder, 0, is_unfinished);
}

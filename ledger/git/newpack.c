/* A pack of objects that the ledger has, written by libgit2, which syncs as it was told at its
 * start. */
#include <limits.h>
#include <stdio.h>

#include "ledger/files.h"
#include "ledger/git/error.h"
#include "ledger/git/newpack.h"

int rfa_newpack_open(const struct rfa_git *git, struct rfa_newpack *pack, struct rfa_error *err)
{
	int rc;

	pack->name[0] = '\0';
	rc = git_packbuilder_new(&pack->builder, git->repo);
	if (rc)
		pack->builder = NULL;
	return rc ? rfa_git_fail(err, rc, git->path, "a pack could not be begun") : 0;
}

int rfa_newpack_add(const struct rfa_git *git, struct rfa_newpack *pack, const git_oid *id,
		    struct rfa_error *err)
{
	int rc = git_packbuilder_insert(pack->builder, id, NULL);

	return rc ? rfa_git_fail(err, rc, git->path, "an object could not be packed") : 0;
}

int rfa_newpack_write(const struct rfa_git *git, struct rfa_newpack *pack, struct rfa_error *err)
{
	char folder[PATH_MAX];
	int rc = git_packbuilder_write(pack->builder, NULL, 0, NULL, NULL);

	if (rc)
		return rfa_git_fail(err, rc, git->path, "objects could not be packed");
	snprintf(pack->name, sizeof(pack->name), "%s", git_packbuilder_name(pack->builder));
	snprintf(folder, sizeof(folder), "%s/objects/pack", git->path);
	rc = rfa_sync_folder(folder, err);
	if (!rc && git_odb_refresh(git->odb))
		rc = rfa_git_fail(err, -1, git->path, "the packs could not be read");
	return rc;
}

void rfa_newpack_close(struct rfa_newpack *pack)
{
	git_packbuilder_free(pack->builder);
	pack->builder = NULL;
}

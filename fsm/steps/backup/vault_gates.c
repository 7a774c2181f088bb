/* The gates of runs about backups: where a vault is, and what a backup has. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/data/databases.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/data/sides.h"
#include "fsm/steps/backup/vault.h"

/* Can somebody else change what has this directory's name, or what is in it? */
static int is_shared(const struct rfa_file_stat *dir, uint32_t me)
{
	if (dir->uid != 0 && dir->uid != me)
		return 1;
	if (dir->mode & 01000) /* only who owns a name there can take it away */
		return 0;
	return (dir->mode & 02) || ((dir->mode & 020) && dir->gid != 0 && dir->gid != dir->uid);
}

/* Where a path really leads, or the path itself; lives as long as the step. */
static int real_path(struct rfa_ctx *ctx, struct rfa_host *host, const char *path, const char **out,
		     struct rfa_error *err)
{
	struct rfa_texts one = { &path, 1 };
	json_t *paths = NULL;
	json_t *found = NULL;
	const char *real;
	int rc = rfa_texts_keep(&one, ctx->pool, &paths, err);

	if (!rc)
		rc = host->trees->where(host, paths, &found, err);
	real = rfa_where_real(json_object_get(found, path));
	*out = rfa_pool_text(ctx->pool, *real ? real : path);
	json_decref(found);
	return rc;
}

/*
 * Where others can swap a directory on the way to the vault, what we write goes to where they
 * want it, as root. We are whose the state directory is.
 */
static int judge_vault_place(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_host *host = c->ctx->hosts[RFA_TARGET];
	struct rfa_file_stat dir = { 0 }, own = { 0 };
	struct rfa_buf path = RFA_BUF_INIT(RFA_PLACE_MAX + 1);
	const char *real = "", *end;
	int rc = real_path(c->ctx, host, rfa_ctx_options(c->ctx)->vault, &real, err);

	if (!rc)
		rc = host->files->stat(host, host->state_dir, &own, err);
	for (end = real; !rc && *end; end += end[0] == '/') {
		end += strcspn(end, "/");
		rfa_buf_clear(&path);
		(void)rfa_buf_add(&path, real, end > real ? (size_t)(end - real) : 1);
		rc = rfa_buf_check(&path, err);
		if (!rc)
			rc = host->files->stat(host, rfa_buf_str(&path), &dir, err);
		if (rc || dir.type != 'd')
			break;
		if (is_shared(&dir, own.uid))
			rfa_deny_unless_forced(
			    c,
			    "let only root write there (chown root, chmod go-w), or name "
			    "another backup.directory; or, if you trust them: --force "
			    "--reason TEXT",
			    "%s on %s, on the way to the backups, can be changed by others: "
			    "owner %u, group %u, mode %o",
			    rfa_buf_str(&path), host->name, dir.uid, dir.gid, dir.mode);
	}
	rfa_buf_release(&path);
	return rc;
}

/* What is written below the mount point of a disk that is not mounted fills another one. */
static void judge_known(struct rfa_gates *c, const struct rfa_options *o)
{
	const struct rfa_proven *seen = c->ctx->proven[RFA_TARGET];

	if (*o->known && seen->has_vault && !seen->backups)
		rfa_deny_unless_forced(
		    c,
		    "mount the disk that it is on (findmnt -T shows which one it is on now); "
		    "or, if the backups were moved on purpose: --force --reason TEXT",
		    "%s on %s has no backup, though %s was made there", o->vault,
		    c->ctx->hosts[RFA_TARGET]->name, o->known);
}

int rfa_gate_vault(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_options *o = rfa_ctx_options(ctx);

	judge_known(c, o);
	if (*o->vault != '/')
		rfa_deny(c, "name it by an absolute path in rfa.json",
			 "'%s' is no absolute path of a vault", o->vault);
	if (!rfa_host_name_ok(o->backup))
		rfa_deny(c, "use letters, digits, '.', '_' and '-'", "'%s' is no name of a backup",
			 o->backup);
	if (ctx->proven[RFA_TARGET]->manifest)
		rfa_deny(c, "begin another one: its name is made of the time",
			 "there is a backup %s in %s already", o->backup, o->vault);
	if (!ctx->proven[RFA_SOURCE]->has_data && !rfa_ctx_desired(ctx, NULL)->n)
		rfa_deny(c, "start the stack there first",
			 "nothing of this stack runs on %s, so there are no images",
			 ctx->hosts[RFA_SOURCE]->name);
	return *o->vault == '/' ? judge_vault_place(c, err) : 0;
}

/* A member of rfa.json, and what the backup has of it (may be NULL). */
static void judge_stored(struct rfa_gates *c, const struct rfa_member *m,
			 const struct rfa_member *stored)
{
	if (!stored)
		rfa_deny(c, "choose another backup, or name the members to restore",
			 "the backup %s has no member %s", rfa_ctx_options(c->ctx)->backup,
			 m->name);
	else if (strcmp(stored->tree, m->tree) != 0)
		rfa_deny(c, "give it the kind in rfa.json that it had",
			 "the member %s is a %s in the backup and a %s in rfa.json", m->name,
			 stored->kind, m->kind);
	else
		rfa_judge_version(c, stored, "in the backup", m);
}

static void judge_contents(struct rfa_gates *c, const struct rfa_manifest *manifest)
{
	const struct rfa_texts *named = &rfa_ctx_options(c->ctx)->members;
	const struct rfa_member_list *there = &c->ctx->proven[RFA_TARGET]->members;
	const struct rfa_member *m;
	size_t i;

	RFA_EACH (m, *there)
		judge_stored(c, m, rfa_member_named(&manifest->members, m->name));
	RFA_EACH (m, manifest->members)
		if (!named->n && strcmp(m->kind, "file") != 0 && !rfa_member_named(there, m->name))
			rfa_deny(c,
				 "list it under \"data\" in rfa.json, or name the members to "
				 "restore",
				 "rfa.json does not know the member %s of the backup", m->name);
	for (i = 0; i < named->n; i++)
		if (!rfa_member_named(there, named->at[i]))
			rfa_deny(c, "list it under \"data\" in rfa.json, or correct the name",
				 "rfa.json has no member %s", named->at[i]);
}

/* 1 if there is the plan's backup, of this stack and set. */
static int is_backup_of(struct rfa_gates *c, const char *set)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_options *o = rfa_ctx_options(ctx);
	const struct rfa_manifest *manifest = ctx->proven[RFA_SOURCE]->manifest;

	if (!manifest)
		rfa_deny(c, "choose another one: rfa backup list",
			 "there is no complete backup %s in %s on %s", o->backup, o->vault,
			 ctx->hosts[RFA_SOURCE]->name);
	else if (strcmp(manifest->set, set) != 0 || strcmp(manifest->stack, ctx->plan->stack) != 0)
		rfa_deny(c, "choose another one: rfa backup list",
			 "the backup %s is of the %s of %s", o->backup, manifest->set,
			 manifest->stack);
	else
		return 1;
	return 0;
}

int rfa_gate_backup(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	if (is_backup_of(c, "data"))
		judge_contents(c, c->ctx->proven[RFA_SOURCE]->manifest);
	return 0;
}

/*
 * Each container of rfa.json has its image in the backup, and the other way round. Of a Compose
 * project the services that the backup has are brought, as by a promotion.
 */
int rfa_gate_image_backup(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_manifest *manifest = c->ctx->proven[RFA_SOURCE]->manifest;
	const struct rfa_texts *names = &rfa_ctx_stack_here(c->ctx)->containers;
	const struct rfa_image *image;
	size_t i;

	(void)err;
	if (!is_backup_of(c, "images"))
		return 0;
	for (i = 0; i < names->n; i++)
		if (!rfa_image_of(&manifest->images, names->at[i]))
			rfa_deny(c, "choose another backup, or take the container out of rfa.json",
				 "the backup %s has no image for %s", manifest->backup,
				 names->at[i]);
	RFA_EACH (image, manifest->images)
		if (!strcmp(image->kind, "run") && !rfa_texts_have(names, image->key))
			rfa_deny(c, "list it in rfa.json, or choose another backup",
				 "rfa.json does not know %s, which the backup %s has", image->key,
				 manifest->backup);
	return 0;
}

/* Room for all of it: told before anything stops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/gates.h"
#include "fsm/steps/databases.h"
#include "fsm/steps/members.h"
#include "fsm/steps/vault.h"

static const char *text(const json_t *json, const char *key)
{
	return rfa_facts_str(json, key, "");
}

/* What a file system has, and what the run needs of it. */
struct room {
	char path[RFA_COPY_MAX]; /* the first that was asked about */
	struct rfa_disk disk;
	int64_t bytes, inodes;
};

struct rooms {
	struct rfa_host *host;
	struct room list[16];
	size_t n;
};

/* Two paths on one file system share it. */
static int need(struct rooms *rooms, const char *path, int64_t bytes, int64_t inodes,
		struct rfa_error *err)
{
	struct room *room = &rooms->list[rooms->n];
	size_t i;
	int rc;

	if (rooms->n == sizeof(rooms->list) / sizeof(rooms->list[0]))
		return 0;
	for (i = 0; i < rooms->n; i++)
		if (!strcmp(rooms->list[i].path, path))
			break;
	if (i == rooms->n) {
		memset(room, 0, sizeof(*room));
		rc = rooms->host->ops->disk(rooms->host, path, &room->disk, err);
		if (rc)
			return rc;
		for (i = 0; i < rooms->n; i++)
			if (!strcmp(rooms->list[i].disk.filesystem, room->disk.filesystem))
				break;
	}
	if (i == rooms->n) {
		snprintf(room->path, sizeof(room->path), "%s", path);
		rooms->n++;
	}
	rooms->list[i].bytes += bytes;
	rooms->list[i].inodes += inodes;
	return 0;
}

/* An archive has a header or two for each entry. */
static int64_t archive_bytes(const json_t *m)
{
	return rfa_database_dump_bytes(m) + 2048 * rfa_facts_int(m, "inodes", 0);
}

static int need_beside(struct rooms *rooms, const json_t *place, const json_t *sized,
		       struct rfa_error *err)
{
	const char *beside = rfa_is_database(place) ? rooms->host->state_dir : text(place, "place");

	return need(rooms, beside, rfa_database_dump_bytes(sized),
		    rfa_facts_int(sized, "inodes", 0) + 1, err);
}

/* ---- what each side needs ---------------------------------------------------------------------
 */

/* How large each member is, of which the run makes an archive: {"name","bytes","inodes"}. *out is
 * new. */
static int sizes_of(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	const json_t *there = rfa_ctx_fact(ctx, "target.look", "members");
	json_t *sizes = json_array();
	json_t *m;
	size_t i;

	json_array_foreach (rfa_ctx_fact(ctx, "source.look", "members"), i, m) {
		json_array_append(sizes, m);
	}
	json_array_foreach (rfa_ctx_fact(ctx, "source.look", "manifest/members"), i, m) {
		if (rfa_member_find(there, text(m, "name")))
			json_array_append_new(
			    sizes, json_pack("{s:s, s:O*, s:O*}", "name", text(m, "name"), "bytes",
					     json_object_get(m, "tree_bytes"), "inodes",
					     json_object_get(m, "inodes")));
	}
	json_array_foreach (rfa_ctx_fact(ctx, "source.look", "goods/images"), i, m) {
		json_array_append_new(sizes, json_pack("{s:s, s:O*}", "name", text(m, "key"),
						       "bytes", json_object_get(m, "size")));
	}
	*out = sizes;
	return sizes ? 0 : rfa_fail_nomem(err);
}

static int need_archives(struct rooms *rooms, const char *path, const json_t *sizes,
			 struct rfa_error *err)
{
	json_t *m;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)sizes, i, m) {
		if (!rc)
			rc = need(rooms, path, archive_bytes(m), 1, err);
	}
	return rc;
}

/* A snapshot of each member, even where reflinks may make it free; and the archives. */
static int need_on_source(const struct rfa_ctx *ctx, struct rooms *rooms, const json_t *sizes,
			  struct rfa_error *err)
{
	json_t *m;
	size_t i;
	int rc = need_archives(rooms, rooms->host->state_dir, sizes, err);

	json_array_foreach (rfa_ctx_fact(ctx, "source.look", "members"), i, m) {
		if (!rc && rfa_member_there(m))
			rc = need_beside(rooms, m, m, err);
	}
	return rc;
}

/* What arrives, and what is made of it. */
static int need_on_target(const struct rfa_ctx *ctx, struct rooms *rooms, const json_t *sizes,
			  struct rfa_error *err)
{
	json_t *m;
	size_t i;
	int rc = 0;

	if (!rfa_ctx_one_env(ctx))
		rc = need_archives(rooms, rooms->host->state_dir, sizes, err);
	/* The vault is on the target: a backup is made. */
	if (!rc && rfa_ctx_fact(ctx, "target.look", "backups"))
		rc = need_archives(rooms, rfa_vault_path(ctx), sizes, err);
	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "members"), i, m) {
		if (!rc && *text(m, "place"))
			rc = need_beside(rooms, m, rfa_member_find(sizes, text(m, "name")), err);
		/* A dump lies there, and the database that is made of it. */
		if (!rc && *text(m, "disk"))
			rc =
			    need(rooms, text(m, "disk"),
				 rfa_facts_int(rfa_member_find(sizes, text(m, "name")), "bytes", 0),
				 1, err);
	}
	return rc;
}

static void judge_room(struct rfa_gates *c, const struct rooms *rooms, int64_t percent)
{
	const char *mend = "free some space there: old generations (rfa prune), images, backups";
	size_t i;

	for (i = 0; i < rooms->n; i++) {
		const struct room *r = &rooms->list[i];
		const struct rfa_disk *d = &r->disk;

		if (d->bytes_free < r->bytes)
			rfa_deny(c, mend, "%s on %s has %s free, this run needs up to %s", r->path,
				 rooms->host->name, RFA_SIZE(d->bytes_free), RFA_SIZE(r->bytes));
		else if (d->bytes_total > 0 && d->bytes_free * 100 < d->bytes_total * percent)
			rfa_deny(c,
				 "free some space there, or lower gates.disk_free_percent in "
				 "rfa.json",
				 "%s on %s has %lld %% of its space free, less than %lld %%",
				 r->path, rooms->host->name,
				 (long long)(d->bytes_free * 100 / d->bytes_total),
				 (long long)percent);
		if (d->inodes_total > 0 && d->inodes_free < r->inodes)
			rfa_deny(c, mend,
				 "%s on %s has %lld inodes free, this run needs up to %lld",
				 r->path, rooms->host->name, (long long)d->inodes_free,
				 (long long)r->inodes);
	}
}

int rfa_gate_data_space(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	int64_t percent = rfa_facts_int(rfa_ctx_stack(ctx), "gates/disk_free_percent", 20);
	struct rooms *rooms;
	json_t *sizes = NULL;
	int rc;

	rooms = calloc(1, sizeof(*rooms));
	rc = rooms ? sizes_of(ctx, &sizes, err) : rfa_fail_nomem(err);
	if (!rc) {
		rooms->host = ctx->hosts[RFA_SOURCE];
		rc = need_on_source(ctx, rooms, sizes, err);
	}
	if (!rc) {
		judge_room(c, rooms, 0);
		memset(rooms, 0, sizeof(*rooms));
		rooms->host = ctx->hosts[RFA_TARGET];
		rc = need_on_target(ctx, rooms, sizes, err);
	}
	if (!rc)
		judge_room(c, rooms, percent);
	json_decref(sizes);
	free(rooms);
	return rc;
}

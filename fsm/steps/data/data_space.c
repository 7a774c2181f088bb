/* Disk space for all of it: told before anything stops. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/data/members.h"

/* What a file system has, and what the run demands of it. */
struct demand {
	char path[RFA_COPY_MAX]; /* the first that was asked about */
	struct rfa_disk disk;
	int64_t bytes, inodes;
};

/* Of one host. More file systems than these are not looked at. */
struct demands {
	struct rfa_ctx *ctx;
	struct rfa_host *host;
	struct rfa_member_list sizes; /* how large each member is of which an archive is made */
	struct demand list[16];
	size_t n;
};

/* The one that holds this path, if it is known; else one behind the last. */
static size_t find_path(const struct demands *d, const char *path)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->list[i].path, path))
			break;
	return i;
}

static size_t find_disk(const struct demands *d, const struct rfa_disk *disk)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->list[i].disk.filesystem, disk->filesystem))
			break;
	return i;
}

/* Two paths on one file system share it. */
static int demand(struct demands *d, const char *path, int64_t bytes, int64_t inodes,
		  struct rfa_error *err)
{
	struct demand *last = &d->list[d->n];
	size_t i = find_path(d, path);
	int rc;

	if (d->n == sizeof(d->list) / sizeof(d->list[0]))
		return 0;
	if (i == d->n) {
		memset(last, 0, sizeof(*last));
		rc = d->host->ops->disk(d->host, path, &last->disk, err);
		if (rc)
			return rc;
		i = find_disk(d, &last->disk);
	}
	if (i == d->n) {
		snprintf(last->path, sizeof(last->path), "%s", path);
		d->n++;
	}
	d->list[i].bytes += bytes;
	d->list[i].inodes += inodes;
	return 0;
}

/* What each host needs. */

/* How large a member is. Of one that is not known, nothing. */
static const struct rfa_member *size_of(const struct demands *d, const char *name)
{
	static struct rfa_member none;
	const struct rfa_member *size = rfa_member_named(&d->sizes, name);

	rfa_record_clear(&rfa_shape_member, &none);
	return size ? size : &none;
}

static void add_size(struct demands *d, const char *name, int64_t bytes, int64_t inodes)
{
	struct rfa_member *one = RFA_ADD(d->ctx->pool, member, &d->sizes);

	one->name = name;
	one->bytes = bytes > 0 ? bytes : 0;
	one->inodes = inodes;
}

/* Of what the source has, of what comes of a backup, and of images. */
static int find_sizes(struct demands *d, struct rfa_error *err)
{
	const struct rfa_proven *source = d->ctx->proven[RFA_SOURCE];
	const struct rfa_member_list *there = &d->ctx->proven[RFA_TARGET]->members;
	const struct rfa_member *m;
	const struct rfa_image *image;

	RFA_EACH (m, source->members)
		*RFA_ADD(d->ctx->pool, member, &d->sizes) = *m;
	if (source->manifest) {
		RFA_EACH (m, source->manifest->members)
			if (rfa_member_named(there, m->name))
				add_size(d, m->name, m->tree_bytes, m->inodes);
	}
	RFA_EACH (image, *rfa_ctx_desired(d->ctx, NULL))
		add_size(d, image->key, image->size, 0);
	return rfa_pool_check(d->ctx->pool, err);
}

/* An archive has a header or two for each entry. */
static int64_t archive_bytes(const struct rfa_member *m)
{
	return rfa_database_dump_bytes(m) + 2048 * m->inodes;
}

static int demand_archives(struct demands *d, const char *path, struct rfa_error *err)
{
	const struct rfa_member *m;
	int rc = 0;

	RFA_EACH (m, d->sizes)
		if (!rc)
			rc = demand(d, path, archive_bytes(m), 1, err);
	return rc;
}

/* A copy beside the member; of a database a dump. */
static int demand_beside(struct demands *d, const struct rfa_member *m,
			 const struct rfa_member *size, struct rfa_error *err)
{
	return demand(d, rfa_is_database(m) ? d->host->state_dir : m->place,
		      rfa_database_dump_bytes(size), size->inodes + 1, err);
}

/* A snapshot of each member, even where reflinks may make it free; and the archives. */
static int demand_of_source(struct demands *d, struct rfa_error *err)
{
	const struct rfa_member *m;
	int rc = demand_archives(d, d->host->state_dir, err);

	RFA_EACH (m, d->ctx->proven[RFA_SOURCE]->members)
		if (!rc && rfa_member_there(m))
			rc = demand_beside(d, m, m, err);
	return rc;
}

/* What arrives, and what is made of it. */
static int demand_of_target(struct demands *d, struct rfa_error *err)
{
	const struct rfa_proven *target = d->ctx->proven[RFA_TARGET];
	const struct rfa_member *m;
	int rc = 0;

	if (!rfa_ctx_one_env(d->ctx))
		rc = demand_archives(d, d->host->state_dir, err);
	/* The vault is on the target: a backup is made. */
	if (!rc && target->has_vault)
		rc = demand_archives(d, rfa_ctx_options(d->ctx)->vault, err);
	RFA_EACH (m, target->members) {
		if (!rc && *m->place)
			rc = demand_beside(d, m, size_of(d, m->name), err);
		/* A dump lies there, and the database that is made of it. */
		if (!rc && *m->disk)
			rc = demand(d, m->disk, size_of(d, m->name)->bytes, 1, err);
	}
	return rc;
}

/* What there is. */

static void judge_disk(struct rfa_gates *c, const struct rfa_host *host, const struct demand *r,
		       int64_t percent)
{
	const char *hint = "free some space there: `rfa prune` shows what nothing needs";
	const struct rfa_disk *d = &r->disk;

	if (d->bytes_free < r->bytes)
		rfa_deny(c, hint, "%s on %s has %s free, this run needs up to %s", r->path,
			 host->name, RFA_SIZE(d->bytes_free), RFA_SIZE(r->bytes));
	else if (d->bytes_total > 0 && d->bytes_free * 100 < d->bytes_total * percent)
		rfa_deny(c, "free some space there, or lower gates.disk_free_percent in rfa.json",
			 "%s on %s has %lld %% of its space free, less than %lld %%", r->path,
			 host->name, (long long)(d->bytes_free * 100 / d->bytes_total),
			 (long long)percent);
	if (d->inodes_total > 0 && d->inodes_free < r->inodes)
		rfa_deny(c, hint, "%s on %s has %lld inodes free, this run needs up to %lld",
			 r->path, host->name, (long long)d->inodes_free, (long long)r->inodes);
}

/* percent: how much of each file system must stay free. */
static int judge_host(struct rfa_gates *c, enum rfa_role_id role,
		      int (*find)(struct demands *, struct rfa_error *), int64_t percent,
		      struct rfa_error *err)
{
	struct demands d = { .ctx = c->ctx, .host = c->ctx->hosts[role] };
	size_t i;
	int rc = find_sizes(&d, err);

	if (!rc)
		rc = find(&d, err);
	for (i = 0; i < d.n && !rc; i++)
		judge_disk(c, d.host, &d.list[i], percent);
	return rc;
}

int rfa_gate_data_space(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_limits *limits = rfa_ctx_stack_of(c->ctx, RFA_TARGET)->gates;
	int64_t percent = limits ? limits->disk_free_percent : 20;
	int rc = judge_host(c, RFA_SOURCE, demand_of_source, 0, err);

	return rc ? rc : judge_host(c, RFA_TARGET, demand_of_target, percent, err);
}

int rfa_data_has_room(struct rfa_ctx *ctx, int64_t bytes, int *is, struct rfa_error *err)
{
	struct demands d = { .ctx = ctx, .host = ctx->hosts[RFA_TARGET] };
	size_t i;
	int rc = find_sizes(&d, err);

	if (!rc)
		rc = demand(&d, d.host->state_dir, bytes, 2, err);
	if (!rc)
		rc = demand_of_target(&d, err);
	*is = !rc;
	for (i = 0; i < d.n; i++)
		*is &= d.list[i].disk.bytes_free >= d.list[i].bytes;
	return rc;
}

/* A snapshot of what is there; and, of a dump, the database that it may be loaded into. */
static int demand_of_snapshot(struct demands *d, struct rfa_error *err)
{
	const struct rfa_member *m;
	int rc = 0;

	RFA_EACH (m, d->ctx->proven[RFA_TARGET]->members) {
		if (rc || !rfa_member_there(m))
			continue;
		rc = demand_beside(d, m, m, err);
		if (!rc && *m->disk)
			rc = demand(d, m->disk, m->bytes, 1, err);
	}
	return rc;
}

int rfa_gate_snapshot_space(struct rfa_gates *c, struct rfa_error *err)
{
	return judge_host(c, RFA_TARGET, demand_of_snapshot, 0, err);
}

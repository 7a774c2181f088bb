#include "fsm/steps/data/mounts.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/data/databases.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/data/members.h"

/* Where it comes from on the host. A volume may be mounted in part. */
static void source_of(const json_t *c, const json_t *mount, char out[RFA_COPY_MAX])
{
	const char *part = rfa_mount_part(c, mount);

	snprintf(out, RFA_COPY_MAX, "%s%s%s", rfa_mount_source(mount), *part ? "/" : "", part);
}

enum rfa_reach rfa_mount_reach(const json_t *c, const json_t *mount,
			       const struct rfa_member *member)
{
	int whole = !*rfa_mount_part(c, mount);
	/* What the paths are called is not all: one may be a symbolic link to the other. */
	const json_t *there = rfa_mount_where(mount);
	char source[RFA_COPY_MAX];
	int inside, above;

	if (*member->volume && !strcmp(rfa_mount_volume(mount), member->volume))
		return whole ? RFA_REACH_PLACE : RFA_REACH_INSIDE;
	source_of(c, mount, source);
	if (*member->place != '/' || *source != '/')
		return RFA_REACH_NONE;
	inside =
	    rfa_path_in(member->place, source) || (whole && rfa_where_in(member->where, there));
	above = rfa_path_in(source, member->place) || (whole && rfa_where_in(there, member->where));
	if (inside)
		return above ? RFA_REACH_PLACE : RFA_REACH_INSIDE;
	return above ? RFA_REACH_ABOVE : RFA_REACH_NONE;
}

/* Each mount with each member. */

/* 1 in *is: this is what is looked for. */
typedef int judge_fn(const struct rfa_mounts *in, const json_t *c, const json_t *mount,
		     const struct rfa_member *member, int *is, struct rfa_error *err);

static void add(const struct rfa_mounts *in, const json_t *c, const json_t *mount,
		const struct rfa_member *member, struct rfa_mounted_list *out)
{
	struct rfa_mounted *one = RFA_ADD(in->pool, mounted, out);
	char source[RFA_COPY_MAX];

	source_of(c, mount, source);
	one->container = rfa_pool_text(in->pool, rfa_container_name(c));
	one->id = rfa_pool_text(in->pool, rfa_container_id(c));
	one->running = rfa_container_active(c);
	one->started = rfa_pool_text(in->pool, rfa_container_started(c));
	one->member = member->name;
	one->mount = rfa_pool_text(in->pool, source);
}

static int judge_mount(const struct rfa_mounts *in, const json_t *c, const json_t *mount,
		       judge_fn *judge, struct rfa_mounted_list *out, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	RFA_EACH (member, *in->members) {
		int is = 0;

		if (!rc)
			rc = judge(in, c, mount, member, &is, err);
		if (!rc && is)
			add(in, c, mount, member, out);
	}
	return rc;
}

static int judge_all(const struct rfa_mounts *in, judge_fn *judge, struct rfa_mounted_list *out,
		     struct rfa_error *err)
{
	json_t *c;
	json_t *mount;
	size_t i, j;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)in->all, i, c) {
		json_array_foreach (rfa_container_mounts(c), j, mount) {
			if (!rc)
				rc = judge_mount(in, c, mount, judge, out, err);
		}
	}
	return rc ? rc : rfa_pool_check(in->pool, err);
}

/* The others. */

/* What keeps a database runs on: so it must have no other piece of the data. */
static int is_other(const struct rfa_mounts *in, const json_t *c)
{
	const struct rfa_consumer *one;

	if (rfa_keeps_running(in->stack, c))
		return 0;
	RFA_EACH (one, *in->consumers)
		if (one->inspect && !strcmp(one->is.container_id, rfa_container_id(c)))
			return one->is.serves;
	return 1;
}

static int judge_other(const struct rfa_mounts *in, const json_t *c, const json_t *mount,
		       const struct rfa_member *member, int *is, struct rfa_error *err)
{
	enum rfa_reach reach = rfa_mount_reach(c, mount, member);

	(void)err;
	*is = reach != RFA_REACH_NONE && (reach != RFA_REACH_ABOVE || rfa_mount_writes(mount)) &&
	      is_other(in, c);
	return 0;
}

int rfa_mounts_other(const struct rfa_mounts *in, struct rfa_mounted_list *out,
		     struct rfa_error *err)
{
	return judge_all(in, judge_other, out, err);
}

static int judge_kept(const struct rfa_mounts *in, const json_t *c, const json_t *mount,
		      const struct rfa_member *member, int *is, struct rfa_error *err)
{
	(void)err;
	*is = rfa_container_active(c) && rfa_keeps_running(in->stack, c) &&
	      rfa_mount_reach(c, mount, member) >= RFA_REACH_INSIDE;
	return 0;
}

int rfa_mounts_kept(const struct rfa_mounts *in, struct rfa_mounted_list *out,
		    struct rfa_error *err)
{
	return judge_all(in, judge_kept, out, err);
}

/* Databases that are mounted as files. */

static int is_database_file(struct rfa_host *host, const char *path, int *is, struct rfa_error *err)
{
	json_t *seen = NULL;
	int rc = host->trees->observe(host, RFA_TREE_SQLITE, path, &seen, err);

	*is = !rc && rfa_tree_is_sqlite(seen);
	json_decref(seen);
	return rc;
}

/* Who only reads such a file makes no companions. */
static int judge_file(const struct rfa_mounts *in, const json_t *c, const json_t *mount,
		      const struct rfa_member *member, int *is, struct rfa_error *err)
{
	int named = !strcmp(member->kind, "sqlite") && !strcmp(member->type, "f");
	int single = rfa_member_tree(member) == RFA_TREE_SQLITE;
	char source[RFA_COPY_MAX];

	if (!rfa_mount_writes(mount) ||
	    rfa_mount_reach(c, mount, member) != (single ? RFA_REACH_PLACE : RFA_REACH_INSIDE))
		return 0;
	*is = named;
	source_of(c, mount, source);
	return named ? 0 : is_database_file(in->host, source, is, err);
}

int rfa_mounts_files(const struct rfa_mounts *in, struct rfa_mounted_list *out,
		     struct rfa_error *err)
{
	return judge_all(in, judge_file, out, err);
}

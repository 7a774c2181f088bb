#include "fsm/steps/mounts.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/members.h"
#include "fsm/steps/users.h"

/* A volume may be mounted in part: only what was asked for tells. */
static const char *part_of(const json_t *c, const json_t *mount)
{
	const char *to = rfa_facts_str(mount, "Destination", "");
	json_t *asked;
	size_t i;

	json_array_foreach (rfa_facts_at(c, "HostConfig/Mounts"), i, asked) {
		if (!strcmp(rfa_facts_str(asked, "Target", "-"), to))
			return rfa_facts_str(asked, "VolumeOptions/Subpath", "");
	}
	return "";
}

/* Where it comes from on the host. */
static void source_of(const json_t *c, const json_t *mount, char out[RFA_COPY_MAX])
{
	const char *part = part_of(c, mount);

	snprintf(out, RFA_COPY_MAX, "%s%s%s", rfa_facts_str(mount, "Source", ""), *part ? "/" : "",
		 part);
}

enum rfa_reach rfa_mount_reach(const json_t *c, const json_t *mount, const json_t *member)
{
	const char *place = rfa_facts_str(member, "place", "");
	const char *volume = rfa_facts_str(member, "volume", "");
	/* What the paths are called is not all: one may be a symbolic link to the other. */
	const json_t *here = json_object_get(member, "where");
	const json_t *there = json_object_get(mount, "where");
	char source[RFA_COPY_MAX];
	int inside, above;

	if (*volume && !strcmp(rfa_facts_str(mount, "Type", ""), "volume") &&
	    !strcmp(rfa_facts_str(mount, "Name", ""), volume))
		return *part_of(c, mount) ? RFA_REACH_INSIDE : RFA_REACH_PLACE;
	source_of(c, mount, source);
	if (*place != '/' || *source != '/')
		return RFA_REACH_NONE;
	inside = rfa_path_in(place, source) || (!*part_of(c, mount) && rfa_where_in(here, there));
	above = rfa_path_in(source, place) || (!*part_of(c, mount) && rfa_where_in(there, here));
	if (inside)
		return above ? RFA_REACH_PLACE : RFA_REACH_INSIDE;
	return above ? RFA_REACH_ABOVE : RFA_REACH_NONE;
}

static int writes(const json_t *mount)
{
	return rfa_facts_bool(mount, "RW", 1);
}

/* ---- each mount with each member ----------------------------------------------------------------
 */

/* Looks for something, and appends what it finds to its list. */
struct search {
	int (*judge)(const struct search *, const json_t *c, const json_t *mount,
		     const json_t *member, struct rfa_error *);
	struct rfa_host *host;
	const json_t *stack, *users;
	json_t *list;
};

static int search_all(struct search *s, const json_t *all, const json_t *members, json_t **out,
		      struct rfa_error *err)
{
	json_t *c;
	json_t *mount;
	json_t *member;
	size_t i, j, k;
	int rc;

	s->list = json_array();
	rc = s->list ? 0 : rfa_fail_nomem(err);
	json_array_foreach ((json_t *)(uintptr_t)all, i, c) {
		json_array_foreach (json_object_get(c, "Mounts"), j, mount) {
			json_array_foreach ((json_t *)(uintptr_t)members, k, member) {
				if (!rc)
					rc = s->judge(s, c, mount, member, err);
			}
		}
	}
	if (rc)
		json_decref(s->list);
	else
		*out = s->list;
	return rc;
}

static int add(const struct search *s, const json_t *c, const json_t *mount, const json_t *member,
	       struct rfa_error *err)
{
	char source[RFA_COPY_MAX];
	json_t *one;

	source_of(c, mount, source);
	one = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s}", "container", rfa_container_name(c), "id",
			rfa_facts_str(c, "Id", ""), "running", rfa_container_active(c), "started",
			rfa_facts_str(c, "State/StartedAt", ""), "member",
			rfa_facts_str(member, "name", ""), "mount", source);
	return !one || json_array_append_new(s->list, one) ? rfa_fail_nomem(err) : 0;
}

/* ---- the others ---------------------------------------------------------------------------------
 */

/* What keeps a database runs on: so it must have no other piece of the data. */
static int is_other(const struct search *s, const json_t *c)
{
	const char *id = rfa_facts_str(c, "Id", "-");
	json_t *one;
	size_t i;

	if (rfa_keeps_running(s->stack, c))
		return 0;
	json_array_foreach ((json_t *)(uintptr_t)s->users, i, one) {
		if (!strcmp(rfa_facts_str(one, "id", ""), id))
			return rfa_is_database_server(s->stack, rfa_container_name(c));
	}
	return 1;
}

static int judge_other(const struct search *s, const json_t *c, const json_t *mount,
		       const json_t *member, struct rfa_error *err)
{
	enum rfa_reach reach = rfa_mount_reach(c, mount, member);

	if (reach == RFA_REACH_NONE || (reach == RFA_REACH_ABOVE && !writes(mount)) ||
	    !is_other(s, c))
		return 0;
	return add(s, c, mount, member, err);
}

int rfa_mounts_other(const json_t *stack, const json_t *all, const json_t *users,
		     const json_t *members, json_t **out, struct rfa_error *err)
{
	struct search s = { .judge = judge_other, .stack = stack, .users = users };

	return search_all(&s, all, members, out, err);
}

static int judge_kept(const struct search *s, const json_t *c, const json_t *mount,
		      const json_t *member, struct rfa_error *err)
{
	if (!rfa_container_active(c) || !rfa_keeps_running(s->stack, c) ||
	    rfa_mount_reach(c, mount, member) < RFA_REACH_INSIDE)
		return 0;
	return add(s, c, mount, member, err);
}

int rfa_mounts_kept(const json_t *stack, const json_t *all, const json_t *members, json_t **out,
		    struct rfa_error *err)
{
	struct search s = { .judge = judge_kept, .stack = stack };

	return search_all(&s, all, members, out, err);
}

/* ---- databases that are mounted as files --------------------------------------------------------
 */

static int is_database_file(struct rfa_host *host, const char *path, int *is, struct rfa_error *err)
{
	json_t *seen = NULL;
	int rc = host->ops->tree_look(host, RFA_TREE_SQLITE, path, &seen, err);

	*is = !rc && !strcmp(rfa_facts_str(seen, "type", ""), "f") &&
	      rfa_facts_bool(seen, "sqlite", 0);
	json_decref(seen);
	return rc;
}

/* Who only reads such a file makes no companions. */
static int judge_file(const struct search *s, const json_t *c, const json_t *mount,
		      const json_t *member, struct rfa_error *err)
{
	int named = !strcmp(rfa_facts_str(member, "kind", ""), "sqlite") &&
		    !strcmp(rfa_facts_str(member, "type", ""), "f");
	int single = rfa_member_tree(member) == RFA_TREE_SQLITE;
	char source[RFA_COPY_MAX];
	int is = named;
	int rc = 0;

	if (!writes(mount) ||
	    rfa_mount_reach(c, mount, member) != (single ? RFA_REACH_PLACE : RFA_REACH_INSIDE))
		return 0;
	source_of(c, mount, source);
	if (!named)
		rc = is_database_file(s->host, source, &is, err);
	return rc || !is ? rc : add(s, c, mount, member, err);
}

int rfa_mounts_files(struct rfa_host *host, const json_t *all, const json_t *members, json_t **out,
		     struct rfa_error *err)
{
	struct search s = { .judge = judge_file, .host = host };

	return search_all(&s, all, members, out, err);
}

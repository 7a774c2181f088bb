/* The gates of runs about data: each member, on each side, and who uses it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/data/sides.h"
#include "fsm/steps/steps.h"

/* Members. */

static int is_plain(const char *place)
{
	size_t n = strlen(place);
	const char *slash = strrchr(place, '/');

	return *place == '/' && n > 1 && n <= RFA_PLACE_MAX && slash &&
	       strlen(slash + 1) <= RFA_PLACE_NAME_MAX && !strstr(place, "//") &&
	       !strstr(place, "/./") && !strstr(place, "/../") && strcmp(slash, "/.") != 0 &&
	       strcmp(slash, "/..") != 0;
}

static void judge_volume(struct rfa_gates *c, const struct rfa_side *s, const struct rfa_member *m)
{
	if (!*m->place)
		rfa_deny(c, "make it there first: start the stack once, or docker volume create",
			 "there is no volume %s on %s (member %s)", m->volume, s->host->name,
			 m->name);
	else if (strcmp(m->driver, "local") != 0 || m->options)
		rfa_deny(c, "only volumes that the host keeps itself can be swapped by a rename",
			 "the volume %s on %s has the driver %s%s (member %s)", m->volume,
			 s->host->name, m->driver, m->options ? " with options" : "", m->name);
}

/* What is there, and can be no member. 1: it was told. */
static int judge_kind(struct rfa_gates *c, const struct rfa_side *s, const struct rfa_member *m,
		      const char *word)
{
	const char *want = rfa_member_tree(m) == RFA_TREE_SQLITE ? "f" : "d";
	const char *host = s->host->name;

	if (!is_plain(m->place))
		rfa_deny(c, "write its absolute path in rfa.json, without '..', and not too long",
			 "%s is no plain absolute path (member %s)", m->place, m->name);
	else if (*m->unsafe)
		rfa_deny(c,
			 "write its path without symbolic links in rfa.json, or let only root "
			 "write to that directory",
			 "%s on %s: %s (member %s)", m->place, host, m->unsafe, m->name);
	else if (!strcmp(m->type, "l"))
		rfa_deny(c, "name in rfa.json what it points to",
			 "%s on %s is a symbolic link (member %s)", m->place, host, m->name);
	else if (rfa_member_there(m) && strcmp(m->type, want) != 0)
		rfa_deny(c, "correct the member's kind in rfa.json",
			 "%s on %s is no %s (member %s)", m->place, host, word, m->name);
	else
		return 0;
	return 1;
}

static void judge_place(struct rfa_gates *c, const struct rfa_side *s, const struct rfa_member *m)
{
	const char *word = rfa_member_tree(m) == RFA_TREE_SQLITE ? "file" : "directory";
	const char *host = s->host->name;

	if (!*m->place)
		return; /* told as a volume that is not there */
	if (judge_kind(c, s, m, word))
		return;
	if (m->mount)
		rfa_deny(c, "name a directory in it: a mount point cannot be renamed",
			 "something is mounted on %s on %s (member %s)", m->place, host, m->name);
	else if (m->too_long)
		rfa_deny(c,
			 "shorten or remove them: find DIR -printf '%p\\n' | awk 'length > 3839' "
			 "shows them",
			 "%lld path(s) in %s on %s have 3840 bytes or more (member %s)",
			 (long long)m->too_long, m->place, host, m->name);
	else if (!rfa_member_there(m) && s->role == RFA_SOURCE)
		rfa_deny(c,
			 "correct its path in rfa.json; or start the stack there once, or bring "
			 "its data there: rfa promote-data",
			 "there is no %s %s on %s (member %s)", word, m->place, host, m->name);
	else if (!rfa_member_there(m) && !rfa_where_parent(m->where))
		rfa_deny(c, "prepare the folder there: a first copy needs it",
			 "the folder of %s does not exist on %s (member %s)", m->place, host,
			 m->name);
}

/* What a copy will not have: no reason to stop, but it is known before. */
static void judge_losses(struct rfa_gates *c, const struct rfa_side *s, const struct rfa_member *m)
{
	const struct {
		int64_t n;
		const char *what, *loss;
	} losses[] = {
		{ m->apart, "file(s)",
		  "have another name outside of it: a copy is a file of its own" },
		{ m->special, "FIFO(s) or device(s)",
		  "have several names: a copy has one of each name" },
		{ m->flags, "file(s)", "have flags of the file system (lsattr): a copy has none" },
	};
	size_t i;

	for (i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
		if (losses[i].n)
			rfa_warn(c,
				 "nothing to do if the application can do without: "
				 "docs/data.md, Limits",
				 "%lld %s in %s on %s %s (member %s)", (long long)losses[i].n,
				 losses[i].what, m->place, s->host->name, losses[i].loss, m->name);
}

/* What keeps a database from travelling, or from being swapped. */
static void judge_obstacles(struct rfa_gates *c, const struct rfa_side *s,
			    const struct rfa_member *m)
{
	size_t i;

	for (i = 0; i < m->unfit.n; i++)
		rfa_deny(c, "let it travel as its volume instead",
			 "the database %s on %s cannot travel as a dump: %.200s (member %s)",
			 m->place, s->host->name, m->unfit.at[i], m->name);
	for (i = 0; i < m->obstacles.n && s->role == RFA_TARGET; i++)
		rfa_deny(c, "end that there, or name the volume as a member instead",
			 "the database %s on %s cannot be swapped: %.200s", m->place, s->host->name,
			 m->obstacles.at[i]);
}

/* A database must be there: its owner and its locale are those of the one that it replaces. */
static void judge_database(struct rfa_gates *c, const struct rfa_side *s,
			   const struct rfa_member *m)
{
	char longest[2 * RFA_DATABASE_MAX];

	if (!m->up) {
		rfa_deny(c, "it must run there for a dump, and let its user in",
			 "the server in %s on %s does not answer: %.300s (member %s)",
			 m->database->container, s->host->name, m->why, m->name);
		return;
	}
	if (!rfa_member_there(m))
		rfa_deny(c, "make an empty one there first, or start the stack once",
			 "there is no database %s on %s (member %s)", m->place, s->host->name,
			 m->name);
	rfa_database_name(c->ctx, m, RFA_BESIDE_NEW, longest);
	if (!rfa_host_database_own(m->database->database, longest))
		rfa_deny(c, "name the volume that it lies in as a member instead",
			 "the name of the database %s is too long to have another one beside it "
			 "(member %s)",
			 m->place, m->name);
	judge_obstacles(c, s, m);
}

/* What a newer server has dumped, an older one may not understand. */
void rfa_judge_version(struct rfa_gates *c, const struct rfa_member *from, const char *whose,
		       const struct rfa_member *to)
{
	const char *host = c->ctx->hosts[RFA_TARGET]->name;
	char desired[RFA_DATABASE_MAX], there[RFA_DATABASE_MAX];

	rfa_database_release(from, desired);
	rfa_database_release(to, there);
	if (to->major && from->major && strcmp(from->make, to->make) != 0)
		rfa_deny(c, "a dump of one is none for the other: use the same on both sides",
			 "the database %s is of %s %s, and the server on %s is %s", to->name,
			 desired, whose, host, there);
	else if (to->major && from->major > to->major)
		rfa_deny(c, "bring the newer version there first (rfa promote)",
			 "the database %s is of version %s %s, and the server on %s is of %s",
			 to->name, desired, whose, host, there);
}

/* Told by what they are on the host: a path can lead there by a symbolic link, or a mount. */
static int lies_in(const struct rfa_member *outer, const struct rfa_member *inner)
{
	return rfa_path_in(outer->place, inner->place) || rfa_where_in(outer->where, inner->where);
}

static void judge_nesting(struct rfa_gates *c, const struct rfa_side *s)
{
	const struct rfa_member *a;
	const struct rfa_member *b;

	RFA_EACH (a, s->seen->members)
		RFA_EACH (b, s->seen->members) {
			/* Of two that are one and the same, only one is told. */
			if (a == b || !*a->place || !*b->place || !lies_in(a, b) ||
			    (lies_in(b, a) && a > b))
				continue;
			rfa_deny(c, "name each piece of data once in rfa.json",
				 "the member %s lies in the member %s on %s (%s)", b->name, a->name,
				 s->host->name, b->place);
		}
}

/* own: a path where rfa keeps its own files. */
static void judge_overlap(struct rfa_gates *c, const struct rfa_side *s, const char *own,
			  json_t *where)
{
	const struct rfa_member *m;
	struct rfa_member keep;

	rfa_record_clear(&rfa_shape_member, &keep);
	keep.place = own;
	keep.where = where;
	RFA_EACH (m, s->seen->members)
		if (*m->place && !rfa_is_database(m) && (lies_in(&keep, m) || lies_in(m, &keep)))
			rfa_deny(c,
				 "keep them apart: name another directory for the member, for "
				 "backup.directory, or for state_dir",
				 "the member %s (%s) and %s, where rfa keeps its own files, "
				 "overlap on %s",
				 m->name, m->place, own, s->host->name);
}

/* What rfa keeps there itself is no data of the stack: it would be swapped, or be its own backup.
 */
static int judge_own(struct rfa_gates *c, const struct rfa_side *s, struct rfa_error *err)
{
	const char *vault = rfa_ctx_options(c->ctx)->vault;
	const char *taker = c->ctx->hosts[RFA_TARGET]->name;
	struct rfa_texts places = { NULL, 0 };
	json_t *paths = NULL;
	json_t *found = NULL;
	json_t *where;
	const char *own;
	int rc;

	rfa_texts_add(c->ctx->pool, &places, s->host->state_dir);
	if (*vault == '/' && !strcmp(taker, s->host->name))
		rfa_texts_add(c->ctx->pool, &places, vault);
	rc = rfa_texts_keep(&places, c->ctx->pool, &paths, err);
	if (!rc)
		rc = s->host->trees->where(s->host, paths, &found, err);
	json_object_foreach (found, own, where) {
		judge_overlap(c, s, own, where);
	}
	json_decref(found);
	return rc;
}

static void judge_pairs(struct rfa_gates *c, const struct rfa_side *one,
			const struct rfa_side *other)
{
	const struct rfa_member *m;

	RFA_EACH (m, one->seen->members) {
		const struct rfa_member *other_side =
		    rfa_member_named(&other->seen->members, m->name);

		if (!other_side)
			rfa_deny(c, "name the same members for both environments in rfa.json",
				 "the member %s is on %s only", m->name, one->host->name);
		else if (one->role != RFA_SOURCE)
			continue;
		else if (strcmp(m->tree, other_side->tree) != 0)
			rfa_deny(c, "give it one kind in both environments in rfa.json",
				 "the member %s is a %s on %s and a %s on %s", m->name, m->kind,
				 one->host->name, other_side->kind, other->host->name);
		else
			rfa_judge_version(c, m, "on the source", other_side);
	}
}

static void judge_member(struct rfa_gates *c, const struct rfa_side *s, const struct rfa_member *m)
{
	if (rfa_is_database(m)) {
		judge_database(c, s, m);
		return;
	}
	if (*m->volume)
		judge_volume(c, s, m);
	judge_place(c, s, m);
	if (s->role == RFA_SOURCE)
		judge_losses(c, s, m);
}

int rfa_gate_members(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_side sides[RFA_ROLES];
	size_t n = rfa_sides(c->ctx, sides);
	const struct rfa_member *m;
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		if (!sides[i].seen->members.n && !rfa_ctx_options(c->ctx)->keeps_data)
			rfa_deny(c, "list its members under \"data\" of the stack in rfa.json",
				 "rfa.json names no data of this stack for %s",
				 sides[i].host->name);
		RFA_EACH (m, sides[i].seen->members)
			judge_member(c, &sides[i], m);
		judge_nesting(c, &sides[i]);
		rc = judge_own(c, &sides[i], err);
		if (rc)
			return rc;
	}
	if (n == 2) {
		judge_pairs(c, &sides[0], &sides[1]);
		judge_pairs(c, &sides[1], &sides[0]);
	}
	return 0;
}

/* Tools. */

static int refuse_unsupported(struct rfa_gates *c, const struct rfa_side *s, int rc,
			      struct rfa_error *err)
{
	if (rc == -RFA_EUNSUPPORTED)
		rfa_deny(c, err->hint, "%s on %s", err->msg, s->host->name);
	/* Asked of what is not there yet: any other no is none of this gate's. */
	if (rc &&
	    (rc == -RFA_EUNSUPPORTED || (rc != -RFA_ECRASHED && err->severity == RFA_FATAL))) {
		rfa_error_clear(err);
		return 0;
	}
	return rc;
}

/* Can the processes of all users be looked at? */
static int try_holders(struct rfa_gates *c, const struct rfa_side *s, struct rfa_error *err)
{
	struct rfa_texts none = { NULL, 0 };
	json_t *paths = NULL;
	json_t *found = NULL;
	int rc = rfa_texts_keep(&none, c->ctx->pool, &paths, err);

	if (rc)
		return rc;
	rc = s->host->trees->holders(s->host, paths, NULL, &found, err);
	json_decref(found);
	return refuse_unsupported(c, s, rc, err);
}

/* Can a database be checked there? */
static int try_check(struct rfa_gates *c, const struct rfa_side *s, struct rfa_error *err)
{
	const struct rfa_member *database = NULL;
	const struct rfa_member *m;
	char copy[RFA_COPY_MAX];
	json_t *found = NULL;
	int rc;

	RFA_EACH (m, s->seen->members)
		if (!strcmp(m->kind, "sqlite") && *m->place == '/')
			database = m;
	if (!database)
		return 0;
	rfa_member_copy(c->ctx, database, RFA_BESIDE_SNAPSHOT, copy);
	rc = s->host->trees->sqlite_check(s->host, copy, &found, err);
	json_decref(found);
	return refuse_unsupported(c, s, rc, err);
}

/* Whether the proof of a standstill can be had there, and a database be checked. */
int rfa_gate_tools(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_side sides[RFA_ROLES];
	size_t n = rfa_sides(c->ctx, sides);
	size_t i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++) {
		rc = try_holders(c, &sides[i], err);
		if (!rc && sides[i].role == RFA_SOURCE)
			rc = try_check(c, &sides[i], err);
	}
	return rc;
}

/* Going back. */

/* A server that does not answer is told of by another gate. */
static int database_there(struct rfa_ctx *ctx, const struct rfa_member *m, int *is,
			  struct rfa_error *err)
{
	struct rfa_server_seen seen;
	int rc = rfa_database_seen(ctx, ctx->hosts[RFA_TARGET], m->database, &seen, err);

	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	*is = !seen.up || rfa_database_lists(&seen, m->copy);
	return rc;
}

static int copy_there(struct rfa_ctx *ctx, const struct rfa_member *m, int *is,
		      struct rfa_error *err)
{
	struct rfa_host *host = ctx->hosts[RFA_TARGET];
	struct rfa_file_stat st = { 0 };
	int rc;

	if (rfa_is_database(m))
		return database_there(ctx, m, is, err);
	rc = host->files->stat(host, m->copy, &st, err);
	*is = st.type == 'd';
	return rc;
}

/* m: of the rollback point. */
static int judge_replaced(struct rfa_gates *c, const struct rfa_member *m, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const struct rfa_member *now = rfa_member_named(&ctx->proven[RFA_TARGET]->members, m->name);
	int is = 0;
	int rc;

	if (!now || strcmp(now->place, m->place) != 0 || strcmp(now->kind, m->kind) != 0) {
		rfa_deny(c, "put the member back as it was in rfa.json",
			 "the member %s of the rollback point lived at %s, which rfa.json no "
			 "longer says",
			 m->name, m->place);
		return 0;
	}
	if (!*m->copy)
		return 0;
	rc = copy_there(ctx, m, &is, err);
	if (!rc && !is)
		rfa_deny(c, "choose another point, or restore a backup: rfa restore",
			 "%s, where the rollback point's data was, is no longer on %s", m->copy,
			 ctx->hosts[RFA_TARGET]->name);
	return rc;
}

int rfa_gate_data_point(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_point *point = c->ctx->plan->point;
	const struct rfa_member *m;
	int rc = 0;

	if (!point)
		return 0;
	if (!point->members.n)
		rfa_deny(c, "choose a point of data: rfa rollback lists them",
			 "the rollback point names no data");
	RFA_EACH (m, point->members)
		if (!rc)
			rc = judge_replaced(c, m, err);
	return rc;
}

/*
 * A drill in an environment where nothing runs would prove nothing. Services of a Compose project
 * may stand still: one that has done its work, or that is started when it is needed. That of
 * another container only the operator knows.
 */
int rfa_gate_target_runs(struct rfa_gates *c, struct rfa_error *err)
{
	static const char *const hint = "start it there first, or look at docker logs";
	const struct rfa_container_list *all = rfa_users(c->ctx->proven[RFA_TARGET]);
	const char *env = c->ctx->hosts[RFA_TARGET]->name;
	const struct rfa_container *one;
	size_t running = 0;

	(void)err;
	RFA_EACH (one, *all)
		if (one->running)
			running++;
		else if (strcmp(one->kind, "compose") != 0)
			rfa_deny_unless_forced(c, hint, "the container %s on %s does not run",
					       one->container, env);
	if (!all->n)
		rfa_deny(c, "start it there first", "nothing of this stack is on %s", env);
	else if (!running)
		rfa_deny(c, hint, "nothing of this stack runs on %s", env);
	return 0;
}

/* The gates of runs about data: each member, on each side, and who uses it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/gates.h"
#include "fsm/steps/databases.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/members.h"
#include "fsm/steps/sides.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/vault.h"

static const char *text(const json_t *json, const char *key)
{
	return rfa_facts_str(json, key, "");
}

/* ---- members ----------------------------------------------------------------------------------
 */

static int is_plain(const char *place)
{
	size_t n = strlen(place);
	const char *slash = strrchr(place, '/');

	return *place == '/' && n > 1 && n <= RFA_PLACE_MAX && slash &&
	       strlen(slash + 1) <= RFA_PLACE_NAME_MAX && !strstr(place, "//") &&
	       !strstr(place, "/./") && !strstr(place, "/../") && strcmp(slash, "/.") != 0 &&
	       strcmp(slash, "/..") != 0;
}

static void judge_volume(struct rfa_gates *c, const struct rfa_side *s, const json_t *m)
{
	if (!*text(m, "place"))
		rfa_deny(c, "make it there first: start the stack once, or docker volume create",
			 "there is no volume %s on %s (member %s)", text(m, "volume"),
			 s->host->name, text(m, "name"));
	else if (strcmp(text(m, "driver"), "local") != 0 || rfa_facts_int(m, "options", 0))
		rfa_deny(c, "only volumes that the host keeps itself can be exchanged by a rename",
			 "the volume %s on %s has the driver %s%s (member %s)", text(m, "volume"),
			 s->host->name, text(m, "driver"),
			 rfa_facts_int(m, "options", 0) ? " with options" : "", text(m, "name"));
}

static void judge_place(struct rfa_gates *c, const struct rfa_side *s, const json_t *m)
{
	const char *place = text(m, "place");
	const char *want = !strcmp(text(m, "tree"), "sqlite") ? "f" : "d";
	const char *word = *want == 'f' ? "file" : "directory";

	if (!*place)
		return; /* told as a volume that is not there */
	if (!is_plain(place))
		rfa_deny(c, "write its absolute path in rfa.json, without '..', and not too long",
			 "%s is no plain absolute path (member %s)", place, text(m, "name"));
	else if (*text(m, "unsafe"))
		rfa_deny(c,
			 "write its path without symbolic links in rfa.json, or let only root "
			 "write to that directory",
			 "%s on %s: %s (member %s)", place, s->host->name, text(m, "unsafe"),
			 text(m, "name"));
	else if (!strcmp(text(m, "type"), "l"))
		rfa_deny(c, "name in rfa.json what it points to",
			 "%s on %s is a symbolic link (member %s)", place, s->host->name,
			 text(m, "name"));
	else if (rfa_member_there(m) && strcmp(text(m, "type"), want) != 0)
		rfa_deny(c, "correct the member's kind in rfa.json",
			 "%s on %s is no %s (member %s)", place, s->host->name, word,
			 text(m, "name"));
	else if (rfa_facts_bool(m, "mount", 0))
		rfa_deny(c, "name a directory in it: a mount point cannot be renamed",
			 "something is mounted on %s on %s (member %s)", place, s->host->name,
			 text(m, "name"));
	else if (rfa_facts_int(m, "too_long", 0))
		rfa_deny(c,
			 "shorten or remove them: find DIR -printf '%p\\n' | awk 'length > 3839' "
			 "shows them",
			 "%lld path(s) in %s on %s have 3840 bytes or more (member %s)",
			 (long long)rfa_facts_int(m, "too_long", 0), place, s->host->name,
			 text(m, "name"));
	else if (!rfa_member_there(m) && !strcmp(s->role, "source"))
		rfa_deny(c, "correct its path in rfa.json, or start the stack there once",
			 "there is no %s %s on %s (member %s)", word, place, s->host->name,
			 text(m, "name"));
	else if (!rfa_member_there(m) && !rfa_facts_bool(m, "where/parent", 0))
		rfa_deny(c, "prepare the folder there: a first copy needs it",
			 "the folder of %s does not exist on %s (member %s)", place, s->host->name,
			 text(m, "name"));
}

/* What a copy will not have: no reason to stop, but it is known before. */
static void judge_losses(struct rfa_gates *c, const struct rfa_side *s, const json_t *m)
{
	static const struct {
		const char *key, *what, *loss;
	} losses[] = {
		{ "apart", "file(s)",
		  "have another name outside of it: a copy is a file of its own" },
		{ "special", "FIFO(s) or device(s)",
		  "have several names: a copy has one of each name" },
		{ "flags", "file(s)", "have flags of the file system (lsattr): a copy has none" },
	};
	size_t i;

	for (i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		int64_t n = rfa_facts_int(m, losses[i].key, 0);

		if (n)
			rfa_warn(c,
				 "nothing to do if the application can do without: "
				 "docs/data.md, Limits",
				 "%lld %s in %s on %s %s (member %s)", (long long)n, losses[i].what,
				 text(m, "place"), s->host->name, losses[i].loss, text(m, "name"));
	}
}

/* A database must be there: its owner and its locale are those of the one that it replaces. */
static void judge_database(struct rfa_gates *c, const struct rfa_side *s, const json_t *m)
{
	char longest[2 * RFA_DATABASE_MAX];
	json_t *one;
	size_t i;

	if (!rfa_facts_bool(m, "up", 0)) {
		rfa_deny(c, "it must run there for a dump, and let its user in",
			 "the server in %s on %s does not answer: %.300s (member %s)",
			 rfa_facts_str(m, "database/container", ""), s->host->name, text(m, "why"),
			 text(m, "name"));
		return;
	}
	if (!rfa_member_there(m))
		rfa_deny(c, "make an empty one there first, or start the stack once",
			 "there is no database %s on %s (member %s)", text(m, "place"),
			 s->host->name, text(m, "name"));
	rfa_database_name(c->ctx, m, "new", longest);
	if (!rfa_host_database_own(rfa_facts_str(m, "database/database", ""), longest))
		rfa_deny(c, "name the volume that it lies in as a member instead",
			 "the name of the database %s is too long to have another one beside it "
			 "(member %s)",
			 text(m, "place"), text(m, "name"));
	json_array_foreach (json_object_get(m, "unfit"), i, one) {
		rfa_deny(c, "let it travel as its volume instead",
			 "the database %s on %s cannot travel as a dump: %.200s (member %s)",
			 text(m, "place"), s->host->name, json_string_value(one), text(m, "name"));
	}
	json_array_foreach (json_object_get(m, "obstacles"), i, one) {
		if (!strcmp(s->role, "target"))
			rfa_deny(c, "end that there, or name the volume as a member instead",
				 "the database %s on %s cannot be exchanged: %.200s",
				 text(m, "place"), s->host->name, json_string_value(one));
	}
}

/* What a newer server has dumped, an older one may not understand. */
static void judge_version(struct rfa_gates *c, const json_t *from, const char *whose,
			  const json_t *to)
{
	int64_t has = rfa_facts_int(to, "major", 0);
	int64_t wants = rfa_facts_int(from, "major", 0);
	char wanted[RFA_DATABASE_MAX], there[RFA_DATABASE_MAX];

	rfa_database_release(from, wanted);
	rfa_database_release(to, there);
	if (has && wants && strcmp(text(from, "make"), text(to, "make")) != 0)
		rfa_deny(c, "a dump of one is none for the other: use the same on both sides",
			 "the database %s is of %s %s, and the server on %s is %s",
			 text(to, "name"), wanted, whose, c->ctx->hosts[RFA_TARGET]->name, there);
	else if (has && wants > has)
		rfa_deny(c, "bring the newer version there first (rfa promote)",
			 "the database %s is of version %s %s, and the server on %s is of %s",
			 text(to, "name"), wanted, whose, c->ctx->hosts[RFA_TARGET]->name, there);
}

/* Told by what they are on the host: a path can lead there by a symbolic link, or a mount. */
static int lies_in(const json_t *outer, const json_t *inner)
{
	return rfa_path_in(text(outer, "place"), text(inner, "place")) ||
	       rfa_where_in(json_object_get(outer, "where"), json_object_get(inner, "where"));
}

static void judge_nesting(struct rfa_gates *c, const struct rfa_side *s)
{
	json_t *a;
	json_t *b;
	size_t i, j;

	json_array_foreach ((json_t *)(uintptr_t)s->members, i, a) {
		json_array_foreach ((json_t *)(uintptr_t)s->members, j, b) {
			const char *outer = text(a, "place");
			const char *inner = text(b, "place");

			if (i == j || !*outer || !*inner || !lies_in(a, b) ||
			    (lies_in(b, a) && i > j))
				continue;
			rfa_deny(c, "name each piece of data once in rfa.json",
				 "the member %s lies in the member %s on %s (%s)", text(b, "name"),
				 text(a, "name"), s->host->name, inner);
		}
	}
}

/* What rfa keeps there itself is no data of the stack: it would be exchanged, or be its own backup.
 */
static int judge_own(struct rfa_gates *c, const struct rfa_side *s, struct rfa_error *err)
{
	const char *vault = rfa_vault_path(c->ctx);
	json_t *paths = json_array();
	json_t *found = NULL;
	json_t *m;
	const char *own;
	json_t *where;
	size_t i;
	int rc = paths ? 0 : rfa_fail_nomem(err);

	if (!rc && json_array_append_new(paths, json_string(s->host->state_dir)))
		rc = rfa_fail_nomem(err);
	if (!rc && *vault == '/' && !strcmp(c->ctx->hosts[RFA_TARGET]->name, s->host->name) &&
	    json_array_append_new(paths, json_string(vault)))
		rc = rfa_fail_nomem(err);
	if (!rc)
		rc = s->host->ops->tree_where(s->host, paths, &found, err);
	json_object_foreach (found, own, where) {
		json_t *keep = json_pack("{s:s, s:O}", "place", own, "where", where);

		json_array_foreach ((json_t *)(uintptr_t)s->members, i, m) {
			if (!*text(m, "place") || rfa_is_database(m) ||
			    (!lies_in(keep, m) && !lies_in(m, keep)))
				continue;
			rfa_deny(c,
				 "keep them apart: name another directory for the member, for "
				 "backup.directory, or for state_dir",
				 "the member %s (%s) and %s, where rfa keeps its own files, "
				 "overlap on %s",
				 text(m, "name"), text(m, "place"), own, s->host->name);
		}
		json_decref(keep);
	}
	json_decref(found);
	json_decref(paths);
	return rc;
}

static void judge_pairs(struct rfa_gates *c, const struct rfa_side *one,
			const struct rfa_side *other)
{
	json_t *m;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)one->members, i, m) {
		const json_t *twin = rfa_member_find(other->members, text(m, "name"));

		if (!twin)
			rfa_deny(c, "name the same members for both environments in rfa.json",
				 "the member %s is on %s only", text(m, "name"), one->host->name);
		else if (strcmp(text(m, "tree"), text(twin, "tree")) != 0 &&
			 !strcmp(one->role, "source"))
			rfa_deny(c, "give it one kind in both environments in rfa.json",
				 "the member %s is a %s on %s and a %s on %s", text(m, "name"),
				 text(m, "kind"), one->host->name, text(twin, "kind"),
				 other->host->name);
		else if (!strcmp(one->role, "source"))
			judge_version(c, m, "on the source", twin);
	}
}

int rfa_gate_members(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_side sides[2];
	size_t n = rfa_sides(c->ctx, sides);
	json_t *m;
	size_t i, j;
	int rc;

	for (i = 0; i < n; i++) {
		if (!json_array_size(sides[i].members))
			rfa_deny(c, "list its members under \"data\" of the stack in rfa.json",
				 "rfa.json names no data of this stack for %s",
				 sides[i].host->name);
		json_array_foreach ((json_t *)(uintptr_t)sides[i].members, j, m) {
			if (rfa_is_database(m)) {
				judge_database(c, &sides[i], m);
				continue;
			}
			if (*text(m, "volume"))
				judge_volume(c, &sides[i], m);
			judge_place(c, &sides[i], m);
			if (!strcmp(sides[i].role, "source"))
				judge_losses(c, &sides[i], m);
		}
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

/* ---- tools ------------------------------------------------------------------------------------
 */

static int refuse_unsupported(struct rfa_gates *c, const struct rfa_side *s, int rc,
			      struct rfa_error *err)
{
	if (rc == -RFA_EUNSUPPORTED)
		rfa_deny(c, err->mend, "%s on %s", err->msg, s->host->name);
	/* Asked of what is not there yet: any other no is none of this gate's. */
	if (rc &&
	    (rc == -RFA_EUNSUPPORTED || (rc != -RFA_ECRASHED && err->severity == RFA_FATAL))) {
		rfa_error_clear(err);
		return 0;
	}
	return rc;
}

/* Whether the proof of a standstill can be had there, and a database be checked. */
int rfa_gate_tools(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_side sides[2];
	size_t n = rfa_sides(c->ctx, sides);
	json_t *none = json_array();
	json_t *m;
	size_t i, j;
	int rc = none ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < n && !rc; i++) {
		struct rfa_host *host = sides[i].host;
		const json_t *database = NULL;
		char copy[RFA_COPY_MAX];
		json_t *found = NULL;

		json_array_foreach ((json_t *)(uintptr_t)sides[i].members, j, m) {
			if (!strcmp(text(m, "kind"), "sqlite") && *text(m, "place") == '/')
				database = m;
		}
		rc = host->ops->tree_holders(host, none, NULL, &found, err);
		rc = refuse_unsupported(c, &sides[i], rc, err);
		json_decref(found);
		found = NULL;
		if (rc || !database || strcmp(sides[i].role, "source") != 0)
			continue;
		rfa_member_copy(c->ctx, database, "snap", copy);
		rc = host->ops->sqlite_check(host, copy, &found, err);
		rc = refuse_unsupported(c, &sides[i], rc, err);
		json_decref(found);
	}
	json_decref(none);
	return rc;
}

/* ---- going back -------------------------------------------------------------------------------
 */

/* A server that does not answer is told of by another gate. */
static int generation_there(struct rfa_host *host, const json_t *m, const char *copy, int *is,
			    struct rfa_error *err)
{
	json_t *look = NULL;
	int rc = host->ops->database_look(host, rfa_database_of(m), &look, err);

	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	*is = !rfa_facts_bool(look, "up", 0) ||
	      json_object_get(json_object_get(look, "databases"), copy) != NULL;
	json_decref(look);
	return rc;
}

int rfa_gate_data_point(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const json_t *members = rfa_ctx_fact(ctx, "target.look", "members");
	json_t *m;
	size_t i;

	if (rfa_facts_at(ctx->plan_json, "point") &&
	    !json_array_size(rfa_facts_at(ctx->plan_json, "point/members")))
		rfa_deny(c, "choose a point of data: rfa rollback lists them",
			 "the rollback point names no data");
	json_array_foreach (rfa_facts_at(ctx->plan_json, "point/members"), i, m) {
		const json_t *now = rfa_member_find(members, text(m, "name"));
		const char *copy = rfa_facts_str(m, "copy", NULL);
		struct rfa_file_stat st = { 0 };
		int rc;

		if (!now || strcmp(text(now, "place"), text(m, "place")) != 0 ||
		    strcmp(text(now, "kind"), text(m, "kind")) != 0) {
			rfa_deny(
			    c, "put the member back as it was in rfa.json",
			    "the member %s of the rollback point lived at %s, which rfa.json no "
			    "longer says",
			    text(m, "name"), text(m, "place"));
			continue;
		}
		if (copy && rfa_is_database(m)) {
			int is = 0;

			rc = generation_there(ctx->hosts[RFA_TARGET], m, copy, &is, err);
			st.type = is ? 'd' : 0;
		} else {
			rc = copy ? ctx->hosts[RFA_TARGET]->ops->file_stat(ctx->hosts[RFA_TARGET],
									   copy, &st, err)
				  : 0;
		}
		if (rc)
			return rc;
		if (copy && st.type != 'd')
			rfa_deny(c, "choose another point, or restore a backup: rfa restore",
				 "%s, where the rollback point's data was, is no longer on %s",
				 copy, ctx->hosts[RFA_TARGET]->name);
	}
	return 0;
}

/* ---- backups ----------------------------------------------------------------------------------
 */

/* Can somebody else change what has this directory's name, or what is in it? */
static int is_shared(const struct rfa_file_stat *dir, uint32_t me)
{
	if (dir->uid != 0 && dir->uid != me)
		return 1;
	if (dir->mode & 01000) /* only who owns a name there can take it away */
		return 0;
	return (dir->mode & 02) || ((dir->mode & 020) && dir->gid != 0 && dir->gid != dir->uid);
}

/*
 * Where others can exchange a directory on the way to the vault, what we write goes to where they
 * want it, as root. We are whose the state directory is.
 */
static int judge_vault_place(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_host *host = c->ctx->hosts[RFA_TARGET];
	const char *vault = rfa_vault_path(c->ctx);
	struct rfa_file_stat dir = { 0 }, own = { 0 };
	json_t *paths = json_pack("[s]", vault), *found = NULL;
	struct rfa_buf path = RFA_BUF_INIT(RFA_PLACE_MAX + 1);
	const char *real, *end;
	int rc = paths ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = host->ops->tree_where(host, paths, &found, err);
	if (!rc)
		rc = host->ops->file_stat(host, host->state_dir, &own, err);
	real = rfa_facts_str(json_object_get(found, vault), "real", vault);
	for (end = real; !rc && *end; end += end[0] == '/') {
		end += strcspn(end, "/");
		rfa_buf_clear(&path);
		(void)rfa_buf_add(&path, real, end > real ? (size_t)(end - real) : 1);
		rc = rfa_buf_check(&path, err);
		if (!rc)
			rc = host->ops->file_stat(host, rfa_buf_str(&path), &dir, err);
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
	json_decref(found);
	json_decref(paths);
	return rc;
}

int rfa_gate_vault(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const char *vault = rfa_vault_path(ctx);
	const char *backup = rfa_vault_backup(ctx);
	const char *known = rfa_facts_str(ctx->plan_json, "options/known", "");

	/* What is written below the mount point of a disk that is not mounted fills another one. */
	if (*known && !rfa_facts_int(rfa_ctx_fact(ctx, "target.look", ""), "backups", 1))
		rfa_deny_unless_forced(
		    c,
		    "mount the disk that it is on (findmnt -T shows which one it is on now); "
		    "or, if the backups were moved on purpose: --force --reason TEXT",
		    "%s on %s has no backup, though %s was made there", vault,
		    ctx->hosts[RFA_TARGET]->name, known);
	if (*vault != '/')
		rfa_deny(c, "name it by an absolute path in rfa.json",
			 "'%s' is no absolute path of a vault", vault);
	if (!rfa_host_name_ok(backup))
		rfa_deny(c, "use letters, digits, '.', '_' and '-'", "'%s' is no name of a backup",
			 backup);
	if (json_is_object(rfa_ctx_fact(ctx, "target.look", "manifest")))
		rfa_deny(c, "begin another one: its name is made of the time",
			 "there is a backup %s in %s already", backup, vault);
	if (rfa_ctx_fact(ctx, "source.look", "goods") &&
	    !json_array_size(rfa_ctx_fact(ctx, "source.look", "goods/images")))
		rfa_deny(c, "start the stack there first",
			 "nothing of this stack runs on %s, so there are no images",
			 ctx->hosts[RFA_SOURCE]->name);
	return *vault == '/' ? judge_vault_place(c, err) : 0;
}

static void judge_contents(struct rfa_gates *c, const json_t *manifest)
{
	const struct rfa_ctx *ctx = c->ctx;
	int some = json_is_array(rfa_facts_at(ctx->plan_json, "options/members"));
	const json_t *there = rfa_ctx_fact(ctx, "target.look", "members");
	json_t *m;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)there, i, m) {
		const json_t *one =
		    rfa_member_find(json_object_get(manifest, "members"), text(m, "name"));

		if (!one)
			rfa_deny(c, "choose another backup, or name the members to restore",
				 "the backup %s has no member %s", rfa_vault_backup(ctx),
				 text(m, "name"));
		else if (strcmp(text(one, "tree"), text(m, "tree")) != 0)
			rfa_deny(c, "give it the kind in rfa.json that it had",
				 "the member %s is a %s in the backup and a %s in rfa.json",
				 text(m, "name"), text(one, "kind"), text(m, "kind"));
		else
			judge_version(c, one, "in the backup", m);
	}
	json_array_foreach (json_object_get(manifest, "members"), i, m) {
		if (!some && strcmp(text(m, "kind"), "file") != 0 &&
		    !rfa_member_find(there, text(m, "name")))
			rfa_deny(c,
				 "list it under \"data\" in rfa.json, or name the members to "
				 "restore",
				 "rfa.json does not know the member %s of the backup",
				 text(m, "name"));
	}
	json_array_foreach (rfa_facts_at(ctx->plan_json, "options/members"), i, m) {
		if (!rfa_member_find(there, json_string_value(m)))
			rfa_deny(c, "list it under \"data\" in rfa.json, or correct the name",
				 "rfa.json has no member %s", json_string_value(m));
	}
}

int rfa_gate_backup(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const json_t *manifest = rfa_ctx_fact(ctx, "source.look", "manifest");

	(void)err;
	if (!json_is_object(manifest))
		rfa_deny(c, "choose another one: rfa backup list",
			 "there is no complete backup %s in %s on %s", rfa_vault_backup(ctx),
			 rfa_vault_path(ctx), ctx->hosts[RFA_SOURCE]->name);
	else if (strcmp(text(manifest, "set"), "data") != 0 ||
		 strcmp(text(manifest, "stack"), rfa_facts_str(ctx->plan_json, "stack", "")) != 0)
		rfa_deny(c, "choose another one: rfa backup list",
			 "the backup %s is of the %s of %s", rfa_vault_backup(ctx),
			 text(manifest, "set"), text(manifest, "stack"));
	else
		judge_contents(c, manifest);
	return 0;
}

/*
 * A drill in an environment where nothing runs would prove nothing. Services of a Compose project
 * may stand still: one that has done its work, or that is started when it is needed. That of
 * another container only the operator knows.
 */
int rfa_gate_target_runs(struct rfa_gates *c, struct rfa_error *err)
{
	static const char *const mend = "start it there first, or look at docker logs";
	json_t *units = rfa_ctx_fact(c->ctx, "target.look", "units");
	const char *env = c->ctx->hosts[RFA_TARGET]->name;
	size_t i, n = 0;
	json_t *unit;

	(void)err;
	json_array_foreach (units, i, unit) {
		if (rfa_facts_bool(unit, "running", 0))
			n++;
		else if (strcmp(text(unit, "shape"), "compose") != 0)
			rfa_deny_unless_forced(c, mend, "the container %s on %s does not run",
					       text(unit, "container"), env);
	}
	if (!json_array_size(units))
		rfa_deny(c, "start it there first", "nothing of this stack is on %s", env);
	else if (!n)
		rfa_deny(c, mend, "nothing of this stack runs on %s", env);
	return 0;
}

/* ---- the lists --------------------------------------------------------------------------------
 */

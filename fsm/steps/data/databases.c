/* Databases that servers in containers keep, as members of a stack's data. */
#include "fsm/steps/data/databases.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/observe.h"
#include "fsm/steps/common/inspect.h"

static const struct rfa_database_kind postgres = { "postgres", "postgres", 1, 1 };
static const struct rfa_database_kind mysql = { "mysql", "root", 100, 2 };

static const struct rfa_database_kind *kind_of(const struct rfa_member *member)
{
	static const struct rfa_database_kind *const kinds[] = { &postgres, &mysql };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i]->name, member->kind))
			return kinds[i];
	return NULL;
}

const struct rfa_server *rfa_piece_server(const struct rfa_piece *piece,
					  const struct rfa_database_kind **kind)
{
	*kind = piece->postgres ? &postgres : &mysql;
	return piece->postgres ? piece->postgres : piece->mysql;
}

const struct rfa_database *rfa_piece_database(struct rfa_pool *pool, const struct rfa_piece *piece)
{
	const struct rfa_database_kind *kind;
	const struct rfa_server *server = rfa_piece_server(piece, &kind);
	struct rfa_database *database = server ? RFA_NEW(pool, database) : NULL;

	if (!database)
		return NULL;
	database->engine = kind->name;
	database->container = server->container;
	database->user = *server->user ? server->user : kind->user;
	database->database = server->database;
	return database;
}

int rfa_is_database(const struct rfa_member *member)
{
	return kind_of(member) && member->database;
}

int64_t rfa_database_dump_bytes(const struct rfa_member *member)
{
	const struct rfa_database_kind *kind = kind_of(member);

	return member->bytes * (kind ? kind->swells : 1);
}

void rfa_database_release(const struct rfa_member *member, char out[RFA_DATABASE_MAX])
{
	const struct rfa_database_kind *kind = kind_of(member);
	long long major = (long long)member->major;
	int by = kind ? kind->minors : 1;

	if (by > 1)
		snprintf(out, RFA_DATABASE_MAX, "%.30s%s%lld.%lld", member->make,
			 *member->make ? " " : "", major / by, major % by);
	else
		snprintf(out, RFA_DATABASE_MAX, "%lld", major);
}

void rfa_database_name(const struct rfa_ctx *ctx, const struct rfa_member *member,
		       enum rfa_beside which, char out[2 * RFA_DATABASE_MAX])
{
	char run[RFA_DATABASE_MAX];
	size_t n = 0;
	size_t i;

	for (i = 0; ctx->run[i] && n + 1 < sizeof(run); i++)
		if (ctx->run[i] != '-')
			run[n++] = ctx->run[i];
	run[n] = '\0';
	snprintf(out, 2 * RFA_DATABASE_MAX, "%.63s_rfa_%s_%s", member->database->database,
		 rfa_beside_word(which), run);
}

int rfa_database_said(struct rfa_ctx *ctx, const struct rfa_database *database, json_t **out,
		      struct rfa_error *err)
{
	return rfa_record_keep(&rfa_shape_database, database, ctx->pool, out, err);
}

/* Looking. */

/* The host's own answer; *out is new. */
static int ask(struct rfa_ctx *ctx, struct rfa_host *host, const struct rfa_database *database,
	       json_t **out, struct rfa_error *err)
{
	json_t *said = NULL;
	int rc = rfa_host_offers(host, RFA_HOST_DATABASES, err);

	if (!rc)
		rc = rfa_database_said(ctx, database, &said, err);
	return rc ? rc : host->databases->observe(host, said, out, err);
}

int rfa_database_seen(struct rfa_ctx *ctx, struct rfa_host *host,
		      const struct rfa_database *database, struct rfa_server_seen *out,
		      struct rfa_error *err)
{
	json_t *observed = NULL;
	int rc = ask(ctx, host, database, &observed, err);

	rfa_record_clear(&rfa_shape_server_seen, out);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_server_seen, observed, ctx->pool, out, err);
	json_decref(observed);
	return rc;
}

int rfa_database_lists(const struct rfa_server_seen *seen, const char *name)
{
	return json_object_get(seen->databases, name) != NULL;
}

/* Where on the host the server keeps its data: the deepest mount that has it, else the engine's. */
static int look_disk(struct rfa_ctx *ctx, struct rfa_member *member, const char *data,
		     struct rfa_error *err)
{
	const char *source = "/var/lib/docker";
	json_t *container = NULL;
	size_t depth = 0;
	json_t *mount;
	size_t i;
	int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, member->database->container,
				     &container, err);

	json_array_foreach (rfa_container_mounts(container), i, mount) {
		const char *at = rfa_mount_destination(mount);

		if (*at && strlen(at) > depth && rfa_path_in(at, data)) {
			depth = strlen(at);
			source = *rfa_mount_source(mount) ? rfa_mount_source(mount) : source;
		}
	}
	member->disk = rfa_pool_text(ctx->pool, source);
	json_decref(container);
	return rc;
}

/* What the server says of itself, and of the database if it has it. */
static int take_look(struct rfa_ctx *ctx, struct rfa_member *member, const json_t *observed,
		     struct rfa_server_seen *seen, struct rfa_error *err)
{
	const json_t *bytes;
	int rc = rfa_record_read(&rfa_shape_server_seen, observed, ctx->pool, seen, err);

	if (!rc)
		rc = rfa_record_merge(&rfa_shape_member, observed, ctx->pool, member, err);
	bytes = json_object_get(seen->databases, member->database->database);
	member->type = bytes ? "b" : "";
	member->bytes = (int64_t)json_integer_value(bytes);
	return rc;
}

int rfa_database_observe(struct rfa_ctx *ctx, struct rfa_member *member, struct rfa_error *err)
{
	struct rfa_server_seen seen;
	json_t *observed = NULL;
	int rc = ask(ctx, ctx->host, member->database, &observed, err);

	rfa_record_clear(&rfa_shape_server_seen, &seen);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		member->why = "there is no such container";
		rc = 0;
	} else if (!rc) {
		rc = take_look(ctx, member, observed, &seen, err);
	}
	if (!rc)
		rc = look_disk(ctx, member, seen.data, err);
	json_decref(observed);
	return rc;
}

static int start_server(struct rfa_ctx *ctx, const char *container, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *now = NULL;
	char about[256];
	int rc = rfa_inspect_or_null(host, RFA_CONTAINER, container, &now, err);

	if (!rc && now && !rfa_container_active(now)) {
		snprintf(about, sizeof(about), "%s %s", rfa_container_id(now),
			 rfa_container_started(now));
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s starts: it keeps a database", container);
		rc = host->engine->container_start(host, rfa_ctx_key(ctx, &key, "serve", about),
						   rfa_container_id(now), err);
	}
	json_decref(now);
	return rc;
}

static int never_answers(struct rfa_ctx *ctx, const struct rfa_database *database, const char *why,
			 struct rfa_error *err)
{
	rfa_fail(err, RFA_EUNHEALTHY, "database", "the server in %s does not answer: %.300s",
		 database->container, why);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "look at docker logs %s there", database->container);
}

int rfa_database_await(struct rfa_ctx *ctx, const struct rfa_database *database,
		       struct rfa_server_seen *out, struct rfa_error *err)
{
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline =
	    clock->mono_ms(clock) + rfa_ctx_stack_here(ctx)->health_deadline_s * 1000;
	int rc;

	for (;;) {
		rc = rfa_database_seen(ctx, ctx->host, database, out, err);
		if (rc || out->up)
			break;
		if (clock->mono_ms(clock) >= deadline)
			rc = never_answers(ctx, database, out->why, err);
		else if (ctx->cancel && *ctx->cancel)
			rc = rfa_fail(err, RFA_ECANCELLED, "run", "stopped by a signal");
		else
			rc = start_server(ctx, database->container, err);
		if (rc)
			break;
		clock->sleep_ms(clock, 500);
	}
	return rc;
}

int rfa_database_there(struct rfa_ctx *ctx, const struct rfa_database *database, const char *name,
		       int *is, struct rfa_error *err)
{
	struct rfa_server_seen seen;
	int rc = rfa_database_await(ctx, database, &seen, err);

	if (!rc)
		*is = rfa_database_lists(&seen, name);
	return rc;
}

/* Quiesced. */

static const char *or_unknown(const char *text)
{
	return *text ? text : "?";
}

static int quiesced(struct rfa_ctx *ctx, const struct rfa_member *member, struct rfa_error *err)
{
	struct rfa_server_seen seen;
	const struct rfa_session *first;
	int rc = rfa_database_await(ctx, member->database, &seen, err);

	if (rc || !seen.sessions.n)
		return rc;
	first = &seen.sessions.at[0];
	rfa_fail(err, RFA_EREFUSED, "data",
		 "the data is in use: %s from %s (%s) has a session on the database %s",
		 or_unknown(first->user), or_unknown(first->from), or_unknown(first->program),
		 member->place);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "stop it there, or list its container under "
				   "data.stop.containers of the stack in rfa.json");
}

int rfa_databases_quiesced(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	RFA_EACH (member, ctx->own->members) {
		if (!rc && rfa_is_database(member))
			rc = quiesced(ctx, member, err);
	}
	return rc;
}

/* Changes. */

int rfa_database_load(struct rfa_ctx *ctx, const struct rfa_member *member, const char *copy,
		      struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	char name[2 * RFA_DATABASE_MAX];
	struct rfa_server_seen seen;
	struct rfa_ctx_key key;
	json_t *said = NULL;
	int rc = rfa_database_await(ctx, member->database, &seen, err);

	if (!rc)
		rc = rfa_database_said(ctx, member->database, &said, err);
	rfa_database_name(ctx, member, RFA_BESIDE_NEW, name);
	return rc ? rc
		  : host->databases->load(host, rfa_ctx_key(ctx, &key, "load", member->name), said,
					  copy, name, err);
}

int rfa_database_drop(struct rfa_ctx *ctx, const struct rfa_database *database, const char *name,
		      struct rfa_error *err)
{
	struct rfa_texts one = { &name, 1 };
	struct rfa_server_seen seen;
	struct rfa_ctx_key key;
	json_t *said = NULL;
	json_t *names = NULL;
	char about[300];
	int rc = rfa_database_await(ctx, database, &seen, err);

	if (!rc)
		rc = rfa_database_said(ctx, database, &said, err);
	if (!rc)
		rc = rfa_texts_keep(&one, ctx->pool, &names, err);
	snprintf(about, sizeof(about), "%s/%s", database->container, name);
	return rc ? rc
		  : ctx->host->databases->drop(ctx->host, rfa_ctx_key(ctx, &key, "drop", about),
					       said, names, err);
}

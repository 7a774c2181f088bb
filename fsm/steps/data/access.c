/*
 * Access rules: who gets in to the servers that keep a stack's data. Rules are read as
 * the server has them, by its own socket; they are never changed, and no right is widened to read
 * them.
 */
#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/steps.h"

enum { SERVERS_MAX = 16 };

static const char hint[] =
    "correct it there and let the server read it again (PostgreSQL: pg_hba.conf, then SELECT "
    "pg_reload_conf(); MySQL, MariaDB: ALTER USER … IDENTIFIED BY …); rfa never edits it";

static void judge(struct rfa_gates *c, const struct rfa_database *database,
		  const struct rfa_access *access)
{
	const char *host = c->ctx->host->name;
	const char *in = database->container;
	size_t i;

	for (i = 0; i < access->open.n; i++)
		rfa_deny_unless_forced(c, hint, "the server in %s on %s: %s", in, host,
				       access->open.at[i]);
	for (i = 0; i < access->unsure.n; i++)
		rfa_deny_unless_forced(c, hint,
				       "who gets in to the server in %s on %s is not sure: %s", in,
				       host, access->unsure.at[i]);
	for (i = 0; i < access->wide.n; i++)
		rfa_warn(c, "nothing to do as long as its port is not published",
			 "the server in %s on %s: %s", in, host, access->wide.at[i]);
	if (!access->up)
		rfa_warn(c, "it must run there, and the user must be allowed to read its rules",
			 "who gets in to the server in %s on %s cannot be told: %.300s", in, host,
			 access->why);
}

static int look(struct rfa_ctx *ctx, const struct rfa_database *database, struct rfa_access *out,
		struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *said = NULL;
	json_t *found = NULL;
	int rc = rfa_host_offers(host, RFA_HOST_DATABASES, err);

	rfa_record_clear(&rfa_shape_access, out);
	if (!rc)
		rc = rfa_database_said(ctx, database, &said, err);
	if (!rc)
		rc = host->databases->access(host, said, &found, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_access, found, ctx->pool, out, err);
	json_decref(found);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		out->why = "there is no such container";
		rc = 0;
	}
	return rc;
}

/* The servers of the stack's data, each once, as whichever user; and that of its init. */
static size_t servers_of(const struct rfa_ctx *ctx, const struct rfa_database *out[SERVERS_MAX])
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	struct rfa_texts done = { NULL, 0 };
	const struct rfa_piece *piece;
	struct rfa_piece own;
	size_t n = 0;

	rfa_record_clear(&rfa_shape_piece, &own);
	if (stack->init) {
		own.postgres = stack->init->postgres;
		own.mysql = stack->init->mysql;
	}
	if (own.postgres || own.mysql) {
		out[n++] = rfa_piece_database(ctx->pool, &own);
		rfa_texts_add(ctx->pool, &done, out[0]->container);
	}
	if (!stack->data)
		return n;
	RFA_EACH (piece, stack->data->members) {
		const struct rfa_database *database = rfa_piece_database(ctx->pool, piece);

		if (!database || rfa_texts_have(&done, database->container) || n == SERVERS_MAX)
			continue;
		rfa_texts_add(ctx->pool, &done, database->container);
		out[n++] = database;
	}
	return n;
}

int rfa_gate_access(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_database *servers[SERVERS_MAX];
	size_t i, n = servers_of(c->ctx, servers);
	struct rfa_access access;
	int rc = 0;

	for (i = 0; i < n && !rc; i++) {
		rc = look(c->ctx, servers[i], &access, err);
		if (!rc)
			judge(c, servers[i], &access);
	}
	return rc;
}

/* A server that has just been made anew answers after a moment. */
static int await(struct rfa_ctx *ctx, const struct rfa_database *database, struct rfa_access *out,
		 struct rfa_error *err)
{
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline =
	    clock->mono_ms(clock) + rfa_ctx_stack_here(ctx)->health_deadline_s * 1000;
	int rc = look(ctx, database, out, err);

	while (!rc && !out->up && clock->mono_ms(clock) < deadline) {
		rc = rfa_ctx_rest(ctx, 500, err);
		if (!rc)
			rc = look(ctx, database, out, err);
	}
	return rc;
}

/* The same of what was made anew: rules without a password fail the run. */
int rfa_access_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_limits *limits = rfa_ctx_stack_here(ctx)->gates;
	const struct rfa_database *servers[SERVERS_MAX];
	size_t i, n = servers_of(ctx, servers);
	struct rfa_access access;
	int rc = 0, told = 1;

	if (!n || (limits && rfa_texts_have(&limits->off, "access")))
		return rfa_ctx_skip(facts, "no server is looked at", err);
	for (i = 0; i < n && !rc; i++) {
		rc = await(ctx, servers[i], &access, err);
		if (!rc && !access.up)
			rfa_ctx_say(ctx, RFA_EVENT_WARNING,
				    "who gets in to the server in %s cannot be told: %.300s",
				    servers[i]->container, access.why);
		told &= access.up != 0;
		if (rc || !access.open.n)
			continue;
		rfa_fail(err, RFA_EUNHEALTHY, "database", "the server in %s: %.400s",
			 servers[i]->container, access.open.at[0]);
		rfa_error_where(err, "%s", ctx->host->name);
		rc = rfa_error_hint(err, "%s", hint);
	}
	return rc ? rc
		  : rfa_ctx_says(facts,
				 told ? "nobody gets in without a password"
				      : "who gets in could not be told of every server",
				 err);
}

/*
 * The gate of access rules: who gets in to the servers that keep a stack's data. Rules are read as
 * the server has them, by its own socket; they are never changed, and no right is widened to read
 * them.
 */
#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/data/databases.h"

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

static int look(struct rfa_gates *c, const struct rfa_database *database, struct rfa_access *out,
		struct rfa_error *err)
{
	struct rfa_host *host = c->ctx->host;
	json_t *said = NULL;
	json_t *found = NULL;
	int rc = rfa_host_offers(host, RFA_HOST_DATABASES, err);

	rfa_record_clear(&rfa_shape_access, out);
	if (!rc)
		rc = rfa_database_said(c->ctx, database, &said, err);
	if (!rc)
		rc = host->databases->access(host, said, &found, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_access, found, c->ctx->pool, out, err);
	json_decref(found);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		out->why = "there is no such container";
		rc = 0;
	}
	return rc;
}

/* Each server once, as whichever user. */
int rfa_gate_access(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_stack_data *data = rfa_ctx_stack_here(c->ctx)->data;
	struct rfa_texts done = { NULL, 0 };
	const struct rfa_piece *piece;
	int rc = 0;

	if (!data)
		return 0;
	RFA_EACH (piece, data->members) {
		const struct rfa_database *database = rfa_piece_database(c->ctx->pool, piece);
		struct rfa_access access;

		if (rc || !database || rfa_texts_have(&done, database->container))
			continue;
		rfa_texts_add(c->ctx->pool, &done, database->container);
		rc = look(c, database, &access, err);
		if (!rc)
			judge(c, database, &access);
	}
	return rc;
}

/* Gates about migrations. */
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/steps/common/consumers.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/common/secrets.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/migrate/migration.h"
#include "fsm/steps/migrate/once.h"

static int runs_already(const struct rfa_ctx *ctx)
{
	return ctx->own->images && ctx->own->images->images.n;
}

/* Where the old version cannot live with the schema, something has to bring the old schema back. */
static void judge_way_back(struct rfa_gates *c, const struct rfa_schema_change *change)
{
	static const char *const hint = "name the data under data.members of the stack in rfa.json";
	const struct rfa_options *options = rfa_ctx_options(c->ctx);
	const struct rfa_member *member;

	if (rfa_migrate_undo_by(change->how) != RFA_UNDO_BY_RESTORE)
		return;
	if (!runs_already(c->ctx)) {
		rfa_deny(c, "bring the version there first with kind \"expand\"",
			 "nothing runs on %s yet: there is no data that undo \"restore\" could "
			 "bring back",
			 c->ctx->host->name);
		return;
	}
	if (!c->ctx->own->members.n)
		rfa_deny(c, hint, "undo \"restore\" has no data to bring back");
	RFA_EACH (member, c->ctx->own->members)
		if (*member->place && !rfa_member_there(member))
			rfa_deny(
			    c, "prepare it there, or take it out of data.members",
			    "%s is not on %s: there is nothing of it to bring back (member %s)",
			    member->place, c->ctx->host->name, member->name);
	if (options->no_backup || (!options->backup_first && !*options->data_backup))
		rfa_deny(c, "leave out --skip-backup; backup.where of the stack says where it goes",
			 "undo \"restore\" needs a backup of the data before the migration");
}

static void judge_service(struct rfa_gates *c)
{
	const struct rfa_migrate *how = rfa_ctx_stack_of(c->ctx, RFA_TARGET)->migrate;
	const struct rfa_image *image;

	if (!how || !how->run.n || c->ctx->plan->point)
		return;
	RFA_EACH (image, *rfa_ctx_desired(c->ctx, NULL))
		if (!strcmp(image->key, how->service))
			return;
	rfa_deny(c, "correct migrate.service of the stack in rfa.json",
		 "the run brings no image of %s, which has the command of the migration",
		 how->service);
}

static int stops(const struct rfa_gates *c, const struct rfa_schema_change *change,
		 const struct rfa_container *before)
{
	const struct rfa_container *one;

	RFA_EACH (one, *rfa_users(c->ctx->own))
		if (change->breaks && !strcmp(one->container, before->container))
			return 1;
	return 0;
}

/* "172.20.0.9" of a container that was given it; "": it has none of its own. Borrowed. */
static const char *address_of(const json_t *container)
{
	static const char *const kinds[] = { "IPAMConfig/IPv4Address", "IPAMConfig/IPv6Address" };
	const char *name, *address = "";
	json_t *network;
	size_t i;

	json_object_foreach (rfa_container_networks(container), name, network)
		for (i = 0; !*address && i < sizeof(kinds) / sizeof(kinds[0]); i++)
			address = rfa_facts_str(network, kinds[i], "");
	return address;
}

/* Compose gives it to each container of the service, the one of the command too. */
static int judge_address(struct rfa_gates *c, const struct rfa_schema_change *change,
			 struct rfa_error *err)
{
	const char *service = change->how->service;
	const struct rfa_container *before = rfa_before_of(c->ctx, service);
	json_t *container = NULL;
	int rc;

	if (!before || !before->running || stops(c, change, before) ||
	    rfa_texts_have(&rfa_ctx_stack_here(c->ctx)->containers, service))
		return 0;
	rc = rfa_inspect_or_null(c->ctx->host, RFA_CONTAINER, before->container, &container, err);
	if (!rc && *address_of(container))
		rfa_deny(c,
			 "name a service without ipv4_address and ipv6_address in migrate.service",
			 "%s on %s has the address %.60s of its own and runs on: the container of "
			 "the migration would get the same one, and could not start",
			 before->container, c->ctx->host->name, address_of(container));
	json_decref(container);
	return rc;
}

static void has_no_value(void *user, const char *field, const char *reference)
{
	(void)field;
	rfa_deny(user,
		 "name it under secrets (a variable), secret_files or secret_commands of rfa.json, "
		 "and give it a value",
		 "migrate.env has %s, and there is no value for it", reference);
}

/* Later it would be missed where the old version has stopped already. */
static int judge_values(struct rfa_gates *c, const json_t *env, struct rfa_error *err)
{
	json_t *body = rfa_once_variables(env);
	int rc =
	    body ? rfa_references_fill(c->ctx, body, has_no_value, c, err) : rfa_fail_nomem(err);

	json_decref(body);
	return rc;
}

/* A drill has done it, on the data of a backup, with this image. */
static int was_tried(const struct rfa_version_list *all, const char *identity)
{
	const struct rfa_verification *one;
	const struct rfa_version *version;

	RFA_EACH (version, *all)
		RFA_EACH (one, version->verified)
			if (!strcmp(one->how, "migrated") &&
			    rfa_texts_have(&one->identities, identity))
				return 1;
	return 0;
}

static int judge_tried(struct rfa_gates *c, const struct rfa_schema_change *change,
		       struct rfa_error *err)
{
	const struct rfa_limits *limits = rfa_ctx_stack_of(c->ctx, RFA_TARGET)->gates;
	struct rfa_version_list all;
	int rc = limits && limits->migration_tried ? rfa_ctx_versions(c->ctx, &all, err) : 1;

	if (rc)
		return rc < 0 ? rc : 0;
	if (*change->identity && was_tried(&all, change->identity))
		return 0;
	rfa_deny_unless_forced(
	    c,
	    rfa_pool_printf(c->ctx->pool,
			    "bring it to a test environment, and there: rfa drill %s --env TEST "
			    "--of %s --with %s",
			    c->ctx->plan->stack, c->ctx->sides[RFA_TARGET]->env, change->version),
	    "no drill has tried the migration of %s on the data of a backup", change->version);
	return 0;
}

/* What uses the data stops, and a snapshot of it is made: only then the data was looked at. */
static int judge_data(struct rfa_gates *c, struct rfa_error *err)
{
	static const struct rfa_gate gates[] = { RFA_GATES_OF_DATA,
						 { "servers", rfa_gate_servers },
						 { "space", rfa_gate_snapshot_space } };
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(gates) / sizeof(gates[0]); i++)
		rc = gates[i].run(c, err);
	return rc;
}

/* 1: this image has proven itself here before that run. */
static int ran_before(const struct rfa_gates *c, const struct rfa_version_list *all,
		      const char *identity, const char *run)
{
	const char *env = c->ctx->sides[RFA_TARGET]->env;
	const struct rfa_verification *one;
	const struct rfa_version *version;

	RFA_EACH (version, *all)
		RFA_EACH (one, version->verified)
			/* Ids of runs sort by time. */
			if (!strcmp(one->how, "run") && !strcmp(one->env, env) && *one->run &&
			    strcmp(one->run, run) < 0 && rfa_texts_have(&one->identities, identity))
				return 1;
	return 0;
}

/* What ran before a breaking migration does not run after it, whichever command brings it again. */
static int judge_older(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_migration_list *done = &rfa_ctx_options(c->ctx)->migrated;
	const struct rfa_migrate *how = rfa_ctx_stack_of(c->ctx, RFA_TARGET)->migrate;
	const struct rfa_image *image = how ? rfa_desired_of(c->ctx, how->service) : NULL;
	const struct rfa_migration *one, *last = NULL, *own;
	struct rfa_version_list all;
	const char *version;
	int rc;

	if (!image || !*image->identity)
		return 0;
	own = rfa_migration_of(done, image->identity);
	RFA_EACH (one, *done)
		if (!strcmp(one->kind, "breaking") && one != own && (!own || one > own))
			last = one;
	if (!last)
		return 0;
	rc = rfa_ctx_versions(c->ctx, &all, err);
	if (rc || (!own && !ran_before(c, &all, image->identity, last->run)))
		return rc;
	(void)rfa_ctx_desired(c->ctx, &version);
	rfa_deny_unless_forced(
	    c,
	    rfa_pool_printf(c->ctx->pool,
			    "bring the data back, too: rfa rollback %s --env %s --with-database",
			    c->ctx->plan->stack, c->ctx->sides[RFA_TARGET]->env),
	    "the schema is that of %s (run %s), and %s, which is older, does not run on it",
	    last->version, last->run, *version ? version : "what is brought");
	return 0;
}

int rfa_gate_migration(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_schema_change change;
	const char *why;
	int rc = judge_older(c, err);

	if (rc)
		return rc;
	judge_service(c);
	if (!rfa_schema_changes(c->ctx, &change, &why))
		return 0;
	judge_way_back(c, &change);
	rc = judge_address(c, &change, err);
	if (!rc)
		rc = judge_values(c, change.how->env, err);
	if (!rc)
		rc = judge_tried(c, &change, err);
	return rc || !c->ctx->own->has_data ? rc : judge_data(c, err);
}

/* The image that runs there is asked: its name may have been moved since the version was brought.
 */
int rfa_gate_tried_version(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_schema_change change;
	const char *why, *env = c->ctx->sides[RFA_TARGET]->env;
	json_t *image = NULL;
	char identity[65] = "";
	int rc;

	if (!rfa_ctx_options(c->ctx)->tried)
		return 0;
	if (!rfa_schema_changes(c->ctx, &change, &why)) {
		rfa_deny(c, "bring that version there first: rfa promote, deploy or publish", "%s",
			 why);
		return 0;
	}
	rc = rfa_inspect_or_null(c->ctx->host, RFA_IMAGE, change.ref, &image, err);
	if (!rc && image)
		rc = rfa_image_identity(image, identity, err);
	json_decref(image);
	if (!rc && strcmp(identity, change.identity) != 0)
		rfa_deny(c, "bring that version there first: rfa promote, deploy or publish",
			 "%s on %s runs %s, which is not that of version %s", change.how->service,
			 env, change.ref, change.version);
	return rc;
}

/* The data may have seen it before anybody kept that: this image is what has run well there. */
static int is_proven_here(const struct rfa_options *options, const struct rfa_image *image)
{
	const struct rfa_image *known =
	    options->proven ? rfa_image_of(&options->proven->images, image->key) : NULL;

	return known && !strcmp(known->identity, image->identity);
}

/* Data that stays has to have the schema of what is made anew: a rebuild changes none. */
int rfa_gate_same_schema(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_migrate *how = rfa_ctx_stack_of(c->ctx, RFA_TARGET)->migrate;
	const struct rfa_options *options = rfa_ctx_options(c->ctx);
	const struct rfa_image *image = how ? rfa_desired_of(c->ctx, how->service) : NULL;
	const struct rfa_image *before =
	    image && runs_already(c->ctx) ? rfa_image_of(&c->ctx->own->images->images, image->key)
					  : NULL;
	const char *version;

	if (!how || !how->run.n || !options->keeps_data)
		return 0;
	if (before && *image->identity && *before->identity &&
	    strcmp(image->identity, before->identity) != 0 && !is_proven_here(options, image) &&
	    !rfa_migration_of(&options->migrated, image->identity)) {
		(void)rfa_ctx_desired(c->ctx, &version);
		rfa_deny_unless_forced(
		    c, "bring it with rfa deploy or promote: they run its migration",
		    "the data stays, and has not seen the migration of %s: a rebuild runs none",
		    *version ? version : "what is brought");
	}
	return judge_older(c, err);
}

/* Of a rollback of images: what a later version has made of the data, the old one may not read. */
int rfa_gate_schema(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_point *point = c->ctx->plan->point;
	const struct rfa_migration *last =
	    point
		? rfa_migration_bars(&rfa_ctx_options(c->ctx)->migrated, point->run, point->version)
		: NULL;

	(void)err;
	if (last)
		rfa_deny_unless_forced(
		    c,
		    rfa_pool_printf(c->ctx->pool,
				    "bring the data back, too: rfa rollback %s --env %s --to %s "
				    "--with-database",
				    c->ctx->plan->stack, c->ctx->sides[RFA_TARGET]->env,
				    point->name),
		    "the schema is that of %s (run %s), and %s does not run on it", last->version,
		    last->run, point->version);
	return 0;
}

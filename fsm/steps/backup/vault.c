/*
 * Backups: members are stored chunk by chunk, then a manifest seals them, then every byte is read
 * again. On the way out of a vault every byte is read first.
 */
#include "fsm/steps/backup/vault.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/backup/retention.h"
#include "fsm/steps/steps.h"

static const char *const IMAGES = "images";

const char *rfa_vault_set(const struct rfa_ctx *ctx)
{
	const char *set = rfa_ctx_options(ctx)->set;

	return *set ? set : "data";
}

static const char *vault_of(const struct rfa_ctx *ctx)
{
	return rfa_ctx_options(ctx)->vault;
}

static const char *backup_of(const struct rfa_ctx *ctx)
{
	return rfa_ctx_options(ctx)->backup;
}

/* The environment whose data or images the run backs up. */
static const char *env_of(const struct rfa_ctx *ctx)
{
	const struct rfa_plan_host *source = ctx->sides[RFA_SOURCE];

	return source ? source->env : "";
}

/* Looking. */

int rfa_vault_list(struct rfa_ctx *ctx, struct rfa_listed_list *out, struct rfa_error *err)
{
	json_t *list = NULL;
	int rc = ctx->host->vault->list(ctx->host, vault_of(ctx), &list, err);

	if (!rc)
		rc = rfa_records_read(&rfa_shape_listed, list, ctx->pool, out, err);
	json_decref(list);
	return rc;
}

/* The manifest of the plan's backup as it is written there, if it is complete; NULL. */
static const json_t *find_manifest(const struct rfa_ctx *ctx, const struct rfa_listed_list *list)
{
	const struct rfa_listed *one;

	RFA_EACH (one, *list)
		if (!strcmp(one->backup, backup_of(ctx)) && json_is_object(one->manifest))
			return one->manifest;
	return NULL;
}

/* *out: NULL if there is none. */
static int read_manifest(struct rfa_ctx *ctx, const struct rfa_listed_list *list,
			 const struct rfa_manifest **out, struct rfa_error *err)
{
	const json_t *found = find_manifest(ctx, list);
	struct rfa_manifest *manifest;
	int rc;

	*out = NULL;
	if (!found)
		return 0;
	manifest = RFA_NEW(ctx->pool, manifest);
	rc = rfa_record_read(&rfa_shape_manifest, found, ctx->pool, manifest, err);
	if (rc)
		return rfa_error_where(err, "%s:%s/%s", ctx->host->name, vault_of(ctx),
				       backup_of(ctx));
	*out = manifest;
	return 0;
}

/* What it can be gone back to with: what a rollback point or a proven drill names. */
static int pins_of(struct rfa_ctx *ctx, struct rfa_texts *out, struct rfa_error *err)
{
	const struct rfa_texts *pinned = &rfa_ctx_options(ctx)->pinned;
	struct rfa_point_list points = { NULL, 0 };
	const struct rfa_point *point;
	size_t i;
	int rc = rfa_ctx_data_points(ctx, &points, err);

	for (i = 0; i < pinned->n; i++)
		rfa_texts_add(ctx->pool, out, pinned->at[i]);
	/* What this run has made stays, whatever the clock says of its age. */
	rfa_texts_add(ctx->pool, out, backup_of(ctx));
	RFA_EACH (point, points)
		rfa_texts_add(ctx->pool, out, point->backup);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

int rfa_vault_judge(struct rfa_ctx *ctx, const struct rfa_listed_list *list, const char *env,
		    const char *set, struct rfa_verdict_list *out, struct rfa_error *err)
{
	struct rfa_texts pins = { NULL, 0 };
	struct rfa_retention_ask ask = { .env = env,
					 .set = set,
					 .keep = rfa_ctx_options(ctx)->retention,
					 .pins = &pins,
					 .coming = backup_of(ctx),
					 .now_ms = ctx->clock->wall_ms(ctx->clock) };
	int rc = pins_of(ctx, &pins, err);

	return rc ? rc : rfa_retention_judge(ctx->pool, list, &ask, out, err);
}

/* What there is in the vault, and the manifest of the plan's backup. */
static int look(struct rfa_ctx *ctx, struct rfa_listed_list *list, struct rfa_proven *out,
		struct rfa_error *err)
{
	int rc = rfa_vault_list(ctx, list, err);

	rfa_record_clear(&rfa_shape_proven, out);
	out->has_vault = 1;
	out->backups = (int64_t)list->n;
	return rc ? rc : read_manifest(ctx, list, &out->manifest, err);
}

int rfa_vault_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_listed_list list = { NULL, 0 };
	struct rfa_proven proven;
	char summary[200];
	int rc = look(ctx, &list, &proven, err);

	if (!rc && *rfa_ctx_options(ctx)->set)
		rc = rfa_vault_judge(ctx, &list, env_of(ctx), rfa_vault_set(ctx), &proven.verdicts,
				     err);
	snprintf(summary, sizeof(summary), "%zu backup(s) in %.120s", list.n, vault_of(ctx));
	return rc ? rc : rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* Images. */

/* A backup of images says what ran: that is what the run brings. */
int rfa_vault_images_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_listed_list list = { NULL, 0 };
	struct rfa_image_set *set = RFA_NEW(ctx->pool, image_set);
	struct rfa_proven proven;
	const char *summary;
	int rc = look(ctx, &list, &proven, err);

	if (rc)
		return rc;
	if (proven.manifest && !strcmp(proven.manifest->set, IMAGES)) {
		set->version = proven.manifest->version;
		set->images = proven.manifest->images;
		proven.images = set;
	}
	summary = rfa_pool_printf(ctx->pool, "%s holds %s", backup_of(ctx),
				  *set->version ? set->version : "no images");
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

static const struct rfa_image *stored_image(const struct rfa_manifest *manifest,
					    const char *identity)
{
	const struct rfa_image *one;

	RFA_EACH (one, manifest->images)
		if (!strcmp(one->identity, identity))
			return one;
	return NULL;
}

/* Which of a rollback point's images a backup gives; what it brings is the point's. */
int rfa_vault_held_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_listed_list list = { NULL, 0 };
	const struct rfa_image *image, *stored;
	struct rfa_proven proven;
	int rc;

	if (!rfa_from_vault(ctx))
		return rfa_ctx_skip(facts, "no image comes from a backup", err);
	rc = look(ctx, &list, &proven, err);
	if (rc)
		return rc;
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		struct rfa_held *one;

		stored = proven.manifest ? stored_image(proven.manifest, image->identity) : NULL;
		if (!stored)
			continue;
		one = RFA_ADD(ctx->pool, held, &proven.held);
		one->identity = image->identity;
		one->id = stored->id;
	}
	return rfa_ctx_prove(ctx, &proven,
			     rfa_pool_printf(ctx->pool, "%.120s has %zu of the images",
					     backup_of(ctx), proven.held.n),
			     facts, err);
}

static int lists_id(const struct rfa_exported_image_list *list, const char *id)
{
	const struct rfa_exported_image *one;

	RFA_EACH (one, *list)
		if (!strcmp(one->id, id))
			return 1;
	return 0;
}

/* Each image once, whole. As the host is asked for it. */
static int ask_for_images(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	struct rfa_export request;
	const struct rfa_image *image;

	rfa_record_clear(&rfa_shape_export, &request);
	request.name = IMAGES;
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		struct rfa_exported_image *one;

		if (lists_id(&request.images, image->id))
			continue;
		one = RFA_ADD(ctx->pool, exported_image, &request.images);
		one->id = image->id;
		one->name = image->pin;
	}
	return rfa_record_keep(&rfa_shape_export, &request, ctx->pool, out, err);
}

/*
 * All that run on the source, whole: a backup stands for itself. Under names with a domain, which
 * every store takes; what they are called by people is in the manifest.
 */
int rfa_backup_export_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_archive *archive = RFA_NEW(ctx->pool, archive);
	struct rfa_proven proven;
	struct rfa_ctx_key key;
	json_t *request = NULL;
	json_t *made = NULL;
	int rc = ask_for_images(ctx, &request, err);

	if (!rc)
		rc = host->engine->image_export(host, rfa_ctx_key(ctx, &key, "export", NULL),
						request, &made, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_archive, made, ctx->pool, archive, err);
	json_decref(made);
	if (rc)
		return rc;
	rfa_record_clear(&rfa_shape_proven, &proven);
	archive->name = IMAGES;
	proven.exported = archive;
	return rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

int rfa_backup_export_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			    struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_backup_export_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->runs->remove(ctx->host, ctx->run, err);
}

/* In. */

/* What the run stores: an archive for each member, or the one of the images. */
static struct rfa_archive_list archives_of(const struct rfa_ctx *ctx)
{
	const struct rfa_proven *source = ctx->proven[RFA_SOURCE];

	if (strcmp(rfa_vault_set(ctx), IMAGES) != 0)
		return source->archives;
	return (struct rfa_archive_list){ source->exported, source->exported != NULL };
}

/* Of images no digest is known: their bytes are counted. */
static int is_as_packed(const struct rfa_archive *archive, const struct rfa_archive *stored)
{
	return (!*archive->sha256 || !strcmp(archive->sha256, stored->sha256)) &&
	       stored->bytes == archive->bytes;
}

static int store_one(struct rfa_ctx *ctx, const struct rfa_archive *archive,
		     struct rfa_archive *out, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const char *name = archive->name;
	struct rfa_ctx_key key;
	json_t *made = NULL;
	int rc = host->vault->store(host, rfa_ctx_key(ctx, &key, "store", name), vault_of(ctx),
				    backup_of(ctx), name, name, &made, err);

	if (!rc)
		rc = rfa_record_read(&rfa_shape_archive, made, ctx->pool, out, err);
	out->name = name;
	json_decref(made);
	if (rc || is_as_packed(archive, out))
		return rc;
	rfa_fail(err, RFA_EMISMATCH, "vault", "what was stored of %s is not what was packed", name);
	return rfa_error_where(err, "%s", host->name);
}

/* Chunks that are there are left, so it may be repeated. */
int rfa_store_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_archive_list archives = archives_of(ctx);
	const struct rfa_archive *archive;
	struct rfa_proven proven;
	int64_t bytes = 0;
	int64_t fresh = 0;
	char summary[128];
	int rc = 0;

	rfa_record_clear(&rfa_shape_proven, &proven);
	RFA_EACH (archive, archives) {
		struct rfa_archive *stored;

		if (rc)
			break;
		stored = RFA_ADD(ctx->pool, archive, &proven.stored);
		rc = store_one(ctx, archive, stored, err);
		bytes += stored->bytes;
		fresh += stored->new_bytes;
	}
	snprintf(summary, sizeof(summary), "%s, of which %s are new to the vault", RFA_SIZE(bytes),
		 RFA_SIZE(fresh));
	return rc ? rc : rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_store_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_store_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->host->vault->remove(ctx->host, rfa_ctx_key(ctx, &key, "remove", NULL),
					vault_of(ctx), backup_of(ctx), err);
}

/* Sealed. */

/* What was stored, and how it looked where it was. */
static void add_member(const struct rfa_ctx *ctx, const struct rfa_archive *stored,
		       struct rfa_member_list *out)
{
	const struct rfa_member *seen =
	    rfa_member_named(&ctx->proven[RFA_SOURCE]->members, stored->name);
	struct rfa_member *one = RFA_ADD(ctx->pool, member, out);

	one->name = stored->name;
	one->kind = IMAGES;
	one->bytes = stored->bytes;
	one->sha256 = stored->sha256;
	one->chunks = stored->chunks;
	if (!seen)
		return;
	one->kind = seen->kind;
	one->tree = seen->tree;
	one->place = seen->place;
	one->uid = seen->uid;
	one->gid = seen->gid;
	one->mode = seen->mode;
	one->inodes = seen->inodes;
	one->version = seen->version;
	one->major = seen->major;
	one->make = seen->make;
	one->tree_bytes = seen->bytes;
}

/* What ran when it was made; nothing that may be secret. */
static void add_containers(struct rfa_ctx *ctx, struct rfa_container_list *out)
{
	const struct rfa_container *container;

	RFA_EACH (container, *rfa_users(ctx->proven[RFA_SOURCE])) {
		struct rfa_container *one = RFA_ADD(ctx->pool, container, out);

		one->container = container->container;
		one->ref = container->ref;
		one->image_id = container->image_id;
		one->running = container->running;
	}
}

/* The same in every attempt: its time is the run's. */
static int manifest_of(struct rfa_ctx *ctx, struct rfa_manifest *out, struct rfa_error *err)
{
	const struct rfa_image_set *images = ctx->proven[RFA_SOURCE]->images;
	const struct rfa_archive *stored;
	char at[RFA_TIME_MAX] = "";
	int64_t ms = 0;

	if (!rfa_time_parse(ctx->run, &ms))
		rfa_time_iso(ms, at);
	rfa_record_clear(&rfa_shape_manifest, out);
	out->format = 1;
	out->backup = backup_of(ctx);
	out->stack = ctx->plan->stack;
	out->env = env_of(ctx);
	out->set = rfa_vault_set(ctx);
	out->at = rfa_pool_text(ctx->pool, at);
	out->run = ctx->run;
	if (images) {
		out->version = images->version;
		out->images = images->images;
	}
	RFA_EACH (stored, ctx->own->stored)
		add_member(ctx, stored, &out->members);
	add_containers(ctx, &out->containers);
	return rfa_pool_check(ctx->pool, err);
}

static int seal(struct rfa_ctx *ctx, const struct rfa_manifest *manifest, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	struct rfa_ctx_key key;
	json_t *json = NULL;
	int rc = rfa_record_keep(&rfa_shape_manifest, manifest, ctx->pool, &json, err);

	if (!rc)
		rc = rfa_facts_encode(json, &text, err);
	if (!rc && rfa_buf_putc(&text, '\n'))
		rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = ctx->host->vault->seal(ctx->host, rfa_ctx_key(ctx, &key, "seal", NULL),
					    vault_of(ctx), backup_of(ctx), rfa_buf_str(&text), err);
	rfa_buf_release(&text);
	return rc;
}

static int prove_sealed(struct rfa_ctx *ctx, const struct rfa_manifest *manifest, json_t *facts,
			struct rfa_error *err)
{
	struct rfa_proven proven;

	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.manifest = manifest;
	return rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

int rfa_seal_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_manifest manifest;
	int rc = manifest_of(ctx, &manifest, err);

	if (!rc)
		rc = seal(ctx, &manifest, err);
	return rc ? rc : prove_sealed(ctx, &manifest, facts, err);
}

int rfa_seal_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	struct rfa_listed_list list = { NULL, 0 };
	struct rfa_manifest manifest;
	json_t *ours = NULL;
	int rc = rfa_vault_list(ctx, &list, err);

	*seen = RFA_PROBE_NOT_DONE;
	if (!rc)
		rc = manifest_of(ctx, &manifest, err);
	if (!rc)
		rc = rfa_record_keep(&rfa_shape_manifest, &manifest, ctx->pool, &ours, err);
	if (rc || !json_equal(find_manifest(ctx, &list), ours))
		return rc;
	*seen = RFA_PROBE_DONE;
	return prove_sealed(ctx, &manifest, facts, err);
}

int rfa_seal_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_store_undo(ctx, err);
}

/* Read again. */

static int is_damaged(struct rfa_ctx *ctx, const struct rfa_texts *problems, json_t *facts,
		      struct rfa_error *err)
{
	struct rfa_proven proven;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.problems = *problems;
	rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	if (rc)
		return rc;
	rfa_fail(err, RFA_ECORRUPT, "vault", "the backup %s is damaged: %.300s%s", backup_of(ctx),
		 problems->n ? problems->at[0] : "", problems->n > 1 ? ", and more" : "");
	rfa_error_where(err, "%s:%s", ctx->host->name, vault_of(ctx));
	return rfa_error_hint(err, "choose another backup: rfa backup list");
}

/* Every byte is read. What is wrong with it goes into the facts. */
static int verify(struct rfa_ctx *ctx, json_t *facts, char *summary, size_t size,
		  struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_checked checked;
	struct rfa_ctx_key key;
	json_t *found = NULL;
	int rc = host->vault->verify(host, rfa_ctx_key(ctx, &key, "verify", NULL), vault_of(ctx),
				     backup_of(ctx), &found, err);

	if (!rc)
		rc = rfa_record_read(&rfa_shape_checked, found, ctx->pool, &checked, err);
	json_decref(found);
	if (rc)
		return rc;
	if (!checked.ok)
		return is_damaged(ctx, &checked.problems, facts, err);
	snprintf(summary, size, "every byte of it is as it was stored (%s)",
		 RFA_SIZE(checked.bytes));
	return 0;
}

/*
 * It only reads, but as a job that takes its time: one that a power cut ended has no result, and
 * only another attempt begins another one.
 */
int rfa_vault_verify_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	char summary[96];
	int rc = verify(ctx, facts, summary, sizeof(summary), err);

	return rc ? rc : rfa_ctx_says(facts, summary, err);
}

int rfa_vault_verify_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			   struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Out. */

/* The digest that the manifest promises; "" of what it does not name. */
static const char *promised(const struct rfa_ctx *ctx, const char *name)
{
	const struct rfa_manifest *manifest = ctx->own->manifest;
	const struct rfa_member *member =
	    manifest ? rfa_member_named(&manifest->members, name) : NULL;

	return member ? member->sha256 : "";
}

static int open_one(struct rfa_ctx *ctx, const char *name, struct rfa_archive *out,
		    struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *made = NULL;
	int rc = host->vault->open(host, rfa_ctx_key(ctx, &key, "open", name), vault_of(ctx),
				   backup_of(ctx), name, name, &made, err);

	if (!rc)
		rc = rfa_record_read(&rfa_shape_archive, made, ctx->pool, out, err);
	out->name = name;
	json_decref(made);
	if (rc || (*out->sha256 && !strcmp(out->sha256, promised(ctx, name))))
		return rc;
	rfa_fail(err, RFA_EMISMATCH, "vault",
		 "the member %s of the backup is not the one that its "
		 "manifest names",
		 name);
	return rfa_error_where(err, "%s:%s", host->name, vault_of(ctx));
}

/* The same archives every time, so it may be repeated. */
int rfa_open_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_member *member;
	struct rfa_proven proven;
	char summary[96];
	int rc = verify(ctx, facts, summary, sizeof(summary), err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	RFA_EACH (member, ctx->proven[RFA_TARGET]->members)
		if (!rc)
			rc = open_one(ctx, member->name,
				      RFA_ADD(ctx->pool, archive, &proven.archives), err);
	return rc ? rc : rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_open_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_open_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->runs->remove(ctx->host, ctx->run, err);
}

/* The archive of images, for an engine that has not got them all. */
int rfa_open_images_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_archive *archive;
	struct rfa_proven proven;
	char summary[96];
	int rc;

	if (!ctx->proven[RFA_TARGET]->missing.n)
		return rfa_ctx_skip(facts, "the target has every image", err);
	if (ctx->plan->point && !rfa_from_vault(ctx))
		return rfa_ctx_skip(facts, "no image comes from a backup", err);
	archive = RFA_NEW(ctx->pool, archive);
	rc = verify(ctx, facts, summary, sizeof(summary), err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	if (!rc)
		rc = open_one(ctx, IMAGES, archive, err);
	proven.exported = archive;
	return rc ? rc : rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_open_images_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			  struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_open_images_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_open_undo(ctx, err);
}

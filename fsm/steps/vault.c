/*
 * Backups: members are stored chunk by chunk, then a manifest seals them, then every byte is read
 * again. On the way out of a vault every byte is read first.
 */
#include "fsm/steps/vault.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/members.h"
#include "fsm/steps/retention.h"
#include "fsm/steps/steps.h"

static const char *const IMAGES = "images";

const char *rfa_vault_path(const struct rfa_ctx *ctx)
{
	return rfa_facts_str(ctx->plan_json, "options/vault", "");
}

const char *rfa_vault_backup(const struct rfa_ctx *ctx)
{
	return rfa_facts_str(ctx->plan_json, "options/backup", "");
}

/* What a backup is of: "data" or "images". */
static const char *set_of(const struct rfa_ctx *ctx)
{
	return rfa_facts_str(ctx->plan_json, "options/set", "data");
}

/* ---- looking ----------------------------------------------------------------------------------
 */

/* The manifest of the plan's backup, if it is there and complete. Borrowed. */
static json_t *find_manifest(const struct rfa_ctx *ctx, const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		if (!strcmp(rfa_facts_str(one, "backup", ""), rfa_vault_backup(ctx)) &&
		    json_is_object(json_object_get(one, "manifest")))
			return json_object_get(one, "manifest");
	}
	return NULL;
}

/* What it can be gone back to with: what a rollback point or a proven drill names. *out is new. */
static int pins_of(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *pinned = rfa_facts_at(ctx->plan_json, "options/pinned");
	json_t *pins = pinned ? json_copy(pinned) : json_array();
	json_t *one;
	size_t i;
	/* What this run has made stays, whatever the clock says of its age. */
	int rc = pins && !json_array_append_new(pins, json_string(rfa_vault_backup(ctx)))
		     ? 0
		     : rfa_fail_nomem(err);

	json_array_foreach ((json_t *)(uintptr_t)ctx->points, i, one) {
		if (!rc &&
		    json_array_append_new(pins, json_string(rfa_facts_str(one, "backup", ""))))
			rc = rfa_fail_nomem(err);
	}
	if (rc)
		json_decref(pins);
	else
		*out = pins;
	return rc;
}

int rfa_vault_judge(const struct rfa_ctx *ctx, const json_t *list, const char *env, const char *set,
		    json_t **out, struct rfa_error *err)
{
	struct rfa_retention_ask ask = { .env = env,
					 .set = set,
					 .keep = rfa_facts_at(ctx->plan_json, "options/retention"),
					 .now_ms = ctx->clock->wall_ms(ctx->clock) };
	json_t *pins = NULL;
	int rc = pins_of(ctx, &pins, err);

	ask.pins = pins;
	ask.coming = *rfa_vault_backup(ctx) ? rfa_vault_backup(ctx) : NULL;
	if (!rc)
		rc = rfa_retention_judge(list, &ask, out, err);
	json_decref(pins);
	return rc;
}

int rfa_vault_look_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *list = NULL;
	json_t *verdicts = NULL;
	json_t *manifest;
	char says[200];
	int rc = host->ops->vault_list(host, rfa_vault_path(ctx), &list, err);

	if (rc)
		return rc;
	manifest = find_manifest(ctx, list);
	if (rfa_facts_at(ctx->plan_json, "options/set"))
		rc = rfa_vault_judge(ctx, list, rfa_facts_str(ctx->plan_json, "source/env", ""),
				     set_of(ctx), &verdicts, err);
	snprintf(says, sizeof(says), "%zu backup(s) in %.120s", json_array_size(list),
		 rfa_vault_path(ctx));
	if (!rc)
		rc = rfa_facts_set(facts, "says", json_string(says), err);
	if (!rc && verdicts)
		rc = rfa_facts_set(facts, "verdicts", json_incref(verdicts), err);
	if (!rc)
		rc = rfa_facts_set(facts, "backups",
				   json_integer((json_int_t)json_array_size(list)), err);
	if (!rc)
		rc = rfa_facts_set(facts, "manifest",
				   manifest ? json_incref(manifest) : json_null(), err);
	json_decref(list);
	json_decref(verdicts);
	return rc;
}

/* ---- images -----------------------------------------------------------------------------------
 */

/*
 * All that run on the source, whole: a backup stands for itself. Under names with a domain, which
 * every store takes; what they are called by people is in the manifest.
 */
int rfa_backup_export_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *goods = rfa_ctx_fact(ctx, "source.look", "goods/images");
	json_t *seen = json_object();
	json_t *images = json_array();
	struct rfa_ctx_key key;
	json_t *request = NULL;
	json_t *made = NULL;
	json_t *good;
	size_t i;
	int rc = 0;

	json_array_foreach (goods, i, good) {
		const char *id = rfa_facts_str(good, "id", "");

		if (json_object_get(seen, id))
			continue;
		json_object_set_new(seen, id, json_true());
		json_array_append_new(images, json_pack("{s:s, s:s}", "id", id, "name",
							rfa_facts_str(good, "keep", "")));
	}
	request = json_pack("{s:O, s:[], s:s}", "images", images, "omit", "name", IMAGES);
	rc = request ? host->ops->image_export(host, rfa_ctx_key(ctx, &key, "export", NULL),
					       request, &made, err)
		     : rfa_fail_nomem(err);
	if (!rc && json_object_update(facts, made))
		rc = rfa_fail_nomem(err);
	json_decref(seen);
	json_decref(images);
	json_decref(request);
	json_decref(made);
	return rc;
}

int rfa_backup_export_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			    struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_backup_export_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->ops->run_remove(ctx->host, ctx->run, err);
}

/* ---- in ---------------------------------------------------------------------------------------
 */

int rfa_vault_cargo(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *archives = rfa_ctx_fact(ctx, "source.pack", "archives");

	if (!strcmp(set_of(ctx), IMAGES))
		*out = json_pack(
		    "{s:{s:I}}", IMAGES, "bytes",
		    (json_int_t)rfa_facts_int(rfa_ctx_fact(ctx, "source.export", ""), "bytes", 0));
	else
		*out = archives ? json_incref(archives) : json_object();
	return *out ? 0 : rfa_fail_nomem(err);
}

static int store_one(struct rfa_ctx *ctx, const char *member, const json_t *archive, json_t **made,
		     struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const char *want = rfa_facts_str(archive, "sha256", NULL);
	struct rfa_ctx_key key;
	int rc = host->ops->vault_store(host, rfa_ctx_key(ctx, &key, "store", member),
					rfa_vault_path(ctx), rfa_vault_backup(ctx), member, member,
					made, err);

	if (rc)
		return rc;
	if ((!want || !strcmp(want, rfa_facts_str(*made, "sha256", ""))) &&
	    rfa_facts_int(*made, "bytes", -1) == rfa_facts_int(archive, "bytes", 0))
		return 0;
	json_decref(*made);
	*made = NULL;
	rfa_fail(err, RFA_EMISMATCH, "vault", "what was stored of %s is not what was packed",
		 member);
	return rfa_error_where(err, "%s", host->name);
}

/* Chunks that are there are left, so it may be repeated. */
int rfa_store_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *stored = json_object();
	json_t *cargo = NULL;
	json_int_t bytes = 0;
	json_int_t fresh = 0;
	const char *member;
	json_t *archive;
	char says[128];
	int rc = stored ? rfa_vault_cargo(ctx, &cargo, err) : rfa_fail_nomem(err);

	json_object_foreach (cargo, member, archive) {
		json_t *made = NULL;

		if (!rc)
			rc = store_one(ctx, member, archive, &made, err);
		bytes += (json_int_t)rfa_facts_int(made, "bytes", 0);
		fresh += (json_int_t)rfa_facts_int(made, "new_bytes", 0);
		if (!rc)
			rc = rfa_facts_set(stored, member, made, err);
		if (rc)
			break;
	}
	snprintf(says, sizeof(says), "%s, of which %s are new to the vault", RFA_SIZE(bytes),
		 RFA_SIZE(fresh));
	if (!rc)
		rc = rfa_facts_set(facts, "says", json_string(says), err);
	if (!rc)
		rc = rfa_facts_set(facts, "stored", json_incref(stored), err);
	json_decref(cargo);
	json_decref(stored);
	return rc;
}

int rfa_store_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_store_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->host->ops->vault_remove(ctx->host, rfa_ctx_key(ctx, &key, "remove", NULL),
					    rfa_vault_path(ctx), rfa_vault_backup(ctx), err);
}

/* ---- sealed -----------------------------------------------------------------------------------
 */

static int add_member(const struct rfa_ctx *ctx, json_t *members, const char *name,
		      const json_t *stored, struct rfa_error *err)
{
	static const char *const fields[] = { "kind", "tree",   "place",   "uid",   "gid",
					      "mode", "inodes", "version", "major", "make" };
	const json_t *seen = rfa_member_find(rfa_ctx_fact(ctx, "source.look", "members"), name);
	json_t *one =
	    json_pack("{s:s, s:s, s:O?, s:O?, s:O?}", "name", name, "kind", IMAGES, "bytes",
		      json_object_get(stored, "bytes"), "sha256", json_object_get(stored, "sha256"),
		      "chunks", json_object_get(stored, "chunks"));
	size_t i;

	for (i = 0; one && seen && i < sizeof(fields) / sizeof(fields[0]); i++) {
		json_t *value = json_object_get(seen, fields[i]);

		if (value)
			json_object_set(one, fields[i], value);
	}
	if (one && seen)
		json_object_set(one, "tree_bytes", json_object_get(seen, "bytes"));
	return !one || json_array_append_new(members, one) ? rfa_fail_nomem(err) : 0;
}

/* What ran when it was made; nothing that may be secret. */
static json_t *what_ran(const struct rfa_ctx *ctx)
{
	json_t *list = json_array();
	json_t *unit;
	size_t i;

	json_array_foreach (rfa_ctx_fact(ctx, "source.look", "units"), i, unit) {
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:b}", "container",
						rfa_facts_str(unit, "container", ""), "ref",
						rfa_facts_str(unit, "ref", ""), "image_id",
						rfa_facts_str(unit, "image_id", ""), "running",
						rfa_facts_bool(unit, "running", 0)));
	}
	return list;
}

/* The same in every attempt: its time is the run's. */
static int manifest_of(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *goods = rfa_ctx_fact(ctx, "source.look", "goods");
	json_t *members = json_array();
	char at[RFA_TIME_MAX] = "";
	const char *name;
	int64_t ms = 0;
	json_t *stored;
	json_t *made;
	int rc = 0;

	if (!rfa_time_parse(ctx->run, &ms))
		rfa_time_iso(ms, at);
	json_object_foreach (rfa_ctx_fact(ctx, "target.store", "stored"), name, stored) {
		if (!rc)
			rc = add_member(ctx, members, name, stored, err);
	}
	made =
	    json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "format", 1, "backup",
		      rfa_vault_backup(ctx), "stack", rfa_facts_str(ctx->plan_json, "stack", ""),
		      "env", rfa_facts_str(ctx->plan_json, "source/env", ""), "set", set_of(ctx),
		      "at", at, "run", ctx->run, "members", members, "containers", what_ran(ctx));
	if (!rc && !made)
		rc = rfa_fail_nomem(err);
	if (!rc && goods && json_object_update(made, goods)) /* "version", "images" */
		rc = rfa_fail_nomem(err);
	if (rc)
		json_decref(made);
	else
		*out = made;
	return rc;
}

int rfa_seal_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	struct rfa_ctx_key key;
	json_t *manifest = NULL;
	int rc = manifest_of(ctx, &manifest, err);

	if (!rc)
		rc = rfa_facts_encode(manifest, &text, err);
	if (!rc && rfa_buf_putc(&text, '\n'))
		rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = ctx->host->ops->vault_seal(ctx->host, rfa_ctx_key(ctx, &key, "seal", NULL),
						rfa_vault_path(ctx), rfa_vault_backup(ctx),
						rfa_buf_str(&text), err);
	if (!rc)
		rc = rfa_facts_set(facts, "manifest", json_incref(manifest), err);
	json_decref(manifest);
	rfa_buf_release(&text);
	return rc;
}

int rfa_seal_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	json_t *manifest = NULL;
	json_t *list = NULL;
	int rc = ctx->host->ops->vault_list(ctx->host, rfa_vault_path(ctx), &list, err);

	if (!rc)
		rc = manifest_of(ctx, &manifest, err);
	*seen = RFA_PROBE_NOT_DONE;
	if (!rc && json_equal(find_manifest(ctx, list), manifest)) {
		*seen = RFA_PROBE_DONE;
		rc = rfa_facts_set(facts, "manifest", json_incref(manifest), err);
	}
	json_decref(list);
	json_decref(manifest);
	return rc;
}

int rfa_seal_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_store_undo(ctx, err);
}

/* ---- read again -------------------------------------------------------------------------------
 */

static int verify(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *problems;
	struct rfa_ctx_key key;
	json_t *found = NULL;
	char says[96];
	int rc = host->ops->vault_verify(host, rfa_ctx_key(ctx, &key, "verify", NULL),
					 rfa_vault_path(ctx), rfa_vault_backup(ctx), &found, err);

	if (rc)
		return rc;
	problems = json_object_get(found, "problems");
	if (rfa_facts_bool(found, "ok", 0)) {
		snprintf(says, sizeof(says), "every byte of it is as it was stored (%s)",
			 RFA_SIZE(rfa_facts_int(found, "bytes", 0)));
		rc = rfa_facts_set(facts, "says", json_string(says), err);
	} else {
		rc = rfa_facts_set(facts, "problems", json_incref(problems), err);
		if (!rc) {
			rfa_fail(err, RFA_ECORRUPT, "vault", "the backup %s is damaged: %.300s%s",
				 rfa_vault_backup(ctx),
				 json_string_value(json_array_get(problems, 0)),
				 json_array_size(problems) > 1 ? ", and more" : "");
			rfa_error_where(err, "%s:%s", host->name, rfa_vault_path(ctx));
			rc = rfa_error_mend(err, "choose another backup: rfa backup list");
		}
	}
	json_decref(found);
	return rc;
}

/*
 * It only reads, but as a job that takes its time: one that a power cut ended has no result, and
 * only another attempt begins another one.
 */
int rfa_vault_verify_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return verify(ctx, facts, err);
}

int rfa_vault_verify_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			   struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* ---- out --------------------------------------------------------------------------------------
 */

static int open_one(struct rfa_ctx *ctx, const char *member, json_t **made, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const json_t *listed =
	    rfa_member_find(rfa_ctx_fact(ctx, "source.look", "manifest/members"), member);
	struct rfa_ctx_key key;
	int rc =
	    host->ops->vault_open(host, rfa_ctx_key(ctx, &key, "open", member), rfa_vault_path(ctx),
				  rfa_vault_backup(ctx), member, member, made, err);

	if (rc)
		return rc;
	if (!strcmp(rfa_facts_str(*made, "sha256", "-"), rfa_facts_str(listed, "sha256", "")))
		return 0;
	json_decref(*made);
	*made = NULL;
	rfa_fail(err, RFA_EMISMATCH, "vault",
		 "the member %s of the backup is not the one that its "
		 "manifest names",
		 member);
	return rfa_error_where(err, "%s:%s", host->name, rfa_vault_path(ctx));
}

/* The same archives every time, so it may be repeated. */
int rfa_open_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *archives = json_object();
	json_t *member;
	size_t i;
	int rc = archives ? verify(ctx, facts, err) : rfa_fail_nomem(err);

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "members"), i, member) {
		const char *name = rfa_facts_str(member, "name", "");
		json_t *made = NULL;

		if (!rc)
			rc = open_one(ctx, name, &made, err);
		if (!rc)
			rc = rfa_facts_set(archives, name, made, err);
		if (rc)
			break;
	}
	if (!rc)
		rc = rfa_facts_set(facts, "archives", json_incref(archives), err);
	json_decref(archives);
	return rc;
}

int rfa_open_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_open_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->ops->run_remove(ctx->host, ctx->run, err);
}

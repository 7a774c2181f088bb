/* What a run would change, from what PRECHECK has read: the rows of a preview. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/base/size.h"
#include "fsm/base/clock.h"
#include "fsm/parts/text.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/members.h"

static int add(json_t *rows, json_t *row, struct rfa_error *err)
{
	return !row || json_array_append_new(rows, row) ? rfa_fail_nomem(err) : 0;
}

/* ---- images ---- */

static void version_of(const json_t *image, char *out, size_t size)
{
	const char *ref = rfa_facts_str(image, "ref", "");

	rfa_imageref_version(*ref ? ref : "-", out, size);
}

/* Every container of the key that was there runs just this already. */
static int is_same(const struct rfa_ctx *ctx, const char *key, const json_t *good)
{
	json_t *unit;
	size_t i, n = 0;

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "units"), i, unit) {
		if (strcmp(rfa_facts_str(unit, "key", ""), key) != 0)
			continue;
		n++;
		if (strcmp(rfa_facts_str(unit, "identity", "-"),
			   rfa_facts_str(good, "identity", "")) != 0 ||
		    strcmp(rfa_facts_str(unit, "ref", "-"), rfa_facts_str(good, "ref", "")) != 0 ||
		    (!rfa_facts_bool(unit, "running", 0) && !rfa_facts_bool(unit, "ended", 0)))
			return 0;
	}
	return n > 0;
}

/* Those of a missing image that must travel. */
static size_t layers_to_bring(const struct rfa_ctx *ctx, const char *key, const json_t *good)
{
	const json_t *omit = rfa_ctx_fact(ctx, "target.look", "omit");
	json_t *layer;
	size_t i, n = 0;

	if (!rfa_facts_has_text(rfa_ctx_fact(ctx, "target.look", "missing"), key))
		return 0;
	json_array_foreach (json_object_get(good, "layers"), i, layer) {
		n += !rfa_facts_has_text(omit, json_string_value(layer));
	}
	return n;
}

int rfa_changes_images(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	json_t *good;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *key = rfa_facts_str(good, "key", "");
		const json_t *before = rfa_unit_before(ctx, key);
		int there = rfa_facts_bool(before, "present", 0);
		size_t all = json_array_size(json_object_get(good, "layers"));
		size_t bring = layers_to_bring(ctx, key, good);
		char now[256], then[256], detail[64];

		version_of(there ? before : NULL, now, sizeof(now));
		version_of(good, then, sizeof(then));
		snprintf(detail, sizeof(detail), "%zu of %zu layers to bring", bring, all);
		rc = add(rows,
			 json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "what", key, "now", now,
				   "then", then, "change",
				   !there                    ? "new"
				   : is_same(ctx, key, good) ? "same"
							     : "replaced",
				   "detail", detail, "bytes",
				   (json_int_t)(bring ? rfa_facts_int(good, "size", 0) : 0)),
			 err);
		if (rc)
			break;
	}
	return rc;
}

/* ---- data ---- */

/* What comes: of the source's data, of a backup, or of a rollback point; -1: not known. */
static int64_t coming(const struct rfa_ctx *ctx, const char *name)
{
	const json_t *live = rfa_member_find(rfa_ctx_fact(ctx, "source.look", "members"), name);
	const json_t *kept =
	    rfa_member_find(rfa_ctx_fact(ctx, "source.look", "manifest/members"), name);

	return live ? rfa_facts_int(live, "bytes", 0) : rfa_facts_int(kept, "tree_bytes", -1);
}

int rfa_changes_data(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	int back = rfa_facts_at(ctx->plan_json, "point") != NULL;
	json_t *member;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "members"), i, member) {
		const char *name = rfa_facts_str(member, "name", "");
		int64_t bytes = back ? -1 : coming(ctx, name);
		char then[64];

		snprintf(then, sizeof(then), "%s",
			 back         ? "what the point has"
			 : bytes >= 0 ? RFA_SIZE(bytes)
				      : "-");
		rc = add(rows,
			 json_pack("{s:s, s:s, s:s, s:s, s:I}", "what", name, "now",
				   RFA_SIZE(rfa_facts_int(member, "bytes", 0)), "then", then,
				   "change", "replaced", "bytes",
				   (json_int_t)(bytes > 0 && !rfa_ctx_one_env(ctx) ? bytes : 0)),
			 err);
		if (rc)
			break;
	}
	return rc;
}

/* ---- backups ---- */

int rfa_changes_verdicts(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "verdicts"), i, one) {
		const char *id = rfa_facts_str(one, "backup", "");
		int stays = rfa_facts_bool(one, "stays", 1);
		struct rfa_buf made = RFA_BUF_INIT(256);
		char at[16];

		snprintf(at, sizeof(at), "%.15s", id);
		rfa_text_time(&made, at);
		rc = add(rows,
			 json_pack("{s:s, s:s, s:s, s:s, s:O?}", "what", id, "now",
				   rfa_buf_str(&made), "then", stays ? "stays" : "goes", "change",
				   stays ? "same" : "goes for good", "detail",
				   json_object_get(one, "why")),
			 err);
		rfa_buf_release(&made);
		if (rc)
			break;
	}
	return rc;
}

static int add_stored(const struct rfa_ctx *ctx, json_t *rows, const char *what, int64_t bytes,
		      struct rfa_error *err)
{
	return add(rows,
		   json_pack("{s:s, s:s, s:s, s:s, s:I}", "what", what, "now", "", "then",
			     RFA_SIZE(bytes), "change", "stored", "bytes",
			     (json_int_t)(rfa_ctx_one_env(ctx) ? 0 : bytes)),
		   err);
}

int rfa_changes_backup(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_ctx_fact(ctx, "source.look", "members"), i, one) {
		if (!rc)
			rc = add_stored(ctx, rows, rfa_facts_str(one, "name", ""),
					rfa_facts_int(one, "bytes", 0), err);
	}
	json_array_foreach (rfa_ctx_fact(ctx, "source.look", "goods/images"), i, one) {
		if (!rc)
			rc = add_stored(ctx, rows, rfa_facts_str(one, "ref", ""),
					rfa_facts_int(one, "size", 0), err);
	}
	return rc ? rc : rfa_changes_verdicts(ctx, rows, err);
}

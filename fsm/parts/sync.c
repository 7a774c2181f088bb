/* Completes the plans of runs that bring files, and says what they would change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/textdiff.h"
#include "fsm/base/wipe.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/text.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/config/configuration.h"
#include "fsm/steps/config/files.h"

/* The plan. */

static int resolve_source(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *compose = rfa_facts_at(plan, "target/stack/compose");
	const char *written = rfa_facts_str(compose, "source", NULL);
	const char *on = rfa_facts_str(compose, "source_on", NULL);
	char *path = NULL;
	size_t len;
	int rc = 0;

	if (!written) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "the stack does not say where its files come from in \"%.60s\"",
			 rfa_facts_str(plan, "target/env", ""));
		return rfa_error_hint(err,
				      "add your directory to its \"compose\": \"source\": "
				      "\"deploy/%.60s\"",
				      p->word);
	}
	if (on && *written != '/') {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "compose.source is \"%.200s\", and it is on %.60s", written, on);
		return rfa_error_hint(err, "write where the files are on that host: "
					   "\"/srv/src/shop\"");
	}
	path = on ? strdup(written) : NULL;
	if (on && !path)
		return rfa_fail_nomem(err);
	if (!on)
		rc = p->path(p, written, &path, err);
	for (len = path ? strlen(path) : 0; len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	if (!rc)
		rc = rfa_facts_set(compose, "source", json_string(path), err);
	free(path);
	return rc;
}

int rfa_prepare_synced(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	char path[256];
	json_t *sync = NULL, *files;
	int rc;

	snprintf(path, sizeof(path), "synced/%.64s/%.64s.json",
		 rfa_facts_str(plan, "target/env", ""), p->word);
	/* Without a source nobody wants them as they were brought. */
	rc = rfa_facts_at(plan, "target/stack/compose/source") || rfa_facts_at(plan, "point") ||
		     rfa_facts_at(plan, "options/release")
		 ? rfa_catalog_find(p->ledger, path, &sync, err)
		 : 0;
	files = rc ? NULL : json_object_get(sync, "files");
	if (files)
		rc = rfa_plan_set(plan, "synced", json_incref(files), err);
	json_decref(sync);
	return rc;
}

int rfa_prepare_sync(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *side = NULL;
	const char *on;
	int take = p->option(p, "take", 0) != NULL, gone = p->option(p, "delete", 0) != NULL;
	int rc = 0;

	if (take && (gone || p->option(p, "force", 0))) {
		rfa_fail(err, RFA_EUSAGE, "cli",
			 "--take goes neither with --force nor with --delete");
		return rfa_error_hint(err,
				      "--take changes nothing on the host; sync again after it");
	}
	rc = resolve_source(p, plan, err);
	on = rfa_facts_str(plan, "target/stack/compose/source_on", NULL);
	if (!rc)
		rc = on ? p->side(p, on, NULL, &side, err) : p->here(p, &side, err);
	if (!rc)
		rc = rfa_facts_set(plan, "source", side, err);
	if (!rc && take)
		rc = rfa_plan_set(plan, "take_back", json_true(), err);
	if (!rc && gone)
		rc = rfa_plan_set(plan, "remove_gone", json_true(), err);
	return rc ? rc : rfa_prepare_synced(p, plan, err);
}

/* The preview. */

/* The most lines of a difference that are shown of one file. */
enum { LINES_MAX = 200 };

static int read_both(const struct rfa_ctx *ctx, const struct rfa_file_change *one,
		     struct rfa_buf *now, struct rfa_buf *then, struct rfa_error *err)
{
	int rc = 0;

	if (one->mode_now >= 0)
		rc = rfa_files_get(ctx, rfa_files_receiver(ctx), one->path,
				   one->variables ? "" : one->was, now, err);
	return rc || !*one->from ? rc : rfa_files_fetch(ctx, one, then, err);
}

static int put_diff(const struct rfa_ctx *ctx, const struct rfa_file_change *one, json_t *row,
		    struct rfa_error *err)
{
	struct rfa_buf now = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	struct rfa_buf then = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	json_t *lines = json_array();
	int rc = lines ? read_both(ctx, one, &now, &then, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = one->variables ? rfa_text_keys_diff(lines, &now, &then, err)
				    : rfa_text_diff(lines, &now, &then, LINES_MAX, err);
	if (!rc)
		rc = rfa_facts_set(row, "diff", json_incref(lines), err);
	json_decref(lines);
	rfa_wipe_buf(&now);
	rfa_wipe_buf(&then);
	return rc;
}

static void say_file(char *out, size_t size, int64_t mode, int is)
{
	if (is)
		snprintf(out, size, "%03o", (unsigned)mode & 0777u);
	else
		snprintf(out, size, "-");
}

static const char *detail_of(const struct rfa_file_change *one)
{
	if (one->unknown)
		return "no sync has brought what is there";
	if (one->edited)
		return "edited there since it was brought";
	return strcmp(one->change, "stays") ? "" : "the source has it no more: --delete removes it";
}

static int add_file(const struct rfa_ctx *ctx, const struct rfa_file_change *one, json_t *rows,
		    struct rfa_error *err)
{
	int acts = rfa_file_change_acts(one), gone = rfa_file_change_removes(one);
	char now[16], then[16];
	json_t *row;
	int rc;

	say_file(now, sizeof(now), one->mode_now, one->mode_now >= 0);
	say_file(then, sizeof(then), acts ? one->mode : one->mode_now, !gone);
	row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "what", one->path, "now", now, "then",
			then, "change", acts ? one->change : "same", "detail", detail_of(one),
			"bytes", (json_int_t)(acts ? one->bytes : 0));
	rc = row ? 0 : rfa_fail_nomem(err);
	if (!rc && acts)
		rc = put_diff(ctx, one, row, err);
	return rc ? (json_decref(row), rc) : rfa_facts_append(rows, row, err);
}

int rfa_changes_files(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_file_change *one;
	int rc = 0;

	RFA_EACH (one, *rfa_files_changes(ctx))
		if (!rc && (rfa_file_change_acts(one) || !strcmp(one->change, "stays")))
			rc = add_file(ctx, one, rows, err);
	return rc;
}

/* Of a rollback of images: what of the configuration is not as it was then. */
static int add_then(const struct rfa_ctx *ctx, const struct rfa_file_change *one, json_t *rows,
		    struct rfa_error *err)
{
	int back = rfa_ctx_options(ctx)->with_files;
	json_t *lines = json_array(), *row;
	char now[16], then[16];
	int rc = lines
		     ? rfa_configuration_diff(ctx->hosts[RFA_TARGET],
					      rfa_files_directory(ctx, RFA_TARGET), one, lines, err)
		     : rfa_fail_nomem(err);

	say_file(now, sizeof(now), one->mode_now, one->mode_now >= 0);
	say_file(then, sizeof(then), one->mode, !rfa_file_change_removes(one));
	row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:O?}", "what", one->path, "now", now,
			"then", then, "change", back ? one->change : "same", "detail",
			back ? "comes back as it was then"
			     : "is not as it was then; --with-files brings it back",
			"bytes", (json_int_t)0, "diff", lines);
	json_decref(lines);
	return rc ? (json_decref(row), rc) : rfa_facts_append(rows, row, err);
}

int rfa_changes_rollback(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_file_change *one;
	int rc = rfa_changes_images(ctx, rows, err);

	RFA_EACH (one, *rfa_files_changes(ctx))
		if (!rc && rfa_file_change_acts(one))
			rc = add_then(ctx, one, rows, err);
	return rc;
}

/*
 * What images are built from goes to the builder, all of it; whether they are there already is not
 * known yet where their identities are not.
 */
static int add_sources(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_release *release = rfa_release_of(ctx);
	const struct rfa_image *image;
	char commit[16];
	int any = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		any |= !*image->identity;
	if (!any)
		return 0;
	snprintf(commit, sizeof(commit), "%.12s", release->commit);
	return rfa_facts_append(rows,
				json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "what", "sources",
					  "now", "-", "then", commit, "change", "sent", "detail",
					  "if images have to be built from them", "bytes",
					  (json_int_t)release->bytes),
				err);
}

/* Of a release: its images, what they are built from, and the files that come with them. */
int rfa_changes_release(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	int rc = rfa_changes_images(ctx, rows, err);

	if (!rc)
		rc = add_sources(ctx, rows, err);
	return rc ? rc : rfa_changes_files(ctx, rows, err);
}

/*
 * The target's own address, in data that came from elsewhere: after the swap the guarded value
 * in the stack's JSON file is what it was before the run. Nothing else in the file changes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/jsontext.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/data/swap.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/data/stop.h"

enum { FILE_MAX = 1 << 20 };

struct guarded {
	const char *file, *key;
	const char *before; /* the value before the run */
	struct rfa_buf text;
	char *literal; /* owned: how the value stands there now */
};

static void release(struct guarded *g)
{
	rfa_buf_release(&g->text);
	free(g->literal);
}

static int look(struct rfa_ctx *ctx, struct guarded *g, struct rfa_error *err)
{
	const struct rfa_own_url *seen = ctx->own->own_url;
	size_t from, to;
	int rc;

	memset(g, 0, sizeof(*g));
	g->text = (struct rfa_buf)RFA_BUF_INIT(FILE_MAX);
	g->file = seen->file;
	g->key = seen->key;
	g->before = seen->value;
	rc = ctx->host->files->read(ctx->host, g->file, FILE_MAX, &g->text, err);
	if (!rc)
		rc =
		    rfa_json_string_at(rfa_buf_str(&g->text), g->text.len, g->key, &from, &to, err);
	if (rc) {
		rfa_error_where(err, "%s:%s", ctx->host->name, g->file);
		return rc;
	}
	g->literal = calloc(1, to - from + 1);
	if (!g->literal)
		return rfa_fail_nomem(err);
	memcpy(g->literal, rfa_buf_str(&g->text) + from, to - from);
	return 0;
}

/* 1 if the literal says the value, however it is spelled. */
static int says(const char *literal, const char *value)
{
	json_t *text = json_loads(literal, JSON_DECODE_ANY, NULL);
	int same = json_is_string(text) && !strcmp(json_string_value(text), value);

	json_decref(text);
	return same;
}

static int put(struct rfa_ctx *ctx, const struct guarded *g, const char *literal,
	       struct rfa_error *err)
{
	struct rfa_buf out = RFA_BUF_INIT(FILE_MAX + 8192);
	int rc =
	    rfa_json_string_put(rfa_buf_str(&g->text), g->text.len, g->key, literal, &out, err);

	if (!rc)
		rc = ctx->host->files->write(ctx->host, g->file, 0600, rfa_buf_str(&out), out.len,
					     err);
	rfa_buf_release(&out);
	return rc;
}

static int put_value(struct rfa_ctx *ctx, const struct guarded *g, const char *value,
		     struct rfa_error *err)
{
	json_t *text = json_string(value);
	char *literal = json_dumps(text, JSON_ENCODE_ANY);
	int rc = literal ? put(ctx, g, literal, err) : rfa_fail_nomem(err);

	json_decref(text);
	free(literal);
	return rc;
}

/* How it stood there is on record before it is overwritten: afterwards nothing would tell. */
static int remember(struct rfa_ctx *ctx, const char *literal, struct rfa_error *err)
{
	struct rfa_made made = ctx->made;
	int rc;

	if (*made.was)
		return 0;
	made.was = literal;
	rc = rfa_ctx_made(ctx, &made, "another address came with the data", err);
	/* What could not be recorded was not done, as far as anybody can tell. */
	if (rc)
		rfa_error_as(err, RFA_UNKNOWN);
	return rc;
}

/* A value that is right is left as it is written, so it may be repeated. */
int rfa_base_url_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_own_url *seen = ctx->own->own_url;
	struct guarded g;
	char generation[65];
	char text[300];
	int rc;

	if (!seen)
		return rfa_ctx_skip(facts, "the stack guards no base URL", err);
	/* So it is where the target's own data comes back: what was wrong is not put over it. */
	if (!*seen->value || !rfa_url_is_own(ctx->side, seen->value))
		return rfa_ctx_skip(facts,
				    "the target had none of its own: what comes back has one", err);
	rc = look(ctx, &g, err);
	if (!rc && !says(g.literal, g.before)) {
		/* Whoever was started again by its restart policy has read another address. */
		rc = rfa_quiesce(ctx, generation, err);
		if (!rc) {
			release(&g);
			rc = look(ctx, &g, err);
		}
	}
	if (!rc && says(g.literal, g.before)) {
		rc = rfa_facts_set(facts, "summary", json_string("it is the target's own"), err);
	} else if (!rc) {
		snprintf(text, sizeof(text), "%s is %.200s again", g.key, g.before);
		rc = remember(ctx, g.literal, err);
		if (!rc)
			rc = put_value(ctx, &g, g.before, err);
		if (!rc)
			rc = rfa_facts_set(facts, "summary", json_string(text), err);
	}
	release(&g);
	return rc;
}

int rfa_base_url_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		       struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/*
 * The text that was there. Where the old data is back already (a drill), so is its own file, or it
 * never held another value.
 */
int rfa_base_url_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const char *was = ctx->made.was;
	struct guarded g;
	int swapped = 0;
	int rc;

	if (!*was)
		return 0;
	rc = rfa_is_swapped(ctx, &swapped, err);
	if (rc || !swapped)
		return rc;
	rc = look(ctx, &g, err);
	if (!rc && strcmp(g.literal, was) != 0)
		rc = put(ctx, &g, was, err);
	release(&g);
	return rc;
}

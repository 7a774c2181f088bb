/* The gates of runs about data that judge who uses it: what has to stop, and who is in the way. */
#include <string.h>

#include "fsm/steps/sides.h"

static const char *text(const json_t *json, const char *key)
{
	return rfa_facts_str(json, key, "");
}

size_t rfa_sides(const struct rfa_ctx *ctx, struct rfa_side out[2])
{
	static const char *const looks[2] = { "source.look", "target.look" };
	struct rfa_host *hosts[2] = { ctx->source, ctx->target };
	size_t n = 0;
	size_t i;

	for (i = 0; i < 2; i++) {
		const json_t *look = rfa_ctx_fact(ctx, looks[i], "");

		if (!hosts[i] || !json_object_get(look, "members"))
			continue;
		out[n++] = (struct rfa_side){ i ? "target" : "source", hosts[i], look,
					      json_object_get(look, "members"),
					      json_object_get(look, "units") };
	}
	return n;
}

/* What the look found of one kind, on each side. */
static int each(struct rfa_court *c, const char *found,
		void (*judge)(struct rfa_court *, const struct rfa_side *, const json_t *))
{
	struct rfa_side sides[2];
	size_t n = rfa_sides(c->ctx, sides);
	json_t *one;
	size_t i, j;

	for (i = 0; i < n; i++) {
		json_array_foreach (json_object_get(sides[i].look, found), j, one) {
			judge(c, &sides[i], one);
		}
	}
	return 0;
}

/* ---- those that stop ----------------------------------------------------------------------------
 */

static void judge_unit(struct rfa_court *c, const struct rfa_side *s, const json_t *unit)
{
	int runs = rfa_facts_bool(unit, "running", 0) || rfa_facts_bool(unit, "restarting", 0);

	if (runs && rfa_facts_bool(unit, "autoremove", 0))
		rfa_refuse(c, "start it without --rm",
			   "%s on %s is removed as soon as it stops (--rm): nothing could be "
			   "started again",
			   text(unit, "container"), s->host->name);
	if (rfa_facts_bool(unit, "paused", 0))
		rfa_refuse(c, "docker unpause it", "%s on %s is paused, and cannot be stopped",
			   text(unit, "container"), s->host->name);
	if (*text(unit, "circle"))
		rfa_refuse(c, "let one of them start without the other",
			   "%s and %s on %s wait for one another: there is no order in which they "
			   "could be started",
			   text(unit, "container"), text(unit, "circle"), s->host->name);
}

int rfa_gate_containers(struct rfa_court *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "units", judge_unit);
}

/* ---- those that are in the way ------------------------------------------------------------------
 */

static void judge_other(struct rfa_court *c, const struct rfa_side *s, const json_t *other)
{
	if (rfa_facts_bool(other, "running", 0))
		rfa_refuse(c,
			   "stop it there, or list it under data.stop.containers of the stack in "
			   "rfa.json, or its project under data.stop.projects",
			   "the container %s on %s has %s (member %s) and is none of the stack's",
			   text(other, "container"), s->host->name, text(other, "mount"),
			   text(other, "member"));
}

int rfa_gate_others(struct rfa_court *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "others", judge_other);
}

/* Whose network or namespace stops is cut off: it runs on, and nobody reaches it; or it ends. */
static void judge_dependent(struct rfa_court *c, const struct rfa_side *s, const json_t *one)
{
	rfa_refuse(c,
		   "list it under data.stop.containers of the stack in rfa.json: it is stopped "
		   "before, and started after, the other one",
		   "the container %s on %s has %s %s, which is to stop, and is none of the "
		   "stack's",
		   text(one, "container"), s->host->name, text(one, "how"), text(one, "on"));
}

int rfa_gate_dependents(struct rfa_court *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "dependents", judge_dependent);
}

/*
 * The companions of such a database are in the container's own layer: a copy would lack what is in
 * them, and what they have of the old database would be replayed over the new one.
 */
static void judge_file(struct rfa_court *c, const struct rfa_side *s, const json_t *one)
{
	rfa_refuse(c,
		   "mount the directory that the file is in, instead of the file, and make the "
		   "container again; if it is not used any more: docker rm",
		   "the container %s on %s has the database %s mounted as a single file: its -wal "
		   "and -journal are inside the container, where no copy finds them (member %s)",
		   text(one, "container"), s->host->name, text(one, "mount"), text(one, "member"));
}

int rfa_gate_files(struct rfa_court *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "files", judge_file);
}

static void judge_kept(struct rfa_court *c, const struct rfa_side *s, const json_t *one)
{
	rfa_refuse(c,
		   "take it out of keep_running in rfa.json, and list it under "
		   "data.stop.containers; or mount the folder above the data instead",
		   "the container %s on %s is to keep running, but %s %s (member %s)",
		   text(one, "container"), s->host->name,
		   strcmp(s->role, "source") ? "would go on with the old data in" : "uses",
		   text(one, "mount"), text(one, "member"));
}

int rfa_gate_kept(struct rfa_court *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "kept", judge_kept);
}

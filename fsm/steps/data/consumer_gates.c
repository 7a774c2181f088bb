/* The gates of runs about data that judge who uses it: what has to stop, and who is in the way. */
#include <string.h>

#include "fsm/steps/common/consumers.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/data/sides.h"

/* Whoever only looked into a directory is gone a second later. */
enum { LOOKS = 3 };

size_t rfa_sides(const struct rfa_ctx *ctx, struct rfa_side out[RFA_ROLES])
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < RFA_ROLES; i++)
		if (ctx->hosts[i] && ctx->proven[i]->has_data)
			out[n++] =
			    (struct rfa_side){ (enum rfa_role_id)i, ctx->hosts[i], ctx->proven[i] };
	return n;
}

/* Calls judge() for each host that has data. */
static int each(struct rfa_gates *c, void (*judge)(struct rfa_gates *, const struct rfa_side *))
{
	struct rfa_side sides[RFA_ROLES];
	size_t n = rfa_sides(c->ctx, sides);
	size_t i;

	for (i = 0; i < n; i++)
		judge(c, &sides[i]);
	return 0;
}

/* Those that stop. */

static void judge_consumer(struct rfa_gates *c, const struct rfa_side *s,
			   const struct rfa_container *one)
{
	if (rfa_consumer_ran(one) && one->autoremove)
		rfa_deny(c, "start it without --rm",
			 "%s on %s is removed as soon as it stops (--rm): nothing could be "
			 "started again",
			 one->container, s->host->name);
	if (one->paused)
		rfa_deny(c, "docker unpause it", "%s on %s is paused, and cannot be stopped",
			 one->container, s->host->name);
	if (*one->circle)
		rfa_deny(c, "let one of them start without the other",
			 "%s and %s on %s wait for one another: there is no order in which they "
			 "could be started",
			 one->container, one->circle, s->host->name);
}

static void judge_containers(struct rfa_gates *c, const struct rfa_side *s)
{
	const struct rfa_container *one;

	RFA_EACH (one, *rfa_users(s->seen))
		judge_consumer(c, s, one);
}

int rfa_gate_containers(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, judge_containers);
}

/* Those that are in the way. */

static void judge_others(struct rfa_gates *c, const struct rfa_side *s)
{
	const struct rfa_mounted *one;

	RFA_EACH (one, s->seen->others)
		if (one->running)
			rfa_deny(
			    c,
			    "stop it there, or list it under data.stop.containers of the stack in "
			    "rfa.json, or its project under data.stop.projects",
			    "the container %s on %s has %s (member %s) and is none of the stack's",
			    one->container, s->host->name, one->mount, one->member);
}

int rfa_gate_others(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, judge_others);
}

/* Whose network or namespace stops is cut off: it runs on, and nobody reaches it; or it ends. */
static void judge_dependents(struct rfa_gates *c, const struct rfa_side *s)
{
	const struct rfa_dependent *one;

	RFA_EACH (one, s->seen->dependents)
		if (!*one->key) /* else it is of images */
			rfa_deny(c,
				 "list it under data.stop.containers of the stack in rfa.json: it "
				 "is stopped before, and started after, the other one",
				 "the container %s on %s has %s %s, which is to stop, and is none "
				 "of the stack's",
				 one->container, s->host->name, one->how, one->on);
}

int rfa_gate_dependents(struct rfa_gates *c, struct rfa_error *err)
{
	int rc = each(c, judge_dependents);

	/* A run that brings images, too, replaces more than it stops. */
	return rc || !c->ctx->own->images ? rc : rfa_gate_cut_off(c, err);
}

/*
 * The companions of such a database are in the container's own layer: a copy would lack what is in
 * them, and what they have of the old database would be replayed over the new one.
 */
static void judge_files(struct rfa_gates *c, const struct rfa_side *s)
{
	const struct rfa_mounted *one;

	RFA_EACH (one, s->seen->database_files)
		rfa_deny(
		    c,
		    "mount the directory that the file is in, instead of the file, and make the "
		    "container again; if it is not used any more: docker rm",
		    "the container %s on %s has the database %s mounted as a single file: its -wal "
		    "and -journal are inside the container, where no copy finds them (member %s)",
		    one->container, s->host->name, one->mount, one->member);
}

int rfa_gate_files(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, judge_files);
}

static void judge_kept(struct rfa_gates *c, const struct rfa_side *s)
{
	const struct rfa_mounted *one;

	RFA_EACH (one, s->seen->kept_running)
		rfa_deny(c,
			 "take it out of keep_running in rfa.json, and list it under "
			 "data.stop.containers; or mount the folder above the data instead",
			 "the container %s on %s is to keep running, but %s %s (member %s)",
			 one->container, s->host->name,
			 s->role != RFA_SOURCE ? "would go on with the old data in" : "uses",
			 one->mount, one->member);
}

int rfa_gate_kept(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, judge_kept);
}

/* Processes that no stop of a container ends. */

/* What is not there, or cannot be, other gates tell. */
static void trees_of(struct rfa_pool *pool, const struct rfa_proven *seen,
		     struct rfa_tree_list *out)
{
	const struct rfa_member *member;

	RFA_EACH (member, seen->members) {
		struct rfa_tree *tree;

		if (rfa_is_database(member) || !rfa_member_there(member))
			continue;
		tree = RFA_ADD(pool, tree, out);
		tree->kind = member->tree;
		tree->path = member->place;
	}
}

/* Those that stop; and other gates tell the others, by their mounts. */
static void left_out_of(struct rfa_pool *pool, const struct rfa_proven *seen, struct rfa_texts *out)
{
	const struct rfa_container *container;
	const struct rfa_mounted *other;

	RFA_EACH (container, *rfa_users(seen))
		if (!container->serves && *container->container_id)
			rfa_texts_add(pool, out, container->container_id);
	RFA_EACH (other, seen->others)
		if (*other->id)
			rfa_texts_add(pool, out, other->id);
	RFA_EACH (other, seen->kept_running)
		if (*other->id)
			rfa_texts_add(pool, out, other->id);
}

/* *out is cleared first. */
static int ask_holders(struct rfa_ctx *ctx, const struct rfa_side *s, struct rfa_holder_list *out,
		       struct rfa_error *err)
{
	struct rfa_tree_list trees = { NULL, 0 };
	struct rfa_texts left_out = { NULL, 0 };
	json_t *paths = NULL;
	json_t *without = NULL;
	json_t *found = NULL;
	int rc;

	*out = (struct rfa_holder_list){ NULL, 0 };
	trees_of(ctx->pool, s->seen, &trees);
	left_out_of(ctx->pool, s->seen, &left_out);
	rc = rfa_records_keep(&rfa_shape_tree, &trees, ctx->pool, &paths, err);
	if (!rc)
		rc = rfa_texts_keep(&left_out, ctx->pool, &without, err);
	if (!rc && trees.n)
		rc = s->host->trees->holders(s->host, paths, without, &found, err);
	if (!rc)
		rc = rfa_records_read(&rfa_shape_holder, found, ctx->pool, out, err);
	json_decref(found);
	return rc;
}

static int judge_holders(struct rfa_gates *c, const struct rfa_side *s, struct rfa_error *err)
{
	struct rfa_clock *clock = c->ctx->clock;
	struct rfa_holder_list holders;
	const struct rfa_holder *one;
	int rc = ask_holders(c->ctx, s, &holders, err);
	int rows;

	for (rows = 1; !rc && holders.n && rows < LOOKS; rows++) {
		clock->sleep_ms(clock, 1000);
		rc = ask_holders(c->ctx, s, &holders, err);
	}
	RFA_EACH (one, holders)
		rfa_deny(c,
			 "end it there, or let it leave the data (cd /): it is of no container "
			 "that is stopped",
			 "the process %s (pid %lld) on %s holds %s", one->command,
			 (long long)one->pid, s->host->name, one->path);
	/* Where processes cannot be looked at, the gate of the tools says so. */
	if (rc != -RFA_EUNSUPPORTED)
		return rc;
	rfa_error_clear(err);
	return 0;
}

int rfa_gate_processes(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_side sides[RFA_ROLES];
	size_t n = rfa_sides(c->ctx, sides);
	size_t i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++)
		rc = judge_holders(c, &sides[i], err);
	return rc;
}

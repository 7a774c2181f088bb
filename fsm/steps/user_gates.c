/* The gates of runs about data that judge who uses it: what has to stop, and who is in the way. */
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/members.h"
#include "fsm/steps/sides.h"
#include "fsm/steps/users.h"

/* Whoever only looked into a directory is gone a second later. */
enum { LOOKS = 3 };

static const char *text(const json_t *json, const char *key)
{
	return rfa_facts_str(json, key, "");
}

size_t rfa_sides(const struct rfa_ctx *ctx, struct rfa_side out[2])
{
	static const char *const looks[2] = { "source.look", "target.look" };
	struct rfa_host *hosts[2] = { ctx->hosts[RFA_SOURCE], ctx->hosts[RFA_TARGET] };
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
static int each(struct rfa_gates *c, const char *found,
		void (*judge)(struct rfa_gates *, const struct rfa_side *, const json_t *))
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

static void judge_unit(struct rfa_gates *c, const struct rfa_side *s, const json_t *unit)
{
	int runs = rfa_facts_bool(unit, "running", 0) || rfa_facts_bool(unit, "restarting", 0);

	if (runs && rfa_facts_bool(unit, "autoremove", 0))
		rfa_deny(c, "start it without --rm",
			 "%s on %s is removed as soon as it stops (--rm): nothing could be "
			 "started again",
			 text(unit, "container"), s->host->name);
	if (rfa_facts_bool(unit, "paused", 0))
		rfa_deny(c, "docker unpause it", "%s on %s is paused, and cannot be stopped",
			 text(unit, "container"), s->host->name);
	if (*text(unit, "circle"))
		rfa_deny(c, "let one of them start without the other",
			 "%s and %s on %s wait for one another: there is no order in which they "
			 "could be started",
			 text(unit, "container"), text(unit, "circle"), s->host->name);
}

int rfa_gate_containers(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "units", judge_unit);
}

/* ---- those that are in the way ------------------------------------------------------------------
 */

static void judge_other(struct rfa_gates *c, const struct rfa_side *s, const json_t *other)
{
	if (rfa_facts_bool(other, "running", 0))
		rfa_deny(c,
			 "stop it there, or list it under data.stop.containers of the stack in "
			 "rfa.json, or its project under data.stop.projects",
			 "the container %s on %s has %s (member %s) and is none of the stack's",
			 text(other, "container"), s->host->name, text(other, "mount"),
			 text(other, "member"));
}

int rfa_gate_others(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "others", judge_other);
}

/* Whose network or namespace stops is cut off: it runs on, and nobody reaches it; or it ends. */
static void judge_dependent(struct rfa_gates *c, const struct rfa_side *s, const json_t *one)
{
	rfa_deny(c,
		 "list it under data.stop.containers of the stack in rfa.json: it is stopped "
		 "before, and started after, the other one",
		 "the container %s on %s has %s %s, which is to stop, and is none of the "
		 "stack's",
		 text(one, "container"), s->host->name, text(one, "how"), text(one, "on"));
}

int rfa_gate_dependents(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "dependents", judge_dependent);
}

/*
 * The companions of such a database are in the container's own layer: a copy would lack what is in
 * them, and what they have of the old database would be replayed over the new one.
 */
static void judge_file(struct rfa_gates *c, const struct rfa_side *s, const json_t *one)
{
	rfa_deny(c,
		 "mount the directory that the file is in, instead of the file, and make the "
		 "container again; if it is not used any more: docker rm",
		 "the container %s on %s has the database %s mounted as a single file: its -wal "
		 "and -journal are inside the container, where no copy finds them (member %s)",
		 text(one, "container"), s->host->name, text(one, "mount"), text(one, "member"));
}

int rfa_gate_files(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "files", judge_file);
}

static void judge_kept(struct rfa_gates *c, const struct rfa_side *s, const json_t *one)
{
	rfa_deny(c,
		 "take it out of keep_running in rfa.json, and list it under "
		 "data.stop.containers; or mount the folder above the data instead",
		 "the container %s on %s is to keep running, but %s %s (member %s)",
		 text(one, "container"), s->host->name,
		 strcmp(s->role, "source") ? "would go on with the old data in" : "uses",
		 text(one, "mount"), text(one, "member"));
}

int rfa_gate_kept(struct rfa_gates *c, struct rfa_error *err)
{
	(void)err;
	return each(c, "kept", judge_kept);
}

/* ---- processes that no stop of a container ends
 * --------------------------------------------------
 */

static int ask_holders(const struct rfa_side *s, json_t **out, struct rfa_error *err)
{
	static const char *const told[] = { "others", "kept" };
	json_t *paths = json_array();
	json_t *without = json_array();
	json_t *one;
	size_t i, k;
	int rc = paths && without ? 0 : rfa_fail_nomem(err);

	json_array_foreach ((json_t *)(uintptr_t)s->members, i, one) {
		/* What is not there, or cannot be, other gates tell. */
		if (!rc && !rfa_is_database(one) && rfa_member_there(one) &&
		    json_array_append_new(paths, json_pack("{s:s, s:s}", "kind", text(one, "tree"),
							   "path", text(one, "place"))))
			rc = rfa_fail_nomem(err);
	}
	json_array_foreach ((json_t *)(uintptr_t)s->units, i, one) {
		if (!rc && !rfa_user_stays(one) && *text(one, "container_id") &&
		    json_array_append(without, json_object_get(one, "container_id")))
			rc = rfa_fail_nomem(err);
	}
	/* Other gates tell these by their mounts. */
	for (k = 0; k < sizeof(told) / sizeof(told[0]); k++) {
		json_array_foreach (json_object_get(s->look, told[k]), i, one) {
			if (!rc && *text(one, "id") &&
			    json_array_append(without, json_object_get(one, "id")))
				rc = rfa_fail_nomem(err);
		}
	}
	if (!rc && json_array_size(paths))
		rc = s->host->ops->tree_holders(s->host, paths, without, out, err);
	json_decref(paths);
	json_decref(without);
	return rc;
}

static int judge_holders(struct rfa_gates *c, const struct rfa_side *s, struct rfa_error *err)
{
	struct rfa_clock *clock = c->ctx->clock;
	json_t *holders = NULL;
	json_t *one;
	size_t i;
	int rc = ask_holders(s, &holders, err);

	for (i = 1; !rc && json_array_size(holders) && i < LOOKS; i++) {
		clock->sleep_ms(clock, 1000);
		json_decref(holders);
		holders = NULL;
		rc = ask_holders(s, &holders, err);
	}
	json_array_foreach (holders, i, one) {
		rfa_deny(c,
			 "end it there, or let it leave the data (cd /): it is of no container "
			 "that is stopped",
			 "the process %s (pid %lld) on %s holds %s", text(one, "command"),
			 (long long)rfa_facts_int(one, "pid", 0), s->host->name, text(one, "path"));
	}
	json_decref(holders);
	/* Where processes cannot be looked at, the gate of the tools says so. */
	if (rc != -RFA_EUNSUPPORTED)
		return rc;
	rfa_error_clear(err);
	return 0;
}

int rfa_gate_processes(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_side sides[2];
	size_t n = rfa_sides(c->ctx, sides);
	size_t i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++)
		rc = judge_holders(c, &sides[i], err);
	return rc;
}

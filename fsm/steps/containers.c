/*
 * Containers that were started by `docker run`, one after the other. Names tell how far it got,
 * so every call looks first and goes on from what it sees:
 *
 *     NAME            the one that serves
 *     NAME.rfa-RUN    the old one, stopped, kept for the way back
 *     NAME.rfa-new-RUN  the new one, made before the old one stops, so that the gap is short
 *
 * Anybody may remove and make containers meanwhile, so a name alone proves nothing: the old one is
 * known by the id that target.look saw, the new one by the id that is on record before it gets the
 * name. Containers are stopped, renamed and removed by id; whatever else has the name is left.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/evidence.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/secrets.h"
#include "fsm/steps/spec.h"
#include "fsm/steps/spec_fields.h"
#include "fsm/steps/steps.h"

/* One container of the stack, as it is now. */
struct place {
	const char *name; /* borrowed from the plan */
	char kept_name[192];
	char fresh_name[192];
	json_t *now, *kept, *fresh; /* inspect objects; NULL: there is none */
	const json_t *good;         /* what it shall run */
	const json_t *before;       /* target.look's unit */
	const char *made;           /* the id of the one that this run made; "": none yet */
};

static void place_release(struct place *p)
{
	json_decref(p->now);
	json_decref(p->kept);
	json_decref(p->fresh);
	p->now = p->kept = p->fresh = NULL;
}

/* Known from the step's progress on, whatever comes of the attempt. */
static const char *made_by_run(const struct rfa_ctx *ctx, const char *name)
{
	const json_t *made = rfa_ctx_fact(ctx, ctx->step->name, "made");
	const char *id = json_string_value(json_object_get(made, name));

	return id ? id : "";
}

/* What inspect_all has of one of them, new; NULL: there is none. */
static json_t *one_of(const json_t *all, size_t i)
{
	json_t *one = json_array_get(all, i);

	return json_is_object(one) ? json_incref(one) : NULL;
}

/* On failure there is nothing to release. */
static int place_look(struct rfa_ctx *ctx, const char *name, struct place *p, struct rfa_error *err)
{
	const struct rfa_object_name names[] = { { RFA_CONTAINER, name },
						 { RFA_CONTAINER, p->kept_name },
						 { RFA_CONTAINER, p->fresh_name } };
	json_t *all = NULL;
	int rc;

	memset(p, 0, sizeof(*p));
	p->name = name;
	p->good = rfa_wanted_of(ctx, name);
	p->before = rfa_unit_before(ctx, name);
	p->made = made_by_run(ctx, name);
	snprintf(p->kept_name, sizeof(p->kept_name), "%s.rfa-%s", name, ctx->run);
	snprintf(p->fresh_name, sizeof(p->fresh_name), "%s.rfa-new-%s", name, ctx->run);
	rc = ctx->host->ops->inspect_all(ctx->host, names, 3, &all, err);
	p->now = one_of(all, 0);
	p->kept = one_of(all, 1);
	p->fresh = one_of(all, 2);
	json_decref(all);
	return rc;
}

static int runs(const json_t *container)
{
	return rfa_facts_bool(container, "State/Running", 0);
}

/* It runs, or it has done what it was for: it is not started once more. */
static int is_settled(const struct place *p)
{
	return runs(p->now) || (rfa_facts_bool(p->good, "ends", 0) && rfa_host_ended_well(p->now));
}

static int was_there(const struct place *p)
{
	return rfa_facts_bool(p->before, "present", 0);
}

static int is_old(const struct place *p)
{
	return was_there(p) && p->now &&
	       !strcmp(rfa_facts_str(p->now, "Id", "-"),
		       rfa_facts_str(p->before, "container_id", ""));
}

static const char *id_of(const json_t *container)
{
	return rfa_facts_str(container, "Id", "");
}

/* Made by this run, and serving under its name. */
static int is_ours(const struct place *p)
{
	return p->now && !is_old(p) && *p->made && !strcmp(id_of(p->now), p->made);
}

static int is_somebodys(const struct place *p)
{
	return p->now && !is_old(p) && !is_ours(p);
}

static int somebody(struct rfa_ctx *ctx, const struct place *p, struct rfa_error *err)
{
	if (p->now)
		rfa_fail(err, RFA_EREFUSED, "docker",
			 "somebody has made a container %s meanwhile: it is not touched", p->name);
	else
		rfa_fail(err, RFA_ENOTFOUND, "docker",
			 "the container %s that ran before is gone: somebody removed it", p->name);
	rfa_error_where(err, "%s", ctx->hosts[RFA_TARGET]->name);
	return rfa_error_mend(err, "%s%s%swhat ran before is told by: rfa show %s",
			      p->kept ? "the one that ran before is kept as " : "",
			      p->kept ? p->kept_name : "", p->kept ? "; " : "", ctx->run);
}

/* The old one may stay when it runs the wanted image already, under the wanted name. */
static int may_stay(const struct place *p)
{
	return rfa_facts_bool(p->before, "running", 0) &&
	       !strcmp(rfa_facts_str(p->before, "identity", "-"),
		       rfa_facts_str(p->good, "identity", "")) &&
	       !strcmp(rfa_facts_str(p->before, "ref", "-"), rfa_facts_str(p->good, "ref", ""));
}

/* ---- what the new container shall be ----------------------------------------------------------
 */

static int bootstrap_body(struct rfa_ctx *ctx, const struct place *p, json_t **out,
			  struct rfa_error *err)
{
	json_t *bodies = rfa_facts_at(rfa_ctx_stack(ctx), "bootstrap/containers");
	json_t *body = json_deep_copy(json_object_get(bodies, p->name));
	int rc;

	if (!body) {
		rfa_fail(err, RFA_ENOTFOUND, "config",
			 "there is no container %s on %s, and rfa.json does not say how to make it",
			 p->name, ctx->hosts[RFA_TARGET]->name);
		return rfa_error_mend(err, "add it under bootstrap.containers of the stack");
	}
	rc = rfa_facts_set(body, "Image", json_string(rfa_facts_str(p->good, "ref", "")), err);
	if (!rc)
		rc = rfa_references_fill(ctx, body, NULL, NULL, err);
	if (!rc)
		rc = rfa_spec_expose(body, err);
	if (rc)
		json_decref(body);
	else
		*out = body;
	return rc;
}

/* A rollback point's own description, which never left the host; checked against the ledger. */
static int point_body(struct rfa_ctx *ctx, const struct place *p, json_t **out,
		      struct rfa_error *err)
{
	json_t *image = NULL;
	json_t *specs = NULL;
	json_t *spec;
	int rc = rfa_specs_read(ctx, &specs, err);

	if (rc)
		return rc;
	spec = rfa_facts_at(json_object_get(specs, "containers"), p->name);
	image = json_pack("{s:O?}", "Config", json_object_get(spec, "image"));
	rc = rfa_spec_body(json_object_get(spec, "container"), image,
			   rfa_facts_str(p->good, "ref", ""), out, err);
	json_decref(image);
	json_decref(specs);
	return rc;
}

static int successor_body(struct rfa_ctx *ctx, const struct place *p, json_t **out,
			  struct rfa_error *err)
{
	json_t *old = p->kept ? p->kept : p->now;
	json_t *image = NULL;
	int rc;

	if (rfa_facts_at(ctx->plan_json, "point/specs"))
		return point_body(ctx, p, out, err);
	if (!old)
		return bootstrap_body(ctx, p, out, err);
	rc = rfa_inspect_or_null(ctx->hosts[RFA_TARGET], RFA_IMAGE, rfa_facts_str(old, "Image", ""),
				 &image, err);
	if (!rc)
		rc = rfa_spec_body(old, image, rfa_facts_str(p->good, "ref", ""), out, err);
	json_decref(image);
	return rc;
}

/* ---- moves: each is one job ---------------------------------------------------------------------
 */

static int make_fresh(struct rfa_ctx *ctx, const struct place *p, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *body = NULL;
	int rc = successor_body(ctx, p, &body, err);

	if (!rc)
		rc = ctx->hosts[RFA_TARGET]->ops->container_create(
		    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "create", p->name),
		    p->fresh_name, body, err);
	json_decref(body);
	return rc;
}

static int start(struct rfa_ctx *ctx, const char *name, const char *id, struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->hosts[RFA_TARGET]->ops->container_start(
	    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "start", name), id, err);
}

static int stop(struct rfa_ctx *ctx, const char *name, const json_t *container,
		struct rfa_error *err)
{
	struct rfa_ctx_key key;

	rfa_ctx_say_stop(ctx, container);
	return ctx->hosts[RFA_TARGET]->ops->container_stop(
	    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "stop", name), id_of(container), err);
}

static int drop(struct rfa_ctx *ctx, const char *name, const json_t *container,
		struct rfa_error *err)
{
	struct rfa_ctx_key key;
	int rc = runs(container) || rfa_facts_bool(container, "State/Restarting", 0)
		     ? stop(ctx, name, container, err)
		     : 0;

	if (rc)
		return rc;
	return ctx->hosts[RFA_TARGET]->ops->container_remove(
	    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "remove", name), id_of(container), err);
}

static int name_it(struct rfa_ctx *ctx, const char *op, const char *id, const char *from,
		   const char *to, struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->hosts[RFA_TARGET]->ops->container_rename(
	    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, op, from), id, to, err);
}

/* The new one's id is on record before it gets the name: afterwards nothing else would tell. */
static int put_on_record(struct rfa_ctx *ctx, struct place *p, struct rfa_error *err)
{
	json_t *made = json_copy(rfa_ctx_fact(ctx, ctx->step->name, "made"));
	int rc = 0;

	if (!p->fresh)
		rc = rfa_inspect_or_null(ctx->hosts[RFA_TARGET], RFA_CONTAINER, p->fresh_name,
					 &p->fresh, err);
	if (!rc && !p->fresh) {
		rfa_fail(err, RFA_ENOTFOUND, "docker",
			 "the new container %s is gone: somebody removed it", p->fresh_name);
		rc = rfa_error_where(err, "%s", ctx->hosts[RFA_TARGET]->name);
	}
	if (rc || !strcmp(p->made, id_of(p->fresh)))
		goto done;
	if (!made)
		made = json_object();
	json_object_set_new(made, p->name, json_string(id_of(p->fresh)));
	rc = ctx->progress(ctx,
			   json_pack("{s:s++, s:O}", "says", "the new container of ", p->name,
				     " is made", "made", made),
			   err);
	/* What could not be recorded was not done, as far as anybody can tell. */
	if (rc)
		rfa_error_as(err, RFA_UNKNOWN);
	p->made = made_by_run(ctx, p->name);
done:
	json_decref(made);
	return rc;
}

/* ---- the trio -----------------------------------------------------------------------------------
 */

static int replace_one(struct rfa_ctx *ctx, struct place *p, struct rfa_error *err)
{
	int serving = is_ours(p); /* the new one has its name already */
	int rc = 0;

	if (is_somebodys(p) || (!p->now && !p->kept && was_there(p)))
		return somebody(ctx, p, err);
	if (is_old(p) && may_stay(p))
		return runs(p->now) ? 0 : start(ctx, p->name, id_of(p->now), err);
	if (!serving && !p->fresh)
		rc = make_fresh(ctx, p, err);
	if (!rc && !serving)
		rc = put_on_record(ctx, p, err);
	if (!rc && is_old(p)) {
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s: the new container takes over", p->name);
		if (runs(p->now) || rfa_facts_bool(p->now, "State/Restarting", 0))
			rc = stop(ctx, p->name, p->now, err);
		if (!rc)
			rc = name_it(ctx, "keep", id_of(p->now), p->name, p->kept_name, err);
	} else if (!rc && runs(p->kept)) {
		/* A power cut may have started it again, by its restart policy, on our ports. */
		rc = stop(ctx, p->kept_name, p->kept, err);
	}
	if (!rc && !serving)
		rc = name_it(ctx, "name", p->made, p->fresh_name, p->name, err);
	if (!rc && !(serving && is_settled(p)))
		rc = start(ctx, p->name, p->made, err);
	return rc;
}

static json_t *names_of(const struct rfa_ctx *ctx)
{
	return json_object_get(rfa_ctx_stack(ctx), "containers");
}

/* Goes on from what it sees, so it may be repeated. */
int rfa_replace_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *names = names_of(ctx);
	json_t *made;
	json_t *name;
	size_t i;
	int rc = 0;

	if (!json_array_size(names))
		return rfa_ctx_skip(facts, "the stack has no containers of its own", err);
	made = json_object();
	if (!made)
		return rfa_fail_nomem(err);
	json_array_foreach (names, i, name) {
		struct place p;

		rc = place_look(ctx, json_string_value(name), &p, err);
		if (rc)
			break;
		rc = replace_one(ctx, &p, err);
		place_release(&p);
		if (!rc)
			rc = place_look(ctx, json_string_value(name), &p, err);
		if (!rc && !is_ours(&p) && !is_old(&p)) {
			rc = somebody(ctx, &p, err);
			place_release(&p);
		}
		if (rc) {
			struct rfa_error why = *err;

			/* Whatever stopped it may be in the container's own words. */
			if (why.severity == RFA_FATAL)
				rfa_evidence_logs(ctx, json_string_value(name), facts);
			break;
		}
		json_object_set_new(made, p.name, json_string(rfa_facts_str(p.now, "Id", "")));
		place_release(&p);
	}
	if (!rc)
		rc = rfa_facts_set(facts, "containers", json_incref(made), err);
	json_decref(made);
	return rc;
}

int rfa_replace_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	json_t *names = names_of(ctx);
	size_t done = 0;
	size_t begun = 0;
	json_t *name;
	size_t i;

	(void)facts;
	json_array_foreach (names, i, name) {
		struct place p;
		int rc = place_look(ctx, json_string_value(name), &p, err);

		if (rc)
			return rc;
		if (p.kept || p.fresh || is_ours(&p))
			begun++;
		if (p.now && is_settled(&p) && !p.fresh && !runs(p.kept) &&
		    (is_old(&p) ? may_stay(&p) : is_ours(&p)))
			done++;
		else if (is_old(&p) && rfa_facts_bool(p.before, "running", 0) && !runs(p.now))
			begun++; /* stopped, and no further */
		place_release(&p);
	}
	*seen = done == json_array_size(names) ? RFA_PROBE_DONE
		: begun                        ? RFA_PROBE_PARTIAL
					       : RFA_PROBE_NOT_DONE;
	return 0;
}

/* The old one comes back under its name and runs if it ran; whatever this run made goes. */
static int put_back(struct rfa_ctx *ctx, struct place *p, struct rfa_error *err)
{
	int ran = rfa_facts_bool(p->before, "running", 0);
	int rc = 0;

	if (is_ours(p))
		rc = drop(ctx, p->name, p->now, err);
	if (!rc && p->fresh)
		rc = drop(ctx, p->fresh_name, p->fresh, err);
	/* An updater has made it again before this run touched it: all of it is as it should be. */
	if (!rc && is_somebodys(p) && was_there(p) && !p->kept && runs(p->now) >= ran) {
		rfa_ctx_say(ctx, RFA_EVENT_WARNING,
			    "somebody has made %s on %s again meanwhile: it is left as it is",
			    p->name, ctx->hosts[RFA_TARGET]->name);
		return 0;
	}
	if (!rc && is_somebodys(p))
		rc = somebody(ctx, p, err);
	if (rc)
		return rc;
	if (p->kept) {
		/* A reboot may have started it under its other name, by its restart policy. */
		rc = name_it(ctx, "back", id_of(p->kept), p->kept_name, p->name, err);
		if (!rc && ran && !runs(p->kept))
			rc = start(ctx, p->name, id_of(p->kept), err);
		return rc;
	}
	if (!is_old(p))
		return was_there(p) ? somebody(ctx, p, err) : 0;
	return ran && !runs(p->now) ? start(ctx, p->name, id_of(p->now), err) : 0;
}

int rfa_replace_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	json_t *names = names_of(ctx);
	size_t i = json_array_size(names);

	while (i-- > 0) {
		struct place p;
		int rc = place_look(ctx, json_string_value(json_array_get(names, i)), &p, err);

		if (rc)
			return rc;
		rc = put_back(ctx, &p, err);
		place_release(&p);
		if (rc)
			return rc;
	}
	return 0;
}

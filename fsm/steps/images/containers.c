/*
 * Containers that were started by `docker run`, one after the other. Names tell how far it got,
 * so every call looks first and goes on from what it sees:
 *
 *     NAME            the one that serves
 *     NAME.rfa-RUN    the old one, stopped, saved for the way back
 *     NAME.rfa-new-RUN  the new one, made before the old one stops, so that the gap is short
 *
 * Anybody may remove and make containers meanwhile, so a name alone proves nothing: the old one is
 * known by the id that target.observe saw, the new one by the id that is on record before it gets
 * the name. Containers are stopped, renamed and removed by id; whatever else has the name is left.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/steps/common/consumers.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/secrets.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/images/spec_fields.h"
#include "fsm/steps/steps.h"

/* One container of the stack, as it is now. */
struct place {
	const char *name; /* borrowed from the plan */
	char saved_name[192];
	char fresh_name[192];
	json_t *now, *saved, *fresh;        /* inspect objects; NULL: there is none */
	const struct rfa_image *image;      /* what it shall run; NULL: nothing is known */
	const struct rfa_container *before; /* as the look saw it; NULL: it did not */
	const char *made;                   /* the id of the one that this run made; "": none yet */
	int anew; /* the run makes containers anew, and this is no server that has to run on */
};

static void place_release(struct place *p)
{
	json_decref(p->now);
	json_decref(p->saved);
	json_decref(p->fresh);
	p->now = p->saved = p->fresh = NULL;
}

/* Known from the step's progress on, whatever comes of the attempt. */
static const char *made_by_run(const struct rfa_ctx *ctx, const char *name)
{
	const struct rfa_tagged *made = rfa_tagged_of(&ctx->made.containers, name);

	return made ? made->id : "";
}

/* What inspect_all has of one of them, new; NULL: there is none. */
static json_t *one_of(const json_t *all, size_t i)
{
	json_t *one = json_array_get(all, i);

	return json_is_object(one) ? json_incref(one) : NULL;
}

/* On failure there is nothing to release. */
static int place_observed(struct rfa_ctx *ctx, const char *name, struct place *p,
			  struct rfa_error *err)
{
	const struct rfa_object_name names[] = { { RFA_CONTAINER, name },
						 { RFA_CONTAINER, p->saved_name },
						 { RFA_CONTAINER, p->fresh_name } };
	json_t *all = NULL;
	int rc;

	memset(p, 0, sizeof(*p));
	p->name = name;
	p->image = rfa_desired_of(ctx, name);
	p->before = rfa_before_of(ctx, name);
	p->made = made_by_run(ctx, name);
	p->anew =
	    rfa_ctx_options(ctx)->recreate && !rfa_stack_has_server(rfa_ctx_stack_here(ctx), name);
	snprintf(p->saved_name, sizeof(p->saved_name), "%s.rfa-%s", name, ctx->run);
	snprintf(p->fresh_name, sizeof(p->fresh_name), "%s.rfa-new-%s", name, ctx->run);
	rc = ctx->host->engine->inspect_all(ctx->host, names, 3, &all, err);
	p->now = one_of(all, 0);
	p->saved = one_of(all, 1);
	p->fresh = one_of(all, 2);
	json_decref(all);
	return rc;
}

/* It runs, or it has done what it was for: it is not started once more. */
static int is_settled(const struct place *p)
{
	return rfa_container_running(p->now) || rfa_image_is_done(p->image, p->now);
}

static int was_there(const struct place *p)
{
	return p->before && p->before->present;
}

static int ran_before(const struct place *p)
{
	return p->before && p->before->running;
}

static int is_old(const struct place *p)
{
	return was_there(p) && p->now && *p->before->container_id &&
	       !strcmp(rfa_container_id(p->now), p->before->container_id);
}

/* Made by this run, and serving under its name. */
static int is_ours(const struct place *p)
{
	return p->now && !is_old(p) && *p->made && !strcmp(rfa_container_id(p->now), p->made);
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
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "%s%s%swhat ran before is told by: rfa show %s",
			      p->saved ? "the one that ran before is kept as " : "",
			      p->saved ? p->saved_name : "", p->saved ? "; " : "", ctx->run);
}

/* The old one may stay when it runs the desired image already, under the desired name. */
static int may_stay(const struct place *p)
{
	return !p->anew && ran_before(p) && p->image &&
	       !strcmp(p->before->identity, p->image->identity) &&
	       !strcmp(p->before->ref, p->image->ref);
}

/* What the new container shall be. */

static const char *ref_of(const struct place *p)
{
	return p->image ? p->image->ref : "";
}

static int bootstrap_body(struct rfa_ctx *ctx, const struct place *p, json_t **out,
			  struct rfa_error *err)
{
	const struct rfa_bootstrap *is = rfa_ctx_stack_here(ctx)->bootstrap;
	const json_t *described = is ? json_object_get(is->containers, p->name) : NULL;
	json_t *body = rfa_facts_copy(described);
	int rc;

	if (!described) {
		rfa_fail(err, RFA_ENOTFOUND, "config",
			 "there is no container %s on %s, and rfa.json does not say how to make it",
			 p->name, ctx->host->name);
		return rfa_error_hint(err, "add it under bootstrap.containers of the stack");
	}
	if (!body)
		return rfa_fail_nomem(err);
	rc = rfa_facts_set(body, "Image", json_string(ref_of(p)), err);
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

static int successor_body(struct rfa_ctx *ctx, const struct place *p, json_t **out,
			  struct rfa_error *err)
{
	const json_t *old = p->saved ? p->saved : p->now;

	return old || rfa_specs_of(ctx) ? rfa_spec_successor(ctx, p->name, old, ref_of(p), out, err)
					: bootstrap_body(ctx, p, out, err);
}

int rfa_container_body(struct rfa_ctx *ctx, const char *name, json_t **out, struct rfa_error *err)
{
	struct place p;
	int rc = place_observed(ctx, name, &p, err);

	if (rc)
		return rc;
	rc = successor_body(ctx, &p, out, err);
	place_release(&p);
	return rc;
}

/* Moves: each is one job. */

static int make_fresh(struct rfa_ctx *ctx, const struct place *p, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *body = NULL;
	int rc = successor_body(ctx, p, &body, err);

	if (!rc)
		rc = ctx->host->engine->container_create(
		    ctx->host, rfa_ctx_key(ctx, &key, "create", p->name), p->fresh_name, body, err);
	json_decref(body);
	return rc;
}

static int start(struct rfa_ctx *ctx, const char *name, const char *id, struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->host->engine->container_start(ctx->host, rfa_ctx_key(ctx, &key, "start", name),
						  id, err);
}

static int stop(struct rfa_ctx *ctx, const char *name, const json_t *container,
		struct rfa_error *err)
{
	struct rfa_ctx_key key;

	rfa_ctx_say_stop(ctx, container);
	return ctx->host->engine->container_stop(ctx->host, rfa_ctx_key(ctx, &key, "stop", name),
						 rfa_container_id(container), err);
}

static int drop(struct rfa_ctx *ctx, const char *name, const json_t *container,
		struct rfa_error *err)
{
	struct rfa_ctx_key key;
	int rc = rfa_container_active(container) ? stop(ctx, name, container, err) : 0;

	if (rc)
		return rc;
	return ctx->host->engine->container_remove(
	    ctx->host, rfa_ctx_key(ctx, &key, "remove", name), rfa_container_id(container), err);
}

static int name_it(struct rfa_ctx *ctx, const char *op, const char *id, const char *from,
		   const char *to, struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->host->engine->container_rename(ctx->host, rfa_ctx_key(ctx, &key, op, from), id,
						   to, err);
}

/* What this run has made, with this one instead of any other of its name. */
static struct rfa_made with_made(struct rfa_ctx *ctx, const char *name, const char *id)
{
	struct rfa_made made = ctx->made;
	const struct rfa_tagged *one;
	struct rfa_tagged *own;

	memset(&made.containers, 0, sizeof(made.containers));
	RFA_EACH (one, ctx->made.containers)
		if (strcmp(one->ref, name) != 0)
			*RFA_ADD(ctx->pool, tagged, &made.containers) = *one;
	own = RFA_ADD(ctx->pool, tagged, &made.containers);
	own->ref = name;
	own->id = id;
	return made;
}

/* The new one's id is on record before it gets the name: afterwards nothing else would tell. */
static int put_on_record(struct rfa_ctx *ctx, struct place *p, struct rfa_error *err)
{
	struct rfa_made made;
	const char *summary;
	int rc = 0;

	if (!p->fresh)
		rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, p->fresh_name, &p->fresh, err);
	if (!rc && !p->fresh) {
		rfa_fail(err, RFA_ENOTFOUND, "docker",
			 "the new container %s is gone: somebody removed it", p->fresh_name);
		rc = rfa_error_where(err, "%s", ctx->host->name);
	}
	if (rc || !strcmp(p->made, rfa_container_id(p->fresh)))
		return rc;
	made = with_made(ctx, p->name, rfa_container_id(p->fresh));
	summary = rfa_pool_printf(ctx->pool, "the new container of %s is made", p->name);
	rc = rfa_ctx_made(ctx, &made, summary, err);
	/* What could not be recorded was not done, as far as anybody can tell. */
	if (rc)
		rfa_error_as(err, RFA_UNKNOWN);
	p->made = made_by_run(ctx, p->name);
	return rc;
}

/* The trio. */

/* The old one makes room for the new one: it stops, and gets another name. */
static int save_old(struct rfa_ctx *ctx, struct place *p, struct rfa_error *err)
{
	int rc = 0;

	if (is_old(p)) {
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s: the new container takes over", p->name);
		if (rfa_container_active(p->now))
			rc = stop(ctx, p->name, p->now, err);
		if (!rc)
			rc = name_it(ctx, "save", rfa_container_id(p->now), p->name, p->saved_name,
				     err);
	} else if (rfa_container_running(p->saved)) {
		/* A power cut may have started it again, by its restart policy, on our ports. */
		rc = stop(ctx, p->saved_name, p->saved, err);
	}
	return rc;
}

static int replace_one(struct rfa_ctx *ctx, struct place *p, struct rfa_error *err)
{
	int serving = is_ours(p); /* the new one has its name already */
	int rc = 0;

	if (is_somebodys(p) || (!p->now && !p->saved && was_there(p)))
		return somebody(ctx, p, err);
	if (is_old(p) && may_stay(p))
		return rfa_container_running(p->now)
			   ? 0
			   : start(ctx, p->name, rfa_container_id(p->now), err);
	if (!serving && !p->fresh)
		rc = make_fresh(ctx, p, err);
	if (!rc && !serving)
		rc = put_on_record(ctx, p, err);
	if (!rc)
		rc = save_old(ctx, p, err);
	if (!rc && !serving)
		rc = name_it(ctx, "name", p->made, p->fresh_name, p->name, err);
	if (!rc && !(serving && is_settled(p)))
		rc = start(ctx, p->name, p->made, err);
	return rc;
}

/* Replaces one, and looks whether it is what it should be. */
static int replace(struct rfa_ctx *ctx, const char *name, struct rfa_error *err)
{
	struct place p;
	int rc = place_observed(ctx, name, &p, err);

	if (rc)
		return rc;
	rc = replace_one(ctx, &p, err);
	place_release(&p);
	if (!rc)
		rc = place_observed(ctx, name, &p, err);
	if (!rc && !is_ours(&p) && !is_old(&p))
		rc = somebody(ctx, &p, err);
	place_release(&p);
	return rc;
}

static const struct rfa_texts *names_of(const struct rfa_ctx *ctx)
{
	return &rfa_ctx_stack_here(ctx)->containers;
}

/* Goes on from what it sees, so it may be repeated. */
int rfa_replace_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_texts *names = names_of(ctx);
	size_t i;
	int rc = 0;

	for (i = 0; i < names->n && !rc; i++) {
		rc = replace(ctx, names->at[i], err);
		/* Whatever stopped it may be in the container's own words. */
		if (rc && err->severity == RFA_FATAL)
			rfa_evidence_logs(ctx, names->at[i], facts);
	}
	return rc;
}

/* *done: one more is as it shall be. *begun: one more is no longer as it was. */
static int count(struct rfa_ctx *ctx, const char *name, size_t *done, size_t *begun,
		 struct rfa_error *err)
{
	struct place p;
	int rc = place_observed(ctx, name, &p, err);

	if (rc)
		return rc;
	*begun += p.saved || p.fresh || is_ours(&p);
	if (p.now && is_settled(&p) && !p.fresh && !rfa_container_running(p.saved) &&
	    (is_old(&p) ? may_stay(&p) : is_ours(&p)))
		++*done;
	else if (is_old(&p) && ran_before(&p) && !rfa_container_running(p.now))
		++*begun; /* stopped, and no further */
	place_release(&p);
	return 0;
}

int rfa_replace_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	const struct rfa_texts *names = names_of(ctx);
	size_t done = 0;
	size_t begun = 0;
	size_t i;
	int rc = 0;

	(void)facts;
	for (i = 0; i < names->n && !rc; i++)
		rc = count(ctx, names->at[i], &done, &begun, err);
	*seen = done == names->n ? RFA_PROBE_DONE : begun ? RFA_PROBE_PARTIAL : RFA_PROBE_NOT_DONE;
	return rc;
}

/* It ran, and nothing has to stand still until the data is back. */
static int comes_back(const struct rfa_ctx *ctx, const struct place *p)
{
	return ran_before(p) && !rfa_stands_still(ctx);
}

/* A reboot may have started it under its other name, by its restart policy. */
static int put_saved_back(struct rfa_ctx *ctx, const struct place *p, struct rfa_error *err)
{
	const char *id = rfa_container_id(p->saved);
	int rc = name_it(ctx, "back", id, p->saved_name, p->name, err);

	if (!rc && comes_back(ctx, p) && !rfa_container_running(p->saved))
		rc = start(ctx, p->name, id, err);
	return rc;
}

/* One that stayed what it is: this step may have started it. */
static int put_right(struct rfa_ctx *ctx, const struct place *p, struct rfa_error *err)
{
	int runs = rfa_container_running(p->now);

	if (comes_back(ctx, p) && !runs)
		return start(ctx, p->name, rfa_container_id(p->now), err);
	if (rfa_stands_still(ctx) && runs &&
	    !rfa_stack_has_server(rfa_ctx_stack_here(ctx), p->name))
		return stop(ctx, p->name, p->now, err);
	return 0;
}

/* The old one comes back under its name and runs if it ran; whatever this run made goes. */
static int put_back(struct rfa_ctx *ctx, struct place *p, struct rfa_error *err)
{
	int ran = comes_back(ctx, p);
	int rc = 0;

	if (is_ours(p))
		rc = drop(ctx, p->name, p->now, err);
	if (!rc && p->fresh)
		rc = drop(ctx, p->fresh_name, p->fresh, err);
	/* An updater has made it again before this run touched it: all of it is as it should be. */
	if (!rc && is_somebodys(p) && was_there(p) && !p->saved &&
	    rfa_container_running(p->now) >= ran) {
		rfa_ctx_say(ctx, RFA_EVENT_WARNING,
			    "somebody has made %s on %s again meanwhile: it is left as it is",
			    p->name, ctx->host->name);
		return 0;
	}
	if (!rc && is_somebodys(p))
		rc = somebody(ctx, p, err);
	if (rc)
		return rc;
	if (p->saved)
		return put_saved_back(ctx, p, err);
	if (!is_old(p))
		return was_there(p) ? somebody(ctx, p, err) : 0;
	return put_right(ctx, p, err);
}

int rfa_replace_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_texts *names = names_of(ctx);
	size_t i = names->n;

	while (i-- > 0) {
		struct place p;
		int rc = place_observed(ctx, names->at[i], &p, err);

		if (rc)
			return rc;
		rc = put_back(ctx, &p, err);
		place_release(&p);
		if (rc)
			return rc;
	}
	return 0;
}

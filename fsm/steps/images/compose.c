/*
 * Containers of a Compose project: brought up with their images pinned by an override file in
 * rfa's own directory. The project's files are never written.
 */
#include <string.h>

#include "fsm/steps/images/compose_project.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/common/consumers.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/images/variables.h"

/* The pins. */

static int write_pins(struct rfa_ctx *ctx, const char *text, struct rfa_error *err)
{
	char path[400];

	rfa_pins_path(ctx, path, sizeof(path));
	return text ? ctx->host->files->write(ctx->host, path, 0600, text, strlen(text), err)
		    : ctx->host->files->remove(ctx->host, path, err);
}

/* The file with the pins that were in force before the run; NULL: there was none. */
static const char *old_pins(const struct rfa_ctx *ctx)
{
	return ctx->own->pinned ? ctx->own->pins : NULL;
}

/* The old file, without what is not understood: a broken one of ours is no reason to stop. */
static json_t *file_of(const char *old)
{
	struct rfa_error ignored;
	json_t *file = NULL;

	if (old && !rfa_facts_parse(&file, old, strlen(old), "pins", &ignored) &&
	    json_is_object(json_object_get(file, "services")))
		return file;
	json_decref(file);
	return json_pack("{s:{}}", "services");
}

static int pin(json_t *services, const char *service, const char *ref, struct rfa_error *err)
{
	return rfa_facts_set(services, service,
			     json_pack("{s:s, s:s}", "image", ref, "pull_policy", "never"), err);
}

/*
 * Writes the override: an image for each of these services, and never a pull. What other services
 * of the project were pinned to, they stay pinned to. JSON is YAML.
 */
static int write_override(struct rfa_ctx *ctx, const struct rfa_image_list *images,
			  struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *file = file_of(old_pins(ctx));
	const struct rfa_image *image;
	int rc = file ? 0 : rfa_fail_nomem(err);

	RFA_EACH (image, *images)
		if (!rc)
			rc = pin(json_object_get(file, "services"), image->key, image->ref, err);
	if (!rc)
		rc = rfa_facts_encode(file, &text, err);
	if (!rc)
		rc = write_pins(ctx, rfa_buf_str(&text), err);
	json_decref(file);
	rfa_buf_release(&text);
	return rc;
}

static int pin_desired(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_image_list images = { NULL, 0 };
	const struct rfa_image *image;
	int rc;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (rfa_compose_deploys(ctx, image->key))
			*RFA_ADD(ctx->pool, image, &images) = *image;
	rc = rfa_pool_check(ctx->pool, err);
	return rc ? rc : write_override(ctx, &images, err);
}

/*
 * The reference under which what ran before can be had. A tag that has been moved since then does
 * not name it any more: the pin of the rollback point does.
 */
static const char *ref_before(const struct rfa_ctx *ctx, const struct rfa_container *before)
{
	const struct rfa_tagged *tag = rfa_tagged_of(&ctx->own->tags, before->ref);

	if (tag && *tag->id && !strcmp(tag->id, before->image_id))
		return before->ref;
	return rfa_image_pin(ctx->pool, before->identity, ctx->run);
}

/* What each service ran before: key and ref. */
static int images_before(const struct rfa_ctx *ctx, struct rfa_image_list *out,
			 struct rfa_error *err)
{
	const struct rfa_container *before;

	memset(out, 0, sizeof(*out));
	RFA_EACH (before, ctx->own->containers) {
		struct rfa_image *image;

		if (!rfa_compose_deploys(ctx, before->key) || !before->present ||
		    rfa_image_of(out, before->key))
			continue;
		image = RFA_ADD(ctx->pool, image, out);
		image->key = before->key;
		image->ref = ref_before(ctx, before);
	}
	return rfa_pool_check(ctx->pool, err);
}

static const char *configured(const json_t *answer, const char *service)
{
	return rfa_facts_str(json_object_get(rfa_facts_at(answer, "config/services"), service),
			     "image", "");
}

/* *is: the project says by itself, with the pins of before, that it runs these images. */
static int says(struct rfa_ctx *ctx, const struct rfa_image_list *images, int *is,
		struct rfa_error *err)
{
	struct rfa_compose_project project;
	const struct rfa_image *image;
	json_t *answer = NULL;
	int rc = rfa_compose_project(ctx, old_pins(ctx) != NULL, &project, err);

	RFA_EACH (image, *images)
		if (!rc)
			rc = rfa_compose_add_service(ctx, image->key, &project, err);
	if (!rc)
		rc = ctx->host->engine->compose_config(ctx->host, &project.compose, &answer, err);
	*is = !rc;
	RFA_EACH (image, *images)
		if (strcmp(configured(answer, image->key), image->ref) != 0)
			*is = 0;
	json_decref(answer);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

/*
 * The pins for the way back: those of before, if with them the project says what ran. Its files may
 * have come to name something else since; then what ran is pinned. *pinned: there are any.
 */
static int pin_before(struct rfa_ctx *ctx, int *pinned, struct rfa_error *err)
{
	struct rfa_image_list images;
	int is = 0;
	int rc = images_before(ctx, &images, err);

	if (!rc)
		rc = write_pins(ctx, old_pins(ctx), err);
	if (!rc)
		rc = says(ctx, &images, &is, err);
	if (!rc && !is)
		rc = write_override(ctx, &images, err);
	*pinned = !is || old_pins(ctx);
	return rc;
}

/* The trio. */

static int observe(struct rfa_ctx *ctx, struct rfa_observed_list *seen, struct rfa_error *err)
{
	return rfa_observe(ctx->host, rfa_ctx_stack_here(ctx), ctx->pool, seen, err);
}

/* What ended badly says why in its own words. */
static void keep_logs(struct rfa_ctx *ctx, json_t *facts)
{
	const struct rfa_observed *one;
	struct rfa_observed_list seen;
	struct rfa_error ignored;

	if (observe(ctx, &seen, &ignored))
		return;
	RFA_EACH (one, seen)
		if (one->inspect && rfa_compose_deploys(ctx, one->key) &&
		    !rfa_container_running(one->inspect) && rfa_container_exit(one->inspect) != 0)
			rfa_evidence_logs(ctx, one->container, facts);
}

/* *has: it was made of the image that this run brings for it. */
static int has_desired(struct rfa_ctx *ctx, const struct rfa_observed *seen, int *has,
		       struct rfa_error *err)
{
	const struct rfa_image *image = rfa_desired_of(ctx, seen->key);
	const char *id = NULL;
	json_t *holder = NULL;
	int rc = image ? rfa_image_id(ctx->host, image->pin, &holder, &id, err) : 0;

	*has = id && !strcmp(id, rfa_container_image(seen->inspect));
	json_decref(holder);
	return rc < 0 ? rc : 0;
}

static int is_desired(struct rfa_ctx *ctx, const struct rfa_observed *seen, int *is,
		      struct rfa_error *err)
{
	int rc = has_desired(ctx, seen, is, err);

	*is = *is && (rfa_container_running(seen->inspect) || rfa_host_ended_well(seen->inspect));
	return rc;
}

/* Compose has answered that all is up: no container is one of another image that was left standing.
 */
static int all_made(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_observed *one;
	struct rfa_observed_list seen;
	int rc = observe(ctx, &seen, err);

	if (rc)
		return rc;
	RFA_EACH (one, seen) {
		int has = 1;

		if (!one->inspect || !rfa_compose_deploys(ctx, one->key))
			continue;
		rc = has_desired(ctx, one, &has, err);
		if (rc)
			return rc;
		if (has)
			continue;
		rfa_fail(err, RFA_EREMOTE, "compose",
			 "Compose says that it is done, but %s still has image %s", one->container,
			 rfa_container_image(one->inspect));
		rfa_error_where(err, "service %s", one->key);
		rfa_error_hint(err, "look at what `docker compose up` says there of this service");
		return -RFA_EREMOTE;
	}
	return 0;
}

static int bring_up(struct rfa_ctx *ctx, const struct rfa_compose_project *project, json_t *facts,
		    struct rfa_error *err)
{
	struct rfa_ctx_key key;
	int rc = pin_desired(ctx, err);

	if (!rc)
		rc = ctx->host->engine->compose_up(ctx->host, rfa_ctx_key(ctx, &key, "up", NULL),
						   &project->compose, err);
	if (rc == -RFA_EREMOTE)
		keep_logs(ctx, facts);
	return rc ? rc : all_made(ctx, err);
}

/* Those that have started first are made anew already. */
static int add_others(const struct rfa_ctx *ctx, struct rfa_compose_project *project,
		      struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc && rfa_compose_deploys(ctx, image->key) &&
		    !rfa_compose_starts_first(ctx, image->key))
			rc = rfa_compose_add_service(ctx, image->key, project, err);
	return rc;
}

/* Compose itself goes on from what it sees, so it may be repeated. */
int rfa_compose_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_compose_project project;
	struct rfa_proven proven;
	const char *summary;
	char path[400];
	int rc;

	rc = rfa_compose_project(ctx, 1, &project, err);
	if (!rc)
		rc = add_others(ctx, &project, err);
	/* An attempt that was undone has brought back the files of before. */
	if (!rc && ctx->attempt > 1 && rfa_files_with_images(ctx))
		rc = rfa_files_write_again(ctx, err);
	if (!rc && ctx->attempt > 1 && rfa_release_of(ctx))
		rc = rfa_variables_write(ctx, err);
	if (!rc && !project.services[0])
		return rfa_ctx_skip(facts, "no other service of it is deployed", err);
	project.compose.recreate = rfa_ctx_options(ctx)->recreate;
	if (!rc)
		rc = bring_up(ctx, &project, facts, err);
	if (rc)
		return rc;
	/* Without the override, a hand-made `up` goes back to what the project's own files name. */
	rfa_pins_path(ctx, path, sizeof(path));
	summary = rfa_pool_printf(ctx->pool, "the images are pinned: by hand, add -f %s", path);
	rfa_record_clear(&rfa_shape_proven, &proven);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* Services that the others need: what they keep begins before the others see it. */
int rfa_compose_first_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	const struct rfa_stack_init *init = stack->init;
	struct rfa_compose_project project;
	struct rfa_ctx_key key;
	size_t i;
	int rc;

	if (!stack->compose || !init->first.n)
		return rfa_ctx_skip(facts, "no service has to start before the others", err);
	rc = rfa_compose_project(ctx, 1, &project, err);
	for (i = 0; i < init->first.n && !rc; i++)
		rc = rfa_compose_add_service(ctx, init->first.at[i], &project, err);
	project.compose.recreate = rfa_ctx_options(ctx)->recreate;
	if (!rc)
		rc = pin_desired(ctx, err);
	if (!rc)
		rc = ctx->host->engine->compose_up(ctx->host, rfa_ctx_key(ctx, &key, "first", NULL),
						   &project.compose, err);
	if (rc == -RFA_EREMOTE)
		keep_logs(ctx, facts);
	return rc;
}

int rfa_compose_first_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			    struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* How far the containers of the deployed services are. */
struct count {
	size_t all,
	    desired; /* that are there; that run the desired image, or have run it to its end */
	size_t then, before; /* that were there before; that are as before */
	size_t lacking;      /* services with fewer containers than they had, or with none */
};

static int is_as_before(const struct rfa_ctx *ctx, const struct rfa_observed *seen)
{
	const struct rfa_container *was;

	RFA_EACH (was, ctx->own->containers)
		if (was->present && *was->container_id &&
		    !strcmp(was->container_id, rfa_container_id(seen->inspect)))
			return was->running == rfa_container_running(seen->inspect) ||
			       rfa_stands_still(ctx);
	return 0;
}

static int count(struct rfa_ctx *ctx, const struct rfa_observed_list *seen, struct count *n,
		 struct rfa_error *err)
{
	const struct rfa_image *image;
	const struct rfa_observed *one;

	memset(n, 0, sizeof(*n));
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		size_t then = rfa_count_before(ctx, image->key, 0);

		size_t now = rfa_observed_count(seen, image->key);
		int none = 0;
		int rc;

		if (!rfa_compose_deploys(ctx, image->key))
			continue;
		rc = now ? 0 : rfa_compose_none(ctx, image->key, &none, err);
		if (rc)
			return rc;
		n->then += then;
		n->lacking += !none && now < (then ? then : 1);
	}
	RFA_EACH (one, *seen) {
		int is = 0;
		int rc;

		if (!one->inspect || !rfa_compose_deploys(ctx, one->key))
			continue;
		rc = is_desired(ctx, one, &is, err);
		if (rc)
			return rc;
		n->all++;
		n->desired += is != 0;
		n->before += is_as_before(ctx, one) != 0;
	}
	return 0;
}

int rfa_compose_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	struct rfa_observed_list now;
	struct count n;
	int rc = observe(ctx, &now, err);

	(void)facts;
	if (!rc)
		rc = count(ctx, &now, &n, err);
	if (rc)
		return rc;
	*seen = !n.lacking && n.desired == n.all       ? RFA_PROBE_DONE
		: n.before == n.all && n.all == n.then ? RFA_PROBE_NOT_DONE
						       : RFA_PROBE_PARTIAL;
	return 0;
}

static int drop(struct rfa_ctx *ctx, const char *name, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key job;
	int rc =
	    host->engine->container_stop(host, rfa_ctx_key(ctx, &job, "stop", name), name, err);

	return rc ? rc
		  : host->engine->container_remove(host, rfa_ctx_key(ctx, &job, "remove", name),
						   name, err);
}

/* A service that was not there before goes. */
static int drop_new(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
		    struct rfa_error *err)
{
	const struct rfa_observed *one;
	int rc = 0;

	RFA_EACH (one, *seen)
		if (!rc && *one->container && rfa_compose_deploys(ctx, one->key) &&
		    !rfa_count_before(ctx, one->key, 0))
			rc = drop(ctx, one->container, err);
	return rc;
}

/*
 * Compose makes the services again that were there before, all at once: what one of them depends on
 * is part of it. None is started unless all of them ran.
 */
static int make_before(struct rfa_ctx *ctx, int pinned, int *started, struct rfa_error *err)
{
	struct rfa_compose_project project;
	const struct rfa_image *image;
	struct rfa_ctx_key key;
	int rc = rfa_compose_project(ctx, pinned, &project, err);

	*started = !rfa_stands_still(ctx);
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		if (rc || !rfa_compose_deploys(ctx, image->key) ||
		    !rfa_count_before(ctx, image->key, 0))
			continue;
		*started &= rfa_count_before(ctx, image->key, 1) > 0;
		rc = rfa_compose_add_service(ctx, image->key, &project, err);
	}
	project.compose.no_start = !*started;
	if (rc || !project.services[0])
		return rc;
	return ctx->host->engine->compose_up(ctx->host,
					     rfa_ctx_key(ctx, &key, *started ? "up" : "make", NULL),
					     &project.compose, err);
}

/* Starts it if it ran. */
static int start_one(struct rfa_ctx *ctx, const json_t *c, struct rfa_error *err)
{
	const char *service = rfa_container_label(c, "com.docker.compose.service");
	const char *name = rfa_container_name(c);
	struct rfa_ctx_key key;

	if (!rfa_compose_deploys(ctx, service) || !rfa_count_before(ctx, service, 1) ||
	    rfa_container_active(c))
		return 0;
	return ctx->host->engine->container_start(ctx->host, rfa_ctx_key(ctx, &key, "start", name),
						  name, err);
}

/* Starts what ran, in the order of what depends on what: the reverse of the one for stopping. */
static int start_before(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_consumer_list members = { NULL, 0 };
	struct rfa_stack project;
	json_t *all = NULL;
	size_t i;
	int rc = ctx->host->engine->list(ctx->host, RFA_CONTAINER, &all, err);

	rfa_record_clear(&rfa_shape_stack, &project);
	project.compose = rfa_ctx_stack_here(ctx)->compose;
	if (!rc)
		rc = rfa_consumers(ctx->pool, &project, all, &members, err);
	for (i = members.n; !rc && i-- > 0;)
		rc = start_one(ctx, members.at[i].inspect, err);
	json_decref(all);
	return rc;
}

/* What this step has started stands still again; a server of data runs as long as the run lasts. */
static int stop_all(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
		    struct rfa_error *err)
{
	const struct rfa_observed *one;
	struct rfa_ctx_key job;
	int rc = 0;

	RFA_EACH (one, *seen)
		if (!rc && rfa_container_active(one->inspect) &&
		    rfa_compose_deploys(ctx, one->key) &&
		    !rfa_stack_has_server(rfa_ctx_stack_here(ctx), one->container))
			rc = ctx->host->engine->container_stop(
			    ctx->host, rfa_ctx_key(ctx, &job, "still", one->container),
			    one->container, err);
	return rc;
}

static int go_back(struct rfa_ctx *ctx, const struct rfa_observed_list *seen, struct rfa_error *err)
{
	int pinned = 0;
	int started = 0;
	int rc = rfa_tag_undo(ctx, err);

	if (!rc)
		rc = drop_new(ctx, seen, err);
	if (!rc)
		rc = pin_before(ctx, &pinned, err);
	if (!rc)
		rc = make_before(ctx, pinned, &started, err);
	return rc || started || rfa_stands_still(ctx) ? rc : start_before(ctx, err);
}

/* The tags point where they did, Compose brings up what ran, and the pins are what they were. */
int rfa_compose_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_observed_list seen;
	struct count n;
	int rc;

	/* Files that have come back go first: Compose brings up what ran with those that it had. */
	rc = rfa_files_with_images(ctx) ? rfa_files_write_undo(ctx, err) : 0;
	if (!rc && rfa_release_of(ctx))
		rc = rfa_variables_undo(ctx, err);
	if (!rc)
		rc = observe(ctx, &seen, err);
	if (!rc && rfa_stands_still(ctx))
		rc = stop_all(ctx, &seen, err);
	if (!rc)
		rc = count(ctx, &seen, &n, err);
	if (!rc && (n.before != n.all || n.all != n.then))
		rc = go_back(ctx, &seen, err);
	return rc ? rc : write_pins(ctx, old_pins(ctx), err);
}

/*
 * A service that starts first, and that the version does not bring: one that was not there goes;
 * one that was stands still, as all the others, until what was stopped starts. What the
 * configuration leaves out was not looked at, so it may have been there.
 */
static int first_goes(struct rfa_ctx *ctx, const struct rfa_observed *one, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	int seen =
	    !stack->compose->services.n || rfa_texts_have(&stack->compose->services, one->key);
	struct rfa_ctx_key job;

	if (!one->inspect || rfa_compose_deploys(ctx, one->key) ||
	    !rfa_texts_have(&stack->init->first, one->key))
		return 0;
	if (seen && !rfa_count_before(ctx, one->key, 0))
		return drop(ctx, one->container, err);
	if (!rfa_stands_still(ctx) || !rfa_container_active(one->inspect) ||
	    rfa_stack_has_server(stack, one->container))
		return 0;
	return ctx->host->engine->container_stop(
	    ctx->host, rfa_ctx_key(ctx, &job, "still", one->container), one->container, err);
}

/* What of them is deployed comes back with all the others. */
int rfa_compose_first_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	struct rfa_observed_list seen = { NULL, 0 };
	const struct rfa_observed *one;
	int rc = rfa_compose_undo(ctx, err);

	if (rc || !stack->compose)
		return rc;
	rc = rfa_observe_project(ctx->host, stack->compose->project, ctx->pool, &seen, err);
	RFA_EACH (one, seen)
		if (!rc)
			rc = first_goes(ctx, one, err);
	return rc;
}

/*
 * The gate of a Compose project: it is valid, and bringing it up changes the images and nothing
 * else. Compose makes a container anew whenever its files, its variables or the way it is called
 * say something else than when it was brought up, and nobody would hear of it before it runs.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/images/compose_changes.h"
#include "fsm/steps/images/compose_project.h"
#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/images/spec.h"

/* What is known of the project on the target. */
struct seen {
	struct rfa_compose_project project;
	json_t *config; /* as Compose understands it, all services that are deployed */
	json_t *unset;  /* variables without a value */
	struct rfa_observed_list containers; /* all of the project, deployed or not */
	/* What the services would be labelled with under their old images: if the whole project was
	 * brought up, and if only the deployed services were. */
	json_t *hashes, *own_hashes;
};

static void seen_release(struct seen *s)
{
	json_decref(s->config);
	json_decref(s->unset);
	json_decref(s->hashes);
	json_decref(s->own_hashes);
}

static const json_t *service_of(const struct seen *s, const char *name)
{
	return json_object_get(json_object_get(s->config, "services"), name);
}

/* Going back must always be possible, and of a release other files count: then it is only told. */
static void object(struct rfa_gates *c, const char *hint, const char *evidence)
{
	if (rfa_goes_back(c->ctx) || rfa_release_has_files(c->ctx))
		rfa_warn(c, hint, "%s", evidence);
	else
		rfa_deny_unless_forced(c, hint, "%s", evidence);
}

/* Looking. */

/* What --no-deps takes out of a service: its dependencies on others than the deployed ones. */
static void drop_needs(const struct rfa_ctx *ctx, json_t *config)
{
	const char *name;
	const char *other;
	json_t *service;
	json_t *unused;
	void *next;

	json_object_foreach (json_object_get(config, "services"), name, service) {
		json_t *needs = json_object_get(service, "depends_on");

		json_object_foreach_safe (needs, next, other, unused) {
			if (!rfa_compose_deploys(ctx, other))
				(void)json_object_del(needs, other);
		}
		if (!json_object_size(needs))
			(void)json_object_del(service, "depends_on");
	}
}

/* The configuration with the images that the containers have now. *out is new. */
static int with_old_images(const struct seen *s, json_t **out, struct rfa_error *err)
{
	json_t *old = rfa_facts_copy(s->config);
	json_t *services = json_object_get(old, "services");
	const struct rfa_observed *one;
	int rc = old ? 0 : rfa_fail_nomem(err);

	RFA_EACH (one, s->containers) {
		json_t *service = json_object_get(services, one->key);
		const char *ref = rfa_facts_str(one->inspect, "Config/Image", NULL);

		if (!rc && service && ref)
			rc = rfa_facts_set(service, "image", json_string(ref), err);
	}
	if (rc)
		json_decref(old);
	else
		*out = old;
	return rc;
}

/* The hashes as the containers would get them if only the images stayed what they are. */
static int look_hashes(const struct rfa_ctx *ctx, struct seen *s, struct rfa_error *err)
{
	json_t *old = NULL;
	int rc = with_old_images(s, &old, err);

	if (!rc)
		rc = ctx->host->engine->compose_hash(ctx->host, &s->project.compose, old,
						     &s->hashes, err);
	if (!rc) {
		drop_needs(ctx, old);
		rc = ctx->host->engine->compose_hash(ctx->host, &s->project.compose, old,
						     &s->own_hashes, err);
	}
	json_decref(old);
	return rc;
}

static int refuse_invalid(struct rfa_gates *c, const struct seen *s, struct rfa_error *err)
{
	const char *service = strstr(err->msg, "no such service: ");
	const struct rfa_image_set *before = c->ctx->own->images;

	/* On a first deployment nothing is there yet that could be valid. */
	if (rfa_release_has_files(c->ctx) && (!before || !before->images.n))
		;
	else if (rfa_release_has_files(c->ctx))
		rfa_warn(c, "the files of the commit come before anything is made of them",
			 "the Compose project in %s on %s is not valid now: %s",
			 s->project.compose.directory, c->ctx->host->name, err->msg);
	else if (rfa_ctx_options(c->ctx)->with_files)
		rfa_warn(c, "other files come back before anything is made of them",
			 "the Compose project in %s on %s is not valid now: %s",
			 s->project.compose.directory, c->ctx->host->name, err->msg);
	else if (err->code == RFA_ENOTFOUND && service)
		rfa_deny(c, "bring its Compose file up to date",
			 "the project on %s has no service %s", c->ctx->host->name,
			 service + strlen("no such service: "));
	else if (err->code == RFA_ENOTFOUND)
		rfa_deny(c, err->hint[0] ? err->hint : "correct it there",
			 "the Compose project on %s: %s", c->ctx->host->name, err->msg);
	else
		rfa_deny(c, "correct it there: docker compose config shows the same",
			 "the Compose project in %s on %s is not valid: %s",
			 s->project.compose.directory, c->ctx->host->name, err->msg);
	rfa_error_clear(err);
	return 0;
}

/* *valid: there is something to judge. */
static int look(struct rfa_gates *c, struct seen *s, int *valid, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const char *problem = ctx->own->files_problem;
	json_t *answer = NULL;
	int rc = rfa_compose_project(ctx, 0, &s->project, err);

	*valid = 0;
	if (!rc && *problem) {
		(void)rfa_fail(err, RFA_EREMOTE, "compose", "%s", problem);
		return refuse_invalid(c, s, err);
	}
	if (!rc)
		rc = rfa_compose_add_desired(ctx, &s->project, err);
	if (!rc)
		rc =
		    ctx->host->engine->compose_config(ctx->host, &s->project.compose, &answer, err);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND)
		return refuse_invalid(c, s, err);
	if (!rc) {
		s->config = json_incref(json_object_get(answer, "config"));
		s->unset = json_incref(json_object_get(answer, "unset"));
		rc = rfa_observe_project(ctx->host, s->project.compose.project, ctx->pool,
					 &s->containers, err);
	}
	json_decref(answer);
	if (!rc)
		rc = look_hashes(ctx, s, err);
	*valid = !rc;
	return rc;
}

/* As it always was. */

static int judge_networks(struct rfa_gates *c, const struct seen *s, struct rfa_error *err)
{
	struct rfa_host *target = c->ctx->host;
	const char *name;
	json_t *one;

	json_object_foreach (json_object_get(s->config, "networks"), name, one) {
		const char *real = rfa_facts_str(one, "name", name);
		json_t *network = NULL;
		int rc;

		if (!rfa_facts_bool(one, "external", 0))
			continue;
		rc = rfa_inspect_or_null(target, RFA_NETWORK, real, &network, err);
		if (rc)
			return rc;
		if (!network)
			rfa_deny(c, "make it there with docker network create",
				 "the external network %s does not exist on %s", real,
				 target->name);
		json_decref(network);
	}
	return 0;
}

static int judge_env_files(struct rfa_gates *c, const struct seen *s, struct rfa_error *err)
{
	const struct rfa_compose *project = &s->project.compose;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && project->env_files[i]; i++) {
		int absolute = project->env_files[i][0] == '/';
		struct rfa_file_stat st;
		char path[512];

		snprintf(path, sizeof(path), "%s%s%s", absolute ? "" : project->directory,
			 absolute ? "" : "/", project->env_files[i]);
		rc = c->ctx->host->files->stat(c->ctx->host, path, &st, err);
		if (!rc && st.type == 'f' && (st.mode & 04) && !rfa_goes_back(c->ctx))
			rfa_deny(c, "chmod o-r it there", "%s on %s can be read by everybody", path,
				 c->ctx->host->name);
	}
	return rc;
}

/* What a service needs. */

/* Is a service that is not deployed as far as another one waits for it to be? */
static int is_ready(const struct seen *s, const char *service, const char *condition)
{
	const struct rfa_observed *one;

	RFA_EACH (one, s->containers) {
		if (strcmp(one->key, service) != 0)
			continue;
		if (!strcmp(condition, "service_completed_successfully"))
			return rfa_host_ended_well(one->inspect);
		if (!rfa_container_running(one->inspect))
			continue;
		if (strcmp(condition, "service_healthy") != 0 ||
		    !strcmp(rfa_container_health(one->inspect), "healthy"))
			return 1;
	}
	return 0;
}

/* What depends on another one that is not brought along; completes: that has to run to its end. */
static void object_needs(struct rfa_gates *c, const struct seen *s, const char *name,
			 const char *other, const char *condition, int completes)
{
	char evidence[400];
	char hint[300];

	snprintf(evidence, sizeof(evidence), "%s depends on %s, %s", name, other,
		 !completes && !strcmp(condition, "service_healthy")
		     ? "which is not healthy there and is not brought along"
		 : !completes ? "which does not run there and is not brought along"
			      : "which has to run to its end before, and is not brought along");
	if (completes)
		snprintf(hint, sizeof(hint),
			 "run %s where the images come from, so that its version is known", other);
	else
		snprintf(hint, sizeof(hint), "start it there: docker compose -p %s up -d %s",
			 s->project.compose.project, other);
	object(c, hint, evidence);
}

static void judge_needs(struct rfa_gates *c, const struct seen *s, const char *name)
{
	const struct rfa_stack_compose *is = rfa_ctx_stack_here(c->ctx)->compose;
	const char *other;
	json_t *how;

	json_object_foreach (json_object_get(service_of(s, name), "depends_on"), other, how) {
		const char *condition = rfa_facts_str(how, "condition", "service_started");
		int completes = !strcmp(condition, "service_completed_successfully");

		if (rfa_compose_deploys(c->ctx, other) || !rfa_facts_bool(how, "required", 1) ||
		    rfa_compose_starts_first(c->ctx, other) ||
		    (is_ready(s, other, condition) && !(completes && !is->services.n)))
			continue;
		object_needs(c, s, name, other, condition, completes);
	}
}

static void judge_replicas(struct rfa_gates *c, const struct seen *s, const char *name)
{
	const struct rfa_container *before = rfa_before_of(c->ctx, name);
	const struct rfa_container *one;
	size_t n = rfa_count_before(c->ctx, name, 0);

	if (n > 1 && rfa_facts_str(service_of(s, name), "container_name", NULL))
		rfa_deny(c, "remove container_name from its Compose file",
			 "%s runs in %zu containers on %s, and its container_name allows one", name,
			 n, c->ctx->host->name);
	RFA_EACH (one, c->ctx->own->containers) {
		if (strcmp(one->key, name) != 0 || !strcmp(one->identity, before->identity))
			continue;
		object(c, "bring it up there with one image first: there would be no way back",
		       "the containers of a service on the target run different images");
		return;
	}
}

/* What would change. */

static const char *hint_of(enum rfa_compose_cause cause)
{
	switch (cause) {
	case RFA_COMPOSE_CAUSE_FILES:
		return "name those files, in their order, in compose.files of the stack in "
		       "rfa.json; or bring it up there from the files that shall hold";
	case RFA_COMPOSE_CAUSE_ENV_FILES:
		return "name that file in compose.env_files of the stack in rfa.json; or bring it "
		       "up there as it shall be";
	case RFA_COMPOSE_CAUSE_DIRECTORY:
		return "correct compose.directory of the stack in rfa.json";
	default:
		return "if its files are as they shall be, bring it up there with them first "
		       "(docker compose up -d), or set gates.allow_compose_changes in rfa.json";
	}
}

/* "2.26.1" of "2.26.1-4" and of "v2.26.1". */
static int same_version(const char *a, const char *b)
{
	size_t n;

	a += *a == 'v';
	b += *b == 'v';
	n = strspn(a, "0123456789.");
	return n == strspn(b, "0123456789.") && !strncmp(a, b, n);
}

/* The first container of the service that would be made anew, or NULL; *n: how many there are. */
static const json_t *odd_one(const struct seen *s, const char *name, size_t *n)
{
	const char *whole = rfa_facts_str(s->hashes, name, "");
	const char *own = rfa_facts_str(s->own_hashes, name, "");
	const struct rfa_observed *one;
	const json_t *odd = NULL;

	*n = 0;
	RFA_EACH (one, s->containers) {
		const char *hash =
		    rfa_container_label(one->inspect, "com.docker.compose.config-hash");

		if (strcmp(one->key, name) != 0 || !one->inspect)
			continue;
		++*n;
		if (!odd && strcmp(hash, whole) != 0 && strcmp(hash, own) != 0)
			odd = one->inspect;
	}
	return odd;
}

/* what: the differences, as far as they are known. */
static void object_changes(struct rfa_gates *c, const char *name, enum rfa_compose_cause cause,
			   const struct rfa_buf *what)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_limits *limits = rfa_ctx_stack_here(ctx)->gates;
	struct rfa_buf text = RFA_BUF_INIT(8192);

	if ((limits && limits->allow_compose_changes) || rfa_release_has_files(ctx) ||
	    rfa_ctx_options(ctx)->recreate) {
		rfa_warn(c, "", "%s on %s changes with its image%s", name, ctx->host->name,
			 rfa_buf_str(what));
		return;
	}
	(void)rfa_buf_printf(&text, "more than the image of %s on %s would change%s", name,
			     ctx->host->name,
			     what->len ? rfa_buf_str(what)
				       : "; its configuration is not the one that it was brought "
					 "up with");
	object(c, hint_of(cause), rfa_buf_str(&text));
	rfa_buf_release(&text);
}

/* *changes: it is not proven that only its image would change. */
static int judge_service(struct rfa_gates *c, const struct seen *s, const char *name, int *changes,
			 struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const char *compose = ctx->own->engine->compose;
	struct rfa_buf what = RFA_BUF_INIT(4096);
	enum rfa_compose_cause cause = RFA_COMPOSE_CAUSE_NONE;
	size_t n;
	const json_t *odd = odd_one(s, name, &n);
	const char *made_by = rfa_container_label(odd, "com.docker.compose.version");
	int rc;

	*changes = odd || !n;
	if (!odd)
		return 0;
	c->in_force = 0;
	rc = rfa_compose_changes(ctx, &s->project.compose, service_of(s, name), odd, &what, &cause,
				 err);
	if (!rc && cause == RFA_COMPOSE_CAUSE_NONE && !same_version(made_by, compose))
		rfa_warn(c, "",
			 "%s was made by Compose %s, and %s has %s now: whether its configuration "
			 "has changed cannot be told",
			 name, made_by, ctx->host->name, compose);
	else if (!rc)
		object_changes(c, name, cause, &what);
	rfa_buf_release(&what);
	return rc;
}

static void judge_unset(struct rfa_gates *c, const struct seen *s)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	struct rfa_buf names = RFA_BUF_INIT(2048);
	char hint[512];
	json_t *one;
	size_t n = 0;
	size_t i;

	json_array_foreach (s->unset, i, one) {
		(void)rfa_buf_printf(&names, "%s%s", n++ ? ", " : "", json_string_value(one));
	}
	if (n) {
		(void)rfa_buf_printf(&text,
				     "no value is set on %s for %s: Compose would leave %s "
				     "blank",
				     c->ctx->host->name, rfa_buf_str(&names),
				     n == 1 ? "it" : "them");
		snprintf(hint, sizeof(hint),
			 "write %s into %.300s/.env there, or into a file that compose.env_files "
			 "of the stack in rfa.json names",
			 n == 1 ? "it" : "them", s->project.compose.directory);
		object(c, hint, rfa_buf_str(&text));
	}
	rfa_buf_release(&text);
	rfa_buf_release(&names);
}

/* The same file says here how it is built on the builder, which this run has do it. */
static int is_built_elsewhere(const struct rfa_ctx *ctx, const char *service)
{
	const struct rfa_stack_build *build = rfa_ctx_stack_here(ctx)->build;

	return build && build->compose && rfa_built_of(&build->images, service);
}

int rfa_gate_compose(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	struct seen s;
	int any = 0;
	int valid;
	size_t i;
	int rc;

	if (!rfa_ctx_stack_here(ctx)->compose || !ctx->own->engine || !*ctx->own->engine->compose)
		return 0;
	memset(&s, 0, sizeof(s));
	rc = look(c, &s, &valid, err);
	c->in_force = !rc && valid;
	for (i = 0; !rc && valid && s.project.services[i]; i++) {
		const char *name = s.project.services[i];
		int changes = 0;

		if (json_object_get(service_of(&s, name), "build") && !rfa_goes_back(ctx) &&
		    !is_built_elsewhere(ctx, name) && !rfa_release_of(ctx))
			rfa_deny(c, "name an image instead: production runs what was tested",
				 "the service %s is built on %s", name, ctx->host->name);
		judge_needs(c, &s, name);
		judge_replicas(c, &s, name);
		rc = judge_service(c, &s, name, &changes, err);
		any |= changes;
	}
	if (!rc && valid && any)
		judge_unset(c, &s);
	if (!rc && valid)
		rc = judge_networks(c, &s, err);
	if (!rc)
		rc = judge_env_files(c, &s, err);
	seen_release(&s);
	return rc;
}

/*
 * What the Compose project on the builder's side says of images that are built. Its `build:`
 * sections become what build.images of rfa.json would say; what these cannot say is refused.
 */
#include "fsm/parts/build_compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/buf.h"
#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"
#include "fsm/steps/common/secrets.h"

#define FILES_MAX 64

/* What is read, and into what. All borrowed. */
struct reading {
	const json_t *stack;
	const json_t *config; /* as Compose has resolved it */
	json_t *images;       /* of the plan */
	const char *service;  /* the one that is read */
};

static int refuse(const struct reading *r, struct rfa_error *err, const char *hint, const char *fmt,
		  ...) RFA_PRINTF(4, 5);
static int refuse(const struct reading *r, struct rfa_error *err, const char *hint, const char *fmt,
		  ...)
{
	struct rfa_buf what = RFA_BUF_INIT(4096), shown = RFA_BUF_INIT(4096);
	va_list args;

	va_start(args, fmt);
	(void)rfa_buf_vprintf(&what, fmt, args);
	va_end(args);
	(void)rfa_buf_put_printable(&shown, rfa_buf_str(&what), what.len, 400);
	rfa_fail(err, RFA_ECONFIG, "config", "the service %.60s of the Compose project: %s",
		 r->service, rfa_buf_str(&shown));
	rfa_error_where(err, "services.%.60s.build", r->service);
	rfa_buf_release(&what);
	rfa_buf_release(&shown);
	return rfa_error_hint(err, "%s", hint);
}

/* Which project. */

/* What a sync takes its files from, if that is on this machine. */
static const char *source_here(const json_t *plan)
{
	return rfa_facts_at(plan, "target/stack/compose/source_on")
		   ? ""
		   : rfa_facts_str(plan, "target/stack/compose/source", "");
}

static int directory_of(const struct rfa_prepare *p, const json_t *plan, char **out,
			struct rfa_error *err)
{
	const char *on = rfa_facts_str(plan, "target/stack/build/on", NULL);
	const char *written =
	    rfa_facts_str(plan, "target/stack/build/directory", on ? "" : source_here(plan));

	*out = NULL;
	if (!*written) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "nobody says where the Compose project is that says what is built");
		return rfa_error_hint(
		    err, "write \"directory\" under build: where its compose.yaml is, %s",
		    on ? "on the host that builds" : "here");
	}
	if (on && *written != '/') {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "build.directory is \"%.200s\", and it is built on %.60s", written, on);
		return rfa_error_hint(err, "write where the project is on that host: "
					   "\"/srv/src/shop\"");
	}
	if (!on)
		return p->path(p, written, out, err);
	*out = strdup(written);
	return *out ? 0 : rfa_fail_nomem(err);
}

/* The texts of a list, NULL-terminated, borrowed. */
static int list_of(const json_t *texts, const char *out[FILES_MAX + 1], struct rfa_error *err)
{
	json_t *one;
	size_t i;

	if (json_array_size(texts) > FILES_MAX)
		return rfa_fail(err, RFA_ETOOBIG, "config",
				"more than %d files or services of a Compose project", FILES_MAX);
	json_array_foreach ((json_t *)(uintptr_t)texts, i, one)
		out[i] = json_string_value(one);
	out[json_array_size(texts)] = NULL;
	return 0;
}

static int ask(struct rfa_host *builder, const json_t *stack, const char *directory, json_t **out,
	       struct rfa_error *err)
{
	const char *files[FILES_MAX + 1], *services[FILES_MAX + 1];
	const struct rfa_compose project = { .project = rfa_facts_str(stack, "compose/project", ""),
					     .directory = directory,
					     .files = files,
					     .services = services };
	int rc = list_of(rfa_facts_at(stack, "build/files"), files, err);

	if (!rc)
		rc = list_of(rfa_facts_at(stack, "compose/services"), services, err);
	if (!rc)
		rc = builder->engine->compose_config(builder, &project, out, err);
	return rc;
}

/* A variable without a value would be a blank in what is built. */
static int check_unset(const json_t *answer, const char *directory, struct rfa_error *err)
{
	const char *name = json_string_value(json_array_get(json_object_get(answer, "unset"), 0));

	if (!name)
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config",
		 "the Compose project in %.200s uses %.60s, and it has no value there", directory,
		 name);
	return rfa_error_hint(err,
			      "write it into .env there, or export it where the builder is asked");
}

/* One section. */

/* 1 if the key says nothing: null, false, nothing in it. */
static int says_nothing(const json_t *value)
{
	return !value || json_is_null(value) || json_is_false(value) ||
	       (json_is_array(value) && !json_array_size(value)) ||
	       (json_is_object(value) && !json_object_size(value)) ||
	       (json_is_string(value) && !*json_string_value(value));
}

static int check_keys(const struct reading *r, const json_t *build, struct rfa_error *err)
{
	static const char *const known[] = { "context", "dockerfile", "args",     "target",
					     "labels",  "secrets",    "platforms" };
	const size_t n = sizeof(known) / sizeof(known[0]);
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)build, key, value) {
		size_t i = 0;

		while (i < n && strcmp(known[i], key) != 0)
			i++;
		/* Attestations are never made: a false that was written is what is done. */
		if (i < n || says_nothing(value))
			continue;
		return refuse(r, err,
			      "take it out there, or describe the images under build.images of "
			      "the stack, without \"compose\"",
			      "its build section has %.60s, which rfa does not know how to do",
			      key);
	}
	return 0;
}

static int take_context(const struct reading *r, const json_t *build, json_t *image,
			struct rfa_error *err)
{
	const char *context = rfa_facts_str(build, "context", "");

	if (*context == '/')
		return rfa_facts_set(image, "context", json_string(context), err);
	return refuse(r, err, "check the sources out, and name that directory as context",
		      "its context is no directory: %.200s", context);
}

static int take_dockerfile(const struct reading *r, const json_t *build, json_t *image,
			   struct rfa_error *err)
{
	const char *context = rfa_facts_str(build, "context", "");
	const char *file = rfa_facts_str(build, "dockerfile", "Dockerfile");
	size_t n = strlen(context);

	if (*file == '/' && !strncmp(file, context, n) && file[n] == '/')
		file += n + 1;
	/* What decides the image lies in its context, whose digest tells one version of another. */
	if (*file != '/' && strncmp(file, "../", 3) != 0 && !strstr(file, "/../"))
		return rfa_facts_set(image, "dockerfile", json_string(file), err);
	return refuse(r, err, "move it there, or widen the context",
		      "its Dockerfile %.200s is not in its context", file);
}

static int take_platform(const struct reading *r, const json_t *service, json_t *image,
			 struct rfa_error *err)
{
	const json_t *all = rfa_facts_at(service, "build/platforms");
	const char *platform = rfa_facts_str(service, "platform", NULL);

	if (json_array_size(all) > 1)
		return refuse(r, err, "name one there, that of the host that gets it",
			      "it is built for %zu platforms, and a version is one image",
			      json_array_size(all));
	if (json_array_size(all))
		platform = json_string_value(json_array_get(all, 0));
	return platform ? rfa_facts_set(image, "platform", json_string(platform), err) : 0;
}

/*
 * Values that Compose has filled in; one without any is the Dockerfile's own. They go into the
 * ledger, and Compose may have them from where nobody has thought of that.
 */
static int take_args(const struct reading *r, const json_t *build, json_t *image,
		     struct rfa_error *err)
{
	json_t *args = json_object(), *value;
	const char *name;
	int rc = args ? 0 : rfa_fail_nomem(err);

	json_object_foreach (json_object_get(build, "args"), name, value) {
		const char *text = json_string_value(value);

		if (!text || rc)
			continue;
		if (rfa_looks_secret(name, strlen(name), text))
			rc = refuse(r, err,
				    "mount it as a secret of the build: build.secrets of the stack",
				    "its build argument %.60s looks like a secret: it would stay "
				    "in the image and in the ledger",
				    name);
		else
			rc = rfa_facts_set(args, name, json_incref(value), err);
	}
	return rc ? (json_decref(args), rc) : rfa_facts_set(image, "args", args, err);
}

/* The id by which a Dockerfile mounts it has to be one that rfa.json knows. */
static int check_secret(const struct reading *r, const json_t *secret, struct rfa_error *err)
{
	const char *source = rfa_facts_str(secret, "source", "");
	const char *id = rfa_facts_str(secret, "target", source);
	const json_t *is = json_object_get(json_object_get(r->config, "secrets"), source);
	const char *file = rfa_facts_str(is, "file", NULL);
	const char *variable = rfa_facts_str(is, "environment", NULL);
	struct rfa_buf hint = RFA_BUF_INIT(4096);
	const char *where;
	int rc;

	if (rfa_facts_has_text(rfa_facts_at(r->stack, "build/secrets"), id))
		return 0;
	(void)rfa_buf_puts(&hint, "say under build.secrets of the stack where it is: ");
	(void)rfa_buf_printf(&hint, "\"%.64s\": {\"%s\": \"", id, variable ? "env" : "file");
	where = variable ? variable : file ? file : "…";
	(void)rfa_buf_put_printable(&hint, where, strlen(where), 200);
	(void)rfa_buf_puts(&hint, "\"}");
	rc = refuse(r, err, rfa_buf_str(&hint),
		    "it mounts the secret %.64s, which rfa.json does "
		    "not know",
		    id);
	rfa_buf_release(&hint);
	return rc;
}

static int check_secrets(const struct reading *r, const json_t *build, struct rfa_error *err)
{
	json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach (json_object_get(build, "secrets"), i, one)
		if (!rc)
			rc = check_secret(r, one, err);
	return rc;
}

/* "shop/web" of "shop/web:1.2"; what has no name gets the one that Compose would give it. */
static int take_name(const struct reading *r, const json_t *service, json_t *image,
		     struct rfa_error *err)
{
	const char *written = rfa_facts_str(service, "image", "");
	struct rfa_imageref ref = { .name = "" };
	char own[256];

	(void)snprintf(own, sizeof(own), "%.120s-%.120s",
		       rfa_facts_str(r->stack, "compose/project", ""), r->service);
	if (*written && (!rfa_imageref_parse(&ref, written) || !*ref.name || *ref.digest))
		return refuse(r, err, "give it a name as shop/web, with a tag or without",
			      "nothing that is built can be called %.200s", written);
	return rfa_facts_set(image, "image", json_string(*written ? ref.name : own), err);
}

static int take_section(const struct reading *r, const json_t *service, json_t *image,
			struct rfa_error *err)
{
	const json_t *build = json_object_get(service, "build");
	const char *target = rfa_facts_str(build, "target", NULL);
	json_t *labels = json_object_get(build, "labels");
	int rc = check_keys(r, build, err);

	if (!rc)
		rc = take_name(r, service, image, err);
	if (!rc)
		rc = take_context(r, build, image, err);
	if (!rc)
		rc = take_dockerfile(r, build, image, err);
	if (!rc)
		rc = take_platform(r, service, image, err);
	if (!rc)
		rc = take_args(r, build, image, err);
	if (!rc)
		rc = check_secrets(r, build, err);
	if (!rc && target)
		rc = rfa_facts_set(image, "target", json_string(target), err);
	if (!rc)
		rc = rfa_facts_set(image, "labels", labels ? rfa_facts_copy(labels) : json_object(),
				   err);
	return rc;
}

/* All of them. */

static int is_deployed(const struct reading *r, const char *service)
{
	const json_t *only = rfa_facts_at(r->stack, "compose/services");

	return !json_array_size(only) || rfa_facts_has_text(only, service);
}

static int take_built(struct reading *r, struct rfa_error *err)
{
	const char *name;
	json_t *service;
	int rc = 0;

	json_object_foreach (json_object_get(r->config, "services"), name, service) {
		json_t *image;

		if (rc || !json_object_get(service, "build") || !is_deployed(r, name))
			continue;
		r->service = name;
		image = json_object();
		rc = image ? take_section(r, service, image, err) : rfa_fail_nomem(err);
		if (!rc)
			rc = rfa_facts_set(r->images, name, json_incref(image), err);
		json_decref(image);
	}
	return rc;
}

/* Of these services, the one whose image is called so. */
static const char *builder_of(const struct reading *r, const char *image)
{
	const json_t *services = json_object_get(r->config, "services");
	const char *name;
	json_t *unused;

	json_object_foreach (r->images, name, unused)
		if (!strcmp(rfa_facts_str(json_object_get(services, name), "image", ""), image))
			return name;
	return NULL;
}

/* A service without a section of its own runs what was built for another under that name. */
static int take_users(struct reading *r, struct rfa_error *err)
{
	json_t *users = json_object(), *service;
	const char *name, *other;
	int rc = users ? 0 : rfa_fail_nomem(err);

	json_object_foreach (json_object_get(r->config, "services"), name, service) {
		const char *image = rfa_facts_str(service, "image", "");

		if (rc || json_object_get(service, "build") || !is_deployed(r, name) || !*image)
			continue;
		other = builder_of(r, image);
		if (other)
			rc = rfa_facts_set(users, name,
					   rfa_facts_copy(json_object_get(r->images, other)), err);
	}
	if (!rc && json_object_update(r->images, users))
		rc = rfa_fail_nomem(err);
	json_decref(users);
	return rc;
}

static int take_all(json_t *plan, const json_t *answer, struct rfa_error *err)
{
	struct reading r = { .stack = rfa_facts_at(plan, "target/stack"),
			     .config = json_object_get(answer, "config"),
			     .images = json_object() };
	int rc = r.images ? take_built(&r, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = take_users(&r, err);
	if (!rc && !json_object_size(r.images)) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "no service of the Compose project has a build section");
		rc = rfa_error_hint(err, "look at it: docker compose config");
	}
	if (!rc)
		rc = rfa_facts_set(rfa_facts_at(plan, "target/stack/build"), "images",
				   json_incref(r.images), err);
	json_decref(r.images);
	return rc;
}

int rfa_build_from_compose(const struct rfa_prepare *p, json_t *plan, struct rfa_host *builder,
			   struct rfa_error *err)
{
	json_t *answer = NULL;
	char *directory = NULL;
	int rc = directory_of(p, plan, &directory, err);

	if (!rc)
		rc = ask(builder, rfa_facts_at(plan, "target/stack"), directory, &answer, err);
	if (!rc)
		rc = check_unset(answer, directory, err);
	if (!rc)
		rc = take_all(plan, answer, err);
	json_decref(answer);
	free(directory);
	return rc;
}

/* Containers that do one thing and end. */
#include "fsm/steps/migrate/once.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/steps/common/consumers.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/common/secrets.h"
#include "fsm/steps/images/compose_project.h"
#include "fsm/steps/images/spec.h"

#define LABEL "rfa.run"

enum { SAID_MAX = 64 << 10, LINE_MAX_BYTES = 200 };

const char *rfa_once_name(const struct rfa_ctx *ctx, const char *what)
{
	return rfa_pool_printf(ctx->pool, "rfa-%s-%s", ctx->run, what);
}

/* What it is made of. */

json_t *rfa_once_variables(const json_t *env)
{
	json_t *list = json_array(), *value;
	const char *name;

	json_object_foreach ((json_t *)(uintptr_t)env, name, value)
		if (json_array_append_new(list,
					  json_sprintf("%s=%s", name, json_string_value(value)))) {
			json_decref(list);
			return NULL;
		}
	return json_pack("{s:o}", "Env", list);
}

static int fill_env(const struct rfa_ctx *ctx, const json_t *env, json_t **out,
		    struct rfa_error *err)
{
	json_t *body = rfa_once_variables(env);
	int rc = 0;

	if (!rc)
		rc = body ? rfa_references_fill(ctx, body, NULL, NULL, err) : rfa_fail_nomem(err);
	if (!rc)
		*out = json_incref(json_object_get(body, "Env"));
	json_decref(body);
	return rc;
}

/* Of a container that `docker run` made. */

/* In the same networks, under no name that others ask for, and at no address of its own. */
static void clear_endpoints(json_t *networks)
{
	const char *name;
	json_t *endpoint;

	json_object_foreach (networks, name, endpoint)
		if (json_is_object(endpoint))
			json_object_clear(endpoint);
}

static int make_body(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, json_t **out,
		     struct rfa_error *err)
{
	static const char *const not_its_own[] = { "ExposedPorts", "Hostname", "MacAddress",
						   "Healthcheck" };
	json_t *body = NULL, *host_config, *env = NULL, *words = NULL;
	size_t i;
	int rc = rfa_container_body(ctx, ask->service, &body, err);

	if (rc)
		return rc;
	for (i = 0; i < sizeof(not_its_own) / sizeof(not_its_own[0]); i++)
		json_object_del(body, not_its_own[i]);
	host_config = json_object_get(body, "HostConfig");
	json_object_del(host_config, "PortBindings");
	json_object_del(host_config, "PublishAllPorts");
	json_object_del(host_config, "AutoRemove");
	clear_endpoints(rfa_facts_at(body, "NetworkingConfig/EndpointsConfig"));
	clear_endpoints(json_object_get(body, "x-rfa-networks"));
	rc = rfa_texts_keep(ask->argv, ctx->pool, &words, err);
	if (!rc)
		rc = fill_env(ctx, ask->env, &env, err);
	if (!rc && !json_is_array(json_object_get(body, "Env")))
		rc = rfa_facts_set(body, "Env", json_array(), err);
	if (!rc && json_array_extend(json_object_get(body, "Env"), env))
		rc = rfa_fail_nomem(err);
	if (!rc)
		rc = rfa_facts_set(body, "Image", json_string(ask->ref), err);
	if (!rc)
		rc = rfa_facts_set(body, "Cmd", json_incref(words), err);
	if (!rc && !json_is_object(json_object_get(body, "Labels")))
		rc = rfa_facts_set(body, "Labels", json_object(), err);
	if (!rc)
		rc = rfa_facts_set(json_object_get(body, "Labels"), LABEL, json_string(ctx->run),
				   err);
	if (!rc && host_config)
		rc = rfa_facts_set(host_config, "RestartPolicy", json_pack("{s:s}", "Name", "no"),
				   err);
	json_decref(env);
	if (rc)
		json_decref(body);
	else
		*out = body;
	return rc;
}

static int create(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, const char *name,
		  struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *body = NULL;
	int rc = make_body(ctx, ask, &body, err);

	if (!rc)
		rc = ctx->host->engine->container_create(
		    ctx->host, rfa_ctx_key(ctx, &key, "create", ask->what), name, body, err);
	json_decref(body);
	return rc;
}

static int start(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, const char *name,
		 struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->host->engine->container_start(
	    ctx->host, rfa_ctx_key(ctx, &key, "start", ask->what), name, err);
}

/* Of a Compose service. */

/* In a Compose file "$" begins the name of a variable, and "$$" is one. */
static json_t *with_dollars(const char *text)
{
	struct rfa_buf out = RFA_BUF_INIT(1u << 20);
	json_t *made;

	for (; *text; text++) {
		rfa_buf_putc(&out, *text);
		if (*text == '$')
			rfa_buf_putc(&out, '$');
	}
	made = out.failed ? NULL : json_stringn(rfa_buf_str(&out), out.len);
	rfa_buf_release(&out);
	return made;
}

static json_t *environment_of(const json_t *env)
{
	json_t *out = json_object(), *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)env, i, one) {
		const char *text = json_string_value(one);
		const char *equals = strchr(text, '=');

		if (json_object_setn_new(out, text, (size_t)(equals - text),
					 with_dollars(equals + 1))) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

/* A file of the run's own; who may read it may read the variables. JSON is YAML. */
static int write_override(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, const char *path,
			  struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *env = NULL, *file = NULL;
	int rc = fill_env(ctx, ask->env, &env, err);

	if (!rc) {
		file = json_pack("{s:{s:{s:s, s:s, s:{s:s}, s:o}}}", "services", ask->service,
				 "image", ask->ref, "pull_policy", "never", "labels", LABEL,
				 ctx->run, "environment", environment_of(env));
		rc = file ? rfa_facts_encode(file, &text, err) : rfa_fail_nomem(err);
	}
	if (!rc)
		rc = ctx->host->files->write(ctx->host, path, 0600, rfa_buf_str(&text), text.len,
					     err);
	json_decref(env);
	json_decref(file);
	rfa_buf_release(&text);
	return rc;
}

static int run_service(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, const char *name,
		       struct rfa_error *err)
{
	const char *path = rfa_pool_printf(ctx->pool, "%s/runs/%s/%s.json", ctx->host->state_dir,
					   ctx->run, ask->what);
	struct rfa_texts files = { NULL, 0 };
	struct rfa_compose_project project;
	struct rfa_error why = { 0 };
	struct rfa_ctx_key key;
	int rc = write_override(ctx, ask, path, err);

	if (rc)
		return rc;
	rfa_texts_add(ctx->pool, &files, path);
	rc = rfa_compose_project(ctx, 0, &project, err);
	if (!rc && !project.files[0])
		rc = rfa_compose_find_files(ctx, &project, err);
	if (!rc)
		rc = rfa_compose_add_files(&files, &project, err);
	project.services[0] = ask->service;
	project.services[1] = NULL;
	if (!rc)
		rc = ctx->host->engine->compose_run(
		    ctx->host, rfa_ctx_key(ctx, &key, "run", ask->what), &project.compose, name,
		    rfa_ctx_words(ctx, ask->argv), err);
	/* It may hold a secret; else it goes with the run's directory. What was started has been
	 * seen. */
	if (ctx->host->files->remove(ctx->host, path, rc ? &why : err) && !rc)
		rc = rfa_error_as(err, RFA_UNKNOWN);
	return rc;
}

/* Begun. */

static int is_of_project(const struct rfa_ctx *ctx, const struct rfa_once_ask *ask)
{
	return !rfa_texts_have(&rfa_ctx_stack_here(ctx)->containers, ask->service);
}

static int put_begun(struct rfa_ctx *ctx, int begun, const char *what, struct rfa_error *err)
{
	struct rfa_made made = ctx->made;
	int rc;

	if (made.begun == begun)
		return 0;
	made.begun = begun;
	rc = rfa_ctx_made(ctx, &made, rfa_pool_printf(ctx->pool, "%s begins", what), err);
	return rc;
}

static int has_run(const json_t *container)
{
	return container && strcmp(rfa_facts_str(container, "State/Status", ""), "created") != 0;
}

static int drop(struct rfa_ctx *ctx, const json_t *container, struct rfa_error *err)
{
	const char *id = rfa_container_id(container);
	struct rfa_ctx_key key;
	int rc = 0;

	if (rfa_container_active(container))
		rc = ctx->host->engine->container_stop(ctx->host, rfa_ctx_key(ctx, &key, "end", id),
						       id, err);
	return rc ? rc
		  : ctx->host->engine->container_remove(
			ctx->host, rfa_ctx_key(ctx, &key, "drop", id), id, err);
}

/* What may begin once only is on record before: from then on a container that is gone is a riddle.
 */
static int begin(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, const char *name,
		 const json_t *there, struct rfa_error *err)
{
	int rc = 0;

	/* Compose makes and starts it in one: one that never ran is made again. */
	if (there && is_of_project(ctx, ask))
		rc = drop(ctx, there, err);
	else if (!there && !is_of_project(ctx, ask))
		rc = create(ctx, ask, name, err);
	if (!rc && ask->only_once)
		rc = put_begun(ctx, 1, ask->what, err);
	if (rc)
		return rc;
	rc =
	    is_of_project(ctx, ask) ? run_service(ctx, ask, name, err) : start(ctx, ask, name, err);
	/* The host has seen nothing of it. */
	if (rc && err->severity == RFA_RETRY && ask->only_once) {
		struct rfa_error why = *err;

		rc = put_begun(ctx, 0, "nothing", err);
		if (!rc) {
			*err = why;
			rc = -(int)why.code;
		}
	}
	return rc;
}

/* Ended. */

static const char *first_line(const struct rfa_ctx *ctx, const struct rfa_buf *said)
{
	struct rfa_buf line = RFA_BUF_INIT(LINE_MAX_BYTES * 8);
	const char *text = rfa_buf_str(said), *kept;

	rfa_buf_put_printable(&line, text, strcspn(text, "\n"), LINE_MAX_BYTES);
	kept = rfa_pool_text(ctx->pool, rfa_buf_str(&line));
	rfa_buf_release(&line);
	return kept;
}

static int await(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, const char *name,
		 struct rfa_once *out, struct rfa_error *err)
{
	struct rfa_buf said = RFA_BUF_INIT(SAID_MAX);
	struct rfa_exec_answer answer = { 0, &said };
	char sha256[RFA_DIGEST_HEX];
	struct rfa_ctx_key key;
	int rc =
	    ctx->host->engine->container_wait(ctx->host, rfa_ctx_key(ctx, &key, "wait", ask->what),
					      name, ask->timeout_s, &answer, err);

	if (!rc) {
		rfa_evidence_hide(ctx, name, &said);
		rfa_digest_of(RFA_SHA256, said.data, said.len, sha256);
		out->status = answer.status;
		out->sha256 = rfa_pool_text(ctx->pool, sha256);
		out->line = first_line(ctx, &said);
		rc = rfa_pool_check(ctx->pool, err);
	}
	rfa_buf_release(&said);
	return rc;
}

int rfa_once_run(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, struct rfa_once_answer *out,
		 struct rfa_error *err)
{
	const char *name = rfa_once_name(ctx, ask->what);
	json_t *there = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, name, &there, err);

	rfa_record_clear(&rfa_shape_once, &out->end);
	out->lost = !rc && !there && ask->only_once && ctx->made.begun;
	if (!rc && !out->lost && !has_run(there))
		rc = begin(ctx, ask, name, there, err);
	json_decref(there);
	return rc || out->lost ? rc : await(ctx, ask, name, &out->end, err);
}

int rfa_once_begun(struct rfa_ctx *ctx, const char *what, int *is, struct rfa_error *err)
{
	json_t *there = NULL;
	int rc =
	    rfa_inspect_or_null(ctx->host, RFA_CONTAINER, rfa_once_name(ctx, what), &there, err);

	*is = has_run(there);
	json_decref(there);
	return rc;
}

int rfa_once_stop(struct rfa_ctx *ctx, const char *what, struct rfa_error *err)
{
	const char *name = rfa_once_name(ctx, what);
	struct rfa_ctx_key key;
	json_t *there = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, name, &there, err);

	if (!rc && rfa_container_active(there))
		rc = ctx->host->engine->container_stop(
		    ctx->host, rfa_ctx_key(ctx, &key, "halt", what), name, err);
	json_decref(there);
	return rc;
}

int rfa_once_forget(struct rfa_ctx *ctx, const char *what, struct rfa_error *err)
{
	json_t *there = NULL;
	int rc =
	    rfa_inspect_or_null(ctx->host, RFA_CONTAINER, rfa_once_name(ctx, what), &there, err);

	if (!rc && has_run(there) && !rfa_container_active(there) && rfa_container_exit(there))
		rc = drop(ctx, there, err);
	json_decref(there);
	return rc;
}

int rfa_once_drop_all(struct rfa_ctx *ctx, struct rfa_error *err)
{
	json_t *all = NULL, *one;
	size_t i;
	int rc = rfa_containers(ctx, &all, err);

	json_array_foreach (all, i, one)
		if (!rc && !strcmp(rfa_container_label(one, LABEL), ctx->run))
			rc = drop(ctx, one, err);
	json_decref(all);
	return rc;
}

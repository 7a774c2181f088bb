/* A stack's Compose project, as it is named to the host: files, services, how many of each. */
#include "fsm/steps/compose_project.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/goods.h"
#include "fsm/steps/spec.h"

static json_t *compose_of(const struct rfa_ctx *ctx)
{
	json_t *compose = json_object_get(rfa_ctx_stack(ctx), "compose");

	return json_is_object(compose) ? compose : NULL;
}

static int add(const char *list[], const char *text, struct rfa_error *err)
{
	size_t n = 0;

	while (list[n])
		n++;
	if (n + 1 >= RFA_COMPOSE_WORDS)
		return rfa_fail(err, RFA_ETOOBIG, "compose",
				"the Compose project has more than %d files or services",
				RFA_COMPOSE_WORDS - 1);
	list[n] = text;
	list[n + 1] = NULL;
	return 0;
}

static int add_all(const char *list[], const json_t *texts, struct rfa_error *err)
{
	json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)texts, i, one) {
		if (!rc)
			rc = add(list, json_string_value(one), err);
	}
	return rc;
}

/* A text that the struct keeps. */
static int add_own(const char *list[], json_t *text, struct rfa_compose_project *p,
		   struct rfa_error *err)
{
	if (!text || json_array_append_new(p->texts, text))
		return rfa_fail_nomem(err);
	return add(list, json_string_value(text), err);
}

int rfa_compose_project(const struct rfa_ctx *ctx, int pinned, struct rfa_compose_project *p,
			struct rfa_error *err)
{
	const json_t *compose = compose_of(ctx);
	const json_t *files = json_object_get(compose, "files");
	char pins[400];
	int rc;

	memset(p, 0, sizeof(*p));
	p->texts = json_array();
	if (!json_array_size(files))
		files = rfa_ctx_fact(ctx, "target.look", "files");
	rfa_pins_path(ctx, pins, sizeof(pins));
	p->compose = (struct rfa_compose){ .project = rfa_facts_str(compose, "project", ""),
					   .directory = rfa_facts_str(compose, "directory", ""),
					   .files = p->files,
					   .env_files = p->env_files,
					   .services = p->services,
					   .scale = p->scale };
	rc = p->texts ? add_all(p->files, files, err) : rfa_fail_nomem(err);
	if (!rc && pinned)
		rc = add_own(p->files, json_string(pins), p, err);
	return rc ? rc : add_all(p->env_files, json_object_get(compose, "env_files"), err);
}

void rfa_compose_project_release(struct rfa_compose_project *p)
{
	json_decref(p->texts);
	p->texts = NULL;
}

int rfa_compose_add_service(const struct rfa_ctx *ctx, const char *service,
			    struct rfa_compose_project *p, struct rfa_error *err)
{
	size_t n = rfa_count_before(ctx, service, 0);
	int rc = add_own(p->services, json_string(service), p, err);

	if (!rc && n)
		rc = add_own(p->scale, json_sprintf("%s=%zu", service, n), p, err);
	return rc;
}

int rfa_compose_deploys(const struct rfa_ctx *ctx, const char *service)
{
	const json_t *listed = json_object_get(compose_of(ctx), "services");

	if (strcmp(rfa_facts_str(rfa_wanted_of(ctx, service), "shape", ""), "compose") != 0)
		return 0;
	return !json_array_size(listed) || rfa_facts_has_text(listed, service);
}

int rfa_compose_add_wanted(const struct rfa_ctx *ctx, struct rfa_compose_project *p,
			   struct rfa_error *err)
{
	json_t *good;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *key = rfa_facts_str(good, "key", "");

		if (!rc && rfa_compose_deploys(ctx, key))
			rc = rfa_compose_add_service(ctx, key, p, err);
	}
	return rc;
}

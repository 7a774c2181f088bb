/* What a container of a Compose project has otherwise than its service would give it now. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/images/compose_changes.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/images/spec.h"

/* What it is. */

static void list(struct rfa_buf *out, size_t *n, const char *what)
{
	(void)rfa_buf_printf(out, "%s%s", (*n)++ ? ", " : "", what);
}

/* "a$$b" of a configuration is "a$b" in a container. */
static int same_value(const char *config, const char *value)
{
	while (*config && *config == *value) {
		config += config[0] == '$' && config[1] == '$' ? 2 : 1;
		value++;
	}
	return !*config && !*value;
}

/* The value of a variable in a list of "NAME=VALUE", or NULL. */
static const char *value_of(const json_t *env, const char *name)
{
	size_t len = strlen(name);
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)env, i, one) {
		const char *text = json_string_value(one);

		if (text && !strncmp(text, name, len) && text[len] == '=')
			return text + len + 1;
	}
	return NULL;
}

/* The names of the variables whose values differ; a value may be secret. */
static void list_variables(const json_t *service, const json_t *c, const json_t *image,
			   struct rfa_buf *out)
{
	const json_t *config = json_object_get(service, "environment");
	const json_t *env = rfa_facts_at(c, "Config/Env");
	const json_t *given = rfa_facts_at(image, "Config/Env");
	const char *name;
	json_t *one;
	size_t n = 0;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)config, name, one) {
		const char *value = value_of(env, name);

		if (json_is_string(one) && (!value || !same_value(json_string_value(one), value)))
			list(out, &n, name);
	}
	json_array_foreach ((json_t *)(uintptr_t)env, i, one) {
		const char *text = json_string_value(one);
		size_t len = text ? strcspn(text, "=") : 0;
		char left[128];

		snprintf(left, sizeof(left), "%.*s", (int)len, text ? text : "");
		if (len && !json_is_string(json_object_get(config, left)) && !value_of(given, left))
			list(out, &n, left);
	}
}

/* 1 if the ports that a container publishes are those of the configuration. */
static int same_ports(const json_t *service, const json_t *c)
{
	const json_t *bound = rfa_facts_at(c, "HostConfig/PortBindings");
	size_t told = 0;
	const char *name;
	json_t *one;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)bound, name, one) {
		told += json_array_size(one);
	}
	json_array_foreach (json_object_get(service, "ports"), i, one) {
		char key[64];
		json_t *binding;
		size_t k;
		int found = 0;

		snprintf(key, sizeof(key), "%lld/%s", (long long)rfa_facts_int(one, "target", 0),
			 rfa_facts_str(one, "protocol", "tcp"));
		json_array_foreach (json_object_get(bound, key), k, binding) {
			found |= !strcmp(rfa_facts_str(binding, "HostPort", ""),
					 rfa_facts_str(one, "published", "")) &&
				 !strcmp(rfa_facts_str(binding, "HostIp", ""),
					 rfa_facts_str(one, "host_ip", ""));
		}
		if (!found)
			return 0;
	}
	return told == json_array_size(json_object_get(service, "ports"));
}

/* How it was brought up. */

/* "/srv/a.yaml, /srv/b.yaml", without those that begin with `own`: rfa's. */
static void put_files(const char *directory, const char *const *files, const char *own,
		      struct rfa_buf *out)
{
	size_t n = 0;
	size_t i;

	for (i = 0; files[i]; i++) {
		if (strncmp(files[i], own, strlen(own)) == 0)
			continue;
		(void)rfa_buf_printf(out, "%s%s%s%s", n++ ? ", " : "",
				     files[i][0] == '/' ? "" : directory,
				     files[i][0] == '/' ? "" : "/", files[i]);
	}
}

/* The same of a label, in which commas part them. */
static void put_label_files(const char *directory, const char *text, const char *own,
			    struct rfa_buf *out)
{
	char copy[4096];
	const char *files[64];
	char *at = copy;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while (*at && n + 1 < sizeof(files) / sizeof(files[0])) {
		files[n++] = at;
		at += strcspn(at, ",");
		if (*at)
			*at++ = '\0';
	}
	files[n] = NULL;
	put_files(directory, files, own, out);
}

static int differ(const struct rfa_buf *was, const struct rfa_buf *is)
{
	return strcmp(rfa_buf_str(was), rfa_buf_str(is)) != 0;
}

/* Its labels tell how it was called, against how rfa calls it. */
static enum rfa_compose_cause list_call(const struct rfa_ctx *ctx,
					const struct rfa_compose *project, const json_t *c,
					struct rfa_buf *out)
{
	const char *directory = rfa_container_label(c, "com.docker.compose.project.working_dir");
	const char *env_files =
	    rfa_container_label(c, "com.docker.compose.project.environment_file");
	const char *files = rfa_container_label(c, "com.docker.compose.project.config_files");
	struct rfa_buf was = RFA_BUF_INIT(8192);
	struct rfa_buf is = RFA_BUF_INIT(8192);
	enum rfa_compose_cause cause = RFA_COMPOSE_CAUSE_NONE;
	char pins[400];

	snprintf(pins, sizeof(pins), "%s/stacks/", ctx->host->state_dir);
	if (strcmp(directory, project->directory) != 0) {
		cause = RFA_COMPOSE_CAUSE_DIRECTORY;
		(void)rfa_buf_printf(out, "; it was brought up in the directory %s", directory);
	}
	put_label_files(directory, env_files, pins, &was);
	put_files(project->directory, project->env_files, pins, &is);
	if (differ(&was, &is)) {
		cause = RFA_COMPOSE_CAUSE_ENV_FILES;
		(void)rfa_buf_printf(out, "; it was brought up with %s%s",
				     was.len ? "--env-file " : "no --env-file", rfa_buf_str(&was));
	}
	rfa_buf_clear(&was);
	rfa_buf_clear(&is);
	put_label_files(directory, files, pins, &was);
	put_files(project->directory, project->files, pins, &is);
	if (differ(&was, &is)) {
		cause = RFA_COMPOSE_CAUSE_FILES;
		(void)rfa_buf_printf(out, "; it was brought up from %s, and %s would be used",
				     rfa_buf_str(&was), rfa_buf_str(&is));
	}
	rfa_buf_release(&was);
	rfa_buf_release(&is);
	return cause;
}

int rfa_compose_changes(const struct rfa_ctx *ctx, const struct rfa_compose *project,
			const json_t *service, const json_t *c, struct rfa_buf *out,
			enum rfa_compose_cause *cause, struct rfa_error *err)
{
	const char *policy = rfa_facts_str(c, "HostConfig/RestartPolicy/Name", "no");
	const char *restart = rfa_facts_str(service, "restart", "no");
	struct rfa_buf names = RFA_BUF_INIT(4096);
	enum rfa_compose_cause call;
	json_t *image = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, rfa_container_image(c), &image, err);

	if (rc)
		return rc;
	if (!*policy)
		policy = "no";
	list_variables(service, c, image, &names);
	if (names.len)
		(void)rfa_buf_printf(out, "; the variables: %s", rfa_buf_str(&names));
	if (!same_ports(service, c))
		(void)rfa_buf_puts(out, "; the ports");
	/* "on-failure:3" is the policy on-failure. */
	if (strncmp(restart, policy, strlen(policy)) != 0)
		(void)rfa_buf_printf(out, "; restart: %s instead of %s", restart, policy);
	*cause = out->len ? RFA_COMPOSE_CAUSE_OTHER : RFA_COMPOSE_CAUSE_NONE;
	call = list_call(ctx, project, c, out);
	if (call)
		*cause = call;
	rfa_buf_release(&names);
	json_decref(image);
	return 0;
}

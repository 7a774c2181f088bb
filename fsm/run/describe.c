/* From inspect objects to stacks: what the engine fills in by itself is left out. */
#include "fsm/run/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/steps/goods.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/secrets.h"
#include "fsm/steps/spec.h"

struct describe {
	struct rfa_host *host;
	const char *const *own;
	json_t *all;    /* owned; the inspect objects that count */
	json_t *stacks; /* owned */
	json_t *notes;  /* owned */
};

static const char *label_of(const json_t *container, const char *label)
{
	const json_t *labels = rfa_facts_at(container, "Config/Labels");
	const char *text = json_string_value(json_object_get(labels, label));

	return text ? text : "";
}

static void RFA_PRINTF(4, 5)
    note(struct describe *d, const char *stack, const char *about, const char *fmt, ...)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	va_list args;

	va_start(args, fmt);
	rfa_buf_vprintf(&text, fmt, args);
	va_end(args);
	json_array_append_new(d->notes, json_pack("{s:s, s:s, s:s}", "stack", stack, "about", about,
						  "says", rfa_buf_str(&text)));
	rfa_buf_release(&text);
}

/* ---- values that stay where they are ----------------------------------------------------------
 */

/* One of the host's own names, as a word of its own. */
static const char *names_itself(const struct describe *d, const char *value)
{
	const char *const *own;
	const char *at;

	for (own = d->own; own && *own; own++) {
		size_t n = strlen(*own);

		for (at = value; n && (at = strstr(at, *own)); at++) {
			char before = at == value ? ' ' : at[-1];

			if (!rfa_is_word(before) && before != '-' && before != '.' &&
			    !rfa_is_word(at[n]) && at[n] != '-' &&
			    (at[n] != '.' || !rfa_is_word(at[n + 1])))
				return *own;
		}
	}
	return NULL;
}

/* The name of a reference: letters, digits and _, in capitals where nothing else is given. */
static void reference_name(const char *text, size_t len, char *out, size_t size)
{
	size_t i = 0, n = 0;

	while (i < len && text[i] == '-')
		i++;
	if (i < len && text[i] >= '0' && text[i] <= '9')
		out[n++] = '_';
	for (; i < len && n + 1 < size; i++)
		out[n++] = rfa_is_word(text[i]) ? text[i] : '_';
	if (!n)
		out[n++] = 'X';
	out[n] = '\0';
}

/*
 * Puts a reference in the place of a value that may not be told, or that is another one elsewhere.
 * list: "NAME=value" texts. Words of a command may stand behind their option as well.
 */
static int refer(struct describe *d, const char *stack, const char *container, json_t *list,
		 struct rfa_error *err)
{
	char ref[80], text[200];
	int secret_follows = 0;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *all = json_string_value(one);
		const char *equals = all ? strchr(all, '=') : NULL;
		const char *value = equals ? equals + 1 : all;
		size_t len = equals ? (size_t)(equals - all) : 0;
		int secret, follows = secret_follows;
		const char *own;

		secret_follows = 0;
		if (!all)
			continue;
		if (!equals && *all == '-')
			secret_follows = rfa_looks_secret(all, strlen(all), "x");
		secret = follows || rfa_looks_secret(all, len, value);
		own = secret ? NULL : names_itself(d, value);
		if (!secret && !own)
			continue;
		if (len) {
			reference_name(all, len, ref, sizeof(ref));
		} else {
			snprintf(text, sizeof(text), "%s_WORD_%zu", container, i + 1);
			reference_name(text, strlen(text), ref, sizeof(ref));
		}
		if (own)
			note(d, stack, container, "%s names %s: say what it is elsewhere", ref,
			     own);
		else
			note(d, stack, container, "%s looks secret: its value was not read into it",
			     ref);
		if (json_array_set_new(
			list, i, json_sprintf("%.*s%s${%s}", (int)len, all, len ? "=" : "", ref)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

static int refer_labels(struct describe *d, const char *stack, const char *container,
			json_t *labels, struct rfa_error *err)
{
	char ref[80];
	const char *key;
	json_t *value;
	void *tmp;

	json_object_foreach_safe (labels, tmp, key, value) {
		const char *text = json_string_value(value);

		if (!text || (!rfa_looks_secret(key, strlen(key), text) && !names_itself(d, text)))
			continue;
		reference_name(key, strlen(key), ref, sizeof(ref));
		note(d, stack, container, "the label %s is another one elsewhere, or secret", key);
		if (json_object_set_new(labels, key, json_sprintf("${%s}", ref)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

/* ---- what the engine fills in by itself -------------------------------------------------------
 */

static int is_empty(const json_t *v)
{
	return json_is_null(v) || json_is_false(v) ||
	       (json_is_integer(v) && json_integer_value(v) == 0) ||
	       (json_is_real(v) && !(json_real_value(v) > 0)) ||
	       (json_is_string(v) && !json_string_length(v)) ||
	       (json_is_array(v) && !json_array_size(v)) ||
	       (json_is_object(v) && !json_object_size(v));
}

/* An empty list here is not the default: it takes the default's protection away. */
static int means_something(const char *key)
{
	return !strcmp(key, "MaskedPaths") || !strcmp(key, "ReadonlyPaths") ||
	       !strcmp(key, "Entrypoint") || !strcmp(key, "Cmd");
}

static void drop_empty(json_t *object)
{
	const char *key;
	json_t *value;
	void *tmp;

	json_object_foreach_safe (object, tmp, key, value) {
		if (json_is_null(value) || (is_empty(value) && !means_something(key)))
			json_object_del(object, key);
	}
}

static void drop_if(json_t *object, const char *key, const json_t *value)
{
	const json_t *is = json_object_get(object, key);

	if (is && (!value || json_equal(is, value)))
		json_object_del(object, key);
}

static void drop_defaults(json_t *body)
{
	static const struct {
		const char *key, *value;
	} texts[] = {
		{ "IpcMode", "private" },
		{ "CgroupnsMode", "private" },
		{ "Runtime", "runc" },
	};
	static const char *const attached[] = { "AttachStdin", "AttachStdout", "AttachStderr",
						"Image" };
	json_t *host = json_object_get(body, "HostConfig");
	json_t *shm = json_integer(67108864);
	size_t i;

	for (i = 0; i < sizeof(attached) / sizeof(attached[0]); i++)
		json_object_del(body, attached[i]);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *text = json_string(texts[i].value);

		drop_if(host, texts[i].key, text);
		json_decref(text);
	}
	drop_if(host, "ShmSize", shm);
	json_decref(shm);
	drop_if(host, "ConsoleSize", NULL);
	for (i = 0; i < 2; i++) {
		static const char *const paths[] = { "MaskedPaths", "ReadonlyPaths" };

		if (json_array_size(json_object_get(host, paths[i])))
			json_object_del(host, paths[i]);
	}
	drop_empty(json_object_get(host, "RestartPolicy"));
	drop_empty(json_object_get(host, "LogConfig"));
	if (!strcmp(rfa_facts_str(host, "RestartPolicy/Name", ""), "no"))
		json_object_del(host, "RestartPolicy");
	if (!strcmp(rfa_facts_str(host, "LogConfig/Type", ""), "json-file") &&
	    json_object_size(json_object_get(host, "LogConfig")) == 1)
		json_object_del(host, "LogConfig");
	drop_empty(host);
	drop_empty(body);
}

/* ---- stacks ------------------------------------------------------------------------------------
 */

static int add_once(json_t *list, const char *text, struct rfa_error *err)
{
	if (rfa_facts_has_text(list, text))
		return 0;
	return json_array_append_new(list, json_string(text)) ? rfa_fail_nomem(err) : 0;
}

/* *out (borrowed): the member of that name, made if there is none. */
static int member(json_t *object, const char *key, json_t *fresh, json_t **out,
		  struct rfa_error *err)
{
	int rc = 0;

	*out = json_object_get(object, key);
	if (*out) {
		json_decref(fresh);
		return 0;
	}
	rc = rfa_facts_set(object, key, fresh, err);
	*out = json_object_get(object, key);
	return rc;
}

/* What the container has of its host's files has to be elsewhere too, before it is made there. */
static int add_requires(struct describe *d, const json_t *container, json_t *stack,
			struct rfa_error *err)
{
	json_t *bootstrap = NULL, *list = NULL, *mount;
	size_t i;
	int rc = member(stack, "bootstrap", json_object(), &bootstrap, err);

	if (!rc)
		rc = member(bootstrap, "requires", json_array(), &list, err);
	json_array_foreach (json_object_get(container, "Mounts"), i, mount) {
		const char *source = rfa_facts_str(mount, "Source", "");
		struct rfa_file_stat st;
		char path[512];

		if (rc || strcmp(rfa_facts_str(mount, "Type", ""), "bind") != 0)
			continue;
		rc = d->host->ops->file_stat(d->host, source, &st, err);
		snprintf(path, sizeof(path), "%s%s", source,
			 !rc && st.type == 'd' && strcmp(source, "/") != 0 ? "/" : "");
		if (!rc)
			rc = add_once(list, path, err);
	}
	return rc;
}

static int add_obstacles(struct describe *d, const char *stack, const json_t *container,
			 struct rfa_error *err)
{
	json_t *list = json_array(), *one;
	size_t i;
	int rc = list ? rfa_spec_obstacles(container, list, err) : rfa_fail_nomem(err);

	json_array_foreach (list, i, one)
		note(d, stack, rfa_container_name(container), "%s: %s",
		     rfa_facts_str(one, "why", ""), rfa_facts_str(one, "mend", ""));
	json_decref(list);
	return rc;
}

static int add_container(struct describe *d, const char *name, const json_t *container,
			 struct rfa_error *err)
{
	json_t *image = NULL, *body = NULL, *stack, *list, *bodies;
	int rc = member(d->stacks, name, json_object(), &stack, err);

	if (!rc)
		rc = member(stack, "containers", json_array(), &list, err);
	if (!rc)
		rc = add_once(list, rfa_container_name(container), err);
	if (!rc)
		rc = add_requires(d, container, stack, err);
	if (!rc)
		rc = add_obstacles(d, name, container, err);
	if (!rc)
		rc = rfa_inspect_or_null(d->host, RFA_IMAGE, rfa_facts_str(container, "Image", ""),
					 &image, err);
	if (!rc)
		rc = rfa_spec_body(container, image, "", &body, err);
	if (!rc)
		rc = refer(d, name, rfa_container_name(container), json_object_get(body, "Env"),
			   err);
	if (!rc)
		rc = refer(d, name, rfa_container_name(container), json_object_get(body, "Cmd"),
			   err);
	if (!rc)
		rc = refer(d, name, rfa_container_name(container),
			   json_object_get(body, "Entrypoint"), err);
	if (!rc)
		rc = refer_labels(d, name, rfa_container_name(container),
				  json_object_get(body, "Labels"), err);
	if (!rc)
		rc = member(json_object_get(stack, "bootstrap"), "containers", json_object(),
			    &bodies, err);
	if (!rc) {
		drop_defaults(body);
		rc = rfa_facts_set(bodies, rfa_container_name(container), json_incref(body), err);
	}
	json_decref(image);
	json_decref(body);
	return rc;
}

/* Files that a label lists, as the stack names them; those that rfa itself added are not its own.
 */
static int add_files(struct describe *d, json_t *stack, const char *key, const char *label,
		     const char *directory, struct rfa_error *err)
{
	json_t *compose = json_object_get(stack, "compose");
	size_t folder = strlen(directory);
	size_t state = strlen(d->host->state_dir);
	json_t *list, *required;
	int rc = member(compose, key, json_array(), &list, err);

	if (!rc)
		rc = member(json_object_get(stack, "bootstrap"), "requires", json_array(),
			    &required, err);
	while (!rc && *label) {
		size_t len = strcspn(label, ",");
		char path[512];

		snprintf(path, sizeof(path), "%.*s", (int)len, label);
		label += len + (label[len] == ',');
		if (!*path || (!strncmp(path, d->host->state_dir, state) && path[state] == '/'))
			continue;
		rc = add_once(required, path, err);
		if (!rc)
			rc = add_once(list,
				      !strncmp(path, directory, folder) && path[folder] == '/'
					  ? path + folder + 1
					  : path,
				      err);
	}
	if (!rc && !json_array_size(list))
		json_object_del(compose, key);
	return rc;
}

static int add_project(struct describe *d, const char *project, const json_t *container,
		       struct rfa_error *err)
{
	const char *directory = label_of(container, "com.docker.compose.project.working_dir");
	json_t *stack, *compose;
	int rc = member(d->stacks, project, json_object(), &stack, err);

	if (!rc && json_object_get(stack, "compose"))
		return add_requires(d, container, stack, err);
	if (!rc)
		rc = member(stack, "compose",
			    json_pack("{s:s, s:s}", "project", project, "directory", directory),
			    &compose, err);
	if (!rc)
		rc = add_requires(d, container, stack, err);
	if (!rc)
		rc = add_files(d, stack, "files",
			       label_of(container, "com.docker.compose.project.config_files"),
			       directory, err);
	if (!rc)
		rc = add_files(d, stack, "env_files",
			       label_of(container, "com.docker.compose.project.environment_file"),
			       directory, err);
	return rc;
}

/* ---- which containers belong together ---------------------------------------------------------
 */

static int is_built_in(const char *network)
{
	return !strcmp(network, "bridge") || !strcmp(network, "host") || !strcmp(network, "none");
}

static int share_network(const json_t *a, const json_t *b)
{
	json_t *mine = rfa_facts_at(a, "NetworkSettings/Networks");
	const json_t *theirs = rfa_facts_at(b, "NetworkSettings/Networks");
	const char *network;
	json_t *unused;

	json_object_foreach (mine, network, unused) {
		if (!is_built_in(network) && json_object_get(theirs, network))
			return 1;
	}
	return 0;
}

/* The name of a group: what all names begin with, as far as that ends a word; else the first one.
 */
static void group_name(const json_t *group, char *out, size_t size)
{
	const char *first = rfa_container_name(json_array_get(group, 0));
	size_t len = strlen(first), i;
	json_t *one;

	json_array_foreach ((json_t *)(uintptr_t)group, i, one) {
		const char *name = rfa_container_name(one);
		size_t n = 0;

		while (n < len && name[n] == first[n])
			n++;
		while (n && (rfa_is_word(first[n]) || rfa_is_word(name[n])) &&
		       rfa_is_word(first[n - 1]))
			n--;
		len = n;
	}
	while (len && !rfa_is_word(first[len - 1]))
		len--;
	if (!len)
		len = strlen(first);
	snprintf(out, size < 64 ? size : 64, "%.*s", (int)len, first);
	for (i = 0; out[i]; i++)
		if (!rfa_is_word(out[i]) && out[i] != '-')
			out[i] = '-';
}

static int counts(const json_t *container)
{
	return rfa_facts_bool(container, "State/Running", 0) &&
	       strcmp(label_of(container, "com.docker.compose.oneoff"), "True") != 0 &&
	       !strstr(rfa_container_name(container), ".rfa-");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(rfa_container_name(*(json_t *const *)a),
		      rfa_container_name(*(json_t *const *)b));
}

/* The order is that of the names, so that the same host is described in the same way. */
static int take_containers(struct describe *d, struct rfa_error *err)
{
	json_t *all = NULL, *one, **sorted;
	size_t i, n = 0;
	int rc = d->host->ops->list(d->host, RFA_CONTAINER, &all, err);

	if (rc)
		return rc;
	sorted = calloc(json_array_size(all) + 1, sizeof(json_t *));
	if (!sorted)
		rc = rfa_fail_nomem(err);
	json_array_foreach (sorted ? all : NULL, i, one) {
		if (counts(one))
			sorted[n++] = one;
	}
	if (sorted)
		qsort(sorted, n, sizeof(json_t *), by_name);
	for (i = 0; i < n; i++)
		json_array_append(d->all, sorted[i]);
	free(sorted);
	json_decref(all);
	return rc;
}

/* Takes the first container that is left, and all that it shares networks with, one by the other.
 */
static int take_group(struct describe *d, json_t *left, struct rfa_error *err)
{
	json_t *group = json_array(), *one;
	char name[64], base[64];
	size_t i, j;
	int rc = group ? 0 : rfa_fail_nomem(err);

	if (!rc) {
		json_array_append(group, json_array_get(left, 0));
		json_array_remove(left, 0);
	}
	for (i = 0; i < json_array_size(group); i++) {
		for (j = 0; j < json_array_size(left);) {
			if (share_network(json_array_get(group, i), json_array_get(left, j))) {
				json_array_append(group, json_array_get(left, j));
				json_array_remove(left, j);
			} else {
				j++;
			}
		}
	}
	group_name(group, base, sizeof(base));
	snprintf(name, sizeof(name), "%s", base);
	for (i = 2; json_object_get(d->stacks, name); i++)
		snprintf(name, sizeof(name), "%.50s-%zu", base, i);
	json_array_foreach (group, i, one) {
		if (!rc)
			rc = add_container(d, name, one, err);
	}
	json_decref(group);
	return rc;
}

int rfa_describe(struct rfa_host *host, const char *const own[], json_t **out,
		 struct rfa_error *err)
{
	struct describe d = { host, own, json_array(), json_object(), json_array() };
	json_t *left = json_array(), *one;
	size_t i;
	int rc =
	    d.all && d.stacks && d.notes && left ? take_containers(&d, err) : rfa_fail_nomem(err);

	json_array_foreach (d.all, i, one) {
		const char *project = label_of(one, "com.docker.compose.project");

		if (rc)
			break;
		if (*project)
			rc = add_project(&d, project, one, err);
		else
			json_array_append(left, one);
	}
	while (!rc && json_array_size(left))
		rc = take_group(&d, left, err);
	if (!rc) {
		*out = json_pack("{s:O, s:O}", "stacks", d.stacks, "notes", d.notes);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	json_decref(left);
	json_decref(d.all);
	json_decref(d.stacks);
	json_decref(d.notes);
	return rc < 0 ? rfa_error_where(err, "%s", host->name) : 0;
}

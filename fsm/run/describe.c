/* From inspect objects to stacks: which containers of a host belong together. */
#include "fsm/run/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/run/describe_parts.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/secrets.h"

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
	       strcmp(rfa_describe_label(container, "com.docker.compose.oneoff"), "True") != 0 &&
	       !strstr(rfa_container_name(container), ".rfa-");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(rfa_container_name(*(json_t *const *)a),
		      rfa_container_name(*(json_t *const *)b));
}

/* The order is that of the names, so that the same host is described in the same way. */
static int take_containers(struct rfa_describe *d, struct rfa_error *err)
{
	json_t *all = NULL, *one, **sorted;
	size_t i, n = 0;
	int rc = d->host->engine->list(d->host, RFA_CONTAINER, &all, err);

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
static int take_group(struct rfa_describe *d, json_t *left, struct rfa_error *err)
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
			rc = rfa_describe_container(d, name, one, err);
	}
	json_decref(group);
	return rc;
}

int rfa_describe(struct rfa_host *host, const char *const own[], json_t **out,
		 struct rfa_error *err)
{
	struct rfa_describe d = { host, own, json_array(), json_object(), json_array() };
	json_t *left = json_array(), *one;
	size_t i;
	int rc =
	    d.all && d.stacks && d.notes && left ? take_containers(&d, err) : rfa_fail_nomem(err);

	json_array_foreach (d.all, i, one) {
		const char *project = rfa_describe_label(one, "com.docker.compose.project");

		if (rc)
			break;
		if (*project)
			rc = rfa_describe_project(&d, project, one, err);
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

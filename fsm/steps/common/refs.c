#include "fsm/steps/common/refs.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/steps/common/inspect.h"

/* An id may be written short; the engine itself takes any beginning that is of one only. */
enum { ID_SHORT = 12 };

static int is_meant(const char *ref, size_t len, const json_t *x)
{
	const char *name = rfa_container_name(x);
	const char *id = rfa_container_id(x);

	if (len && *ref == '/') {
		ref++;
		len--;
	}
	return (len == strlen(name) && !strncmp(ref, name, len)) ||
	       (!strncmp(id, ref, len) && (len >= ID_SHORT || (len && !id[len])));
}

static int has_mode(const json_t *c, const char *field, const json_t *x)
{
	const char *mode = rfa_facts_str(c, field, "");

	return !strncmp(mode, "container:", 10) && is_meant(mode + 10, strlen(mode + 10), x);
}

/* "REF:…", as links and volumes are written. */
static int is_listed(const json_t *list, const json_t *x)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		const char *text = json_is_string(one) ? json_string_value(one) : "";

		if (is_meant(text, strcspn(text, ":"), x))
			return 1;
	}
	return 0;
}

/* Links are of the container on the default network, of an endpoint on any other. */
static int is_linked(const json_t *c, const json_t *x)
{
	const char *name;
	json_t *one;
	int linked = is_listed(rfa_facts_at(c, "HostConfig/Links"), x);

	json_object_foreach (rfa_container_networks(c), name, one) {
		linked |= is_listed(json_object_get(one, "Links"), x);
	}
	return linked;
}

const char *rfa_ref_lost(const json_t *c, const json_t *x)
{
	if (has_mode(c, "HostConfig/NetworkMode", x))
		return "the network of";
	if (has_mode(c, "HostConfig/PidMode", x))
		return "the process namespace of";
	return has_mode(c, "HostConfig/IpcMode", x) ? "the IPC namespace of" : NULL;
}

const char *rfa_ref_to(const json_t *c, const json_t *x)
{
	const char *lost = rfa_ref_lost(c, x);

	if (lost)
		return lost;
	if (is_linked(c, x))
		return "a link to";
	return is_listed(rfa_facts_at(c, "HostConfig/VolumesFrom"), x) ? "volumes of" : NULL;
}

void rfa_refs_on(const json_t *all, const json_t *x, const char *key, struct rfa_pool *pool,
		 struct rfa_dependent_list *out)
{
	json_t *c;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, c) {
		const char *how = rfa_ref_lost(c, x);
		struct rfa_dependent *one;

		if (!how && is_linked(c, x))
			how = "a link to";
		if (!how || c == x)
			continue;
		one = RFA_ADD(pool, dependent, out);
		one->key = rfa_pool_text(pool, key);
		one->container = rfa_pool_text(pool, rfa_container_name(c));
		one->running = rfa_container_active(c);
		one->on = rfa_pool_text(pool, rfa_container_name(x));
		one->how = how;
	}
}

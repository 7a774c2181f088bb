#include "fsm/steps/inspect.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"

const char *rfa_container_name(const json_t *inspect)
{
	const char *name = rfa_facts_str(inspect, "Name", "");

	return *name == '/' ? name + 1 : name;
}

int rfa_container_active(const json_t *inspect)
{
	return rfa_facts_bool(inspect, "State/Running", 0) ||
	       rfa_facts_bool(inspect, "State/Restarting", 0);
}

void rfa_container_policy(const json_t *inspect, char *out, size_t size)
{
	const char *name = rfa_facts_str(inspect, "HostConfig/RestartPolicy/Name", "");
	long long most =
	    (long long)rfa_facts_int(inspect, "HostConfig/RestartPolicy/MaximumRetryCount", 0);

	if (!strcmp(name, "on-failure") && most > 0)
		snprintf(out, size, "%s:%lld", name, most);
	else
		snprintf(out, size, "%s", *name ? name : "no");
}

/* on-failure too: what was told to stop has mostly ended with another status than 0. */
int rfa_container_comes_back(const json_t *inspect)
{
	const char *name = rfa_facts_str(inspect, "HostConfig/RestartPolicy/Name", "");

	return !strcmp(name, "always") || !strcmp(name, "on-failure");
}

json_t *rfa_container_named(const json_t *all, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		if (!strcmp(rfa_container_name(one), name))
			return one;
	}
	return NULL;
}

int rfa_path_in(const char *outer, const char *inner)
{
	size_t n = strlen(outer);

	while (n && outer[n - 1] == '/')
		n--;
	return !strncmp(outer, inner, n) && (!inner[n] || inner[n] == '/');
}

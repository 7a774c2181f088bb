/* Containers: the tables of their fields. */
#include "fsm/model/container.h"

#include <string.h>

#define RFA_THIS struct rfa_container
RFA_SHAPE(container, RFA_CONTAINER_FIELDS, "a container of a stack");
#undef RFA_THIS
#define RFA_THIS struct rfa_dependent
RFA_SHAPE(dependent, RFA_DEPENDENT_FIELDS, "another container that needs one of the stack's");
#undef RFA_THIS
#define RFA_THIS struct rfa_mounted
RFA_SHAPE(mounted, RFA_MOUNTED_FIELDS, "a container that has a piece of the data");
#undef RFA_THIS
#define RFA_THIS struct rfa_joined
RFA_SHAPE(joined, RFA_JOINED_FIELDS, "the networks of a container");
#undef RFA_THIS
#define RFA_THIS struct rfa_namesake
RFA_SHAPE(namesake, RFA_NAMESAKE_FIELDS, "another container that is called as one of the stack");
#undef RFA_THIS

const struct rfa_container *rfa_container_of(const struct rfa_container_list *containers,
					     const char *key)
{
	const struct rfa_container *one;

	RFA_EACH (one, *containers)
		if (!strcmp(one->key, key))
			return one;
	return NULL;
}

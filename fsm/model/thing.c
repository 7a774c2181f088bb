/* Things that could go: the tables of their fields, and what is looked up in them. */
#include "fsm/model/thing.h"

#include <string.h>

#define RFA_THIS struct rfa_need
RFA_SHAPE(need, RFA_NEED_FIELDS, "what an image is needed for");
#undef RFA_THIS
#define RFA_THIS struct rfa_thing
RFA_SHAPE(thing, RFA_THING_FIELDS, "a thing that could go");
#undef RFA_THIS
#define RFA_THIS struct rfa_space
RFA_SHAPE(space, RFA_SPACE_FIELDS, "what is free on a file system");
#undef RFA_THIS

const struct rfa_thing *rfa_thing_of(const struct rfa_thing_list *things, const char *kind,
				     const char *id)
{
	const struct rfa_thing *one;

	RFA_EACH (one, *things)
		if (!strcmp(one->kind, kind) && !strcmp(one->id, id))
			return one;
	return NULL;
}

const char *rfa_thing_label(struct rfa_pool *pool, const struct rfa_thing *thing)
{
	return rfa_pool_printf(pool, "%s %s", thing->kind, thing->name);
}

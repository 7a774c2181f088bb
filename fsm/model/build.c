/* Images that are built: the tables of their fields. */
#include "fsm/model/build.h"

#include <string.h>

#define RFA_THIS struct rfa_built
RFA_SHAPE(built, RFA_BUILT_FIELDS, "an image that is built");
#undef RFA_THIS
#define RFA_THIS struct rfa_stack_build
RFA_SHAPE(stack_build, RFA_STACK_BUILD_FIELDS, "what of a stack is built, and where");
#undef RFA_THIS
#define RFA_THIS struct rfa_worktree
RFA_SHAPE(worktree, RFA_WORKTREE_FIELDS, "the sources of an image");
#undef RFA_THIS

const struct rfa_built *rfa_built_of(const struct rfa_built_list *all, const char *key)
{
	const struct rfa_built *one;

	RFA_EACH (one, *all)
		if (!strcmp(one->key, key))
			return one;
	return NULL;
}

const struct rfa_worktree *rfa_worktree_of(const struct rfa_worktree_list *all, const char *key)
{
	const struct rfa_worktree *one;

	RFA_EACH (one, *all)
		if (!strcmp(one->key, key))
			return one;
	return NULL;
}

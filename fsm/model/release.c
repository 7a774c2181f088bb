/* Releases: the tables of their fields. */
#include "fsm/model/release.h"

#define RFA_THIS struct rfa_stack_source
RFA_SHAPE(stack_source, RFA_STACK_SOURCE_FIELDS, "the git repository of a stack");
#undef RFA_THIS
#define RFA_THIS struct rfa_release
RFA_SHAPE(release, RFA_RELEASE_FIELDS, "a commit that is released");
#undef RFA_THIS

int rfa_source_has_files(const struct rfa_stack_source *source)
{
	return source && (*source->directory || source->files.n);
}

/* Images that are built: from which sources, and what they are to be called. */
#ifndef RFA_FSM_MODEL_BUILD_H
#define RFA_FSM_MODEL_BUILD_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_BUILT_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(key, "the name of its container, or of its Compose service") \
	TEXT(image, "its name without a tag") \
	TEXT(context, "the directory that is sent to the builder") \
	TEXT(dockerfile, "the Dockerfile in it; absent: Dockerfile") \
	TEXT(target, "the stage that is built; absent: the last one") \
	TEXT(platform, "for which kind of machine; absent: the builder's own") \
	JSON(args, "{name: value}: build arguments") \
	JSON(labels, "{name: value}: labels of the image")
/* clang-format on */
RFA_RECORD(built, RFA_BUILT_FIELDS);

/* clang-format off */
#define RFA_STACK_BUILD_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(on, "the environment that builds; absent: the operator's machine") \
	TEXT(version, "how a version is called: \"time\", \"git\" or \"time-git\"") \
	TEXT(dirty, "what of sources that are not committed: \"mark\", \"refuse\" or \"allow\"") \
	TEXTS(secrets, "the ids of the secrets that builds may mount") \
	BOOL(compose, "what is built was said by the Compose project on the builder's side") \
	TEXT(directory, "where that project is; absent: compose.source of the stack, if that is here") \
	TEXTS(files, "its Compose files; none: those that Compose finds") \
	NAMED(built, images, "what is built")
/* clang-format on */
RFA_RECORD(stack_build, RFA_STACK_BUILD_FIELDS);

/* clang-format off */
#define RFA_WORKTREE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(key, "whose context") \
	TEXT(context, "the directory") \
	TEXT(commit, "the git commit that is checked out; absent: it is in no repository") \
	BOOL(dirty, "something in it is not committed") \
	TEXT(tree, "the git tree of all that is there") \
	TEXT(problem, "why nothing can be built there, in words")
/* clang-format on */
RFA_RECORD(worktree, RFA_WORKTREE_FIELDS);

/* The first of this key; NULL: there is none. */
const struct rfa_built *rfa_built_of(const struct rfa_built_list *all, const char *key);
const struct rfa_worktree *rfa_worktree_of(const struct rfa_worktree_list *all, const char *key);

#endif

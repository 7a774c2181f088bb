/* Releases: a commit of a git repository, whose images run and whose files belong to a stack. */
#ifndef RFA_FSM_MODEL_RELEASE_H
#define RFA_FSM_MODEL_RELEASE_H

#include "fsm/model/field.h"

/* A commit that has more as an archive is not sent anywhere. */
#define RFA_RELEASE_BYTES 4000000000LL

/* clang-format off */
#define RFA_STACK_SOURCE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(git, "where the repository is") \
	TEXT(tags, "what its releases are called; the version is what stands for the star") \
	TEXT(directory, "the directory in it whose files belong to the stack's Compose directory") \
	TEXTS(files, "patterns of these files; none: all of them, if there is a directory")
/* clang-format on */
RFA_RECORD(stack_source, RFA_STACK_SOURCE_FIELDS);

/* clang-format off */
#define RFA_RELEASE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(url, "the repository") \
	TEXT(tag, "the tag that was asked for") \
	TEXT(commit, "the commit that it was then") \
	TEXT(tree, "the git tree of that commit") \
	TEXT(published, "when the forge has published it; absent: it does not say, or nobody has asked it") \
	TEXT(at, "when it was committed") \
	INT(files, 0, "how many files it has") \
	INT(bytes, 0, "how large they are as an archive") \
	TEXT(sha256, "of that archive") \
	TEXTS(submodules, "other repositories that it points to, where they lie") \
	TEXTS(pointers, "files of it that only point into Git LFS") \
	TEXT(other, "the commit that the same tag was in an earlier run; absent: none") \
	TEXT(other_run, "that run")
/* clang-format on */
RFA_RECORD(release, RFA_RELEASE_FIELDS);

/* 1 if the stack has files that come from the repository. */
int rfa_source_has_files(const struct rfa_stack_source *source);

#endif

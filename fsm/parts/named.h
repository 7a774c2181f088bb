/* Images that a run brings by a name: for which container, and under which version. */
#ifndef RFA_FSM_PARTS_NAMED_H
#define RFA_FSM_PARTS_NAMED_H

#include <jansson.h>

#include "fsm/base/error.h"

/* The longest tag that engines take. */
enum { RFA_TAG_MAX = 128 };

/* A tag: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} (docker/distribution, reference.go). */
int rfa_named_is_tag(const char *text);

/* What a tag of a git repository is, where `source.tags` says how those of releases are called. */
enum rfa_named_version {
	RFA_VERSION_IS,
	RFA_VERSION_OTHER,    /* releases are called otherwise */
	RFA_VERSION_NO_IMAGE, /* no image can have such a version */
};
/*
 * out: the version: what stands in the tag for the star of the pattern. Of OTHER "", of NO_IMAGE
 * what stands there, cut.
 */
enum rfa_named_version rfa_named_version(const char *pattern, const char *tag,
					 char out[RFA_TAG_MAX + 1]);

/*
 * 0 if the plan's target has a container of this name, or may have such a service. where: the key
 * of rfa.json that names it, for the error (CONFIG).
 */
int rfa_named_check(const json_t *plan, const char *where, const char *key,
		    struct rfa_error *err) RFA_MUST_USE;

/* options.desired: the version, and for each container the image NAME:VERSION. names: {key: NAME}.
 */
int rfa_named_desired(json_t *plan, const json_t *names, const char *version,
		      struct rfa_error *err) RFA_MUST_USE;

#endif

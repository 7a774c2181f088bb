/* Versions: which images one is, and where it has been verified. */
#ifndef RFA_FSM_MODEL_VERSION_H
#define RFA_FSM_MODEL_VERSION_H

#include "fsm/model/field.h"
#include "fsm/model/image.h"

/* clang-format off */
#define RFA_VERIFICATION_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(env, "the environment that has proven it") \
	TEXT(how, "\"run\" (a run ended well), \"smoke\" (a smoke test), \"approved\" (somebody says so), \"signed\" (an item of the checklist), \"migrated\" (a drill has tried its migration), \"imported\" (a marker of deployment scripts: a name without images, which no gate believes)") \
	TEXT(at, "when; of several the first") \
	TEXT(run, "by which run") \
	TEXT(by, "who approved or signed it") \
	TEXT(item, "of the checklist") \
	TEXT(reason, "why somebody approved it, or why it may go there unproven") \
	BOOL(forced, "it went there unproven: somebody has passed the gate by force") \
	TEXTS(identities, "of the images that were proven")
/* clang-format on */
RFA_RECORD(verification, RFA_VERIFICATION_FIELDS);

/* clang-format off */
#define RFA_VERSION_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(version, "what it is called") \
	TEXT(run, "the run that has brought it first, or spoken of it, if none has") \
	TEXT(at, "when") \
	TEXT(flow, "how") \
	TEXT(env, "where") \
	TEXT(commit, "the git commit that it was built from") \
	MANY(image, images, "what it is: of each container or service the image that it had first") \
	MANY(verification, verified, "where it has been proven")
/* clang-format on */
RFA_RECORD(version, RFA_VERSION_FIELDS);

/* The one of this name; NULL: there is none. */
const struct rfa_version *rfa_version_named(const struct rfa_version_list *all, const char *name);
/* 1 if the name says which images are meant: "latest" and "" do not. */
int rfa_version_says(const char *name);
/* The image that a version had first under this tag; NULL: none. */
const struct rfa_image *rfa_version_image(const struct rfa_version *version, const char *ref);

/* 1 if a run has brought it: which images it is does not rest on the word of somebody. */
int rfa_version_is_brought(const struct rfa_version *version);
/* 1 if it was imported: a word of others about a name, which proves no image. */
int rfa_verification_is_imported(const struct rfa_verification *one);

/* Who has signed an item for an image in an environment; NULL: nobody. */
const struct rfa_verification *rfa_version_signature(const struct rfa_version_list *all,
						     const char *identity, const char *env,
						     const char *item);

/*
 * The earliest proof of an image in an environment, and in *of its version; NULL: there is none.
 * What went there by force was not proven.
 */
const struct rfa_verification *rfa_version_proof(const struct rfa_version_list *all,
						 const char *identity, const char *env,
						 const struct rfa_version **of);

#endif

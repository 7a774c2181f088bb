/* Versions: the tables of their fields, and what is looked up in them. */
#include "fsm/model/version.h"

#include <string.h>

#define RFA_THIS struct rfa_verification
RFA_SHAPE(verification, RFA_VERIFICATION_FIELDS, "a proof of a version");
#undef RFA_THIS
#define RFA_THIS struct rfa_version
RFA_SHAPE(version, RFA_VERSION_FIELDS, "a version of a stack");
#undef RFA_THIS

const struct rfa_version *rfa_version_named(const struct rfa_version_list *all, const char *name)
{
	const struct rfa_version *version;

	RFA_EACH (version, *all)
		if (!strcmp(version->version, name))
			return version;
	return NULL;
}

int rfa_verification_is_imported(const struct rfa_verification *one)
{
	return !strcmp(one->how, "imported");
}

int rfa_version_is_brought(const struct rfa_version *version)
{
	const struct rfa_verification *one;

	RFA_EACH (one, version->verified)
		if (!strcmp(one->how, "run") || !strcmp(one->how, "smoke"))
			return 1;
	return 0;
}

int rfa_version_says(const char *name)
{
	return *name && strcmp(name, "latest") != 0;
}

const struct rfa_image *rfa_version_image(const struct rfa_version *version, const char *ref)
{
	const struct rfa_image *image;

	RFA_EACH (image, version->images)
		if (!strcmp(image->ref, ref))
			return image;
	return NULL;
}

/* ISO times sort as text. */
const struct rfa_verification *rfa_version_proof(const struct rfa_version_list *all,
						 const char *identity, const char *env,
						 const struct rfa_version **of)
{
	const struct rfa_verification *best = NULL;
	const struct rfa_verification *one;
	const struct rfa_version *version;

	RFA_EACH (version, *all)
		RFA_EACH (one, version->verified)
			if (!one->forced && !*one->item && strcmp(one->how, "migrated") != 0 &&
			    !strcmp(one->env, env) && rfa_texts_have(&one->identities, identity) &&
			    (!best || strcmp(one->at, best->at) < 0)) {
				best = one;
				*of = version;
			}
	return best;
}

const struct rfa_verification *rfa_version_signature(const struct rfa_version_list *all,
						     const char *identity, const char *env,
						     const char *item)
{
	const struct rfa_verification *one;
	const struct rfa_version *version;

	RFA_EACH (version, *all)
		RFA_EACH (one, version->verified)
			if (!strcmp(one->item, item) && !strcmp(one->env, env) &&
			    rfa_texts_have(&one->identities, identity))
				return one;
	return NULL;
}

/* What a stack runs, in words that hold on every host. */
#ifndef RFA_FSM_MODEL_IMAGE_H
#define RFA_FSM_MODEL_IMAGE_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_IMAGE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(key, "the name of its container, or of its Compose service") \
	TEXT(kind, "\"run\" (docker run) or \"compose\"") \
	TEXT(ref, "the tag that its container was made from; of a reference with a digest, the tag that says the same") \
	TEXT(id, "the engine's own id; another one in another image store") \
	TEXT(identity, "SHA-256 of platform, layers and configuration: equal on every engine for the same image") \
	TEXT(pin, "the tag under which it travels, or that keeps it for a rollback point") \
	TEXT(digest, "of its manifest, where a registry has told it") \
	TEXTS(layers, "the diff ids, from the bottom to the top") \
	INT(size, 0, "bytes") \
	BOOL(ends, "its container has done its work and ended") \
	BOOL(may_end, "nobody knows whether it will: it never ran")
/* clang-format on */
RFA_RECORD(image, RFA_IMAGE_FIELDS);

/* clang-format off */
#define RFA_IMAGE_SET_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(version, "the tag that all images have; \"set-…\" where they have several") \
	MANY(image, images, "one for each container or service") \
	TEXT(at, "when it was proven") \
	TEXT(run, "by which run") \
	BOOL(forced, "it runs there, and was not proven: somebody has passed the gate by force")
/* clang-format on */
RFA_RECORD(image_set, RFA_IMAGE_SET_FIELDS);

/* The first image of this key; NULL: there is none. */
const struct rfa_image *rfa_image_of(const struct rfa_image_list *images, const char *key);

#endif

/* Things that could go: images, replaced data, directories of runs; and what they are needed for.
 */
#ifndef RFA_FSM_MODEL_THING_H
#define RFA_FSM_MODEL_THING_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_NEED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(image, "an image: its identity, or its id in some engine") \
	TEXT(why, "what needs it, in words")
/* clang-format on */
RFA_RECORD(need, RFA_NEED_FIELDS);

/* Its kinds. */
#define RFA_THING_IMAGE "image"
#define RFA_THING_DATA "data"
#define RFA_THING_SPOOL "spool"

/* clang-format off */
#define RFA_THING_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(kind, "\"image\", \"data\" or \"spool\"") \
	TEXT(name, "how people call it: of an image a tag, of data its rollback point, of a spool its run") \
	TEXT(id, "of an image: its id in that engine; else the name") \
	INT(bytes, 0, "what it takes; of an image with the layers that it shares") \
	TEXT(why, "what holds it, in words; absent: it goes")
/* clang-format on */
RFA_RECORD(thing, RFA_THING_FIELDS);

/* The first of this kind and id; NULL: there is none. */
const struct rfa_thing *rfa_thing_of(const struct rfa_thing_list *things, const char *kind,
				     const char *id);
/* "image shop/web:1": what an operator agrees to lose. */
const char *rfa_thing_label(struct rfa_pool *pool, const struct rfa_thing *thing);

/* clang-format off */
#define RFA_SPACE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(path, "a path on the file system") \
	INT(free, -1, "bytes that are free there")
/* clang-format on */
RFA_RECORD(space, RFA_SPACE_FIELDS);

#endif

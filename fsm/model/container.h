/* Containers of a stack, as a look saw them; nothing that may be secret. */
#ifndef RFA_FSM_MODEL_CONTAINER_H
#define RFA_FSM_MODEL_CONTAINER_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_CONTAINER_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(key, "its name, or its Compose service's (of data: always its name)") \
	TEXT(kind, "\"run\" (docker run) or \"compose\"") \
	TEXT(container, "its name") \
	BOOL(present, "it is there") \
	BOOL(running, "it runs") \
	BOOL(restarting, "the engine is about to start it again") \
	BOOL(ended, "it has done its work, and ended with status 0") \
	BOOL(paused, "it is paused") \
	TEXT(health, "what its own health check says") \
	TEXT(container_id, "its id") \
	TEXT(image_id, "the id of its image on that engine") \
	TEXT(ref, "what it was made from") \
	TEXT(identity, "of its image: see there") \
	TEXT(started, "when it was started, as the engine says it") \
	TEXT(policy, "its restart policy: \"no\", \"always\", \"unless-stopped\", \"on-failure:N\"") \
	BOOL(autoremove, "the engine removes it when it stops") \
	BOOL(serves, "it keeps a database that travels as a dump, and is not stopped") \
	TEXTS(needs, "those of its project that have to be healthy before it may start") \
	TEXT(project, "its Compose project") \
	TEXT(service, "its Compose service") \
	TEXT(number, "its number among the containers of the service") \
	TEXT(circle, "a container for which it waits, and which waits for it")
/* clang-format on */
RFA_RECORD(container, RFA_CONTAINER_FIELDS);

/* clang-format off */
#define RFA_DEPENDENT_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(key, "whose: the key of the stack's container or service") \
	TEXT(container, "the other container") \
	BOOL(running, "it runs") \
	TEXT(on, "the name of the stack's container that it needs") \
	TEXT(how, "what it has of it: \"the network of\", \"volumes of\", \"a link to\"")
/* clang-format on */
RFA_RECORD(dependent, RFA_DEPENDENT_FIELDS);

/* clang-format off */
#define RFA_MOUNTED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(container, "the container's name") \
	TEXT(id, "its id") \
	BOOL(running, "it runs") \
	TEXT(started, "when it was started, as the engine says it") \
	TEXT(member, "the member of the data that it has") \
	TEXT(mount, "the path on the host that it has mounted")
/* clang-format on */
RFA_RECORD(mounted, RFA_MOUNTED_FIELDS);

/* clang-format off */
#define RFA_JOINED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(key, "of the container, or of the Compose service") \
	BOOL(was_known, "it was there: `before` is known") \
	TEXTS(before, "the networks in which it was") \
	BOOL(is_known, "`desired` is known") \
	TEXTS(desired, "the networks in which the new one has to be") \
	TEXTS(needs, "the networks that have to be there") \
	TEXTS(names, "\"NETWORK/NAME\": what a Compose service is called in its networks") \
	TEXT(container, "the container whose network it shares")
/* clang-format on */
RFA_RECORD(joined, RFA_JOINED_FIELDS);

/* clang-format off */
#define RFA_NAMESAKE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(key, "of the stack's container, or its service") \
	TEXT(own, "the stack's container; its service, where there is no container yet") \
	TEXT(network, "the network in which both have it") \
	TEXT(name, "the name") \
	TEXT(container, "the other container") \
	TEXT(project, "its Compose project") \
	BOOL(asked, "one more of the two projects is in the network, who may ask for that name")
/* clang-format on */
RFA_RECORD(namesake, RFA_NAMESAKE_FIELDS);

/* The first container of this key; NULL: there is none. */
const struct rfa_container *rfa_container_of(const struct rfa_container_list *containers,
					     const char *key);

#endif

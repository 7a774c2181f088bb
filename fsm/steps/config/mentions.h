/* Which other files a Compose file speaks of. */
#ifndef RFA_FSM_STEPS_CONFIG_MENTIONS_H
#define RFA_FSM_STEPS_CONFIG_MENTIONS_H

#include "fsm/base/error.h"

/*
 * Calls `found` for each file that the text includes, extends, or takes variables from
 * (variables: 1). name: as it is written, with a "$" or "*" in it where only Compose knows what it
 * is; valid during the call. A text that is no Compose file has none. Of YAML this reads enough for
 * these three keys; what looks like one of them inside a longer text is taken for one.
 */
void rfa_mentions(const char *text, size_t len,
		  void (*found)(void *user, const char *name, int variables), void *user);

#endif

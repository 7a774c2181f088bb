/* Changes a description by paths. */
#include "tests/harness/edits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void set_at(json_t *root, const char *where, const char *text)
{
	char part[200];
	json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
	json_t *at = root;

	if (text && !value)
		fail_msg("no JSON: %s", text);
	for (;;) {
		size_t len = strcspn(where, "|");
		json_t *below;

		snprintf(part, sizeof(part), "%.*s", (int)len, where);
		where += len;
		if (!*where)
			break;
		where++;
		below = json_is_array(at) ? json_array_get(at, (size_t)atoi(part))
					  : json_object_get(at, part);
		if (!below && json_is_object(at)) {
			below = json_object();
			json_object_set_new(at, part, below);
		}
		if (!below)
			fail_msg("no %s", part);
		at = below;
	}
	if (json_is_array(at) && value && (size_t)atoi(part) >= json_array_size(at))
		json_array_append_new(at, value);
	else if (json_is_array(at) && value)
		json_array_set_new(at, (size_t)atoi(part), value);
	else if (json_is_array(at))
		json_array_remove(at, (size_t)atoi(part));
	else if (value)
		json_object_set_new(at, part, value);
	else
		json_object_del(at, part);
}

void world_edit_all(void *user, json_t *setup, json_t *plan)
{
	const struct world_edit *edits = user;
	size_t i;

	for (i = 0; i < WORLD_EDITS && edits[i].where; i++)
		set_at(!strncmp(edits[i].where, "hosts|", 6) ? setup : plan, edits[i].where,
		       edits[i].json);
}

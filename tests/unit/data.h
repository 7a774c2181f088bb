/* The inspect objects that the tests of steps begin with (tests/unit/data). */
#ifndef RFA_TESTS_UNIT_DATA_H
#define RFA_TESTS_UNIT_DATA_H

#include <jansson.h>
#include <stdio.h>

#ifndef RFA_TEST_DATA
#error "RFA_TEST_DATA names the folder tests/unit/data"
#endif

/* New; NULL fails the test. */
static inline json_t *data(const char *name)
{
	char path[1024];
	json_error_t bad;
	json_t *v;

	snprintf(path, sizeof(path), RFA_TEST_DATA "/%s.json", name);
	v = json_load_file(path, JSON_REJECT_DUPLICATES, &bad);
	if (!v)
		fail_msg("%s: %s", path, bad.text);
	return v;
}

/* Sets a value (stolen) by a path of keys; what leads there is there. */
static inline void put(json_t *v, const char *path, json_t *value)
{
	char key[128];
	size_t len = 0;

	while (path[len] && path[len] != '/')
		len++;
	snprintf(key, sizeof(key), "%.*s", (int)len, path);
	if (path[len]) {
		put(json_object_get(v, key), path + len + 1, value);
		return;
	}
	if (json_object_set_new(v, key, value))
		fail_msg("%s could not be set", key);
}

/* New: JSON written with ' for ". */
static inline json_t *js(const char *text)
{
	char copy[4096];
	json_error_t bad;
	json_t *v;
	char *at;

	snprintf(copy, sizeof(copy), "%s", text);
	for (at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	v = json_loads(copy, JSON_DECODE_ANY, &bad);
	if (!v)
		fail_msg("%s: %s", text, bad.text);
	return v;
}

#endif

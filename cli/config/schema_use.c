/* What the table of keys answers: a row by its name, whether a text fits, and the defaults. */
#include "cli/config/schema.h"

#include <regex.h>
#include <string.h>

#include "fsm/base/facts.h"

const struct rfa_key *rfa_schema_find(const struct rfa_key *keys, const char *wanted)
{
	for (; keys->name; keys++) {
		if (strcmp(keys->name, wanted) == 0)
			return keys;
	}
	return NULL;
}

const char *rfa_schema_type(enum rfa_type type)
{
	static const char *const words[] = {
		[RFA_TYPE_OBJECT] = "an object",
		[RFA_TYPE_MAP] = "an object",
		[RFA_TYPE_ARRAY] = "a list",
		[RFA_TYPE_STRING] = "a string",
		[RFA_TYPE_INTEGER] = "a whole number",
		[RFA_TYPE_BOOLEAN] = "true or false",
		[RFA_TYPE_ENGINE] = "an object",
		[RFA_TYPE_VALUE] = "a string, or an object that says where it is",
		[RFA_TYPE_STATUS] = "a whole number, or a class such as \"2xx\"",
	};
	return words[type];
}

int rfa_schema_fits(const struct rfa_format *format, const char *text)
{
	regex_t pattern;
	if (!format || !format->pattern)
		return 1;
	if (regcomp(&pattern, format->pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return 0;
	int fits = regexec(&pattern, text, 0, NULL, 0) == 0;
	regfree(&pattern);
	return fits;
}

static int complete_map(const struct rfa_key *row, json_t *map, struct rfa_error *err)
{
	const char *own;
	void *next;
	json_t *value;
	json_object_foreach_safe (map, next, own, value) {
		if (strncmp(own, "x-", 2) == 0) {
			json_object_del(map, own);
			continue;
		}
		int rc = rfa_schema_complete(row->inside, value, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int complete_key(const struct rfa_key *key, json_t *object, struct rfa_error *err)
{
	json_t *value = json_object_get(object, key->name);
	if (!value && key->fallback) {
		value = json_loads(key->fallback, JSON_DECODE_ANY, NULL);
		int rc = rfa_facts_set(object, key->name, value, err);
		if (rc < 0)
			return rc;
	}
	if (!value)
		return 0;
	if (key->type == RFA_TYPE_OBJECT)
		return rfa_schema_complete(key->inside, value, err);
	if (key->type == RFA_TYPE_MAP && key->inside->type == RFA_TYPE_OBJECT)
		return complete_map(key->inside, value, err);
	if (key->type == RFA_TYPE_ARRAY && key->inside->type == RFA_TYPE_OBJECT) {
		size_t i;
		json_t *element;
		json_array_foreach (value, i, element) {
			int rc = rfa_schema_complete(key->inside->inside, element, err);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

int rfa_schema_complete(const struct rfa_key *keys, json_t *object, struct rfa_error *err)
{
	const char *own;
	void *next;
	json_t *value;
	json_object_foreach_safe (object, next, own, value) {
		if (strncmp(own, "x-", 2) == 0)
			json_object_del(object, own);
	}
	for (; keys->name; keys++) {
		int rc = complete_key(keys, object, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

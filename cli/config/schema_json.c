/* Turns the table of keys into a JSON Schema (draft 2020-12), for editors and for CI. */
#include "cli/config/schema.h"

#include <string.h>

#include "fsm/base/facts.h"

static int describe(const struct rfa_key *key, int overlay, json_t **out, struct rfa_error *err);

static int set_text(json_t *node, const char *name, const char *text, struct rfa_error *err)
{
	return rfa_facts_set(node, name, json_string(text), err);
}

static int set_json(json_t *node, const char *name, const char *text, struct rfa_error *err)
{
	return rfa_facts_set(node, name, json_loads(text, JSON_DECODE_ANY, NULL), err);
}

/* "a|b" as a list of strings, or as a list of {"required":["a"]}. */
static json_t *split(const char *words, int required)
{
	json_t *list = json_array();
	for (const char *at = words; *at;) {
		size_t len = strcspn(at, "|");
		json_t *word = json_stringn(at, len);
		if (required)
			word = json_pack("{s:[o]}", "required", word);
		json_array_append_new(list, word);
		at += len + (at[len] == '|');
	}
	return list;
}

static int describe_keys(const struct rfa_key *keys, int overlay, json_t *node,
			 struct rfa_error *err)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *conditions = json_array();
	int rc = 0;

	for (; keys->name && rc == 0; keys++) {
		json_t *child = NULL;
		if (overlay && (keys->flags & RFA_KEY_NOT_IN_OVERLAY))
			continue;
		rc = describe(keys, overlay, &child, err);
		if (rc == 0)
			rc = rfa_facts_set(properties, keys->name, child, err);
		if (!overlay && (keys->flags & RFA_KEY_REQUIRED))
			json_array_append_new(required, json_string(keys->name));
		if (!overlay && keys->unless)
			json_array_append_new(conditions,
					      json_pack("{s:{s:{s:{s:s}},s:[s]},s:{s:[s]}}", "if",
							"properties", keys->unless, "const",
							keys->unless_word, "required", keys->unless,
							"else", "required", keys->name));
	}
	if (rc == 0)
		rc = rfa_facts_set(node, "properties", json_incref(properties), err);
	if (rc == 0 && json_array_size(required) > 0)
		rc = rfa_facts_set(node, "required", json_incref(required), err);
	if (rc == 0 && json_array_size(conditions) > 0)
		rc = rfa_facts_set(node, "allOf", json_incref(conditions), err);
	json_decref(properties);
	json_decref(required);
	json_decref(conditions);
	if (rc == 0)
		rc = set_json(node, "patternProperties", "{\"^x-\":true}", err);
	if (rc == 0)
		rc = set_json(node, "additionalProperties", "false", err);
	return rc;
}

static int describe_map(const struct rfa_key *key, int overlay, json_t *node, struct rfa_error *err)
{
	/* A name that begins with x- is nobody's, as everywhere. */
	char names[256];
	snprintf(names, sizeof(names), "^(?!x-)%s", key->format->pattern + 1);

	json_t *child = NULL;
	int rc = describe(key->inside, overlay, &child, err);
	if (rc < 0)
		return rc;
	rc = rfa_facts_set(node, "patternProperties",
			   json_pack("{s:b,s:o}", "^x-", 1, names, child), err);
	if (rc == 0 && key->taken)
		rc = rfa_facts_set(node, "propertyNames",
				   json_pack("{s:{s:s}}", "not", "const", key->taken), err);
	return rc < 0 ? rc : set_json(node, "additionalProperties", "false", err);
}

static int describe_string(const struct rfa_key *key, json_t *node, struct rfa_error *err)
{
	if (key->words)
		return rfa_facts_set(node, "enum", split(key->words, 0), err);
	if (key->format)
		return set_text(node, "pattern", key->format->pattern, err);
	return set_json(node, "minLength", "1", err);
}

static int describe_inside(const struct rfa_key *key, int overlay, json_t *node,
			   struct rfa_error *err)
{
	json_t *child = NULL;
	int rc = 0;

	switch (key->type) {
	case RFA_TYPE_OBJECT:
		rc = describe_keys(key->inside, overlay || (key->flags & RFA_KEY_OVERLAY), node,
				   err);
		if (rc == 0 && key->needs && !overlay)
			rc = rfa_facts_set(node, "anyOf", split(key->needs, 1), err);
		if (rc == 0 && key->one_of)
			rc = rfa_facts_set(node, "oneOf", split(key->one_of, 1), err);
		return rc;
	case RFA_TYPE_VALUE:
		return describe_keys(key->inside, 0, node, err);
	case RFA_TYPE_MAP:
		return describe_map(key, overlay, node, err);
	case RFA_TYPE_ARRAY:
		rc = describe(key->inside, 0, &child, err);
		return rc < 0 ? rc : rfa_facts_set(node, "items", child, err);
	case RFA_TYPE_STRING:
		return describe_string(key, node, err);
	case RFA_TYPE_INTEGER:
		rc = rfa_facts_set(node, "minimum", json_integer(key->min), err);
		return rc < 0 ? rc : rfa_facts_set(node, "maximum", json_integer(key->max), err);
	case RFA_TYPE_STATUS:
		rc = set_json(node, "minimum", "100", err);
		if (rc == 0)
			rc = set_json(node, "maximum", "599", err);
		return rc < 0 ? rc : set_text(node, "pattern", key->format->pattern, err);
	case RFA_TYPE_ENGINE:
		return set_json(node, "not", "{\"required\":[\"Image\"]}", err);
	case RFA_TYPE_BOOLEAN:
		break;
	}
	return 0;
}

static int describe(const struct rfa_key *key, int overlay, json_t **out, struct rfa_error *err)
{
	static const char *const types[] = {
		[RFA_TYPE_OBJECT] = "object",   [RFA_TYPE_MAP] = "object",
		[RFA_TYPE_ARRAY] = "array",     [RFA_TYPE_STRING] = "string",
		[RFA_TYPE_INTEGER] = "integer", [RFA_TYPE_BOOLEAN] = "boolean",
		[RFA_TYPE_ENGINE] = "object",
	};
	json_t *node = json_object();
	int rc =
	    key->type == RFA_TYPE_STATUS  ? set_json(node, "type", "[\"integer\",\"string\"]", err)
	    : key->type == RFA_TYPE_VALUE ? set_json(node, "type", "[\"string\",\"object\"]", err)
					  : set_text(node, "type", types[key->type], err);

	if (rc == 0)
		rc = set_text(node, "description", key->help, err);
	/* In an overlay an absent key means what the stack says, not the default. */
	if (rc == 0 && key->fallback && !overlay)
		rc = set_json(node, "default", key->fallback, err);
	if (rc == 0 && key->example)
		rc = rfa_facts_set(
		    node, "examples",
		    json_pack("[o]", json_loads(key->example, JSON_DECODE_ANY, NULL)), err);
	if (rc == 0)
		rc = describe_inside(key, overlay, node, err);
	if (rc < 0)
		json_decref(node);
	else
		*out = node;
	return rc;
}

int rfa_schema_json(json_t **out, struct rfa_error *err)
{
	json_t *body = NULL;
	int rc = describe(&rfa_schema_root, 0, &body, err);
	if (rc < 0)
		return rc;

	json_t *schema = json_object();
	rc = set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema", err);
	if (rc == 0)
		rc = set_text(schema, "title", "rfa.json", err);
	if (rc == 0 && json_object_update(schema, body) < 0)
		rc = rfa_fail_nomem(err);
	json_decref(body);
	if (rc < 0)
		json_decref(schema);
	else
		*out = schema;
	return rc;
}

/* Facts: JSON objects with one canonical encoding. */
#include "fsm/base/facts.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"

static int dump_into(const char *data, size_t len, void *user)
{
	return rfa_buf_add(user, data, len);
}

static int encode(const json_t *facts, struct rfa_buf *out, struct rfa_error *err)
{
	int rc = json_dump_callback(facts, dump_into, out,
				    JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

	if (out->failed)
		return rfa_buf_check(out, err);
	if (!facts)
		return rfa_fail(err, RFA_EINTERNAL, "json", "there is no value to encode");
	/* jansson fails on memory, or on a cycle, which nothing makes. */
	return rc ? rfa_fail_nomem(err) : 0;
}

/* Whoever reads a ledger with git, or a file with cat, sees the text as it is. */
int rfa_facts_encode(const json_t *facts, struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(out->max);
	int rc = encode(facts, &text, err);

	if (!rc && rfa_buf_put_json(out, rfa_buf_str(&text), text.len))
		rc = rfa_buf_check(out, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_facts_parse(json_t **out, const char *text, size_t len, const char *what,
		    struct rfa_error *err)
{
	json_error_t bad;
	json_t *value;

	if (len > RFA_FACTS_MAX_BYTES) {
		rfa_fail(err, RFA_ETOOBIG, "json", "%zu bytes of JSON are more than %u", len,
			 RFA_FACTS_MAX_BYTES);
		return rfa_error_where(err, "%s", what);
	}
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &bad);
	if (!value) {
		rfa_fail(err, RFA_EPROTOCOL, "json", "not valid JSON: %s (line %d, column %d)",
			 bad.text, bad.line, bad.column);
		return rfa_error_where(err, "%s", what);
	}
	*out = value;
	return 0;
}

int rfa_facts_digest(const json_t *facts, char out[65], struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	int rc = encode(facts, &text, err);

	if (!rc)
		rfa_digest_of(RFA_SHA256, rfa_buf_str(&text), text.len, out);
	rfa_buf_release(&text);
	return rc;
}

json_t *rfa_facts_at(const json_t *facts, const char *path)
{
	const json_t *at = facts;

	while (at && *path) {
		const char *end = strchr(path, '/');
		size_t len = end ? (size_t)(end - path) : strlen(path);

		if (json_is_array(at)) {
			char *stop;
			unsigned long i = strtoul(path, &stop, 10);
			int digit = *path >= '0' && *path <= '9'; /* no sign, no blank */

			at = stop == path + len && digit ? json_array_get(at, i) : NULL;
		} else {
			at = json_object_getn(at, path, len);
		}
		path += end ? len + 1 : len;
	}
	/* jansson's getters take const and answer non-const; so does this. */
	return (json_t *)(uintptr_t)at;
}

const char *rfa_facts_str(const json_t *facts, const char *path, const char *otherwise)
{
	const json_t *v = rfa_facts_at(facts, path);

	return json_is_string(v) ? json_string_value(v) : otherwise;
}

int64_t rfa_facts_int(const json_t *facts, const char *path, int64_t otherwise)
{
	const json_t *v = rfa_facts_at(facts, path);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
}

int rfa_facts_bool(const json_t *facts, const char *path, int otherwise)
{
	const json_t *v = rfa_facts_at(facts, path);

	return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

static json_t *if_whole(json_t *copy, const json_t *of)
{
	if (copy && !json_equal(copy, of)) {
		json_decref(copy);
		copy = NULL;
	}
	return copy;
}

static json_t *copy_object(const json_t *of)
{
	/* jansson's iterators take what may be changed; nothing is. */
	json_t *from = (json_t *)(uintptr_t)of;
	json_t *copy = json_object();
	void *at;

	for (at = json_object_iter(from); copy && at; at = json_object_iter_next(from, at)) {
		json_t *value = rfa_facts_copy(json_object_iter_value(at));

		if (json_object_setn_new_nocheck(copy, json_object_iter_key(at),
						 json_object_iter_key_len(at), value)) {
			json_decref(copy);
			copy = NULL;
		}
	}
	return copy;
}

static json_t *copy_array(const json_t *of)
{
	size_t n = json_array_size(of);
	json_t *copy = json_array();
	size_t i;

	for (i = 0; copy && i < n; i++) {
		if (json_array_append_new(copy, rfa_facts_copy(json_array_get(of, i)))) {
			json_decref(copy);
			copy = NULL;
		}
	}
	return copy;
}

/* Not json_deep_copy(): that looks for cycles, which nothing makes, and copies what never changes.
 */
json_t *rfa_facts_copy(const json_t *facts)
{
	if (json_is_object(facts))
		return copy_object(facts);
	if (json_is_array(facts))
		return copy_array(facts);
	return json_incref((json_t *)(uintptr_t)facts);
}

json_t *rfa_facts_copy_shallow(const json_t *facts)
{
	return if_whole(json_copy((json_t *)(uintptr_t)facts), facts);
}

int rfa_facts_has_text(const json_t *array, const char *text)
{
	size_t n = text ? json_array_size(array) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *one = json_string_value(json_array_get(array, i));

		if (one && !strcmp(one, text))
			return 1;
	}
	return 0;
}

int rfa_facts_set(json_t *facts, const char *key, json_t *value, struct rfa_error *err)
{
	if (json_object_set_new(facts, key, value))
		return rfa_fail(err, RFA_ENOMEM, "json", "the fact '%s' could not be kept", key);
	return 0;
}

int rfa_facts_append(json_t *array, json_t *value, struct rfa_error *err)
{
	return json_array_append_new(array, value) ? rfa_fail_nomem(err) : 0;
}

json_t *rfa_facts_of_error(const struct rfa_error *error)
{
	/* What hosts say may not be UTF-8, and JSON must be. */
	struct rfa_buf msg = RFA_BUF_INIT(8192);
	struct rfa_buf hint = RFA_BUF_INIT(8192);
	struct rfa_buf where = RFA_BUF_INIT(2048);
	json_t *json;

	rfa_buf_put_printable(&msg, error->msg, strlen(error->msg), 0);
	rfa_buf_put_printable(&hint, error->hint, strlen(error->hint), 0);
	rfa_buf_put_printable(&where, error->where, strlen(error->where), 0);
	json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", rfa_code_word(error->code),
			 "severity", rfa_severity_word(error->severity), "where",
			 rfa_buf_str(&where), "msg", rfa_buf_str(&msg), "hint", rfa_buf_str(&hint));
	rfa_buf_release(&msg);
	rfa_buf_release(&hint);
	rfa_buf_release(&where);
	return json;
}

void rfa_facts_to_error(const json_t *facts, struct rfa_error *error)
{
	const char *word = rfa_facts_str(facts, "code", "");
	enum rfa_code code = RFA_EINTERNAL;
	unsigned i;

	for (i = 1; i < RFA_CODE_COUNT; i++)
		if (!strcmp(word, rfa_code_word((enum rfa_code)i)))
			code = (enum rfa_code)i;
	rfa_fail(error, code, "run", "%s", rfa_facts_str(facts, "msg", ""));
	rfa_error_where(error, "%s", rfa_facts_str(facts, "where", ""));
	rfa_error_hint(error, "%s", rfa_facts_str(facts, "hint", ""));
}

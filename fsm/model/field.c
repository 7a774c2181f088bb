/* Reading and writing records by their tables of fields. */
#include "fsm/model/field.h"

#include <string.h>

#include "fsm/base/facts.h"

/* Making. */

/* A text that is not there is "", so that it may be read without a look. */
void rfa_record_clear(const struct rfa_shape *shape, void *record)
{
	const char *empty = "";
	size_t i;

	memset(record, 0, shape->size);
	for (i = 0; i < shape->n; i++) {
		const struct rfa_field *field = &shape->fields[i];
		char *at = (char *)record + field->at;

		if (field->kind == RFA_FIELD_TEXT)
			memcpy(at, &empty, sizeof(empty));
		else if (field->kind == RFA_FIELD_INT)
			memcpy(at, &field->absent, sizeof(field->absent));
	}
}

void *rfa_record_new(struct rfa_pool *pool, const struct rfa_shape *shape)
{
	void *record = rfa_pool_new(pool, shape->size);

	rfa_record_clear(shape, record);
	return record;
}

void *rfa_record_add(struct rfa_pool *pool, const struct rfa_shape *shape, void *list)
{
	void *record = rfa_pool_add(pool, list, shape->size);

	rfa_record_clear(shape, record);
	return record;
}

/* Reading. */

static int read_all(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		    void *out, int depth, struct rfa_error *err);

/* Deeper than any record; a shape that holds itself ends here. */
enum { DEPTH_MAX = 8 };

static int wrong(const struct rfa_shape *shape, const struct rfa_field *field,
		 struct rfa_error *err)
{
	return rfa_fail(err, RFA_ECORRUPT, "record", "the %s has a '%s' of the wrong type",
			shape->name, field->name);
}

static int read_texts(const json_t *value, struct rfa_pool *pool, struct rfa_texts *out)
{
	json_t *one;
	size_t i;

	memset(out, 0, sizeof(*out));
	json_array_foreach ((json_t *)(uintptr_t)value, i, one) {
		if (!json_is_string(one))
			return -1;
		rfa_texts_add(pool, out, json_string_value(one));
	}
	return json_is_array(value) ? 0 : -1;
}

static int read_many(const struct rfa_field *field, const json_t *value, struct rfa_pool *pool,
		     void *list, int depth, struct rfa_error *err)
{
	struct rfa_texts any = { NULL, 0 };
	json_t *one;
	size_t i;

	memcpy(list, &any, sizeof(any));
	json_array_foreach ((json_t *)(uintptr_t)value, i, one) {
		void *at = rfa_pool_add(pool, list, field->of->size);
		int rc = read_all(field->of, one, pool, at, depth + 1, err);

		if (rc)
			return rc;
	}
	return 0;
}

/* The key is the record's first field, which is a text. */
static int read_named(const struct rfa_field *field, const json_t *value, struct rfa_pool *pool,
		      void *list, int depth, struct rfa_error *err)
{
	struct rfa_texts any = { NULL, 0 };
	const char *key;
	json_t *one;

	memcpy(list, &any, sizeof(any));
	json_object_foreach ((json_t *)(uintptr_t)value, key, one) {
		char *at = rfa_pool_add(pool, list, field->of->size);
		const char *name = rfa_pool_text(pool, key);
		int rc = read_all(field->of, one, pool, at, depth + 1, err);

		if (rc)
			return rc;
		memcpy(at + field->of->fields[0].at, &name, sizeof(name));
	}
	return 0;
}

static int read_one(const struct rfa_field *field, const json_t *value, struct rfa_pool *pool,
		    void *at, int depth, struct rfa_error *err)
{
	void *record = rfa_pool_new(pool, field->of->size);

	memcpy(at, &record, sizeof(record));
	return read_all(field->of, value, pool, record, depth + 1, err);
}

static int read_field(const struct rfa_shape *shape, const struct rfa_field *field, json_t *value,
		      struct rfa_pool *pool, void *at, int depth, struct rfa_error *err)
{
	const char *text;
	int64_t number;
	int flag;

	switch (field->kind) {
	case RFA_FIELD_TEXT:
		if (!json_is_string(value))
			return wrong(shape, field, err);
		text = rfa_pool_text(pool, json_string_value(value));
		memcpy(at, &text, sizeof(text));
		return 0;
	case RFA_FIELD_INT:
		if (!json_is_integer(value))
			return wrong(shape, field, err);
		number = (int64_t)json_integer_value(value);
		memcpy(at, &number, sizeof(number));
		return 0;
	case RFA_FIELD_BOOL:
		if (!json_is_boolean(value))
			return wrong(shape, field, err);
		flag = json_is_true(value);
		memcpy(at, &flag, sizeof(flag));
		return 0;
	case RFA_FIELD_TEXTS:
		return read_texts(value, pool, at) ? wrong(shape, field, err) : 0;
	case RFA_FIELD_JSON:
		value = rfa_pool_json(pool, value);
		memcpy(at, &value, sizeof(value));
		return 0;
	case RFA_FIELD_ONE:
		return json_is_object(value) ? read_one(field, value, pool, at, depth, err)
					     : wrong(shape, field, err);
	case RFA_FIELD_MANY:
		return json_is_array(value) ? read_many(field, value, pool, at, depth, err)
					    : wrong(shape, field, err);
	case RFA_FIELD_NAMED:
		return json_is_object(value) ? read_named(field, value, pool, at, depth, err)
					     : wrong(shape, field, err);
	}
	return rfa_fail(err, RFA_EINTERNAL, "record", "the %s has a field of no kind", shape->name);
}

static int merge(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		 void *out, int depth, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	if (!json_is_object(json) || depth > DEPTH_MAX)
		return rfa_fail(err, RFA_ECORRUPT, "record", "the %s is not an object",
				shape->name);
	for (i = 0; i < shape->n && !rc; i++) {
		const struct rfa_field *field = &shape->fields[i];
		json_t *value = json_object_get(json, field->name);

		if (value && !json_is_null(value))
			rc = read_field(shape, field, value, pool, (char *)out + field->at, depth,
					err);
	}
	return rc ? rc : rfa_pool_check(pool, err);
}

static int read_all(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		    void *out, int depth, struct rfa_error *err)
{
	rfa_record_clear(shape, out);
	return merge(shape, json, pool, out, depth, err);
}

int rfa_record_read(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		    void *out, struct rfa_error *err)
{
	return read_all(shape, json, pool, out, 0, err);
}

int rfa_record_merge(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		     void *out, struct rfa_error *err)
{
	return merge(shape, json, pool, out, 0, err);
}

/* Writing. */

static json_t *write_all(const struct rfa_shape *shape, const void *record);

static json_t *write_texts(const void *at)
{
	json_t *list = json_array();
	struct rfa_texts texts;
	size_t i;

	memcpy(&texts, at, sizeof(texts));
	for (i = 0; i < texts.n && list; i++) {
		if (json_array_append_new(list, json_string(texts.at[i]))) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *write_many(const struct rfa_field *field, const void *at)
{
	json_t *list = json_array();
	struct {
		const char *at;
		size_t n;
	} any;
	size_t i;

	memcpy(&any, at, sizeof(any));
	for (i = 0; i < any.n && list; i++) {
		if (json_array_append_new(list,
					  write_all(field->of, any.at + i * field->of->size))) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *write_named(const struct rfa_field *field, const void *at)
{
	json_t *object = json_object();
	struct {
		const char *at;
		size_t n;
	} any;
	size_t i;

	memcpy(&any, at, sizeof(any));
	for (i = 0; i < any.n && object; i++) {
		const char *record = any.at + i * field->of->size;
		json_t *one = write_all(field->of, record);
		const char *name;

		memcpy(&name, record + field->of->fields[0].at, sizeof(name));
		if (one && json_object_del(one, field->of->fields[0].name))
			name = NULL; /* it has none */
		if (!name || json_object_set_new(object, name, one)) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

static int is_absent(const struct rfa_field *field, const void *at)
{
	struct rfa_texts list;
	const void *pointer;
	int64_t number;
	int flag;

	switch (field->kind) {
	case RFA_FIELD_TEXT:
		memcpy(&pointer, at, sizeof(pointer));
		return !pointer || !*(const char *)pointer;
	case RFA_FIELD_INT:
		memcpy(&number, at, sizeof(number));
		return number == field->absent;
	case RFA_FIELD_BOOL:
		memcpy(&flag, at, sizeof(flag));
		return !flag;
	case RFA_FIELD_JSON:
	case RFA_FIELD_ONE:
		memcpy(&pointer, at, sizeof(pointer));
		return !pointer;
	case RFA_FIELD_TEXTS:
	case RFA_FIELD_MANY:
	case RFA_FIELD_NAMED:
		memcpy(&list, at, sizeof(list));
		return !list.n;
	}
	return 1;
}

static json_t *write_field(const struct rfa_field *field, const void *at)
{
	const void *pointer;
	int64_t number;

	switch (field->kind) {
	case RFA_FIELD_TEXT:
		memcpy(&pointer, at, sizeof(pointer));
		return json_string(pointer);
	case RFA_FIELD_INT:
		memcpy(&number, at, sizeof(number));
		return json_integer((json_int_t)number);
	case RFA_FIELD_BOOL:
		return json_true();
	case RFA_FIELD_TEXTS:
		return write_texts(at);
	case RFA_FIELD_JSON:
		memcpy(&pointer, at, sizeof(pointer));
		return json_incref((json_t *)(uintptr_t)pointer);
	case RFA_FIELD_ONE:
		memcpy(&pointer, at, sizeof(pointer));
		return write_all(field->of, pointer);
	case RFA_FIELD_MANY:
		return write_many(field, at);
	case RFA_FIELD_NAMED:
		return write_named(field, at);
	}
	return NULL;
}

int rfa_record_put(const struct rfa_shape *shape, const void *record, json_t *into,
		   struct rfa_error *err)
{
	size_t i;

	for (i = 0; i < shape->n; i++) {
		const struct rfa_field *field = &shape->fields[i];
		const void *at = (const char *)record + field->at;

		if (!is_absent(field, at) &&
		    json_object_set_new(into, field->name, write_field(field, at)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

static json_t *write_all(const struct rfa_shape *shape, const void *record)
{
	json_t *out = json_object();
	struct rfa_error ignored;

	if (out && rfa_record_put(shape, record, out, &ignored)) {
		json_decref(out);
		out = NULL;
	}
	return out;
}

int rfa_record_write(const struct rfa_shape *shape, const void *record, json_t **out,
		     struct rfa_error *err)
{
	*out = write_all(shape, record);
	return *out ? 0 : rfa_fail_nomem(err);
}

/* Lists, and what the pool keeps. */

int rfa_records_read(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		     void *list, struct rfa_error *err)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)json, i, one) {
		int rc = read_all(shape, one, pool, rfa_pool_add(pool, list, shape->size), 0, err);

		if (rc)
			return rc;
	}
	return rfa_pool_check(pool, err);
}

/* Takes the value's only reference. */
static int keep(json_t *value, struct rfa_pool *pool, json_t **out, struct rfa_error *err)
{
	*out = rfa_pool_json_new(pool, value);
	return rfa_pool_check(pool, err);
}

int rfa_record_keep(const struct rfa_shape *shape, const void *record, struct rfa_pool *pool,
		    json_t **out, struct rfa_error *err)
{
	return keep(write_all(shape, record), pool, out, err);
}

int rfa_records_keep(const struct rfa_shape *shape, const void *list, struct rfa_pool *pool,
		     json_t **out, struct rfa_error *err)
{
	struct rfa_field of = { .name = shape->name, .kind = RFA_FIELD_MANY, .of = shape };

	return keep(write_many(&of, list), pool, out, err);
}

int rfa_texts_keep(const struct rfa_texts *texts, struct rfa_pool *pool, json_t **out,
		   struct rfa_error *err)
{
	return keep(write_texts(texts), pool, out, err);
}

/* Texts. */

int rfa_texts_have(const struct rfa_texts *texts, const char *text)
{
	size_t i;

	for (i = 0; i < texts->n; i++)
		if (!strcmp(texts->at[i], text))
			return 1;
	return 0;
}

void rfa_texts_add(struct rfa_pool *pool, struct rfa_texts *texts, const char *text)
{
	const char **at = rfa_pool_add(pool, texts, sizeof(*at));

	*at = rfa_pool_text(pool, text);
}

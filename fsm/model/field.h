/*
 * Records: structs that are kept in the ledger as JSON. A record is declared by one table of its
 * fields, and everything else is made of it: the struct, reading, writing, checking, and the pages
 * about the format.
 *
 *     #define RFA_IMAGE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
 *             TEXT(key, "the container's name")                                 \
 *             INT(size, 0, "bytes")                                             \
 *             MANY(mount, mounts, "where its data is")
 *     RFA_RECORD(image, RFA_IMAGE_FIELDS);          in the header
 *     RFA_SHAPE(image, RFA_IMAGE_FIELDS, "an image") in the .c file
 *
 *     TEXT   const char *; never NULL once it was read; "" is absent
 *     INT    int64_t; the number in the table is absent
 *     BOOL   int; 0 is absent
 *     TEXTS  struct rfa_texts; an array of texts
 *     JSON   json_t *: a value that is kept whole, of the engine or of the operator; NULL is absent
 *     ONE    const struct rfa_NAME *: a record in it; NULL is absent
 *     MANY   struct rfa_NAME_list: an array of records
 *     NAMED  the same, but an object in JSON: its keys are the records' first field, a TEXT
 *
 * What is absent is not written, and a value that is not there is read as absent. So a new field
 * needs no new format, and a record says only what is the case.
 */
#ifndef RFA_FSM_MODEL_FIELD_H
#define RFA_FSM_MODEL_FIELD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "fsm/base/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_texts {
	const char *const *at;
	size_t n;
};

enum rfa_field_kind {
	RFA_FIELD_TEXT,
	RFA_FIELD_INT,
	RFA_FIELD_BOOL,
	RFA_FIELD_TEXTS,
	RFA_FIELD_JSON,
	RFA_FIELD_ONE,
	RFA_FIELD_MANY,
	RFA_FIELD_NAMED,
};

struct rfa_shape;

struct rfa_field {
	const char *name; /* its key in JSON */
	enum rfa_field_kind kind;
	size_t at;                  /* its offset in the struct */
	const struct rfa_shape *of; /* ONE, MANY, NAMED: what is in it */
	int64_t absent;             /* INT: the value that is not written */
	const char *what;           /* for the pages about the format */
};

struct rfa_shape {
	const char *name; /* "image" */
	const char *what; /* one sentence */
	size_t size;      /* of the struct */
	const struct rfa_field *fields;
	size_t n;
};

/* clang-format off */
#define RFA_DECLARE_TEXT(name, what) const char *name;
#define RFA_DECLARE_INT(name, absent, what) int64_t name;
#define RFA_DECLARE_BOOL(name, what) int name;
#define RFA_DECLARE_TEXTS(name, what) struct rfa_texts name;
#define RFA_DECLARE_JSON(name, what) json_t *name;
#define RFA_DECLARE_ONE(type, name, what) const struct rfa_##type *name;
#define RFA_DECLARE_MANY(type, name, what) struct rfa_##type##_list name;
#define RFA_DECLARE_NAMED(type, name, what) struct rfa_##type##_list name;

/* Declares struct rfa_NAME, struct rfa_NAME_list and rfa_shape_NAME. */
#define RFA_RECORD(record, FIELDS) \
	struct rfa_##record { \
		FIELDS(RFA_DECLARE_TEXT, RFA_DECLARE_INT, RFA_DECLARE_BOOL, RFA_DECLARE_TEXTS, \
		       RFA_DECLARE_JSON, RFA_DECLARE_ONE, RFA_DECLARE_MANY, RFA_DECLARE_NAMED) \
	}; \
	struct rfa_##record##_list { \
		const struct rfa_##record *at; \
		size_t n; \
	}; \
	extern const struct rfa_shape rfa_shape_##record

/* In the .c file, which defines RFA_THIS as the struct before. */
#define RFA_FIELD_IS(name, kind, of, absent, what) \
	{ #name, RFA_FIELD_##kind, offsetof(RFA_THIS, name), of, absent, what },
#define RFA_FIELD_OF_TEXT(name, what) RFA_FIELD_IS(name, TEXT, NULL, 0, what)
#define RFA_FIELD_OF_INT(name, absent, what) RFA_FIELD_IS(name, INT, NULL, absent, what)
#define RFA_FIELD_OF_BOOL(name, what) RFA_FIELD_IS(name, BOOL, NULL, 0, what)
#define RFA_FIELD_OF_TEXTS(name, what) RFA_FIELD_IS(name, TEXTS, NULL, 0, what)
#define RFA_FIELD_OF_JSON(name, what) RFA_FIELD_IS(name, JSON, NULL, 0, what)
#define RFA_FIELD_OF_ONE(type, name, what) RFA_FIELD_IS(name, ONE, &rfa_shape_##type, 0, what)
#define RFA_FIELD_OF_MANY(type, name, what) RFA_FIELD_IS(name, MANY, &rfa_shape_##type, 0, what)
#define RFA_FIELD_OF_NAMED(type, name, what) RFA_FIELD_IS(name, NAMED, &rfa_shape_##type, 0, what)

/* Defines rfa_shape_NAME. */
#define RFA_SHAPE(record, FIELDS, about) \
	static const struct rfa_field record##_fields[] = { \
		FIELDS(RFA_FIELD_OF_TEXT, RFA_FIELD_OF_INT, RFA_FIELD_OF_BOOL, RFA_FIELD_OF_TEXTS, \
		       RFA_FIELD_OF_JSON, RFA_FIELD_OF_ONE, RFA_FIELD_OF_MANY, RFA_FIELD_OF_NAMED) \
	}; \
	const struct rfa_shape rfa_shape_##record = { \
		#record, about, sizeof(struct rfa_##record), record##_fields, \
		sizeof(record##_fields) / sizeof(record##_fields[0]) \
	}
/* clang-format on */

/*
 * A new record in which everything is absent; it lives as long as the pool. Never NULL: see
 * fsm/base/pool.h. RFA_NEW(pool, image) is a struct rfa_image *; RFA_ADD(pool, image, &list) is one
 * more at the end of a struct rfa_image_list, and may move the others.
 */
void *rfa_record_new(struct rfa_pool *pool, const struct rfa_shape *shape);
void *rfa_record_add(struct rfa_pool *pool, const struct rfa_shape *shape, void *list);
#define RFA_NEW(pool, record) ((struct rfa_##record *)rfa_record_new(pool, &rfa_shape_##record))
#define RFA_ADD(pool, record, list) \
	((struct rfa_##record *)rfa_record_add(pool, &rfa_shape_##record, list))
/* Makes everything absent in a struct of your own. */
void rfa_record_clear(const struct rfa_shape *shape, void *record);

/*
 * Reads a record into the struct at `out`, which is cleared first. Keys that the shape does not
 * have are left alone. Everything in it lives as long as the pool. Errors: CORRUPT, naming the
 * field, when a value has another type than its field; NOMEM.
 */
int rfa_record_read(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		    void *out, struct rfa_error *err) RFA_MUST_USE;
/* The same, but only what is there is set; `out` keeps the rest. */
int rfa_record_merge(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		     void *out, struct rfa_error *err) RFA_MUST_USE;

/* Sets the fields that are not absent in a JSON object. Errors: NOMEM. */
int rfa_record_put(const struct rfa_shape *shape, const void *record, json_t *into,
		   struct rfa_error *err) RFA_MUST_USE;
/* *out (new): an object with them. Errors: NOMEM. */
int rfa_record_write(const struct rfa_shape *shape, const void *record, json_t **out,
		     struct rfa_error *err) RFA_MUST_USE;

/* The same of an array: `list` is a struct rfa_NAME_list, to which its records are added. */
int rfa_records_read(const struct rfa_shape *shape, const json_t *json, struct rfa_pool *pool,
		     void *list, struct rfa_error *err) RFA_MUST_USE;

/*
 * As JSON that lives as long as the pool: a record, a list of records, a list of texts. Errors:
 * NOMEM, also of any call to the pool before, so that nothing is ever said in part.
 */
int rfa_record_keep(const struct rfa_shape *shape, const void *record, struct rfa_pool *pool,
		    json_t **out, struct rfa_error *err) RFA_MUST_USE;
int rfa_records_keep(const struct rfa_shape *shape, const void *list, struct rfa_pool *pool,
		     json_t **out, struct rfa_error *err) RFA_MUST_USE;
int rfa_texts_keep(const struct rfa_texts *texts, struct rfa_pool *pool, json_t **out,
		   struct rfa_error *err) RFA_MUST_USE;

/* 1 if the list has this text. */
int rfa_texts_have(const struct rfa_texts *texts, const char *text);
/* Adds one at the end; the pool keeps a copy. */
void rfa_texts_add(struct rfa_pool *pool, struct rfa_texts *texts, const char *text);

#ifdef __cplusplus
}
#endif
#endif

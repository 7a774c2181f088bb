/* Memory that is freed at once. */
#include "fsm/base/pool.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rfa_pool_block {
	struct rfa_pool_block *next;
	json_t *value; /* owned; NULL: the block is plain memory */
	union {
		long double align;
		char bytes[1];
	} at;
};

static struct rfa_pool_block *new_block(struct rfa_pool *pool, size_t size)
{
	struct rfa_pool_block *block =
	    size < SIZE_MAX / 2 ? calloc(1, sizeof(*block) + size) : NULL;

	if (!block) {
		pool->failed = 1;
		return NULL;
	}
	block->next = pool->blocks;
	pool->blocks = block;
	return block;
}

void *rfa_pool_new(struct rfa_pool *pool, size_t size)
{
	struct rfa_pool_block *block = new_block(pool, size);

	if (block)
		return block->at.bytes;
	memset(&pool->spare, 0, sizeof(pool->spare));
	return pool->spare.bytes;
}

const char *rfa_pool_text(struct rfa_pool *pool, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	struct rfa_pool_block *block = len ? new_block(pool, len + 1) : NULL;

	if (!block)
		return "";
	memcpy(block->at.bytes, text, len);
	return block->at.bytes;
}

const char *rfa_pool_printf(struct rfa_pool *pool, const char *fmt, ...)
{
	struct rfa_pool_block *block;
	va_list args, again;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	block = len >= 0 ? new_block(pool, (size_t)len + 1) : NULL;
	if (block)
		vsnprintf(block->at.bytes, (size_t)len + 1, fmt, again);
	va_end(again);
	return block ? block->at.bytes : "";
}

json_t *rfa_pool_json_new(struct rfa_pool *pool, json_t *value)
{
	struct rfa_pool_block *block;

	if (!value) {
		pool->failed = 1;
		return NULL;
	}
	block = new_block(pool, 0);
	if (!block) {
		json_decref(value);
		return NULL;
	}
	block->value = value;
	return value;
}

json_t *rfa_pool_json(struct rfa_pool *pool, json_t *value)
{
	return value ? rfa_pool_json_new(pool, json_incref(value)) : NULL;
}

/* What every list begins with; see rfa_pool_add(). */
struct any_list {
	void *at;
	size_t n;
};

/* A list has room for a power of two of records. */
static int is_full(size_t n)
{
	return (n & (n - 1)) == 0;
}

void *rfa_pool_add(struct rfa_pool *pool, void *list, size_t size)
{
	struct any_list any;
	char *at;

	/* What a list says that is in the spare bytes itself may be another one's by now. */
	if (pool->failed) {
		memset(&pool->spare, 0, sizeof(pool->spare));
		return pool->spare.bytes;
	}
	memcpy(&any, list, sizeof(any));
	if (is_full(any.n)) {
		size_t room = any.n ? 2 * any.n : 1;
		struct rfa_pool_block *block =
		    room < SIZE_MAX / 4 / size ? new_block(pool, room * size) : NULL;

		if (!block) {
			pool->failed = 1;
			memset(&pool->spare, 0, sizeof(pool->spare));
			return pool->spare.bytes;
		}
		if (any.n)
			memcpy(block->at.bytes, any.at, any.n * size);
		any.at = block->at.bytes;
	}
	at = (char *)any.at + any.n * size;
	any.n++;
	memcpy(list, &any, sizeof(any));
	return at;
}

int rfa_pool_check(const struct rfa_pool *pool, struct rfa_error *err)
{
	return pool->failed ? rfa_fail_nomem(err) : 0;
}

void rfa_pool_release(struct rfa_pool *pool)
{
	while (pool->blocks) {
		struct rfa_pool_block *block = pool->blocks;

		pool->blocks = block->next;
		json_decref(block->value);
		free(block);
	}
	pool->failed = 0;
}

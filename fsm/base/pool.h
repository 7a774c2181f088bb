/*
 * Memory that is freed at once: what a step builds lives until the step ends. Ask as often as you
 * like, check once: after a failure every call still answers something that may be read and
 * written, and rfa_pool_check() tells that memory ran out.
 */
#ifndef RFA_FSM_BASE_POOL_H
#define RFA_FSM_BASE_POOL_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The largest record that rfa_pool_new() and rfa_pool_add() are asked for. */
enum { RFA_POOL_RECORD_MAX = 1024 };

struct rfa_pool_block;

struct rfa_pool {
	struct rfa_pool_block *blocks; /* owned */
	int failed;
	/* Answered when memory ran out. */
	union {
		long double align;
		char bytes[RFA_POOL_RECORD_MAX];
	} spare;
};

#define RFA_POOL_INIT     \
	{                 \
		NULL, 0,  \
		{         \
			0 \
		}         \
	}

/* `size` zero bytes, at most RFA_POOL_RECORD_MAX; never NULL. */
void *rfa_pool_new(struct rfa_pool *pool, size_t size);
/* A copy; "" for NULL, and when memory ran out. */
const char *rfa_pool_text(struct rfa_pool *pool, const char *text);
const char *rfa_pool_printf(struct rfa_pool *pool, const char *fmt, ...) RFA_PRINTF(2, 3);
/* Keeps a value until the pool is released: takes a reference of its own. Answers the value. */
json_t *rfa_pool_json(struct rfa_pool *pool, json_t *value);
/* The same, but takes the caller's reference; NULL is memory that ran out. */
json_t *rfa_pool_json_new(struct rfa_pool *pool, json_t *value);
/*
 * One more record at the end of a list, which is a struct of a pointer to the first record and a
 * size_t with their number. The new one is all zero. Never NULL. Earlier records may move.
 */
void *rfa_pool_add(struct rfa_pool *pool, void *list, size_t size);

/* Errors: NOMEM if any call before failed. */
int rfa_pool_check(const struct rfa_pool *pool, struct rfa_error *err);
/* Frees everything; the pool may be used again. */
void rfa_pool_release(struct rfa_pool *pool);

/* Walks a list, which is one that was checked: `it` points at each record in turn. */
#define RFA_EACH(it, list) \
	for (size_t it##_i = 0; it##_i < (list).n && ((it) = &(list).at[it##_i], 1); it##_i++)

#ifdef __cplusplus
}
#endif
#endif

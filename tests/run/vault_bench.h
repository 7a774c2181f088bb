/* What the tests of backups and of what is removed share. */
#ifndef RFA_TESTS_RUN_VAULT_BENCH_H
#define RFA_TESTS_RUN_VAULT_BENCH_H

#include "tests/run/data_bench.h"

#define ID "20261122-100100-prod-data"

/* Steals the plan. */
static inline int run(struct bench *b, json_t *plan)
{
	int rc;

	watcher_clear(&b->x);
	rc = rfa_run_begin(&b->w.options, plan, &b->result, &b->err);
	json_decref(plan);
	return rc;
}

/* Of its own, so that it may be changed. Steals the plan. */
static inline json_t *own(json_t *plan)
{
	json_t *copy = json_deep_copy(plan);

	json_decref(plan);
	return copy;
}

static inline json_t *with(json_t *plan, const char *option, json_t *value)
{
	json_object_set_new(json_object_get(plan, "options"), option, value);
	return plan;
}

static inline void backup(struct bench *b, const char *env, const char *id)
{
	if (run(b, world_backup_plan(&b->w, env, id)))
		fail_msg("backup %s: %s (%s)", id, b->err.msg, b->err.where);
}

/* Ids of what the vault on prod holds, "a b c ". */
static inline void vault_of(struct bench *b, struct rfa_buf *out)
{
	struct rfa_error err;
	json_t *list = NULL;
	json_t *one;
	size_t i;

	assert_int_equal(b->w.target->vault->list(b->w.target, WORLD_VAULT, &list, &err), 0);
	json_array_foreach (list, i, one) {
		rfa_buf_printf(out, "%s%s ", rfa_facts_str(one, "backup", ""),
			       json_is_object(json_object_get(one, "manifest")) ? "" : "(half)");
	}
	json_decref(list);
}

static inline void assert_vault(struct bench *b, const char *want)
{
	struct rfa_buf text = RFA_BUF_INIT(8192);

	vault_of(b, &text);
	assert_string_equal(rfa_buf_str(&text), want);
	rfa_buf_release(&text);
}

#endif
